/* The millrace program from outside: verbs, exit codes, messages, round trips of recordings. The program is the first
 * argument. */
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/support.h"

static const char *program;
static char folder[64];

/* Runs `millrace ARGS` in a shell inside `folder`; output of both streams, and the exit code. */
static int run(const char *args, char *out, size_t bytes)
{
    return mr_test_shell(out, bytes, "cd '%s' && '%s' %s 2>&1", folder, program, args);
}

static char out[1 << 20];

static void expect(const char *args, int code, const char *says)
{
    int got = run(args, out, sizeof out);
    if (got != code || (says && !strstr(out, says)))
        print_error("millrace %s: exit %d, want %d and \"%s\":\n%.2000s\n", args, got, code, says ? says : "", out);
    assert_int_equal(got, code);
    assert_true(!says || strstr(out, says));
}

static void put(const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
}

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-cmd-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state)
{
    (void)state;
    return mr_test_remove(folder);
}

static void slips_of_the_operator_get_exit_2_and_a_sentence(void **state)
{
    (void)state;
    put("ok.jsonl", "{}\n");
    /* clang-format off */
    static const struct { const char *args, *says; } cases[] = {
        {"", "usage: millrace VERB"},
        {"dance", "no verb \"dance\""},
        {"replay", "no files"},
        {"replay ok.jsonl", "--venue VENUE:PRODUCT"},
        {"replay --venue binanse:usdm ok.jsonl", "binanse"},
        {"replay --venue binance:nothing ok.jsonl", "nothing"},
        {"replay --venue binance:usdm --pace fast ok.jsonl", "--pace fast"},
        {"replay --venue binance:usdm --pace -1 ok.jsonl", "--pace -1"},
        {"replay --venue binance:usdm --reference BTC ok.jsonl", "VENUE:PRODUCT:SYMBOL"},
        {"replay --venue binance:usdm --instruments 0 ok.jsonl", "--instruments 0"},
        {"replay --no-such-option", "unrecognized option"},
        {"capture", "want an action"},
        {"capture fold x", "no action \"fold\""},
        {"capture cut ok.jsonl", "give --out"},
        {"capture cut --from yesterday --out x ok.jsonl", "--from yesterday"},
        {"evaluate", "what to play"},
        {"evaluate ok.jsonl", "what is true"},
        {"evaluate --generate 20 --level loud", "--level loud"},
        {"generate", "give --out"},
        {"play file", "play takes no files"},
        {"play --seconds soon", "--seconds soon"},
        {"version --loud", "usage: millrace version"},
        {"jitter core", "no argument is wanted here"},
        {"jitter --cores 0-", "want a list of cores"},
        {"jitter --cores 4095", "core 4095: this process may not run there"},
        {"jitter --seconds 0", "want a number from 0.05 to 86400"},
        {"jitter --threshold 0", "want a number from 1 to 1e+09"},
        {"jitter --json --hdr", "choose one"},
    };
    /* clang-format on */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++)
        expect(cases[i].args, 2, cases[i].says);
}

static void files_that_cannot_be_used_are_named(void **state)
{
    (void)state;
    put("garbage.bin", "garbage");
    put("wrong.seg", "MRCAPSEG and then something else that is no header at all, but long enough to be taken for one: "
                     "0123456789012345678901234567890123456789012345678901234567890123456789");
    expect("replay --venue binance:usdm missing.jsonl", 3, "missing.jsonl: cannot read");
    expect("replay garbage.bin", 2, "garbage.bin: neither a segment nor JSON lines");
    expect("replay wrong.seg", 2, "wrong.seg: a version this build does not read");
    expect("capture info missing.seg", 3, "missing.seg");
}

/* As nobody, in a run folder that is root's alone: each says which path it may not use, and the way out. */
static void a_run_folder_without_permission_is_named_with_the_way_out(void **state)
{
    (void)state;
    static const struct {
        const char *args[6];
        int code;
        const char *path, *way;
    } cases[] = {
        {{"millrace", "run", "--seconds", "1", NULL}, 3, "/demo: cannot make the run folder", "set MILLRACE_RUN"},
        {{"millrace", "dataplane", "--config", "ok.yaml", NULL}, 3, "/default: cannot make", "set MILLRACE_RUN"},
        {{"millrace", "controlplane", "--config", "ok.yaml", NULL}, 3, "/default: cannot make", "set MILLRACE_RUN"},
        {{"millrace", "exchange", "--seconds", "1", NULL}, 3, "exchange-certs: Permission denied", "--certs"},
        {{"millrace", "ctl", "help", NULL}, 4, "/default/admin.sock: Permission denied", "its owner and group"},
        {{"millrace", "tap", NULL}, 4, "/default/workspace: cannot open", "in the file's group"},
        {{"millrace", "latency", NULL}, 4, "/default/workspace: cannot open", "in the file's group"},
        {{"millrace", "top", NULL}, 4, "/default/workspace: cannot open", "in the file's group"},
    };
    if (geteuid() != 0) {
        mr_test_skip_line("only root can become somebody who may less");
        skip();
    }
    put("ok.yaml", "feeds:\n  - product: binance:usdm\n    symbols: [BTCUSDT]\n");
    char locked[128];
    snprintf(locked, sizeof locked, "%s/locked", folder);
    assert_int_equal(chmod(folder, 0755) | mkdir(locked, 0700), 0);
    int exec = open(program, O_RDONLY); /* its folder may be root's too */
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        int ends[2], status;
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        if (child == 0) {
            dup2(ends[1], 1);
            dup2(ends[1], 2);
            close(ends[0]);
            close(ends[1]);
            setenv("MILLRACE_RUN", locked, 1);
            setenv("MILLRACE_DATA", locked, 1);
            if (chdir(folder) != 0 || setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0)
                _exit(99);
            fexecve(exec, (char *const *)(uintptr_t)cases[i].args, environ);
            _exit(98);
        }
        close(ends[1]);
        ssize_t len = 0, n;
        while ((n = read(ends[0], out + len, 8192)) > 0)
            len += n;
        out[len] = 0;
        close(ends[0]);
        assert_int_equal(waitpid(child, &status, 0), child);
        bool good = WIFEXITED(status) && WEXITSTATUS(status) == cases[i].code && strstr(out, cases[i].path) &&
                    strstr(out, cases[i].way) && strchr(out, '\n') == out + len - 1; /* one sentence, no more */
        if (!good)
            print_error("%s as nobody: status %x, want %d, \"%s\" and \"%s\":\n%s\n", cases[i].args[1],
                        (unsigned)status, cases[i].code, cases[i].path, cases[i].way, out);
        assert_true(good);
    }
    close(exec);
}

static void help_is_good_and_says_what_there_is(void **state)
{
    (void)state;
    expect("--help", 0, "replay");
    static const char *const verbs[] = {"run", "play", "replay", "evaluate", "generate", "capture", "latency"};
    for (size_t i = 0; i < MR_COUNT_OF(verbs); i++) {
        char args[64];
        snprintf(args, sizeof args, "%s --help", verbs[i]);
        expect(args, 0, "Usage:");
    }
    expect("version --json", 0, "\"kernels\":[\"scalar\"");
}

/* One core for a tenth of a second: what is said, never how long anything took. */
static void the_noise_of_a_core_is_told_in_three_forms(void **state)
{
    (void)state;
    cpu_set_t allowed;
    char args[64];
    size_t core = 0;
    sched_getaffinity(0, sizeof allowed, &allowed);
    while (!CPU_ISSET(core, &allowed))
        core++;
    snprintf(args, sizeof args, "jitter --seconds 0.1 --cores %zu", core);
    expect(args, 0, "1 core at once, 0.1 s;");
    assert_non_null(strstr(out, "ns stolen ("));
    assert_non_null(strstr(out, "taken for another thread"));
    assert_non_null(strstr(out, "  interrupts: "));
    snprintf(args, sizeof args, "jitter --seconds 0.1 --hdr --cores %zu", core);
    expect(args, 0, "gap_ns [ns]\n       Value     Percentile TotalCount 1/(1-Percentile)");
    snprintf(args, sizeof args, "jitter --seconds 0.1 --json --cores %zu", core);
    static const char *const members[] = {"\"threshold_ns\":1000", "\"gap_ns\":{\"count\":", "\"negative\":0",
                                          "\"longest\":[",         "\"stolen_share\":0",     "\"interrupts\":"};
    for (size_t i = 0; i < MR_COUNT_OF(members); i++)
        expect(args, 0, members[i]);
}

static void a_forced_kernel_is_used_or_refused_never_ignored(void **state)
{
    (void)state;
    setenv("MILLRACE_KERNEL", "scalar", 1);
    expect("version", 0, "scalar (active)");
    setenv("MILLRACE_KERNEL", "turbo", 1);
    expect("version", 2, "no such kernel; known: scalar, sse42, avx2, avx512");
    unsetenv("MILLRACE_KERNEL");
}

static void digests_of(const char *args, char digests[200])
{
    assert_int_equal(run(args, out, sizeof out), 0);
    const char *at = strstr(out, "\"digests\":");
    assert_non_null(at);
    snprintf(digests, 200, "%.*s", (int)strcspn(at, "}"), at);
}

static void a_recording_keeps_its_digests_through_export_import_cut_and_merge(void **state)
{
    (void)state;
    char first[200], next[200];
    expect("generate --seed 5 --minutes 1 --out g.seg", 0, "g.seg: ");
    digests_of("replay --json --digest g.seg", first);
    expect("capture info g.seg", 0, "REST bodies");

    /* in two at a moment, and together again */
    expect("capture cut --to 1700000020000000000 --out a.seg g.seg", 0, "a.seg: ");
    expect("capture cut --from 1700000020000000000 --zstd 3 --out b.seg g.seg", 0, "b.seg: ");
    expect("capture merge --zstd 1 --out ab.seg a.seg b.seg", 0, "ab.seg: ");
    digests_of("replay --json --digest ab.seg", next);
    assert_string_equal(next, first);
    digests_of("replay --json --digest a.seg b.seg", next); /* merged while playing */
    assert_string_equal(next, first);

    /* never over what is there, unless told */
    expect("capture merge --out ab.seg a.seg", 3, "--force overwrites it");
    expect("capture merge --force --out ab.seg a.seg", 0, NULL);

    /* through JSON lines, which say whose they are */
    expect("capture export --out text g.seg", 0, "text: ");
    expect("capture info --json text.jsonl", 0, "\"backwards\":0");
}

static void json_lines_and_the_segment_imported_from_them_replay_alike(void **state)
{
    (void)state;
    char first[200], next[200];
    put("x.jsonl", "{\"e\":\"aggTrade\",\"E\":2,\"a\":7,\"s\":\"BTCUSDT\",\"p\":\"1.5\",\"q\":\"2\",\"f\":1,\"l\":1,"
                   "\"T\":1,\"m\":true}\n"
                   "{\"e\":\"depthUpdate\",\"E\":3,\"T\":3,\"s\":\"BTCUSDT\",\"U\":1,\"u\":5,\"pu\":0,\"b\":[[\"1\","
                   "\"2\"]],\"a\":[]}\n");
    put("x.recv", "100\n300\n");
    put("x.rest.json", "[{\"url\":\"/fapi/v1/"
                       "depth?symbol=BTCUSDT\",\"recv_ns\":200,\"body\":{\"lastUpdateId\":3,\"bids\":[[\"1\",\"1\"]],"
                       "\"asks\":[[\"2\",\"1\"]]}}]");
    digests_of("replay --json --digest --venue binance:usdm x.jsonl", first);
    expect("capture import --venue binance:usdm --out x.seg x.jsonl", 0, "x.seg: 3 records");
    digests_of("replay --json --digest x.seg", next);
    assert_string_equal(next, first);
    expect("replay --json x.seg", 0, "\"live\":1");
    expect("capture export --out back x.seg", 0, "back: 2 messages, 1 bodies");
    digests_of("replay --json --digest --venue binance:usdm back.jsonl", next);
    assert_string_equal(next, first);
}

static void bad_messages_are_findings_not_failures(void **state)
{
    (void)state;
    put("bad.jsonl", "{\"e\":\"aggTrade\",\"E\":2\nhello\n{\"e\":\"newThing\"}\n"
                     "{\"e\":\"aggTrade\",\"E\":2,\"a\":7,\"s\":\"BTCUSDT\",\"p\":\"1.5\",\"q\":\"2\",\"f\":1,\"l\":1,"
                     "\"T\":1,\"m\":true}\n");
    expect("replay --json --venue binance:usdm bad.jsonl", 1, "\"malformed\":2");
    expect("replay --json --venue binance:usdm bad.jsonl", 1, "\"unknown_kinds\":{\"newThing\":1}");
    expect("replay --json --venue binance:usdm bad.jsonl", 1, "\"aggTrade\":1");
    expect("replay -V --venue binance:usdm bad.jsonl", 1, "refused: MALFORMED");
}

static void a_torn_segment_plays_to_its_tear_and_is_a_finding(void **state)
{
    (void)state;
    char command[256];
    expect("generate --seed 5 --minutes 1 --out g.seg", 0, NULL);
    snprintf(command, sizeof command, "head -c 300000 '%s/g.seg' > '%s/torn.seg'", folder, folder);
    assert_int_equal(system(command), 0);
    expect("replay --json torn.seg", 1, "\"torn_files\":1");
    assert_non_null(strstr(out, "\"malformed\":0"));
}

static void compact_records_are_18_bytes_each(void **state)
{
    (void)state;
    put("l.jsonl", "{\"topic\":\"allLiquidation.BTCUSDT\",\"type\":\"snapshot\",\"ts\":1700000000500,\"data\":[{\"T\":"
                   "1700000000100,\"s\":\"BTCUSDT\",\"S\":\"Buy\",\"v\":\"0.5\",\"p\":\"82000\"},"
                   "{\"T\":1700000000200,\"s\":\"BTCUSDT\",\"S\":\"Sell\",\"v\":\"0.1\",\"p\":\"82100\"}]}\n");
    expect("capture compact --venue bybit:linear --out l.bin l.jsonl", 0, "2 liquidations, 0 fields saturated");
    size_t len;
    uint8_t *records = mr_test_read(folder, "l.bin", &len);
    assert_int_equal(len, 36);
    assert_int_equal(records[8], 1); /* Bybit's Buy: a long was liquidated */
    assert_int_equal(records[18 + 8], 2);
    free(records);
}

static void play_plays_the_generator_where_there_are_no_recordings(void **state)
{
    (void)state;
    setenv("MILLRACE_CAPTURES", "/no/such/folder", 1);
    expect("play --seconds 1 --json", 0, "\"books\":{\"total\":9,\"live\":9");
    expect("play --seconds 1 --pace 50", 0, "The generator plays instead");
    unsetenv("MILLRACE_CAPTURES");
}

/* A measure of the rule at the first horizon: a number, or an object with "value" first. */
static double figure(const char *measure)
{
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", measure);
    const char *rule = strstr(out, "\"rule\":{"), *at = rule ? strstr(rule, key) : NULL;
    if (!at)
        print_error("no %s in %.600s\n", measure, out);
    assert_non_null(at);
    at += strlen(key);
    return atof(strncmp(at, "{\"value\":", 9) == 0 ? at + 9 : at);
}

/* The bar of the requirement on the labelled streams that ship (E-26). */
static void cascades_are_signalled_and_quiet_stretches_are_not(void **state)
{
    (void)state;
    int seeds = getenv("MILLRACE_QUICK") ? 1 : 4;
    for (int seed = 1; seed <= seeds; seed++) {
        char args[128];
        snprintf(args, sizeof args, "evaluate --generate 60 --seed %d --horizon 60 --json", seed);
        assert_int_equal(run(args, out, sizeof out), 0);
        assert_true(figure("recall") >= 0.95);
        assert_true(figure("precision") >= 0.8);
        assert_true(figure("false_positive_rate") < 0.2);
        assert_non_null(strstr(out, "beats_random"));
        printf("seed %d: recall %.2f, precision %.2f, median lead %.1f s\n", seed, figure("recall"),
               figure("precision"), figure("lead_median_s"));
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(slips_of_the_operator_get_exit_2_and_a_sentence, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(files_that_cannot_be_used_are_named, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_run_folder_without_permission_is_named_with_the_way_out, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(help_is_good_and_says_what_there_is, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(the_noise_of_a_core_is_told_in_three_forms, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_forced_kernel_is_used_or_refused_never_ignored, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_recording_keeps_its_digests_through_export_import_cut_and_merge, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(json_lines_and_the_segment_imported_from_them_replay_alike, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(bad_messages_are_findings_not_failures, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(a_torn_segment_plays_to_its_tear_and_is_a_finding, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(compact_records_are_18_bytes_each, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(play_plays_the_generator_where_there_are_no_recordings, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(cascades_are_signalled_and_quiet_stretches_are_not, make_folder, remove_folder),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: %s MILLRACE\n", argv[0]);
        return 1;
    }
    program = realpath(argv[1], NULL);
    return MR_TEST_MAIN(tests);
}
