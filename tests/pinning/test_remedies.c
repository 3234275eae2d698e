/* Every remedy that is printed is carried out on a fake host, by an interpreter of its own for the forms of commands and files there are: then the
 * finding passes. What needs a restart is carried out as the kernel and systemd would at the boot. */
#include <stdio.h>
#include <unistd.h>

#include "pinning/apply.h"
#include "pinning/report.h"
#include "tests/pinning/tree.h"
#include "tests/support/support.h"

/* ---- commands ---- */

static void swap_chars(char *text, char a, char b)
{
    for (; *text; text++)
        *text = *text == a ? b : *text == b ? a : *text;
}

static void put_value(const struct tree *t, const char *path, const char *value)
{
    char line[8200];
    char *is = tree_get(t, path);
    if (!is)
        print_error("%s: a remedy for a file that is not there\n", path);
    assert_non_null(is);
    free(is);
    snprintf(line, sizeof line, "%s\n", value);
    tree_put(t, path, line);
}

static void put_sysctl(const struct tree *t, char *name, const char *value)
{
    char path[600];
    swap_chars(name, '.', '/');
    snprintf(path, sizeof path, "/proc/sys/%s", name);
    put_value(t, path, value);
}

/* A row of /proc/self/limits. */
static void put_limit(const struct tree *t, const char *row, const char *value)
{
    char *text = tree_get(t, "/proc/self/limits"), out[4096], line[128];
    char *at = strstr(text, row), *end = at ? strchr(at, '\n') : NULL;
    assert_non_null(end);
    snprintf(line, sizeof line, "%-26s%-21s%-21sunits", row, value, value);
    snprintf(out, sizeof out, "%.*s%s%s", (int)(at - text), text, line, end);
    tree_put(t, "/proc/self/limits", out);
    free(text);
}

static void stop_service(const struct tree *t, const char *name)
{
    char *files = tree_files(t), path[512], want[600];
    snprintf(want, sizeof want, "%s\n", name);
    bool found = false;
    for (const char *at = files; *at; at += strlen(at) + 1) {
        char *text = strstr(at, "/comm") ? tree_get(t, at) : NULL;
        if (text && strcmp(text, want) == 0) {
            snprintf(path, sizeof path, "%s%s", t->root, at);
            found = unlink(path) == 0;
        }
        free(text);
    }
    assert_true(found);
    free(files);
}

static void carry_out(const struct tree *t, const char *command)
{
    char a[512], b[512], c[512];
    if (sscanf(command, "sysctl -w '%511[^=]=%511[^']'", a, b) == 2 ||
        sscanf(command, "sysctl -w %511[^=]=%511s", a, b) == 2) {
        put_sysctl(t, a, b);
    } else if (sscanf(command, "echo %511s > %511s", a, b) == 2) {
        put_value(t, b, a);
    } else if (sscanf(command, "ethtool -%*c %511s %511s %511s", a, b, c) == 3) {
        char path[1100];
        snprintf(path, sizeof path, "/ethtool/%s/%s", a, b);
        put_value(t, path, c);
    } else if (sscanf(command, "systemctl disable --now %511s", a) == 1) {
        stop_service(t, a);
    } else if (strcmp(command, "swapoff -a") == 0) {
        tree_put(t, "/proc/swaps", "Filename Type Size Used Priority\n");
    } else if (sscanf(command, "ulimit -l %511s", a) == 1) {
        put_limit(t, "Max locked memory", a);
    } else if (sscanf(command, "ulimit -n %511s", a) == 1) {
        put_limit(t, "Max open files", a);
    } else {
        fail_msg("a command of no known form: %s", command);
    }
}

/* ---- what lasts ---- */

/* What the kernel makes of its command line. */
static void boot(const struct tree *t, const char *words)
{
    static const struct {
        const char *word, *path;
    } shown[] = {{"isolcpus", "/sys/devices/system/cpu/isolated"}, {"nohz_full", "/sys/devices/system/cpu/nohz_full"}};
    char line[4096], value[512], *files = tree_files(t);
    char *is = tree_get(t, "/proc/cmdline");
    if (is) {
        snprintf(line, sizeof line, "%.*s %s\n", (int)strcspn(is, "\n"), is, words);
        tree_put(t, "/proc/cmdline", line);
    }
    free(is);
    for (size_t i = 0; i < MR_COUNT_OF(shown); i++) {
        struct mr_cpus set;
        struct mr_text text;
        if (!mr_command_line_word(words, shown[i].word, value, sizeof value))
            continue;
        assert_int_equal(mr_command_line_cpus(value, &set), MR_OK);
        mr_text_init(&text, line, sizeof line);
        mr_cpus_text(&set, &text);
        tree_put(t, shown[i].path, line);
    }
    if (mr_command_line_word(words, "irqaffinity", value, sizeof value)) {
        struct mr_cpus set;
        struct mr_text text;
        assert_int_equal(mr_command_line_cpus(value, &set), MR_OK);
        mr_text_init(&text, line, sizeof line);
        mr_cpus_mask(&set, &text);
        put_value(t, "/proc/irq/default_smp_affinity", line);
        for (const char *at = files; *at; at += strlen(at) + 1)
            if (strstr(at, "smp_affinity_list"))
                put_value(t, at, value);
    }
    if (mr_command_line_word(words, "clocksource", value, sizeof value))
        put_value(t, "/sys/devices/system/clocksource/clocksource0/current_clocksource", value);
    free(files);
}

static void carry_out_line(const struct tree *t, enum mr_persist kind, const char *line, const struct mr_tune_write *w)
{
    static const struct {
        const char *name, *key;
    } links[] = {{"RxBufferSize", "rx"},
                 {"RxCoalesceSec", "rx-usecs"},
                 {"UseAdaptiveRxCoalesce", "adaptive-rx"},
                 {"LargeReceiveOffload", "lro"}};
    char a[512], b[512];
    if (kind == MR_PERSIST_SYSCTL) {
        assert_int_equal(sscanf(line, "%511s = %511[^\n]", a, b), 2);
        put_sysctl(t, a, b);
    } else if (kind == MR_PERSIST_TMPFILES) {
        assert_int_equal(sscanf(line, "w %511s - - - - %511[^\n]", a, b), 2);
        put_value(t, a, b);
    } else {
        bool known = false;
        assert_int_equal(sscanf(line, "%511[^=]=%511s", a, b), 2);
        char *unit = strstr(b, "us");
        if (unit)
            *unit = 0;
        for (size_t i = 0; i < MR_COUNT_OF(links); i++) {
            char end[32];
            snprintf(end, sizeof end, "/%s", links[i].key);
            known |= strcmp(links[i].name, a) == 0 && strcmp(strrchr(w->path, '/'), end) == 0;
        }
        assert_true(known);
        put_value(t, w->path, b);
    }
}

static void carry_out_unit(const struct tree *t, const char *line)
{
    if (strcmp(line, "LimitMEMLOCK=infinity") == 0)
        put_limit(t, "Max locked memory", "unlimited");
    else if (strncmp(line, "LimitNOFILE=", 12) == 0)
        put_limit(t, "Max open files", line + 12);
    else if (strcmp(line, "CPUQuota=") == 0)
        put_value(t, "/sys/fs/cgroup/cpu.max", "max 100000");
    else
        fail_msg("a line of a unit of no known form: %s", line);
}

/* ---- tests ---- */

static struct mr_tune *look(const struct tree *t, struct mr_host *host)
{
    struct mr_err err = {""};
    struct mr_tune *tune = NULL;
    assert_int_equal(mr_host_open(host, t->root, &err), MR_OK);
    assert_int_equal(mr_tune_open(&tune, host, &(struct mr_plan_wish){0}, &err), MR_OK);
    return tune;
}

enum form { COMMANDS, LASTING };

/* True: the finding has a remedy of that form. */
static bool carry_out_finding(const struct tree *t, const struct mr_tune *tune, const struct mr_finding *f,
                              enum form form)
{
    char text[8192];
    struct mr_text out;
    for (uint32_t i = 0; i < f->count; i++) {
        const struct mr_tune_write *w = &tune->writes[f->first + i];
        mr_text_init(&out, text, sizeof text);
        if (form == COMMANDS && w->differs) {
            mr_write_command(w, &out);
            carry_out(t, text);
        } else if (form == LASTING && !*f->words) {
            enum mr_persist kind = mr_write_persist(w, &out);
            carry_out_line(t, kind, text, w);
        }
    }
    if (form == COMMANDS && *f->command)
        carry_out(t, f->command);
    if (form == LASTING && *f->words)
        boot(t, f->words);
    if (form == LASTING && *f->unit)
        carry_out_unit(t, f->unit);
    return form == COMMANDS ? mr_finding_changes(tune, f) || *f->command : f->count || *f->words || *f->unit;
}

static uint32_t remedies_cure(const char *name, enum form form)
{
    struct tree t = {0};
    struct mr_host host;
    uint32_t cured = 0;
    tree_make(&t, name);
    struct mr_tune *before = look(&t, &host);
    bool *remedied = calloc(before->finding_count, sizeof *remedied);
    for (uint32_t i = 0; i < before->finding_count; i++)
        if (before->findings[i].verdict > MR_VERDICT_PASS)
            remedied[i] = carry_out_finding(&t, before, &before->findings[i], form);
    struct mr_host again;
    struct mr_tune *after = look(&t, &again);
    for (uint32_t i = 0; i < after->finding_count; i++) {
        const struct mr_finding *f = &after->findings[i];
        if (remedied[i] && f->verdict != MR_VERDICT_PASS)
            fail_msg("%s, %s: %s after its remedy: %s, wanted %s", name, f->setting->id, mr_verdict_text(f->verdict),
                     f->measured, f->wanted);
        cured += remedied[i];
        /* nothing else got worse, and all but these has a remedy of one form */
        assert_true(f->verdict <= before->findings[i].verdict);
    }
    free(remedied);
    mr_tune_close(before);
    mr_tune_close(after);
    mr_host_close(&host);
    mr_host_close(&again);
    tree_remove(&t);
    return cured;
}

static void every_printed_command_cures_what_it_is_for(void **state)
{
    (void)state;
    uint32_t cured = 0;
    for (size_t i = 0; i < TREE_HOSTS; i++)
        cured += remedies_cure(tree_hosts[i], COMMANDS);
    assert_true(cured > 100);
}

static void every_lasting_form_cures_what_it_is_for(void **state)
{
    (void)state;
    uint32_t cured = 0;
    for (size_t i = 0; i < TREE_HOSTS; i++)
        cured += remedies_cure(tree_hosts[i], LASTING);
    assert_true(cured > 100);
}

static void quiet(void *arg, const char *path, const char *from, const char *to, const char *failure)
{
    (void)arg, (void)path, (void)from, (void)to, (void)failure;
}

static void apply_does_what_the_printed_commands_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < TREE_HOSTS; i++) {
        struct tree a = {0}, b = {0};
        struct mr_host host;
        struct mr_applied sum;
        struct mr_err err = {""};
        tree_make(&a, tree_hosts[i]);
        tree_make(&b, tree_hosts[i]);
        struct mr_tune *tune = look(&a, &host);
        for (uint32_t k = 0; k < tune->write_count; k++) {
            char text[8192];
            struct mr_text out;
            mr_text_init(&out, text, sizeof text);
            mr_write_command(&tune->writes[k], &out);
            if (tune->writes[k].differs)
                carry_out(&b, text);
        }
        assert_int_equal(mr_tune_apply(tune, NULL, a.journal, quiet, NULL, &sum, &err), MR_OK);
        char *applied = tree_text(&a), *typed = tree_text(&b);
        assert_string_equal(applied, typed);
        free(applied);
        free(typed);
        mr_tune_close(tune);
        mr_host_close(&host);
        tree_remove(&a);
        tree_remove(&b);
    }
}

/* What is neither passed nor has any remedy is told as such, by name: a list that grows is a decision. */
static void only_what_nobody_can_change_here_has_no_remedy(void **state)
{
    (void)state;
    static const char *const without[] = {"hypervisor", "cpuset", "tsc", "dma_latency"};
    for (size_t i = 0; i < TREE_HOSTS; i++) {
        struct tree t = {0};
        struct mr_host host;
        tree_make(&t, tree_hosts[i]);
        struct mr_tune *tune = look(&t, &host);
        for (uint32_t k = 0; k < tune->finding_count; k++) {
            const struct mr_finding *f = &tune->findings[k];
            bool known =
                f->verdict <= MR_VERDICT_PASS || mr_finding_changes(tune, f) || *f->command || *f->words || *f->unit;
            for (size_t n = 0; n < MR_COUNT_OF(without); n++)
                known |= strcmp(without[n], f->setting->id) == 0;
            if (!known)
                fail_msg("%s, %s: no remedy", tree_hosts[i], f->setting->id);
        }
        mr_tune_close(tune);
        mr_host_close(&host);
        tree_remove(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_printed_command_cures_what_it_is_for),
        cmocka_unit_test(every_lasting_form_cures_what_it_is_for),
        cmocka_unit_test(apply_does_what_the_printed_commands_do),
        cmocka_unit_test(only_what_nobody_can_change_here_has_no_remedy),
    };
    return MR_TEST_MAIN(tests);
}
