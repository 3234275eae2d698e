/* What drivers say, in order: written first where it must be durable, then worked. */
#include "controlplane/orders/orders_priv.h"

static bool text_ends(const char *text, size_t bytes) { return memchr(text, 0, bytes) != NULL; }

static bool fill_sane(const struct mr_orders *om, const struct mr_fill *f)
{
    return f->size > 0 && f->price > 0 && f->side <= MR_SIDE_SELL && f->trade_id[0] &&
           text_ends(f->trade_id, sizeof f->trade_id) && f->instrument < om->cfg.instruments_max &&
           om->ports.instrument(om->ports.self, f->instrument) != NULL;
}

/* Which order of ours a fill is of: told by our id, or by the venue's. */
static void name_order(struct mr_orders *om, const struct link *l, struct mr_answer *a)
{
    if (!a->fill.order)
        a->fill.order = a->order;
    const struct slot *s = a->fill.order ? NULL : mr_orders_slot_venue(om, l->cfg.venue, a->venue_id);
    if (s)
        a->fill.order = s->o.id;
    a->order = a->fill.order;
    a->fill.venue = l->cfg.venue;
}

/* Appends the record that must be durable before this counts. False: the journal does not take it now. */
static bool write_heard(struct mr_orders *om, struct heard *h)
{
    const struct link *l = &om->links[h->link];
    int64_t seq = 0;
    if (h->a.kind == MR_ANSWER_FILL) {
        struct mr_record_fill r = {.head = {.version = MR_RECORDS_VERSION, .what = MR_RECORD_FILL, .bytes = sizeof r}};
        name_order(om, l, &h->a);
        r.fill = h->a.fill;
        enum mr_trade_known known = fill_sane(om, &h->a.fill) ? mr_trades_look(om->trades, &h->a.fill) : MR_TRADE_NEW;
        if (!fill_sane(om, &h->a.fill) || known == MR_TRADE_OLD) {
            h->again = true;
            mr_orders_odd(om, known == MR_TRADE_OLD ? MR_DISCREPANCY_OLD_FILL : MR_DISCREPANCY_ODD_FILL,
                          mr_orders_slot(om, h->a.fill.order), &h->a.fill);
        } else if (known == MR_TRADE_SEEN) {
            h->again = true;
            om->n.fills_again++;
        } else if ((seq = mr_orders_append(om, MR_JOURNAL_FILL, &r, sizeof r)) > 0) {
            mr_trades_add(om->trades, &h->a.fill);
            om->n.trades_dropped = mr_trades_forgotten(om->trades);
        }
    } else if (h->a.kind == MR_ANSWER_FUNDING || h->a.kind == MR_ANSWER_LIQUIDATED) {
        const struct mr_record_account r = {
            .instrument = h->a.instrument, .venue = l->cfg.venue, .theirs = h->a.size, .amount = h->a.amount};
        seq = mr_orders_record_account(om, h->a.kind == MR_ANSWER_FUNDING ? MR_ACCOUNT_FUNDING : MR_ACCOUNT_LIQUIDATED,
                                       &r);
    }
    if (seq < 0)
        return false;
    h->seq = (uint64_t)seq;
    return true;
}

static uint32_t write_all_heard(struct mr_orders *om)
{
    uint32_t work = 0;
    for (; om->written_to != om->heard_tail; om->written_to++, work++)
        if (!write_heard(om, &om->heard[om->written_to % om->cfg.queue_max]))
            break;
    return work;
}

static uint32_t work_heard(struct mr_orders *om)
{
    uint32_t work = 0;
    uint64_t durable = om->ports.journal.durable(om->ports.journal.self);
    while (om->heard_head != om->written_to) {
        const struct heard *h = &om->heard[om->heard_head % om->cfg.queue_max];
        if (h->seq > durable)
            break;
        if (!h->again)
            mr_orders_answer(om, &om->links[h->link], &h->a);
        om->heard_head++; /* after the answer: while it is worked it still counts as heard and not worked */
        work++;
    }
    return work;
}

/* Takes answers, at most as many as there is room for; what does not fit stays with the driver. */
uint32_t mr_orders_listen(struct mr_orders *om)
{
    uint32_t work = 0;
    bool more = true;
    if (om->dirty)
        return 0; /* the journal is behind: nothing new until it has what was */
    work += write_all_heard(om) + work_heard(om);
    while (more) {
        more = false;
        for (uint32_t i = 0; i < om->link_count; i++) {
            struct link *l = &om->links[i];
            if (om->heard_tail - om->heard_head == om->cfg.queue_max || om->written_to != om->heard_tail || om->dirty)
                return work;
            struct heard *h = &om->heard[om->heard_tail % om->cfg.queue_max];
            *h = (struct heard){.link = (uint8_t)i};
            if (l->cfg.driver.poll(l->cfg.driver.self, &h->a, om->now_ns) <= 0)
                continue;
            om->heard_tail++;
            more = true;
            work++;
            write_all_heard(om);
            work_heard(om);
        }
    }
    return work;
}
