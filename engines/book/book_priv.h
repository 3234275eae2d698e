/* Shared by the files of the book only. */
#ifndef MR_BOOK_PRIV_H
#define MR_BOOK_PRIV_H

#include "engines/book/book.h"

/* Changes that one merge takes in; a longer message is several merges. */
#define MR_SIDE_MERGE 256

/* One side. base[first .. first + count) holds the levels by key, worst first, where key = price ^ flip: with flip -1
 * for asks the order is turned round without overflow, and both sides are the same code. base[first - 1] is always
 * there to be read. */
struct mr_side {
    struct mr_level *base;
    uint32_t first, count;
    uint32_t capacity; /* slots in base */
    uint32_t depth;    /* levels kept at the end of a message */
    mr_price flip;
    mr_price exact_from; /* keys from here up are exact; INT64_MIN: all */
    uint64_t let_go, unknown;
};

struct mr_book {
    struct mr_side side[2]; /* bids, asks */
    uint64_t seq;
    int64_t venue_ns, recv_ns;
    bool live, crossed, locked, cut;
    bool silent;       /* whole, but its channel does not speak */
    bool unsettled;    /* the best prices of the state are not the venue's yet */
    uint32_t state_id; /* the venue's name of the state; 0 none */
    uint8_t policy;
    int8_t price_scale, size_scale;
    uint32_t instrument;
    struct mr_book_metrics *metrics;
    struct mr_book_faults faults;
};

/* Empties the side and takes these levels, at most `depth`; they come in any order, sorted ones are quick. Returns how
 * many had size 0. */
uint32_t mr_side_image(struct mr_side *side, const struct mr_level *levels, uint32_t n);
/* Applies changes in their order. Levels beyond `depth` may stay until mr_side_trim. */
void mr_side_apply(struct mr_side *side, const struct mr_level *levels, uint32_t n);
/* Lets the worst levels beyond `depth` go. */
void mr_side_trim(struct mr_side *side);
/* The level at this price, with its price; false if there is none. */
bool mr_side_find(const struct mr_side *side, mr_price price, struct mr_level *out);
/* The best key there would be after these changes; false if the side would be empty. Changes nothing. */
bool mr_side_best_after(const struct mr_side *side, const struct mr_level *levels, uint32_t n, bool image,
                        mr_price *key);

/* The i-th from the best, as a level with its price. */
MR_INLINE struct mr_level mr_side_level(const struct mr_side *side, uint32_t i)
{
    struct mr_level level = side->base[side->first + side->count - 1 - i];
    level.price ^= side->flip;
    return level;
}

#endif
