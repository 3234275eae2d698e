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
/* One frame that says nothing to the feed: what arrives is given to `take`, and what that returned is returned. */
typedef int wire_take_fn(void *arg, const void *data, uint32_t len);
int wire_carry(struct wire *w, const void *data, uint32_t len, wire_take_fn *take, void *arg);
/* A request over HTTPS to the exchange: the status, and the body (NUL behind it) in `body`. */
int wire_rest(struct wire *w, const char *path, const char *post, char *body, size_t room);
/* Time goes on to the stand's: timers of both ends, pings, redials. */
void wire_step(struct wire *w);
bool wire_connected(const struct wire *w);  /* every route: subscribing or live */
bool wire_live(const struct wire *w);       /* every session */
const char *wire_why(const struct wire *w); /* of the first session that is not */
const struct mr_session_metrics *wire_session(const struct wire *w, uint32_t i);
uint32_t wire_wanted(const struct wire *w);        /* streams, as our sessions name them */
uint32_t wire_subscriptions(const struct wire *w); /* as the exchange serves them */
bool wire_wants_token(const struct wire *w);
uint64_t wire_heard(const struct wire *w); /* messages of ours that the exchange was sent */
/* A plan with that stream beside the others on the route of books: MR_OK, or why not. */
int wire_plan(const struct wire *w, const struct mr_stream *stream, struct mr_err *err);
/* For so long the exchange does not know that symbol; our sessions may be refused what they ask for. */
void wire_hide(struct wire *w, uint32_t symbol, double seconds);
/* So long without the market: pings, timers, redials. */
void wire_wait(struct wire *w, uint32_t seconds);
int wire_renew_book(struct wire *w, uint32_t symbol); /* mr_session_resubscribe */
void wire_notice(struct wire *w); /* the exchange tells that it will close, where the venue does, and closes */
/* The exchange cuts all connections without a word; our sessions have noticed when this returns. */
void wire_cut(struct wire *w);

#endif
