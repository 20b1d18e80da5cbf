/* wakegen-device: a device that is this machine. Frames come on stdin and go to stdout; it ends when stdin does.
 *
 * Ticks are nanoseconds of the monotonic clock; their 32 bits run over every 4.29 s, so only shorter times have a meaning. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "wg_turn.h"

#ifndef WG_PORT_VERSION
#define WG_PORT_VERSION "unknown"
#endif
#ifndef WG_PORT_BUILD
#define WG_PORT_BUILD "unknown"
#endif

#ifndef WG_PORT_ARENA /* tests want a small one */
#define WG_PORT_ARENA (256 << 10)
#endif

enum { SLOTS = 2, MODEL_ROOM = 1 << 20, ARENA_BYTES = WG_PORT_ARENA, WINDOW = 8, MAX_BODY = 1024, PATIENCE_MS = 10 };

static _Alignas(WG_ALIGN) uint8_t models[SLOTS][MODEL_ROOM], arena[ARENA_BYTES], link_arena[WG_LINK_BYTES(WINDOW, MAX_BODY)];
static uint8_t scratch[WG_FRAME_WIRE(MAX_BODY)];
static wg_device device;

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint32_t ticks(void *self) { return (void)self, (uint32_t)now_ns(); }
static uint32_t now_ms(void *self) { return (void)self, (uint32_t)(now_ns() / 1000000u); }

static size_t info(void *self, uint8_t *out, size_t room) {
    (void)self;
    struct utsname name;
    size_t n = wg_fact_text(out, room, WG_FACT_CHIP, "host");
    n += wg_fact_text(out + n, room - n, WG_FACT_PORT, "host");
    n += wg_fact_text(out + n, room - n, WG_FACT_VERSION, WG_PORT_VERSION);
    n += wg_fact_text(out + n, room - n, WG_FACT_BUILD, WG_PORT_BUILD);
    n += wg_fact_number(out + n, room - n, WG_FACT_TICKS_PER_S, 1000000000);
    n += wg_fact_text(out + n, room - n, WG_FACT_TICKS_ARE, "nanoseconds");
    n += wg_fact_number(out + n, room - n, WG_FACT_CORES, sysconf(_SC_NPROCESSORS_ONLN));
    if (uname(&name) == 0) {
        n += wg_fact_text(out + n, room - n, WG_FACT_CORE, name.machine);
        n += wg_fact_text(out + n, room - n, WG_FACT_OS, name.sysname);
    }
    return n;
}

/* Of this program alone: getrusage carries over what the process had that started it. 0: it is not told here. */
static int64_t most_memory_kb(void) {
    char line[128];
    long kb = 0;
    FILE *status = fopen("/proc/self/status", "r");
    if (!status) return 0;
    while (fgets(line, sizeof line, status))
        if (sscanf(line, "VmHWM: %ld", &kb) == 1) break;
    fclose(status);
    return kb;
}

static size_t stats(void *self, uint8_t *out, size_t room) {
    (void)self;
    struct rusage used;
    if (getrusage(RUSAGE_SELF, &used) != 0) return 0;
    const struct timeval u = used.ru_utime, s = used.ru_stime;
    const int64_t cpu_ms = (int64_t)(u.tv_sec + s.tv_sec) * 1000 + (u.tv_usec + s.tv_usec) / 1000;
    size_t n = wg_fact_number(out, room, WG_FACT_CPU_MS, cpu_ms);
    const int64_t most_kb = most_memory_kb();
    if (most_kb) n += wg_fact_number(out + n, room - n, WG_FACT_RSS_MOST, most_kb * 1024);
    return n;
}

static int is_ready(int file, short events, int wait_ms) {
    struct pollfd one = {.fd = file, .events = events};
    return poll(&one, 1, wait_ms) > 0;
}

static size_t read_some(void *self, uint8_t *data, size_t room) {
    (void)self;
    if (!is_ready(STDIN_FILENO, POLLIN, 0)) return 0;
    const ssize_t got = read(STDIN_FILENO, data, room);
    if (got > 0) return (size_t)got;
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return 0;
    exit(got < 0); /* whoever asked has gone */
}

static void write_all(void *self, const uint8_t *data, size_t bytes) {
    (void)self;
    while (bytes) {
        const ssize_t put = write(STDOUT_FILENO, data, bytes);
        if (put < 0 && (errno == EINTR || errno == EAGAIN)) {
            is_ready(STDOUT_FILENO, POLLOUT, PATIENCE_MS);
            continue;
        }
        if (put < 0) exit(1);
        data += put, bytes -= (size_t)put;
    }
}

/* A pipe that polls as writable takes PIPE_BUF bytes at once, 512 or more; a rest that does not fit waits for the reader. */
static int can_write(void *self, size_t bytes) { return (void)self, (void)bytes, is_ready(STDOUT_FILENO, POLLOUT, 0); }

int main(void) {
    static const wg_port port = {
        .ticks = ticks, .info = info, .stats = stats, .models = {models[0], models[1]},
        .slots = SLOTS, .model_room = MODEL_ROOM, .arena = arena, .arena_bytes = ARENA_BYTES,
    };
    static const wg_line line = {.now_ms = now_ms, .read = read_some, .write = write_all, .can_write = can_write};
    signal(SIGPIPE, SIG_IGN); /* write says it too */
    if (wg_device_init(&device, &port, WINDOW, MAX_BODY, link_arena, sizeof link_arena, now_ms(0)) != WG_OK) return 2;
    for (;;)
        if (!wg_turn(&device, &line, scratch)) is_ready(STDIN_FILENO, POLLIN, PATIENCE_MS);
}
