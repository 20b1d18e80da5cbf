"""What a project is planned from: the phrase as sounds, who can speak, and what else will be said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version

from wakegen.config import EngineChoice, Settings, choose_engines
from wakegen.core.errors import BadInput
from wakegen.core.files import write_text
from wakegen.core.names import did_you_mean
from wakegen.core.paths import cache_folder
from wakegen.core.seeds import share, stream
from wakegen.core.version import VERSION
from wakegen.dataset.plan import FOREIGN_READERS, Said, Speakers, Texts, counts
from wakegen.dataset.splits import voice_pools
from wakegen.engines import table
from wakegen.engines.base import Voice
from wakegen.espeak import Espeak
from wakegen.text.avoid import Avoid
from wakegen.text.languages import accent_voices, native_voices
from wakegen.text.lexicon import SPLITS, Lexicon, build_lexicon, lexicon_from_json, lexicon_to_json
from wakegen.text.negatives import NegativeText, draw_negatives
from wakegen.text.phonemes import ipa_of
from wakegen.text.phrase import Phrase, parse_phrase
from wakegen.text.sentences import draw_sentences, short_utterances
from wakegen.text.sounds import Sounds


@dataclass(frozen=True, slots=True)
class Ingredients:
    """Everything that the plan is a pure function of, besides the settings."""

    phrase: Phrase
    speakers: tuple[Speakers, ...]
    texts: Texts
    notices: tuple[str, ...]


def gather(settings: Settings) -> Ingredients:
    """Read the phrase, ask the engines for voices, and draw all texts.

    Raises
    ------
    BadInput : the phrase, the language, an engine or a voice cannot be used.
    NotInstalled : an engine that was named is missing.
    """
    choices, notices = choose_engines(settings, available=_available(), elsewhere=table.KNOWN_ELSEWHERE)
    with Espeak() as espeak:
        phrase = parse_phrase(settings.phrase, settings.generation.language, espeak.phonemes, espeak.split_ipa)
        speakers = tuple(_speakers(choice, phrase, settings) for choice in choices)
        texts = _texts(phrase, settings, espeak)
    return Ingredients(phrase, speakers, texts, (*settings.notices, *notices, *phrase.warnings))


def _available() -> tuple[str, ...]:
    return tuple(name for name in table.names(hidden=True) if table.status(name).available)


def _speakers(choice: EngineChoice, phrase: Phrase, settings: Settings) -> Speakers:
    row = table.row(choice.type)
    with ExitStack() as stack:
        engine = stack.enter_context(table.load(choice.type))
        voices, version = engine.voices(), engine.version
    _refuse_unknown_voices(choice, voices)
    pools = voice_pools(
        choice.type,
        voices,
        native=native_voices(phrase.language),
        accents=accent_voices(phrase.language),
        only=choice.voices,
        ratio=settings.export.split_ratio,
        seed=settings.seed,
    )
    if not any(pool.native for pool in pools.values()):
        raise BadInput(
            f"The engine '{choice.type}' has no voice for the language '{phrase.language}'.",
            hint=f"See `wakegen voices list --engine {choice.type}`.",
        )
    return Speakers(choice, version, row.licence, row.controls, pools)


def _refuse_unknown_voices(choice: EngineChoice, voices: Sequence[Voice]) -> None:
    known = {voice.name for voice in voices}
    for name in choice.voices:
        if name not in known:
            raise BadInput(f"The engine '{choice.type}' has no voice '{name}'.", hint=did_you_mean(name, known))


def _texts(phrase: Phrase, settings: Settings, espeak: Espeak) -> Texts:
    lexicon = _lexicon(phrase.language, espeak)
    avoid = Avoid(phrase, lexicon, espeak.phonemes)
    wanted, seed, language = counts(settings), settings.seed, phrase.language

    def said(draw: Callable[..., tuple[str, ...]], name: str, many: Mapping[str, int]) -> dict[str, tuple[Said, ...]]:
        drawn = {split: draw(language, stream(seed, name, split), many[split], split, avoid) for split in SPLITS}
        return {split: _said(texts, language, espeak, seed) for split, texts in drawn.items()}

    return Texts(
        sounds=Sounds.of(lexicon, phrase.flat),
        confusables=_divided(phrase, settings, lexicon, espeak, wanted["confusable"]),
        sentences=said(draw_sentences, "sentences", wanted["sentence"]),
        words=said(short_utterances, "words", wanted["word"]),
    )


def _lexicon(language: str, espeak: Espeak) -> Lexicon:
    """Give the words of a language with their sounds; asking for 20,000 takes seconds, so they are kept."""
    path = cache_folder() / "lexicons" / f"{language}-{espeak.version}-{version('wordfreq')}-{VERSION}.json"
    if path.exists():
        return lexicon_from_json(path.read_text(encoding="utf-8"))
    lexicon = build_lexicon(language, espeak.phonemes)
    write_text(path, lexicon_to_json(lexicon))
    return lexicon


def _said(texts: Sequence[str], language: str, espeak: Espeak, seed: int) -> tuple[Said, ...]:
    """Spell out the sounds of the share of texts that voices of other languages read."""
    foreign = [text for text in texts if share(seed, "foreign reader", text) < FOREIGN_READERS]
    sounds = dict(zip(foreign, espeak.phonemes(foreign, language), strict=True))
    return tuple(Said(text, ipa_of(sounds[text]) if text in sounds else "") for text in texts)


def _divided(
    phrase: Phrase, settings: Settings, lexicon: Lexicon, espeak: Espeak, wanted: Mapping[str, int]
) -> dict[str, tuple[NegativeText, ...]]:
    """Draw what sounds like the phrase once, without repeats, and give each split its part."""
    rng = stream(settings.seed, "confusables")
    drawn = draw_negatives(phrase, rng, sum(wanted.values()), lexicon, espeak.phonemes)
    shares = {split: wanted[split] / max(1, sum(wanted.values())) for split in SPLITS}
    val_end = round(len(drawn) * shares["val"])
    test_end = val_end + round(len(drawn) * shares["test"])
    return {"val": drawn[:val_end], "test": drawn[val_end:test_end], "train": drawn[test_end:]}
