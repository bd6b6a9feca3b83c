/* Weights of a linear model and how they learn from a batch.
 *
 * The model works on normalised features and, in regression, on a normalised label; predictions and reported losses
 * are in the label's own units. loss_insensitivity and huber_delta are given in those units too, and scaled along, so
 * that normalising the label changes how training goes but not what it aims at. */
#ifndef ALGO_LINEAR_MODEL_H
#define ALGO_LINEAR_MODEL_H

#include "engine/algo/algorithm.h"
#include "engine/algo/linear/linear_data.h"
#include "engine/data/normalise.h"
#include "engine/metric.h"
#include "engine/nn/loss.h"
#include "engine/nn/optimiser.h"
#include "engine/nn/schedule.h"
#include "engine/tensor/backend.h"

struct linear_model {
    enum metric_task task;
    size_t columns, outputs, size; /* size: outputs * columns */
    float *weights;                /* outputs x columns */
    float *bias;                   /* outputs, right behind the weights; all 0 with use_bias=false */
    float *gradient;               /* of weights, then of bias */
    float *kept;                   /* copy of weights and bias: the best so far */
    float *block;                  /* the memory of all of these and of the optimisers */
    bool use_bias;
    struct optimiser weight_optimiser, bias_optimiser;
    struct schedule schedule;
    double wd, l1, bias_rate, bias_wd; /* bias_rate multiplies the rate, bias_wd is an L2 strength */
    struct loss loss;
    double loss_unit; /* reported loss = loss in normalised units * this */
    struct normaliser normaliser;
    double label_shift, label_scale;
    const struct backend *backend;
};

int linear_model_init(struct linear_model *m, const struct settings *s, const struct dataset *train, uint64_t seed,
                      struct error *err);
void linear_model_free(struct linear_model *m);

size_t linear_classes(const struct settings *s); /* 0 for a regressor */

void linear_model_score(const struct linear_model *m, struct linear_batch *b); /* fills b->score */

/* One step downhill, the `step`-th (from 0). Returns the sum of the rows' losses before it, in reported units. */
double linear_model_step(struct linear_model *m, struct linear_batch *b, long step);

/* The loss of b->score, summed, in reported units. */
double linear_model_loss(const struct linear_model *m, struct linear_batch *b);

void linear_model_keep(struct linear_model *m);    /* remembers the weights as they are */
void linear_model_restore(struct linear_model *m); /* goes back to them */

/* Weights and bias that do the same on raw features, for output k; `weights` has room for all columns. */
void linear_model_raw(const struct linear_model *m, size_t k, float *weights, double *bias);

#endif
