/* Ranges of weights by each optimiser: loops over optimiser_formula.h that a compiler turns into vector code.
 * optimiser.c includes it for float and for double. */
#include "engine/nn/optimiser_formula.h"

#define RANGE(name)                                                                                                    \
    static void OPTIMISER_OF(name)(const struct optimiser_now *s, real *w, const real *gradient, real *first,          \
                                   real *second, size_t n)

VECTORISED RANGE(range_sgd)
{
    (void)second;
    for (size_t i = 0; first && i < n; i++)
        w[i] = OPTIMISER_OF(sgd)(s, w[i], gradient[i], &first[i]);
    for (size_t i = 0; !first && i < n; i++)
        w[i] = OPTIMISER_OF(plain)(s, w[i], gradient[i]);
}

/* The numbers of the step are copied, so that no store to w can change them; without L1, which is the rule, what it
 * takes is left out. */
VECTORISED RANGE(range_adam)
{
    struct optimiser_now now = *s, plain = *s;
    plain.l1 = 0;
    for (size_t i = 0; now.l1 > 0 && i < n; i++)
        w[i] = OPTIMISER_OF(adam)(&now, w[i], gradient[i], &first[i], &second[i]);
    for (size_t i = 0; !(now.l1 > 0) && i < n; i++)
        w[i] = OPTIMISER_OF(adam)(&plain, w[i], gradient[i], &first[i], &second[i]);
}

VECTORISED RANGE(range_rmsprop)
{
    (void)second;
    for (size_t i = 0; i < n; i++)
        w[i] = OPTIMISER_OF(rmsprop)(s, w[i], gradient[i], &first[i]);
}

VECTORISED RANGE(range_adagrad)
{
    (void)second;
    for (size_t i = 0; i < n; i++)
        w[i] = OPTIMISER_OF(adagrad)(s, w[i], gradient[i], &first[i]);
}

VECTORISED RANGE(range_adadelta)
{
    for (size_t i = 0; i < n; i++)
        w[i] = OPTIMISER_OF(adadelta)(s, w[i], gradient[i], &first[i], &second[i]);
}

RANGE(range)
{
    static void (*const steps[])(const struct optimiser_now *, real *, const real *, real *, real *, size_t) = {
        [OPTIMISER_SGD] = OPTIMISER_OF(range_sgd),           [OPTIMISER_ADAM] = OPTIMISER_OF(range_adam),
        [OPTIMISER_RMSPROP] = OPTIMISER_OF(range_rmsprop),   [OPTIMISER_ADAGRAD] = OPTIMISER_OF(range_adagrad),
        [OPTIMISER_ADADELTA] = OPTIMISER_OF(range_adadelta),
    };
    steps[s->kind](s, w, gradient, first, second, n);
}

#undef RANGE
