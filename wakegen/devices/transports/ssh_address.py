"""[USER@]HOST[:PORT], as people write it and as ssh takes it."""

from __future__ import annotations

import shlex

from wakegen.core.errors import BadInput


def split(address: str) -> tuple[str, str, int]:
    """Take an address apart: user or "", host, port or 0. An IPv6 address with a port stands in brackets.

    Raises
    ------
    BadInput : it is no such address.
    """
    user, _, rest = address.rpartition("@")
    bare = rest.count(":") > 1 and not rest.startswith("[")
    host, colon, port = (rest, "", "") if bare or rest.endswith("]") or ":" not in rest else rest.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    fine = (
        host and not address.startswith("-") and not host.startswith("-") and not any(one.isspace() for one in address)
    )
    if not fine or (colon and not (port.isdecimal() and 0 < int(port) < 65_536)):
        raise BadInput(
            f"'{address}' is no address of a computer.", hint="Give [USER@]HOST[:PORT], such as pi@raspberrypi.local."
        )
    return user, host, int(port or 0)


def as_arguments(address: str) -> str:
    """Give an address as the program ssh takes it."""
    user, host, port = split(address)
    return f"{f'-p {port} ' if port else ''}{shlex.quote(f'{user}@{host}' if user else host)}"
