/* The schema, version by version, each with its way back. */
#include <stdio.h>

#include "controlplane/store/store_priv.h"

/* A number is a DOUBLE with all its digits beside it, a time is microseconds with the nanoseconds beside it: columns of version 3. */
static const struct migration {
    const char *what, *up, *down;
} migrations[MR_STORE_VERSION] = {
    {"the tables of the earlier systems",
     "CREATE TABLE live_orders(session_id TEXT, order_id TEXT NOT NULL, exchange_order_id TEXT, symbol TEXT, side "
     "TEXT, order_type TEXT,"
     " quantity DOUBLE, requested_price DOUBLE, filled_quantity DOUBLE, average_fill_price DOUBLE, status TEXT, "
     "error_message TEXT,"
     " slippage DOUBLE, commission DOUBLE, created_at TIMESTAMP, updated_at TIMESTAMP, filled_at TIMESTAMP, PRIMARY "
     "KEY(order_id));"
     "CREATE TABLE live_positions(session_id TEXT NOT NULL, symbol TEXT NOT NULL, side TEXT, quantity DOUBLE, "
     "entry_price DOUBLE,"
     " current_price DOUBLE, liquidation_price DOUBLE, unrealized_pnl DOUBLE, unrealized_pnl_pct DOUBLE, margin "
     "DOUBLE, leverage DOUBLE,"
     " margin_ratio DOUBLE, opened_at TIMESTAMP NOT NULL, updated_at TIMESTAMP, closed_at TIMESTAMP, status TEXT,"
     " venue TEXT NOT NULL, PRIMARY KEY(session_id, venue, symbol, opened_at));"
     "CREATE TABLE signal_history(session_id TEXT, signal_id TEXT NOT NULL, signal_type TEXT, symbol TEXT, side TEXT, "
     "quantity DOUBLE,"
     " price DOUBLE, confidence DOUBLE, strategy_name TEXT, indicator_values TEXT, risk_score DOUBLE, approved BOOLEAN,"
     " rejection_reason TEXT, order_id TEXT, created_at TIMESTAMP, PRIMARY KEY(signal_id));"
     "CREATE TABLE risk_events(alert_id TEXT NOT NULL, session_id TEXT, timestamp TIMESTAMP, severity TEXT, alert_type "
     "TEXT, message TEXT,"
     " details TEXT, acknowledged BOOLEAN, PRIMARY KEY(alert_id));"
     "CREATE TABLE store_applied(one INTEGER PRIMARY KEY CHECK(one = 1), seq INTEGER NOT NULL);"
     "INSERT INTO store_applied VALUES(1, 0);",
     "DROP TABLE live_orders; DROP TABLE live_positions; DROP TABLE signal_history; DROP TABLE risk_events; DROP TABLE "
     "store_applied;"},
    {"fills, and what questions ask by",
     "CREATE TABLE fills(id TEXT NOT NULL, timestamp TIMESTAMP, order_id TEXT, venue TEXT NOT NULL, market TEXT NOT "
     "NULL, side TEXT,"
     " price DOUBLE, size DOUBLE, fee DOUBLE, fee_currency TEXT, trade_id TEXT, liquidity TEXT, created_at TIMESTAMP,"
     " PRIMARY KEY(id, venue, market));"
     "CREATE INDEX fills_time ON fills(timestamp); CREATE INDEX fills_order ON fills(order_id);"
     "CREATE INDEX live_orders_time ON live_orders(created_at); CREATE INDEX live_positions_time ON "
     "live_positions(updated_at);"
     "CREATE INDEX signal_history_time ON signal_history(created_at); CREATE INDEX risk_events_time ON "
     "risk_events(timestamp);",
     "DROP TABLE fills; DROP INDEX live_orders_time; DROP INDEX live_positions_time; DROP INDEX signal_history_time;"
     "DROP INDEX risk_events_time;"},
    {"all digits and nanoseconds, venues and strategies", NULL, NULL}, /* made from the columns' list */
};

/* What version 3 adds: columns of the list that version 1 or 2 does not have. */
static bool is_added(int table, const char *name)
{
    static const struct {
        int table;
        const char *name;
    } added[] = {
        {MR_STORE_ORDER, "venue"},         {MR_STORE_ORDER, "strategy_name"},   {MR_STORE_ORDER, "role"},
        {MR_STORE_ORDER, "time_in_force"}, {MR_STORE_POSITION, "realized_pnl"}, {MR_STORE_SIGNAL, "venue"},
        {MR_STORE_RISK, "symbol"},         {MR_STORE_FILL, "session_id"},
    };
    for (size_t i = 0; i < MR_COUNT_OF(added); i++)
        if (added[i].table == table && strcmp(added[i].name, name) == 0)
            return true;
    return false;
}

static int run(sqlite3 *db, const char *sql, struct mr_err *err)
{
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) == SQLITE_OK)
        return MR_OK;
    int status = mr_err_set(err, MR_E_IO, "%s: %s", sqlite3_db_filename(db, "main"), why ? why : sqlite3_errmsg(db));
    sqlite3_free(why);
    return status;
}

static int alter(sqlite3 *db, bool up, const char *table, const char *name, const char *suffix, const char *type,
                 struct mr_err *err)
{
    char sql[256];
    if (up)
        snprintf(sql, sizeof sql, "ALTER TABLE %s ADD COLUMN %s%s %s", table, name, suffix, type);
    else
        snprintf(sql, sizeof sql, "ALTER TABLE %s DROP COLUMN %s%s", table, name, suffix);
    return run(db, sql, err);
}

static int columns_of_three(sqlite3 *db, bool up, struct mr_err *err)
{
    int status = MR_OK;
    for (int t = 1; t < MR_STORE_TABLE_COUNT; t++)
        for (uint32_t i = 0; i < store_tables[t].count && !status; i++) {
            const struct store_column *c = &store_tables[t].columns[i];
            const char *table = store_tables[t].name;
            if (is_added(t, c->name))
                status = alter(db, up, table, c->name, "", c->type == STORE_NUMBER ? "DOUBLE" : "TEXT", err);
            if (!status && c->type == STORE_NUMBER)
                status = alter(db, up, table, c->name, "_exact", "TEXT", err);
            if (!status && c->type == STORE_TIME)
                status = alter(db, up, table, c->name, "_ns", "INTEGER", err);
        }
    return status;
}

static int version_of(sqlite3 *db, struct mr_err *err)
{
    sqlite3_stmt *ask = NULL;
    int version = -1;
    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &ask, NULL) == SQLITE_OK && sqlite3_step(ask) == SQLITE_ROW)
        version = sqlite3_column_int(ask, 0);
    sqlite3_finalize(ask);
    return version >= 0 ? version
                        : mr_err_set(err, MR_E_IO, "%s: %s", sqlite3_db_filename(db, "main"), sqlite3_errmsg(db));
}

static int step(sqlite3 *db, uint32_t from, bool up, struct mr_err *err)
{
    char mark[64];
    const struct migration *m = &migrations[up ? from : from - 1];
    const char *sql = up ? m->up : m->down;
    snprintf(mark, sizeof mark, "PRAGMA user_version=%u; COMMIT", up ? from + 1 : from - 1);
    int status = run(db, "BEGIN IMMEDIATE", err);
    if (status)
        return status;
    status = sql ? run(db, sql, err) : columns_of_three(db, up, err);
    if (!status)
        status = run(db, mark, err);
    if (status)
        sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

int store_migrate(sqlite3 *db, uint32_t version, struct mr_err *err)
{
    int is = version_of(db, err);
    if (is < 0)
        return is;
    if (is > MR_STORE_VERSION || version > MR_STORE_VERSION)
        return mr_err_set(
            err, MR_E_VERSION,
            "%s: its schema has version %d, and this build knows up to %d; start the newer build, or have "
            "it bring the schema down first",
            sqlite3_db_filename(db, "main"), is, MR_STORE_VERSION);
    for (uint32_t at = (uint32_t)is; at != version;) {
        bool up = at < version;
        int status = step(db, at, up, err);
        if (status)
            return status;
        at = up ? at + 1 : at - 1;
    }
    return MR_OK;
}

static int with_file(const char *file, const char *vfs, sqlite3 **db, struct mr_err *err)
{
    if (sqlite3_open_v2(file, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs) == SQLITE_OK)
        return MR_OK;
    return mr_err_set(err, MR_E_IO, "%s: %s", file, *db ? sqlite3_errmsg(*db) : "no memory");
}

int mr_store_migrate(const char *file, const char *vfs, uint32_t version, struct mr_err *err)
{
    sqlite3 *db = NULL;
    int status = with_file(file, vfs, &db, err);
    if (!status)
        status = store_migrate(db, version, err);
    sqlite3_close(db);
    return status;
}

int mr_store_version(const char *file, const char *vfs, struct mr_err *err)
{
    sqlite3 *db = NULL;
    int status = with_file(file, vfs, &db, err);
    if (!status)
        status = version_of(db, err);
    sqlite3_close(db);
    return status;
}
