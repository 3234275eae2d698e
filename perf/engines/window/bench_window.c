/* mr_log beside libm's, whose bits differ between machines; and one stream's windows beside counting anew. */
#include <math.h>
#include <stdlib.h>

#include "engines/window/math.h"
#include "engines/window/window.h"
#include "perf/bench.h"

#define VALUES 4096
#define EVENTS 30000
#define MS 1000000ll

static double values[VALUES];
static int64_t times[EVENTS], micros[EVENTS];
static void *memory;
static const struct mr_window_config config = {.events = 16384, .windows_ms = {100, 500, 2000, 10000, 60000}};

static void make(void)
{
    uint64_t random = 88172645463325252u;
    int64_t now = 1790000000000000000ll;
    for (uint32_t i = 0; i < EVENTS; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        times[i] = now += (int64_t)(random % (10 * MS));
        micros[i] = (int64_t)(random >> 25);
        values[i % VALUES] = (double)(random % 100000000) / 1000.0 + 0.001;
    }
    memory = aligned_alloc(64, (mr_window_bytes(&config) + 63) / 64 * 64);
}

static uint64_t ours_log(void *arg)
{
    double sum = 0;
    (void)arg;
    for (uint32_t i = 0; i < VALUES; i++)
        sum += mr_log(values[i]);
    return (uint64_t)(sum * 1000);
}

static uint64_t libm_log(void *arg)
{
    double sum = 0;
    (void)arg;
    for (uint32_t i = 0; i < VALUES; i++)
        sum += log(values[i]);
    return (uint64_t)(sum * 1000);
}

static uint64_t ours_windows(void *arg)
{
    struct mr_window *window = mr_window_init(memory, &config);
    uint64_t sum = 0;
    (void)arg;
    for (uint32_t i = 0; i < EVENTS; i++) {
        mr_window_add(window, times[i], micros[i], i & 1);
        mr_window_advance(window, times[i]);
        for (uint32_t w = 0; w < 5; w++) {
            struct mr_window_sum s;
            mr_window_query(window, w, &s);
            sum = mr_bench_mix(sum, s.count + (uint64_t)(s.long_micro - s.short_micro) + (uint64_t)s.largest_micro);
        }
    }
    return sum;
}

static uint64_t anew(void *arg)
{
    uint64_t sum = 0;
    (void)arg;
    for (uint32_t i = 0; i < EVENTS; i++) {
        uint64_t count[5] = {0};
        int64_t net[5] = {0}, largest[5] = {0};
        for (uint32_t k = i + 1; k > 0 && times[k - 1] > times[i] - 60000 * MS; k--)
            for (uint32_t w = 5; w > 0 && times[k - 1] > times[i] - config.windows_ms[w - 1] * MS; w--) {
                count[w - 1]++;
                net[w - 1] += (k - 1) & 1 ? -micros[k - 1] : micros[k - 1];
                largest[w - 1] = micros[k - 1] > largest[w - 1] ? micros[k - 1] : largest[w - 1];
            }
        for (uint32_t w = 0; w < 5; w++)
            sum = mr_bench_mix(sum, count[w] + (uint64_t)net[w] + (uint64_t)largest[w]);
    }
    return sum;
}

void mr_bench_window(struct mr_bench *b)
{
    make();
    mr_bench_pair(b, &(struct mr_bench_pair){.name = "log",
                                             .work = "natural logarithm, the same bits everywhere",
                                             .items = VALUES,
                                             .ours = {ours_log, NULL},
                                             .references = {{"libm of this machine", libm_log, NULL}}});
    mr_bench_pair(b, &(struct mr_bench_pair){.name = "windows",
                                             .work = "an event at 200/s, and five windows up to 60 s",
                                             .items = EVENTS,
                                             .ours = {ours_windows, NULL},
                                             .references = {{"array, counted anew", anew, NULL}},
                                             .goal = 50,
                                             .stretch = 100});
    free(memory);
}
