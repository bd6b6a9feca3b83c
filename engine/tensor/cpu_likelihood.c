/* Likelihoods on the processor: the formulas of likelihood.h, rows shared over threads. When learning, value and slopes
 * come out of one evaluation, and the slopes wait for the way back. */
#include <string.h>

#include "engine/tensor/cpu.h"
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
    cpu_share(t, rows, 500 * (double)rows, points_part, &p);
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
