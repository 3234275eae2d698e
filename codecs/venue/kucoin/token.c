/* The answer to POST /api/v1/bullet-public:
 *   {"code":"200000","data":{"token":"2neA..==.gJEI..==","instanceServers":[{"endpoint":"wss://ws-api-futures.kucoin.com/",
 *    "encrypt":true,"protocol":"websocket","pingInterval":18000,"pingTimeout":10000}]}}
 * The socket is <endpoint>?token=<token>&connectId=<ours>. Where the endpoint is may change from answer to answer. */
#include <stdio.h>

#include "codecs/venue/dial_priv.h"
#include "codecs/venue/kucoin/kucoin_priv.h"

struct answer {
    struct mr_span code, message, token, endpoint, protocol, interval, timeout;
};

/* The first server that is named. */
static void servers(struct mr_json *j, struct answer *a)
{
    const struct mr_dial_field fields[] = {{"endpoint", &a->endpoint},
                                           {"protocol", &a->protocol},
                                           {"pingInterval", &a->interval},
                                           {"pingTimeout", &a->timeout}};
    bool first = true;
    if (mr_json_peek(j) != MR_JSON_ARRAY) {
        mr_json_skip(j);
        return;
    }
    mr_json_array(j);
    for (; mr_json_next(j); first = false)
        if (first)
            mr_dial_object(j, fields, MR_COUNT_OF(fields));
        else
            mr_json_skip(j);
}

static void data(struct mr_json *j, struct answer *a)
{
    const struct mr_dial_field fields[] = {{"token", &a->token}};
    struct mr_span key;
    if (mr_json_peek(j) != MR_JSON_OBJECT) {
        mr_json_skip(j);
        return;
    }
    mr_json_object(j);
    while (mr_json_key(j, &key))
        if (mr_json_key_is(j, key, "instanceServers"))
            servers(j, a);
        else
            mr_dial_member(j, key, fields, MR_COUNT_OF(fields));
}

static bool read_answer(struct mr_span body, struct answer *a)
{
    const struct mr_dial_field fields[] = {{"code", &a->code}, {"msg", &a->message}};
    struct mr_json j;
    struct mr_span key;
    mr_json_open(&j, body.data, body.len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key)) {
            if (mr_json_key_is(&j, key, "data"))
                data(&j, a);
            else
                mr_dial_member(&j, key, fields, MR_COUNT_OF(fields));
        }
    return mr_json_close(&j) == MR_OK;
}

static int refuse(struct mr_grant *out, int status, const char *why)
{
    snprintf(out->why, sizeof out->why, "%s", why);
    return status;
}

/* Letters of a host name; nothing that could end it. */
static bool host_letter(uint8_t c)
{
    return (uint8_t)((c | 0x20) - 'a') < 26 || (uint8_t)(c - '0') < 10 || c == '-' || c == '.';
}

/* "wss://host[:port][/path]" */
static int endpoint(struct mr_span text, struct mr_text *path, struct mr_grant *out)
{
    static const char scheme[] = "wss://";
    uint32_t at = sizeof scheme - 1, begin = at, port = 0;
    if (text.len <= at || memcmp(text.data, scheme, at) != 0)
        return refuse(out, MR_E_MALFORMED, "the token's endpoint is no wss:// address");
    while (at < text.len && host_letter(text.data[at]))
        at++;
    if (at == begin || at - begin >= sizeof out->host)
        return refuse(out, MR_E_MALFORMED, "the token's endpoint has no host, or too long a one");
    memcpy(out->host, text.data + begin, at - begin);
    out->host[at - begin] = 0;
    if (at == text.len || text.data[at] != ':') {
        port = 443;
    } else {
        for (at++; at < text.len && (uint8_t)(text.data[at] - '0') < 10 && port < 65536; at++)
            port = port * 10 + (text.data[at] - '0');
    }
    if (port == 0 || port > 65535 || (at < text.len && text.data[at] != '/'))
        return refuse(out, MR_E_MALFORMED, "the token's endpoint has no good port");
    out->port = (uint16_t)port;
    if (at == text.len)
        mr_text_add(path, "/");
    for (; at < text.len; at++) {
        if (text.data[at] <= ' ' || text.data[at] >= 0x7f || strchr("\"\\?#", text.data[at]))
            return refuse(out, MR_E_MALFORMED, "the token's endpoint has a path that is none");
        mr_text_bytes(path, (const char *)&text.data[at], 1);
    }
    return MR_OK;
}

/* As it may stand behind '=' in a URL. */
static void encode(struct mr_text *to, struct mr_span text)
{
    for (uint32_t i = 0; i < text.len; i++)
        if (host_letter(text.data[i]) || text.data[i] == '_' || text.data[i] == '~')
            mr_text_bytes(to, (const char *)&text.data[i], 1);
        else
            mr_text_format(to, "%%%02X", text.data[i]);
}

static uint32_t seconds(struct mr_span ms)
{
    uint64_t n = mr_dial_id(ms);
    return n == 0 || n > 3600000 ? 0 : (uint32_t)(n < 1000 ? 1 : n / 1000);
}

int mr_kucoin_token(uint8_t product, struct mr_span body, uint64_t id, struct mr_grant *out)
{
    struct answer a = {.code = {NULL, 0}};
    struct mr_text path;
    uint8_t plain[512];
    (void)product;
    memset(out, 0, sizeof *out);
    mr_text_init(&path, out->path, sizeof out->path);
    if (!read_answer(body, &a))
        return refuse(out, MR_E_MALFORMED, "the answer to the token request is no JSON");
    if (a.code.data && !mr_dial_is(a.code, "200000")) {
        char said[64];
        mr_dial_text(a.message.data ? a.message : a.code, said, sizeof said);
        snprintf(out->why, sizeof out->why, "no token: %s", said);
        return MR_E_UNKNOWN;
    }
    if (!a.token.len || !a.endpoint.len)
        return refuse(out, MR_E_MISSING, "the answer to the token request has no token or no endpoint");
    int64_t n = mr_json_unescape(a.endpoint, plain, sizeof plain); /* "wss:\/\/" is legal */
    if (n < 0)
        return refuse(out, MR_E_TOO_BIG, "the token's endpoint is too long");
    int status = endpoint((struct mr_span){plain, (uint32_t)n}, &path, out);
    if (status != MR_OK)
        return status;
    uint8_t token[1024];
    n = mr_json_unescape(a.token, token, sizeof token);
    mr_text_add(&path, "?token=");
    if (n > 0)
        encode(&path, (struct mr_span){token, (uint32_t)n});
    mr_text_format(&path, "&connectId=%llu", (unsigned long long)id);
    if (n <= 0 || path.cut)
        return refuse(out, MR_E_TOO_BIG, "the token is too long");
    out->ping_s = seconds(a.interval);
    out->pong_s = seconds(a.timeout);
    return MR_OK;
}
