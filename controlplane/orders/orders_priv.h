#ifndef MR_ORDERS_PRIV_H
#define MR_ORDERS_PRIV_H

#include "controlplane/orders/orders.h"
#include "controlplane/orders/records.h"
#include "controlplane/orders/trades.h"

#define NONE UINT32_MAX
#define NEVER INT64_MAX

/* One kind of request of an order or a link. */
struct op {
    uint64_t request; /* number of the last one */
    bool out;         /* its answer is awaited */
    uint8_t attempts;
    int64_t due_ns; /* out: overdue from then on; else: may be sent from then on */
};

enum amending { AMEND_NONE, AMEND_WANTED, AMEND_SENT };

struct slot {
    struct mr_order o;
    uint32_t fills; /* applied */
    bool cancel_wanted, dirty, discrepant, held;
    bool carried;     /* the driver has said what became of carrying the placement */
    uint8_t amending; /* enum amending */
    uint8_t reason;   /* the last refusal's */
    mr_price want_price;
    mr_size want_size;
    uint64_t place_seq, amend_seq, durable_seq; /* records: what must be durable, what is */
    struct op place, cancel, amend, query;
    uint64_t listed;  /* the last list of open orders that it was in */
    uint64_t fence;   /* answers to requests up to this one know less of price and size than we do */
    int64_t amend_ns; /* when the last amendment left */
    int64_t since_ns; /* its fills are of this time or later, by the venue's clock: ours may be wrong */
    int64_t none_ns;  /* when the venue first did not know it; 0 it did */
    int64_t ended_ns;
    int64_t due_ns;
    uint32_t heap_at;             /* NONE: in no heap */
    uint32_t next_id, next_venue; /* chains */
    uint32_t before, after;       /* open by age, or ended by age */
    bool in_venue;
};

struct list {
    uint32_t first, last, count;
};

/* An answer that was heard. Fills and funding wait here until their records are durable, what came after them waits behind them. */
struct heard {
    struct mr_answer a;
    uint64_t seq; /* of its record; 0 none needed */
    uint8_t link;
    bool written; /* record appended, or none needed */
    bool again;   /* a fill heard before: nothing to do */
};

struct asked {
    uint64_t number, order;
    uint8_t kind, link;
};
#define ASKED_COUNT 8192 /* requests whose answers are still recognised */

struct waiting { /* for its record to be durable */
    uint64_t seq, order;
};

enum link_stage { LINK_DOWN, LINK_FILLS, LINK_OPEN, LINK_RESOLVE, LINK_POSITIONS, LINK_BALANCE, LINK_READY };
struct link {
    struct mr_orders_link cfg;
    struct mr_bucket orders, queries;
    struct mr_breaker breaker;
    uint8_t stage, breaker_told;
    bool stream, in_recovery;
    struct op fills, open, positions, balance;
    bool want_fills, want_open, want_positions, want_balance;
    int64_t fills_since, fills_next_since; /* of the list that is out; of the next one */
    int64_t fills_asked_ns, fills_done_ns; /* when the list that is out, and the last complete one, were asked for */
    int64_t open_asked_ns, positions_asked_ns;
    uint32_t differences, unsettled;
    int64_t sync_due, dead_man_due, fills_poll_due;
    int64_t seen_ns;  /* venue time of the newest fill */
    int64_t venue_ns; /* and of the newest answer */
};

struct theirs {
    uint64_t request;
    mr_size size;
    uint32_t differs; /* times in a row */
    uint32_t spare;
};

struct mr_orders {
    struct mr_orders_config cfg;
    struct mr_orders_ports ports;
    struct mr_orders_counters n;
    int64_t now_ns, mono_ns, mono_ahead_ns; /* mono_ns 0: never told; ahead of now_ns when it was told first */
    uint32_t epoch, epoch_seen, number;
    bool begun, opened, restoring;
    uint64_t next_request;
    struct link links[MR_ORDERS_LINKS];
    uint32_t link_count;
    /* table */
    struct slot *slots;
    uint32_t slot_count, mask, free, heap_count, dirty;
    uint32_t *by_id, *by_venue, *heap;
    struct list open, ended;
    /* queues */
    struct heard *heard;
    uint64_t heard_head, heard_tail, written_to; /* heard_head <= written_to <= heard_tail */
    struct waiting *waiting;
    uint32_t waiting_max;
    uint64_t waiting_head, waiting_tail;
    struct asked *asked;
    struct theirs *theirs;
    struct mr_trades *trades;
    struct mr_positions *positions;
};

/* table */
size_t mr_orders_table_bytes(const struct mr_orders_config *c);
void mr_orders_table_init(struct mr_orders *om, uint8_t *mem);
struct slot *mr_orders_slot_new(struct mr_orders *om, uint64_t id); /* NULL: all are open */
void mr_orders_slot_free(struct mr_orders *om, struct slot *s);
struct slot *mr_orders_slot(const struct mr_orders *om, uint64_t id);
struct slot *mr_orders_slot_venue(const struct mr_orders *om, uint8_t venue, const char *venue_id);
void mr_orders_slot_named(struct mr_orders *om, struct slot *s, const char *venue_id);
void mr_orders_slot_end(struct mr_orders *om, struct slot *s);
void mr_orders_slot_due(struct mr_orders *om, struct slot *s, int64_t due_ns);
uint32_t mr_orders_index(const struct mr_orders *om, const struct slot *s);

/* events, records */
struct mr_orders_event mr_orders_event_of(const struct mr_orders *om, enum mr_orders_event_kind kind,
                                          const struct slot *s);
void mr_orders_tell(struct mr_orders *om, struct mr_orders_event *e);
void mr_orders_odd(struct mr_orders *om, enum mr_discrepancy what, struct slot *s, const struct mr_fill *fill);
int64_t mr_orders_append(struct mr_orders *om, enum mr_journal_kind kind, const void *payload, uint32_t bytes);
int64_t mr_orders_record(struct mr_orders *om, struct slot *s, unsigned input); /* sequence, or < 0: marked dirty */
int64_t mr_orders_record_account(struct mr_orders *om, enum mr_account_kind kind, const struct mr_record_account *what);

/* life */
bool mr_orders_news(struct mr_orders *om, struct slot *s, unsigned input);
void mr_orders_plan(struct mr_orders *om, struct slot *s);
void mr_orders_want_cancel(struct mr_orders *om, struct slot *s);
void mr_orders_fill_order(struct mr_orders *om, struct slot *s, const struct mr_fill *fill);
void mr_orders_settle(struct mr_orders *om, struct slot *s);
void mr_orders_amend_over(struct mr_orders *om, struct slot *s, unsigned reason);
void mr_orders_wait(struct mr_orders *om, uint64_t seq, uint64_t order); /* there must be room */

/* sending */
enum mr_hold mr_orders_carry(struct mr_orders *om, struct link *l, struct mr_request *r, struct op *op, int64_t *until);
void mr_orders_work(struct mr_orders *om, struct slot *s);
int64_t mr_orders_backoff(const struct mr_orders *om, unsigned attempts);
struct link *mr_orders_link_of(struct mr_orders *om, uint8_t venue);

/* answers */
uint32_t mr_orders_listen(struct mr_orders *om);
void mr_orders_answer(struct mr_orders *om, struct link *l, const struct mr_answer *a);
void mr_orders_failed(struct mr_orders *om, struct link *l);
void mr_orders_worked(struct mr_orders *om, struct link *l);

/* reconciling */
void mr_orders_stream(struct mr_orders *om, struct link *l, bool up);
bool mr_orders_list_answer(struct mr_orders *om, struct link *l, unsigned kind, const struct mr_answer *a);
uint32_t mr_orders_link_step(struct mr_orders *om, struct link *l);
void mr_orders_want_fills(struct mr_orders *om, struct link *l, int64_t since_ns);
int64_t mr_orders_link_due(const struct mr_orders *om, const struct link *l);

#endif
