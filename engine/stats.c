#include "engine/stats.h"

#include <float.h>
#include <math.h>

/* Continued fraction of the incomplete beta function (DLMF 8.17.22), evaluated front to back by Lentz's method. */
static double beta_fraction(double a, double b, double x)
{
    double c = 1, d = 1 - (a + b) * x / (a + 1), h;
    if (fabs(d) < DBL_MIN)
        d = DBL_MIN;
    d = 1 / d;
    h = d;
    for (int m = 1; m <= 500; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        double terms[2] = {even, odd}, factor = 1;
        for (int i = 0; i < 2; i++) {
            d = 1 + terms[i] * d;
            c = 1 + terms[i] / c;
            if (fabs(d) < DBL_MIN)
                d = DBL_MIN;
            if (fabs(c) < DBL_MIN)
                c = DBL_MIN;
            d = 1 / d;
            factor = c * d;
            h *= factor;
        }
        if (fabs(factor - 1) < 1e-15)
            break;
    }
    return h;
}

/* Regularised incomplete beta function I_x(a, b). The fraction converges fast for x < (a + 1) / (a + b + 2) only. */
static double incomplete_beta(double a, double b, double x)
{
    double front;
    if (x <= 0)
        return 0;
    if (x >= 1)
        return 1;
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    if (x < (a + 1) / (a + b + 2))
        return front * beta_fraction(a, b, x) / a;
    return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double stats_t_probability(double t, double freedom)
{
    double tail = 0.5 * incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t));
    return t > 0 ? 1 - tail : tail;
}

/* Bisection: slow, but cannot fail, and it runs once per seed. */
double stats_t_quantile(double p, double freedom)
{
    double low = 0, high = 1, tail = p > 0.5 ? 1 - p : p;
    while (stats_t_probability(-high, freedom) > tail && high < 1e150)
        high *= 2;
    for (int i = 0; i < 200 && high - low > 1e-13 * high; i++) {
        double middle = 0.5 * (low + high);
        if (stats_t_probability(-middle, freedom) > tail)
            low = middle;
        else
            high = middle;
    }
    return p > 0.5 ? high : -high;
}

struct stats_interval stats_interval(const double *values, size_t n, double confidence)
{
    struct stats_interval in = {0};
    double squares = 0, half;
    for (size_t i = 0; i < n; i++)
        in.mean += (values[i] - in.mean) / (double)(i + 1);
    for (size_t i = 0; i < n; i++)
        squares += (values[i] - in.mean) * (values[i] - in.mean);
    half = stats_t_quantile(0.5 + confidence / 2, (double)(n - 1)) * sqrt(squares / (double)(n - 1) / (double)n);
    in.low = in.mean - half;
    in.high = in.mean + half;
    return in;
}

enum stats_decision stats_decide(const struct stats_rule *rule, const double *values, size_t n,
                                 struct stats_interval *interval)
{
    if (n < 2)
        return STATS_MORE;
    *interval = stats_interval(values, n, rule->confidence);
    if (n < rule->start)
        return STATS_MORE;
    if (interval->low > rule->band)
        return STATS_ABOVE;
    if (interval->high < -rule->band)
        return STATS_BELOW;
    if (interval->low > -rule->band && interval->high < rule->band)
        return STATS_WITHIN;
    return n < rule->cap ? STATS_MORE : STATS_UNDECIDED;
}
