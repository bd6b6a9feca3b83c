/* One run of the lab: what was asked, where it stands, what it said. Data and its texts; the queue is lab.c's. */
#ifndef LAB_RUN_H
#define LAB_RUN_H

#include "web/lab/lab.h"
#include "web/lab/shelf.h"
#include "web/lab/worker.h"

struct run {
    struct run *next; /* in order of arrival */
    char id[RUN_ID_LENGTH + 1];
    enum run_status status;
    int place; /* in the queue, from 1; 0: not queued */
    bool stop_asked;
    char *algorithm;
    char *experiment;          /* NULL: a plain training */
    char *command;             /* for people */
    char **args;               /* for the trainer; ends at NULL */
    const struct shelf *shelf; /* where its model will stand; NULL: it keeps none */
    struct topic *topic;
    struct hub *hub;       /* told about news */
    struct error error;    /* of a failed run */
    struct worker *worker; /* of a running one; touched by the lab's thread only */
};

/* The trainer's arguments are `args`, then --confine `limits` and, with a shelf, --model. NULL when out of memory. */
struct run *run_new(const char *algorithm, const char *experiment, const char *const *args, const char *limits,
                    const struct shelf *shelf, struct hub *hub);
void run_free(struct run *r);

const char *run_status_name(enum run_status status); /* "queued" */
bool run_finished(const struct run *r);
bool run_has_model(const struct run *r); /* one that can be asked */
void run_json(const struct run *r, struct str *out);
void run_say(struct run *r, const char *line, size_t len); /* publishes one event line */
void run_say_status(struct run *r, pid_t pid);             /* publishes where it stands; pid when it is running */

#endif
