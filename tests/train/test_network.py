"""The network: its gradient, and that the exported member is the trained one."""

from __future__ import annotations

import numpy as np
import pytest

from wakegen.core.seeds import stream
from wakegen.train import network


def batch(count: int = 6, dtype: type = np.float64):
    rng = stream(1, "batch")
    x = rng.standard_normal((count, 16, 96)).astype(dtype)
    keep = (rng.random((count, 16 * network.CHANNELS)) > 0.2).astype(dtype) / dtype(0.8)
    return x, rng.random(count).astype(dtype), keep


def test_the_gradient_is_that_of_finite_differences():
    from autograd import grad

    parameters = [p.astype(np.float64) for p in network.initial(stream(1, "initial"))]
    rng, arguments = stream(2, "places"), batch()
    parameters = [p + 0.05 * rng.standard_normal(p.shape) for p in parameters]
    gradients = grad(network.loss)(parameters, *arguments)
    for number, (p, g) in enumerate(zip(parameters, gradients, strict=True)):
        direction = rng.standard_normal(p.shape)
        direction /= np.linalg.norm(direction)

        def moved(step: float, number: int = number, direction: np.ndarray = direction) -> float:
            return float(
                network.loss([q + step * direction if i == number else q for i, q in enumerate(parameters)], *arguments)
            )

        slope = (moved(1e-6) - moved(-1e-6)) / 2e-6
        assert float((g * direction).sum()) == pytest.approx(slope, rel=1e-4, abs=1e-7), f"parameter {number}"


def test_the_member_with_the_standardisation_folded_in_is_the_network_that_was_trained():
    parameters = network.initial(stream(1, "initial"))
    rng = stream(3, "values")
    mean, scale = rng.normal(0, 5, 96).astype(np.float32), rng.uniform(5, 20, 96).astype(np.float32)
    raw = (rng.standard_normal((9, 16, 96)) * scale + mean).astype(np.float32)
    keep = np.ones((9, 16 * network.CHANNELS), np.float32)
    trunk = network._trunk(parameters, (raw - mean) / scale)
    wanted = (trunk * keep) @ parameters[-2] + parameters[-1]
    got = network.to_member(parameters, mean=mean, scale=scale).logit(raw)
    np.testing.assert_allclose(got, wanted, rtol=1e-3, atol=1e-3)


def test_a_member_taken_apart_for_another_standardisation_is_the_same_network():
    mean, scale = np.full(96, 2, np.float32), np.full(96, 14, np.float32)
    member = network.to_member(network.initial(stream(1, "initial")), mean=mean, scale=scale)
    raw = (stream(4, "raw").standard_normal((9, 16, 96)) * 15).astype(np.float32)
    other = {"mean": stream(5, "mean").normal(0, 5, 96).astype(np.float32), "scale": np.full(96, 17, np.float32)}
    parameters = network.from_member(member, **other)
    np.testing.assert_allclose(network.to_member(parameters, **other).logit(raw), member.logit(raw), atol=1e-4)
    assert [p.shape for p in parameters] == [p.shape for p in network.initial(stream(1, "initial"))]
    for p in parameters:
        p += 1
    assert not np.shares_memory(parameters[-2], member.exit)


def test_the_loss_is_the_cross_entropy():
    parameters, (x, target, keep) = network.initial(stream(1, "initial")), batch(dtype=np.float32)
    z = (network._trunk(parameters, x) * keep) @ parameters[-2] + parameters[-1]
    p = 1 / (1 + np.exp(-z.astype(np.float64)))
    wanted = -(target * np.log(p) + (1 - target) * np.log(1 - p)).mean()
    assert float(network.loss(parameters, x, target, keep)) == pytest.approx(wanted, rel=1e-5)


def test_kernels_decay_and_biases_do_not():
    parameters = network.initial(stream(1, "initial"))
    assert [p.ndim == 2 for p in parameters[:-2]] == network.decays(parameters)[:-2]
    assert network.decays(parameters)[-2:] == [True, False]
