#include "engine/nn/optimiser.h"

#include <string.h>

#include "engine/tensor/exp.h"

#define OPTIMISER_FUNCTION static inline

#define real float
#define OPTIMISER_OF(name) name##_float
#define OPTIMISER_ROOT sqrtf
#include "engine/nn/optimiser_range.h"
#undef real
#undef OPTIMISER_OF
#undef OPTIMISER_ROOT

#define real double
#define OPTIMISER_OF(name) name##_double
#define OPTIMISER_ROOT sqrt
#include "engine/nn/optimiser_range.h"

static const struct {
    const char *name;
    size_t state;
} kinds[OPTIMISER_KINDS] = {
    [OPTIMISER_SGD] = {"sgd", 1},         [OPTIMISER_ADAM] = {"adam", 2},         [OPTIMISER_RMSPROP] = {"rmsprop", 1},
    [OPTIMISER_ADAGRAD] = {"adagrad", 1}, [OPTIMISER_ADADELTA] = {"adadelta", 2},
};

size_t optimiser_state(enum optimiser_kind kind)
{
    return kinds[kind].state;
}

int optimiser_kind_of(const char *name)
{
    for (int i = 0; i < OPTIMISER_KINDS; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return i;
    return -1;
}

const char *optimiser_name(enum optimiser_kind kind)
{
    return kinds[kind].name;
}

void optimiser_init(struct optimiser *o, enum optimiser_kind kind, float *state, size_t n)
{
    *o = (struct optimiser){
        .kind = kind, .beta_1 = 0.9f, .beta_2 = 0.999f, .first = state, .n = n, .power_1 = 1, .power_2 = 1};
    if (kinds[kind].state == 2)
        o->second = state + n;
}

void optimiser_advance(struct optimiser *o)
{
    o->power_1 *= (double)o->beta_1;
    o->power_2 *= (double)o->beta_2;
}

void optimiser_range(const struct optimiser *o, float *w, const float *gradient, size_t begin, size_t end, double rate,
                     double decay, double l1)
{
    struct optimiser_now now = optimiser_now(o, rate, decay, l1);
    range_float(&now, w + begin, gradient + begin, o->first ? o->first + begin : NULL,
                o->second ? o->second + begin : NULL, end - begin);
}

void optimiser_range_double(const struct optimiser *o, double *w, const double *gradient, size_t begin, size_t end,
                            double rate, double decay, double l1)
{
    struct optimiser_now now = optimiser_now(o, rate, decay, l1);
    double *first = (void *)o->first, *second = (void *)o->second;
    range_double(&now, w + begin, gradient + begin, first ? first + begin : NULL, second ? second + begin : NULL,
                 end - begin);
}

void optimiser_step(struct optimiser *o, float *w, const float *gradient, double rate, double decay, double l1)
{
    optimiser_advance(o);
    optimiser_range(o, w, gradient, 0, o->n, rate, decay, l1);
}
