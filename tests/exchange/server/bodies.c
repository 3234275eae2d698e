#include "tests/exchange/server/bodies.h"

#include "tests/exchange/market/outcome.h"

#define MS(ns) ((long long)((ns) / 1000000))

/* With the venue's number of decimals where it is known and holds the value; else the shortest. */
static void number(struct mr_text *t, int64_t value, int scale, int decimals)
{
    if (decimals < 0 || decimals > scale || value % mr_pow10[scale - decimals] != 0) {
        mr_text_decimal(t, value, scale);
        return;
    }
    value /= mr_pow10[scale - decimals];
    if (decimals)
        mr_text_format(t, "%lld.%0*lld", (long long)(value / mr_pow10[decimals]), decimals,
                       (long long)(value % mr_pow10[decimals]));
    else
        mr_text_i64(t, value);
}

static void price(struct mr_text *t, const struct mr_truth *b, int64_t value, bool shortest)
{
    number(t, value, b->price_scale, shortest ? -1 : b->price_decimals);
}

static void size(struct mr_text *t, const struct mr_truth *b, int64_t value, bool shortest)
{
    number(t, value, b->size_scale, shortest ? -1 : b->size_decimals);
}

/* [["px","sz"],...]; OKX adds two fields and prints the shortest text. */
static void side(struct mr_text *t, const struct mr_truth *b, int ask, bool okx)
{
    mr_text_add(t, "[");
    for (uint32_t i = 0; i < b->count[ask]; i++) {
        mr_text_add(t, i ? ",[\"" : "[\"");
        price(t, b, b->level[ask][i].price, okx);
        mr_text_add(t, "\",\"");
        size(t, b, b->level[ask][i].size, okx);
        mr_text_add(t, okx ? "\",\"0\",\"1\"]" : "\"]");
    }
    mr_text_add(t, "]");
}

static void bybit_data(struct mr_text *t, const struct mr_truth *b)
{
    mr_text_format(t, "\"s\":\"%s\",\"b\":", b->symbol);
    side(t, b, 0, false);
    mr_text_add(t, ",\"a\":");
    side(t, b, 1, false);
    mr_text_format(t, ",\"u\":%llu,\"seq\":%llu", (unsigned long long)b->seq, (unsigned long long)b->seq * 7);
}

static void okx_data(struct mr_text *t, const struct mr_truth *b)
{
    mr_text_add(t, "{\"asks\":");
    side(t, b, 1, true);
    mr_text_add(t, ",\"bids\":");
    side(t, b, 0, true);
    mr_text_format(t, ",\"ts\":\"%lld\"", MS(b->time_ns));
    if (b->seq) /* recordings of 2022 have no numbers, and take up anywhere */
        mr_text_format(t, ",\"seqId\":%llu", (unsigned long long)b->seq);
}

static void hyperliquid_data(struct mr_text *t, const struct mr_truth *b)
{
    mr_text_format(t, "{\"coin\":\"%s\",\"time\":%lld,\"levels\":[", b->symbol, MS(b->time_ns));
    for (int ask = 0; ask < 2; ask++) {
        mr_text_add(t, ask ? ",[" : "[");
        for (uint32_t i = 0; i < b->count[ask] && i < 20; i++) {
            mr_text_add(t, i ? ",{\"px\":\"" : "{\"px\":\"");
            price(t, b, b->level[ask][i].price, false);
            mr_text_add(t, "\",\"sz\":\"");
            size(t, b, b->level[ask][i].size, false);
            mr_text_add(t, "\",\"n\":1}");
        }
        mr_text_add(t, "]");
    }
    mr_text_add(t, "]}");
}

/* {"asks":[[px,contracts,orders],..],"bids":[..],"version":..,"timestamp":..} */
static void mexc_data(struct mr_text *t, const struct mr_truth *b)
{
    for (int ask = 1; ask >= 0; ask--) {
        mr_text_add(t, ask ? "{\"asks\":[" : ",\"bids\":[");
        for (uint32_t i = 0; i < b->count[ask]; i++) {
            mr_text_add(t, i ? ",[" : "[");
            price(t, b, b->level[ask][i].price, false);
            mr_text_add(t, ",");
            size(t, b, b->level[ask][i].size, false);
            mr_text_add(t, ",1]");
        }
        mr_text_add(t, "]");
    }
    mr_text_format(t, ",\"version\":%llu,\"timestamp\":%lld}", (unsigned long long)b->seq, MS(b->time_ns));
}

/* [[px,sz],..] of both sides, by these names. */
static void kucoin_sides(struct mr_text *t, const struct mr_truth *b, const char *asks, const char *bids, bool texts)
{
    const char *quote = texts ? "\"" : "";
    for (int ask = 1; ask >= 0; ask--) {
        mr_text_format(t, "%s\"%s\":[", ask ? "" : ",", ask ? asks : bids);
        for (uint32_t i = 0; i < b->count[ask]; i++) {
            mr_text_format(t, "%s[%s", i ? "," : "", quote);
            price(t, b, b->level[ask][i].price, false);
            mr_text_format(t, "%s,%s", quote, quote);
            size(t, b, b->level[ask][i].size, false);
            mr_text_format(t, "%s]", quote);
        }
        mr_text_add(t, "]");
    }
}

static void kucoin_depth(struct mr_text *t, const struct mr_truth *b)
{
    bool spot = strcmp(mr_venue_by_id(b->venue)->products[b->product].name, "spot") == 0;
    if (spot)
        mr_text_format(t, "{\"code\":\"200000\",\"data\":{\"time\":%lld,\"sequence\":\"%llu\",", MS(b->time_ns),
                       (unsigned long long)b->seq);
    else
        mr_text_format(t, "{\"code\":\"200000\",\"data\":{\"sequence\":%llu,\"symbol\":\"%s\",\"ts\":%lld,",
                       (unsigned long long)b->seq, b->symbol, (long long)b->time_ns);
    kucoin_sides(t, b, "asks", "bids", spot);
    mr_text_add(t, "}}");
}

static void kucoin_image(struct mr_text *t, const struct mr_truth *b)
{
    mr_text_format(t, "{\"T\":\"obu.SPOT\", \"dp\":\"increment@10ms\", \"t\":\"snapshot\", \"P\":%lld, \"d\":{",
                   (long long)b->time_ns + 300000);
    kucoin_sides(t, b, "a", "b", true);
    mr_text_format(t, ",\"C\":%llu,\"s\":\"%s\",\"M\":%lld,\"O\":%llu}}", (unsigned long long)b->seq, b->symbol,
                   (long long)b->time_ns, (unsigned long long)b->seq);
}

/* A state is of the time of its last change, not of now. `stream`: as an event, else as a summary. */
static void polymarket_data(struct mr_text *t, const struct mr_truth *b, bool stream)
{
    char hash[MR_OUTCOME_HASH];
    const struct mr_outcome_book book = {.token = b->symbol,
                                         .time_ms = b->seq,
                                         .level = {b->level[0], b->level[1]},
                                         .count = {b->count[0], b->count[1]},
                                         .price_scale = b->price_scale,
                                         .size_scale = b->size_scale};
    mr_outcome_hash(&book, hash);
    mr_text_add(t, "{");
    mr_outcome_members(t, &book, hash);
    if (stream)
        mr_text_add(t, ",\"tick_size\":\"" MR_OUTCOME_TICK "\",\"last_trade_price\":\"0.5\",\"event_type\":\"book\"");
    else
        mr_outcome_rest(t);
    mr_text_add(t, "}");
}

bool mr_body_image(struct mr_text *t, const struct mr_truth *b, const char *topic)
{
    switch (b->venue) {
    case MR_VENUE_bybit:
        mr_text_format(t, "{\"topic\":\"%s\",\"type\":\"snapshot\",\"ts\":%lld,\"data\":{", topic, MS(b->time_ns));
        bybit_data(t, b);
        mr_text_format(t, "},\"cts\":%lld}", MS(b->time_ns) - 2);
        return true;
    case MR_VENUE_okx:
        mr_text_format(t, "{\"arg\":{\"channel\":\"books\",\"instId\":\"%s\"},\"action\":\"snapshot\",\"data\":[",
                       b->symbol);
        okx_data(t, b);
        mr_text_add(t, b->seq ? ",\"checksum\":0,\"prevSeqId\":-1}]}" : ",\"checksum\":0}]}");
        return true;
    case MR_VENUE_hyperliquid:
        mr_text_add(t, "{\"channel\":\"l2Book\",\"data\":");
        hyperliquid_data(t, b);
        mr_text_add(t, "}");
        return true;
    case MR_VENUE_kucoin:
        kucoin_image(t, b);
        return true;
    case MR_VENUE_polymarket:
        mr_text_add(t, "[");
        polymarket_data(t, b, true);
        mr_text_add(t, "]");
        return true;
    default:
        return false;
    }
}

void mr_body_depth(struct mr_text *t, const struct mr_truth *b)
{
    switch (b->venue) {
    case MR_VENUE_binance:
        mr_text_format(t, "{\"lastUpdateId\":%llu,", (unsigned long long)b->seq);
        if (strcmp(mr_venue_by_id(b->venue)->products[b->product].name, "usdm") == 0)
            mr_text_format(t, "\"E\":%lld,\"T\":%lld,", MS(b->time_ns), MS(b->time_ns));
        mr_text_add(t, "\"bids\":");
        side(t, b, 0, false);
        mr_text_add(t, ",\"asks\":");
        side(t, b, 1, false);
        mr_text_add(t, "}");
        break;
    case MR_VENUE_bybit:
        mr_text_add(t, "{\"retCode\":0,\"retMsg\":\"OK\",\"result\":{");
        bybit_data(t, b);
        mr_text_format(t, ",\"ts\":%lld,\"cts\":%lld},\"retExtInfo\":{},\"time\":%lld}", MS(b->time_ns), MS(b->time_ns),
                       MS(b->time_ns));
        break;
    case MR_VENUE_okx:
        mr_text_add(t, "{\"code\":\"0\",\"msg\":\"\",\"data\":[");
        okx_data(t, b);
        mr_text_add(t, "}]}");
        break;
    case MR_VENUE_kucoin:
        kucoin_depth(t, b);
        break;
    case MR_VENUE_mexc:
        mr_text_add(t, "{\"success\":true,\"code\":0,\"data\":");
        mexc_data(t, b);
        mr_text_add(t, "}");
        break;
    case MR_VENUE_polymarket:
        polymarket_data(t, b, false);
        break;
    default:
        hyperliquid_data(t, b);
    }
}

void mr_body_book(struct mr_text *t, const struct mr_truth *b, const char *product)
{
    mr_text_format(t, "{\"product\":\"%s\",\"symbol\":\"%s\",\"seq\":%llu,\"time_ms\":%lld,\"bids\":", product,
                   b->symbol, (unsigned long long)b->seq, MS(b->time_ns));
    side(t, b, 0, false);
    mr_text_add(t, ",\"asks\":");
    side(t, b, 1, false);
    mr_text_add(t, "}");
}
