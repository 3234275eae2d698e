/* Shared by the desk's files. */
#ifndef MR_TRADE_DESK_PRIV_H
#define MR_TRADE_DESK_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "controlplane/exchange/paper/paper.h"
#include "controlplane/link/link.h"
#include "controlplane/market/feed.h"
#include "controlplane/trade/desk.h"
#include "controlplane/trade/rows.h"
#include "dataplane/ring/image.h"
#include "dataplane/tile/tile.h"

#define LINES 1024u /* for the log, a power of two */

struct call {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    _Atomic bool asked;
    bool steer;
    struct mr_steer_act steer_act;
    struct mr_desk_act act;
    struct mr_risk_limits limits;
    int status;
    struct mr_err said;
};
struct mr_desk {
    struct mr_desk_config config;
    struct mr_trading_config trading;
    struct mr_instruments *instruments;
    struct mr_market_feed *feed;
    struct mr_links *links;
    struct mr_paper *paper;
    struct mr_exchange_driver paper_driver;
    struct mr_trade *trade;
    struct mr_journal *journal;
    struct mr_risk_limits limits;
    struct mr_workspace ws;
    struct mr_image *image;
    struct mr_desk_metrics *metrics;
    struct mr_tile_slot slots[2];
    struct mr_desk *self; /* the trade tile's state is this pointer */
    struct mr_journal_thread journal_state;
    struct mr_tiles *tiles;
    struct mr_journal_thread journal_thread;
    struct call call;
    struct mr_trade_show show;
    struct mr_trade_rows rows;
    char names[MR_TRADE_NAMES_MAX][64]; /* of traded instruments */
    uint32_t ids[MR_TRADE_NAMES_MAX], metadata[MR_TRADE_NAMES_MAX];
    uint64_t attaches[MR_LINKS_MAX], attaches_seen;
    char build[48]; /* this program's, as workspaces have it */
    int64_t show_ns, signal_tsc_ns, ready_try_ns;
    struct mr_desk_line line[LINES];
    _Atomic uint64_t line_head, line_tail;
};

const char *desk_name(const struct mr_desk *d, uint32_t instrument);
void desk_told(void *self, const struct mr_trade_told *what); /* desk_show.c */
void desk_show(struct mr_desk *d, int64_t now_ns);
void desk_say(struct mr_desk *d, uint8_t kind, uint8_t severity, int64_t at_ns,
              const char *text);                    /* a line for the log alone */
void desk_calls(struct mr_desk *d, int64_t now_ns); /* desk_call.c */
extern const struct mr_tile desk_tile;              /* trade_tile.c */
int desk_step(struct mr_desk *d, int64_t now_ns);
/* MR_OK: each data plane has been seen, and all are of this build and configuration; else which is not. */
int desk_agree(const struct mr_desk *d, struct mr_err *err);
uint64_t desk_build(const char *build); /* as a number */
int desk_limits_load(const char *path, const struct mr_instruments *instruments, struct mr_risk_limits *out,
                     struct mr_err *err);

#endif
