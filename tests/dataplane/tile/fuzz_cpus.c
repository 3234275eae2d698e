/* Lists and masks of CPUs: what is accepted is written and read back as the same set; what is refused leaves an empty one. */
#include <stdlib.h>

#include "dataplane/tile/cpus.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const struct mr_cpus *set, int status, bool mask)
{
    static char out[MR_CPUS_MAX * 5];
    struct mr_text text;
    struct mr_cpus back;
    if (status != MR_OK) {
        MR_ASSERT(status == MR_E_MALFORMED || status == MR_E_RANGE);
        MR_ASSERT(mr_cpus_count(set) == 0);
        return;
    }
    mr_text_init(&text, out, sizeof out);
    if (mask)
        mr_cpus_mask(set, &text);
    else
        mr_cpus_text(set, &text);
    MR_ASSERT(!text.cut);
    MR_ASSERT((mask ? mr_cpus_parse_mask(&back, out, text.len) : mr_cpus_parse(&back, out, text.len)) == MR_OK);
    MR_ASSERT(mr_cpus_equal(set, &back));
    uint32_t n = 0;
    MR_CPUS_EACH(cpu, set) n += mr_cpus_has(set, cpu);
    MR_ASSERT(n == mr_cpus_count(set));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct mr_cpus set;
    char *text = malloc(len + 1); /* not ended: nothing may be read behind it */
    memcpy(text, data, len);
    check(&set, mr_cpus_parse(&set, text, len), false);
    check(&set, mr_cpus_parse_mask(&set, text, len), true);
    free(text);
    return 0;
}
