/* What each answer of a venue does to its order, and what it says of the venue itself. */
#include "controlplane/orders/orders_priv.h"

static void told_breaker(struct mr_orders *om, struct link *l)
{
    if (l->breaker.state == l->breaker_told)
        return;
    l->breaker_told = l->breaker.state;
    struct mr_orders_event e = mr_orders_event_of(om, MR_ORDERS_BREAKER, NULL);
    e.venue = l->cfg.venue;
    e.hold = l->breaker.state;
    e.until_ns = l->breaker.until_ns;
    mr_orders_tell(om, &e);
}

/* The venue could not be reached, did not answer, or could not cope. */
void mr_orders_failed(struct mr_orders *om, struct link *l)
{
    mr_breaker_failure(&l->breaker, om->now_ns);
    told_breaker(om, l);
}

/* It answered, whatever it said. */
void mr_orders_worked(struct mr_orders *om, struct link *l)
{
    mr_breaker_success(&l->breaker, om->now_ns);
    told_breaker(om, l);
}

static struct asked *asked_for(struct mr_orders *om, const struct link *l, uint64_t number)
{
    struct asked *a = &om->asked[number % ASKED_COUNT];
    return number && a->number == number && a->link == (uint8_t)(l - om->links) ? a : NULL;
}

/* The placement was provably not carried out: again with the same id after a wait, as often as configured, or not at all. */
static void place_again(struct mr_orders *om, struct slot *s, int64_t not_before)
{
    if (s->o.filled) {
        om->n.late++; /* it is there: whoever says it was not sent is wrong */
        return;
    }
    bool wanted = !s->cancel_wanted;
    if (!mr_orders_news(om, s, MR_INPUT_NOT_SENT) || s->o.state != MR_STATE_APPROVED)
        return;
    MR_ASSERT(wanted);
    s->place.out = false;
    if (s->place.attempts >= om->cfg.attempts) {
        om->n.given_up++;
        mr_orders_news(om, s, MR_INPUT_DENY);
        return;
    }
    int64_t due = om->now_ns + mr_orders_backoff(om, s->place.attempts);
    s->place.due_ns = due > not_before ? due : not_before;
    struct mr_orders_event e = mr_orders_event_of(om, MR_ORDERS_HELD, s);
    e.hold = MR_HOLD_RETRY;
    e.until_ns = s->place.due_ns;
    mr_orders_tell(om, &e);
    mr_orders_plan(om, s);
}

static void amend_again(struct mr_orders *om, struct slot *s, int64_t not_before)
{
    s->amend.out = false;
    if (s->amend.attempts >= om->cfg.attempts || s->o.filled == s->o.size) {
        mr_orders_amend_over(om, s, MR_REJECT_OTHER);
        mr_orders_record(om, s, MR_INPUT_COUNT);
        mr_orders_settle(om, s);
        return;
    }
    int64_t due = om->now_ns + mr_orders_backoff(om, s->amend.attempts);
    s->amending = AMEND_WANTED;
    s->amend.due_ns = due > not_before ? due : not_before;
}

static void op_again(const struct mr_orders *om, struct op *op, int64_t not_before)
{
    int64_t due = om->now_ns + mr_orders_backoff(om, op->attempts);
    op->out = false;
    op->due_ns = due > not_before ? due : not_before;
}

/* The request was not carried out, for sure. */
static void not_done(struct mr_orders *om, struct slot *s, const struct asked *q, int64_t not_before)
{
    if (q->kind == MR_REQUEST_PLACE && q->number == s->place.request) {
        place_again(om, s, not_before);
    } else if (q->kind == MR_REQUEST_CANCEL && q->number == s->cancel.request) {
        op_again(om, &s->cancel, not_before);
    } else if (q->kind == MR_REQUEST_AMEND && q->number == s->amend.request && s->amending == AMEND_SENT) {
        amend_again(om, s, not_before);
    } else if (q->kind == MR_REQUEST_QUERY && q->number == s->query.request) {
        op_again(om, &s->query, not_before);
    } else {
        om->n.stray++;
    }
    mr_orders_plan(om, s);
}

/* It left, and nothing more will be heard of it. */
static void lost(struct mr_orders *om, struct slot *s, const struct asked *q)
{
    if (q->kind == MR_REQUEST_QUERY && q->number == s->query.request) {
        op_again(om, &s->query, 0);
    } else if (q->kind == MR_REQUEST_CANCEL && q->number == s->cancel.request) {
        op_again(om, &s->cancel, 0);
        mr_orders_news(om, s, MR_INPUT_LOST);
    } else if (q->kind == MR_REQUEST_PLACE && q->number == s->place.request) {
        s->carried = true;
        /* what is acknowledged is there, lost answer or not */
        if (s->o.state == MR_STATE_SENT || s->o.state == MR_STATE_CANCELLING)
            mr_orders_news(om, s, MR_INPUT_LOST);
    } else if (q->kind == MR_REQUEST_AMEND && q->number == s->amend.request) {
        s->amend.out = false;
        mr_orders_news(om, s, MR_INPUT_LOST);
    } else {
        om->n.stray++;
    }
    mr_orders_plan(om, s);
}

static void sent(struct mr_orders *om, struct slot *s, const struct asked *q)
{
    struct op *op = q->kind == MR_REQUEST_PLACE    ? &s->place
                    : q->kind == MR_REQUEST_CANCEL ? &s->cancel
                    : q->kind == MR_REQUEST_AMEND  ? &s->amend
                                                   : &s->query;
    if (q->number != op->request)
        return;
    if (op == &s->place)
        s->carried = true;
    if (op->out)
        op->due_ns = om->now_ns + om->cfg.answer_ns; /* the time-out runs from the moment the bytes left */
    mr_orders_plan(om, s);
}

/* The venue says it rests. */
static void rests(struct mr_orders *om, struct slot *s, const struct mr_answer *a)
{
    s->carried = true;
    mr_orders_slot_named(om, s, a->venue_id);
    if (!s->o.acked_ns)
        s->o.acked_ns = om->now_ns;
    if (s->o.state == MR_STATE_APPROVED)
        mr_orders_odd(om, MR_DISCREPANCY_UNSENT_ALIVE, s, NULL);
    if (mr_orders_news(om, s, s->o.filled ? MR_INPUT_ACK_PART : MR_INPUT_ACK))
        return;
    /* ended here, yet it rests there: an old acknowledgement, or an order thought dead. Gone it must be */
    if (s->o.state == MR_STATE_FILLED || s->cancel_wanted)
        return;
    mr_orders_odd(om, MR_DISCREPANCY_ENDED_ALIVE, s, NULL);
    s->cancel_wanted = true;
    s->cancel = (struct op){.request = s->cancel.request, .due_ns = om->now_ns};
    mr_orders_plan(om, s);
}

/* It ended with `filled`. Where that is more than has been heard of, fills are missing: it stays unknown until they have come. */
static void ended(struct mr_orders *om, struct link *l, struct slot *s, unsigned input, mr_size filled)
{
    s->carried = true;
    s->none_ns = 0;
    if (mr_order_ended(s->o.state)) {
        s->cancel_wanted = false;
        mr_orders_plan(om, s);
    }
    if (filled > s->o.filled && !mr_order_ended(s->o.state)) {
        mr_orders_want_fills(om, l, s->since_ns);
        if (s->o.state != MR_STATE_UNKNOWN)
            mr_orders_news(om, s, MR_INPUT_LOST);
        op_again(om, &s->query, 0);
        mr_orders_plan(om, s);
        return;
    }
    mr_orders_news(om, s, input);
}

static void rejected(struct mr_orders *om, struct link *l, struct slot *s, const struct mr_answer *a,
                     const struct asked *q)
{
    s->reason = a->reason;
    if (q && (q->kind != MR_REQUEST_PLACE || q->number != s->place.request)) {
        if (a->reason == MR_REJECT_OVERLOAD)
            not_done(om, s, q, 0);
        else
            om->n.stray++;
        return;
    }
    if (a->reason == MR_REJECT_OVERLOAD) {
        mr_orders_failed(om, l);
        place_again(om, s, 0);
    } else if (a->reason == MR_REJECT_DUPLICATE_ID) {
        s->carried = true;
        if (s->o.state == MR_STATE_SENT || s->o.state == MR_STATE_CANCELLING)
            mr_orders_news(om, s, MR_INPUT_LOST); /* there is one: what it is, it must say */
    } else {
        if (a->reason == MR_REJECT_CREDENTIALS || a->reason == MR_REJECT_CLOCK)
            mr_orders_failed(om, l);
        ended(om, l, s, MR_INPUT_REJECT, a->filled);
    }
}

/* Its price and size are these now: by AMENDED, or found so by a query. */
static void reprice(struct mr_orders *om, struct slot *s, mr_price price, mr_size size)
{
    mr_price *own = s->o.type == MR_ORDER_LIMIT ? &s->o.price : &s->o.stop_price;
    bool changed = false, was = s->amending;
    if (price > 0 && s->o.type != MR_ORDER_MARKET && *own != price) {
        *own = price;
        changed = true;
    }
    if (size >= s->o.filled && size > 0 && s->o.size != size) {
        s->o.size = size;
        changed = true;
    }
    s->amending = AMEND_NONE;
    s->amend.out = false;
    if (!changed && !was)
        return;
    struct mr_orders_event e = mr_orders_event_of(om, changed ? MR_ORDERS_AMENDED : MR_ORDERS_AMEND_ENDED, s);
    mr_orders_record(om, s, MR_INPUT_COUNT);
    mr_orders_tell(om, &e);
    mr_orders_settle(om, s);
    mr_orders_plan(om, s);
}

static void amended(struct mr_orders *om, struct slot *s, const struct mr_answer *a)
{
    if (mr_order_ended(s->o.state)) {
        om->n.late++;
        return;
    }
    s->fence = om->next_request;
    reprice(om, s, a->price ? a->price : s->want_price, a->size ? a->size : s->want_size);
}

static void amend_refused(struct mr_orders *om, struct slot *s, const struct mr_answer *a)
{
    if (mr_order_ended(s->o.state) || !s->amending) {
        om->n.late++;
        return;
    }
    s->reason = a->reason;
    mr_orders_amend_over(om, s, a->reason);
    mr_orders_record(om, s, MR_INPUT_COUNT);
    if (a->reason == MR_REJECT_UNKNOWN_ORDER || a->reason == MR_REJECT_FILLED)
        mr_orders_news(om, s, MR_INPUT_LOST);
    mr_orders_settle(om, s);
    mr_orders_plan(om, s);
}

static void cancel_refused(struct mr_orders *om, struct slot *s, const struct mr_answer *a)
{
    s->reason = a->reason;
    op_again(om, &s->cancel, 0);
    if (mr_order_ended(s->o.state))
        s->cancel_wanted = false;
    mr_orders_news(om, s, MR_INPUT_CANCEL_REFUSED);
    mr_orders_plan(om, s);
}

/* It rests as it was before an amendment that left a moment ago: that may still arrive. */
static bool amend_under_way(const struct mr_orders *om, const struct slot *s, const struct mr_answer *a)
{
    return s->amending == AMEND_SENT && !mr_order_ended(a->state) && om->now_ns - s->amend_ns < om->cfg.grace_ns &&
           (a->price != s->want_price || a->size != s->want_size);
}

/* What a query found. */
static void found(struct mr_orders *om, struct link *l, struct slot *s, const struct mr_answer *a)
{
    bool unsettled = a->filled > s->o.filled;
    s->query.out = false;
    s->none_ns = 0;
    s->carried = true;
    if (unsettled || (a->filled < s->o.filled && !mr_order_ended(s->o.state))) {
        if (unsettled)
            mr_orders_want_fills(om, l, s->since_ns);
        op_again(om, &s->query, 0); /* a fill is under way, or this answer is older than one */
        mr_orders_plan(om, s);
        return;
    }
    mr_orders_slot_named(om, s, a->venue_id);
    if (amend_under_way(om, s, a)) {
        op_again(om, &s->query, 0);
        mr_orders_plan(om, s);
        return;
    }
    if (!mr_order_ended(s->o.state) && s->amending != AMEND_WANTED && a->request > s->fence)
        reprice(om, s, a->price, a->size);
    switch (a->state) {
    case MR_STATE_SENT:
    case MR_STATE_ACKED:
    case MR_STATE_PARTIAL:
    case MR_STATE_CANCELLING:
        rests(om, s, a);
        break;
    case MR_STATE_FILLED:
        ended(om, l, s, s->o.filled == s->o.size ? MR_INPUT_FILL_ALL : MR_INPUT_CANCELLED, a->filled);
        break;
    case MR_STATE_CANCELLED:
        ended(om, l, s, MR_INPUT_CANCELLED, a->filled);
        break;
    case MR_STATE_REJECTED:
        ended(om, l, s, MR_INPUT_REJECT, a->filled);
        break;
    case MR_STATE_EXPIRED:
        ended(om, l, s, MR_INPUT_EXPIRED, a->filled);
        break;
    default: /* the venue does not know either, yet */
        op_again(om, &s->query, 0);
        mr_orders_plan(om, s);
    }
}

/* "No such order" proves nothing while the placement may still be under way: only when it is said again after the grace time, and the venue's
 * list of fills asked for in between has none of it. */
static void none(struct mr_orders *om, struct link *l, struct slot *s)
{
    op_again(om, &s->query, 0);
    if (s->o.state != MR_STATE_UNKNOWN) {
        mr_orders_news(om, s, MR_INPUT_NO_ORDER);
        return;
    }
    if (!s->carried) {
        mr_orders_plan(om, s);
        return;
    }
    if (!s->none_ns) {
        s->none_ns = om->now_ns;
        mr_orders_want_fills(om, l, s->since_ns);
    } else if (om->now_ns - s->none_ns >= om->cfg.grace_ns && l->fills_done_ns >= s->none_ns) {
        mr_orders_odd(om, MR_DISCREPANCY_NOT_FOUND, s, NULL);
        mr_orders_news(om, s, MR_INPUT_NO_ORDER);
        return;
    }
    if (s->query.due_ns < s->none_ns + om->cfg.grace_ns)
        s->query.due_ns = s->none_ns + om->cfg.grace_ns;
    mr_orders_plan(om, s);
}

static void fill(struct mr_orders *om, struct link *l, const struct mr_answer *a)
{
    const struct mr_fill *f = &a->fill;
    const struct mr_instrument *it = om->ports.instrument(om->ports.self, f->instrument);
    struct slot *s = f->order ? mr_orders_slot(om, f->order) : NULL;
    MR_ASSERT(it);
    if (mr_positions_fill(om->positions, it, f) != MR_OK) {
        mr_orders_odd(om, MR_DISCREPANCY_ODD_FILL, s, f); /* durable, and not to be counted: people must look */
        return;
    }
    om->n.fills++;
    if (f->venue_ns > l->seen_ns)
        l->seen_ns = f->venue_ns;
    if (s && (s->o.instrument != f->instrument || s->o.side != f->side))
        s = NULL; /* our id on something else: the position has it, the order does not */
    if (s) {
        mr_orders_slot_named(om, s, a->venue_id);
        s->carried = true;
        mr_orders_fill_order(om, s, f);
    } else {
        mr_orders_odd(om, f->order ? MR_DISCREPANCY_UNKNOWN_ORDER : MR_DISCREPANCY_FOREIGN_FILL, NULL, f);
    }
    struct mr_orders_event e = mr_orders_event_of(om, MR_ORDERS_FILLED, s);
    e.fill = f;
    e.venue = f->venue;
    e.position = mr_positions_get(om->positions, f->instrument);
    mr_orders_tell(om, &e);
}

static void account(struct mr_orders *om, const struct link *l, const struct mr_answer *a)
{
    bool paid = a->kind == MR_ANSWER_FUNDING;
    struct mr_orders_event e = mr_orders_event_of(om, paid ? MR_ORDERS_POSITION : MR_ORDERS_DISCREPANCY, NULL);
    e.venue = l->cfg.venue;
    if (paid && mr_positions_funding(om->positions, a->instrument, a->amount, om->now_ns) != MR_OK)
        om->n.stray++;
    if (!paid) {
        e.discrepancy = MR_DISCREPANCY_LIQUIDATED;
        om->n.discrepancies++;
    }
    const struct mr_position *p = mr_positions_get(om->positions, a->instrument);
    if (p)
        e.position = p;
    mr_orders_tell(om, &e);
}

/* News of an order of ours that is not in the table (any more). If it may rest, it is cancelled: nobody here wants it. */
static void unknown_order(struct mr_orders *om, struct link *l, const struct mr_answer *a)
{
    bool alive = a->kind == MR_ANSWER_ACK || (a->kind == MR_ANSWER_ORDER && mr_order_live(a->state));
    om->n.stray++;
    if (!alive || !a->order)
        return;
    struct mr_request r = {.kind = MR_REQUEST_CANCEL,
                           .order = {.id = a->order, .venue = l->cfg.venue, .instrument = a->instrument}};
    int64_t until;
    memcpy(r.order.venue_id, a->venue_id, sizeof r.order.venue_id);
    mr_orders_odd(om, MR_DISCREPANCY_UNKNOWN_ORDER, NULL, NULL);
    if (!mr_orders_carry(om, l, &r, NULL, &until))
        om->n.cancels++;
}

static void order_answer(struct mr_orders *om, struct link *l, struct slot *s, const struct mr_answer *a,
                         const struct asked *q)
{
    switch (a->kind) {
    case MR_ANSWER_SENT:
        if (q)
            sent(om, s, q);
        break;
    case MR_ANSWER_NOT_SENT:
    case MR_ANSWER_LIMITED:
        if (q)
            not_done(om, s, q, a->until_ns);
        break;
    case MR_ANSWER_LOST:
        if (q)
            lost(om, s, q);
        break;
    case MR_ANSWER_ACK:
        if (q && q->number == s->place.request && s->o.acked_ns && mr_order_ended(s->o.state))
            om->n
                .late++; /* the placement's own answer, and the stream was faster: it has told of this, and of the end */
        else
            rests(om, s, a);
        break;
    case MR_ANSWER_REJECTED:
        rejected(om, l, s, a, q);
        break;
    case MR_ANSWER_CANCELLED:
        ended(om, l, s, MR_INPUT_CANCELLED, a->filled);
        break;
    case MR_ANSWER_CANCEL_REFUSED:
        cancel_refused(om, s, a);
        break;
    case MR_ANSWER_AMENDED:
        amended(om, s, a);
        break;
    case MR_ANSWER_AMEND_REFUSED:
        amend_refused(om, s, a);
        break;
    case MR_ANSWER_EXPIRED:
        ended(om, l, s, MR_INPUT_EXPIRED, a->filled);
        break;
    case MR_ANSWER_TRIGGERED: {
        struct mr_orders_event e = mr_orders_event_of(om, MR_ORDERS_TRIGGERED, s);
        mr_orders_tell(om, &e);
        break;
    }
    case MR_ANSWER_ORDER:
    case MR_ANSWER_NO_ORDER:
        if (!q || (q->kind == MR_REQUEST_QUERY && q->number != s->query.request))
            om->n.stray++; /* an older question's: things have been heard since */
        else if (a->kind == MR_ANSWER_ORDER)
            found(om, l, s, a);
        else
            none(om, l, s);
        break;
    default:
        om->n.stray++;
    }
}

/* The venue said when, by the wall clock. */
static void wait_until(const struct mr_orders *om, struct link *l, int64_t until_ns)
{
    int64_t until;
    if (until_ns <= om->now_ns)
        return;
    if (__builtin_add_overflow(mr_orders_passed(om), until_ns - om->now_ns, &until))
        until = INT64_MAX;
    mr_bucket_block(&l->orders, until);
    mr_bucket_block(&l->queries, until);
}

/* How the venue itself is doing, by what it answers. */
static void health(struct mr_orders *om, struct link *l, const struct mr_answer *a)
{
    switch (a->kind) {
    case MR_ANSWER_NOT_SENT:
    case MR_ANSWER_LOST:
        mr_orders_failed(om, l);
        break;
    case MR_ANSWER_LIMITED:
        wait_until(om, l, a->until_ns);
        mr_orders_worked(om, l);
        break;
    case MR_ANSWER_REJECTED:
        if (a->reason != MR_REJECT_OVERLOAD && a->reason != MR_REJECT_CREDENTIALS && a->reason != MR_REJECT_CLOCK)
            mr_orders_worked(om, l);
        break;
    case MR_ANSWER_SENT: /* says something of us only */
    case MR_ANSWER_STREAM_UP:
    case MR_ANSWER_STREAM_DOWN:
        break;
    default:
        mr_orders_worked(om, l);
    }
}

void mr_orders_answer(struct mr_orders *om, struct link *l, const struct mr_answer *a)
{
    const struct asked *q = asked_for(om, l, a->request);
    if (a->venue_ns > l->venue_ns)
        l->venue_ns = a->venue_ns;
    health(om, l, a);
    switch (a->kind) {
    case MR_ANSWER_STREAM_UP:
    case MR_ANSWER_STREAM_DOWN:
        mr_orders_stream(om, l, a->kind == MR_ANSWER_STREAM_UP);
        return;
    case MR_ANSWER_FILL:
        fill(om, l, a);
        return;
    case MR_ANSWER_FUNDING:
    case MR_ANSWER_LIQUIDATED:
        account(om, l, a);
        return;
    default:
        break;
    }
    bool of_list = q && q->kind >= MR_REQUEST_OPEN && q->kind <= MR_REQUEST_FILLS;
    if (of_list && mr_orders_list_answer(om, l, q->kind, a))
        return;
    uint64_t id = a->order ? a->order : q ? q->order : 0;
    struct slot *s = id ? mr_orders_slot(om, id) : mr_orders_slot_venue(om, l->cfg.venue, a->venue_id);
    if (s && s->o.venue == l->cfg.venue)
        order_answer(om, l, s, a, q);
    else
        unknown_order(om, l, a);
}
