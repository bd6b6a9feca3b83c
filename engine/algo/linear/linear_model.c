#include "engine/algo/linear/linear_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/rng.h"
#include "engine/tensor/exp.h"

#define STREAM_WEIGHTS 201 /* of random numbers; the order of rows has its own (linear_train.c) */

size_t linear_classes(const struct settings *s)
{
    if (settings_is(s, "predictor_type", "regressor"))
        return 0;
    return settings_is(s, "predictor_type", "binary_classifier") ? 2 : (size_t)settings_number(s, "num_classes");
}

/* Weights, bias, gradient of both, kept copy of both, and the optimisers' state of both, in one zeroed block. */
static int allocate(struct linear_model *m, enum optimiser_kind kind, bool sparse, struct error *err)
{
    size_t both, state = optimiser_state(kind);
    if (m->width > SIZE_MAX / 64 / (m->columns + 1))
        return error_set(err, ERROR_LIMIT, "num_models", "use fewer models or classes", "The model is too large");
    m->size = m->outputs * m->columns;
    both = m->width * (m->columns + 1);
    m->block = calloc(both * (3 + state), sizeof *m->block);
    m->each = calloc(m->models, sizeof *m->each);
    m->centred = calloc(m->width, sizeof *m->centred);
    m->across = sparse ? calloc(2 * m->width * m->columns, sizeof *m->across) : NULL;
    if (!m->block || !m->each || !m->centred || (sparse && !m->across))
        return error_set(err, ERROR_LIMIT, NULL, "use fewer models, classes or features",
                         "Models of %zu weights together do not fit into memory", both);
    m->across_gradient = sparse ? m->across + m->width * m->columns : NULL;
    m->weights = m->block;
    m->bias = m->weights + m->width * m->columns;
    m->gradient = m->block + both;
    m->bias_gradient = m->gradient + m->width * m->columns;
    m->kept = m->block + 2 * both;
    m->kept_bias = m->kept + m->width * m->columns;
    for (size_t i = 0; i < m->models; i++) {
        float *own = m->block + 3 * both + i * state * (m->size + m->outputs);
        optimiser_init(&m->each[i].weights, kind, own, m->size);
        optimiser_init(&m->each[i].bias, kind, own + state * m->size, m->outputs);
    }
    return 0;
}

static void read_optimiser(struct optimiser *o, const struct settings *s)
{
    o->momentum = (float)settings_number(s, "momentum");
    o->beta_1 = (float)settings_number(s, "beta_1");
    o->beta_2 = (float)settings_number(s, "beta_2");
}

static void read_steps(struct linear_model *m, const struct settings *s)
{
    m->bias_rate = settings_number(s, "bias_lr_mult");
    for (size_t i = 0; i < m->models; i++) {
        struct linear_one *one = &m->each[i];
        struct linear_point at = linear_grid_point(s, i);
        read_optimiser(&one->weights, s);
        read_optimiser(&one->bias, s);
        one->wd = at.wd;
        one->l1 = at.l1;
        one->bias_wd = at.wd * settings_number(s, "bias_wd_mult");
        one->schedule = (struct schedule){
            .rate = at.rate,
            .factor = settings_number(s, "lr_scheduler_factor"),
            .minimum = settings_number(s, "lr_scheduler_minimum_lr"),
            .interval = settings_true(s, "use_lr_scheduler") ? (long)settings_number(s, "lr_scheduler_step") : 0,
        };
    }
}

/* By loss: the setting with its parameter, whether that is in units of the label, and by which power of the label's
 * scale the loss itself grows. */
static const struct {
    const char *parameter;
    bool in_label_units;
    int degree;
} losses[] = {
    [LOSS_SQUARED] = {NULL, false, 2},
    [LOSS_ABSOLUTE] = {NULL, false, 1},
    [LOSS_EPS_SQUARED] = {"loss_insensitivity", true, 2},
    [LOSS_EPS_ABSOLUTE] = {"loss_insensitivity", true, 1},
    [LOSS_HUBER] = {"huber_delta", true, 2},
    [LOSS_QUANTILE] = {"quantile", false, 1},
    [LOSS_LOGISTIC] = {NULL, false, 0},
    [LOSS_HINGE] = {"margin", false, 0},
    [LOSS_SOFTMAX] = {NULL, false, 0},
};

static void read_loss(struct linear_model *m, const struct settings *s)
{
    int kind = loss_kind_of(settings_get(s, "loss"));
    const char *parameter = losses[kind].parameter;
    double value = parameter ? settings_number(s, parameter) : 0;
    m->loss = (struct loss){(enum loss_kind)kind, value, m->outputs};
    if (losses[kind].in_label_units)
        m->loss.parameter = value / m->label_scale;
    m->loss_unit = pow(m->label_scale, losses[kind].degree);
}

static int fit_scalers(struct linear_model *m, const struct settings *s, const struct linear_shape *shape,
                       struct error *err)
{
    double mean, deviation;
    size_t rows = shape->sample_rows;
    if (normalise_moments_all(shape->train->y, rows, shape->comm, &mean, &deviation, err) < 0)
        return -1;
    m->label_shift = settings_true(s, "unbias_label") ? mean : 0;
    m->label_scale = settings_true(s, "normalize_label") && deviation > 0 ? deviation : 1;
    return normaliser_fit(&m->normaliser, shape->train, rows, settings_true(s, "normalize_data"),
                          settings_true(s, "unbias_data"), shape->comm, err);
}

static void draw_weights(struct linear_model *m, size_t i, const struct settings *s, uint64_t seed)
{
    struct rng r;
    bool normal = settings_is(s, "init_method", "normal");
    double size = settings_number(s, normal ? "init_sigma" : "init_scale");
    float *weights = m->weights + i * m->size;
    rng_init(&r, seed, STREAM_WEIGHTS + 1000 * linear_grid_point(s, i).draw);
    for (size_t j = 0; j < m->size; j++)
        weights[j] = (float)(size * (normal ? rng_normal(&r) : 2 * rng_uniform(&r) - 1));
    for (size_t k = 0; m->use_bias && k < m->outputs; k++)
        m->bias[i * m->outputs + k] = (float)settings_number(s, "init_bias");
}

int linear_model_init(struct linear_model *m, const struct settings *s, const struct linear_shape *shape,
                      struct error *err)
{
    size_t classes = linear_classes(s);
    enum optimiser_kind kind = settings_is(s, "optimizer", "adam")  ? OPTIMISER_ADAM
                               : settings_is(s, "optimizer", "sgd") ? OPTIMISER_SGD
                                                                    : OPTIMISER_RMSPROP;
    *m = (struct linear_model){.models = shape->models,
                               .columns = shape->train->columns,
                               .outputs = classes > 2 ? classes : 1,
                               .backend = &blas_cpu};
    m->width = m->models * m->outputs;
    m->task = classes > 2 ? METRIC_MULTICLASS : classes == 2 ? METRIC_BINARY : METRIC_REGRESSION;
    m->use_bias = settings_true(s, "use_bias");
    if (allocate(m, kind, shape->sparse, err) < 0 || fit_scalers(m, s, shape, err) < 0)
        return -1;
    read_steps(m, s);
    read_loss(m, s);
    for (size_t i = 0; i < m->models; i++)
        draw_weights(m, i, s, shape->seed);
    return 0;
}

void linear_model_free(struct linear_model *m)
{
    free(m->block);
    free(m->each);
    free(m->across);
    free(m->centred);
    normaliser_free(&m->normaliser);
    *m = (struct linear_model){0};
}

struct linear_model linear_model_one(const struct linear_model *m, size_t i)
{
    struct linear_model one = *m;
    one.models = 1;
    one.width = m->outputs;
    one.weights += i * m->size;
    one.bias += i * m->outputs;
    one.kept += i * m->size;
    one.kept_bias += i * m->outputs;
    one.each += i;
    return one;
}

/* --- forward and backward -------------------------------------------------------------------------------------------
 */

/* What the entries of row i are worth: `to` (width) plus value * across of its column, for each. */
VECTORISED static void score_sparse(const struct linear_model *m, const struct linear_batch *b, size_t i,
                                    float *restrict to)
{
    const struct dataset *d = b->source;
    size_t width = m->width, end = d->start[b->row[i] + 1];
    for (size_t e = d->start[b->row[i]]; e < end; e++) {
        const float *restrict w = m->across + d->index[e] * width;
        float value = d->value[e] == d->value[e] ? d->value[e] : m->normaliser.mean[d->index[e]];
        for (size_t k = 0; k < width; k++)
            to[k] += value * w[k];
    }
}

/* The weights for raw values, and what centring takes from the bias. */
static void spread_across(const struct linear_model *m, double *centred)
{
    for (size_t k = 0; k < m->width; k++)
        centred[k] = 0;
    for (size_t j = 0; j < m->columns; j++)
        for (size_t k = 0; k < m->width; k++) {
            float w = m->weights[k * m->columns + j] * m->normaliser.factor[j];
            m->across[j * m->width + k] = w;
            centred[k] += (double)w * (double)m->normaliser.shift[j];
        }
}

static void score_all_sparse(const struct linear_model *m, struct linear_batch *b)
{
    spread_across(m, m->centred);
    for (size_t i = 0; i < b->rows; i++) {
        float *to = b->score + i * m->width;
        for (size_t k = 0; k < m->width; k++)
            to[k] = (float)((double)m->bias[k] - m->centred[k]);
        score_sparse(m, b, i, to);
    }
}

void linear_model_score(const struct linear_model *m, struct linear_batch *b)
{
    const struct blas *ops = m->backend;
    if (b->source) {
        score_all_sparse(m, b);
        return;
    }
    for (size_t i = 0; i < b->rows; i++)
        memcpy(b->score + i * m->width, m->bias, m->width * sizeof *b->score);
    if (m->width == 1)
        ops->gemv(b->score, b->x, m->weights, b->rows, m->columns, false, 1, 1);
    else
        ops->gemm(b->score, b->x, m->weights, b->rows, m->width, m->columns, false, true, 1, 1);
}

VECTORISED static void gradient_sparse(const struct linear_model *m, const struct linear_batch *b)
{
    const struct dataset *d = b->source;
    size_t width = m->width;
    memset(m->across_gradient, 0, m->columns * width * sizeof *m->across_gradient);
    for (size_t i = 0; i < b->rows; i++) {
        const float *restrict slope = b->gradient + i * width;
        for (size_t e = d->start[b->row[i]], end = d->start[b->row[i] + 1]; e < end; e++) {
            float *restrict g = m->across_gradient + d->index[e] * width;
            float value = d->value[e] == d->value[e] ? d->value[e] : m->normaliser.mean[d->index[e]];
            for (size_t k = 0; k < width; k++)
                g[k] += value * slope[k];
        }
    }
}

/* bias_gradient holds the summed slopes, `share` times. */
static void gather_across(struct linear_model *m, float share)
{
    for (size_t k = 0; k < m->width; k++)
        for (size_t j = 0; j < m->columns; j++)
            m->gradient[k * m->columns + j] = m->normaliser.factor[j] * (share * m->across_gradient[j * m->width + k] -
                                                                         m->normaliser.shift[j] * m->bias_gradient[k]);
}

/* From b->gradient (slopes of the scores) to the mean gradient of weights and bias. */
static void backward(struct linear_model *m, const struct linear_batch *b, size_t rows)
{
    const struct blas *ops = m->backend;
    float share = 1 / (float)rows;
    memset(m->bias_gradient, 0, m->width * sizeof *m->bias_gradient);
    for (size_t i = 0; i < b->rows; i++)
        for (size_t k = 0; k < m->width; k++)
            m->bias_gradient[k] += share * b->gradient[i * m->width + k];
    if (b->source) {
        gradient_sparse(m, b);
        gather_across(m, share);
    } else if (m->width == 1) {
        ops->gemv(m->gradient, b->x, b->gradient, b->rows, m->columns, true, share, 0);
    } else {
        ops->gemm(m->gradient, b->gradient, b->x, m->width, m->columns, b->rows, true, false, share, 0);
    }
}

static void learn(struct linear_model *m, size_t i, long step)
{
    struct linear_one *one = &m->each[i];
    double rate = schedule_rate(&one->schedule, step);
    if (one->out)
        return;
    optimiser_step(&one->weights, m->weights + i * m->size, m->gradient + i * m->size, rate, one->wd, one->l1);
    if (m->use_bias)
        optimiser_step(&one->bias, m->bias + i * m->outputs, m->bias_gradient + i * m->outputs, rate * m->bias_rate,
                       one->bias_wd, 0);
}

int linear_model_step(struct linear_model *m, struct linear_batch *b, size_t rows, long step, struct comm *comm,
                      double *sums, struct error *err)
{
    linear_model_score(m, b);
    loss_models(&m->loss, b->gradient, b->score, b->y, b->weight, b->rows, m->models, sums);
    backward(m, b, rows);
    if (comm_ranks(comm) > 1 && (comm_sum_float(comm, m->gradient, m->width * (m->columns + 1), err) < 0 ||
                                 comm_sum_double(comm, sums, m->models, err) < 0))
        return -1;
    for (size_t i = 0; i < m->models; i++) {
        learn(m, i, step);
        sums[i] *= m->loss_unit;
    }
    return 0;
}

void linear_model_loss(const struct linear_model *m, struct linear_batch *b, double *sums)
{
    loss_models(&m->loss, NULL, b->score, b->y, b->weight, b->rows, m->models, sums);
    for (size_t i = 0; i < m->models; i++)
        sums[i] *= m->loss_unit;
}

/* --- copies ---------------------------------------------------------------------------------------------------------
 */

void linear_model_keep(struct linear_model *m, size_t i)
{
    memcpy(m->kept + i * m->size, m->weights + i * m->size, m->size * sizeof *m->weights);
    memcpy(m->kept_bias + i * m->outputs, m->bias + i * m->outputs, m->outputs * sizeof *m->bias);
}

void linear_model_restore(struct linear_model *m, size_t i)
{
    memcpy(m->weights + i * m->size, m->kept + i * m->size, m->size * sizeof *m->weights);
    memcpy(m->bias + i * m->outputs, m->kept_bias + i * m->outputs, m->outputs * sizeof *m->bias);
}

void linear_model_drop(struct linear_model *m, size_t i)
{
    m->each[i].out = true;
    memset(m->weights + i * m->size, 0, m->size * sizeof *m->weights);
    memset(m->bias + i * m->outputs, 0, m->outputs * sizeof *m->bias);
}

/* label = scale * (b + sum_j w_j (x_j - shift_j) factor_j) + label_shift */
void linear_model_raw(const struct linear_model *m, size_t k, float *weights, double *bias)
{
    const float *w = m->weights + k * m->columns;
    double b = (double)m->bias[k];
    for (size_t j = 0; j < m->columns; j++) {
        double raw = (double)w[j] * (double)m->normaliser.factor[j];
        b -= raw * (double)m->normaliser.shift[j];
        weights[j] = (float)(raw * m->label_scale);
    }
    *bias = b * m->label_scale + m->label_shift;
}
