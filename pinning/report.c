#include "pinning/report_priv.h"

#include <stdio.h>

#define COLUMNS 80
#define MEASURED 28 /* columns of what was measured */
#define WANTED_AT 52
#define SHOWN 2 /* commands of a finding; the others look alike */

/* ---- for people ---- */

/* Words of a sentence, broken before the last column. */
static void wrap(struct mr_text *out, const char *first, const char *indent, const char *text)
{
    size_t column = strlen(first);
    mr_text_add(out, first);
    for (bool begin = true; *text; begin = false) {
        size_t word = strcspn(text, " ");
        if (!begin && column + 1 + word > COLUMNS) {
            mr_text_format(out, "\n%s", indent);
            column = strlen(indent);
        } else if (!begin) {
            mr_text_add(out, " ");
            column++;
        }
        mr_text_bytes(out, text, word);
        column += word;
        text += word;
        text += strspn(text, " ");
    }
    mr_text_add(out, "\n");
}

static void cpus_line(struct mr_text *out, const char *name, const struct mr_cpus *set)
{
    mr_text_add(out, name);
    if (mr_cpus_count(set))
        mr_cpus_text(set, out);
    else
        mr_text_add(out, "none");
}

static void show_host(const struct mr_tune *t, struct mr_text *out)
{
    const struct mr_topology *h = &t->topology;
    mr_text_format(out, "host  %s, kernel %s%s\n",
                   *h->model                ? h->model
                   : h->arch == MR_ARCH_ARM ? "Arm"
                                            : "unknown CPU",
                   *h->kernel ? h->kernel : "unknown", h->virtual ? ", a guest" : "");
    mr_text_format(out, "      %u package%s, %u core%s, %u CPU%s, %u node%s", h->package_count,
                   h->package_count == 1 ? "" : "s", h->core_count, h->core_count == 1 ? "" : "s",
                   mr_cpus_count(&h->online), mr_cpus_count(&h->online) == 1 ? "" : "s", h->node_count,
                   h->node_count == 1 ? "" : "s");
    if (!mr_cpus_equal(&h->allowed, &h->online))
        cpus_line(out, "; allowed ", &h->allowed);
    cpus_line(out, "; isolated ", &h->isolated);
    const struct mr_core_plan *p = &t->plan;
    mr_text_add(out, "\nplan  ");
    if (p->of)
        mr_text_format(out, "of %s: ", p->of);
    for (uint32_t i = 0; i < p->feed_count; i++)
        mr_text_format(out, "%s%d", i ? "," : p->engine < 0 ? "feed and engine " : "feed ", p->feed[i]);
    if (p->engine >= 0)
        mr_text_format(out, ", engine %d", p->engine);
    if (p->trade >= 0)
        mr_text_format(out, ", trade %d", p->trade);
    if (!p->feed_count)
        mr_text_add(out, "nothing pinned");
    if (p->nic && p->nic->node >= 0)
        mr_text_format(out, "; %s is on node %d", p->nic->name, p->nic->node);
    else if (p->nic)
        mr_text_format(out, h->node_count > 1 ? "; %s, node unknown" : "; %s", p->nic->name);
    cpus_line(out, "\n      housekeeping ", &p->housekeeping);
    mr_text_add(out, "\n");
    if (*p->note)
        wrap(out, "      ", "      ", p->note);
}

static void show_fix(const struct mr_tune *t, const struct mr_finding *f, struct mr_text *out)
{
    uint32_t changes = mr_finding_changes(t, f), shown = 0;
    for (uint32_t i = 0; i < f->count && shown < SHOWN; i++) {
        if (!t->writes[f->first + i].differs)
            continue;
        mr_text_add(out, shown++ ? "        " : "  fix:  ");
        mr_write_command(&t->writes[f->first + i], out);
        mr_text_add(out, "\n");
    }
    if (changes > shown)
        mr_text_format(out, "        and %u more of this kind: millrace tune apply\n", changes - shown);
    if (*f->command)
        mr_text_format(out, "  fix:  %s\n", f->command);
    if (*f->words)
        mr_text_format(out, "  boot: %s\n", f->words);
    if (*f->unit)
        mr_text_format(out, "  unit: %s\n", f->unit);
}

static void show_finding(const struct mr_tune *t, const struct mr_finding *f, struct mr_text *out)
{
    bool wide = strlen(f->measured) > MEASURED || strlen(f->wanted) > COLUMNS - WANTED_AT;
    mr_text_format(out, "%-5s %-16s %-*s", mr_verdict_text(f->verdict), f->setting->id, wide ? 0 : MEASURED,
                   f->measured);
    if (wide && *f->wanted)
        mr_text_format(out, "\n%*swanted: %s\n", 23, "", f->wanted);
    else
        mr_text_format(out, " %s\n", f->wanted);
    if (f->verdict == MR_VERDICT_PASS)
        return;
    wrap(out, "  why:  ", "        ", f->setting->why);
    wrap(out, "  then: ", "        ", f->setting->effect);
    show_fix(t, f, out);
}

static void show_sum(const struct mr_tune *t, struct mr_text *out)
{
    char absent[2048];
    struct mr_text names;
    mr_text_init(&names, absent, sizeof absent);
    for (uint32_t i = 0; i < t->finding_count; i++)
        if (t->findings[i].verdict == MR_VERDICT_NONE)
            mr_text_format(&names, "%s%s", names.len ? " " : "", t->findings[i].setting->id);
    mr_text_format(out, "\n%u settings: %u fail, %u warn, %u pass, %u not applicable\n", t->finding_count,
                   mr_tune_counted(t, MR_VERDICT_FAIL), mr_tune_counted(t, MR_VERDICT_WARN),
                   mr_tune_counted(t, MR_VERDICT_PASS), mr_tune_counted(t, MR_VERDICT_NONE));
    if (names.len)
        wrap(out, "n/a:  ", "      ", absent);
    for (uint32_t i = 0; i < t->host->trouble_count; i++)
        mr_text_format(out, "not understood: %s\n", t->host->trouble[i]);
    if (t->host->trouble_more)
        mr_text_format(out, "and %u more files that were not understood\n", t->host->trouble_more);
}

void mr_report_check(const struct mr_tune *t, struct mr_text *out)
{
    static const enum mr_verdict order[] = {MR_VERDICT_FAIL, MR_VERDICT_WARN, MR_VERDICT_PASS};
    show_host(t, out);
    mr_text_format(out, "\n%-5s %-16s %-*s %s\n", "", "setting", MEASURED, "measured", "wanted");
    for (size_t v = 0; v < MR_COUNT_OF(order); v++)
        for (uint32_t i = 0; i < t->finding_count; i++)
            if (t->findings[i].verdict == order[v])
                show_finding(t, &t->findings[i], out);
    show_sum(t, out);
}

/* ---- for programs ---- */

void mr_report_cpus_json(struct mr_json_out *j, const char *key, const struct mr_cpus *set)
{
    char text[MR_HOST_TEXT];
    struct mr_text list;
    mr_text_init(&list, text, sizeof text);
    mr_cpus_text(set, &list);
    mr_json_out_string(j, key, text);
}

static void write_json(struct mr_json_out *j, const struct mr_tune_write *w)
{
    char text[MR_HOST_TEXT * 2];
    struct mr_text line;
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, "path", w->path);
    mr_json_out_string(j, "value", w->value);
    mr_json_out_string(j, "is", w->old);
    mr_json_out_bool(j, "differs", w->differs);
    mr_text_init(&line, text, sizeof text);
    mr_write_command(w, &line);
    mr_json_out_string(j, "command", text);
    mr_text_init(&line, text, sizeof text);
    static const char *const kinds[] = {"sysctl", "tmpfiles", "link"};
    mr_json_out_string(j, "lasting_kind", kinds[mr_write_persist(w, &line)]);
    mr_json_out_string(j, "lasting", text);
    mr_json_out_end(j);
}

static void finding_json(struct mr_json_out *j, const struct mr_tune *t, const struct mr_finding *f)
{
    static const char *const verdicts[] = {"not applicable", "pass", "warn", "fail"};
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, "id", f->setting->id);
    mr_json_out_string(j, "verdict", verdicts[f->verdict]);
    mr_json_out_string(j, "measured", f->measured);
    mr_json_out_string(j, "wanted", f->wanted);
    mr_json_out_string(j, "why", f->setting->why);
    mr_json_out_string(j, "effect", f->setting->effect);
    mr_json_out_bool(j, "reboot", *f->words && f->verdict > MR_VERDICT_PASS && !mr_finding_changes(t, f));
    mr_json_out_string(j, "kernel_command_line", f->words);
    mr_json_out_string(j, "command", f->command);
    mr_json_out_bool(j, "optional", f->optional);
    mr_json_out_string(j, "unit", f->unit);
    mr_json_out_array(j, "writes");
    for (uint32_t i = 0; i < f->count; i++)
        write_json(j, &t->writes[f->first + i]);
    mr_json_out_end(j);
    mr_json_out_end(j);
}

void mr_report_check_json(const struct mr_tune *t, struct mr_text *out)
{
    const struct mr_topology *h = &t->topology;
    struct mr_json_out j;
    mr_json_out_init(&j, out);
    mr_json_out_object(&j, NULL);
    mr_json_out_object(&j, "host");
    mr_json_out_string(&j, "model", h->model);
    mr_json_out_string(&j, "kernel", h->kernel);
    mr_json_out_bool(&j, "guest", h->virtual);
    mr_json_out_u64(&j, "packages", h->package_count);
    mr_json_out_u64(&j, "cores", h->core_count);
    mr_json_out_u64(&j, "nodes", h->node_count);
    mr_report_cpus_json(&j, "online", &h->online);
    mr_report_cpus_json(&j, "allowed", &h->allowed);
    mr_report_cpus_json(&j, "isolated", &h->isolated);
    mr_json_out_end(&j);
    mr_json_out_object(&j, "counts");
    mr_json_out_u64(&j, "fail", mr_tune_counted(t, MR_VERDICT_FAIL));
    mr_json_out_u64(&j, "warn", mr_tune_counted(t, MR_VERDICT_WARN));
    mr_json_out_u64(&j, "pass", mr_tune_counted(t, MR_VERDICT_PASS));
    mr_json_out_u64(&j, "not_applicable", mr_tune_counted(t, MR_VERDICT_NONE));
    mr_json_out_end(&j);
    mr_json_out_array(&j, "findings");
    for (uint32_t i = 0; i < t->finding_count; i++)
        finding_json(&j, t, &t->findings[i]);
    mr_json_out_end(&j);
    mr_json_out_array(&j, "not_understood");
    for (uint32_t i = 0; i < t->host->trouble_count; i++)
        mr_json_out_string(&j, NULL, t->host->trouble[i]);
    mr_json_out_end(&j);
    mr_json_out_end(&j);
}
