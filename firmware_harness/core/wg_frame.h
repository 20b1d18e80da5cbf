/* Frames on the wire (docs/protocol.md): a header and a body with a CRC-32, stuffed so that a 0 ends a frame and nothing else
 * holds one. wakegen/devices/frames.py is the same in Python. */
#ifndef WG_FRAME_H
#define WG_FRAME_H

#include <stddef.h>
#include <stdint.h>

#define WG_FRAME_MAX_BODY 1024u
#define WG_FRAME_HEADER 10u
#define WG_FRAME_PLAIN(body) (WG_FRAME_HEADER + (body) + 4u)                       /* before stuffing */
#define WG_FRAME_WIRE(body) (WG_FRAME_PLAIN(body) + WG_FRAME_PLAIN(body) / 254u + 2u) /* at most, with the final 0 */

enum wg_frame_kind { WG_DATA, WG_ACK, WG_PING, WG_OPEN, WG_OPENED, WG_RESET, WG_KINDS };

typedef struct {
    uint8_t kind, room;
    uint16_t session, seq, ack, held, bytes; /* bytes: of the body */
    const uint8_t *body;
} wg_frame;

/** Write a frame, its final 0 included; gives how many bytes that took. `out` has WG_FRAME_WIRE(bytes) of them. */
size_t wg_frame_write(const wg_frame *frame, uint8_t *out);

/** Cuts a stream at its zeros; the caller gives it WG_FRAME_PLAIN(the largest body) bytes. */
typedef struct {
    uint8_t *plain;
    uint16_t capacity, filled;
    uint8_t left;    /* bytes of the run that is being read */
    uint8_t zero;    /* a 0 belongs behind it */
    uint8_t spoiled; /* no frame of ours: wait for its end */
    uint32_t frames, bad;
} wg_splitter;

void wg_splitter_init(wg_splitter *splitter, uint8_t *plain, size_t capacity);

/** Take a byte; 1 if it completed a frame, whose body stays where it is until the next byte. */
int wg_splitter_push(wg_splitter *splitter, uint8_t byte, wg_frame *frame);

#endif
