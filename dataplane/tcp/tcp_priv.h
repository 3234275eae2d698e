/* What the files of this folder share. lwIP's types stay in tcp_lwip.c.
 *
 *     tcp.c        a segment's way in, pieces out, acknowledgements: per packet
 *     tcp_dial.c   a connection's life: ports, SYN and its repetitions, the end
 *     tcp_boot.c   sizes, open, close
 *     tcp_lwip.c   lwIP: its memory, its hooks and callbacks, its output */
#ifndef MR_TCP_PRIV_H
#define MR_TCP_PRIV_H

#include "dataplane/tcp/tcp.h"
#include "dataplane/tcp/tcp_pool.h"

struct tcp_pcb;

#define MR_TCP_NOBODY UINT16_MAX
#ifdef MR_LWIP_SYSTEM /* lwIP's TCP_TMR_INTERVAL: Debian's, ours */
#define MR_TCP_TICK_NS (250 * INT64_C(1000000))
#else
#define MR_TCP_TICK_NS (50 * INT64_C(1000000))
#endif
#define MR_TCP_ANSWERS_MAX 100 /* a second, to segments that bring no data */
#define MR_TCP_SEGMENT_BYTES 1460
#define MR_TCP_QUEUE_MAX 128 /* lwIP's TCP_SND_QUEUELEN */

enum mr_tcp_where { MR_TCP_TAKEN, MR_TCP_EARLY, MR_TCP_QUEUED, MR_TCP_LENT };

/* A received segment; lives in its packet's `room`. */
struct mr_tcp_segment {
    uint64_t pbuf[4];                   /* struct pbuf_custom */
    struct mr_tcp_segment *next, *prev; /* in order: waiting for mr_tcp_poll, or lent */
    struct mr_packet *packet;
    struct mr_tcp_peer *peer;
    uint8_t *data; /* in order: what is lent */
    uint32_t len;
    uint32_t serial;  /* the peer's, when it came */
    uint16_t payload; /* bytes it brought */
    uint8_t where;    /* enum mr_tcp_where */
};
static_assert(sizeof(struct mr_tcp_segment) <= sizeof(((struct mr_packet *)0)->room),
              "a segment fits its packet's room");

enum mr_tcp_state {
    MR_TCP_FREE,
    MR_TCP_REACHING, /* the next hop's hardware address is asked for */
    MR_TCP_DIALLING, /* SYN sent */
    MR_TCP_OPEN,
    MR_TCP_ENDED,  /* its CLOSED piece follows its data */
    MR_TCP_LEAVING /* has no number any more: our FIN waits for its acknowledgement */
};
struct mr_tcp_peer {
    struct tcp_pcb *pcb; /* NULL: none yet, or gone */
    const char *reason;
    int64_t syn_next_ns;
    int32_t status;
    uint32_t serial; /* changes when the place is used anew: what is still lent of an old connection is told apart */
    uint32_t queued; /* segments in order that wait for mr_tcp_poll */
    uint32_t sent_edge, acked; /* sequence number after the last byte sent; of the last acknowledgement */
    uint16_t number, port, local_port;
    uint8_t ip[4];
    uint8_t state, syn_count;
    bool tuple, opened_due, touched, window_closed;
};

struct mr_tcp_list {
    struct mr_tcp_segment *head, *tail;
};

struct mr_tcp {
    struct mr_tcp_config config;
    struct mr_tcp_metrics *m, own;
    int64_t now_ns, tick_ns;
    struct mr_tcp_list queue, lent;
    struct mr_tcp_peer *peers;
    uint16_t *numbers; /* connection -> place in peers */
    uint16_t *ports;   /* local port - port_first -> place in peers */
    uint16_t *touched; /* places */
    uint32_t peer_count, touched_count;
    uint32_t reaching, dialling, opened_due, ended; /* how many are in that state */
    uint32_t early, waiting;                        /* segments kept out of order; in order or lent */
    uint32_t held_max;
    bool blocked; /* something could not be sent: again at the next flush */
    bool sent;    /* something waits for the link's flush */

    /* the segment that is being taken in */
    struct mr_tcp_segment *current;
    bool current_gone, current_known, current_refused, current_noise;

    int64_t answers_ns;
    uint32_t answers; /* left of this second's */
    uint64_t key[2], drawn;
    struct mr_tcp_pool pcbs, segments, small, large;
};

/* ---- tcp.c ---- */
void mr_tcp_on_data(struct mr_tcp *tcp, struct mr_tcp_peer *peer, struct mr_tcp_segment *s, uint8_t *data,
                    uint32_t len);
void mr_tcp_on_free(struct mr_tcp *tcp, struct mr_tcp_segment *s); /* nobody refers to the segment any more */
void mr_tcp_touch(struct mr_tcp *tcp, struct mr_tcp_peer *peer);
void mr_tcp_forget_queue(struct mr_tcp *tcp, const struct mr_tcp_peer *peer); /* NULL: everybody's */

/* ---- tcp_dial.c ---- */
enum mr_tcp_gone { MR_TCP_GONE_RESET, MR_TCP_GONE_TIMEOUT, MR_TCP_GONE_CLOSED };
void mr_tcp_on_open(struct mr_tcp *tcp, struct mr_tcp_peer *peer);
void mr_tcp_on_end(struct mr_tcp *tcp, struct mr_tcp_peer *peer);
void mr_tcp_on_gone(struct mr_tcp *tcp, struct mr_tcp_peer *peer, enum mr_tcp_gone how);
void mr_tcp_reach(struct mr_tcp *tcp);
void mr_tcp_dial_again(struct mr_tcp *tcp);
void mr_tcp_leave(struct mr_tcp *tcp, struct mr_tcp_peer *peer);      /* its CLOSED piece was taken */
void mr_tcp_forsake(struct mr_tcp *tcp, struct mr_tcp_peer *leaving); /* its FIN is waited for no longer */
void mr_tcp_end(struct mr_tcp *tcp, struct mr_tcp_peer *peer, int status, const char *reason);
struct mr_tcp_peer *mr_tcp_of(struct mr_tcp *tcp, uint16_t connection); /* NULL: no such connection */
struct mr_tcp_peer *mr_tcp_at(struct mr_tcp *tcp, uint16_t local_port);
/* SipHash-2-4 of two words with the stack's key; and the next number of a sequence that nobody can foresee. */
uint64_t mr_tcp_hash(const struct mr_tcp *tcp, uint64_t a, uint64_t b);
uint64_t mr_tcp_random(struct mr_tcp *tcp);

/* ---- tcp_lwip.c ---- */
size_t mr_lwip_pools(struct mr_tcp *tcp, const struct mr_tcp_config *config,
                     uint8_t *mem); /* bytes; NULL, NULL: only asks */
int mr_lwip_open(struct mr_tcp *tcp, struct mr_err *err);
void mr_lwip_close(struct mr_tcp *tcp);
uint32_t mr_lwip_early_max(const struct mr_tcp_config *config); /* segments out of order, a connection */
void mr_lwip_input(struct mr_tcp_segment *s, uint8_t *ip, uint32_t len);
void mr_lwip_free(struct mr_tcp_segment *s);
int mr_lwip_dial(struct mr_tcp *tcp, struct mr_tcp_peer *peer);
void mr_lwip_dial_again(struct mr_tcp_peer *peer);
int64_t mr_lwip_write(struct mr_tcp_peer *peer, const uint8_t *data, uint32_t len);
bool mr_lwip_used(struct mr_tcp_peer *peer,
                  uint32_t len); /* the consumer is done with them; true: the peer should know */
void mr_lwip_acknowledge(struct mr_tcp *tcp, struct mr_tcp_peer *peer);
void mr_lwip_abort(struct mr_tcp_peer *peer, bool reset);
void mr_lwip_finish(struct mr_tcp_peer *peer); /* our FIN */
void mr_lwip_retry(void);
void mr_lwip_tick(void);

#endif
