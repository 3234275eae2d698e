/* The kill switch: who sets it, who clears it, what keeps it; on a simulated disk that fails, and on a real folder. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/kill/kill.h"
#include "tests/support/support.h"

#define NOW 1000000000

/* ---- a disk that does as it is told ---- */

static struct disk {
    char text[2][4096];
    int there[2]; /* 1, 0, or a status below zero */
    bool write_fails, erase_fails;
    struct mr_kill_page *raise_in_erase; /* somebody kills meanwhile */
    unsigned writes;
} disk;

static int disk_read(void *self, enum mr_kill_file file, char *out, uint32_t bytes)
{
    struct disk *d = self;
    if (d->there[file] <= 0)
        return d->there[file] ? d->there[file] : MR_E_EMPTY;
    size_t len = strlen(d->text[file]);
    len = len < bytes ? len : bytes;
    memcpy(out, d->text[file], len);
    return (int)len;
}
static int disk_write(void *self, enum mr_kill_file file, const char *text, uint32_t len, struct mr_err *err)
{
    struct disk *d = self;
    d->writes++;
    if (d->write_fails)
        return mr_err_set(err, MR_E_IO, "disk full");
    snprintf(d->text[file], sizeof d->text[file], "%.*s", (int)len, text);
    d->there[file] = 1;
    return MR_OK;
}
static int disk_erase(void *self, enum mr_kill_file file, struct mr_err *err)
{
    struct disk *d = self;
    if (d->raise_in_erase)
        mr_kill_raise(d->raise_in_erase, MR_KILL_BY_CODE);
    if (d->erase_fails)
        return mr_err_set(err, MR_E_IO, "read-only");
    d->there[file] = 0;
    return MR_OK;
}

static struct audit {
    struct mr_kill_change last;
    unsigned count;
    bool refuses;
} audit;
static int on_audit(void *arg, const struct mr_kill_change *change)
{
    struct audit *a = arg;
    a->last = *change;
    a->count++;
    return a->refuses ? MR_E_FULL : MR_OK;
}

static const char *const names[] = {"fader", "follower", "maker"};
static _Alignas(64) char mem[MR_KILL_PAGE_BYTES];
static struct mr_kill_page *page;
static struct mr_kill kill_switch;
static struct mr_err err;

static void restart(void)
{
    memset(&audit, 0, sizeof audit);
    mr_kill_init(&kill_switch, page, (struct mr_kill_disk){&disk, disk_read, disk_write, disk_erase}, names, 3,
                 on_audit, &audit, NOW);
}
static int fresh(void **state)
{
    (void)state;
    memset(&disk, 0, sizeof disk);
    page = mr_kill_page_init(mem);
    restart();
    return 0;
}
static void reboot(void) /* shared memory is gone, the disk is not */
{
    page = mr_kill_page_init(mem);
    restart();
}

static int off(const char *who)
{
    return mr_kill_command(
        &kill_switch,
        &(struct mr_kill_command){.scope = MR_KILL_SCOPE_ALL, .cause = MR_KILL_BY_SOCKET, .uid = 7, .who = who},
        NOW + 2, &err);
}
static int on(const char *reason)
{
    return mr_kill_command(&kill_switch,
                           &(struct mr_kill_command){.scope = MR_KILL_SCOPE_ALL,
                                                     .on = true,
                                                     .cause = MR_KILL_BY_SOCKET,
                                                     .uid = 7,
                                                     .who = "ann",
                                                     .reason = reason},
                           NOW + 1, &err);
}
static int scoped(enum mr_kill_scope scope, uint32_t id, bool set)
{
    return mr_kill_command(&kill_switch,
                           &(struct mr_kill_command){
                               .scope = scope, .id = id, .on = set, .cause = MR_KILL_BY_SOCKET, .uid = 7, .who = "ann"},
                           NOW, &err);
}

static void a_new_switch_lets_all_pass(void **state)
{
    (void)state;
    for (unsigned venue = 0; venue < MR_KILL_VENUES; venue += 51)
        for (unsigned strategy = 0; strategy < MR_KILL_STRATEGIES; strategy += 31)
            assert_int_equal(mr_kill_read(page, venue, strategy), MR_KILL_SCOPE_NONE);
    assert_false(mr_kill_poll(&kill_switch, NOW));
    assert_int_equal(audit.count, 0);
    assert_int_equal(disk.writes, 0);
}

static void a_row_beyond_the_table_is_killed(void **state)
{
    (void)state;
    assert_int_equal(mr_kill_read(page, MR_KILL_VENUES, 0), MR_KILL_SCOPE_VENUE);
    assert_int_equal(mr_kill_read(page, UINT32_MAX, 0), MR_KILL_SCOPE_VENUE);
    assert_int_equal(mr_kill_read(page, 0, MR_KILL_STRATEGIES), MR_KILL_SCOPE_STRATEGY);
    assert_int_equal(mr_kill_read(page, 0, UINT32_MAX), MR_KILL_SCOPE_STRATEGY);
}

static void any_bit_of_the_word_kills(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 32; bit++) {
        atomic_store(&page->word, 1u << bit);
        assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_ALL);
    }
}

static const struct {
    uint32_t cause;
    const char *says;
} causes[] = {
    {MR_KILL_BY_SOCKET, "socket"}, {MR_KILL_BY_HTTP, "HTTP"},    {MR_KILL_BY_SIGNAL, "signal"},
    {MR_KILL_BY_FILE, "file"},     {MR_KILL_BY_CODE, "code"},    {MR_KILL_BY_PANIC, "panic"},
    {MR_KILL_KEPT, "kept"},        {MR_KILL_DAMAGED, "damaged"}, {MR_KILL_BY_SOCKET | MR_KILL_BY_CODE, "socket, code"},
};
static void a_raise_closes_at_once_and_the_poll_keeps_and_tells_it(void **state)
{
    char text[MR_KILL_TEXT];
    for (size_t i = 0; i < MR_COUNT_OF(causes); i++) {
        fresh(state);
        mr_kill_raise(page, causes[i].cause);
        assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_ALL);
        assert_int_equal(atomic_load(&page->latched), 0);
        assert_int_equal(disk.there[MR_KILL_FILE], 0);
        assert_true(mr_kill_poll(&kill_switch, NOW + 5));
        assert_int_equal(atomic_load(&page->latched), 1);
        assert_int_equal(disk.there[MR_KILL_FILE], 1);
        assert_int_equal(atomic_load(&page->since_ns), NOW + 5);
        assert_int_equal(audit.count, 1);
        assert_true(audit.last.on);
        mr_kill_causes(audit.last.word, text);
        assert_string_equal(text, causes[i].says);
        assert_non_null(strstr(disk.text[MR_KILL_FILE], causes[i].says));
        assert_false(mr_kill_poll(&kill_switch, NOW + 6)); /* once */
    }
    mr_kill_causes(0, text);
    assert_string_equal(text, "none");
    mr_kill_causes(1u << 20, text);
    assert_string_equal(text, "unknown");
}

static void a_command_is_answered_when_it_is_on_disk(void **state)
{
    (void)state;
    assert_int_equal(on("fat finger\n\x1b[2J"), MR_OK);
    assert_int_equal(atomic_load(&page->latched), 1);
    assert_string_equal(audit.last.reason, "fat finger??[2J");
    assert_string_equal(audit.last.who, "ann");
    assert_int_equal(audit.last.uid, 7);
    assert_non_null(strstr(disk.text[MR_KILL_FILE], "user 7 ann: fat finger"));
    assert_int_equal(on("again"), MR_OK); /* killing twice is no error */
    assert_int_equal(audit.count, 2);
}

static void a_disk_that_fails_hinders_no_killing_and_is_tried_again(void **state)
{
    (void)state;
    disk.write_fails = true;
    assert_int_equal(on("x"), MR_E_IO);
    assert_string_equal(err.text, "disk full");
    assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_ALL);
    assert_int_equal(atomic_load(&page->latched), 0);
    assert_true(mr_kill_poll(&kill_switch, NOW));
    assert_int_equal(kill_switch.write_failures, 2);
    disk.write_fails = false;
    assert_true(mr_kill_poll(&kill_switch, NOW));
    assert_int_equal(atomic_load(&page->latched), 1);
    assert_int_equal(disk.there[MR_KILL_FILE], 1);
}

static void it_survives_a_restart_and_a_reboot(void **state)
{
    (void)state;
    assert_int_equal(on("x"), MR_OK);
    restart();
    assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_ALL);
    reboot();
    assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_ALL);
    assert_true(audit.last.word & MR_KILL_KEPT);
    /* raised, and the process died before it could be kept: the page has it */
    fresh(state);
    mr_kill_raise(page, MR_KILL_BY_SIGNAL);
    restart();
    assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_ALL);
    assert_int_equal(disk.there[MR_KILL_FILE], 1);
}

static void a_file_that_appears_kills_and_its_removal_clears_nothing(void **state)
{
    (void)state;
    disk.there[MR_KILL_FILE] = 1; /* touch: nothing in it */
    assert_true(mr_kill_poll(&kill_switch, NOW));
    assert_true(atomic_load(&page->word) & MR_KILL_BY_FILE);
    disk.there[MR_KILL_FILE] = 0;
    assert_true(mr_kill_poll(&kill_switch, NOW));
    assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_ALL);
    assert_int_equal(disk.there[MR_KILL_FILE], 1); /* written again */
}

static void a_file_that_cannot_be_read_kills(void **state)
{
    disk.there[MR_KILL_FILE] = MR_E_IO;
    mr_kill_poll(&kill_switch, NOW);
    assert_true(atomic_load(&page->word) & MR_KILL_DAMAGED);
    fresh(state);
    disk.there[MR_KILL_FILE] = MR_E_IO;
    restart();
    assert_true(atomic_load(&page->word) & MR_KILL_DAMAGED);
}

static void a_named_person_clears_it(void **state)
{
    (void)state;
    assert_int_equal(off("ann"), MR_E_EMPTY);
    on("x");
    assert_int_equal(off(NULL), MR_E_INVALID);
    assert_int_equal(off(""), MR_E_INVALID);
    assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_ALL);
    assert_int_equal(off("ann"), MR_OK);
    assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_NONE);
    assert_false(audit.last.on);
    assert_int_equal(disk.there[MR_KILL_FILE], 0);
    assert_int_equal(atomic_load(&page->since_ns), 0);
    assert_false(mr_kill_poll(&kill_switch, NOW + 9));
    reboot();
    assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_NONE);
    mr_kill_raise(page, MR_KILL_BY_CODE); /* and it can be killed again */
    assert_true(mr_kill_poll(&kill_switch, NOW + 10));
    assert_int_equal(atomic_load(&page->since_ns), NOW + 10);
}

static void a_clearing_that_cannot_be_journalled_or_erased_clears_nothing(void **state)
{
    (void)state;
    on("x");
    audit.refuses = true;
    assert_int_equal(off("ann"), MR_E_FULL);
    assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_ALL);
    assert_int_equal(disk.there[MR_KILL_FILE], 1);
    audit.refuses = false;
    disk.erase_fails = true;
    assert_int_equal(off("ann"), MR_E_IO);
    assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_ALL);
}

static void a_raise_while_it_is_cleared_is_not_swallowed(void **state)
{
    (void)state;
    mr_kill_raise(page, MR_KILL_BY_CODE);
    mr_kill_poll(&kill_switch, NOW);
    disk.raise_in_erase = page; /* the very same cause again: only the count tells */
    assert_int_equal(off("ann"), MR_E_AGAIN);
    assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_ALL);
    assert_int_equal(disk.there[MR_KILL_FILE], 1);
    assert_int_equal(atomic_load(&page->latched), 1);
}

static void venues_and_strategies_are_killed_alone(void **state)
{
    (void)state;
    assert_int_equal(scoped(MR_KILL_SCOPE_VENUE, 2, true), MR_OK);
    assert_int_equal(scoped(MR_KILL_SCOPE_STRATEGY, 1, true), MR_OK);
    assert_int_equal(mr_kill_read(page, 2, 0), MR_KILL_SCOPE_VENUE);
    assert_int_equal(mr_kill_read(page, 1, 1), MR_KILL_SCOPE_STRATEGY);
    assert_int_equal(mr_kill_read(page, 1, 0), MR_KILL_SCOPE_NONE);
    assert_string_equal(disk.text[MR_KILL_FILE_SCOPES], "venue 2\nstrategy follower\n");
    reboot();
    assert_int_equal(mr_kill_read(page, 2, 0), MR_KILL_SCOPE_VENUE);
    assert_int_equal(mr_kill_read(page, 1, 1), MR_KILL_SCOPE_STRATEGY);
    assert_int_equal(scoped(MR_KILL_SCOPE_VENUE, 2, false), MR_OK);
    assert_int_equal(mr_kill_read(page, 2, 0), MR_KILL_SCOPE_NONE);
    assert_int_equal(mr_kill_read(page, 1, 1), MR_KILL_SCOPE_STRATEGY);
    assert_int_equal(scoped(MR_KILL_SCOPE_STRATEGY, 1, false), MR_OK);
    assert_int_equal(disk.there[MR_KILL_FILE_SCOPES], 0);
    reboot();
    assert_int_equal(mr_kill_read(page, 1, 1), MR_KILL_SCOPE_NONE);
}

static void a_scope_that_is_refused_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(scoped(MR_KILL_SCOPE_VENUE, MR_KILL_VENUES, true), MR_E_RANGE);
    assert_int_equal(scoped(MR_KILL_SCOPE_STRATEGY, 3, true), MR_E_RANGE);
    assert_int_equal(scoped(MR_KILL_SCOPE_NONE, 0, true), MR_E_INVALID);
    assert_int_equal(scoped((enum mr_kill_scope)9, 0, true), MR_E_INVALID);
    assert_int_equal(scoped(MR_KILL_SCOPE_VENUE, 2, false), MR_E_EMPTY);
    assert_int_equal(disk.writes, 0);
    disk.write_fails = true;
    assert_int_equal(scoped(MR_KILL_SCOPE_VENUE, 2, true), MR_E_IO);
    assert_int_equal(mr_kill_read(page, 2, 0), MR_KILL_SCOPE_VENUE); /* killed even so */
    disk.write_fails = false;
    scoped(MR_KILL_SCOPE_VENUE, 2, true);
    disk.erase_fails = true;
    assert_int_equal(scoped(MR_KILL_SCOPE_VENUE, 2, false), MR_E_IO);
    assert_int_equal(mr_kill_read(page, 2, 0), MR_KILL_SCOPE_VENUE);
    disk.erase_fails = false;
    audit.refuses = true;
    assert_int_equal(scoped(MR_KILL_SCOPE_VENUE, 2, false), MR_E_FULL);
    assert_int_equal(mr_kill_read(page, 2, 0), MR_KILL_SCOPE_VENUE);
}

/* Rows move between runs; names do not. */
static void a_strategy_is_killed_by_its_name(void **state)
{
    static const char *const later[] = {"maker", "follower"};
    (void)state;
    scoped(MR_KILL_SCOPE_STRATEGY, 0, true); /* fader */
    scoped(MR_KILL_SCOPE_STRATEGY, 2, true); /* maker */
    /* the shared page has the rows of the run before */
    mr_kill_init(&kill_switch, page, kill_switch.disk, later, 2, NULL, NULL, NOW);
    assert_int_equal(mr_kill_read(page, 1, 0), MR_KILL_SCOPE_STRATEGY);
    assert_int_equal(mr_kill_read(page, 1, 1), MR_KILL_SCOPE_NONE);
    assert_string_equal(kill_switch.absent, "strategy fader\n");
    assert_int_equal(scoped(MR_KILL_SCOPE_STRATEGY, 0, false), MR_OK);
    restart(); /* with all three again: the fader is killed still */
    assert_int_equal(mr_kill_read(page, 1, 0), MR_KILL_SCOPE_STRATEGY);
    assert_int_equal(mr_kill_read(page, 1, 2), MR_KILL_SCOPE_NONE);
}

static const char *const nonsense[] = {"venue\n",     "venue x\n",  "venue 256\n",  "venue 1x\n",         "venue -1\n",
                                       "strategy \n", "strategy\n", "Strategy a\n", "venue 1\nrubbish\n", " venue 1\n",
                                       "venue  1\n"};
static void a_scopes_file_that_makes_no_sense_kills_all(void **state)
{
    for (size_t i = 0; i < MR_COUNT_OF(nonsense); i++) {
        fresh(state);
        disk.there[MR_KILL_FILE_SCOPES] = 1;
        snprintf(disk.text[MR_KILL_FILE_SCOPES], sizeof disk.text[0], "%s", nonsense[i]);
        restart();
        if (mr_kill_read(page, 0, 0) != MR_KILL_SCOPE_ALL)
            fail_msg("%s", nonsense[i]);
        assert_true(atomic_load(&page->word) & MR_KILL_DAMAGED);
    }
    fresh(state);
    disk.there[MR_KILL_FILE_SCOPES] = MR_E_IO;
    restart();
    assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_ALL);
}

/* ---- the real folder ---- */

static char folder[64], path[128];
static struct mr_kill_folder data;

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-kill-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/kill", folder);
    char below[128];
    snprintf(below, sizeof below, "%s/data/main", folder);
    assert_int_equal(mr_kill_folder_open(&data, below, &err), MR_OK);
    return 0;
}
static int remove_folder(void **state)
{
    (void)state;
    mr_kill_folder_close(&data);
    return mr_test_remove(folder);
}
static int in_data(const char *name, char out[128])
{
    snprintf(out, 128, "%s/data/main/%s", folder, name);
    return access(out, F_OK);
}

static void the_page_is_found_again_by_who_comes_back(void **state)
{
    struct mr_kill_page *mine, *tools;
    struct stat st;
    (void)state;
    assert_int_equal(mr_kill_page_open(&mine, path, &err), MR_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(mr_kill_page_attach(&tools, path, false, &err), MR_OK);
    mr_kill_raise(mine, MR_KILL_BY_SOCKET);
    assert_int_equal(mr_kill_read(tools, 0, 0), MR_KILL_SCOPE_ALL);
    mr_kill_page_close(mine);
    mr_kill_page_close(tools);
    chmod(path, 0644);
    assert_int_equal(mr_kill_page_open(&mine, path, &err), MR_OK);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(mr_kill_read(mine, 0, 0), MR_KILL_SCOPE_ALL);
    mr_kill_page_close(mine);
}

static void put(const char *name, const void *bytes, size_t len)
{
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), len);
    close(fd);
}

static void a_page_of_another_kind_is_replaced_by_a_closed_one(void **state)
{
    struct mr_kill_page *mine;
    static _Alignas(64) char bytes[MR_KILL_PAGE_BYTES];
    (void)state;
    for (int i = 0; i < 4; i++) {
        struct mr_kill_page *made = mr_kill_page_init(bytes);
        if (i == 1)
            made->magic++;
        if (i == 2)
            made->layout++;
        if (i == 3)
            made->bytes++;
        put(path, bytes, i ? sizeof bytes : 100);
        int status = mr_kill_page_attach(&mine, path, false, &err);
        assert_int_equal(status, i == 1 ? MR_E_MAGIC : MR_E_LAYOUT);
        assert_int_equal(mr_kill_page_open(&mine, path, &err), MR_OK);
        assert_int_equal(mr_kill_read(mine, 0, 0), MR_KILL_SCOPE_ALL);
        assert_true(atomic_load(&mine->word) & MR_KILL_DAMAGED);
        mr_kill_page_close(mine);
    }
}

static void what_is_no_plain_file_is_refused(void **state)
{
    struct mr_kill_page *mine;
    char other[160];
    (void)state;
    assert_int_equal(mr_kill_page_attach(&mine, path, false, &err), MR_E_IO);
    snprintf(other, sizeof other, "%s/elsewhere", folder);
    assert_int_equal(symlink(other, path), 0);
    assert_int_equal(mr_kill_page_open(&mine, path, &err), MR_E_IO);
    assert_int_equal(mr_kill_page_attach(&mine, path, true, &err), MR_E_IO);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(mr_kill_page_open(&mine, path, &err), MR_E_IO);
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(mr_kill_page_open(&mine, path, &err), MR_E_IO);
    assert_int_equal(mr_kill_page_open(&mine, "/nowhere/at/all", &err), MR_E_IO);
    char longest[400];
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    longest[sizeof longest - 1] = 0;
    assert_int_equal(mr_kill_page_open(&mine, longest, &err), MR_E_IO);
    struct mr_kill_folder bad;
    assert_int_equal(mr_kill_folder_open(&bad, longest, &err), MR_E_TOO_BIG);
    assert_int_equal(mr_kill_folder_open(&bad, "/proc/self/nothing", &err), MR_E_IO);
}

static void the_folder_keeps_it(void **state)
{
    char file[128];
    (void)state;
    page = mr_kill_page_init(mem);
    mr_kill_init(&kill_switch, page, mr_kill_folder_disk(&data), names, 3, NULL, NULL, NOW);
    assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_NONE);
    assert_int_equal(on("x"), MR_OK);
    assert_int_equal(in_data("KILL", file), 0);
    assert_int_equal(off("ann"), MR_OK);
    assert_int_not_equal(in_data("KILL", file), 0);
    put(file, "", 0); /* touch */
    assert_true(mr_kill_poll(&kill_switch, NOW));
    assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_ALL);
    assert_int_equal(scoped(MR_KILL_SCOPE_VENUE, 3, true), MR_OK);
    assert_int_equal(off("ann"), MR_OK);
    page = mr_kill_page_init(mem);
    mr_kill_init(&kill_switch, page, mr_kill_folder_disk(&data), names, 3, NULL, NULL, NOW);
    assert_int_equal(mr_kill_read(page, 3, 0), MR_KILL_SCOPE_VENUE);
    assert_int_equal(mr_kill_read(page, 2, 0), MR_KILL_SCOPE_NONE);
}

/* A folder, a dangling link, a pipe by that name: whoever made it meant it. */
static void anything_called_KILL_kills(void **state)
{
    char file[128];
    in_data("KILL", file);
    for (int i = 0; i < 3; i++) {
        page = mr_kill_page_init(mem);
        mr_kill_init(&kill_switch, page, mr_kill_folder_disk(&data), names, 3, NULL, NULL, NOW);
        assert_int_equal(i == 0 ? mkdir(file, 0700) : i == 1 ? symlink("/nowhere", file) : mkfifo(file, 0600), 0);
        mr_kill_poll(&kill_switch, NOW);
        assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_ALL);
        if (i == 0) {
            assert_int_equal(off("ann"), MR_E_IO); /* a folder is not removed like that: it stays closed */
            assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_ALL);
            rmdir(file);
        } else {
            assert_int_equal(off("ann"), MR_OK);
        }
    }
    (void)state;
}

static void a_dying_process_marks_the_folder(void **state)
{
    char file[128];
    (void)state;
    assert_true(mr_kill_folder_mark(&data, "panic\n", 6));
    assert_int_equal(in_data("KILL", file), 0);
    assert_true(mr_kill_folder_mark(&data, "panic\n", 6)); /* there already */
    unlink(file);
    assert_int_equal(mkdir(file, 0700), 0);
    assert_false(mr_kill_folder_mark(&data, "panic\n", 6));
    page = mr_kill_page_init(mem);
    mr_kill_init(&kill_switch, page, mr_kill_folder_disk(&data), names, 3, NULL, NULL, NOW);
    assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_ALL);
}

/* The loop hangs for ever on a lock it holds; the signal closes the gate all the same. */
static void *stuck(void *arg)
{
    pthread_mutex_lock(arg);
    return NULL;
}
static void a_signal_kills_with_the_main_loop_stuck(void **state)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_t thread;
    (void)state;
    fresh(state);
    assert_int_equal(mr_kill_signal(SIGKILL, page, &err), MR_E_INVALID);
    assert_int_equal(mr_kill_signal(SIGUSR1, page, &err), MR_OK);
    pthread_mutex_lock(&lock);
    assert_int_equal(pthread_create(&thread, NULL, stuck, &lock), 0);
    pthread_kill(thread, SIGUSR1); /* it runs in the thread that hangs */
    for (int i = 0; i < 2000 && !mr_kill_read(page, 0, 0); i++)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_ALL);
    assert_true(mr_kill_poll(&kill_switch, NOW));
    assert_int_equal(audit.last.uid, getuid());
    char who[32];
    snprintf(who, sizeof who, "pid %d", getpid());
    assert_string_equal(audit.last.who, who);
    pthread_mutex_unlock(&lock);
    pthread_join(thread, NULL);
    assert_int_equal(mr_kill_signal(SIGUSR1, NULL, &err), MR_OK);
    off("ann");
    raise(SIGUSR1); /* nobody's any more */
    assert_int_equal(mr_kill_read(page, 0, 0), MR_KILL_SCOPE_NONE);
}

/* Many raise, one clears: what is raised after a clearing began is never lost. */
static void *raiser(void *arg)
{
    for (int i = 0; i < 2000; i++)
        mr_kill_raise(arg, MR_KILL_BY_CODE);
    return NULL;
}
static void raises_from_many_threads_are_all_counted(void **state)
{
    pthread_t threads[4];
    fresh(state);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, raiser, page), 0);
    for (int i = 0; i < 200; i++)
        off("ann");
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    mr_kill_raise(page, MR_KILL_BY_CODE);
    assert_int_equal(off("ann"), MR_OK);
    mr_kill_page_init(mem);
    for (int i = 0; i < 5; i++)
        mr_kill_raise(page, 0);
    assert_int_equal(atomic_load(&page->word) >> MR_KILL_RAISES_SHIFT, 5);
    for (int i = 0; i < 65536; i++)
        mr_kill_raise(page, 0);
    assert_int_equal(atomic_load(&page->word) & MR_KILL_ALL, MR_KILL_ALL); /* a count that wraps opens nothing */
}

static void scopes_have_names(void **state)
{
    (void)state;
    assert_string_equal(mr_kill_scope_name(MR_KILL_SCOPE_STRATEGY), "strategy");
    assert_string_equal(mr_kill_scope_name(9), "?");
}

int main(void)
{
#define FRESH(test) cmocka_unit_test_setup(test, fresh)
#define FOLDER(test) cmocka_unit_test_setup_teardown(test, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        FRESH(a_new_switch_lets_all_pass),
        FRESH(a_row_beyond_the_table_is_killed),
        FRESH(any_bit_of_the_word_kills),
        FRESH(a_raise_closes_at_once_and_the_poll_keeps_and_tells_it),
        FRESH(a_command_is_answered_when_it_is_on_disk),
        FRESH(a_disk_that_fails_hinders_no_killing_and_is_tried_again),
        FRESH(it_survives_a_restart_and_a_reboot),
        FRESH(a_file_that_appears_kills_and_its_removal_clears_nothing),
        FRESH(a_file_that_cannot_be_read_kills),
        FRESH(a_named_person_clears_it),
        FRESH(a_clearing_that_cannot_be_journalled_or_erased_clears_nothing),
        FRESH(a_raise_while_it_is_cleared_is_not_swallowed),
        FRESH(venues_and_strategies_are_killed_alone),
        FRESH(a_scope_that_is_refused_changes_nothing),
        FRESH(a_strategy_is_killed_by_its_name),
        FRESH(a_scopes_file_that_makes_no_sense_kills_all),
        FOLDER(the_page_is_found_again_by_who_comes_back),
        FOLDER(a_page_of_another_kind_is_replaced_by_a_closed_one),
        FOLDER(what_is_no_plain_file_is_refused),
        FOLDER(the_folder_keeps_it),
        FOLDER(anything_called_KILL_kills),
        FOLDER(a_dying_process_marks_the_folder),
        cmocka_unit_test(a_signal_kills_with_the_main_loop_stuck),
        cmocka_unit_test(raises_from_many_threads_are_all_counted),
        cmocka_unit_test(scopes_have_names),
    };
    return MR_TEST_MAIN(tests);
}
