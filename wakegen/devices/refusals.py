"""What a device has against something, in words: each status with what happened and what to do."""

from __future__ import annotations

from wakegen.core.errors import BadInput, DeviceError, WakegenError
from wakegen.devices.messages import MESSAGES, Error, Status

_SAME = "Give both the same version of wakegen: wakegen firmware flash."
_AGAIN = "Run the same again; if it stays, `wakegen devices scan` says what answers there."
_WGM = "Export it for this device: wakegen export MODEL --to wgm."

# status: (kind of error, what happened, what to do); {detail} is the message's number.
_REFUSALS: dict[int, tuple[type[WakegenError], str, str]] = {
    Status.UNKNOWN: (DeviceError, "The device does not know the message {about}.", _SAME),
    Status.ORDER: (DeviceError, "The device missed something: {about} should have begun at {detail}.", _AGAIN),
    Status.NO_SLOT: (BadInput, "The device holds {detail} models, not more.", "Measure fewer models at once."),
    Status.TOO_LARGE: (
        BadInput,
        "The model is {detail} bytes too large for the device's memory.",
        "A smaller one: wakegen export MODEL --to wgm --backbone nano.",
    ),
    Status.EMPTY: (DeviceError, "The device has no model loaded.", _AGAIN),
    Status.CHECKSUM: (DeviceError, "The model did not arrive as it was sent: its checksum differs.", _AGAIN),
    Status.STORAGE: (
        DeviceError,
        "The device could not keep the model (its reason: {detail}).",
        "Is its flash, or its disk, full or write-protected?",
    ),
    Status.NO_MICROPHONE: (DeviceError, "The device has no microphone that it can record with.", "Leave out --mic."),
    Status.BAD_MODEL: (BadInput, "The device cannot use the model.", "Run it here once: wakegen listen MODEL."),
    Status.NO_STEP: (DeviceError, "The device has heard nothing that it could compute again.", _AGAIN),
    # wg_status.h
    -1: (BadInput, "The device says that the model ends too early.", _WGM),
    -2: (BadInput, "The device does not take this kind of model.", _WGM),
    -3: (BadInput, "The model is of a version, or in an arithmetic, that the device's firmware does not know.", _SAME),
    -4: (DeviceError, "The model did not arrive as it was sent: its checksum differs.", _AGAIN),
    -5: (BadInput, "The model's layers do not fit each other, or not this firmware.", _WGM),
    -6: (
        BadInput,
        "The detector needs {detail} bytes of working memory more than the device has for it.",
        "A smaller one: wakegen export MODEL --to wgm --backbone nano.",
    ),
    -7: (DeviceError, "The device's firmware put the model where it cannot be read.", _SAME),
}


def as_error(refusal: Error) -> WakegenError:
    """Turn a device's refusal into the error that the user sees."""
    made = MESSAGES.get(refusal.about)
    about = made.__name__.upper() if made else f"{refusal.about:#04x}"
    kind, what, hint = _REFUSALS.get(
        refusal.status, (DeviceError, "The device refused {about} with the status {status}.", _SAME)
    )
    said = refusal.data.decode(errors="replace").strip()
    text = what.format(about=about, status=refusal.status, detail=refusal.detail)
    return kind(f"{text} It says: {said}" if said else text, hint=hint)
