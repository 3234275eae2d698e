/* Requests as HTTP, and what each answer means. */
#include "codecs/json/json.h"
#include "controlplane/exchange/remote/remote_priv.h"
#include "controlplane/exchange/remote/sign.h"

#define RETRY_S_MOST 3600

/* ---- what is heard ---- */

static void put(struct mr_remote *r, const struct mr_answer *a)
{
    MR_ASSERT(r->heard_tail - r->heard_head < HEARD);
    struct mr_answer *into = &r->heard[r->heard_tail++ & (HEARD - 1)];
    *into = *a;
    into->recv_ns = r->wall;
    if (a->kind == MR_ANSWER_FILL)
        into->fill.recv_ns = r->wall;
}

void remote_say(struct mr_remote *r, uint8_t kind, const struct asked *about)
{
    struct mr_answer a = {.kind = kind};
    if (about) {
        a.request = about->number;
        a.order = about->order;
        a.instrument = about->instrument;
    }
    put(r, &a);
}

static void answer(const struct line *l, const struct mr_answer *a)
{
    struct mr_answer mine = *a;
    mine.request = l->busy ? l->asked.number : 0;
    put(l->r, &mine);
}

/* What the other side sends leaves room for what we say of it ourselves. */
static void hear(void *arg, const struct mr_answer *a)
{
    const struct line *l = arg;
    if (l->r->heard_tail - l->r->heard_head < HEARD - RESERVED)
        answer(l, a);
    else
        l->r->heard_full = true;
}

bool remote_read(struct line *l, struct mr_span body)
{
    struct mr_remote *r = l->r;
    const uint32_t before = r->heard_tail;
    r->heard_full = false;
    if (mr_wire_answers_read(r->config.instruments, body, hear, l) == MR_OK && !r->heard_full)
        return true;
    r->heard_tail = before;
    r->heard_full = false;
    r->n.malformed++;
    return false;
}

/* ---- out ---- */

bool remote_sign(struct mr_remote *r, const char *method, const char *path, struct mr_span body, struct mr_text *head)
{
    char at[24], sign[MR_SIGN_TEXT];
    struct mr_text t;
    mr_text_init(&t, at, sizeof at);
    mr_text_i64(&t, r->wall / 1000000);
    const struct mr_span parts[] = {mr_span_of(at), mr_span_of(method), mr_span_of(path), body};
    if (!mr_sign(r->config.secret, parts, MR_COUNT_OF(parts), sign))
        return false;
    mr_text_add(head, "x-mr-key: ");
    mr_text_bytes(head, r->config.key.data, r->config.key.len);
    mr_text_add(head, "\r\nx-mr-time: ");
    mr_text_add(head, at);
    mr_text_add(head, "\r\nx-mr-sign: ");
    mr_text_add(head, sign);
    mr_text_add(head, "\r\n");
    return !head->cut;
}

int remote_ask(struct line *l, const struct mr_request *request)
{
    struct mr_remote *r = l->r;
    char path[48], body[MR_WIRE_REQUEST_MAX], out[2048 + MR_WIRE_REQUEST_MAX];
    struct mr_text p, b, t;
    mr_text_init(&p, path, sizeof path);
    mr_text_add(&p, MR_WIRE_PATH);
    mr_text_add(&p, mr_request_name(request->kind));
    mr_text_init(&b, body, sizeof body);
    if (mr_wire_request(r->config.instruments, request, &b) != MR_OK || b.cut)
        return MR_E_SYMBOL;
    mr_text_init(&t, out, sizeof out);
    mr_text_add(&t, "POST ");
    mr_text_add(&t, path);
    mr_text_add(&t, " HTTP/1.1\r\nHost: ");
    mr_text_add(&t, r->hostport);
    mr_text_add(&t, "\r\nContent-Type: application/json\r\nContent-Length: ");
    mr_text_i64(&t, (int64_t)b.len);
    mr_text_add(&t, "\r\n");
    if (!remote_sign(r, "POST", path, (struct mr_span){(const uint8_t *)body, (uint32_t)b.len}, &t))
        return MR_E_SYMBOL;
    mr_text_add(&t, "\r\n");
    mr_text_bytes(&t, body, b.len);
    MR_ASSERT(!t.cut);
    l->asked = (struct asked){request->number, request->order.id, request->order.instrument, request->kind};
    l->busy = true;
    l->left = false;
    l->asked_ns = r->now;
    if (line_write(l, out, (uint32_t)t.len))
        return MR_OK;
    l->busy = false;
    return MR_E_FULL;
}

/* ---- answers ---- */

/* It was not done, for this reason; questions have no such answer: they are asked again. */
static void refused(struct line *l, uint8_t reason, struct mr_span body)
{
    static const uint8_t as[MR_REQUEST_KIND_COUNT] = {[MR_REQUEST_PLACE] = MR_ANSWER_REJECTED,
                                                      [MR_REQUEST_CANCEL] = MR_ANSWER_CANCEL_REFUSED,
                                                      [MR_REQUEST_AMEND] = MR_ANSWER_AMEND_REFUSED};
    struct mr_answer a = {.kind = reason == MR_REJECT_OVERLOAD ? MR_ANSWER_REJECTED : as[l->asked.kind],
                          .reason = reason,
                          .order = l->asked.order,
                          .instrument = l->asked.instrument};
    for (uint32_t i = 0; i < body.len && i < sizeof a.text - 1; i++)
        a.text[i] = body.data[i] >= ' ' && body.data[i] < 0x7f ? (char)body.data[i] : ' ';
    l->r->n.refused++;
    if (a.kind == MR_ANSWER_SENT) /* the table has none */
        remote_say(l->r, MR_ANSWER_LOST, &l->asked);
    else
        answer(l, &a);
}

static uint8_t reason_of(int status, struct mr_span body)
{
    struct mr_json j;
    struct mr_span key, word = {NULL, 0};
    mr_json_open(&j, body.data, body.len);
    if (mr_json_object(&j))
        while (mr_json_key(&j, &key) && (mr_span_eq(key, "error") ? mr_json_string(&j, &word) : mr_json_skip(&j)))
            continue;
    if (status == 503)
        return MR_REJECT_OVERLOAD;
    if (status == 401)
        return word.len && mr_span_eq(word, "clock") ? MR_REJECT_CLOCK : MR_REJECT_CREDENTIALS;
    return MR_REJECT_OTHER;
}

int remote_unwelcome(struct line *l)
{
    struct mr_http_head head;
    int64_t n = mr_http_response(l->in, l->in_len, &head), length = n > 0 ? mr_http_length(&head) : 0;
    if (n <= 0 || head.status != 401 || length < 0)
        return MR_OK;
    if (l->in_len < n + length)
        return MR_E_AGAIN;
    const struct mr_span body = {l->in + n, (uint32_t)length};
    l->r->n.refused++;
    put(l->r, &(struct mr_answer){.kind = MR_ANSWER_STREAM_DOWN, .reason = reason_of(head.status, body)});
    return MR_OK;
}

static void limited(struct line *l, const struct mr_http_head *head)
{
    struct mr_span after = mr_http_find(head, "retry-after");
    struct mr_answer a = {.kind = MR_ANSWER_LIMITED, .order = l->asked.order, .instrument = l->asked.instrument};
    int64_t s = 0;
    for (uint32_t i = 0; i < after.len && after.data[i] >= '0' && after.data[i] <= '9' && s < RETRY_S_MOST; i++)
        s = 10 * s + (after.data[i] - '0');
    s = s < 1 ? 1 : s < RETRY_S_MOST ? s : RETRY_S_MOST;
    a.until_ns = l->r->wall + s * SECOND;
    l->r->n.limited++;
    answer(l, &a);
}

void remote_response(struct line *l, const struct mr_http_head *head, struct mr_span body)
{
    bool known = true;
    if (head->status == 200)
        known = remote_read(l, body);
    else if (head->status == 429 || head->status == 418)
        limited(l, head);
    else if (head->status == 503 || (head->status >= 400 && head->status < 500))
        refused(l, reason_of(head->status, body), body);
    else
        known = false;
    if (known)
        l->busy = false;
    else
        line_end(l, "an answer that says nothing"); /* which makes it LOST */
}
