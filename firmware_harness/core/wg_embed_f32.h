/* The speech embedding of a stream in float: 80 ms of samples in, 96 values out. */
#ifndef WG_EMBED_F32_H
#define WG_EMBED_F32_H

#include "wg_mel_f32.h"
#include "wg_stack_f32.h"

typedef struct {
    wg_mel_f32 mel;
    wg_stack_f32 stack;
    uint32_t pushed; /* steps so far; stops counting at 10 */
} wg_embed_f32;

/** Bytes of arena, and of wg_embed_f32 itself for callers that cannot see its type. */
size_t wg_embed_f32_bytes(const wg_model *model);
size_t wg_embed_f32_size(void);

/**
 * Begin a stream. The model's file, the arena and `embed` must stay as long as it is used.
 *
 * @return WG_OK, WG_SHAPE, WG_ALIGNMENT or WG_ARENA
 */
int32_t wg_embed_f32_init(wg_embed_f32 *embed, const wg_model *model, void *arena, size_t bytes);

/** Use the kernels at a place of wg_kernels_f32_at instead of the fastest, for tests; gives their name, or 0. */
const char *wg_embed_f32_use(wg_embed_f32 *embed, uint32_t place);

/** Forget all sound heard. */
void wg_embed_f32_reset(wg_embed_f32 *embed);

/**
 * Take WG_STEP samples.
 *
 * @param out  the embedding of the 76 frames that end with this step's
 * @return 1 if they are there (from the tenth step on), else 0 and `out` is left as it was
 */
int32_t wg_embed_f32_step(wg_embed_f32 *embed, const int16_t *pcm, float *out);

/** Embed `steps` whole steps from a fresh start: [steps - 9][co]; gives the number of rows. */
int32_t wg_embed_f32_all(wg_embed_f32 *embed, const int16_t *pcm, int32_t steps, float *out);

/** Take the step's eight frames from elsewhere; the first four that are ever given count for nothing. Gives as _step does. */
int32_t wg_embed_f32_frames(wg_embed_f32 *embed, const float *frames, float *out);

#endif
