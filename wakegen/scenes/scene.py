"""A scene: every number that decides how a clip is rendered, and the drawing of one.

`draw` makes all random choices; `render` makes none. A scene is a row of plain values, so it can be kept, shown,
changed and rendered again.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from wakegen.audio import RATE_HZ
from wakegen.core.errors import BadInput
from wakegen.core.names import did_you_mean
from wakegen.profiles import DeviceProfile
from wakegen.scenes.bank import PIECE_SAMPLES, Sizes

SPLITS = ("train", "val", "test")
ROLES = tuple(f"{split}_{kind}" for split in SPLITS for kind in ("positive", "negative"))
EQ_HZ = (90.0, 180.0, 360.0, 720.0, 1400.0, 2500.0, 4200.0, 7000.0)

# Rooms and noises of the three splits are disjoint: these shares of the bank, in order.
_SPLIT_ENDS = {"train": (0.0, 0.7), "val": (0.7, 0.85), "test": (0.85, 1.0)}
_CROSSFADE_S = 0.05


@dataclass(frozen=True, slots=True)
class Recipe:
    """How likely what is. The defaults are those that measured accuracy on real voices hangs on, with more noise."""

    positive_s: float = 2.5  # length of a training positive
    end_s: float = 1.9  # where its phrase ends, so that a 1.98 s window can end 0.1 to 0.6 s later
    end_jitter_s: float = 0.04  # ±: half a step, so that every phase of the 80 ms grid occurs
    lead_s: tuple[float, float] = (0.2, 1.2)  # before the speech of a negative
    tail_s: float = 0.6  # after any speech
    test_lead_s: tuple[float, float] = (2.2, 2.7)  # a window before the phrase hears the same room
    test_tail_s: float = 1.0
    warp_octaves: float = 0.25  # ±: pitch and formants
    stretch_p: float = 0.3
    stretch: tuple[float, float] = (0.8, 1.5)
    before_p: float = 0.3  # other speech before the phrase
    after_p: float = 0.25
    reverb_p: float = 0.6
    user_share: float = 0.5  # of rooms and of noises, where the user gave some
    eq_p: float = 0.7
    eq_step_db: float = 2.0
    high_pass_p: float = 0.6
    high_pass_hz: tuple[float, float] = (60.0, 350.0)
    low_pass_p: float = 0.4
    low_pass_hz: tuple[float, float] = (3000.0, 7500.0)
    floor_db: tuple[float, float] = (25.0, 55.0)  # speech over room tone and hiss
    noise_p: float = 0.9
    babble_share: float = 0.28  # of the noise
    snr_db: tuple[float, float] = (0.0, 30.0)
    snr_hard_db: tuple[float, float] = (0.0, 15.0)
    snr_hard_p: float = 0.8  # how often the hard range is used
    level_dbfs: tuple[float, float] = (-42.0, -12.0)  # active RMS of the speech
    physical_p: float = 0.25  # level and hiss as this device would give at a natural loudness
    speech_db_spl: tuple[float, float] = (62.6, 5.0)  # at 1 m: mean of normal effort (ANSI S3.5), spread over people
    overdriven_p: float = 0.05
    overdrive_db: float = 12.0


# What a detector is judged in: a home as it is on most days, not the hardship that training is made of.
EVERYDAY = Recipe(
    warp_octaves=0.12, stretch_p=0.15, stretch=(0.85, 1.3), before_p=0.2, after_p=0.15, eq_p=0.5, low_pass_p=0.2,
    floor_db=(30.0, 55.0), noise_p=0.6, snr_hard_p=0.0, level_dbfs=(-38.0, -14.0), overdriven_p=0.01,
)  # fmt: skip
# What must not wake it: on most days, people close by in quiet.
BYSTANDERS = replace(EVERYDAY, noise_p=0.25, reverb_p=0.35)
CLEAN = Recipe(stretch_p=0, warp_octaves=0, before_p=0, after_p=0, reverb_p=0, eq_p=0, noise_p=0, overdriven_p=0)


@dataclass(frozen=True, slots=True)
class Scene:
    """All that decides a clip, but for the speech that is handed to `render` with it."""

    role: str
    seed: int  # of the hiss and of where babble starts
    length_s: float
    start_s: float  # where the speech starts; without speech, 0
    speech: bool = True  # False: noise alone
    warp_factor: float = 1.0  # of pitch and formants
    stretch_factor: float = 1.0  # of length, pitch kept
    before_gap_s: float | None = None  # pause after the speech before; None: no speech before
    before_db: float = 0.0  # its level against the speech
    after_gap_s: float | None = None
    after_db: float = 0.0
    rir: int | None = None  # index in the bank; None: no room
    eq_db: tuple[float, ...] = ()  # gains at EQ_HZ; empty: none
    high_pass_hz: float | None = None  # beside the device's own
    low_pass_hz: float | None = None
    noises: tuple[int, ...] = ()  # pieces of the bank, one after another; behind babble only if there are no voices
    noise_start_s: float = 0.0  # in the first piece
    babble_voices: int = 0  # how many voices the caller should hand over
    babble_rir: int | None = None
    snr_db: float | None = None  # active speech over active noise, behind microphone and filters
    tone: int = 0
    tone_start_s: float = 0.0
    floor_db: float = 40.0  # speech over room tone
    hiss_db: float = 60.0  # speech over white noise
    level_dbfs: float | None = None  # active RMS of the speech (of the noise, when it is alone)
    speech_db_spl: float | None = None  # instead: loudness at 1 m; level and hiss follow from the device
    sensitivity_db: float = 0.0  # this microphone against its data sheet
    overdrive_db: float = 0.0

    @property
    def wants_before(self) -> bool:
        """Whether `render` needs speech to put before."""
        return self.before_gap_s is not None

    @property
    def wants_after(self) -> bool:
        """Whether `render` needs speech to put after."""
        return self.after_gap_s is not None

    def to_json(self) -> dict[str, Any]:
        """Give plain JSON values."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @staticmethod
    def from_json(values: dict[str, Any]) -> Scene:
        """Read what `to_json` gave."""
        plain: dict[str, Any] = {key: tuple(item) if isinstance(item, list) else item for key, item in values.items()}
        return Scene(**plain)


def draw(
    profile: DeviceProfile,
    rng: np.random.Generator,
    *,
    role: str,
    speech_s: float,
    sizes: Sizes | None = None,
    length_s: float | None = None,
    recipe: Recipe | None = None,
) -> Scene:
    """Draw a scene.

    Parameters
    ----------
    role : one of ROLES; its split decides which rooms and noises may be used
    speech_s : duration of the speech as synthesised, trimmed; 0 for noise alone
    sizes : of the bank it will be rendered from; the default bank's if not given
    length_s : of the clip; needed when there is no speech, else chosen by the role

    Raises
    ------
    BadInput : no such role, or neither speech nor a length.
    """
    if role not in ROLES:
        raise BadInput(f"There is no role '{role}' of a scene.", hint=did_you_mean(role, ROLES))
    if speech_s <= 0 and length_s is None:
        raise BadInput("A scene without speech needs a length.", hint="Give length_s.")
    sizes, recipe = sizes or Sizes(), recipe or Recipe()
    split = role.split("_")[0]
    drawn: dict[str, Any] = {"role": role, "seed": int(rng.integers(1 << 31)), "speech": speech_s > 0}
    if speech_s > 0:
        drawn |= _draw_speech(rng, recipe)
        spoken_s = speech_s * drawn["stretch_factor"] / drawn["warp_factor"]
        drawn |= _draw_layout(rng, role, spoken_s, length_s, recipe)
    else:
        drawn |= {"length_s": length_s, "start_s": 0.0}
    drawn |= _draw_channel(rng, split, sizes, recipe)
    drawn |= _draw_noise(rng, split, sizes, recipe, length_s=drawn["length_s"], alone=speech_s <= 0)
    drawn |= _draw_levels(rng, split, profile, sizes, recipe, length_s=drawn["length_s"], alone=speech_s <= 0)
    plain: dict[str, Any] = {key: round(item, 4) if isinstance(item, float) else item for key, item in drawn.items()}
    return Scene(**plain)


def split_range(split: str, count: int) -> tuple[int, int]:
    """Give the first and one past the last of `count` things that a split may use; one thing at least."""
    low, high = (round(end * count) for end in _SPLIT_ENDS[split])
    return (low, high) if high > low else (min(low, count - 1), min(low, count - 1) + 1)


def _draw_speech(rng: np.random.Generator, recipe: Recipe) -> dict[str, Any]:
    stretched = rng.random() < recipe.stretch_p
    return {
        "warp_factor": float(2 ** rng.uniform(-recipe.warp_octaves, recipe.warp_octaves)),
        "stretch_factor": float(np.exp(rng.uniform(*np.log(recipe.stretch)))) if stretched else 1.0,
        "before_gap_s": float(rng.uniform(0.05, 0.6)) if rng.random() < recipe.before_p else None,
        "before_db": float(rng.normal(0, 4)),
        "after_gap_s": float(rng.uniform(0.05, 0.5)) if rng.random() < recipe.after_p else None,
        "after_db": float(rng.normal(0, 4)),
    }


def _draw_layout(
    rng: np.random.Generator, role: str, spoken_s: float, length_s: float | None, recipe: Recipe
) -> dict[str, Any]:
    """Place the speech. A phrase too long for the usual place ends later, and the clip with it."""
    jitter = rng.uniform(-recipe.end_jitter_s, recipe.end_jitter_s)
    split, label = role.split("_")
    if label == "positive" and split != "train":
        start = rng.uniform(*recipe.test_lead_s)
        shortest = start + spoken_s + recipe.test_tail_s
    elif label == "positive":
        start = max(recipe.end_s - spoken_s, 0.1) + jitter
        shortest = max(recipe.positive_s, start + spoken_s + recipe.positive_s - recipe.end_s)
        if recipe.end_s - spoken_s >= 0.1:
            shortest = recipe.positive_s
    else:
        start = rng.uniform(*recipe.lead_s)
        shortest = max(recipe.positive_s, start + spoken_s + recipe.tail_s)
    return {"start_s": float(start), "length_s": float(max(length_s or 0.0, shortest))}


def _draw_channel(rng: np.random.Generator, split: str, sizes: Sizes, recipe: Recipe) -> dict[str, Any]:
    drawn: dict[str, Any] = {"rir": _draw_rir(rng, split, sizes, recipe) if rng.random() < recipe.reverb_p else None}
    if rng.random() >= recipe.eq_p:
        return drawn
    steps = rng.uniform(-recipe.eq_step_db, recipe.eq_step_db, len(EQ_HZ))
    curve = np.cumsum(steps)
    drawn["eq_db"] = tuple(round(float(gain), 2) for gain in curve - curve.mean())
    if rng.random() < recipe.high_pass_p:
        drawn["high_pass_hz"] = float(rng.uniform(*recipe.high_pass_hz))
    if rng.random() < recipe.low_pass_p:
        drawn["low_pass_hz"] = float(rng.uniform(*recipe.low_pass_hz))
    return drawn


def _draw_rir(rng: np.random.Generator, split: str, sizes: Sizes, recipe: Recipe) -> int | None:
    return _draw_index(rng, split, made=sizes.rirs, users=sizes.user_rirs, recipe=recipe)


def _draw_index(rng: np.random.Generator, split: str, *, made: int, users: int, recipe: Recipe) -> int | None:
    """Draw one of the split's made things or, with the user's share, one of the user's, which come after them."""
    if made + users == 0:
        return None
    from_user = users > 0 and (made == 0 or rng.random() < recipe.user_share)
    index = int(rng.integers(*split_range(split, users if from_user else made)))
    return made + index if from_user else index


def _draw_noise(
    rng: np.random.Generator, split: str, sizes: Sizes, recipe: Recipe, *, length_s: float, alone: bool
) -> dict[str, Any]:
    """Draw noise or babble. Pieces of noise are drawn for babble too: they sound if the caller has no voices."""
    if not alone and rng.random() >= recipe.noise_p:
        return {}
    drawn: dict[str, Any] = {}
    if not alone:
        hard = rng.random() < recipe.snr_hard_p
        drawn["snr_db"] = float(rng.uniform(*(recipe.snr_hard_db if hard else recipe.snr_db)))
        if rng.random() < recipe.babble_share:
            drawn["babble_voices"] = int(rng.integers(1, 6))
            drawn["babble_rir"] = _draw_rir(rng, split, sizes, recipe) if rng.random() < recipe.reverb_p else None
    piece_s = PIECE_SAMPLES / RATE_HZ
    start = float(rng.uniform(0, max(piece_s - length_s, 0.0)))
    count = max(1, int(np.ceil((start + length_s - _CROSSFADE_S) / (piece_s - _CROSSFADE_S))))
    pieces = [_draw_index(rng, split, made=sizes.noises, users=sizes.user_noises, recipe=recipe) for _ in range(count)]
    return {**drawn, "noises": tuple(piece for piece in pieces if piece is not None), "noise_start_s": start}


def _draw_levels(
    rng: np.random.Generator,
    split: str,
    profile: DeviceProfile,
    sizes: Sizes,
    recipe: Recipe,
    *,
    length_s: float,
    alone: bool,
) -> dict[str, Any]:
    floor = rng.uniform(*recipe.floor_db)
    drawn: dict[str, Any] = {
        "tone": int(rng.integers(*split_range(split, max(sizes.tones, 1)))),
        "tone_start_s": float(rng.uniform(0, 16)),
        "floor_db": float(floor),
        "hiss_db": float(floor + rng.uniform(0, 20)),
        "overdrive_db": recipe.overdrive_db if rng.random() < recipe.overdriven_p else 0.0,
    }
    if not alone and rng.random() < recipe.physical_p:
        tolerance = profile.microphones[0].tolerance_db
        drawn["speech_db_spl"] = float(rng.normal(*recipe.speech_db_spl))
        drawn["sensitivity_db"] = float(rng.uniform(-tolerance, tolerance))
    else:
        drawn["level_dbfs"] = float(rng.uniform(*recipe.level_dbfs))
    return drawn
