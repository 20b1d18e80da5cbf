"""Builds the C engine into wakegen/_native: libwakegen.so, and wakegen-device, a device that is this machine. Never required.

python firmware_harness/build.py
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
CORE, HOST = HERE / "core", HERE / "ports" / "host"
LIBRARY = HERE.parent / "wakegen" / "_native" / "libwakegen.so"
DEVICE = LIBRARY.with_name("wakegen-device")
# Sums may be regrouped into multiply-adds (the result is compared within 2e-4); NaN and infinity keep their meaning.
FLAGS = ("-std=c11", "-O3", "-ffp-contract=fast", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi", "-shared", "-fPIC")  # fmt: skip
DEVICE_FLAGS = ("-std=c11", "-O2")
# What a device is made of: integers only.
DEVICE_CORE = tuple(
    f"wg_{name}.c"
    for name in ("device", "slots", "facts", "turn", "link", "frame", "model", "mel_fixed", "kernels_i8", "stack_i8", "detector_i8")
)  # fmt: skip


def compiler() -> str | None:
    """Give the C compiler that CC names, or the first that is there."""
    wanted = os.environ.get("CC")
    return next(
        (found for name in ([wanted] if wanted else ["cc", "gcc", "clang"]) if (found := shutil.which(name))), None
    )


def build(library: Path = LIBRARY, *, flags: tuple[str, ...] = FLAGS) -> bool:
    """Compile the library; tell whether there is one now. What the compiler says goes to stderr."""
    return _compiled(library, flags, sorted(CORE.glob("*.c")))


def build_device(program: Path = DEVICE, *, flags: tuple[str, ...] = DEVICE_FLAGS) -> bool:
    """Compile the device for this machine; tell whether there is one now."""
    named = [f'-DWG_PORT_VERSION="{version()}"', f'-DWG_PORT_BUILD="{sources_hash()}"', f"-I{CORE}"]
    return _compiled(program, (*flags, *named), [HOST / "main.c", *(CORE / name for name in DEVICE_CORE)])


def version() -> str:
    """Give wakegen's version, which must be readable before anything is installed."""
    found = re.search(r'VERSION = "(.+)"', (HERE.parent / "wakegen" / "core" / "version.py").read_text())
    assert found
    return found[1]


def sources_hash() -> str:
    """Give what tells one build of a device from another: twelve digits of the SHA-256 of the engine's sources."""
    found = hashlib.sha256()
    for path in sorted((*CORE.iterdir(), *HERE.glob("ports/*/*.[chS]"))):
        found.update(path.name.encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:12]


def _compiled(made: Path, flags: Sequence[str], sources: Sequence[Path]) -> bool:
    """Compile, so that `made` is whole at any time."""
    found = compiler()
    if found is None:
        return False
    made.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=made.parent, delete=False) as file:
        draft = Path(file.name)
    try:
        command = [found, *flags, "-o", str(draft), *map(str, sources), "-lm"]
        done = subprocess.run(command, check=False).returncode == 0
        if done:
            draft.chmod(0o755)
            draft.replace(made)
        return done
    finally:
        draft.unlink(missing_ok=True)


if __name__ == "__main__":
    if not build():
        sys.exit("The C engine was not built: is there a C compiler?")
    if not build_device():
        sys.exit("The device for this machine was not built: it needs POSIX.")
