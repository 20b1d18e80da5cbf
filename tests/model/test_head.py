"""A head as arrays."""

from __future__ import annotations

import numpy as np

from tests.heads import head, member
from wakegen.core.seeds import stream
from wakegen.model.head import Head, neighbours, normalised

WINDOWS = stream(1, "windows").normal(0, 15, (7, 16, 96)).astype(np.float32)


def test_a_head_is_the_mean_of_its_members_logits_plus_the_shift():
    members = tuple(member(seed) for seed in range(3))
    wanted = np.mean([one.logit(WINDOWS) for one in members], axis=0) - 0.25
    np.testing.assert_allclose(Head(members, -0.25).logit(WINDOWS), wanted, rtol=1e-5, atol=1e-5)


def test_windows_do_not_influence_one_another():
    alone = np.concatenate([head().logit(window[None]) for window in WINDOWS])
    np.testing.assert_allclose(head().logit(WINDOWS), alone, rtol=1e-4, atol=1e-4)


def test_each_frame_is_put_between_its_neighbours_and_zeros_at_the_ends():
    x = np.arange(1, 7, dtype=np.float32).reshape(1, 3, 2)
    assert neighbours(x).tolist() == [[[0, 0, 1, 2, 3, 4], [1, 2, 3, 4, 5, 6], [3, 4, 5, 6, 0, 0]]]


def test_the_norm_is_over_all_frames_and_channels_of_a_window():
    scaled = normalised(WINDOWS)
    np.testing.assert_allclose(scaled.mean(axis=(1, 2)), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(axis=(1, 2)), 1, atol=1e-4)
    np.testing.assert_allclose(normalised(np.full((1, 16, 96), 4, np.float32)), 0)  # no division by zero


def test_parameters_are_counted():
    one = member(0)
    blocks = 2 * (3 * 48 * 48 + 3 * 48)
    assert head(3).parameters == 3 * (96 * 48 + 48 + blocks + 16 * 48 + 1) == 3 * head(1).parameters
    assert one.exit.shape == (16 * 48,)
