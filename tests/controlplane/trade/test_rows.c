/* What trading leaves in the store is what its journal says. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "controlplane/trade/records.h"
#include "controlplane/trade/rows.h"
#include "tests/controlplane/trade/rig.h"
#include "tests/support/support.h"

static struct rig *r;
static struct mr_store *store;
static struct mr_trade_rows rows;
static char folder[64];
static int refusals;

static void told(void *self, const struct mr_trade_told *what)
{
    struct rig *rig = self;
    char said[MR_TOLD_TEXT];
    mr_trade_told_text(what, mr_trade_limits_now(rig->trade), said);
    int status = mr_trade_rows_told(&rows, what, said, false);
    if (status == MR_OK)
        return;
    refusals++;
    assert_int_equal(status, MR_E_FULL);
}

static const struct mr_instrument *instrument_of(const void *self, uint32_t id)
{
    return mr_instruments_get(((const struct rig *)self)->instruments, id);
}

static int begin(void **state)
{
    struct mr_err err;
    struct mr_store_limits limits = mr_store_limits_default;
    *state = r = malloc(sizeof *r);
    limits.ring_bytes = 1u << 17;
    snprintf(folder, sizeof folder, "/tmp/millrace-rows-XXXXXX");
    assert_non_null(mkdtemp(folder));
    assert_int_equal(MR_OK, mr_store_open(&store, folder, &limits, &err));
    rig_open(r);
    mr_trade_rows_init(&rows, store, instrument_of, r, "run-1");
    rows.strategy[0] = "follower";
    r->also_told = told;
    return 0;
}

static int end(void **state)
{
    (void)state;
    if (store)
        mr_store_close(store, 0);
    rig_close(r);
    free(r);
    return mr_test_remove(folder);
}

static void flush(void) { assert_int_equal(MR_OK, mr_store_flush(store, r->now)); }

static const char *cell(const struct mr_store_cell *cells, uint32_t count, const char *name)
{
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(cells[i].name, name) == 0)
            return cells[i].text ? cells[i].text : "";
    fail_msg("no column %s", name);
    return "";
}

/* A record that says how an order stands; copied, for the journal aligns it to eight bytes and the order wants sixteen. */
static bool order_record(uint64_t i, struct mr_order *out)
{
    struct mr_record_order o;
    if (r->record[i].kind != MR_JOURNAL_ORDER || r->record[i].bytes != sizeof o)
        return false;
    memcpy(&o, rig_payload(r, i), sizeof o);
    *out = o.order;
    return o.head.what == MR_RECORD_ORDER;
}

/* The last record of an order, by what the row names. */
static const struct mr_order *journal_order(const char *id)
{
    static struct mr_order found;
    struct mr_order o;
    char text[MR_ORDER_ID_TEXT];
    bool any = false;
    for (uint64_t i = 0; i < r->appended; i++) {
        if (!order_record(i, &o))
            continue;
        mr_order_id_text(o.id, text);
        if (strcmp(text, id) == 0) {
            found = o;
            any = true;
        }
    }
    return any ? &found : NULL;
}

static uint64_t journal_orders(void)
{
    uint64_t n = 0, seen[256];
    for (uint64_t i = 0; i < r->appended; i++) {
        struct mr_order o;
        bool again = !order_record(i, &o);
        for (uint64_t k = 0; k < n && !again; k++)
            again = seen[k] == o.id;
        if (!again && n < MR_COUNT_OF(seen))
            seen[n++] = o.id;
    }
    return n;
}

static void expect(const char *is, int64_t value, int scale)
{
    char want[MR_DECIMAL_TEXT];
    mr_decimal_text(value, scale, want);
    assert_string_equal(is, want);
}

static bool same_order(void *arg, const struct mr_store_cell *c, uint32_t n)
{
    const struct mr_order *o = journal_order(cell(c, n, "order_id"));
    char fees[MR_MONEY_TEXT];
    (void)arg;
    assert_non_null(o);
    expect(cell(c, n, "quantity_exact"), o->size, 3);
    expect(cell(c, n, "filled_quantity_exact"), o->filled, 3);
    if (o->price)
        expect(cell(c, n, "requested_price_exact"), o->price, 2);
    mr_money_text(o->fees, fees);
    assert_string_equal(cell(c, n, "commission_exact"), fees);
    assert_string_equal(cell(c, n, "status"), o->state == MR_STATE_FILLED      ? "FILLED"
                                              : o->state == MR_STATE_CANCELLED ? "CANCELLED"
                                              : o->state == MR_STATE_DENIED    ? "FAILED"
                                                                               : "SUBMITTED");
    assert_string_equal(cell(c, n, "exchange_order_id"), o->venue_id);
    assert_string_equal(cell(c, n, "symbol"), "BTCUSDT");
    return true;
}

static bool same_fill(void *arg, const struct mr_store_cell *c, uint32_t n)
{
    mr_i128 *sum = arg;
    for (uint64_t i = 0; i < r->appended; i++) {
        struct mr_record_fill f;
        if (r->record[i].kind != MR_JOURNAL_FILL)
            continue;
        memcpy(&f, rig_payload(r, i), sizeof f);
        if (strcmp(f.fill.trade_id, cell(c, n, "trade_id")) != 0)
            continue;
        expect(cell(c, n, "price_exact"), f.fill.price, 2);
        expect(cell(c, n, "size_exact"), f.fill.size, 3);
        assert_string_equal(cell(c, n, "side"), f.fill.side == MR_SIDE_BUY ? "BUY" : "SELL");
        *sum += f.fill.side == MR_SIDE_BUY ? f.fill.size : -f.fill.size;
        return true;
    }
    fail_msg("a fill that the journal does not have: %s", cell(c, n, "trade_id"));
    return false;
}

static int64_t ask(enum mr_store_table table, mr_store_each_fn *each, void *arg)
{
    struct mr_err err;
    return mr_store_query(store, &(struct mr_store_query){.table = table}, each, arg, &err);
}

static void cascade(void)
{
    rig_price(r, RIG_BTC, 5982000);
    rig_run(r, 1000);
    rig_signal(r, "BTC", MR_LEVEL_CRITICAL);
    rig_run(r, 100);
    assert_true(rig_held(r, RIG_BTC) < 0);
}

static void orders_and_fills_in_the_store_are_those_of_the_journal(void **state)
{
    (void)state;
    struct mr_trade_account a;
    mr_i128 sum = 0;
    cascade();
    flush();
    assert_int_equal(ask(MR_STORE_ORDER, same_order, NULL), (int64_t)journal_orders());
    assert_true(ask(MR_STORE_FILL, same_fill, &sum) > 0);
    assert_true(sum == rig_held(r, RIG_BTC));
    rig_signal(r, "BTC", MR_LEVEL_NONE);
    rig_run(r, 500);
    assert_int_equal(rig_held(r, RIG_BTC), 0);
    flush();
    sum = 0;
    mr_trade_account(r->trade, &a);
    assert_int_equal(ask(MR_STORE_ORDER, same_order, NULL), (int64_t)journal_orders());
    assert_int_equal(ask(MR_STORE_FILL, same_fill, &sum), (int64_t)a.fills);
    assert_true(sum == 0);
}

static bool closed_short(void *arg, const struct mr_store_cell *c, uint32_t n)
{
    assert_string_equal(cell(c, n, "side"), "SHORT");
    assert_string_equal(cell(c, n, "status"), "CLOSED");
    assert_string_equal(cell(c, n, "quantity_exact"), "0");
    assert_string_equal(cell(c, n, "realized_pnl_exact"), arg);
    return true;
}

static bool the_signal(void *arg, const struct mr_store_cell *c, uint32_t n)
{
    const char *type = cell(c, n, "signal_type");
    *(unsigned *)arg |= strcmp(type, "S1") == 0 ? 1 : 2;
    assert_string_equal(cell(c, n, "approved"), "1");
    if (strcmp(type, "S1") == 0) {
        assert_string_equal(cell(c, n, "strategy_name"), "follower");
        assert_non_null(journal_order(cell(c, n, "order_id")));
    }
    return true;
}

static void a_position_is_one_row_from_open_to_closed_and_its_signals_say_what_became_of_them(void **state)
{
    (void)state;
    struct mr_trade_account a;
    char realised[MR_MONEY_TEXT];
    unsigned types = 0;
    cascade();
    rig_signal(r, "BTC", MR_LEVEL_NONE);
    rig_run(r, 500);
    flush();
    mr_trade_account(r->trade, &a);
    mr_money_text(a.realised, realised);
    assert_int_equal(ask(MR_STORE_POSITION, closed_short, realised), 1);
    assert_int_equal(ask(MR_STORE_SIGNAL, the_signal, &types), 2);
    assert_int_equal(types, 3);
}

static bool the_alert(void *arg, const struct mr_store_cell *c, uint32_t n)
{
    (void)arg;
    assert_string_equal(cell(c, n, "alert_type"), "order_denied");
    assert_string_equal(cell(c, n, "severity"), "WARNING");
    assert_non_null(strstr(cell(c, n, "message"), "the order is larger than one order may be"));
    return true;
}

static void what_the_gate_denies_is_a_risk_event_and_a_failed_order(void **state)
{
    (void)state;
    struct mr_err err;
    uint64_t id;
    struct mr_order o = {.venue = 1, .type = MR_ORDER_LIMIT, .tif = MR_TIF_GTC, .price = 5990000, .size = 2000000};
    assert_true(mr_trade_place(r->trade, &o, r->now, &id, &err) != MR_OK);
    flush();
    assert_int_equal(ask(MR_STORE_RISK, the_alert, NULL), 1);
    assert_int_equal(ask(MR_STORE_ORDER, same_order, NULL), 1);
}

static void what_a_full_store_refuses_is_there_once_when_it_is_told_again(void **state)
{
    (void)state;
    struct mr_store_stats n = {0};
    struct mr_err err;
    uint64_t id;
    struct mr_order o = {.venue = 1, .type = MR_ORDER_LIMIT, .tif = MR_TIF_GTC, .price = 5990000, .size = 2000000};
    const struct mr_trade_told alert = {.kind = MR_TOLD_ALERT, .severity = 1, .now_ns = r->now};
    refusals = 0;
    for (int i = 0; i < 500 && !n.refused; i++) { /* nobody empties the ring */
        assert_true(mr_trade_place(r->trade, &o, r->now, &id, &err) != MR_OK);
        mr_store_stats(store, &n);
    }
    assert_true(n.refused > 0 && refusals > 0);
    assert_int_equal(mr_trade_rows_told(&rows, &alert, "once", false), MR_E_FULL);
    assert_int_equal(mr_trade_rows_told(&rows, &alert, "once", true), MR_E_FULL);
    uint64_t alerts = rows.alerts;
    flush();
    assert_int_equal(mr_trade_rows_told(&rows, &alert, "once", true), MR_OK);
    assert_true(rows.alerts == alerts);
    cascade();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(orders_and_fills_in_the_store_are_those_of_the_journal, begin, end),
        cmocka_unit_test_setup_teardown(
            a_position_is_one_row_from_open_to_closed_and_its_signals_say_what_became_of_them, begin, end),
        cmocka_unit_test_setup_teardown(what_the_gate_denies_is_a_risk_event_and_a_failed_order, begin, end),
        cmocka_unit_test_setup_teardown(what_a_full_store_refuses_is_there_once_when_it_is_told_again, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
