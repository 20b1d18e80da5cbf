"""Makes the nano backbone: the speech embedding's network at a quarter of its size, taught to answer as the large one does.

    pip install jax
    python models/nano/make.py --work DIR

Speaks the corpus (every engine of `wakegen engines`), trains, writes weights.npz. What is in DIR is not made again: a run
that was stopped goes on. The card (README.md) says what came of it.
"""

from __future__ import annotations

import argparse
import io
import sys
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from corpus import corpus
from jax import lax
from numpy.typing import NDArray

from wakegen.core.files import write_bytes
from wakegen.core.seeds import stream
from wakegen.features.backbone import known_window
from wakegen.features.weights import POOL_AFTER, RECEPTIVE_FRAMES, STRIDE_FRAMES, Conv, Weights

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "int8"))
import quantising  # noqa: E402

SEED = 5
# Outputs of the twenty convolutions (the large network has 24, 48, 72 and 96). 1.38 million multiplications a step.
WIDTHS = (*(8,) * 3, *(24,) * 4, *(32,) * 4, *(56,) * 4, *(72,) * 4, 96)
KERNELS = ((3, 3), *((1, 3), (3, 1)) * 9, (3, 1))  # frames × bands
STEPS = 8_000
BATCH, ROWS = 8, 56  # pieces of 5 s
LEARNING_RATE = 3e-3
HELD_OUT = 40  # every 40th part of the corpus is not trained on
_EVERY = 1_000  # steps between two checkpoints

F32 = NDArray[np.float32]
Tree = list[dict[str, Any]]


def main() -> None:
    """Make everything that is missing."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--work", type=Path, required=True, help="folder for the corpus and checkpoints (1 GB)")
    asked.add_argument("--steps", type=int, default=STEPS, help=f"of training (default {STEPS:,})")
    options = asked.parse_args()
    lessons = list(corpus(options.work / "corpus"))
    seconds = sum(len(rows) for _, rows in lessons) * 0.08
    print(f"{seconds / 3600:.1f} h in {len(lessons)} parts", flush=True)
    taught = [one for i, one in enumerate(lessons) if i % HELD_OUT]
    unheard = [one for i, one in enumerate(lessons) if i % HELD_OUT == 0]
    mean, scale = _moments(taught)
    tree = _trained(taught, unheard, mean, scale, options)
    report = judged(tree, unheard, mean, scale)
    print(report, flush=True)
    quantising.make(student(tree, mean, scale), HERE, _known)


def network(tree: Tree, x: Any) -> Any:
    """Give [n, k, 96] of mel [n, 76 + 8 (k − 1), 32]: valid in time, as `features.graph` has it."""
    x = x[..., None]
    for i, layer in enumerate(tree):
        pad = (KERNELS[i][1] - 1) // 2
        dimensions = ("NHWC", "HWIO", "NHWC")
        x = lax.conv_general_dilated(x, layer["kernel"], (1, 1), [(0, 0), (pad, pad)], dimension_numbers=dimensions)
        x = x + layer["bias"]
        if i in POOL_AFTER:
            pt, pf = POOL_AFTER[i]
            n, t, f, c = x.shape
            x = x[:, : t // pt * pt].reshape(n, t // pt, pt, f // pf, pf, c).max((2, 4))
        if i < len(tree) - 1:
            x = jnp.maximum(x, -2.0)
            x = jnp.where(x > 0, x, 0.2 * x)
    return x[:, :, 0]


def centred(tree: Tree) -> Tree:
    """Let the first layer's kernels sum to zero, so that loudness moves nothing (as in the large network)."""
    kernel = tree[0]["kernel"]
    return [{**tree[0], "kernel": kernel - kernel.mean((0, 1), keepdims=True)}, *tree[1:]]


def loss(tree: Tree, x: Any, wanted: Any) -> Any:
    """Mean squared error of embeddings, each value in units of its own deviation: 1 is what guessing the mean costs."""
    return jnp.mean((network(centred(tree), x) - wanted) ** 2)


@jax.jit
def step(tree: Tree, m: Tree, v: Tree, at: Any, x: Any, wanted: Any, rate: Any) -> tuple[Tree, Tree, Tree, Any]:
    """One step of Adam."""
    value, slopes = jax.value_and_grad(loss)(tree, x, wanted)
    m = jax.tree.map(lambda a, b: 0.9 * a + 0.1 * b, m, slopes)
    v = jax.tree.map(lambda a, b: 0.999 * a + 0.001 * b * b, v, slopes)
    first, second = 1 - 0.9**at, 1 - 0.999**at
    tree = jax.tree.map(lambda p, a, b: p - rate * a / first / (jnp.sqrt(b / second) + 1e-8), tree, m, v)
    return tree, m, v, value


def _initial() -> Tree:
    rng, ci, tree = stream(SEED, "weights"), 1, []
    for (kt, kf), co in zip(KERNELS, WIDTHS, strict=True):
        spread = (2 / (kt * kf * ci)) ** 0.5
        tree.append(
            {"kernel": rng.normal(0, spread, (kt, kf, ci, co)).astype(np.float32), "bias": np.zeros(co, np.float32)}
        )
        ci = co
    return tree


def _trained(taught: list[Any], unheard: list[Any], mean: F32, scale: F32, options: Any) -> Tree:
    """Train, from the last checkpoint on."""
    kept = options.work / "checkpoint.npz"
    first, (tree, m, v) = _restored(kept)
    lengths = np.array([max(0, len(rows) - ROWS) for _, rows in taught], np.float64)
    shares = np.cumsum(lengths / lengths.sum())
    losses, started = [], time.monotonic()
    for at in range(first + 1, options.steps + 1):
        x, wanted = _drawn(taught, shares, stream(SEED, "step", at))
        rate = LEARNING_RATE * min(1.0, at / 500) * 0.5 * (1 + np.cos(np.pi * at / options.steps))
        tree, m, v, value = step(tree, m, v, float(at), x, (wanted - mean) / scale, rate)
        losses.append(value)
        if at % _EVERY == 0 or at == options.steps:
            write_bytes(kept, _checkpoint(at, (tree, m, v)))
            error = judged(tree, unheard, mean, scale)["error"]
            since = (time.monotonic() - started) / (at - first)
            print(f"step {at}: {np.mean(np.array(losses)):.4f}, unheard {error:.4f}; {since:.3f} s a step", flush=True)
            losses = []
    return tree


def _drawn(taught: list[Any], shares: NDArray[np.float64], rng: np.random.Generator) -> tuple[F32, F32]:
    frames = RECEPTIVE_FRAMES + STRIDE_FRAMES * (ROWS - 1)
    x, wanted = np.empty((BATCH, frames, 32), np.float32), np.empty((BATCH, ROWS, 96), np.float32)
    for i in range(BATCH):
        mel, rows = taught[int(np.searchsorted(shares, rng.random(), side="right"))]
        at = int(rng.integers(len(rows) - ROWS))
        x[i], wanted[i] = mel[STRIDE_FRAMES * at : STRIDE_FRAMES * at + frames], rows[at : at + ROWS]
    return x, wanted


def _moments(lessons: list[Any]) -> tuple[F32, F32]:
    rows = np.concatenate([rows[::7] for _, rows in lessons]).astype(np.float64)
    return rows.mean(0).astype(np.float32), rows.std(0).astype(np.float32)


def judged(tree: Tree, lessons: list[Any], mean: F32, scale: F32) -> dict[str, float]:
    """Compare with the teacher on what was not trained on: the loss, and the cosine of what differs from the mean."""
    errors, cosines, count = 0.0, 0.0, 0
    for mel, rows in lessons:
        wanted = rows.astype(np.float32)
        at = range(0, len(rows) - ROWS, ROWS)
        frames = RECEPTIVE_FRAMES + STRIDE_FRAMES * (ROWS - 1)
        x = np.stack([mel[STRIDE_FRAMES * a : STRIDE_FRAMES * a + frames] for a in at]).astype(np.float32)
        want = (np.stack([wanted[a : a + ROWS] for a in at]) - mean) / scale
        made = np.asarray(_answer(tree, x))
        dots = (made * want).sum(-1) / np.linalg.norm(made, axis=-1) / np.linalg.norm(want, axis=-1)
        errors += float(((made - want) ** 2).mean((1, 2)).sum())
        cosines += float(dots.mean(1).sum())
        count += len(x)
    return {"error": round(errors / count, 4), "cosine": round(cosines / count, 4)}


_answer = jax.jit(lambda tree, x: network(centred(tree), x))


def student(tree: Tree, mean: F32, scale: F32) -> Weights:
    """Give the network as wakegen reads it, answering in the large network's own units."""
    convs = []
    for i, layer in enumerate(centred(tree)):
        kernel, bias = np.asarray(layer["kernel"]).transpose(3, 2, 0, 1), np.asarray(layer["bias"])
        if i == len(tree) - 1:
            kernel, bias = kernel * scale[:, None, None, None], bias * scale + mean
        convs.append(Conv(kernel, bias, POOL_AFTER.get(i, (1, 1))))
    return Weights(tuple(convs))


def _known(made: Weights) -> F32:
    """Give values 0, 1, 2 and 95 of the embedding of the known window, as computed here."""
    tree = [{"kernel": conv.kernel.transpose(2, 3, 1, 0), "bias": conv.bias} for conv in made.convs]
    return np.asarray(network(tree, known_window())[0, 0, [0, 1, 2, 95]], np.float32)


def _checkpoint(at: int, trees: tuple[Tree, Tree, Tree]) -> bytes:
    arrays = {
        f"{name}_{i}_{j}": np.asarray(layer[name])
        for j, tree in enumerate(trees)
        for i, layer in enumerate(tree)
        for name in layer
    }
    file = io.BytesIO()
    np.savez(file, at=at, **arrays)
    return file.getvalue()


def _restored(path: Path) -> tuple[int, tuple[Tree, Tree, Tree]]:
    if not path.exists():
        tree = _initial()
        nothing = jax.tree.map(np.zeros_like, tree)
        return 0, (tree, nothing, nothing)
    with np.load(path, allow_pickle=False) as data:
        trees = tuple(
            [{name: data[f"{name}_{i}_{j}"] for name in ("kernel", "bias")} for i in range(len(WIDTHS))]
            for j in range(3)
        )
        return int(data["at"]), trees


if __name__ == "__main__":
    main()
