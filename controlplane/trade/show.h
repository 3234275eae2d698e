/* What is seen of trading from outside: one image in the control plane's own workspace file, RUN/INSTANCE/control, written by the trade tile and
 * read by `millrace top`, `ctl`, the run's summary and any tool, also after a crash.
 *
 *   trade    MR_REGION_IMAGE     struct mr_trade_show
 *   tiles    MR_REGION_TILES     trade and journal
 *   metrics/trade                struct mr_desk_metrics (desk.h)
 *
 * Memory  plain data.   Numbers  exact, as texts: who reads needs no scales. */
#ifndef MR_TRADE_SHOW_H
#define MR_TRADE_SHOW_H

#include "controlplane/life/steer.h"
#include "controlplane/money/money.h"
#include "dataplane/ring/workspace.h"
#include "dataplane/text/text.h"

#define MR_TRADE_SHOW_POSITIONS 64
#define MR_TRADE_SHOW_ORDERS 64
#define MR_TRADE_SHOW_PARENTS 32
#define MR_TRADE_SHOW_LINES 64 /* a power of two */

struct mr_trade_show_position {
    char name[64], size[32], entry[32], mark[32], liquidation[32], unrealised[MR_MONEY_TEXT], realised[MR_MONEY_TEXT];
};
struct mr_trade_show_order {
    uint64_t id, parent; /* parent 0: none */
    char name[64], strategy[24], side[8], type[24], role[12], state[16], price[32], size[32], filled[32];
    int64_t age_ns;
};
struct mr_trade_show_line { /* signals, intents, decisions, orders, fills, alerts: newest last */
    int64_t at_ns;
    uint8_t kind, severity, spare[6]; /* enum mr_trade_told_kind */
    char text[240];
};
struct mr_trade_show_latency { /* ns; count 0: none yet */
    uint64_t count;
    int64_t p50, p99;
};
struct mr_trade_show_requests { /* to an exchange over the network */
    uint64_t sent, not_sent, lost, limited, refused, malformed, connections, streams;
};
struct mr_trade_show {
    int64_t now_ns, limits_version;
    struct mr_steer_state steer;
    uint32_t killed, armed, venue_ready, warm; /* 1 yes */
    mr_money equity, cash, unrealised, realised, fees, funding, margin, day_start, peak;
    int64_t ratio_e4; /* equity / maintenance margin */
    uint32_t open_orders, open_positions, position_count, order_count, parent_count;
    uint64_t signals, intents, dropped, approved, denied, fills, placed, cancels, unknown, discrepancies, lines;
    uint64_t journal_seq, journal_durable;
    struct mr_trade_show_latency gate; /* one decision of the gate */
    struct mr_trade_show_latency decided,
        handed; /* signal taken to the gate's decision; to the order given to the exchange, on disk before */
    struct mr_trade_show_requests requests; /* exchange remote */
    char why[240], journal[256];            /* why it does not trade; the journal's folder */
    char url[256], line_why[256]; /* exchange remote: where; why a connection to it ended last. url "": paper */
    struct mr_trade_show_position position[MR_TRADE_SHOW_POSITIONS];
    struct mr_trade_show_order order[MR_TRADE_SHOW_ORDERS];
    struct mr_trade_show_order parent[MR_TRADE_SHOW_PARENTS]; /* of slices: type "twap", state "working" */
    struct mr_trade_show_line line[MR_TRADE_SHOW_LINES];      /* of number n: line[n % MR_TRADE_SHOW_LINES] */
};

/* MR_OK; MR_E_MISSING, MR_E_LAYOUT: no image of trading there; MR_E_EMPTY, MR_E_AGAIN. */
int mr_trade_show_read(const struct mr_workspace *ws, struct mr_trade_show *out);
void mr_trade_show_account(const struct mr_trade_show *s, struct mr_text *out);
void mr_trade_show_latencies(const struct mr_trade_show *s, struct mr_text *out); /* two lines, or nothing */
void mr_trade_show_requests(const struct mr_trade_show *s,
                            struct mr_text *out); /* exchange remote: a line, or nothing */
void mr_trade_show_positions(const struct mr_trade_show *s, struct mr_text *out);
void mr_trade_show_orders(const struct mr_trade_show *s, struct mr_text *out);
void mr_trade_show_lines(const struct mr_trade_show *s, uint32_t most, struct mr_text *out);
void mr_trade_show_json(const struct mr_trade_show *s,
                        struct mr_json_out *out); /* the members of an object that is open */
const char *mr_trade_told_name(unsigned kind);    /* "decision"; "?" beyond the last */

#endif
