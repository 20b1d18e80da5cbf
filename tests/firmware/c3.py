"""An ESP32-C3 that runs the bytes of its flash, in Unicorn: memory, serial ports, clock and watchdogs as far as firmware meets them.

Boots as the ROM does: header, checksum and hash of the image at 0, segments to memory, both flash-boot watchdogs left running. Whatever
is touched and not modelled here ends the run. Time is nominal, an instruction a cycle: what it measures is no chip's speed.
"""

from __future__ import annotations

import ctypes
import hashlib
import struct

import unicorn
from unicorn import riscv_const as riscv

CODE, DATA, SRAM_BYTES = 0x40380000, 0x3FC80000, 0x60000
ROM_OWN = 0x3FCCAE00  # the loader's own memory begins here
CLOCK_MHZ, TIMER_MHZ = 20, 16
SLICE = 20_000  # instructions between two looks at the ports
WATCHDOG_MS = 500
RTC_WDT, RTC_WDT_KEY, SWD, SWD_KEY, TIMG_WDT, TIMG_WDT_KEY = 0x8090, 0x80A8, 0x80AC, 0x80B0, 0x1F048, 0x1F064
KEYS = {RTC_WDT: (RTC_WDT_KEY, 0x50D83AA1), SWD: (SWD_KEY, 0x8F1D312A), TIMG_WDT: (TIMG_WDT_KEY, 0x50D83AA1)}
UART_FIFO, UART_STATUS, USB_DATA, USB_CONF = 0x0, 0x1C, 0x43000, 0x43004
TIMER_OP, TIMER_HIGH, TIMER_LOW = 0x23004, 0x23040, 0x23044
COUNTERS = (0x7E0, 0x7E1, 0x7E2)  # CSRs: events, mode, count


def segments(flash: bytes) -> tuple[int, list[tuple[int, bytes]]]:
    """Read the image at 0 as the ROM does."""
    magic, count, _, _, entry = struct.unpack_from("<BBBBI", flash)
    assert (magic, flash[12]) == (0xE9, 5)
    at, found, checksum = 24, [], 0xEF
    for _ in range(count):
        address, size = struct.unpack_from("<II", flash, at)
        found.append((address, flash[at + 8 : at + 8 + size]))
        at += 8 + size
        for byte in found[-1][1]:
            checksum ^= byte
    at |= 15
    assert flash[at] == checksum
    assert flash[23] == 1
    assert hashlib.sha256(flash[: at + 1]).digest() == flash[at + 1 : at + 33]
    return entry, found


class Chip:
    """One chip, from its reset on."""

    def __init__(self, flash: bytes, *, usb_host: bool = True) -> None:
        self.uart_in, self.uart_out, self.usb_in, self.usb_out = bytearray(), bytearray(), bytearray(), bytearray()
        self.usb_host = usb_host  # whether somebody reads at the other end of the cable
        self.cycles = 0
        self.failure: str | None = None
        self._traps = False  # whether what is illegal goes to the program's own handler
        self._usb_waiting = 0  # bytes in the FIFO that are not flushed
        self._latched = 0
        self._registers = {RTC_WDT: 1 << 31 | 1 << 12, TIMG_WDT: 1 << 31 | 1 << 14, SWD: 0}
        self._counting = {0x7E0: 0, 0x7E1: 0}
        self.uc = unicorn.Uc(unicorn.UC_ARCH_RISCV, unicorn.UC_MODE_RISCV32)
        self._buffer = ctypes.create_string_buffer(b"\xa5" * (SRAM_BYTES + 4096), SRAM_BYTES + 4096)
        base = ctypes.addressof(self._buffer) + 4095 & ~4095
        for view in (CODE, DATA):
            self.uc.mem_map_ptr(view, SRAM_BYTES, unicorn.UC_PROT_ALL, base)
        self.uc.mmio_map(0x60000000, 0x100000, self._read, None, self._write, None)
        self.uc.hook_add(unicorn.UC_HOOK_INTR, self._trap)
        self._pc, parts = segments(flash)
        for address, data in parts:
            start = address - CODE + DATA if address >= CODE else address
            assert DATA <= start <= start + len(data) <= ROM_OWN, "the ROM would overwrite its own memory"
            self.uc.mem_write(address, data)

    @property
    def watchdogs_off(self) -> bool:
        rtc, timer, super_ = (self._registers[at] for at in (RTC_WDT, TIMG_WDT, SWD))
        return not (rtc & (1 << 31 | 1 << 12)) and not (timer & (1 << 31 | 1 << 14)) and bool(super_ >> 31)

    @property
    def time_s(self) -> float:
        return self.cycles / (CLOCK_MHZ * 1e6)

    def run(self, slices: int = 1) -> None:
        """Go on for a while."""
        for _ in range(slices):
            self.uc.emu_start(self._pc, 0, count=SLICE)
            self._pc = self.uc.reg_read(riscv.UC_RISCV_REG_PC)
            self.cycles += SLICE
            if self.failure:
                raise AssertionError(self.failure)
            if not self.watchdogs_off and self.time_s * 1000 > WATCHDOG_MS:
                raise AssertionError("a watchdog has reset the chip")

    def crash(self) -> None:
        """Let the processor meet an instruction that it does not know, as the chip does: by its trap vector."""
        pc, word = self._pc, 0xFFFFFFFF
        self.uc.mem_write(pc, struct.pack("<I", word))
        self.uc.ctl_remove_cache(pc, pc + 4)
        self._traps = True
        self.run(3)

    # The bus ----------------------------------------------------------------------------------------------------

    def _read(self, uc, at, size, _) -> int:
        match at:
            case 0x0:
                return self.uart_in.pop(0) if self.uart_in else 0
            case 0x1C:
                return min(len(self.uart_in), 128)
            case 0x43000:
                return self.usb_in.pop(0) if self.usb_in else 0
            case 0x43004:
                room = self._usb_waiting < 64
                return 2 * room | 4 * bool(self.usb_in)
            case 0x23004:
                return 1 << 29
            case 0x23040:
                return self._latched >> 32
            case 0x23044:
                return self._latched & 0xFFFFFFFF
        if at not in self._registers:
            return self._fail(f"read of {0x60000000 + at:#x}")
        return self._registers[at]

    def _write(self, uc, at, size, value, _) -> None:
        if at == UART_FIFO:
            self.uart_out.append(value & 0xFF)
        elif at == USB_DATA:
            if self._usb_waiting >= 64:
                self._fail("write to a full USB FIFO")
            self._usb_waiting += 1
            if self.usb_host:
                self.usb_out.append(value & 0xFF)
                self._usb_waiting %= 64  # a full packet goes by itself
        elif at == USB_CONF:
            if value & 1 and self.usb_host:
                self._usb_waiting = 0
        elif at == TIMER_OP:
            self.cycles += 2 * CLOCK_MHZ  # reading it takes a while, and who waits for it must see it move
            self._latched = self.cycles * TIMER_MHZ // CLOCK_MHZ
        elif at in (RTC_WDT_KEY, SWD_KEY, TIMG_WDT_KEY):
            self._registers[at] = value
        elif at in KEYS:
            key, wanted = KEYS[at]
            if self._registers.get(key) != wanted:
                self._fail(f"write to {0x60000000 + at:#x}, which is locked")
            self._registers[at] = value
        else:
            self._fail(f"write to {0x60000000 + at:#x}")

    def _fail(self, what: str) -> int:
        self.failure = self.failure or f"{what} at {self.uc.reg_read(riscv.UC_RISCV_REG_PC):#x}"
        self.uc.emu_stop()
        return 0

    def _trap(self, uc, cause, _) -> None:
        """Be the cycle counter, whose CSRs Unicorn does not have: it reports them as illegal, with the PC behind them."""
        pc = uc.reg_read(riscv.UC_RISCV_REG_PC) - 4
        if self._traps:
            uc.reg_write(riscv.UC_RISCV_REG_MCAUSE, cause)
            uc.reg_write(riscv.UC_RISCV_REG_MEPC, pc)
            uc.reg_write(riscv.UC_RISCV_REG_PC, uc.reg_read(riscv.UC_RISCV_REG_MTVEC))
            self._traps = False
            return
        word = struct.unpack("<I", uc.mem_read(pc, 4))[0]
        csr, function, source, target = word >> 20, word >> 12 & 7, word >> 15 & 31, word >> 7 & 31
        if cause != 2 or word & 0x7F != 0x73 or csr not in COUNTERS or function not in (1, 2):
            self._fail(f"trap {cause} by {word:#010x}")
            return
        counts = self._counting[0x7E0] & 1 and self._counting[0x7E1] & 1
        if target:
            value = (self.cycles if counts else 0) if csr == 0x7E2 else self._counting[csr]
            uc.reg_write(riscv.UC_RISCV_REG_X0 + target, value & 0xFFFFFFFF)
        if function == 1 and csr in self._counting:
            self._counting[csr] = uc.reg_read(riscv.UC_RISCV_REG_X0 + source)
        self.cycles += 1
        uc.reg_write(riscv.UC_RISCV_REG_PC, pc + 4)
