import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wakegen.audio.dsp import active_rms, trim
from wakegen.core.errors import BadInput
from wakegen.core.executor import Processes
from wakegen.core.seeds import stream
from wakegen.profiles import DeviceProfile
from wakegen.quality import Expected, gate
from wakegen.scenes import ROLES, Bank, Scene, draw, render

PLAIN = Scene(role="test_positive", seed=1, length_s=3.0, start_s=1.2, floor_db=60, hiss_db=80, level_dbfs=-20)


def drawn(profile: DeviceProfile, bank: Bank, voices: list[np.ndarray], index: int, role: str = "train_positive"):
    speech = voices[index % 4]
    scene = draw(profile, stream(4, role, index), role=role, speech_s=len(speech) / 16000, sizes=bank.sizes)
    return scene, render(
        scene,
        bank=bank,
        profile=profile,
        speech=speech,
        before=voices[(index + 1) % 4],
        after=voices[(index + 2) % 4],
        babble=voices[: scene.babble_voices],
    )


def _render_task(task) -> bytes:
    scene, bank, profile, voice = task
    return render(scene, bank=bank, profile=profile, speech=voice).samples.tobytes()


@pytest.mark.parametrize("role", ROLES)
def test_every_drawn_scene_renders_without_runs_of_zeros(profile, bank, voices, role: str) -> None:
    for index in range(25):
        scene, made = drawn(profile, bank, voices, index, role)
        assert made.samples.dtype == np.int16
        assert len(made.samples) == round(scene.length_s * 16000)
        verdict = gate(made.samples, expected=Expected.rendered())
        assert verdict.ok, verdict.reasons


def test_a_scene_renders_to_the_same_bytes_in_any_process(profile, bank, voices) -> None:
    scenes = [draw(profile, stream(6, i), role="train_positive", speech_s=0.8, sizes=bank.sizes) for i in range(6)]
    tasks = [(scene, bank, profile, voices[0]) for scene in scenes]
    here = [_render_task(task) for task in tasks]
    with Processes(2) as executor:
        there = list(executor.map(_render_task, reversed(tasks)))
    assert here == there[::-1]


@given(snr_db=st.floats(0, 25), piece=st.integers(0, 11))
@settings(max_examples=25, deadline=None)
def test_the_snr_lands_where_it_was_asked(profile, bank, voices, snr_db: float, piece: int) -> None:
    """Speech and noise are rendered apart, at the same gain, and their active levels compared."""
    with_noise = replace(PLAIN, noises=(piece,), snr_db=snr_db, level_dbfs=-32, hiss_db=60)
    both = render(with_noise, bank=bank, profile=profile, speech=voices[0]).samples.astype(float)
    speech = render(replace(with_noise, noises=()), bank=bank, profile=profile, speech=voices[0]).samples.astype(float)
    noise = both - speech
    span = slice(int(1.2 * 16000), int(1.2 * 16000) + len(voices[0]))
    measured = 20 * np.log10(active_rms(speech[span] / 32768) / active_rms(noise / 32768))
    claimed = render(with_noise, bank=bank, profile=profile, speech=voices[0]).snr_db
    assert measured == pytest.approx(claimed, abs=0.5)
    # A piece that is silent in this excerpt is not turned up: only then is the ratio better than asked.
    assert claimed >= snr_db - 0.5
    excerpt = bank.noises[piece, : 3 * 16000].astype(np.float32)
    if active_rms(excerpt) > 0.5:
        assert claimed == pytest.approx(snr_db, abs=0.5)


@given(st.floats(-10, 40), st.floats(0.5, 20))
@settings(max_examples=20, deadline=None)
def test_more_noise_never_raises_the_snr(profile, bank, voices, snr_db: float, more_db: float) -> None:
    scenes = [replace(PLAIN, noises=(1,), snr_db=snr_db - extra, level_dbfs=-30) for extra in (0, more_db)]
    softer, louder = (render(scene, bank=bank, profile=profile, speech=voices[1]).snr_db for scene in scenes)
    assert louder < softer


@given(warp=st.floats(0.85, 1.18), stretch=st.floats(0.8, 1.5), rir=st.sampled_from([None, 0, 3, 5]))
@settings(max_examples=25, deadline=None)
def test_the_span_is_where_the_speech_is(profile, bank, voices, warp: float, stretch: float, rir: int | None) -> None:
    """Onset and, without a room's tail, end are found in the sound itself."""
    scene = replace(PLAIN, warp_factor=warp, stretch_factor=stretch, rir=rir)
    time_s = np.arange(11200) / 16000
    burst = (0.3 * np.sin(2 * np.pi * 500 * time_s)).astype(np.float32)
    made = render(scene, bank=bank, profile=profile, speech=burst)
    start_s, end_s = made.span_s
    assert start_s == pytest.approx(1.2, abs=1e-3)
    assert end_s - start_s == pytest.approx(0.7 * stretch / warp, abs=2e-3)
    first, last = trim(made.samples / 32768, floor_db=-20)
    assert first / 16000 == pytest.approx(start_s, abs=0.012)
    if rir is None:
        assert last / 16000 == pytest.approx(end_s, abs=0.015)  # where it is cut falls on a grid, too
    else:
        assert last / 16000 > end_s - 0.012


@given(st.floats(-42, -24), st.sampled_from([None, 1, 4]))
@settings(max_examples=20, deadline=None)
def test_the_level_lands_where_it_was_asked(profile, bank, voices, level_dbfs: float, rir: int | None) -> None:
    scene = replace(PLAIN, level_dbfs=level_dbfs, rir=rir)
    made = render(scene, bank=bank, profile=profile, speech=voices[2])
    first, last = (round(edge * 16000) for edge in made.span_s)
    assert 20 * np.log10(active_rms(made.samples[first:last] / 32768)) == pytest.approx(level_dbfs, abs=0.5)


def test_a_loudness_becomes_the_level_of_the_data_sheet(profile, bank) -> None:
    """94 dB SPL at 1 kHz reads −26 dBFS against a full-scale sine, less 3 dB against an RMS of 1, plus the gain."""
    tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 16000).astype(np.float32)
    scene = replace(PLAIN, level_dbfs=None, speech_db_spl=64.0)
    made = render(scene, bank=bank, profile=profile, speech=tone)
    assert made.level_dbfs == pytest.approx(64 - 94 - 26 - 3.01 + profile.front_end.gain_db, abs=0.1)


def test_noise_alone_has_no_span_and_its_level(profile, bank) -> None:
    for index in range(8):
        scene = draw(profile, stream(2, index), role="train_negative", speech_s=0, length_s=13.0, sizes=bank.sizes)
        scene = replace(scene, overdrive_db=0)
        made = render(scene, bank=bank, profile=profile)
        assert made.span_s is None
        assert made.snr_db is None
        assert len(made.samples) == 13 * 16000
        assert made.level_dbfs == pytest.approx(scene.level_dbfs, abs=0.5)
        assert len(scene.noises) >= 3


def test_neighbours_sound_before_and_after(profile, bank, voices) -> None:
    scene = replace(PLAIN, before_gap_s=0.2, after_gap_s=0.3)
    alone = render(PLAIN, bank=bank, profile=profile, speech=voices[0]).samples / 32768
    joined = (
        render(scene, bank=bank, profile=profile, speech=voices[0], before=voices[1], after=voices[2]).samples / 32768
    )
    before, gap = slice(0, int(0.95 * 16000)), slice(int(1.05 * 16000), int(1.15 * 16000))
    assert active_rms(joined[before]) > 50 * active_rms(alone[before])
    assert active_rms(joined[gap]) < 0.02
    assert active_rms(joined[int(2.4 * 16000) :]) > 50 * active_rms(alone[int(2.4 * 16000) :])


def test_babble_is_heard_and_noise_stands_in_where_there_is_none(profile, bank, voices) -> None:
    scene = replace(PLAIN, babble_voices=3, babble_rir=2, noises=(3,), snr_db=6.0, level_dbfs=-30)
    people, machine, none = (
        render(scene, bank=bank, profile=profile, speech=voices[0], babble=voices[1:]),
        render(scene, bank=bank, profile=profile, speech=voices[0]),
        render(replace(scene, noises=()), bank=bank, profile=profile, speech=voices[0]),
    )
    assert people.snr_db == pytest.approx(6.0, abs=0.5)
    assert machine.snr_db == pytest.approx(6.0, abs=0.5)
    assert none.snr_db is None
    assert people.samples.tobytes() != machine.samples.tobytes()


def test_overdrive_saturates(profile, bank, voices) -> None:
    made = render(replace(PLAIN, level_dbfs=-10, overdrive_db=12), bank=bank, profile=profile, speech=voices[0])
    assert gate(made.samples, expected=Expected(clipped_share_max=0.001)).reasons[0].startswith("clipped")


def test_missing_or_silent_speech_is_told(profile, bank) -> None:
    for speech in (None, np.zeros(8000, np.float32)):
        with pytest.raises(BadInput, match="missing or silent"):
            render(PLAIN, bank=bank, profile=profile, speech=speech)


def test_the_telephone_narrows_the_band(profile, bank) -> None:
    hiss = stream(1, "h").standard_normal(12000).astype(np.float32) * 0.1
    wide = render(PLAIN, bank=bank, profile=profile, speech=hiss).samples / 32768
    narrow = render(PLAIN, bank=bank, profile=replace(profile, codec="g711"), speech=hiss).samples / 32768
    assert len(wide) == len(narrow)
    power = [np.abs(np.fft.rfft(sound[19200:31200])) ** 2 for sound in (wide, narrow)]
    hz = np.fft.rfftfreq(12000, 1 / 16000)
    for band, share in (((1000, 3000), 0.7), ((5000, 8000), 0.01)):
        inside = (hz > band[0]) & (hz < band[1])
        ratio = power[1][inside].sum() / power[0][inside].sum()
        assert ratio > share if share > 0.5 else ratio < share


def test_a_clip_takes_milliseconds(profile, bank, voices) -> None:
    for index in range(10):
        drawn(profile, bank, voices, index)
    start = time.process_time()
    for index in range(60):
        drawn(profile, bank, voices, index)
    assert (time.process_time() - start) / 60 < 0.03  # about 5 ms; six times that for slow machines
