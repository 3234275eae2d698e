/* A gate with everything in order: four instruments, two strategies, wide limits, an order that passes. Tests break one thing at a time. */
#ifndef MR_TESTS_RISK_RIG_H
#define MR_TESTS_RISK_RIG_H

#include "controlplane/risk/risk.h"
#include "tests/support/support.h"

enum { RIG_BTC, RIG_ETH, RIG_SPOT /* BTC */, RIG_OKX /* BTC perpetual at another venue */, RIG_INSTRUMENTS };
#define RIG_STRATEGIES 3
#define RIG_SYMBOLS 4
#define RIG_NOW 1763802000000000000 /* Saturday, 2025-11-22 09:00:00 UTC */
#define RIG_MS 1000000
#define RIG_S 1000000000

struct rig {
    struct mr_risk_state *state;
    struct mr_risk_limits limits;
    struct mr_order order;
    struct mr_kill_page *kill;
    int64_t now;
    struct mr_risk_verdict verdict;
    struct mr_instruments *instruments;
    struct mr_market_view views[RIG_INSTRUMENTS];
    size_t bytes;
    uint64_t ids;
};

struct rig *rig_open(void);
void rig_reset(struct rig *r); /* as rig_open left it */
void rig_close(struct rig *r);
/* As a restart with saved state would: its bytes at another address, the old ones overwritten. */
void rig_restart(struct rig *r);
/* "0.1" at 10^-8: prices and sizes of all instruments here; and amounts. */
int64_t rig_number(const char *text);
mr_money rig_money(const char *text);
/* The rig's order, on that side, for that instrument; a new id. */
struct mr_order rig_order(struct rig *r, uint32_t instrument, enum mr_side side, const char *price, const char *size);
void rig_check(struct rig *r); /* r->order into r->verdict */
/* An order that was approved, sent, and rests; the position of an instrument, by fills; both of strategy 0. */
uint64_t rig_rest(struct rig *r, uint32_t instrument, enum mr_side side, const char *price, const char *size,
                  unsigned flags);
void rig_hold(struct rig *r, uint32_t instrument, const char *size /* "-0.5": short */);
void rig_market(struct rig *r, uint32_t instrument, const char *bid, const char *ask);
/* Only these rules are violated; ends with MR_RISK_RULE_COUNT. What differs is printed under `says`. */
bool rig_expect(const struct rig *r, const char *says, const unsigned *rules);

#endif
