/* KuCoin's wire shapes of 2026: futures on the classic socket, one level a message; spot on the classic socket, its book on the token-less
 * one. */
#include "tests/exchange/market/market_priv.h"

#define MS(ns) ((long long)((ns) / 1000000))

static void head(struct mr_text *t, const struct stream *s, const char *topic, const char *more, const char *subject)
{
    mr_text_format(t, "{\"topic\":\"%s:%s%s\",\"type\":\"message\",\"subject\":\"%s\",", topic, s->symbol, more,
                   subject);
}

static void quoted_price(struct mr_text *t, const struct stream *s, int64_t price)
{
    mr_text_add(t, "\"");
    mr_market_price(t, s, price);
    mr_text_add(t, "\"");
}

static void quoted_size(struct mr_text *t, const struct stream *s, int64_t size)
{
    mr_text_add(t, "\"");
    if (size)
        mr_market_size(t, s, size);
    else
        mr_text_add(t, "0");
    mr_text_add(t, "\"");
}

/* A price and a size between names; the size of a lot is a number, of a coin a text. */
static void quote(struct mr_text *t, const struct stream *s, const char *px, const char *sz, bool ask, bool lots)
{
    struct mr_level level = {0, 0};
    mr_market_side(s, ask, &level, 1);
    mr_text_format(t, "\"%s\":", px);
    quoted_price(t, s, level.price);
    mr_text_format(t, ",\"%s\":", sz);
    if (lots)
        mr_text_i64(t, level.size);
    else
        quoted_size(t, s, level.size);
    mr_text_add(t, ",");
}

/* ---- futures ---- */

static void change(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    const struct change *c = &s->changes[s->changes_told];
    s->seq = s->prev_seq + 1;
    head(t, s, "/contractMarket/level2", "", "level2");
    mr_text_format(t, "\"sn\":%llu,\"data\":{\"sequence\":%llu,\"change\":\"", (unsigned long long)s->seq,
                   (unsigned long long)s->seq);
    mr_market_price(t, s, c->price_idx * s->step);
    mr_text_format(t, ",%s,%lld\",\"timestamp\":%lld}}", c->ask ? "sell" : "buy", (long long)c->size, MS(now_ns));
}

static void levels_of(struct mr_text *t, const struct stream *s, bool ask)
{
    struct mr_level levels[LADDER];
    uint32_t n = mr_market_side(s, ask, levels, LADDER);
    for (uint32_t i = 0; i < n; i++) {
        mr_text_add(t, i ? ",[" : "[");
        mr_market_price(t, s, levels[i].price);
        mr_text_format(t, ",%lld]", (long long)levels[i].size);
    }
}

static void snapshot(struct mr_text *t, struct stream *s, int64_t now_ns, struct mr_text *url)
{
    mr_text_format(url, "https://api-futures.kucoin.com/api/v1/level2/snapshot?symbol=%s", s->symbol);
    mr_text_format(t, "{\"code\":\"200000\",\"data\":{\"sequence\":%llu,\"symbol\":\"%s\",\"bids\":[",
                   (unsigned long long)s->seq, s->symbol);
    levels_of(t, s, false);
    mr_text_add(t, "],\"asks\":[");
    levels_of(t, s, true);
    mr_text_format(t, "],\"ts\":%lld}}", (long long)now_ns);
}

static void best_of_lots(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    head(t, s, "/contractMarket/tickerV2", "", "tickerV2");
    mr_text_format(t, "\"sn\":%llu,\"data\":{\"symbol\":\"%s\",\"sequence\":%llu,", (unsigned long long)s->seq,
                   s->symbol, (unsigned long long)s->seq);
    quote(t, s, "bestBidPrice", "bestBidSize", false, true);
    quote(t, s, "bestAskPrice", "bestAskSize", true, true);
    mr_text_format(t, "\"ts\":%lld}}", (long long)now_ns);
}

static void execution(struct mr_text *t, struct stream *s, int64_t now_ns, int64_t price, int64_t size, bool sell)
{
    head(t, s, "/contractMarket/execution", "", "match");
    mr_text_format(t,
                   "\"sn\":%llu,\"data\":{\"symbol\":\"%s\",\"sequence\":%llu,\"side\":\"%s\",\"size\":%lld,\"price\":",
                   (unsigned long long)s->trade_id, s->symbol, (unsigned long long)s->trade_id, sell ? "sell" : "buy",
                   (long long)size);
    quoted_price(t, s, price);
    mr_text_format(t, ",\"takerOrderId\":\"%llu\",\"makerOrderId\":\"%llu\",\"tradeId\":\"%llu\",\"ts\":%lld}}",
                   (unsigned long long)s->trade_id * 7 + 349748069539065857ull,
                   (unsigned long long)s->trade_id * 3 + 349748069539065857ull, (unsigned long long)s->trade_id,
                   (long long)now_ns);
}

static void marks(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    head(t, s, "/contract/instrument", "", "mark.index.price");
    mr_text_add(t, "\"data\":{\"markPrice\":");
    mr_market_price(t, s, s->mark);
    mr_text_add(t, ",\"indexPrice\":");
    mr_market_price(t, s, s->index);
    mr_text_format(t, ",\"granularity\":1000,\"timestamp\":%lld}}", MS(now_ns));
}

static void funding(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    head(t, s, "/contract/instrument", "", "funding.rate");
    mr_text_format(t, "\"data\":{\"period\":1,\"granularity\":60000,\"fundingRate\":0.%08lld,\"timestamp\":%lld}}",
                   (long long)(s->funding_e8 ? s->funding_e8 : 1000), MS(now_ns));
}

static void contract(struct mr_text *t, const struct stream *s)
{
    bool bitcoin = s->underlying == 0;
    mr_text_format(
        t,
        "{\"symbol\":\"%s\",\"rootSymbol\":\"USDT\",\"type\":\"FFWCSX\",\"expireDate\":null,\"baseCurrency\":"
        "\"%s\",\"quoteCurrency\":\"USDT\",\"settleCurrency\":\"USDT\",\"lotSize\":1,\"tickSize\":",
        s->symbol, bitcoin ? "XBT" : "ETH");
    mr_text_decimal(t, 1, s->price_decimals);
    mr_text_add(t, ",\"multiplier\":");
    mr_text_decimal(t, s->contract_micro, 6);
    mr_text_format(t, ",\"isInverse\":false,\"status\":\"Open\",\"openInterest\":\"%lld\"", (long long)s->interest);
    if (s->mark > 0) { /* no price yet, no mark yet */
        mr_text_add(t, ",\"markPrice\":");
        mr_market_price(t, s, s->mark);
    }
    mr_text_add(t, "}");
}

/* A contract asked for by name: open interest is only there. */
static void interest(struct mr_text *t, struct stream *s, int64_t now_ns, struct mr_text *url)
{
    (void)now_ns;
    mr_text_format(url, "https://api-futures.kucoin.com/api/v1/contracts/%s", s->symbol);
    mr_text_add(t, "{\"code\":\"200000\",\"data\":");
    contract(t, s);
    mr_text_add(t, "}");
}

static void contracts(struct mr_text *t, const struct stream *streams, uint32_t n, struct mr_text *url)
{
    mr_text_add(url, "https://api-futures.kucoin.com/api/v1/contracts/active");
    mr_text_add(t, "{\"code\":\"200000\",\"data\":[");
    for (uint32_t i = 0; i < n; i++) {
        mr_text_add(t, i ? "," : "");
        contract(t, &streams[i]);
    }
    mr_text_add(t, "]}");
}

/* ---- spot ---- */

static void sides_of(struct mr_text *t, const struct stream *s, bool image)
{
    for (int ask = 1; ask >= 0; ask--) {
        struct mr_level levels[LADDER];
        uint32_t n = image ? mr_market_side(s, ask, levels, LADDER) : s->changes_count;
        const char *comma = "";
        mr_text_add(t, ask ? "{\"a\":[" : "],\"b\":[");
        for (uint32_t i = 0; i < n; i++) {
            if (!image && s->changes[i].ask != ask)
                continue;
            mr_text_format(t, "%s[", comma);
            quoted_price(t, s, image ? levels[i].price : s->changes[i].price_idx * s->step);
            mr_text_add(t, ",");
            quoted_size(t, s, image ? levels[i].size : s->changes[i].size);
            mr_text_add(t, "]");
            comma = ",";
        }
    }
    mr_text_add(t, "],");
}

static void obu(struct mr_text *t, struct stream *s, int64_t now_ns, bool image)
{
    mr_text_format(t, "{\"T\":\"obu.SPOT\", \"dp\":\"increment@10ms\", \"t\":\"%s\", \"P\":%lld, \"d\":",
                   image ? "snapshot" : "delta", (long long)now_ns + 300000);
    sides_of(t, s, image);
    mr_text_format(t, "\"C\":%llu,\"s\":\"%s\",\"M\":%lld,\"O\":%llu}}", (unsigned long long)s->seq, s->symbol,
                   (long long)now_ns, (unsigned long long)(image ? s->seq : s->first_seq));
}

static void image(struct mr_text *t, struct stream *s, int64_t now_ns) { obu(t, s, now_ns, true); }

static void update(struct mr_text *t, struct stream *s, int64_t now_ns) { obu(t, s, now_ns, false); }

static void best_of_coins(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    head(t, s, "/market/ticker", "", "trade.ticker");
    mr_text_add(t, "\"data\":{");
    quote(t, s, "bestAsk", "bestAskSize", true, false);
    quote(t, s, "bestBid", "bestBidSize", false, false);
    mr_text_format(t, "\"sequence\":\"%llu\",\"time\":%lld}}", (unsigned long long)s->seq, MS(now_ns));
}

static void match(struct mr_text *t, struct stream *s, int64_t now_ns, int64_t price, int64_t size, bool sell)
{
    head(t, s, "/market/match", "", "trade.l3match");
    mr_text_format(t, "\"data\":{\"makerOrderId\":\"671b5007%016llx\",\"price\":", (unsigned long long)s->trade_id * 5);
    quoted_price(t, s, price);
    mr_text_format(t, ",\"sequence\":\"%llu\",\"side\":\"%s\",\"size\":", (unsigned long long)s->trade_id,
                   sell ? "sell" : "buy");
    quoted_size(t, s, size);
    mr_text_format(
        t,
        ",\"symbol\":\"%s\",\"takerOrderId\":\"671b5016%016llx\",\"time\":\"%lld\",\"tradeId\":\"%llu\",\"type\":"
        "\"match\"}}",
        s->symbol, (unsigned long long)s->trade_id * 9, (long long)now_ns, (unsigned long long)s->trade_id);
}

static void symbols(struct mr_text *t, const struct stream *streams, uint32_t n, struct mr_text *url)
{
    mr_text_add(url, "https://api.kucoin.com/api/v2/symbols");
    mr_text_add(t, "{\"code\":\"200000\",\"data\":[");
    for (uint32_t i = 0; i < n; i++) {
        const struct stream *s = &streams[i];
        mr_text_format(t,
                       "%s{\"symbol\":\"%s\",\"name\":\"%s\",\"baseCurrency\":\"%.3s\",\"quoteCurrency\":\"USDT\","
                       "\"baseIncrement\":\"",
                       i ? "," : "", s->symbol, s->symbol, s->symbol);
        mr_text_decimal(t, 1, s->size_decimals);
        mr_text_add(t, "\",\"priceIncrement\":\"");
        mr_text_decimal(t, 1, s->price_decimals);
        mr_text_add(t, "\",\"enableTrading\":true}");
    }
    mr_text_add(t, "]}");
}

/* ---- both ---- */

static void candle(struct mr_text *t, const struct stream *s, const struct candle *c, bool closed, int64_t now_ns)
{
    bool lots = s->writer == &mr_market_kucoin_futures;
    const int64_t prices[] = {c->open, c->close, c->high, c->low};
    (void)closed; /* nothing says so */
    head(t, s, lots ? "/contractMarket/limitCandle" : "/market/candles", "_1min",
         lots ? "candle.stick" : "trade.candles.update");
    mr_text_format(t, "\"data\":{\"symbol\":\"%s\",\"candles\":[\"%lld\",", s->symbol, MS(c->open_ns) / 1000);
    for (size_t i = 0; i < MR_COUNT_OF(prices); i++) {
        quoted_price(t, s, prices[i]);
        mr_text_add(t, ",");
    }
    if (!lots) {
        quoted_size(t, s, c->volume);
        mr_text_add(t, ",");
    }
    mr_text_add(t, "\"");
    mr_text_decimal(t, c->turnover, s->price_decimals + s->size_decimals);
    mr_text_add(t, "\"");
    if (lots)
        mr_text_format(t, ",\"%lld\"", (long long)c->volume);
    mr_text_format(t, "],\"time\":%lld}}", lots ? MS(now_ns) : (long long)now_ns);
}

const struct writer mr_market_kucoin_futures = {
    .venue = "kucoin",
    .product = "futures",
    .instruments = contracts,
    .snapshot = snapshot,
    .update = change,
    .one_by_one = true,
    .best = best_of_lots,
    .trade = execution,
    .marks = marks,
    .interest = interest,
    .candle = candle,
    .funding = funding,
};
const struct writer mr_market_kucoin_spot = {
    .venue = "kucoin",
    .product = "spot",
    .instruments = symbols,
    .image = image,
    .update = update,
    .best = best_of_coins,
    .trade = match,
    .candle = candle,
};
