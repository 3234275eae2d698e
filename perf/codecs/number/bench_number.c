#include "codecs/number/number.h"
#include "perf/codecs/number/sets.h"

#include <stdio.h>
#include <stdlib.h>

static uint64_t fixed(void *arg)
{
    const struct mr_bench_texts *set = arg;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < MR_BENCH_TEXTS; i++) {
        int64_t value = 0;
        int status = mr_number_fixed(set->bytes + set->at[i], set->len[i], 8, &value);
        sum += (uint64_t)value + (uint64_t)status;
    }
    return sum;
}

static uint64_t real(void *arg)
{
    const struct mr_bench_texts *set = arg;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < MR_BENCH_TEXTS; i++) {
        double value = 0;
        int status = mr_number_double(set->bytes + set->at[i], set->len[i], &value);
        uint64_t bits;
        memcpy(&bits, &value, sizeof bits);
        sum += bits + (status != MR_OK);
    }
    return sum;
}

/* xorshift: the same texts in each run */
static uint32_t next(uint64_t *state, uint32_t bound)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 32) % bound;
}

static uint32_t put(char *out, uint32_t whole, uint32_t part, uint64_t *seed)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < whole; i++)
        out[n++] = (char)('0' + (whole > 1 && i == 0 ? 1 + next(seed, 9) : next(seed, 10)));
    if (part)
        out[n++] = '.';
    for (uint32_t i = 0; i < part; i++)
        out[n++] = (char)('0' + next(seed, 10));
    return n;
}

/* 67123.45000000: what Binance sends: two decimals that say something and six zeros */
static uint32_t put_price(char *out, uint64_t *seed)
{
    put(out, 5, 8, seed);
    memset(out + 8, '0', 6);
    return 14;
}

/* 3 to 11 characters, the point anywhere or nowhere: prices and sizes of many venues */
static uint32_t put_mixed(char *out, uint64_t *seed)
{
    uint32_t len = 3 + next(seed, 9), whole = 1 + next(seed, len - 2);
    if (next(seed, 8) == 0 && len < 10)
        return put(out, len, 0, seed);
    if (len - whole - 1 > 8)
        whole = len - 9;
    return put(out, whole, len - whole - 1, seed);
}

static uint32_t put_short(char *out, uint64_t *seed) { return put(out, 3, 3, seed); }

static struct mr_bench_texts *make(uint32_t (*one)(char *, uint64_t *))
{
    struct mr_bench_texts *set = calloc(1, sizeof *set);
    set->bytes = malloc(MR_BENCH_TEXTS * 40);
    uint64_t seed = 88172645463325252u;
    uint32_t at = 0;
    for (uint32_t i = 0; i < MR_BENCH_TEXTS; i++) {
        set->bytes[at++] = '"';
        set->at[i] = at;
        set->len[i] = one((char *)set->bytes + at, &seed);
        at += set->len[i];
        set->bytes[at++] = '"';
        set->bytes[at++] = ',';
    }
    return set;
}

static void drop(struct mr_bench_texts *set)
{
    free(set->bytes);
    free(set);
}

void mr_bench_number(struct mr_bench *b)
{
    static const struct {
        const char *fixed, *fixed_work, *real, *real_work;
        uint32_t (*put)(char *, uint64_t *);
        double goal, stretch;
    } sets[] = {
        {"fixed_price", "67123.45000000 to int64", "double_price", "67123.45000000 to double", put_price, 1.6, 0},
        {"fixed_mixed", "3 to 11 characters to int64", "double_mixed", "3 to 11 characters to double", put_mixed, 1.6,
         4.8},
        {"fixed_short", "ddd.ddd to int64", "double_short", "ddd.ddd to double", put_short, 1.6, 0},
    };
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        struct mr_bench_texts *set = make(sets[i].put);
        mr_bench_pair(b, &(struct mr_bench_pair){
                             .name = sets[i].fixed,
                             .work = sets[i].fixed_work,
                             .items = MR_BENCH_TEXTS,
                             .ours = {fixed, set},
                             .references = {{"fast_float (to double)", mr_reference_fast_float, set}},
                             .other_work = 1,
                             .goal = sets[i].goal,
                             .stretch = sets[i].stretch,
                             .kernels = true,
                         });
        mr_bench_pair(b, &(struct mr_bench_pair){
                             .name = sets[i].real,
                             .work = sets[i].real_work,
                             .items = MR_BENCH_TEXTS,
                             .ours = {real, set},
                             .references = {{"fast_float", mr_reference_fast_float, set},
                                            {"std::from_chars", mr_reference_from_chars, set},
                                            {"strtod", mr_reference_strtod, set}},
                         });
        drop(set);
    }
}
