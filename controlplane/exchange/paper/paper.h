/* The paper exchange: a venue in memory that takes orders against the real market, or a recorded or made-up one.
 *
 * Nothing it does moves the market; the market decides what it does:
 *   taking    at the levels of the view in force, each level once until the view changes; what the levels do not hold expires (market, IOC),
 *             is refused whole (FOK), or rests
 *   resting   behind all that stands at its price. Public trades at the price eat the queue first; a level that shrinks below the queue brings
 *             the order forward; a trade beyond the price, or the other side's best at or beyond it, fills it
 *   triggers  stops and targets look at the last trade, or the mark, and become market orders
 *   account   fees by side, isolated margin by leverage, funding at the venue's hours, liquidation at the true price, by market order
 * It checks what a venue checks: tick, lot, least value, post-only, reduce-only, margin, ids. Requests arrive and answers leave after a latency
 * drawn from the seed. The same calls with the same times give the same answers.
 *
 *     mr_paper_driver(p) -> struct mr_exchange_driver                the trade tile's side
 *     mr_paper_on_view, mr_paper_on_trade, mr_paper_step(now)        the market's side, time
 *
 * Memory  one block of mr_paper_bytes(), 64-byte aligned.   Thread  one owner.   Times  ns since 1970, the caller's; one that steps back is held.
 * Bounds  open orders, ended ones remembered (the oldest is forgotten), answers under way (then requests are MR_E_FULL). */
#ifndef MR_EXCHANGE_PAPER_H
#define MR_EXCHANGE_PAPER_H

#include "controlplane/exchange/exchange.h"
#include "controlplane/market/market.h"
#include "controlplane/orders/positions.h"

struct mr_paper_config {
    const struct mr_instruments *instruments; /* ids of orders and views */
    uint32_t instruments_max;                 /* ids below it */
    uint32_t open_max, ended_max;             /* orders */
    uint32_t answers_max;                     /* under way */
    mr_money cash;
    int64_t maker_fee_e8, taker_fee_e8;   /* < 0: a rebate */
    int64_t there_ns, back_ns, jitter_ns; /* latency of requests, of answers, and what is added at most to each */
    uint32_t leverage;
    int32_t maintenance_e8;
    mr_money least_value; /* of an order that is not reduce-only */
    bool trigger_by_mark; /* else by the last trade */
    uint64_t seed;
    uint64_t
        session; /* part of the ids of trades and orders: never the same in two lives of one account; 0: there is one */
};
struct mr_paper_config mr_paper_defaults(const struct mr_instruments *instruments);

struct mr_paper_counts {
    uint64_t placed, rejected, cancelled, expired, maker_fills, taker_fills, triggered, fundings, liquidations,
        dead_man, refused_full, unheard; /* answers lost with the stream */
};

struct mr_paper;
size_t mr_paper_bytes(const struct mr_paper_config *config);
struct mr_paper *mr_paper_init(void *mem, const struct mr_paper_config *config);
struct mr_exchange_driver mr_paper_driver(struct mr_paper *p);

void mr_paper_on_view(struct mr_paper *p, const struct mr_market_view *view, int64_t now_ns);
/* A public trade; `side` is the taker's. */
void mr_paper_on_trade(struct mr_paper *p, uint32_t instrument, enum mr_side side, mr_price price, mr_size size,
                       int64_t now_ns);
/* Requests that have arrived, funding, the dead man's timer. mr_exchange_driver.poll does it too. */
void mr_paper_step(struct mr_paper *p, int64_t now_ns);
/* The private stream and requests are cut, or there again. While cut, requests are NOT_SENT, what was under way is carried out, and answers are
 * lost: after STREAM_UP one has to ask. */
void mr_paper_cut(struct mr_paper *p, bool cut, int64_t now_ns);

/* Begins with these positions and this cash in place of its own: another life of the same account. The tables must be of one size. */
void mr_paper_adopt(struct mr_paper *p, const struct mr_positions *positions);
const struct mr_positions *mr_paper_positions(const struct mr_paper *p);
uint32_t mr_paper_open(const struct mr_paper *p);
const struct mr_order *mr_paper_find(const struct mr_paper *p, uint64_t id); /* NULL: never seen, or forgotten */
/* All orders remembered, open or ended, in no order: start with *cursor = 0; NULL after the last. */
const struct mr_order *mr_paper_next(const struct mr_paper *p, uint32_t *cursor);
void mr_paper_counts(const struct mr_paper *p, struct mr_paper_counts *out);

#endif
