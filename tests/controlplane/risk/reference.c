#include "tests/controlplane/risk/reference.h"

#define DAY 86400000000000ll
#define MOST ((mr_i128)1000000000000000000 * 1000000000000000)
#define LARGE (((int64_t)1) << 62)

static mr_i128 magnitude(mr_i128 v) { return v < 0 ? -v : v; }
static mr_i128 larger(mr_i128 a, mr_i128 b) { return a > b ? a : b; }
static mr_i128 smaller(mr_i128 a, mr_i128 b) { return a < b ? a : b; }

/* -1, 0, 1 as a x b is below, equal to, above c x d: digit by digit of 2^32, since 128 bits are too few. */
struct wide {
    uint64_t digit[9];
    bool negative;
};
static struct wide product(mr_i128 a, mr_i128 b)
{
    struct wide w = {{0}, (a < 0) != (b < 0) && a != 0 && b != 0};
    mr_u128 x = (mr_u128)magnitude(a), y = (mr_u128)magnitude(b);
    for (int i = 0; i < 4; i++) {
        uint64_t carry = 0;
        for (int k = 0; k < 4; k++) {
            mr_u128 t = (mr_u128)(uint32_t)(x >> 32 * i) * (uint32_t)(y >> 32 * k) + w.digit[i + k] + carry;
            w.digit[i + k] = (uint64_t)t & 0xffffffff;
            carry = (uint64_t)(t >> 32);
        }
        w.digit[i + 4] += carry;
    }
    return w;
}
static int compare(mr_i128 a, mr_i128 b, mr_i128 c, mr_i128 d)
{
    struct wide l = product(a, b), r = product(c, d);
    if (l.negative != r.negative)
        return l.negative ? -1 : 1;
    for (int i = 8; i >= 0; i--)
        if (l.digit[i] != r.digit[i])
            return (l.digit[i] > r.digit[i]) != l.negative ? 1 : -1;
    return 0;
}

static mr_i128 tens(int n)
{
    mr_i128 v = 1;
    while (n-- > 0)
        v *= 10;
    return v;
}

/* Worth in 10^-18; false: more than can be. Scales of these tests add up to 18 at most. */
static bool worth(const struct mr_instrument *it, mr_price price, mr_i128 size, mr_i128 *out)
{
    bool inverse = it->flags & MR_INSTRUMENT_INVERSE;
    mr_i128 unit = tens(18 - (inverse ? 0 : it->price_scale) - it->size_scale - it->multiplier_scale) * it->multiplier;
    if (!inverse)
        unit *= price; /* below 2^62 x 10^12 */
    if (compare(magnitude(size), magnitude(unit), MOST, 1) > 0)
        return false;
    *out = size * unit;
    return true;
}

static mr_price best(const struct mr_market_view *v, bool bid)
{
    return bid ? (v->bid_count ? v->bids[0].price : 0) : (v->ask_count ? v->asks[0].price : 0);
}

static mr_price plus(mr_price p, int64_t e8)
{
    mr_i128 top = (mr_i128)p * (100000000 + e8), up = top / 100000000;
    up += up * 100000000 < top;
    return up < LARGE ? (mr_price)up : 0;
}

mr_price ref_price(const struct ref *w, const struct mr_order *o, const struct mr_risk_limits *m)
{
    const struct mr_market_view *v = &w->in[o->instrument].view;
    if (o->type == MR_ORDER_LIMIT)
        return o->side == MR_SIDE_SELL ? (mr_price)larger(o->price, best(v, true)) : o->price;
    if (o->type == MR_ORDER_MARKET)
        return o->side == MR_SIDE_SELL ? best(v, true) : plus(best(v, false), m->order.collar_mid_e8);
    return o->side == MR_SIDE_SELL ? o->stop_price : plus(o->stop_price, m->order.collar_mid_e8);
}

/* ---- facts ---- */

static void event(struct ref_events *e, int64_t at, uint64_t weight, uint32_t who)
{
    MR_ASSERT(e->n < REF_EVENTS);
    e->e[e->n++] = (struct ref_event){at, weight, who};
}

static struct ref_order *find(struct ref *w, uint64_t id)
{
    for (uint32_t i = 0; i < w->open_count; i++)
        if (w->open[i].order.id == id)
            return &w->open[i];
    return NULL;
}

static void price_it(const struct ref *w, struct ref_order *o)
{
    const struct ref_instrument *in = &w->in[o->order.instrument];
    if (!worth(&in->it, o->value_price, o->order.size, &o->notional))
        o->notional = MOST;
    mr_i128 l = in->leverage ? in->leverage : 1;
    o->margin = o->order.flags & MR_ORDER_REDUCE_ONLY ? 0 : (o->notional + l - 1) / l;
}

void ref_approved(struct ref *w, const struct mr_order *o, const struct mr_risk_limits *m, int64_t now)
{
    MR_ASSERT(w->open_count < REF_ORDERS && w->used_count < REF_EVENTS && w->recent_count < REF_EVENTS);
    struct ref_order *n = &w->open[w->open_count++];
    *n = (struct ref_order){.order = *o, .value_price = ref_price(w, o, m)};
    if (!n->value_price)
        n->value_price = w->in[o->instrument].reference;
    price_it(w, n);
    w->used[w->used_count++] = o->id;
    event(&w->orders, now, 1, o->strategy);
    event(&w->weights, now, m->rate.order_weight, w->in[o->instrument].it.venue);
    w->recent[w->recent_count] = *o;
    w->recent[w->recent_count++].created_ns = now;
    w->approved++;
    w->day_orders++;
    if (o->role != MR_ROLE_ENTRY || o->flags & MR_ORDER_REDUCE_ONLY)
        return;
    struct mr_order *last = &w->repeat[o->strategy];
    bool again = w->repeats[o->strategy] && last->instrument == o->instrument && last->side == o->side &&
                 now - last->created_ns < m->rate.repeats_ns;
    w->repeats[o->strategy] = again ? w->repeats[o->strategy] + 1 : 1;
    *last = *o;
    last->created_ns = now;
    if (w->repeats[o->strategy] >= m->rate.repeats_max)
        w->throttled[o->strategy] = true;
}

void ref_amend(struct ref *w, const struct mr_order *o, const struct mr_risk_limits *m, int64_t now)
{
    struct ref_order *n = find(w, o->id);
    n->other = n->order.price;
    n->order.price = o->price;
    n->order.stop_price = o->stop_price;
    n->order.size = (mr_size)larger(n->order.size, o->size - o->filled);
    mr_price value = ref_price(w, o, m);
    n->value_price = n->other ? (mr_price)larger(n->value_price, value) : value;
    price_it(w, n);
    event(&w->cancels, now, 1, 0);
    event(&w->weights, now, m->rate.order_weight, w->in[o->instrument].it.venue);
    w->day_orders++;
}

void ref_amended(struct ref *w, const struct mr_order *o, const struct mr_risk_limits *m)
{
    struct ref_order *n = find(w, o->id);
    n->other = 0;
    n->order.price = o->price;
    n->order.stop_price = o->stop_price;
    n->order.size = o->size - o->filled;
    n->value_price = ref_price(w, o, m);
    price_it(w, n);
}

void ref_fill(struct ref *w, uint64_t id, mr_size size)
{
    struct ref_order *n = find(w, id);
    struct ref_instrument *in = &w->in[n->order.instrument];
    mr_i128 change = n->order.side == MR_SIDE_BUY ? size : -(mr_i128)size;
    n->order.size -= (mr_size)smaller(size, n->order.size);
    price_it(w, n);
    in->position += change;
    in->share[n->order.strategy] += change;
    w->day_trades++;
    w->rejects = 0;
}

void ref_end(struct ref *w, uint64_t id, bool rejected)
{
    struct ref_order *n = find(w, id);
    *n = w->open[--w->open_count];
    w->rejects += rejected;
}

void ref_market(struct ref *w, const struct mr_market_view *v)
{
    struct ref_instrument *in = &w->in[v->instrument];
    in->view = *v;
    mr_price bid = best(v, true), ask = best(v, false);
    if (bid > 0 && ask > 0 && bid < LARGE && ask < LARGE && (bid + ask) / 2 > 0)
        in->reference = (bid + ask) / 2;
}

/* ---- exposure, added up from the lists ---- */

#define ALL 99
struct worst {
    mr_i128 up, down;
};
static struct worst worst_of(const struct ref *w, uint32_t instrument, uint32_t strategy, const struct mr_order *with,
                             mr_i128 more)
{
    mr_i128 open[2] = {0, 0}, reduce[2] = {0, 0};
    mr_i128 p = strategy == ALL ? w->in[instrument].position : w->in[instrument].share[strategy];
    for (uint32_t i = 0; i < w->open_count; i++) {
        const struct mr_order *o = &w->open[i].order;
        if (o->instrument == instrument && (strategy == ALL || o->strategy == strategy))
            *(o->flags & MR_ORDER_REDUCE_ONLY ? &reduce[o->side] : &open[o->side]) += o->size;
    }
    if (with)
        *(with->flags & MR_ORDER_REDUCE_ONLY ? &reduce[with->side] : &open[with->side]) += more;
    return (struct worst){p + open[0] + smaller(reduce[0], larger(-p, 0)),
                          p - open[1] - smaller(reduce[1], larger(p, 0))};
}

struct sums {
    mr_i128 up, down, gross, notional;
    uint32_t orders, unpriced;
};
static bool in_scope(const struct ref *w, enum mr_risk_scope_id id, uint32_t key, uint32_t instrument)
{
    return (id != MR_SCOPE_VENUE || w->in[instrument].it.venue == key) &&
           (id != MR_SCOPE_SYMBOL || w->in[instrument].it.underlying == key);
}
static bool values(const struct ref *w, uint32_t i, struct worst x, mr_i128 *up, mr_i128 *down)
{
    const struct ref_instrument *in = &w->in[i];
    *up = *down = 0;
    if (x.up == 0 && x.down == 0)
        return true;
    bool good = (in->reference > 0 || in->it.flags & MR_INSTRUMENT_INVERSE) &&
                worth(&in->it, in->reference, x.up, up) && worth(&in->it, in->reference, x.down, down);
    if (!good)
        *up = *down = 0;
    return good;
}
static struct sums sum(const struct ref *w, enum mr_risk_scope_id id, uint32_t key)
{
    struct sums s = {0};
    uint32_t strategy = id == MR_SCOPE_STRATEGY ? key : ALL;
    for (uint32_t i = 0; i < REF_INSTRUMENTS; i++) {
        mr_i128 up, down;
        if (!w->in[i].known || !in_scope(w, id, key, i))
            continue;
        s.unpriced += !values(w, i, worst_of(w, i, strategy, NULL, 0), &up, &down);
        s.up += up;
        s.down += down;
        s.gross += larger(magnitude(up), magnitude(down));
    }
    for (uint32_t i = 0; i < w->open_count; i++) {
        const struct mr_order *o = &w->open[i].order;
        if (!in_scope(w, id, key, o->instrument) || (strategy != ALL && o->strategy != strategy))
            continue;
        s.orders++;
        s.notional += w->open[i].notional;
    }
    return s;
}

/* ---- the decision ---- */

struct judge {
    const struct ref *w;
    const struct mr_order *o;
    const struct mr_risk_limits *m;
    int64_t now;
    struct ref_verdict *out;
    const struct ref_instrument *in;
    const struct ref_order *old;
    const struct mr_risk_market *market;
    bool numbers, grows, emergency, protective, clock, amend, valued, known, further;
    mr_size left;
    mr_i128 more, value, exposure, added, inventory;
    mr_price price;
};

static void no(struct judge *j, enum mr_risk_rule rule, bool violated)
{
    uint8_t class = mr_risk_rules[rule].class;
    bool bound = class == MR_RISK_EVERY || (class == MR_RISK_CALM && !j->emergency) ||
                 (class == MR_RISK_PRICED && !j->emergency && !j->protective) || (class == MR_RISK_GROWING && j->grows);
    if (violated && bound)
        j->out->violated[rule / 64] |= 1ull << rule % 64;
}

static bool old_or_unknown(const struct judge *j, int64_t at, int64_t most)
{
    if (!j->clock || at <= 0)
        return most != INT64_MAX;
    return j->now - at > most || at - j->now > most;
}

static bool plain(int64_t v) { return v >= 1 && v < LARGE; }

static void form(struct judge *j)
{
    const struct mr_order *o = j->o;
    bool trigger = o->type == MR_ORDER_STOP_MARKET || o->type == MR_ORDER_TAKE_PROFIT_MARKET,
         limit = o->type == MR_ORDER_LIMIT;
    j->amend = o->state == MR_STATE_ACKED || o->state == MR_STATE_PARTIAL;
    no(j, MR_RISK_ORDER, o->side > 1 || o->type > 3 || o->role > 3 || (!j->amend && o->state != MR_STATE_CREATED));
    no(j, MR_RISK_FLAGS, o->flags > 15);
    bool rests = limit && o->tif != MR_TIF_IOC && o->tif != MR_TIF_FOK;
    no(j, MR_RISK_FLAG_USE,
       ((o->flags & MR_ORDER_EMERGENCY) && !(o->flags & MR_ORDER_REDUCE_ONLY)) ||
           ((o->flags & MR_ORDER_POST_ONLY) && !rests));
    bool size = plain(o->size) && (j->amend ? o->filled >= 0 && o->filled < o->size : o->filled == 0);
    bool price = limit ? plain(o->price) : o->price == 0, stop = trigger ? plain(o->stop_price) : o->stop_price == 0;
    no(j, MR_RISK_SIZE, !size);
    no(j, MR_RISK_PRICE, !price);
    no(j, MR_RISK_STOP_PRICE, !stop);
    j->numbers = size && price && stop && o->side <= 1 && o->type <= 3;
    bool past = o->expires_ns != 0 && o->expires_ns <= j->now;
    no(j, MR_RISK_TIF, o->tif > 3 || o->expires_ns < 0 || past || (o->tif == MR_TIF_GTD && o->expires_ns == 0));
}

static void identity(struct judge *j)
{
    const struct mr_order *o = j->o;
    bool used = o->id == 0;
    uint64_t newest = 0;
    for (uint32_t i = 0; i < j->w->used_count; i++) {
        used |= j->w->used[i] == o->id;
        newest = j->w->used[i] > newest ? j->w->used[i] : newest;
    }
    used |= o->id < newest && (newest - o->id >= MR_RISK_IDS || o->id >> 32 != newest >> 32);
    if (j->amend) {
        for (uint32_t i = 0; i < j->w->open_count; i++) {
            const struct mr_order *p = &j->w->open[i].order;
            if (p->id == o->id && p->instrument == o->instrument && p->side == o->side && p->strategy == o->strategy &&
                p->type == o->type && p->flags == o->flags)
                j->old = &j->w->open[i];
        }
        used = !j->old;
    }
    no(j, MR_RISK_ID, used);
    const struct ref_instrument *in = o->instrument < REF_INSTRUMENTS ? &j->w->in[o->instrument] : NULL;
    bool good = in && in->known && !(in->it.flags & MR_INSTRUMENT_NO_METADATA) && in->it.type != MR_TYPE_UNKNOWN &&
                in->it.tick > 0 && in->it.lot > 0 && in->it.multiplier > 0;
    j->in = good ? in : NULL;
    no(j, MR_RISK_INSTRUMENT, !good);
    no(j, MR_RISK_STRATEGY, o->strategy >= REF_STRATEGIES);
    no(j, MR_RISK_VENUE, !good || o->venue != in->it.venue);
    if (o->instrument < REF_INSTRUMENTS && j->m->bound && j->m->market_of[o->instrument] < j->m->market_count)
        j->market = &j->m->markets[j->m->market_of[o->instrument]];
}

static void effect(struct judge *j)
{
    const struct mr_order *o = j->o;
    j->grows = true;
    if (!j->in || !j->numbers)
        return;
    j->left = o->size - o->filled;
    j->more = j->old ? larger(j->left - j->old->order.size, 0) : j->left;
    mr_i128 held = o->side == MR_SIDE_BUY ? -j->in->position : j->in->position;
    bool reduce = o->flags & MR_ORDER_REDUCE_ONLY, truly = reduce && held >= j->left;
    struct worst x = worst_of(j->w, o->instrument, ALL, o, j->more);
    j->grows = reduce ? !truly : o->side == MR_SIDE_BUY ? x.up > 0 : x.down < 0;
    j->emergency = truly && o->flags & MR_ORDER_EMERGENCY;
    j->protective = truly && o->type == MR_ORDER_STOP_MARKET;
    no(j, MR_RISK_REDUCE_ONLY, reduce && !truly);
}

static bool open_hours(const struct judge *j)
{
    int64_t minute = j->now / 60000000000;
    for (int64_t begun = minute; begun > minute - 1440;
         begun--) { /* was the window opened at this minute, and is it still? */
        uint32_t day = (uint32_t)((begun / 1440 + 3) % 7);
        if ((uint32_t)(begun % 1440) != j->m->hours.from_minute || !(j->m->hours.days >> day & 1))
            continue;
        uint32_t length = j->m->hours.to_minute > j->m->hours.from_minute
                              ? j->m->hours.to_minute - j->m->hours.from_minute
                              : 1440 - j->m->hours.from_minute + j->m->hours.to_minute;
        if (minute - begun < length)
            return true;
    }
    return false;
}

static void standing(struct judge *j)
{
    const struct ref *w = j->w;
    const struct mr_order *o = j->o;
    no(j, MR_RISK_CURRENCY, j->in && !(j->in->it.flags & MR_INSTRUMENT_QUOTE_USD));
    no(j, MR_RISK_LIMITS, j->m->version == 0 || !j->m->bound);
    j->clock = j->now > 0 && j->now + 1000000000 >= w->now;
    no(j, MR_RISK_CLOCK, !j->clock);
    no(j, MR_RISK_DAY, j->clock && j->now / DAY != w->day);
    no(j, MR_RISK_DISARMED, !w->armed);
    no(j, MR_RISK_IDENTITY, w->stranger);
    no(j, MR_RISK_HALTED, w->mode == MR_RISK_HALT);
    no(j, MR_RISK_REDUCING, w->mode == MR_RISK_REDUCE);
    no(j, MR_RISK_SENT_UNAPPROVED, w->unapproved > 0 || w->sent > w->approved);
    if (j->in && o->venue == j->in->it.venue) {
        no(j, MR_RISK_RECONCILE,
           w->differs[o->venue] || old_or_unknown(j, w->reconciled[o->venue], j->m->account.reconcile_ns));
        no(j, MR_RISK_STREAM, !w->stream[o->venue]);
    }
    no(j, MR_RISK_NOT_ALLOWED, !j->market);
    no(j, MR_RISK_HOURS, !j->clock || !open_hours(j));
    if (!j->in)
        return;
    no(j, MR_RISK_INSTRUMENT_HALTED,
       (j->in->it.flags & MR_INSTRUMENT_HALTED) || (j->in->view.flags & MR_MARKET_HALTED));
    if (!j->numbers)
        return;
    no(j, MR_RISK_TICK, (o->price + o->stop_price) % j->in->it.tick != 0); /* one of them is zero */
    no(j, MR_RISK_LOT, o->size % j->in->it.lot != 0);
}

/* ---- market ---- */

static bool mid2(const struct judge *j, mr_i128 *out)
{
    mr_price bid = best(&j->in->view, true), ask = best(&j->in->view, false);
    *out = (mr_i128)bid + ask;
    return bid > 0 && ask > 0;
}

static bool far(mr_i128 a, mr_i128 b, int64_t e8) { return compare(magnitude(a - b), 100000000, b, e8) > 0; }

static void market(struct judge *j)
{
    const struct mr_order *o = j->o;
    const struct mr_market_view *v = &j->in->view;
    mr_i128 mid;
    bool has_mid = mid2(j, &mid);
    no(j, MR_RISK_NO_REFERENCE, !has_mid);
    no(j, MR_RISK_STALE, old_or_unknown(j, v->book_ns, j->m->market.book_ns));
    no(j, MR_RISK_NOT_LIVE, !(v->flags & MR_MARKET_LIVE));
    no(j, MR_RISK_CROSSED,
       (v->flags & MR_MARKET_CROSSED) || (v->bid_count && v->ask_count && v->bids[0].price >= v->asks[0].price));
    no(j, MR_RISK_GAP, v->flags & MR_MARKET_GAP);
    no(j, MR_RISK_LAST_STALE, v->last <= 0 || old_or_unknown(j, v->last_ns, j->m->market.last_ns));
    if (!j->numbers)
        return;
    bool limit = o->type == MR_ORDER_LIMIT, taking = o->type == MR_ORDER_MARKET;
    no(j, MR_RISK_COLLAR_MID, limit && has_mid && far(2 * (mr_i128)o->price, mid, j->m->order.collar_mid_e8));
    no(j, MR_RISK_COLLAR_LAST, limit && v->last > 0 && far(o->price, v->last, j->m->order.collar_last_e8));
    no(j, MR_RISK_COLLAR_STOP,
       !limit && !taking && has_mid && far(2 * (mr_i128)o->stop_price, mid, j->m->order.collar_stop_e8));
    if (taking) {
        mr_i128 there = 0;
        for (uint32_t i = 0; has_mid && i < (o->side == MR_SIDE_BUY ? v->ask_count : v->bid_count); i++) {
            const struct mr_level *l = o->side == MR_SIDE_BUY ? &v->asks[i] : &v->bids[i];
            if (l->price > 0 && l->size > 0 && !far(2 * (mr_i128)l->price, mid, j->m->order.collar_mid_e8))
                there += l->size;
        }
        no(j, MR_RISK_DEPTH, compare(j->left, 100000000, there, j->m->order.depth_share_e8) > 0);
    }
    for (uint32_t i = 0; i < j->w->open_count; i++) {
        const struct mr_order *own = &j->w->open[i].order;
        if (own->instrument != o->instrument || own->side == o->side || own->type != MR_ORDER_LIMIT ||
            !(limit || taking))
            continue;
        mr_price other = j->w->open[i].other ? j->w->open[i].other : own->price;
        mr_price p =
            o->side == MR_SIDE_BUY ? (mr_price)smaller(own->price, other) : (mr_price)larger(own->price, other);
        no(j, MR_RISK_SELF_MATCH, taking || (o->side == MR_SIDE_BUY ? o->price >= p : o->price <= p));
    }
    j->price = ref_price(j->w, o, j->m);
    j->valued = j->price > 0 && worth(&j->in->it, j->price, j->left, &j->value);
    no(j, MR_RISK_OVERFLOW, j->price > 0 && !j->valued);
    mr_i128 size = o->size * tens(18 - j->in->it.size_scale);
    no(j, MR_RISK_ORDER_SIZE, j->market && size > j->market->order_size_max);
    no(j, MR_RISK_ORDER_VALUE,
       j->valued && (j->value > j->m->order.value_max || (j->market && j->value > j->market->order_value_max)));
    no(j, MR_RISK_LEAST_VALUE, j->valued && j->market && j->value < j->market->least_value);
}

static uint64_t within(const struct judge *j, const struct ref_events *e, int64_t length, uint32_t who, bool together)
{
    uint64_t total = 0;
    for (uint32_t i = 0; i < e->n; i++) {
        int64_t at = e->e[i].at;
        if (who != ALL && e->e[i].who != who)
            continue;
        for (uint32_t k = i + 1; together && k < e->n; k++) /* of a tenth of a second: as old as the youngest */
            if (e->e[k].who == who && e->e[k].at / 100000000 == e->e[i].at / 100000000)
                at = e->e[k].at;
        total += j->now - at < length ? e->e[i].weight : 0;
    }
    return total;
}

static void rates(struct judge *j)
{
    const struct mr_order *o = j->o;
    const struct ref *w = j->w;
    const struct mr_risk_limits *m = j->m;
    bool clock = j->clock;
    no(j, MR_RISK_RATE, !clock || within(j, &w->orders, m->rate.orders_ns, ALL, false) + 1 > m->rate.orders_max);
    if (o->strategy < REF_STRATEGIES) {
        no(j, MR_RISK_RATE_STRATEGY,
           !clock || within(j, &w->orders, m->rate.orders_ns, o->strategy, false) + 1 > m->rate.strategy_orders_max);
        no(j, MR_RISK_REPEATED, w->throttled[o->strategy]);
    }
    no(j, MR_RISK_CANCEL_RATE, !clock || within(j, &w->cancels, m->rate.cancels_ns, ALL, false) > m->rate.cancels_max);
    if (j->in && o->venue == j->in->it.venue)
        no(j, MR_RISK_WEIGHT,
           !clock ||
               within(j, &w->weights, m->rate.weight_ns, o->venue, true) + m->rate.order_weight > m->rate.weight_max);
    no(j, MR_RISK_ORDER_RATIO,
       w->day_orders + 1 > m->rate.ratio_from &&
           w->day_orders + 1 > (w->day_trades ? w->day_trades : 1) * m->rate.ratio_max);
    bool twin = false;
    for (uint32_t i = 0; i < w->recent_count; i++) {
        const struct mr_order *p = &w->recent[i];
        twin |= j->now - p->created_ns < m->order.duplicate_ns && p->instrument == o->instrument &&
                p->strategy == o->strategy && p->side == o->side && p->type == o->type && p->price == o->price &&
                p->stop_price == o->stop_price && p->size == o->size;
    }
    no(j, MR_RISK_DUPLICATE, clock && !j->amend && twin);
    no(j, MR_RISK_REJECTS, w->rejects >= m->account.rejects_max);
    no(j, MR_RISK_LOSSES, w->losses >= m->account.losses_max);
}

/* ---- exposure ---- */

static void scope(struct judge *j, enum mr_risk_scope_id id, uint32_t key)
{
    const struct mr_risk_scope_limits *m = &j->m->scope[id];
    struct sums s = sum(j->w, id, key);
    uint32_t strategy = id == MR_SCOPE_STRATEGY ? key : ALL;
    struct worst was = worst_of(j->w, j->o->instrument, strategy, NULL, 0),
                 is = worst_of(j->w, j->o->instrument, strategy, j->o, j->more);
    mr_i128 up, down, add_up, add_down;
    mr_price dear = (mr_price)larger(j->price, j->in->reference);
    bool priced = values(j->w, j->o->instrument, was, &up, &down);
    no(j, (enum mr_risk_rule)(MR_RISK_ORDERS_FIRM + (int)id), s.orders + (j->old ? 0 : 1) > m->orders_max);
    no(j, (enum mr_risk_rule)(MR_RISK_NOTIONAL_FIRM + (int)id),
       j->valued && s.notional + j->value - (j->old ? j->old->notional : 0) > m->notional_max);
    no(j, MR_RISK_UNPRICED, s.unpriced > 0);
    bool known = priced && j->valued && worth(&j->in->it, dear, is.up - was.up, &add_up) &&
                 worth(&j->in->it, dear, is.down - was.down, &add_down);
    if (id == MR_SCOPE_FIRM) {
        j->known = known;
        no(j, MR_RISK_UNPRICED, !known);
    }
    if (!known)
        return;
    bool buys = j->o->side == MR_SIDE_BUY;
    mr_i128 before = larger(magnitude(up), magnitude(down)),
            after = larger(magnitude(up + add_up), magnitude(down + add_down)), own = magnitude(buys ? up : down),
            own_after = magnitude(buys ? up + add_up : down + add_down);
    if (id == MR_SCOPE_FIRM) {
        j->exposure = after;
        j->added = after - before;
        j->further = own_after > own;
        j->inventory = s.gross - before + own_after;
    }
    no(j, (enum mr_risk_rule)(MR_RISK_GROSS_FIRM + (int)id),
       own_after > own && s.gross - before + own_after > m->gross_max);
    mr_i128 net = magnitude(buys ? s.up : s.down), with = magnitude(buys ? s.up + add_up : s.down + add_down);
    no(j, (enum mr_risk_rule)(MR_RISK_NET_FIRM + (int)id), with > net && with > m->net_max);
}

/* On the order's side alone. */
static mr_i128 furthest(const struct judge *j, struct worst x) { return j->o->side == MR_SIDE_BUY ? x.up : -x.down; }

static void exposure(struct judge *j)
{
    const struct mr_order *o = j->o;
    struct worst was = worst_of(j->w, o->instrument, ALL, NULL, 0), is = worst_of(j->w, o->instrument, ALL, o, j->more);
    mr_i128 unit = tens(18 - j->in->it.size_scale);
    bool more = furthest(j, is) > furthest(j, was);
    no(j, MR_RISK_POSITION, j->market && more && compare(furthest(j, is), unit, j->market->position_max, 1) > 0);
    no(j, MR_RISK_SHORT, j->market && !j->market->short_allowed && o->side == MR_SIDE_SELL && is.down < 0);
    scope(j, MR_SCOPE_FIRM, 0);
    if (o->venue == j->in->it.venue)
        scope(j, MR_SCOPE_VENUE, o->venue);
    scope(j, MR_SCOPE_SYMBOL, j->in->it.underlying);
    if (o->strategy < REF_STRATEGIES)
        scope(j, MR_SCOPE_STRATEGY, o->strategy);
    for (uint32_t i = 0; i < j->m->policy_count; i++) {
        const struct mr_risk_policy *p = &j->m->policies[i];
        if (p->kind != MR_POLICY_POSITION || (p->instrument != UINT32_MAX && p->instrument != o->instrument))
            continue;
        bool broken = more && compare(furthest(j, is), unit, p->max, 1) > 0 && !j->emergency;
        no(j, MR_RISK_POLICY_POSITION, broken);
        j->out->policies |= (uint32_t)broken << i;
    }
}

static void policies(struct judge *j)
{
    for (uint32_t i = 0; i < j->m->policy_count; i++) {
        const struct mr_risk_policy *p = &j->m->policies[i];
        const mr_i128 most[] = {p->delta, p->gamma, p->vega};
        enum mr_risk_rule rule = MR_RISK_POLICY_KILL;
        bool broken = false;
        switch (p->kind) {
        case MR_POLICY_INVENTORY:
            rule = MR_RISK_POLICY_INVENTORY;
            broken = (j->known ? j->further && j->inventory > p->max : j->grows) && !j->emergency;
            break;
        case MR_POLICY_VAR:
            rule = MR_RISK_POLICY_VAR;
            broken = j->w->var.confidence_e8 != p->confidence_e8 || j->w->var.horizon_days != p->horizon_days ||
                     old_or_unknown(j, j->w->var.at, j->m->market.values_ns) || j->w->var.value > p->max;
            broken = broken && j->grows;
            break;
        case MR_POLICY_GREEKS:
            rule = MR_RISK_POLICY_GREEKS;
            broken = old_or_unknown(j, j->w->greeks_at, j->m->market.values_ns);
            for (int k = 0; k < 3; k++)
                broken |= magnitude(j->w->greeks[k]) > most[k];
            broken = broken && j->grows;
            break;
        case MR_POLICY_KILL:
            broken = p->enabled && !j->emergency;
            break;
        default:
            continue;
        }
        no(j, rule, broken);
        j->out->policies |= (uint32_t)broken << i;
    }
}

/* ---- account ---- */

static bool derivative(const struct judge *j)
{
    return j->in->it.type != MR_TYPE_SPOT && j->in->it.type != MR_TYPE_OUTCOME;
}

/* 10 x how much of e8 x base is used, in millionths, if the check passes; else its weight. */
static mr_i128 points(bool fails, int weight, mr_i128 used, mr_i128 base, int64_t e8, bool up)
{
    if (fails)
        return weight * (mr_i128)1000000;
    mr_i128 whole = base / 100000000 * e8, rest = base % 100000000 * e8; /* base >= 0 */
    mr_i128 limit = whole + rest / 100000000 + (up && rest % 100000000);
    return used <= 0 || limit <= 0 ? 0 : used >= limit ? 10000000 : used * 10000000 / limit;
}

static void capital(struct judge *j)
{
    const struct ref *w = j->w;
    bool sound = w->equity > 0 && w->margin >= 0;
    no(j, MR_RISK_ACCOUNT, !sound || old_or_unknown(j, w->account_at, j->m->account.account_ns));
    if (!sound || !j->in || !j->numbers)
        return;
    mr_i128 c = w->equity, margin = 0, in_symbol = sum(w, MR_SCOPE_SYMBOL, j->in->it.underlying).gross + j->added;
    uint32_t open = 0;
    for (uint32_t i = 0; i < w->open_count; i++)
        margin += j->old == &w->open[i] ? 0 : w->open[i].margin;
    for (uint32_t i = 0; i < REF_INSTRUMENTS; i++)
        if (w->in[i].known) {
            struct worst x = worst_of(w, i, ALL, NULL, 0);
            open += x.up != 0 || x.down != 0;
        }
    mr_i128 times = derivative(j) && j->in->leverage ? j->in->leverage : 1;
    if (!(j->o->flags & MR_ORDER_REDUCE_ONLY))
        margin += (j->value + times - 1) / times;
    struct worst was = worst_of(w, j->o->instrument, ALL, NULL, 0);
    bool mine = was.up != 0 || was.down != 0;
    bool position = !j->known || compare(j->exposure, 100000000, c, j->m->account.position_share_e8) > 0,
         positions = !mine && open >= j->m->account.positions_max,
         symbol = !j->known || compare(in_symbol, 100000000, c, j->m->account.symbol_share_e8) > 0;
    mr_i128 loss = larger(w->day_start - c, -w->realised), peak = larger(w->peak, c);
    bool day = w->day_start <= 0 || compare(loss, 100000000, w->day_start, j->m->account.daily_loss_e8) > 0,
         down = compare(peak - c, 100000000, peak, j->m->account.drawdown_e8) >= 0,
         use = compare(w->margin + margin, 100000000, c, j->m->account.margin_use_e8) >= 0;
    no(j, MR_RISK_POSITION_SHARE, position);
    no(j, MR_RISK_POSITIONS, positions);
    no(j, MR_RISK_SYMBOL_SHARE, symbol);
    no(j, MR_RISK_DAILY_LOSS, day);
    no(j, MR_RISK_DRAWDOWN, down);
    no(j, MR_RISK_MARGIN_USE, use);
    mr_i128 score = points(position, 25, j->exposure, c, j->m->account.position_share_e8, false) +
                    points(symbol, 30, in_symbol, c, j->m->account.symbol_share_e8, false) +
                    points(day, 40, loss, w->day_start, j->m->account.daily_loss_e8, false) +
                    points(down, 50, peak - c, peak, j->m->account.drawdown_e8, true) +
                    points(use, 35, w->margin, c, j->m->account.margin_use_e8, true) +
                    points(positions, 20, open, j->m->account.positions_max, 100000000, false);
    score = smaller((score + 500) / 1000, 100000);
    j->out->score = (uint32_t)score;
    no(j, MR_RISK_SCORE, score > j->m->account.score_max * (mr_i128)1000);
    mr_i128 fee = j->market ? (j->value / 100000000) * j->market->taker_fee_e8 : 0;
    if (j->market) {
        mr_i128 rest = j->value % 100000000 * j->market->taker_fee_e8;
        fee += rest / 100000000 + (rest % 100000000 > 0);
    }
    no(j, MR_RISK_BALANCE, margin + fee > smaller(w->available, c - w->margin));
}

static void leverage(struct judge *j)
{
    const struct ref_instrument *in = j->in;
    mr_i128 most = j->m->account.leverage_max, times = in->leverage;
    if (j->market)
        most = smaller(most, j->market->leverage_max);
    bool unknown =
        in->volatility <= 0 || in->multiplier <= 0 || old_or_unknown(j, in->volatility_at, j->m->market.volatility_ns);
    if (!unknown) {
        int tier = 5;
        for (int t = 4; t >= 0; t--)
            if (in->volatility < j->m->tiers.below_e8[t])
                tier = t;
        mr_i128 twice = 2 * (mr_i128)j->m->tiers.leverage[tier] * in->multiplier + 100000000;
        most = smaller(most, smaller(larger(twice / 200000000, 1), 100));
    }
    no(j, MR_RISK_VOLATILITY, unknown);
    no(j, MR_RISK_LEVERAGE, times == 0 || times > most);
    mr_i128 mid;
    if (!j->market || times == 0 || j->price <= 0 || !mid2(j, &mid))
        return;
    /* entry x (L - 1 + mm L) / L of a long against mid x (1 - near); a short's is mirrored */
    mr_i128 mm = j->market->maintenance_e8, near = j->m->account.liquidation_e8, one = 100000000;
    mr_i128 edge = j->o->side == MR_SIDE_BUY ? (times - 1) * one + mm * times : (times + 1) * one - mm * times;
    mr_i128 keep = j->o->side == MR_SIDE_BUY ? one - near : one + near;
    int cmp = compare(mid * times, keep, 2 * (mr_i128)j->price, edge);
    no(j, MR_RISK_LIQUIDATION, times > 1000 || (j->o->side == MR_SIDE_BUY ? cmp < 0 : cmp > 0));
}

static void correlation(struct judge *j)
{
    uint32_t own = j->in->it.underlying;
    if (j->m->account.correlation_e8 >= 100000000)
        return;
    for (uint32_t s = 0; s < REF_SYMBOLS; s++) {
        struct sums x = sum(j->w, MR_SCOPE_SYMBOL, s);
        if (s == own || (x.gross == 0 && x.unpriced == 0))
            continue;
        int64_t c = j->w->correlation[own][s], most = j->m->account.correlation_e8;
        bool unknown = c > 100000000 || c < -100000000 || j->w->correlation_at[own][s] == 0 ||
                       old_or_unknown(j, j->w->correlation_at[own][s], j->m->market.correlation_ns);
        int64_t way = j->o->side == MR_SIDE_BUY ? c : -c;
        no(j, MR_RISK_CORRELATION,
           unknown || ((x.up > 0 || x.unpriced) && way > most) || ((x.down < 0 || x.unpriced) && -way > most));
    }
}

static void kill_switch(struct judge *j, enum mr_kill_scope kill)
{
    bool pass = j->emergency && j->w->closing, order = false;
    for (uint32_t i = 0; i < j->w->killed_count; i++)
        order |= j->w->killed[i] == j->o->id || (j->o->parent && j->w->killed[i] == j->o->parent);
    no(j, MR_RISK_KILL_ORDER, order && !pass);
    no(j, MR_RISK_KILL_ALL, kill == MR_KILL_SCOPE_ALL && !pass);
    no(j, MR_RISK_KILL_VENUE, kill == MR_KILL_SCOPE_VENUE && !pass);
    no(j, MR_RISK_KILL_STRATEGY, kill == MR_KILL_SCOPE_STRATEGY && !pass);
}

void ref_check(const struct ref *w, const struct mr_order *o, const struct mr_risk_limits *m, int64_t now,
               enum mr_kill_scope kill, struct ref_verdict *out)
{
    struct judge judge = {.w = w, .o = o, .m = m, .now = now, .out = out, .grows = true}, *j = &judge;
    memset(out, 0, sizeof *out);
    form(j);
    identity(j);
    effect(j);
    out->grows = j->grows;
    standing(j);
    rates(j);
    if (j->in)
        market(j);
    if (j->in && j->numbers)
        exposure(j);
    policies(j);
    capital(j);
    if (j->in && j->numbers) {
        correlation(j);
        if (derivative(j))
            leverage(j);
        int64_t times = derivative(j) ? j->in->leverage : 1;
        no(j, MR_RISK_BREAK_EVEN,
           j->market && o->strategy < REF_STRATEGIES &&
               (mr_i128)2 * j->market->taker_fee_e8 * times + m->account.break_even_buffer_e8 > w->target[o->strategy]);
    }
    kill_switch(j, kill);
}
