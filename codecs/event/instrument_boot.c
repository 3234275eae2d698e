/* The cold half of the instrument table: what a symbol's spelling says, and scales from tick and lot. */
#include "codecs/event/instrument.h"
#include "codecs/number/number.h"

static bool set_asset(char *out, struct mr_span s)
{
    memset(out, 0, MR_ASSET_BYTES);
    if (s.len == 0 || s.len >= MR_ASSET_BYTES)
        return false;
    memcpy(out, s.data, s.len);
    return true;
}

static struct mr_span part(struct mr_span s, uint32_t from, uint32_t to)
{
    return (struct mr_span){s.data + from, to - from};
}

static uint32_t find(struct mr_span s, char c, uint32_t from)
{
    while (from < s.len && s.data[from] != (uint8_t)c)
        from++;
    return from;
}

static bool ends(struct mr_span s, const char *text)
{
    uint32_t n = (uint32_t)strlen(text);
    return s.len >= n && memcmp(s.data + s.len - n, text, n) == 0;
}

static bool digits(struct mr_span s)
{
    for (uint32_t i = 0; i < s.len; i++)
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
    return s.len > 0;
}

/* "BTCUSDT" -> BTC, USDT. BNBUSD is BNB and USD, not BN and BUSD: those two quotes want three letters before them. */
static bool split_glued(struct mr_span s, struct mr_span *base, struct mr_span *quote)
{
    static const struct {
        const char *text;
        uint32_t before;
    } quotes[] = {
        {"FDUSD", 2}, {"USDT", 1}, {"USDC", 1}, {"BUSD", 3}, {"TUSD", 3}, {"USD", 2}, {"DAI", 2}, {"BTC", 2},
        {"ETH", 2},   {"BNB", 2},  {"EUR", 2},  {"TRY", 2},  {"BRL", 2},  {"JPY", 2}, {"GBP", 2}, {"AUD", 2},
    };
    for (size_t i = 0; i < MR_COUNT_OF(quotes); i++) {
        uint32_t n = (uint32_t)strlen(quotes[i].text);
        if (s.len >= n + quotes[i].before && ends(s, quotes[i].text)) {
            *base = part(s, 0, s.len - n);
            *quote = part(s, s.len - n, s.len);
            return true;
        }
    }
    return false;
}

static void take(struct mr_instrument *it, struct mr_span base, struct mr_span quote, enum mr_instrument_type type)
{
    if (set_asset(it->base, base) && set_asset(it->quote, quote))
        it->type = (uint8_t)type;
}

/* Binance: "BTCUSD_PERP" and "BTCUSD_240927" are COIN-M, contracts of 100 dollars of BTC and 10 of all others;
 * "BTCUSDT_240927" is a linear future. MEXC and others: "BTC_USDT". */
static void guess_underscore(struct mr_instrument *it, struct mr_span s, uint32_t at)
{
    struct mr_span left = part(s, 0, at), right = part(s, at + 1, s.len), base, quote;
    bool perpetual = mr_span_eq(right, "PERP");
    if (!perpetual && !digits(right)) {
        take(it, left, right, MR_TYPE_UNKNOWN);
        return;
    }
    enum mr_instrument_type type = perpetual ? MR_TYPE_PERPETUAL : MR_TYPE_FUTURE;
    if (ends(left, "USD") && left.len > 3) {
        take(it, part(left, 0, left.len - 3), part(left, left.len - 3, left.len), type);
        it->flags |= MR_INSTRUMENT_INVERSE;
        it->multiplier = strcmp(it->base, "BTC") == 0 ? 100 : 10;
    } else if (split_glued(left, &base, &quote)) {
        take(it, base, quote, type);
    }
}

/* OKX: "BTC-USDT", "BTC-USDT-SWAP", "BTC-USD-220527", "BTC-USD-220527-30000-C"; Bybit: "BTC-27DEC24". */
static void guess_dashed(struct mr_instrument *it, struct mr_span s, uint32_t at)
{
    struct mr_span base = part(s, 0, at);
    uint32_t second = find(s, '-', at + 1);
    struct mr_span quote = part(s, at + 1, second);
    if (second == s.len) {
        bool dated = quote.len && quote.data[0] >= '0' && quote.data[0] <= '9';
        take(it, base, dated ? mr_span_of("USDC") : quote, dated ? MR_TYPE_FUTURE : MR_TYPE_SPOT);
        return;
    }
    struct mr_span rest = part(s, second + 1, s.len);
    bool swap = mr_span_eq(rest, "SWAP"), option = find(rest, '-', 0) < rest.len;
    take(it, base, quote, swap ? MR_TYPE_PERPETUAL : option ? MR_TYPE_OPTION : MR_TYPE_FUTURE);
    if (mr_span_eq(quote, "USD") && !option)
        it->flags |= MR_INSTRUMENT_INVERSE;
}

/* Nothing between base and quote: "BTCUSDT"; "BTCPERP" (Bybit, in USDC); "XBTUSDTM" (KuCoin); "BTC", "kPEPE"
 * (Hyperliquid, in USD). */
static void guess_glued(struct mr_instrument *it, struct mr_span s)
{
    struct mr_span base, quote;
    if (digits(s)) {
        it->type = MR_TYPE_OUTCOME; /* Polymarket's asset ids: each pays a dollar, or nothing */
        set_asset(it->quote, mr_span_of("USDC"));
    } else if (ends(s, "PERP") && s.len > 5) {
        take(it, part(s, 0, s.len - 4), mr_span_of("USDC"), MR_TYPE_PERPETUAL);
    } else if (split_glued(s, &base, &quote)) {
        take(it, base, quote, MR_TYPE_UNKNOWN);
    } else if ((ends(s, "USDTM") || ends(s, "USDCM") || ends(s, "USDM")) &&
               split_glued(part(s, 0, s.len - 1), &base, &quote)) {
        take(it, base, quote, MR_TYPE_PERPETUAL);
    } else if (s.data[0] != '@') { /* Hyperliquid's spot pairs by number */
        take(it, s, mr_span_of("USD"), MR_TYPE_PERPETUAL);
    }
}

static void guess(struct mr_instrument *it, struct mr_span s)
{
    uint32_t underscore = find(s, '_', 0), dash = find(s, '-', 0), slash = find(s, '/', 0);
    if (slash < s.len)
        take(it, part(s, 0, slash), part(s, slash + 1, s.len), MR_TYPE_SPOT);
    else if (dash < s.len)
        guess_dashed(it, s, dash);
    else if (underscore < s.len)
        guess_underscore(it, s, underscore);
    else
        guess_glued(it, s);
}

int64_t mr_instruments_add_bare(struct mr_instruments *table, uint8_t venue, uint8_t product, struct mr_span symbol)
{
    if (symbol.len == 0 || symbol.len > MR_SYMBOL_BYTES)
        return MR_E_TOO_BIG;
    struct mr_instrument it = {
        .venue = venue,
        .product = product,
        .flags = MR_INSTRUMENT_NO_METADATA,
        .price_scale = 8,
        .size_scale = 8,
        .tick_decimals = -1,
        .lot_decimals = -1,
        .multiplier = 1,
        .symbol_len = (uint8_t)symbol.len,
    };
    memcpy(it.symbol, symbol.data, symbol.len);
    guess(&it, symbol);
    return mr_instruments_add(table, &it);
}

struct step {
    int64_t value;
    int8_t scale, decimals;
};

/* Digits beyond a large step's own: orders that are older than the present step rest in books with finer ones
 * (recorded: Binance spot NKNUSDT, lot 1, sizes with one decimal). */
#define SPARE_DECIMALS 4

/* One tick or lot text. Steps of `eight_below` (at scale 8) and more have no room for eight decimals. */
static int step_of(struct mr_span text, int64_t eight_below, struct step *out)
{
    struct mr_decimal printed;
    int status = mr_number_decimal(text.data, text.len, &printed);
    if (status < 0)
        return status == MR_E_OVERFLOW ? MR_E_RANGE : MR_E_MALFORMED;
    struct mr_decimal least = mr_decimal_normal(printed);
    int decimals = least.exponent < 0 ? -least.exponent : 0;
    if (printed.mantissa < 0 || decimals > MR_SCALE_MAX)
        return MR_E_RANGE;
    int64_t at_eight, value;
    bool eight = decimals <= 8 && mr_decimal_rescale(least, 8, &at_eight) == MR_OK && at_eight < eight_below;
    int scale = eight ? 8 : decimals > 8 ? decimals : decimals + SPARE_DECIMALS;
    if (mr_decimal_rescale(least, scale, &value) != MR_OK)
        return MR_E_RANGE;
    int shown = printed.exponent < 0 ? -printed.exponent : 0;
    *out = (struct step){value, (int8_t)scale, (int8_t)(shown > MR_SCALE_MAX ? MR_SCALE_MAX : shown)};
    return MR_OK;
}

int mr_instrument_scales(struct mr_instrument *it, struct mr_span tick, struct mr_span lot)
{
    struct step t = {0, 8, -1}, l = {0, 8, -1};
    int status =
        tick.len ? step_of(tick, ((int64_t)1 << 62) / 10000000000, &t) : MR_OK; /* 10^10 ticks stay under 2^62 */
    if (status == MR_OK && lot.len)
        status = step_of(lot, 100000000, &l);
    if (status < 0)
        return status;
    it->price_scale = t.scale;
    it->tick_decimals = t.decimals;
    it->tick = t.value;
    it->size_scale = l.scale;
    it->lot_decimals = l.decimals;
    it->lot = l.value;
    if (t.value && l.value)
        it->flags &= (uint8_t)~MR_INSTRUMENT_NO_METADATA;
    return MR_OK;
}
