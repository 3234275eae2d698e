#include "perf/codecs/venue/kucoin_sets.h"

#include <simdjson.h>

extern "C" int mr_number_fixed(const uint8_t *text, uint32_t len, int scale, int64_t *out);

namespace
{
using namespace simdjson;

int64_t fixed(std::string_view text, int scale)
{
    int64_t out = 0;
    mr_number_fixed(reinterpret_cast<const uint8_t *>(text.data()), static_cast<uint32_t>(text.size()), scale, &out);
    return out;
}

struct raw {
    static std::string_view text(ondemand::value value)
    {
        std::string_view token = value.raw_json_token();
        return token.substr(1, token.size() - 2);
    }
};
struct string {
    static std::string_view text(ondemand::value value)
    {
        std::string_view out;
        return value.get_string().get(out) ? std::string_view() : out;
    }
};

uint64_t whole(ondemand::value value)
{
    uint64_t out = 0;
    return value.get_uint64().get(out) ? 0 : out;
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

uint32_t instrument(std::string_view symbol)
{
    return mr_bench_kucoin_instrument(symbol.data(), static_cast<uint32_t>(symbol.size()));
}

int64_t lots(ondemand::value value) { return static_cast<int64_t>(whole(value)) * 10000; }

template <class form> uint64_t trade(ondemand::object &, ondemand::object &data)
{
    mr_bench_event e = {};
    e.instrument = instrument(form::text(data.find_field("symbol")));
    e.seq = whole(data.find_field("sequence"));
    e.sell = form::text(data.find_field("side")) == "sell";
    e.size = lots(data.find_field("size"));
    e.price = fixed(form::text(data.find_field("price")), 8);
    e.venue_ns = static_cast<int64_t>(whole(data.find_field("ts")));
    e.aux = mr_bench_kucoin_notional(e.price, e.size);
    return mr_bench_event_sum(&e);
}

template <class form> uint64_t ticker(ondemand::object &, ondemand::object &data)
{
    mr_bench_event e = {};
    e.instrument = instrument(form::text(data.find_field("symbol")));
    e.seq = whole(data.find_field("sequence"));
    e.bid_size = lots(data.find_field("bestBidSize"));
    e.bid = fixed(form::text(data.find_field("bestBidPrice")), 8);
    e.ask = fixed(form::text(data.find_field("bestAskPrice")), 8);
    e.ask_size = lots(data.find_field("bestAskSize"));
    e.venue_ns = static_cast<int64_t>(whole(data.find_field("ts")));
    return mr_bench_event_sum(&e);
}

template <class form> uint64_t change(uint32_t id, ondemand::object &data)
{
    uint64_t sum = id + whole(data.find_field("sequence")) * 5;
    std::string_view text = form::text(data.find_field("change"));
    size_t first = text.find(','), second = text.find(',', first + 1);
    bool sell = text.substr(first + 1, second - first - 1) == "sell";
    sum += mr_bench_level_sum(fixed(text.substr(0, first), 8), fixed(text.substr(second + 1), MR_BENCH_LOT_SCALE), 0) *
           (sell ? 3 : 1);
    return sum + whole(data.find_field("timestamp")) * 1000000;
}

template <class form, bool texts> uint64_t side(ondemand::array levels)
{
    uint64_t sum = 0;
    uint32_t n = 0;
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
            if (place == 1)
                both[1] = lots(value);
            else
                both[0] = fixed(texts ? form::text(value) : std::string_view(value.raw_json_token()), 8);
            place++;
        }
        sum += mr_bench_level_sum(both[0], both[1], n++);
    }
    return sum;
}

template <class form> uint64_t depth(uint32_t id, ondemand::object &data)
{
    ondemand::array levels;
    uint64_t sum = id + whole(data.find_field("sequence")) * 5;
    if (data.find_field("asks").get_array().get(levels))
        return 0;
    sum += side<form, true>(levels) * 3;
    if (data.find_field("bids").get_array().get(levels))
        return 0;
    sum += side<form, true>(levels);
    return sum + whole(data.find_field("timestamp")) * 1000000;
}

/* The symbol stands in the topic for those that have none in their data. */
template <class form, bool by_topic, class row> uint64_t each(void *arg, row one)
{
    const mr_bench_frames *set = static_cast<const mr_bench_frames *>(arg);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        ondemand::document document;
        ondemand::object top, data;
        if (parser().iterate(view(set, i)).get(document) || document.get_object().get(top))
            return 0;
        std::string_view topic = form::text(top.find_field("topic"));
        uint32_t id = by_topic ? instrument(topic.substr(topic.find(':') + 1)) : 0;
        if (top.find_field("data").get_object().get(data))
            return 0;
        sum += one(id, top, data);
    }
    return sum;
}

template <class form> uint64_t trades(void *arg)
{
    return each<form, false>(
        arg, [](uint32_t, ondemand::object &top, ondemand::object &data) { return trade<form>(top, data); });
}
template <class form> uint64_t tickers(void *arg)
{
    return each<form, false>(
        arg, [](uint32_t, ondemand::object &top, ondemand::object &data) { return ticker<form>(top, data); });
}
template <class form> uint64_t changes(void *arg)
{
    return each<form, true>(
        arg, [](uint32_t id, ondemand::object &, ondemand::object &data) { return change<form>(id, data); });
}
template <class form> uint64_t depths(void *arg)
{
    return each<form, true>(
        arg, [](uint32_t id, ondemand::object &, ondemand::object &data) { return depth<form>(id, data); });
}
} // namespace

extern "C" {
uint64_t mr_reference_kucoin_trade_raw(void *arg) { return trades<raw>(arg); }
uint64_t mr_reference_kucoin_trade_string(void *arg) { return trades<string>(arg); }
uint64_t mr_reference_kucoin_ticker_raw(void *arg) { return tickers<raw>(arg); }
uint64_t mr_reference_kucoin_ticker_string(void *arg) { return tickers<string>(arg); }
uint64_t mr_reference_kucoin_change_raw(void *arg) { return changes<raw>(arg); }
uint64_t mr_reference_kucoin_change_string(void *arg) { return changes<string>(arg); }
uint64_t mr_reference_kucoin_depth_raw(void *arg) { return depths<raw>(arg); }
uint64_t mr_reference_kucoin_depth_string(void *arg) { return depths<string>(arg); }

uint64_t mr_reference_kucoin_snapshot(void *arg)
{
    const mr_bench_frames *set = static_cast<const mr_bench_frames *>(arg);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        ondemand::document document;
        ondemand::object data;
        ondemand::array levels;
        if (parser().iterate(view(set, i)).get(document) || document.find_field("data").get_object().get(data))
            return 0;
        sum += whole(data.find_field("sequence")) * 5;
        if (data.find_field("bids").get_array().get(levels))
            return 0;
        sum += side<raw, false>(levels);
        if (data.find_field("asks").get_array().get(levels))
            return 0;
        sum += side<raw, false>(levels) * 3;
        sum += whole(data.find_field("ts"));
    }
    return sum;
}
}
