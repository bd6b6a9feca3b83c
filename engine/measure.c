#include "engine/measure.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { CLASSES_MAX = 16 };

static double mean_label(const struct dataset *d)
{
    double mean = 0;
    for (size_t i = 0; i < d->rows; i++)
        mean += (d->y[i] - mean) / (double)(i + 1);
    return mean;
}

/* How many rows each class has; labels that are no class are passed over. */
static void count_classes(const struct dataset *d, size_t counts[CLASSES_MAX])
{
    memset(counts, 0, CLASSES_MAX * sizeof *counts);
    for (size_t i = 0; i < d->rows; i++)
        if (d->y[i] >= 0 && d->y[i] < CLASSES_MAX)
            counts[(size_t)d->y[i]]++;
}

static double commonest(const struct dataset *train)
{
    size_t counts[CLASSES_MAX], best = 0;
    count_classes(train, counts);
    for (size_t k = 1; k < CLASSES_MAX; k++)
        if (counts[k] > counts[best])
            best = k;
    return (double)best;
}

/* The mean over the rows of `test` of how far the same guess is away from the label, as `weigh` sees it. */
static double mean_of(const struct dataset *test, double guess, double (*weigh)(double away))
{
    double mean = 0;
    for (size_t i = 0; i < test->rows; i++)
        mean += (weigh(test->y[i] - guess) - mean) / (double)(i + 1);
    return mean;
}

static double hit(double away)
{
    return away == 0;
}

static double square(double away)
{
    return away * away;
}

/* --- what each measure gives to the constant guess ------------------------------------------------------------------
 */

static double accuracy(const struct dataset *train, const struct dataset *test)
{
    return mean_of(test, commonest(train), hit);
}

static double error_share(const struct dataset *train, const struct dataset *test)
{
    return 1 - accuracy(train, test);
}

static double mse(const struct dataset *train, const struct dataset *test)
{
    return mean_of(test, mean_label(train), square);
}

static double rmse(const struct dataset *train, const struct dataset *test)
{
    return sqrt(mse(train, test));
}

static double absolute_loss(const struct dataset *train, const struct dataset *test)
{
    return mean_of(test, mean_label(train), fabs);
}

/* The guess is the share of class 1, kept off 0 and 1 as XGBoost keeps its probabilities. */
static double logloss(const struct dataset *train, const struct dataset *test)
{
    double share = fmin(fmax(mean_label(train), 1e-16), 1 - 1e-16), positives = mean_label(test);
    return -positives * log(share) - (1 - positives) * log1p(-share);
}

/* All of class 1 are found, or none. */
static double recall(const struct dataset *train, const struct dataset *test)
{
    (void)test;
    return commonest(train) == 1;
}

/* One class is found whole and the others not at all. */
static double macro_recall(const struct dataset *train, const struct dataset *test)
{
    size_t counts[CLASSES_MAX], classes = 0;
    (void)train;
    count_classes(test, counts);
    for (size_t k = 0; k < CLASSES_MAX; k++)
        classes += counts[k] > 0;
    return classes ? 1 / (double)classes : 0;
}

/* No row is ranked before another. */
static double auc(const struct dataset *train, const struct dataset *test)
{
    (void)train, (void)test;
    return 0.5;
}

struct measure {
    const char *name;
    double (*constant_guess)(const struct dataset *train, const struct dataset *test);
};

static const struct measure measures[] = {
    {"test:binary_classification_accuracy", accuracy},
    {"test:multiclass_accuracy", accuracy},
    {"test:error", error_share},
    {"test:mse", mse},
    {"test:rmse", rmse},
    {"test:absolute_loss", absolute_loss},
    {"test:logloss", logloss},
    {"test:recall", recall},
    {"test:macro_recall", macro_recall},
    {"test:auc", auc},
};

const struct measure *measure_find(const char *metric)
{
    static const char best[] = "best:";
    if (!strncmp(metric, best, sizeof best - 1))
        metric += sizeof best - 1;
    for (size_t i = 0; i < sizeof measures / sizeof *measures; i++)
        if (!strcmp(measures[i].name, metric))
            return &measures[i];
    return NULL;
}

double measure_constant_guess(const struct measure *m, const struct dataset *train, const struct dataset *test)
{
    return m->constant_guess(train, test);
}
