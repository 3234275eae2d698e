/* Three bytes: scales, and how much stands in front. Then the text: what a kernel takes of a top is what the plain reference reads. */
#include "tests/codecs/json/top_plain.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3 || size > 4096)
        return 0;
    const struct mr_levels_top form =
        MR_LEVELS_TOP(TOP_BETWEEN, (int8_t)(data[0] % (MR_SCALE_MAX + 1)), (int8_t)(data[1] % (MR_SCALE_MAX + 1)));
    uint32_t before = data[2] % 64, len = (uint32_t)size - 3 + before;
    uint8_t *text = malloc(len + (len == 0)); /* exactly as long, so that the sanitizer sees a read behind it */
    MR_ASSERT(text);
    memset(text, '"', before);
    memcpy(text + before, data + 3, size - 3);
    for (int k = 0; k < MR_KERNEL_COUNT; k++)
        if (mr_kernel_available((enum mr_kernel)k) && mr_levels_top_kernel((enum mr_kernel)k))
            MR_ASSERT(top_by((enum mr_kernel)k, text, len, before, &form) != TOP_WRONG);
    free(text);
    return 0;
}
