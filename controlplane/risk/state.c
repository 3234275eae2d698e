/* Orders, fills and positions: what changes exposures. Slots of open orders hang in one list an instrument. */
#include "controlplane/risk/risk_priv.h"

/* ---- values ---- */

bool mr_risk_value(const struct mr_instrument *it, mr_price price, mr_i128 size, mr_money *out)
{
    bool inverse = it->flags & MR_INSTRUMENT_INVERSE;
    int scale = (inverse ? 0 : it->price_scale) + it->size_scale + it->multiplier_scale;
    mr_i128 v = size;
    if (__builtin_mul_overflow(v, (mr_i128)(inverse ? 1 : price), &v) ||
        __builtin_mul_overflow(v, (mr_i128)it->multiplier, &v))
        return false;
    for (; scale > MR_MONEY_SCALE; scale -= MR_SCALE_MAX) { /* away from zero, so that nothing counts less than it is */
        mr_i128 unit = mr_pow10[scale - MR_MONEY_SCALE < MR_SCALE_MAX ? scale - MR_MONEY_SCALE : MR_SCALE_MAX];
        mr_i128 rest = v % unit;
        v = v / unit + (rest > 0) - (rest < 0);
        if (scale - MR_MONEY_SCALE < MR_SCALE_MAX) {
            scale = MR_MONEY_SCALE;
            break;
        }
    }
    if (__builtin_mul_overflow(v, (mr_i128)mr_pow10[MR_MONEY_SCALE - scale], &v) || v > MR_MONEY_MAX ||
        v < -MR_MONEY_MAX)
        return false;
    *out = v;
    return true;
}

static mr_price with_collar(mr_price price, int64_t collar_e8)
{
    mr_i128 up = ((mr_i128)price * (MR_RISK_ONE + collar_e8) + MR_RISK_ONE - 1) / MR_RISK_ONE;
    return up < MR_RISK_NUMBER_MAX ? (mr_price)up : 0;
}

mr_price mr_risk_order_price(const struct mr_risk_instrument *row, const struct mr_order *order,
                             const struct mr_risk_limits *limits)
{
    bool buy = order->side == MR_SIDE_BUY;
    mr_price bid = row->bid_count ? row->bids[0].price : 0, ask = row->ask_count ? row->asks[0].price : 0;
    switch (order->type) {
    case MR_ORDER_LIMIT:
        return !buy && bid > order->price ? bid : order->price;
    case MR_ORDER_MARKET:
        return buy ? with_collar(ask, limits->order.collar_mid_e8) : bid;
    default:
        return buy ? with_collar(order->stop_price, limits->order.collar_mid_e8) : order->stop_price;
    }
}

bool mr_risk_cell_value(const struct mr_instrument *it, const struct mr_risk_cell *cell, mr_price reference,
                        mr_money *long_value, mr_money *short_value, mr_money *gross)
{
    mr_i128 up = mr_risk_worst_long(cell), down = mr_risk_worst_short(cell);
    *long_value = *short_value = *gross = 0;
    if (up == 0 && down == 0)
        return true;
    if ((reference <= 0 && !(it->flags & MR_INSTRUMENT_INVERSE)) || !mr_risk_value(it, reference, up, long_value) ||
        !mr_risk_value(it, reference, down, short_value)) {
        *long_value = *short_value = 0;
        return false;
    }
    mr_money a = *long_value < 0 ? -*long_value : *long_value, b = *short_value < 0 ? -*short_value : *short_value;
    *gross = a > b ? a : b;
    return true;
}

/* Takes the cell anew into the scopes it counts in. */
static void recount(const struct mr_risk_instrument *row, struct mr_risk_cell *cell,
                    struct mr_risk_scope *const *scopes, uint32_t n)
{
    struct mr_risk_cell was = *cell;
    cell->busy = mr_risk_worst_long(cell) != 0 || mr_risk_worst_short(cell) != 0;
    cell->unpriced =
        !mr_risk_cell_value(&row->it, cell, row->reference, &cell->long_value, &cell->short_value, &cell->gross);
    for (uint32_t i = 0; i < n; i++) {
        scopes[i]->long_value += cell->long_value - was.long_value;
        scopes[i]->short_value += cell->short_value - was.short_value;
        scopes[i]->gross += cell->gross - was.gross;
        scopes[i]->unpriced += cell->unpriced;
        scopes[i]->unpriced -= was.unpriced;
    }
}

void mr_risk_revalue(struct mr_risk_state *state, uint32_t instrument)
{
    struct mr_risk_instrument *row = mr_risk_row(state, instrument);
    struct mr_risk_scope *symbol = &state->symbols[row->symbol];
    struct mr_risk_scope *const scopes[] = {&state->firm, &state->venues[row->it.venue].scope, symbol};
    state->positions -= row->cell.busy;
    recount(row, &row->cell, scopes, MR_COUNT_OF(scopes));
    state->positions += row->cell.busy;
    uint64_t bit = 1ull << row->symbol % 64, *open = &state->symbols_open[row->symbol / 64];
    *open = symbol->gross || symbol->unpriced ? *open | bit : *open & ~bit;
    for (uint64_t left = row->strategies; left; left &= left - 1) {
        uint32_t s = (uint32_t)__builtin_ctzll(left);
        struct mr_risk_scope *const own[] = {&mr_risk_strategy_row(state, s)->scope};
        recount(row, mr_risk_cell_row(state, instrument, s), own, 1);
    }
}

/* ---- ids and slots ---- */

bool mr_risk_id_used(const struct mr_risk_state *state, uint64_t id)
{
    if (id == 0)
        return true;
    if (id > state->newest_id)
        return false;
    /* of an epoch before this one, or too long ago to know: as good as used */
    if (id >> 32 != state->newest_id >> 32 || state->newest_id - id >= MR_RISK_IDS)
        return true;
    return state->ids[id % MR_RISK_IDS / 64] >> id % 64 & 1;
}

static void use_id(struct mr_risk_state *state, uint64_t id)
{
    if (id > state->newest_id) {
        bool far = id >> 32 != state->newest_id >> 32 || id - state->newest_id >= MR_RISK_IDS;
        if (far)
            memset(state->ids, 0, sizeof state->ids);
        for (uint64_t i = state->newest_id + 1; !far && i < id; i++)
            state->ids[i % MR_RISK_IDS / 64] &= ~(1ull << i % 64);
        state->newest_id = id;
    }
    if (id >> 32 == state->newest_id >> 32 && state->newest_id - id < MR_RISK_IDS)
        state->ids[id % MR_RISK_IDS / 64] |= 1ull << id % 64;
}

static uint32_t home(uint64_t id) { return (uint32_t)(id * 0x9e3779b97f4a7c15u >> 53) % MR_RISK_SLOTS; }

/* Place in slot_of where the id is, or the empty one where it would be: never more than half are taken. */
static uint32_t place_of(const struct mr_risk_state *state, uint64_t id)
{
    uint32_t at = home(id);
    while (state->slot_of[at] != MR_RISK_NONE && state->open[state->slot_of[at]].id != id)
        at = (at + 1) % MR_RISK_SLOTS;
    return at;
}

static struct mr_risk_open *find(struct mr_risk_state *state, uint64_t id)
{
    uint16_t slot = state->slot_of[place_of(state, id)];
    return slot == MR_RISK_NONE ? NULL : &state->open[slot];
}

const struct mr_risk_open *mr_risk_find_open(const struct mr_risk_state *state, uint64_t id)
{
    uint16_t slot = state->slot_of[place_of(state, id)];
    return slot == MR_RISK_NONE ? NULL : &state->open[slot];
}

/* Empties a place and closes the hole: those behind it that would not be found any more move up. */
static void forget(struct mr_risk_state *state, uint64_t id)
{
    uint32_t hole = place_of(state, id), at = hole;
    for (;;) {
        state->slot_of[hole] = MR_RISK_NONE;
        uint32_t from;
        do {
            at = (at + 1) % MR_RISK_SLOTS;
            if (state->slot_of[at] == MR_RISK_NONE)
                return;
            from = home(state->open[state->slot_of[at]].id);
        } while ((at - from) % MR_RISK_SLOTS < (at - hole) % MR_RISK_SLOTS);
        state->slot_of[hole] = state->slot_of[at];
        hole = at;
    }
}

/* ---- what an open order counts for ---- */

static void own_prices(const struct mr_risk_state *state, struct mr_risk_instrument *row)
{
    row->own_bid = row->own_ask = 0;
    for (uint16_t i = row->first; i != MR_RISK_NONE; i = state->open[i].next) {
        const struct mr_risk_open *o = &state->open[i];
        if (o->type != MR_ORDER_LIMIT)
            continue;
        mr_price low = o->price, high = o->price;
        if (o->other_price) { /* a change has no answer: either may stand */
            low = o->other_price < low ? o->other_price : low;
            high = o->other_price > high ? o->other_price : high;
        }
        if (o->side == MR_SIDE_BUY)
            row->own_bid = high > row->own_bid ? high : row->own_bid;
        else
            row->own_ask = row->own_ask == 0 || low < row->own_ask ? low : row->own_ask;
    }
}

/* Adds what the slot is worth to all sums (sign 1), or takes it off (-1). */
static void count(struct mr_risk_state *state, const struct mr_risk_open *o, int sign)
{
    struct mr_risk_instrument *row = mr_risk_row(state, o->instrument);
    struct mr_risk_scope *const scopes[] = {&state->firm, &state->venues[o->venue].scope,
                                            &mr_risk_strategy_row(state, o->strategy)->scope,
                                            &state->symbols[row->symbol]};
    struct mr_risk_cell *const cells[] = {&row->cell, mr_risk_cell_row(state, o->instrument, o->strategy)};
    bool reduce = o->flags & MR_ORDER_REDUCE_ONLY;
    for (size_t i = 0; i < MR_COUNT_OF(cells); i++)
        *(reduce ? &cells[i]->open_reduce[o->side] : &cells[i]->open[o->side]) += sign * (mr_i128)o->left;
    for (size_t i = 0; i < MR_COUNT_OF(scopes); i++) {
        scopes[i]->notional += sign * o->notional;
        scopes[i]->orders += (uint32_t)sign;
    }
    state->orders_margin += sign * o->margin;
    row->strategies |= 1ull << o->strategy;
}

static void settle(struct mr_risk_state *state, uint32_t instrument)
{
    own_prices(state, mr_risk_row(state, instrument));
    mr_risk_revalue(state, instrument);
}

/* What is left at the slot's price: known to be a value, because more was. */
static void worth(const struct mr_risk_state *state, struct mr_risk_open *o)
{
    const struct mr_risk_instrument *row = mr_risk_instrument(state, o->instrument);
    if (!mr_risk_value(&row->it, o->value_price, o->left, &o->notional))
        o->notional = MR_MONEY_MAX;
    o->margin = o->flags & MR_ORDER_REDUCE_ONLY ? 0 : mr_risk_margin(o->notional, row->leverage);
}

static bool names_something(const struct mr_risk_state *state, const struct mr_order *order)
{
    return order->id && order->instrument < state->config.instruments &&
           mr_risk_instrument(state, order->instrument)->known && order->strategy < state->config.strategies &&
           order->side <= MR_SIDE_SELL && order->size > 0 && order->filled >= 0 && order->filled <= order->size;
}

static int take(struct mr_risk_state *state, const struct mr_order *order, const struct mr_risk_limits *limits,
                struct mr_risk_open **out)
{
    if (!names_something(state, order) || find(state, order->id))
        return MR_E_INVALID;
    uint16_t slot = state->free_first;
    if (slot == MR_RISK_NONE)
        return MR_E_FULL;
    struct mr_risk_instrument *row = mr_risk_row(state, order->instrument);
    struct mr_risk_open *o = &state->open[slot];
    state->free_first = o->next;
    *o = (struct mr_risk_open){.id = order->id,
                               .instrument = order->instrument,
                               .strategy = order->strategy,
                               .venue = row->it.venue,
                               .side = order->side,
                               .type = order->type,
                               .flags = order->flags,
                               .used = true,
                               .price = order->price,
                               .stop_price = order->stop_price,
                               .left = order->size - order->filled,
                               .next = row->first,
                               .prev = MR_RISK_NONE};
    o->value_price = mr_risk_order_price(row, order, limits);
    if (o->value_price == 0)
        o->value_price = row->reference;
    worth(state, o);
    state->slot_of[place_of(state, order->id)] = slot;
    if (row->first != MR_RISK_NONE)
        state->open[row->first].prev = slot;
    row->first = slot;
    state->open_count++;
    use_id(state, order->id);
    count(state, o, 1);
    settle(state, order->instrument);
    *out = o;
    return MR_OK;
}

/* ---- the life of an order ---- */

static void repeat(struct mr_risk_strategy *s, const struct mr_order *order, const struct mr_risk_limits *limits,
                   int64_t at)
{
    if (order->role != MR_ROLE_ENTRY || order->flags & MR_ORDER_REDUCE_ONLY)
        return;
    bool again = s->repeats && s->repeat_instrument == order->instrument && s->repeat_side == order->side &&
                 at - s->repeat_ns < limits->rate.repeats_ns;
    s->repeats = again ? s->repeats + 1 : 1;
    s->repeat_instrument = order->instrument;
    s->repeat_side = order->side;
    s->repeat_ns = at;
    s->throttled |= s->repeats >= limits->rate.repeats_max;
}

int mr_risk_on_approved(struct mr_risk_state *state, const struct mr_order *order, const struct mr_risk_limits *limits,
                        int64_t now_ns)
{
    struct mr_risk_open *o;
    int status = take(state, order, limits, &o);
    if (status)
        return status;
    struct mr_risk_strategy *s = mr_risk_strategy_row(state, order->strategy);
    const int64_t at = mr_risk_passed(state, now_ns);
    mr_risk_window_add(&state->orders, at, 1, 1);
    mr_risk_window_add(&s->orders, at, 1, 1);
    mr_risk_window_add(&state->venues[o->venue].weight, at, limits->rate.order_weight, MR_RISK_WEIGHT_NS);
    state->recent[state->recent_count++ % MR_RISK_RECENT] = (struct mr_risk_recent){
        at, order->price, order->stop_price, order->size, order->instrument, order->strategy, order->side, order->type};
    repeat(s, order, limits, at);
    state->approved++;
    state->day_orders++;
    return MR_OK;
}

int mr_risk_on_open(struct mr_risk_state *state, const struct mr_order *order, const struct mr_risk_limits *limits)
{
    struct mr_risk_open *o;
    int status = take(state, order, limits, &o);
    if (status == MR_OK)
        o->sent = true;
    return status;
}

int mr_risk_on_sent(struct mr_risk_state *state, const struct mr_order *order, int64_t now_ns)
{
    struct mr_risk_open *o = find(state, order->id);
    bool as_approved = o && !o->sent && o->instrument == order->instrument && o->side == order->side &&
                       o->type == order->type && o->flags == order->flags && o->price == order->price &&
                       o->stop_price == order->stop_price && o->left == order->size;
    mr_risk_on_time(state, now_ns);
    if (!as_approved) {
        state->unapproved++;
        return MR_E_INVALID;
    }
    o->sent = true;
    state->sent++;
    return MR_OK;
}

void mr_risk_on_not_sent(struct mr_risk_state *state, uint64_t id)
{
    struct mr_risk_open *o = find(state, id);
    if (!o || !o->sent)
        return;
    o->sent = false;
    state->sent -= state->sent > 0;
}

void mr_risk_on_unknown(struct mr_risk_state *state, uint64_t id)
{
    struct mr_risk_open *o = find(state, id);
    if (o)
        o->unknown = true; /* and it counts on */
}

void mr_risk_on_ack(struct mr_risk_state *state, uint64_t id)
{
    struct mr_risk_open *o = find(state, id);
    state->rejects = 0;
    if (o)
        o->unknown = false;
}

static void become(struct mr_risk_state *state, struct mr_risk_open *o, const struct mr_order *order,
                   const struct mr_risk_limits *limits, mr_price other, mr_size at_least)
{
    mr_price value = mr_risk_order_price(mr_risk_instrument(state, o->instrument), order, limits);
    mr_size left = order->size - order->filled;
    count(state, o, -1);
    o->price = order->price;
    o->other_price = other;
    o->stop_price = order->stop_price;
    o->left = left > at_least ? left : at_least;
    o->value_price = other && o->value_price > value ? o->value_price : value; /* while in flight the dearer one */
    worth(state, o);
    count(state, o, 1);
    settle(state, o->instrument);
}

int mr_risk_on_amend(struct mr_risk_state *state, const struct mr_order *order, const struct mr_risk_limits *limits,
                     int64_t now_ns)
{
    struct mr_risk_open *o = find(state, order->id);
    if (!o || !names_something(state, order) || o->instrument != order->instrument || o->side != order->side)
        return MR_E_INVALID;
    become(state, o, order, limits, o->price, o->left);
    mr_risk_on_cancel(state, o->venue, limits->rate.order_weight, now_ns);
    return MR_OK;
}

void mr_risk_on_amended(struct mr_risk_state *state, const struct mr_order *order, const struct mr_risk_limits *limits)
{
    struct mr_risk_open *o = find(state, order->id);
    if (o && names_something(state, order) && o->instrument == order->instrument && o->side == order->side)
        become(state, o, order, limits, 0, 0);
}

void mr_risk_on_weight(struct mr_risk_state *state, uint8_t venue, uint32_t weight, int64_t now_ns)
{
    if (venue < MR_RISK_VENUES)
        mr_risk_window_add(&state->venues[venue].weight, mr_risk_passed(state, now_ns), weight, MR_RISK_WEIGHT_NS);
}

void mr_risk_on_cancel(struct mr_risk_state *state, uint8_t venue, uint32_t weight, int64_t now_ns)
{
    mr_risk_window_add(&state->cancels, mr_risk_passed(state, now_ns), 1, 1);
    mr_risk_on_weight(state, venue, weight, now_ns);
    state->day_orders++;
}

void mr_risk_on_fill(struct mr_risk_state *state, const struct mr_fill *fill, const struct mr_order *order)
{
    if (fill->instrument >= state->config.instruments || !mr_risk_instrument(state, fill->instrument)->known ||
        fill->size <= 0)
        return;
    struct mr_risk_instrument *row = mr_risk_row(state, fill->instrument);
    struct mr_risk_open *o = fill->order ? find(state, fill->order) : NULL;
    mr_i128 change = fill->side == MR_SIDE_BUY ? fill->size : -(mr_i128)fill->size;
    uint32_t strategy = o ? o->strategy : order ? order->strategy : MR_RISK_NONE;
    if (o) {
        count(state, o, -1);
        o->left -= fill->size < o->left ? fill->size : o->left;
        o->unknown = false;
        worth(state, o);
        count(state, o, 1);
        state->rejects = 0;
    }
    row->cell.position += change;
    if (strategy < state->config.strategies) {
        mr_risk_cell_row(state, fill->instrument, strategy)->position += change;
        row->strategies |= 1ull << strategy;
    }
    state->day_trades++;
    settle(state, fill->instrument);
}

void mr_risk_on_end(struct mr_risk_state *state, uint64_t id, uint8_t how)
{
    struct mr_risk_open *o = find(state, id);
    if (!o)
        return;
    struct mr_risk_instrument *row = mr_risk_row(state, o->instrument);
    state->rejects += how == MR_STATE_REJECTED;
    count(state, o, -1);
    *(o->prev == MR_RISK_NONE ? &row->first : &state->open[o->prev].next) = o->next;
    if (o->next != MR_RISK_NONE)
        state->open[o->next].prev = o->prev;
    forget(state, id);
    uint32_t instrument = o->instrument;
    *o = (struct mr_risk_open){.next = state->free_first};
    state->free_first = (uint16_t)(o - state->open);
    state->open_count--;
    settle(state, instrument);
}

void mr_risk_on_position(struct mr_risk_state *state, uint32_t instrument, uint16_t strategy, mr_size position)
{
    if (instrument >= state->config.instruments || !mr_risk_instrument(state, instrument)->known)
        return;
    struct mr_risk_instrument *row = mr_risk_row(state, instrument);
    if (strategy == MR_RISK_NONE) {
        row->cell.position = position;
    } else if (strategy < state->config.strategies) {
        mr_risk_cell_row(state, instrument, strategy)->position = position;
        row->strategies |= 1ull << strategy;
    }
    mr_risk_revalue(state, instrument);
}
