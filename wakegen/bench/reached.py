"""A device that is found again: when it is lost in the middle of something, the line is opened anew and that thing done again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import BinaryIO, TypeVar

import numpy as np
from numpy.typing import NDArray

from wakegen.core.errors import DeviceError, DeviceLost, StorageError
from wakegen.devices.client import Clip, Device
from wakegen.devices.facts import Value
from wakegen.devices.messages import Loaded
from wakegen.devices.transports.base import Line

I16 = NDArray[np.int16]
T = TypeVar("T")

_WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0)  # before each further try; a clip that is heard begins them anew


class Traced:
    """A line whose incoming bytes are kept in a file as they came."""

    def __init__(self, line: Line, trace: BinaryIO) -> None:
        self._line, self._trace = line, trace

    def read(self, timeout_s: float) -> bytes:
        """Give what has come."""
        data = self._line.read(timeout_s)
        try:
            self._trace.write(data)
        except OSError as error:
            raise StorageError(
                f"What the device says cannot be kept: {error.strerror}.",
                hint="Make room on the disk and run the same again: it goes on where it was.",
            ) from error
        return data

    def write(self, data: bytes) -> None:
        """Hand over all of it."""
        self._line.write(data)

    def close(self) -> None:
        """End it."""
        self._line.close()


class ReachedDevice:
    """One device and the models it was given, through however many lines it takes."""

    def __init__(
        self,
        connect: Callable[[], Line],
        *,
        trace: BinaryIO,
        on_log: Callable[[int, str], None],
        realtime: bool = False,
        waits_s: tuple[float, ...] | None = None,
        same: Callable[[Mapping[str, Value]], None] = lambda info: None,
    ) -> None:
        """Reach the device now.

        `same` raises where what answers is not the device that was meant.

        Raises
        ------
        DeviceError : it cannot be reached.
        """
        self._connect, self._trace, self._on_log = connect, trace, on_log
        self._realtime, self._same = realtime, same
        self._waits_s = _WAITS_S if waits_s is None else waits_s
        self._models: list[bytes] = []
        self.loaded: list[Loaded] = []
        self.reconnected = 0
        self._past = {"bytes_in": 0, "bytes_out": 0, "again": 0, "bad": 0}
        self._device: Device | None = None
        self.info = self._open()

    def __enter__(self) -> ReachedDevice:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the line."""
        if self._device:
            counts, splitter = self._device.link.counts, self._device.link.splitter
            self._past["bytes_in"] += counts.bytes_in
            self._past["bytes_out"] += counts.bytes_out
            self._past["again"] += counts.again
            self._past["bad"] += splitter.bad
            self._device.close()
            self._device = None

    def counts(self) -> dict[str, int]:
        """Give what all lines together have cost so far; read it after `close`."""
        return dict(self._past)

    def load(self, models: list[bytes]) -> list[Loaded]:
        """Bring models into the device, each into a slot of its own."""
        self._models = list(models)
        self.loaded = self._patiently(lambda device: self._load(device))
        return self.loaded

    def stats(self) -> dict[str, Value]:
        """Give how the device fares."""
        return self._patiently(lambda device: device.stats())

    def hear(self, samples: I16) -> Clip:
        """Let the device hear a clip, again from its start when the device was lost meanwhile."""
        return self._patiently(lambda device: device.hear(samples, realtime=self._realtime))

    def record(self, samples: int) -> I16:
        """Give what the device's microphone hears."""
        return self._patiently(lambda device: device.record(samples))

    def _patiently(self, work: Callable[[Device], T]) -> T:
        waits = list(self._waits_s)
        while True:
            try:
                if self._device is None:
                    self._again()
                assert self._device is not None
                return work(self._device)
            except DeviceLost as error:
                self.close()
                if not waits:
                    raise
                self._on_log(30, f"{error} Trying again in {waits[0]:g} s.")
                time.sleep(waits.pop(0))

    def _again(self) -> None:
        """Reach the device once more, and see to it that it holds the models."""
        self.reconnected += 1
        try:
            self._open()
            self.loaded = self._load(self._device) if self._device and self._models else self.loaded
        except DeviceLost:
            raise
        except DeviceError as error:  # not there yet, or no longer: the same as lost
            raise DeviceLost(str(error), hint=error.hint) from error

    def _open(self) -> dict[str, Value]:
        line = Traced(self._connect(), self._trace)
        try:
            device = Device(line, on_log=self._on_log)
            info = device.open()
            self._same(info)
        except BaseException:
            line.close()
            raise
        self._device = device
        return info

    def _load(self, device: Device) -> list[Loaded]:
        return [device.load(model, slot=slot) for slot, model in enumerate(self._models)]
