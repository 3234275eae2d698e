#include "codecs/json/levels.h"
#include "perf/codecs/json/levels_sets.h"

#include <stdio.h>
#include <stdlib.h>

static struct mr_level out[1024];

static uint64_t decode(const struct mr_bench_arrays *set, enum mr_levels_form form)
{
    const struct mr_levels_scan scan = {form, 8, 8};
    uint64_t sum = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        uint32_t count = 0;
        if (mr_levels_decode(set->bytes + set->at[i], set->len[i], 0, &scan, out, MR_COUNT_OF(out), &count) < 0)
            return 0;
        for (uint32_t n = 0; n < count; n++)
            sum += mr_bench_level((uint64_t)out[n].price, (uint64_t)out[n].size, n);
    }
    return sum;
}

static uint64_t pairs(void *arg) { return decode(arg, MR_LEVELS_PAIR); }

static uint64_t quads(void *arg) { return decode(arg, MR_LEVELS_QUAD); }

static uint32_t next(uint64_t *state, uint32_t bound)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 32) % bound;
}

/* Binance USD-M and Bybit: one or two decimals, sizes of one to three digits and three decimals */
static int put_future(char *to, uint64_t *r)
{
    static const uint32_t spread[] = {10, 100, 1000};
    return sprintf(to, "[\"%u.%u0\",\"%u.%03u\"]", 60000 + next(r, 9999), next(r, 10), next(r, spread[next(r, 3)]),
                   next(r, 1000));
}

/* Binance spot: always eight decimals */
static int put_spot(char *to, uint64_t *r)
{
    return sprintf(to, "[\"%u.%02u000000\",\"%u.%05u000\"]", 60000 + next(r, 9999), next(r, 100), next(r, 20),
                   next(r, 100000));
}

/* Bybit: shortest texts, some sizes "0" */
static int put_short(char *to, uint64_t *r)
{
    static const char *const sizes[] = {"0", "0.5", "0.012", "1.25", "12", "3.001", "150.73"};
    return next(r, 4)
               ? sprintf(to, "[\"%u.%u\",\"%u.%u\"]", 1000 + next(r, 90000), next(r, 10), next(r, 30), 1 + next(r, 999))
               : sprintf(to, "[\"%u\",\"%s\"]", 1000 + next(r, 90000), sizes[next(r, 7)]);
}

static int put_okx(char *to, uint64_t *r)
{
    return sprintf(to, "[\"%u.%u\",\"%u.%u\",\"0\",\"%u\"]", 60000 + next(r, 9999), next(r, 10), next(r, 300),
                   next(r, 100), next(r, 40));
}

static struct mr_bench_arrays *make(int (*put)(char *, uint64_t *), uint32_t count, uint32_t least, uint32_t most)
{
    struct mr_bench_arrays *set = calloc(1, sizeof *set);
    set->bytes = calloc(count, most * 48 + 2 + MR_BENCH_SLACK);
    set->count = count;
    uint64_t seed = 88172645463325252u;
    uint32_t at = 0;
    for (uint32_t i = 0; i < count; i++) {
        char *to = (char *)set->bytes + at, *start = to;
        uint32_t levels = least + next(&seed, most - least + 1);
        *to++ = '[';
        for (uint32_t n = 0; n < levels; n++) {
            to += put(to, &seed);
            *to++ = n + 1 < levels ? ',' : ']';
        }
        set->at[i] = at;
        set->len[i] = (uint32_t)(to - start);
        set->levels += levels;
        at += set->len[i] + MR_BENCH_SLACK;
    }
    return set;
}

void mr_bench_levels(struct mr_bench *b)
{
    static const struct {
        const char *name, *work;
        int (*put)(char *, uint64_t *);
        uint32_t count, least, most;
        bool quad;
        double goal, stretch;
    } sets[] = {
        {"delta_futures", "a level, arrays of 15 to 35, 67123.40 12.345", put_future, 512, 15, 35, false, 2.5, 3.5},
        {"delta_spot", "a level, arrays of 15 to 35, eight decimals", put_spot, 512, 15, 35, false, 2.5, 3.5},
        {"delta_short", "a level, arrays of 15 to 35, shortest texts", put_short, 512, 15, 35, false, 2, 3},
        {"delta_okx", "a level of four strings, arrays of 15 to 35", put_okx, 512, 15, 35, true, 2, 3},
        {"small", "a level, arrays of 1 to 4", put_future, 512, 1, 4, false, 0, 0},
        {"snapshot", "a level, arrays of 400", put_spot, 32, 400, 400, false, 2, 3},
    };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        struct mr_bench_arrays *set = make(sets[i].put, sets[i].count, sets[i].least, sets[i].most);
        mr_bench_pair(b,
                      &(struct mr_bench_pair){
                          .name = sets[i].name,
                          .work = sets[i].work,
                          .items = set->levels,
                          .ours = {sets[i].quad ? quads : pairs, set},
                          .references = {{"simdjson On-Demand, raw tokens, our decimal", mr_reference_levels_raw, set},
                                         {"simdjson On-Demand, get_double_in_string", mr_reference_levels_double, set}},
                          .goal = sets[i].goal,
                          .stretch = sets[i].stretch,
                          .kernels = true,
                      });
        free(set->bytes);
        free(set);
    }
}
