"""Settings: from the file of the specification, from every layer, and back to a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from wakegen.config import EngineChoice, Known, choose_engines, data_hash, keys, load_settings, to_plain, to_yaml
from wakegen.config.presets import PRESETS
from wakegen.core.errors import BadConfig, BadInput, NotInstalled

EXAMPLE = Path(__file__).parents[2] / "examples" / "wakegen.yaml"


def known(*usable: str) -> dict[str, Known]:
    """Give what the table would say where only these engines can be used."""
    here = {"espeak": Known(), "fake": Known(automatic=False), "festival": Known(automatic=False)}
    here |= {"piper": Known(install="pip install piper-tts"), "kokoro": Known(), "pico": Known()}
    here |= {"edge_tts": Known("not available in this version", automatic=False)}
    return {
        name: one if name in usable or one.missing else Known("needs something", one.install, one.automatic)
        for name, one in here.items()
    }


def load(tmp_path, text, **more):
    path = tmp_path / "wakegen.yaml"
    path.write_text(text)
    return load_settings(path, env=more.pop("env", {}), user_file=tmp_path / "none.yaml", **more)


def plain(tmp_path, **more):
    return load_settings(None, env=more.pop("env", {}), user_file=tmp_path / "none.yaml", **more)


def test_the_example_of_the_specification_loads_as_it_stands(tmp_path):
    settings = load_settings(EXAMPLE, env={}, user_file=tmp_path / "none")
    assert settings.generation.wake_words == ("hey katya", "katya")
    assert settings.generation.count == 1000
    assert [(engine.type, engine.weight) for engine in settings.engines] == [
        ("kokoro", 0.4),
        ("piper", 0.3),
        ("edge_tts", 0.3),
    ]
    assert settings.engines[0].voices == ("af_bella", "am_adam")
    assert settings.augmentation.augmented_per_original == 3
    assert settings.export.split_ratio == (0.8, 0.1, 0.1)
    assert settings.generation.output_dir == EXAMPLE.parent / "output" / "hey_katya"


def test_engines_that_are_not_built_are_named_and_their_share_goes_to_the_others(tmp_path):
    settings = load(tmp_path, "engines: [{type: piper, weight: 1}, {type: espeak, weight: 3}]")
    chosen, notices = choose_engines(settings, known("espeak", "fake"))
    assert chosen == (EngineChoice("espeak", (), 1.0),)
    assert len(notices) == 1
    assert "'piper'" in notices[0]
    assert "25%" in notices[0]


def test_with_no_engine_left_the_embedded_one_speaks_and_says_so(tmp_path):
    chosen, notices = choose_engines(load(tmp_path, "providers: [kokoro]"), known("espeak"))
    assert [choice.type for choice in chosen] == ["espeak"]
    assert "goes to espeak" in notices[0]


@pytest.mark.parametrize(
    "how", [{"options": {"engines": ("piper",)}}, {"env": {"WAKEGEN_STRICT": "true", "WAKEGEN_ENGINES": "piper"}}]
)
def test_a_missing_engine_named_on_the_command_line_or_under_strict_is_an_error(tmp_path, how):
    with pytest.raises(NotInstalled, match="piper"):
        choose_engines(plain(tmp_path, **how), known("espeak"))


@pytest.mark.parametrize(
    ("others", "espeak", "each"),
    [([], 1.0, 0), (["kokoro"], 0.8, 0.2), (["kokoro", "pico"], 0.6, 0.2), (["kokoro", "pico", "piper"], 0.4, 0.2)],
)
def test_of_the_others_none_says_more_than_a_fifth(tmp_path, others, espeak, each):
    chosen, _ = choose_engines(plain(tmp_path), known("espeak", *others))
    shares = {choice.type: round(choice.weight, 6) for choice in chosen}
    assert shares == {"espeak": espeak, **dict.fromkeys(others, each)}


def test_auto_is_all_engines_that_can_be_used(tmp_path):
    chosen, notices = choose_engines(plain(tmp_path), known("espeak", "fake", "festival", "kokoro", "pico"))
    assert [choice.type for choice in chosen] == ["espeak", "kokoro", "pico"]
    assert len(notices) == 1
    assert "piper (needs something: pip install piper-tts)" in notices[0]


def test_auto_with_the_embedded_engine_alone_gives_it_everything(tmp_path):
    chosen, _ = choose_engines(plain(tmp_path, options={"engines": ("auto",)}), known("espeak", "fake"))
    assert chosen == (EngineChoice("espeak", (), 1.0),)


def test_auto_beside_a_name_is_an_error(tmp_path):
    with pytest.raises(BadInput, match="auto"):
        choose_engines(plain(tmp_path, options={"engines": ("auto", "espeak")}), known("espeak"))


def test_an_engine_that_nobody_knows_is_an_error_with_the_nearest_name(tmp_path):
    with pytest.raises(BadInput, match="espaek") as caught:
        choose_engines(plain(tmp_path, options={"engines": ("espaek",)}), known("espeak"))
    assert caught.value.hint == "Did you mean 'espeak'?"


def test_the_command_line_beats_the_environment_beats_the_file_beats_the_user_beats_the_default(tmp_path):
    user = tmp_path / "config.yaml"
    user.write_text("seed: 2\ndevice: esp32\nlimits: {jobs: 3}\n")
    file = tmp_path / "wakegen.yaml"
    file.write_text("seed: 3\ndevice: esp32s3\n")
    settings = load_settings(file, env={"WAKEGEN_SEED": "4"}, options={"preset": "best"}, user_file=user)
    assert (settings.seed, settings.device, settings.limits.jobs, settings.preset) == (4, "esp32s3", 3, "best")
    assert settings.origins["seed"] == "environment variable WAKEGEN_SEED"
    assert settings.origins["device"] == f"{file} line 2"
    assert settings.origins["limits.jobs"] == f"{user} line 3"
    assert settings.origins["preset"] == "command line --preset"
    assert settings.origins["generation.count"] == "preset best (command line --preset)"
    assert settings.origins["limits.retries"] == "default"


def test_the_users_configuration_is_found_where_xdg_says(tmp_path):
    (tmp_path / "wakegen").mkdir()
    (tmp_path / "wakegen" / "config.yaml").write_text("seed: 9\n")
    assert load_settings(None, env={"XDG_CONFIG_HOME": str(tmp_path)}).seed == 9


def test_a_preset_on_the_command_line_beats_the_numbers_of_the_file(tmp_path):
    settings = load(tmp_path, "generation: {count: 50}\n", options={"preset": "quick"})
    assert settings.generation.count == PRESETS["quick"].positives
    assert load(tmp_path, "preset: quick\ngeneration: {count: 50}\n").generation.count == 50


def test_a_count_of_the_users_own_scales_the_negatives(tmp_path):
    row = PRESETS["quick"]
    tenth = row.positives // 10
    settings = plain(tmp_path, options={"preset": "quick", "generation.count": tenth})
    assert settings.generation.negatives.sentences == round(row.sentences / 10)
    fixed = plain(tmp_path, options={"preset": "quick", "generation.count": tenth, "generation.negatives.sentences": 7})
    assert fixed.generation.negatives.sentences == 7


def test_variables_stand_for_values_and_keep_their_type(tmp_path):
    text = 'seed: ${SEED:-5}\nproject: {name: "katya_${WHO}"}\n'
    settings = load(tmp_path, text, env={"WHO": "x"})
    assert settings.seed == 5
    assert settings.project.name == "katya_x"


def test_an_included_file_lies_below_the_one_that_includes_it(tmp_path):
    (tmp_path / "base.yaml").write_text("seed: 7\ndevice: esp32\n")
    settings = load(tmp_path, "include: base.yaml\nseed: 8\n")
    assert (settings.seed, settings.device) == (8, "esp32")


def test_a_file_that_includes_itself_is_an_error(tmp_path):
    with pytest.raises(BadConfig, match="includes itself"):
        load(tmp_path, "include: wakegen.yaml\n")


def test_voices_go_to_their_engines(tmp_path):
    settings = plain(tmp_path, options={"engines": ("espeak",), "voices": ("gmw/en-US",)})
    assert settings.engines == (EngineChoice("espeak", ("gmw/en-US",)),)
    two = plain(tmp_path, options={"engines": ("espeak:2", "fake"), "voices": ("fake:bob", "espeak:af")})
    assert two.engines == (EngineChoice("espeak", ("af",), 2.0), EngineChoice("fake", ("bob",), 1.0))
    with pytest.raises(BadInput, match="could belong"):
        plain(tmp_path, options={"engines": ("espeak", "fake"), "voices": ("bob",)})


def test_the_written_file_makes_the_same_settings(tmp_path):
    options = {
        "generation.wake_words": ("hé Kätya ${HOME}", 'a "b": #c'),
        "preset": "quick",
        "folders.noise": ("noise",),
        "engines": ("espeak:0.5", "fake"),
        "voices": ("espeak:a,b",),
    }
    settings = plain(tmp_path, options=options)
    again = load(tmp_path, to_yaml(settings), env={"HOME": "/home/me"})
    assert data_hash(again) == data_hash(settings)
    first, second = to_plain(settings), to_plain(again)
    for tree in (first, second):
        del tree["generation"]["output_dir"], tree["folders"]["noise"]
    assert first == second
    assert again.generation.output_dir == tmp_path


def test_the_hash_follows_what_decides_the_clips_and_nothing_else(tmp_path):
    base = data_hash(plain(tmp_path))
    for same in ({"limits.jobs": 7}, {"generation.output_dir": "x"}, {"train.steps": 3}, {"export.allow_poor": True}):
        assert data_hash(plain(tmp_path, options=same)) == base
    for other in ({"seed": 2}, {"generation.count": 3}, {"device": "esp32"}, {"folders.noise": ("n",)}):
        assert data_hash(plain(tmp_path, options=other)) != base


def test_a_profile_given_as_a_file_is_found_from_anywhere(tmp_path):
    settings = load(tmp_path, "device: profiles/mine.yaml\n")
    assert settings.device == str(tmp_path / "profiles" / "mine.yaml")
    assert load(tmp_path, "device: mine\n").device == "mine"


def test_several_phrases_get_a_folder_each(tmp_path):
    settings = plain(
        tmp_path, options={"generation.wake_words": ("hey katya", "stop it"), "generation.output_dir": "o"}
    )
    assert [(one.phrase, one.project_dir) for one in settings.per_phrase()] == [
        ("hey katya", Path("o/hey_katya")),
        ("stop it", Path("o/stop_it")),
    ]


def test_what_is_not_available_is_reported_and_strict_makes_it_an_error(tmp_path):
    text = "asr: {model: tiny}\naugmentation: {profiles: [morning_kitchen]}\nexport: {format: kaldi}\nlimits: {memory_mb: 3}\n"
    notices = load(tmp_path, text, env={"WAKEGEN_SEDE": "3"}).notices
    assert [
        any(word in note for note in notices)
        for word in ("asr", "morning_kitchen", "kaldi", "memory_mb", "WAKEGEN_SEED")
    ] == [True] * 5
    with pytest.raises(NotInstalled):
        load(tmp_path, text, options={"strict": True})


def test_every_key_has_a_doc_line_and_a_default_of_its_own_type(tmp_path):
    settings = plain(tmp_path)
    assert "generation.variation.rate" in keys()
    for key in keys().values():
        assert key.doc.endswith("."), key.name
        assert key.name in settings.origins
