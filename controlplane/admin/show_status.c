/* Each data plane on a few lines; what it runs with; versions. */
#include "controlplane/admin/show_priv.h"

static void add_gaps(void *arg, const struct mr_metric_view *v)
{
    struct mr_show_totals *t = arg;
    if (strcmp(v->family, "feed") == 0 && strcmp(v->name, "gaps") == 0)
        t->gaps += (uint64_t)v->value;
}

static void add_books(const struct mr_look *look, struct mr_show_totals *t)
{
    struct mr_plane_book book;
    struct mr_region region;
    for (uint32_t at = 0; mr_look_next(look, &at, "book/", MR_REGION_IMAGE, &region);)
        if (mr_look_image(&region, &book, sizeof book)) {
            t->books++;
            t->books_live += book.live != 0;
        }
}

void mr_show_totals(const struct mr_look *look, struct mr_show_totals *t)
{
    static _Thread_local struct mr_plane_connection rows[MR_LOOK_CONNECTIONS];
    struct mr_tile_beat tiles[MR_LOOK_TILES];
    struct mr_region region;
    struct mr_ring_stats stats;
    *t = (struct mr_show_totals){.tiles = mr_look_tiles(look, tiles, MR_LOOK_TILES),
                                 .connections = mr_look_connections(look, rows, MR_LOOK_CONNECTIONS)};
    for (uint32_t i = 0; i < t->tiles; i++)
        t->stalled += tiles[i].state == MR_TILE_FAILED ||
                      (tiles[i].state == MR_TILE_RUN && look->now_ns - tiles[i].last_ns > 1000000000);
    for (uint32_t i = 0; i < t->connections; i++) {
        t->live += rows[i].state == MR_SESSION_LIVE;
        t->frames += rows[i].frames;
        t->mute += rows[i].mute;
    }
    add_books(look, t);
    for (uint32_t at = 0; mr_look_next(look, &at, "", MR_REGION_RING, &region);)
        if (mr_ring_check(region.mem, region.bytes) == MR_OK) {
            mr_ring_stats(region.mem, &stats);
            t->ring_drops += stats.dropped;
        }
    mr_show_each_metric(look, add_gaps, t);
}

static void status_json(struct mr_json_out *j, const struct mr_look *look, const struct mr_show_totals *t)
{
    mr_json_out_object(j, "status");
    mr_json_out_string(j, "instance", look->info.instance);
    mr_json_out_u64(j, "pid", look->info.pid);
    mr_json_out_bool(j, "alive", mr_look_alive(look));
    mr_json_out_u64(j, "epoch", look->info.epoch);
    mr_json_out_u64(j, "created_ns", look->info.created_ns);
    mr_json_out_string(j, "build", look->info.build);
    mr_json_out_string(j, "workspace", look->path);
    mr_json_out_u64(j, "tiles", t->tiles);
    mr_json_out_u64(j, "tiles_stalled", t->stalled);
    mr_json_out_u64(j, "connections", t->connections);
    mr_json_out_u64(j, "connections_live", t->live);
    mr_json_out_u64(j, "streams_mute", t->mute);
    mr_json_out_u64(j, "books", t->books);
    mr_json_out_u64(j, "books_live", t->books_live);
    mr_json_out_u64(j, "frames", t->frames);
    mr_json_out_u64(j, "gaps", t->gaps);
    mr_json_out_u64(j, "ring_drops", t->ring_drops);
    mr_json_out_end(j);
}

int mr_show_status(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    struct mr_show_totals t;
    char title[128], instance[32], build[48];
    (void)err;
    mr_show_totals(look, &t);
    if (s->json) {
        status_json(s->json, look, &t);
        return MR_OK;
    }
    bool alive = mr_look_alive(look);
    mr_show_clean(instance, sizeof instance, look->info.instance);
    mr_show_clean(build, sizeof build, look->info.build);
    snprintf(title, sizeof title, "%s: %s", instance,
             !alive      ? "DEAD; this is what it left"
             : t.stalled ? "STALLED"
                         : "running");
    mr_show_head(s, look, title, mr_look_beat_ns(look));
    mr_show_row(s, "pid %u, for %s, epoch %llu, build %.30s", look->info.pid,
                mr_age_since(look->now_ns, (int64_t)look->info.created_ns).text, (unsigned long long)look->info.epoch,
                build);
    mr_show_row(s, "tiles %u (%u stalled)   connections %u/%u live   mute streams %llu", t.tiles, t.stalled, t.live,
                t.connections, (unsigned long long)t.mute);
    mr_show_row(s, "books %u/%u live   frames %s   gaps %llu   ring drops %llu", t.books_live, t.books,
                mr_short_of((double)t.frames).text, (unsigned long long)t.gaps, (unsigned long long)t.ring_drops);
    return MR_OK;
}

int mr_show_config(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    struct mr_region region;
    if (!mr_look_region(look, "config", MR_REGION_TEXT, &region))
        return mr_err_set(err, MR_E_EMPTY, "%s: no config in its workspace", look->path);
    const char *text = region.mem;
    size_t len = strnlen(text, region.bytes);
    if (s->json) {
        mr_json_out_span(s->json, "config", (struct mr_span){region.mem, (uint32_t)len});
        return MR_OK;
    }
    mr_text_bytes(s->out, text, len);
    if (len && text[len - 1] != '\n')
        mr_text_add(s->out, "\n");
    return MR_OK;
}

int mr_show_version(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    char build[48];
    const char *version = s->version ? s->version : "?", *own = s->build ? s->build : "?";
    (void)err;
    mr_show_clean(build, sizeof build, look->info.build);
    if (s->json) {
        mr_json_out_object(s->json, "version");
        mr_json_out_string(s->json, "version", version);
        mr_json_out_string(s->json, "build", own);
        mr_json_out_string(s->json, "data_plane_build", build);
        mr_json_out_u64(s->json, "layout", look->info.layout);
        mr_json_out_end(s->json);
    } else {
        mr_show_row(s, "millrace %s, build %s", version, own);
        mr_show_row(s, "data plane's build %s", build);
        mr_show_row(s, "layout %016llx", (unsigned long long)look->info.layout);
    }
    return MR_OK;
}
