#include "pinning/settings/settings.h"

#include <stdio.h>
#include <stdlib.h>

const struct mr_setting *const mr_settings[] = {
#define MR_SETTING(id) &mr_setting_##id,
#include "pinning/settings/settings.def"
#undef MR_SETTING
};
const uint32_t mr_setting_count = MR_COUNT_OF(mr_settings);

const char *mr_settings_cpus(const struct mr_cpus *set, char *out, size_t bytes)
{
    struct mr_text text;
    mr_text_init(&text, out, bytes);
    mr_cpus_text(set, &text);
    if (!text.len)
        mr_text_add(&text, "none");
    return out;
}

void mr_settings_isolated(const struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f,
                          const struct mr_cpus *has, const char *word, const char *prefix)
{
    char have[96], want[96];
    if (!t->plan.feed_count)
        return;
    mr_settings_cpus(&t->plan.isolated, want, sizeof want);
    mr_find(f, mr_cpus_within(&t->plan.isolated, has) ? MR_VERDICT_PASS : s->otherwise, "%s",
            mr_settings_cpus(has, have, sizeof have));
    mr_find_wanted(f, "%s", want);
    snprintf(f->words, sizeof f->words, "%s=%s%s", word, prefix, want);
}

int mr_settings_mask_write(struct mr_tune *t, struct mr_finding *f, const char *path, bool *differs)
{
    struct mr_cpus mask, left;
    int status = mr_host_mask(t->host, &mask, "%s", path);
    if (status)
        return status;
    left = mask;
    mr_cpus_minus(&left, &t->plan.isolated);
    *differs = !mr_cpus_equal(&mask, &left);
    if (!mr_cpus_count(&mask))
        return MR_OK; /* nobody at all: switched off */
    if (!mr_cpus_count(&left) && *differs)
        left = t->plan.housekeeping;
    char text[MR_HOST_TEXT];
    struct mr_text out;
    mr_text_init(&out, text, sizeof text);
    mr_cpus_mask(&left, &out);
    return mr_find_write(t, f, text, *differs, "%s", path);
}

void mr_settings_mask(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f, const char *path)
{
    char list[96];
    bool differs;
    if (!t->plan.feed_count || mr_settings_mask_write(t, f, path, &differs) != MR_OK)
        return;
    mr_find(f, differs ? s->otherwise : MR_VERDICT_PASS, differs ? "the plan's cores too" : "without the plan's cores");
    mr_find_wanted(f, "%s", mr_settings_cpus(&t->plan.housekeeping, list, sizeof list));
}

bool mr_settings_runs(const struct mr_tune *t, const char *name)
{
    static char names[32768][MR_HOST_NAME];
    uint32_t n = mr_host_list(t->host, "/proc", names, MR_COUNT_OF(names));
    for (uint32_t i = 0; i < n; i++) {
        char path[MR_HOST_PATH], comm[64];
        if (names[i][0] < '0' || names[i][0] > '9')
            continue;
        snprintf(path, sizeof path, "/proc/%.31s/comm", names[i]);
        if (mr_host_raw(t->host, path, comm, sizeof comm) < 0)
            continue; /* it ended meanwhile */
        comm[strcspn(comm, "\n")] = 0;
        if (strcmp(comm, name) == 0)
            return true;
    }
    return false;
}

int mr_settings_limit(struct mr_tune *t, const char *name, int64_t *out)
{
    char text[MR_HOST_TEXT], *end;
    if (mr_host_read(t->host, text, sizeof text, "/proc/self/limits") < 0)
        return MR_E_EMPTY;
    const char *at = strstr(text, name);
    if (!at)
        return MR_E_EMPTY;
    at += strlen(name);
    at += strspn(at, " ");
    if (strncmp(at, "unlimited", 9) == 0) {
        *out = INT64_MAX;
        return MR_OK;
    }
    *out = strtoll(at, &end, 10);
    if (end != at && *out >= 0)
        return MR_OK;
    mr_host_trouble(t->host, "/proc/self/limits", "a limit that is no number");
    return MR_E_MALFORMED;
}
