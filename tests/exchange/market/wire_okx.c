/* OKX v5's wire shapes: sizes in contracts, books with sequence numbers and a real checksum. */
#include "codecs/checksum/checksum.h"
#include "tests/exchange/market/market_priv.h"

#define MS(ns) ((long long)((ns) / 1000000))

/* OKX prints shortest decimals, on which its checksum depends. */
static void shortest(struct mr_text *t, int64_t value, int decimals)
{
    char text[MR_DECIMAL_TEXT];
    mr_decimal_text(value, decimals, text);
    mr_text_add(t, text);
}

static void level(struct mr_text *t, const struct stream *s, int64_t price, int64_t size, bool first)
{
    mr_text_add(t, first ? "[\"" : ",[\"");
    shortest(t, price, s->price_decimals);
    mr_text_add(t, "\",\"");
    shortest(t, size, s->size_decimals);
    mr_text_format(t, "\",\"0\",\"%d\"]", size ? 1 + (int)(size % 7) : 0);
}

static void changes(struct mr_text *t, const struct stream *s, bool ask)
{
    bool first = true;
    for (uint32_t i = 0; i < s->changes_count; i++)
        if (s->changes[i].ask == ask) {
            level(t, s, s->changes[i].price_idx * s->step, s->changes[i].size, first);
            first = false;
        }
}

static void side(struct mr_text *t, const struct stream *s, bool ask)
{
    struct mr_level levels[LADDER];
    uint32_t n = mr_market_side(s, ask, levels, LADDER);
    for (uint32_t i = 0; i < n; i++)
        level(t, s, levels[i].price, levels[i].size, i == 0);
}

static int32_t checksum(const struct stream *s)
{
    struct mr_level bids[25], asks[25];
    uint32_t n = mr_market_side(s, false, bids, 25), m = mr_market_side(s, true, asks, 25);
    return (int32_t)mr_okx_checksum(bids, n, asks, m, s->price_decimals, s->size_decimals);
}

static void book(struct mr_text *t, struct stream *s, int64_t now_ns, bool image)
{
    mr_text_format(t, "{\"arg\":{\"channel\":\"books\",\"instId\":\"%s\"},\"action\":\"%s\",\"data\":[{\"asks\":[",
                   s->symbol, image ? "snapshot" : "update");
    (image ? side : changes)(t, s, true);
    mr_text_add(t, "],\"bids\":[");
    (image ? side : changes)(t, s, false);
    mr_text_format(t, "],\"ts\":\"%lld\",\"checksum\":%d,\"seqId\":%llu,\"prevSeqId\":%lld}]}", MS(now_ns), checksum(s),
                   (unsigned long long)s->seq, image ? -1ll : (long long)s->prev_seq);
}

static void image(struct mr_text *t, struct stream *s, int64_t now_ns) { book(t, s, now_ns, true); }

static void update(struct mr_text *t, struct stream *s, int64_t now_ns) { book(t, s, now_ns, false); }

static void best(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    struct mr_level bid, ask;
    mr_market_side(s, false, &bid, 1);
    mr_market_side(s, true, &ask, 1);
    mr_text_format(t, "{\"arg\":{\"channel\":\"bbo-tbt\",\"instId\":\"%s\"},\"data\":[{\"asks\":[", s->symbol);
    level(t, s, ask.price, ask.size, true);
    mr_text_add(t, "],\"bids\":[");
    level(t, s, bid.price, bid.size, true);
    mr_text_format(t, "],\"ts\":\"%lld\",\"seqId\":%llu}]}", MS(now_ns), (unsigned long long)s->seq);
}

static void trade(struct mr_text *t, struct stream *s, int64_t now_ns, int64_t price, int64_t size, bool sell)
{
    mr_text_format(t,
                   "{\"arg\":{\"channel\":\"trades\",\"instId\":\"%s\"},\"data\":[{\"instId\":\"%s\",\"tradeId\":\"%"
                   "llu\",\"px\":\"",
                   s->symbol, s->symbol, (unsigned long long)s->trade_id);
    shortest(t, price, s->price_decimals);
    mr_text_add(t, "\",\"sz\":\"");
    shortest(t, size, s->size_decimals);
    mr_text_format(t, "\",\"side\":\"%s\",\"ts\":\"%lld\",\"count\":\"1\",\"source\":\"0\",\"seqId\":%llu}]}",
                   sell ? "sell" : "buy", MS(now_ns), (unsigned long long)s->seq);
}

/* trades-all, of the business route: one trade a message, without a count. */
static void copy(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    const struct trade *last = &s->recent[(s->recent_count - 1) % RECENT];
    (void)now_ns;
    mr_text_format(t,
                   "{\"arg\":{\"channel\":\"trades-all\",\"instId\":\"%s\"},\"data\":[{\"instId\":\"%s\",\"tradeId\":"
                   "\"%llu\",\"px\":\"",
                   s->symbol, s->symbol, (unsigned long long)last->id);
    shortest(t, last->price, s->price_decimals);
    mr_text_add(t, "\",\"sz\":\"");
    shortest(t, last->size, s->size_decimals);
    mr_text_format(t, "\",\"side\":\"%s\",\"ts\":\"%lld\",\"source\":\"0\"}]}", last->sell ? "sell" : "buy",
                   MS(last->time_ns));
}

/* Volumes in contracts, in coins and in the quote currency; a contract is contract_micro coins. */
static void candle(struct mr_text *t, const struct stream *s, const struct candle *c, bool closed, int64_t now_ns)
{
    const int64_t prices[] = {c->open, c->high, c->low, c->close};
    int decimals = s->size_decimals + 2, coins = (int)(s->contract_micro / 10000);
    (void)now_ns;
    mr_text_format(t, "{\"arg\":{\"channel\":\"candle1m\",\"instId\":\"%s\"},\"data\":[[\"%lld\"", s->symbol,
                   MS(c->open_ns));
    for (size_t i = 0; i < MR_COUNT_OF(prices); i++) {
        mr_text_add(t, ",\"");
        shortest(t, prices[i], s->price_decimals);
        mr_text_add(t, "\"");
    }
    mr_text_add(t, ",\"");
    shortest(t, c->volume, s->size_decimals);
    mr_text_add(t, "\",\"");
    shortest(t, c->volume * coins, decimals);
    mr_text_add(t, "\",\"");
    shortest(t, c->turnover * coins, s->price_decimals + decimals);
    mr_text_format(t, "\",\"%d\"]]}", closed);
}

static void funding(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    const int64_t every_ms = 28800000, next = MS(now_ns) / every_ms * every_ms + every_ms;
    mr_text_format(t,
                   "{\"arg\":{\"channel\":\"funding-rate\",\"instId\":\"%s\"},\"data\":[{\"formulaType\":\"withRate\","
                   "\"fundingRate\":\"0.%08lld\",\"fundingTime\":\"%lld\","
                   "\"instId\":\"%s\",\"instType\":\"SWAP\",\"method\":\"current_period\",\"nextFundingRate\":\"\","
                   "\"nextFundingTime\":\"%lld\",\"settState\":\"settled\","
                   "\"ts\":\"%lld\"}]}",
                   s->symbol, (long long)(s->funding_e8 ? s->funding_e8 : 1000), (long long)next, s->symbol,
                   (long long)(next + every_ms), MS(now_ns));
}

static void liquidation(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    const struct pending *p = &s->pending[s->pending_count - 1];
    (void)now_ns;
    mr_text_format(t, "{\"arg\":{\"channel\":\"liquidation-orders\",\"instType\":\"SWAP\"},\"data\":[{\"details\":[{"
                      "\"bkLoss\":\"0\",\"bkPx\":\"");
    shortest(t, p->price, s->price_decimals);
    mr_text_format(t, "\",\"ccy\":\"\",\"posSide\":\"%s\",\"side\":\"%s\",\"sz\":\"", p->short_side ? "short" : "long",
                   p->short_side ? "buy" : "sell");
    shortest(t, p->size, s->size_decimals);
    mr_text_format(
        t, "\",\"ts\":\"%lld\"}],\"instFamily\":\"%.8s\",\"instId\":\"%s\",\"instType\":\"SWAP\",\"uly\":\"%.8s\"}]}",
        MS(p->time_ns), s->symbol, s->symbol, s->symbol);
}

static void marks(struct mr_text *t, struct stream *s, int64_t now_ns)
{
    mr_text_format(t,
                   "{\"arg\":{\"channel\":\"mark-price\",\"instId\":\"%s\"},\"data\":[{\"instType\":\"SWAP\","
                   "\"instId\":\"%s\",\"markPx\":\"",
                   s->symbol, s->symbol);
    shortest(t, s->mark, s->price_decimals);
    mr_text_format(t, "\",\"ts\":\"%lld\"}]}", MS(now_ns));
}

static void interest(struct mr_text *t, struct stream *s, int64_t now_ns, struct mr_text *url)
{
    (void)url; /* it comes in the stream */
    mr_text_format(t,
                   "{\"arg\":{\"channel\":\"open-interest\",\"instId\":\"%s\"},\"data\":[{\"instId\":\"%s\","
                   "\"instType\":\"SWAP\",\"oi\":\"",
                   s->symbol, s->symbol);
    shortest(t, s->interest, s->size_decimals);
    mr_text_add(t, "\",\"oiCcy\":\"");
    shortest(t, s->interest * s->contract_micro / 10000, s->size_decimals + 2);
    mr_text_format(t, "\",\"ts\":\"%lld\"}]}", MS(now_ns));
}

static void instruments(struct mr_text *t, const struct stream *streams, uint32_t n, struct mr_text *url)
{
    mr_text_add(url, "https://www.okx.com/api/v5/public/instruments?instType=SWAP");
    mr_text_add(t, "{\"code\":\"0\",\"msg\":\"\",\"data\":[");
    for (uint32_t i = 0; i < n; i++) {
        const struct stream *s = &streams[i];
        mr_text_format(t,
                       "%s{\"instType\":\"SWAP\",\"instId\":\"%s\",\"instFamily\":\"%.8s\",\"uly\":\"%.8s\","
                       "\"baseCcy\":\"\",\"quoteCcy\":\"\",\"settleCcy\":\"USDT\",\"ctType\":\"linear\",\"ctVal\":\"",
                       i ? "," : "", s->symbol, s->symbol, s->symbol);
        shortest(t, s->contract_micro, 6);
        mr_text_format(t, "\",\"ctValCcy\":\"%.3s\",\"ctMult\":\"1\",\"tickSz\":\"", s->symbol);
        shortest(t, 1, s->price_decimals);
        mr_text_add(t, "\",\"lotSz\":\"");
        shortest(t, 1, s->size_decimals);
        mr_text_add(t, "\",\"minSz\":\"");
        shortest(t, 1, s->size_decimals);
        mr_text_add(t, "\",\"state\":\"live\"}");
    }
    mr_text_add(t, "]}");
}

const struct writer mr_market_okx = {
    .venue = "okx",
    .product = "public",
    .instruments = instruments,
    .image = image,
    .update = update,
    .best = best,
    .trade = trade,
    .liquidation = liquidation,
    .marks = marks,
    .interest = interest,
    .copy = copy,
    .candle = candle,
    .funding = funding,
    .liquidation_every_ns = 1000000000,
    .liquidations_a_time = 1,
};
