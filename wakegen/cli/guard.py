"""The one place where exceptions end: what the user reads, and the exit code."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import traceback
from pathlib import Path

import click

from wakegen.cli.state import State
from wakegen.core.errors import WakegenError

INTERRUPTED, BUG, BROKEN_PIPE = 130, 70, 1


def run(arguments: list[str]) -> int:
    """Run the program on `arguments`; give its exit code."""
    from wakegen.cli.app import app

    state = State()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a stop from outside is as good as Ctrl-C
    try:
        result = app.main(arguments, prog_name="wakegen", standalone_mode=False, obj=state)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except Exception as error:
        return _end(error, state, arguments)
    except KeyboardInterrupt:
        return _interrupted()


def _end(error: Exception, state: State, arguments: list[str]) -> int:
    if isinstance(error, BrokenPipeError):
        return _broken_pipe()
    if isinstance(error, click.Abort):
        if not isinstance(error.__cause__, EOFError):
            return _interrupted()
        error = error.__cause__  # click takes the end of any file for Ctrl-D; here it is a file that is damaged
    state.json = state.json or "--json" in arguments
    if isinstance(error, click.ClickException):
        return _usage(error, state)
    known = error if isinstance(error, WakegenError) else _translated(error)
    if state.verbose:
        traceback.print_exception(error)
    if known is None:
        return _bug(error, state, arguments)
    _tell(known, state)
    return known.exit_code


def _usage(error: click.ClickException, state: State) -> int:
    context = getattr(error, "ctx", None)
    asked = WakegenError(error.format_message(), hint=f"See `{context.command_path if context else 'wakegen'} --help`.")
    asked.exit_code = error.exit_code
    _tell(asked, state, kind="Usage")
    return error.exit_code


def _tell(error: WakegenError, state: State, *, kind: str = "") -> None:
    message = " ".join(str(error).split())
    label = click.style("Error:", fg="red", bold=True) if state.color() else "Error:"
    click.echo(f"{label} {message}", err=True)
    if error.hint:
        click.echo(f"       {' '.join(error.hint.split())}", err=True)
    if state.json:
        document = {
            "error": {
                "kind": kind or type(error).__name__,
                "message": message,
                "hint": error.hint,
                "exit_code": error.exit_code,
            }
        }
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def _translated(error: Exception) -> WakegenError | None:
    """Give what a system's error means to the user, where it is one."""
    if isinstance(error, OSError) and error.errno in (
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EACCES,
        errno.EPERM,
        errno.EROFS,
    ):
        from wakegen.core.files import storage_error

        return storage_error(error, Path(os.fsdecode(error.filename or ".")))
    if isinstance(error, MemoryError):
        return WakegenError(
            "There is not enough memory.", hint="Use fewer processes with --jobs; the next run goes on."
        )
    if type(error).__name__ == "BrokenProcessPool":
        return WakegenError(
            "A worker process died, perhaps for want of memory.",
            hint="Run the same command again, with fewer processes (--jobs 1) if it happens twice; it goes on.",
        )
    return None


def _bug(error: Exception, state: State, arguments: list[str]) -> int:
    log = _write_log(error, arguments)
    summary = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    click.echo(f"Internal error: {summary}", err=True)
    click.echo(f"       This is a bug in wakegen. The log is {log}; please report it with that file.", err=True)
    if state.json:
        document = {"error": {"kind": "internal", "message": summary, "log": str(log), "exit_code": BUG}}
        click.echo(json.dumps(document, indent=2))
    return BUG


def _write_log(error: Exception, arguments: list[str]) -> Path | str:
    import platform
    import tempfile
    import time

    from wakegen import __version__

    text = "\n".join(
        (
            f"wakegen {__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"arguments: {arguments}",
            "".join(traceback.format_exception(error)),
        )
    )
    name = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    state_home = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    wanted = os.environ.get("WAKEGEN_LOG_DIR") or f"{state_home}/wakegen"
    for folder in (wanted, tempfile.gettempdir()):
        path = Path(folder).expanduser() / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        except OSError:
            continue
        return path
    return "(nowhere: no folder could be written)"


def _interrupted() -> int:
    click.echo("\nInterrupted. Nothing is lost: the next run of the same command goes on.", err=True)
    return INTERRUPTED


def _broken_pipe() -> int:
    # Whoever read our output has gone; Python would complain once more when it flushes at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return BROKEN_PIPE
