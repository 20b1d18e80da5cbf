"""The plan is a pure function; splits share neither speakers nor texts."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engines.speaking import engine_or_skip
from tests.small import settings
from wakegen import profiles
from wakegen.config import Settings
from wakegen.dataset.plan import PROBE, counts, plan_speech
from wakegen.dataset.plan_scenes import SCARCE, plan_scenes
from wakegen.dataset.store import Clip
from wakegen.engines.base import RANGES, SpeechRequest
from wakegen.engines.table import check_request
from wakegen.pipeline.material import Ingredients, gather
from wakegen.scenes import Sizes

pytestmark = pytest.mark.xdist_group("plan")
SMALL = settings(Path("unused"))
ESPEAK = settings(Path("unused"), engines=["espeak"], generation__count=200)


def plan(ingredients: Ingredients, wanted: Settings = SMALL) -> list[Clip]:
    return list(plan_speech(wanted, ingredients.phrase, ingredients.speakers, ingredients.texts))


@pytest.fixture(scope="module")
def rows(ingredients):
    return plan(ingredients)


@pytest.fixture(scope="module")
def espeak_rows(spoken_by_espeak):
    return plan(spoken_by_espeak, ESPEAK)


def test_the_same_settings_give_the_same_rows(ingredients, rows):
    assert plan(ingredients) == rows
    assert [row.id for row in rows] == list(range(1, len(rows) + 1))


def test_another_process_with_another_hash_salt_plans_the_same(rows):
    code = (
        "import hashlib; from pathlib import Path; from tests.small import settings\n"
        "from wakegen.dataset.plan import plan_speech; from wakegen.pipeline.material import gather\n"
        "s = settings(Path('unused')); g = gather(s)\n"
        "rows = list(plan_speech(s, g.phrase, g.speakers, g.texts)); print(hashlib.sha256(repr(rows).encode()).hexdigest())"
    )
    import hashlib
    import os

    said = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == hashlib.sha256(repr(rows).encode()).hexdigest()


def test_another_seed_gives_other_rows(ingredients, rows):
    assert plan(ingredients, replace(SMALL, seed=0))[0].parameters != rows[0].parameters


def test_more_words_change_no_other_row(ingredients, rows):
    texts = ingredients.texts
    more = replace(texts, words={split: (*said, *texts.sentences[split][:2]) for split, said in texts.words.items()})
    longer = plan(replace(ingredients, texts=more))
    others = [replace(row, id=0) for row in longer if row.kind != "word"]
    assert others == [replace(row, id=0) for row in rows if row.kind != "word"]
    assert len(longer) == len(rows) + sum(len(texts.sentences[split][:2]) for split in texts.sentences)


def test_every_kind_has_as_many_rows_as_asked(rows):
    wanted = counts(SMALL)
    for kind in ("phrase", "sentence", "word"):
        for split, count in wanted[kind].items():
            assert sum(row.kind == kind and row.split == split for row in rows) == count, (kind, split)
    near = sum(row.label == "negative" and row.kind in SCARCE for row in rows)
    assert near == sum(wanted["confusable"].values())


@pytest.mark.parametrize("which", ["rows", "espeak_rows"])
def test_no_speaker_is_in_two_splits(which, request):
    seen: dict[tuple[str, str], set[str]] = {}
    for row in request.getfixturevalue(which):
        seen.setdefault((row.engine, row.speaker), set()).add("train" if row.split == PROBE else row.split)
    assert {name: splits for name, splits in seen.items() if len(splits) > 1} == {}
    assert {split for splits in seen.values() for split in splits} == {"train", "val", "test"}


@pytest.mark.parametrize("which", ["rows", "espeak_rows"])
def test_no_text_but_the_phrase_is_in_two_splits(which, request):
    seen: dict[str, set[str]] = {}
    for row in request.getfixturevalue(which):
        if row.kind != "phrase":
            seen.setdefault(row.text.casefold(), set()).add("test" if row.split == PROBE else row.split)
    assert {text: splits for text, splits in seen.items() if len(splits) > 1} == {}


def test_no_text_holds_the_phrase(espeak_rows):
    assert not [row.text for row in espeak_rows if row.label == "negative" and "hey katya" in row.text.lower()]


def test_every_request_is_one_that_the_engine_takes(espeak_rows):
    for row in espeak_rows:
        request = SpeechRequest(**row.parameters)
        check_request(request, row.engine)
        for name, (low, high) in RANGES.items():
            assert low <= getattr(request, name) <= high


def test_no_two_rows_ask_for_the_same(espeak_rows):
    asked = [repr(sorted(row.parameters.items())) for row in espeak_rows]
    assert len(set(asked)) == len(asked)


def test_the_phrase_is_varied(espeak_rows):
    said = [row for row in espeak_rows if row.kind == "phrase"]
    assert len({row.voice for row in said}) > 0.5 * len(said)
    accents = {row.accent for row in said}
    assert {"text", "blurred", "klatt"} <= accents
    assert len(accents) > 10, "foreign accents"
    assert {row.label for row in said} == {"positive"}


def test_voices_of_the_phrase_also_say_other_things(espeak_rows):
    """Else a head learns who speaks."""
    by_phrase = {row.speaker for row in espeak_rows if row.kind == "phrase" and row.split == "train"}
    by_others = {row.speaker for row in espeak_rows if row.kind in ("sentence", "word") and row.split == "train"}
    assert by_others & by_phrase


def scenes(spoken: list[Clip], wanted: Settings = SMALL) -> list[Clip]:
    profile = profiles.load("rpi4")
    return list(plan_scenes(wanted, spoken, profile, Sizes(rirs=6, noises=8, tones=2), first_id=1000))


@pytest.fixture(scope="module")
def spoken(rows):
    return [replace(row, state="done", sha256=f"{row.id:064x}", seconds=1.0) for row in rows]


def test_scenes_are_a_pure_function_of_what_was_spoken(spoken):
    assert scenes(spoken) == scenes(spoken)
    assert [row.id for row in scenes(spoken)] == list(range(1000, 1000 + len(scenes(spoken))))


def test_a_clip_less_changes_no_scene_of_other_clips_but_their_company(spoken):
    first = {(row.parent, i): row.scene for i, row in _copies(scenes(spoken)) if row.parent not in (None, spoken[0].id)}
    second = {(row.parent, i): row.scene for i, row in _copies(scenes(spoken[1:])) if row.parent is not None}
    assert first == second


def _copies(rows: list[Clip]) -> list[tuple[int, Clip]]:
    seen: dict[int | None, int] = {}
    found = []
    for row in rows:
        seen[row.parent] = seen.get(row.parent, 0) + 1
        found.append((seen[row.parent], row))
    return found


def test_company_is_of_the_same_split(spoken):
    split_of = {clip.id: clip.split for clip in spoken}
    heard_as = {PROBE: "test"}  # what the shortcut probe hears of training is heard in scenes of the test
    company = [
        (heard_as.get(row.split, row.split), split_of[i])
        for row in scenes(spoken)
        for ids in row.parameters.values()
        for i in ids
    ]
    assert company
    assert all(mine == theirs for mine, theirs in company)


def test_scarce_clips_are_heard_more_than_once_in_training_only(spoken):
    heard: dict[int, int] = {}
    for row in scenes(spoken):
        if row.parent is not None and (row.split != PROBE or row.kind == "sentence"):
            heard[row.parent] = heard.get(row.parent, 0) + 1
    copies = SMALL.augmentation.augmented_per_original
    for clip in spoken:
        assert heard[clip.id] == (copies if clip.split == "train" and clip.kind in SCARCE else 1)


def test_rooms_and_noises_of_training_are_not_those_of_the_test(spoken):
    by_split: dict[str, dict[str, set[int]]] = {}
    for row in scenes(spoken):
        places = by_split.setdefault(row.split, {"rooms": set(), "noises": set(), "tones": set()})
        places["rooms"] |= {row.scene["rir"], row.scene["babble_rir"]} - {None}
        places["noises"] |= set(row.scene["noises"])
        places["tones"].add(row.scene["tone"])
    for name in ("rooms", "noises", "tones"):
        mine = by_split["train"][name]
        assert mine
        for split in ("val", "test", PROBE):
            assert not mine & by_split.get(split, {}).get(name, set()), (name, split)


def test_probes_are_what_training_voices_say_and_are_never_trained_on(spoken):
    training = [clip for clip in spoken if clip.split == "train"]
    probes = [clip for clip in spoken if clip.split == PROBE]
    assert len(probes) >= 5
    assert {clip.speaker for clip in probes} <= {clip.speaker for clip in training}
    assert not {clip.text for clip in probes} & {clip.text for clip in training}
    assert {row.split for row in scenes(spoken) if row.parent in {clip.id for clip in probes}} == {PROBE}


@pytest.mark.parametrize(("phrase", "language", "reads"), [("hola casa", "es", True), ("привет дом", "ru", False)])
def test_an_english_validator_reads_the_held_out_streams_of_languages_in_its_script(phrase, language, reads):
    with engine_or_skip("festival"):
        wanted = settings(
            Path("unused"), engines=["auto"], generation__wake_words=[phrase], generation__language=language
        )
    rows = plan(gather(wanted), wanted)
    read = [row for row in rows if row.engine == "festival"]
    assert bool(read) == reads
    assert {row.kind for row in read} <= {"sentence", "word"}
    assert {row.split for row in read} <= {"val", "test"}
    assert not {row.speaker for row in read if row.split == "val"} & {
        row.speaker for row in read if row.split == "test"
    }


def test_with_an_engine_of_few_voices_the_test_hears_those_that_train_and_says_so():
    engine_or_skip("pico")
    found = gather(settings(Path("unused"), engines=["pico"], generation__count=40))
    assert any("Too few voices of 'en-us'" in notice for notice in found.notices)
    rows = plan(found, settings(Path("unused"), engines=["pico"], generation__count=40))
    held_out = {row.voice for row in rows if row.kind == "phrase" and row.split != "train" and row.accent == "text"}
    assert held_out <= {"en-us", "en-gb"}


def test_outside_english_too_no_engine_but_the_embedded_one_says_more_than_a_fifth():
    engine_or_skip("pico")
    wanted = settings(
        Path("unused"),
        engines=["auto"],
        generation__wake_words=["hallo haus"],
        generation__language="de",
        generation__count=40,
    )
    with_share = {one.choice.type: one.choice.weight for one in gather(wanted).speakers if one.trains}
    assert with_share["pico"] <= 0.2
    assert sum(with_share.values()) == pytest.approx(1)
