#include "controlplane/orders/brackets/brackets.h"

#define SECOND 1000000000LL
#define AMEND_WAIT 50000000LL /* an order that cannot be amended now is looked at again after so long */
#define FIRST_WAIT SECOND
#define LONGEST_WAIT (16 * SECOND)

struct bracket {
    struct mr_record_bracket r;                         /* what a restart needs */
    bool used, look, unwritten, bare, stubborn, opened; /* stubborn: its stop cannot be amended */
    uint32_t failures;                                  /* of stops, in a row */
    mr_price mark;
    int64_t due_ns;              /* to be looked at then */
    int64_t retry_ns, target_ns; /* after a failure no stop or exit, no target is placed before */
    uint64_t amended;            /* the stop of which an amendment is under way */
};
struct mr_brackets {
    uint32_t max, attempts, count, pad;
    struct mr_brackets_ports ports;
    struct bracket at[];
};

static_assert(sizeof(struct mr_record_bracket) % 16 == 0, "bytes in files");

size_t mr_brackets_bytes(uint32_t max) { return sizeof(struct mr_brackets) + max * sizeof(struct bracket); }

struct mr_brackets *mr_brackets_init(void *mem, uint32_t max, uint32_t attempts, const struct mr_brackets_ports *ports)
{
    struct mr_brackets *bs = mem;
    MR_ASSERT(attempts && ports->instrument && ports->event && ports->journal.append);
    memset(mem, 0, mr_brackets_bytes(max));
    bs->max = max;
    bs->attempts = attempts;
    bs->ports = *ports;
    return bs;
}

static void tell(struct mr_brackets *bs, const struct bracket *b, enum mr_bracket_event_kind kind, mr_size open)
{
    const struct mr_bracket_event e = {.kind = (uint8_t)kind, .entry = b->r.entry, .stop = b->r.stop, .open = open};
    bs->ports.event(bs->ports.self, &e);
}

/* False: the journal takes nothing now; it is tried again before anything else is done with this bracket. */
static bool write_down(struct mr_brackets *bs, struct bracket *b, int64_t now_ns)
{
    b->r.head = (struct mr_record_head){.version = MR_RECORDS_VERSION, .what = MR_RECORD_BRACKET, .bytes = sizeof b->r};
    b->r.slot = (uint32_t)(b - bs->at);
    b->unwritten = bs->ports.journal.append(bs->ports.journal.self, MR_JOURNAL_ORDER, now_ns, &b->r, sizeof b->r) < 0;
    return !b->unwritten;
}

static bool plan_ok(const struct mr_bracket_plan *p)
{
    bool buys = p->entry.side == MR_SIDE_BUY;
    if (p->entry.side > MR_SIDE_SELL || p->stop < 0 || p->target < 0 || !p->leverage || p->tick < 0 ||
        p->entry.role != MR_ROLE_ENTRY)
        return false;
    if (p->trails && (!p->stop || p->staircase.step_e8 <= 0))
        return false;
    if (p->stop && p->target && (buys ? p->stop >= p->target : p->stop <= p->target))
        return false;
    return !p->tick || (p->stop % p->tick == 0 && p->target % p->tick == 0);
}

int mr_brackets_open(struct mr_brackets *bs, struct mr_orders *om, const struct mr_bracket_plan *plan, int64_t now_ns,
                     uint64_t *entry)
{
    struct bracket *b = NULL;
    if (!plan_ok(plan))
        return MR_E_RANGE;
    for (uint32_t i = 0; i < bs->max && !b; i++)
        if (!bs->at[i].used)
            b = &bs->at[i];
    if (!b)
        return MR_E_FULL;
    memset(b, 0, sizeof *b);
    b->r.plan = *plan;
    b->r.plan.entry.filled = 0;
    b->r.plan.entry.cost = 0;
    b->r.stop = plan->stop;
    b->r.entry = mr_orders_next_id(om);
    if (!write_down(bs, b, now_ns)) /* before the entry: no entry without its plan, wherever the journal ends */
        return MR_E_FULL;
    int status = mr_orders_submit(om, &plan->entry, now_ns, entry);
    if (status != MR_OK) {
        b->r.over = 1;
        b->used = b->unwritten =
            !write_down(bs, b, now_ns); /* an empty plan does no harm, but holds its place until it is written */
        b->look = b->used;
        bs->count += b->used;
        return status;
    }
    MR_ASSERT(*entry == b->r.entry);
    b->used = b->look = true;
    bs->count++;
    return MR_OK;
}

void mr_brackets_mark(struct mr_brackets *bs, uint32_t instrument, mr_price mark)
{
    for (uint32_t i = 0; i < bs->max; i++) {
        struct bracket *b = &bs->at[i];
        if (!b->used || b->r.plan.entry.instrument != instrument || b->mark == mark)
            continue;
        b->mark = mark;
        b->look = b->look || b->r.plan.trails || b->r.plan.break_even_e8;
    }
}

static bool concerns(const struct bracket *b, uint64_t id)
{
    return id && (id == b->r.entry || id == b->r.stop_order || id == b->r.old_stop || id == b->r.target_order ||
                  id == b->r.exit_order);
}

void mr_brackets_event(struct mr_brackets *bs, const struct mr_orders_event *event)
{
    for (uint32_t i = 0; i < bs->max; i++) {
        struct bracket *b = &bs->at[i];
        if (!b->used)
            continue;
        /* a position may also be closed by an order of nobody's bracket, or by the venue */
        b->look |= event->kind == MR_ORDERS_FILLED && event->fill->instrument == b->r.plan.entry.instrument;
        if (!concerns(b, event->order->id))
            continue;
        b->look = true;
        if (event->order->id != b->r.stop_order)
            continue;
        if (event->kind == MR_ORDERS_AMEND_ENDED && b->amended == b->r.stop_order)
            b->stubborn = true; /* refused: from now on it is replaced */
        if (event->kind == MR_ORDERS_AMENDED || event->kind == MR_ORDERS_AMEND_ENDED)
            b->amended = 0;
    }
}

/* --- one bracket --- */

static mr_size filled_of(const struct mr_orders *om, uint64_t id)
{
    const struct mr_order *o = id ? mr_orders_find(om, id) : NULL;
    return o ? o->filled : 0;
}

/* What the entry has filled is kept with its plan: the order manager forgets an order some minutes after its end, and what this one has opened may be
 * held for longer. */
static void remember(const struct mr_orders *om, struct bracket *b)
{
    const struct mr_order *entry = mr_orders_find(om, b->r.entry);
    if (!entry || entry->filled == b->r.plan.entry.filled)
        return;
    b->r.plan.entry.filled = entry->filled;
    b->r.plan.entry.cost = entry->cost;
    b->unwritten = true;
}

/* What is open: filled by the entry, less what its exits have filled. */
static mr_size open_of(const struct mr_orders *om, const struct bracket *b)
{
    mr_size open = b->r.plan.entry.filled - b->r.exited - filled_of(om, b->r.stop_order) -
                   filled_of(om, b->r.old_stop) - filled_of(om, b->r.target_order) - filled_of(om, b->r.exit_order);
    /* what was closed otherwise, by a liquidation say, needs no guard */
    const struct mr_position *p = mr_positions_get(mr_orders_positions(om), b->r.plan.entry.instrument);
    mr_size held = !p ? 0 : b->r.plan.entry.side == MR_SIDE_BUY ? p->size : -p->size;
    open = open < held ? open : held;
    return open > 0 ? open : 0;
}

static bool is_open(const struct mr_orders *om, uint64_t id)
{
    const struct mr_order *o = id ? mr_orders_find(om, id) : NULL;
    return o && !mr_order_ended(o->state);
}

static bool rests(const struct mr_order *o) { return o->state == MR_STATE_ACKED || o->state == MR_STATE_PARTIAL; }

/* An order of the bracket that has ended is counted and forgotten. 1: it had ended without a fill of its own. */
static bool forget_ended(struct mr_orders *om, struct bracket *b, uint64_t *id)
{
    if (!*id || is_open(om, *id))
        return false;
    mr_size filled = filled_of(om, *id);
    b->r.exited += filled;
    *id = 0;
    b->unwritten = true;
    return !filled;
}

static int place(struct mr_brackets *bs, struct mr_orders *om, struct bracket *b, uint64_t *id, enum mr_order_role role,
                 mr_size size, int64_t now_ns)
{
    const struct mr_order *e = &b->r.plan.entry;
    struct mr_order wish = {.instrument = e->instrument,
                            .strategy = e->strategy,
                            .parent = b->r.entry,
                            .role = (uint8_t)role,
                            .side = e->side == MR_SIDE_BUY ? MR_SIDE_SELL : MR_SIDE_BUY,
                            .size = size,
                            .flags = MR_ORDER_REDUCE_ONLY};
    wish.type = role == MR_ROLE_STOP     ? MR_ORDER_STOP_MARKET
                : role == MR_ROLE_TARGET ? MR_ORDER_TAKE_PROFIT_MARKET
                                         : MR_ORDER_MARKET;
    wish.tif = role == MR_ROLE_EXIT ? MR_TIF_IOC : MR_TIF_GTC;
    wish.stop_price = role == MR_ROLE_STOP ? b->r.stop : role == MR_ROLE_TARGET ? b->r.plan.target : 0;
    uint64_t got = 0;
    *id = mr_orders_next_id(om);
    if (!write_down(bs, b, now_ns)) {
        *id = 0;
        return MR_E_FULL;
    }
    int status = mr_orders_submit(om, &wish, now_ns, &got);
    if (status != MR_OK) {
        *id = 0;
        b->unwritten = true;
    }
    return status;
}

static int64_t wait_after(uint32_t failures)
{
    int64_t wait = FIRST_WAIT;
    while (--failures && wait < LONGEST_WAIT)
        wait *= 2;
    return wait;
}

static void later(struct bracket *b, int64_t at_ns) { b->due_ns = at_ns < b->due_ns ? at_ns : b->due_ns; }

static void failed(struct bracket *b, int64_t now_ns)
{
    b->failures++;
    b->retry_ns = now_ns + wait_after(b->failures);
    later(b, b->retry_ns);
}

static bool waits(struct bracket *b, int64_t now_ns)
{
    if (now_ns >= b->retry_ns)
        return false;
    later(b, b->retry_ns);
    return true;
}

/* Mean price of what the entry has filled, rounded toward the market's disfavour: down for a long. */
static mr_price mean_of(const struct mr_instrument *it, const struct bracket *b)
{
    const struct mr_order *o = &b->r.plan.entry;
    mr_money unit;
    if (!o->filled || mr_money_notional(it, 1, o->filled, &unit) || unit <= 0)
        return 0;
    mr_money price = (o->cost + (o->side == MR_SIDE_BUY ? 0 : unit - 1)) / unit;
    return price <= INT64_MAX ? (mr_price)price : 0;
}

/* Where the stop belongs now: never back, on the tick. */
static bool trail(struct mr_brackets *bs, struct bracket *b)
{
    const struct mr_bracket_plan *p = &b->r.plan;
    const struct mr_instrument *it = bs->ports.instrument(bs->ports.self, p->entry.instrument);
    mr_price entry = it && b->mark > 0 && p->stop ? mean_of(it, b) : 0, stop = b->r.stop;
    int64_t roi_e8;
    if (!entry || mr_risk_roi_e8(entry, b->mark, p->entry.side, p->leverage, &roi_e8) != MR_OK)
        return false;
    if (p->break_even_e8)
        (void)mr_risk_break_even_stop(entry, p->entry.side, p->leverage, roi_e8, p->break_even_e8,
                                      &stop); /* refused: the stop stays */
    if (p->trails)
        (void)mr_risk_staircase(&p->staircase, entry, p->entry.side, p->leverage, roi_e8, &stop);
    bool buys = p->entry.side == MR_SIDE_BUY;
    if (p->tick)
        stop = buys ? stop / p->tick * p->tick : (stop + p->tick - 1) / p->tick * p->tick;
    /* a stop at or beyond the mark would close at once */
    if ((buys ? stop <= b->r.stop : stop >= b->r.stop) || (buys ? stop >= b->mark : stop <= b->mark))
        return false;
    b->r.stop = stop;
    b->unwritten = true;
    return true;
}

/* Brings a resting order to `price` and to `open` beyond what it has filled. What the manager says; MR_OK too where it is right already. */
static int bring(struct mr_orders *om, const struct mr_order *o, mr_price price, mr_size open, int64_t now_ns,
                 bool *asked)
{
    *asked = false;
    if (o->stop_price == price && o->size - o->filled == open)
        return MR_OK;
    if (!rests(o))
        return MR_E_AGAIN;
    int status = mr_orders_amend(om, o->id, price, o->filled + open, now_ns);
    *asked = status == MR_OK;
    return status;
}

/* The stop that should be: none yet, one to be brought in line, or one to be replaced. */
static uint32_t guard(struct mr_brackets *bs, struct mr_orders *om, struct bracket *b, mr_size open, int64_t now_ns)
{
    const struct mr_order *old = b->r.old_stop ? mr_orders_find(om, b->r.old_stop) : NULL;
    const struct mr_order *stop = b->r.stop_order ? mr_orders_find(om, b->r.stop_order) : NULL;
    if (!stop) {
        if (waits(b, now_ns))
            return 0;
        int status = place(bs, om, b, &b->r.stop_order, MR_ROLE_STOP, open, now_ns);
        if (status != MR_OK)
            failed(b, now_ns);
        return 1;
    }
    if (old && rests(stop)) { /* the new one guards: the old one goes */
        if (mr_orders_cancelling(om, old->id))
            return 0;
        return mr_orders_cancel(om, old->id, now_ns) == MR_OK;
    }
    if (old)
        return 0;
    bool asked;
    bool right = stop->stop_price == b->r.stop && stop->size - stop->filled == open;
    if (!right && b->stubborn && rests(stop)) {
        if (waits(b, now_ns))
            return 0;
        b->r.old_stop = b->r.stop_order;
        b->stubborn = false;
        if (place(bs, om, b, &b->r.stop_order, MR_ROLE_STOP, open, now_ns) != MR_OK) {
            b->r.stop_order = b->r.old_stop; /* the old one still guards */
            b->r.old_stop = 0;
            b->stubborn = true;
            failed(b, now_ns);
        }
        return 1;
    }
    int status = bring(om, stop, b->r.stop, open, now_ns, &asked);
    if (asked)
        b->amended = stop->id;
    else if (status == MR_ORDERS_DENIED || status == MR_E_RANGE)
        b->stubborn = true;
    if (status != MR_OK)
        later(b, now_ns + AMEND_WAIT);
    return asked;
}

static uint32_t aim(struct mr_brackets *bs, struct mr_orders *om, struct bracket *b, mr_size open, int64_t now_ns)
{
    const struct mr_order *target = b->r.target_order ? mr_orders_find(om, b->r.target_order) : NULL;
    bool asked;
    if (!target) {
        later(b, b->target_ns);
        if (now_ns < b->target_ns)
            return 0;
        if (place(bs, om, b, &b->r.target_order, MR_ROLE_TARGET, open, now_ns) != MR_OK)
            later(b, b->target_ns = now_ns + FIRST_WAIT); /* without a target nobody is bare: it is tried for ever */
        return 1;
    }
    int status = bring(om, target, b->r.plan.target, open, now_ns, &asked);
    if (status != MR_OK) /* it is reduce-only: too large does no harm meanwhile */
        later(b, now_ns + AMEND_WAIT);
    return asked;
}

static uint32_t cancel_open(struct mr_orders *om, uint64_t id, int64_t now_ns)
{
    return is_open(om, id) && !mr_orders_cancelling(om, id) && mr_orders_cancel(om, id, now_ns) == MR_OK;
}

/* No stop can be placed: out, by market. */
static uint32_t get_out(struct mr_brackets *bs, struct mr_orders *om, struct bracket *b, mr_size open, int64_t now_ns)
{
    if (b->r.exit_order || waits(b, now_ns))
        return 0;
    if (place(bs, om, b, &b->r.exit_order, MR_ROLE_EXIT, open, now_ns) != MR_OK) {
        failed(b, now_ns);
        return 1;
    }
    tell(bs, b, MR_BRACKET_GIVEN_UP, open);
    return 1;
}

static void watch_guard(struct mr_brackets *bs, struct mr_orders *om, struct bracket *b, mr_size open)
{
    const struct mr_order *stop = b->r.stop_order ? mr_orders_find(om, b->r.stop_order) : NULL;
    const struct mr_order *old = b->r.old_stop ? mr_orders_find(om, b->r.old_stop) : NULL;
    bool guarded = (stop && rests(stop)) || (old && rests(old));
    if (guarded)
        b->failures = 0;
    if (guarded == !b->bare)
        return;
    b->bare = !guarded;
    tell(bs, b, guarded ? MR_BRACKET_GUARDED : MR_BRACKET_BARE, open);
}

static uint32_t work_open(struct mr_brackets *bs, struct mr_orders *om, struct bracket *b, mr_size open, int64_t now_ns)
{
    uint32_t work = 0;
    if (!b->opened) {
        b->opened = true;
        tell(bs, b, MR_BRACKET_OPENED, open);
    }
    if (filled_of(om, b->r.stop_order) + filled_of(om, b->r.target_order) +
        b->r.exited) /* an exit has begun: no more of the entry */
        work += cancel_open(om, b->r.entry, now_ns);
    if (b->failures >= bs->attempts || b->r.exit_order)
        return work + get_out(bs, om, b, open, now_ns);
    if (b->r.plan.stop) {
        if (trail(bs, b)) {
            tell(bs, b, MR_BRACKET_MOVED, open);
            work++;
        }
        work += guard(bs, om, b, open, now_ns);
        watch_guard(bs, om, b, open);
    }
    if (b->r.plan.target)
        work += aim(bs, om, b, open, now_ns);
    return work;
}

static uint32_t work_one(struct mr_brackets *bs, struct mr_orders *om, struct bracket *b, int64_t now_ns)
{
    bool entry_open = is_open(om, b->r.entry);
    b->look = false;
    if (b->due_ns <= now_ns)
        b->due_ns = INT64_MAX;
    bool lost_stop = forget_ended(om, b, &b->r.stop_order);
    (void)forget_ended(om, b, &b->r.old_stop);
    if (forget_ended(om, b, &b->r.target_order))
        later(b, b->target_ns = now_ns + FIRST_WAIT);
    bool lost_exit = forget_ended(om, b, &b->r.exit_order);
    remember(om, b);
    mr_size open = open_of(om, b);
    if (lost_stop && b->r.old_stop) { /* the replacement came to nothing: the old one is the stop again */
        b->r.stop_order = b->r.old_stop;
        b->r.old_stop = 0;
        b->stubborn = true;
    }
    if ((lost_stop || lost_exit) && open)
        failed(b, now_ns);
    uint32_t work = lost_stop;
    if (open) {
        work += work_open(bs, om, b, open, now_ns);
    } else {
        const uint64_t exits[] = {b->r.stop_order, b->r.old_stop, b->r.target_order};
        bool left = false;
        for (unsigned i = 0; i < 3; i++) {
            work += cancel_open(om, exits[i], now_ns);
            left = left || is_open(om, exits[i]);
        }
        if (b->r.exited || filled_of(om, b->r.stop_order) || filled_of(om, b->r.target_order))
            work += cancel_open(om, b->r.entry, now_ns);
        if (!left && !entry_open && !b->r.over) {
            b->r.over = 1;
            b->unwritten = true;
            tell(bs, b, MR_BRACKET_ENDED, 0);
        }
    }
    if (b->unwritten && !write_down(bs, b, now_ns))
        later(b, now_ns + AMEND_WAIT);
    if (b->r.over && !b->unwritten) {
        b->used = false;
        bs->count--;
        work++;
    }
    return work;
}

uint32_t mr_brackets_step(struct mr_brackets *bs, struct mr_orders *om, int64_t now_ns)
{
    uint32_t work = 0;
    for (uint32_t i = 0; bs->count && i < bs->max; i++) {
        struct bracket *b = &bs->at[i];
        if (b->used && (b->look || b->due_ns <= now_ns))
            work += work_one(bs, om, b, now_ns);
    }
    return work;
}

int64_t mr_brackets_due(const struct mr_brackets *bs)
{
    int64_t due = INT64_MAX;
    for (uint32_t i = 0; bs->count && i < bs->max; i++) {
        const struct bracket *b = &bs->at[i];
        if (b->used && b->look)
            return 0;
        if (b->used && b->due_ns < due)
            due = b->due_ns;
    }
    return due;
}

int mr_brackets_restore(struct mr_brackets *bs, const void *payload, uint32_t bytes)
{
    struct mr_record_bracket r;
    if (bytes < sizeof r.head)
        return MR_E_CORRUPT;
    memcpy(&r.head, payload, sizeof r.head);
    if (r.head.version != MR_RECORDS_VERSION)
        return MR_E_VERSION;
    if (r.head.what != MR_RECORD_BRACKET)
        return MR_OK; /* an order's */
    if (bytes != sizeof r)
        return MR_E_CORRUPT;
    memcpy(&r, payload, sizeof r);
    if (r.slot >= bs->max || !r.entry || r.over > 1 || !plan_ok(&r.plan))
        return MR_E_CORRUPT;
    struct bracket *b = &bs->at[r.slot];
    bs->count -= b->used;
    memset(b, 0, sizeof *b);
    b->r = r;
    b->used = b->look = !r.over;
    bs->count += b->used;
    return MR_OK;
}

/* What the records name and the orders do not have never came to be. */
void mr_brackets_restored(struct mr_brackets *bs, struct mr_orders *om)
{
    for (uint32_t i = 0; i < bs->max; i++) {
        struct bracket *b = &bs->at[i];
        uint64_t *const ids[] = {&b->r.stop_order, &b->r.old_stop, &b->r.target_order, &b->r.exit_order};
        for (unsigned k = 0; b->used && k < 4; k++)
            if (*ids[k] && !mr_orders_find(om, *ids[k]))
                *ids[k] = 0;
        remember(om, b);
        b->opened = b->used && open_of(om, b) > 0;
    }
}

uint32_t mr_brackets_open_count(const struct mr_brackets *bs) { return bs->count; }

const struct mr_record_bracket *mr_brackets_find(const struct mr_brackets *bs, uint64_t entry)
{
    for (uint32_t i = 0; i < bs->max; i++)
        if (bs->at[i].used && bs->at[i].r.entry == entry)
            return &bs->at[i].r;
    return NULL;
}
