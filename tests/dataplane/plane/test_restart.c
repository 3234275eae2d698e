/* A data plane that is started again at once, over TLS against the simulated exchange: what it took before of what the venue allows counts still. */
#include "dataplane/plane/plane_priv.h"
#include "tests/dataplane/plane/rig.h"
#include "tests/support/support.h"

static const struct rig_feed feeds[] = {{.product = "binance:usdm", .symbols = {"BTCUSDT"}}};
static struct rig rig;

static struct mr_plane_ledger ledger_of(const struct mr_plane *plane)
{
    struct mr_region r;
    assert_int_equal(mr_workspace_find(mr_plane_workspace(plane), "budgets", &r), MR_OK);
    assert_int_equal(r.bytes, sizeof(struct mr_plane_ledger));
    return *(const struct mr_plane_ledger *)r.mem;
}

static void what_was_taken_before_a_restart_counts_after_it(void **state)
{
    (void)state;
    static struct mr_plane_ledger was, is;
    struct mr_err err = {""};
    assert_int_equal(rig_open(&rig, feeds, MR_COUNT_OF(feeds)), 0);
    assert_int_equal(rig_start(&rig), 0);
    assert_true(rig_count(&rig, 0, "session", "dials") > 0);
    assert_true(ledger_of(rig.plane).row[0].budgets.connections.used > 0);
    mr_plane_stop(rig.plane);
    was = ledger_of(rig.plane);
    mr_plane_close(rig.plane);
    assert_int_equal(was.row_count, 1);
    assert_int_equal(was.host_count, 1);
    assert_true(was.row[0].budgets.dials.full_ns > 0 &&
                was.row[0].budgets.sends.full_ns == 0); /* Binance has no rule of sends to an address */
    assert_true(was.host[0].budget.full_ns > 0);        /* a list, a snapshot */
    if (mr_plane_open(&rig.plane, &rig.config, NULL, &err) != MR_OK)
        fail_msg("%s", err.text);
    is = ledger_of(rig.plane); /* nothing of it runs yet */
    assert_int_equal(is.row[0].budgets.dials.full_ns, was.row[0].budgets.dials.full_ns);
    assert_int_equal(is.row[0].budgets.sends.full_ns, was.row[0].budgets.sends.full_ns);
    assert_int_equal(is.row[0].budgets.connections.used, 0); /* they ended with it */
    assert_string_equal(is.host[0].name, was.host[0].name);
    assert_int_equal(is.host[0].budget.full_ns, was.host[0].budget.full_ns);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_taken_before_a_restart_counts_after_it)};
    return MR_TEST_MAIN(tests);
}
