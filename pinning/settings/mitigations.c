#include <stdio.h>

#include "pinning/settings/settings.h"

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    static const char folder[] = "/sys/devices/system/cpu/vulnerabilities";
    char names[64][MR_HOST_NAME], text[512], word[64] = "";
    uint32_t n = mr_host_list(t->host, folder, names, MR_COUNT_OF(names)), active = 0;
    for (uint32_t i = 0; i < n; i++)
        active += mr_host_read(t->host, text, sizeof text, "%s/%s", folder, names[i]) > 0 &&
                  strncmp(text, "Mitigation", 10) == 0;
    if (!n)
        return;
    mr_command_line_word(t->topology.command_line, "mitigations", word, sizeof word);
    bool off = active == 0 || strncmp(word, "off", 3) == 0;
    mr_find(f, off ? MR_VERDICT_PASS : s->otherwise, "%u active of %u", active, n);
    mr_find_wanted(f, "off, if all code is trusted");
    if (!off)
        snprintf(f->words, sizeof f->words, "mitigations=off");
    f->optional = !off;
}

const struct mr_setting mr_setting_mitigations = {
    .id = "mitigations",
    .check = check,
    .otherwise = MR_VERDICT_WARN,
    .why = "Calls into the kernel and back pay for barriers against attacks by code on the same core.",
    .effect = "cheaper system calls; only where no foreign code runs. Tiles with DPDK make none and gain nothing"};
