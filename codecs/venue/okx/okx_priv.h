/* Shared between the files of this folder. */
#ifndef MR_VENUE_OKX_PRIV_H
#define MR_VENUE_OKX_PRIV_H

#include "codecs/venue/rows.h"

enum { MR_OKX_PUBLIC, MR_OKX_BUSINESS }; /* rows of products[] */

/* How the rows of a channel are read. */
enum mr_okx_rows {
    MR_OKX_NOTHING, /* understood, no events */
    MR_OKX_TRADES,
    MR_OKX_BBO,
    MR_OKX_BOOKS,
    MR_OKX_BOOKS5,
    MR_OKX_TICKERS,
    MR_OKX_MARK,
    MR_OKX_INDEX,
    MR_OKX_FUNDING,
    MR_OKX_INTEREST,
    MR_OKX_CANDLE,
    MR_OKX_LIQUIDATIONS,
};

/* Message kinds that are channels: id, name, channel bits, how rows are read. A book's snapshot stands straight before
 * its update. The frequent ones stand first: names are tried in this order. */
#define MR_OKX_CHANNELS(X)                                                                 \
    X(BOOKS,           "books snapshot",           MR_DEPTH,        BOOKS)                 \
    X(BOOKS_UPDATE,    "books update",             MR_DEPTH,        BOOKS)                 \
    X(TRADES,          "trades",                   MR_TRADES,       TRADES)                \
    X(BBO,             "bbo-tbt",                  MR_BEST,         BBO)                   \
    X(LIQUIDATIONS,    "liquidation-orders",       MR_LIQUIDATIONS, LIQUIDATIONS)          \
    X(MARK,            "mark-price",               MR_MARKS,        MARK)                  \
    X(INDEX,           "index-tickers",            MR_MARKS,        INDEX)                 \
    X(TICKERS,         "tickers",                  MR_BEST,         TICKERS)               \
    X(BOOKS5,          "books5",                   MR_DEPTH,        BOOKS5)                \
    X(FUNDING,         "funding-rate",             MR_FUNDINGS,     FUNDING)               \
    X(INTEREST,        "open-interest",            MR_INTERESTS,    INTEREST)              \
    X(L2,              "books-l2-tbt snapshot",    MR_DEPTH,        BOOKS)                 \
    X(L2_UPDATE,       "books-l2-tbt update",      MR_DEPTH,        BOOKS)                 \
    X(L2_50,           "books50-l2-tbt snapshot",  MR_DEPTH,        BOOKS)                 \
    X(L2_50_UPDATE,    "books50-l2-tbt update",    MR_DEPTH,        BOOKS)                 \
    X(TRADES_ALL,      "trades-all",               MR_TRADES,       TRADES)                \
    X(CANDLE_1S,       "candle1s",                 MR_CANDLES,      CANDLE)                \
    X(CANDLE_1M,       "candle1m",                 MR_CANDLES,      CANDLE)                \
    X(CANDLE_3M,       "candle3m",                 MR_CANDLES,      CANDLE)                \
    X(CANDLE_5M,       "candle5m",                 MR_CANDLES,      CANDLE)                \
    X(CANDLE_15M,      "candle15m",                MR_CANDLES,      CANDLE)                \
    X(CANDLE_30M,      "candle30m",                MR_CANDLES,      CANDLE)                \
    X(CANDLE_1H,       "candle1H",                 MR_CANDLES,      CANDLE)                \
    X(CANDLE_2H,       "candle2H",                 MR_CANDLES,      CANDLE)                \
    X(CANDLE_4H,       "candle4H",                 MR_CANDLES,      CANDLE)                \
    X(CANDLE_6H,       "candle6H",                 MR_CANDLES,      CANDLE)                \
    X(CANDLE_12H,      "candle12H",                MR_CANDLES,      CANDLE)                \
    X(CANDLE_1D,       "candle1D",                 MR_CANDLES,      CANDLE)                \
    X(CANDLE_2D,       "candle2D",                 MR_CANDLES,      CANDLE)                \
    X(CANDLE_3D,       "candle3D",                 MR_CANDLES,      CANDLE)                \
    X(CANDLE_1W,       "candle1W",                 MR_CANDLES,      CANDLE)                \
    X(CANDLE_1MO,      "candle1M",                 MR_CANDLES,      CANDLE)                \
    X(CANDLE_3MO,      "candle3M",                 MR_CANDLES,      CANDLE)                \
    X(CANDLE_6HUTC,    "candle6Hutc",              MR_CANDLES,      CANDLE)                \
    X(CANDLE_12HUTC,   "candle12Hutc",             MR_CANDLES,      CANDLE)                \
    X(CANDLE_1DUTC,    "candle1Dutc",              MR_CANDLES,      CANDLE)                \
    X(CANDLE_2DUTC,    "candle2Dutc",              MR_CANDLES,      CANDLE)                \
    X(CANDLE_3DUTC,    "candle3Dutc",              MR_CANDLES,      CANDLE)                \
    X(CANDLE_1WUTC,    "candle1Wutc",              MR_CANDLES,      CANDLE)                \
    X(CANDLE_1MOUTC,   "candle1Mutc",              MR_CANDLES,      CANDLE)                \
    X(CANDLE_3MOUTC,   "candle3Mutc",              MR_CANDLES,      CANDLE)                \
    X(STATUS,          "status",                   0,               NOTHING)               \
    X(ADL,             "adl-warning",              0,               NOTHING)               \
    X(INSTRUMENTS,     "instruments",              0,               NOTHING)               \
    X(PRICE_LIMIT,     "price-limit",              0,               NOTHING)               \
    X(ESTIMATED,       "estimated-price",          0,               NOTHING)               \
    X(OPT_SUMMARY,     "opt-summary",              0,               NOTHING)               \
    X(BOOKS_RPI,       "books-rpi",                0,               NOTHING)               \
    X(BOOKS_ELP,       "books-elp",                0,               NOTHING)

/* Kinds that are no channels. */
#define MR_OKX_OTHERS(X)                                                                   \
    X(SUBSCRIBE,        "subscribe",           MR_CONTROL)                                 \
    X(UNSUBSCRIBE,      "unsubscribe",         MR_CONTROL)                                 \
    X(ERROR,            "error",               MR_CONTROL)                                 \
    X(NOTICE,           "notice",              MR_CONTROL)                                 \
    X(CONN_COUNT,       "channel-conn-count",  MR_CONTROL)                                 \
    X(CONN_COUNT_ERROR, "channel-conn-count-error", MR_CONTROL)                            \
    X(LOGIN,            "login",               MR_CONTROL)                                 \
    X(PONG,             "pong",                MR_CONTROL)                                 \
    X(REST_INSTRUMENTS, "rest instruments",    0)                                          \
    X(REST_BOOKS,       "rest books",          MR_DEPTH)                                   \
    X(REST_ROWS,        "rest rows",           MR_INTERESTS | MR_FUNDINGS | MR_MARKS) /* as the channel of that name */

enum mr_okx_kind {
    MR_OKX_KIND_UNKNOWN,
#define MR_X(id, name, channel, rows) MR_OKX_KIND_##id,
    MR_OKX_CHANNELS(MR_X)
#undef MR_X
#define MR_X(id, name, channel) MR_OKX_KIND_##id,
        MR_OKX_OTHERS(MR_X)
#undef MR_X
            MR_OKX_KIND_COUNT
};
static_assert(MR_OKX_KIND_COUNT < MR_VENUE_KINDS_MAX, "dec->messages has a counter for each");

struct mr_okx_message {
    struct mr_rows rows;
    struct mr_span symbol;  /* of `arg`, or of the URL; rows that name their own go before it */
    struct mr_span channel;
    uint8_t kind;           /* enum mr_okx_kind; books: of the snapshot */
    uint8_t how;            /* enum mr_okx_rows */
    uint32_t interval_s;    /* of a candle */
    uint32_t row_count;
};

/* One row of `data`, by m->how. */
bool mr_okx_row(struct mr_okx_message *m, struct mr_json *j);
/* All of `data`. */
bool mr_okx_data(struct mr_okx_message *m, struct mr_json *j);

/* What orders a book's messages. prevSeqId is -1 (or, seen once, not there) on a snapshot. */
struct mr_okx_sequence {
    uint64_t seq;
    int64_t prev, checksum;
};
static inline bool mr_okx_sequence_good(const struct mr_okx_sequence *s)
{
    return s->prev >= -1 && s->checksum >= INT32_MIN && s->checksum <= UINT32_MAX;
}
/* Into the head of a book whose levels are counted. Two exceptions are no gaps: a keep-alive after 60 quiet seconds (no
 * levels, prev == seq), and a restart of the venue's numbers (seq < prev). */
static inline void mr_okx_sequence(const struct mr_okx_sequence *s, struct mr_book_head *head)
{
    head->seq = head->first_seq = s->seq;
    head->prev_seq = s->prev < 0 ? 0 : (uint64_t)s->prev;
    if (s->checksum != 0) { /* always 0 since 2026-06: then it says nothing */
        head->checksum = (uint32_t)s->checksum;
        head->book_flags |= MR_BOOK_HAS_CHECKSUM;
    }
    if (s->prev >= 0 && head->seq == head->prev_seq && head->bid_count == 0 && head->ask_count == 0)
        head->book_flags |= MR_BOOK_KEEPALIVE;
    if (s->prev >= 0 && head->seq < head->prev_seq)
        head->book_flags |= MR_BOOK_RESET;
}

/* Books in their usual form: slots, or MR_E_AGAIN (books_usual.c). */
int mr_okx_books_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
/* Trades, best bids and asks in their usual form: slots, or MR_E_AGAIN (trades_usual.c). */
int mr_okx_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
int mr_okx_decode(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
int mr_okx_rest(struct mr_decoder *dec, struct mr_span url, const struct mr_frame *body, struct mr_instruments *table,
                union mr_slot *out, uint32_t out_max);

#endif
