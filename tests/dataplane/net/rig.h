/* One dataplane/net on a wire in memory: 10.77.0.2/24 at 02:00:00:00:00:01, gateway 10.77.0.1, and a peer at 02:00:00:00:00:02. */
#ifndef MR_TESTS_NET_RIG_H
#define MR_TESTS_NET_RIG_H

#include "dataplane/net/net.h"
#include "tests/dataplane/net/frames.h"
#include "tests/dataplane/net/wire.h"

#define SECOND INT64_C(1000000000)
#define MS INT64_C(1000000)

struct rig {
    struct wire *wire;
    struct mr_link *link;
    struct mr_net *net;
    struct mr_net_metrics metrics;
    int64_t now_ns;
    void *mem;
};
extern const uint8_t rig_ip[4], rig_gateway[4], rig_peer_ip[4], rig_peer_mac[6], rig_all[6];

/* What every test begins with; change it, then open. */
struct mr_net_config rig_config(void);
void rig_open(struct rig *r, const struct mr_net_config *config);
/* Fails when a frame is lent, when what was sent is not sound, or when the counters do not add up. */
void rig_close(struct rig *r);

/* Gives a frame; releases what is handed on. Where `counter` is not NULL, this one and no other outcome must have grown, by one. */
enum mr_net_kind rig_take(struct rig *r, const uint8_t *frame, uint32_t len, const uint64_t *counter);
/* The oldest frame sent, sound; NULL: none. */
const uint8_t *rig_sent(struct rig *r, uint32_t *len);
/* Housekeeping each millisecond up to `until_ns`. */
void rig_pass(struct rig *r, int64_t until_ns);
/* All outcome counters together. */
uint64_t rig_outcomes(const struct mr_net_metrics *m);

#endif
