/* Polymarket: each message kind by a hand-written message, refusals, and the recordings. */
#include "tests/codecs/venue/desk.h"

#define MARKET "0x5dac000000000000000000000000000000000000000000000000000000009233"
#define UP "10000000000000000000000000000000000000000000000000000000000000000000000000007"
#define DOWN "200000000000000000000000000000000000000000000000000000000000000000000000000008"
#define OTHER "30000000000000000000000000000000000000000000000000000000000000000000000000009"

static_assert(sizeof UP - 1 == 77 && sizeof DOWN - 1 == 78, "tokens have 77 or 78 digits");

#define HASH_A "924ec9bc1c6dd89f5db9b7b2b68cdab458cc2dc6"
#define HASH_B "f328c9bc1c6dd89f5db9b7b2b68cdab458cc178d"

static void stock(struct mr_desk *desk)
{
    mr_desk_add(desk, UP, "", "USDC", "0.001", "0.01", 0, 0, 0);
    mr_desk_add(desk, DOWN, "", "USDC", "0.001", "0.01", 0, 0, 0);
}

#define BOOK(id, rest)                                                                                                 \
    "{\"market\":\"" MARKET "\",\"asset_id\":\"" id "\",\"timestamp\":\"1786728432337\",\"hash\":\"" HASH_A "\"," rest \
    "\"event_type\":\"book\"}"
#define LEVEL(price, size) "{\"price\":\"" price "\",\"size\":\"" size "\"}"
#define SPACED(price, size) "{\"price\":\"" price "\", \"size\":\"" size "\"}"
#define CHANGE(id, price, size, side, hash, bid, ask)                                                                  \
    "{\"asset_id\":\"" id "\",\"price\":\"" price "\",\"size\":\"" size "\",\"side\":\"" side "\",\"hash\":\"" hash    \
    "\",\"best_bid\":\"" bid "\",\"best_ask\":\"" ask "\"}"
#define CHANGES(rows)                                                                                                  \
    "{\"market\":\"" MARKET "\",\"price_changes\":[" rows                                                              \
    "],\"timestamp\":\"1786728438403\",\"event_type\":\"price_change\"}"
#define TRADE(price, size, side, time)                                                                                 \
    "{\"market\":\"" MARKET "\",\"asset_id\":\"" UP "\",\"price\":\"" price "\",\"size\":\"" size                      \
    "\",\"fee_rate_bps\":\"0\",\"side\":\"" side "\",\"timestamp\":\"" time                                            \
    "\",\"event_type\":\"last_trade_price\",\"transaction_hash\":\"0x6c83" HASH_A "\"}"
#define BEST(bid, ask, spread, time)                                                                                   \
    "{\"market\":\"" MARKET "\",\"asset_id\":\"" UP "\",\"best_bid\":\"" bid "\",\"best_ask\":\"" ask                  \
    "\",\"spread\":\"" spread "\",\"timestamp\":\"" time "\",\"event_type\":\"best_bid_ask\"}"

static void books_and_their_changes(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"an image, worst to best as on the wire",
         BOOK(UP, "\"bids\":[" LEVEL("0.001", "2200.8") "," LEVEL("0.004", "100") "],\"asks\":[" LEVEL("0.999", "50") "," LEVEL("0.009", "25") "],"
              "\"tick_size\":\"0.001\",\"last_trade_price\":\"0.004\","),
         "book " UP " [0.001x2200.8 0.004x100 | 0.999x50 0.009x25] seq 1786728432337 state 924ec9bc @1786728432337 snapshot first last"},
        {"a refresh says neither tick nor last trade; blanks",
         "{\"asset_id\": \"" UP "\", \"bids\": [], \"asks\": [{\"size\": \"1\", \"price\": \"0.48\"}], \"hash\": \"" HASH_B "\", \"timestamp\": \"5\", \"event_type\": \"book\"}",
         "book " UP " [ | 0.48x1] seq 5 state f328c9bc @5 snapshot first last"},
        {"a blank behind each comma, the stamps in front",
         "{\"market\":\"" MARKET "\", \"asset_id\":\"" UP "\", \"timestamp\":\"1786728432337\", \"hash\":\"" HASH_A "\", \"bids\":[" SPACED("0.001", "2200.8") ", " SPACED("0.004", "100")
         "], \"asks\":[" SPACED("0.999", "50") "], \"event_type\":\"book\"}",
         "book " UP " [0.001x2200.8 0.004x100 | 0.999x50] seq 1786728432337 state 924ec9bc @1786728432337 snapshot first last"},
        {"the same, the stamps behind the levels",
         "{\"market\":\"" MARKET "\", \"asset_id\":\"" UP "\", \"bids\":[" SPACED("0.001", "2200.8") ", " SPACED("0.004", "100")
         "], \"asks\":[], \"hash\":\"" HASH_B "\", \"timestamp\":\"1786728432337\", \"event_type\":\"book\"}",
         "book " UP " [0.001x2200.8 0.004x100 | ] seq 1786728432337 state f328c9bc @1786728432337 snapshot first last"},
        {"blanks behind some commas only",
         "{\"market\":\"" MARKET "\", \"asset_id\":\"" UP "\",\"timestamp\":\"1786728432337\", \"hash\":\"" HASH_A "\", \"bids\":[" SPACED("0.001", "2200.8") "," LEVEL("0.004", "100")
         "], \"asks\":[" LEVEL("0.999", "50") "], \"event_type\":\"book\"}",
         "book " UP " [0.001x2200.8 0.004x100 | 0.999x50] seq 1786728432337 state 924ec9bc @1786728432337 snapshot first last"},
        {"changes with a blank behind each comma",
         "{\"market\":\"" MARKET "\", \"price_changes\":[{\"asset_id\":\"" UP "\", \"price\":\"0.06\", \"size\":\"374.34\", \"side\":\"BUY\", \"hash\":\"" HASH_A
         "\", \"best_bid\":\"0.07\", \"best_ask\":\"0.08\"}, {\"asset_id\":\"" DOWN "\", \"price\":\"0.94\", \"size\":\"0\", \"side\":\"SELL\", \"hash\":\"" HASH_B
         "\", \"best_bid\":\"0.92\", \"best_ask\":\"0.93\"}], \"timestamp\":\"1786728438403\", \"event_type\":\"price_change\"}",
         "book " UP " [0.06x374.34 | ] seq 1786728438403 touch 0.07/0.08 state 924ec9bc @1786728438403 first\n"
         "book " DOWN " [ | 0.94x0] seq 1786728438403 touch 0.92/0.93 state f328c9bc @1786728438403 last"},
        {"asks before bids", BOOK(UP, "\"asks\":[" LEVEL("0.9", "1") "],\"bids\":[" LEVEL("0.1", "2") "],"),
         "book " UP " [0.1x2 | 0.9x1] seq 1786728432337 state 924ec9bc @1786728432337 snapshot first last"},
        {"the dump: an array, a tick that is news", "[" BOOK(UP, "\"bids\":[],\"asks\":[],\"tick_size\":\"0.01\",") "," BOOK(DOWN, "\"bids\":[],\"asks\":[],") "]",
         "book " UP " [ | ] seq 1786728432337 state 924ec9bc @1786728432337 snapshot first\n"
         "status " UP " tick 0.01 was 0.001 @1786728432337\n"
         "book " DOWN " [ | ] seq 1786728432337 state 924ec9bc @1786728432337 snapshot last"},
        {"a dump of nothing", "[]", ""},
        {"both tokens of a market in one message",
         CHANGES(CHANGE(UP, "0.06", "374.34", "BUY", HASH_A, "0.07", "0.08") "," CHANGE(DOWN, "0.94", "0", "SELL", HASH_B, "0.92", "0.93")),
         "book " UP " [0.06x374.34 | ] seq 1786728438403 touch 0.07/0.08 state 924ec9bc @1786728438403 first\n"
         "book " DOWN " [ | 0.94x0] seq 1786728438403 touch 0.92/0.93 state f328c9bc @1786728438403 last"},
        {"nobody bids, nobody asks", CHANGES(CHANGE(UP, "0.5", "0", "BUY", HASH_A, "0", "1")),
         "book " UP " [0.5x0 | ] seq 1786728438403 touch 0/0 state 924ec9bc @1786728438403 first last"},
        {"best prices may be missing", CHANGES("{\"price\":\"0.5\",\"side\":\"SELL\",\"size\":\"1\",\"asset_id\":\"" UP "\"}"),
         "book " UP " [ | 0.5x1] seq 1786728438403 @1786728438403 first last"},
        {"until September 2025: one token, no best prices",
         "{\"asset_id\":\"" UP "\",\"changes\":[{\"price\":\"0.4\",\"side\":\"SELL\",\"size\":\"3300\"},{\"price\":\"0.5\",\"side\":\"BUY\",\"size\":\"7\"},"
         "{\"price\":\"0.6\",\"side\":\"SELL\",\"size\":\"0\"}],\"event_type\":\"price_change\",\"hash\":\"" HASH_B "\",\"market\":\"" MARKET "\",\"timestamp\":\"9\"}",
         "book " UP " [0.5x7 | 0.4x3300 0.6x0] seq 9 state f328c9bc @9 first last"},
        {"until 2024: buys and sells",
         "{\"event_type\":\"book\",\"asset_id\":\"" UP "\",\"market\":\"" MARKET "\",\"buys\":[" LEVEL("0.1", "1") "],\"sells\":[],\"timestamp\":\"9\",\"hash\":\"0xabc\"}",
         "book " UP " [0.1x1 | ] seq 9 state 00000abc @9 snapshot first last"},
    };
    /* clang-format on */
    mr_desk_expect("polymarket:clob", stock, cases, MR_COUNT_OF(cases));
}

static void trades_best_prices_and_notices(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"the side is the taker's", TRADE("0.585", "2.46", "SELL", "1786728467101"),
         "trade " UP " sell 2.46 at 0.585 worth 1.4391 seq 0 @1786728467101 first last"},
        {"six decimals are left of an order after a fill", TRADE("0.999", "10.820819", "BUY", "1786728467102"),
         "trade " UP " buy 10.820819 at 0.999 worth 10.809998 seq 0 @1786728467102 first last"},
        {"prices without sizes", BEST("0.585", "0.587", "0.002", "7"), "bbo " UP " [0.585x0.01 | 0.587x0.01] seq 7 nosizes @7 first last"},
        {"nobody on either side", BEST("0", "1", "1", "7"), "bbo " UP " [0x0 | 0x0] seq 7 nosizes @7 first last"},
        {"a tick changes", "{\"event_type\":\"tick_size_change\",\"asset_id\":\"" UP "\",\"market\":\"" MARKET "\",\"old_tick_size\":\"0.001\",\"new_tick_size\":\"0.01\",\"timestamp\":\"8\"}",
         "status " UP " tick 0.01 was 0.001 @8 first last"},
        {"to what it is already", "{\"event_type\":\"tick_size_change\",\"asset_id\":\"" UP "\",\"old_tick_size\":\"0.01\",\"new_tick_size\":\"0.001\",\"timestamp\":\"8\"}", ""},
        {"a market is decided: its tokens trade no more; others are none of ours",
         "{\"id\":\"1\",\"market\":\"" MARKET "\",\"assets_ids\":[\"" UP "\",\"" OTHER "\",\"" DOWN "\"],\"winning_asset_id\":\"" UP "\",\"winning_outcome\":\"Up\",\"timestamp\":\"8\",\"event_type\":\"market_resolved\"}",
         "status " UP " 3 @8 first\nstatus " DOWN " 3 @8 last"},
        {"a new market", "{\"id\":\"1\",\"question\":\"Up or \\\"down\\\"?\",\"market\":\"" MARKET "\",\"assets_ids\":[\"1\",\"2\"],\"outcomes\":[\"Up\",\"Down\"],\"timestamp\":\"8\",\"event_type\":\"new_market\"}", ""},
        {"several kinds in one frame", "[" BEST("0.5", "0.6", "0.1", "7") "," TRADE("0.6", "1", "BUY", "8") "]",
         "bbo " UP " [0.5x0.01 | 0.6x0.01] seq 7 nosizes @7 first\ntrade " UP " buy 1 at 0.6 worth 0.6 seq 0 @8 last"},
        {"the answer to PING", "PONG", ""},
        {"a refusal", "INVALID OPERATION", ""},
        {"an empty frame", "", ""},
    };
    /* clang-format on */
    mr_desk_expect("polymarket:clob", stock, cases, MR_COUNT_OF(cases));
}

static void each_message_of_an_array_is_counted_by_its_kind(void **state)
{
    static const char frame[] =
        "[" BEST("0.5", "0.6", "0.1", "7") "," TRADE("0.6", "1", "BUY", "8") "," BEST("0.5", "0.6", "0.1", "7") "]";
    struct mr_desk *desk = mr_desk_open("polymarket:clob", false);
    uint64_t best = 0, trades = 0, all = 0;
    (void)state;
    stock(desk);
    assert_int_equal(mr_desk_decode(desk, frame, sizeof frame - 1), 5);
    for (uint32_t i = 0; desk->dec.venue->kinds[i].name; i++) {
        uint64_t n = desk->dec.messages[i];
        best += strcmp(desk->dec.venue->kinds[i].name, "best_bid_ask") == 0 ? n : 0;
        trades += strcmp(desk->dec.venue->kinds[i].name, "last_trade_price") == 0 ? n : 0;
        all += n;
    }
    assert_int_equal(best, 2);
    assert_int_equal(trades, 1);
    assert_int_equal(all, 3);
    assert_string_equal(desk->dec.venue->kinds[desk->out[0].event.source].name, "best_bid_ask");
    assert_string_equal(desk->dec.venue->kinds[desk->out[2].event.source].name, "last_trade_price");
    mr_desk_close(desk);
}

/* Only one token of the pair is followed: its levels must come through. */
static void a_strangers_levels_are_passed_over_when_the_caller_adds_none(void **state)
{
    static const char both[] = CHANGES(CHANGE(OTHER, "0.06", "1", "BUY", HASH_A, "0.07",
                                              "0.08") "," CHANGE(DOWN, "0.94", "0", "SELL", HASH_B, "0.92", "0.93"));
    static const char neither[] = CHANGES(CHANGE(OTHER, "0.06", "1", "BUY", HASH_A, "0.07", "0.08"));
    struct mr_desk *desk = mr_desk_open("polymarket:clob", false);
    const struct mr_frame frame = {.data = (const uint8_t *)both, .len = sizeof both - 1};
    const struct mr_frame none = {.data = (const uint8_t *)neither, .len = sizeof neither - 1};
    (void)state;
    stock(desk);
    assert_int_equal(mr_decode(&desk->dec, &frame, desk->out, MR_DECODE_SLOTS), MR_E_SYMBOL);
    assert_true(mr_span_is(desk->dec.name, OTHER, sizeof OTHER - 1));
    desk->dec.skip_unknown = true;
    assert_int_equal(mr_decode(&desk->dec, &frame, desk->out, MR_DECODE_SLOTS), 2);
    assert_int_equal(desk->out[0].book.instrument, 1);
    assert_int_equal(desk->out[0].book.flags & (MR_FLAG_FIRST | MR_FLAG_LAST), MR_FLAG_FIRST | MR_FLAG_LAST);
    assert_int_equal(desk->dec.passed_over, 1);
    assert_int_equal(mr_decode(&desk->dec, &none, desk->out, MR_DECODE_SLOTS), MR_E_SYMBOL);
    mr_desk_close(desk);
}

static void best_prices_are_learnt(void **state)
{
    (void)state;
    static const char *const messages[] = {BEST("0.585", "0.587", "0.002", "1786728467101"),
                                           BEST("0.111", "0.222", "0.111", "1786728467102")};
    mr_desk_learns("polymarket:clob", stock, messages, MR_COUNT_OF(messages), 1);
}

#define PRICE(topic, payload)                                                                                          \
    "{\"connection_id\":\"gZexFa6cUWeIKEiTDA==\",\"payload\":{" payload                                                \
    "},\"timestamp\":1788600389154,\"topic\":\"" topic "\",\"type\":\"update\"}"

static void reference_prices(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_case cases[] = {
        {"Binance's, exact", PRICE("crypto_prices", "\"full_accuracy_value\":\"79697.73000000\",\"symbol\":\"btcusdt\",\"timestamp\":1788600389000,\"value\":79697.73"),
         "index btcusdt 79697.73 @1788600389000 caution first last"},
        {"as of 2025: for display only, another order", "{\"topic\":\"crypto_prices\",\"type\":\"update\",\"timestamp\":6,\"payload\":{\"symbol\":\"btcusdt\",\"timestamp\":5,\"value\":61164.12}}",
         "index btcusdt 61164.12 @5 caution first last"},
        {"Chainlink's, by 10^18", PRICE("crypto_prices_chainlink", "\"full_accuracy_value\":\"79696948174287960000000\",\"symbol\":\"btc/usd\",\"timestamp\":1788600388000,\"value\":79696.94817428796"),
         "index btc/usd 79696.94817428 and 7960000000 e-18 @1788600388000 caution first last"},
        {"an average: 23 digits, none lost", PRICE("crypto_prices_twap_thirty", "\"full_accuracy_value\":\"79697474565615044788224\",\"symbol\":\"btc/usd\",\"timestamp\":1788600388000,\"value\":79697.47456561505,\"window_s\":30"),
         "index btc/usd 79697.47456561 and 5044788224 e-18 over 30s @1788600388000 secondary caution first last"},
        {"over a minute, less than one", PRICE("crypto_prices_twap_sixty", "\"full_accuracy_value\":\"12\",\"symbol\":\"doge/usd\",\"timestamp\":5,\"value\":0.1,\"window_s\":60"),
         "index doge/usd 0 and 0000000012 e-18 over 60s @5 secondary caution first last"},
        {"a share", PRICE("equity_prices", "\"full_accuracy_value\":\"251.5\",\"received_at\":7,\"symbol\":\"aapl\",\"timestamp\":5,\"value\":251.5"),
         "index aapl 251.5 @5 caution first last"},
        {"the last minutes, on subscription", "{\"payload\":{\"data\":[{\"full_accuracy_value\":\"79696840994573453885440\",\"timestamp\":1788600329000,\"value\":79696.84099457346},"
         "{\"timestamp\":1788600330000,\"value\":79696.8}],\"symbol\":\"btc/usd\",\"window_s\":30},\"timestamp\":1788600388753,\"topic\":\"crypto_prices_twap_thirty\",\"type\":\"subscribe\"}",
         "index btc/usd 79696.84099457 and 3453885440 e-18 over 30s @1788600329000 snapshot secondary caution first\n"
         "index btc/usd 79696.8 over 30s @1788600330000 snapshot secondary caution last"},
        {"a trade, told once more; its time in seconds",
         "{\"topic\":\"activity\",\"type\":\"trades\",\"timestamp\":1,\"payload\":{\"asset\":\"" UP "\",\"name\":\"x \\u00e9\",\"price\":0.5,\"side\":\"BUY\",\"size\":3.25,\"timestamp\":1757000000,\"outcome\":\"Up\"}}",
         "trade " UP " buy 3.25 at 0.5 worth 1.625 seq 0 @1757000000000 secondary first last"},
        {"in milliseconds", "{\"topic\":\"activity\",\"type\":\"trades\",\"payload\":{\"asset\":\"" UP "\",\"price\":0.5,\"side\":\"SELL\",\"size\":1,\"timestamp\":1757000000123}}",
         "trade " UP " sell 1 at 0.5 worth 0.5 seq 0 @1757000000123 secondary first last"},
        {"matched orders are the same trades", "{\"topic\":\"activity\",\"type\":\"orders_matched\",\"payload\":{\"asset\":\"" UP "\"}}", ""},
        {"a comment", "{\"topic\":\"comments\",\"type\":\"comment_created\",\"timestamp\":1,\"payload\":{\"body\":\"up!\",\"id\":\"5\"}}", ""},
        {"what nobody asked for", "{\"topic\":\"clob_market\",\"type\":\"price_change\",\"payload\":{}}", ""},
        {"a topic that does not exist", "{\"body\":{\"message\":\"leger GetTopics error: topic: x not found\"},\"statusCode\":401}", ""},
        {"the gateway's own", "{\"message\":\"Internal server error\",\"connectionId\":\"a=\",\"requestId\":\"b=\"}", ""},
        {"the greeting: a frame without a byte", "", ""},
    };
    /* clang-format on */
    mr_desk_expect("polymarket:rtds", stock, cases, MR_COUNT_OF(cases));
}

#define MEMBER(fields) CHANGES("{\"asset_id\":\"" UP "\"," fields "}")
#define SMALL(kind, fields) "{\"asset_id\":\"" UP "\",\"timestamp\":\"1\"," fields ",\"event_type\":\"" kind "\"}"

static void what_is_wrong_is_refused_by_name(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct mr_desk_refusal cases[] = {
        {"no kind", "{\"asset_id\":\"" UP "\"}", MR_E_MISSING, "event_type"},
        {"a kind that is a number", "{\"event_type\":1}", MR_E_TYPE, "event_type"},
        {"a kind nobody knows", "{\"asset_id\":\"" UP "\",\"event_type\":\"gossip\"}", MR_E_UNKNOWN, "gossip"},
        {"our own names are not the wire's", "{\"event_type\":\"nothing\"}", MR_E_UNKNOWN, "nothing"},
        {"the kind twice", "{\"event_type\":\"book\",\"event_type\":\"book\"}", MR_E_MALFORMED, "event_type"},
        {"a book of nobody", "{\"bids\":[],\"asks\":[],\"timestamp\":\"1\",\"event_type\":\"book\"}", MR_E_MISSING, "asset_id"},
        {"a token that is a number", "{\"asset_id\":1,\"bids\":[],\"asks\":[],\"timestamp\":\"1\",\"event_type\":\"book\"}", MR_E_TYPE, "asset_id"},
        {"a token longer than any", "{\"asset_id\":\"" UP DOWN "\",\"bids\":[],\"asks\":[],\"timestamp\":\"1\",\"event_type\":\"book\"}", MR_E_RANGE, "asset_id"},
        {"a book without asks", SMALL("book", "\"bids\":[]"), MR_E_MISSING, "asks"},
        {"bids that are null", SMALL("book", "\"bids\":null,\"asks\":[]"), MR_E_MISSING, "bids"},
        {"bids that are an object", SMALL("book", "\"bids\":{},\"asks\":[]"), MR_E_TYPE, "bids"},
        {"a level without a size", SMALL("book", "\"bids\":[{\"price\":\"0.5\"}],\"asks\":[]"), MR_E_MISSING, "bids"},
        {"a level with Hyperliquid's names", SMALL("book", "\"bids\":[],\"asks\":[{\"px\":\"0.5\",\"sz\":\"1\"}]"), MR_E_MISSING, "asks"},
        {"a negative level", SMALL("book", "\"bids\":[],\"asks\":[{\"price\":\"-0.5\",\"size\":\"1\"}]"), MR_E_RANGE, "asks"},
        {"a price without a digit before the point", SMALL("book", "\"bids\":[{\"price\":\".5\",\"size\":\"1\"}],\"asks\":[]"), MR_E_MALFORMED, "bids"},
        {"a tick of nothing", SMALL("book", "\"bids\":[],\"asks\":[],\"tick_size\":\"0\""), MR_E_RANGE, "tick_size"},
        {"changes that are none", CHANGES(""), MR_OK, NULL},
        {"changes that are an object", "{\"price_changes\":{},\"timestamp\":\"1\",\"event_type\":\"price_change\"}", MR_E_TYPE, "price_changes"},
        {"no changes", "{\"timestamp\":\"1\",\"event_type\":\"price_change\"}", MR_E_MISSING, "price_changes"},
        {"a change without a time", "{\"price_changes\":[" CHANGE(UP, "0.1", "1", "BUY", HASH_A, "0.1", "0.2") "],\"event_type\":\"price_change\"}", MR_E_MISSING, "timestamp"},
        {"a change without a side", MEMBER("\"price\":\"0.1\",\"size\":\"1\""), MR_E_MISSING, "side"},
        {"a side in small letters", MEMBER("\"price\":\"0.1\",\"size\":\"1\",\"side\":\"buy\""), MR_E_RANGE, "side"},
        {"too many decimals", MEMBER("\"price\":\"0.1234567891\",\"size\":\"1\",\"side\":\"BUY\""), MR_E_INEXACT, "price"},
        {"a best price in words", MEMBER("\"price\":\"0.1\",\"size\":\"1\",\"side\":\"BUY\",\"best_bid\":\"low\",\"best_ask\":\"0.2\""), MR_E_MALFORMED, "best_bid"},
        {"a trade without a price", SMALL("last_trade_price", "\"size\":\"1\",\"side\":\"BUY\""), MR_E_MISSING, "price"},
        {"a trade of minus one", SMALL("last_trade_price", "\"size\":\"-1\",\"price\":\"0.1\",\"side\":\"BUY\""), MR_E_RANGE, "size"},
        {"best prices without an ask", SMALL("best_bid_ask", "\"best_bid\":\"0.1\""), MR_E_MISSING, "best_ask"},
        {"a tick change to nothing", SMALL("tick_size_change", "\"new_tick_size\":\"0\""), MR_E_RANGE, "tick_size"},
        {"decided, of nobody", SMALL("market_resolved", "\"winning_outcome\":\"Up\""), MR_E_MISSING, "assets_ids"},
        {"one bad message spoils its array", "[" BEST("0.5", "0.6", "0.1", "7") ",{\"event_type\":\"gossip\"}]", MR_E_UNKNOWN, "gossip"},
        {"an array in an array", "[[]]", MR_E_TYPE, NULL},
        {"a number", "7", MR_E_TYPE, NULL},
        {"cut", "{\"event_type\":\"boo", MR_E_TRUNCATED, NULL},
        {"half a pong", "PON", MR_E_MALFORMED, NULL},
    };
    static const struct mr_desk_refusal data[] = {
        {"no topic", "{\"type\":\"update\",\"payload\":{}}", MR_E_MISSING, "topic"},
        {"no type", "{\"topic\":\"crypto_prices\",\"payload\":{}}", MR_E_MISSING, "type"},
        {"a topic nobody knows", "{\"topic\":\"gossip\",\"type\":\"update\"}", MR_E_UNKNOWN, "gossip"},
        {"a type nobody knows", "{\"topic\":\"crypto_prices\",\"type\":\"gossip\",\"payload\":{}}", MR_E_UNKNOWN, "gossip"},
        {"no payload", "{\"topic\":\"crypto_prices\",\"type\":\"update\"}", MR_E_TYPE, "payload"},
        {"whose price", PRICE("crypto_prices", "\"timestamp\":1,\"value\":1"), MR_E_MISSING, "symbol"},
        {"no price", PRICE("crypto_prices", "\"symbol\":\"btcusdt\",\"timestamp\":1"), MR_E_MISSING, "value"},
        {"no time", PRICE("crypto_prices", "\"symbol\":\"btcusdt\",\"value\":1"), MR_E_MISSING, "timestamp"},
        {"less than nothing", PRICE("crypto_prices", "\"symbol\":\"btcusdt\",\"timestamp\":1,\"value\":-1"), MR_E_RANGE, "value"},
        {"10^18 with a point", PRICE("crypto_prices_chainlink", "\"full_accuracy_value\":\"1.5\",\"symbol\":\"btc/usd\",\"timestamp\":1,\"value\":1"), MR_E_MALFORMED, "full_accuracy_value"},
        {"with a leading zero", PRICE("crypto_prices_chainlink", "\"full_accuracy_value\":\"012\",\"symbol\":\"btc/usd\",\"timestamp\":1,\"value\":1"), MR_E_MALFORMED, "full_accuracy_value"},
        {"as a number", PRICE("crypto_prices_chainlink", "\"full_accuracy_value\":12,\"symbol\":\"btc/usd\",\"timestamp\":1,\"value\":1"), MR_E_TYPE, "full_accuracy_value"},
        {"beyond 64 bits of 10^-8", PRICE("crypto_prices_chainlink", "\"full_accuracy_value\":\"92233720368547758080000000000\",\"symbol\":\"btc/usd\",\"timestamp\":1,\"value\":1"), MR_E_OVERFLOW, "full_accuracy_value"},
        {"beyond 128 bits", PRICE("crypto_prices_chainlink", "\"full_accuracy_value\":\"9999999999999999999999999999999999999999\",\"symbol\":\"btc/usd\",\"timestamp\":1,\"value\":1"), MR_E_OVERFLOW, "full_accuracy_value"},
        {"a backlog without one", "{\"payload\":{\"symbol\":\"btc/usd\"},\"topic\":\"crypto_prices\",\"type\":\"subscribe\"}", MR_E_MISSING, "data"},
        {"a backlog of numbers", "{\"payload\":{\"data\":[1],\"symbol\":\"btc/usd\"},\"topic\":\"crypto_prices\",\"type\":\"subscribe\"}", MR_E_TYPE, NULL},
        {"a trade of nobody", "{\"topic\":\"activity\",\"type\":\"trades\",\"payload\":{\"price\":1}}", MR_E_MISSING, "asset"},
        {"a trade that is a list", "{\"topic\":\"activity\",\"type\":\"trades\",\"payload\":[]}", MR_E_TYPE, "payload"},
        {"prices come one by one here", "[]", MR_E_TYPE, NULL},
    };
    /* clang-format on */
    mr_desk_refuse("polymarket:clob", stock, cases, MR_COUNT_OF(cases));
    mr_desk_refuse("polymarket:rtds", stock, data, MR_COUNT_OF(data));
}

static void rest_bodies(void **state)
{
    (void)state;
    struct mr_desk *desk = mr_desk_open("polymarket:clob", false);
    static const char book[] =
        "{\"market\":\"" MARKET "\",\"asset_id\":\"" UP "\",\"timestamp\":\"6\",\"hash\":\"" HASH_B
        "\",\"bids\":[" LEVEL("0.1", "2") "],\"asks\":[],\"min_order_size\":\"5\",\"tick_size\":\"0.01\","
                                          "\"neg_risk\":false,\"last_trade_price\":\"0.5\"}";
    assert_int_equal(mr_desk_rest(desk, "https://clob.polymarket.com/book?token_id=" UP, book, sizeof book - 1), 2);
    assert_string_equal(desk->text, "book " UP " [0.1x2 | ] seq 6 state f328c9bc @6 snapshot first last");
    static const char list[] = "[{\"asset_id\":\"" DOWN
                               "\",\"tick_size\":\"0.0001\",\"bids\":[" LEVEL("0.1", "2") "]},"
                                                                                          "{\"asset_id\":\"" UP "\"}]";
    assert_int_equal(mr_desk_rest(desk, "/books", list, sizeof list - 1), 0);
    static const char page[] = "{\"limit\":2,\"next_cursor\":\"MTAw\",\"data\":[{\"condition_id\":\"" MARKET
                               "\",\"closed\":true,\"minimum_tick_size\":0.01,\"tokens\":[{\"token_id\":\"" OTHER
                               "\",\"outcome\":\"Yes\"},{\"token_id\":\"\",\"outcome\":\"\"}]}]}";
    assert_int_equal(mr_desk_rest(desk, "/markets", page, sizeof page - 1), 0);
    /* clang-format off */
    static const struct mr_desk_instrument tokens[] = {
        {UP, NULL, NULL, MR_TYPE_OUTCOME, MR_INSTRUMENT_QUOTE_USD, 1000000, 1000000, 1, 0},
        {DOWN, NULL, NULL, MR_TYPE_OUTCOME, MR_INSTRUMENT_QUOTE_USD, 10000, 0, 1, 0},
        {OTHER, NULL, NULL, MR_TYPE_OUTCOME, MR_INSTRUMENT_QUOTE_USD | MR_INSTRUMENT_HALTED, 0, 0, 1, 0},
    };
    static const struct mr_desk_body refused[] = {
        {"another address", "/midpoint", "{\"mid\":\"0.5\"}", MR_E_UNKNOWN, NULL},
        {"no such token", "/book?token_id=1", "{\"error\":\"No orderbook exists for the requested token id\"}", MR_E_MISSING, NULL},
        {"a book without bids", "/book", "{\"asset_id\":\"" UP "\",\"timestamp\":\"1\",\"asks\":[]}", MR_E_MISSING, NULL},
        {"books that are one", "/books", "{}", MR_E_TYPE, NULL},
        {"a page of nothing", "/markets", "{}", MR_E_MISSING, NULL},
        {"a market without tokens", "/markets", "{\"data\":[{\"minimum_tick_size\":0.01}]}", MR_E_MISSING, NULL},
        {"a market without a tick", "/markets", "{\"data\":[{\"tokens\":[]}]}", MR_E_MISSING, NULL},
        {"cut", "/book", "{\"asset_id\":", MR_E_TRUNCATED, NULL},
    };
    /* clang-format on */
    mr_desk_instruments(desk, tokens, MR_COUNT_OF(tokens));
    assert_int_equal(mr_instruments_find(desk->table, MR_VENUE_polymarket, 0, mr_span_of(UP))->price_scale, 8);
    mr_desk_bodies(desk, refused, MR_COUNT_OF(refused));
    mr_desk_close(desk);
}

static void recordings_are_understood_whole(void **state)
{
    (void)state;
    mr_desk_recording(
        "polymarket:clob", "polymarket", "clob_market_20260911",
        (const struct mr_desk_count[]){{"price_change", 11}, {"best_bid_ask", 4}, {"book", 2}, {NULL, 0}});
    mr_desk_recording("polymarket:clob", "polymarket", "clob_last_trade_20260810",
                      (const struct mr_desk_count[]){{"last_trade_price", 7}, {NULL, 0}});
    mr_desk_recording("polymarket:rtds", "polymarket", "rtds_samples_20260905",
                      (const struct mr_desk_count[]){{"crypto_prices", 1},
                                                     {"crypto_prices_chainlink", 1},
                                                     {"crypto_prices_twap_thirty", 1},
                                                     {"crypto_prices_twap_sixty", 1},
                                                     {"subscribe", 3},
                                                     {"refusal", 1},
                                                     {NULL, 0}});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(books_and_their_changes),
        cmocka_unit_test(trades_best_prices_and_notices),
        cmocka_unit_test(each_message_of_an_array_is_counted_by_its_kind),
        cmocka_unit_test(a_strangers_levels_are_passed_over_when_the_caller_adds_none),
        cmocka_unit_test(best_prices_are_learnt),
        cmocka_unit_test(reference_prices),
        cmocka_unit_test(what_is_wrong_is_refused_by_name),
        cmocka_unit_test(rest_bodies),
        cmocka_unit_test(recordings_are_understood_whole),
    };
    return MR_TEST_MAIN(tests);
}
