/* A seeded market: books, trades, marks and labelled liquidation cascades, in each venue's own wire shape.
 *
 * The simulated exchange's inside, also used by `millrace run` and `evaluate` and by tests. One price a underlying, moved in
 * steps of 50 ms; each venue quotes it with its own ladder of levels, trades it, and reports liquidations by its own rules
 * (Binance and OKX at most one a symbol and second, Bybit all of them each 500 ms). Time is divided into stretches:
 *
 *     QUIET     now and then a liquidation
 *     BURST     a handful in a few seconds: what must not raise an alarm
 *     CASCADE   rates that rise to tens a second over all venues, with the price running and open interest falling
 *
 * Everything is integer arithmetic from one seed: the same bytes on every machine and compiler. The true books can be asked
 * for, so that a receiver's can be compared.
 *
 * Memory  one block of mr_market_bytes(); nothing is allocated later. A piece is good until the next call.  Thread  one. */
#ifndef MR_EXCHANGE_MARKET_H
#define MR_EXCHANGE_MARKET_H

#include "codecs/event/event.h"
#include "dataplane/source/source.h"
#include "dataplane/text/text.h"

#define MR_MARKET_UNDERLYINGS 2 /* BTC, ETH */
#define MR_MARKET_LABELS_MAX 1024

enum mr_market_venue {
    MR_MARKET_BINANCE_USDM = 1,
    MR_MARKET_BINANCE_SPOT = 2,
    MR_MARKET_BYBIT_LINEAR = 4,
    MR_MARKET_OKX = 8,
    MR_MARKET_HYPERLIQUID = 16,
    MR_MARKET_FIRST = 31, /* the five above: what labelled results were measured on */
    MR_MARKET_KUCOIN_FUTURES = 32,
    MR_MARKET_KUCOIN_SPOT = 64,
    MR_MARKET_MEXC = 256,
    MR_MARKET_POLYMARKET = 512,
    MR_MARKET_ALL =
        MR_MARKET_FIRST | MR_MARKET_KUCOIN_FUTURES | MR_MARKET_KUCOIN_SPOT | MR_MARKET_MEXC | MR_MARKET_POLYMARKET
};

/* Hyperliquid's liquidator in the full market: now and then it takes a long position over. */
#define MR_MARKET_HOUSE "0xa15099a30bbf2e68942d6f4c43d70d04faeab0a0"

struct mr_market_config {
    uint64_t seed;
    int64_t start_ns, duration_ns;
    uint32_t
        venues; /* enum mr_market_venue bits; 0: FIRST. The others change no byte of those: they draw from seeds of their own */
    int64_t warm_up_ns;    /* QUIET at the start, so that windows fill  [7 min] */
    uint32_t books_per_s;  /* book messages a second, instrument        [10] */
    uint32_t trades_per_s; /* trades a second, instrument               [5] */
    bool
        full; /* also candles, OKX's funding and second channel of trades, Bybit's best: what a client may subscribe to */
    bool quiet; /* no bursts, no cascades */
};

enum mr_market_stretch { MR_MARKET_QUIET, MR_MARKET_BURST, MR_MARKET_CASCADE };
struct mr_market_label {
    int64_t start_ns, end_ns;
    uint8_t stretch;
    uint8_t underlying;    /* of BURST and CASCADE; QUIET is of all */
    uint32_t liquidations; /* reported by venues so far */
    int64_t micro_usd;
    int32_t move_ppm; /* of the price, over the stretch, so far */
};

struct mr_market;

size_t mr_market_bytes(const struct mr_market_config *config);
struct mr_market *mr_market_init(void *mem, const struct mr_market_config *config);

/* The next message: MR_OK and a piece (frame or REST body, with venue, product, connection, receive time), or MR_E_END. */
int mr_market_next(struct mr_market *market, struct mr_piece *piece);

/* The same, but only what is due by `limit_ns` of the market's time: else MR_E_AGAIN, and nothing has moved beyond it. */
int mr_market_until(struct mr_market *market, int64_t limit_ns, struct mr_piece *piece);

/* Stretches so far, in time order; the last may still be running. */
const struct mr_market_label *mr_market_labels(const struct mr_market *market, uint32_t *count);
const char *mr_market_underlying(uint32_t underlying); /* "BTC" */

/* Books as the venues have them now: up to `n` levels, best first, at scale 8; how many. `i` counts instruments. */
uint32_t mr_market_instruments(const struct mr_market *market);
void mr_market_instrument(const struct mr_market *market, uint32_t i, uint8_t *venue, uint8_t *product,
                          const char **symbol);
uint32_t mr_market_book(const struct mr_market *market, uint32_t i, bool ask, struct mr_level *out, uint32_t n);

/* What a client may ask for at any moment, as the venue would answer now: the REST list of the product's instruments; the REST answer (or stream
 * message) of open interest. MR_OK; MR_E_UNSUPPORTED: this venue has none; MR_E_TOO_BIG. */
enum mr_market_answer { MR_MARKET_INSTRUMENTS, MR_MARKET_INTEREST };
int mr_market_ask(struct mr_market *market, uint32_t i, enum mr_market_answer what, struct mr_text *out);
/* In full: the message that a subscription to this channel (enum mr_channel; not the book) begins with. MR_OK; MR_E_UNSUPPORTED: none. */
int mr_market_first(struct mr_market *market, uint32_t i, uint32_t channel, struct mr_text *out);

/* Numbers of one instrument's book: `seq` is that of its last message. has_book: it has had one. */
struct mr_market_state {
    uint64_t seq, prev_seq;
    int64_t now_ns;
    int price_decimals, size_decimals;
    bool has_book;
};
void mr_market_look(const struct mr_market *market, uint32_t i, struct mr_market_state *out);

/* An instrument is in the middle of what it tells in several messages of one moment (KuCoin futures: one level each): the book that can be
 * asked for is already the one behind them. */
bool mr_market_unfinished(const struct mr_market *market);

/* A restart of the venue: its sequence numbers begin anew, its books stay. */
void mr_market_renumber(struct mr_market *market);

#endif
