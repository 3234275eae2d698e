#include "tests/conformance/wire.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "dataplane/clock/clock.h"
#include "tests/conformance/stand.h"
#include "tests/exchange/server/bodies.h"
#include "tests/exchange/server/server_priv.h"
#include "tests/exchange/tests/client.h"

#define LINES 4
#define STREAMS 64
#define ROUND_NS 20000000 /* of the sessions' time, while they connect and subscribe */
#define SETTLE 400        /* such rounds, until all is subscribed to within the venues' limits */
#define PATIENCE_NS 10000000000
#define WAIT_STEP_S 5 /* shorter than any venue waits for the answer to its ping */

struct line { /* a session to one route */
    struct wire *wire;
    struct mr_route route;
    struct mr_stream streams[STREAMS];
    uint32_t count;
    struct mr_session *session;
    struct mr_session_metrics *metrics;
};

struct wire {
    struct stand *stand;
    struct mr_exchange *x;
    struct mr_tls_context *tls;
    struct mr_clock clock;
    struct mr_source source;
    void *source_mem;
    struct line line[LINES];
    uint32_t lines;
    int64_t ahead_ns; /* the sessions' time is the stand's, and what they took to connect */
    uint64_t delivered, lost;
    int status;         /* of the last message delivered */
    wire_take_fn *take; /* NULL: the feed */
    void *take_arg;
    bool hides; /* refusals are wanted */
};

static int64_t now_of(const struct wire *w) { return w->stand->now_ns + w->ahead_ns; }

static void *zeroed(size_t bytes)
{
    bytes = (bytes + 127) / 128 * 128;
    void *mem = aligned_alloc(128, bytes);
    assert_non_null(mem);
    return memset(mem, 0, bytes);
}

/* ---- our side ---- */

static int deliver(void *arg, struct mr_session *session, const struct mr_frame *frame)
{
    const struct line *l = arg;
    struct wire *w = l->wire;
    struct stand *s = w->stand;
    struct mr_frame mine = *frame;
    const union mr_slot *out;
    mine.recv_ns = s->now_ns;
    mine.connection = 1;
    w->delivered++;
    if (w->take) {
        w->status = w->take(w->take_arg, frame->data, frame->len);
        return 2; /* as market data: the session is not to act on it */
    }
    w->status = stand_take(s, &mine);
    if (w->status < 0)
        return w->status;
    const struct mr_decoder *dec = mr_feed_decoder(s->feed);
    uint32_t groups = mr_feed_last(s->feed, &out);
    const struct mr_instrument *it = groups ? mr_instruments_get(s->table, out->event.instrument) : NULL;
    if (it)
        mr_session_saw(session, dec->venue->kinds[dec->kind].channel, it->symbol, now_of(w));
    return (int)groups;
}

static void changed(void *arg, struct mr_session *session, enum mr_session_state was, enum mr_session_state is,
                    const char *why)
{
    const struct line *l = arg;
    (void)session, (void)why;
    bool was_open = was == MR_SESSION_SUBSCRIBE || was == MR_SESSION_LIVE || was == MR_SESSION_STALE;
    if (was_open && (is == MR_SESSION_DOWN || is == MR_SESSION_PAUSED) && l->route.channels & MR_DEPTH)
        mr_feed_disconnect(l->wire->stand->feed, l->wire->stand->now_ns);
}

static void resolve(void *arg, struct mr_session *session, const char *host)
{
    (void)arg, (void)session;
    fail_msg("%s: the address is given, and was asked for", host);
}

/* The exchange's own answer to what we ask for. */
static void token(void *arg, struct mr_session *session)
{
    struct line *l = arg;
    struct stand *s = l->wire->stand;
    char path[512], body[512], *answer = malloc(65536);
    struct mr_text p, b, t;
    mr_text_init(&p, path, sizeof path);
    mr_text_init(&b, body, sizeof body);
    mr_text_init(&t, answer, 65536);
    assert_int_equal(mr_dialect_of(s->venue)->url(s->product, MR_URL_TOKEN, "", &p, &b), MR_OK);
    const struct mr_rest_request r = {.path = {(const uint8_t *)path, (uint32_t)p.len},
                                      .body = {(const uint8_t *)body, (uint32_t)b.len},
                                      .post = true};
    assert_int_equal(mr_rest_answer(s->tape, s->venue->id, s->product, &r, s->truth, l->wire->x->now_ns, &t), 200);
    mr_session_token(session, (struct mr_span){(const uint8_t *)t.out, (uint32_t)t.len}, NULL, now_of(l->wire));
    free(answer);
}

static void take_pieces(struct wire *w)
{
    struct mr_piece pieces[16];
    int n = w->source.ops->poll(&w->source, now_of(w), pieces, MR_COUNT_OF(pieces));
    assert_true(n >= 0);
    for (int i = 0; i < n; i++) {
        mr_session_piece(w->line[pieces[i].connection].session, &pieces[i], now_of(w));
        w->source.ops->release(&w->source, &pieces[i]);
    }
}

/* ---- the exchange's side: its loop, but for the tape, which the stand plays ---- */

static void serve(struct wire *w)
{
    struct mr_exchange *x = w->x;
    struct epoll_event events[16];
    int n = epoll_wait(x->epoll, events, MR_COUNT_OF(events), 0);
    for (int i = 0; i < n; i++) {
        if (events[i].data.ptr == &x->listener) {
            for (int fd; (fd = accept4(x->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0;)
                mr_conn_take(x, fd);
        } else if (events[i].data.ptr != &x->wake) {
            struct conn *c = events[i].data.ptr;
            if (c->state != CONN_FREE)
                mr_conn_event(c, events[i].events);
        }
    }
    for (uint32_t i = x->open_count; i-- > 0;)
        if (x->open[i]->more)
            mr_conn_event(x->open[i], EPOLLIN);
    for (uint32_t i = x->open_count; i-- > 0;)
        if (x->open[i]->dirty)
            mr_conn_flush(x->open[i]);
}

static void turn(struct wire *w)
{
    serve(w);
    take_pieces(w);
}

/* Until all that the exchange has said is delivered. */
static void settle(struct wire *w)
{
    const int64_t until = mr_clock_mono() + PATIENCE_NS;
    while (w->delivered + w->lost < w->x->stats.frames) {
        turn(w);
        if (mr_clock_mono() > until)
            fail_msg("%llu of %llu messages were delivered", (unsigned long long)w->delivered,
                     (unsigned long long)(w->x->stats.frames - w->lost));
    }
}

bool wire_connected(const struct wire *w)
{
    for (uint32_t i = 0; i < w->lines; i++) {
        enum mr_session_state is = mr_session_state(w->line[i].session);
        if (is != MR_SESSION_SUBSCRIBE && is != MR_SESSION_LIVE && is != MR_SESSION_STALE)
            return false;
    }
    return true;
}

bool wire_live(const struct wire *w)
{
    for (uint32_t i = 0; i < w->lines; i++)
        if (mr_session_state(w->line[i].session) != MR_SESSION_LIVE)
            return false;
    return true;
}

const char *wire_why(const struct wire *w)
{
    static struct mr_session_view v;
    uint32_t i = 0;
    while (i + 1 < w->lines && mr_session_state(w->line[i].session) == MR_SESSION_LIVE)
        i++;
    mr_session_view(w->line[i].session, &v);
    return v.why;
}

const struct mr_session_metrics *wire_session(const struct wire *w, uint32_t i) { return w->line[i].metrics; }

uint32_t wire_wanted(const struct wire *w)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->lines; i++) {
        struct mr_session_view v;
        mr_session_view(w->line[i].session, &v);
        n += v.streams;
    }
    return n;
}

uint32_t wire_subscriptions(const struct wire *w)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->x->open_count; i++)
        for (uint32_t k = 0; k < w->x->open[i]->talk.sub_count; k++)
            n += w->x->open[i]->state == CONN_SOCKET && w->x->open[i]->talk.subs[k].key != 0;
    return n;
}

bool wire_wants_token(const struct wire *w) { return w->line[0].route.token; }

static const struct line *depth_line(const struct wire *w)
{
    uint32_t i = 0;
    while (!(w->line[i].route.channels & MR_DEPTH))
        assert_true(++i < w->lines);
    return &w->line[i];
}

int wire_renew_book(struct wire *w, uint32_t symbol)
{
    return mr_session_resubscribe(depth_line(w)->session, MR_DEPTH, w->stand->symbol[symbol], now_of(w));
}

void wire_notice(struct wire *w)
{
    settle(w);
    mr_exchange_notice(w->x);
    for (int i = 0; i < 100; i++)
        turn(w);
    w->lost = w->x->stats.frames - w->delivered; /* who closes hears no more */
}

static void housekeep(struct wire *w)
{
    for (uint32_t i = 0; i < w->lines; i++)
        mr_session_housekeep(w->line[i].session, now_of(w));
}

/* From the dial to the last subscription: the sessions' time goes on, the market's stands still. */
static void connect_all(struct wire *w)
{
    const int64_t until = mr_clock_mono() + PATIENCE_NS;
    for (int left = SETTLE; left > 0; left -= wire_connected(w)) {
        w->ahead_ns += ROUND_NS / (wire_connected(w) ? 1 : 100);
        w->x->now_ns = now_of(w);
        housekeep(w);
        turn(w);
        if (mr_clock_mono() > until) {
            struct mr_session_view v;
            mr_session_view(w->line[0].session, &v);
            fail_msg("not connected: %s", v.why);
        }
    }
    settle(w);
}

void wire_step(struct wire *w)
{
    w->x->now_ns = now_of(w);
    mr_fault_tick(w->x);
    for (uint32_t i = w->x->open_count; i-- > 0;)
        mr_conn_tick(w->x->open[i]);
    housekeep(w);
    turn(w);
    settle(w);
    for (uint32_t i = 0; i < w->lines; i++) {
        enum mr_session_state is = mr_session_state(w->line[i].session);
        if (is != MR_SESSION_DOWN && !wire_connected(w)) /* it dials again */
            connect_all(w);
    }
}

void wire_wait(struct wire *w, uint32_t seconds)
{
    for (uint32_t i = 0; i < seconds; i += WAIT_STEP_S) {
        w->ahead_ns += WAIT_STEP_S * 1000000000ll;
        wire_step(w);
    }
}

/* Who has subscribed to it; of what nobody could, whoever is there. */
static struct conn *hearer(struct wire *w, const void *data, uint32_t len)
{
    const struct stand *s = w->stand;
    struct mr_letter l = {.data = data, .len = len, .venue = s->venue->id, .product = s->product};
    bool addressed = mr_speaker_of(s->venue->id)->address(&l);
    struct conn *any = NULL;
    for (uint32_t i = 0; i < w->x->open_count; i++) {
        struct conn *c = w->x->open[i];
        if (c->state != CONN_SOCKET)
            continue;
        any = c;
        if (addressed && mr_talk_find(&c->talk, &l))
            return c;
    }
    return any;
}

int wire_say(struct wire *w, const void *data, uint32_t len)
{
    struct conn *c = hearer(w, data, len);
    if (!c)
        return MR_E_END;
    settle(w);
    assert_true(mr_conn_frame(c, MR_WS_TEXT, &(struct mr_span){data, len}, 1));
    mr_conn_flush(c);
    settle(w);
    return w->status;
}

int wire_carry(struct wire *w, const void *data, uint32_t len, wire_take_fn *take, void *arg)
{
    struct conn *c = w->x->open[0];
    assert_true(w->x->open_count > 0 && c->state == CONN_SOCKET);
    w->take = take;
    w->take_arg = arg;
    assert_true(mr_conn_frame(c, MR_WS_TEXT, &(struct mr_span){data, len}, 1));
    mr_conn_flush(c);
    settle(w);
    w->take = NULL;
    return w->status;
}

struct rest_call {
    struct wire *wire;
    const char *path, *post;
    char *body;
    size_t room;
    int status;
    atomic_bool answered;
};

static void *ask(void *arg)
{
    struct rest_call *r = arg;
    const struct stand *s = r->wire->stand;
    const char *host = mr_dialect_of(s->venue)->products[s->product].rest + sizeof "https://" - 1;
    r->status = client_rest(r->wire->x, host, r->path, r->post, r->body, r->room);
    atomic_store(&r->answered, true);
    return NULL;
}

int wire_rest(struct wire *w, const char *path, const char *post, char *body, size_t room)
{
    struct rest_call r = {.wire = w, .path = path, .post = post, .body = body, .room = room};
    pthread_t client; /* it waits for what this thread serves */
    assert_int_equal(pthread_create(&client, NULL, ask, &r), 0);
    while (!atomic_load(&r.answered))
        serve(w);
    pthread_join(client, NULL);
    return r.status;
}

uint64_t wire_heard(const struct wire *w) { return w->x->stats.heard; }

int wire_plan(const struct wire *w, const struct mr_stream *stream, struct mr_err *err)
{
    const struct line *l = depth_line(w);
    struct mr_stream streams[STREAMS + 1];
    memcpy(streams, l->streams, l->count * sizeof *streams);
    streams[l->count] = *stream;
    const struct mr_session_config config = {.venue = w->stand->venue,
                                             .product = w->stand->product,
                                             .route = &l->route,
                                             .streams = streams,
                                             .stream_count = l->count + 1};
    return mr_session_check(&config, err);
}

void wire_hide(struct wire *w, uint32_t symbol, double seconds)
{
    struct mr_err err;
    const struct stand *s = w->stand;
    struct mr_exchange_fault fault = {.kind = MR_FAULT_UNKNOWN, .seconds = seconds};
    snprintf(fault.product, sizeof fault.product, "%s:%s", s->venue->name, s->venue->products[s->product].name);
    snprintf(fault.symbol, sizeof fault.symbol, "%s", s->symbol[symbol]);
    w->hides = true;
    if (mr_exchange_fault(w->x, &fault, &err) != MR_OK)
        fail_msg("%s", err.text);
}

void wire_cut(struct wire *w)
{
    const int64_t until = mr_clock_mono() + PATIENCE_NS;
    settle(w);
    while (w->x->open_count)
        mr_conn_end(w->x->open[w->x->open_count - 1]);
    for (bool open = true; open && mr_clock_mono() < until;) {
        open = false;
        take_pieces(w);
        for (uint32_t i = 0; i < w->lines; i++)
            open |= mr_session_state(w->line[i].session) != MR_SESSION_DOWN;
    }
    w->lost = w->x->stats.frames - w->delivered;
}

/* ---- set-up ---- */

static void add_streams(struct wire *w, struct line *l)
{
    const struct stand *s = w->stand;
    const struct mr_product_dial *dial = &mr_dialect_of(s->venue)->products[s->product];
    uint32_t channels = l->route.channels & s->venue->products[s->product].channels & ~(uint32_t)MR_CANDLES;
    for (uint32_t bit = 1; bit < MR_CONTROL; bit <<= 1)
        for (uint32_t i = 0; i < s->symbols && channels & bit; i++) {
            char name[256];
            struct mr_text t;
            const struct mr_stream stream = {bit, dial->market_wide & bit ? "" : s->symbol[i]};
            mr_text_init(&t, name, sizeof name);
            assert_true(l->count < STREAMS);
            if (!(dial->market_wide & bit && i) && mr_dialect_of(s->venue)->name(s->product, &stream, &t) == MR_OK)
                l->streams[l->count++] = stream;
        }
}

static void add_line(struct wire *w, const struct mr_route *route)
{
    struct line *l = &w->line[w->lines];
    assert_true(w->lines < LINES);
    *l = (struct line){.wire = w, .route = *route};
    add_streams(w, l);
    if (!l->count)
        return;
    const struct mr_session_config config = {
        .venue = w->stand->venue,
        .product = w->stand->product,
        .route = &l->route,
        .connection = (uint16_t)w->lines,
        .host = l->route.token ? NULL : l->route.host,
        .port = mr_exchange_port(w->x),
        .fixed = {.ip = {127, 0, 0, 1}, .family = 4, .port = mr_exchange_port(w->x)},
        .streams = l->streams,
        .stream_count = l->count,
        .source = &w->source,
        .tls = w->tls,
        .message_max = 2u << 20,
        .seed = 1,
        .resolve = resolve,
        .token = token,
        .deliver = deliver,
        .changed = changed,
        .arg = l};
    l->metrics = zeroed(sizeof *l->metrics);
    mr_metrics_init_values(l->metrics, &mr_session_metrics_desc);
    l->session = mr_session_init(zeroed(mr_session_bytes(&config)), &config, l->metrics);
    w->lines++;
}

static void open_source(struct wire *w)
{
    struct mr_err err;
    const struct mr_stream_config stream = {
        .connections_max = LINES, .buffer_bytes = 16384, .buffers = 64, .send_bytes = 65536, .clock = &w->clock};
    const struct mr_tls_config tls = {.ca_file = mr_exchange_ca(w->x), .connections_max = LINES, .output_bytes = 65536};
    mr_clock_open_virtual(&w->clock, w->stand->now_ns);
    w->source = (struct mr_source){.ops = &mr_source_socket_ops};
    w->source_mem = zeroed(w->source.ops->bytes(&stream));
    if (w->source.ops->open(&w->source, w->source_mem, &stream, &err) != MR_OK ||
        mr_tls_context_open(&w->tls, &tls, &err) != MR_OK)
        fail_msg("%s", err.text);
}

struct wire *wire_open(struct stand *stand, const char *certs)
{
    struct mr_err err;
    struct wire *w = calloc(1, sizeof *w);
    const struct mr_exchange_config config = {
        .certs = certs, .connections_max = 8, .tape = {.pace = 1, .market = {.venues = MR_MARKET_MEXC}}};
    if (mr_exchange_open(&w->x, &config, &err) != MR_OK)
        fail_msg("%s", err.text);
    w->stand = stand;
    mr_tape_close(w->x->tape);
    w->x->tape = stand->tape;
    w->x->now_ns = stand->now_ns;
    open_source(w);
    for (const struct mr_route *r = mr_dialect_of(stand->venue)->products[stand->product].routes; r->name; r++)
        add_line(w, r);
    assert_true(w->lines > 0);
    connect_all(w);
    return w;
}

void wire_close(struct wire *w)
{
    settle(w);
    assert_true(w->delivered > 0);
    assert_int_equal(w->x->stats.rule_cut + w->x->stats.protocol_cut + w->x->stats.slow_cut + w->x->stats.tls_failed,
                     0);
    for (uint32_t i = 0; i < w->lines; i++) {
        const struct mr_session_metrics *m = w->line[i].metrics;
        assert_true(m->frames > 0);
        assert_int_equal(m->protocol + m->too_big + m->upgrade_failed + m->token_failed, 0);
        assert_true(m->rejected == 0 || w->hides);
        mr_session_close(w->line[i].session, now_of(w));
        free(w->line[i].session);
        free(w->line[i].metrics);
    }
    w->source.ops->close(&w->source);
    free(w->source_mem);
    mr_tls_context_close(w->tls);
    while (w->x->open_count)
        mr_conn_end(w->x->open[w->x->open_count - 1]);
    mr_exchange_close(w->x);
    free(w);
}
