"""Files are whole or absent: under crashes, a full disk and missing permissions."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from wakegen.core.errors import BadInput, StorageError
from wakegen.core.files import confined, sha256_file, storage_error, write_bytes, write_json, write_text
from wakegen.core.names import slug

CRASH = """
import os, signal, sys
from pathlib import Path
from wakegen.core import files
def die(*_): os.kill(os.getpid(), signal.SIGKILL)
setattr(os, sys.argv[2], die)
files.write_bytes(Path(sys.argv[1]), b"new " * 100_000)
"""


@pytest.mark.parametrize("call", ["fsync", "chmod", "replace"])
def test_a_crash_before_the_rename_leaves_the_old_file_whole(tmp_path, call):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    ended = subprocess.run([sys.executable, "-c", CRASH, str(path), call])
    assert ended.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"


def test_a_failed_write_leaves_no_litter(tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StorageError, match="disk is full"):
        write_bytes(tmp_path / "file", b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_said_and_what_was_there_stays(small_disk):
    write_bytes(small_disk / "kept", b"kept")
    with pytest.raises(StorageError, match=r"The disk is full: .*big could not be written") as caught:
        write_bytes(small_disk / "big", b"x" * 2_000_000)
    assert "it goes on" in caught.value.hint
    assert [path.name for path in small_disk.iterdir()] == ["kept"]


def test_a_file_larger_than_the_process_may_write_is_a_storage_error(tmp_path):
    code = (
        "import resource, signal, sys\nfrom pathlib import Path\n"
        "from wakegen.core.errors import StorageError\nfrom wakegen.core.files import write_bytes\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "try: write_bytes(Path(sys.argv[1]), bytes(5000))\n"
        "except StorageError as error: print(error)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "f")], capture_output=True, text=True, check=True
    )
    assert "could not be written: File too large" in ended.stdout
    assert list(tmp_path.iterdir()) == []


def test_no_permission_is_said_with_the_way_out(tmp_path):
    if os.geteuid() == 0:
        # Root may write anywhere: what a read-only place answers is the same error as for others.
        error = storage_error(OSError(errno.EACCES, "Permission denied"), tmp_path / "f")
    else:
        tmp_path.chmod(0o500)
        with pytest.raises(StorageError) as caught:
            write_bytes(tmp_path / "f", b"")
        error = caught.value
    assert f"No permission to write {tmp_path / 'f'}" in str(error)
    assert "--out" in error.hint


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EIO])
def test_every_storage_error_names_the_path_and_what_to_do(number):
    error = storage_error(OSError(number, os.strerror(number)), Path("some/place"))
    assert "some/place" in str(error)
    assert error.hint
    assert error.exit_code == 1


def test_folders_are_made_and_the_mode_lets_others_read(tmp_path):
    write_text(tmp_path / "a" / "b" / "c.txt", "ü\n")
    assert (tmp_path / "a" / "b" / "c.txt").read_text(encoding="utf-8") == "ü\n"
    assert (tmp_path / "a" / "b" / "c.txt").stat().st_mode & 0o777 == 0o644


def test_json_keeps_the_order_of_keys_and_all_scripts(tmp_path):
    write_json(tmp_path / "f.json", {"z": "катя", "a": 1})
    assert (tmp_path / "f.json").read_text(encoding="utf-8") == '{\n  "z": "катя",\n  "a": 1\n}\n'


def test_sha256_is_of_the_bytes(tmp_path):
    (tmp_path / "f").write_bytes(b"abc")
    assert sha256_file(tmp_path / "f").startswith("ba7816bf8f01cfea")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x"])
def test_names_that_lead_out_are_refused(tmp_path, name):
    with pytest.raises(BadInput, match="leads out"):
        confined(tmp_path, name)


def test_names_inside_are_given_back(tmp_path):
    assert confined(tmp_path, "a/b.wav") == (tmp_path / "a" / "b.wav").resolve()


@pytest.mark.parametrize(
    ("phrase", "name"),
    [
        ("Hey Katya!", "hey_katya"),
        ("привет, Катя", "привет_катя"),
        ("../../etc", "etc"),
        ("/", "wake_word"),
        ("", "wake_word"),
    ],
)
def test_a_slug_is_safe_as_a_file_name_in_any_script(phrase, name):
    assert slug(phrase) == name


@pytest.mark.parametrize("number", [errno.EACCES, errno.ENOENT])
def test_what_is_wrong_with_the_cache_is_not_blamed_on_the_project(tmp_path, monkeypatch, number):
    monkeypatch.setenv("WAKEGEN_CACHE", str(tmp_path))
    assert "WAKEGEN_CACHE" in storage_error(OSError(number, "x"), tmp_path / "lexicons" / "en.json").hint
    assert "--out" in storage_error(OSError(number, "x"), tmp_path.parent / "project").hint
