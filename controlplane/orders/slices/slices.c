#include "controlplane/orders/slices/slices.h"

#define SECOND 1000000000LL
#define FIRST_WAIT SECOND
#define LONGEST_WAIT (16 * SECOND)

struct parent {
    struct mr_record_slices r; /* what a restart needs */
    bool used, look, unwritten;
    bool withdrawn;               /* the child's cancel is our own wish */
    uint32_t failures;            /* of children, in a row */
    int64_t due_ns;               /* to be looked at then */
    int64_t retry_ns;             /* no child is placed before */
    struct mr_slices_child late;  /* fills of children that are followed no more, since the last look */
    mr_size until[MR_SLICES_MAX]; /* of all slices up to and with this one */
};
struct mr_slices {
    uint32_t max, attempts, count, number;
    int64_t now_ns;
    struct mr_slices_ports ports;
    struct parent at[];
};

static_assert(sizeof(struct mr_record_slices) % 16 == 0 && sizeof(struct mr_record_slices) <= 1024, "bytes in files");

size_t mr_slices_bytes(uint32_t max) { return sizeof(struct mr_slices) + max * sizeof(struct parent); }

struct mr_slices *mr_slices_init(void *mem, uint32_t max, uint32_t attempts, const struct mr_slices_ports *ports)
{
    struct mr_slices *ss = mem;
    MR_ASSERT(attempts && ports->instrument && ports->market && ports->word && ports->told && ports->journal.append);
    memset(mem, 0, mr_slices_bytes(max));
    ss->max = max;
    ss->attempts = attempts;
    ss->ports = *ports;
    return ss;
}

static int64_t latest(struct mr_slices *ss, int64_t now_ns)
{
    return ss->now_ns = now_ns > ss->now_ns ? now_ns : ss->now_ns;
}

static void tell(struct mr_slices *ss, const struct parent *p, enum mr_slices_told_kind kind)
{
    const struct mr_instrument *it = ss->ports.instrument(ss->ports.self, p->r.plan.parent.instrument);
    struct mr_fill_quality quality;
    bool known = it && mr_fill_quality(&p->r.plan.parent, it, &quality) == MR_OK;
    const struct mr_slices_told told = {.kind = (uint8_t)kind, .record = &p->r, .quality = known ? &quality : NULL};
    ss->ports.told(ss->ports.self, &told);
}

/* False: the journal takes nothing now; it is tried again with the next look. */
static bool write_down(struct mr_slices *ss, struct parent *p)
{
    p->r.head = (struct mr_record_head){.version = MR_RECORDS_VERSION, .what = MR_RECORD_SLICES, .bytes = sizeof p->r};
    p->r.slot = (uint32_t)(p - ss->at);
    p->unwritten =
        ss->ports.journal.append(ss->ports.journal.self, MR_JOURNAL_ORDER, ss->now_ns, &p->r, sizeof p->r) < 0;
    return !p->unwritten;
}

static void later(struct parent *p, int64_t at_ns) { p->due_ns = at_ns < p->due_ns ? at_ns : p->due_ns; }

static void sum_up(struct parent *p)
{
    mr_size sum = 0;
    if (p->r.plan.kind == MR_SLICES_ICEBERG)
        return;
    mr_slices_sizes(&p->r.plan, p->until);
    for (uint32_t i = 0; i < p->r.plan.slices; i++)
        sum = p->until[i] += sum;
    MR_ASSERT(sum == p->r.plan.parent.size);
}

int mr_slices_open(struct mr_slices *ss, const struct mr_orders *om, const struct mr_slices_plan *plan, int64_t now_ns,
                   uint64_t *id)
{
    const struct mr_instrument *it = ss->ports.instrument(ss->ports.self, plan->parent.instrument);
    struct parent *p = NULL;
    now_ns = latest(ss, now_ns);
    if (!it)
        return MR_E_SYMBOL;
    if (it->flags & MR_INSTRUMENT_INVERSE)
        return MR_E_UNSUPPORTED;
    struct mr_slices_plan copy = *plan;
    copy.lot = it->lot > 0 ? it->lot : 1;
    copy.parent.venue = it->venue;
    if (mr_slices_check(&copy, now_ns) != MR_OK)
        return MR_E_RANGE;
    if (ss->ports.word(ss->ports.self, &copy.parent) != MR_SLICES_GO)
        return MR_E_STALE;
    for (uint32_t i = 0; i < ss->max && !p; i++)
        if (!ss->at[i].used)
            p = &ss->at[i];
    if (!p)
        return MR_E_FULL;
    memset(p, 0, sizeof *p);
    p->r.plan = copy;
    p->r.started_ns = now_ns;
    struct mr_order *w = &p->r.plan.parent;
    const struct mr_market_view *view = w->arrival_mid ? NULL : ss->ports.market(ss->ports.self, w->instrument);
    w->arrival_mid = view ? mr_market_mid(view) : w->arrival_mid;
    w->filled = 0;
    w->cost = w->fees = 0;
    w->created_ns = w->updated_ns = now_ns;
    w->id = MR_SLICES_ID | mr_orders_next_id(om) >> 32 << 32 | (ss->number + 1);
    if (!write_down(ss, p))
        return MR_E_FULL;
    ss->number++;
    ss->count++;
    p->used = p->look = true;
    p->due_ns = INT64_MAX;
    sum_up(p);
    *id = w->id;
    tell(ss, p, MR_SLICES_STARTED);
    return MR_OK;
}

/* From now on nothing leaves. */
static void end(struct parent *p, enum mr_slices_state outcome, enum mr_slices_why why)
{
    if (p->r.state != MR_SLICES_WORKING)
        return;
    p->r.state = MR_SLICES_ENDING;
    p->r.outcome = (uint8_t)outcome;
    p->r.why = (uint8_t)why;
    p->unwritten = p->look = true;
}

static struct parent *find(const struct mr_slices *ss, uint64_t id)
{
    for (uint32_t i = 0; i < ss->max; i++)
        if (ss->at[i].used && ss->at[i].r.plan.parent.id == id)
            return (struct parent *)(uintptr_t)&ss->at[i];
    return NULL;
}

static bool is_over(const struct parent *p) { return p->r.state > MR_SLICES_ENDING; }

int mr_slices_cancel(struct mr_slices *ss, uint64_t id, int64_t now_ns)
{
    struct parent *p = find(ss, id);
    latest(ss, now_ns);
    if (!p || is_over(p))
        return MR_E_EMPTY;
    end(p, MR_SLICES_CANCELLED, MR_SLICES_ASKED);
    write_down(ss, p); /* if the journal takes nothing now, the step tries again; the child is cancelled all the same */
    return MR_OK;
}

uint32_t mr_slices_cancel_all(struct mr_slices *ss, int64_t instrument, int64_t now_ns)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < ss->max; i++) {
        const struct mr_order *w = &ss->at[i].r.plan.parent;
        if (ss->at[i].used && (instrument < 0 || w->instrument == instrument))
            n += mr_slices_cancel(ss, w->id, now_ns) == MR_OK;
    }
    return n;
}

/* A fill of a child that is followed no more: its parent has had others since. */
static void note_late(struct mr_slices *ss, struct parent *p, const struct mr_fill *f)
{
    const struct mr_instrument *it = ss->ports.instrument(ss->ports.self, p->r.plan.parent.instrument);
    mr_money worth = 0;
    if (it && mr_money_notional(it, f->price, f->size, &worth) == MR_OK)
        p->late.cost += worth;
    p->late.fees += f->fee;
    p->late.filled += f->size;
}

void mr_slices_event(struct mr_slices *ss, const struct mr_orders_event *event)
{
    const struct mr_order *o = event->order;
    struct parent *p = o->parent & MR_SLICES_ID ? find(ss, o->parent) : NULL;
    if (!p)
        return;
    p->look = true;
    if (event->kind == MR_ORDERS_FILLED && o->id != p->r.child[0].id && o->id != p->r.child[1].id)
        note_late(ss, p, event->fill);
}

/* --- one parent --- */

static bool is_open(const struct mr_order *o) { return o && !mr_order_ended(o->state); }

static void add(struct parent *p, mr_size filled, mr_money cost, mr_money fees)
{
    struct mr_order *w = &p->r.plan.parent;
    w->filled += filled;
    w->cost += cost;
    w->fees += fees;
    p->unwritten = true;
}

/* What the child has filled since it was looked at last is the parent's. */
static void take(const struct mr_orders *om, struct parent *p, struct mr_slices_child *c)
{
    const struct mr_order *o = c->id ? mr_orders_find(om, c->id) : NULL;
    if (!o || (o->filled == c->filled && o->cost == c->cost))
        return;
    add(p, o->filled - c->filled, o->cost - c->cost, o->fees - c->fees);
    p->r.plan.parent.updated_ns = o->updated_ns;
    *c = (struct mr_slices_child){.id = c->id, .filled = o->filled, .cost = o->cost, .fees = o->fees};
    p->failures = 0;
}

static int64_t wait_after(uint32_t failures)
{
    int64_t wait = FIRST_WAIT;
    while (--failures && wait < LONGEST_WAIT)
        wait *= 2;
    return wait;
}

static void failed(struct mr_slices *ss, struct parent *p)
{
    p->failures++;
    p->retry_ns = ss->now_ns + wait_after(p->failures);
    later(p, p->retry_ns);
    if (p->failures >= ss->attempts)
        end(p, MR_SLICES_FAILED, MR_SLICES_TRIES);
    else
        tell(ss, p, MR_SLICES_WAITS);
}

/* The child that is out, or NULL: none, and what the last one filled is counted. */
static const struct mr_order *hear(struct mr_slices *ss, const struct mr_orders *om, struct parent *p)
{
    struct mr_slices_child *c = &p->r.child[0];
    const struct mr_order *o = c->id ? mr_orders_find(om, c->id) : NULL;
    if (p->late.filled)
        add(p, p->late.filled, p->late.cost, p->late.fees);
    p->late = (struct mr_slices_child){0};
    take(om, p, &p->r.child[1]);
    take(om, p, c);
    if (is_open(o) || !c->id)
        return o;
    bool in_vain = o && o->filled == 0 && o->tif != MR_TIF_IOC && !p->withdrawn && ss->now_ns < o->expires_ns;
    p->r.child[1] = *c; /* forgotten by the manager, or never born: nothing will come of it */
    *c = (struct mr_slices_child){0};
    p->unwritten = true;
    if (in_vain && p->r.state == MR_SLICES_WORKING)
        failed(ss, p);
    else if (p->withdrawn)
        p->failures = 0; /* it has rested until its time was over */
    return NULL;
}

static uint32_t withdraw(struct mr_orders *om, struct parent *p, int64_t now_ns)
{
    uint64_t id = p->r.child[0].id;
    p->withdrawn = true;
    return !mr_orders_cancelling(om, id) && mr_orders_cancel(om, id, now_ns) == MR_OK;
}

static bool waits(struct parent *p, int64_t now_ns)
{
    if (now_ns >= p->retry_ns)
        return false;
    later(p, p->retry_ns);
    return true;
}

static uint32_t place(struct mr_slices *ss, struct mr_orders *om, struct parent *p, const struct mr_order *part)
{
    struct mr_order *w = &p->r.plan.parent;
    struct mr_order wish = {.instrument = w->instrument,
                            .strategy = w->strategy,
                            .parent = w->id,
                            .side = w->side,
                            .type = MR_ORDER_LIMIT,
                            .tif = part->tif,
                            .role = w->role,
                            .flags = part->tif == MR_TIF_IOC ? w->flags & (uint8_t)~MR_ORDER_POST_ONLY : w->flags,
                            .price = part->price,
                            .size = part->size,
                            .expires_ns = part->expires_ns};
    uint64_t got = 0;
    MR_ASSERT(part->size > 0 && w->filled + part->size <= w->size && !p->r.child[0].id);
    p->r.child[0].id = mr_orders_next_id(om);
    p->withdrawn = false;
    if (!write_down(ss, p)) { /* before the child: none without its parent's word, wherever the journal ends */
        p->r.child[0].id = 0;
        later(p, p->retry_ns = ss->now_ns + FIRST_WAIT);
        return 0;
    }
    int status = mr_orders_submit(om, &wish, ss->now_ns, &got);
    if (status == MR_OK) {
        MR_ASSERT(got == p->r.child[0].id);
        p->r.placed++;
        w->sent_ns = w->sent_ns ? w->sent_ns : ss->now_ns;
        p->unwritten = true;
        return 1;
    }
    p->r.child[0].id = 0;
    p->unwritten = true;
    if (status == MR_E_SYMBOL || status == MR_E_UNSUPPORTED)
        end(p, MR_SLICES_FAILED, MR_SLICES_REFUSED);
    else if (status == MR_E_FULL ||
             status == MR_E_STALE) /* no verdict about this one: the venue is being reconciled, the table is full */
        later(p, p->retry_ns = ss->now_ns + FIRST_WAIT);
    else
        failed(ss, p);
    return 1;
}

/* Of the next child of a TWAP or VWAP; 0: its market cannot be believed now. */
static mr_price price_of(const struct mr_slices *ss, const struct mr_slices_plan *plan)
{
    const struct mr_order *w = &plan->parent;
    bool buys = w->side == MR_SIDE_BUY;
    if (!plan->passive)
        return w->price;
    const struct mr_market_view *v = ss->ports.market(ss->ports.self, w->instrument);
    if (!v || v->flags != MR_MARKET_LIVE || !v->bid_count || !v->ask_count)
        return 0;
    mr_price best = buys ? v->bids[0].price : v->asks[0].price;
    return buys ? (best < w->price ? best : w->price) : (best > w->price ? best : w->price);
}

/* The time is over. A catch-up comes within an interval of the end, or not at all: hours later, after a restart, nobody wants it. */
static uint32_t catch_up(struct mr_slices *ss, struct mr_orders *om, struct parent *p, bool go)
{
    const struct mr_slices_plan *plan = &p->r.plan;
    mr_size rest = plan->parent.size - plan->parent.filled;
    int64_t over_ns = mr_slices_begins(plan, p->r.started_ns, plan->slices);
    rest -= rest % plan->lot;
    if (!plan->catch_up || p->r.caught || !go || !rest || ss->now_ns - over_ns >= plan->duration_ns / plan->slices) {
        end(p, MR_SLICES_CANCELLED, MR_SLICES_TIME);
        return 1;
    }
    if (waits(p, ss->now_ns))
        return 0;
    p->r.caught = 1;
    uint32_t did = place(ss, om, p, &(struct mr_order){.tif = MR_TIF_IOC, .price = plan->parent.price, .size = rest});
    p->r.caught = p->r.child[0].id != 0;
    return did;
}

static uint32_t next_slice(struct mr_slices *ss, struct mr_orders *om, struct parent *p, bool go)
{
    const struct mr_slices_plan *plan = &p->r.plan;
    uint32_t i = 0;
    if (ss->now_ns >= mr_slices_begins(plan, p->r.started_ns, plan->slices))
        return catch_up(ss, om, p, go);
    while (i + 1 < plan->slices && ss->now_ns >= mr_slices_begins(plan, p->r.started_ns, i + 1))
        i++;
    int64_t leaves = mr_slices_leaves(plan, p->r.started_ns, i), over = mr_slices_begins(plan, p->r.started_ns, i + 1);
    mr_size wants = p->until[i] - plan->parent.filled;
    later(p, ss->now_ns < leaves ? leaves : over);
    if (ss->now_ns < leaves || wants < plan->lot || waits(p, ss->now_ns))
        return 0;
    mr_price price = go ? price_of(ss, plan) : 0;
    if (!price) {
        later(p, ss->now_ns + FIRST_WAIT);
        return 0;
    }
    p->r.slice = i;
    return place(
        ss, om, p,
        &(struct mr_order){.tif = MR_TIF_GTC, .price = price, .size = wants - wants % plan->lot, .expires_ns = over});
}

static uint32_t next_shown(struct mr_slices *ss, struct mr_orders *om, struct parent *p, bool go)
{
    const struct mr_slices_plan *plan = &p->r.plan;
    mr_size rest = plan->parent.size - plan->parent.filled, shown = mr_slices_shown(plan, p->r.placed);
    if (rest < plan->lot) {
        end(p, MR_SLICES_CANCELLED, MR_SLICES_REST);
        return 1;
    }
    if (waits(p, ss->now_ns))
        return 0;
    if (!go) {
        later(p, ss->now_ns + FIRST_WAIT);
        return 0;
    }
    rest -= rest % plan->lot;
    return place(ss, om, p,
                 &(struct mr_order){.tif = MR_TIF_GTC,
                                    .price = plan->parent.price,
                                    .size = shown < rest ? shown : rest,
                                    .expires_ns = plan->parent.expires_ns});
}

/* A child is out: is it still wanted? */
static uint32_t watch(struct mr_orders *om, struct parent *p, int64_t now_ns)
{
    const struct mr_slices_plan *plan = &p->r.plan;
    if (plan->kind == MR_SLICES_ICEBERG || p->r.caught)
        return 0;
    int64_t over = mr_slices_begins(plan, p->r.started_ns, p->r.slice + 1);
    if (now_ns >= over)
        return withdraw(om, p, now_ns);
    later(p, over);
    return 0;
}

/* What came after the end of its order has filled more than was left: what is out is too much. */
static uint32_t exceed(struct mr_slices *ss, struct mr_orders *om, struct parent *p, const struct mr_order *out)
{
    const struct mr_order *w = &p->r.plan.parent;
    mr_size all = w->filled + (out ? out->size - out->filled : 0);
    if (all <= w->size)
        return 0;
    if (!p->r.exceeded) {
        p->r.exceeded = 1;
        p->unwritten = true;
        tell(ss, p, MR_SLICES_EXCEEDED);
    }
    return out ? withdraw(om, p, ss->now_ns) : 0;
}

static uint32_t work_on(struct mr_slices *ss, struct mr_orders *om, struct parent *p, const struct mr_order *out)
{
    const struct mr_slices_plan *plan = &p->r.plan;
    const struct mr_order *w = &plan->parent;
    enum mr_slices_word word = ss->ports.word(ss->ports.self, w);
    if (word == MR_SLICES_STOP)
        end(p, MR_SLICES_CANCELLED, MR_SLICES_STOPPED);
    else if (w->expires_ns && ss->now_ns >= w->expires_ns)
        end(p, MR_SLICES_CANCELLED, MR_SLICES_TIME);
    else if (!out && w->filled >= w->size)
        end(p, MR_SLICES_DONE, MR_SLICES_NO_REASON);
    if (p->r.state != MR_SLICES_WORKING)
        return 1;
    later(p, w->expires_ns ? w->expires_ns : INT64_MAX);
    uint32_t did = exceed(ss, om, p, out);
    if (out)
        return did + watch(om, p, ss->now_ns);
    bool go = word == MR_SLICES_GO;
    return did + (plan->kind == MR_SLICES_ICEBERG ? next_shown(ss, om, p, go) : next_slice(ss, om, p, go));
}

static uint32_t wind_up(struct mr_slices *ss, struct mr_orders *om, struct parent *p, const struct mr_order *out)
{
    if (out)
        return exceed(ss, om, p, out) + withdraw(om, p, ss->now_ns);
    (void)exceed(ss, om, p, NULL);
    bool done = p->r.plan.parent.filled >= p->r.plan.parent.size;
    p->r.state = done ? MR_SLICES_DONE : p->r.outcome;
    p->r.why = done ? MR_SLICES_NO_REASON : p->r.why;
    p->unwritten = true;
    tell(ss, p, MR_SLICES_ENDED);
    return 1;
}

static uint32_t work_one(struct mr_slices *ss, struct mr_orders *om, struct parent *p)
{
    uint32_t work = 0;
    p->look = false;
    if (p->due_ns <= ss->now_ns)
        p->due_ns = INT64_MAX;
    const struct mr_order *out = hear(ss, om, p);
    if (p->r.state == MR_SLICES_WORKING)
        work += work_on(ss, om, p, out);
    if (p->r.state == MR_SLICES_ENDING)
        work += wind_up(ss, om, p, out);
    if (p->unwritten && !write_down(ss, p))
        later(p, ss->now_ns + FIRST_WAIT);
    if (is_over(p) && !p->unwritten) {
        p->used = false;
        ss->count--;
        work++;
    }
    return work;
}

uint32_t mr_slices_step(struct mr_slices *ss, struct mr_orders *om, int64_t now_ns)
{
    uint32_t work = 0;
    latest(ss, now_ns);
    for (uint32_t i = 0; ss->count && i < ss->max; i++) {
        struct parent *p = &ss->at[i];
        if (!p->used)
            continue;
        p->look |= p->r.state == MR_SLICES_WORKING && /* a kill switch brings no news of an order */
                   ss->ports.word(ss->ports.self, &p->r.plan.parent) == MR_SLICES_STOP;
        if (p->look || p->due_ns <= ss->now_ns)
            work += work_one(ss, om, p);
    }
    return work;
}

int64_t mr_slices_due(const struct mr_slices *ss)
{
    int64_t due = INT64_MAX;
    for (uint32_t i = 0; ss->count && i < ss->max; i++) {
        const struct parent *p = &ss->at[i];
        if (p->used && p->look)
            return 0;
        if (p->used && p->due_ns < due)
            due = p->due_ns;
    }
    return due;
}

int mr_slices_restore(struct mr_slices *ss, const void *payload, uint32_t bytes)
{
    struct mr_record_slices r;
    if (bytes < sizeof r.head)
        return MR_E_CORRUPT;
    memcpy(&r.head, payload, sizeof r.head);
    if (r.head.version != MR_RECORDS_VERSION)
        return MR_E_VERSION;
    if (r.head.what != MR_RECORD_SLICES)
        return MR_OK; /* an order's, a bracket's */
    if (bytes != sizeof r)
        return MR_E_CORRUPT;
    memcpy(&r, payload, sizeof r);
    const struct mr_order *w = &r.plan.parent;
    if (r.slot >= ss->max || !(w->id & MR_SLICES_ID) || r.state >= MR_SLICES_STATE_COUNT ||
        r.outcome >= MR_SLICES_STATE_COUNT || r.why >= MR_SLICES_WHY_COUNT || r.caught > 1 || r.exceeded > 1 ||
        w->filled < 0 || w->cost < 0 || r.started_ns < 0 || mr_slices_check(&r.plan, r.started_ns) != MR_OK ||
        (r.slice && r.slice >= r.plan.slices) || (r.state == MR_SLICES_ENDING && r.outcome <= MR_SLICES_ENDING))
        return MR_E_CORRUPT;
    struct parent *p = &ss->at[r.slot];
    ss->count -= p->used;
    memset(p, 0, sizeof *p);
    p->r = r;
    p->used = p->look = !is_over(p);
    p->due_ns = INT64_MAX;
    ss->count += p->used;
    ss->number = (uint32_t)w->id > ss->number ? (uint32_t)w->id : ss->number;
    sum_up(p);
    return MR_OK;
}

/* What a record names and the orders do not have never came to be, or is long over and counted. Where it never came to be, its number may have gone to
 * somebody else's order before the record that says so was written. */
void mr_slices_restored(struct mr_slices *ss, const struct mr_orders *om)
{
    for (uint32_t i = 0; i < ss->max; i++) {
        struct parent *p = &ss->at[i];
        for (unsigned k = 0; p->used && k < 2; k++) {
            const struct mr_order *o = p->r.child[k].id ? mr_orders_find(om, p->r.child[k].id) : NULL;
            if (!o || o->parent != p->r.plan.parent.id)
                p->r.child[k] = (struct mr_slices_child){0};
        }
    }
}

uint32_t mr_slices_open_count(const struct mr_slices *ss) { return ss->count; }

const struct mr_record_slices *mr_slices_find(const struct mr_slices *ss, uint64_t id)
{
    const struct parent *p = find(ss, id);
    return p ? &p->r : NULL;
}

const struct mr_record_slices *mr_slices_next(const struct mr_slices *ss, uint32_t *cursor)
{
    while (*cursor < ss->max) {
        const struct parent *p = &ss->at[(*cursor)++];
        if (p->used)
            return &p->r;
    }
    return NULL;
}

bool mr_slices_sound(const struct mr_slices *ss, const struct mr_orders *om)
{
    for (uint32_t i = 0; i < ss->max; i++) {
        const struct parent *p = &ss->at[i];
        const struct mr_slices_child *c = &p->r.child[0];
        const struct mr_order *o = p->used && c->id ? mr_orders_find(om, c->id) : NULL;
        if (p->used && !p->r.exceeded &&
            p->r.plan.parent.filled + (is_open(o) ? o->size - c->filled : 0) > p->r.plan.parent.size)
            return false;
    }
    return true;
}
