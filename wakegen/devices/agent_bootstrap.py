"""The `__main__.py` of the agent's zipapp (`zipapp.py`): unpacks itself once for each version, finds or builds the C engine, starts.

Nothing but the standard library is there yet, and the interpreter may be an old one: it must be able to say so.
"""

import hashlib
import os
import platform
import shutil
import sys
import tempfile
import zipfile

ROOT, NO_NUMPY, OLD_PYTHON, DAMAGED, NO_ROOM = 60, 61, 63, 64, 65  # as `agent_main.Exit` has them
LEAST = (3, 10)


def main() -> int:
    """Give the exit code."""
    if sys.version_info < LEAST:
        return _sorry(OLD_PYTHON, "Python " + platform.python_version() + " is too old: 3.10 is the least.")
    if "--allow-root" not in sys.argv and hasattr(os, "geteuid") and os.geteuid() == 0:
        return _sorry(ROOT, "It does not run as root: models come from elsewhere. --allow-root makes it.")
    from importlib.util import find_spec

    if find_spec("numpy") is None:
        return _sorry(NO_NUMPY, "There is no numpy for " + sys.executable + ".")
    archive = os.path.abspath(sys.argv[0])
    with open(archive, "rb") as file:
        sha256 = hashlib.sha256(file.read()).hexdigest()
    named = os.path.basename(archive)
    if named.startswith("agent-") and not named.startswith("agent-" + sha256[:16]):
        return _sorry(DAMAGED, archive + " is damaged.")
    os.umask(0o077)
    try:
        folder = _unpacked(archive, sha256[:16])
        _find_engine(folder)
    except OSError as error:
        return _sorry(NO_ROOM, "It cannot be unpacked: " + str(error))
    os.environ["WAKEGEN_CACHE"] = os.path.join(folder, "cache")
    sys.path[0] = folder
    from wakegen.devices.agent_main import main as start

    return start()


def _unpacked(archive: str, sha256: str) -> str:
    """Give the folder of this very version, whole or not there at all."""
    cache = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "wakegen")
    folder = os.path.join(cache, "agent-" + sha256)
    if os.path.isdir(folder):
        return folder
    os.makedirs(cache, exist_ok=True)
    part = tempfile.mkdtemp(prefix="agent-", suffix=".part", dir=cache)
    try:
        with zipfile.ZipFile(archive) as file:
            file.extractall(part)
        os.rename(part, folder)
    except OSError:
        if not os.path.isdir(folder):  # another one was not quicker
            raise
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _find_engine(folder: str) -> None:
    """Put the C engine where it is looked for: the one that came along, if it loads here, or one that is built now."""
    wanted = os.path.join(folder, "wakegen", "_native", "libwakegen.so")
    if os.path.exists(wanted):
        return
    came = os.path.join(folder, "native", sys.platform + "-" + platform.machine(), "libwakegen.so")
    if _loads(came):
        os.makedirs(os.path.dirname(wanted), exist_ok=True)
        shutil.copy(came, wanted + ".part")
        os.replace(wanted + ".part", wanted)
        return
    program = os.path.join(folder, "firmware_harness", "build.py")
    if os.path.exists(program):
        import runpy

        print("wakegen agent: building the C engine, once", file=sys.stderr, flush=True)
        runpy.run_path(program)["build"]()


def _loads(path: str) -> bool:
    import ctypes

    try:
        ctypes.CDLL(path)
    except OSError:
        return False
    return True


def _sorry(code: int, text: str) -> int:
    sys.stderr.write("wakegen agent: " + text + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
