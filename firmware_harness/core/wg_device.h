/* A device under test (docs/protocol.md): takes models and sound from a host over a link, says what its detectors make of it.
 *
 * Knows no board: bytes and the time go in, bytes come out, and a port lends what only it has. */
#ifndef WG_DEVICE_H
#define WG_DEVICE_H

#include "wg_detector_i8.h"
#include "wg_link.h"
#include "wg_messages.h"

#define WG_MAX_SLOTS 4u

/** What a port lends. Functions it does not have are 0; `self` is handed to each. */
typedef struct {
    void *self;
    uint32_t (*ticks)(void *self);                              /* counts up and wraps: cycles, instructions, nanoseconds */
    size_t (*info)(void *self, uint8_t *out, size_t room);      /* facts of its own (wg_fact_...), chip and clock among them */
    size_t (*stats)(void *self, uint8_t *out, size_t room);
    /* Storage of models: all three, or none: then models are written to `models` in RAM, aligned to WG_ALIGN. */
    int32_t (*erase)(void *self, uint32_t slot, uint32_t bytes); /* makes room; 0 or negative */
    int32_t (*write)(void *self, uint32_t slot, uint32_t offset, const uint8_t *data, uint32_t bytes);
    const uint8_t *(*mapped)(void *self, uint32_t slot);        /* where a file can be read, aligned to WG_ALIGN; or 0 */
    uint8_t *models[WG_MAX_SLOTS];
    uint32_t slots, model_room;                                  /* how many models, and the largest, in bytes */
    uint8_t *arena;                                              /* of all detectors together, aligned to WG_ALIGN */
    uint32_t arena_bytes;
    /* Waits for `samples` samples of the microphone; 0 or negative. */
    int32_t (*capture)(void *self, int16_t *pcm, uint32_t samples);
} wg_port;

typedef struct {
    wg_model model;
    wg_detector_i8 detector;
    uint32_t bytes, crc, have, arena, init_ticks;
    uint8_t state; /* wg_state */
} wg_slot;

/** What is under way: nothing, a clip, a RUN or a CAPTURE. */
enum wg_doing { WG_IDLE, WG_HEARING, WG_RUNNING, WG_CAPTURING };

typedef struct {
    const wg_port *port;
    wg_link link;
    wg_slot slot[WG_MAX_SLOTS];
    int16_t pcm[WG_STEP];
    uint32_t filled;                                 /* samples of the step that is under way */
    uint32_t clip, samples, steps, crc_pcm, crc_scores;
    uint32_t left;                                   /* steps of a RUN, samples of a CAPTURE */
    uint8_t doing;                                   /* wg_doing */
    uint8_t whole;                                   /* pcm holds a step that can be computed again */
    uint32_t sessions;                               /* as the link counts them: a new one has begun when they differ */
    uint32_t started_ms;
} wg_device;

/** Bytes of wg_device, for callers that cannot see its type. */
size_t wg_device_size(void);

/** Begin to wait for a host; `link_arena` has wg_link_bytes(window, max_body) bytes. WG_OK or a negative status. */
int32_t wg_device_init(wg_device *device, const wg_port *port, uint32_t window, uint32_t max_body, void *link_arena,
                       size_t bytes, uint32_t now_ms);

/**
 * Open a model that lies in a slot already, such as one that flash has kept.
 *
 * @param bytes  how much may be read; the file may be shorter
 * @return WG_OK or a negative status
 */
int32_t wg_device_adopt(wg_device *device, uint32_t slot, uint32_t bytes);

/** Take bytes as they come. */
void wg_device_receive(wg_device *device, const uint8_t *data, size_t bytes, uint32_t now_ms);

/** Do one piece of work, a step at most; 1: there may be more. */
int wg_device_work(wg_device *device, uint32_t now_ms);

/** Write the next frame that is due to `out`, which has WG_FRAME_WIRE(max_body) bytes; 0: none is. */
size_t wg_device_outgoing(wg_device *device, uint8_t *out, uint32_t now_ms);

/** Append a fact to `out`; gives the bytes it took, 0 where there is no room. */
size_t wg_fact_number(uint8_t *out, size_t room, uint8_t key, int64_t value);
size_t wg_fact_text(uint8_t *out, size_t room, uint8_t key, const char *text);

#endif
