/* A device on a bare ESP32-C3: no ESP-IDF, no second-stage bootloader, everything in SRAM. Has no microphone.
 *
 * The line is the chip's USB port, or UART0 as the ROM leaves it: 115,200 baud, 8N1. Ticks are cycles. */
#include "chip.h"
#include "wg_turn.h"

enum { ARENA_BYTES = 64 << 10, WINDOW = 4, MAX_BODY = 1024 };

static _Alignas(WG_ALIGN) uint8_t arena[ARENA_BYTES], link_arena[WG_LINK_BYTES(WINDOW, MAX_BODY)];
static uint8_t scratch[WG_FRAME_WIRE(MAX_BODY)];
static wg_device device;
static uint32_t clock_hz;

extern uint8_t __model_start[], __model_end[];
extern const uint8_t __loaded_bytes[]; /* its address is the number */

static uint32_t ticks(void *self) { return (void)self, chip_cycles(); }
static uint32_t now_ms(void *self) { return (void)self, (uint32_t)(chip_time() / CHIP_TIME_PER_MS); }
static size_t read_some(void *self, uint8_t *data, size_t room) { return (void)self, chip_read(data, room); }
static void write_all(void *self, const uint8_t *data, size_t bytes) { (void)self, chip_write(data, bytes); }
static int can_write(void *self, size_t bytes) { return (void)self, (void)bytes, chip_can_write(); }

static size_t info(void *self, uint8_t *out, size_t room) {
    (void)self;
    size_t n = wg_fact_text(out, room, WG_FACT_CHIP, "ESP32-C3");
    n += wg_fact_text(out + n, room - n, WG_FACT_CORE, "rv32imc");
    n += wg_fact_text(out + n, room - n, WG_FACT_PORT, "esp32c3_bare");
    n += wg_fact_text(out + n, room - n, WG_FACT_VERSION, WG_PORT_VERSION);
    n += wg_fact_text(out + n, room - n, WG_FACT_BUILD, WG_PORT_BUILD);
    n += wg_fact_number(out + n, room - n, WG_FACT_CLOCK_HZ, clock_hz);
    n += wg_fact_number(out + n, room - n, WG_FACT_TICKS_PER_S, clock_hz);
    n += wg_fact_text(out + n, room - n, WG_FACT_TICKS_ARE, "cycles");
    n += wg_fact_number(out + n, room - n, WG_FACT_CORES, 1);
    return n;
}

static size_t stats(void *self, uint8_t *out, size_t room) {
    (void)self;
    size_t n = wg_fact_number(out, room, WG_FACT_STACK_BYTES, chip_stack_bytes());
    n += wg_fact_number(out + n, room - n, WG_FACT_STACK_USED, chip_stack_used());
    n += wg_fact_number(out + n, room - n, WG_FACT_FLASH_USED, (int64_t)(uintptr_t)__loaded_bytes);
    n += wg_fact_number(out + n, room - n, WG_FACT_CLOCK_NOW_HZ, chip_clock_hz());
    return n;
}

int main(void) {
    static wg_port port = {.ticks = ticks, .info = info, .stats = stats, .slots = 1, .arena = arena, .arena_bytes = ARENA_BYTES};
    static const wg_line line = {.now_ms = now_ms, .read = read_some, .write = write_all, .can_write = can_write};
    chip_begin();
    clock_hz = chip_clock_hz();
    port.models[0] = __model_start;
    port.model_room = (uint32_t)(__model_end - __model_start);
    chip_say("wakegen " WG_PORT_VERSION " on a bare ESP32-C3, build " WG_PORT_BUILD "\n");
    if (wg_device_init(&device, &port, WINDOW, MAX_BODY, link_arena, sizeof link_arena, now_ms(0)) != WG_OK) {
        chip_say("wakegen: the link could not be set up\n");
        return 1;
    }
    for (;;) wg_turn(&device, &line, scratch);
}
