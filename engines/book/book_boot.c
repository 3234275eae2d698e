#include "engines/book/book_priv.h"

MR_METRICS_DEFINE(mr_book, MR_BOOK_METRICS);

/* Room beyond `depth`: for what a message adds before the worst are let go, and for the levels to float in, so that
 * they seldom have to be moved back to the middle. */
static uint32_t capacity(uint32_t depth)
{
    uint32_t slack = depth / 2 > 3 * MR_SIDE_MERGE ? depth / 2 : 3 * MR_SIDE_MERGE;
    return 1 + depth + slack;
}

static size_t head_bytes(void) { return (sizeof(struct mr_book) + MR_LINE_BYTES - 1) / MR_LINE_BYTES * MR_LINE_BYTES; }

static size_t side_bytes(uint32_t depth)
{
    size_t bytes = (size_t)capacity(depth) * sizeof(struct mr_level);
    return (bytes + MR_LINE_BYTES - 1) / MR_LINE_BYTES * MR_LINE_BYTES;
}

size_t mr_book_bytes(uint32_t depth) { return head_bytes() + 2 * side_bytes(depth); }

struct mr_book *mr_book_init(void *mem, uint32_t depth, const struct mr_instrument *instrument,
                             struct mr_book_metrics *metrics)
{
    MR_ASSERT((uintptr_t)mem % MR_LINE_BYTES == 0 && depth > 0 && depth <= INT32_MAX / 4 && metrics);
    struct mr_book *book = mem;
    *book = (struct mr_book){
        .policy = MR_BOOK_FLAG,
        .price_scale = instrument->price_scale,
        .size_scale = instrument->size_scale,
        .instrument = instrument->id,
        .metrics = metrics,
    };
    for (int i = 0; i < 2; i++) {
        book->side[i] = (struct mr_side){
            .base = (struct mr_level *)((char *)mem + head_bytes() + (size_t)i * side_bytes(depth)),
            .capacity = capacity(depth),
            .first = capacity(depth) / 2,
            .depth = depth,
            .flip = i == 0 ? 0 : -1,
            .exact_from = INT64_MIN,
        };
        memset(book->side[i].base, 0, side_bytes(depth)); /* touches every page before the first message does */
    }
    MR_GAUGE_SET(metrics, stale, metrics->stale + 1);
    return book;
}

void mr_book_policy_set(struct mr_book *book, enum mr_book_policy crossed) { book->policy = (uint8_t)crossed; }

void mr_book_image_cut_set(struct mr_book *book, bool cut) { book->cut = cut; }
