/* Liquidations: rates, acceleration, level and score by underlying. */
#include "controlplane/admin/show_priv.h"
#include "engines/signal/signal.h"

static void row_json(struct mr_json_out *j, const struct mr_plane_underlying *u, const char *base)
{
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, "underlying", base);
    mr_json_out_string(j, "level", mr_level_name(u->level));
    mr_json_out_bool(j, "cascade", u->cascade != 0);
    mr_json_out_u64(j, "instruments", u->instruments);
    mr_json_out_double(j, "rate_10s", u->rate_10s);
    mr_json_out_double(j, "usd_per_s", u->usd_per_s);
    mr_json_out_double(j, "acceleration", u->acceleration);
    mr_json_out_double(j, "jerk", u->jerk);
    mr_json_out_double(j, "score", u->score);
    mr_json_out_u64(j, "liquidations", u->liquidations);
    mr_json_out_i64(j, "last_ns", u->last_ns);
    mr_json_out_end(j);
}

int mr_show_velocity(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    static _Thread_local struct mr_plane_engines image;
    struct mr_region region;
    int64_t newest = 0;
    uint32_t count = 0;
    (void)err;
    for (uint32_t at = 0; mr_look_next(look, &at, "state/", MR_REGION_IMAGE, &region);)
        if (mr_look_image(&region, &image, sizeof image) && image.engine_ns > newest)
            newest = image.engine_ns;
    mr_show_head(s, look, "liquidations 10 s/s   accel    jerk   USD/s  score   total level", newest);
    if (s->json)
        mr_json_out_array(s->json, "velocity");
    for (uint32_t at = 0; mr_look_next(look, &at, "state/", MR_REGION_IMAGE, &region);) {
        if (!mr_look_image(&region, &image, sizeof image))
            continue;
        for (uint32_t i = 0; i < image.underlyings && i < MR_COUNT_OF(image.row); i++, count++) {
            const struct mr_plane_underlying *u = &image.row[i];
            char base[16];
            image.row[i].base[sizeof image.row[i].base - 1] = 0;
            mr_show_clean(base, sizeof base, u->base);
            if (s->json)
                row_json(s->json, u, base);
            else if (!mr_show_full(s, count))
                mr_show_row(s, "%-11.11s %8.2f %7.2f %7.2f %7s %6.1f %7s %-9s %10s", base, u->rate_10s, u->acceleration,
                            u->jerk, mr_short_of(u->usd_per_s).text, u->score,
                            mr_short_of((double)u->liquidations).text, u->cascade ? "CASCADE" : mr_level_name(u->level),
                            mr_age_since(look->now_ns, u->last_ns).text);
        }
    }
    if (s->json)
        mr_json_out_end(s->json);
    mr_show_more(s, count);
    return MR_OK;
}
