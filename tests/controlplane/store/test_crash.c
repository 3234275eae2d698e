/* G5: a machine that stops at any write or sync of the store's 200-order story, with any of the unsynced sectors lost, torn or kept. Afterwards
 * the database is sound and every row that was told durable is in it.
 *
 * MILLRACE_STORE_CRASHES=N   N outcomes after every operation (20 is the full size) instead of 2 after every 5th (1 after every 17th under
 *                            MILLRACE_QUICK) */
#include <errno.h>
#include <stdio.h>

#include "controlplane/store/store_priv.h"
#include "tests/controlplane/store/vfs_sim.h"

#define FOLDER "data/store"
#define ORDERS 200
#define STEPS 4 /* rows of each order: PENDING, SUBMITTED, PARTIALLY_FILLED, FILLED, and a fill with the last two */

static struct rig {
    struct vfs_sim *main, *other;
    struct sim_disk *disk;
    struct mr_store *store;
    struct mr_store_limits limits, other_limits;
    uint64_t told;                        /* durable, the highest */
    uint64_t progress_seq[ORDERS][STEPS]; /* number of the row with which order i reached that step */
    uint64_t fill_seq[ORDERS][2];
    uint64_t operations, crashes, every, outcomes, found_beyond, from_spill;
    bool inside;
} rig;

static const char *const statuses[STEPS] = {"PENDING", "SUBMITTED", "PARTIALLY_FILLED", "FILLED"};

static void put(uint32_t order, uint32_t step)
{
    struct mr_store_order o = {.quantity = mr_store_number(10, 0),
                               .filled_quantity = mr_store_number(step, 0),
                               .created_at_ns = 1 + order,
                               .updated_at_ns = 1 + order + step,
                               .symbol = "BTCUSDT"};
    snprintf(o.order_id, sizeof o.order_id, "o%u", order);
    snprintf(o.status, sizeof o.status, "%s", statuses[step]);
    snprintf(o.error_message, sizeof o.error_message, "%0*u", (int)(order % 90 + 1), order); /* rows of many lengths */
    int64_t seq = mr_store_put_order(rig.store, &o);
    assert_true(seq > 0);
    rig.progress_seq[order][step] = (uint64_t)seq;
    if (step < 2)
        return;
    struct mr_store_fill f = {
        .price = mr_store_number(order, 0), .size = mr_store_number(5, 0), .timestamp_ns = 1 + order};
    snprintf(f.id, sizeof f.id, "o%u-%u", order, step);
    seq = mr_store_put_fill(rig.store, &f);
    assert_true(seq > 0);
    rig.fill_seq[order][step - 2] = (uint64_t)seq;
}

static void take_in(int64_t now)
{
    mr_store_step(rig.store, now);
    uint64_t durable = mr_store_durable(rig.store);
    assert_true(durable >= rig.told);
    rig.told = durable;
}

/* Orders come, live side by side and end; in the middle another process holds the database for a while. */
static void tell(void)
{
    struct mr_err err;
    int64_t now = 1;
    if (mr_store_open(&rig.store, FOLDER, &rig.limits, &err) != MR_OK)
        fail_msg("%s", err.text);
    for (uint32_t tick = 0; tick < ORDERS + STEPS * 10; tick++) {
        for (uint32_t step = 0; step < STEPS; step++)
            if (tick >= step * 10 && tick - step * 10 < ORDERS)
                put(tick - step * 10, step);
        vfs_sim_busy(rig.main, tick > 90 && tick < 130);
        if (tick % 4 == 3)
            take_in(now += 300000000);
    }
    assert_int_equal(MR_OK, mr_store_flush(rig.store, now + 2000000000));
    take_in(now);
}

static int64_t number(sqlite3 *db, const char *sql, const char *arg)
{
    sqlite3_stmt *stmt;
    assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(db, sql, -1, &stmt, NULL));
    if (arg)
        sqlite3_bind_text(stmt, 1, arg, -1, SQLITE_STATIC);
    int64_t value = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : -1;
    sqlite3_finalize(stmt);
    return value;
}

static void check_rows(sqlite3 *db)
{
    char id[32];
    assert_int_equal(
        1, number(db, "SELECT count(*) = 1 AND max(integrity_check) = 'ok' FROM pragma_integrity_check", NULL));
    for (uint32_t i = 0; i < ORDERS; i++) {
        int64_t want = -1;
        for (int step = 0; step < STEPS; step++)
            if (rig.progress_seq[i][step] && rig.progress_seq[i][step] <= rig.told)
                want = step;
        snprintf(id, sizeof id, "o%u", i);
        int64_t is =
            number(db, "SELECT CAST(filled_quantity_exact AS INTEGER) FROM live_orders WHERE order_id = ?", id);
        if (is < want)
            fail_msg("order %u: step %ld is there, %ld was durable", i, (long)is, (long)want);
        rig.found_beyond += is > want;
        for (int k = 0; k < 2; k++) {
            snprintf(id, sizeof id, "o%u-%d", i, k + 2);
            if (rig.fill_seq[i][k] && rig.fill_seq[i][k] <= rig.told)
                assert_int_equal(1, number(db, "SELECT count(*) FROM fills WHERE id = ?", id));
        }
    }
}

static void crash_and_check(struct mr_random *random)
{
    struct sim_disk *disk = sim_disk_clone(rig.disk);
    struct mr_store *s;
    struct mr_err err;
    struct mr_store_stats stats;
    sim_disk_crash(disk, random);
    vfs_sim_disk(rig.other, disk);
    rig.other_limits.disk = sim_disk_table(disk);
    if (mr_store_open(&s, FOLDER, &rig.other_limits, &err) != MR_OK)
        fail_msg("operation %lu: %s", (unsigned long)rig.operations, err.text);
    if (mr_store_durable(s) < rig.told)
        fail_msg("operation %lu: %lu rows are there, %lu were durable", (unsigned long)rig.operations,
                 (unsigned long)mr_store_durable(s), (unsigned long)rig.told);
    assert_int_equal(MR_OK, mr_store_flush(s, 1));
    mr_store_stats(s, &stats);
    rig.from_spill += stats.stored > 0;
    check_rows(s->db.db);
    mr_store_close(s, 2);
    sim_disk_free(disk);
    rig.crashes++;
}

static void at_each_change(void *arg, enum sim_op op)
{
    (void)arg, (void)op;
    if (rig.inside || ++rig.operations % rig.every)
        return;
    rig.inside = true;
    for (uint64_t i = 0; i < rig.outcomes; i++) {
        struct mr_random random = {rig.operations * 1000 + i};
        crash_and_check(&random);
    }
    rig.inside = false;
}

static void after_a_crash_at_any_operation_the_database_is_sound_and_all_durable_rows_are_in_it(void **state)
{
    (void)state;
    const char *given = getenv("MILLRACE_STORE_CRASHES");
    rig.every = given ? 1 : getenv("MILLRACE_QUICK") ? 17 : 5;
    rig.outcomes = given ? (uint64_t)atoi(given) : getenv("MILLRACE_QUICK") ? 1 : 2;
    rig.main = vfs_sim_open("sim-main");
    rig.other = vfs_sim_open("sim-other");
    rig.disk = sim_disk_new();
    vfs_sim_disk(rig.main, rig.disk);
    rig.limits = mr_store_limits_default;
    rig.limits.ring_bytes = 256 << 10;
    rig.limits.batch_rows = 20;
    rig.other_limits = rig.limits;
    rig.limits.disk = sim_disk_table(rig.disk);
    rig.limits.vfs = "sim-main";
    rig.other_limits.vfs = "sim-other";
    sim_disk_watch(rig.disk, at_each_change, NULL);
    tell();
    struct mr_random random = {1};
    crash_and_check(&random); /* and at the end */
    assert_int_equal(ORDERS * (STEPS + 2), rig.told);
    sim_disk_watch(rig.disk, NULL, NULL);
    mr_store_close(rig.store, 1);
    sim_disk_free(rig.disk);
    vfs_sim_close(rig.main);
    vfs_sim_close(rig.other);
    print_message("%lu operations, %lu crashes: %lu with rows in the spill file\n", (unsigned long)rig.operations,
                  (unsigned long)rig.crashes, (unsigned long)rig.from_spill);
    assert_true(rig.operations > 300 && rig.from_spill > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_crash_at_any_operation_the_database_is_sound_and_all_durable_rows_are_in_it)};
    return MR_TEST_MAIN(tests);
}
