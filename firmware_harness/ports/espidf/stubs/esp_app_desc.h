#include <stddef.h>
typedef struct {
    char version[32], idf_ver[32];
} esp_app_desc_t;
const esp_app_desc_t *esp_app_get_description(void);
int esp_app_get_elf_sha256(char *, size_t);
