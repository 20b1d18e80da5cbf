"""A Wyoming server: Home Assistant and other voice assistants ask it for wake words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wakegen.core.errors import BadInput, DeviceError, NotInstalled
from wakegen.core.version import VERSION
from wakegen.runtime.detector import Detectors

if TYPE_CHECKING:
    from wyoming.audio import AudioChunk
    from wyoming.event import Event

RATE_HZ = 16_000
_MAKER = ("wakegen", "https://pypi.org/project/wakegen/")
Open = Callable[[], Detectors]


def serve(
    paths: Sequence[Path], *, host: str, port: int, ready: Callable[[int], None] = lambda port: None, **options: Any
) -> None:
    """Answer wake-word requests until the process is told to stop.

    Parameters
    ----------
    paths, options : as `Detectors` takes them; every connection has detectors of its own
    port : 0 for one that is free
    ready : called with the port once connections are taken

    Raises
    ------
    BadInput : a model cannot be used, or two have the same name.
    NotInstalled : the package wyoming is missing.
    DeviceError : the address cannot be listened on.
    """
    if find_spec("wyoming") is None:
        raise NotInstalled("The server needs the package wyoming.", hint="pip install 'wakegen[wyoming]'")
    names = [path.stem for path in paths]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise BadInput(
            f"Two models are named {twice}; clients ask for them by name.", hint="Copy one under another name."
        )
    opened = partial(Detectors, paths, **options)
    opened()  # what is wrong with a model is said now, not to the first client
    asyncio.run(_listen(opened, host, port, ready))


async def _listen(opened: Open, host: str, port: int, ready: Callable[[int], None]) -> None:
    try:
        server = await asyncio.start_server(partial(_connected, opened), host, port)
    except OSError as error:
        raise DeviceError(
            f"{host}:{port} cannot be listened on: {error.strerror or error}.",
            hint="Choose another port, or stop the program that has it.",
        ) from error
    ready(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


async def _connected(opened: Open, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one client; what it does wrong ends its own connection only."""
    from wyoming.error import Error
    from wyoming.event import async_read_event, async_write_event

    client = Client(opened())
    try:
        while (event := await async_read_event(reader)) is not None:
            for answer in client.take(event):
                await async_write_event(answer, writer)
    except (KeyError, TypeError, ValueError) as error:  # an event without what it must have
        await async_write_event(Error(text=f"This event cannot be used: {error!r}", code="bad-event").event(), writer)
    except ConnectionError:
        pass
    finally:
        writer.close()


class Client:
    """One client's stream: events in, events out."""

    def __init__(self, detectors: Detectors) -> None:
        from wyoming.audio import AudioChunkConverter

        self._detectors = detectors
        self._wanted: frozenset[str] | None = None  # names; None: all
        self._fired = False
        self._converter = AudioChunkConverter(rate=RATE_HZ, width=2, channels=1)

    def take(self, event: Event) -> list[Event]:
        """Take one event and give the answers. Events of other domains are left unanswered."""
        from wyoming.audio import AudioChunk, AudioStart, AudioStop
        from wyoming.info import Describe
        from wyoming.wake import Detect, NotDetected

        if Describe.is_type(event.type):
            return [_info(self._detectors)]
        if Detect.is_type(event.type):
            names = Detect.from_event(event).names
            self._wanted = frozenset(names) if names else None
        elif AudioStart.is_type(event.type):
            self._detectors.reset()
            self._fired = False
        elif AudioChunk.is_type(event.type):
            return self._heard(AudioChunk.from_event(event))
        elif AudioStop.is_type(event.type) and not self._fired:
            return [NotDetected().event()]
        return []

    def _heard(self, chunk: AudioChunk) -> list[Event]:
        from wyoming.wake import Detection

        if chunk.width < 1 or chunk.channels < 1 or len(chunk.audio) % (chunk.width * chunk.channels):
            raise ValueError(f"{len(chunk.audio)} bytes are no whole samples")
        samples = np.frombuffer(self._converter.convert(chunk).audio, "<i2").astype(np.int16)
        fired = [
            path.stem
            for step in self._detectors.push(samples)
            for path, score in step.items()
            if score.fired and (self._wanted is None or path.stem in self._wanted)
        ]
        self._fired = self._fired or bool(fired)
        return [Detection(name=name, timestamp=chunk.timestamp).event() for name in fired]


def _info(detectors: Detectors) -> Event:
    from wyoming.info import Attribution, Info, WakeModel, WakeProgram

    name, url = _MAKER
    common: dict[str, Any] = {"attribution": Attribution(name=name, url=url), "installed": True, "version": VERSION}
    models = [
        WakeModel(name=path.stem, description=sidecar.phrase, languages=[], phrase=sidecar.phrase, **common)
        for path, sidecar in detectors.sidecars.items()
    ]
    program = WakeProgram(name=name, description="Wake words by wakegen", models=models, **common)
    return Info(wake=[program]).event()
