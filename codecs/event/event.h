/* The normalised event: one 64-byte slot, and the few groups of slots that carry more.
 *
 * A *group* is a header slot and the raw slots that belong to it; mr_event_slots() says how many slots in
 * all. Rings publish groups whole, so a reader sees all of a venue's message or nothing.
 *
 *   kind            slots   price             size              aux                    seq
 *   TRADE           1       price             size              notional, micro-quote  venue's trade number
 *   LIQUIDATION     1       price             size              notional, micro-USD    0, or the venue's
 *   MARK            1       mantissa          0                 0                      0
 *   INDEX           1       mantissa          averaged over, ns rest, 10^-18           0
 *                           (value + aux * 10^-18: digits that 18 places do not hold, else 0)
 *   FUNDING         1       rate mantissa     interval, ns or 0 next funding time, ns  0
 *   OPEN_INTEREST   1       mantissa          what it counts    USD value micro, or 0  0
 *                           (MARK .. OPEN_INTEREST: value = price * 10^exponent; enum mr_oi_unit)
 *   BBO             2       as BOOK, in one raw slot: level 0 the bid, level 1 the ask (size 0: none)
 *   BOOK            1+n/4   see struct mr_book_head: counts, first and previous sequence, checksum
 *   CANDLE          2       see struct mr_candle in the raw slot; price = close, size = volume
 *   STATUS          1       enum mr_status_event     detail     detail
 *   GAP             1       first missing     last missing      count, or -1           cause
 *   TICK            1       -                 -                 -                      tick number
 *   REFERENCE       1       price of the reference (scale 8)    volatility, double bits (aux)
 *
 * Memory  plain old data, no pointers; lies in rings, recordings and shared memory as it is.
 * Units   price, size: integers in the instrument's scale (instrument.h). Times: ns since 1970, UTC.
 * Byte order: little endian, the only one we build for. */
#ifndef MR_EVENT_EVENT_H
#define MR_EVENT_EVENT_H

#include "dataplane/base/base.h"
#include "dataplane/base/decimal.h"

/*       kind            name              — numbers stand in recordings and never change */
#define MR_EVENT_KINDS(X)                                                                                              \
    X(NONE, 0, "none")                                                                                                 \
    X(TRADE, 1, "trade")                                                                                               \
    X(BBO, 2, "bbo")                                                                                                   \
    X(BOOK, 3, "book")                                                                                                 \
    X(LIQUIDATION, 4, "liquidation")                                                                                   \
    X(MARK, 5, "mark")                                                                                                 \
    X(INDEX, 6, "index")                                                                                               \
    X(FUNDING, 7, "funding")                                                                                           \
    X(OPEN_INTEREST, 8, "open_interest")                                                                               \
    X(CANDLE, 9, "candle")                                                                                             \
    X(STATUS, 10, "status")                                                                                            \
    X(GAP, 11, "gap")                                                                                                  \
    X(TICK, 12, "tick")                                                                                                \
    X(REFERENCE, 13, "reference")

enum mr_event_kind {
#define MR_X(name, value, text) MR_EVENT_##name = (value),
    MR_EVENT_KINDS(MR_X)
#undef MR_X
        MR_EVENT_KIND_COUNT
};

/* flags: bit 0 the side, bits 1-3 the place in the message, bits 4-5 the clock, bits 6-7 cautions */
enum mr_flag {
    MR_FLAG_SELL = 1 << 0,      /* TRADE: aggressor sold. LIQUIDATION: a SHORT was liquidated (clear: a long) */
    MR_FLAG_FIRST = 1 << 1,     /* first group of one venue message */
    MR_FLAG_LAST = 1 << 2,      /* last group of one venue message: look at books only now */
    MR_FLAG_SNAPSHOT = 1 << 3,  /* BOOK: replaces the whole book. TRADE, INDEX: back-fill on subscribe */
    MR_FLAG_CLOCK = 3 << 4,     /* enum mr_clock_source << 4: what recv_ns was read from */
    MR_FLAG_SECONDARY = 1 << 6, /* not the product's primary source of this kind: engines do not count it */
    MR_FLAG_CAUTION = 1 << 7,   /* no metadata yet, estimated notional, or a non-market trade: see source */
};
enum mr_clock_source { MR_CLOCK_HARDWARE, MR_CLOCK_KERNEL, MR_CLOCK_TSC, MR_CLOCK_VENUE };
#define MR_FLAG_CLOCK_SHIFT 4

enum mr_oi_unit { MR_OI_BASE, MR_OI_CONTRACTS, MR_OI_BASE_BOTH_SIDES };
enum mr_gap_cause {
    MR_GAP_SEQUENCE,
    MR_GAP_CHECKSUM,
    MR_GAP_DISCONNECT,
    MR_GAP_RING_FULL,
    MR_GAP_CROSSED,
    MR_GAP_BUFFER_FULL,
    MR_GAP_OPERATOR,
    MR_GAP_CAUSE_COUNT
};
/* STATUS.price: instrument (and feed) states the venue or a session reports */
enum mr_status_event {
    MR_STATUS_LIVE,
    MR_STATUS_STALE,
    MR_STATUS_DEAD,
    MR_STATUS_HALTED,
    MR_STATUS_VENUE_NOTICE,
    MR_STATUS_TICK, /* the instrument's tick is now `size`, in its price scale: a new generation */
};

struct mr_event {
    int64_t recv_ns;          /* when the bytes reached us; MR_FLAG_CLOCK says by which clock */
    int64_t venue_ns;         /* the venue's own time of the fact; 0 if it gave none          */
    uint64_t seq;             /* by kind, above */
    int64_t price;            /* by kind */
    int64_t size;             /* by kind */
    int64_t aux;              /* by kind */
    uint32_t instrument;      /* id in the instrument table of this workspace epoch */
    uint32_t decode_delta_ns; /* from recv_ns to decoded, saturating */
    uint8_t kind;             /* enum mr_event_kind */
    uint8_t flags;            /* enum mr_flag */
    int8_t exponent;          /* for kinds that carry their own scale, else 0 */
    uint8_t source;           /* venue's message kind: index into the venue's kinds[] (codecs/venue/venue.h) */
    uint16_t connection;      /* which connection of the feed */
    uint16_t spare;           /* 0 */
};

struct mr_level {
    mr_price price;
    mr_size size; /* 0 deletes the level */
};

/* A BOOK or BBO header: the same slot, its middle read differently. Levels follow in raw slots, bids
 * first, asks straight after the last bid; the tail of the last slot is zero. */
struct mr_book_head {
    int64_t recv_ns, venue_ns;
    uint64_t seq;       /* last update id of this message (u, seqId, ...)          */
    uint64_t first_seq; /* first one it covers (U); = seq where the venue has none; see MR_BOOK_TOUCH */
    uint16_t bid_count, ask_count;
    uint32_t checksum; /* venue's CRC as sent; valid when book_flags says so      */
    uint64_t prev_seq; /* the one before (pu, prevSeqId); 0 where there is none; see MR_BOOK_TOUCH */
    uint32_t instrument, decode_delta_ns;
    uint8_t kind, flags;
    uint8_t book_flags; /* enum mr_book_flag */
    uint8_t source;
    uint16_t connection, spare;
};
enum mr_book_flag {
    MR_BOOK_HAS_CHECKSUM = 1 << 0,
    MR_BOOK_KEEPALIVE = 1 << 1, /* says "nothing changed"; no levels */
    MR_BOOK_RESET = 1 << 2,     /* the venue restarted its numbers: follow, do not resync */
    MR_BOOK_PARTIAL = 1 << 3,   /* a top-N image (books5, depth20): replaces, never joins a stream */
    MR_BOOK_NO_SIZES = 1 << 4,  /* BBO: the venue sends prices only; a size of one lot says "there is one", no more */
    MR_BOOK_STATE = 1 << 5,     /* checksum is the beginning of the venue's name (hash) of the state after this */
    MR_BOOK_TOUCH = 1 << 6,     /* first_seq and prev_seq are the best bid and ask in that state: prices, 0 none */
};

/* Raw slot of a CANDLE. Prices and volumes in the instrument's scales. */
struct mr_candle {
    int64_t open, high, low, close, volume;
    int64_t open_ns;     /* start of the interval */
    uint32_t interval_s; /* 60, 300, ...; months and weeks as the venue's nominal length */
    uint32_t trades;     /* 0 where the venue does not say */
    uint8_t closed;      /* 1 the venue says it is final */
    uint8_t spare[7];
};

union mr_slot {
    struct mr_event event;
    struct mr_book_head book;
    struct mr_candle candle;
    struct mr_level level[4];
    uint8_t bytes[64];
} MR_ALIGNED;

#define MR_SLOT_BYTES 64
#define MR_LEVELS_MAX 10240 /* levels in one book message, both sides: REST images of 5,000 a side */
#define MR_GROUP_SLOTS (1 + MR_LEVELS_MAX / 4)
#define MR_TRADES_MAX 1024 /* trades in one venue message (Bybit's bound) */

static_assert(sizeof(struct mr_event) == 64, "an event is one cache line");
static_assert(sizeof(struct mr_book_head) == 64, "a book head is one cache line");
static_assert(sizeof(struct mr_candle) == 64, "a candle is one cache line");
static_assert(sizeof(union mr_slot) == 64, "slots are cache lines");
static_assert(offsetof(struct mr_event, price) == offsetof(struct mr_book_head, first_seq), "same slot");
static_assert(offsetof(struct mr_event, aux) == offsetof(struct mr_book_head, prev_seq), "same slot");
static_assert(offsetof(struct mr_event, kind) == offsetof(struct mr_book_head, kind), "same slot");
static_assert(offsetof(struct mr_event, connection) == offsetof(struct mr_book_head, connection), "same slot");

/* Slots of the group that `head` opens, itself included: 1 .. MR_GROUP_SLOTS. Total over any bytes:
 * a hostile count gives a number beyond MR_GROUP_SLOTS, which readers refuse. */
MR_INLINE uint32_t mr_event_slots(const union mr_slot *head)
{
    if (mr_likely(head->event.kind == MR_EVENT_BOOK || head->event.kind == MR_EVENT_BBO))
        return 1 + ((uint32_t)head->book.bid_count + head->book.ask_count + 3) / 4;
    return head->event.kind == MR_EVENT_CANDLE ? 2 : 1;
}

/* The levels of a group: bids, then asks, from the slot behind its head through as many as there are. (An index into one slot's array may
 * not pass its end; into what this points to it may.) */
MR_INLINE const struct mr_level *mr_event_levels(const union mr_slot *head) { return head[1].level; }

const char *mr_event_kind_name(unsigned kind);

#endif
