#include "controlplane/orders/entry.h"

struct mr_entry_limits mr_entry_defaults(void)
{
    return (struct mr_entry_limits){.level = 9,
                                    .slippage_e6 = 5000,
                                    .depth_e2 = 200,
                                    .reprice_ticks = 1,
                                    .reprice_ns = 1000000000,
                                    .taker_e4 = 9500};
}

const char *mr_entry_verdict_name(unsigned verdict)
{
    static const char *const names[MR_ENTRY_VERDICT_COUNT] = {"good", "no_book", "levels", "far", "thin", "stays"};
    return verdict < MR_ENTRY_VERDICT_COUNT ? names[verdict] : "?";
}

uint32_t mr_entry_level(const struct mr_entry_limits *limits, uint32_t confidence_e4)
{
    uint32_t c = confidence_e4 < 10000 ? confidence_e4 : 10000;
    if (c >= limits->taker_e4)
        return 0;
    return limits->level - c * (limits->level - 1) / 10000;
}

static bool tradable(const struct mr_market_view *v)
{
    uint32_t wrong = MR_MARKET_CROSSED | MR_MARKET_GAP | MR_MARKET_HALTED;
    return (v->flags & MR_MARKET_LIVE) && !(v->flags & wrong) && v->bid_count && v->ask_count;
}

static bool near(const struct mr_entry_limits *limits, const struct mr_market_view *v, mr_price price)
{
    /* twice the mid is exact; the mid itself may lie between two prices */
    mr_i128 mid2 = (mr_i128)v->bids[0].price + v->asks[0].price, apart2 = 2 * (mr_i128)price - mid2;
    apart2 = apart2 < 0 ? -apart2 : apart2;
    return apart2 * 1000000 <= mid2 * limits->slippage_e6;
}

static mr_i128 depth(const struct mr_level *levels, uint32_t count)
{
    mr_i128 sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += levels[i].size;
    return sum;
}

enum mr_entry_verdict mr_entry_passive(const struct mr_entry_limits *limits, const struct mr_market_view *v,
                                       unsigned side, uint32_t level, mr_size size, mr_price *price)
{
    MR_ASSERT(side <= MR_SIDE_SELL && level >= 1 && level < MR_MARKET_LEVELS && limits->level >= 1 &&
              limits->level < MR_MARKET_LEVELS);
    if (!tradable(v))
        return MR_ENTRY_NO_BOOK;
    if (v->bid_count <= level || v->ask_count <= level)
        return MR_ENTRY_LEVELS;
    mr_price at = side == MR_SIDE_BUY ? v->bids[level - 1].price : v->asks[level - 1].price;
    if (!near(limits, v, at))
        return MR_ENTRY_FAR;
    uint32_t bids = v->bid_count < limits->level ? v->bid_count : limits->level;
    uint32_t asks = v->ask_count < limits->level ? v->ask_count : limits->level;
    mr_i128 need = (mr_i128)size * limits->depth_e2;
    if (depth(v->bids, bids) * 100 < need || depth(v->asks, asks) * 100 < need)
        return MR_ENTRY_THIN;
    *price = at;
    return MR_ENTRY_GOOD;
}

enum mr_entry_verdict mr_entry_taking(const struct mr_entry_limits *limits, const struct mr_market_view *v,
                                      unsigned side, mr_size size, mr_price *price)
{
    MR_ASSERT(side <= MR_SIDE_SELL && size > 0);
    if (!tradable(v))
        return MR_ENTRY_NO_BOOK;
    const struct mr_level *levels = side == MR_SIDE_BUY ? v->asks : v->bids;
    uint32_t count = side == MR_SIDE_BUY ? v->ask_count : v->bid_count;
    mr_i128 have = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!near(limits, v, levels[i].price))
            return MR_ENTRY_FAR;
        have += levels[i].size;
        if (have >= size) {
            *price = levels[i].price;
            return MR_ENTRY_GOOD;
        }
    }
    return MR_ENTRY_THIN;
}

enum mr_entry_verdict mr_entry_reprice(const struct mr_entry_limits *limits, const struct mr_market_view *v,
                                       const struct mr_order *order, uint32_t level, mr_price tick, int64_t now_ns,
                                       mr_price *price)
{
    mr_price at = 0;
    enum mr_entry_verdict verdict = mr_entry_passive(limits, v, order->side, level, order->size - order->filled, &at);
    if (verdict)
        return verdict;
    mr_price apart = at > order->price ? at - order->price : order->price - at;
    if (apart < (tick > 0 ? tick : 1) * limits->reprice_ticks || now_ns - order->updated_ns < limits->reprice_ns)
        return MR_ENTRY_STAYS;
    *price = at;
    return MR_ENTRY_GOOD;
}

int mr_fill_quality(const struct mr_order *o, const struct mr_instrument *it, struct mr_fill_quality *out)
{
    struct mr_fill_quality q;
    mr_money at_mid, unit;
    if (o->filled <= 0 || o->arrival_mid <= 0)
        return MR_E_EMPTY;
    int status = mr_money_notional(it, o->arrival_mid, o->filled, &at_mid);
    if (status || (status = mr_money_notional(it, 1, o->filled, &unit)))
        return status;
    if (unit <= 0) /* and so is what it is worth at the mid */
        return MR_E_INEXACT;
    mr_money price = (o->cost + unit / 2) / unit;
    q.shortfall = o->side == MR_SIDE_BUY ? o->cost - at_mid : at_mid - o->cost;
    mr_money parts;
    if (price > INT64_MAX || __builtin_mul_overflow(q.shortfall, (mr_money)1000000, &parts))
        return MR_E_OVERFLOW;
    mr_money ratio = parts / at_mid + (parts % at_mid > 0);
    q.mean = (mr_price)price;
    q.slippage_e6 = (int64_t)ratio;
    q.filled_e4 = (uint32_t)((mr_i128)o->filled * 10000 / o->size);
    q.ack_ns = o->sent_ns && o->acked_ns ? o->acked_ns - o->sent_ns : 0;
    q.end_ns = o->created_ns ? o->updated_ns - o->created_ns : 0;
    *out = q;
    return MR_OK;
}
