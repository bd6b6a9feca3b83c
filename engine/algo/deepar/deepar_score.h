/* How good forecasts of the last values of series are.
 *
 * Weighted quantile loss at level q: 2 sum of (q (y - f) where y > f, else (1 - q) (f - y)) over sum of |y|, f being
 * the forecast's quantile; RMSE is of the forecast's mean. Values that are missing do not count. */
#ifndef DEEPAR_SCORE_H
#define DEEPAR_SCORE_H

#include "engine/algo/deepar/deepar_forecast.h"
#include "engine/comm.h"

struct deepar_score {
    int levels;
    double level[DEEPAR_QUANTILES];
    double loss[DEEPAR_QUANTILES]; /* sums; the same for the rest */
    double size, square, values;
    double naive; /* size of the error of a forecast that repeats the last season */
};

void deepar_score_step(struct deepar_score *s, double truth, const float *sorted, size_t samples);
double deepar_score_loss(const struct deepar_score *s, int level); /* NaN where all truth is 0 */
double deepar_score_mean_loss(const struct deepar_score *s);
double deepar_score_rmse(const struct deepar_score *s);

/* Forecasts the last values of each series; ranks share the series and all get the whole score. Series that are no
 * longer than the forecast are passed over. */
int deepar_score_series(struct deepar_score *s, const struct deepar_net *n, struct tape *t, const struct histories *h,
                        size_t samples, uint64_t seed, struct comm *comm, struct error *err);
size_t deepar_score_short(const struct deepar_plan *p, const struct series_set *set); /* how many are passed over */

#endif
