/* The venue of bench source: a TLS server on a thread and core of its own, that sends WebSocket messages of 300 bytes, a TLS record each
 * (TLS_AES_128_GCM_SHA256): depth updates of Binance USD-M, numbered from SENDER_FIRST. When it gave each of them to its kernel,
 * encrypted, stands in `stamps`; when it left the sender's device, in `wire`. */
#ifndef MR_PERF_SOURCE_SENDER_H
#define MR_PERF_SOURCE_SENDER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "perf/dataplane/source/wire.h"

#define SENDER_MESSAGE_BYTES 300u
#define SENDER_HEAD_BYTES 4u                             /* of a WebSocket frame this long */
#define SENDER_RECORD_BYTES (SENDER_MESSAGE_BYTES + 22u) /* head, inner type, tag */
#define SENDER_PAYLOAD_BYTES (SENDER_MESSAGE_BYTES - SENDER_HEAD_BYTES)
#define SENDER_FIRST 200000000000u
#define SENDER_COUNT_MOST 30000u
#define SENDER_NAME "bench.example"

struct sender {
    SSL_CTX *tls;
    char folder[64], ca_path[96];
    int listener;
    uint8_t ip[4], bypass_ip[4]; /* where the kernel's rows, and DPDK's, find it */
    uint16_t port;
    uint32_t core;
    const char *payload; /* what it sends: sender_update, or another JSON text of at least 126 bytes */
    bool plain;          /* as many bytes as the encrypted messages have, over bare TCP: no TLS */
    uint32_t count;      /* messages of this pass */
    int64_t pace_ns;     /* between messages; 0: encrypted beforehand, then sent as fast as they are taken */
    uint64_t stamps[SENDER_COUNT_MOST]; /* by message of this pass */
    struct wire_stamps *wire;           /* NULL: nobody stamps there */
    pthread_t thread;
};

extern const char sender_update[];
/* Of a TLS record, or of what stands for one. */
uint32_t sender_record_bytes(const struct sender *s);
/* Over veths: on 198.18.1.1 for the kernel's rows, 198.18.0.1 (tests/support/netns.h) for DPDK; else on the loopback. */
bool sender_open(struct sender *s, uint32_t core, bool veth);
void sender_close(struct sender *s);
/* Serves one connection: begin, dial and read all the messages, end. */
void sender_begin(struct sender *s, uint32_t count, int64_t pace_ns);
void sender_end(struct sender *s);
/* When the last byte of each of this pass's messages left the sender's device, in the time of `stamps`; false: nobody looked. */
bool sender_left(const struct sender *s, uint64_t *out);

#endif
