#include "perf/codecs/json/levels_sets.h"

#include <cmath>
#include <simdjson.h>

extern "C" int mr_number_fixed(const uint8_t *text, uint32_t len, int scale, int64_t *out);

namespace
{
using namespace simdjson;

int64_t fixed(ondemand::value value)
{
    std::string_view token = value.raw_json_token();
    int64_t out = 0;
    mr_number_fixed(reinterpret_cast<const uint8_t *>(token.data()) + 1, static_cast<uint32_t>(token.size() - 2), 8,
                    &out);
    return out;
}

int64_t rounded(ondemand::value value)
{
    double out = 0;
    if (value.get_double_in_string().get(out))
        return 0;
    return std::llround(out * 1e8);
}

template <int64_t (*read)(ondemand::value)> uint64_t run(const mr_bench_arrays *set)
{
    static thread_local ondemand::parser *parser = new ondemand::parser;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        auto text = reinterpret_cast<const char *>(set->bytes + set->at[i]);
        ondemand::document document;
        ondemand::array levels;
        if (parser->iterate(padded_string_view(text, set->len[i], set->len[i] + MR_BENCH_SLACK)).get(document) ||
            document.get_array().get(levels))
            return 0;
        uint32_t n = 0;
        for (auto item : levels) {
            uint64_t both[2] = {0, 0};
            ondemand::array level;
            if (item.get_array().get(level))
                return 0;
            uint32_t place = 0;
            for (auto number : level) {
                ondemand::value value;
                if (number.get(value))
                    return 0;
                if (place < 2)
                    both[place++] = static_cast<uint64_t>(read(value));
            }
            sum += mr_bench_level(both[0], both[1], n++);
        }
    }
    return sum;
}
} // namespace

extern "C" uint64_t mr_reference_levels_raw(void *arrays)
{
    return run<fixed>(static_cast<const mr_bench_arrays *>(arrays));
}

extern "C" uint64_t mr_reference_levels_double(void *arrays)
{
    return run<rounded>(static_cast<const mr_bench_arrays *>(arrays));
}
