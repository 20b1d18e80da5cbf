/* The parts of this port, one file each. Core functions run on the last core, drivers' interrupts on the first. */
#ifndef PORT_H
#define PORT_H

#include <stddef.h>
#include <stdint.h>

#define PORT_STACK_BYTES 8192u
#define PORT_RATE_HZ 16000u

/* line.c: bytes to and from the host. What is lost, the link sends again. */
void port_line_begin(void);
size_t port_line_read(uint8_t *data, size_t room, uint32_t wait_ms); /* as soon as there is a byte */
void port_line_write(const uint8_t *data, size_t bytes);

/* store.c: one model in the partition `model`. */
typedef struct {
    uint32_t bytes, crc; /* 0 bytes: none */
} port_kept;

uint32_t port_store_begin(void); /* room for a model; 0: no such partition, or it cannot be mapped */
port_kept port_store_kept(void); /* the model that a former run wrote to its end */
int32_t port_store_erase(void *self, uint32_t slot, uint32_t bytes);
int32_t port_store_write(void *self, uint32_t slot, uint32_t offset, const uint8_t *data, uint32_t bytes);
const uint8_t *port_store_mapped(void *self, uint32_t slot);

/* microphone.c */
typedef struct {
    int32_t level_mdbfs, offset; /* of the sound without its offset; the offset, in codes */
    uint8_t heard;               /* 0: there is none, or no code differed from another: nothing is connected */
} port_level;

port_level port_microphone_begin(void); /* listens for a quarter of a second */
int32_t port_microphone_capture(void *self, int16_t *pcm, uint32_t samples);
void port_microphone_rest(void); /* nobody listens any more */

/* facts.c */
void port_facts_begin(port_level level);
uint32_t port_ticks(void *self);
size_t port_info(void *self, uint8_t *out, size_t room);
size_t port_stats(void *self, uint8_t *out, size_t room);
size_t port_banner(char *out, size_t room, port_kept kept, int32_t status); /* text, without a 0 in it */

#endif
