/* The pipeline: one event group through all engines of a tile, in the order of engines.def.
 *
 *     mr_pipeline_apply(p, group)      what a ring brought: book message, trade, liquidation, gap, ...
 *     mr_pipeline_advance(p, now)      engine time passes without an event
 *
 * Engine time is recv_ns forced monotone. Grid points (multiples of 100 ms) that engine time has passed are ticked
 * first, in order, so the result does not depend on when anybody called. A jump of more than an hour ticks the half
 * hour after the last event and the half hour before the new one and is counted: beyond that every window is empty.
 *
 * Books look only at whole messages (0-definitions); signals come out by callback, in engine order.
 *
 * Memory  mr_pipeline_bytes(config), planned at boot.   Thread  the engine tile.
 * Errors  counted by name; a book that must be fetched anew (checksum, negative numbers, crossed under RESYNC) is
 *         reported by `broken`. */
#ifndef MR_PIPELINE_PIPELINE_H
#define MR_PIPELINE_PIPELINE_H

#include "engines/bars/bars.h"
#include "engines/book/book.h"
#include "engines/signal/signal.h"
#include "engines/velocity/velocity.h"
#include "engines/volatility/volatility.h"

#define MR_PIPELINE_METRICS(COUNTER, GAUGE, HIST)                                                                      \
    COUNTER(groups, "groups", "event groups applied")                                                                  \
    COUNTER(ticks, "ticks", "grid points of engine time passed")                                                       \
    COUNTER(jumps, "jumps", "jumps of engine time by more than an hour; the middle was not ticked")                    \
    COUNTER(backwards, "groups", "receive time before engine time; engine time stays")                                 \
    COUNTER(stale, "groups", "book updates for a book that was not live")                                              \
    COUNTER(dropped, "groups", "book messages refused under policy drop: crossed, locked or negative")                 \
    COUNTER(no_book, "groups", "book messages dropped: no room for another book")                                      \
    COUNTER(unknown, "groups", "groups of instruments that are not in the table")                                      \
    COUNTER(signals, "signals", "signal records emitted")                                                              \
    COUNTER(broken, "books", "books found wrong here: a snapshot is wanted")
MR_METRICS_DECLARE(mr_pipeline, MR_PIPELINE_METRICS);

typedef void mr_pipeline_signal_fn(void *arg, const struct mr_signal *signal);
typedef void mr_pipeline_broken_fn(void *arg, uint32_t instrument, enum mr_gap_cause cause, int64_t recv_ns);

struct mr_pipeline_config {
    struct mr_instruments *instruments;
    uint32_t instruments_max, underlyings_max;
    uint32_t books_max, book_depth; /* levels a side */
    enum mr_book_policy crossed;
    struct mr_velocity_config velocity;     /* sizes are filled in from the above */
    bool trade_flow;                        /* a second velocity engine over trades */
    struct mr_volatility_config volatility; /* the reference instrument's id */
    struct mr_signal_config signal;
    mr_pipeline_signal_fn *on_signal; /* may be NULL */
    mr_pipeline_broken_fn *on_broken; /* may be NULL */
    void *arg;
};
/* Requirement defaults for everything but the table, the reference and the callbacks. */
void mr_pipeline_config_default(struct mr_pipeline_config *config, struct mr_instruments *instruments,
                                uint32_t instruments_max);

/* Metric blocks of the engines; one set a tile. */
struct mr_pipeline_metric_blocks {
    struct mr_pipeline_metrics *pipeline;
    struct mr_book_metrics *book;
    struct mr_velocity_metrics *velocity, *flow;
    struct mr_signal_metrics *signal;
};

/* Best bid and ask by the venue's own channel (BBO events); size 0: none. */
struct mr_pipeline_top {
    struct mr_level bid, ask;
    int64_t venue_ns;
    uint64_t seq;
};
/* Mark, index, funding, open interest as last seen. */
struct mr_pipeline_marks {
    struct mr_decimal mark, index, funding, open_interest;
    int64_t next_funding_ns;
};

struct mr_pipeline;

size_t mr_pipeline_bytes(const struct mr_pipeline_config *config);
struct mr_pipeline *mr_pipeline_init(void *mem, const struct mr_pipeline_config *config,
                                     const struct mr_pipeline_metric_blocks *metrics);

void mr_pipeline_apply(struct mr_pipeline *p, const union mr_slot *group);
void mr_pipeline_advance(struct mr_pipeline *p, int64_t now_ns);

/* Looking, for views and tests: same thread. */
int64_t mr_pipeline_time(const struct mr_pipeline *p); /* engine time; INT64_MIN before the first event */
const struct mr_book *mr_pipeline_book(const struct mr_pipeline *p, uint32_t instrument); /* NULL: none */
const struct mr_pipeline_top *mr_pipeline_top(const struct mr_pipeline *p, uint32_t instrument);
const struct mr_pipeline_marks *mr_pipeline_marks(const struct mr_pipeline *p, uint32_t instrument);
struct mr_velocity *mr_pipeline_velocity(struct mr_pipeline *p);
struct mr_velocity *mr_pipeline_flow(struct mr_pipeline *p); /* NULL unless trade_flow */
struct mr_volatility *mr_pipeline_volatility(struct mr_pipeline *p);
const struct mr_bars *mr_pipeline_bars(const struct mr_pipeline *p);
struct mr_signals *mr_pipeline_signals(struct mr_pipeline *p);

#endif
