/* Bugs on purpose, one for each invariant, to see that the judge sees them. They are in the ports of the tile and in its memory, as seen from
 * here; nothing in the product knows of them. Each acts on an occasion of its own kind, and tells nobody. */
#include <stdio.h>

#include "controlplane/exchange/paper/paper_priv.h"
#include "tests/sim/judge.h"

static bool is(const struct world *w, enum invariant which) { return w->config.planted == which; }
static bool now_and_then(struct world *w) { return sim_below(w, 4) == 0; }

void planted_request(struct world *w, struct mr_request *r)
{
    bool places = r->kind == MR_REQUEST_PLACE;
    if (is(w, INVARIANT_APPROVED) && places && r->order.price && now_and_then(w))
        r->order.price += r->order.side == MR_SIDE_BUY ? 1 : -1; /* a better chance to be filled, somebody thought */
    if (is(w, INVARIANT_UNIQUE) && w->lives > 1)                 /* the epoch is not counted on */
        r->order.id = (r->order.id & 0xffffffffu) | 1ull << 32;
    if (is(w, INVARIANT_ONE_LIVE) && places && now_and_then(w)) { /* the same order by a second connection */
        struct mr_request twin = *r;
        struct mr_exchange_driver paper = mr_paper_driver(w->paper);
        twin.order.id |= 1ull << 63;
        twin.number = 1ull << 61;
        paper.send(paper.self, &twin, w->venue_now);
    }
}

bool planted_swallows(struct world *w, const struct mr_request *r)
{
    return is(w, INVARIANT_DEAD_MAN) && r->kind == MR_REQUEST_DEAD_MAN;
}

bool planted_answer(struct world *w, struct mr_answer *a)
{
    const struct lane_number *n = &w->lane.numbers[a->request % LANE_NUMBERS];
    uint8_t of = a->request && n->number == a->request ? n->kind : MR_REQUEST_KIND_COUNT;
    if (is(w, INVARIANT_ALIVE) && of == MR_REQUEST_PLACE && a->kind == MR_ANSWER_ACK && now_and_then(w))
        a->kind = MR_ANSWER_CANCELLED; /* the wrong word for it */
    if (is(w, INVARIANT_RETRY) && of == MR_REQUEST_PLACE && a->kind == MR_ANSWER_ACK && now_and_then(w)) {
        a->kind = MR_ANSWER_REJECTED; /* "not done", of what was done */
        a->reason = MR_REJECT_OVERLOAD;
    }
    if (is(w, INVARIANT_ONCE) && a->kind == MR_ANSWER_FILL && now_and_then(w)) {
        size_t len = strlen(a->fill.trade_id); /* the id of the message for the id of the trade */
        snprintf(a->fill.trade_id + len, sizeof a->fill.trade_id - len, "x");
    }
    if (is(w, INVARIANT_RECONCILED) && w->lives > 1) { /* a start without asking for what was missed */
        if (a->kind == MR_ANSWER_FILL && of == MR_REQUEST_FILLS)
            return false;
        if (a->kind == MR_ANSWER_POSITION) {
            const struct mr_position *p =
                mr_positions_get(mr_orders_positions(mr_trade_orders(w->trade)), a->instrument);
            a->size = p ? p->size : 0;
        }
    }
    return !(is(w, INVARIANT_LIVENESS) && a->kind == MR_ANSWER_ORDER && of == MR_REQUEST_QUERY);
}

void planted_view(struct world *w, struct mr_market_view *v)
{
    if (!is(w, INVARIANT_BELIEVED))
        return;
    v->flags = MR_MARKET_LIVE; /* the marks are not read */
    if (v->bids[0].price >= v->asks[0].price)
        v->bids[0].price = v->asks[0].price - 1;
}

void planted_step(struct world *w)
{
    struct mr_risk_state *risk = (struct mr_risk_state *)(uintptr_t)mr_trade_risk(w->trade);
    struct mr_positions *ps = mr_orders_positions_edit((struct mr_orders *)(uintptr_t)mr_trade_orders(w->trade));
    const struct judge *j = w->judge;
    if (is(w, INVARIANT_THROTTLE) && w->step % 2) /* and a button that repeats itself */
        mr_trade_cancel_all(w->trade, sim_host_now(w));
    if (is(w, INVARIANT_HALTED) && mr_trade_life(w->trade)->state == MR_LIFE_PAUSED)
        risk->mode = MR_RISK_RUN;
    if (is(w, INVARIANT_CROSSED))
        for (uint32_t m = 0; m < w->markets; m++) {
            struct mr_risk_instrument *row =
                (struct mr_risk_instrument *)(uintptr_t)mr_risk_instrument(risk, w->market[m].id);
            row->own_bid = row->own_ask = 0;
        }
    for (uint32_t i = 0; is(w, INVARIANT_COUNTED) && i < j->live_count && w->step % 8 == 0; i++)
        if (j->orders[j->live[i]].sends)
            mr_risk_on_end(risk, j->orders[j->live[i]].id, MR_STATE_CANCELLED); /* forgotten before its answer */
    if (is(w, INVARIANT_POSITION) && w->paper->trades && w->step % 64 == 0)
        mr_positions_fill(ps, mr_instruments_get(w->instruments, w->market[0].id), &w->paper->fill[0].fill);
    if (is(w, INVARIANT_CASH) && w->step % 64 == 0)
        mr_positions_funding(ps, w->market[0].id, 1, sim_host_now(w)); /* a rounding */
    if (is(w, INVARIANT_CHAIN) && w->step % 512 == 0) {                /* one bit of what is on the disk */
        uint64_t bytes;
        uint8_t *data = (uint8_t *)(uintptr_t)sim_disk_read(w->disk, SIM_FOLDER "/00000001.mrj", &bytes);
        if (data && bytes > 1000)
            data[700] ^= 4;
    }
}

int64_t planted_append(struct world *w, enum mr_journal_kind kind, const void *payload, uint32_t bytes)
{
    const struct mr_record_head *head = payload;
    (void)bytes;
    if (is(w, INVARIANT_DENSE) && kind == MR_JOURNAL_STATE && w->judge->appended > 20)
        return (int64_t)w->judge->appended; /* taken, and lost */
    if (is(w, INVARIANT_DENIED) && head->what == MR_RECORD_DECISION) {
        struct mr_record_decision *r = (struct mr_record_decision *)(uintptr_t)payload;
        if (!r->allowed)
            r->violated[0] = r->violated[1] = 0;
    }
    if (is(w, INVARIANT_OVERFILL) && kind == MR_JOURNAL_ORDER && head->what == MR_RECORD_ORDER && now_and_then(w)) {
        struct mr_record_order *r = (struct mr_record_order *)(uintptr_t)payload; /* a fill is added to it twice */
        if (r->order.filled)
            r->order.filled += r->order.size;
    }
    if (is(w, INVARIANT_GRAPH) && kind == MR_JOURNAL_ORDER && head->what == MR_RECORD_ORDER && now_and_then(w)) {
        struct mr_record_order *r = (struct mr_record_order *)(uintptr_t)payload;
        if (r->order.state == MR_STATE_CANCELLED)
            r->order.state = MR_STATE_EXPIRED;
        else if (r->order.state == MR_STATE_FILLED)
            r->order.state = MR_STATE_ACKED;
        r->input = MR_INPUT_COUNT;
        struct mr_order *o = (struct mr_order *)(uintptr_t)mr_orders_find(mr_trade_orders(w->trade), r->order.id);
        if (o)
            o->state = r->order.state;
    }
    return 0;
}

uint64_t planted_durable(struct world *w, uint64_t durable)
{
    return is(w, INVARIANT_DURABLE) ? w->judge->appended : durable;
}

void planted_limits(struct world *w, struct mr_risk_limits *limits)
{
    if (is(w, INVARIANT_EXPOSURE))
        limits->markets[0].position_max *= 5;
}
