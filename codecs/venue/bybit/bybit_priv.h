/* Shared between the files of this folder. */
#ifndef MR_VENUE_BYBIT_PRIV_H
#define MR_VENUE_BYBIT_PRIV_H

#include "codecs/venue/rows.h"

enum { MR_BYBIT_LINEAR, MR_BYBIT_SPOT }; /* rows of products[] */

/* Message kinds. A book's snapshot stands straight before its delta. */
#define MR_BYBIT_KINDS(X)                                                                  \
    X(UNKNOWN,          "?",                       0)                                      \
    X(BOOK_1,           "orderbook.1 snapshot",    MR_BEST)                                \
    X(BOOK_1_DELTA,     "orderbook.1 delta",       MR_BEST)                                \
    X(BOOK_50,          "orderbook.50 snapshot",   MR_DEPTH)                               \
    X(BOOK_50_DELTA,    "orderbook.50 delta",      MR_DEPTH)                               \
    X(BOOK_200,         "orderbook.200 snapshot",  MR_DEPTH)                               \
    X(BOOK_200_DELTA,   "orderbook.200 delta",     MR_DEPTH)                               \
    X(BOOK_500,         "orderbook.500 snapshot",  MR_DEPTH)                               \
    X(BOOK_500_DELTA,   "orderbook.500 delta",     MR_DEPTH)                               \
    X(BOOK_1000,        "orderbook.1000 snapshot", MR_DEPTH)                               \
    X(BOOK_1000_DELTA,  "orderbook.1000 delta",    MR_DEPTH)                               \
    X(BOOK_RPI,         "orderbook.rpi snapshot",  0) /* understood, no events: entries of three */ \
    X(BOOK_RPI_DELTA,   "orderbook.rpi delta",     0)                                      \
    X(BOOK_FULL,        "orderbook.full snapshot", 0) /* joins by a REST body of its own kind */ \
    X(BOOK_FULL_DELTA,  "orderbook.full delta",    0)                                      \
    X(TICKERS,          "tickers snapshot",        MR_MARKS | MR_FUNDINGS | MR_INTERESTS | MR_BEST) \
    X(TICKERS_DELTA,    "tickers delta",           MR_MARKS | MR_FUNDINGS | MR_INTERESTS | MR_BEST) \
    X(TRADES,           "publicTrade",             MR_TRADES)                              \
    X(LIQUIDATIONS,     "allLiquidation",          MR_LIQUIDATIONS)                        \
    X(LIQUIDATION_OLD,  "liquidation",             MR_LIQUIDATIONS)                        \
    X(KLINE_1,          "kline.1",                 MR_CANDLES)                             \
    X(KLINE_3,          "kline.3",                 MR_CANDLES)                             \
    X(KLINE_5,          "kline.5",                 MR_CANDLES)                             \
    X(KLINE_15,         "kline.15",                MR_CANDLES)                             \
    X(KLINE_30,         "kline.30",                MR_CANDLES)                             \
    X(KLINE_60,         "kline.60",                MR_CANDLES)                             \
    X(KLINE_120,        "kline.120",               MR_CANDLES)                             \
    X(KLINE_240,        "kline.240",               MR_CANDLES)                             \
    X(KLINE_360,        "kline.360",               MR_CANDLES)                             \
    X(KLINE_720,        "kline.720",               MR_CANDLES)                             \
    X(KLINE_D,          "kline.D",                 MR_CANDLES)                             \
    X(KLINE_W,          "kline.W",                 MR_CANDLES)                             \
    X(KLINE_M,          "kline.M",                 MR_CANDLES)                             \
    X(ADL,              "adlAlert",                0)                                      \
    X(INSURANCE,        "insurance",               0)                                      \
    X(PRICE_LIMIT,      "priceLimit",              0)                                      \
    X(SYSTEM_STATUS,    "system",                  0)                                      \
    X(SUBSCRIBE,        "subscribe",               MR_CONTROL)                             \
    X(UNSUBSCRIBE,      "unsubscribe",             MR_CONTROL)                             \
    X(PONG,             "pong",                    MR_CONTROL)                             \
    X(REST_BOOK,        "rest orderbook",          MR_DEPTH)                               \
    X(REST_TICKERS,     "rest tickers",            MR_MARKS | MR_FUNDINGS | MR_INTERESTS)  \
    X(REST_INTEREST,    "rest open-interest",      MR_INTERESTS)                           \
    X(REST_INSTRUMENTS, "rest instruments-info",   0)

enum mr_bybit_kind {
#define MR_X(id, name, channel) MR_BYBIT_##id,
    MR_BYBIT_KINDS(MR_X)
#undef MR_X
        MR_BYBIT_KIND_COUNT
};
static_assert(MR_BYBIT_KIND_COUNT < MR_VENUE_KINDS_MAX, "dec->messages has a counter for each");

/* Last values of one instrument: tickers of linear products send only what changed. */
enum mr_bybit_known {
    MR_BYBIT_KNOWN_BID = 1 << 0,
    MR_BYBIT_KNOWN_ASK = 1 << 1,
    MR_BYBIT_KNOWN_FUNDING = 1 << 2,
    MR_BYBIT_KNOWN_SINGLE = 1 << 3, /* the venue sends singleOpenInterest: openInterest is then only its double */
    MR_BYBIT_KNOWN_TOP = 1 << 4,    /* orderbook.1 is subscribed: the better source of the best bid and ask */
};
struct mr_bybit_ticker {
    struct mr_level bid, ask;         /* of tickers */
    struct mr_level top_bid, top_ask; /* of orderbook.1; size 0: none */
    int64_t funding, next_funding_ns, interval_ns;
    int64_t interest_usd; /* micro; of the unit that is reported */
    int8_t funding_exponent;
    uint8_t known;
};

/* One row of tickers, from stream or REST. `last` is changed in place: the caller keeps it when the message ends well.
 * `best`: with a BBO. */
bool mr_bybit_ticker_row(struct mr_rows *rows, struct mr_json *j, struct mr_bybit_ticker *last, int64_t venue_ns,
                         bool best);

/* Books in their usual form: slots, or MR_E_AGAIN (books_usual.c). */
int mr_bybit_books_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
/* Trades, best bids and asks in their usual form: slots, or MR_E_AGAIN (trades_usual.c). */
int mr_bybit_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
int mr_bybit_decode(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
int mr_bybit_rest(struct mr_decoder *dec, struct mr_span url, const struct mr_frame *body, struct mr_instruments *table,
                  union mr_slot *out, uint32_t out_max);

#endif
