/* One kernel of levels.h; compiled once for each, see meson.build. */
#include "codecs/json/levels_priv.h"

#include "codecs/json/levels_walk.h"

#if defined(MR_KERNEL_avx512) || defined(MR_KERNEL_avx2)
#include "codecs/json/levels_vector.h"
#define VECTOR 1
#else
#define VECTOR 0
#endif

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
#if VECTOR
    if (scan->price_scale <= MR_LEVELS_SCALE_MAX && scan->size_scale <= MR_LEVELS_SCALE_MAX) {
        if (scan->form == MR_LEVELS_PAIR)
            return mr_levels_fast(&w, 2, out, out_max, count);
        if (scan->form == MR_LEVELS_QUAD)
            return mr_levels_fast(&w, 4, out, out_max, count);
    }
#endif
    return mr_levels_rest(&w, out, out_max, 0, count);
}
