/* E6: the control plane is killed at random moments while orders are placed, over the network, at an exchange that lives on; and stopped for a
 * while, which is a machine that hangs. In the end the exchange's own record and the journal say the same: every order that the exchange has was
 * durable here before, each of its fills is in the journal exactly once, orders end the same on both sides, and so does the position.
 *
 * MILLRACE_CRASH_KILLS=N says how often; MILLRACE_CRASH_SEED another order of moments. The program is the first argument. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/controlplane/live/both.h"
#include "tests/controlplane/live/scene.h"

static struct both both = {.key = "k1", .secret = "s1", .symbols = {"BTCUSDT"}};
static char ca_file[128], journal[128];

/* ---- processes ---- */

static FILE *make(const char *name, mode_t mode)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", scene.folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    assert_true(fd >= 0);
    return fdopen(fd, "w");
}

static void write_files(void)
{
    FILE *f = make("credentials", 0600);
    fprintf(f, "- venue: paper\n  key: k1\n  secret: s1\n");
    fclose(f);
    f = make("limits", 0600);
    fprintf(f,
            "order:\n  collar_mid_pct: 50\n  collar_last_pct: 50\n  duplicate_window: 1ms\n"
            "rate:\n  orders_max: 1000\n  cancels_max: 1000\n  weight_max: 10000\n  repeats_max: 1000000\n  ratio_max: "
            "1000000\n"
            "account:\n  correlation_pct: 100\n  position_share_pct: 100\n  symbol_share_pct: 100\n  losses_max: 1000\n"
            "  rejects_max: 1000\n  liquidation_pct: 1\n  daily_loss_pct: 90\n  drawdown_pct: 90\n"
            "markets:\n  - market: \"*\"\n    order_size_max: 1000\n    position_max: 1000\n    short: true\n");
    fclose(f);
    f = make("crash.yaml", 0600);
    fprintf(f,
            "instance: crash\nplane:\n  source: socket\n  blocking: true\n  instruments_max: 16\n  books_max: 4\n  "
            "ca_file: %s/certs/ca.pem\n"
            "freshness:\n  floor: 10s\njournal:\n  folder: %s/journal\nstore:\n  enabled: false\n"
            "trade:\n  enabled: true\n  at_start: true\n  instruments: [binance:usdm:BTCUSDT]\n  strategies: "
            "[follower]\n  limits: %s/limits\n"
            "  exchange: remote\n  url: https://127.0.0.1:%u\n  credentials: %s/credentials\n  atr_bar_s: 1\n  sample: "
            "10ms\n"
            "feeds:\n  - product: binance:usdm\n    symbols: [BTCUSDT]\n    address: 127.0.0.1:%u\n",
            scene.folder, scene.folder, scene.folder, both.port, scene.folder, both.port);
    fclose(f);
}

static void start_exchange(void)
{
    char path[128], line[256] = "";
    const char *const args[] = {"exchange",    "--port",  "0",         "--certs", "certs", "--account",
                                "credentials", "--quiet", "--latency", "3000",    NULL};
    snprintf(path, sizeof path, "%s/listening", scene.folder);
    scene_start(args, "listening");
    for (int i = 0; i < 200 && !strstr(line, "listening"); i++, mr_test_rest(50)) {
        FILE *f = fopen(path, "r");
        if (f && !fgets(line, sizeof line, f))
            line[0] = 0;
        if (f)
            fclose(f);
    }
    assert_non_null(strchr(line, ':'));
    both.port = (uint16_t)strtoul(strchr(line, ':') + 1, NULL, 10);
}

static pid_t start_control(void)
{
    const char *const args[] = {"controlplane", "--config", "crash.yaml", NULL};
    scene.started_count = 2; /* exchange and data plane: this one may be killed a thousand times */
    return scene_start(args, NULL);
}

/* Orders without end, whoever listens: some take, some rest until all are cancelled; never against one another, which the gate refuses. */
static pid_t start_placing(void)
{
    static const char *const acts[] = {"order buy BTCUSDT 0.001 market",  "order buy BTCUSDT 0.001 60000",
                                       "order buy BTCUSDT 0.001 market",  "cancel-all",
                                       "order sell BTCUSDT 0.001 market", "order sell BTCUSDT 0.001 70000",
                                       "order sell BTCUSDT 0.001 market", "cancel-all"};
    pid_t pid = fork();
    if (pid)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (uint32_t i = 0;; i++) {
        char command[256];
        snprintf(command, sizeof command, "exec '%s' ctl --instance crash %s >/dev/null 2>&1", scene.program,
                 acts[i % MR_COUNT_OF(acts)]);
        if (system(command) == 0 || i % 2)
            mr_test_rest(30);
    }
}

static void end(pid_t pid, int how)
{
    kill(pid, how);
    for (int i = 0; i < 200 && waitpid(pid, NULL, WNOHANG) == 0; i++)
        mr_test_rest(50);
}

static bool trading(void)
{
    for (int i = 0; i < 300; i++, mr_test_rest(100))
        if (SCENE_SHELL("ctl --instance crash show trade") == 0 && strncmp(scene.out, "trading", 7) == 0)
            return true;
    print_error("not trading: %.500s\n", scene.out);
    scene_show_log();
    return false;
}

/* Until the account has one more of these, at most so many times 50 ms. */
static void wait_for(const char *what, int times)
{
    const long before = scene_number(both_ask(&both, "/exchange/account", NULL), what);
    for (int i = 0; i < times && scene_number(both_ask(&both, "/exchange/account", NULL), what) == before; i++)
        mr_test_rest(50);
}

static void a_control_plane_killed_at_any_moment_loses_no_fill_and_doubles_no_order(void **state)
{
    (void)state;
    const char *asked = getenv("MILLRACE_CRASH_KILLS"), *seed = getenv("MILLRACE_CRASH_SEED");
    const char *const data[] = {"dataplane", "--config", "crash.yaml", NULL};
    int kills = asked ? atoi(asked) : getenv("MILLRACE_QUICK") ? 2 : 3;
    struct mr_random r = {seed ? strtoull(seed, NULL, 10) : 11};
    snprintf(ca_file, sizeof ca_file, "%s/certs/ca.pem", scene.folder);
    snprintf(journal, sizeof journal, "%s/journal", scene.folder);
    both.ca_file = ca_file;
    both.journal = journal;
    write_files(); /* the exchange wants its credentials; its port comes after */
    start_exchange();
    write_files();
    scene_start(data, NULL);
    pid_t control = start_control(), placing = start_placing();
    for (int i = 0; i < kills; i++) {
        if (mr_random_below(&r, 4)) /* as it trades; else as it starts, or finds out what became of its orders */
            wait_for("placed", 100);
        mr_test_rest((int)mr_random_below(&r, 600));
        if (i % 3 == 2) { /* hangs, and goes on; or is killed as it hangs */
            kill(control, SIGSTOP);
            mr_test_rest((int)mr_random_below(&r, 700));
            if (mr_random_below(&r, 2)) {
                kill(control, SIGCONT);
                mr_test_rest((int)mr_random_below(&r, 300));
            }
        }
        end(control, SIGKILL);
        control = start_control();
    }
    assert_true(trading());
    wait_for("fills", 200);
    end(placing, SIGKILL);
    for (int i = 0; i < 100; i++, mr_test_rest(100)) {
        SCENE_SHELL("ctl --instance crash cancel-all");
        SCENE_SHELL("ctl --instance crash show trade");
        if (strstr(scene.out, " 0 orders and ") &&
            scene_number(both_ask(&both, "/exchange/account", NULL), "open") == 0)
            break;
    }
    mr_test_rest(300);
    end(control, SIGTERM);
    const struct both_counts n = both_compare(&both);
    if (n.differences)
        scene_show_log();
    assert_int_equal(n.differences, 0);
    assert_true(n.fills > 0);
    printf("%d kills: %u orders decided, %u of them at the exchange, %u fills; both sides say the same\n", kills,
           n.orders, n.placed, n.fills);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
        a_control_plane_killed_at_any_moment_loses_no_fill_and_doubles_no_order, scene_open, scene_close)};
    int code = scene_begin(argc, argv);
    return code ? code : cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
