/* A chain of convolutions over time in 8-bit integers, a step at a time: bit for bit wakegen/features/int8.py. */
#ifndef WG_STACK_I8_H
#define WG_STACK_I8_H

#include "wg_model.h"

typedef struct {
    const wg_model *model;
    const wg_layer *layers;
    uint32_t count, rows;
    int8_t *history; /* of all layers, one behind the other */
    int8_t *in, *out; /* what a layer reads, padded, and what it gives */
} wg_stack_i8;

/** Bytes that the old rows of a chain take, and bytes of work for `rows` new rows a step; 0 rows: these cannot run. */
typedef struct {
    size_t history, in, out;
} wg_stack_i8_sizes;
wg_stack_i8_sizes wg_stack_i8_measure(const wg_layer *layers, uint32_t count, uint32_t rows);

/**
 * Begin a stream of the layers `first` .. `first + count - 1` of an int8 model.
 *
 * @param history  as many bytes as wg_stack_i8_measure says; the stack's own
 * @param in, out  work, multiples of 4; others may use them between steps
 */
void wg_stack_i8_init(wg_stack_i8 *stack, const wg_model *model, uint32_t first, uint32_t count, uint32_t rows,
                      int8_t *history, int8_t *in, int8_t *out);

/** Forget all rows: as if there had been codes of 0 for ever. */
void wg_stack_i8_reset(wg_stack_i8 *stack);

/**
 * Take a step's rows, [rows][bands][ci], from stack->out (int16 for WG_CONV16, else int8), and leave there what the last
 * layer makes of them: codes, or int32 sums if it has no factors.
 */
void wg_stack_i8_step(wg_stack_i8 *stack);

#endif
