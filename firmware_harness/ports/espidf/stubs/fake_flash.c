/* A partition as flash behaves: erasing sets bits, in sectors; writing only clears them; power may fail in the middle. */
#include <string.h>

#include "esp_partition.h"

#define SECTOR 4096u
#define SIZE (512u << 10)

uint8_t *fake_flash; /* SIZE bytes */
/* Operations until power fails in the middle of one; those behind it do nothing. */
uint32_t fake_power = UINT32_MAX;
int fake_backwards; /* what is cut short has begun at its end */
/* A bit that stays 0. */
uint32_t fake_worn = UINT32_MAX;
/* What was asked for: 'e' or 'w', offset, bytes. */
uint32_t fake_log[4096][3], fake_logged;

static const esp_partition_t app = {.address = 0x10000, .size = 1u << 20, .erase_size = SECTOR, .label = "factory"};
static const esp_partition_t partition = {.size = SIZE, .erase_size = SECTOR, .label = "model"};

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype, const char *label) {
    (void)subtype;
    if (type == ESP_PARTITION_TYPE_APP) return &app;
    return (int)type == 0x40 && strcmp(label, partition.label) == 0 && fake_flash ? &partition : NULL;
}

esp_err_t esp_partition_mmap(const esp_partition_t *p, size_t offset, size_t bytes, esp_partition_mmap_memory_t memory,
                             const void **out, esp_partition_mmap_handle_t *handle) {
    (void)memory;
    if (offset + bytes > p->size) return ESP_FAIL;
    *out = fake_flash + offset;
    *handle = 1;
    return ESP_OK;
}

/* Which bytes of an operation come to pass: from `*first` on. */
static size_t powered(char what, size_t offset, size_t bytes, size_t *first) {
    if (fake_logged < 4096) {
        uint32_t *entry = fake_log[fake_logged++];
        entry[0] = (uint8_t)what, entry[1] = (uint32_t)offset, entry[2] = (uint32_t)bytes;
    }
    *first = 0;
    if (fake_power == UINT32_MAX) return bytes;
    if (fake_power == 0) return 0;
    if (--fake_power) return bytes;
    *first = fake_backwards ? bytes - bytes / 2 : 0;
    return bytes / 2;
}

esp_err_t esp_partition_erase_range(const esp_partition_t *p, size_t offset, size_t bytes) {
    if (offset % SECTOR || bytes % SECTOR || offset + bytes > p->size) return ESP_FAIL;
    size_t first;
    const size_t done = powered('e', offset, bytes, &first);
    memset(fake_flash + offset + first, 0xFF, done);
    return done == bytes ? ESP_OK : ESP_FAIL;
}

esp_err_t esp_partition_write(const esp_partition_t *p, size_t offset, const void *data, size_t bytes) {
    if (offset + bytes > p->size) return ESP_FAIL;
    size_t first;
    const size_t done = powered('w', offset, bytes, &first);
    for (size_t i = first; i < first + done; i++) fake_flash[offset + i] &= ((const uint8_t *)data)[i];
    if (fake_worn < p->size) fake_flash[fake_worn] &= 0xFE;
    return done == bytes ? ESP_OK : ESP_FAIL;
}
