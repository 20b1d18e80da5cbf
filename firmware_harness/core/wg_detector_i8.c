#include "wg_detector_i8.h"

#include <string.h>

static const size_t MEL_WORK = WG_MEL_WORK * sizeof(int32_t);

static size_t most(size_t a, size_t b) { return a > b ? a : b; }

typedef struct {
    size_t backbone, head, in, out; /* bytes of each part of the arena; in 0: it cannot run */
} parts;

static parts measure(const wg_model *model) {
    const wg_header *h = model->header;
    const wg_stack_i8_sizes b = wg_stack_i8_measure(model->layers, h->backbone_layers, WG_STEP_FRAMES);
    const wg_stack_i8_sizes d = wg_stack_i8_measure(model->layers + h->backbone_layers, h->head_layers, 1);
    if (!b.in || (h->head_layers && !d.in)) return (parts){0, 0, 0, 0};
    return (parts){(b.history + 15u) & ~(size_t)15u, (d.history + 15u) & ~(size_t)15u, most(most(b.in, d.in), MEL_WORK),
                   most(b.out, d.out)};
}

static int fits(const wg_model *model) {
    const wg_header *h = model->header;
    if (h->arithmetic != WG_INT8 || h->backbone_layers == 0) return 0;
    const wg_layer *first = model->layers, *end = first + h->backbone_layers, *last = end - 1;
    if (first->op != WG_CONV16 || first->ci != 1 || first->bands != WG_BANDS || !last->mul) return 0;
    if (wg_values_after(first, h->backbone_layers, WG_STEP_FRAMES) != last->co) return 0; /* one embedding a step */
    if (h->head_layers == 0) return 1;
    const wg_layer *exit = end + h->head_layers - 1;
    if (!wg_values_after(end, h->head_layers, 1)) return 0;
    return end->ci == last->co && end->bands == 1 && !exit->mul && h->smoothing && h->smoothing <= WG_MAX_SMOOTHING &&
           h->debounce_steps && h->window_frames && h->limit_sum > 0;
}

size_t wg_detector_i8_size(void) { return sizeof(wg_detector_i8); }

size_t wg_detector_i8_bytes(const wg_model *model) {
    if (!fits(model)) return 0;
    const parts p = measure(model);
    return p.in ? p.backbone + p.head + p.in + p.out : 0;
}

int32_t wg_detector_i8_init(wg_detector_i8 *detector, const wg_model *model, void *arena, size_t bytes) {
    const size_t needed = wg_detector_i8_bytes(model);
    if (!needed) return WG_SHAPE;
    if ((uintptr_t)arena % WG_ALIGN) return WG_ALIGNMENT;
    if (bytes < needed) return WG_ARENA;
    const parts p = measure(model);
    const wg_header *h = model->header;
    int8_t *const backbone = arena, *const head = backbone + p.backbone, *const in = head + p.head, *const out = in + p.in;
    memset(detector, 0, sizeof *detector);
    detector->model = model;
    detector->threshold = h->threshold_sum;
    wg_stack_i8_init(&detector->backbone, model, 0, h->backbone_layers, WG_STEP_FRAMES, backbone, in, out);
    wg_stack_i8_init(&detector->head, model, h->backbone_layers, h->head_layers, 1, head, in, out);
    wg_detector_i8_reset(detector);
    return WG_OK;
}

void wg_detector_i8_reset(wg_detector_i8 *detector) {
    wg_mel_fixed_reset(&detector->mel);
    wg_stack_i8_reset(&detector->backbone);
    wg_stack_i8_reset(&detector->head);
    detector->pushed = detector->embeddings = detector->scored = detector->wait = 0;
}

/* Average, compare, and stay silent for a while after an event. */
static void judge(wg_detector_i8 *detector, int32_t sum, wg_score_i8 *score) {
    const wg_header *h = detector->model->header;
    sum = sum > h->limit_sum ? h->limit_sum : sum < -h->limit_sum ? -h->limit_sum : sum;
    detector->recent[detector->scored % h->smoothing] = sum;
    detector->scored++;
    score->sum = sum;
    score->averaged = (uint16_t)(detector->scored < h->smoothing ? detector->scored : h->smoothing);
    for (uint32_t i = 0; i < score->averaged; i++) score->total += detector->recent[i];
    score->ready = 1;
    if (detector->wait) {
        detector->wait--;
    } else if (score->total >= (int64_t)score->averaged * detector->threshold) {
        score->fired = 1;
        detector->wait = h->debounce_steps - 1u;
    }
}

int32_t wg_detector_i8_step(wg_detector_i8 *detector, const int16_t *pcm, int8_t *embedding, wg_score_i8 *score) {
    wg_stack_i8 *const b = &detector->backbone, *const head = &detector->head;
    int16_t *const frames = (int16_t *)(void *)b->out; /* where the backbone looks for them */
    if (score) *score = (wg_score_i8){0, 0, 0, 0, 0};
    if (!detector->pushed) memset(frames, 0, WG_NOTHING * WG_BANDS * sizeof *frames);
    wg_mel_fixed_step(&detector->mel, pcm, (int32_t *)(void *)b->in, frames + (detector->pushed ? 0 : WG_NOTHING * WG_BANDS));
    wg_stack_i8_step(b);
    if (detector->pushed < WG_FIRST_PUSH) detector->pushed++;
    if (detector->pushed < WG_FIRST_PUSH) return 0;
    if (embedding) memcpy(embedding, b->out, b->layers[b->count - 1].co);
    if (!head->count) return 1;
    wg_stack_i8_step(head); /* reads the embedding where the backbone left it */
    if (detector->embeddings < detector->model->header->window_frames) detector->embeddings++;
    int32_t sum;
    memcpy(&sum, head->out, sizeof sum);
    if (score && detector->embeddings == detector->model->header->window_frames) judge(detector, sum, score);
    return 1;
}

int32_t wg_detector_i8_embed(wg_detector_i8 *detector, const int16_t *pcm, int32_t steps, int8_t *out) {
    const uint32_t width = detector->backbone.layers[detector->backbone.count - 1].co;
    int32_t rows = 0;
    wg_detector_i8_reset(detector);
    for (int32_t i = 0; i < steps; i++, pcm += WG_STEP)
        rows += wg_detector_i8_step(detector, pcm, out + (size_t)rows * width, 0);
    return rows;
}
