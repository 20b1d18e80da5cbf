"""CPU seconds of training one member, at the size that `standard` has, and what the trainer takes on disk.

The material is synthetic: clips of embeddings with the mean, spread and smoothness of real ones, as many windows as a
`standard` project holds. Where JAX can be imported the same loss and batch run on it, interleaved; it is never needed.
"""

from __future__ import annotations

import argparse
import hashlib
import statistics
import sys
import time
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from typing import Any

import numpy as np

from wakegen.config.presets import TRAIN
from wakegen.core.seeds import stream
from wakegen.model.head import EMBEDDING, NORM_EPSILON
from wakegen.train import network
from wakegen.train.material import Material, Pool, positive_starts, window_starts
from wakegen.train.trainer import USUAL_S, Recipe, train_member

# Clips and their rows (one per 80 ms), as `standard` makes them.
_SIZES = {"positive": (5600, 26), "near": (2560, 26), "general": (4000, 60)}


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Train one member; with `--quick` a twelfth of the steps on a tenth of the material."""
    preset = TRAIN["standard"]
    steps, share = (60, 0.1) if options.quick else (preset.steps, 1.0)
    print(f"material for {steps} steps", file=sys.stderr, flush=True)
    made = material(share)
    started = time.process_time()
    member = train_member(made, recipe=Recipe(steps=steps), seed=1)
    cpu_s = time.process_time() - started
    probe = made.windows(made.general.starts[:1000])
    return {
        "steps": steps,
        "windows": {name: len(getattr(made, name)) for name in _SIZES},
        "member_cpu_s": round(cpu_s, 2),
        "heads_at_standard": preset.heads,
        "batch": Recipe().batch,
        **_steps(100 if options.quick else 300),
        "autograd_mb": _installed_mb("autograd"),
        "jax_mb": None if find_spec("jax") is None else round(_installed_mb("jax") + _installed_mb("jaxlib"), 1),
        "hash": hashlib.sha256(member.logit(probe).round(2).tobytes()).hexdigest()[:16],
    }


def material(share: float) -> Material:
    """Give material of realistic size; the positives carry a pattern at their end, so that there is something to learn."""
    rng = stream(7, "bench", "train")
    rows, starts, first = [], {}, 0
    pattern = rng.standard_normal((8, EMBEDDING)) * 6
    for name, (clips, length) in _SIZES.items():
        count = max(1, int(clips * share))
        walk = rng.standard_normal((count, length, EMBEDDING), np.float32).cumsum(axis=1)
        part = 8 * (walk - walk.mean(axis=1, keepdims=True)) / np.sqrt(length)
        if name == "positive":
            part[:, -12:-4] += pattern.astype(np.float32)
        places = [first + i * length for i in range(count)]
        starts[name] = np.concatenate([_starts(name, length, place) for place in places])
        rows.append(part.reshape(-1, EMBEDDING))
        first += count * length
    pools = {name: Pool.of({name: [places]}) for name, places in starts.items()}
    return Material(np.concatenate(rows).astype(np.float32), **pools)


def _starts(name: str, length: int, place: int) -> Any:
    if name != "positive":
        return window_starts(length, first_row=place)
    end_s = 0.08 * (length + 9) - 0.7
    return positive_starts(length, first_row=place, phrase_end_s=end_s, after_s=USUAL_S)


def _steps(count: int) -> dict[str, Any]:
    """Milliseconds of wall time for loss and gradient of one batch, on one thread."""
    from autograd import grad
    from threadpoolctl import threadpool_limits

    rng = stream(7, "bench", "steps")
    batch = Recipe().batch
    x = rng.standard_normal((batch, 16, EMBEDDING), np.float32)
    target = (rng.random(batch) < 0.25).astype(np.float32)
    keep = np.ones((batch, 16 * network.CHANNELS), np.float32)
    parameters = network.initial(rng)
    calls = {"autograd": grad(network.loss)}
    peer = _jax_gradient()
    if peer is not None:
        calls["jax"] = peer
    times: dict[str, list[float]] = {name: [] for name in calls}
    with threadpool_limits(1):
        for call in calls.values():
            call(parameters, x, target, keep)  # compiles, where there is something to compile
        for _ in range(count):
            for name, call in calls.items():
                started = time.process_time()
                call(parameters, x, target, keep)
                times[name].append(1000 * (time.process_time() - started))
    found: dict[str, Any] = {"gradient_n": count}
    for name, values in times.items():
        found[f"gradient_cpu_ms_{name}"] = round(statistics.median(values), 2)
        found[f"gradient_cpu_ms_{name}_p90"] = round(float(np.percentile(values, 90)), 2)
    if "jax" not in found and peer is None:
        found["gradient_cpu_ms_jax"] = None
    return found


def _jax_gradient() -> Any:
    """The same loss on JAX, compiled; None where JAX is not installed."""
    if find_spec("jax") is None:
        return None
    import jax
    import jax.numpy as jnp

    def trunk(parameters: Any, x: Any) -> Any:
        h = jnp.maximum(x @ parameters[0] + parameters[1], 0)
        for at in range(2, 2 + network.BLOCKS * network.PER_BLOCK, network.PER_BLOCK):
            kernel, bias, gain, shift = parameters[at : at + network.PER_BLOCK]
            padded = jnp.pad(h, ((0, 0), (1, 1), (0, 0)))
            y = jnp.concatenate([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]], axis=2) @ kernel + bias
            centred = y - y.mean(axis=(1, 2), keepdims=True)
            y = centred / jnp.sqrt((centred * centred).mean(axis=(1, 2), keepdims=True) + NORM_EPSILON)
            h = h + jnp.maximum(y * gain + shift, 0)
        return h.reshape(x.shape[0], -1)

    def loss(parameters: Any, x: Any, target: Any, keep: Any) -> Any:
        z = (trunk(parameters, x) * keep) @ parameters[-2] + parameters[-1]
        return jnp.mean(jnp.logaddexp(0.0, z) - target * z)

    compiled = jax.jit(jax.grad(loss))
    return lambda *arguments: jax.block_until_ready(compiled(*arguments))


def _installed_mb(name: str) -> float:
    """Give the megabytes (10⁶) of a package's own files."""
    try:
        files = distribution(name).files or []
    except PackageNotFoundError:
        return 0.0
    sizes = (path.stat().st_size for file in files if (path := file.locate()).is_file())  # type: ignore[attr-defined]
    return round(float(sum(sizes)) / 1e6, 1)
