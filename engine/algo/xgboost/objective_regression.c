/* Values and counts. p is the prediction, m the margin, y the label; where they differ p = e^m. */
#include <math.h>

#include "engine/algo/xgboost/objective_kinds.h"
#include "engine/tensor/exp.h"

#define SMALLEST_HESSIAN 1e-6f

VECTORISED void squared_gradient(const struct objective_settings *s, const struct dataset *d, const float *margin,
                                 size_t first, size_t end, struct gradient *out)
{
    const float *y = d->y, *weight = d->weight;
    (void)s;
    if (!weight) {
        for (size_t i = first; i < end; i++)
            out[i] = (struct gradient){margin[i] - y[i], 1};
        return;
    }
    for (size_t i = first; i < end; i++)
        out[i] = (struct gradient){(margin[i] - y[i]) * weight[i], weight[i]};
}

/* (log(1 + p) - log(1 + y))^2 / 2 */
void squared_log_gradient(const struct objective_settings *s, const struct dataset *d, const float *margin,
                          size_t first, size_t end, struct gradient *out)
{
    (void)s;
    for (size_t i = first; i < end; i++) {
        float p = fmaxf(margin[i], -1 + 1e-6f), w = row_weight(d, i), off = log1pf(p) - log1pf(d->y[i]);
        float h = fmaxf((1 - off) / ((p + 1) * (p + 1)), SMALLEST_HESSIAN);
        out[i] = (struct gradient){off / (p + 1) * w, h * w};
    }
}

/* slope^2 (sqrt(1 + (z / slope)^2) - 1), z = p - y */
void pseudo_huber_gradient(const struct objective_settings *s, const struct dataset *d, const float *margin,
                           size_t first, size_t end, struct gradient *out)
{
    float slope2 = (float)(s->huber_slope * s->huber_slope);
    for (size_t i = first; i < end; i++) {
        float z = margin[i] - d->y[i], root = sqrtf(1 + z * z / slope2), w = row_weight(d, i);
        out[i] = (struct gradient){z / root * w, slope2 / ((slope2 + z * z) * root) * w};
    }
}

void absolute_gradient(const struct objective_settings *s, const struct dataset *d, const float *margin, size_t first,
                       size_t end, struct gradient *out)
{
    (void)s;
    for (size_t i = first; i < end; i++) {
        float off = margin[i] - d->y[i], w = row_weight(d, i);
        out[i] = (struct gradient){(float)((off > 0) - (off < 0)) * w, w};
    }
}

/* y / p + log p */
void gamma_gradient(const struct objective_settings *s, const struct dataset *d, const float *margin, size_t first,
                    size_t end, struct gradient *out)
{
    (void)s;
    for (size_t i = first; i < end; i++) {
        float ratio = d->y[i] / expf(margin[i]), w = row_weight(d, i);
        out[i] = (struct gradient){(1 - ratio) * w, ratio * w};
    }
}

/* -y e^((1-rho) m) / (1-rho) + e^((2-rho) m) / (2-rho) */
void tweedie_gradient(const struct objective_settings *s, const struct dataset *d, const float *margin, size_t first,
                      size_t end, struct gradient *out)
{
    float rho = (float)s->tweedie_variance_power;
    for (size_t i = first; i < end; i++) {
        float a = d->y[i] * expf((1 - rho) * margin[i]), b = expf((2 - rho) * margin[i]), w = row_weight(d, i);
        out[i] = (struct gradient){(b - a) * w, ((2 - rho) * b - (1 - rho) * a) * w};
    }
}

/* e^m - y m; the second derivative is taken e^max_delta_step larger, so that a step cannot run away. */
void poisson_gradient(const struct objective_settings *s, const struct dataset *d, const float *margin, size_t first,
                      size_t end, struct gradient *out)
{
    float reach = (float)s->max_delta_step;
    for (size_t i = first; i < end; i++) {
        float w = row_weight(d, i);
        out[i] = (struct gradient){(expf(margin[i]) - d->y[i]) * w, expf(margin[i] + reach) * w};
    }
}
