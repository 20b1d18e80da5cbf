"""A chip's serial loader as esptool knows it: first the one in ROM, then, once it was "started", esptool's own flasher.

After "Serial Protocol" of esptool's documentation. The flasher that is loaded is not executed: from MEM_END on the answers are those
that it would give. What can go wrong on a real line is a `Fault`.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

STUB_ONLY = (0xD0, 0xD1, 0xD2)
MAGIC_AT, MAGIC_ESP32 = 0x40001000, 0x00F01D83
MAC = 0x24_0A_C4_12_34_56
BAD_LENGTH, BAD_CHECKSUM, WRITE_ERROR, INFLATE_ERROR = 1, 7, 8, 0x0B


@dataclass(frozen=True)
class Kind:
    """What differs between chips."""

    image_id: int
    spi: int  # base of the controller that the flash hangs on
    w0: int  # its first data register
    efuse: int  # where the MAC stands


KINDS = {
    "esp32": Kind(0, 0x3FF42000, 0x80, 0x3FF5A004),
    "esp32s3": Kind(9, 0x60002000, 0x58, 0x60007044),
    "esp32c3": Kind(5, 0x60002000, 0x58, 0x60008844),
    "esp32c6": Kind(13, 0x60003000, 0x58, 0x600B0844),
    "esp32p4": Kind(18, 0x5008D000, 0x58, 0x5012D044),
}


@dataclass(frozen=True)
class Fault:
    """What goes wrong."""

    md5: bool = False  # flash does not keep what was written
    drop: int = 0  # the answer to the n-th block of flash is lost
    status: int = 0  # the n-th block cannot be written
    most_baud: int = 0  # above this rate bytes arrive garbled
    noise: bool = False  # garbage instead of answers
    silent: bool = False


GOOD = Fault()


@dataclass
class Rom:
    """One chip in its loader."""

    chip: str
    send: Callable[[bytes], None]
    flash_bytes: int = 4 << 20
    fault: Fault = GOOD
    flash: bytearray = field(init=False)
    commands: list[int] = field(default_factory=list)
    stub: bool = False
    baud: int = 115_200

    def __post_init__(self) -> None:
        self.kind = KINDS[self.chip]
        self.flash = bytearray(b"\xff" * self.flash_bytes)
        self._registers: dict[int, int] = {}
        self._packet: bytearray | None = None
        self._escaped = False
        self._blocks = self._at = 0
        self._inflate: object = None
        self._handlers = {
            0x02: self._begin, 0x03: self._data, 0x04: self._end, 0x05: self._begin, 0x06: self._mem_end, 0x07: self._data,
            0x08: self._sync, 0x09: self._write_reg, 0x0A: self._read_reg, 0x0B: self._yes, 0x0D: self._yes, 0x0E: self._slow_read,
            0x0F: self._change_baud, 0x10: self._begin, 0x11: self._data, 0x12: self._end, 0x13: self._md5, 0x14: self._security,
            0xD0: self._erase, 0xD1: self._erase, 0xD3: self._run,
        }  # fmt: skip

    # The line ---------------------------------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Take bytes in pieces of any size (SLIP)."""
        for byte in data:
            if byte == 0xC0:
                if self._packet:
                    self._command(bytes(self._packet))
                self._packet, self._escaped = bytearray(), False
            elif self._packet is None:
                continue  # before the first frame
            elif byte == 0xDB:
                self._escaped = True
            else:
                self._packet.append({0xDC: 0xC0, 0xDD: 0xDB}[byte] if self._escaped else byte)
                self._escaped = False

    def _frame(self, body: bytes) -> None:
        framed = b"\xc0" + body.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc") + b"\xc0"
        garbled = self.fault.most_baud and self.baud > self.fault.most_baud
        self.send(bytes(byte ^ 0x5A for byte in framed) if garbled else framed)

    def _answer(self, op: int, *, value: int = 0, data: bytes = b"", status: int = 0, error: int = 0) -> None:
        tail = bytes((status, error)) if self.stub else bytes((status, error, 0, 0))
        self._frame(struct.pack("<BBHI", 1, op, len(data + tail), value & 0xFFFFFFFF) + data + tail)

    def _command(self, packet: bytes) -> None:
        if self.fault.silent:
            return None
        if self.fault.noise:
            return self.send(bytes(range(1, 90)) * 3)
        if len(packet) < 8 or packet[0] != 0:
            return None
        _, op, size, checksum = struct.unpack_from("<BBHI", packet)
        body = packet[8:]
        self.commands.append(op)
        handler = self._handlers.get(op)
        known = (
            handler is not None
            and not (op in STUB_ONLY and not self.stub)
            and not (op == 0x14 and self.chip == "esp32")
        )
        if not known or handler is None:
            # The ROM answers what it does not know under another number, the flasher with a status.
            return self._answer(op if self.stub else 0, status=255 if self.stub else 1, error=0 if self.stub else 5)
        if len(body) != size:
            return self._answer(op, status=1, error=BAD_LENGTH)
        words = struct.unpack_from(f"<{len(body) // 4}I", body)
        return handler(op, words, body, checksum)

    # The commands -----------------------------------------------------------------------------------------------

    def _yes(self, op, words, body, checksum) -> None:
        self._answer(op)

    def _sync(self, op, words, body, checksum) -> None:
        for _ in range(8):
            self._answer(op, value=0 if self.stub else 0x20120707)

    def _read_reg(self, op, words, body, checksum) -> None:
        kind, at = self.kind, words[0]
        values = {
            kind.spi + kind.w0: 0x40EF
            | (self.flash_bytes.bit_length() - 1) << 16,  # JEDEC id: Winbond, log2 of the size
            kind.spi: 0,  # the command is finished
            kind.efuse: MAC & 0xFFFFFFFF,
            kind.efuse + 4: MAC >> 32,
        }
        if self.chip == "esp32":
            values[MAGIC_AT] = MAGIC_ESP32
        self._answer(op, value=values.get(at, self._registers.get(at, 0)))

    def _write_reg(self, op, words, body, checksum) -> None:
        for at, value, mask in zip(words[0::4], words[1::4], words[2::4], strict=False):
            self._registers[at] = self._registers.get(at, 0) & ~mask | value & mask
        self._answer(op)

    def _security(self, op, words, body, checksum) -> None:
        self._answer(op, data=struct.pack("<IB7xII", 0, 0, self.kind.image_id, 0))

    def _change_baud(self, op, words, body, checksum) -> None:
        self._answer(op)
        self.baud = words[0]

    def _begin(self, op, words, body, checksum) -> None:
        size, _, _, at = words[:4]
        if op != 0x05 and at + size > len(self.flash):
            return self._answer(op, status=1, error=BAD_LENGTH)
        self._at, self._inflate = at, zlib.decompressobj() if op == 0x10 else None
        if op == 0x02:
            self.flash[at : at + size] = b"\xff" * size
        return self._answer(op)

    def _data(self, op, words, body, checksum) -> None:
        data, sum_ = body[16 : 16 + words[0]], 0xEF
        for byte in data:
            sum_ ^= byte
        if len(data) != words[0] or sum_ != checksum & 0xFF:
            return self._answer(op, status=1, error=BAD_CHECKSUM)
        if op != 0x07:
            self._blocks += 1
            if self._blocks == self.fault.drop:
                return None
            if self.fault.status and self._blocks >= self.fault.status:
                return self._answer(op, status=0xC4 if self.stub else 1, error=0 if self.stub else WRITE_ERROR)
            if self._inflate is not None:
                try:
                    data = self._inflate.decompress(data)
                except zlib.error:
                    return self._answer(op, status=0xC7 if self.stub else 1, error=0 if self.stub else INFLATE_ERROR)
            self.flash[self._at : self._at + len(data)] = data
        self._at += len(data)
        return self._answer(op)

    def _end(self, op, words, body, checksum) -> None:
        self._answer(op)

    def _mem_end(self, op, words, body, checksum) -> None:
        self._answer(op)
        if words[1]:  # an entry: the flasher starts, and greets
            self.stub = True
            self._frame(b"OHAI")

    def _md5(self, op, words, body, checksum) -> None:
        at, size = words[:2]
        kept = bytes(self.flash[at : at + size])
        digest = hashlib.md5(kept[:-1] + bytes((kept[-1] ^ 1,)) if self.fault.md5 else kept)
        self._answer(op, data=digest.digest() if self.stub else digest.hexdigest().encode())

    def _slow_read(self, op, words, body, checksum) -> None:
        self._answer(op, data=bytes(self.flash[words[0] : words[0] + min(64, words[1])]).ljust(64, b"\0"))

    def _erase(self, op, words, body, checksum) -> None:
        at, size = words[:2] if op == 0xD1 else (0, len(self.flash))
        self.flash[at : at + size] = b"\xff" * size
        self._answer(op)

    def _run(self, op, words, body, checksum) -> None:
        self.stub = False  # back to the ROM; no answer
