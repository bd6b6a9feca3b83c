/* Steps of Linear Learner on a GPU (engine/gpu.h). The training rows, in their random order, and all that the models'
 * block holds are there; a step is queued and nothing of it comes back until `linear_gpu_read`.
 *
 *     struct linear_gpu *d = linear_gpu_open(gpu, &model, &rows, batch_rows, &err);
 *     each epoch: linear_gpu_epoch(d, &err); while ((n = linear_gpu_step(d, step)) > 0) ...now and then linear_gpu_read
 *     linear_gpu_close(d);
 *
 * The host's weights are those of the last read. */
#ifndef ALGO_LINEAR_GPU_H
#define ALGO_LINEAR_GPU_H

#include "engine/algo/linear/linear_model.h"
#include "engine/gpu.h"

struct linear_gpu;

/* Why a GPU does not take this training; 0 when it does. */
int linear_check_gpu(const struct training *t, struct error *err);

/* Dense rows of one rank. The model and the rows must live as long. */
struct linear_gpu *linear_gpu_open(const struct gpu *gpu, struct linear_model *m, const struct linear_shuffle *rows,
                                   size_t batch_rows, struct error *err);
void linear_gpu_close(struct linear_gpu *d);

/* Starts an epoch in the blocks' order as it is now. */
int linear_gpu_epoch(struct linear_gpu *d, struct error *err);

/* Queues the next step, the `step`-th (from 0). How many rows it takes; 0: the epoch is over. */
size_t linear_gpu_step(struct linear_gpu *d, long step);

size_t linear_gpu_left(const struct linear_gpu *d); /* rows of the epoch */

/* Brings the weights, and of the steps since the last read each model's sum of losses, in reported units; returns the
 * summed weights of their rows in *weight. */
int linear_gpu_read(struct linear_gpu *d, double *sums, double *weight, struct error *err);

#endif
