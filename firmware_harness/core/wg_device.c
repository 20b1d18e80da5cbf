#include "wg_device.h"

#include <string.h>

#include "wg_bytes.h"
#include "wg_crc32.h"
#include "wg_facts.h"
#include "wg_slots.h"

/* One place for an answer is asked for before a message is taken, so one message may complete one step at most. */
_Static_assert(WG_FRAME_MAX_BODY < WG_STEP * sizeof(int16_t), "an AUDIO is shorter than a step");
_Static_assert(1 + WG_MSG_SCORES_BYTES + 5 + 5 * WG_MAX_SLOTS <= WG_LINK_LEAST_BODY, "every answer fits");

enum { CODE = 1 }; /* the first byte of a message */

static void begin(wg_device *device, uint8_t doing, uint32_t left) {
    device->doing = doing;
    device->left = left;
    device->filled = device->samples = device->steps = device->crc_pcm = device->crc_scores = 0;
}

size_t wg_device_size(void) { return sizeof(wg_device); }

int32_t wg_device_init(wg_device *device, const wg_port *port, uint32_t window, uint32_t max_body, void *link_arena,
                       size_t bytes, uint32_t now_ms) {
    memset(device, 0, sizeof *device);
    if (!port->slots || port->slots > WG_MAX_SLOTS) return WG_SHAPE;
    if ((uintptr_t)port->arena % WG_ALIGN) return WG_ALIGNMENT;
    device->port = port;
    device->started_ms = now_ms;
    const int32_t status = wg_link_init(&device->link, window, max_body, link_arena, bytes);
    device->sessions = device->link.sessions;
    return status;
}

void wg_device_receive(wg_device *device, const uint8_t *data, size_t bytes, uint32_t now_ms) {
    wg_link_receive(&device->link, data, bytes, now_ms);
    if (device->sessions == device->link.sessions) return;
    device->sessions = device->link.sessions;
    device->clip = 0;
    device->whole = 0;
    begin(device, WG_IDLE, 0);
}

size_t wg_device_outgoing(wg_device *device, uint8_t *out, uint32_t now_ms) {
    return wg_link_outgoing(&device->link, out, now_ms);
}

/* Answers ---------------------------------------------------------------------------------------------------- */

static uint8_t *answer(wg_device *device, uint8_t code) {
    uint8_t *const m = wg_link_place(&device->link);
    m[0] = code;
    return m + CODE;
}

static void send(wg_device *device, size_t fields) { wg_link_send(&device->link, CODE + (uint32_t)fields); }

static void refuse(wg_device *device, uint8_t about, const wg_objection *why) {
    const uint32_t room = device->link.message - CODE - WG_MSG_ERROR_BYTES;
    uint8_t *const m = answer(device, WG_MSG_ERROR);
    m[0] = about;
    wg_put32(m + 1, (uint32_t)why->status);
    wg_put32(m + 5, (uint32_t)why->detail);
    uint32_t bytes = 0;
    for (; why->text && why->text[bytes] && bytes < room; bytes++) m[WG_MSG_ERROR_BYTES + bytes] = (uint8_t)why->text[bytes];
    send(device, WG_MSG_ERROR_BYTES + bytes);
    device->doing = WG_IDLE;
}

static void heard(wg_device *device) {
    uint8_t *const m = answer(device, WG_MSG_HEARD);
    wg_put32(m, device->clip);
    wg_put32(m + 4, device->samples);
    wg_put32(m + 8, device->crc_pcm);
    wg_put32(m + 12, device->steps);
    wg_put32(m + 16, device->crc_scores);
    send(device, WG_MSG_HEARD_BYTES);
    device->doing = WG_IDLE;
}

static void loaded(wg_device *device, uint32_t slot) {
    const wg_slot *s = device->slot + slot;
    uint8_t *const m = answer(device, WG_MSG_LOADED);
    float scale = 0;
    if (s->state == WG_READY) scale = s->detector.head.layers[s->detector.head.count - 1u].scale;
    m[0] = (uint8_t)slot, m[1] = s->state, m[2] = WG_SUM;
    const uint32_t numbers[] = {s->have, s->bytes, s->crc, s->arena, s->init_ticks};
    for (uint32_t i = 0; i < 5; i++) wg_put32(m + 3 + 4 * i, numbers[i]);
    memcpy(m + 23, &scale, sizeof scale);
    send(device, WG_MSG_LOADED_BYTES);
}

static void info(wg_device *device) {
    send(device, wg_facts_info(device, answer(device, WG_MSG_INFO), device->link.message - CODE));
}

static void stats(wg_device *device, uint32_t now_ms) {
    send(device, wg_facts_stats(device, answer(device, WG_MSG_STATS), device->link.message - CODE, now_ms));
}

/* Sound ------------------------------------------------------------------------------------------------------ */

/* Let each detector hear the step in pcm, and tell what it said. */
static void step(wg_device *device, uint32_t waiting) {
    uint8_t *const m = answer(device, WG_MSG_SCORES), *const values = m + WG_MSG_SCORES_BYTES + 5, *at = values;
    const wg_port *port = device->port;
    const uint32_t from = port->ticks(port->self);
    for (uint32_t i = 0; i < port->slots; i++) {
        wg_score_i8 score;
        if (device->slot[i].state != WG_READY) continue;
        wg_detector_i8_step(&device->slot[i].detector, device->pcm, 0, &score);
        wg_put32(at, (uint32_t)score.sum);
        at[4] = (uint8_t)((score.ready ? WG_READY_NOW : 0) | (score.fired ? WG_FIRED : 0));
        at += 5;
    }
    const uint32_t ticks = port->ticks(port->self) - from;
    wg_put32(m, device->steps++);
    m[4] = (uint8_t)wg_slots_ready(device);
    wg_put32(m + 5, ticks);
    m[9] = (uint8_t)waiting;
    device->crc_scores = wg_crc32_on(device->crc_scores, values, (size_t)(at - values));
    device->whole = 1;
    send(device, (size_t)(at - m));
}

static wg_objection audio(wg_device *device, uint32_t from, const uint8_t *pcm, uint32_t bytes) {
    if (device->doing != WG_HEARING) return (wg_objection){WG_REFUSED_ORDER, 0, "no clip is under way"};
    if (bytes % sizeof(int16_t)) return (wg_objection){WG_REFUSED_UNKNOWN, 0, "half a sample"};
    if (from != device->samples) return (wg_objection){WG_REFUSED_ORDER, (int32_t)device->samples, 0};
    device->crc_pcm = wg_crc32_on(device->crc_pcm, pcm, bytes);
    device->samples += bytes / 2;
    const uint32_t waiting = (uint16_t)(device->link.expected - device->link.taken) - 1u; /* without this one */
    while (bytes) {
        const uint32_t room = 2 * (WG_STEP - device->filled), part = bytes < room ? bytes : room;
        memcpy(device->pcm + device->filled, pcm, part);
        device->whole = 0;
        device->filled += part / 2;
        pcm += part, bytes -= part;
        if (device->filled < WG_STEP) continue;
        device->filled = 0;
        step(device, waiting);
    }
    return (wg_objection){0, 0, 0};
}

/* A part of what a RUN or a CAPTURE was asked for, or that it is done. */
static void go_on(wg_device *device) {
    const wg_port *port = device->port;
    if (!device->left) {
        heard(device);
    } else if (device->doing == WG_RUNNING) {
        device->left--;
        step(device, (uint16_t)(device->link.expected - device->link.taken));
    } else {
        const uint32_t room = (device->link.message - (uint32_t)(CODE + WG_MSG_RECORDED_BYTES)) / 2;
        const uint32_t count = device->left < room ? device->left : room;
        device->whole = 0;
        const int32_t status = port->capture(port->self, device->pcm, count);
        if (status < 0) {
            refuse(device, WG_MSG_CAPTURE, &(wg_objection){WG_REFUSED_MICROPHONE, status, "it does not record"});
            return;
        }
        uint8_t *const m = answer(device, WG_MSG_RECORDED);
        wg_put32(m, device->samples);
        memcpy(m + WG_MSG_RECORDED_BYTES, device->pcm, 2 * count);
        device->crc_pcm = wg_crc32_on(device->crc_pcm, device->pcm, 2 * count);
        device->samples += count, device->left -= count;
        send(device, WG_MSG_RECORDED_BYTES + 2 * count);
    }
}

/* Questions -------------------------------------------------------------------------------------------------- */

static wg_objection start(wg_device *device, uint32_t clip) {
    if (!wg_slots_ready(device)) return (wg_objection){WG_REFUSED_EMPTY, 0, 0};
    for (uint32_t i = 0; i < device->port->slots; i++)
        if (device->slot[i].state == WG_READY) wg_detector_i8_reset(&device->slot[i].detector);
    device->clip = clip;
    device->whole = 0;
    begin(device, WG_HEARING, 0);
    return (wg_objection){0, 0, 0};
}

static wg_objection run(wg_device *device, uint32_t steps) {
    if (!wg_slots_ready(device)) return (wg_objection){WG_REFUSED_EMPTY, 0, 0};
    if (!device->whole) return (wg_objection){WG_REFUSED_STEP, 0, 0};
    begin(device, WG_RUNNING, steps);
    return (wg_objection){0, 0, 0};
}

static wg_objection capture(wg_device *device, uint32_t samples) {
    if (!device->port->capture) return (wg_objection){WG_REFUSED_MICROPHONE, 0, 0};
    begin(device, WG_CAPTURING, samples);
    return (wg_objection){0, 0, 0};
}

static wg_objection load(wg_device *device, const uint8_t *fields) {
    const wg_objection why = wg_slots_load(device, fields[0], wg_get32(fields + 1), wg_get32(fields + 5));
    if (!why.status) loaded(device, fields[0]);
    return why;
}

static wg_objection chunk(wg_device *device, const uint8_t *fields, uint32_t bytes) {
    const wg_objection why =
        wg_slots_chunk(device, fields[0], wg_get32(fields + 1), fields + WG_MSG_CHUNK_BYTES, bytes - WG_MSG_CHUNK_BYTES);
    if (!why.status && device->slot[fields[0]].state == WG_READY) loaded(device, fields[0]);
    return why;
}

/* Whether a message has the fields of its kind, and no more unless they may be followed by bytes. */
static int is_whole(uint8_t code, uint32_t bytes) {
    static const uint8_t FIELDS[] = {
        [WG_MSG_ASK_INFO] = WG_MSG_ASK_INFO_BYTES, [WG_MSG_ASK_STATS] = WG_MSG_ASK_STATS_BYTES,
        [WG_MSG_LOAD] = WG_MSG_LOAD_BYTES,         [WG_MSG_CHUNK] = WG_MSG_CHUNK_BYTES,
        [WG_MSG_START] = WG_MSG_START_BYTES,       [WG_MSG_AUDIO] = WG_MSG_AUDIO_BYTES,
        [WG_MSG_STOP] = WG_MSG_STOP_BYTES,         [WG_MSG_RUN] = WG_MSG_RUN_BYTES,
        [WG_MSG_CAPTURE] = WG_MSG_CAPTURE_BYTES,   [WG_MSG_CANCEL] = WG_MSG_CANCEL_BYTES,
    };
    if (!code || code >= sizeof FIELDS) return 0;
    return bytes == FIELDS[code] || (bytes > FIELDS[code] && (code == WG_MSG_CHUNK || code == WG_MSG_AUDIO));
}

static wg_objection asked(wg_device *device, uint8_t code, const uint8_t *fields, uint32_t bytes, uint32_t now_ms) {
    if (!is_whole(code, bytes)) return (wg_objection){WG_REFUSED_UNKNOWN, 0, 0};
    switch (code) {
    case WG_MSG_LOAD: return load(device, fields);
    case WG_MSG_CHUNK: return chunk(device, fields, bytes);
    case WG_MSG_START: return start(device, wg_get32(fields));
    case WG_MSG_AUDIO: return audio(device, wg_get32(fields), fields + WG_MSG_AUDIO_BYTES, bytes - WG_MSG_AUDIO_BYTES);
    case WG_MSG_RUN: return run(device, wg_get32(fields));
    case WG_MSG_CAPTURE: return capture(device, wg_get32(fields));
    case WG_MSG_STOP:
        if (device->doing != WG_HEARING) return (wg_objection){WG_REFUSED_ORDER, 0, "no clip is under way"};
        heard(device);
        break;
    case WG_MSG_CANCEL: heard(device); break;
    case WG_MSG_ASK_INFO: info(device); break;
    default: stats(device, now_ms);
    }
    return (wg_objection){0, 0, 0};
}

/* What need not wait for the end of a RUN or a CAPTURE. */
static int is_urgent(uint8_t code) { return code == WG_MSG_CANCEL || code == WG_MSG_ASK_INFO || code == WG_MSG_ASK_STATS; }

int wg_device_work(wg_device *device, uint32_t now_ms) {
    if (!wg_link_place(&device->link)) return 0; /* an answer would be lost */
    const int busy = device->doing == WG_RUNNING || device->doing == WG_CAPTURING;
    uint32_t bytes = 0;
    const uint8_t *const m = wg_link_message(&device->link, &bytes);
    const uint8_t code = m && bytes ? m[0] : 0;
    if (m && (!busy || is_urgent(code))) {
        const wg_objection why = asked(device, code, m + CODE, bytes ? bytes - CODE : 0, now_ms);
        if (why.status) refuse(device, code, &why);
        wg_link_done(&device->link);
        return 1;
    }
    if (busy) go_on(device);
    return busy;
}
