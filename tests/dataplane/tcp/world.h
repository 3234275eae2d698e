/* Our stack on a wire in memory (dataplane/net and dataplane/tcp), its application, and what stands at the other end, in virtual time.
 *
 * The stack is 10.77.0.2, its one neighbour 10.77.0.9 at 02:00:00:00:00:02 is given. world_close fails the test when a packet was not
 * released, a pool is not empty, or the counters do not tell where each frame went. */
#ifndef MR_TESTS_TCP_WORLD_H
#define MR_TESTS_TCP_WORLD_H

#include "dataplane/tcp/tcp.h"
#include "tests/dataplane/net/wire.h"
#include "tests/dataplane/tcp/lane.h"
#include "tests/dataplane/tcp/peer.h"

#define SECOND INT64_C(1000000000)
#define MS INT64_C(1000000)
#define WORLD_HELD_MAX 1024

struct world {
    struct wire *wire;
    struct mr_link *link;
    struct mr_net *net;
    struct mr_tcp *tcp;
    struct mr_net_metrics net_metrics;
    struct mr_tcp_metrics m;
    void *net_mem, *tcp_mem;
    int64_t now_ns;
    uint64_t given;  /* frames given to the wire; those that found no packet are not in it */
    uint64_t seen;   /* segments that it sent */
    uint32_t tuples; /* four-tuples that the redirecting program would know now */

    bool tuples_full; /* it would take no more */

    /* the application of connection 0 */
    bool opened, ended, hold; /* hold: pieces are kept */
    int32_t status;
    char reason[64];
    uint64_t received, to_send, offered; /* in order, each octet as it must be; to send; taken by the stack */
    bool wrong;
    struct mr_piece held[WORLD_HELD_MAX];
    uint32_t held_count;
};
extern const uint8_t world_ip[4], world_peer_ip[4];

struct mr_tcp_config world_config(void);
bool world_built(void); /* false: a build without lwIP; says so and skips */
void world_open(struct world *w, const struct mr_tcp_config *config, int64_t now_ns);
void world_open_small(struct world *w, const struct mr_tcp_config *config, int64_t now_ns, uint32_t packets,
                      uint32_t sent);
void world_close(struct world *w);
int world_dial(struct world *w, uint16_t connection, uint16_t port);
void world_give(struct world *w, const uint8_t *frame, uint32_t len, uint8_t flags);
/* The oldest segment that our stack sent, sound in lengths and checksums; good until the next call. NULL: none. */
const uint8_t *world_sent(struct world *w, uint32_t *len);
/* One round as a source does it: frames in, pieces to the application, output, flush, housekeeping. */
void world_round(struct world *w);
void world_release(struct world *w); /* what is held */

/* A segment of the peer at 10.77.0.9:443 to our port `to`; its data is seg_octet(1) from `offset` on. */
struct world_segment {
    uint16_t to, flags, window;
    uint32_t seq, ack, len;
    uint64_t offset;
};
void world_put(struct world *w, const struct world_segment *s);
/* The next segment that we sent; fails the test where there is none. */
struct seg world_get(struct world *w);
/* Dials `connection` and answers with MSS 1460, scale 7 and SACK: open when it returns. What we sent is gone. */
struct world_segment world_connect(struct world *w, uint16_t connection, uint32_t isn);

/* A whole transfer: connection 0 to `peer` through `lane`, until both have all, or `until_ns`. True: done. */
bool world_run(struct world *w, struct peer *peer, struct lane *lane, uint64_t expect, int64_t until_ns);
void world_peer_out(void *arg, const uint8_t *frame, uint32_t len); /* struct world_way: the peer's way into the lane */
struct world_way {
    struct lane *lane;
    const struct world *world;
};

#endif
