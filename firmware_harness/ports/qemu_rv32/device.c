/* A device that QEMU emulates, on the serial port of its virt machine: what a microcontroller would be, with exact counts.
 *
 * Ticks are instructions. The model lies outside of the program's memory, as it would in flash. */
#include "board.h"
#include "wg_turn.h"

#define MODEL_AT 0x80800000u

enum { MODEL_ROOM = 1 << 20, ARENA_BYTES = 192 << 10, WINDOW = 8, MAX_BODY = 1024, PER_MS = 10000, PATIENCE_MS = 10 };

static _Alignas(WG_ALIGN) uint8_t arena[ARENA_BYTES], link_arena[WG_LINK_BYTES(WINDOW, MAX_BODY)];
static uint8_t scratch[WG_FRAME_WIRE(MAX_BODY)];
static wg_device device;

extern const uint8_t __image_end[];

#define AT32(address) (*(volatile uint32_t *)(address))
#define TIME_LOW 0x0200BFF8u
#define TIME_HIGH 0x0200BFFCu
#define ALARM_LOW 0x02004000u
#define ALARM_HIGH 0x02004004u
#define PLIC 0x0C000000u
#define PLIC_CLAIM (PLIC + 0x200004u)
#define UART_SOURCE 10u

/* Two halves that belong together: 10 MHz. */
static uint64_t now(void) {
    uint32_t high, low;
    do high = AT32(TIME_HIGH), low = AT32(TIME_LOW);
    while (high != AT32(TIME_HIGH));
    return (uint64_t)high << 32 | low;
}

static uint32_t now_ms(void *self) { return (void)self, (uint32_t)(now() / PER_MS); }
static uint32_t ticks(void *self) { return (void)self, board_instructions(); }

static size_t read_some(void *self, uint8_t *data, size_t room) {
    size_t count = 0;
    (void)self;
    while (count < room && board_uart[5] & 1u) data[count++] = board_uart[0];
    return count;
}

static void write_all(void *self, const uint8_t *data, size_t bytes) {
    (void)self;
    for (size_t i = 0; i < bytes; i++) board_put(data[i]);
}

/* Interrupts only end the sleep: none is taken. Asking the port again and again would starve QEMU's own input. */
static void prepare(void) {
    /* This empties the FIFO: what came before is lost. With the mark at 14 bytes QEMU hands over as many at a time, which is
     * 15 times as fast as one by one; fewer are announced after a while. */
    board_uart[2] = 0xC1;
    board_uart[1] = 1; /* say when bytes are there */
    AT32(PLIC + 4u * UART_SOURCE) = 1;
    AT32(PLIC + 0x2000u) = 1u << UART_SOURCE;
    AT32(PLIC + 0x200000u) = 0;
    __asm__ volatile(".option push\n.option arch, +zicsr\ncsrs mie, %0\n.option pop" ::"r"(1u << 11 | 1u << 7));
}

static void sleep_until_input(void) {
    const uint64_t alarm = now() + (uint64_t)PATIENCE_MS * PER_MS;
    AT32(ALARM_HIGH) = ~0u; /* no half-written time may ring */
    AT32(ALARM_LOW) = (uint32_t)alarm;
    AT32(ALARM_HIGH) = (uint32_t)(alarm >> 32);
    __asm__ volatile("wfi");
    const uint32_t source = AT32(PLIC_CLAIM);
    if (source) AT32(PLIC_CLAIM) = source;
}

static size_t info(void *self, uint8_t *out, size_t room) {
    (void)self;
    size_t n = wg_fact_text(out, room, WG_FACT_CHIP, "QEMU virt");
    n += wg_fact_text(out + n, room - n, WG_FACT_CORE, "rv32imc");
    n += wg_fact_text(out + n, room - n, WG_FACT_PORT, "qemu_rv32");
    n += wg_fact_text(out + n, room - n, WG_FACT_VERSION, WG_PORT_VERSION);
    n += wg_fact_text(out + n, room - n, WG_FACT_BUILD, WG_PORT_BUILD);
    n += wg_fact_text(out + n, room - n, WG_FACT_TICKS_ARE, "instructions");
    return n;
}

static size_t stats(void *self, uint8_t *out, size_t room) {
    (void)self;
    size_t n = wg_fact_number(out, room, WG_FACT_STACK_BYTES, board_stack_bytes());
    n += wg_fact_number(out + n, room - n, WG_FACT_STACK_USED, board_stack_used());
    n += wg_fact_number(out + n, room - n, WG_FACT_FLASH_USED, (uint32_t)(uintptr_t)__image_end - 0x80000000u);
    return n;
}

int main(void) {
    static const wg_port port = {
        .ticks = ticks, .info = info, .stats = stats, .models = {(uint8_t *)MODEL_AT},
        .slots = 1, .model_room = MODEL_ROOM, .arena = arena, .arena_bytes = ARENA_BYTES,
    };
    static const wg_line line = {.now_ms = now_ms, .read = read_some, .write = write_all};
    board_paint_stack();
    prepare();
    if (wg_device_init(&device, &port, WINDOW, MAX_BODY, link_arena, sizeof link_arena, now_ms(0)) != WG_OK) return 2;
    board_put(0); /* now it hears: who waits for a first byte loses nothing */
    for (;;)
        if (!wg_turn(&device, &line, scratch)) sleep_until_input();
}
