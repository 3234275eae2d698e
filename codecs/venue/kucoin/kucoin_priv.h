/* Shared between the files of this folder. */
#ifndef MR_VENUE_KUCOIN_PRIV_H
#define MR_VENUE_KUCOIN_PRIV_H

#include "codecs/venue/dial.h"
#include "codecs/venue/rows.h"

enum { MR_KUCOIN_FUTURES, MR_KUCOIN_SPOT }; /* rows of products[] */

/* Message kinds. The first ones are of the classic sockets, those with a dot of the token-less one ("UTA"). */
#define MR_KUCOIN_KINDS(X)                                                                                             \
    X(UNKNOWN, "?", 0)                                                                                                 \
    X(LEVEL2, "level2", MR_DEPTH)                                                                                      \
    X(EXECUTION, "execution", MR_TRADES)                                                                               \
    X(MATCH, "match", MR_TRADES)                                                                                       \
    X(TICKER_V2, "tickerV2", MR_BEST)                                                                                  \
    X(TICKER, "ticker", MR_BEST)                                                                                       \
    X(LEVEL1, "level1", MR_BEST)                                                                                       \
    X(DEPTH_5, "level2Depth5", MR_DEPTH)                                                                               \
    X(DEPTH_50, "level2Depth50", MR_DEPTH)                                                                             \
    X(MARK_INDEX, "mark.index.price", MR_MARKS)                                                                        \
    X(FUNDING_RATE, "funding.rate", MR_FUNDINGS)                                                                       \
    X(FUNDING_BEGIN, "funding.begin", MR_FUNDINGS)                                                                     \
    X(FUNDING_END, "funding.end", 0)                                                                                   \
    X(SNAPSHOT_24H, "snapshot.24h", 0)                                                                                 \
    X(SNAPSHOT, "snapshot", 0) /* spot's statistics */                                                                 \
    X(LIMIT_CANDLE, "limitCandle", MR_CANDLES)                                                                         \
    X(CANDLE_OLD, "candle", MR_CANDLES)                                                                                \
    X(CANDLES, "candles", MR_CANDLES)                                                                                  \
    X(INDICATOR, "indicator", 0) /* index and mark of margin pairs */                                                  \
    X(AUCTION, "callauction", 0)                                                                                       \
    X(OBU_SNAPSHOT, "obu snapshot", MR_DEPTH)                                                                          \
    X(OBU_DELTA, "obu delta", MR_DEPTH)                                                                                \
    X(OBU_TOP, "obu top", MR_DEPTH) /* 5 or 50 levels, whole each time */                                              \
    X(OBU_BEST, "obu best", MR_BEST)                                                                                   \
    X(UTA_TRADE, "trade", MR_TRADES)                                                                                   \
    X(UTA_TICKER, "uta ticker", MR_BEST)                                                                               \
    X(UTA_MARK, "mark-price", MR_MARKS | MR_INTERESTS)                                                                 \
    X(UTA_FUNDING, "funding-fee", MR_FUNDINGS)                                                                         \
    X(WELCOME, "welcome", MR_CONTROL)                                                                                  \
    X(ACK, "ack", MR_CONTROL)                                                                                          \
    X(PONG, "pong", MR_CONTROL)                                                                                        \
    X(ERROR, "error", MR_CONTROL)                                                                                      \
    X(REST_BOOK, "rest level2", MR_DEPTH)                                                                              \
    X(REST_CONTRACTS, "rest contracts", MR_INTERESTS)                                                                  \
    X(REST_SYMBOLS, "rest symbols", 0)                                                                                 \
    X(REST_MARK, "rest mark-price", MR_MARKS)                                                                          \
    X(REST_FUNDING, "rest funding-rate", MR_FUNDINGS)                                                                  \
    X(REST_TOKEN, "rest token", MR_CONTROL)

enum mr_kucoin_kind {
#define MR_X(id, name, channel) MR_KUCOIN_##id,
    MR_KUCOIN_KINDS(MR_X)
#undef MR_X
        MR_KUCOIN_KIND_COUNT
};
static_assert(MR_KUCOIN_KIND_COUNT < MR_VENUE_KINDS_MAX, "dec->messages has a counter for each");

/* One message on its way. */
struct mr_kucoin_message {
    struct mr_rows rows;
    struct mr_span symbol;
    uint8_t kind;        /* enum mr_kucoin_kind */
    uint32_t interval_s; /* of a candle */
};
typedef bool mr_kucoin_row_fn(struct mr_kucoin_message *m, struct mr_json *j);

/* rows.c: `data` of each classic topic */
mr_kucoin_row_fn mr_kucoin_trade, mr_kucoin_ticker_futures, mr_kucoin_ticker_spot, mr_kucoin_level1,
    mr_kucoin_mark_index, mr_kucoin_funding_rate, mr_kucoin_funding_begin, mr_kucoin_candle;
/* books.c */
mr_kucoin_row_fn mr_kucoin_change, mr_kucoin_changes, mr_kucoin_depth;

/* Mantissa and exponent of an event of the message's instrument. */
bool mr_kucoin_value(struct mr_rows *r, enum mr_event_kind kind, const struct mr_field *f, const char *name,
                     struct mr_event **out);
/* A time in ms, us or ns: topics differ, and the same topic has changed its unit. Today's times have 13, 16 and 19
 * digits, and the number of digits tells which it is. */
bool mr_kucoin_time(struct mr_rows *r, const struct mr_field *f, const char *name, int64_t *to_ns);
/* A row's own symbol, where it has one, is that of its topic. */
bool mr_kucoin_same_symbol(struct mr_kucoin_message *m, const struct mr_field *f, const char *name);
/* One side of a best bid and ask; a side without price or size is empty. */
bool mr_kucoin_side(struct mr_rows *r, const struct mr_field *price, const char *price_name,
                    const struct mr_field *size, const char *size_name, struct mr_level *level);
/* "1min", "4hour", "1week"; a number alone is minutes. 0: none of these. */
uint32_t mr_kucoin_interval(struct mr_span text);

/* uta.c: the token-less socket: {"T":"obu.FUTURES","dp":"increment@10ms","t":"delta","P":..,"d":{..}} */
struct mr_kucoin_uta {
    struct mr_field topic, depth, type;
};
bool mr_kucoin_uta(struct mr_kucoin_message *m, const struct mr_kucoin_uta *u, struct mr_json *d);

int mr_kucoin_token(uint8_t product, struct mr_span body, uint64_t id, struct mr_grant *out); /* as mr_dialect.token */

/* Trades, best bids and asks in their usual form: slots, or MR_E_AGAIN (trades_usual.c). */
int mr_kucoin_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
int mr_kucoin_decode(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
int mr_kucoin_rest(struct mr_decoder *dec, struct mr_span url, const struct mr_frame *body,
                   struct mr_instruments *table, union mr_slot *out, uint32_t out_max);

#endif
