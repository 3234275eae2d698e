/* Every kind of Binance message, hand-written: what comes out field by field, and what is refused by which name. */
#include "tests/codecs/venue/rig.h"

#define MS 1000000ll
#define C MR_FLAG_CAUTION /* no metadata: the table has only the bare symbol */

/* One single-slot event. venue_ns in ms; price and size at scale 8 unless the kind carries its own exponent. */
struct want {
    int kind, flags;
    int64_t venue_ms;
    uint64_t seq;
    int64_t price, size, aux;
    int exponent;
};

static const struct {
    const char *says, *product, *text, *kind;
    struct want events[3];
    /* clang-format off */
} singles[] = {
    {"aggTrade of 2026, buyer is maker", "binance:usdm",
     "{\"e\":\"aggTrade\",\"E\":1791391082024,\"a\":3478018549,\"s\":\"BTCUSDT\",\"p\":\"83434.40\",\"q\":\"0.016\",\"nq\":\"0.016\",\"f\":"
     "8154045700,\"l\":8154045704,\"T\":1791391081874,\"m\":true,\"st\":1}",
     "aggTrade", {{MR_EVENT_TRADE, C | MR_FLAG_SELL, 1791391081874, 3478018549, 8343440000000, 1600000, 1334950400, 0}}},
    {"aggTrade of 2021, wrapped", "binance:usdm",
     "{\"stream\":\"btcusdt@aggTrade\",\"data\":{\"e\":\"aggTrade\",\"E\":1626992741012,\"a\":7,\"s\":\"BTCUSDT\",\"p\":\"32000\",\"q\":\"1\",\"f\":1,"
     "\"l\":2,\"T\":1626992741000,\"m\":false}}",
     "aggTrade", {{MR_EVENT_TRADE, C, 1626992741000, 7, 3200000000000, 100000000, 32000000000, 0}}},
    {"keys in another order, data before stream, blanks, numbers bare", "binance:usdm",
     " { \"data\" : { \"m\" : false , \"T\" : 5 , \"q\" : 2 , \"p\" : 1.5 , \"s\" : \"BTCUSDT\" , \"a\" : 9 , \"e\" : \"aggTrade\" } , \"stream\" : \"x\" } ",
     "aggTrade", {{MR_EVENT_TRADE, C, 5, 9, 150000000, 200000000, 3000000, 0}}},
    {"keys and values with escapes", "binance:usdm",
     "{\"\\u0065\":\"agg\\u0054rade\",\"a\":9,\"s\":\"BTC\\u0055SDT\",\"p\":\"1\",\"q\":\"1\",\"\\u0054\":5,\"m\":false}",
     "aggTrade", {{MR_EVENT_TRADE, C, 5, 9, 100000000, 100000000, 1000000, 0}}},
    {"unknown members are passed over", "binance:usdm",
     "{\"e\":\"aggTrade\",\"a\":9,\"s\":\"BTCUSDT\",\"p\":\"1\",\"q\":\"1\",\"T\":5,\"m\":false,\"new\":{\"x\":[1,{\"e\":\"trade\"}]},\"z9\":\"0.5\"}",
     "aggTrade", {{MR_EVENT_TRADE, C, 5, 9, 100000000, 100000000, 1000000, 0}}},
    {"aggTrade is secondary on spot", "binance:spot",
     "{\"e\":\"aggTrade\",\"E\":1781416576889,\"s\":\"BTCUSDT\",\"a\":3988316038,\"p\":\"64348.95000000\",\"q\":\"0.00009000\",\"f\":1,\"l\":1,\"T\":"
     "1781416576888,\"m\":true,\"M\":true}",
     "aggTrade", {{MR_EVENT_TRADE, C | MR_FLAG_SELL | MR_FLAG_SECONDARY, 1781416576888, 3988316038, 6434895000000, 9000, 5791405, 0}}},
    {"trade is primary on spot; order ids of before 2024", "binance:spot",
     "{\"e\":\"trade\",\"E\":1633998512070,\"s\":\"BTCUSDT\",\"t\":12345,\"p\":\"0.001\",\"q\":\"100\",\"b\":88,\"a\":50,\"T\":1633998512068,\"m\":true,"
     "\"M\":true}",
     "trade", {{MR_EVENT_TRADE, C | MR_FLAG_SELL, 1633998512068, 12345, 100000, 10000000000, 100000, 0}}},
    {"trade is secondary on USD-M", "binance:usdm",
     "{\"e\":\"trade\",\"E\":3,\"T\":2,\"s\":\"BTCUSDT\",\"t\":1,\"p\":\"80227.00\",\"q\":\"0.010\",\"X\":\"MARKET\",\"m\":false,\"st\":1}",
     "trade", {{MR_EVENT_TRADE, C | MR_FLAG_SECONDARY, 2, 1, 8022700000000, 1000000, 802270000, 0}}},
    {"an insurance-fund trade is flagged", "binance:usdm",
     "{\"e\":\"trade\",\"E\":3,\"T\":2,\"s\":\"ETHUSDT\",\"t\":1,\"p\":\"1\",\"q\":\"1\",\"X\":\"INSURANCE_FUND\",\"m\":false}",
     "trade", {{MR_EVENT_TRADE, C | MR_FLAG_SECONDARY, 2, 1, 100000000, 100000000, 1000000, 0}}},
    {"COIN-M counts contracts of 100 dollars", "binance:usdm",
     "{\"e\":\"trade\",\"E\":1769590256675,\"T\":1769590256674,\"s\":\"BTCUSD_PERP\",\"t\":1074178546,\"p\":\"88904.9\",\"q\":\"3\",\"X\":\"MARKET\",\"m\":"
     "true}",
     "trade", {{MR_EVENT_TRADE, C | MR_FLAG_SELL | MR_FLAG_SECONDARY, 1769590256674, 1074178546, 8890490000000, 300000000, 300000000, 0}}},
    {"mark price, index and funding", "binance:usdm",
     "{\"e\":\"markPriceUpdate\",\"E\":1791269856000,\"s\":\"BTCUSDT\",\"p\":\"85296.60260870\",\"ap\":\"85296.60260870\",\"P\":\"85321.91711993\",\"i\":"
     "\"85345.93826087\",\"r\":\"-0.00000523\",\"T\":1791273600000,\"st\":1}",
     "markPriceUpdate", {{MR_EVENT_MARK, C, 1791269856000, 0, 8529660260870, 0, 0, -8}, {MR_EVENT_INDEX, C, 1791269856000, 0, 8534593826087, 0, 0, -8},
      {MR_EVENT_FUNDING, C, 1791269856000, 0, -523, 0, 1791273600000 * MS, -8}}},
    {"a dated future has no funding", "binance:usdm",
     "{\"e\":\"markPriceUpdate\",\"E\":4,\"s\":\"BTCUSDT_270326\",\"p\":\"85.5\",\"i\":\"85.0\",\"P\":\"1\",\"r\":\"\",\"T\":0}",
     "markPriceUpdate", {{MR_EVENT_MARK, C, 4, 0, 855, 0, 0, -1}, {MR_EVENT_INDEX, C, 4, 0, 850, 0, 0, -1}}},
    {"a sell order liquidates a long", "binance:usdm",
     "{\"stream\":\"!forceOrder@arr\",\"data\":{\"e\":\"forceOrder\",\"E\":1791391083124,\"o\":{\"s\":\"ILVUSDT\",\"S\":\"SELL\",\"o\":\"LIMIT\",\"f\":\"IOC\","
     "\"q\":\"116.5\",\"p\":\"3.80300\",\"ap\":\"3.85642\",\"X\":\"FILLED\",\"l\":\"25.2\",\"z\":\"116.5\",\"T\":1791391082119,\"ps\":\"ILVUSDT\",\"st\":1}}}",
     "forceOrder", {{MR_EVENT_LIQUIDATION, C, 1791391082119, 0, 385642000, 11650000000, 449272930, 0}}},
    {"a buy order liquidates a short", "binance:usdm",
     "{\"e\":\"forceOrder\",\"E\":3,\"o\":{\"s\":\"XRPUSDT\",\"S\":\"BUY\",\"o\":\"LIMIT\",\"f\":\"IOC\",\"q\":\"127.2\",\"p\":\"1.4984\",\"ap\":\"1.4912\",\"X\":"
     "\"FILLED\",\"l\":\"108.1\",\"z\":\"100\",\"T\":2}}",
     "forceOrder", {{MR_EVENT_LIQUIDATION, C | MR_FLAG_SELL, 2, 0, 149120000, 10000000000, 149120000, 0}}},
    {"without an average price, limit and quantity stand in", "binance:usdm",
     "{\"e\":\"forceOrder\",\"E\":3,\"o\":{\"s\":\"XRPUSDT\",\"S\":\"BUY\",\"q\":\"127.2\",\"p\":\"1.5\",\"ap\":\"0.0\",\"z\":\"0\",\"T\":2}}",
     "forceOrder", {{MR_EVENT_LIQUIDATION, C | MR_FLAG_SELL, 2, 0, 150000000, 12720000000, 190800000, 0}}},
    {"COIN-M in the merged stream is dropped and counted", "binance:usdm",
     "{\"e\":\"forceOrder\",\"E\":3,\"o\":{\"s\":\"ADAUSD_PERP\",\"S\":\"BUY\",\"q\":\"1\",\"p\":\"1\",\"ap\":\"1\",\"z\":\"1\",\"T\":2,\"st\":2}}",
     "COIN-M, dropped", {{0}}},
    {"so are its tickers", "binance:usdm",
     "{\"e\":\"bookTicker\",\"u\":1,\"s\":\"ADAUSD_PERP\",\"b\":\"1\",\"B\":\"1\",\"a\":\"2\",\"A\":\"1\",\"T\":1,\"E\":1,\"st\":2}", "COIN-M, dropped", {{0}}},
    {"a day's statistics are understood", "binance:usdm",
     "{\"e\":\"24hrMiniTicker\",\"E\":1640248670092,\"s\":\"BTCUSD_220325\",\"ps\":\"BTCUSD\",\"c\":\"49461.1\",\"o\":\"50769.1\",\"h\":\"5\",\"l\":\"4\",\"v\":\"1\",\"q\":\"3\"}",
     "24hrMiniTicker", {{0}}},
    {"the full ticker too", "binance:spot",
     "{\"e\":\"24hrTicker\",\"E\":1,\"s\":\"BTCUSDT\",\"p\":\"1\",\"P\":\"2\",\"w\":\"1\",\"c\":\"1\",\"Q\":\"1\",\"o\":\"1\",\"h\":\"1\",\"l\":\"1\",\"v\":\"1\",\"q\":\"1\",\"O\":1,"
     "\"C\":2,\"F\":3,\"L\":4,\"n\":5}",
     "24hrTicker", {{0}}},
    {"an array of tickers", "binance:usdm", "[{\"e\":\"24hrTicker\",\"s\":\"A\"},{\"e\":\"24hrTicker\",\"s\":\"B\"}]", "24hrTicker", {{0}}},
    {"a contract that is settling is halted", "binance:usdm",
     "{\"e\":\"contractInfo\",\"E\":6,\"s\":\"BTCUSDT\",\"ps\":\"BTCUSDT\",\"ct\":\"PERPETUAL\",\"dt\":4133404800000,\"ot\":1,\"cs\":\"SETTLING\",\"bks\":[{\"bs\":1}],\"st\":1}",
     "contractInfo", {{MR_EVENT_STATUS, C, 6, 0, MR_STATUS_HALTED, 0, 0, 0}}},
    {"a trading one is live", "binance:usdm", "{\"e\":\"contractInfo\",\"E\":6,\"s\":\"BTCUSDT\",\"cs\":\"TRADING\"}", "contractInfo",
     {{MR_EVENT_STATUS, C, 6, 0, MR_STATUS_LIVE, 0, 0, 0}}},
    {"a contract nobody follows is no event", "binance:usdm", "{\"e\":\"contractInfo\",\"E\":6,\"s\":\"NEWUSDT\",\"cs\":\"TRADING\"}", "contractInfo", {{0}}},
    {"the venue is going down", "binance:spot", "{\"stream\":\"!serverShutdown\",\"data\":{\"e\":\"serverShutdown\",\"E\":1770000000000}}", "serverShutdown",
     {{MR_EVENT_STATUS, 0, 1770000000000, 0, MR_STATUS_VENUE_NOTICE, 0, 0, 0}}},
    {"an acknowledgement", "binance:usdm", "{\"result\":null,\"id\":1}", "subscribe ack", {{0}}},
    {"a list of subscriptions", "binance:usdm", "{\"result\":[\"btcusdt@aggTrade\"],\"id\":\"a3\"}", "subscribe ack", {{0}}},
    {"an error", "binance:usdm", "{\"code\":2,\"msg\":\"Invalid request: unknown variant\",\"id\":9}", "error", {{0}}},
    {"an error of today's form", "binance:spot", "{\"error\":{\"code\":2,\"msg\":\"Invalid\"},\"id\":9}", "error", {{0}}},
};
/* clang-format on */

static void check_event(const char *says, const struct mr_event *ev, const struct want *w, bool first, bool last)
{
    int flags =
        w->flags | MR_CLOCK_KERNEL << MR_FLAG_CLOCK_SHIFT | (first ? MR_FLAG_FIRST : 0) | (last ? MR_FLAG_LAST : 0);
    if (ev->kind != w->kind || (int)ev->flags != flags || ev->venue_ns != w->venue_ms * MS || ev->seq != w->seq ||
        ev->price != w->price || ev->size != w->size || ev->aux != w->aux || ev->exponent != w->exponent ||
        ev->recv_ns != 7 || ev->connection != 3 || ev->spare != 0 || ev->decode_delta_ns != 0)
        fail_msg("%s: kind %d flags %x venue %lld seq %llu price %lld size %lld aux %lld exponent %d", says, ev->kind,
                 ev->flags, (long long)ev->venue_ns, (unsigned long long)ev->seq, (long long)ev->price,
                 (long long)ev->size, (long long)ev->aux, ev->exponent);
}

static void every_kind_becomes_its_events(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(singles); i++) {
        struct rig rig;
        rig_open(&rig, singles[i].product, 0, MR_KERNEL_SCALAR);
        mr_instruments_add_bare(rig.table, rig.dec.venue->id, rig.dec.product, mr_span_of("BTCUSDT"));
        int n = rig_decode(&rig, singles[i].text), want = 0;
        while (want < 3 && singles[i].events[want].kind)
            want++;
        if (n != want)
            fail_msg("%s: %d slots or %s (%s)", singles[i].says, n, mr_status_name(n), rig.dec.error_field);
        assert_int_equal(rig_count(&rig, singles[i].kind), 1);
        for (int e = 0; e < n; e++) {
            const struct mr_event *ev = &rig.out[e].event;
            check_event(singles[i].says, ev, &singles[i].events[e], e == 0, e == n - 1);
            assert_string_equal(rig.dec.venue->kinds[ev->source].name, singles[i].kind);
        }
        rig_close(&rig);
    }
}

static void listed(struct rig *rig, const char *symbol)
{
    struct mr_instrument it = {
        .venue = rig->dec.venue->id, .product = rig->dec.product, .symbol_len = (uint8_t)strlen(symbol)};
    memcpy(it.symbol, symbol, strlen(symbol));
    memcpy(it.quote, "USDT", 4);
    assert_int_equal(mr_instrument_scales(&it, mr_span_of("0.10"), mr_span_of("0.001")), MR_OK);
    assert_true(mr_instruments_add(rig->table, &it) >= 0);
}

static void cautions_have_their_own_reasons(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *text; int flags; } cases[] = {
        {"{\"e\":\"trade\",\"T\":2,\"s\":\"BTCUSDT\",\"t\":1,\"p\":\"1\",\"q\":\"1\",\"X\":\"MARKET\",\"m\":false}", 0},
        {"{\"e\":\"trade\",\"T\":2,\"s\":\"BTCUSDT\",\"t\":1,\"p\":\"1\",\"q\":\"1\",\"X\":\"NA\",\"m\":false}", MR_FLAG_CAUTION},
        {"{\"e\":\"forceOrder\",\"o\":{\"s\":\"BTCUSDT\",\"S\":\"BUY\",\"q\":\"2\",\"p\":\"1\",\"ap\":\"3\",\"z\":\"1\",\"T\":2}}", 0},
        {"{\"e\":\"forceOrder\",\"o\":{\"s\":\"BTCUSDT\",\"S\":\"BUY\",\"q\":\"2\",\"p\":\"1\",\"ap\":\"0\",\"z\":\"0\",\"T\":2}}", MR_FLAG_CAUTION},
        {"{\"e\":\"forceOrder\",\"o\":{\"s\":\"BTCUSDT\",\"S\":\"BUY\",\"q\":\"2\",\"p\":\"1\",\"T\":2}}", MR_FLAG_CAUTION},
    };
    /* clang-format on */
    struct rig rig;
    rig_open(&rig, "binance:usdm", 0, MR_KERNEL_SCALAR);
    listed(&rig, "BTCUSDT");
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        assert_int_equal(rig_decode(&rig, cases[i].text), 1);
        assert_int_equal(rig.out->event.flags & MR_FLAG_CAUTION, cases[i].flags);
    }
    rig_close(&rig);
}

/* ---- books ---- */

struct want_book {
    int kind, flags, book_flags;
    int64_t venue_ms;
    uint64_t seq, first, previous;
    int bids, asks;
    struct mr_level levels[5];
};

#define E8(n) ((int64_t)((n)*1000) * 100000)
static const struct {
    const char *says, *product, *text, *url, *kind;
    struct want_book want;
    /* clang-format off */
} books[] = {
    {"best bid and ask, 2026", "binance:usdm",
     "{\"e\":\"bookTicker\",\"u\":11730346419457,\"s\":\"BTCUSDT\",\"ps\":\"BTCUSDT\",\"b\":\"84788.20\",\"B\":\"5.923\",\"a\":\"84788.30\",\"A\":\"2.824\",\"T\":"
     "1791091007473,\"E\":1791091007479,\"st\":1}",
     NULL, "bookTicker",
     {MR_EVENT_BBO, 0, 0, 1791091007473, 11730346419457, 11730346419457, 0, 1, 1, {{8478820000000, 592300000}, {8478830000000, 282400000}}}},
    {"spot's has neither kind nor time", "binance:spot",
     "{\"u\":400900217,\"s\":\"BTCUSDT\",\"b\":\"25.35\",\"B\":\"31.21\",\"a\":\"25.36\",\"A\":\"40.66\"}", NULL, "bookTicker",
     {MR_EVENT_BBO, 0, 0, 0, 400900217, 400900217, 0, 1, 1, {{2535000000, 3121000000}, {2536000000, 4066000000}}}},
    {"an event time serves where there is no other", "binance:usdm",
     "{\"e\":\"bookTicker\",\"u\":4,\"s\":\"BTCUSDT\",\"b\":\"1\",\"B\":\"0\",\"a\":\"2\",\"A\":\"3\",\"E\":8}", NULL, "bookTicker",
     {MR_EVENT_BBO, 0, 0, 8, 4, 4, 0, 1, 1, {{E8(1), 0}, {E8(2), E8(3)}}}},
    {"a diff, three bids and two asks", "binance:usdm",
     "{\"stream\":\"btcusdt@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":1786742884159,\"T\":1786742884158,\"s\":\"BTCUSDT\",\"ps\":\"BTCUSDT\",\"U\":"
     "11289273841677,\"u\":11289273848795,\"pu\":11289273841549,\"b\":[[\"1878.49\",\"4.477\"],[\"1353.77\",\"0.000\"],[\"1\",\"2\"]],\"a\":[[\"1879.1\",\"0.035\"],"
     "[\"1880\",\"7\"]],\"st\":1}}",
     NULL, "depthUpdate",
     {MR_EVENT_BOOK, 0, 0, 1786742884158, 11289273848795, 11289273841677, 11289273841549, 3, 2,
      {{187849000000, 447700000}, {135377000000, 0}, {E8(1), E8(2)}, {187910000000, 3500000}, {E8(1880), E8(7)}}}},
    {"spot: no T, no pu, no bids", "binance:spot",
     "{\"e\":\"depthUpdate\",\"E\":1633998513068,\"s\":\"BTCUSDT\",\"U\":499869760,\"u\":499869761,\"b\":[],\"a\":[[\"0.35380000\",\"3027.00000000\"]]}", NULL,
     "depthUpdate", {MR_EVENT_BOOK, 0, 0, 1633998513068, 499869761, 499869760, 0, 0, 1, {{35380000, 302700000000}}}},
    {"blanks and another order go the long way", "binance:usdm",
     "{\"a\" : [ [ \"2\" , \"3\" , [ ] ] ] , \"b\":[[1,2]],\"pu\":1,\"u\":3,\"U\":2,\"s\":\"BTCUSDT\",\"T\":9,\"E\":10,\"e\":\"depthUpdate\"}", NULL, "depthUpdate",
     {MR_EVENT_BOOK, 0, 0, 9, 3, 2, 1, 1, 1, {{E8(1), E8(2)}, {E8(2), E8(3)}}}},
    {"a partial book is an image", "binance:usdm",
     "{\"stream\":\"btcusdt@depth20@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":5,\"T\":4,\"s\":\"BTCUSDT\",\"U\":2,\"u\":3,\"pu\":1,\"b\":[[\"1\",\"2\"]],\"a\":[[\"2\",\"3\"]]}}",
     NULL, "partial depth", {MR_EVENT_BOOK, MR_FLAG_SNAPSHOT, MR_BOOK_PARTIAL, 4, 3, 2, 1, 1, 1, {{E8(1), E8(2)}, {E8(2), E8(3)}}}},
    {"spot's partial book names its symbol in the stream", "binance:spot",
     "{\"stream\":\"btcusdt@depth5\",\"data\":{\"lastUpdateId\":160,\"bids\":[[\"1\",\"2\"]],\"asks\":[[\"2\",\"3\"]]}}", NULL, "partial depth",
     {MR_EVENT_BOOK, MR_FLAG_SNAPSHOT, MR_BOOK_PARTIAL, 0, 160, 160, 0, 1, 1, {{E8(1), E8(2)}, {E8(2), E8(3)}}}},
    {"a snapshot by REST", "binance:usdm", "{\"lastUpdateId\":10,\"E\":9,\"T\":8,\"bids\":[[\"1\",\"2\"]],\"asks\":[[\"2\",\"3\"],[\"4\",\"5\"]]}",
     "https://fapi.binance.com/fapi/v1/depth?symbol=BTCUSDT&limit=1000", "REST depth",
     {MR_EVENT_BOOK, MR_FLAG_SNAPSHOT, 0, 8, 10, 10, 0, 1, 2, {{E8(1), E8(2)}, {E8(2), E8(3)}, {E8(4), E8(5)}}}},
    {"spot's, re-printed with blanks", "binance:spot", "{\"lastUpdateId\": 10, \"bids\": [[\"1\", \"2\"]], \"asks\": []}",
     "/api/v3/depth?limit=5000&symbol=BTCUSDT", "REST depth", {MR_EVENT_BOOK, MR_FLAG_SNAPSHOT, 0, 0, 10, 10, 0, 1, 0, {{E8(1), E8(2)}}}},
};
/* clang-format on */

static void books_come_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(books); i++) {
        const struct want_book *w = &books[i].want;
        struct rig rig;
        rig_open(&rig, books[i].product, 0, MR_KERNEL_SCALAR);
        listed(&rig, "BTCUSDT");
        memset(rig.out, 0xaa, 8 * sizeof *rig.out);
        int n = books[i].url ? rig_rest(&rig, books[i].url, (const uint8_t *)books[i].text, strlen(books[i].text))
                             : rig_decode(&rig, books[i].text);
        if (n != 1 + (w->bids + w->asks + 3) / 4)
            fail_msg("%s: %d slots or %s (%s)", books[i].says, n, mr_status_name(n), rig.dec.error_field);
        const struct mr_book_head *h = &rig.out->book;
        assert_string_equal(rig.dec.venue->kinds[h->source].name, books[i].kind);
        assert_int_equal(h->kind, w->kind);
        assert_int_equal(h->flags, w->flags | MR_FLAG_FIRST | MR_FLAG_LAST | MR_CLOCK_KERNEL << MR_FLAG_CLOCK_SHIFT);
        assert_int_equal(h->book_flags, w->book_flags);
        assert_int_equal(h->venue_ns, w->venue_ms * MS);
        assert_int_equal(h->seq, w->seq);
        assert_int_equal(h->first_seq, w->first);
        assert_int_equal(h->prev_seq, w->previous);
        assert_int_equal(h->bid_count, w->bids);
        assert_int_equal(h->ask_count, w->asks);
        assert_int_equal(h->recv_ns, 7);
        assert_int_equal(h->checksum, 0);
        for (int l = 0; l < (n - 1) * 4; l++) { /* the tail of the last slot is zero */
            assert_int_equal(mr_event_levels(rig.out)[l].price, l < w->bids + w->asks ? w->levels[l].price : 0);
            assert_int_equal(mr_event_levels(rig.out)[l].size, l < w->bids + w->asks ? w->levels[l].size : 0);
        }
        rig_close(&rig);
    }
}

static void a_candle_has_all_its_fields(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, "binance:usdm", 0, MR_KERNEL_SCALAR);
    assert_int_equal(rig_decode(&rig, "{\"e\":\"kline\",\"E\":1626992745000,\"s\":\"SUSHIUSDT\",\"k\":{\"t\":"
                                      "1626992700000,\"T\":1626992759999,\"s\":\"SUSHIUSDT\",\"i\":\"3m\",\"f\":1,"
                                      "\"L\":9,\"o\":\"7.5\",\"c\":\"7.6\",\"h\":\"7.9\",\"l\":\"7.1\",\"v\":\"120\","
                                      "\"n\":42,\"x\":true,\"q\":\"900\",\"V\":\"1\",\"Q\":\"2\",\"B\":\"0\"}}"),
                     2);
    const struct mr_event *ev = &rig.out[0].event;
    const struct mr_candle *c = &rig.out[1].candle;
    assert_int_equal(ev->kind, MR_EVENT_CANDLE);
    assert_int_equal(ev->venue_ns, 1626992745000 * MS);
    assert_int_equal(ev->price, 760000000);
    assert_int_equal(ev->size, 12000000000);
    assert_int_equal(c->open, 750000000);
    assert_int_equal(c->high, 790000000);
    assert_int_equal(c->low, 710000000);
    assert_int_equal(c->close, 760000000);
    assert_int_equal(c->volume, 12000000000);
    assert_int_equal(c->open_ns, 1626992700000 * MS);
    assert_int_equal(c->interval_s, 180);
    assert_int_equal(c->trades, 42);
    assert_int_equal(c->closed, 1);
    rig_close(&rig);
}

static void arrays_of_all_symbols_keep_the_known_ones(void **state)
{
    (void)state;
    static const char text[] =
        "{\"stream\":\"!markPrice@arr@1s\",\"data\":[{\"e\":\"markPriceUpdate\",\"E\":1,\"s\":\"AAAUSDT\",\"p\":\"1\","
        "\"i\":\"1\",\"r\":\"0\",\"T\":2},"
        "{\"e\":\"markPriceUpdate\",\"E\":1,\"s\":\"BTCUSDT\",\"p\":\"5\",\"i\":\"6\",\"r\":\"0.1\",\"T\":2},"
        "{\"e\":\"markPriceUpdate\",\"E\":1,\"s\":\"ETHUSDT\",\"p\":\"7\",\"i\":\"8\",\"r\":\"0.2\",\"T\":2}]}";
    struct rig rig;
    struct mr_frame frame = rig_frame(text, sizeof text - 1);
    rig_open(&rig, "binance:usdm", 0, MR_KERNEL_SCALAR);
    assert_int_equal(mr_decode(&rig.dec, &frame, rig.out, MR_DECODE_SLOTS), MR_E_SYMBOL); /* none is known: say one */
    assert_true(mr_span_eq(rig.dec.name, "AAAUSDT"));
    listed(&rig, "BTCUSDT");
    listed(&rig, "ETHUSDT");
    assert_int_equal(mr_decode(&rig.dec, &frame, rig.out, MR_DECODE_SLOTS), 6);
    assert_int_equal(rig.dec.passed_over, 1);
    assert_int_equal(rig.out[0].event.flags & (MR_FLAG_FIRST | MR_FLAG_LAST), MR_FLAG_FIRST);
    assert_int_equal(rig.out[3].event.kind, MR_EVENT_MARK);
    assert_int_equal(rig.out[3].event.price, 7);
    assert_int_equal(rig.out[3].event.instrument, 1);
    assert_int_equal(rig.out[5].event.flags & (MR_FLAG_FIRST | MR_FLAG_LAST), MR_FLAG_LAST);
    assert_int_equal(mr_decode(&rig.dec, &frame, rig.out, 5), MR_E_FULL);
    rig_close(&rig);
}

static void rest_lists_fill_the_table(void **state)
{
    (void)state;
    static const char usdm[] = "{\"symbols\":[{\"symbol\":\"BTCUSDT\",\"status\":\"TRADING\",\"contractType\":"
                               "\"PERPETUAL\",\"baseAsset\":\"BTC\",\"quoteAsset\":\"USDT\",\"filters\":[{\"tickSize\":"
                               "\"0.10\",\"filterType\":\"PRICE_FILTER\"},{\"filterType\":\"LOT_SIZE\",\"stepSize\":"
                               "\"0.001\"},{\"filterType\":\"MARKET_LOT_SIZE\",\"stepSize\":\"0.5\"}]},"
                               "{\"symbol\":\"1000PEPEUSDT_270326\",\"status\":\"SETTLING\",\"contractType\":\"CURRENT_"
                               "QUARTER\",\"baseAsset\":\"1000PEPE\",\"quoteAsset\":\"USDT\",\"filters\":[]}]}";
    static const char spot[] =
        "{\"symbols\":[{\"symbol\":\"ETHBTC\",\"status\":\"TRADING\",\"baseAsset\":\"ETH\",\"quoteAsset\":\"BTC\","
        "\"filters\":[{\"filterType\":\"PRICE_FILTER\","
        "\"tickSize\":\"0.00001000\"},{\"filterType\":\"LOT_SIZE\",\"stepSize\":\"0.00010000\"}]}]}";
    struct rig rig;
    rig_open(&rig, "binance:usdm", 0, MR_KERNEL_SCALAR);
    assert_int_equal(
        rig_rest(&rig, "https://fapi.binance.com/fapi/v1/exchangeInfo", (const uint8_t *)usdm, sizeof usdm - 1), 0);
    const struct mr_instrument *it = mr_instruments_get(rig.table, 0);
    assert_int_equal(it->type, MR_TYPE_PERPETUAL);
    assert_int_equal(it->flags, MR_INSTRUMENT_QUOTE_USD);
    assert_int_equal(it->tick, 10000000);
    assert_int_equal(it->lot, 100000);
    assert_int_equal(it->tick_decimals, 2);
    it = mr_instruments_get(rig.table, 1);
    assert_int_equal(it->type, MR_TYPE_FUTURE);
    assert_int_equal(it->flags, MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_HALTED | MR_INSTRUMENT_NO_METADATA);
    assert_string_equal(mr_instruments_underlying_name(rig.table, it->underlying), "PEPE");
    rig_close(&rig);

    rig_open(&rig, "binance:spot", 0, MR_KERNEL_SCALAR);
    assert_int_equal(rig_rest(&rig, "/api/v3/exchangeInfo", (const uint8_t *)spot, sizeof spot - 1), 0);
    it = mr_instruments_get(rig.table, 0);
    assert_int_equal(it->type, MR_TYPE_SPOT);
    assert_string_equal(it->base, "ETH");
    assert_string_equal(it->quote, "BTC");
    assert_int_equal(it->flags, 0);
    rig_close(&rig);
}

static void polled_values_become_events(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *url, *body; struct want events[3]; int slots; } cases[] = {
        {"/fapi/v1/openInterest?symbol=BTCUSDT", "{\"openInterest\":\"10659.509\",\"symbol\":\"BTCUSDT\",\"time\":1589437530011}",
         {{MR_EVENT_OPEN_INTEREST, 0, 1589437530011, 0, 10659509, MR_OI_BASE, 0, -3}}, 1},
        {"/fapi/v1/premiumIndex", "[{\"symbol\":\"XYZUSDT\",\"markPrice\":\"1\",\"time\":1},{\"symbol\":\"BTCUSDT\",\"markPrice\":\"11793.63104562\",\"indexPrice\":\"11781.80495970\","
         "\"estimatedSettlePrice\":\"1\",\"lastFundingRate\":\"0.00038246\",\"interestRate\":\"0.0001\",\"nextFundingTime\":1597392000000,\"time\":1597370495002}]",
         {{MR_EVENT_MARK, 0, 1597370495002, 0, 1179363104562, 0, 0, -8}, {MR_EVENT_INDEX, 0, 1597370495002, 0, 1178180495970, 0, 0, -8},
          {MR_EVENT_FUNDING, 0, 1597370495002, 0, 38246, 0, 1597392000000 * MS, -8}}, 3},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct rig rig;
        rig_open(&rig, "binance:usdm", 0, MR_KERNEL_SCALAR);
        listed(&rig, "BTCUSDT");
        assert_int_equal(rig_rest(&rig, cases[i].url, (const uint8_t *)cases[i].body, strlen(cases[i].body)),
                         cases[i].slots);
        for (int e = 0; e < cases[i].slots; e++)
            check_event(cases[i].url, &rig.out[e].event, &cases[i].events[e], e == 0, e == cases[i].slots - 1);
        rig_close(&rig);
    }
}

/* ---- refusals ---- */

/* clang-format off */
static const struct { const char *says, *text; int want; } refused[] = {
    {"empty", "", MR_E_TRUNCATED},
    {"cut inside a string", "{\"e\":\"aggTr", MR_E_TRUNCATED},
    {"cut inside the wrapper", "{\"stream\":\"x\",\"data\":{\"e\":\"aggTrade\"}", MR_E_TRUNCATED},
    {"something behind", "{\"result\":null,\"id\":1}x", MR_E_MALFORMED},
    {"something behind an array", "[{\"e\":\"24hrTicker\"}]]", MR_E_MALFORMED},
    {"a size with two points", "{\"e\":\"aggTrade\",\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"1\",\"q\":\"1..2\",\"T\":1,\"m\":true}", MR_E_MALFORMED},
    {"a price with a leading zero", "{\"e\":\"aggTrade\",\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"01\",\"q\":\"1\",\"T\":1,\"m\":true}", MR_E_MALFORMED},
    {"an empty price", "{\"e\":\"aggTrade\",\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"\",\"q\":\"1\",\"T\":1,\"m\":true}", MR_E_MALFORMED},
    {"nine decimals at scale 8", "{\"e\":\"aggTrade\",\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"0.000000001\",\"q\":\"1\",\"T\":1,\"m\":true}", MR_E_INEXACT},
    {"a price beyond 63 bits", "{\"e\":\"aggTrade\",\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"92233720369\",\"q\":\"1\",\"T\":1,\"m\":true}", MR_E_OVERFLOW},
    {"a notional beyond 63 bits", "{\"e\":\"aggTrade\",\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"90000000000\",\"q\":\"90000000000\",\"T\":1,\"m\":true}", MR_E_OVERFLOW},
    {"a time beyond the year 2262", "{\"e\":\"aggTrade\",\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"1\",\"q\":\"1\",\"T\":9999999999999,\"m\":true}", MR_E_OVERFLOW},
    {"a negative size", "{\"e\":\"aggTrade\",\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"1\",\"q\":\"-1\",\"T\":1,\"m\":true}", MR_E_RANGE},
    {"a negative id", "{\"e\":\"aggTrade\",\"a\":-1,\"s\":\"BTCUSDT\",\"p\":\"1\",\"q\":\"1\",\"T\":1,\"m\":true}", MR_E_MALFORMED},
    {"a price twice", "{\"e\":\"aggTrade\",\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"1\",\"p\":\"2\",\"q\":\"1\",\"T\":1,\"m\":true}", MR_E_MALFORMED},
    {"a longer name twice", "{\"e\":\"markPriceUpdate\",\"E\":1,\"s\":\"BTCUSDT\",\"p\":\"1\",\"st\":1,\"st\":2}", MR_E_MALFORMED},
    {"a stream twice", "{\"stream\":\"btcusdt@trade\",\"stream\":\"btcusdt@depth5\",\"data\":{\"e\":\"24hrTicker\"}}", MR_E_MALFORMED},
    {"data twice", "{\"stream\":\"btcusdt@trade\",\"data\":{\"e\":\"24hrTicker\"},\"data\":{\"e\":\"24hrTicker\"}}", MR_E_MALFORMED},
    {"data of no stream", "{\"data\":{\"e\":\"24hrTicker\"}}", MR_E_MISSING},
    {"a list of nothing", "{\"stream\":\"!markPrice@arr\",\"data\":[]}", MR_E_MISSING},
    {"a way of trading that is no string", "{\"e\":\"trade\",\"t\":1,\"s\":\"BTCUSDT\",\"p\":\"1\",\"q\":\"1\",\"T\":1,\"m\":true,\"X\":{}}", MR_E_TYPE},
    {"a market that is no number", "{\"e\":\"markPriceUpdate\",\"E\":1,\"s\":\"BTCUSDT\",\"p\":\"1\",\"st\":true}", MR_E_TYPE},
    {"no size", "{\"e\":\"aggTrade\",\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"1\",\"T\":1,\"m\":true}", MR_E_MISSING},
    {"no symbol", "{\"e\":\"aggTrade\",\"a\":1,\"p\":\"1\",\"q\":\"1\",\"T\":1,\"m\":true}", MR_E_MISSING},
    {"no side", "{\"e\":\"aggTrade\",\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"1\",\"q\":\"1\",\"T\":1}", MR_E_MISSING},
    {"no time", "{\"e\":\"aggTrade\",\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"1\",\"q\":\"1\",\"m\":true}", MR_E_MISSING},
    {"a side in quotes", "{\"e\":\"aggTrade\",\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"1\",\"q\":\"1\",\"T\":1,\"m\":\"true\"}", MR_E_TYPE},
    {"a side that is null", "{\"e\":\"aggTrade\",\"a\":1,\"s\":\"BTCUSDT\",\"p\":\"1\",\"q\":\"1\",\"T\":1,\"m\":null}", MR_E_TYPE},
    {"a symbol that is a number", "{\"e\":\"aggTrade\",\"a\":1,\"s\":7,\"p\":\"1\",\"q\":\"1\",\"T\":1,\"m\":true}", MR_E_TYPE},
    {"a kind that is a number", "{\"e\":7}", MR_E_TYPE},
    {"no object", "17", MR_E_TYPE},
    {"a kind of tomorrow", "{\"e\":\"teleport\",\"s\":\"BTCUSDT\"}", MR_E_UNKNOWN},
    {"no kind at all", "{\"hello\":\"world\"}", MR_E_UNKNOWN},
    {"one malformed element spoils the array", "[{\"e\":\"markPriceUpdate\",\"E\":1,\"s\":\"BTCUSDT\",\"p\":\"1.\"}]", MR_E_MALFORMED},
    {"a liquidation without its order", "{\"e\":\"forceOrder\",\"E\":1}", MR_E_MISSING},
    {"a liquidation with a third side", "{\"e\":\"forceOrder\",\"o\":{\"s\":\"BTCUSDT\",\"S\":\"HOLD\",\"q\":\"1\",\"p\":\"1\",\"T\":1}}", MR_E_RANGE},
    {"an order that is a string", "{\"e\":\"forceOrder\",\"o\":\"{}\"}", MR_E_TYPE},
    {"a candle that is a string", "{\"e\":\"kline\",\"E\":1,\"s\":\"BTCUSDT\",\"k\":\"{}\"}", MR_E_TYPE},
    {"sides that are strings", "{\"e\":\"depthUpdate\",\"E\":1,\"T\":1,\"s\":\"BTCUSDT\",\"U\":1,\"u\":1,\"pu\":1,\"b\":\"[]\",\"a\":\"[]\"}", MR_E_TYPE},
    {"sides of a partial book that are strings", "{\"stream\":\"btcusdt@depth5\",\"data\":{\"lastUpdateId\":1,\"bids\":\"[]\",\"asks\":\"[]\"}}", MR_E_TYPE},
    {"a wrapper around a string", "{\"stream\":\"x\",\"data\":\"{}\"}", MR_E_TYPE},
    {"an array of numbers", "[1,2]", MR_E_TYPE},
    {"a candle of no known interval", "{\"e\":\"kline\",\"E\":1,\"s\":\"BTCUSDT\",\"k\":{\"t\":1,\"i\":\"1y\",\"o\":\"1\",\"c\":\"1\",\"h\":\"1\",\"l\":\"1\",\"v\":\"1\",\"n\":1,\"x\":true}}",
     MR_E_RANGE},
    {"a diff without asks", "{\"e\":\"depthUpdate\",\"E\":1,\"T\":1,\"s\":\"BTCUSDT\",\"U\":1,\"u\":1,\"pu\":1,\"b\":[]}", MR_E_MISSING},
    {"a level without a size", "{\"e\":\"depthUpdate\",\"E\":1,\"T\":1,\"s\":\"BTCUSDT\",\"U\":1,\"u\":1,\"pu\":1,\"b\":[[\"1\"]],\"a\":[]}", MR_E_MISSING},
    {"a level with a negative size", "{\"e\":\"depthUpdate\",\"E\":1,\"T\":1,\"s\":\"BTCUSDT\",\"U\":1,\"u\":1,\"pu\":1,\"b\":[[\"1\",\"-2\"]],\"a\":[]}", MR_E_RANGE},
    {"a level that is not exact", "{\"e\":\"depthUpdate\",\"E\":1,\"T\":1,\"s\":\"BTCUSDT\",\"U\":1,\"u\":1,\"pu\":1,\"b\":[[\"1\",\"0.000000001\"]],\"a\":[]}", MR_E_INEXACT},
    {"levels that do not end", "{\"e\":\"depthUpdate\",\"E\":1,\"T\":1,\"s\":\"BTCUSDT\",\"U\":1,\"u\":1,\"pu\":1,\"b\":[[\"1\",\"2\"],\"a\":[]}", MR_E_MALFORMED},
    {"a diff with a tail", "{\"e\":\"depthUpdate\",\"E\":1,\"T\":1,\"s\":\"BTCUSDT\",\"U\":1,\"u\":1,\"pu\":1,\"b\":[],\"a\":[]}}", MR_E_MALFORMED},
};
/* clang-format on */

static void what_is_not_understood_is_refused_by_name(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, "binance:usdm", 64, mr_kernel_active());
    listed(&rig, "BTCUSDT");
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        struct mr_frame frame = rig_frame(refused[i].text, strlen(refused[i].text));
        int got = mr_decode(&rig.dec, &frame, rig.out, MR_DECODE_SLOTS);
        if (got != refused[i].want)
            fail_msg("%s: %d (%s), not %s; at %u, field %s", refused[i].says, got, mr_status_name(got),
                     mr_status_name(refused[i].want), rig.dec.error_at,
                     rig.dec.error_field ? rig.dec.error_field : "-");
        assert_true(rig.dec.error_at <= frame.len);
    }
    struct mr_frame frame = rig_frame("{\"e\":\"aggTrade\",\"s\":\"NOPE\"}", 27);
    assert_int_equal(mr_decode(&rig.dec, &frame, rig.out, MR_DECODE_SLOTS), MR_E_SYMBOL);
    assert_true(mr_span_eq(rig.dec.name, "NOPE"));
    for (size_t i = 0; i < MR_VENUE_KINDS_MAX; i++)
        assert_int_equal(rig.dec.messages[i], 0); /* only what was understood is counted */
    /* clang-format off */
    static const struct { const char *url, *body; int want; } bodies[] = {
        {"/fapi/v1/depth?symbol=BTCUSDT", "{\"code\":-1121,\"msg\":\"Invalid symbol.\"}", MR_E_MISSING},
        {"/fapi/v1/depth", "{\"lastUpdateId\":1,\"bids\":[],\"asks\":[]}", MR_E_MISSING},
        {"/fapi/v1/depth?symbol=BTCUSDT", "{\"lastUpdateId\":1,\"bids\":[],\"asks\":[]", MR_E_TRUNCATED},
        {"/fapi/v1/exchangeInfo", "{\"symbols\":[{\"status\":\"TRADING\"}]}", MR_E_MISSING},
        {"/fapi/v1/exchangeInfo", "[]", MR_E_TYPE},
        {"/fapi/v1/openInterest", "{\"symbol\":\"BTCUSDT\",\"time\":1}", MR_E_MISSING},
        {"/fapi/v1/time", "{\"serverTime\":1}", MR_E_UNKNOWN},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(bodies); i++)
        assert_int_equal(rig_rest(&rig, bodies[i].url, (const uint8_t *)bodies[i].body, strlen(bodies[i].body)),
                         bodies[i].want);
    rig_close(&rig);
}

static void venues_are_found_by_name(void **state)
{
    (void)state;
    const struct mr_venue *venue;
    uint8_t product;
    struct mr_err err;
    assert_int_equal(mr_venue_parse("binance:usdm", &venue, &product, &err), MR_OK);
    assert_ptr_equal(venue, mr_venue_by_name("binance"));
    assert_ptr_equal(venue, mr_venue_by_id(MR_VENUE_binance));
    assert_string_equal(venue->products[product].name, "usdm");
    assert_null(mr_venue_by_name("binanse"));
    assert_null(mr_venue_by_id(0));
    assert_null(mr_venue_by_id(MR_VENUE_ID_MAX));
    static const char *const wrong[] = {"binanse",       "binance", "binance:", "binance:coinm",
                                        "binance:usdm ", ":usdm",   ""};
    for (size_t i = 0; i < MR_COUNT_OF(wrong); i++) {
        assert_int_equal(mr_venue_parse(wrong[i], &venue, &product, &err), MR_E_UNKNOWN);
        assert_non_null(strstr(err.text, "known: binance:spot, binance:usdm"));
        assert_non_null(strstr(err.text, wrong[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_becomes_its_events),
        cmocka_unit_test(cautions_have_their_own_reasons),
        cmocka_unit_test(books_come_whole),
        cmocka_unit_test(a_candle_has_all_its_fields),
        cmocka_unit_test(arrays_of_all_symbols_keep_the_known_ones),
        cmocka_unit_test(rest_lists_fill_the_table),
        cmocka_unit_test(polled_values_become_events),
        cmocka_unit_test(what_is_not_understood_is_refused_by_name),
        cmocka_unit_test(venues_are_found_by_name),
    };
    return MR_TEST_MAIN(tests);
}
