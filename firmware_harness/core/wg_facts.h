/* What every device says of itself and of its state (docs/protocol.md), whatever its port adds. */
#ifndef WG_FACTS_H
#define WG_FACTS_H

#include "wg_device.h"

/** Write the facts that answer INFO, or STATS; gives the bytes they took, `room` at most. */
size_t wg_facts_info(const wg_device *device, uint8_t *out, size_t room);
size_t wg_facts_stats(const wg_device *device, uint8_t *out, size_t room, uint32_t now_ms);

#endif
