/* HTTP on the exchange's port: upgrades, the venues' REST, the account's, and the exchange's own /exchange/... */
#include <stdlib.h>

#include "controlplane/exchange/remote/wire.h"
#include "tests/exchange/server/bodies.h"
#include "tests/exchange/server/server_priv.h"

static const char *reason_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthorized";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 413:
        return "Content Too Large";
    case 422:
        return "Unprocessable Entity";
    case 426:
        return "Upgrade Required";
    case 429:
        return "Too Many Requests";
    case 431:
        return "Request Header Fields Too Large";
    case 503:
        return "Service Unavailable";
    default:
        return "Error";
    }
}

void mr_request_answer(struct conn *c, bool last, int status, struct mr_span body)
{
    char head[256];
    struct mr_text t;
    mr_text_init(&t, head, sizeof head);
    mr_text_format(&t, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %u\r\n%s%s\r\n", status,
                   reason_of(status), body.len, status == 503 || status == 429 ? "Retry-After: 1\r\n" : "",
                   last ? "Connection: close\r\n" : "");
    const struct mr_span parts[] = {{(const uint8_t *)head, (uint32_t)t.len}, body};
    bool ours = status == 200 || status == 503;
    c->x->stats.requests += ours;
    c->x->stats.limited += status == 429;
    c->x->stats.bad_requests += !ours && status != 429;
    if (mr_conn_write(c, parts, 2) && last)
        mr_conn_last(c);
}

static void answer(struct conn *c, const struct request *r, int status, struct mr_span body)
{
    mr_request_answer(c, r->last, status, body);
}

static void answer_error(struct conn *c, const struct request *r, int status, const struct mr_err *err)
{
    char body[700];
    struct mr_text t;
    struct mr_json_out j;
    mr_text_init(&t, body, sizeof body);
    mr_json_out_init(&j, &t);
    mr_json_out_object(&j, NULL);
    mr_json_out_string(&j, "error", err->text);
    mr_json_out_end(&j);
    answer(c, r, status, (struct mr_span){(const uint8_t *)body, (uint32_t)t.len});
}

static void refuse(struct conn *c, int status, const char *why)
{
    const struct request r = {.last = true};
    struct mr_err err;
    mr_err_set(&err, MR_E_INVALID, "%s", why);
    answer_error(c, &r, status, &err);
}

/* ---- /exchange/... ---- */

static void copy(char *out, size_t room, struct mr_span text)
{
    size_t n = text.len < room - 1 ? text.len : room - 1;
    if (n)
        memcpy(out, text.data, n);
    out[n] = 0;
}

static void book(struct conn *c, const struct request *r, struct mr_text *t)
{
    char product[40], symbol[MR_SYMBOL_BYTES], levels[12];
    struct mr_err err;
    const struct mr_venue *venue;
    uint8_t row;
    copy(product, sizeof product, mr_rest_param(r->query, "product"));
    copy(symbol, sizeof symbol, mr_rest_param(r->query, "symbol"));
    copy(levels, sizeof levels, mr_rest_param(r->query, "levels"));
    int status = mr_venue_parse(product, &venue, &row, &err);
    if (status == MR_OK)
        status = mr_tape_truth(c->x->tape, venue->id, row, mr_span_of(symbol), (uint32_t)strtoul(levels, NULL, 10),
                               c->x->truth);
    if (status == MR_E_SYMBOL || status == MR_E_EMPTY)
        mr_err_set(&err, status, "%s %s: %s", product, symbol,
                   status == MR_E_EMPTY ? "no book yet" : "no such instrument");
    if (status) {
        answer_error(c, r, status == MR_E_EMPTY ? 503 : 404, &err);
        return;
    }
    mr_body_book(t, c->x->truth, product);
    answer(c, r, 200, (struct mr_span){(const uint8_t *)t->out, (uint32_t)t->len});
}

static void fault(struct conn *c, const struct request *r)
{
    char text[1024];
    struct mr_exchange_fault what;
    struct mr_err err;
    copy(text, sizeof text, r->body);
    int status = mr_exchange_fault_parse(text, &what, &err);
    if (status) {
        answer_error(c, r, 400, &err);
        return;
    }
    answer(c, r, 200, mr_span_of("{\"ok\":true}")); /* before it: a fault may end this connection too */
    mr_conn_flush(c);
    mr_fault_begin(c->x, &what, NULL);
}

static void own(struct conn *c, const struct request *r, struct mr_text *t)
{
    bool post = mr_span_eq(r->head.method, "POST");
    if (!post && mr_span_eq(r->path, "/exchange/stats")) {
        mr_exchange_stats_json(&c->x->stats, t);
        answer(c, r, 200, (struct mr_span){(const uint8_t *)t->out, (uint32_t)t->len});
    } else if (!post && mr_span_eq(r->path, "/exchange/book")) {
        book(c, r, t);
    } else if (!post && c->x->account && mr_span_eq(r->path, "/exchange/account")) {
        mr_account_show(c->x, t);
        answer(c, r, 200, (struct mr_span){(const uint8_t *)t->out, (uint32_t)t->len});
    } else if (post && mr_span_eq(r->path, "/exchange/fault")) {
        fault(c, r);
    } else if (post && (mr_span_eq(r->path, "/exchange/pause") || mr_span_eq(r->path, "/exchange/resume"))) {
        mr_tape_pause(c->x->tape, mr_span_eq(r->path, "/exchange/pause"), c->x->now_ns - c->x->stood_ns);
        answer(c, r, 200, mr_span_of("{\"ok\":true}"));
    } else {
        const struct mr_err err = {"want GET /exchange/stats, /exchange/book?product=&symbol=, with an account "
                                   "/exchange/account; POST /exchange/fault, /exchange/pause, /exchange/resume"};
        answer_error(c, r, 404, &err);
    }
}

/* ---- upgrades ---- */

bool mr_request_upgrade(struct conn *c, struct mr_span head)
{
    c->assembly = malloc(MESSAGE_MAX);
    MR_ASSERT(c->assembly);
    mr_ws_init(&c->ws, MR_WS_SERVER, c->assembly, MESSAGE_MAX);
    c->state = CONN_SOCKET;
    c->since_ns = c->x->now_ns;
    c->x->stats.upgrades++;
    c->x->stats.sockets++;
    return mr_conn_write(c, &head, 1);
}

static void upgrade(struct conn *c, const struct request *r, const struct mr_talk_place *place)
{
    char key[MR_WS_KEY_TEXT], accept[MR_WS_ACCEPT_TEXT], head[256];
    struct mr_span given = mr_http_find(&r->head, "Sec-WebSocket-Key");
    if (given.len != MR_WS_KEY_TEXT - 1 || !mr_span_eq(mr_http_find(&r->head, "Sec-WebSocket-Version"), "13") ||
        !mr_span_eq(r->head.method, "GET")) {
        refuse(c, 400, "a WebSocket upgrade is a GET with Sec-WebSocket-Version: 13 and a key of 24 characters");
        return;
    }
    copy(key, sizeof key, given);
    mr_ws_accept(key, accept);
    struct mr_text t;
    mr_text_init(&t, head, sizeof head);
    mr_text_format(&t,
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
                   "Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                   accept);
    c->subs = calloc(MR_TALK_SUBS_MAX, sizeof *c->subs);
    MR_ASSERT(c->subs);
    bool written = mr_request_upgrade(c, (struct mr_span){(const uint8_t *)head, (uint32_t)t.len});
    if (written && mr_fault_lasts(c->x, MR_FAULT_TOKEN, place->venue, place->product)) {
        static const char why[] = "{\"id\":\"1\",\"type\":\"error\",\"code\":401,\"data\":\"token is expired\"}";
        c->x->stats.turned_away++;
        mr_conn_frame(c, MR_WS_TEXT, &(struct mr_span){(const uint8_t *)why, sizeof why - 1}, 1);
        mr_conn_close(c, 1000, "Bye");
    } else if (written)
        mr_talk_open(&c->talk, place, &mr_exchange_host, c, c->subs, c->id, c->x->now_ns);
}

/* ---- one request ---- */

bool mr_request_limited(struct mr_exchange *x, uint8_t venue)
{
    if (!x->config.rest_per_minute)
        return false;
    if (x->now_ns - x->rest_minute_ns >= 60 * SECOND) {
        x->rest_minute_ns = x->now_ns;
        memset(x->rest_count, 0, sizeof x->rest_count);
    }
    return ++x->rest_count[venue] > x->config.rest_per_minute;
}

/* Refuses it, or leaves it unanswered; false: no fault is at work here. */
static bool turned_away(struct conn *c, const struct request *r, const struct mr_talk_place *p)
{
    struct mr_exchange *x = c->x;
    bool away = true;
    if (!p->socket && mr_fault_lasts(x, MR_FAULT_TIMEOUT, p->venue, p->product))
        c->hung = true;
    else if (mr_fault_lasts(x, MR_FAULT_LIMIT, p->venue, p->product))
        answer(c, r, 429, mr_span_of("{\"code\":-1003,\"msg\":\"Too many requests; current limit is reached.\"}"));
    else if (!p->socket && mr_fault_lasts(x, MR_FAULT_UNAVAILABLE, p->venue, p->product))
        answer(c, r, 503, mr_span_of("{\"msg\":\"Service unavailable\"}"));
    else if (p->socket && p->venue != MR_VENUE_kucoin && mr_fault_lasts(x, MR_FAULT_TOKEN, p->venue, p->product))
        refuse(c, 401, "who are you?");
    else
        away = false;
    x->stats.turned_away += away;
    return away;
}

static void route(struct conn *c, struct request *r)
{
    struct mr_text t;
    mr_text_init(&t, c->x->body, BODY_BYTES);
    if (mr_span_starts(r->path, "/exchange/")) {
        own(c, r, &t);
        return;
    }
    if (c->x->account && mr_span_starts(r->path, MR_WIRE_PATH)) {
        mr_account_request(c, r);
        return;
    }
    struct mr_talk_place place;
    struct mr_span path = r->head.target;
    if (!mr_talk_place(r->host, &path, &place)) {
        refuse(c, 404, "no venue here: give its Host, a path of its own, or a prefix such as /binance/usdm");
        return;
    }
    r->path = mr_span_cut(path, '?', NULL);
    if (turned_away(c, r, &place))
        return;
    if (mr_http_has_token(&r->head, "Connection", "upgrade") && mr_http_has_token(&r->head, "Upgrade", "websocket")) {
        if (place.socket)
            upgrade(c, r, &place);
        else
            refuse(c, 404, "no WebSocket at this path");
        return;
    }
    if (place.socket) {
        refuse(c, 426, "this path wants an upgrade to WebSocket");
        return;
    }
    if (mr_request_limited(c->x, place.venue)) {
        answer(c, r, 429, mr_span_of("{\"code\":-1003,\"msg\":\"Too many requests; current limit is reached.\"}"));
        return;
    }
    const struct mr_rest_request rest = {.path = r->path,
                                         .query = r->query,
                                         .body = r->body,
                                         .post = mr_span_eq(r->head.method, "POST"),
                                         .stale = mr_fault_lasts(c->x, MR_FAULT_STALE, place.venue, place.product)};
    c->x->stats.aged += rest.stale;
    int status = mr_rest_answer(c->x->tape, place.venue, place.product, &rest, c->x->truth, c->x->now_ns, &t);
    MR_ASSERT(!t.cut);
    answer(c, r, status, (struct mr_span){(const uint8_t *)t.out, (uint32_t)t.len});
}

void mr_request_take(struct conn *c)
{
    while (c->state == CONN_HTTP && c->in_len && !c->waits) {
        struct request r = {0};
        int64_t n = mr_http_request(c->in, c->in_len, &r.head);
        int64_t length = n > 0 ? mr_http_length(&r.head) : 0;
        if (n < 0 || length < -1) {
            refuse(c, n == MR_E_TOO_BIG ? 431 : 400, "not an HTTP/1.1 request");
            return;
        }
        length = length < 0 ? 0 : length;
        if (n + length > IN_BYTES - 1) {
            refuse(c, 413, "the body is too big");
            return;
        }
        if (n == 0 || c->in_len < (uint64_t)(n + length))
            return; /* more is to come */
        r.host = mr_http_find(&r.head, "Host");
        r.path = mr_span_cut(r.head.target, '?', &r.query);
        r.body = (struct mr_span){c->in + n, (uint32_t)length};
        r.last = mr_http_has_token(&r.head, "Connection", "close");
        uint32_t used = (uint32_t)(n + length);
        c->since_ns = c->x->now_ns;
        route(c, &r);
        if (c->state == CONN_FREE)
            return;
        memmove(c->in, c->in + used, c->in_len - used);
        c->in_len -= used;
    }
}
