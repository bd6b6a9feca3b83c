/* Likelihoods on the processor: the formulas of likelihood.h, rows shared over threads. When learning, value and slopes
 * come out of one evaluation, and the slopes wait for the way back. Student's, DeepAR's own choice, is in floats and
 * vectors; the others are in double, row by row. */
#include <math.h>
#include <string.h>

#include "engine/tensor/cpu.h"
#include "engine/tensor/exp.h"
#include "engine/tensor/likelihood.h"

typedef struct likelihood_point point_of(const double *raw, double y, double v);

static point_of *const kinds[] = {
    [LIKELIHOOD_GAUSSIAN] = likelihood_gaussian,
    [LIKELIHOOD_STUDENT_T] = likelihood_student_t,
    [LIKELIHOOD_NEGATIVE_BINOMIAL] = likelihood_negative_binomial,
    [LIKELIHOOD_BETA] = likelihood_beta,
    [LIKELIHOOD_L1] = likelihood_l1,
};

enum { MEMO_SLOPES = 16 };

struct points {
    point_of *kind;
    size_t width;
    const float *raw, *y, *v, *weight;
    float *slopes; /* of each raw output, times weight; NULL: not learning */
    double *value; /* of each row, times weight */
};

static void points_part(void *context, int part, size_t begin, size_t end)
{
    const struct points *p = context;
    (void)part;
    for (size_t r = begin; r < end; r++) {
        double raw[3] = {0}, weight = p->weight ? (double)p->weight[r] : 1;
        struct likelihood_point point = {0};
        for (size_t j = 0; j < p->width; j++)
            raw[j] = (double)p->raw[r * p->width + j];
        if (weight != 0)
            point = p->kind(raw, (double)p->y[r], (double)p->v[r]);
        p->value[r] = weight * point.value;
        for (size_t j = 0; p->slopes && j < p->width; j++)
            p->slopes[r * p->width + j] = (float)(weight * point.slope[j]);
    }
}

/* --- Student's t in vectors --------------------------------------------------------------------------------------- */

/* Rows side by side, as loops want them. */
enum { ROWS = 64 };
struct student {
    float mean[ROWS], raw_sigma[ROWS], raw_free[ROWS], y[ROWS], v[ROWS], value[ROWS]; /* mean: the raw output */
    float by_mean[ROWS], by_sigma[ROWS], by_free[ROWS];                               /* slopes by the raw outputs */
};

/* With x = free / 2 and L(x) = log Gamma(x + 1/2) - log Gamma(x): three steps up by Gamma's recursion, from where the
 * asymptotic series 1/2 log x - 1/(8 x) + 1/(192 x^3) - 1/(640 x^5) is good to a float (x >= 4). No difference of two
 * large logarithms is taken. */
VECTORISED static void student_points(struct student *restrict s)
{
    for (size_t r = 0; r < ROWS; r++) {
        float v = s->v[r], sigma = (softplus_float(s->raw_sigma[r]) + 1e-4f) * v,
              z = (s->y[r] - s->mean[r] * v) / sigma;
        float free = 2 + softplus_float(s->raw_free[r]), x = free / 2, far = x + 3, inverse = 1 / far;
        float below = x * (x + 1) * (x + 2), above = (x + 0.5f) * (x + 1.5f) * (x + 2.5f), square = inverse * inverse;
        float series = inverse * (-1.0f / 8 + square * (1.0f / 192 - square * (1.0f / 640)));
        float slope = inverse / 2 + square * (1.0f / 8 - square * (3.0f / 192 - square * (5.0f / 640))) +
                      0.5f / (x * (x + 0.5f)) + 0.5f / ((x + 1) * (x + 1.5f)) + 0.5f / ((x + 2) * (x + 2.5f));
        float u = z * z / free, sum = 1 + u, q = log_float(sum) + (u - (sum - 1)) / sum;
        float by_z = (free + 1) * z / (free + z * z);
        s->value[r] = log_float(sigma * sqrtf(free * inverse) * (above / below)) - series + (float)HALF_LOG_PI +
                      (free + 1) / 2 * q;
        s->by_mean[r] = -by_z * v / sigma;
        s->by_sigma[r] = (1 - z * by_z) / sigma * v * sigmoid_float(s->raw_sigma[r]);
        s->by_free[r] = (1 / free - slope + q - by_z * z / free) / 2 * sigmoid_float(s->raw_free[r]);
    }
}

/* Rows that do not count stand in with numbers that do no harm. */
static void student_rows(const struct points *p, size_t begin, size_t count)
{
    struct student s;
    for (size_t i = 0; i < ROWS; i++) {
        size_t r = begin + i;
        bool counts = i < count && (!p->weight || p->weight[r] != 0);
        s.mean[i] = counts ? p->raw[3 * r] : 0;
        s.raw_sigma[i] = counts ? p->raw[3 * r + 1] : 0;
        s.raw_free[i] = counts ? p->raw[3 * r + 2] : 0;
        s.y[i] = counts ? p->y[r] : 0;
        s.v[i] = counts ? p->v[r] : 1;
    }
    student_points(&s);
    for (size_t i = 0; i < count; i++) {
        size_t r = begin + i;
        float weight = p->weight ? p->weight[r] : 1;
        p->value[r] = weight != 0 ? (double)weight * (double)s.value[i] : 0;
        if (!p->slopes)
            continue;
        p->slopes[3 * r] = weight * s.by_mean[i];
        p->slopes[3 * r + 1] = weight * s.by_sigma[i];
        p->slopes[3 * r + 2] = weight * s.by_free[i];
    }
}

static void student_part(void *context, int part, size_t begin, size_t end)
{
    (void)part;
    for (size_t r = begin; r < end; r += ROWS)
        student_rows(context, r, end - r < ROWS ? end - r : ROWS);
}

/* --- the operation ------------------------------------------------------------------------------------------------ */

static float *slopes_of(struct tape *t, const struct node *n)
{
    bool fresh;
    return tape_memo(t, n->out[0], MEMO_SLOPES, tensor_count(n->in[0]) * sizeof(float), &fresh);
}

void cpu_likelihood_forward(struct tape *t, struct node *n)
{
    size_t rows = n->in[0]->shape[0];
    struct points p = {kinds[n->kind],
                       n->in[0]->shape[1],
                       n->in[0]->data,
                       n->in[1]->data,
                       n->in[2]->data,
                       numbers_of(n->in[3]),
                       tensor_learns(n->out[0]) ? slopes_of(t, n) : NULL,
                       tape_scratch(t, rows * sizeof(double))};
    double loss = 0;
    if (tape_failed(t))
        return;
    cpu_share(t, rows, 200 * (double)rows, n->kind == LIKELIHOOD_STUDENT_T ? student_part : points_part, &p);
    for (size_t r = 0; r < rows; r++)
        loss += p.value[r];
    *(float *)n->out[0]->data = (float)(n->number[0] * loss);
}

void cpu_likelihood_backward(struct tape *t, struct node *n)
{
    float *slopes = slopes_of(t, n);
    if (slopes)
        cpu_flow(t, n->in[0], slopes, (float)(n->number[0] * (double)*(const float *)n->out[0]->grad));
}
