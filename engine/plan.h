/* An experiment as the catalogue describes it (content/experiments/ALGORITHM.json), read and checked.
 *
 *     struct plan plan;
 *     if (plan_read(&plan, "LL-14", false, &err) < 0) ...
 *     plan_free(&plan);
 *
 * After plan_read every combination of settings that the experiment will use is known to be valid; only the recipe of
 * the data is checked later, by generate(). */
#ifndef ENGINE_PLAN_H
#define ENGINE_PLAN_H

#include <stdbool.h>

#include "engine/algo/algorithm.h"
#include "engine/stats.h"

#define PLAN_GRID_MAX 32

struct plan_metric {
    const char *metric, *label; /* "test:binary_classification_accuracy", "hold-out accuracy" */
    bool larger_is_better;
};

struct plan_arm {
    const char *name, *label;
    struct settings settings;          /* base and the arm's own, as given */
    const char *tuned;                 /* the hyperparameter that is tuned, or NULL */
    const char *values[PLAN_GRID_MAX]; /* its grid */
    int value_count;                   /* 1 without tuning */
};

struct plan {
    struct cJSON *file; /* owns every text below */
    const struct algorithm *algorithm;
    const char *id, *title, *claim, *question, *data, *data_says, *budget, *caveat;
    const char *condition; /* of the flip twin; NULL when there is none */
    bool flip, contour;
    struct plan_arm arms[2];
    struct plan_metric measure, choose;
    int expected_sign;    /* +1: the claim says that the second arm's measure is larger */
    double expected_size; /* and by how much at least */
    struct stats_rule rule;
    double pace; /* seconds slept after each step of a measured run */
};

/* An ID of the built-in catalogue, or the path of a catalogue file that holds one experiment. */
int plan_read(struct plan *p, const char *id_or_file, bool flip, struct error *err);
void plan_free(struct plan *p);

#endif
