/* Three bytes: form, scales. Then the text: all kernels against the plain reference, and what is taken is legal
 * JSON; two arrays at once against one after the other. */
#include "tests/codecs/json/levels_plain.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct levels_room room;
    if (size < 3 || size > 16384)
        return 0;
    const struct mr_levels_scan scan = {(enum mr_levels_form)(data[0] % MR_LEVELS_FORMS),
                                        (int8_t)(data[1] % (MR_SCALE_MAX + 1)), (int8_t)(data[2] % (MR_SCALE_MAX + 1))};
    uint32_t len = (uint32_t)size - 3, count = 0, at = 0;
    uint8_t *text = malloc(len + (len == 0)); /* exactly as long, so that the sanitizer sees a read behind it */
    MR_ASSERT(text);
    if (len)
        memcpy(text, data + 3, len);
    MR_ASSERT(levels_agree(text, len, 0, &scan, LEVELS_ROOM, &room) == NULL);
    int64_t end = mr_levels_decode(text, len, 0, &scan, room.got, LEVELS_ROOM, &count);
    MR_ASSERT(end < 0 || mr_json_check(text, (uint32_t)end, &at) == MR_OK);
    static const struct mr_levels_book books[] = {{",\"a\":", 5, 0}, {",\"bids\":", 8, 1}, {",", 1, 0}, {"", 0, 1}};
    uint32_t taken = 0;
    MR_ASSERT(book_agree(text, len, 0, &scan, &books[data[0] / MR_LEVELS_FORMS % 4], LEVELS_ROOM, &room, &taken) ==
              NULL);
    free(text);
    return 0;
}
