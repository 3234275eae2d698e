/* What the gate knows: exposures, account, rates, modes. Changed only by the functions here, read by mr_risk_check.
 *
 * An order counts from its approval, before a byte has left; one without an answer counts until it is proven to have ended. Exposure is worst
 * case: the position and all open buys, the position less all open sells. Reduce-only orders can only bring a position to zero, so they
 * count as that much, and no more.
 *
 * All that says "unknown" is zero: a fresh state denies everything, and so does any part of it that was never told.
 *
 * Memory  one block of mr_risk_bytes(), 64-byte aligned, no pointers inside: its bytes may be kept and brought back.
 * Thread  the trade tile.   Bounds  MR_ORDERS_MAX open orders; windows remember MR_RISK_WINDOW events, and say "too many" beyond.
 * Cost    each function is bounded; on_market and the on_… of an order walk the strategies that have something in the instrument. */
#ifndef MR_RISK_STATE_H
#define MR_RISK_STATE_H

#include "controlplane/market/market.h"
#include "controlplane/orders/order.h"
#include "controlplane/risk/limits.h"

#define MR_RISK_STRATEGIES_MAX 64
#define MR_RISK_SYMBOLS_MAX 256
#define MR_RISK_VENUES 16
#define MR_RISK_WINDOW 1024 /* a power of two */
#define MR_RISK_RECENT 512  /* approvals looked at for duplicates; a power of two */
#define MR_RISK_IDS 65536   /* how far behind the newest a new id may be */
#define MR_RISK_KILLED 64
#define MR_RISK_VALUES 8
#define MR_RISK_PROCESSES 8
#define MR_RISK_SLOTS 2048 /* of the table of ids: twice the orders */
#define MR_RISK_NONE UINT16_MAX

enum mr_risk_mode { MR_RISK_HALT, MR_RISK_REDUCE, MR_RISK_RUN };

/* Events and their weight over a sliding time, for the last MR_RISK_WINDOW of them: exact for orders and cancels; weights count up to
 * 100 ms too long, never too short. */
struct mr_risk_window {
    uint64_t count; /* ever */
    uint64_t total; /* weight, ever */
    int64_t at[MR_RISK_WINDOW];
    uint64_t before[MR_RISK_WINDOW]; /* total before this event */
};

/* Position and open orders of somebody in one instrument. */
struct mr_risk_cell {
    mr_i128 position;                        /* signed, at the size scale, as all sizes here */
    mr_i128 open[2], open_reduce[2];         /* by side; reduce-only apart */
    mr_money long_value, short_value, gross; /* worst cases at the reference price, as they stand in the scopes */
    bool busy;                               /* some worst case is not flat */
    bool unpriced;                           /* busy, and there is no value for it */
};
struct mr_risk_scope {
    mr_money long_value, short_value; /* if all buys fill and no sell; if all sells fill and no buy: signed */
    mr_money gross, notional;         /* notional: of the open orders, at their own prices */
    uint32_t orders, unpriced;
};

struct mr_risk_instrument {
    struct mr_instrument it; /* metadata; what only size sums need */
    bool known;
    uint16_t symbol, first; /* first open order, MR_RISK_NONE none */
    uint32_t leverage;      /* as set at the venue; 0 unknown */
    int64_t volatility_e8, multiplier_e8, volatility_ns;
    uint32_t market_flags, bid_count, ask_count;
    int64_t book_ns, last_ns;
    mr_price last, reference;  /* reference: mid, and the last one known when a side is empty; 0 never */
    mr_price own_bid, own_ask; /* best resting prices of our own; 0 none */
    uint64_t strategies;       /* bit: has a cell in use here */
    struct mr_risk_cell cell;
    struct mr_level bids[MR_MARKET_LEVELS], asks[MR_MARKET_LEVELS];
};

struct mr_risk_open {
    uint64_t id;
    uint32_t instrument;
    uint16_t strategy, next, prev;
    uint8_t venue, side, type, flags;
    bool used, sent, unknown;
    mr_price price,
        other_price; /* of a limit order; other: while a change has no answer, the other one of old and new */
    mr_price stop_price, value_price;
    mr_size left;
    mr_money notional, margin;
};
struct mr_risk_recent {
    int64_t at;
    mr_price price, stop_price;
    mr_size size;
    uint32_t instrument;
    uint16_t strategy;
    uint8_t side, type;
};
struct mr_risk_strategy {
    struct mr_risk_scope scope;
    bool throttled;    /* latched: a person enables it again */
    int64_t target_e8; /* ROI its entries aim at; 0 unknown */
    uint32_t repeats, repeat_instrument;
    uint8_t repeat_side;
    int64_t repeat_ns;
    struct mr_risk_window orders;
};
struct mr_risk_venue {
    struct mr_risk_scope scope;
    bool stream_up;
    int64_t reconciled_ns;
    bool differs;
    struct mr_risk_window weight;
};
struct mr_risk_account {
    mr_money equity;    /* balance and unrealised P&L */
    mr_money available; /* free of positions' margin; the margin of open orders is taken off here, not by the caller */
    mr_money margin_used; /* by positions */
};
struct mr_risk_var {
    mr_money value;
    int64_t confidence_e8, at;
    uint32_t horizon_days;
};

/* Of a pair of symbols. */
struct mr_risk_pair {
    int64_t correlation_e8, at; /* at 0: unknown */
};
/* What a restart brings back besides positions and open orders. */
struct mr_risk_history {
    int64_t day;
    mr_money day_start, peak, realised_day;
    uint32_t losses, rejects;
    uint64_t day_orders, day_trades;
};

struct mr_risk_config {
    uint32_t instruments, strategies, symbols; /* at most MR_RISK_…_MAX each, at least 1 */
    uint32_t processes;     /* bit each: who must be of one build and configuration with us; 0 nobody */
    uint64_t build, config; /* hashes of this process */
};
struct mr_risk_state {
    struct mr_risk_config config;
    size_t instruments_at, strategies_at, cells_at, pairs_at; /* from the begin of this struct */
    uint8_t mode;
    bool armed;
    bool closing;               /* an emergency stop closes positions: its orders pass the kill switch */
    uint32_t agreed, strangers; /* processes that said who they are: like us, or not; bit each */
    int64_t now_ns;             /* the newest time told */
    int64_t passed_ns;          /* what windows go by; 0: they go by the time that each function is given */
    int64_t day;                /* UTC days since 1970 that the day's numbers are of */

    struct mr_risk_account account;
    int64_t account_ns; /* 0 never */
    mr_money day_start, peak, realised_day;
    uint32_t losses, rejects; /* in a row */
    uint64_t day_orders, day_trades;
    struct mr_risk_var vars[MR_RISK_VALUES];
    mr_money delta, gamma, vega;
    int64_t greeks_ns;

    uint64_t approved, sent, unapproved; /* orders; unapproved: left, but not as approved */
    uint32_t positions;                  /* instruments with a worst case other than flat */
    mr_money orders_margin;
    struct mr_risk_scope firm;
    struct mr_risk_venue venues[MR_RISK_VENUES];
    struct mr_risk_window orders, cancels;

    uint64_t recent_count;
    struct mr_risk_recent recent[MR_RISK_RECENT];
    uint64_t killed_count, killed[MR_RISK_KILLED]; /* more than fit: nothing passes */
    uint64_t newest_id, ids[MR_RISK_IDS / 64];
    uint64_t symbols_open[MR_RISK_SYMBOLS_MAX / 64]; /* symbols with an exposure */
    struct mr_risk_scope symbols[MR_RISK_SYMBOLS_MAX];

    uint32_t open_count;
    uint16_t slot_of[MR_RISK_SLOTS], free_first;
    struct mr_risk_open open[MR_ORDERS_MAX];
};

size_t mr_risk_bytes(const struct mr_risk_config *config);
/* Empty: disarmed, halted, nothing known. NULL if the config is out of its bounds. */
struct mr_risk_state *mr_risk_init(void *mem, const struct mr_risk_config *config);

/* ---- what there is ---- */
/* Adds or renews metadata. MR_E_RANGE: beyond the configured numbers. Positions and orders stay; a change of scale is refused (MR_E_INVALID)
 * while there are any. */
int mr_risk_on_instrument(struct mr_risk_state *state, uint32_t instrument, const struct mr_instrument *it);
void mr_risk_on_leverage(struct mr_risk_state *state, uint32_t instrument, uint32_t leverage);
void mr_risk_on_strategy(struct mr_risk_state *state, uint32_t strategy, int64_t target_e8);
/* Time goes on: the day changes (its numbers begin anew). Call at least each second, and before a check. */
void mr_risk_on_time(struct mr_risk_state *state, int64_t now_ns);
/* Time that passes, however the wall clock is set (mr_orders_passed): each round, and never back. From the first call on windows of orders, cancels
 * and weights, of duplicates and repetitions go by it, in functions here and in the gate; ages of what was told stay with the wall clock, which
 * whoever told it has too. */
void mr_risk_on_clock(struct mr_risk_state *state, int64_t passed_ns);

/* ---- markets ---- */
void mr_risk_on_market(struct mr_risk_state *state, const struct mr_market_view *view);
void mr_risk_on_volatility(struct mr_risk_state *state, uint32_t instrument, int64_t volatility_e8,
                           int64_t multiplier_e8, int64_t now_ns);
void mr_risk_on_correlation(struct mr_risk_state *state, uint32_t a, uint32_t b, int64_t correlation_e8,
                            int64_t now_ns);
void mr_risk_on_var(struct mr_risk_state *state,
                    const struct mr_risk_var *var); /* one a pair of confidence and horizon */
void mr_risk_on_greeks(struct mr_risk_state *state, mr_money delta, mr_money gamma, mr_money vega, int64_t now_ns);

/* ---- orders ---- */
/* Right after a verdict that allowed it: from here on it counts. MR_E_FULL, MR_E_INVALID (id is there already, or no such
 * instrument): then it must not be sent. */
int mr_risk_on_approved(struct mr_risk_state *state, const struct mr_order *order, const struct mr_risk_limits *limits,
                        int64_t now_ns);
/* Its bytes are about to leave. MR_E_INVALID: not approved, or not as it now is: it must not leave, and nothing else will. */
int mr_risk_on_sent(struct mr_risk_state *state, const struct mr_order *order, int64_t now_ns);
void mr_risk_on_unknown(struct mr_risk_state *state, uint64_t id);
/* No byte left, and none will: the same order may be sent again. */
void mr_risk_on_not_sent(struct mr_risk_state *state, uint64_t id);
/* An order that was open before a restart, or was found at the venue: counts, as one that was sent. As on_approved else. */
int mr_risk_on_open(struct mr_risk_state *state, const struct mr_order *order, const struct mr_risk_limits *limits);
/* A change that the gate approved is about to leave: from here on the worse of old and new counts. `order` is as wanted. */
int mr_risk_on_amend(struct mr_risk_state *state, const struct mr_order *order, const struct mr_risk_limits *limits,
                     int64_t now_ns);
/* The change was answered: the order is, done or refused, as `order` says. */
void mr_risk_on_amended(struct mr_risk_state *state, const struct mr_order *order, const struct mr_risk_limits *limits);
void mr_risk_on_cancel(struct mr_risk_state *state, uint8_t venue, uint32_t weight,
                       int64_t now_ns); /* a cancel or change left */
void mr_risk_on_weight(struct mr_risk_state *state, uint8_t venue, uint32_t weight,
                       int64_t now_ns); /* another request */
void mr_risk_on_ack(struct mr_risk_state *state, uint64_t id);
/* `order` is the order as it was before the fill, NULL if it is none of ours. Each fill once. */
void mr_risk_on_fill(struct mr_risk_state *state, const struct mr_fill *fill, const struct mr_order *order);
/* It has ended, proven: FILLED, CANCELLED, REJECTED, EXPIRED, DENIED. Unknown ids do nothing. */
void mr_risk_on_end(struct mr_risk_state *state, uint64_t id, uint8_t how);

/* ---- positions and account ---- */
/* As reconciled; strategy MR_RISK_NONE: the instrument's whole position, else that strategy's share of it. */
void mr_risk_on_position(struct mr_risk_state *state, uint32_t instrument, uint16_t strategy, mr_size position);
void mr_risk_on_account(struct mr_risk_state *state, const struct mr_risk_account *account, int64_t now_ns);
/* As it was when the process before this one ended; before the first mr_risk_on_time. */
void mr_risk_on_history(struct mr_risk_state *state, const struct mr_risk_history *history);
/* A position, or a part, was closed with this result, fees included. */
void mr_risk_on_realised(struct mr_risk_state *state, mr_money amount);
void mr_risk_on_reconciled(struct mr_risk_state *state, uint8_t venue, bool same, int64_t now_ns);
void mr_risk_on_stream(struct mr_risk_state *state, uint8_t venue, bool up);

/* ---- operators ---- */
void mr_risk_set_mode(struct mr_risk_state *state, enum mr_risk_mode mode);
/* Every process that has a part in trading says who it is; nothing passes unless all are of one build and configuration. */
void mr_risk_on_process(struct mr_risk_state *state, uint32_t process, uint64_t build, uint64_t config);
int mr_risk_arm(struct mr_risk_state *state, struct mr_err *err);
void mr_risk_disarm(struct mr_risk_state *state);
/* The kill switch lets nothing pass; with `closing`, for the closing step of an emergency stop, it lets that stop's own orders pass
 * (EMERGENCY | REDUCE_ONLY, and truly reducing). */
void mr_risk_set_closing(struct mr_risk_state *state, bool closing);
/* A person enables a strategy that was throttled. */
void mr_risk_enable_strategy(struct mr_risk_state *state, uint32_t strategy);
/* This order, and those whose parent it is, never pass again. */
void mr_risk_kill_order(struct mr_risk_state *state, uint64_t id);
/* A person looked at the losses, rejects, or orders that left unapproved: counted from zero again. */
void mr_risk_forgive(struct mr_risk_state *state);

/* ---- looking ---- */
bool mr_risk_id_used(const struct mr_risk_state *state, uint64_t id);
/* Weight of the events after now - length; UINT64_MAX: more than are remembered. */
uint64_t mr_risk_window_sum(const struct mr_risk_window *window, int64_t now_ns, int64_t length_ns);
const struct mr_risk_open *mr_risk_find_open(const struct mr_risk_state *state, uint64_t id);
/* What a size is worth at a price, away from zero; false: too large. */
bool mr_risk_value(const struct mr_instrument *it, mr_price price, mr_i128 size, mr_money *out);
/* Worst cases: if all buys fill and no sell; if all sells fill and no buy. */
MR_INLINE mr_i128 mr_risk_worst_long(const struct mr_risk_cell *c)
{
    mr_i128 back = c->position < 0 ? -c->position : 0; /* as far as reduce-only buys can go */
    back = c->open_reduce[MR_SIDE_BUY] < back ? c->open_reduce[MR_SIDE_BUY] : back;
    return c->position + back + c->open[MR_SIDE_BUY];
}
MR_INLINE mr_i128 mr_risk_worst_short(const struct mr_risk_cell *c)
{
    mr_i128 back = c->position > 0 ? c->position : 0;
    back = c->open_reduce[MR_SIDE_SELL] < back ? c->open_reduce[MR_SIDE_SELL] : back;
    return c->position - back - c->open[MR_SIDE_SELL];
}
MR_INLINE const struct mr_risk_instrument *mr_risk_instrument(const struct mr_risk_state *state, uint32_t i)
{
    return (const struct mr_risk_instrument *)((const char *)state + state->instruments_at) + i;
}
MR_INLINE const struct mr_risk_strategy *mr_risk_strategy(const struct mr_risk_state *state, uint32_t i)
{
    return (const struct mr_risk_strategy *)((const char *)state + state->strategies_at) + i;
}
MR_INLINE const struct mr_risk_cell *mr_risk_cell(const struct mr_risk_state *state, uint32_t instrument,
                                                  uint32_t strategy)
{
    return (const struct mr_risk_cell *)((const char *)state + state->cells_at) +
           (size_t)instrument * state->config.strategies + strategy;
}
MR_INLINE const struct mr_risk_pair *mr_risk_pair(const struct mr_risk_state *state, uint32_t a, uint32_t b)
{
    return (const struct mr_risk_pair *)((const char *)state + state->pairs_at) + (size_t)a * state->config.symbols + b;
}

#endif
