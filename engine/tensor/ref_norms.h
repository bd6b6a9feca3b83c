/* Reference kernels: normalisation. Both see x as groups of numbers (a row, or a column), take mean and variance of
 * each group, and share what follows from that. */
#ifndef TENSOR_REF_NORMS_H
#define TENSOR_REF_NORMS_H

#include "engine/tensor/ref.h"
#include "engine/tensor/ref_sums.h"

/* `count` numbers of x that lie `apart`, number i belonging to gain[i * next] and bias[i * next]. */
struct group {
    size_t first, count, apart, next, column;
};

static struct group row_group(const struct tensor *x, size_t r)
{
    return (struct group){r * tensor_width(x), tensor_width(x), 1, 1, 0};
}

static struct group column_group(const struct tensor *x, size_t c)
{
    return (struct group){c, tensor_rows(x), tensor_width(x), 0, c};
}

static void mean_and_variance(const struct group *g, const REAL *x, double *mean, double *variance)
{
    double sum = 0;
    *mean = reduced(REDUCE_MEAN, x + g->first, g->count, g->apart);
    for (size_t i = 0; i < g->count; i++) {
        double off = (double)x[g->first + i * g->apart] - *mean;
        sum += off * off;
    }
    *variance = g->count > 0 ? sum / (double)g->count : 0;
}

/* y = gain (x - mean) inverse + bias */
static void normalise(const struct node *n, const struct group *g, double mean, double inverse)
{
    const REAL *x = numbers(n->in[0]), *gain = numbers(n->in[1]), *bias = numbers(n->in[2]);
    for (size_t i = 0; i < g->count; i++) {
        size_t at = g->first + i * g->apart, c = g->column + i * g->next;
        double off = ((double)x[at] - mean) * inverse;
        double value = (gain ? (double)gain[c] : 1) * off + (bias ? (double)bias[c] : 0);
        numbers(n->out[0])[at] = (REAL)(n->flag[0] ? fmax(0, value) : value);
    }
}

/* A slope of the output; 0 where a relu cut it off. */
static double slope_before_relu(const struct node *n, size_t at)
{
    return n->flag[0] && !(numbers(n->out[0])[at] > 0) ? 0 : (double)slopes(n->out[0])[at];
}

/* With o = (x - mean) inverse and s = dy gain: dx += inverse (s - mean of s - o mean of s o); dgain += dy o,
 * dbias += dy. */
static void normalise_back(const struct node *n, const struct group *g, REAL *dx, REAL *dgain, REAL *dbias, double mean,
                           double inverse)
{
    const REAL *x = numbers(n->in[0]), *gain = numbers(n->in[1]);
    double s_mean = 0, so_mean = 0;
    for (size_t i = 0; i < g->count; i++) {
        size_t at = g->first + i * g->apart, c = g->column + i * g->next;
        double off = ((double)x[at] - mean) * inverse, dy = slope_before_relu(n, at);
        double s = dy * (gain ? (double)gain[c] : 1);
        s_mean += s / (double)g->count;
        so_mean += s * off / (double)g->count;
        if (dgain)
            dgain[c] += (REAL)(dy * off);
        if (dbias)
            dbias[c] += (REAL)dy;
    }
    for (size_t i = 0; dx && i < g->count; i++) {
        size_t at = g->first + i * g->apart, c = g->column + i * g->next;
        double off = ((double)x[at] - mean) * inverse;
        double s = slope_before_relu(n, at) * (gain ? (double)gain[c] : 1);
        dx[at] += (REAL)(inverse * (s - s_mean - off * so_mean));
    }
}

static void keep_moments(const struct node *n, size_t group, double mean, double inverse)
{
    if (!n->keep[0])
        return;
    numbers(n->keep[0])[group] = (REAL)mean;
    numbers(n->keep[1])[group] = (REAL)inverse;
}

static void layer_norm_forward(struct tape *t, struct node *n)
{
    size_t rows = tensor_rows(n->in[0]);
    (void)t;
    for (size_t r = 0; r < rows; r++) {
        struct group g = row_group(n->in[0], r);
        double mean, variance, inverse;
        mean_and_variance(&g, numbers(n->in[0]), &mean, &variance);
        inverse = 1 / sqrt(variance + n->number[0]);
        keep_moments(n, r, mean, inverse);
        normalise(n, &g, mean, inverse);
    }
}

static void layer_norm_backward(struct tape *t, struct node *n)
{
    REAL *dx = slopes_to(t, n->in[0]), *dgain = slopes_to(t, n->in[1]), *dbias = slopes_to(t, n->in[2]);
    size_t rows = tensor_rows(n->in[0]);
    for (size_t r = 0; r < rows; r++) {
        struct group g = row_group(n->in[0], r);
        normalise_back(n, &g, dx, dgain, dbias, (double)numbers(n->keep[0])[r], (double)numbers(n->keep[1])[r]);
    }
}

/* running = (1 - momentum) running + momentum batch's; the variance by n - 1. */
static void follow(const struct node *n, size_t c, size_t rows, double mean, double variance)
{
    REAL *running_mean = numbers(n->in[3]) + c, *running_variance = numbers(n->in[4]) + c;
    double momentum = n->number[0];
    if (rows > 1)
        variance *= (double)rows / (double)(rows - 1);
    *running_mean = (REAL)((1 - momentum) * (double)*running_mean + momentum * mean);
    *running_variance = (REAL)((1 - momentum) * (double)*running_variance + momentum * variance);
}

static void batch_norm_forward(struct tape *t, struct node *n)
{
    size_t columns = tensor_width(n->in[0]), rows = tensor_rows(n->in[0]);
    for (size_t c = 0; c < columns; c++) {
        struct group g = column_group(n->in[0], c);
        double mean = (double)numbers(n->in[3])[c], variance = (double)numbers(n->in[4])[c], inverse;
        if (tape_learning(t) && rows > 0) {
            mean_and_variance(&g, numbers(n->in[0]), &mean, &variance);
            follow(n, c, rows, mean, variance);
        }
        inverse = 1 / sqrt(variance + n->number[1]);
        keep_moments(n, c, mean, inverse);
        normalise(n, &g, mean, inverse);
    }
}

static void batch_norm_backward(struct tape *t, struct node *n)
{
    REAL *dx = slopes_to(t, n->in[0]), *dgain = slopes_to(t, n->in[1]), *dbias = slopes_to(t, n->in[2]);
    size_t columns = tensor_width(n->in[0]);
    for (size_t c = 0; c < columns; c++) {
        struct group g = column_group(n->in[0], c);
        normalise_back(n, &g, dx, dgain, dbias, (double)numbers(n->keep[0])[c], (double)numbers(n->keep[1])[c]);
    }
}

#endif
