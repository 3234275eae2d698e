/* One product's stream of the generated market through feed and books, in virtual time: what the venue's cases of join and replay stand on. Messages go to the
 * feed in memory, or over TLS (wire.h). What comes out is watched: an update that follows neither an image nor the one before it fails the test. */
#ifndef MR_TESTS_CONFORMANCE_STAND_H
#define MR_TESTS_CONFORMANCE_STAND_H

#include "codecs/event/digest.h"
#include "dataplane/feed/feed.h"
#include "engines/book/book.h"
#include "tests/exchange/server/tape.h"
#include "tests/support/support.h"

enum { STAND_BOOKS = 2, STAND_INSTRUMENTS = 32 };

/* What happens to the book messages of the first symbol, from the `from`th on (all symbols: DOUBLED). */
enum stand_trouble { STAND_NONE, STAND_DOUBLED, STAND_SWAPPED, STAND_DROPPED, STAND_SPOILT };

struct stand {
    /* set at any time */
    enum stand_trouble trouble;
    uint32_t count;    /* messages still to hit; DOUBLED: all */
    bool no_snapshots; /* nobody answers */
    bool deaf;         /* nothing of the stream arrives */
    uint32_t stale;    /* so many answers are too old */

    /* what came out */
    uint64_t groups, gaps[STAND_BOOKS], images[STAND_BOOKS], rejected, hit, answers;
    int last_reject;
    struct mr_feed_metrics *metrics;
    struct mr_book_metrics *book_metrics;
    struct mr_book *book[STAND_BOOKS];
    union mr_slot *group; /* the last book group that came out */
    struct mr_digest *digest;

    /* the machinery */
    const struct mr_venue *venue;
    uint8_t product, rule;
    struct mr_tape *tape;
    int64_t now_ns;
    char symbol[STAND_BOOKS][MR_SYMBOL_BYTES];
    uint32_t symbols;
    struct mr_instruments *table, *catalogue;
    struct mr_feed *feed;
    struct mr_truth *truth;
    char *text, *spoilt;
    uint64_t last[STAND_BOOKS];
    bool live[STAND_BOOKS], broken[STAND_BOOKS], first[STAND_BOOKS];
    char *held;
    uint32_t held_len;
    struct wire *wire; /* NULL: in memory */
};

/* Stands opened from now on are over TLS, with certificates in that folder; NULL: in memory. */
void stand_over_tls(const char *certs);
bool stand_is_over_tls(void);

struct stand *stand_open(const char *product, uint32_t market, uint32_t books_per_s);
void stand_close(struct stand *s);
/* The market goes on; its messages and what is asked for arrive. */
void stand_run(struct stand *s, uint32_t ms);
/* One frame or answer, as it comes. */
int stand_frame(struct stand *s, const void *data, uint32_t len);
int stand_take(struct stand *s, const struct mr_frame *frame); /* as it is given to the feed */
/* The connection is cut. Until it is dialled again, nothing of the stream arrives. */
void stand_disconnect(struct stand *s);
/* The venue's list of instruments; false: it has none. */
bool stand_list(struct stand *s);
/* An answer, or an image in the stream, for that symbol. False: this venue has neither. */
bool stand_snapshot(struct stand *s, uint32_t book);
/* Each book is live and the venue's own, twenty levels. */
bool stand_equal(struct stand *s);

#endif
