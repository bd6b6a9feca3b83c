/* gblinear: in each round the bias and then every weight takes one Newton step on the gradients, which follow along
 * (coordinate descent, as XGBoost's coord_descent; shotgun is the same with threads that do not wait for each other).
 */
#include <math.h>
#include <stdlib.h>

#include "engine/algo/xgboost/boost.h"

#define LEAST_HESSIAN 1e-5 /* a column that says less is left alone */

/* The training data by columns: what is missing or absent is left out. */
struct linear_columns {
    size_t *start; /* columns + 1 */
    uint32_t *row;
    float *value;
    double eta, alpha, lambda, lambda_bias; /* penalties times the sum of weights: the loss is a sum, too */
};

/* Calls for each entry that counts: once to count, once to place. */
static void each_entry(const struct dataset *d, size_t *next, uint32_t *row, float *value)
{
    for (size_t i = 0; i < d->rows; i++) {
        size_t first = d->x ? i * d->columns : d->start[i], end = d->x ? first + d->columns : d->start[i + 1];
        for (size_t e = first; e < end; e++) {
            size_t column = d->x ? e - first : d->index[e];
            float cell = d->x ? d->x[e] : d->value[e];
            if (isnan(cell) || cell == 0)
                continue;
            if (row) {
                row[next[column]] = (uint32_t)i;
                value[next[column]] = cell;
            }
            next[column]++;
        }
    }
}

static int fill(struct linear_columns *c, const struct dataset *d)
{
    size_t *next = calloc(d->columns + 1, sizeof *next), total = 0;
    c->start = calloc(d->columns + 1, sizeof *c->start);
    if (!next || !c->start) {
        free(next);
        return -1;
    }
    each_entry(d, next, NULL, NULL);
    for (size_t j = 0; j < d->columns; j++) {
        size_t count = next[j];
        c->start[j] = next[j] = total;
        total += count;
    }
    c->start[d->columns] = total;
    c->row = malloc((total + 1) * sizeof *c->row);
    c->value = malloc((total + 1) * sizeof *c->value);
    if (c->row && c->value)
        each_entry(d, next, c->row, c->value);
    free(next);
    return c->row && c->value ? 0 : -1;
}

int linear_open(struct boost *b, struct error *err)
{
    const struct settings *s = b->t->settings;
    const struct dataset *d = b->t->train;
    double weight = 0;
    struct linear_columns *c = b->linear = calloc(1, sizeof *c);
    if (!c || fill(c, d) < 0)
        return error_set(err, ERROR_SYSTEM, NULL, "give fewer rows", "The data do not fit into memory by columns");
    for (size_t i = 0; i < d->rows; i++)
        weight += d->weight ? (double)d->weight[i] : 1;
    if (comm_sum_double(b->t->comm, &weight, 1, err) < 0)
        return -1;
    c->eta = settings_number(s, "eta");
    c->alpha = settings_number(s, "alpha") * weight;
    c->lambda = settings_number(s, "lambda") * weight;
    c->lambda_bias = settings_number(s, "lambda_bias") * weight;
    return 0;
}

void linear_close(struct boost *b)
{
    if (b->linear) {
        free(b->linear->start);
        free(b->linear->row);
        free(b->linear->value);
    }
    free(b->linear);
    b->linear = NULL;
}

/* The step that makes g w + h w^2 / 2 and the penalties smallest, from w; never across 0, where L1 has its kink. */
static double newton(const struct linear_columns *c, double g, double h, double w)
{
    double slope = g + c->lambda * w, bend = h + c->lambda;
    if (h < LEAST_HESSIAN)
        return 0;
    return w - slope / bend >= 0 ? fmax(-(slope + c->alpha) / bend, -w) : fmin(-(slope - c->alpha) / bend, -w);
}

static int step_bias(struct boost *b, struct gradient *gradient, float *bias, struct error *err)
{
    const struct linear_columns *c = b->linear;
    size_t rows = b->t->train->rows;
    double sums[2] = {0, 0};
    float step;
    for (size_t i = 0; i < rows; i++) {
        sums[0] += (double)gradient[i].g;
        sums[1] += (double)gradient[i].h;
    }
    if (comm_sum_double(b->t->comm, sums, 2, err) < 0)
        return -1;
    if (!(sums[1] + c->lambda_bias > 0))
        return 0;
    step = (float)(c->eta * -(sums[0] + c->lambda_bias * (double)*bias) / (sums[1] + c->lambda_bias));
    *bias += step;
    for (size_t i = 0; i < rows; i++)
        gradient[i].g += gradient[i].h * step;
    return 0;
}

static int step_weight(struct boost *b, struct gradient *gradient, size_t column, float *weight, struct error *err)
{
    const struct linear_columns *c = b->linear;
    size_t first = c->start[column], end = c->start[column + 1];
    double sums[2] = {0, 0};
    float step;
    for (size_t e = first; e < end; e++) {
        const struct gradient *at = &gradient[c->row[e]];
        double v = (double)c->value[e];
        sums[0] += (double)at->g * v;
        sums[1] += (double)at->h * v * v;
    }
    if (comm_sum_double(b->t->comm, sums, 2, err) < 0)
        return -1;
    step = (float)(c->eta * newton(c, sums[0], sums[1], (double)*weight));
    *weight += step;
    for (size_t e = first; step != 0 && e < end; e++) {
        struct gradient *at = &gradient[c->row[e]];
        at->g += at->h * c->value[e] * step;
    }
    return 0;
}

int linear_round(struct boost *b, struct error *err)
{
    size_t columns = b->forest.columns, outputs = boost_outputs(b), rows = b->t->train->rows;
    float *weights = b->forest.weights;
    for (size_t k = 0; k < outputs; k++) {
        struct gradient *gradient = b->gradients + k * rows;
        if (step_bias(b, gradient, &weights[columns * outputs + k], err) < 0)
            return -1;
        for (size_t j = 0; j < columns; j++)
            if (step_weight(b, gradient, j, &weights[j * outputs + k], err) < 0)
                return -1;
    }
    b->forest.linear_rounds++;
    for (int i = 0; i < FOLLOW_COUNT; i++)
        if (b->follow[i].data) {
            forest_start(&b->forest, b->follow[i].data->rows, b->follow[i].margin);
            forest_add(&b->forest, 0, 0, b->follow[i].data, b->follow[i].margin, b->pool);
        }
    return 0;
}
