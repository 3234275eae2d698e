/* The generated market as a source: paced like a recording, the first `skip_ns` of it at once (windows fill while
 * nobody waits). */
#ifndef MR_EXCHANGE_MARKET_SOURCE_H
#define MR_EXCHANGE_MARKET_SOURCE_H

#include "tests/exchange/market/market.h"

struct mr_market_source_config {
    struct mr_market_config market;
    double pace; /* 1 real time, N times as fast, 0 as fast as possible */
    int64_t skip_ns;
};

extern const struct mr_source_ops mr_source_market;

struct mr_market *mr_market_of(const struct mr_source *s); /* for its labels and true books */

#endif
