/* How likely a value is under what a network says of it, and the slope by each of the network's raw outputs: the
 * formulas, in double, for every backend.
 *
 * raw: the outputs of one row; v: its scale, by which the series was divided; s(x) = log(1 + e^x).
 *   gaussian            mean raw0 v, sigma (s(raw1) + 1e-4) v
 *   student-t           the same, degrees of freedom 2 + s(raw2)
 *   negative binomial   mean m = s(raw0) v + 1e-6, shape a = s(raw1) / sqrt(v) + 1e-6: variance m + a m^2
 *   beta                alpha s(raw0) + 1e-4, beta s(raw1) + 1e-4; v is not read; y is kept in [1e-6, 1 - 1e-6]
 *   L1                  |y - raw0 v| / v
 * (Salinas et al. 2020 for the first three.) */
#ifndef TENSOR_LIKELIHOOD_H
#define TENSOR_LIKELIHOOD_H

#include <math.h>

#ifndef FORMULA /* a backend's own kind of function: engine/cuda/formula.h */
#define FORMULA static inline
#endif

struct likelihood_point {
    double value;    /* -log p(y) */
    double slope[3]; /* by raw0, raw1, raw2 */
};

#define HALF_LOG_TWO_PI 0.91893853320467274178
#define HALF_LOG_PI 0.57236494292470008707

FORMULA double softplus(double x)
{
    return fmax(x, 0.0) + log1p(exp(-fabs(x)));
}

FORMULA double logistic(double x)
{
    return x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x));
}

/* log Gamma(x), x > 0; unlike lgamma, several threads may call it. */
FORMULA double log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

/* The slope of log Gamma at x > 0: psi(x) = psi(x + 1) - 1/x up to where the asymptotic series (Abramowitz and Stegun
 * 6.3.18) is exact to the last digits. */
FORMULA double digamma(double x)
{
    double below = 0, inverse, square, series;
    for (; x < 10; x++)
        below += 1 / x;
    inverse = 1 / x;
    square = inverse * inverse;
    series = 1.0 / 132 - square * (691.0 / 32760);
    series = 1.0 / 252 - square * (1.0 / 240 - square * series);
    series = square * (1.0 / 12 - square * (1.0 / 120 - square * series));
    return log(x) - 0.5 * inverse - series - below;
}

FORMULA struct likelihood_point likelihood_gaussian(const double *raw, double y, double v)
{
    double sigma = (softplus(raw[1]) + 1e-4) * v, z = (y - raw[0] * v) / sigma;
    return (struct likelihood_point){log(sigma) + z * z / 2 + HALF_LOG_TWO_PI,
                                     {-z * v / sigma, (1 - z * z) / sigma * v * logistic(raw[1])}};
}

FORMULA struct likelihood_point likelihood_student_t(const double *raw, double y, double v)
{
    double sigma = (softplus(raw[1]) + 1e-4) * v, z = (y - raw[0] * v) / sigma;
    double free = 2 + softplus(raw[2]), q = log1p(z * z / free), by_z = (free + 1) * z / (free + z * z);
    double by_free = (1 / free + digamma(free / 2) - digamma((free + 1) / 2) + q - by_z * z / free) / 2;
    return (struct likelihood_point){
        log(sigma) + log(free) / 2 + HALF_LOG_PI + log_gamma(free / 2) - log_gamma((free + 1) / 2) + (free + 1) / 2 * q,
        {-by_z * v / sigma, (1 - z * by_z) / sigma * v * logistic(raw[1]), by_free * logistic(raw[2])}};
}

FORMULA struct likelihood_point likelihood_negative_binomial(const double *raw, double y, double v)
{
    double root = sqrt(v), m = softplus(raw[0]) * v + 1e-6, a = softplus(raw[1]) / root + 1e-6;
    double k = 1 / a, spread = log1p(a * m);
    double by_m = (k + y) * a / (1 + a * m) - y / m;
    double by_a = (digamma(y + k) - digamma(k) - spread) * k * k + (k + y) * m / (1 + a * m) - y * k;
    return (struct likelihood_point){log_gamma(y + 1) + log_gamma(k) - log_gamma(y + k) + (k + y) * spread -
                                         y * log(a * m),
                                     {by_m * v * logistic(raw[0]), by_a / root * logistic(raw[1])}};
}

FORMULA struct likelihood_point likelihood_beta(const double *raw, double y, double v)
{
    double alpha = softplus(raw[0]) + 1e-4, beta = softplus(raw[1]) + 1e-4, both = digamma(alpha + beta);
    double at = fmin(fmax(y, 1e-6), 1 - 1e-6);
    (void)v;
    return (struct likelihood_point){
        log_gamma(alpha) + log_gamma(beta) - log_gamma(alpha + beta) - (alpha - 1) * log(at) - (beta - 1) * log1p(-at),
        {(digamma(alpha) - both - log(at)) * logistic(raw[0]), (digamma(beta) - both - log1p(-at)) * logistic(raw[1])}};
}

FORMULA struct likelihood_point likelihood_l1(const double *raw, double y, double v)
{
    double off = y / v - raw[0];
    return (struct likelihood_point){fabs(off), {off > 0 ? -1.0 : off < 0 ? 1.0 : 0.0}};
}

#endif
