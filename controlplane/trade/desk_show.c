/* The image of trading that others read, made on the io thread of the copy that the trade tile published last. */
#include <stdio.h>

#include "controlplane/trade/desk_priv.h"

const char *desk_name(const struct mr_desk *d, uint32_t instrument)
{
    for (uint32_t i = 0; i < d->trading.instrument_count; i++)
        if (d->ids[i] == instrument)
            return d->names[i];
    return "?";
}

const struct mr_instrument *desk_instrument(const void *self, uint32_t id)
{
    static const struct mr_instrument unknown = {.price_scale = 8, .size_scale = 8, .multiplier = 1};
    const struct mr_desk *d = self;
    for (uint32_t i = 0; i < d->trading.instrument_count; i++)
        if (d->ids[i] == id)
            return &d->shown[i];
    return &unknown;
}

static void positions(struct mr_desk *d, const struct desk_state *from)
{
    struct mr_trade_show *s = &d->show;
    s->position_count = from->position_count;
    for (uint32_t i = 0; i < from->position_count; i++) {
        const struct mr_position *p = &from->position[i];
        const struct mr_instrument *it = desk_instrument(d, p->instrument);
        struct mr_trade_show_position *out = &s->position[i];
        struct mr_position_worth w = {0};
        memset(out, 0, sizeof *out);
        mr_position_worth(p, it, &w);
        snprintf(out->name, sizeof out->name, "%s", desk_name(d, p->instrument));
        desk_number(p->size, it->size_scale, out->size);
        desk_number(w.entry, it->price_scale, out->entry);
        desk_number(p->mark, it->price_scale, out->mark);
        desk_number(w.liquidation, it->price_scale, out->liquidation);
        mr_money_text(w.unrealised - w.unrealised % (MR_MONEY_ONE / 10000), out->unrealised);
        mr_money_text(p->realised - p->realised % (MR_MONEY_ONE / 10000), out->realised);
    }
}

static void order(const struct mr_desk *d, const struct mr_order *o, const char *type, const char *state,
                  int64_t now_ns, struct mr_trade_show_order *out)
{
    const struct mr_instrument *it = desk_instrument(d, o->instrument);
    memset(out, 0, sizeof *out);
    out->id = o->id;
    out->parent = o->parent;
    out->age_ns = now_ns - o->created_ns;
    snprintf(out->name, sizeof out->name, "%s", desk_name(d, o->instrument));
    snprintf(out->strategy, sizeof out->strategy, "%s", desk_strategy(d, o->strategy));
    snprintf(out->side, sizeof out->side, "%s", mr_side_name(o->side));
    snprintf(out->type, sizeof out->type, "%s", type);
    snprintf(out->role, sizeof out->role, "%s", mr_order_role_name(o->role));
    snprintf(out->state, sizeof out->state, "%s", state);
    desk_number(o->price ? o->price : o->stop_price, it->price_scale, out->price);
    desk_number(o->size, it->size_scale, out->size);
    desk_number(o->filled, it->size_scale, out->filled);
}

static void orders(struct mr_desk *d, const struct desk_state *from)
{
    struct mr_trade_show *s = &d->show;
    s->order_count = from->order_count;
    s->parent_count = from->parent_count;
    for (uint32_t i = 0; i < from->order_count; i++)
        order(d, &from->order[i], mr_order_type_name(from->order[i].type), mr_order_state_name(from->order[i].state),
              from->now_ns, &s->order[i]);
    for (uint32_t i = 0; i < from->parent_count; i++)
        order(d, &from->parent[i].order, mr_slices_kind_name(from->parent[i].kind),
              mr_slices_state_name(from->parent[i].state), from->now_ns, &s->parent[i]);
}

static void account(struct mr_trade_show *s, const struct mr_trade_account *a)
{
    s->equity = a->worth.equity;
    s->cash = a->worth.cash;
    s->unrealised = a->worth.unrealised;
    s->margin = a->worth.margin;
    s->ratio_e4 = a->worth.ratio_e4;
    s->realised = a->realised;
    s->fees = a->fees;
    s->funding = a->funding;
    s->day_start = a->day_start;
    s->peak = a->peak;
    s->open_orders = a->open_orders;
    s->open_positions = a->open_positions;
    s->signals = a->signals;
    s->intents = a->intents;
    s->dropped = a->dropped;
    s->approved = a->approved;
    s->denied = a->denied;
    s->fills = a->fills;
}

/* Of the tile's own block: a count that is being raised is there or not yet. */
static struct mr_trade_show_latency latency(const struct mr_hist_normal *of)
{
    const struct mr_hist *h = (const void *)of;
    struct mr_trade_show_latency l = {.count = mr_hist_count(h)};
    if (l.count) {
        l.p50 = mr_hist_percentile(h, 0.5);
        l.p99 = mr_hist_percentile(h, 0.99);
    }
    return l;
}

void desk_show(struct mr_desk *d)
{
    static struct desk_state from; /* of the io thread */
    struct mr_trade_show *s = &d->show;
    uint64_t version;
    if (mr_image_read(d->state_image, &from, sizeof from, &version) != MR_OK ||
        (version == d->shown_version && s->lines == d->shown_lines))
        return;
    d->shown_version = version;
    d->shown_lines = s->lines;
    s->now_ns = from.now_ns;
    s->limits_version = (int64_t)from.limits_version;
    s->steer = from.steer;
    s->killed = from.killed;
    s->armed = from.armed;
    s->warm = from.begun;
    s->placed = from.counters.placed;
    s->cancels = from.counters.cancels;
    s->unknown = from.counters.unknown;
    s->discrepancies = from.counters.discrepancies;
    s->journal_seq = from.journal_seq;
    s->journal_durable = from.journal_durable;
    memcpy(s->why, from.why, sizeof s->why);
    s->requests = (struct mr_trade_show_requests){.sent = from.remote.sent,
                                                  .not_sent = from.remote.not_sent,
                                                  .lost = from.remote.lost,
                                                  .limited = from.remote.limited,
                                                  .refused = from.remote.refused,
                                                  .malformed = from.remote.malformed,
                                                  .connections = from.remote.opened - from.remote.streams,
                                                  .streams = from.remote.streams};
    memcpy(s->line_why, from.remote_why, sizeof s->line_why);
    s->gate = latency(&d->metrics->gate_ns);
    s->decided = latency(&d->metrics->intent_ns);
    s->handed = latency(&d->metrics->durable_ns);
    account(s, &from.account);
    positions(d, &from);
    orders(d, &from);
    mr_image_write(d->image, s, sizeof *s);
}

void mr_desk_look(struct mr_desk *d, struct mr_trade_show *out)
{
    if (mr_image_read(d->image, out, sizeof *out, NULL) != MR_OK)
        memset(out, 0, sizeof *out);
}
