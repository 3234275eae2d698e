#include "controlplane/orders/orders_priv.h"

#define DRIVER_WAIT_NS 1000000 /* a full driver is asked again after so long */
#define READY_WAIT_NS 50000000 /* and an unreconciled venue */

static const struct mr_order no_order;
static const struct mr_fill no_fill;
static const struct mr_position no_position;

struct mr_orders_event mr_orders_event_of(const struct mr_orders *om, enum mr_orders_event_kind kind,
                                          const struct slot *s)
{
    struct mr_orders_event e = {.kind = (uint8_t)kind,
                                .input = MR_INPUT_COUNT,
                                .now_ns = om->now_ns,
                                .order = &no_order,
                                .fill = &no_fill,
                                .position = &no_position};
    if (s) {
        e.order = &s->o;
        e.venue = s->o.venue;
        e.reason = s->reason;
        e.state_before = s->o.state;
        e.want_price = s->want_price;
        e.want_size = s->want_size;
        e.position = mr_positions_get(om->positions, s->o.instrument);
    }
    return e;
}

void mr_orders_tell(struct mr_orders *om, struct mr_orders_event *e)
{
    if (!om->restoring)
        om->ports.event(om->ports.self, e);
}

void mr_orders_odd(struct mr_orders *om, enum mr_discrepancy what, struct slot *s, const struct mr_fill *fill)
{
    struct mr_orders_event e = mr_orders_event_of(om, MR_ORDERS_DISCREPANCY, s);
    e.discrepancy = (uint8_t)what;
    om->n.discrepancies++;
    if (fill) {
        e.fill = fill;
        e.venue = fill->venue;
        const struct mr_position *p = mr_positions_get(om->positions, fill->instrument);
        e.position = p ? p : &no_position;
    }
    if (s)
        s->discrepant = true; /* the next record says so */
    mr_orders_tell(om, &e);
}

int64_t mr_orders_append(struct mr_orders *om, enum mr_journal_kind kind, const void *payload, uint32_t bytes)
{
    int64_t seq = om->ports.journal.append(om->ports.journal.self, kind, om->now_ns, payload, bytes);
    MR_ASSERT(seq != MR_E_TOO_BIG && seq != 0);
    om->n.journal_full += seq < 0;
    return seq;
}

int64_t mr_orders_record(struct mr_orders *om, struct slot *s, unsigned input)
{
    struct mr_record_order r = {.head = {.version = MR_RECORDS_VERSION, .what = MR_RECORD_ORDER, .bytes = sizeof r},
                                .fills = s->fills,
                                .input = (uint8_t)input,
                                .flags = (uint8_t)((s->cancel_wanted ? MR_RECORD_CANCEL_WANTED : 0) |
                                                   (s->amending ? MR_RECORD_AMENDING : 0) |
                                                   (s->discrepant ? MR_RECORD_DISCREPANCY : 0)),
                                .reason = s->reason,
                                .want_price = s->want_price,
                                .want_size = s->want_size,
                                .order = s->o};
    int64_t seq = mr_orders_append(om, MR_JOURNAL_ORDER, &r, sizeof r);
    om->dirty -= s->dirty;
    s->dirty = seq < 0;
    om->dirty += s->dirty;
    if (!s->dirty)
        s->discrepant = false;
    return seq;
}

int64_t mr_orders_record_account(struct mr_orders *om, enum mr_account_kind kind, const struct mr_record_account *what)
{
    struct mr_record_account r = *what;
    r.head = (struct mr_record_head){.version = MR_RECORDS_VERSION, .what = MR_RECORD_ACCOUNT, .bytes = sizeof r};
    r.kind = (uint8_t)kind;
    return mr_orders_append(om, MR_JOURNAL_ACCOUNT, &r, sizeof r);
}

void mr_orders_wait(struct mr_orders *om, uint64_t seq, uint64_t order)
{
    MR_ASSERT(om->waiting_tail - om->waiting_head < om->waiting_max);
    om->waiting[om->waiting_tail++ % om->waiting_max] = (struct waiting){.seq = seq, .order = order};
}

int64_t mr_orders_backoff(const struct mr_orders *om, unsigned attempts)
{
    unsigned n = attempts ? attempts - 1 : 0;
    return om->cfg.backoff_ns[n < 3 ? n : 2];
}

/* What entering a state starts. */
static void entered(struct mr_orders *om, struct slot *s, unsigned before)
{
    om->n.unknown += s->o.state == MR_STATE_UNKNOWN && before != MR_STATE_UNKNOWN;
    om->n.resolved += s->o.state != MR_STATE_UNKNOWN && before == MR_STATE_UNKNOWN;
    switch (s->o.state) {
    case MR_STATE_UNKNOWN:
        if (before != MR_STATE_UNKNOWN) {
            s->query = (struct op){.request = s->query.request, .due_ns = om->now_ns};
            s->none_ns = 0;
        }
        break;
    case MR_STATE_ACKED:
    case MR_STATE_PARTIAL:
        s->query.out = false;
        s->query.attempts = 0;
        s->query.due_ns = NEVER;
        if (s->o.tif == MR_TIF_IOC || s->o.tif == MR_TIF_FOK || s->o.type == MR_ORDER_MARKET)
            s->query.due_ns = om->now_ns + om->cfg.answer_ns; /* does not rest: its end is awaited */
        break;
    default:
        if (mr_order_ended(s->o.state) && s->amending)
            mr_orders_amend_over(om, s, s->reason);
        if (mr_order_ended(s->o.state))
            mr_orders_slot_end(om, s);
    }
}

/* The step of the table, with all that belongs to it: record, event, plan. False: refused or late, and counted. */
bool mr_orders_news(struct mr_orders *om, struct slot *s, unsigned input)
{
    unsigned before = s->o.state;
    int next = mr_order_next(before, input);
    if (next < 0) {
        *(next == MR_NEXT_LATE ? &om->n.late : &om->n.refused) += 1;
        return false;
    }
    s->o.state = (uint8_t)next;
    s->o.updated_ns = om->now_ns;
    s->held = false;
    entered(om, s, before);
    struct mr_orders_event e = mr_orders_event_of(om, MR_ORDERS_CHANGED, s);
    mr_orders_record(om, s, input);
    e.input = (uint8_t)input;
    e.state_before = (uint8_t)before;
    mr_orders_tell(om, &e);
    /* a cancel that was wanted before it was known where the order is */
    if (s->cancel_wanted &&
        (s->o.state == MR_STATE_ACKED || s->o.state == MR_STATE_PARTIAL || s->o.state == MR_STATE_APPROVED))
        return mr_orders_news(om, s, MR_INPUT_CANCEL);
    if (!mr_order_ended(s->o.state))
        mr_orders_plan(om, s);
    return true;
}

/* When this order itself wants it gone, or NEVER. A venue ends GTD by itself: it has a little time for it. */
static int64_t expiry(const struct mr_orders *om, const struct slot *s)
{
    if (!s->o.expires_ns || s->cancel_wanted)
        return NEVER;
    return s->o.expires_ns + (s->o.tif == MR_TIF_GTD ? om->cfg.answer_ns : 0);
}

static bool polled(struct mr_orders *om, const struct slot *s)
{
    const struct link *l = mr_orders_link_of(om, s->o.venue);
    return l && !l->stream;
}

void mr_orders_plan(struct mr_orders *om, struct slot *s)
{
    int64_t due = expiry(om, s);
#define SOONER(at)                                                                                                     \
    do {                                                                                                               \
        int64_t at_ns = (at);                                                                                          \
        due = at_ns < due ? at_ns : due;                                                                               \
    } while (0)
    switch (s->o.state) {
    case MR_STATE_APPROVED:
        if (s->durable_seq >= s->place_seq)
            SOONER(s->place.due_ns);
        break;
    case MR_STATE_SENT:
        SOONER(s->place.due_ns);
        break;
    case MR_STATE_UNKNOWN:
        SOONER(s->query.due_ns);
        if (s->cancel_wanted)
            SOONER(s->cancel.due_ns);
        break;
    case MR_STATE_ACKED:
    case MR_STATE_PARTIAL:
        if (s->amending == AMEND_SENT || (s->amending == AMEND_WANTED && s->durable_seq >= s->amend_seq))
            SOONER(s->amend.due_ns);
        if (!s->query.out && polled(om, s) && s->query.due_ns > om->now_ns + om->cfg.poll_ns)
            s->query.due_ns = om->now_ns + om->cfg.poll_ns;
        SOONER(s->query.due_ns);
        break;
    case MR_STATE_CANCELLING:
        SOONER(s->cancel.due_ns);
        break;
    default: /* ended: only where the venue said it rests nevertheless */
        due = s->cancel_wanted ? s->cancel.due_ns : NEVER;
    }
#undef SOONER
    mr_orders_slot_due(om, s, due);
}

void mr_orders_want_cancel(struct mr_orders *om, struct slot *s)
{
    if (s->cancel_wanted)
        return;
    om->n.given_up += s->o.state == MR_STATE_APPROVED;
    s->cancel_wanted = true;
    s->cancel = (struct op){.request = s->cancel.request, .due_ns = om->now_ns};
    mr_orders_news(om, s, MR_INPUT_CANCEL);
}

void mr_orders_amend_over(struct mr_orders *om, struct slot *s, unsigned reason)
{
    struct mr_orders_event e = mr_orders_event_of(om, MR_ORDERS_AMEND_ENDED, s);
    s->amending = AMEND_NONE;
    s->amend.out = false;
    e.reason = (uint8_t)reason;
    mr_orders_tell(om, &e);
}

/* The order's part of a fill; the position has its own. */
void mr_orders_fill_order(struct mr_orders *om, struct slot *s, const struct mr_fill *fill)
{
    const struct mr_instrument *it = om->ports.instrument(om->ports.self, s->o.instrument);
    bool growing =
        s->amending == AMEND_SENT && s->want_size > s->o.size; /* the venue may have the larger size already */
    mr_size left = (growing ? s->want_size : s->o.size) - s->o.filled, take = fill->size < left ? fill->size : left;
    mr_money worth = 0;
    MR_ASSERT(it && left >= 0);
    if (fill->size > left)
        mr_orders_odd(om, MR_DISCREPANCY_OVERFILL, s, fill);
    if (mr_order_ended(s->o.state))
        mr_orders_odd(om, MR_DISCREPANCY_LATE_FILL, s, fill);
    else if (s->o.state == MR_STATE_APPROVED)
        mr_orders_odd(om, MR_DISCREPANCY_UNSENT_ALIVE, s, fill);
    if (!mr_money_notional(it, fill->price, fill->size, &worth)) /* the position has taken the same number */
        s->o.cost += worth;
    s->o.fees += fill->fee;
    s->o.filled += take;
    if (s->o.filled > s->o.size)
        s->o.size = s->want_size; /* it has */
    s->o.updated_ns = om->now_ns;
    s->fills++;
    s->none_ns = 0;
    if (mr_order_ended(s->o.state)) {
        om->n.late++;
        mr_orders_record(om, s, MR_INPUT_FILL);
        return;
    }
    mr_orders_news(om, s, s->o.filled == (growing ? s->want_size : s->o.size) ? MR_INPUT_FILL_ALL : MR_INPUT_FILL);
}

/* All of it is filled, and the amendment that would have made it larger has come to nothing. */
void mr_orders_settle(struct mr_orders *om, struct slot *s)
{
    if (s->o.filled == s->o.size && !mr_order_ended(s->o.state))
        mr_orders_news(om, s, MR_INPUT_FILL_ALL);
}

/* One request, if bucket and driver let it. `op` NULL: its answer is not waited for. */
enum mr_hold mr_orders_carry(struct mr_orders *om, struct link *l, struct mr_request *r, struct op *op, int64_t *until)
{
    bool places = r->kind == MR_REQUEST_PLACE || r->kind == MR_REQUEST_AMEND;
    bool orders =
        places || r->kind == MR_REQUEST_CANCEL || r->kind == MR_REQUEST_CANCEL_ALL || r->kind == MR_REQUEST_DEAD_MAN;
    struct mr_bucket *bucket = orders ? &l->orders : &l->queries;
    uint32_t keep = places ? l->cfg.cancel_reserve : 0;
    int64_t quota_now = mr_orders_passed(om), when = mr_bucket_when(bucket, keep, quota_now);
    if (when > quota_now) {
        *until = when == INT64_MAX ? when : om->now_ns + (when - quota_now);
        return MR_HOLD_BUCKET;
    }
    if (places && !mr_breaker_allows(&l->breaker, om->now_ns)) {
        *until = l->breaker.state == MR_BREAKER_OPEN ? l->breaker.until_ns : om->now_ns + READY_WAIT_NS;
        return MR_HOLD_BREAKER;
    }
    r->number = ++om->next_request;
    if (l->cfg.driver.send(l->cfg.driver.self, r, om->now_ns) != MR_OK) {
        if (places)
            l->breaker.tried = false; /* nothing was tried */
        *until = om->now_ns + DRIVER_WAIT_NS;
        return MR_HOLD_DRIVER;
    }
    bool taken = mr_bucket_take(bucket, keep, quota_now);
    MR_ASSERT(taken);
    om->asked[r->number % ASKED_COUNT] =
        (struct asked){.number = r->number, .order = r->order.id, .kind = r->kind, .link = (uint8_t)(l - om->links)};
    if (op) {
        op->request = r->number;
        op->out = true;
        op->attempts = (uint8_t)(op->attempts + (op->attempts < UINT8_MAX));
        op->due_ns = om->now_ns + om->cfg.answer_ns;
    }
    return MR_HOLD_NONE;
}

static void hold(struct mr_orders *om, struct slot *s, enum mr_hold why, int64_t until)
{
    if (s->held)
        return; /* told once, until something becomes of it */
    struct mr_orders_event e = mr_orders_event_of(om, MR_ORDERS_HELD, s);
    e.hold = (uint8_t)why;
    e.until_ns = until;
    s->held = true;
    om->n.held++;
    mr_orders_tell(om, &e);
}

static void place(struct mr_orders *om, struct link *l, struct slot *s)
{
    struct mr_request r = {.kind = MR_REQUEST_PLACE, .order = s->o};
    int64_t until = om->now_ns + READY_WAIT_NS;
    enum mr_hold why = MR_HOLD_READY;
    if (!om->ports.may_leave(om->ports.self, &s->o)) {
        om->n.given_up++;
        mr_orders_news(om, s, MR_INPUT_DENY);
        return;
    }
    if (l->stage == LINK_READY || (s->o.flags & MR_ORDER_EMERGENCY))
        why = mr_orders_carry(om, l, &r, &s->place, &until);
    if (why) {
        hold(om, s, why, until);
        s->place.due_ns = until;
        return;
    }
    om->n.placed++;
    om->n.replaced += s->place.attempts > 1;
    s->carried = false;
    s->o.sent_ns = om->now_ns;
    mr_orders_news(om, s, MR_INPUT_SENT);
}

static void amend(struct mr_orders *om, struct link *l, struct slot *s)
{
    struct mr_request r = {.kind = MR_REQUEST_AMEND, .order = s->o};
    int64_t until;
    if (!om->ports.may_leave(om->ports.self, &s->o)) {
        mr_orders_amend_over(om, s, MR_REJECT_NONE);
        mr_orders_record(om, s, MR_INPUT_COUNT);
        return;
    }
    *(s->o.type == MR_ORDER_LIMIT ? &r.order.price : &r.order.stop_price) = s->want_price;
    r.order.size = s->want_size;
    enum mr_hold why = mr_orders_carry(om, l, &r, &s->amend, &until);
    if (why) {
        hold(om, s, why, until);
        s->amend.due_ns = until;
        return;
    }
    s->held = false;
    s->amending = AMEND_SENT;
    s->amend_ns = om->now_ns;
    om->n.amends++;
}

static void ask(struct mr_orders *om, struct link *l, struct slot *s, struct op *op, enum mr_request_kind kind)
{
    struct mr_request r = {.kind = (uint8_t)kind, .order = s->o};
    int64_t until;
    if (mr_orders_carry(om, l, &r, op, &until)) {
        op->due_ns = until;
        return;
    }
    *(kind == MR_REQUEST_CANCEL ? &om->n.cancels : &om->n.queries) += 1;
}

/* The answer has not come. Nothing is concluded while something that was heard has not been worked yet. */
static void overdue(struct mr_orders *om, struct link *l, struct slot *s, struct op *op)
{
    if (om->heard_head != om->heard_tail) {
        op->due_ns = om->now_ns + om->cfg.answer_ns;
        return;
    }
    bool of_query = op == &s->query;
    op->out = false;
    op->due_ns = om->now_ns + mr_orders_backoff(om, op->attempts);
    mr_orders_failed(om, l);
    if (!of_query)
        mr_orders_news(om, s, MR_INPUT_LOST);
}

static void work_cancel(struct mr_orders *om, struct link *l, struct slot *s)
{
    if (s->cancel.out)
        overdue(om, l, s, &s->cancel);
    else
        ask(om, l, s, &s->cancel, MR_REQUEST_CANCEL);
}

static void work_query(struct mr_orders *om, struct link *l, struct slot *s)
{
    if (s->query.out)
        overdue(om, l, s, &s->query);
    else
        ask(om, l, s, &s->query, MR_REQUEST_QUERY);
}

/* Something of this order is due. */
void mr_orders_work(struct mr_orders *om, struct slot *s)
{
    struct link *l = mr_orders_link_of(om, s->o.venue);
    int64_t now = om->now_ns;
    if (!l) { /* a venue of a former run that this one does not have: nothing can be asked */
        mr_orders_slot_due(om, s, now + om->cfg.poll_ns);
        return;
    }
    bool cancel_due = s->cancel_wanted && s->cancel.due_ns <= now;
    if (!mr_order_ended(s->o.state) && expiry(om, s) <= now) {
        mr_orders_want_cancel(om, s);
        return;
    }
    switch (s->o.state) {
    case MR_STATE_APPROVED:
        place(om, l, s);
        break;
    case MR_STATE_SENT:
        overdue(om, l, s, &s->place);
        break;
    case MR_STATE_UNKNOWN:
        if (s->query.due_ns <= now)
            work_query(om, l, s);
        if (cancel_due && s->o.state == MR_STATE_UNKNOWN)
            work_cancel(om, l, s);
        break;
    case MR_STATE_ACKED:
    case MR_STATE_PARTIAL:
        if (s->amending && s->amend.due_ns <= now && s->durable_seq >= s->amend_seq) {
            if (s->amending == AMEND_SENT)
                overdue(om, l, s, &s->amend);
            else
                amend(om, l, s);
        } else if (s->query.due_ns <= now) {
            work_query(om, l, s);
        }
        break;
    default: /* CANCELLING, or ended and said to rest */
        if (cancel_due)
            work_cancel(om, l, s);
    }
    mr_orders_plan(om, s);
}
