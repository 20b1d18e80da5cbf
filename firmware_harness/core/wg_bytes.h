/* Numbers as they stand on the wire: little-endian, wherever they begin. */
#ifndef WG_BYTES_H
#define WG_BYTES_H

#include <stdint.h>

static inline void wg_put16(uint8_t *at, uint32_t value) { at[0] = (uint8_t)value, at[1] = (uint8_t)(value >> 8); }
static inline void wg_put32(uint8_t *at, uint32_t value) { wg_put16(at, value), wg_put16(at + 2, value >> 16); }
static inline uint16_t wg_get16(const uint8_t *at) { return (uint16_t)(at[0] | at[1] << 8); }
static inline uint32_t wg_get32(const uint8_t *at) { return wg_get16(at) | (uint32_t)wg_get16(at + 2) << 16; }

#endif
