#include "engine/nn/likelihood.h"

#include <math.h>
#include <strings.h>

#include "engine/tensor/likelihood.h"

#define PI 3.14159265358979323846

/* --- random numbers -------------------------------------------------------------------------------------------------
 */

/* Two normal numbers would come at once (Marsaglia and Bray 1964); one is dropped. As rng_normal, by the C library. */
static double draw_normal(struct rng *r)
{
    double u, v, s;
    do {
        u = 2 * rng_uniform(r) - 1;
        v = 2 * rng_uniform(r) - 1;
        s = u * u + v * v;
    } while (s >= 1 || s == 0);
    return u * sqrt(-2 * log(s) / s);
}

/* Scale 1 (Marsaglia and Tsang 2000); a shape below 1 by that of shape + 1 times uniform^(1 / shape). */
static double draw_gamma(double shape, struct rng *r)
{
    double boost = shape < 1 ? pow(1 - rng_uniform(r), 1 / shape) : 1;
    double d = (shape < 1 ? shape + 1 : shape) - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = draw_normal(r), v = 1 + c * x, u = 1 - rng_uniform(r);
        if (v <= 0)
            continue;
        v = v * v * v;
        if (u < 1 - 0.0331 * x * x * x * x || log(u) < 0.5 * x * x + d * (1 - v + log(v)))
            return boost * d * v;
    }
}

/* Small means: the place in the cumulated probabilities, from 0 up. */
static double draw_poisson_small(double mean, struct rng *r)
{
    double u = rng_uniform(r), term = exp(-mean), sum = term, k = 0;
    while (u >= sum && k < 1000) {
        k++;
        term *= mean / k;
        sum += term;
    }
    return k;
}

/* Rejection from a transformed pair of uniform numbers: PTRS of Hoermann 1993. */
static double draw_poisson_large(double mean, struct rng *r)
{
    double b = 0.931 + 2.53 * sqrt(mean), a = -0.059 + 0.02483 * b, inverse = 1.1239 + 1.1328 / (b - 3.4);
    double near = 0.9277 - 3.6224 / (b - 2), log_mean = log(mean);
    for (;;) {
        double u = rng_uniform(r) - 0.5, v = 1 - rng_uniform(r), s = 0.5 - fabs(u);
        double k = floor((2 * a / s + b) * u + mean + 0.43);
        if (s >= 0.07 && v <= near)
            return k;
        if (k < 0 || (s < 0.013 && v > s))
            continue;
        if (log(v) + log(inverse) - log(a / (s * s) + b) <= k * log_mean - mean - log_gamma(k + 1))
            return k;
    }
}

/* From 2^52 on whole numbers are no finer than the deviation of the normal that it then is. */
static double draw_poisson(double mean, struct rng *r)
{
    if (mean < 12)
        return draw_poisson_small(mean, r);
    return mean < 0x1p40 ? draw_poisson_large(mean, r) : fmax(0, rint(mean + sqrt(mean) * draw_normal(r)));
}

/* --- gaussian -------------------------------------------------------------------------------------------------------
 */

static double gaussian_log(const struct likelihood_parameters *p, double y)
{
    double z = (y - p->a) / p->b;
    return -0.5 * z * z - log(p->b) - 0.5 * log(2 * PI);
}

static double gaussian_draw(const struct likelihood_parameters *p, struct rng *r)
{
    return p->a + p->b * draw_normal(r);
}

static struct likelihood_parameters gaussian(const float *raw, double v)
{
    return (struct likelihood_parameters){LIKELIHOOD_GAUSSIAN, (double)raw[0] * v,
                                          (softplus((double)raw[1]) + 1e-4) * v, 0};
}

static double location(const struct likelihood_parameters *p)
{
    return p->a;
}

/* --- student-t ------------------------------------------------------------------------------------------------------
 */

static double student_log(const struct likelihood_parameters *p, double y)
{
    double z = (y - p->a) / p->b, half = 0.5 * (p->c + 1);
    return log_gamma(half) - log_gamma(0.5 * p->c) - 0.5 * log(PI * p->c) - log(p->b) - half * log1p(z * z / p->c);
}

/* A normal number over the root of a chi-square number per degree of freedom. */
static double student_draw(const struct likelihood_parameters *p, struct rng *r)
{
    double chi_square = 2 * draw_gamma(0.5 * p->c, r);
    return p->a + p->b * draw_normal(r) * sqrt(p->c / chi_square);
}

static struct likelihood_parameters student(const float *raw, double v)
{
    return (struct likelihood_parameters){LIKELIHOOD_STUDENT_T, (double)raw[0] * v,
                                          (softplus((double)raw[1]) + 1e-4) * v, 2 + softplus((double)raw[2])};
}

/* --- negative binomial ----------------------------------------------------------------------------------------------
 */

/* With r = 1 / shape: gamma(y + r) / (gamma(y + 1) gamma(r)) (1 / (1 + shape mean))^r (shape mean / (1 + shape
 * mean))^y. */
static double binomial_log(const struct likelihood_parameters *p, double y)
{
    double r = 1 / p->b, product = p->a * p->b;
    return log_gamma(y + r) - log_gamma(y + 1) - log_gamma(r) - r * log1p(product) +
           y * (log(product) - log1p(product));
}

/* Poisson with a gamma mean. */
static double binomial_draw(const struct likelihood_parameters *p, struct rng *r)
{
    return draw_poisson(draw_gamma(1 / p->b, r) * p->a * p->b, r);
}

static struct likelihood_parameters binomial(const float *raw, double v)
{
    return (struct likelihood_parameters){LIKELIHOOD_NEGATIVE_BINOMIAL, softplus((double)raw[0]) * v + 1e-6,
                                          softplus((double)raw[1]) / sqrt(v) + 1e-6, 0};
}

static bool is_count(double y)
{
    return y >= 0 && y == floor(y);
}

/* --- beta -----------------------------------------------------------------------------------------------------------
 */

static double beta_log(const struct likelihood_parameters *p, double y)
{
    double x = fmin(fmax(y, 1e-6), 1 - 1e-6);
    return (p->a - 1) * log(x) + (p->b - 1) * log1p(-x) + log_gamma(p->a + p->b) - log_gamma(p->a) - log_gamma(p->b);
}

/* Both can be 0 where the shapes are tiny: then it is one of the ends, by the odds of a to b. */
static double beta_draw(const struct likelihood_parameters *p, struct rng *r)
{
    double x = draw_gamma(p->a, r), y = draw_gamma(p->b, r);
    if (x + y > 0)
        return x / (x + y);
    return rng_uniform(r) * (p->a + p->b) < p->a ? 1 : 0;
}

static double beta_mean(const struct likelihood_parameters *p)
{
    return p->a / (p->a + p->b);
}

static struct likelihood_parameters beta(const float *raw, double v)
{
    (void)v;
    return (struct likelihood_parameters){LIKELIHOOD_BETA, softplus((double)raw[0]) + 1e-4,
                                          softplus((double)raw[1]) + 1e-4, 0};
}

static bool is_share(double y)
{
    return y >= 0 && y <= 1;
}

/* --- L1 -------------------------------------------------------------------------------------------------------------
 */

static double point_log(const struct likelihood_parameters *p, double y)
{
    return -fabs(y - p->a) / p->b;
}

static double point_draw(const struct likelihood_parameters *p, struct rng *r)
{
    (void)r;
    return p->a;
}

static struct likelihood_parameters point(const float *raw, double v)
{
    return (struct likelihood_parameters){LIKELIHOOD_L1, (double)raw[0] * v, v, 0};
}

static bool is_number(double y)
{
    return isfinite(y);
}

/* --- the table ------------------------------------------------------------------------------------------------------
 */

static const struct {
    const char *name;
    size_t outputs;
    struct likelihood_parameters (*parameters)(const float *raw, double v);
    double (*mean)(const struct likelihood_parameters *p);
    double (*log)(const struct likelihood_parameters *p, double y);
    double (*draw)(const struct likelihood_parameters *p, struct rng *r);
    bool (*takes)(double y);
} kinds[] = {
    [LIKELIHOOD_GAUSSIAN] = {"gaussian", 2, gaussian, location, gaussian_log, gaussian_draw, is_number},
    [LIKELIHOOD_STUDENT_T] = {"student-T", 3, student, location, student_log, student_draw, is_number},
    [LIKELIHOOD_NEGATIVE_BINOMIAL] = {"negative-binomial", 2, binomial, location, binomial_log, binomial_draw,
                                      is_count},
    [LIKELIHOOD_BETA] = {"beta", 2, beta, beta_mean, beta_log, beta_draw, is_share},
    [LIKELIHOOD_L1] = {"deterministic-L1", 1, point, location, point_log, point_draw, is_number},
};

size_t likelihood_outputs(enum likelihood kind)
{
    return kinds[kind].outputs;
}

const char *likelihood_name(enum likelihood kind)
{
    return kinds[kind].name;
}

int likelihood_kind_of(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcasecmp(kinds[i].name, name) == 0)
            return (int)i;
    return -1;
}

bool likelihood_takes(enum likelihood kind, double y)
{
    return kinds[kind].takes(y);
}

struct likelihood_parameters likelihood_parameters(enum likelihood kind, const float *raw, double v)
{
    return kinds[kind].parameters(raw, v);
}

double likelihood_mean(const struct likelihood_parameters *p)
{
    return kinds[p->kind].mean(p);
}

double likelihood_log(const struct likelihood_parameters *p, double y)
{
    return kinds[p->kind].log(p, y);
}

double likelihood_draw(const struct likelihood_parameters *p, struct rng *r)
{
    return kinds[p->kind].draw(p, r);
}
