#include "wg_link.h"

#include <string.h>

#include "wg_status.h"

enum { FIRST_WAIT_MS = 500, LEAST_WAIT_MS = 30, MOST_WAIT_MS = 1000, MOST_PATIENT = 4, TERMS = 6, UNSENT = 1 };

size_t wg_link_size(void) { return sizeof(wg_link); }

/* Numbers run over after 65,535: only a power of two gives each that is under way a place of its own. */
static uint32_t places(uint32_t window) {
    uint32_t count = 1;
    while (count < window) count *= 2;
    return count;
}

size_t wg_link_bytes(uint32_t window, uint32_t max_body) {
    if (!window || window > WG_LINK_MAX_WINDOW) return 0;
    if (max_body < WG_LINK_LEAST_BODY || max_body > WG_FRAME_MAX_BODY || max_body % 4) return 0;
    return WG_LINK_BYTES(places(window), max_body);
}

static void begin(wg_link *link, uint16_t session) {
    memset(link->flying, 0, sizeof link->flying);
    link->session = session;
    link->sessions++;
    link->base = link->next = link->expected = link->taken = link->present = 0;
    link->room = link->open = link->answer = link->told = 0;
    link->mean_ms = link->spread_ms = 0;
    link->wait_ms = FIRST_WAIT_MS;
}

int32_t wg_link_init(wg_link *link, uint32_t window, uint32_t max_body, void *arena, size_t bytes) {
    const size_t needed = wg_link_bytes(window, max_body);
    if (!needed) return WG_SHAPE;
    if (bytes < needed) return WG_ARENA;
    memset(link, 0, sizeof *link);
    link->out = arena;
    link->window = (uint8_t)window;
    link->places = (uint8_t)places(window);
    link->in = link->out + link->places * max_body;
    link->max_body = (uint16_t)max_body;
    wg_splitter_init(&link->splitter, link->in + link->places * max_body, WG_FRAME_PLAIN(max_body));
    begin(link, 0);
    return WG_OK;
}

static uint16_t between(uint16_t from, uint16_t to) { return (uint16_t)(to - from); }
static uint8_t room(const wg_link *link) { return (uint8_t)(link->window - between(link->taken, link->expected)); }

static void greeted(wg_link *link, const wg_frame *f) {
    if (f->kind != WG_OPEN || f->bytes != TERMS || !f->session) return;
    link->greet = 1;
    if (f->session != link->session) begin(link, f->session);
    const uint8_t *b = f->body;
    const uint32_t version = b[0] | b[1] << 8, theirs = b[2] | b[3] << 8;
    if (version != WG_LINK_VERSION || theirs < WG_LINK_LEAST_BODY) return; /* the other side learns it from the answer */
    if (!link->open) {
        link->open = 1;
        link->room = b[4];
        link->message = (uint16_t)(theirs < link->max_body ? theirs : link->max_body);
    }
}

/* As TCP does: RFC 6298. */
static void landed(wg_link *link, uint16_t number, uint32_t now_ms) {
    if (between(link->base, number) >= between(link->base, link->next)) return;
    wg_flying *f = link->flying + number % link->places;
    if (!f->tries) return;
    f->tries = 0;
    const uint32_t took = now_ms - f->first_ms;
    if (!link->mean_ms && !link->spread_ms) {
        link->mean_ms = took, link->spread_ms = took / 2;
    } else {
        const uint32_t off = took > link->mean_ms ? took - link->mean_ms : link->mean_ms - took;
        link->spread_ms = (3 * link->spread_ms + off) / 4;
        link->mean_ms = (7 * link->mean_ms + took) / 8;
    }
    const uint32_t wait = link->mean_ms + 4 * link->spread_ms;
    link->wait_ms = wait < LEAST_WAIT_MS ? LEAST_WAIT_MS : wait > MOST_WAIT_MS ? MOST_WAIT_MS : wait;
}

static void confirmed(wg_link *link, const wg_frame *f, uint32_t now_ms) {
    const uint16_t done = between(link->base, f->ack);
    if (done > between(link->base, link->next)) return; /* older than what is known */
    link->room = f->room;
    for (uint16_t i = 0; i < done; i++) {
        landed(link, link->base, now_ms);
        link->base++;
    }
    uint32_t highest = 0;
    for (uint32_t bit = 0; bit < 16; bit++)
        if (f->held >> bit & 1u) landed(link, (uint16_t)(f->ack + 1u + bit), now_ms), highest = bit + 1;
    for (uint32_t i = 0; i < highest; i++) { /* a later one is there: these were lost */
        const uint16_t number = (uint16_t)(f->ack + i);
        if (between(link->base, number) >= between(link->base, link->next)) continue;
        wg_flying *lost = link->flying + number % link->places;
        if (lost->tries > UNSENT && now_ms - lost->last_ms > link->mean_ms) lost->last_ms = now_ms - MOST_WAIT_MS;
    }
}

static void arrived(wg_link *link, const wg_frame *f) {
    const uint16_t ahead = between(link->expected, f->seq);
    if (ahead >= room(link) || link->present >> ahead & 1u || f->bytes > link->max_body) {
        link->duplicates++;
        return;
    }
    const uint32_t place = f->seq % link->places;
    memcpy(link->in + place * link->max_body, f->body, f->bytes);
    link->in_bytes[place] = f->bytes;
    link->present |= (uint16_t)(1u << ahead);
    for (; link->present & 1u; link->present >>= 1) link->expected++;
}

void wg_link_receive(wg_link *link, const uint8_t *data, size_t bytes, uint32_t now_ms) {
    wg_frame f;
    for (size_t i = 0; i < bytes; i++) {
        if (!wg_splitter_push(&link->splitter, data[i], &f)) continue;
        if (f.kind == WG_OPEN || f.kind == WG_OPENED) {
            greeted(link, &f);
        } else if (f.session != link->session || !link->open) {
            if (f.kind != WG_RESET) link->refused = f.session;
        } else if (f.kind != WG_RESET) {
            link->answer |= f.kind != WG_ACK;
            confirmed(link, &f, now_ms);
            if (f.kind == WG_DATA) arrived(link, &f);
        }
    }
}

static size_t write(wg_link *link, uint8_t kind, uint16_t seq, const uint8_t *body, uint32_t bytes, uint8_t *out) {
    link->told = room(link);
    const wg_frame f = {kind, link->told, link->session, seq, link->expected, (uint16_t)(link->present >> 1), (uint16_t)bytes, body};
    return wg_frame_write(&f, out);
}

static int is_due(const wg_link *link, const wg_flying *f, uint32_t now_ms) {
    const uint32_t patient = f->tries - 1u < MOST_PATIENT ? f->tries - 1u : MOST_PATIENT, wait = patient * link->wait_ms;
    return f->tries == UNSENT || now_ms - f->last_ms >= (wait < MOST_WAIT_MS ? wait : MOST_WAIT_MS);
}

size_t wg_link_outgoing(wg_link *link, uint8_t *out, uint32_t now_ms) {
    if (link->refused) {
        const wg_frame f = {.kind = WG_RESET, .session = link->refused};
        link->refused = 0;
        return wg_frame_write(&f, out);
    }
    if (link->greet) {
        const uint8_t terms[TERMS] = {WG_LINK_VERSION, 0, (uint8_t)link->max_body, (uint8_t)(link->max_body >> 8), link->window, 0};
        link->greet = 0;
        return write(link, WG_OPENED, 0, terms, TERMS, out);
    }
    if (!link->open) return 0;
    for (uint16_t number = link->base; number != link->next; number++) {
        wg_flying *f = link->flying + number % link->places;
        if (!f->tries || between(link->base, number) >= link->room) continue;
        if (!is_due(link, f, now_ms)) continue;
        if (f->tries == UNSENT) f->first_ms = now_ms;
        else link->again++;
        if (f->tries < 255) f->tries++;
        f->last_ms = now_ms;
        link->answer = 0;
        return write(link, WG_DATA, number, link->out + number % link->places * link->max_body, f->bytes, out);
    }
    if (!link->answer) return 0;
    link->answer = 0;
    return write(link, WG_ACK, 0, 0, 0, out);
}

uint8_t *wg_link_place(wg_link *link) {
    if (!link->open || between(link->base, link->next) >= link->window) return 0;
    return link->out + link->next % link->places * link->max_body;
}

void wg_link_send(wg_link *link, uint32_t bytes) {
    link->flying[link->next % link->places] = (wg_flying){.bytes = (uint16_t)bytes, .tries = UNSENT};
    link->next++;
}

const uint8_t *wg_link_message(const wg_link *link, uint32_t *bytes) {
    if (link->taken == link->expected) return 0;
    const uint32_t place = link->taken % link->places;
    *bytes = link->in_bytes[place];
    return link->in + place * link->max_body;
}

void wg_link_done(wg_link *link) {
    link->taken++;
    if (link->told <= link->window / 2) link->answer = 1; /* the other side may be waiting for room */
}
