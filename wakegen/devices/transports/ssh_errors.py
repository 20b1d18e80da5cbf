"""What can go wrong behind SSH, in words: who is at fault, and what to do."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import asyncssh

from wakegen.core.errors import BadInput, DeviceError, WakegenError
from wakegen.devices.agent_main import Exit
from wakegen.devices.transports.base import Target
from wakegen.devices.transports.ssh_address import as_arguments

if TYPE_CHECKING:
    from wakegen.devices.transports.ssh_login import Known

_NO_PROGRAM = (126, 127)  # a shell's codes
_KILLED = -1  # asyncssh's word for a signal


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an agent did not start."""

    error: DeviceError
    damaged: bool = False  # the file there is worth nothing


def of_login(error: Exception, address: str, known: Known, key: Path | None) -> WakegenError:
    """Say why a host let nobody in."""
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return _changed(known) if known.found else _unknown(known)
    if isinstance(error, asyncssh.PermissionDenied):
        tried = f"the key {key}" if key else "any key of the SSH agent or of ~/.ssh"
        return DeviceError(
            f"{address} does not let you in with {tried}.",
            hint=f"Bring your key there with `ssh-copy-id {as_arguments(address)}`, or name another user or key. Passwords are not used.",
        )
    if isinstance(error, asyncssh.KeyImportError):
        return BadInput(
            f"The key {key or 'in ~/.ssh'} cannot be read: {error}.",
            hint="One with a passphrase goes into the SSH agent: `ssh-add`.",
        )
    if isinstance(error, ValueError):
        return BadInput(f"~/.ssh/config or a key cannot be used: {error}.", hint="Try `ssh` with the same name.")
    if isinstance(error, asyncssh.ChannelOpenError):
        return DeviceError(
            f"{address} cannot be reached from the jump host: {_reason(error)}.",
            hint="Is it on, and does the jump host allow forwarding (AllowTcpForwarding)?",
        )
    if isinstance(error, OSError):
        return DeviceError(
            f"{address} cannot be reached: {_reason(error)}.",
            hint=f"Is it on, in this network, and does it run an SSH server? Try `ssh {as_arguments(address)}`.",
        )
    return DeviceError(
        f"{address} ended the connection: {_reason(error)}.", hint=f"Try `ssh -v {as_arguments(address)}`."
    )


def of_upload(error: Exception, title: str) -> DeviceError:
    """Say why the agent could not be brought there."""
    if isinstance(error, asyncssh.SFTPPermissionDenied):
        return DeviceError(
            f"{title} does not let you write to ~/.cache/wakegen.",
            hint="Is that folder yours there? Another user can be named, too.",
        )
    if isinstance(error, asyncssh.SFTPError):
        return DeviceError(f"{title} does not keep the agent: {_reason(error)}.", hint="Is its disk full or read-only?")
    if isinstance(error, asyncssh.ChannelOpenError):
        return DeviceError(
            f"{title} has no SFTP.", hint="On Debian and Raspberry Pi OS: apt install openssh-sftp-server."
        )
    return DeviceError(f"{title} was lost while the agent was brought there: {_reason(error)}.", hint="Try again.")


def of_start(code: int | None, said: list[str], target: Target) -> Failure:
    """Say why the agent ended before it listened."""
    title, python = target.title, target.python
    words = (said[-1] if said else "").removeprefix("wakegen agent: ").rstrip(".")
    if code in _NO_PROGRAM:
        return Failure(
            DeviceError(
                f"{title} has no {python}.", hint="On Debian and Raspberry Pi OS: apt install python3 python3-numpy."
            )
        )
    if code == Exit.OLD_PYTHON:
        return Failure(DeviceError(f"{title}: {words}.", hint="Name a newer interpreter there."))
    if code == Exit.NO_NUMPY:
        return Failure(
            DeviceError(
                f"{python} on {title} has no numpy.",
                hint="On Debian and Raspberry Pi OS: apt install python3-numpy. Or name the python of a virtual environment.",
            )
        )
    if code == Exit.NO_RUNTIME:
        return Failure(
            DeviceError(
                f"{title} has nothing to run a detector with: no C compiler for the C engine, and no onnxruntime.",
                hint="On Debian and Raspberry Pi OS: apt install gcc libc6-dev. Or: pip install onnxruntime.",
            )
        )
    if code == Exit.ROOT:
        return Failure(DeviceError(f"The agent does not run as root on {title}.", hint="Log in as another user."))
    if code == Exit.NO_ROOM:
        return Failure(DeviceError(f"{title}: {words}.", hint="Is the disk there full or read-only?"))
    if code == _KILLED:
        return Failure(
            DeviceError(
                f"The agent on {title} was killed while it started.", hint="Is there enough memory? It needs 40 MB."
            )
        )
    if code is None:
        return Failure(DeviceError(f"The connection to {title} broke while the agent started.", hint="Try again."))
    return Failure(
        DeviceError(
            f"The agent on {title} ended with code {code}: {words or 'it said nothing'}.",
            hint="Try again: it is brought there anew.",
        ),
        damaged=True,
    )


def _unknown(known: Known) -> DeviceError:
    host, port = known.asked
    where = known.files[0] if known.files else "~/.ssh/known_hosts"
    scan = f"ssh-keyscan -p {port} {shlex.quote(host)}"
    return DeviceError(
        f"The host key of {host} (port {port}) is not known.",
        hint=f"See its fingerprint with `{scan} | ssh-keygen -lf -`; if it is the one that `ssh-keygen -lf "
        f"/etc/ssh/ssh_host_ed25519_key.pub` shows on the device, keep it: `{scan} >> {where}`.",
    )


def _changed(known: Known) -> DeviceError:
    host, port = known.asked
    where = known.files[0] if known.files else "~/.ssh/known_hosts"
    name = host if port == 22 else f"[{host}]:{port}"
    return DeviceError(
        f"The host key of {host} (port {port}) is not the one that is known: it was installed anew, or another computer answers.",
        hint=f"Only if you know why: `ssh-keygen -R {shlex.quote(name)} -f {where}`, then connect again.",
    )


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and (error.errno or 0) > 0:
        return os.strerror(error.errno or 0)  # asyncio's own words name the call
    text = (getattr(error, "reason", "") or getattr(error, "strerror", "") or str(error)).strip().rstrip(".")
    return text or ("it does not answer" if isinstance(error, TimeoutError) else type(error).__name__)
