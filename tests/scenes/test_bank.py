from pathlib import Path

import numpy as np
import pytest

from wakegen.core.errors import BadInput
from wakegen.core.executor import Processes
from wakegen.core.seeds import stream
from wakegen.profiles import DeviceProfile
from wakegen.scenes import Bank, Sizes
from wakegen.scenes.bank import PIECE_SAMPLES, VERSION, bank_key
from wakegen.scenes.rooms import DIRECT

TINY = Sizes(rirs=3, noises=4, tones=1)


def test_a_bank_comes_back_from_its_folder(bank: Bank, tmp_path: Path) -> None:
    bank.save(tmp_path)
    again = Bank.load(tmp_path)
    assert again.sizes == bank.sizes
    assert again.about == bank.about
    for name in ("rirs", "noises", "tones"):
        assert np.array_equal(getattr(again, name), getattr(bank, name))
        assert isinstance(getattr(again, name), np.memmap)


def test_a_bank_does_not_depend_on_the_number_of_workers(profile: DeviceProfile) -> None:
    alone = Bank.build(profile, 7, sizes=TINY)
    with Processes(2) as executor:
        shared = Bank.build(profile, 7, sizes=TINY, executor=executor)
    assert alone.rirs.tobytes() == shared.rirs.tobytes()
    assert alone.noises.tobytes() == shared.noises.tobytes()
    assert alone.about == shared.about


def test_everything_in_a_bank_sounds(bank: Bank) -> None:
    for rows in (bank.rirs, bank.noises, bank.tones):
        assert np.isfinite(rows).all()
        assert np.all(np.abs(rows.astype(np.float32)).max(axis=1) > 0.01)
    assert len(bank.about["rooms"]) == bank.sizes.rirs
    assert len(bank.about["noises"]) == bank.sizes.noises


def test_user_sounds_are_cut_levelled_and_aligned(profile: DeviceProfile) -> None:
    noise = stream(1, "user").standard_normal(PIECE_SAMPLES * 2 + 5000).astype(np.float32) * 0.01
    short = noise[:12000]
    rir = np.zeros(5000, np.float32)
    rir[700], rir[900] = -0.2, 0.1
    made = Bank.build(profile, 1, sizes=TINY, user_noises=[noise, short, noise[:100], 0 * noise], user_rirs=[rir])
    assert (made.sizes.user_noises, made.sizes.user_rirs) == (3, 1)
    assert np.argmax(np.abs(made.rirs[-1])) == DIRECT
    assert made.rirs[-1][DIRECT + 200] == pytest.approx(0.5)
    levels = made.noises[-3:].astype(np.float32).std(axis=1)
    assert levels == pytest.approx(1, rel=0.02)


def test_the_key_says_what_a_bank_is_made_of(profile: DeviceProfile, bank: Bank) -> None:
    noise = stream(1, "user").standard_normal(9000).astype(np.float32)
    keys = [
        bank_key(profile, 5, sizes=bank.sizes),
        bank_key(profile, 6, sizes=bank.sizes),
        bank_key(profile, 5, sizes=TINY),
        bank_key(profile, 5, sizes=bank.sizes, user_noises=[noise]),
        bank_key(profile, 5, sizes=bank.sizes, user_rirs=[noise]),
    ]
    assert keys[0] == bank.about["key"]
    assert len(set(keys)) == 5


@pytest.mark.parametrize("damage", ["no folder", "no json", "old", "no array", "garbage"])
def test_a_bank_that_is_not_whole_is_refused(bank: Bank, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "bank"
    if damage != "no folder":
        bank.save(folder)
    if damage == "no json":
        (folder / "bank.json").unlink()
    if damage == "old":
        text = (folder / "bank.json").read_text()
        (folder / "bank.json").write_text(text.replace(f'"version": {VERSION}', '"version": 0'))
    if damage == "no array":
        (folder / "noises.npy").unlink()
    if damage == "garbage":
        (folder / "rirs.npy").write_bytes(b"no numpy array")
    with pytest.raises(BadInput, match="scene bank") as caught:
        Bank.load(folder)
    assert caught.value.hint


def test_a_silent_room_response_is_refused(profile: DeviceProfile) -> None:
    with pytest.raises(BadInput, match="silent"):
        Bank.build(profile, 1, sizes=Sizes(rirs=1, noises=1, tones=1), user_rirs=[np.zeros(100, np.float32)])
