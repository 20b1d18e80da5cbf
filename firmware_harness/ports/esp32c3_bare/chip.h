/* What the device uses of an ESP32-C3, by its registers: serial ports, clock, cycle counter, watchdogs.
 *
 * Sources: ESP32-C3 Technical Reference Manual; register headers of ESP-IDF (components/soc/esp32c3). */
#ifndef CHIP_H
#define CHIP_H

#include <stddef.h>
#include <stdint.h>

/** Stop the watchdogs that the ROM left running, start the cycle counter, paint the stack. First thing to do. */
void chip_begin(void);

/** Give the cycle counter: 32 bits that wrap. It stands still in no state that this program uses. */
uint32_t chip_cycles(void);

/** Give the time since the reset, in 1 / 16 µs, whatever the clock of the processor is. */
uint64_t chip_time(void);
enum { CHIP_TIME_PER_MS = 16000 };

/** Measure the clock of the processor over a millisecond: the ROM decides what it is. */
uint32_t chip_clock_hz(void);

/** Read what has come on the USB port or, if there is nothing, on UART0. Whichever spoke last is answered. */
size_t chip_read(uint8_t *data, size_t room);

/** Write to the port that spoke last. A USB port whose host does not read drops what it cannot take. */
void chip_write(const uint8_t *data, size_t bytes);

/** Whether a write would not have to wait for a host. */
int chip_can_write(void);

/** Write a text to both ports, for whoever is at either, and a 0: the frame that follows begins afresh. */
void chip_say(const char *text);

/** Bytes of stack, and of them the most that were in use. */
uint32_t chip_stack_bytes(void);
uint32_t chip_stack_used(void);

#endif
