#include "wg_stack_f32.h"

#include <string.h>

#define UP(n) (((n) + 15u) & ~(size_t)15u)

static uint32_t padding(const wg_layer *l) { return (l->kf - 1u) / 2u; }
static uint32_t shrink(const wg_layer *l) { return (uint32_t)l->pt * l->stride; }

static size_t scratch_values(const wg_layer *l, uint32_t rows) { return (size_t)rows * l->bands * l->co; }

size_t wg_stack_f32_bytes(const wg_layer *layers, uint32_t count, uint32_t rows) {
    size_t inputs = 0, scratch = 0;
    for (uint32_t i = 0; i < count; i++) {
        const wg_layer *l = layers + i;
        if (rows == 0 || rows % shrink(l) || l->co % l->block || (l->block != WG_BLOCK && l->block != 8)) return 0;
        inputs += UP(sizeof(float) * (rows + l->kt - 1u) * (l->bands + 2u * padding(l)) * l->ci);
        if (scratch_values(l, rows) > scratch) scratch = scratch_values(l, rows);
        rows /= shrink(l);
    }
    return inputs + UP(sizeof(float) * scratch);
}

int32_t wg_stack_f32_init(wg_stack_f32 *stack, const wg_model *model, uint32_t first, uint32_t count, uint32_t rows,
                          void *arena, size_t bytes) {
    const wg_layer *layers = model->layers + first;
    const size_t needed = wg_stack_f32_bytes(layers, count, rows);
    if (!needed || model->header->arithmetic != WG_FLOAT32) return WG_SHAPE;
    if ((uintptr_t)arena % WG_ALIGN) return WG_ALIGNMENT;
    if (bytes < needed) return WG_ARENA;
    *stack = (wg_stack_f32){.model = model, .layers = layers, .count = count, .kernels = wg_kernels_f32_pick()};
    uint8_t *at = arena;
    for (uint32_t i = 0; i < count; i++) {
        const wg_layer *l = layers + i;
        wg_place_f32 *p = stack->places + i;
        p->in = (float *)at;
        p->history = (uint16_t)(l->kt - 1);
        p->rows = (uint16_t)rows;
        p->pad = (uint16_t)padding(l);
        p->width = (uint16_t)((l->bands + 2u * p->pad) * l->ci);
        at += UP(sizeof(float) * (size_t)(p->rows + p->history) * p->width);
        rows /= shrink(l);
    }
    stack->scratch = (float *)at;
    wg_stack_f32_reset(stack);
    return WG_OK;
}

void wg_stack_f32_reset(wg_stack_f32 *stack) {
    for (uint32_t i = 0; i < stack->count; i++) {
        const wg_place_f32 *p = stack->places + i;
        memset(p->in, 0, sizeof(float) * (size_t)(p->rows + p->history) * p->width);
    }
}

static const float *values(const wg_stack_f32 *stack, uint32_t offset) {
    return (const float *)(const void *)(stack->model->data + offset);
}

/* Outputs outside, positions inside: a block's weights stay in the nearest cache for the whole step. */
static void convolve(const wg_stack_f32 *stack, const wg_layer *l, const wg_place_f32 *p, float *out) {
    const wg_taps taps = {.segments = l->kt, .length = (uint32_t)l->kf * l->ci, .step = p->width};
    const uint32_t weights = taps.segments * taps.length * l->block;
    for (uint32_t o = 0; o < l->co; o += l->block) {
        const float *w = values(stack, l->weights) + (size_t)(o / l->block) * weights, *b = values(stack, l->bias) + o;
        for (uint32_t t = 0; t < p->rows; t++) {
            const float *x = p->in + (size_t)t * p->width;
            float *y = out + (size_t)t * l->bands * l->co + o;
            (l->block == WG_BLOCK ? stack->kernels->conv24 : stack->kernels->conv8)(x, l->bands, l->ci, taps, w, b, y, l->co);
        }
    }
}

static void convolve_depthwise(const wg_stack_f32 *stack, const wg_layer *l, const wg_place_f32 *p, float *out) {
    const float *w = values(stack, l->weights), *b = values(stack, l->bias);
    for (uint32_t t = 0; t < p->rows; t++)
        for (uint32_t f = 0; f < l->bands; f++, out += l->co) {
            const float *x = p->in + (size_t)t * p->width + (size_t)f * l->ci;
            memcpy(out, b, sizeof(float) * l->co);
            for (uint32_t k = 0; k < l->kt; k++)
                for (uint32_t c = 0; c < l->co; c++) out[c] += w[k * l->co + c] * x[k * p->width + c];
        }
}

static float activated(float v, uint8_t activation) {
    if (activation == WG_RELU) return v > 0 ? v : 0;
    v = v > -2.0f ? v : -2.0f; /* leaky(max(x, -2)) = max(leaky(x), -0.4), and it costs one comparison less */
    return v > 0.2f * v ? v : 0.2f * v;
}

/* Take the maximum first, then activate: both rise with x, and a quarter of the values is left. */
static void finish(const wg_layer *l, const float *x, uint32_t rows, float *out, uint32_t pad, uint32_t width) {
    const uint32_t co = l->co, kept = rows / shrink(l), bands = l->bands / l->pf;
    for (uint32_t t = 0; t < kept; t++)
        for (uint32_t f = 0; f < bands; f++) {
            /* Of a stride the last row is kept, so that a step's result ends where the step does. */
            const uint32_t first = l->stride > 1 ? t * l->stride + l->stride - 1u : t * l->pt;
            const float *a = x + ((size_t)first * l->bands + (size_t)f * l->pf) * co;
            const float *b = l->pf > 1 ? a + co : a;
            const size_t down = l->pt > 1 ? (size_t)l->bands * co : 0;
            float *y = out + (size_t)t * width + (size_t)(f + pad) * co;
            for (uint32_t c = 0; c < co; c++) {
                float top = a[c] > b[c] ? a[c] : b[c];
                const float under = a[down + c] > b[down + c] ? a[down + c] : b[down + c];
                top = top > under ? top : under;
                y[c] = l->activation == WG_LINEAR ? top : activated(top, l->activation);
            }
        }
}

static void take(const wg_place_f32 *p, const wg_layer *l, const float *rows) {
    const size_t values = (size_t)l->bands * l->ci;
    for (uint32_t t = 0; t < p->rows; t++)
        memcpy(p->in + (size_t)(t + p->history) * p->width + (size_t)p->pad * l->ci, rows + t * values, sizeof(float) * values);
}

void wg_stack_f32_step(wg_stack_f32 *stack, const float *rows, float *out) {
    take(stack->places, stack->layers, rows);
    for (uint32_t i = 0; i < stack->count; i++) {
        const wg_layer *l = stack->layers + i;
        const wg_place_f32 *p = stack->places + i, *next = p + 1;
        (l->op == WG_DEPTHWISE ? convolve_depthwise : convolve)(stack, l, p, stack->scratch);
        if (i + 1 < stack->count) {
            const uint32_t width = next->width;
            finish(l, stack->scratch, p->rows, next->in + (size_t)next->history * width, next->pad, width);
        } else {
            finish(l, stack->scratch, p->rows, out, 0, (uint32_t)(l->bands / l->pf) * l->co);
        }
        memmove(p->in, p->in + (size_t)p->rows * p->width, sizeof(float) * (size_t)p->history * p->width);
    }
}
