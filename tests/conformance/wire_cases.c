/* V-35 to V-43 over TLS, where they have something to say to a live exchange: our sessions against its side of the dialogue. */
#include "tests/conformance/venue.h"
#include "tests/conformance/wire.h"

static void becomes_live(struct stand *s)
{
    for (int i = 0; i < 400 && !wire_live(s->wire); i++)
        stand_run(s, 100);
    if (!wire_live(s->wire))
        fail_msg("%s: not live after 40 s: %s", s->venue->products[s->product].name, wire_why(s->wire));
}

static struct stand *talking(const struct venue_subject *subject)
{
    struct stand *s = stand_open(subject->product, subject->market, 20);
    assert_non_null(s->wire);
    becomes_live(s);
    return s;
}

static void books_come_back(struct stand *s)
{
    bool equal = false;
    for (int i = 0; i < 60 && !equal; i++) {
        stand_run(s, 100);
        equal = wire_live(s->wire) && stand_equal(s);
    }
    assert_true(equal);
}

/* Each has data, or an ack where it may be silent. */
void wire_subscribes_to_all(const struct venue_subject *subject)
{
    struct stand *s = talking(subject);
    assert_int_equal(wire_session(s->wire, 0)->rejected, 0);
    assert_int_equal(wire_session(s->wire, 0)->lives, 1);
    assert_true(wire_subscriptions(s->wire) >= wire_wanted(s->wire));
    stand_close(s);
}

/* Given up and asked for again: the image comes with the subscription, nobody asks for it otherwise. */
void wire_unsubscribes(const struct venue_subject *subject)
{
    struct stand *s = talking(subject);
    books_come_back(s);
    s->no_snapshots = true;
    const uint64_t images = s->images[0], gaps = s->gaps[0], old = s->metrics->old;
    if (wire_renew_book(s->wire, 0) != MR_E_UNSUPPORTED) { /* that is where images come by REST alone */
        stand_run(s, 2000);
        assert_true(s->images[0] > images ||
                    s->metrics->old > old); /* KuCoin's says no more than we have, and is dropped */
        assert_int_equal(s->gaps[0], gaps);
    }
    s->no_snapshots = false;
    books_come_back(s);
    stand_close(s);
}

void wire_pings_as_wanted(const struct venue_subject *subject)
{
    struct stand *s = talking(subject);
    wire_wait(s->wire, 600); /* longer than any venue waits, and nothing but pings keeps it */
    assert_int_equal(wire_session(s->wire, 0)->closes, 0);
    assert_true(wire_session(s->wire, 0)->pings + wire_session(s->wire, 0)->pongs > 0);
    books_come_back(s);
    stand_close(s);
}

/* All symbols on all channels, then every book anew, as fast as the session will: the exchange counts, and cuts who says too much. */
void wire_within_limits(const struct venue_subject *subject)
{
    struct stand *s = talking(subject);
    for (int i = 0; i < 40; i++) {
        for (uint32_t k = 0; k < s->symbols; k++)
            wire_renew_book(s->wire, k);
        stand_run(s, 50);
    }
    assert_int_equal(wire_session(s->wire, 0)->closes, 0);
    books_come_back(s);
    stand_close(s);
}

void wire_planned_close_is_heard(const struct venue_subject *subject)
{
    struct stand *s = talking(subject);
    wire_notice(s->wire);
    stand_run(s, 1500);
    assert_true(wire_session(s->wire, 0)->planned > 0);
    books_come_back(s);
    stand_close(s);
}

void wire_tokens(const struct venue_subject *subject)
{
    struct stand *s = talking(subject);
    const bool wants = wire_wants_token(s->wire);
    assert_int_equal(wire_session(s->wire, 0)->tokens, wants);
    stand_disconnect(s);
    books_come_back(s);
    assert_int_equal(wire_session(s->wire, 0)->tokens, 2 * wants); /* used up by the dial */
    assert_int_equal(wire_session(s->wire, 0)->token_failed, 0);
    stand_close(s);
}

/* What no product has is in no plan; the session that is live sends nothing. */
void wire_refuses_what_is_not(const struct venue_subject *subject)
{
    struct stand *s = talking(subject);
    const uint32_t channels = s->venue->products[s->product].channels;
    const uint64_t heard = wire_heard(s->wire);
    struct mr_err err;
    for (uint32_t bit = 1; bit < MR_CONTROL; bit <<= 1)
        if (!(channels & bit)) {
            err.text[0] = 0;
            assert_int_equal(wire_plan(s->wire, &(struct mr_stream){bit, s->symbol[0]}, &err), MR_E_INVALID);
            assert_non_null(strstr(err.text, subject->product));
        }
    assert_int_equal(wire_plan(s->wire, &(struct mr_stream){MR_DEPTH, "\"},\n{"}, &err), MR_E_INVALID);
    assert_int_equal(wire_plan(s->wire, &(struct mr_stream){MR_DEPTH, s->symbol[0]}, &err), MR_OK);
    assert_int_equal(wire_heard(s->wire), heard);
    books_come_back(s);
    stand_close(s);
}

/* For a while the venue does not know the first of two: it is refused by name, the other lives, and the first again when it is known again. */
void wire_one_bad_symbol_is_named(const struct venue_subject *subject)
{
    struct stand *s = talking(subject);
    books_come_back(s);
    const uint64_t groups = s->groups;
    wire_hide(s->wire, 0, 30);
    stand_disconnect(s);
    s->no_snapshots = true; /* of the one that is not there nobody has an image */
    for (int i = 0; i < 100 && !wire_connected(s->wire); i++)
        stand_run(s, 100);
    stand_run(s, 3000);
    stand_snapshot(s, 1);
    stand_run(s, 2000);
    assert_true(wire_session(s->wire, 0)->rejected > 0);
    assert_int_equal(wire_session(s->wire, 0)->closes, 1); /* ours; the venue ended nothing */
    assert_false(mr_book_live(s->book[0]));
    assert_true(mr_book_live(s->book[1]) && s->groups > groups);
    s->no_snapshots = false;
    wire_wait(s->wire, 30);
    stand_disconnect(s);
    books_come_back(s);
    stand_close(s);
}

/* A day in steps of some seconds: at its end the venue would cut the connection, which has ended by itself before. */
void wire_life_of_a_connection(const struct venue_subject *subject)
{
    enum { DAY_S = 86400, STEP_S = 60 };
    struct stand *s = talking(subject);
    uint32_t lived_s = 0;
    for (; lived_s < DAY_S && wire_session(s->wire, 0)->closes == 0; lived_s += STEP_S)
        wire_wait(s->wire, STEP_S);
    assert_true(lived_s > DAY_S * 9 / 10 && lived_s < DAY_S);
    becomes_live(s);
    assert_int_equal(wire_session(s->wire, 0)->lives, 2);
    books_come_back(s);
    stand_close(s);
}
