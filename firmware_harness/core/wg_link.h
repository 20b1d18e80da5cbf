/* A channel that loses nothing over a line that does (docs/protocol.md): the device's end. wakegen/devices/link.py is both.
 *
 * No port and no clock in here: bytes and the time in milliseconds go in, bytes and messages come out. */
#ifndef WG_LINK_H
#define WG_LINK_H

#include "wg_frame.h"

#define WG_LINK_VERSION 1u
#define WG_LINK_MAX_WINDOW 8u
#define WG_LINK_LEAST_BODY 64u /* bytes of a message that both sides take: every answer of a fixed size fits */

typedef struct {
    uint32_t first_ms, last_ms;
    uint16_t bytes;
    uint8_t tries; /* 0: the place is free; 1: not sent yet; then one more for each time */
} wg_flying;

typedef struct {
    wg_splitter splitter;
    uint8_t *out, *in;   /* [places][max_body]: ours that are not confirmed; theirs that are not taken */
    uint16_t in_bytes[WG_LINK_MAX_WINDOW];
    wg_flying flying[WG_LINK_MAX_WINDOW];
    uint16_t max_body, message; /* what we can take; what both can */
    uint16_t session, base, next, expected, taken, present; /* present: bit i: frame `expected` + i is here */
    uint16_t refused;    /* a session that somebody believes in */
    uint8_t window, places, room, told, open, answer, greet;
    uint32_t mean_ms, spread_ms, wait_ms;
    uint32_t sessions; /* begun so far: whoever answers forgets what an older one asked */
    uint32_t again, duplicates;
} wg_link;

/* Bytes of arena for `places` messages each way, a power of two: what wg_link_bytes gives, for arrays. */
#define WG_LINK_BYTES(places, max_body) (2u * (places) * (max_body) + ((WG_FRAME_PLAIN(max_body) + 3u) & ~3u))

/** Bytes of arena for a window of 1 .. WG_LINK_MAX_WINDOW messages of at most `max_body` bytes, a multiple of 4; 0: no such link. */
size_t wg_link_bytes(uint32_t window, uint32_t max_body);
size_t wg_link_size(void);

/** Wait for somebody to open a session. The arena stays the link's own. */
int32_t wg_link_init(wg_link *link, uint32_t window, uint32_t max_body, void *arena, size_t bytes);

/** Take bytes as they come. */
void wg_link_receive(wg_link *link, const uint8_t *data, size_t bytes, uint32_t now_ms);

/** Write the next frame that is due to `out`, which has WG_FRAME_WIRE(max_body) bytes; 0: none is. Call until it gives 0. */
size_t wg_link_outgoing(wg_link *link, uint8_t *out, uint32_t now_ms);

/** Where the next message to be sent may be put, link->message bytes; 0: there is no room, or no session. */
uint8_t *wg_link_place(wg_link *link);

/** Send what was put there. */
void wg_link_send(wg_link *link, uint32_t bytes);

/** The oldest message that has come, in order; 0: none. It stays until wg_link_done. */
const uint8_t *wg_link_message(const wg_link *link, uint32_t *bytes);

/** Make room for another message. */
void wg_link_done(wg_link *link);

#endif
