#include "perf/engines/velocity/reference_velocity.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "perf/bench.h"

namespace
{

constexpr int64_t MS = 1000000;
constexpr int64_t widths[5] = {100 * MS, 500 * MS, 2000 * MS, 10000 * MS, 60000 * MS};
constexpr int64_t STEP = 100 * MS;

struct event {
    int64_t time_ns, micro;
    bool is_short;
};

struct stream {
    std::vector<event> events;
    std::vector<int64_t> counts, slopes; /* at grid points */

    /* one pass back over the longest window fills all five */
    uint64_t windows(int64_t now) const
    {
        uint64_t count[5] = {}, sum = 0;
        int64_t longs[5] = {}, shorts[5] = {}, largest[5] = {};
        for (size_t i = events.size(); i > 0 && events[i - 1].time_ns > now - widths[4]; i--) {
            const event &e = events[i - 1];
            for (int w = 4; w >= 0 && e.time_ns > now - widths[w]; w--) {
                count[w]++;
                (e.is_short ? shorts : longs)[w] += e.micro;
                largest[w] = std::max(largest[w], e.micro);
            }
        }
        for (int w = 0; w < 5; w++)
            sum = mr_bench_mix(sum, count[w] + (uint64_t)longs[w] + (uint64_t)shorts[w] + (uint64_t)largest[w]);
        return sum;
    }

    static int64_t weighted(const std::vector<int64_t> &values)
    {
        int64_t sum = 0;
        for (size_t i = 0; i < 20 && i < values.size(); i++)
            sum += (int64_t)(19 - 2 * (int64_t)i) * values[values.size() - 1 - i];
        return sum;
    }

    uint64_t grid(int64_t now)
    {
        int64_t cells[600] = {}, recent = 0, all = 0, busiest = 0, five = 0;
        for (size_t i = events.size(); i > 0 && events[i - 1].time_ns > now - widths[4]; i--) {
            int64_t age = now - events[i - 1].time_ns;
            all++;
            recent += age < widths[3];
            cells[age / STEP]++;
        }
        for (int i = 0; i < 600; i++) {
            five += cells[i] - (i >= 50 ? cells[i - 50] : 0);
            busiest = std::max(busiest, i >= 49 ? five : 0);
        }
        counts.push_back(recent);
        slopes.push_back(weighted(counts));
        return mr_bench_mix(mr_bench_mix((uint64_t)all, (uint64_t)(all < 5 ? 0 : busiest)),
                            mr_bench_mix((uint64_t)slopes.back(), (uint64_t)weighted(slopes)));
    }
};

struct market {
    stream instrument[12], venue[12], underlying[3];

    void add(const bench_fact &f)
    {
        event e = {f.time_ns, f.micro, f.is_short != 0};
        instrument[f.instrument].events.push_back(e);
        venue[f.instrument].events.push_back(e); /* one symbol a venue */
        underlying[f.instrument / 4].events.push_back(e);
    }
};

} // namespace

uint64_t mr_reference_velocity_events(void *arg)
{
    const bench_facts *facts = static_cast<const bench_facts *>(arg);
    market m;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < facts->count; i++) {
        const bench_fact &f = facts->facts[i];
        m.add(f);
        sum = mr_bench_mix(sum, m.instrument[f.instrument].windows(f.time_ns));
        sum = mr_bench_mix(sum, m.venue[f.instrument].windows(f.time_ns));
        sum = mr_bench_mix(sum, m.underlying[f.instrument / 4].windows(f.time_ns));
    }
    return sum;
}

uint64_t mr_reference_velocity_ticks(void *arg)
{
    const bench_facts *facts = static_cast<const bench_facts *>(arg);
    market m;
    uint64_t sum = 0;
    int64_t tick = (facts->facts[0].time_ns / STEP + 1) * STEP;
    for (uint32_t i = 0; i < facts->count; i++) {
        for (; tick < facts->facts[i].time_ns; tick += STEP) {
            for (int k = 0; k < 12; k++) {
                sum += m.instrument[k].grid(tick);
                sum += m.venue[k].grid(tick);
            }
            for (int k = 0; k < 3; k++)
                sum += m.underlying[k].grid(tick);
        }
        m.add(facts->facts[i]);
    }
    return sum;
}
