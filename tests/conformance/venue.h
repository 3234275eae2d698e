/* What the files of the venues' acceptance cases share. */
#ifndef MR_TESTS_CONFORMANCE_VENUE_H
#define MR_TESTS_CONFORMANCE_VENUE_H

#include "tests/conformance/stand.h"

struct venue_subject {
    const char *product;
    uint32_t market; /* enum mr_market_venue */
};

#endif
