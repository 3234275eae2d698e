/* Signals: counts by level, and the latest, read from the tap. */
#include "controlplane/admin/show_priv.h"
#include "engines/signal/signal.h"

struct latest {
    struct mr_signal list[MR_SHOW_SIGNALS];
    uint32_t count;
};

static uint32_t slots_of(const void *first)
{
    (void)first;
    return sizeof(struct mr_signal) / MR_RING_SLOT_BYTES;
}

/* Keeps the newest by engine time, newest first. */
static void keep(struct latest *latest, const struct mr_signal *signal)
{
    uint32_t at = 0;
    while (at < latest->count && latest->list[at].engine_ns > signal->engine_ns)
        at++;
    if (at == MR_SHOW_SIGNALS)
        return;
    if (latest->count < MR_SHOW_SIGNALS)
        latest->count++;
    memmove(&latest->list[at + 1], &latest->list[at], (latest->count - at - 1) * sizeof *signal);
    latest->list[at] = *signal;
    latest->list[at].words[sizeof signal->words - 1] =
        latest->list[at].underlying_name[sizeof signal->underlying_name - 1] = 0;
}

/* At most what the ring holds; laps while we read are of no matter here. */
static void read_tap(const struct mr_region *region, struct latest *latest)
{
    struct mr_tap tap;
    struct mr_signal signal;
    if (mr_tap_open(&tap, region->mem, region->bytes, true) != MR_OK || tap.group_max < slots_of(NULL))
        return;
    for (uint32_t i = 0; i < tap.slots; i++) {
        int64_t n = mr_tap_read(&tap, slots_of, &signal, slots_of(NULL));
        if (n > 0)
            keep(latest, &signal);
        else if (n != MR_E_LAPPED)
            return;
    }
}

struct counts {
    uint64_t level[MR_LEVEL_COUNT], cascades;
    int64_t engine_ns;
};

static void read_counts(const struct mr_look *look, struct counts *out)
{
    static _Thread_local struct mr_plane_engines image;
    struct mr_region region;
    for (uint32_t at = 0; mr_look_next(look, &at, "state/", MR_REGION_IMAGE, &region);) {
        if (!mr_look_image(&region, &image, sizeof image))
            continue;
        for (unsigned i = 0; i < MR_LEVEL_COUNT; i++)
            out->level[i] += image.signals[i];
        out->cascades += image.cascades;
        out->engine_ns = image.engine_ns > out->engine_ns ? image.engine_ns : out->engine_ns;
    }
}

static void counts_json(struct mr_json_out *j, const struct counts *c)
{
    mr_json_out_object(j, "counts");
    for (unsigned i = 0; i < MR_LEVEL_COUNT; i++)
        mr_json_out_u64(j, mr_level_name(i), c->level[i]);
    mr_json_out_u64(j, "cascades", c->cascades);
    mr_json_out_end(j);
}

int mr_show_signals(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    static _Thread_local struct latest latest;
    struct counts counts = {0};
    struct mr_region region;
    char title[160];
    (void)err;
    latest.count = 0;
    read_counts(look, &counts);
    for (uint32_t at = 0; mr_look_next(look, &at, "tap/signals/", MR_REGION_RING, &region);)
        read_tap(&region, &latest);
    snprintf(title, sizeof title, "signals  watch %llu  alert %llu  critical %llu  extreme %llu  cascades %llu",
             (unsigned long long)counts.level[MR_LEVEL_WATCH], (unsigned long long)counts.level[MR_LEVEL_ALERT],
             (unsigned long long)counts.level[MR_LEVEL_CRITICAL], (unsigned long long)counts.level[MR_LEVEL_EXTREME],
             (unsigned long long)counts.cascades);
    mr_show_head(s, look, title, counts.engine_ns);
    if (s->json) {
        counts_json(s->json, &counts);
        mr_json_out_array(s->json, "signals");
    }
    for (uint32_t i = 0; i < latest.count && !mr_show_full(s, i); i++) {
        if (s->json) {
            mr_signal_json(s->json, NULL, &latest.list[i]);
            continue;
        }
        char line[512], clean[512];
        struct mr_text one;
        mr_text_init(&one, line, sizeof line);
        mr_signal_text(&one, &latest.list[i]);
        mr_show_clean(clean, sizeof clean, line);
        if (strlen(clean) > 30)
            mr_show_row(s, "%.8s%s", clean + 11, clean + 30); /* the time of day will do: day, fraction and zone go */
    }
    if (s->json)
        mr_json_out_end(s->json);
    else if (!latest.count)
        mr_show_row(s, "none so far");
    return MR_OK;
}
