/* What the exchange plays: the generated market on the wall clock, or recordings; and the true books behind it.
 *
 * Pieces come when they are due. A book asked for is the one after the last piece taken, so an image built from it joins the pieces
 * that follow. Recordings are read once through at open, so that their symbols and decimals are known before they come.
 *
 * Memory  malloc at open.   Thread  one. */
#ifndef MR_EXCHANGE_TAPE_H
#define MR_EXCHANGE_TAPE_H

#include "codecs/venue/venue.h"
#include "dataplane/source/replay/replay.h"
#include "tests/exchange/market/market.h"

#define MR_TAPE_LEVELS_MAX 5000

struct mr_tape_config {
    struct mr_market_config market;       /* start_ns and duration_ns are the tape's own */
    const struct mr_replay_input *inputs; /* count > 0: recordings instead of the market */
    uint32_t count;
    int64_t began_ns; /* the market began then: what came until now is over, but in its books; 0: it begins now */
    double pace;      /* 1 real time, N times as fast, 0: as fast as they are taken */
};

/* An instrument's book as the exchange has it. Levels best first, at the two scales; decimals: as the venue prints them. */
struct mr_truth {
    uint8_t venue, product;
    char symbol[MR_SYMBOL_BYTES];
    uint64_t seq, prev_seq;
    int64_t time_ns;
    int price_scale, size_scale, price_decimals, size_decimals;
    uint32_t count[2];
    struct mr_level level[2][MR_TAPE_LEVELS_MAX];
};

struct mr_tape;
int mr_tape_open(struct mr_tape **tape, const struct mr_tape_config *config, int64_t now_ns, struct mr_err *err);
void mr_tape_close(struct mr_tape *tape);

/* The next piece that is due: MR_OK, MR_E_AGAIN, or MR_E_END (a recording ended: begin it anew). Good until the next call. */
int mr_tape_next(struct mr_tape *tape, int64_t now_ns, struct mr_piece *piece);
/* What was taken last is told in several pieces of one moment: take them all, so that a book asked for is the one behind the last. */
bool mr_tape_unfinished(const struct mr_tape *tape);
int mr_tape_begin(struct mr_tape *tape, int64_t now_ns, struct mr_err *err);
/* Time stands still for what follows; goes on where it stood. */
void mr_tape_pause(struct mr_tape *tape, bool paused, int64_t now_ns);
void mr_tape_renumber(struct mr_tape *tape);

bool mr_tape_knows(const struct mr_tape *tape, uint8_t venue, uint8_t product, struct mr_span symbol);
/* As it was about a thousand messages ago, and without the best levels that came since. */
void mr_truth_age(struct mr_truth *book);
/* These levels, best first at the instrument's scales, are the best `most` of that side: all of them, and no other. */
bool mr_truth_same(const struct mr_truth *book, bool ask, const struct mr_level *levels, uint32_t count, uint32_t most,
                   const struct mr_instrument *instrument);
/* Up to `depth` levels a side. MR_OK; MR_E_SYMBOL; MR_E_EMPTY: no book yet. */
int mr_tape_truth(struct mr_tape *tape, uint8_t venue, uint8_t product, struct mr_span symbol, uint32_t depth,
                  struct mr_truth *out);
/* Of a list, `symbol` is a hint: a recording may have several, by type ("SWAP").
 * MR_OK; MR_E_SYMBOL; MR_E_UNSUPPORTED: neither the market nor the recording has one. */
int mr_tape_ask(struct mr_tape *tape, uint8_t venue, uint8_t product, struct mr_span symbol, enum mr_market_answer what,
                struct mr_text *out);
/* The message that a subscription to this channel begins with (market.h). */
int mr_tape_first(struct mr_tape *tape, uint8_t venue, uint8_t product, struct mr_span symbol, uint32_t channel,
                  struct mr_text *out);
/* Calls back each instrument. */
void mr_tape_each(struct mr_tape *tape, void (*each)(void *arg, uint8_t venue, uint8_t product, const char *symbol),
                  void *arg);
struct mr_market *mr_tape_market(struct mr_tape *tape); /* NULL: recordings */

#endif
