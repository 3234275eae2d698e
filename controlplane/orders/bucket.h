/* Token bucket for a venue's quota: at most `quota` spent in any window of `window_ns`, wherever the window begins.
 *
 * A full bucket and its refill both fall into one window, so capacity + rate * window may be the quota and no more: the burst is the
 * capacity, and what is left of the quota is the rate. All integers: a token is window_ns parts, and each ns brings quota - burst of them.
 *
 * Memory  the struct.   Time  given; one that goes back brings nothing and takes nothing.   Thread  the owner's. */
#ifndef MR_ORDERS_BUCKET_H
#define MR_ORDERS_BUCKET_H

#include "dataplane/base/base.h"

struct mr_bucket_limit {
    uint32_t quota, burst; /* 1 <= burst <= quota <= 1,000,000 */
    int64_t window_ns;     /* 1 .. 10^12 */
};
struct mr_bucket {
    struct mr_bucket_limit limit;
    int64_t level; /* parts */
    int64_t at_ns, blocked_ns;
};

/* Full at `now_ns`. MR_OK, or MR_E_RANGE outside the bounds above. */
int mr_bucket_init(struct mr_bucket *b, const struct mr_bucket_limit *limit, int64_t now_ns);
/* Takes one if then at least `keep` are left for others: true, and it may leave. */
bool mr_bucket_take(struct mr_bucket *b, uint32_t keep, int64_t now_ns);
/* The first moment at which mr_bucket_take with this `keep` says yes if nobody else takes; INT64_MAX if it never will. */
int64_t mr_bucket_when(const struct mr_bucket *b, uint32_t keep, int64_t now_ns);
/* Nothing leaves before `until_ns` (the venue said so). */
void mr_bucket_block(struct mr_bucket *b, int64_t until_ns);

#endif
