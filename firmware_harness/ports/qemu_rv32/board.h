/* What the programs for QEMU's virt machine share: counter, serial port, clock, the stack's depth. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

static inline uint32_t board_instructions(void) {
    uint32_t count;
    __asm__ volatile(".option push\n.option arch, +zicsr\ncsrr %0, minstret\n.option pop" : "=r"(count));
    return count;
}

static volatile uint8_t *const board_uart = (volatile uint8_t *)0x10000000u; /* a 16550 */

static inline void board_put(uint8_t byte) {
    while (!(board_uart[5] & 0x20)) {}
    board_uart[0] = byte;
}

/* The stack grows down into memory that was painted before. */
extern uint32_t __stack_limit[], __stack_top[];
enum { BOARD_PAINT = 0x5A5A5A5A };

static inline void board_paint_stack(void) {
    uint32_t *here;
    __asm__ volatile("mv %0, sp" : "=r"(here));
    for (uint32_t *p = __stack_limit; p < here; p++) *p = BOARD_PAINT;
}

static inline uint32_t board_stack_used(void) {
    const uint32_t *p = __stack_limit;
    while (p < __stack_top && *p == BOARD_PAINT) p++;
    return (uint32_t)((const uint8_t *)__stack_top - (const uint8_t *)p);
}

static inline uint32_t board_stack_bytes(void) { return (uint32_t)((const uint8_t *)__stack_top - (const uint8_t *)__stack_limit); }

#endif
