#include "engine/measure.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES_MAX = 16 };

/* What is to be guessed of a part: labels of rows or of pairs. */
struct labels {
    const float *y;
    size_t count;
};

static struct labels labels_of(const struct parts *p, int part)
{
    if (p->kind == DATA_PAIRS)
        return (struct labels){p->pairs[part].label, p->pairs[part].count};
    return (struct labels){p->table[part].y, p->table[part].rows};
}

static double mean_label(const struct labels *d)
{
    double mean = 0;
    for (size_t i = 0; i < d->count; i++)
        mean += (d->y[i] - mean) / (double)(i + 1);
    return mean;
}

/* How many rows each class has; labels that are no class are passed over. */
static void count_classes(const struct labels *d, size_t counts[CLASSES_MAX])
{
    memset(counts, 0, CLASSES_MAX * sizeof *counts);
    for (size_t i = 0; i < d->count; i++)
        if (d->y[i] >= 0 && d->y[i] < CLASSES_MAX)
            counts[(size_t)d->y[i]]++;
}

static double commonest(const struct labels *train)
{
    size_t counts[CLASSES_MAX], best = 0;
    count_classes(train, counts);
    for (size_t k = 1; k < CLASSES_MAX; k++)
        if (counts[k] > counts[best])
            best = k;
    return (double)best;
}

/* The mean over the rows of `test` of how far the same guess is away from the label, as `weigh` sees it. */
static double mean_of(const struct labels *test, double guess, double (*weigh)(double away))
{
    double mean = 0;
    for (size_t i = 0; i < test->count; i++)
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

static double accuracy(const struct labels *train, const struct labels *test)
{
    return mean_of(test, commonest(train), hit);
}

static double error_share(const struct labels *train, const struct labels *test)
{
    return 1 - accuracy(train, test);
}

static double mse(const struct labels *train, const struct labels *test)
{
    return mean_of(test, mean_label(train), square);
}

static double rmse(const struct labels *train, const struct labels *test)
{
    return sqrt(mse(train, test));
}

static double absolute_loss(const struct labels *train, const struct labels *test)
{
    return mean_of(test, mean_label(train), fabs);
}

/* The guess is the share of class 1, kept off 0 and 1 as XGBoost keeps its probabilities. */
static double logloss(const struct labels *train, const struct labels *test)
{
    double share = fmin(fmax(mean_label(train), 1e-16), 1 - 1e-16), positives = mean_label(test);
    return -positives * log(share) - (1 - positives) * log1p(-share);
}

/* All of class 1 are found, or none. */
static double recall(const struct labels *train, const struct labels *test)
{
    (void)test;
    return commonest(train) == 1;
}

/* One class is found whole and the others not at all. */
static double macro_recall(const struct labels *train, const struct labels *test)
{
    size_t counts[CLASSES_MAX], classes = 0;
    (void)train;
    count_classes(test, counts);
    for (size_t k = 0; k < CLASSES_MAX; k++)
        classes += counts[k] > 0;
    return classes ? 1 / (double)classes : 0;
}

/* No row is ranked before another. */
static double auc(const struct labels *train, const struct labels *test)
{
    (void)train, (void)test;
    return 0.5;
}

/* --- and to the guesses that are not about labels -------------------------------------------------------------------
 */

/* A forecast of 0 at every quantile: 2 tau |y| summed, over |y|, is 1 on average. */
static double zero_quantiles(const struct parts *p, int part)
{
    (void)p, (void)part;
    return 1;
}

static double zero_rmse(const struct parts *p, int part)
{
    double mean = 0, seen = 0;
    for (size_t i = 0; i < p->series[part].count; i++)
        for (size_t k = 0; k < p->series[part].items[i].length; k++) {
            double value = p->series[part].items[i].target[k];
            if (!isnan(value))
                mean += (value * value - mean) / ++seen;
        }
    return sqrt(mean);
}

static size_t tokens_of(const struct pairs *p)
{
    return p->count ? p->start[1][p->count] : 0;
}

/* The share of the words that are the one seen most in training. */
static double commonest_word(const struct parts *p, int part)
{
    const struct pairs *train = &p->pairs[PART_TRAIN], *asked = &p->pairs[part];
    size_t words = (size_t)pairs_largest(train, 1) + 1, best = 0, hits = 0;
    size_t *counts = calloc(words + 1, sizeof *counts);
    for (size_t i = 0; counts && i < tokens_of(train); i++)
        counts[train->token[1][i]]++;
    for (size_t w = 1; counts && w < words; w++)
        if (counts[w] > counts[best])
            best = w;
    for (size_t i = 0; i < tokens_of(asked); i++)
        hits += (size_t)asked->token[1][i] == best;
    free(counts);
    return tokens_of(asked) ? (double)hits / (double)tokens_of(asked) : 0;
}

/* How many lines hold each word that is a label, else 0. NULL: no memory. */
static uint64_t *label_lines(const struct text *t)
{
    uint64_t *lines = calloc(t->words + 1, sizeof *lines);
    for (size_t i = 0; lines && i < t->words; i++) {
        size_t len;
        const char *word = text_word(t, (int32_t)i, &len);
        lines[i] = text_label(word, len) ? t->count[i] : 0;
    }
    return lines;
}

/* The share of the lines that have the label seen most in training. */
static double commonest_label(const struct parts *p, int part)
{
    const struct text *train = &p->text[PART_TRAIN], *asked = &p->text[part];
    uint64_t *lines = label_lines(train), hits = 0;
    size_t best = 0, len;
    int32_t there = -1;
    for (size_t i = 1; lines && i < train->words; i++)
        if (lines[i] > lines[best])
            best = i;
    if (lines && train->words && lines[best]) {
        const char *label = text_word(train, (int32_t)best, &len);
        there = text_find(asked, label, len);
    }
    if (there >= 0)
        hits = asked->count[there];
    free(lines);
    return asked->lines ? (double)hits / (double)asked->lines : 0;
}

static double commonest_answer(const struct parts *p, int part)
{
    return p->kind == DATA_TEXT ? commonest_label(p, part) : commonest_word(p, part);
}

/* The share of all other planted words that are of a word's own group: what neighbours by chance have. */
static double chance(const struct text *t, int kind)
{
    const int32_t *group = t->group[kind];
    double n = 0, pairs = 0;
    for (size_t i = 0; group && i < t->words; i++) {
        double own = 0;
        for (size_t k = 0; group[i] >= 0 && k < t->words; k++)
            own += k != i && group[k] == group[i];
        n += group[i] >= 0;
        pairs += own;
    }
    return n > 1 ? pairs / (n * (n - 1)) : 0;
}

static double chance_of_topic(const struct parts *p, int part)
{
    (void)part; /* vectors have no part of their own: they are of the training words */
    return chance(&p->text[PART_TRAIN], 0);
}

static double chance_of_role(const struct parts *p, int part)
{
    (void)part;
    return chance(&p->text[PART_TRAIN], 1);
}

static double every_word_alike(const struct parts *p, int part)
{
    (void)part;
    return (double)p->vocabulary[1].size;
}

static double no_phrase(const struct parts *p, int part)
{
    (void)p, (void)part;
    return 0;
}

static double nothing_found(const struct parts *p, int part)
{
    (void)p, (void)part;
    return 0;
}

/* With both, `of_parts` is for text. */
struct measure {
    const char *name;
    double (*of_labels)(const struct labels *train, const struct labels *test);
    double (*of_parts)(const struct parts *p, int part);
};

static const struct measure measures[] = {
    {"test:binary_classification_accuracy", accuracy, NULL},
    {"test:multiclass_accuracy", accuracy, NULL},
    {"test:error", error_share, NULL},
    {"test:mse", mse, NULL},
    {"test:rmse", rmse, NULL},
    {"test:absolute_loss", absolute_loss, NULL},
    {"test:logloss", logloss, NULL},
    {"test:recall", recall, NULL},
    {"test:macro_recall", macro_recall, NULL},
    {"test:auc", auc, NULL},
    {"test:accuracy", accuracy, commonest_label},
    {"test:mean_squared_error", mse, NULL},
    {"test:mean_wQuantileLoss", NULL, zero_quantiles},
    {"test:RMSE", NULL, zero_rmse},
    {"validation:accuracy", NULL, commonest_answer},
    {"test:topic_precision", NULL, chance_of_topic},
    {"test:role_precision", NULL, chance_of_role},
    {"validation:perplexity", NULL, every_word_alike},
    {"validation:bleu", NULL, no_phrase},
    {"test:mAP", NULL, nothing_found},
    {"validation:mAP", NULL, nothing_found},
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

double measure_constant_guess(const struct measure *m, const struct parts *parts)
{
    const struct labels train = labels_of(parts, PART_TRAIN), test = labels_of(parts, PART_TEST);
    if (m->of_labels && !(m->of_parts && parts->kind == DATA_TEXT))
        return m->of_labels(&train, &test);
    return m->of_parts(parts, strncmp(m->name, "test:", 5) == 0 ? PART_TEST : PART_VALIDATION);
}
