#include "wg_model.h"

#include <string.h>

#include "wg_crc32.h"

static int32_t check_layer(const wg_model *m, const wg_layer *l);
static int sums_fit(const wg_model *m, const wg_layer *l);
static int32_t check_chain(const wg_layer *layers, uint32_t count);

uint32_t wg_values_after(const wg_layer *layers, uint32_t count, uint32_t rows) {
    if (!count) return 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t shrink = (uint32_t)layers[i].pt * layers[i].stride;
        if (!rows || rows % shrink) return 0;
        rows /= shrink;
    }
    const wg_layer *last = layers + count - 1;
    return rows * (uint32_t)(last->bands / last->pf) * last->co;
}

size_t wg_model_size(void) { return sizeof(wg_model); }

uint32_t wg_crc32(const uint8_t *data, size_t bytes) { return wg_crc32_on(0, data, bytes); }

int32_t wg_model_open(wg_model *model, const void *data, size_t bytes) {
    if ((uintptr_t)data % WG_ALIGN) return WG_ALIGNMENT;
    if (bytes < sizeof(wg_header)) return WG_TRUNCATED;
    const wg_header *h = data;
    if (memcmp(h->magic, "WGM1", 4) != 0) return WG_NOT_A_MODEL;
    if (h->version != 1 || (h->arithmetic != WG_FLOAT32 && h->arithmetic != WG_INT8)) return WG_VERSION;
    if (h->bytes > bytes || h->bytes < sizeof(wg_header)) return WG_TRUNCATED;
    const size_t after_crc = offsetof(wg_header, crc32) + sizeof h->crc32;
    if (!wg_crc32_is(wg_crc32((const uint8_t *)data + after_crc, h->bytes - after_crc), h->crc32)) return WG_CORRUPT;

    const uint32_t count = (uint32_t)h->backbone_layers + h->head_layers;
    if (count == 0 || count > WG_MAX_LAYERS || h->layers % 4 || h->layers > h->bytes ||
        h->bytes - h->layers < count * sizeof(wg_layer))
        return WG_SHAPE;
    if (h->meta > h->bytes || h->bytes - h->meta < h->meta_bytes) return WG_SHAPE;
    *model = (wg_model){.data = data, .header = h, .layers = (const wg_layer *)((const uint8_t *)data + h->layers)};
    for (uint32_t i = 0; i < count; i++) {
        const int32_t status = check_layer(model, model->layers + i);
        if (status < 0) return status;
    }
    const int32_t status = check_chain(model->layers, h->backbone_layers);
    return status < 0 ? status : check_chain(model->layers + h->backbone_layers, h->head_layers);
}

/* Whether `values` of `size` bytes each lie at `offset` inside the file. */
static int holds(const wg_model *m, uint32_t offset, uint32_t values, uint32_t size) {
    return offset % WG_ALIGN == 0 && offset >= sizeof(wg_header) && offset <= m->header->bytes &&
           (m->header->bytes - offset) / size >= values;
}

static int32_t check_layer(const wg_model *m, const wg_layer *l) {
    const int whole = l->ci && l->co && l->kt && l->kf && l->pt && l->pf && l->stride && l->block && l->bands;
    if (!whole || l->ci > WG_MAX_CHANNELS || l->co > WG_MAX_CHANNELS || l->bands > WG_MAX_BANDS) return WG_SHAPE;
    if (l->kt > 16 || l->kf > 3 || l->kf == 2 || l->pt > 2 || l->pf > 2 || l->stride > 2) return WG_SHAPE;
    if (l->op < WG_CONV || l->op > WG_CONV16 || l->activation > WG_RELU || l->bands % l->pf) return WG_SHAPE;
    if (l->op == WG_DEPTHWISE && (l->ci != l->co || l->kf != 1)) return WG_SHAPE;
    if (l->co % l->block) return WG_SHAPE;
    const int floats = m->header->arithmetic == WG_FLOAT32;
    if (l->pt > 1 && l->stride > 1) return WG_SHAPE;
    if (l->op == WG_CONV16 && (floats || l->zero_in)) return WG_SHAPE;
    if (l->zero_in < -128 || l->zero_in > 127 || l->zero_out < -128 || l->zero_out > 127) return WG_SHAPE;
    if (!holds(m, l->weights, wg_weights(l), floats ? 4 : 1) || !holds(m, l->bias, l->co, 4)) return WG_SHAPE;
    if (!floats && l->mul && !holds(m, l->mul, l->co, 4)) return WG_SHAPE;
    return floats || sums_fit(m, l) ? WG_OK : WG_SHAPE;
}

/* Whether no input can bring an int8 layer's sum to 2^24: the arithmetic counts on it. */
static int sums_fit(const wg_model *m, const wg_layer *l) {
    const uint32_t terms = wg_weights(l) / l->co, highest = l->op == WG_CONV16 ? WG_MOST_MEL : 128u;
    const int8_t *w = (const int8_t *)m->data + l->weights;
    for (uint32_t o = 0; o < l->co; o++) {
        int32_t bias;
        memcpy(&bias, m->data + l->bias + 4u * o, sizeof bias);
        uint64_t sum = (uint64_t)(bias < 0 ? -(int64_t)bias : bias);
        for (uint32_t k = 0; k < terms; k++) {
            const uint32_t at = l->op == WG_DEPTHWISE ? k * l->co + o : ((o / l->block) * terms + k) * l->block + o % l->block;
            const int32_t v = w[at];
            sum += (uint64_t)highest * (uint64_t)(v < 0 ? -v : v);
        }
        if (sum >= 1u << 24) return 0;
    }
    return 1;
}

/* Whether each layer takes what the one before gives. */
static int32_t check_chain(const wg_layer *layers, uint32_t count) {
    for (uint32_t i = 1; i < count; i++)
        if (layers[i].ci != layers[i - 1].co || layers[i].bands != layers[i - 1].bands / layers[i - 1].pf)
            return WG_SHAPE;
    return WG_OK;
}
