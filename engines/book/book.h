/* Order book of one instrument: exact price levels, best first.
 *
 * A book is live only between a snapshot and the first gap. When it is not, reads still work (operators want to
 * look) but mr_book_live() says no, and nothing may be built on it.
 *
 * Levels are kept in arrays sorted worst to best, each floating in a larger block, so that a change moves the shorter
 * part: near the best the better levels, far out the worse ones. A venue's message is applied as one merge, not level
 * by level. A book keeps at most `depth` levels a side; when a side has more at the end of a message, the worst are let
 * go, and the book knows down to which price it is still exact (mr_book_exact_depth).
 *
 * Memory  one block of mr_book_bytes(depth), given by the caller at boot; nothing is allocated later.
 * Thread  one writer, the engine tile. Others read the top-N image (book_image.h), never this.
 * Units   mr_price, mr_size: integers in the instrument's scale (codecs/event/instrument.h). When an instrument gets a
 * new generation with another scale, its book starts again with mr_book_init. Errors  a gap is a status, not a log
 * line: the caller counts it and resyncs. Cost    perf/engines/book/bench_book.c, per level change, at 20 and 1,000
 * levels. */
#ifndef MR_BOOK_BOOK_H
#define MR_BOOK_BOOK_H

#include "codecs/event/event.h"
#include "codecs/event/instrument.h"
#include "dataplane/metrics/metrics.h"

/* clang-format off */
#define MR_BOOK_METRICS(COUNTER, GAUGE, HIST)                                                    \
    COUNTER(messages,  "messages", "book messages applied")                                      \
    COUNTER(changes,   "changes",  "level changes applied")                                      \
    COUNTER(gaps,      "gaps",     "sequence gaps; each one starts a resync")                    \
    COUNTER(crossed,   "messages", "messages after which the best bid was above the best ask")   \
    COUNTER(locked,    "messages", "messages after which best bid and ask were equal")           \
    COUNTER(negative,  "levels",   "levels with a negative size or price: message dropped")      \
    COUNTER(zero,      "levels",   "levels of size 0 in an image, where they say nothing")       \
    COUNTER(backwards, "messages", "messages whose venue time lay before the previous one's")    \
    COUNTER(checksums, "checks",   "venue checksums verified")                                   \
    COUNTER(mismatches,"checks",   "venue checksums that did not match; each one starts a resync") \
    COUNTER(touches,   "checks",   "states whose best prices, as the venue gave them, were the book's") \
    COUNTER(astray,    "checks",   "states whose best prices were not the book's; each one starts a resync") \
    COUNTER(repeats,   "images",   "images of the very state the book was in, and equal to it")  \
    COUNTER(healed,    "images",   "images of the next state that differed behind the best prices, where no trade reaches: what was lost is healed") \
    COUNTER(differing, "images",   "images of the very state the book was in that differed: it was wrong, and is the image now") \
    COUNTER(refused,   "messages", "messages that arrived while the book was not live")          \
    COUNTER(let_go,    "levels",   "levels dropped at the far end because a side was full")      \
    COUNTER(unknown,   "levels",   "deletions of levels that were not there (normal)")           \
    GAUGE  (stale,     "books",    "books that are not live now")
MR_METRICS_DECLARE(mr_book, MR_BOOK_METRICS);
/* clang-format on */

/* What to do with a message that leaves the book crossed or locked (F-11).
 * FLAG    keep it; mr_book_crossed() and mr_book_locked() say so, until a message mends it
 * DROP    the message is not applied and the book stays live without it: for venues where a bad message is followed by
 * a good one for the same levels. A message with a negative number is treated alike. RESYNC  the book is no longer live
 */
enum mr_book_policy { MR_BOOK_FLAG, MR_BOOK_DROP, MR_BOOK_RESYNC };

/* What went wrong with this one instrument since boot (the metrics block is shared by a tile's books). */
struct mr_book_faults {
    uint64_t gaps, crossed, locked, negative, backwards, mismatches;
};

struct mr_book;

/* Venues without numbers (Polymarket) give each state a name and its best prices (MR_BOOK_STATE, MR_BOOK_TOUCH). Several
 * messages may lead to one state, and its best prices need be the book's only after the last of them: the book is
 * *unsettled* until they agree. A message of another state finds an unsettled book in error; so does
 * mr_book_overdue() when nothing came for a while. An image of the state the book is in is compared level by level. */
#define MR_BOOK_SETTLE_NS 1000000000ll

size_t mr_book_bytes(uint32_t depth);
/* Makes an empty, not live book in `mem` (64-byte aligned, mr_book_bytes(depth) long), which must outlive it. There is
 * no destructor: the arena goes as a whole. `metrics` may be shared by the books of one tile. */
struct mr_book *mr_book_init(void *mem, uint32_t depth, const struct mr_instrument *instrument,
                             struct mr_book_metrics *metrics);
void mr_book_policy_set(struct mr_book *book, enum mr_book_policy crossed);
/* Whether this venue's images are cut at a depth that later updates do not keep to (REST snapshots with a limit:
 * sequencing FIRST_FINAL and FIRST_FINAL_PREV). What lies beyond such an image is unknown until it changes, so the book
 * is exact only down to the image's worst level. Venues that keep a window (Bybit, OKX) delete what falls out of it:
 * not cut, the default. */
void mr_book_image_cut_set(struct mr_book *book, bool cut);

/* Applies one whole venue message: its head and all its levels, or a GAP event. The feed side has already checked that
 * it follows; what arrives here is contiguous, an image, or a gap. All or nothing. PARTIAL images (books5, depth20) and
 * BBO groups are not passed here: they are no part of this stream. MR_OK         applied MR_E_GAP      `head` reports a
 * gap; the book is no longer live MR_E_STALE    the book is not live and this is not an image; nothing changed
 * MR_E_CORRUPT  the venue's checksum does not match (applied), or the state before had other best prices (not applied):
 * no longer live
 * MR_E_RANGE    a negative price or size: no level changed; no longer live, as an update is missing now (policy DROP:
 * still live) MR_E_INVALID  crossed or locked, and the policy is DROP (the levels are as before) or RESYNC (no longer
 * live) The caller asks the feed for a resync after CORRUPT, RANGE or INVALID when the book is no longer live. */
int mr_book_apply(struct mr_book *book, const union mr_slot *group);

/* Best prices do not agree yet with what the venue said of this state. */
bool mr_book_unsettled(const struct mr_book *book);
/* Nothing came for MR_BOOK_SETTLE_NS that settled it: no longer live, counted; the caller asks for a resync. */
bool mr_book_overdue(struct mr_book *book, int64_t now_ns);
/* The book holds this instrument's scales: a new generation with another tick only may go on with it. */
bool mr_book_fits(const struct mr_book *book, const struct mr_instrument *instrument);

/* Its channel has fallen silent, or speaks again: while it is silent the book is not live, but updates go on to apply, so that it is live at once
 * when it speaks. */
void mr_book_silent_set(struct mr_book *book, bool silent);
bool mr_book_live(const struct mr_book *book);
uint32_t mr_book_instrument(const struct mr_book *book);
uint32_t mr_book_count(const struct mr_book *book, bool ask);
/* Level `i` from the best; false beyond the end. */
bool mr_book_level(const struct mr_book *book, bool ask, uint32_t i, struct mr_level *out);
/* Copies up to n levels, best first; how many. */
uint32_t mr_book_top(const struct mr_book *book, bool ask, struct mr_level *out, uint32_t n);
/* Levels a side that are known to be exact, from the best; 0 when the book is not live. */
uint32_t mr_book_exact_depth(const struct mr_book *book, bool ask);
uint64_t mr_book_seq(const struct mr_book *book);
int64_t mr_book_venue_ns(const struct mr_book *book); /* of the last message that had one */
int64_t mr_book_recv_ns(const struct mr_book *book);
bool mr_book_crossed(const struct mr_book *book); /* best bid above best ask */
bool mr_book_locked(const struct mr_book *book);  /* best bid equals best ask */
const struct mr_book_faults *mr_book_faults(const struct mr_book *book);

#endif
