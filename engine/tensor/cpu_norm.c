/* Rows that are normalised, on the processor: softmax and layer norm. */
#include <math.h>
#include <string.h>

#include "engine/tensor/cpu.h"
#include "engine/tensor/exp.h"

struct rows {
    size_t width;
    const float *x, *y, *dy, *gain, *bias;
    float *to, *dx, *mean, *inverse; /* mean and inverse of each row: kept, or NULL */
    float *dgain, *dbias;            /* a row for each part */
    double epsilon;
};

/* --- softmax ------------------------------------------------------------------------------------------------------ */

VECTORISED static void exp_row(float *restrict y, const float *restrict x, float largest, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = exp_float(x[i] - largest);
}

VECTORISED static void scale_row(float *y, float factor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] *= factor;
}

static void softmax_rows(void *context, int part, size_t begin, size_t end)
{
    const struct rows *s = context;
    (void)part;
    for (size_t r = begin; r < end && s->width > 0; r++) {
        const float *x = s->x + r * s->width;
        float *y = s->to + r * s->width, largest = x[0];
        double sum = 0;
        for (size_t i = 1; i < s->width; i++)
            largest = x[i] > largest ? x[i] : largest;
        exp_row(y, x, largest, s->width);
        for (size_t i = 0; i < s->width; i++)
            sum += (double)y[i];
        scale_row(y, (float)(1 / sum), s->width);
    }
}

VECTORISED static void softmax_row_back(float *restrict dx, const float *restrict y, const float *restrict dy,
                                        float mean, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dx[i] += y[i] * (dy[i] - mean);
}

static void softmax_rows_back(void *context, int part, size_t begin, size_t end)
{
    const struct rows *s = context;
    (void)part;
    for (size_t r = begin; r < end; r++) {
        size_t at = r * s->width;
        softmax_row_back(s->dx + at, s->y + at, s->dy + at, cpu_dot(s->y + at, s->dy + at, s->width), s->width);
    }
}

void cpu_softmax_forward(struct tape *t, struct node *n)
{
    struct rows s = {.width = tensor_width(n->in[0]), .x = n->in[0]->data, .to = n->out[0]->data};
    cpu_share(t, tensor_rows(n->in[0]), 8 * (double)tensor_count(n->in[0]), softmax_rows, &s);
}

void cpu_softmax_backward(struct tape *t, struct node *n)
{
    struct rows s = {
        .width = tensor_width(n->in[0]), .y = n->out[0]->data, .dy = n->out[0]->grad, .dx = slope_to(t, n->in[0])};
    if (s.dx)
        cpu_share(t, tensor_rows(n->in[0]), 4 * (double)tensor_count(n->in[0]), softmax_rows_back, &s);
}

/* --- layer norm --------------------------------------------------------------------------------------------------- */

/* y = gain (x - mean) inverse + bias; no gain or bias: 1 and 0 */
VECTORISED static void norm_row(float *restrict y, const float *restrict x, const float *restrict gain,
                                const float *restrict bias, float mean, float inverse, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = (x[i] - mean) * inverse;
    for (size_t i = 0; gain && i < n; i++)
        y[i] *= gain[i];
    for (size_t i = 0; bias && i < n; i++)
        y[i] += bias[i];
}

static void norm_rows(void *context, int part, size_t begin, size_t end)
{
    const struct rows *s = context;
    (void)part;
    for (size_t r = begin; r < end && s->width > 0; r++) {
        const float *x = s->x + r * s->width;
        double sum = 0, squares = 0, mean, inverse;
        for (size_t i = 0; i < s->width; i++)
            sum += (double)x[i];
        mean = sum / (double)s->width;
        for (size_t i = 0; i < s->width; i++)
            squares += ((double)x[i] - mean) * ((double)x[i] - mean);
        inverse = 1 / sqrt(squares / (double)s->width + s->epsilon);
        norm_row(s->to + r * s->width, x, s->gain, s->bias, (float)mean, (float)inverse, s->width);
        if (s->mean) {
            s->mean[r] = (float)mean;
            s->inverse[r] = (float)inverse;
        }
    }
}

/* off = (x - mean) inverse and slope = dy gain; dgain += dy off. */
VECTORISED static void norm_slopes(float *restrict off, float *restrict slope, float *restrict dgain,
                                   const float *restrict x, const float *restrict dy, const float *restrict gain,
                                   float mean, float inverse, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        off[i] = (x[i] - mean) * inverse;
        dgain[i] += dy[i] * off[i];
    }
    for (size_t i = 0; i < n; i++)
        slope[i] = gain ? dy[i] * gain[i] : dy[i];
}

VECTORISED static void norm_row_back(float *restrict dx, const float *restrict off, const float *restrict slope,
                                     float mean, float share, float inverse, size_t n)
{
    for (size_t i = 0; i < n; i++)
        dx[i] += inverse * (slope[i] - mean - off[i] * share);
}

VECTORISED static float row_sum(const float *x, size_t n)
{
    float lane[16] = {0}, sum = 0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (size_t q = 0; q < 16; q++)
            lane[q] += x[i + q];
    for (; i < n; i++)
        lane[0] += x[i];
    for (size_t q = 0; q < 16; q++)
        sum += lane[q];
    return sum;
}

/* Each part has four rows of room: dgain, dbias, off, slope. */
static void norm_rows_back(void *context, int part, size_t begin, size_t end)
{
    const struct rows *s = context;
    size_t width = s->width;
    float *dgain = s->dgain + (size_t)part * 4 * width, *dbias = dgain + width, *off = dgain + 2 * width,
          *slope = dgain + 3 * width;
    for (size_t r = begin; r < end && width > 0; r++) {
        const float *x = s->x + r * width, *dy = s->dy + r * width;
        norm_slopes(off, slope, dgain, x, dy, s->gain, s->mean[r], s->inverse[r], width);
        cpu_add(dbias, dy, width);
        if (s->dx)
            norm_row_back(s->dx + r * width, off, slope, row_sum(slope, width) / (float)width,
                          cpu_dot(slope, off, width) / (float)width, s->inverse[r], width);
    }
}

static struct rows norm_of(const struct node *n)
{
    return (struct rows){.width = tensor_width(n->in[0]),
                         .x = n->in[0]->data,
                         .to = n->out[0]->data,
                         .gain = numbers_of(n->in[1]),
                         .bias = numbers_of(n->in[2]),
                         .mean = numbers_of(n->keep[0]),
                         .inverse = numbers_of(n->keep[1]),
                         .epsilon = n->number[0]};
}

void cpu_layer_norm_forward(struct tape *t, struct node *n)
{
    struct rows s = norm_of(n);
    cpu_share(t, tensor_rows(n->in[0]), 8 * (double)tensor_count(n->in[0]), norm_rows, &s);
}

void cpu_layer_norm_backward(struct tape *t, struct node *n)
{
    struct rows s = norm_of(n);
    size_t parts = (size_t)pool_threads(tape_pool(t));
    float *dgain = slope_to(t, n->in[1]), *dbias = slope_to(t, n->in[2]);
    s.dy = n->out[0]->grad;
    s.dx = slope_to(t, n->in[0]);
    s.dgain = cpu_zeros(t, parts * 4 * s.width);
    if (!s.dgain)
        return;
    cpu_share(t, tensor_rows(n->in[0]), 8 * (double)tensor_count(n->in[0]), norm_rows_back, &s);
    for (size_t part = 0; part < parts; part++) {
        if (dgain)
            cpu_add(dgain, s.dgain + part * 4 * s.width, s.width);
        if (dbias)
            cpu_add(dbias, s.dgain + (part * 4 + 1) * s.width, s.width);
    }
}
