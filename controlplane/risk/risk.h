/* The gate: every order passes here, or does not leave.
 *
 * One pure function of (order, state, limits, time) which reads the kill word last. It names every rule that the order breaks, with what was
 * measured and the limit (rules.def says which rules there are and whom each binds), and it fails closed: what is missing, stale,
 * contradictory or out of any number's bounds is a refusal by name.
 *
 *     if (order.flags & ~MR_ORDER_FLAGS_ALL) stop;            // the caller's: a flag nobody knows is a broken program
 *     mr_risk_check(&order, state, limits, now, kill, &verdict);
 *     if (mr_risk_allowed(&verdict)) mr_risk_on_approved(state, &order, limits, now);
 *
 * A new order comes with state CREATED. A change of an order that rests comes as it would be, with its id and state ACKED or PARTIAL, and
 * is measured in place of what it was. Cancels do not come here: nothing refuses them.
 *
 * Memory  none; writes nothing but `out`.   Thread  that of the state.   Bounds  all loops by constants.
 * Cost    perf/controlplane/risk/bench_risk.c. */
#ifndef MR_RISK_RISK_H
#define MR_RISK_RISK_H

#include "controlplane/kill/kill.h"
#include "controlplane/risk/state.h"
#include "dataplane/text/text.h"

enum mr_risk_rule {
#define MR_RISK_RULE(name, class, unit, sentence) MR_RISK_##name,
#include "controlplane/risk/rules.def"
#undef MR_RISK_RULE
    MR_RISK_RULE_COUNT
};
enum mr_risk_class { MR_RISK_EVERY, MR_RISK_CALM, MR_RISK_PRICED, MR_RISK_GROWING, MR_RISK_CLASS_COUNT };
enum mr_risk_unit {
    MR_RISK_UNIT_NONE,
    MR_RISK_UNIT_COUNT,
    MR_RISK_UNIT_AMOUNT, /* 10^-18 of price, size or account currency */
    MR_RISK_UNIT_RATIO,  /* 10^-8 of one */
    MR_RISK_UNIT_TIME,   /* ns */
    MR_RISK_UNIT_MINUTE, /* of the UTC day */
    MR_RISK_UNIT_TIMES,  /* leverage */
    MR_RISK_UNIT_SCORE   /* thousandths */
};
struct mr_risk_rule_row {
    const char *name, *sentence; /* "GROSS_FIRM" */
    uint8_t class, unit;         /* enums above */
};
extern const struct mr_risk_rule_row mr_risk_rules[MR_RISK_RULE_COUNT];

#define MR_RISK_SCORE_MAX 100000 /* 100, in thousandths */
struct mr_risk_measure {
    mr_i128 value, limit;
};
struct mr_risk_verdict {
    uint64_t violated[2]; /* bit of enum mr_risk_rule */
    uint32_t policies;    /* bit of the row in limits.policies */
    uint32_t score;       /* thousandths of 0..100: sum of the six entry checks (C-21), cut at 100 */
    uint8_t kill;         /* enum mr_kill_scope, as read */
    bool grows;           /* the order can make an exposure larger */
    mr_money value;       /* of the order, at the price it was valued at; 0 if it has none */
    uint64_t limits;      /* version */
    struct mr_risk_measure measured[MR_RISK_RULE_COUNT]; /* of violated rules; others are not written */
    struct mr_risk_measure policy[MR_RISK_POLICIES_MAX]; /* of violated policies */
};

void mr_risk_check(const struct mr_order *order, const struct mr_risk_state *state, const struct mr_risk_limits *limits,
                   int64_t now_ns, const struct mr_kill_page *kill, struct mr_risk_verdict *out);

MR_INLINE bool mr_risk_allowed(const struct mr_risk_verdict *v) { return (v->violated[0] | v->violated[1]) == 0; }
MR_INLINE bool mr_risk_violates(const struct mr_risk_verdict *v, enum mr_risk_rule rule)
{
    return v->violated[rule / 64] >> rule % 64 & 1;
}
/* Why, in plain sentences: "allowed, score 13.833", or each broken rule with value and limit. Policies as in C-20: with the kill switch on only
 * "KillSwitch (active)". Always ends in NUL; cut where it does not fit. */
void mr_risk_text(const struct mr_risk_verdict *verdict, const struct mr_risk_limits *limits, struct mr_text *out);
/* One rule's sentence with value and limit. */
void mr_risk_rule_text(const struct mr_risk_verdict *verdict, enum mr_risk_rule rule, struct mr_text *out);

#endif
