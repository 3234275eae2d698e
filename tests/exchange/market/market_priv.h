#ifndef MR_EXCHANGE_MARKET_PRIV_H
#define MR_EXCHANGE_MARKET_PRIV_H

#include "dataplane/text/text.h"
#include "tests/exchange/market/market.h"

#define LADDER      200  /* levels a side */
#define RING        512  /* a power of two above LADDER: sizes by price index */
#define TEXT_BYTES  (256u << 10)
#define CHANGES_MAX (4 * RING)
#define PENDING_MAX 256  /* liquidations waiting for a venue's next report */

struct stream; /* one instrument of one venue */

/* How a venue writes: each function leaves one message in `t`. NULL where the venue has no such channel. */
struct writer {
    const char *venue, *product;
    void (*instruments)(struct mr_text *t, const struct stream *streams, uint32_t n, struct mr_text *url); /* REST list */
    void (*snapshot)(struct mr_text *t, struct stream *s, int64_t now_ns, struct mr_text *url);            /* REST book */
    void (*image)(struct mr_text *t, struct stream *s, int64_t now_ns);                                    /* book in the stream */
    void (*update)(struct mr_text *t, struct stream *s, int64_t now_ns);
    void (*best)(struct mr_text *t, struct stream *s, int64_t now_ns);
    void (*trade)(struct mr_text *t, struct stream *s, int64_t now_ns, int64_t price, int64_t size, bool sell);
    void (*liquidation)(struct mr_text *t, struct stream *s, int64_t now_ns); /* what is pending */
    void (*marks)(struct mr_text *t, struct stream *s, int64_t now_ns);
    void (*interest)(struct mr_text *t, struct stream *s, int64_t now_ns, struct mr_text *url); /* url: a REST answer */
    void (*ticker)(struct mr_text *t, struct stream *s, int64_t now_ns); /* image that a subscription to marks begins with */
    bool asked_only;              /* the list comes when it is asked for, not at the start of the stream */
    int64_t liquidation_every_ns; /* how often it reports */
    uint32_t liquidations_a_time; /* and how many at once: the latest of them */
};
extern const struct writer mr_market_binance_usdm, mr_market_binance_spot, mr_market_bybit_linear, mr_market_okx, mr_market_hyperliquid;

struct change { int64_t price_idx, size; bool ask; };
struct pending { int64_t time_ns, price, size; bool short_side; };

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
    struct change changes[CHANGES_MAX];
    uint32_t changes_count;
    struct pending pending[PENDING_MAX];
    uint32_t pending_count;
    uint64_t seq, prev_seq, first_seq, trade_id;
    int64_t mark, index, interest, funding_e8; /* price at price_decimals, contracts or coins at size_decimals */
    int64_t next_ns[8]; /* by channel */
};
enum channel { CHANNEL_BOOK, CHANNEL_BEST, CHANNEL_TRADE, CHANNEL_LIQUIDATION, CHANNEL_MARKS, CHANNEL_INTEREST, CHANNEL_SNAPSHOT, CHANNEL_COUNT };

/* market_book.c */
void mr_market_book_move(struct stream *s, uint64_t *rng, int64_t mid_idx); /* leaves the changes in s->changes */
uint32_t mr_market_side(const struct stream *s, bool ask, struct mr_level *out, uint32_t n); /* price_idx*step, size; best first */

/* number helpers of the writers */
void mr_market_price(struct mr_text *t, const struct stream *s, int64_t price); /* fixed decimals */
void mr_market_size(struct mr_text *t, const struct stream *s, int64_t size);
uint64_t mr_market_random(uint64_t *state);
uint64_t mr_market_below(uint64_t *state, uint64_t bound);

#endif
