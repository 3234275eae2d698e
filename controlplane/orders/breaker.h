/* Circuit breaker of one venue (C-35): closed until `failures` of them lie within `window_ns`; then open; after `open_ns` half-open: one
 * request may try; the first success from then on closes it, a failure opens it anew.
 *
 * It holds new orders only. Cancels and queries pass (they lower the risk, and tell how the venue is), and what becomes of them counts.
 * Memory  the struct.   Time  given.   Thread  the owner's. */
#ifndef MR_ORDERS_BREAKER_H
#define MR_ORDERS_BREAKER_H

#include "dataplane/base/base.h"

#define MR_BREAKER_FAILURES_MAX 16

struct mr_breaker_limit {
    uint32_t failures; /* 1 .. MR_BREAKER_FAILURES_MAX */
    int64_t window_ns, open_ns;
};
enum mr_breaker_state { MR_BREAKER_CLOSED, MR_BREAKER_OPEN, MR_BREAKER_HALF_OPEN };
struct mr_breaker {
    struct mr_breaker_limit limit;
    uint8_t state;
    bool tried; /* half-open, and the one request has left */
    uint32_t next, count;
    int64_t until_ns; /* open: half-open from then on */
    int64_t failed_ns[MR_BREAKER_FAILURES_MAX];
    uint64_t opened; /* times */
};

/* MR_OK, or MR_E_RANGE. */
int mr_breaker_init(struct mr_breaker *b, const struct mr_breaker_limit *limit);
/* May an order leave? In half-open the first who asks may, until success or failure is told. */
bool mr_breaker_allows(struct mr_breaker *b, int64_t now_ns);
void mr_breaker_success(struct mr_breaker *b, int64_t now_ns);
void mr_breaker_failure(struct mr_breaker *b, int64_t now_ns);

const char *mr_breaker_state_name(unsigned state); /* "closed"; "?" beyond the last */

#endif
