/* The venue of bench source: a TLS server on loopback, on a thread and core of its own, that sends WebSocket messages of
 * 300 bytes, a TLS record each (TLS_AES_128_GCM_SHA256). Each message carries the time just before it was encrypted. */
#ifndef MR_PERF_SOURCE_SENDER_H
#define MR_PERF_SOURCE_SENDER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <openssl/ssl.h>

#define SENDER_MESSAGE_BYTES 300u
#define SENDER_HEAD_BYTES 4u /* of a WebSocket frame this long; the time follows it */

struct sender {
    SSL_CTX *tls;
    char folder[64], ca_path[96];
    int listener;
    uint16_t port;
    uint32_t core;
    uint32_t count;  /* messages of this pass */
    int64_t pace_ns; /* between messages; 0: encrypted beforehand, then sent as fast as they are taken */
    pthread_t thread;
};

bool sender_open(struct sender *s, uint32_t core);
void sender_close(struct sender *s);
/* Serves one connection: begin, dial and read all the messages, end. */
void sender_begin(struct sender *s, uint32_t count, int64_t pace_ns);
void sender_end(struct sender *s);

#endif
