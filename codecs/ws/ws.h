/* WebSocket frames (RFC 6455): a pure reader and writer of frames, either side.
 *
 *     n = mr_ws_read(ws, data, len, &frame)      n bytes consumed, a frame or message in `frame`; 0: needs more bytes
 *
 * A whole unfragmented message is given in place, without a copy (a server's reader unmasks in place). Fragments are
 * joined in the assembly buffer given at init; control frames inside them come through at once. Text is checked for
 * UTF-8 as it arrives, also over fragments and over the parts of a frame that is not whole yet.
 * No extension is ever offered or accepted: reserved bits are an error.
 *
 * Bytes   `data` begins at a frame. After 0 the same bytes are given again with more behind them (they may have
 *         moved); what was looked at (and unmasked) is not looked at again. So a buffer of message_max +
 *         MR_WS_HEAD_MAX bytes takes any frame. After n > 0 go on at data + n. How a stream was cut never changes
 *         what comes out (tests: at every split).
 * Memory  frame->data points into `data`, or into the assembly: good until the next call.
 * Errors  MR_E_MALFORMED (RFC violations), MR_E_TOO_BIG (beyond message_max: known from the head alone), MR_E_TYPE
 *         (not UTF-8); ws->close_code is the code to close with (1002, 1009, 1007) and ws->reason says which rule.
 *         After an error the reader stays there. After a close frame nothing may follow: MR_E_END for whatever does.
 * Cost    perf/codecs/ws/bench_ws.c */
#ifndef MR_WS_WS_H
#define MR_WS_WS_H

#include "dataplane/base/base.h"

enum mr_ws_opcode {
    MR_WS_CONTINUATION = 0,
    MR_WS_TEXT = 1,
    MR_WS_BINARY = 2,
    MR_WS_CLOSE = 8,
    MR_WS_PING = 9,
    MR_WS_PONG = 10
};
enum mr_ws_side {
    MR_WS_CLIENT,
    MR_WS_SERVER
}; /* which side reads: a client's reader refuses masked frames, a server's unmasked ones */
#define MR_WS_HEAD_MAX 14
#define MR_WS_CONTROL_MAX 125
#define MR_WS_CODE_NONE 1005 /* the peer's close frame holds no code (never on the wire) */

struct mr_ws {
    uint8_t *assembly;
    uint32_t message_max, assembled;
    uint8_t side, opcode; /* of the message being assembled; 0 none */
    uint16_t close_code;
    int status;
    uint32_t utf8; /* state of the text check between fragments; 0: at a character's end */
    uint32_t seen; /* payload bytes of the frame now arriving that are unmasked and checked */
    const char *reason;
    uint32_t (*check)(const uint8_t *data, uint32_t len, uint32_t state); /* mr_ws_utf8 of the kernel */
    uint64_t frames, messages, fragments, controls;
};
struct mr_ws_frame {
    uint8_t *data; /* of CLOSE: the reason, behind the code */
    uint32_t len;
    uint8_t opcode;      /* TEXT, BINARY, CLOSE, PING, PONG; CONTINUATION: a fragment was taken, nothing to report */
    uint16_t close_code; /* of CLOSE: the peer's code, or MR_WS_CODE_NONE */
};

/* `assembly`: message_max bytes. */
void mr_ws_init(struct mr_ws *ws, enum mr_ws_side side, uint8_t *assembly, uint32_t message_max);
void mr_ws_reset(struct mr_ws *ws); /* for the next connection; the counts go on */
int64_t mr_ws_read(struct mr_ws *ws, uint8_t *data, uint32_t len, struct mr_ws_frame *frame);

/* Writes head and payload; `mask` is random and wanted from a client (NULL: a server's frame). Bytes written, or
 * MR_E_FULL; MR_E_INVALID for what no peer may send (an unknown opcode, a control frame fragmented or over 125 bytes). */
int64_t mr_ws_write(uint8_t *out, uint32_t room, uint8_t opcode, bool fin, const uint8_t mask[4], const void *payload,
                    uint32_t len);
/* A reason (NULL: none) beyond 123 bytes is cut in front of a character. `code` 0 writes an empty close frame. MR_E_INVALID also
 * for a code that may not be sent. */
int64_t mr_ws_write_close(uint8_t *out, uint32_t room, const uint8_t mask[4], uint16_t code, const char *reason);

/* May this code stand in a close frame (RFC 6455 7.4, and 1012 to 1014 of the IANA registry)? */
bool mr_ws_code_legal(uint16_t code);

/* One step of a UTF-8 check over text that comes in parts: begin with state 0; the text may end where the state is 0.
 * MR_WS_UTF8_BAD is an error at any point and stays. */
#define MR_WS_UTF8_BAD UINT32_MAX
uint32_t mr_ws_utf8(const uint8_t *data, uint32_t len, uint32_t state);

#endif
