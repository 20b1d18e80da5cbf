"""What the tests of the voices put together: catalogues, packages, an index for npm, and a server with every bad habit."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

DATA = bytes(range(256)) * 1200  # 307,200 bytes: several blocks
OTHER = DATA[::-1]  # of the same size
SHORT = 100_000  # bytes that a server gives before it cuts the line


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def voice_file(path: str, sources: list[Any], data: bytes = DATA) -> dict[str, Any]:
    return {"path": path, "bytes": len(data), "sha256": digest(data), "sources": sources}


def item(name: str, sources: list[Any], data: bytes = DATA, **more: Any) -> dict[str, Any]:
    """An item of the engine `piper` with one file, NAME.onnx."""
    said = {"engine": "piper", "name": name, "language": "en-us", "gender": "male", "speaker": name}
    said |= {"licence": "CC0-1.0", "commercial": True, "files": [voice_file(f"piper/{name}.onnx", sources, data)]}
    return said | more


def catalogue(folder: Path, *items: dict[str, Any], name: str = "catalogue.json") -> Path:
    path = folder / name
    path.write_text(json.dumps({"format": 1, "items": items}))
    return path


def wheel(folder: Path, members: dict[str, bytes], *, name: str = "voice_pack", version: str = "1.0") -> Path:
    """A wheel that pip takes for one."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, data in members.items():
            archive.writestr(member, data)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def tgz(folder: Path, members: dict[str, bytes], *, name: str = "voice-pack", version: str = "1.0.0") -> Path:
    """A package as `npm pack` gives it."""
    path = folder / f"{name}-{version}.tgz"
    manifest = json.dumps({"name": name, "version": version}).encode()
    with tarfile.open(path, "w:gz") as archive:
        for member, data in {"package/package.json": manifest, **members}.items():
            entry = tarfile.TarInfo(member)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return path


def npm_document(package: Path, base_url: str, *, name: str = "voice-pack", version: str = "1.0.0") -> bytes:
    """What a registry says of a package."""
    integrity = "sha512-" + base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
    dist = {"tarball": f"{base_url}/files/{package.name}", "integrity": integrity}
    versions = {version: {"name": name, "version": version, "dist": dist}}
    return json.dumps({"name": name, "dist-tags": {"latest": version}, "versions": versions}).encode()


@dataclass
class Server:
    """Answers /HABIT/NAME with a file of `files`; remembers what it was asked."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)  # path, Range


@contextmanager
def served(server: Server) -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            return None

        def do_GET(self) -> None:
            server.asked.append((self.path, self.headers.get("Range")))
            habit, _, name = self.path.lstrip("/").partition("/")
            answer(self, habit, server.files.get(name))

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{running.server_port}"
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        running.shutdown()
        running.server_close()


def answer(request: BaseHTTPRequestHandler, habit: str, data: bytes | None) -> None:
    if habit.isdigit() or data is None:
        request.send_error(int(habit) if habit.isdigit() else 404)
        return
    if habit == "stalls":
        time.sleep(1.0)  # longer than the time-out of the tests
        return
    asked = request.headers.get("Range")
    start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and not habit.startswith("norange") else 0
    if asked and habit == "out":
        request.send_error(416)
        return
    body = OTHER if habit == "wrong" else data[start:]
    request.send_response(206 if start else 200)
    if start:
        request.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
    if habit != "endless":
        request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body[:SHORT] if habit in ("cut", "norangecut") else body + body * (habit == "endless"))
