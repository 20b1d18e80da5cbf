"""The client's end of the espeak-ng process: start it, ask it, start it again when it has died, end it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from wakegen.core.errors import EngineError, NotInstalled
from wakegen.espeak import server

_CLOSE_DEADLINE_S = 5.0  # an idle server ends in a millisecond once its stdin closes; a clip may be under way


class Link:
    """One server process, started at the first request. Requests of several threads take turns.

    A process that was forked from this one gets a server of its own at its first request.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0  # the process id that started the server
        self._greeting: dict[str, Any] | None = None

    @property
    def greeting(self) -> dict[str, Any]:
        """Version, rate, voices and variants, as the server told them when it started."""
        with self._lock:
            if self._greeting is None:
                self._start()
            assert self._greeting is not None
            return self._greeting

    @property
    def pid(self) -> int | None:
        """The server's process id while it runs."""
        return self._process.pid if self._process is not None and self._owner == os.getpid() else None

    def ask(self, request: dict[str, Any]) -> tuple[int, bytes]:
        """Send a request; give the kind of the answer and its bytes.

        Raises
        ------
        EngineError : the server died twice over this request.
        NotInstalled : the library cannot be loaded.
        """
        frame = json.dumps(request).encode()
        with self._lock:
            for _ in range(2):  # a server that was killed meanwhile is not this request's fault
                answer = self._exchange(frame)
                if answer is not None:
                    return answer[0], answer[1:]
                self._drop()
        raise EngineError("The espeak-ng process died twice on one request.", hint="Report the text and the voice.")

    def close(self) -> None:
        """End the server and wait for it. The next request would start another."""
        with self._lock:
            self._drop()

    def _exchange(self, frame: bytes) -> bytes | None:
        if self.pid is None:
            self._start()
        assert self._process is not None
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            server.write_frame(self._process.stdin.fileno(), frame)
            return server.read_frame(self._process.stdout.fileno())
        except OSError:
            return None
        except BaseException:  # Ctrl-C amid an exchange: the rest of the answer would be taken for the next one
            self._drop()
            raise

    def _start(self) -> None:
        library_path, data_path = _paths()
        command = [sys.executable, "-I", "-S", str(Path(server.__file__).resolve()), library_path, data_path]
        self._owner = os.getpid()
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        )
        assert self._process.stdout is not None
        answer = server.read_frame(self._process.stdout.fileno())
        if answer is None or answer[0] == server.ERROR:
            reason = "it ended at once" if answer is None else answer[1:].decode()
            self._drop()
            raise NotInstalled(
                f"espeak-ng cannot be started: {reason}.",
                hint="Install it anew: pip install --force-reinstall espeakng-loader",
            )
        self._greeting = json.loads(answer[1:])

    def _drop(self) -> None:
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(_CLOSE_DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def _paths() -> tuple[str, str]:
    """Give the library's file and its data folder."""
    try:
        import espeakng_loader
    except ImportError as error:
        raise NotInstalled("The package espeakng-loader is missing.", hint="pip install espeakng-loader") from error
    return str(espeakng_loader.get_library_path()), str(espeakng_loader.get_data_path())


def data_folder() -> Path:
    """Give the folder of espeak-ng's data files.

    Raises
    ------
    NotInstalled : the package espeakng-loader is missing.
    """
    return Path(_paths()[1])
