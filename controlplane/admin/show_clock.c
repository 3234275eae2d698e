/* Each product's clock against ours, as dataplane/clock/health.h finds it. */
#include "controlplane/admin/show_priv.h"
#include "dataplane/clock/health.h"

#define PRODUCTS_MAX 32

struct clock {
    char name[48];
    uint64_t messages, negative, jumps;
    int64_t state, offset_ns, drift_ppb, jump_ns, last_ns;
};
struct clocks {
    struct clock list[PRODUCTS_MAX];
    uint32_t count;
};

static struct clock *clock_of(struct clocks *all, const char *labels)
{
    char name[48];
    uint32_t i = 0;
    mr_show_product(labels, name);
    while (i < all->count && strcmp(all->list[i].name, name) != 0)
        i++;
    if (i == PRODUCTS_MAX)
        return NULL;
    if (i == all->count)
        memcpy(all->list[all->count++].name, name, sizeof name);
    return &all->list[i];
}

static void add_metric(void *arg, const struct mr_metric_view *v)
{
    struct clock *c = strcmp(v->family, "feed") == 0 ? clock_of(arg, v->labels) : NULL;
    if (!c)
        return;
    if (strcmp(v->name, "messages") == 0)
        c->messages += (uint64_t)v->value;
    else if (strcmp(v->name, "negative_lag") == 0)
        c->negative += (uint64_t)v->value;
    else if (strcmp(v->name, "clock_jumps") == 0)
        c->jumps += (uint64_t)v->value;
    else if (strcmp(v->name, "clock_state") == 0)
        c->state = v->value;
    else if (strcmp(v->name, "clock_offset_ns") == 0)
        c->offset_ns = v->value;
    else if (strcmp(v->name, "clock_drift_ppb") == 0)
        c->drift_ppb = v->value;
    else if (strcmp(v->name, "clock_jump_ns") == 0)
        c->jump_ns = v->value;
}

static void clock_json(struct mr_json_out *j, const struct clock *c)
{
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, "product", c->name);
    mr_json_out_string(j, "state", mr_clock_state_name((unsigned)c->state));
    mr_json_out_i64(j, "offset_ns", c->offset_ns);
    mr_json_out_i64(j, "drift_ppb", c->drift_ppb);
    mr_json_out_u64(j, "messages", c->messages);
    mr_json_out_u64(j, "negative_lag", c->negative);
    mr_json_out_u64(j, "jumps", c->jumps);
    mr_json_out_i64(j, "jump_ns", c->jump_ns);
    mr_json_out_end(j);
}

static void clock_text(const struct mr_show *s, const struct clock *c)
{
    char offset[24] = "-", drift[24] = "-", jump[24] = "-";
    if (c->state != MR_CLOCK_IS_UNKNOWN) {
        snprintf(offset, sizeof offset, "%.1f", (double)c->offset_ns / 1e6);
        snprintf(drift, sizeof drift, "%.1f", (double)c->drift_ppb / 1e3);
    }
    if (c->jumps)
        snprintf(jump, sizeof jump, "%.1f", (double)c->jump_ns / 1e6);
    mr_show_row(s, "%-18.18s %-8s %12.12s %10.10s %9s %6s %10.10s", c->name, mr_clock_state_name((unsigned)c->state),
                offset, drift, mr_short_of((double)c->negative).text, mr_short_of((double)c->jumps).text, jump);
}

static const char *help_of(int64_t state)
{
    static const char *const help[] = {
#define MR_X(name, value, text, words) [value] = (words),
        MR_CLOCK_STATES(MR_X)
#undef MR_X
    };
    return state >= 0 && (size_t)state < MR_COUNT_OF(help) ? help[state] : "?";
}

int mr_show_clock(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    static _Thread_local struct clocks all;
    (void)err;
    all.count = 0;
    memset(all.list, 0, sizeof all.list);
    mr_show_each_metric(look, add_metric, &all);
    mr_show_head(s, look, "clock              state      floor ms  drift ppm  negative  jumps", mr_look_beat_ns(look));
    if (s->json)
        mr_json_out_array(s->json, "clocks");
    for (uint32_t i = 0; i < all.count && !mr_show_full(s, i); i++) {
        if (s->json)
            clock_json(s->json, &all.list[i]);
        else
            clock_text(s, &all.list[i]);
    }
    if (s->json)
        mr_json_out_end(s->json);
    mr_show_more(s, all.count);
    for (uint32_t i = 0; i < all.count && !s->json; i++)
        if (all.list[i].state > MR_CLOCK_IS_GOOD)
            mr_show_row(s, "%s: %s", all.list[i].name, help_of(all.list[i].state));
    return MR_OK;
}
