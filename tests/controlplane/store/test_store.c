/* What a store keeps, what it says when asked, and what it does while the database is away. */
#include <stdio.h>
#include <unistd.h>

#include "controlplane/store/store_priv.h"
#include "tests/support/support.h"

static char folder[64], file[128];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/millrace-store-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/store.db", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return mr_test_remove(folder);
}

static struct mr_store *start(const struct mr_store_limits *limits)
{
    struct mr_store *s;
    struct mr_err err;
    if (mr_store_open(&s, folder, limits ? limits : &mr_store_limits_default, &err) != MR_OK)
        fail_msg("%s", err.text);
    return s;
}

#define SECOND 1000000000ll
#define BEGUN (1767225600 * SECOND)

static struct mr_store_order order_of(uint32_t i, const char *status)
{
    struct mr_store_order o = {.quantity = mr_store_number(150000000, 8),
                               .requested_price = mr_store_number((mr_i128)6000000000000 + i, 8),
                               .filled_quantity = mr_store_number(0, 8),
                               .average_fill_price = MR_STORE_NULL,
                               .slippage = MR_STORE_NULL,
                               .commission = mr_store_number(-(mr_i128)MR_MONEY_ONE / 3, MR_MONEY_SCALE),
                               .created_at_ns = BEGUN + i * SECOND + 7,
                               .updated_at_ns = BEGUN + i * SECOND + 8};
    snprintf(o.order_id, sizeof o.order_id, "mr%013u", i);
    snprintf(o.symbol, sizeof o.symbol, i % 2 ? "BTCUSDT" : "ETHUSDT");
    snprintf(o.status, sizeof o.status, "%s", status);
    snprintf(o.session_id, sizeof o.session_id, "run-1");
    snprintf(o.side, sizeof o.side, "BUY");
    return o;
}

static struct mr_store_fill fill_of(uint32_t i)
{
    struct mr_store_fill f = {.price = mr_store_number(60000 + i, 0),
                              .size = mr_store_number(5, 1),
                              .fee = mr_store_number(1, 18),
                              .timestamp_ns = BEGUN + i * SECOND};
    snprintf(f.id, sizeof f.id, "t%u", i);
    snprintf(f.venue, sizeof f.venue, "binance");
    snprintf(f.market, sizeof f.market, "BTCUSDT");
    return f;
}

struct seen {
    uint32_t rows, stop;
    char first[80][128], names[80][40];
    uint32_t count;
};

static bool take(void *arg, const struct mr_store_cell *cells, uint32_t count)
{
    struct seen *seen = arg;
    if (seen->rows++ == 0) {
        seen->count = count;
        for (uint32_t i = 0; i < count; i++) {
            snprintf(seen->first[i], sizeof seen->first[i], "%s", cells[i].text ? cells[i].text : "NULL");
            snprintf(seen->names[i], sizeof seen->names[i], "%s", cells[i].name);
        }
    }
    return seen->rows != seen->stop;
}

static const char *cell(const struct seen *seen, const char *name)
{
    for (uint32_t i = 0; i < seen->count; i++)
        if (strcmp(seen->names[i], name) == 0)
            return seen->first[i];
    fail_msg("no column %s", name);
    return NULL;
}

static struct seen ask(struct mr_store *s, struct mr_store_query q)
{
    struct seen seen = {0};
    struct mr_err err;
    int64_t rows = mr_store_query(s, &q, take, &seen, &err);
    if (rows < 0)
        fail_msg("%s", err.text);
    assert_int_equal(rows, seen.rows);
    return seen;
}

static void every_table_gives_back_what_was_put(void **state)
{
    (void)state;
    struct mr_store *s = start(NULL);
    struct mr_store_order o = order_of(1, "SUBMITTED");
    struct mr_store_position p = {.quantity = mr_store_number(-25, 1),
                                  .opened_at_ns = BEGUN,
                                  .updated_at_ns = BEGUN + 1,
                                  .symbol = "BTCUSDT",
                                  .side = "SHORT",
                                  .status = "OPEN"};
    struct mr_store_signal g = {.signal_id = "s1",
                                .approved = true,
                                .confidence = mr_store_number(7, 1),
                                .created_at_ns = BEGUN,
                                .indicator_values = "{\"a\":1}",
                                .symbol = "BTCUSDT"};
    struct mr_store_risk k = {
        .alert_id = "a1", .severity = "WARNING", .timestamp_ns = BEGUN, .message = "it's; DROP TABLE fills"};
    struct mr_store_fill f = fill_of(9);
    assert_int_equal(1, mr_store_put_order(s, &o));
    assert_int_equal(2, mr_store_put_position(s, &p));
    assert_int_equal(3, mr_store_put_signal(s, &g));
    assert_int_equal(4, mr_store_put_risk(s, &k));
    assert_int_equal(5, mr_store_put_fill(s, &f));
    assert_int_equal(0, mr_store_durable(s));
    assert_int_equal(5, mr_store_step(s, 1));
    assert_int_equal(5, mr_store_durable(s));
    assert_int_equal(0, mr_store_step(s, 1));
    struct seen seen = ask(s, (struct mr_store_query){.table = MR_STORE_ORDER});
    assert_string_equal("mr0000000000001", cell(&seen, "order_id"));
    assert_string_equal("1.5", cell(&seen, "quantity"));
    assert_string_equal("60000.00000001", cell(&seen, "requested_price_exact"));
    assert_string_equal("-0.333333333333333333", cell(&seen, "commission_exact"));
    assert_string_equal("NULL", cell(&seen, "average_fill_price"));
    assert_string_equal("NULL", cell(&seen, "average_fill_price_exact"));
    assert_string_equal("NULL", cell(&seen, "error_message"));
    assert_string_equal("NULL", cell(&seen, "filled_at"));
    assert_string_equal("1767225601000000", cell(&seen, "created_at"));
    assert_string_equal("1767225601000000007", cell(&seen, "created_at_ns"));
    seen = ask(s, (struct mr_store_query){.table = MR_STORE_POSITION});
    assert_string_equal("-2.5", cell(&seen, "quantity_exact"));
    assert_string_equal("", cell(&seen, "session_id")); /* a key's column is never NULL */
    seen = ask(s, (struct mr_store_query){.table = MR_STORE_SIGNAL});
    assert_string_equal("1", cell(&seen, "approved"));
    seen = ask(s, (struct mr_store_query){.table = MR_STORE_RISK});
    assert_string_equal("it's; DROP TABLE fills", cell(&seen, "message"));
    assert_string_equal("0", cell(&seen, "acknowledged"));
    seen = ask(s, (struct mr_store_query){.table = MR_STORE_FILL});
    assert_string_equal("0.000000000000000001", cell(&seen, "fee_exact"));
    mr_store_close(s, 2);
}

static void a_later_row_of_the_same_order_replaces_and_a_fill_counts_once(void **state)
{
    (void)state;
    struct mr_store *s = start(NULL);
    struct mr_store_stats stats;
    static const char *const life[] = {"PENDING", "SUBMITTED", "PARTIALLY_FILLED", "FILLED"};
    for (size_t i = 0; i < MR_COUNT_OF(life); i++) {
        struct mr_store_order o = order_of(5, life[i]);
        struct mr_store_fill f = fill_of(1);
        f.price = mr_store_number((mr_i128)i, 0);
        mr_store_put_order(s, &o);
        mr_store_put_fill(s, &f);
        assert_int_equal(MR_OK, mr_store_flush(s, 1));
    }
    struct seen seen = ask(s, (struct mr_store_query){.table = MR_STORE_ORDER});
    assert_int_equal(1, seen.rows);
    assert_string_equal("FILLED", cell(&seen, "status"));
    seen = ask(s, (struct mr_store_query){.table = MR_STORE_FILL});
    assert_int_equal(1, seen.rows);
    assert_string_equal("0", cell(&seen, "price_exact"));
    mr_store_stats(s, &stats);
    assert_true(stats.put == 8 && stats.stored == 8 && stats.batches == 4 && stats.spilled == 0 && stats.refused == 0);
    mr_store_close(s, 2);
}

static void questions_are_answered_by_time_and_symbol_newest_first(void **state)
{
    (void)state;
    struct mr_store *s = start(NULL);
    for (uint32_t i = 0; i < 3000; i++) {
        struct mr_store_order o = order_of(i, "FILLED");
        assert_true(mr_store_put_order(s, &o) > 0);
    }
    assert_int_equal(MR_OK, mr_store_flush(s, 1));
    static const struct {
        const char *says;
        struct mr_store_query q;
        uint32_t rows;
        const char *first;
    } cases[] = {
        {"a thousand, when nothing is said", {.table = MR_STORE_ORDER}, 1000, "mr0000000002999"},
        {"of one symbol", {.table = MR_STORE_ORDER, .symbol = "ETHUSDT", .limit = 9999}, 1500, "mr0000000002998"},
        {"from a time on",
         {.table = MR_STORE_ORDER, .from_ns = BEGUN + 10 * SECOND + 7, .to_ns = BEGUN + 20 * SECOND + 7},
         10,
         "mr0000000000019"},
        {"a nanosecond later",
         {.table = MR_STORE_ORDER, .from_ns = BEGUN + 10 * SECOND + 8, .to_ns = BEGUN + 20 * SECOND + 7},
         9,
         "mr0000000000019"},
        {"both",
         {.table = MR_STORE_ORDER, .from_ns = BEGUN, .to_ns = BEGUN + 20 * SECOND, .symbol = "BTCUSDT"},
         10,
         "mr0000000000019"},
        {"a symbol that is not there", {.table = MR_STORE_ORDER, .symbol = "' OR 1=1 --"}, 0, ""},
        {"a time when nothing was", {.table = MR_STORE_ORDER, .from_ns = 1, .to_ns = 2}, 0, ""},
        {"another table", {.table = MR_STORE_FILL}, 0, ""},
        {"few", {.table = MR_STORE_ORDER, .limit = 3}, 3, "mr0000000002999"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct seen seen = ask(s, cases[i].q);
        if (seen.rows != cases[i].rows || (seen.rows && strcmp(cell(&seen, "order_id"), cases[i].first) != 0))
            fail_msg("%s: %u rows, first %s", cases[i].says, seen.rows, seen.rows ? cell(&seen, "order_id") : "none");
    }
    struct seen seen = {.stop = 2};
    struct mr_err err;
    assert_int_equal(2, mr_store_query(s, &(struct mr_store_query){.table = MR_STORE_ORDER}, take, &seen, &err));
    mr_store_close(s, 2);
}

static void numbers_keep_all_their_digits(void **state)
{
    (void)state;
    static const struct {
        int64_t high, low; /* high * 10^18 + low */
        int8_t scale;
        const char *text;
    } cases[] = {
        {0, 0, 0, "0"},
        {0, 0, 8, "0"},
        {0, 1, 0, "1"},
        {0, -1, 0, "-1"},
        {0, 5, 2, "0.05"},
        {0, 100, 2, "1"},
        {0, 120, 2, "1.2"},
        {0, 30, 0, "30"},
        {0, -5, 18, "-0.000000000000000005"},
        {1, 1, 18, "1.000000000000000001"},
        {1000000000000000, 1, 18, "1000000000000000.000000000000000001"},
        {0, INT64_MIN, 0, "-9223372036854775808"},
    };
    char text[STORE_NUMBER_TEXT];
    for (size_t i = 0; i < MR_COUNT_OF(cases); i++) {
        struct mr_store_number n =
            mr_store_number((mr_i128)cases[i].high * MR_MONEY_ONE + cases[i].low, cases[i].scale);
        assert_int_equal(strlen(cases[i].text), store_number_text(&n, text));
        assert_string_equal(cases[i].text, text);
    }
    struct mr_store_number least = mr_store_number((mr_i128)((mr_u128)1 << 127), 18);
    assert_int_equal(41, store_number_text(&least, text));
    assert_string_equal("-170141183460469231731.687303715884105728", text);
}

/* ---- the database is away ---- */

static sqlite3 *lock_database(void)
{
    sqlite3 *other;
    assert_int_equal(SQLITE_OK, sqlite3_open(file, &other));
    assert_int_equal(SQLITE_OK, sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL));
    return other;
}

static void while_another_holds_the_database_rows_wait_in_the_spill_file_in_order(void **state)
{
    (void)state;
    struct mr_store *s = start(NULL);
    struct mr_store_stats stats;
    sqlite3 *other = lock_database();
    int64_t now = SECOND;
    for (uint32_t i = 0; i < 5000; i++) {
        struct mr_store_order o = order_of(i % 100, i >= 4900 ? "FILLED" : "PENDING");
        assert_true(mr_store_put_order(s, &o) > 0);
        if (i % 500 == 499)
            mr_store_step(s, now += 1000);
    }
    mr_store_stats(s, &stats);
    assert_int_equal(5000, stats.spilled);
    assert_int_equal(0, stats.stored);
    assert_int_equal(5000, mr_store_durable(s)); /* on disk, if not in the database */
    assert_int_equal(1, stats.failures);         /* the first batch; then it is left alone for a while */
    assert_true(stats.spill_bytes > 5000 * sizeof(struct mr_store_order));
    assert_non_null(strstr(mr_store_trouble(s), "locked"));
    assert_int_equal(MR_E_IO, mr_store_flush(s, now));
    assert_int_equal(0, mr_store_step(s, now)); /* asked just now */
    sqlite3_close(other);
    assert_int_equal(0, mr_store_step(s, now + SECOND / 2));
    while (mr_store_step(s, now + 2 * SECOND) > 0) {
    }
    mr_store_stats(s, &stats);
    assert_true(stats.stored == 5000 && stats.spill_bytes == 0);
    assert_null(mr_store_trouble(s));
    struct seen seen = ask(s, (struct mr_store_query){.table = MR_STORE_ORDER});
    assert_int_equal(100, seen.rows);
    assert_string_equal("FILLED", cell(&seen, "status"));
    struct mr_store_fill f = fill_of(1);
    mr_store_put_fill(s, &f);
    assert_int_equal(1, mr_store_step(s, now + 3 * SECOND)); /* straight in again */
    mr_store_stats(s, &stats);
    assert_int_equal(5000, stats.spilled);
    mr_store_close(s, 2);
}

static void what_waits_at_the_end_is_stored_by_the_next_start(void **state)
{
    (void)state;
    struct mr_store *s = start(NULL);
    sqlite3 *other = lock_database();
    for (uint32_t i = 0; i < 3000; i++) {
        struct mr_store_fill f = fill_of(i);
        assert_int_equal(i + 1, mr_store_put_fill(s, &f));
    }
    mr_store_close(s, 1); /* all of the ring goes to the spill file */
    sqlite3_close(other);
    s = start(NULL);
    assert_int_equal(3000, mr_store_durable(s));
    struct mr_store_fill f = fill_of(3000);
    assert_int_equal(3001, mr_store_put_fill(s, &f)); /* and goes behind them */
    assert_int_equal(MR_OK, mr_store_flush(s, 1));
    struct seen seen = ask(s, (struct mr_store_query){.table = MR_STORE_FILL, .limit = 9999});
    assert_int_equal(3001, seen.rows);
    assert_string_equal("t3000", cell(&seen, "id"));
    mr_store_close(s, 2);
    s = start(NULL);
    assert_int_equal(3001, mr_store_durable(s));
    mr_store_close(s, 2);
}

static void a_full_spill_file_leaves_rows_in_the_ring_and_a_full_ring_refuses(void **state)
{
    (void)state;
    struct mr_store_limits limits = mr_store_limits_default;
    limits.ring_bytes = 128 << 10;
    limits.spill_bytes = 100000;
    limits.batch_rows = 50;
    struct mr_store *s = start(&limits);
    struct mr_store_stats stats;
    sqlite3 *other = lock_database();
    uint32_t taken = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        struct mr_store_fill f = fill_of(taken);
        taken += mr_store_put_fill(s, &f) > 0;
        mr_store_step(s, 1);
    }
    mr_store_stats(s, &stats);
    assert_true(stats.refused == 2000 - taken && stats.refused > 1000 && stats.spilled > 100);
    assert_true(stats.spill_bytes <= limits.spill_bytes);
    assert_non_null(strstr(mr_store_trouble(s), "spill.bin"));
    sqlite3_close(other);
    assert_int_equal(MR_OK, mr_store_flush(s, 2 * SECOND)); /* what was taken is there, all of it */
    assert_int_equal(taken, ask(s, (struct mr_store_query){.table = MR_STORE_FILL, .limit = 9999}).rows);
    assert_null(mr_store_trouble(s));
    mr_store_close(s, 2);
}

static void a_damaged_spill_file_is_read_up_to_its_last_whole_row(void **state)
{
    (void)state;
    char spill[128];
    snprintf(spill, sizeof spill, "%s/spill.bin", folder);
    struct mr_store *s = start(NULL);
    sqlite3 *other = lock_database();
    for (uint32_t i = 0; i < 10; i++) {
        struct mr_store_fill f = fill_of(i);
        mr_store_put_fill(s, &f);
    }
    mr_store_close(s, 1);
    sqlite3_close(other);
    uint64_t item = store_item_bytes(sizeof(struct mr_store_fill));
    assert_int_equal(0, truncate(spill, (off_t)(32 + 8 * item + 100)));
    FILE *f = fopen(spill, "r+");
    fseek(f, (long)(32 + 6 * item + 40), SEEK_SET);
    fputc(0xff, f);
    fclose(f);
    s = start(NULL);
    assert_int_equal(6, mr_store_durable(s));
    assert_int_equal(MR_OK, mr_store_flush(s, 1));
    assert_int_equal(6, ask(s, (struct mr_store_query){.table = MR_STORE_FILL}).rows);
    mr_store_close(s, 2);
    f = fopen(spill, "w");
    fputs("MRSPILL1 of another build, and longer than a head", f);
    fclose(f);
    struct mr_err err;
    assert_int_equal(MR_E_LAYOUT, mr_store_open(&s, folder, &mr_store_limits_default, &err));
    assert_non_null(strstr(err.text, "another build"));
}

/* ---- schema ---- */

static void shape(char *out, size_t room)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    size_t n = 0;
    assert_int_equal(SQLITE_OK, sqlite3_open(file, &db));
    assert_int_equal(
        SQLITE_OK,
        sqlite3_prepare_v2(db,
                           "SELECT m.type, m.name, c.name, c.type, c.\"notnull\", c.pk FROM sqlite_master m LEFT JOIN "
                           "pragma_table_info(m.name) c WHERE m.name NOT LIKE 'sqlite_%' ORDER BY 1, 2, c.cid",
                           -1, &stmt, NULL));
    while (sqlite3_step(stmt) == SQLITE_ROW)
        for (int i = 0; i < 6; i++) {
            const char *text = (const char *)sqlite3_column_text(stmt, i);
            n += (size_t)snprintf(out + n, room - n, "%s%c", text ? text : "-", i == 5 ? '\n' : ' ');
            assert_true(n < room);
        }
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    out[n] = 0;
}

static void the_schema_goes_up_down_and_up_again_and_keeps_the_rows(void **state)
{
    (void)state;
    static char up[MR_STORE_VERSION + 1][32768], again[32768];
    struct mr_err err;
    for (uint32_t v = 0; v <= MR_STORE_VERSION; v++) {
        assert_int_equal(MR_OK, mr_store_migrate(file, NULL, v, &err));
        assert_int_equal(v, mr_store_version(file, NULL, &err));
        shape(up[v], sizeof up[v]);
    }
    struct mr_store *s = start(NULL);
    struct mr_store_order o = order_of(4, "FILLED");
    mr_store_put_order(s, &o);
    mr_store_close(s, 1);
    for (uint32_t v = MR_STORE_VERSION; v-- > 1;) {
        if (mr_store_migrate(file, NULL, v, &err) != MR_OK)
            fail_msg("%s", err.text);
        shape(again, sizeof again);
        assert_string_equal(up[v], again);
    }
    assert_int_equal(MR_OK, mr_store_migrate(file, NULL, MR_STORE_VERSION, &err));
    shape(again, sizeof again);
    assert_string_equal(up[MR_STORE_VERSION], again);
    s = start(NULL);
    struct seen seen = ask(s, (struct mr_store_query){.table = MR_STORE_ORDER});
    assert_string_equal("60000.00000004", cell(&seen, "requested_price")); /* what the earlier columns held stays */
    mr_store_close(s, 1);
    assert_int_equal(MR_OK, mr_store_migrate(file, NULL, 0, &err));
    shape(again, sizeof again);
    assert_string_equal(up[0], again);
}

static void every_column_of_the_lists_is_in_the_schema(void **state)
{
    (void)state;
    struct mr_store *s = start(NULL);
    for (int t = 1; t < MR_STORE_TABLE_COUNT; t++) {
        char sql[200];
        sqlite3_stmt *stmt;
        int columns = 0;
        for (uint32_t i = 0; i < store_tables[t].count; i++)
            columns +=
                1 + (store_tables[t].columns[i].type == STORE_NUMBER || store_tables[t].columns[i].type == STORE_TIME);
        snprintf(sql, sizeof sql, "SELECT * FROM %s", store_tables[t].name);
        assert_int_equal(SQLITE_OK, sqlite3_prepare_v2(s->db.db, sql, -1, &stmt, NULL));
        assert_int_equal(columns, sqlite3_column_count(stmt));
        sqlite3_finalize(stmt);
    }
    mr_store_close(s, 1);
}

static void what_cannot_be_opened_is_refused(void **state)
{
    (void)state;
    struct mr_store *s;
    struct mr_err err;
    struct mr_store_limits l = mr_store_limits_default;
    char path[500];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = 0;
    l.ring_bytes = 1000;
    assert_int_equal(MR_E_INVALID, mr_store_open(&s, folder, &l, &err));
    l.ring_bytes = 300000;
    assert_int_equal(MR_E_INVALID, mr_store_open(&s, folder, &l, &err));
    l = mr_store_limits_default;
    l.batch_rows = 0;
    assert_int_equal(MR_E_INVALID, mr_store_open(&s, folder, &l, &err));
    l.batch_rows = MR_STORE_BATCH_MAX + 1;
    assert_int_equal(MR_E_INVALID, mr_store_open(&s, folder, &l, &err));
    assert_int_equal(MR_E_TOO_BIG, mr_store_open(&s, path, &mr_store_limits_default, &err));
    assert_int_equal(MR_E_IO, mr_store_open(&s, "/proc/none", &mr_store_limits_default, &err));
    assert_null(s);
    sqlite3 *db;
    assert_int_equal(SQLITE_OK, sqlite3_open(file, &db));
    assert_int_equal(SQLITE_OK, sqlite3_exec(db, "PRAGMA user_version=99", NULL, NULL, NULL));
    sqlite3_close(db);
    assert_int_equal(MR_E_VERSION, mr_store_open(&s, folder, &mr_store_limits_default, &err));
    assert_int_equal(MR_E_VERSION, mr_store_migrate(file, NULL, 1, &err));
    assert_non_null(strstr(err.text, "newer build"));
    FILE *f = fopen(file, "w");
    fputs("this is no database, whatever it may be called; it is long enough to be looked at", f);
    fclose(f);
    assert_int_equal(MR_E_IO, mr_store_open(&s, folder, &mr_store_limits_default, &err));
    assert_non_null(strstr(err.text, "not a database"));
    assert_int_equal(MR_E_IO, mr_store_version(file, NULL, &err));
    assert_int_equal(MR_E_IO, mr_store_migrate("/nowhere/x.db", NULL, 1, &err));
    assert_int_equal(MR_E_IO, mr_store_version("/nowhere/x.db", NULL, &err));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(every_table_gives_back_what_was_put),
        CASE(a_later_row_of_the_same_order_replaces_and_a_fill_counts_once),
        CASE(questions_are_answered_by_time_and_symbol_newest_first),
        CASE(numbers_keep_all_their_digits),
        CASE(while_another_holds_the_database_rows_wait_in_the_spill_file_in_order),
        CASE(what_waits_at_the_end_is_stored_by_the_next_start),
        CASE(a_full_spill_file_leaves_rows_in_the_ring_and_a_full_ring_refuses),
        CASE(a_damaged_spill_file_is_read_up_to_its_last_whole_row),
        CASE(the_schema_goes_up_down_and_up_again_and_keeps_the_rows),
        CASE(every_column_of_the_lists_is_in_the_schema),
        CASE(what_cannot_be_opened_is_refused),
    };
    return MR_TEST_MAIN(tests);
}
