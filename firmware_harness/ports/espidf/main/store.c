/* A model in flash. The first sector of the partition says what lies behind it, and is written last: a model that was
 * not written to its end, or whose bytes have changed since, has never been there. */
#include "port.h"

#include <string.h>

#include "esp_partition.h"
#include "wg_model.h" /* wg_crc32 */

#define MODEL_TYPE 0x40
#define HEAD_BYTES 4096u   /* the smallest piece that can be erased */
#define BLOCK_BYTES 65536u /* erased at once: 0.2 s, where its sectors would take 0.7 s */
#define KEPT 0x31504B57u   /* "WKP1" */

typedef struct {
    uint32_t mark, bytes, crc, check; /* check: CRC-32 of the three before it */
} head;

static struct {
    const esp_partition_t *partition;
    const uint8_t *mapped; /* all of it; the driver keeps the cache true to what is written */
    uint32_t bytes, written, erased;
} store;

static uint32_t checksum(const head *h) { return wg_crc32((const uint8_t *)h, offsetof(head, check)); }
static uint32_t room(void) { return store.partition->size - HEAD_BYTES; }

uint32_t port_store_begin(void) {
    memset(&store, 0, sizeof store);
    store.partition = esp_partition_find_first(MODEL_TYPE, ESP_PARTITION_SUBTYPE_ANY, "model");
    if (!store.partition) return 0;
    const void *at;
    esp_partition_mmap_handle_t handle; /* never given back */
    if (esp_partition_mmap(store.partition, 0, store.partition->size, ESP_PARTITION_MMAP_DATA, &at, &handle) != ESP_OK) return 0;
    store.mapped = at;
    return room();
}

port_kept port_store_kept(void) {
    head h;
    memcpy(&h, store.mapped, sizeof h);
    if (h.mark != KEPT || h.check != checksum(&h) || !h.bytes || h.bytes > room()) return (port_kept){0};
    if (wg_crc32(store.mapped + HEAD_BYTES, h.bytes) != h.crc) return (port_kept){0};
    return (port_kept){h.bytes, h.crc};
}

/* Only the first block, which makes the kept model unknown. The others are erased as writing reaches them: all at once would
 * keep the host waiting longer than it does. */
int32_t port_store_erase(void *self, uint32_t slot, uint32_t bytes) {
    (void)self, (void)slot;
    store.bytes = store.written = store.erased = 0;
    if (bytes > room() || esp_partition_erase_range(store.partition, 0, BLOCK_BYTES) != ESP_OK) return -1;
    store.bytes = bytes;
    store.erased = BLOCK_BYTES;
    return 0;
}

static int32_t keep(void) {
    head h = {.mark = KEPT, .bytes = store.bytes, .crc = wg_crc32(store.mapped + HEAD_BYTES, store.bytes)};
    h.check = checksum(&h);
    return esp_partition_write(store.partition, 0, &h, sizeof h) == ESP_OK ? 0 : -1;
}

int32_t port_store_write(void *self, uint32_t slot, uint32_t offset, const uint8_t *data, uint32_t bytes) {
    (void)self, (void)slot;
    if (offset != store.written || bytes > store.bytes - store.written) return -1;
    for (; HEAD_BYTES + offset + bytes > store.erased; store.erased += BLOCK_BYTES)
        if (esp_partition_erase_range(store.partition, store.erased, BLOCK_BYTES) != ESP_OK) return -1;
    if (esp_partition_write(store.partition, HEAD_BYTES + offset, data, bytes) != ESP_OK) return -1;
    if (memcmp(store.mapped + HEAD_BYTES + offset, data, bytes) != 0) return -1; /* a cell that wore out */
    store.written += bytes;
    return store.written == store.bytes ? keep() : 0;
}

const uint8_t *port_store_mapped(void *self, uint32_t slot) {
    (void)self, (void)slot;
    return store.mapped + HEAD_BYTES;
}
