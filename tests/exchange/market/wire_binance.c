/* Binance's wire shapes of 2026: combined streams, string numbers, REST snapshots. */
#include "tests/exchange/market/market_priv.h"

#define MS(ns) ((long long)((ns) / 1000000))

static void lower(struct mr_text *t, const char *symbol)
{
    for (; *symbol; symbol++)
        mr_text_format(t, "%c", *symbol >= 'A' && *symbol <= 'Z' ? *symbol + 32 : *symbol);
}

static void wrap(struct mr_text *t, const struct stream *s, const char *stream)
{
    mr_text_add(t, "{\"stream\":\"");
    lower(t, s->symbol);
    mr_text_format(t, "@%s\",\"data\":", stream);
}

static void changes(struct mr_text *t, const struct stream *s, bool ask)
{
    const char *comma = "";
    mr_text_add(t, "[");
    for (uint32_t i = 0; i < s->changes_count; i++) {
        if (s->changes[i].ask != ask)
            continue;
        mr_text_format(t, "%s[\"", comma);
        mr_market_price(t, s, s->changes[i].price_idx * s->step);
        mr_text_add(t, "\",\"");
        mr_market_size(t, s, s->changes[i].size);
        mr_text_add(t, "\"]");
        comma = ",";
    }
    mr_text_add(t, "]");
}

static void side(struct mr_text *t, const struct stream *s, bool ask)
{
    struct mr_level levels[LADDER];
    uint32_t n = mr_market_side(s, ask, levels, LADDER);
    mr_text_add(t, "[");
    for (uint32_t i = 0; i < n; i++) {
        mr_text_add(t, i ? ",[\"" : "[\"");
        mr_market_price(t, s, levels[i].price);
        mr_text_add(t, "\",\"");
        mr_market_size(t, s, levels[i].size);
        mr_text_add(t, "\"]");
    }
    mr_text_add(t, "]");
}

static void usdm_update(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    wrap(t, s, "depth@100ms");
    mr_text_format(t,
                   "{\"e\":\"depthUpdate\",\"E\":%lld,\"T\":%lld,\"s\":\"%s\",\"ps\":\"%s\",\"U\":%llu,\"u\":%llu,"
                   "\"pu\":%llu,\"b\":",
                   MS(now_ns), MS(now_ns), s->symbol, s->symbol, (unsigned long long)s->first_seq,
                   (unsigned long long)s->seq, (unsigned long long)s->prev_seq);
    changes(t, s, false);
    mr_text_add(t, ",\"a\":");
    changes(t, s, true);
    mr_text_add(t, ",\"st\":1}}");
}

static void spot_update(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    wrap(t, s, "depth@100ms");
    mr_text_format(t, "{\"e\":\"depthUpdate\",\"E\":%lld,\"s\":\"%s\",\"U\":%llu,\"u\":%llu,\"b\":", MS(now_ns),
                   s->symbol, (unsigned long long)s->first_seq, (unsigned long long)s->seq);
    changes(t, s, false);
    mr_text_add(t, ",\"a\":");
    changes(t, s, true);
    mr_text_add(t, "}}");
}

static void snapshot(struct mr_text *t, struct stream *s, int64_t now_ns, struct mr_text *url)
{
    bool futures = s->writer == &mr_market_binance_usdm;
    mr_text_format(url, "https://%s/depth?symbol=%s&limit=1000",
                   futures ? "fapi.binance.com/fapi/v1" : "api.binance.com/api/v3", s->symbol);
    mr_text_format(t, "{\"lastUpdateId\":%llu,", (unsigned long long)s->seq);
    if (futures)
        mr_text_format(t, "\"E\":%lld,\"T\":%lld,", MS(now_ns), MS(now_ns));
    mr_text_add(t, "\"bids\":");
    side(t, s, false);
    mr_text_add(t, ",\"asks\":");
    side(t, s, true);
    mr_text_add(t, "}");
}

static void quote(struct mr_text *t, const struct stream *s, const char *px, const char *sz, bool ask)
{
    struct mr_level level;
    mr_market_side(s, ask, &level, 1);
    mr_text_format(t, "\"%s\":\"", px);
    mr_market_price(t, s, level.price);
    mr_text_format(t, "\",\"%s\":\"", sz);
    mr_market_size(t, s, level.size);
    mr_text_add(t, "\"");
}

static void best(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    bool futures = s->writer == &mr_market_binance_usdm;
    wrap(t, s, "bookTicker");
    if (futures)
        mr_text_format(t, "{\"e\":\"bookTicker\",\"u\":%llu,\"s\":\"%s\",\"ps\":\"%s\",", (unsigned long long)s->seq,
                       s->symbol, s->symbol);
    else
        mr_text_format(t, "{\"u\":%llu,\"s\":\"%s\",", (unsigned long long)s->seq, s->symbol);
    quote(t, s, "b", "B", false);
    mr_text_add(t, ",");
    quote(t, s, "a", "A", true);
    if (futures)
        mr_text_format(t, ",\"T\":%lld,\"E\":%lld,\"st\":1", MS(now_ns), MS(now_ns));
    mr_text_add(t, "}}");
}

static void trade(struct mr_text *t, struct stream *s, int64_t now_ns, int64_t price, int64_t size, bool sell)
{
    bool futures = s->writer == &mr_market_binance_usdm;
    wrap(t, s, futures ? "aggTrade" : "trade");
    if (futures)
        mr_text_format(t, "{\"e\":\"aggTrade\",\"E\":%lld,\"a\":%llu,\"s\":\"%s\",\"p\":\"", MS(now_ns),
                       (unsigned long long)s->trade_id, s->symbol);
    else
        mr_text_format(t, "{\"e\":\"trade\",\"E\":%lld,\"s\":\"%s\",\"t\":%llu,\"p\":\"", MS(now_ns), s->symbol,
                       (unsigned long long)s->trade_id);
    mr_market_price(t, s, price);
    mr_text_add(t, "\",\"q\":\"");
    mr_market_size(t, s, size);
    mr_text_add(t, "\",");
    if (futures) {
        mr_text_add(t, "\"nq\":\"");
        mr_market_size(t, s, size);
        mr_text_format(t, "\",\"f\":%llu,\"l\":%llu,", (unsigned long long)s->trade_id * 3,
                       (unsigned long long)s->trade_id * 3 + 2);
    }
    mr_text_format(t, "\"T\":%lld,\"m\":%s,%s}}", MS(now_ns), sell ? "true" : "false",
                   futures ? "\"st\":1" : "\"M\":true");
}

static void candle(struct mr_text *t, const struct stream *s, const struct candle *c, bool closed, int64_t now_ns)
{
    const struct {
        const char *name;
        int64_t price;
    } prices[] = {{"o", c->open}, {"c", c->close}, {"h", c->high}, {"l", c->low}};
    wrap(t, s, "kline_1m");
    mr_text_format(t,
                   "{\"e\":\"kline\",\"E\":%lld,\"s\":\"%s\",\"k\":{\"t\":%lld,\"T\":%lld,\"s\":\"%s\",\"i\":\"1m\","
                   "\"f\":%llu,\"L\":%llu",
                   MS(now_ns), s->symbol, MS(c->open_ns), MS(c->open_ns) + 59999, s->symbol,
                   (unsigned long long)c->first_id, (unsigned long long)c->last_id);
    for (size_t i = 0; i < MR_COUNT_OF(prices); i++) {
        mr_text_format(t, ",\"%s\":\"", prices[i].name);
        mr_market_price(t, s, prices[i].price);
        mr_text_add(t, "\"");
    }
    mr_text_add(t, ",\"v\":\"");
    mr_market_size(t, s, c->volume);
    mr_text_format(t, "\",\"n\":%u,\"x\":%s,\"q\":\"", c->trades, closed ? "true" : "false");
    mr_text_decimal(t, c->turnover, s->price_decimals + s->size_decimals);
    mr_text_add(t, "\",\"B\":\"0\"}}}");
}

static void liquidation(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    const struct pending *p = &s->pending[s->pending_count - 1];
    mr_text_format(t,
                   "{\"stream\":\"!forceOrder@arr\",\"data\":{\"e\":\"forceOrder\",\"E\":%lld,\"o\":{\"s\":\"%s\","
                   "\"S\":\"%s\",\"o\":\"LIMIT\",\"f\":\"IOC\",\"q\":\"",
                   MS(now_ns), s->symbol, p->short_side ? "BUY" : "SELL");
    mr_market_size(t, s, p->size);
    mr_text_add(t, "\",\"p\":\"");
    mr_market_price(t, s, p->price - (p->short_side ? -20 : 20) * s->step);
    mr_text_add(t, "\",\"ap\":\"");
    mr_market_price(t, s, p->price);
    mr_text_add(t, "\",\"X\":\"FILLED\",\"l\":\"");
    mr_market_size(t, s, p->size);
    mr_text_add(t, "\",\"z\":\"");
    mr_market_size(t, s, p->size);
    mr_text_format(t, "\",\"T\":%lld,\"ps\":\"%s\",\"st\":1}}}", MS(p->time_ns), s->symbol);
}

static void marks(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    wrap(t, s, "markPrice");
    mr_text_format(t, "{\"e\":\"markPriceUpdate\",\"E\":%lld,\"s\":\"%s\",\"p\":\"", MS(now_ns), s->symbol);
    mr_market_price(t, s, s->mark);
    mr_text_add(t, "\",\"ap\":\"");
    mr_market_price(t, s, s->mark);
    mr_text_add(t, "\",\"P\":\"");
    mr_market_price(t, s, s->index);
    mr_text_add(t, "\",\"i\":\"");
    mr_market_price(t, s, s->index);
    mr_text_format(t, "\",\"r\":\"0.%08lld\",\"T\":%lld,\"st\":1}}", (long long)s->funding_e8,
                   MS(now_ns / 28800000000000ll * 28800000000000ll + 28800000000000ll));
}

/* Open interest is REST only: the answer to a poll. */
static void interest(struct mr_text *t, struct stream *s, int64_t now_ns, struct mr_text *url)
{
    mr_text_format(url, "https://fapi.binance.com/fapi/v1/openInterest?symbol=%s", s->symbol);
    mr_text_add(t, "{\"openInterest\":\"");
    mr_market_size(t, s, s->interest);
    mr_text_format(t, "\",\"symbol\":\"%s\",\"time\":%lld}", s->symbol, MS(now_ns));
}

static void decimals(struct mr_text *t, int64_t units, int places)
{
    char text[MR_DECIMAL_TEXT];
    mr_decimal_text(units, places, text);
    mr_text_add(t, text);
}

static void instruments(struct mr_text *t, const struct stream *streams, uint32_t n, struct mr_text *url)
{
    bool futures = streams->writer == &mr_market_binance_usdm;
    mr_text_format(url, "https://%s/exchangeInfo", futures ? "fapi.binance.com/fapi/v1" : "api.binance.com/api/v3");
    mr_text_add(t, "{\"timezone\":\"UTC\",\"symbols\":[");
    for (uint32_t i = 0; i < n; i++) {
        const struct stream *s = &streams[i];
        mr_text_format(t,
                       "%s{\"symbol\":\"%s\",\"pair\":\"%s\",%s\"status\":\"TRADING\",\"baseAsset\":\"%.3s\","
                       "\"quoteAsset\":\"USDT\",\"filters\":[",
                       i ? "," : "", s->symbol, s->symbol,
                       futures ? "\"contractType\":\"PERPETUAL\",\"marginAsset\":\"USDT\"," : "", s->symbol);
        mr_text_add(t, "{\"filterType\":\"PRICE_FILTER\",\"tickSize\":\"");
        decimals(t, 1, s->price_decimals);
        mr_text_add(t, "\"},{\"filterType\":\"LOT_SIZE\",\"stepSize\":\"");
        decimals(t, 1, s->size_decimals);
        mr_text_add(t, "\"}]}");
    }
    mr_text_add(t, "]}");
}

const struct writer mr_market_binance_usdm = {
    .venue = "binance",
    .product = "usdm",
    .instruments = instruments,
    .snapshot = snapshot,
    .update = usdm_update,
    .best = best,
    .trade = trade,
    .candle = candle,
    .liquidation = liquidation,
    .marks = marks,
    .interest = interest,
    .liquidation_every_ns = 1000000000,
    .liquidations_a_time = 1,
};
const struct writer mr_market_binance_spot = {
    .venue = "binance",
    .product = "spot",
    .instruments = instruments,
    .snapshot = snapshot,
    .update = spot_update,
    .best = best,
    .trade = trade,
    .candle = candle,
};
