/* How a gradient becomes a step of the weights.
 *
 *   sgd       v = momentum v - rate g; w += v
 *   adam      m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; w -= rate m' / (sqrt(v') + 1e-8), primes: divided by 1 - b^t
 *             (Kingma and Ba 2015)
 *   rmsprop   v = 0.9 v + 0.1 g^2; w -= rate g / sqrt(v + 1e-8)
 *   adagrad   v += g^2; w -= rate g / (sqrt(v) + 1e-8)                                  (Duchi, Hazan and Singer 2011)
 *   adadelta  v = 0.9 v + 0.1 g^2; d = g sqrt(u + 1e-6) / sqrt(v + 1e-6); u = 0.9 u + 0.1 d^2; w -= rate d
 *             (Zeiler 2012, where rate is 1)
 *
 * L2 of strength `decay` adds decay * w to g. L1 of strength `l1` is a proximal step: after the step each weight moves
 * towards 0 by l1 times the size of step its coordinate takes, and stops at exactly 0 on the way.
 *
 * The formulas of one weight are in optimiser_formula.h, for C and CUDA. */
#ifndef NN_OPTIMISER_H
#define NN_OPTIMISER_H

#include <math.h>
#include <stddef.h>

enum optimiser_kind {
    OPTIMISER_SGD,
    OPTIMISER_ADAM,
    OPTIMISER_RMSPROP,
    OPTIMISER_ADAGRAD,
    OPTIMISER_ADADELTA,
    OPTIMISER_KINDS
};

struct optimiser {
    enum optimiser_kind kind;
    float momentum, beta_1, beta_2;
    float *first, *second; /* n each, zeroed at the start; the caller's memory. See optimiser_state. */
    size_t n;
    double power_1, power_2; /* beta_1^t, beta_2^t: 1 at the start */
};

#define OPTIMISER_EPSILON 1e-8f
#define OPTIMISER_ADADELTA_EPSILON 1e-6f
#define OPTIMISER_FADE 0.9f /* of rmsprop and adadelta */

/* The numbers of one step, which are the same for all weights. */
struct optimiser_now {
    int kind; /* enum optimiser_kind */
    float rate, decay, l1, momentum, beta_1, beta_2;
    float correct_1, root_2; /* adam: 1 / (1 - beta_1^t), 1 / sqrt(1 - beta_2^t) */
};

/* How many floats of state a weight needs: first (1) or first and second (2). Plain sgd can do with none. */
size_t optimiser_state(enum optimiser_kind kind);

/* By the service's name ("adam"); -1: there is none. */
int optimiser_kind_of(const char *name);
const char *optimiser_name(enum optimiser_kind kind);

void optimiser_init(struct optimiser *o, enum optimiser_kind kind, float *state, size_t n);
void optimiser_step(struct optimiser *o, float *w, const float *gradient, double rate, double decay, double l1);

/* The same in two parts, for weights that are shared out: once a step, optimiser_advance; then ranges in any order.
 * `first` of sgd may be NULL: no momentum. */
void optimiser_advance(struct optimiser *o);
void optimiser_range(const struct optimiser *o, float *w, const float *gradient, size_t begin, size_t end, double rate,
                     double decay, double l1);
/* In double; `first` and `second` then hold doubles too. */
void optimiser_range_double(const struct optimiser *o, double *w, const double *gradient, size_t begin, size_t end,
                            double rate, double decay, double l1);

static inline struct optimiser_now optimiser_now(const struct optimiser *o, double rate, double decay, double l1)
{
    struct optimiser_now now = {(int)o->kind,
                                (float)rate,
                                (float)decay,
                                (float)l1,
                                o->momentum,
                                o->beta_1,
                                o->beta_2,
                                (float)(1 / (1 - o->power_1)),
                                (float)(1 / sqrt(1 - o->power_2))};
    return now;
}

#endif
