#include "wg_mel_f32.h"

#include <math.h>
#include <string.h>

#include "wg_mel_tables.h"

enum { HOP = 160, FRAME = 512, WINDOW = 400, WINDOW_AT = 56, FIRST_FRAMES = 5 };

void wg_mel_f32_reset(wg_mel_f32 *mel) {
    memset(mel->tail, 0, sizeof mel->tail);
    mel->steps = 0;
}

static void load_frames(wg_mel_f32 *mel, const int16_t *pcm, int32_t frames) {
    memset(mel->work, 0, sizeof mel->work);
    for (int32_t j = 0; j < frames; j++) {
        const int16_t *x = pcm + j * HOP + WINDOW_AT;
        for (uint32_t n = 0; n < WINDOW / 2; n++) {
            mel->work[0][wg_turned(n)][j] = (float)x[2 * n] * wg_hann400[2 * n];
            mel->work[1][wg_turned(n)][j] = (float)x[2 * n + 1] * wg_hann400[2 * n + 1];
        }
    }
}

static float band_level(const wg_mel_f32 *mel, int32_t band, int32_t frame) {
    const float *w = wg_mel_weights + wg_mel_first[band];
    const uint32_t low = wg_mel_bin[band], count = wg_mel_first[band + 1] - wg_mel_first[band];
    float sum = 0;
    for (uint32_t i = 0; i < count; i++) sum += w[i] * mel->power[low + i][frame];
    return 4.34294481903f * logf(sum > 1e-10f ? sum : 1e-10f); /* 10 / ln 10 */
}

int32_t wg_mel_f32_step(wg_mel_f32 *mel, const wg_kernels_f32 *kernels, const int16_t *pcm, float *out) {
    int16_t heard[WG_TAIL + WG_STEP];
    memcpy(heard, mel->tail, sizeof mel->tail);
    memcpy(heard + WG_TAIL, pcm, WG_STEP * sizeof *pcm);
    memcpy(mel->tail, pcm + WG_STEP - WG_TAIL, sizeof mel->tail);
    const int32_t frames = mel->steps ? WG_STEP_FRAMES : FIRST_FRAMES;
    load_frames(mel, mel->steps ? heard : heard + WG_TAIL, frames);
    mel->steps = 1;

    kernels->dft256(&mel->work[0][0][0], &mel->work[1][0][0]);
    kernels->power(&mel->work[0][0][0], &mel->work[1][0][0], &mel->power[0][0]);
    float highest = -INFINITY;
    for (int32_t j = 0; j < frames; j++)
        for (int32_t b = 0; b < WG_BANDS; b++) {
            const float level_db = band_level(mel, b, j);
            out[j * WG_BANDS + b] = level_db;
            if (level_db > highest) highest = level_db;
        }
    const float floor_db = highest - 80.0f;
    for (int32_t i = 0; i < frames * WG_BANDS; i++) out[i] = (out[i] > floor_db ? out[i] : floor_db) / 10.0f + 2.0f;
    return frames;
}
