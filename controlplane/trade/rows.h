/* What trading does, as rows of the store: orders, fills, positions, signals, risk events. Made on the io thread, as a subscriber
 * of the desk's bus: a row that has no room in the store's ring is asked for again later.
 *
 * Memory  plain data, of the caller.   Thread  io. */
#ifndef MR_TRADE_ROWS_H
#define MR_TRADE_ROWS_H

#include "controlplane/store/store.h"
#include "controlplane/trade/trade.h"

struct mr_trade_rows {
    struct mr_store *store;
    const struct mr_instrument *(*instrument_of)(const void *self, uint32_t id); /* NULL: not known */
    const void *self;
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
void mr_trade_rows_init(struct mr_trade_rows *r, struct mr_store *store,
                        const struct mr_instrument *(*instrument_of)(const void *self, uint32_t id), const void *self,
                        const char *session);
/* `said`: what was told, in words (mr_trade_told_text). `again`: the same was refused before. MR_OK; MR_E_FULL: not all rows had room, to be told
 * again (a row that is put twice is there once). */
int mr_trade_rows_told(struct mr_trade_rows *r, const struct mr_trade_told *what, const char *said, bool again);

#endif
