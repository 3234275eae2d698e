/* The words of the account: each request and each kind of answer comes back as it went, and what is not as it must be is refused. */
#include <stdio.h>

#include "controlplane/exchange/remote/wire.h"
#include "tests/controlplane/exchange/wire_table.h"
#include "tests/support/support.h"

static struct mr_instruments *table;

static int up(void **state)
{
    (void)state;
    table = wire_table();
    return 0;
}
static int down(void **state)
{
    (void)state;
    free(table);
    return 0;
}

/* ---- requests ---- */

static void requests_come_back_as_they_went(void **state)
{
    (void)state;
    struct mr_order order = {.id = 0x300000007ull,
                             .venue = 1,
                             .instrument = 0,
                             .side = MR_SIDE_SELL,
                             .type = MR_ORDER_LIMIT,
                             .tif = MR_TIF_GTD,
                             .flags = MR_ORDER_POST_ONLY | MR_ORDER_REDUCE_ONLY,
                             .price = 650000001,
                             .size = 1,
                             .expires_ns = 1764000000000000001};
    struct mr_order stop = {
        .id = INT64_MAX, .venue = 1, .instrument = 1, .type = MR_ORDER_STOP_MARKET, .stop_price = 7, .size = 50};
    const struct mr_order known = {.id = 9, .venue = 1, .instrument = 1};
    const struct mr_request requests[] = {
        {.kind = MR_REQUEST_PLACE, .order = order},
        {.kind = MR_REQUEST_AMEND, .order = order},
        {.kind = MR_REQUEST_PLACE, .order = stop},
        {.kind = MR_REQUEST_CANCEL, .order = known},
        {.kind = MR_REQUEST_QUERY, .order = known},
        {.kind = MR_REQUEST_CANCEL_ALL},
        {.kind = MR_REQUEST_OPEN},
        {.kind = MR_REQUEST_POSITIONS},
        {.kind = MR_REQUEST_BALANCE},
        {.kind = MR_REQUEST_FILLS, .since_ns = 1764000000000000000},
        {.kind = MR_REQUEST_DEAD_MAN, .within_ms = 30000},
    };
    for (size_t i = 0; i < MR_COUNT_OF(requests); i++) {
        char out[MR_WIRE_REQUEST_MAX];
        struct mr_text t;
        struct mr_request back;
        mr_text_init(&t, out, sizeof out);
        assert_int_equal(mr_wire_request(table, &requests[i], &t), MR_OK);
        assert_false(t.cut);
        assert_int_equal(
            mr_wire_request_read(table, mr_span_of(mr_request_name(requests[i].kind)), mr_span_of(out), &back), MR_OK);
        assert_memory_equal(&back, &requests[i], sizeof back);
    }
    struct mr_text t;
    char out[64];
    mr_text_init(&t, out, sizeof out);
    assert_int_equal(
        mr_wire_request(table, &(struct mr_request){.kind = MR_REQUEST_CANCEL, .order = {.instrument = 99}}, &t),
        MR_E_SYMBOL);
}

#define ID "\"id\":\"mr000000000000a\""
#define ORDER ID ",\"symbol\":\"binance:usdm:BTCUSDT\",\"side\":\"buy\",\"type\":\"limit\",\"tif\":\"gtc\""
static const struct {
    const char *says, *name, *bytes;
    int want;
} refused_requests[] = {
    {"no such request", "steal", "{}", MR_E_UNKNOWN},
    {"a part of a name", "canc", "{}", MR_E_UNKNOWN},
    {"not JSON", "open", "open", MR_E_MALFORMED},
    {"more behind it", "open", "{}{}", MR_E_MALFORMED},
    {"cut off", "open", "{\"id\":", MR_E_TRUNCATED},
    {"a list", "open", "[]", MR_E_TYPE},
    {"no id", "cancel", "{}", MR_E_MALFORMED},
    {"an id that is none", "cancel", "{\"id\":\"7\"}", MR_E_MALFORMED},
    {"an id with an escape", "cancel", "{\"id\":\"mr000000000000\\u0061\"}", MR_E_MALFORMED},
    {"an id twice", "cancel", "{" ID "," ID "}", MR_E_MALFORMED},
    {"another venue's symbol", "query", "{" ID ",\"symbol\":\"okx:public:BTCUSDT\"}", MR_E_SYMBOL},
    {"a symbol without a product", "query", "{" ID ",\"symbol\":\"BTCUSDT\"}", MR_E_SYMBOL},
    {"no size", "place", "{" ORDER "}", MR_E_MALFORMED},
    {"a size finer than its scale", "place", "{" ORDER ",\"size\":\"0.000000001\"}", MR_E_INEXACT},
    {"a size that is no number", "place", "{" ORDER ",\"size\":\"1e\"}", MR_E_MALFORMED},
    {"a size beyond all", "place", "{" ORDER ",\"size\":\"99999999999999999999\"}", MR_E_OVERFLOW},
    {"a side that is none", "place",
     "{" ID ",\"symbol\":\"binance:usdm:BTCUSDT\",\"side\":\"long\",\"type\":\"limit\",\"tif\":\"gtc\",\"size\":\"1\"}",
     MR_E_MALFORMED},
    {"a flag that is a word", "place", "{" ORDER ",\"size\":\"1\",\"post_only\":\"true\"}", MR_E_MALFORMED},
    {"a number that is a flag", "place", "{" ORDER ",\"size\":true}", MR_E_MALFORMED},
    {"a time below zero", "dead_man", "{\"within_ms\":-1}", MR_E_RANGE},
    {"a time beyond all", "dead_man", "{\"within_ms\":4294967296}", MR_E_RANGE},
};

static void requests_that_are_none_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(refused_requests); i++) {
        struct mr_request r;
        int status = mr_wire_request_read(table, mr_span_of(refused_requests[i].name),
                                          mr_span_of(refused_requests[i].bytes), &r);
        if (status != refused_requests[i].want)
            print_error("%s: %s\n", refused_requests[i].says, mr_status_text(status));
        assert_int_equal(status, refused_requests[i].want);
    }
}

/* ---- answers ---- */

static struct mr_answer heard[64];
static uint32_t heard_count;
static void hear(void *arg, const struct mr_answer *a)
{
    (void)arg;
    assert_true(heard_count < MR_COUNT_OF(heard));
    heard[heard_count++] = *a;
}

static void answers_come_back_as_they_went(void **state)
{
    (void)state;
    const struct mr_answer update = {.order = 0x100000001ull,
                                     .venue_ns = 1764000000000000002,
                                     .side = MR_SIDE_SELL,
                                     .state = MR_STATE_PARTIAL,
                                     .venue_id = "P77-1"};
    struct mr_answer sent[] = {
        {.kind = MR_ANSWER_ACK},
        {.kind = MR_ANSWER_TRIGGERED},
        {.kind = MR_ANSWER_CANCELLED, .size = 500, .filled = 200},
        {.kind = MR_ANSWER_EXPIRED, .size = 500, .filled = 500},
        {.kind = MR_ANSWER_AMENDED, .price = 65000, .size = 500, .filled = 1},
        {.kind = MR_ANSWER_ORDER, .price = 1, .size = INT64_MAX, .filled = 0},
        {.kind = MR_ANSWER_NO_ORDER, .order = 9, .instrument = 1, .venue_ns = 4},
        {.kind = MR_ANSWER_REJECTED,
         .order = 9,
         .reason = MR_REJECT_MARGIN,
         .text = "margin: \"10\" is not enough \xc3\xa9",
         .venue_ns = 4},
        {.kind = MR_ANSWER_CANCEL_REFUSED, .order = 9, .reason = MR_REJECT_FILLED, .venue_ns = 4},
        {.kind = MR_ANSWER_AMEND_REFUSED, .order = 9, .reason = MR_REJECT_UNKNOWN_ORDER, .venue_ns = 4},
        {.kind = MR_ANSWER_POSITION,
         .instrument = 1,
         .price = 5,
         .size = -700,
         .amount = 3 * MR_MONEY_ONE + 1,
         .venue_ns = 4},
        {.kind = MR_ANSWER_BALANCE, .amount = -MR_MONEY_ONE, .available = 10000 * MR_MONEY_ONE, .venue_ns = 4},
        {.kind = MR_ANSWER_FUNDING, .instrument = 1, .amount = -5, .venue_ns = 4},
        {.kind = MR_ANSWER_LIQUIDATED, .instrument = 1, .side = MR_SIDE_SELL, .size = 700, .venue_ns = 4},
        {.kind = MR_ANSWER_END, .venue_ns = 4},
        {.kind = MR_ANSWER_FILL,
         .order = 12,
         .side = MR_SIDE_SELL,
         .venue_ns = 8,
         .venue_id = "P1",
         .fill = {.order = 12,
                  .venue = 1,
                  .side = MR_SIDE_SELL,
                  .liquidity = MR_LIQUIDITY_MAKER,
                  .price = 65000,
                  .size = 3,
                  .fee = -7,
                  .venue_ns = 8,
                  .trade_id = "T77-12"}},
        {.kind = MR_ANSWER_FILL,
         .venue_ns = 8,
         .fill = {.venue = 1, .price = 1, .size = 1, .venue_ns = 8, .trade_id = "T2"}}, /* a liquidation's */
    };
    static char out[16384];
    struct mr_text t;
    struct mr_json_out j;
    for (size_t i = 0; i < 6; i++) {
        sent[i].order = update.order;
        sent[i].venue_ns = update.venue_ns;
        sent[i].side = update.side;
        sent[i].state = update.state;
        memcpy(sent[i].venue_id, update.venue_id, sizeof update.venue_id);
    }
    mr_text_init(&t, out, sizeof out);
    mr_json_out_init(&j, &t);
    mr_json_out_object(&j, NULL);
    mr_json_out_array(&j, "answers");
    for (size_t i = 0; i < MR_COUNT_OF(sent); i++)
        mr_wire_answer(table, &sent[i], &j);
    mr_json_out_end(&j);
    mr_json_out_end(&j);
    assert_false(t.cut);
    heard_count = 0;
    assert_int_equal(mr_wire_answers_read(table, mr_span_of(out), hear, NULL), MR_OK);
    assert_int_equal(heard_count, MR_COUNT_OF(sent));
    for (size_t i = 0; i < MR_COUNT_OF(sent); i++)
        assert_memory_equal(&heard[i], &sent[i], sizeof sent[i]);
}

static void an_instrument_that_is_not_traded_here_is_no_number_of_ours(void **state)
{
    (void)state;
    heard_count = 0;
    assert_int_equal(
        mr_wire_answers_read(
            table, mr_span_of("{\"answers\":[{\"kind\":\"position\",\"symbol\":\"okx:public:X\",\"size\":\"1\"}]}"),
            hear, NULL),
        MR_OK);
    assert_int_equal(heard_count, 1);
    assert_int_equal(heard[0].instrument, UINT32_MAX);
}

static const struct {
    const char *says, *bytes;
    int want;
} refused_answers[] = {
    {"nothing", "", MR_E_TRUNCATED},
    {"no answers", "{}", MR_E_MALFORMED},
    {"other members", "{\"answer\":[]}", MR_E_MALFORMED},
    {"twice", "{\"answers\":[],\"answers\":[]}", MR_E_MALFORMED},
    {"not a list", "{\"answers\":{}}", MR_E_TYPE},
    {"no kind", "{\"answers\":[{}]}", MR_E_MALFORMED},
    {"a kind that is none", "{\"answers\":[{\"kind\":\"profit\"}]}", MR_E_MALFORMED},
    {"a kind that only a driver says", "{\"answers\":[{\"kind\":\"stream_up\"}]}", MR_E_MALFORMED},
    {"a state that is none", "{\"answers\":[{\"kind\":\"ack\",\"state\":\"rich\"}]}", MR_E_MALFORMED},
    {"an amount finer than money", "{\"answers\":[{\"kind\":\"balance\",\"amount\":\"0.0000000000000000001\"}]}",
     MR_E_INEXACT},
    {"an id of the venue's that is too long",
     "{\"answers\":[{\"kind\":\"ack\",\"venue_id\":\"123456789012345678901234567890123456789012345678\"}]}",
     MR_E_TOO_BIG},
    {"a line break in the venue's words", "{\"answers\":[{\"kind\":\"rejected\",\"text\":\"a\\nb\"}]}", MR_E_MALFORMED},
};

static void answers_that_are_none_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < MR_COUNT_OF(refused_answers); i++) {
        heard_count = 0;
        int status = mr_wire_answers_read(table, mr_span_of(refused_answers[i].bytes), hear, NULL);
        if (status != refused_answers[i].want)
            print_error("%s: %s\n", refused_answers[i].says, mr_status_text(status));
        assert_int_equal(status, refused_answers[i].want);
        assert_int_equal(heard_count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_come_back_as_they_went),
        cmocka_unit_test(requests_that_are_none_are_refused),
        cmocka_unit_test(answers_come_back_as_they_went),
        cmocka_unit_test(an_instrument_that_is_not_traded_here_is_no_number_of_ours),
        cmocka_unit_test(answers_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, up, down) ? 1 : 0;
}
