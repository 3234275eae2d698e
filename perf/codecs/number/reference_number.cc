#include "perf/codecs/number/sets.h"

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <fast_float/fast_float.h>

static uint64_t bits(double value)
{
    uint64_t out;
    memcpy(&out, &value, sizeof out);
    return out;
}

extern "C" uint64_t mr_reference_fast_float(void *arg)
{
    const auto *set = static_cast<const mr_bench_texts *>(arg);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < MR_BENCH_TEXTS; i++) {
        const char *text = reinterpret_cast<const char *>(set->bytes + set->at[i]);
        double value = 0;
        auto end = fast_float::from_chars(text, text + set->len[i], value);
        sum += bits(value) + (end.ec != std::errc());
    }
    return sum;
}

extern "C" uint64_t mr_reference_from_chars(void *arg)
{
    const auto *set = static_cast<const mr_bench_texts *>(arg);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < MR_BENCH_TEXTS; i++) {
        const char *text = reinterpret_cast<const char *>(set->bytes + set->at[i]);
        double value = 0;
        auto end = std::from_chars(text, text + set->len[i], value);
        sum += bits(value) + (end.ec != std::errc());
    }
    return sum;
}

extern "C" uint64_t mr_reference_strtod(void *arg)
{
    const auto *set = static_cast<const mr_bench_texts *>(arg);
    uint64_t sum = 0;
    for (uint32_t i = 0; i < MR_BENCH_TEXTS; i++) /* the closing quote ends the number */
        sum += bits(strtod(reinterpret_cast<const char *>(set->bytes + set->at[i]), nullptr));
    return sum;
}
