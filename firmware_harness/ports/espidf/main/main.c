/* A board with an ESP32 as a device under test (docs/protocol.md, docs/firmware.md). */
#include "port.h"

#include "esp_err.h"
#include "esp_task_wdt.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"
#include "wg_device.h"

#define WINDOW 8u
#define MAX_BODY 1024u
#define LINK_BYTES (2u * WINDOW * MAX_BODY + WG_FRAME_PLAIN(MAX_BODY) + 3u)
#define PRIORITY 5
#define LAST_CORE (portNUM_PROCESSORS - 1)
#define IDLE_WAIT_MS 5u /* a byte that comes ends the wait; what is due to be sent again can be this late */
#define BANNER_BYTES 320u

static uint8_t arena[CONFIG_WAKEGEN_ARENA_KB * 1024u] __attribute__((aligned(WG_ALIGN)));
static uint8_t link_arena[LINK_BYTES] __attribute__((aligned(4)));
static uint8_t in[1024], out[WG_FRAME_WIRE(MAX_BODY)];
static wg_port port;
static wg_device device;

static uint32_t now_ms(void) { return (uint32_t)(esp_timer_get_time() / 1000); }

/* What lies between two zeros and is no frame, a host keeps as text. */
static void greet(port_kept kept, int32_t status) {
    char banner[BANNER_BYTES] = {0};
    const size_t bytes = port_banner(banner + 1, sizeof banner - 2, kept, status);
    port_line_write((const uint8_t *)banner, bytes + 2);
}

static void begin(void) {
    const port_level level = port_microphone_begin();
    const uint32_t room = port_store_begin();
    port_kept kept = {0};
    int32_t status = room ? WG_OK : WG_TRUNCATED;
    port_line_begin();
    port_facts_begin(level);
    port = (wg_port){
        .ticks = port_ticks,
        .info = port_info,
        .stats = port_stats,
        .erase = port_store_erase,
        .write = port_store_write,
        .mapped = port_store_mapped,
        .slots = 1,
        .model_room = room,
        .arena = arena,
        .arena_bytes = sizeof arena,
        .capture = level.heard ? port_microphone_capture : NULL,
    };
    ESP_ERROR_CHECK(wg_device_init(&device, &port, WINDOW, MAX_BODY, link_arena, sizeof link_arena, now_ms()) == WG_OK ? ESP_OK : ESP_FAIL);
    if (room) kept = port_store_kept();
    if (kept.bytes) status = wg_device_adopt(&device, 0, kept.bytes);
    greet(kept, status);
}

static void run(void *unused) {
    (void)unused;
    int busy = 0;
    ESP_ERROR_CHECK(esp_task_wdt_add(NULL));
    for (;;) {
        const size_t got = port_line_read(in, sizeof in, busy ? 0 : IDLE_WAIT_MS);
        wg_device_receive(&device, in, got, now_ms());
        busy = wg_device_work(&device, now_ms());
        if (device.doing != WG_CAPTURING) port_microphone_rest();
        for (size_t bytes; (bytes = wg_device_outgoing(&device, out, now_ms())) != 0;) port_line_write(out, bytes);
        esp_task_wdt_reset();
    }
}

/* Drivers take the interrupts of the core that begins them: the first. Cycles are counted on the last. */
void app_main(void) {
    begin();
    const BaseType_t made = xTaskCreatePinnedToCore(run, "wakegen", PORT_STACK_BYTES, NULL, PRIORITY, NULL, LAST_CORE);
    ESP_ERROR_CHECK(made == pdPASS ? ESP_OK : ESP_ERR_NO_MEM);
}
