"""Clips that are kept: spoken once for all projects, never different for it, and never in the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.disk import mounted
from tests.small import content, settings
from wakegen.core.events import Notice, ignore
from wakegen.dataset import clip_cache, speak
from wakegen.dataset.clip_cache import GenerationCache, is_whole, key_of, sources_of, tended
from wakegen.dataset.speak import engine_of, speak_task
from wakegen.dataset.store import Clip, audio_path
from wakegen.engines import table
from wakegen.engines.base import SpeechRequest
from wakegen.engines.fake import Fake
from wakegen.pipeline import generate
from wakegen.pipeline.project import opened

KEY = "ab" * 32


@pytest.fixture
def kept(tmp_path, monkeypatch) -> GenerationCache:
    monkeypatch.setenv("WAKEGEN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("WAKEGEN_VOICES", str(tmp_path / "voices"))
    return GenerationCache()


def fresh() -> None:
    """As in a new process."""
    engine_of.cache_clear()
    speak._sources.cache_clear()


def make(monkeypatch, **changes: object) -> None:
    """Change the row of the tests' engine."""
    rows = tuple(replace(row, **changes) if row.name == "fake" else row for row in table.ENGINES)
    monkeypatch.setattr(table, "ENGINES", rows)


@pytest.fixture
def spoken(kept, monkeypatch):
    """The tests' engine counts as slow; what it is asked to speak is listed."""
    make(monkeypatch, cpu_per_s=0.05)
    asked: list[SpeechRequest] = []
    synthesize = Fake.synthesize

    def counted(self, request):
        asked.append(request)
        return synthesize(self, request)

    monkeypatch.setattr(Fake, "synthesize", counted)
    fresh()
    yield asked
    fresh()


def rows(*voices: str, text: str = "hey katya", engine: str = "fake") -> tuple[Clip, ...]:
    return tuple(
        Clip(i, "speech", "positive", "phrase", text, text, "train", engine=engine, parameters={"text": text, "voice": v})
        for i, v in enumerate(voices, start=1)
    )  # fmt: skip


def speak_into(folder: Path, clips: tuple[Clip, ...] = rows("ann", "cem")):
    results = speak_task((str(folder), 0, clips))
    assert [result.state for result in results] == ["done"] * len(clips), results
    return [(result, audio_path(folder, result.sha256).read_bytes()) for result in results]


def samples(seed: int = 1, count: int = 16_000) -> np.ndarray:
    return np.random.default_rng(seed).integers(-9000, 9000, count, np.int16)


# -- one project after the other ----------------------------------------------------------------------------


def test_a_clip_spoken_for_one_project_is_not_spoken_for_another(spoken, tmp_path):
    first = speak_into(tmp_path / "a")
    assert len(spoken) == 2
    fresh()
    assert speak_into(tmp_path / "b") == first
    assert len(spoken) == 2
    speak_into(tmp_path / "b", rows("ann", "dov"))
    assert [request.voice for request in spoken] == ["ann", "cem", "dov"]


def test_kept_or_not_a_project_gets_the_same_bytes(spoken, tmp_path, monkeypatch):
    made, again = speak_into(tmp_path / "made"), speak_into(tmp_path / "again")
    make(monkeypatch, cpu_per_s=0.001)
    alone = speak_into(tmp_path / "alone")
    assert len(spoken) == 4, "the third time nothing was looked up"
    assert made == again == alone


def test_whole_projects_are_the_same_and_the_second_speaks_nothing(spoken, kept, tmp_path):
    def made(name: str) -> list:
        with opened(settings(tmp_path / name), on_event=ignore) as project:
            generate.run(project)
        return content(tmp_path / name)["rows"]

    first, asked = made("a"), len(spoken)
    assert asked > 40
    litter = kept.folder / ".tmp-abcdefgh"
    litter.touch()
    os.utime(litter, (0, 0))
    assert made("b") == first
    assert len(spoken) == asked
    assert not litter.exists(), "the folder is tended at the end"


@pytest.mark.parametrize("changes", [{"cpu_per_s": 0.009}, {"cpu_per_s": 0.05, "repeatable": False}])
def test_clips_of_fast_engines_and_of_those_that_do_not_repeat_themselves_are_not_kept(
    spoken, kept, tmp_path, monkeypatch, changes
):
    make(monkeypatch, **changes)
    speak_into(tmp_path / "a")
    assert list(kept.entries()) == []


def test_what_cannot_be_spoken_is_not_kept(spoken, kept, tmp_path):
    states = [result.state for result in speak_task((str(tmp_path / "a"), 0, rows("mute", "fails")))]
    assert states == ["failed", "failed"]
    assert list(kept.entries()) == []


@pytest.mark.parametrize(("engine", "voice"), [("flite", "slt"), ("festival", "kal_diphone"), ("rhvoice", "slt")])
def test_a_real_engine_is_not_asked_twice(kept, tmp_path, monkeypatch, engine, voice):
    if not table.status(engine).available:
        pytest.skip(table.status(engine).reason)
    with table.load(engine) as loaded:
        names = [one.name for one in loaded.voices()]
    if voice not in names:
        pytest.skip(f"{engine} has no voice {voice} here")
    fresh()
    first = speak_into(tmp_path / "a", rows(voice, engine=engine))
    asked = type(engine_of(engine))
    monkeypatch.setattr(asked, "synthesize", lambda *_: pytest.fail("it was asked again"))
    assert speak_into(tmp_path / "b", rows(voice, engine=engine)) == first
    engine_of(engine).__exit__()
    fresh()


# -- what a clip depends on ---------------------------------------------------------------------------------

OTHER = {
    "text": "hey karla", "voice": "bea", "ipa": True, "rate": 1.1, "pitch_semitones": 1.0, "pitch_range": 0.5, "volume": 1.2,
    "emphasis": 1, "pause_s": 0.1, "seed": 1,
}  # fmt: skip


@pytest.mark.parametrize("name", [field.name for field in fields(SpeechRequest)])
def test_every_field_of_a_request_counts(name):
    request = SpeechRequest("hey katya", "ann")
    assert key_of("x", request) == key_of("x", SpeechRequest("hey katya", "ann"))
    assert key_of("x", replace(request, **{name: OTHER[name]})) != key_of("x", request)
    assert key_of("y", request) != key_of("x", request)


def sources(voice: str = "ann") -> str:
    return sources_of("fake", Fake(), voice)


def test_engine_version_libraries_code_and_machine_count(kept, monkeypatch):
    before, surroundings = sources(), clip_cache._surroundings()
    assert sources() == before
    monkeypatch.setattr(Fake, "version", "2")
    assert sources() != before
    monkeypatch.setattr(Fake, "version", "1")
    for at in range(len(surroundings)):
        other = [*surroundings[:at], "other", *surroundings[at + 1 :]]
        monkeypatch.setattr(clip_cache, "_surroundings", lambda other=other: other)
        assert sources() != before


def test_the_code_that_counts_is_what_makes_the_samples():
    home = Path(clip_cache.__file__).parents[1]
    counted = {path.relative_to(home).as_posix() for pattern in clip_cache._SOURCES for path in home.glob(pattern)}
    assert {"audio/dsp.py", "core/seeds.py", "dataset/speak.py", "engines/fake.py", "espeak/client.py"} <= counted


@pytest.fixture
def voices(kept, tmp_path, monkeypatch) -> Path:
    """A folder of voice files of the tests' engine: a model for all, one each of ann and bea."""
    make(monkeypatch, pulled=True)
    folder = tmp_path / "voices" / "fake"
    for name in ("model-v1.0.int8.onnx", "ann.onnx", "ann.onnx.json", "styles/bea.bin"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


@pytest.mark.parametrize(
    ("file", "voice", "counts"),
    [
        ("ann.onnx", "ann", True),
        ("ann.onnx.json", "ann", True),
        ("ann.onnx", "ann#third", True),
        ("model-v1.0.int8.onnx", "ann", True),
        ("something.new", "ann", True),
        ("ann.new.onnx", "ann.new", True),
        ("styles/bea.bin", "ann+bea:0.35", True),
        ("ann.onnx", "ann+bea:0.35", True),
        ("styles/bea.bin", "ann", False),
        ("cem.onnx", "ann", False),
        ("ann.onnx.part", "ann", False),
        (".lock", "ann", False),
    ],
)
def test_the_files_of_a_voice_and_those_of_all_voices_count_and_others_do_not(voices, file, voice, counts):
    before = sources(voice)
    (voices / file).write_text("other bytes")
    assert (sources(voice) != before) == counts


def test_a_voice_file_of_the_same_bytes_elsewhere_is_the_same_voice(voices, monkeypatch):
    before = sources()
    monkeypatch.setenv("WAKEGEN_VOICES", str(voices.parent.rename(voices.parents[1] / "moved")))
    assert sources() == before


def test_a_voice_that_is_replaced_is_spoken_anew(spoken, voices, tmp_path):
    speak_into(tmp_path / "a", rows("ann", "bea"))
    fresh()
    (voices / "ann.onnx").write_text("a better voice")
    speak_into(tmp_path / "b", rows("ann", "bea"))
    assert [request.voice for request in spoken] == ["ann", "bea", "ann"]


# -- damage -------------------------------------------------------------------------------------------------


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data[:1000],
        lambda data: data[:-32],
        lambda data: data + b"\0",
        lambda data: bytes(len(data)),
        lambda data: flip(data, 500),
        lambda data: flip(data, -1),
    ],
    ids=["empty", "a byte short", "cut off", "no hash", "a byte more", "zeros", "a bit of sound", "a bit of hash"],
)
def test_a_damaged_clip_is_dropped_and_spoken_again(spoken, kept, tmp_path, damage):
    first = speak_into(tmp_path / "a", rows("ann"))
    (entry,) = kept.entries()
    whole = entry.path.read_bytes()
    entry.path.write_bytes(damage(whole))
    assert not is_whole(entry.path)
    assert speak_into(tmp_path / "b", rows("ann")) == first
    assert len(spoken) == 2
    assert entry.path.read_bytes() == whole


def test_a_clip_under_the_name_of_another_is_not_taken_for_it(kept):
    kept.put("fake", KEY, samples())
    other = kept.path("fake", "cd" * 32)
    other.parent.mkdir(parents=True)
    other.write_bytes(kept.path("fake", KEY).read_bytes())
    assert kept.get("fake", "cd" * 32) is None
    assert not other.exists()


@pytest.mark.parametrize("count", [1, 15, 16_000, 300_000])
def test_a_kept_clip_is_the_same_samples_and_a_file_that_players_open(kept, count):
    kept.put("fake", KEY, samples(count=count))
    assert np.array_equal(kept.get("fake", KEY), samples(count=count))
    assert np.array_equal(soundfile.read(kept.path("fake", KEY), dtype="int16")[0], samples(count=count))


WRITER = """
import os, sys
from tests.dataset.test_clip_cache import samples
from wakegen.dataset.clip_cache import GenerationCache
kept, number = GenerationCache(), 0
print("ready", flush=True)
while True:
    seed = number % int(sys.argv[1])
    kept.put("fake", f"{seed:064x}", samples(seed, 8000))
    number += 1
"""


def writer(many: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(many)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2])
    assert process.stdout.readline() == "ready\n"
    return process


def test_writers_killed_at_any_moment_leave_whole_clips_and_litter_that_goes(kept):
    for attempt in range(6):
        process = writer(10_000)
        time.sleep(0.05 + 0.013 * attempt)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    entries = list(kept.entries())
    assert len(entries) > 20
    assert all(is_whole(entry.path) for entry in entries)
    litter = entries[0].path.with_name(".tmp-abcdefgh")
    litter.write_bytes(b"half a clip")
    kept.prune()
    assert litter.exists(), "somebody may be writing it"
    os.utime(litter, (0, 0))
    kept.prune()
    assert not litter.exists()
    assert len(list(kept.entries())) == len(entries)


def test_two_processes_that_write_the_same_clips_disturb_neither_each_other_nor_a_reader(kept):
    writers = [writer(3), writer(3)]
    until, found = time.monotonic() + 1.5, 0
    while time.monotonic() < until:
        for seed in range(3):
            clip = kept.get("fake", f"{seed:064x}")
            if clip is not None:
                found += 1
                assert np.array_equal(clip, samples(seed, 8000))
    assert [process.poll() for process in writers] == [None, None]
    for process in writers:
        process.kill()
        process.communicate()
    assert found > 100


# -- folders that cannot be written, and a limit ------------------------------------------------------------


def speak_tended(folder: Path, engines: tuple[str, ...] = ("fake",)):
    events: list = []
    with tended(engines, events.append):
        made = speak_into(folder)
    return made, [event.message for event in events if isinstance(event, Notice)]


def test_where_nothing_can_be_kept_a_run_goes_on_and_says_so_once(spoken, kept, tmp_path):
    made, said = speak_tended(tmp_path / "a")
    assert said == []
    kept.folder.rename(tmp_path / "aside")
    kept.folder.write_text("a file where the folder should be")
    again, said = speak_tended(tmp_path / "b")
    assert again == made
    assert len(spoken) == 4
    (notice,) = said
    assert "not kept for other projects" in notice


def test_a_full_disk_stops_nothing(spoken, kept, tmp_path):
    made = speak_into(tmp_path / "a")
    kept.folder.rename(tmp_path / "aside")
    with mounted(kept.folder, size_kb=100) as disk:
        (disk / "big").write_bytes(bytes(100_000))
        fresh()
        again, said = speak_tended(tmp_path / "b")
    assert again == made
    assert ["The disk is full" in notice for notice in said] == [True]


def test_a_disk_that_becomes_full_meanwhile_is_told_afterwards(spoken, kept, tmp_path):
    events: list = []
    with mounted(kept.folder, size_kb=200) as disk:
        with tended(("fake",), events.append):
            assert events == []
            (disk / "big").write_bytes(bytes(190_000))
            speak_into(tmp_path / "a")
        assert not list(disk.rglob(".*"))
    assert ["The disk is full" in event.message for event in events] == [True]


def test_a_folder_that_is_only_to_be_read_still_serves(spoken, kept, tmp_path):
    with mounted(kept.folder, size_kb=500) as disk:
        made = speak_into(tmp_path / "a")
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        again, said = speak_tended(tmp_path / "b")
    assert again == made
    assert len(spoken) == 2
    assert len(said) == 1


def test_a_run_of_fast_engines_and_recordings_does_not_look_at_the_folder(kept):
    with tended(("espeak", speak.RECORDING, ""), ignore):
        pass
    assert not kept.folder.exists()


def test_beyond_the_limit_what_was_not_used_for_the_longest_time_is_dropped(kept):
    keys = [f"{number:064x}" for number in range(4)]
    for age, key in enumerate(keys):
        kept.put("fake", key, samples())
        os.utime(kept.path("fake", key), (1000 * age, 1000 * age))
    size = kept.path("fake", keys[0]).stat().st_size
    kept.prune(4 * size)
    assert len(list(kept.entries())) == 4
    assert kept.get("fake", keys[0]) is not None
    kept.prune(2 * size + 100)
    assert {entry.path.stem for entry in kept.entries()} == {keys[0], keys[3]}


def test_looking_whether_clips_can_be_kept_leaves_nothing(kept):
    assert kept.trouble() == ""
    assert list(kept.folder.iterdir()) == []
