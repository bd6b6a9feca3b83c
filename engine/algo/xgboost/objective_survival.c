/* Times until something happens. aft: the label is the time, which was seen (log time = margin + scale * noise). cox:
 * a negative label is a time until which nothing had happened (right-censored). */
#include <math.h>
#include <stdlib.h>

#include "engine/algo/xgboost/objective_kinds.h"

#define GRADIENT_MOST 15.0
#define HESSIAN_LEAST 1e-16

static double clip(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

/* By z = (log y - m) / scale: d/dm and d2/dm2 of -log density. */
void aft_gradient(const struct objective_settings *s, const struct dataset *d, const float *margin, size_t first,
                  size_t end, struct gradient *out)
{
    double scale = s->aft_scale;
    for (size_t i = first; i < end; i++) {
        double z = (log((double)d->y[i]) - (double)margin[i]) / scale, w = (double)row_weight(d, i), g, h;
        if (s->aft_distribution == AFT_NORMAL) {
            g = -z / scale;
            h = 1 / (scale * scale);
        } else if (s->aft_distribution == AFT_LOGISTIC) {
            double p = 1 / (1 + exp(-z));
            g = (1 - 2 * p) / scale;
            h = 2 * p * (1 - p) / (scale * scale);
        } else {
            double e = exp(fmin(z, 700));
            g = (1 - e) / scale;
            h = e / (scale * scale);
        }
        out[i].g = (float)(clip(g, -GRADIENT_MOST, GRADIENT_MOST) * w);
        out[i].h = (float)(clip(h, HESSIAN_LEAST, GRADIENT_MOST) * w);
    }
}

struct timed {
    double time;
    size_t row;
};

static int by_time(const void *a, const void *b)
{
    const struct timed *x = a, *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Cox 1972, ties by Breslow: rows at risk are those with as long a time or longer. */
void cox_gradient(const struct objective_settings *s, const struct dataset *d, const float *margin, size_t first,
                  size_t end, struct gradient *out)
{
    struct timed *order = malloc((end - first + 1) * sizeof *order);
    double at_risk = 0, leaving = 0, last_time = 0, last_risk = 0, r = 0, t = 0;
    (void)s;
    for (size_t i = first; order && i < end; i++) {
        order[i - first] = (struct timed){fabs((double)d->y[i]), i};
        at_risk += exp((double)margin[i]);
        out[i] = (struct gradient){0, 0};
    }
    if (!order)
        return;
    qsort(order, end - first, sizeof *order, by_time);
    for (size_t k = 0; k < end - first; k++) {
        size_t i = order[k].row;
        double risk = exp((double)margin[i]), w = (double)row_weight(d, i), time = order[k].time;
        bool seen = d->y[i] > 0;
        leaving += last_risk;
        if (last_time < time) {
            at_risk -= leaving;
            leaving = 0;
        }
        if (seen) {
            r += 1 / at_risk;
            t += 1 / (at_risk * at_risk);
        }
        out[i] = (struct gradient){(float)((risk * r - seen) * w), (float)((risk * r - risk * risk * t) * w)};
        last_time = time;
        last_risk = risk;
    }
    free(order);
}
