/* First byte the scale, then the text: every kernel against the plain reference, doubles against the C library, and the
 * readers against each other. */
#include "codecs/number/number.h"
#include "tests/codecs/number/plain.h"

#include <math.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_fixed(const uint8_t *text, uint32_t len, int scale)
{
    int64_t want = 0;
    int status = plain_fixed(text, len, scale, &want);
    for (int k = 0; k < MR_KERNEL_COUNT; k++) {
        int64_t got = 0;
        if (!mr_kernel_available((enum mr_kernel)k))
            continue;
        MR_ASSERT(mr_number_fixed_kernel((enum mr_kernel)k)(text, len, scale, &got) == status);
        MR_ASSERT(got == want);
    }
    struct mr_decimal decimal;
    int64_t again = 0;
    int found = mr_number_decimal(text, len, &decimal);
    MR_ASSERT((found == MR_E_MALFORMED) == (status == MR_E_MALFORMED));
    if (found == MR_OK) {
        MR_ASSERT(mr_decimal_rescale(decimal, scale, &again) == status);
        MR_ASSERT(status != MR_OK || again == want);
    }
}

static void check_double(const uint8_t *text, uint32_t len)
{
    struct plain_number plain;
    double got = 0, want = 0;
    int status = mr_number_double(text, len, &got);
    if (!plain_scan(text, len, &plain)) {
        MR_ASSERT(status == MR_E_MALFORMED);
        return;
    }
    char *copy = malloc((size_t)len + 1);
    MR_ASSERT(copy);
    memcpy(copy, text, len);
    copy[len] = 0;
    want = strtod(copy, NULL);
    free(copy);
    MR_ASSERT(memcmp(&got, &want, sizeof got) == 0);
    MR_ASSERT(status == (isinf(want) ? MR_E_OVERFLOW : MR_OK));
}

static void check_integers(const uint8_t *text, uint32_t len)
{
    struct plain_number plain;
    uint64_t u = 0;
    int64_t s = 0, want = 0;
    bool integer = plain_scan(text, len, &plain) && plain.is_integer;
    int u_status = mr_number_u64(text, len, &u), s_status = mr_number_i64(text, len, &s);
    MR_ASSERT((s_status == MR_E_MALFORMED) == !integer);
    MR_ASSERT((u_status == MR_E_MALFORMED) == (!integer || plain.negative));
    if (!integer)
        return;
    MR_ASSERT(s_status == plain_fixed(text, len, 0, &want));
    MR_ASSERT(s_status != MR_OK || s == want);
    MR_ASSERT(s_status != MR_OK || plain.negative || (u_status == MR_OK && u == (uint64_t)want));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 5000)
        return 0;
    uint32_t len = (uint32_t)size - 1;
    uint8_t *text = malloc(len + (len == 0)); /* exactly as long, so that the sanitizer sees a read behind it */
    MR_ASSERT(text);
    if (len)
        memcpy(text, data + 1, len);
    check_fixed(text, len, data[0] % (MR_SCALE_MAX + 1));
    check_double(text, len);
    check_integers(text, len);
    free(text);
    return 0;
}
