/* Limits of hosts, and their names. */
#include <stdio.h>
#include <unistd.h>

#include "tests/dataplane/aux/rig.h"

/* ---- limits ---- */

static void no_minute_ever_sees_more_than_the_limit(void **state)
{
    (void)state;
    static const uint32_t limits[] = {1, 2, 3, 4, 7, 60, 1200, 6000};
    for (size_t i = 0; i < MR_COUNT_OF(limits); i++) {
        struct mr_random random = {i};
        struct mr_aux_bucket b;
        mr_aux_bucket_init(&b, "h", limits[i], 60, NULL);
        static int64_t taken[200000];
        uint32_t n = 0, from = 0;
        int64_t now = 1700000000 * SECOND_NS, end = now + 600 * SECOND_NS;
        while (now < end) {
            uint64_t pause = mr_random_below(&random, 3000);
            now += pause == 0 ? (int64_t)mr_random_below(&random, 100 * (uint64_t)SECOND_NS)
                              : (int64_t)mr_random_below(&random, 10000000);
            int64_t wait = mr_aux_bucket_wait_ns(&b, now, 1);
            bool took = mr_aux_bucket_take(&b, 1, now);
            assert_int_equal(took, wait == 0);
            if (!took) {
                now += wait + 1; /* what it promised holds */
                assert_true(mr_aux_bucket_take(&b, 1, now));
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
    const struct mr_aux_limit limit = {"rest.test", 40, 60, NULL};
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
    const struct mr_aux_limit limit = {"rest.test", 4, 60, NULL};
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

int main(void)
{
    const struct CMUnitTest tests[] = {
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
    };
    return cmocka_run_group_tests(tests, open_servers, close_servers) ? 1 : 0;
}
