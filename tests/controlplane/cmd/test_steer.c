/* The control plane's process from outside: its kill switch by command, signal and file and over its death, its configuration reloaded, and the
 * shell on a terminal with history and completion. Argument: the program. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/kill/kill.h"
#include "tests/support/support.h"

static const char *program;
static char folder[64], config[128], socket_path[128], page_path[128], kill_path[160], history[160], output[65536];
static pid_t control;

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}
static int ctl(const char *words)
{
    return mr_test_shell(output, sizeof output, "%s ctl --socket %s %s 2>&1", program, socket_path, words);
}
static void has(const char *piece)
{
    if (!strstr(output, piece))
        fail_msg("no \"%s\" in:\n%s", piece, output);
}
static void good(const char *words, const char *piece)
{
    int code = ctl(words);
    if (code != 0)
        fail_msg("%s: exit %d: %s", words, code, output);
    has(piece);
}

static void start(void)
{
    control = fork();
    if (control == 0) {
        char log[128];
        snprintf(log, sizeof log, "%s/log", folder);
        if (!freopen(log, "a", stderr))
            _exit(1);
        execl(program, program, "controlplane", "--config", config, "--seconds", "60", (char *)NULL);
        _exit(1);
    }
    for (int i = 0; i < 500 && ctl("kill status") != 0; i++)
        mr_test_rest(20);
    if (!strstr(output, "not killed"))
        has("KILLED by");
}
static void end(int number)
{
    int status;
    kill(control, number);
    assert_int_equal(waitpid(control, &status, 0), control);
    control = 0;
    assert_true(number == SIGKILL ? WIFSIGNALED(status) : WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

#define BASE "run: %s/run\ndata: %s/data\ncontrol:\n  half_s: %d\n%s"
static void write_config(int half_s, const char *more)
{
    char text[512];
    snprintf(text, sizeof text, BASE, folder, folder, half_s, more);
    put(config, text);
}
static int up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-steer-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(config, sizeof config, "%s/millrace.yaml", folder);
    snprintf(socket_path, sizeof socket_path, "%s/run/default/admin.sock", folder);
    snprintf(page_path, sizeof page_path, "%s/run/default/kill", folder);
    snprintf(kill_path, sizeof kill_path, "%s/data/default/KILL", folder);
    snprintf(history, sizeof history, "%s/data/default/config-history.jsonl", folder);
    write_config(10, "");
    start();
    return 0;
}
static int down(void **state)
{
    (void)state;
    if (control)
        end(SIGTERM);
    return mr_test_remove(folder);
}
static bool killed(void)
{
    struct mr_kill_page *page;
    struct mr_err err;
    assert_int_equal(mr_kill_page_attach(&page, page_path, false, &err), MR_OK);
    bool is = mr_kill_read(page, 0, 0) == MR_KILL_SCOPE_ALL;
    mr_kill_page_close(page);
    return is;
}
static void wait_for_file(void)
{
    for (int i = 0; i < 250 && access(kill_path, F_OK) != 0; i++)
        mr_test_rest(20);
    assert_int_equal(access(kill_path, F_OK), 0);
}

static void a_command_kills_over_every_death_until_it_is_cleared(void **state)
{
    struct stat st;
    (void)state;
    assert_int_equal(stat(page_path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_false(killed());
    good("kill on a test", "killed, and on disk");
    assert_true(killed());
    assert_int_equal(access(kill_path, F_OK), 0);
    end(SIGKILL);
    assert_true(killed()); /* the page outlives its maker */
    unlink(page_path);     /* as after a reboot */
    start();
    has("KILLED by kept");
    assert_true(killed());
    good("kill off it was a test", "not killed any more");
    assert_false(killed());
    end(SIGTERM);
    start();
    has("not killed");
}

static void a_strategy_is_killed_by_its_name_over_a_restart_and_one_that_is_not_configured_is_refused(void **state)
{
    struct mr_kill_page *page;
    struct mr_err err;
    (void)state;
    end(SIGTERM);
    write_config(10, "trade:\n  strategies: [follower, fader]\n");
    start();
    assert_int_equal(ctl("kill strategy on leader a test"), 2);
    has("no strategy \"leader\"");
    good("kill strategy on fader a test", "killed");
    good("kill status", "strategy fader: killed");
    end(SIGTERM);
    write_config(10, "trade:\n  strategies: [fader, follower]\n"); /* its row is another one now */
    start();
    good("kill status", "strategy fader: killed");
    assert_int_equal(mr_kill_page_attach(&page, page_path, false, &err), MR_OK);
    assert_int_equal(mr_kill_read(page, 1, 0), MR_KILL_SCOPE_STRATEGY);
    assert_int_equal(mr_kill_read(page, 1, 1), MR_KILL_SCOPE_NONE);
    mr_kill_page_close(page);
    good("kill strategy off fader it was a test", "not killed any more");
}

static void a_signal_kills_and_a_file_does(void **state)
{
    (void)state;
    kill(control, SIGUSR1);
    for (int i = 0; i < 250 && !killed(); i++)
        mr_test_rest(1);
    assert_true(killed());
    wait_for_file();
    good("kill status", "KILLED by signal since ");
    good("kill off", "not killed any more");
    put(kill_path, ""); /* touch */
    for (int i = 0; i < 500 && !killed(); i++)
        mr_test_rest(10);
    assert_true(killed());
    good("kill status", "KILLED by file since ");
    unlink(kill_path); /* which clears nothing */
    wait_for_file();
    assert_true(killed());
}

/* Stopped, it cannot persist; but the handler runs first when it goes on, and a tool of the same user may write the word meanwhile. */
static void a_process_that_stands_still_is_killed_through_the_page(void **state)
{
    struct mr_kill_page *page;
    struct mr_err err;
    (void)state;
    kill(control, SIGSTOP);
    assert_int_equal(mr_kill_page_attach(&page, page_path, true, &err), MR_OK);
    mr_kill_raise(page, MR_KILL_BY_CODE);
    mr_kill_page_close(page);
    assert_true(killed());
    assert_int_not_equal(access(kill_path, F_OK), 0);
    kill(control, SIGCONT);
    wait_for_file();
    good("kill status", "KILLED by code since ");
}

/* ---- a desk without a data plane: it waits, and can be stopped ---- */

static void write_trading(const char *more)
{
    char text[900], limits[128];
    snprintf(limits, sizeof limits, "%s/limits.yaml", folder);
    put(limits, "markets:\n  - market: \"*\"\n    order_size_max: 10\n    position_max: 10\n");
    snprintf(text, sizeof text,
             BASE "trade:\n  enabled: true\n  instruments: [binance:spot:BTCUSDT]\n  strategies: [follower]\n"
                  "  limits: %s\n%s",
             folder, folder, 10, "", limits, more);
    put(config, text);
}

static bool says(const char *words, const char *piece)
{
    for (int i = 0; i < 250; i++, mr_test_rest(20))
        if (ctl(words) == 0 && strstr(output, piece))
            return true;
    return false;
}

/* How many post-mortems there are. */
static int dumps(void)
{
    char data[160];
    struct dirent *e;
    int n = 0;
    snprintf(data, sizeof data, "%s/data/default", folder);
    DIR *d = opendir(data);
    assert_non_null(d);
    while ((e = readdir(d)))
        n += strncmp(e->d_name, "postmortem-", 11) == 0;
    closedir(d);
    return n;
}

static void an_emergency_stop_goes_through_all_its_steps_and_a_kill_switch_that_was_on_is_one(void **state)
{
    (void)state;
    end(SIGTERM);
    write_trading("");
    start();
    assert_true(says("state show", "initializing"));
    assert_int_equal(ctl("emergency-stop a test"), 0);
    assert_true(says("state show", "emergency_stop"));
    assert_true(says("state show", "7 wait"));
    assert_true(says("state show", "no webhook is configured"));
    assert_true(says("state show", "postmortem-"));
    assert_int_equal(dumps(), 1);
    assert_int_not_equal(ctl("emergency-stop release now"), 0); /* the start-up is not over */
    has("the start-up is not over");
    good("kill on a test", "killed, and on disk");
    end(SIGTERM);
    start();
    assert_true(says("state show", "emergency_stop"));
    good("state show", "the kill switch is on");
}

static int fails_to_start(const char *with)
{
    write_trading(with);
    char command[400];
    snprintf(command, sizeof command, "%s controlplane --config %s --seconds 5 2>&1", program, config);
    FILE *f = popen(command, "r");
    assert_non_null(f);
    output[fread(output, 1, sizeof output - 1, f)] = 0;
    int status = pclose(f);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void a_webhook_that_others_could_read_or_that_is_none_is_refused_at_the_start(void **state)
{
    static const struct {
        const char *key, *text;
        mode_t mode;
        const char *piece;
    } cases[] = {
        {"webhook", "http://127.0.0.1:9/\n", 0644, "want a readable file of mode 0600"},
        {"webhook", "not an address\n", 0600, "no http or https URL"},
    };
    char path[128], with[256];
    (void)state;
    end(SIGTERM);
    snprintf(path, sizeof path, "%s/secret", folder);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        unlink(path);
        put(path, cases[i].text);
        chmod(path, cases[i].mode);
        snprintf(with, sizeof with, "  %s: %s\n", cases[i].key, path);
        assert_int_not_equal(fails_to_start(with), 0);
        has(cases[i].piece);
    }
    write_trading("");
    start();
}

static void its_configuration_is_reloaded_and_the_limits_hold(void **state)
{
    (void)state;
    good("config reload", "unchanged; 0 live, 0 want a restart");
    write_config(11, "  clients_max: 1\nplane:\n  book_depth: 100\n");
    good("config reload", "now       control.half_s: 10 -> 11\n");
    has("now       control.clients_max: 1024 -> 1\n");
    has("restart   plane.book_depth: 8192 -> 100\n");
    good("config show", "half_s: 11");
    has("book_depth: 8192"); /* as it runs */
    write_config(0, "");
    assert_int_equal(ctl("config reload"), 1);
    has("control.half_s");
    good("config show", "half_s: 11");
    good("config history", "applied; 2 live, 1 want a restart");
    has("refused");
    assert_int_equal(access(history, F_OK), 0);
    assert_int_equal(ctl("pause"), 1);
    has("this process does not trade");
}

/* ---- the shell on a terminal ---- */

#ifdef MR_HAVE_LIBEDIT
static int terminal;
static pid_t shell;
static size_t seen;

static void open_shell(void)
{
    struct winsize size = {.ws_row = 40, .ws_col = 200};
    seen = 0;
    output[0] = 0;
    shell = forkpty(&terminal, NULL, NULL, &size);
    if (shell == 0) {
        setenv("HOME", folder, 1);
        setenv("TERM", "vt100", 1);
        execl(program, program, "ctl", "--socket", socket_path, (char *)NULL);
        _exit(1);
    }
    assert_true(shell > 0);
}
static void type(const char *keys) { assert_int_equal(write(terminal, keys, strlen(keys)), strlen(keys)); }
#define PROMPT "millrace> "
/* The prompt is written a moment before the terminal takes keys one by one; what is typed in between is lost. */
static void wait_for_keys(void)
{
    struct termios t;
    for (int i = 0; i < 500 && tcgetattr(terminal, &t) == 0 && t.c_lflag & ICANON; i++)
        nanosleep(&(struct timespec){0, 10000000}, NULL);
}
/* Reads until the piece has come (behind what was expected before); five seconds at most. */
static void expect(const char *piece)
{
    static size_t from;
    if (!seen)
        from = 0;
    for (int i = 0; i < 500; i++) {
        struct pollfd p = {terminal, POLLIN, 0};
        const char *at = strstr(output + from, piece);
        if (at) {
            from = (size_t)(at - output) + strlen(piece);
            if (strcmp(piece, PROMPT) == 0)
                wait_for_keys();
            return;
        }
        ssize_t n = poll(&p, 1, 10) > 0 ? read(terminal, output + seen, sizeof output - 1 - seen) : 0;
        for (ssize_t k = 0; k < n; k++) /* a terminal of old wants time: NULs */
            if (output[seen + (size_t)k] == 0)
                output[seen + (size_t)k] = ' ';
        seen += n > 0 ? (size_t)n : 0;
        output[seen] = 0;
    }
    fail_msg("the terminal never said \"%s\":\n%s", piece, output + from);
}
/* It waits until its terminal has taken all it wrote: so that is read on, ten seconds at most. */
static int close_shell(void)
{
    int status = -1;
    char rest[4096];
    pid_t ended = 0;
    for (int i = 0; i < 1000 && (ended = waitpid(shell, &status, WNOHANG)) == 0; i++) {
        struct pollfd p = {.fd = terminal, .events = POLLIN};
        if (poll(&p, 1, 10) <= 0 || read(terminal, rest, sizeof rest) <= 0)
            nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    if (ended != shell)
        kill(shell, SIGKILL);
    assert_int_equal(ended, shell);
    close(terminal);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void the_shell_completes_and_remembers(void **state)
{
    (void)state;
    open_shell();
    expect(PROMPT);
    type("kill st\t");
    expect("status  strategy"); /* both begin so */
    expect("millrace> kill st");
    type("\x15kill stat\t"); /* ^U */
    expect("us ");
    type("\r");
    expect("not killed");
    expect(PROMPT);
    type("config h\t\r");
    expect("no reload yet");
    expect(PROMPT);
    type("nonsense\r");
    expect("no command \"nonsense\"");
    expect(PROMPT);
    type("quit\r");
    assert_int_equal(close_shell(), 0);
    /* another shell, another day: the arrow up brings what was said before */
    open_shell();
    expect(PROMPT);
    type("\x10\x10"); /* ^P: quit, nonsense */
    expect("nonsense");
    type("\x10"); /* config history */
    expect("config h");
    type("\r");
    expect("no reload yet");
    expect(PROMPT);
    type("\x04"); /* ^D */
    assert_int_equal(close_shell(), 0);
}

static void the_shell_offers_what_could_stand_next(void **state)
{
    (void)state;
    open_shell();
    expect(PROMPT);
    type("kill \t");
    expect("status");
    expect("strategy");
    type("\x15resu\t");
    expect("me ");
    type("\r");
    expect("this process does not trade");
    expect(PROMPT);
    type("\x04");
    close_shell();
}
#endif

int main(int argc, char **argv)
{
    if (argc < 2)
        return 1;
    program = argv[1];
    signal(SIGPIPE, SIG_IGN);
#define T(f) cmocka_unit_test_setup_teardown(f, up, down)
    const struct CMUnitTest tests[] = {
        T(a_command_kills_over_every_death_until_it_is_cleared),
        T(a_strategy_is_killed_by_its_name_over_a_restart_and_one_that_is_not_configured_is_refused),
        T(an_emergency_stop_goes_through_all_its_steps_and_a_kill_switch_that_was_on_is_one),
        T(a_webhook_that_others_could_read_or_that_is_none_is_refused_at_the_start),
        T(a_signal_kills_and_a_file_does),
        T(a_process_that_stands_still_is_killed_through_the_page),
        T(its_configuration_is_reloaded_and_the_limits_hold),
#ifdef MR_HAVE_LIBEDIT
        T(the_shell_completes_and_remembers),
        T(the_shell_offers_what_could_stand_next),
#endif
    };
    return MR_TEST_MAIN(tests);
}
