/* The whole system from outside: simulated exchange, data plane, control plane, over TLS on the loopback. The program is the first argument.
 *
 * Counts, states and digests are asserted, never a time: the machine may be busy. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/clock/clock.h"
#include "tests/support/support.h"

static const char *program;
static char folder[64];
static char out[1 << 20], again[1 << 20];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-live-XXXXXX");
    if (!mkdtemp(folder))
        return 1;
    setenv("MILLRACE_RUN", folder, 1);
    setenv("MILLRACE_DATA", folder, 1);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

static int shell(const char *args, char *into, size_t bytes)
{
    char command[2048];
    snprintf(command, sizeof command, "cd '%s' && { '%s' %s; } 2>>log", folder, program, args);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    size_t n = fread(into, 1, bytes - 1, f);
    into[n] = 0;
    int status = pclose(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void show_log(void)
{
    char command[128];
    snprintf(command, sizeof command, "tail -40 '%s/log' >&2", folder);
    if (system(command) != 0)
        print_error("no log\n");
}

/* The value behind "key": in a JSON text, as text up to the next comma or brace. */
static const char *value(const char *json, const char *key)
{
    char wanted[80];
    static char found[4][160];
    static int turn;
    snprintf(wanted, sizeof wanted, "\"%s\":", key);
    const char *at = strstr(json, wanted);
    if (!at)
        print_error("no %s in %.400s\n", key, json);
    assert_non_null(at);
    at += strlen(wanted);
    char *into = found[turn++ % 4];
    snprintf(into, sizeof found[0], "%.*s", (int)strcspn(at, ",}]"), at);
    return into;
}

static const char *digests(const char *json)
{
    const char *at = strstr(json, "\"digests\":");
    assert_non_null(at);
    return at;
}

static long number(const char *json, const char *key) { return strtol(value(json, key), NULL, 10); }

static void run(const char *args)
{
    int code = shell(args, out, sizeof out);
    if (code)
        show_log();
    assert_int_equal(code, 0);
}

/* ---- one command ---- */

static void one_command_brings_four_venues_over_tls_to_live_books_and_signals(void **state)
{
    (void)state;
    run("run --seconds 20 --json");
    assert_true(number(out, "messages") > 1000);
    assert_int_equal(number(out, "gaps"), 0);
    const char *books = strstr(out, "\"books\":");
    assert_int_equal(number(books, "all"), 9);
    assert_int_equal(number(books, "live"), 9);
    assert_int_equal(number(books, "crossed"), 0);
    assert_int_equal(number(books, "mismatches"), 0);
    assert_true(number(books, "checksums") > 50);
    assert_true(number(out, "cascades") >= 1);
    for (const char *at = out; (at = strstr(at, "\"route\":")); at++)
        assert_string_equal(value(at, "state"), "\"live\"");
    static const char *const feeds[] = {"binance:usdm", "binance:spot", "bybit:linear", "okx:public",
                                        "hyperliquid:perp"};
    for (size_t i = 0; i < MR_COUNT_OF(feeds); i++) {
        char key[48];
        snprintf(key, sizeof key, "\"%s\":{", feeds[i]);
        const char *feed = strstr(out, key);
        assert_non_null(feed);
        assert_true(number(feed, "messages") > 50);
        assert_int_equal(number(feed, "malformed"), 0);
        assert_int_equal(number(feed, "unknown"), 0);
    }
    const char *drops = strstr(out, "\"drops\":");
    static const char *const none[] = {"ring_full", "refused", "no_join", "no_book", "dropped", "signals_lost", "lost"};
    for (size_t i = 0; i < MR_COUNT_OF(none); i++)
        assert_int_equal(number(drops, none[i]), 0);
    assert_true(number(strstr(out, "\"wire_to_engines_done\":"), "count") > 1000);
    assert_true(number(strstr(out, "\"wire_to_signal\":"), "count") > 0);
    assert_true(number(out, "peak_rss_bytes") < 500000000);
    printf("peak resident memory of all processes: %ld MB\n", number(out, "peak_rss_bytes") / 1000000);
}

/* ---- latency, from what a run left ---- */

static void expect(const char *args, int code, const char *says)
{
    char with[512];
    snprintf(with, sizeof with, "%s 2>&1", args);
    int got = shell(with, out, sizeof out);
    if (got != code || !strstr(out, says))
        print_error("%s: exit %d, want %d and \"%s\":\n%.1500s\n", args, got, code, says, out);
    assert_int_equal(got, code);
    assert_non_null(strstr(out, says));
}

static void latency_is_read_from_the_workspace_that_a_run_left(void **state)
{
    (void)state;
    run("run --seconds 6 --json");
    long path = number(strstr(out, "\"wire_to_engines_done\":"), "count");
    char count[48];
    run("latency --instance demo --json");
    const char *row = strstr(out, "\"path_ns\"");
    assert_non_null(row);
    assert_int_equal(number(row, "count"), path);
    assert_true(number(row, "p50") > 0 && number(row, "p50") <= number(row, "p99") &&
                number(row, "p99") <= number(row, "p99_999"));
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
    snprintf(args, sizeof args, "run --seconds %d --json --record rec-%s-%d --source %s --feed-tiles %d",
             getenv("MILLRACE_QUICK") ? 8 : 16, source, tiles, source, tiles);
    run(args);
    snprintf(replay, sizeof replay, "replay rec-%s-%d --digest --json", source, tiles);
    int code = shell(replay, again, sizeof again);
    if (code)
        show_log();
    assert_int_equal(code, 0);
    assert_string_equal(value(digests(out), "events"), value(digests(again), "events"));
    assert_string_equal(value(digests(out), "signals"), value(digests(again), "signals"));
    assert_int_equal(number(strstr(out, "\"events\":"), "book"), number(strstr(again, "\"events\":"), "book"));
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
    live_equals_replay("socket", 2);
}

/* ---- killed ---- */

static pid_t start(const char *const *args)
{
    pid_t pid = fork();
    if (pid == 0) {
        char log[128];
        const char *argv[16] = {program};
        for (size_t i = 0; args[i]; i++)
            argv[i + 1] = args[i];
        snprintf(log, sizeof log, "%s/log", folder);
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(fd, STDOUT_FILENO);
        dup2(fd, STDERR_FILENO);
        if (chdir(folder) == 0)
            execv(program, (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    assert_true(pid > 0);
    return pid;
}

static long pid_of(const char *child)
{
    char path[160], text[32] = "";
    snprintf(path, sizeof path, "%s/demo/%s.pid", folder, child);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        fclose(f);
    return n ? atol(text) : 0;
}

static void rest(int ms)
{
    struct timespec t = {ms / 1000, ms % 1000 * 1000000l};
    while (nanosleep(&t, &t) != 0 && errno == EINTR) {
    }
}

/* All connections live and all books live, as an operator would see it; within `seconds`. */
static int64_t slowest_ns;

static bool becomes_live(int seconds)
{
    int64_t begun = mr_clock_mono();
    for (int i = 0; i < seconds * 5; i++, rest(200)) {
        if (shell("ctl --instance demo --json show status", out, sizeof out) != 0)
            continue;
        const char *books = strstr(out, "\"books_live\":"), *connections = strstr(out, "\"connections_live\":");
        if (strstr(out, "\"alive\":true") && books && connections && number(out, "books_live") == 9 &&
            number(out, "connections_live") == 6) {
            if (mr_clock_mono() - begun > slowest_ns)
                slowest_ns = mr_clock_mono() - begun;
            return true;
        }
    }
    print_error("not live: %.2000s\n", out);
    show_log();
    return false;
}

static long path_count(void)
{
    assert_int_equal(shell("latency --instance demo --json", out, sizeof out), 0);
    return number(strstr(out, "\"path_ns\""), "count");
}

static void whoever_is_killed_the_rest_lives_and_all_is_live_again(void **state)
{
    (void)state;
    static const char *const args[] = {"run", "--no-view", NULL};
    static const char *const victims[] = {"dataplane", "controlplane", "exchange"};
    const char *asked = getenv("MILLRACE_KILLS"); /* of each; ./dev test --all has 50 */
    int rounds = asked ? atoi(asked) : getenv("MILLRACE_QUICK") ? 1 : 3;
    pid_t supervisor = start(args);
    assert_true(becomes_live(30));
    slowest_ns = 0;
    struct mr_random r = {7};
    for (int round = 0; round < rounds; round++) {
        for (size_t v = 0; v < MR_COUNT_OF(victims); v++) {
            long before[3];
            for (size_t i = 0; i < 3; i++)
                before[i] = pid_of(victims[i]);
            assert_true(before[v] > 1);
            rest((int)mr_random_below(&r, 700));
            assert_int_equal(kill((pid_t)before[v], SIGKILL), 0);
            for (int i = 0; i < 100 && pid_of(victims[v]) == before[v]; i++)
                rest(50);
            assert_true(becomes_live(30));
            for (size_t i = 0; i < 3; i++) /* nobody else was touched */
                assert_true(i == v ? pid_of(victims[i]) != before[i] : pid_of(victims[i]) == before[i]);
        }
    }
    shell("ctl --instance demo show status", out, sizeof out);
    printf("%d kills of each; all live again at most %.1f s after the restart; as the admin socket sees it then:\n%s",
           rounds, (double)slowest_ns / 1e9, out);
    /* an operator's words: histograms begin anew, a feed pauses and resumes, one book is fetched anew; the rest goes on */
    long paths = path_count();
    assert_true(paths > 100);
    assert_int_equal(shell("ctl --instance demo latency reset", out, sizeof out), 0);
    rest(500);
    assert_true(path_count() < paths);
    assert_int_equal(shell("ctl --instance demo feed pause binance:usdm", out, sizeof out), 0);
    rest(1000);
    assert_int_equal(shell("ctl --instance demo --json show status", out, sizeof out), 0);
    assert_int_equal(number(out, "connections_live"), 4);
    assert_int_equal(number(out, "books_live"), 7);
    assert_int_equal(shell("ctl --instance demo feed resume binance:usdm", out, sizeof out), 0);
    assert_true(becomes_live(30));
    assert_int_equal(shell("ctl --instance demo feed resync okx:public BTC-USDT-SWAP", out, sizeof out), 0);
    rest(500);
    assert_true(becomes_live(30));
    /* the supervisor's death ends nobody, and the next one takes them over */
    long before = pid_of("dataplane");
    kill(supervisor, SIGKILL);
    waitpid(supervisor, NULL, 0);
    rest(500);
    assert_int_equal(kill((pid_t)before, 0), 0);
    supervisor = start(args);
    rest(1500);
    assert_int_equal(pid_of("dataplane"), before);
    assert_true(becomes_live(30));
    assert_int_equal(shell("ctl --instance demo shutdown", out, sizeof out), 0); /* as an administrator would end it */
    int status;
    pid_t ended = 0;
    for (int i = 0; i < 300 && ended == 0; i++, rest(100))
        ended = waitpid(supervisor, &status, WNOHANG);
    assert_int_equal(ended, supervisor); /* it starts nobody again, and ends */
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(shell("ctl --instance demo show status", out, sizeof out), 4); /* nobody answers */
    assert_int_equal(shell("dataplane --config demo/demo.yaml --seconds 1", out, sizeof out),
                     0); /* its place is free */
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_command_brings_four_venues_over_tls_to_live_books_and_signals, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(latency_is_read_from_the_workspace_that_a_run_left, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_live_run_over_io_uring_replays_to_its_digests, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_live_run_over_plain_sockets_replays_to_its_digests, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(live_runs_of_two_feed_tiles_replay_to_their_digests, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(whoever_is_killed_the_rest_lives_and_all_is_live_again, make_folder,
                                        remove_folder),
    };
    if (argc != 2)
        return 2;
    program = realpath(argv[1], NULL);
    return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
