/* What the trade tile says of itself, as it is: notes of what happens, and each 100 ms a copy of all that is open. Words are the io thread's. */
#include "controlplane/trade/desk_priv.h"

MR_COLD struct mr_trace desk_trace(const struct mr_desk *d, uint64_t number, uint32_t instrument, int64_t value,
                                   int64_t at_ns)
{
    const struct mr_instrument *it = mr_instruments_get(d->instruments, instrument);
    struct mr_trace t = mr_trace_of(value, at_ns);
    t.recv_ns = d->signal_ns;
    t.seq = number;
    t.thread = MR_TRACE_THREAD_TRADE;
    static_assert(sizeof it->symbol >= sizeof t.begins, "so many bytes are there");
    if (it) /* its name: the number is of this process's table */
        memcpy(t.begins, it->symbol, sizeof t.begins - 1);
    return t;
}

static void decided(struct mr_desk *d, const struct mr_order *order)
{
    const int64_t at_ns = mr_clock_now(&d->clock), took_ns = at_ns - d->signal_ns;
    if (!MR_RECORD_MAX(d->metrics, intent_ns, took_ns))
        return;
    struct mr_trace t = desk_trace(d, order->id, order->instrument, took_ns, at_ns);
    MR_TRACE(d->metrics, intent_ns, &t);
}

void desk_told(void *self, const struct mr_trade_told *w)
{
    struct mr_desk *d = self;
    struct mr_trade_told told = *w;
    if (w->kind == MR_TOLD_DECISION && d->signal_ns)
        decided(d, w->order);
    if (w->intent)
        told.signal = NULL; /* it was told when it came */
    if (mr_unlikely(!mr_notes_put(&d->notes, &told)))
        MR_COUNT(d->metrics, notes_dropped, 1);
}

void desk_say(struct mr_desk *d, uint8_t kind, uint8_t severity, int64_t at_ns, const char *text)
{
    desk_told(d, &(struct mr_trade_told){
                     .kind = kind, .severity = severity, .say = MR_SAY_TEXT, .now_ns = at_ns, .text = text});
}

bool desk_say_metadata(struct mr_desk *d, const struct mr_instrument *it)
{
    return mr_notes_put(&d->notes,
                        &(struct mr_trade_told){.kind = MR_TOLD_METADATA, .now_ns = d->now_ns, .instrument = it});
}

/* ---- all that is open ---- */

static void positions(const struct mr_desk *d, struct desk_state *s)
{
    const struct mr_positions *all = mr_orders_positions(mr_trade_orders(d->trade));
    uint32_t cursor = 0;
    s->position_count = 0;
    for (const struct mr_position *p;
         s->position_count < MR_TRADE_SHOW_POSITIONS && (p = mr_positions_next(all, &cursor)) != NULL;)
        s->position[s->position_count++] = *p;
}

static void orders(const struct mr_desk *d, struct desk_state *s)
{
    uint32_t cursor = 0;
    s->order_count = 0;
    for (const struct mr_order *o;
         s->order_count < MR_TRADE_SHOW_ORDERS && (o = mr_orders_next(mr_trade_orders(d->trade), &cursor)) != NULL;)
        s->order[s->order_count++] = *o;
}

static void parents(const struct mr_desk *d, struct desk_state *s)
{
    uint32_t cursor = 0;
    s->parent_count = 0;
    for (const struct mr_record_slices *r;
         s->parent_count < MR_TRADE_SHOW_PARENTS && (r = mr_slices_next(mr_trade_slices(d->trade), &cursor)) != NULL;) {
        s->parent[s->parent_count].order = r->plan.parent;
        s->parent[s->parent_count].kind = r->plan.kind;
        s->parent[s->parent_count++].state = r->state;
    }
}

void desk_publish(struct mr_desk *d, int64_t now_ns)
{
    struct desk_state *s = &d->state;
    struct mr_journal_stats journal;
    mr_journal_stats(d->journal, &journal);
    mr_trade_account(d->trade, &s->account);
    mr_steer_look(mr_trade_life(d->trade), mr_trade_stopping(d->trade), &s->steer);
    s->now_ns = now_ns;
    s->limits_version = d->limits.version;
    s->counters = *mr_orders_counters(mr_trade_orders(d->trade));
    s->journal_seq = journal.appended;
    s->journal_durable = journal.durable;
    s->killed = mr_kill_read(d->config.kill, 0, 0) == MR_KILL_SCOPE_ALL;
    s->armed = mr_trade_risk(d->trade)->armed;
    s->begun = d->begun;
    memcpy(s->why, d->why, sizeof s->why);
    if (d->remote) {
        mr_remote_counts(d->remote, &s->remote);
        memccpy(s->remote_why, mr_remote_why(d->remote), 0, sizeof s->remote_why);
    }
    positions(d, s);
    orders(d, s);
    parents(d, s);
    mr_image_write(d->state_image, s, sizeof *s);
}
