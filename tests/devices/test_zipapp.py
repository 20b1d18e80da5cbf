"""The agent as one file: the same bytes each time, and all that it needs is in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import wakegen
from tests.devices.talking import Host
from tests.heads import bursts, detector_files
from tests.native import needs_c
from wakegen.cli.guard import run
from wakegen.devices import agent_bootstrap, agent_main, zipapp
from wakegen.devices import messages as m
from wakegen.devices.agent_slots import packed
from wakegen.devices.transports.child import ChildLine
from wakegen.runtime import Detector

SITE = Path(np.__file__).parents[1]


@pytest.fixture(scope="module")
def pyz(tmp_path_factory) -> Path:
    return zipapp.write(tmp_path_factory.mktemp("pyz"))


@pytest.fixture
def alone(tmp_path) -> dict[str, str]:
    """An environment in which Python finds numpy, and nothing else."""
    (tmp_path / "site").mkdir()
    for name in ("numpy", "numpy.libs"):
        if (SITE / name).exists():
            (tmp_path / "site" / name).symlink_to(SITE / name)
    return {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "site")}


def python() -> list[str]:
    """Give an interpreter that does not look into this environment's packages."""
    return [str(Path(sys.executable).resolve()), "-S"]


def ended(pyz: Path, env: dict[str, str], *arguments: str) -> tuple[int, str]:
    done = subprocess.run([*python(), str(pyz), *arguments], capture_output=True, text=True, input="", env=env)
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_the_same_wakegen_gives_the_same_bytes(pyz):
    assert zipapp.build() == (pyz.name, pyz.read_bytes())


def test_the_command_writes_it(pyz, tmp_path, capsys):
    assert run(["device-agent", "--write", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{tmp_path / pyz.name}\n"
    assert (tmp_path / pyz.name).read_bytes() == pyz.read_bytes()


def test_only_what_the_agent_needs_is_in_it(pyz):
    with zipfile.ZipFile(pyz) as archive:
        names = archive.namelist()
    assert {"__main__.py", "wakegen/devices/agent_main.py", "wakegen/runtime/plain_head.py"} <= set(names)
    assert not [
        name for name in names if name.split("/")[1:2] in (["cli"], ["engines"], ["train"], ["export"], ["bench"])
    ]
    assert len(names) < 120


@needs_c
def test_with_numpy_alone_it_scores_as_the_detector_does(pyz, alone, tmp_path):
    model, sound = detector_files(tmp_path), bursts(4.0)
    for _ in range(2):
        line = ChildLine([*python(), str(pyz), "--allow-root"], title="It", env=alone)
        host = Host(line)
        info = host.facts(m.AskInfo())
        assert (info["runtime"], info["version"]) == ("c", wakegen.__version__)
        host.load(packed(model.read_bytes(), model.with_suffix(".json").read_bytes()))
        found = host.hear(sound)[0]["models"]["value"][:, 0].copy().view("<f4")
        assert np.allclose(found, Detector(model, runtime="c").raw_scores(sound), atol=1e-6)
        line.close()
    assert [path.name for path in (tmp_path / ".cache/wakegen").iterdir()] == [pyz.stem]


def test_what_is_missing_there_is_said(pyz, alone, tmp_path):
    assert ended(pyz, {**alone, "PYTHONPATH": ""}, "--allow-root")[0] == agent_main.Exit.NO_NUMPY
    if os.geteuid() == 0:
        code, said = ended(pyz, alone)
        assert code == agent_main.Exit.ROOT
        assert "does not run as root" in said
    damaged = tmp_path / pyz.name
    damaged.write_bytes(pyz.read_bytes().replace(b"#!/usr", b"#!/bin", 1))
    assert ended(damaged, alone, "--allow-root")[0] == agent_main.Exit.DAMAGED
    with zipfile.ZipFile(pyz) as archive:
        archive.extractall(tmp_path / ".cache/wakegen" / pyz.stem)
    for name in ("native", "firmware_harness"):
        (tmp_path / ".cache/wakegen" / pyz.stem / name).rename(tmp_path / name)
    code, said = ended(pyz, alone, "--allow-root")
    assert code == agent_main.Exit.NO_RUNTIME
    assert "Neither onnxruntime nor the C engine is here" in said


def test_it_is_built_there_where_there_is_only_a_compiler(pyz, alone, tmp_path):
    home = tmp_path / ".cache/wakegen" / pyz.stem
    with zipfile.ZipFile(pyz) as archive:
        archive.extractall(home)
    (home / "native").rename(tmp_path / "native")
    (tmp_path / "bin").mkdir()
    compiler = tmp_path / "bin" / "cc"
    compiler.write_text(
        "#!/bin/sh\nwhile [ $# -gt 0 ]; do [ $1 = -o ] && out=$2; shift; done\necho cc said >&2; : > $out\n"
    )
    compiler.chmod(0o755)
    code, said = ended(pyz, {**alone, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}, "--allow-root")
    assert "building the C engine, once" in said
    assert "cc said" in said
    assert (home / "wakegen/_native/libwakegen.so").exists()
    assert code == agent_main.Exit.NO_RUNTIME, "what that compiler made does not load"


def test_the_exit_codes_are_one_table():
    for name in ("ROOT", "NO_NUMPY", "OLD_PYTHON", "DAMAGED", "NO_ROOM"):
        assert getattr(agent_bootstrap, name) == agent_main.Exit[name]
