/* Batch norm on the processor, over as few passes as it takes: one for mean and variance, one for the result; on the
 * way back one for two sums, one for the slopes. What a relu after it does is done in the same passes.
 *
 * Rows are narrow (16 channels): some of them together are taken as one, `wide` numbers, so that loops are long. Sums
 * are of floats over some rows, and of those in double. */
#include <math.h>
#include <string.h>

#include "engine/tensor/cpu.h"
#include "engine/tensor/exp.h"

enum { WIDE = 128, BLOCK = 64 }; /* numbers, at the least where columns are few; wide rows that are summed in float */

struct batch {
    size_t columns, wide;
    bool relu, add;
    const float *x, *dy;
    float *to; /* y, or the slopes of x */
    /* Of each number of a wide row: */
    float *mean; /* or the pivot, about which sums are taken */
    float *inverse, *factor, *bias;
    float *first, *second; /* x's slopes: factor (dy - first - (x - mean) second) */
    float *sums;           /* of each part: two wide rows of float */
    double *totals;        /* of each part: two sums of each column */
};

/* What a row of columns says, for every row of a wide one. */
static void widen(const struct batch *b, float *row)
{
    for (size_t i = b->columns; i < b->wide; i++)
        row[i] = row[i - b->columns];
}

/* Adds the sums over wide rows to those of columns. */
static void fold(const struct batch *b, double *total, const float *sum)
{
    for (size_t i = 0; i < b->wide; i++)
        total[i % b->columns] += (double)sum[i];
}

/* --- passes ------------------------------------------------------------------------------------------------------- */

VECTORISED static void sum_row(float *restrict sum, float *restrict square, const float *restrict x,
                               const float *restrict pivot, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float off = x[i] - pivot[i];
        sum[i] += off;
        square[i] += off * off;
    }
}

VECTORISED static void norm_row(float *restrict y, const float *restrict x, const struct batch *b, size_t n)
{
    const float *mean = b->mean, *factor = b->factor, *bias = b->bias;
    for (size_t i = 0; i < n; i++)
        y[i] = (x[i] - mean[i]) * factor[i] + bias[i];
}

VECTORISED static void norm_relu_row(float *restrict y, const float *restrict x, const struct batch *b, size_t n)
{
    const float *mean = b->mean, *factor = b->factor, *bias = b->bias;
    for (size_t i = 0; i < n; i++) {
        float value = (x[i] - mean[i]) * factor[i] + bias[i];
        y[i] = value > 0 ? value : 0;
    }
}

/* dy and dy (x - mean), where the result was more than `least`. */
VECTORISED static void sum_back_row(float *restrict sum, float *restrict by_x, const float *restrict x,
                                    const float *restrict dy, const struct batch *b, float least, size_t n)
{
    const float *mean = b->mean, *factor = b->factor, *bias = b->bias;
    for (size_t i = 0; i < n; i++) {
        float off = x[i] - mean[i], slope = off * factor[i] + bias[i] > least ? dy[i] : 0;
        sum[i] += slope;
        by_x[i] += slope * off;
    }
}

VECTORISED static void add_slope_row(float *restrict dx, const float *restrict x, const float *restrict dy,
                                     const struct batch *b, float least, size_t n)
{
    const float *mean = b->mean, *factor = b->factor, *bias = b->bias, *first = b->first, *second = b->second;
    for (size_t i = 0; i < n; i++) {
        float off = x[i] - mean[i], slope = off * factor[i] + bias[i] > least ? dy[i] : 0;
        dx[i] += factor[i] * (slope - first[i] - off * second[i]);
    }
}

VECTORISED static void set_slope_row(float *restrict dx, const float *restrict x, const float *restrict dy,
                                     const struct batch *b, float least, size_t n)
{
    const float *mean = b->mean, *factor = b->factor, *bias = b->bias, *first = b->first, *second = b->second;
    for (size_t i = 0; i < n; i++) {
        float off = x[i] - mean[i], slope = off * factor[i] + bias[i] > least ? dy[i] : 0;
        dx[i] = factor[i] * (slope - first[i] - off * second[i]);
    }
}

/* Sums over the rows begin .. end - 1 of x alone, or (`dy`) of what flows back. */
static void sum_rows(void *context, int part, size_t begin, size_t end)
{
    const struct batch *b = context;
    float *sum = b->sums + 2 * (size_t)part * b->wide, *other = sum + b->wide;
    double *total = b->totals + 2 * (size_t)part * b->columns;
    memset(total, 0, 2 * b->columns * sizeof *total);
    for (size_t at = begin * b->columns, stop = end * b->columns; at < stop;) {
        memset(sum, 0, 2 * b->wide * sizeof *sum);
        for (size_t i = 0; i < BLOCK && at < stop; i++) {
            size_t n = stop - at < b->wide ? stop - at : b->wide;
            if (b->dy)
                sum_back_row(sum, other, b->x + at, b->dy + at, b, b->relu ? 0 : -INFINITY, n);
            else
                sum_row(sum, other, b->x + at, b->mean, n);
            at += n;
        }
        fold(b, total, sum);
        fold(b, total + b->columns, other);
    }
}

static void norm_rows(void *context, int part, size_t begin, size_t end)
{
    const struct batch *b = context;
    (void)part;
    for (size_t at = begin * b->columns, stop = end * b->columns, n; at < stop; at += n) {
        n = stop - at < b->wide ? stop - at : b->wide;
        (b->relu ? norm_relu_row : norm_row)(b->to + at, b->x + at, b, n);
    }
}

static void slope_rows(void *context, int part, size_t begin, size_t end)
{
    const struct batch *b = context;
    float least = b->relu ? 0 : -INFINITY;
    (void)part;
    for (size_t at = begin * b->columns, stop = end * b->columns, n; at < stop; at += n) {
        n = stop - at < b->wide ? stop - at : b->wide;
        (b->add ? add_slope_row : set_slope_row)(b->to + at, b->x + at, b->dy + at, b, least, n);
    }
}

/* --- the operation ------------------------------------------------------------------------------------------------ */

static bool batch_open(struct tape *t, const struct node *n, struct batch *b)
{
    size_t columns = tensor_width(n->in[0]), parts = (size_t)pool_threads(tape_pool(t));
    size_t wide = columns * (columns < WIDE && columns > 0 ? WIDE / columns : 1);
    float *room = tape_scratch(t, (6 + 2 * parts) * wide * sizeof *room);
    *b = (struct batch){.columns = columns,
                        .wide = wide,
                        .relu = n->flag[0],
                        .x = n->in[0]->data,
                        .totals = tape_scratch(t, 2 * parts * columns * sizeof(double))};
    if (!room || !b->totals || columns == 0)
        return false;
    b->mean = room;
    b->inverse = room + wide;
    b->factor = room + 2 * wide;
    b->bias = room + 3 * wide;
    b->first = room + 4 * wide;
    b->second = room + 5 * wide;
    b->sums = room + 6 * wide;
    return true;
}

/* The sums of all parts, in the first's place. */
static void sum_all(struct tape *t, struct batch *b, size_t rows)
{
    double operations = 2 * (double)rows * (double)b->columns;
    cpu_share(t, rows, operations, sum_rows, b);
    for (int part = 1; part < cpu_parts(t, rows, operations); part++)
        for (size_t i = 0; i < 2 * b->columns; i++)
            b->totals[i] += b->totals[2 * (size_t)part * b->columns + i];
}

/* factor and bias of each column, the mean and the inverse deviation being known. */
static void prepare(const struct node *n, struct batch *b)
{
    const float *gain = numbers_of(n->in[1]), *bias = numbers_of(n->in[2]);
    for (size_t c = 0; c < b->columns; c++) {
        b->factor[c] = (gain ? gain[c] : 1) * b->inverse[c];
        b->bias[c] = bias ? bias[c] : 0;
    }
    widen(b, b->mean);
    widen(b, b->factor);
    widen(b, b->bias);
}

/* running = (1 - momentum) running + momentum batch's; the variance by n - 1. */
static void follow(const struct node *n, size_t c, size_t rows, double mean, double variance)
{
    float *running_mean = (float *)n->in[3]->data + c, *running_variance = (float *)n->in[4]->data + c;
    double momentum = n->number[0];
    if (rows > 1)
        variance *= (double)rows / (double)(rows - 1);
    *running_mean = (float)((1 - momentum) * (double)*running_mean + momentum * mean);
    *running_variance = (float)((1 - momentum) * (double)*running_variance + momentum * variance);
}

/* Mean and inverse deviation of each column of the batch, by sums about its first row. */
static void batch_moments(struct tape *t, const struct node *n, struct batch *b, size_t rows)
{
    memcpy(b->mean, b->x, b->columns * sizeof *b->mean);
    widen(b, b->mean);
    sum_all(t, b, rows);
    for (size_t c = 0; c < b->columns; c++) {
        double off = b->totals[c] / (double)rows, mean = (double)b->mean[c] + off;
        double variance = fmax(0, b->totals[b->columns + c] / (double)rows - off * off);
        follow(n, c, rows, mean, variance);
        b->mean[c] = (float)mean;
        b->inverse[c] = (float)(1 / sqrt(variance + n->number[1]));
    }
}

void cpu_batch_norm_forward(struct tape *t, struct node *n)
{
    size_t rows = tensor_rows(n->in[0]);
    const float *running_mean = n->in[3]->data, *running_variance = n->in[4]->data;
    struct batch b;
    if (!batch_open(t, n, &b))
        return;
    if (tape_learning(t) && rows > 0)
        batch_moments(t, n, &b, rows);
    else
        for (size_t c = 0; c < b.columns; c++) {
            b.mean[c] = running_mean[c];
            b.inverse[c] = (float)(1 / sqrt((double)running_variance[c] + n->number[1]));
        }
    if (n->keep[0]) {
        memcpy(n->keep[0]->data, b.mean, b.columns * sizeof *b.mean);
        memcpy(n->keep[1]->data, b.inverse, b.columns * sizeof *b.inverse);
    }
    prepare(n, &b);
    b.to = n->out[0]->data;
    cpu_share(t, rows, 2 * (double)rows * (double)b.columns, norm_rows, &b);
}

/* dgain += the sum of dy o, dbias that of dy, o being (x - mean) inverse. */
static void slopes_of_columns(struct tape *t, const struct node *n, const struct batch *b)
{
    float *dgain = slope_to(t, n->in[1]), *dbias = slope_to(t, n->in[2]);
    for (size_t c = 0; dgain && c < b->columns; c++)
        dgain[c] += (float)(b->totals[b->columns + c] * (double)b->inverse[c]);
    for (size_t c = 0; dbias && c < b->columns; c++)
        dbias[c] += (float)b->totals[c];
}

void cpu_batch_norm_backward(struct tape *t, struct node *n)
{
    size_t rows = tensor_rows(n->in[0]);
    struct batch b;
    double beta;
    if (!batch_open(t, n, &b))
        return;
    b.dy = n->out[0]->grad;
    memcpy(b.mean, n->keep[0]->data, b.columns * sizeof *b.mean);
    memcpy(b.inverse, n->keep[1]->data, b.columns * sizeof *b.inverse);
    prepare(n, &b);
    sum_all(t, &b, rows);
    slopes_of_columns(t, n, &b);
    for (size_t c = 0; c < b.columns && rows > 0; c++) {
        double inverse = (double)b.inverse[c];
        b.first[c] = (float)(b.totals[c] / (double)rows);
        b.second[c] = (float)(b.totals[b.columns + c] * inverse * inverse / (double)rows);
    }
    widen(&b, b.first);
    widen(&b, b.second);
    b.to = tape_grad_beta(t, n->in[0], &beta);
    b.add = beta != 0;
    if (b.to)
        cpu_share(t, rows, 3 * (double)rows * (double)b.columns, slope_rows, &b);
}
