/* The gate. `struct look` is one decision being made; each function looks at one part of it and says what is broken. Nothing returns early
 * past a rule that could still be judged: the verdict names them all. */
#include "controlplane/risk/look.h"

#define NS_PER_MINUTE 60000000000
#define MINUTES_PER_DAY 1440
#define CLOCK_BACK_NS 1000000000 /* what the host's time may step back before it is no time */

const struct mr_risk_rule_row mr_risk_rules[MR_RISK_RULE_COUNT] = {
#define MR_RISK_RULE(name, class, unit, sentence) {#name, sentence, MR_RISK_##class, MR_RISK_UNIT_##unit},
#include "controlplane/risk/rules.def"
#undef MR_RISK_RULE
};
static_assert(MR_RISK_RULE_COUNT <= 128, "a rule is a bit of two words");

void mr_risk_deny(struct look *l, enum mr_risk_rule rule, mr_i128 value, mr_i128 limit)
{
    if (!l->applies[mr_risk_rules[rule].class])
        return;
    l->out->violated[rule / 64] |= 1ull << rule % 64;
    l->out->measured[rule] = (struct mr_risk_measure){value, limit};
}

mr_i128 mr_risk_amount(mr_i128 v, int scale)
{
    mr_i128 out;
    if (__builtin_mul_overflow(v, (mr_i128)mr_pow10[MR_SCALE_MAX - scale], &out))
        return v < 0 ? -MR_MONEY_MAX : MR_MONEY_MAX;
    return out;
}

/* ---- the order itself ---- */

static bool number(int64_t v) { return v > 0 && v < MR_RISK_NUMBER_MAX; }

static void look_at_flags(struct look *l)
{
    const struct mr_order *o = l->order;
    bool post = o->flags & MR_ORDER_POST_ONLY, reduce = o->flags & MR_ORDER_REDUCE_ONLY,
         emergency = o->flags & MR_ORDER_EMERGENCY;
    if (o->flags & ~MR_ORDER_FLAGS_ALL)
        mr_risk_deny(l, MR_RISK_FLAGS, o->flags, MR_ORDER_FLAGS_ALL);
    bool taking = o->type != MR_ORDER_LIMIT || o->tif == MR_TIF_IOC || o->tif == MR_TIF_FOK;
    if ((emergency && !reduce) || (post && taking))
        mr_risk_deny(l, MR_RISK_FLAG_USE, o->flags, 0);
}

static void look_at_numbers(struct look *l)
{
    const struct mr_order *o = l->order;
    bool limit = o->type == MR_ORDER_LIMIT,
         stop = o->type == MR_ORDER_STOP_MARKET || o->type == MR_ORDER_TAKE_PROFIT_MARKET;
    bool size = number(o->size) && (l->amend ? o->filled >= 0 && o->filled < o->size : o->filled == 0),
         price = limit ? number(o->price) : o->price == 0, trigger = stop ? number(o->stop_price) : o->stop_price == 0;
    if (!size)
        mr_risk_deny(l, MR_RISK_SIZE, o->size, MR_RISK_NUMBER_MAX - 1);
    if (!price)
        mr_risk_deny(l, MR_RISK_PRICE, o->price, limit ? MR_RISK_NUMBER_MAX - 1 : 0);
    if (!trigger)
        mr_risk_deny(l, MR_RISK_STOP_PRICE, o->stop_price, stop ? MR_RISK_NUMBER_MAX - 1 : 0);
    l->numbers = size && price && trigger && o->type < MR_ORDER_TYPE_COUNT && o->side <= MR_SIDE_SELL;
}

static void look_at_form(struct look *l)
{
    const struct mr_order *o = l->order;
    l->amend = o->state == MR_STATE_ACKED || o->state == MR_STATE_PARTIAL;
    if (o->side > MR_SIDE_SELL || o->type >= MR_ORDER_TYPE_COUNT || o->role >= MR_ROLE_COUNT ||
        (o->state != MR_STATE_CREATED && !l->amend))
        mr_risk_deny(l, MR_RISK_ORDER, o->state, MR_STATE_CREATED);
    look_at_flags(l);
    look_at_numbers(l);
    if (o->tif >= MR_TIF_COUNT || o->expires_ns < 0 ||
        (o->expires_ns == 0 ? o->tif == MR_TIF_GTD : o->expires_ns <= l->now_ns))
        mr_risk_deny(l, MR_RISK_TIF, o->expires_ns, l->now_ns);
}

/* ---- who it is of ---- */

static void look_at_id(struct look *l)
{
    const struct mr_order *o = l->order;
    l->slot = o->id ? mr_risk_find_open(l->state, o->id) : NULL;
    bool good = l->amend
                    ? l->slot && l->slot->instrument == o->instrument && l->slot->side == o->side &&
                          l->slot->strategy == o->strategy && l->slot->type == o->type && l->slot->flags == o->flags
                    : !mr_risk_id_used(l->state, o->id);
    if (!good) {
        l->slot = NULL;
        mr_risk_deny(l, MR_RISK_ID, (mr_i128)o->id, (mr_i128)l->state->newest_id);
    }
    if (!l->amend && l->state->free_first == MR_RISK_NONE)
        mr_risk_deny(l, MR_RISK_FULL, l->state->open_count, MR_ORDERS_MAX);
}

static void look_at_instrument(struct look *l)
{
    const struct mr_order *o = l->order;
    const struct mr_risk_state *s = l->state;
    l->row = o->instrument < s->config.instruments ? mr_risk_instrument(s, o->instrument) : NULL;
    const struct mr_instrument *it = l->row ? &l->row->it : NULL;
    if (!it || !l->row->known || it->flags & MR_INSTRUMENT_NO_METADATA || it->type == MR_TYPE_UNKNOWN ||
        it->tick <= 0 || it->lot <= 0 || it->multiplier <= 0) {
        mr_risk_deny(l, MR_RISK_INSTRUMENT, o->instrument, s->config.instruments);
        l->row = NULL;
    }
    l->strategy = o->strategy < s->config.strategies ? mr_risk_strategy(s, o->strategy) : NULL;
    if (!l->strategy)
        mr_risk_deny(l, MR_RISK_STRATEGY, o->strategy, s->config.strategies);
    l->venue = l->row && o->venue == it->venue ? &s->venues[o->venue] : NULL;
    if (!l->venue)
        mr_risk_deny(l, MR_RISK_VENUE, o->venue, l->row ? it->venue : 0);
    if (l->row && !(it->flags & MR_INSTRUMENT_QUOTE_USD))
        mr_risk_deny(l, MR_RISK_CURRENCY, 0, 0);
    uint8_t m = l->limits->bound && o->instrument < MR_RISK_INSTRUMENTS_MAX ? l->limits->market_of[o->instrument]
                                                                            : MR_RISK_MARKET_NONE;
    l->market = m < l->limits->market_count ? &l->limits->markets[m] : NULL;
}

/* ---- what it would do to the position: decides whom the other rules bind ---- */

static void look_at_position(struct look *l)
{
    const struct mr_order *o = l->order;
    bool reduce = o->flags & MR_ORDER_REDUCE_ONLY;
    if (!l->row || !l->numbers)
        return;
    mr_size left = o->size - o->filled;
    l->was = l->is = l->row->cell;
    propose(l, &l->is, left);
    mr_i128 held = o->side == MR_SIDE_BUY ? -l->was.position : l->was.position; /* what there is to be reduced */
    bool truly = left <= held;                                                  /* what is left is above zero */
    if (reduce && !truly)
        mr_risk_deny(l, MR_RISK_REDUCE_ONLY, mr_risk_amount(left, l->row->it.size_scale),
                     mr_risk_amount(held > 0 ? held : 0, l->row->it.size_scale));
    mr_i128 worst = o->side == MR_SIDE_BUY ? mr_risk_worst_long(&l->is) : -mr_risk_worst_short(&l->is);
    l->grows = reduce ? !truly : worst > 0;
    bool emergency = reduce && truly && o->flags & MR_ORDER_EMERGENCY;
    l->applies[MR_RISK_CALM] = !emergency;
    l->applies[MR_RISK_PRICED] = !emergency && !(reduce && truly && o->type == MR_ORDER_STOP_MARKET);
    l->applies[MR_RISK_GROWING] = l->grows;
    l->emergency = emergency;
}

/* ---- how we stand ---- */

static void look_at_standing(struct look *l)
{
    const struct mr_risk_state *s = l->state;
    if (l->limits->version == 0 || !l->limits->bound)
        mr_risk_deny(l, MR_RISK_LIMITS, (mr_i128)l->limits->version, 1);
    l->clock = l->now_ns > 0 && l->now_ns >= s->now_ns - CLOCK_BACK_NS;
    if (!l->clock)
        mr_risk_deny(l, MR_RISK_CLOCK, l->now_ns, s->now_ns);
    if (l->clock && l->now_ns / (MINUTES_PER_DAY * NS_PER_MINUTE) != s->day)
        mr_risk_deny(l, MR_RISK_DAY, l->now_ns / (MINUTES_PER_DAY * NS_PER_MINUTE), s->day);
    if (!s->armed)
        mr_risk_deny(l, MR_RISK_DISARMED, 0, 0);
    if (s->strangers || s->config.processes & ~s->agreed)
        mr_risk_deny(l, MR_RISK_IDENTITY, s->strangers, s->config.processes & ~s->agreed);
    if (s->mode != MR_RISK_RUN && s->mode != MR_RISK_REDUCE)
        mr_risk_deny(l, MR_RISK_HALTED, 0, 0);
    if (s->mode == MR_RISK_REDUCE)
        mr_risk_deny(l, MR_RISK_REDUCING, 0, 0);
    if (s->unapproved || s->sent > s->approved)
        mr_risk_deny(l, MR_RISK_SENT_UNAPPROVED, (mr_i128)s->sent + s->unapproved, (mr_i128)s->approved);
    if (!l->venue)
        return;
    if (l->venue->differs || !fresh(l, l->venue->reconciled_ns, l->limits->account.reconcile_ns))
        mr_risk_deny(l, MR_RISK_RECONCILE, age(l, l->venue->reconciled_ns), l->limits->account.reconcile_ns);
    if (!l->venue->stream_up)
        mr_risk_deny(l, MR_RISK_STREAM, 0, 0);
}

static bool within_hours(const struct look *l)
{
    const struct mr_risk_limits *m = l->limits;
    int64_t minutes = l->now_ns / NS_PER_MINUTE;
    uint32_t day = (uint32_t)((minutes / MINUTES_PER_DAY + 3) % 7), /* 1970 began on a Thursday; Monday is 0 */
        minute = (uint32_t)(minutes % MINUTES_PER_DAY);
    bool over_midnight = m->hours.from_minute >= m->hours.to_minute;
    if (over_midnight && minute < m->hours.to_minute) /* the window of the day before */
        return m->hours.days >> (day + 6) % 7 & 1;
    return (m->hours.days >> day & 1) && minute >= m->hours.from_minute &&
           (over_midnight || minute < m->hours.to_minute);
}

static void look_at_market_rules(struct look *l)
{
    if (!l->market)
        mr_risk_deny(l, MR_RISK_NOT_ALLOWED, l->order->instrument, l->limits->market_count);
    if (!l->clock || !within_hours(l))
        mr_risk_deny(l, MR_RISK_HOURS, l->clock ? l->now_ns / NS_PER_MINUTE % MINUTES_PER_DAY : 0,
                     l->limits->hours.from_minute);
    if (l->row && (l->row->it.flags & MR_INSTRUMENT_HALTED || l->row->market_flags & MR_MARKET_HALTED))
        mr_risk_deny(l, MR_RISK_INSTRUMENT_HALTED, 0, 0);
    if (!l->row || !l->numbers)
        return;
    const struct mr_instrument *it = &l->row->it;
    mr_price price = l->order->price ? l->order->price : l->order->stop_price;
    if (price % it->tick)
        mr_risk_deny(l, MR_RISK_TICK, mr_risk_amount(price, it->price_scale),
                     mr_risk_amount(it->tick, it->price_scale));
    if (l->order->size % it->lot)
        mr_risk_deny(l, MR_RISK_LOT, mr_risk_amount(l->order->size, it->size_scale),
                     mr_risk_amount(it->lot, it->size_scale));
}

/* ---- kill switch: last ---- */

static bool killed_order(const struct look *l)
{
    const struct mr_risk_state *s = l->state;
    if (s->killed_count > MR_RISK_KILLED)
        return true; /* more than we can remember */
    for (uint64_t i = 0; i < s->killed_count; i++)
        if (s->killed[i] == l->order->id || (l->order->parent && s->killed[i] == l->order->parent))
            return true;
    return false;
}

static void look_at_kill(struct look *l, const struct mr_kill_page *kill)
{
    const struct mr_order *o = l->order;
    bool closing = l->emergency && l->state->closing, order = killed_order(l);
    if (order && !closing)
        mr_risk_deny(l, MR_RISK_KILL_ORDER, (mr_i128)o->id, 0);
    /* nothing is looked at after this */
    enum mr_kill_scope scope = kill ? mr_kill_read(kill, o->venue, o->strategy) : MR_KILL_SCOPE_ALL;
    l->out->kill = (uint8_t)scope;
    if (closing && kill)
        return;
    if (scope == MR_KILL_SCOPE_ALL)
        mr_risk_deny(l, MR_RISK_KILL_ALL, 0, 0);
    else if (scope == MR_KILL_SCOPE_VENUE)
        mr_risk_deny(l, MR_RISK_KILL_VENUE, o->venue, 0);
    else if (scope != MR_KILL_SCOPE_NONE)
        mr_risk_deny(l, MR_RISK_KILL_STRATEGY, o->strategy, 0);
}

void mr_risk_check(const struct mr_order *order, const struct mr_risk_state *state, const struct mr_risk_limits *limits,
                   int64_t now_ns, const struct mr_kill_page *kill, struct mr_risk_verdict *out)
{
    struct look l = {.order = order,
                     .state = state,
                     .limits = limits,
                     .now_ns = now_ns,
                     .out = out,
                     .grows = true,
                     .applies = {true, true, true, true}};
    out->violated[0] = out->violated[1] = 0;
    out->policies = 0;
    out->score = 0;
    out->value = 0;
    out->limits = limits->version;
    look_at_form(&l);
    look_at_id(&l);
    look_at_instrument(&l);
    look_at_position(&l);
    out->grows = l.grows;
    look_at_standing(&l);
    look_at_market_rules(&l);
    mr_risk_look_at_market(&l);
    mr_risk_look_at_rates(&l);
    mr_risk_look_at_exposure(&l);
    mr_risk_look_at_account(&l);
    mr_risk_look_at_policies(&l);
    look_at_kill(&l, kill);
}
