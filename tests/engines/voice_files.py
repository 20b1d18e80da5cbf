"""Voice files small enough for tests: real ONNX graphs with the inputs, outputs and noise of the real ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.parser

# One tone of 512 samples (at rate 1) for each symbol; its pitch depends on symbol, speaker and the first noise, and the
# second noise is heard beside it, each as strongly as `scales` says.
_PIPER = """
<ir_version: 9, opset_import: ["" : 15]>
tiny (int64[b, t] input, int64[b] input_lengths, float[3] scales{sid}) => (float[b, 1, 1, n] output) {{
  first = Constant <value_int = 0> ()
  second = Constant <value_int = 1> ()
  third = Constant <value_int = 2> ()
  noise_scale = Gather (scales, first)
  length_scale = Gather (scales, second)
  noise_w = Gather (scales, third)
  symbols = Cast <to = 1> (input)
  drawn = {random} (symbols)
  swaying = Mul (drawn, noise_w)
  step = Constant <value_float = 0.002> ()
  sway = Constant <value_float = 0.0005> ()
  base = Constant <value_float = 0.02> ()
  stepped = Mul (symbols, step)
  swayed = Mul (swaying, sway)
  moved = Add (stepped, swayed)
  placed = Add (moved, base)
  {speaker}
  last = Constant <value_ints = [2]> ()
  columns = Unsqueeze (pitch, last)
  samples = Constant <value_float = {samples}> ()
  longer = Mul (samples, length_scale)
  rounded = Cast <to = 7> (longer)
  flat = Constant <value_ints = [1]> ()
  repeat = Reshape (rounded, flat)
  once = Constant <value_ints = [1, 1]> ()
  repeats = Concat <axis = 0> (once, repeat)
  tiled = Tile (columns, repeats)
  shape = Constant <value_ints = [1, 1, 1, -1]> ()
  row = Reshape (tiled, shape)
  time = Constant <value_int = 3> ()
  phase = CumSum (row, time)
  tone = Sin (phase)
  hiss = RandomNormalLike (tone)
  hissing = Mul (hiss, noise_scale)
  softly = Constant <value_float = 0.02> ()
  soft = Mul (hissing, softly)
  both = Add (tone, soft)
  gain = Constant <value_float = {gain}> ()
  output = Mul (both, gain)
}}
"""
_SPEAKER = """
  number = Cast <to = 1> (sid)
  apart = Constant <value_float = 0.01> ()
  higher = Mul (number, apart)
  pitch = Add (placed, higher)
"""

# One tone of 2,400 samples (at speed 1) for each symbol; its pitch depends on the symbol and the style's first number.
_KOKORO = """
<ir_version: 9, opset_import: ["" : 17]>
tiny (int64[1, t] tokens, float[1, 256] style, {speed}[1] speed) => (float[n] audio) {
  symbols = Cast <to = 1> (tokens)
  zero = Constant <value_ints = [0]> ()
  one = Constant <value_ints = [1]> ()
  hue = Slice (style, zero, one, one)
  step = Constant <value_float = 0.001> ()
  stepped = Mul (symbols, step)
  pitch = Add (stepped, hue)
  last = Constant <value_ints = [2]> ()
  columns = Unsqueeze (pitch, last)
  samples = Constant <value_float = 2400.0> ()
  quick = Cast <to = 1> (speed)
  shorter = Div (samples, quick)
  repeat = Cast <to = 7> (shorter)
  once = Constant <value_ints = [1, 1]> ()
  repeats = Concat <axis = 0> (once, repeat)
  tiled = Tile (columns, repeats)
  shape = Constant <value_ints = [-1]> ()
  row = Reshape (tiled, shape)
  time = Constant <value_int = 0> ()
  phase = CumSum (row, time)
  tone = Sin (phase)
  gain = Constant <value_float = 0.5> ()
  audio = Mul (tone, gain)
}
"""


def piper_model(
    *, speakers: int = 1, random: str = "RandomNormalLike", samples: float = 512, gain: float = 0.5
) -> bytes:
    """Give a model of Piper's kind."""
    text = _PIPER.format(
        sid=", int64[b] sid" if speakers > 1 else "",
        speaker=_SPEAKER if speakers > 1 else "pitch = Identity (placed)",
        random=random,
        samples=float(samples),
        gain=float(gain),
    )
    return _bytes(text)


def piper_config(*, speakers: int = 1, **changes: Any) -> dict[str, Any]:
    """Give the JSON of a voice, with the library's own symbols."""
    from piper.phoneme_ids import DEFAULT_PHONEME_ID_MAP

    return {
        "audio": {"sample_rate": 22050},
        "espeak": {"voice": "en-us"},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_id_map": {symbol: list(ids) for symbol, ids in DEFAULT_PHONEME_ID_MAP.items()},
        "num_symbols": 256,
        "num_speakers": speakers,
        "speaker_id_map": {},
        **changes,
    }


def put_piper(folder: Path, name: str, *, model: bytes | None = None, config: Any = None, speakers: int = 1) -> None:
    """Write a voice; `folder` is the folder of all voices."""
    where = folder / "piper"
    where.mkdir(parents=True, exist_ok=True)
    (where / f"{name}.onnx").write_bytes(piper_model(speakers=speakers) if model is None else model)
    text = json.dumps(piper_config(speakers=speakers) if config is None else config)
    (where / f"{name}.onnx.json").write_text(text)


def put_kokoro(folder: Path, *styles: str, speed: str = "float") -> None:
    """Write a model and styles; each style has a pitch of its own."""
    where = folder / "kokoro" / "styles"
    where.mkdir(parents=True, exist_ok=True)
    (where.parent / "kokoro-v1.0.int8.onnx").write_bytes(_bytes(_KOKORO.replace("{speed}", speed)))
    for index, name in enumerate(styles):
        np.full((510, 1, 256), 0.02 + 0.01 * index, "<f4").tofile(where / f"{name}.bin")


def _bytes(text: str) -> bytes:
    model = onnx.parser.parse_model(text)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())
