#include "wg_embed_f32.h"

#include <string.h>

size_t wg_embed_f32_size(void) { return sizeof(wg_embed_f32); }

size_t wg_embed_f32_bytes(const wg_model *model) {
    return wg_stack_f32_bytes(model->layers, model->header->backbone_layers, WG_STEP_FRAMES);
}

int32_t wg_embed_f32_init(wg_embed_f32 *embed, const wg_model *model, void *arena, size_t bytes) {
    const wg_header *h = model->header;
    if (h->backbone_layers == 0 || model->layers[0].ci != 1 || model->layers[0].bands != WG_BANDS) return WG_SHAPE;
    const uint32_t width = model->layers[h->backbone_layers - 1].co; /* a step makes one embedding, no more */
    if (wg_values_after(model->layers, h->backbone_layers, WG_STEP_FRAMES) != width) return WG_SHAPE;
    const int32_t status = wg_stack_f32_init(&embed->stack, model, 0, h->backbone_layers, WG_STEP_FRAMES, arena, bytes);
    if (status == WG_OK) wg_embed_f32_reset(embed);
    return status;
}

const char *wg_embed_f32_use(wg_embed_f32 *embed, uint32_t place) {
    const wg_kernels_f32 *kernels = wg_kernels_f32_at(place);
    if (!kernels) return 0;
    embed->stack.kernels = kernels;
    return kernels->name;
}

void wg_embed_f32_reset(wg_embed_f32 *embed) {
    wg_mel_f32_reset(&embed->mel);
    wg_stack_f32_reset(&embed->stack);
    embed->pushed = 0;
}

int32_t wg_embed_f32_frames(wg_embed_f32 *embed, const float *frames, float *out) {
    float made[WG_MAX_CHANNELS];
    wg_stack_f32_step(&embed->stack, frames, made);
    if (embed->pushed < WG_FIRST_PUSH) embed->pushed++;
    if (embed->pushed < WG_FIRST_PUSH) return 0;
    memcpy(out, made, sizeof(float) * embed->stack.layers[embed->stack.count - 1].co);
    return 1;
}

int32_t wg_embed_f32_step(wg_embed_f32 *embed, const int16_t *pcm, float *out) {
    float frames[WG_STEP_FRAMES][WG_BANDS] = {{0}};
    wg_mel_f32_step(&embed->mel, embed->stack.kernels, pcm, frames[embed->pushed ? 0 : WG_NOTHING]);
    return wg_embed_f32_frames(embed, &frames[0][0], out);
}

int32_t wg_embed_f32_all(wg_embed_f32 *embed, const int16_t *pcm, int32_t steps, float *out) {
    const uint32_t width = embed->stack.layers[embed->stack.count - 1].co;
    int32_t rows = 0;
    wg_embed_f32_reset(embed);
    for (int32_t i = 0; i < steps; i++, pcm += WG_STEP) rows += wg_embed_f32_step(embed, pcm, out + (size_t)rows * width);
    return rows;
}
