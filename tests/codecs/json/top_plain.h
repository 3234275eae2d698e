/* The slow reference of levels_top.h: levels_plain.h for each list, and the text between them. */
#ifndef MR_TESTS_TOP_PLAIN_H
#define MR_TESTS_TOP_PLAIN_H

#include "codecs/json/levels_top.h"
#include "tests/codecs/json/levels_plain.h"

#define TOP_BETWEEN ",\"bids\":"

enum top_said { TOP_AGAIN, TOP_TAKEN, TOP_WRONG };

/* Both lists by the reference: the second one's first in `out`. -1 for every refusal. */
static inline int64_t plain_top(const uint8_t *data, uint32_t len, uint32_t pos, const struct mr_levels_top *form,
                                struct mr_level out[MR_LEVELS_TOP_MAX], uint32_t count[2])
{
    const struct mr_levels_scan scan = {MR_LEVELS_BARE, form->price_scale, form->size_scale};
    const uint32_t n = sizeof TOP_BETWEEN - 1;
    struct mr_level first[MR_LEVELS_TOP_MAX];
    bool exponents[2];
    int64_t end = plain_levels(data, len, pos, &scan, first, MR_LEVELS_TOP_MAX, &count[0], &exponents[0]);
    if (end < 0 || len - (uint32_t)end < n || memcmp(data + end, TOP_BETWEEN, n) != 0)
        return -1;
    end =
        plain_levels(data, len, (uint32_t)end + n, &scan, out, MR_LEVELS_TOP_MAX - count[0], &count[1], &exponents[1]);
    if (end < 0 || exponents[0] || exponents[1])
        return -1;
    memcpy(out + count[1], first, count[0] * sizeof *out);
    return end;
}

/* What a kernel takes is what the reference reads, and zeros stand behind the last level of its slot. */
static inline enum top_said top_by(enum mr_kernel kernel, const uint8_t *data, uint32_t len, uint32_t pos,
                                   const struct mr_levels_top *form)
{
    struct mr_level want[MR_LEVELS_TOP_MAX + 4] = {{0, 0}}, got[MR_LEVELS_TOP_MAX];
    uint32_t wanted[2] = {0, 0}, count[2] = {0, 0};
    memset(got, 0xa5, sizeof got);
    int64_t end = mr_levels_top_kernel(kernel)(data, len, pos, form, got, count);
    if (end == MR_E_AGAIN)
        return TOP_AGAIN;
    if (end != plain_top(data, len, pos, form, want, wanted) || memcmp(count, wanted, sizeof count) != 0)
        return TOP_WRONG;
    uint32_t room = (count[0] + count[1] + 3) / 4 * 4;
    return memcmp(got, want, room * sizeof *got) == 0 ? TOP_TAKEN : TOP_WRONG;
}

#endif
