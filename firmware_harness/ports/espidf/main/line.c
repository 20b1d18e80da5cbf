#include "port.h"

#include "esp_err.h"
#include "freertos/FreeRTOS.h"
#include "sdkconfig.h"

/* Twice what a host may have under way: a window of 8 messages is 8.4 KB on the wire. */
#define RX_BYTES 16384u
#define TX_BYTES 4096u
/* Without a host that reads, what is sent is dropped after this; a frame of 1,044 bytes takes 11 ms at 921,600 Bd. */
#define PATIENCE_MS 50u

#if CONFIG_WAKEGEN_LINE_USB

#include "driver/usb_serial_jtag.h"

#if CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG || CONFIG_ESP_CONSOLE_SECONDARY_USB_SERIAL_JTAG
#error "The console writes between the frames: set ESP_CONSOLE_UART_DEFAULT and ESP_CONSOLE_SECONDARY_NONE."
#endif

void port_line_begin(void) {
    usb_serial_jtag_driver_config_t config = {.tx_buffer_size = TX_BYTES, .rx_buffer_size = RX_BYTES};
    ESP_ERROR_CHECK(usb_serial_jtag_driver_install(&config));
}

size_t port_line_read(uint8_t *data, size_t room, uint32_t wait_ms) {
    const int got = usb_serial_jtag_read_bytes(data, (uint32_t)room, pdMS_TO_TICKS(wait_ms));
    return got > 0 ? (size_t)got : 0;
}

void port_line_write(const uint8_t *data, size_t bytes) {
    usb_serial_jtag_write_bytes(data, bytes, pdMS_TO_TICKS(PATIENCE_MS));
}

#else

#include "driver/uart.h"

#if CONFIG_ESP_CONSOLE_UART
#error "The console writes between the frames: set ESP_CONSOLE_NONE, or ESP_CONSOLE_USB_SERIAL_JTAG."
#endif

void port_line_begin(void) {
    const uart_config_t config = {
        .baud_rate = CONFIG_WAKEGEN_UART_BAUD,
        .data_bits = UART_DATA_8_BITS,
        .parity = UART_PARITY_DISABLE,
        .stop_bits = UART_STOP_BITS_1,
        .flow_ctrl = UART_HW_FLOWCTRL_DISABLE,
        .source_clk = UART_SCLK_DEFAULT,
    };
    ESP_ERROR_CHECK(uart_driver_install(UART_NUM_0, RX_BYTES, TX_BYTES, 0, NULL, 0));
    ESP_ERROR_CHECK(uart_param_config(UART_NUM_0, &config));
    ESP_ERROR_CHECK(uart_set_pin(UART_NUM_0, CONFIG_WAKEGEN_UART_TX, CONFIG_WAKEGEN_UART_RX, UART_PIN_NO_CHANGE,
                                 UART_PIN_NO_CHANGE));
}

/* The driver waits until it has all that was asked for: so first for one byte, then for those that came with it. */
size_t port_line_read(uint8_t *data, size_t room, uint32_t wait_ms) {
    size_t there = 0;
    if (!room || uart_read_bytes(UART_NUM_0, data, 1, pdMS_TO_TICKS(wait_ms)) != 1) return 0;
    uart_get_buffered_data_len(UART_NUM_0, &there);
    if (there > room - 1) there = room - 1;
    const int more = there ? uart_read_bytes(UART_NUM_0, data + 1, (uint32_t)there, 0) : 0;
    return 1u + (more > 0 ? (size_t)more : 0);
}

void port_line_write(const uint8_t *data, size_t bytes) { uart_write_bytes(UART_NUM_0, data, bytes); }

#endif
