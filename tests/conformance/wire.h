/* The way from the exchange's side to ours, for real: each message of the stand goes as a WebSocket frame of the simulated exchange through TLS
 * on the loopback to our own sessions (one to each route), and what they deliver is what the feed is given. Subscriptions, acks, tokens,
 * pings and redials are those of the running thing. Time is the stand's: nothing here waits, and the same run gives the same events.
 *
 * Thread  the caller's: both ends take turns on it. */
#ifndef MR_TESTS_CONFORMANCE_WIRE_H
#define MR_TESTS_CONFORMANCE_WIRE_H

#include "dataplane/session/session.h"

struct stand;
struct wire;
/* `certs`: a folder for certificates. The exchange takes the stand's tape over, and closes it. Subscribed to all that the product has. */
struct wire *wire_open(struct stand *stand, const char *certs);
void wire_close(struct wire *w);
/* A message of the venue's: has been delivered when this returns, and what the feed made of it; MR_E_END: nobody is connected. */
int wire_say(struct wire *w, const void *data, uint32_t len);
/* Time goes on to the stand's: timers of both ends, pings, redials. */
void wire_step(struct wire *w);
bool wire_connected(const struct wire *w);  /* every route: subscribing or live */
bool wire_live(const struct wire *w);       /* every session */
const char *wire_why(const struct wire *w); /* of the first session that is not */
const struct mr_session_metrics *wire_session(const struct wire *w, uint32_t i);
uint32_t wire_wanted(const struct wire *w);        /* streams, as our sessions name them */
uint32_t wire_subscriptions(const struct wire *w); /* as the exchange serves them */
bool wire_wants_token(const struct wire *w);
int wire_renew_book(struct wire *w, uint32_t symbol); /* mr_session_resubscribe */
void wire_notice(struct wire *w); /* the exchange tells that it will close, where the venue does, and closes */
/* The exchange cuts all connections without a word; our sessions have noticed when this returns. */
void wire_cut(struct wire *w);

#endif
