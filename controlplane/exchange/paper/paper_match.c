/* When an order trades, and at what. */
#include "controlplane/exchange/paper/paper_priv.h"

/* The levels that this side takes. */
static uint32_t levels(const struct paper_market *m, uint8_t side, const struct mr_level **out)
{
    *out = side == MR_SIDE_BUY ? m->view.asks : m->view.bids;
    return m->view.flags & MR_MARKET_LIVE ? (side == MR_SIDE_BUY ? m->view.ask_count : m->view.bid_count) : 0;
}

/* Is `price` as good as `limit`, or better, for this side? 0: any price is. */
static bool within(uint8_t side, mr_price price, mr_price limit)
{
    return limit == 0 || (side == MR_SIDE_BUY ? price <= limit : price >= limit);
}

mr_size paper_takeable(const struct mr_paper *p, const struct mr_order *o, mr_price limit)
{
    const struct paper_market *m = &p->market[o->instrument];
    const struct mr_level *level;
    uint32_t n = levels(m, o->side, &level);
    mr_size sum = 0, want = o->size - o->filled;
    for (uint32_t i = 0; i < n && sum < want && within(o->side, level[i].price, limit); i++) {
        mr_size left = level[i].size - m->eaten[o->side][i];
        sum += left < want - sum ? left : want - sum;
    }
    return sum;
}

mr_size paper_take(struct mr_paper *p, struct paper_order *po, mr_price limit)
{
    struct paper_market *m = &p->market[po->o.instrument];
    const struct mr_level *level;
    uint32_t n = levels(m, po->o.side, &level);
    mr_size took = 0;
    for (uint32_t i = 0; i < n && po->open && within(po->o.side, level[i].price, limit) && paper_room(p); i++) {
        mr_size left = level[i].size - m->eaten[po->o.side][i], want = po->o.size - po->o.filled;
        mr_size size = left < want ? left : want;
        if (size <= 0)
            continue;
        m->eaten[po->o.side][i] += size;
        took += size;
        paper_fill(p, po, level[i].price, size, false);
    }
    return took;
}

void paper_queue(struct mr_paper *p, struct paper_order *po)
{
    const struct paper_market *m = &p->market[po->o.instrument];
    const struct mr_level *level = po->o.side == MR_SIDE_BUY ? m->view.bids : m->view.asks;
    uint32_t n = po->o.side == MR_SIDE_BUY ? m->view.bid_count : m->view.ask_count;
    po->ahead = 0;
    po->resting = true;
    for (uint32_t i = 0; i < n; i++)
        if (level[i].price == po->o.price)
            po->ahead = level[i].size;
    /* deeper than the view shows: as much as its last level has, for want of better */
    if (n == MR_MARKET_LEVELS && within(po->o.side, level[n - 1].price, po->o.price) == false && po->ahead == 0)
        po->ahead = level[n - 1].size;
}

static void end_rest(struct mr_paper *p, struct paper_order *po)
{
    p->counts.expired++;
    paper_end(p, po, MR_STATE_EXPIRED);
    struct mr_answer a = {.kind = MR_ANSWER_EXPIRED, .filled = po->o.filled, .size = po->o.size};
    paper_say(p, &a, po);
}

void paper_place(struct mr_paper *p, struct paper_order *po)
{
    const struct mr_order *o = &po->o;
    if (o->type == MR_ORDER_STOP_MARKET || o->type == MR_ORDER_TAKE_PROFIT_MARKET) {
        paper_triggers(p, &p->market[o->instrument]);
        return;
    }
    mr_price limit = o->type == MR_ORDER_MARKET ? 0 : o->price;
    if (o->tif == MR_TIF_FOK && paper_takeable(p, o, limit) < o->size - o->filled) {
        end_rest(p, po);
        return;
    }
    paper_take(p, po, limit);
    if (!po->open)
        return;
    if (o->type == MR_ORDER_MARKET || o->tif == MR_TIF_IOC || o->tif == MR_TIF_FOK)
        end_rest(p, po);
    else
        paper_queue(p, po);
}

/* ---- triggers ---- */

static bool triggered(const struct mr_order *o, mr_price at)
{
    bool up = (o->side == MR_SIDE_BUY) == (o->type == MR_ORDER_STOP_MARKET); /* waits for a rise */
    return at > 0 && (up ? at >= o->stop_price : at <= o->stop_price);
}

void paper_triggers(struct mr_paper *p, struct paper_market *m)
{
    mr_price at = p->config.trigger_by_mark ? m->view.mark : m->view.last;
    for (uint32_t i = m->first, next; i != NONE; i = next) {
        struct paper_order *po = &p->order[i];
        next = po->next;
        if (po->resting || (po->o.type != MR_ORDER_STOP_MARKET && po->o.type != MR_ORDER_TAKE_PROFIT_MARKET) ||
            !triggered(&po->o, at) || !paper_room(p))
            continue;
        p->counts.triggered++;
        paper_say_kind(p, MR_ANSWER_TRIGGERED, po);
        paper_take(p, po, 0);
        if (po->open)
            end_rest(p, po);
    }
}

/* ---- the market moves ---- */

/* The best of the other side is at our price or beyond: it would have traded with us. At most what stands there. */
static void crossed(struct mr_paper *p, struct paper_market *m, struct paper_order *po)
{
    mr_size size = paper_takeable(p, &po->o, po->o.price);
    const struct mr_level *level;
    uint32_t n = levels(m, po->o.side, &level);
    mr_size left = size;
    for (uint32_t i = 0; i < n && left > 0; i++) { /* taken from there once */
        mr_size here = level[i].size - m->eaten[po->o.side][i];
        here = here < left ? here : left;
        m->eaten[po->o.side][i] += here;
        left -= here;
    }
    if (size > 0)
        paper_fill(p, po, po->o.price, size, true);
}

void mr_paper_on_view(struct mr_paper *p, const struct mr_market_view *view, int64_t now_ns)
{
    mr_paper_step(p, now_ns);
    if (view->instrument >= p->config.instruments_max)
        return;
    struct paper_market *m = &p->market[view->instrument];
    if (!m->seen || m->view.seq != view->seq || m->view.book_ns != view->book_ns)
        memset(m->eaten, 0, sizeof m->eaten);
    m->view = *view;
    m->seen = true;
    paper_mark(p, m);
    for (uint32_t i = m->first, next; i != NONE && (view->flags & MR_MARKET_LIVE); i = next) {
        struct paper_order *po = &p->order[i];
        mr_size ahead = po->ahead;
        next = po->next;
        if (!po->resting || !paper_room(p))
            continue;
        paper_queue(p, po); /* what left the level in front of us brings us forward; what came stands behind us */
        po->ahead = po->ahead < ahead ? po->ahead : ahead;
        crossed(p, m, po);
    }
    paper_triggers(p, m);
}

void mr_paper_on_trade(struct mr_paper *p, uint32_t instrument, enum mr_side side, mr_price price, mr_size size,
                       int64_t now_ns)
{
    mr_paper_step(p, now_ns);
    if (instrument >= p->config.instruments_max || price <= 0 || size <= 0)
        return;
    struct paper_market *m = &p->market[instrument];
    for (uint32_t i = m->first, next; i != NONE && size > 0; i = next) {
        struct paper_order *po = &p->order[i];
        next = po->next;
        if (!po->resting || po->o.side == (uint8_t)side || !within(po->o.side, price, po->o.price) || !paper_room(p))
            continue;
        mr_size left = po->o.size - po->o.filled;
        if (price != po->o.price) { /* beyond us: all that stood at our price is gone, we among it */
            paper_fill(p, po, po->o.price, left, true);
            continue;
        }
        mr_size queue = po->ahead < size ? po->ahead : size;
        po->ahead -= queue;
        mr_size ours = size - queue < left ? size - queue : left;
        if (ours > 0)
            paper_fill(p, po, po->o.price, ours, true);
        size -= ours; /* the queue in front of two of ours is the same one */
    }
    m->view.last = price;
    m->view.last_ns = now_ns;
    paper_triggers(p, m);
}
