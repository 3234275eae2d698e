/* The books people write: an ordered map a side. */
#include "perf/bench.h"
#include "perf/engines/book/stream.h"

#include <algorithm>
#include <boost/container/flat_map.hpp>
#include <cstring>
#include <functional>
#include <map>
#include <vector>

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
            sum = mr_bench_book_sum(sum, bids.best().price, bids.best().size, asks.best().price, asks.best().size);
    }
    return sum * 31 + bids.size() * 7 + asks.size();
}

template <class Order> struct tree : std::map<int64_t, int64_t, Order> {
    mr_bench_change best() const { return {this->begin()->first, this->begin()->second}; }
};

uint64_t mr_reference_book_map(void *arg)
{
    tree<std::greater<int64_t>> bids;
    tree<std::less<int64_t>> asks;
    return run(static_cast<const mr_bench_stream *>(arg), bids, asks);
}

/* Both best first and best last are used; best last moves less, so it is the one that does its best. */
template <class Map> struct best_last {
    Map map;
    explicit best_last(uint32_t levels) { map.reserve(levels * 4); }
    void erase(int64_t price) { map.erase(price); }
    void insert_or_assign(int64_t price, int64_t size) { map.insert_or_assign(price, size); }
    bool empty() const { return map.empty(); }
    mr_bench_change best() const { return {map.rbegin()->first, map.rbegin()->second}; }
    uint64_t size() const { return map.size(); }
};

uint64_t mr_reference_book_flat_map(void *arg)
{
    const mr_bench_stream *stream = static_cast<const mr_bench_stream *>(arg);
    best_last<boost::container::flat_map<int64_t, int64_t>> bids(stream->levels);
    best_last<boost::container::flat_map<int64_t, int64_t, std::greater<int64_t>>> asks(stream->levels);
    return run(stream, bids, asks);
}

/* A sorted array, best last, written by hand: levels behind the place are moved by memmove. */
template <int WAY> struct array {
    std::vector<mr_bench_change> level;
    size_t count = 0;
    explicit array(uint32_t levels) : level(levels * 4) {}
    size_t place(int64_t price) const
    {
        const auto before = [](const mr_bench_change &one, int64_t wanted) { return one.price * WAY < wanted * WAY; };
        return (size_t)(std::lower_bound(level.begin(), level.begin() + (ptrdiff_t)count, price, before) -
                        level.begin());
    }
    bool has(size_t at, int64_t price) const { return at < count && level[at].price == price; }
    void erase(int64_t price)
    {
        size_t at = place(price);
        if (has(at, price))
            memmove(&level[at], &level[at + 1], (--count - at) * sizeof level[0]);
    }
    void insert_or_assign(int64_t price, int64_t size)
    {
        size_t at = place(price);
        if (!has(at, price))
            memmove(&level[at + 1], &level[at], (count++ - at) * sizeof level[0]);
        level[at] = {price, size};
    }
    bool empty() const { return count == 0; }
    mr_bench_change best() const { return level[count - 1]; }
    uint64_t size() const { return count; }
};

uint64_t mr_reference_book_array(void *arg)
{
    const mr_bench_stream *stream = static_cast<const mr_bench_stream *>(arg);
    array<1> bids(stream->levels);
    array<-1> asks(stream->levels);
    return run(stream, bids, asks);
}
