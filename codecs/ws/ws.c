#include "codecs/ws/ws_priv.h"

#include <endian.h>
#include <stddef.h>

static MR_COLD int64_t fail(struct mr_ws *ws, int status, const char *reason)
{
    ws->status = status;
    ws->close_code = status == MR_E_TYPE ? 1007 : status == MR_E_TOO_BIG ? 1009 : 1002;
    ws->reason = reason;
    return status;
}

static MR_COLD int64_t malformed(struct mr_ws *ws, const char *reason) { return fail(ws, MR_E_MALFORMED, reason); }

/* What the first two bytes of a frame may not be, given what came before; NULL: nothing wrong. */
static const char *broken(const struct mr_ws *ws, uint8_t first, uint8_t second)
{
    uint8_t opcode = first & 15;
    if (first & 0x70)
        return "a reserved bit is set, and no extension was agreed on";
    if ((opcode > MR_WS_BINARY && opcode < MR_WS_CLOSE) || opcode > MR_WS_PONG)
        return "an opcode that RFC 6455 does not know";
    if (opcode >= MR_WS_CLOSE && !(first & 0x80))
        return "a control frame in fragments";
    if (opcode >= MR_WS_CLOSE && (second & 127) > MR_WS_CONTROL_MAX)
        return "a control frame of more than 125 bytes";
    if (opcode == MR_WS_CONTINUATION && ws->opcode == 0)
        return "a continuation, and nothing to continue";
    if ((opcode == MR_WS_TEXT || opcode == MR_WS_BINARY) && ws->opcode != 0)
        return "a new message inside a fragmented one";
    if (second >> 7 != (ws->side == MR_WS_SERVER))
        return ws->side == MR_WS_SERVER ? "a client's frame without a mask" : "a server's frame with a mask";
    return NULL;
}

MR_INLINE uint64_t big_endian(const uint8_t *data, uint32_t bytes)
{
    uint64_t value = 0;
    for (uint32_t i = 0; i < bytes; i++)
        value = value << 8 | data[i];
    return value;
}

/* The length behind 127. False: not whole yet, or wrong, which the status says. */
static bool length_64(struct mr_ws *ws, const uint8_t *data, uint32_t len, uint64_t *size)
{
    if (len < 10)
        return false;
    *size = big_endian(data + 2, 8);
    if (*size >> 63)
        malformed(ws, "a length with its top bit set");
    else if (*size < 65536)
        malformed(ws, "a length of 8 bytes where 2 or 7 bits would do");
    return ws->status == MR_OK;
}

/* A close frame's code and reason. Nothing may come behind it. */
static MR_COLD int64_t take_close(struct mr_ws *ws, struct mr_ws_frame *frame, int64_t consumed)
{
    frame->close_code = MR_WS_CODE_NONE;
    ws->close_code = 0;
    if (frame->len == 1)
        return malformed(ws, "a close frame with half a code");
    if (frame->len > 0) {
        frame->close_code = (uint16_t)big_endian(frame->data, 2);
        frame->data += 2;
        frame->len -= 2;
        if (!mr_ws_code_legal(frame->close_code))
            return malformed(ws, "a close code that may not be sent");
        if (ws->check(frame->data, frame->len, 0) != 0)
            return fail(ws, MR_E_TYPE, "a close reason that is not UTF-8");
        ws->close_code = frame->close_code;
    }
    ws->status = MR_E_END;
    ws->reason = "the peer's close frame has come";
    return consumed;
}

/* Keeps a whole fragment; the last one gives the message. */
static int64_t take_fragment(struct mr_ws *ws, struct mr_ws_frame *frame, bool fin, int64_t consumed)
{
    if (frame->len > 0)
        memcpy(ws->assembly + ws->assembled, frame->data, frame->len);
    ws->assembled += frame->len;
    ws->fragments++;
    if (frame->opcode != MR_WS_CONTINUATION)
        ws->opcode = frame->opcode;
    *frame = (struct mr_ws_frame){.opcode = MR_WS_CONTINUATION};
    if (fin) {
        *frame = (struct mr_ws_frame){.data = ws->assembly, .len = ws->assembled, .opcode = ws->opcode};
        ws->messages++;
        ws->assembled = 0;
        ws->opcode = 0;
    }
    return consumed;
}

/* Looks at `count` bytes of payload, of which ws->seen were looked at before. False: not UTF-8. */
MR_INLINE bool look(struct mr_ws *ws, uint8_t *payload, uint32_t count, bool masked, bool text)
{
    uint32_t seen = ws->seen;
    if (masked)
        mr_ws_mask(payload + seen, count - seen, payload - 4, seen);
    if (text)
        ws->utf8 = ws->check(payload + seen, count - seen, ws->utf8);
    ws->seen = count;
    return ws->utf8 != MR_WS_UTF8_BAD;
}

/* Any frame, or any part of one. */
static __attribute__((noinline)) int64_t read_any(struct mr_ws *ws, uint8_t *data, uint32_t len,
                                                  struct mr_ws_frame *frame)
{
    if (mr_unlikely(ws->status != MR_OK))
        return ws->status;
    if (mr_unlikely(len < 2))
        return 0;
    uint8_t first = data[0], second = data[1], opcode = first & 15;
    const char *why = broken(ws, first, second);
    if (mr_unlikely(why != NULL))
        return malformed(ws, why);

    uint64_t size = second & 127;
    uint32_t head = 2;
    if (size == 126) {
        if (mr_unlikely(len < 4))
            return 0;
        size = big_endian(data + 2, 2);
        head = 4;
        if (mr_unlikely(size < 126))
            return malformed(ws, "a length of 2 bytes where 7 bits would do");
    } else if (mr_unlikely(size == 127)) {
        if (!length_64(ws, data, len, &size))
            return ws->status;
        head = 10;
    }
    bool control = opcode >= MR_WS_CLOSE, masked = second >> 7;
    if (mr_unlikely(size > ws->message_max - ws->assembled && !control))
        return fail(ws, MR_E_TOO_BIG, "a message larger than the limit");
    head += masked ? 4 : 0;
    if (mr_unlikely(len < head))
        return 0;

    bool text = opcode == MR_WS_TEXT || (opcode == MR_WS_CONTINUATION && ws->opcode == MR_WS_TEXT);
    uint32_t arrived = len - head < size ? len - head : (uint32_t)size;
    if (mr_unlikely(!look(ws, data + head, arrived, masked, text)))
        return fail(ws, MR_E_TYPE, "a text that is not UTF-8");
    if (arrived < size)
        return 0;
    bool fin = first >> 7;
    if (mr_unlikely(fin && text && ws->utf8 != 0))
        return fail(ws, MR_E_TYPE, "a text that ends inside a character");

    ws->seen = 0;
    ws->frames++;
    *frame = (struct mr_ws_frame){.data = data + head, .len = arrived, .opcode = opcode};
    int64_t consumed = (int64_t)head + arrived;
    if (mr_unlikely(control)) {
        ws->controls++;
        return opcode == MR_WS_CLOSE ? take_close(ws, frame, consumed) : consumed;
    }
    if (mr_unlikely(!fin || opcode == MR_WS_CONTINUATION))
        return take_fragment(ws, frame, fin, consumed);
    ws->messages++;
    return consumed;
}

/* Is the reader a client's, between two messages, with nothing looked at yet? Read as two words. */
MR_INLINE bool between_messages(const struct mr_ws *ws)
{
    static_assert(offsetof(struct mr_ws, status) + sizeof ws->status - offsetof(struct mr_ws, side) == 8 &&
                      offsetof(struct mr_ws, seen) + sizeof ws->seen - offsetof(struct mr_ws, utf8) == 8 &&
                      MR_WS_CLIENT == 0 && MR_OK == 0,
                  "side, opcode, close_code, status; utf8, seen: all of them 0");
    uint64_t state, text;
    memcpy(&state, &ws->side, sizeof state);
    memcpy(&text, &ws->utf8, sizeof text);
    return (state | text) == 0;
}

MR_INLINE int64_t whole_message(struct mr_ws *ws, uint8_t *data, uint32_t head, uint32_t size, uint8_t opcode,
                                struct mr_ws_frame *frame)
{
    frame->data = data + head;
    frame->len = size;
    frame->opcode = opcode;
    frame->close_code = 0;
    ws->frames++;
    ws->messages++;
    return (int64_t)head + size;
}

/* Apart, so that the registers that it keeps over the check are saved for texts alone. */
static __attribute__((noinline)) MR_HOT int64_t whole_text(struct mr_ws *ws, uint8_t *data, uint32_t len,
                                                           struct mr_ws_frame *frame, uint32_t head, uint32_t size)
{
    if (mr_unlikely(ws->check(data + head, size, 0) != 0))
        return read_any(ws, data, len, frame);
    return whole_message(ws, data, head, size, MR_WS_TEXT, frame);
}

MR_INLINE int64_t whole(struct mr_ws *ws, uint8_t *data, uint32_t len, struct mr_ws_frame *frame, uint32_t head,
                        uint32_t size)
{
    if (mr_unlikely(size > len - head || size > ws->message_max))
        return read_any(ws, data, len, frame);
    return data[0] == (0x80 | MR_WS_TEXT) ? whole_text(ws, data, len, frame, head, size)
                                          : whole_message(ws, data, head, size, MR_WS_BINARY, frame);
}

/* A whole message in one frame, unmasked, as nearly all are, has a path of its own; whatever is else, or wrong, goes the
 * long way, which decides again from the start. Where the next frame begins follows from this one's length, so the way from
 * the length to the result is kept short: the head's size is known by a branch, which is foreseen. */
MR_HOT int64_t mr_ws_read(struct mr_ws *ws, uint8_t *data, uint32_t len, struct mr_ws_frame *frame)
{
    if (mr_unlikely(len < 4 || !between_messages(ws) || data[0] - (0x80u | MR_WS_TEXT) > MR_WS_BINARY - MR_WS_TEXT))
        return read_any(ws, data, len, frame);
    if (data[1] == 126) {
        uint16_t wire;
        memcpy(&wire, data + 2, sizeof wire);
        uint32_t size = be16toh(wire);
        return mr_likely(size >= 126) ? whole(ws, data, len, frame, 4, size) : read_any(ws, data, len, frame);
    }
    return mr_likely(data[1] < 126) ? whole(ws, data, len, frame, 2, data[1]) : read_any(ws, data, len, frame);
}
