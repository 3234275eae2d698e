/* The gate once more: slow, plain, and from nothing but facts. It keeps lists of what happened and adds them up anew for each order; nothing of
 * controlplane/risk but its structs and the table of rules is used. */
#ifndef MR_TESTS_RISK_REFERENCE_H
#define MR_TESTS_RISK_REFERENCE_H

#include "controlplane/risk/risk.h"

#define REF_INSTRUMENTS 8
#define REF_STRATEGIES 4
#define REF_SYMBOLS 8
#define REF_ORDERS 128
#define REF_EVENTS 4096

struct ref_event {
    int64_t at;
    uint64_t weight;
    uint32_t who;
};
struct ref_events {
    struct ref_event e[REF_EVENTS];
    uint32_t n;
};
struct ref_order {
    struct mr_order order; /* size: what is left */
    mr_price other, value_price;
    mr_i128 notional, margin;
    bool sent;
};
struct ref_instrument {
    bool known;
    struct mr_instrument it;
    struct mr_market_view view;
    mr_price reference;
    uint32_t leverage;
    int64_t volatility, multiplier, volatility_at;
    mr_i128 position, share[REF_STRATEGIES];
};
struct ref {
    struct ref_instrument in[REF_INSTRUMENTS];
    struct ref_order open[REF_ORDERS];
    uint32_t open_count;
    uint64_t used[REF_EVENTS];
    uint32_t used_count;
    struct ref_events orders, cancels, weights;
    struct mr_order recent[REF_EVENTS]; /* created_ns: when it was approved */
    uint32_t recent_count;
    int64_t target[REF_STRATEGIES];
    bool throttled[REF_STRATEGIES];
    uint32_t repeats[REF_STRATEGIES];
    struct mr_order repeat[REF_STRATEGIES];
    mr_i128 equity, available, margin, day_start, peak, realised;
    int64_t account_at, now, day;
    uint32_t losses, rejects;
    uint64_t day_orders, day_trades, approved, sent, unapproved;
    int64_t correlation[REF_SYMBOLS][REF_SYMBOLS], correlation_at[REF_SYMBOLS][REF_SYMBOLS];
    struct mr_risk_var var;
    mr_i128 greeks[3];
    int64_t greeks_at;
    bool stream[MR_RISK_VENUES], differs[MR_RISK_VENUES], armed, stranger, closing;
    int64_t reconciled[MR_RISK_VENUES];
    enum mr_risk_mode mode;
    uint64_t killed[4];
    uint32_t killed_count;
};
struct ref_verdict {
    uint64_t violated[2];
    uint32_t policies, score;
    bool grows;
};

mr_price ref_price(const struct ref *w, const struct mr_order *o, const struct mr_risk_limits *m);
void ref_approved(struct ref *w, const struct mr_order *o, const struct mr_risk_limits *m, int64_t now);
void ref_amend(struct ref *w, const struct mr_order *o, const struct mr_risk_limits *m, int64_t now);
void ref_amended(struct ref *w, const struct mr_order *o, const struct mr_risk_limits *m);
void ref_fill(struct ref *w, uint64_t id, mr_size size);
void ref_end(struct ref *w, uint64_t id, bool rejected);
void ref_market(struct ref *w, const struct mr_market_view *v);
void ref_check(const struct ref *w, const struct mr_order *o, const struct mr_risk_limits *m, int64_t now,
               enum mr_kill_scope kill, struct ref_verdict *out);

#endif
