/* Brackets: an entry, and the stop and target that guard what it has filled (C-31, C-23).
 *
 *   sizes      stop and target are each as large as what is open of the entry: with each part that fills they are amended
 *   one ends   the other is cancelled, and what is left of the entry too; both are reduce-only, so a race cannot turn the position
 *   never bare a stop is amended; where that is refused a new one is placed first and the old one cancelled when the new one rests
 *   trailing   staircase in the level form and break-even (controlplane/risk/formulas.h), only ever toward the market
 *   no stop    one that is rejected is placed again after 1, 2, 4 s ...; after `attempts` the position is closed by market, and reported
 *
 * Everything goes through the order manager's submit, so each order of a bracket passes the gate. What the brackets do follows from the orders as they
 * are, looked at in step; events only say that it is time to look.
 *
 * Memory  one block of mr_brackets_bytes().   Thread  the trade tile.   Times  given.
 * Bounds  `max` brackets; more are MR_E_FULL.   Restart  mr_record_bracket in the journal says what each wants; a record precedes the order it names. */
#ifndef MR_ORDERS_BRACKETS_H
#define MR_ORDERS_BRACKETS_H

#include "controlplane/orders/orders.h"
#include "controlplane/orders/records.h"
#include "controlplane/risk/formulas.h"

struct mr_bracket_plan {
    struct mr_order
        entry; /* a wish, as for mr_orders_submit; role ENTRY. In records `filled` and `cost` are what it has filled so far */
    mr_price stop, target; /* triggers; 0 none. A stop is below the entry of a long, the target above */
    uint32_t leverage;
    uint32_t trails; /* 0: the stop stays */
    struct mr_risk_staircase staircase;
    int64_t break_even_e8; /* ROI at which the stop goes to where nothing is lost; 0 never */
    mr_price tick;         /* stops are rounded to it, away from the market; 0: none */
};

/* Payload under MR_JOURNAL_ORDER (records.h). */
struct mr_record_bracket {
    struct mr_record_head head;
    uint32_t slot;
    uint32_t over; /* 1: nothing is left of it */
    uint64_t entry, stop_order, old_stop, target_order, exit_order;
    mr_size exited; /* filled by orders of it that have ended */
    mr_price stop;  /* where it should be now */
    struct mr_bracket_plan plan;
};

enum mr_bracket_event_kind {
    MR_BRACKET_OPENED,   /* the entry has its first fill */
    MR_BRACKET_MOVED,    /* the stop has been moved (trailing) */
    MR_BRACKET_BARE,     /* no stop rests: critical until it does, or the position is closed */
    MR_BRACKET_GUARDED,  /* it rests again */
    MR_BRACKET_GIVEN_UP, /* closed by market, because no stop could be placed */
    MR_BRACKET_ENDED,
};
struct mr_bracket_event {
    uint8_t kind;
    uint64_t entry;
    mr_price stop;
    mr_size open;
};
struct mr_brackets_ports {
    void *self;
    const struct mr_instrument *(*instrument)(void *self, uint32_t id);
    void (*event)(void *self, const struct mr_bracket_event *event);
    struct mr_journal_port journal;
};

struct mr_brackets; /* opaque */
size_t mr_brackets_bytes(uint32_t max);
struct mr_brackets *mr_brackets_init(void *mem, uint32_t max, uint32_t attempts, const struct mr_brackets_ports *ports);

/* Writes the plan, then shows the entry to the gate. What mr_orders_submit says; MR_E_RANGE: a plan that cannot be; MR_E_FULL. */
int mr_brackets_open(struct mr_brackets *bs, struct mr_orders *om, const struct mr_bracket_plan *plan, int64_t now_ns,
                     uint64_t *entry);
/* A mark (or last price): trailing looks at it in the next step. */
void mr_brackets_mark(struct mr_brackets *bs, uint32_t instrument, mr_price mark);
/* Of the order manager: an event of an order. Any order; it notes what concerns a bracket. */
void mr_brackets_event(struct mr_brackets *bs, const struct mr_orders_event *event);
/* Does what is to be done. Returns how much. `due`: when there is something to do without news. */
uint32_t mr_brackets_step(struct mr_brackets *bs, struct mr_orders *om, int64_t now_ns);
int64_t mr_brackets_due(const struct mr_brackets *bs);

/* After a restart: each mr_record_bracket, in order, then `restored` once the order manager is restored. MR_OK, MR_E_CORRUPT, MR_E_VERSION. */
int mr_brackets_restore(struct mr_brackets *bs, const void *payload, uint32_t bytes);
void mr_brackets_restored(struct mr_brackets *bs, struct mr_orders *om);

uint32_t mr_brackets_open_count(const struct mr_brackets *bs);
/* By entry: its stop now, and the ids of its orders; NULL: none. */
const struct mr_record_bracket *mr_brackets_find(const struct mr_brackets *bs, uint64_t entry);

#endif
