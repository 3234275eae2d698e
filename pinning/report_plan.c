#include <stdio.h>

#include "pinning/report_priv.h"

/* ---- parts ---- */

static bool has_word(const char *line, const char *word, size_t len)
{
    for (const char *at = line; *at; at += strspn(at, " ")) {
        size_t is = strcspn(at, " ");
        if (is == len && memcmp(at, word, len) == 0)
            return true;
        at += is;
    }
    return false;
}

void mr_report_words(const struct mr_tune *t, struct mr_text *out)
{
    for (uint32_t i = 0; i < t->finding_count; i++)
        for (const char *at = t->findings[i].optional ? "" : t->findings[i].words; *at; at += strspn(at, " ")) {
            size_t word = strcspn(at, " ");
            if (!has_word(out->out, at, word)) {
                mr_text_add(out, out->len ? " " : "");
                mr_text_bytes(out, at, word);
            }
            at += word;
        }
}

/* Lines of one kind. What the command line makes last is not there a second time. False: there are none. */
static bool lines_of(const struct mr_tune *t, enum mr_persist kind, void (*take)(void *, const char *), void *arg)
{
    bool any = false;
    for (uint32_t i = 0; i < t->finding_count; i++)
        for (uint32_t k = 0; !*t->findings[i].words && k < t->findings[i].count; k++) {
            char text[MR_HOST_TEXT * 2];
            struct mr_text line;
            mr_text_init(&line, text, sizeof text);
            if (mr_write_persist(&t->writes[t->findings[i].first + k], &line) != kind)
                continue;
            any = true;
            if (take)
                take(arg, text);
        }
    return any;
}

static void cores_of(const struct mr_core_plan *p, struct mr_text *out)
{
    for (uint32_t i = 0; i < p->feed_count; i++)
        mr_text_format(out, "%s%d", i ? ", " : "", p->feed[i]);
    if (p->engine >= 0)
        mr_text_format(out, ", %d", p->engine);
}

/* Words for a section of the configuration; nothing is pinned where no core can be given. */
static void config_of(const struct mr_core_plan *p, struct mr_text *out)
{
    if (!p->feed_count) {
        mr_text_add(out, "plane:\n  merged: true\n  wait: yield\n");
        return;
    }
    mr_text_format(out, "plane:\n  feed_tiles: %u\n  merged: %s\n  cores: [", p->feed_count,
                   p->engine < 0 ? "true" : "false");
    cores_of(p, out);
    mr_text_add(out, "]\n  wait: spin\n  awake: true\n");
    if (p->trade >= 0)
        mr_text_format(out, "trade:\n  cores: [%d]\n", p->trade);
}

/* ---- for people ---- */

static void take_line(void *arg, const char *line) { mr_text_format(arg, "%s\n", line); }

static void row(struct mr_text *out, const char *role, int index, int cpu, const struct mr_topology *t)
{
    char name[32];
    struct mr_cpus siblings;
    snprintf(name, sizeof name, index < 0 ? "%s" : "%s %d", role, index);
    mr_topology_siblings(t, cpu, &siblings);
    mr_cpus_remove(&siblings, cpu);
    mr_text_format(out, "%-16s cpu %-5d node %d", name, cpu, t->cpu[cpu].node);
    if (mr_cpus_count(&siblings)) {
        mr_text_add(out, "; left empty beside it: ");
        mr_cpus_text(&siblings, out);
    }
    mr_text_add(out, "\n");
}

static void show_map(const struct mr_tune *t, struct mr_text *out)
{
    const struct mr_core_plan *p = &t->plan;
    if (p->nic && p->nic->node >= 0)
        mr_text_format(out, "# core map, near %s on node %d\n", p->nic->name, p->nic->node);
    else
        mr_text_format(out, "# core map; %s%s\n", p->nic ? "no node is known of " : "there is no NIC of hardware",
                       p->nic ? p->nic->name : "");
    for (uint32_t i = 0; i < p->feed_count; i++)
        row(out, p->engine < 0 ? "feed and engine" : "feed", p->engine < 0 ? -1 : (int)i, p->feed[i], &t->topology);
    if (p->engine >= 0)
        row(out, "engine", -1, p->engine, &t->topology);
    if (p->trade >= 0)
        row(out, "trade", -1, p->trade, &t->topology);
    mr_text_add(out, "housekeeping     cpu ");
    mr_cpus_text(&p->housekeeping, out);
    mr_text_add(out, "\n");
    if (*p->note)
        mr_text_format(out, "# %s\n", p->note);
}

/* Known by its address: the name is given later. The policy is the one of the file that this one stands before. */
static void show_link_head(const struct mr_topology_nic *nic, struct mr_text *out)
{
    mr_text_format(out, "\n# /etc/systemd/network/10-millrace-%s.link\n[Match]\n", nic->name);
    if (*nic->address)
        mr_text_format(out, "MACAddress=%s\n", nic->address);
    else
        mr_text_format(out, "OriginalName=%s\n", nic->name);
    mr_text_add(out, "[Link]\nNamePolicy=keep kernel database onboard slot path\n");
}

static void show_files(const struct mr_tune *t, struct mr_text *out)
{
    if (lines_of(t, MR_PERSIST_SYSCTL, NULL, NULL)) {
        mr_text_add(out, "\n# /etc/sysctl.d/90-millrace.conf\n");
        lines_of(t, MR_PERSIST_SYSCTL, take_line, out);
    }
    if (lines_of(t, MR_PERSIST_TMPFILES, NULL, NULL)) {
        mr_text_add(out, "\n# /etc/tmpfiles.d/millrace.conf\n");
        lines_of(t, MR_PERSIST_TMPFILES, take_line, out);
    }
    if (lines_of(t, MR_PERSIST_LINK, NULL, NULL)) {
        show_link_head(t->plan.nic, out);
        lines_of(t, MR_PERSIST_LINK, take_line, out);
    }
}

static void show_units(const struct mr_tune *t, struct mr_text *out)
{
    bool units = false, commands = false, optional = false;
    for (uint32_t i = 0; i < t->finding_count; i++) {
        if (!*t->findings[i].unit)
            continue;
        mr_text_format(out, "%s%s\n", units ? "" : "\n# a drop-in of millrace's systemd units\n[Service]\n",
                       t->findings[i].unit);
        units = true;
    }
    for (uint32_t i = 0; i < t->finding_count; i++) {
        if (!*t->findings[i].command || t->findings[i].optional)
            continue;
        mr_text_format(out, "%s%s\n", commands ? "" : "\n# by hand\n", t->findings[i].command);
        commands = true;
    }
    for (uint32_t i = 0; i < t->finding_count; i++) {
        const struct mr_finding *f = &t->findings[i];
        if (f->optional)
            mr_text_format(out, "%s%s%s\n", optional ? "" : "\n# to weigh: millrace tune check says what for\n",
                           *f->words ? "kernel command line: " : "", *f->words ? f->words : f->command);
        optional |= f->optional;
    }
}

void mr_report_plan(const struct mr_tune *t, struct mr_text *out)
{
    char words[MR_HOST_TEXT];
    struct mr_text line;
    show_map(t, out);
    mr_text_add(out, "\n# millrace.yaml\n");
    config_of(&t->plan, out);
    mr_text_init(&line, words, sizeof words);
    mr_report_words(t, &line);
    if (line.len)
        mr_text_format(out, "\n# kernel command line; in force after a restart\n%s\n", words);
    show_files(t, out);
    show_units(t, out);
}

/* ---- for programs ---- */

static void take_json(void *arg, const char *line) { mr_json_out_string(arg, NULL, line); }

static void map_json(struct mr_json_out *j, const struct mr_core_plan *p)
{
    mr_json_out_array(j, "feed");
    for (uint32_t i = 0; i < p->feed_count; i++)
        mr_json_out_i64(j, NULL, p->feed[i]);
    mr_json_out_end(j);
    if (p->engine >= 0)
        mr_json_out_i64(j, "engine", p->engine);
    if (p->trade >= 0)
        mr_json_out_i64(j, "trade", p->trade);
    mr_report_cpus_json(j, "isolated", &p->isolated);
    mr_report_cpus_json(j, "housekeeping", &p->housekeeping);
    mr_json_out_i64(j, "node", p->node);
    if (p->nic)
        mr_json_out_string(j, "nic", p->nic->name);
    mr_json_out_string(j, "note", p->note);
}

void mr_report_plan_json(const struct mr_tune *t, struct mr_text *out)
{
    static const char *const keys[] = {"sysctl", "tmpfiles", "link"};
    char text[MR_HOST_TEXT];
    struct mr_text part;
    struct mr_json_out j;
    mr_json_out_init(&j, out);
    mr_json_out_object(&j, NULL);
    mr_json_out_object(&j, "map");
    map_json(&j, &t->plan);
    mr_json_out_end(&j);
    mr_text_init(&part, text, sizeof text);
    config_of(&t->plan, &part);
    mr_json_out_string(&j, "config", text);
    mr_text_init(&part, text, sizeof text);
    mr_report_words(t, &part);
    mr_json_out_string(&j, "kernel_command_line", text);
    for (int kind = 0; kind < 3; kind++) {
        mr_json_out_array(&j, keys[kind]);
        lines_of(t, (enum mr_persist)kind, take_json, &j);
        mr_json_out_end(&j);
    }
    mr_json_out_array(&j, "units");
    for (uint32_t i = 0; i < t->finding_count; i++)
        if (*t->findings[i].unit)
            mr_json_out_string(&j, NULL, t->findings[i].unit);
    mr_json_out_end(&j);
    mr_json_out_array(&j, "by_hand");
    for (uint32_t i = 0; i < t->finding_count; i++)
        if (*t->findings[i].command && !t->findings[i].optional)
            mr_json_out_string(&j, NULL, t->findings[i].command);
    mr_json_out_end(&j);
    mr_json_out_end(&j);
}
