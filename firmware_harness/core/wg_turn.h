/* The loop of every port that has a line of bytes: a UART, a USB port, a pair of pipes. */
#ifndef WG_TURN_H
#define WG_TURN_H

#include "wg_device.h"

typedef struct {
    void *self; /* handed to each */
    uint32_t (*now_ms)(void *self);
    size_t (*read)(void *self, uint8_t *data, size_t room); /* what has come, without waiting; 0: nothing */
    void (*write)(void *self, const uint8_t *data, size_t bytes);
    /* Whether `bytes` can be written without waiting; 0 where it cannot know. A host that does not read must not keep the
     * device from reading, or both wait for each other. */
    int (*can_write)(void *self, size_t bytes);
} wg_line;

/**
 * Read what has come, do a piece of work, write what is due.
 *
 * @param scratch  WG_FRAME_WIRE(max_body) bytes
 * @return 1: there may be more to do at once; 0: wait for bytes, but no longer than some 10 ms: what was lost is sent again
 */
int wg_turn(wg_device *device, const wg_line *line, uint8_t *scratch);

#endif
