/* The trading control plane's process from outside, where something around it is wrong: a webhook that hangs or fails, credentials that are not kept
 * as they must be or that the exchange does not take, a thread that stands still. No data plane: nothing is traded. Argument: the program. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/support.h"

#define SECRET "tOkEn5ecret"

static const char *program;
static char folder[64], out[65536];

static void put(const char *name, mode_t mode, const char *format, ...) MR_PRINTF(3, 4);
static void put(const char *name, mode_t mode, const char *format, ...)
{
    char path[128];
    va_list args;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    assert_non_null(f);
    va_start(args, format);
    assert_true(vfprintf(f, format, args) >= 0);
    va_end(args);
    assert_int_equal(fchmod(fd, mode), 0);
    fclose(f);
}

static void read_file(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    out[fread(out, 1, sizeof out - 1, f)] = 0;
    fclose(f);
}

/* ---- control planes, each with an instance of its own ---- */

static void configure(const char *name, const char *trade)
{
    char file[64];
    snprintf(file, sizeof file, "%s.yaml", name);
    put("limits", 0600, "markets:\n  - market: \"*\"\n    order_size_max: 1\n    position_max: 1\n");
    put(file, 0600,
        "instance: %s\nrun: %s/run\ndata: %s/data\njournal:\n  folder: %s/%s.journal\nstore:\n  enabled: false\n"
        "trade:\n  enabled: true\n  idle_us: 5000\n  instruments: [binance:usdm:BTCUSDT]\n  strategies: [follower]\n  "
        "limits: "
        "%s/limits\n%s",
        name, folder, folder, folder, name, folder, trade);
}

/* Any verb; output, both streams, in FOLDER/NAME.log. */
static pid_t start(const char *name, const char *const *args)
{
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid)
        return pid;
    char path[128];
    const char *argv[16] = {program};
    for (size_t i = 0; args[i]; i++)
        argv[i + 1] = args[i];
    snprintf(path, sizeof path, "%s/%s.log", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    dup2(fd, STDOUT_FILENO);
    dup2(fd, STDERR_FILENO);
    if (chdir(folder) == 0)
        execv(program, (char *const *)(uintptr_t)argv);
    _exit(127);
}

static int ctl(const char *name, const char *words)
{
    return mr_test_shell(out, sizeof out, "'%s' ctl --socket '%s/run/%s/admin.sock' %s 2>&1", program, folder, name,
                         words);
}

static pid_t start_control(const char *name)
{
    char file[64];
    snprintf(file, sizeof file, "%s.yaml", name);
    const char *const args[] = {"controlplane", "--config", file, "--seconds", "120", NULL};
    pid_t pid = start(name, args);
    for (int i = 0; i < 250 && ctl(name, "state show") != 0; i++)
        mr_test_rest(40);
    assert_int_equal(ctl(name, "state show"), 0);
    return pid;
}

static void end(pid_t pid)
{
    int status = 0;
    kill(pid, SIGTERM);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Asked again until its answer has it, at most so many seconds; it always answers. */
static void wait_for(const char *name, const char *words, const char *piece, int seconds)
{
    for (int i = 0; i < seconds * 2; i++, mr_test_rest(500)) {
        assert_int_equal(ctl(name, words), 0);
        if (strstr(out, piece))
            return;
    }
    fail_msg("%s: no \"%s\" in:\n%s", name, piece, out);
}

static void expect(const char *piece)
{
    if (!strstr(out, piece))
        fail_msg("no \"%s\" in:\n%s", piece, out);
}

static void never_in_the_log(const char *name, const char *piece)
{
    char file[64];
    snprintf(file, sizeof file, "%s.log", name);
    read_file(file);
    if (strstr(out, piece))
        fail_msg("\"%s\" stands in:\n%s", piece, out);
}

/* ---- a webhook ---- */

enum { HOOK_OK, HOOK_FAILS, HOOK_HANGS, HOOKS };
static const char *const hooks[HOOKS] = {"ok", "fails", "hangs"};

static struct {
    int fd, held[64];
    uint16_t port;
    pthread_t thread;
    uint32_t held_count;
    _Atomic unsigned count[HOOKS];
    char body[HOOKS][2048];
} server;

/* One request whole, or as much of it as came. */
static void hear(int fd, char *text, size_t bytes)
{
    size_t len = 0;
    for (ssize_t n; len < bytes - 1 && (n = read(fd, text + len, bytes - 1 - len)) > 0;) {
        text[len += (size_t)n] = 0;
        const char *length = strstr(text, "Content-Length: "), *body = strstr(text, "\r\n\r\n");
        if (length && body && len >= (size_t)(body + 4 - text) + strtoul(length + 16, NULL, 10))
            return;
    }
}

static void *serve(void *arg)
{
    static const char *const answers[HOOKS] = {
        "HTTP/1.1 200 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 500 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        NULL,
    };
    for (int fd; (fd = accept(server.fd, NULL, NULL)) >= 0;) {
        char text[2048] = "";
        hear(fd, text, sizeof text);
        for (unsigned i = 0; i < HOOKS; i++) {
            char want[64];
            snprintf(want, sizeof want, "POST /%s?" SECRET " ", hooks[i]);
            if (strncmp(text, want, strlen(want)) != 0)
                continue;
            memcpy(server.body[i], text, sizeof text);
            atomic_fetch_add(&server.count[i], 1);
            if (answers[i] && write(fd, answers[i], strlen(answers[i])) < 0)
                continue; /* it has gone */
            if (!answers[i] && server.held_count < MR_COUNT_OF(server.held)) {
                server.held[server.held_count++] = fd;
                fd = -1;
            }
        }
        if (fd >= 0)
            close(fd);
    }
    return arg;
}

static void server_up(void)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof a;
    server.fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server.fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(server.fd, 16), 0);
    getsockname(server.fd, (struct sockaddr *)&a, &len);
    server.port = ntohs(a.sin_port);
    assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
}

static void server_down(void)
{
    shutdown(server.fd, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.fd);
    for (uint32_t i = 0; i < server.held_count; i++)
        close(server.held[i]);
}

static void a_webhook_hears_of_an_emergency_stop_and_one_that_fails_or_hangs_keeps_nobody_from_anything(void **state)
{
    (void)state;
    pid_t pids[HOOKS];
    server_up();
    for (unsigned i = 0; i < HOOKS; i++) {
        char hook[64], trade[160];
        snprintf(hook, sizeof hook, "%s.hook", hooks[i]);
        snprintf(trade, sizeof trade, "  webhook: %s/%s\n", folder, hook);
        put(hook, 0600, "http://127.0.0.1:%u/%s?" SECRET "\n", server.port, hooks[i]);
        configure(hooks[i], trade);
        pids[i] = start_control(hooks[i]);
    }
    for (unsigned i = 0; i < HOOKS; i++)
        assert_int_equal(ctl(hooks[i], "emergency-stop drill"), 0);
    for (unsigned i = 0; i < HOOKS; i++) {
        wait_for(hooks[i], "state show", "6 dump     done", 60); /* by and by, and it answers all the while */
        expect("1 signals  done");
        expect("2 cancel   done");
        expect("3 close    done");
        expect("4 persist  done");
        expect(i == HOOK_OK ? "5 notify   done" : "5 notify   failed");
        expect("7 wait     under way");
        if (i == HOOK_FAILS)
            expect("http://127.0.0.1 answered 500");
    }
    assert_int_equal(atomic_load(&server.count[HOOK_OK]), 1);
    assert_int_equal(atomic_load(&server.count[HOOK_FAILS]), 4);
    assert_true(atomic_load(&server.count[HOOK_HANGS]) >= 1);
    for (unsigned i = 0; i < HOOKS; i++) {
        char instance[48];
        snprintf(instance, sizeof instance, "\"instance\":\"%s\"", hooks[i]);
        assert_non_null(strstr(server.body[i], "drill"));
        assert_non_null(strstr(server.body[i], instance));
        end(pids[i]);
        never_in_the_log(hooks[i], SECRET);
    }
    server_down();
}

static void a_webhooks_address_that_others_can_read_is_refused(void **state)
{
    (void)state;
    char trade[160];
    snprintf(trade, sizeof trade, "  webhook: %s/open.hook\n", folder);
    put("open.hook", 0644, "http://127.0.0.1:9/?" SECRET "\n");
    configure("open", trade);
    assert_int_equal(
        mr_test_shell(out, sizeof out, "cd '%s' && '%s' controlplane --config open.yaml 2>&1", folder, program), 2);
    expect("open.hook: want a readable file of mode 0600");
    assert_null(strstr(out, SECRET));
}

/* ---- credentials ---- */

#define GOOD "- venue: paper\n  key: k1\n  secret: " SECRET "\n"

static const struct {
    const char *says, *text; /* NULL: no file */
    mode_t mode;
    const char *shell; /* done to it, in the folder */
    bool as_root;
    int code;
    const char *holds;
} refused[] = {
    {"others can read it", GOOD, 0644, NULL, false, 2, "keys: mode 0644, want 0600; chmod 600 it"},
    {"its group can", GOOD, 0640, NULL, false, 2, "keys: mode 0640, want 0600; chmod 600 it"},
    {"another user's", GOOD, 0600, "chown 12345 keys", true, 2,
     "keys: belongs to user 12345, this process is user 0; chown it"},
    {"a link", GOOD, 0600, "mv keys real && ln -s real keys", false, 2, "keys: a symbolic link; name the file itself"},
    {"two names", GOOD, 0600, "ln -f keys more", false, 2, "keys: has 2 names; remove the others"},
    {"a folder", GOOD, 0600, "rm keys && mkdir -m 0600 keys", false, 2, "keys: not a regular file"},
    {"none", NULL, 0, NULL, false, 3, "keys: No such file"},
    {"empty", "", 0600, NULL, false, 2, "keys: no credentials in it"},
    {"no list", "key: " SECRET "\n", 0600, NULL, false, 2, "keys:1:1: want a list"},
    {"a tab", "- venue: paper\n\tsecret: " SECRET "\n", 0600, NULL, false, 2, "keys:2:1: a tab; indent with blanks"},
    {"an open quote", "- venue: paper\n  key: k1\n  secret: '" SECRET "\n", 0600, NULL, false, 2, "keys:3:"},
    {"no secret", "- venue: paper\n  key: " SECRET "\n", 0600, NULL, false, 2, "credentials[0]: no secret"},
    {"of another venue", "- venue: binance\n  key: k1\n  secret: " SECRET "\n", 0600, NULL, false, 2,
     "no entry of the venue \"paper\""},
};

static void credentials_that_are_not_kept_as_they_must_be_are_refused_by_name_and_nothing_of_them_is_said(void **state)
{
    (void)state;
    char trade[256];
    static const char *const verbs[] = {"controlplane --config keys.yaml",
                                        "exchange --port 0 --certs certs --seconds 1 --account"};
    snprintf(trade, sizeof trade, "  exchange: remote\n  url: https://127.0.0.1:1\n  credentials: %s/keys\n", folder);
    configure("keys", trade);
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        if (refused[i].as_root && geteuid() != 0)
            continue;
        mr_test_shell(out, sizeof out, "cd '%s' && rm -rf keys real more", folder);
        if (refused[i].text)
            put("keys", refused[i].mode, "%s", refused[i].text);
        if (refused[i].shell)
            assert_int_equal(mr_test_shell(out, sizeof out, "cd '%s' && %s 2>&1", folder, refused[i].shell), 0);
        for (size_t v = 0; v < MR_COUNT_OF(verbs); v++) {
            int code = mr_test_shell(out, sizeof out, "cd '%s' && '%s' %s%s%s%s 2>&1", folder, program, verbs[v],
                                     v ? " '" : "", v ? folder : "", v ? "/keys'" : "");
            if (code != refused[i].code || !strstr(out, refused[i].holds) || strstr(out, SECRET))
                fail_msg("%s, %s: exit %d, want %d and \"%s\":\n%s", refused[i].says, verbs[v], code, refused[i].code,
                         refused[i].holds, out);
        }
    }
}

static uint32_t port_of(const char *log)
{
    for (int i = 0; i < 250; i++, mr_test_rest(40)) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, log);
        if (access(path, R_OK) != 0)
            continue;
        read_file(log);
        const char *at = strstr(out, "listening on 127.0.0.1:");
        if (at && strchr(at, '\n'))
            return (uint32_t)strtoul(at + strlen("listening on 127.0.0.1:"), NULL, 10);
    }
    fail_msg("no exchange: %s", out);
    return 0;
}

static void a_key_that_the_exchange_does_not_take_is_an_emergency_stop_and_stands_in_no_log(void **state)
{
    (void)state;
    static const char *const rows[][2] = {{"k1", "an0therSecret"}, {"an0therKey", "s1"}};
    static const char *const exchange[] = {"exchange", "--port",  "0",         "--certs", "certs", "--account",
                                           "theirs",   "--quiet", "--seconds", "120",     NULL};
    put("theirs", 0600, "- venue: paper\n  key: k1\n  secret: s1\n");
    pid_t other = start("exchange", exchange);
    uint32_t port = port_of("exchange.log");
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        char name[16], keys[32], trade[400];
        snprintf(name, sizeof name, "ours%zu", i);
        snprintf(keys, sizeof keys, "%s.keys", name);
        put(keys, 0600, "- venue: paper\n  key: %s\n  secret: %s\n", rows[i][0], rows[i][1]);
        snprintf(trade, sizeof trade,
                 "  exchange: remote\n  url: https://127.0.0.1:%u\n  credentials: %s/%s\n  ca_file: %s/certs/ca.pem\n",
                 port, folder, keys, folder);
        configure(name, trade);
        pid_t pid = start_control(name);
        wait_for(name, "state show", "emergency_stop since", 30);
        expect("the venue does not take our credentials");
        end(pid);
        never_in_the_log(name, "an0ther");
    }
    end(other);
    never_in_the_log("exchange", "an0ther");
}

/* ---- a thread that stands still ---- */

/* Of that process, by its name; 0: none. */
static pid_t thread_of(pid_t pid, const char *name)
{
    mr_test_shell(out, sizeof out, "grep -lx '%s' /proc/%d/task/*/comm | cut -d/ -f5", name, (int)pid);
    return (pid_t)strtol(out, NULL, 10);
}

static void a_thread_that_stands_still_is_named_the_gate_is_closed_and_the_rest_goes_on(void **state)
{
    (void)state;
    static const char *const names[] = {"mr:trade", "mr:journal"};
    pid_t tid[2];
    configure("still", "");
    pid_t pid = start_control("still");
    assert_int_equal(ctl("still", "kill status"), 0);
    expect("not killed");
    for (int i = 0; i < 2; i++) {
        tid[i] = thread_of(pid, names[i]);
        assert_true(tid[i] > 0);
        if (ptrace(PTRACE_SEIZE, tid[i], NULL, NULL) != 0) {
            mr_test_skip_line("ptrace: no thread can be held here");
            end(pid);
            skip();
        }
        assert_int_equal(ptrace(PTRACE_INTERRUPT, tid[i], NULL, NULL), 0);
        assert_int_equal(waitpid(tid[i], NULL, __WALL), tid[i]);
    }
    wait_for("still", "kill status", "is stuck", 90); /* who is still there answers, also what the tile shows */
    assert_int_equal(ctl("still", "show trade"), 0);
    assert_int_not_equal(ctl("still", "pause"), 0); /* nobody there to do it */
    for (int i = 0; i < 2; i++)
        assert_int_equal(ptrace(PTRACE_DETACH, tid[i], NULL, NULL), 0);
    wait_for("still", "state show", "emergency_stop since", 30); /* what it finds when it goes on */
    mr_test_rest(200);
    end(pid);
    read_file("still.log");
    expect("the trade tile is stuck");
    expect("the journal thread is stuck");
    expect("the trade tile is running");
    expect("the journal thread is running");
}

static int up(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-trading-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int down(void **state)
{
    (void)state;
    return mr_test_remove(folder);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_webhook_hears_of_an_emergency_stop_and_one_that_fails_or_hangs_keeps_nobody_from_anything),
        cmocka_unit_test(a_webhooks_address_that_others_can_read_is_refused),
        cmocka_unit_test(credentials_that_are_not_kept_as_they_must_be_are_refused_by_name_and_nothing_of_them_is_said),
        cmocka_unit_test(a_key_that_the_exchange_does_not_take_is_an_emergency_stop_and_stands_in_no_log),
        cmocka_unit_test(a_thread_that_stands_still_is_named_the_gate_is_closed_and_the_rest_goes_on),
    };
    if (argc != 2 || !(program = realpath(argv[1], NULL)))
        return 2;
    return cmocka_run_group_tests(tests, up, down) ? 1 : 0;
}
