#include "port.h"

#include <inttypes.h>
#include <stdio.h>

#include "esp_app_desc.h"
#include "esp_chip_info.h"
#include "esp_cpu.h"
#include "esp_heap_caps.h"
#include "esp_image_format.h"
#include "esp_partition.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"
#include "soc/soc_caps.h"
#include "wg_device.h"
#if SOC_TEMP_SENSOR_SUPPORTED
#include "driver/temperature_sensor.h"
#endif

#define INTERNAL (MALLOC_CAP_INTERNAL | MALLOC_CAP_8BIT)
#define CLOCK_HZ (CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ * 1000000u)
#define MEASURED_US 20000
#define BUILD_CHARS 17 /* 8 bytes in hexadecimal: enough to tell builds apart */

#if CONFIG_IDF_TARGET_ESP32
#define CORE "Xtensa LX6"
#elif CONFIG_IDF_TARGET_ESP32S3
#define CORE "Xtensa LX7"
#elif CONFIG_IDF_TARGET_ESP32C3
#define CORE "RV32IMC"
#elif CONFIG_IDF_TARGET_ESP32C6
#define CORE "RV32IMAC"
#elif CONFIG_IDF_TARGET_ESP32P4
#define CORE "RV32IMAFC"
#else
#error "Not one of the chips that this port knows: esp32, esp32s3, esp32c3, esp32c6, esp32p4."
#endif

typedef struct {
    uint8_t *out;
    size_t room, used;
} list;

static struct {
    port_level level;
    uint32_t ticks_per_s, flash_bytes;
#if SOC_TEMP_SENSOR_SUPPORTED
    temperature_sensor_handle_t thermometer;
#endif
} known;

static void number(list *l, uint8_t key, int64_t value) {
    l->used += wg_fact_number(l->out + l->used, l->room - l->used, key, value);
}

static void text(list *l, uint8_t key, const char *value) {
    l->used += wg_fact_text(l->out + l->used, l->room - l->used, key, value);
}

uint32_t port_ticks(void *self) {
    (void)self;
    return esp_cpu_get_cycle_count();
}

/* Against the timer, which runs on a clock of its own: what the chip was set to, and what it does, are two things. */
static uint32_t measured_ticks_per_s(void) {
    const int64_t from_us = esp_timer_get_time();
    const uint32_t from = esp_cpu_get_cycle_count();
    int64_t took_us;
    while ((took_us = esp_timer_get_time() - from_us) < MEASURED_US) {}
    return (uint32_t)((uint64_t)(esp_cpu_get_cycle_count() - from) * 1000000u / (uint64_t)took_us);
}

static uint32_t firmware_bytes(void) {
    const esp_partition_t *app = esp_partition_find_first(ESP_PARTITION_TYPE_APP, ESP_PARTITION_SUBTYPE_APP_FACTORY, NULL);
    if (!app) return 0;
    const esp_partition_pos_t place = {.offset = app->address, .size = app->size};
    static esp_image_metadata_t image; /* 200 bytes */
    return esp_image_get_metadata(&place, &image) == ESP_OK ? image.image_len : 0;
}

void port_facts_begin(port_level level) {
    known.level = level;
    known.ticks_per_s = measured_ticks_per_s();
    known.flash_bytes = firmware_bytes();
#if SOC_TEMP_SENSOR_SUPPORTED
    const temperature_sensor_config_t config = TEMPERATURE_SENSOR_CONFIG_DEFAULT(-10, 80);
    if (temperature_sensor_install(&config, &known.thermometer) != ESP_OK) known.thermometer = NULL;
    else if (temperature_sensor_enable(known.thermometer) != ESP_OK) known.thermometer = NULL;
#endif
}

size_t port_info(void *self, uint8_t *out, size_t room) {
    (void)self;
    list l = {out, room, 0};
    esp_chip_info_t chip;
    char build[BUILD_CHARS];
    esp_chip_info(&chip);
    esp_app_get_elf_sha256(build, sizeof build);
    text(&l, WG_FACT_CHIP, CONFIG_IDF_TARGET);
    text(&l, WG_FACT_CORE, CORE);
    text(&l, WG_FACT_PORT, "espidf");
    text(&l, WG_FACT_VERSION, esp_app_get_description()->version);
    text(&l, WG_FACT_BUILD, build);
    text(&l, WG_FACT_OS, esp_app_get_description()->idf_ver);
    number(&l, WG_FACT_CORES, chip.cores);
    number(&l, WG_FACT_CLOCK_HZ, CLOCK_HZ);
    number(&l, WG_FACT_TICKS_PER_S, known.ticks_per_s);
    text(&l, WG_FACT_TICKS_ARE, "cycles");
    if (known.level.heard) {
        number(&l, WG_FACT_CHANNELS, 1);
        number(&l, WG_FACT_LEVEL_MDBFS, known.level.level_mdbfs);
    }
    return l.used;
}

static void temperature(list *l) {
#if SOC_TEMP_SENSOR_SUPPORTED
    float celsius;
    if (known.thermometer && temperature_sensor_get_celsius(known.thermometer, &celsius) == ESP_OK)
        number(l, WG_FACT_TEMPERATURE_MC, (int64_t)(celsius * 1000.0f));
#else
    (void)l;
#endif
}

size_t port_stats(void *self, uint8_t *out, size_t room) {
    (void)self;
    list l = {out, room, 0};
    number(&l, WG_FACT_HEAP_FREE, (int64_t)heap_caps_get_free_size(INTERNAL));
    number(&l, WG_FACT_HEAP_LEAST, (int64_t)heap_caps_get_minimum_free_size(INTERNAL));
    if (heap_caps_get_total_size(MALLOC_CAP_SPIRAM)) {
        number(&l, WG_FACT_PSRAM_FREE, (int64_t)heap_caps_get_free_size(MALLOC_CAP_SPIRAM));
        number(&l, WG_FACT_PSRAM_LEAST, (int64_t)heap_caps_get_minimum_free_size(MALLOC_CAP_SPIRAM));
    }
    /* FreeRTOS paints a stack before its task begins. */
    number(&l, WG_FACT_STACK_BYTES, PORT_STACK_BYTES);
    number(&l, WG_FACT_STACK_USED, (int64_t)PORT_STACK_BYTES - (int64_t)uxTaskGetStackHighWaterMark(NULL));
    if (known.flash_bytes) number(&l, WG_FACT_FLASH_USED, known.flash_bytes);
    temperature(&l);
    return l.used;
}

static int sound(char *out, size_t room) {
    const port_level *v = &known.level;
    if (!v->heard) return snprintf(out, room, "microphone: none heard\n");
    const int tenths = (int)(v->level_mdbfs / 100), size = tenths < 0 ? -tenths : tenths;
    return snprintf(out, room, "microphone: %u Hz, 1 channel, %s%d.%d dBFS beside an offset of %" PRId32 "\n", PORT_RATE_HZ,
                    tenths < 0 ? "-" : "", size / 10, size % 10, v->offset);
}

/* What nobody asked for; a board that restarts now and then would else go unnoticed. */
static const char *accident(void) {
    switch (esp_reset_reason()) {
    case ESP_RST_PANIC: return "restarted by: a crash\n";
    case ESP_RST_INT_WDT:
    case ESP_RST_TASK_WDT:
    case ESP_RST_WDT: return "restarted by: the watchdog\n";
    case ESP_RST_BROWNOUT: return "restarted by: too low a voltage\n";
    default: return "";
    }
}

size_t port_banner(char *out, size_t room, port_kept kept, int32_t status) {
    esp_chip_info_t chip;
    char build[BUILD_CHARS];
    esp_chip_info(&chip);
    esp_app_get_elf_sha256(build, sizeof build);
    int used = snprintf(out, room, "wakegen %s, build %s, %s revision %u.%u, %u MHz\n%s", esp_app_get_description()->version,
                        build, CONFIG_IDF_TARGET, chip.revision / 100u, chip.revision % 100u,
                        (unsigned)CONFIG_ESP_DEFAULT_CPU_FREQ_MHZ, accident());
    if (!kept.bytes) used += snprintf(out + used, room - (size_t)used, "model: %s\n", status ? "no partition for one can be read" : "none");
    else
        used += snprintf(out + used, room - (size_t)used, "model: %" PRIu32 " bytes, CRC-32 %08" PRIx32 ", status %" PRId32 "\n",
                         kept.bytes, kept.crc, status);
    return (size_t)(used + sound(out + used, room - (size_t)used));
}
