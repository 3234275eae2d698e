/* What ticker_learn.c tells ticker_usual.c. */
#ifndef MR_VENUE_MEXC_TICKER_H
#define MR_VENUE_MEXC_TICKER_H

#include "codecs/venue/mexc/mexc_priv.h"
#include "codecs/venue/usual_stretch.h"

/* What a member's value becomes. */
enum {
    MR_TICKER_BID,
    MR_TICKER_ASK,
    MR_TICKER_HOLD,
    MR_TICKER_FAIR,
    MR_TICKER_INDEX,
    MR_TICKER_RATE,
    MR_TICKER_TIME,
    MR_TICKER_OTHER,
    MR_TICKER_ROLES
};
static_assert(MR_COUNT_OF(((struct mr_mexc_tickers *)NULL)->value) == MR_TICKER_ROLES, "one of each");

/* What stands behind a stretch. */
enum { MR_TICKER_VALUE, MR_TICKER_SYMBOL, MR_TICKER_END };

/* Where the digits of a value stand. */
MR_INLINE void mr_ticker_places(struct mr_mexc_value *v)
{
#if USUAL_VECTOR
    _mm_storeu_si128((__m128i *)(void *)v->places, mr_fixed_place(v->whole + v->part + 1u, v->part));
#else
    (void)v;
#endif
}

#endif
