"""Every wrong key or value is an error that names file, line and key, and what to do."""

from __future__ import annotations

import pytest

from wakegen.config import load_settings
from wakegen.core.errors import BadConfig, BadInput

WRONG = [
    ("generation:\n  cuont: 3\n", "line 2: generation.cuont: unknown key", "Did you mean 'count'?"),
    ("count: 3\n", "line 1: count: unknown key", "Did you mean 'generation.count'?"),
    ("# hi\ngeneration:\n  count: 0\n", "line 3: generation.count: 0 is out of range", "from 1 to"),
    ("generation:\n  count: many\n", "line 2: generation.count: 'many' is not a whole number", "whole number"),
    ("generation:\n  count: 2.5\n", "line 2: generation.count: 2.5 is not a whole number", "whole number"),
    ("generation:\n  count: true\n", "line 2: generation.count: True is not", "whole number"),
    ("generation:\n  count: .inf\n", "line 2: generation.count: inf is not", "whole number"),
    ("generation:\n  count:\n", "line 2: generation.count: an empty value", "whole number"),
    ("generation: 3\n", "line 1: generation: is not a group of keys", "count"),
    ("generation:\n  variation:\n    rate: [2, 1]\n", "line 3: generation.variation.rate", "lower value first"),
    ("generation:\n  variation: {rate: 1}\n", "line 2: generation.variation.rate: 1 is not a list", "[a, b]"),
    ("generation:\n  wake_words: ['']\n", "line 2: generation.wake_words: the phrase is empty", "hey katya"),
    ("generation:\n  wake_words: [a b, A  B]\n", "stands there twice", "once"),
    ("generation:\n  wake_words: ['a\\\n', \"a\\u0000\"]\n", "cannot be spoken", "plain text"),
    ("generation:\n  wake_words: [3]\n", "line 2: generation.wake_words: 3 is not text", "quotes"),
    ("preset: quik\n", "line 1: preset: 'quik' is not one of", "Did you mean 'quick'?"),
    ("export: {split_ratio: [0.5, 0.1, 0.1]}\n", "add up to 1", "[0.8, 0.1, 0.1]"),
    ("export: {split_ratio: [1, 2]}\n", "has 2 values, not 3", "[a, b, c]"),
    ("export: {format: kaldy}\n", "unknown format 'kaldy'", "Did you mean 'kaldi'?"),
    ("augmentation: {profiles: [morning_kichen]}\n", "unknown environment", "Did you mean 'morning_kitchen'?"),
    ("augmentation:\n  enabled: yes please\n", "neither true nor false", "true or false"),
    ("engines:\n  - type: espeak\n    wieght: 2\n", "line 3: engines[0].wieght: unknown key", "Did you mean 'weight'?"),
    ("engines:\n  - voices: [a]\n", "line 2: engines[0]: names no engine", "type"),
    ("engines:\n  - type: espeak\n    weight: 0\n", "line 3: engines[0].weight: 0 is out of range", "from"),
    ("engines: {}\n", "is not a list of engines", "- type"),
    ("engines: [espeak]\nproviders: [espeak]\n", "stands beside 'engines'", "keep one"),
    ("seed: ${FOO}\n", "line 1: seed: the environment has no FOO", "${FOO:-default}"),
    ("seed: -1\n", "line 1: seed: -1 is out of range", "from 0"),
    ("folders: {noise: ['']}\n", "line 1: folders.noise: '' is not a path", "path"),
    ("a: [\n", "not valid YAML", "indentation"),
    ("seed: 1\nseed: 2\n", "line 2: not valid YAML: found duplicate key", "indentation"),
    ("- 1\n", "is not a list of keys", "examples"),
    ("include: nowhere.yaml\n", "nowhere.yaml does not exist", "counts from"),
    ("include: 3\n", "line 1: include", "include:"),
]


@pytest.mark.parametrize(("text", "message", "hint"), WRONG, ids=range(len(WRONG)))
def test_a_wrong_file_is_an_error_with_its_line_and_a_way_out(tmp_path, text, message, hint):
    path = tmp_path / "wakegen.yaml"
    path.write_text(text)
    with pytest.raises(BadConfig) as caught:
        load_settings(path, env={}, user_file=tmp_path / "none")
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert hint in caught.value.hint
    assert caught.value.exit_code == 3


def test_a_file_that_is_missing_a_folder_binary_or_huge_is_an_error(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "huge").write_bytes(b"#" * 1_000_001)
    for name, message in (
        ("nowhere", "does not exist"),
        (".", "is a folder"),
        ("binary", "UTF-8"),
        ("huge", "too large"),
    ):
        with pytest.raises(BadConfig, match=message):
            load_settings(tmp_path / name, env={}, user_file=tmp_path / "none")


@pytest.mark.parametrize(
    ("options", "env", "message"),
    [
        ({"generation.count": 0}, {}, "--count: 0 is out of range"),
        ({"generation.wake_words": (" ",)}, {}, "PHRASE: the phrase is empty"),
        ({"generation.cuont": 1}, {}, "generation.cuont: unknown key"),
        ({"engines": ("espeak:x",)}, {}, "--engine: 'espeak:x'"),
        ({}, {"WAKEGEN_SEED": "x"}, "environment variable WAKEGEN_SEED: 'x' is not a whole number"),
        ({}, {"WAKEGEN_GENERATION_VARIATION_RATE": "2,1"}, "WAKEGEN_GENERATION_VARIATION_RATE"),
    ],
)
def test_a_wrong_option_or_variable_is_an_error_that_names_it(tmp_path, options, env, message):
    with pytest.raises(BadInput) as caught:
        load_settings(None, env=env, options=options, user_file=tmp_path / "none")
    assert message in str(caught.value)
    assert caught.value.hint


def test_the_environment_sets_lists_ranges_and_nothing(tmp_path):
    env = {
        "WAKEGEN_GENERATION_VARIATION_RATE": "0.9,1.1",
        "WAKEGEN_LIMITS_JOBS": "null",
        "WAKEGEN_GENERATION_WAKE_WORDS": "hey a, hey b",
    }
    settings = load_settings(None, env=env, user_file=tmp_path / "none")
    assert settings.generation.variation.rate == (0.9, 1.1)
    assert settings.limits.jobs is None
    assert settings.generation.wake_words == ("hey a", "hey b")
