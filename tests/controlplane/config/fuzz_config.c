/* Any bytes as a config. What holds for each: a refusal comes with at least one sentence and none without; a config that is taken is shown as
 * text that is taken too, and gives the same config, and the same text. */
#include <stdlib.h>

#include "codecs/json/json.h"
#include "controlplane/config/config.h"
#include "dataplane/text/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct mr_config first, second;
static char shown[MR_CONFIG_SHOW_BYTES], again[MR_CONFIG_SHOW_BYTES];

static void count(void *arg, const char *sentence)
{
    MR_ASSERT(*sentence);
    (*(unsigned *)arg)++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned told = 0;
    struct mr_text text;
    uint32_t at;
    int status = mr_config_parse(&first, "fuzz", (const char *)data, size, count, &told);
    MR_ASSERT((status == MR_OK) == (told == 0) && (status == MR_OK || status == MR_E_INVALID));
    mr_text_init(&text, shown, sizeof shown);
    mr_config_show_json(&first, true, &text);
    MR_ASSERT(!text.cut && mr_json_check((const uint8_t *)shown, (uint32_t)text.len, &at) == MR_OK);
    mr_text_init(&text, shown, sizeof shown);
    mr_config_show(&first, false, &text);
    MR_ASSERT(!text.cut);
    if (status != MR_OK)
        return 0;
    MR_ASSERT(mr_config_parse(&second, "fuzz", shown, text.len, count, &told) == MR_OK);
    mr_text_init(&text, again, sizeof again);
    mr_config_show(&second, false, &text);
    MR_ASSERT(strcmp(shown, again) == 0);
    MR_ASSERT(memcmp(&first.plane, &second.plane, sizeof first.plane) == 0);
    MR_ASSERT(memcmp(&first.control, &second.control, sizeof first.control) == 0);
    return 0;
}
