/* Each connection: state, host, streams, last byte, why it is down. */
#include "controlplane/admin/show.h"
#include "controlplane/admin/show_priv.h"

static void row_json(struct mr_json_out *j, const struct mr_look *look, const struct mr_plane_connection *c,
                     double per_s)
{
    mr_json_out_object(j, NULL);
    mr_json_out_u64(j, "connection", c->number);
    mr_json_out_u64(j, "tile", c->tile);
    mr_json_out_string(j, "product", c->product);
    mr_json_out_string(j, "route", c->route);
    mr_json_out_string(j, "host", c->host);
    mr_json_out_string(j, "state", mr_show_state(c->state));
    mr_json_out_string(j, "why", c->why);
    mr_json_out_string(j, "tls", c->tls);
    mr_json_out_u64(j, "streams", c->streams);
    mr_json_out_u64(j, "streams_live", c->streams_live);
    mr_json_out_u64(j, "mute", c->mute);
    mr_json_out_u64(j, "attempts", c->attempts);
    mr_json_out_u64(j, "frames", c->frames);
    mr_json_out_u64(j, "bytes", c->bytes);
    mr_json_out_double(j, "frames_per_s", per_s);
    mr_json_out_i64(j, "since_ns", c->since_ns);
    mr_json_out_i64(j, "last_byte_ns", c->last_byte_ns);
    mr_json_out_i64(j, "next_dial_ns", c->next_dial_ns);
    mr_json_out_u64(j, "won", c->won);
    mr_json_out_u64(j, "copies", c->copies);
    mr_json_out_u64(j, "missed", c->missed);
    mr_json_out_i64(j, "lead_p50_ns", c->lead_p50_ns);
    mr_json_out_i64(j, "lead_p99_ns", c->lead_p99_ns);
    mr_json_out_i64(j, "last_byte_age_ns", c->last_byte_ns > 0 ? look->now_ns - c->last_byte_ns : -1);
    mr_json_out_end(j);
}

static void row_text(const struct mr_show *s, const struct mr_look *look, const struct mr_plane_connection *c,
                     double per_s)
{
    char raw[64], name[25], why[60];
    snprintf(raw, sizeof raw, "%.39s/%.15s", c->product, c->route);
    mr_show_clean(name, sizeof name, raw);
    mr_show_row(s, "%3u %-24.24s %-9s %7s %4u/%-4u %4u %7s %10s", c->number, name, mr_show_state(c->state),
                mr_age_since(look->now_ns, c->since_ns).text, c->streams_live, c->streams, c->mute,
                mr_short_of(per_s).text, mr_age_since(look->now_ns, c->last_byte_ns).text);
    mr_show_clean(why, sizeof why, c->why);
    if (c->state != MR_SESSION_LIVE && *why)
        mr_show_row(s, "      %s%s%s", why, c->next_dial_ns > look->now_ns ? "; next dial in " : "",
                    c->next_dial_ns > look->now_ns ? mr_age_of(c->next_dial_ns - look->now_ns).text : "");
}

double mr_show_frames_per_s(const struct mr_look *look, uint32_t idx)
{
    const struct mr_look_sample *a = &look->before, *b = &look->last;
    int64_t from = a->ns ? a->ns : (int64_t)look->info.created_ns;
    if (b->ns <= from || b->connection[idx].frames < a->connection[idx].frames)
        return 0;
    return (double)(b->connection[idx].frames - a->connection[idx].frames) / ((double)(b->ns - from) / 1e9);
}

const char *mr_show_state(unsigned state)
{
    /* names of enum mr_session_state; here because a viewer needs no session */
    static const char *const names[] = {"down", "resolve", "dial",   "tls",   "upgrade", "subscribe",
                                        "live", "STALE",   "paused", "token", "welcome"};
    static_assert(MR_COUNT_OF(names) == MR_SESSION_STATES, "a name for each state");
    return state < MR_COUNT_OF(names) ? names[state] : "?";
}

int mr_show_connections(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    static _Thread_local struct mr_plane_connection rows[MR_LOOK_CONNECTIONS];
    uint32_t count = mr_look_connections(look, rows, MR_LOOK_CONNECTIONS);
    int64_t newest = 0;
    (void)err;
    for (uint32_t i = 0; i < count; i++)
        newest = rows[i].last_byte_ns > newest ? rows[i].last_byte_ns : newest;
    mr_show_head(s, look, "  # connection               state       since streams   mute   msg/s", newest);
    if (s->json)
        mr_json_out_array(s->json, "connections");
    for (uint32_t i = 0; i < count && !mr_show_full(s, i); i++) {
        if (s->json)
            row_json(s->json, look, &rows[i], mr_show_frames_per_s(look, i));
        else
            row_text(s, look, &rows[i], mr_show_frames_per_s(look, i));
    }
    if (s->json)
        mr_json_out_end(s->json);
    mr_show_more(s, count);
    return MR_OK;
}
