/* The manager from its journal: what was durable is what is so. */
#include "controlplane/orders/orders_priv.h"

#define DAY 86400000000000LL

/* Fills that are durable, and whose order's record has not followed yet, wait in the queue of what is heard. */
static bool keep_fill(struct mr_orders *om, const struct mr_fill *f)
{
    if (om->heard_tail - om->heard_head == om->cfg.queue_max)
        return false;
    struct heard *h = &om->heard[om->heard_tail++ % om->cfg.queue_max];
    *h = (struct heard){.a = {.kind = MR_ANSWER_FILL, .order = f->order, .fill = *f}};
    om->written_to = om->heard_tail;
    return true;
}

/* Takes the first fill of the order out of the queue. */
static bool take_fill(struct mr_orders *om, uint64_t order)
{
    for (uint64_t i = om->heard_head; i != om->heard_tail; i++) {
        if (om->heard[i % om->cfg.queue_max].a.order != order)
            continue;
        for (; i > om->heard_head; i--)
            om->heard[i % om->cfg.queue_max] = om->heard[(i - 1) % om->cfg.queue_max];
        om->heard_head++;
        return true;
    }
    return false;
}

static bool order_sane(const struct mr_orders *om, const struct mr_record_order *r)
{
    const struct mr_order *o = &r->order;
    const struct mr_instrument *it =
        o->instrument < om->cfg.instruments_max ? om->ports.instrument(om->ports.self, o->instrument) : NULL;
    return o->id && it && it->venue == o->venue && o->side <= MR_SIDE_SELL && o->type < MR_ORDER_TYPE_COUNT &&
           o->state > MR_STATE_CREATED && o->state < MR_STATE_COUNT && r->input <= MR_INPUT_COUNT && o->size > 0 &&
           o->filled >= 0 && o->filled <= o->size && !(o->flags & ~MR_ORDER_FLAGS_ALL) &&
           memchr(o->venue_id, 0, sizeof o->venue_id) != NULL;
}

/* What was, and what the record makes of it: nothing goes back. */
static bool follows(const struct slot *s, const struct mr_record_order *r)
{
    return s->o.instrument == r->order.instrument && s->o.side == r->order.side && r->fills >= s->fills &&
           r->order.filled >= s->o.filled && (!mr_order_ended(s->o.state) || s->o.state == r->order.state);
}

static int restore_order(struct mr_orders *om, const struct mr_record_order *r)
{
    struct slot *s = mr_orders_slot(om, r->order.id);
    if (!order_sane(om, r) || (s && !follows(s, r)))
        return MR_E_CORRUPT;
    if (!s) {
        const struct link *l = mr_orders_link_of(om, r->order.venue);
        if (!(s = mr_orders_slot_new(om, r->order.id)))
            return MR_E_CORRUPT;
        /* by the venue's clock where a fill has told it, else a day before ours */
        s->since_ns = l && l->seen_ns ? l->seen_ns : r->order.created_ns - DAY;
    }
    for (uint32_t n = s->fills; n < r->fills; n++)
        if (!take_fill(om, r->order.id))
            return MR_E_CORRUPT;
    bool was_open = !mr_order_ended(s->o.state);
    char venue_id[sizeof s->o.venue_id];
    memcpy(venue_id, r->order.venue_id, sizeof venue_id);
    const struct mr_order old = s->o;
    s->o = r->order;
    memcpy(s->o.venue_id, old.venue_id, sizeof old.venue_id);
    mr_orders_slot_named(om, s, venue_id);
    s->fills = r->fills;
    s->reason = r->reason;
    s->cancel_wanted = r->flags & MR_RECORD_CANCEL_WANTED && !mr_order_ended(s->o.state);
    s->amending = r->flags & MR_RECORD_AMENDING && !mr_order_ended(s->o.state) ? AMEND_SENT : AMEND_NONE;
    s->want_price = r->want_price;
    s->want_size = r->want_size;
    s->carried = true; /* whoever carried it is no more */
    if (was_open && mr_order_ended(s->o.state))
        mr_orders_slot_end(om, s);
    if ((uint32_t)(r->order.id >> 32) > om->epoch_seen)
        om->epoch_seen = (uint32_t)(r->order.id >> 32);
    return MR_OK;
}

static int restore_fill(struct mr_orders *om, const struct mr_record_fill *r)
{
    const struct mr_fill *f = &r->fill;
    const struct mr_instrument *it =
        f->instrument < om->cfg.instruments_max ? om->ports.instrument(om->ports.self, f->instrument) : NULL;
    if (!it || f->size <= 0 || f->price <= 0 || f->side > MR_SIDE_SELL || !memchr(f->trade_id, 0, sizeof f->trade_id))
        return MR_E_CORRUPT;
    if (mr_trades_look(om->trades, f) == MR_TRADE_SEEN)
        return MR_E_CORRUPT; /* each trade is written once */
    mr_trades_add(om->trades, f);
    om->n.trades_dropped = mr_trades_forgotten(om->trades);
    struct link *l = mr_orders_link_of(om, f->venue);
    if (l && f->venue_ns > l->seen_ns)
        l->seen_ns = f->venue_ns;
    if (mr_positions_fill(om->positions, it, f) != MR_OK)
        return MR_OK; /* it was reported then, and did not count */
    om->n.fills++;
    const struct slot *s = f->order ? mr_orders_slot(om, f->order) : NULL;
    if (!s || s->o.instrument != f->instrument || s->o.side != f->side)
        return MR_OK;
    return keep_fill(om, f) ? MR_OK : MR_E_CORRUPT;
}

static int restore_account(struct mr_orders *om, const struct mr_record_account *r)
{
    if (r->kind == MR_ACCOUNT_OPENING) {
        if (om->opened)
            return MR_E_CORRUPT;
        om->opened = true;
        mr_positions_open(om->positions, r->amount);
    } else if (r->kind == MR_ACCOUNT_FUNDING &&
               mr_positions_funding(om->positions, r->instrument, r->amount, om->now_ns) != MR_OK) {
        om->n.stray++;
    }
    return MR_OK;
}

int mr_orders_restore(struct mr_orders *om, unsigned kind, const void *payload, uint32_t bytes, int64_t at_ns)
{
    struct mr_record_head head;
    MR_ASSERT(!om->begun);
    if (kind != MR_JOURNAL_ORDER && kind != MR_JOURNAL_FILL && kind != MR_JOURNAL_ACCOUNT)
        return MR_OK;
    if (bytes < sizeof head)
        return MR_E_CORRUPT;
    memcpy(&head, payload, sizeof head);
    if (head.version != MR_RECORDS_VERSION)
        return MR_E_VERSION;
    if (head.bytes != bytes)
        return MR_E_CORRUPT;
    if (at_ns > om->now_ns)
        om->now_ns = at_ns;
    union {
        struct mr_record_order order;
        struct mr_record_fill fill;
        struct mr_record_account account;
    } r; /* aligned, whatever the payload was */
    static const uint32_t sizes[] = {
        [MR_RECORD_ORDER] = sizeof r.order, [MR_RECORD_FILL] = sizeof r.fill, [MR_RECORD_ACCOUNT] = sizeof r.account};
    static const uint8_t kinds[] = {[MR_RECORD_ORDER] = MR_JOURNAL_ORDER,
                                    [MR_RECORD_FILL] = MR_JOURNAL_FILL,
                                    [MR_RECORD_ACCOUNT] = MR_JOURNAL_ACCOUNT};
    if (head.what == MR_RECORD_BRACKET || head.what == MR_RECORD_SLICES)
        return MR_OK; /* brackets.h, slices.h */
    if (head.what >= MR_COUNT_OF(sizes) || !kinds[head.what] || kinds[head.what] != kind || bytes != sizes[head.what])
        return MR_E_CORRUPT;
    memcpy(&r, payload, bytes);
    switch (head.what) {
    case MR_RECORD_ORDER:
        return restore_order(om, &r.order);
    case MR_RECORD_FILL:
        return restore_fill(om, &r.fill);
    default:
        return restore_account(om, &r.account);
    }
}

/* What the process before spent of the venue's quotas in the window that runs is not known, for not all requests have records: the window is
 * waited for. */
static void rest_of_window(struct mr_orders *om)
{
    for (uint32_t i = 0; i < om->link_count && om->opened; i++) {
        struct link *l = &om->links[i];
        struct mr_bucket *const buckets[] = {&l->orders, &l->queries};
        for (unsigned b = 0; b < MR_COUNT_OF(buckets); b++)
            mr_bucket_block(buckets[b], mr_orders_passed(om) + buckets[b]->limit.window_ns);
    }
}

int mr_orders_restored(struct mr_orders *om, int64_t now_ns)
{
    uint32_t next;
    MR_ASSERT(!om->begun);
    om->now_ns =
        now_ns; /* who begins anew follows the clock, also back: nothing were due else until it has caught up */
    rest_of_window(om);
    /* durable, and not acted on: now */
    for (; om->heard_head != om->heard_tail; om->heard_head++) {
        const struct mr_fill *f = &om->heard[om->heard_head % om->cfg.queue_max].a.fill;
        struct slot *s = mr_orders_slot(om, f->order);
        if (s)
            mr_orders_fill_order(om, s, f);
        struct mr_orders_event e = mr_orders_event_of(om, MR_ORDERS_FILLED, s);
        e.fill = f;
        e.position = mr_positions_get(om->positions, f->instrument);
        mr_orders_tell(om, &e);
    }
    for (uint32_t i = om->open.first; i != NONE; i = next) {
        struct slot *s = &om->slots[i];
        next = s->after;
        s->amend_ns = om->now_ns; /* it may have left until now */
        bool settled = (s->o.state == MR_STATE_ACKED || s->o.state == MR_STATE_PARTIAL) && !s->amending;
        if (settled)
            mr_orders_plan(om, s);
        else /* it may have left: its record of that need not have been durable */
            mr_orders_news(om, s, MR_INPUT_LOST);
    }
    return MR_OK;
}

uint32_t mr_orders_epoch_seen(const struct mr_orders *om) { return om->epoch_seen; }

static uint64_t mix(uint64_t sum, const void *data, size_t bytes)
{
    const uint8_t *at = data;
    for (size_t i = 0; i < bytes; i++)
        sum = (sum ^ at[i]) * 0x100000001b3u;
    return sum;
}

uint64_t mr_orders_digest(const struct mr_orders *om)
{
    uint64_t sum = 0xcbf29ce484222325u;
    for (uint32_t i = om->open.first; i != NONE; i = om->slots[i].after) {
        const struct slot *s = &om->slots[i];
        const uint64_t flags =
            (uint64_t)s->cancel_wanted | (uint64_t)(s->amending != AMEND_NONE) << 1 | (uint64_t)s->fills << 8;
        sum = mix(sum, &s->o, sizeof s->o);
        sum = mix(sum, &flags, sizeof flags);
    }
    uint32_t cursor = 0;
    const struct mr_position *p;
    while ((p = mr_positions_next(om->positions, &cursor))) {
        const mr_money sums[] = {p->basis, p->realised, p->fees, p->funding, p->size};
        sum = mix(sum, &p->instrument, sizeof p->instrument);
        sum = mix(sum, sums, sizeof sums);
    }
    const mr_money cash = mr_positions_cash(om->positions);
    sum = mix(sum, &cash, sizeof cash);
    return mix(sum, &om->epoch_seen, sizeof om->epoch_seen);
}
