"""The process that holds espeak-ng. Run by path with `python -I -S`: it imports nothing but the standard library.

espeak-ng keeps hidden state: what it said before changes what it says next, by a few samples and by its noise.
So no process here ever speaks twice:

    root            loads the library and never uses it; reads requests from stdin
    └── language    forked from the root; has loaded one language's dictionary, and never speaks either
        └── clip    forked for one request; sets voice, seed and parameters, answers on stdout, exits

A clip is thus a pure function of its request. A clip that crashes or outlives its deadline takes only its own
process along. Measured on one core: a bare fork 0.6 ms, a clip 2 ms; without the middle level 4.8 ms.

Frames, both ways: length (uint32, little-endian), then that many bytes. A request is JSON; the first byte of an
answer tells what follows: 0 int16 samples, 1 JSON, 2 the text of an error.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import signal
import struct
import sys
from typing import Any

SAMPLES, JSON, ERROR = 0, 1, 2
LANGUAGES_ALIVE = 16
LOAD_DEADLINE_S = 20.0  # for a dictionary from a cold disk; 3 ms from a warm one

_SYNCHRONOUS, _DO_NOT_EXIT = 2, 0x8000
_UTF8, _PHONEMES_FLAG = 1, 0x100
_PR_SET_PDEATHSIG = 1
_prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None  # looked up once, not in every child
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)


class _VoiceRecord(ctypes.Structure):
    """`espeak_VOICE` of speak_lib.h."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_void_p),  # (priority byte, NUL-ended tag)…, then a zero byte
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("xx1", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


class Library:
    """The loaded library and the samples that its callback has given."""

    def __init__(self, library_path: str, data_path: str) -> None:
        self.handle = ctypes.CDLL(library_path)
        self.handle.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self.handle.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_VoiceRecord))
        self.handle.espeak_Info.restype = ctypes.c_char_p
        self.rate_hz = int(self.handle.espeak_Initialize(_SYNCHRONOUS, 0, os.fsencode(data_path), _DO_NOT_EXIT))
        if self.rate_hz <= 0:
            raise OSError(f"espeak_Initialize gave {self.rate_hz} for {data_path}")
        self.samples = bytearray()
        self._callback = _CALLBACK(self._take)  # the library keeps only a bare pointer to it
        self.handle.espeak_SetSynthCallback(self._callback)

    def _take(self, samples: int | None, count: int, _events: int | None) -> int:
        if samples and count > 0:
            self.samples += ctypes.string_at(samples, 2 * count)
        return 0

    def greeting(self) -> dict[str, Any]:
        """What the client wants to know once: version, rate, voices and variants."""
        version = self.handle.espeak_Info(None).decode().split()[0]
        return {
            "version": version,
            "rate_hz": self.rate_hz,
            "voices": self._list(None),
            "variants": self._list(b"variant"),
        }

    def _list(self, languages: bytes | None) -> list[dict[str, Any]]:
        spec = None
        if languages is not None:
            buffer = ctypes.create_string_buffer(languages)
            spec = ctypes.byref(_VoiceRecord(languages=ctypes.addressof(buffer)))
        found = self.handle.espeak_ListVoices(spec)
        out = []
        index = 0
        while found[index]:
            voice = found[index].contents
            tags = _tags(voice.languages)
            out.append({"name": voice.name.decode(), "identifier": voice.identifier.decode(), "tags": tags})
            index += 1
        return out

    def set_voice(self, name: str) -> None:
        """Choose a voice by its identifier; the names that the library merely ignores are sorted out by the client."""
        status = self.handle.espeak_SetVoiceByName(name.encode())
        if status != 0:
            raise ValueError(f"espeak-ng has no voice '{name}' (status {status})")

    def speak(self, request: dict[str, Any]) -> bytes:
        """Give the samples of a request, int16 in the machine's byte order."""
        self.set_voice(request["voice"])
        self.handle.espeak_ng_SetRandSeed(ctypes.c_long(request["seed"]))
        for parameter, value in request["parameters"]:
            self.handle.espeak_SetParameter(parameter, value, 0)
        self._synthesize(request["text"], request["flags"])
        return bytes(self.samples)

    def phonemes(self, request: dict[str, Any]) -> list[list[list[str]]]:
        """Give, for each text, for each asked mode, the phonemes of each clause."""
        self.set_voice(request["voice"])
        if request["raw"]:  # only a synthesis switches [[phoneme]] input on, and it stays on
            self._synthesize("[[_]]", _UTF8 | _PHONEMES_FLAG)
        return [[self._clauses(text, mode) for mode in request["modes"]] for text in request["texts"]]

    def _synthesize(self, text: str, flags: int) -> None:
        data = text.encode()
        status = self.handle.espeak_Synth(data, len(data) + 1, 0, 1, 0, flags, None, None)
        if status != 0:
            raise ValueError(f"espeak_Synth gave status {status}")

    def _clauses(self, text: str, mode: int) -> list[str]:
        data = ctypes.create_string_buffer(text.encode())
        rest = ctypes.c_void_p(ctypes.addressof(data))
        out = []
        while rest.value is not None:  # one clause a call; NULL after the last
            clause = self.handle.espeak_TextToPhonemes(ctypes.byref(rest), _UTF8, mode)
            out.append((clause or b"").decode(errors="replace"))
        return out


def _tags(address: int | None) -> list[list[Any]]:
    """Read the (priority, tag) pairs of a voice record."""
    out: list[list[Any]] = []
    while address and (priority := ctypes.string_at(address, 1)[0]):
        tag = ctypes.string_at(address + 1)
        out.append([priority, tag.decode()])
        address += len(tag) + 2
    return out


def read_frame(handle: int) -> bytes | None:
    """Read one frame; None at the end of the stream."""
    head = _read(handle, 4)
    return None if head is None else _read(handle, struct.unpack("<I", head)[0])


def _read(handle: int, count: int) -> bytes | None:
    data = b""
    while len(data) < count:
        more = os.read(handle, count - len(data))
        if not more:
            return None
        data += more
    return data


def write_frame(handle: int, payload: bytes) -> None:
    """Write one frame, however many calls the pipe needs."""
    view = memoryview(struct.pack("<I", len(payload)) + payload)
    while view:
        view = view[os.write(handle, view) :]


class Root:
    """The process that forks one process a language and passes requests on to it."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.languages: dict[
            str, tuple[int, int, int]
        ] = {}  # pid, requests (write), acknowledgements (read); oldest use first

    def run(self) -> None:
        """Serve until stdin ends."""
        while (frame := read_frame(0)) is not None:
            language = json.loads(frame)["language"]
            if not self._pass_on(language, frame):
                self._end(language)
                write_frame(1, bytes([ERROR]) + f"the process for {language} died".encode())
        for language in list(self.languages):
            self._end(language)

    def _pass_on(self, language: str, frame: bytes) -> bool:
        try:
            _, requests, done = self._language(language)
            write_frame(requests, frame)
            return os.read(done, 1) == b"."
        except OSError:
            return False

    def _language(self, language: str) -> tuple[int, int, int]:
        known = self.languages.pop(language, None)
        if known is None:
            if len(self.languages) >= LANGUAGES_ALIVE:
                self._end(next(iter(self.languages)))
            known = self._start(language)
        self.languages[language] = known
        return known

    def _start(self, language: str) -> tuple[int, int, int]:
        request_end, requests = os.pipe()
        done, done_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            _ended(lambda: self._serve_language(language, request_end, done_end, (requests, done)))
        os.close(request_end)
        os.close(done_end)
        return pid, requests, done

    def _end(self, language: str) -> None:
        pid, requests, done = self.languages.pop(language)
        os.close(requests)
        os.close(done)
        os.waitpid(pid, 0)

    def _serve_language(self, language: str, requests: int, done: int, mine: tuple[int, int]) -> None:
        die_with_parent()
        # Ends of pipes that stay open here would hide from the other processes that their partner has gone.
        for handle in (0, *mine, *(end for _, *ends in self.languages.values() for end in ends)):
            os.close(handle)
        signal.setitimer(signal.ITIMER_REAL, LOAD_DEADLINE_S)
        with contextlib.suppress(ValueError):  # each request will find that out, and say so
            self.library.set_voice(language)
        signal.setitimer(signal.ITIMER_REAL, 0)
        while (frame := read_frame(requests)) is not None:
            status = self._run_clip(frame)
            if status != 0:
                write_frame(1, bytes([ERROR]) + _meaning(status).encode())
            os.write(done, b".")

    def _run_clip(self, frame: bytes) -> int:
        """Fork the process that answers, and wait for it: its wait status is 0 when it has answered."""
        pid = os.fork()
        if pid == 0:
            _ended(lambda: answer(self.library, json.loads(frame)))
        return os.waitpid(pid, 0)[1]


def answer(library: Library, request: dict[str, Any]) -> None:
    """Do what a request asks and write the answer: whole, or nothing when this process dies first."""
    die_with_parent()
    signal.setitimer(signal.ITIMER_REAL, request["deadline_s"])  # SIGALRM's default is to end this process
    try:
        if request["op"] == "speak":
            payload = bytes([SAMPLES]) + library.speak(request)
        else:
            payload = bytes([JSON]) + json.dumps(library.phonemes(request)).encode()
    except ValueError as error:
        payload = bytes([ERROR]) + str(error).encode()
    signal.setitimer(signal.ITIMER_REAL, 0)  # half a frame must not stay behind
    write_frame(1, payload)


def _ended(work: Any) -> None:
    """Run `work` in a forked child and leave without unwinding into the parent's code."""
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def _meaning(status: int) -> str:
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return "it took too long" if number == signal.SIGALRM else f"it crashed ({signal.Signals(number).name})"
    return f"its process ended with status {os.WEXITSTATUS(status)}"


def die_with_parent() -> None:
    """Ask the system (Linux) to end this process with its parent; elsewhere the closed pipes do it a little later."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def main(library_path: str, data_path: str) -> None:
    """Load the library, greet, serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the client's to handle; it then closes stdin
    try:
        library = Library(library_path, data_path)
        greeting = bytes([JSON]) + json.dumps(library.greeting()).encode()
    except (OSError, AttributeError) as error:
        write_frame(1, bytes([ERROR]) + str(error).encode())
        return
    gc.collect()
    gc.freeze()
    gc.disable()  # a collection would copy the pages that all children share
    write_frame(1, greeting)
    Root(library).run()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
