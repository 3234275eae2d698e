/* The journal of tune apply: one line a file written, texts escaped, an end line that says how many there are. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pinning/apply.h"
#include "pinning/nic.h"

#define HEAD "millrace tune journal 1"
#define BYTES_MOST (64u << 20)

/* ---- reading ---- */

static int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

/* \xHH in place; a tab, newline or backslash never stands for itself. */
static bool unescape(char *text)
{
    char *to = text;
    for (const char *at = text; *at; at++, to++) {
        if (*at != '\\') {
            *to = *at;
            continue;
        }
        if (at[1] != 'x' || digit(at[2]) < 0 || digit(at[3]) < 0 || (at[2] == '0' && at[3] == '0'))
            return false;
        *to = (char)(digit(at[2]) * 16 + digit(at[3]));
        at += 3;
    }
    *to = 0;
    return true;
}

/* What apply may have written: it runs as root, a journal does not get to choose any file. */
static bool is_knob(const char *path)
{
    static const char *const folders[] = {"/proc/sys/", "/proc/irq/", "/sys/", MR_NIC_PREFIX};
    for (size_t i = 0; i < MR_COUNT_OF(folders); i++)
        if (strncmp(path, folders[i], strlen(folders[i])) == 0)
            return !strstr(path, "/../") && strlen(path) < MR_HOST_PATH;
    return false;
}

static bool parse_entry(char *line, struct mr_journal_entry *e)
{
    char *old = strchr(line, '\t'), *value = old ? strchr(old + 1, '\t') : NULL;
    if (!value || strchr(value + 1, '\t'))
        return false;
    *old = *value = 0;
    *e = (struct mr_journal_entry){.path = line, .old = old + 1, .value = value + 1};
    return unescape(e->path) && unescape(e->old) && unescape(e->value) && is_knob(e->path) &&
           strlen(e->old) < MR_HOST_TEXT && strlen(e->value) < MR_HOST_TEXT;
}

static bool parse_name(const char *line, const char *key, char *out, size_t bytes)
{
    size_t len = strlen(key);
    if (strncmp(line, key, len) != 0 || strlen(line + len) >= bytes)
        return false;
    memcpy(out, line + len, strlen(line + len) + 1);
    return true;
}

/* The line is good, `ended` that it was the last one; else what it is not. */
static int parse_line(struct mr_tune_journal *j, uint32_t number, char *line, bool *ended, struct mr_err *err)
{
    char *more;
    if (number == 1)
        return strcmp(line, HEAD) == 0 ? MR_OK : mr_err_set(err, MR_E_VERSION, "line 1: not \"" HEAD "\"");
    if (number == 2 || number == 3) {
        if (number == 2 ? parse_name(line, "machine ", j->machine, sizeof j->machine)
                        : parse_name(line, "boot ", j->boot, sizeof j->boot))
            return MR_OK;
        return mr_err_set(err, MR_E_MALFORMED, "line %u: no %s", number, number == 2 ? "machine" : "boot");
    }
    if (strncmp(line, "end ", 4) == 0) {
        unsigned long count = strtoul(line + 4, &more, 10);
        *ended = true;
        if (more == line + 4 || *more)
            return mr_err_set(err, MR_E_MALFORMED, "line %u: not \"end\" and a number", number);
        return count == j->count
                   ? MR_OK
                   : mr_err_set(err, MR_E_TRUNCATED, "line %u: %u entries, want %lu", number, j->count, count);
    }
    if (!parse_entry(line, &j->entries[j->count]))
        return mr_err_set(err, MR_E_MALFORMED, "line %u: not a path of a setting and two texts", number);
    j->count++;
    return MR_OK;
}

int mr_journal_parse(struct mr_tune_journal *j, const char *data, size_t len, struct mr_err *err)
{
    *j = (struct mr_tune_journal){.text = malloc(len + 1)};
    uint32_t lines = 0, number = 0;
    MR_ASSERT(data);
    for (size_t i = 0; i < len; i++)
        lines += data[i] == '\n';
    j->entries = calloc(lines + 1u, sizeof *j->entries);
    int status = j->text && j->entries ? MR_OK : mr_err_set(err, MR_E_NOMEM, "no memory");
    if (!status) {
        memcpy(j->text, data, len);
        j->text[len] = 0;
    }
    if (!status && memchr(data, 0, len))
        status = mr_err_set(err, MR_E_MALFORMED, "a zero byte");
    bool ended = false;
    for (char *line = j->text, *end; !status && !ended && (end = strchr(line, '\n')); line = end + 1) {
        *end = 0;
        status = parse_line(j, ++number, line, &ended, err);
        if (!status && ended && end[1])
            status = mr_err_set(err, MR_E_MALFORMED, "line %u: more after the end", number + 1);
    }
    if (!status && !ended)
        status = mr_err_set(err, MR_E_TRUNCATED, "it has no end: line %u", number + 1);
    if (status)
        mr_journal_free(j);
    return status;
}

void mr_journal_free(struct mr_tune_journal *j)
{
    free(j->entries);
    free(j->text);
    *j = (struct mr_tune_journal){0};
}

static int slurp(int fd, size_t bytes, char **out)
{
    *out = malloc(bytes + 1);
    size_t len = 0;
    ssize_t n = 0;
    while (*out && len < bytes && (n = read(fd, *out + len, bytes - len)) > 0)
        len += (size_t)n;
    return *out && len == bytes ? MR_OK : MR_E_IO;
}

int mr_journal_read(struct mr_tune_journal *j, const char *file, struct mr_err *err)
{
    struct stat st;
    char *data = NULL;
    *j = (struct mr_tune_journal){0};
    int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
        return mr_err_set(err, MR_E_EMPTY, "%s: there is no journal: nothing was applied", file);
    if (fd < 0 || fstat(fd, &st))
        return mr_err_set(err, MR_E_IO, "%s: %s", file, strerror(errno));
    int status = MR_OK;
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
        status = mr_err_set(err, MR_E_INVALID, "%s: want a file that only its owner, this user, may write", file);
    else if (st.st_size > BYTES_MOST || slurp(fd, (size_t)st.st_size, &data) != MR_OK)
        status = mr_err_set(err, MR_E_IO, "%s: cannot be read whole", file);
    close(fd);
    struct mr_err why = {""};
    if (!status) {
        status = mr_journal_parse(j, data, (size_t)st.st_size, &why);
        if (status)
            mr_err_set(err, status, "%s: %s", file, why.text);
    }
    free(data);
    return status;
}

/* ---- writing ---- */

static void escape(const char *text, FILE *out)
{
    for (; *text; text++)
        if (*text == '\\' || (unsigned char)*text < 0x20)
            fprintf(out, "\\x%02x", (unsigned char)*text);
        else
            fputc(*text, out);
}

static bool put(const struct mr_tune_journal *j, FILE *out)
{
    fprintf(out, HEAD "\nmachine %s\nboot %s\n", j->machine, j->boot);
    for (uint32_t i = 0; i < j->count; i++) {
        escape(j->entries[i].path, out);
        fputc('\t', out);
        escape(j->entries[i].old, out);
        fputc('\t', out);
        escape(j->entries[i].value, out);
        fputc('\n', out);
    }
    fprintf(out, "end %u\n", j->count);
    return fflush(out) == 0 && fsync(fileno(out)) == 0;
}

static bool sync_folder(const char *file)
{
    char copy[MR_HOST_TEXT];
    snprintf(copy, sizeof copy, "%s", file);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

int mr_journal_write(const struct mr_tune_journal *j, const char *file, struct mr_err *err)
{
    char made[MR_HOST_TEXT];
    int n = snprintf(made, sizeof made, "%s.new", file);
    if (n < 0 || (size_t)n >= sizeof made)
        return mr_err_set(err, MR_E_TOO_BIG, "%.200s...: too long for the name of a journal", file);
    unlink(made); /* what an interrupted run left */
    int fd = open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!out) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        return mr_err_set(err, MR_E_IO, "%s: %s", made, strerror(why));
    }
    bool good = put(j, out);
    good = fclose(out) == 0 && good && rename(made, file) == 0 && sync_folder(file);
    if (good)
        return MR_OK;
    int why = errno;
    unlink(made);
    return mr_err_set(err, MR_E_IO, "%s: %s; nothing was changed", file, strerror(why));
}
