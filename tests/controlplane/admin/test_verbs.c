/* millrace ctl and top from outside, against an admin socket and a workspace made here. Argument: the program. */
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controlplane/admin/admin.h"
#include "tests/controlplane/admin/made.h"
#include "tests/support/support.h"

static const char *program;
static struct made made;
static struct mr_admin *admin;
static uv_loop_t loop;
static uv_async_t stop;
static pthread_t thread;
static char output[1 << 20];

static void on_stop(uv_async_t *async)
{
    mr_admin_close(admin);
    uv_close((uv_handle_t *)async, NULL);
}
static void *run(void *arg)
{
    (void)arg;
    uv_run(&loop, UV_RUN_DEFAULT);
    return NULL;
}

static int up(void **state)
{
    (void)state;
    struct mr_err err;
    made_open(&made);
    struct mr_admin_config config = {
        .control = {.clients_max = 16, .line_max = 4096, .output_max = 1 << 20, .half_s = 5},
        .version = "1",
        .build = "b"};
    snprintf(config.control.socket, sizeof config.control.socket, "%s", made.socket);
    uv_loop_init(&loop);
    uv_async_init(&loop, &stop, on_stop);
    assert_int_equal(mr_admin_open(&admin, &loop, &config, &err), MR_OK);
    mr_admin_attach(admin, "made", made.path);
    return pthread_create(&thread, NULL, run, NULL);
}
static int down(void **state)
{
    (void)state;
    uv_async_send(&stop);
    pthread_join(thread, NULL);
    uv_loop_close(&loop);
    made_close(&made);
    return 0;
}

/* Exit code; what it said on both outputs is in `output`. */
#define SH(...) mr_test_shell(output, sizeof output, __VA_ARGS__)
static void has(const char *piece)
{
    if (!strstr(output, piece))
        fail_msg("no \"%s\" in:\n%s", piece, output);
}

static void one_command_says_its_answer_and_exits_by_it(void **state)
{
    (void)state;
    static const struct {
        const char *args;
        int code;
        const char *piece;
    } cases[] = {
        {"show tiles", 0, "feed           run"},
        {"show tiles --json", 0, "\"busy_percent\""},
        {"help", 0, "show book <symbol> [levels]"},
        {"feed pause binance:usdm", 0, "sent 1 to 2 feed tiles"},
        {"show book NOSUCH", 1, "millrace ctl: failed: no book of"},
        {"shwo tiles", 2, "millrace ctl: usage: no command \"shwo tiles\"; did you mean \"show tiles\"?"},
        {"shwo tiles --json", 2, "{\"error\":{\"kind\":\"usage\""},
        {"quit", 0, ""},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        int code = SH("%s ctl --socket %s %s 2>&1", program, made.socket, cases[i].args);
        if (code != cases[i].code)
            fail_msg("%s: exit %d: %s", cases[i].args, code, output);
        has(cases[i].piece);
    }
}

static void commands_come_by_a_pipe_and_the_worst_counts(void **state)
{
    (void)state;
    assert_int_equal(SH("printf 'show version\\n\\nshow tiles\\n' | %s ctl --socket %s 2>&1", program, made.socket), 0);
    has("millrace 1");
    has("engine");
    assert_int_equal(SH("printf 'bad\\nshow version\\n' | %s ctl --socket %s 2>&1", program, made.socket), 2);
    has("millrace 1");
}

static void nobody_there_is_exit_four_with_the_way_out(void **state)
{
    (void)state;
    assert_int_equal(SH("%s ctl --socket /tmp/millrace-no-such show tiles 2>&1", program), 4);
    has("--workspace FILE looks at what one left");
    assert_int_equal(SH("%s top --workspace /tmp/millrace-no-such --once 2>&1", program), 4);
    assert_int_equal(SH("MILLRACE_RUN=/tmp/millrace-no-such %s ctl --instance abc show tiles 2>&1", program), 4);
    has("/tmp/millrace-no-such/abc/admin.sock");
}

static void a_workspace_alone_is_looked_at_and_not_acted_on(void **state)
{
    (void)state;
    assert_int_equal(SH("%s ctl --workspace %s show books 2>&1", program, made.path), 0);
    has("binance:usdm BTCUSDT");
    assert_int_equal(SH("%s ctl --workspace %s feed pause 2>&1", program, made.path), 1);
    has("wants the admin socket");
}

static void an_instance_is_found_by_its_name(void **state)
{
    (void)state;
    const char *base = strrchr(made.folder, '/');
    assert_int_equal(SH("cd / && MILLRACE_RUN=/tmp %s ctl --instance %s show status 2>&1", program, base + 1), 0);
    has("connections 2/3 live");
    assert_int_equal(SH("cd / && MILLRACE_RUN=/tmp %s top --instance %s --once 2>&1", program, base + 1), 0);
    assert_int_equal(SH("%s ctl --instance a/b show status 2>&1", program), 2);
    has("not a name");
}

static void top_prints_a_frame_with_every_panel_and_its_age(void **state)
{
    (void)state;
    assert_int_equal(SH("TERM=dumb %s top --workspace %s --once 2>&1", program, made.path), 0);
    static const char *const pieces[] = {"millrace made  pid",   "running",
                                         "tile           state", "STALLED",
                                         "binance:usdm/market",  "connection refused",
                                         "book        ",         "65001",
                                         "latency    ",          "feed.lag_ns",
                                         "liquidations 10 s",    "CASCADE",
                                         "volatility %",         "ELEVATED",
                                         "signals  watch 7",     "signal number 39"};
    for (size_t i = 0; i < MR_COUNT_OF(pieces); i++)
        has(pieces[i]);
    unsigned ages = 0;
    for (const char *at = output; (at = strstr(at, " age ")); at++)
        ages++;
    assert_int_equal(ages, 7);
    assert_null(strchr(output, '\x1b'));
    for (const char *at = output; *at; at += strcspn(at, "\n") + 1)
        assert_true(strcspn(at, "\n") <= 80);
    assert_null(strstr(output, " OLD "));
    /* data that stands still is marked, and so is what hangs on the heartbeats: tiles and latencies */
    for (unsigned i = 0; i < 2; i++)
        made.beats[i].last_ns -= 60000000000;
    assert_int_equal(SH("TERM=dumb NO_COLOR=1 %s top --workspace %s --once 2>&1", program, made.path), 0);
    static const char *const old[] = {"tile           state", "latency    "};
    for (size_t i = 0; i < MR_COUNT_OF(old); i++) {
        const char *at = strstr(output, old[i]);
        assert_non_null(at);
        assert_true(strcspn(at, "\n") <= 80);
        const char *mark = strstr(at, " OLD 6");
        assert_true(mark && mark < at + strcspn(at, "\n"));
    }
    assert_int_equal(SH("%s top extra 2>&1", program), 2);
    assert_int_equal(SH("%s top --interval 0 2>&1", program), 2);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 1;
    static char whole[4096]; /* tests change the folder */
    program = realpath(argv[1], whole);
    if (!program)
        return 1;
#define WITH(f) cmocka_unit_test_setup_teardown(f, up, down)
    const struct CMUnitTest tests[] = {
        WITH(one_command_says_its_answer_and_exits_by_it),
        WITH(commands_come_by_a_pipe_and_the_worst_counts),
        WITH(nobody_there_is_exit_four_with_the_way_out),
        WITH(a_workspace_alone_is_looked_at_and_not_acted_on),
        WITH(an_instance_is_found_by_its_name),
        WITH(top_prints_a_frame_with_every_panel_and_its_age),
    };
    return MR_TEST_MAIN(tests);
}
