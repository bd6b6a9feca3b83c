#include "engine/algo/linear/linear_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/rng.h"

#define STREAM_WEIGHTS 201 /* of random numbers; the order of rows has its own (linear_train.c) */

size_t linear_classes(const struct settings *s)
{
    if (settings_is(s, "predictor_type", "regressor"))
        return 0;
    return settings_is(s, "predictor_type", "binary_classifier") ? 2 : (size_t)settings_number(s, "num_classes");
}

/* Weights, bias, gradient of both, kept copy of both, and the optimisers' state of both, in one zeroed block. */
static int allocate(struct linear_model *m, enum optimiser_kind kind, struct error *err)
{
    size_t both, state = optimiser_state(kind);
    if (m->outputs > SIZE_MAX / 64 / (m->columns + 1))
        return error_set(err, ERROR_LIMIT, "num_classes", "use fewer classes", "The model is too large");
    m->size = m->outputs * m->columns;
    both = m->size + m->outputs;
    m->block = calloc(both * (3 + state), sizeof *m->block);
    if (!m->block)
        return error_set(err, ERROR_LIMIT, NULL, "use fewer classes or features",
                         "A model of %zu weights does not fit into memory", both);
    m->weights = m->block;
    m->bias = m->weights + m->size;
    m->gradient = m->block + both;
    m->kept = m->block + 2 * both;
    optimiser_init(&m->weight_optimiser, kind, m->block + 3 * both, m->size);
    optimiser_init(&m->bias_optimiser, kind, m->block + 3 * both + state * m->size, m->outputs);
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
    m->wd = settings_number(s, "wd");
    m->l1 = settings_number(s, "l1");
    m->bias_rate = settings_number(s, "bias_lr_mult");
    m->bias_wd = m->wd * settings_number(s, "bias_wd_mult");
    m->schedule = (struct schedule){
        .rate = settings_number(s, "learning_rate"),
        .factor = settings_number(s, "lr_scheduler_factor"),
        .minimum = settings_number(s, "lr_scheduler_minimum_lr"),
        .interval = settings_true(s, "use_lr_scheduler") ? (long)settings_number(s, "lr_scheduler_step") : 0,
    };
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

static int fit_scalers(struct linear_model *m, const struct settings *s, const struct dataset *train, struct error *err)
{
    double points = settings_number(s, "num_point_for_scaler"), mean, deviation;
    size_t rows = points < (double)train->rows ? (size_t)points : train->rows;
    normalise_moments(train->y, rows, 1, &mean, &deviation);
    m->label_shift = settings_true(s, "unbias_label") ? mean : 0;
    m->label_scale = settings_true(s, "normalize_label") && deviation > 0 ? deviation : 1;
    if (normaliser_fit(&m->normaliser, train, rows, settings_true(s, "normalize_data"),
                       settings_true(s, "unbias_data")))
        return error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory to normalise the data");
    return 0;
}

static void draw_weights(struct linear_model *m, const struct settings *s, uint64_t seed)
{
    struct rng r;
    bool normal = settings_is(s, "init_method", "normal");
    double size = settings_number(s, normal ? "init_sigma" : "init_scale");
    rng_init(&r, seed, STREAM_WEIGHTS);
    for (size_t i = 0; i < m->size; i++)
        m->weights[i] = (float)(size * (normal ? rng_normal(&r) : 2 * rng_uniform(&r) - 1));
    for (size_t k = 0; m->use_bias && k < m->outputs; k++)
        m->bias[k] = (float)settings_number(s, "init_bias");
}

int linear_model_init(struct linear_model *m, const struct settings *s, const struct dataset *train, uint64_t seed,
                      struct error *err)
{
    size_t classes = linear_classes(s);
    enum optimiser_kind kind = settings_is(s, "optimizer", "adam")  ? OPTIMISER_ADAM
                               : settings_is(s, "optimizer", "sgd") ? OPTIMISER_SGD
                                                                    : OPTIMISER_RMSPROP;
    *m =
        (struct linear_model){.columns = train->columns, .outputs = classes > 2 ? classes : 1, .backend = &backend_cpu};
    m->task = classes > 2 ? METRIC_MULTICLASS : classes == 2 ? METRIC_BINARY : METRIC_REGRESSION;
    m->use_bias = settings_true(s, "use_bias");
    if (allocate(m, kind, err) < 0 || fit_scalers(m, s, train, err) < 0)
        return -1;
    read_optimiser(&m->weight_optimiser, s);
    read_optimiser(&m->bias_optimiser, s);
    read_steps(m, s);
    read_loss(m, s);
    draw_weights(m, s, seed);
    return 0;
}

void linear_model_free(struct linear_model *m)
{
    free(m->block);
    normaliser_free(&m->normaliser);
    *m = (struct linear_model){0};
}

/* --- forward and backward -------------------------------------------------------------------------------------------
 */

void linear_model_score(const struct linear_model *m, struct linear_batch *b)
{
    const struct backend *ops = m->backend;
    for (size_t i = 0; i < b->rows; i++)
        for (size_t k = 0; k < m->outputs; k++)
            b->score[i * m->outputs + k] = m->bias[k];
    if (m->outputs == 1)
        ops->gemv(b->score, b->x, m->weights, b->rows, m->columns, false, 1, 1);
    else
        ops->gemm(b->score, b->x, m->weights, b->rows, m->outputs, m->columns, false, true, 1, 1);
}

/* From b->gradient (slopes of the scores) to the mean gradient of weights and bias. */
static void backward(struct linear_model *m, const struct linear_batch *b)
{
    const struct backend *ops = m->backend;
    float *bias_gradient = m->gradient + m->size, share = 1 / (float)b->rows;
    if (m->outputs == 1)
        ops->gemv(m->gradient, b->x, b->gradient, b->rows, m->columns, true, share, 0);
    else
        ops->gemm(m->gradient, b->gradient, b->x, m->outputs, m->columns, b->rows, true, false, share, 0);
    memset(bias_gradient, 0, m->outputs * sizeof *bias_gradient);
    for (size_t i = 0; i < b->rows; i++)
        for (size_t k = 0; k < m->outputs; k++)
            bias_gradient[k] += share * b->gradient[i * m->outputs + k];
}

double linear_model_step(struct linear_model *m, struct linear_batch *b, long step)
{
    double rate = schedule_rate(&m->schedule, step), loss;
    linear_model_score(m, b);
    loss = loss_batch(&m->loss, b->gradient, b->score, b->y, b->weight, b->rows);
    backward(m, b);
    optimiser_step(&m->weight_optimiser, m->weights, m->gradient, rate, m->wd, m->l1);
    if (m->use_bias)
        optimiser_step(&m->bias_optimiser, m->bias, m->gradient + m->size, rate * m->bias_rate, m->bias_wd, 0);
    return loss * m->loss_unit;
}

double linear_model_loss(const struct linear_model *m, struct linear_batch *b)
{
    return loss_batch(&m->loss, NULL, b->score, b->y, b->weight, b->rows) * m->loss_unit;
}

/* --- copies ---------------------------------------------------------------------------------------------------------
 */

void linear_model_keep(struct linear_model *m)
{
    memcpy(m->kept, m->weights, (m->size + m->outputs) * sizeof *m->weights);
}

void linear_model_restore(struct linear_model *m)
{
    memcpy(m->weights, m->kept, (m->size + m->outputs) * sizeof *m->weights);
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
