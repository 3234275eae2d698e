/* Shared by the files of this folder. */
#ifndef MR_EXCHANGE_PAPER_PRIV_H
#define MR_EXCHANGE_PAPER_PRIV_H

#include "controlplane/exchange/paper/paper.h"

#define NONE UINT32_MAX
#define BUCKETS 4096u

struct paper_order {
    struct mr_order o;
    mr_size ahead;            /* of the queue at its price */
    uint64_t request;         /* that placed it */
    uint32_t next_id;         /* of the same bucket of ids */
    uint32_t next, prev;      /* open ones of its instrument, by age; ended and free ones by next alone */
    bool used, open, resting; /* open and not resting: a trigger that waits */
};
struct paper_market {
    struct mr_market_view view;
    mr_size eaten[2][MR_MARKET_LEVELS]; /* by us, of the levels that buyers, sellers take */
    bool seen;
    uint32_t first, last; /* open orders */
    int64_t funded_ns;    /* the last hour paid */
};
struct paper_request {
    int64_t at;
    uint64_t seq;
    struct mr_request request;
};
struct paper_answer {
    int64_t at;
    struct mr_answer answer;
};
struct paper_fill {
    struct mr_fill fill;
    uint64_t seq; /* 0: none */
};

struct mr_paper {
    struct mr_paper_config config;
    struct mr_positions *positions;
    struct paper_market *market;
    struct paper_order *order; /* open_max + ended_max */
    struct paper_answer *answer;
    struct paper_request *request; /* REQUESTS, by arrival */
    struct paper_fill *fill;       /* FILLS, a ring */
    uint32_t bucket[BUCKETS];
    uint32_t free_first, ended_first, ended_last, open_count, ended_count;
    uint32_t request_first, request_count, answer_first, answer_count;
    int64_t now, answer_at, request_at, dead_man_ns, dead_man_due;
    uint64_t orders, trades, random, wanted; /* wanted: request whose answers are being made */
    bool cut;
    struct mr_paper_counts counts;
};
#define REQUESTS 4096u
#define FILLS 8192u

/* paper.c */
void paper_say(struct mr_paper *p, struct mr_answer *a, const struct paper_order *po);
void paper_say_kind(struct mr_paper *p, uint8_t kind, const struct paper_order *po);
void paper_id(const struct mr_paper *p, char kind, uint64_t number, char *out, size_t bytes);
bool paper_room(const struct mr_paper *p); /* for a few answers more */
struct paper_order *paper_find(const struct mr_paper *p, uint64_t id);
void paper_end(struct mr_paper *p, struct paper_order *po, uint8_t state);
const struct mr_instrument *paper_instrument(const struct mr_paper *p, uint32_t id);

/* paper_match.c */
void paper_place(struct mr_paper *p, struct paper_order *po); /* checks were passed */
mr_size paper_take(struct mr_paper *p, struct paper_order *po,
                   mr_price limit); /* at levels up to limit (0: any); what it took */
mr_size paper_takeable(const struct mr_paper *p, const struct mr_order *o, mr_price limit);
void paper_queue(struct mr_paper *p, struct paper_order *po); /* its place behind the level */
void paper_triggers(struct mr_paper *p, struct paper_market *m);

/* paper_account.c */
/* MR_REJECT_NONE, or why a venue would not take it. */
uint8_t paper_judge(const struct mr_paper *p, const struct mr_order *o, const struct mr_order *replaces);
void paper_fill(struct mr_paper *p, struct paper_order *po, mr_price price, mr_size size, bool maker);
void paper_mark(struct mr_paper *p, struct paper_market *m); /* mark, funding, liquidation */
void paper_equity(const struct mr_paper *p, struct mr_account_worth *out, mr_money *available);

#endif
