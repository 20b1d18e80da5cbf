#include "wg_slots.h"

#include <string.h>

#include "wg_crc32.h"

static const wg_objection NONE = {0, 0, 0};

static int32_t held(uint32_t value) { return value > INT32_MAX ? INT32_MAX : (int32_t)value; }

static const uint8_t *file_in(const wg_device *device, uint32_t slot) {
    const wg_port *port = device->port;
    return port->mapped ? port->mapped(port->self, slot) : port->models[slot];
}

uint32_t wg_slots_arena(const wg_device *device) {
    uint32_t bytes = 0;
    for (uint32_t i = 0; i < device->port->slots; i++)
        if (device->slot[i].state == WG_READY) bytes += device->slot[i].arena;
    return bytes;
}

uint32_t wg_slots_ready(const wg_device *device) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < device->port->slots; i++) count += device->slot[i].state == WG_READY;
    return count;
}

/* Give each detector its part of the arena, in the order of slots. They begin anew, so what was under way has ended. */
static void lay_out(wg_device *device) {
    uint8_t *at = device->port->arena;
    for (uint32_t i = 0; i < device->port->slots; i++) {
        wg_slot *s = device->slot + i;
        if (s->state != WG_READY) continue;
        wg_detector_i8_init(&s->detector, &s->model, at, s->arena); /* does as open_file measured */
        at += s->arena;
    }
    device->doing = WG_IDLE;
    device->whole = 0;
}

static void empty(wg_device *device, uint32_t slot) {
    wg_slot *s = device->slot + slot;
    const int was_ready = s->state == WG_READY;
    s->state = WG_EMPTY;
    s->bytes = s->crc = s->have = s->arena = s->init_ticks = 0;
    if (was_ready) lay_out(device);
}

/* Empty a slot for good: what storage keeps of it must not come back after a restart. */
static void discard(wg_device *device, uint32_t slot) {
    empty(device, slot);
    if (device->port->erase) device->port->erase(device->port->self, slot, 0);
}

/* Make a detector of a file that is here; WG_ARENA: `excess` bytes of arena are missing. */
static int32_t open_file(wg_device *device, uint32_t slot, uint32_t bytes, uint32_t *excess) {
    wg_slot *s = device->slot + slot;
    const uint32_t from = device->port->ticks(device->port->self);
    const int32_t status = wg_model_open(&s->model, file_in(device, slot), bytes);
    if (status < 0) return status;
    const size_t needed = wg_detector_i8_bytes(&s->model);
    if (!needed || !s->model.header->head_layers) return WG_SHAPE; /* without a head there is nothing to tell */
    const uint32_t arena = (uint32_t)(needed + WG_ALIGN - 1) & ~(WG_ALIGN - 1u), used = wg_slots_arena(device);
    if (arena > device->port->arena_bytes - used) {
        *excess = arena - (device->port->arena_bytes - used);
        return WG_ARENA;
    }
    s->arena = arena;
    s->state = WG_READY;
    lay_out(device);
    s->init_ticks = device->port->ticks(device->port->self) - from;
    return WG_OK;
}

int32_t wg_device_adopt(wg_device *device, uint32_t slot, uint32_t bytes) {
    if (slot >= device->port->slots || bytes > device->port->model_room || !file_in(device, slot)) return WG_SHAPE;
    wg_slot *s = device->slot + slot;
    uint32_t excess;
    empty(device, slot);
    const int32_t status = open_file(device, slot, bytes, &excess);
    if (status < 0) return status;
    s->bytes = s->have = s->model.header->bytes;
    s->crc = wg_crc32(s->model.data, s->bytes);
    return WG_OK;
}

wg_objection wg_slots_load(wg_device *device, uint32_t slot, uint32_t bytes, uint32_t crc) {
    const wg_port *port = device->port;
    if (slot >= port->slots) return (wg_objection){WG_REFUSED_SLOT, (int32_t)port->slots, 0};
    wg_slot *s = device->slot + slot;
    if (bytes > port->model_room) return (wg_objection){WG_REFUSED_TOO_LARGE, held(bytes - port->model_room), "of the slot"};
    if (bytes && s->state != WG_EMPTY && s->bytes == bytes && s->crc == crc) return NONE;
    if (!bytes) {
        discard(device, slot);
        return NONE;
    }
    empty(device, slot);
    const int32_t status = port->erase ? port->erase(port->self, slot, bytes) : 0;
    if (status < 0) return (wg_objection){WG_REFUSED_STORAGE, status, "erasing"};
    s->bytes = bytes, s->crc = crc, s->state = WG_PARTIAL;
    return NONE;
}

/* The whole file is there. It is read back from where it lies: a bad flash is found too. */
static wg_objection complete(wg_device *device, uint32_t slot) {
    wg_slot *s = device->slot + slot;
    const uint8_t *file = file_in(device, slot);
    uint32_t excess = 0;
    if (!file) return (wg_objection){WG_REFUSED_STORAGE, 0, "reading"};
    if (!wg_crc32_is(wg_crc32(file, s->bytes), s->crc)) return (wg_objection){WG_REFUSED_CHECKSUM, 0, 0};
    const int32_t status = open_file(device, slot, s->bytes, &excess);
    if (status == WG_ARENA) return (wg_objection){WG_REFUSED_TOO_LARGE, held(excess), "of the arena"};
    return (wg_objection){status, 0, 0};
}

wg_objection wg_slots_chunk(wg_device *device, uint32_t slot, uint32_t offset, const uint8_t *data, uint32_t bytes) {
    const wg_port *port = device->port;
    if (slot >= port->slots) return (wg_objection){WG_REFUSED_SLOT, (int32_t)port->slots, 0};
    wg_slot *s = device->slot + slot;
    if (s->state != WG_PARTIAL) return (wg_objection){WG_REFUSED_ORDER, held(s->have), "no file was announced"};
    if (offset != s->have) return (wg_objection){WG_REFUSED_ORDER, held(s->have), 0};
    if (bytes > s->bytes - s->have)
        return (wg_objection){WG_REFUSED_TOO_LARGE, held(bytes - (s->bytes - s->have)), "of what was announced"};
    if (!port->erase) memcpy(port->models[slot] + offset, data, bytes);
    const int32_t status = port->erase ? port->write(port->self, slot, offset, data, bytes) : 0;
    s->have += bytes;
    const wg_objection why = status < 0            ? (wg_objection){WG_REFUSED_STORAGE, status, "writing"}
                             : s->have == s->bytes ? complete(device, slot)
                                                   : NONE;
    if (why.status) discard(device, slot);
    return why;
}
