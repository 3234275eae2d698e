/* Arbitrary groups: the book is what the plain reference is, after each of them. Input: depth, policy, then messages:
 * flags, counts, and two bytes a level. */
#include "tests/engines/book/book_ref.h"
#include "tests/engines/book/groups.h"

#include <stdlib.h>

#define LEVELS_MAX 255 /* a side: one merge, so that both let levels go at the same time */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
    const uint8_t *at, *end;
};

static unsigned take(struct input *in) { return in->at < in->end ? *in->at++ : 0; }

/* Prices near 1,000, with a rare one at the edge of what an integer holds; sizes 0 to 15, a rare one negative. */
static struct mr_level level(struct input *in)
{
    static const int64_t odd[] = {0, INT64_MAX, INT64_MAX - 1, -1, INT64_MIN, 1, 999, 1001};
    unsigned a = take(in), b = take(in);
    struct mr_level l = {1000 + (int64_t)(a + (b / 16 % 8) * 256) - 128, b % 16};
    if (b >= 250)
        l.price = odd[a % 8];
    if (b == 249)
        l.size = a & 1 ? -1 : INT64_MAX;
    return l;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct ref_book ref;
    static struct mr_level bids[LEVELS_MAX], asks[LEVELS_MAX];
    static const struct mr_instrument instrument = {.id = 7, .price_scale = 2, .size_scale = 3};
    struct input in = {data, data + size};
    uint32_t depth = 1 + take(&in) % 64;
    unsigned how = take(&in);
    struct mr_book_metrics metrics = {0};
    size_t bytes = (mr_book_bytes(depth) + 63) / 64 * 64;
    void *mem = aligned_alloc(64, bytes);
    struct mr_book *book = mr_book_init(mem, depth, &instrument, &metrics);
    ref_init(&ref, depth);
    ref.policy = (int)(how % 3);
    ref.cut = how & 4;
    mr_book_policy_set(book, (enum mr_book_policy)(how % 3));
    mr_book_image_cut_set(book, how & 4);
    while (in.at < in.end) {
        unsigned flags = take(&in), bid_count = take(&in), ask_count = take(&in);
        bid_count = flags & 2 ? bid_count : bid_count % 8;
        ask_count = flags & 2 ? ask_count : ask_count % 8;
        for (unsigned i = 0; i < bid_count; i++)
            bids[i] = level(&in);
        for (unsigned i = 0; i < ask_count; i++)
            asks[i] = level(&in);
        union mr_slot *group = test_group(7, flags & 1 ? MR_FLAG_SNAPSHOT : 0, bids, bid_count, asks, ask_count);
        group->book.venue_ns = flags / 16;
        if (flags % 16 == 12)
            group->event = (struct mr_event){.kind = MR_EVENT_GAP, .instrument = 7};
        int want = ref_apply(&ref, group, 2, 3);
        if (mr_book_apply(book, group) != want || ref_differs(&ref, book))
            abort();
    }
    if (metrics.messages != ref.messages || metrics.let_go != ref.side[0].let_go + ref.side[1].let_go ||
        metrics.unknown != ref.side[0].unknown + ref.side[1].unknown || metrics.zero != ref.zero)
        abort();
    free(mem);
    return 0;
}
