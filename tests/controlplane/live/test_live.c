/* The whole system from outside: simulated exchange, data plane, control plane, over TLS on the loopback. The program is the first argument.
 *
 * Counts, states and digests are asserted, never a time: the machine may be busy. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/controlplane/live/scene.h"

static const char *digests(const char *json)
{
    const char *at = strstr(json, "\"digests\":");
    assert_non_null(at);
    return at;
}

/* ---- one command ---- */

static void one_command_brings_all_venues_over_tls_to_live_books_and_signals(void **state)
{
    (void)state;
    scene_run("--seconds 20 --json");
    assert_true(scene_number(scene.out, "messages") > 1000);
    assert_int_equal(scene_number(scene.out, "gaps"), 0);
    const char *books = strstr(scene.out, "\"books\":");
    assert_int_equal(scene_number(books, "all"), SCENE_BOOKS);
    assert_int_equal(scene_number(books, "live"), SCENE_BOOKS);
    assert_int_equal(scene_number(books, "crossed"), 0);
    assert_int_equal(scene_number(books, "mismatches"), 0);
    assert_true(scene_number(books, "checksums") > 50);
    assert_true(scene_number(scene.out, "cascades") >= 1);
    for (const char *at = scene.out; (at = strstr(at, "\"route\":")); at++)
        assert_string_equal(scene_value(at, "state"), "\"live\"");
    static const char *const feeds[] = {"binance:usdm",     "binance:spot",   "bybit:linear",   "okx:public",
                                        "hyperliquid:perp", "mexc:futures",   "kucoin:futures", "kucoin:spot",
                                        "polymarket:clob",  "polymarket:rtds"};
    for (size_t i = 0; i < MR_COUNT_OF(feeds); i++) {
        char key[48];
        snprintf(key, sizeof key, "\"%s\":{", feeds[i]);
        const char *feed = strstr(scene.out, key);
        assert_non_null(feed);
        assert_true(scene_number(feed, "messages") > 50);
        assert_int_equal(scene_number(feed, "malformed"), 0);
        assert_int_equal(scene_number(feed, "unknown"), 0);
    }
    const char *drops = strstr(scene.out, "\"drops\":");
    static const char *const none[] = {"ring_full", "refused", "no_join", "no_book", "dropped", "signals_lost", "lost"};
    for (size_t i = 0; i < MR_COUNT_OF(none); i++)
        assert_int_equal(scene_number(drops, none[i]), 0);
    assert_true(scene_number(strstr(scene.out, "\"wire_to_engines_done\":"), "count") > 1000);
    assert_true(scene_number(strstr(scene.out, "\"wire_to_signal\":"), "count") > 0);
    /* on paper: ready, trading, and every record of it in a journal that verifies */
    const char *trading = strstr(scene.out, "\"trading\":");
    assert_non_null(trading);
    assert_string_equal(scene_value(trading, "state"), "\"trading\"");
    assert_int_equal(scene_number(trading, "discrepancies"), 0);
    assert_true(scene_number(trading, "journal_records") > 0);
    assert_true(scene_number(scene.out, "peak_rss_bytes") <
                SCENE_BOOKS * 60000000l); /* every byte written (MALLOC_PERTURB_) */
    printf("peak resident memory of all processes: %ld MB\n", scene_number(scene.out, "peak_rss_bytes") / 1000000);
    scene_good("journal verify demo/journal");
}

/* ---- latency, from what a run left ---- */

static void expect(const char *args, int code, const char *says)
{
    char with[512];
    snprintf(with, sizeof with, "%s 2>&1", args);
    int got = SCENE_SHELL(with);
    if (got != code || !strstr(scene.out, says))
        print_error("%s: exit %d, want %d and \"%s\":\n%.1500s\n", args, got, code, says, scene.out);
    assert_int_equal(got, code);
    assert_non_null(strstr(scene.out, says));
}

static void latency_is_read_from_the_workspace_that_a_run_left(void **state)
{
    (void)state;
    scene_run("--seconds 6 --json");
    long path = scene_number(strstr(scene.out, "\"wire_to_engines_done\":"), "count");
    char count[48];
    scene_good("latency --instance demo --json");
    const char *row = strstr(scene.out, "\"path_ns\"");
    assert_non_null(row);
    assert_int_equal(scene_number(row, "count"), path);
    assert_true(scene_number(row, "p50") > 0 && scene_number(row, "p50") <= scene_number(row, "p99") &&
                scene_number(row, "p99") <= scene_number(row, "p99_999"));
    snprintf(count, sizeof count, "path_ns,ns,%ld,", path);
    expect("latency --instance demo --csv", 0, count);
    snprintf(count, sizeof count, "Total count = %12ld]", path);
    expect("latency --instance demo --hdr", 0, count);
    expect("latency --instance demo --histogram", 0, "####");
    expect("latency --workspace demo/workspace --save first", 0, "p99.999");
    expect("latency --diff first first", 0, "+0.0 %");
    expect("latency --diff first first --csv", 0, "path_ns,p50,");
    /* refusals, each with its exit code and its sentence */
    expect("latency --instance nobody", 4, "nobody/workspace");
    expect("latency --workspace log", 4, "log: ");
    expect("latency --diff first log", 2, "log");
    expect("latency --diff first", 2, "--diff A B");
    expect("latency --json --csv", 2, "choose one");
    expect("latency --count 3", 2, "--interval");
    expect("latency --interval soon", 2, "--interval soon");
    expect("latency extra", 2, "no argument is wanted");
}

/* ---- recorded and replayed ---- */

static void live_equals_replay(const char *source, int tiles)
{
    char args[256], replay[128];
    snprintf(args, sizeof args, "run --seconds %d --json --record rec-%s-%d --source %s --feed-tiles %d", 5, source,
             tiles, source, tiles);
    scene_good(args);
    snprintf(replay, sizeof replay, "replay rec-%s-%d --digest --json", source, tiles);
    int code = scene_shell(replay, scene.again, sizeof scene.again);
    if (code)
        scene_show_log();
    assert_int_equal(code, 0);
    assert_string_equal(scene_value(digests(scene.out), "events"), scene_value(digests(scene.again), "events"));
    assert_string_equal(scene_value(digests(scene.out), "signals"), scene_value(digests(scene.again), "signals"));
    const long books = scene_number(strstr(scene.out, "\"events\":"), "book");
    assert_true(books > 100);
    assert_int_equal(scene_number(strstr(scene.again, "\"events\":"), "book"), books);
}

static void a_live_run_over_io_uring_replays_to_its_digests(void **state)
{
    (void)state;
    live_equals_replay("uring", 1);
}

static void a_live_run_over_plain_sockets_replays_to_its_digests(void **state)
{
    (void)state;
    live_equals_replay("socket", 1);
}

static void live_runs_of_two_feed_tiles_replay_to_their_digests(void **state)
{
    (void)state;
    live_equals_replay("uring", 2);
    if (!getenv("MILLRACE_QUICK"))
        live_equals_replay("socket", 2);
}

/* ---- killed ---- */

static long path_count(const char *of)
{
    char args[96];
    snprintf(args, sizeof args, "latency %s --json", of);
    assert_int_equal(SCENE_SHELL(args), 0);
    return scene_number(strstr(scene.out, "\"path_ns\""), "count");
}

static void whoever_is_killed_the_rest_lives_and_all_is_live_again(void **state)
{
    (void)state;
    const char *const args[] = {"run", "--no-view", "--source", scene.source, NULL};
    static const char *const victims[] = {"dataplane", "controlplane", "exchange"};
    const char *asked = getenv("MILLRACE_KILLS"); /* of each; ./dev test --all has 50 */
    int rounds = asked ? (int)strtol(asked, NULL, 10) : 1;
    pid_t supervisor = scene_start(args, NULL);
    assert_true(scene_live("demo", 30));
    scene.slowest_ns = 0;
    struct mr_random r = {7};
    for (int round = 0; round < rounds; round++) {
        for (size_t v = 0; v < MR_COUNT_OF(victims); v++) {
            long before[3];
            for (size_t i = 0; i < 3; i++)
                before[i] = scene_pid_of(victims[i]);
            assert_true(before[v] > 1);
            mr_test_rest((int)mr_random_below(&r, 700));
            assert_int_equal(kill((pid_t)before[v], SIGKILL), 0);
            for (int i = 0; i < 100 && scene_pid_of(victims[v]) == before[v]; i++)
                mr_test_rest(50);
            assert_true(scene_live("demo", 30));
            assert_true(scene_books_equal("demo"));
            if (v == 0) /* what it had measured when it was killed under load is still there to read */
                assert_true(path_count("--workspace demo/workspace.old") > 100);
            for (size_t i = 0; i < 3; i++) /* nobody else was touched */
                assert_true(i == v ? scene_pid_of(victims[i]) != before[i] : scene_pid_of(victims[i]) == before[i]);
        }
    }
    SCENE_SHELL("ctl --instance demo show status");
    printf("%d kills of each; all live again at most %.1f s after the restart; as the admin socket sees it then:\n%s",
           rounds, (double)scene.slowest_ns / 1e9, scene.out);
    /* an operator's words: histograms begin anew, a feed pauses and resumes, one book is fetched anew; the rest goes on */
    long paths = path_count("--instance demo");
    assert_true(paths > 100);
    assert_int_equal(SCENE_SHELL("ctl --instance demo latency reset"), 0);
    mr_test_rest(500);
    assert_true(path_count("--instance demo") < paths);
    assert_int_equal(SCENE_SHELL("ctl --instance demo feed pause binance:usdm"), 0);
    mr_test_rest(1000);
    assert_int_equal(SCENE_SHELL("ctl --instance demo --json show status"), 0);
    assert_int_equal(scene_number(scene.out, "connections_live"), SCENE_CONNECTIONS - 2);
    assert_int_equal(scene_number(scene.out, "books_live"), SCENE_BOOKS - 2);
    assert_int_equal(SCENE_SHELL("ctl --instance demo feed resume binance:usdm"), 0);
    assert_true(scene_live("demo", 30));
    assert_int_equal(SCENE_SHELL("ctl --instance demo feed resync okx:public BTC-USDT-SWAP"), 0);
    mr_test_rest(500);
    assert_true(scene_live("demo", 30));
    /* the supervisor's death ends nobody, and the next one takes them over */
    long before = scene_pid_of("dataplane");
    kill(supervisor, SIGKILL);
    waitpid(supervisor, NULL, 0);
    mr_test_rest(500);
    assert_int_equal(kill((pid_t)before, 0), 0);
    supervisor = scene_start(args, NULL);
    mr_test_rest(1500);
    assert_int_equal(scene_pid_of("dataplane"), before);
    assert_true(scene_live("demo", 30));
    assert_int_equal(SCENE_SHELL("ctl --instance demo shutdown"), 0); /* as an administrator would end it */
    int status;
    pid_t ended = 0;
    for (int i = 0; i < 300 && ended == 0; i++, mr_test_rest(100))
        ended = waitpid(supervisor, &status, WNOHANG);
    assert_int_equal(ended, supervisor); /* it starts nobody again, and ends */
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(SCENE_SHELL("ctl --instance demo show status"), 4); /* nobody answers */
    if (strcmp(scene.source, "dpdk") != 0)                               /* its wire went with the run */
        assert_int_equal(SCENE_SHELL("dataplane --config demo/demo.yaml --seconds 1"), 0); /* its place is free */
}

/* Namespaces with a name, and interfaces, of this host. */
static void host_network(char *into, size_t bytes)
{
    FILE *f = popen("ls /run/netns 2>/dev/null; cut -d: -f1 /proc/net/dev", "r");
    assert_non_null(f);
    into[fread(into, 1, bytes - 1, f)] = 0;
    pclose(f);
}

static void the_host_is_as_it_was_after_a_run_over_dpdk(void **state)
{
    (void)state;
    static char before[8192], after[8192];
    host_network(before, sizeof before);
    scene_run("--seconds 3 --json");
    assert_non_null(strstr(scene.out, "\"source\":\"dpdk\""));
    assert_true(scene_number(scene.out, "messages") > 100);
    host_network(after, sizeof after);
    assert_string_equal(before, after);
}

static void a_live_run_over_dpdk_replays_to_its_digests(void **state)
{
    (void)state;
    live_equals_replay("dpdk", 1);
}

/* One user-space stack a process: two data planes, each over a wire and a port of its own, and one control plane that serves both. */
static void one_control_plane_serves_two_data_planes_over_dpdk(void **state)
{
    (void)state;
    const char *const first[] = {"run", "--no-view", "--source", scene.source, NULL};
    const char *const second[] = {"run", "--no-view", "--source", scene.source, "--instance", "second", NULL};
    const char *const third[] = {"controlplane",
                                 "--instance",
                                 "third",
                                 "--workspace",
                                 "demo=demo/workspace",
                                 "--workspace",
                                 "second=second/workspace",
                                 NULL};
    scene_start(first, NULL);
    scene_start(second, NULL);
    assert_true(scene_live("demo", 30));
    assert_true(scene_live("second", 30));
    scene_start(third, NULL);
    bool both = false;
    for (int i = 0; i < 100 && !both; i++, mr_test_rest(100)) {
        if (SCENE_SHELL("ctl --instance third --json show status") != 0)
            continue;
        const char *demo = strstr(scene.out, "\"name\":\"demo\""), *other = strstr(scene.out, "\"name\":\"second\"");
        both = demo && other && strcmp(scene_value(demo, "alive"), "true") == 0 &&
               strcmp(scene_value(other, "alive"), "true") == 0;
    }
    assert_true(both);
    for (const char *at = strstr(scene.out, "\"name\":\"demo\""); at; at = strstr(at + 1, "\"name\":\"second\"")) {
        assert_int_equal(scene_number(at, "books_live"), SCENE_BOOKS);
        assert_int_equal(scene_number(at, "connections_live"), SCENE_CONNECTIONS);
    }
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_open, scene_close)
    const struct CMUnitTest tests[] = {
        TEST(one_command_brings_all_venues_over_tls_to_live_books_and_signals),
        TEST(latency_is_read_from_the_workspace_that_a_run_left),
        TEST(a_live_run_over_io_uring_replays_to_its_digests),
        TEST(a_live_run_over_plain_sockets_replays_to_its_digests),
        TEST(live_runs_of_two_feed_tiles_replay_to_their_digests),
        TEST(whoever_is_killed_the_rest_lives_and_all_is_live_again),
    };
    const struct CMUnitTest bypass[] = {
        TEST(one_command_brings_all_venues_over_tls_to_live_books_and_signals),
        TEST(a_live_run_over_dpdk_replays_to_its_digests),
        TEST(whoever_is_killed_the_rest_lives_and_all_is_live_again),
        TEST(the_host_is_as_it_was_after_a_run_over_dpdk),
        TEST(one_control_plane_serves_two_data_planes_over_dpdk),
    };
    int code = scene_begin(argc, argv);
    if (code)
        return code;
    bool over_dpdk = strcmp(scene.source, "dpdk") == 0;
    return (over_dpdk ? cmocka_run_group_tests(bypass, NULL, NULL) : cmocka_run_group_tests(tests, NULL, NULL)) ? 1 : 0;
}
