#include "tests/sim/judge.h"

#include <stdio.h>

#include "controlplane/exchange/paper/paper_priv.h"

struct judge *judge_new(void)
{
    struct judge *j = calloc(1, sizeof *j);
    MR_ASSERT(j);
    return j;
}

uint64_t sim_trades(const struct world *w) { return w->paper->trades; }

void judge_broken(struct world *w, enum invariant which, const char *format, ...)
{
    struct judge *j = w->judge;
    va_list args;
    if (j->broken >> which & 1)
        return;
    if (!j->broken) {
        j->first = which;
        j->first_step = w->step;
        va_start(args, format);
        vsnprintf(j->text, sizeof j->text, format, args);
        va_end(args);
        sim_event(w, "VIOLATED %d %s: %s", which, sim_invariants[which], j->text);
    }
    j->broken |= 1ull << which;
}

struct judge_order *judge_order(struct world *w, uint64_t id)
{
    struct judge *j = w->judge;
    uint64_t at = (id * 0x9e3779b97f4a7c15ull) >> 50 & (JUDGE_ORDERS - 1);
    while (j->orders[at].id && j->orders[at].id != id)
        at = (at + 1) & (JUDGE_ORDERS - 1);
    if (!j->orders[at].id) {
        MR_ASSERT(++j->used < JUDGE_ORDERS * 3 / 4);
        j->orders[at].id = id;
    }
    return &j->orders[at];
}

static uint32_t market_of(const struct world *w, uint32_t instrument)
{
    for (uint32_t i = 0; i < w->markets; i++)
        if (w->market[i].id == instrument)
            return i;
    return SIM_MARKETS;
}

static bool emergency(const struct mr_order *o)
{
    return (o->flags & MR_ORDER_EMERGENCY) && (o->flags & MR_ORDER_REDUCE_ONLY);
}

static mr_size held(const struct world *w, uint32_t instrument)
{
    const struct mr_position *p = mr_positions_get(mr_paper_positions(w->paper), instrument);
    return p ? p->size : 0;
}

/* Fills that the gate cannot foresee, and counts when they are heard of: liquidations, and reduce-only orders, which it takes to end at flat by the
 * position as it knows it (that is so at the venue, but fills may be heard in another order than they were made). */
static bool unforeseen(struct world *w, const struct mr_fill *f)
{
    return !f->order || (judge_order(w, f->order)->first.flags & MR_ORDER_REDUCE_ONLY);
}

static void see_foreign(struct world *w)
{
    struct judge *j = w->judge;
    for (; j->venue_seen < w->paper->trades; j->venue_seen++) {
        const struct mr_fill *f = &w->paper->fill[j->venue_seen % FILLS].fill;
        uint32_t m = market_of(w, f->instrument);
        if (unforeseen(w, f) && m < SIM_MARKETS && !j->trades[j->venue_seen % JUDGE_TRADES].told)
            j->foreign[m] += f->side == MR_SIDE_BUY ? f->size : -f->size;
    }
}

/* ---- exposure, from the venue's books and the wire ---- */

struct worst {
    mr_i128 open[2], reduce[2];
};

static void worst_of(struct world *w, mr_i128 up[SIM_MARKETS], mr_i128 down[SIM_MARKETS])
{
    struct worst sum[SIM_MARKETS] = {{{0}, {0}}};
    const struct judge *j = w->judge;
    for (uint32_t i = 0; i < j->live_count; i++) {
        const struct judge_order *o = &j->orders[j->live[i]];
        const struct paper_order *po = paper_find(w->paper, o->id);
        uint32_t m = market_of(w, o->first.instrument);
        mr_size left = o->undone ? 0 : o->most - (po ? po->o.filled : 0);
        if (m < SIM_MARKETS && left > 0)
            *(o->first.flags & MR_ORDER_REDUCE_ONLY ? &sum[m].reduce[o->first.side] : &sum[m].open[o->first.side]) +=
                left;
    }
    for (uint32_t m = 0; m < w->markets; m++) {
        mr_i128 pos = held(w, w->market[m].id) - j->foreign[m], back = pos < 0 ? -pos : 0, forth = pos > 0 ? pos : 0;
        back = sum[m].reduce[MR_SIDE_BUY] < back ? sum[m].reduce[MR_SIDE_BUY] : back;
        forth = sum[m].reduce[MR_SIDE_SELL] < forth ? sum[m].reduce[MR_SIDE_SELL] : forth;
        up[m] = pos + back + sum[m].open[MR_SIDE_BUY];
        down[m] = pos - forth - sum[m].open[MR_SIDE_SELL];
    }
}

static mr_size limit_of(const struct mr_risk_limits *limits)
{
    return (mr_size)(limits->markets[0].position_max / (MR_MONEY_ONE / 1000)); /* sizes have three decimals */
}

/* What was there when the limit was lowered may only shrink, each side by itself. */
static mr_size cap_of(mr_i128 worst, mr_size limit) { return worst > limit ? (mr_size)worst : limit; }

static void prune(struct world *w);

static void check_exposure(struct world *w)
{
    mr_i128 up[SIM_MARKETS], down[SIM_MARKETS];
    struct judge *j = w->judge;
    prune(w);
    see_foreign(w);
    worst_of(w, up, down);
    for (uint32_t m = 0; m < w->markets; m++) {
        mr_size limit = limit_of(w->limits);
        const mr_i128 worst[2] = {[MR_SIDE_BUY] = up[m], [MR_SIDE_SELL] = -down[m]};
        for (int side = 0; side < 2; side++) {
            if (worst[side] > j->cap[m][side])
                judge_broken(w, INVARIANT_EXPOSURE, "instrument %u: %lld %s in the worst case, the limit is %lld",
                             w->market[m].id, (long long)worst[side], side == MR_SIDE_BUY ? "long" : "short",
                             (long long)j->cap[m][side]);
            j->cap[m][side] = cap_of(worst[side], limit);
        }
        if (!w->alive)
            continue;
        const struct mr_risk_cell *c = &mr_risk_instrument(mr_trade_risk(w->trade), w->market[m].id)->cell;
        if (mr_risk_worst_long(c) < up[m] || mr_risk_worst_short(c) > down[m])
            judge_broken(w, INVARIANT_COUNTED,
                         "instrument %u: the gate counts %lld to %lld, outside it is %lld to %lld", w->market[m].id,
                         (long long)mr_risk_worst_short(c), (long long)mr_risk_worst_long(c), (long long)down[m],
                         (long long)up[m]);
    }
}

void judge_limits(struct world *w, const struct mr_risk_limits *limits)
{
    mr_i128 up[SIM_MARKETS], down[SIM_MARKETS];
    struct judge *j = w->judge;
    see_foreign(w);
    worst_of(w, up, down);
    for (uint32_t m = 0; m < w->markets; m++) {
        j->cap[m][MR_SIDE_BUY] = cap_of(up[m], limit_of(limits));
        j->cap[m][MR_SIDE_SELL] = cap_of(-down[m], limit_of(limits));
    }
}

/* ---- the wire ---- */

static void make_live(struct world *w, const struct judge_order *o)
{
    struct judge *j = w->judge;
    uint32_t place = (uint32_t)(o - j->orders);
    for (uint32_t i = 0; i < j->live_count; i++)
        if (j->live[i] == place)
            return;
    MR_ASSERT(j->live_count < MR_COUNT_OF(j->live));
    j->live[j->live_count++] = place;
}

/* One of ours that rests on the other side, and that this one would trade with. */
static void check_crossing(struct world *w, const struct mr_order *o)
{
    const struct judge *j = w->judge;
    bool buy = o->side == MR_SIDE_BUY;
    if (o->type != MR_ORDER_LIMIT || emergency(o))
        return;
    for (uint32_t i = 0; i < j->live_count; i++) {
        const struct paper_order *po = paper_find(w->paper, j->orders[j->live[i]].id);
        if (po && po->open && po->resting && po->o.instrument == o->instrument && po->o.side != o->side &&
            (buy ? o->price >= po->o.price : o->price <= po->o.price))
            judge_broken(w, INVARIANT_CROSSED, "order %llx at %lld would trade with our own %llx at %lld",
                         (unsigned long long)o->id, (long long)o->price, (unsigned long long)po->o.id,
                         (long long)po->o.price);
    }
}

/* At the venue's books: no two that live for one client id. */
static void check_twins(struct world *w)
{
    const struct mr_paper *p = w->paper;
    for (uint32_t m = 0; m < w->markets; m++)
        for (uint32_t i = p->market[w->market[m].id].first; i != NONE; i = p->order[i].next) {
            uint64_t id = p->order[i].o.id, own = id & ~(1ull << 63); /* the same client id of a second connection */
            const struct paper_order *other = id == own ? NULL : paper_find(p, own);
            if (other && other->open)
                judge_broken(w, INVARIANT_ONE_LIVE, "two orders live at the venue for the client id %llx",
                             (unsigned long long)own);
        }
}

static void sent_place(struct world *w, const struct mr_request *r)
{
    struct judge *j = w->judge;
    struct judge_order *o = judge_order(w, r->order.id);
    const struct mr_order *p = &r->order;
    unsigned long long id = r->order.id;
    if (!o->approved || o->approved_price != p->price || o->approved_size != p->size ||
        o->approved_stop != p->stop_price || o->approved_limits == 0 || o->approved_limits > w->limits_version)
        judge_broken(w, INVARIANT_APPROVED, "order %llx leaves at %lld, size %lld; approved: %s, %lld, %lld", id,
                     (long long)p->price, (long long)p->size, o->approved ? "yes" : "no", (long long)o->approved_price,
                     (long long)o->approved_size);
    if (!o->intent || o->intent_price != p->price || o->intent_size != p->size || o->intent_stop != p->stop_price)
        judge_broken(w, INVARIANT_DURABLE, "order %llx leaves, and its intent is not on the disk", id);
    if (o->sends && (o->life != w->lives || o->first.side != p->side || o->first.instrument != p->instrument ||
                     o->first.size != p->size || o->first.price != p->price))
        judge_broken(w, INVARIANT_UNIQUE, "the id %llx was used before, for another order or by another process", id);
    if (o->sends && (!o->undone || !o->may_repeat))
        judge_broken(w, INVARIANT_RETRY, "order %llx is sent again, and what became of it before is %s", id,
                     o->undone ? "not known" : "that it was done");
    if (j->killed && !emergency(p))
        judge_broken(w, INVARIANT_KILLED, "order %llx leaves while the kill switch is on", id);
    if (w->alive && !mr_risk_find_open(mr_trade_risk(w->trade), p->id))
        judge_broken(w, INVARIANT_COUNTED, "order %llx leaves, and the gate does not count it", id);
    for (uint64_t n = 0; !emergency(p) && n < j->trades_before && n < JUDGE_TRADES; n++)
        if (!j->trades[n].disk) {
            judge_broken(w, INVARIANT_RECONCILED,
                         "order %llx leaves, and trade T%llu from before the start is not known", id,
                         (unsigned long long)n + 1);
            break;
        }
    check_crossing(w, p);
    if (!o->sends)
        o->first = *p;
    o->price = p->price;
    o->size = p->size;
    o->most = p->size > o->most ? p->size : o->most;
    o->sends++;
    o->life = w->lives;
    o->undone = o->may_repeat = false;
    o->delivered = 0;
    make_live(w, o);
}

static void sent_amend(struct world *w, const struct mr_request *r)
{
    struct judge_order *o = judge_order(w, r->order.id);
    if (!o->approved || o->approved_price != r->order.price || o->approved_stop != r->order.stop_price ||
        o->approved_size != r->order.size)
        judge_broken(w, INVARIANT_APPROVED, "a change of order %llx leaves that was not approved",
                     (unsigned long long)r->order.id);
    o->most = r->order.size > o->most ? r->order.size : o->most;
}

static void throttle(struct world *w)
{
    struct judge *j = w->judge;
    uint32_t quota = w->link.order_limit.quota;
    j->send_at[j->sends++ % JUDGE_SENDS] = w->truth;
    if (j->sends <= quota)
        return;
    int64_t first = j->send_at[(j->sends - 1 - quota) % JUDGE_SENDS];
    if (w->truth - first < w->link.order_limit.window_ns)
        judge_broken(w, INVARIANT_THROTTLE, "%u requests within %lld ms, the quota is %u", quota + 1,
                     (long long)((w->truth - first) / SIM_MS), quota);
}

void judge_sent(struct world *w, const struct mr_request *r)
{
    struct judge *j = w->judge;
    if (r->kind == MR_REQUEST_PLACE || r->kind == MR_REQUEST_AMEND || r->kind == MR_REQUEST_CANCEL ||
        r->kind == MR_REQUEST_CANCEL_ALL || r->kind == MR_REQUEST_DEAD_MAN)
        throttle(w);
    if (r->kind == MR_REQUEST_PLACE)
        sent_place(w, r);
    else if (r->kind == MR_REQUEST_AMEND)
        sent_amend(w, r);
    else if (r->kind == MR_REQUEST_DEAD_MAN)
        j->dead_man_ns = w->truth;
    check_exposure(w);
}

void judge_undone(struct world *w, const struct mr_request *r)
{
    if (r->kind == MR_REQUEST_PLACE)
        judge_order(w, r->order.id)->undone = true;
}

void judge_delivered(struct world *w, const struct mr_request *r)
{
    if (r->kind == MR_REQUEST_PLACE)
        judge_order(w, r->order.id)->delivered = w->venue_now;
}

/* A change that may still come into force. */
static bool amend_under_way(const struct world *w, uint64_t id)
{
    for (uint32_t i = 0; i < w->lane.in_count; i++)
        if (w->lane.in[i].r.kind == MR_REQUEST_AMEND && w->lane.in[i].r.order.id == id)
            return true;
    for (uint32_t i = 0; i < w->paper->request_count; i++) {
        const struct mr_request *r = &w->paper->request[(w->paper->request_first + i) % REQUESTS].request;
        if (r->kind == MR_REQUEST_AMEND && r->order.id == id)
            return true;
    }
    return false;
}

void judge_answer(struct world *w, const struct mr_answer *a)
{
    const struct lane_number *n = &w->lane.numbers[a->request % LANE_NUMBERS];
    bool of_place = a->request && n->number == a->request && n->kind == MR_REQUEST_PLACE;
    if (!a->order)
        return;
    struct judge_order *o = judge_order(w, a->order);
    const struct paper_order *po = paper_find(w->paper, a->order);
    bool sized = a->kind == MR_ANSWER_AMENDED || a->kind == MR_ANSWER_AMEND_REFUSED || a->kind == MR_ANSWER_ORDER;
    if (po && sized && !amend_under_way(w, a->order))
        o->most = po->o.size; /* no more than that */
    switch (a->kind) {
    case MR_ANSWER_NOT_SENT:
    case MR_ANSWER_LIMITED:
        o->may_repeat |= of_place;
        break;
    case MR_ANSWER_REJECTED:
        if (of_place && a->reason == MR_REJECT_OVERLOAD)
            o->may_repeat = true;
        o->proof_dead = true;
        break;
    case MR_ANSWER_CANCELLED:
    case MR_ANSWER_EXPIRED:
        o->proof_dead = true;
        break;
    case MR_ANSWER_ORDER:
        o->proof_dead |= mr_order_ended(a->state);
        break;
    case MR_ANSWER_NO_ORDER:
        o->none = o->none < 9 ? (uint8_t)(o->none + 1) : o->none;
        break;
    default:
        break;
    }
}

/* ---- what the tile says ---- */

static const uint16_t may_follow[MR_STATE_COUNT] = {
#define TO(state) (1u << MR_STATE_##state)
#define ENDS (TO(FILLED) | TO(CANCELLED) | TO(REJECTED) | TO(EXPIRED))
    [MR_STATE_CREATED] = TO(APPROVED) | TO(DENIED),
    [MR_STATE_APPROVED] = TO(SENT) | TO(DENIED) | TO(UNKNOWN) | TO(ACKED) | TO(PARTIAL) | ENDS,
    [MR_STATE_SENT] = TO(APPROVED) | TO(UNKNOWN) | TO(ACKED) | TO(PARTIAL) | TO(CANCELLING) | ENDS,
    [MR_STATE_UNKNOWN] = TO(APPROVED) | TO(ACKED) | TO(PARTIAL) | ENDS,
    [MR_STATE_ACKED] = TO(PARTIAL) | TO(CANCELLING) | TO(UNKNOWN) | ENDS,
    [MR_STATE_PARTIAL] = TO(CANCELLING) | TO(UNKNOWN) | ENDS,
    [MR_STATE_CANCELLING] = TO(UNKNOWN) | TO(DENIED) | ENDS,
#undef ENDS
#undef TO
};

static bool follows(uint8_t from, uint8_t to)
{
    return from == to || (from < MR_STATE_COUNT && to < MR_STATE_COUNT && may_follow[from] >> to & 1);
}

static void told_order(struct world *w, const struct mr_order *o)
{
    struct judge_order *own = judge_order(w, o->id);
    unsigned long long id = o->id;
    if (own->seen && !follows(own->state, o->state))
        judge_broken(w, INVARIANT_GRAPH, "order %llx goes from %s to %s", id, mr_order_state_name(own->state),
                     mr_order_state_name(o->state));
    if (o->filled < 0 || o->filled > o->size)
        judge_broken(w, INVARIANT_OVERFILL, "order %llx: %lld filled of %lld", id, (long long)o->filled,
                     (long long)o->size);
    bool proven = own->proof_dead || own->none >= 2;
    if ((!own->seen || own->state != o->state) &&
        (o->state == MR_STATE_CANCELLED || o->state == MR_STATE_REJECTED || o->state == MR_STATE_EXPIRED) && !proven)
        judge_broken(w, INVARIANT_ALIVE, "order %llx is taken for %s, and nobody has said so", id,
                     mr_order_state_name(o->state));
    if (o->state == MR_STATE_DENIED && own->sends && !(own->undone && own->may_repeat))
        judge_broken(w, INVARIANT_ALIVE, "order %llx has left, and is taken for denied", id);
    own->seen = true;
    own->state = o->state;
}

static uint64_t trade_number(const char *id) { return id[0] == 'T' ? strtoull(id + 1, NULL, 10) : 0; }

static void told_fill(struct world *w, const struct mr_fill *f)
{
    struct judge *j = w->judge;
    uint64_t n = trade_number(f->trade_id) - 1;
    const struct paper_fill *t = n < w->paper->trades && n < JUDGE_TRADES ? &w->paper->fill[n % FILLS] : NULL;
    mr_money value = 0;
    uint32_t m = market_of(w, f->instrument);
    if (!t || strcmp(t->fill.trade_id, f->trade_id) != 0 || t->fill.price != f->price || t->fill.size != f->size ||
        t->fill.side != f->side || t->fill.instrument != f->instrument || m == SIM_MARKETS) {
        judge_broken(w, INVARIANT_ONCE, "a fill is applied that the venue never made: %.20s", f->trade_id);
        return;
    }
    if (!w->alive)
        return; /* at the start what is on the disk is acted on: judge_reread has counted it */
    if (j->trades[n].told)
        judge_broken(w, INVARIANT_ONCE, "trade %.20s is applied again", f->trade_id);
    if (!j->trades[n].disk)
        judge_broken(w, INVARIANT_DURABLE, "trade %.20s is acted on, and is not on the disk", f->trade_id);
    j->trades[n].told = true;
    if (unforeseen(w, f) && n < j->venue_seen) {
        j->foreign[m] -= f->side == MR_SIDE_BUY ? f->size : -f->size;
        judge_limits(w, w->limits);
    }
    j->told_size[m] += f->side == MR_SIDE_BUY ? f->size : -f->size;
    MR_ASSERT(mr_money_notional(mr_instruments_get(w->instruments, f->instrument), f->price,
                                f->side == MR_SIDE_BUY ? f->size : -f->size, &value) == MR_OK);
    j->told_value += value;
    j->told_fees += f->fee;
}

void judge_told(struct world *w, const struct mr_trade_told *told)
{
    struct judge *j = w->judge;
    if (told->kind == MR_TOLD_ORDER && told->order)
        told_order(w, told->order);
    if (told->kind == MR_TOLD_FILL)
        told_fill(w, told->fill);
    j->denials += told->kind == MR_TOLD_DECISION && !mr_risk_allowed(told->verdict);
}

/* ---- what the tile writes ---- */

static void on_decision(struct world *w, const struct mr_record_decision *r)
{
    const struct mr_order *o = &r->order;
    struct judge *j = w->judge;
    uint32_t m = market_of(w, o->instrument);
    unsigned long long id = o->id;
    if (!r->allowed) {
        if (!(r->violated[0] | r->violated[1]))
            judge_broken(w, INVARIANT_DENIED, "the denial of order %llx names no rule", id);
        return;
    }
    if (r->limits != w->limits->version)
        judge_broken(w, INVARIANT_APPROVED, "order %llx is approved under limits %llu; in force are %llu", id,
                     (unsigned long long)r->limits, (unsigned long long)w->limits->version);
    if (j->killed && !emergency(o))
        judge_broken(w, INVARIANT_KILLED, "order %llx is approved while the kill switch is on", id);
    uint8_t life = mr_trade_life(w->trade)->state;
    mr_size pos = m < SIM_MARKETS ? held(w, o->instrument) : 0;
    bool reduces = (o->flags & MR_ORDER_REDUCE_ONLY) || (pos > 0 && o->side == MR_SIDE_SELL && o->size <= pos) ||
                   (pos < 0 && o->side == MR_SIDE_BUY && o->size <= -pos);
    mr_i128 told = m < SIM_MARKETS ? j->told_size[m] : 0; /* the venue's, as far as it has been heard */
    reduces |= (told > 0 && o->side == MR_SIDE_SELL && o->size <= told) ||
               (told < 0 && o->side == MR_SIDE_BUY && o->size <= -told);
    if (!emergency(o) && (life == MR_LIFE_PAUSED ? !reduces : life != MR_LIFE_TRADING))
        judge_broken(w, INVARIANT_HALTED, "order %llx is approved while the life cycle is at %s", id,
                     mr_life_state_name(life));
    bool protects = o->type == MR_ORDER_STOP_MARKET && (o->flags & MR_ORDER_REDUCE_ONLY);
    if (m == SIM_MARKETS || emergency(o) || protects)
        return;
    const struct mr_market_view *v = &w->market[m].told;
    bool believed = v->flags == MR_MARKET_LIVE && v->bid_count && v->ask_count && v->bids[0].price < v->asks[0].price &&
                    sim_host_now(w) - v->book_ns <= w->limits->market.book_ns;
    if (!believed)
        judge_broken(w, INVARIANT_BELIEVED, "order %llx is approved on a book with flags %u, %lld ms old", id, v->flags,
                     (long long)((sim_host_now(w) - v->book_ns) / SIM_MS));
}

void judge_append(struct world *w, enum mr_journal_kind kind, const void *payload, uint32_t bytes, int64_t seq)
{
    struct judge *j = w->judge;
    const struct mr_record_head *head = payload;
    if (head->what == MR_RECORD_DECISION && kind == MR_JOURNAL_DECISION) {
        const struct mr_record_decision *r = payload;
        j->denials_recorded += !r->allowed && seq > 0;
        if (seq > 0)
            on_decision(w, r);
    }
    if (seq <= 0)
        return;
    if ((uint64_t)seq != j->appended + 1)
        judge_broken(w, INVARIANT_DENSE, "record %lld was taken after %llu", (long long)seq,
                     (unsigned long long)j->appended);
    j->appended = (uint64_t)seq;
    if (seq < JUDGE_RECORDS)
        j->record_hash[seq] = judge_hash(kind, payload, bytes);
    if (kind == MR_JOURNAL_ORDER && head->what == MR_RECORD_ORDER) {
        const struct mr_record_order *r = payload;
        struct judge_order *o = judge_order(w, r->order.id);
        if (r->order.state == MR_STATE_APPROVED && !o->sends) { /* counts from its approval on */
            o->first = r->order;
            o->most = r->order.size;
            o->undone = o->may_repeat = false;
            make_live(w, o);
        }
    }
}

void judge_killed(struct world *w, bool on)
{
    struct judge *j = w->judge;
    if (on && !j->killed)
        j->killed_at = w->truth;
    j->killed = on;
}

void judge_cancel(struct world *w, uint64_t id, int status)
{
    if (status != MR_OK)
        judge_broken(w, INVARIANT_HALTED, "the cancel of the open order %llx is refused in state %s: %s",
                     (unsigned long long)id, mr_life_state_name(mr_trade_life(w->trade)->state),
                     mr_status_name(status));
}

void judge_born(struct world *w)
{
    struct judge *j = w->judge;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < j->live_count; i++) /* what had not left never will */
        if (j->orders[j->live[i]].sends)
            j->live[kept++] = j->live[i];
    j->live_count = kept;
    j->life_began = j->alive_since = j->recorded_at = w->truth;
    j->denials = j->denials_recorded = 0; /* what was to be written went with the process */
    j->trades_before = w->paper->trades;
}

/* ---- after each round ---- */

static void prune(struct world *w)
{
    struct judge *j = w->judge;
    for (uint32_t i = 0; i < j->live_count;) {
        struct judge_order *o = &j->orders[j->live[i]];
        const struct paper_order *po = paper_find(w->paper, o->id);
        if (!po && o->delivered && w->venue_now - o->delivered > 3 * SIM_MS) /* it has looked at it, and refused it */
            o->undone = true;
        bool over = po ? !po->open : o->seen && mr_order_ended(o->state) && (o->undone || !o->sends);
        if (over)
            j->live[i] = j->live[--j->live_count];
        else
            i++;
    }
}

static void check_live(struct world *w)
{
    const struct judge *j = w->judge;
    mr_price buy[SIM_MARKETS] = {0}, sell[SIM_MARKETS] = {0};
    for (uint32_t i = 0; i < j->live_count; i++) {
        const struct judge_order *o = &j->orders[j->live[i]];
        const struct paper_order *po = paper_find(w->paper, o->id);
        uint32_t m = market_of(w, o->first.instrument);
        if (!po || !po->open || m == SIM_MARKETS)
            continue;
        const struct mr_order *ours = w->alive ? mr_orders_find(mr_trade_orders(w->trade), o->id) : NULL;
        if (w->alive && (!ours || mr_order_ended(ours->state)))
            judge_broken(w, INVARIANT_ALIVE, "order %llx lives at the venue, and is taken for %s",
                         (unsigned long long)o->id, ours ? mr_order_state_name(ours->state) : "nothing");
        if (!po->resting)
            continue;
        mr_price p = po->o.price;
        if (po->o.side == MR_SIDE_BUY)
            buy[m] = p > buy[m] ? p : buy[m];
        else
            sell[m] = !sell[m] || p < sell[m] ? p : sell[m];
    }
    for (uint32_t m = 0; m < w->markets; m++)
        if (buy[m] && sell[m] && buy[m] >= sell[m])
            judge_broken(w, INVARIANT_CROSSED, "instrument %u: we bid %lld and ask %lld", w->market[m].id,
                         (long long)buy[m], (long long)sell[m]);
}

static void check_books(struct world *w)
{
    const struct judge *j = w->judge;
    const struct mr_orders *om = mr_trade_orders(w->trade);
    const struct mr_positions *ps = mr_orders_positions(om);
    mr_money basis = 0;
    uint32_t cursor = 0;
    for (const struct mr_order *o; (o = mr_orders_next(om, &cursor)) != NULL;)
        if (o->filled < 0 || o->filled > o->size)
            judge_broken(w, INVARIANT_OVERFILL, "order %llx: %lld filled of %lld", (unsigned long long)o->id,
                         (long long)o->filled, (long long)o->size);
    for (uint32_t m = 0; m < w->markets; m++) {
        const struct mr_position *p = mr_positions_get(ps, w->market[m].id);
        if (p->size != j->told_size[m])
            judge_broken(w, INVARIANT_POSITION, "instrument %u: %lld, and the fills are %lld", w->market[m].id,
                         (long long)p->size, (long long)j->told_size[m]);
        basis += p->basis;
    }
    mr_money want = w->trade_config.orders.cash - j->told_value - j->told_fees + j->told_funding;
    if (mr_positions_cash(ps) - basis != want || mr_positions_fees(ps) != j->told_fees)
        judge_broken(w, INVARIANT_CASH, "cash less basis is %.9f, by the fills it is %.9f",
                     mr_money_double(mr_positions_cash(ps) - basis), mr_money_double(want));
}

static void check_switches(struct world *w)
{
    struct judge *j = w->judge;
    bool running = w->alive && w->paused_until <= w->truth && w->link.order_limit.quota && !w->lane.cut &&
                   !w->lane.stream_down && w->lane.maintenance_until <= w->truth && w->slow_disk_until <= w->truth &&
                   w->ring_full_until <= w->truth && w->lives && !w->port.failed(w->port.self);
    if (j->killed && w->alive && mr_kill_read(w->kill, SIM_VENUE, 0) == MR_KILL_SCOPE_NONE)
        judge_broken(w, INVARIANT_KILLED, "the kill switch is off, and nobody has cleared it");
    if (!running)
        j->alive_since = w->truth;
    int64_t since = j->dead_man_ns > j->alive_since ? j->dead_man_ns : j->alive_since;
    if (running && w->truth - since > w->trade_config.orders.dead_man_ns)
        judge_broken(w, INVARIANT_DEAD_MAN, "alive, and the dead man's timer was not refreshed for %lld s",
                     (long long)((w->truth - since) / SIM_S));
    int64_t quiet = j->killed_at > j->alive_since ? j->killed_at : j->alive_since;
    if (!running || !j->killed || w->truth - quiet < 15 * SIM_S)
        return;
    for (uint32_t i = 0; i < j->live_count; i++) {
        const struct judge_order *o = &j->orders[j->live[i]];
        const struct paper_order *po = paper_find(w->paper, o->id);
        if (po && po->open && !emergency(&o->first))
            judge_broken(w, INVARIANT_KILLED, "killed for %lld s, and order %llx rests at the venue",
                         (long long)((w->truth - quiet) / SIM_S), (unsigned long long)o->id);
    }
}

void judge_step(struct world *w)
{
    check_exposure(w);
    check_live(w);
    check_twins(w);
    check_switches(w);
    if (w->alive)
        check_books(w);
    /* while the ring is full they wait for it */
    if (w->alive && w->ring_full_until <= w->truth && w->paused_until <= w->truth && !w->port.failed(w->port.self) &&
        w->judge->denials != w->judge->denials_recorded && w->truth - w->judge->recorded_at > SIM_S)
        judge_broken(w, INVARIANT_DENIED, "%llu orders were denied, %llu denials are recorded",
                     (unsigned long long)w->judge->denials, (unsigned long long)w->judge->denials_recorded);
    if (w->judge->denials == w->judge->denials_recorded || w->ring_full_until > w->truth || w->paused_until > w->truth)
        w->judge->recorded_at = w->truth;
}
