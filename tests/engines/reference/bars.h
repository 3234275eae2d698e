/* Bars by definition: looks through all trades for each. */
#ifndef MR_TESTS_REFERENCE_BARS_H
#define MR_TESTS_REFERENCE_BARS_H

#include "engines/bars/bars.h"

struct bars_ref_trade {
    int64_t time_ns, price, size, micro;
    uint32_t instrument;
    bool sell;
};

/* The bar [open_ns, open_ns + interval_ns) of an instrument's trades, which are in time order. */
struct mr_bar bars_ref(const struct bars_ref_trade *trades, uint32_t count, uint32_t instrument, int64_t open_ns,
                       int64_t interval_ns);
/* Fails the test where prices, sums, times or EMPTY differ. */
void bars_ref_same(const struct mr_bar *got, const struct mr_bar *want);

#endif
