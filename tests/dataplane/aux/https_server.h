/* A small HTTPS server for tests, on 127.0.0.1, a thread a connection, with a certificate made on the spot.
 *
 * What it answers is in the path: /bytes/N (N bytes of a known pattern), /chunked/N, /status/CODE,
 * /status/CODE/RETRY_AFTER, /redirect, /echo (the request's body), /head (the request's head), /slow (nothing, until
 * stopped), /half (breaks off), /garbage (no HTTP). */
#ifndef MR_TESTS_HTTPS_SERVER_H
#define MR_TESTS_HTTPS_SERVER_H

#include "tests/support/support.h"

struct https_server;
/* `names`: subjectAltName of its certificate, as "DNS:rest.test,IP:127.0.0.1". The CA's certificate is written to
 * `ca_file`. */
struct https_server *https_server_open(const char *names, const char *ca_file);
void https_server_close(struct https_server *s);
uint16_t https_server_port(const struct https_server *s);
uint32_t https_server_requests(const struct https_server *s); /* served so far */
uint32_t https_server_connections(const struct https_server *s);
uint32_t https_server_most(const struct https_server *s); /* requests at the same time, at most */
uint8_t https_server_pattern(uint32_t i);                 /* byte i of /bytes/N */
uint16_t https_server_unused_port(void);                  /* where nobody listens */

#endif
