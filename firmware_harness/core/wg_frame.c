#include "wg_frame.h"

#include <string.h>

#include "wg_bytes.h"
#include "wg_crc32.h"

typedef struct {
    uint8_t *out, *code; /* where the next byte goes; where the length of the run that is being written belongs */
} writer;

static void close_run(writer *w) {
    *w->code = (uint8_t)(w->out - w->code);
    w->code = w->out++;
}

static void put(writer *w, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (bytes[i]) {
            *w->out++ = bytes[i];
            if (w->out - w->code == 255) close_run(w);
        } else {
            close_run(w);
        }
    }
}

size_t wg_frame_write(const wg_frame *frame, uint8_t *out) {
    uint8_t head[WG_FRAME_HEADER] = {frame->kind, frame->room}, tail[4];
    wg_put16(head + 2, frame->session), wg_put16(head + 4, frame->seq), wg_put16(head + 6, frame->ack), wg_put16(head + 8, frame->held);
    wg_put32(tail, wg_crc32_on(wg_crc32_on(0, head, sizeof head), frame->body, frame->bytes));
    writer w = {.out = out + 1, .code = out};
    put(&w, head, sizeof head);
    put(&w, frame->body, frame->bytes);
    put(&w, tail, sizeof tail);
    *w.code = (uint8_t)(w.out - w.code);
    *w.out++ = 0;
    return (size_t)(w.out - out);
}

void wg_splitter_init(wg_splitter *splitter, uint8_t *plain, size_t capacity) {
    *splitter = (wg_splitter){.plain = plain, .capacity = (uint16_t)capacity};
}

static int checked(const wg_splitter *s, wg_frame *frame) {
    if (s->spoiled || s->left || s->filled < WG_FRAME_PLAIN(0)) return 0;
    const uint32_t size = s->filled - 4u;
    if (!wg_crc32_is(wg_crc32_on(0, s->plain, size), wg_get32(s->plain + size)) || s->plain[0] >= WG_KINDS) return 0;
    const uint8_t *p = s->plain;
    *frame = (wg_frame){p[0], p[1], wg_get16(p + 2), wg_get16(p + 4), wg_get16(p + 6), wg_get16(p + 8),
                        (uint16_t)(size - WG_FRAME_HEADER), p + WG_FRAME_HEADER};
    return 1;
}

static void keep(wg_splitter *s, uint8_t byte) {
    if (s->filled < s->capacity) s->plain[s->filled++] = byte;
    else s->spoiled = 1;
}

int wg_splitter_push(wg_splitter *s, uint8_t byte, wg_frame *frame) {
    if (byte == 0) {
        const int any = s->filled || s->spoiled || s->left, good = checked(s, frame);
        s->frames += (uint32_t)good;
        s->bad += (uint32_t)(any && !good);
        s->filled = 0, s->left = 0, s->zero = 0, s->spoiled = 0;
        return good;
    }
    if (s->left) {
        keep(s, byte);
        s->left--;
    } else {
        if (s->zero) keep(s, 0);
        s->left = (uint8_t)(byte - 1u);
        s->zero = byte != 255u;
    }
    return 0;
}
