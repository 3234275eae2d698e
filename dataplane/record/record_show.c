/* What the record tile tells: how long the disk lasts, in the log and in its image. */
#include <stdio.h>

#include "dataplane/log/log.h"
#include "dataplane/record/record_priv.h"

#define SOONER_NS 10000000000ll /* the first rate is of so long */

uint64_t record_stored(const struct record *r)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < r->config.link_count; i++)
        bytes += r->rows[i].file.stored_bytes;
    return bytes;
}

static bool budget(struct record *r, const struct mr_disk_segments *there, char *out, size_t bytes)
{
    const struct mr_record_config *c = &r->config;
    const struct mr_disk_budget b = {.free_bytes = c->free_bytes(c->folder),
                                     .least_free = c->least_free,
                                     .keep_bytes = c->keep_bytes,
                                     .used_bytes = there->bytes,
                                     .per_s = c->per_s       ? (double)c->per_s
                                              : r->per_s > 0 ? r->per_s
                                                             : (double)there->per_s,
                                     .source = c->per_s       ? "record.rate"
                                               : r->per_s > 0 ? "measured"
                                                              : "measured in what is there",
                                     .want_ns = c->budget_ns,
                                     .oldest = c->full == MR_RECORD_FULL_OLDEST};
    r->show.lasts_ns = mr_disk_lasts(&b);
    return mr_disk_budget(&b, out, bytes);
}

void record_tell_budget(struct record *r)
{
    struct mr_disk_segments there;
    mr_disk_segments(r->config.folder, &there);
    bool enough = budget(r, &there, r->show.budget, sizeof r->show.budget);
    r->show.warn = !enough;
    if (enough)
        SAY(r, MR_LOG_INFO, "recording to %s: %s", r->config.folder, r->show.budget);
    else
        SAY(r, MR_LOG_WARN, "recording to %s: %s", r->config.folder, r->show.budget);
}

static void measure(struct record *r)
{
    uint64_t now_bytes = record_stored(r);
    int64_t ns = r->now_ns - r->rate_ns;
    if (r->state != ON || ns < (r->per_s > 0 ? RECORD_RATE_NS : SOONER_NS))
        return;
    bool first = r->per_s <= 0;
    r->per_s = (double)(now_bytes - r->rate_bytes) / ((double)ns / 1e9);
    r->rate_bytes = now_bytes;
    r->rate_ns = r->now_ns;
    if (first && !r->config.per_s && !r->warned && r->per_s > 0) {
        r->warned = true;
        record_tell_budget(r);
    }
}

void record_publish(struct record *r)
{
    const struct mr_record_metrics *m = r->config.metrics;
    struct mr_record_show *s = &r->show;
    struct mr_disk_segments there;
    s->state = r->state == ON         ? MR_RECORD_ON
               : r->state == STOPPING ? MR_RECORD_ENDING
               : r->state == WAITING  ? MR_RECORD_WAITING
               : r->stopped           ? MR_RECORD_STOPPED
                                      : MR_RECORD_OFF;
    measure(r);
    s->free_bytes = r->config.free_bytes(r->config.folder);
    s->per_s = r->per_s;
    MR_GAUGE_SET(r->config.metrics, state, s->state);
    MR_GAUGE_SET(r->config.metrics, free, s->free_bytes);
    MR_GAUGE_SET(r->config.metrics, rate, r->per_s);
    MR_COUNT(r->config.metrics, stored, record_stored(r) - m->stored);
    if (!r->config.image)
        return;
    if (r->now_ns >= r->keep_due_ns || !*s->budget) { /* as seldom as what is kept is looked at: it reads the folder */
        mr_disk_segments(r->config.folder, &there);
        s->warn = !budget(r, &there, s->budget, sizeof s->budget);
    }
    snprintf(s->folder, sizeof s->folder, "%s", r->config.folder);
    snprintf(s->quarantine, sizeof s->quarantine, "%s", r->config.quarantine ? r->config.quarantine : "");
    memcpy(s->why, r->control->why, sizeof s->why);
    s->starts = r->control->starts;
    s->records = m->records;
    s->stored = m->stored;
    s->lost = m->lost;
    s->segments = m->segments;
    s->removed = m->removed;
    s->refused = m->refused;
    s->now_ns = r->now_ns;
    mr_image_write(r->config.image, s, sizeof *s);
}
