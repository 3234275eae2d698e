/* The slowest message of a running system, made slow on purpose: the data plane stands still while messages arrive, and the record of the
 * path's maximum names one of them. The program is the first argument.
 *
 * By plain sockets, where the kernel says when bytes came; so the wait for a process that stands still is in the value. Nothing is asserted
 * of how long it took but that it is what was done here. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/controlplane/live/scene.h"

#define STOPPED_MS 400

/* The row of engine.path_ns in what `latency ... --json` said; its record, or NULL where it has none. */
static const char *worst_path(const char *of)
{
    char args[128];
    snprintf(args, sizeof args, "latency %s --json", of);
    assert_int_equal(SCENE_SHELL(args), 0);
    char *row = strstr(scene.out, "\"name\":\"path_ns\""), *next = row ? strstr(row, "\"family\":") : NULL;
    assert_non_null(row);
    if (next)
        *next = 0;
    return strstr(row, "\"worst\":");
}

static long long long_of(const char *json, const char *key) { return strtoll(scene_value(json, key), NULL, 10); }

static long long stop_for_a_while(void)
{
    long pid = scene_pid_of("dataplane");
    assert_true(pid > 1);
    assert_int_equal(SCENE_SHELL("ctl --instance demo latency reset"), 0);
    mr_test_rest(1200); /* a look at the interrupts lies between */
    assert_int_equal(kill((pid_t)pid, SIGSTOP), 0);
    mr_test_rest(STOPPED_MS);
    assert_int_equal(kill((pid_t)pid, SIGCONT), 0);
    const char *worst = NULL;
    for (int i = 0; i < 50 && (!worst || !strstr(worst, "\"around\"")); i++) { /* the look after it */
        mr_test_rest(200);
        worst = worst_path("--instance demo");
    }
    assert_non_null(worst);
    return long_of(worst, "at_ns");
}

/* And its successor begins without. */
static void what_a_killed_one_left_has_it_too(const char *wanted)
{
    long before = scene_pid_of("dataplane");
    assert_int_equal(kill((pid_t)before, SIGKILL), 0);
    for (int i = 0; i < 100 && scene_pid_of("dataplane") == before; i++)
        mr_test_rest(50);
    assert_true(scene_live("demo", 30));
    const char *worst = worst_path("--workspace demo/workspace.old");
    assert_non_null(worst);
    assert_non_null(strstr(worst, wanted));
    worst = worst_path("--instance demo");
    assert_true(!worst || !strstr(worst, wanted));
}

static void the_record_names_a_message_that_came_while_the_plane_stood_still(void **state)
{
    (void)state;
    const char *const args[] = {"run", "--no-view", "--source", "socket", NULL};
    pid_t supervisor = scene_start(args, NULL);
    assert_true(scene_live("demo", 30));
    long long at_ns = stop_for_a_while();
    const char *worst = worst_path("--instance demo");
    assert_non_null(worst);
    assert_true(long_of(worst, "value") > STOPPED_MS * 1000000ll / 4); /* it came some time during the stop */
    assert_true(long_of(worst, "at_ns") >= at_ns);
    assert_string_equal(scene_value(worst, "thread"), "\"engine/0\"");
    assert_string_equal(scene_value(worst, "clock"), "\"kernel\"");
    assert_true(long_of(worst, "core") >= 0 && long_of(worst, "core") < sysconf(_SC_NPROCESSORS_CONF));
    assert_true(strlen(scene_value(worst, "kind")) > 4);            /* "book (depthUpdate)" */
    assert_non_null(strchr(scene_value(worst, "instrument"), ' ')); /* "binance:usdm BTCUSDT" */
    assert_true(long_of(worst, "connection") >= 0);
    assert_true(strlen(scene_value(worst, "connection_of")) > 4);
    assert_int_equal(long_of(worst, "value"),
                     long_of(worst, "decode_ns") + long_of(worst, "wait_ns") + long_of(worst, "apply_ns"));
    const char *around = strstr(worst, "\"around\":");
    assert_non_null(around);
    assert_true(long_of(around, "from_ns") <= long_of(worst, "at_ns") &&
                long_of(worst, "at_ns") <= long_of(around, "to_ns"));
    if (access("/proc/interrupts", R_OK) == 0)
        assert_true(long_of(around, "interrupts") > 0);
    assert_true(long_of(around, "slept") + long_of(around, "preempted") > 0); /* it was stopped at least */
    /* the same by the admin socket, and as text */
    char wanted[64];
    snprintf(wanted, sizeof wanted, "\"at_ns\":%s", scene_value(worst, "at_ns"));
    assert_int_equal(SCENE_SHELL("ctl --instance demo --json show latency"), 0);
    assert_non_null(strstr(scene.out, wanted));
    assert_int_equal(SCENE_SHELL("latency --instance demo --worst"), 0);
    assert_non_null(strstr(scene.out, ", thread engine/0\n"));
    if (!getenv("MILLRACE_QUICK"))
        what_a_killed_one_left_has_it_too(wanted);
    kill(supervisor, SIGTERM);
    assert_int_equal(waitpid(supervisor, NULL, 0), supervisor);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_record_names_a_message_that_came_while_the_plane_stood_still, scene_open,
                                        scene_close),
    };
    int code = scene_begin(argc, argv);
    return code ? code : MR_TEST_MAIN(tests);
}
