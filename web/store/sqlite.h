/* One SQLite connection with its prepared statements, and a query: one run of a statement.
 *
 *     struct query q = query_start(c, CARD_GET);
 *     query_bind_text(&q, 1, id);
 *     while ((rc = query_step(&q, err)) == 1) { ... query_text(&q, 0) ... }
 *     query_end(&q);
 *
 * A connection belongs to one thread at a time. Statements are prepared on first use and kept. Anything that fails in
 * starting or binding comes out of query_step. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "web/store/statement.h"
#include "web/study/schedule.h"

struct connection {
    sqlite3 *db;
    const char *path; /* the caller's, outlives the connection */
    sqlite3_stmt *statements[STATEMENT_COUNT];
};

/* writable: creates the file, write-ahead log, synchronous=FULL, checkpoints. Otherwise read-only, never checkpoints.
 */
int connection_open(struct connection *c, const char *path, bool writable, struct error *err);
void connection_close(struct connection *c);
int connection_run(struct connection *c, enum statement statement, struct error *err); /* no values, no rows */
int connection_script(struct connection *c, const char *sql, struct error *err);       /* schema and pragmas */
int connection_failure(const struct connection *c, struct error *err); /* what SQLite last said, as a sentence; -1 */

struct query {
    struct connection *connection;
    sqlite3_stmt *statement; /* NULL: could not be prepared */
    int status;              /* first failure, SQLITE_OK: none */
};

struct query query_start(struct connection *c, enum statement statement);
void query_bind_text(struct query *q, int index, const char *text); /* NULL text is NULL; not copied */
void query_bind_integer(struct query *q, int index, int64_t value);
void query_bind_real(struct query *q, int index, double value);
int query_step(struct query *q, struct error *err); /* 1: a row, 0: the end, -1 */
int query_run(struct query *q, struct error *err);  /* for statements without rows: steps and ends, 0 or -1 */
void query_end(struct query *q);

const char *query_text(struct query *q, int column); /* "" for NULL; until the next step */
int64_t query_integer(struct query *q, int column);
int query_int(struct query *q, int column); /* held within int */
double query_real(struct query *q, int column);

/* A schedule's eight columns, in the order of the struct: state, step, stability_days, difficulty, reps, lapses,
 * due_ms, last_ms. */
#define QUERY_SCHEDULE_COLUMNS 8
void query_bind_schedule(struct query *q, int first_index, const struct schedule *schedule);
struct schedule query_schedule(struct query *q, int first_column);

#endif
