/* A driver (exchange.h) over the network: requests by HTTPS on a few kept connections, what happens unasked by a private WebSocket stream. The
 * words are wire.h's; the other side is `millrace exchange --account`, or whoever speaks the same.
 *
 *   send -> a free connection -> TLS -> the kernel: SENT, and written() at that moment        none open: NOT_SENT; all busy: it waits its turn
 *   answer in time -> what it says;   none -> LOST, and the connection ends, so that a late answer can be nobody else's
 *   429 -> LIMITED;   503 -> REJECTED (overload), certain not to be done;   401 -> refused, by name
 *   the stream refused with 401 -> STREAM_DOWN with that reason, each time
 *   stream open -> STREAM_UP, once a connection for requests is open too;   ended, or silent though pinged -> STREAM_DOWN
 *
 * One request at a time on a connection. Each connection is dialled anew when it ends: after a while that doubles from 100 ms to 5 s, part of it by
 * chance, and all of them at most MR_REMOTE_DIALS a minute.
 *
 * Thread  open and close: any; else the trade tile. Never blocks but in open, which looks the name up.
 * Memory  allocated at open; OpenSSL's own in handshakes.   Bounds  MR_REMOTE_QUEUE requests wait, then MR_E_FULL; an answer of MR_WIRE_BODY_MAX.
 * Secrets the key and its secret stay where controlplane/secrets has them. */
#ifndef MR_EXCHANGE_REMOTE_H
#define MR_EXCHANGE_REMOTE_H

#include "controlplane/exchange/exchange.h"

#define MR_REMOTE_LINES 4 /* connections for requests */
#define MR_REMOTE_QUEUE 256
#define MR_REMOTE_DIALS 120

struct mr_remote_config {
    const char *url;     /* https://HOST[:PORT] */
    const char *ca_file; /* NULL or "": the system's */
    const struct mr_instruments *instruments;
    struct mr_span key, secret;
    int64_t answer_ns; /* the longest wait for an answer [2 s] */
    uint64_t seed;
    /* All bytes of the request with this number are with the kernel; may be NULL. */
    void (*written)(void *arg, uint64_t number);
    void *arg;
};
struct mr_remote_counts {
    uint64_t dials, opened, ended, sent, not_sent, lost, limited, refused, malformed, streams;
};

struct mr_remote;
/* MR_OK; MR_E_INVALID: the url; MR_E_MISSING: its name has no address; what TLS says of ca_file. Nothing of `config` but what it points to
 * must outlive it. */
int mr_remote_open(struct mr_remote **remote, const struct mr_remote_config *config, struct mr_err *err);
struct mr_exchange_driver mr_remote_driver(struct mr_remote *remote);
void mr_remote_counts(const struct mr_remote *remote, struct mr_remote_counts *out);
const char *mr_remote_why(const struct mr_remote *remote); /* the last connection that ended: why; "" none has */
void mr_remote_close(struct mr_remote *remote);

#endif
