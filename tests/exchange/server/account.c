/* An account of the paper exchange, behind signed REST and a private stream: controlplane/exchange/remote/wire.h has the words, and the matching
 * is controlplane/exchange/paper itself. A request's answer leaves when the paper exchange gives it; what it tells unasked goes to every stream. */
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/exchange/remote/sign.h"
#include "controlplane/exchange/remote/wire.h"
#include "tests/exchange/server/account_priv.h"

#define ENDED_MAX 6000
#define ANSWERS_MAX 16384
#define KIND_BITS 4 /* of a request's number, so that an answer tells what was asked */

static_assert(MR_REQUEST_KIND_COUNT <= 1 << KIND_BITS, "a request's kind stands in its number");

/* ---- opening ---- */

int mr_account_open(struct mr_exchange *x, struct mr_err *err)
{
    struct mr_account *a = x->account = calloc(1, sizeof *a);
    MR_ASSERT(a);
    int status = mr_secrets_open(&a->secrets, x->config.account, err);
    if (status == MR_OK) {
        a->who = mr_secrets_of(&a->secrets, "paper");
        if (!a->who)
            status = mr_err_set(err, MR_E_MISSING, "%s: no entry of the venue \"paper\"", x->config.account);
    }
    if (status == MR_OK)
        status = mr_account_market_open(x, a, err);
    if (status)
        return status;
    struct mr_paper_config c = mr_paper_defaults(a->instruments);
    c.instruments_max = ACCOUNT_INSTRUMENTS;
    c.ended_max = ENDED_MAX;
    c.answers_max = ANSWERS_MAX;
    c.cash = (mr_money)(x->config.cash ? x->config.cash : 10000) * MR_MONEY_ONE;
    c.there_ns = c.back_ns = x->config.latency_ns;
    c.jitter_ns = x->config.latency_ns / 2;
    c.seed = x->config.tape.market.seed;
    c.session = (uint64_t)x->now_ns / 1000000;
    void *mem = aligned_alloc(64, (mr_paper_bytes(&c) + 63) / 64 * 64);
    a->out = malloc(MR_WIRE_BODY_MAX);
    MR_ASSERT(mem && a->out);
    a->paper = mr_paper_init(mem, &c);
    a->driver = mr_paper_driver(a->paper);
    return MR_OK;
}

void mr_account_close(struct mr_account *a)
{
    if (!a)
        return;
    mr_secrets_close(&a->secrets);
    mr_account_market_close(a);
    free(a->paper);
    free(a->out);
    free(a);
}

/* ---- requests ---- */

static void refuse(struct conn *c, const struct request *r, int status, const char *word, const char *text)
{
    char body[256];
    int n = snprintf(body, sizeof body, "{\"error\":\"%s\",\"text\":\"%s\"}", word, text);
    mr_request_answer(c, r->last, status, (struct mr_span){(const uint8_t *)body, (uint32_t)n});
}

static int64_t milliseconds(struct mr_span text)
{
    int64_t ms = 0;
    for (uint32_t i = 0; i < text.len && i < 15; i++)
        ms = text.data[i] >= '0' && text.data[i] <= '9' ? ms * 10 + (text.data[i] - '0') : INT64_MIN / 16;
    return ms;
}

/* NULL: it is signed by the account's key, now. Else the word that it is refused with. */
static const char *distrust(const struct conn *c, const struct request *r)
{
    const struct mr_credential *who = c->x->account->who;
    struct mr_span key = mr_http_find(&r->head, "x-mr-key"), at = mr_http_find(&r->head, "x-mr-time"),
                   sign = mr_http_find(&r->head, "x-mr-sign");
    const struct mr_span parts[] = {at, r->head.method, r->head.target, r->body};
    char want[MR_SIGN_TEXT];
    if (key.len != who->key.len || CRYPTO_memcmp(key.data, who->key.bytes, key.len) != 0 ||
        sign.len != MR_SIGN_TEXT - 1 ||
        !mr_sign((struct mr_span){who->secret.bytes, who->secret.len}, parts, MR_COUNT_OF(parts), want) ||
        CRYPTO_memcmp(sign.data, want, sign.len) != 0)
        return "credentials";
    int64_t apart = c->x->now_ns / 1000000 - milliseconds(at);
    return apart > MR_SIGN_WINDOW_MS || apart < -MR_SIGN_WINDOW_MS ? "clock" : NULL;
}

static void open_stream(struct conn *c, const struct request *r)
{
    char accept[MR_WS_ACCEPT_TEXT], head[256];
    struct mr_text t;
    struct mr_err err;
    if (mr_ws_asked(&r->head, accept, &err) != MR_OK) {
        refuse(c, r, 426, "malformed", "this path wants an upgrade to WebSocket");
        return;
    }
    mr_text_init(&t, head, sizeof head);
    mr_ws_answer(&t, accept);
    c->private_stream = true; /* told of all that happens from here on */
    mr_request_upgrade(c, (struct mr_span){(const uint8_t *)head, (uint32_t)t.len});
}

static void carry(struct conn *c, const struct request *r)
{
    struct mr_account *a = c->x->account;
    struct mr_request ask;
    int status = mr_wire_request_read(a->instruments, mr_span_from(r->path, sizeof MR_WIRE_PATH - 1), r->body, &ask);
    if (status == MR_E_UNKNOWN || !mr_span_eq(r->head.method, "POST")) {
        refuse(c, r, status == MR_E_UNKNOWN ? 404 : 405, "malformed", "POST /account/place, cancel, amend, ...");
        return;
    }
    if (status) {
        refuse(c, r, 400, status == MR_E_SYMBOL ? "symbol" : "malformed", mr_status_text(status));
        return;
    }
    ask.number = ++a->requests << KIND_BITS | ask.kind;
    if (a->driver.send(a->driver.self, &ask, c->x->now_ns) != MR_OK) {
        refuse(c, r, 503, "overload", "too many requests under way");
        return;
    }
    c->x->stats.asked++;
    c->waits = ask.number;
    c->waits_last = r->last;
    c->hung = mr_fault_lasts(c->x, MR_FAULT_TIMEOUT, 0, 0); /* carried out, and never answered */
}

void mr_account_request(struct conn *c, const struct request *r)
{
    struct mr_exchange *x = c->x;
    const char *why = distrust(c, r);
    if (why) {
        x->stats.distrusted++;
        refuse(c, r, 401, why, "x-mr-key, x-mr-time (ms, of now) and x-mr-sign are wanted");
    } else if (mr_fault_lasts(x, MR_FAULT_UNAVAILABLE, 0, 0)) {
        refuse(c, r, 503, "overload", "service unavailable");
    } else if (mr_fault_lasts(x, MR_FAULT_LIMIT, 0, 0) || mr_request_limited(x, 0)) {
        refuse(c, r, 429, "limit", "too many requests");
    } else if (mr_span_eq(r->path, MR_WIRE_STREAM)) {
        open_stream(c, r);
    } else {
        carry(c, r);
    }
}

/* ---- answers ---- */

static void begin(struct mr_account *a)
{
    mr_text_init(&a->text, a->out, MR_WIRE_BODY_MAX);
    mr_json_out_init(&a->json, &a->text);
    mr_json_out_object(&a->json, NULL);
    mr_json_out_array(&a->json, "answers");
}

static struct mr_span end(struct mr_account *a)
{
    mr_json_out_end(&a->json);
    mr_json_out_end(&a->json);
    MR_ASSERT(!a->text.cut);
    a->list_of = 0;
    return (struct mr_span){(const uint8_t *)a->text.out, (uint32_t)a->text.len};
}

/* One of those that come before END. */
static bool listed(uint8_t asked, uint8_t kind)
{
    return (asked == MR_REQUEST_OPEN && kind == MR_ANSWER_ORDER) ||
           (asked == MR_REQUEST_POSITIONS && kind == MR_ANSWER_POSITION) ||
           (asked == MR_REQUEST_FILLS && kind == MR_ANSWER_FILL);
}

/* What answers the request itself; the rest of what it led to is the stream's. */
static bool final(uint8_t asked, uint8_t kind)
{
    static const uint8_t of[MR_REQUEST_KIND_COUNT][2] = {
        [MR_REQUEST_PLACE] = {MR_ANSWER_ACK, MR_ANSWER_REJECTED},
        [MR_REQUEST_CANCEL] = {MR_ANSWER_CANCELLED, MR_ANSWER_CANCEL_REFUSED},
        [MR_REQUEST_AMEND] = {MR_ANSWER_AMENDED, MR_ANSWER_AMEND_REFUSED},
        [MR_REQUEST_QUERY] = {MR_ANSWER_ORDER, MR_ANSWER_NO_ORDER},
        [MR_REQUEST_BALANCE] = {MR_ANSWER_BALANCE, MR_ANSWER_BALANCE}};
    return kind == MR_ANSWER_END || of[asked][0] == kind || of[asked][1] == kind;
}

static bool for_stream(uint8_t kind)
{
    return kind == MR_ANSWER_ACK || kind == MR_ANSWER_FILL || kind == MR_ANSWER_CANCELLED ||
           kind == MR_ANSWER_EXPIRED || kind == MR_ANSWER_AMENDED || kind == MR_ANSWER_TRIGGERED ||
           kind == MR_ANSWER_FUNDING || kind == MR_ANSWER_LIQUIDATED;
}

static void answer_request(struct mr_exchange *x, const struct mr_answer *answer)
{
    struct mr_account *a = x->account;
    if (a->list_of != answer->request)
        begin(a);
    mr_wire_answer(a->instruments, answer, &a->json);
    struct mr_span body = end(a);
    for (uint32_t i = x->open_count; i-- > 0;) {
        struct conn *c = x->open[i];
        if (c->waits != answer->request || c->hung)
            continue;
        c->waits = 0;
        mr_request_answer(c, c->waits_last, 200, body);
        if (c->state == CONN_HTTP)
            mr_request_take(c); /* what it has sent meanwhile */
        return;
    }
}

static void tell_streams(struct mr_exchange *x, const struct mr_answer *answer)
{
    struct mr_account *a = x->account;
    char text[1024];
    struct mr_text t;
    struct mr_json_out j;
    mr_text_init(&t, text, sizeof text);
    mr_json_out_init(&j, &t);
    mr_json_out_object(&j, NULL);
    mr_json_out_array(&j, "answers");
    mr_wire_answer(a->instruments, answer, &j);
    mr_json_out_end(&j);
    mr_json_out_end(&j);
    MR_ASSERT(!t.cut);
    for (uint32_t i = x->open_count; i-- > 0;) {
        struct conn *c = x->open[i];
        if (!c->private_stream || c->state != CONN_SOCKET || mr_fault_mutes(x, c))
            continue;
        x->stats.told++;
        mr_conn_frame(c, MR_WS_TEXT, &(struct mr_span){(const uint8_t *)text, (uint32_t)t.len}, 1);
    }
}

void mr_account_step(struct mr_exchange *x)
{
    struct mr_account *a = x->account;
    struct mr_answer answer;
    while (a->driver.poll(a->driver.self, &answer, x->now_ns) == 1) {
        uint8_t asked = answer.request & ((1 << KIND_BITS) - 1);
        if (answer.kind == MR_ANSWER_SENT || answer.kind == MR_ANSWER_STREAM_UP)
            continue; /* of the way to the paper exchange, which is none here */
        if (answer.request && listed(asked, answer.kind)) {
            if (a->list_of != answer.request)
                begin(a);
            a->list_of = answer.request;
            mr_wire_answer(a->instruments, &answer, &a->json);
            continue;
        }
        if (for_stream(answer.kind))
            tell_streams(x, &answer);
        if (answer.request && final(asked, answer.kind))
            answer_request(x, &answer);
    }
}

/* ---- looking ---- */

void mr_account_show(const struct mr_exchange *x, struct mr_text *t)
{
    const struct mr_account *a = x->account;
    struct mr_paper_counts n;
    struct mr_json_out j;
    uint32_t cursor = 0;
    mr_paper_counts(a->paper, &n);
    mr_json_out_init(&j, t);
    mr_json_out_object(&j, NULL);
    mr_json_out_u64(&j, "placed", n.placed);
    mr_json_out_u64(&j, "rejected", n.rejected);
    mr_json_out_u64(&j, "fills", n.maker_fills + n.taker_fills);
    mr_json_out_u64(&j, "open", mr_paper_open(a->paper));
    mr_json_out_array(&j, "answers");
    for (const struct mr_order *o; (o = mr_paper_next(a->paper, &cursor)) != NULL;) {
        struct mr_answer answer = {.kind = MR_ANSWER_ORDER,
                                   .order = o->id,
                                   .instrument = o->instrument,
                                   .side = o->side,
                                   .state = o->state,
                                   .price = o->price,
                                   .size = o->size,
                                   .filled = o->filled,
                                   .venue_ns = o->updated_ns};
        memcpy(answer.venue_id, o->venue_id, sizeof answer.venue_id);
        mr_wire_answer(a->instruments, &answer, &j);
    }
    mr_json_out_end(&j);
    mr_json_out_end(&j);
}
