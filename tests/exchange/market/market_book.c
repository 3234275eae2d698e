/* True books: a ladder of LADDER levels a side around the price, with holes, moved and re-quoted by the seed. */
#include "tests/exchange/market/market_priv.h"

static int64_t *cell(struct stream *s, bool ask, int64_t price_idx)
{
    return &s->sizes[ask][(uint64_t)price_idx % RING];
}

static void put(struct stream *s, bool ask, int64_t price_idx, int64_t size)
{
    int64_t *at = cell(s, ask, price_idx);
    if (*at == size)
        return;
    *at = size;
    MR_ASSERT(s->changes_count < CHANGES_MAX);
    s->changes[s->changes_count++] = (struct change){price_idx, size, ask};
}

/* Sizes grow with the distance from the touch; one level in ten is empty, never the best. */
static int64_t new_size(uint64_t *rng, int64_t distance)
{
    if (distance && mr_market_below(rng, 10) == 0)
        return 0;
    return 1 + (int64_t)mr_market_below(rng, (uint64_t)(200 + 40 * distance));
}

static void slide(struct stream *s, uint64_t *rng, bool ask, int64_t low, int64_t high)
{
    for (int64_t i = s->low[ask]; i <= s->high[ask]; i++)
        if (i < low || i > high)
            put(s, ask, i, 0);
    for (int64_t i = low; i <= high; i++)
        if (!s->has_book || i < s->low[ask] || i > s->high[ask])
            put(s, ask, i, new_size(rng, ask ? i - low : high - i));
    s->low[ask] = low;
    s->high[ask] = high;
    int64_t best = ask ? low : high;
    if (*cell(s, ask, best) == 0)
        put(s, ask, best, 1 + (int64_t)mr_market_below(rng, 200));
}

/* Geometric around the touch: half of the re-quotes at the best, a quarter one behind it, ... */
static int64_t near_touch(uint64_t *rng)
{
    int64_t distance = 0;
    while (distance < LADDER - 1 && mr_market_below(rng, 100) < 70)
        distance++;
    return distance;
}

void mr_market_book_move(struct stream *s, uint64_t *rng, int64_t mid_idx)
{
    s->changes_count = 0;
    slide(s, rng, false, mid_idx - LADDER, mid_idx - 1);
    slide(s, rng, true, mid_idx, mid_idx + LADDER - 1);
    s->has_book = true;
    for (uint64_t n = 1 + mr_market_below(rng, 12); n > 0; n--) {
        bool ask = mr_market_below(rng, 2) != 0;
        int64_t distance = near_touch(rng);
        put(s, ask, ask ? s->low[1] + distance : s->high[0] - distance, new_size(rng, distance));
    }
}

/* Removals first, so that no book is crossed on the way; each change says what its level comes to, so that their order means nothing. */
void mr_market_book_settle(struct stream *s)
{
    uint32_t removed = 0;
    for (uint32_t i = 0; i < s->changes_count; i++) {
        struct change c = s->changes[i];
        c.size = *cell(s, c.ask, c.price_idx);
        s->changes[i] = c;
        if (c.size)
            continue;
        s->changes[i] = s->changes[removed];
        s->changes[removed++] = c;
    }
}

static uint32_t mirrored(const struct stream *s, bool ask, struct mr_level *out, uint32_t n)
{
    uint32_t count = mr_market_side(s->mirror, !ask, out, n);
    for (uint32_t i = 0; i < count; i++)
        out[i].price = mr_pow10[s->price_decimals] - out[i].price;
    return count;
}

uint32_t mr_market_side(const struct stream *s, bool ask, struct mr_level *out, uint32_t n)
{
    if (s->mirror)
        return mirrored(s, ask, out, n);
    uint32_t count = 0;
    for (int64_t k = 0; k < LADDER && count < n && s->has_book; k++) {
        int64_t idx = ask ? s->low[1] + k : s->high[0] - k, size = s->sizes[ask][(uint64_t)idx % RING];
        if (size)
            out[count++] = (struct mr_level){idx * s->step, size};
    }
    return count;
}
