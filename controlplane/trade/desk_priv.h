/* Shared by the desk's files. */
#ifndef MR_TRADE_DESK_PRIV_H
#define MR_TRADE_DESK_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include "controlplane/bus/bus.h"
#include "controlplane/exchange/paper/paper.h"
#include "controlplane/exchange/remote/remote.h"
#include "controlplane/life/modules.h"
#include "controlplane/life/start.h"
#include "controlplane/link/link.h"
#include "controlplane/market/feed.h"
#include "controlplane/secrets/secrets.h"
#include "controlplane/trade/desk.h"
#include "controlplane/trade/notes.h"
#include "controlplane/trade/rows.h"
#include "dataplane/ring/image.h"
#include "dataplane/tile/tile.h"

#define LINES 1024u /* that wait for the log, a power of two */

enum call_at { CALL_IDLE, CALL_ASKED, CALL_AT_IT, CALL_ANSWERED };
struct call {
    _Atomic int at; /* ASKED to AT_IT, AT_IT to ANSWERED: the tile; all else: the io thread */
    bool steer;
    uint64_t number, last;
    int64_t since_ns;
    struct mr_steer_act steer_act;
    struct mr_desk_act act;
    struct mr_risk_limits limits;
    int status;
    struct mr_err said;
};
/* All that is open, as the tile has it: published each 100 ms for the io thread, which makes words of it. */
struct desk_state {
    int64_t now_ns;
    struct mr_steer_state steer;
    struct mr_trade_account account;
    struct mr_orders_counters counters;
    uint64_t limits_version, journal_seq, journal_durable;
    uint32_t killed, armed, begun, position_count, order_count;
    struct mr_remote_counts remote; /* exchange remote; why its last connection ended */
    char why[240], remote_why[256];
    struct mr_position position[MR_TRADE_SHOW_POSITIONS];
    struct mr_order order[MR_TRADE_SHOW_ORDERS];
    uint32_t parent_count;
    struct {
        struct mr_order order;
        uint8_t kind, state; /* enum mr_slices_kind, mr_slices_state */
    } parent[MR_TRADE_SHOW_PARENTS];
};

/* From the trade tile to the io thread and back; the words are the tile's until it is asked, the io thread's until it has ended. */
struct errand {
    _Atomic int status; /* MR_E_EMPTY: nothing was asked; MR_E_AGAIN: it was; else what came of it */
    char reason[200], said[160];
    struct mr_desk *desk; /* the io thread's, from here on */
    uint8_t which;
    bool posted, first;
};
enum { TRADE_TILE, JOURNAL_THREAD, WATCHED };

struct mr_desk {
    struct mr_desk_config config;
    struct mr_trading_config trading;
    struct mr_instruments *instruments;
    struct mr_market_feed *feed;
    struct mr_links *links;
    struct mr_paper *paper;   /* trade.exchange: paper; else NULL */
    struct mr_remote *remote; /* trade.exchange: remote; else NULL */
    struct mr_secrets secrets;
    struct mr_exchange_driver driver; /* of one of the two */
    struct mr_trade *trade;
    struct mr_journal *journal;
    struct mr_risk_limits limits;
    struct mr_workspace ws;
    struct mr_image *image; /* what others see: written by the io thread */
    struct mr_desk_metrics *metrics;
    struct mr_tile_slot slots[2];
    struct mr_desk *self; /* the trade tile's state is this pointer */
    struct mr_journal_thread journal_state;
    struct mr_tiles *tiles;
    struct mr_journal_thread journal_thread;
    struct call call;
    char names[MR_TRADE_NAMES_MAX][64]; /* of traded instruments */
    uint32_t ids[MR_TRADE_NAMES_MAX], metadata[MR_TRADE_NAMES_MAX];
    char build[48]; /* this program's, as workspaces have it */
    char journal_folder[256];
    struct mr_notes notes;
    void *notes_mem;
    struct mr_image *state_image; /* of struct desk_state, in memory of this process */

    struct errand errand[MR_DESK_ERRANDS];
    _Atomic bool store_well; /* by the io thread */

    /* the trade tile's */
    MR_ALIGNED struct mr_clock clock; /* for the histograms; of the tests' time where there is no thread */
    uint64_t
        signal_request; /* that places the order which the last signal led to; 0: it is written, or there is none */
    uint32_t signal_instrument; /* that order's */
    int64_t now_ns, signal_ns, gate_ns, publish_ns, ready_try_ns;
    uint64_t attaches[MR_LINKS_MAX], attaches_seen;
    char why[240]; /* it does not trade yet */
    bool begun;    /* went to TRADING by the configuration, or an operator is asked to */
    bool refused;  /* the venue does not take the credentials */
    struct mr_start start;
    int64_t start_again_ns;
    uint64_t begin_seq; /* the last record of the run's beginning */
    struct desk_state state;

    /* the io thread's */
    MR_ALIGNED struct mr_bus *bus;
    struct mr_instrument shown[MR_TRADE_NAMES_MAX]; /* as told last */
    struct mr_risk_limits io_limits[2];             /* in force, and before */
    struct mr_tasks tasks;
    struct mr_modules modules;
    struct mr_pulse pulse[WATCHED];
    uint64_t beats[WATCHED];
    struct mr_trade_rows rows;
    struct mr_trade_show show;
    uint64_t shown_version, shown_lines, messages_lost, lines_lost;
    struct mr_desk_line line[LINES];
    uint64_t line_head, line_tail;
};

void *desk_memory(size_t bytes); /* aligned to 128 */

/* desk_tell.c: on the trade tile */
/* The record of a histogram's new maximum: of which order, by its number and instrument; 0 and UINT32_MAX: not known. */
struct mr_trace desk_trace(const struct mr_desk *d, uint64_t number, uint32_t instrument, int64_t value, int64_t at_ns);
void desk_told(void *self, const struct mr_trade_told *what);
void desk_say(struct mr_desk *d, uint8_t kind, uint8_t severity, int64_t at_ns, const char *text);
bool desk_say_metadata(struct mr_desk *d, const struct mr_instrument *it); /* false: no room, to be said again */
void desk_publish(struct mr_desk *d, int64_t now_ns);

/* desk_start.c: on the trade tile */
void desk_start_init(struct mr_desk *d);
/* INITIALIZING -> READY when all steps are done; READY -> TRADING if the configuration says so. */
void desk_go_on(struct mr_desk *d, int64_t now_ns);

/* desk_life.c: errands are asked for on the trade tile, run on the io thread; the watch over both threads is the io thread's */
int desk_notify(void *self, const struct mr_stop *stop, bool first, int64_t now_ns, struct mr_err *err);
int desk_dump(void *self, const struct mr_trade *t, bool first, int64_t now_ns, struct mr_err *err);
void desk_life_open(struct mr_desk *d, int64_t now_ns);
void desk_life_poll(struct mr_desk *d, int64_t now_ns);
void desk_health(struct mr_desk *d, const char *sentence, bool good, int64_t now_ns); /* onto the bus */

/* desk_io.c, desk_show.c, words.c: on the io thread */
void desk_io_open(struct mr_desk *d);
void desk_show(struct mr_desk *d);
const char *desk_name(const struct mr_desk *d, uint32_t instrument);
const struct mr_instrument *desk_instrument(const void *self, uint32_t id); /* never NULL */
const char *desk_strategy(const struct mr_desk *d, uint32_t strategy);
void desk_number(int64_t value, int scale, char out[32]);
void desk_words(const struct mr_desk *d, const struct mr_trade_told *w, const char *said, char out[MR_TOLD_TEXT]);

void desk_calls(struct mr_desk *d, int64_t now_ns);          /* desk_call.c: on the trade tile */
extern const struct mr_tile desk_tile;                       /* trade_tile.c */
void desk_written(void *arg, uint64_t number);               /* desk.c: a request's bytes are with the kernel */
int desk_remote_open(struct mr_desk *d, struct mr_err *err); /* desk_remote.c */
void desk_remote_close(struct mr_desk *d);
int desk_step(struct mr_desk *d, int64_t now_ns);
/* MR_OK: each data plane has been seen, and all are of this build and configuration; else which is not. */
int desk_agree(const struct mr_desk *d, struct mr_err *err);
uint64_t desk_build(const char *build); /* as a number */
int desk_limits_load(const char *path, const struct mr_instruments *instruments, struct mr_risk_limits *out,
                     struct mr_err *err);

#endif
