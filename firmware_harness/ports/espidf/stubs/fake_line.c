/* Both drivers over two buffers: what the host has sent, and what it would get. */
#include <string.h>

#include "driver/uart.h"
#include "driver/usb_serial_jtag.h"

uint8_t fake_sent[1 << 16], fake_got[1 << 16];
uint32_t fake_sent_bytes, fake_got_bytes, fake_waited; /* waited: ticks that passed because less was there than was asked for */

static int take(void *data, uint32_t bytes) {
    const uint32_t count = bytes < fake_sent_bytes ? bytes : fake_sent_bytes;
    memcpy(data, fake_sent, count);
    fake_sent_bytes -= count;
    memmove(fake_sent, fake_sent + count, fake_sent_bytes);
    return (int)count;
}

static int give(const void *data, size_t bytes) {
    memcpy(fake_got + fake_got_bytes, data, bytes);
    fake_got_bytes += (uint32_t)bytes;
    return (int)bytes;
}

esp_err_t uart_driver_install(uart_port_t port, int rx, int tx, int queue, QueueHandle_t *handle, int flags) {
    (void)port, (void)tx, (void)queue, (void)handle, (void)flags;
    return rx >= 16384 ? ESP_OK : ESP_FAIL;
}
esp_err_t uart_param_config(uart_port_t port, const uart_config_t *config) { return (void)port, config->baud_rate ? ESP_OK : ESP_FAIL; }
esp_err_t uart_set_pin(uart_port_t port, int tx, int rx, int rts, int cts) {
    (void)port, (void)rts, (void)cts;
    return tx != rx ? ESP_OK : ESP_FAIL;
}
esp_err_t uart_get_buffered_data_len(uart_port_t port, size_t *bytes) {
    (void)port;
    *bytes = fake_sent_bytes;
    return ESP_OK;
}
int uart_read_bytes(uart_port_t port, void *data, uint32_t bytes, TickType_t ticks) {
    (void)port;
    if (fake_sent_bytes < bytes) fake_waited += ticks; /* this driver waits for all of it */
    return take(data, bytes);
}
int uart_write_bytes(uart_port_t port, const void *data, size_t bytes) { return (void)port, give(data, bytes); }

esp_err_t usb_serial_jtag_driver_install(usb_serial_jtag_driver_config_t *config) {
    return config->rx_buffer_size >= 16384 ? ESP_OK : ESP_FAIL;
}
int usb_serial_jtag_read_bytes(void *data, uint32_t bytes, TickType_t ticks) {
    if (!fake_sent_bytes) fake_waited += ticks; /* this one for any */
    return take(data, bytes);
}
int usb_serial_jtag_write_bytes(const void *data, size_t bytes, TickType_t ticks) { return (void)ticks, give(data, bytes); }
