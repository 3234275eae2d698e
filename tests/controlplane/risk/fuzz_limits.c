/* Any bytes as limits. A refusal comes with a sentence, and none without; what is refused allows no market; what is taken is shown as a text that
 * is taken too, gives the same limits, and the same text; and between the two nothing has changed. */
#include <stdlib.h>

#include "controlplane/risk/limits.h"
#include "dataplane/text/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mr_risk_limits first, second;
static char shown[1 << 18], again[1 << 18], changes[4096];

static void count(void *arg, const char *sentence)
{
    MR_ASSERT(*sentence);
    (*(unsigned *)arg)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned told = 0;
    struct mr_text text;
    int status = mr_risk_limits_parse(&first, "fuzz", (const char *)data, size, count, &told);
    MR_ASSERT((status == MR_OK) == (told == 0) && (status == MR_OK || status == MR_E_INVALID));
    MR_ASSERT(first.version == 0 && !first.bound);
    if (status != MR_OK) {
        MR_ASSERT(first.market_count == 0 && first.policy_count == 0);
        return 0;
    }
    mr_text_init(&text, shown, sizeof shown);
    mr_risk_limits_show(&first, &text);
    MR_ASSERT(!text.cut && mr_risk_limits_parse(&second, "fuzz", shown, text.len, count, &told) == MR_OK);
    mr_text_init(&text, again, sizeof again);
    mr_risk_limits_show(&second, &text);
    MR_ASSERT(strcmp(shown, again) == 0);
    mr_text_init(&text, changes, sizeof changes);
    first.version = 1;
    MR_ASSERT(mr_risk_limits_change(&first, &second, false, &text) == MR_OK && text.len == 0 && second.version == 2);
    return 0;
}
