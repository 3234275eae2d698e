/* The desk beside a data plane's shared memory: from a signal to what is said and kept of it; what an operator may do. */
#include <unistd.h>

#include "controlplane/trade/records.h"
#include "tests/controlplane/trade/desk_scene.h"

/* ---- from a signal to what is said of it ---- */

static void signal_level(uint8_t level)
{
    struct mr_signal *s = mr_ring_reserve(&w.control, sizeof *s / MR_RING_SLOT_BYTES);
    assert_non_null(s);
    *s = (struct mr_signal){.engine_ns = now,
                            .seq = ++seq,
                            .instrument = UINT32_MAX,
                            .kind = MR_SIGNAL_LEVEL,
                            .level = level,
                            .level_before = MR_LEVEL_WATCH,
                            .probability = 0.75,
                            .confidence = 1,
                            .underlying_name = "BTC"};
    mr_ring_publish(&w.control, sizeof *s / MR_RING_SLOT_BYTES);
}

static void trade_on_a_cascade(void)
{
    pass(25);
    assert_int_equal(show()->steer.state, MR_LIFE_TRADING);
    mid += 12000000000; /* 20 basis points */
    pass(1);
    signal_level(MR_LEVEL_CRITICAL);
    pass(2);
}

static bool any(void *arg, const struct mr_store_cell *cells, uint32_t count)
{
    (void)arg, (void)cells, (void)count;
    return true;
}

static int64_t rows_of(struct mr_store *store, enum mr_store_table table)
{
    struct mr_err err;
    return mr_store_query(store, &(struct mr_store_query){.table = table}, any, NULL, &err);
}

static void a_signal_is_told_in_the_order_of_what_it_led_to_and_is_in_the_store(void **state)
{
    (void)state;
    static const struct {
        uint8_t kind;
        const char *piece;
    } want[] = {
        {MR_TOLD_SIGNAL, "follower: BTC at "}, {MR_TOLD_DECISION, "allowed, score "},  {MR_TOLD_ORDER, ": approved"},
        {MR_TOLD_SIGNAL, "CRITICAL"},          {MR_TOLD_FILL, "binance:spot:BTCUSDT"},
    };
    struct mr_store *store;
    struct mr_err err = {""};
    struct mr_desk_line line;
    struct mr_desk_io_counts counts;
    char folder[160];
    size_t at = 0;
    set_up();
    snprintf(folder, sizeof folder, "%s/store", run_folder);
    assert_int_equal(mr_store_open(&store, folder, &mr_store_limits_default, &err), MR_OK);
    config.store = store;
    trading.taker_confidence = 0.1;
    trading.risk_pct = 0.01;
    assert_int_equal(must_open(), MR_OK);
    trade_on_a_cascade();
    while (at < MR_COUNT_OF(want) && mr_desk_line(desk, &line))
        at += line.kind == want[at].kind && strstr(line.text, want[at].piece) != NULL;
    if (at < MR_COUNT_OF(want))
        fail_msg("no line with \"%s\"", want[at].piece);
    assert_true(show()->decided.count == 1 && show()->handed.count == 1);
    mr_desk_io_counts(desk, &counts);
    assert_true(counts.bus.published[MR_TOPIC_signal_generated] >= 2);
    assert_true(counts.bus.published[MR_TOPIC_risk_approved] >= 1 && counts.bus.published[MR_TOPIC_order_filled] >= 1);
    assert_true(counts.lost == 0 && counts.bus.waiting == 0);
    assert_int_equal(mr_store_flush(store, now), MR_OK);
    assert_true(rows_of(store, MR_STORE_ORDER) >= 1 && rows_of(store, MR_STORE_SIGNAL) == 1);
    assert_true(rows_of(store, MR_STORE_FILL) >= 1 && rows_of(store, MR_STORE_POSITION) >= 1);
    mr_desk_close(desk);
    desk = NULL;
    mr_store_close(store, now);
    tear_down();
}

/* ---- the slowest order names itself ---- */

/* Between the gate's yes and the exchange 7,777 ns pass, on the clock that the rounds set. */
static void time_passes(void *arg, const struct mr_request *r)
{
    (void)arg, (void)r;
    mr_clock_set(&desk->clock, now + 7777);
}
static void a_round(void *arg) { (void)arg; }

static void keep_durable(void *arg, const struct mr_metric_view *view)
{
    struct mr_trace *t = arg;
    if (view->hist && strcmp(view->name, "durable_ns") == 0 && mr_hist_trace(view->hist, t) != MR_OK)
        t->at_ns = 0;
}

static void the_slowest_order_leaves_a_record_with_its_number_and_instrument(void **state)
{
    (void)state;
    static const struct mr_desk_probe probe = {
        .round = a_round, .handed = time_passes, .order_limit = {.quota = 1000, .burst = 500, .window_ns = 1000000000}};
    struct mr_region r;
    struct mr_trace t = {.at_ns = -1};
    set_up();
    config.probe = &probe;
    trading.taker_confidence = 0.1;
    trading.risk_pct = 0.01;
    assert_int_equal(must_open(), MR_OK);
    trade_on_a_cascade();
    assert_int_equal(show()->handed.count, 1);
    assert_int_equal(mr_workspace_find(mr_desk_workspace(desk), "metrics/trade", &r), MR_OK);
    assert_int_equal(mr_metrics_each(r.mem, r.bytes, keep_durable, &t), MR_OK);
    assert_int_equal(t.value, 10007777); /* and a round for the journal */
    assert_int_equal(t.thread, MR_TRACE_THREAD_TRADE);
    assert_string_equal(t.begins, "BTCUSDT");
    assert_true(t.seq > 0 && t.core >= 0);
    assert_int_equal(t.at_ns - t.recv_ns, t.value);
    tear_down();
}

/* ---- limits in force ---- */

struct in_force {
    struct mr_record_limits set[8];
    uint32_t count;
};

static int keep_limits(void *arg, const struct mr_journal_record *record)
{
    struct in_force *f = arg;
    struct mr_record_limits l;
    if (record->kind != MR_JOURNAL_CONFIG)
        return 0;
    assert_int_equal(record->bytes, sizeof l);
    memcpy(&l, record->payload, sizeof l);
    assert_true(l.head.version == MR_RECORDS_VERSION && l.head.what == MR_RECORD_LIMITS && l.head.bytes == sizeof l);
    assert_true(f->count < MR_COUNT_OF(f->set));
    f->set[f->count++] = l;
    return 0;
}

/* As the journal tells it to anybody who reads it. */
static struct in_force in_force(void)
{
    struct in_force f = {.count = 0};
    struct mr_err err = {""};
    if (mr_journal_each(NULL, journal.folder, 0, keep_limits, &f, NULL, &err) != MR_OK)
        fail_msg("%s", err.text);
    return f;
}

static int read_limits_again(struct mr_err *said) { return act(&(struct mr_desk_act){.what = MR_DESK_LIMITS}, said); }

static void limits_in_force_are_in_the_journal_at_the_start_and_at_each_change(void **state)
{
    (void)state;
    struct mr_err said = {""};
    char start[200];
    set_up();
    snprintf(start, sizeof start, "at the start, from %s", limits);
    assert_int_equal(must_open(), MR_OK);
    pass(1);
    write_limits("account:\n  position_share_pct: 90\nmarkets:\n  - market: \"*\"\n    order_size_max: 5\n    "
                 "position_max: 10\n");
    assert_int_equal(read_limits_again(&said), MR_OK);
    assert_non_null(strstr(said.text, "account.position_share_pct: 100 -> 90"));
    write_limits("account:\n  position_share_pct: ninety\n"); /* a mistake changes nothing, and is nothing in force */
    assert_true(read_limits_again(&said) != MR_OK);
    write_limits("account:\n  position_share_pct: 80\nmarkets:\n  - market: \"*\"\n    order_size_max: 5\n    "
                 "position_max: 10\n");
    assert_int_equal(read_limits_again(&said), MR_OK);
    mr_desk_close(desk);
    desk = NULL;
    struct in_force f = in_force();
    assert_int_equal(f.count, 3);
    for (uint32_t i = 0; i < f.count; i++)
        assert_true(f.set[i].version == i + 1 && f.set[i].before == i); /* 0: nothing was in force before */
    assert_string_equal(f.set[0].said, start);
    assert_non_null(strstr(f.set[1].said, "account.position_share_pct: 100 -> 90"));
    assert_non_null(strstr(f.set[1].said, "order_size_max: 10 -> 5"));
    assert_non_null(strstr(f.set[2].said, "account.position_share_pct: 90 -> 80"));
    /* the next run says what it begins with, too */
    assert_int_equal(must_open(), MR_OK);
    mr_desk_close(desk);
    desk = NULL;
    f = in_force();
    assert_true(f.count == 4 && f.set[3].version == 1 && f.set[3].before == 0);
    assert_string_equal(f.set[3].said, start);
    tear_down();
}

/* ---- orders that leave in slices ---- */

static const struct mr_desk_act twap = {.what = MR_DESK_SLICE,
                                        .side = MR_SIDE_BUY,
                                        .type = MR_SLICES_TWAP,
                                        .minutes = 1,
                                        .slices = 2,
                                        .name = "BTCUSDT",
                                        .price = "60000.5",
                                        .size = "0.02"},
                                iceberg = {.what = MR_DESK_SLICE,
                                           .side = MR_SIDE_BUY,
                                           .type = MR_SLICES_ICEBERG,
                                           .name = "BTCUSDT",
                                           .price = "59990",
                                           .size = "0.02",
                                           .shown = "0.005"};

static void parents_that_cannot_be_are_refused_in_words(void **state)
{
    (void)state;
    static const struct {
        const struct mr_desk_act *of;
        const char *name, *price, *size, *shown, *want;
    } cases[] = {
        {&twap, "ETHUSDT", NULL, NULL, NULL, "\"ETHUSDT\" is not traded here"},
        {&twap, NULL, "0", NULL, NULL, "limit \"0\""},
        {&twap, NULL, "dear", NULL, NULL, "limit \"dear\""},
        {&twap, NULL, NULL, "-1", NULL, "sizes: want numbers above zero"},
        {&twap, NULL, NULL, "0.000000001", NULL, "with at most 8 decimals"},
        {&iceberg, NULL, NULL, NULL, "", "sizes: want numbers above zero"},
        {&iceberg, NULL, NULL, NULL, "0", "sizes: want numbers above zero"},
    };
    struct mr_err said;
    set_up();
    assert_int_equal(must_open(), MR_OK);
    pass(25);
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_desk_act a = *cases[i].of;
        if (cases[i].name)
            strcpy(a.name, cases[i].name);
        if (cases[i].price)
            strcpy(a.price, cases[i].price);
        if (cases[i].size)
            strcpy(a.size, cases[i].size);
        if (cases[i].shown)
            strcpy(a.shown, cases[i].shown);
        said.text[0] = 0;
        assert_true(act(&a, &said) != MR_OK);
        if (!strstr(said.text, cases[i].want))
            fail_msg("\"%s\" does not say \"%s\"", said.text, cases[i].want);
        assert_int_equal(show()->parent_count, 0);
    }
    tear_down();
}

static void an_operators_slices_are_on_the_screen_with_their_children_until_they_are_done(void **state)
{
    (void)state;
    static char text[1 << 16];
    struct mr_err said = {""};
    struct mr_text out;
    struct mr_json_out json;
    char id[2][MR_ORDER_ID_TEXT], want[64];
    set_up();
    assert_int_equal(must_open(), MR_OK);
    pass(25);
    for (int i = 0; i < 2; i++) {
        if (act(i ? &iceberg : &twap, &said) != MR_OK)
            fail_msg("%s", said.text);
        assert_int_equal(strncmp(said.text, "working: ", 9), 0);
        snprintf(id[i], sizeof id[i], "%.*s", (int)sizeof id[i] - 1, said.text + 9);
    }
    pass(1);
    const struct mr_trade_show *s = show();
    assert_int_equal(s->parent_count, 2);
    assert_string_equal(s->parent[0].type, "twap");
    assert_string_equal(s->parent[1].type, "iceberg");
    assert_string_equal(s->parent[1].state, "working");
    assert_string_equal(s->parent[1].size, "0.02");
    mr_text_init(&out, text, sizeof text);
    mr_trade_show_orders(s, &out);
    for (int i = 0; i < 2; i++) {
        snprintf(want, sizeof want, "\n%s ", id[i]); /* a row of its own */
        assert_non_null(strstr(text, want));
    }
    snprintf(want, sizeof want, "s %s\n", id[1]); /* and the last word of its child's */
    assert_non_null(strstr(text, want));
    mr_text_init(&out, text, sizeof text);
    mr_json_out_init(&json, &out);
    mr_json_out_object(&json, NULL);
    mr_trade_show_json(s, &json);
    mr_json_out_end(&json);
    const char *slices = strstr(text, "\"slices\":[");
    assert_non_null(slices);
    for (int i = 0; i < 2; i++) {
        snprintf(want, sizeof want, "\"id\":\"%s\"", id[i]);
        assert_non_null(strstr(slices, want));
    }
    snprintf(want, sizeof want, "\"parent\":\"%s\"", id[1]);
    assert_non_null(strstr(text, want));
    const struct mr_desk_act none = {.what = MR_DESK_CANCEL_ALL};
    assert_int_equal(act(&none, &said), MR_OK);
    pass(1);
    assert_int_equal(show()->parent_count, 0);
    assert_int_equal(show()->open_orders, 0);
    tear_down();
}
int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_in_force_are_in_the_journal_at_the_start_and_at_each_change),
        cmocka_unit_test(a_signal_is_told_in_the_order_of_what_it_led_to_and_is_in_the_store),
        cmocka_unit_test(the_slowest_order_leaves_a_record_with_its_number_and_instrument),
        cmocka_unit_test(parents_that_cannot_be_are_refused_in_words),
        cmocka_unit_test(an_operators_slices_are_on_the_screen_with_their_children_until_they_are_done),
    };
    return MR_TEST_MAIN(tests);
}
