/* Datagram lines over kernel sockets: part of the `socket` source. One bound socket a port; recvmmsg into the source's buffers, a datagram each; the
 * kernel's receive time (SO_TIMESTAMPING) comes with each, and its count of what it had to drop is asked for at housekeeping. Groups are joined on their own
 * socket, so the kernel hands it no others (IP_MULTICAST_ALL off), and leaves them when it closes. */
#ifndef MR_SOURCE_DATAGRAM_H
#define MR_SOURCE_DATAGRAM_H

#include "dataplane/source/stream/stream.h"

struct mr_datagrams;
size_t mr_datagrams_bytes(const struct mr_stream_config *config);
/* MR_OK; MR_E_INVALID, MR_E_IO with the sentence, nothing left open. */
int mr_datagrams_open(struct mr_datagrams **d, void *mem, const struct mr_stream_config *config,
                      struct mr_stream_metrics *metrics, struct mr_err *err);
void mr_datagrams_close(struct mr_datagrams *d);
/* One recvmmsg on each socket, beginning after the one that was last asked; how many pieces. */
uint32_t mr_datagrams_poll(struct mr_datagrams *d, struct mr_stream_pool *pool, struct mr_piece *pieces, uint32_t max);
void mr_datagrams_housekeep(struct mr_datagrams *d, int64_t now_ns);
uint32_t mr_datagrams_count(const struct mr_datagrams *d);
int mr_datagrams_fd(const struct mr_datagrams *d, uint32_t i); /* to wait on */

#endif
