/* A .wgm file, read where it lies (docs/wgm.md): nothing is copied, every offset is checked once, by wg_model_open. */
#ifndef WG_MODEL_H
#define WG_MODEL_H

#include <stddef.h>
#include <stdint.h>

#include "wg_status.h"

#define WG_ALIGN 16u
#define WG_MAX_LAYERS 48u
#define WG_MAX_CHANNELS 256u
#define WG_MAX_BANDS 64u
#define WG_MOST_MEL 2048u /* no mel value in 1/128 is larger */

enum wg_arithmetic { WG_FLOAT32 = 1, WG_INT8 = 2 };
enum wg_op { WG_CONV = 1, WG_DEPTHWISE = 2, WG_CONV16 = 3 };
enum wg_activation { WG_LINEAR = 0, WG_LEAKY_CLAMPED = 1, WG_RELU = 2 };

/**
 * One layer as the file holds it: a convolution over time and bands, a maximum over pt x pf, an activation.
 * Valid in time, zeros of (kf - 1) / 2 columns at both ends in bands. 48 bytes, little-endian.
 */
typedef struct {
    uint8_t op, kt, kf, pt, pf, stride, activation, block; /* block: outputs that the weights keep side by side */
    uint16_t ci, co, bands, reserved;                      /* bands: of the input */
    int16_t zero_in, zero_out;                             /* int8: the code of 0 */
    uint32_t weights, bias, mul;                           /* offsets from the start of the file; mul 0: none */
    float scale;                                           /* int8: what one code, or one sum, is worth */
    uint32_t reserved2[3];
} wg_layer;
_Static_assert(sizeof(wg_layer) == 48, "the file's layout");

typedef struct {
    uint8_t magic[4]; /* "WGM1" */
    uint16_t version, arithmetic;
    uint32_t bytes, crc32; /* of the whole file; of everything behind this field */
    uint8_t backbone_sha256[32];
    uint16_t backbone_layers, head_layers;
    uint32_t layers, meta, meta_bytes; /* offsets; meta is JSON: phrase, licences, operating points */
    uint16_t window_frames, smoothing, debounce_steps, reserved;
    float threshold_logit;
    int32_t threshold_sum; /* int8: the same in the head's sums, so that a device compares whole numbers */
    int32_t limit_sum;     /* int8: sums of the head are held within this before they are averaged: a logit of 16 */
    uint32_t reserved2;
} wg_header;
_Static_assert(sizeof(wg_header) == 88, "the file's layout");

typedef struct {
    const uint8_t *data;
    const wg_header *header;
    const wg_layer *layers; /* backbone first, then the head */
} wg_model;

/**
 * Check a file and give a view of it. The file must stay where it is as long as the view is used.
 *
 * @param data   begins at a multiple of WG_ALIGN
 * @param bytes  how much may be read; the file may be shorter
 * @return WG_OK or a negative wg_status
 */
int32_t wg_model_open(wg_model *model, const void *data, size_t bytes);

/** Values that the last layer makes of `rows` rows, [rows][bands][channels]; 0 where rows do not divide as they must. */
uint32_t wg_values_after(const wg_layer *layers, uint32_t count, uint32_t rows);

/** Bytes of wg_model, for callers that cannot see its type. */
size_t wg_model_size(void);

/** CRC-32 (IEEE 802.3, reflected, as zlib's), of `bytes` at `data`. */
uint32_t wg_crc32(const uint8_t *data, size_t bytes);

/** Values in a layer's weights: [co / block][kt kf ci][block], or [kt][co] for WG_DEPTHWISE. */
static inline uint32_t wg_weights(const wg_layer *l) {
    uint32_t taps = (uint32_t)l->kt * l->kf;
    return l->op == WG_DEPTHWISE ? taps * l->co : taps * l->ci * l->co;
}

#endif
