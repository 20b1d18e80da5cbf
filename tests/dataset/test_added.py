"""Files that are added to a project: what they are taken for, which part is used, which are held out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from tests.heads import bursts
from tests.small import settings
from wakegen.core.errors import BadInput
from wakegen.dataset.recordings import ADDED, known_files, plan_added, read_added
from wakegen.dataset.store import FAILED

RATE = 16_000


def phrase(folder, name: str = "a.wav", *, seconds: float = 1.0, seed: int = 1):
    """Write a second of sound between two of near silence."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    sound = np.pad(bursts(seconds, seed=seed).astype(np.float32) / 32768, RATE)
    soundfile.write(path, sound, RATE)
    return path


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("a.wav", "positive"),
        ("anna/a.wav", "positive"),
        ("negative/a.wav", "negative"),
        ("anna/Negatives/tv/a.wav", "negative"),
        ("negative.wav", "positive"),
        ("not negative/a.wav", "positive"),
    ],
)
def test_what_lies_below_a_folder_named_negative_is_not_the_phrase(tmp_path, name, label):
    folder = tmp_path / "clips"
    assert read_added(phrase(folder, name), folder).label == label


def test_the_folder_that_is_given_may_itself_be_named_so_and_those_above_it_do_not_count(tmp_path):
    folder = tmp_path / "negative"
    assert read_added(phrase(folder), folder).label == "negative"
    assert read_added(phrase(folder / "mine"), folder / "mine").label == "positive"


def test_the_phrase_is_what_is_loud_and_a_margin(tmp_path):
    file = read_added(phrase(tmp_path, seconds=1.0), tmp_path)
    ((start, samples),) = file.pieces
    assert RATE - 900 <= start <= RATE
    assert RATE - 200 <= samples <= RATE + 1_800


@pytest.mark.parametrize("seconds", [0.02, 6.0])
def test_what_cannot_be_the_phrase_alone_is_refused(tmp_path, seconds):
    with pytest.raises(BadInput, match="not the phrase alone"):
        read_added(phrase(tmp_path, seconds=seconds), tmp_path)


def test_other_speech_is_cut_into_pieces_and_short_words_are_kept(tmp_path):
    long = read_added(phrase(tmp_path / "negative", "long.wav", seconds=15.2), tmp_path)
    assert long.pieces == ((0, 128_000), (128_000, 128_000), (256_000, 19_200))
    word = tmp_path / "negative" / "word.wav"
    soundfile.write(word, bursts(0.3, seed=1), RATE)
    assert read_added(word, tmp_path).pieces == ((0, 4_800),)


@pytest.mark.parametrize("name", ["a.wav", "negative/a.wav"])
def test_silence_is_refused(tmp_path, name):
    (tmp_path / "negative").mkdir()
    soundfile.write(tmp_path / name, np.zeros(RATE), RATE)
    with pytest.raises(BadInput):
        read_added(tmp_path / name, tmp_path)


def rows_of(tmp_path, count: int, **more):
    """Give the rows of so many recordings of the phrase."""
    files = [read_added(phrase(tmp_path, f"{i}.wav", seed=i), tmp_path) for i in range(count)]
    return list(plan_added(settings(tmp_path, **more), files, first_id=50))


@pytest.mark.parametrize(("count", "held_out"), [(1, 0), (4, 0), (5, 1), (9, 1), (10, 2)])
def test_one_file_of_five_is_held_out_and_none_of_fewer(tmp_path, count, held_out):
    rows = rows_of(tmp_path, count)
    assert [row.id for row in rows] == list(range(50, 50 + count))
    assert [row.split for row in rows].count("val") == held_out
    assert {row.split for row in rows} <= {"train", "val"}


def test_which_files_are_held_out_depends_on_what_they_hold_and_not_on_their_names(tmp_path):
    chosen = {row.parameters["file_sha256"] for row in rows_of(tmp_path / "a", 10) if row.split == "val"}
    for path in sorted((tmp_path / "a").glob("*.wav")):
        path.rename(path.with_name(f"{9 - int(path.stem)}-again.wav"))
    files = [read_added(path, tmp_path / "a") for path in sorted((tmp_path / "a").iterdir())]
    again = plan_added(settings(tmp_path), files, first_id=1)
    assert {row.parameters["file_sha256"] for row in again if row.split == "val"} == chosen


def test_rows_say_what_they_are(tmp_path):
    files = [read_added(phrase(tmp_path, name), tmp_path) for name in ("a.wav", "negative/b.wav")]
    yes, no = plan_added(settings(tmp_path), files, first_id=1)
    assert (yes.label, yes.kind, yes.engine, yes.source) == ("positive", "phrase", "recording", "a.wav")
    assert (no.label, no.kind, no.engine, no.source) == ("negative", ADDED, "recording", "b.wav")


def test_a_file_is_known_by_its_samples_unless_it_could_not_be_read(tmp_path):
    (row,) = rows_of(tmp_path, 1)
    copy = tmp_path / "other name.flac"
    soundfile.write(copy, soundfile.read(tmp_path / "0.wav", dtype="int16")[0], RATE)
    sha256 = read_added(copy, tmp_path).sha256
    assert sha256 in known_files([row])
    assert sha256 not in known_files([replace(row, state=FAILED)])
