/* The nearest known word to one that is not known: for sentences that end in "did you mean". */
#ifndef MR_CONFIG_NEAREST_H
#define MR_CONFIG_NEAREST_H

#include "dataplane/base/base.h"

#define MR_NEAREST_BYTES 48 /* longer words have no neighbours */

/* Insertions, deletions, replacements and swaps of neighbours that turn a into b; both at most MR_NEAREST_BYTES. */
unsigned mr_edit_distance(const char *a, size_t a_len, const char *b, size_t b_len);
/* Keeps the best of what is offered; start with {0}. A third of the word may be wrong, at least one letter. */
struct mr_nearest {
    const char *name;
    unsigned distance;
};
void mr_nearest_offer(struct mr_nearest *best, const char *text, size_t len, const char *name);

#endif
