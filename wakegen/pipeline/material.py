"""What a project is planned from: the phrase as sounds, who can speak, and what else will be said."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib.metadata import version

from wakegen.config import EngineChoice, Known, Settings, automatic_shares, choose_engines
from wakegen.core.errors import BadInput, StorageError
from wakegen.core.files import write_text
from wakegen.core.names import did_you_mean
from wakegen.core.paths import cache_folder
from wakegen.core.seeds import share, stream
from wakegen.core.version import VERSION
from wakegen.dataset.cast import Speakers
from wakegen.dataset.plan import FOREIGN_READERS, Said, Texts, counts
from wakegen.dataset.splits import VoicePool, cast_speakers, chosen_voices, language_of, voice_pools
from wakegen.engines import roll, table
from wakegen.engines.base import Answer, Voice
from wakegen.espeak import Espeak
from wakegen.text.avoid import Avoid
from wakegen.text.languages import accent_voices, find_language, native_voices
from wakegen.text.lexicon import SPLITS, Lexicon, build_lexicon, lexicon_from_json, lexicon_to_json
from wakegen.text.negatives import NegativeText, draw_negatives
from wakegen.text.phonemes import ipa_of
from wakegen.text.phrase import Phrase, parse_phrase
from wakegen.text.sentences import draw_sentences, short_utterances
from wakegen.text.sounds import Sounds

_UNBUILT = "not available in this version"
_DIPHONES = "concatenative"
_VALIDATOR_WEIGHT = 0.3  # beside the shares of the others: about a third of the held-out phrases


@dataclass(frozen=True, slots=True)
class Ingredients:
    """Everything that the plan is a pure function of, besides the settings."""

    phrase: Phrase
    speakers: tuple[Speakers, ...]
    texts: Texts
    notices: tuple[str, ...]
    weights: Mapping[str, float]  # of the engines in a batch of training; empty: as many as they have clips

    @property
    def commercial(self) -> bool:
        """Whether every voice that trains may be used for anything."""
        pools = [one.pools["train"] for one in self.speakers]
        return all(voice.commercial for pool in pools for voice in (*pool.native, *pool.foreign, *pool.klatt))

    @property
    def validators(self) -> list[str]:
        """Give the engines that take no part in training."""
        return [one.choice.type for one in self.speakers if not one.trains]

    @property
    def held_out(self) -> dict[str, list[str]]:
        """Give the speakers that do not train, by engine."""
        found: dict[str, list[str]] = {}
        for one in self.speakers:
            pools = [one.pools[split] for split in SPLITS if split != "train"]
            voices = [voice for pool in pools for voice in (*pool.native, *pool.foreign, *pool.klatt)]
            found[one.choice.type] = sorted({voice.speaker for voice in voices})
        return found


def gather(settings: Settings) -> Ingredients:
    """Read the phrase, ask the engines for voices, and draw all texts.

    Raises
    ------
    BadInput : the phrase, the language, an engine or a voice cannot be used.
    NotInstalled : an engine that was named is missing.
    """
    choices, notices = choose_engines(settings, known_engines())
    with Espeak() as espeak:
        phrase = parse_phrase(settings.phrase, settings.generation.language, espeak.phonemes, espeak.split_ipa)
        speakers, silent = _speakers(choices, phrase, settings)
        texts = _texts(phrase, settings, espeak)
    weights = {one.choice.type: one.choice.weight for one in speakers if one.trains} if settings.automatic else {}
    return Ingredients(phrase, speakers, texts, (*settings.notices, *notices, *silent, *phrase.warnings), weights)


def known_engines() -> dict[str, Known]:
    """Say of every engine that a configuration may name whether it can be used."""
    known = {name: Known(_UNBUILT, automatic=False) for name in table.KNOWN_ELSEWHERE}
    for row in table.ENGINES:
        status = table.status(row.name)
        missing = "" if status.available else status.reason
        known[row.name] = Known(missing, status.install, automatic=row.trains and not row.hidden)
    return known


def _speakers(
    choices: Sequence[EngineChoice], phrase: Phrase, settings: Settings
) -> tuple[tuple[Speakers, ...], tuple[str, ...]]:
    """Ask the engines for their voices and sort them by split; say which of them have none for the language."""
    validators = _validators() if settings.automatic else ()
    choices = (*choices, *(EngineChoice(type=name, weight=_VALIDATOR_WEIGHT) for name in validators))
    answers, broken = roll.ask_all(choice.type for choice in choices)
    for failure in broken.values() if not settings.automatic else ():
        raise failure
    choices = tuple(choice for choice in choices if choice.type in answers)
    choices, absent = _present_voices(choices, answers, settings)
    chosen = {choice.type: chosen_voices(answers[choice.type].voices, choice.voices) for choice in choices}
    # Diphones are one set of recordings, whoever joins them: those of a validator are kept for it.
    reserved = {voice.speaker for name in validators for voice in chosen[name] if voice.kind == _DIPHONES}
    for name in chosen.keys() - set(validators):
        chosen[name] = tuple(v for v in chosen[name] if v.kind != _DIPHONES or v.speaker not in reserved)
    native = native_voices(phrase.language)
    splits = cast_speakers(
        {engine: {voice.speaker for voice in mine} for engine, mine in chosen.items()},
        natives={voice.speaker for mine in chosen.values() for voice in mine if language_of(voice) in native},
        validators=validators,
        ratio=settings.export.split_ratio,
        seed=settings.seed,
    )
    found: list[Speakers] = []
    silent: list[str] = []
    for choice in choices:
        row, trains = table.row(choice.type), choice.type not in validators
        pools = voice_pools(
            chosen[choice.type],
            splits[choice.type],
            native=native,
            accents=_accents(phrase, row, None if trains else chosen[choice.type]),
            anyone_native=bool(choice.voices),
        )
        if _can_take_part(pools, trains) and (phrase.words or "ipa" in row.controls):
            found.append(
                Speakers(choice, answers[choice.type].version, row.licence, row.controls, pools, row.cpu_per_s, trains)
            )
        elif trains:
            silent.append(choice.type)
    left_out = [f"The engine {name} is left out: {failure}" for name, failure in broken.items()]
    found_wanting = (*left_out, *roll.complaints(answers), *absent)
    notices = (*found_wanting, *_about_silent(silent, found, phrase, settings), *_about_few(found, phrase))
    return _with_shares(found) if settings.automatic else tuple(found), notices


def _with_shares(speakers: Sequence[Speakers]) -> tuple[Speakers, ...]:
    """Share the training out among the engines that speak the language, as if no other were here."""
    shares = automatic_shares([one.choice.type for one in speakers if one.trains])
    return tuple(
        replace(one, choice=replace(one.choice, weight=shares[one.choice.type])) if one.trains else one
        for one in speakers
    )


def _about_few(speakers: Sequence[Speakers], phrase: Phrase) -> tuple[str, ...]:
    """Say it where the test has no voice of its own."""
    if any(one.has_voice("test") for one in speakers):
        return ()
    return (
        f"Too few voices of '{phrase.language}' speak to keep one for the test: it hears voices that training had too, "
        "and tells less about others.",
    )


def _can_take_part(pools: Mapping[str, VoicePool], trains: bool) -> bool:
    """Whether there is a voice of the language; one that does not train may read the streams with an accent."""
    return any(pool.native or (pool.foreign and not trains) for pool in pools.values())


def _about_silent(
    silent: Sequence[str], found: Sequence[Speakers], phrase: Phrase, settings: Settings
) -> tuple[str, ...]:
    if not silent:
        return ()
    if not settings.automatic or not found:
        raise BadInput(
            f"The engine '{silent[0]}' has no voice for the language '{phrase.language}'.",
            hint=f"See `wakegen voices list --engine {silent[0]}`.",
        )
    why = f"no voice for '{phrase.language}'" if phrase.words else "no way to say IPA or no voice for the language"
    return (f"Engines that stay silent, because they have {why}: {', '.join(silent)}.",)


def _validators() -> tuple[str, ...]:
    return tuple(row.name for row in table.ENGINES if not row.trains and table.status(row.name).available)


def _accents(phrase: Phrase, row: table.EngineRow, readers: Sequence[Voice] | None) -> tuple[str, ...]:
    """Give the languages that lend an accent: to read IPA, any; to read the spelling, those of the same script.

    A validator lends whatever its `readers` have: to stand beside the others matters more than the accent.
    """
    tags = accent_voices(phrase.language) if readers is None else sorted({language_of(voice) for voice in readers})
    if "ipa" in row.controls:
        return tuple(tags)
    scripts = set(find_language(phrase.language).scripts)
    return tuple(tag for tag in tags if scripts & set(find_language(tag).scripts))


def _present_voices(
    choices: Sequence[EngineChoice], answers: Mapping[str, Answer], settings: Settings
) -> tuple[tuple[EngineChoice, ...], tuple[str, ...]]:
    """Take out voices that are not here, with a notice for each; an engine that has none of its voices stays silent.

    A voice that the command line names, or any under `strict`, must be here, and one engine must be left.
    """
    must = settings.strict or any(
        settings.origins.get(key, "").startswith("command line") for key in ("engines", "voices")
    )
    kept: list[EngineChoice] = []
    notices: list[str] = []
    for choice in choices:
        known = {voice.name for voice in answers[choice.type].voices}
        unknown = [name for name in choice.voices if name not in known]
        if unknown and (must or (len(unknown) == len(choice.voices) and len(choices) == 1)):
            raise BadInput(
                f"The engine '{choice.type}' has no voice '{unknown[0]}'.",
                hint=_hint_for(unknown[0], known, answers[choice.type]),
            )
        notices += [
            f"The engine '{choice.type}' has no voice '{name}' here; others speak in its place." for name in unknown
        ]
        present = tuple(name for name in choice.voices if name in known)
        if present or not choice.voices:
            kept.append(replace(choice, voices=present))
    if not kept:
        raise BadInput(notices[0], hint="`wakegen voices list` shows those that can speak, and how to pull others.")
    return tuple(kept), tuple(notices)


def _hint_for(voice: str, known: Collection[str], answer: Answer) -> str:
    """Say why a voice that is there cannot be used, else which is nearest."""
    problem = next((text for text in answer.problems if text.startswith(f"{voice}: ")), "")
    if problem:
        return f"It cannot be used: {problem.removeprefix(f'{voice}: ')}"
    return did_you_mean(voice, known) if known else "It has none that can be used."


@contextmanager
def judge_of(settings: Settings) -> Iterator[Avoid]:
    """Give the judge of what may be said where the phrase must not be."""
    with Espeak() as espeak:
        phrase = parse_phrase(settings.phrase, settings.generation.language, espeak.phonemes, espeak.split_ipa)
        yield Avoid(phrase, lexicon_of(phrase.language, espeak), espeak.phonemes)


def _texts(phrase: Phrase, settings: Settings, espeak: Espeak) -> Texts:
    lexicon = lexicon_of(phrase.language, espeak)
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


def lexicon_of(language: str, espeak: Espeak) -> Lexicon:
    """Give the words of a language with their sounds; asking for 20,000 takes seconds, so they are kept."""
    path = cache_folder() / "lexicons" / f"{language}-{espeak.version}-{version('wordfreq')}-{VERSION}.json"
    if path.exists():
        return lexicon_from_json(path.read_text(encoding="utf-8"))
    lexicon = build_lexicon(language, espeak.phonemes)
    with suppress(StorageError):  # then it is asked for again the next time
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
