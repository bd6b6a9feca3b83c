/* The loss of boxes on the processor: most rows have weight 0, the others are a few numbers wide. */
#include <math.h>
#include <string.h>

#include "engine/tensor/cpu.h"

struct smooth {
    const float *x, *y, *weight; /* weight may be NULL */
    size_t width;
    double *loss; /* of each row */
    float *dx;
    float factor;
    bool add;
};

static float smooth_weight(const struct smooth *s, size_t row)
{
    return s->weight ? s->weight[row] : 1;
}

static void smooth_rows(void *context, int part, size_t begin, size_t end)
{
    const struct smooth *s = context;
    (void)part;
    for (size_t r = begin; r < end; r++) {
        double weight = (double)smooth_weight(s, r), sum = 0;
        for (size_t i = r * s->width; weight != 0 && i < (r + 1) * s->width; i++) {
            float off = fabsf(s->x[i] - s->y[i]);
            sum += (double)(off < 1 ? off * off / 2 : off - 0.5f);
        }
        s->loss[r] = weight * sum;
    }
}

static void smooth_rows_back(void *context, int part, size_t begin, size_t end)
{
    const struct smooth *s = context;
    (void)part;
    if (!s->add)
        memset(s->dx + begin * s->width, 0, (end - begin) * s->width * sizeof *s->dx);
    for (size_t r = begin; r < end; r++) {
        float slope = s->factor * smooth_weight(s, r);
        for (size_t i = r * s->width; slope != 0 && i < (r + 1) * s->width; i++)
            s->dx[i] += slope * fmaxf(-1, fminf(1, s->x[i] - s->y[i]));
    }
}

static struct smooth smooth_of(const struct node *n)
{
    return (struct smooth){
        .x = n->in[0]->data, .y = n->in[1]->data, .weight = numbers_of(n->in[2]), .width = n->in[0]->shape[1]};
}

void cpu_smooth_l1_forward(struct tape *t, struct node *n)
{
    struct smooth s = smooth_of(n);
    size_t rows = n->in[0]->shape[0];
    double loss = 0;
    s.loss = tape_scratch(t, rows * sizeof *s.loss);
    if (!s.loss)
        return;
    cpu_share(t, rows, 2 * (double)tensor_count(n->in[0]), smooth_rows, &s);
    for (size_t r = 0; r < rows; r++)
        loss += s.loss[r];
    *(float *)n->out[0]->data = (float)(n->number[0] * loss);
}

void cpu_smooth_l1_backward(struct tape *t, struct node *n)
{
    struct smooth s = smooth_of(n);
    double beta;
    s.dx = tape_grad_beta(t, n->in[0], &beta);
    s.add = beta != 0;
    s.factor = (float)(n->number[0] * (double)*(const float *)n->out[0]->grad);
    if (s.dx && tensor_count(n->in[0]) > 0)
        cpu_share(t, n->in[0]->shape[0], 2 * (double)tensor_count(n->in[0]), smooth_rows_back, &s);
}
