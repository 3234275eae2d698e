#include "perf/codecs/venue/decode_sets.h"

#include <simdjson.h>

extern "C" int mr_number_fixed(const uint8_t *text, uint32_t len, int scale, int64_t *out);
extern "C" int mr_number_u64(const uint8_t *text, uint32_t len, uint64_t *out);

namespace
{
using namespace simdjson;
using value = ondemand::value;
using object = ondemand::object;
using array = ondemand::array;
template <class T> using result = simdjson_result<T>;

ondemand::parser &parser()
{
    static thread_local ondemand::parser *one = new ondemand::parser;
    return *one;
}

/* A number's or string's text: the raw token, without quotes, and without blanks behind it. */
std::string_view token(value &it)
{
    std::string_view t = it.raw_json_token();
    while (!t.empty() && t.back() == ' ')
        t.remove_suffix(1);
    return t[0] == '"' ? t.substr(1, t.size() - 2) : t;
}
std::string_view text(result<value> v)
{
    value it;
    return std::move(v).get(it) ? std::string_view() : token(it);
}
int64_t fixed(std::string_view t)
{
    int64_t out = 0;
    mr_number_fixed(reinterpret_cast<const uint8_t *>(t.data()), static_cast<uint32_t>(t.size()), 8, &out);
    return out;
}
int64_t px(result<value> v) { return fixed(text(v)); }
uint64_t whole(result<value> v)
{
    std::string_view t = text(v);
    uint64_t out = 0;
    mr_number_u64(reinterpret_cast<const uint8_t *>(t.data()), static_cast<uint32_t>(t.size()), &out);
    return out;
}
/* of an event of that kind (codecs/event/event.h) */
uint64_t own(result<value> v, uint32_t kind)
{
    std::string_view t = text(v);
    return mr_bench_value(t.data(), static_cast<uint32_t>(t.size()), kind);
}
int64_t ms(result<value> v) { return static_cast<int64_t>(whole(v)) * 1000000; }
uint32_t id(std::string_view symbol)
{
    return mr_bench_decode_instrument(symbol.data(), static_cast<uint32_t>(symbol.size()));
}

uint64_t trade(uint32_t instrument, int64_t ns, int64_t price, int64_t size, bool sell, uint64_t seq)
{
    return mr_bench_trade_sum(instrument, ns, price, size, mr_bench_notional(price, size), sell, seq);
}
/* What a message is has to be known before it can be read; a message of another kind would spoil the sum. */
uint64_t kind(std::string_view is, std::string_view wanted) { return is.substr(0, wanted.size()) == wanted ? 0 : 1; }

/* [["px","sz",..],..], quoted or bare */
uint64_t pairs(result<array> levels, uint32_t &n)
{
    uint64_t sum = 0;
    array list;
    if (std::move(levels).get(list))
        return 0;
    for (auto item : list) {
        int64_t both[2] = {0, 0};
        uint32_t place = 0;
        array level;
        if (item.get_array().get(level))
            return 0;
        for (auto number : level) {
            value one;
            if (number.get(one))
                return 0;
            if (place < 2)
                both[place] = fixed(token(one));
            place++;
        }
        sum += mr_bench_level_sum(both[0], both[1], n++);
    }
    return sum;
}
/* [{"px":..,"sz":..},..] */
uint64_t objects(result<array> levels, uint32_t &n, const char *price, const char *size)
{
    uint64_t sum = 0;
    array list;
    if (std::move(levels).get(list))
        return 0;
    for (auto item : list) {
        object level;
        if (item.get_object().get(level))
            return 0;
        int64_t p = px(level.find_field(price));
        sum += mr_bench_level_sum(p, px(level.find_field(size)), n++);
    }
    return sum;
}

/* Asks stand first in some venues' messages, bids first in our events: the sum of asks waits for the count of bids. */
struct held {
    int64_t price[1024], size[1024];
    uint32_t count = 0;
};
void hold(result<array> levels, held &h)
{
    array list;
    if (std::move(levels).get(list))
        return;
    for (auto item : list) {
        array level;
        uint32_t place = 0;
        if (item.get_array().get(level))
            return;
        for (auto number : level) {
            value one;
            if (number.get(one))
                return;
            if (place < 2)
                (place ? h.size : h.price)[h.count] = fixed(token(one));
            place++;
        }
        h.count++;
    }
}
uint64_t release(const held &h, uint32_t &n)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < h.count; i++)
        sum += mr_bench_level_sum(h.price[i], h.size[i], n++);
    return sum;
}

template <class F> uint64_t each(void *arg, F one)
{
    const mr_bench_frames *set = static_cast<const mr_bench_frames *>(arg);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        ondemand::document document;
        object top;
        padded_string_view view(reinterpret_cast<const char *>(set->bytes + set->at[i]), set->len[i],
                                set->len[i] + MR_BENCH_SLACK);
        if (parser().iterate(view).get(document) || document.get_object().get(top))
            return 0;
        sum += one(top);
    }
    return sum;
}

object inner(result<value> v)
{
    object out;
    return v.get_object().get(out) ? object() : out;
}
array list(result<value> v)
{
    array out;
    return v.get_array().get(out) ? array() : out;
}
/* the first element of a list */
object first(result<value> v)
{
    object out;
    for (auto item : list(v)) {
        if (item.get_object().get(out))
            break;
        break;
    }
    return out;
}
} // namespace

extern "C" {
uint64_t mr_decode_reference_binance_trade(void *arg)
{
    return each(arg, [](object &top) {
        object d = inner(top.find_field("data"));
        uint64_t other = kind(text(d.find_field("e")), "aggTrade"), seq = whole(d.find_field("a"));
        uint32_t it = id(text(d.find_field("s")));
        int64_t p = px(d.find_field("p")), q = px(d.find_field("q")), ns = ms(d.find_field("T"));
        return trade(it, ns, p, q, text(d.find_field("m")) == "true", seq) + other;
    });
}
uint64_t mr_decode_reference_binance_best(void *arg)
{
    return each(arg, [](object &top) {
        object d = inner(top.find_field("data"));
        uint64_t other = kind(text(d.find_field("e")), "bookTicker"), seq = whole(d.find_field("u"));
        uint32_t it = id(text(d.find_field("s")));
        int64_t b = px(d.find_field("b")), bq = px(d.find_field("B")), a = px(d.find_field("a")),
                aq = px(d.find_field("A"));
        int64_t ns = ms(d.find_field("T"));
        return mr_bench_head_sum(it, ns, seq) + mr_bench_level_sum(b, bq, 0) + mr_bench_level_sum(a, aq, 1) + other;
    });
}
uint64_t mr_decode_reference_binance_delta(void *arg)
{
    return each(arg, [](object &top) {
        object d = inner(top.find_field("data"));
        uint32_t n = 0;
        uint64_t other = kind(text(d.find_field("e")), "depthUpdate");
        int64_t ns = ms(d.find_field("T"));
        uint32_t it = id(text(d.find_field("s")));
        uint64_t seq = whole(d.find_field("u"));
        uint64_t sum = pairs(d.find_field("b").get_array(), n);
        return sum + pairs(d.find_field("a").get_array(), n) + mr_bench_head_sum(it, ns, seq) + other;
    });
}
uint64_t mr_decode_reference_binance_snapshot(void *arg)
{
    return each(arg, [](object &top) {
        uint32_t n = 0;
        uint64_t seq = whole(top.find_field("lastUpdateId"));
        int64_t ns = ms(top.find_field("T"));
        uint64_t sum = pairs(top.find_field("bids").get_array(), n);
        return sum + pairs(top.find_field("asks").get_array(), n) + mr_bench_head_sum(0, ns, seq);
    });
}
uint64_t mr_decode_reference_bybit_trade(void *arg)
{
    return each(arg, [](object &top) {
        uint64_t other = kind(text(top.find_field("topic")), "publicTrade.");
        object d = first(top.find_field("data"));
        int64_t ns = ms(d.find_field("T"));
        uint32_t it = id(text(d.find_field("s")));
        bool sell = text(d.find_field("S")) == "Sell";
        int64_t q = px(d.find_field("v")), p = px(d.find_field("p"));
        return trade(it, ns, p, q, sell, whole(d.find_field("seq"))) + other;
    });
}
static uint64_t bybit_book(object &top)
{
    uint32_t n = 0;
    uint64_t other = kind(text(top.find_field("topic")), "orderbook.") + kind(text(top.find_field("type")), "x") - 1;
    object d = inner(top.find_field("data"));
    uint32_t it = id(text(d.find_field("s")));
    uint64_t sum = pairs(d.find_field("b").get_array(), n);
    sum += pairs(d.find_field("a").get_array(), n);
    uint64_t seq = whole(d.find_field("u"));
    return sum + mr_bench_head_sum(it, ms(top.find_field("cts")), seq) + other;
}
uint64_t mr_decode_reference_bybit_best(void *arg) { return each(arg, bybit_book); }
uint64_t mr_decode_reference_bybit_delta(void *arg) { return each(arg, bybit_book); }
uint64_t mr_decode_reference_bybit_snapshot(void *arg) { return each(arg, bybit_book); }
uint64_t mr_decode_reference_okx_trade(void *arg)
{
    return each(arg, [](object &top) {
        object of = inner(top.find_field("arg"));
        uint64_t other = kind(text(of.find_field("channel")), "trades");
        object d = first(top.find_field("data"));
        uint32_t it = id(text(d.find_field("instId")));
        uint64_t seq = whole(d.find_field("tradeId"));
        int64_t p = px(d.find_field("px")), q = px(d.find_field("sz"));
        bool sell = text(d.find_field("side")) == "sell";
        return trade(it, ms(d.find_field("ts")), p, q, sell, seq) + other;
    });
}
static uint64_t okx_book(object &top)
{
    static thread_local held asks;
    uint32_t n = 0;
    asks.count = 0;
    object arg = inner(top.find_field("arg"));
    uint64_t other = kind(text(arg.find_field("channel")), "b");
    uint32_t it = id(text(arg.find_field("instId")));
    object d = first(top.find_field("data"));
    hold(d.find_field("asks").get_array(), asks);
    uint64_t sum = pairs(d.find_field("bids").get_array(), n);
    sum += release(asks, n);
    int64_t ns = ms(d.find_field("ts"));
    return sum + mr_bench_head_sum(it, ns, whole(d.find_field("seqId"))) + other;
}
uint64_t mr_decode_reference_okx_best(void *arg) { return each(arg, okx_book); }
uint64_t mr_decode_reference_okx_delta(void *arg) { return each(arg, okx_book); }
uint64_t mr_decode_reference_okx_snapshot(void *arg) { return each(arg, okx_book); }
uint64_t mr_decode_reference_hyperliquid_trade(void *arg)
{
    return each(arg, [](object &top) {
        uint64_t other = kind(text(top.find_field("channel")), "trades");
        object d = first(top.find_field("data"));
        uint32_t it = id(text(d.find_field("coin")));
        bool sell = text(d.find_field("side")) == "A";
        int64_t p = px(d.find_field("px")), q = px(d.find_field("sz"));
        int64_t ns = ms(d.find_field("time"));
        return trade(it, ns, p, q, sell, whole(d.find_field("tid"))) + other;
    });
}
uint64_t mr_decode_reference_hyperliquid_best(void *arg)
{
    return each(arg, [](object &top) {
        uint64_t other = kind(text(top.find_field("channel")), "bbo");
        object d = inner(top.find_field("data"));
        uint32_t n = 0, it = id(text(d.find_field("coin")));
        uint64_t time = whole(d.find_field("time"));
        uint64_t sum = objects(d.find_field("bbo").get_array(), n, "px", "sz");
        return sum + mr_bench_head_sum(it, static_cast<int64_t>(time) * 1000000, time) + other;
    });
}
uint64_t mr_decode_reference_hyperliquid_snapshot(void *arg)
{
    return each(arg, [](object &top) {
        uint64_t other = kind(text(top.find_field("channel")), "l2Book");
        object d = inner(top.find_field("data"));
        uint32_t n = 0, it = id(text(d.find_field("coin")));
        uint64_t time = whole(d.find_field("time")), sum = 0;
        for (auto side : list(d.find_field("levels")))
            sum += objects(side.get_array(), n, "px", "sz");
        return sum + mr_bench_head_sum(it, static_cast<int64_t>(time) * 1000000, time) + other;
    });
}
uint64_t mr_decode_reference_kucoin_trade(void *arg)
{
    return each(arg, [](object &top) {
        uint64_t other = kind(text(top.find_field("topic")), "/contractMarket/execution:");
        object d = inner(top.find_field("data"));
        uint32_t it = id(text(d.find_field("symbol")));
        uint64_t seq = whole(d.find_field("sequence"));
        bool sell = text(d.find_field("side")) == "sell";
        int64_t q = px(d.find_field("size")), p = px(d.find_field("price"));
        return trade(it, static_cast<int64_t>(whole(d.find_field("ts"))), p, q, sell, seq) + other;
    });
}
uint64_t mr_decode_reference_kucoin_best(void *arg)
{
    return each(arg, [](object &top) {
        uint64_t other = kind(text(top.find_field("topic")), "/contractMarket/tickerV2:");
        object d = inner(top.find_field("data"));
        uint32_t it = id(text(d.find_field("symbol")));
        uint64_t seq = whole(d.find_field("sequence"));
        int64_t bq = px(d.find_field("bestBidSize")), b = px(d.find_field("bestBidPrice"));
        int64_t a = px(d.find_field("bestAskPrice")), aq = px(d.find_field("bestAskSize"));
        int64_t ns = static_cast<int64_t>(whole(d.find_field("ts")));
        return mr_bench_head_sum(it, ns, seq) + mr_bench_level_sum(b, bq, 0) + mr_bench_level_sum(a, aq, 1) + other;
    });
}
uint64_t mr_decode_reference_kucoin_delta(void *arg)
{
    return each(arg, [](object &top) {
        std::string_view topic = text(top.find_field("topic"));
        uint32_t it = id(topic.substr(topic.find(':') + 1));
        object d = inner(top.find_field("data"));
        uint64_t seq = whole(d.find_field("sequence"));
        std::string_view change = text(d.find_field("change"));
        size_t one = change.find(','), two = change.rfind(',');
        int64_t p = fixed(change.substr(0, one)), q = fixed(change.substr(two + 1));
        int64_t ns = ms(d.find_field("timestamp"));
        return mr_bench_head_sum(it, ns, seq) + mr_bench_level_sum(p, q, 0);
    });
}
uint64_t mr_decode_reference_kucoin_snapshot(void *arg)
{
    return each(arg, [](object &top) {
        object d = inner(top.find_field("data"));
        uint32_t n = 0;
        uint64_t seq = whole(d.find_field("sequence"));
        uint32_t it = id(text(d.find_field("symbol")));
        uint64_t sum = pairs(d.find_field("bids").get_array(), n);
        sum += pairs(d.find_field("asks").get_array(), n);
        return sum + mr_bench_head_sum(it, static_cast<int64_t>(whole(d.find_field("ts"))), seq);
    });
}
uint64_t mr_decode_reference_polymarket_trade(void *arg)
{
    return each(arg, [](object &d) {
        uint32_t it = id(text(d.find_field("asset_id")));
        int64_t p = px(d.find_field("price")), q = px(d.find_field("size"));
        bool sell = text(d.find_field("side")) == "SELL";
        int64_t ns = ms(d.find_field("timestamp"));
        return trade(it, ns, p, q, sell, 0) + kind(text(d.find_field("event_type")), "last_trade_price");
    });
}
uint64_t mr_decode_reference_polymarket_best(void *arg)
{
    return each(arg, [](object &d) {
        uint32_t it = id(text(d.find_field("asset_id")));
        int64_t b = px(d.find_field("best_bid")), a = px(d.find_field("best_ask"));
        int64_t ns = ms(d.find_field("timestamp"));
        return it * 11u + static_cast<uint64_t>(ns) + static_cast<uint64_t>(b) * 3 + static_cast<uint64_t>(a) * 5 +
               kind(text(d.find_field("event_type")), "best_bid_ask");
    });
}
uint64_t mr_decode_reference_polymarket_delta(void *arg)
{
    return each(arg, [](object &top) {
        uint64_t sum = 0;
        for (auto item : list(top.find_field("price_changes"))) {
            object d;
            if (item.get_object().get(d))
                return uint64_t{0};
            uint32_t it = id(text(d.find_field("asset_id")));
            int64_t p = px(d.find_field("price")), q = px(d.find_field("size"));
            std::string_view hash = text(d.find_field("hash"));
            int64_t b = px(d.find_field("best_bid")), a = px(d.find_field("best_ask"));
            sum += it * 11u + mr_bench_level_sum(p, q, 0) + hash.size() * 0 + static_cast<uint64_t>(b) * 3 +
                   static_cast<uint64_t>(a) * 5;
        }
        sum += static_cast<uint64_t>(ms(top.find_field("timestamp")));
        return sum + kind(text(top.find_field("event_type")), "price_change");
    });
}
uint64_t mr_decode_reference_polymarket_snapshot(void *arg)
{
    return each(arg, [](object &d) {
        uint32_t n = 0, it = id(text(d.find_field("asset_id")));
        uint64_t time = whole(d.find_field("timestamp"));
        uint64_t sum = objects(d.find_field("bids").get_array(), n, "price", "size");
        sum += objects(d.find_field("asks").get_array(), n, "price", "size");
        return sum + mr_bench_head_sum(it, static_cast<int64_t>(time) * 1000000, time) +
               kind(text(d.find_field("event_type")), "book");
    });
}
uint64_t mr_decode_reference_mexc_trade(void *arg)
{
    return each(arg, [](object &top) {
        uint32_t it = id(text(top.find_field("symbol")));
        object d = first(top.find_field("data"));
        int64_t p = px(d.find_field("p")), q = px(d.find_field("v"));
        bool sell = text(d.find_field("T")) == "2";
        int64_t ns = ms(d.find_field("t"));
        uint64_t seq = whole(d.find_field("i"));
        return trade(it, ns, p, q, sell, seq) + kind(text(top.find_field("channel")), "push.deal");
    });
}
static uint64_t mexc_book(object &top, const char *time)
{
    static thread_local held asks;
    uint32_t n = 0, it = 0;
    asks.count = 0;
    int64_t ns = 0;
    bool stream = time[0] == 'c';
    if (stream)
        it = id(text(top.find_field("symbol")));
    object d = inner(top.find_field("data"));
    if (stream)
        ns = ms(d.find_field(time));
    hold(d.find_field("asks").get_array(), asks);
    uint64_t sum = pairs(d.find_field("bids").get_array(), n);
    sum += release(asks, n);
    uint64_t seq = whole(d.find_field("version"));
    if (!stream)
        ns = ms(d.find_field(time));
    else
        sum += kind(text(top.find_field("channel")), "push.depth");
    return sum + mr_bench_head_sum(it, ns, seq);
}
uint64_t mr_decode_reference_mexc_ticker(void *arg)
{
    return each(arg, [](object &top) {
        uint32_t it = id(text(top.find_field("symbol")));
        object d = inner(top.find_field("data"));
        uint64_t bid = static_cast<uint64_t>(px(d.find_field("bid1"))),
                 ask = static_cast<uint64_t>(px(d.find_field("ask1")));
        uint64_t sum = own(d.find_field("fairPrice"), 5);
        sum += own(d.find_field("indexPrice"), 6);
        sum += own(d.find_field("fundingRate"), 7);
        sum += own(d.find_field("holdVol"), 8);
        int64_t ns = ms(d.find_field("timestamp"));
        return sum + it * 11u + static_cast<uint64_t>(ns) + bid * 3 + ask * 5 +
               kind(text(top.find_field("channel")), "push.ticker");
    });
}
uint64_t mr_decode_reference_mexc_best(void *arg)
{
    return each(arg, [](object &top) { return mexc_book(top, "cts"); });
}
uint64_t mr_decode_reference_mexc_delta(void *arg)
{
    return each(arg, [](object &top) { return mexc_book(top, "cts"); });
}
uint64_t mr_decode_reference_mexc_snapshot(void *arg)
{
    return each(arg, [](object &top) { return mexc_book(top, "timestamp"); });
}
}
