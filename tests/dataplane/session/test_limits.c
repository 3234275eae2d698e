/* Sessions to one venue from one address share what it allows: who gets nothing waits, counts it, and goes on when there is some. */
#include "tests/dataplane/session/rig.h"

enum { BINANCE_PUBLIC, HYPERLIQUID = 4 };

static struct mr_budgets shared;

static void with_budgets(struct rig *rig) { rig->config.budgets = &shared; }

static void a_connection_waits_for_a_place(void **state)
{
    (void)state;
    shared = (struct mr_budgets){.connections = {.most = 1}, .dials = {.most = 100, .window_s = 1}};
    struct rig *one = rig_open(&rig_venues[HYPERLIQUID], with_budgets);
    rig_to_live(one);
    struct rig *two = rig_open(&rig_venues[HYPERLIQUID], with_budgets);
    struct mr_session_view view;
    rig_run(two, 5000);
    mr_session_view(two->session, &view);
    assert_int_equal(two->dials, 0);
    assert_int_equal(two->metrics->no_place, 1);
    assert_int_equal(two->metrics->waits, MR_BUDGET_CONNECTIONS);
    assert_int_equal(view.waits, MR_BUDGET_CONNECTIONS);
    assert_int_equal(shared.dials.full_ns > 0, 1); /* one's alone */
    mr_session_pause(one->session, true, one->now_ns);
    rig_run(one, 1500);
    assert_int_equal(shared.connections.used, 0);
    rig_to_live(two);
    assert_int_equal(two->metrics->waits, MR_BUDGET_NONE);
    assert_int_equal(shared.connections.used, 1);
    rig_close(two);
    rig_close(one);
    assert_int_equal(shared.connections.used, 0);
}

/* Whatever becomes of an attempt, its place is given back, and one attempt costs one. */
static void a_place_is_given_back_however_it_ends(void **state)
{
    (void)state;
    for (int how = 0; how < 6; how++) {
        shared = (struct mr_budgets){.connections = {.most = 1}, .dials = {.most = 100, .window_s = 3600}};
        struct rig *rig = rig_open(&rig_venues[HYPERLIQUID], with_budgets);
        rig->refuse = how == 0;
        rig->hang_connect = how == 1;
        rig->hang_tls = how == 2;
        rig->hang_upgrade = how == 3;
        rig->trust = how == 4 ? RIG_STRANGER : RIG_GOOD;
        if (how == 5)
            rig->address_count = 0; /* no such name: an attempt that came to nothing */
        rig_run(rig, 5200);
        rig->refuse = rig->hang_connect = rig->hang_tls = rig->hang_upgrade = 0;
        rig->trust = RIG_GOOD;
        rig->address_count = 1;
        (void)rig_until(rig, MR_SESSION_LIVE, 40000);
        assert_int_equal(shared.connections.used, 1);
        rig_close(rig);
        assert_int_equal(shared.connections.used, 0);
        assert_int_equal(shared.subscriptions.used, 0);
    }
}

static void subscriptions_beyond_the_stock_wait(void **state)
{
    (void)state;
    shared = (struct mr_budgets){.subscriptions = {.most = 3}};
    struct rig *one = rig_open(&rig_venues[HYPERLIQUID], with_budgets), *two;
    rig_to_live(one); /* two streams: marks and interests have one name */
    assert_int_equal(shared.subscriptions.used, 2);
    two = rig_open(&rig_venues[HYPERLIQUID], with_budgets);
    rig_run(two, 3000);
    assert_int_equal(two->heard_count, 1);
    assert_int_equal(shared.subscriptions.used, 3);
    assert_int_equal(two->metrics->subs_held, 1);
    assert_int_equal(two->metrics->waits, MR_BUDGET_SUBSCRIPTIONS);
    assert_int_equal(mr_session_state(two->session), MR_SESSION_SUBSCRIBE);
    mr_session_pause(one->session, true, one->now_ns);
    rig_run(one, 1500);
    rig_to_live(two);
    assert_int_equal(shared.subscriptions.used, 2);
    assert_int_equal(two->metrics->waits, MR_BUDGET_NONE);
    rig_close(two);
    rig_close(one);
    assert_int_equal(shared.subscriptions.used, 0);
}

/* As many of a message's streams as there is room for. */
static void a_message_asks_for_no_more_than_there_is_room(void **state)
{
    (void)state;
    shared = (struct mr_budgets){.subscriptions = {.most = 1}};
    struct rig *rig = rig_open(&rig_venues[BINANCE_PUBLIC], with_budgets);
    rig_run(rig, 1000);
    assert_int_equal(rig_heard(rig, "{\"method\":\"SUBSCRIBE\",\"params\":[\"btcusdt@bookTicker\"],\"id\":1}"), 1);
    assert_int_equal(rig->heard_count, 1);
    assert_int_equal(shared.subscriptions.used, 1);
    rig_close(rig);
    assert_int_equal(shared.subscriptions.used, 0);
}

static void asking_anew_holds_no_second_one(void **state)
{
    (void)state;
    shared = (struct mr_budgets){.subscriptions = {.most = 2}};
    struct rig *rig = rig_open(&rig_venues[HYPERLIQUID], with_budgets);
    rig_to_live(rig);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(mr_session_renew(rig->session, MR_BEST, "BTC", rig->now_ns), MR_OK);
        rig_run(rig, 200);
        assert_int_equal(shared.subscriptions.used, 2);
    }
    assert_int_equal(rig_heard(rig, "{\"method\":\"subscribe\",\"subscription\":{\"type\":\"bbo\",\"coin\":\"BTC\"}}"),
                     21);
    rig_close(rig);
}

static void messages_of_all_sessions_keep_the_addresss_rate(void **state)
{
    (void)state;
    shared = (struct mr_budgets){.sends = {.most = 6, .window_s = 60}};
    struct rig *rigs[4];
    for (size_t i = 0; i < MR_COUNT_OF(rigs); i++)
        rigs[i] = rig_open(&rig_venues[HYPERLIQUID], with_budgets);
    for (int ms = 0; ms < 170000; ms += 10)
        for (size_t i = 0; i < MR_COUNT_OF(rigs); i++) {
            rigs[i]->tick_ms = 10;
            rig_run(rigs[i], 10);
        }
    int64_t at[4096];
    uint32_t n = 0, held = 0;
    for (size_t i = 0; i < MR_COUNT_OF(rigs); i++) {
        held += (uint32_t)rigs[i]->metrics->sends_held;
        for (uint32_t k = 0; k < rigs[i]->heard_count; k++)
            at[n++] = rigs[i]->heard_ns[k];
    }
    for (uint32_t i = 0; i < n; i++) {
        uint32_t in_window = 0;
        for (uint32_t k = 0; k < n; k++)
            in_window += at[k] >= at[i] && at[k] < at[i] + 59990 * RIG_MS;
        assert_true(in_window <= 6);
    }
    assert_true(n >= 9); /* and half of it is always given */
    assert_true(held > 0);
    for (size_t i = 0; i < MR_COUNT_OF(rigs); i++)
        rig_close(rigs[i]);
}

static void too_many_requests_says_the_venue_and_nobody_dials(void **state)
{
    static const struct {
        const char *says, *answer;
        int64_t least_ms, most_ms; /* until the next dial of another session */
        uint64_t counted;
    } cases[] = {
        {"in seconds", "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n", 6990, 7010, 1},
        {"not for how long", "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n", 3990, 4010, 1},
        {"a ban", "HTTP/1.1 418 I'm a teapot\r\nContent-Length: 0\r\n\r\n", 119990, 120010, 1},
        {"a date", "HTTP/1.1 429 Too Many Requests\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\n", 3990, 4010,
         1},
        {"longer than is believed", "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 99999999999999999999\r\n\r\n",
         3599990, 3600010, 1},
        {"another refusal", "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\n\r\n", 0, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        shared = (struct mr_budgets){.dials = {.most = 30, .window_s = 60}};
        struct rig *one = rig_open(&rig_venues[HYPERLIQUID], with_budgets);
        one->upgrade_answer = cases[i].answer;
        rig_run(one, 20);
        assert_int_equal(one->metrics->upgrade_failed, 1);
        assert_int_equal(one->metrics->turned_away, cases[i].counted);
        int64_t when = mr_budget_when(&shared.dials, 1, one->now_ns);
        int64_t wait_ms = when ? (when - one->now_ns) / RIG_MS : 0;
        if (wait_ms < cases[i].least_ms - 20 || wait_ms > cases[i].most_ms)
            fail_msg("%s: %lld ms", cases[i].says, (long long)wait_ms);
        rig_close(one);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_waits_for_a_place),
        cmocka_unit_test(a_place_is_given_back_however_it_ends),
        cmocka_unit_test(subscriptions_beyond_the_stock_wait),
        cmocka_unit_test(a_message_asks_for_no_more_than_there_is_room),
        cmocka_unit_test(asking_anew_holds_no_second_one),
        cmocka_unit_test(messages_of_all_sessions_keep_the_addresss_rate),
        cmocka_unit_test(too_many_requests_says_the_venue_and_nobody_dials),
    };
    return MR_TEST_MAIN(tests);
}
