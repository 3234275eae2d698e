/* An order manager with everything around it made of plain arrays: a journal that is durable when the test says so, a driver that carries and
 * answers what the test says, a gate that says yes until told otherwise. */
#ifndef MR_TESTS_ORDERS_RIG_H
#define MR_TESTS_ORDERS_RIG_H

#include "controlplane/orders/orders.h"
#include "controlplane/orders/records.h"
#include "tests/support/support.h"

#define RIG_VENUE 1
#define SECOND 1000000000LL
#define E8 100000000LL

struct rig_record {
    unsigned kind;
    uint32_t bytes;
    int64_t at_ns;
    uint8_t payload[1024];
};
struct rig_event {
    struct mr_orders_event e;
    struct mr_order order;
    struct mr_fill fill;
    struct mr_position position;
};
struct rig {
    struct mr_orders *om;
    void *mem;
    struct mr_orders_config cfg;
    struct mr_orders_link link;
    int64_t now;
    /* journal */
    struct rig_record *records;
    uint64_t record_count, durable, record_room; /* `manual`: durable moves only by the test */
    bool manual;
    const char *failed;
    /* driver */
    struct mr_request *requests;
    uint32_t request_count, request_room;
    struct mr_answer *answers;
    uint32_t answer_head, answer_count;
    bool full;
    /* gate */
    bool deny, closed;
    uint64_t decisions;
    struct mr_order judged; /* as the gate was last shown it */
    /* events */
    struct rig_event *events;
    uint32_t event_count;
    struct mr_market_view view;
    bool has_view;
    void (*on_event)(void *, const struct mr_orders_event *); /* NULL, or who else wants them */
    void *on_event_self;
};

extern const struct mr_instrument rig_instruments[];

/* A manager with two instruments (0 and 1) of RIG_VENUE, 1 with a multiplier of 0.001; 2 is inverse, 3 of another venue. */
struct rig *rig_open(void (*change)(struct rig *));
void rig_close(struct rig *r);
/* A fresh manager that has taken in the first `count` records of `from`; its own journal begins with these. Not begun. */
struct rig *rig_restart(const struct rig *from, uint64_t count);
/* The stream comes up, and all that reconciling asks is answered: nothing there. */
void rig_ready(struct rig *r);
struct rig *rig_begin(void (*change)(struct rig *)); /* opened, and ready */

void rig_step(struct rig *r);             /* at r->now */
void rig_pass(struct rig *r, int64_t ns); /* time goes on, stepping whenever something is due */
/* Moves on to when the manager, or who stands beside it, is due; false: `until` is reached. */
bool rig_next(struct rig *r, int64_t until, int64_t other_due);
struct mr_order rig_limit(int side, int64_t price, int64_t size); /* whole units of instrument 0 */
uint64_t rig_submit(struct rig *r, struct mr_order intent);       /* must be approved; and steps */
uint64_t rig_acked(struct rig *r, struct mr_order intent);        /* and acknowledged as "v<number>" */
const struct mr_order *rig_order(const struct rig *r, uint64_t id);
const char *rig_state(const struct rig *r, uint64_t id);

struct mr_request *rig_last(struct rig *r,
                            unsigned kind); /* the last request of that kind; fails where there is none */
uint32_t rig_requests(const struct rig *r, unsigned kind);
/* An answer to that request. */
struct mr_answer *rig_answer(struct rig *r, unsigned kind, const struct mr_request *to);
struct mr_answer *rig_reply(struct rig *r, unsigned kind, unsigned request); /* to the last request of that kind */
struct mr_answer *rig_say(struct rig *r, unsigned kind, uint64_t order);     /* unasked, by the stream */
struct mr_answer *rig_fill(struct rig *r, uint64_t order, int64_t price, int64_t size, const char *trade);
const struct mr_orders_counters *rig_counts(const struct rig *r);
uint32_t rig_events(const struct rig *r, unsigned kind);
const struct rig_event *rig_last_event(const struct rig *r, unsigned kind);
uint32_t rig_odd(const struct rig *r, unsigned discrepancy);
mr_money rig_money(const char *text);
/* The rig's journal, for whoever writes beside the manager. */
struct mr_journal_port rig_journal(struct rig *r);

#endif
