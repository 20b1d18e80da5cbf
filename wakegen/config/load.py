"""Put the layers together: command line > environment > file > user configuration > defaults."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints

from wakegen.config import later, presets
from wakegen.config.check import Wrong, convert, from_text
from wakegen.config.read import Given, Layer, read_file
from wakegen.config.schema import INTERNAL, keys
from wakegen.config.settings import EngineChoice, Settings
from wakegen.core.errors import BadConfig, BadInput, NotInstalled
from wakegen.core.names import did_you_mean

_PREFIX = "WAKEGEN_"
_NOT_KEYS = frozenset(
    ("WAKEGEN_CACHE", "WAKEGEN_CATALOGUE", "WAKEGEN_LOG_DIR", "WAKEGEN_REAL_DATA", "WAKEGEN_VOICES")
)  # read elsewhere
# Which spelling of an option the user reads about in errors and origins.
_OPTION_NAMES = {
    "generation.wake_words": "PHRASE",
    "generation.count": "--count",
    "generation.output_dir": "--out",
    "generation.language": "--language",
    "limits.jobs": "--jobs",
    "export.allow_poor": "--allow-poor",
    "folders.negatives": "--negatives",
    "folders.noise": "--noise",
    "folders.rir": "--rir",
    "folders.recordings": "--recordings",
    "engines": "--engine",
    "voices": "--voice",
    "preset": "--preset",
    "device": "--device",
    "seed": "--seed",
    "strict": "--strict",
}


def load_settings(
    file: Path | None = None,
    *,
    env: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    user_file: Path | None = None,
) -> Settings:
    """Give the settings of a run.

    Parameters
    ----------
    file : the wakegen.yaml, if there is one
    env : the environment (None: that of the process)
    options : values by dotted key ("generation.count"), and `voices` for the engines named; None values are not given
    user_file : the user's own configuration (None: `user_config_path(env)`, if it exists)

    Raises
    ------
    BadConfig, BadInput : a key or value is not right; the message says where it stands.
    NotInstalled : `strict`, and something asked for is not available.
    """
    env = os.environ if env is None else env
    user_file = user_file or user_config_path(env)
    layers = [_from_options(options or {}), _from_environment(env)]  # strongest first
    layers += [read_file(file, env)] if file is not None else []
    layers += [read_file(user_file, env)] if user_file.is_file() else []
    values = _merged([layer.values for layer in layers])
    notices = tuple(note for layer in layers for note in layer.notices) + tuple(_unbuilt(values))
    values = _with_voices(values, (options or {}).get("voices") or ())
    if values["strict"].value and notices:
        raise NotInstalled(notices[0], hint="Remove it, or run without --strict.")
    return _build(values, notices)


def user_config_path(env: Mapping[str, str]) -> Path:
    """Give where the user's own configuration stands, whether or not it exists."""
    base = env.get("XDG_CONFIG_HOME") or (f"{env['HOME']}/.config" if env.get("HOME") else "~/.config")
    return Path(base).expanduser() / "wakegen" / "config.yaml"


def _from_options(options: Mapping[str, Any]) -> Layer:
    given = {}
    for name, raw in options.items():
        if raw is None or raw == () or name == "voices":
            continue
        shown = _OPTION_NAMES.get(name, name)
        if name == "engines":
            given[name] = Given(_engine_names(raw, shown), f"command line {shown}")
            continue
        if name not in keys():
            raise BadInput(f"{name}: unknown key", hint=did_you_mean(name, keys()))
        given[name] = Given(_checked(name, raw, shown), f"command line {shown}")
    return Layer(given)


def _from_environment(env: Mapping[str, str]) -> Layer:
    names = {key.variable: key for key in keys().values()}
    given, notices = {}, []
    for variable, text in sorted(env.items()):
        if not variable.startswith(_PREFIX) or variable in _NOT_KEYS or not text:
            continue
        where = f"environment variable {variable}"
        if variable == "WAKEGEN_ENGINES":
            given["engines"] = Given(_engine_names(text.split(","), where), where)
        elif variable in names:
            key = names[variable]
            given[key.name] = Given(_checked(key.name, from_text(key, text), where), where)
        else:
            near = difflib.get_close_matches(variable, names, n=1, cutoff=0.8)
            notices.append(f"{where}: no such key; it changes nothing.{f' Did you mean {near[0]}?' if near else ''}")
    return Layer(given, tuple(notices))


def _checked(name: str, raw: Any, shown: str) -> Any:
    try:
        return convert(keys()[name], raw)
    except Wrong as error:
        kind = BadConfig if shown.startswith("environment") else BadInput
        raise kind(f"{shown}: {error}.", hint=error.hint) from None


def _engine_names(raw: Sequence[Any], shown: str) -> tuple[EngineChoice, ...]:
    """Read "espeak", "espeak:0.7" or finished choices."""
    choices = []
    for item in raw:
        if isinstance(item, EngineChoice):
            choices.append(item)
            continue
        name, _, weight = str(item).strip().partition(":")
        try:
            share = float(weight) if weight else 1.0
        except ValueError:
            share = 0.0
        if not name or not share > 0:
            raise BadInput(
                f"{shown}: '{item}' is not an engine.", hint="Write a name, or name:weight, like espeak:0.7."
            )
        choices.append(EngineChoice(type=name, weight=share))
    return tuple(choices)


def _merged(layers: list[dict[str, Given]]) -> dict[str, Given]:
    """Take each key from the strongest layer; a preset's numbers stand just below the layer that names the preset."""
    defaults = {name: Given(key.default, "default") for name, key in keys().items()}
    place = next((index for index, layer in enumerate(layers) if "preset" in layer), len(layers))
    preset = layers[place]["preset"] if place < len(layers) else defaults["preset"]
    stronger = layers[: place + 1]
    count = next((layer["generation.count"].value for layer in stronger if "generation.count" in layer), None)
    train = next((layer["train.preset"].value for layer in stronger if "train.preset" in layer), None)
    where = f"preset {preset.value}" if preset.origin == "default" else f"preset {preset.value} ({preset.origin})"
    numbers = {
        name: Given(value, where) for name, value in presets.values(preset.value, count=count, train=train).items()
    }
    merged = dict(defaults)
    for layer in [*layers[place + 1 :][::-1], numbers, *stronger[::-1]]:
        merged |= layer
    return merged


def _unbuilt(values: dict[str, Given]) -> Iterator[str]:
    given = values["augmentation.profiles"]
    for name in given.value:
        if name not in later.ENVIRONMENTS and name not in later.ENVIRONMENTS_BUILT:
            known = {*later.ENVIRONMENTS, *later.ENVIRONMENTS_BUILT}
            raise BadConfig(
                f"{given.origin}: augmentation.profiles: unknown environment '{name}'", hint=did_you_mean(name, known)
            )
        if name not in later.ENVIRONMENTS_BUILT:
            yield f"{given.origin}: augmentation.profiles: '{name}' is not available in this version; the device's own rooms are used."
    form = values["export.format"]
    if form.value not in later.FORMATS:
        raise BadConfig(
            f"{form.origin}: export.format: unknown format '{form.value}'", hint=did_you_mean(form.value, later.FORMATS)
        )
    if form.value not in later.FORMATS_BUILT:
        yield f"{form.origin}: export.format: '{form.value}' is not available in this version; openwakeword is used."


def _with_voices(values: dict[str, Given], voices: Sequence[str]) -> dict[str, Given]:
    """Give the voices named on the command line to their engines: "voice" or "engine:voice"."""
    if not voices:
        return values
    engines = list(values["engines"].value)
    for index, engine in enumerate(engines):
        own = tuple(name for name in (_voice_of(voice, engine.type, engines) for voice in voices) if name)
        engines[index] = replace(engine, voices=own or engine.voices)
    return values | {"engines": Given(tuple(engines), "command line --voice")}


def _voice_of(voice: str, engine: str, engines: Sequence[EngineChoice]) -> str:
    owner, colon, name = voice.partition(":")
    if colon and any(choice.type == owner for choice in engines):
        return name if owner == engine else ""
    if len(engines) > 1:
        listed = ", ".join(choice.type for choice in engines)
        raise BadInput(
            f"--voice: '{voice}' could belong to any of {listed}.", hint=f"Write it as {engines[0].type}:{voice}."
        )
    return voice


def _build(values: dict[str, Given], notices: tuple[str, ...]) -> Settings:
    origins = {name: given.origin for name, given in values.items()}
    plain = {name: given.value for name, given in values.items()}
    settings: Settings = _fill(Settings, "", plain)
    return replace(settings, origins=origins, notices=notices)


def _fill(kind: Any, prefix: str, values: Mapping[str, Any]) -> Any:
    hints = get_type_hints(kind)
    filled = {}
    for entry in fields(kind):
        if kind is Settings and entry.name in INTERNAL:
            continue
        inner = hints[entry.name]
        filled[entry.name] = (
            _fill(inner, f"{prefix}{entry.name}.", values) if is_dataclass(inner) else values[prefix + entry.name]
        )
    return kind(**filled)


def parse_assignment(name: str, text: str) -> tuple[str, Any]:
    """Read "KEY=VALUE" as `--set` gives it: the key's own name and its value.

    Raises
    ------
    BadInput : there is no such key.
    """
    if name in ("engines", "providers"):
        return "engines", tuple(text.split(","))
    if name not in keys():
        raise BadInput(f"--set {name}: unknown key", hint=did_you_mean(name, keys()))
    return name, from_text(keys()[name], text)
