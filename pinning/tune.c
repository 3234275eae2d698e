#include "pinning/tune.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "pinning/nic.h"

const char *mr_verdict_text(enum mr_verdict verdict)
{
    static const char *const texts[] = {"n/a", "pass", "warn", "FAIL"};
    return texts[verdict];
}

int mr_tune_open(struct mr_tune **out, struct mr_host *host, const struct mr_plan_wish *wish, struct mr_err *err)
{
    struct mr_tune *t = calloc(1, sizeof *t);
    if (!t)
        return mr_err_set(err, MR_E_NOMEM, "tune: no memory");
    t->host = host;
    t->findings = calloc(mr_setting_count, sizeof *t->findings);
    t->writes = calloc(MR_TUNE_WRITES_MAX, sizeof *t->writes);
    t->pool = malloc(MR_TUNE_POOL_BYTES);
    int status = t->findings && t->writes && t->pool ? MR_OK : mr_err_set(err, MR_E_NOMEM, "tune: no memory");
    if (!status)
        status = mr_topology_read(&t->topology, host, err);
    if (!status)
        status = mr_core_plan_make(&t->plan, &t->topology, wish, err);
    if (status) {
        mr_tune_close(t);
        return status;
    }
    for (; t->finding_count < mr_setting_count; t->finding_count++) {
        struct mr_finding *f = &t->findings[t->finding_count];
        f->setting = mr_settings[t->finding_count];
        f->first = t->write_count;
        f->setting->check(t, f->setting, f);
    }
    *out = t;
    return MR_OK;
}

void mr_tune_close(struct mr_tune *t)
{
    free(t->findings);
    free(t->writes);
    free(t->pool);
    free(t);
}

uint32_t mr_tune_counted(const struct mr_tune *t, enum mr_verdict verdict)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < t->finding_count; i++)
        n += t->findings[i].verdict == verdict;
    return n;
}

uint32_t mr_finding_changes(const struct mr_tune *t, const struct mr_finding *f)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < f->count; i++)
        n += t->writes[f->first + i].differs;
    return n;
}

/* ---- for settings ---- */

void mr_find(struct mr_finding *f, enum mr_verdict verdict, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(f->measured, sizeof f->measured, format, args);
    va_end(args);
    f->verdict = verdict;
}

void mr_find_wanted(struct mr_finding *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(f->wanted, sizeof f->wanted, format, args);
    va_end(args);
}

static const char *keep(struct mr_tune *t, const char *text, size_t len)
{
    if (len >= MR_TUNE_POOL_BYTES - t->pool_used)
        return NULL;
    char *at = t->pool + t->pool_used;
    memcpy(at, text, len);
    at[len] = 0;
    t->pool_used += len + 1;
    return at;
}

int mr_find_write(struct mr_tune *t, struct mr_finding *f, const char *value, bool differs, const char *format, ...)
{
    char path[MR_HOST_PATH], old[MR_HOST_TEXT];
    va_list args;
    va_start(args, format);
    vsnprintf(path, sizeof path, format, args);
    va_end(args);
    int n = mr_host_raw(t->host, path, old, sizeof old);
    if (n < 0)
        return MR_E_EMPTY;
    struct mr_tune_write w = {.path = keep(t, path, strlen(path)),
                              .value = keep(t, value, strlen(value)),
                              .old = keep(t, old, (size_t)n),
                              .differs = differs};
    if (t->write_count == MR_TUNE_WRITES_MAX || !w.path || !w.value || !w.old) {
        mr_host_trouble(t->host, path, "more settings than tune keeps at a time; this one is left out");
        return MR_E_FULL;
    }
    t->writes[t->write_count++] = w;
    f->count++;
    return MR_OK;
}

/* ---- forms of a write ---- */

#define SYSCTL "/proc/sys/"

/* vm.swappiness of /proc/sys/vm/swappiness; sysctl takes a slash for a dot in a name (eth0.5). */
static void sysctl_name(const char *path, struct mr_text *out)
{
    for (const char *at = path + strlen(SYSCTL); *at; at++)
        mr_text_bytes(out, *at == '/' ? "." : *at == '.' ? "/" : at, 1);
}

void mr_write_command(const struct mr_tune_write *w, struct mr_text *out)
{
    char nic[MR_HOST_PATH];
    bool quoted = strchr(w->value, ' ') != NULL;
    if (strncmp(w->path, SYSCTL, strlen(SYSCTL)) == 0) {
        mr_text_add(out, quoted ? "sysctl -w '" : "sysctl -w ");
        sysctl_name(w->path, out);
        mr_text_format(out, "=%s%s", w->value, quoted ? "'" : "");
    } else if (mr_nic_command(w->path, w->value, nic, sizeof nic)) {
        mr_text_add(out, nic);
    } else {
        mr_text_format(out, "echo %s > %s", w->value, w->path);
    }
}

/* systemd.link(5) has other names for what ethtool sets. */
static void link_line(const struct mr_tune_write *w, struct mr_text *line)
{
    static const struct {
        const char *key, *name, *unit;
    } names[] = {{"/rx", "RxBufferSize", ""},
                 {"/rx-usecs", "RxCoalesceSec", "us"},
                 {"/adaptive-rx", "UseAdaptiveRxCoalesce", ""},
                 {"/lro", "LargeReceiveOffload", ""}};
    const char *key = strrchr(w->path, '/');
    for (size_t i = 0; i < MR_COUNT_OF(names); i++)
        if (strcmp(key, names[i].key) == 0)
            mr_text_format(line, "%s=%s%s", names[i].name, w->value, names[i].unit);
}

enum mr_persist mr_write_persist(const struct mr_tune_write *w, struct mr_text *line)
{
    if (strncmp(w->path, SYSCTL, strlen(SYSCTL)) == 0) {
        sysctl_name(w->path, line);
        mr_text_format(line, " = %s", w->value);
        return MR_PERSIST_SYSCTL;
    }
    if (strncmp(w->path, MR_NIC_PREFIX, strlen(MR_NIC_PREFIX)) == 0) {
        link_line(w, line);
        return MR_PERSIST_LINK;
    }
    mr_text_format(line, "w %s - - - - %s", w->path, w->value);
    return MR_PERSIST_TMPFILES;
}
