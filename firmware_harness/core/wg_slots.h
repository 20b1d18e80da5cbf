/* The models of a device: how they come in pieces, are checked, and share the arena. */
#ifndef WG_SLOTS_H
#define WG_SLOTS_H

#include "wg_device.h"

/** Why something was not done: a wg_refusal or a negative wg_status, 0 for nothing; and what else there is to say, or 0. */
typedef struct {
    int32_t status, detail;
    const char *text;
} wg_objection;

/** Announce a file; what the slot has of that very file it keeps. 0 bytes empty it. */
wg_objection wg_slots_load(wg_device *device, uint32_t slot, uint32_t bytes, uint32_t crc);

/** Take the piece of a file that comes next; with the last the slot is ready, or empty again. */
wg_objection wg_slots_chunk(wg_device *device, uint32_t slot, uint32_t offset, const uint8_t *data, uint32_t bytes);

/** Bytes of arena that all detectors take, and how many there are. */
uint32_t wg_slots_arena(const wg_device *device);
uint32_t wg_slots_ready(const wg_device *device);

#endif
