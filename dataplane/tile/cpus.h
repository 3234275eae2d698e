/* Sets of CPUs, and the two forms in which the kernel writes them: lists ("0-3,8") and masks ("f0,00000000").
 *
 * Errors  MR_E_MALFORMED: not such a text. MR_E_RANGE: a CPU that is MR_CPUS_MAX or more. The set is then empty. */
#ifndef MR_TILE_CPUS_H
#define MR_TILE_CPUS_H

#include "dataplane/text/text.h"

#define MR_CPUS_MAX 4096
struct mr_cpus {
    uint64_t word[MR_CPUS_MAX / 64];
};

MR_INLINE bool mr_cpus_has(const struct mr_cpus *set, int cpu)
{
    return cpu >= 0 && cpu < MR_CPUS_MAX && (set->word[cpu / 64] >> (cpu % 64) & 1);
}
void mr_cpus_add(struct mr_cpus *set, int cpu); /* one out of range is not added */
void mr_cpus_remove(struct mr_cpus *set, int cpu);
uint32_t mr_cpus_count(const struct mr_cpus *set);
int mr_cpus_next(const struct mr_cpus *set, int from); /* the first from there on; -1: none */
void mr_cpus_and(struct mr_cpus *set, const struct mr_cpus *other);
void mr_cpus_or(struct mr_cpus *set, const struct mr_cpus *other);
void mr_cpus_minus(struct mr_cpus *set, const struct mr_cpus *other);
bool mr_cpus_equal(const struct mr_cpus *a, const struct mr_cpus *b);
bool mr_cpus_within(const struct mr_cpus *set, const struct mr_cpus *other); /* all of it is in the other */

#define MR_CPUS_EACH(cpu, set) for (int cpu = mr_cpus_next((set), 0); cpu >= 0; cpu = mr_cpus_next((set), cpu + 1))

/* "0-3,8", "0-30:2/4" (the first 2 of each 4); white space at the end is allowed, and nothing at all: the empty set. */
int mr_cpus_parse(struct mr_cpus *set, const char *text, size_t len);
/* Groups of 32 bits in hexadecimal, the highest first: "f0,00000000"; leading zeros may be missing. */
int mr_cpus_parse_mask(struct mr_cpus *set, const char *text, size_t len);
void mr_cpus_text(const struct mr_cpus *set, struct mr_text *out);
void mr_cpus_mask(const struct mr_cpus *set, struct mr_text *out);

#endif
