/* Linear models side by side: their weights, and how they learn from a batch together.
 *
 * The rows of all weights lie one below the other, so one matrix product gives the scores of all models and one their
 * gradients: the data are read once for all. Each model has its own optimiser, rate and penalties; one that diverged is
 * out: its weights are 0 and stay so.
 *
 * The models work on normalised features and, in regression, on a normalised label; predictions and reported losses
 * are in the label's own units. loss_insensitivity and huber_delta are given in those units too, and scaled along, so
 * that normalising the label changes how training goes but not what it aims at.
 *
 * Sparse rows are scored as they are, with weights scaled in their place: w_j f_j x_j summed over the entries, less
 * w_j f_j shift_j summed once. So sparse and dense rows give the same model, and centring costs no density. */
#ifndef ALGO_LINEAR_MODEL_H
#define ALGO_LINEAR_MODEL_H

#include "engine/algo/algorithm.h"
#include "engine/algo/linear/linear_data.h"
#include "engine/algo/linear/linear_grid.h"
#include "engine/comm.h"
#include "engine/data/normalise.h"
#include "engine/metric.h"
#include "engine/nn/loss.h"
#include "engine/nn/optimiser.h"
#include "engine/nn/schedule.h"
#include "engine/tensor/blas.h"

/* What is each model's own besides its weights. */
struct linear_one {
    struct optimiser weights, bias;
    struct schedule schedule;
    double wd, l1, bias_wd;
    bool out;
};

struct linear_model {
    enum metric_task task;
    size_t models, columns, outputs; /* outputs: of each model */
    size_t size, width;              /* outputs * columns: of each; models * outputs: scores of a row */
    float *weights;                  /* width x columns */
    float *bias;                     /* width; all 0 with use_bias=false */
    float *gradient, *bias_gradient; /* one behind the other */
    float *kept, *kept_bias;         /* the best of each model so far */
    float *block;                    /* the memory of all of these and of the optimisers */
    float *across;                   /* sparse rows: columns x width, weights scaled for raw values; else NULL */
    float *across_gradient;          /* right behind */
    double *centred;                 /* width: what centring takes from the scores of sparse rows */
    struct linear_one *each;         /* models */
    bool use_bias;
    double bias_rate; /* multiplies the rate */
    struct loss loss;
    double loss_unit; /* reported loss = loss in normalised units * this */
    struct normaliser normaliser;
    double label_shift, label_scale;
    const struct blas *backend;
};

/* What a model is made for; the scaler looks at the first `sample_rows` of `train` on each rank. */
struct linear_shape {
    const struct dataset *train;
    size_t sample_rows, models;
    bool sparse; /* some rows will be */
    uint64_t seed;
    struct comm *comm;
};

int linear_model_init(struct linear_model *m, const struct settings *s, const struct linear_shape *shape,
                      struct error *err);
void linear_model_free(struct linear_model *m);

size_t linear_classes(const struct settings *s); /* 0 for a regressor */

/* Model `i` alone, in the memory of all; not to be freed. */
struct linear_model linear_model_one(const struct linear_model *m, size_t i);

void linear_model_score(const struct linear_model *m, struct linear_batch *b); /* fills b->score */

/* One step downhill, the `step`-th (from 0), on a batch of which all ranks together have `rows` rows. `sums`: each
 * model's sum of losses before it, in reported units, of all ranks. -1: another rank failed. */
int linear_model_step(struct linear_model *m, struct linear_batch *b, size_t rows, long step, struct comm *comm,
                      double *sums, struct error *err);

/* The losses of b->score, each model's sum, in reported units. */
void linear_model_loss(const struct linear_model *m, struct linear_batch *b, double *sums);

void linear_model_keep(struct linear_model *m, size_t i);    /* remembers the weights of model i as they are */
void linear_model_restore(struct linear_model *m, size_t i); /* goes back to them */
void linear_model_drop(struct linear_model *m, size_t i);    /* it diverged */

/* Weights and bias that do the same on raw features, for output k; `weights` has room for all columns. */
void linear_model_raw(const struct linear_model *m, size_t k, float *weights, double *bias);

#endif
