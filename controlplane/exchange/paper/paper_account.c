/* What an order may, what a fill costs, and what becomes of positions. */
#include <stdio.h>

#include "controlplane/exchange/paper/paper_priv.h"

static const struct mr_instrument *instrument_of(void *self, uint32_t id) { return paper_instrument(self, id); }

/* Margin that open orders want: at their price, or the trigger's, or the far touch. Reduce-only ones want none. */
static bool order_margin(const struct mr_paper *p, const struct mr_order *o, mr_money *out)
{
    const struct mr_instrument *it = paper_instrument(p, o->instrument);
    const struct mr_market_view *v = &p->market[o->instrument].view;
    mr_price price = o->price ? o->price : o->stop_price;
    mr_money value;
    *out = 0;
    if (o->flags & MR_ORDER_REDUCE_ONLY)
        return true;
    if (price == 0)
        price = o->side == MR_SIDE_BUY ? (v->ask_count ? v->asks[0].price : 0) : (v->bid_count ? v->bids[0].price : 0);
    if (price <= 0 || mr_money_notional(it, price, o->size - o->filled, &value) != MR_OK)
        return false;
    *out = value / (mr_money)p->config.leverage;
    return true;
}

void paper_equity(const struct mr_paper *p, struct mr_account_worth *out, mr_money *available)
{
    mr_money held = 0;
    memset(out, 0, sizeof *out);
    if (mr_positions_worth(p->positions, instrument_of, (void *)(uintptr_t)p, out) != MR_OK) {
        *available = 0;
        return;
    }
    for (uint32_t id = 0; id < p->config.instruments_max; id++)
        for (uint32_t i = p->market[id].first; i != NONE; i = p->order[i].next) {
            mr_money one;
            held += order_margin(p, &p->order[i].o, &one) ? one : 0;
        }
    *available = out->equity - out->margin - held;
}

static uint8_t judge_numbers(const struct mr_paper *p, const struct mr_order *o, const struct mr_instrument *it)
{
    bool limit = o->type == MR_ORDER_LIMIT,
         trigger = o->type == MR_ORDER_STOP_MARKET || o->type == MR_ORDER_TAKE_PROFIT_MARKET;
    mr_money value;
    if (o->size <= 0 || o->type >= MR_ORDER_TYPE_COUNT || o->side > MR_SIDE_SELL || o->tif >= MR_TIF_COUNT)
        return MR_REJECT_FILTER;
    if ((limit && o->price <= 0) || (!limit && o->price != 0) || (trigger && o->stop_price <= 0) ||
        (!trigger && o->stop_price != 0))
        return MR_REJECT_FILTER;
    if ((it->lot > 0 && o->size % it->lot) || (it->tick > 0 && (o->price % it->tick || o->stop_price % it->tick)))
        return MR_REJECT_FILTER;
    if (limit && !(o->flags & MR_ORDER_REDUCE_ONLY) &&
        (mr_money_notional(it, o->price, o->size, &value) != MR_OK || value < p->config.least_value))
        return MR_REJECT_FILTER;
    return MR_REJECT_NONE;
}

/* The position and what resting reduce-only orders of the same side already take of it. */
static uint8_t judge_reduce(const struct mr_paper *p, const struct mr_order *o)
{
    const struct mr_position *pos = mr_positions_get(p->positions, o->instrument);
    mr_size size = pos ? pos->size : 0;
    bool reduces = o->side == MR_SIDE_SELL ? size > 0 : size < 0;
    if (!(o->flags & MR_ORDER_REDUCE_ONLY))
        return MR_REJECT_NONE;
    /* triggers stand by, whatever they would close: they are cut to the position when they fire */
    return reduces || o->type == MR_ORDER_STOP_MARKET || o->type == MR_ORDER_TAKE_PROFIT_MARKET ? MR_REJECT_NONE
                                                                                                : MR_REJECT_REDUCE_ONLY;
}

uint8_t paper_judge(const struct mr_paper *p, const struct mr_order *o, const struct mr_order *replaces)
{
    const struct mr_instrument *it = paper_instrument(p, o->instrument);
    const struct paper_market *m = it ? &p->market[o->instrument] : NULL;
    if (!it || (it->flags & (MR_INSTRUMENT_INVERSE | MR_INSTRUMENT_NO_METADATA)))
        return MR_REJECT_FILTER;
    uint8_t reason = judge_numbers(p, o, it);
    if (!reason && (it->flags & MR_INSTRUMENT_HALTED || m->view.flags & MR_MARKET_HALTED))
        reason = MR_REJECT_HALTED;
    if (!reason)
        reason = judge_reduce(p, o);
    if (!reason && o->flags & MR_ORDER_POST_ONLY && (o->type != MR_ORDER_LIMIT || paper_takeable(p, o, o->price) > 0))
        reason = MR_REJECT_POST_ONLY;
    if (reason || o->flags & MR_ORDER_REDUCE_ONLY)
        return reason;
    struct mr_account_worth worth;
    mr_money available, want, before = 0;
    paper_equity(p, &worth, &available);
    if (!order_margin(p, o, &want) || (replaces && !order_margin(p, replaces, &before)))
        return MR_REJECT_FILTER;
    return want > available + before ? MR_REJECT_MARGIN : MR_REJECT_NONE;
}

/* Books a fill of `o`, or of nobody's order (id 0), and tells it. */
static void book(struct mr_paper *p, const struct mr_order *o, mr_price price, mr_size size, bool maker,
                 const struct paper_order *po)
{
    const struct mr_instrument *it = paper_instrument(p, o->instrument);
    struct mr_fill f = {.order = o->id,
                        .instrument = o->instrument,
                        .venue = it->venue,
                        .side = o->side,
                        .liquidity = maker ? MR_LIQUIDITY_MAKER : MR_LIQUIDITY_TAKER,
                        .price = price,
                        .size = size,
                        .venue_ns = p->now,
                        .recv_ns = p->now}; /* until it is heard */
    mr_money value;
    MR_ASSERT(mr_money_notional(it, price, size, &value) == MR_OK); /* judged with it */
    MR_ASSERT(mr_money_rate(value, maker ? p->config.maker_fee_e8 : p->config.taker_fee_e8, 8, MR_ROUND_UP, &f.fee) ==
              MR_OK);
    paper_id(p, 'T', p->trades + 1, f.trade_id, sizeof f.trade_id);
    p->fill[p->trades++ % FILLS] = (struct paper_fill){f, p->trades};
    *(maker ? &p->counts.maker_fills : &p->counts.taker_fills) += 1;
    MR_ASSERT(mr_positions_fill(p->positions, it, &f) == MR_OK);
    mr_positions_margin(p->positions, o->instrument, p->config.leverage, p->config.maintenance_e8);
    struct mr_answer a = {
        .kind = MR_ANSWER_FILL, .order = o->id, .instrument = o->instrument, .side = o->side, .fill = f};
    paper_say(p, &a, po);
}

void paper_fill(struct mr_paper *p, struct paper_order *po, mr_price price, mr_size size, bool maker)
{
    mr_money value = 0;
    if (po->o.flags & MR_ORDER_REDUCE_ONLY) { /* never beyond flat: what would be is cut off, and the order ends */
        const struct mr_position *pos = mr_positions_get(p->positions, po->o.instrument);
        mr_size held = pos ? (po->o.side == MR_SIDE_SELL ? pos->size : -pos->size) : 0;
        if (held < size)
            size = held;
        if (size <= 0) {
            p->counts.expired++;
            paper_end(p, po, MR_STATE_EXPIRED);
            paper_say_kind(p, MR_ANSWER_EXPIRED, po);
            return;
        }
    }
    (void)mr_money_notional(paper_instrument(p, po->o.instrument), price, size, &value);
    po->o.filled += size;
    po->o.cost += value;
    bool whole = po->o.filled == po->o.size;
    po->o.state = whole ? MR_STATE_FILLED : MR_STATE_PARTIAL;
    if (whole)
        paper_end(p, po, MR_STATE_FILLED);
    book(p, &po->o, price, size, maker, po);
}

/* ---- what time and the mark do ---- */

static void pay_funding(struct mr_paper *p, struct paper_market *m, const struct mr_position *pos)
{
    const struct mr_market_view *v = &m->view;
    const struct mr_instrument *it = paper_instrument(p, v->instrument);
    mr_money value, amount;
    if (m->funded_ns == 0 || v->funding_next_ns <= m->funded_ns) {
        m->funded_ns = m->funded_ns ? m->funded_ns : v->funding_next_ns;
        return;
    }
    /* the hour that was announced has passed: the venue names the next one */
    m->funded_ns = v->funding_next_ns;
    if (pos->size == 0 || mr_money_notional(it, pos->mark ? pos->mark : v->last, pos->size, &value) != MR_OK ||
        mr_money_rate(value, -v->funding_rate, v->funding_scale, MR_ROUND_DOWN, &amount) != MR_OK)
        return;
    p->counts.fundings++;
    mr_positions_funding(p->positions, v->instrument, amount, p->now);
    struct mr_answer a = {.kind = MR_ANSWER_FUNDING, .instrument = v->instrument, .amount = amount};
    paper_say(p, &a, NULL);
}

/* The whole position at market; what the levels do not hold goes at the last of them, as an insurance fund would take it. */
static void liquidate(struct mr_paper *p, struct paper_market *m, const struct mr_position *pos)
{
    uint8_t side = pos->size > 0 ? MR_SIDE_SELL : MR_SIDE_BUY;
    struct mr_order o = {
        .instrument = m->view.instrument, .side = side, .size = pos->size > 0 ? pos->size : -pos->size};
    const struct mr_level *level = side == MR_SIDE_BUY ? m->view.asks : m->view.bids;
    uint32_t n = side == MR_SIDE_BUY ? m->view.ask_count : m->view.bid_count;
    if (!n || !paper_room(p) || p->answer_count + MR_MARKET_LEVELS + 8 > p->config.answers_max)
        return;
    p->counts.liquidations++;
    struct mr_answer a = {.kind = MR_ANSWER_LIQUIDATED, .instrument = o.instrument, .side = side, .size = pos->size};
    paper_say(p, &a, NULL);
    for (uint32_t i = 0; i < n && o.size > 0; i++) {
        mr_size size = level[i].size < o.size && i + 1 < n ? level[i].size : o.size;
        o.size -= size;
        if (size > 0)
            book(p, &o, level[i].price, size, false, NULL);
    }
}

void paper_mark(struct mr_paper *p, struct paper_market *m)
{
    const struct mr_market_view *v = &m->view;
    mr_price mark = v->mark ? v->mark : mr_market_mid(v) ? mr_market_mid(v) : v->last;
    const struct mr_position *pos;
    struct mr_position_worth w;
    if (mark > 0)
        mr_positions_mark(p->positions, v->instrument, mark);
    pos = mr_positions_get(p->positions, v->instrument);
    if (!pos)
        return;
    if (v->funding_next_ns && paper_room(p))
        pay_funding(p, m, pos);
    if (pos->size == 0 || mark <= 0 || mr_position_worth(pos, paper_instrument(p, v->instrument), &w) != MR_OK ||
        w.liquidation == 0)
        return;
    if (pos->size > 0 ? mark <= w.liquidation : mark >= w.liquidation)
        liquidate(p, m, pos);
}
