/* A whole detector in integers: samples in; what the head says, and whether an event begins, out. */
#ifndef WG_DETECTOR_I8_H
#define WG_DETECTOR_I8_H

#include "wg_mel_fixed.h"
#include "wg_stack_i8.h"

#define WG_MAX_SMOOTHING 16u

typedef struct {
    int32_t sum;   /* of the head for this window, within the file's limit; times the last layer's scale it is the logit */
    int32_t total; /* of the last `averaged` of them: an event needs total >= averaged * threshold */
    uint16_t averaged;
    uint8_t ready; /* the window holds real sound only */
    uint8_t fired; /* an event begins here */
} wg_score_i8;

typedef struct {
    const wg_model *model;
    wg_mel_fixed mel;
    wg_stack_i8 backbone, head;
    int32_t threshold; /* in sums of the head; the file's until it is changed */
    int32_t recent[WG_MAX_SMOOTHING];
    uint32_t pushed, embeddings, scored, wait;
} wg_detector_i8;

/** Bytes of arena, and of wg_detector_i8 for callers that cannot see its type; 0 bytes: this model cannot run. */
size_t wg_detector_i8_bytes(const wg_model *model);
size_t wg_detector_i8_size(void);

/**
 * Begin a stream. A model without a head gives embeddings only.
 *
 * @param arena  begins at a multiple of WG_ALIGN
 * @return WG_OK, WG_SHAPE, WG_ALIGNMENT or WG_ARENA
 */
int32_t wg_detector_i8_init(wg_detector_i8 *detector, const wg_model *model, void *arena, size_t bytes);

/** Forget all sound heard. */
void wg_detector_i8_reset(wg_detector_i8 *detector);

/**
 * Take WG_STEP samples.
 *
 * @param embedding  codes of this step's embedding, as many as the backbone's last layer has; or 0
 * @return 1 if there was an embedding (from the tenth step on), else 0
 */
int32_t wg_detector_i8_step(wg_detector_i8 *detector, const int16_t *pcm, int8_t *embedding, wg_score_i8 *score);

/** Embed `steps` whole steps from a fresh start: [steps - 9][co]; gives the number of rows. */
int32_t wg_detector_i8_embed(wg_detector_i8 *detector, const int16_t *pcm, int32_t steps, int8_t *out);

#endif
