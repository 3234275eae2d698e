/* What a data plane makes of its cores, its memory and its priority as it starts: the program from outside, also as a user who may nothing. The program is
 * the first argument. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dataplane/metrics/metrics.h"
#include "dataplane/plane/plane_memory.h"
#include "dataplane/ring/workspace.h"
#include "tests/support/support.h"

static const char *program;
static char folder[64], out[1 << 18];

#define SMALL                                                                                                          \
    "  instruments_max: 16\n  books_max: 1\n  book_depth: 20\n  ring_slots: 8192\n  tap_slots: 8192\n  source: "       \
    "socket\n"
#define FEED "feeds:\n  - product: binance:spot\n    symbols: [BTCUSDT]\n    paused: true\n"

static int in_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-start-XXXXXX");
    return mkdtemp(folder) == NULL || chmod(folder, 0777);
}

static int remove_folder(void **state)
{
    (void)state;
    return mr_test_remove(folder);
}

/* A fifth of a second of `millrace dataplane` with these keys of section plane; `bare`: no privileges, nothing may be locked. Its exit code. */
static int run(const char *plane, bool bare)
{
    char config[128], output[128];
    snprintf(config, sizeof config, "%s/millrace.yaml", folder);
    snprintf(output, sizeof output, "%s/out", folder);
    FILE *f = fopen(config, "w");
    fprintf(f, "run: %s/run\ndata: %s/data\nplane:\n" SMALL "%s" FEED, folder, folder, plane);
    fclose(f);
    unlink(output);
    int file = open(program, O_RDONLY); /* its folder may be closed to that user */
    pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit none = {0, 0};
        int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0666);
        dup2(fd, 1);
        dup2(fd, 2);
        if (bare &&
            (setrlimit(RLIMIT_MEMLOCK, &none) || setrlimit(RLIMIT_RTPRIO, &none) || (geteuid() == 0 && setuid(65534))))
            _exit(99);
        char *const args[] = {"millrace",  "dataplane", "--config", config, "--instance", bare ? "bare" : "full",
                              "--seconds", "0.2",       NULL};
        fexecve(file, args, environ);
        _exit(98);
    }
    close(file);
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    size_t len;
    char *text = (char *)mr_test_read(folder, "out", &len);
    snprintf(out, sizeof out, "%s", text);
    free(text);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void expect(const char *plane, bool bare, int code, const char *says, const char *absent)
{
    int got = run(plane, bare);
    if (got != code || !strstr(out, says) || (absent && strstr(out, absent)))
        print_error("%s: exit %d, want %d and \"%s\", not \"%s\":\n%s\n", plane, got, code, says, absent ? absent : "",
                    out);
    assert_int_equal(got, code);
    assert_non_null(strstr(out, says));
    assert_false(absent && strstr(out, absent));
}

static void cores_that_cannot_be_are_refused_before_anything_starts(void **state)
{
    (void)state;
    /* clang-format off */
    static const struct { const char *plane, *says; } refused[] = {
        {"  merged: true\n  cores: [4000]\n", "plane.cores: core 4000 (feed 0) is not on this host or not online"},
        {"  merged: true\n  cores: [4000]\n  placement: anywhere\n", "core 4000 (feed 0) is not on this host"},
        {"  merged: false\n  cores: [0, 0]\n", "plane.cores: core 0 is there twice"},
        {"  merged: false\n  cores: [0, 0]\n  placement: anywhere\n  wait: spin\n", "share core 0 and one of them spins"},
        {"  merged: true\n  cores: [0, 1]\n", "2 cores for 1 tiles"},
        {"  merged: true\n  priority: 5\n", "tiles are not pinned: name their cores"},
        {"  merged: true\n  priority: 100\n", "from 0 to 99"},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++)
        expect(refused[i].plane, false, 2, refused[i].says, NULL);
    expect("  merged: false\n  cores: [0, 0]\n  placement: anywhere\n  wait: yield\n", false, 0,
           "plane.cores: feed 0 and engine share core 0, as plane.placement has it", NULL);
}

static void take_gauge(void *arg, const struct mr_metric_view *view)
{
    struct mr_plane_memory_metrics *m = arg;
    const struct {
        const char *name;
        int64_t *to;
    } gauges[] = {{"planned", &m->planned},
                  {"locked", &m->locked},
                  {"unlocked", &m->unlocked},
                  {"far", &m->far},
                  {"awake", &m->awake}};
    for (size_t i = 0; i < MR_COUNT_OF(gauges); i++)
        if (strcmp(gauges[i].name, view->name) == 0)
            *gauges[i].to = view->value;
}

/* The memory family that the last run of that instance left. */
static void left_behind(const char *instance, struct mr_plane_memory_metrics *m)
{
    char path[128];
    struct mr_workspace ws;
    struct mr_region region;
    struct mr_err err = {""};
    snprintf(path, sizeof path, "%s/run/%s/workspace", folder, instance);
    if (mr_workspace_attach(&ws, path, false, &err) != MR_OK)
        fail_msg("%s", err.text);
    assert_int_equal(mr_workspace_find(&ws, "metrics/memory", &region), MR_OK);
    memset(m, 0xff, sizeof *m);
    assert_int_equal(mr_metrics_each(region.mem, region.bytes, take_gauge, m), MR_OK);
    mr_workspace_close(&ws);
}

static void memory_is_there_and_locked_as_far_as_the_limit_goes(void **state)
{
    (void)state;
    struct mr_plane_memory_metrics m;
    if (MR_TEST_SANITIZED) {
        mr_test_skip_line("a sanitizer makes mlock do nothing");
        skip();
    }
    expect("  merged: true\n  lock: must\n", true, 3, "cannot be locked: raise the locked-memory limit", NULL);
    expect("  merged: true\n  lock: try\n", true, 0, "MiB are not locked, the system may take them away", NULL);
    left_behind("bare", &m);
    assert_true(m.planned > 0);
    assert_int_equal(m.unlocked, m.planned);
    assert_int_equal(m.locked, 0);
    expect("  merged: true\n  lock: no\n", true, 0, "stopped", "not locked");
    left_behind("bare", &m);
    assert_int_equal(m.unlocked + m.locked, 0);
    expect("  merged: true\n  cores: [0]\n", false, 0, "stopped", NULL);
    left_behind("full", &m);
    assert_int_equal(m.locked + m.unlocked, m.planned);
    assert_int_equal(m.awake, 0);
    if (geteuid() == 0)
        assert_int_equal(m.unlocked, 0);
}

static void what_a_user_may_not_have_is_said(void **state)
{
    (void)state;
    if (geteuid() != 0 && access("/dev/cpu_dma_latency", W_OK) == 0) {
        mr_test_skip_line("this user may hold cores awake");
        skip();
    }
    expect("  merged: true\n  cores: [0]\n  priority: 5\n", true, 3, "priority 5 of SCHED_FIFO: ", NULL);
    assert_non_null(strstr(out, "CAP_SYS_NICE"));
    expect("  merged: true\n  awake: true\n", true, 0, "plane.awake: /dev/cpu_dma_latency: ", NULL);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cores_that_cannot_be_are_refused_before_anything_starts, in_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(memory_is_there_and_locked_as_far_as_the_limit_goes, in_folder, remove_folder),
        cmocka_unit_test_setup_teardown(what_a_user_may_not_have_is_said, in_folder, remove_folder),
    };
    MR_ASSERT(argc > 1);
    program = argv[1];
    return MR_TEST_MAIN(tests);
}
