#include <stdio.h>

#include "pinning/settings/settings.h"

static void check(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    char word[16] = "";
    mr_command_line_word(t->topology.command_line, "audit", word, sizeof word);
    bool off = strcmp(word, "0") == 0 || strcmp(word, "off") == 0, runs = !off && mr_settings_runs(t, "auditd");
    mr_find(f, runs ? s->otherwise : MR_VERDICT_PASS, off ? "off" : runs ? "auditd runs" : "auditd does not run");
    mr_find_wanted(f, "off");
    if (runs)
        snprintf(f->words, sizeof f->words, "audit=0");
}

const struct mr_setting mr_setting_audit = {.id = "audit",
                                            .check = check,
                                            .otherwise = MR_VERDICT_WARN,
                                            .why = "The audit system looks at each system call of each thread.",
                                            .effect = "cheaper system calls"};
