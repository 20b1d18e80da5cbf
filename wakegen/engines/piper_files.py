"""Piper's voice files: NAME.onnx and NAME.onnx.json side by side. Listing reads the JSON alone."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wakegen.core.errors import BadInput
from wakegen.engines.base import Voice
from wakegen.engines.vits import check_whole
from wakegen.voices.catalogue import facts

UNKNOWN_LICENCE = "unknown"
_SPEAKERS_MAX = 20_000  # libritts_r, the largest voice there is, has 904
_READERS = ("espeak", "text")  # the others need packages and downloads of their own
# What Piper's configuration calls otherwise than BCP 47 does.
_TAGS = {"zh": "cmn", "zh-cn": "cmn", "en": "en-gb"}
# What the piper library reads from the JSON, and that it has to be there.
_KEYS = {
    "audio.sample_rate": int, "espeak.voice": str, "num_symbols": int, "num_speakers": int, "phoneme_id_map": dict,
}  # fmt: skip
_HINT = "`wakegen voices pull` brings whole voices; or take the files away."


@dataclass(frozen=True, slots=True, eq=False)
class PiperFile:
    """One pair of files, as its JSON describes it."""

    name: str  # of the ONNX file, without its ending
    path: Path
    config: dict[str, Any]  # the JSON, checked
    speakers: dict[str, int]  # by name; {"": 0} for a single one
    symbols: frozenset[str]  # what it reads

    @property
    def reads_letters(self) -> bool:
        """Whether it learned from letters, not from phonemes."""
        return bool(self.config.get("phoneme_type") == "text")

    @property
    def language(self) -> str:
        """Its language, BCP 47 in lower case."""
        tag = str(self.config["espeak"]["voice"]).lower().replace("_", "-")
        return _TAGS.get(tag, tag)

    def voices(self) -> tuple[Voice, ...]:
        """Give its voices: NAME, or NAME#SPEAKER for each of several speakers, in the order of their numbers."""
        known = facts("piper", self.name)
        person = known.speaker if known else _person(self.name)
        return tuple(
            Voice(
                engine="piper",
                name=f"{self.name}#{speaker}" if speaker else self.name,
                language=self.language,
                speaker=f"{person}#{speaker}" if speaker else person,
                gender=known.gender if known else "unknown",
                licence=known.licence if known else UNKNOWN_LICENCE,
                kind="neural",
                # A file that the catalogue does not know is the user's own: it is for him to know what he may do.
                commercial=known.commercial if known else True,
            )
            for speaker in self.speakers
        )


def find(folder: Path) -> tuple[tuple[PiperFile, ...], dict[str, str]]:
    """Give the voices in a folder, by name, and why others cannot be used (name: reason)."""
    names = {path.name.removesuffix(".json").removesuffix(".onnx") for path in folder.glob("*.onnx*") if _is_part(path)}
    good, bad = [], {}
    for name in sorted(names):
        try:
            good.append(_read(folder / f"{name}.onnx", name))
        except BadInput as error:
            bad[name] = str(error)
    return tuple(good), bad


def _is_part(path: Path) -> bool:
    return path.name.endswith((".onnx", ".onnx.json")) and not path.name.startswith(".")


def _read(path: Path, name: str) -> PiperFile:
    sidecar = path.with_name(f"{name}.onnx.json")
    for part in (path, sidecar):
        if not part.is_file():
            raise BadInput(f"{part.name} is missing.", hint=_HINT)
    try:
        config = json.loads(sidecar.read_text(encoding="utf-8"))
        outline = check_whole(path)
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{sidecar.name} is no JSON: {error}.", hint=_HINT) from error
    except OSError as error:
        raise BadInput(f"{error.filename or path} cannot be read: {error.strerror}.", hint=_HINT) from error
    if outline:
        raise BadInput(f"{path.name}: {outline}.", hint=_HINT)
    wrong = _wrong(config)
    if wrong:
        raise BadInput(f"{sidecar.name}: {wrong}.", hint=_HINT)
    return PiperFile(name, path, config, _speakers(config), frozenset(config["phoneme_id_map"]))


def _wrong(config: Any) -> str:
    """Say what is wrong with a voice's JSON, "" if nothing is."""
    for key, kind in _KEYS.items():
        value = config
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if not isinstance(value, kind) or isinstance(value, bool):
            return f"'{key}' is missing" if value is None else f"'{key}' is no {kind.__name__}"
    if config.get("phoneme_type", "espeak") not in _READERS:
        return f"its texts are read by '{config['phoneme_type']}', which wakegen does not have"
    if not 8000 <= config["audio"]["sample_rate"] <= 48000:
        return f"'audio.sample_rate' is {config['audio']['sample_rate']}"
    if config["num_speakers"] > _SPEAKERS_MAX:
        return f"'num_speakers' is {config['num_speakers']}"
    numbers = config.get("inference", {})
    if not isinstance(numbers, dict) or not all(isinstance(one, int | float) for one in numbers.values()):
        return "'inference' holds something else than numbers"
    return _wrong_map(config) or _wrong_speakers(config)


def _wrong_map(config: dict[str, Any]) -> str:
    symbols = config["phoneme_id_map"]
    for symbol in ("_", "^", "$"):  # pad, start and end, which every sentence has
        if symbol not in symbols:
            return f"'phoneme_id_map' lacks '{symbol}'"
    for symbol, ids in symbols.items():
        if not (isinstance(ids, list) and all(_is_index(one, config["num_symbols"]) for one in ids)):
            return f"'phoneme_id_map' has no numbers below {config['num_symbols']} for '{symbol}'"
    return ""


def _wrong_speakers(config: dict[str, Any]) -> str:
    speakers = config.get("speaker_id_map") or {}
    count = max(1, config["num_speakers"])
    if not isinstance(speakers, dict) or not all(_is_index(one, count) for one in speakers.values()):
        return f"'speaker_id_map' holds something else than numbers below {count}"
    return ""


def _is_index(value: Any, count: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count


def _speakers(config: dict[str, Any]) -> dict[str, int]:
    """Give the speakers by name, in the order of their numbers; one whom the file does not name is named by it."""
    if config["num_speakers"] <= 1:
        return {"": 0}
    named = {number: name for name, number in (config.get("speaker_id_map") or {}).items()}
    return {named.get(number) or str(number): number for number in range(config["num_speakers"])}


def _person(name: str) -> str:
    """Give who speaks, of LANGUAGE-PERSON-QUALITY as Piper's voices are named: joe, of en_US-joe-medium."""
    parts = name.split("-")
    person = parts[1] if len(parts) == 3 and parts[1] else name
    return person.replace("+", "_")  # a "+" stands between the two speakers of a mixture
