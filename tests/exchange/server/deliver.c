/* From the tape to the subscribers: who wants a message, under which name, and what the faults make of it. */
#include "tests/exchange/server/bodies.h"
#include "tests/exchange/server/server_priv.h"

/* ---- what a dialogue asks of the exchange ---- */

static void say(void *arg, const char *text, size_t len)
{
    struct conn *c = arg;
    if (c->state != CONN_SOCKET || mr_fault_mutes(c->x, c))
        return;
    c->x->stats.said++;
    mr_conn_frame(c, MR_WS_TEXT, &(struct mr_span){(const uint8_t *)text, (uint32_t)len}, 1);
}

static bool knows(void *arg, uint8_t venue, uint8_t product, struct mr_span symbol)
{
    const struct conn *c = arg;
    return mr_tape_knows(c->x->tape, venue, product, symbol) && !mr_fault_hides(c->x, venue, product, symbol);
}

static void tell(struct mr_exchange *x, uint8_t venue, uint8_t product, bool beginning, struct mr_span text)
{
    const struct mr_exchange_said said = {venue, product, beginning, text.data, text.len};
    if (x->said)
        x->said(x->said_arg, &said);
}

static void image(void *arg, const struct mr_talk_sub *sub) { mr_deliver_image(arg, sub); }

const struct mr_talk_host mr_exchange_host = {.say = say, .knows = knows, .image = image};

/* A book that has had no message yet begins with its own image, when it comes. */
void mr_deliver_image(struct conn *c, const struct mr_talk_sub *sub)
{
    struct mr_exchange *x = c->x;
    const struct mr_talk_place *p = &c->talk.place;
    struct mr_text t;
    mr_text_init(&t, x->body, BODY_BYTES);
    bool there = false;
    if (sub->channel == MR_DEPTH) {
        there = mr_tape_truth(x->tape, p->venue, p->product, mr_span_of(sub->symbol), 0, x->truth) == MR_OK;
        if (there && mr_fault_lasts(x, MR_FAULT_STALE, p->venue, p->product)) {
            mr_truth_age(x->truth);
            x->stats.aged++;
        }
        there = there && mr_body_image(&t, x->truth, sub->name);
    } else
        there = mr_tape_first(x->tape, p->venue, p->product, mr_span_of(sub->symbol), sub->channel, &t) == MR_OK;
    if (!there)
        return;
    tell(c->x, p->venue, p->product, true, (struct mr_span){(const uint8_t *)t.out, (uint32_t)t.len});
    say(c, t.out, t.len);
}

/* ---- messages ---- */

/* As this subscriber sees it: its own name of the stream, with or without the wrapper. */
static void send_letter(struct conn *c, const struct mr_letter *l, const struct mr_talk_sub *sub)
{
    struct mr_span parts[PARTS_MAX] = {{l->data, l->len}};
    uint32_t count = 1;
    if (l->inner.data && !c->talk.place.wrapped) {
        parts[0] = l->inner;
    } else if (l->inner.data && !l->name.len) {
        parts[0] = mr_span_of("{\"stream\":\"");
        parts[1] = mr_span_of(sub->name);
        parts[2] = mr_span_of("\",\"data\":");
        parts[3] = l->inner;
        parts[4] = mr_span_of("}");
        count = 5;
    } else if (l->name.len && !mr_span_same(l->name, mr_span_of(sub->name))) {
        uint32_t at = (uint32_t)(l->name.data - l->data);
        parts[0] = (struct mr_span){l->data, at};
        parts[1] = mr_span_of(sub->name);
        parts[2] = (struct mr_span){l->name.data + l->name.len, l->len - at - l->name.len};
        count = 3;
    }
    c->x->stats.delivered++;
    c->x->stats.by_venue[l->venue]++;
    mr_conn_frame(c, MR_WS_TEXT, parts, count);
}

static uint32_t publish(struct mr_exchange *x, const struct mr_letter *l, bool count_only)
{
    uint32_t n = 0;
    for (uint32_t i = x->open_count; i-- > 0;) {
        struct conn *c = x->open[i];
        const struct mr_talk_sub *sub = c->state == CONN_SOCKET ? mr_talk_find(&c->talk, l) : NULL;
        if (!sub)
            continue;
        n++;
        if (!count_only && mr_fault_loses(x, c, l))
            continue;
        if (!count_only && !mr_fault_mutes(x, c))
            send_letter(c, l, sub);
        else if (!count_only)
            x->stats.muted++;
    }
    return n;
}

static bool address(struct mr_letter *l, const uint8_t *data, uint32_t len, uint8_t venue, uint8_t product)
{
    const struct mr_speaker *s = mr_speaker_of(venue);
    *l = (struct mr_letter){.data = data, .len = len, .venue = venue, .product = product};
    return s && s->address(l);
}

/* The message that a reorder held back goes out behind the one that came after it. */
static void release(struct mr_exchange *x, struct fault *f, const struct mr_letter *after)
{
    struct mr_letter held;
    if (address(&held, f->held, f->held_len, after->venue, after->product))
        publish(x, &held, false);
    x->stats.swapped++;
    f->held_len = 0;
}

/* Another last digit of its checksum, in a copy. */
static bool spoil(struct mr_exchange *x, struct mr_letter *l)
{
    uint32_t at = mr_fault_checksum(l);
    if (l->len > BODY_BYTES)
        return false;
    memcpy(x->body, l->data, l->len);
    x->body[at] = (char)('0' + (x->body[at] - '0' + 1) % 10);
    x->stats.spoilt++;
    return address(l, (const uint8_t *)x->body, l->len, l->venue, l->product);
}

void mr_deliver(struct mr_exchange *x, const struct mr_piece *piece)
{
    struct mr_letter l;
    if (piece->kind != MR_PIECE_FRAME || !address(&l, piece->data, piece->len, piece->venue, piece->product))
        return;
    x->stats.messages++;
    if (!publish(x, &l, true))
        return; /* nobody listens: a fault waits for a message that is missed */
    tell(x, l.venue, l.product, false, (struct mr_span){l.data, l.len});
    struct fault_verdict v = mr_fault_judge(x, &l);
    if (v.spoil && !spoil(x, &l))
        return;
    for (uint32_t i = 0; i < v.copies; i++)
        publish(x, &l, false);
    if (v.then)
        release(x, v.then, &l);
}
