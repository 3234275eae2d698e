/* What a venue allows from one address of ours, shared by all sessions of a data plane to that venue from that address, on whichever tile: connection
 * attempts, connections open, subscriptions held, messages sent; and (dataplane/aux) the weight of REST requests to one host.
 *
 * A budget is of a flow: so much in any window of so many seconds. It is a token bucket in one word: the time at which it will be full. `burst`
 * may go at once and the rest of `most` flows in over the window, so that no window of that length, wherever it begins, sees more than `most`.
 * A stock is of what is held: taken and given back.
 *
 * Nobody is refused: who gets nothing waits, counts that and asks again. When the venue itself says that it was too much, the budget owes
 * (mr_budget_owe): nobody takes anything before then.
 *
 * What an earlier run took counts still, where its budgets are to be had (mr_budget_carry; dataplane/plane keeps them in the workspace).
 *
 * Not shared: with other processes (limits are by address: each may be given its share, plane.limit_share), and with whoever else uses the address. Where no source address is chosen, "any" counts
 * as one of its own.
 *
 * Memory  the structs, zeroed or made by mr_budgets_init.   Thread  any: a compare and swap each. */
#ifndef MR_BUDGET_BUDGET_H
#define MR_BUDGET_BUDGET_H

#include "codecs/venue/dial.h"

struct mr_budget {
    uint32_t most, window_s; /* in so many seconds; 0: no limit */
    uint32_t burst;          /* of it at once; 0: half */
    int64_t full_ns;         /* atomic */
    int64_t owes_ns;         /* atomic: until then nothing */
};

/* 0: `n` were taken; else when they may be (if nobody else takes any), and nothing was taken. More than fit at once count as what fits. */
int64_t mr_budget_take(struct mr_budget *budget, uint32_t n, int64_t now_ns);
/* The same question, and nothing is taken. */
int64_t mr_budget_when(const struct mr_budget *budget, uint32_t n, int64_t now_ns);
/* What was taken was not used. */
void mr_budget_give(struct mr_budget *budget, uint32_t n);
/* What an earlier run left in this budget of its own, and owed. Its times count for a window from now at most (what is owed: a day), should the clock
 * have been set back since. */
void mr_budget_carry(struct mr_budget *budget, const struct mr_budget *left, int64_t now_ns);
/* The venue said that it was too much, and when it will listen again (0: it did not say): nothing before that, and no burst then. */
void mr_budget_owe(struct mr_budget *budget, int64_t until_ns, int64_t now_ns);

struct mr_stock {
    uint32_t most; /* 0: no limit */
    uint32_t used; /* atomic */
};
/* Up to `n`: how many. */
uint32_t mr_stock_take(struct mr_stock *stock, uint32_t n);
void mr_stock_give(struct mr_stock *stock, uint32_t n);

struct mr_budgets {
    struct mr_budget dials, sends;
    struct mr_stock connections, subscriptions;
};
/* `share` of what the venue allows, in percent; of each limit at least one. */
void mr_budgets_init(struct mr_budgets *budgets, const struct mr_venue_limits *limits, uint32_t share);
uint32_t mr_budget_share(uint32_t most, uint32_t share); /* of one limit; 0 stays 0 */

/* What somebody waits for. */
enum mr_budget_kind {
    MR_BUDGET_NONE,
    MR_BUDGET_DIALS,
    MR_BUDGET_CONNECTIONS,
    MR_BUDGET_SENDS,
    MR_BUDGET_SUBSCRIPTIONS,
    MR_BUDGET_KINDS
};
const char *mr_budget_kind_name(uint8_t kind);

#endif
