/* millrace for programs that read it: instruments, events, book messages, signals and images of a running instance.
 *
 *     struct millrace *m;
 *     struct millrace_error error;
 *     if (millrace_open(&m, NULL, MILLRACE_ALL, 0, &error)) ...           // instance "default", from now on
 *     for (;;) {
 *         const struct millrace_record *r;
 *         int n = millrace_next(m, &r, &error);
 *         if (n == 1)      use(r);                                         // good until the next call
 *         else if (n == 0) millrace_wait(m, 100);                          // nothing new
 *         else             ... error.text says what is wrong
 *     }
 *
 * A reader only looks: it maps the instance's workspace file read-only, and nothing it does, or fails to do, can slow
 * the data plane. A reader that is too slow is overtaken; it then gets one LAPPED record that says how much it lost.
 * When the instance has been restarted, what is left of the old run is given first, then one RESTARTED record, then the
 * new run from its oldest record. So nothing is lost without a record that says so.
 *
 * Numbers  prices and sizes are exact: value = integer / 10^scale. millrace_text() and millrace_double() convert.
 * Times    ns since 1970, UTC.
 * Threads  one attachment belongs to one thread at a time; a program may have many.
 * Memory   millrace_open allocates, millrace_next never does but after a RESTARTED. Records, and the instruments they
 *          point to, are the library's.
 * Trust    what another process wrote is checked: memory that makes no sense is MILLRACE_E_CORRUPT, never a crash.
 * ABI      the library's soname ends in MILLRACE_ABI. Within one ABI functions stay, structs only grow at their end
 *          (records are the library's own; where the caller owns a struct its size is passed), numbers of kinds and
 *          codes never change, and unknown kinds are to be skipped. */
#ifndef MILLRACE_MILLRACE_H
#define MILLRACE_MILLRACE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MILLRACE_ABI 1

/* ---- errors ---- */

enum millrace_code {
    MILLRACE_OK = 0,
    MILLRACE_E_ABSENT = -1,     /* no such instance or file: nothing runs there (yet) */
    MILLRACE_E_PERMISSION = -2, /* the file may not be read by this user */
    MILLRACE_E_FORMAT = -3,     /* not a workspace file, or not all of one */
    MILLRACE_E_VERSION = -4,    /* made by a millrace whose memory layout this library does not read */
    MILLRACE_E_CORRUPT = -5,    /* what lies in shared memory makes no sense */
    MILLRACE_E_MEMORY = -6,     /* no memory */
    MILLRACE_E_ARGUMENT = -7,   /* an argument outside its contract */
    MILLRACE_E_UNKNOWN = -8,    /* no such instrument, engine, or connection */
    MILLRACE_E_EMPTY = -9,      /* known, but nothing was written yet */
    MILLRACE_E_BUSY = -10,      /* the writer was writing all the time: try again */
    MILLRACE_E_SYSTEM = -11     /* the operating system refused; the text says what */
};
struct millrace_error {
    int code;       /* enum millrace_code */
    char text[508]; /* one sentence that names the place and, where there is one, the way out */
};
const char *millrace_code_name(int code); /* "ABSENT"; "?" for other numbers */

/* ---- attaching ---- */

struct millrace; /* an attachment */

/* What millrace_next gives; LAPPED and RESTARTED always come. */
enum millrace_take {
    MILLRACE_EVENTS = 1 << 0,  /* all events but books: trades, liquidations, marks, gaps, ... */
    MILLRACE_BOOKS = 1 << 1,   /* BOOK and BBO */
    MILLRACE_SIGNALS = 1 << 2, /* SIGNAL */
    MILLRACE_ALL = 7
};
enum millrace_open_flag {
    MILLRACE_FROM_OLDEST = 1 << 0 /* begin with the oldest records still there instead of the next to come */
};

/* Attaches to an instance by its name (NULL: "default"), found in the run directory: $MILLRACE_RUN, else /run/millrace,
 * else $XDG_RUNTIME_DIR/millrace. Or to a workspace file by its path, also one that a dead instance left behind.
 * `error` may be NULL here and everywhere. MILLRACE_OK, or a code; *out is NULL then. */
int millrace_open(struct millrace **out, const char *instance, unsigned take, unsigned flags,
                  struct millrace_error *error);
int millrace_open_file(struct millrace **out, const char *path, unsigned take, unsigned flags,
                       struct millrace_error *error);
void millrace_close(struct millrace *m); /* NULL does nothing */

struct millrace_info {
    uint64_t epoch;       /* runs of this instance so far: one more after each restart */
    int64_t created_ns;   /* when this run made its workspace */
    uint32_t pid;         /* of the data plane */
    uint32_t alive;       /* 1 while that process is there */
    uint32_t engines;     /* engine tiles: each has its own taps and state */
    uint32_t instruments; /* ids are 0 .. instruments - 1; grows */
    char instance[32];
    char build[48];      /* of the program that writes */
    char path[256];      /* of the workspace file */
    uint64_t lost_slots; /* of all LAPPED records so far */
    uint64_t restarts;   /* RESTARTED records so far */
};
/* `bytes` is sizeof *out, here and below: what a newer library knows beyond it is left out, and what an older one does
 * not know is zero. */
int millrace_info(struct millrace *m, struct millrace_info *out, size_t bytes);

/* ---- instruments ---- */

enum millrace_type {
    MILLRACE_TYPE_UNKNOWN = 0,
    MILLRACE_TYPE_SPOT = 1,
    MILLRACE_TYPE_PERPETUAL = 2,
    MILLRACE_TYPE_FUTURE = 3,
    MILLRACE_TYPE_OPTION = 4,
    MILLRACE_TYPE_OUTCOME = 5
};
struct millrace_instrument {
    uint32_t id;          /* of this run only: after RESTARTED go by venue, product and symbol again */
    uint32_t generation;  /* raised when scale, tick, lot or multiplier changed */
    uint32_t type;        /* enum millrace_type */
    uint32_t no_metadata; /* 1: the venue's list is not there yet; scales are a guess of 8 and 8 */
    int32_t price_scale;  /* digits behind the point of prices and ... */
    int32_t size_scale;   /* ... of sizes */
    int64_t tick;         /* smallest price step, at price_scale; 0 unknown */
    int64_t lot;          /* smallest size step, at size_scale; 0 unknown */
    int64_t multiplier;   /* a size of 1 stands for multiplier / 10^multiplier_scale of the base asset ... */
    int32_t multiplier_scale;
    uint32_t inverse;         /* ... or, if 1, of the quote asset */
    char venue[16];           /* "binance" */
    char product[24];         /* "usdm" */
    char symbol[96];          /* as on the wire: "BTCUSDT" */
    char base[24], quote[24]; /* "BTC", "USDT"; "" unknown */
    char underlying[24];      /* group of one base asset over all venues: "BTC" */
};
/* MILLRACE_OK, MILLRACE_E_UNKNOWN (no such id yet), MILLRACE_E_BUSY. */
int millrace_instrument(struct millrace *m, uint32_t id, struct millrace_instrument *out, size_t bytes);
/* The id of "binance:usdm:BTCUSDT", or MILLRACE_E_UNKNOWN. */
int64_t millrace_find(struct millrace *m, const char *name);

/* ---- the stream ---- */

enum millrace_kind {
    MILLRACE_TRADE = 1,
    MILLRACE_BBO = 2,  /* r->book: one level a side at most */
    MILLRACE_BOOK = 3, /* r->book */
    MILLRACE_LIQUIDATION = 4,
    MILLRACE_MARK = 5,          /* mark price */
    MILLRACE_INDEX = 6,         /* index price */
    MILLRACE_FUNDING = 7,       /* price is the rate; next_ns when it is due */
    MILLRACE_OPEN_INTEREST = 8, /* price is the amount; unit says of what */
    MILLRACE_CANDLE = 9,        /* r->candle */
    MILLRACE_STATUS =
        10, /* detail[0]: millrace_status_name(); detail[1]: of this channel, millrace_channel_name(); 0: of all */
    MILLRACE_GAP = 11,  /* the venue's messages detail[0] .. detail[1] are missing, detail[2] of them (-1 unknown) */
    MILLRACE_TICK = 12, /* each 100 ms of engine time */
    MILLRACE_REFERENCE = 13, /* price and volatility of the reference instrument */
    MILLRACE_SIGNAL = 64,    /* r->signal */
    MILLRACE_LAPPED = 65,    /* lost_slots: this reader was overtaken; books must be taken anew (millrace_top) */
    MILLRACE_RESTARTED = 66  /* epoch: a new run of the instance; ids of instruments begin anew */
};
const char *millrace_kind_name(uint32_t kind);      /* "trade"; "?" for other numbers */
const char *millrace_status_name(int64_t status);   /* "live", "stale", "dead", "halted", "notice", "tick"; "?" */
const char *millrace_channel_name(int64_t channel); /* "trades", "best", "depth", ...; "all"; "?" */
const char *
millrace_cause_name(int64_t cause); /* of a GAP, detail[3]: "sequence", "checksum", "disconnect", ...; "?" */

enum millrace_flag {
    MILLRACE_SELL = 1 << 0,      /* TRADE: the aggressor sold. LIQUIDATION: a short was liquidated */
    MILLRACE_FIRST = 1 << 1,     /* first record of one venue message */
    MILLRACE_LAST = 1 << 2,      /* last record of one venue message: look at books only now */
    MILLRACE_SNAPSHOT = 1 << 3,  /* BOOK: replaces the whole book. TRADE: from before the subscription */
    MILLRACE_SECONDARY = 1 << 6, /* of a stream that repeats what another brings: do not count it */
    MILLRACE_CAUTION = 1 << 7    /* no metadata yet, an estimated notional, or not a market trade */
};
enum millrace_book_flag {
    MILLRACE_BOOK_KEEPALIVE = 1 << 1, /* "nothing changed" */
    MILLRACE_BOOK_RESET = 1 << 2,     /* the venue restarted its numbers; the book stays good */
    MILLRACE_BOOK_PARTIAL = 1 << 3,   /* the best levels only: replaces, never joins the other messages */
    MILLRACE_BOOK_NO_SIZES = 1 << 4   /* BBO: the venue sends prices only; the sizes are one lot */
};
struct millrace_level {
    int64_t price; /* at price_scale */
    int64_t size;  /* at size_scale; 0: the level is gone */
};
struct millrace_book {
    uint64_t first_seq, prev_seq; /* first update covered, and the one before it; 0: the venue has none */
    uint32_t bid_count, ask_count;
    const struct millrace_level *bids, *asks; /* changes, or a whole book if SNAPSHOT */
    uint32_t flags;                           /* enum millrace_book_flag */
    uint32_t spare;
};
struct millrace_candle {
    int64_t open, high, low, close, volume;
    int64_t open_ns; /* when its interval began */
    uint32_t interval_s;
    uint32_t trades; /* 0: the venue does not say */
    uint32_t closed; /* 1: final */
    uint32_t spare;
};
enum millrace_signal_kind {
    MILLRACE_SIGNAL_LEVEL = 0,
    MILLRACE_SIGNAL_CASCADE_START = 1,
    MILLRACE_SIGNAL_CASCADE_UPDATE = 2,
    MILLRACE_SIGNAL_CASCADE_END = 3,
    MILLRACE_SIGNAL_REGIME = 4
};
struct millrace_signal {
    int64_t engine_ns;            /* engine time of the event or tick that made it */
    uint32_t kind;                /* enum millrace_signal_kind */
    uint32_t level, level_before; /* 0 NONE, 1 WATCH, 2 ALERT, 3 CRITICAL, 4 EXTREME */
    uint32_t regime;              /* of volatility, 0 the calmest */
    uint32_t flags;               /* bit 0 warming: the level is held at NONE; bit 11: a return to a level just left */
    uint32_t venues;              /* of its cascade: bit per venue */
    double probability, confidence; /* 0 .. 1 */
    double score;                   /* 0 .. 100 */
    double velocity_per_s[5];       /* liquidations in the last 0.1, 0.5, 2, 10, 60 s, a second */
    double notional_usd_per_s[5];
    double acceleration, jerk;
    uint64_t cascade_id;                      /* 0: none */
    int64_t cascade_start_ns, cascade_end_ns; /* end 0: it runs */
    uint64_t cascade_count;                   /* liquidations */
    int64_t cascade_micro_usd;
    char underlying[24]; /* "BTC" */
    char words[64];      /* "velocity 23.4/s over 20.0/s, 3 venues" */
};
const char *millrace_level_name(uint32_t level); /* "WATCH"; "?" */

struct millrace_record {
    uint32_t kind;    /* enum millrace_kind; others may come: skip them */
    uint32_t flags;   /* enum millrace_flag */
    uint32_t engine;  /* whose tap it came by */
    uint32_t slots;   /* its length there. The next record of this kind of tap and engine has ... */
    uint64_t place;   /* ... place + slots as its place: what is missing between was announced by LAPPED */
    uint64_t seq;     /* the venue's number: of the trade, or the last update a book message covers. SIGNAL: its own */
    int64_t recv_ns;  /* when the bytes reached the instance */
    int64_t venue_ns; /* the venue's own time of the fact; 0: it gave none */
    uint32_t decode_ns;                           /* from recv_ns to decoded */
    uint32_t connection;                          /* which connection brought it */
    const struct millrace_instrument *instrument; /* NULL: of none, or one that is not known yet */
    int64_t price;                                /* by kind; value = price / 10^price_scale */
    int64_t size;                                 /* TRADE, LIQUIDATION; value = size / 10^size_scale */
    int32_t price_scale, size_scale;              /* the instrument's at the time of reading; see its generation */
    int64_t micro_quote; /* TRADE: notional in millionths of the quote asset; LIQUIDATION, OPEN_INTEREST: of a USD */
    int64_t next_ns;     /* FUNDING: when the next one is due; 0: the venue does not say */
    int64_t interval_ns; /* FUNDING: between two of them; 0: the venue does not say */
    int64_t detail[4];   /* STATUS, GAP ([3]: cause) as above; TICK [0]: its number */
    uint32_t unit;       /* OPEN_INTEREST: 0 base asset, 1 contracts, 2 base asset on both sides */
    uint32_t spare;
    double volatility;                    /* REFERENCE */
    uint64_t lost_slots;                  /* LAPPED: 64-byte slots lost: an event has one, a signal eight */
    uint64_t epoch;                       /* RESTARTED: of the new run */
    const struct millrace_book *book;     /* BOOK, BBO; else NULL */
    const struct millrace_candle *candle; /* CANDLE; else NULL */
    const struct millrace_signal *signal; /* SIGNAL; else NULL */
};

/* 1 a record in *out, 0 nothing new, or a code: MILLRACE_E_CORRUPT (stays, until the instance is restarted),
 * MILLRACE_E_VERSION and others when a new run cannot be read (what there was of the old one came before). Records of one
 * tap come in its order; taps of several engines, and events and signals, come in turns. */
int millrace_next(struct millrace *m, const struct millrace_record **out, struct millrace_error *error);
/* Sleeps until there is something to read: 1, or 0 after `timeout_ms` without. Looks each half millisecond: who wants
 * every microsecond calls millrace_next in a loop instead. */
int millrace_wait(struct millrace *m, uint32_t timeout_ms);

/* ---- images: how things stand now ---- */

#define MILLRACE_TOP_LEVELS 20
struct millrace_top { /* the best levels of one instrument's book */
    uint32_t instrument;
    uint32_t live; /* 0: behind a gap, or not yet begun: do not trade on it */
    uint32_t crossed;
    uint32_t bid_count, ask_count;   /* levels given here */
    uint32_t depth_bids, depth_asks; /* levels the book has */
    uint32_t spare;
    uint64_t seq; /* of the last update applied */
    uint64_t gaps;
    int64_t venue_ns, recv_ns;                                                  /* of the last update applied */
    struct millrace_level bids[MILLRACE_TOP_LEVELS], asks[MILLRACE_TOP_LEVELS]; /* best first */
};
int millrace_top(struct millrace *m, uint32_t instrument, struct millrace_top *out, size_t bytes);

struct millrace_underlying {
    char name[24];
    uint32_t level;                      /* of the signal */
    uint32_t cascade;                    /* 1: one runs */
    double rate_10s, acceleration, jerk; /* of liquidations, a second */
    double score, usd_per_s;
    uint64_t liquidations;
    int64_t last_ns; /* of the last one */
};
#define MILLRACE_UNDERLYINGS 16
struct millrace_state { /* what one engine knows */
    int64_t engine_ns;
    uint32_t regime;                                                    /* of volatility, 0 the calmest */
    uint32_t warm;                                                      /* 0: less history than it needs */
    double volatility_1m, volatility_5m, volatility_15m, volatility_1h; /* percent */
    double percentile;                                                  /* of the present one, in the last 24 h */
    double multiplier;                                                  /* of risk */
    uint64_t cascades;                                                  /* so far */
    uint32_t underlyings, spare;
    struct millrace_underlying underlying[MILLRACE_UNDERLYINGS];
};
int millrace_state(struct millrace *m, uint32_t engine, struct millrace_state *out, size_t bytes);

struct millrace_connection {
    char product[40]; /* "binance:usdm" */
    char route[16], host[64];
    char state[16];        /* "live", "stale", "down", ... */
    char why[96];          /* of its last change of state */
    uint32_t number;       /* as in records */
    uint32_t streams;      /* subscribed ... */
    uint32_t streams_live; /* ... with data since it opened */
    uint32_t mute;         /* ... and acknowledged, but without data */
    int64_t since_ns;      /* in this state */
    int64_t last_byte_ns;
    uint64_t frames, bytes;
};
/* By number from 0; MILLRACE_E_UNKNOWN behind the last. */
int millrace_connection(struct millrace *m, uint32_t idx, struct millrace_connection *out, size_t bytes);

/* ---- metrics ---- */

enum millrace_metric_type { MILLRACE_COUNTER = 0, MILLRACE_GAUGE = 1, MILLRACE_HISTOGRAM = 2 };
struct millrace_metric { /* good during the call */
    const char *family, *labels, *name, *unit, *help;
    uint32_t type; /* enum millrace_metric_type */
    uint32_t spare;
    int64_t value;                /* counter or gauge; of a histogram its count */
    int64_t p50, p99, p9999, max; /* of a histogram */
};
int millrace_metrics(struct millrace *m, void (*each)(void *arg, const struct millrace_metric *metric), void *arg,
                     struct millrace_error *error);

/* ---- numbers ---- */

#define MILLRACE_TEXT 64
/* "67123.45": exact, the shortest. Returns `out`. `scale` from -30 to 30. */
const char *millrace_text(int64_t value, int32_t scale, char out[MILLRACE_TEXT]);
double millrace_double(int64_t value, int32_t scale); /* the nearest one, or one beside it */

#ifdef __cplusplus
}
#endif
#endif
