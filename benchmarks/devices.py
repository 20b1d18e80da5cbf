"""Detectors on devices: how fast sound goes there and scores come back, what that costs, and that no figure depends on the way.

The firmware's own program stands for a board, behind a pty paced to 921,600 baud and behind a TCP port; the firmware for rv32imc runs in
QEMU; the agent runs behind a real sshd on this machine, as an account of its own where this one may make one.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.bridge import bridged_pty, bridged_socket
from benchmarks.judging import Measure, collected, nothing, say
from benchmarks.sshd import PROGRAM, Sshd
from wakegen.core.errors import NotInstalled
from wakegen.core.seeds import stream
from wakegen.devices.bundle import bundle
from wakegen.devices.client import Device
from wakegen.devices.faults import Faults, FaultyTransport
from wakegen.devices.transports import loopback, table
from wakegen.devices.transports.base import Line, Target
from wakegen.export import export_head
from wakegen.export.wgm import detector_file, integer_head
from wakegen.features import weights
from wakegen.model import Sidecar
from wakegen.model.head import Head
from wakegen.model.wgm import to_bytes
from wakegen.runtime import Detector
from wakegen.runtime.integer import IntegerDetector
from wakegen.train import network, small

I16 = NDArray[np.int16]
BAUD = 921_600
_BYTES_PER_S = BAUD / 10  # a start and a stop bit
_PIECE_S = 120.0
_NOISE = Faults(bit_error_rate=1e-5)
_HOUR_S = 3600.0


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Measure everything; what cannot be measured here is null, with the reason beside it."""
    quick = options.quick
    with tempfile.TemporaryDirectory() as folder:
        integers, floats = _models(Path(folder))
        measures: list[Measure] = [
            (("serial_x_realtime_921600",), "times", lambda: _serial(integers, 4.0 if quick else 60.0)),
            (
                ("socket_x_realtime", "protocol_overhead_pct"),
                "times",
                lambda: _socket(integers, 10.0 if quick else 300.0),
            ),
            (
                ("ssh_s_per_hour_audio", "ssh_max_difference", "ssh_account"),
                "times",
                lambda: _ssh(floats, 10.0 if quick else _HOUR_S),
            ),
            (
                ("noisy_line_exact", "noisy_line_sent_again"),
                "times",
                lambda: _noisy(integers, 10.0 if quick else _HOUR_S),
            ),
            (
                ("parity_host_rv32", "rv32_step_instructions_in_firmware", "rv32_uart_x_realtime"),
                "times",
                lambda: _rv32(integers, 3.0 if quick else 20.0),
            ),
        ]
        return collected(measures, options.parts or ("times",), quick=quick)


def _models(folder: Path) -> tuple[Path, Path]:
    """Write a detector in integers on the large backbone, and one in float: heads with random weights cost what others do."""
    rng = stream(1, "device benchmark")
    parameters = [part + (0.2 * rng.standard_normal(part.shape)).astype(np.float32) for part in small.initial(rng)]
    zeros, scale = np.zeros(96, np.float32), np.full(96, 15, np.float32)
    member = small.to_member(parameters, mean=zeros, scale=scale)
    head = integer_head(member, rng.normal(0, 15, (64, 16, 96)).astype(np.float32), variant=weights.NO_RELU)
    integers = folder / "katya.wgm"
    integers.write_bytes(
        to_bytes(detector_file(head, logit=0.0, smoothing=3, debounce_s=1.0, meta={"phrase": "hey katya"}))
    )
    floats = export_head(
        Head(tuple(network.to_member(network.initial(rng), mean=zeros, scale=scale) for _ in range(3)), 0.0),
        folder / "katya.onnx",
    )
    Sidecar("hey katya", 0.5, weights.identity(), smoothing=3).save(floats)
    return integers, floats


def _sound(seconds: float) -> I16:
    rng, count = stream(2, "device benchmark"), int(seconds * 16_000)
    envelope = np.repeat(rng.uniform(0, 1, count // 800 + 1) ** 3 * 9000, 800)[:count].astype(np.float32)
    return (rng.standard_normal(count, np.float32) * envelope).clip(-32768, 32767).astype(np.int16)


def _sums(device: Device, sound: I16) -> NDArray[np.int32]:
    """Let a device hear it all, in pieces, each from a fresh start."""
    size = int(_PIECE_S * 16_000)
    parts = [device.hear(sound[at : at + size]).steps for at in range(0, len(sound), size)]
    return np.concatenate([part["models"]["value"][:, 0].view(np.int32) for part in parts])


def _expected(model: Path, sound: I16) -> NDArray[np.int32]:
    detector, size = IntegerDetector(model), int(_PIECE_S * 16_000)
    return np.concatenate([detector.steps_of(sound[at : at + size])["sum"] for at in range(0, len(sound), size)])


def _serial(model: Path, seconds: float) -> dict[str, Any]:
    say(f"serial: {seconds:g} s of sound through a pty at {BAUD} baud")
    sound = _sound(seconds)
    with bridged_pty(_at_921600()) as path, Device(table.connect(Target("serial", path, baud=BAUD))) as device:
        device.load(model.read_bytes())
        took, sums = _timed(lambda: _sums(device, sound))
    if not np.array_equal(sums, _expected(model, sound)):
        return nothing("the scores were not those of this machine")
    return {"serial_x_realtime_921600": round(seconds / took, 2)}


def _at_921600() -> Line:
    """Give the firmware's program behind a line that carries no more each way."""
    return FaultyTransport(loopback.connect(Target("loopback")), Faults(bytes_per_s=_BYTES_PER_S), seed=0)


def _socket(model: Path, seconds: float) -> dict[str, Any]:
    say(f"socket: {seconds:g} s of sound through a TCP port")
    sound = _sound(seconds)
    with (
        bridged_socket(loopback.connect(Target("loopback"))) as address,
        Device(table.connect(Target("serial", address))) as device,
    ):
        device.load(model.read_bytes())
        before = device.link.counts.bytes_out
        took, sums = _timed(lambda: _sums(device, sound))
        sent = device.link.counts.bytes_out - before
    if not np.array_equal(sums, _expected(model, sound)):
        return nothing("the scores were not those of this machine")
    return {
        "socket_x_realtime": round(seconds / took, 1),
        "protocol_overhead_pct": round(100 * (sent - sound.nbytes) / sound.nbytes, 2),
    }


def _noisy(model: Path, seconds: float) -> dict[str, Any]:
    say(f"noisy line: {seconds:g} s of sound, one bit in 100,000 wrong")
    sound = _sound(seconds)
    line = FaultyTransport(loopback.connect(Target("loopback")), _NOISE, seed=3)
    with Device(line) as device:
        device.load(model.read_bytes())
        sums = _sums(device, sound)
        again = device.link.counts.again
    return {"noisy_line_exact": bool(np.array_equal(sums, _expected(model, sound))), "noisy_line_sent_again": again}


def _rv32(model: Path, seconds: float) -> dict[str, Any]:
    say(f"rv32: {seconds:g} s of sound through QEMU's serial port")
    sound = _sound(seconds)
    try:
        line = table.connect(Target("qemu"))
    except NotInstalled as error:
        return nothing(f"{error} {error.hint}")
    with Device(line) as device:
        device.load(model.read_bytes())
        took, clip = _timed(lambda: device.hear(sound))
    steps = clip.steps
    here = IntegerDetector(model).steps_of(sound)
    ready = here["ready"] > 0
    same = np.array_equal(steps["models"]["value"][ready, 0].view(np.int32), here["sum"][ready])
    return {
        "parity_host_rv32": bool(same),
        "rv32_step_instructions_in_firmware": int(steps["ticks"][ready].max()),
        "rv32_uart_x_realtime": round(seconds / took, 2),
    }


def _ssh(model: Path, seconds: float) -> dict[str, Any]:
    if not PROGRAM.exists():
        return nothing("there is no sshd here: apt install openssh-server")
    say(f"ssh: {seconds:g} s of sound through a real sshd")
    sound, size = _sound(seconds), int(_PIECE_S * 16_000)
    with tempfile.TemporaryDirectory(prefix="wakegen-sshd-") as folder:
        server = Sshd(Path(folder))
        try:
            target = Target(
                "ssh",
                server.address,
                key_file=server.folder / "key",
                known_hosts=server.known_hosts,
                python=server.python("numpy"),
            )
            with Device(table.connect(target)) as device:
                device.load(bundle(model))
                took, clips = _timed(lambda: [device.hear(sound[at : at + size]) for at in range(0, len(sound), size)])
        finally:
            server.stop()
    scores = np.concatenate([clip.steps["models"]["value"][:, 0].view(np.float32) for clip in clips])
    here = Detector(model)
    expected = np.concatenate([here.raw_scores(sound[at : at + size]) for at in range(0, len(sound), size)])
    return {
        "ssh_s_per_hour_audio": round(took * _HOUR_S / seconds, 1),
        "ssh_max_difference": float(np.abs(scores - expected).max()),
        "ssh_account": server.user,
    }


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.perf_counter()
    made = work()
    return time.perf_counter() - started, made
