"""Firmware is built with ESP-IDF, of which a stand-in notes what it is asked, or for a bare chip with the real compiler."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.firmware.images import app, image
from wakegen.core.errors import BadInput, NotInstalled, WakegenError
from wakegen.core.events import Progress
from wakegen.firmware import build as building
from wakegen.firmware import sources
from wakegen.firmware.image import read

# What idf.py does as far as we are concerned: asked for its version, to set a target, to build.
IDF = """\
import json, os, pathlib, sys
if sys.argv[1:] == ["--version"]:
    print("ESP-IDF " + os.environ.get("FAKE_VERSION", "v5.3.1-dirty"))
    sys.exit()
with open(os.environ["FAKE_LOG"], "a") as log:
    print(json.dumps(sys.argv[1:] + [os.environ.get("IDF_TARGET")]), file=log)
at = {name: sys.argv[sys.argv.index(name) + 1] for name in ("-C", "-B", "-D")}
made = pathlib.Path(at["-B"])
made.mkdir(parents=True, exist_ok=True)
assert (pathlib.Path(at["-C"], "../../../pyproject.toml")).resolve().read_text().startswith("version = ")
if "set-target" in sys.argv:
    (made / "sdkconfig").write_text('CONFIG_IDF_TARGET="%s"\\n' % sys.argv[-1])
elif os.environ.get("FAKE_ERROR"):
    print("[3/9] Building")
    print("main.c:7:1: error: unknown type name 'wg_devise'")
    print("ninja: build stopped: subcommand failed.")
    sys.exit(2)
else:
    for name, data in json.loads(os.environ["FAKE_FILES"]).items():
        (made / name).write_bytes(bytes.fromhex(data))
    print("[1/4] Building a\\n[4/4] Linking")
"""


@pytest.fixture
def idf(tmp_path, monkeypatch):
    """An ESP-IDF on the PATH; gives what it was asked."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "idf.py"
    program.write_text(f"#!{sys.executable}\n{IDF}")
    program.chmod(0o755)
    said = {"flash_files": {"0x0": "boot.bin", "0x10000": "wakegen.bin"}, "extra_esptool_args": {"chip": "esp32s3"}}
    files = {"boot.bin": image(9), "wakegen.bin": app(9), "flasher_args.json": json.dumps(said).encode()}
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("FAKE_LOG", str(tmp_path / "asked"))
    monkeypatch.setenv("FAKE_FILES", json.dumps({name: data.hex() for name, data in files.items()}))
    monkeypatch.setenv("IDF_TARGET", "esp32c6")  # of the user's shell; the command line decides
    return lambda: [json.loads(line) for line in (tmp_path / "asked").read_text().splitlines()]


@pytest.fixture
def no_idf(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("IDF_PATH", raising=False)


def test_esp_idf_is_asked_for_the_chip_once_and_to_build_each_time(idf, tmp_path):
    events = []
    result = building.build("esp32s3", out=tmp_path / "out", on_event=events.append)
    building.build("esp32s3", out=tmp_path / "out")
    first, second, third = idf()
    assert first[-3:] == ["set-target", "esp32s3", None]
    assert second[-2:] == third[-2:] == ["build", None]
    assert Path(second[1]) == tmp_path / "out" / "source" / "firmware_harness" / "ports" / "espidf"
    assert result.tools == "ESP-IDF v5.3.1-dirty"
    assert result.parts == ("boot.bin at 0x0", "wakegen.bin at 0x10000")
    assert sum(event.done for event in events if isinstance(event, Progress)) == 4
    assert f"wakegen firmware flash {result.folder}" in result.to_text()


def test_the_sources_are_copied_and_keep_their_times(tmp_path):
    copied = sources.copy_to(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in copied.rglob("*.[ch]")}
    assert copied / "core" / "wg_device.c" in before
    sources.copy_to(tmp_path)
    assert before == {path: path.stat().st_mtime_ns for path in copied.rglob("*.[ch]")}


def test_a_build_that_fails_says_the_first_error_and_where_all_are(idf, tmp_path, monkeypatch):
    monkeypatch.setenv("FAKE_ERROR", "1")
    with pytest.raises(WakegenError) as caught:
        building.build("esp32s3", out=tmp_path / "out")
    assert "idf.py failed: main.c:7:1: error: unknown type name 'wg_devise'" in str(caught.value)
    assert str(tmp_path / "out" / "build.log") in caught.value.hint
    assert "subcommand failed" in (tmp_path / "out" / "build.log").read_text()


def test_an_esp_idf_that_is_too_old_is_refused(idf, tmp_path, monkeypatch):
    monkeypatch.setenv("FAKE_VERSION", "v5.2.3")
    with pytest.raises(NotInstalled, match=r"ESP-IDF v5\.2\.3 is too old"):
        building.build("esp32s3", out=tmp_path / "out")


@pytest.mark.usefixtures("no_idf")
def test_without_esp_idf_the_error_says_what_to_do(tmp_path, monkeypatch):
    with pytest.raises(NotInstalled) as caught:
        building.build("esp32s3", out=tmp_path / "out")
    assert "ESP-IDF 5.3 or newer" in str(caught.value)
    assert "--bare" in caught.value.hint
    (tmp_path / "export.sh").touch()
    monkeypatch.setenv("IDF_PATH", str(tmp_path))
    with pytest.raises(NotInstalled) as caught:
        building.build("esp32s3", out=tmp_path / "out")
    assert caught.value.hint == f". {tmp_path}/export.sh"


@pytest.mark.usefixtures("no_idf")
def test_without_the_compiler_the_error_says_what_to_install(tmp_path):
    with pytest.raises(NotInstalled) as caught:
        building.build("esp32c3", bare=True, out=tmp_path / "out")
    assert caught.value.hint == "apt install gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf"


def test_there_is_bare_firmware_for_one_chip_only(tmp_path):
    with pytest.raises(BadInput, match="no bare firmware for ESP32-S3"):
        building.build("esp32s3", bare=True, out=tmp_path)


def test_the_bare_firmware_is_an_image_for_its_chip(bare):
    found = read(bare.folder / "wakegen-esp32c3.bin")
    assert (found.chip.name, found.hashed, found.app, found.at) == ("esp32c3", True, None, 0)
    assert found.entry == 0x40380000
    assert found.ends < 40_000  # SRAM is for the model


def test_the_bare_firmware_is_the_same_bytes_each_time_and_the_command_one_document(bare, tmp_path, cli):
    done = cli("firmware", "build", "--chip", "ESP32-C3", "--bare", "--out", tmp_path, "--json", "--quiet")
    assert done.code == 0, done.err
    assert json.loads(done.out)["parts"] == ["wakegen-esp32c3.bin at 0x0"]
    name = "wakegen-esp32c3.bin"
    assert (tmp_path / name).read_bytes() == (bare.folder / name).read_bytes()


@pytest.mark.skipif(shutil.which(building.COMPILER) is None, reason=f"needs {building.COMPILER}")
def test_a_compiler_without_its_c_library_is_told_from_an_error_in_the_code(tmp_path, monkeypatch):
    monkeypatch.setattr(building, "_FLAGS", ("--specs=picolibc.specs.that.is.not.there",))
    with pytest.raises(NotInstalled, match="picolibc"):
        building.build("esp32c3", bare=True, out=tmp_path)
