/* A link in memory for tests of what stands on dataplane/net/link.h: frames are put in and lent out, frames sent are kept to look at.
 *
 * Every received frame lies in a block of exactly its length and goes back to the heap when it is released, so that the address
 * sanitizer sees each read beyond it and each use after release. wire_close fails the test when a frame is still lent. */
#ifndef MR_TESTS_NET_WIRE_H
#define MR_TESTS_NET_WIRE_H

#include "dataplane/net/link.h"

struct wire;

/* `packets`: frames that may wait or be lent at once. `sent`: frames sent that may wait to be looked at; more find no room. */
struct wire *wire_open(uint32_t packets, uint32_t sent);
void wire_close(struct wire *w);
struct mr_link *wire_link(struct wire *w); /* up, MTU 1500, hardware address 02:00:00:00:00:01 */

/* A frame for receive to bring; its flags and clock as given. False: the pool is empty, the frame is dropped and counted. */
bool wire_put(struct wire *w, const void *frame, uint32_t len, int64_t recv_ns, uint8_t flags);
/* The same, lent at once, without receive: for calling mr_net_take. NULL: the pool is empty. */
struct mr_packet *wire_lend(struct wire *w, const void *frame, uint32_t len, int64_t recv_ns, uint8_t flags);

/* The oldest frame sent and flushed or not; good until the next call. NULL: none. */
const uint8_t *wire_sent(struct wire *w, uint32_t *len);

/* How many: frames lent now, waiting for receive, sent and not looked at, dropped by wire_put, flushes. */
uint32_t wire_lent(const struct wire *w);
uint32_t wire_waiting(const struct wire *w);
uint32_t wire_sent_count(const struct wire *w);
uint64_t wire_dropped(const struct wire *w);
uint64_t wire_flushes(const struct wire *w);
/* The next `times` reserves find no room. */
void wire_refuse(struct wire *w, uint32_t times);

#endif
