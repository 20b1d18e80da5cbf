#ifndef ESP_PARTITION_H
#define ESP_PARTITION_H
#include <stdbool.h>
#include <stddef.h>
#include "esp_err.h"
typedef enum { ESP_PARTITION_TYPE_APP = 0 } esp_partition_type_t;
typedef enum { ESP_PARTITION_SUBTYPE_APP_FACTORY = 0, ESP_PARTITION_SUBTYPE_ANY = 0xff } esp_partition_subtype_t;
typedef enum { ESP_PARTITION_MMAP_DATA } esp_partition_mmap_memory_t;
typedef uint32_t esp_partition_mmap_handle_t;
typedef struct {
    void *flash_chip;
    esp_partition_type_t type;
    esp_partition_subtype_t subtype;
    uint32_t address, size, erase_size;
    char label[17];
    bool encrypted;
} esp_partition_t;
const esp_partition_t *esp_partition_find_first(esp_partition_type_t, esp_partition_subtype_t, const char *label);
esp_err_t esp_partition_write(const esp_partition_t *, size_t offset, const void *, size_t bytes);
esp_err_t esp_partition_erase_range(const esp_partition_t *, size_t offset, size_t bytes);
esp_err_t esp_partition_mmap(const esp_partition_t *, size_t offset, size_t bytes, esp_partition_mmap_memory_t, const void **,
                             esp_partition_mmap_handle_t *);
#endif
