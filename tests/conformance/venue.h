/* What the files of the venues' acceptance cases share. */
#ifndef MR_TESTS_CONFORMANCE_VENUE_H
#define MR_TESTS_CONFORMANCE_VENUE_H

#include "tests/conformance/stand.h"

struct venue_subject {
    const char *product;
    uint32_t market; /* enum mr_market_venue */
};

/* The dialogues with a live exchange: wire_cases.c. */
void wire_subscribes_to_all(const struct venue_subject *subject);
void wire_unsubscribes(const struct venue_subject *subject);
void wire_pings_as_wanted(const struct venue_subject *subject);
void wire_within_limits(const struct venue_subject *subject);
void wire_planned_close_is_heard(const struct venue_subject *subject);
void wire_refuses_what_is_not(const struct venue_subject *subject);
void wire_one_bad_symbol_is_named(const struct venue_subject *subject);
void wire_life_of_a_connection(const struct venue_subject *subject);
void wire_tokens(const struct venue_subject *subject);

#endif
