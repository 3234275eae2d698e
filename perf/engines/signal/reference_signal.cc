// Velocity, volatility and scores of one underlying by definition: no running sums, a look at the whole window for each
// event.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "perf/bench.h"
#include "perf/engines/signal/stream.h"

namespace
{

constexpr int64_t second = 1000000000, tick = 100000000;

struct reference {
    const mr_bench_stream *stream;
    std::vector<mr_bench_liquidation> past; // of the last 70 s: slopes look 4 s further back than the minute
    std::vector<double> returns;            // one a second, of the last hour
    double price = 0;
    int64_t period = 0;
    double published = 0;

    // Count and notional of (t - window, t].
    std::pair<int64_t, int64_t> sum(int64_t t, int64_t window) const
    {
        int64_t count = 0, micro = 0;
        for (const auto &e : past) {
            bool in = e.at_ns > t - window && e.at_ns <= t;
            count += in;
            micro += in ? e.micro_usd : 0;
        }
        return {count, micro};
    }

    static double slope(const double *y, int n, double step)
    {
        double top = 0, bottom = 0, middle = (n - 1) / 2.0;
        for (int i = 0; i < n; i++) {
            top += (i - middle) * y[i];
            bottom += (i - middle) * (i - middle);
        }
        return top / bottom / step;
    }

    std::pair<double, double> slopes(int64_t t) const
    {
        std::array<double, 39> rate;
        std::array<double, 20> acceleration;
        int64_t grid = t / tick * tick;
        for (int i = 0; i < 39; i++)
            rate[i] = static_cast<double>(sum(grid - (38 - i) * tick, 10 * second).first) / 10;
        for (int i = 0; i < 20; i++)
            acceleration[i] = slope(&rate[i], 20, 0.1);
        return {acceleration[19], slope(acceleration.data(), 20, 0.1)};
    }

    double correlation(int64_t t) const
    {
        double counts[4][60] = {}, total = 0;
        int64_t end = t / second * second;
        for (const auto &e : past)
            if (e.at_ns > end - 60 * second && e.at_ns <= end)
                counts[e.venue - 1][(e.at_ns - 1 - (end - 60 * second)) / second]++;
        for (int a = 0; a < 4; a++)
            for (int b = a + 1; b < 4; b++) {
                double ma = 0, mb = 0, ab = 0, aa = 0, bb = 0;
                for (int i = 0; i < 60; i++)
                    ma += counts[a][i] / 60, mb += counts[b][i] / 60;
                for (int i = 0; i < 60; i++) {
                    double x = counts[a][i] - ma, y = counts[b][i] - mb;
                    ab += x * y, aa += x * x, bb += y * y;
                }
                total += aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : 0;
            }
        return total / 6;
    }

    double volatility(size_t seconds) const
    {
        double mean = 0, squares = 0, n = static_cast<double>(seconds);
        for (size_t i = returns.size() - seconds; i < returns.size(); i++)
            mean += returns[i] / n;
        for (size_t i = returns.size() - seconds; i < returns.size(); i++)
            squares += (returns[i] - mean) * (returns[i] - mean);
        return 100 * std::sqrt(squares / n) * std::sqrt(n);
    }

    void trade(double now)
    {
        if (returns.size() >= 3600)
            returns.erase(returns.begin());
        returns.push_back(price > 0 ? std::log(now / price) : 0);
        price = now;
    }

    uint64_t event(const mr_bench_liquidation &e)
    {
        static const int64_t windows[5] = {tick, 5 * tick, 2 * second, 10 * second, 60 * second};
        past.erase(past.begin(), std::find_if(past.begin(), past.end(),
                                              [&](const auto &p) { return p.at_ns > e.at_ns - 70 * second; }));
        past.push_back(e);
        uint64_t checksum = 0;
        double rate[5];
        int64_t micro = 0;
        for (int i = 0; i < 5; i++) {
            auto [count, usd] = sum(e.at_ns, windows[i]);
            rate[i] = static_cast<double>(count) * 1e9 / static_cast<double>(windows[i]);
            checksum = mr_bench_mix(checksum, static_cast<uint64_t>(count));
            micro = usd;
        }
        auto [acceleration, jerk] = slopes(e.at_ns);
        double v5 = volatility(300), v1 = volatility(60), v15 = volatility(900), hour = volatility(3600);
        double p = 0.25 * std::min(1.0, rate[3] / 50) + 0.2 * std::min(1.0, std::fabs(acceleration) / 20);
        published += p + jerk + correlation(e.at_ns) + v5 + v1 + v15 + hour; // kept, so that it is computed
        return mr_bench_mix(checksum, static_cast<uint64_t>(micro));
    }

    uint64_t pass()
    {
        uint64_t sum = 0;
        int64_t base = period++ * MR_BENCH_PERIOD_S * second;
        int traded = 0;
        for (mr_bench_liquidation e : stream->events) {
            for (; traded < MR_BENCH_PERIOD_S && traded * second + second / 2 <= e.at_ns; traded++)
                trade(static_cast<double>(stream->price[traded]));
            e.at_ns += base;
            sum = mr_bench_mix(sum, event(e));
        }
        return sum;
    }
};

} // namespace

extern "C" void *mr_reference_signal_open(const mr_bench_stream *stream)
{
    auto *r = new reference{stream, {}, {}};
    for (int i = 0; i < 3600; i++)
        r->trade(static_cast<double>(stream->price[i % MR_BENCH_PERIOD_S]));
    // one period fills the 70 s it looks back on: the same windows from then on
    const int64_t base = (r->period++) * MR_BENCH_PERIOD_S * second;
    for (mr_bench_liquidation e : stream->events) {
        e.at_ns += base;
        r->past.push_back(e);
    }
    return r;
}

extern "C" uint64_t mr_reference_signal_pass(void *r) { return static_cast<reference *>(r)->pass(); }
