#include "engine/nn/loss.h"

#include <math.h>
#include <string.h>

#include "engine/tensor/exp.h"

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

#define ROWS 64 /* of a product: factors are at most 2, so it stays far from overflow */

/* Slopes of one row's models, the linear part of each loss, and 1 + e^-|s|, whose logarithm is the rest. Without
 * branches, signs by copysign: so it becomes vector code. */
VECTORISED static void logistic_slopes(float *restrict gradient, const float *restrict score, float y, size_t models,
                                       float *restrict linear, float *restrict product)
{
    for (size_t m = 0; m < models; m++) {
        float s = score[m], size = fabsf(s), e = exp_float(-size);
        gradient[m] = 0.5f + copysignf(0.5f * (1 - e) / (1 + e), s) - y;
        linear[m] = (s + size) * 0.5f - y * s;
        product[m] = 1 + e;
    }
}

/* The same down the rows of one model. */
VECTORISED static void logistic_rows(float *restrict gradient, const float *restrict score, const float *restrict label,
                                     size_t rows, float *restrict linear, float *restrict product)
{
    for (size_t i = 0; i < rows; i++) {
        float s = score[i], size = fabsf(s), e = exp_float(-size), y = label[i];
        gradient[i] = 0.5f + copysignf(0.5f * (1 - e) / (1 + e), s) - y;
        linear[i] = (s + size) * 0.5f - y * s;
        product[i] = 1 + e;
    }
}

/* One exponential a row: the sum of log(1 + e) is the log of a product. */
static double logistic_batch(float *gradient, const float *score, const float *label, size_t rows)
{
    double sum = 0;
    for (size_t first = 0; first < rows; first += ROWS) {
        float slopes[ROWS], linear[ROWS], factor[ROWS];
        size_t count = rows - first < ROWS ? rows - first : ROWS;
        double product = 1;
        logistic_rows(gradient ? gradient + first : slopes, score + first, label + first, count, linear, factor);
        for (size_t i = 0; i < count; i++) {
            sum += (double)linear[i];
            product *= (double)factor[i];
        }
        sum += log(product);
    }
    return sum;
}

VECTORISED static void multiply(double *restrict sum, double *restrict product, const float *restrict linear,
                                const float *restrict factor, size_t n)
{
    for (size_t m = 0; m < n; m++) {
        sum[m] += (double)linear[m];
        product[m] *= (double)factor[m];
    }
}

/* Models in groups of ROWS, so that what is added up stays in the cache. */
static void logistic_models(float *gradient, const float *score, const float *label, size_t rows, size_t models,
                            double *sums)
{
    for (size_t at = 0; at < models; at += ROWS) {
        size_t count = models - at < ROWS ? models - at : ROWS;
        float slopes[ROWS], linear[ROWS], factor[ROWS];
        double product[ROWS];
        for (size_t m = 0; m < count; m++) {
            sums[at + m] = 0;
            product[m] = 1;
        }
        for (size_t i = 0; i < rows; i++) {
            logistic_slopes(gradient ? gradient + i * models + at : slopes, score + i * models + at, label[i], count,
                            linear, factor);
            multiply(sums + at, product, linear, factor, count);
            if (i % 512 == 511 || i + 1 == rows)
                for (size_t m = 0; m < count; m++) {
                    sums[at + m] += log(product[m]);
                    product[m] = 1;
                }
        }
    }
}

VECTORISED static double softmax_row(float *gradient, const float *score, size_t label, size_t classes, double weight)
{
    float largest = score[0];
    double sum = 0;
    for (size_t k = 1; k < classes; k++)
        largest = score[k] > largest ? score[k] : largest;
    for (size_t k = 0; k < classes; k++)
        gradient[k] = exp_float(score[k] - largest);
    for (size_t k = 0; k < classes; k++)
        sum += (double)gradient[k];
    float scale = (float)(weight / sum);
    for (size_t k = 0; k < classes; k++)
        gradient[k] *= scale;
    gradient[label] -= (float)weight;
    return log(sum) + (double)largest - (double)score[label];
}

/* Without gradients: more classes than a small array holds are summed in double. */
static double softmax_value(const float *score, size_t label, size_t classes)
{
    float unused[ROWS];
    double largest = (double)score[0], sum = 0;
    if (classes <= ROWS)
        return softmax_row(unused, score, label, classes, 0);
    for (size_t k = 1; k < classes; k++)
        largest = fmax(largest, (double)score[k]);
    for (size_t k = 0; k < classes; k++)
        sum += (double)exp_float(score[k] - (float)largest);
    return log(sum) + largest - (double)score[label];
}

void loss_models(const struct loss *l, float *gradient, const float *score, const float *label, const float *weight,
                 size_t rows, size_t models, double *sums)
{
    if (l->kind == LOSS_LOGISTIC && !weight && models > 1) {
        logistic_models(gradient, score, label, rows, models, sums);
        return;
    }
    if (l->kind == LOSS_LOGISTIC && !weight) {
        sums[0] = logistic_batch(gradient, score, label, rows);
        return;
    }
    for (size_t m = 0; m < models; m++)
        sums[m] = 0;
    for (size_t i = 0; i < rows; i++) {
        double w = weight ? (double)weight[i] : 1;
        for (size_t m = 0; m < models; m++) {
            size_t at = (i * models + m) * l->classes;
            if (l->kind == LOSS_SOFTMAX) {
                sums[m] += w * (gradient ? softmax_row(gradient + at, score + at, (size_t)label[i], l->classes, w)
                                         : softmax_value(score + at, (size_t)label[i], l->classes));
                continue;
            }
            struct loss_point p = loss_at(l, (double)score[at], (double)label[i]);
            sums[m] += w * p.value;
            if (gradient)
                gradient[at] = (float)(w * p.slope);
        }
    }
}

double loss_batch(const struct loss *l, float *gradient, const float *score, const float *label, const float *weight,
                  size_t rows)
{
    double sum;
    loss_models(l, gradient, score, label, weight, rows, 1, &sum);
    return sum;
}
