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

/* Rows in blocks, so that a block stays in the cache from pass to pass. `out` is the block's, `stride` apart from class
 * to class; its g holds the margins first, then their exponentials, so that every loop runs along neighbours. */
#define BLOCK 64

VECTORISED static void softmax_block(const float *margin, size_t rows, size_t classes, const float *y,
                                     struct gradient *out, size_t stride)
{
    float top[BLOCK], share[BLOCK] = {0};
    for (size_t i = 0; i < rows; i++)
        top[i] = margin[i * classes];
    for (size_t k = 0; k < classes; k++)
        for (size_t i = 0; i < rows; i++) {
            float m = margin[i * classes + k];
            out[k * stride + i].g = m;
            top[i] = m > top[i] ? m : top[i];
        }
    for (size_t k = 0; k < classes; k++)
        for (size_t i = 0; i < rows; i++) {
            float e = exp_float(out[k * stride + i].g - top[i]);
            out[k * stride + i].g = e;
            share[i] += e;
        }
    for (size_t i = 0; i < rows; i++)
        share[i] = 1 / share[i];
    for (size_t k = 0; k < classes; k++) {
        float class = (float)k;
        for (size_t i = 0; i < rows; i++) {
            float p = out[k * stride + i].g * share[i], h = 2 * p * (1 - p);
            out[k * stride + i] =
                (struct gradient){p - (y[i] == class ? 1.0f : 0.0f), h > SMALLEST_HESSIAN ? h : SMALLEST_HESSIAN};
        }
    }
}

VECTORISED static void weigh(struct gradient *out, const float *weight, size_t rows)
{
    for (size_t i = 0; i < rows; i++) {
        out[i].g *= weight[i];
        out[i].h *= weight[i];
    }
}

void softmax_gradient(const struct objective_settings *s, const struct dataset *d, const float *margin, size_t first,
                      size_t end, struct gradient *out)
{
    size_t classes = s->classes;
    for (size_t at = first; at < end; at += BLOCK) {
        size_t rows = end - at < BLOCK ? end - at : BLOCK;
        softmax_block(margin + at * classes, rows, classes, d->y + at, out + at, d->rows);
        for (size_t k = 0; d->weight && k < classes; k++)
            weigh(out + k * d->rows + at, d->weight + at, rows);
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
