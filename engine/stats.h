/* When do paired differences decide? Student's t interval of their mean, looked at after every seed.
 *
 * Looking again and again inflates false alarms: with a 95 % interval at each of 21 looks, 23 % of runs without any
 * effect end in a verdict. A confidence of 0.993 per look keeps that below 5 % (tests/engine/test_stats.c simulates
 * it). Band: differences up to +-band do not matter; it is fixed before the first seed. */
#ifndef ENGINE_STATS_H
#define ENGINE_STATS_H

#include <stddef.h>

/* P(T <= t) and its inverse for Student's t distribution with `freedom` > 0 degrees of freedom; 0 < p < 1. */
double stats_t_probability(double t, double freedom);
double stats_t_quantile(double p, double freedom);

struct stats_interval {
    double mean, low, high;
};

/* Interval of the mean of n >= 2 values. When all values are equal it is that one point. */
struct stats_interval stats_interval(const double *values, size_t n, double confidence);

enum stats_decision {
    STATS_MORE,      /* take another seed */
    STATS_ABOVE,     /* the interval lies wholly above +band */
    STATS_BELOW,     /* wholly below -band */
    STATS_WITHIN,    /* wholly inside +-band: no difference that matters */
    STATS_UNDECIDED, /* none of these at the cap */
};

struct stats_rule {
    double confidence, band;
    size_t start, cap; /* first look after `start` >= 2 values, last after `cap` */
};

/* The decision after n values; fills `interval` once n >= 2. */
enum stats_decision stats_decide(const struct stats_rule *rule, const double *values, size_t n,
                                 struct stats_interval *interval);

#endif
