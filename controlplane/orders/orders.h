/* The order manager: nothing is lost, nothing is doubled, nothing is guessed.
 *
 * A wish is shown to the gate; approved, it is made durable; durable, it is handed to the venue's driver. Silence makes it UNKNOWN, and
 * UNKNOWN is asked about until the venue says what it is: never placed again on a guess. Fills are made durable before they count.
 *
 *   submit -> gate -> journal ORDER(approved) -> durable? -> may_leave? breaker? bucket? -> driver          one order out
 *   driver -> fill heard -> journal FILL -> durable? -> order, position, event                              one fill in
 *
 * Ports    everything outside comes in by a function: the gate, the journal, drivers, instruments, markets. Nothing here does I/O or reads a
 *          clock: the same calls with the same times give the same bytes.
 * Events   told while the state changes, so that the gate's exposure is never behind: the callback must not call back into the manager.
 * Bounds   open orders, ended ones kept, trade ids remembered, answers waiting for the disk: all in the configuration. What is full refuses
 *          (submit), waits (answers stay with the driver), or drops the oldest and counts it (ended orders, trade ids).
 * Memory   one block of mr_orders_bytes(), 64-byte aligned, at boot.   Thread  the trade tile.   Times  ns since 1970, as the caller's clock says; one
 *          that steps back is held at the latest seen.
 * Cost     perf/controlplane/orders/bench_orders.c. */
#ifndef MR_ORDERS_ORDERS_H
#define MR_ORDERS_ORDERS_H

#include "controlplane/exchange/exchange.h"
#include "controlplane/journal/journal.h"
#include "controlplane/market/market.h"
#include "controlplane/orders/breaker.h"
#include "controlplane/orders/bucket.h"
#include "controlplane/orders/positions.h"
#include "controlplane/orders/states.h"

#define MR_ORDERS_LINKS 8 /* venues at once */

struct mr_orders; /* opaque */

struct mr_orders_config {
    uint32_t open_max;        /* <= MR_ORDERS_MAX */
    uint32_t ended_max;       /* ended orders kept for late news, at most so many ... */
    int64_t keep_ns;          /* ... and so long */
    uint32_t trades_max;      /* trade ids remembered */
    uint32_t queue_max;       /* answers heard but not yet worked (they wait for a fill to be durable) */
    uint32_t instruments_max; /* positions */
    uint32_t attempts;        /* of placing, of what is safe to repeat */
    int64_t answer_ns;        /* silence for so long: the outcome is unknown */
    int64_t grace_ns;         /* how long "no such order" must stay true */
    int64_t backoff_ns[3];    /* waits between attempts; the last one repeats */
    int64_t ttl_ns;           /* of entries and exits that bring no end of their own; protective orders have none */
    int64_t poll_ns;          /* status poll while a private stream is down */
    int64_t sync_ns;          /* positions and balance compared */
    int64_t dead_man_ns;      /* the venue cancels all when it hears nothing for so long; refreshed at a third; 0 off */
    mr_money cash;            /* at the first start; later the journal knows */
    int32_t
        balance_bp; /* equity may differ from the venue's by so many basis points (marks differ) before it is a difference */
};
/* C-32 and C-34 as they stand: 1,000 open, 1 s, 5 min, 2 s, 10 s; cash 0. */
struct mr_orders_config mr_orders_defaults(void);

struct mr_orders_link {
    uint8_t venue; /* enum mr_venue_id */
    struct mr_exchange_driver driver;
    struct mr_bucket_limit order_limit, query_limit; /* PLACE, AMEND, CANCEL ...; all others */
    uint32_t cancel_reserve; /* tokens of order_limit that placing leaves for cancels; < burst */
    struct mr_breaker_limit breaker;
};
/* The limits of C-35 (75 per 3 s, burst 10, 3 of them for cancels; 5 failures in 60 s, 30 s). */
struct mr_orders_link mr_orders_link_defaults(uint8_t venue, struct mr_exchange_driver driver);

enum mr_discrepancy {
    MR_DISCREPANCY_NONE,
    MR_DISCREPANCY_UNKNOWN_ORDER, /* the venue speaks of an order of ours that is not in the table */
    MR_DISCREPANCY_FOREIGN_FILL,  /* a fill of no order of ours: liquidation, another session */
    MR_DISCREPANCY_LATE_FILL,     /* of an order that had ended */
    MR_DISCREPANCY_OVERFILL,      /* more filled than ordered */
    MR_DISCREPANCY_OLD_FILL,      /* older than the trade ids remembered: not applied */
    MR_DISCREPANCY_ODD_FILL, /* size or price not above zero, unknown instrument, no trade id, overflow: not applied */
    MR_DISCREPANCY_UNSENT_ALIVE, /* news of an order of which no byte should have left */
    MR_DISCREPANCY_ENDED_ALIVE,  /* the venue says an order rests that had ended: it is cancelled */
    MR_DISCREPANCY_NOT_FOUND,    /* proven: the venue does not have an order that was sent */
    MR_DISCREPANCY_LOCAL_ONLY,   /* position sync: liquidated or closed outside */
    MR_DISCREPANCY_VENUE_ONLY,   /* opened outside */
    MR_DISCREPANCY_SIZE,         /* both, of different sizes */
    MR_DISCREPANCY_BALANCE,
    MR_DISCREPANCY_LIQUIDATED,
    MR_DISCREPANCY_COUNT
};
const char *mr_discrepancy_name(unsigned kind); /* "late_fill"; "?" beyond the last */

enum mr_orders_event_kind {
    MR_ORDERS_CHANGED,     /* `order` after `input`; state_before */
    MR_ORDERS_FILLED,      /* `fill` applied to `order` (zeros where none is ours) and to `position` */
    MR_ORDERS_POSITION,    /* `position` after funding */
    MR_ORDERS_HELD,        /* `order` waits until `until_ns`: `hold` says for what */
    MR_ORDERS_AMENDING,    /* `order` may be of want_price, want_size from now on */
    MR_ORDERS_AMENDED,     /* is now of its price and size */
    MR_ORDERS_AMEND_ENDED, /* is not, and keeps what it had; `reason` */
    MR_ORDERS_TRIGGERED,
    MR_ORDERS_DISCREPANCY, /* `discrepancy`; order, fill, position as far as known */
    MR_ORDERS_BREAKER,     /* of `venue`: state in `hold` (enum mr_breaker_state) */
    MR_ORDERS_READY,       /* `venue` is reconciled (`hold` 1), or is not any more (0) */
    MR_ORDERS_SYNCED,      /* positions and balance of `venue` were compared with ours: `hold` 1 the same, 0 not */
    MR_ORDERS_EVENT_COUNT
};
enum mr_hold {
    MR_HOLD_NONE,
    MR_HOLD_BREAKER,
    MR_HOLD_BUCKET,
    MR_HOLD_DRIVER,
    MR_HOLD_READY,
    MR_HOLD_RETRY,
    MR_HOLD_COUNT
};
struct mr_orders_event {
    uint8_t kind, venue, input, reason; /* enum mr_orders_event_kind, mr_venue_id, mr_order_input, mr_reject_reason */
    uint8_t state_before, discrepancy, hold, spare;
    int64_t now_ns, until_ns;
    mr_price want_price;
    mr_size want_size;
    mr_size theirs;                     /* position sync: as the venue has it */
    const struct mr_order *order;       /* never NULL; these three are good until the callback returns */
    const struct mr_fill *fill;         /* never NULL */
    const struct mr_position *position; /* never NULL */
};

struct mr_gate_verdict {
    bool allowed;
    uint8_t reason;            /* the gate's own number, carried into the event */
    uint64_t decision, limits; /* for the order's fields of these names */
};
struct mr_orders_ports {
    void *self;
    /* May this be placed, or, where `old` is given, may `old` become this? Asked once for each. */
    struct mr_gate_verdict (*gate)(void *self, const struct mr_order *order, const struct mr_order *old,
                                   int64_t now_ns);
    /* Asked at the last moment before an approved order's bytes leave: the kill word. */
    bool (*may_leave)(void *self, const struct mr_order *order);
    const struct mr_instrument *(*instrument)(void *self, uint32_t id); /* NULL: none */
    const struct mr_market_view *(*market)(void *self, uint32_t id);    /* NULL: none */
    void (*event)(void *self, const struct mr_orders_event *event);
    struct mr_journal_port journal;
};

size_t mr_orders_bytes(const struct mr_orders_config *config);
/* MR_E_RANGE: a number outside its bounds. Ports must be whole. */
int mr_orders_init(void *mem, const struct mr_orders_config *config, const struct mr_orders_ports *ports,
                   struct mr_orders **out);
/* A venue, at boot. MR_OK, MR_E_FULL, MR_E_RANGE (limits), MR_E_INVALID (twice). */
int mr_orders_add_link(struct mr_orders *om, const struct mr_orders_link *link, int64_t now_ns);

/* After a restart, before anything else: every ORDER, FILL and ACCOUNT record of the journal, in order; then `restored`, which acts on fills that
 * were durable but not acted on, and takes what may have left for UNKNOWN. What `restored` changes is journalled and told; what
 * `restore` takes in is not.
 * MR_OK; MR_E_VERSION; MR_E_CORRUPT: a record that cannot follow what came before. */
int mr_orders_restore(struct mr_orders *om, unsigned kind, const void *payload, uint32_t bytes, int64_t at_ns);
int mr_orders_restored(struct mr_orders *om, int64_t now_ns);
uint32_t mr_orders_epoch_seen(const struct mr_orders *om); /* highest of all ids restored; 0 none */
/* Ids from now on: epoch << 32 | 1, 2, ... The epoch is above epoch_seen(), and the caller has made it durable. Writes the opening cash where
 * the journal has none yet. MR_OK, or MR_E_FULL: the journal takes nothing. */
int mr_orders_begin(struct mr_orders *om, uint32_t epoch, int64_t now_ns);

/* Shows a wish to the gate. `intent` needs instrument, strategy, side, type, tif, flags, role, parent, price, stop_price, size, expires_ns and
 * arrival_mid (0: the market's mid now); the rest is filled in. Flags outside MR_ORDER_FLAGS_ALL, or EMERGENCY without REDUCE_ONLY, stop the process.
 * MR_OK            approved; *id; it leaves when durable
 * MR_ORDERS_DENIED by the gate; *id names the denied order, reported as CHANGED
 * MR_E_FULL        too many open, or the journal takes no more; MR_E_STALE: the venue is not reconciled, or trading has stopped
 * MR_E_RANGE       numbers that make no order; MR_E_SYMBOL: no such instrument or venue; MR_E_UNSUPPORTED: inverse contracts */
#define MR_ORDERS_DENIED 1
int mr_orders_submit(struct mr_orders *om, const struct mr_order *intent, int64_t now_ns, uint64_t *id);
uint64_t mr_orders_next_id(const struct mr_orders *om); /* the id that the next wish will get */
/* MR_OK: it will be tried until the order has ended. MR_E_EMPTY: no such open order. Never waits for gate, disk or breaker. */
int mr_orders_cancel(struct mr_orders *om, uint64_t id, int64_t now_ns);
/* All open ones that match (-1: any). Where nothing is left out, the venue is also told in one request, first. Returns how many. */
struct mr_orders_filter {
    int venue, strategy;
    int64_t instrument;
};
uint32_t mr_orders_cancel_all(struct mr_orders *om, struct mr_orders_filter which, int64_t now_ns);
/* Price (stop_price of a stop or target) and size anew; the id stays. MR_OK approved, leaves when durable; MR_ORDERS_DENIED; MR_E_EMPTY no such open order;
 * MR_E_AGAIN: it is not resting, or is being amended or cancelled: later; MR_E_RANGE: size not above what is filled, price not above zero;
 * MR_E_STALE, MR_E_FULL as in submit. */
int mr_orders_amend(struct mr_orders *om, uint64_t id, mr_price price, mr_size size, int64_t now_ns);

/* The wall clock may be set, and a venue's quota runs by time that passes: CLOCK_MONOTONIC beside now_ns, before the step, each round. Until it
 * has been told once, and while nobody tells it, quotas run by now_ns. */
void mr_orders_on_clock(struct mr_orders *om, int64_t now_ns, int64_t mono_ns);
/* The time that quotas run by: what now_ns would be, were the clock never set. */
int64_t mr_orders_passed(const struct mr_orders *om);
/* One round: takes answers, acts on what is durable, sends what is due. Returns how much was done, 0 idle. */
uint32_t mr_orders_step(struct mr_orders *om, int64_t now_ns);
/* When step has something to do although nothing is heard: INT64_MAX nothing. Durable fills and orders are not in it. */
int64_t mr_orders_due(const struct mr_orders *om);

/* The venue is reconciled: its orders and positions are ours, and trading may go on. */
bool mr_orders_ready(const struct mr_orders *om, uint8_t venue);
/* NULL, or why no order is taken any more (the journal's words). Cancels still are. */
const char *mr_orders_stopped(const struct mr_orders *om);

const struct mr_order *mr_orders_find(const struct mr_orders *om, uint64_t id); /* open or ended; NULL */
const struct mr_order *mr_orders_find_venue(const struct mr_orders *om, uint8_t venue, const char *venue_id);
/* Open orders, by age: start with *cursor = 0; NULL after the last. Valid while nothing is submitted and no step runs. */
const struct mr_order *mr_orders_next(const struct mr_orders *om, uint32_t *cursor);
uint32_t mr_orders_open(const struct mr_orders *om);
bool mr_orders_cancelling(const struct mr_orders *om, uint64_t id); /* a cancel is wanted, whatever the state */
const struct mr_positions *mr_orders_positions(const struct mr_orders *om);
struct mr_positions *mr_orders_positions_edit(struct mr_orders *om); /* for marks and leverage only */

#define MR_ORDERS_COUNTERS(X)                                                                                          \
    X(submitted, "wishes shown to the gate")                                                                           \
    X(denied, "denied by the gate")                                                                                    \
    X(given_up, "approved, and given up before a byte left")                                                           \
    X(placed, "placements handed to a driver")                                                                         \
    X(replaced, "of them again, with the same id, after a proof that nothing was done")                                \
    X(cancels, "cancel requests handed to a driver")                                                                   \
    X(amends, "amend requests handed to a driver")                                                                     \
    X(queries, "queries handed to a driver")                                                                           \
    X(fills, "fills applied")                                                                                          \
    X(fills_again, "fills heard again, and not applied")                                                               \
    X(unknown, "orders whose outcome became unknown")                                                                  \
    X(resolved, "orders whose outcome was found out")                                                                  \
    X(late, "news for orders that had ended or not begun")                                                             \
    X(refused, "steps the state table refuses")                                                                        \
    X(stray, "answers that belong to no request and no order")                                                         \
    X(held, "times an order had to wait for breaker, bucket, driver or reconciliation")                                \
    X(discrepancies, "reported")                                                                                       \
    X(ended_dropped, "ended orders dropped before their time for want of room")                                        \
    X(trades_dropped, "trade ids forgotten for want of room")                                                          \
    X(syncs, "position syncs compared")                                                                                \
    X(syncs_unsettled, "of them with fills in flight: compared again")                                                 \
    X(journal_full, "records the journal did not take at once")
struct mr_orders_counters {
#define MR_X(name, text) uint64_t name;
    MR_ORDERS_COUNTERS(MR_X)
#undef MR_X
};
const struct mr_orders_counters *mr_orders_counters(const struct mr_orders *om);

/* Of all that the journal must give back: open orders, positions, cash, epoch. Equal digests: equal states. */
uint64_t mr_orders_digest(const struct mr_orders *om);

#endif
