#include "web/store/sqlite.h"

#include <limits.h>
#include <stddef.h>

#define BUSY_MS 5000 /* only start and end of a process can make anyone wait */

/* The writer's log is checkpointed at 1,000 pages and cut to 16 MiB afterwards. */
static const char writer_settings[] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                                      "PRAGMA wal_autocheckpoint=1000; PRAGMA journal_size_limit=16777216;"
                                      "PRAGMA cache_size=-8192;";
static const char reader_settings[] = "PRAGMA query_only=ON; PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-512;"
                                      "PRAGMA temp_store=MEMORY;";

/* What a person can mend, by SQLite's primary result code. */
static const struct {
    int status;
    const char *what, *fix;
} failures[] = {
    {SQLITE_FULL, "the disk with the database is full; nothing was stored", "free some space and try again"},
    {SQLITE_CORRUPT, "the database is damaged", "stop the server and put your last copy of the folder in its place"},
    {SQLITE_NOTADB, "this file is not a Flashlab database, or is damaged",
     "stop the server and put your last copy of the folder in its place"},
    {SQLITE_READONLY, "the database may not be written",
     "give the server's user the right to write to it and its folder"},
    {SQLITE_PERM, "the database may not be opened", "give the server's user the right to read and write it"},
    {SQLITE_CANTOPEN, "the database could not be opened", "look whether the folder exists and may be written"},
    {SQLITE_IOERR, "reading or writing the database failed; nothing was stored",
     "look after the disk and its free space"},
    {SQLITE_BUSY, "another program holds the database", "end the other program and try again"},
    {SQLITE_NOMEM, "there is not enough memory for the database", "try again, or give the server more memory"},
};

static int set_failure(int status, const char *path, const char *detail, struct error *err)
{
    size_t i;
    for (i = 0; i < sizeof failures / sizeof failures[0]; i++)
        if (failures[i].status == (status & 0xff))
            return error_set(err, ERROR_SYSTEM, path, failures[i].fix, "%s (%s)", failures[i].what, detail);
    return error_set(err, ERROR_FAULT, path, "please report this", "the database refused a statement (%s)", detail);
}

int connection_failure(const struct connection *c, struct error *err)
{
    int status = c->db ? sqlite3_extended_errcode(c->db) : SQLITE_NOMEM;
    return set_failure(status, c->path, c->db ? sqlite3_errmsg(c->db) : "out of memory", err);
}

int connection_script(struct connection *c, const char *sql, struct error *err)
{
    return sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : connection_failure(c, err);
}

int connection_open(struct connection *c, const char *path, bool writable, struct error *err)
{
    int flags = writable ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    *c = (struct connection){.path = path};
    if (sqlite3_open_v2(path, &c->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL) != SQLITE_OK)
        goto failed;
    if (writable && sqlite3_db_readonly(c->db, "main") == 1) { /* SQLite would open it, and fail at the first answer */
        set_failure(SQLITE_READONLY, path, "no right to write", err);
        connection_close(c);
        return -1;
    }
    sqlite3_busy_timeout(c->db, BUSY_MS);
    if (sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK)
        goto failed;
    if (sqlite3_exec(c->db, writable ? writer_settings : reader_settings, NULL, NULL, NULL) != SQLITE_OK)
        goto failed;
    return 0;
failed:
    connection_failure(c, err);
    connection_close(c);
    return -1;
}

void connection_close(struct connection *c)
{
    int i;
    for (i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(c->statements[i]);
    sqlite3_close(c->db);
    *c = (struct connection){0};
}

int connection_run(struct connection *c, enum statement statement, struct error *err)
{
    struct query q = query_start(c, statement);
    return query_run(&q, err);
}

static void keep_failure(struct query *q, int status)
{
    if (q->status == SQLITE_OK)
        q->status = status;
}

struct query query_start(struct connection *c, enum statement statement)
{
    struct query q = {.connection = c};
    if (!c->statements[statement])
        q.status = sqlite3_prepare_v3(c->db, statement_text[statement], -1, SQLITE_PREPARE_PERSISTENT,
                                      &c->statements[statement], NULL);
    q.statement = c->statements[statement];
    return q;
}

void query_bind_text(struct query *q, int index, const char *text)
{
    if (q->statement)
        keep_failure(q, sqlite3_bind_text(q->statement, index, text, -1, SQLITE_STATIC));
}

void query_bind_integer(struct query *q, int index, int64_t value)
{
    if (q->statement)
        keep_failure(q, sqlite3_bind_int64(q->statement, index, value));
}

void query_bind_real(struct query *q, int index, double value)
{
    if (q->statement)
        keep_failure(q, sqlite3_bind_double(q->statement, index, value));
}

int query_step(struct query *q, struct error *err)
{
    if (q->status == SQLITE_OK) {
        q->status = sqlite3_step(q->statement);
        if (q->status == SQLITE_ROW || q->status == SQLITE_DONE) {
            int row = q->status == SQLITE_ROW;
            q->status = SQLITE_OK;
            return row;
        }
    }
    return set_failure(q->status, q->connection->path, sqlite3_errmsg(q->connection->db), err);
}

int query_run(struct query *q, struct error *err)
{
    int rc = query_step(q, err);
    query_end(q);
    return rc < 0 ? -1 : 0;
}

/* Bound texts belong to the caller and may go away after this. */
void query_end(struct query *q)
{
    if (!q->statement)
        return;
    sqlite3_reset(q->statement);
    sqlite3_clear_bindings(q->statement);
}

const char *query_text(struct query *q, int column)
{
    const char *text = (const char *)sqlite3_column_text(q->statement, column);
    return text ? text : "";
}

int64_t query_integer(struct query *q, int column)
{
    return sqlite3_column_int64(q->statement, column);
}

int query_int(struct query *q, int column)
{
    int64_t value = query_integer(q, column);
    if (value > INT_MAX / 2)
        return INT_MAX / 2;
    return value < INT_MIN / 2 ? INT_MIN / 2 : (int)value;
}

double query_real(struct query *q, int column)
{
    return sqlite3_column_double(q->statement, column);
}

void query_bind_schedule(struct query *q, int first_index, const struct schedule *schedule)
{
    query_bind_integer(q, first_index, schedule->state);
    query_bind_integer(q, first_index + 1, schedule->step);
    query_bind_real(q, first_index + 2, schedule->stability_days);
    query_bind_real(q, first_index + 3, schedule->difficulty);
    query_bind_integer(q, first_index + 4, schedule->reps);
    query_bind_integer(q, first_index + 5, schedule->lapses);
    query_bind_integer(q, first_index + 6, schedule->due_ms);
    query_bind_integer(q, first_index + 7, schedule->last_ms);
}

struct schedule query_schedule(struct query *q, int first_column)
{
    int state = query_int(q, first_column);
    return (struct schedule){
        .state = state < CARD_NEW || state > CARD_RELEARNING ? CARD_NEW : (enum card_state)state,
        .step = query_int(q, first_column + 1),
        .stability_days = query_real(q, first_column + 2),
        .difficulty = query_real(q, first_column + 3),
        .reps = query_int(q, first_column + 4),
        .lapses = query_int(q, first_column + 5),
        .due_ms = query_integer(q, first_column + 6),
        .last_ms = query_integer(q, first_column + 7),
    };
}
