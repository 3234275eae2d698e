/* An account at a simulated exchange beside the journal of the control plane that trades there: both must say the same of every order, of every fill,
 * and of what is held. */
#ifndef MR_TEST_BOTH_H
#define MR_TEST_BOTH_H

#include "dataplane/base/base.h"

#define BOTH_SYMBOLS 4

struct both {
    uint16_t port; /* of the exchange, at 127.0.0.1 */
    const char *ca_file, *key, *secret, *journal;
    const char *symbols[BOTH_SYMBOLS]; /* of binance:usdm, in the order of trade.instruments; NULL: no more */
};
struct both_counts {
    uint32_t orders, placed, fills; /* in the journal; at the exchange; each in both */
    uint32_t differences;           /* each is printed */
};

/* The answer to a request, until the next one. POST, signed; `post` NULL: GET, not signed. It must be 200. */
const char *both_ask(const struct both *b, const char *path, const char *post);
/* When nothing is open any more: what was open would differ. */
struct both_counts both_compare(const struct both *b);

#endif
