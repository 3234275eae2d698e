/* Shared by Binance's files only. */
#ifndef MR_BINANCE_PRIV_H
#define MR_BINANCE_PRIV_H

#include "codecs/venue/take.h"

enum { BINANCE_SPOT, BINANCE_USDM }; /* rows of products[] */

/* rows of kinds[] */
enum binance_kind {
    KIND_UNKNOWN,
    KIND_AGG_TRADE,
    KIND_TRADE,
    KIND_BOOK_TICKER,
    KIND_DEPTH,
    KIND_PARTIAL,
    KIND_RPI_DEPTH,
    KIND_MARK,
    KIND_FORCE_ORDER,
    KIND_KLINE,
    KIND_TICKER,
    KIND_MINI_TICKER,
    KIND_CONTRACT,
    KIND_OTHER,
    KIND_COIN_M,
    KIND_ACK,
    KIND_ERROR,
    KIND_SHUTDOWN,
    KIND_SNAPSHOT,
    KIND_EXCHANGE_INFO,
    KIND_INTEREST,
    KIND_PREMIUM
};

/* The members of one Binance object, in whatever order they came. Most keys are one letter. */
enum binance_word {
    WORD_PU,
    WORD_PS,
    WORD_ST,
    WORD_NQ,
    WORD_AP,
    WORD_CS,
    WORD_RESULT,
    WORD_ID,
    WORD_CODE,
    WORD_MSG,
    WORD_ERROR,
    WORD_LAST_UPDATE_ID,
    WORD_BIDS,
    WORD_ASKS,
    WORD_COUNT
};
struct binance_fields {
    uint64_t letters; /* bit (c & 63) of 'A'..'z': the letter was there; else its span is not valid */
    uint64_t strings; /* ... and it was a string */
    uint32_t words;   /* bit of enum binance_word */
    uint32_t spare;
    struct mr_span letter[64];
    struct mr_span word[WORD_COUNT];
};

MR_INLINE struct mr_span binance_letter(const struct binance_fields *f, char c)
{
    return f->letters >> (c & 63) & 1 ? f->letter[c & 63] : (struct mr_span){NULL, 0};
}
MR_INLINE bool binance_is_string(const struct binance_fields *f, char c)
{
    return f->letters & f->strings & 1ull << (c & 63);
}
MR_INLINE struct mr_span binance_word(const struct binance_fields *f, enum binance_word w)
{
    return f->words >> w & 1 ? f->word[w] : (struct mr_span){NULL, 0};
}

/* One message on its way: what its wrapper said, and where output goes. */
struct binance_message {
    struct mr_decoder *dec;
    const struct mr_frame *frame;
    struct mr_span stream; /* of the combined wrapper; NULL in bare messages */
    union mr_slot *out;    /* next free slot */
    union mr_slot *end;
};

/* ---- fields.c ---- */

/* Walks the object the cursor stands at. */
int binance_collect(struct mr_decoder *dec, struct mr_json *j, struct binance_fields *f);
/* One member whose key has been read. */
void binance_keep(struct mr_decoder *dec, struct mr_json *j, struct mr_span key, struct binance_fields *f);
/* The raw bytes of a part of the frame, as a cursor; failures are reported in the frame's positions. */
void binance_reopen(struct mr_json *j, struct mr_span raw);
int binance_failed(struct mr_decoder *dec, const struct mr_json *j);
/* The instrument of a symbol as it is on the wire, plain or with escapes; of member "s". MR_OK, MR_E_SYMBOL, _MISSING,
 * _TYPE. */
int binance_instrument(struct mr_decoder *dec, struct mr_span symbol, const struct mr_instrument **it);
int binance_symbol(struct binance_message *m, const struct binance_fields *f, const struct mr_instrument **it);
/* A string member; its escapes undone into `room` where it has some. */
int binance_string(struct mr_decoder *dec, const struct binance_fields *f, char c, const char *field, uint8_t *room,
                   uint32_t room_bytes, struct mr_span *out);
int binance_bool(struct mr_decoder *dec, const struct binance_fields *f, char c, const char *field, bool *out);
/* Numbers that are not used, and may vary from message to message: these letters, nq and ap. */
void binance_ignore(struct binance_message *m, const struct binance_fields *f, const char *letters);
int binance_coin_m(struct mr_decoder *dec, const struct binance_fields *f); /* is "st" 2? 1, 0, or MR_E_TYPE */

/* ---- messages.c: events of one kind; m->out moves behind them ---- */

int binance_agg_trade(struct binance_message *m, const struct binance_fields *f);
int binance_raw_trade(struct binance_message *m, const struct binance_fields *f);
int binance_book_ticker(struct binance_message *m, const struct binance_fields *f);
int binance_force_order(struct binance_message *m, const struct binance_fields *f);
int binance_mark_price(struct binance_message *m, const struct binance_fields *f);
int binance_kline(struct binance_message *m, const struct binance_fields *f);
int binance_contract_info(struct binance_message *m, const struct binance_fields *f);
int binance_shutdown_notice(struct binance_message *m, const struct binance_fields *f);
int binance_nothing(struct binance_message *m, const struct binance_fields *f); /* understood, no event */

/* MARK, INDEX and FUNDING of one instrument, for REST too. Index and rate may be empty: left out. */
struct binance_marks {
    struct mr_span mark, index, rate, next_funding, time;
};
int binance_marks(struct binance_message *m, const struct mr_instrument *it, const struct binance_marks *in);

/* depth_usual.c. MR_E_AGAIN: not the usual form. `event`: where the event's brace stands, behind the wrapper if there is one. */
int binance_depth_usual(struct mr_decoder *dec, const struct mr_frame *frame, uint32_t event, union mr_slot *out,
                        uint32_t out_max);
int binance_snapshot_usual(struct mr_decoder *dec, struct mr_span symbol, const struct mr_frame *body,
                           union mr_slot *out, uint32_t out_max);

/* depth.c */
int binance_depth(struct binance_message *m, const struct binance_fields *f);
int binance_partial(struct binance_message *m, const struct binance_fields *f);
/* Both side arrays into the group that `slot` opens; closes it and moves m->out. */
int binance_sides(struct binance_message *m, const struct mr_instrument *it, union mr_slot *slot, struct mr_span bids,
                  struct mr_span asks);

/* ---- entry points: decode.c, rest.c ---- */

/* trades_usual.c: trades, best bids and asks; changes of books are passed on. MR_E_AGAIN: not the usual form. */
int binance_usual(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
int binance_decode(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
int binance_rest(struct mr_decoder *dec, struct mr_span url, const struct mr_frame *body, struct mr_instruments *table,
                 union mr_slot *out, uint32_t out_max);

#endif
