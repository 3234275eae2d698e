/* A WebSocket client over OpenSSL for tests: blocking, with deadlines. */
#ifndef MR_TESTS_EXCHANGE_CLIENT_H
#define MR_TESTS_EXCHANGE_CLIENT_H

#include "tests/exchange/server/server.h"
#include "tests/support/support.h"

struct client;

enum { CLIENT_NOTHING = -1, CLIENT_CLOSED = -2 }; /* nothing came in time; the connection has ended */

/* NULL: no connection (refused), or the handshake failed: `why` says so. */
struct client *client_dial(uint16_t port, const char *ca, const char *host, const char **why);
void client_close(struct client *c);
/* The upgrade; the status of the answer. */
int client_upgrade(struct client *c, const char *host, const char *path);
/* The status of the HTTP answer that comes next; -1 none. */
int client_answer(struct client *c, int timeout_ms);
int client_head(struct client *c, int timeout_ms); /* the same, and takes the head: frames follow */
/* dial and upgrade, which must succeed. */
struct client *client_open(const struct mr_exchange *x, const char *host, const char *path);

void client_say(struct client *c, const char *text);
void client_frame(struct client *c, uint8_t opcode, const void *data, uint32_t len);
void client_raw(struct client *c, const void *data, uint32_t len);
/* The next frame's opcode (data and len: good until the next call), CLIENT_NOTHING or CLIENT_CLOSED. */
int client_next(struct client *c, int timeout_ms, const char **text, uint32_t *len);
/* Bytes that came and are no whole frame. */
uint32_t client_left(const struct client *c);

/* A request as it stands, which asks for `Connection: close`, on a connection of its own; the status, and the body (NUL behind it) in `body`. */
int client_ask(const struct mr_exchange *x, const char *host, struct mr_span request, char *body, size_t room);
/* One REST request on a connection of its own; the status, and the body (NUL behind it) in `body`. */
int client_rest(const struct mr_exchange *x, const char *host, const char *target, const char *post, char *body,
                size_t room);

#endif
