/* The market as a running data plane shows it: views of the instruments that are traded, kept up to date from its workspace.
 *
 * A reader like any other program's (include/millrace/millrace.h): it cannot slow the data plane, knows when it was overtaken and when
 * the instance was restarted, and then no view is LIVE until the new run shows a live book. Instruments have ids of the control plane's
 * own table, which outlive a restart of the data plane: they are found again by (venue, product, symbol).
 *
 * Thread  one owner.   Memory  allocated at open and add; nothing later but after a restart of the data plane.
 * Errors  none stop it: what cannot be read makes views not LIVE; `why` says what it is. */
#ifndef MR_MARKET_FEED_H
#define MR_MARKET_FEED_H

#include "controlplane/market/market.h"

#define MR_MARKET_PLANES_MAX 16
#define MR_MARKET_WANTED_MAX 256

struct mr_market_trade { /* of the public: what a paper exchange fills resting orders by */
    uint32_t instrument;
    uint8_t side; /* enum mr_side of who took: 0 bought, 1 sold */
    mr_price price;
    mr_size size;
    int64_t recv_ns;
};
typedef void mr_market_trade_fn(void *arg, const struct mr_market_trade *trade);
typedef void mr_market_view_fn(void *arg, const struct mr_market_view *view); /* it changed */

struct mr_market_feed_config {
    struct mr_instruments
        *instruments;          /* the control plane's; wanted ones are added, metadata follows the data plane's */
    mr_market_trade_fn *trade; /* NULL: not told */
    mr_market_view_fn *view;   /* NULL: not told */
    void *arg;
};
struct mr_market_feed_counts {
    uint64_t records, lapped, restarts, views;
};

struct mr_market_feed;
int mr_market_feed_open(struct mr_market_feed **out, const struct mr_market_feed_config *config, struct mr_err *err);
int mr_market_feed_add(struct mr_market_feed *f, const char *workspace); /* MR_E_FULL */
/* "binance:usdm:BTCUSDT": its id, also while no data plane has it yet; MR_E_FULL, or MR_E_UNKNOWN with the reason. */
int64_t mr_market_feed_want(struct mr_market_feed *f, const char *name, struct mr_err *err);
/* One bounded round: takes what is there, tells trades in their order, then each changed view once. Returns records taken. */
uint32_t mr_market_feed_poll(struct mr_market_feed *f, int64_t now_ns);
const struct mr_market_view *mr_market_feed_view(const struct mr_market_feed *f, uint32_t id); /* NULL: not wanted */
void mr_market_feed_counts(const struct mr_market_feed *f, struct mr_market_feed_counts *out);
const char *mr_market_feed_why(const struct mr_market_feed *f, uint32_t plane); /* "" attached */
void mr_market_feed_close(struct mr_market_feed *f);

#endif
