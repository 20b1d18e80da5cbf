#include "wg_turn.h"

int wg_turn(wg_device *device, const wg_line *line, uint8_t *scratch) {
    const size_t room = WG_FRAME_WIRE(device->link.max_body);
    size_t bytes = line->read(line->self, scratch, room);
    if (bytes) wg_device_receive(device, scratch, bytes, line->now_ms(line->self));
    const int busy = wg_device_work(device, line->now_ms(line->self)) || bytes;
    while (!line->can_write || line->can_write(line->self, room)) {
        bytes = wg_device_outgoing(device, scratch, line->now_ms(line->self));
        if (!bytes) break;
        line->write(line->self, scratch, bytes);
    }
    return busy;
}
