"""A private OpenSSH server, with a host key, a user key and accounts of its own, on a port that nobody else has."""

from __future__ import annotations

import contextlib
import getpass
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

PROGRAM = Path("/usr/sbin/sshd")  # it wants to be called by its whole path
ACCOUNT = "wakegen-test"
SITE = Path(np.__file__).parents[1]


class Sshd:
    """As root it lets a fresh account in, whose home goes with it; else whoever runs the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.chmod(0o755)
        self.is_root = os.geteuid() == 0
        if self.is_root:
            os.makedirs("/run/sshd", 0o755, exist_ok=True)
            _remove_account()
            subprocess.run(["useradd", "-m", "-s", "/bin/sh", ACCOUNT], check=True, capture_output=True)
            subprocess.run(["usermod", "-p", "*", ACCOUNT], check=True)  # a fresh account is locked: no key opens it
        self.user = ACCOUNT if self.is_root else getpass.getuser()
        self.home = Path(pwd.getpwnam(self.user).pw_dir)
        for name in ("host_key", "other_host_key", "key", "other_key"):
            make_key(folder / name)
        shutil.copy(folder / "key.pub", folder / "authorized_keys")
        (folder / "authorized_keys").chmod(0o644)
        (folder / "tmp").mkdir()
        (folder / "tmp").chmod(0o1777)
        self.port = _free_port()
        self.known_hosts = folder / "known_hosts"
        self.known_hosts.write_text(self.known_line("host_key"))
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def address(self) -> str:
        return f"{self.user}@127.0.0.1:{self.port}"

    def known_line(self, key: str) -> str:
        kind, data, *_ = (self.folder / f"{key}.pub").read_text().split()
        return f"[127.0.0.1]:{self.port} {kind} {data}\n"

    def start(self) -> None:
        lines = {
            "Port": self.port, "ListenAddress": "127.0.0.1", "HostKey": self.folder / "host_key", "PidFile": "none",
            "AuthorizedKeysFile": self.folder / "authorized_keys", "AllowUsers": self.user, "AuthenticationMethods": "publickey",
            "UsePAM": "no", "StrictModes": "no", "AllowTcpForwarding": "yes", "Subsystem": "sftp internal-sftp", "LogLevel": "ERROR",
        }  # fmt: skip
        config = self.folder / "sshd_config"
        config.write_text("".join(f"{name} {value}\n" for name, value in lines.items()))
        log = (self.folder / "log").open("w")
        self._process = subprocess.Popen([PROGRAM, "-D", "-e", "-f", config], stderr=log, start_new_session=True)
        for _ in range(200):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            time.sleep(0.05)
        raise AssertionError((self.folder / "log").read_text())

    def stop(self) -> None:
        assert self._process is not None
        self.cut()
        self._process.terminate()
        self._process.wait(10)
        for pid in self.agents():  # none, unless a test found one too many: else the account could not go
            os.kill(pid, signal.SIGKILL)
        if self.is_root:
            _remove_account()

    def connections(self) -> list[int]:
        """Give the processes of this server that serve a connection."""
        assert self._process is not None
        return [pid for pid, parent in _parents().items() if parent == self._process.pid]

    def serving(self) -> list[int]:
        """Give all processes of this server but the one that listens."""
        waiting, parents, found = self.connections(), _parents(), []
        for pid in waiting:
            waiting += [one for one, parent in parents.items() if parent == pid]
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/comm").read_text().startswith("sshd"):
                    found.append(pid)
        return found

    def cut(self) -> None:
        """Kill all that serves a connection; what runs in the account is left to notice it by itself."""
        for pid in self.serving():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def agents(self) -> list[int]:
        """Give the agents that run in the account."""
        uid, found = pwd.getpwnam(self.user).pw_uid, []
        for path in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                words = (path / "cmdline").read_bytes().split(b"\0")
                if path.stat().st_uid == uid and any(word.endswith(b".pyz") for word in words):
                    found.append(int(path.name))
        return found

    def python(self, *packages: str, name: str = "python", before: str = "") -> str:
        """Make an interpreter for the account that finds these packages and no others; "" if it can run none."""
        site = self.folder / f"{name}-site"
        site.mkdir(exist_ok=True)
        for package in packages:
            for one in (package, f"{package}.libs"):
                if (SITE / one).exists() and not (site / one).exists():
                    shutil.copytree(SITE / one, site / one, ignore=shutil.ignore_patterns("tests", "__pycache__"))
        for found in (Path(sys.executable).resolve(), Path(f"/usr/bin/python3.{sys.version_info[1]}")):
            program = self.folder / name
            program.write_text(
                f'#!/bin/sh\n{before}\nexport TMPDIR={self.folder}/tmp\nPYTHONPATH={site} exec {found} -S "$@"\n'
            )
            program.chmod(0o755)
            if found.exists() and self.run(str(program), "-c", "import sys").returncode == 0:
                return str(program)
        return ""

    def run(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        """Run something as the account."""
        wrapped = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups"] if self.is_root else []
        return subprocess.run([*wrapped, *command], capture_output=True, check=False, cwd="/")


def make_key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path], check=True)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _parents() -> dict[int, int]:
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            found[int(path.parent.name)] = int(path.read_text().rsplit(")", 1)[1].split()[1])
    return found


def _remove_account() -> None:
    subprocess.run(["userdel", "-r", ACCOUNT], check=False, capture_output=True)
