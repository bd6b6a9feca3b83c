#include "engine/nn/loss.h"

#include <math.h>
#include <string.h>

static double sign(double x)
{
    return (double)(x > 0) - (double)(x < 0);
}

static struct loss_point squared_at(double s, double y, double unused)
{
    (void)unused;
    return (struct loss_point){(s - y) * (s - y), 2 * (s - y)};
}

static struct loss_point absolute_at(double s, double y, double unused)
{
    (void)unused;
    return (struct loss_point){fabs(s - y), sign(s - y)};
}

static struct loss_point eps_squared_at(double s, double y, double eps)
{
    double over = fmax(0, fabs(s - y) - eps);
    return (struct loss_point){over * over, 2 * over * sign(s - y)};
}

static struct loss_point eps_absolute_at(double s, double y, double eps)
{
    double over = fmax(0, fabs(s - y) - eps);
    return (struct loss_point){over, over > 0 ? sign(s - y) : 0};
}

static struct loss_point huber_at(double s, double y, double delta)
{
    double r = s - y, size = fabs(r);
    if (size <= delta)
        return (struct loss_point){r * r / 2, r};
    return (struct loss_point){delta * (size - delta / 2), delta * sign(r)};
}

static struct loss_point quantile_at(double s, double y, double q)
{
    double r = y - s;
    return (struct loss_point){r > 0 ? q * r : (q - 1) * r, r > 0 ? -q : r < 0 ? 1 - q : 0};
}

/* With e = exp(-|s|) nothing overflows: log(1 + e^s) = max(s, 0) + log(1 + e). */
static struct loss_point logistic_at(double s, double y, double unused)
{
    double e = exp(-fabs(s));
    (void)unused;
    return (struct loss_point){fmax(s, 0) + log1p(e) - y * s, (s >= 0 ? 1 : e) / (1 + e) - y};
}

static struct loss_point hinge_at(double s, double y, double margin)
{
    double z = y > 0 ? 1 : -1, short_by = margin - z * s;
    return short_by > 0 ? (struct loss_point){short_by, -z} : (struct loss_point){0, 0};
}

static const struct {
    const char *name;
    struct loss_point (*at)(double score, double label, double parameter);
} kinds[] = {
    [LOSS_SQUARED] = {"squared_loss", squared_at},
    [LOSS_ABSOLUTE] = {"absolute_loss", absolute_at},
    [LOSS_EPS_SQUARED] = {"eps_insensitive_squared_loss", eps_squared_at},
    [LOSS_EPS_ABSOLUTE] = {"eps_insensitive_absolute_loss", eps_absolute_at},
    [LOSS_HUBER] = {"huber_loss", huber_at},
    [LOSS_QUANTILE] = {"quantile_loss", quantile_at},
    [LOSS_LOGISTIC] = {"logistic", logistic_at},
    [LOSS_HINGE] = {"hinge_loss", hinge_at},
    [LOSS_SOFTMAX] = {"softmax_loss", NULL},
};

int loss_kind_of(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return (int)i;
    return -1;
}

struct loss_point loss_at(const struct loss *l, double score, double label)
{
    return kinds[l->kind].at(score, label, l->parameter);
}

/* One exponential a row: the sum of log(1 + e) is the log of a product, taken before it can overflow (factors are at
 * most 2, so 512 of them stay below 2^512). */
static double logistic_batch(float *gradient, const float *score, const float *label, size_t rows)
{
    double sum = 0, product = 1;
    for (size_t i = 0; i < rows; i++) {
        float s = score[i], e = expf(-fabsf(s)), y = label[i];
        sum += (double)((s > 0 ? s : 0) - y * s);
        product *= 1 + (double)e;
        if (i % 512 == 511) {
            sum += log(product);
            product = 1;
        }
        if (gradient)
            gradient[i] = (s >= 0 ? 1 : e) / (1 + e) - y;
    }
    return sum + log(product);
}

static double softmax_row(float *gradient, const float *score, size_t label, size_t classes, double weight)
{
    double largest = (double)score[0], sum = 0;
    for (size_t k = 1; k < classes; k++)
        largest = fmax(largest, (double)score[k]);
    for (size_t k = 0; k < classes; k++) {
        float e = expf(score[k] - (float)largest);
        sum += (double)e;
        if (gradient)
            gradient[k] = e;
    }
    if (gradient) {
        float scale = (float)(weight / sum);
        for (size_t k = 0; k < classes; k++)
            gradient[k] *= scale;
        gradient[label] -= (float)weight;
    }
    return log(sum) + largest - (double)score[label];
}

static double softmax_batch(const struct loss *l, float *gradient, const float *score, const float *label,
                            const float *weight, size_t rows)
{
    double sum = 0;
    for (size_t i = 0; i < rows; i++) {
        double w = weight ? (double)weight[i] : 1;
        float *g = gradient ? gradient + i * l->classes : NULL;
        sum += w * softmax_row(g, score + i * l->classes, (size_t)label[i], l->classes, w);
    }
    return sum;
}

double loss_batch(const struct loss *l, float *gradient, const float *score, const float *label, const float *weight,
                  size_t rows)
{
    double sum = 0;
    if (l->kind == LOSS_SOFTMAX)
        return softmax_batch(l, gradient, score, label, weight, rows);
    if (l->kind == LOSS_LOGISTIC && !weight)
        return logistic_batch(gradient, score, label, rows);
    for (size_t i = 0; i < rows; i++) {
        struct loss_point p = loss_at(l, (double)score[i], (double)label[i]);
        double w = weight ? (double)weight[i] : 1;
        sum += w * p.value;
        if (gradient)
            gradient[i] = (float)(w * p.slope);
    }
    return sum;
}
