/* The log-mel front end of the speech embedding in float: 1,280 new samples in, the step's frames of 32 bands out. */
#ifndef WG_MEL_F32_H
#define WG_MEL_F32_H

#include <stdint.h>

#include "wg_kernels_f32.h"

#include "wg_frames.h"

typedef struct {
    int16_t tail[WG_TAIL];
    int32_t steps;                    /* 0 before the first */
    float work[2][256][WG_LANES];     /* real and imaginary parts, the frames side by side */
    float power[122][WG_LANES];
} wg_mel_f32;

/** Begin a stream. */
void wg_mel_f32_reset(wg_mel_f32 *mel);

/**
 * Give the frames of one step: 10 log10 of the power in each band, floored at 80 dB below the step's highest
 * value, / 10 + 2 (wakegen/features/mel.py says where each figure comes from).
 *
 * @param pcm  WG_STEP samples
 * @param out  [WG_STEP_FRAMES][WG_BANDS]; the first step fills the first five rows
 * @return the number of rows: 5 at first, then 8
 */
int32_t wg_mel_f32_step(wg_mel_f32 *mel, const wg_kernels_f32 *kernels, const int16_t *pcm, float *out);

#endif
