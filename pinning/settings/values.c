/* The settings that are one value in one file: rows of values.def. */
#include <stdlib.h>

#include "pinning/settings/settings.h"

/* Between bars; `out` gets the first. */
static bool one_of(const char *word, const char *words)
{
    size_t len = strlen(word);
    for (const char *at = words; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (strcspn(at, "|") == len && memcmp(at, word, len) == 0)
            return true;
    return false;
}

static bool good(const struct mr_setting *s, const char *text)
{
    char *end;
    long long number = strtoll(text, &end, 10), wanted = strtoll(s->wanted, NULL, 10);
    bool numeric = end != text && !*end;
    switch (s->rule) {
    case MR_RULE_LEAST:
        return numeric && number >= wanted;
    case MR_RULE_MOST:
        return numeric && number <= wanted;
    case MR_RULE_ONE_OF:
        return one_of(text, s->wanted);
    case MR_RULE_IS:
    case MR_RULE_EACH:
    case MR_RULE_MASK:
        break;
    }
    return strcmp(text, s->wanted) == 0;
}

static void check_value(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    char raw[MR_HOST_TEXT], text[MR_HOST_TEXT], value[64];
    if ((s->nodes && t->topology.node_count < 2) || mr_host_read(t->host, raw, sizeof raw, "%s", s->path) < 0)
        return;
    mr_host_choice(raw, text, sizeof text);
    if (!*text)
        mr_host_trouble(t->host, s->path, "is empty");
    static const char *const words[] = {"", "at least ", "at most ", "", "", ""};
    bool pass = good(s, text);
    size_t first = strcspn(s->wanted, "|");
    memcpy(value, s->wanted, first);
    value[first] = 0;
    mr_find(f, pass ? MR_VERDICT_PASS : s->otherwise, "%.60s", text);
    mr_find_wanted(f, "%s%s", words[s->rule], s->wanted);
    if (!pass || strcmp(text, value) == 0)
        mr_find_write(t, f, value, !pass, "%s", s->path);
}

static void check_each(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    uint32_t there = 0, bad = 0;
    char text[64], first[32] = "";
    MR_CPUS_EACH(cpu, &t->plan.isolated)
    {
        if (mr_host_read(t->host, text, sizeof text, "/sys/devices/system/cpu/cpu%d/%s", cpu, s->path) < 0)
            continue;
        bool pass = strcmp(text, s->wanted) == 0;
        if (!pass && !bad++)
            memcpy(first, text, strnlen(text, sizeof first - 1));
        there++;
        mr_find_write(t, f, s->wanted, !pass, "/sys/devices/system/cpu/cpu%d/%s", cpu, s->path);
    }
    if (!there)
        return;
    mr_find_wanted(f, "%s", s->wanted);
    if (bad)
        mr_find(f, s->otherwise, "%s on %u of %u", *first ? first : "nothing", bad, there);
    else
        mr_find(f, MR_VERDICT_PASS, "%s", s->wanted);
}

static void check_mask(struct mr_tune *t, const struct mr_setting *s, struct mr_finding *f)
{
    mr_settings_mask(t, s, f, s->path);
}

/* clang-format off */
#define MR_VALUE(name, how, file, value, verdict, where, reason, result)                          \
    const struct mr_setting mr_setting_##name = {                                                 \
        .id = #name, .check = MR_RULE_##how == MR_RULE_EACH   ? check_each                      \
                 : MR_RULE_##how == MR_RULE_MASK ? check_mask                      \
                                                 : check_value,           \
        .otherwise = MR_VERDICT_##verdict, .why = (reason), .effect = (result), .path = (file),   \
        .wanted = (value), .rule = MR_RULE_##how, .nodes = WHERE_##where};
enum { WHERE_ANY, WHERE_NODES };
#include "pinning/settings/values.def"
