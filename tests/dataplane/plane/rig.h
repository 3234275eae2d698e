/* A data plane against the simulated exchange, both in this process, over TLS on the loopback; and what a test sees of them: all of the
 * plane through its workspace, as any tool would, and the exchange's own books beside it.
 *
 *     rig_open(&rig, feeds, count); rig_start(&rig)   0: everything lives      rig_fault, rig_becomes_live, rig_books_equal
 *     rig_close(&rig)
 *
 * Instruments are numbered as the feeds list them, so those of feed i begin at rig.first[i]. */
#ifndef MR_TESTS_DATAPLANE_PLANE_RIG_H
#define MR_TESTS_DATAPLANE_PLANE_RIG_H

#include "dataplane/plane/plane.h"
#include "tests/exchange/server/server.h"

#define RIG_SYMBOLS 4
#define RIG_FEEDS MR_PLANE_FEEDS_MAX
#define RIG_BOOKS 32

struct rig_feed {
    const char *product, *symbols[RIG_SYMBOLS];
    uint32_t connections, life_s, silence_s; /* 0: one; the venue's */
};

struct rig {
    const struct rig_feed *feeds;
    uint32_t feed_count;
    uint32_t books;       /* instruments with a book: ids from 0 on */
    uint32_t connections; /* of all feeds, spares left out */
    uint32_t first[RIG_FEEDS];
    struct mr_exchange *exchange;
    struct mr_plane *plane;
    struct mr_plane_config config; /* changed before rig_start */
    char folder[64];
};

/* The exchange runs, and rig->config is filled; 0, or 1 and why was printed. */
int rig_open(struct rig *rig, const struct rig_feed *feeds, uint32_t count);
int rig_start(struct rig *rig); /* the plane; 0: everything lives */
int rig_close(struct rig *rig);

/* ---- looking ---- */
/* Of all connections of that feed; block: "session", "feed", "lane", "merge". */
uint64_t rig_count(const struct rig *rig, uint32_t feed, const char *block, const char *name);
uint64_t rig_tile_count(const struct rig *rig, const char *name);                      /* of the feed tile */
uint64_t rig_engine_count(const struct rig *rig, const char *block, const char *name); /* of all feeds: "book" */
/* A connection of that feed gives a reason that holds these words. */
bool rig_says(const struct rig *rig, uint32_t feed, const char *words);
bool rig_book(const struct rig *rig, uint32_t id, struct mr_plane_book *out);
bool rig_live(const struct rig *rig);         /* every connection, every book */
bool rig_becomes_live(const struct rig *rig); /* within 30 s; else what is not was printed */
void rig_tell(const struct rig *rig);
/* The market stands still, what is under way arrives, then all books are compared; a swapped message may still be held back: then it goes on a
 * little and stands still again. */
bool rig_books_equal(const struct rig *rig);

/* Begins a fault on the feed's product, or fails the test. */
void rig_fault(const struct rig *rig, uint32_t feed, struct mr_exchange_fault fault);

#endif
