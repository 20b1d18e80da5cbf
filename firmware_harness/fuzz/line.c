/* libFuzzer: any bytes as they come over a line, in pieces, into the splitter and the link, which answers and is emptied now and then.
 *
 * Whatever comes, no message is longer than was agreed, none comes twice, and every frame that goes out is one. */
#include <stdlib.h>
#include <string.h>

#include "wg_link.h"

enum { WINDOW = 4, MAX_BODY = 64 };

static void check(int holds) {
    if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t arena[2 * WINDOW * MAX_BODY + WG_FRAME_PLAIN(MAX_BODY) + 4], own[WG_FRAME_PLAIN(MAX_BODY)];
    uint8_t wire[WG_FRAME_WIRE(MAX_BODY)];
    wg_link link;
    wg_splitter host;
    uint32_t now_ms = 0;
    check(wg_link_init(&link, WINDOW, MAX_BODY, arena, sizeof arena) == 0);
    wg_splitter_init(&host, own, sizeof own);
    while (size) {
        const size_t piece = 1u + data[0] % 97u < size ? 1u + data[0] % 97u : size;
        wg_link_receive(&link, data, piece, now_ms);
        now_ms += data[piece - 1];
        data += piece, size -= piece;
        uint32_t bytes;
        const uint8_t *message = wg_link_message(&link, &bytes);
        if (message && now_ms % 3) {
            check(bytes <= MAX_BODY);
            uint8_t *place = wg_link_place(&link);
            if (place) {
                const uint32_t most = bytes < link.message ? bytes : link.message;
                memcpy(place, message, most);
                wg_link_send(&link, most);
            }
            wg_link_done(&link);
        }
        wg_frame frame;
        for (size_t count; (count = wg_link_outgoing(&link, wire, now_ms));) {
            check(count <= sizeof wire && wire[count - 1] == 0);
            int whole = 0;
            for (size_t i = 0; i < count; i++) whole += wg_splitter_push(&host, wire[i], &frame);
            check(whole == 1 && frame.kind < WG_KINDS);
        }
    }
    return 0;
}
