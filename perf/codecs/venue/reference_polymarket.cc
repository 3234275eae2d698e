#include "perf/codecs/venue/polymarket_sets.h"

#include <simdjson.h>

extern "C" int mr_number_fixed(const uint8_t *text, uint32_t len, int scale, int64_t *out);
extern "C" int mr_number_u64(const uint8_t *text, uint32_t len, uint64_t *out);

namespace
{
using namespace simdjson;

struct raw {
    static std::string_view text(ondemand::value value)
    {
        std::string_view token = value.raw_json_token();
        return token.substr(1, token.find('"', 1) - 1);
    }
};
struct string {
    static std::string_view text(ondemand::value value)
    {
        std::string_view out;
        return value.get_string().get(out) ? std::string_view() : out;
    }
};

int64_t fixed(std::string_view text)
{
    int64_t out = 0;
    mr_number_fixed(reinterpret_cast<const uint8_t *>(text.data()), static_cast<uint32_t>(text.size()), 8, &out);
    return out;
}

uint64_t time_ns(std::string_view text)
{
    uint64_t out = 0;
    mr_number_u64(reinterpret_cast<const uint8_t *>(text.data()), static_cast<uint32_t>(text.size()), &out);
    return out * 1000000;
}

uint32_t state(std::string_view hash)
{
    uint32_t out = 0;
    for (size_t i = 0; i < 8 && i < hash.size(); i++)
        out = out << 4 | ((hash[i] <= '9' ? hash[i] : hash[i] + 9) & 15);
    return out;
}

uint32_t token(std::string_view id) { return mr_bench_token(id.data(), static_cast<uint32_t>(id.size())); }

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

template <class form> uint64_t trade(ondemand::object &o)
{
    uint32_t instrument = token(form::text(o.find_field("asset_id")));
    int64_t price = fixed(form::text(o.find_field("price"))), size = fixed(form::text(o.find_field("size")));
    bool sell = form::text(o.find_field("side")) == "SELL";
    uint64_t ns = time_ns(form::text(o.find_field("timestamp")));
    if (form::text(o.find_field("event_type")) != "last_trade_price")
        return 0;
    return mr_bench_trade_sum(instrument, ns, price, size, mr_bench_notional(price, size), sell);
}

template <class form> uint64_t best(ondemand::object &o)
{
    uint32_t instrument = token(form::text(o.find_field("asset_id")));
    int64_t bid = fixed(form::text(o.find_field("best_bid"))), ask = fixed(form::text(o.find_field("best_ask")));
    uint64_t ns = time_ns(form::text(o.find_field("timestamp")));
    if (form::text(o.find_field("event_type")) != "best_bid_ask")
        return 0;
    return mr_bench_head_sum(instrument, ns, 0) + mr_bench_level_sum(bid, 0, 0) + mr_bench_level_sum(ask, 0, 1) + 1;
}

template <class form> uint64_t change(ondemand::object &o)
{
    ondemand::array rows;
    uint64_t sum = 0, entries = 0;
    if (o.find_field("price_changes").get_array().get(rows))
        return 0;
    for (auto item : rows) {
        ondemand::object e;
        if (item.get_object().get(e))
            return 0;
        uint32_t instrument = token(form::text(e.find_field("asset_id")));
        int64_t price = fixed(form::text(e.find_field("price"))), size = fixed(form::text(e.find_field("size")));
        bool ask = form::text(e.find_field("side")) == "SELL";
        sum += mr_bench_head_sum(instrument, 0, state(form::text(e.find_field("hash"))));
        sum += static_cast<uint64_t>(fixed(form::text(e.find_field("best_bid")))) * 13;
        sum += static_cast<uint64_t>(fixed(form::text(e.find_field("best_ask")))) * 17;
        sum += mr_bench_level_sum(price, size, 0) + !ask;
        entries++;
    }
    sum += entries * time_ns(form::text(o.find_field("timestamp")));
    return form::text(o.find_field("event_type")) == "price_change" ? sum : 0;
}

template <class form> uint64_t side(ondemand::array levels, uint32_t &n)
{
    uint64_t sum = 0;
    for (auto item : levels) {
        ondemand::object level;
        if (item.get_object().get(level))
            return 0;
        int64_t price = fixed(form::text(level.find_field("price"))),
                size = fixed(form::text(level.find_field("size")));
        sum += mr_bench_level_sum(price, size, n++);
    }
    return sum;
}

template <class form> uint64_t book(ondemand::object &o)
{
    ondemand::array levels;
    uint32_t n = 0;
    uint32_t instrument = token(form::text(o.find_field("asset_id")));
    uint64_t ns = time_ns(form::text(o.find_field("timestamp")));
    uint64_t sum = mr_bench_head_sum(instrument, ns, state(form::text(o.find_field("hash"))));
    if (o.find_field("bids").get_array().get(levels))
        return 0;
    sum += side<form>(levels, n) + n;
    if (o.find_field("asks").get_array().get(levels))
        return 0;
    sum += side<form>(levels, n);
    return form::text(o.find_field("event_type")) == "book" ? sum : 0;
}

template <uint64_t (*one)(ondemand::object &)> uint64_t each(void *arg)
{
    const mr_bench_frames *set = static_cast<const mr_bench_frames *>(arg);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        ondemand::document document;
        ondemand::object o;
        if (parser().iterate(view(set, i)).get(document) || document.get_object().get(o))
            return 0;
        sum += one(o);
    }
    return sum;
}

/* A dump is an array of books. */
template <class form> uint64_t books(void *arg)
{
    const mr_bench_frames *set = static_cast<const mr_bench_frames *>(arg);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        ondemand::document document;
        ondemand::array all;
        if (parser().iterate(view(set, i)).get(document) || document.get_array().get(all))
            return 0;
        for (auto item : all) {
            ondemand::object o;
            if (item.get_object().get(o))
                return 0;
            sum += book<form>(o);
        }
    }
    return sum;
}
} // namespace

extern "C" {
uint64_t mr_reference_pm_trade_raw(void *arg) { return each<trade<raw>>(arg); }
uint64_t mr_reference_pm_trade_string(void *arg) { return each<trade<string>>(arg); }
uint64_t mr_reference_pm_best_raw(void *arg) { return each<best<raw>>(arg); }
uint64_t mr_reference_pm_best_string(void *arg) { return each<best<string>>(arg); }
uint64_t mr_reference_pm_change_raw(void *arg) { return each<change<raw>>(arg); }
uint64_t mr_reference_pm_change_string(void *arg) { return each<change<string>>(arg); }
uint64_t mr_reference_pm_book_raw(void *arg) { return books<raw>(arg); }
uint64_t mr_reference_pm_book_string(void *arg) { return books<string>(arg); }
}
