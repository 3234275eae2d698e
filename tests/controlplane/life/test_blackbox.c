/* What is left for the post-mortem, and what a broken assertion leaves: killed, marked, told, also when telling breaks. */
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "codecs/json/json.h"
#include "controlplane/life/blackbox.h"
#include "dataplane/text/text.h"
#include "tests/support/support.h"

static char folder_name[64];
static struct mr_kill_folder folder;
static struct mr_kill_page *page; /* shared with the children that die */
static char buffer[MR_BLACKBOX_BYTES];
static struct mr_blackbox box;
static struct mr_err err;

static void orders(void *self, struct mr_json_out *out)
{
    (void)self;
    mr_json_out_u64(out, "open_orders", 3);
}
static void huge(void *self, struct mr_json_out *out)
{
    (void)self;
    for (int i = 0; i < 200000; i++)
        mr_json_out_u64(out, "x", 123456789);
}
static void broken(void *self, struct mr_json_out *out)
{
    (void)self;
    mr_json_out_u64(out, "half", 1);
    MR_ASSERT(out == NULL);
}
static int64_t at_noon(void) { return 1763812800123456789; }

static int up(void **state)
{
    (void)state;
    snprintf(folder_name, sizeof folder_name, "/tmp/millrace-blackbox-XXXXXX");
    assert_non_null(mkdtemp(folder_name));
    assert_int_equal(mr_kill_folder_open(&folder, folder_name, &err), MR_OK);
    void *mem = mmap(NULL, MR_KILL_PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(mem != MAP_FAILED);
    page = mr_kill_page_init(mem);
    box = (struct mr_blackbox){&folder, page, orders, NULL, "b1", at_noon, buffer};
    return 0;
}
static int down(void **state)
{
    (void)state;
    mr_kill_folder_close(&folder);
    munmap(page, MR_KILL_PAGE_BYTES);
    return mr_test_remove(folder_name);
}

/* The only file of its kind; free() it. */
static char *the_file(unsigned want)
{
    char pattern[128];
    glob_t found;
    size_t len;
    uint32_t at;
    snprintf(pattern, sizeof pattern, "%s/postmortem-*.json", folder_name);
    int status = glob(pattern, 0, NULL, &found);
    assert_int_equal(status ? 0 : found.gl_pathc, want);
    char *text = NULL;
    if (want) {
        text = (char *)mr_test_read(folder_name, found.gl_pathv[want - 1] + strlen(folder_name) + 1, &len);
        assert_int_equal(mr_json_check((const uint8_t *)text, (uint32_t)len - 1, &at), MR_OK);
    }
    globfree(&found);
    return text;
}

static void a_post_mortem_is_legal_json_under_the_time_s_name(void **state)
{
    char name[64];
    (void)state;
    mr_kill_raise(page, MR_KILL_BY_CODE);
    assert_int_equal(mr_blackbox_write(&box, "drawdown 16 %", name, &err), MR_OK);
    assert_string_equal(name, "postmortem-20251122T120000.123456789Z.json");
    char *text = the_file(1);
    assert_non_null(strstr(text, "\"why\":\"drawdown 16 %\",\"build\":\"b1\""));
    assert_non_null(strstr(text, "\"killed_by\":\"code\",\"state\":{\"open_orders\":3}}"));
    free(text);
    box.wall_ns = NULL; /* the clock's: another name */
    assert_int_equal(mr_blackbox_write(&box, "again", name, &err), MR_OK);
    free(the_file(2));
}

static void a_state_that_does_not_fit_is_left_out_and_that_is_said(void **state)
{
    char name[64];
    (void)state;
    box.state = huge;
    assert_int_equal(mr_blackbox_write(&box, "x", name, &err), MR_OK);
    char *text = the_file(1);
    assert_non_null(strstr(text, "\"state_left_out\":\"it does not fit"));
    free(text);
    box.state = NULL;
    box.wall_ns = NULL;
    assert_int_equal(mr_blackbox_write(&box, "x", name, &err), MR_OK);
    text = the_file(2);
    assert_non_null(strstr(text, "\"state_left_out\":\"there is none\""));
    free(text);
}

static void a_folder_that_takes_nothing_is_an_error(void **state)
{
    char name[64];
    (void)state;
    int fd = folder.fd;
    folder.fd = -1;
    assert_int_equal(mr_blackbox_write(&box, "x", name, &err), MR_E_IO);
    assert_non_null(strstr(err.text, "cannot be written"));
    folder.fd = fd;
    char taken[128];
    snprintf(taken, sizeof taken, "%s/postmortem-20251122T120000.123456789Z.json", folder_name);
    assert_int_equal(mkdir(taken, 0700), 0);
    assert_int_equal(mr_blackbox_write(&box, "x", name, &err), MR_E_IO);
}

/* In a child that dies of it. */
static void break_something(const struct mr_blackbox *with)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGABRT, SIG_DFL);
        if (!freopen("/dev/null", "w", stderr))
            _exit(1);
        mr_blackbox_on_panic(with);
        MR_ASSERT(page == NULL);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

static void a_broken_assertion_kills_marks_and_tells_and_the_next_start_is_killed(void **state)
{
    size_t len;
    static struct mr_kill next;
    static _Alignas(64) char mem[MR_KILL_PAGE_BYTES];
    (void)state;
    break_something(&box);
    assert_true(atomic_load(&page->word) & MR_KILL_BY_PANIC);
    char *mark = (char *)mr_test_read(folder_name, "KILL", &len);
    assert_non_null(mark);
    assert_non_null(strstr(mark, "test_blackbox.c:"));
    assert_non_null(strstr(mark, "broken invariant: page == NULL"));
    free(mark);
    char *text = the_file(1);
    assert_non_null(strstr(text, "broken invariant: page == NULL"));
    assert_non_null(strstr(text, "\"killed_by\":\"panic\""));
    assert_non_null(strstr(text, "\"open_orders\":3"));
    free(text);
    /* after a reboot: another page */
    mr_kill_init(&next, mr_kill_page_init(mem), mr_kill_folder_disk(&folder), NULL, 0, NULL, NULL, 1);
    assert_int_equal(mr_kill_read(next.page, 0, 0), MR_KILL_SCOPE_ALL);
}

static void a_state_that_is_broken_itself_does_not_hinder_it(void **state)
{
    (void)state;
    box.state = broken;
    break_something(&box);
    assert_true(atomic_load(&page->word) & MR_KILL_BY_PANIC);
    char *text = the_file(1);
    assert_non_null(strstr(text, "broken invariant: out == NULL")); /* what it died of in the end */
    assert_non_null(strstr(text, "state_left_out"));
    free(text);
}

/* Two threads may break at once, and telling may break: each panic after the first does less, so that it ends. */
static void of_several_panics_the_first_tells_all_the_second_the_least_and_others_nothing(void **state)
{
    (void)state;
    mr_blackbox_on_panic(&box);
    box.wall_ns = NULL; /* each file its own name */
    mr_panic_hook("a.c", 7, "x > 0");
    assert_true(atomic_load(&page->word) & MR_KILL_BY_PANIC);
    char *text = the_file(1);
    assert_non_null(strstr(text, "\"why\":\"a.c:7: broken invariant: x > 0\""));
    assert_non_null(strstr(text, "\"open_orders\":3"));
    free(text);
    mr_panic_hook("b.c", 8, "y > 0");
    text = the_file(2);
    assert_non_null(strstr(text, "b.c:8"));
    assert_null(strstr(text, "open_orders"));
    free(text);
    mr_panic_hook("c.c", 9, "z > 0");
    free(the_file(2));
    mr_blackbox_on_panic(NULL);
}

static void without_a_box_a_panic_is_a_panic(void **state)
{
    (void)state;
    break_something(NULL);
    assert_int_equal(atomic_load(&page->word), 0);
    the_file(0);
    mr_blackbox_on_panic(&box);
    assert_non_null(mr_panic_hook);
    mr_blackbox_on_panic(NULL);
    assert_null(mr_panic_hook);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, up, down)
    const struct CMUnitTest tests[] = {
        T(a_post_mortem_is_legal_json_under_the_time_s_name),
        T(a_state_that_does_not_fit_is_left_out_and_that_is_said),
        T(a_folder_that_takes_nothing_is_an_error),
        T(a_broken_assertion_kills_marks_and_tells_and_the_next_start_is_killed),
        T(a_state_that_is_broken_itself_does_not_hinder_it),
        T(of_several_panics_the_first_tells_all_the_second_the_least_and_others_nothing),
        T(without_a_box_a_panic_is_a_panic),
    };
    return MR_TEST_MAIN(tests);
}
