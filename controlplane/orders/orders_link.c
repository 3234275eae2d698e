/* A venue's stream, what is missed while it is down, and the proof that theirs is ours before trading goes on. */
#include "controlplane/orders/orders_priv.h"

#define SECOND 1000000000LL

static void stage(struct mr_orders *om, struct link *l, enum link_stage to)
{
    bool was = l->stage == LINK_READY, is = to == LINK_READY;
    l->stage = (uint8_t)to;
    if (was == is)
        return;
    struct mr_orders_event e = mr_orders_event_of(om, MR_ORDERS_READY, NULL);
    e.venue = l->cfg.venue;
    e.hold = is;
    mr_orders_tell(om, &e);
}

static void want(struct mr_orders *om, bool *wanted, struct op *op)
{
    *wanted = true;
    if (!op->out)
        op->due_ns = om->now_ns;
}

void mr_orders_want_fills(struct mr_orders *om, struct link *l, int64_t since_ns)
{
    since_ns -= SECOND; /* clocks differ a little; what is heard twice is applied once */
    if (!l->want_fills || since_ns < l->fills_next_since)
        l->fills_next_since = since_ns;
    want(om, &l->want_fills, &l->fills);
}

/* When the oldest open order was made, or the newest fill was: whatever is older has been heard of. */
static int64_t missed_since(struct mr_orders *om, const struct link *l)
{
    int64_t since = l->seen_ns ? l->seen_ns : l->venue_ns ? l->venue_ns : om->now_ns;
    for (uint32_t i = om->open.first; i != NONE; i = om->slots[i].after)
        if (om->slots[i].o.venue == l->cfg.venue && om->slots[i].since_ns < since)
            since = om->slots[i].since_ns;
    return since;
}

static void plan_all(struct mr_orders *om, const struct link *l)
{
    for (uint32_t i = om->open.first; i != NONE; i = om->slots[i].after)
        if (om->slots[i].o.venue == l->cfg.venue)
            mr_orders_plan(om, &om->slots[i]);
}

/* Questions asked before the stream came back may be answered from before, too: they are asked again. */
static void ask_anew(struct mr_orders *om, const struct link *l)
{
    for (uint32_t i = om->open.first; i != NONE; i = om->slots[i].after) {
        struct slot *s = &om->slots[i];
        if (s->o.venue == l->cfg.venue && s->query.out)
            s->query = (struct op){.due_ns = om->now_ns};
    }
}

static void recover(struct mr_orders *om, struct link *l)
{
    ask_anew(om, l);
    stage(om, l, LINK_FILLS);
    mr_orders_want_fills(om, l, missed_since(om, l));
}

void mr_orders_stream(struct mr_orders *om, struct link *l, bool up)
{
    l->stream = up;
    if (up) {
        recover(om, l);
        l->dead_man_due = om->now_ns;
    } else {
        stage(om, l, LINK_DOWN);
        l->fills_poll_due = om->now_ns + om->cfg.poll_ns;
    }
    plan_all(om, l);
}

/* Orders of ours that rest, as we think, and were not in the venue's list: each is asked about. */
static void ask_unlisted(struct mr_orders *om, const struct link *l)
{
    uint32_t next;
    for (uint32_t i = om->open.first; i != NONE; i = next) {
        struct slot *s = &om->slots[i];
        next = s->after;
        bool rests = s->o.state == MR_STATE_ACKED || s->o.state == MR_STATE_PARTIAL;
        if (s->o.venue == l->cfg.venue && rests && s->listed != l->open.request &&
            (s->o.sent_ns < l->open_asked_ns || s->o.sent_ns > om->now_ns)) /* or sent by a clock set back since */
            mr_orders_news(om, s, MR_INPUT_LOST);
    }
}

static bool any_unknown(struct mr_orders *om, const struct link *l)
{
    for (uint32_t i = om->open.first; i != NONE; i = om->slots[i].after) {
        const struct mr_order *o = &om->slots[i].o;
        if (o->venue == l->cfg.venue && (o->state == MR_STATE_UNKNOWN || o->state == MR_STATE_SENT))
            return true;
    }
    return false;
}

static void differs(struct mr_orders *om, struct link *l, const struct mr_position *p, mr_size theirs,
                    enum mr_sync_verdict verdict)
{
    static const uint8_t as[] = {MR_DISCREPANCY_NONE, MR_DISCREPANCY_LOCAL_ONLY, MR_DISCREPANCY_VENUE_ONLY,
                                 MR_DISCREPANCY_SIZE};
    struct mr_orders_event e = mr_orders_event_of(om, MR_ORDERS_DISCREPANCY, NULL);
    const struct mr_record_account r = {.instrument = p->instrument,
                                        .verdict = (uint8_t)verdict,
                                        .venue = l->cfg.venue,
                                        .theirs = theirs,
                                        .ours = p->size};
    e.discrepancy = as[verdict];
    e.venue = l->cfg.venue;
    e.theirs = theirs;
    e.position = p;
    om->n.discrepancies++;
    mr_orders_record_account(om, MR_ACCOUNT_POSITION, &r); /* for the audit; the event is what is acted on */
    mr_orders_tell(om, &e);
}

/* Ours beside theirs. A difference counts when it is there twice in a row with no fill between: streams and queries are not of one moment. */
static void compare(struct mr_orders *om, struct link *l)
{
    bool in_flight = om->heard_tail - om->heard_head > 1; /* more than the answer being worked */
    l->differences = l->unsettled = 0;
    om->n.syncs++;
    for (uint32_t i = 0; i < om->cfg.instruments_max; i++) {
        const struct mr_position *p = mr_positions_get(om->positions, i);
        struct theirs *t = &om->theirs[i];
        const struct mr_instrument *it = om->ports.instrument(om->ports.self, i);
        bool listed = t->request == l->positions.request;
        if (!listed && (!it || it->venue != l->cfg.venue))
            continue; /* what is in no list of its own venue is none there */
        mr_size theirs = listed ? t->size : 0;
        enum mr_sync_verdict verdict = mr_position_compare(p->size, theirs);
        if (verdict == MR_SYNC_MATCHED) {
            t->differs = 0;
            continue;
        }
        bool moved = in_flight || (p->updated_ns >= l->positions_asked_ns && p->updated_ns <= om->now_ns);
        t->differs = moved ? 1 : t->differs + 1;
        l->unsettled += t->differs < 2;
        l->differences += t->differs >= 2;
        if (t->differs >= 2)
            differs(om, l, p, theirs, verdict);
    }
    om->n.syncs_unsettled += l->unsettled > 0;
}

static void positions_done(struct mr_orders *om, struct link *l)
{
    compare(om, l);
    if (l->unsettled || (l->differences && l->stage == LINK_POSITIONS)) {
        l->want_positions = true;
        l->positions.due_ns = om->now_ns + SECOND;
        if (l->differences && l->stage == LINK_POSITIONS)
            mr_orders_want_fills(om, l, missed_since(om, l));
        return;
    }
    if (l->stage == LINK_POSITIONS)
        stage(om, l, LINK_BALANCE);
    want(om, &l->want_balance, &l->balance);
}

/* By more than so many basis points of ours. */
static bool apart(mr_money theirs, mr_money ours, int32_t bp)
{
    mr_money by = theirs - ours, bound = ours < 0 ? -ours : ours;
    by = by < 0 ? -by : by;
    return by * 10000 > bound * bp;
}

static void balance(struct mr_orders *om, struct link *l, const struct mr_answer *a)
{
    struct mr_account_worth w;
    const struct mr_instrument *(*instrument)(void *, uint32_t) = om->ports.instrument;
    int status = mr_positions_worth(om->positions, instrument, om->ports.self, &w);
    bool same = !status && l->differences == 0;
    /* one venue's equity is all of ours only where there is one venue */
    if (om->link_count == 1 && !status && apart(a->amount, w.equity, om->cfg.balance_bp)) {
        struct mr_orders_event e = mr_orders_event_of(om, MR_ORDERS_DISCREPANCY, NULL);
        const struct mr_record_account r = {.venue = l->cfg.venue, .amount = a->amount, .other = w.equity};
        e.discrepancy = MR_DISCREPANCY_BALANCE;
        e.venue = l->cfg.venue;
        om->n.discrepancies++;
        same = false;
        mr_orders_record_account(om, MR_ACCOUNT_BALANCE, &r);
        mr_orders_tell(om, &e);
    }
    if (l->stage == LINK_BALANCE)
        stage(om, l, LINK_READY);
    struct mr_orders_event synced = mr_orders_event_of(om, MR_ORDERS_SYNCED, NULL);
    synced.venue = l->cfg.venue;
    synced.hold = same;
    mr_orders_tell(om, &synced);
    l->sync_due = om->now_ns + om->cfg.sync_ns;
}

static struct op *op_of(struct link *l, unsigned kind, bool **wanted)
{
    switch (kind) {
    case MR_REQUEST_FILLS:
        *wanted = &l->want_fills;
        return &l->fills;
    case MR_REQUEST_OPEN:
        *wanted = &l->want_open;
        return &l->open;
    case MR_REQUEST_POSITIONS:
        *wanted = &l->want_positions;
        return &l->positions;
    default:
        *wanted = &l->want_balance;
        return &l->balance;
    }
}

static void list_over(struct mr_orders *om, struct link *l, unsigned kind)
{
    switch (kind) {
    case MR_REQUEST_FILLS:
        l->fills_done_ns = l->fills_asked_ns;
        if (l->stage == LINK_FILLS) {
            stage(om, l, LINK_OPEN);
            want(om, &l->want_open, &l->open);
        }
        break;
    case MR_REQUEST_OPEN:
        ask_unlisted(om, l);
        if (l->stage == LINK_OPEN)
            stage(om, l, LINK_RESOLVE);
        break;
    default:
        positions_done(om, l);
    }
}

/* An answer to one of the lists. False: it is about one order, and worked like any other. */
bool mr_orders_list_answer(struct mr_orders *om, struct link *l, unsigned kind, const struct mr_answer *a)
{
    bool *wanted;
    struct op *op = op_of(l, kind, &wanted);
    if (a->request != op->request || !op->out) {
        om->n.stray++;
        return a->kind != MR_ANSWER_ORDER;
    }
    switch (a->kind) {
    case MR_ANSWER_SENT:
        op->due_ns = om->now_ns + om->cfg.answer_ns;
        return true;
    case MR_ANSWER_POSITION:
        op->due_ns = om->now_ns + om->cfg.answer_ns;
        if (a->instrument < om->cfg.instruments_max) {
            om->theirs[a->instrument].request = op->request;
            om->theirs[a->instrument].size = a->size;
        } else {
            om->n.stray++;
        }
        return true;
    case MR_ANSWER_BALANCE:
        *op = (struct op){.request = op->request};
        balance(om, l, a);
        return true;
    case MR_ANSWER_END:
        *op = (struct op){.request = op->request, .due_ns = om->now_ns};
        list_over(om, l, kind);
        return true;
    case MR_ANSWER_ORDER: {
        struct slot *s = mr_orders_slot(om, a->order);
        if (s)
            s->listed = op->request;
        op->due_ns = om->now_ns + om->cfg.answer_ns;
        return false;
    }
    default: /* not sent, lost, limited, refused: asked again after a while */
        *wanted = true;
        if (kind == MR_REQUEST_FILLS && l->fills_since < l->fills_next_since)
            l->fills_next_since = l->fills_since;
        op->out = false;
        op->due_ns = om->now_ns + mr_orders_backoff(om, op->attempts);
        if (op->due_ns < a->until_ns)
            op->due_ns = a->until_ns;
        return true;
    }
}

static uint32_t list_step(struct mr_orders *om, struct link *l, enum mr_request_kind kind)
{
    bool *wanted;
    struct op *op = op_of(l, kind, &wanted);
    struct mr_request r = {.kind = (uint8_t)kind};
    int64_t until;
    if ((!op->out && !*wanted) || op->due_ns > om->now_ns)
        return 0;
    if (op->out) { /* overdue */
        if (om->heard_head != om->heard_tail) {
            op->due_ns = om->now_ns + om->cfg.answer_ns;
            return 0;
        }
        mr_orders_failed(om, l);
        op->out = false;
        *wanted = true;
        if (kind == MR_REQUEST_FILLS && l->fills_since < l->fills_next_since)
            l->fills_next_since = l->fills_since;
        op->due_ns = om->now_ns + mr_orders_backoff(om, op->attempts);
        return 1;
    }
    r.since_ns = kind == MR_REQUEST_FILLS ? l->fills_next_since : 0;
    if (mr_orders_carry(om, l, &r, op, &until)) {
        op->due_ns = until;
        return 0;
    }
    om->n.queries++;
    *wanted = false;
    if (kind == MR_REQUEST_FILLS) {
        l->fills_since = r.since_ns;
        l->fills_next_since = NEVER;
        l->fills_asked_ns = om->now_ns;
    } else if (kind == MR_REQUEST_OPEN) {
        l->open_asked_ns = om->now_ns;
    } else if (kind == MR_REQUEST_POSITIONS) {
        l->positions_asked_ns = om->now_ns;
    }
    return 1;
}

static uint32_t dead_man(struct mr_orders *om, struct link *l)
{
    struct mr_request r = {.kind = MR_REQUEST_DEAD_MAN, .within_ms = (uint32_t)(om->cfg.dead_man_ns / 1000000)};
    int64_t until;
    if (!om->cfg.dead_man_ns || !l->stream || l->dead_man_due > om->now_ns)
        return 0;
    l->dead_man_due = mr_orders_carry(om, l, &r, NULL, &until) ? until : om->now_ns + om->cfg.dead_man_ns / 3;
    return 1;
}

uint32_t mr_orders_link_step(struct mr_orders *om, struct link *l)
{
    uint32_t work = 0;
    if (l->stage == LINK_RESOLVE && !any_unknown(om, l)) {
        stage(om, l, LINK_POSITIONS);
        want(om, &l->want_positions, &l->positions);
        work++;
    }
    if (l->stage == LINK_READY && l->sync_due <= om->now_ns) {
        want(om, &l->want_positions, &l->positions);
        l->sync_due = om->now_ns + om->cfg.sync_ns;
    }
    if (!l->stream && l->fills_poll_due <= om->now_ns && om->open.count) {
        mr_orders_want_fills(om, l, missed_since(om, l));
        l->fills_poll_due = om->now_ns + om->cfg.poll_ns;
    }
    for (unsigned kind = MR_REQUEST_OPEN; kind <= MR_REQUEST_FILLS; kind++)
        work += list_step(om, l, kind);
    return work + dead_man(om, l);
}

int64_t mr_orders_link_due(const struct mr_orders *om, const struct link *l)
{
    int64_t due = NEVER;
    const struct {
        bool wanted;
        const struct op *op;
    } ops[] = {{l->want_fills, &l->fills},
               {l->want_open, &l->open},
               {l->want_positions, &l->positions},
               {l->want_balance, &l->balance}};
    for (size_t i = 0; i < MR_COUNT_OF(ops); i++)
        if ((ops[i].wanted || ops[i].op->out) && ops[i].op->due_ns < due)
            due = ops[i].op->due_ns;
    if (l->stage == LINK_READY && l->sync_due < due)
        due = l->sync_due;
    if (!l->stream && om->open.count && l->fills_poll_due < due)
        due = l->fills_poll_due;
    if (l->stream && om->cfg.dead_man_ns && l->dead_man_due < due)
        due = l->dead_man_due;
    return due;
}
