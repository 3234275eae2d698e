/* Threads of the data plane: state, core, load, heartbeat. */
#include <stdio.h>

#include "controlplane/admin/show.h"

static const char *state_name(const struct mr_tile_beat *beat, int64_t age_ns)
{
    static const char *const names[] = {"boot", "run", "halted", "FAILED"};
    if (beat->state == MR_TILE_RUN && age_ns > 1000000000)
        return "STALLED"; /* housekeeping is due each millisecond */
    return beat->state < MR_COUNT_OF(names) ? names[beat->state] : "?";
}

static const char *wait_name(uint32_t wait)
{
    static const char *const names[] = {"auto", "spin", "yield", "park"};
    return wait < MR_COUNT_OF(names) ? names[wait] : "?";
}

struct load {
    double busy_percent, work_per_s;
};

/* Between the last two samples; since the start where there is one only. */
static struct load load_of(const struct mr_look *look, uint32_t idx)
{
    const struct mr_look_sample *a = &look->before, *b = &look->last;
    int64_t from = a->ns ? a->ns : (int64_t)look->info.created_ns;
    double seconds = (double)(b->ns - from) / 1e9;
    uint64_t steps = b->tile[idx].steps - a->tile[idx].steps;
    return (struct load){steps ? 100.0 * (double)(b->tile[idx].busy - a->tile[idx].busy) / (double)steps : 0,
                         seconds > 0 ? (double)(b->tile[idx].work - a->tile[idx].work) / seconds : 0};
}

static void tile_json(struct mr_json_out *j, const struct mr_tile_beat *b, const char *state, struct load load,
                      int64_t age_ns)
{
    char name[24];
    mr_show_clean(name, sizeof name, b->name);
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, "name", name);
    mr_json_out_string(j, "state", state);
    mr_json_out_i64(j, "core", b->core);
    mr_json_out_string(j, "wait", wait_name(b->wait));
    mr_json_out_u64(j, "thread", b->tid);
    mr_json_out_double(j, "busy_percent", load.busy_percent);
    mr_json_out_double(j, "work_per_s", load.work_per_s);
    mr_json_out_u64(j, "steps", b->steps);
    mr_json_out_u64(j, "busy_steps", b->busy_steps);
    mr_json_out_u64(j, "work", b->work);
    mr_json_out_u64(j, "beat", b->beat);
    mr_json_out_i64(j, "beat_age_ns", age_ns);
    mr_json_out_end(j);
}

static void tile_text(const struct mr_show *s, const struct mr_look *look, const struct mr_tile_beat *b,
                      const char *state, struct load load)
{
    char core[16] = "-", name[24];
    mr_show_clean(name, sizeof name, b->name);
    if (b->core >= 0)
        snprintf(core, sizeof core, "%d", b->core);
    mr_show_row(s, "%-14.14s %-8s %4s %-6s %7.1f %8s %10s %16s", name, state, core, wait_name(b->wait),
                load.busy_percent, mr_short_of(load.work_per_s).text, mr_short_of((double)b->work).text,
                mr_age_since(look->now_ns, b->last_ns).text);
}

int mr_show_tiles(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    struct mr_tile_beat tiles[MR_LOOK_TILES];
    uint32_t count = mr_look_tiles(look, tiles, MR_LOOK_TILES);
    (void)err;
    mr_show_head(s, look, "tile           state    core wait    busy %   work/s       work", mr_look_beat_ns(look));
    if (s->json)
        mr_json_out_array(s->json, "tiles");
    for (uint32_t i = 0; i < count && !mr_show_full(s, i); i++) {
        int64_t age_ns = tiles[i].last_ns ? look->now_ns - tiles[i].last_ns : 0;
        const char *state = state_name(&tiles[i], age_ns);
        if (s->json)
            tile_json(s->json, &tiles[i], state, load_of(look, i), age_ns);
        else
            tile_text(s, look, &tiles[i], state, load_of(look, i));
    }
    if (s->json)
        mr_json_out_end(s->json);
    mr_show_more(s, count);
    return MR_OK;
}
