/* The upgrade to WebSocket (RFC 6455, section 4). */
#include "codecs/http/http.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

void mr_ws_key(const uint8_t random[16], char key[MR_WS_KEY_TEXT])
{
    EVP_EncodeBlock((unsigned char *)key, random, 16);
}

void mr_ws_accept(const char *key, char accept[MR_WS_ACCEPT_TEXT])
{
    char text[MR_WS_KEY_TEXT + 36];
    struct mr_text t;
    mr_text_init(&t, text, sizeof text);
    mr_text_add(&t, key);
    mr_text_add(&t, "258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    MR_ASSERT(!t.cut); /* keys are 24 characters: ours, or one that mr_ws_asked let pass */
    unsigned char digest[SHA_DIGEST_LENGTH];
    MR_ASSERT(SHA1((const unsigned char *)text, t.len, digest));
    EVP_EncodeBlock((unsigned char *)accept, digest, SHA_DIGEST_LENGTH);
}

/* May it stand in the middle of a line, as one word? */
static bool one_word(const char *text)
{
    for (const char *c = text; *c; c++)
        if (*c <= 0x20 || *c >= 0x7f)
            return false;
    return *text != 0;
}

int mr_ws_request(struct mr_text *out, const char *host, uint16_t port, const char *path, const char *key)
{
    if (!one_word(host) || !one_word(path) || path[0] != '/' || !one_word(key))
        return MR_E_INVALID;
    bool literal_v6 = strchr(host, ':') && host[0] != '[';
    mr_text_format(out, "GET %s HTTP/1.1\r\nHost: %s%s%s", path, literal_v6 ? "[" : "", host, literal_v6 ? "]" : "");
    if (port != 443)
        mr_text_format(out, ":%u", port);
    mr_text_format(out,
                   "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
                   "Sec-WebSocket-Version: 13\r\nUser-Agent: millrace\r\n\r\n",
                   key);
    return out->cut ? MR_E_FULL : MR_OK;
}

/* What stands in the error must be readable, whatever the server sent. */
static const char *printable(struct mr_span s, char *out, size_t bytes)
{
    size_t n = s.len < bytes - 1 ? s.len : bytes - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = s.data[i] >= 0x20 && s.data[i] < 0x7f ? (char)s.data[i] : '?';
    out[n] = 0;
    return out;
}

/* An answer other than 101, with the two fields that say where to turn and when. */
static MR_COLD int other_answer(const struct mr_http_head *head, struct mr_err *err)
{
    char reason[80], location[200], after[40];
    struct mr_span to = mr_http_find(head, "location"), wait = mr_http_find(head, "retry-after");
    return mr_err_set(err, MR_E_TYPE, "HTTP %d %s%s%s%s%s", head->status,
                      printable(head->reason, reason, sizeof reason), to.len ? ", Location: " : "",
                      printable(to, location, sizeof location), wait.len ? ", Retry-After: " : "",
                      printable(wait, after, sizeof after));
}

/* The one field of that name is that value, without regard to case. */
static bool is_only(const struct mr_http_head *head, const char *name, const char *value)
{
    return mr_http_count(head, name) == 1 && mr_http_has_token(head, name, value) &&
           mr_http_find(head, name).len == strlen(value);
}

/* What is wrong with a 101; NULL: nothing. */
static const char *refused_101(const struct mr_http_head *head, const char *key)
{
    char accept[MR_WS_ACCEPT_TEXT];
    mr_ws_accept(key, accept);
    if (head->minor != 1)
        return "in HTTP/1.0, which has no upgrade";
    if (!is_only(head, "upgrade", "websocket"))
        return "but not \"Upgrade: websocket\"";
    if (!mr_http_has_token(head, "connection", "upgrade"))
        return "but not \"Connection: Upgrade\"";
    struct mr_span got = mr_http_find(head, "sec-websocket-accept");
    if (mr_http_count(head, "sec-websocket-accept") != 1 || !mr_span_is(got, accept, strlen(accept)))
        return "but Sec-WebSocket-Accept is not the answer to our key";
    if (mr_http_count(head, "sec-websocket-extensions"))
        return "but with an extension, and we asked for none";
    if (mr_http_count(head, "sec-websocket-protocol"))
        return "but with a subprotocol, and we asked for none";
    if (mr_http_length(head) > 0 || mr_http_length(head) < -1 || mr_http_count(head, "transfer-encoding"))
        return "but with a body";
    return NULL;
}

int64_t mr_ws_response(const uint8_t *data, uint32_t len, const char *key, struct mr_err *err)
{
    struct mr_http_head head;
    int64_t n = mr_http_response(data, len, &head);
    if (n == MR_E_TOO_BIG)
        return mr_err_set(err, MR_E_TOO_BIG, "the answer's head has more than %d bytes or %d fields", MR_HTTP_HEAD_MAX,
                          MR_HTTP_FIELDS_MAX);
    if (n < 0)
        return mr_err_set(err, (int)n, "the answer is not an HTTP head");
    if (n == 0)
        return 0;
    if (head.status != 101)
        return other_answer(&head, err);
    const char *why = refused_101(&head, key);
    return why ? mr_err_set(err, MR_E_TYPE, "HTTP 101, %s", why) : n;
}

/* 16 bytes in base64: 22 characters, of which the last holds 4 bits, and "==". */
static bool is_key(struct mr_span s)
{
    if (s.len != MR_WS_KEY_TEXT - 1 || s.data[22] != '=' || s.data[23] != '=' || !memchr("AQgw", s.data[21], 4))
        return false;
    for (uint32_t i = 0; i < 22; i++) {
        uint8_t c = s.data[i], letter = c | 0x20;
        if (!((letter >= 'a' && letter <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/'))
            return false;
    }
    return true;
}

int mr_ws_asked(const struct mr_http_head *request, char accept[MR_WS_ACCEPT_TEXT], struct mr_err *err)
{
    if (!mr_span_eq(request->method, "GET") || request->minor != 1)
        return mr_err_set(err, MR_E_TYPE, "an upgrade is a GET in HTTP/1.1");
    if (mr_http_count(request, "host") != 1)
        return mr_err_set(err, MR_E_TYPE, "an upgrade has one Host");
    if (!mr_http_has_token(request, "upgrade", "websocket") || !mr_http_has_token(request, "connection", "upgrade"))
        return mr_err_set(err, MR_E_TYPE, "not an upgrade to websocket: wants Upgrade and Connection");
    if (!is_only(request, "sec-websocket-version", "13"))
        return mr_err_set(err, MR_E_TYPE, "Sec-WebSocket-Version must be 13");
    struct mr_span key = mr_http_find(request, "sec-websocket-key");
    if (mr_http_count(request, "sec-websocket-key") != 1 || !is_key(key))
        return mr_err_set(err, MR_E_TYPE, "Sec-WebSocket-Key must be 16 bytes in base64");
    if (mr_http_length(request) > 0 || mr_http_length(request) < -1 || mr_http_count(request, "transfer-encoding"))
        return mr_err_set(err, MR_E_TYPE, "an upgrade has no body");
    char text[MR_WS_KEY_TEXT] = {0};
    memcpy(text, key.data, key.len);
    mr_ws_accept(text, accept);
    return MR_OK;
}

void mr_ws_answer(struct mr_text *out, const char *accept)
{
    mr_text_format(out,
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: %s\r\n\r\n",
                   accept);
}
