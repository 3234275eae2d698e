#include "controlplane/admin/worst.h"

#include <stdio.h>

#include "codecs/venue/venue.h"
#include "controlplane/admin/show.h"

static const char *const clocks[] = {"hardware", "kernel", "tsc", "venue"};

static const char *clock_name(const struct mr_trace *t)
{
    return t->clock < MR_COUNT_OF(clocks) ? clocks[t->clock] : "";
}

/* ---- names ---- */

static void name_kind(struct mr_worst *w, const struct mr_venue *venue)
{
    const struct mr_trace *t = &w->trace;
    const char *of_venue = NULL;
    for (uint8_t i = 0; venue && venue->kinds[i].name && i <= t->source; i++)
        of_venue = i && i == t->source ? venue->kinds[i].name : NULL;
    if (t->thread == MR_TRACE_THREAD_TRADE)
        snprintf(w->kind, sizeof w->kind, "%s", t->begins[0] ? "order" : "decision");
    else if (t->kind == MR_EVENT_NONE)
        snprintf(w->kind, sizeof w->kind, "%s", t->thread == MR_TRACE_THREAD_FEED ? "not decoded yet" : "signal");
    else
        snprintf(w->kind, sizeof w->kind, of_venue ? "%s (%s)" : "%s", mr_event_kind_name(t->kind), of_venue);
}

static void name_connection(struct mr_worst *w, const struct mr_look *look)
{
    static _Thread_local struct mr_plane_connection rows[MR_LOOK_CONNECTIONS];
    uint32_t count = w->trace.connection == MR_TRACE_NONE ? 0 : mr_look_connections(look, rows, MR_COUNT_OF(rows));
    char text[sizeof w->connection];
    for (uint32_t i = 0; i < count; i++)
        if (rows[i].number == w->trace.connection && rows[i].tile == w->trace.tile) {
            snprintf(text, sizeof text, "%s %s%s%s", rows[i].product, rows[i].route, rows[i].host[0] ? ", " : "",
                     rows[i].host);
            mr_show_clean(w->connection, sizeof w->connection, text);
        }
}

/* What a writer of ours leaves. The workspace is another process's, which may have been scribbled over. */
static bool sane(const struct mr_trace *t) { return t->at_ns > 0 && t->value >= 0 && t->core >= -1; }

static bool sane_around(const struct mr_trace_around *a)
{
    return a->from_ns > 0 && a->from_ns <= a->to_ns && a->row_count <= MR_TRACE_ROWS;
}

bool mr_worst_of(const struct mr_look *look, const struct mr_hist *copy, struct mr_worst *out)
{
    struct mr_instrument it;
    memset(out, 0, sizeof *out);
    if (mr_hist_trace(copy, &out->trace) != MR_OK || !sane(&out->trace)) {
        out->trace.at_ns = 0;
        return false;
    }
    if (mr_hist_around(copy, &out->trace, &out->around) != MR_OK || !sane_around(&out->around))
        out->around = (struct mr_trace_around){0};
    bool found = mr_look_instrument(look, out->trace.instrument, &it);
    if (found) {
        char product[48], text[sizeof out->instrument];
        mr_look_product(&it, product);
        snprintf(text, sizeof text, "%s %s", product, it.symbol);
        mr_show_clean(out->instrument, sizeof out->instrument, text);
    }
    name_kind(out, found ? mr_venue_by_id(it.venue) : NULL);
    name_connection(out, look);
    out->trace.begins[sizeof out->trace.begins - 1] = 0;
    if (out->trace.thread == MR_TRACE_THREAD_TRADE) /* its table of instruments is its own: it gives the name */
        mr_show_clean(out->instrument, sizeof out->instrument, out->trace.begins);
    else
        mr_show_clean(out->begins, sizeof out->begins, out->trace.begins);
    for (uint32_t i = 0; i < MR_TRACE_ROWS; i++) {
        char what[sizeof out->around.row[i].what];
        out->around.row[i].what[sizeof what - 1] = 0;
        mr_show_clean(what, sizeof what, out->around.row[i].what);
        memcpy(out->around.row[i].what, what, sizeof what);
    }
    return true;
}

/* ---- text ---- */

static void thread_name(const struct mr_trace *t, char out[16])
{
    switch (t->thread) {
    case MR_TRACE_THREAD_FEED:
        snprintf(out, 16, "feed/%u", t->tile);
        break;
    case MR_TRACE_THREAD_ENGINE:
        snprintf(out, 16, "engine/0");
        break;
    case MR_TRACE_THREAD_TRADE:
        snprintf(out, 16, "trade");
        break;
    default:
        snprintf(out, 16, "-");
    }
}

static void text_message(struct mr_text *t, const struct mr_worst *w)
{
    const struct mr_trace *r = &w->trace;
    mr_text_format(t, "    %s%s%s", w->kind, w->instrument[0] ? " of " : "", w->instrument);
    if (r->seq)
        mr_text_format(t, ", %s %llu", r->thread == MR_TRACE_THREAD_TRADE ? "number" : "sequence",
                       (unsigned long long)r->seq);
    if (r->bytes != MR_TRACE_NONE)
        mr_text_format(t, ", %u bytes", r->bytes);
    if (r->slots != MR_TRACE_NONE)
        mr_text_format(t, ", %u slots", r->slots);
    if (r->connection != MR_TRACE_NONE)
        mr_text_format(t, "; connection %u of feed/%u%s%s%s", r->connection, r->tile, w->connection[0] ? " (" : "",
                       w->connection, w->connection[0] ? ")" : "");
    mr_text_add(t, "\n");
    if (w->begins[0])
        mr_text_format(t, "    %s: %s\n", r->thread == MR_TRACE_THREAD_FEED ? "it begins" : "it says", w->begins);
}

static void text_stage(struct mr_text *t, const char *name, int64_t ns)
{
    if (ns >= 0)
        mr_text_format(t, ", %s %s", name, mr_ns_of(ns).text);
}

static void text_times(struct mr_text *t, const struct mr_worst *w)
{
    const struct mr_trace *r = &w->trace;
    if (r->thread == MR_TRACE_THREAD_TRADE && !r->recv_ns)
        return;
    mr_text_add(t, r->thread == MR_TRACE_THREAD_TRADE ? "    its signal was taken " : "    received ");
    if (r->recv_ns)
        mr_text_time(t, r->recv_ns);
    else
        mr_text_add(t, "at a time not known");
    if (*clock_name(r))
        mr_text_format(t, " (%s)", clock_name(r));
    if (r->venue_ns) {
        mr_text_add(t, ", venue's time ");
        mr_text_time(t, r->venue_ns);
    }
    text_stage(t, "decode", r->decode_ns);
    text_stage(t, "wait", r->wait_ns);
    text_stage(t, "apply", r->apply_ns);
    if (r->waiting)
        mr_text_format(t, "; %u %s behind it", r->waiting, r->bytes != MR_TRACE_NONE ? "bytes" : "slots");
    mr_text_add(t, "\n");
}

static void text_around(struct mr_text *t, const struct mr_worst *w)
{
    const struct mr_trace_around *a = &w->around;
    if (a->to_ns == 0) {
        mr_text_add(t, "    around it: not known (looked at about once a second while the instance runs)\n");
        return;
    }
    mr_text_format(t, "    in the %s around it: ", mr_ns_of(a->to_ns - a->from_ns).text);
    if (a->interrupts < 0)
        mr_text_add(t, "interrupts not known");
    else
        mr_text_format(t, "%lld interrupts on core %d", (long long)a->interrupts, w->trace.core);
    for (uint32_t i = 0; i < a->row_count && i < MR_TRACE_ROWS; i++)
        mr_text_format(t, "%s%lld %s%s", i ? ", " : " (", (long long)a->row[i].count, a->row[i].what,
                       i + 1 == a->row_count || i + 1 == MR_TRACE_ROWS ? ")" : "");
    if (a->preempted >= 0)
        mr_text_format(t, "; its thread was put off its core %lld times", (long long)a->preempted);
    if (a->put_off_ns >= 0)
        mr_text_format(t, ", was ready and not running for %s", mr_ns_of(a->put_off_ns).text);
    if (a->slept >= 0)
        mr_text_format(t, ", gave it up by itself %lld times", (long long)a->slept);
    mr_text_add(t, "\n");
}

void mr_worst_text(struct mr_text *t, const struct mr_worst *w)
{
    char thread[16];
    thread_name(&w->trace, thread);
    mr_text_format(t, "    %s (%lld ns) at ", mr_ns_of(w->trace.value).text, (long long)w->trace.value);
    mr_text_time(t, w->trace.at_ns);
    if (w->trace.core >= 0)
        mr_text_format(t, " on core %d", w->trace.core);
    mr_text_format(t, ", thread %s\n", thread);
    text_message(t, w);
    text_times(t, w);
    text_around(t, w);
}

/* ---- JSON ---- */

/* Below zero, or the largest there is: not known, and no member. */
static void json_known(struct mr_json_out *j, const char *key, int64_t value)
{
    if (value >= 0 && value != MR_TRACE_NONE)
        mr_json_out_i64(j, key, value);
}

static void json_around(struct mr_json_out *j, const struct mr_trace_around *a)
{
    mr_json_out_object(j, "around");
    mr_json_out_i64(j, "from_ns", a->from_ns);
    mr_json_out_i64(j, "to_ns", a->to_ns);
    json_known(j, "interrupts", a->interrupts);
    json_known(j, "preempted", a->preempted);
    json_known(j, "slept", a->slept);
    json_known(j, "put_off_ns", a->put_off_ns);
    mr_json_out_array(j, "by");
    for (uint32_t i = 0; i < a->row_count && i < MR_TRACE_ROWS; i++) {
        mr_json_out_object(j, NULL);
        mr_json_out_string(j, "what", a->row[i].what);
        mr_json_out_i64(j, "count", a->row[i].count);
        mr_json_out_end(j);
    }
    mr_json_out_end(j);
    mr_json_out_end(j);
}

void mr_worst_json(struct mr_json_out *j, const struct mr_worst *w)
{
    const struct mr_trace *r = &w->trace;
    char thread[16];
    thread_name(r, thread);
    mr_json_out_object(j, "worst");
    mr_json_out_i64(j, "value", r->value);
    mr_json_out_i64(j, "at_ns", r->at_ns);
    json_known(j, "core", r->core);
    mr_json_out_string(j, "thread", thread);
    mr_json_out_string(j, "kind", w->kind);
    mr_json_out_string(j, "instrument", w->instrument);
    json_known(j, "connection", r->connection);
    mr_json_out_string(j, "connection_of", w->connection);
    mr_json_out_u64(j, "seq", r->seq);
    json_known(j, "bytes", r->bytes);
    json_known(j, "slots", r->slots);
    json_known(j, "waiting", r->waiting);
    mr_json_out_i64(j, "recv_ns", r->recv_ns);
    mr_json_out_string(j, "clock", clock_name(r));
    mr_json_out_i64(j, "venue_ns", r->venue_ns);
    json_known(j, "decode_ns", r->decode_ns);
    json_known(j, "wait_ns", r->wait_ns);
    json_known(j, "apply_ns", r->apply_ns);
    mr_json_out_string(j, "begins", w->begins);
    if (w->around.to_ns)
        json_around(j, &w->around);
    mr_json_out_end(j);
}
