/* The market as the account's paper exchange sees it: what the exchange itself sends, decoded as any client would, and its true books. */
#include <stdlib.h>

#include "codecs/venue/dial.h"
#include "tests/exchange/server/account_priv.h"

#define LIST_BYTES (4u << 20)

static void *lines(size_t bytes)
{
    void *mem = aligned_alloc(64, (bytes + 63) / 64 * 64);
    MR_ASSERT(mem);
    return mem;
}

static struct account_product *product_of(struct mr_account *a, uint8_t venue, uint8_t product)
{
    for (uint32_t i = 0; i < a->product_count; i++)
        if (a->products[i].venue == venue && a->products[i].product == product)
            return &a->products[i];
    return NULL;
}

/* ---- opening ---- */

static void add(void *arg, uint8_t venue, uint8_t product, const char *symbol)
{
    struct mr_account *a = arg;
    if (mr_instruments_add_bare(a->instruments, venue, product, mr_span_of(symbol)) < 0 ||
        product_of(a, venue, product) || a->product_count == ACCOUNT_PRODUCTS)
        return;
    struct account_product *p = &a->products[a->product_count++];
    p->venue = venue;
    p->product = product;
    p->state = lines(mr_decoder_bytes(mr_venue_by_id(venue), ACCOUNT_INSTRUMENTS) + 1);
    mr_decoder_init(&p->decoder, mr_venue_by_id(venue), product, a->instruments, NULL, p->state);
    p->decoder.skip_unknown = true;
}

/* Tick, lot and contract size from the list that the exchange answers clients with. What has none is not traded. */
static void learn(struct mr_exchange *x, struct mr_account *a, struct account_product *p, char *body)
{
    const struct mr_dialect *dialect = mr_dialect_of(mr_venue_by_id(p->venue));
    char path[512], post[512];
    struct mr_text url, ask, t;
    mr_text_init(&url, path, sizeof path);
    mr_text_init(&ask, post, sizeof post);
    mr_text_init(&t, body, LIST_BYTES);
    mr_text_add(&url, dialect->products[p->product].rest);
    if (dialect->url(p->product, MR_URL_INSTRUMENTS, "", &url, &ask) != MR_OK ||
        mr_tape_ask(x->tape, p->venue, p->product, (struct mr_span){NULL, 0}, MR_MARKET_INSTRUMENTS, &t) != MR_OK)
        return;
    const struct mr_frame frame = {.data = (const uint8_t *)body, .len = (uint32_t)t.len};
    (void)mr_decode_rest(&p->decoder, mr_span_of(path), &frame, a->instruments, a->slots, MR_DECODE_SLOTS);
}

int mr_account_market_open(struct mr_exchange *x, struct mr_account *a, struct mr_err *err)
{
    a->instruments = mr_instruments_init(lines(mr_instruments_bytes(ACCOUNT_INSTRUMENTS)), ACCOUNT_INSTRUMENTS);
    a->slots = lines(MR_DECODE_SLOTS * sizeof *a->slots);
    char *body = malloc(LIST_BYTES);
    MR_ASSERT(body);
    mr_tape_each(x->tape, add, a);
    for (uint32_t i = 0; i < a->product_count; i++)
        learn(x, a, &a->products[i], body);
    free(body);
    uint32_t known = 0;
    for (uint32_t i = 0; i < mr_instruments_count(a->instruments) && i < ACCOUNT_INSTRUMENTS; i++) {
        known += !(mr_instruments_get(a->instruments, i)->flags & MR_INSTRUMENT_NO_METADATA);
        a->views[i].instrument = i;
    }
    return known ? MR_OK
                 : mr_err_set(err, MR_E_MISSING,
                              "--account: what is played has no list of instruments: give its REST bodies with --rest");
}

void mr_account_market_close(struct mr_account *a)
{
    for (uint32_t i = 0; i < a->product_count; i++)
        free(a->products[i].state);
    free(a->instruments);
    free(a->slots);
}

/* ---- what is played ---- */

/* Digits beyond the scale are cut off. */
static int64_t at_scale(int64_t value, int from, int to)
{
    int64_t out = 0;
    if (from - to > MR_SCALE_MAX || to - from > MR_SCALE_MAX)
        return 0;
    if (to < from)
        return value / mr_pow10[from - to];
    return __builtin_mul_overflow(value, mr_pow10[to - from], &out) ? 0 : out;
}

static uint32_t side(const struct mr_truth *truth, bool ask, const struct mr_instrument *it, struct mr_level *out)
{
    uint32_t n = truth->count[ask] < MR_MARKET_LEVELS ? truth->count[ask] : MR_MARKET_LEVELS;
    for (uint32_t i = 0; i < n; i++)
        out[i] = (struct mr_level){at_scale(truth->level[ask][i].price, truth->price_scale, it->price_scale),
                                   at_scale(truth->level[ask][i].size, truth->size_scale, it->size_scale)};
    return n;
}

static bool look_at_book(struct mr_exchange *x, const struct mr_instrument *it, struct mr_market_view *v)
{
    if (mr_tape_truth(x->tape, it->venue, it->product, (struct mr_span){(const uint8_t *)it->symbol, it->symbol_len},
                      MR_MARKET_LEVELS, x->truth) != MR_OK)
        return false;
    v->flags = MR_MARKET_LIVE;
    v->seq = x->truth->seq;
    v->book_ns = x->now_ns;
    v->bid_count = side(x->truth, false, it, v->bids);
    v->ask_count = side(x->truth, true, it, v->asks);
    return true;
}

static void take(struct mr_exchange *x, const union mr_slot *slot)
{
    struct mr_account *a = x->account;
    const struct mr_event *e = &slot->event;
    const struct mr_instrument *it = mr_instruments_get(a->instruments, e->instrument);
    struct mr_market_view *v = &a->views[e->instrument];
    bool changed = true;
    switch (e->kind) {
    case MR_EVENT_TRADE:
        if (e->flags & (MR_FLAG_SECONDARY | MR_FLAG_SNAPSHOT))
            return;
        v->last = e->price;
        v->last_ns = x->now_ns;
        mr_paper_on_trade(a->paper, it->id, e->flags & MR_FLAG_SELL ? MR_SIDE_SELL : MR_SIDE_BUY, e->price, e->size,
                          x->now_ns);
        return;
    case MR_EVENT_MARK:
        v->mark = at_scale(e->price, -e->exponent, it->price_scale);
        v->mark_ns = x->now_ns;
        break;
    case MR_EVENT_FUNDING:
        v->funding_rate = e->price;
        v->funding_scale = (int8_t)-e->exponent;
        v->funding_next_ns = e->aux;
        break;
    case MR_EVENT_BOOK:
        changed = look_at_book(x, it, v);
        break;
    default:
        return;
    }
    if (changed)
        mr_paper_on_view(a->paper, v, x->now_ns);
}

void mr_account_piece(struct mr_exchange *x, const struct mr_piece *piece)
{
    struct mr_account *a = x->account;
    struct account_product *p = product_of(a, piece->venue, piece->product);
    if (!p || piece->kind != MR_PIECE_FRAME)
        return;
    const struct mr_frame frame = {.data = piece->data, .len = piece->len, .recv_ns = piece->recv_ns};
    int n = mr_decode(&p->decoder, &frame, a->slots, MR_DECODE_SLOTS);
    for (int i = 0; i < n; i += (int)mr_event_slots(&a->slots[i]))
        if (a->slots[i].event.instrument < ACCOUNT_INSTRUMENTS)
            take(x, &a->slots[i]);
}
