#include "wg_mel_fixed.h"

#include <string.h>

#include "wg_mel_fixed_tables.h"

_Static_assert((-3 >> 1) == -2, "shifts of negative values keep the sign");

enum { HOP = 160, WINDOW = 400, WINDOW_AT = 56, FIRST_FRAMES = 5, POINTS = 256 };
enum { LOW_BIN = 2, HIGH_BIN = 122 }; /* of 257: the others carry no weight */
enum { LOWEST = -1024, RANGE = 1024, CODES_PER_BIT = 39457 };
enum { EXPONENT = 16 - 22 - 12 }; /* of a power: its own shift, the weights', the window's */

void wg_mel_fixed_reset(wg_mel_fixed *mel) {
    memset(mel->tail, 0, sizeof mel->tail);
    mel->steps = 0;
}

static int32_t times(int32_t value, int32_t factor_q31) {
    return (int32_t)((uint32_t)(((int64_t)value * factor_q31) >> 32) << 1);
}

static int32_t cosine(uint32_t at) { /* at < 1024 */
    at &= 511u;
    return wg_cos512_q31[at <= 256u ? at : 512u - at];
}

static uint32_t bit_length(uint32_t v) { return v ? 32u - (uint32_t)__builtin_clz(v) : 0u; }

/* A frame may begin in the tail and end in the new samples. */
typedef struct {
    const int16_t *tail, *pcm;
    int32_t at; /* of the first sample, from the new samples' begin */
} source;

static int32_t sample(const source *s, int32_t n) {
    const int32_t i = s->at + n;
    return i < 0 ? s->tail[WG_TAIL + i] : s->pcm[i];
}

/* Load even + i odd samples, shifted up so that the largest has 15 bits; gives by how much. */
static uint32_t load(const source *s, int32_t *re, int32_t *im) {
    uint32_t highest = 0;
    for (int32_t n = 0; n < WINDOW; n++) {
        const int32_t x = sample(s, n);
        const uint32_t size = (uint32_t)(x < 0 ? -x : x);
        if (size > highest) highest = size;
    }
    const uint32_t bits = bit_length(highest), shift = bits < 15u ? 15u - bits : 0u;
    memset(re, 0, POINTS * sizeof *re);
    memset(im, 0, POINTS * sizeof *im);
    for (int32_t n = 0; n < WINDOW; n += 2) {
        const uint32_t to = wg_turned((uint32_t)n / 2u);
        re[to] = (sample(s, n) * (int32_t)(1u << shift) * wg_hann400_q15[n] + 256) >> 9;
        im[to] = (sample(s, n + 1) * (int32_t)(1u << shift) * wg_hann400_q15[n + 1] + 256) >> 9;
    }
    return shift;
}

/* Multiply by e^(-2 pi i at / 512). */
static void turn(int32_t *re, int32_t *im, uint32_t at) {
    const int32_t c = cosine(at), s = cosine(at + 384u), r = *re, i = *im;
    *re = times(r, c) + times(i, s);
    *im = times(i, c) - times(r, s);
}

static void dft(int32_t *re, int32_t *im) {
    for (uint32_t size = 1, step = 128; size < POINTS; size *= 4, step /= 4)
        for (uint32_t k = 0; k < size; k++)
            for (uint32_t at = k; at < POINTS; at += 4 * size) {
                int32_t *const r = re + at, *const i = im + at;
                int32_t br = r[size], bi = i[size], cr = r[2 * size], ci = i[2 * size], dr = r[3 * size], di = i[3 * size];
                if (k) turn(&br, &bi, k * step), turn(&cr, &ci, 2 * k * step), turn(&dr, &di, 3 * k * step);
                const int32_t pr = r[0] + cr, pi = i[0] + ci, qr = r[0] - cr, qi = i[0] - ci;
                const int32_t sr = br + dr, si = bi + di, tr = br - dr, ti = bi - di;
                r[0] = pr + sr, i[0] = pi + si, r[size] = qr + ti, i[size] = qi - tr;
                r[2 * size] = pr - sr, i[2 * size] = pi - si, r[3 * size] = qr - ti, i[3 * size] = qi + tr;
            }
}

/* The power of a bin, put where its real and imaginary part were: the mirror half is all that others still need. */
static void power(int32_t *re, int32_t *im, uint32_t k) {
    const int32_t ar = re[k], ai = im[k], br = re[POINTS - k], bi = im[POINTS - k];
    const int32_t even_r = (ar + br) >> 1, even_i = (ai - bi) >> 1, odd_r = (ai + bi) >> 1, odd_i = (br - ar) >> 1;
    const int32_t c = cosine(k), s = cosine(k + 384u);
    const int32_t xr = even_r + times(odd_r, c) + times(odd_i, s), xi = even_i + times(odd_i, c) - times(odd_r, s);
    const uint64_t both = (uint64_t)((int64_t)xr * xr + (int64_t)xi * xi) >> 16;
    re[k] = (int32_t)(uint32_t)both;
    im[k] = (int32_t)(uint32_t)(both >> 32);
}

/* 128 (log10 of the band's power + 2). */
static int32_t level(uint64_t band, uint32_t shift) {
    if (!band) return LOWEST;
    const uint32_t high = (uint32_t)(band >> 32);
    const int32_t whole = (int32_t)(high ? 32u + bit_length(high) : bit_length((uint32_t)band)) - 1;
    const uint32_t mantissa = (uint32_t)(whole >= 16 ? band >> (whole - 16) : band << (16 - whole));
    const uint32_t piece = mantissa >> 10 & 63u;
    const int32_t low = wg_log2_q16[piece], rest = (int32_t)(mantissa & 1023u);
    const int32_t fraction = low + (((wg_log2_q16[piece + 1] - low) * rest) >> 10);
    const int32_t log2 = (whole + EXPONENT - 2 * (int32_t)shift) * 65536 + fraction;
    const int32_t code = (int32_t)(((int64_t)log2 * CODES_PER_BIT + (1 << 25)) >> 26) + 256;
    return code > LOWEST ? code : LOWEST;
}

static void frame(const source *s, int32_t *work, int16_t *out) {
    int32_t *const re = work, *const im = work + POINTS;
    const uint32_t shift = load(s, re, im);
    dft(re, im);
    for (uint32_t k = LOW_BIN; k < HIGH_BIN; k++) power(re, im, k);
    for (uint32_t b = 0; b < WG_BANDS; b++) {
        const uint16_t *w = wg_mel_weights_q22 + wg_mel_first[b];
        uint64_t sum = 0;
        for (uint32_t k = wg_mel_bin[b], end = k + wg_mel_first[b + 1] - wg_mel_first[b]; k < end; k++)
            sum += ((uint64_t)(uint32_t)im[k] << 32 | (uint32_t)re[k]) * *w++;
        out[b] = (int16_t)level(sum, shift);
    }
}

int32_t wg_mel_fixed_step(wg_mel_fixed *mel, const int16_t *pcm, int32_t *work, int16_t *out) {
    const int32_t frames = mel->steps ? WG_STEP_FRAMES : FIRST_FRAMES, begin = mel->steps ? -WG_TAIL : 0;
    int32_t highest = LOWEST;
    for (int32_t j = 0; j < frames; j++) {
        const source s = {mel->tail, pcm, begin + j * HOP + WINDOW_AT};
        frame(&s, work, out + j * WG_BANDS);
        for (int32_t b = 0; b < WG_BANDS; b++)
            if (out[j * WG_BANDS + b] > highest) highest = out[j * WG_BANDS + b];
    }
    for (int32_t i = 0; i < frames * WG_BANDS; i++)
        if (out[i] < highest - RANGE) out[i] = (int16_t)(highest - RANGE);
    memcpy(mel->tail, pcm + WG_STEP - WG_TAIL, sizeof mel->tail);
    mel->steps = 1;
    return frames;
}
