/* From received bytes to delivered messages: the path of every byte. */
#include "dataplane/session/session_priv.h"

#include <stdio.h>

MR_METRICS_DEFINE(mr_session, MR_SESSION_METRICS);

/* A venue's notice may make an event of its own (serverShutdown does): a message of one slot and so few bytes is asked about too. Market
 * data is longer. */
#define NOTICE_BYTES 128
#define LIFE_MARGIN_NS (10 * MR_NS_PER_S)
#define BANNED_S 120       /* 418 without Retry-After */
#define TURNED_AWAY_S 3600 /* the longest that is believed */

/* ---- messages ---- */

static void pong_came(struct mr_session *s)
{
    if (!s->ping_open)
        return;
    s->ping_open = false;
    MR_RECORD(s->metrics, pong_ns, s->now_ns - s->ping_ns);
}

/* We may speak: what is wanted is asked for. */
static void ready(struct mr_session *s, const char *why)
{
    mr_session_streams_begin(s);
    mr_session_enter(s, MR_SESSION_SUBSCRIBE, why);
    mr_session_pump(s);
    mr_session_settle(s);
}

/* What the venue says before it listens: welcome, or that the token is none. */
static MR_COLD void greeted(struct mr_session *s, const struct mr_control *said)
{
    char why[sizeof s->why];
    if (said->kind == MR_CONTROL_WELCOME) {
        ready(s, "welcome");
        return;
    }
    snprintf(why, sizeof why, "no welcome: %s", said->text);
    mr_session_end(s, MR_END_UPGRADE, why);
}

/* A message that held no market data. */
static MR_COLD void listen(struct mr_session *s, const struct mr_frame *message)
{
    struct mr_control said;
    s->dialect->control(s->config.product, (struct mr_span){message->data, message->len}, &said);
    if (mr_unlikely(s->state == MR_SESSION_WELCOME) &&
        (said.kind == MR_CONTROL_WELCOME || said.kind == MR_CONTROL_ERROR)) {
        greeted(s, &said);
        return;
    }
    switch (said.kind) {
    case MR_CONTROL_PONG:
        pong_came(s);
        break;
    case MR_CONTROL_PING:
        memcpy(s->answer, said.text, sizeof s->answer);
        s->answer_due = true;
        mr_session_pump(s);
        break;
    case MR_CONTROL_CLOSING: /* not all connections of a venue at the same moment */
        if (s->noticed)
            break;
        s->noticed = true;
        s->planned_ns = s->now_ns + (int64_t)mr_session_random(s, (uint64_t)MR_NS_PER_S);
        snprintf(s->why, sizeof s->why, "the venue will close: %.70s", said.text);
        break;
    case MR_CONTROL_NONE:
    case MR_CONTROL_OTHER:
    case MR_CONTROL_WELCOME:
        break;
    default:
        mr_session_control(s, &said);
        break;
    }
}

/* The message that waited longest so far for its session. It is not decoded yet: its beginning tells what it is. */
static MR_COLD void trace(struct mr_session *s, const struct mr_ws_frame *frame, const struct mr_piece *piece)
{
    struct mr_trace t = mr_trace_of(s->now_ns - piece->recv_ns, s->now_ns);
    t.recv_ns = piece->recv_ns;
    t.connection = s->config.connection;
    t.bytes = (uint32_t)frame->len;
    t.waiting = s->end - s->begin;
    t.thread = MR_TRACE_THREAD_FEED;
    t.tile = s->config.tile;
    t.clock = piece->clock;
    memcpy(t.begins, frame->data, frame->len < sizeof t.begins ? frame->len : sizeof t.begins - 1);
    MR_TRACE(s->metrics, frame_ns, &t);
}

static void message(struct mr_session *s, const struct mr_ws_frame *frame, const struct mr_piece *piece)
{
    const struct mr_frame out = {.data = frame->data,
                                 .len = frame->len,
                                 .connection = s->config.connection,
                                 .clock = piece->clock,
                                 .recv_ns = piece->recv_ns};
    MR_COUNT(s->metrics, frames, 1);
    if (MR_RECORD_MAX(s->metrics, frame_ns, s->now_ns - piece->recv_ns))
        trace(s, frame, piece);
    int n = s->config.deliver(s->config.arg, s, &out);
    if (mr_unlikely(n <= 0 || (n == 1 && frame->len <= NOTICE_BYTES)) && mr_session_open(s))
        listen(s, &out);
}

static MR_COLD void closed_by_peer(struct mr_session *s, const struct mr_ws_frame *frame)
{
    char why[sizeof s->why];
    bool notice = s->noticed || frame->close_code == 1001 || frame->close_code == 1012;
    if (frame->close_code == MR_WS_CODE_NONE)
        snprintf(why, sizeof why, "the venue closed, and did not say why");
    else
        snprintf(why, sizeof why, "the venue closed: %u %.*s", frame->close_code,
                 (int)(frame->len < 60 ? frame->len : 60), (const char *)frame->data);
    for (char *c = why; *c; c++)
        *c = (uint8_t)*c < ' ' ? ' ' : *c;
    mr_session_send_close(s, frame->close_code == MR_WS_CODE_NONE ? 0 : frame->close_code, NULL);
    char text[sizeof s->why];
    mr_session_end(s, notice ? MR_END_PLANNED : MR_END_PLAIN,
                   notice ? why : mr_session_blame(s, why, text, sizeof text));
}

static MR_COLD void broken(struct mr_session *s)
{
    char why[sizeof s->why];
    snprintf(why, sizeof why, "WebSocket: %s", s->ws.reason);
    if (s->linger == MR_LINGER_NONE)
        mr_session_send_close(s, s->ws.close_code, s->ws.reason);
    mr_session_end(s, s->ws.status == MR_E_TOO_BIG ? MR_END_TOO_BIG : MR_END_PROTOCOL, why);
}

/* What is no text or binary message. */
static MR_COLD void control_frame(struct mr_session *s, const struct mr_ws_frame *frame)
{
    switch (frame->opcode) {
    case MR_WS_PING: /* the last one is answered, should they come faster than we may send (RFC 6455 5.5.3) */
        memcpy(s->pong, frame->data, frame->len);
        s->pong_len = frame->len;
        s->pong_due = true;
        mr_session_pump(s);
        break;
    case MR_WS_PONG:
        pong_came(s);
        break;
    case MR_WS_CLOSE:
        closed_by_peer(s, frame);
        break;
    default:
        break; /* a fragment, kept by the reader */
    }
}

/* Frames of the plaintext that is there, until there are no more or the connection ends. */
static void read_frames(struct mr_session *s, const struct mr_piece *piece)
{
    struct mr_ws_frame frame;
    while (s->begin < s->end) {
        int64_t n = mr_ws_read(&s->ws, s->plain + s->begin, s->end - s->begin, &frame);
        if (n == 0)
            break;
        if (mr_unlikely(n < 0)) {
            broken(s);
            return;
        }
        s->begin += (uint32_t)n;
        if (mr_likely(frame.opcode == MR_WS_TEXT || frame.opcode == MR_WS_BINARY))
            message(s, &frame, piece);
        else
            control_frame(s, &frame);
        if (mr_unlikely(!mr_session_open(s)))
            return;
    }
}

/* We have said goodbye: nothing is delivered any more, only the peer's close frame is looked for. */
static MR_COLD void read_last_frames(struct mr_session *s)
{
    struct mr_ws_frame frame;
    int64_t n = 1;
    while (s->begin < s->end && n > 0) {
        n = mr_ws_read(&s->ws, s->plain + s->begin, s->end - s->begin, &frame);
        if (n < 0 || (n > 0 && frame.opcode == MR_WS_CLOSE)) {
            mr_session_end(s, MR_END_PLAIN, NULL);
            return;
        }
        s->begin += (uint32_t)n;
    }
}

/* ---- the steps before messages ---- */

static void upgrade(struct mr_session *s)
{
    char bytes[MR_GRANT_PATH_BYTES + 1024];
    struct mr_text text;
    mr_text_init(&text, bytes, sizeof bytes);
    mr_session_enter(s, MR_SESSION_UPGRADE, s->tls_text);
    s->has_token = false; /* good for this one; should it be refused, the next dial brings another */
    if (mr_ws_request(&text, s->host, s->route->port, s->route->path, s->key) < 0 ||
        !mr_session_write(s, bytes, (uint32_t)text.len))
        mr_session_end(s, MR_END_UPGRADE, "host or path cannot stand in a request");
}

static void handshake(struct mr_session *s, struct mr_tls_cursor *in)
{
    struct mr_tls_info info;
    int status = mr_tls_handshake(s->tls, in);
    if (status < 0 && status != MR_E_AGAIN) {
        mr_session_flush(s); /* the alert, so that the venue's log says it too */
        if (s->connected)
            mr_session_end(s, MR_END_TLS, mr_tls_error(s->tls));
        return;
    }
    if (status == MR_OK) {
        mr_tls_info(s->tls, &info);
        snprintf(s->tls_text, sizeof s->tls_text, "%s %s%s%s", info.version, info.cipher,
                 info.own ? ", own reader" : "", info.resumed ? ", resumed" : "");
        upgrade(s);
        return;
    }
    mr_session_flush(s);
}

/* Too many attempts, says the venue: all sessions to it from our address wait, as long as it says or until the budget has one more. */
static MR_COLD void turned_away(struct mr_session *s)
{
    struct mr_http_head head;
    if (mr_http_response(s->plain + s->begin, s->end - s->begin, &head) <= 0 ||
        (head.status != 429 && head.status != 418))
        return;
    struct mr_span after = mr_http_find(&head, "retry-after"); /* a date in it counts as none */
    int64_t wait_s = 0;
    for (uint32_t i = 0; i < after.len && after.data[i] >= '0' && after.data[i] <= '9' && wait_s < TURNED_AWAY_S; i++)
        wait_s = 10 * wait_s + (after.data[i] - '0');
    if (wait_s == 0 && head.status == 418)
        wait_s = BANNED_S;
    wait_s = wait_s < TURNED_AWAY_S ? wait_s : TURNED_AWAY_S;
    MR_COUNT(s->metrics, turned_away, 1);
    if (s->config.budgets)
        mr_budget_owe(&s->config.budgets->dials, wait_s ? s->now_ns + wait_s * MR_NS_PER_S : 0, s->now_ns);
}

/* The server's answer to the upgrade. True: it is whole and good, and frames may follow. */
static bool read_answer(struct mr_session *s)
{
    struct mr_err err;
    int64_t n = mr_ws_response(s->plain + s->begin, s->end - s->begin, s->key, &err);
    if (n == 0)
        return false;
    if (n < 0) {
        turned_away(s);
        mr_session_end(s, MR_END_UPGRADE, err.text);
        return false;
    }
    s->begin += (uint32_t)n;
    mr_ws_reset(&s->ws);
    s->ping_ns = s->now_ns; /* the first ping is due one interval from now */
    if (s->route->life_s) { /* before the venue cuts it, and not all connections at once */
        int64_t life = (int64_t)s->route->life_s * MR_NS_PER_S, margin = life / 64;
        if (margin <
            LIFE_MARGIN_NS) /* of a short life a larger part: another connection has to come up in half of it */
            margin = life / 4 < LIFE_MARGIN_NS ? life / 4 : LIFE_MARGIN_NS;
        s->planned_ns = s->now_ns + life - margin - (int64_t)mr_session_random(s, (uint64_t)margin + 1);
        s->life_margin_ns = margin;
    }
    if (s->route->welcome)
        mr_session_enter(s, MR_SESSION_WELCOME, "upgraded");
    else
        ready(s, "upgraded");
    return mr_session_open(s);
}

/* ---- bytes ---- */

/* Makes room for one record behind what is not read yet. A short rest goes to the front early, so that the bytes in use stay in
 * the cache. */
static void make_room(struct mr_session *s)
{
    if (mr_likely(s->begin == s->end)) {
        s->begin = s->end = 0;
    } else if (s->plain_bytes - s->end < MR_SESSION_RECORD ||
               (s->begin >= 4 * MR_SESSION_RECORD && s->end - s->begin <= MR_SESSION_RECORD)) {
        memmove(s->plain, s->plain + s->begin, s->end - s->begin);
        s->end -= s->begin;
        s->begin = 0;
    }
    MR_ASSERT(s->plain_bytes - s->end >= MR_SESSION_RECORD); /* a frame of message_max is whole before that */
}

/* The peer has ended it, and what came last is not whole: of which, and how it counts. */
static MR_COLD void ended(struct mr_session *s, const char *why)
{
    char text[sizeof s->why];
    if (s->state == MR_SESSION_UPGRADE)
        mr_session_end(s, MR_END_UPGRADE,
                       s->begin < s->end ? "the connection ended inside the answer to the upgrade" : why);
    else
        mr_session_end(
            s, MR_END_PLAIN,
            mr_session_blame(s, s->begin < s->end ? "the connection ended inside a frame" : why, text, sizeof text));
}

static MR_COLD void unreadable(struct mr_session *s, int64_t status)
{
    if (status == MR_E_END) {
        ended(s, "the venue closed without a close frame");
        return;
    }
    if (status == MR_E_FULL) { /* reading needs an answer, and the peer takes none */
        mr_session_end(s, MR_END_PROTOCOL, "the peer does not take our bytes");
        return;
    }
    mr_session_flush(s);
    if (s->connected)
        mr_session_end(s, MR_END_PROTOCOL, mr_tls_error(s->tls));
}

static void stream(struct mr_session *s, const struct mr_piece *piece)
{
    struct mr_tls_cursor in = {piece->data, piece->len};
    if (s->state == MR_SESSION_TLS)
        handshake(s, &in);
    while (s->connected && (s->state == MR_SESSION_UPGRADE || mr_session_open(s) || s->linger != MR_LINGER_NONE)) {
        make_room(s);
        int64_t n = mr_tls_read(s->tls, &in, s->plain + s->end, s->plain_bytes - s->end);
        if (n == 0)
            break;
        if (mr_unlikely(n < 0)) {
            unreadable(s, n);
            return;
        }
        s->end += (uint32_t)n;
        if (mr_unlikely(s->linger != MR_LINGER_NONE))
            read_last_frames(s);
        else if (mr_likely(mr_session_open(s)) || read_answer(s))
            read_frames(s, piece);
    }
    if (s->connected)
        mr_session_flush(s); /* reading may make TLS answer (key updates) */
}

static MR_COLD void opened(struct mr_session *s)
{
    struct mr_tls_cursor nothing = {NULL, 0};
    struct mr_err err;
    if (s->state != MR_SESSION_DIAL)
        return;
    if (mr_tls_open(s->tls, s->host, &err) < 0) {
        mr_session_end(s, MR_END_TLS, err.text);
        return;
    }
    mr_session_enter(s, MR_SESSION_TLS, "connected");
    handshake(s, &nothing);
}

/* The transport is over. A FIN without close_notify may be anybody's: what came last may be missing, and that is counted. */
static MR_COLD void closed(struct mr_session *s, const struct mr_piece *piece)
{
    char why[sizeof s->why];
    bool talked = s->state == MR_SESSION_UPGRADE || mr_session_open(s);
    snprintf(why, sizeof why, "%.*s", (int)(piece->name.len < 90 ? piece->name.len : 90),
             (const char *)piece->name.data);
    if (talked && piece->status == MR_E_END && mr_tls_ended(s->tls) == MR_E_TRUNCATED) {
        MR_COUNT(s->metrics, truncated, 1);
        snprintf(why, sizeof why, "%s", mr_tls_error(s->tls));
    }
    s->connected = false; /* the source has closed it already */
    if (s->state == MR_SESSION_DIAL || s->state == MR_SESSION_TLS)
        mr_session_end(s, s->state == MR_SESSION_TLS ? MR_END_TLS : MR_END_REFUSED, why);
    else
        ended(s, why);
}

void mr_session_piece(struct mr_session *s, const struct mr_piece *piece, int64_t now_ns)
{
    s->now_ns = now_ns;
    if (mr_unlikely(!s->connected)) /* the rest of a batch whose connection we closed meanwhile */
        return;
    if (mr_likely(piece->kind == MR_PIECE_STREAM)) {
        MR_COUNT(s->metrics, bytes, piece->len);
        s->last_byte_ns = now_ns;
        if (mr_unlikely(s->state == MR_SESSION_STALE))
            mr_session_enter(s, MR_SESSION_LIVE, "bytes came again");
        stream(s, piece);
    } else if (piece->kind == MR_PIECE_OPENED) {
        opened(s);
    } else if (piece->kind == MR_PIECE_CLOSED) {
        closed(s, piece);
    }
}
