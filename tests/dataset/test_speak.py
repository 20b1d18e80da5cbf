"""From what an engine gives to a stored clip; and embeddings kept beside the audio."""

from __future__ import annotations

import numpy as np
import pytest
import soundfile

from tests.heads import bursts
from tests.small import settings
from wakegen.core.errors import CannotSpeak, StorageError
from wakegen.core.executor import Serial
from wakegen.dataset.embeddings import Chunk, embed_chunk, embedded
from wakegen.dataset.fill import keep, tasks_of
from wakegen.dataset.recordings import plan_recordings
from wakegen.dataset.speak import clean, speak_task
from wakegen.dataset.store import Clip, read_clip
from wakegen.engines.base import Speech
from wakegen.features import Embedder


def said(rate_hz: int = 22_050, level: float = 0.1) -> Speech:
    tone = level * np.sin(2 * np.pi * 440 * np.arange(rate_hz) / rate_hz)
    return Speech(np.concatenate([np.zeros(rate_hz // 2), tone, np.zeros(rate_hz)]).astype(np.float32), rate_hz)


@pytest.mark.parametrize("rate_hz", [8000, 16_000, 22_050, 48_000])
@pytest.mark.parametrize("level", [0.01, 0.5])
def test_a_clip_is_trimmed_at_16_khz_with_its_peak_at_minus_one_dbfs(rate_hz, level):
    samples = clean(said(rate_hz, level))
    assert samples.dtype == np.int16
    assert len(samples) / 16_000 == pytest.approx(1.0, abs=0.1)
    assert 20 * np.log10(np.abs(samples).max() / 32768) == pytest.approx(-1.0, abs=0.05)


def test_silence_is_refused():
    with pytest.raises(CannotSpeak, match="silence"):
        clean(Speech(np.zeros(16_000, np.float32), 16_000))


def fake(number: int, **parameters: object) -> Clip:
    request = {"text": "hey katya", "voice": "ann", **parameters}
    return Clip(
        number, "speech", "positive", "phrase", "hey katya", "hey katya", "train", engine="fake", parameters=request
    )


def test_what_fails_is_told_and_the_others_are_done(tmp_path):
    rows = (fake(1), fake(2, voice="fails"), fake(3, voice="mute"), fake(4, text="!!!"), fake(5, voice="bea"))
    results = speak_task((str(tmp_path), 2, rows))
    assert [result.state for result in results] == ["done", "failed", "failed", "failed", "done"]
    assert [result.retried for result in results] == [0, 2, 0, 0, 0], "only what may succeed is tried again"
    assert "always" in results[1].reason
    assert "silence" in results[2].reason
    assert results[0].quality
    assert len(read_clip(tmp_path, results[0].sha256)) == round(results[0].seconds * 16_000)


def test_tasks_hold_rows_in_order():
    assert list(tasks_of(range(5), size=2)) == [(0, 1), (2, 3), (4,)]
    assert list(tasks_of([], size=2)) == []


@pytest.fixture
def recordings(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    for i in range(6):
        soundfile.write(folder / f"{i}.wav", bursts(17, seed=i), 16_000)
    return folder


def test_negatives_are_cut_into_pieces_and_a_file_is_in_one_split(recordings, tmp_path):
    files = {"negative": sorted(recordings.iterdir()), "positive": []}
    rows = list(plan_recordings(settings(tmp_path, export__split_ratio=[0.4, 0.3, 0.3]), files, first_id=10))
    assert [row.id for row in rows] == list(range(10, 10 + 18))
    assert [row.parameters["samples"] for row in rows[:3]] == [128_000, 128_000, 16_000]
    by_file = {row.source: {r.split for r in rows if r.source == row.source} for row in rows}
    assert all(len(splits) == 1 for splits in by_file.values())
    assert len(set.union(*by_file.values())) > 1
    (first, second, third) = speak_task((str(tmp_path), 0, tuple(rows[:3])))
    whole = soundfile.read(recordings / "0.wav", dtype="int16")[0]
    parts = [read_clip(tmp_path, result.sha256) for result in (first, second, third)]
    assert np.array_equal(np.concatenate(parts), whole), "recordings are kept as they are"


def test_recordings_of_the_phrase_are_for_evaluation_only_and_silence_around_it_is_cut(tmp_path):
    loud = np.random.default_rng(1).normal(0, 0.1, 16_000)
    soundfile.write(tmp_path / "padded.wav", np.concatenate([np.zeros(8_000), loud, np.zeros(24_000)]), 16_000)
    soundfile.write(tmp_path / "silent.wav", np.zeros(16_000), 16_000)
    files = {"negative": [], "positive": [tmp_path / "padded.wav", tmp_path / "silent.wav"]}
    padded, silent = plan_recordings(settings(tmp_path), files, first_id=1)
    assert (padded.split, padded.label) == ("recordings", "positive")
    assert padded.parameters["start"] == pytest.approx(8_000 - 800, abs=400)
    assert padded.parameters["samples"] == pytest.approx(16_000 + 1_600, abs=800)
    assert (silent.parameters["start"], silent.parameters["samples"]) == (0, 16_000)


def test_a_recording_that_vanished_meanwhile_fails_alone(recordings, tmp_path):
    files = {"negative": sorted(recordings.iterdir()), "positive": []}
    rows = tuple(plan_recordings(settings(tmp_path), files, first_id=1))
    (recordings / "0.wav").unlink()
    states = [result.state for result in speak_task((str(tmp_path), 0, (rows[0], rows[3])))]
    assert states == ["failed", "done"]


def stored(folder, count: int) -> list[Clip]:
    clips = []
    for i in range(count):
        samples = bursts(2 + 0.3 * i, seed=i)
        clips.append(Clip(i, "scene", "noise", "noise", "", "", "train", sha256=keep(folder, samples), state="done"))
    return clips


def test_embeddings_of_clips_are_those_of_a_device(tmp_path):
    clips, embedder = stored(tmp_path, 3), Embedder()
    for clip, found in zip(clips, embedded(clips, folder=tmp_path, executor=Serial()), strict=True):
        rows = embedder.embed(read_clip(tmp_path, clip.sha256))
        assert found.clips == (clip,)
        assert found.steps == len(read_clip(tmp_path, clip.sha256)) // 1280
        np.testing.assert_allclose(found.rows, rows, rtol=2e-3, atol=0.05)  # float16 keeps 11 bits


def test_a_stream_of_clips_is_embedded_end_to_end(tmp_path):
    clips = stored(tmp_path, 3)
    (found,) = embedded(clips, folder=tmp_path, executor=Serial(), as_stream=True)
    whole = np.concatenate([read_clip(tmp_path, clip.sha256) for clip in clips])
    assert found.steps == len(whole) // 1280
    np.testing.assert_allclose(found.rows, Embedder().embed(whole), rtol=2e-3, atol=0.05)


def test_embeddings_are_made_once_and_again_when_lost(tmp_path, monkeypatch):
    clips = stored(tmp_path, 2)
    first = [found.rows.tobytes() for found in embedded(clips, folder=tmp_path, executor=Serial())]
    (file,) = (tmp_path / ".cache" / "embeddings").iterdir()
    made_at = file.stat().st_mtime_ns
    list(embedded(clips, folder=tmp_path, executor=Serial()))
    assert file.stat().st_mtime_ns == made_at
    for content in (b"", file.read_bytes()[:500]):
        file.write_bytes(content)
        assert [found.rows.tobytes() for found in embedded(clips, folder=tmp_path, executor=Serial())] == first


def test_clips_shorter_than_a_window_have_no_embeddings(tmp_path):
    sha256 = keep(tmp_path, bursts(0.5))
    clip = Clip(1, "scene", "noise", "noise", "", "", "train", sha256=sha256, state="done")
    (found,) = embedded([clip], folder=tmp_path, executor=Serial())
    assert (found.rows.shape, found.steps) == ((0, 96), 6)


def test_no_clips_give_no_chunks(tmp_path):
    assert list(embedded([], folder=tmp_path, executor=Serial(), as_stream=True)) == []


def test_a_chunk_of_a_missing_clip_is_a_clear_error(tmp_path):

    with pytest.raises(StorageError, match="cannot be read"):
        embed_chunk(Chunk(str(tmp_path), ("ab" * 32,), as_stream=False))
