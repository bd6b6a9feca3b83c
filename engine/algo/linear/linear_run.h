/* A training run of Linear Learner while it lasts. linear_train.c moves it on, linear_look.c looks at what the models
 * say: their losses, metrics and pictures, which is the best. Not for others. */
#ifndef ALGO_LINEAR_RUN_H
#define ALGO_LINEAR_RUN_H

#include "engine/algo/linear/linear_gpu.h"
#include "engine/algo/linear/linear_model.h"

struct linear_run {
    struct training *t;
    const struct dataset *train; /* training rows; in Pipe mode the first of them */
    struct dataset sample;       /* those, ours */
    struct linear_model model;
    struct linear_batch batch;
    float *class_weight;        /* or NULL */
    struct linear_shuffle rows; /* of the training data, in Pipe mode of a chunk */
    struct linear_gpu *device;  /* where steps are made; NULL: here */
    struct rng shuffler;
    struct metric_tally tally;
    struct linear_share share;
    size_t batch_rows, classes;
    long step, metric_stride, picture_stride, last_metric, last_picture; /* strides 0: not known how many steps */
    int epochs, epoch, epoch_stride; /* at most; now, from 1; the validation metrics are said so often */
    double *stride_loss, *epoch_loss,
        *step_loss;           /* models each: since the last train:objective_loss, this epoch, step */
    double *objective, *best; /* models each: of the last epoch, of the best epoch so far */
    double stride_weight, epoch_weight;
    size_t leader; /* the model with the best objective so far: what watchers see */
    int bad_epochs;
    long diverged; /* step, counted from 1, by which every model had; 0: some are alive */
    bool prepared, ended;
};

/* Each model's mean loss on rows that every rank has, rows weighted as in training. */
void linear_look_losses(struct linear_run *r, const struct dataset *data, double *losses);

/* All metrics of one model on a channel: into the final ones, and as events if `said`. Rows of the training data are
 * spread over the ranks. NaN where training diverged. */
int linear_look_report(struct linear_run *r, size_t model, const struct dataset *data, const char *channel, bool said,
                       struct error *err);

/* Pictures of the scores of one model, of the validation rows or, without them, of the training rows. */
void linear_look_pictures(struct linear_run *r, size_t model);

/* The best of the models that are alive, after its threshold was calibrated. */
int linear_look_choose(struct linear_run *r, size_t *chosen, struct error *err);

struct linear_source linear_run_source(const struct linear_run *r, const struct dataset *data);

#endif
