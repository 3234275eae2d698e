/* The order state machine, each cell of it; ids and names. */
#include "controlplane/exchange/exchange.h"
#include "controlplane/orders/breaker.h"
#include "controlplane/orders/positions.h"
#include "controlplane/orders/states.h"
#include "tests/support/support.h"

/* The graph once more, written from what the words mean and not from the table: what each piece of news may lead to. */
struct edge {
    const char *from, *input, *to;
};
/* clang-format off */
static const struct edge edges[] = {
    {"created", "approve", "approved"}, {"created", "deny", "denied"}, {"created", "cancel", "denied"},
    /* approved: no byte has left; yet what the venue says is believed */
    {"approved", "deny", "denied"}, {"approved", "sent", "sent"}, {"approved", "lost", "unknown"}, {"approved", "ack", "acked"}, {"approved", "ack_part", "partial"},
    {"approved", "reject", "rejected"}, {"approved", "fill", "partial"}, {"approved", "fill_all", "filled"}, {"approved", "cancel", "denied"},
    {"approved", "cancelled", "cancelled"}, {"approved", "expired", "expired"}, {"approved", "not_sent", "late"}, {"approved", "cancel_refused", "late"},
    {"approved", "no_order", "late"},
    {"sent", "not_sent", "approved"}, {"sent", "lost", "unknown"}, {"sent", "ack", "acked"}, {"sent", "ack_part", "partial"}, {"sent", "reject", "rejected"},
    {"sent", "fill", "partial"}, {"sent", "fill_all", "filled"}, {"sent", "cancel", "cancelling"}, {"sent", "cancelled", "cancelled"}, {"sent", "expired", "expired"},
    {"sent", "cancel_refused", "late"}, {"sent", "no_order", "late"},
    /* unknown: only what says where it is leads out */
    {"unknown", "not_sent", "approved"}, {"unknown", "lost", "unknown"}, {"unknown", "ack", "acked"}, {"unknown", "ack_part", "partial"}, {"unknown", "reject", "rejected"},
    {"unknown", "fill", "unknown"}, {"unknown", "fill_all", "filled"}, {"unknown", "cancel", "unknown"}, {"unknown", "cancelled", "cancelled"},
    {"unknown", "cancel_refused", "unknown"}, {"unknown", "expired", "expired"}, {"unknown", "no_order", "cancelled"},
    {"acked", "lost", "unknown"}, {"acked", "ack", "acked"}, {"acked", "ack_part", "partial"}, {"acked", "reject", "rejected"}, {"acked", "fill", "partial"},
    {"acked", "fill_all", "filled"}, {"acked", "cancel", "cancelling"}, {"acked", "cancelled", "cancelled"}, {"acked", "expired", "expired"},
    {"acked", "no_order", "unknown"}, {"acked", "not_sent", "late"}, {"acked", "cancel_refused", "late"},
    {"partial", "lost", "unknown"}, {"partial", "ack", "partial"}, {"partial", "ack_part", "partial"}, {"partial", "reject", "cancelled"}, {"partial", "fill", "partial"},
    {"partial", "fill_all", "filled"}, {"partial", "cancel", "cancelling"}, {"partial", "cancelled", "cancelled"}, {"partial", "expired", "expired"},
    {"partial", "no_order", "unknown"}, {"partial", "not_sent", "late"}, {"partial", "cancel_refused", "late"},
    /* cancelling: fills still come; a refusal says nothing for certain */
    {"cancelling", "not_sent", "denied"}, {"cancelling", "lost", "unknown"}, {"cancelling", "ack", "cancelling"}, {"cancelling", "ack_part", "cancelling"},
    {"cancelling", "reject", "rejected"}, {"cancelling", "fill", "cancelling"}, {"cancelling", "fill_all", "filled"}, {"cancelling", "cancel", "cancelling"},
    {"cancelling", "cancelled", "cancelled"}, {"cancelling", "cancel_refused", "unknown"}, {"cancelling", "expired", "expired"}, {"cancelling", "no_order", "unknown"},
};
/* clang-format on */

static const char *wanted(unsigned state, unsigned input)
{
    for (size_t i = 0; i < MR_COUNT_OF(edges); i++)
        if (!strcmp(edges[i].from, mr_order_state_name(state)) && !strcmp(edges[i].input, mr_order_input_name(input)))
            return edges[i].to;
    bool ours =
        input == MR_INPUT_APPROVE || input == MR_INPUT_DENY || input == MR_INPUT_SENT || input == MR_INPUT_CANCEL;
    if (state >= MR_STATE_FILLED && !ours)
        return "late";
    return "refused";
}

static const char *got(unsigned state, unsigned input)
{
    int next = mr_order_next(state, input);
    return next == MR_NEXT_REFUSED ? "refused" : next == MR_NEXT_LATE ? "late" : mr_order_state_name((unsigned)next);
}

static void each_cell_is_as_written(void **state)
{
    (void)state;
    for (unsigned s = 0; s < MR_STATE_COUNT; s++)
        for (unsigned i = 0; i < MR_INPUT_COUNT; i++)
            if (strcmp(got(s, i), wanted(s, i)) != 0)
                fail_msg("%s, %s: %s, not %s", mr_order_state_name(s), mr_order_input_name(i), got(s, i), wanted(s, i));
}

static void what_has_ended_stays_ended_and_only_the_gate_lets_out(void **state)
{
    (void)state;
    for (unsigned i = 0; i < MR_INPUT_COUNT; i++) {
        for (unsigned s = MR_STATE_FILLED; s < MR_STATE_COUNT; s++)
            assert_true(mr_order_next(s, i) < 0);
        if (i != MR_INPUT_APPROVE) /* nothing but an approval leads to where bytes may leave from */
            assert_true(mr_order_next(MR_STATE_CREATED, i) < 0 ||
                        mr_order_next(MR_STATE_CREATED, i) == MR_STATE_DENIED);
        if (i != MR_INPUT_SENT && mr_order_next(MR_STATE_APPROVED, i) == MR_STATE_SENT)
            fail_msg("sent by %s", mr_order_input_name(i));
    }
}

static void ended_and_live_are_what_they_say(void **state)
{
    (void)state;
    static const struct {
        bool live, ended;
    } want[MR_STATE_COUNT] = {[MR_STATE_SENT] = {.live = true},       [MR_STATE_UNKNOWN] = {.live = true},
                              [MR_STATE_ACKED] = {.live = true},      [MR_STATE_PARTIAL] = {.live = true},
                              [MR_STATE_CANCELLING] = {.live = true}, [MR_STATE_FILLED] = {.ended = true},
                              [MR_STATE_CANCELLED] = {.ended = true}, [MR_STATE_REJECTED] = {.ended = true},
                              [MR_STATE_EXPIRED] = {.ended = true},   [MR_STATE_DENIED] = {.ended = true}};
    for (unsigned s = 0; s < MR_STATE_COUNT; s++) {
        assert_int_equal(mr_order_live(s), want[s].live);
        assert_int_equal(mr_order_ended(s), want[s].ended);
    }
}

static void ids_are_texts_and_back(void **state)
{
    (void)state;
    static const struct {
        uint64_t id;
        const char *text;
    } rows[] = {{0, "mr0000000000000"},
                {1, "mr0000000000001"},
                {31, "mr000000000000v"},
                {32, "mr0000000000010"},
                {(uint64_t)7 << 32 | 9, "mr000000s000009"},
                {UINT64_MAX, "mrfvvvvvvvvvvvv"}};
    for (size_t i = 0; i < MR_COUNT_OF(rows); i++) {
        char text[MR_ORDER_ID_TEXT];
        uint64_t back = 77;
        mr_order_id_text(rows[i].id, text);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(mr_order_id_parse(mr_span_of(text), &back), MR_OK);
        assert_true(back == rows[i].id);
    }
    struct mr_random r = {5};
    for (int i = 0; i < 10000; i++) {
        uint64_t id = mr_random_next(&r), back;
        char text[MR_ORDER_ID_TEXT];
        mr_order_id_text(id, text);
        assert_int_equal(mr_order_id_parse(mr_span_of(text), &back), MR_OK);
        assert_true(back == id);
    }
    static const char *const refused[] = {"",
                                          "mr",
                                          "mr000000000000",
                                          "mr00000000000000",
                                          "MR0000000000000",
                                          "mx0000000000000",
                                          "xr0000000000000",
                                          "mr000000000000w",
                                          "mr000000000000-",
                                          "mrg000000000000",
                                          "mr000000000000V",
                                          "mr00000000000 0",
                                          "mr000000000000:",
                                          "mr000000000000`",
                                          "mr000000000000/"};
    for (size_t i = 0; i < MR_COUNT_OF(refused); i++) {
        uint64_t back = 77;
        assert_int_equal(mr_order_id_parse(mr_span_of(refused[i]), &back), MR_E_MALFORMED);
        assert_true(back == 77);
    }
}

static void names_are_distinct_and_end_in_a_question_mark(void **state)
{
    (void)state;
    static const struct {
        const char *(*name)(unsigned);
        unsigned count;
        const char *first, *last;
    } tables[] = {{mr_order_state_name, MR_STATE_COUNT, "created", "denied"},
                  {mr_order_type_name, MR_ORDER_TYPE_COUNT, "limit", "take_profit_market"},
                  {mr_tif_name, MR_TIF_COUNT, "gtc", "gtd"},
                  {mr_order_role_name, MR_ROLE_COUNT, "entry", "exit"},
                  {mr_side_name, 2, "buy", "sell"},
                  {mr_order_input_name, MR_INPUT_COUNT, "approve", "no_order"},
                  {mr_request_name, MR_REQUEST_KIND_COUNT, "place", "dead_man"},
                  {mr_answer_name, MR_ANSWER_KIND_COUNT, "sent", "limited"},
                  {mr_reject_name, MR_REJECT_COUNT, "none", "other"},
                  {mr_breaker_state_name, 3, "closed", "half_open"},
                  {mr_sync_verdict_name, 4, "matched", "size"}};
    for (size_t t = 0; t < MR_COUNT_OF(tables); t++) {
        assert_string_equal(tables[t].name(0), tables[t].first);
        assert_string_equal(tables[t].name(tables[t].count - 1), tables[t].last);
        assert_string_equal(tables[t].name(tables[t].count), "?");
        for (unsigned i = 0; i < tables[t].count; i++)
            for (unsigned j = 0; j < i; j++)
                assert_string_not_equal(tables[t].name(i), tables[t].name(j));
    }
    assert_string_equal(mr_answer_name(MR_ANSWER_NO_ORDER), "no_order");
    assert_string_equal(mr_answer_name(MR_ANSWER_STREAM_DOWN), "stream_down");
    assert_string_equal(mr_reject_name(MR_REJECT_OVERLOAD), "overload");
    assert_string_equal(mr_request_name(MR_REQUEST_FILLS), "fills");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_cell_is_as_written),
        cmocka_unit_test(what_has_ended_stays_ended_and_only_the_gate_lets_out),
        cmocka_unit_test(ended_and_live_are_what_they_say),
        cmocka_unit_test(ids_are_texts_and_back),
        cmocka_unit_test(names_are_distinct_and_end_in_a_question_mark),
    };
    return MR_TEST_MAIN(tests);
}
