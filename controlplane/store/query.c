/* Questions: by table, time and symbol, newest first. */
#include <stdio.h>

#include "controlplane/store/store_priv.h"

#define CELLS_MAX 80
#define LIMIT 1000

static sqlite3_stmt *ask(struct mr_store *s, const struct mr_store_query *q)
{
    const struct store_table *t = &store_tables[q->table];
    char sql[768], within[256] = "1";
    sqlite3_stmt *stmt = NULL;
    if (q->from_ns || q->to_ns) /* microseconds have the index, nanoseconds decide */
        snprintf(within, sizeof within, "%s BETWEEN ?1/1000 AND ?2/1000 AND %s_ns >= ?1 AND %s_ns < ?2", t->time,
                 t->time, t->time);
    snprintf(sql, sizeof sql,
             "SELECT * FROM %s WHERE %s AND (?4 IS NULL OR %s = ?4) ORDER BY %s DESC, rowid DESC LIMIT ?3", t->name,
             within, t->symbol, t->time);
    if (sqlite3_prepare_v2(s->db.db, sql, -1, &stmt, NULL) != SQLITE_OK)
        return NULL;
    sqlite3_bind_int64(stmt, 1, q->from_ns);
    sqlite3_bind_int64(stmt, 2, q->to_ns);
    sqlite3_bind_int64(stmt, 3, q->limit ? q->limit : LIMIT);
    if (q->symbol)
        sqlite3_bind_text(stmt, 4, q->symbol, -1, SQLITE_STATIC);
    return stmt;
}

int64_t mr_store_query(struct mr_store *s, const struct mr_store_query *query, mr_store_each_fn *each, void *arg,
                       struct mr_err *err)
{
    struct mr_store_cell cells[CELLS_MAX];
    int64_t rows = 0;
    int r = SQLITE_ERROR;
    MR_ASSERT(query->table > 0 && query->table < MR_STORE_TABLE_COUNT);
    sqlite3_stmt *stmt = ask(s, query);
    int count = stmt ? sqlite3_column_count(stmt) : 0;
    MR_ASSERT(count <= CELLS_MAX);
    while (stmt && (r = sqlite3_step(stmt)) == SQLITE_ROW) {
        for (int i = 0; i < count; i++)
            cells[i] = (struct mr_store_cell){sqlite3_column_name(stmt, i), (const char *)sqlite3_column_text(stmt, i)};
        rows++;
        if (!each(arg, cells, (uint32_t)count))
            break;
    }
    int64_t result =
        r == SQLITE_DONE || r == SQLITE_ROW
            ? rows
            : mr_err_set(err, MR_E_IO, "store: %s: %s", store_tables[query->table].name, sqlite3_errmsg(s->db.db));
    sqlite3_finalize(stmt);
    return result;
}
