/* The trade tile's heart with a paper exchange, a journal in memory and a market that the test moves, in virtual time. */
#ifndef MR_TESTS_TRADE_RIG_H
#define MR_TESTS_TRADE_RIG_H

#include "controlplane/exchange/paper/paper.h"
#include "controlplane/trade/trade.h"

#define RIG_MS 1000000ll
#define RIG_S 1000000000ll
#define RIG_RECORDS 65536u
#define RIG_BTC 0u
#define RIG_ETH 1u

struct rig_record {
    uint32_t kind, bytes;
    int64_t at;
    void *payload;
};
struct rig {
    struct mr_instruments *instruments;
    struct mr_kill_page *kill;
    struct mr_paper *paper;
    struct mr_trade *trade;
    void *trade_mem, *paper_mem;
    struct mr_trade_config config;
    struct mr_risk_limits limits;
    struct rig_record record[RIG_RECORDS];
    uint64_t appended, durable; /* records */
    bool hold_disk;             /* nothing becomes durable */
    bool full;                  /* and nothing is taken */
    const char *failed;
    struct mr_market_view view[2];
    int64_t now;
    uint64_t told[MR_TOLD_KIND_COUNT], seq;
    char last[MR_TOLD_KIND_COUNT][240];
    void (*also_told)(void *self, const struct mr_trade_told *what); /* NULL: nobody else is told */
    uint64_t notified, dumped;
};

/* Everything new: BTC at 60,000.00 and ETH at 3,000.00, books live, limits wide enough for the follower, warmed up for 30 s, TRADING. */
void rig_open(struct rig *r);
void rig_close(struct rig *r);
struct rig *rig_new(void);                                            /* allocated, and open */
int rig_end(void **state);                                            /* teardown of a test whose state it is */
void rig_sound(struct rig *r);                                        /* mr_trade_check says so */
struct mr_order rig_order(uint8_t tif, mr_price price, mr_size size); /* to buy BTC, at a limit, by hand */
/* The process dies and comes back: the trade tile anew from the records that were durable; the exchange lives on. Not armed. */
void rig_restart(struct rig *r);
void rig_price(struct rig *r, uint32_t instrument,
               mr_price mid);            /* two decimals; levels of 5.000 and 50.000, one tick from it and on */
void rig_run(struct rig *r, int64_t ms); /* in steps of 5 ms */
void rig_signal(struct rig *r, const char *underlying, unsigned level);
void rig_trade_on(struct rig *r); /* READY, then TRADING; asserts that it may */
/* Of a record, as the journal gives it back. */
const void *rig_payload(const struct rig *r, uint64_t record);
mr_size rig_held(const struct rig *r, uint32_t instrument); /* at the exchange */

#endif
