#include "controlplane/trade/show.h"

#include <stdio.h>

#include "controlplane/trade/trade.h"
#include "dataplane/ring/image.h"

const char *mr_trade_told_name(unsigned kind)
{
    static const char *const names[] = {"signal",   "intent", "decision", "order", "fill",
                                        "position", "alert",  "life",     "held",  "metadata"};
    static_assert(MR_COUNT_OF(names) == MR_TOLD_KIND_COUNT, "a name a kind");
    return kind < MR_COUNT_OF(names) ? names[kind] : "?";
}

int mr_trade_show_read(const struct mr_workspace *ws, struct mr_trade_show *out)
{
    struct mr_region r;
    if (mr_workspace_find(ws, "trade", &r) != MR_OK)
        return MR_E_MISSING;
    if (r.kind != MR_REGION_IMAGE || mr_image_check(r.mem, r.bytes) != MR_OK ||
        mr_image_payload_bytes(r.mem) != sizeof *out)
        return MR_E_LAYOUT;
    return mr_image_read(r.mem, out, sizeof *out, NULL);
}

/* Two decimals, cut: a screen is no ledger. */
static const char *cents(mr_money m, char out[MR_MONEY_TEXT])
{
    char *point;
    mr_money_text(m - m % (MR_MONEY_ONE / 100), out);
    point = strchr(out, '.');
    if (!point)
        strcat(out, ".00");
    else if (strlen(point) == 2)
        strcat(out, "0");
    return out;
}

void mr_trade_show_account(const struct mr_trade_show *s, struct mr_text *out)
{
    char a[MR_MONEY_TEXT], b[MR_MONEY_TEXT], c[MR_MONEY_TEXT], d[MR_MONEY_TEXT];
    mr_text_format(out, "%s%s%s%s  equity %s  today %s  realised %s  fees %s\n", mr_life_state_name(s->steer.state),
                   s->killed ? "  KILLED" : "", *s->why ? ": " : "", s->why, cents(s->equity, a),
                   cents(s->day_start ? s->equity - s->day_start : 0, b), cents(s->realised, c), cents(s->fees, d));
    mr_text_format(out,
                   "%llu signals, %llu intents, %llu dropped, %llu approved, %llu denied, %llu fills; %u orders and %u "
                   "positions open\n",
                   (unsigned long long)s->signals, (unsigned long long)s->intents, (unsigned long long)s->dropped,
                   (unsigned long long)s->approved, (unsigned long long)s->denied, (unsigned long long)s->fills,
                   s->open_orders, s->open_positions);
}

void mr_trade_show_latencies(const struct mr_trade_show *s, struct mr_text *out)
{
    if (s->gate.count)
        mr_text_format(out, "gate decision, ns: %llu, p50 %lld, p99 %lld\n", (unsigned long long)s->gate.count,
                       (long long)s->gate.p50, (long long)s->gate.p99);
    if (s->decided.count)
        mr_text_format(out, "signal to decision, ns: %llu, p50 %lld, p99 %lld", (unsigned long long)s->decided.count,
                       (long long)s->decided.p50, (long long)s->decided.p99);
    if (s->handed.count)
        mr_text_format(out, "; to the order %s, its record on disk: %llu, p50 %lld, p99 %lld",
                       *s->url ? "written to its connection" : "handed over", (unsigned long long)s->handed.count,
                       (long long)s->handed.p50, (long long)s->handed.p99);
    if (s->decided.count)
        mr_text_add(out, "\n");
}

void mr_trade_show_requests(const struct mr_trade_show *s, struct mr_text *out)
{
    const struct mr_trade_show_requests *n = &s->requests;
    if (!*s->url)
        return;
    mr_text_format(out,
                   "exchange %s: %llu requests sent, %llu not sent, %llu lost, %llu limited, %llu refused; %llu "
                   "connections, %llu streams%s%s\n",
                   s->url, (unsigned long long)n->sent, (unsigned long long)n->not_sent, (unsigned long long)n->lost,
                   (unsigned long long)n->limited, (unsigned long long)n->refused, (unsigned long long)n->connections,
                   (unsigned long long)n->streams, *s->line_why ? "; the last that ended: " : "", s->line_why);
}

void mr_trade_show_positions(const struct mr_trade_show *s, struct mr_text *out)
{
    mr_text_format(out, "%-28s %14s %14s %14s %14s %12s %12s\n", "position", "size", "entry", "mark", "liquidation",
                   "unrealised", "realised");
    for (uint32_t i = 0; i < s->position_count && i < MR_TRADE_SHOW_POSITIONS; i++) {
        const struct mr_trade_show_position *p = &s->position[i];
        mr_text_format(out, "%-28s %14s %14s %14s %14s %12s %12s\n", p->name, p->size, p->entry, p->mark,
                       p->liquidation, p->unrealised, p->realised);
    }
}

static void order_row(const struct mr_trade_show_order *o, struct mr_text *out)
{
    char id[MR_ORDER_ID_TEXT], parent[MR_ORDER_ID_TEXT] = "";
    mr_order_id_text(o->id, id);
    if (o->parent)
        mr_order_id_text(o->parent, parent);
    mr_text_format(out, "%-15s %-28s %-9s %-5s %-18s %12s %12s %12s %-10s %5llds %s\n", id, o->name, o->strategy,
                   o->side, o->type, o->price, o->size, o->filled, o->state, (long long)(o->age_ns / 1000000000),
                   parent);
}

void mr_trade_show_orders(const struct mr_trade_show *s, struct mr_text *out)
{
    mr_text_format(out, "%-15s %-28s %-9s %-5s %-18s %12s %12s %12s %-10s %6s %s\n", "order", "instrument", "strategy",
                   "side", "type", "price", "size", "filled", "state", "age", "parent");
    for (uint32_t i = 0; i < s->parent_count && i < MR_TRADE_SHOW_PARENTS; i++)
        order_row(&s->parent[i], out);
    for (uint32_t i = 0; i < s->order_count && i < MR_TRADE_SHOW_ORDERS; i++)
        order_row(&s->order[i], out);
}

void mr_trade_show_lines(const struct mr_trade_show *s, uint32_t most, struct mr_text *out)
{
    uint64_t n = s->lines < MR_TRADE_SHOW_LINES ? s->lines : MR_TRADE_SHOW_LINES;
    n = n < most ? n : most;
    for (uint64_t k = s->lines - n; k < s->lines; k++) {
        const struct mr_trade_show_line *l = &s->line[k % MR_TRADE_SHOW_LINES];
        char at[40];
        struct mr_text t;
        mr_text_init(&t, at, sizeof at);
        mr_text_time(&t, l->at_ns);
        mr_text_format(out, "%.12s %-8s %s\n", at + 11, mr_trade_told_name(l->kind), l->text);
    }
}

static void money(struct mr_json_out *j, const char *name, mr_money m)
{
    char text[MR_MONEY_TEXT];
    mr_money_text(m, text);
    mr_json_out_string(j, name, text);
}

static void latency(struct mr_json_out *j, const char *name, const struct mr_trade_show_latency *l)
{
    mr_json_out_object(j, name);
    mr_json_out_u64(j, "count", l->count);
    mr_json_out_i64(j, "p50", l->p50);
    mr_json_out_i64(j, "p99", l->p99);
    mr_json_out_end(j);
}

static void json_requests(const struct mr_trade_show *s, struct mr_json_out *j)
{
    const struct mr_trade_show_requests *n = &s->requests;
    mr_json_out_object(j, "requests");
    mr_json_out_string(j, "url", s->url);
    mr_json_out_u64(j, "sent", n->sent);
    mr_json_out_u64(j, "not_sent", n->not_sent);
    mr_json_out_u64(j, "lost", n->lost);
    mr_json_out_u64(j, "limited", n->limited);
    mr_json_out_u64(j, "refused", n->refused);
    mr_json_out_u64(j, "malformed", n->malformed);
    mr_json_out_u64(j, "connections", n->connections);
    mr_json_out_u64(j, "streams", n->streams);
    mr_json_out_end(j);
}

static void order_json(const struct mr_trade_show_order *o, struct mr_json_out *j)
{
    char id[MR_ORDER_ID_TEXT];
    mr_order_id_text(o->id, id);
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, "id", id);
    if (o->parent) {
        mr_order_id_text(o->parent, id);
        mr_json_out_string(j, "parent", id);
    }
    mr_json_out_string(j, "instrument", o->name);
    mr_json_out_string(j, "strategy", o->strategy);
    mr_json_out_string(j, "side", o->side);
    mr_json_out_string(j, "type", o->type);
    mr_json_out_string(j, "role", o->role);
    mr_json_out_string(j, "state", o->state);
    mr_json_out_string(j, "price", o->price);
    mr_json_out_string(j, "size", o->size);
    mr_json_out_string(j, "filled", o->filled);
    mr_json_out_end(j);
}

static void json_lists(const struct mr_trade_show *s, struct mr_json_out *j)
{
    mr_json_out_array(j, "positions");
    for (uint32_t i = 0; i < s->position_count && i < MR_TRADE_SHOW_POSITIONS; i++) {
        const struct mr_trade_show_position *p = &s->position[i];
        mr_json_out_object(j, NULL);
        mr_json_out_string(j, "instrument", p->name);
        mr_json_out_string(j, "size", p->size);
        mr_json_out_string(j, "entry", p->entry);
        mr_json_out_string(j, "mark", p->mark);
        mr_json_out_string(j, "unrealised", p->unrealised);
        mr_json_out_string(j, "realised", p->realised);
        mr_json_out_end(j);
    }
    mr_json_out_end(j);
    mr_json_out_array(j, "orders");
    for (uint32_t i = 0; i < s->order_count && i < MR_TRADE_SHOW_ORDERS; i++)
        order_json(&s->order[i], j);
    mr_json_out_end(j);
    mr_json_out_array(j, "slices");
    for (uint32_t i = 0; i < s->parent_count && i < MR_TRADE_SHOW_PARENTS; i++)
        order_json(&s->parent[i], j);
    mr_json_out_end(j);
}

void mr_trade_show_json(const struct mr_trade_show *s, struct mr_json_out *j)
{
    mr_json_out_string(j, "state", mr_life_state_name(s->steer.state));
    mr_json_out_bool(j, "killed", s->killed);
    money(j, "equity", s->equity);
    money(j, "cash", s->cash);
    money(j, "unrealised", s->unrealised);
    money(j, "realised", s->realised);
    money(j, "fees", s->fees);
    money(j, "funding", s->funding);
    mr_json_out_u64(j, "signals", s->signals);
    mr_json_out_u64(j, "intents", s->intents);
    mr_json_out_u64(j, "dropped", s->dropped);
    mr_json_out_u64(j, "approved", s->approved);
    mr_json_out_u64(j, "denied", s->denied);
    mr_json_out_u64(j, "orders_placed", s->placed);
    mr_json_out_u64(j, "fills", s->fills);
    mr_json_out_u64(j, "discrepancies", s->discrepancies);
    mr_json_out_u64(j, "open_orders", s->open_orders);
    mr_json_out_u64(j, "open_positions", s->open_positions);
    mr_json_out_u64(j, "journal_records", s->journal_durable);
    mr_json_out_string(j, "journal", s->journal);
    mr_json_out_string(j, "exchange", *s->url ? "remote" : "paper");
    if (*s->url)
        json_requests(s, j);
    latency(j, "gate_decision_ns", &s->gate);
    latency(j, "signal_to_decision_ns", &s->decided);
    latency(j, "signal_to_order_ns", &s->handed);
    json_lists(s, j);
}
