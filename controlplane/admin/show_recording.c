/* The recording of each data plane: its state, what it has written, and how long there is room. */
#include "controlplane/admin/show_priv.h"
#include "dataplane/record/record.h"

static void clean(struct mr_record_show *r)
{
    char text[256];
#define CLEAN(field)                                                                                                   \
    do {                                                                                                               \
        r->field[sizeof r->field - 1] = 0;                                                                             \
        mr_show_clean(text, sizeof text, r->field);                                                                    \
        memcpy(r->field, text, sizeof r->field < sizeof text ? sizeof r->field : sizeof text);                         \
    } while (0)
    CLEAN(folder);
    CLEAN(quarantine);
    CLEAN(why);
    CLEAN(budget);
#undef CLEAN
}

static void json(struct mr_json_out *j, const struct mr_record_show *r)
{
    mr_json_out_string(j, "state", mr_record_state_name(r->state));
    mr_json_out_string(j, "why", r->why);
    mr_json_out_string(j, "folder", r->folder);
    mr_json_out_u64(j, "starts", r->starts);
    mr_json_out_u64(j, "records", r->records);
    mr_json_out_u64(j, "stored_bytes", r->stored);
    mr_json_out_double(j, "stored_per_s", r->per_s);
    mr_json_out_u64(j, "lost", r->lost);
    mr_json_out_u64(j, "segments", r->segments);
    mr_json_out_u64(j, "removed", r->removed);
    mr_json_out_i64(j, "free_bytes", r->free_bytes);
    mr_json_out_i64(j, "lasts_ns", r->lasts_ns);
    mr_json_out_bool(j, "budget_met", !r->warn);
    mr_json_out_string(j, "budget", r->budget);
    mr_json_out_string(j, "quarantine", r->quarantine);
    mr_json_out_u64(j, "quarantined", r->refused);
}

static void text(const struct mr_show *s, const struct mr_record_show *r)
{
    mr_show_row(s, "%s: %.60s", mr_record_state_name(r->state), r->folder);
    if (*r->why)
        mr_show_row(s, "%.79s", r->why);
    mr_show_row(s, "%s records, %sB stored in %llu segments (%llu removed), %s lost",
                mr_short_of((double)r->records).text, mr_short_of((double)r->stored).text,
                (unsigned long long)r->segments, (unsigned long long)r->removed, mr_short_of((double)r->lost).text);
    mr_show_row(s, "%s%.72s", r->warn ? "WARN: " : "", r->budget);
    if (*r->quarantine)
        mr_show_row(s, "quarantine: %s messages in %.50s", mr_short_of((double)r->refused).text, r->quarantine);
}

int mr_show_recording(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    static _Thread_local struct mr_record_show r;
    struct mr_region region;
    uint32_t at = 0;
    (void)err;
    bool there = mr_look_next(look, &at, "recording", MR_REGION_IMAGE, &region) && mr_look_image(&region, &r, sizeof r);
    mr_show_head(s, look, "recording", there ? r.now_ns : 0);
    if (there)
        clean(&r);
    if (s->json) {
        mr_json_out_object(s->json, "recording");
        if (there)
            json(s->json, &r);
        mr_json_out_end(s->json);
    } else if (there) {
        text(s, &r);
    } else {
        mr_show_row(s, "no record tile: the data plane was given no folder");
    }
    return MR_OK;
}
