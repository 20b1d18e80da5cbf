#include <stdint.h>
typedef struct {
    uint16_t revision; /* 100 * major + minor */
    uint8_t cores;
} esp_chip_info_t;
void esp_chip_info(esp_chip_info_t *);
