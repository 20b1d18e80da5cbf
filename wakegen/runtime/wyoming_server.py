"""A Wyoming server: Home Assistant and other voice assistants ask it for wake words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from wakegen.core.errors import BadInput, DeviceError, NotInstalled
from wakegen.core.version import VERSION
from wakegen.model import Sidecar
from wakegen.runtime.detector import Detectors

if TYPE_CHECKING:
    from wyoming.audio import AudioChunk
    from wyoming.event import Event

RATE_HZ = 16_000
_MOST_BYTES = 2_000_000  # of one event: ten seconds of stereo at 48 kHz
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
    sidecars = opened().sidecars  # what is wrong with a model is said now, not to the first client
    asyncio.run(_listen(partial(_connected, opened, _info(sidecars)), host, port, ready))


async def _listen(connected: Any, host: str, port: int, ready: Callable[[int], None]) -> None:
    try:
        server = await asyncio.start_server(connected, host, port)
    except OSError as error:
        raise DeviceError(
            f"{host}:{port} cannot be listened on: {error.strerror or error}.",
            hint="Choose another port, or stop the program that has it.",
        ) from error
    ready(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


async def _connected(opened: Open, info: Event, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one client; what it does wrong ends its own connection only."""
    from wyoming.error import Error
    from wyoming.event import async_read_event, async_write_event

    client = Client(opened, info)
    bounded: Any = _Bounded(reader)
    try:
        while (event := await async_read_event(bounded)) is not None:
            for answer in await client.take(event):
                await async_write_event(answer, writer)
    except (ConnectionError, EOFError):
        pass  # it went away, perhaps in the middle of an event
    except Exception as error:  # whatever it sent: wyoming and audioop have many kinds
        with suppress(ConnectionError):
            told = Error(text=f"This event cannot be used: {error!r}", code="bad-event")
            await async_write_event(told.event(), writer)
    finally:
        writer.close()


class _Bounded:
    """A reader that takes no event of more than a few seconds of sound: a client may not fill the memory."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self._reader = reader

    async def readline(self) -> bytes:
        return await self._reader.readline()

    async def readexactly(self, count: int) -> bytes:
        if count > _MOST_BYTES:
            raise ValueError(f"{count} bytes at once are more than {_MOST_BYTES}")
        return await self._reader.readexactly(count)


class Client:
    """One client's stream: events in, events out."""

    def __init__(self, opened: Open, info: Event) -> None:
        self._open, self._info = opened, info
        self._detectors: Detectors | None = None  # opened with the first sound: many clients only ask what there is
        self._wanted: frozenset[str] | None = None  # names; None: all
        self._begin()

    def _begin(self) -> None:
        from wyoming.audio import AudioChunkConverter

        if self._detectors is not None:
            self._detectors.reset()
        self._fired = False
        self._converter = AudioChunkConverter(rate=RATE_HZ, width=2, channels=1)

    async def take(self, event: Event) -> list[Event]:
        """Take one event and give the answers. Events of other domains are left unanswered."""
        from wyoming.audio import AudioChunk, AudioStart, AudioStop
        from wyoming.info import Describe
        from wyoming.wake import Detect, NotDetected

        if Describe.is_type(event.type):
            return [self._info]
        if Detect.is_type(event.type):
            names = Detect.from_event(event).names
            self._wanted = frozenset(names) if names else None
        elif AudioStart.is_type(event.type):
            self._begin()
        elif AudioChunk.is_type(event.type):
            if self._detectors is None:
                self._detectors = await asyncio.to_thread(self._open)
            return self._heard(self._detectors, AudioChunk.from_event(event))
        elif AudioStop.is_type(event.type) and not self._fired:
            return [NotDetected().event()]
        return []

    def _heard(self, detectors: Detectors, chunk: AudioChunk) -> list[Event]:
        from wyoming.wake import Detection

        if chunk.width < 1 or chunk.channels < 1 or len(chunk.audio) % (chunk.width * chunk.channels):
            raise ValueError(f"{len(chunk.audio)} bytes are no whole samples")
        samples = np.frombuffer(self._converter.convert(chunk).audio, "<i2").astype(np.int16)
        fired = [
            path.stem
            for step in detectors.push(samples)
            for path, score in step.items()
            if score.fired and (self._wanted is None or path.stem in self._wanted)
        ]
        self._fired = self._fired or bool(fired)
        return [Detection(name=name, timestamp=chunk.timestamp).event() for name in fired]


def _info(sidecars: Mapping[Path, Sidecar]) -> Event:
    from wyoming.info import Attribution, Info, WakeModel, WakeProgram

    name, url = _MAKER
    common: dict[str, Any] = {"attribution": Attribution(name=name, url=url), "installed": True, "version": VERSION}
    models = [
        WakeModel(name=path.stem, description=sidecar.phrase, languages=[], phrase=sidecar.phrase, **common)
        for path, sidecar in sidecars.items()
    ]
    program = WakeProgram(name=name, description="Wake words by wakegen", models=models, **common)
    return Info(wake=[program]).event()
