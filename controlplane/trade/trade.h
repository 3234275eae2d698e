/* The heart of the trade tile: signals and markets in, orders out; nothing else in this program sends an order.
 *
 *   signal, view, timer -> strategies -> intents -> size and price -> order manager -> gate -> journal -> driver -> venue
 *   answers -> order manager -> journal -> risk state, positions, brackets, slices, strategies -> told
 *
 * Deterministic: time is an argument, journal, drivers and kill page are ports; live, paper, simulation and backtest are the same calls.
 *
 * Life     mr_life says what may happen: intents are worked in TRADING only; what is open is looked after in every state.
 *          PAUSED lets what reduces go on. An emergency stop (mr_stop) cancels and closes through the same manager and the same gate.
 * Start    init, link each venue, restore each journal record, restored, begin(epoch), step until ready; then READY.
 * Memory   one block of mr_trade_bytes().   Thread  the trade tile.   Times  ns since 1970. */
#ifndef MR_TRADE_TRADE_H
#define MR_TRADE_TRADE_H

#include "controlplane/kill/kill.h"
#include "controlplane/life/life.h"
#include "controlplane/life/steer.h"
#include "controlplane/life/stop.h"
#include "controlplane/orders/brackets/brackets.h"
#include "controlplane/orders/entry.h"
#include "controlplane/orders/orders.h"
#include "controlplane/orders/slices/slices.h"
#include "controlplane/risk/risk.h"
#include "controlplane/strategy/strategy.h"

#define MR_TRADE_STRATEGIES_MAX 8
#define MR_TRADE_NAMES_MAX MR_STRATEGY_INSTRUMENTS_MAX /* instruments traded */
#define MR_TRADE_MANUAL MR_TRADE_STRATEGIES_MAX        /* row of orders that an operator places */
#define MR_TRADE_SLICES_MAX 32                         /* parents of slices at once */

struct mr_trade_strategy {
    const struct mr_strategy *row;
    struct mr_strategy_config config;
    uint32_t leverage;
    int64_t target_e8; /* ROI that its entries aim at, for the break-even rule */
};
struct mr_trade_config {
    const struct mr_instruments *instruments; /* the control plane's; ids here are its */
    uint32_t traded[MR_TRADE_NAMES_MAX], traded_count;
    struct mr_trade_strategy strategy[MR_TRADE_STRATEGIES_MAX];
    uint32_t strategy_count;
    struct mr_orders_config orders;
    uint64_t build, config_hash;
    uint32_t
        processes; /* that must be of this build and configuration before anything is armed; bit each (mr_trade_process) */
    struct mr_entry_limits entry;
    uint32_t trails; /* stops follow by `staircase` */
    struct mr_risk_staircase staircase;
    int64_t sample_ns;                          /* between two samples of mids; 0: a second */
    uint32_t atr_bar_s;                         /* bars of the volatility that bounds the leverage */
    int64_t taker_fee_e8, volatility_target_e8; /* a position is at most target / volatility of equity */
    uint32_t leverage;                          /* of what no strategy trades, as orders of an operator may */
    int32_t maintenance_e8;
    int64_t risk_e8; /* what one entry may lose at its stop, as a share of equity */
};

enum mr_trade_told_kind {
    MR_TOLD_SIGNAL,   /* that a strategy acted on */
    MR_TOLD_INTENT,   /* dropped */
    MR_TOLD_DECISION, /* of the gate: `verdict`, `order` */
    MR_TOLD_ORDER,    /* changed; `order` */
    MR_TOLD_FILL,     /* `fill`, `order`, `position` after it */
    MR_TOLD_POSITION, /* opened, updated, closed, or funding */
    MR_TOLD_ALERT,    /* risk_alert */
    MR_TOLD_LIFE,     /* state changed */
    MR_TOLD_HELD,     /* an order waits, a venue is (not) ready, a bracket moved */
    MR_TOLD_METADATA, /* of an instrument that is traded: for who shows numbers of it */
    MR_TOLD_KIND_COUNT
};
/* What there is to say beside the parts: words are made of it by whoever wants them (mr_trade_told_text), never here. */
enum mr_trade_say {
    MR_SAY_NOTHING,
    MR_SAY_TEXT,    /* `text` */
    MR_SAY_DROPPED, /* the intent of strategy `who`: `why` */
    MR_SAY_WAITS,   /* `order`, for `why` */
    MR_SAY_BRACKET, /* of the entry `number`: `why` */
    MR_SAY_VERDICT  /* `verdict` */
};
struct mr_trade_told {
    uint8_t kind, severity, say, spare[5]; /* severity 0 info, 1 warning, 2 critical; enum mr_trade_say */
    int64_t now_ns;
    uint64_t number;
    const char *who, *why; /* literals, or as good as the tile */
    const struct mr_intent
        *intent; /* NULL where it is none of this kind's; good until the callback returns, as all that follows */
    const struct mr_order *order;
    const struct mr_fill *fill;
    const struct mr_position *position;
    const struct mr_risk_verdict *verdict;
    const struct mr_signal *signal;
    const struct mr_instrument *instrument; /* METADATA */
    const char *text;
};
/* In one sentence without its parts; "" : there is nothing to say. `limits`: those that the verdict was by. */
#define MR_TOLD_TEXT 240
void mr_trade_told_text(const struct mr_trade_told *told, const struct mr_risk_limits *limits, char out[MR_TOLD_TEXT]);
struct mr_trade;
struct mr_trade_ports {
    void *self;
    void (*told)(void *self, const struct mr_trade_told *what); /* must not call back */
    struct mr_journal_port journal;
    const struct mr_kill_page *kill;
    /* Steps of an emergency stop that are not of this tile: as in mr_stop_fn; NULL: done at once. */
    int (*notify)(void *self, const struct mr_stop *stop, bool first, int64_t now_ns, struct mr_err *err);
    int (*dump)(void *self, const struct mr_trade *t, bool first, int64_t now_ns, struct mr_err *err);
    void (*judging)(
        void *self,
        bool over); /* right before and after each decision of the gate, for who measures it; NULL: nobody */
};

struct mr_trade_account {
    struct mr_account_worth worth;
    mr_money day_start, peak, realised, fees, funding;
    uint32_t open_orders, open_positions;
    uint64_t signals, intents, dropped, approved, denied, fills;
};

size_t mr_trade_bytes(const struct mr_trade_config *config);
int mr_trade_init(void *mem, const struct mr_trade_config *config, const struct mr_trade_ports *ports,
                  struct mr_trade **out, struct mr_err *err);
int mr_trade_link(struct mr_trade *t, const struct mr_orders_link *link, int64_t now_ns);

/* Every record of the journal, in order, whatever its kind; then restored. MR_E_CORRUPT: a record that cannot follow; MR_E_SYMBOL: a number means
 * another instrument here than there; MR_E_RANGE: prices or sizes of an instrument were of other scales, or worth something else. */
int mr_trade_restore(struct mr_trade *t, unsigned kind, const void *payload, uint32_t bytes, int64_t at_ns);
int mr_trade_restored(struct mr_trade *t, int64_t now_ns);
uint32_t mr_trade_epoch_seen(const struct mr_trade *t);
/* MR_OK, or MR_E_FULL: the journal takes nothing. */
int mr_trade_begin(struct mr_trade *t, uint32_t epoch, int64_t now_ns);
/* The instrument's metadata is there, or has changed. */
void mr_trade_metadata(struct mr_trade *t, uint32_t instrument);

/* Process `n` says what it is. Of another build or configuration: the gate lets nothing through, and nothing is armed. */
void mr_trade_process(struct mr_trade *t, uint32_t n, uint64_t build, uint64_t config_hash);

/* A set in force from now on: bound to the instruments; version above the one before. */
void mr_trade_limits(struct mr_trade *t, const struct mr_risk_limits *limits, int64_t now_ns);
/* Into the journal, before it is put in force (5-trust F 36): `said` is what changes. MR_OK, or MR_E_FULL: it takes nothing. */
int mr_trade_limits_record(struct mr_trade *t, const struct mr_risk_limits *limits, const char *said, int64_t now_ns);
const struct mr_risk_limits *mr_trade_limits_now(const struct mr_trade *t);

void mr_trade_on_view(struct mr_trade *t, const struct mr_market_view *view, int64_t now_ns);
void mr_trade_on_signal(struct mr_trade *t, const struct mr_signal *signal, int64_t now_ns);
/* CLOCK_MONOTONIC beside now_ns, each round before the step: see mr_orders_on_clock. */
void mr_trade_on_clock(struct mr_trade *t, int64_t now_ns, int64_t mono_ns);
/* One round: life, stop, answers, intents, brackets, slices, timers. Work done; 0 idle. */
uint32_t mr_trade_step(struct mr_trade *t, int64_t now_ns);

/* ---- operators ---- */
int mr_trade_go(struct mr_trade *t, enum mr_life_state to, enum mr_life_actor actor, uint32_t uid, const char *reason,
                int64_t now_ns, struct mr_err *err);
/* MR_OK: each instrument's volatility is known; else MR_E_AGAIN and whose is not. */
int mr_trade_warm(const struct mr_trade *t, struct mr_err *err);
/* MR_OK: every venue is reconciled and each instrument's volatility is known; else what is missing. */
int mr_trade_ready(const struct mr_trade *t, struct mr_err *err);
int mr_trade_steer(struct mr_trade *t, const struct mr_steer_act *act, int64_t now_ns, struct mr_err *err);
void mr_trade_stop(struct mr_trade *t, enum mr_stop_cause cause, const char *reason, int64_t now_ns);
int mr_trade_release(struct mr_trade *t, bool force, int64_t now_ns, struct mr_err *err); /* of an emergency stop */
int mr_trade_place(struct mr_trade *t, const struct mr_order *order, int64_t now_ns, uint64_t *id, struct mr_err *err);
/* An operator's TWAP, VWAP or iceberg; `id` is the parent's, which cancel takes too. */
int mr_trade_slice(struct mr_trade *t, const struct mr_slices_plan *plan, int64_t now_ns, uint64_t *id,
                   struct mr_err *err);
int mr_trade_cancel(struct mr_trade *t, uint64_t id, int64_t now_ns, struct mr_err *err);
uint32_t mr_trade_cancel_all(struct mr_trade *t, int64_t now_ns);
int mr_trade_close(struct mr_trade *t, uint32_t instrument, int64_t now_ns, struct mr_err *err);

/* ---- looking ---- */
void mr_trade_account(const struct mr_trade *t, struct mr_trade_account *out);
const struct mr_life *mr_trade_life(const struct mr_trade *t);
const struct mr_stop *mr_trade_stopping(const struct mr_trade *t);
const struct mr_orders *mr_trade_orders(const struct mr_trade *t);
const struct mr_slices *mr_trade_slices(const struct mr_trade *t);
const struct mr_risk_state *mr_trade_risk(const struct mr_trade *t);
/* The invariants of C-61, of all that is here: MR_OK, or MR_E_CORRUPT with the one that is broken. Called by step; tests call it too. */
int mr_trade_check(const struct mr_trade *t, struct mr_err *err);

#endif
