"""Which of the engines asked for will speak: what is missing is named, and its share goes to the others."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from wakegen.config.settings import EngineChoice, Settings
from wakegen.core.errors import BadInput, NotInstalled
from wakegen.core.names import did_you_mean

_FOR_TESTS = "fake"
DEFAULT = "espeak"  # comes with the package, speaks every language


def choose_engines(
    settings: Settings, available: Collection[str], elsewhere: Collection[str] = ()
) -> tuple[tuple[EngineChoice, ...], tuple[str, ...]]:
    """Give the engines that speak, their weights adding up to 1, and a notice for each that cannot.

    `available` are the engines that can be used now, `elsewhere` those that a configuration may name although this
    version has no code for them.

    Raises
    ------
    BadInput : no engine has this name.
    NotInstalled : it is missing, and was named on the command line or `strict` is set.
    """
    origin = settings.origins.get("engines", "default")
    missing = [choice for choice in settings.engines if choice.type not in available]
    for choice in missing:
        if choice.type not in elsewhere:
            names = {*available, *elsewhere}
            raise BadInput(f"{origin}: unknown engine '{choice.type}'.", hint=did_you_mean(choice.type, names))
        if settings.strict or origin.startswith("command line"):
            listed = ", ".join(sorted(set(available) - {_FOR_TESTS}))
            raise NotInstalled(
                f"{origin}: the engine '{choice.type}' is not available in this version.", hint=f"Available: {listed}."
            )
    present = [choice for choice in settings.engines if choice.type in available]
    whole = sum(choice.weight for choice in settings.engines)
    heirs = "the others" if present else DEFAULT
    notices = tuple(
        f"{origin}: the engine '{choice.type}' is not available in this version; its share of {choice.weight / whole:.0%} goes to {heirs}."
        for choice in missing
    )
    speakers = present or [EngineChoice(type=DEFAULT)]
    total = sum(choice.weight for choice in speakers)
    return tuple(replace(choice, weight=choice.weight / total) for choice in speakers), notices
