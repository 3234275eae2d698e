/* The books people write: an ordered map a side. */
#include "perf/bench.h"
#include "perf/engines/book/stream.h"

#include <boost/container/flat_map.hpp>
#include <functional>
#include <map>

template <class Side> static void change(Side &side, const mr_bench_change *levels, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (levels[i].size == 0)
            side.erase(levels[i].price);
        else
            side.insert_or_assign(levels[i].price, levels[i].size);
    }
}

template <class Bids, class Asks> static uint64_t run(const mr_bench_stream *stream, Bids &bids, Asks &asks)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < stream->message_count; i++) {
        const mr_bench_message &message = stream->messages[i];
        change(bids, message.levels, message.bid_count);
        change(asks, message.levels + message.bid_count, message.ask_count);
        if (!bids.empty() && !asks.empty())
            sum = mr_bench_book_sum(sum, bids.begin()->first, bids.begin()->second, asks.begin()->first,
                                    asks.begin()->second);
    }
    return sum * 31 + bids.size() * 7 + asks.size();
}

uint64_t mr_reference_book_map(void *arg)
{
    std::map<int64_t, int64_t, std::greater<int64_t>> bids;
    std::map<int64_t, int64_t> asks;
    return run(static_cast<const mr_bench_stream *>(arg), bids, asks);
}

/* Both best first and best last are used; best last moves less, so it is the one that does its best. */
template <class Map> struct best_last {
    Map map;
    explicit best_last(uint32_t levels) { map.reserve(levels * 4); }
    void erase(int64_t price) { map.erase(price); }
    void insert_or_assign(int64_t price, int64_t size) { map.insert_or_assign(price, size); }
    bool empty() const { return map.empty(); }
    auto begin() const { return map.rbegin(); }
    uint64_t size() const { return map.size(); }
};

uint64_t mr_reference_book_flat_map(void *arg)
{
    const mr_bench_stream *stream = static_cast<const mr_bench_stream *>(arg);
    best_last<boost::container::flat_map<int64_t, int64_t>> bids(stream->levels);
    best_last<boost::container::flat_map<int64_t, int64_t, std::greater<int64_t>>> asks(stream->levels);
    return run(stream, bids, asks);
}
