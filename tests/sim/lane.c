/* Between the order manager and the paper exchange: two channels (the private stream, and answers to requests), and what happens to both. */
#include <stdio.h>

#include "tests/sim/judge.h"

static int64_t venue_now(struct world *w)
{
    int64_t now = w->truth + w->venue_offset;
    w->venue_now = now > w->venue_now ? now : w->venue_now;
    return w->venue_now;
}

static struct lane_number *number_of(struct lane *l, uint64_t number)
{
    struct lane_number *n = &l->numbers[number % LANE_NUMBERS];
    return number && n->number == number ? n : NULL;
}

/* ---- towards the tile ---- */

static void tell(struct world *w, const struct mr_answer *a, int64_t at)
{
    struct lane *l = &w->lane;
    MR_ASSERT(l->out_count < LANE_ANSWERS);
    uint32_t i = l->out_count++;
    for (; i > 0 && l->out[i - 1].at > at; i--)
        l->out[i] = l->out[i - 1];
    l->out[i] = (struct lane_answer){at, ++l->order, *a};
}

static void tell_kind(struct world *w, const struct mr_request *r, uint8_t kind, uint8_t reason, int64_t at)
{
    struct mr_answer a = {.request = r->number,
                          .order = r->order.id,
                          .kind = kind,
                          .reason = reason,
                          .instrument = r->order.instrument,
                          .venue_ns = w->venue_now};
    tell(w, &a, at);
}

static bool of_stream(const struct lane_number *n, const struct mr_answer *a)
{
    switch (a->kind) {
    case MR_ANSWER_FILL:
        return !n || n->kind != MR_REQUEST_FILLS;
    case MR_ANSWER_ACK:
    case MR_ANSWER_CANCELLED:
    case MR_ANSWER_EXPIRED:
    case MR_ANSWER_TRIGGERED:
    case MR_ANSWER_AMENDED:
    case MR_ANSWER_FUNDING:
    case MR_ANSWER_LIQUIDATED:
        return true;
    default:
        return false;
    }
}

static void stream_says(struct world *w, struct mr_answer *a)
{
    struct lane *l = &w->lane;
    int64_t at = w->truth > l->stream_at ? w->truth : l->stream_at;
    if (l->stream_down || l->silent_until > w->truth)
        return;
    l->history[l->told++ % LANE_HISTORY] = *a;
    if (a->kind == MR_ANSWER_ACK && sim_fault(w, FAULT_LATE_ACK))
        at += sim_between(w, 1100 * SIM_MS, 4 * SIM_S);
    else if (a->kind == MR_ANSWER_ACK && sim_fault(w, FAULT_FILL_BEFORE_ACK))
        at += sim_between(w, 1, 200 * SIM_MS);
    else if (a->kind == MR_ANSWER_FILL && sim_fault(w, FAULT_FILL_AFTER_CANCEL))
        at += sim_between(w, 1, 500 * SIM_MS);
    else if (sim_fault(w, FAULT_REORDERED))
        l->stream_at = at += sim_between(w, 1, 300 * SIM_MS);
    else
        l->stream_at = at;
    tell(w, a, at);
    if (a->kind == MR_ANSWER_FILL && sim_fault(w, FAULT_DUPLICATE_FILL))
        tell(w, a, at + sim_between(w, 0, 3 * SIM_S));
}

static void request_says(struct world *w, struct lane_number *n, const struct mr_answer *a)
{
    struct lane *l = &w->lane;
    int64_t at = w->truth > l->direct_at ? w->truth : l->direct_at;
    if (n && n->answer_lost) {
        if (!n->lost_told && sim_below(w, 2)) { /* else silence */
            struct mr_answer lost = {.request = n->number, .order = a->order, .kind = MR_ANSWER_LOST};
            tell(w, &lost, w->truth + sim_between(w, 0, SIM_S));
        }
        n->lost_told = true;
        return;
    }
    if (n)
        at += n->delay; /* a whole list keeps its order: each of its answers is as late */
    tell(w, a, at);
}

static void from_venue(struct world *w)
{
    struct mr_exchange_driver paper = mr_paper_driver(w->paper);
    struct lane *l = &w->lane;
    for (struct mr_answer a; l->out_count < LANE_ANSWERS - 64 && paper.poll(paper.self, &a, venue_now(w)) == 1;) {
        struct lane_number *n = number_of(l, a.request);
        if (a.kind == MR_ANSWER_SENT || a.kind == MR_ANSWER_NOT_SENT)
            continue;          /* the lane has said that itself */
        if (a.request >> 60) { /* of the venue's own doing: told as such */
            if (a.kind != MR_ANSWER_CANCELLED)
                continue;
            a.request = 0;
            a.kind = MR_ANSWER_EXPIRED;
        }
        if (a.kind == MR_ANSWER_STREAM_DOWN || a.kind == MR_ANSWER_STREAM_UP) {
            l->stream_at = l->stream_at > w->truth ? l->stream_at : w->truth;
            if (a.kind == MR_ANSWER_STREAM_UP && l->stream_down)
                continue; /* it is down for another reason */
            tell(w, &a, l->stream_at);
        } else if (of_stream(n, &a)) {
            stream_says(w, &a);
        } else {
            request_says(w, n, &a);
        }
    }
}

static int poll(void *self, struct mr_answer *out, int64_t now_ns)
{
    struct world *w = self;
    struct lane *l = &w->lane;
    (void)now_ns;
    while (!w->dying && l->out_count && l->out[0].at <= w->truth) {
        *out = l->out[0].a;
        memmove(l->out, l->out + 1, --l->out_count * sizeof l->out[0]);
        out->recv_ns = sim_host_now(w);
        out->fill.recv_ns = out->kind == MR_ANSWER_FILL ? out->recv_ns : 0;
        if (!planted_answer(w, out))
            continue;
        if (out->kind != MR_ANSWER_SENT)
            sim_event(w, "heard %s of request %llu, order %llx, %s, filled %lld", mr_answer_name(out->kind),
                      (unsigned long long)out->request, (unsigned long long)out->order, mr_reject_name(out->reason),
                      (long long)out->filled);
        judge_answer(w, out);
        return 1;
    }
    return 0;
}

/* ---- towards the venue ---- */

static void deliver(struct world *w, const struct mr_request *r)
{
    struct mr_exchange_driver paper = mr_paper_driver(w->paper);
    if (paper.send(paper.self, r, venue_now(w)) == MR_OK && !w->lane.cut)
        judge_delivered(w, r);
    else
        judge_undone(w, r);
}

static void arrive(struct world *w)
{
    struct lane *l = &w->lane;
    while (l->in_count && l->in[0].at <= w->truth) {
        struct mr_request r = l->in[0].r;
        memmove(l->in, l->in + 1, --l->in_count * sizeof l->in[0]);
        if (r.kind == MR_REQUEST_CANCEL && sim_fault(w, FAULT_CANCEL_REFUSED)) {
            const struct mr_order *o = mr_paper_find(w->paper, r.order.id);
            if (o && mr_order_live(o->state) && o->type == MR_ORDER_LIMIT) /* somebody trades with it just before */
                mr_paper_on_trade(w->paper, o->instrument, o->side ^ 1, o->price + (o->side == MR_SIDE_BUY ? -1 : 1),
                                  o->size, venue_now(w));
        }
        deliver(w, &r);
    }
}

/* One of the ways in which a request comes to nothing. True: it did. */
static bool undone(struct world *w, const struct mr_request *r)
{
    bool places = r->kind == MR_REQUEST_PLACE, asks = r->kind >= MR_REQUEST_QUERY;
    int64_t soon = w->truth + sim_between(w, 0, 300 * SIM_MS);
    if (w->lane.maintenance_until > w->truth) {
        tell_kind(w, r, asks ? MR_ANSWER_LIMITED : MR_ANSWER_REJECTED, asks ? MR_REJECT_NONE : MR_REJECT_OVERLOAD,
                  soon);
        return true;
    }
    if (sim_fault(w, FAULT_LIMITED)) {
        struct mr_answer a = {.request = r->number, .order = r->order.id, .kind = MR_ANSWER_LIMITED};
        a.until_ns = sim_below(w, 2) ? sim_host_now(w) + sim_between(w, 0, 3 * SIM_S) : 0;
        tell(w, &a, soon);
        return true;
    }
    if (places && sim_fault(w, FAULT_REJECT)) {
        static const uint8_t reasons[] = {MR_REJECT_MARGIN, MR_REJECT_POST_ONLY, MR_REJECT_FILTER, MR_REJECT_HALTED,
                                          MR_REJECT_OTHER};
        tell_kind(w, r, MR_ANSWER_REJECTED, reasons[sim_below(w, MR_COUNT_OF(reasons))], soon);
        return true;
    }
    if (!sim_fault(w, FAULT_UNDONE))
        return false;
    switch (sim_below(w, 4)) {
    case 0:
        tell_kind(w, r, MR_ANSWER_LOST, MR_REJECT_NONE, w->truth + sim_between(w, 0, SIM_S));
        break;
    case 1:
        break; /* silence */
    case 2:
        tell_kind(w, r, MR_ANSWER_NOT_SENT, MR_REJECT_NONE, w->truth);
        break;
    default:
        tell_kind(w, r, asks ? MR_ANSWER_LOST : MR_ANSWER_REJECTED, asks ? MR_REJECT_NONE : MR_REJECT_OVERLOAD, soon);
    }
    return true;
}

static int64_t delay_of(struct world *w)
{
    int64_t d = sim_between(w, 0, 3 * SIM_MS);
    if (w->lane.slow_until > w->truth)
        d += sim_between(w, 0, 2 * SIM_S);
    return d;
}

static void take(struct world *w, const struct mr_request *r)
{
    struct lane *l = &w->lane;
    struct lane_number *n = &l->numbers[r->number % LANE_NUMBERS];
    bool asks = r->kind >= MR_REQUEST_QUERY;
    *n = (struct lane_number){.number = r->number, .kind = r->kind};
    if (l->cut) {
        judge_undone(w, r);
        tell_kind(w, r, MR_ANSWER_NOT_SENT, MR_REJECT_NONE, w->truth);
        return;
    }
    tell_kind(w, r, MR_ANSWER_SENT, MR_REJECT_NONE, w->truth);
    if (undone(w, r)) {
        judge_undone(w, r);
        return;
    }
    n->answer_lost = sim_fault(w, FAULT_LOST_ANSWER);
    n->delay = (l->slow_until > w->truth ? sim_between(w, 0, 2 * SIM_S) : 0) +
               (asks && sim_fault(w, FAULT_OLD_SNAPSHOT) ? sim_between(w, 1, 900 * SIM_MS) : 0);
    l->request_at = w->truth + delay_of(w) > l->request_at ? w->truth + delay_of(w) : l->request_at;
    MR_ASSERT(l->in_count < LANE_REQUESTS);
    l->in[l->in_count++] = (struct lane_request){l->request_at, *r};
}

static int send(void *self, const struct mr_request *request, int64_t now_ns)
{
    struct world *w = self;
    struct lane *l = &w->lane;
    struct mr_request r = *request;
    (void)now_ns;
    if (l->in_count >= LANE_REQUESTS - 8 || l->out_count > LANE_ANSWERS / 2)
        return MR_E_FULL;
    if (!sim_step_ok(w))
        return MR_OK; /* dead: nothing leaves, and nobody will ever know */
    if (w->config.fail_at_step && w->config.fail_kind == SIM_FAIL_SEND &&
        ++w->of_kind[SIM_FAIL_SEND] == w->config.fail_at_step)
        return MR_E_FULL;
    planted_request(w, &r);
    if (planted_swallows(w, &r))
        return MR_OK;
    sim_event(w, "sends %s %llu: order %llx, instrument %u, %s %lld at %lld", mr_request_name(r.kind),
              (unsigned long long)r.number, (unsigned long long)r.order.id, r.order.instrument,
              mr_side_name(r.order.side), (long long)r.order.size, (long long)r.order.price);
    judge_sent(w, &r);
    take(w, &r);
    return MR_OK;
}

struct mr_exchange_driver lane_driver(struct world *w) { return (struct mr_exchange_driver){w, send, poll}; }

/* ---- faults that last ---- */

static void stream_off(struct world *w, int64_t silent, int64_t down)
{
    struct lane *l = &w->lane;
    struct mr_answer a = {.kind = MR_ANSWER_STREAM_DOWN};
    if (l->stream_down || l->cut)
        return;
    l->stream_down = true;
    l->stream_until = w->truth + silent + down;
    tell(w, &a, w->truth + silent > l->stream_at ? w->truth + silent : l->stream_at);
    l->stream_at = w->truth + silent > l->stream_at ? w->truth + silent : l->stream_at;
}

static void stream_on(struct world *w)
{
    struct lane *l = &w->lane;
    struct mr_answer a = {.kind = MR_ANSWER_STREAM_UP};
    l->stream_down = false;
    l->stream_at = l->stream_at > w->truth ? l->stream_at : w->truth;
    if (!l->cut)
        tell(w, &a, l->stream_at);
}

static void begin_faults(struct world *w)
{
    struct lane *l = &w->lane;
    if (!l->cut && sim_fault(w, FAULT_DOWN)) {
        l->cut = true;
        l->down_until = w->truth + sim_between(w, 10 * SIM_MS, 5 * SIM_S);
        mr_paper_cut(w->paper, true, venue_now(w));
        sim_event(w, "the venue is cut off");
    }
    if (sim_fault(w, FAULT_MAINTENANCE))
        l->maintenance_until = w->truth + sim_between(w, SIM_S, 20 * SIM_S);
    if (sim_fault(w, FAULT_SLOW))
        l->slow_until = w->truth + sim_between(w, 100 * SIM_MS, 10 * SIM_S);
    if (sim_fault(w, FAULT_DROPPED))
        stream_off(w, 0, sim_between(w, 10 * SIM_MS, 5 * SIM_S));
    if (sim_fault(w, FAULT_KEY_EXPIRED))
        stream_off(w, 2 * SIM_S, sim_between(w, 10 * SIM_MS, 2 * SIM_S));
    if (sim_fault(w, FAULT_SEQUENCE_GAP))
        stream_off(w, sim_between(w, 0, 300 * SIM_MS), 0);
    if (!l->stream_down && !l->cut && l->told && sim_fault(w, FAULT_REPLAYED)) {
        uint64_t n = 1 + sim_below(w, l->told < LANE_HISTORY ? l->told : LANE_HISTORY);
        for (uint64_t i = l->told - n; i < l->told && l->out_count < LANE_ANSWERS / 2; i++)
            tell(w, &l->history[i % LANE_HISTORY], w->truth > l->stream_at ? w->truth : l->stream_at);
    }
    if (sim_fault(w, FAULT_VENUE_CLOCK))
        w->venue_offset = sim_between(w, -700 * SIM_MS, 700 * SIM_MS);
}

static void end_faults(struct world *w)
{
    struct lane *l = &w->lane;
    if (l->stream_down && l->stream_until <= w->truth)
        stream_on(w);
    if (!l->cut || l->down_until > w->truth)
        return;
    l->cut = false;
    mr_paper_cut(w->paper, false, venue_now(w));
    sim_event(w, "the venue is there again");
}

/* The venue ends one of ours by itself. */
static void venue_ends_one(struct world *w)
{
    const struct judge *j = w->judge;
    struct mr_exchange_driver paper = mr_paper_driver(w->paper);
    if (!j->live_count || w->lane.cut || !sim_fault(w, FAULT_VENUE_EXPIRY))
        return;
    const struct judge_order *o = &j->orders[j->live[sim_below(w, j->live_count)]];
    struct mr_request r = {.number = 1ull << 60, .kind = MR_REQUEST_CANCEL, .order = o->first};
    if (mr_paper_find(w->paper, o->id))
        paper.send(paper.self, &r, venue_now(w));
}

void lane_pump(struct world *w)
{
    if (!w->calm) {
        begin_faults(w);
        venue_ends_one(w);
    }
    end_faults(w);
    arrive(w);
    mr_paper_step(w->paper, venue_now(w));
    from_venue(w);
}

void lane_forget(struct world *w)
{
    struct lane *l = &w->lane;
    l->out_count = 0; /* what was on its way to the dead */
    l->told = 0;
    memset(l->numbers, 0, sizeof l->numbers); /* who comes next counts from 1 again */
    l->stream_at = l->direct_at = w->truth;
    l->stream_down = true; /* a new process has a new stream, once it is there */
    l->stream_until = w->truth;
}

void lane_calm(struct world *w)
{
    struct lane *l = &w->lane;
    l->down_until = l->maintenance_until = l->slow_until = l->silent_until = w->truth;
    l->stream_until = l->stream_until < w->truth ? l->stream_until : w->truth;
}
