/* Two network namespaces with a veth pair between them, for tests of the network path: "ours" and "theirs". Both are nameless, so that
 * nothing of them is seen on the host, and nothing is left of them when the test ends, in whatever way.
 *
 *     ours    mr0  198.18.0.2/24  02:00:00:00:12:02     theirs  mr1  198.18.0.1/24  02:00:00:00:12:01
 *
 * The thread that opens them is in ours from then on; so are the threads and children it makes. A socket belongs to the namespace it was
 * made in: make the peer's between mr_netns_theirs() and mr_netns_ours().
 *
 * The peer's offloads are off, since a frame over veth has no checksum otherwise; sends of the kernel do not go through mr0 unless asked. */
#ifndef MR_TESTS_NETNS_H
#define MR_TESTS_NETNS_H

#include <stdbool.h>
#include <stdint.h>

struct mr_netns {
    int ours, theirs; /* descriptors of the namespaces */
    char why[256];    /* what is missing, when it cannot be opened */
};
/* Needs CAP_SYS_ADMIN and CAP_NET_ADMIN, `ip` and `ethtool`. false: `why` says what is missing. `address`: whether the kernel has
 * 198.18.0.2 on mr0 (shared mode), or nobody (own mode). */
bool mr_netns_open(struct mr_netns *n, bool address);
void mr_netns_close(struct mr_netns *n); /* this thread stays in ours, which goes with the process */
void mr_netns_ours(const struct mr_netns *n);
void mr_netns_theirs(const struct mr_netns *n);
/* Runs a command ("ip link set mr1 down") in the namespace that this thread is in; its exit status, output thrown away. */
int mr_netns_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* exit status of a test that cannot run here: 77, with the reason printed; 1 where MILLRACE_REQUIRE_NET=1 asks for it. */
int mr_netns_missing(const char *why);

#endif
