/* What trading does, as rows of the store: orders, fills, positions, signals, risk events. Made on the trade tile from what it tells, put into
 * the store's ring, which never waits: a row that has no room is counted there (mr_store_stats.refused), and trading goes on.
 *
 * Memory  plain data, of the caller.   Thread  the trade tile. */
#ifndef MR_TRADE_ROWS_H
#define MR_TRADE_ROWS_H

#include "controlplane/store/store.h"
#include "controlplane/trade/trade.h"

struct mr_trade_rows {
    struct mr_store *store;
    const struct mr_instruments *instruments;
    const char *strategy[MR_TRADE_STRATEGIES_MAX];
    char session[32];
    uint64_t signals, alerts;
    struct { /* denied or dropped: the sentence for the order's row */
        uint64_t order;
        char why[96];
    } denied;
    bool deciding; /* `signal` waits for what becomes of it */
    struct mr_store_signal signal;
    struct mr_store_position position[MR_TRADE_NAMES_MAX]; /* as last put; opened_at 0: none */
    mr_money realised[MR_TRADE_NAMES_MAX];                 /* of the instrument, before that position */
    mr_money realised_now[MR_TRADE_NAMES_MAX];
    uint32_t instrument[MR_TRADE_NAMES_MAX], instrument_count;
};

/* `session`: of the run; names of strategies by their row, good as long as `r`. */
void mr_trade_rows_init(struct mr_trade_rows *r, struct mr_store *store, const struct mr_instruments *instruments,
                        const char *session);
void mr_trade_rows_told(struct mr_trade_rows *r, const struct mr_trade_told *what);

#endif
