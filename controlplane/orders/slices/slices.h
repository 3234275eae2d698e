/* Slices: one wish that becomes many orders, so that the market sees little of it at a time (C-33).
 *
 *   TWAP, VWAP  a duration in equal intervals. By the end of each, so much should be filled as the sizes of the slices so far say: what an interval
 *               leaves unfilled is cancelled and carried over. With `catch_up` one IOC up to the limit takes what is left when the time is over.
 *   iceberg     only `shown` of it rests, at a price that stays; the next part follows when the one that is shown has been filled.
 *
 * One child is out at a time, and the next one leaves when that has ended for certain: an unknown outcome counts as live. So what is filled and what
 * is out are together never more than the parent's size, whatever the venue does; where fills come after a venue had said the end, it is told
 * (EXCEEDED), and what is out is cancelled.
 *
 * Everything goes through the order manager's submit, so each child passes gate and journal. A child that is denied, refused, or
 * cancelled by others before it filled is tried again after 1, 2, 4 s ...; after `attempts` in a row without a fill the parent has failed. What is done follows from the orders as they are, looked at in step.
 *
 * Memory  one block of mr_slices_bytes().   Thread  the trade tile.   Times  given, held at the latest seen.
 * Bounds  `max` parents; more are MR_E_FULL.   Restart  mr_record_slices in the journal; a record precedes the child it names. */
#ifndef MR_ORDERS_SLICES_H
#define MR_ORDERS_SLICES_H

#include "controlplane/orders/entry.h"
#include "controlplane/orders/orders.h"
#include "controlplane/orders/records.h"

#define MR_SLICES_MAX 64                   /* of one parent */
#define MR_SLICES_ID (1ull << 63)          /* in ids of parents; no order's id has it */
#define MR_SLICES_INTERVAL_NS 1000000000LL /* the shortest */
#define MR_SLICES_DURATION_NS (7 * 86400 * 1000000000LL)

enum mr_slices_kind { MR_SLICES_TWAP, MR_SLICES_VWAP, MR_SLICES_ICEBERG, MR_SLICES_KIND_COUNT };
struct mr_slices_plan {
    struct mr_order
        parent; /* a limit wish, GTC; its price is the limit of all. In records its fills are those of all children so far */
    uint64_t seed;
    int64_t duration_ns; /* TWAP, VWAP */
    mr_size shown;       /* iceberg */
    mr_size lot;         /* the instrument's: filled in by open */
    uint32_t slices;     /* TWAP, VWAP: 1 .. MR_SLICES_MAX */
    uint32_t
        vary_e4; /* by the seed: a slice begins late by up to this share of its interval; what is shown differs by up to this share */
    uint8_t kind, spare[5];
    uint8_t passive;  /* TWAP, VWAP, 1: at the best of its own side, but never beyond the limit; 0: at the limit */
    uint8_t catch_up; /* TWAP, VWAP: 1 yes */
    uint32_t weight[MR_SLICES_MAX]; /* VWAP: shares of the size */
};

enum mr_slices_state {
    MR_SLICES_WORKING,
    MR_SLICES_ENDING, /* the child that is out is being cancelled */
    MR_SLICES_DONE,   /* all of it is filled */
    MR_SLICES_CANCELLED,
    MR_SLICES_FAILED,
    MR_SLICES_STATE_COUNT
};
enum mr_slices_why {
    MR_SLICES_NO_REASON,
    MR_SLICES_ASKED,   /* somebody cancelled it */
    MR_SLICES_STOPPED, /* the kill switch, or an emergency stop */
    MR_SLICES_TIME,    /* its time is over */
    MR_SLICES_REST,    /* what is left is less than a lot */
    MR_SLICES_TRIES,   /* child after child was denied or refused */
    MR_SLICES_REFUSED, /* the order manager cannot take such an order */
    MR_SLICES_WHY_COUNT
};
const char *mr_slices_kind_name(unsigned kind);   /* "twap"; "?" beyond the last, as in the others */
const char *mr_slices_state_name(unsigned state); /* "working" */
const char *mr_slices_why_text(unsigned why);     /* "its time is over" */

/* What of a child is in the parent's numbers. */
struct mr_slices_child {
    uint64_t id; /* 0 none */
    mr_size filled;
    mr_money cost, fees;
};
/* Payload under MR_JOURNAL_ORDER (records.h). */
struct mr_record_slices {
    struct mr_record_head head;
    uint32_t slot;
    uint8_t state, outcome, why;     /* enums above; outcome: what ENDING leads to */
    uint8_t caught;                  /* 1: the catch-up has left */
    struct mr_slices_child child[2]; /* that is out; the one before it, of which a fill may still come */
    uint32_t slice, placed;          /* in which the child was placed; children so far */
    uint32_t exceeded, spare;        /* 1: a venue has filled more than was out */
    int64_t started_ns, spare_ns;
    struct mr_slices_plan plan;
};

enum mr_slices_told_kind {
    MR_SLICES_STARTED,
    MR_SLICES_WAITS,    /* a child came to nothing: the next try is later */
    MR_SLICES_EXCEEDED, /* a fill after its order's end: more than was wanted may be filled */
    MR_SLICES_ENDED,    /* state and why: in the record */
    MR_SLICES_TOLD_COUNT
};
struct mr_slices_told {
    uint8_t kind;
    const struct mr_record_slices *record; /* these two are good until the callback returns */
    const struct mr_fill_quality
        *quality; /* of all its fills against the mid when it was opened; NULL: nothing is known of it */
};
enum mr_slices_word { MR_SLICES_GO, MR_SLICES_WAIT, MR_SLICES_STOP };
struct mr_slices_ports {
    void *self;
    const struct mr_instrument *(*instrument)(void *self, uint32_t id);
    const struct mr_market_view *(*market)(void *self, uint32_t id); /* NULL: none */
    /* Asked of each parent in each step: may another child leave? STOP ends it. */
    enum mr_slices_word (*word)(void *self, const struct mr_order *parent);
    void (*told)(void *self, const struct mr_slices_told *told); /* must not call back */
    struct mr_journal_port journal;
};

/* ---- plans: pure (plan.c) ---- */

/* MR_OK, or MR_E_RANGE: it cannot be. `lot` is set. */
int mr_slices_check(const struct mr_slices_plan *plan, int64_t now_ns);
/* Of each slice, on the lot; the sum is exactly the parent's size. TWAP: equal, the rest in the last; VWAP: largest remainder, the earlier first. */
void mr_slices_sizes(const struct mr_slices_plan *plan, mr_size sizes[MR_SLICES_MAX]);
/* When slice `i` begins, of a plan begun at `started_ns`; i == slices: when all ends. */
int64_t mr_slices_begins(const struct mr_slices_plan *plan, int64_t started_ns, uint32_t i);
int64_t mr_slices_leaves(const struct mr_slices_plan *plan, int64_t started_ns, uint32_t i); /* not before its begin */
/* Iceberg: what is shown the k-th time, on the lot, at least one. */
mr_size mr_slices_shown(const struct mr_slices_plan *plan, uint32_t k);

/* ---- parents ---- */

struct mr_slices; /* opaque */
size_t mr_slices_bytes(uint32_t max);
struct mr_slices *mr_slices_init(void *mem, uint32_t max, uint32_t attempts, const struct mr_slices_ports *ports);

/* Writes the plan; its first child leaves in a step. MR_OK and *id, the parent's. MR_E_RANGE: a plan that cannot be; MR_E_SYMBOL, MR_E_UNSUPPORTED
 * as in mr_orders_submit; MR_E_STALE: none may leave now; MR_E_FULL: too many, or the journal takes nothing. */
int mr_slices_open(struct mr_slices *ss, const struct mr_orders *om, const struct mr_slices_plan *plan, int64_t now_ns,
                   uint64_t *id);
/* No child leaves any more, and the one that is out is cancelled in the next step. MR_OK; MR_E_EMPTY: no such open parent. */
int mr_slices_cancel(struct mr_slices *ss, uint64_t id, int64_t now_ns);
uint32_t mr_slices_cancel_all(struct mr_slices *ss, int64_t instrument, int64_t now_ns); /* -1: of any; how many */
/* Of the order manager: an event of an order. Any order; it notes what concerns a parent. */
void mr_slices_event(struct mr_slices *ss, const struct mr_orders_event *event);
/* Does what is to be done. Returns how much. `due`: when there is something to do without news. */
uint32_t mr_slices_step(struct mr_slices *ss, struct mr_orders *om, int64_t now_ns);
int64_t mr_slices_due(const struct mr_slices *ss);

/* After a restart: each mr_record_slices, in order, then `restored` once the order manager is restored. MR_OK, MR_E_CORRUPT, MR_E_VERSION. */
int mr_slices_restore(struct mr_slices *ss, const void *payload, uint32_t bytes);
void mr_slices_restored(struct mr_slices *ss, const struct mr_orders *om);

uint32_t mr_slices_open_count(const struct mr_slices *ss);
const struct mr_record_slices *mr_slices_find(const struct mr_slices *ss, uint64_t id); /* open ones; NULL */
const struct mr_record_slices *mr_slices_next(const struct mr_slices *ss,
                                              uint32_t *cursor); /* from 0; NULL after the last */
/* No parent has more filled and out than its size, but where it was told. */
bool mr_slices_sound(const struct mr_slices *ss, const struct mr_orders *om);

#endif
