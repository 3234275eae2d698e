/* Notes between the trade tile and the io thread: what comes out is what went in, and a full ring loses the new one alone. */
#include <stdlib.h>

#include "controlplane/trade/notes.h"
#include "tests/support/support.h"

static struct mr_notes *notes;
static void *mem;

static int up(void **state)
{
    (void)state;
    notes = aligned_alloc(128, (sizeof *notes + 127) / 128 * 128);
    mem = aligned_alloc(128, (mr_notes_bytes() + 127) / 128 * 128);
    memset(notes, 0, sizeof *notes);
    mr_notes_init(notes, mem);
    return 0;
}
static int down(void **state)
{
    (void)state;
    free(notes);
    free(mem);
    return 0;
}

#define SAME(name) assert_memory_equal(out.name, told.name, sizeof *told.name)

static void all_parts_come_out_as_they_went_in(void **state)
{
    (void)state;
    static struct mr_risk_verdict v;
    const struct mr_intent intent = {.instrument = 3, .reason = "why"};
    const struct mr_order order = {.id = 7, .price = 5, .size = 9, .venue_id = "x"};
    const struct mr_fill fill = {.order = 7, .price = 5, .fee = -1, .trade_id = "t"};
    const struct mr_position position = {.instrument = 3, .size = -9, .basis = 11};
    const struct mr_signal signal = {.seq = 12, .underlying_name = "BTC"};
    const struct mr_instrument instrument = {.id = 3, .symbol = "BTCUSDT"};
    memset(&v, 0x5a, sizeof v); /* what was not violated was never written: it need not come along */
    v.violated[0] = 1u | 1ull << (MR_RISK_RULE_COUNT < 64 ? MR_RISK_RULE_COUNT - 1 : 63);
    v.violated[1] = 0;
    v.policies = 1u << 2;
    v.measured[0] = (struct mr_risk_measure){1, 2};
    v.policy[2] = (struct mr_risk_measure){3, 4};
    const struct mr_trade_told told = {.kind = MR_TOLD_ALERT,
                                       .severity = 2,
                                       .say = MR_SAY_TEXT,
                                       .now_ns = 99,
                                       .number = 98,
                                       .who = "who",
                                       .why = "why",
                                       .intent = &intent,
                                       .order = &order,
                                       .fill = &fill,
                                       .position = &position,
                                       .verdict = &v,
                                       .signal = &signal,
                                       .instrument = &instrument,
                                       .text = "a sentence"};
    struct mr_trade_told out;
    for (int round = 0; round < 3000; round++) { /* over the ring's end, too */
        assert_true(mr_notes_put(notes, &told));
        assert_true(mr_notes_next(notes, &out));
        assert_true(out.kind == told.kind && out.severity == 2 && out.say == MR_SAY_TEXT && out.now_ns == 99);
        assert_true(out.number == 98 && out.who == told.who && out.why == told.why);
        SAME(intent);
        SAME(order);
        SAME(fill);
        SAME(position);
        SAME(signal);
        SAME(instrument);
        assert_memory_equal(out.verdict, &v, offsetof(struct mr_risk_verdict, measured));
        assert_memory_equal(&out.verdict->measured[0], &v.measured[0], sizeof v.measured[0]);
        assert_memory_equal(&out.verdict->policy[2], &v.policy[2], sizeof v.policy[2]);
        assert_string_equal(out.text, "a sentence");
        mr_notes_done(notes);
    }
    assert_false(mr_notes_next(notes, &out));
}

static void each_part_may_come_alone_and_none(void **state)
{
    (void)state;
    const struct mr_order order = {.id = 7};
    const struct mr_trade_told told[] = {{.kind = MR_TOLD_ORDER, .order = &order}, {.kind = MR_TOLD_LIFE}};
    struct mr_trade_told out;
    for (size_t i = 0; i < MR_COUNT_OF(told); i++) {
        assert_true(mr_notes_put(notes, &told[i]));
        assert_true(mr_notes_next(notes, &out));
        assert_int_equal(out.kind, told[i].kind);
        assert_int_equal(out.order != NULL, told[i].order != NULL);
        assert_true(!out.intent && !out.fill && !out.position && !out.signal && !out.verdict && !out.text);
        mr_notes_done(notes);
    }
}

static void a_full_ring_refuses_and_keeps_what_it_has(void **state)
{
    (void)state;
    const struct mr_order order = {.id = 1};
    struct mr_trade_told told = {.kind = MR_TOLD_ORDER, .order = &order}, out;
    uint64_t put = 0, got = 0;
    for (; mr_notes_put(notes, &told); told.number = ++put)
        assert_true(put < 1000000);
    assert_true(put > 1000);
    assert_false(mr_notes_put(notes, &told));
    for (; mr_notes_next(notes, &out); mr_notes_done(notes))
        assert_int_equal(out.number, got++);
    assert_int_equal(got, put);
    assert_true(mr_notes_put(notes, &told));
}

static void a_text_without_end_is_cut(void **state)
{
    (void)state;
    char text[1000];
    struct mr_trade_told out;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    assert_true(mr_notes_put(notes, &(struct mr_trade_told){.say = MR_SAY_TEXT, .text = text}));
    assert_true(mr_notes_next(notes, &out));
    assert_int_equal(strlen(out.text), MR_TOLD_TEXT - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_parts_come_out_as_they_went_in, up, down),
        cmocka_unit_test_setup_teardown(each_part_may_come_alone_and_none, up, down),
        cmocka_unit_test_setup_teardown(a_full_ring_refuses_and_keeps_what_it_has, up, down),
        cmocka_unit_test_setup_teardown(a_text_without_end_is_cut, up, down),
    };
    return MR_TEST_MAIN(tests);
}
