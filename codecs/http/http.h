/* HTTP/1.1 heads: the upgrade to WebSocket from both sides, and requests for the simulated exchange. Pure.
 *
 * Strict: one space, CRLF, no folding, a bounded number of fields and bytes; names compare without case.
 *
 * Errors  0 from the parsers: the head is not whole yet. MR_E_MALFORMED, MR_E_TOO_BIG; for upgrades MR_E_TYPE with
 *         `err` saying what the server answered instead ("HTTP 403 ..."). */
#ifndef MR_HTTP_HTTP_H
#define MR_HTTP_HTTP_H

#include "dataplane/text/text.h"

#define MR_HTTP_HEAD_MAX   16384
#define MR_HTTP_FIELDS_MAX 64
#define MR_WS_KEY_TEXT     25 /* with NUL */
#define MR_WS_ACCEPT_TEXT  29

struct mr_http_field {
    struct mr_span name, value;
};
struct mr_http_head {
    struct mr_span method, target; /* of a request */
    int status;                    /* of a response */
    struct mr_span reason;
    uint32_t fields;
    struct mr_http_field field[MR_HTTP_FIELDS_MAX];
};
/* Bytes of the head including the blank line; 0: needs more; or a status. */
int64_t mr_http_request(const uint8_t *data, uint32_t len, struct mr_http_head *out);
int64_t mr_http_response(const uint8_t *data, uint32_t len, struct mr_http_head *out);
/* The first field of that name, or an empty span. */
struct mr_span mr_http_find(const struct mr_http_head *head, const char *name);
/* in a comma-separated list */
bool mr_http_has_token(const struct mr_http_head *head, const char *name, const char *token);
/* Content-Length; -1 none; or a status. */
int64_t mr_http_length(const struct mr_http_head *head);

void mr_ws_key(const uint8_t random[16], char key[MR_WS_KEY_TEXT]);
void mr_ws_accept(const char *key, char accept[MR_WS_ACCEPT_TEXT]);
void mr_ws_request(struct mr_text *out, const char *host, uint16_t port, const char *path, const char *key);
/* Checks the server's answer: 101, Upgrade, Connection, Accept, no extension, no subprotocol. Bytes of the head, 0, or
 * a status. */
int64_t mr_ws_response(const uint8_t *data, uint32_t len, const char *key, struct mr_err *err);

#endif
