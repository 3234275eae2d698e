/* How a request to the paper exchange's account is signed: as the common venues do. Both sides call this.   Thread  any. */
#ifndef MR_EXCHANGE_SIGN_H
#define MR_EXCHANGE_SIGN_H

#include "dataplane/base/base.h"

#define MR_SIGN_TEXT 65                /* 64 hex digits and a NUL */
#define MR_SIGN_WINDOW_MS 5000         /* a request's time may be so far from the exchange's */
#define MR_SIGN_MESSAGE_MAX (2u << 10) /* time, method, path and body together */

/* HMAC-SHA256 (RFC 2104) over the parts, one behind the other; nothing is allocated, and what is made of the secret on the way is wiped. False: longer than MR_SIGN_MESSAGE_MAX. */
bool mr_sign(struct mr_span secret, const struct mr_span *parts, uint32_t count, char out[MR_SIGN_TEXT]);

#endif
