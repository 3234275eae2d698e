/* A venue: one folder, one row in venues.def, one struct mr_venue on one screen.
 *
 * A decoder is f(bytes, state): no I/O, no clock, no allocation. Its state holds predictions (shapes), which change
 * speed only, and last values where a venue sends partial ones (Bybit linear tickers), reset on reconnect.
 *
 *     frame bytes --mr_decode--> slots: groups of events in the venue's order, FIRST .. LAST set
 *
 * Output  a caller's array; `out_max` >= MR_GROUP_SLOTS + MR_TRADES_MAX always suffices (MR_DECODE_SLOTS).
 * Errors  MR_E_MALFORMED, _TRUNCATED, _DEPTH, _MISSING, _TYPE, _INEXACT, _OVERFLOW, _RANGE: the message is dropped
 *         whole; dec->error_at and dec->error_field say where. MR_E_UNKNOWN: legal JSON of a kind we do not know,
 *         dec->name its name.
 *         MR_E_SYMBOL: dec->name is not in the table; the caller may add it (mr_instruments_add_bare) and call again.
 *         0: understood, nothing to report (acks, pongs). */
#ifndef MR_VENUE_VENUE_H
#define MR_VENUE_VENUE_H

#include "codecs/event/event.h"
#include "codecs/event/instrument.h"
#include "codecs/json/json.h"
#include "codecs/shape/shape.h"

enum mr_venue_id {
#define MR_VENUE(id, folder, title) MR_VENUE_##folder = (id),
#include "codecs/venue/venues.def"
#undef MR_VENUE
};
#define MR_VENUE_ID_MAX 15

enum mr_channel {
    MR_TRADES = 1 << 0,
    MR_BEST = 1 << 1,
    MR_DEPTH = 1 << 2,
    MR_LIQUIDATIONS = 1 << 3,
    MR_MARKS = 1 << 4,
    MR_FUNDINGS = 1 << 5,
    MR_INTERESTS = 1 << 6,
    MR_CANDLES = 1 << 7,
    MR_CONTROL = 1 << 8, /* acks, pongs, errors */
};

/* How a product's book messages follow one another (codecs/sequence/sequence.h has the rules). */
enum mr_sequencing {
    MR_SEQ_NONE,
    MR_SEQ_FIRST_FINAL,      /* Binance spot: U == last u + 1, snapshot by REST */
    MR_SEQ_FIRST_FINAL_PREV, /* Binance USD-M: pu == last u, snapshot by REST   */
    MR_SEQ_PLUS_ONE,         /* Bybit: u == last u + 1, u 1 restarts, snapshot in the stream */
    MR_SEQ_PREV,             /* OKX: prevSeqId == last seqId, snapshot in the stream; CRC where no ids are sent */
    MR_SEQ_IMAGE,            /* Hyperliquid: every message is the whole book */
    MR_SEQ_STATE, /* Polymarket: no numbers; times, a hash that names each state, the venue's own best prices */
    MR_SEQ_SPAN,  /* KuCoin spot: first <= last + 1 <= final, snapshot by REST or in the stream */
};
/* Updates are numbered without regard to the snapshot, which is asked for while they run. */
MR_INLINE bool mr_sequencing_by_rest(uint8_t rule)
{
    return rule == MR_SEQ_FIRST_FINAL || rule == MR_SEQ_FIRST_FINAL_PREV || rule == MR_SEQ_SPAN;
}

struct mr_product {
    const char *name;           /* "usdm", "linear": `venue:product` names it everywhere */
    uint32_t channels;          /* enum mr_channel bits it offers */
    uint8_t sequencing;         /* enum mr_sequencing */
    uint8_t type;               /* enum mr_instrument_type its instruments have unless metadata says else */
    const char *lot;            /* step of sizes where no metadata says it; NULL: it must */
    const char *primary_trades; /* the message kind engines count; other trade kinds get MR_FLAG_SECONDARY */
    /* Kinds whose numbers (seq) are consecutive for each instrument, with blanks between: a hole shows at once. NULL: none. */
    const char *consecutive;
};

/* The venue's own message kinds, by name, as the recordings' manifest counts them ("depthUpdate", "books update"). */
struct mr_venue_kind {
    const char *name;
    uint32_t channel;
};
#define MR_VENUE_KINDS_MAX 64

struct mr_frame {
    const uint8_t *data;
    uint32_t len;
    uint16_t connection;
    uint8_t clock; /* enum mr_clock_source */
    uint8_t spare;
    int64_t recv_ns;
};

/* An account ("0x" and 40 hex digits, either case) whose side of a public trade says that it took over a position that was
 * liquidated: for venues without a channel of liquidations whose trades name both sides. */
#define MR_LIQUIDATORS_MAX 16
struct mr_liquidator {
    char address[43];
};

#define MR_DECODER_GUESS_BITS 6
struct mr_decoder {
    const struct mr_venue *venue;
    uint8_t product; /* row in venue->products */
    uint8_t kind;    /* of the last frame: index in venue->kinds, 0 unknown */
    /* Where one frame names several instruments: those that are not in the table are passed over; false: MR_E_SYMBOL asks
     * the caller to add them first. (Where none is in the table it is always MR_E_SYMBOL.) */
    bool skip_unknown;
    uint8_t spare;
    uint32_t changes;                   /* mr_instruments_changes() the shapes were learnt under */
    struct mr_instruments *instruments; /* read only here */
    struct mr_shapes *shapes;           /* NULL: always the general path, nothing before it */
    void *state;                        /* venue->state_bytes, partial last values */
    struct mr_shape_recorder recorder;
    const struct mr_instrument *last;                              /* prediction: the instrument seen last */
    const struct mr_instrument *guess[1 << MR_DECODER_GUESS_BITS]; /* ... by the bytes of its symbol (usual_small.h) */
    uint8_t like[8]; /* ... how many digits the ids in messages had last (usual_small.h) */
    /* about the last failure */
    struct mr_span name; /* unknown kind or symbol: points into the frame, or into name_plain if it had escapes */
    uint8_t name_plain[128];
    uint32_t error_at;
    const char *error_field;
    uint64_t messages[MR_VENUE_KINDS_MAX]; /* understood, by kind */
    uint64_t passed_over; /* elements of all-symbol messages whose symbol is not in the table, beside some that are */
};

struct mr_venue {
    uint8_t id;
    const char *name, *title;
    const struct mr_product *products; /* ends with an empty row */
    const struct mr_venue_kind *kinds; /* kinds[0] is { "?" }: unknown; ends with an empty row */
    /* of one decoder's partial values for `instruments` instruments: state_bytes + n * state_bytes_each */
    size_t state_bytes;
    size_t state_bytes_each;
    /* Messages in their usual form, read without looking at their grammar (usual.h, usual_small.h): slots, with dec->kind set; or
     * MR_E_AGAIN and nothing changed: shapes and the general path then have their turn. NULL: none. */
    int (*usual)(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
    /* The general path, and the only authority: sets dec->kind, fills out, returns slots or a status. Called by
     * mr_decode only, which puts in recv_ns, connection, clock, FIRST and LAST. codecs/venue/take.h has what decoders
     * share. */
    int (*decode)(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
    /* One REST body (`url` tells what it is), called by mr_decode_rest only: a book snapshot becomes a BOOK group with
     * SNAPSHOT; instrument lists go to `table` and return 0; open interest becomes events. MR_E_UNKNOWN for bodies that
     * are none of these. */
    int (*rest)(struct mr_decoder *dec, struct mr_span url, const struct mr_frame *body, struct mr_instruments *table,
                union mr_slot *out, uint32_t out_max);
    void (*reset)(struct mr_decoder *dec); /* on reconnect: forgets partial values; NULL if none */
    /* Replaces the liquidators of this decoder, kept over a reconnect. MR_OK; MR_E_FULL more than the most; MR_E_MALFORMED
     * not an address: nothing changed. NULL: this venue's trades do not name their sides. */
    int (*liquidators)(struct mr_decoder *dec, const struct mr_liquidator *who, uint32_t count);
};

#define MR_DECODE_SLOTS (MR_GROUP_SLOTS + MR_TRADES_MAX)

const struct mr_venue *mr_venue_by_id(uint8_t id);         /* NULL if none */
const struct mr_venue *mr_venue_by_name(const char *name); /* NULL if none */
/* "binance:usdm" -> venue and product row. MR_OK, or MR_E_UNKNOWN with `err` listing what is known. */
int mr_venue_parse(const char *text, const struct mr_venue **venue, uint8_t *product, struct mr_err *err);

size_t mr_decoder_bytes(const struct mr_venue *venue, uint32_t instruments); /* the partial state */
/* `state` is mr_decoder_bytes() long for the capacity of `instruments`, all of which is cleared here. */
void mr_decoder_init(struct mr_decoder *dec, const struct mr_venue *venue, uint8_t product,
                     struct mr_instruments *instruments, struct mr_shapes *shapes, void *state);
void mr_decoder_reset(struct mr_decoder *dec);
/* As mr_venue.liquidators; MR_E_UNSUPPORTED where the venue has none and some are given. */
int mr_decoder_liquidators(struct mr_decoder *dec, const struct mr_liquidator *who, uint32_t count);
/* Could be one. */
bool mr_liquidator_good(const struct mr_liquidator *who);

/* Decodes one frame: in its usual form, or by a known shape if there is one, else by the general path, which then may teach
 * the shape. */
int mr_decode(struct mr_decoder *dec, const struct mr_frame *frame, union mr_slot *out, uint32_t out_max);
/* Decodes one REST body. `table` is dec->instruments, writable: only boot and the feed tile's housekeeping may pass it;
 * NULL: instrument lists are understood, and dropped. */
int mr_decode_rest(struct mr_decoder *dec, struct mr_span url, const struct mr_frame *body,
                   struct mr_instruments *table, union mr_slot *out, uint32_t out_max);

#endif
