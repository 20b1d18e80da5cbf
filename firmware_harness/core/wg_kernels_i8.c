#include "wg_kernels_i8.h"

#include <string.h>

void wg_tile_i8_plain(const int8_t *const x[4], uint32_t segments, uint32_t length, uint32_t step, const int8_t *w,
                      const int32_t *bias, int32_t sums[16]) {
    const int8_t *p0 = x[0], *p1 = x[1], *p2 = x[2], *p3 = x[3];
    for (uint32_t i = 0; i < 16; i++) sums[i] = bias[i % 4];
    int32_t a[16];
    memcpy(a, sums, sizeof a);
    for (uint32_t s = 0; s < segments; s++, p0 += step, p1 += step, p2 += step, p3 += step)
        for (uint32_t c = 0; c < length; c++, w += 4)
            for (uint32_t o = 0; o < 4; o++) {
                a[o] += p0[c] * w[o];
                a[4 + o] += p1[c] * w[o];
                a[8 + o] += p2[c] * w[o];
                a[12 + o] += p3[c] * w[o];
            }
    memcpy(sums, a, sizeof a);
}

void wg_single_i8(const int8_t *const x[4], uint32_t segments, uint32_t length, uint32_t step, const int8_t *w,
                  const int32_t *bias, int32_t sums[16]) {
    int32_t a0 = bias[0], a1 = bias[1], a2 = bias[2], a3 = bias[3];
    for (uint32_t s = 0; s < segments; s++) {
        const int8_t *p = x[0] + (size_t)s * step, *const end = p + length;
        for (; p != end; p += 2, w += 8) {
            const int32_t v = p[0], u = p[1];
            a0 += v * w[0] + u * w[4], a1 += v * w[1] + u * w[5], a2 += v * w[2] + u * w[6], a3 += v * w[3] + u * w[7];
        }
    }
    sums[0] = a0, sums[1] = a1, sums[2] = a2, sums[3] = a3;
}

#if defined(__riscv) && __riscv_xlen == 32 && defined(__riscv_mul)

void wg_tile_rv32(const int8_t *const x[4], uint32_t segments, uint32_t length, uint32_t step, const int8_t *w,
                  const int32_t *bias, int32_t sums[16]);

wg_tile_i8 wg_tile_i8_pick(void) { return wg_tile_rv32; }

#elif defined(__x86_64__) && !defined(WG_PLAIN)

#include <immintrin.h>

/* Eight codes at a time: 32 weights as [8][4] are turned into [4][8], widened to 16 bits, and multiplied in pairs. */
__attribute__((target("avx2"))) static void tile_avx2(const int8_t *const x[4], uint32_t segments, uint32_t length,
                                                      uint32_t step, const int8_t *w, const int32_t *bias,
                                                      int32_t sums[16]) {
    const __m128i order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    __m256i a[4][2];
    for (int i = 0; i < 4; i++) a[i][0] = a[i][1] = _mm256_setzero_si256();
    for (uint32_t s = 0; s < segments; s++) {
        const size_t at = (size_t)s * step;
        for (uint32_t c = 0; c < length; c += 8, w += 32) {
            const __m128i low = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)w), order);
            const __m128i high = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(w + 16)), order);
            const __m256i w01 = _mm256_cvtepi8_epi16(_mm_unpacklo_epi32(low, high)); /* output 0, then 1: 8 codes each */
            const __m256i w23 = _mm256_cvtepi8_epi16(_mm_unpackhi_epi32(low, high));
            for (int i = 0; i < 4; i++) {
                const __m128i eight = _mm_cvtepi8_epi16(_mm_loadl_epi64((const __m128i *)(x[i] + at + c)));
                const __m256i both = _mm256_broadcastsi128_si256(eight);
                a[i][0] = _mm256_add_epi32(a[i][0], _mm256_madd_epi16(both, w01));
                a[i][1] = _mm256_add_epi32(a[i][1], _mm256_madd_epi16(both, w23));
            }
        }
    }
    for (int i = 0; i < 4; i++) {
        /* [0 0 0 0 | 1 1 1 1] and [2 2 2 2 | 3 3 3 3] to one sum each. */
        __m256i t = _mm256_hadd_epi32(a[i][0], a[i][1]);
        t = _mm256_hadd_epi32(t, t);
        const __m128i even = _mm256_castsi256_si128(t), odd = _mm256_extracti128_si256(t, 1); /* 0 2 .. and 1 3 .. */
        int32_t four[4];
        _mm_storeu_si128((__m128i *)four, _mm_unpacklo_epi32(even, odd));
        for (int o = 0; o < 4; o++) sums[4 * i + o] = bias[o] + four[o];
    }
}

wg_tile_i8 wg_tile_i8_pick(void) { return __builtin_cpu_supports("avx2") ? tile_avx2 : wg_tile_i8_plain; }

#else

wg_tile_i8 wg_tile_i8_pick(void) { return wg_tile_i8_plain; }

#endif
