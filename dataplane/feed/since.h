/* Where a recording begins in mid-run: which connections of a product were open by then, and whether their events are merged.
 *
 *     since merge 1 200000000 opened 12:0 13:0      connection:route, the longest open first
 *
 * A NOTE of a recording, before the first record of each product: by the feed tile when recording begins while connections are open, and by
 * `millrace capture cut` where a cut begins later than what it is cut from. A player that has followed the recording up to there knows it already. */
#ifndef MR_FEED_SINCE_H
#define MR_FEED_SINCE_H

#include "codecs/capture/capture.h"
#include "dataplane/merge/merge.h"

#define MR_SINCE_TEXT 512 /* a note at most, with its end */

struct mr_since {
    int64_t wait_ns;
    bool merging;
    uint32_t count;
    struct mr_merge_open lane[MR_MERGE_LANES_MAX];
};

uint32_t mr_since_text(const struct mr_since *s, char out[MR_SINCE_TEXT]);
/* False: another note. */
bool mr_since_read(struct mr_since *s, struct mr_span note);
bool mr_since_has(const struct mr_since *s, uint16_t connection);
/* The same connections are open, and merged or not. */
bool mr_since_same(const struct mr_since *a, const struct mr_since *b);
/* What the product's next record changes of it. */
void mr_since_follow(struct mr_since *s, enum mr_capture_kind kind, uint16_t connection, struct mr_span data);

/* Of the notes "merge ON WAIT_NS". False: another one. */
bool mr_merge_note_read(struct mr_span note, bool *on, int64_t *wait_ns);
/* The route that OPENED tells, by its digit. */
uint8_t mr_opened_route(struct mr_span data);

#endif
