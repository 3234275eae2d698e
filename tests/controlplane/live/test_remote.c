/* A run that trades over the network: `millrace run --trade remote`, its orders, fills and positions compared with the exchange's own record. An
 * operator's orders; MILLRACE_CASCADE=1 waits for the market's first cascade too (70 s), which the strategies trade. The program is the first argument. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/controlplane/live/both.h"
#include "tests/controlplane/live/scene.h"

static struct both both = {.symbols = {"BTCUSDT", "ETHUSDT"}};
static char ca_file[160], folder[200], journal[256], key[64], secret[96];

/* The value behind "NAME: " in a file, up to the line's end. */
static void value_in(const char *path, const char *name, char *into, size_t bytes)
{
    static char text[8192];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    const char *at = strstr(text, name);
    if (!at)
        fail_msg("%s: no %s", path, name);
    at += strlen(name);
    snprintf(into, bytes, "%.*s", (int)strcspn(at, "\n"), at);
}

/* Where the run's account is and what it is called, as the configuration says that the run wrote. */
static void learn_account(void)
{
    char path[160], url[64];
    struct stat st;
    snprintf(path, sizeof path, "%s/demo/demo.yaml", scene.folder);
    value_in(path, "\n  url: https://127.0.0.1:", url, sizeof url);
    both.port = (uint16_t)strtoul(url, NULL, 10);
    value_in(path, "\n  ca_file: ", ca_file, sizeof ca_file);
    value_in(path, "\njournal:\n  folder: ", journal, sizeof journal);
    value_in(path, "\n  credentials: ", folder, sizeof folder);
    assert_int_equal(stat(folder, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    value_in(folder, "key: ", key, sizeof key);
    value_in(folder, "secret: ", secret, sizeof secret);
    assert_true(strlen(key) == 32 && strlen(secret) == 64 && strcmp(key, secret) != 0);
    both.ca_file = ca_file;
    both.journal = journal;
    both.key = key;
    both.secret = secret;
}

/* Of `show trade`; asked again until it is at least `least`. */
static void wait_for(const char *name, long least, int seconds)
{
    for (int i = 0; i < seconds * 5; i++, mr_test_rest(200))
        if (SCENE_SHELL("ctl --instance demo --json show trade") == 0 && strstr(scene.out, "\"fills\":") &&
            scene_number(scene.out, name) >= least)
            return;
    print_error("%s is not %ld: %.1500s\n", name, least, scene.out);
    scene_show_log();
    fail();
}

static void wait_for_trading(void)
{
    for (int i = 0; i < 300; i++, mr_test_rest(200))
        if (SCENE_SHELL("ctl --instance demo show trade") == 0 && strncmp(scene.out, "trading", 7) == 0)
            return;
    print_error("not trading: %.500s\n", scene.out);
    scene_show_log();
    fail();
}

/* Both sides stand still: nothing is open there, and the journal has the last word of it. What a strategy holds it would close by and by: it goes now. */
static void come_to_rest(bool close)
{
    scene_good("ctl --instance demo pause");
    for (int i = 0; i < 100 && close; i++, mr_test_rest(200)) {
        SCENE_SHELL("ctl --instance demo position close BTCUSDT");
        SCENE_SHELL("ctl --instance demo position close ETHUSDT");
        SCENE_SHELL("ctl --instance demo --json show trade");
        if (scene_number(scene.out, "open_positions") == 0)
            break;
    }
    for (int i = 0; i < 100; i++, mr_test_rest(100)) {
        SCENE_SHELL("ctl --instance demo cancel-all");
        SCENE_SHELL("ctl --instance demo --json show trade");
        if (scene_number(scene.out, "open_orders") == 0 &&
            scene_number(both_ask(&both, "/exchange/account", NULL), "open") == 0)
            break;
    }
    mr_test_rest(300);
}

/* Of BTCUSDT, as the list of positions has it; what is held no more may still stand there. */
static const char *held(const char *json)
{
    const char *list = strstr(json, "\"positions\":["), *at = list ? strstr(list, "\"binance:usdm:BTCUSDT\"") : NULL;
    assert_non_null(list);
    return at && at < strchr(list, ']') ? scene_value(at, "size") : "\"0\"";
}

static void summary_is_of(const struct both_counts *n, const char *json)
{
    const char *trading = strstr(json, "\"trading\":");
    assert_non_null(trading);
    assert_string_equal(scene_value(trading, "exchange"), "\"remote\"");
    assert_int_equal(scene_number(trading, "orders_placed"), n->placed);
    assert_int_equal(scene_number(trading, "fills"), n->fills);
    assert_int_equal(scene_number(trading, "discrepancies"), 0);
    const char *requests = strstr(trading, "\"requests\":");
    assert_non_null(requests);
    assert_true(scene_number(requests, "sent") >= n->placed);
    assert_int_equal(scene_number(requests, "lost") + scene_number(requests, "refused"), 0);
    assert_int_equal(scene_number(requests, "malformed"), 0);
    const char *gate = strstr(trading, "\"gate_decision_ns\":");
    assert_non_null(gate);
    assert_true(scene_number(gate, "count") >= n->placed);
    assert_true(scene_number(gate, "p50") > 0 && scene_number(gate, "p50") <= scene_number(gate, "p99"));
    assert_non_null(strstr(trading, "\"signal_to_order_ns\":"));
}

static void read_all(const char *name, char *into, size_t bytes)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", scene.folder, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    into[fread(into, 1, bytes - 1, f)] = 0;
    fclose(f);
}

static void a_run_trades_at_an_account_of_its_exchange_and_both_say_the_same(void **state)
{
    (void)state;
    const bool cascade = getenv("MILLRACE_CASCADE") != NULL;
    const char *const args[] = {"run", "--trade", "remote", "--json", "--seconds", cascade ? "200" : "90", NULL};
    char command[300];
    int status;
    pid_t run = scene_start(args, "run.json");
    wait_for_trading();
    learn_account();
    scene_good("ctl --instance demo order buy BTCUSDT 0.002 market");
    scene_good("ctl --instance demo order sell ETHUSDT 0.01 market");
    scene_good("ctl --instance demo order buy BTCUSDT 0.001 market");
    wait_for("fills", 3, 30);
    if (cascade)
        wait_for("intents", 1, 180);
    if (cascade)
        wait_for("fills", scene_number(scene.out, "fills") + 1, 60);
    come_to_rest(cascade);
    SCENE_SHELL("ctl --instance demo --json show trade");
    assert_string_equal(held(scene.out), cascade ? "\"0\"" : "\"0.003\"");
    const struct both_counts n = both_compare(&both);
    if (n.differences)
        scene_show_log();
    assert_int_equal(n.differences, 0);
    assert_true(n.placed >= 3 && n.fills >= 3);
    scene_good("ctl --instance demo show trade");
    assert_non_null(strstr(scene.out, "gate decision, ns: "));
    assert_non_null(strstr(scene.out, "exchange https://127.0.0.1:"));
    scene_good("top --once --instance demo");
    assert_non_null(strstr(scene.out, "exchange https://127.0.0.1:"));
    kill(run, SIGTERM);
    assert_int_equal(waitpid(run, &status, 0), run);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    read_all("run.json", scene.again, sizeof scene.again);
    summary_is_of(&n, scene.again);
    assert_string_equal(held(strstr(scene.again, "\"trading\":")), cascade ? "\"0\"" : "\"0.003\"");
    if (cascade) {
        const char *way = strstr(scene.again, "\"signal_to_order_ns\":");
        assert_true(scene_number(way, "count") >= 1 && scene_number(way, "p50") > 0);
        printf("signal to order written: %ld, p50 %ld ns, p99 %ld ns\n", scene_number(way, "count"),
               scene_number(way, "p50"), scene_number(way, "p99"));
    }
    snprintf(command, sizeof command, "journal verify %s", journal);
    scene_good(command);
    read_all("log", scene.again, sizeof scene.again); /* of all processes */
    assert_null(strstr(scene.again, secret));
    assert_null(strstr(scene.again, key));
    printf("%u orders, %u of them at the exchange, %u fills: both sides say the same\n", n.orders, n.placed, n.fills);
}

static void what_does_not_go_together_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *args, *says;
    } rows[] = {
        {"--trade nowhere", "--trade nowhere: want paper or remote"},
        {"--trade remote --live binance", "only with the simulated exchange"},
        {"--trade paper --config x.yaml", "only with the simulated exchange"},
        {"--trade remote --source dpdk", "choose another source"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        char command[160];
        snprintf(command, sizeof command, "run --seconds 1 %s 2>&1", rows[i].args);
        assert_int_equal(SCENE_SHELL(command), 2);
        if (!strstr(scene.out, rows[i].says))
            fail_msg("%s: %s", rows[i].args, scene.out);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_run_trades_at_an_account_of_its_exchange_and_both_say_the_same, scene_open,
                                        scene_close),
        cmocka_unit_test_setup_teardown(what_does_not_go_together_is_refused, scene_open, scene_close),
    };
    int code = scene_begin(argc, argv);
    return code ? code : cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
