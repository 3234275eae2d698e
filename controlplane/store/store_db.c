/* The database: SQLite, one connection, write-ahead log, a batch a transaction. */
#include "controlplane/store/store_priv.h"

#include <stdio.h>
#include <stdlib.h>

#include "dataplane/text/text.h"

#define SQL_BYTES 8192

static int refuse(const struct store_db *d, const char *file, struct mr_err *err)
{
    return mr_err_set(err, MR_E_IO, "%s: %s", file, d->db ? sqlite3_errmsg(d->db) : "no memory");
}

/* Whether `name` is one of the key's columns: those are never NULL. */
static bool in_key(const struct store_table *t, const char *name)
{
    size_t len = strlen(name);
    for (const char *k = t->key; k; k = strchr(k, ',') ? strchr(k, ',') + 1 : NULL)
        if (strncmp(k, name, len) == 0 && (k[len] == ',' || !k[len]))
            return true;
    return false;
}

static const char *second(uint8_t type) { return type == STORE_NUMBER ? "_exact" : type == STORE_TIME ? "_ns" : NULL; }

static void put_sql(const struct store_table *t, struct mr_text *sql)
{
    mr_text_format(sql, "INSERT INTO %s(", t->name);
    for (uint32_t i = 0; i < t->count; i++) {
        const struct store_column *c = &t->columns[i];
        mr_text_format(sql, "%s%s", i ? "," : "", c->name);
        if (second(c->type))
            mr_text_format(sql, ",%s%s", c->name, second(c->type));
    }
    mr_text_add(sql, ") VALUES(");
    for (uint32_t i = 0; i < t->count; i++) {
        const struct store_column *c = &t->columns[i];
        mr_text_add(sql, i ? "," : "");
        mr_text_add(sql, !in_key(t, c->name) ? "?" : c->type == STORE_TEXT ? "ifnull(?,'')" : "ifnull(?,0)");
        mr_text_add(sql, second(c->type) ? ",?" : "");
    }
    mr_text_format(sql, ") ON CONFLICT(%s) DO %s", t->key, t->keeps ? "NOTHING" : "UPDATE SET ");
    bool more = false;
    for (uint32_t i = 0; i < t->count && !t->keeps; i++) {
        const struct store_column *c = &t->columns[i];
        if (!in_key(t, c->name)) {
            mr_text_format(sql, "%s%s=excluded.%s", more ? "," : "", c->name, c->name);
            more = true;
        }
        if (second(c->type)) {
            mr_text_format(sql, "%s%s%s=excluded.%s%s", more ? "," : "", c->name, second(c->type), c->name,
                           second(c->type));
            more = true;
        }
    }
}

static int prepare(struct store_db *d, const char *sql, sqlite3_stmt **out)
{
    return sqlite3_prepare_v3(d->db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
}

static int prepare_all(struct store_db *d)
{
    char sql[SQL_BYTES];
    struct mr_text text;
    int r = prepare(d, "BEGIN IMMEDIATE", &d->begin);
    if (r == SQLITE_OK)
        r = prepare(d, "COMMIT", &d->commit);
    if (r == SQLITE_OK)
        r = prepare(d, "ROLLBACK", &d->rollback);
    if (r == SQLITE_OK)
        r = prepare(d, "UPDATE store_applied SET seq=?", &d->mark);
    for (int t = 1; t < MR_STORE_TABLE_COUNT && r == SQLITE_OK; t++) {
        mr_text_init(&text, sql, sizeof sql);
        put_sql(&store_tables[t], &text);
        MR_ASSERT(!text.cut);
        r = prepare(d, sql, &d->put[t]);
    }
    return r;
}

int store_db_open(struct store_db *d, const char *file, const char *vfs, struct mr_err *err)
{
    static const char settings[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=OFF;"
                                   "PRAGMA wal_autocheckpoint=2000; PRAGMA cache_size=-16384; PRAGMA temp_store=MEMORY";
    *d = (struct store_db){0};
    int r = sqlite3_open_v2(file, &d->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, vfs);
    if (r == SQLITE_OK)
        r = sqlite3_exec(d->db, settings, NULL, NULL, NULL);
    int status = r == SQLITE_OK ? store_migrate(d->db, MR_STORE_VERSION, err) : refuse(d, file, err);
    if (!status && prepare_all(d) != SQLITE_OK)
        status = refuse(d, file, err);
    if (status)
        store_db_close(d);
    return status;
}

void store_db_close(struct store_db *d)
{
    for (int t = 1; t < MR_STORE_TABLE_COUNT; t++)
        sqlite3_finalize(d->put[t]);
    sqlite3_finalize(d->begin);
    sqlite3_finalize(d->commit);
    sqlite3_finalize(d->rollback);
    sqlite3_finalize(d->mark);
    sqlite3_close(d->db);
    *d = (struct store_db){0};
}

int store_db_applied(struct store_db *d, uint64_t *applied, struct mr_err *err)
{
    sqlite3_stmt *ask = NULL;
    int r = sqlite3_prepare_v2(d->db, "SELECT seq FROM store_applied", -1, &ask, NULL);
    if (r == SQLITE_OK)
        r = sqlite3_step(ask);
    if (r == SQLITE_ROW)
        *applied = (uint64_t)sqlite3_column_int64(ask, 0);
    sqlite3_finalize(ask);
    return r == SQLITE_ROW ? MR_OK : refuse(d, sqlite3_db_filename(d->db, "main"), err);
}

/* ---- rows ---- */

static int bind_number(sqlite3_stmt *put, int at, const uint8_t *field)
{
    struct mr_store_number n;
    char text[STORE_NUMBER_TEXT];
    memcpy(&n, field, sizeof n);
    if (n.null)
        return sqlite3_bind_null(put, at) | sqlite3_bind_null(put, at + 1);
    uint32_t len = store_number_text(&n, text);
    return sqlite3_bind_double(put, at, strtod(text, NULL)) |
           sqlite3_bind_text(put, at + 1, text, (int)len, SQLITE_TRANSIENT);
}

static int bind_time(sqlite3_stmt *put, int at, const uint8_t *field)
{
    int64_t ns;
    memcpy(&ns, field, sizeof ns);
    if (!ns)
        return sqlite3_bind_null(put, at) | sqlite3_bind_null(put, at + 1);
    return sqlite3_bind_int64(put, at, ns / 1000) | sqlite3_bind_int64(put, at + 1, ns);
}

static int bind_row(sqlite3_stmt *put, const struct store_table *t, const uint8_t *row)
{
    int at = 1, bad = 0;
    for (uint32_t i = 0; i < t->count; i++) {
        const struct store_column *c = &t->columns[i];
        const uint8_t *field = row + c->offset;
        if (c->type == STORE_TEXT && *field) {
            bad |= sqlite3_bind_text(put, at, (const char *)field, (int)strnlen((const char *)field, c->bytes),
                                     SQLITE_STATIC);
        } else if (c->type == STORE_TEXT) {
            bad |= sqlite3_bind_null(put, at);
        } else if (c->type == STORE_NUMBER) {
            bad |= bind_number(put, at++, field);
        } else if (c->type == STORE_TIME) {
            bad |= bind_time(put, at++, field);
        } else {
            bad |= sqlite3_bind_int(put, at, *field != 0);
        }
        at++;
    }
    return bad;
}

static int run(sqlite3_stmt *s)
{
    int r = sqlite3_step(s);
    sqlite3_reset(s);
    return r == SQLITE_DONE || r == SQLITE_ROW ? SQLITE_OK : r;
}

static int put_rows(struct store_db *d, const uint8_t *items, uint64_t bytes, uint64_t applied, uint64_t *last,
                    uint64_t *stored, uint64_t *rejected)
{
    for (uint64_t at = 0; at < bytes;) {
        struct store_item item;
        memcpy(&item, items + at, sizeof item);
        const uint8_t *row = items + at + sizeof item;
        at += store_item_bytes(item.bytes);
        if (item.seq <= applied)
            continue;
        sqlite3_stmt *put = d->put[item.table];
        int r = bind_row(put, &store_tables[item.table], row);
        if (!r)
            r = run(put);
        bool row_is_bad = r == SQLITE_CONSTRAINT || r == SQLITE_MISMATCH || r == SQLITE_TOOBIG;
        if (r && !row_is_bad)
            return r;
        *rejected += row_is_bad;
        *stored += !row_is_bad;
        *last = item.seq;
    }
    return SQLITE_OK;
}

int store_db_apply(struct store_db *d, const uint8_t *items, uint64_t bytes, uint64_t *applied, uint64_t *stored,
                   uint64_t *rejected)
{
    uint64_t last = *applied, good = 0, bad = 0;
    int r = run(d->begin);
    if (r == SQLITE_OK)
        r = put_rows(d, items, bytes, *applied, &last, &good, &bad);
    if (r == SQLITE_OK)
        r = sqlite3_bind_int64(d->mark, 1, (sqlite3_int64)last);
    if (r == SQLITE_OK)
        r = run(d->mark);
    if (r == SQLITE_OK)
        r = run(d->commit);
    if (r != SQLITE_OK) {
        snprintf(d->why, sizeof d->why, "%s", sqlite3_errmsg(d->db));
        if (!sqlite3_get_autocommit(d->db))
            run(d->rollback);
        return MR_E_IO;
    }
    *applied = last;
    *stored += good;
    *rejected += bad;
    return MR_OK;
}
