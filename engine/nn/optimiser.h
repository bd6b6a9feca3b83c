/* How a gradient becomes a step of the weights.
 *
 *   sgd      v = momentum v - rate g; w += v
 *   adam     m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; w -= rate m' / (sqrt(v') + 1e-8), primes: divided by 1 - b^t
 *            (Kingma and Ba 2015)
 *   rmsprop  v = 0.9 v + 0.1 g^2; w -= rate g / sqrt(v + 1e-8)
 *
 * L2 of strength `decay` adds decay * w to g. L1 of strength `l1` is a proximal step: after the step each weight moves
 * towards 0 by l1 times the size of step its coordinate takes, and stops at exactly 0 on the way. */
#ifndef NN_OPTIMISER_H
#define NN_OPTIMISER_H

#include <stddef.h>

enum optimiser_kind { OPTIMISER_SGD, OPTIMISER_ADAM, OPTIMISER_RMSPROP };

struct optimiser {
    enum optimiser_kind kind;
    float momentum, beta_1, beta_2;
    float *first, *second; /* n each, zeroed at the start; the caller's memory. See optimiser_state. */
    size_t n;
    double power_1, power_2; /* beta_1^t, beta_2^t: 1 at the start */
};

/* How many floats of state a weight needs: first (1) or first and second (2). */
size_t optimiser_state(enum optimiser_kind kind);

void optimiser_init(struct optimiser *o, enum optimiser_kind kind, float *state, size_t n);
void optimiser_step(struct optimiser *o, float *w, const float *gradient, double rate, double decay, double l1);

#endif
