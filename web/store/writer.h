/* The one thread that writes. It takes every job that is queued into one transaction, each in a savepoint so that one
 * that fails does not undo its neighbours, commits at synchronous=FULL, and only then wakes those who wait. */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "engine/base/error.h"
#include "web/store/sqlite.h"

struct writer;

/* What a job does, on the writer's thread inside a transaction. 0, or -1 and nothing of it is kept. */
typedef int (*writer_job)(struct connection *c, void *context, struct error *err);

/* Uses the connection, which stays the caller's, until writer_stop. */
struct writer *writer_start(struct connection *c, struct error *err);
void writer_stop(struct writer *w); /* after the jobs that are queued */

/* Returns when the job is on the disk (0) or nothing of it is (-1). */
int writer_do(struct writer *w, writer_job run, void *context, struct error *err);

#endif
