/* Inside an experiment: its state, and the lines it writes (their form: event.h). Only experiment.c includes this. */
#ifndef ENGINE_EXPERIMENT_SAY_H
#define ENGINE_EXPERIMENT_SAY_H

#include "engine/contour.h"
#include "engine/event.h"
#include "engine/plan.h"

struct arm_result {
    const char *chosen; /* value of the tuned hyperparameter; NULL without tuning */
    double value;       /* the measure */
    bool diverged;
};

struct pair {
    uint64_t seed;
    struct arm_result arms[2];
};

struct run {
    const struct plan *plan;
    const char *asked; /* ID or file, as given */
    struct event_sink *sink;
    struct event_sink inner; /* of the learner: what passes the filter goes on to `sink` */
    uint64_t seed;
    double pace;
    struct parts parts;
    struct pair *pairs;
    double *differences;
    size_t count;
    struct stats_interval interval;
};

void experiment_say_start(struct run *r);
void experiment_say_contour(struct run *r, const struct plan_arm *arm, const struct contour *c);
void experiment_say_pairs(struct run *r); /* all pairs so far, at least one */
void experiment_say_verdict(struct run *r, enum stats_decision decision);
void experiment_say_end(struct run *r);

#endif
