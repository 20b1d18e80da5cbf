/* Runs a detector over sound that QEMU has put into memory, and says what it cost: a line of JSON on the serial port.
 *
 * Memory: the model at MODEL_AT; at SOUND_AT the number of steps as uint32, 12 bytes of nothing, then the samples. */
#include <stdint.h>

#include "board.h"
#include "wg_detector_i8.h"

#define MODEL_AT 0x80800000u
#define SOUND_AT 0x81000000u
#define ARENA_BYTES 65536u

void port_exit(int status);

static uint8_t arena[ARENA_BYTES] __attribute__((aligned(16)));
static wg_model model;
static wg_detector_i8 detector;
static wg_mel_fixed mel;
static int32_t work[WG_MEL_WORK];
static int16_t frames[WG_STEP_FRAMES * WG_BANDS];

static void text(const char *s) {
    while (*s) board_put((uint8_t)*s++);
}

static void number(const char *name, uint32_t value) {
    char digits[11];
    int at = 10;
    digits[10] = 0;
    do digits[--at] = (char)('0' + value % 10), value /= 10;
    while (value);
    text("\""), text(name), text("\": "), text(digits + at);
}

int main(void) {
    const uint32_t steps = *(const uint32_t *)SOUND_AT;
    const int16_t *pcm = (const int16_t *)(SOUND_AT + 16u);
    int32_t status = wg_model_open(&model, (const void *)MODEL_AT, 0x700000u);
    const uint32_t bytes = status == WG_OK ? (uint32_t)wg_detector_i8_bytes(&model) : 0;
    if (status == WG_OK) status = wg_detector_i8_init(&detector, &model, arena, sizeof arena);
    if (status < 0) {
        text("{"), number("status", (uint32_t)-status), text("}\n");
        return 1;
    }
    board_paint_stack();
    uint32_t crc = 0, crc_scores = 0, most = 0, most_mel = 0;
    wg_mel_fixed_reset(&mel);
    for (uint32_t i = 0; i < steps; i++, pcm += WG_STEP) {
        int8_t embedding[WG_MAX_CHANNELS];
        wg_score_i8 score;
        uint32_t from = board_instructions();
        wg_mel_fixed_step(&mel, pcm, work, frames);
        const uint32_t of_mel = board_instructions() - from;
        from = board_instructions();
        const int32_t made = wg_detector_i8_step(&detector, pcm, embedding, &score);
        const uint32_t whole = board_instructions() - from;
        most = whole > most ? whole : most;
        most_mel = of_mel > most_mel ? of_mel : most_mel;
        if (made) crc = crc * 31u + wg_crc32((const uint8_t *)embedding, model.layers[model.header->backbone_layers - 1u].co);
        crc_scores = crc_scores * 31u + wg_crc32((const uint8_t *)&score, sizeof score);
    }
    text("{"), number("instructions", most), text(", "), number("instructions_mel", most_mel), text(", ");
    number("embeddings", crc), text(", "), number("scores", crc_scores), text(", "), number("arena", bytes), text(", ");
    number("state", (uint32_t)(sizeof detector + sizeof model)), text(", "), number("stack", board_stack_used()), text("}\n");
    return 0;
}
