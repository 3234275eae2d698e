/* Book groups for tests. */
#ifndef MR_TESTS_BOOK_GROUPS_H
#define MR_TESTS_BOOK_GROUPS_H

#include "codecs/event/event.h"

/* A BOOK group in static memory, good until the next call. */
static inline union mr_slot *test_group(uint32_t instrument, int flags, const struct mr_level *bids, size_t bid_count,
                                        const struct mr_level *asks, size_t ask_count)
{
    static union mr_slot group[2 * MR_GROUP_SLOTS];
    group[0].book = (struct mr_book_head){
        .bid_count = (uint16_t)bid_count,
        .ask_count = (uint16_t)ask_count,
        .instrument = instrument,
        .kind = MR_EVENT_BOOK,
        .flags = (uint8_t)(MR_FLAG_FIRST | MR_FLAG_LAST | flags),
    };
    struct mr_level *levels = group[1].level;
    if (bid_count)
        memcpy(levels, bids, bid_count * sizeof *bids);
    if (ask_count)
        memcpy(levels + bid_count, asks, ask_count * sizeof *asks);
    return group;
}

#endif
