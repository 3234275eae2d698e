/* The top of a book, for readers outside the engine tile: a plain struct, written through dataplane/ring/image.h.
 *
 *     struct mr_book_image top;
 *     mr_book_image_fill(book, &top);
 *     mr_image_write(image, &top, sizeof top);
 *
 * Memory  plain old data without pointers or padding; lies in a workspace.
 * Units   as the book's. `live` false: look, but do not trade on it. */
#ifndef MR_BOOK_IMAGE_H
#define MR_BOOK_IMAGE_H

#include "engines/book/book.h"

#define MR_BOOK_IMAGE_LEVELS 25

struct mr_book_image {
    uint64_t seq;                  /* the venue's number of the last message */
    int64_t venue_ns, recv_ns;     /* of that message */
    uint32_t instrument;           /* id of this workspace epoch */
    uint8_t live, crossed, locked; /* 0 or 1 */
    uint8_t spare;
    uint32_t bid_count, ask_count;   /* levels below: at most MR_BOOK_IMAGE_LEVELS, best first; the rest is zero */
    uint32_t bid_levels, ask_levels; /* levels in the whole book */
    uint32_t bid_exact, ask_exact;   /* of those, known to be exact (mr_book_exact_depth) */
    struct mr_book_faults faults;
    struct mr_level bids[MR_BOOK_IMAGE_LEVELS], asks[MR_BOOK_IMAGE_LEVELS];
};
static_assert(sizeof(struct mr_book_image) == 56 + sizeof(struct mr_book_faults) + 50 * sizeof(struct mr_level),
              "no padding: images are compared and copied as bytes");

void mr_book_image_fill(const struct mr_book *book, struct mr_book_image *out);

#endif
