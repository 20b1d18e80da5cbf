/* The inner loops of the float engine, one set per instruction set; the same C, compiled several times. */
#ifndef WG_KERNELS_F32_H
#define WG_KERNELS_F32_H

#include <stdint.h>

#define WG_LANES 8  /* mel frames that are transformed side by side */
#define WG_BLOCK 24 /* outputs that a convolution computes side by side: every width of the speech embedding is a multiple */

typedef struct {
    uint32_t segments, length, step; /* inputs of one position: runs of `length` values, `step` apart */
} wg_taps;

typedef struct {
    const char *name;
    /**
     * Compute WG_BLOCK (conv24) or 8 (conv8) outputs at `count` positions of one row: y = b + sum of w x.
     *
     * @param x      tap 0 of position 0; position i is i * x_step further
     * @param w      [segments * length][outputs]
     * @param y      outputs of position 0; position i is i * y_step further
     */
    void (*conv24)(const float *x, uint32_t count, uint32_t x_step, wg_taps taps, const float *w, const float *b,
                   float *y, uint32_t y_step);
    void (*conv8)(const float *x, uint32_t count, uint32_t x_step, wg_taps taps, const float *w, const float *b,
                  float *y, uint32_t y_step);
    /** Complex DFT of 256 points, in place, of WG_LANES signals: re and im are [256][WG_LANES], digit-reversed in. */
    void (*dft256)(float *re, float *im);
    /** Power of the bins 2 .. 121 of the real signals that dft256 took as even + i odd: power [122][WG_LANES]. */
    void (*power)(const float *re, const float *im, float *power);
} wg_kernels_f32;

/** Give the fastest set that this processor runs. */
const wg_kernels_f32 *wg_kernels_f32_pick(void);

/** Give a set by its place, slowest first, or 0 behind the last and where this processor cannot run it: for tests. */
const wg_kernels_f32 *wg_kernels_f32_at(uint32_t place);

#endif
