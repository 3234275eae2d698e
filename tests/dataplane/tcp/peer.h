/* A TCP server for tests, small and correct, and no relative of lwIP: one connection at a time; handshake with MSS, window scale and
 * SACK-permitted; receives with reassembly; sends with a timer a segment, selective acknowledgements and fast retransmission; FIN, RST.
 * What it sends is seg_octet(stream 1), what it receives must be seg_octet(stream 0). In virtual time. */
#ifndef MR_TESTS_TCP_PEER_H
#define MR_TESTS_TCP_PEER_H

#include "tests/dataplane/tcp/segment.h"

struct peer_config {
    uint8_t ip[4];
    uint16_t port;
    uint16_t mss;         /* told to us; and our segments are at most that long, or what the client told */
    uint8_t window_scale; /* told; 255: no option */
    bool sack;
    uint32_t isn;
    uint64_t send_total; /* bytes to send once open; then FIN where `finish` says so */
    bool finish;
    uint32_t flight_max; /* bytes it sends without an acknowledgement */
    int64_t rto_ns;      /* the first; doubles a segment each time, up to sixteen times that */
};
enum peer_state { PEER_LISTENS, PEER_SYN, PEER_OPEN, PEER_CLOSED, PEER_RESET };
struct peer;

struct peer *peer_open(const struct peer_config *config, void (*out)(void *arg, const uint8_t *frame, uint32_t len),
                       void *arg);
void peer_close(struct peer *p);
void peer_take(struct peer *p, const uint8_t *frame, uint32_t len, int64_t now_ns);
void peer_step(struct peer *p, int64_t now_ns);
int64_t peer_next_ns(const struct peer *p);     /* its next timer */
void peer_listen(struct peer *p, uint32_t isn); /* as if new: for the next connection */
enum peer_state peer_state(const struct peer *p);
uint64_t peer_received(const struct peer *p); /* in order, each as it must be */
uint64_t peer_acked(const struct peer *p);    /* of what it sent */
bool peer_wrong(const struct peer *p);        /* an octet was not what it must be */
bool peer_heard_end(const struct peer *p);    /* our FIN came in order */

#endif
