/* The user-space TCP stack of a process: lwIP, bound to one tile. Client connections only.
 *
 * lwIP is built from Debian's source package with our options (lwip/lwipopts.h): one instance a process, no threads, no locks, no
 * allocation after open. Received segments stay where the link put them (custom pbufs in the packet's `room`) and are lent on as pieces;
 * out-of-order data is bounded. One acknowledgement a connection and burst, at mr_tcp_flush. Deadlines are ours: a SYN that is not
 * answered is tried again by the schedule below, and given up when the caller closes.
 *
 *     each round:  for each frame that mr_net_take calls TCP: mr_tcp_take
 *                  mr_tcp_poll -> pieces (DATA, OPENED, CLOSED); the caller uses and releases them
 *                  mr_tcp_flush
 *     each ms:     mr_tcp_housekeep
 *
 * Memory  mr_tcp_bytes(config). Pool sizes come from connections and window; exhaustion is counted, and closes nothing by itself.
 * Thread  one tile; one stack a process (MR_E_FULL: there is one already).
 * Counts  segments = checksum + malformed + dropped + control + delivered + those that wait (out of order, or for mr_tcp_poll): each
 *         received segment is counted once as what became of it.
 * Errors  a connection that ends tells by a CLOSED piece with status and reason, as every source does (source.h). */
#ifndef MR_TCP_TCP_H
#define MR_TCP_TCP_H

#include "dataplane/net/net.h"
#include "dataplane/source/source.h"

/* clang-format off */
#define MR_TCP_METRICS(COUNTER, GAUGE, HIST)                                                            \
    COUNTER(segments,      "segments", "taken in")                                                      \
    COUNTER(payload,       "bytes",    "lent to the connections")                                       \
    COUNTER(sent_segments, "segments", "sent")                                                          \
    COUNTER(acks,          "segments", "of them, that only acknowledge")                                \
    COUNTER(retransmits,   "segments", "of them, sent again")                                           \
    COUNTER(checksum,      "segments", "dropped: TCP checksum wrong")                                   \
    COUNTER(malformed,     "segments", "dropped: header or option lengths wrong")                       \
    COUNTER(dropped,       "segments", "dropped by the stack: no connection, out of window, no memory") \
    COUNTER(control,       "segments", "that bring no data: acknowledgements, SYN, FIN, RST of connections") \
    COUNTER(delivered,     "segments", "whose data was lent to the connections")                        \
    COUNTER(out_of_order,  "segments", "kept until an earlier one came")                                \
    COUNTER(no_memory,     "times",    "a pool of the stack was empty")                                 \
    COUNTER(not_sent,      "segments", "the link had no room, or no neighbour: TCP sends again")        \
    COUNTER(resets,        "segments", "RST sent for segments that belong to no connection")            \
    COUNTER(held_back,     "segments", "ACK or RST not sent: a hundred a second answer what brings no data") \
    COUNTER(dials,         "dials",    "connections begun")                                             \
    COUNTER(cut_short,     "times",    "long segments were lost again and again: this connection sends short ones now") \
    COUNTER(syn_again,     "segments", "SYN sent again")                                                \
    COUNTER(opened,        "dials",    "connections made")                                              \
    COUNTER(refused,       "dials",    "ended by RST before they were open")                            \
    COUNTER(reset_by_peer, "closes",   "open connections ended by RST")                                 \
    COUNTER(closed,        "closes",   "ended by the peer's FIN")                                       \
    COUNTER(timed_out,     "closes",   "ended because nothing we sent was acknowledged")                \
    COUNTER(zero_window,   "times",    "our window closed: the consumer holds what it was lent")        \
    GAUGE  (connections,   "connections", "open or opening now")                                        \
    GAUGE  (lent,          "segments", "with the consumer, or waiting in order")
/* clang-format on */
MR_METRICS_DECLARE(mr_tcp, MR_TCP_METRICS);

struct mr_tcp_config {
    struct mr_net *net;
    struct mr_link *link;
    uint8_t address[4];
    uint32_t connections_max;       /* 1..256 */
    uint32_t window_bytes;          /* a connection's receive window, at most lwipopts' 1 MiB */
    uint32_t send_bytes;            /* a connection's unacknowledged output: 64 KiB */
    uint16_t port_first, port_last; /* local ports, chosen at random among them: 49152..65535 */
    bool checksum_by_port;          /* the link verifies TCP checksums (MR_PACKET_L4_GOOD): do not do it again */
    uint64_t seed;                  /* tests: makes ports and initial sequence numbers repeat; 0: getrandom */
    /* Before a SYN leaves, and after the last segment: the redirecting program must know the four-tuple. May be NULL. MR_E_AGAIN: the port is
     * another program's, another one may do. */
    int (*tuple)(void *arg, bool add, uint16_t local_port, const uint8_t peer[4], uint16_t peer_port);
    void *arg;
    struct mr_tcp_metrics *metrics;
};
/* What this build stands on: "source" (as described above), "system" (Debian's binary of lwIP: windows of 64 KiB whatever the config says,
 * no SACK, first sequence numbers that can be foreseen, timers of half a second, memory from malloc), "none". */
const char *mr_tcp_flavour(void);

struct mr_tcp;
size_t mr_tcp_bytes(const struct mr_tcp_config *config);
/* MR_E_INVALID: the config, `err` says what; MR_E_FULL: this process has a stack already; MR_E_UNSUPPORTED: built without lwIP. */
int mr_tcp_open(struct mr_tcp **tcp, void *mem, const struct mr_tcp_config *config, int64_t now_ns, struct mr_err *err);
void mr_tcp_close(struct mr_tcp *tcp); /* resets what is open; every packet is released before it returns */

/* A frame that mr_net_take called TCP; it is the stack's now. */
void mr_tcp_take(struct mr_tcp *tcp, const struct mr_net_packet *segment, int64_t now_ns);
/* As struct mr_source_ops: connect, send, close_connection, poll, release. */
int mr_tcp_connect(struct mr_tcp *tcp, uint16_t connection, const struct mr_dial *dial, int64_t now_ns);
int64_t mr_tcp_send(struct mr_tcp *tcp, uint16_t connection, const uint8_t *data, uint32_t len);
void mr_tcp_drop(struct mr_tcp *tcp, uint16_t connection); /* at once, by RST if it was open */
int mr_tcp_poll(struct mr_tcp *tcp, struct mr_piece *pieces, uint32_t max);
void mr_tcp_release(struct mr_tcp *tcp, const struct mr_piece *piece);
void mr_tcp_flush(struct mr_tcp *tcp, int64_t now_ns);
void mr_tcp_housekeep(struct mr_tcp *tcp, int64_t now_ns);

#endif
