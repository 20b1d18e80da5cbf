#include "wg_embed_f32.h"

#include <string.h>

/* 76 frames are 9 pushes of 8 and 4 more. The layers' maxima pair rows, so a push must end 4 frames behind a multiple
 * of 8 of the window's first: one frame off, and every value looks plausible and is wrong. A stream's first step has 5
 * frames and its windows begin at frame 1, so 3 rows of nothing before it put every push where it must be. */
enum { NOTHING = 3, FIRST = 10 };

size_t wg_embed_f32_size(void) { return sizeof(wg_embed_f32); }

size_t wg_embed_f32_bytes(const wg_model *model) {
    return wg_stack_f32_bytes(model->layers, model->header->backbone_layers, WG_STEP_FRAMES);
}

int32_t wg_embed_f32_init(wg_embed_f32 *embed, const wg_model *model, void *arena, size_t bytes) {
    const wg_header *h = model->header;
    if (h->backbone_layers == 0 || model->layers[0].ci != 1 || model->layers[0].bands != WG_BANDS) return WG_SHAPE;
    const int32_t status = wg_stack_f32_init(&embed->stack, model, 0, h->backbone_layers, WG_STEP_FRAMES, arena, bytes);
    if (status == WG_OK) wg_embed_f32_reset(embed);
    return status;
}

void wg_embed_f32_reset(wg_embed_f32 *embed) {
    wg_mel_f32_reset(&embed->mel);
    wg_stack_f32_reset(&embed->stack);
    embed->pushed = 0;
}

int32_t wg_embed_f32_frames(wg_embed_f32 *embed, const float *frames, float *out) {
    float made[WG_MAX_CHANNELS];
    wg_stack_f32_step(&embed->stack, frames, made);
    if (embed->pushed < FIRST) embed->pushed++;
    if (embed->pushed < FIRST) return 0;
    memcpy(out, made, sizeof(float) * embed->stack.layers[embed->stack.count - 1].co);
    return 1;
}

int32_t wg_embed_f32_step(wg_embed_f32 *embed, const int16_t *pcm, float *out) {
    float frames[WG_STEP_FRAMES][WG_BANDS] = {{0}};
    wg_mel_f32_step(&embed->mel, embed->stack.kernels, pcm, frames[embed->pushed ? 0 : NOTHING]);
    return wg_embed_f32_frames(embed, &frames[0][0], out);
}

int32_t wg_embed_f32_all(wg_embed_f32 *embed, const int16_t *pcm, int32_t steps, float *out) {
    const uint32_t width = embed->stack.layers[embed->stack.count - 1].co;
    int32_t rows = 0;
    wg_embed_f32_reset(embed);
    for (int32_t i = 0; i < steps; i++, pcm += WG_STEP) rows += wg_embed_f32_step(embed, pcm, out + (size_t)rows * width);
    return rows;
}
