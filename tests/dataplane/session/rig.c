#include "tests/dataplane/session/rig.h"

#include <openssl/err.h>
#include <stdio.h>
#include <unistd.h>

enum { GOT = 1 << 20, WIRE = 4 << 20, MESSAGE_MAX = 1 << 16, INSTRUMENTS = 16, START_S = 1000 };

static struct mr_peer_certificate authority, stranger, certificates[RIG_CERTIFICATES];
static SSL_CTX *servers[RIG_CERTIFICATES];
static char ca_path[64];

static void forget_certificates(void)
{
    unlink(ca_path);
    for (int i = 0; i < RIG_CERTIFICATES; i++) {
        SSL_CTX_free(servers[i]);
        mr_peer_certificate_free(&certificates[i]);
    }
    mr_peer_certificate_free(&authority);
    mr_peer_certificate_free(&stranger);
}

/* Once a process: keys take time. */
static void certify(void)
{
    enum { HOUR = 3600 };
    if (ca_path[0])
        return;
    snprintf(ca_path, sizeof ca_path, "/tmp/millrace-session-%d.pem", (int)getpid());
    authority = mr_peer_certify(&(struct mr_peer_wish){.common = "CA", .from_s = -HOUR, .to_s = HOUR, .ca = true});
    stranger = mr_peer_certify(&(struct mr_peer_wish){.common = "Stranger", .from_s = -HOUR, .to_s = HOUR, .ca = true});
    certificates[RIG_GOOD] = mr_peer_certify(
        &(struct mr_peer_wish){.common = "a", .dns = RIG_HOST, .from_s = -HOUR, .to_s = HOUR, .signer = &authority});
    certificates[RIG_OTHER_NAME] = mr_peer_certify(&(struct mr_peer_wish){
        .common = "b", .dns = "other.example", .from_s = -HOUR, .to_s = HOUR, .signer = &authority});
    certificates[RIG_STRANGER] = mr_peer_certify(
        &(struct mr_peer_wish){.common = "c", .dns = RIG_HOST, .from_s = -HOUR, .to_s = HOUR, .signer = &stranger});
    certificates[RIG_EXPIRED] = mr_peer_certify(&(struct mr_peer_wish){
        .common = "d", .dns = RIG_HOST, .from_s = -2 * HOUR, .to_s = -HOUR, .signer = &authority});
    mr_peer_write_pem(&authority, ca_path);
    for (int i = 0; i < RIG_CERTIFICATES; i++)
        servers[i] = mr_peer_context(&certificates[i], 0, 0);
    atexit(forget_certificates);
}

/* ---- the source ---- */

static int source_connect(struct mr_source *source, uint16_t connection, const struct mr_dial *dial, int64_t now_ns)
{
    struct rig *rig = source->state;
    assert_int_equal(connection, rig->config.connection);
    assert_false(rig->connected); /* the old one was closed first */
    assert_true(rig->dials < MR_COUNT_OF(rig->dialled_ns));
    rig->dialled[rig->dials] = dial->peer;
    rig->dialled_ns[rig->dials++] = now_ns;
    rig->connected = true;
    rig->upgraded = rig->shook = false;
    rig->wire_len = rig->got_len = 0;
    if (rig->refuse) {
        rig->refuse--;
        rig_hang_up(rig, "connection refused");
    } else if (rig->hang_connect) {
        rig->hang_connect--;
    } else {
        rig->opened_due = true;
    }
    mr_peer_open(&rig->peer, servers[rig->trust]);
    mr_ws_reset(&rig->ws);
    return MR_OK;
}

static int64_t source_send(struct mr_source *source, uint16_t connection, const uint8_t *data, uint32_t len)
{
    struct rig *rig = source->state;
    assert_int_equal(connection, rig->config.connection);
    assert_true(rig->connected);
    if (rig->broken)
        return MR_E_IO;
    if (rig->blocked)
        return 0;
    if (rig->take)
        len = len < rig->take - rig->taken ? len : rig->take - rig->taken;
    rig->taken += len;
    if (len)
        BIO_write(rig->peer.in, data, (int)len);
    return len;
}

static void forget(struct rig *rig)
{
    rig->connected = rig->opened_due = rig->closed_due = false;
    rig->wire_len = 0;
    if (rig->peer.ssl)
        mr_peer_close(&rig->peer);
}

static void server_step(struct rig *rig);

static void source_close_connection(struct mr_source *source, uint16_t connection)
{
    struct rig *rig = source->state;
    assert_int_equal(connection, rig->config.connection);
    assert_true(rig->connected);
    server_step(rig); /* what was sent before still arrives */
    forget(rig);
}

static const struct mr_source_ops source_ops = {
    .name = "memory", .connect = source_connect, .send = source_send, .close_connection = source_close_connection};

/* ---- the venue ---- */

static void say_tls(struct rig *rig)
{
    if (rig->peer.ssl && rig->connected)
        rig->wire_len += mr_peer_said(&rig->peer, rig->wire + rig->wire_len, WIRE - rig->wire_len);
}

void rig_say_wire(struct rig *rig, const void *data, uint32_t len)
{
    say_tls(rig);
    memcpy(rig->wire + rig->wire_len, data, len);
    rig->wire_len += len;
}

void rig_say_plain(struct rig *rig, const void *data, uint32_t len)
{
    if (len)
        assert_int_equal(SSL_write(rig->peer.ssl, data, (int)len), (int)len);
    say_tls(rig);
}

void rig_say_frame(struct rig *rig, uint8_t opcode, bool fin, const void *data, uint32_t len)
{
    uint8_t *frame = malloc(len + MR_WS_HEAD_MAX);
    int64_t n = mr_ws_write(frame, len + MR_WS_HEAD_MAX, opcode, fin, NULL, data, len);
    assert_true(n > 0);
    rig_say_plain(rig, frame, (uint32_t)n);
    free(frame);
}

void rig_say(struct rig *rig, const char *text) { rig_say_frame(rig, MR_WS_TEXT, true, text, (uint32_t)strlen(text)); }

void rig_say_close(struct rig *rig, uint16_t code, const char *reason)
{
    uint8_t frame[256];
    int64_t n = mr_ws_write_close(frame, sizeof frame, NULL, code, reason);
    assert_true(n > 0);
    rig_say_plain(rig, frame, (uint32_t)n);
}

void rig_hang_up(struct rig *rig, const char *name)
{
    say_tls(rig);
    rig->closed_due = true;
    rig->closed_name = name;
}

static void heard_text(struct rig *rig, const uint8_t *data, uint32_t len)
{
    size_t used = strlen(rig->heard);
    snprintf(rig->heard + used, sizeof rig->heard - used, "%.*s\n", (int)len, (const char *)data);
    rig->heard_ns[rig->heard_count++ % MR_COUNT_OF(rig->heard_ns)] = rig->now_ns;
    if (rig->on_heard) {
        static char text[1 << 15];
        snprintf(text, sizeof text, "%.*s", (int)len, (const char *)data);
        rig->on_heard(rig, text);
        return;
    }
    for (const struct rig_line *line = rig->lines; line && line->heard; line++) {
        if (strlen(line->heard) != len || memcmp(line->heard, data, len) != 0)
            continue;
        bool pong = strstr(line->heard, "ping") != NULL;
        if (line->ack && !(pong ? rig->no_pongs : rig->no_acks))
            rig_say(rig, line->ack);
        if (line->data && !rig->no_data)
            rig_say(rig, line->data);
        break;
    }
}

static void heard_close(struct rig *rig, const struct mr_ws_frame *frame)
{
    rig->closes_heard++;
    rig->close_code = frame->close_code;
    if (rig->keep_open)
        return;
    rig_say_close(rig, frame->close_code == MR_WS_CODE_NONE ? 0 : frame->close_code, NULL);
    rig_hang_up(rig, "closed by peer");
}

static void server_frames(struct rig *rig)
{
    uint32_t at = 0;
    while (at < rig->got_len && rig->connected) {
        struct mr_ws_frame frame;
        const uint8_t *head = rig->got + at;
        uint8_t mask[4] = {0};
        uint32_t extra = (head[1] & 127) == 126 ? 2 : (head[1] & 127) == 127 ? 8 : 0;
        if (rig->got_len - at >= 6 + extra)
            memcpy(mask, head + 2 + extra, 4);
        int64_t n = mr_ws_read(&rig->ws, rig->got + at, rig->got_len - at, &frame);
        if (n == 0)
            break;
        if (n < 0)
            fail_msg("the client broke a rule: %s", rig->ws.reason);
        if (rig->mask_count < MR_COUNT_OF(rig->masks))
            memcpy(rig->masks[rig->mask_count++], mask, 4);
        at += (uint32_t)n;
        switch (frame.opcode) {
        case MR_WS_TEXT:
            heard_text(rig, frame.data, frame.len);
            break;
        case MR_WS_PING:
            rig->server_pings++;
            if (!rig->no_pongs)
                rig_say_frame(rig, MR_WS_PONG, true, frame.data, frame.len);
            break;
        case MR_WS_PONG:
            rig->server_pongs++;
            memcpy(rig->pong, frame.data, frame.len);
            rig->pong_len = frame.len;
            break;
        case MR_WS_CLOSE:
            heard_close(rig, &frame);
            break;
        default:
            fail_msg("a frame of opcode %u", frame.opcode);
        }
    }
    memmove(rig->got, rig->got + at, rig->got_len - at);
    rig->got_len -= at;
}

/* The test's own answer to an upgrade; each octet 1 in it stands for the Accept. */
static void say_answer(struct rig *rig, const char *accept)
{
    const char *say = rig->upgrade_answer;
    uint32_t len = rig->upgrade_answer_len ? rig->upgrade_answer_len : (uint32_t)strlen(say);
    for (const char *hole; (hole = memchr(say, 1, len)) != NULL;) {
        uint32_t before = (uint32_t)(hole - say);
        rig_say_plain(rig, say, before);
        rig_say_plain(rig, accept, (uint32_t)strlen(accept));
        say += before + 1;
        len -= before + 1;
    }
    rig_say_plain(rig, say, len);
}

static void server_upgrade(struct rig *rig)
{
    struct mr_http_head head;
    struct mr_text text;
    struct mr_err err;
    char accept[MR_WS_ACCEPT_TEXT], answer[512];
    int64_t n = mr_http_request(rig->got, rig->got_len, &head);
    assert_true(n >= 0);
    if (n == 0 || rig->hang_upgrade)
        return;
    struct mr_span key = mr_http_find(&head, "sec-websocket-key");
    if (rig->dials <= MR_COUNT_OF(rig->keys))
        memcpy(rig->keys[rig->dials - 1], key.data, key.len);
    if (mr_ws_asked(&head, accept, &err) != MR_OK)
        fail_msg("upgrade: %s", err.text);
    const char *path = rig->want_path ? rig->want_path : rig->route.path; /* a wanted one may have more behind it */
    uint32_t most = rig->want_path && head.target.len > strlen(path) ? (uint32_t)strlen(path) : head.target.len;
    if (!mr_span_is((struct mr_span){head.target.data, most}, path, strlen(path)))
        fail_msg("asked for %.*s, not %s", (int)head.target.len, (const char *)head.target.data, path);
    mr_text_init(&text, answer, sizeof answer);
    mr_ws_answer(&text, accept);
    rig->upgraded = true;
    memmove(rig->got, rig->got + n, rig->got_len - (size_t)n);
    rig->got_len -= (uint32_t)n;
    if (rig->upgrade_answer)
        say_answer(rig, accept);
    else
        rig_say_plain(rig, answer, (uint32_t)text.len);
    if (rig->greeting)
        rig_say(rig, rig->greeting);
}

static void server_step(struct rig *rig)
{
    if (!rig->connected || !rig->peer.ssl || rig->hang_tls)
        return;
    if (!rig->shook)
        rig->shook = SSL_do_handshake(rig->peer.ssl) == 1;
    ERR_clear_error();
    while (rig->shook) {
        int n = SSL_read(rig->peer.ssl, rig->got + rig->got_len, (int)(GOT - rig->got_len));
        if (n <= 0)
            break;
        rig->got_len += (uint32_t)n;
        if (!rig->upgraded)
            server_upgrade(rig);
        if (rig->upgraded)
            server_frames(rig);
    }
    ERR_clear_error();
    say_tls(rig);
}

/* ---- the tile ---- */

static int decode(struct rig *rig, const struct mr_frame *frame)
{
    if (rig->on_deliver)
        return rig->on_deliver(rig, frame);
    int n = mr_decode(&rig->dec, frame, rig->out, MR_DECODE_SLOTS);
    for (int i = 0; n == MR_E_SYMBOL && i < 4; i++) {
        mr_instruments_add_bare(rig->table, rig->dec.venue->id, rig->dec.product, rig->dec.name);
        n = mr_decode(&rig->dec, frame, rig->out, MR_DECODE_SLOTS);
    }
    uint32_t channel = n >= 0 ? rig->dec.venue->kinds[rig->dec.kind].channel : 0;
    if (n <= 0 || channel == MR_CONTROL)
        return n;
    const struct mr_instrument *it = mr_instruments_get(rig->table, rig->out[0].event.instrument);
    char symbol[MR_SYMBOL_BYTES + 1];
    snprintf(symbol, sizeof symbol, "%.*s", it->symbol_len, it->symbol);
    mr_session_saw(rig->session, channel, symbol, rig->now_ns);
    return n;
}

static int deliver(void *arg, struct mr_session *s, const struct mr_frame *frame)
{
    struct rig *rig = arg;
    assert_ptr_equal(s, rig->session);
    assert_int_equal(frame->connection, rig->config.connection);
    assert_int_equal(frame->recv_ns, rig->now_ns);
    assert_int_equal(frame->clock, MR_CLOCK_KERNEL);
    rig->delivered++;
    for (uint32_t i = 0; i < frame->len; i++)
        rig->delivered_hash = (rig->delivered_hash ^ frame->data[i]) * 1099511628211u;
    rig->delivered_hash = (rig->delivered_hash ^ 0x100) * 1099511628211u;
    return decode(rig, frame);
}

/* The diagram of session.h; down and paused are reached from everywhere. */
static const uint16_t follows[MR_SESSION_STATES] = {
#define BIT(state) 1u << MR_SESSION_##state
    [MR_SESSION_DOWN] = BIT(TOKEN) | BIT(RESOLVE) | BIT(DIAL),
    [MR_SESSION_TOKEN] = BIT(RESOLVE) | BIT(DIAL),
    [MR_SESSION_RESOLVE] = BIT(DIAL),
    [MR_SESSION_DIAL] = BIT(TLS),
    [MR_SESSION_TLS] = BIT(UPGRADE),
    [MR_SESSION_UPGRADE] = BIT(WELCOME) | BIT(SUBSCRIBE),
    [MR_SESSION_WELCOME] = BIT(SUBSCRIBE),
    [MR_SESSION_SUBSCRIBE] = BIT(LIVE),
    [MR_SESSION_LIVE] = BIT(STALE),
    [MR_SESSION_STALE] = BIT(LIVE),
#undef BIT
};

static void changed(void *arg, struct mr_session *s, enum mr_session_state was, enum mr_session_state is,
                    const char *why)
{
    struct rig *rig = arg;
    size_t used = strlen(rig->states);
    assert_ptr_equal(s, rig->session);
    assert_int_equal(mr_session_state(s), is);
    assert_int_not_equal(was, is);
    assert_true(is == MR_SESSION_DOWN || is == MR_SESSION_PAUSED || follows[was] >> is & 1);
    assert_true(why && why[0]);
    snprintf(rig->states + used, sizeof rig->states - used, "%s%s", used ? " " : "", mr_session_state_name(is));
    snprintf(rig->why, sizeof rig->why, "%s", why);
}

static void muted(void *arg, struct mr_session *s, const struct mr_stream *stream, bool mute)
{
    struct rig *rig = arg;
    (void)s;
    assert_non_null(stream->symbol);
    rig->mutes += mute;
    rig->unmutes += !mute;
}

static void resolve(void *arg, struct mr_session *s, const char *host)
{
    struct rig *rig = arg;
    assert_string_equal(host, RIG_HOST);
    rig->resolves++;
    if (!rig->defer_resolve)
        mr_session_resolved(s, rig->addresses, rig->address_count, "no such name", rig->now_ns);
}

static void token(void *arg, struct mr_session *s)
{
    struct rig *rig = arg;
    rig->tokens++;
    if (rig->token_answer)
        mr_session_token(s, mr_span_of(rig->token_answer), NULL, rig->now_ns);
}

static void give(struct rig *rig, struct mr_piece piece, const uint8_t *data, uint32_t len)
{
    uint8_t *copy = malloc(len ? len : 1); /* its end is the sanitizer's */
    if (len)
        memcpy(copy, data, len);
    piece.data = copy;
    piece.len = len;
    piece.connection = rig->config.connection;
    piece.clock = MR_CLOCK_KERNEL;
    piece.recv_ns = rig->now_ns;
    mr_session_piece(rig->session, &piece, rig->now_ns);
    memset(copy, 0xdd, len); /* nobody keeps it */
    free(copy);
}

/* One poll of the source. False: nothing there. */
static bool poll_source(struct rig *rig)
{
    if (!rig->connected)
        return false;
    if (rig->opened_due) {
        rig->opened_due = false;
        give(rig, (struct mr_piece){.kind = MR_PIECE_OPENED}, NULL, 0);
        return true;
    }
    if (rig->wire_len) {
        static uint8_t piece[1 << 16];
        uint32_t most = rig->split == UINT32_MAX ? 1 + (uint32_t)mr_random_below(&rig->random, 64)
                        : rig->split             ? rig->split
                                                 : 16384;
        uint32_t len = rig->wire_len < most ? rig->wire_len : most;
        memcpy(piece, rig->wire, len);
        memmove(rig->wire, rig->wire + len, rig->wire_len - len);
        rig->wire_len -= len;
        give(rig, (struct mr_piece){.kind = MR_PIECE_STREAM}, piece, len);
        return true;
    }
    if (rig->closed_due) {
        const char *name = rig->closed_name;
        forget(rig);
        int status = strcmp(name, "closed by peer") == 0 ? MR_E_END : MR_E_IO; /* a FIN, as the sources call it */
        give(rig, (struct mr_piece){.kind = MR_PIECE_CLOSED, .status = status, .name = mr_span_of(name)}, NULL, 0);
    }
    return false;
}

void rig_run(struct rig *rig, uint32_t ms)
{
    const uint32_t tick = rig->tick_ms ? rig->tick_ms : 1;
    for (uint32_t i = 0; i < ms; i += tick) {
        rig->taken = 0;
        do {
            server_step(rig);
        } while (poll_source(rig));
        mr_session_housekeep(rig->session, rig->now_ns);
        rig->now_ns += tick * RIG_MS;
    }
}

uint32_t rig_until(struct rig *rig, enum mr_session_state state, uint32_t most_ms)
{
    uint32_t ms = 0;
    const uint32_t tick = rig->tick_ms ? rig->tick_ms : 1;
    for (; mr_session_state(rig->session) != state && ms < most_ms; ms += tick)
        rig_run(rig, tick);
    if (mr_session_state(rig->session) != state)
        fail_msg("not %s after %u ms but %s: %s (%s)", mr_session_state_name(state), most_ms,
                 mr_session_state_name(mr_session_state(rig->session)), rig->why, rig->states);
    return ms;
}

void rig_to_live(struct rig *rig) { (void)rig_until(rig, MR_SESSION_LIVE, 5000); }

void rig_run_with_data(struct rig *rig, uint32_t ms, uint32_t each_ms)
{
    for (uint32_t done = 0; done < ms; done += each_ms) {
        for (const struct rig_line *line = rig->lines; line->heard; line++)
            if (line->data && rig->connected && rig->upgraded)
                rig_say(rig, line->data);
        rig_run(rig, each_ms);
    }
}

const char *rig_heard_last(const struct rig *rig)
{
    static char line[4096];
    size_t end = strlen(rig->heard), at = end ? end - 1 : 0;
    while (at && rig->heard[at - 1] != '\n')
        at--;
    snprintf(line, sizeof line, "%.*s", end ? (int)(end - 1 - at) : 0, rig->heard + at);
    return line;
}

uint32_t rig_heard(const struct rig *rig, const char *text)
{
    uint32_t n = 0;
    size_t len = strlen(text);
    for (const char *at = rig->heard; *at; at = strchr(at, '\n') + 1)
        n += strncmp(at, text, len) == 0 && at[len] == '\n';
    return n;
}

/* ---- set-up ---- */

static void *lines_of(size_t bytes)
{
    void *mem = aligned_alloc(64, (bytes + 127) / 64 * 64);
    assert_non_null(mem);
    return mem;
}

static void open_decoder(struct rig *rig)
{
    rig->table = lines_of(mr_instruments_bytes(INSTRUMENTS));
    mr_instruments_init(rig->table, INSTRUMENTS);
    rig->out = lines_of(MR_DECODE_SLOTS * sizeof *rig->out);
    rig->state = lines_of(mr_decoder_bytes(rig->config.venue, INSTRUMENTS));
    mr_decoder_init(&rig->dec, rig->config.venue, rig->config.product, rig->table, NULL, rig->state);
}

struct rig *rig_open(const struct rig_venue *venue, void (*change)(struct rig *rig))
{
    struct rig *rig = calloc(1, sizeof *rig);
    struct mr_err err;
    certify();
    rig->venue = venue;
    rig->lines = venue->lines;
    rig->now_ns = START_S * 1000 * RIG_MS;
    rig->random.state = 1;
    rig->delivered_hash = 14695981039346656037u;
    rig->got = malloc(GOT);
    rig->wire = malloc(WIRE);
    rig->assembly = malloc(MESSAGE_MAX);
    mr_ws_init(&rig->ws, MR_WS_SERVER, rig->assembly, MESSAGE_MAX);
    const struct mr_tls_config tls = {.ca_file = ca_path, .connections_max = 2, .output_bytes = 65536};
    if (mr_tls_context_open(&rig->tls, &tls, &err) != MR_OK)
        fail_msg("%s", err.text);
    rig->source = (struct mr_source){.ops = &source_ops, .state = rig};
    rig->addresses[0] = (struct mr_address){.ip = {127, 0, 0, 1}, .family = 4};
    rig->address_count = 1;
    rig->config = (struct mr_session_config){.connection = 3,
                                             .host = RIG_HOST,
                                             .streams = venue->streams,
                                             .stream_count = venue->stream_count,
                                             .source = &rig->source,
                                             .tls = rig->tls,
                                             .message_max = MESSAGE_MAX,
                                             .seed = 7,
                                             .resolve = resolve,
                                             .token = token,
                                             .deliver = deliver,
                                             .changed = changed,
                                             .mute = muted,
                                             .arg = rig};
    assert_int_equal(mr_venue_parse(venue->product, &rig->config.venue, &rig->config.product, NULL), MR_OK);
    rig->route = mr_dialect_of(rig->config.venue)->products[rig->config.product].routes[venue->route];
    rig->config.route = &rig->route;
    if (change)
        change(rig);
    open_decoder(rig);
    rig->metrics = lines_of(sizeof *rig->metrics);
    mr_metrics_init_values(rig->metrics, &mr_session_metrics_desc);
    rig->session = mr_session_init(lines_of(mr_session_bytes(&rig->config)), &rig->config, rig->metrics);
    return rig;
}

void rig_close(struct rig *rig)
{
    mr_session_close(rig->session, rig->now_ns);
    assert_false(rig->connected);
    mr_tls_context_close(rig->tls);
    void *blocks[] = {rig->session, rig->metrics, rig->table,    rig->out, rig->state,
                      rig->got,     rig->wire,    rig->assembly, rig};
    for (size_t i = 0; i < MR_COUNT_OF(blocks); i++)
        free(blocks[i]);
}
