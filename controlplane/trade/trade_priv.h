/* Shared by the files of this folder. */
#ifndef MR_TRADE_TRADE_PRIV_H
#define MR_TRADE_TRADE_PRIV_H

#include "controlplane/trade/measure.h"
#include "controlplane/trade/records.h"
#include "controlplane/trade/trade.h"

#define SECOND 1000000000ll
#define INTENTS 64u
#define DENIALS 64u /* that wait for the journal */
#define MR_TRADE_BRACKETS 128u
#define CHILD_TRIES 4u /* of a bracket's stop, of a parent's child */

struct traded { /* an instrument that is traded */
    uint32_t id;
    struct mr_market_view view;
    struct mr_measure measure;
    int64_t live_ns; /* when its book was live last */
    bool dirty;      /* its view has changed since strategies saw it */
    bool nameless;   /* the journal does not say yet what it is now */
    struct mr_record_instrument name;
};
/* What a strategy holds in an instrument: its fills alone, so that two of them may stand against each other. */
struct holding {
    mr_size size;
    int64_t opened_ns, close_at_ns; /* hold_ns of the intent that opened it; 0 not by time */
    uint64_t entry;                 /* the order that opened it, or is about to */
    int64_t retry_ns;               /* closing is not tried before */
    bool closing;                   /* what is open is being cancelled; then the rest goes at market */
};
struct wish {
    struct mr_intent intent;
    uint32_t strategy;
    uint64_t signal_seq;
    int64_t signal_ns, at_ns;
    char underlying[16];
};

struct mr_trade {
    struct mr_trade_config config;
    struct mr_trade_ports ports;
    struct mr_orders *orders;
    struct mr_brackets *brackets;
    struct mr_slices *slices;
    struct mr_risk_state *risk;
    struct mr_risk_limits limits;
    struct mr_life life;
    struct mr_stop stop;
    struct traded traded[MR_TRADE_NAMES_MAX];
    struct holding holding[MR_TRADE_STRATEGIES_MAX + 1][MR_TRADE_NAMES_MAX];
    void *state[MR_TRADE_STRATEGIES_MAX];
    struct wish wish[INTENTS];
    uint32_t wish_first, wish_count;
    int64_t now, timer_ns, sample_ns;
    uint64_t decisions, appended,
        persist_seq;                /* appended: the newest record; persist_seq: when a stop began to wait for it */
    struct mr_journal_port journal; /* in front of the one we were given */
    struct mr_record_day day;       /* as last written */
    uint32_t epoch;
    uint32_t calling; /* the strategy being called */
    const struct mr_signal *signal;
    struct mr_trade_account n; /* counts alone */
    struct mr_risk_verdict verdict;
    uint8_t venues[MR_ORDERS_LINKS];
    uint32_t venue_count;
    mr_money realised[MR_TRADE_NAMES_MAX];     /* of each position, as last seen */
    struct mr_record_decision denial[DENIALS]; /* not written yet */
    uint32_t denial_count;
    int64_t venue_ready_ns[MR_ORDERS_LINKS]; /* when it was reconciled last */
    uint32_t found, broken, positions_seen;  /* trade_watch.c */
    bool begun, inconsistent, restoring;
};

/* A record of this kind, zeroed behind its head. */
#define TRADE_RECORD(r, what)                                                                                          \
    (memset(&(r), 0, sizeof(r)), (r).head = (struct mr_record_head){MR_RECORDS_VERSION, what, sizeof(r)})

/* Index in `traded`; UINT32_MAX: not traded. */
uint32_t trade_index(const struct mr_trade *t, uint32_t instrument);
void trade_tell(const struct mr_trade *t, struct mr_trade_told *what);
/* Of what is rare and of no hurry: it makes its words here. */
MR_COLD void trade_say(const struct mr_trade *t, uint8_t kind, uint8_t severity, const char *format, ...)
    MR_PRINTF(4, 5);

/* trade_ports.c: what the order manager asks and tells */
struct mr_orders_ports trade_ports(struct mr_trade *t);
struct mr_brackets_ports trade_brackets(struct mr_trade *t);
struct mr_slices_ports trade_slices(struct mr_trade *t);
void trade_account_to_risk(struct mr_trade *t);
bool trade_denials(struct mr_trade *t);
void trade_day(struct mr_trade *t); /* writes the day's numbers when they have changed */

/* trade_intent.c */
struct mr_strategy_host trade_host(struct mr_trade *t);
void trade_intents(struct mr_trade *t);
void trade_exits(struct mr_trade *t); /* by time, and what is closing */
int trade_close_holding(struct mr_trade *t, uint32_t strategy, uint32_t index, uint8_t flags);

/* trade_boot.c: the journal says what the instrument is now; false: it took no record, and nothing may be decided on it. */
bool trade_name(struct mr_trade *t, uint32_t index);

/* trade_watch.c */
void trade_watch_account(struct mr_trade *t); /* the account is new */
void trade_watch_fill(struct mr_trade *t, uint32_t index);
void trade_watch_time(struct mr_trade *t); /* each second */
void trade_watch_act(struct mr_trade *t);  /* stops, if something was found */

/* trade_life.c */
void trade_life_init(struct mr_trade *t);

#endif
