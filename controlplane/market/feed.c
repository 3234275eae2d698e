#include "controlplane/market/feed.h"

#include <stdio.h>
#include <stdlib.h>

#include "codecs/venue/venue.h"
#include "include/millrace/millrace.h"

#define LOOK_NS 200000000ll  /* between two tries to attach */
#define ROUND_NS 100000000ll /* between two looks at every book, and at the data plane itself */
#define TURN 4096u           /* records a poll takes from one plane */

struct plane {
    struct millrace *m;
    char path[256], why[256];
    int64_t look_ns;
    uint32_t *ours; /* by the run's id: index in `wanted` + 1; 0 not looked at yet, NOT_WANTED */
    uint32_t ours_count;
    bool dead; /* its process is gone */
};
#define NOT_WANTED UINT32_MAX

struct wanted {
    struct mr_market_view view;
    uint32_t plane, theirs, generation; /* plane + 1 and id there; 0: no data plane has it */
    bool book, changed;                 /* its book is to be looked at; something has changed since it was last told */
};

struct mr_market_feed {
    struct mr_market_feed_config config;
    struct plane plane[MR_MARKET_PLANES_MAX];
    struct wanted wanted[MR_MARKET_WANTED_MAX];
    uint32_t plane_count, wanted_count;
    struct mr_market_feed_counts counts;
    int64_t round_ns;
};

int mr_market_feed_open(struct mr_market_feed **out, const struct mr_market_feed_config *config, struct mr_err *err)
{
    struct mr_market_feed *f = calloc(1, sizeof *f);
    if (!f)
        return mr_err_set(err, MR_E_NOMEM, "market: no memory");
    f->config = *config;
    *out = f;
    return MR_OK;
}

int mr_market_feed_add(struct mr_market_feed *f, const char *workspace)
{
    if (f->plane_count == MR_MARKET_PLANES_MAX)
        return MR_E_FULL;
    struct plane *p = &f->plane[f->plane_count++];
    snprintf(p->path, sizeof p->path, "%s", workspace);
    snprintf(p->why, sizeof p->why, "not looked for yet");
    p->look_ns = INT64_MIN;
    return MR_OK;
}

int64_t mr_market_feed_want(struct mr_market_feed *f, const char *name, struct mr_err *err)
{
    const struct mr_venue *venue;
    uint8_t product;
    char route[48];
    const char *symbol = strrchr(name, ':');
    if (!symbol || symbol == name || !symbol[1] || (size_t)(symbol - name) >= sizeof route)
        return mr_err_set(err, MR_E_UNKNOWN, "\"%s\": want VENUE:PRODUCT:SYMBOL, as binance:usdm:BTCUSDT", name);
    snprintf(route, sizeof route, "%.*s", (int)(symbol - name), name);
    int status = mr_venue_parse(route, &venue, &product, err);
    if (status)
        return status;
    int64_t id = mr_instruments_add_bare(f->config.instruments, venue->id, product, mr_span_of(symbol + 1));
    if (id < 0)
        return mr_err_set(err, (int)id, "\"%s\": %s", name, mr_status_text((int)id));
    if (mr_market_feed_view(f, (uint32_t)id))
        return id;
    if (f->wanted_count == MR_MARKET_WANTED_MAX)
        return mr_err_set(err, MR_E_FULL, "\"%s\": at most %d instruments", name, MR_MARKET_WANTED_MAX);
    f->wanted[f->wanted_count++].view.instrument = (uint32_t)id;
    for (uint32_t i = 0; i < f->plane_count; i++) /* ids that nobody wanted may be this one */
        if (f->plane[i].ours)
            memset(f->plane[i].ours, 0, f->plane[i].ours_count * sizeof *f->plane[i].ours);
    return id;
}

const struct mr_market_view *mr_market_feed_view(const struct mr_market_feed *f, uint32_t id)
{
    for (uint32_t i = 0; i < f->wanted_count; i++)
        if (f->wanted[i].view.instrument == id)
            return &f->wanted[i].view;
    return NULL;
}

/* A run ended, or its memory cannot be read: nothing of it is to be traded on. */
static void forget(struct mr_market_feed *f, struct plane *p)
{
    uint32_t which = (uint32_t)(p - f->plane) + 1;
    for (uint32_t i = 0; i < f->wanted_count; i++) {
        struct wanted *w = &f->wanted[i];
        if (w->plane != which)
            continue;
        w->view.flags = (w->view.flags & ~(uint32_t)MR_MARKET_LIVE) | MR_MARKET_GAP;
        w->plane = 0;
        w->changed = true;
    }
    if (p->ours)
        memset(p->ours, 0, p->ours_count * sizeof *p->ours);
}

static void detach(struct mr_market_feed *f, struct plane *p, const char *why)
{
    forget(f, p);
    snprintf(p->why, sizeof p->why, "%.250s", why);
    millrace_close(p->m);
    p->m = NULL;
}

/* The data plane's metadata into our table. The multiplier and scales decide what an order is worth, so they follow at once. */
static void adopt(struct mr_market_feed *f, struct wanted *w, const struct millrace_instrument *theirs)
{
    const struct mr_instrument *ours = mr_instruments_get(f->config.instruments, w->view.instrument);
    struct mr_instrument it = *ours;
    if (w->generation == theirs->generation + 1 || theirs->no_metadata)
        return;
    it.flags = theirs->inverse ? MR_INSTRUMENT_INVERSE : 0;
    it.type = (uint8_t)theirs->type;
    it.price_scale = (int8_t)theirs->price_scale;
    it.size_scale = (int8_t)theirs->size_scale;
    it.tick = theirs->tick;
    it.lot = theirs->lot;
    it.multiplier = theirs->multiplier;
    it.multiplier_scale = (int8_t)theirs->multiplier_scale;
    snprintf(it.base, sizeof it.base, "%.23s", theirs->base);
    snprintf(it.quote, sizeof it.quote, "%.23s", theirs->quote);
    if (mr_instruments_add(f->config.instruments, &it) >= 0)
        w->generation = theirs->generation + 1;
}

/* Whose record it is: NULL for what nobody wants. */
static struct wanted *whose(struct mr_market_feed *f, struct plane *p, const struct millrace_instrument *theirs)
{
    if (!theirs || theirs->id >= p->ours_count)
        return NULL;
    uint32_t *slot = &p->ours[theirs->id];
    if (*slot == 0) {
        const struct mr_venue *venue = mr_venue_by_name(theirs->venue);
        char route[48];
        uint8_t product;
        *slot = NOT_WANTED;
        snprintf(route, sizeof route, "%s:%s", theirs->venue, theirs->product);
        if (venue && mr_venue_parse(route, &venue, &product, NULL) == MR_OK) {
            const struct mr_instrument *it =
                mr_instruments_find(f->config.instruments, venue->id, product, mr_span_of(theirs->symbol));
            for (uint32_t i = 0; it && i < f->wanted_count; i++)
                if (f->wanted[i].view.instrument == it->id && !f->wanted[i].plane)
                    *slot = i + 1;
        }
    }
    if (*slot == NOT_WANTED)
        return NULL;
    struct wanted *w = &f->wanted[*slot - 1];
    w->plane = (uint32_t)(p - f->plane) + 1;
    w->theirs = theirs->id;
    adopt(f, w, theirs);
    return w;
}

/* Marks carry their own scale. Digits beyond the instrument's are cut off: nobody trades at a mark. */
static mr_price at_scale(const struct mr_market_feed *f, const struct wanted *w, const struct millrace_record *r)
{
    int by = mr_instruments_get(f->config.instruments, w->view.instrument)->price_scale - r->price_scale;
    int64_t out = 0;
    if (by < -MR_SCALE_MAX || by > MR_SCALE_MAX)
        return 0;
    if (by < 0)
        return r->price / mr_pow10[-by];
    return __builtin_mul_overflow(r->price, mr_pow10[by], &out) ? 0 : out;
}

static void apply(struct mr_market_feed *f, struct plane *p, const struct millrace_record *r)
{
    struct wanted *w = whose(f, p, r->instrument);
    if (!w)
        return;
    struct mr_market_view *v = &w->view;
    switch (r->kind) {
    case MILLRACE_TRADE:
        if (r->flags & (MILLRACE_SECONDARY | MILLRACE_SNAPSHOT))
            return;
        v->last = r->price;
        v->last_ns = r->recv_ns;
        if (f->config.trade)
            f->config.trade(f->config.arg, &(struct mr_market_trade){.instrument = v->instrument,
                                                                     .side = (r->flags & MILLRACE_SELL) != 0,
                                                                     .price = r->price,
                                                                     .size = r->size,
                                                                     .recv_ns = r->recv_ns});
        break;
    case MILLRACE_MARK:
        v->mark = at_scale(f, w, r);
        v->mark_ns = r->recv_ns;
        break;
    case MILLRACE_INDEX:
        v->index = at_scale(f, w, r);
        break;
    case MILLRACE_FUNDING:
        v->funding_next_ns = r->next_ns;
        v->funding_rate = r->price;
        v->funding_scale = (int8_t)r->price_scale;
        break;
    case MILLRACE_BOOK:
    case MILLRACE_GAP:
    case MILLRACE_STATUS:
        w->book = true;
        return;
    default:
        return;
    }
    w->changed = true;
}

/* The image of the book, which the engine writes behind each message. */
static void look(struct mr_market_feed *f, struct wanted *w)
{
    struct millrace_top top;
    struct mr_market_view *v = &w->view;
    int code = millrace_top(f->plane[w->plane - 1].m, w->theirs, &top, sizeof top);
    if (code == MILLRACE_E_BUSY)
        return; /* stays to be looked at */
    w->book = false;
    uint32_t kept = v->flags & ~(uint32_t)(MR_MARKET_LIVE | MR_MARKET_CROSSED | MR_MARKET_GAP),
             flags = kept | MR_MARKET_GAP;
    if (code == MILLRACE_OK)
        flags = kept | (top.live ? MR_MARKET_LIVE : MR_MARKET_GAP) | (top.crossed ? MR_MARKET_CROSSED : 0u);
    w->changed |= flags != v->flags || (code == MILLRACE_OK && (top.seq != v->seq || top.recv_ns != v->book_ns));
    v->flags = flags;
    if (code != MILLRACE_OK)
        return;
    v->seq = top.seq;
    v->book_ns = top.recv_ns;
    v->bid_count = top.bid_count;
    v->ask_count = top.ask_count;
    for (uint32_t i = 0; i < MR_MARKET_LEVELS; i++) {
        v->bids[i] = (struct mr_level){top.bids[i].price, top.bids[i].size};
        v->asks[i] = (struct mr_level){top.asks[i].price, top.asks[i].size};
    }
}

/* A run begins: a place for each id, and what it shows already. */
static void begin(struct mr_market_feed *f, struct plane *p)
{
    struct millrace_info info;
    struct millrace_instrument it;
    millrace_info(p->m, &info, sizeof info);
    for (uint32_t id = 0; id < info.instruments && id < p->ours_count; id++)
        if (millrace_instrument(p->m, id, &it, sizeof it) == MILLRACE_OK) {
            struct wanted *w = whose(f, p, &it);
            if (w)
                w->book = true;
        }
}

static void attach(struct mr_market_feed *f, struct plane *p)
{
    struct millrace_error error;
    if (!p->ours) {
        p->ours_count = 4096; /* plane.instruments_max at most */
        p->ours = calloc(p->ours_count, sizeof *p->ours);
        if (!p->ours) {
            p->ours_count = 0;
            return;
        }
    }
    if (millrace_open_file(&p->m, p->path, MILLRACE_EVENTS | MILLRACE_BOOKS, 0, &error) != MILLRACE_OK) {
        snprintf(p->why, sizeof p->why, "%.250s", error.text);
        return;
    }
    p->why[0] = 0;
    begin(f, p);
}

static uint32_t take(struct mr_market_feed *f, struct plane *p)
{
    const struct millrace_record *r;
    struct millrace_error error;
    uint32_t n = 0;
    int got = 0;
    while (n < TURN && (got = millrace_next(p->m, &r, &error)) == 1) {
        n++;
        if (r->kind ==
            MILLRACE_LAPPED) { /* books stand in images; trades are lost, which a paper exchange only fills less by */
            f->counts.lapped++;
            for (uint32_t i = 0; i < f->wanted_count; i++)
                f->wanted[i].book |= f->wanted[i].plane == (uint32_t)(p - f->plane) + 1;
        } else if (r->kind == MILLRACE_RESTARTED) {
            f->counts.restarts++;
            forget(f, p);
            begin(f, p);
        } else {
            apply(f, p, r);
        }
    }
    if (got < 0)
        detach(f, p, error.text);
    return n;
}

/* Now and then everything is looked at, whatever was said: a data plane that was killed says nothing, and a book whose stream fell silent
 * changes its image alone. */
static void go_round(struct mr_market_feed *f, int64_t now_ns)
{
    struct millrace_info info;
    f->round_ns = now_ns + ROUND_NS;
    for (uint32_t i = 0; i < f->plane_count; i++) {
        struct plane *p = &f->plane[i];
        if (!p->m)
            continue;
        millrace_info(p->m, &info, sizeof info);
        if (!info.alive && !p->dead)
            forget(f, p);
        p->dead = !info.alive;
    }
    for (uint32_t i = 0; i < f->wanted_count; i++)
        f->wanted[i].book = true;
}

uint32_t mr_market_feed_poll(struct mr_market_feed *f, int64_t now_ns)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < f->plane_count; i++) {
        struct plane *p = &f->plane[i];
        if (!p->m && now_ns >= p->look_ns) {
            p->look_ns = now_ns + LOOK_NS;
            attach(f, p);
        }
        if (p->m)
            n += take(f, p);
    }
    f->counts.records += n;
    if (now_ns >= f->round_ns)
        go_round(f, now_ns);
    for (uint32_t i = 0; i < f->wanted_count; i++) {
        struct wanted *w = &f->wanted[i];
        if (w->book && w->plane)
            look(f, w);
        if (!w->changed)
            continue;
        w->changed = false;
        f->counts.views++;
        if (f->config.view)
            f->config.view(f->config.arg, &w->view);
    }
    return n;
}

void mr_market_feed_counts(const struct mr_market_feed *f, struct mr_market_feed_counts *out) { *out = f->counts; }

const char *mr_market_feed_why(const struct mr_market_feed *f, uint32_t plane)
{
    return plane < f->plane_count ? f->plane[plane].why : "";
}

void mr_market_feed_close(struct mr_market_feed *f)
{
    for (uint32_t i = 0; f && i < f->plane_count; i++) {
        millrace_close(f->plane[i].m);
        free(f->plane[i].ours);
    }
    free(f);
}
