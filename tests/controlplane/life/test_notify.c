/* The webhook, against a small server here: what is sent, what is tried again and when, and that nothing shows the address. Waiting for the next
 * attempt is on virtual time; answers come over loopback. */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/life/notify.h"
#include "tests/support/support.h"

#define S 1000000000ll

static struct server {
    int fd;
    uint16_t port;
    pthread_t thread;
    _Atomic int status[8];  /* of the first, second.. request; 0: no answer at all; -1: closed at once */
    _Atomic unsigned count; /* requests that came */
    char last[8192];
} server;

static void answer(int fd, int status)
{
    char out[256];
    if (status <= 0) {
        struct pollfd p = {fd, POLLIN, 0};
        if (status == 0)
            poll(&p, 1, 3000); /* until the client gives up */
        return;
    }
    int n = snprintf(out, sizeof out, "HTTP/1.1 %d x\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", status);
    if (write(fd, out, (size_t)n) != n)
        return;
}
static void *serve(void *arg)
{
    struct server *s = arg;
    for (int fd; (fd = accept(s->fd, NULL, NULL)) >= 0;) {
        size_t len = 0;
        char *body = NULL;
        unsigned long want = 0;
        for (ssize_t n; len < sizeof s->last - 1 && (n = read(fd, s->last + len, sizeof s->last - 1 - len)) > 0;) {
            len += (size_t)n;
            s->last[len] = 0;
            const char *length = strstr(s->last, "Content-Length: ");
            body = strstr(s->last, "\r\n\r\n");
            want = length ? strtoul(length + 16, NULL, 10) : 0;
            if (body && len >= (size_t)(body + 4 - s->last) + want)
                break;
        }
        unsigned nth = atomic_fetch_add(&s->count, 1);
        answer(fd, atomic_load(&s->status[nth % 8]));
        close(fd);
    }
    return NULL;
}
static int up(void **state)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof a;
    (void)state;
    memset(&server, 0, sizeof server);
    server.fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(server.fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(server.fd, 8), 0);
    getsockname(server.fd, (struct sockaddr *)&a, &len);
    server.port = ntohs(a.sin_port);
    for (int i = 0; i < 8; i++)
        server.status[i] = 200;
    return pthread_create(&server.thread, NULL, serve, &server);
}
static int down(void **state)
{
    (void)state;
    shutdown(server.fd, SHUT_RDWR);
    pthread_join(server.thread, NULL);
    close(server.fd);
    return 0;
}

static struct mr_notify *notify;
static struct mr_err err;
static void open_at(uint16_t port, uint32_t timeout_ms)
{
    char url[128];
    snprintf(url, sizeof url, "http://127.0.0.1:%u/bot12345:tOkEn/send?chat_id=7", port);
    assert_int_equal(mr_notify_open(&notify, &(struct mr_notify_config){url, NULL, timeout_ms}, &err), MR_OK);
}
static struct mr_notify_counts counts(void)
{
    struct mr_notify_counts c;
    mr_notify_counts(notify, &c);
    return c;
}
/* Until that many attempts have failed or that many messages are told; ten seconds of the wall at most. */
static void run_until(int64_t now_ns, uint64_t failures, uint64_t told)
{
    for (int i = 0; i < 10000 && (counts().failures < failures || counts().told < told); i++) {
        mr_notify_poll(notify, now_ns);
        nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    assert_int_equal(counts().failures, failures);
    assert_int_equal(counts().told, told);
}

static void a_message_is_posted_as_json(void **state)
{
    (void)state;
    open_at(server.port, 5000);
    int64_t number = mr_notify_post(notify, "{\"text\":\"emergency stop\"}");
    assert_int_equal(number, 1);
    assert_int_equal(mr_notify_outcome(notify, number, &err), MR_E_AGAIN);
    run_until(S, 0, 1);
    assert_int_equal(mr_notify_outcome(notify, number, &err), MR_OK);
    assert_int_equal(mr_notify_poll(notify, S), 0);
    assert_int_equal(strncmp(server.last, "POST /bot12345:tOkEn/send?chat_id=7 HTTP/1.1\r\n", 46), 0);
    assert_non_null(strstr(server.last, "Content-Type: application/json\r\n"));
    assert_non_null(strstr(server.last, "\r\n\r\n{\"text\":\"emergency stop\"}"));
    mr_notify_close(notify);
}

static void what_is_not_taken_is_tried_again_after_1_2_and_4_seconds_then_given_up(void **state)
{
    int64_t t = 100 * S;
    (void)state;
    for (int i = 0; i < 4; i++)
        server.status[i] = i == 1 ? -1 : 500 + i;
    open_at(server.port, 5000);
    int64_t number = mr_notify_post(notify, "{}");
    for (uint64_t i = 0; i < 4; i++) {
        run_until(t, i + 1, 0);
        if (i == 3)
            break;
        for (int k = 0; k < 5; k++)
            mr_notify_poll(notify, t + (S << i) - 1);
        assert_int_equal(atomic_load(&server.count), i + 1); /* not sooner */
        t += S << i;
    }
    assert_int_equal(mr_notify_outcome(notify, number, &err), MR_E_IO);
    assert_string_equal(err.text, "http://127.0.0.1 answered 503");
    assert_int_equal(counts().given_up, 1);
    assert_int_equal(mr_notify_poll(notify, t + 100 * S), 0);
    number = mr_notify_post(notify, "{}"); /* the next one is another matter */
    run_until(t + 200 * S, 4, 1);
    assert_int_equal(mr_notify_outcome(notify, number, &err), MR_OK);
    mr_notify_close(notify);
}

static void silence_and_a_closed_door_are_failures_that_do_not_show_the_address(void **state)
{
    (void)state;
    server.status[0] = 0;
    open_at(server.port, 100);
    int64_t number = mr_notify_post(notify, "{}");
    run_until(S, 1, 0);
    assert_int_equal(mr_notify_outcome(notify, number, &err), MR_E_AGAIN);
    assert_non_null(strstr(err.text, "http://127.0.0.1: Timeout"));
    assert_null(strstr(err.text, "tOkEn"));
    run_until(3 * S, 1, 1);
    mr_notify_close(notify);
    open_at(1, 5000); /* nobody listens at port 1 */
    number = mr_notify_post(notify, "{}");
    run_until(S, 1, 0);
    mr_notify_outcome(notify, number, &err);
    assert_non_null(strstr(err.text, "Couldn't connect"));
    assert_null(strstr(err.text, "tOkEn"));
    mr_notify_close(notify);
}

static void what_does_not_fit_is_not_taken(void **state)
{
    static char big[MR_NOTIFY_BODY + 1];
    (void)state;
    open_at(server.port, 5000);
    memset(big, ' ', MR_NOTIFY_BODY);
    assert_int_equal(mr_notify_post(notify, big), MR_E_TOO_BIG);
    for (int i = 1; i <= MR_NOTIFY_WAITING; i++)
        assert_int_equal(mr_notify_post(notify, "{}"), i);
    assert_int_equal(mr_notify_post(notify, "{}"), MR_E_FULL);
    assert_int_equal(counts().full, 2);
    assert_int_equal(mr_notify_outcome(notify, 0, &err), MR_E_INVALID);
    assert_int_equal(mr_notify_outcome(notify, -1, &err), MR_E_INVALID);
    assert_int_equal(mr_notify_outcome(notify, 99, &err), MR_E_INVALID);
    mr_notify_poll(notify, S);
    mr_notify_close(notify); /* with one under way, and fifteen waiting */
}

static void an_address_that_is_none_is_refused_and_not_quoted(void **state)
{
    static const char *const bad[] = {"",         "nonsense tOkEn", "ftp://x/tOkEn", "file:///etc/passwd?tOkEn",
                                      "https://", "://tOkEn"};
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(bad); i++) {
        if (mr_notify_open(&notify, &(struct mr_notify_config){bad[i], NULL, 100}, &err) != MR_E_INVALID)
            fail_msg("%s", bad[i]);
        assert_null(strstr(err.text, "tOkEn"));
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, up, down)
    const struct CMUnitTest tests[] = {
        T(a_message_is_posted_as_json),
        T(what_is_not_taken_is_tried_again_after_1_2_and_4_seconds_then_given_up),
        T(silence_and_a_closed_door_are_failures_that_do_not_show_the_address),
        T(what_does_not_fit_is_not_taken),
        cmocka_unit_test(an_address_that_is_none_is_refused_and_not_quoted),
    };
    return MR_TEST_MAIN(tests);
}
