/* CRC-32 (IEEE 802.3, reflected, as zlib's), a piece at a time. No table: a microcontroller has better uses for a kilobyte. */
#ifndef WG_CRC32_H
#define WG_CRC32_H

#include <stddef.h>
#include <stdint.h>

/** The checksum of what `crc` stands for (0: of nothing) and `bytes` more. */
static inline uint32_t wg_crc32_on(uint32_t crc, const void *data, size_t bytes) {
    const uint8_t *at = (const uint8_t *)data;
    crc = ~crc;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
    }
    return ~crc;
}

/* A fuzzer never guesses a checksum, so its build takes any. */
static inline int wg_crc32_is(uint32_t found, uint32_t promised) {
#ifdef WG_ANY_CHECKSUM
    return (void)found, (void)promised, 1;
#else
    return found == promised;
#endif
}

#endif
