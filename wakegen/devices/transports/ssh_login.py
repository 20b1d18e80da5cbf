"""What happens on the SSH connection: logging in, bringing the agent, starting it. Runs in the loop of `ssh.SshLine`."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncssh

from wakegen.core.errors import BadInput, DeviceError
from wakegen.devices.agent_main import READY
from wakegen.devices.transports import ssh_errors
from wakegen.devices.transports.base import Target
from wakegen.devices.transports.ssh_address import split

if TYPE_CHECKING:
    from wakegen.devices.transports.ssh import Inbox

FOLDER = ".cache/wakegen"  # in the home there
_KEEPALIVE_S, _KEEPALIVES = 5, 3  # without an answer so often the network is dead: within 20 s
_CONNECT_S, _LOGIN_S = 15, 20
_GRACE_S = 2.0  # for the agent to end by itself
_WRITE_BYTES = 1 << 20


class Known(asyncssh.SSHKnownHosts):
    """The host keys that are known, and which host was asked about last."""

    def __init__(self, files: list[Path]) -> None:
        super().__init__()
        self.files = files
        self.asked: tuple[str, int] = ("", 22)
        self.found = False
        for path in files:
            try:
                self.load(path.read_text(encoding="utf-8", errors="replace"))
            except ValueError as error:
                raise BadInput(
                    f"{path} holds a host key that cannot be read: {error}.", hint="Repair that file."
                ) from error

    def match(self, host: str, addr: str, port: int | None) -> Any:
        found = super().match(host, addr, port)
        self.asked, self.found = (host, port or 22), any(found)
        return found


async def login(target: Target) -> Remote:
    """Connect, through the jump host if there is one, and log in."""
    known = Known(_known_files(target))
    if target.key_file is not None and not target.key_file.is_file():
        raise BadInput(
            f"There is no key at {target.key_file}.", hint="ssh-keygen makes one; ssh-copy-id brings it there."
        )
    open_: list[asyncssh.SSHClientConnection] = []
    try:
        for address in (*_jumps(target, known), target.address):
            open_.append(await _connected(address, target, known, tunnel=open_[-1] if open_ else None))
    except BaseException:
        for connection in reversed(open_):
            connection.abort()
        raise
    return Remote(target, open_)


def _jumps(target: Target, known: Known) -> list[str]:
    """Give the hosts to go through, of ~/.ssh/config too: left to asyncssh, their keys could go unchecked."""
    wanted: object = target.jump
    if not wanted:
        options = _options(target.address, target, known) | {"client_keys": None, "agent_path": None, "tunnel": ()}
        try:
            wanted = asyncssh.SSHClientConnectionOptions(**options).tunnel or ""
        except (OSError, ValueError) as error:
            raise ssh_errors.of_login(error, target.address, known, None) from error
    return [one.strip() for one in str(wanted).split(",") if one.strip() and one.strip() != "none"]


def _options(address: str, target: Target, known: Known) -> dict[str, Any]:
    user, host, port = split(address)
    config = Path.home() / ".ssh" / "config"
    options: dict[str, Any] = {
        "host": host,
        "config": [str(config)] if config.is_file() else [],
        "known_hosts": known,  # named here: "UserKnownHostsFile none" would switch the check off
        "preferred_auth": "publickey",
        "agent_forwarding": False,
        "x11_forwarding": False,
        "keepalive_interval": _KEEPALIVE_S,
        "keepalive_count_max": _KEEPALIVES,
        "connect_timeout": _CONNECT_S,
        "login_timeout": _LOGIN_S,
    }
    options |= {"username": user} if user else {}
    options |= {"port": port} if port else {}
    options |= {"client_keys": [str(target.key_file)]} if target.key_file else {}
    return options


async def _connected(address: str, target: Target, known: Known, *, tunnel: Any) -> asyncssh.SSHClientConnection:
    try:
        return await asyncssh.connect(**_options(address, target, known), tunnel=tunnel)
    except (OSError, asyncssh.Error, ValueError) as error:
        raise ssh_errors.of_login(error, address, known, target.key_file) from error


def _known_files(target: Target) -> list[Path]:
    if target.known_hosts is not None:
        if not target.known_hosts.is_file():
            raise BadInput(
                f"There is no file of known hosts at {target.known_hosts}.", hint="Name another, or make it."
            )
        return [target.known_hosts]
    own = [Path.home() / ".ssh" / "known_hosts", Path("/etc/ssh/ssh_known_hosts")]
    return [path for path in own if path.is_file()]


class _Session(asyncssh.SSHClientSession[bytes]):
    """The agent's stdin, stdout and stderr."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self.channel: asyncssh.SSHClientChannel[bytes] | None = None
        self.said = b""
        self.listens = asyncio.Event()
        self.ended = asyncio.Event()

    def connection_made(self, chan: asyncssh.SSHClientChannel[bytes]) -> None:
        self.channel = chan

    def data_received(self, data: bytes, datatype: int | None) -> None:
        if datatype == asyncssh.EXTENDED_DATA_STDERR:
            self.said = (self.said + data)[-4096:]
            if READY.encode() in self.said:
                self.listens.set()
        elif self._inbox.put(data) and self.channel:
            self.channel.pause_reading()

    def pause_writing(self) -> None:
        self._inbox.may_write.clear()

    def resume_writing(self) -> None:
        self._inbox.may_write.set()

    def connection_lost(self, exc: Exception | None) -> None:
        code = self.channel.get_exit_status() if self.channel else None
        signal = self.channel.get_exit_signal() if self.channel else None
        how = f"it ended by signal {signal[0]}" if signal else f"it ended with code {code}" if code is not None else ""
        said = [line for line in self.last_words() if READY not in line]
        self._inbox.end(how + (f": {said[-1]}" if said else "") if how else f"the connection broke ({exc or 'closed'})")
        self.listens.set()
        self.ended.set()

    def last_words(self) -> list[str]:
        """Give what it said on stderr, in lines."""
        return self.said.decode(errors="replace").strip().splitlines()


class Remote:
    """An account on the host, and the agent that runs there."""

    def __init__(self, target: Target, connections: list[asyncssh.SSHClientConnection]) -> None:
        self._target, self._open = target, connections
        self._session: _Session | None = None
        self._home = ""

    async def upload(self, name: str, data: bytes) -> str:
        """Bring a file into the private folder there, whole or not at all, unless it is there; give its path."""
        try:
            async with self._open[-1].start_sftp_client() as sftp:
                self._home = str(await sftp.realpath("."))
                folder = f"{self._home}/{FOLDER}"
                path, part = f"{folder}/{name}", f"{folder}/{name}.{secrets.token_hex(4)}.part"
                await sftp.makedirs(folder, asyncssh.SFTPAttrs(permissions=0o700), exist_ok=True)
                with contextlib.suppress(asyncssh.SFTPNoSuchFile):
                    if (await sftp.stat(path)).size == len(data):
                        return path
                try:
                    async with sftp.open(part, "wb", asyncssh.SFTPAttrs(permissions=0o600)) as file:
                        await file.write(data)
                    await sftp.posix_rename(part, path)
                except BaseException:
                    with contextlib.suppress(asyncssh.Error, OSError):
                        await sftp.remove(part)
                    raise
                return path
        except (OSError, asyncssh.Error) as error:
            raise ssh_errors.of_upload(error, self._target.title) from error

    async def start(self, path: str, inbox: Inbox) -> None:
        """Start the agent; return when it listens."""
        python = self._target.python
        python = f"{self._home}{python[1:]}" if python.startswith("~/") else python
        command = f"exec {shlex.quote(python)} {shlex.quote(path)}"
        session = _Session(inbox)
        try:
            await self._open[-1].create_session(
                lambda: session, command, encoding=None, request_pty=False, env=(), send_env=()
            )
        except (OSError, asyncssh.Error) as error:
            raise DeviceError(
                f"{self._target.title} starts no programs: {error}.", hint=f"Try `ssh HOST {python} --version`."
            ) from error
        self._session = session
        await session.listens.wait()
        if not session.ended.is_set():
            assert session.channel is not None
            session.channel.set_write_buffer_limits(_WRITE_BYTES)
            inbox.may_write.set()
            return
        code = session.channel.get_exit_status() if session.channel else None
        failure = ssh_errors.of_start(code, session.last_words(), self._target)
        if failure.damaged:
            await self._remove(path)
        raise failure.error

    def write(self, data: bytes) -> None:
        """Send to the agent; what is lost with the connection is noticed where it is read."""
        if self._session and self._session.channel and not self._session.ended.is_set():
            with contextlib.suppress(OSError):
                self._session.channel.write(data)

    def resume(self) -> None:
        """Take more from the agent again."""
        if self._session and self._session.channel and not self._session.ended.is_set():
            self._session.channel.resume_reading()

    async def close(self) -> None:
        """Close the agent's stdin, at which it ends; then the connections."""
        session = self._session
        if session and session.channel and not session.ended.is_set():
            with contextlib.suppress(OSError):
                session.channel.write_eof()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(session.ended.wait(), _GRACE_S)
        if session and session.channel and not session.ended.is_set():
            with contextlib.suppress(OSError, asyncssh.Error):
                session.channel.kill()
        for connection in reversed(self._open):
            connection.close()
            try:
                await asyncio.wait_for(connection.wait_closed(), _GRACE_S)
            except TimeoutError:
                connection.abort()

    async def _remove(self, path: str) -> None:
        with contextlib.suppress(asyncssh.Error, OSError):
            async with self._open[-1].start_sftp_client() as sftp:
                await sftp.remove(path)
