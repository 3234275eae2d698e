/* Positions and cash from distinct fills, exactly.
 *
 * A position carries its basis: what its open size was worth when it was opened. Increase adds to the basis; reduction takes the closed share
 * out of it and realises the rest; through zero, what is left opens at the fill's price. Only that share may need rounding (at the 18th
 * decimal, toward zero), and it moves between basis and realised: their sum is exact, always, and at flat the basis is exactly zero.
 *
 *   realised P&L     before fees, sum over reductions
 *   unrealised P&L   notional(mark, size) - basis
 *   equity           cash + unrealised; cash = start + realised - fees + funding
 *   margin used      basis / leverage;  maintenance = |notional(mark)| * rate
 *   liquidation      entry * (1 -+ 1 / leverage +- maintenance rate): 100, 10x, 0.5 %: long 90.5, short 109.5. Rounded toward the
 *                    market. No further than the bankruptcy price, unlike a formula that takes entry / leverage * (1 + rate).
 *
 * Memory  one block of mr_positions_bytes().   Errors  MR_E_OVERFLOW, MR_E_INEXACT (a multiplier finer than 18 decimals), MR_E_UNSUPPORTED (inverse
 * contracts), MR_E_SYMBOL: then nothing changed.   Thread  the owner's. */
#ifndef MR_ORDERS_POSITIONS_H
#define MR_ORDERS_POSITIONS_H

#include "controlplane/orders/order.h"

struct mr_position {
    uint32_t instrument;
    uint8_t venue, spare[3];
    mr_size size;   /* long > 0 */
    mr_money basis; /* sign of size */
    mr_money realised, fees, funding;
    int64_t opened_ns, updated_ns; /* opened: when it left zero, or changed sides */
    uint64_t fills;
    mr_price mark;          /* 0: none yet; the last fill's price stands in */
    uint32_t leverage;      /* >= 1 */
    int32_t maintenance_e8; /* rate: 500000 is 0.5 % */
};
struct mr_positions; /* opaque */

size_t mr_positions_bytes(uint32_t instruments);
struct mr_positions *mr_positions_init(void *mem, uint32_t instruments, mr_money cash);
/* The cash it began with, anew: before the first fill. */
void mr_positions_open(struct mr_positions *ps, mr_money cash);

/* All of `from`; false, and nothing changes: made for another number of instruments. */
bool mr_positions_copy(struct mr_positions *ps, const struct mr_positions *from);

/* One distinct fill. The instrument is the one named in it. */
int mr_positions_fill(struct mr_positions *ps, const struct mr_instrument *it, const struct mr_fill *fill);
/* Received, or paid (< 0). */
int mr_positions_funding(struct mr_positions *ps, uint32_t instrument, mr_money amount, int64_t now_ns);
void mr_positions_mark(struct mr_positions *ps, uint32_t instrument, mr_price mark);
/* leverage 1 .. 1000; maintenance 0 .. 10^8. MR_OK or MR_E_RANGE, MR_E_SYMBOL. */
int mr_positions_margin(struct mr_positions *ps, uint32_t instrument, uint32_t leverage, int32_t maintenance_e8);

const struct mr_position *mr_positions_get(const struct mr_positions *ps,
                                           uint32_t instrument); /* NULL beyond the table */
/* Those ever touched, in order of instrument: start with *cursor = 0; NULL after the last. */
const struct mr_position *mr_positions_next(const struct mr_positions *ps, uint32_t *cursor);

mr_money mr_positions_cash(const struct mr_positions *ps);
mr_money mr_positions_realised(const struct mr_positions *ps);
mr_money mr_positions_fees(const struct mr_positions *ps);
mr_money mr_positions_funded(const struct mr_positions *ps);

/* What a position is worth now. */
struct mr_position_worth {
    mr_money notional; /* at the mark, sign of size */
    mr_money unrealised, margin, maintenance;
    mr_price entry;       /* mean, rounded to the nearest at the price scale; 0 flat */
    mr_price liquidation; /* 0: flat, or none above zero */
};
int mr_position_worth(const struct mr_position *p, const struct mr_instrument *it, struct mr_position_worth *out);
/* Over all of them; `instrument` as in the order manager's ports. ratio_e4: equity / maintenance, 50000 is 500 %; INT64_MAX without
 * maintenance. */
struct mr_account_worth {
    mr_money cash, unrealised, equity, margin, maintenance, notional /* sum of absolutes */;
    int64_t ratio_e4;
    uint32_t open;
};
int mr_positions_worth(const struct mr_positions *ps, const struct mr_instrument *(*instrument)(void *, uint32_t),
                       void *self, struct mr_account_worth *out);

enum mr_sync_verdict { MR_SYNC_MATCHED, MR_SYNC_LOCAL_ONLY, MR_SYNC_VENUE_ONLY, MR_SYNC_SIZE };
/* Ours beside theirs. Two zeros match. */
enum mr_sync_verdict mr_position_compare(mr_size ours, mr_size theirs);
const char *mr_sync_verdict_name(unsigned verdict); /* "local_only"; "?" beyond the last */

#endif
