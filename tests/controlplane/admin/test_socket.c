/* The admin socket as clients meet it: a real loop and real sockets in a folder of its own. The loop runs on a thread, the clients here. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controlplane/admin/admin.h"
#include "controlplane/admin/do.h"
#include "tests/controlplane/admin/made.h"
#include "tests/support/support.h"

struct rig {
    struct made made;
    struct mr_admin_config config;
    struct mr_admin *admin;
    struct mr_admin_counts counts; /* when it was closed */
    uv_loop_t loop;
    uv_async_t stop;
    pthread_t thread;
    bool shut;
    char audited[4096];
    uv_async_t answers;
    struct mr_admin_hands hands;
    _Atomic uint32_t asked;
    _Atomic bool has_answer; /* the trade tile's, which the test plays */
};
static struct rig rig;

static void on_audit(void *arg, const char *line)
{
    struct rig *r = arg;
    size_t len = strlen(r->audited);
    snprintf(r->audited + len, sizeof r->audited - len, "%s\n", line);
}
static void on_shutdown(void *arg) { ((struct rig *)arg)->shut = true; }
static void on_answers(uv_async_t *async) { mr_admin_answers(((struct rig *)async->data)->admin); }
static void on_stop(uv_async_t *async)
{
    struct rig *r = async->data;
    uv_close((uv_handle_t *)&r->answers, NULL);
    mr_admin_counts(r->admin, &r->counts);
    mr_admin_close(r->admin);
    uv_close((uv_handle_t *)async, NULL);
}
static void *run(void *arg)
{
    uv_run(&((struct rig *)arg)->loop, UV_RUN_DEFAULT);
    return NULL;
}

static int up(void **state)
{
    (void)state;
    memset(&rig, 0, sizeof rig);
    made_open(&rig.made);
    rig.config = (struct mr_admin_config){.control = {.clients_max = 1024,
                                                      .line_max = 4096,
                                                      .output_max = 1 << 20,
                                                      .half_s = 1,
                                                      .others = MR_OTHERS_OBSERVE},
                                          .version = "1",
                                          .build = "test",
                                          .audit = on_audit,
                                          .shutdown = on_shutdown,
                                          .arg = &rig};
    snprintf(rig.config.control.socket, sizeof rig.config.control.socket, "%s", rig.made.socket);
    return 0;
}

static void start(void)
{
    struct mr_err err;
    assert_int_equal(uv_loop_init(&rig.loop), 0);
    uv_async_init(&rig.loop, &rig.stop, on_stop);
    uv_async_init(&rig.loop, &rig.answers, on_answers);
    rig.stop.data = rig.answers.data = &rig;
    if (mr_admin_open(&rig.admin, &rig.loop, &rig.config, &err) != MR_OK)
        fail_msg("%s", err.text);
    assert_int_equal(mr_admin_attach(rig.admin, "made", rig.made.path), MR_OK);
    pthread_create(&rig.thread, NULL, run, &rig);
}

static void stop(void)
{
    uv_async_send(&rig.stop);
    pthread_join(rig.thread, NULL);
    assert_int_equal(uv_loop_close(&rig.loop), 0); /* every handle was closed */
    rig.admin = NULL;
}

static int down(void **state)
{
    (void)state;
    if (rig.admin)
        stop();
    made_close(&rig.made);
    return 0;
}

static int dial(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%s", rig.made.socket);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void put(int fd, const char *data, size_t len)
{
    while (len) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* closed on us: what it said before is looked at by the caller */
        data += n;
        len -= (size_t)n;
    }
}

/* Reads until `end` stands at the end, or the peer closed; at most 10 s between bytes. */
static size_t get(int fd, const char *end, char *out, size_t room)
{
    size_t len = 0, end_len = strlen(end);
    struct pollfd p = {fd, POLLIN, 0};
    out[0] = 0;
    while (len + 1 < room && poll(&p, 1, 10000) == 1) {
        ssize_t n = read(fd, out + len, room - 1 - len);
        if (n <= 0)
            break;
        len += (size_t)n;
        out[len] = 0;
        if (len >= end_len && strcmp(out + len - end_len, end) == 0)
            break;
    }
    return len;
}

static char answer[1 << 20];
static const char *ask(int fd, const char *line)
{
    put(fd, line, strlen(line));
    put(fd, "\n", 1);
    get(fd, strstr(line, "--json") ? "\n" : "\n.\n", answer, sizeof answer);
    return answer;
}

/* ---- what it does ---- */

static void it_answers_and_the_socket_is_for_owner_and_group_only(void **state)
{
    (void)state;
    struct stat st;
    start();
    assert_int_equal(stat(rig.made.socket, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0660);
    int fd = dial();
    assert_non_null(strstr(ask(fd, "show status"), "made: STALLED"));
    assert_non_null(strstr(ask(fd, "show tiles --json"), "\"name\":\"feed\""));
    assert_non_null(strstr(ask(fd, "nonsense"), "error usage: no command"));
    assert_non_null(strstr(ask(fd, "feed pause binance:usdm\r"), "sent 1 to 2 feed tiles"));
    assert_non_null(strstr(rig.audited, "feed pause binance:usdm: sent 1"));
    close(fd);
    stop();
    assert_int_equal(stat(rig.made.socket, &st), -1); /* and takes its file along */
}

static void many_lines_at_once_are_answered_in_order(void **state)
{
    (void)state;
    enum { LINES = 500 };
    start();
    int fd = dial();
    pid_t child = fork(); /* writes while we read: neither waits for the other */
    if (child == 0) {
        for (int i = 0; i < LINES; i++) {
            char line[64];
            snprintf(line, sizeof line, "show x%03d\n", i);
            put(fd, line, strlen(line));
        }
        put(fd, "quit\n", 5);
        _exit(0);
    }
    size_t len = get(fd, "never", answer, sizeof answer);
    int at = 0;
    assert_true(len > 0);
    for (char *line = answer; *line; line += strcspn(line, "\n") + 1)
        if (*line == 'e') {
            char want[32];
            snprintf(want, sizeof want, "\"show x%03d\"", at++);
            if (!memmem(line, strcspn(line, "\n"), want, strlen(want)))
                fail_msg("line %d: %.80s", at, line);
        }
    assert_int_equal(at, LINES);
    waitpid(child, NULL, 0);
    close(fd);
}

static void a_line_byte_by_byte_is_a_line(void **state)
{
    (void)state;
    start();
    int fd = dial();
    for (const char *c = "show version\n"; *c; c++)
        put(fd, c, 1);
    get(fd, "\n.\n", answer, sizeof answer);
    assert_non_null(strstr(answer, "millrace 1"));
    close(fd);
}

static void a_client_that_hangs_up_still_gets_its_answer(void **state)
{
    (void)state;
    start();
    int fd = dial();
    put(fd, "show metrics\nshow rings\n", 24);
    shutdown(fd, SHUT_WR);
    get(fd, "never", answer, sizeof answer);
    assert_non_null(strstr(answer, "feed.messages"));
    assert_non_null(strstr(answer, "commands/1"));
    close(fd);
}

static void shutdown_is_told_after_the_answer(void **state)
{
    (void)state;
    start();
    int fd = dial();
    assert_non_null(strstr(ask(fd, "shutdown"), "sent 1"));
    struct mr_plane_command command;
    assert_true(made_command(&rig.made, 0, &command));
    assert_int_equal(command.kind, MR_PLANE_SHUTDOWN);
    close(fd);
    stop();
    assert_true(rig.shut);
}

/* ---- what harms nobody ---- */

static void a_line_that_is_too_long_gets_a_sentence_and_the_next_is_served(void **state)
{
    (void)state;
    static char line[100000];
    memset(line, 'a', sizeof line);
    line[sizeof line - 1] = '\n';
    start();
    int fd = dial();
    put(fd, line, sizeof line);
    get(fd, "\n.\n", answer, sizeof answer);
    assert_string_equal(answer, "error usage: a line longer than 4096 bytes (control.line_max)\n.\n");
    assert_non_null(strstr(ask(fd, "show version"), "millrace"));
    close(fd);
    stop();
    assert_int_equal(rig.counts.lines_too_long, 1);
}

static void binary_is_refused_and_the_next_line_is_served(void **state)
{
    (void)state;
    start();
    int fd = dial();
    for (unsigned i = 0; i < 200; i++) {
        uint8_t junk[64];
        struct mr_random random = {i};
        for (size_t k = 0; k < sizeof junk; k++)
            do
                junk[k] = (uint8_t)mr_random_next(&random);
            while (junk[k] == '\n');
        junk[5] = 0xff;
        junk[63] = '\n';
        put(fd, (const char *)junk, sizeof junk);
        get(fd, "\n.\n", answer, sizeof answer);
        assert_non_null(strstr(answer, "bytes that are no text"));
    }
    assert_non_null(strstr(ask(fd, "show version"), "millrace"));
    close(fd);
}

static void half_a_command_is_closed_in_time_and_an_idle_client_is_not(void **state)
{
    (void)state;
    start();
    int half = dial(), idle = dial(), talker = dial();
    put(half, "show ti", 7);
    for (int i = 0; i < 4; i++) { /* whole lines beside it: no half */
        ask(talker, "show version");
        usleep(100000);
    }
    get(half, "never", answer, sizeof answer);
    assert_non_null(strstr(answer, "error usage: half a command, and no newline in time"));
    assert_non_null(strstr(ask(idle, "show version"), "millrace"));
    assert_non_null(strstr(ask(talker, "show version"), "millrace"));
    close(half);
    close(idle);
    close(talker);
    stop();
    assert_int_equal(rig.counts.halves, 1);
}

static void a_thousand_idle_clients_are_borne_and_those_beyond_are_told(void **state)
{
    (void)state;
    enum { CLIENTS = 1000 };
    static int fds[CLIENTS];
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < 2 * CLIENTS + 100) { /* both ends are in this process */
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur < 2 * CLIENTS + 100) {
        mr_test_skip_line("1,000 clients: fewer than 2,100 descriptors are allowed");
        skip();
    }
    rig.config.control.clients_max = CLIENTS;
    start();
    for (int i = 0; i < CLIENTS; i++) {
        fds[i] = dial();
        assert_true(fds[i] >= 0);
    }
    assert_non_null(strstr(ask(fds[CLIENTS - 1], "show version"), "millrace")); /* all are accepted by now */
    int beyond = dial();
    get(beyond, "never", answer, sizeof answer);
    assert_non_null(strstr(answer, "error refused: 1000 clients are connected, as many as may be"));
    close(beyond);
    assert_non_null(strstr(ask(fds[0], "show status"), "made:"));
    close(fds[1]);
    usleep(50000);
    int again = dial(); /* a place that was given back is there */
    assert_non_null(strstr(ask(again, "show version"), "millrace"));
    close(again);
    for (int i = 0; i < CLIENTS; i++)
        if (i != 1)
            close(fds[i]);
    stop();
    assert_int_equal(rig.counts.turned_away, 1);
}

/* It asks for far more than it takes: it is read from no more, others are served, and its memory is bounded. */
static void a_client_that_never_reads_holds_up_nobody(void **state)
{
    (void)state;
    rig.config.control.output_max = 65536;
    start();
    int deaf = dial(), other = dial();
    char lines[4096];
    size_t len = 0, sent = 0;
    while (len + 16 < sizeof lines)
        len += (size_t)snprintf(lines + len, sizeof lines - len, "show metrics\n");
    for (int i = 0; i < 10000; i++) {
        ssize_t n = send(deaf, lines, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && i > 100)
            break; /* it is not read from any more */
        if (n < 0)
            usleep(10000);
        else
            sent += (size_t)n;
    }
    assert_true(sent < 4 << 20);
    for (int i = 0; i < 20; i++)
        assert_non_null(strstr(ask(other, "show version"), "millrace"));
    /* and when it reads after all, it is served on */
    size_t got = 0;
    struct pollfd p = {deaf, POLLIN, 0};
    for (ssize_t n; got < sent * 10 && poll(&p, 1, 2000) == 1 && (n = read(deaf, answer, sizeof answer)) > 0;)
        got += (size_t)n;
    assert_true(got > sent);
    close(deaf);
    close(other);
}

/* Of a trade tile that answers when the test says so. */
static int steer(void *self, const struct mr_steer_act *act, struct mr_ask *pending, struct mr_err *said)
{
    struct rig *r = self;
    if (pending->number && r->has_answer) {
        *pending = (struct mr_ask){0};
        return mr_err_set(said, MR_OK, "%s: so be it", act->reason);
    }
    r->asked += !pending->number;
    pending->number = 1;
    pending->since_ns = 1;
    return MR_E_AGAIN;
}

static void who_waits_for_the_trade_tile_holds_up_nobody_else_and_is_answered_once_in_order(void **state)
{
    (void)state;
    rig.hands = (struct mr_admin_hands){.steer = steer, .self = &rig};
    rig.config.hands = &rig.hands;
    start();
    int waits = dial(), other = dial();
    const char lines[] = "pause for a test\nnonsense\nhelp quit --json\n";
    put(waits, lines, sizeof lines - 1);
    while (!rig.asked)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    for (int i = 0; i < 50; i++)
        assert_non_null(strstr(ask(other, "show status"), "made: STALLED"));
    for (int i = 0; i < 20; i++)
        uv_async_send(&rig.answers); /* looked at, and nothing is there */
    assert_int_equal(poll(&(struct pollfd){waits, POLLIN, 0}, 1, 50), 0);
    assert_null(strstr(rig.audited, "pause"));
    rig.has_answer = true;
    uv_async_send(&rig.answers);
    get(waits, "]}\n", answer, sizeof answer);
    assert_memory_equal(answer, "for a test: so be it\n.\nerror usage: no command", 46);
    assert_int_equal(rig.asked, 1);
    assert_non_null(strstr(rig.audited, "pause for a test: for a test: so be it"));
    assert_null(strstr(strstr(rig.audited, "pause") + 1, "pause"));
    close(waits);
    close(other);
}

static void a_client_that_leaves_while_it_waits_is_forgotten(void **state)
{
    (void)state;
    rig.hands = (struct mr_admin_hands){.steer = steer, .self = &rig};
    rig.config.hands = &rig.hands;
    start();
    int waits = dial();
    put(waits, "pause for a test\n", 17);
    while (!rig.asked)
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    close(waits);
    rig.has_answer = true;
    uv_async_send(&rig.answers);
    int other = dial();
    assert_non_null(strstr(ask(other, "show status"), "made: STALLED"));
    close(other);
    stop();
    assert_int_equal(rig.counts.clients, 0);
}

static void a_user_who_may_not_is_turned_away(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        mr_test_skip_line("another user's connection: wants root");
        skip();
    }
    rig.config.control.others = MR_OTHERS_REFUSE;
    rig.config.control.operate_uids[0] = 4343;
    rig.config.control.operate_count = 1;
    start();
    chmod(rig.made.folder, 0755);
    chmod(rig.made.socket, 0666); /* past the file's mode, which would stop them earlier */
    static const struct {
        uid_t uid;
        const char *line, *piece;
    } cases[] = {
        {4242, "show status", "error refused: user 4242 may not use this instance"},
        {4343, "show status", "made:"},
        {4343, "feed pause", "sent"},
        {4343, "shutdown", "error refused: \"shutdown\" wants level administer; user 4343 has operate"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        pid_t child = fork();
        if (child == 0) {
            int fd = setuid(cases[i].uid) == 0 ? dial() : -1;
            _exit(fd >= 0 && strstr(ask(fd, cases[i].line), cases[i].piece) ? 0 : 1);
        }
        int status;
        waitpid(child, &status, 0);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            fail_msg("user %u: %s", cases[i].uid, cases[i].line);
    }
    stop();
    assert_int_equal(rig.counts.turned_away, 1);
    assert_int_equal(rig.counts.refused, 1);
    assert_non_null(strstr(rig.audited, "uid 4343"));
    assert_non_null(strstr(rig.audited, "shutdown: refused"));
}

/* ---- opening ---- */

static int open_status(struct mr_err *err)
{
    struct mr_admin *admin;
    uv_loop_t loop;
    uv_loop_init(&loop);
    int status = mr_admin_open(&admin, &loop, &rig.config, err);
    if (status == MR_OK)
        mr_admin_close(admin);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    return status;
}

static void a_place_that_is_taken_is_refused_and_a_dead_ones_is_used(void **state)
{
    (void)state;
    struct mr_err err;
    start();
    assert_int_equal(open_status(&err), MR_E_IO);
    assert_non_null(strstr(err.text, "another instance answers there"));
    stop();

    struct sockaddr_un a = {.sun_family = AF_UNIX}; /* what kill -9 leaves */
    snprintf(a.sun_path, sizeof a.sun_path, "%s", rig.made.socket);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    close(fd);
    assert_int_equal(open_status(&err), MR_OK);

    FILE *f = fopen(rig.made.socket, "w");
    fclose(f);
    assert_int_equal(open_status(&err), MR_E_IO);
    assert_non_null(strstr(err.text, "is no socket"));
    unlink(rig.made.socket);

    snprintf(rig.config.control.socket, sizeof rig.config.control.socket, "/tmp/millrace-no-such-folder/admin.sock");
    assert_int_equal(open_status(&err), MR_E_IO);
    assert_non_null(strstr(err.text, "cannot listen"));
    memset(rig.config.control.socket, 'x', 200);
    assert_int_equal(open_status(&err), MR_E_INVALID);
    assert_non_null(strstr(err.text, "longer than a socket's path"));
}

int main(void)
{
#define WITH(f) cmocka_unit_test_setup_teardown(f, up, down)
    const struct CMUnitTest tests[] = {
        WITH(it_answers_and_the_socket_is_for_owner_and_group_only),
        WITH(many_lines_at_once_are_answered_in_order),
        WITH(a_line_byte_by_byte_is_a_line),
        WITH(a_client_that_hangs_up_still_gets_its_answer),
        WITH(shutdown_is_told_after_the_answer),
        WITH(a_line_that_is_too_long_gets_a_sentence_and_the_next_is_served),
        WITH(binary_is_refused_and_the_next_line_is_served),
        WITH(half_a_command_is_closed_in_time_and_an_idle_client_is_not),
        WITH(a_thousand_idle_clients_are_borne_and_those_beyond_are_told),
        WITH(a_client_that_never_reads_holds_up_nobody),
        WITH(who_waits_for_the_trade_tile_holds_up_nobody_else_and_is_answered_once_in_order),
        WITH(a_client_that_leaves_while_it_waits_is_forgotten),
        WITH(a_user_who_may_not_is_turned_away),
        WITH(a_place_that_is_taken_is_refused_and_a_dead_ones_is_used),
    };
    return MR_TEST_MAIN(tests);
}
