/* The aux tile against a real HTTPS server on 127.0.0.1, stepped on the test's own thread; time can be moved ahead. */
#include <arpa/inet.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/aux/aux_priv.h"
#include "tests/dataplane/aux/https_server.h"

#define RING_AREA (256u << 10)

static char folder[] = "/tmp/millrace-aux-XXXXXX";
static char ca_file[64], other_ca_file[64];
static struct https_server *server, *misnamed;

static int64_t wall_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * SECOND_NS + ts.tv_nsec;
}

/* ---- a tile with one feed tile's rings ---- */

struct rig {
    struct mr_aux_config config;
    struct mr_aux_link link;
    struct mr_aux_metrics metrics;
    struct mr_ring_writer ask;
    struct mr_ring_reader answers;
    struct mr_aux_inbox inbox;
    struct mr_aux_override overrides[2];
    void *state;
    int64_t ahead_ns;
    uint64_t next_id;
};

static void *ring(size_t *bytes)
{
    *bytes = mr_bytes_ring_bytes(RING_AREA);
    void *mem = aligned_alloc(128, (*bytes + 127) / 128 * 128);
    assert_int_equal(mr_bytes_ring_init(mem, RING_AREA, MR_RING_BACKPRESSURE), MR_OK);
    return mem;
}

static struct mr_address loopback(uint16_t port)
{
    return (struct mr_address){.ip = {127, 0, 0, 1}, .family = 4, .port = port};
}

/* "rest.test", whatever the port, is where the server listens: as a venue's name behind a fixed address. */
static struct rig *rig_open(struct mr_aux_config config)
{
    struct rig *r = aligned_alloc(128, (sizeof *r + 127) / 128 * 128);
    memset(r, 0, sizeof *r);
    mr_metrics_init_values(&r->metrics, &mr_aux_metrics_desc);
    r->link.requests = ring(&r->link.requests_bytes);
    r->link.answers = ring(&r->link.answers_bytes);
    r->config = config;
    r->config.links = &r->link;
    r->config.link_count = 1;
    if (!r->config.overrides) {
        r->overrides[0] = (struct mr_aux_override){.host = "rest.test", .address = loopback(https_server_port(server))};
        r->overrides[1] = (struct mr_aux_override){
            .host = "misnamed.test", .port = 443, .address = loopback(https_server_port(misnamed))};
        r->config.overrides = r->overrides;
        r->config.override_count = 2;
    }
    if (!r->config.ca_file)
        r->config.ca_file = ca_file;
    r->config.metrics = &r->metrics;
    r->state = aligned_alloc(128, (mr_aux_tile.bytes(&r->config) + 127) / 128 * 128);
    struct mr_err err;
    assert_int_equal(mr_aux_tile.boot(r->state, &r->config, NULL, &err), MR_OK);
    assert_int_equal(mr_ring_writer_open(&r->ask, r->link.requests, r->link.requests_bytes), MR_OK);
    assert_int_equal(mr_ring_reader_open(&r->answers, r->link.answers, r->link.answers_bytes), MR_OK);
    r->inbox = (struct mr_aux_inbox){.answers = &r->answers, .body = malloc(8u << 20), .body_max = 8u << 20};
    return r;
}

static void rig_close(struct rig *r)
{
    mr_aux_tile.halt(r->state);
    free(r->inbox.body);
    free(r->link.requests);
    free(r->link.answers);
    free(r->state);
    free(r);
}

static void step(struct rig *r)
{
    mr_aux_tile.step(r->state, wall_ns() + r->ahead_ns);
    mr_aux_tile.housekeep(r->state, wall_ns() + r->ahead_ns);
}

static int ask_post(struct rig *r, const char *url, const char *post)
{
    const struct mr_aux_request request = {.kind = MR_AUX_GET,
                                           .venue = 3,
                                           .product = 1,
                                           .purpose = 2,
                                           .connection = 7,
                                           .instrument = 42,
                                           .id = ++r->next_id};
    return mr_aux_ask(&r->ask, &request, url, post);
}

static void ask(struct rig *r, const char *url) { assert_int_equal(ask_post(r, url, NULL), MR_OK); }

static void ask_name(struct rig *r, const char *host, uint16_t port)
{
    const struct mr_aux_request request = {.kind = MR_AUX_RESOLVE, .port = port, .id = ++r->next_id};
    assert_int_equal(mr_aux_ask(&r->ask, &request, host, NULL), MR_OK);
}

/* Steps until an answer is there; a minute without one is a failure. */
static struct mr_aux_reply take(struct rig *r)
{
    struct mr_aux_reply reply;
    int64_t until = wall_ns() + 60 * SECOND_NS;
    while (!mr_aux_take(&r->inbox, &reply)) {
        assert_int_equal(r->answers.status, MR_OK);
        assert_true(wall_ns() < until);
        step(r);
    }
    return reply;
}

static struct mr_aux_reply fetch(struct rig *r, const char *url)
{
    ask(r, url);
    struct mr_aux_reply reply = take(r);
    assert_int_equal(reply.head.request.id, r->next_id);
    assert_true(mr_span_is(reply.url, url, strlen(url)));
    return reply;
}

static bool is_pattern(struct mr_span body, uint32_t len)
{
    if (body.len != len)
        return false;
    for (uint32_t i = 0; i < len; i++)
        if (body.data[i] != https_server_pattern(i))
            return false;
    return true;
}

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

/* ---- limits ---- */

static void no_minute_ever_sees_more_than_the_limit(void **state)
{
    (void)state;
    static const uint32_t limits[] = {1, 2, 3, 4, 7, 60, 1200, 6000};
    for (size_t i = 0; i < MR_COUNT_OF(limits); i++) {
        struct mr_random random = {i};
        struct mr_aux_bucket b;
        mr_aux_bucket_init(&b, "h", limits[i]);
        static int64_t taken[200000];
        uint32_t n = 0, from = 0;
        int64_t now = 1700000000 * SECOND_NS, end = now + 600 * SECOND_NS;
        while (now < end) {
            uint64_t pause = mr_random_below(&random, 3000);
            now += pause == 0 ? (int64_t)mr_random_below(&random, 100 * (uint64_t)SECOND_NS)
                              : (int64_t)mr_random_below(&random, 10000000);
            int64_t wait = mr_aux_bucket_wait_ns(&b, now, 0);
            bool took = mr_aux_bucket_take(&b, now);
            assert_int_equal(took, wait == 0);
            if (!took) {
                now += wait + 1; /* what it promised holds */
                assert_true(mr_aux_bucket_take(&b, now));
            }
            taken[n++] = now;
            while (taken[from] <= now - 60 * SECOND_NS)
                from++;
            assert_true(n - from <= limits[i]);
        }
        assert_true(n >= limits[i] * 3); /* and it lets through most of what is allowed */
    }
}

static void a_hosts_limit_holds_its_requests_back_and_no_others(void **state)
{
    (void)state;
    const struct mr_aux_limit limit = {"rest.test", 40};
    struct rig *r = rig_open((struct mr_aux_config){.limits = &limit, .limit_count = 1});
    char elsewhere[64];
    snprintf(elsewhere, sizeof elsewhere, "https://127.0.0.1:%u/bytes/5", https_server_port(server));
    for (int i = 0; i < 13; i++)
        ask(r, "https://rest.test/bytes/1");
    ask(r, elsewhere);
    bool other = false;
    for (int i = 0; i < 11; i++) /* ten at once, and the other host's */
        other |= take(r).body.len == 5;
    assert_true(other);
    struct mr_aux_reply none;
    for (int i = 0; i < 50; i++) {
        step(r);
        assert_false(mr_aux_take(&r->inbox, &none));
    }
    assert_int_equal(r->metrics.limited, 3);
    r->ahead_ns += 2 * SECOND_NS; /* 30 a minute flow in */
    assert_int_equal(take(r).head.status, MR_OK);
    r->ahead_ns += 4 * SECOND_NS;
    assert_int_equal(take(r).head.status, MR_OK);
    assert_int_equal(take(r).head.status, MR_OK);
    rig_close(r);
}

static void who_would_wait_too_long_is_told_at_once(void **state)
{
    (void)state;
    const struct mr_aux_limit limit = {"rest.test", 4};
    struct rig *r = rig_open((struct mr_aux_config){.limits = &limit, .limit_count = 1});
    for (int i = 0; i < 8; i++)
        ask(r, "https://rest.test/bytes/1");
    int good = 0, again = 0;
    for (int i = 0; i < 5; i++) { /* one goes; three are due within the minute and wait; four are told */
        struct mr_aux_reply reply = take(r);
        good += reply.head.status == MR_OK;
        again += reply.head.status == MR_E_AGAIN;
    }
    assert_int_equal(good, 1);
    assert_int_equal(again, 4);
    rig_close(r);
}

static void a_host_that_says_429_or_418_gets_nothing_for_as_long_as_it_wants(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        int64_t seconds;
    } cases[] = {{"https://rest.test/status/429/7", 7},
                 {"https://rest.test/status/418/50", 50},
                 {"https://rest.test/status/429", 30}};
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct rig *r = rig_open((struct mr_aux_config){0});
        assert_int_equal(fetch(r, cases[i].url).head.status, MR_E_INVALID);
        assert_int_equal(r->metrics.stopped, 1);
        uint32_t before = https_server_requests(server);
        ask(r, "https://rest.test/bytes/1");
        struct mr_aux_reply none;
        r->ahead_ns += (cases[i].seconds - 2) * SECOND_NS;
        for (int k = 0; k < 50; k++) {
            step(r);
            assert_false(mr_aux_take(&r->inbox, &none));
        }
        assert_int_equal(https_server_requests(server), before);
        r->ahead_ns += 3 * SECOND_NS;
        assert_int_equal(take(r).head.status, MR_OK);
        assert_int_equal(https_server_requests(server), before + 1);
        rig_close(r);
    }
    struct rig *r = rig_open((struct mr_aux_config){0});
    assert_int_equal(fetch(r, "https://rest.test/status/418/3600").head.http, 418);
    struct mr_aux_reply reply = fetch(r, "https://rest.test/bytes/1");
    assert_int_equal(reply.head.status, MR_E_AGAIN);
    assert_non_null(strstr(reply.why, "rest.test"));
    rig_close(r);
}

/* ---- names ---- */

static uint32_t lookups, lookup_fails, lookup_blocks;

static int scripted(const char *host, struct mr_address *out, uint32_t max, char why[96])
{
    (void)max;
    __atomic_add_fetch(&lookups, 1, __ATOMIC_ACQ_REL);
    while (__atomic_load_n(&lookup_blocks, __ATOMIC_ACQUIRE))
        usleep(1000);
    if (strcmp(host, "gone.test") == 0) {
        snprintf(why, 96, "no such name");
        return MR_E_MISSING;
    }
    if (__atomic_load_n(&lookup_fails, __ATOMIC_ACQUIRE)) {
        snprintf(why, 96, "servers out");
        return MR_E_IO;
    }
    out[0] = loopback(0);
    out[1] = (struct mr_address){.ip = {[15] = 1}, .family = 6};
    return 2;
}

static uint32_t count_lookups(void) { return __atomic_load_n(&lookups, __ATOMIC_ACQUIRE); }

static struct rig *rig_of_names(struct mr_aux_config config)
{
    config.lookup = scripted;
    lookups = lookup_fails = lookup_blocks = 0;
    return rig_open(config);
}

static struct mr_aux_reply resolve(struct rig *r, const char *host, uint16_t port)
{
    ask_name(r, host, port);
    struct mr_aux_reply reply = take(r);
    assert_int_equal(reply.head.request.id, r->next_id);
    assert_true(mr_span_is(reply.url, host, strlen(host)));
    return reply;
}

static void names_and_numbers_become_addresses(void **state)
{
    (void)state;
    struct rig *r = rig_open((struct mr_aux_config){0});
    static const struct {
        const char *host;
        uint8_t family, last;
    } cases[] = {{"localhost", 4, 1}, {"127.0.0.9", 4, 9}, {"::7", 6, 7}, {"[::8]", 6, 8}};
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_aux_reply reply = resolve(r, cases[i].host, 9443);
        assert_int_equal(reply.head.status, MR_OK);
        assert_true(reply.head.addresses >= 1);
        assert_int_equal(reply.addresses[0].family, cases[i].family);
        assert_int_equal(reply.addresses[0].ip[cases[i].family == 4 ? 3 : 15], cases[i].last);
        assert_int_equal(reply.addresses[0].port, 9443);
    }
    struct mr_aux_reply reply = resolve(r, "a..b", 443);
    assert_int_equal(reply.head.status, MR_E_MISSING);
    assert_int_equal(reply.head.addresses, 0);
    assert_non_null(strstr(reply.why, "a..b"));
    assert_int_equal(resolve(r, "", 443).head.status, MR_E_INVALID);
    rig_close(r);
}

static void fixed_addresses_win_by_host_and_port(void **state)
{
    (void)state;
    const struct mr_aux_override overrides[] = {
        {"venue.test", 443, loopback(8443)}, {"venue.test", 9443, loopback(0)}, {"any.test", 0, loopback(5)}};
    struct rig *r = rig_of_names((struct mr_aux_config){.overrides = overrides, .override_count = 3});
    assert_int_equal(resolve(r, "venue.test", 443).addresses[0].port, 8443);
    assert_int_equal(resolve(r, "VENUE.test", 9443).addresses[0].port, 9443);
    assert_int_equal(resolve(r, "any.test", 77).addresses[0].port, 5);
    assert_int_equal(count_lookups(), 0);
    assert_int_equal(resolve(r, "venue.test", 1).head.addresses, 2); /* another port: looked up */
    assert_int_equal(count_lookups(), 1);
    rig_close(r);
}

static void names_are_kept_for_their_time_and_looked_up_once_for_all_who_wait(void **state)
{
    (void)state;
    struct rig *r = rig_of_names((struct mr_aux_config){.cache_s = 20});
    lookup_blocks = 1;
    for (int i = 0; i < 10; i++)
        ask_name(r, i % 2 ? "venue.test" : "Venue.Test", 443);
    for (int i = 0; i < 50; i++)
        step(r);
    __atomic_store_n(&lookup_blocks, 0, __ATOMIC_RELEASE);
    for (int i = 0; i < 10; i++)
        assert_int_equal(take(r).head.addresses, 2);
    assert_int_equal(count_lookups(), 1);
    uint64_t cached = r->metrics.cached;
    r->ahead_ns += 10 * SECOND_NS;
    assert_int_equal(resolve(r, "venue.test", 443).head.status, MR_OK);
    assert_int_equal(count_lookups(), 1);
    assert_int_equal(r->metrics.cached, cached + 1);
    r->ahead_ns += 20 * SECOND_NS;
    assert_int_equal(resolve(r, "venue.test", 443).head.status, MR_OK);
    assert_int_equal(count_lookups(), 2);
    rig_close(r);
}

static void what_is_known_serves_while_the_name_servers_are_out_but_not_when_the_name_is_gone(void **state)
{
    (void)state;
    struct rig *r = rig_of_names((struct mr_aux_config){.cache_s = 20});
    lookup_fails = 1;
    struct mr_aux_reply reply = resolve(r, "venue.test", 443);
    assert_int_equal(reply.head.status, MR_E_IO);
    assert_non_null(strstr(reply.why, "servers out"));
    __atomic_store_n(&lookup_fails, 0, __ATOMIC_RELEASE);
    assert_int_equal(resolve(r, "venue.test", 443).head.status, MR_OK); /* a failure is not kept */
    __atomic_store_n(&lookup_fails, 1, __ATOMIC_RELEASE);
    r->ahead_ns += 60 * SECOND_NS;
    assert_int_equal(resolve(r, "venue.test", 443).head.addresses, 2);
    assert_int_equal(r->metrics.stale, 1);
    assert_int_equal(resolve(r, "gone.test", 443).head.status, MR_E_MISSING);
    rig_close(r);
}

static void a_look_up_that_hangs_times_out_and_keeps_nobody_from_stopping(void **state)
{
    (void)state;
    struct rig *r = rig_of_names((struct mr_aux_config){.timeout_s = 5});
    lookup_blocks = 1;
    ask_name(r, "venue.test", 443);
    ask(r, "https://other.test/");
    for (int i = 0; i < 20; i++)
        step(r);
    r->ahead_ns += 6 * SECOND_NS;
    for (int i = 0; i < 2; i++) {
        struct mr_aux_reply reply = take(r);
        assert_int_equal(reply.head.status, MR_E_IO);
        assert_non_null(strstr(reply.why, "5 s"));
    }
    ask_name(r, "third.test", 443);
    step(r);
    rig_close(r); /* with both helpers hanging, and one waiting for them */
    __atomic_store_n(&lookup_blocks, 0, __ATOMIC_RELEASE);
    usleep(20000); /* they end, and free what they hold: seen by the leak checker */
}

static void rest_goes_to_addresses_looked_up_here_and_checks_the_real_name(void **state)
{
    (void)state;
    const struct mr_aux_override none[1] = {{"unused.test", 0, loopback(1)}};
    struct rig *r = rig_of_names((struct mr_aux_config){.overrides = none, .override_count = 1});
    char url[64];
    snprintf(url, sizeof url, "https://rest.test:%u/bytes/100", https_server_port(server));
    assert_int_equal(fetch(r, url).head.status, MR_OK);
    assert_int_equal(fetch(r, url).head.status, MR_OK);
    assert_int_equal(count_lookups(), 1);
    snprintf(url, sizeof url, "https://wrong.test:%u/bytes/100", https_server_port(server));
    struct mr_aux_reply reply = fetch(r, url);
    assert_int_equal(reply.head.status, MR_E_IO);
    assert_non_null(strstr(reply.why, "wrong.test"));
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

static int open_servers(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(ca_file, sizeof ca_file, "%s/ca.pem", folder);
    snprintf(other_ca_file, sizeof other_ca_file, "%s/other.pem", folder);
    server = https_server_open("DNS:rest.test,IP:127.0.0.1", ca_file);
    misnamed = https_server_open("DNS:somebody.test", other_ca_file);
    return 0;
}

static int close_servers(void **state)
{
    (void)state;
    https_server_close(server);
    https_server_close(misnamed);
    unlink(ca_file);
    unlink(other_ca_file);
    rmdir(folder);
    return 0;
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
        cmocka_unit_test(no_minute_ever_sees_more_than_the_limit),
        cmocka_unit_test(a_hosts_limit_holds_its_requests_back_and_no_others),
        cmocka_unit_test(who_would_wait_too_long_is_told_at_once),
        cmocka_unit_test(a_host_that_says_429_or_418_gets_nothing_for_as_long_as_it_wants),
        cmocka_unit_test(names_and_numbers_become_addresses),
        cmocka_unit_test(fixed_addresses_win_by_host_and_port),
        cmocka_unit_test(names_are_kept_for_their_time_and_looked_up_once_for_all_who_wait),
        cmocka_unit_test(what_is_known_serves_while_the_name_servers_are_out_but_not_when_the_name_is_gone),
        cmocka_unit_test(a_look_up_that_hangs_times_out_and_keeps_nobody_from_stopping),
        cmocka_unit_test(rest_goes_to_addresses_looked_up_here_and_checks_the_real_name),
        cmocka_unit_test(records_that_mr_aux_ask_never_writes_stop_the_ring),
        cmocka_unit_test(answers_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, open_servers, close_servers) ? 1 : 0;
}
