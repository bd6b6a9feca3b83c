/* The lab: a queue of runs, one flashlab-engine process each, their topics, and the hub that streams them.
 * The server never trains. A trainer that crashes, hangs or eats memory ends as an error on its own page.
 *
 * Invariant: a run's last event is its status (done, failed, stopped); its topic is closed right after it. First come,
 * first served; every change of place is an event. One thread of the lab starts, reads and ends all trainers. */
#ifndef LAB_LAB_H
#define LAB_LAB_H

#include "engine/base/error.h"
#include "engine/base/str.h"
#include "web/config.h"
#include "web/lab/catalogue.h"
#include "web/lab/hub.h"
#include "web/lab/topic.h"

#define RUN_ID_LENGTH 16
#define RUN_MAX_ARGS 180                /* 80 settings of two arguments each, and the rest */
#define RUN_MAX_KEPT 200                /* finished runs that can still be watched; the oldest go first */
#define RUN_MAX_KEPT_BYTES (256u << 20) /* of what they said, together; the last one always stays */
#define RUN_MAX_QUEUED 1000             /* more are refused with 503 */

enum run_status { RUN_QUEUED, RUN_RUNNING, RUN_DONE, RUN_FAILED, RUN_STOPPED };

struct lab;

struct invocation {
    const char *content_type, *accept;
    const void *bytes;
    size_t len;
};

struct lab *lab_start(const struct config *config, struct error *err);
void lab_stop(struct lab *lab); /* ends every trainer, waits for them; NULL is fine */

const struct catalogue *lab_catalogue(const struct lab *lab);
struct hub *lab_hub(struct lab *lab);
const char *lab_describe(const struct lab *lab); /* what `flashlab-engine describe --json` said at start */

/* Queues a run of `flashlab-engine ARGS...` (args without the program's name, ends at NULL; copied). The lab adds
 * --confine; it and --pace are left out of the command that people are shown. ERROR_LIMIT: the queue is full. */
int lab_run(struct lab *lab, const char *algorithm, const char *experiment, const char *const *args,
            char id[RUN_ID_LENGTH + 1], struct error *err);

/* {"id","status","position","algorithm","experiment","command","events","error":{what,where,fix}|null} or -1: unknown
 * id. */
int lab_run_json(struct lab *lab, const char *id, struct str *out);
int lab_run_stop(struct lab *lab, const char *id); /* -1: unknown id; stopping a finished run is fine */

/* What the model of a finished run says to a request. `accept` is the client's wish, NULL or a list; the type of the
 * answer is put in `type`. -1: unknown id or no model (ERROR_NONE), or what the engine says of the request. */
int lab_run_invoke(struct lab *lab, const char *id, const struct invocation *in, struct str *answer, char type[64],
                   struct error *err);
int lab_run_model(struct lab *lab, const char *id, struct str *archive, struct error *err); /* model.tar.gz; the same */
/* The folder of the model of a finished run of that algorithm; -1: there is none. It goes when the run is forgotten. */
int lab_run_model_dir(struct lab *lab, const char *id, const char *algorithm, char *dir, size_t size);

struct topic *lab_run_topic(struct lab *lab, const char *id); /* a new reference, or NULL */
void lab_counts(struct lab *lab, int *running, int *queued);

#endif
