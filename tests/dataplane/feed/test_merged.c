/* Several connections of one feed: the generated market's messages of each venue, by two connections with delays and cuts from a seed, are the
 * events that one undisturbed connection gives. */
#include <stdio.h>

#include "dataplane/feed/feed.h"
#include "tests/exchange/market/market_source.h"
#include "tests/support/support.h"

#define MS 1000000ll
#define LANES 2
#define WAIT_NS (200 * MS)
#define INSTRUMENTS 32
#define SLOTS (1u << 18)

struct heard { /* group after group, without what differs by connection */
    union mr_slot *slot;
    uint32_t used;
    uint64_t gaps, groups;
    uint32_t last[INSTRUMENTS][MR_EVENT_KIND_COUNT][MR_VENUE_KINDS_MAX];
};
struct frame {
    uint8_t *data;
    uint32_t len;
    bool rest;
    char url[128];
    int64_t at_ns;
};
struct lane {
    uint32_t next;                /* of the frames: what it brings next */
    int64_t arrival_ns, delay_ns; /* of that; delays are drawn below */
    int64_t cut_ns, again_ns;
    bool open;
};
struct side {
    struct mr_instruments *table, *catalogue;
    struct mr_feed *feed;
    struct mr_feed_metrics *metrics;
    struct mr_merge_metrics merge;
    struct heard heard;
};

static void *memory(size_t bytes)
{
    void *mem = aligned_alloc(128, (bytes + 127) / 128 * 128);
    assert_non_null(mem);
    memset(mem, 0, (bytes + 127) / 128 * 128);
    return mem;
}

/* A state without a time that says what its stream said last (the generated spot quotes do): how often is nobody's to know. */
static bool says_again(struct heard *h, uint32_t slots)
{
    const union mr_slot *group = &h->slot[h->used];
    uint32_t *last = &h->last[group->event.instrument][group->event.kind][group->event.source];
    if (*last && memcmp(&h->slot[*last - 1], group, slots * sizeof *group) == 0)
        return true;
    *last = h->used + 1;
    return false;
}

static bool hear(void *arg, const union mr_slot *group, uint32_t slots)
{
    struct heard *h = arg;
    assert_true(h->used + slots <= SLOTS);
    memcpy(h->slot + h->used, group, slots * sizeof *group);
    struct mr_event *ev = &h->slot[h->used].event;
    h->gaps += ev->kind == MR_EVENT_GAP;
    ev->recv_ns = 0;
    ev->connection = 0;
    ev->flags &= (uint8_t) ~(MR_FLAG_FIRST | MR_FLAG_LAST);
    if (ev->venue_ns == 0 && says_again(h, slots))
        return true;
    h->used += slots;
    h->groups++;
    return true;
}

static void side_open(struct side *s, const char *product, uint32_t lanes)
{
    memset(s, 0, sizeof *s);
    s->heard.slot = memory(SLOTS * sizeof(union mr_slot));
    s->table = mr_instruments_init(memory(mr_instruments_bytes(INSTRUMENTS)), INSTRUMENTS);
    s->catalogue = mr_instruments_init(memory(mr_instruments_bytes(1024)), 1024);
    mr_metrics_init_values(&s->merge, &mr_merge_metrics_desc);
    struct mr_feed_config config = {.instruments = s->table,
                                    .catalogue = s->catalogue,
                                    .instruments_max = INSTRUMENTS,
                                    .hold_slots = 8192,
                                    .joins_max = 8,
                                    .lanes_max = lanes,
                                    .merge = &s->merge,
                                    .shapes = 256,
                                    .add_unknown = true,
                                    .emit = hear,
                                    .emit_arg = &s->heard};
    assert_int_equal(mr_venue_parse(product, &config.venue, &config.product, NULL), MR_OK);
    s->metrics = memory(sizeof *s->metrics);
    mr_metrics_init_values(s->metrics, &mr_feed_metrics_desc);
    s->feed = mr_feed_init(memory(mr_feed_bytes(&config)), &config, s->metrics);
}

static void side_close(struct side *s)
{
    free(s->feed);
    free(s->metrics);
    free(s->table);
    free(s->catalogue);
    free(s->heard.slot);
}

static int give(struct side *s, const struct frame *f, uint16_t connection, int64_t at_ns)
{
    const struct mr_frame frame = {
        .data = f->data, .len = f->len, .connection = connection, .clock = MR_CLOCK_KERNEL, .recv_ns = at_ns};
    return f->rest ? mr_feed_rest(s->feed, mr_span_of(f->url), &frame) : mr_feed_frame(s->feed, &frame);
}

/* ---- the messages ---- */

static uint32_t collect(const char *product, uint32_t venue_bit, uint64_t seed, struct frame **out)
{
    const struct mr_venue *venue;
    uint8_t row;
    assert_int_equal(mr_venue_parse(product, &venue, &row, NULL), MR_OK);
    const struct mr_market_source_config config = {.market = {.seed = seed,
                                                              .start_ns = 1700000000000000000,
                                                              .duration_ns = 40 * 1000 * MS,
                                                              .warm_up_ns = 1000 * MS,
                                                              .venues = venue_bit,
                                                              .full = true}};
    struct mr_source source = {0};
    struct mr_err err;
    void *mem = memory(mr_source_market.bytes(&config));
    assert_int_equal(mr_source_market.open(&source, mem, &config, &err), MR_OK);
    uint32_t count = 0, room = 1u << 16;
    *out = memory(room * sizeof **out);
    for (struct mr_piece piece; count < room && source.ops->poll(&source, 0, &piece, 1) == 1;) {
        if (piece.product == row && (piece.kind == MR_PIECE_FRAME || piece.kind == MR_PIECE_REST)) {
            struct frame *f = &(*out)[count++];
            *f = (struct frame){.len = piece.len, .rest = piece.kind == MR_PIECE_REST, .at_ns = piece.recv_ns};
            f->data = memory(piece.len + 1);
            memcpy(f->data, piece.data, piece.len);
            snprintf(f->url, sizeof f->url, "%.*s", (int)piece.name.len, (const char *)piece.name.data);
        }
        source.ops->release(&source, &piece);
    }
    source.ops->close(&source);
    free(mem);
    return count;
}

/* ---- two connections ---- */

struct run {
    struct side side;
    struct mr_random random;
    const struct frame *frames;
    uint32_t count;
    struct lane lane[LANES];
};

static void schedule(struct run *r, struct lane *l)
{
    if (l->next == r->count)
        return;
    int64_t at = r->frames[l->next].at_ns + (int64_t)mr_random_below(&r->random, (uint64_t)l->delay_ns);
    l->arrival_ns = at > l->arrival_ns ? at : l->arrival_ns;
}

static void cut_or_open(struct run *r, uint16_t i, int64_t now_ns)
{
    struct lane *l = &r->lane[i];
    if (l->open && now_ns >= l->cut_ns) {
        mr_feed_left(r->side.feed, i);
        l->open = false;
        l->again_ns = l->cut_ns + 300 * MS;
        l->cut_ns += LANES * 2000 * MS;
    } else if (!l->open && now_ns >= l->again_ns) { /* what is said from now on */
        mr_feed_opened(r->side.feed, i, 0, NULL);
        l->open = true;
        l->delay_ns = (1 + (int64_t)mr_random_below(&r->random, 80)) * MS;
        l->arrival_ns = now_ns;
        while (l->next < r->count && r->frames[l->next].at_ns < now_ns)
            l->next++;
        schedule(r, l);
    }
}

static void play(struct run *r)
{
    uint32_t rest = 0; /* bodies come once, beside all connections */
    mr_feed_merge(r->side.feed, true, WAIT_NS);
    for (uint16_t i = 0; i < LANES; i++) {
        struct lane *l = &r->lane[i];
        *l = (struct lane){.open = true, .delay_ns = (1 + (int64_t)mr_random_below(&r->random, 80)) * MS};
        l->cut_ns = r->frames[0].at_ns + (i + 1) * 2000 * MS;
        mr_feed_opened(r->side.feed, i, 0, NULL);
        schedule(r, l);
    }
    for (;;) {
        int best = -1;
        for (int i = 0; i < LANES; i++) {
            while (r->lane[i].next < r->count && r->frames[r->lane[i].next].rest) {
                r->lane[i].next++;
                schedule(r, &r->lane[i]);
            }
            if (r->lane[i].open && r->lane[i].next < r->count &&
                (best < 0 || r->lane[i].arrival_ns < r->lane[best].arrival_ns))
                best = i;
        }
        if (best < 0)
            break;
        struct lane *l = &r->lane[best];
        int64_t now_ns = l->arrival_ns;
        for (; rest < r->count && r->frames[rest].at_ns <= r->frames[l->next].at_ns; rest++)
            if (r->frames[rest].rest)
                assert_true(give(&r->side, &r->frames[rest], 0, now_ns) >= 0);
        for (uint16_t i = 0; i < LANES; i++)
            cut_or_open(r, i, now_ns);
        if (mr_feed_due_ns(r->side.feed) <= now_ns)
            mr_feed_due(r->side.feed, now_ns);
        if (!l->open)
            continue;
        assert_true(give(&r->side, &r->frames[l->next++], (uint16_t)best, now_ns) >= 0);
        schedule(r, l);
    }
    mr_feed_due(r->side.feed, INT64_MAX);
}

/* Of one instrument, kind and message kind: in order, each once. */
static const union mr_slot *next_of(const struct heard *h, uint32_t *at, const union mr_slot *like)
{
    while (*at < h->used) {
        const union mr_slot *g = &h->slot[*at];
        *at += mr_event_slots(g);
        if (g->event.kind == like->event.kind && g->event.instrument == like->event.instrument &&
            g->event.source == like->event.source)
            return g;
    }
    return NULL;
}

static void compare(const struct heard *want, const struct heard *got, const char *says)
{
    static uint32_t at[INSTRUMENTS][MR_EVENT_KIND_COUNT][MR_VENUE_KINDS_MAX];
    memset(at, 0, sizeof at);
    for (uint32_t i = 0; i < want->used; i += mr_event_slots(&want->slot[i])) {
        const union mr_slot *w = &want->slot[i];
        uint32_t *from = &at[w->event.instrument][w->event.kind][w->event.source];
        const union mr_slot *g = next_of(got, from, w);
        if (!g || memcmp(w, g, mr_event_slots(w) * sizeof *w) != 0)
            fail_msg("%s: %s of instrument %u: %llu wanted, %llu heard", says, mr_event_kind_name(w->event.kind),
                     w->event.instrument, (unsigned long long)w->event.seq,
                     g ? (unsigned long long)g->event.seq : 0ull);
    }
    assert_int_equal(got->used, want->used);
    assert_int_equal(got->groups, want->groups);
}

static const struct {
    const char *product;
    uint32_t bit;
} products[] = {
    {"binance:usdm", MR_MARKET_BINANCE_USDM},    {"binance:spot", MR_MARKET_BINANCE_SPOT},
    {"bybit:linear", MR_MARKET_BYBIT_LINEAR},    {"okx:public", MR_MARKET_OKX},
    {"hyperliquid:perp", MR_MARKET_HYPERLIQUID},
};

static void two_connections_give_what_one_gives(void **state)
{
    (void)state;
    uint64_t seeds = getenv("MILLRACE_QUICK") ? 1 : 4;
    for (size_t i = 0; i < MR_COUNT_OF(products); i++)
        for (uint64_t seed = 1; seed <= seeds; seed++) {
            char says[64];
            struct frame *frames;
            static struct side one;
            static struct run two;
            two.random.state = seed;
            snprintf(says, sizeof says, "%s, seed %llu", products[i].product, (unsigned long long)seed);
            two.count = collect(products[i].product, products[i].bit, seed, &frames);
            two.frames = frames;
            assert_true(two.count > 500);
            side_open(&one, products[i].product, 0);
            side_open(&two.side, products[i].product, LANES);
            for (uint32_t n = 0; n < two.count; n++)
                assert_true(give(&one, &frames[n], 0, frames[n].at_ns) >= 0);
            play(&two);
            assert_int_equal(one.heard.gaps, 0);
            compare(&one.heard, &two.side.heard, says);
            assert_true(two.side.merge.copies > two.side.merge.passed / 2);
            side_close(&one);
            side_close(&two.side);
            for (uint32_t n = 0; n < two.count; n++)
                free(frames[n].data);
            free(frames);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_connections_give_what_one_gives),
    };
    return MR_TEST_MAIN(tests);
}
