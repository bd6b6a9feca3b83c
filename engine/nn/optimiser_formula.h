/* One weight's step by each optimiser (optimiser.h), written so that it is C and CUDA. Who includes it says what a
 * number is (`real`), how a function is declared (OPTIMISER_FUNCTION) and what it is called: OPTIMISER_OF(name).
 *
 * Each returns the weight's new value. `first` and `second` are the weight's state. */

/* The point nearest to w when moving costs `by` per unit of size: towards 0 by `by`, at most to 0. */
OPTIMISER_FUNCTION real OPTIMISER_OF(shrink)(real w, real by)
{
    return w > by ? w - by : w < -by ? w + by : w - w; /* w - w: 0, but NaN stays NaN */
}

/* The velocity is the move really made, so that the proximal step settles where the plain one would. */
OPTIMISER_FUNCTION real OPTIMISER_OF(sgd)(const struct optimiser_now *s, real w, real gradient, real *first)
{
    real g = gradient + s->decay * w, moved = w + (s->momentum * *first - s->rate * g);
    real to = s->l1 > 0 ? OPTIMISER_OF(shrink)(moved, s->rate * s->l1) : moved;
    *first = to - w;
    return to;
}

OPTIMISER_FUNCTION real OPTIMISER_OF(plain)(const struct optimiser_now *s, real w, real gradient)
{
    real moved = w - s->rate * (gradient + s->decay * w);
    return s->l1 > 0 ? OPTIMISER_OF(shrink)(moved, s->rate * s->l1) : moved;
}

OPTIMISER_FUNCTION real OPTIMISER_OF(adam)(const struct optimiser_now *s, real w, real gradient, real *first,
                                           real *second)
{
    real g = gradient + s->decay * w, size, moved;
    *first = s->beta_1 * *first + (1 - s->beta_1) * g;
    *second = s->beta_2 * *second + (1 - s->beta_2) * g * g;
    size = s->rate / (OPTIMISER_ROOT(*second) * s->root_2 + OPTIMISER_EPSILON);
    moved = w - size * s->correct_1 * *first;
    return s->l1 > 0 ? OPTIMISER_OF(shrink)(moved, size * s->l1) : moved;
}

OPTIMISER_FUNCTION real OPTIMISER_OF(rmsprop)(const struct optimiser_now *s, real w, real gradient, real *first)
{
    real g = gradient + s->decay * w, size, moved;
    *first = OPTIMISER_FADE * *first + (1 - OPTIMISER_FADE) * g * g;
    size = s->rate / OPTIMISER_ROOT(*first + OPTIMISER_EPSILON);
    moved = w - size * g;
    return s->l1 > 0 ? OPTIMISER_OF(shrink)(moved, size * s->l1) : moved;
}

OPTIMISER_FUNCTION real OPTIMISER_OF(adagrad)(const struct optimiser_now *s, real w, real gradient, real *first)
{
    real g = gradient + s->decay * w, size, moved;
    *first += g * g;
    size = s->rate / (OPTIMISER_ROOT(*first) + OPTIMISER_EPSILON);
    moved = w - size * g;
    return s->l1 > 0 ? OPTIMISER_OF(shrink)(moved, size * s->l1) : moved;
}

OPTIMISER_FUNCTION real OPTIMISER_OF(adadelta)(const struct optimiser_now *s, real w, real gradient, real *first,
                                               real *second)
{
    real g = gradient + s->decay * w, ratio, moved;
    *first = OPTIMISER_FADE * *first + (1 - OPTIMISER_FADE) * g * g;
    ratio = OPTIMISER_ROOT(*second + OPTIMISER_ADADELTA_EPSILON) / OPTIMISER_ROOT(*first + OPTIMISER_ADADELTA_EPSILON);
    *second = OPTIMISER_FADE * *second + (1 - OPTIMISER_FADE) * (ratio * g) * (ratio * g);
    moved = w - s->rate * ratio * g;
    return s->l1 > 0 ? OPTIMISER_OF(shrink)(moved, s->rate * ratio * s->l1) : moved;
}
