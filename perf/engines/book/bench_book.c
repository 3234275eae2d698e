#include "engines/book/book.h"
#include "perf/bench.h"
#include "perf/engines/book/stream.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define CHANGES 200000 /* in a stream: more than branch predictors remember */
#define DEPTH 8192

/* xorshift: the same stream in each run */
static uint32_t next(uint64_t *state, uint32_t bound)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 32) % bound;
}

/* A side while the stream is made: prices, best first. */
struct making {
    int64_t price[2 * DEPTH];
    uint32_t count;
    int way; /* -1 bids, 1 asks */
};

/* How far from the touch, in levels. The recorded Binance BTCUSDT stream (2024) has its quartiles at 82, 271 and 833
 * levels in a book of 3,500: two dice in the exponent come close to that, and scale down with the book. */
static uint32_t distance(uint64_t *seed, uint32_t levels)
{
    double dice = (next(seed, 1000) + next(seed, 1000)) / 2000.0;
    return (uint32_t)(pow(2, dice * log2(levels * 1.2)) - 1);
}

static int rising(const void *a, const void *b)
{
    int64_t x = ((const struct mr_bench_change *)a)->price, y = ((const struct mr_bench_change *)b)->price;
    return (x > y) - (x < y);
}

/* In that stream 62 of 100 changes are of a size, 18 insertions, 16 deletions, 4 deletions of what is not there. Kept
 * in balance here, so that the book keeps its size. */
static void draw(struct making *side, uint64_t *seed, uint32_t n, uint32_t levels, struct mr_bench_change *out)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = distance(seed, levels), die = next(seed, 100);
        at = at < side->count ? at : side->count - 1;
        int64_t size = 1 + next(seed, 1000000);
        if (die < 62) {
            out[i] = (struct mr_bench_change){side->price[at], size};
        } else if (die < 79 && side->count < levels * 3 / 2) {
            int64_t better = at > 0 ? side->price[at - 1] : side->price[0] - side->way * 2,
                    gap = (side->price[at] - better) * side->way;
            if (gap < 2) { /* no room between: a size changes */
                out[i] = (struct mr_bench_change){side->price[at], size};
                continue;
            }
            int64_t price = side->price[at] - side->way * (1 + (int64_t)next(seed, (uint32_t)(gap - 1)));
            memmove(&side->price[at + 1], &side->price[at], (side->count++ - at) * sizeof side->price[0]);
            side->price[at] = price;
            out[i] = (struct mr_bench_change){price, size};
        } else if (die < 96 && side->count > levels / 2) {
            out[i] = (struct mr_bench_change){side->price[at], 0};
            memmove(&side->price[at], &side->price[at + 1], (--side->count - at) * sizeof side->price[0]);
        } else {
            out[i] =
                (struct mr_bench_change){side->price[side->count - 1] + side->way * (1 + (int64_t)next(seed, 500)), 0};
        }
    }
}

/* As Binance sends both sides: sorted, each price once. Of doubles the later is as good as the other. */
static uint32_t tidy(struct mr_bench_change *out, uint32_t n)
{
    uint32_t kept = 0;
    qsort(out, n, sizeof *out, rising);
    for (uint32_t i = 0; i < n; i++)
        if (i + 1 == n || out[i].price != out[i + 1].price)
            out[kept++] = out[i];
    return kept;
}

/* n draws, or as many as give n changes. */
static uint32_t changes(struct making *side, uint64_t *seed, uint32_t n, uint32_t levels, bool exactly,
                        struct mr_bench_change *out)
{
    uint32_t kept = 0;
    do {
        draw(side, seed, n - kept, levels, out + kept);
        kept = tidy(out, n);
    } while (exactly && kept < n);
    return kept;
}

/* `exactly`: each message has so many levels a side, not up to so many. */
static struct mr_bench_stream make(uint32_t levels, uint32_t per_message, bool exactly)
{
    static struct making side[2];
    uint64_t seed = 88172645463325252u + levels;
    struct mr_bench_stream s = {.message_count = CHANGES / (per_message + 1), .levels = levels};
    uint32_t messages = s.message_count;
    size_t room = (size_t)levels * 2 + (size_t)messages * per_message * 2 + 64;
    struct mr_bench_change *out = malloc(room * sizeof *out);
    s.messages = malloc(messages * sizeof *s.messages);
    union mr_slot *group = aligned_alloc(64, (room / 4 + messages * 3) * sizeof *group);
    s.groups = group;
    for (uint32_t m = 0; m < messages; m++) {
        uint32_t n[2];
        s.messages[m].levels = out;
        for (int i = 0; i < 2; i++) {
            side[i].way = i == 0 ? -1 : 1;
            if (m > 0) {
                n[i] = changes(&side[i], &seed, exactly ? per_message : 1 + next(&seed, per_message), levels, exactly,
                               out);
            } else {
                n[i] = side[i].count = levels;
                int64_t price = 6180000 + side[i].way;
                for (uint32_t k = 0; k < levels; k++, price += side[i].way * (1 + (int64_t)next(&seed, 12))) {
                    side[i].price[k] = price;
                    out[k] = (struct mr_bench_change){price, 1 + next(&seed, 1000000)};
                }
            }
            out += n[i];
        }
        s.messages[m].bid_count = n[0];
        s.messages[m].ask_count = n[1];
        s.changes += n[0] + n[1];
        memset(group, 0, (1 + (n[0] + n[1] + 3) / 4) * sizeof *group);
        group->book = (struct mr_book_head){.bid_count = (uint16_t)n[0],
                                            .ask_count = (uint16_t)n[1],
                                            .kind = MR_EVENT_BOOK,
                                            .flags = m == 0 ? MR_FLAG_SNAPSHOT : 0};
        memcpy(group + 1, s.messages[m].levels, (n[0] + n[1]) * sizeof(struct mr_level));
        group += mr_event_slots(group);
    }
    return s;
}

static uint64_t ours(void *arg)
{
    const struct mr_bench_stream *s = arg;
    static const struct mr_instrument instrument = {.price_scale = 8, .size_scale = 8};
    static struct mr_book_metrics metrics;
    static struct mr_book *book;
    if (!book)
        book = mr_book_init(aligned_alloc(64, (mr_book_bytes(DEPTH) + 63) / 64 * 64), DEPTH, &instrument, &metrics);
    const union mr_slot *group = s->groups;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < s->message_count; i++) {
        if (mr_book_apply(book, group) != MR_OK)
            return 0;
        struct mr_level bid, ask;
        if (mr_book_level(book, false, 0, &bid) && mr_book_level(book, true, 0, &ask))
            sum = mr_bench_book_sum(sum, bid.price, bid.size, ask.price, ask.size);
        group += mr_event_slots(group);
    }
    return sum * 31 + mr_book_count(book, false) * 7 + mr_book_count(book, true);
}

static void drop(struct mr_bench_stream *s)
{
    free((void *)s->messages[0].levels);
    free(s->messages);
    free(s->groups);
}

void mr_bench_book(struct mr_bench *b)
{
    static const struct {
        const char *name, *work;
        uint32_t levels, per_message;
        double goal, stretch;
        bool whole; /* an item is a message, not a level */
    } cases[] = {
        {"apply_20", "one level change, 20 levels a side, up to 6 changes a side", 20, 6, 0, 2, false},
        {"apply_200", "one level change, 200 levels a side, up to 20 changes a side", 200, 20, 1.2, 2, false},
        {"apply_1000", "one level change, 1,000 levels a side, up to 40 changes a side", 1000, 40, 2, 2, false},
        {"apply_3500", "one level change, 3,500 levels a side, up to 68 changes a side", 3500, 68, 2, 2, false},
        {"message_20", "a message of 20 levels, 1,000 levels a side", 1000, 10, 2, 4, true},
    };
    static struct mr_bench_stream streams[MR_COUNT_OF(cases)];
    for (uint32_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_bench_stream *s = &streams[i];
        *s = make(cases[i].levels, cases[i].per_message, cases[i].whole);
        const bool whole = cases[i].whole;
        const struct mr_bench_pair pair = {
            .name = cases[i].name,
            .work = cases[i].work,
            .items = whole ? s->message_count : s->changes,
            .ours = {ours, s},
            .references = {{whole ? "a sorted array with memmove" : "boost::container::flat_map",
                            whole ? mr_reference_book_array : mr_reference_book_flat_map, s},
                           {"std::map", mr_reference_book_map, s}},
            .goal = cases[i].goal,
            .stretch = cases[i].stretch};
        mr_bench_pair(b, &pair);
        drop(s);
    }
}
