/* Shared between the files of this folder. */
#ifndef MR_VENUE_MEXC_PRIV_H
#define MR_VENUE_MEXC_PRIV_H

#include "codecs/venue/rows.h"

enum { MR_MEXC_FUTURES }; /* rows of products[] */

/* Message kinds. `channel` is what a message proves to be alive: the subscription it came by, not all that is in it. */
#define MR_MEXC_KINDS(X)                                                                                               \
    X(UNKNOWN, "?", 0)                                                                                                 \
    X(DEAL, "push.deal", MR_TRADES)                                                                                    \
    X(DEPTH, "push.depth", MR_DEPTH)                                                                                   \
    X(DEPTH_FULL, "push.depth.full", MR_BEST)                                                                          \
    X(DEPTH_STEP, "push.depth.step", 0) /* prices rounded to a step: no levels of a book */                            \
    X(TICKER, "push.ticker", MR_INTERESTS)                                                                             \
    X(TICKERS, "push.tickers", MR_INTERESTS)                                                                           \
    X(FAIR, "push.fair.price", MR_MARKS)                                                                               \
    X(INDEX, "push.index.price", MR_MARKS)                                                                             \
    X(FUNDING, "push.funding.rate", MR_FUNDINGS)                                                                       \
    X(KLINE, "push.kline", MR_CANDLES)                                                                                 \
    X(CONTRACT, "push.contract", 0)                                                                                    \
    X(EVENT, "push.event.contract", 0)                                                                                 \
    X(SUBSCRIBED, "rs.sub", MR_CONTROL)                                                                                \
    X(UNSUBSCRIBED, "rs.unsub", MR_CONTROL)                                                                            \
    X(ERROR, "rs.error", MR_CONTROL)                                                                                   \
    X(PONG, "pong", MR_CONTROL)                                                                                        \
    X(REST_DEPTH, "rest depth", MR_DEPTH)                                                                              \
    X(REST_COMMITS, "rest depth_commits", MR_DEPTH)                                                                    \
    X(REST_CONTRACTS, "rest detail", 0)                                                                                \
    X(REST_TICKER, "rest ticker", MR_MARKS | MR_FUNDINGS | MR_INTERESTS)                                               \
    X(REST_FUNDING, "rest funding_rate", MR_FUNDINGS)                                                                  \
    X(REST_FAIR, "rest fair_price", MR_MARKS)                                                                          \
    X(REST_INDEX, "rest index_price", MR_MARKS)

enum mr_mexc_kind {
#define MR_X(id, name, channel) MR_MEXC_##id,
    MR_MEXC_KINDS(MR_X)
#undef MR_X
        MR_MEXC_KIND_COUNT
};
static_assert(MR_MEXC_KIND_COUNT < MR_VENUE_KINDS_MAX, "dec->messages has a counter for each");

/* Last values of one instrument: tickers have the rate of the funding, but not its time. */
struct mr_mexc_last {
    int64_t next_funding_ns, interval_ns; /* 0: not said yet */
    bool top;                             /* depth.full has spoken: the better source of the best bid and ask */
};

/* How tickers came last, from behind the symbol to the end: a prediction of those that will come (ticker_usual.c). Stretches of bytes that are
 * as expected, between values that are looked at because they are spelt in many ways. */
enum { MR_MEXC_MEMBERS_MAX = 24, MR_MEXC_EXPECTED_MAX = 1024, MR_MEXC_STEP = 32 };
struct mr_mexc_stretch {
    uint16_t from, bytes; /* in least[] and above[]; its length */
    uint16_t tail;        /* where the last step of its comparison begins */
    uint16_t room;        /* bytes of the message that must be left */
    uint8_t behind;       /* what stands behind it */
    uint8_t role;         /* of a value that does */
};
struct mr_mexc_value {
    int8_t places[16]; /* of its digits (codecs/number/fixed_kernel.h) */
    uint16_t at;       /* in which stretch it stands and where, or the one that it follows */
    uint8_t stretch;
    uint8_t len, whole, part; /* without the sign; in front of its point, and behind it */
    bool minus;
    uint8_t spare[9];
};
struct mr_mexc_tickers {
    uint8_t least[MR_MEXC_EXPECTED_MAX], above[MR_MEXC_EXPECTED_MAX]; /* a byte is from `least` to so much above */
    struct mr_mexc_value value[8];                                    /* by role */
    struct mr_mexc_stretch stretch[MR_MEXC_MEMBERS_MAX + 1];
    uint32_t count; /* of stretches; 0: nothing is expected */
    struct {
        uint32_t name; /* a hash */
        uint8_t len, whole, surprises;
        bool minus;
    } member[MR_MEXC_MEMBERS_MAX]; /* of the last one that was learnt */
};

struct mr_mexc_state {
    struct mr_mexc_tickers tickers;
    struct mr_mexc_last last[]; /* by instrument */
};

/* One message, or one REST body. */
struct mr_mexc_message {
    struct mr_rows rows;
    struct mr_field channel, symbol, ts; /* of the message, whatever their place in it */
    struct mr_span data;
    uint8_t kind; /* enum mr_mexc_kind */
    bool keep;    /* `last` belongs to rows.instrument and is kept when all ends well */
    struct mr_mexc_last last;
};

/* What a price channel's `data` is. In prices.c, for the stream and REST. */
bool mr_mexc_ticker(struct mr_mexc_message *m, struct mr_json *j);
bool mr_mexc_tickers(struct mr_mexc_message *m, struct mr_json *j); /* an array of them */
bool mr_mexc_fair(struct mr_mexc_message *m, struct mr_json *j);
bool mr_mexc_index(struct mr_mexc_message *m, struct mr_json *j);
bool mr_mexc_funding(struct mr_mexc_message *m, struct mr_json *j);
bool mr_mexc_kline(struct mr_mexc_message *m, struct mr_json *j);
bool mr_mexc_contract(struct mr_mexc_message *m, struct mr_json *j);

/* One book: {"asks":[..],"bids":[..],"version":..}, with what else a stream or a snapshot has. `flags` and `book_flags`
 * go into its head. */
bool mr_mexc_book(struct mr_mexc_message *m, struct mr_json *j, uint8_t flags, uint8_t book_flags);

/* Sets rows.instrument and `last`: the message's instrument, or that of a row which names itself. MR_E_RANGE where they
 * differ. */
bool mr_mexc_instrument(struct mr_mexc_message *m, const struct mr_field *own);

/* Books in their usual form: slots, or MR_E_AGAIN and nothing changed. `symbol` of a REST body: from its URL. */
int mr_mexc_book_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
/* The same from behind the symbol. */
struct scan;
int mr_mexc_book_behind(struct scan at, struct mr_decoder *dec, const struct mr_frame *frame,
                        const struct mr_instrument *it, union mr_slot *out, uint32_t out_max);
int mr_mexc_snapshot_usual(struct mr_decoder *dec, struct mr_span symbol, const struct mr_frame *body,
                           union mr_slot *out, uint32_t out_max);

/* Trades, best bids and asks in their usual form: slots, or MR_E_AGAIN (trades_usual.c). */
int mr_mexc_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
/* Tickers, from behind the symbol: slots, or MR_E_AGAIN (ticker_usual.c). */
struct named;
int mr_mexc_ticker_behind(struct scan at, struct mr_decoder *dec, const struct named *of, union mr_slot *out,
                          uint32_t out_max);
/* That was a ticker, with this data in it: the next one may be spelt as it is. */
void mr_mexc_ticker_learn(struct mr_decoder *dec, const struct mr_frame *frame, struct mr_span data);
int mr_mexc_decode(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
int mr_mexc_rest(struct mr_decoder *dec, struct mr_span url, const struct mr_frame *body, struct mr_instruments *table,
                 union mr_slot *out, uint32_t out_max);

#endif
