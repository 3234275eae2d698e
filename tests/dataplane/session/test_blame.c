/* Venues that end the connection when they are asked for what they do not like: who is to blame is found, kept out and tried again; the others
 * live. And nobody is blamed for what the network or the venue does. */
#include <stdio.h>

#include "tests/dataplane/session/rig.h"

#define COINS 8
#define STREAMS 3

static struct mr_stream streams[COINS * STREAMS];
static char coins[COINS][8];

/* The venue: what it does not know, and what else it does. The world of one test, on one thread. */
static struct {
    const char *bad[2]; /* coins */
    const char *only;   /* of the first, this type alone; NULL: all */
    bool trouble;       /* ends at whatever is asked for */
    uint32_t cut;       /* ends once at so many-th subscription; 0 never */
    uint32_t asked, asked_bad;
    uint32_t dial; /* gone since the end of this one */
    char pending[4096];
    uint32_t now_held, blames;
    int64_t until_ns;
} venue;

static const char *coin_of(const char *text, char out[16])
{
    const char *at = strstr(text, "\"coin\":\"");
    snprintf(out, 16, "%.*s", at ? (int)strcspn(at + 8, "\"") : 0, at ? at + 8 : "");
    return out;
}

static bool dislikes(const char *text)
{
    char coin[16];
    coin_of(text, coin);
    for (size_t i = 0; i < MR_COUNT_OF(venue.bad); i++)
        if (venue.bad[i] && strcmp(venue.bad[i], coin) == 0 && (i > 0 || !venue.only || strstr(text, venue.only)))
            return true;
    return false;
}

static void end(struct rig *rig)
{
    venue.dial = rig->dials;
    venue.pending[0] = 0; /* what was to be said is not said any more */
    rig_hang_up(rig, "closed by peer");
}

/* Answers come a moment later, so that an end swallows those of what was asked for with it. */
static void hear(struct rig *rig, const char *text)
{
    size_t used = strlen(venue.pending);
    if (venue.dial == rig->dials) /* nobody listens any more */
        return;
    if (strstr(text, "ping")) {
        rig_say(rig, "{\"channel\":\"pong\"}");
        return;
    }
    if (strstr(text, "unsubscribe"))
        return;
    venue.asked++;
    venue.asked_bad += dislikes(text);
    if (dislikes(text) || venue.trouble || venue.asked == venue.cut) {
        end(rig);
        return;
    }
    assert_true(used + strlen(text) + 2 < sizeof venue.pending);
    sprintf(venue.pending + used, "%s\n", strstr(text, "\"subscription\":") + 15);
}

static void answer(struct rig *rig)
{
    char said[512];
    if (!rig->connected || !rig->upgraded || venue.dial == rig->dials)
        return;
    for (const char *at = venue.pending; *at; at = strchr(at, '\n') + 1) {
        char coin[16];
        const int len = (int)strcspn(at, "\n") - 1; /* without the last brace */
        snprintf(said, sizeof said,
                 "{\"channel\":\"subscriptionResponse\",\"data\":{\"method\":\"subscribe\",\"subscription\":%.*s}}",
                 len, at);
        rig_say(rig, said);
        if (strncmp(at, "{\"type\":\"bbo\"", 13) != 0)
            continue;
        snprintf(
            said, sizeof said,
            "{\"channel\":\"bbo\",\"data\":{\"coin\":\"%s\",\"time\":5,\"bbo\":[{\"px\":\"1\",\"sz\":\"1\",\"n\":1},"
            "{\"px\":\"2\",\"sz\":\"1\",\"n\":1}]}}",
            coin_of(at, coin));
        rig_say(rig, said);
    }
    venue.pending[0] = 0;
}

static void blamed(void *arg, struct mr_session *s, const struct mr_stream *stream, int64_t until_ns)
{
    (void)arg;
    (void)s;
    assert_non_null(stream->symbol);
    venue.blames += until_ns != 0;
    venue.now_held += until_ns ? 1u : UINT32_MAX;
    venue.until_ns = until_ns;
}

static uint32_t first_streams = COINS * STREAMS;

static void many_coins(struct rig *rig)
{
    static const uint32_t channels[STREAMS] = {MR_TRADES, MR_BEST, MR_DEPTH};
    for (uint32_t i = 0; i < COINS * STREAMS; i++) {
        snprintf(coins[i / STREAMS], sizeof coins[0], "C%u", i / STREAMS);
        streams[i] = (struct mr_stream){channels[i % STREAMS], coins[i / STREAMS]};
    }
    rig->config.streams = streams;
    rig->config.stream_count = first_streams;
    rig->config.data_s = 100000; /* only bbo has data here */
    rig->config.blamed = blamed;
}

static struct rig *open_venue(void)
{
    memset(&venue, 0, sizeof venue);
    struct rig *rig = rig_open(&rig_venues[4], many_coins);
    rig->on_heard = hear;
    return rig;
}

static void run(struct rig *rig, uint32_t ms)
{
    const uint32_t tick = rig->tick_ms ? rig->tick_ms : 1;
    for (uint32_t i = 0; i < ms; i += tick) {
        rig_run(rig, tick);
        answer(rig);
    }
}

static void to_live(struct rig *rig, uint32_t most_ms)
{
    for (uint32_t ms = 0; ms < most_ms && mr_session_state(rig->session) != MR_SESSION_LIVE; ms++)
        run(rig, 1);
    if (mr_session_state(rig->session) != MR_SESSION_LIVE)
        fail_msg("not live but %s: %s", mr_session_state_name(mr_session_state(rig->session)), rig->why);
}

/* ---- blamed ---- */

static void one_bad_symbol_takes_no_other_down(void **state)
{
    static const struct {
        const char *says, *bad[2], *only;
        uint32_t dials, held; /* dials at most; at least the bad coin's streams are held */
    } cases[] = {
        {"the first one", {"C0"}, NULL, 6, 3},
        {"one in the middle", {"C4"}, NULL, 5, 3},
        {"the last one", {"C7"}, NULL, 5, 3},
        {"two of them", {"C2", "C5"}, NULL, 9, 6},
        {"two in a row, the first two", {"C0", "C1"}, NULL, 11, 6},
        {"one channel of one: its last", {"C3"}, "l2Book", 5, 1},
    };
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct rig *rig = open_venue();
        struct mr_session_view view;
        memcpy(venue.bad, cases[i].bad, sizeof venue.bad);
        venue.only = cases[i].only;
        to_live(rig, 60000);
        mr_session_view(rig->session, &view);
        if (rig->metrics->dials > cases[i].dials || venue.now_held != cases[i].held)
            fail_msg("%s: %u dials, %u held", cases[i].says, (unsigned)rig->metrics->dials, venue.now_held);
        assert_int_equal(rig->metrics->blamed, cases[i].held);
        assert_int_equal(rig->metrics->streams_held, cases[i].held);
        assert_int_equal(view.held, cases[i].held);
        assert_int_equal(view.mute, 0);
        assert_string_equal(view.held_symbol, cases[i].bad[0]);
        assert_int_equal(rig->mutes, cases[i].held);
        uint32_t asked_bad = venue.asked_bad, dials = rig->dials;
        rig->tick_ms = 5;
        run(rig, 590000); /* and it is left alone */
        assert_int_equal(venue.asked_bad, asked_bad);
        assert_int_equal(rig->dials, dials);
        rig_close(rig);
    }
}

static void its_name_is_told(void **state)
{
    (void)state;
    struct rig *rig = open_venue();
    venue.bad[0] = "C7";
    for (int i = 0; i < 20000 && !venue.blames; i++)
        run(rig, 1);
    assert_non_null(strstr(rig->why, "\"C7\" is quarantined: the venue ends the connection when asked for it ("));
    rig_close(rig);
}

static void what_is_held_is_tried_again_ever_more_rarely(void **state)
{
    (void)state;
    int64_t wait_s = 600;
    struct rig *rig = open_venue();
    rig->config.dials_per_minute = 30;
    venue.bad[0] = "C4";
    to_live(rig, 60000);
    rig->tick_ms = 20;
    for (int i = 0; i < 4; i++, wait_s *= 2) {
        uint32_t dials = rig->dials;
        assert_in_range((uint64_t)(venue.until_ns - rig->now_ns) / 1000000000u, (uint64_t)wait_s - 60,
                        (uint64_t)wait_s);
        run(rig, (uint32_t)(wait_s * 1000) + 10000);
        assert_int_equal(rig->dials, dials + 1); /* one end is enough now */
        assert_int_equal(mr_session_state(rig->session), MR_SESSION_LIVE);
        assert_int_equal(venue.now_held, 3 * (i + 2)); /* told again each time */
    }
    rig_close(rig);
}

static void what_the_venue_knows_by_now_lives_again(void **state)
{
    static const bool forgiven[] = {false, true};
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(forgiven); i++) {
        struct rig *rig = open_venue();
        venue.bad[0] = "C4";
        to_live(rig, 60000);
        uint32_t dials = rig->dials;
        venue.bad[0] = NULL;
        rig->tick_ms = 5;
        if (forgiven[i])
            mr_session_forgive(rig->session, rig->now_ns);
        run(rig, forgiven[i] ? 2000 : 605000);
        assert_int_equal(rig->dials, dials);
        assert_int_equal(rig->metrics->streams_held, 0);
        assert_int_equal(venue.now_held, 0);
        assert_int_equal(rig->unmutes, 1); /* its best price speaks */
        assert_int_equal(rig_heard(rig, "{\"method\":\"subscribe\",\"subscription\":{\"type\":\"l2Book\","
                                        "\"coin\":\"C4\"}}") > 0,
                         1);
        rig_close(rig);
    }
}

/* ---- not blamed ---- */

static void nobody_is_blamed_for_a_cut_whenever_it_comes(void **state)
{
    (void)state;
    for (uint32_t cut = 1; cut <= COINS * STREAMS; cut++) {
        struct rig *rig = open_venue();
        venue.cut = cut;
        to_live(rig, 60000);
        assert_int_equal(rig->metrics->blamed, 0);
        assert_int_equal(rig->metrics->dials, 2);
        rig_close(rig);
    }
}

static void nobody_is_blamed_for_a_venue_in_trouble(void **state)
{
    (void)state;
    struct rig *rig = open_venue();
    venue.trouble = true;
    run(rig, 300000);
    assert_true(rig->metrics->dials > 10);
    assert_int_equal(rig->metrics->blamed, 0);
    venue.trouble = false;
    to_live(rig, 60000);
    assert_int_equal(rig->metrics->blamed, 0);
    rig_close(rig);
}

static void a_stream_without_others_is_never_held(void **state)
{
    (void)state;
    first_streams = 1;
    struct rig *rig = open_venue();
    first_streams = COINS * STREAMS;
    venue.bad[0] = "C0";
    run(rig, 120000);
    assert_int_equal(rig->metrics->blamed, 0);
    assert_true(rig->metrics->dials > 3);
    rig_close(rig);
}

/* ---- venues whose messages hold many streams ---- */

static char many[70][MR_SYMBOL_BYTES];
static struct mr_stream best[70];

static void many_symbols(struct rig *rig)
{
    for (uint32_t i = 0; i < MR_COUNT_OF(best); i++) {
        snprintf(many[i], sizeof many[i], i ? "S%uUSDT" : "BTCUSDT", i);
        best[i] = (struct mr_stream){MR_BEST, many[i]};
    }
    rig->config.streams = best;
    rig->config.stream_count = MR_COUNT_OF(best);
    rig->config.data_s = 100000;
    rig->config.blamed = blamed;
}

static void hear_list(struct rig *rig, const char *text)
{
    char said[64];
    const char *id = strstr(text, "\"id\":");
    if (venue.dial == rig->dials)
        return;
    if (strstr(text, "\"s37usdt@")) {
        end(rig);
        return;
    }
    snprintf(said, sizeof said, "{\"result\":null,%s", id);
    rig_say(rig, said);
    if (strstr(text, "btcusdt@"))
        rig_say(rig, rig_venues[0].message);
}

static void a_bad_one_among_many_in_a_message_is_found(void **state)
{
    (void)state;
    memset(&venue, 0, sizeof venue);
    struct rig *rig = rig_open(&rig_venues[0], many_symbols);
    rig->on_heard = hear_list;
    to_live(rig, 60000);
    assert_in_range(rig->metrics->dials, 4, 6);
    assert_int_equal(rig->metrics->blamed, 1);
    assert_true(rig->heard_count < 130); /* in groups first */
    rig_close(rig);
}

/* ---- told by others ---- */

static void what_the_list_does_not_hold_is_not_asked_for(void **state)
{
    (void)state;
    struct rig *rig = open_venue();
    venue.bad[0] = "C4";
    for (uint32_t i = 4 * STREAMS; i < 5 * STREAMS; i++) {
        assert_true(mr_session_list(rig->session, streams[i].channel, "C4", false, rig->now_ns));
        assert_false(mr_session_list(rig->session, streams[i].channel, "C4", false, rig->now_ns));
    }
    assert_false(mr_session_list(rig->session, MR_DEPTH, "C5", true, rig->now_ns));
    assert_false(mr_session_list(rig->session, MR_DEPTH, "nobody's", false, rig->now_ns));
    to_live(rig, 5000);
    assert_int_equal(rig->metrics->dials, 1);
    assert_int_equal(venue.asked_bad, 0);
    assert_int_equal(rig->metrics->unlisted, 3);
    assert_int_equal(rig->metrics->streams_held, 3);
    assert_int_equal(mr_session_renew(rig->session, MR_DEPTH, "C4", rig->now_ns), MR_E_INVALID);
    assert_false(mr_session_list(rig->session, MR_DEPTH, "C5", false, rig->now_ns)); /* it is answered: it exists */
    mr_session_forgive(rig->session, rig->now_ns);                                   /* is no matter of forgiving */
    assert_int_equal(rig->metrics->streams_held, 3);
    venue.bad[0] = NULL;
    for (uint32_t i = 4 * STREAMS; i < 5 * STREAMS; i++)
        assert_true(mr_session_list(rig->session, streams[i].channel, "C4", true, rig->now_ns));
    run(rig, 1000);
    assert_int_equal(rig->metrics->streams_held, 0);
    assert_int_equal(venue.asked, COINS * STREAMS);
    rig_close(rig);
}

static void with_nothing_to_ask_for_nobody_dials(void **state)
{
    (void)state;
    struct rig *rig = open_venue();
    for (uint32_t i = 0; i < COINS * STREAMS; i++)
        assert_true(mr_session_list(rig->session, streams[i].channel, streams[i].symbol, false, rig->now_ns));
    run(rig, 3000);
    assert_int_equal(rig->dials, 0);
    assert_true(mr_session_list(rig->session, MR_BEST, "C1", true, rig->now_ns));
    to_live(rig, 3000);
    assert_int_equal(venue.asked, 1);
    rig_close(rig);
}

static void what_another_connection_found_is_believed_for_a_while(void **state)
{
    (void)state;
    struct rig *rig = open_venue();
    for (uint32_t i = 0; i < STREAMS; i++)
        mr_session_hold(rig->session, streams[i].channel, "C0", rig->now_ns + 60 * 1000 * RIG_MS, rig->now_ns);
    to_live(rig, 5000);
    assert_int_equal(rig->metrics->streams_held, STREAMS);
    mr_session_hold(rig->session, MR_BEST, "C1", rig->now_ns + 60 * 1000 * RIG_MS, rig->now_ns); /* here it lives */
    assert_int_equal(rig->metrics->streams_held, STREAMS);
    mr_session_hold(rig->session, MR_DEPTH, "C0", 0, rig->now_ns);
    run(rig, 1000);
    assert_int_equal(rig->metrics->streams_held, STREAMS - 1);
    run(rig, 62000);
    assert_int_equal(rig->metrics->streams_held, 0);
    assert_int_equal(rig->metrics->dials, 1);
    rig_close(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_bad_symbol_takes_no_other_down),
        cmocka_unit_test(its_name_is_told),
        cmocka_unit_test(what_is_held_is_tried_again_ever_more_rarely),
        cmocka_unit_test(what_the_venue_knows_by_now_lives_again),
        cmocka_unit_test(nobody_is_blamed_for_a_cut_whenever_it_comes),
        cmocka_unit_test(nobody_is_blamed_for_a_venue_in_trouble),
        cmocka_unit_test(a_stream_without_others_is_never_held),
        cmocka_unit_test(a_bad_one_among_many_in_a_message_is_found),
        cmocka_unit_test(what_the_list_does_not_hold_is_not_asked_for),
        cmocka_unit_test(with_nothing_to_ask_for_nobody_dials),
        cmocka_unit_test(what_another_connection_found_is_believed_for_a_while),
    };
    return MR_TEST_MAIN(tests);
}
