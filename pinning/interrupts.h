/* What interrupted a core, by name: the difference of two readings of /proc/interrupts.
 *
 * Trust   any text is looked at safely; what is not such a table gives no rows.
 * Bounded the rows that came most often are kept, as many as there is room for; the number of all that came is told. */
#ifndef MR_PINNING_INTERRUPTS_H
#define MR_PINNING_INTERRUPTS_H

#include "dataplane/base/base.h"

struct mr_interrupt {
    char id[16];   /* "LOC", "24" */
    char what[64]; /* "Local timer interrupts", "PCI-MSI 524288-edge eth0" */
    uint64_t count;
};
struct mr_interrupts {
    struct mr_interrupt *rows; /* the caller's, most often first */
    uint32_t room, count;
    uint64_t all; /* of all rows, kept or not */
};

/* Fills `out` (rows and room are set) with what rose on `cpu` from the text `before` to the text `after`, both NUL-terminated. A row counts
 * that is in both with the same words: a number that was given to another device meanwhile does not. The kernel's counts are of 32 bits and
 * may have gone round. MR_OK, or MR_E_MALFORMED: the first line names no such CPU. */
int mr_interrupts_between(struct mr_interrupts *out, const char *before, const char *after, int cpu);

#endif
