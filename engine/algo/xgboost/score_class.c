/* Metrics of predicted classes, as scikit-learn has them; rows count alike. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/xgboost/score_kinds.h"

double score_probability(const struct scored *s, size_t row)
{
    double value = (double)s->prediction[row];
    return strcmp(s->objective->name, "binary:logitraw") == 0 ? 1 / (1 + exp(-value)) : value;
}

size_t score_class(const struct scored *s, size_t row)
{
    size_t best = 0, classes = s->settings->classes;
    const float *m = s->margin + row * classes;
    if (!s->objective->many)
        return score_probability(s, row) > 0.5;
    for (size_t k = 1; k < classes; k++)
        best = m[k] > m[best] ? k : best;
    return best;
}

/* How often each class was right, predicted and meant. */
struct counts {
    size_t classes, right;
    size_t *hits, *predicted, *labelled;
};

static int count(const struct scored *s, struct counts *c)
{
    c->classes = s->objective->many ? s->settings->classes : 2;
    c->right = 0;
    c->hits = calloc(3 * c->classes, sizeof *c->hits);
    if (!c->hits)
        return -1;
    c->predicted = c->hits + c->classes;
    c->labelled = c->predicted + c->classes;
    for (size_t i = 0; i < s->data->rows; i++) {
        size_t said = score_class(s, i), meant = (size_t)s->data->y[i];
        c->predicted[said]++;
        c->labelled[meant]++;
        c->hits[meant] += said == meant;
        c->right += said == meant;
    }
    return 0;
}

static double share(size_t part, size_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

typedef double of_class(const struct counts *c, size_t k);

static double precision_of(const struct counts *c, size_t k)
{
    return share(c->hits[k], c->predicted[k]);
}

static double recall_of(const struct counts *c, size_t k)
{
    return share(c->hits[k], c->labelled[k]);
}

static double f1_of(const struct counts *c, size_t k)
{
    return share(2 * c->hits[k], c->predicted[k] + c->labelled[k]);
}

/* The mean over classes that occur: as a label, or (`said`) as a prediction. */
static double macro(const struct scored *s, of_class *each, bool said)
{
    struct counts c;
    double sum = 0;
    size_t occurring = 0;
    if (count(s, &c) < 0)
        return NAN;
    for (size_t k = 0; k < c.classes; k++) {
        bool occurs = c.labelled[k] > 0 || (said && c.predicted[k] > 0);
        occurring += occurs;
        sum += occurs ? each(&c, k) : 0;
    }
    free(c.hits);
    return occurring ? sum / (double)occurring : NAN;
}

static double of_one(const struct scored *s, of_class *each)
{
    struct counts c;
    double value;
    if (count(s, &c) < 0)
        return NAN;
    value = each(&c, 1);
    free(c.hits);
    return value;
}

double score_accuracy(const struct scored *s)
{
    size_t right = 0;
    for (size_t i = 0; i < s->data->rows; i++)
        right += score_class(s, i) == (size_t)s->data->y[i];
    return share(right, s->data->rows);
}

double score_balanced_accuracy(const struct scored *s)
{
    return macro(s, recall_of, false);
}

double score_f1_binary(const struct scored *s)
{
    return of_one(s, f1_of);
}

double score_f1_macro(const struct scored *s)
{
    return macro(s, f1_of, true);
}

double score_precision(const struct scored *s)
{
    return of_one(s, precision_of);
}

double score_precision_macro(const struct scored *s)
{
    return macro(s, precision_of, true);
}

double score_recall(const struct scored *s)
{
    return of_one(s, recall_of);
}

double score_recall_macro(const struct scored *s)
{
    return macro(s, recall_of, true);
}
