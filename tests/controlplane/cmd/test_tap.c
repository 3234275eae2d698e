/* `millrace tap` and the example program from outside, on a writer's workspace: argv[1] the program, argv[2] the example. */
#include "codecs/json/json.h"
#include "dataplane/clock/clock.h"
#include "tests/controlplane/consume/writer.h"
#include "tests/support/support.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program, *example;
static struct writer w;

struct child {
    pid_t pid;
    FILE *out;
};

/* Runs it with its output in a pipe and its other words left out. */
static struct child run(const char *path, const char *const *args)
{
    const char *argv[16] = {path};
    int ends[2], n = 1;
    for (; args[n - 1]; n++)
        argv[n] = args[n - 1];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(ends[1], 1);
        close(ends[0]);
        if (!freopen("/dev/null", "w", stderr))
            _exit(99);
        execv(path, (char *const *)(uintptr_t)argv);
        _exit(99);
    }
    close(ends[1]);
    return (struct child){pid, fdopen(ends[0], "r")};
}

static int finish(struct child *c)
{
    int status;
    fclose(c->out);
    assert_int_equal(waitpid(c->pid, &status, 0), c->pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* The value of a key of the object on this line: legal JSON, or the test fails. */
static bool value_of(const char *line, const char *key, char *out, size_t bytes)
{
    struct mr_json j;
    struct mr_span name, value;
    bool found = false;
    mr_json_open(&j, (const uint8_t *)line, (uint32_t)strcspn(line, "\n"));
    assert_true(mr_json_object(&j));
    while (mr_json_key(&j, &name)) {
        bool it = mr_json_key_is(&j, name, key);
        assert_true(mr_json_raw(&j, &value));
        if (it) {
            bool quoted = value.len > 1 && value.data[0] == '"';
            snprintf(out, bytes, "%.*s", (int)value.len - 2 * quoted, (const char *)value.data + quoted);
            found = true;
        }
    }
    assert_int_equal(mr_json_close(&j), MR_OK);
    return found;
}

static void fill(void)
{
    for (int i = 0; i < 10; i++) {
        writer_trade(&w, (uint32_t)i % 2);
        writer_book(&w, 3, 2);
    }
    writer_signal(&w, 1);
}

static uint32_t lines(struct child *c)
{
    char line[65536];
    uint32_t n = 0;
    while (fgets(line, sizeof line, c->out))
        n++;
    return n;
}

static void options_choose_what_is_shown(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        const char *args[10];
        uint32_t want;
    } cases[] = {
        {"all", {"tap", "-i", "test", "--oldest", "--seconds", "0.3"}, 21},
        {"events", {"tap", "-i", "test", "--oldest", "--events", "--seconds", "0.3"}, 10},
        {"books", {"tap", "-i", "test", "--oldest", "--books", "--seconds", "0.3"}, 10},
        {"signals", {"tap", "-i", "test", "--oldest", "--signals", "--seconds", "0.3"}, 1},
        {"a count", {"tap", "-i", "test", "--oldest", "--count", "7"}, 7},
        {"a symbol", {"tap", "-i", "test", "--oldest", "-s", "ETHUSDT", "--seconds", "0.3"}, 5},
        {"a full name", {"tap", "-i", "test", "--oldest", "-s", "binance:spot:ETHUSDT", "--seconds=0.3"}, 5},
        {"an underlying", {"tap", "-i", "test", "--oldest", "-s", "BTC", "--seconds", "0.3"}, 16},
        {"from now on", {"tap", "-i", "test", "--seconds", "0.3"}, 0},
    };
    writer_folder(&w);
    writer_start(&w, 1024);
    fill();
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct child c = run(program, cases[i].args);
        uint32_t got = lines(&c);
        if (got != cases[i].want)
            print_error("%s\n", cases[i].says);
        assert_int_equal(got, cases[i].want);
        assert_int_equal(finish(&c), 0);
    }
    writer_remove(&w);
}

static void json_lines_hold_what_the_tap_holds(void **state)
{
    (void)state;
    writer_folder(&w);
    writer_start(&w, 1024);
    fill();
    struct child c =
        run(program, (const char *const[]){"tap", "-w", w.path, "--oldest", "--json", "--count", "21", NULL});
    char line[65536], text[256], want[32];
    uint64_t trades = 0, place = 0;
    for (int i = 0; i < 21; i++) {
        assert_non_null(fgets(line, sizeof line, c.out));
        assert_true(value_of(line, "kind", text, sizeof text));
        if (strcmp(text, "trade") == 0) {
            snprintf(want, sizeof want, "67123.45%06llu", (unsigned long long)trades); /* the eighth digit counts */
            assert_true(value_of(line, "price", text, sizeof text));
            assert_string_equal(text, trades ? want : "67123.45");
            assert_true(value_of(line, "side", text, sizeof text) && strcmp(text, "sell") == 0);
            assert_true(value_of(line, "instrument", text, sizeof text));
            assert_string_equal(text, trades % 2 ? "binance:spot:ETHUSDT" : "binance:spot:BTCUSDT");
            trades++;
        } else if (strcmp(text, "book") == 0) {
            assert_true(value_of(line, "bids", text, sizeof text));
            assert_string_equal(text, "[[\"0\",\"0\"],[\"0.000001\",\"0.00000001\"],[\"0.000002\",\"0.00000002\"]]");
        } else {
            assert_string_equal(text, "signal");
            assert_true(value_of(line, "level", text, sizeof text) && strcmp(text, "CRITICAL") == 0);
            continue;
        }
        value_of(line, "place", text, sizeof text);
        assert_int_equal(strtoull(text, NULL, 10), place);
        value_of(line, "slots", text, sizeof text);
        place += strtoull(text, NULL, 10);
    }
    assert_int_equal(trades, 10);
    assert_int_equal(finish(&c), 0);
    writer_remove(&w);
}

/* Nobody reads its output until all is written: the pipe fills, the tap stands still, the ring goes round. */
static void a_slow_pipe_makes_counted_laps_and_no_other_loss(void **state)
{
    (void)state;
    writer_folder(&w);
    writer_start(&w, 1024);
    for (int i = 0; i < 10; i++)
        writer_trade(&w, 0);
    struct child c = run(program, (const char *const[]){"tap", "-i", "test", "--oldest", "--events", "--json", NULL});
    char line[4096], text[64];
    uint64_t seen = 0, lost = 0, laps = 0;
    assert_non_null(fgets(line, sizeof line, c.out)); /* it is there */
    seen++;
    for (int round = 0; round < 500; round++) {
        for (int i = 0; i < 400; i++)
            writer_trade(&w, 0);
        usleep(200);
    }
    while (seen + lost < w.sent && fgets(line, sizeof line, c.out)) {
        assert_true(value_of(line, "kind", text, sizeof text));
        if (strcmp(text, "lapped") == 0) {
            assert_true(value_of(line, "lost_slots", text, sizeof text));
            lost += strtoull(text, NULL, 10);
            laps++;
            continue;
        }
        assert_true(value_of(line, "seq", text, sizeof text));
        assert_int_equal(strtoull(text, NULL, 10), seen + lost);
        seen++;
    }
    assert_int_equal(seen + lost, w.sent);
    assert_true(laps > 0);
    kill(c.pid, SIGINT);
    assert_int_equal(finish(&c), 0);
    writer_remove(&w);
}

/* ---- at full speed ---- */

#define PER_MS 100u /* a hundred thousand events a second */

/* In a process of its own, so that whoever reads the program's output cannot hold it up. */
static pid_t write_events(uint32_t count)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    int64_t due_ns = mr_clock_mono();
    for (uint32_t i = 0; i < count; i++) {
        writer_trade(&w, 0);
        while ((i + 1) % PER_MS == 0 && mr_clock_mono() < due_ns)
            usleep(100);
        due_ns += (i + 1) % PER_MS == 0 ? 1000000 : 0;
    }
    _exit(0);
}

static void a_tap_has_every_event_of_100000_a_second_or_says_how_many_it_lost(void **state)
{
    (void)state;
    uint32_t count = getenv("MILLRACE_QUICK") ? 100000 : 300000;
    writer_folder(&w);
    writer_start(&w, 65536); /* as a data plane has it by default */
    struct child c = run(program, (const char *const[]){"tap", "-i", "test", "--oldest", "--events", "--json", NULL});
    pid_t writer = write_events(count);
    char line[4096], text[64];
    uint64_t seen = 0, lost = 0;
    while (seen + lost < count && fgets(line, sizeof line, c.out)) {
        assert_true(value_of(line, "kind", text, sizeof text));
        bool lapped = strcmp(text, "lapped") == 0;
        assert_true(value_of(line, lapped ? "lost_slots" : "seq", text, sizeof text));
        if (!lapped)
            assert_int_equal(strtoull(text, NULL, 10), seen + lost);
        *(lapped ? &lost : &seen) += lapped ? strtoull(text, NULL, 10) : 1;
    }
    assert_int_equal(seen + lost, count);
    printf("tap --json at 100,000 events/s: %llu seen, %llu declared lost\n", (unsigned long long)seen,
           (unsigned long long)lost);
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    kill(c.pid, SIGINT);
    assert_int_equal(finish(&c), 0);
    writer_remove(&w);
}

static void the_example_has_every_event_of_100000_a_second_or_says_how_many_it_lost(void **state)
{
    (void)state;
    uint32_t count = getenv("MILLRACE_QUICK") ? 100000 : 300000;
    writer_folder(&w);
    writer_start(&w, 65536);
    struct child c = run(example, (const char *const[]){w.path, NULL});
    usleep(300000); /* it begins with what comes after it */
    pid_t writer = write_events(count);
    char line[512];
    uint64_t next = UINT64_MAX, lost = 0, seen = 0;
    while (next != count && fgets(line, sizeof line, c.out)) {
        const char *price = strstr(line, "at 67123.45");
        if (price) {
            char digits[8] = "000000";
            size_t len = strcspn(price + 11, "\n");
            assert_true(len <= 6); /* zeros at the end are not written */
            memcpy(digits, price + 11, len);
            uint64_t number = strtoull(digits, NULL, 10);
            assert_true(next == UINT64_MAX || number == next);
            next = number + 1;
            seen++;
        } else {
            unsigned long long slots;
            assert_int_equal(sscanf(line, "lost %llu slots", &slots), 1);
            assert_true(next != UINT64_MAX);
            next += slots;
            lost += slots;
        }
    }
    assert_int_equal(next, count);
    printf("example at 100,000 events/s: %llu seen, %llu declared lost\n", (unsigned long long)seen,
           (unsigned long long)lost);
    assert_int_equal(waitpid(writer, NULL, 0), writer);
    kill(c.pid, SIGKILL);
    waitpid(c.pid, NULL, 0);
    fclose(c.out);
    writer_remove(&w);
}

static void what_cannot_be_is_refused_with_its_own_exit_code(void **state)
{
    (void)state;
    writer_folder(&w);
    writer_start(&w, 1024);
    static const struct {
        const char *says;
        const char *args[6];
        int want;
    } cases[] = {
        {"no such instance", {"tap", "-i", "absent"}, 4},
        {"no such file", {"tap", "-w", "/nowhere/workspace"}, 4},
        {"not a workspace", {"tap", "-w", "/dev/null"}, 4},
        {"an instance that is a path", {"tap", "-i", "../test"}, 2},
        {"an option nobody knows", {"tap", "--sideways"}, 2},
        {"an argument", {"tap", "BTCUSDT"}, 2},
        {"a count of nothing", {"tap", "--count", "0"}, 2},
        {"seconds that are none", {"tap", "--seconds", "soon"}, 2},
        {"both places", {"tap", "-i", "test", "-w", "x"}, 2},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct child c = run(program, cases[i].args);
        int got = finish(&c);
        if (got != cases[i].want)
            print_error("%s\n", cases[i].says);
        assert_int_equal(got, cases[i].want);
    }
    struct child c = run(example, (const char *const[]){"absent", NULL});
    assert_int_equal(finish(&c), 1);
    writer_remove(&w);
}

static void the_example_shows_trades_and_signals(void **state)
{
    (void)state;
    writer_folder(&w);
    writer_start(&w, 1024);
    struct child c = run(example, (const char *const[]){w.path, "300", NULL});
    char line[512];
    uint32_t trades = 0, signals = 0;
    for (int i = 0; i < 500 && trades < 5; i++) { /* it begins when it is there: until then nobody hears */
        for (int k = 0; k < 10; k++)
            writer_trade(&w, 0);
        writer_signal(&w, 1);
        usleep(20000);
        if (waitpid(c.pid, NULL, WNOHANG) == c.pid) {
            c.pid = 0;
            break;
        }
    }
    while (fgets(line, sizeof line, c.out)) {
        trades += strstr(line, "binance:spot BTCUSDT sold 1.5 at 67123.45") != NULL;
        signals += strcmp(line, "BTC: CRITICAL, was WATCH: velocity 23.4/s over 20.0/s\n") == 0;
    }
    assert_int_equal(c.pid, 0); /* it ended by itself, after 300 */
    assert_int_equal(trades + signals, 300);
    assert_true(signals >= 25);
    fclose(c.out);
    writer_remove(&w);
}

int main(int argc, char **argv)
{
    MR_ASSERT(argc == 3);
    program = argv[1];
    example = argv[2];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_choose_what_is_shown),
        cmocka_unit_test(json_lines_hold_what_the_tap_holds),
        cmocka_unit_test(a_slow_pipe_makes_counted_laps_and_no_other_loss),
        cmocka_unit_test(a_tap_has_every_event_of_100000_a_second_or_says_how_many_it_lost),
        cmocka_unit_test(the_example_has_every_event_of_100000_a_second_or_says_how_many_it_lost),
        cmocka_unit_test(what_cannot_be_is_refused_with_its_own_exit_code),
        cmocka_unit_test(the_example_shows_trades_and_signals),
    };
    return MR_TEST_MAIN(tests);
}
