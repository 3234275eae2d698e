#ifndef MR_EXCHANGE_MARKET_PRIV_H
#define MR_EXCHANGE_MARKET_PRIV_H

#include "dataplane/text/text.h"
#include "tests/exchange/market/market.h"

#define LADDER      200  /* levels a side */
#define RING        512  /* a power of two above LADDER: sizes by price index */
#define TEXT_BYTES  (256u << 10)
#define CHANGES_MAX (4 * RING)
#define RECENT      30   /* trades that a back-fill tells */
#define PENDING_MAX 256  /* liquidations waiting for a venue's next report */

struct stream; /* one instrument of one venue */
struct candle; /* one minute of its trades */

/* How a venue writes: each function leaves one message in `t`. NULL where the venue has no such channel. */
struct writer {
    const char *venue, *product;
    void (*instruments)(struct mr_text *t, const struct stream *streams, uint32_t n,
                        struct mr_text *url); /* REST list */
    void (*snapshot)(struct mr_text *t, struct stream *s, int64_t now_ns, struct mr_text *url);            /* REST book */
    void (*image)(struct mr_text *t, struct stream *s, int64_t now_ns);                                    /* book in the stream */
    void (*update)(struct mr_text *t, struct stream *s, int64_t now_ns);
    void (*best)(struct mr_text *t, struct stream *s, int64_t now_ns);
    void (*trade)(struct mr_text *t, struct stream *s, int64_t now_ns, int64_t price, int64_t size, bool sell);
    void (*liquidation)(struct mr_text *t, struct stream *s, int64_t now_ns); /* what is pending */
    void (*marks)(struct mr_text *t, struct stream *s, int64_t now_ns);
    void (*interest)(struct mr_text *t, struct stream *s, int64_t now_ns, struct mr_text *url); /* url: a REST answer */
    /* in full (mr_market_config.full) only */
    void (*top)(struct mr_text *t, struct stream *s, int64_t now_ns);                       /* best bid and ask, behind each book message */
    void (*copy)(struct mr_text *t, struct stream *s, int64_t now_ns);                      /* the last trade in a second channel */
    void (*candle)(struct mr_text *t, const struct stream *s, const struct candle *c, bool closed, int64_t now_ns);
    void (*funding)(struct mr_text *t, struct stream *s, int64_t now_ns);
    /* what a subscription to this channel (enum mr_channel) begins with; NULL: none, or that of another channel */
    void (*ticker)(struct mr_text *t, struct stream *s, int64_t now_ns);
    void (*backfill)(struct mr_text *t, struct stream *s); /* trades, or marks, of before */
    bool one_by_one;              /* a message tells one change; those of one move come at one moment */
    bool outcome;    /* prices of an outcome, from 0 to 1 */
    bool asked_only;              /* the list comes when it is asked for, not at the start of the stream */
    int64_t liquidation_every_ns; /* how often it reports */
    uint32_t liquidations_a_time; /* and how many at once: the latest of them */
};
extern const struct writer mr_market_binance_usdm, mr_market_binance_spot, mr_market_bybit_linear, mr_market_okx,
    mr_market_hyperliquid, mr_market_kucoin_futures, mr_market_kucoin_spot, mr_market_mexc, mr_market_polymarket,
    mr_market_polymarket_pair, mr_market_polymarket_data;

struct change {
    int64_t price_idx, size;
    bool ask;
};
struct pending {
    int64_t time_ns, price, size;
    bool short_side;
};

struct trade {
    int64_t time_ns, price, size;
    uint64_t id;
    bool sell;
};
/* turnover at price_decimals + size_decimals */
struct candle {
    int64_t open_ns, open, high, low, close, volume, turnover;
    uint64_t first_id, last_id;
    uint32_t trades;
};

/* The last four are written in full only. TOP and COPY come behind what they tell of, at once. */
enum channel {
    CHANNEL_BOOK,
    CHANNEL_BEST,
    CHANNEL_TRADE,
    CHANNEL_LIQUIDATION,
    CHANNEL_MARKS,
    CHANNEL_INTEREST,
    CHANNEL_SNAPSHOT,
    CHANNEL_TOP,
    CHANNEL_COPY,
    CHANNEL_CANDLE,
    CHANNEL_FUNDING,
    CHANNEL_COUNT
};

/* Prices are price_idx * step at `price_decimals`; sizes integers at `size_decimals`. */
struct stream {
    const struct writer *writer;
    const char *symbol;
    uint8_t underlying, venue, product;
    int price_decimals, size_decimals;
    int64_t step, contract_micro; /* one size unit step is contract_micro of base, for contracts */
    /* the true book: sizes by price index, 0 a hole; [low, high] of each side */
    int64_t sizes[2][RING];
    int64_t low[2], high[2];
    bool has_book, image_sent;
    struct stream *told;         /* the other socket's stream that tells this one's trades once more; NULL */
    const struct stream *tells;  /* ... and whose trades those are */
    const struct stream *mirror; /* its book is that one, turned round: bids at 1 - its asks; NULL: its own */
    struct change changes[CHANGES_MAX];
    uint32_t changes_count, changes_told; /* told: one_by_one */
    struct pending pending[PENDING_MAX];
    uint32_t pending_count;
    uint64_t seq, prev_seq, first_seq, trade_id;
    int64_t mark, index, interest, funding_e8; /* price at price_decimals, contracts or coins at size_decimals */
    int64_t next_ns[CHANNEL_COUNT];
    bool full, candle_closed, apart; /* apart: draws from `rng` and leaves the market's own numbers alone */
    uint64_t rng;
    struct candle candle, closed; /* the running minute, and the one before where its end is not told yet */
    struct trade recent[RECENT];
    uint32_t recent_count; /* ever */
};

/* market_book.c */
void mr_market_book_move(struct stream *s, uint64_t *rng, int64_t mid_idx); /* leaves the changes in s->changes */
void mr_market_book_settle(struct stream *s); /* the changes in an order in which each may be told by itself */
uint32_t mr_market_side(const struct stream *s, bool ask, struct mr_level *out,
                        uint32_t n); /* price_idx*step, size; best first */

/* market_full.c */
void mr_market_traded(struct stream *s, const struct trade *trade);       /* candles, back-fill, the second channel */
bool mr_market_candle(struct mr_text *t, struct stream *s, int64_t now_ns); /* false: no trade yet */
/* What a subscription to the channel (enum mr_channel) begins with; false: nothing. */
bool mr_market_greeting(struct mr_text *t, struct stream *s, uint32_t channel, int64_t now_ns);

/* number helpers of the writers */
void mr_market_price(struct mr_text *t, const struct stream *s, int64_t price); /* fixed decimals */
void mr_market_size(struct mr_text *t, const struct stream *s, int64_t size);
uint64_t mr_market_random(uint64_t *state);
uint64_t mr_market_below(uint64_t *state, uint64_t bound);

#endif
