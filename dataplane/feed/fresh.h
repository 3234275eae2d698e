/* Freshness: the rhythm of each channel of each instrument is learnt, and its silence judged by it.
 *
 *     LIVE   --silent for its limit--> STALE --for dead_factor times its bound--> DEAD
 *       ^______________ the next message ______________________________________|
 *
 * limit = the least of its bound and max(floor, factor * learnt p99.9 of the gaps between its messages); until LEARN gaps are known the
 * bound alone: of fewer than a thousand none says what one in a thousand is. STALE and DEAD also by word of the connection: no byte at
 * all, or closed. Channels that may rightly say nothing (`quiet`, or bound 0) are judged by their siblings on the same connection, never
 * by their own silence.
 *
 * Learnt  gaps go to a histogram of 1/8-octave buckets, 8 ms to a minute (upper edges count, so a p99.9 is at most 12.5 % too long;
 *         factor 2.6 of it lies within 3 of the true one). At AGE gaps all counts are halved: a busy hour forgets in minutes what the
 *         night taught, and eight long gaps suffice to learn a slower one. Not learnt: gaps over a lost connection, or while nobody polled.
 * States  are those of MR_EVENT_STATUS: MR_STATUS_LIVE, _STALE, _DEAD; each transition is told once.
 * Cure    a silent channel is subscribed anew once others of its connection have gone on speaking for half a second: when all
 *         pause at once (venue, path, this machine), nothing is wrong with a subscription.
 * Memory  mr_fresh_bytes(count): 256 bytes a channel that messages touch, one or two lines of them each.   Thread  the feed tile.
 * Time    is an argument; this keeps no clock. */
#ifndef MR_FEED_FRESH_H
#define MR_FEED_FRESH_H

#include "codecs/venue/venue.h"

#define MR_FRESH_KINDS 8 /* enum mr_channel below MR_CONTROL */
#define MR_FRESH_ROWS 8  /* routes of a product */
#define MR_FRESH_BUCKETS 112
#define MR_FRESH_LEARN 1000
#define MR_FRESH_AGE 8192

struct mr_fresh_config {
    int64_t bound_ns[MR_FRESH_KINDS]; /* by channel; 0: never judged by its own silence */
    int64_t floor_ns;                 /* below this no silence is stale, however fast the rhythm [1 s] */
    int64_t answer_ns;    /* nothing speaks any more on a connection: after so long it is dialled anew [5 s] */
    double factor;        /* of the learnt p99.9; 0: nothing is learnt, bounds alone count [2.6] */
    uint32_t dead_factor; /* of the bound [3] */
};
void mr_fresh_config_default(struct mr_fresh_config *config);
/* MR_OK, or MR_E_RANGE and the sentence. */
int mr_fresh_check(const struct mr_fresh_config *config, struct mr_err *err);
const char *mr_fresh_kind_name(uint32_t kind); /* "trades", of bit 0 */

enum mr_fresh_odd {
    MR_FRESH_OFF = 1 << 0,  /* not LIVE */
    MR_FRESH_NEW = 1 << 1,  /* no message on this connection yet */
    MR_FRESH_SKIP = 1 << 2, /* the gap under way is not learnt: nobody polled for a while */
};

/* What a message touches. */
struct mr_fresh_cell {
    int64_t last_ns, limit_ns, p999_ns; /* p999_ns 0: not learnt yet */
    uint16_t total;
    uint8_t state, odd; /* enum mr_status_event, enum mr_fresh_odd; 0 is the common case */
    uint8_t spare[4];
    uint16_t bucket[MR_FRESH_BUCKETS];
} MR_ALIGNED;
static_assert(sizeof(struct mr_fresh_cell) == 256, "four lines");

/* What is judged. The first four are the caller's. */
struct mr_fresh_channel {
    const char *symbol; /* "": of the whole market */
    uint32_t channel;   /* one enum mr_channel bit */
    uint8_t row;        /* of the venue's routes */
    bool quiet;         /* may rightly say nothing */
    uint8_t told;       /* enum mr_status_event */
    bool ask;           /* to be subscribed anew */
    uint32_t stales;    /* times it was found silent */
    int64_t asked_ns, since_ns;
    int64_t mute_ns, talk_ns; /* when it was found silent; how long its connection had spoken by then */
};

enum mr_fresh_line { MR_FRESH_DOWN, MR_FRESH_OPEN, MR_FRESH_SILENT }; /* SILENT: open, and not a byte comes */

struct mr_fresh;
struct mr_fresh_acts {
    /* Passes the transition on; false: there was no room, it is told again. */
    bool (*tell)(void *arg, uint32_t idx, enum mr_status_event is, int64_t now_ns);
    /* Subscribes it anew; false: budgets do not allow it now. */
    bool (*ask)(void *arg, uint32_t idx, int64_t now_ns);
    void (*redial)(void *arg, uint8_t row, int64_t now_ns);
    void *arg;
};
struct mr_fresh_sum {
    uint32_t of[3]; /* channels by enum mr_status_event */
};

size_t mr_fresh_bytes(uint32_t count);
struct mr_fresh *mr_fresh_init(void *mem, const struct mr_fresh_config *config, const struct mr_fresh_channel *channels,
                               uint32_t count);
struct mr_fresh_cell *mr_fresh_cells(struct mr_fresh *fresh);
const struct mr_fresh_channel *mr_fresh_channels(const struct mr_fresh *fresh);
uint32_t mr_fresh_count(const struct mr_fresh *fresh);
int64_t mr_fresh_bound(const struct mr_fresh *fresh, uint32_t idx); /* 0: not judged by its own silence */

/* The connection of a route: opened, fell silent, spoke again, ended. */
void mr_fresh_line(struct mr_fresh *fresh, uint8_t row, enum mr_fresh_line line, int64_t now_ns);
/* Nobody polled from then to now: that time is nobody's silence. */
void mr_fresh_slept(struct mr_fresh *fresh, int64_t from_ns, int64_t now_ns);
/* Asked for twice, and it says nothing: stale, whatever its limit. */
void mr_fresh_mute(struct mr_fresh *fresh, uint32_t idx);
/* A message made it LIVE (mr_fresh_saw): told at once. */
void mr_fresh_tell(struct mr_fresh *fresh, uint32_t idx, int64_t now_ns, const struct mr_fresh_acts *acts);
/* Judges all; some 20 times a second or more. */
void mr_fresh_tick(struct mr_fresh *fresh, int64_t now_ns, const struct mr_fresh_acts *acts);
struct mr_fresh_sum mr_fresh_sum(const struct mr_fresh *fresh);

bool mr_fresh_saw_odd(struct mr_fresh_cell *cell, uint32_t bucket, int64_t now_ns);
void mr_fresh_age(struct mr_fresh_cell *cell);

/* Bucket 0: below 2^23 ns (8.4 ms). Then eight to an octave; the last has all that is longer. */
MR_INLINE uint32_t mr_fresh_bucket(int64_t gap_ns)
{
    uint64_t units = (uint64_t)gap_ns >> 20;
    if (mr_likely(units < 8 || gap_ns < 0))
        return 0;
    uint32_t octave = 60 - (uint32_t)__builtin_clzll(units);
    uint32_t idx = octave * 8 + (uint32_t)(units >> octave & 7) + 1;
    return idx < MR_FRESH_BUCKETS ? idx : MR_FRESH_BUCKETS - 1;
}

/* A message of this channel. True: it is LIVE again, which the caller may have told at once (mr_fresh_tick does it later). */
MR_INLINE bool mr_fresh_saw(struct mr_fresh_cell *cell, int64_t now_ns)
{
    uint32_t bucket = mr_fresh_bucket(now_ns - cell->last_ns);
    if (mr_unlikely(cell->odd))
        return mr_fresh_saw_odd(cell, bucket, now_ns);
    cell->last_ns = now_ns;
    cell->bucket[bucket]++;
    if (mr_unlikely(++cell->total == MR_FRESH_AGE))
        mr_fresh_age(cell);
    return false;
}

#endif
