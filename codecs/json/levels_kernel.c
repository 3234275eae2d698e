/* One kernel of levels.h; compiled once for each, see meson.build. */
#include "codecs/json/levels_priv.h"

#include "codecs/json/levels_walk.h"

#define NAME_OF_(kernel) mr_levels_##kernel
#define NAME_OF(kernel) NAME_OF_(kernel)

int64_t NAME_OF(MR_KERNEL)(const uint8_t *data, uint32_t len, uint32_t pos, const struct mr_levels_scan *scan,
                           struct mr_level *out, uint32_t out_max, uint32_t *count)
{
    struct mr_levels_walk w = {data, len, pos, scan};
    int opened = mr_levels_enter(&w);
    if (opened < 0)
        return opened;
    if (opened == 1) {
        *count = 0;
        return w.pos;
    }
    return mr_levels_rest(&w, out, out_max, 0, count);
}
