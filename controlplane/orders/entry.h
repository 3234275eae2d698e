/* At what price to enter, whether at all, and how good it was (C-33). Pure functions of a market view.
 *
 * A passive entry stands at the Nth level of its own side, both sides having more than N; it is not made when that is too far from the mid, or when
 * the book is too thin for the size. A taking entry's limit is the worst level it needs: a mean of levels would fill only the first of them.
 *
 * Units   ratios in 10^-6 of the mid (`_e6`), confidence in 10^-4.   Memory  none.   Thread  any. */
#ifndef MR_ORDERS_ENTRY_H
#define MR_ORDERS_ENTRY_H

#include "controlplane/market/market.h"
#include "controlplane/orders/order.h"

struct mr_entry_limits {
    uint32_t level;         /* 1 .. 19: the deepest that entries stand at; 9 as C-33 has it */
    uint32_t slippage_e6;   /* |price - mid| / mid at most */
    uint32_t depth_e2;      /* each side's first `level` levels hold at least so many hundredths of the size */
    uint32_t reprice_ticks; /* a passive entry follows its level when that is so far away, >= 1 ... */
    int64_t reprice_ns;     /* ... and not more often than this */
    uint32_t taker_e4;      /* confidence from which on it takes; above 10,000: never */
};
struct mr_entry_limits mr_entry_defaults(void); /* 9, 0.5 %, 200 %, 1 tick, 1 s, 0.95 */

enum mr_entry_verdict {
    MR_ENTRY_GOOD,
    MR_ENTRY_NO_BOOK, /* not live, crossed, gapped, halted, or a side is empty */
    MR_ENTRY_LEVELS,  /* too few levels */
    MR_ENTRY_FAR,     /* beyond the slippage limit */
    MR_ENTRY_THIN,    /* not enough size in the book */
    MR_ENTRY_STAYS,   /* re-pricing: where it is it is well */
    MR_ENTRY_VERDICT_COUNT
};
const char *mr_entry_verdict_name(unsigned verdict); /* "far"; "?" beyond the last */

/* 0 -> the deepest level, 1 -> the best; 0 is returned where it should take. */
uint32_t mr_entry_level(const struct mr_entry_limits *limits, uint32_t confidence_e4);
/* Price of an entry that stands at `level` (1 the best) of its own side. *price is written where the verdict is GOOD. */
enum mr_entry_verdict mr_entry_passive(const struct mr_entry_limits *limits, const struct mr_market_view *view,
                                       unsigned side, uint32_t level, mr_size size, mr_price *price);
/* Limit of an entry that takes: the worst level needed for all of `size`. */
enum mr_entry_verdict mr_entry_taking(const struct mr_entry_limits *limits, const struct mr_market_view *view,
                                      unsigned side, mr_size size, mr_price *price);
/* Where an order that rests at `level` should stand now. FAR, THIN, LEVELS, NO_BOOK: cancel it. */
enum mr_entry_verdict mr_entry_reprice(const struct mr_entry_limits *limits, const struct mr_market_view *view,
                                       const struct mr_order *order, uint32_t level, mr_price tick, int64_t now_ns,
                                       mr_price *price);

/* What became of it, against the mid when it was decided. */
struct mr_fill_quality {
    mr_price mean;          /* of its fills, rounded to the nearest; 0 none */
    int64_t slippage_e6;    /* of the mean; > 0 worse than the mid; rounded up */
    mr_money shortfall;     /* cost against the mid, > 0 worse, without fees */
    uint32_t filled_e4;     /* share of its size */
    int64_t ack_ns, end_ns; /* from sent to acknowledged, from decided to its last news; 0 unknown */
};
/* MR_OK; MR_E_EMPTY: nothing filled, or no mid was known; MR_E_OVERFLOW, MR_E_INEXACT. */
int mr_fill_quality(const struct mr_order *order, const struct mr_instrument *it, struct mr_fill_quality *out);

#endif
