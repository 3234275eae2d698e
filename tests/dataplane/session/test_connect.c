/* From dial to live, with each venue, and all that can go wrong on the way. */
#include <stdio.h>

#include "tests/dataplane/session/rig.h"

static void each_venue_is_dialled_to_live(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < rig_venue_count; i++) {
        struct rig *rig = rig_open(&rig_venues[i], NULL);
        struct mr_session_view view;
        rig_to_live(rig);
        assert_string_equal(rig->states, "resolve dial tls upgrade subscribe live");
        assert_string_equal(rig->why, "data comes");
        assert_int_equal(rig->dials, 1);
        assert_int_equal(rig->dialled[0].port, rig->route.port);
        for (const struct rig_line *line = rig->lines; line->heard; line++)
            assert_int_equal(rig_heard(rig, line->heard), strstr(line->heard, "ping") ? 0 : 1);
        mr_session_view(rig->session, &view);
        assert_int_equal(view.state, MR_SESSION_LIVE);
        assert_int_equal(view.streams_live, 1);
        assert_int_equal(view.mute, 0);
        assert_non_null(strstr(view.tls, "TLSv1.3"));
        bool own = strncmp(mr_tls_reader_text(rig->tls), "own", 3) == 0;
        assert_true((strstr(view.tls, ", own reader") != NULL) == own); /* said where an operator looks */
        assert_string_equal(view.route, rig->route.name);
        assert_int_equal(rig->metrics->lives, 1);
        assert_int_equal(rig->metrics->dials, 1);
        assert_int_equal(rig->metrics->closes, 0);
        assert_int_equal(rig->metrics->streams, view.streams);
        assert_true(rig->metrics->bytes > 0 && rig->metrics->frames == rig->delivered);
        rig_close(rig);
    }
}

/* Fixed address: no name is asked for. */
static void set_fixed(struct rig *rig) { rig->config.fixed = (struct mr_address){{10, 1, 2, 3}, 4, 0, 9443}; }

static void a_fixed_address_is_dialled_without_asking(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[0], set_fixed);
    rig_to_live(rig);
    assert_int_equal(rig->resolves, 0);
    assert_int_equal(rig->dialled[0].port, 9443);
    assert_memory_equal(rig->dialled[0].ip, ((uint8_t[]){10, 1, 2, 3}), 4);
    rig_close(rig);
}

/* ---- steps that do not come ---- */

static void not_resolved(struct rig *rig) { rig->defer_resolve = true; }
static void not_connected(struct rig *rig) { rig->hang_connect = 1; }
static void not_shaken(struct rig *rig) { rig->hang_tls = 1; }
static void not_upgraded(struct rig *rig) { rig->hang_upgrade = 1; }
static void no_name(struct rig *rig) { rig->address_count = 0; }
static void refused(struct rig *rig) { rig->refuse = 1; }
static void other_name(struct rig *rig) { rig->trust = RIG_OTHER_NAME; }
static void untrusted(struct rig *rig) { rig->trust = RIG_STRANGER; }
static void expired(struct rig *rig) { rig->trust = RIG_EXPIRED; }
static void answer_403(struct rig *rig) { rig->upgrade_answer = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"; }
static void answer_200(struct rig *rig) { rig->upgrade_answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"; }
static void answer_garbage(struct rig *rig) { rig->upgrade_answer = "SSH-2.0-OpenSSH_9.2\r\n\r\n"; }
static void answer_wrong_accept(struct rig *rig)
{
    rig->upgrade_answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                          "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n";
}
static void mend(struct rig *rig)
{
    rig->defer_resolve = false;
    rig->hang_connect = rig->hang_tls = rig->hang_upgrade = rig->refuse = 0;
    rig->address_count = 1;
    rig->trust = RIG_GOOD;
    rig->upgrade_answer = NULL;
}

enum counter { REFUSED, TLS_FAILED, UPGRADE_FAILED };
static const struct {
    const char *says;
    void (*spoil)(struct rig *rig);
    const char *states, *why; /* `why` stands in the reason */
    enum counter counter;
    uint32_t after_ms; /* 0: at once */
} failures[] = {
    {"no answer from the resolver", not_resolved, "resolve down", "not resolved in time", REFUSED, 5000},
    {"no such name", no_name, "resolve down", "no such name", REFUSED, 0},
    {"no connection", not_connected, "resolve dial down", "no connection in time", REFUSED, 5000},
    {"refused", refused, "resolve dial down", "connection refused", REFUSED, 0},
    {"no handshake", not_shaken, "resolve dial tls down", "handshake was not done in time", TLS_FAILED, 5000},
    {"a certificate for another name", other_name, "resolve dial tls down", "other.example", TLS_FAILED, 0},
    {"a certificate nobody vouches for", untrusted, "resolve dial tls down", "certificate", TLS_FAILED, 0},
    {"an expired certificate", expired, "resolve dial tls down", "ran out at", TLS_FAILED, 0},
    {"no answer to the upgrade", not_upgraded, "resolve dial tls upgrade down", "not answered in time", UPGRADE_FAILED,
     5000},
    {"HTTP 403", answer_403, "resolve dial tls upgrade down", "HTTP 403 Forbidden", UPGRADE_FAILED, 0},
    {"HTTP 200", answer_200, "resolve dial tls upgrade down", "HTTP 200 OK", UPGRADE_FAILED, 0},
    {"no HTTP at all", answer_garbage, "resolve dial tls upgrade down", "not an HTTP head", UPGRADE_FAILED, 0},
    {"101 for another key", answer_wrong_accept, "resolve dial tls upgrade down", "Accept", UPGRADE_FAILED, 0},
};

static void each_step_that_fails_is_named_counted_and_tried_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(failures); i++) {
        struct rig *rig = rig_open(&rig_venues[i % rig_venue_count], NULL);
        failures[i].spoil(rig);
        rig_run(rig, 1);
        uint32_t ms = rig_until(rig, MR_SESSION_DOWN, 6000);
        if (strcmp(rig->states, failures[i].states) != 0 || !strstr(rig->why, failures[i].why))
            fail_msg("%s: %s: %s", failures[i].says, rig->states, rig->why);
        if (failures[i].after_ms)
            assert_in_range(ms, failures[i].after_ms - 1, failures[i].after_ms + 2);
        else
            assert_in_range(ms, 0, 2);
        assert_int_equal(rig->metrics->refused, failures[i].counter == REFUSED);
        assert_int_equal(rig->metrics->tls_failed, failures[i].counter == TLS_FAILED);
        assert_int_equal(rig->metrics->upgrade_failed, failures[i].counter == UPGRADE_FAILED);
        assert_int_equal(rig->metrics->closes, 1);
        assert_false(rig->connected);
        mend(rig);
        rig->resolves = 0;
        rig_to_live(rig); /* the next try, within 100 ms */
        assert_true(rig->dialled_ns[rig->dials - 1] <= rig->now_ns);
        rig_close(rig);
    }
}

static void the_connection_may_end_in_any_step(void **state)
{
    static const enum mr_session_state steps[] = {MR_SESSION_DIAL, MR_SESSION_TLS, MR_SESSION_UPGRADE,
                                                  MR_SESSION_SUBSCRIBE, MR_SESSION_LIVE};
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(steps); i++) {
        struct rig *rig = rig_open(&rig_venues[2], NULL);
        rig->hang_connect = steps[i] == MR_SESSION_DIAL;
        rig->hang_tls = steps[i] == MR_SESSION_TLS;
        rig->hang_upgrade = steps[i] == MR_SESSION_UPGRADE;
        rig->no_data = steps[i] == MR_SESSION_SUBSCRIBE;
        (void)rig_until(rig, steps[i], 1000);
        rig_hang_up(rig, "connection reset by peer");
        (void)rig_until(rig, MR_SESSION_DOWN, 5);
        assert_string_equal(rig->why, "connection reset by peer");
        assert_int_equal(rig->metrics->closes, 1);
        assert_int_equal(rig->metrics->refused, steps[i] == MR_SESSION_DIAL);
        assert_int_equal(rig->metrics->tls_failed, steps[i] == MR_SESSION_TLS);
        assert_int_equal(rig->metrics->upgrade_failed, steps[i] == MR_SESSION_UPGRADE);
        mend(rig);
        rig->no_data = false;
        rig_to_live(rig);
        rig_close(rig);
    }
}

/* ---- bytes in any portions ---- */

static void how_bytes_are_cut_changes_nothing(void **state)
{
    static const uint32_t splits[] = {1, 2, 3, 7, 100, 1400, UINT32_MAX, UINT32_MAX, UINT32_MAX};
    (void)state;
    for (uint32_t v = 0; v < rig_venue_count; v++) {
        uint64_t whole = 0;
        for (size_t i = 0; i <= MR_COUNT_OF(splits); i++) {
            struct rig *rig = rig_open(&rig_venues[v], NULL);
            rig->split = i ? splits[i - 1] : 0;
            rig->random.state = i;
            rig_to_live(rig);
            rig_say_frame(rig, MR_WS_TEXT, false, rig->venue->message, 10); /* in fragments, a ping between */
            rig_say_frame(rig, MR_WS_PING, true, "now", 3);
            rig_say_frame(rig, MR_WS_CONTINUATION, true, rig->venue->message + 10,
                          (uint32_t)strlen(rig->venue->message) - 10);
            for (int n = 0; n < 20; n++)
                rig_say(rig, rig->venue->message);
            rig_run(rig, 2);
            assert_int_equal(rig->server_pongs, 1);
            assert_memory_equal(rig->pong, "now", 3);
            whole = i ? whole : rig->delivered_hash;
            assert_int_equal(rig->delivered_hash, whole);
            assert_int_equal(mr_session_state(rig->session), MR_SESSION_LIVE);
            rig_close(rig);
        }
    }
}

/* ---- a peer that takes our bytes slowly ---- */

static void what_the_peer_does_not_take_is_sent_later_and_in_order(void **state)
{
    static const uint32_t rates[] = {1, 13, 200};
    (void)state;
    for (uint32_t v = 0; v < rig_venue_count; v++)
        for (size_t i = 0; i < MR_COUNT_OF(rates); i++) {
            struct rig *rig = rig_open(&rig_venues[v], NULL);
            rig->take = rates[i];
            (void)rig_until(rig, MR_SESSION_LIVE, 4000);
            for (const struct rig_line *line = rig->lines; line->heard; line++)
                assert_int_equal(rig_heard(rig, line->heard), strstr(line->heard, "ping") ? 0 : 1);
            rig_close(rig);
        }
}

static void a_peer_that_takes_nothing_is_left(void **state)
{
    (void)state;
    struct rig *rig = rig_open(&rig_venues[3], NULL);
    rig_to_live(rig);
    rig->blocked = true;
    (void)rig_until(rig, MR_SESSION_DOWN, 20000); /* its silence is what tells */
    assert_int_equal(rig->metrics->silent, 1);
    rig->blocked = false;
    rig_to_live(rig);
    rig_close(rig);
}

/* ---- secrets ---- */

static void keys_and_masks_are_never_the_same_twice(void **state)
{
    (void)state;
    struct rig *rig[2];
    for (int i = 0; i < 2; i++) { /* of one seed */
        rig[i] = rig_open(&rig_venues[4], NULL);
        rig_to_live(rig[i]);
        rig_hang_up(rig[i], "reset");
        rig_run(rig[i], 2);
        rig_to_live(rig[i]);
    }
    assert_int_equal(rig[0]->dialled_ns[1], rig[1]->dialled_ns[1]); /* the seed rules times, not secrets */
    const char *keys[] = {rig[0]->keys[0], rig[0]->keys[1], rig[1]->keys[0], rig[1]->keys[1]};
    for (int i = 0; i < 4; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(keys[i], keys[k]);
    uint32_t n = rig[0]->mask_count < rig[1]->mask_count ? rig[0]->mask_count : rig[1]->mask_count, same = 0;
    assert_true(n >= 4);
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < n; k++)
            same += memcmp(rig[0]->masks[i], rig[1]->masks[k], 4) == 0;
    assert_int_equal(same, 0);
    rig_close(rig[0]);
    rig_close(rig[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_venue_is_dialled_to_live),
        cmocka_unit_test(a_fixed_address_is_dialled_without_asking),
        cmocka_unit_test(each_step_that_fails_is_named_counted_and_tried_again),
        cmocka_unit_test(the_connection_may_end_in_any_step),
        cmocka_unit_test(how_bytes_are_cut_changes_nothing),
        cmocka_unit_test(what_the_peer_does_not_take_is_sent_later_and_in_order),
        cmocka_unit_test(a_peer_that_takes_nothing_is_left),
        cmocka_unit_test(keys_and_masks_are_never_the_same_twice),
    };
    return MR_TEST_MAIN(tests);
}
