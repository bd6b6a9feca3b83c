/* The service's metrics of a model's scores, gathered batch by batch and read at the end of a pass.
 *
 *     metric_tally_init(&m, METRIC_BINARY, 2, rows);
 *     for each pass: metric_tally_reset(&m); metric_tally_add(...) per batch; metric_tally_finish(&m, values);
 *
 * Definitions: predicted positive is score > threshold; a ratio with nothing below the line is 0; macro means are over
 * the classes that occur as label or as prediction; ROC AUC is the share of (positive, negative) pairs in the right
 * order, ties counting half; DCG is 1 / log2(1 + rank of the true class), averaged. Among equal scores the class with
 * the lower number ranks first. */
#ifndef ENGINE_METRIC_H
#define ENGINE_METRIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum metric_task { METRIC_REGRESSION, METRIC_BINARY, METRIC_MULTICLASS };

struct metric_value {
    const char *name; /* without prefix: "roc_auc_score" */
    double value;     /* NaN where there is no such number (ROC AUC of one class) */
};
#define METRIC_VALUES_MAX 8

struct metric_scored {
    float score;
    float label;
};

struct metric_tally {
    enum metric_task task;
    size_t classes, rows, capacity;
    size_t top_k;                  /* of multiclass_top_k_accuracy */
    double beta, threshold;        /* of F; binary: above which score a row counts as positive */
    double absolute, squared, dcg; /* sums */
    size_t correct, in_top_k;
    struct metric_scored *scored;          /* binary: capacity rows */
    uint64_t *hits, *predicted, *labelled; /* multiclass: per class, one block */
};

/* For at most `rows` rows a pass (only two classes need the room). -1 when out of memory. */
int metric_tally_init(struct metric_tally *m, enum metric_task task, size_t classes, size_t rows);
void metric_tally_free(struct metric_tally *m);
void metric_tally_reset(struct metric_tally *m);
/* Scores: predictions, or one score per row, or rows x classes. Labels are whole class numbers within `classes`. */
void metric_tally_add(struct metric_tally *m, const float *score, const float *label, size_t rows);
size_t metric_tally_finish(struct metric_tally *m, struct metric_value values[METRIC_VALUES_MAX]);

/* What the threshold of a binary classifier is chosen for. */
enum metric_criterion {
    METRIC_ACCURACY,
    METRIC_F_BETA,
    METRIC_PRECISION_AT_RECALL, /* highest precision with recall at least `target` */
    METRIC_RECALL_AT_PRECISION, /* highest recall with precision at least `target` */
};

/* The threshold, halfway between two scores, that is best for the rows gathered; `fallback` when no other is better.
 * When no threshold reaches `target`, the one nearest to it. Call before metric_tally_finish or after, rows stay. */
double metric_calibrate(struct metric_tally *m, enum metric_criterion criterion, double target, double fallback);

#endif
