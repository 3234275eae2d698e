/* Rings: how full, published, dropped. */
#include "controlplane/admin/show_priv.h"

static uint32_t show_kind(const struct mr_show *s, const struct mr_look *look, enum mr_region_kind kind, uint32_t shown)
{
    struct mr_region region;
    for (uint32_t at = 0; mr_look_next(look, &at, "", kind, &region);) {
        struct mr_ring_stats stats;
        int status = mr_ring_check(region.mem, region.bytes);
        if (mr_show_full(s, shown++))
            continue;
        if (status == MR_OK)
            mr_ring_stats(region.mem, &stats);
        else
            stats = (struct mr_ring_stats){0};
        if (s->json) {
            mr_json_out_object(s->json, NULL);
            mr_json_out_string(s->json, "ring", region.name);
            mr_json_out_string(s->json, "status", mr_status_name(status));
            mr_json_out_u64(s->json, "slots", stats.slots);
            mr_json_out_u64(s->json, "used", stats.used);
            mr_json_out_u64(s->json, "published", stats.published);
            mr_json_out_u64(s->json, "released", stats.released);
            mr_json_out_u64(s->json, "dropped", stats.dropped);
            mr_json_out_u64(s->json, "writer_epoch", stats.epoch_writer);
            mr_json_out_u64(s->json, "reader_epoch", stats.epoch_reader);
            mr_json_out_end(s->json);
        } else if (status != MR_OK) {
            mr_show_row(s, "%-24.24s %s: %s", region.name, mr_status_name(status), mr_status_text(status));
        } else {
            mr_show_row(s, "%-24.24s %8s %8s %6.1f %9s %9s", region.name, mr_short_of(stats.slots).text,
                        mr_short_of(stats.used).text, stats.slots ? 100.0 * stats.used / stats.slots : 0.0,
                        mr_short_of((double)stats.published).text, mr_short_of((double)stats.dropped).text);
        }
    }
    return shown;
}

int mr_show_rings(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    (void)err;
    mr_show_head(s, look, "ring                        slots     used full % published   dropped",
                 mr_look_beat_ns(look));
    if (s->json)
        mr_json_out_array(s->json, "rings");
    uint32_t shown = show_kind(s, look, MR_REGION_RING, 0);
    shown = show_kind(s, look, MR_REGION_BYTES, shown);
    if (s->json)
        mr_json_out_end(s->json);
    mr_show_more(s, shown);
    return MR_OK;
}
