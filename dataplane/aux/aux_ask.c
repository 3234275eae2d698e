/* The feed tile's side of aux: two byte rings. */
#include "dataplane/aux/aux.h"

int mr_aux_ask(struct mr_ring_writer *requests, const struct mr_aux_request *request, const char *text,
               const char *post)
{
    if (!post)
        post = "";
    size_t text_bytes = strlen(text) + 1, post_bytes = strlen(post) + 1,
           len = sizeof *request + text_bytes + post_bytes;
    if (text_bytes > MR_AUX_TEXT_MAX || post_bytes > MR_AUX_POST_MAX)
        return MR_E_TOO_BIG;
    uint8_t *at = mr_bytes_reserve(requests, (uint32_t)len);
    if (!at)
        return MR_E_FULL;
    memcpy(at, request, sizeof *request);
    memcpy(at + sizeof *request, text, text_bytes);
    memcpy(at + sizeof *request + text_bytes, post, post_bytes);
    mr_bytes_publish(requests, request->kind, request->connection, 0, (uint32_t)len);
    return MR_OK;
}

/* A NUL-terminated text at *at; moves behind it. False if no NUL is left. */
static bool text_at(const uint8_t *data, uint32_t len, uint32_t *at, struct mr_span *out)
{
    const uint8_t *end = memchr(data + *at, 0, len - *at);
    if (!end)
        return false;
    *out = (struct mr_span){data + *at, (uint32_t)(end - data) - *at};
    *at += out->len + 1;
    return true;
}

/* Takes one record apart; its lengths are checked against the record's own. `body` is this part. */
static bool parse(const uint8_t *data, uint32_t len, struct mr_aux_reply *out)
{
    struct mr_aux_answer *head = &out->head;
    uint32_t at = sizeof *head;
    if (len < at)
        return false;
    memcpy(head, data, sizeof *head);
    if (head->addresses > MR_AUX_ADDRESSES_MAX || head->addresses * sizeof(struct mr_address) > len - at)
        return false;
    out->addresses = (const void *)(data + at);
    at += head->addresses * (uint32_t)sizeof(struct mr_address);
    struct mr_span why;
    if (!text_at(data, len, &at, &out->url) || !text_at(data, len, &at, &why))
        return false;
    out->why = (const char *)why.data;
    out->body = (struct mr_span){data + at, head->part_bytes};
    return head->part_bytes == len - at && head->part_at <= head->body_bytes &&
           head->part_bytes <= head->body_bytes - head->part_at;
}

/* Adds a part to the body. True when it is whole. */
static bool join(struct mr_aux_inbox *inbox, struct mr_aux_reply *out)
{
    const struct mr_aux_answer *head = &out->head;
    bool last = head->part_at + head->part_bytes == head->body_bytes;
    if (head->part_at == 0 && last) {
        inbox->have = 0;
        return true; /* in one part: where it lies */
    }
    bool fits = head->body_bytes <= inbox->body_max;
    if (fits)
        memcpy(inbox->body + head->part_at, out->body.data, head->part_bytes);
    inbox->have = last ? 0 : head->part_at + head->part_bytes;
    out->body = (struct mr_span){inbox->body, fits ? head->body_bytes : 0};
    if (!fits) {
        out->head.status = MR_E_TOO_BIG;
        out->why = "the body is larger than the feed tile can take";
    }
    return last;
}

bool mr_aux_take(struct mr_aux_inbox *inbox, struct mr_aux_reply *out)
{
    if (inbox->held)
        mr_bytes_release(inbox->answers);
    inbox->held = false;
    const uint8_t *data;
    for (const struct mr_bytes_head *head; (head = mr_bytes_peek(inbox->answers, &data));) {
        if (!parse(data, head->len, out) || out->head.part_at != inbox->have) {
            mr_ring_reader_stop(inbox->answers);
            return false;
        }
        if (join(inbox, out))
            return inbox->held = true;
        mr_bytes_release(inbox->answers);
    }
    return false;
}
