#include "controlplane/orders/positions.h"

#define LEVERAGE_MAX 1000
#define RATE_ONE 100000000 /* 1 in e8 */

struct mr_positions {
    uint32_t count, pad;
    mr_money cash, realised, fees, funding;
    struct mr_position at[];
};

size_t mr_positions_bytes(uint32_t instruments)
{
    return sizeof(struct mr_positions) + instruments * sizeof(struct mr_position);
}

struct mr_positions *mr_positions_init(void *mem, uint32_t instruments, mr_money cash)
{
    struct mr_positions *ps = mem;
    memset(ps, 0, mr_positions_bytes(instruments));
    ps->count = instruments;
    ps->cash = cash;
    for (uint32_t i = 0; i < instruments; i++) {
        ps->at[i].instrument = i;
        ps->at[i].leverage = 1;
    }
    return ps;
}

bool mr_positions_copy(struct mr_positions *ps, const struct mr_positions *from)
{
    if (ps->count != from->count)
        return false;
    memcpy(ps, from, mr_positions_bytes(from->count));
    return true;
}

void mr_positions_open(struct mr_positions *ps, mr_money cash)
{
    MR_ASSERT(!ps->realised && !ps->fees && !ps->funding);
    ps->cash = cash;
}

/* amount * part / whole toward zero, 0 < part <= whole: never larger than amount, so nothing overflows on the way. */
static mr_money share(mr_money amount, mr_size part, mr_size whole)
{
    mr_money each = amount / whole, rest = amount % whole;
    return each * part + rest * part / whole;
}

/* The trade in quote currency: what its closing part was worth at the fill's price, and what its opening part. */
struct effect {
    mr_size size;    /* afterwards */
    mr_money basis;  /* afterwards */
    mr_money gained; /* realised by it */
};

static int effect_of(const struct mr_position *p, const struct mr_instrument *it, mr_price price, mr_size change,
                     struct effect *out)
{
    mr_size size, closes = 0;
    if (__builtin_add_overflow(p->size, change, &size))
        return MR_E_OVERFLOW;
    bool against = (p->size > 0 && change < 0) || (p->size < 0 && change > 0);
    if (against)
        closes = (change > 0) == (size > 0)
                     ? -p->size
                     : change; /* in the trade's direction; all of it where it goes through zero */
    mr_money closed_at, opened_at, released = 0, basis;
    int status = mr_money_notional(it, price, closes, &closed_at);
    if (!status)
        status = mr_money_notional(it, price, change - closes, &opened_at);
    if (status)
        return status;
    if (closes)
        released = share(p->basis, closes > 0 ? closes : -closes, p->size > 0 ? p->size : -p->size);
    if ((status = mr_money_add(p->basis - released, opened_at, &basis)))
        return status;
    /* a long sells: closed_at < 0, and what was released > 0 comes back at the fill's price */
    out->size = size;
    out->basis = basis;
    return mr_money_sub(-closed_at, released, &out->gained);
}

int mr_positions_fill(struct mr_positions *ps, const struct mr_instrument *it, const struct mr_fill *fill)
{
    if (fill->instrument >= ps->count)
        return MR_E_SYMBOL;
    if (it->flags & MR_INSTRUMENT_INVERSE)
        return MR_E_UNSUPPORTED;
    MR_ASSERT(fill->size > 0 && fill->price > 0 && fill->side <= MR_SIDE_SELL);
    struct mr_position *p = &ps->at[fill->instrument];
    struct effect e;
    mr_money own_realised, own_fees, realised, fees, cash;
    int status = effect_of(p, it, fill->price, fill->side == MR_SIDE_BUY ? fill->size : -fill->size, &e);
    if (status || (status = mr_money_add(p->realised, e.gained, &own_realised)) ||
        (status = mr_money_add(p->fees, fill->fee, &own_fees)) ||
        (status = mr_money_add(ps->realised, e.gained, &realised)) ||
        (status = mr_money_add(ps->fees, fill->fee, &fees)) || (status = mr_money_add(ps->cash, e.gained, &cash)) ||
        (status = mr_money_sub(cash, fill->fee, &cash)))
        return status;
    if ((p->size <= 0 && e.size > 0) || (p->size >= 0 && e.size < 0))
        p->opened_ns = fill->recv_ns;
    p->size = e.size;
    p->basis = e.basis;
    p->realised = own_realised;
    p->fees = own_fees;
    p->venue = fill->venue;
    p->updated_ns = fill->recv_ns;
    p->fills++;
    if (!p->mark)
        p->mark = fill->price;
    ps->realised = realised;
    ps->fees = fees;
    ps->cash = cash;
    MR_ASSERT((p->size == 0) == (p->basis == 0) || p->size != 0);
    return MR_OK;
}

int mr_positions_funding(struct mr_positions *ps, uint32_t instrument, mr_money amount, int64_t now_ns)
{
    mr_money own, all, cash;
    if (instrument >= ps->count)
        return MR_E_SYMBOL;
    struct mr_position *p = &ps->at[instrument];
    int status = mr_money_add(p->funding, amount, &own);
    if (status || (status = mr_money_add(ps->funding, amount, &all)) ||
        (status = mr_money_add(ps->cash, amount, &cash)))
        return status;
    p->funding = own;
    p->updated_ns = now_ns;
    ps->funding = all;
    ps->cash = cash;
    return MR_OK;
}

void mr_positions_mark(struct mr_positions *ps, uint32_t instrument, mr_price mark)
{
    if (instrument < ps->count && mark > 0)
        ps->at[instrument].mark = mark;
}

int mr_positions_margin(struct mr_positions *ps, uint32_t instrument, uint32_t leverage, int32_t maintenance_e8)
{
    if (instrument >= ps->count)
        return MR_E_SYMBOL;
    if (leverage < 1 || leverage > LEVERAGE_MAX || maintenance_e8 < 0 || maintenance_e8 > RATE_ONE)
        return MR_E_RANGE;
    ps->at[instrument].leverage = leverage;
    ps->at[instrument].maintenance_e8 = maintenance_e8;
    return MR_OK;
}

const struct mr_position *mr_positions_get(const struct mr_positions *ps, uint32_t instrument)
{
    return instrument < ps->count ? &ps->at[instrument] : NULL;
}

const struct mr_position *mr_positions_next(const struct mr_positions *ps, uint32_t *cursor)
{
    while (*cursor < ps->count) {
        const struct mr_position *p = &ps->at[(*cursor)++];
        if (p->fills || p->funding)
            return p;
    }
    return NULL;
}

mr_money mr_positions_cash(const struct mr_positions *ps) { return ps->cash; }
mr_money mr_positions_realised(const struct mr_positions *ps) { return ps->realised; }
mr_money mr_positions_fees(const struct mr_positions *ps) { return ps->fees; }
mr_money mr_positions_funded(const struct mr_positions *ps) { return ps->funding; }

static mr_money absolute(mr_money m) { return m < 0 ? -m : m; }

/* The price at which |size| is worth `value`, in the price scale: rounded up, down, or (both) to the nearest. MR_E_OVERFLOW. */
static int price_of(mr_money value, const struct mr_instrument *it, mr_size size, int up, mr_price *out)
{
    /* one tick of the price scale is worth this much, in parts of 10^-18: exact where notionals are */
    mr_money one;
    int status = mr_money_notional(it, 1, size, &one);
    if (status)
        return status;
    one = absolute(one);
    if (!one)
        return MR_E_RANGE;
    mr_money price = (value + (up > 0 ? one - 1 : up == 0 ? one / 2 : 0)) / one;
    if (price > INT64_MAX)
        return MR_E_OVERFLOW;
    *out = (mr_price)price;
    return MR_OK;
}

/* |basis| * (1 -+ 1 / leverage +- maintenance), which is what the position is worth when it is liquidated. */
static int liquidation_of(const struct mr_position *p, const struct mr_instrument *it, mr_price *out)
{
    mr_money basis = absolute(p->basis), part;
    int64_t leverage = p->leverage, spare = RATE_ONE - leverage * p->maintenance_e8; /* (1/L - m) * L, e8 */
    bool is_long = p->size > 0;
    /* rounded so that the price comes out toward the market */
    int status = mr_money_rate(basis, spare, 8, MR_ROUND_DOWN, &part);
    if (status)
        return status;
    mr_money each = part / leverage; /* toward zero: toward the market where spare > 0 */
    mr_money value = is_long ? basis - each : basis + each;
    *out = 0;
    return value > 0 ? price_of(value, it, p->size, is_long ? 1 : -1, out) : MR_OK;
}

int mr_position_worth(const struct mr_position *p, const struct mr_instrument *it, struct mr_position_worth *out)
{
    struct mr_position_worth w = {0};
    int status = MR_OK;
    if (p->size && !(status = mr_money_notional(it, p->mark, p->size, &w.notional)) &&
        !(status = mr_money_sub(w.notional, p->basis, &w.unrealised)) &&
        !(status = mr_money_rate(absolute(w.notional), p->maintenance_e8, 8, MR_ROUND_UP, &w.maintenance)) &&
        !(status = price_of(absolute(p->basis), it, p->size, 0, &w.entry)) &&
        !(status = liquidation_of(p, it, &w.liquidation)))
        w.margin = (absolute(p->basis) + p->leverage - 1) / p->leverage;
    if (!status)
        *out = w;
    return status;
}

static int add_worth(struct mr_account_worth *sum, const struct mr_position_worth *w)
{
    int status = mr_money_add(sum->unrealised, w->unrealised, &sum->unrealised);
    if (!status)
        status = mr_money_add(sum->margin, w->margin, &sum->margin);
    if (!status)
        status = mr_money_add(sum->maintenance, w->maintenance, &sum->maintenance);
    return status ? status : mr_money_add(sum->notional, absolute(w->notional), &sum->notional);
}

/* equity / maintenance in 1e-4, toward minus infinity, held within int64. */
static int64_t ratio_of(mr_money equity, mr_money maintenance)
{
    if (!maintenance)
        return INT64_MAX;
    mr_money tens = equity * 10000, ratio = tens / maintenance;
    ratio -= tens % maintenance < 0;
    return ratio > INT64_MAX ? INT64_MAX : ratio < INT64_MIN ? INT64_MIN : (int64_t)ratio;
}

int mr_positions_worth(const struct mr_positions *ps, const struct mr_instrument *(*instrument)(void *, uint32_t),
                       void *self, struct mr_account_worth *out)
{
    struct mr_account_worth sum = {.cash = ps->cash};
    uint32_t cursor = 0;
    const struct mr_position *p;
    while ((p = mr_positions_next(ps, &cursor))) {
        struct mr_position_worth w;
        const struct mr_instrument *it = instrument(self, p->instrument);
        int status = it ? mr_position_worth(p, it, &w) : MR_E_SYMBOL;
        if (status || (status = add_worth(&sum, &w)))
            return status;
        sum.open += p->size != 0;
    }
    int status = mr_money_add(sum.cash, sum.unrealised, &sum.equity);
    if (status)
        return status;
    sum.ratio_e4 = ratio_of(sum.equity, sum.maintenance);
    *out = sum;
    return MR_OK;
}

enum mr_sync_verdict mr_position_compare(mr_size ours, mr_size theirs)
{
    if (ours == theirs)
        return MR_SYNC_MATCHED;
    return !theirs ? MR_SYNC_LOCAL_ONLY : !ours ? MR_SYNC_VENUE_ONLY : MR_SYNC_SIZE;
}

const char *mr_sync_verdict_name(unsigned verdict)
{
    static const char *const names[] = {"matched", "local_only", "venue_only", "size"};
    return verdict < MR_COUNT_OF(names) ? names[verdict] : "?";
}
