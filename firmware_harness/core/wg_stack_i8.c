#include "wg_stack_i8.h"

#include <string.h>

#include "wg_kernels_i8.h"

_Static_assert((-3 >> 1) == -2, "shifts of negative values keep the sign");

static uint32_t padding(const wg_layer *l) { return (l->kf - 1u) / 2u; }
static uint32_t shrink(const wg_layer *l) { return (uint32_t)l->pt * l->stride; }
static uint32_t width(const wg_layer *l) { return l->op == WG_CONV16 ? 2 : 1; } /* bytes of an input value */

static size_t history_bytes(const wg_layer *l) { return (size_t)(l->kt - 1u) * l->bands * l->ci * width(l); }

static size_t most(size_t a, size_t b) { return a > b ? a : b; }

wg_stack_i8_sizes wg_stack_i8_measure(const wg_layer *layers, uint32_t count, uint32_t rows) {
    wg_stack_i8_sizes sizes = {0, 0, 0};
    for (uint32_t i = 0; i < count; i++) {
        const wg_layer *l = layers + i;
        const int fits = rows && rows % shrink(l) == 0 && l->block == 4 && (l->op == WG_CONV16 || l->ci % 8 == 0) &&
                         (l->op != WG_CONV16 || (i == 0 && l->ci == 1 && l->bands % 4 == 0)) &&
                         (l->mul || (i + 1 == count && l->op == WG_CONV && l->pt == 1 && l->pf == 1 && l->stride == 1));
        if (!fits) return (wg_stack_i8_sizes){0, 0, 0};
        const size_t padded = (size_t)(rows + l->kt - 1u) * (l->bands + 2u * padding(l)) * l->ci * width(l);
        const size_t made = (size_t)rows * l->bands * l->co * (l->mul ? 1 : 4);
        sizes.history += (history_bytes(l) + 3u) & ~(size_t)3u;
        sizes.in = most(sizes.in, padded);
        sizes.out = most(sizes.out, most(made, (size_t)rows * l->bands * l->ci * width(l)));
        rows /= shrink(l);
    }
    sizes.in = (sizes.in + 15u) & ~(size_t)15u;
    sizes.out = (sizes.out + 15u) & ~(size_t)15u;
    return sizes;
}

void wg_stack_i8_init(wg_stack_i8 *stack, const wg_model *model, uint32_t first, uint32_t count, uint32_t rows,
                      int8_t *history, int8_t *in, int8_t *out) {
    *stack = (wg_stack_i8){model, model->layers + first, count, rows, history, in, out};
    wg_stack_i8_reset(stack);
}

void wg_stack_i8_reset(wg_stack_i8 *stack) {
    int8_t *at = stack->history;
    for (uint32_t i = 0; i < stack->count; i++) {
        const wg_layer *l = stack->layers + i;
        memset(at, l->op == WG_CONV16 ? 0 : l->zero_in, history_bytes(l));
        at += (history_bytes(l) + 3u) & ~(size_t)3u;
    }
}

/* 0.2, 0 or 1 times a factor: how negative sums are scaled (wakegen.features.quantise.negative_factors). */
static int32_t negative(int32_t factor, uint8_t activation) {
    static const int32_t slopes_q16[] = {65536, 13107, 0};
    return (int32_t)(((int64_t)factor * slopes_q16[activation] + 32768) >> 16);
}

/* How the sums of four outputs become codes. */
typedef struct {
    int32_t up[4], down[4]; /* factors of positive and of negative sums */
    int32_t offset;         /* 16 zero + 8: the code of 0, and one half */
} scaling;

static scaling scaling_of(const wg_layer *l, const int32_t *mul) {
    scaling s = {.offset = 16 * l->zero_out + 8};
    for (uint32_t j = 0; j < 4; j++) s.up[j] = mul[j], s.down[j] = negative(mul[j], l->activation);
    return s;
}

/**
 * clamp(zero + round(sum * factor / 2^29), -128, 127): one high multiplication on a 32-bit machine.
 *
 * @param sum  |sum| < 2^24
 */
static inline int8_t requantise(int32_t sum, int32_t up, int32_t down, int32_t offset) {
    const int32_t high = (int32_t)(((int64_t)(sum * 128) * (sum < 0 ? down : up)) >> 32);
    const int32_t code = (high + offset) >> 4;
    if ((uint32_t)(code + 128) < 256u) return (int8_t)code;
    return code < 0 ? -128 : 127;
}

static inline void requantise4(const int32_t *sums, const scaling *s, int8_t *y) {
    y[0] = requantise(sums[0], s->up[0], s->down[0], s->offset);
    y[1] = requantise(sums[1], s->up[1], s->down[1], s->offset);
    y[2] = requantise(sums[2], s->up[2], s->down[2], s->offset);
    y[3] = requantise(sums[3], s->up[3], s->down[3], s->offset);
}

static const int32_t *words(const wg_stack_i8 *stack, uint32_t offset) {
    return (const int32_t *)(const void *)(stack->model->data + offset);
}

/* Small C libraries copy byte by byte. Whole words where both sides allow it. */
typedef uint32_t __attribute__((may_alias)) word;
static void copy(int8_t *to, const int8_t *from, size_t bytes) {
    size_t i = 0;
    if (((uintptr_t)to | (uintptr_t)from) % 4 == 0)
        for (; i + 4 <= bytes; i += 4) *(word *)(void *)(to + i) = *(const word *)(const void *)(from + i);
    for (; i < bytes; i++) to[i] = from[i];
}

static void fill(int8_t *to, int32_t code, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) to[i] = (int8_t)code;
}

/* Put the old rows and the new ones, with columns of 0 at both ends, into `in`; keep the last ones for the next step. */
static int8_t *gather(wg_stack_i8 *stack, const wg_layer *l, uint32_t rows, int8_t *history) {
    const size_t row = (size_t)l->bands * l->ci * width(l), pad = (size_t)padding(l) * l->ci * width(l);
    const size_t padded = row + 2 * pad;
    const uint32_t old = l->kt - 1u;
    for (uint32_t t = 0; t < rows + old; t++) {
        int8_t *to = stack->in + t * padded;
        fill(to, l->zero_in, pad);
        copy(to + pad, t < old ? history + t * row : stack->out + (t - old) * row, row);
        fill(to + pad + row, l->zero_in, pad);
    }
    for (uint32_t t = 0; t < old; t++) copy(history + t * row, stack->in + (rows + t) * padded + pad, row);
    return history + ((history_bytes(l) + 3u) & ~(size_t)3u);
}

/* Four outputs at four neighbours of the first layer, which has one input channel of int16. */
static void tile16(const int16_t *x, uint32_t kt, uint32_t kf, uint32_t across, const int8_t *w, const int32_t *bias,
                   int32_t sums[16]) {
    for (uint32_t i = 0; i < 16; i++) sums[i] = bias[i % 4];
    for (uint32_t t = 0; t < kt; t++, x += across - kf)
        for (uint32_t f = 0; f < kf; f++, x++, w += 4) {
            const int32_t w0 = w[0], w1 = w[1], w2 = w[2], w3 = w[3];
            int32_t *s = sums;
            for (uint32_t i = 0; i < 4; i++, s += 4) {
                const int32_t v = x[i];
                s[0] += v * w0, s[1] += v * w1, s[2] += v * w2, s[3] += v * w3;
            }
        }
}

static void convolve16(const wg_stack_i8 *stack, const wg_layer *l, uint32_t rows) {
    const int16_t *in = (const int16_t *)(const void *)stack->in;
    const uint32_t across = l->bands + 2u * padding(l), taps = (uint32_t)l->kt * l->kf;
    for (uint32_t o = 0; o < l->co; o += 4) {
        const int8_t *w = (const int8_t *)stack->model->data + l->weights + (size_t)o * taps;
        const scaling s = scaling_of(l, words(stack, l->mul) + o);
        for (uint32_t t = 0; t < rows; t++) {
            int8_t *y = stack->out + (size_t)t * l->bands * l->co + o;
            for (uint32_t f = 0; f < l->bands; f += 4) {
                int32_t sums[16];
                tile16(in + t * across + f, l->kt, l->kf, across, w, words(stack, l->bias) + o, sums);
                for (uint32_t i = 0; i < 4; i++, y += l->co) requantise4(sums + 4 * i, &s, y);
            }
        }
    }
}

static void convolve_depthwise(const wg_stack_i8 *stack, const wg_layer *l, uint32_t rows) {
    const int32_t *bias = words(stack, l->bias), *mul = words(stack, l->mul);
    const size_t row = (size_t)l->bands * l->ci;
    for (uint32_t c = 0; c < l->co; c += 4) {
        const scaling s = scaling_of(l, mul + c);
        const int8_t *const w = (const int8_t *)stack->model->data + l->weights + c;
        for (uint32_t at = 0; at < rows * l->bands; at++) {
            const int8_t *x = stack->in + (size_t)at * l->ci + c, *v = w;
            int32_t sums[4] = {bias[c], bias[c + 1], bias[c + 2], bias[c + 3]};
            for (uint32_t k = 0; k < l->kt; k++, x += row, v += l->co)
                sums[0] += v[0] * x[0], sums[1] += v[1] * x[1], sums[2] += v[2] * x[2], sums[3] += v[3] * x[3];
            requantise4(sums, &s, stack->out + (size_t)at * l->co + c);
        }
    }
}

/* Where four positions begin in `in`, and how many there are: a row may end between them. */
static uint32_t four(const wg_stack_i8 *stack, const wg_layer *l, uint32_t at, uint32_t positions, const int8_t *x[4]) {
    const uint32_t across = (l->bands + 2u * padding(l)) * l->ci;
    uint32_t t = at / l->bands, f = at % l->bands, count = 0;
    for (uint32_t i = 0; i < 4; i++) {
        x[i] = stack->in + (size_t)t * across + (size_t)f * l->ci;
        count += at + i < positions;
        if (at + i + 1 < positions && ++f == l->bands) f = 0, t++;
    }
    return count;
}

static void convolve(const wg_stack_i8 *stack, const wg_layer *l, uint32_t rows) {
    const uint32_t across = (l->bands + 2u * padding(l)) * l->ci, length = (uint32_t)l->kf * l->ci;
    const uint32_t positions = rows * l->bands;
    const wg_tile_i8 tile = positions == 1 ? wg_single_i8 : wg_tile_i8_pick();
    for (uint32_t o = 0; o < l->co; o += 4) {
        const int8_t *w = (const int8_t *)stack->model->data + l->weights + (size_t)o * l->kt * length;
        const scaling s = l->mul ? scaling_of(l, words(stack, l->mul) + o) : (scaling){.offset = 0};
        for (uint32_t at = 0; at < positions; at += 4) {
            const int8_t *x[4];
            const uint32_t count = four(stack, l, at, positions, x);
            int32_t sums[16];
            tile(x, l->kt, length, across, w, words(stack, l->bias) + o, sums);
            int8_t *y = stack->out + ((size_t)at * l->co + o) * (l->mul ? 1 : sizeof *sums);
            for (uint32_t i = 0; i < count; i++, y += l->co * (l->mul ? 1 : sizeof *sums)) {
                if (l->mul) requantise4(sums + 4 * i, &s, y);
                else memcpy(y, sums + 4 * i, 4 * sizeof *sums);
            }
        }
    }
}

static int8_t larger(int8_t a, int8_t b) { return a > b ? a : b; }

/* The maximum over pt x pf, or of each pair of rows the later one, in place: no result overtakes what is still read. */
static uint32_t shrunk(const wg_stack_i8 *stack, const wg_layer *l, uint32_t rows) {
    const uint32_t kept = rows / shrink(l), bands = l->bands / l->pf, co = l->co;
    if (kept == rows && bands == l->bands) return rows;
    const size_t right = l->pf > 1 ? co : 0, down = l->pt > 1 ? (size_t)l->bands * co : 0;
    int8_t *y = stack->out;
    for (uint32_t t = 0; t < kept; t++) {
        const uint32_t first = l->stride > 1 ? t * l->stride + l->stride - 1u : t * l->pt;
        const int8_t *x = stack->out + (size_t)first * l->bands * co;
        for (uint32_t f = 0; f < bands; f++, x += right)
            for (const int8_t *const end = x + co; x != end; x++)
                *y++ = larger(larger(x[0], x[right]), larger(x[down], x[down + right]));
    }
    return kept;
}

void wg_stack_i8_step(wg_stack_i8 *stack) {
    int8_t *history = stack->history;
    uint32_t rows = stack->rows;
    for (uint32_t i = 0; i < stack->count; i++) {
        const wg_layer *l = stack->layers + i;
        history = gather(stack, l, rows, history);
        if (l->op == WG_CONV16) convolve16(stack, l, rows);
        else if (l->op == WG_DEPTHWISE) convolve_depthwise(stack, l, rows);
        else convolve(stack, l, rows);
        rows = shrunk(stack, l, rows);
    }
}
