/* A strategy: what it sees, what it may ask for, and its table (C-40).
 *
 * A strategy decides, it does not trade: it submits intents, which are sized, priced, judged by the gate and carried out elsewhere. It keeps
 * its state in memory it is given, gets time with each call, and has no other input: so live, paper, simulation and backtest run the
 * same code. It is called on the trade tile and returns at once.
 *
 * A new one is a folder and a row in strategies.def. */
#ifndef MR_STRATEGY_STRATEGY_H
#define MR_STRATEGY_STRATEGY_H

#include "controlplane/market/market.h"
#include "controlplane/orders/order.h"
#include "engines/signal/signal.h"

#define MR_STRATEGY_PARAMS_MAX 16
#define MR_STRATEGY_INSTRUMENTS_MAX 64

enum mr_intent_kind {
    MR_INTENT_OPEN, /* take a position on that side, if there is none against it */
    MR_INTENT_CLOSE /* of this strategy's whole position; cancels what is open first */
};
struct mr_intent {
    uint32_t instrument;
    uint8_t kind, side; /* enum mr_intent_kind, enum mr_side of the order */
    uint8_t spare[2];
    uint32_t confidence_ppm;               /* 0 .. 1,000,000: urgency and size follow */
    uint32_t stop_roi_ppm, target_roi_ppm; /* of the margin; 0: none. 5,000 is 0.5 % */
    int64_t hold_ns;                       /* closed at the latest after so long; 0: not by time */
    char reason[96];                       /* plain words: stands in the journal and on screens */
};

struct mr_strategy_host { /* what the trade tile offers */
    void *self;
    int (*submit)(void *self, const struct mr_intent *intent);             /* MR_OK taken; MR_E_FULL, MR_E_RANGE */
    const struct mr_market_view *(*view)(void *self, uint32_t instrument); /* NULL: not traded */
    mr_size (*position)(void *self, uint32_t instrument);                  /* this strategy's, signed */
    bool (*busy)(void *self, uint32_t instrument);                         /* has an intent or open order there */
};

struct mr_strategy_param {
    const char *name;
    double fallback, least, most;
    const char *unit, *help;
};
struct mr_strategy_config {
    uint32_t instruments[MR_STRATEGY_INSTRUMENTS_MAX], instrument_count;
    double param[MR_STRATEGY_PARAMS_MAX]; /* in the order of the strategy's table */
    const struct mr_instruments *table;
};

struct mr_strategy {
    const char *name, *help;
    const struct mr_strategy_param *params; /* ends with an empty row */
    size_t bytes;
    void (*init)(void *state, const struct mr_strategy_config *config);
    void (*on_signal)(void *state, const struct mr_strategy_host *host, const struct mr_signal *signal, int64_t now_ns);
    void (*on_view)(void *state, const struct mr_strategy_host *host, const struct mr_market_view *view,
                    int64_t now_ns);
    void (*on_fill)(void *state, const struct mr_strategy_host *host, const struct mr_fill *fill, int64_t now_ns);
    void (*on_end)(void *state, const struct mr_strategy_host *host, const struct mr_order *order, int64_t now_ns);
    void (*on_timer)(void *state, const struct mr_strategy_host *host, int64_t now_ns); /* each second */
};

const struct mr_strategy *mr_strategy_by_name(const char *name); /* NULL: none */
const struct mr_strategy *mr_strategy_row(unsigned i);           /* NULL: past the last */
/* Defaults into config->param, then each "name=value": MR_OK, or MR_E_INVALID with the sentence. */
int mr_strategy_defaults(const struct mr_strategy *s, struct mr_strategy_config *config);
int mr_strategy_set(const struct mr_strategy *s, struct mr_strategy_config *config, const char *name, const char *value,
                    struct mr_err *err);

#endif
