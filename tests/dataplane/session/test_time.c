/* When it dials: back-off, jitter, budget, addresses in turn, pause and resume. */
#include <stdio.h>

#include "tests/dataplane/session/rig.h"

enum { FOREVER = 1 << 20, TRIES = 14 };

static uint64_t seed;
static void with_seed(struct rig *rig)
{
    rig->config.seed = seed;
    rig->config.dials_per_minute = 200;
    rig->refuse = FOREVER;
}

static void refused_times(uint64_t of_seed, int64_t times[TRIES])
{
    seed = of_seed;
    struct rig *rig = rig_open(&rig_venues[0], with_seed);
    while (rig->dials < TRIES)
        rig_run(rig, 1);
    memcpy(times, rig->dialled_ns, TRIES * sizeof *times);
    assert_int_equal(rig->metrics->refused, rig->metrics->closes);
    rig_close(rig);
}

static void retries_come_at_once_then_twice_as_late_each_time(void **state)
{
    (void)state;
    for (uint64_t s = 1; s <= 5; s++) {
        int64_t at[TRIES], delay = 100;
        refused_times(s, at);
        for (int i = 1; i < TRIES; i++) {
            int64_t waited = (at[i] - at[i - 1]) / RIG_MS;
            assert_in_range(waited, delay / 2,
                            delay + 2); /* half of it is jitter; a millisecond for each step of the rig */
            delay = 2 * delay < 30000 ? 2 * delay : 30000;
        }
        assert_int_equal(delay, 30000);
    }
}

static void the_seed_repeats_the_times(void **state)
{
    int64_t one[TRIES], again[TRIES], other[TRIES];
    (void)state;
    refused_times(7, one);
    refused_times(7, again);
    refused_times(8, other);
    assert_memory_equal(one, again, sizeof one);
    assert_true(memcmp(one, other, sizeof one) != 0);
}

static void small_budget(struct rig *rig)
{
    rig->config.dials_per_minute = 5;
    rig->config.backoff_ms_most = 200;
    rig->refuse = FOREVER;
}

static void dials_keep_the_budget_of_a_minute(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[1], small_budget);
    rig_run(rig, 600000);
    assert_int_equal(rig->dials, 50); /* it is used up, too */
    for (uint32_t i = 5; i < rig->dials; i++)
        assert_true(rig->dialled_ns[i] - rig->dialled_ns[i - 5] >= 60000 * RIG_MS);
    struct mr_session_view view;
    mr_session_view(rig->session, &view);
    assert_true(view.next_dial_ns > rig->now_ns - RIG_MS);
    rig_close(rig);
}

static void plenty(struct rig *rig) { rig->config.dials_per_minute = 200; }

static int64_t waited_after_drop(uint32_t live_ms)
{
    struct rig *rig = rig_open(&rig_venues[3], plenty);
    rig->refuse = 6;
    (void)rig_until(rig, MR_SESSION_LIVE, 20000);
    rig_run_with_data(rig, live_ms, 100);
    rig_hang_up(rig, "reset");
    rig_run(rig, 1);
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_DOWN);
    int64_t from = rig->now_ns;
    uint32_t dials = rig->dials;
    while (rig->dials == dials)
        rig_run(rig, 1);
    int64_t waited = (rig->dialled_ns[dials] - from) / RIG_MS;
    rig_close(rig);
    return waited;
}

static void a_while_of_live_data_forgives_past_failures(void **state)
{
    (void)state;
    assert_in_range(waited_after_drop(11000), 0, 101);
    assert_in_range(waited_after_drop(1000), 3200, 6402);
}

/* ---- addresses ---- */

static void three_addresses(struct rig *rig)
{
    for (uint8_t i = 0; i < 3; i++)
        rig->addresses[i] = (struct mr_address){.ip = {10, 0, 0, (uint8_t)(i + 1)}, .family = 4};
    rig->address_count = 3;
}

static void addresses_are_tried_in_turn(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[0], three_addresses);
    rig->refuse = 2;
    uint32_t ms = rig_until(rig, MR_SESSION_LIVE, 1000);
    assert_in_range(ms, 0, 10); /* no waiting between addresses of one name */
    assert_int_equal(rig->resolves, 1);
    for (uint8_t i = 0; i < 3; i++)
        assert_int_equal(rig->dialled[i].ip[3], i + 1);
    rig_hang_up(rig, "reset");
    rig_run(rig, 1);
    rig_to_live(rig); /* it may have moved: the name is asked for again */
    assert_int_equal(rig->resolves, 2);
    assert_int_equal(rig->dialled[3].ip[3], 1);
    rig_close(rig);
    rig = rig_open(&rig_venues[0], three_addresses);
    rig->refuse = 3;
    rig_to_live(rig);
    assert_int_equal(rig->resolves, 2); /* all three were tried, then back-off */
    assert_in_range((rig->dialled_ns[3] - rig->dialled_ns[2]) / RIG_MS, 50, 102);
    rig_close(rig);
}

static void the_next_address_is_tried_also_when_the_upgrade_fails(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[0], three_addresses);
    rig->upgrade_answer = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
    while (!strstr(rig->states, "down"))
        rig_run(rig, 1);
    assert_int_equal(strncmp(rig->states, "resolve dial tls upgrade down", 29), 0);
    rig->upgrade_answer = NULL;
    (void)rig_until(rig, MR_SESSION_LIVE, 20);
    assert_int_equal(rig->dialled[1].ip[3], 2);
    rig_close(rig);
}

/* ---- pause, reconnect, late answers ---- */

static void a_pause_holds_in_any_state(void **state)
{
    static const enum mr_session_state states[] = {MR_SESSION_DOWN, MR_SESSION_RESOLVE, MR_SESSION_DIAL,
                                                   MR_SESSION_TLS,  MR_SESSION_UPGRADE, MR_SESSION_SUBSCRIBE,
                                                   MR_SESSION_LIVE, MR_SESSION_STALE};
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(states); i++) {
        struct rig *rig = rig_open(&rig_venues[2], NULL);
        rig->defer_resolve = states[i] == MR_SESSION_RESOLVE;
        rig->hang_connect = states[i] == MR_SESSION_DIAL;
        rig->hang_tls = states[i] == MR_SESSION_TLS;
        rig->hang_upgrade = states[i] == MR_SESSION_UPGRADE;
        rig->no_data = states[i] == MR_SESSION_SUBSCRIBE;
        rig->no_pongs = states[i] == MR_SESSION_STALE;
        if (states[i] != MR_SESSION_DOWN)
            (void)rig_until(rig, states[i], 20000);
        mr_session_pause(rig->session, true, rig->now_ns);
        mr_session_pause(rig->session, true, rig->now_ns); /* twice is once */
        assert_int_equal(mr_session_state(rig->session), MR_SESSION_PAUSED);
        assert_string_equal(rig->why, "paused");
        uint32_t dials = rig->dials;
        if (states[i] == MR_SESSION_RESOLVE) /* an answer that comes too late */
            mr_session_resolved(rig->session, rig->addresses, 1, NULL, rig->now_ns);
        rig_run(rig, 120000);
        assert_int_equal(rig->dials, dials);
        assert_false(rig->connected);
        assert_int_equal(mr_session_state(rig->session), MR_SESSION_PAUSED);
        rig->defer_resolve = rig->no_data = rig->no_pongs = false;
        rig->hang_connect = rig->hang_tls = rig->hang_upgrade = 0;
        mr_session_reconnect(rig->session, "operator", rig->now_ns); /* does not end a pause */
        rig_run(rig, 10);
        assert_int_equal(mr_session_state(rig->session), MR_SESSION_PAUSED);
        mr_session_pause(rig->session, false, rig->now_ns);
        assert_in_range(rig_until(rig, MR_SESSION_LIVE, 1000), 0, 10); /* at once */
        rig_close(rig);
    }
}

static void many_dials(struct rig *rig)
{
    rig->config.dials_per_minute = 200;
    rig->refuse = 9;
}

static void a_reconnect_cuts_the_waiting_short(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[1], many_dials);
    while (rig->refuse)
        rig_run(rig, 1);
    rig_run(rig, 1);
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_DOWN); /* for half a minute about */
    mr_session_reconnect(rig->session, "operator", rig->now_ns);
    assert_in_range(rig_until(rig, MR_SESSION_LIVE, 100), 0, 10);
    rig_close(rig);
}

static void answers_of_the_resolver_nobody_waits_for_are_ignored(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[1], NULL);
    mr_session_resolved(rig->session, rig->addresses, 1, NULL, rig->now_ns);
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_DOWN);
    rig_to_live(rig);
    mr_session_resolved(rig->session, rig->addresses, 1, NULL, rig->now_ns);
    mr_session_resolved(rig->session, NULL, 0, "no such name", rig->now_ns);
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_LIVE);
    assert_int_equal(rig->dials, 1);
    rig_close(rig);
}

/* Pieces of one poll that come behind the one that ended the connection. */
static void leftovers_of_a_batch_are_ignored(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[1], NULL);
    uint8_t bytes[] = "leftover";
    rig_to_live(rig);
    rig_hang_up(rig, "reset");
    rig_run(rig, 1);
    assert_int_equal(mr_session_state(rig->session), MR_SESSION_DOWN);
    uint64_t before = rig->metrics->bytes;
    const uint8_t kinds[] = {MR_PIECE_STREAM, MR_PIECE_OPENED, MR_PIECE_CLOSED};
    for (size_t i = 0; i < MR_COUNT_OF(kinds); i++) {
        struct mr_piece piece = {
            .kind = kinds[i], .data = bytes, .len = 8, .connection = 3, .name = mr_span_of("late")};
        mr_session_piece(rig->session, &piece, rig->now_ns);
        assert_int_equal(mr_session_state(rig->session), MR_SESSION_DOWN);
    }
    assert_int_equal(rig->metrics->bytes, before);
    assert_int_equal(rig->metrics->closes, 1);
    rig_to_live(rig);
    rig_close(rig);
}

/* What was asked for when connections ended is asked for one by one: the venues' lines do not have such requests, so any is answered here. */
static void answer_any(struct rig *rig, const char *text)
{
    char said[512], id[24];
    const char *number = strstr(text, "id\":"), *arg = strstr(text, "\"args\":[{");
    snprintf(id, sizeof id, "%.*s", number ? (int)strspn(number + 4, "\"0123456789") : 0, number ? number + 4 : "");
    if (strncmp(rig->venue->product, "okx:", 4) == 0)
        snprintf(said, sizeof said, "{\"id\":%s,\"event\":\"subscribe\",\"arg\":%.*s}", id,
                 arg ? (int)strcspn(arg + 8, "}") + 1 : 0, arg ? arg + 8 : "");
    else if (strncmp(rig->venue->product, "bybit:", 6) == 0)
        snprintf(said, sizeof said, "{\"success\":true,\"ret_msg\":\"\",\"req_id\":%s,\"op\":\"subscribe\"}", id);
    else
        snprintf(said, sizeof said, "{\"result\":null,\"id\":%s}", id);
    if (!rig->no_acks)
        rig_say(rig, said);
    rig_say(rig, rig->venue->message);
}

static void answer_all(struct rig *rig, const char *text)
{
    const struct rig_line *line = rig->lines;
    while (line->heard && strcmp(line->heard, text) != 0)
        line++;
    if (!line->heard && strcasestr(text, "subscribe"))
        answer_any(rig, text);
    if (line->heard && line->ack && !(strstr(text, "ping") ? rig->no_pongs : rig->no_acks))
        rig_say(rig, line->ack);
    if (line->heard && line->data)
        rig_say(rig, line->data);
}

/* A storm of faults from a seed: whatever happens, it is live again when the peer behaves, and states follow the diagram. */
static void after_any_storm_it_is_live_again(void **state)
{
    (void)state;
    uint32_t storms = getenv("MILLRACE_QUICK") ? 5 : 40;
    for (uint32_t i = 0; i < storms; i++) {
        struct rig *rig = rig_open(&rig_venues[i % rig_venue_count], plenty);
        struct mr_random r = {1000 + i};
        rig->split = UINT32_MAX;
        rig->on_heard = answer_all;
        for (int fault = 0; fault < 12; fault++) {
            rig->refuse = mr_random_below(&r, 4) == 0;
            rig->hang_tls = mr_random_below(&r, 8) == 0;
            rig->hang_upgrade = mr_random_below(&r, 8) == 0;
            rig->take = (uint32_t)mr_random_below(&r, 3) * 50;
            rig->no_acks = mr_random_below(&r, 4) == 0;
            rig->keep_open = mr_random_below(&r, 4) == 0;
            rig_run(rig, (uint32_t)mr_random_below(&r, 3000));
            bool open = rig->connected && rig->upgraded;
            uint8_t garbage[64];
            for (size_t k = 0; k < sizeof garbage; k++)
                garbage[k] = (uint8_t)mr_random_next(&r);
            switch (mr_random_below(&r, 7)) {
            case 0:
                if (rig->connected)
                    rig_hang_up(rig, "reset");
                break;
            case 1:
                if (open)
                    rig_say_plain(rig, garbage, 1 + (uint32_t)mr_random_below(&r, 63));
                break;
            case 2:
                if (rig->connected)
                    rig_say_wire(rig, garbage, 1 + (uint32_t)mr_random_below(&r, 63));
                break;
            case 3:
                if (open)
                    rig_say_close(rig, 1001, "away");
                break;
            case 4:
                mr_session_reconnect(rig->session, "operator", rig->now_ns);
                break;
            case 5:
                mr_session_pause(rig->session, true, rig->now_ns);
                break;
            default:
                if (open)
                    rig_say(rig, "{\"event\":\"error\",\"code\":2,\"msg\":\"x\",\"id\":1}");
                break;
            }
            rig_run(rig, (uint32_t)mr_random_below(&r, 200));
            mr_session_pause(rig->session, false, rig->now_ns);
        }
        rig->refuse = rig->hang_tls = rig->hang_upgrade = rig->take = 0;
        rig->no_acks = rig->keep_open = false;
        mr_session_reconnect(rig->session, "the storm is over", rig->now_ns);
        (void)rig_until(rig, MR_SESSION_LIVE, 40000);
        rig_close(rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retries_come_at_once_then_twice_as_late_each_time),
        cmocka_unit_test(the_seed_repeats_the_times),
        cmocka_unit_test(dials_keep_the_budget_of_a_minute),
        cmocka_unit_test(a_while_of_live_data_forgives_past_failures),
        cmocka_unit_test(addresses_are_tried_in_turn),
        cmocka_unit_test(the_next_address_is_tried_also_when_the_upgrade_fails),
        cmocka_unit_test(a_pause_holds_in_any_state),
        cmocka_unit_test(a_reconnect_cuts_the_waiting_short),
        cmocka_unit_test(answers_of_the_resolver_nobody_waits_for_are_ignored),
        cmocka_unit_test(leftovers_of_a_batch_are_ignored),
        cmocka_unit_test(after_any_storm_it_is_live_again),
    };
    return MR_TEST_MAIN(tests);
}
