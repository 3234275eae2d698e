/* A journal of tune apply, and a kernel's command line: whatever the bytes, what is accepted keeps its promises. */
#include <stdlib.h>

#include "pinning/apply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void journal(const char *text, size_t len)
{
    struct mr_tune_journal j;
    struct mr_err err = {""};
    if (mr_journal_parse(&j, text, len, &err) != MR_OK) {
        MR_ASSERT(*err.text);
        MR_ASSERT(j.count == 0 && !j.entries && !j.text);
        return;
    }
    for (uint32_t i = 0; i < j.count; i++) {
        const char *path = j.entries[i].path;
        MR_ASSERT(strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/sys/", 5) == 0 ||
                  strncmp(path, "/ethtool/", 9) == 0);
        MR_ASSERT(!strstr(path, "/../") && strlen(path) < MR_HOST_PATH && strlen(j.entries[i].old) < MR_HOST_TEXT);
    }
    mr_journal_free(&j);
}

static void command_line(const char *line)
{
    char value[64];
    struct mr_cpus set;
    if (!mr_command_line_word(line, "isolcpus", value, sizeof value))
        return;
    MR_ASSERT(strstr(line, "isolcpus"));
    MR_ASSERT(strstr(line, value)); /* a part of it, cut where it is long */
    int status = mr_command_line_cpus(value, &set);
    MR_ASSERT(status == MR_OK || mr_cpus_count(&set) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1);
    memcpy(text, data, len);
    text[len] = 0;
    journal(text, len);
    command_line(text);
    free(text);
    return 0;
}
