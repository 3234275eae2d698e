/* Connections that bring the same: who brings it first, and by how much. */
#include "controlplane/admin/show_priv.h"

static bool merged(const struct mr_plane_connection *c) { return c->won + c->copies + c->missed > 0; }

/* Of its route: what all its connections have brought first. */
static uint64_t all_won(const struct mr_plane_connection *rows, uint32_t count, const struct mr_plane_connection *of)
{
    uint64_t won = 0;
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(rows[i].product, of->product) == 0 && strcmp(rows[i].route, of->route) == 0)
            won += rows[i].won;
    return won;
}

static void row_json(struct mr_json_out *j, const struct mr_plane_connection *c, double share)
{
    mr_json_out_object(j, NULL);
    mr_json_out_u64(j, "connection", c->number);
    mr_json_out_u64(j, "tile", c->tile);
    mr_json_out_string(j, "product", c->product);
    mr_json_out_string(j, "route", c->route);
    mr_json_out_string(j, "state", mr_show_state(c->state));
    mr_json_out_u64(j, "won", c->won);
    mr_json_out_double(j, "share", share);
    mr_json_out_u64(j, "copies", c->copies);
    mr_json_out_u64(j, "missed", c->missed);
    mr_json_out_i64(j, "lead_p50_ns", c->lead_p50_ns);
    mr_json_out_i64(j, "lead_p99_ns", c->lead_p99_ns);
    mr_json_out_end(j);
}

static void row_text(const struct mr_show *s, const struct mr_plane_connection *c, double share)
{
    char raw[64], name[25];
    snprintf(raw, sizeof raw, "%.39s/%.15s", c->product, c->route);
    mr_show_clean(name, sizeof name, raw);
    mr_show_row(s, "%3u %-24.24s %-9s %6.1f %6s %6s %6s %8.3f %8.3f", c->number, name, mr_show_state(c->state),
                100 * share, mr_short_of((double)c->won).text, mr_short_of((double)c->copies).text,
                mr_short_of((double)c->missed).text, (double)c->lead_p50_ns / 1e6, (double)c->lead_p99_ns / 1e6);
}

int mr_show_merge(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    static _Thread_local struct mr_plane_connection rows[MR_LOOK_CONNECTIONS];
    uint32_t count = mr_look_connections(look, rows, MR_LOOK_CONNECTIONS), shown = 0;
    (void)err;
    mr_show_head(s, look, "  # connection               state        won%    won copies missed lead ms  p99 ms", 0);
    if (s->json)
        mr_json_out_array(s->json, "connections");
    for (uint32_t i = 0; i < count && !mr_show_full(s, shown); i++) {
        if (!merged(&rows[i]))
            continue;
        uint64_t won = all_won(rows, count, &rows[i]);
        double share = won ? (double)rows[i].won / (double)won : 0;
        if (s->json)
            row_json(s->json, &rows[i], share);
        else
            row_text(s, &rows[i], share);
        shown++;
    }
    if (s->json)
        mr_json_out_end(s->json);
    else if (shown == 0)
        mr_show_row(s, "no connections are merged: feeds[].connections is 1 (docs/reference/config.md)");
    return MR_OK;
}
