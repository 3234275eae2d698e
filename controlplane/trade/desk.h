/* The trading half of the control plane's process: the trade tile, the journal thread, the paper exchange or the way to it, and what stands between them and the
 * io thread.
 *
 *   data plane's signals, taps, images -> links, market feed -> trade (trade.h) -> paper exchange
 *                                                               | journal ring -> journal thread -> disk
 *   io thread -> call (one at a time, answered in the next round; the io thread waits for none) -> trade
 *   trade -> notes, state (binary, no waiting) -> io thread -> bus -> lines of the log, rows of the store, the webhook; image -> tools
 *
 * Threads  all here: the io thread. The tile owns all else while it runs.
 * Memory   allocated at open.   Errors  at open with the sentence; later in the image, and as lines. */
#ifndef MR_TRADE_DESK_H
#define MR_TRADE_DESK_H

#include "controlplane/bus/bus.h"
#include "controlplane/config/config.h"
#include "controlplane/store/store.h"
#include "controlplane/trade/show.h"
#include "controlplane/trade/trade.h"
#include "dataplane/metrics/metrics.h"

#define MR_DESK_METRICS(COUNTER, GAUGE, HIST)                                                                          \
    COUNTER(steps, "rounds", "rounds of the trade tile")                                                               \
    COUNTER(signals_lost, "signals", "signals that were overwritten before they were taken")                           \
    COUNTER(notes_dropped, "notes", "of what was told the io thread: no room, so not in log, store and on screens")    \
    HIST(gate_ns, "ns", "one decision of the gate, every rule of it; the clock's two readings are in it")              \
    HIST(intent_ns, "ns", "signal taken from its ring to the gate's decision, where it led to one")                    \
    HIST(durable_ns, "ns",                                                                                             \
         "signal taken from its ring to the bytes of the order given to the kernel (paper: to the exchange in this "   \
         "process), its intent being on disk")
MR_METRICS_DECLARE(mr_desk, MR_DESK_METRICS);

struct mr_desk_line {
    int64_t at_ns;
    uint8_t kind, severity, spare[6];
    char text[240];
};
/* For measurements (perf/controlplane/kill): called on the trade tile. */
struct mr_desk_probe {
    void *arg;
    void (*round)(void *arg);                              /* one begins */
    void (*handed)(void *arg, const struct mr_request *r); /* over to the exchange */
    struct mr_bucket_limit order_limit;                    /* in place of the link's */
};
/* What an emergency stop wants done on the io thread, never waiting: MR_E_AGAIN: asked again. `first`: of this stop. */
enum mr_desk_errand { MR_DESK_NOTIFY, MR_DESK_DUMP, MR_DESK_ERRANDS };
typedef int mr_desk_errand_fn(void *arg, const char *reason, bool first, int64_t now_ns, struct mr_err *err);
struct mr_desk_config {
    const struct mr_trading_config *trading;
    const struct mr_journal_config *journal;
    const char *instance, *run_folder, *build;
    const char *ca_file; /* certificates to trust where the trading's own config names none; "" the system's */
    const struct mr_kill_page *kill;
    struct mr_store *
        store; /* gets a row of each order, fill, position, signal and alert, on the io thread; NULL none. Stepped by who opened it */
    uint64_t
        config_hash; /* mr_config_sum of what this process was started with; data planes of this instance publish theirs */
    const char *const *names, *const *workspaces; /* of the data planes */
    uint32_t plane_count;
    mr_desk_errand_fn *errand[MR_DESK_ERRANDS]; /* NULL: there is nothing to be done */
    void (*escalate)(void *arg,
                     const char *sentence); /* a thread of the desk is stuck: on the io thread; NULL: nobody is told */
    void (*answered)(
        void *
            arg); /* what was asked of the trade tile has its answer: called on the tile; NULL: who asks looks again by himself */
    void *arg;
    const struct mr_desk_probe *probe; /* NULL: nobody measures */
    int cores[2];                      /* of the trade tile and the journal thread; -1 not pinned */
};

struct mr_desk;
/* Everything but the threads: the journal is read and what it says is restored. MR_OK, or the sentence. */
int mr_desk_open(struct mr_desk **desk, const struct mr_desk_config *config, struct mr_err *err);
int mr_desk_start(struct mr_desk *desk, struct mr_err *err);
/* One round of all three threads on this one, for tests: then no start. */
int mr_desk_round(struct mr_desk *desk, int64_t now_ns);
void mr_desk_close(struct mr_desk *desk);

/* What each message on the desk's bus bears (C-10): the event with its parts, and the same in words. */
enum mr_desk_has {
    MR_DESK_HAS_INTENT = 1,
    MR_DESK_HAS_ORDER = 2,
    MR_DESK_HAS_FILL = 4,
    MR_DESK_HAS_POSITION = 8,
    MR_DESK_HAS_VERDICT = 16
};
struct mr_desk_event {
    uint8_t kind, severity, has,
        spare;      /* enum mr_trade_told_kind; 0 info, 1 warning, 2 critical; bits of enum mr_desk_has */
    uint32_t score; /* of the verdict */
    int64_t at_ns;
    struct mr_intent intent;
    struct mr_order order;
    struct mr_fill fill;
    struct mr_position position;
    char said[MR_TOLD_TEXT], line[MR_TOLD_TEXT]; /* the reason alone; the whole sentence */
};
static_assert(sizeof(struct mr_desk_event) <= MR_MESSAGE_PAYLOAD, "a message");

/* Each few ms: what the tile has told goes on the bus, to its subscribers and into the image. Notes taken; 0: nothing was told. */
uint32_t mr_desk_io(struct mr_desk *desk, int64_t now_ns);
/* For more subscribers. */
struct mr_bus *mr_desk_bus(struct mr_desk *desk);
struct mr_desk_io_counts {
    struct mr_bus_counts bus;
    uint64_t lost, lines_lost; /* messages that a subscriber did not get; lines that nobody read in time */
};
void mr_desk_io_counts(const struct mr_desk *desk, struct mr_desk_io_counts *out);
/* The next line for the log; false: none. */
bool mr_desk_line(struct mr_desk *desk, struct mr_desk_line *out);
void mr_desk_look(struct mr_desk *desk, struct mr_trade_show *out);
const struct mr_workspace *mr_desk_workspace(const struct mr_desk *desk);

/* What somebody asked and has no answer to yet: his to keep, zeros at first. */
struct mr_ask {
    uint64_t number; /* 0: it waits for its turn */
    int64_t since_ns;
};
MR_INLINE bool mr_ask_open(const struct mr_ask *ask) { return ask->since_ns != 0; }

/* Asked of the trade tile; nobody waits. MR_E_AGAIN while the ask is open: call again with the same act and ask, after `answered` or in a few ms. Then it is not
 * open any more, and the status and `said` are what became of it: of the tile, or MR_E_AGAIN when the tile has not taken it within a second. */
int mr_desk_steer(struct mr_desk *desk, const struct mr_steer_act *act, struct mr_ask *ask, struct mr_err *said);
enum mr_desk_what { MR_DESK_PLACE, MR_DESK_SLICE, MR_DESK_CANCEL, MR_DESK_CANCEL_ALL, MR_DESK_CLOSE, MR_DESK_LIMITS };
struct mr_desk_act {
    uint8_t what, side, type; /* type of SLICE: MR_SLICES_TWAP, MR_SLICES_ICEBERG */
    uint32_t uid;
    uint64_t id;
    uint32_t minutes, slices; /* of a TWAP */
    char who[32], name[128], price[32], size[32], shown[32];
};
int mr_desk_act(struct mr_desk *desk, const struct mr_desk_act *act, struct mr_ask *ask, struct mr_err *said);

#endif
