#include "pinning/apply.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

static void identify(struct mr_host *host, struct mr_tune_journal *j)
{
    if (mr_host_read(host, j->machine, sizeof j->machine, "/etc/machine-id") <= 0)
        snprintf(j->machine, sizeof j->machine, "unknown");
    if (mr_host_read(host, j->boot, sizeof j->boot, "/proc/sys/kernel/random/boot_id") <= 0)
        snprintf(j->boot, sizeof j->boot, "unknown");
}

/* One apply or revert of a journal at a time. A descriptor, or MR_E_IO. */
static int lock(const char *file, struct mr_err *err)
{
    char copy[MR_HOST_TEXT];
    snprintf(copy, sizeof copy, "%s", file);
    const char *folder = dirname(copy);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return mr_err_set(
            err, MR_E_IO,
            "%s: %s; the journal of what is changed lies there: make it, or name another place by --journal", folder,
            strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    close(fd);
    return mr_err_set(err, MR_E_IO, "%s: another tune apply or revert is at work", folder);
}

/* ---- apply ---- */

static bool is_wanted(const bool *wanted, uint32_t finding) { return !wanted || wanted[finding]; }

static const struct mr_journal_entry *entry_of(const struct mr_tune_journal *j, const char *path)
{
    for (uint32_t i = 0; i < j->count; i++)
        if (strcmp(j->entries[i].path, path) == 0)
            return &j->entries[i];
    return NULL;
}

/* The earlier entries with their old bytes, then what is about to be written and is not among them. */
static int plan_journal(const struct mr_tune *t, const bool *wanted, const struct mr_tune_journal *before,
                        struct mr_tune_journal *now, struct mr_err *err)
{
    now->entries = calloc(before->count + t->write_count + 1u, sizeof *now->entries);
    if (!now->entries)
        return mr_err_set(err, MR_E_NOMEM, "tune: no memory for the journal");
    for (uint32_t i = 0; i < before->count; i++)
        now->entries[now->count++] = before->entries[i];
    for (uint32_t i = 0; i < t->finding_count; i++)
        for (uint32_t k = 0; is_wanted(wanted, i) && k < t->findings[i].count; k++) {
            const struct mr_tune_write *w = &t->writes[t->findings[i].first + k];
            if (w->differs && !entry_of(before, w->path))
                now->entries[now->count++] =
                    (struct mr_journal_entry){(char *)w->path, (char *)w->old, (char *)w->value};
        }
    return MR_OK;
}

static void write_all(const struct mr_tune *t, const bool *wanted, mr_applied_fn *say, void *arg,
                      struct mr_applied *out)
{
    for (uint32_t i = 0; i < t->finding_count; i++)
        for (uint32_t k = 0; is_wanted(wanted, i) && k < t->findings[i].count; k++) {
            const struct mr_tune_write *w = &t->writes[t->findings[i].first + k];
            struct mr_err why = {""};
            if (!w->differs) {
                out->already++;
                continue;
            }
            char line[MR_HOST_TEXT];
            snprintf(line, sizeof line, "%s\n", w->value); /* as echo writes it */
            bool failed = mr_host_write(t->host, w->path, line, &why) != MR_OK;
            out->failed += failed;
            out->done += !failed;
            say(arg, w->path, w->old, w->value, failed ? why.text : NULL);
        }
}

static int earlier(struct mr_tune_journal *before, const struct mr_tune_journal *now, const char *file,
                   struct mr_applied *out, struct mr_err *err)
{
    int status = mr_journal_read(before, file, err);
    if (status == MR_E_EMPTY)
        return MR_OK;
    if (status)
        return status;
    if (strcmp(before->machine, now->machine) != 0) {
        mr_journal_free(before);
        return mr_err_set(err, MR_E_STALE,
                          "%s: the journal of another host; move it away, or name another by --journal", file);
    }
    if (strcmp(before->boot, now->boot) != 0) {
        mr_journal_free(before);
        out->fresh = true;
    }
    return MR_OK;
}

int mr_tune_apply(const struct mr_tune *t, const bool *wanted, const char *file, mr_applied_fn *say, void *arg,
                  struct mr_applied *out, struct mr_err *err)
{
    struct mr_tune_journal before = {0}, now = {0};
    *out = (struct mr_applied){0};
    int held = lock(file, err);
    if (held < 0)
        return held;
    identify(t->host, &now);
    int status = earlier(&before, &now, file, out, err);
    if (!status)
        status = plan_journal(t, wanted, &before, &now, err);
    if (!status && now.count > before.count)
        status = mr_journal_write(&now, file, err);
    if (!status)
        write_all(t, wanted, say, arg, out);
    mr_journal_free(&now);
    mr_journal_free(&before);
    close(held);
    return status;
}

/* ---- revert ---- */

/* True: it holds its old bytes. */
static bool undo(const struct mr_host *host, const struct mr_journal_entry *e, mr_applied_fn *say, void *arg,
                 struct mr_applied *out)
{
    char is[MR_HOST_TEXT];
    struct mr_err why = {""};
    if (mr_host_raw(host, e->path, is, sizeof is) >= 0 && strcmp(is, e->old) == 0) {
        out->already++;
        return true;
    }
    bool good = mr_host_restore(host, e->path, e->old, &why) == MR_OK;
    out->done += good;
    out->failed += !good;
    say(arg, e->path, is, e->old, good ? NULL : why.text);
    return good;
}

static int undo_all(const struct mr_host *host, struct mr_tune_journal *j, const char *file, mr_applied_fn *say,
                    void *arg, struct mr_applied *out, struct mr_err *err)
{
    uint32_t left = j->count;
    for (uint32_t i = j->count; i-- > 0;)
        if (!undo(host, &j->entries[i], say, arg, out))
            j->entries[--left] = j->entries[i]; /* gathered at the end, in order; read before it is overwritten */
    j->count -= left;
    memmove(j->entries, j->entries + left, j->count * sizeof *j->entries);
    if (j->count)
        return mr_journal_write(j, file, err);
    return unlink(file) == 0 ? MR_OK : mr_err_set(err, MR_E_IO, "%s: %s", file, strerror(errno));
}

int mr_tune_revert(struct mr_host *host, const char *file, mr_applied_fn *say, void *arg, struct mr_applied *out,
                   struct mr_err *err)
{
    struct mr_tune_journal j, here = {0};
    *out = (struct mr_applied){0};
    int held = lock(file, err);
    if (held < 0)
        return held;
    int status = mr_journal_read(&j, file, err);
    identify(host, &here);
    if (!status && strcmp(j.machine, here.machine) != 0)
        status = mr_err_set(err, MR_E_STALE, "%s: the journal of another host (machine %s)", file, j.machine);
    else if (!status && strcmp(j.boot, here.boot) != 0)
        status =
            mr_err_set(err, MR_E_STALE, "%s: this host was restarted since, which undid it; remove the file", file);
    if (!status)
        status = undo_all(host, &j, file, say, arg, out, err);
    mr_journal_free(&j);
    close(held);
    return status;
}
