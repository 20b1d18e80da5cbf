#include "wg_facts.h"

#include <string.h>

#include "wg_slots.h"

enum { HEAD = 2, MOST_TEXT = 255, RATE_HZ = 16000 };

size_t wg_fact_number(uint8_t *out, size_t room, uint8_t key, int64_t value) {
    size_t bytes = 1;
    while (bytes < 8 && (value < -((int64_t)1 << (8 * bytes - 1)) || value >= (int64_t)1 << (8 * bytes - 1))) bytes *= 2;
    if (room < HEAD + bytes) return 0;
    out[0] = key, out[1] = (uint8_t)bytes;
    for (size_t i = 0; i < bytes; i++) out[HEAD + i] = (uint8_t)((uint64_t)value >> 8 * i);
    return HEAD + bytes;
}

size_t wg_fact_text(uint8_t *out, size_t room, uint8_t key, const char *text) {
    size_t bytes = 0;
    while (bytes < MOST_TEXT && text[bytes]) bytes++;
    if (room < HEAD + bytes) return 0;
    out[0] = key, out[1] = (uint8_t)bytes;
    memcpy(out + HEAD, text, bytes);
    return HEAD + bytes;
}

typedef struct {
    uint8_t *out;
    size_t room, filled;
} page;

static void number(page *p, uint8_t key, int64_t value) {
    p->filled += wg_fact_number(p->out + p->filled, p->room - p->filled, key, value);
}

static void text(page *p, uint8_t key, const char *value) {
    p->filled += wg_fact_text(p->out + p->filled, p->room - p->filled, key, value);
}

static size_t with_own(page *p, void *self, size_t (*own)(void *self, uint8_t *out, size_t room)) {
    if (own) p->filled += own(self, p->out + p->filled, p->room - p->filled);
    return p->filled;
}

size_t wg_facts_info(const wg_device *device, uint8_t *out, size_t room) {
    const wg_port *port = device->port;
    page p = {out, room, 0};
    number(&p, WG_FACT_SLOTS, port->slots);
    number(&p, WG_FACT_MODEL_ROOM, port->model_room);
    number(&p, WG_FACT_ARENA_BYTES, port->arena_bytes);
    number(&p, WG_FACT_RATE_HZ, RATE_HZ);
    if (!port->capture) number(&p, WG_FACT_CHANNELS, 0); /* of a microphone only the port knows */
    text(&p, WG_FACT_FORMATS, "wgm");
    text(&p, WG_FACT_RUNTIME, "integers");
    for (uint32_t i = 0; i < port->slots; i++)
        if (device->slot[i].state == WG_READY) number(&p, (uint8_t)(WG_FACT_MODEL_0 + i), device->slot[i].crc);
    return with_own(&p, port->self, port->info);
}

size_t wg_facts_stats(const wg_device *device, uint8_t *out, size_t room, uint32_t now_ms) {
    page p = {out, room, 0};
    number(&p, WG_FACT_UPTIME_MS, (uint32_t)(now_ms - device->started_ms));
    number(&p, WG_FACT_ARENA_USED, wg_slots_arena(device));
    number(&p, WG_FACT_FRAMES_BAD, device->link.splitter.bad);
    number(&p, WG_FACT_FRAMES_AGAIN, device->link.again);
    return with_own(&p, device->port->self, device->port->stats);
}
