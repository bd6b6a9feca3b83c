/* A running mean of a network's weights, one more sample after each epoch: forecasts feed on themselves, and the mean
 * of weights forecasts far more steadily than those after any one step of a constant learning rate.
 *
 * The n-th sample counts (p + 1) / (n + p), with p = 5 (Shamir and Zhang 2013): the last sixth of all epochs makes up
 * most of it, however many there are. */
#ifndef DEEPAR_MEAN_H
#define DEEPAR_MEAN_H

#include "engine/nn/parameters.h"

struct weights_mean {
    float *values; /* of all learned weights, parameter after parameter */
    float *now;    /* room for the largest parameter */
    long count;    /* samples so far */
};

int weights_mean_open(struct weights_mean *m, const struct parameters *p, struct error *err);
void weights_mean_close(struct weights_mean *m); /* {0} is fine */

void weights_mean_add(struct weights_mean *m, const struct parameters *p);
/* The network gets the mean, and the mean's place what the network had: a second call puts it back. Without samples
 * nothing is done. */
void weights_mean_exchange(struct weights_mean *m, struct parameters *p);

#endif
