#include <stdio.h>

#include "codecs/capture/capture.h"
#include "dataplane/feed/feed_tile_priv.h"

#define SECOND_NS 1000000000ll
#define ASK_FIRST_NS SECOND_NS /* until a snapshot is asked for again, at first */
#define ASK_MOST_NS (30 * SECOND_NS)
#define RELIST_NS (3600 * SECOND_NS)    /* a list that lacks what is wanted is asked for again */
#define STREAM_WAIT_NS (10 * SECOND_NS) /* a snapshot that should come in the stream by itself */

/* ---- asking ---- */

void mr_feed_tile_resolve(void *arg, struct mr_session *session, const char *host)
{
    struct mr_feed_route *route = arg;
    struct mr_feed_tile_state *t = route->tile;
    (void)session;
    const char *other = route->product->config->host;
    const struct mr_aux_request request = {
        .kind = MR_AUX_RESOLVE, .connection = route->connection, .port = route->route.port, .id = ++t->request_id};
    if (mr_aux_ask(&t->requests, &request, other && *other ? other : host, NULL) != MR_OK)
        MR_COUNT(t->metrics, not_asked, 1); /* the session's deadline passes, and it asks again */
}

static uint32_t weight_of(const struct mr_feed_product *p, enum mr_url_kind kind)
{
    return p->dialect->weight ? p->dialect->weight(p->config->product, kind) : 1;
}

static bool get(struct mr_feed_tile_state *t, struct mr_feed_product *p, enum mr_url_kind kind, uint32_t instrument,
                const char *symbol)
{
    char url[512], body[512];
    struct mr_text path, post;
    mr_text_init(&path, url, sizeof url);
    mr_text_init(&post, body, sizeof body);
    mr_text_add(&path, p->config->rest);
    if (p->dialect->url(p->config->product, kind, symbol, &path, &post) != MR_OK || path.cut || post.cut)
        return false;
    const struct mr_aux_request request = {.kind = MR_AUX_GET,
                                           .venue = p->config->venue->id,
                                           .product = p->config->product,
                                           .purpose = (uint8_t)kind,
                                           .weight = weight_of(p, kind),
                                           .instrument = instrument,
                                           .id = ++t->request_id};
    bool asked = mr_aux_ask(&t->requests, &request, url, body) == MR_OK;
    MR_COUNT(t->metrics, asked, asked);
    MR_COUNT(t->metrics, not_asked, !asked);
    return true;
}

/* A token is of one connection, and is no data: its answer goes to the session, and into no recording. */
void mr_feed_tile_token(void *arg, struct mr_session *session)
{
    struct mr_feed_route *route = arg;
    struct mr_feed_tile_state *t = route->tile;
    const struct mr_feed_product *p = route->product;
    char url[512], body[512];
    struct mr_text path, post;
    (void)session;
    mr_text_init(&path, url, sizeof url);
    mr_text_init(&post, body, sizeof body);
    mr_text_add(&path, p->config->rest);
    const struct mr_aux_request request = {.kind = MR_AUX_GET,
                                           .venue = p->config->venue->id,
                                           .product = p->config->product,
                                           .purpose = MR_URL_TOKEN,
                                           .weight = weight_of(p, MR_URL_TOKEN),
                                           .connection = route->connection,
                                           .instrument = UINT32_MAX,
                                           .id = ++t->request_id};
    if (p->dialect->url(p->config->product, MR_URL_TOKEN, "", &path, &post) != MR_OK || path.cut || post.cut ||
        mr_aux_ask(&t->requests, &request, url, body) != MR_OK)
        MR_COUNT(t->metrics, not_asked, 1); /* the session's deadline passes, and it asks again */
    else
        MR_COUNT(t->metrics, asked, 1);
}

static void take_token(struct mr_feed_tile_state *t, const struct mr_aux_reply *reply, int64_t now_ns)
{
    const struct mr_aux_answer *head = &reply->head;
    if (head->request.connection >= t->connections)
        return;
    MR_COUNT(t->metrics, answers_bad, head->status != MR_OK);
    mr_session_token(t->by_connection[head->request.connection]->session, reply->body,
                     head->status == MR_OK              ? NULL
                     : reply->why && reply->why[0] != 0 ? reply->why
                                                        : "no token: the venue refused the request",
                     now_ns);
}

static int64_t later(uint8_t *attempts, int64_t first_ns)
{
    int64_t wait = first_ns << (*attempts < 7 ? *attempts : 7);
    *attempts = (uint8_t)(*attempts < 255 ? *attempts + 1 : 255);
    return wait < ASK_MOST_NS ? wait : ASK_MOST_NS;
}

static void ask_list(struct mr_feed_tile_state *t, struct mr_feed_product *p, int64_t now_ns)
{
    if (p->list_limit_ns == 0)
        p->list_limit_ns = now_ns + t->config.list_s * SECOND_NS;
    if (!p->listed && now_ns >= p->list_limit_ns)
        p->listed = p->list_missing = true;
    if (p->listed && !p->list_missing && !p->unlisted)
        return;
    if (now_ns < p->list_due_ns)
        return;
    p->list_due_ns = now_ns + (p->list_attempts < 4 ? 2 : 30) * SECOND_NS;
    p->list_attempts++;
    if (!get(t, p, MR_URL_INSTRUMENTS, UINT32_MAX, ""))
        p->listed = true; /* this product has none */
}

static struct mr_feed_route *depth_route(struct mr_feed_product *p)
{
    struct mr_feed_route *found = NULL; /* an open one, if there is one */
    for (uint32_t r = 0; r < p->route_count; r++)
        if (p->routes[r].route.channels & MR_DEPTH && p->routes[r].stream_count &&
            (!found || (!found->open && p->routes[r].open)))
            found = &p->routes[r];
    return found;
}

struct asking {
    struct mr_feed_tile_state *tile;
    struct mr_feed_product *product;
    int64_t now_ns;
};

/* A book that is not live. By REST: when held updates show that the stream runs, so that the snapshot cannot be too old. In the stream: it
 * comes with the subscription; when it does not, or a gap broke the book, the subscription is made anew. */
static void ask_snapshot(void *arg, uint32_t instrument)
{
    struct asking *a = arg;
    struct mr_feed_product *p = a->product;
    struct mr_feed_route *route = depth_route(p);
    const struct mr_join *join = mr_feed_join(p->feed, instrument);
    bool runs = p->arbiter ? p->begun : route && route->open; /* the stream that the snapshot is to join */
    if (!runs || !join || a->now_ns < p->ask_due_ns[instrument])
        return;
    const char *symbol = mr_instruments_get(a->tile->config.instruments, instrument)->symbol;
    if (join->rule == MR_SEQ_FIRST_FINAL || join->rule == MR_SEQ_FIRST_FINAL_PREV) {
        if (join->held_count == 0)
            return;
        p->ask_due_ns[instrument] = a->now_ns + later(&p->ask_attempts[instrument], ASK_FIRST_NS);
        get(a->tile, p, MR_URL_SNAPSHOT, instrument, symbol);
        MR_COUNT(a->tile->metrics, resyncs, 1);
        return;
    }
    if (!route) /* lines of datagrams: nobody can be asked, it comes by itself */
        return;
    bool first = p->ask_attempts[instrument] == 0 && join->state == MR_JOIN_COLD;
    p->ask_due_ns[instrument] =
        a->now_ns + (first ? STREAM_WAIT_NS : later(&p->ask_attempts[instrument], 2 * SECOND_NS));
    if (first) {
        p->ask_attempts[instrument] = 1;
        return;
    }
    MR_COUNT(a->tile->metrics, resyncs, 1);
    if (mr_session_resubscribe(route->session, MR_DEPTH, symbol, a->now_ns) == MR_E_UNSUPPORTED)
        mr_session_reconnect(route->session, "a book needs its snapshot", a->now_ns);
}

static void ask_interest(struct mr_feed_tile_state *t, struct mr_feed_product *p, int64_t now_ns)
{
    uint32_t wanted = 0;
    if (p->dial->interest_s == 0 || !p->listed || now_ns < p->interest_due_ns)
        return;
    for (uint32_t i = 0; i < p->config->stream_count; i++)
        wanted += p->config->streams[i].channel == MR_INTERESTS;
    if (wanted == 0)
        return;
    p->interest_due_ns = now_ns + p->dial->interest_s * SECOND_NS / wanted; /* one after the other, evenly */
    uint32_t nth = p->interest_next++ % wanted;
    for (uint32_t i = 0; i < p->config->stream_count; i++)
        if (p->config->streams[i].channel == MR_INTERESTS && nth-- == 0)
            get(t, p, MR_URL_INTEREST, UINT32_MAX, p->config->streams[i].symbol);
}

void mr_feed_tile_opened(struct mr_feed_product *p, int64_t now_ns)
{
    const struct mr_feed_tile_config *c = &p->tile->config;
    uint8_t rule = p->config->venue->products[p->config->product].sequencing;
    bool rest = rule == MR_SEQ_FIRST_FINAL || rule == MR_SEQ_FIRST_FINAL_PREV;
    for (uint32_t id = 0; id < c->instruments_max; id++) {
        p->ask_attempts[id] = 0;
        p->ask_due_ns[id] = rest ? now_ns : now_ns + STREAM_WAIT_NS;
    }
}

/* A book that has joined starts from the shortest wait the next time, also where its image came by itself before anybody was asked. */
static void forget_joined(struct mr_feed_tile_state *t, struct mr_feed_product *p)
{
    for (uint32_t id = 0; id < t->config.instruments_max; id++) {
        const struct mr_join *join = p->ask_attempts[id] || p->ask_due_ns[id] ? mr_feed_join(p->feed, id) : NULL;
        if (!join || join->wants_snapshot)
            continue;
        p->ask_attempts[id] = 0;
        p->ask_due_ns[id] = 0;
    }
}

void mr_feed_tile_ask(struct mr_feed_tile_state *t, int64_t now_ns)
{
    int64_t missing = 0;
    for (uint32_t i = 0; i < t->config.product_count; i++) {
        struct mr_feed_product *p = &t->products[i];
        struct asking a = {t, p, now_ns};
        ask_list(t, p, now_ns);
        missing += p->list_missing || !p->listed;
        forget_joined(t, p);
        mr_feed_wanting(p->feed, ask_snapshot, &a);
        ask_interest(t, p, now_ns);
    }
    MR_GAUGE_SET(t->metrics, lists_missing, missing);
}

/* ---- answers ---- */

/* What the list does not hold is not asked for, where asking would harm the others; a later list may hold it. */
static void compare_list(struct mr_feed_product *p, int64_t now_ns)
{
    p->unlisted = 0;
    for (uint32_t r = 0; p->dialect->listed && r < p->route_count; r++)
        for (uint32_t i = 0; i < p->routes[r].stream_count; i++) {
            const struct mr_stream *stream = &p->routes[r].streams[i];
            if (!p->dialect->listed(p->config->product, stream->symbol))
                continue;
            bool known = mr_feed_listed(p->feed, stream->symbol);
            p->unlisted += !known;
            if (mr_session_list(p->routes[r].session, stream->channel, stream->symbol, known, now_ns))
                mr_feed_tile_kept_out(p, stream->symbol,
                                      known ? "in the venue's list of instruments now"
                                            : "not in the venue's list of instruments: not subscribed");
        }
    if (p->unlisted)
        p->list_due_ns = now_ns + RELIST_NS;
}

static void take_body(struct mr_feed_tile_state *t, struct mr_feed_product *p, const struct mr_aux_reply *reply,
                      int64_t now_ns)
{
    const struct mr_aux_answer *head = &reply->head;
    mr_feed_tile_record(t, p,
                        &(struct mr_capture_record){.recv_ns = head->recv_ns,
                                                    .data = reply->body.data,
                                                    .len = reply->body.len,
                                                    .kind = MR_CAPTURE_REST,
                                                    .clock = MR_CLOCK_TSC,
                                                    .name = reply->url});
    const struct mr_frame frame = {
        .data = reply->body.data, .len = reply->body.len, .clock = MR_CLOCK_TSC, .recv_ns = head->recv_ns};
    int status = mr_feed_rest(p->feed, reply->url, &frame);
    if (head->request.purpose == MR_URL_INSTRUMENTS && status >= 0) {
        p->listed = true;
        p->list_missing = false;
        compare_list(p, now_ns);
    }
}

static void take_answer(struct mr_feed_tile_state *t, const struct mr_aux_reply *reply, int64_t now_ns)
{
    const struct mr_aux_answer *head = &reply->head;
    if (head->request.kind == MR_AUX_RESOLVE) {
        if (head->request.connection < t->connections)
            mr_session_resolved(t->by_connection[head->request.connection]->session, reply->addresses, head->addresses,
                                reply->why, now_ns);
        return;
    }
    if (head->request.purpose == MR_URL_TOKEN) {
        take_token(t, reply, now_ns);
        return;
    }
    if (head->status != MR_OK) {
        MR_COUNT(t->metrics, answers_bad, 1);
        return;
    }
    for (uint32_t i = 0; i < t->config.product_count; i++)
        if (t->products[i].config->venue->id == head->request.venue &&
            t->products[i].config->product == head->request.product)
            take_body(t, &t->products[i], reply, now_ns);
}

uint32_t mr_feed_tile_answers(struct mr_feed_tile_state *t, int64_t now_ns)
{
    struct mr_aux_reply reply;
    uint32_t n = 0;
    for (; n < 4 && mr_aux_take(&t->inbox, &reply); n++) /* a few a millisecond: instrument lists are long */
        take_answer(t, &reply, now_ns);
    return n;
}
