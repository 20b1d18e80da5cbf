"""The bank: room responses, noises and room tones, made once per device and seed and then only read.

In a folder it is three `.npy` files, which workers map instead of copying, and `bank.json`, which says what it
was made from. It is a function of its arguments: the same device, seed, sizes and user files give the same bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wakegen.audio import RATE_HZ
from wakegen.audio.dsp import fft_convolve, rms
from wakegen.core.errors import BadInput
from wakegen.core.executor import Executor, Serial
from wakegen.core.files import write_bytes, write_json
from wakegen.core.seeds import stream
from wakegen.profiles import DeviceProfile
from wakegen.scenes import noise as noises_table
from wakegen.scenes.rooms import DIRECT, KINDS, draw_room, impulse_response
from wakegen.scenes.synth import Samples, coloured

VERSION = 2  # of what the code makes from the same arguments
RIR_SAMPLES = 9600  # 0.6 s: a room of 0.9 s has fallen by 40 dB
PIECE_SAMPLES = 6 * RATE_HZ
TONE_SAMPLES = 16 * RATE_HZ
OWN_ROOM = 0.5  # share of made noises that sound from a place in a room


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much a bank holds. User pieces come after the made ones. `draw` needs no more than this of a bank."""

    rirs: int = 300
    noises: int = 400
    tones: int = 96
    user_rirs: int = 0
    user_noises: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Bank:
    """What scenes are rendered from."""

    sizes: Sizes
    rirs: NDArray[np.float32]  # (rirs + user_rirs, RIR_SAMPLES): direct sound at DIRECT, gain 1 at 1 m
    noises: NDArray[np.float16]  # (noises + user_noises, PIECE_SAMPLES): active RMS 1
    tones: NDArray[np.float16]  # (tones, TONE_SAMPLES): RMS 1
    about: dict[str, Any]  # device, seed, version, key; rooms and kinds by index

    @staticmethod
    def build(
        profile: DeviceProfile,
        seed: int,
        *,
        sizes: Sizes | None = None,
        user_rirs: Sequence[Samples] = (),
        user_noises: Sequence[Samples] = (),
        executor: Executor | None = None,
    ) -> Bank:
        """Make a bank for a device.

        Parameters
        ----------
        sizes : of the made part; its user_ fields are ignored
        user_rirs : float32 at 16 kHz, shape (n,); aligned so that the peak is the direct sound
        user_noises : float32 at 16 kHz, shape (n,), n ≥ 0.5 s; cut into pieces of 6 s, silent ones left out
        executor : where the work is done; the result does not depend on it

        Raises
        ------
        BadInput : a user response is silent.
        """
        executor = executor or Serial()
        wanted = sizes or Sizes()
        rooms = _rooms(profile, seed, wanted.rirs)
        made_rirs = list(executor.map(_make_rir, [(seed, i, room) for i, room in enumerate(rooms)]))
        made = list(executor.map(_make_noise, [(seed, i) for i in range(wanted.noises)]))
        placed = [_in_a_room(seed, i / wanted.noises, i, piece, made_rirs) for i, (_, piece) in enumerate(made)]
        pieces = [piece for sound in user_noises for piece in _pieces(sound)]
        full = replace(wanted, user_rirs=len(user_rirs), user_noises=len(pieces))
        about = {
            "key": bank_key(profile, seed, sizes=wanted, user_rirs=user_rirs, user_noises=user_noises),
            "device": profile.name,
            "seed": seed,
            "rooms": [room.to_json() for room in rooms],
            "noises": [kind for kind, _ in made],
        }
        return Bank(
            sizes=full,
            rirs=_stack([*made_rirs, *(_aligned(rir) for rir in user_rirs)], RIR_SAMPLES, np.float32),
            noises=_stack([*placed, *pieces], PIECE_SAMPLES, np.float16),
            tones=_stack([_tone(seed, i) for i in range(wanted.tones)], TONE_SAMPLES, np.float16),
            about=about,
        )

    def save(self, folder: Path) -> None:
        """Write the bank into a folder; `bank.json` comes last, so a bank that lacks it is not whole."""
        for name in ("rirs", "noises", "tones"):
            file = io.BytesIO()
            np.save(file, getattr(self, name))
            write_bytes(folder / f"{name}.npy", file.getvalue())
        write_json(folder / "bank.json", {"version": VERSION, "sizes": asdict(self.sizes), **self.about})

    @staticmethod
    def load(folder: Path) -> Bank:
        """Map a bank that was saved; nothing is read before it is used.

        Raises
        ------
        BadInput : there is none, or it is not whole, or of another version.
        """
        try:
            about = json.loads((folder / "bank.json").read_text(encoding="utf-8"))
            sizes = Sizes(**about.pop("sizes"))
            if about.pop("version") != VERSION:
                raise ValueError("it is of another version")
            arrays = {name: np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("rirs", "noises", "tones")}
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = f"The scene bank in {folder} cannot be used: {error}."
            raise BadInput(message, hint="Remove that folder and run the command again.") from error
        return Bank(sizes=sizes, about=about, **arrays)


def bank_key(
    profile: DeviceProfile,
    seed: int,
    *,
    sizes: Sizes | None = None,
    user_rirs: Sequence[Samples] = (),
    user_noises: Sequence[Samples] = (),
) -> str:
    """Give the name of the bank that these arguments make: equal keys, equal banks. `about["key"]` holds it."""
    wanted = replace(sizes or Sizes(), user_rirs=0, user_noises=0)
    use = (sorted(profile.use.rooms.items()), profile.use.distance_m)
    digest = hashlib.sha256(repr((VERSION, seed, asdict(wanted), use)).encode())
    for part in (user_rirs, user_noises):
        digest.update(f"{len(part)}".encode())
        for sound in part:
            digest.update(hashlib.sha256(np.ascontiguousarray(sound, np.float32).tobytes()).digest())
    return digest.hexdigest()[:32]


def _rooms(profile: DeviceProfile, seed: int, count: int) -> list[Any]:
    """Draw the rooms, each of a kind drawn by the profile's weights.

    Raises
    ------
    BadInput : the profile names a kind of room that there is not, or none.
    """
    shares = {kind: weight for kind, weight in profile.use.rooms.items() if weight > 0}
    if not shares or not set(shares) <= set(KINDS):
        hint = f"Use rooms of these: {', '.join(sorted(KINDS))}."
        raise BadInput(f"The profile '{profile.name}' names no known rooms: {', '.join(shares) or 'none'}.", hint=hint)
    weights = np.array(list(shares.values()))
    rooms = []
    for index in range(count):
        rng = stream(seed, "room", index)
        kind = str(rng.choice(list(shares), p=weights / weights.sum()))
        rooms.append(draw_room(rng, kind=kind, distance_m=profile.use.distance_m))
    return rooms


def _make_rir(task: tuple[int, int, Any]) -> Samples:
    seed, index, room = task
    return impulse_response(room, stream(seed, "rir", index), length=RIR_SAMPLES)


def _make_noise(task: tuple[int, int]) -> tuple[str, Samples]:
    seed, index = task
    return noises_table.make_noise(stream(seed, "noise", index), PIECE_SAMPLES)


def _in_a_room(seed: int, place: float, index: int, piece: Samples, rirs: Sequence[Samples]) -> Samples:
    """Let half of the noises sound from a place in a room.

    A noise at the share `place` of all noises gets a room near the same share of all rooms: one of its own split.
    """
    if stream(seed, "noise place", index).random() >= OWN_ROOM or not rirs:
        return piece
    return noises_table.level(fft_convolve(piece, rirs[int(place * len(rirs))])[: len(piece)])


def _tone(seed: int, index: int) -> Samples:
    """Make the sound of a room in which nothing sounds: noise that falls steadily with frequency."""
    rng = stream(seed, "tone", index)
    octaves = np.arange(7)
    curve = -rng.uniform(1, 8) * octaves + np.cumsum(rng.normal(0, 2, 7))
    out = coloured(rng, TONE_SAMPLES, 125 * 2.0**octaves, curve)
    return out / np.float32(rms(out))


def _aligned(rir: Samples) -> Samples:
    """Cut a measured response so that its peak, the direct sound, comes at DIRECT; scaled to a peak of 1."""
    peak = int(np.argmax(np.abs(rir))) if len(rir) else 0
    if not len(rir) or rir[peak] == 0:
        raise BadInput("A room response is silent.", hint="Remove it from the folder of room responses.")
    padded = np.pad(rir.astype(np.float32) / abs(float(rir[peak])), (DIRECT, 0))
    return padded[peak : peak + RIR_SAMPLES]


def _pieces(sound: Samples) -> list[Samples]:
    """Cut a user's noise into pieces of 6 s (a short one is repeated), each of active RMS 1; skip silent ones."""
    whole = np.resize(sound, PIECE_SAMPLES) if len(sound) < PIECE_SAMPLES else sound
    if len(sound) < RATE_HZ // 2:
        return []
    cuts = [whole[at : at + PIECE_SAMPLES] for at in range(0, len(whole) - PIECE_SAMPLES + 1, PIECE_SAMPLES)]
    return [noises_table.level(cut) for cut in cuts if rms(cut) > 1e-4]


def _stack(rows: Sequence[Samples], length: int, kind: Any) -> NDArray[Any]:
    out = np.zeros((len(rows), length), kind)
    for row, values in zip(out, rows, strict=True):
        row[: len(values)] = values
    return out
