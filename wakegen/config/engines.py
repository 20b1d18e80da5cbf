"""Which of the engines asked for will speak: what is missing is named, and its share goes to the others."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from wakegen.config.settings import AUTO, EngineChoice, Settings
from wakegen.core.errors import BadInput, NotInstalled
from wakegen.core.names import did_you_mean

_FOR_TESTS = "fake"
DEFAULT = "espeak"  # comes with the package, speaks every language
# Of the phrase's clips, if there are three others or more, who share the rest evenly. Less of espeak-ng costs accuracy
# on people's voices, so does none of the others (docs/notes/0005-voices.md).
_DEFAULT_SHARE = 0.4
# Of any other engine: with six tenths said by flite's four voices a head learns them instead of the phrase.
_LARGEST_SHARE = 0.2


@dataclass(frozen=True, slots=True)
class Known:
    """What the table says of one engine, as far as choosing goes."""

    missing: str = ""  # why it cannot be used now; "" if it can
    install: str = ""  # the command that would change that; "" where none would
    automatic: bool = True  # whether `auto` takes it


def choose_engines(settings: Settings, known: Mapping[str, Known]) -> tuple[tuple[EngineChoice, ...], tuple[str, ...]]:
    """Give the engines that speak, their weights adding up to 1, and a notice for each that cannot.

    `known` are all engines that a configuration may name.

    Raises
    ------
    BadInput : no engine has this name, or `auto` stands beside others.
    NotInstalled : it is missing, and was named on the command line or `strict` is set.
    """
    origin = settings.origins.get("engines", "default")
    if any(choice.type == AUTO for choice in settings.engines):
        return _automatic(settings, known, origin)
    missing = [choice for choice in settings.engines if choice.type not in known or known[choice.type].missing]
    for choice in missing:
        if choice.type not in known:
            names = {AUTO, *known} - {_FOR_TESTS}
            raise BadInput(f"{origin}: unknown engine '{choice.type}'.", hint=did_you_mean(choice.type, names))
        if settings.strict or origin.startswith("command line"):
            raise NotInstalled(
                f"{origin}: the engine '{choice.type}' cannot be used: {known[choice.type].missing}.",
                hint=known[choice.type].install or f"Usable: {_listed(known)}.",
            )
    present = [choice for choice in settings.engines if choice not in missing]
    whole = sum(choice.weight for choice in settings.engines)
    heirs = "the others" if present else DEFAULT
    notices = tuple(
        f"{origin}: the engine '{choice.type}' cannot be used ({_why(known[choice.type])}); its share of {choice.weight / whole:.0%} goes to {heirs}."
        for choice in missing
    )
    return _normalised(present or [EngineChoice(type=DEFAULT)]), notices


def _automatic(
    settings: Settings, known: Mapping[str, Known], origin: str
) -> tuple[tuple[EngineChoice, ...], tuple[str, ...]]:
    if len(settings.engines) > 1:
        raise BadInput(
            f"{origin}: '{AUTO}' already stands for all engines.", hint=f"Give '{AUTO}' alone, or only names."
        )
    able = [name for name, one in known.items() if one.automatic]
    usable = [name for name in able if not known[name].missing]
    weights = automatic_shares(usable)
    absent = [f"{name} ({_why(known[name])})" for name in able if name not in usable]
    notices = (f"Engines that are not here and would help: {'; '.join(absent)}.",) if absent else ()
    return _normalised([EngineChoice(type=name, weight=weights[name]) for name in usable]), notices


def automatic_shares(engines: Collection[str]) -> dict[str, float]:
    """Give each engine's share of the phrase's clips under `auto`: they add up to 1."""
    others = [name for name in engines if name != DEFAULT]
    shares = {name: min(_LARGEST_SHARE, (1 - _DEFAULT_SHARE) / len(others)) for name in others}
    if DEFAULT in engines:
        return shares | {DEFAULT: 1.0 - sum(shares.values())}
    return {name: 1 / len(others) for name in others}


def _normalised(choices: Collection[EngineChoice]) -> tuple[EngineChoice, ...]:
    total = sum(choice.weight for choice in choices)
    return tuple(replace(choice, weight=choice.weight / total) for choice in choices)


def _why(engine: Known) -> str:
    return f"{engine.missing}: {engine.install}" if engine.install else engine.missing


def _listed(known: Mapping[str, Known]) -> str:
    return ", ".join(sorted(name for name, one in known.items() if not one.missing and name != _FOR_TESTS))
