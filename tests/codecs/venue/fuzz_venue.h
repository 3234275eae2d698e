/* What fuzz_venue.c is told of a venue. */
#ifndef MR_TESTS_FUZZ_VENUE_H
#define MR_TESTS_FUZZ_VENUE_H

/* Each ends with NULL. The first byte of an input picks from products, then urls (REST bodies, of the first
 * product). */
extern const char *const mr_fuzz_products[], *const mr_fuzz_urls[], *const mr_fuzz_bare[];

#endif
