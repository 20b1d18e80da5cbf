"""Each command is one call of the public API with the settings that its options say."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from wakegen.config import EngineChoice, load_settings, to_yaml


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "hey_katya"
    folder.mkdir()
    options = {"generation.wake_words": ("hey katya",), "preset": "quick"}
    (folder / "wakegen.yaml").write_text(
        to_yaml(load_settings(None, env={}, options=options, user_file=tmp_path / "none"))
    )
    return folder


def test_make_hands_all_its_options_on(cli, api):
    line = """
        make "hey katya" --preset quick --device esp32 --engine espeak:2,fake --voice fake:bob --language tr --count 90
        --seed 5 --jobs 2 --out here --negatives a --negatives b --noise n --rir r --recordings rec --allow-poor --strict
        --min-recall 0.9 --max-fa-per-hour 0.5 --set evaluation.test_hours=0.1
    """
    done = cli(*shlex.split(line))
    assert done.code == 0, done.err
    assert done.out == "made make\n"
    [(name, (settings,), _)] = api.calls
    assert name == "make"
    assert (settings.phrase, settings.preset, settings.device, settings.seed) == ("hey katya", "quick", "esp32", 5)
    assert settings.engines == (EngineChoice("espeak", (), 2.0), EngineChoice("fake", ("bob",), 1.0))
    assert (settings.generation.language, settings.generation.count, settings.limits.jobs) == ("tr", 90, 2)
    assert settings.project_dir == Path("here")
    assert settings.folders.negatives == (Path("a"), Path("b"))
    assert (settings.folders.noise, settings.folders.rir, settings.folders.recordings) == (
        (Path("n"),),
        (Path("r"),),
        (Path("rec"),),
    )
    assert settings.export.allow_poor
    assert settings.strict
    assert (settings.evaluation.min_recall, settings.evaluation.max_fa_per_hour) == (0.9, 0.5)
    assert settings.evaluation.test_hours == 0.1


def test_several_phrases_are_a_call_and_a_folder_each(cli, api):
    done = cli("make", "hey katya", "stop it", "--out", "all", "--json")
    assert [settings.project_dir for _, (settings,), _ in api.calls] == [Path("all/hey_katya"), Path("all/stop_it")]
    assert json.loads(done.out) == {"runs": [{"made": "make"}, {"made": "make"}]}


def test_a_dry_run_plans_and_makes_nothing(cli, api):
    for command in (["make", "hey katya"], ["generate", "--text", "hey katya"]):
        assert cli(*command, "--dry-run", "--json").code == 0
    assert [name for name, _, _ in api.calls] == ["plan_project", "plan_project"]


def test_make_without_a_phrase_reads_the_file_where_you_stand(cli, api, tmp_path):
    assert cli("make").code == 2
    (tmp_path / "wakegen.yaml").write_text('generation: {wake_words: ["hey katya"]}\n')
    assert cli("make").code == 0
    assert api.calls[-1][1][0].phrase == "hey katya"


@pytest.mark.parametrize("stage", ["simulate", "gate", "train", "test", "report"])
def test_a_stage_works_on_the_project_folder(cli, api, project, stage):
    assert cli(stage, "--project", str(project)).code == 0
    [(_, (name, folder, settings), _)] = api.calls
    assert (name, folder, settings.phrase) == (stage, project, "hey katya")


def test_a_stage_works_where_you_stand(cli, api, project, monkeypatch):
    monkeypatch.chdir(project)
    assert cli("train").code == 0
    assert api.calls[0][1][1] == Path()
    assert api.calls[0][1][2].project_dir.resolve() == project


def test_generate_starts_a_project_or_goes_on_in_one(cli, api, project):
    assert cli("generate", "--text", "hey katya", "--out", "new").code == 0
    assert cli("generate", "--project", str(project)).code == 0
    assert [args[1] for _, args, _ in api.calls] == [Path("new"), project]
    assert cli("generate").code == 2


@pytest.mark.parametrize("command", ["simulate", "gate", "train", "test", "report", "bench", "generate", "make"])
def test_a_folder_that_is_no_project_is_bad_input(cli, api, command):
    done = cli(command, "--project", "nowhere", *(["--local"] if command == "bench" else []))
    assert done.code == 3
    assert "no project in nowhere" in done.err
    assert "wakegen make" in done.err


def test_bench_measures_a_model_or_the_projects_own(cli, api, project):
    assert cli("bench", "--device", "rpi4", "--local", "m.onnx", "--max-p99-ms", "40", "--max-rss-mb", "200").code == 0
    assert cli("bench", "--local", "--project", str(project), "--max-p99-ms", "40").code == 0
    name, args, more = api.calls[0]
    assert (name, args[0], more["device"], more["target"].transport, more["max_p99_ms"], more["max_rss_mb"]) == (
        "bench_device", Path("m.onnx"), "rpi4", "local", 40.0, 200.0,
    )  # fmt: skip
    name, args, _ = api.calls[1]
    assert (name, args[0]) == ("bench_device", project / "models" / "hey_katya.onnx")


def test_bench_wants_one_place(cli, api):
    for places in ([], ["--local", "--loopback"], ["--port", "/dev/ttyACM0", "--host", "pi@pi"]):
        done = cli("bench", "m.onnx", *places)
        assert done.code == 2
        assert "--local, --host, --port, --loopback, --emulate" in done.err
    assert cli("bench", "m.onnx", "--port", "/dev/ttyACM0", "--device", "esp32").code == 0
    assert (api.calls[0][2]["target"].address, api.calls[0][2]["target"].baud) == ("/dev/ttyACM0", None)
    assert cli("bench", "m.onnx", "--host", "pi@pi:2222", "--jump", "gate").code == 0
    target = api.calls[1][2]["target"]
    assert (target.transport, target.address, target.jump) == ("ssh", "pi@pi:2222", "gate")


def test_config_show_names_every_value_and_its_origin(cli, api, tmp_path):
    (tmp_path / "wakegen.yaml").write_text("seed: 3\nasr: {model: tiny}\n")
    done = cli("config", "show", "--device", "esp32", "--json")
    shown = json.loads(done.out)["settings"]
    assert shown["seed"] == {"value": 3, "origin": "wakegen.yaml line 1"}
    assert shown["device"] == {"value": "esp32", "origin": "command line --device"}
    text = cli("config", "show")
    assert "wakegen.yaml line 1" in text.out
    assert "asr: not available in this version" in text.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_the_shell(cli, shell):
    done = cli("completion", shell)
    assert done.code == 0
    assert "_WAKEGEN_COMPLETE" in done.out


def test_set_takes_any_key_and_names_the_nearest_for_a_wrong_one(cli, api):
    assert cli("make", "hey katya", "--set", "generation.variation.rate=0.8,1.2", "--set", "engines=fake").code == 0
    settings = api.calls[0][1][0]
    assert settings.generation.variation.rate == (0.8, 1.2)
    assert settings.engines == (EngineChoice("fake"),)
    wrong = cli("make", "hey katya", "--set", "generation.cuont=3")
    assert (wrong.code, "Did you mean 'generation.count'?" in wrong.err) == (3, True)
    assert cli("make", "hey katya", "--set", "nonsense").code == 2
