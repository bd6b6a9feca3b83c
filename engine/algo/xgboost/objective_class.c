/* Two classes and many. */
#include <float.h>
#include <math.h>

#include "engine/algo/xgboost/objective_kinds.h"
#include "engine/tensor/exp.h"

#define SMALLEST_HESSIAN 1e-16f

VECTORISED void logistic_gradient(const struct objective_settings *s, const struct dataset *d, const float *margin,
                                  size_t first, size_t end, struct gradient *out)
{
    const float *y = d->y, positive = (float)s->scale_pos_weight;
    for (size_t i = first; i < end; i++) {
        float p = sigmoid_float(margin[i]), h = p * (1 - p), w = y[i] == 1 ? positive : 1;
        out[i] = (struct gradient){(p - y[i]) * w, (h > SMALLEST_HESSIAN ? h : SMALLEST_HESSIAN) * w};
    }
    if (d->weight)
        for (size_t i = first; i < end; i++) {
            out[i].g *= d->weight[i];
            out[i].h *= d->weight[i];
        }
}

void hinge_gradient(const struct objective_settings *s, const struct dataset *d, const float *margin, size_t first,
                    size_t end, struct gradient *out)
{
    (void)s;
    for (size_t i = first; i < end; i++) {
        float y = 2 * d->y[i] - 1, w = row_weight(d, i);
        out[i] = margin[i] * y < 1 ? (struct gradient){-y * w, w} : (struct gradient){0, FLT_MIN};
    }
}

/* Rows in blocks, so that the exponentials of a block stay in the cache between the two passes. */
#define BLOCK 64

VECTORISED static void softmax_block(const float *margin, size_t rows, size_t classes, float *top, float *sum)
{
    for (size_t i = 0; i < rows; i++) {
        top[i] = margin[i * classes];
        for (size_t k = 1; k < classes; k++)
            top[i] = margin[i * classes + k] > top[i] ? margin[i * classes + k] : top[i];
        sum[i] = 0;
        for (size_t k = 0; k < classes; k++)
            sum[i] += exp_float(margin[i * classes + k] - top[i]);
    }
}

VECTORISED static void softmax_class(const float *margin, size_t rows, size_t classes, size_t k, const float *top,
                                     const float *sum, const float *y, const float *weight, struct gradient *out)
{
    for (size_t i = 0; i < rows; i++) {
        float p = exp_float(margin[i * classes + k] - top[i]) / sum[i], h = 2 * p * (1 - p), w = weight ? weight[i] : 1;
        out[i].g = (p - (float)(y[i] == (float)k)) * w;
        out[i].h = (h > SMALLEST_HESSIAN ? h : SMALLEST_HESSIAN) * w;
    }
}

void softmax_gradient(const struct objective_settings *s, const struct dataset *d, const float *margin, size_t first,
                      size_t end, struct gradient *out)
{
    float top[BLOCK], sum[BLOCK];
    size_t classes = s->classes;
    for (size_t at = first; at < end; at += BLOCK) {
        size_t rows = end - at < BLOCK ? end - at : BLOCK;
        softmax_block(margin + at * classes, rows, classes, top, sum);
        for (size_t k = 0; k < classes; k++)
            softmax_class(margin + at * classes, rows, classes, k, top, sum, d->y + at,
                          d->weight ? d->weight + at : NULL, out + k * d->rows + at);
    }
}

void softmax_predict(const struct objective_settings *s, float *out, const float *margin, size_t rows)
{
    size_t classes = s->classes;
    for (size_t i = 0; i < rows; i++) {
        const float *m = margin + i * classes;
        float top = m[0], sum = 0, *p = out + i * classes;
        for (size_t k = 1; k < classes; k++)
            top = fmaxf(top, m[k]);
        for (size_t k = 0; k < classes; k++)
            sum += p[k] = exp_float(m[k] - top);
        for (size_t k = 0; k < classes; k++)
            p[k] /= sum;
    }
}

/* The first of the largest. */
void class_predict(const struct objective_settings *s, float *out, const float *margin, size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        size_t best = 0;
        for (size_t k = 1; k < s->classes; k++)
            best = margin[i * s->classes + k] > margin[i * s->classes + best] ? k : best;
        out[i] = (float)best;
    }
}
