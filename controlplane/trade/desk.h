/* The trading half of the control plane's process: the trade tile, the journal thread, the paper exchange, and what stands between them and the
 * io thread.
 *
 *   data plane's signals, taps, images -> links, market feed -> trade (trade.h) -> paper exchange
 *                                                               | journal ring -> journal thread -> disk
 *   io thread -> call (one at a time, answered within a round) -> trade;   trade -> image, lines -> io thread, tools
 *
 * Threads  open, call, lines, close: the io thread. The tile owns all else while it runs.
 * Memory   allocated at open.   Errors  at open with the sentence; later in the image, and as lines. */
#ifndef MR_TRADE_DESK_H
#define MR_TRADE_DESK_H

#include "controlplane/config/config.h"
#include "controlplane/store/store.h"
#include "controlplane/trade/show.h"
#include "controlplane/trade/trade.h"
#include "dataplane/metrics/metrics.h"

#define MR_DESK_METRICS(COUNTER, GAUGE, HIST)                                                                          \
    COUNTER(steps, "rounds", "rounds of the trade tile")                                                               \
    COUNTER(signals_lost, "signals", "signals that were overwritten before they were taken")                           \
    COUNTER(lines_dropped, "lines", "lines for the log that had no room")                                              \
    HIST(intent_ns, "ns", "signal taken from its ring to the gate's decision, where it led to one")                    \
    HIST(durable_ns, "ns", "signal taken from its ring to the order handed to the exchange, its intent being on disk")
MR_METRICS_DECLARE(mr_desk, MR_DESK_METRICS);

struct mr_desk_line {
    int64_t at_ns;
    uint8_t kind, severity, spare[6];
    char text[240];
};
struct mr_desk_config {
    const struct mr_trading_config *trading;
    const struct mr_journal_config *journal;
    const char *instance, *run_folder, *build;
    const struct mr_kill_page *kill;
    struct mr_store
        *store; /* gets a row of each order, fill, position, signal and alert; NULL none. Stepped by who opened it */
    uint64_t
        config_hash; /* mr_config_sum of what this process was started with; data planes of this instance publish theirs */
    const char *const *names, *const *workspaces; /* of the data planes */
    uint32_t plane_count;
    int cores[2]; /* of the trade tile and the journal thread; -1 not pinned */
};

struct mr_desk;
/* Everything but the threads: the journal is read and what it says is restored. MR_OK, or the sentence. */
int mr_desk_open(struct mr_desk **desk, const struct mr_desk_config *config, struct mr_err *err);
int mr_desk_start(struct mr_desk *desk, struct mr_err *err);
/* One round on this thread, for tests: then no start. */
int mr_desk_round(struct mr_desk *desk, int64_t now_ns);
void mr_desk_close(struct mr_desk *desk);

/* The next line for the log; false: none. */
bool mr_desk_line(struct mr_desk *desk, struct mr_desk_line *out);
void mr_desk_look(struct mr_desk *desk, struct mr_trade_show *out);

/* Asked of the trade tile, answered within a second or refused (MR_E_AGAIN). */
int mr_desk_steer(struct mr_desk *desk, const struct mr_steer_act *act, struct mr_err *said);
enum mr_desk_what { MR_DESK_PLACE, MR_DESK_CANCEL, MR_DESK_CANCEL_ALL, MR_DESK_CLOSE, MR_DESK_LIMITS };
struct mr_desk_act {
    uint8_t what, side, type;
    uint32_t uid;
    uint64_t id;
    char who[32], name[128], price[32], size[32];
};
/* `said`: what was done, or why not. */
int mr_desk_act(struct mr_desk *desk, const struct mr_desk_act *act, struct mr_err *said);

#endif
