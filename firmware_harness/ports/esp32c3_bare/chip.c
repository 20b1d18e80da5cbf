#include "chip.h"

#define AT(address) (*(volatile uint32_t *)(address))
#define CSR_READ(value, number) __asm__ volatile(".option push\n.option arch, +zicsr\ncsrr %0, " #number "\n.option pop" : "=r"(value))
#define CSR_WRITE(number, value) __asm__ volatile(".option push\n.option arch, +zicsr\ncsrw " #number ", %0\n.option pop" ::"r"(value))

/* Watchdogs: each register is locked unless its key was written. */
#define RTC_WDT_CONFIG0 0x60008090u
#define RTC_WDT_KEY 0x600080A8u
#define RTC_SWD_CONF 0x600080ACu
#define RTC_SWD_KEY 0x600080B0u
#define TIMG0_WDT_CONFIG0 0x6001F048u
#define TIMG0_WDT_KEY 0x6001F064u
enum { WDT_KEY = 0x50D83AA1, SWD_KEY = (int)0x8F1D312A };

#define UART0_FIFO 0x60000000u
#define UART0_STATUS 0x6000001Cu /* received 9:0, to be sent 25:16 */
enum { UART_DEPTH = 128, UART_COUNT = 0x3FF };

#define USB_EP1 0x60043000u
#define USB_EP1_CONF 0x60043004u /* 0: what was written is to be sent; 1: there is room; 2: something has come */
enum { USB_SEND = 1, USB_ROOM = 2, USB_CAME = 4 };

#define SYSTIMER_UNIT0_OP 0x60023004u
#define SYSTIMER_UNIT0_HIGH 0x60023040u
#define SYSTIMER_UNIT0_LOW 0x60023044u
enum { SYSTIMER_READY = 1 << 29, SYSTIMER_LATCH = 1 << 30 };

extern uint32_t __stack_limit[], __stack_top[];
enum { PAINT = 0x5A5A5A5A, USB_PATIENCE = 2 * CHIP_TIME_PER_MS }; /* a host that listens reads every millisecond */

static enum { UART, USB } speaker;

void chip_begin(void) {
    AT(RTC_WDT_KEY) = WDT_KEY;
    AT(RTC_WDT_CONFIG0) &= ~(1u << 31 | 1u << 12); /* enable, and enable for the boot from flash */
    AT(RTC_WDT_KEY) = 0;
    AT(RTC_SWD_KEY) = (uint32_t)SWD_KEY;
    AT(RTC_SWD_CONF) |= 1u << 31; /* feeds itself */
    AT(RTC_SWD_KEY) = 0;
    AT(TIMG0_WDT_KEY) = WDT_KEY;
    AT(TIMG0_WDT_CONFIG0) &= ~(1u << 31 | 1u << 14);
    AT(TIMG0_WDT_KEY) = 0;
    /* The standard counters mcycle and minstret are not there: this chip has its own. */
    CSR_WRITE(0x7e0, 1); /* count cycles */
    CSR_WRITE(0x7e1, 1); /* now */
    uint32_t *here;
    __asm__ volatile("mv %0, sp" : "=r"(here));
    for (uint32_t *p = __stack_limit; p < here; p++) *p = PAINT;
}

uint32_t chip_cycles(void) {
    uint32_t count;
    CSR_READ(count, 0x7e2);
    return count;
}

uint64_t chip_time(void) {
    AT(SYSTIMER_UNIT0_OP) = SYSTIMER_LATCH;
    while (!(AT(SYSTIMER_UNIT0_OP) & SYSTIMER_READY)) {}
    return (uint64_t)AT(SYSTIMER_UNIT0_HIGH) << 32 | AT(SYSTIMER_UNIT0_LOW);
}

uint32_t chip_clock_hz(void) {
    const uint64_t from = chip_time();
    const uint32_t cycles = chip_cycles();
    uint64_t now;
    do now = chip_time();
    while (now - from < CHIP_TIME_PER_MS);
    return (uint32_t)((uint64_t)(chip_cycles() - cycles) * (1000u * CHIP_TIME_PER_MS) / (now - from));
}

size_t chip_read(uint8_t *data, size_t room) {
    size_t count = 0;
    while (count < room && AT(USB_EP1_CONF) & USB_CAME) data[count++] = (uint8_t)AT(USB_EP1);
    if (count) return speaker = USB, count;
    while (count < room && AT(UART0_STATUS) & UART_COUNT) data[count++] = (uint8_t)AT(UART0_FIFO);
    if (count) speaker = UART;
    return count;
}

static void write_uart(const uint8_t *data, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        while ((AT(UART0_STATUS) >> 16 & UART_COUNT) >= UART_DEPTH - 1) {}
        AT(UART0_FIFO) = data[i];
    }
}

static void write_usb(const uint8_t *data, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        if (!(AT(USB_EP1_CONF) & USB_ROOM)) {
            AT(USB_EP1_CONF) = USB_SEND;
            const uint64_t from = chip_time();
            while (!(AT(USB_EP1_CONF) & USB_ROOM))
                if (chip_time() - from > USB_PATIENCE) return;
        }
        AT(USB_EP1) = data[i];
    }
    AT(USB_EP1_CONF) = USB_SEND;
}

void chip_write(const uint8_t *data, size_t bytes) {
    if (speaker == USB) write_usb(data, bytes);
    else write_uart(data, bytes);
}

int chip_can_write(void) { return speaker == UART || (AT(USB_EP1_CONF) & USB_ROOM) != 0; }

void chip_say(const char *text) {
    size_t bytes = 0;
    while (text[bytes++]) {} /* the 0, too */
    write_uart((const uint8_t *)text, bytes);
    write_usb((const uint8_t *)text, bytes);
}

uint32_t chip_stack_bytes(void) { return (uint32_t)((const uint8_t *)__stack_top - (const uint8_t *)__stack_limit); }

uint32_t chip_stack_used(void) {
    const uint32_t *p = __stack_limit;
    while (p < __stack_top && *p == PAINT) p++;
    return (uint32_t)((const uint8_t *)__stack_top - (const uint8_t *)p);
}

static void put_hex(char *at, uint32_t value) {
    for (int i = 7; i >= 0; i--, value >>= 4) at[i] = "0123456789abcdef"[value & 15u];
}

/* Where start.S goes when something went wrong that cannot be: says so, and stays. The host sees a device that is lost. */
void chip_trapped(uint32_t cause, uint32_t pc);
void chip_trapped(uint32_t cause, uint32_t pc) {
    char text[] = "\nwakegen: trap 0x........ at 0x........: press RESET\n";
    enum { CAUSE = sizeof "\nwakegen: trap 0x" - 1, PC = CAUSE + sizeof "........ at 0x" - 1 };
    put_hex(text + CAUSE, cause), put_hex(text + PC, pc);
    chip_say(text);
    for (;;) {}
}
