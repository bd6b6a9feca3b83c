#include "engine/algo/xgboost/split.h"

#include <math.h>

#include "engine/tensor/exp.h"

static double threshold(double g, double alpha)
{
    return g > alpha ? g - alpha : g < -alpha ? g + alpha : 0;
}

double split_weight(const struct grow_settings *s, const struct split_bounds *bounds, double g, double h)
{
    double w;
    if (h <= 0)
        return 0;
    w = -threshold(g, s->alpha) / (h + s->lambda);
    if (s->max_delta_step > 0)
        w = fmax(-s->max_delta_step, fmin(s->max_delta_step, w));
    return fmax(bounds->low, fmin(bounds->high, w));
}

/* What a given weight takes off the loss, twice over. */
static double gain_of_weight(const struct grow_settings *s, double w, double g, double h)
{
    return -(2 * g * w + (h + s->lambda) * w * w + 2 * s->alpha * fabs(w));
}

static bool is_plain(const struct grow_settings *s)
{
    return s->max_delta_step <= 0 && !s->monotone;
}

double split_gain(const struct grow_settings *s, const struct split_bounds *bounds, double g, double h)
{
    if (h <= 0)
        return 0;
    if (is_plain(s)) {
        double t = threshold(g, s->alpha);
        return t * t / (h + s->lambda);
    }
    return gain_of_weight(s, split_weight(s, bounds, g, h), g, h);
}

/* --- all splits of a column, by vectors -----------------------------------------------------------------------------
 */

/* What stays the same for the splits of one column. */
struct ends {
    double g, h, parent, lambda, alpha, least; /* sums of the node; least hessian of a child */
};

/* gain[k] of sending sums g[k], h[k] left; -1 where a side is too light. */
VECTORISED static void gains(double *restrict gain, const double *restrict g, const double *restrict h, size_t n,
                             const struct ends *e)
{
    const double alpha = e->alpha, lambda = e->lambda, least = e->least, all_g = e->g, all_h = e->h;
    for (size_t k = 0; k < n; k++) {
        double right_g = all_g - g[k], right_h = all_h - h[k];
        double a = fabs(g[k]) - alpha, b = fabs(right_g) - alpha;
        double both;
        a = a > 0 ? a : 0;
        b = b > 0 ? b : 0;
        both = a * a / (h[k] + lambda) + b * b / (right_h + lambda);
        gain[k] = h[k] >= least && right_h >= least ? both : -1;
    }
}

static double constrained(const struct grow_settings *s, const struct split_bounds *bounds, signed char direction,
                          double g, double h, const struct ends *e)
{
    double right_g = e->g - g, right_h = e->h - h, left, right;
    if (!(h >= e->least && right_h >= e->least))
        return -1;
    left = split_weight(s, bounds, g, h);
    right = split_weight(s, bounds, right_g, right_h);
    if ((direction > 0 && left > right) || (direction < 0 && left < right))
        return -1;
    return gain_of_weight(s, left, g, h) + gain_of_weight(s, right, right_g, right_h);
}

/* The first of the largest. */
static size_t largest(const double *gain, size_t n)
{
    size_t best = 0;
    for (size_t k = 1; k < n; k++)
        best = gain[k] > gain[best] ? k : best;
    return best;
}

/* Sums up to each bin, `base` (the missing rows, or 0) among them. */
static void sums(const uint64_t *cells, size_t n, uint64_t base, const struct split_units *units, double *g, double *h)
{
    uint64_t sum = base;
    for (size_t k = 0; k < n; k++) {
        sum += cells[k];
        g[k] = (double)packed_g(sum) * units->g;
        h[k] = (double)packed_h(sum) * units->h;
    }
}

static void take(struct split *best, double gain, uint32_t number, size_t bin, bool default_left, const uint64_t *cells,
                 uint64_t base, uint64_t total)
{
    uint64_t left = base;
    for (size_t k = 0; k <= bin; k++)
        left += cells[k];
    *best = (struct split){gain, number, (uint32_t)bin, default_left, left, total - left};
}

void split_column(const struct grow_settings *s, const struct split_units *units, const struct bins_column *column,
                  uint32_t number, const uint64_t *cells, uint64_t total, double parent,
                  const struct split_bounds *bounds, double *scratch, struct split *best)
{
    uint32_t bins = column->cuts.bins;
    uint64_t missing = column->missing ? cells[bins] : 0;
    struct ends e = {
        (double)packed_g(total) * units->g, (double)packed_h(total) * units->h, parent, s->lambda, s->alpha,
        fmax(s->min_child_weight, 1e-16)};
    double *g = scratch, *h = g + bins + 1, *gain = h + bins + 1;
    /* With rows missing here: all that is known left, the missing right, is a split too. */
    for (int side = 0; side < (missing ? 2 : 1); side++) { /* missing rows to the right, then to the left */
        size_t n = bins - (missing && side == 0 ? 0 : 1), k;
        uint64_t base = side ? missing : 0;
        if (n == 0)
            continue;
        sums(cells, n, base, units, g, h);
        if (is_plain(s))
            gains(gain, g, h, n, &e);
        else
            for (k = 0; k < n; k++)
                gain[k] = constrained(s, bounds, s->monotone ? s->monotone[number] : 0, g[k], h[k], &e);
        k = largest(gain, n);
        if (gain[k] - parent > best->gain && gain[k] - parent > SPLIT_SMALLEST && gain[k] >= 0)
            take(best, gain[k] - parent, number, k, side == 1, cells, base, total);
    }
}
