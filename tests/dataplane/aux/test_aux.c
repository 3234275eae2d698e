/* The aux tile against a real HTTPS server on 127.0.0.1: bodies, trouble, rings. */
#include <stdio.h>
#include <sys/stat.h>

#include "tests/dataplane/aux/rig.h"

/* ---- bodies ---- */

static void bodies_of_any_size_come_whole_with_what_was_asked(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {0, 1, 1000, 65000, 65536, 200000, 5u << 20};
    struct rig *r = rig_open((struct mr_aux_config){0});
    for (size_t i = 0; i < 2 * MR_COUNT_OF(sizes); i++) {
        char url[100];
        uint32_t len = sizes[i / 2];
        snprintf(url, sizeof url, "https://rest.test/%s/%u", i % 2 ? "chunked" : "bytes", len);
        int64_t before = wall_ns();
        struct mr_aux_reply reply = fetch(r, url);
        assert_int_equal(reply.head.status, MR_OK);
        assert_int_equal(reply.head.http, 200);
        assert_true(is_pattern(reply.body, len));
        assert_true(reply.head.recv_ns >= before && reply.head.recv_ns <= wall_ns());
        const struct mr_aux_request *q = &reply.head.request;
        assert_true(q->venue == 3 && q->product == 1 && q->purpose == 2 && q->connection == 7 && q->instrument == 42);
        assert_string_equal(reply.why, "");
    }
    assert_int_equal(r->metrics.requests, 2 * MR_COUNT_OF(sizes));
    assert_int_equal(r->metrics.answers, 2 * MR_COUNT_OF(sizes));
    assert_int_equal(r->metrics.failed, 0);
    rig_close(r);
}

static void a_post_carries_its_body_and_says_it_is_json(void **state)
{
    (void)state;
    struct rig *r = rig_open((struct mr_aux_config){0});
    static char large[MR_AUX_POST_MAX];
    memset(large, 'x', sizeof large - 1);
    const char *posts[] = {"{\"type\":\"l2Book\",\"coin\":\"BTC\"}", large};
    for (size_t i = 0; i < MR_COUNT_OF(posts); i++) {
        assert_int_equal(ask_post(r, "https://rest.test/echo", posts[i]), MR_OK);
        struct mr_aux_reply reply = take(r);
        assert_int_equal(reply.head.status, MR_OK);
        assert_true(mr_span_is(reply.body, posts[i], strlen(posts[i])));
    }
    assert_int_equal(ask_post(r, "https://rest.test/head", "{}"), MR_OK);
    struct mr_aux_reply reply = take(r);
    char head[4096];
    snprintf(head, sizeof head, "%.*s", (int)reply.body.len, (const char *)reply.body.data);
    assert_non_null(strstr(head, "POST /head HTTP/1.1\r\n"));
    assert_non_null(strstr(head, "Content-Type: application/json\r\n"));
    assert_null(strcasestr(head, "expect:"));
    rig_close(r);
}

static void requests_are_plain_http_1_1_to_the_venues_own_name(void **state)
{
    (void)state;
    setenv("https_proxy", "http://127.0.0.1:1/", 1);
    struct rig *r = rig_open((struct mr_aux_config){0});
    struct mr_aux_reply reply = fetch(r, "https://rest.test/head?symbol=BTCUSDT&limit=1000");
    unsetenv("https_proxy");
    assert_int_equal(reply.head.status, MR_OK);
    char head[4096];
    snprintf(head, sizeof head, "%.*s", (int)reply.body.len, (const char *)reply.body.data);
    assert_non_null(strstr(head, "GET /head?symbol=BTCUSDT&limit=1000 HTTP/1.1\r\n"));
    assert_non_null(strstr(head, "Host: rest.test\r\n"));
    assert_null(strcasestr(head, "accept-encoding"));
    rig_close(r);
}

static void connections_are_kept_for_the_next_request(void **state)
{
    (void)state;
    struct rig *r = rig_open((struct mr_aux_config){0});
    uint32_t before = https_server_connections(server);
    for (int i = 0; i < 20; i++)
        assert_int_equal(fetch(r, "https://rest.test/bytes/10").head.status, MR_OK);
    assert_int_equal(https_server_connections(server) - before, 1);
    rig_close(r);
}

/* ---- what can go wrong ---- */

static void trouble_is_named(void **state)
{
    (void)state;
    char refused[64], mistaken[64];
    snprintf(refused, sizeof refused, "https://127.0.0.1:%u/", https_server_unused_port());
    snprintf(mistaken, sizeof mistaken, "https://127.0.0.1:%u/bytes/1", https_server_port(misnamed));
    const struct {
        const char *says, *url, *ca_file;
        int status;
        uint32_t http;
        const char *why;
    } cases[] = {
        {"not found", "https://rest.test/status/404", NULL, MR_E_INVALID, 404, "HTTP 404"},
        {"an error of the server's", "https://rest.test/status/503", NULL, MR_E_INVALID, 503, "HTTP 503"},
        {"redirects are not followed", "https://rest.test/redirect", NULL, MR_E_INVALID, 302, "HTTP 302"},
        {"connection refused", refused, NULL, MR_E_IO, 0, "connect"},
        {"no answer in time", "https://rest.test/slow", NULL, MR_E_IO, 0, "timed out"},
        {"broken off in the body", "https://rest.test/half", NULL, MR_E_IO, 200, ""},
        {"not HTTP", "https://rest.test/garbage", NULL, MR_E_MALFORMED, 0, ""},
        {"a certificate of somebody unknown", "https://rest.test/bytes/1", other_ca_file, MR_E_IO, 0, "certificate"},
        {"a certificate for another name", "https://misnamed.test/bytes/1", other_ca_file, MR_E_IO, 0, "name"},
        {"a certificate for another address", mistaken, other_ca_file, MR_E_IO, 0, "127.0.0.1"},
        {"a body beyond the maximum, announced", "https://rest.test/bytes/1000001", NULL, MR_E_TOO_BIG, 200, "1000000"},
        {"a body beyond the maximum, not announced", "https://rest.test/chunked/1000001", NULL, MR_E_TOO_BIG, 200,
         "1000000"},
        {"http", "http://rest.test/bytes/1", NULL, MR_E_INVALID, 0, "https"},
        {"file", "file:///etc/passwd", NULL, MR_E_INVALID, 0, "https"},
        {"a user in the URL", "https://me:word@rest.test/bytes/1", NULL, MR_E_INVALID, 0, "https"},
        {"no URL", "rest.test", NULL, MR_E_INVALID, 0, "https"},
        {"an empty URL", "", NULL, MR_E_INVALID, 0, "https"},
        {"a name that is none", "https://a..b/", NULL, MR_E_MISSING, 0, "a..b"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct rig *r =
            rig_open((struct mr_aux_config){.timeout_s = 1, .body_max = 1000000, .ca_file = cases[i].ca_file});
        struct mr_aux_reply reply = fetch(r, cases[i].url);
        if (reply.head.status != cases[i].status || reply.head.http != cases[i].http ||
            !strstr(reply.why, cases[i].why))
            print_error("%s: %s, HTTP %u, %s\n", cases[i].says, mr_status_name(reply.head.status), reply.head.http,
                        reply.why);
        assert_int_equal(reply.head.status, cases[i].status);
        assert_int_equal(reply.head.http, cases[i].http);
        assert_non_null(strstr(reply.why, cases[i].why));
        assert_int_equal(reply.body.len, reply.head.http == 404 || reply.head.http == 503 ? 11 : 0);
        assert_int_equal(r->metrics.failed, 1);
        assert_int_equal(r->metrics.answers, 1);
        rig_close(r);
    }
}

static void a_body_of_the_largest_size_is_taken(void **state)
{
    (void)state;
    struct rig *r = rig_open((struct mr_aux_config){.body_max = 1000000});
    assert_true(is_pattern(fetch(r, "https://rest.test/bytes/1000000").body, 1000000));
    assert_true(is_pattern(fetch(r, "https://rest.test/chunked/1000000").body, 1000000));
    r->inbox.body_max = 999999; /* and one that the feed tile cannot hold is refused there */
    assert_int_equal(fetch(r, "https://rest.test/bytes/1000000").head.status, MR_E_TOO_BIG);
    assert_int_equal(fetch(r, "https://rest.test/bytes/999999").head.status, MR_OK);
    rig_close(r);
}

static void asking_is_bounded(void **state)
{
    (void)state;
    struct rig *r = rig_open((struct mr_aux_config){0});
    static char text[MR_AUX_POST_MAX + 1];
    memset(text, 'x', MR_AUX_TEXT_MAX);
    assert_int_equal(ask_post(r, text, NULL), MR_E_TOO_BIG);
    memset(text, 'x', MR_AUX_POST_MAX);
    assert_int_equal(ask_post(r, "https://rest.test/", text), MR_E_TOO_BIG);
    int n = 0;
    while (ask_post(r, "https://rest.test/bytes/1", NULL) == MR_OK)
        n++;
    assert_true(n > MR_AUX_CALLS_MAX); /* more than it takes at once: the rest waits in the ring */
    r->next_id--;
    for (int i = 0; i < n; i++)
        assert_int_equal(take(r).head.status, MR_OK);
    struct mr_aux_reply none;
    step(r);
    assert_false(mr_aux_take(&r->inbox, &none));
    assert_int_equal(r->metrics.answers, n);
    rig_close(r);
}

static void a_tile_that_cannot_work_says_so_at_boot(void **state)
{
    (void)state;
    struct rig *r = rig_open((struct mr_aux_config){0});
    struct mr_aux_config config = r->config;
    struct mr_err err;
    void *mem = aligned_alloc(128, (mr_aux_tile.bytes(&config) + 127) / 128 * 128);
    config.ca_file = "/nowhere/ca.pem";
    assert_int_equal(mr_aux_tile.boot(mem, &config, NULL, &err), MR_E_IO);
    assert_non_null(strstr(err.text, "/nowhere/ca.pem"));
    config.ca_file = ca_file;
    assert_int_equal(chmod(ca_file, 0666), 0);
    assert_int_equal(mr_aux_tile.boot(mem, &config, NULL, &err), MR_E_INVALID);
    assert_non_null(strstr(err.text, "can be written by others"));
    assert_int_equal(chmod(ca_file, 0644), 0);
    config.crl_file = "/nowhere/crl.pem";
    assert_int_equal(mr_aux_tile.boot(mem, &config, NULL, &err), MR_E_IO);
    assert_non_null(strstr(err.text, "tls.crl_file: /nowhere/crl.pem"));
    config = r->config;
    struct mr_aux_link bad = r->link;
    bad.answers_bytes = 64;
    config.links = &bad;
    assert_true(mr_aux_tile.boot(mem, &config, NULL, &err) < 0);
    assert_non_null(strstr(err.text, "link 0"));
    free(mem);
    rig_close(r);
}

/* ---- many, and no room ---- */

static void many_requests_go_side_by_side_but_no_more_than_allowed(void **state)
{
    (void)state;
    struct rig *r = rig_open((struct mr_aux_config){.inflight_max = 4});
    bool seen[101] = {false};
    for (int i = 0; i < 100; i++)
        ask(r, i % 10 ? "https://rest.test/bytes/3000" : "https://rest.test/bytes/300000");
    for (int i = 0; i < 100; i++) {
        struct mr_aux_reply reply = take(r);
        uint64_t id = reply.head.request.id;
        assert_true(id >= 1 && id <= 100 && !seen[id]);
        seen[id] = true;
        assert_true(is_pattern(reply.body, id % 10 == 1 ? 300000 : 3000));
    }
    assert_true(https_server_most(server) <= 4);
    rig_close(r);
}

static void answers_that_find_no_room_wait_and_are_never_lost(void **state)
{
    (void)state;
    struct rig *r = rig_open((struct mr_aux_config){.inflight_max = 8});
    for (int i = 0; i < 24; i++)
        ask(r, "https://rest.test/bytes/150000"); /* 24 x 150 KB through a ring of 256 KiB, that nobody empties */
    for (int64_t until = wall_ns() + 60 * SECOND_NS; r->metrics.blocked == 0 || r->metrics.inflight;) {
        step(r);
        assert_true(wall_ns() < until);
    }
    uint64_t given = r->metrics.answers;
    for (int i = 0; i < 100; i++)
        step(r);
    assert_int_equal(r->metrics.answers, given);
    assert_true(given < 8);
    for (int i = 0; i < 24; i++)
        assert_true(is_pattern(take(r).body, 150000));
    assert_int_equal(r->metrics.answers, 24);
    assert_int_equal(r->metrics.failed, 0);
    rig_close(r);
}

/* ---- hostile rings ---- */

static void records_that_mr_aux_ask_never_writes_stop_the_ring(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        uint32_t len, nuls;
    } cases[] = {{"too short for a head", 10, 10}, {"no NUL at the end", 60, 0}, {"one NUL where two belong", 60, 1}};
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct rig *r = rig_open((struct mr_aux_config){0});
        uint8_t *at = mr_bytes_reserve(&r->ask, cases[i].len);
        memset(at, 'x', cases[i].len);
        memset(at + cases[i].len - cases[i].nuls, 0, cases[i].nuls);
        mr_bytes_publish(&r->ask, 1, 0, 0, cases[i].len);
        ask(r, "https://rest.test/bytes/1");
        struct mr_aux_reply none;
        for (int k = 0; k < 10; k++)
            step(r);
        assert_false(mr_aux_take(&r->inbox, &none));
        assert_int_equal(r->metrics.requests, 0);
        rig_close(r);
    }
}

static void answers_that_cannot_be_are_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 6; i++) {
        struct rig *r = rig_open((struct mr_aux_config){0});
        struct mr_ring_writer writer;
        assert_int_equal(mr_ring_writer_open(&writer, r->link.answers, r->link.answers_bytes), MR_OK);
        struct mr_aux_answer a = {.body_bytes = 10, .part_bytes = 10};
        uint32_t len = (uint32_t)sizeof a + 12;
        a.part_at = i == 1 ? 5 : i == 2 ? UINT32_MAX : 0;
        a.part_bytes = i == 3 ? 11 : 10;
        a.body_bytes = i == 4 ? 9 : 10;
        a.addresses = i == 5 ? 1000 : 0;
        uint8_t *at = mr_bytes_reserve(&writer, len);
        memset(at, 0, len);
        memcpy(at, &a, sizeof a);
        mr_bytes_publish(&writer, 1, 0, 0, len);
        struct mr_aux_reply reply;
        assert_int_equal(mr_aux_take(&r->inbox, &reply), i == 0);
        assert_int_equal(r->answers.status, i == 0 ? MR_OK : MR_E_CORRUPT);
        rig_close(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_of_any_size_come_whole_with_what_was_asked),
        cmocka_unit_test(a_post_carries_its_body_and_says_it_is_json),
        cmocka_unit_test(requests_are_plain_http_1_1_to_the_venues_own_name),
        cmocka_unit_test(connections_are_kept_for_the_next_request),
        cmocka_unit_test(many_requests_go_side_by_side_but_no_more_than_allowed),
        cmocka_unit_test(trouble_is_named),
        cmocka_unit_test(a_body_of_the_largest_size_is_taken),
        cmocka_unit_test(asking_is_bounded),
        cmocka_unit_test(a_tile_that_cannot_work_says_so_at_boot),
        cmocka_unit_test(answers_that_find_no_room_wait_and_are_never_lost),
        cmocka_unit_test(records_that_mr_aux_ask_never_writes_stop_the_ring),
        cmocka_unit_test(answers_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, open_servers, close_servers) ? 1 : 0;
}
