/* Two readings of /proc/interrupts, the second from the byte 0xff on (without it, the same): what is said to have risen is sorted, within its room, and adds up. */
#include <stdlib.h>

#include "pinning/interrupts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void look(const char *before, const char *after, int cpu)
{
    struct mr_interrupt rows[4];
    struct mr_interrupts got = {.rows = rows, .room = 4};
    uint64_t sum = 0;
    int status = mr_interrupts_between(&got, before, after, cpu);
    MR_ASSERT(status == MR_OK || (status == MR_E_MALFORMED && got.count == 0 && got.all == 0));
    MR_ASSERT(got.count <= 4);
    for (uint32_t i = 0; i < got.count; i++) {
        MR_ASSERT(rows[i].count > 0 && (i == 0 || rows[i - 1].count >= rows[i].count));
        MR_ASSERT(strlen(rows[i].id) < sizeof rows[i].id && strlen(rows[i].what) < sizeof rows[i].what);
        sum += rows[i].count;
    }
    MR_ASSERT(got.count == 4 ? sum <= got.all : sum == got.all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1);
    memcpy(text, data, len);
    text[len] = 0;
    char *second = memchr(text, 0xff, len);
    if (second)
        *second++ = 0;
    look(text, second ? second : text, 0);
    look(second ? second : text, text, 1);
    free(text);
    return 0;
}
