#include "controlplane/life/blackbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/text/text.h"

static int64_t now(const struct mr_blackbox *box)
{
    struct timespec t;
    if (box->wall_ns)
        return box->wall_ns();
    clock_gettime(CLOCK_REALTIME, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static void head(const struct mr_blackbox *box, struct mr_text *text, struct mr_json_out *j, const char *why,
                 int64_t now_ns)
{
    char stamp[40], causes[MR_KILL_TEXT];
    struct mr_text time;
    mr_text_init(&time, stamp, sizeof stamp);
    mr_text_time(&time, now_ns);
    mr_kill_causes(atomic_load(&box->page->word), causes);
    mr_text_init(text, box->buffer, MR_BLACKBOX_BYTES);
    mr_json_out_init(j, text);
    mr_json_out_object(j, NULL);
    mr_json_out_string(j, "time", stamp);
    mr_json_out_string(j, "why", why);
    mr_json_out_string(j, "build", box->build);
    mr_json_out_i64(j, "pid", getpid());
    mr_json_out_string(j, "killed_by", causes);
}

static uint32_t compose(const struct mr_blackbox *box, const char *why, int64_t now_ns, bool with_state)
{
    struct mr_text text;
    struct mr_json_out j;
    head(box, &text, &j, why, now_ns);
    if (with_state && box->state) {
        mr_json_out_object(&j, "state");
        box->state(box->self, &j);
        mr_json_out_end(&j);
    } else {
        mr_json_out_string(&j, "state_left_out",
                           box->state ? "it does not fit, or could not be read" : "there is none");
    }
    mr_json_out_end(&j);
    mr_text_add(&text, "\n");
    return text.cut ? 0 : (uint32_t)text.len;
}

static int refused(const struct mr_blackbox *box, const char *name, struct mr_err *err)
{
    return mr_err_set(err, MR_E_IO, "%s/%s: cannot be written: %s", box->folder->path, name, strerror(errno));
}

/* Under its name only when it is whole. */
static int put(const struct mr_blackbox *box, const char *name, uint32_t len, struct mr_err *err)
{
    static const char made[] = ".postmortem.new";
    int fd = openat(box->folder->fd, made, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
    if (fd < 0)
        return refused(box, name, err);
    bool good = write(fd, box->buffer, len) == (ssize_t)len && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    good = good && renameat(box->folder->fd, made, box->folder->fd, name) == 0 && fsync(box->folder->fd) == 0;
    return good ? MR_OK : refused(box, name, err);
}

static void name_it(char name[64], int64_t now_ns)
{
    time_t s = (time_t)(now_ns / 1000000000);
    struct tm t;
    gmtime_r(&s, &t);
    snprintf(name, 64, "postmortem-%04d%02d%02dT%02d%02d%02d.%09lldZ.json", (t.tm_year + 1900) % 10000, t.tm_mon + 1,
             t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, (long long)(now_ns % 1000000000));
}

int mr_blackbox_write(const struct mr_blackbox *box, const char *why, char name[64], struct mr_err *err)
{
    int64_t now_ns = now(box);
    name_it(name, now_ns);
    uint32_t len = compose(box, why, now_ns, true);
    if (!len)
        len = compose(box, why, now_ns, false);
    return put(box, name, len, err);
}

/* ---- a panic ---- */

static const struct mr_blackbox *_Atomic installed;
static _Atomic int panics;

static void on_panic(const char *file, int line, const char *what)
{
    const struct mr_blackbox *box = atomic_load(&installed);
    char why[400], name[64];
    int nth = atomic_fetch_add(&panics, 1);
    if (!box)
        return;
    snprintf(why, sizeof why, "%.100s:%d: broken invariant: %.200s", file, line, what);
    if (nth == 0) {
        mr_kill_raise(box->page, MR_KILL_BY_PANIC);
        mr_kill_folder_mark(box->folder, why, strlen(why));
        mr_blackbox_write(box, why, name, NULL);
    } else if (nth == 1) { /* the state itself is broken: then without it. Another thread's panic ends here as well */
        int64_t now_ns = now(box);
        name_it(name, now_ns);
        put(box, name, compose(box, why, now_ns, false), NULL);
    }
}

void mr_blackbox_on_panic(const struct mr_blackbox *box)
{
    MR_ASSERT(!box || (box->folder && box->page && box->build && box->buffer));
    atomic_store(&installed, box);
    atomic_store(&panics, 0);
    mr_panic_hook = box ? on_panic : NULL;
}
