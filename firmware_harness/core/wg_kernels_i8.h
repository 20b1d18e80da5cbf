/* The inner loop of the int8 engine: one in C that every machine runs, and faster ones that give the same sums. */
#ifndef WG_KERNELS_I8_H
#define WG_KERNELS_I8_H

#include <stdint.h>

/**
 * Four outputs at four positions: sums[4 * position + output] = bias[output] + sum of w x.
 *
 * @param x         where each position's first run begins
 * @param segments  runs of `length` codes, `step` apart; length is a multiple of 8
 * @param w         [segments * length][4]
 */
typedef void (*wg_tile_i8)(const int8_t *const x[4], uint32_t segments, uint32_t length, uint32_t step, const int8_t *w,
                           const int32_t *bias, int32_t sums[16]);

/** Give the fastest tile that this processor runs. */
wg_tile_i8 wg_tile_i8_pick(void);

/** The one in C. */
void wg_tile_i8_plain(const int8_t *const x[4], uint32_t segments, uint32_t length, uint32_t step, const int8_t *w,
                      const int32_t *bias, int32_t sums[16]);

/** Four outputs at the first position alone, where there is no other: a quarter of the work. */
void wg_single_i8(const int8_t *const x[4], uint32_t segments, uint32_t length, uint32_t step, const int8_t *w,
                  const int32_t *bias, int32_t sums[16]);

#endif
