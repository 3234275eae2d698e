/* Order book of one instrument: exact price levels, best first.
 *
 * A book is live only between a snapshot and the first gap. When it is not, reads still work (operators want to
 * look) but mr_book_live() says no, and nothing may be built on it.
 *
 * Levels are kept in arrays sorted worst to best, so that the usual change, near the best, moves few of them. A book keeps
 * at most `depth` levels a side; when a side is full the worst level is let go, and the book knows down to which
 * price it is still exact (mr_book_exact_depth).
 *
 * Memory  one block of mr_book_bytes(depth), given by the caller at boot; nothing is allocated later.
 * Thread  one writer, the engine tile. Others read the top-N image (book_image.h), never this.
 * Units   mr_price, mr_size: integers in the instrument's scale (codecs/event/instrument.h).
 * Errors  a gap is a status, not a log line: the caller counts it and resyncs.
 * Cost    perf/engines/book/bench_book.c, per level change, at 20 and 1,000 levels. */
#ifndef MR_BOOK_BOOK_H
#define MR_BOOK_BOOK_H

#include "codecs/event/event.h"
#include "codecs/event/instrument.h"
#include "dataplane/metrics/metrics.h"

#define MR_BOOK_METRICS(COUNTER, GAUGE, HIST)                                                    \
    COUNTER(messages,  "messages", "book messages applied")                                      \
    COUNTER(changes,   "changes",  "level changes applied")                                      \
    COUNTER(gaps,      "gaps",     "sequence gaps; each one starts a resync")                    \
    COUNTER(crossed,   "messages", "messages after which the best bid was above the best ask")   \
    COUNTER(locked,    "messages", "messages after which best bid and ask were equal")           \
    COUNTER(negative,  "levels",   "levels with a negative size or price: message dropped")      \
    COUNTER(backwards, "messages", "messages whose venue time lay before the previous one's")    \
    COUNTER(checksums, "checks",   "venue checksums verified")                                   \
    COUNTER(mismatches,"checks",   "venue checksums that did not match; each one starts a resync") \
    COUNTER(let_go,    "levels",   "levels dropped at the far end because a side was full")      \
    COUNTER(unknown,   "levels",   "deletions of levels that were not there (normal)")           \
    GAUGE  (stale,     "books",    "books that are not live now")
MR_METRICS_DECLARE(mr_book, MR_BOOK_METRICS);

/* What to do with a message that leaves the book crossed (F-11). */
enum mr_book_policy { MR_BOOK_FLAG, MR_BOOK_DROP, MR_BOOK_RESYNC };

struct mr_book;

size_t mr_book_bytes(uint32_t depth);
/* Makes an empty, not live book in `mem` (64-byte aligned, mr_book_bytes(depth) long), which must outlive it. There is no
 * destructor: the arena goes as a whole. `metrics` may be shared by the books of one tile. */
struct mr_book *mr_book_init(void *mem, uint32_t depth, const struct mr_instrument *instrument, struct mr_book_metrics *metrics);
void mr_book_policy_set(struct mr_book *book, enum mr_book_policy crossed);

/* Applies one whole venue message: its head and all its levels. The feed side has already checked that it follows; what
 * arrives here is contiguous, an image, or a gap. All or nothing.
 * MR_OK         applied
 * MR_E_GAP      `head` reports a gap; the book is no longer live
 * MR_E_STALE    the book is not live and this is not an image; nothing changed
 * MR_E_CORRUPT  applied, and the venue's checksum does not match: no longer live, resync
 * MR_E_RANGE    a negative price or size: nothing changed
 * MR_E_INVALID  crossed, and the policy is DROP (the book is as before) or RESYNC (no longer live) */
int mr_book_apply(struct mr_book *book, const union mr_slot *group);

bool mr_book_live(const struct mr_book *book);
uint32_t mr_book_count(const struct mr_book *book, bool ask);
/* Level `i` from the best; false beyond the end. */
bool mr_book_level(const struct mr_book *book, bool ask, uint32_t i, struct mr_level *out);
/* Copies up to n levels, best first; how many. */
uint32_t mr_book_top(const struct mr_book *book, bool ask, struct mr_level *out, uint32_t n);
/* Levels a side that are known to be exact. */
uint32_t mr_book_exact_depth(const struct mr_book *book, bool ask);
uint64_t mr_book_seq(const struct mr_book *book);
int64_t mr_book_venue_ns(const struct mr_book *book);
bool mr_book_crossed(const struct mr_book *book);

#endif
