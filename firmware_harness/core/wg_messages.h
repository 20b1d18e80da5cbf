/* Made by firmware_harness/tables.py: do not edit. */
#ifndef WG_MESSAGES_H
#define WG_MESSAGES_H

#include <stdint.h>

/* The first byte of a message, and the bytes of its fields behind it. */
enum wg_message {
    WG_MSG_ASK_INFO = 1,
    WG_MSG_ASK_STATS = 2,
    WG_MSG_LOAD = 3,
    WG_MSG_CHUNK = 4,
    WG_MSG_START = 5,
    WG_MSG_AUDIO = 6,
    WG_MSG_STOP = 7,
    WG_MSG_RUN = 8,
    WG_MSG_CAPTURE = 9,
    WG_MSG_CANCEL = 10,
    WG_MSG_INFO = 129,
    WG_MSG_STATS = 130,
    WG_MSG_LOADED = 131,
    WG_MSG_SCORES = 132,
    WG_MSG_LOG = 133,
    WG_MSG_RECORDED = 134,
    WG_MSG_HEARD = 135,
    WG_MSG_ERROR = 143
};

enum wg_message_bytes {
    WG_MSG_ASK_INFO_BYTES = 0,
    WG_MSG_ASK_STATS_BYTES = 0,
    WG_MSG_LOAD_BYTES = 9,
    WG_MSG_CHUNK_BYTES = 5,
    WG_MSG_START_BYTES = 4,
    WG_MSG_AUDIO_BYTES = 4,
    WG_MSG_STOP_BYTES = 0,
    WG_MSG_RUN_BYTES = 4,
    WG_MSG_CAPTURE_BYTES = 4,
    WG_MSG_CANCEL_BYTES = 0,
    WG_MSG_INFO_BYTES = 0,
    WG_MSG_STATS_BYTES = 0,
    WG_MSG_LOADED_BYTES = 27,
    WG_MSG_SCORES_BYTES = 5,
    WG_MSG_LOG_BYTES = 1,
    WG_MSG_RECORDED_BYTES = 4,
    WG_MSG_HEARD_BYTES = 20,
    WG_MSG_ERROR_BYTES = 9
};

enum wg_state {
    WG_EMPTY = 0,
    WG_PARTIAL = 1,
    WG_READY = 2
};

enum wg_values {
    WG_SUM = 1,
    WG_SCORE = 2
};

enum wg_refusal {
    WG_REFUSED_UNKNOWN = 1,
    WG_REFUSED_ORDER = 2,
    WG_REFUSED_SLOT = 3,
    WG_REFUSED_TOO_LARGE = 4,
    WG_REFUSED_EMPTY = 5,
    WG_REFUSED_CHECKSUM = 6,
    WG_REFUSED_STORAGE = 7,
    WG_REFUSED_MICROPHONE = 8,
    WG_REFUSED_BAD_MODEL = 9,
    WG_REFUSED_STEP = 10
};

enum wg_flag {
    WG_READY_NOW = 1,
    WG_FIRED = 2
};

enum wg_fact {
    WG_FACT_CHIP = 1,
    WG_FACT_CORE = 2,
    WG_FACT_PORT = 3,
    WG_FACT_VERSION = 4,
    WG_FACT_BUILD = 5,
    WG_FACT_CLOCK_HZ = 6,
    WG_FACT_TICKS_PER_S = 7,
    WG_FACT_TICKS_ARE = 8,
    WG_FACT_SLOTS = 9,
    WG_FACT_MODEL_ROOM = 10,
    WG_FACT_ARENA_BYTES = 11,
    WG_FACT_RATE_HZ = 12,
    WG_FACT_CHANNELS = 13,
    WG_FACT_LEVEL_MDBFS = 14,
    WG_FACT_FORMATS = 15,
    WG_FACT_OS = 16,
    WG_FACT_PYTHON = 17,
    WG_FACT_RUNTIME = 18,
    WG_FACT_CORES = 19,
    WG_FACT_MEMORY_KB = 20,
    WG_FACT_GOVERNOR = 21,
    WG_FACT_HOST = 22,
    WG_FACT_UPTIME_MS = 64,
    WG_FACT_HEAP_FREE = 65,
    WG_FACT_HEAP_LEAST = 66,
    WG_FACT_PSRAM_FREE = 67,
    WG_FACT_PSRAM_LEAST = 68,
    WG_FACT_ARENA_USED = 69,
    WG_FACT_STACK_BYTES = 70,
    WG_FACT_STACK_USED = 71,
    WG_FACT_FLASH_USED = 72,
    WG_FACT_TEMPERATURE_MC = 73,
    WG_FACT_THROTTLED = 74,
    WG_FACT_RSS_BYTES = 75,
    WG_FACT_RSS_MOST = 76,
    WG_FACT_PSS_BYTES = 77,
    WG_FACT_CLOCK_NOW_HZ = 78,
    WG_FACT_LOAD_MILLI = 79,
    WG_FACT_CPU_MS = 80,
    WG_FACT_FRAMES_BAD = 81,
    WG_FACT_FRAMES_AGAIN = 82
};

#endif
