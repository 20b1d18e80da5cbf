import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wakegen.core.errors import BadInput
from wakegen.core.seeds import stream
from wakegen.profiles import DeviceProfile
from wakegen.scenes import ROLES, Recipe, Scene, Sizes, draw
from wakegen.scenes.scene import CLEAN, SPLITS, split_range

WINDOW_S = 1.98


@pytest.mark.parametrize("role", ROLES)
def test_a_scene_goes_through_json(profile: DeviceProfile, role: str) -> None:
    for index in range(50):
        scene = draw(profile, stream(1, role, index), role=role, speech_s=0.7)
        assert Scene.from_json(json.loads(json.dumps(scene.to_json()))) == scene


def test_the_same_stream_draws_the_same_scene(profile: DeviceProfile) -> None:
    first, second = (draw(profile, stream(0, "s"), role="train_positive", speech_s=1) for _ in range(2))
    assert first == second


@given(st.floats(0.2, 1.4), st.integers(0, 10_000))
@settings(max_examples=100, deadline=None)
def test_windows_that_end_after_the_phrase_lie_inside_a_positive(
    profile: DeviceProfile, speech_s: float, seed: int
) -> None:
    recipe = Recipe(stretch=(0.8, 1.2))
    scene = draw(profile, stream(seed, "p"), role="train_positive", speech_s=speech_s, recipe=recipe)
    end_s = scene.start_s + speech_s * scene.stretch_factor / scene.warp_factor
    assert scene.start_s >= 0
    assert end_s >= WINDOW_S - 0.13
    assert scene.length_s - end_s >= 0.55


@given(st.floats(0.2, 6))
@settings(max_examples=30, deadline=None)
def test_long_phrases_fit_too(profile: DeviceProfile, speech_s: float) -> None:
    for role in ROLES:
        scene = draw(profile, stream(1, "long"), role=role, speech_s=speech_s)
        end_s = scene.start_s + speech_s * scene.stretch_factor / scene.warp_factor
        assert scene.length_s >= end_s + 0.5
        if role in ("val_positive", "test_positive"):
            assert scene.start_s >= 2.2


def test_splits_share_no_room_and_no_noise(profile: DeviceProfile) -> None:
    sizes = Sizes(rirs=40, noises=60, tones=4, user_rirs=10, user_noises=20)
    used: dict[str, set[tuple[str, int]]] = {}
    for split in SPLITS:
        scenes = [
            draw(profile, stream(1, split, i), role=f"{split}_positive", speech_s=0.7, sizes=sizes) for i in range(300)
        ]
        rirs = {("rir", scene.rir) for scene in scenes if scene.rir is not None}
        used[split] = rirs | {("noise", noise) for scene in scenes for noise in scene.noises}
        assert {kind for kind, _ in used[split]} == {"rir", "noise"}
        assert max(rir for kind, rir in used[split] if kind == "rir") >= 40
    assert not used["train"] & used["val"]
    assert not used["train"] & used["test"]
    assert not used["val"] & used["test"]


def test_a_range_is_never_empty() -> None:
    for count in range(1, 30):
        for split in SPLITS:
            low, high = split_range(split, count)
            assert 0 <= low < high <= count


def test_shares_are_as_the_recipe_says(profile: DeviceProfile) -> None:
    recipe = Recipe()
    scenes = [draw(profile, stream(2, i), role="train_positive", speech_s=0.7) for i in range(2000)]
    noisy = [scene for scene in scenes if scene.snr_db is not None]
    near = 0.04  # four standard deviations of a share of 2000
    assert len(noisy) / 2000 == pytest.approx(recipe.noise_p, abs=near)
    assert np.mean([scene.babble_voices > 0 for scene in noisy]) == pytest.approx(recipe.babble_share, abs=near)
    assert np.mean([scene.rir is not None for scene in scenes]) == pytest.approx(recipe.reverb_p, abs=near)
    assert np.mean([scene.wants_before for scene in scenes]) == pytest.approx(recipe.before_p, abs=near)
    assert np.mean([scene.wants_after for scene in scenes]) == pytest.approx(recipe.after_p, abs=near)
    assert np.mean([scene.overdrive_db > 0 for scene in scenes]) == pytest.approx(recipe.overdriven_p, abs=near)
    assert np.mean([scene.snr_db < 15 for scene in noisy]) == pytest.approx(0.9, abs=near)


def test_clean_is_clean(profile: DeviceProfile) -> None:
    scene = draw(profile, stream(2, "c"), role="test_positive", speech_s=0.7, recipe=CLEAN)
    assert (scene.warp_factor, scene.stretch_factor, scene.rir, scene.snr_db, scene.noises) == (1, 1, None, None, ())


def test_mistakes_are_told(profile: DeviceProfile) -> None:
    with pytest.raises(BadInput, match="role") as caught:
        draw(profile, stream(1), role="train_positve", speech_s=1)
    assert "train_positive" in caught.value.hint
    with pytest.raises(BadInput, match="length"):
        draw(profile, stream(1), role="train_negative", speech_s=0)
