"""Rendering: a scene and its speech in, what the device would have recorded out. No random choice is made here
but for hiss and babble, which are functions of the scene's seed.

Order: speech (warped, stretched, others before and after) → room → + noise → + room tone → microphone, filters →
levels → hiss → overload → 16 bit → codec. Levels are set behind microphone and filters: there the ratios that
the scene names are met.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from wakegen.audio import RATE_HZ
from wakegen.audio.dsp import Samples, active_rms, interpolate_db, rms, stretch, to_int16, warp
from wakegen.core.errors import BadInput
from wakegen.core.seeds import stream
from wakegen.profiles import DeviceProfile
from wakegen.scenes.bank import PIECE_SAMPLES, RIR_SAMPLES, TONE_SAMPLES, Bank
from wakegen.scenes.codec import through_codec
from wakegen.scenes.noise_voices import babble as mix_babble
from wakegen.scenes.rooms import DIRECT
from wakegen.scenes.scene import EQ_HZ, Scene

# White noise that is always there: one step of 16 bits, the self-noise of a good digital microphone at low gain.
# It dithers, so that no clip of any label holds a run of digital zeros.
_HISS_MIN = 1.0 / 32768
_QUIET_EXCERPT = 0.1  # an excerpt of a noise that is 20 dB softer than the whole piece is not turned up further
_FADE = 800  # samples of crossfade between pieces of noise
_PRESSURE_94_DB = 94.0  # dB SPL of 1 Pa
# A white floor's unweighted power below 8 kHz is 1.9 dB under the printed A-weighted figure over 20 kHz.
_HISS_DB = -1.9


@dataclass(frozen=True, slots=True, eq=False)
class Rendered:
    """A clip, and what is known about it."""

    samples: NDArray[np.int16]  # shape (n,), 16 kHz
    span_s: tuple[float, float] | None  # where the speech starts and ends; None without speech
    snr_db: float | None  # active speech over active noise, as it became; None without either
    level_dbfs: float  # active RMS of the speech, or of the noise when it is alone, before overload


def render(
    scene: Scene,
    *,
    bank: Bank,
    profile: DeviceProfile,
    speech: Samples | None = None,
    before: Samples | None = None,
    after: Samples | None = None,
    babble: Sequence[Samples] = (),
) -> Rendered:
    """Render a scene. The same arguments give the same samples in any process.

    Parameters
    ----------
    speech : float32 in ±1, shape (n,), trimmed to the speech: its ends become `span_s`; None for noise alone
    before, after : other speech, of any length, used if the scene asks for it and cut to fit
    babble : voices for scenes with `babble_voices` > 0; with none, the scene's noise sounds in their place

    Raises
    ------
    BadInput : the speech is missing or silent.
    """
    count = round(scene.length_s * RATE_HZ)
    dry, span = _speech_track(scene, count, speech, before, after)
    babbling = scene.babble_voices > 0 and len(babble) > 0
    noise = mix_babble(stream(scene.seed, "babble"), babble, count) if babbling else _noise_track(scene, bank, count)
    heard, noise, tone = _through(
        np.stack([dry, noise, _tone_track(scene, bank, count)]),
        rirs=(_rir(bank, scene.rir), _rir(bank, scene.babble_rir if babbling else None)),
        response=_response(scene, profile),
    )
    loudness = active_rms(heard[span[0] : span[1]]) if span else _quiet_limit(noise)
    noise_gain = _noise_gain(scene, loudness, noise, alone=span is None)
    scale, hiss_rms = _levels(scene, profile, loudness, dry=dry, span=span)
    tone_gain = loudness * _ratio(-scene.floor_db) / max(rms(tone), 1e-9)
    mixed = heard + np.float32(noise_gain) * noise + np.float32(tone_gain) * tone
    mixed *= np.float32(scale * _ratio(scene.overdrive_db))
    mixed += np.float32(hiss_rms) * stream(scene.seed, "hiss").standard_normal(count, dtype=np.float32)
    snr = _snr_db(loudness, noise_gain * active_rms(noise)) if span else None
    level = 20 * float(np.log10(max(loudness * scale, 1e-9)))
    seconds = (span[0] / RATE_HZ, span[1] / RATE_HZ) if span else None
    return Rendered(through_codec(to_int16(mixed), profile.codec), seconds, snr, level)


def _speech_track(
    scene: Scene, count: int, speech: Samples | None, before: Samples | None, after: Samples | None
) -> tuple[Samples, tuple[int, int] | None]:
    """Put the speech and its neighbours into silence of the clip's length; the speech has an active RMS of 1."""
    track = np.zeros(count, np.float32)
    if not scene.speech:
        return track, None
    level = active_rms(speech) if speech is not None else 0.0
    if speech is None or level <= 0:
        raise BadInput("The speech of a scene is missing or silent.", hint="Reject silent speech before rendering.")
    spoken = stretch(warp(speech, scene.warp_factor), scene.stretch_factor) / np.float32(level)
    start = min(max(round(scene.start_s * RATE_HZ), 0), max(count - len(spoken), 0))
    spoken = spoken[: count - start]
    end = start + len(spoken)
    track[start:end] = spoken
    if before is not None and scene.before_gap_s is not None:
        stop = start - round(scene.before_gap_s * RATE_HZ)
        _add_neighbour(track, before, scene.before_db, stop=stop)
    if after is not None and scene.after_gap_s is not None:
        _add_neighbour(track, after, scene.after_db, start=end + round(scene.after_gap_s * RATE_HZ))
    return track, (start, end)


def _add_neighbour(track: Samples, sound: Samples, gain_db: float, *, start: int = 0, stop: int = 0) -> None:
    """Add other speech from `start` on, or so that it ends at `stop`; what does not fit is cut off its far side."""
    level = active_rms(sound)
    room = len(track) - start if stop == 0 else stop
    if level <= 0 or room <= 0 or stop < 0:
        return
    piece = sound[:room] if stop == 0 else sound[-room:]
    begin = start if stop == 0 else stop - len(piece)
    track[begin : begin + len(piece)] += piece * np.float32(_ratio(gain_db) / level)


def _noise_track(scene: Scene, bank: Bank, count: int) -> Samples:
    """Join the scene's pieces of noise, crossfaded, from `noise_start_s` of the first."""
    out = np.zeros(count, np.float32)
    at = -round(scene.noise_start_s * RATE_HZ)
    rise = np.linspace(0, 1, _FADE, dtype=np.float32)
    for number, index in enumerate(scene.noises):
        first, last = max(at, 0), min(at + PIECE_SAMPLES, count)
        if first >= last:
            break
        piece = bank.noises[index, first - at : last - at].astype(np.float32)
        if number > 0:
            fade = min(_FADE, len(piece))
            piece[:fade] *= rise[:fade]
            out[first : first + fade] *= rise[::-1][:fade]
            out[first + fade :] = 0
        out[first:last] += piece
        at += PIECE_SAMPLES - _FADE
    return out


def _tone_track(scene: Scene, bank: Bank, count: int) -> Samples:
    start = round(scene.tone_start_s * RATE_HZ) % TONE_SAMPLES
    row = bank.tones[scene.tone]
    parts = [row[start : start + count]]
    while (missing := count - sum(len(part) for part in parts)) > 0:
        parts.append(row[:missing])
    return np.concatenate(parts).astype(np.float32)


def _rir(bank: Bank, index: int | None) -> Samples | None:
    return None if index is None else bank.rirs[index]


def _through(
    tracks: Samples,
    *,
    rirs: tuple[Samples | None, Samples | None],
    response: tuple[tuple[float, ...], tuple[float, ...]],
) -> Samples:
    """Filter speech, noise and room tone, shape (3, n), by room and microphone, in one FFT each way."""
    from scipy import fft

    count = tracks.shape[1]
    length = _fft_length(count)
    spectra = fft.rfft(tracks, length, axis=-1)
    for row, rir in enumerate(rirs):
        if rir is not None:
            turned = np.zeros(length, np.float32)  # so that the direct sound, at DIRECT, comes without delay
            turned[: len(rir) - DIRECT], turned[-DIRECT:] = rir[DIRECT:], rir[:DIRECT]
            spectra[row] *= fft.rfft(turned)
    spectra *= _gain(length, response)
    return np.asarray(fft.irfft(spectra, length, axis=-1)[:, :count], np.float32)


@lru_cache(maxsize=64)
def _fft_length(count: int) -> int:
    from scipy import fft

    return int(fft.next_fast_len(count + RIR_SAMPLES, real=True))


@lru_cache(maxsize=64)
def _bins_hz(length: int) -> NDArray[np.float64]:
    return np.asarray(np.fft.rfftfreq(length, 1 / RATE_HZ), np.float64)


def _gain(length: int, response: tuple[tuple[float, ...], tuple[float, ...]]) -> NDArray[np.float32]:
    """Give the gain of each bin, from a curve in dB over log frequency."""
    hz, db = response
    coarse = np.linspace(0, RATE_HZ / 2, 1025)  # 8 Hz apart is finer than any of the filters
    gains = 10 ** (interpolate_db(coarse, hz, db) / 20)
    return np.interp(_bins_hz(length), coarse, gains).astype(np.float32)


def _response(scene: Scene, profile: DeviceProfile) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Add up microphone, device high-pass, and the scene's own filters, on 96 frequencies. Zero phase: no delay."""
    hz = np.geomspace(20, 8000, 96)
    curve = np.array(profile.microphones[0].response_hz_db)
    db = interpolate_db(hz, curve[:, 0], curve[:, 1])
    for corner in (profile.front_end.high_pass_hz, scene.high_pass_hz):
        if corner:
            db = db - 10 * np.log10(1 + (corner / hz) ** 4)
    if scene.low_pass_hz:
        db = db - 10 * np.log10(1 + (hz / scene.low_pass_hz) ** 8)
    if scene.eq_db:
        db = db + interpolate_db(hz, EQ_HZ, scene.eq_db)
    return tuple(hz.tolist()), tuple(db.tolist())


def _noise_gain(scene: Scene, loudness: float, noise: Samples, *, alone: bool) -> float:
    if alone:
        return 1.0
    if scene.snr_db is None or not noise.any():
        return 0.0
    return loudness * _ratio(-scene.snr_db) / _quiet_limit(noise)


def _quiet_limit(noise: Samples) -> float:
    """Active RMS of a noise (1 over its whole piece), but not less than a tenth: its silences stay silent."""
    return max(active_rms(noise), _QUIET_EXCERPT)


def _levels(
    scene: Scene, profile: DeviceProfile, loudness: float, *, dry: Samples, span: tuple[int, int] | None
) -> tuple[float, float]:
    """Give the factor from the mix to full scale ±1, and the RMS of the hiss there.

    By loudness: the dry speech has an RMS of 1 at 1 m, so 1 stands for `speech_db_spl`; the data sheet's
    sensitivity is for 94 dB SPL, against a full-scale sine, whose RMS is 3 dB below 1.
    """
    microphone, front = profile.microphones[0], profile.front_end
    if scene.speech_db_spl is None or span is None:
        level = scene.level_dbfs if scene.level_dbfs is not None else -26.0
        return _ratio(level) / max(loudness, 1e-9), max(_ratio(level - scene.hiss_db), _HISS_MIN)
    full_scale_db = microphone.sensitivity_dbfs + scene.sensitivity_db + front.gain_db - 10 * float(np.log10(2))
    scale = _ratio(scene.speech_db_spl - _PRESSURE_94_DB + full_scale_db) / max(
        active_rms(dry[span[0] : span[1]]), 1e-9
    )
    hiss = _ratio(microphone.noise_dba - _PRESSURE_94_DB + full_scale_db + _HISS_DB)
    return scale, max(hiss, _HISS_MIN)


def _snr_db(speech_rms: float, noise_rms: float) -> float | None:
    if speech_rms <= 0 or noise_rms <= 0:
        return None
    return 20 * float(np.log10(speech_rms / noise_rms))


def _ratio(db: float) -> float:
    return float(10 ** (db / 20))
