#include "tests/dataplane/plane/heard.h"

#include <pthread.h>
#include <stdio.h>

#include "dataplane/ring/ring.h"
#include "dataplane/ring/workspace.h"
#include "tests/support/support.h"

#define TEXT_BYTES (64u << 20)
#define SLOTS_MAX (1u << 18)
#define LINES_MAX (1u << 17)
#define STREAMS_MAX 1024 /* a power of two */

/* One event, without what differs by connection. */
struct line {
    uint32_t at;   /* in `slot` */
    uint32_t prev; /* number of the one before in its stream, from 1 on; 0: none */
    bool beginning, used;
};
struct lines {
    union mr_slot *slot;
    struct line *line; /* [0] is none */
    uint32_t last[STREAMS_MAX];
    uint32_t slots, count, mark;
};
struct heard {
    const struct rig *rig;
    pthread_mutex_t lock; /* of `text`: the exchange's thread writes it */
    uint8_t *text;        /* struct message and its bytes, one behind the other */
    size_t used, read;
    bool full;
    struct mr_instruments *table; /* a copy of the plane's */
    struct mr_region instruments;
    uint64_t stream[STREAMS_MAX]; /* keys, found by hash; 0: none */
    struct mr_decoder decoder[RIG_FEEDS];
    void *state[RIG_FEEDS];
    struct lines said, taken;
    struct mr_tap tap;
    uint64_t gaps[RIG_FEEDS];
};
struct message {
    uint32_t len;
    uint8_t venue, product;
    bool beginning;
};

static void hear(void *arg, const struct mr_exchange_said *said)
{
    struct heard *h = arg;
    const struct message m = {said->len, said->venue, said->product, said->beginning};
    pthread_mutex_lock(&h->lock);
    h->full |= TEXT_BYTES - h->used < sizeof m + m.len;
    if (!h->full) {
        memcpy(h->text + h->used, &m, sizeof m);
        memcpy(h->text + h->used + sizeof m, said->data, m.len);
        h->used += sizeof m + m.len;
    }
    pthread_mutex_unlock(&h->lock);
}

/* ---- lines ---- */

static void *memory(size_t bytes)
{
    void *mem = aligned_alloc(128, (bytes + 127) / 128 * 128);
    assert_non_null(mem);
    return mem;
}

static void lines_open(struct lines *l)
{
    *l = (struct lines){.slot = memory(SLOTS_MAX * sizeof *l->slot), .line = memory(LINES_MAX * sizeof *l->line)};
    l->count = 1;
}

static void lines_close(struct lines *l)
{
    free(l->slot);
    free(l->line);
}

static bool is_image(const union mr_slot *group, uint8_t rule)
{
    return group->event.kind == MR_EVENT_BOOK && group->event.flags & MR_FLAG_SNAPSHOT && rule != MR_SEQ_IMAGE &&
           rule != MR_SEQ_STATE;
}

/* Books begin with images that each connection is given, and trades with those of before: they are no part of what is said to all. */
static bool counts(const union mr_slot *group, const struct mr_product *product)
{
    bool old_trade = group->event.kind == MR_EVENT_TRADE && group->event.flags & MR_FLAG_SNAPSHOT;
    return group->event.kind >= MR_EVENT_TRADE && group->event.kind <= MR_EVENT_CANDLE && !old_trade &&
           !is_image(group, product->sequencing);
}

static uint32_t stream_of(struct heard *h, const union mr_slot *group)
{
    const struct mr_event *ev = &group->event;
    uint64_t interval = ev->kind == MR_EVENT_CANDLE ? group[1].candle.interval_s : 0;
    uint64_t key = (uint64_t)ev->instrument << 48 | interval << 16 | (uint64_t)ev->kind << 8 | ev->source;
    uint32_t at = (uint32_t)(key * 0x9e3779b97f4a7c15u >> 54), looked = 0;
    while (h->stream[at] != 0 && h->stream[at] != key) {
        at = (at + 1) % STREAMS_MAX;
        assert_true(++looked < STREAMS_MAX);
    }
    h->stream[at] = key;
    return at;
}

static bool same(const struct lines *a, const struct line *i, const struct lines *b, const struct line *k)
{
    const uint32_t n = mr_event_slots(&a->slot[i->at]);
    return n == mr_event_slots(&b->slot[k->at]) && memcmp(&a->slot[i->at], &b->slot[k->at], n * 64) == 0;
}

static void add(struct heard *h, struct lines *l, const union mr_slot *group, bool beginning)
{
    const uint32_t n = mr_event_slots(group), stream = stream_of(h, group), last = l->last[stream];
    assert_true(l->slots + n <= SLOTS_MAX && l->count < LINES_MAX);
    memcpy(&l->slot[l->slots], group, n * sizeof *group);
    struct mr_event *ev = &l->slot[l->slots].event;
    ev->recv_ns = 0;
    ev->decode_delta_ns = 0;
    ev->connection = 0;
    if (ev->kind == MR_EVENT_FUNDING)
        ev->size = 0; /* the interval: Bybit says it in the image alone, to each connection by itself */
    ev->flags &= (uint8_t)(MR_FLAG_SELL | MR_FLAG_SNAPSHOT);
    l->line[l->count] = (struct line){.at = l->slots, .prev = last, .beginning = beginning};
    /* a state without a time that says what its stream said last: how often is nobody's to know */
    if (ev->venue_ns == 0 && last && l->line[last].beginning <= beginning &&
        same(l, &l->line[last], l, &l->line[l->count]))
        return;
    l->slots += n;
    l->last[stream] = l->count++;
}

/* ---- what was said ---- */

/* The decoder of that product; NULL: no feed of the rig's. */
static struct mr_decoder *decoder_of(struct heard *h, const struct message *m)
{
    for (uint32_t i = 0; i < h->rig->feed_count; i++)
        if (h->decoder[i].venue->id == m->venue && h->decoder[i].product == m->product)
            return &h->decoder[i];
    return NULL;
}

static void read_message(struct heard *h, const struct message *m, const uint8_t *data)
{
    static union mr_slot out[MR_DECODE_SLOTS];
    struct mr_decoder *dec = decoder_of(h, m);
    const struct mr_frame frame = {.data = data, .len = m->len};
    const int n = dec ? mr_decode(dec, &frame, out, MR_DECODE_SLOTS) : 0;
    if (n < 0 && n != MR_E_SYMBOL) /* others than the rig's */
        fail_msg("%s: %.*s: %s", dec->venue->name, (int)m->len, (const char *)data, mr_status_name(n));
    for (int at = 0; at < n; at += (int)mr_event_slots(&out[at]))
        if (counts(&out[at], &dec->venue->products[dec->product]))
            add(h, &h->said, &out[at], m->beginning);
}

static void read_said(struct heard *h)
{
    struct message m;
    memcpy(h->table, h->instruments.mem, h->instruments.bytes);
    pthread_mutex_lock(&h->lock);
    assert_false(h->full);
    for (; h->read < h->used; h->read += sizeof m + m.len) {
        memcpy(&m, h->text + h->read, sizeof m);
        read_message(h, &m, h->text + h->read + sizeof m);
    }
    pthread_mutex_unlock(&h->lock);
}

/* ---- what was taken ---- */

static uint32_t feed_of(const struct heard *h, uint32_t instrument)
{
    const struct mr_instrument *it = mr_instruments_get(h->table, instrument);
    for (uint32_t i = 0; it && i < h->rig->feed_count; i++)
        if (h->decoder[i].venue->id == it->venue && h->decoder[i].product == it->product)
            return i;
    return RIG_FEEDS;
}

static uint32_t slots_of(const void *first) { return mr_event_slots(first); }

static void take(struct heard *h)
{
    static union mr_slot group[MR_GROUP_SLOTS];
    int64_t n;
    while ((n = mr_tap_read(&h->tap, slots_of, group, MR_GROUP_SLOTS)) > 0) {
        const uint32_t feed = feed_of(h, group->event.instrument);
        if (feed == RIG_FEEDS)
            continue;
        if (group->event.kind == MR_EVENT_GAP)
            h->gaps[feed]++;
        else if (counts(group, &h->decoder[feed].venue->products[h->decoder[feed].product]))
            add(h, &h->taken, group, false);
    }
    assert_int_equal(n, 0); /* it did not lap us */
}

/* ---- one against the other, from the end ---- */

static uint32_t to_all(const struct lines *l, uint32_t at)
{
    while (at && l->line[at].beginning)
        at = l->line[at].prev;
    return at;
}

/* What one subscription began with is told where it is news to the merge, each at most once: values, and the images of books without numbers
 * (Hyperliquid, Polymarket). Trades, liquidations and other books never. */
static bool began_with(struct heard *h, uint32_t stream, const struct line *taken)
{
    const struct mr_event *ev = &h->taken.slot[taken->at].event;
    const struct mr_decoder *dec = &h->decoder[feed_of(h, ev->instrument)];
    const uint8_t rule = dec->venue->products[dec->product].sequencing;
    const bool whole = rule == MR_SEQ_STATE || rule == MR_SEQ_IMAGE;
    if (ev->kind == MR_EVENT_TRADE || ev->kind == MR_EVENT_LIQUIDATION || (ev->kind == MR_EVENT_BOOK && !whole))
        return false;
    for (uint32_t at = h->said.last[stream]; at; at = h->said.line[at].prev) {
        struct line *l = &h->said.line[at];
        if (l->beginning && !l->used && same(&h->said, l, &h->taken, taken)) {
            l->used = true;
            return true;
        }
    }
    return false;
}

static void show(const struct heard *h, const char *what, const struct lines *l, uint32_t at)
{
    const struct line *line = &l->line[at];
    if (!at) {
        print_error("  %s: none\n", what);
        return;
    }
    const struct mr_event *ev = &l->slot[line->at].event;
    const struct mr_instrument *it = mr_instruments_get(h->table, ev->instrument);
    const struct mr_venue *venue = mr_venue_by_id(it->venue);
    print_error("  %s: %s %s, %s (%s): number %llu, venue time %lld, price %lld, size %lld, aux %lld, flags %u\n", what,
                venue->name, it->symbol, mr_event_kind_name(ev->kind), venue->kinds[ev->source].name,
                (unsigned long long)ev->seq, (long long)ev->venue_ns, (long long)ev->price, (long long)ev->size,
                (long long)ev->aux, ev->flags);
}

/* Of a state without a time the first of those that say the same, images of single connections between them left out: how often it was said
 * is nobody's to know. */
static uint32_t first_alike(const struct lines *l, uint32_t at)
{
    uint32_t before;
    while (l->slot[l->line[at].at].event.venue_ns == 0 && (before = to_all(l, l->line[at].prev)) != 0 &&
           same(l, &l->line[before], l, &l->line[at]))
        at = before;
    return at;
}

static bool is(const struct heard *h, uint32_t s, uint32_t t)
{
    return s && t && same(&h->said, &h->said.line[s], &h->taken, &h->taken.line[t]);
}

static bool all_of_stream_equal(struct heard *h, uint32_t stream, uint32_t *s, uint32_t *t, uint32_t *equal)
{
    uint32_t other = *s; /* as *s, without those that say what the one behind them says */
    while (*t || *s >= h->said.mark) {
        if (!is(h, *s, *t) && other != *s && (!*t || is(h, other, *t))) {
            *s = other;
        } else if (is(h, *s, *t)) {
            other = to_all(&h->said, h->said.line[first_alike(&h->said, *s)].prev);
            *s = to_all(&h->said, h->said.line[*s].prev);
            *t = h->taken.line[*t].prev;
            ++*equal;
        } else {
            if (!*t || !began_with(h, stream, &h->taken.line[*t]))
                return false;
            *t = h->taken.line[*t].prev;
        }
    }
    return true;
}

static bool stream_equal(struct heard *h, uint32_t stream, bool tell)
{
    uint32_t s = to_all(&h->said, h->said.last[stream]), t = h->taken.last[stream], equal = 0;
    if (all_of_stream_equal(h, stream, &s, &t, &equal))
        return true;
    if (tell) {
        print_error("not equal, with %u behind it that are:\n", equal);
        show(h, "said ", &h->said, s);
        show(h, "taken", &h->taken, t);
    }
    return false;
}

/* Open interest by REST is no part of what the exchange says by itself. */
static bool asked_for(const struct heard *h, uint32_t stream)
{
    return (h->stream[stream] >> 8 & 0xff) == MR_EVENT_OPEN_INTEREST && !h->said.last[stream];
}

static bool all_equal(struct heard *h, bool tell)
{
    for (uint32_t i = 1; i < h->said.count; i++)
        h->said.line[i].used = false;
    for (uint32_t stream = 0; stream < STREAMS_MAX; stream++)
        if (h->stream[stream] && !asked_for(h, stream) && !stream_equal(h, stream, tell))
            return false;
    return true;
}

bool heard_all(struct heard *h)
{
    for (int i = 0; i < 40; i++) {
        heard_rest(h, 250);
        read_said(h);
        if (all_equal(h, false))
            return true;
    }
    return all_equal(h, true);
}

/* ---- the scene ---- */

void heard_begin(struct heard *h)
{
    const struct mr_workspace *ws = mr_plane_workspace(h->rig->plane);
    struct mr_region tap;
    struct mr_err err;
    assert_int_equal(mr_workspace_find(ws, "instruments", &h->instruments), MR_OK);
    assert_int_equal(mr_workspace_find(ws, "tap/events/0", &tap), MR_OK);
    h->table = memory(h->instruments.bytes);
    memcpy(h->table, h->instruments.mem, h->instruments.bytes);
    for (uint32_t i = 0; i < h->rig->feed_count; i++) {
        const struct mr_venue *venue;
        uint8_t product;
        assert_int_equal(mr_venue_parse(h->rig->feeds[i].product, &venue, &product, &err), MR_OK);
        h->state[i] = memory(mr_decoder_bytes(venue, mr_instruments_capacity(h->table)));
        mr_decoder_init(&h->decoder[i], venue, product, h->table, NULL, h->state[i]);
    }
    assert_int_equal(mr_tap_open(&h->tap, tap.mem, tap.bytes, false), MR_OK);
    read_said(h);
    h->said.mark = h->said.count;
}

void heard_rest(struct heard *h, int ms)
{
    for (; ms > 0; ms -= 50) {
        mr_test_rest(ms < 50 ? ms : 50);
        take(h);
    }
}

uint64_t heard_said(const struct heard *h, uint32_t feed)
{
    uint64_t n = 0;
    for (uint32_t i = h->said.mark; i < h->said.count; i++)
        n += !h->said.line[i].beginning && feed_of(h, h->said.slot[h->said.line[i].at].event.instrument) == feed;
    return n;
}

uint64_t heard_gaps(const struct heard *h, uint32_t feed) { return h->gaps[feed]; }

struct heard *heard_open(const struct rig *rig)
{
    struct heard *h = calloc(1, sizeof *h);
    assert_non_null(h);
    h->rig = rig;
    h->text = malloc(TEXT_BYTES);
    assert_non_null(h->text);
    pthread_mutex_init(&h->lock, NULL);
    lines_open(&h->said);
    lines_open(&h->taken);
    mr_exchange_tap(rig->exchange, hear, h);
    return h;
}

void heard_close(struct heard *h)
{
    mr_exchange_tap(h->rig->exchange, NULL, NULL);
    for (uint32_t i = 0; i < RIG_FEEDS; i++)
        free(h->state[i]);
    lines_close(&h->said);
    lines_close(&h->taken);
    pthread_mutex_destroy(&h->lock);
    free(h->text);
    free(h->table);
    free(h);
}
