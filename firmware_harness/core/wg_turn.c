#include "wg_turn.h"

int wg_turn(wg_device *device, const wg_line *line, uint8_t *scratch) {
    const size_t room = WG_FRAME_WIRE(device->link.max_body);
    int busy = 0;
    /* All that is there, so that messages wait where they are counted; but no more than the window can be of use for, or a
     * fast host would keep the device from working. */
    for (uint32_t i = 0; i <= device->link.window; i++) {
        const size_t bytes = line->read(line->self, scratch, room);
        if (!bytes) break;
        wg_device_receive(device, scratch, bytes, line->now_ms(line->self));
        busy = 1;
    }
    busy |= wg_device_work(device, line->now_ms(line->self));
    while (!line->can_write || line->can_write(line->self, room)) {
        const size_t bytes = wg_device_outgoing(device, scratch, line->now_ms(line->self));
        if (!bytes) break;
        line->write(line->self, scratch, bytes);
    }
    return busy;
}
