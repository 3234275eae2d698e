/* WebSocket frames (RFC 6455): a pure reader and writer of frames, either side.
 *
 *     n = mr_ws_read(ws, data, len, &frame)      n bytes consumed, a frame or message in `frame`; 0: needs more bytes
 *
 * A whole unfragmented message is given in place, without a copy (a server's reader unmasks in place). Fragments are joined in the assembly buffer given
 * at init; control frames inside them come through at once. Text is checked for UTF-8 as it arrives, also over fragments.
 * No extension is ever offered or accepted: reserved bits are an error.
 *
 * Errors  MR_E_MALFORMED (RFC violations), MR_E_TOO_BIG (beyond message_max), MR_E_TYPE (not UTF-8); ws->close_code is the code to
 *         close with (1002, 1009, 1007) and ws->reason says which rule. After an error the reader stays there. */
#ifndef MR_WS_WS_H
#define MR_WS_WS_H

#include "dataplane/base/base.h"

enum mr_ws_opcode { MR_WS_CONTINUATION = 0, MR_WS_TEXT = 1, MR_WS_BINARY = 2, MR_WS_CLOSE = 8, MR_WS_PING = 9, MR_WS_PONG = 10 };
enum mr_ws_side { MR_WS_CLIENT, MR_WS_SERVER }; /* which side reads: a client's reader refuses masked frames, a server's unmasked ones */
#define MR_WS_HEAD_MAX 14

struct mr_ws {
    uint8_t *assembly;
    uint32_t message_max, assembled;
    uint8_t side, opcode; /* of the message being assembled; 0 none */
    uint16_t close_code;
    int status;
    uint32_t utf8;        /* state of the text check between fragments */
    const char *reason;
    uint64_t frames, messages, fragments, controls;
};
struct mr_ws_frame { uint8_t *data; uint32_t len; uint8_t opcode; /* TEXT, BINARY, CLOSE, PING, PONG; CONTINUATION: a fragment was taken, nothing to report */ uint16_t close_code; };

/* `assembly`: message_max bytes. */
void mr_ws_init(struct mr_ws *ws, enum mr_ws_side side, uint8_t *assembly, uint32_t message_max);
void mr_ws_reset(struct mr_ws *ws); /* for the next connection */
int64_t mr_ws_read(struct mr_ws *ws, uint8_t *data, uint32_t len, struct mr_ws_frame *frame);

/* Writes head and payload; `mask` is random and wanted from a client (NULL: a server's frame). Bytes written, or MR_E_FULL. */
int64_t mr_ws_write(uint8_t *out, uint32_t room, uint8_t opcode, bool fin, const uint8_t mask[4], const void *payload, uint32_t len);
int64_t mr_ws_write_close(uint8_t *out, uint32_t room, const uint8_t mask[4], uint16_t code, const char *reason);

#endif
