/* The judge: keeps books of its own from the wire, the venue and the disk, and compares them with what the program does and says.
 *
 *   wire    judge_sent: every request as it is handed to the driver
 *   venue   the paper exchange's orders, trades, positions, cash: as they are
 *   disk    judge_synced: the bytes of the journal as far as they are durable, read by the written format
 *   tile    what it tells, and what anybody may look at
 *
 * judge_step is called after each round, judge_end on the whole history. The first violation stops a world (unless it collects). */
#ifndef MR_TESTS_SIM_JUDGE_H
#define MR_TESTS_SIM_JUDGE_H

#include "tests/sim/world.h"

#define JUDGE_ORDERS 8192 /* a power of two */
#define JUDGE_TRADES 8192
#define JUDGE_RECORDS 65536
#define JUDGE_SENDS 8192

struct judge_order {
    uint64_t id;
    /* wire */
    uint32_t sends, life;
    struct mr_order first;
    mr_price price;     /* the last that was sent, placing or changing */
    mr_size size, most; /* the largest that may be at the venue */
    bool undone;        /* the last placing came to nothing, for sure (the lane's truth) */
    int64_t delivered;  /* at the venue's door, by its clock; 0 not */
    bool may_repeat;    /* and the tile was told so */
    uint32_t acks;      /* distinct orders at the venue */
    bool proof_dead;    /* an answer was told that ends it */
    uint8_t none;       /* "no such order" told so often */
    /* disk */
    bool approved, intent;
    mr_price approved_price, approved_stop, intent_price, intent_stop, want_price;
    mr_size approved_size, intent_size, want_size;
    uint64_t approved_limits;
    uint8_t disk_state;
    /* told */
    uint8_t state;
    bool seen;
};
struct judge_trade {
    bool disk, told;
};
struct judge {
    struct judge_order orders[JUDGE_ORDERS];
    uint32_t used;
    uint32_t live[2048], live_count; /* places of orders that may live at the venue */
    struct judge_trade trades[JUDGE_TRADES];
    mr_i128 told_size[SIM_MARKETS];
    mr_money told_value, told_fees, told_funding;
    uint64_t record_hash[JUDGE_RECORDS]; /* by sequence */
    uint64_t appended, on_disk;          /* sequences: taken by the journal in this life; read from the disk */
    uint32_t disk_file;
    uint64_t disk_at; /* read so far of that file */
    int64_t send_at[JUDGE_SENDS];
    uint64_t sends;
    mr_size foreign[SIM_MARKETS]; /* of liquidations that the tile has not heard of: nobody can count them */
    uint64_t venue_seen;          /* trades looked at for them */
    mr_size cap[SIM_MARKETS][2];  /* of the worst case by side: the limit, or what there was when it was lowered */
    int64_t life_began, killed_at, dead_man_ns, alive_since;
    uint64_t trades_before; /* at the venue when this life began */
    bool killed;
    uint8_t life_state;
    uint64_t broken; /* bit by invariant */
    enum invariant first;
    uint64_t first_step;
    char text[300];
    uint64_t denials, denials_recorded; /* of this process */
    int64_t recorded_at;                /* when they were last the same */
};

struct judge *judge_new(void);
uint64_t judge_hash(unsigned kind, const void *data, uint32_t bytes);
void judge_broken(struct world *w, enum invariant which, const char *format, ...) MR_PRINTF(3, 4);
void judge_born(struct world *w);                             /* a process has been restored from the disk */
void judge_sent(struct world *w, const struct mr_request *r); /* before the lane decides what becomes of it */
void judge_undone(struct world *w, const struct mr_request *r);
void judge_delivered(struct world *w, const struct mr_request *r); /* the venue will work it */
void judge_answer(struct world *w, const struct mr_answer *a);     /* handed to the tile */
void judge_told(struct world *w, const struct mr_trade_told *told);
void judge_append(struct world *w, enum mr_journal_kind kind, const void *payload, uint32_t bytes, int64_t seq);
void judge_limits(struct world *w, const struct mr_risk_limits *limits);
void judge_killed(struct world *w, bool on);
void judge_cancel(struct world *w, uint64_t id, int status);
void judge_step(struct world *w);
/* judge_disk.c */
void judge_synced(struct world *w, const char *path);
void judge_reread(struct world *w); /* the whole journal, by its reader: after a start */
void judge_end(struct world *w);
uint64_t sim_trades(const struct world *w);                    /* at the venue */
struct judge_order *judge_order(struct world *w, uint64_t id); /* made if it is new */

#endif
