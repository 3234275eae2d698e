#include "perf/codecs/venue/venue_sets.h"

#include <cmath>
#include <simdjson.h>

extern "C" int mr_number_fixed(const uint8_t *text, uint32_t len, int scale, int64_t *out);

namespace
{
using namespace simdjson;

/* The three ways to a price. */
struct raw {
    static int64_t price(ondemand::value value)
    {
        std::string_view token = value.raw_json_token();
        int64_t out = 0;
        mr_number_fixed(reinterpret_cast<const uint8_t *>(token.data()) + 1, static_cast<uint32_t>(token.size() - 2), 8,
                        &out);
        return out;
    }
    static std::string_view text(ondemand::value value)
    {
        std::string_view token = value.raw_json_token();
        return token.substr(1, token.size() - 2);
    }
};
struct string {
    static int64_t price(ondemand::value value)
    {
        std::string_view text;
        int64_t out = 0;
        if (!value.get_string().get(text))
            mr_number_fixed(reinterpret_cast<const uint8_t *>(text.data()), static_cast<uint32_t>(text.size()), 8,
                            &out);
        return out;
    }
    static std::string_view text(ondemand::value value)
    {
        std::string_view out;
        return value.get_string().get(out) ? std::string_view() : out;
    }
};
struct rounded : string {
    static int64_t price(ondemand::value value)
    {
        double out = 0;
        return value.get_double_in_string().get(out) ? 0 : std::llround(out * 1e8);
    }
};

uint64_t whole(ondemand::value value)
{
    uint64_t out = 0;
    return value.get_uint64().get(out) ? 0 : out;
}

template <class form> void agg_trade(ondemand::object &data, mr_bench_event &e)
{
    e.seq = whole(data.find_field("a"));
    std::string_view symbol = form::text(data.find_field("s"));
    e.instrument = mr_bench_instrument(symbol.data(), static_cast<uint32_t>(symbol.size()));
    e.price = form::price(data.find_field("p"));
    e.size = form::price(data.find_field("q"));
    e.venue_ns = static_cast<int64_t>(whole(data.find_field("T"))) * 1000000;
    bool sell = false;
    if (!data.find_field("m").get_bool().get(sell))
        e.sell = sell;
    e.aux = mr_bench_notional(e.price, e.size);
}

template <class form> void book_ticker(ondemand::object &data, mr_bench_event &e)
{
    e.seq = whole(data.find_field("u"));
    std::string_view symbol = form::text(data.find_field("s"));
    e.instrument = mr_bench_instrument(symbol.data(), static_cast<uint32_t>(symbol.size()));
    e.bid = form::price(data.find_field("b"));
    e.bid_size = form::price(data.find_field("B"));
    e.ask = form::price(data.find_field("a"));
    e.ask_size = form::price(data.find_field("A"));
    e.venue_ns = static_cast<int64_t>(whole(data.find_field("T"))) * 1000000;
}

ondemand::parser &parser()
{
    static thread_local ondemand::parser *one = new ondemand::parser;
    return *one;
}

padded_string_view view(const mr_bench_frames *set, uint32_t i)
{
    return padded_string_view(reinterpret_cast<const char *>(set->bytes + set->at[i]), set->len[i],
                              set->len[i] + MR_BENCH_SLACK);
}

template <class form> uint64_t small(const mr_bench_frames *set)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        ondemand::document document;
        ondemand::object data;
        if (parser().iterate(view(set, i)).get(document) || document.find_field("data").get_object().get(data))
            return 0;
        mr_bench_event e = {};
        std::string_view kind = form::text(data.find_field("e"));
        if (kind == "aggTrade")
            agg_trade<form>(data, e);
        else if (kind == "bookTicker")
            book_ticker<form>(data, e);
        else
            return 0;
        sum += mr_bench_event_sum(&e);
    }
    return sum;
}

template <class form> uint64_t side(ondemand::array levels, uint32_t &n)
{
    uint64_t sum = 0;
    for (auto item : levels) {
        int64_t both[2] = {0, 0};
        uint32_t place = 0;
        ondemand::array level;
        if (item.get_array().get(level))
            return 0;
        for (auto number : level) {
            ondemand::value value;
            if (number.get(value) || place == 2)
                return 0;
            both[place++] = form::price(value);
        }
        sum += mr_bench_level_sum(both[0], both[1], n++);
    }
    return sum;
}

template <class form> uint64_t depth(const mr_bench_frames *set)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        ondemand::document document;
        ondemand::object data;
        ondemand::array levels;
        uint32_t n = 0;
        if (parser().iterate(view(set, i)).get(document) || document.find_field("data").get_object().get(data))
            return 0;
        if (form::text(data.find_field("e")) != "depthUpdate")
            return 0;
        sum += whole(data.find_field("T")) * 1000000;
        std::string_view symbol = form::text(data.find_field("s"));
        sum += mr_bench_instrument(symbol.data(), static_cast<uint32_t>(symbol.size()));
        sum += whole(data.find_field("U")) * 3;
        sum += whole(data.find_field("u")) * 5;
        sum += whole(data.find_field("pu")) * 7;
        if (data.find_field("b").get_array().get(levels))
            return 0;
        sum += side<form>(levels, n);
        if (data.find_field("a").get_array().get(levels))
            return 0;
        sum += side<form>(levels, n) + n;
    }
    return sum;
}

template <class form> uint64_t snapshot(const mr_bench_frames *set)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        ondemand::document document;
        ondemand::object data;
        ondemand::array levels;
        uint32_t n = 0;
        if (parser().iterate(view(set, i)).get(document) || document.get_object().get(data))
            return 0;
        sum += whole(data.find_field("lastUpdateId")) * 5;
        sum += whole(data.find_field("T")) * 1000000;
        if (data.find_field("bids").get_array().get(levels))
            return 0;
        sum += side<form>(levels, n);
        if (data.find_field("asks").get_array().get(levels))
            return 0;
        sum += side<form>(levels, n) + n;
    }
    return sum;
}

const mr_bench_frames *frames(void *arg) { return static_cast<const mr_bench_frames *>(arg); }
} // namespace

extern "C" {
uint64_t mr_reference_small_raw(void *arg) { return small<raw>(frames(arg)); }
uint64_t mr_reference_small_string(void *arg) { return small<string>(frames(arg)); }
uint64_t mr_reference_small_double(void *arg) { return small<rounded>(frames(arg)); }
uint64_t mr_reference_depth_raw(void *arg) { return depth<raw>(frames(arg)); }
uint64_t mr_reference_depth_string(void *arg) { return depth<string>(frames(arg)); }
uint64_t mr_reference_snapshot_raw(void *arg) { return snapshot<raw>(frames(arg)); }
uint64_t mr_reference_snapshot_string(void *arg) { return snapshot<string>(frames(arg)); }
}
