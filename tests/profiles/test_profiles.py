import pickle
from pathlib import Path

import pytest

from wakegen import profiles
from wakegen.core.errors import BadConfig, BadInput
from wakegen.profiles.schema import ROOMS
from wakegen.scenes.rooms import KINDS

SHIPPED = ("esp32", "esp32s3", "rpi4", "smart-speaker")
MINE = """\
name: mine
extends: esp32
microphones:
  - {sensitivity_dbfs: -38, noise_dba: 30, overload_db_spl: 110}
front_end: {gain_db: 30}
sources: {microphones: measured by me, front_end.gain_db: assumed}
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "wakegen" / "devices"
    folder.mkdir(parents=True)
    (folder / "mine.yaml").write_text(MINE)
    return folder


def test_the_shipped_profiles_are_there() -> None:
    assert set(SHIPPED) <= set(profiles.names())


@pytest.mark.parametrize("path", sorted(profiles.folder().glob("*.yaml")), ids=lambda path: path.stem)
def test_every_number_of_a_shipped_profile_has_a_source(path: Path) -> None:
    profile = profiles.load(path)
    assert profile.name == path.stem
    assert profiles.unsourced(profile) == ()
    starts = ("datasheet ", "measured ", "assumed")
    assert all(source.startswith(starts) for source in profile.sources.values())
    assert set(profile.use.rooms) <= set(ROOMS)


def test_the_rooms_a_profile_may_name_are_those_that_can_be_built() -> None:
    assert set(ROOMS) == set(KINDS)


def test_a_profile_of_the_user_is_found_by_name_and_by_path(mine: Path) -> None:
    assert "mine" in profiles.names()
    by_name, by_path = profiles.load("mine"), profiles.load(mine / "mine.yaml")
    assert by_name == by_path
    assert by_name.front_end.gain_db == 30
    assert by_name.front_end.high_pass_hz == profiles.load("esp32").front_end.high_pass_hz


def test_what_a_profile_changes_does_not_inherit_its_source(mine: Path) -> None:
    text = MINE.replace(", front_end.gain_db: assumed", "")
    (mine / "mine.yaml").write_text(text)
    assert profiles.unsourced(profiles.load("mine")) == ("front_end.gain_db",)


@pytest.mark.parametrize(
    ("line", "where", "says", "hint"),
    [
        ("front_end: {gain_dB: 30}", ":5:", "unknown key 'gain_dB' in 'front_end'", "'gain_db'"),
        ("front_end: {gain_db: loud}", ":5:", "'front_end.gain_db' is 'loud'", "a number"),
        ("front_end: {gain_db: 300}", ":5:", "'front_end.gain_db' is 300", "-40 to 80"),
        ("front_end: {gain_db: true}", ":5:", "'front_end.gain_db' is True", "a number"),
        ("front_end: {agc: nome}", ":5:", "cannot be 'nome'", "'none'"),
        ("front_end: [1, 2]", ":5:", "'front_end'", "mapping"),
        ("compute: {cores: 1.5}", ":5:", "'compute.cores' is 1.5", "whole number"),
        ("frontend: {gain_db: 3}", ":5:", "unknown key 'frontend'", "'front_end'"),
        ("front_end: {gain_db: 30", ":6:", "", "YAML"),
        ("name: again", ":5:", "duplicate key", "YAML"),
    ],
)
def test_a_mistake_is_named_by_file_line_and_key(mine: Path, line: str, where: str, says: str, hint: str) -> None:
    path = mine / "mine.yaml"
    path.write_text(MINE.replace("front_end: {gain_db: 30}", line).replace(", front_end.gain_db: assumed", ""))
    with pytest.raises(BadConfig) as caught:
        profiles.load("mine")
    assert f"{path}{where}" in str(caught.value)
    assert says in str(caught.value)
    assert hint in caught.value.hint


def test_a_source_of_nothing_is_a_mistake(mine: Path) -> None:
    (mine / "mine.yaml").write_text(MINE.replace("front_end.gain_db: assumed", "front_end.gian_db: assumed"))
    with pytest.raises(BadConfig, match=r"mine.yaml:6: .*front_end.gian_db") as caught:
        profiles.load("mine")
    assert "front_end.gain_db" in caught.value.hint


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "bare.yaml"
    path.write_text("name: bare\n")
    with pytest.raises(BadConfig, match="'compute' is missing"):
        profiles.load(path)


def test_extending_in_a_circle_is_a_mistake(mine: Path) -> None:
    (mine / "mine.yaml").write_text("name: mine\nextends: other\n")
    (mine / "other.yaml").write_text("name: other\nextends: mine\n")
    with pytest.raises(BadConfig, match="leads back"):
        profiles.load("mine")


@pytest.mark.parametrize("text", ["", "just text", "- a\n- b\n", "\x00"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "odd.yaml"
    path.write_text(text)
    with pytest.raises(BadConfig, match=r"odd\.yaml"):
        profiles.load(path)


def test_an_unknown_device_gets_the_nearest_name() -> None:
    with pytest.raises(BadInput) as caught:
        profiles.load("esp32s33")
    assert "'esp32s3'" in caught.value.hint
    with pytest.raises(BadInput, match="no device profile"):
        profiles.load("nowhere/none.yaml")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_profile_can_be_sent_to_another_process(name: str) -> None:
    profile = profiles.load(name)
    assert pickle.loads(pickle.dumps(profile)) == profile
