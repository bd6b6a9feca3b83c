/* Sources whose truth is not a straight line, and tables of mixed columns. */
#include <math.h>

#include "engine/data/generate_rows.h"

#define PI 3.14159265358979323846

/* sin x by plain arithmetic: brought into [-pi/2, pi/2], then Taylor's series. |x| up to 1000. */
static double plain_sine(double x)
{
    double sum, term;
    while (x > PI)
        x -= 2 * PI;
    while (x < -PI)
        x += 2 * PI;
    if (x > PI / 2)
        x = PI - x;
    if (x < -PI / 2)
        x = -PI - x;
    sum = term = x;
    for (int k = 2; k <= 22; k += 2) {
        term *= -x * x / (k * (k + 1));
        sum += term;
    }
    return sum;
}

/* The columns that matter, all different, in the order in which they were drawn. */
static void draw_columns(struct rng *r, size_t columns, size_t count, size_t *chosen)
{
    for (size_t i = 0; i < count; i++) {
        bool again = true;
        while (again) {
            chosen[i] = (size_t)rng_below(r, columns);
            again = false;
            for (size_t k = 0; k < i; k++)
                again |= chosen[k] == chosen[i];
        }
    }
}

/* --- bumps_clf: two bumps and a product over 4 of the inputs ------------------------------------
 *
 * scales[0 .. 3] hold the columns that matter, scales[4] and [5] the middles of the bumps, bias the threshold. */

static double bump(double away)
{
    return 2 / (1 + away * away / 0.25);
}

static double best_bumps(const struct planted *p, const float *x)
{
    const double *s = p->scales;
    double a = (double)x[(size_t)s[0]], b = (double)x[(size_t)s[1]], c = (double)x[(size_t)s[2]],
           d = (double)x[(size_t)s[3]];
    return bump(a - s[4]) + bump(b - s[5]) + c * d + p->bias;
}

void plant_bumps(struct planted *p, struct rng *r)
{
    size_t chosen[4];
    double sum = 0;
    p->noise = planted_value(p, "flip");
    draw_columns(r, p->columns, 4, chosen);
    for (int i = 0; i < 4; i++)
        p->scales[i] = (double)chosen[i];
    p->scales[4] = 2 * rng_uniform(r) - 1;
    p->scales[5] = 2 * rng_uniform(r) - 1;
    for (int i = 0; i < 4096; i++) { /* the mean score, so that both classes are common */
        double a = 4 * rng_uniform(r) - 2, b = 4 * rng_uniform(r) - 2, c = 4 * rng_uniform(r) - 2,
               d = 4 * rng_uniform(r) - 2;
        sum += bump(a - p->scales[4]) + bump(b - p->scales[5]) + c * d;
    }
    p->bias = -sum / 4096;
    p->best = best_bumps;
    p->bayes = 1 - p->noise;
}

void row_bumps(const struct planted *p, struct rng *r, float *x, float *y)
{
    bool flipped = rng_uniform(r) < p->noise;
    for (size_t j = 0; j < p->columns; j++)
        x[j] = (float)(4 * rng_uniform(r) - 2);
    *y = (best_bumps(p, x) > 0) != flipped;
}

/* --- friedman1 (Friedman 1991): 5 inputs matter, two of them by their product ------------------- */

static double best_friedman(const struct planted *p, const float *x)
{
    double c = (double)x[2] - 0.5;
    (void)p;
    return 10 * plain_sine(PI * (double)x[0] * (double)x[1]) + 20 * c * c + 10 * (double)x[3] + 5 * (double)x[4];
}

void plant_friedman(struct planted *p, struct rng *r)
{
    double outliers = planted_value(p, "outliers");
    (void)r;
    p->noise = planted_value(p, "noise");
    p->best = best_friedman;
    p->bayes = p->noise * p->noise * (1 + 99 * outliers);
}

void row_friedman(const struct planted *p, struct rng *r, float *x, float *y)
{
    bool outlier = rng_uniform(r) < planted_value(p, "outliers");
    for (size_t j = 0; j < p->columns; j++)
        x[j] = (float)rng_uniform(r);
    *y = (float)(best_friedman(p, x) + (outlier ? 10 : 1) * p->noise * rng_normal(r));
}

/* --- imb_gauss: few positives, shifted on 4 of the inputs --------------------------------------- */

/* The best rule is linear. Logarithm and normal distribution are for scoring only. */
void plant_imb(struct planted *p, struct rng *r)
{
    double share = planted_value(p, "positives"), shift = planted_value(p, "shift"), apart = 2 * shift, at;
    size_t chosen[4];
    p->noise = share;
    draw_columns(r, p->columns, 4, chosen);
    for (int i = 0; i < 4; i++)
        p->weights[chosen[i]] = shift;
    p->has_weights = true;
    p->bias = log(share / (1 - share)) - 2 * shift * shift;
    at = apart / 2 + log((1 - share) / share) / apart;
    p->bayes = (1 - share) * 0.5 * erfc(-at / sqrt(2)) + share * 0.5 * erfc((at - apart) / sqrt(2));
}

void row_imb(const struct planted *p, struct rng *r, float *x, float *y)
{
    bool positive = rng_uniform(r) < p->noise;
    for (size_t j = 0; j < p->columns; j++)
        x[j] = (float)(rng_normal(r) + (positive ? p->weights[j] : 0));
    *y = positive;
}

/* --- curve1: a wave with a step in it ----------------------------------------------------------- */

static double best_curve(const struct planted *p, const float *x)
{
    return plain_sine(1.5 * (double)x[0]) + ((double)x[0] >= p->bias ? p->weights[0] : 0);
}

/* The step's place is the bias, its height the weight. */
void plant_curve(struct planted *p, struct rng *r)
{
    p->noise = planted_value(p, "noise");
    p->bias = 3 * rng_uniform(r) - 1.5;
    p->weights[0] = (rng_uniform(r) < 0.5 ? -1 : 1) * (1 + rng_uniform(r));
    p->best = best_curve;
    p->bayes = p->noise * p->noise;
}

void row_curve(const struct planted *p, struct rng *r, float *x, float *y)
{
    x[0] = (float)(6 * rng_uniform(r) - 3);
    *y = (float)(best_curve(p, x) + p->noise * rng_normal(r));
}

/* --- table_mix: columns as tables have them ------------------------------------------------------
 *
 * Column j is by j % 3 a normal number, one of few whole numbers, or a number that rises from the first row to the
 * last; the first two kinds are 0 in a share of the cells. The label is linear in all of them, plus noise. */

void plant_table(struct planted *p, struct rng *r)
{
    double distinct = planted_value(p, "distinct"), zeros = planted_value(p, "zeros");
    p->noise = 1;
    for (size_t j = 0; j < p->columns; j++) {
        p->weights[j] = rng_normal(r);
        if (j % 3 == 1) {
            p->scales[j] = distinct;
            p->bias -= p->weights[j] * (1 - zeros) * (distinct + 1) / 2 / distinct;
        }
        if (j % 3 == 2)
            p->bias -= p->weights[j] / 2;
    }
    p->has_weights = true;
}

void row_table(const struct planted *p, struct rng *r, float *x, float *y)
{
    double zeros = planted_value(p, "zeros"), distinct = planted_value(p, "distinct"), score = p->bias;
    for (size_t j = 0; j < p->columns; j++) {
        bool zero = rng_uniform(r) < zeros;
        double value = j % 3 == 0 ? rng_normal(r) : 1 + (double)rng_below(r, (uint64_t)distinct);
        if (j % 3 == 2)
            value = ((double)p->row + rng_uniform(r)) / (double)p->rows;
        else if (zero)
            value = 0;
        x[j] = (float)value;
        score += p->weights[j] * (value / p->scales[j]);
    }
    *y = score + p->noise * rng_normal(r) > 0;
}
