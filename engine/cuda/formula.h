/* What the kernels do to one element, written so that it is CUDA and C: the C of it is tested against nn/loss.c,
 * nn/optimiser.c and bins.c on machines without a GPU. */
#ifndef CUDA_FORMULA_H
#define CUDA_FORMULA_H

#include <math.h>

#ifdef __CUDACC__
#define FORMULA static __device__ __forceinline__
#else
#define FORMULA static inline
#endif

#ifdef __cplusplus
extern "C" {
#endif

#include "engine/gpu.h"
#include "engine/nn/loss.h"
#include "engine/nn/optimiser.h"

#ifdef __cplusplus
}
#endif

/* --- losses ---------------------------------------------------------------------------------------------------------
 */

struct formula_point {
    float value, slope;
};

FORMULA struct formula_point formula_point(float value, float slope)
{
    struct formula_point p;
    p.value = value;
    p.slope = slope;
    return p;
}

FORMULA float formula_sign(float x)
{
    return x > 0 ? 1.f : x < 0 ? -1.f : 0.f;
}

FORMULA struct formula_point formula_logistic(float s, float y)
{
    float e = expf(-fabsf(s));
    return formula_point(fmaxf(s, 0) + log1pf(e) - y * s, (s >= 0 ? 1 : e) / (1 + e) - y);
}

/* Not a number where the score is none: fmaxf would hide it. */
FORMULA float formula_over(float size, float limit)
{
    return size <= limit ? 0.f : size - limit;
}

/* Of one score and label, not for softmax. */
FORMULA struct formula_point formula_loss(int kind, float p, float s, float y)
{
    float r = s - y, size = fabsf(r), over = formula_over(size, p), z = y > 0 ? 1.f : -1.f;
    switch (kind) {
    case LOSS_SQUARED:
        return formula_point(r * r, 2 * r);
    case LOSS_ABSOLUTE:
        return formula_point(size, formula_sign(r));
    case LOSS_EPS_SQUARED:
        return formula_point(over * over, 2 * over * formula_sign(r));
    case LOSS_EPS_ABSOLUTE:
        return formula_point(over, over > 0 ? formula_sign(r) : 0.f);
    case LOSS_HUBER:
        return size <= p ? formula_point(r * r / 2, r) : formula_point(p * (size - p / 2), p * formula_sign(r));
    case LOSS_QUANTILE:
        return formula_point(r < 0 ? -p * r : (1 - p) * r, r < 0 ? -p : r > 0 ? 1 - p : 0.f);
    case LOSS_LOGISTIC:
        return formula_logistic(s, y);
    default: /* LOSS_HINGE */
        return p - z * s <= 0 ? formula_point(0, 0) : formula_point(p - z * s, -z);
    }
}

/* A row of softmax: its loss without the weight, its slopes with it. */
FORMULA float formula_softmax(float *gradient, const float *score, size_t classes, size_t label, float weight)
{
    float top = score[0], sum = 0;
    for (size_t k = 1; k < classes; k++)
        top = fmaxf(top, score[k]);
    for (size_t k = 0; k < classes; k++)
        sum += expf(score[k] - top);
    for (size_t k = 0; k < classes; k++)
        gradient[k] = weight * (expf(score[k] - top) / sum - (k == label ? 1.f : 0.f));
    return logf(sum) + top - score[label];
}

/* The weighted loss of one row and model, and its slopes. */
FORMULA double formula_row(const struct gpu_loss *l, float *gradient, const float *score, float label, float weight)
{
    struct formula_point p;
    if (l->kind == LOSS_SOFTMAX)
        return (double)weight * (double)formula_softmax(gradient, score, l->classes, (size_t)label, weight);
    p = formula_loss(l->kind, l->parameter, score[0], label);
    gradient[0] = weight * p.slope;
    return (double)weight * (double)p.value;
}

/* --- optimisers -----------------------------------------------------------------------------------------------------
 */

#define real float
#define OPTIMISER_FUNCTION FORMULA
#define OPTIMISER_OF(name) formula_##name
#define OPTIMISER_ROOT sqrtf
#include "engine/nn/optimiser_formula.h"
#undef real

/* One weight's step; `first` NULL: plain sgd. */
FORMULA void formula_step(const struct optimiser_now *s, float *w, float gradient, float *first, float *second)
{
    switch (s->kind) {
    case OPTIMISER_ADAM:
        *w = formula_adam(s, *w, gradient, first, second);
        break;
    case OPTIMISER_RMSPROP:
        *w = formula_rmsprop(s, *w, gradient, first);
        break;
    case OPTIMISER_ADAGRAD:
        *w = formula_adagrad(s, *w, gradient, first);
        break;
    case OPTIMISER_ADADELTA:
        *w = formula_adadelta(s, *w, gradient, first, second);
        break;
    default:
        *w = first ? formula_sgd(s, *w, gradient, first) : formula_plain(s, *w, gradient);
    }
}

/* --- codes of binned rows -------------------------------------------------------------------------------------------
 */

/* Of a column whose cell number stands at its place in every row. */
FORMULA uint32_t formula_code(const struct gpu_column *c, const struct gpu_block *b, uint32_t row)
{
    uint32_t value = b->list[(size_t)row * b->width + c->place] - c->base, rank = value - c->stride;
    if (c->kind == GPU_PRODUCT)
        return value / c->stride % c->codes;
    if (value < c->stride || rank + 1 >= c->codes)
        return c->skip;
    return rank + (rank >= c->skip ? 1u : 0u);
}

/* Of a LISTED column: where the row lists one of its cells, if at all. */
FORMULA uint32_t formula_listed(const struct gpu_column *c, const struct gpu_block *blocks, uint32_t row)
{
    for (uint32_t k = c->block; k < c->end; k++) {
        const struct gpu_block *b = &blocks[k];
        uint32_t low = b->start[row], high = b->start[row + 1], end = high, rank;
        size_t first = c->cell > b->cell ? c->cell - b->cell : 0;
        while (low < high) {
            uint32_t middle = low + (high - low) / 2;
            if (b->list[middle] < first)
                low = middle + 1;
            else
                high = middle;
        }
        if (low == end || b->cell + b->list[low] >= c->cell + c->codes - 1)
            continue;
        rank = (uint32_t)(b->cell + b->list[low] - c->cell);
        return rank + (rank >= c->skip ? 1u : 0u);
    }
    return c->skip;
}

FORMULA uint32_t formula_code_of(const struct gpu_column *c, const struct gpu_block *blocks, uint32_t row)
{
    return c->kind == GPU_LISTED ? formula_listed(c, blocks, row) : formula_code(c, &blocks[c->block], row);
}

#endif
