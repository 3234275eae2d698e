/* What orders are decided on: for each instrument the best levels, last trade and mark, and how far they can be believed.
 *
 * Whoever owns it copies this in from the data plane's images and taps (live), from recorded events (backtest), or makes it up
 * (simulation); gate, strategies, order manager and paper exchange only read it.   Thread  the trade tile. */
#ifndef MR_MARKET_MARKET_H
#define MR_MARKET_MARKET_H

#include "codecs/event/instrument.h"

#define MR_MARKET_LEVELS 20

enum mr_market_flag {
    MR_MARKET_LIVE = 1 << 0,    /* the book is joined and fresh; without it nothing else here is to be traded on */
    MR_MARKET_CROSSED = 1 << 1, /* best bid >= best ask */
    MR_MARKET_GAP = 1 << 2,     /* behind a gap since the last look */
    MR_MARKET_HALTED = 1 << 3,
};
struct mr_market_view {
    uint32_t instrument, flags;
    uint32_t bid_count, ask_count;
    uint64_t seq;
    int64_t book_ns, last_ns, mark_ns;     /* receive times; 0 never */
    mr_price last, mark, index;            /* at the price scale; 0 never */
    int64_t funding_rate, funding_next_ns; /* rate = funding_rate / 10^funding_scale, for the interval that ends then */
    int8_t funding_scale;
    uint8_t spare[7];
    struct mr_level bids[MR_MARKET_LEVELS], asks[MR_MARKET_LEVELS]; /* best first */
};

/* Mid of the best bid and ask, rounded down to the scale; 0 where a side is empty. */
MR_INLINE mr_price mr_market_mid(const struct mr_market_view *v)
{
    return v->bid_count && v->ask_count ? (v->bids[0].price + v->asks[0].price) / 2 : 0;
}

#endif
