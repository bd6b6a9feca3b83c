/* Sample paths by ancestral sampling: each next value is drawn from what the network says after the one before.
 *
 * The contexts of several series are read at once; then all their paths go on side by side, a step at a time, as rows
 * of one batch. A path's draws depend on the seed, its window's number and its own alone. */
#ifndef DEEPAR_FORECAST_H
#define DEEPAR_FORECAST_H

#include "engine/algo/deepar/deepar_net.h"

#define FORECAST_SAMPLES_MAX 10000

/* paths: window x sample x prediction. The dynamic features of each series must reach to the end of its forecast.
 * `first` is the number of the first window, so that windows may be given in pieces. */
int deepar_forecast(const struct deepar_net *n, struct tape *t, const struct window *windows, size_t count,
                    size_t first, size_t samples, uint64_t seed, float *paths, struct error *err);

/* What the samples of one window say at a step. `sorted` is room for `samples` numbers: sorted on return. */
void deepar_sort_step(const float *paths, size_t samples, size_t prediction, size_t step, float *sorted);
double deepar_quantile(const float *sorted, size_t samples, double level); /* between samples: on a straight line */
double deepar_mean(const float *sorted, size_t samples);

#endif
