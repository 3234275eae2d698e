/* Volatility of the reference instrument, and its regime. */
#include "controlplane/admin/show_priv.h"

int mr_show_volatility(const struct mr_show *s, const struct mr_look *look, struct mr_err *err)
{
    static _Thread_local struct mr_plane_engines image;
    struct mr_region region;
    uint32_t at = 0;
    (void)err;
    bool there =
        mr_look_next(look, &at, "state/", MR_REGION_IMAGE, &region) && mr_look_image(&region, &image, sizeof image);
    mr_show_head(s, look, "volatility %    1 min    5 min   15 min      1 h  percentile  regime",
                 there ? image.engine_ns : 0);
    if (s->json) {
        mr_json_out_object(s->json, "volatility");
        if (there) {
            mr_json_out_double(s->json, "vol_1m", image.vol_1m);
            mr_json_out_double(s->json, "vol_5m", image.vol_5m);
            mr_json_out_double(s->json, "vol_15m", image.vol_15m);
            mr_json_out_double(s->json, "vol_1h", image.vol_1h);
            mr_json_out_double(s->json, "percentile", image.percentile);
            mr_json_out_double(s->json, "multiplier", image.multiplier);
            mr_json_out_string(s->json, "regime", mr_regime_name(image.regime));
            mr_json_out_bool(s->json, "warm", image.warm != 0);
            mr_json_out_i64(s->json, "engine_ns", image.engine_ns);
        }
        mr_json_out_end(s->json);
    } else if (there) {
        mr_show_row(s, "            %9.3f%9.3f%9.3f%9.3f %11.1f  %s x%.2f%s", image.vol_1m, image.vol_5m, image.vol_15m,
                    image.vol_1h, image.percentile, mr_regime_name(image.regime), image.multiplier,
                    image.warm ? "" : " warming");
    }
    return MR_OK;
}
