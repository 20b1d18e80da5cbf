"""Room impulse responses: early images by pyroomacoustics, a diffuse tail per octave of our own.

Images up to the third order carry direction, distance and colour of the first reflections. The tail carries exactly
the energy that the images of higher order would, decaying in each octave as the room was asked to. (A full image
model of a shoebox decays 25 to 50 % slower than asked, and pyroomacoustics' ray-traced tail is 1.5 dB too strong.)

Gain convention: 1 at a distance of 1 m, so density and level formulas of the literature, which use 1/(4πd), carry
a factor (4π)² of energy here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.audio import RATE_HZ

SOUND_M_S = 343.0
BANDS_HZ = (125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0)
ORDER = 3  # of the images; with 3, the direct-to-reverberant ratio is within 0.2 dB of the full image model
DIRECT = 40  # the sample at which the direct sound arrives; what is before it belongs to its band limit

_LN_1E6 = 6 * np.log(10.0)  # energy falls by 60 dB in T60
_PRA_DELAY = 40  # half of pyroomacoustics' 81 fractional-delay taps

_LIVING = (1.25, 1.10, 1.00, 1.00, 0.95, 0.85, 0.70)  # T60 against that at 1 kHz, 125 Hz … 8 kHz
_TILED = (0.90, 1.00, 1.05, 1.00, 0.95, 0.80, 0.55)
_CAR = (2.00, 1.50, 1.20, 1.00, 0.90, 0.80, 0.70)


@dataclass(frozen=True, slots=True)
class RoomKind:
    """Sizes and decay times of a kind of room (British living-room surveys and room-acoustics handbooks)."""

    volume_m3: tuple[float, float]
    height_m: tuple[float, float]
    t60_s: tuple[float, float]  # at 1 kHz
    shape: tuple[float, ...]  # T60 of each octave against that at 1 kHz
    farthest_m: float


KINDS: Mapping[str, RoomKind] = {
    "bathroom": RoomKind((5, 15), (2.3, 2.7), (0.50, 0.90), _TILED, 2.5),
    "bedroom": RoomKind((25, 50), (2.3, 2.7), (0.30, 0.50), _LIVING, 4.0),
    "car": RoomKind((2.5, 4), (1.15, 1.3), (0.05, 0.10), _CAR, 1.2),
    "conference_room": RoomKind((50, 150), (2.5, 3.5), (0.35, 0.70), _LIVING, 5.0),
    "kitchen": RoomKind((18, 45), (2.3, 2.8), (0.40, 0.70), _TILED, 4.0),
    "living_room": RoomKind((40, 110), (2.4, 3.0), (0.35, 0.60), _LIVING, 5.0),
    "office": RoomKind((25, 45), (2.4, 3.0), (0.35, 0.60), _LIVING, 4.0),
    "open_office": RoomKind((200, 1500), (2.6, 3.6), (0.40, 0.70), _LIVING, 5.0),
}


@dataclass(frozen=True, slots=True)
class Room:
    """A room with a talker and a microphone in it."""

    kind: str
    size_m: tuple[float, float, float]
    source_m: tuple[float, float, float]
    microphone_m: tuple[float, float, float]
    t60_s: tuple[float, ...]  # per octave of BANDS_HZ

    @property
    def distance_m(self) -> float:
        """How far the talker is from the microphone."""
        return float(np.linalg.norm(np.subtract(self.source_m, self.microphone_m)))

    @property
    def volume_m3(self) -> float:
        """Length times width times height."""
        return float(np.prod(self.size_m))

    def to_json(self) -> dict[str, Any]:
        """Give plain values, for the bank's list of rooms."""
        plain = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}
        return {**plain, "distance_m": round(self.distance_m, 3)}


def draw_room(rng: np.random.Generator, *, kind: str, distance_m: tuple[float, float]) -> Room:
    """Draw a room of a kind, with the talker within `distance_m` (log-uniform) of the microphone."""
    row = KINDS[kind]
    height = rng.uniform(*row.height_m)
    volume = np.exp(rng.uniform(*np.log(row.volume_m3)))
    ratio = rng.uniform(1.0, 1.7)  # length over width
    width = np.sqrt(volume / height / ratio)
    size = np.array([width * ratio, width, height])
    t60 = rng.uniform(*row.t60_s) * np.array(row.shape) * np.exp(rng.normal(0, 0.1, len(BANDS_HZ)))
    nearest = min(distance_m[0], row.farthest_m)
    farthest = max(min(distance_m[1], row.farthest_m), nearest * 1.01)
    microphone, source = _places(rng, size, nearest=nearest, farthest=farthest)
    return Room(kind, _triple(size), _triple(source), _triple(microphone), tuple(round(float(t), 4) for t in t60))


def impulse_response(room: Room, rng: np.random.Generator, *, length: int) -> NDArray[np.float32]:
    """Give the response from talker to microphone.

    Returns
    -------
    float32, shape (length,): the direct sound is at sample DIRECT, whatever the distance; gain 1 at 1 m
    """
    arrival = room.distance_m / SOUND_M_S * RATE_HZ  # samples
    early = _shift(early_images(room, order=ORDER), _PRA_DELAY + arrival - DIRECT, length)
    tail = diffuse_tail(room, rng, length=length + int(arrival))
    tail = _shift(tail, arrival - DIRECT, length)
    response = _high_pass(early + tail)
    fade = 160
    response[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return response


def early_images(room: Room, *, order: int) -> NDArray[np.float32]:
    """Give pyroomacoustics' image-source response of frequency-dependent walls, delayed by its 40 samples."""
    import pyroomacoustics as pra

    before = {name: pra.constants.get(name) for name in ("rir_hpf_enable", "num_threads", "c")}
    # Its 10 Hz high-pass rings ahead of the direct sound, and sums depend on the number of threads.
    wanted = {"rir_hpf_enable": False, "num_threads": 1, "c": SOUND_M_S}
    try:
        for name, value in wanted.items():
            pra.constants.set(name, value)
        walls = {"coeffs": list(absorption(room)), "center_freqs": list(BANDS_HZ)}
        box = pra.ShoeBox(
            room.size_m,
            fs=RATE_HZ,
            materials=pra.Material(walls, 0.0),
            max_order=order,
            ray_tracing=False,
            air_absorption=False,
        )
        box.add_source(room.source_m)
        box.add_microphone(room.microphone_m)
        box.compute_rir()
        return np.asarray(box.rir[0][0], np.float32)
    finally:
        for name, value in before.items():
            pra.constants.set(name, value)


def absorption(room: Room) -> NDArray[np.float64]:
    """Give the walls' energy absorption per octave that Eyring's formula asks for, shape (7,); always below 1."""
    length, width, height = room.size_m
    surface = 2 * (length * width + length * height + width * height)
    return np.asarray(1 - np.exp(-4 * _LN_1E6 * room.volume_m3 / (SOUND_M_S * surface * np.array(room.t60_s))))


def diffuse_tail(room: Room, rng: np.random.Generator, *, length: int, order: int = ORDER) -> NDArray[np.float32]:
    """Give noise, time 0 at the source's emission, that carries what images above `order` would.

    Per octave it is white noise times the root of the energy density that is missing: the whole diffuse decay less
    the share of images up to `order`.
    """
    from scipy import fft

    padded = fft.next_fast_len(length, real=True)
    spectrum = fft.rfft(rng.standard_normal(padded, dtype=np.float32))
    bands = fft.irfft(spectrum * octave_masks(padded), padded, axis=-1)[:, :length]
    times = np.arange(0, length + 64, 64)
    density = np.sqrt(_missing_energy(room, times / RATE_HZ, order))
    envelopes = np.stack([np.interp(np.arange(length), times, band) for band in density])
    # 4πc/V images per second and (1 m)² of gain: the (4π)² of the gain convention over c/(4πV).
    scale = np.sqrt(4 * np.pi * SOUND_M_S / (room.volume_m3 * RATE_HZ))
    return np.asarray(scale * np.einsum("bn,bn->n", bands, envelopes), np.float32)


def octave_masks(length: int) -> NDArray[np.float32]:
    """Split the bins of a real FFT of `length` into the octaves of BANDS_HZ, shape (7, bins).

    The masks add up to 1 in amplitude: they share one noise, so power-complementary ones would give 2 dB too much.
    """
    hz = np.fft.rfftfreq(length, 1 / RATE_HZ)
    octave = np.clip(np.log2(np.maximum(hz, 1) / BANDS_HZ[0]), 0, len(BANDS_HZ) - 1)
    distance = np.abs(octave - np.arange(len(BANDS_HZ))[:, None])
    return np.asarray((np.sin(np.pi / 2 * np.clip(1 - distance, 0, 1)) ** 2).astype(np.float32), np.float32)


def _missing_energy(room: Room, times_s: NDArray[np.float64], order: int) -> NDArray[np.float64]:
    """Give the share of the diffuse field that the images up to `order` leave out, shape (7, times).

    An image in direction u at time t has met n = c·t·Σ|u_i|/L_i walls; its energy is (1 − α)^n.
    """
    directions = _sphere(128)
    walls_met = SOUND_M_S * times_s[:, None] * (directions / np.array(room.size_m)).sum(axis=1)  # (times, directions)
    kept = np.log1p(-absorption(room))
    imaged = np.where(walls_met <= order + 0.5, np.exp(walls_met * kept[:, None, None]), 0.0).mean(axis=-1)
    decay = np.exp(-_LN_1E6 * times_s / np.array(room.t60_s)[:, None])
    return np.asarray(np.maximum(decay - imaged, 0.0))


def _sphere(count: int) -> NDArray[np.float64]:
    """Give |x|, |y|, |z| of `count` directions spread evenly (golden spiral), shape (count, 3)."""
    index = np.arange(count) + 0.5
    z = 1 - 2 * index / count
    angle = np.pi * (1 + 5**0.5) * index
    ring = np.sqrt(1 - z * z)
    return np.asarray(np.abs(np.stack([ring * np.cos(angle), ring * np.sin(angle), z], axis=1)), np.float64)


def _places(
    rng: np.random.Generator, size: NDArray[np.float64], *, nearest: float, farthest: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw microphone and talker, off the walls, at a distance in range; the closest try if none fits."""
    margin = np.minimum(0.35, size * 0.2)
    wanted = float(np.exp(rng.uniform(np.log(nearest), np.log(farthest))))
    best: tuple[float, NDArray[np.float64], NDArray[np.float64]] | None = None
    for _ in range(40):
        microphone = rng.uniform(margin, size - margin)
        microphone[2] = min(rng.uniform(0.5, 1.3), size[2] - margin[2])
        way = rng.standard_normal(3) * [1, 1, 0.25]
        source = np.clip(microphone + wanted * way / np.linalg.norm(way), margin, size - margin)
        miss = abs(float(np.linalg.norm(source - microphone)) - wanted)
        if best is None or miss < best[0]:
            best = (miss, microphone, source)
        if miss < 1e-6:
            break
    assert best is not None
    return best[1], best[2]


def _shift(samples: NDArray[np.float32], delay: float, length: int) -> NDArray[np.float32]:
    """Drop the first `delay` samples (rounded; silence is put in front where it is negative) and fit to `length`."""
    start = round(delay)
    kept = samples[start:] if start >= 0 else np.pad(samples, (-start, 0))
    return np.pad(kept[:length], (0, max(0, length - len(kept)))).astype(np.float32)


def _high_pass(response: NDArray[np.float32], *, hz: float = 20.0) -> NDArray[np.float32]:
    """Take out what lies below hearing, causally: all images are positive, so they add up at 0 Hz."""
    from scipy.signal import butter, sosfilt

    return np.asarray(sosfilt(butter(2, hz, "highpass", fs=RATE_HZ, output="sos"), response), np.float32)


def _triple(values: NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (round(float(value), 4) for value in values)
    return x, y, z
