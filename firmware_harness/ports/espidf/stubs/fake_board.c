/* A whole board as a program of this machine: flash is the file that it is given, UART0 its standard input and output.
 *
 *     board FLASH [REASON [GAP]]
 *
 * FLASH: - where there is no partition; REASON: why it has restarted, an esp_reset_reason_t; GAP: the sample that sound is lost after. */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "driver/gpio.h"
#include "driver/i2s_std.h"
#include "driver/uart.h"
#include "esp_app_desc.h"
#include "esp_chip_info.h"
#include "esp_cpu.h"
#include "esp_heap_caps.h"
#include "esp_image_format.h"
#include "esp_system.h"
#include "esp_task_wdt.h"
#include "esp_timer.h"

extern uint8_t *fake_flash;
void app_main(void);

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

int64_t esp_timer_get_time(void) { return now_ns() / 1000; }
uint32_t esp_cpu_get_cycle_count(void) { return (uint32_t)(now_ns() * 24 / 100); }

static int ready(int wait_ms) {
    struct pollfd in = {.fd = 0, .events = POLLIN};
    return poll(&in, 1, wait_ms) > 0;
}
esp_err_t uart_driver_install(uart_port_t port, int rx, int tx, int queue, QueueHandle_t *handle, int flags) {
    (void)port, (void)rx, (void)tx, (void)queue, (void)handle, (void)flags;
    return ESP_OK;
}
esp_err_t uart_param_config(uart_port_t port, const uart_config_t *config) { return (void)port, (void)config, ESP_OK; }
esp_err_t uart_set_pin(uart_port_t port, int tx, int rx, int rts, int cts) {
    return (void)port, (void)tx, (void)rx, (void)rts, (void)cts, ESP_OK;
}
esp_err_t uart_get_buffered_data_len(uart_port_t port, size_t *bytes) { return (void)port, *bytes = ready(0) ? 4096 : 0, ESP_OK; }
int uart_read_bytes(uart_port_t port, void *data, uint32_t bytes, TickType_t ticks) {
    (void)port;
    if (!ready((int)ticks)) return 0;
    const ssize_t got = read(0, data, bytes);
    if (got == 0) _exit(0); /* the host has gone */
    return (int)got;
}
int uart_write_bytes(uart_port_t port, const void *data, size_t bytes) {
    (void)port;
    for (size_t at = 0; at < bytes;) {
        const ssize_t went = write(1, (const uint8_t *)data + at, bytes - at);
        if (went < 0) _exit(1);
        at += (size_t)went;
    }
    return (int)bytes;
}

/* A microphone whose samples count up, so that a gap shows. */
static int32_t heard, gap;
static i2s_isr_callback_t on_gap;
esp_err_t i2s_new_channel(const i2s_chan_config_t *config, i2s_chan_handle_t *tx, i2s_chan_handle_t *rx) {
    return (void)config, (void)tx, (void)rx, ESP_OK;
}
esp_err_t i2s_channel_init_std_mode(i2s_chan_handle_t channel, const i2s_std_config_t *config) {
    return (void)channel, config->clk_cfg.sample_rate_hz == 16000 ? ESP_OK : ESP_FAIL;
}
esp_err_t i2s_channel_register_event_callback(i2s_chan_handle_t channel, const i2s_event_callbacks_t *callbacks, void *context) {
    return (void)channel, (void)context, on_gap = callbacks->on_recv_q_ovf, ESP_OK;
}
esp_err_t i2s_channel_enable(i2s_chan_handle_t channel) { return (void)channel, ESP_OK; }
esp_err_t i2s_channel_disable(i2s_chan_handle_t channel) { return (void)channel, heard = 0, ESP_OK; }
esp_err_t i2s_channel_read(i2s_chan_handle_t channel, void *data, size_t bytes, size_t *got, uint32_t timeout_ms) {
    (void)channel, (void)timeout_ms;
    for (size_t i = 0; i < bytes / 4; i++) ((int32_t *)data)[i] = heard++ * 4096;
    if (gap && heard > gap) gap = 0, on_gap(NULL, NULL, NULL);
    *got = bytes;
    return ESP_OK;
}
esp_err_t gpio_set_pull_mode(gpio_num_t pin, gpio_pull_mode_t mode) { return (void)pin, (void)mode, ESP_OK; }

const esp_app_desc_t *esp_app_get_description(void) {
    static const esp_app_desc_t said = {"0.0.1", "v5.3"};
    return &said;
}
int esp_app_get_elf_sha256(char *out, size_t bytes) {
    memset(out, 'a', bytes - 1), out[bytes - 1] = 0;
    return (int)bytes;
}
void esp_chip_info(esp_chip_info_t *out) { *out = (esp_chip_info_t){.revision = 301, .cores = 2}; }
size_t heap_caps_get_total_size(uint32_t caps) { return caps & MALLOC_CAP_SPIRAM ? 0 : 320000; }
size_t heap_caps_get_free_size(uint32_t caps) { return (void)caps, 100000; }
size_t heap_caps_get_minimum_free_size(uint32_t caps) { return (void)caps, 90000; }
esp_err_t esp_image_get_metadata(const esp_partition_pos_t *place, esp_image_metadata_t *out) {
    return (void)place, out->image_len = 123456, ESP_OK;
}

static int reason = ESP_RST_POWERON;
esp_reset_reason_t esp_reset_reason(void) { return (esp_reset_reason_t)reason; }
esp_err_t esp_task_wdt_add(TaskHandle_t task) { return (void)task, ESP_OK; }
esp_err_t esp_task_wdt_reset(void) { return ESP_OK; }
UBaseType_t uxTaskGetStackHighWaterMark(TaskHandle_t task) { return (void)task, 5000; }
BaseType_t xTaskCreatePinnedToCore(void (*run)(void *), const char *name, uint32_t stack, void *argument, UBaseType_t priority,
                                   TaskHandle_t *task, BaseType_t core) {
    (void)name, (void)stack, (void)priority, (void)task, (void)core;
    run(argument);
    return pdPASS;
}

int main(int count, char **words) {
    const int file = count > 1 ? open(words[1], O_RDWR) : -1;
    if (count > 2) reason = atoi(words[2]);
    if (count > 3) gap = atoi(words[3]);
    if (count < 2 || strcmp(words[1], "-") != 0) fake_flash = mmap(NULL, 512u << 10, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (fake_flash == MAP_FAILED) return 1;
    app_main();
}
