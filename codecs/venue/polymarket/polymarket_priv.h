/* Shared by the files of this folder only. */
#ifndef MR_POLYMARKET_PRIV_H
#define MR_POLYMARKET_PRIV_H

#include "codecs/venue/rows.h"

/*  id              name on the wire              channels of its events */
/* clang-format off */
#define MR_POLYMARKET_KINDS(X)                                                             \
    X(UNKNOWN,        "?",                         0)                                      \
    X(BOOK,           "book",                      MR_DEPTH)                               \
    X(PRICE_CHANGE,   "price_change",              MR_DEPTH)                               \
    X(LAST_TRADE,     "last_trade_price",          MR_TRADES)                              \
    X(BEST,           "best_bid_ask",              MR_BEST)                                \
    X(TICK,           "tick_size_change",          0)                             \
    X(NEW_MARKET,     "new_market",                0)                             \
    X(RESOLVED,       "market_resolved",           0)                             \
    X(NOTHING,        "nothing",                   MR_CONTROL) /* [], or a frame without a byte */ \
    X(PONG,           "pong",                      MR_CONTROL)                             \
    X(NOTICE,         "notice",                    MR_CONTROL) /* a bare text */           \
    X(PRICES,         "crypto_prices",             MR_MARKS)                               \
    X(CHAINLINK,      "crypto_prices_chainlink",   MR_MARKS)                               \
    X(TWAP_30,        "crypto_prices_twap_thirty", MR_MARKS)                               \
    X(TWAP_60,        "crypto_prices_twap_sixty",  MR_MARKS)                               \
    X(EQUITIES,       "equity_prices",             MR_MARKS)                               \
    X(BACKLOG,        "subscribe",                 MR_MARKS)   /* the last minutes, after a subscription */ \
    X(ACTIVITY,       "activity trades",           MR_TRADES)                              \
    X(ACTIVITY_OTHER, "activity",                  0)                                      \
    X(COMMENTS,       "comments",                  0)                                      \
    X(OTHER_TOPIC,    "other topic",               0)                                      \
    X(REFUSAL,        "refusal",                   MR_CONTROL)                             \
    X(REST_BOOK,      "rest book",                 MR_DEPTH)                               \
    X(REST_BOOKS,     "rest books",                0)                                      \
    X(REST_MARKETS,   "rest markets",              0)
/* clang-format on */

enum mr_polymarket_kind {
#define MR_X(id, name, channel) MR_POLYMARKET_##id,
    MR_POLYMARKET_KINDS(MR_X)
#undef MR_X
        MR_POLYMARKET_KIND_COUNT
};
static_assert(MR_POLYMARKET_KIND_COUNT < MR_VENUE_KINDS_MAX, "dec->messages has a counter for each");

enum mr_polymarket_product { MR_POLYMARKET_CLOB, MR_POLYMARKET_RTDS };

/* Orders are placed in hundredths of a token; what is left of one after a fill has up to six decimals. Neither is in the
 * market's metadata. */
#define MR_POLYMARKET_LOT "0.01"

/* Guesses, which change speed only: tokens by their last digits. */
#define MR_POLYMARKET_GUESS_BITS 8
struct mr_polymarket_state {
    uint32_t guess[1 << MR_POLYMARKET_GUESS_BITS]; /* instrument ids */
};

/* One frame: its rows, and which instruments it named. */
struct mr_polymarket_message {
    struct mr_rows rows;
    uint32_t known, unknown;
    struct mr_span first_unknown;
};

enum mr_polymarket_asset { MR_ASSET_FAILED = -1, MR_ASSET_UNKNOWN, MR_ASSET_KNOWN };
/* Sets rows.instrument. UNKNOWN: not in the table, counted; whoever named it is passed over. FAILED: no name at all. */
enum mr_polymarket_asset mr_polymarket_asset(struct mr_polymarket_message *m, const struct mr_field *id,
                                             const char *name);

/* The beginning of a state's hash as a number. Any text will do: what is no hexadecimal digit counts by its low bits. */
uint32_t mr_polymarket_state(struct mr_span hash);

/* A BOOK image of rows.instrument from raw arrays. */
bool mr_polymarket_image(struct mr_rows *rows, const struct mr_field *time, const struct mr_field *hash,
                         const struct mr_field *bids, const struct mr_field *asks);
/* A tick that is not the table's: tells the caller by a STATUS event. */
bool mr_polymarket_tick(struct mr_rows *rows, const struct mr_field *tick, int64_t venue_ns);

int mr_polymarket_decode(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
/* Books and changes in the usual form: slots, or MR_E_AGAIN (usual.c). */
int mr_polymarket_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
/* Trades, best bids and asks in theirs (trades_usual.c). */
int mr_polymarket_usual_small(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out,
                              uint32_t out_max);
/* One message of the real-time data socket, for the decoder. */
bool mr_polymarket_rtds(struct mr_polymarket_message *m, struct mr_json *j);
int mr_polymarket_rest(struct mr_decoder *dec, struct mr_span url, const struct mr_frame *body,
                       struct mr_instruments *table, union mr_slot *out, uint32_t out_max);

#endif
