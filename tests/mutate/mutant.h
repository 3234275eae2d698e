/* What the mutated copy of a file includes: every mutant of it is compiled in, and a number says which one is alive. Number 0: none is.
 *
 * Asking marks the mutant as reached, so that only tests which come by it need to be run for it. */
#ifndef MR_TESTS_MUTATE_MUTANT_H
#define MR_TESTS_MUTATE_MUTANT_H

extern int mr_mutant;
extern unsigned char *mr_mutant_reached;

static inline int mr_mutant_is(int id)
{
    mr_mutant_reached[id] = 1;
    return mr_mutant == id;
}

#endif
