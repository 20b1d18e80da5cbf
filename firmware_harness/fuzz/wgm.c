/* libFuzzer: any bytes as a .wgm. What opens is also run for a step, in both arithmetics: no read may leave the file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "wg_detector_i8.h"
#include "wg_embed_f32.h"

enum { MOST_ARENA = 1 << 20 };

static void run_int8(const wg_model *model, const int16_t *pcm) {
    static wg_detector_i8 detector;
    const size_t bytes = wg_detector_i8_bytes(model);
    if (!bytes || bytes > MOST_ARENA) return;
    void *arena = aligned_alloc(WG_ALIGN, (bytes + WG_ALIGN - 1) / WG_ALIGN * WG_ALIGN);
    if (wg_detector_i8_init(&detector, model, arena, bytes) == WG_OK) {
        int8_t row[WG_MAX_CHANNELS];
        wg_score_i8 score;
        wg_detector_i8_step(&detector, pcm, row, &score);
    }
    free(arena);
}

static void run_float(const wg_model *model, const int16_t *pcm) {
    static wg_embed_f32 embed;
    const size_t bytes = wg_embed_f32_bytes(model);
    if (!bytes || bytes > MOST_ARENA) return;
    void *arena = aligned_alloc(WG_ALIGN, (bytes + WG_ALIGN - 1) / WG_ALIGN * WG_ALIGN);
    float row[WG_MAX_CHANNELS];
    if (wg_embed_f32_init(&embed, model, arena, bytes) == WG_OK) wg_embed_f32_step(&embed, pcm, row);
    free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int16_t pcm[WG_STEP];
    /* A copy of exactly this size, so that one byte too far is seen. */
    uint8_t *file = aligned_alloc(WG_ALIGN, (size + WG_ALIGN) / WG_ALIGN * WG_ALIGN);
    uint8_t *const begin = file;
    memcpy(begin, data, size);
    wg_model model;
    if (wg_model_open(&model, begin, size) == WG_OK) {
        if (model.header->arithmetic == WG_INT8) run_int8(&model, pcm);
        else run_float(&model, pcm);
    }
    free(file);
    return 0;
}
