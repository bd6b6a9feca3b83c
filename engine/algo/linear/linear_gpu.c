#include "engine/algo/linear/linear_gpu.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct linear_gpu {
    const struct gpu *gpu;
    struct linear_model *model;
    const struct linear_shuffle *rows;
    size_t batch_rows, block_size, at; /* floats of the model's block; the epoch's next row */
    uint32_t *turn;                    /* the rows in the epoch's order */
    double weight;                     /* of the rows since the last read */
    /* On the device: */
    float *block;                        /* laid out as the model's */
    float *x, *y, *row_weight;           /* all rows; row_weight NULL: each weighs 1 */
    float *batch, *label, *batch_weight; /* of a step */
    float *score;                        /* and behind it the slopes */
    uint32_t *order;                     /* `turn` */
    double *sums;
};

int linear_check_gpu(const struct training *t, struct error *err)
{
    if (t->pipe)
        return error_set(err, ERROR_INPUT, "--mode", "use --mode File, or --device cpu",
                         "In Pipe mode Linear Learner trains on the CPU: its rows come and go");
    if (linear_is_sparse(t->train))
        return error_set(err, ERROR_INPUT, t->train->name, "use --device cpu, or dense rows",
                         "Sparse rows are trained on by the CPU");
    return 0;
}

/* --- memory ---------------------------------------------------------------------------------------------------------
 */

static bool allocate(struct linear_gpu *d, bool weighted)
{
    const struct gpu *gpu = d->gpu;
    size_t rows = d->rows->rows, columns = d->model->columns, width = d->model->width, batch = d->batch_rows;
    d->turn = malloc((rows + 1) * sizeof *d->turn);
    d->block = gpu->alloc(d->block_size * sizeof(float));
    d->x = gpu->alloc(rows * columns * sizeof(float));
    d->y = gpu->alloc(rows * sizeof(float));
    d->row_weight = weighted ? gpu->alloc(rows * sizeof(float)) : NULL;
    d->batch = gpu->alloc(batch * columns * sizeof(float));
    d->label = gpu->alloc(batch * sizeof(float));
    d->batch_weight = weighted ? gpu->alloc(batch * sizeof(float)) : NULL;
    d->score = gpu->alloc(2 * batch * width * sizeof(float));
    d->order = gpu->alloc(rows * sizeof *d->order);
    d->sums = gpu->alloc(d->model->models * sizeof *d->sums);
    return d->turn && d->block && d->x && d->y && d->batch && d->label && d->score && d->order && d->sums &&
           (!weighted || (d->row_weight && d->batch_weight));
}

struct linear_gpu *linear_gpu_open(const struct gpu *gpu, struct linear_model *m, const struct linear_shuffle *rows,
                                   size_t batch_rows, struct error *err)
{
    struct linear_gpu *d = calloc(1, sizeof *d);
    if (!d) {
        error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory");
        return NULL;
    }
    *d = (struct linear_gpu){.gpu = gpu, .model = m, .rows = rows, .batch_rows = batch_rows};
    d->block_size = m->width * (m->columns + 1) * (3 + optimiser_state(m->each[0].weights.kind));
    if (!allocate(d, rows->weight != NULL)) {
        error_set(err, ERROR_LIMIT, gpu_name(), "use --device cpu, fewer rows or a smaller mini_batch_size",
                  "The training rows do not fit into the GPU's memory");
        linear_gpu_close(d);
        return NULL;
    }
    gpu->upload(d->block, m->block, d->block_size * sizeof(float));
    gpu->upload(d->x, rows->x, rows->rows * m->columns * sizeof(float));
    gpu->upload(d->y, rows->y, rows->rows * sizeof(float));
    if (rows->weight)
        gpu->upload(d->row_weight, rows->weight, rows->rows * sizeof(float));
    if (gpu_finish(gpu, err) == 0)
        return d;
    linear_gpu_close(d);
    return NULL;
}

void linear_gpu_close(struct linear_gpu *d)
{
    if (!d)
        return;
    void *arrays[] = {d->block,        d->x,     d->y,     d->row_weight, d->batch, d->label,
                      d->batch_weight, d->score, d->order, d->sums};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        d->gpu->release(arrays[i]);
    free(d->turn);
    free(d);
}

/* The device's copy of a place in the model's block. */
static float *there(const struct linear_gpu *d, const float *here)
{
    return d->block + (here - d->model->block);
}

/* --- steps ----------------------------------------------------------------------------------------------------------
 */

int linear_gpu_epoch(struct linear_gpu *d, struct error *err)
{
    const struct linear_shuffle *s = d->rows;
    size_t n = 0;
    for (size_t k = 0; k < s->blocks; k++)
        for (size_t i = s->order[k] * s->block_rows, end = i + s->block_rows; i < end && i < s->rows; i++)
            d->turn[n++] = (uint32_t)i;
    d->at = 0;
    d->gpu->upload(d->order, d->turn, n * sizeof *d->order);
    return gpu_finish(d->gpu, err);
}

size_t linear_gpu_left(const struct linear_gpu *d)
{
    return d->rows->rows - d->at;
}

static void optimise(const struct linear_gpu *d, struct optimiser *o, const float *w, const float *gradient,
                     double rate, double decay, double l1)
{
    struct optimiser_now step;
    optimiser_advance(o);
    step = optimiser_now(o, rate, decay, l1);
    d->gpu->optimise(&step, there(d, w), there(d, gradient), there(d, o->first), o->second ? there(d, o->second) : NULL,
                     o->n);
}

static void learn(struct linear_gpu *d, size_t i, long step)
{
    const struct linear_model *m = d->model;
    struct linear_one *one = &m->each[i];
    double rate = schedule_rate(&one->schedule, step);
    if (one->out)
        return;
    optimise(d, &one->weights, m->weights + i * m->size, m->gradient + i * m->size, rate, one->wd, one->l1);
    if (m->use_bias)
        optimise(d, &one->bias, m->bias + i * m->outputs, m->bias_gradient + i * m->outputs, rate * m->bias_rate,
                 one->bias_wd, 0);
}

/* The batch's rows from all rows. */
static void take(struct linear_gpu *d, size_t n)
{
    const uint32_t *order = d->order + d->at;
    d->gpu->pick(d->batch, d->x, order, n, d->model->columns);
    d->gpu->pick(d->label, d->y, order, n, 1);
    if (d->row_weight)
        d->gpu->pick(d->batch_weight, d->row_weight, order, n, 1);
    for (size_t i = 0; i < n; i++)
        d->weight += d->rows->weight ? (double)d->rows->weight[d->turn[d->at + i]] : 1;
    d->at += n;
}

size_t linear_gpu_step(struct linear_gpu *d, long step)
{
    const struct gpu *gpu = d->gpu;
    const struct linear_model *m = d->model;
    size_t left = linear_gpu_left(d), n = left < d->batch_rows ? left : d->batch_rows;
    float *slope = d->score + d->batch_rows * m->width, share = 1 / (float)n;
    const struct gpu_loss loss = {(int)m->loss.kind, (float)m->loss.parameter, m->loss.classes, m->models};
    if (n == 0)
        return 0;
    take(d, n);
    gpu->spread(d->score, there(d, m->bias), n, m->width);
    gpu->gemm(d->score, d->batch, there(d, m->weights), n, m->width, m->columns, false, true, 1, 1);
    gpu->loss(&loss, slope, d->score, d->label, d->batch_weight, n, d->sums);
    gpu->column_sums(there(d, m->bias_gradient), slope, n, m->width, share);
    gpu->gemm(there(d, m->gradient), slope, d->batch, m->width, m->columns, n, true, false, share, 0);
    for (size_t i = 0; i < m->models; i++)
        learn(d, i, step);
    return n;
}

int linear_gpu_read(struct linear_gpu *d, double *sums, double *weight, struct error *err)
{
    struct linear_model *m = d->model;
    const double zero = 0;
    d->gpu->download(m->weights, there(d, m->weights), m->width * (m->columns + 1) * sizeof(float));
    d->gpu->download(sums, d->sums, m->models * sizeof *sums);
    for (size_t i = 0; i < m->models; i++) {
        sums[i] *= m->loss_unit;
        d->gpu->upload(d->sums + i, &zero, sizeof zero);
        if (m->each[i].out)
            linear_model_drop(m, i); /* there it stays as it diverged, and moves no more */
    }
    *weight = d->weight;
    d->weight = 0;
    return gpu_finish(d->gpu, err);
}
