/* A chain of convolutions over time in float, a step at a time: exact, because every layer is valid in time. */
#ifndef WG_STACK_F32_H
#define WG_STACK_F32_H

#include "wg_kernels_f32.h"
#include "wg_model.h"

/** Where a layer's input lies: `history` old rows before `rows` new ones, each with `pad` columns of 0 at both ends. */
typedef struct {
    float *in;
    uint16_t history, rows, pad, width; /* width: values of a row, pads included */
} wg_place_f32;

typedef struct {
    const wg_model *model;
    const wg_layer *layers;
    const wg_kernels_f32 *kernels;
    float *scratch; /* what a layer gives before its maximum */
    uint32_t count;
    wg_place_f32 places[WG_MAX_LAYERS];
} wg_stack_f32;

/** Bytes of arena that a stack of `count` layers needs for `rows` new rows a step; 0 if these layers cannot run. */
size_t wg_stack_f32_bytes(const wg_layer *layers, uint32_t count, uint32_t rows);

/**
 * Begin a stream of the layers `first` .. `first + count - 1` of a float model.
 *
 * @param arena  begins at a multiple of WG_ALIGN, stays the stack's own
 * @return WG_OK, WG_SHAPE, WG_ALIGNMENT or WG_ARENA
 */
int32_t wg_stack_f32_init(wg_stack_f32 *stack, const wg_model *model, uint32_t first, uint32_t count, uint32_t rows,
                          void *arena, size_t bytes);

/** Forget all rows. */
void wg_stack_f32_reset(wg_stack_f32 *stack);

/**
 * Take a step's rows and give what the last layer makes of them.
 *
 * @param rows  [rows][bands][ci] of the first layer
 * @param out   [rows / all strides][bands / all maxima][co] of the last one
 */
void wg_stack_f32_step(wg_stack_f32 *stack, const float *rows, float *out);

#endif
