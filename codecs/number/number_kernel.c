/* One kernel of mr_number_fixed; compiled once for each, see meson.build. */
#include "codecs/number/fixed_kernel.h"

#define NAME_OF_(kernel) mr_number_fixed_##kernel
#define NAME_OF(kernel) NAME_OF_(kernel)

int NAME_OF(MR_KERNEL)(const uint8_t *text, uint32_t len, int scale, int64_t *out)
{
    return mr_fixed_here(text, len, scale, out);
}
