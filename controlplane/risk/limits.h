/* Limits: what an operator allows. Every number that the gate compares with is here, none in code.
 *
 * limits.def is the one list: section, key, type, default, range, which way is looser. Reading (YAML, and JSON, which is YAML too),
 * showing, the difference between two sets, and the reference come from it. Unknown keys, wrong types, values out of range, keys given
 * twice are refused with file, line and key, all of them; and a set with one error is no set: what was in force stays.
 *
 *     text -> mr_risk_limits_parse -> mr_risk_limits_bind (names to instruments) -> mr_risk_limits_change (old, new) -> in force
 *
 * A set that lowers is in force at once; one that raises anything only while trading is armed (5-trust F 35-37).
 * Numbers  amounts in 10^-18 (mr_money), shares and rates in 10^-8 of one (5 % is 5000000), times in ns.
 * Thread  parse, bind, show, change: any, cold. A set in force is read by the trade tile only.   Memory  plain data, no pointers. */
#ifndef MR_RISK_LIMITS_H
#define MR_RISK_LIMITS_H

#include "controlplane/money/money.h"

#define MR_RISK_INSTRUMENTS_MAX 4096
#define MR_RISK_MARKETS_MAX 128
#define MR_RISK_POLICIES_MAX 32
#define MR_RISK_TIERS 6
#define MR_RISK_NAME_BYTES 144 /* venue:product:symbol */
#define MR_RISK_ONE 100000000  /* 100 % */
#define MR_RISK_MARKET_NONE 255

/* One market that may be traded: "binance:usdm:BTCUSDT", or "*" for all that have no row of their own. */
struct mr_risk_market {
    char name[MR_RISK_NAME_BYTES];
    mr_money order_size_max, order_value_max, position_max; /* sizes in the instrument's unit */
    mr_money least_value;
    int64_t taker_fee_e8, maintenance_e8;
    uint32_t leverage_max;
    bool short_allowed;
    uint32_t line; /* of the file */
};

struct mr_risk_scope_limits {
    mr_money gross_max, net_max, notional_max;
    uint32_t orders_max;
};
enum mr_risk_scope_id {
    MR_SCOPE_FIRM,
    MR_SCOPE_VENUE,    /* each */
    MR_SCOPE_STRATEGY, /* each */
    MR_SCOPE_SYMBOL,   /* each underlying, over all venues */
    MR_SCOPE_COUNT
};

enum mr_policy_kind {
    MR_POLICY_POSITION,
    MR_POLICY_INVENTORY,
    MR_POLICY_KILL,
    MR_POLICY_VAR,
    MR_POLICY_GREEKS,
    MR_POLICY_KIND_COUNT
};
struct mr_risk_policy {
    uint8_t kind;
    bool enabled;                              /* KillSwitch */
    char name[48], market[MR_RISK_NAME_BYTES]; /* market "": every one */
    uint32_t instrument;                       /* bound: of `market`; UINT32_MAX every one, UINT32_MAX - 1 not there */
    uint32_t line;
    mr_money max;                /* PositionLimit: size; InventoryLimit, VarLimit: account currency */
    int64_t confidence_e8;       /* VarLimit */
    uint32_t horizon_days;       /* VarLimit */
    mr_money delta, gamma, vega; /* GreeksLimit: absolute */
};

struct mr_risk_limits {
    uint64_t version; /* of the set in force, one more with each; 0: none, and everything is denied */
    bool bound;
    struct {
        int64_t collar_mid_e8, collar_last_e8, collar_stop_e8, depth_share_e8;
        mr_money value_max;
        int64_t duplicate_ns;
    } order;
    struct {
        uint32_t orders_max, strategy_orders_max, cancels_max, weight_max, order_weight, ratio_max, ratio_from,
            repeats_max;
        int64_t orders_ns, cancels_ns, weight_ns, repeats_ns;
    } rate;
    struct {
        int64_t position_share_e8, symbol_share_e8, daily_loss_e8, drawdown_e8, margin_use_e8, correlation_e8,
            liquidation_e8, break_even_buffer_e8;
        uint32_t positions_max, losses_max, rejects_max, leverage_max, score_max;
        int64_t account_ns, reconcile_ns;
    } account;
    struct {
        int64_t book_ns, last_ns, volatility_ns, correlation_ns, values_ns;
    } market;
    struct {
        int64_t below_e8[MR_RISK_TIERS - 1]; /* volatility (ATR over price) of the tier is below this */
        uint32_t leverage[MR_RISK_TIERS];
    } tiers;
    struct {
        uint32_t from_minute, to_minute; /* of the UTC day: [from, to); from >= to: over midnight */
        uint32_t days;                   /* bit 0 Monday */
    } hours;
    struct mr_risk_scope_limits scope[MR_SCOPE_COUNT];
    uint32_t market_count, policy_count;
    struct mr_risk_market markets[MR_RISK_MARKETS_MAX];
    struct mr_risk_policy policies[MR_RISK_POLICIES_MAX];
    uint8_t market_of[MR_RISK_INSTRUMENTS_MAX]; /* bound: row of `markets`, or MR_RISK_MARKET_NONE */
};

typedef void mr_risk_error_fn(void *arg, const char *sentence);
#define MR_RISK_LIMITS_BYTES_MAX (1u << 18)
#define MR_RISK_ERRORS_MAX 100
/* YAML or JSON into `limits`. All errors go to `each`: file:line:column: key: sentence. MR_OK; MR_E_INVALID there was one, and
 * `limits` are the defaults: nothing may be traded; MR_E_IO, MR_E_NOMEM. */
int mr_risk_limits_parse(struct mr_risk_limits *limits, const char *name, const char *text, size_t len,
                         mr_risk_error_fn *each, void *arg);
int mr_risk_limits_load(struct mr_risk_limits *limits, const char *path, mr_risk_error_fn *each, void *arg);
/* As YAML that reads back to the same. */
struct mr_text;
void mr_risk_limits_show(const struct mr_risk_limits *limits, struct mr_text *out);
/* What would change, a line each ("order.value_max: 10000 -> 20000 (raised)"); who and when is the caller's to add. MR_OK: `new` has its version
 * and may be put in force. MR_E_INVALID: it raises something, and trading is not armed; nothing of it is to be used. A process's first
 * set (`old` has version 0) is free. */
int mr_risk_limits_change(const struct mr_risk_limits *old, struct mr_risk_limits *new, bool armed,
                          struct mr_text *out);
/* Defaults of limits.def; no markets (nothing may be traded), no policies, version 0. */
void mr_risk_limits_default(struct mr_risk_limits *limits);
/* A new market row with its defaults; NULL when full or the name is empty or too long. */
struct mr_risk_market *mr_risk_limits_market(struct mr_risk_limits *limits, const char *name);
/* Finds the instruments of all names. Always done before a set is in force; again when instruments were added. Names that are not
 * there allow nothing (and a PositionLimit on one binds nothing); how many is returned. */
uint32_t mr_risk_limits_bind(struct mr_risk_limits *limits, const struct mr_instruments *instruments);
/* "binance:usdm:BTCUSDT"; "" if it has no known venue. */
void mr_risk_market_name(const struct mr_instrument *it, char out[MR_RISK_NAME_BYTES]);

#endif
