/* HTTP/1.x heads: the upgrade to WebSocket from both sides, and requests for the simulated exchange. Pure.
 *
 * Strict: one space between the parts of the first line, CRLF at each line's end, no folding, no space in front of a
 * colon, a bounded number of fields and bytes; names compare without case. Blanks around a value do not belong to it.
 *
 * Bytes   spans point into `data`. A head that comes in parts is given again from its start: a verdict on a part is 0
 *         or the verdict on the whole (tests: at every split).
 * Errors  0 from the parsers: the head is not whole yet. MR_E_MALFORMED, MR_E_TOO_BIG; for upgrades MR_E_TYPE with
 *         `err` saying what the server answered instead ("HTTP 403 Forbidden") or which field is not as it must be. */
#ifndef MR_HTTP_HTTP_H
#define MR_HTTP_HTTP_H

#include "dataplane/text/text.h"

#define MR_HTTP_HEAD_MAX 16384
#define MR_HTTP_FIELDS_MAX 64
#define MR_WS_KEY_TEXT 25 /* with NUL */
#define MR_WS_ACCEPT_TEXT 29

struct mr_http_field {
    struct mr_span name, value;
};
struct mr_http_head {
    struct mr_span method, target; /* of a request */
    int status;                    /* of a response */
    struct mr_span reason;
    uint8_t minor; /* HTTP/1.minor: 0 or 1 */
    uint32_t fields;
    struct mr_http_field field[MR_HTTP_FIELDS_MAX];
};
/* Bytes of the head including the blank line; 0: needs more; or a status. */
int64_t mr_http_request(const uint8_t *data, uint32_t len, struct mr_http_head *out);
int64_t mr_http_response(const uint8_t *data, uint32_t len, struct mr_http_head *out);
/* The first field of that name, or an empty span. */
struct mr_span mr_http_find(const struct mr_http_head *head, const char *name);
uint32_t mr_http_count(const struct mr_http_head *head, const char *name); /* fields of that name */
bool mr_http_has_token(const struct mr_http_head *head, const char *name,
                       const char *token); /* in a comma-separated list, of all fields of that name */
/* Content-Length; -1 none; or a status: MR_E_MALFORMED for two of them or other than digits, MR_E_TOO_BIG beyond 2^53. */
int64_t mr_http_length(const struct mr_http_head *head);

/* ---- the client's side of an upgrade ---- */

void mr_ws_key(const uint8_t random[16], char key[MR_WS_KEY_TEXT]);
void mr_ws_accept(const char *key, char accept[MR_WS_ACCEPT_TEXT]);
/* The port stands in Host unless it is 443. MR_OK, MR_E_FULL, or MR_E_INVALID for a host, path or key with bytes that would end the line or the
 * word (nothing is written then). */
int mr_ws_request(struct mr_text *out, const char *host, uint16_t port, const char *path, const char *key);
/* Checks the server's answer: 101, Upgrade, Connection, Accept, no extension, no subprotocol, no body. Bytes of the head
 * (frames may follow at once), 0, or a status. */
int64_t mr_ws_response(const uint8_t *data, uint32_t len, const char *key, struct mr_err *err);

/* ---- the server's side ---- */

/* Is this request an upgrade we take? MR_OK with the Accept text, or MR_E_TYPE with `err` saying what is missing (answer 400, or 426 with
 * Sec-WebSocket-Version: 13). */
int mr_ws_asked(const struct mr_http_head *request, char accept[MR_WS_ACCEPT_TEXT], struct mr_err *err);
void mr_ws_answer(struct mr_text *out, const char *accept); /* the 101 */

#endif
