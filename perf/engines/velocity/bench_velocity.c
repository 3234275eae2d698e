/* Velocity of a cascade: 12 symbols of 3 underlyings at 4 venues, 400 liquidations a second.
 *
 * Both sides agree on all the reference computes. Ours does more with each event: slopes, clustering, correlation,
 * lead, price levels and buckets, which the reference leaves out or (in the second case) has less of. */
#include <math.h>
#include <stdlib.h>

#include "engines/velocity/velocity.h"
#include "engines/velocity/velocity_priv.h" /* the integers behind the slopes, to compare them exactly */
#include "perf/bench.h"
#include "perf/engines/velocity/reference_velocity.h"

#define EVENTS 24000
#define STEP 100000000ll
#define START 1790000000000000000ll

static struct bench_fact facts[EVENTS];
static struct bench_facts set = {facts, EVENTS};
static struct mr_instrument instruments[12];
static const struct mr_velocity_config config = {
    .instruments = 12, .underlyings = 3, .instrument_events = 16384, .venue_events = 16384, .underlying_events = 32768};
static void *memory;

static void make(void)
{
    uint64_t random = 88172645463325252u;
    int64_t now = START;
    for (uint32_t i = 0; i < EVENTS; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        now += (int64_t)(random % 5000001);
        facts[i] = (struct bench_fact){now, (int64_t)(random >> 20) % 500000000000, (uint32_t)(random >> 50) % 12,
                                       (uint32_t)(random >> 63)};
    }
    for (uint32_t i = 0; i < 12; i++) {
        instruments[i] = (struct mr_instrument){.id = i,
                                                .venue = (uint8_t)(i % 4 + 1),
                                                .underlying = (uint16_t)(i / 4),
                                                .price_scale = 8,
                                                .flags = MR_INSTRUMENT_QUOTE_USD,
                                                .base = "BTC"};
    }
    memory = aligned_alloc(64, (mr_velocity_bytes(&config) + 63) / 64 * 64);
}

static void apply(struct mr_velocity *v, const struct bench_fact *f)
{
    struct mr_event ev = {.recv_ns = f->time_ns,
                          .kind = MR_EVENT_LIQUIDATION,
                          .aux = f->micro,
                          .instrument = f->instrument,
                          .price = 6700000000000 + f->micro % 100000000000,
                          .flags = f->is_short ? MR_FLAG_SELL : 0};
    mr_velocity_apply(v, &ev, &instruments[f->instrument]);
}

static uint64_t windows(const struct mr_velocity_view *view)
{
    uint64_t sum = 0;
    for (uint32_t w = 0; w < 5; w++) {
        const struct mr_velocity_rate *r = &view->window[w];
        sum = mr_bench_mix(sum,
                           r->count + (uint64_t)r->long_micro + (uint64_t)r->short_micro + (uint64_t)r->largest_micro);
    }
    return sum;
}

static uint64_t events(void *arg)
{
    const struct bench_facts *f = arg;
    struct mr_velocity *v = mr_velocity_init(memory, &config);
    struct mr_velocity_view view;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < f->count; i++) {
        uint32_t id = f->facts[i].instrument;
        apply(v, &f->facts[i]);
        mr_velocity_instrument(v, id, &view);
        sum = mr_bench_mix(sum, windows(&view));
        mr_velocity_venue(v, id / 4, (uint8_t)(id % 4 + 1), &view);
        sum = mr_bench_mix(sum, windows(&view));
        mr_velocity_underlying(v, id / 4, &view);
        sum = mr_bench_mix(sum, windows(&view));
    }
    return sum;
}

static uint64_t grid(const struct mr_velocity *v, uint32_t id)
{
    const struct stream *s = &v->stream[id];
    uint64_t all = mr_window_count(s->window, v->own[OWN_MINUTE]);
    uint64_t busiest = (uint64_t)llround(s->clustering * (double)all);
    return mr_bench_mix(mr_bench_mix(all, busiest),
                        mr_bench_mix((uint64_t)s->count.y_slope, (uint64_t)s->count.slope_slope));
}

static uint64_t ticks(void *arg)
{
    const struct bench_facts *f = arg;
    struct mr_velocity *v = mr_velocity_init(memory, &config);
    uint64_t sum = 0;
    int64_t tick = (f->facts[0].time_ns / STEP + 1) * STEP;
    for (uint32_t i = 0; i < f->count; i++) {
        for (; tick < f->facts[i].time_ns; tick += STEP) {
            mr_velocity_tick(v, tick);
            for (uint32_t id = 0; id < v->streams; id++)
                sum += grid(v, id);
        }
        apply(v, &f->facts[i]);
    }
    return sum;
}

void mr_bench_velocity(struct mr_bench *b)
{
    make();
    mr_bench_pair(
        b, &(struct mr_bench_pair){.name = "events",
                                   .work = "a liquidation, and the five windows of its symbol, venue and underlying",
                                   .items = EVENTS,
                                   .ours = {events, &set},
                                   .references = {{"array, counted anew", mr_reference_velocity_events, &set}},
                                   .goal = 12,
                                   .stretch = 25});
    uint64_t points = (uint64_t)((facts[EVENTS - 1].time_ns - START) / STEP);
    mr_bench_pair(
        b, &(struct mr_bench_pair){.name = "ticks",
                                   .work = "a grid point of 27 streams: slopes, busiest 5 s; and its 40 liquidations",
                                   .items = points,
                                   .ours = {ticks, &set},
                                   .references = {{"array, counted anew", mr_reference_velocity_ticks, &set}},
                                   .goal = 5,
                                   .stretch = 10});
    free(memory);
}
