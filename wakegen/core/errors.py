"""The errors a user can act on.

    WakegenError                 exit code 1
    ├── BadInput                 3   a phrase, file or value that cannot be used
    │   ├── BadConfig            3   the same, in a configuration file (names file, line and key)
    │   └── BadImage             3   a firmware image that is damaged, or made for another chip
    ├── ProjectBusy              1   another process works in the project folder
    ├── ProjectMismatch          3   the folder belongs to another phrase or configuration
    ├── NotInstalled             4   a package, program or model is missing
    ├── DeviceError              5   a device or a network failed
    │   ├── DeviceLost           5   it stopped answering, or restarted, while something was under way
    │   ├── NoPort               5   there is no such serial port, or none that a board hangs on
    │   ├── PortBusy             5   another program holds the serial port
    │   ├── PortDenied           5   the user may not open the serial port
    │   ├── WrongChip            5   the board has another chip than the image or the profile
    │   └── FlashFailed          5   what was written to a board is not there as it should be
    ├── GateNotMet               6   a limit asked for was not met
    ├── EngineError              1   an engine failed on one request
    │   └── CannotSpeak          3   this engine and voice have no way to say this text
    └── StorageError             1   disk full, no permission, damaged database

A bug is none of these: it stays a plain exception, and the command line reports it with exit code 70.
"""

from __future__ import annotations


class WakegenError(Exception):
    """Something the user can act on: what is wrong and why (`message`), what to do (`hint`)."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        # The default reduction forgets keyword arguments, and errors cross process borders.
        return (_rebuild, (type(self), str(self), self.hint))


def _rebuild(kind: type[WakegenError], message: str, hint: str) -> WakegenError:
    error = kind.__new__(kind)
    WakegenError.__init__(error, message, hint=hint)
    return error


class BadInput(WakegenError):
    """A phrase, file or value that cannot be used."""

    exit_code = 3


class BadConfig(BadInput):
    """A configuration file that cannot be used; the message names file, line and key."""


class BadImage(BadInput):
    """A firmware image that is damaged, or made for another chip."""


class ProjectBusy(WakegenError):
    """Another process is working in the project folder."""


class ProjectMismatch(BadInput):
    """The project folder belongs to another phrase or configuration."""


class NotInstalled(WakegenError):
    """A package, program or model is missing; the hint is the one command that installs it."""

    exit_code = 4


class DeviceError(WakegenError):
    """A device or a network failed."""

    exit_code = 5


class DeviceLost(DeviceError):
    """A device stopped answering, or restarted, while something was under way; what was finished is kept."""


class NoPort(DeviceError):
    """There is no such serial port, or none that a board hangs on."""


class PortBusy(DeviceError):
    """Another program holds the serial port."""


class PortDenied(DeviceError):
    """The user may not open the serial port."""


class WrongChip(DeviceError):
    """The board has another chip than the image or the profile."""


class FlashFailed(DeviceError):
    """What was written to a board is not there as it should be."""


class GateNotMet(WakegenError):
    """A limit that was asked for was not met."""

    exit_code = 6


class EngineError(WakegenError):
    """An engine failed on one request; another try or another engine may work."""


class CannotSpeak(EngineError):
    """The engine has no way to say this text with this voice."""

    exit_code = 3


class StorageError(WakegenError):
    """The disk is full, a folder cannot be written, or a database is damaged."""
