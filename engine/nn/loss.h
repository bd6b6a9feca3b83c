/* What training makes small: the loss of a score against a label, and its slope for the gradient.
 *
 *   squared (s-y)^2    absolute |s-y|    huber r^2/2 up to delta, then delta(|r| - delta/2), r = s-y
 *   eps squared, eps absolute: the same of max(0, |s-y| - eps)      quantile q(y-s) below the label, (1-q)(s-y) above
 *   logistic log(1 + e^s) - ys, y in {0,1}    hinge max(0, margin - zs), z = 2y-1
 *   softmax log(sum_k e^(s_k)) - s_y, one score per class
 *
 * Slopes at a kink are 0, one of the slopes that are right there. */
#ifndef NN_LOSS_H
#define NN_LOSS_H

#include <stddef.h>

enum loss_kind {
    LOSS_SQUARED,
    LOSS_ABSOLUTE,
    LOSS_EPS_SQUARED,
    LOSS_EPS_ABSOLUTE,
    LOSS_HUBER,
    LOSS_QUANTILE,
    LOSS_LOGISTIC,
    LOSS_HINGE,
    LOSS_SOFTMAX,
};

struct loss {
    enum loss_kind kind;
    double parameter; /* eps, delta, quantile or margin; else unused */
    size_t classes;   /* scores per row: 1 unless softmax */
};

struct loss_point {
    double value, slope;
};

/* Of one score and label in double: the definition, which the batch below must agree with. Not for softmax. */
struct loss_point loss_at(const struct loss *l, double score, double label);

/* Returns the sum of weight * loss over the rows (weight NULL: all 1). With `gradient` (rows x classes) not NULL also
 * writes weight * slope of each score. */
double loss_batch(const struct loss *l, float *gradient, const float *score, const float *label, const float *weight,
                  size_t rows);

/* The same for several models at once: row i of `score` has models * classes scores, those of a model together. `sums`
 * gets each model's sum. */
void loss_models(const struct loss *l, float *gradient, const float *score, const float *label, const float *weight,
                 size_t rows, size_t models, double *sums);

/* The kind that the service calls `name` ("huber_loss"); -1 when there is none. */
int loss_kind_of(const char *name);

#endif
