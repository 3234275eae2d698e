/* Connection attempts to one venue from one address of ours: all sessions of a data plane, on whichever tile, share the venue's limit.
 *
 * A token bucket in one word: the time at which it will be full. Half of what the venue allows is the bucket, the other half its refill,
 * so that no window of the venue's length, wherever it begins, sees more than it allows.
 *
 * Memory  the struct, zeroed.   Thread  any: one compare and swap a dial. */
#ifndef MR_SESSION_BUDGET_H
#define MR_SESSION_BUDGET_H

#include "dataplane/base/base.h"

struct mr_budget {
    uint32_t most, window_s; /* attempts in so many seconds; 0: no limit */
    int64_t full_ns;         /* atomic */
};

/* 0: an attempt was taken; else when one may be, and nothing was taken. */
int64_t mr_budget_take(struct mr_budget *budget, int64_t now_ns);

#endif
