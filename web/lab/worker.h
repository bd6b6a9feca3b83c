/* One trainer process: started without fork, fed nothing, read from, bounded in time, and ended with all its children.
 *
 *     struct worker *w = worker_start(program, args, 120, on_line, run, &err);
 *     worker_watch(w, epoll);              its descriptors become ready with data.ptr == w
 *     worker_serve(w);                     after every wait: reads, keeps the time limit
 *     if (worker_ended(w)) result = worker_finish(w, &err);
 *
 * Invariant: exit status and last event agree, or the result is WORKER_FAILED with a sentence about what happened.
 * One thread starts and serves all workers, and lives as long as the server: a trainer ends with the thread that
 * started it. */
#ifndef LAB_WORKER_H
#define LAB_WORKER_H

#include <stdbool.h>
#include <sys/types.h>

#include "engine/base/error.h"
#include "engine/base/str.h"
#include "web/lab/transcript.h"

struct worker;
enum worker_result { WORKER_DONE, WORKER_FAILED, WORKER_STOPPED };

/* `args` without the program's name, ending at NULL. `seconds` of wall-clock time, then it is ended. */
struct worker *worker_start(const char *program, const char *const *args, double seconds, transcript_line each,
                            void *context, struct error *err);
pid_t worker_pid(const struct worker *w);
int worker_watch(struct worker *w, int epoll);
void worker_serve(struct worker *w);
double worker_patience(const struct worker *w); /* seconds until worker_serve is due even if nothing becomes ready */
void worker_stop(struct worker *w);             /* SIGTERM, 2 s later SIGKILL */
bool worker_ended(const struct worker *w);
enum worker_result worker_finish(struct worker *w, struct error *err); /* frees it; err is filled for WORKER_FAILED */

/* Runs the program to its end and takes what it writes: for short questions such as `describe --json`. */
int worker_ask(const char *program, const char *const *args, double seconds, size_t max_bytes, struct str *answer,
               struct error *err);

/* The same with bytes on its standard input. What the program complains of, as an error event on standard error, is
 * the error; so is an exit status other than 0. */
int worker_feed(const char *program, const char *const *args, const void *input, size_t len, double seconds,
                size_t max_bytes, struct str *answer, struct error *err);

#endif
