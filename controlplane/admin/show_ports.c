/* What sources stand on, and their drivers' own counters. */
#include "controlplane/admin/show_priv.h"

static void one(const struct mr_show *s, const struct mr_region *region, const struct mr_source_show *p)
{
    uint32_t count = p->count < MR_SOURCE_STATS_MAX ? p->count : MR_SOURCE_STATS_MAX;
    if (s->json) {
        mr_json_out_object(s->json, NULL);
        mr_json_out_string(s->json, "source", region->name + strlen("source/"));
        mr_json_out_string(s->json, "text", p->text);
        mr_json_out_object(s->json, "counters");
        for (uint32_t i = 0; i < count; i++)
            mr_json_out_u64(s->json, p->stat[i].name, p->stat[i].value);
        mr_json_out_end(s->json);
        mr_json_out_u64(s->json, "left_out", p->left_out);
        mr_json_out_end(s->json);
        return;
    }
    for (const char *at = p->text; *at;) { /* in lines that fit a terminal, cut at a comma */
        size_t len = strlen(at);
        while (len > 76)
            for (len--; len > 1 && at[len - 1] != ','; len--)
                ;
        mr_show_row(s, "%.*s", (int)(len > 1 ? len : 76), at);
        at += len > 1 ? len : strlen(at);
        at += *at == ' ';
    }
    for (uint32_t i = 0; i < count; i++)
        mr_show_row(s, "  %-50.50s %20llu", p->stat[i].name, (unsigned long long)p->stat[i].value);
    if (p->left_out)
        mr_show_row(s, "  and %u counters more", p->left_out);
}

int mr_show_ports(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    static _Thread_local struct mr_source_show image;
    struct mr_region region;
    uint32_t shown = 0;
    (void)err;
    mr_show_head(s, look, "ports", mr_look_beat_ns(look));
    if (s->json)
        mr_json_out_array(s->json, "ports");
    for (uint32_t at = 0; mr_look_next(look, &at, "source/", MR_REGION_IMAGE, &region);)
        if (mr_look_image(&region, &image, sizeof image) && image.now_ns) {
            image.text[sizeof image.text - 1] = 0;
            one(s, &region, &image);
            shown++;
        }
    if (s->json)
        mr_json_out_end(s->json);
    else if (!shown)
        mr_show_row(s, "no source here has a port of its own (source dpdk has)");
    return MR_OK;
}
