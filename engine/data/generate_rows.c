#include "engine/data/generate_rows.h"

#include <math.h>
#include <string.h>

/* Halved until small, Taylor's series, squared back up. */
double plain_exp(double x)
{
    double sum = 1, term = 1;
    int halvings = 0;
    for (; x > 0.5 || x < -0.5; x *= 0.5)
        halvings++;
    for (int k = 1; k <= 18; k++) {
        term *= x / k;
        sum += term;
    }
    while (halvings--)
        sum *= sum;
    return sum;
}

/* Whole powers by multiplication, so that 10^3 is exactly 1000; the fraction by plain_exp. */
double plain_power10(double x)
{
    int whole = (int)x;
    double fraction = x - whole, power = fraction == 0 ? 1 : plain_exp(fraction * 2.302585092994045684);
    for (; whole > 0; whole--)
        power *= 10;
    for (; whole < 0; whole++)
        power /= 10;
    return power;
}

double planted_value(const struct planted *p, const char *name)
{
    return generator_value(p->about, p->values, name);
}

/* Share of the standard normal below x. For scoring only. */
static double normal_below(double x)
{
    return 0.5 * erfc(-x / sqrt(2));
}

/* A direction in the plane, without a sine: a point in the disc, its angle doubled (von Neumann 1951). */
static void draw_direction(struct rng *r, double *cosine, double *sine)
{
    double u, v, s;
    do {
        u = 2 * rng_uniform(r) - 1;
        v = 2 * rng_uniform(r) - 1;
        s = u * u + v * v;
    } while (s >= 1 || s == 0);
    *cosine = (u * u - v * v) / s;
    *sine = 2 * u * v / s;
}

/* Weights in a random direction, of the length given. sqrt is exact to the last bit by IEEE 754. */
static void draw_weights(struct planted *p, struct rng *r, double length)
{
    double squares = 0;
    for (size_t j = 0; j < p->columns; j++) {
        p->weights[j] = rng_normal(r);
        squares += p->weights[j] * p->weights[j];
    }
    for (size_t j = 0; j < p->columns; j++)
        p->weights[j] *= length / sqrt(squares);
    p->has_weights = true;
}

/* --- gauss2: two round clouds, 2 apart, in a random place and direction ----------------------- */

static void plant_gauss2(struct planted *p, struct rng *r)
{
    double along[2], middle[2];
    p->noise = planted_value(p, "noise");
    draw_direction(r, &along[0], &along[1]);
    for (int j = 0; j < 2; j++)
        middle[j] = 2 * rng_uniform(r) - 1;
    for (int j = 0; j < 2; j++) {
        p->centres[j] = middle[j] - along[j];
        p->centres[2 + j] = middle[j] + along[j];
        p->weights[j] = 2 * along[j] / (p->noise * p->noise); /* the log odds are linear */
        p->bias -= p->weights[j] * middle[j];
    }
    p->has_weights = true;
    p->bayes = normal_below(1 / p->noise);
}

static void row_cloud(const struct planted *p, struct rng *r, size_t class, float *x, float *y)
{
    for (size_t j = 0; j < p->columns; j++)
        x[j] = (float)(p->centres[class * p->columns + j] + p->noise * rng_normal(r));
    *y = (float)class;
}

static void row_gauss2(const struct planted *p, struct rng *r, float *x, float *y)
{
    row_cloud(p, r, (size_t)rng_below(r, 2), x, y);
}

/* --- xor2: four clouds at (+-1, +-1); the class is whether the signs differ ------------------- */

static void plant_xor2(struct planted *p, struct rng *r)
{
    double right;
    (void)r;
    p->noise = planted_value(p, "noise");
    right = normal_below(1 / p->noise);
    p->bayes = right * right + (1 - right) * (1 - right);
}

static void row_xor2(const struct planted *p, struct rng *r, float *x, float *y)
{
    uint64_t corner = rng_below(r, 4);
    double a = corner & 1 ? 1 : -1, b = corner & 2 ? 1 : -1;
    x[0] = (float)(a + p->noise * rng_normal(r));
    x[1] = (float)(b + p->noise * rng_normal(r));
    *y = a * b < 0;
}

/* --- moons2: two half circles that reach into each other -------------------------------------- */

static void plant_moons2(struct planted *p, struct rng *r)
{
    (void)r;
    p->noise = planted_value(p, "noise");
}

static void row_moons2(const struct planted *p, struct rng *r, float *x, float *y)
{
    uint64_t lower = rng_below(r, 2);
    double cosine, sine;
    draw_direction(r, &cosine, &sine);
    sine = sine < 0 ? -sine : sine;
    x[0] = (float)((lower ? 1 - cosine : cosine) + p->noise * rng_normal(r));
    x[1] = (float)((lower ? 0.5 - sine : sine) + p->noise * rng_normal(r));
    *y = (float)lower;
}

/* --- gauss_mix: a round cloud per class, classes of unequal shares ---------------------------- */

static void plant_gauss_mix(struct planted *p, struct rng *r)
{
    double spread = planted_value(p, "spread"), skew = planted_value(p, "skew"), share = 1, sum = 0;
    p->noise = 1;
    for (size_t i = 0; i < p->classes * p->columns; i++)
        p->centres[i] = spread * rng_normal(r);
    for (size_t k = 0; k < p->classes; k++, share *= skew)
        sum += p->shares[k] = share;
    for (size_t k = 0; k < p->classes; k++)
        p->shares[k] /= sum;
    p->has_centres = true;
}

static void row_gauss_mix(const struct planted *p, struct rng *r, float *x, float *y)
{
    double u = rng_uniform(r);
    size_t class = 0;
    while (class + 1 < p->classes && u >= p->shares[class])
        u -= p->shares[class ++];
    row_cloud(p, r, class, x, y);
}

/* --- logit_lin, scaled_lin: binary labels from a linear score through the logistic function --- */

/* Accuracy of the planted weights when the score is normal with this standard deviation: the mean of
 * 1 / (1 + e^-|s|), by Simpson's rule. For scoring only. */
static double logit_bayes(double deviation)
{
    int steps = 4000;
    double width = 16.0 / steps, sum = 0;
    for (int i = 0; i <= steps; i++) {
        double z = -8 + width * i, weight = i == 0 || i == steps ? 1 : i % 2 ? 4 : 2;
        sum += weight * exp(-0.5 * z * z) / (1 + exp(-deviation * fabs(z)));
    }
    return sum * width / 3 / sqrt(2 * M_PI);
}

static void plant_logit(struct planted *p, struct rng *r)
{
    double strength = planted_value(p, "strength"), low = planted_value(p, "low"), high = planted_value(p, "high");
    draw_weights(p, r, strength);
    for (size_t j = 0; j < p->columns && !isnan(low); j++)
        p->scales[j] = plain_power10(p->columns > 1 ? low + (high - low) * (double)j / (double)(p->columns - 1) : low);
    p->bayes = logit_bayes(strength);
}

static void row_logit(const struct planted *p, struct rng *r, float *x, float *y)
{
    double score = 0;
    for (size_t j = 0; j < p->columns; j++) {
        double z = rng_normal(r);
        score += p->weights[j] * z;
        x[j] = (float)(p->scales[j] * z);
    }
    *y = rng_uniform(r) * (1 + plain_exp(score > -700 ? -score : 700)) < 1;
}

/* --- sparse_lin: as logit_lin, but few inputs have a weight ------------------------------------- */

static void plant_sparse(struct planted *p, struct rng *r)
{
    double strength = planted_value(p, "strength"), squares = 0;
    size_t left = (size_t)planted_value(p, "k");
    left = left < p->columns ? left : p->columns;
    for (double *w = p->weights; left; w = p->weights) {
        w += rng_below(r, p->columns);
        if (*w != 0)
            continue;
        *w = (rng_uniform(r) < 0.5 ? -1 : 1) * (1 + rng_uniform(r));
        squares += *w * *w;
        left--;
    }
    for (size_t j = 0; j < p->columns; j++)
        p->weights[j] *= strength / sqrt(squares);
    p->has_weights = true;
    p->bayes = logit_bayes(strength);
}

/* --- gauss_lin, line1: a linear function plus normal noise ------------------------------------ */

static void plant_line(struct planted *p, struct rng *r)
{
    p->noise = planted_value(p, "noise");
    for (size_t j = 0; j < p->columns; j++)
        p->weights[j] = rng_normal(r);
    p->bias = rng_normal(r);
    p->has_weights = true;
    p->bayes = p->noise * p->noise;
}

static void row_gauss_lin(const struct planted *p, struct rng *r, float *x, float *y)
{
    double value = p->bias;
    for (size_t j = 0; j < p->columns; j++) {
        double z = rng_normal(r);
        x[j] = (float)z;
        value += p->weights[j] * z;
    }
    *y = (float)(value + p->noise * rng_normal(r));
}

static void row_line1(const struct planted *p, struct rng *r, float *x, float *y)
{
    double at = 6 * rng_uniform(r) - 3;
    x[0] = (float)at;
    *y = (float)(p->bias + p->weights[0] * at + p->noise * rng_normal(r));
}

#define ROWS(fallback)                                                                                                 \
    {                                                                                                                  \
        "n", fallback, 10, 1000000, true, "training rows"                                                              \
    }
#define INPUTS(fallback)                                                                                               \
    {                                                                                                                  \
        "d", fallback, 1, 3000, true, "inputs"                                                                         \
    }
#define NOISE(fallback, help)                                                                                          \
    {                                                                                                                  \
        "noise", fallback, 0.01, 100, false, help                                                                      \
    }
#define STRENGTH(fallback)                                                                                             \
    {                                                                                                                  \
        "strength", fallback, 0.01, 100, false, "standard deviation of the log odds: more is easier"                   \
    }

const struct source generate_sources[] = {
    {{"gauss2",
      "Two clouds",
      "Two round clouds whose centres lie 2 apart; a straight line is the best rule.",
      "binary",
      {ROWS(2000), NOISE(0.6, "standard deviation of each cloud: more overlaps more")}},
     2,
     2,
     plant_gauss2,
     row_gauss2},
    {{"xor2",
      "Four corners",
      "Clouds at the corners of a square, opposite corners alike; a straight line can at best cut off one corner.",
      "binary",
      {ROWS(2000), NOISE(0.4, "standard deviation of each cloud")}},
     2,
     2,
     plant_xor2,
     row_xor2},
    {{"moons2",
      "Two moons",
      "Two half circles that reach into each other; a straight line gets most of it.",
      "binary",
      {ROWS(2000), NOISE(0.15, "standard deviation around the half circles")}},
     2,
     2,
     plant_moons2,
     row_moons2},
    {{"gauss_mix",
      "Many clouds",
      "One round cloud for each class, at random places.",
      "multiclass",
      {ROWS(4000),
       INPUTS(8),
       {"classes", 4, 2, 10, true, "classes"},
       {"spread", 1.5, 0.01, 100, false, "standard deviation of the centres; the clouds have 1"},
       {"skew", 1, 0.1, 1, false, "share of each class against the one before: 1 makes all equal"}}},
     0,
     0,
     plant_gauss_mix,
     row_gauss_mix},
    {{"logit_lin",
      "Linear log odds",
      "Inputs of scale 1; the log odds of class 1 are linear in them.",
      "binary",
      {ROWS(2000), INPUTS(20), STRENGTH(4)}},
     0,
     2,
     plant_logit,
     row_logit},
    {{"scaled_lin",
      "Linear log odds, unequal scales",
      "As logit_lin, but the inputs come in different units.",
      "binary",
      {ROWS(4000),
       INPUTS(10),
       {"low", -2, -6, 6, false, "the first input has the scale 10^low"},
       {"high", 3, -6, 6, false, "the last input has the scale 10^high"},
       STRENGTH(11)}},
     0,
     2,
     plant_logit,
     row_logit},
    {{"gauss_lin",
      "Linear function",
      "A linear function of normal inputs plus normal noise.",
      "regression",
      {ROWS(2000), INPUTS(5), NOISE(0.5, "standard deviation of the noise")}},
     0,
     0,
     plant_line,
     row_gauss_lin},
    {{"line1",
      "A line",
      "One input between -3 and 3, a straight line and normal noise.",
      "regression",
      {ROWS(500), NOISE(0.5, "standard deviation of the noise")}},
     1,
     0,
     plant_line,
     row_line1},
    {{"sparse_lin",
      "Few inputs matter",
      "Many inputs of scale 1; the log odds of class 1 are linear in a few of them.",
      "binary",
      {ROWS(250), INPUTS(100), {"k", 8, 1, 100, true, "inputs that matter"}, STRENGTH(4)}},
     0,
     2,
     plant_sparse,
     row_logit},
    {{"bumps_clf",
      "Bumps and a product",
      "Twelve inputs of which 4 matter: two by a bump, two by their product. Some labels are flipped.",
      "binary",
      {ROWS(1500), {"d", 12, 6, 3000, true, "inputs"}, {"flip", 0.1, 0, 0.5, false, "share of flipped labels"}}},
     0,
     2,
     plant_bumps,
     row_bumps},
    {{"friedman1",
      "Friedman's function",
      "Inputs between 0 and 1; five of them matter, two through the sine of their product.",
      "regression",
      {ROWS(500),
       {"d", 10, 5, 3000, true, "inputs"},
       NOISE(1, "standard deviation of the noise"),
       {"outliers", 0, 0, 0.05, false, "share of rows with ten times the noise"}}},
     0,
     0,
     plant_friedman,
     row_friedman},
    {{"imb_gauss",
      "Few positives",
      "Ten inputs; the few rows of class 1 are shifted on four of them.",
      "binary",
      {ROWS(2000),
       {"d", 10, 4, 3000, true, "inputs"},
       {"positives", 0.05, 0.005, 0.5, false, "share of class 1"},
       {"shift", 1, 0.01, 10, false, "how far class 1 is shifted on each of the four"}}},
     0,
     2,
     plant_imb,
     row_imb},
    {{"curve1",
      "A wave with a step",
      "One input between -3 and 3, a sine wave with a step in it, and normal noise.",
      "regression",
      {ROWS(500), NOISE(0.3, "standard deviation of the noise")}},
     1,
     0,
     plant_curve,
     row_curve},
    {{"table_mix",
      "A mixed table",
      "Columns of three kinds in turn: normal numbers, few whole numbers, numbers that rise with the row.",
      "binary",
      {ROWS(20000),
       INPUTS(30),
       {"zeros", 0.5, 0, 0.99, false, "share of zeros in the first two kinds"},
       {"distinct", 10, 1, 1000, true, "values of the second kind"}}},
     0,
     2,
     plant_table,
     row_table},
    {{NULL, NULL, NULL, NULL, {{NULL, 0, 0, 0, false, NULL}}}, 0, 0, NULL, NULL},
};
