#include "engine/nn/optimiser.h"

#include <math.h>

#include "engine/tensor/exp.h"

#define EPSILON 1e-8f
#define RMSPROP_DECAY 0.9f

/* The point nearest to w when moving costs `by` per unit of size: towards 0 by `by`, at most to 0. */
static inline float shrink(float w, float by)
{
    return w > by ? w - by : w < -by ? w + by : w - w; /* w - w: 0, but NaN stays NaN */
}

size_t optimiser_state(enum optimiser_kind kind)
{
    return kind == OPTIMISER_ADAM ? 2 : 1;
}

void optimiser_init(struct optimiser *o, enum optimiser_kind kind, float *state, size_t n)
{
    *o = (struct optimiser){
        .kind = kind, .beta_1 = 0.9f, .beta_2 = 0.999f, .first = state, .n = n, .power_1 = 1, .power_2 = 1};
    if (kind == OPTIMISER_ADAM)
        o->second = state + n;
}

/* The velocity is the move really made, so that the proximal step settles where the plain one would. */
VECTORISED static void step_sgd(struct optimiser *o, float *w, const float *gradient, float rate, float decay, float l1)
{
    float threshold = rate * l1;
    for (size_t i = 0; i < o->n; i++) {
        float g = gradient[i] + decay * w[i], old = w[i], moved = old + (o->momentum * o->first[i] - rate * g);
        w[i] = l1 > 0 ? shrink(moved, threshold) : moved;
        o->first[i] = w[i] - old;
    }
}

VECTORISED static void step_adam(struct optimiser *o, float *w, const float *gradient, float rate, float decay,
                                 float l1)
{
    float correct_1, root_2, *m = o->first, *v = o->second, b1 = o->beta_1, b2 = o->beta_2;
    o->power_1 *= (double)b1;
    o->power_2 *= (double)b2;
    correct_1 = (float)(1 / (1 - o->power_1));
    root_2 = (float)(1 / sqrt(1 - o->power_2));
    for (size_t i = 0; i < o->n; i++) {
        float g = gradient[i] + decay * w[i], size;
        m[i] = b1 * m[i] + (1 - b1) * g;
        v[i] = b2 * v[i] + (1 - b2) * g * g;
        size = rate / (sqrtf(v[i]) * root_2 + EPSILON);
        w[i] -= size * correct_1 * m[i];
        if (l1 > 0)
            w[i] = shrink(w[i], size * l1);
    }
}

VECTORISED static void step_rmsprop(struct optimiser *o, float *w, const float *gradient, float rate, float decay,
                                    float l1)
{
    float *v = o->first;
    for (size_t i = 0; i < o->n; i++) {
        float g = gradient[i] + decay * w[i], size;
        v[i] = RMSPROP_DECAY * v[i] + (1 - RMSPROP_DECAY) * g * g;
        size = rate / sqrtf(v[i] + EPSILON);
        w[i] -= size * g;
        if (l1 > 0)
            w[i] = shrink(w[i], size * l1);
    }
}

void optimiser_step(struct optimiser *o, float *w, const float *gradient, double rate, double decay, double l1)
{
    static void (*const steps[])(struct optimiser *, float *, const float *, float, float, float) = {
        [OPTIMISER_SGD] = step_sgd, [OPTIMISER_ADAM] = step_adam, [OPTIMISER_RMSPROP] = step_rmsprop};
    steps[o->kind](o, w, gradient, (float)rate, (float)decay, (float)l1);
}
