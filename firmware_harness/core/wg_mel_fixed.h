/* The log-mel front end in integers: bit for bit wakegen/features/mel_fixed.py, which says what each step does and why. */
#ifndef WG_MEL_FIXED_H
#define WG_MEL_FIXED_H

#include <stdint.h>

#include "wg_frames.h"
#define WG_MEL_WORK 512  /* int32 values of scratch that a step uses, and leaves to others between steps */

typedef struct {
    int16_t tail[WG_TAIL];
    int32_t steps; /* 0 before the first */
} wg_mel_fixed;

/** Begin a stream. */
void wg_mel_fixed_reset(wg_mel_fixed *mel);

/**
 * Give the frames of one step: 128 (log10 of the power in each band + 2), floored at 80 dB below the step's highest.
 *
 * @param pcm   WG_STEP samples
 * @param work  WG_MEL_WORK values
 * @param out   [WG_STEP_FRAMES][WG_BANDS]; the first step fills the first five rows
 * @return the number of rows: 5 at first, then 8
 */
int32_t wg_mel_fixed_step(wg_mel_fixed *mel, const int16_t *pcm, int32_t *work, int16_t *out);

#endif
