/* libFuzzer: any bytes as what a host sends. The first says how they are meant:
 *
 * 1: messages, each behind its length, in frames as they must be; else bytes as they come over the line.
 * 2: all answers are confirmed.  4: models lie in flash.  8: there is a microphone.  16: a model is there from the start.
 *
 * Whatever comes, every frame that goes out is one, no answer is larger than both sides agreed, and each has its fields. */
#include <stdlib.h>
#include <string.h>

#include "small_wgm.h" /* made by run.py */
#include "wg_bytes.h"
#include "wg_device.h"
#include "wg_slots.h"

enum { MESSAGES = 1, CONFIRMS = 2, FLASH = 4, MICROPHONE = 8, LOADED = 16 };
/* Instead of a code: a new session; a step of silence; flash and microphone begin to fail. */
enum { NEW_SESSION = 0xF0, SILENCE = 0xF1, FAIL = 0xF2 };
enum { WINDOW = 3, MAX_BODY = 256, SLOTS = 2, ROOM = 2048, ARENA = 10000, MOST_WORK = 300, MOST_STEPS = 14 };

typedef struct {
    wg_port port;
    wg_device *device;
    wg_splitter host;
    uint8_t *flash[SLOTS], *line, *heard;
    uint32_t now_ms, work;
    uint16_t session;
    uint8_t mode, fails;
} bench;

static void check(int holds) {
    if (!holds) abort();
}

static uint32_t ticks(void *self) { return ((bench *)self)->now_ms * 77777u; }

static int32_t erase(void *self, uint32_t slot, uint32_t bytes) {
    bench *b = self;
    check(slot < SLOTS && bytes <= ROOM);
    memset(b->flash[slot], 255, ROOM);
    return b->fails ? -1 : 0;
}

static int32_t write(void *self, uint32_t slot, uint32_t offset, const uint8_t *data, uint32_t bytes) {
    bench *b = self;
    check(slot < SLOTS && offset <= ROOM && bytes <= ROOM - offset);
    memcpy(b->flash[slot] + offset, data, bytes);
    return b->fails ? -1 : 0;
}

static const uint8_t *mapped(void *self, uint32_t slot) { return ((bench *)self)->flash[slot]; }

static int32_t capture(void *self, int16_t *pcm, uint32_t samples) {
    check(samples && samples <= WG_STEP);
    memset(pcm, 1, 2 * samples);
    return ((bench *)self)->fails ? -1 : 0;
}

/* Each answer has the fields of its kind, and nothing is made up behind them. */
static void check_answer(const uint8_t *m, uint32_t bytes) {
    check(bytes > 0);
    bytes--;
    switch (m[0]) {
    case WG_MSG_LOADED: check(bytes == WG_MSG_LOADED_BYTES && m[1] < SLOTS && m[2] <= WG_READY); break;
    case WG_MSG_HEARD: check(bytes == WG_MSG_HEARD_BYTES); break;
    case WG_MSG_ERROR: check(bytes >= WG_MSG_ERROR_BYTES && wg_get32(m + 2) != 0); break;
    case WG_MSG_RECORDED: check(bytes > WG_MSG_RECORDED_BYTES && bytes % 2 == 0); break;
    case WG_MSG_SCORES: check(m[5] && m[5] <= SLOTS && bytes == WG_MSG_SCORES_BYTES + 5 + 5u * m[5]); break;
    default:
        check(m[0] == WG_MSG_INFO || m[0] == WG_MSG_STATS);
        for (uint32_t at = 1; at <= bytes; at += 2u + m[at + 1]) check(at + 2u + m[at + 1] <= bytes + 1);
    }
}

static void receive(bench *b, const wg_frame *f) {
    uint8_t wire[WG_FRAME_WIRE(MAX_BODY)];
    wg_device_receive(b->device, wire, wg_frame_write(f, wire), b->now_ms);
}

static void read_frames(bench *b) {
    uint8_t wire[WG_FRAME_WIRE(MAX_BODY)];
    wg_link *link = &b->device->link;
    size_t bytes;
    while ((bytes = wg_device_outgoing(b->device, wire, b->now_ms)) != 0) {
        wg_frame f;
        check(bytes <= sizeof wire);
        for (size_t i = 0; i < bytes; i++) {
            if (!wg_splitter_push(&b->host, wire[i], &f)) continue;
            check(i == bytes - 1);
            if (f.kind != WG_DATA) continue;
            check(f.bytes <= link->message);
            check_answer(f.body, f.bytes);
        }
    }
    check(!b->host.bad);
    if (b->mode & CONFIRMS && link->open)
        receive(b, &(wg_frame){.kind = WG_ACK, .room = 8, .session = link->session, .ack = link->next});
}

static void work(bench *b) {
    for (int i = 0; i < 4 && b->work < MOST_WORK && b->device->steps < MOST_STEPS; i++, b->work++) {
        b->now_ms += 3;
        const int more = wg_device_work(b->device, b->now_ms);
        check(wg_slots_arena(b->device) <= ARENA);
        read_frames(b);
        if (!more) break;
    }
}

static void say(bench *b, const uint8_t *message, uint32_t bytes) {
    const wg_link *link = &b->device->link;
    receive(b, &(wg_frame){.room = 8, .session = link->session, .seq = link->expected, .ack = link->base, .bytes = (uint16_t)bytes, .body = message});
    work(b);
}

static void open_session(bench *b, uint8_t max_body) {
    const uint8_t terms[] = {WG_LINK_VERSION, 0, max_body, max_body < WG_LINK_LEAST_BODY, 8, 0};
    receive(b, &(wg_frame){.kind = WG_OPEN, .session = ++b->session, .bytes = sizeof terms, .body = terms});
    read_frames(b);
}

static void silence(bench *b) {
    uint8_t m[1 + WG_MSG_AUDIO_BYTES + 2 * WG_STEP / 20] = {WG_MSG_AUDIO};
    for (int i = 0; i < 20; i++) {
        wg_put32(m + 1, b->device->samples);
        say(b, m, b->device->link.message < sizeof m ? 1 + WG_MSG_AUDIO_BYTES : (uint32_t)sizeof m);
    }
}

static void messages(bench *b, const uint8_t *data, size_t size) {
    open_session(b, 0);
    while (size > 1) {
        const uint32_t bytes = data[0] < size - 1 ? data[0] : (uint32_t)size - 1;
        const uint8_t *m = data + 1;
        if (bytes && m[0] == NEW_SESSION) open_session(b, bytes > 1 ? m[1] : 0);
        else if (bytes && m[0] == SILENCE) silence(b);
        else if (bytes && m[0] == FAIL) b->fails ^= 1u;
        else say(b, m, bytes);
        data += 1 + bytes, size -= 1 + bytes;
    }
}

static void line(bench *b, const uint8_t *data, size_t size) {
    while (size) {
        size_t piece = 0;
        while (piece < size && data[piece++]) {}
        wg_device_receive(b->device, data, piece, b->now_ms);
        work(b);
        data += piece, size -= piece;
    }
}

static uint8_t *made(size_t bytes) {
    uint8_t *found = aligned_alloc(WG_ALIGN, (bytes + WG_ALIGN - 1) / WG_ALIGN * WG_ALIGN);
    memset(found, 0, bytes);
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (!size) return 0;
    bench b = {.mode = data[0], .session = 100};
    const size_t line_bytes = wg_link_bytes(WINDOW, MAX_BODY);
    b.port = (wg_port){.self = &b, .ticks = ticks, .slots = SLOTS, .model_room = ROOM, .arena = made(ARENA), .arena_bytes = ARENA};
    for (int i = 0; i < SLOTS; i++) b.flash[i] = b.port.models[i] = made(ROOM);
    if (b.mode & FLASH) b.port.erase = erase, b.port.write = write, b.port.mapped = mapped;
    if (b.mode & MICROPHONE) b.port.capture = capture;
    b.device = (wg_device *)(void *)made(sizeof(wg_device));
    b.line = made(line_bytes);
    b.heard = made(WG_FRAME_PLAIN(MAX_BODY));
    wg_splitter_init(&b.host, b.heard, WG_FRAME_PLAIN(MAX_BODY));
    check(wg_device_init(b.device, &b.port, WINDOW, MAX_BODY, b.line, line_bytes, 0) == WG_OK);
    if (b.mode & LOADED) {
        memcpy(b.flash[0], small_wgm, sizeof small_wgm);
        check(wg_device_adopt(b.device, 0, ROOM) == WG_OK);
    }
    if (b.mode & MESSAGES) messages(&b, data + 1, size - 1);
    else line(&b, data + 1, size - 1);
    for (int i = 0; i < SLOTS; i++) free(b.flash[i]);
    free(b.port.arena), free(b.device), free(b.line), free(b.heard);
    return 0;
}
