/* Metrics of an order: who stands before whom. */
#include <math.h>
#include <stdlib.h>

#include "engine/algo/xgboost/score_kinds.h"

struct ranked {
    double score, label, weight;
    size_t row;
};

static int by_score(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Rows first .. end - 1, the highest score first; the caller frees. */
static struct ranked *rank(const struct scored *s, size_t first, size_t end)
{
    struct ranked *r = malloc((end - first + 1) * sizeof *r);
    for (size_t i = first; r && i < end; i++)
        r[i - first] = (struct ranked){(double)s->prediction[i], (double)s->data->y[i],
                                       s->data->weight ? (double)s->data->weight[i] : 1, i};
    if (r)
        qsort(r, end - first, sizeof *r, by_score);
    return r;
}

/* --- two classes ----------------------------------------------------------------------------------------------------
 */

/* A step of equal scores: weights of both classes up to its end, and before it. */
struct step {
    double positives, negatives, positives_before, negatives_before;
};

typedef double step_area(const struct step *at, double positives);

static double area(const struct ranked *r, size_t n, step_area *each, double *positives, double *negatives)
{
    double sum = 0, all = 0;
    struct step at = {0};
    for (size_t i = 0; i < n; i++)
        all += r[i].weight * r[i].label;
    for (size_t i = 0; i < n;) {
        double score = r[i].score;
        at.positives_before = at.positives;
        at.negatives_before = at.negatives;
        for (; i < n && r[i].score == score; i++) {
            at.positives += r[i].weight * r[i].label;
            at.negatives += r[i].weight * (1 - r[i].label);
        }
        sum += each(&at, all);
    }
    *positives = at.positives;
    *negatives = at.negatives;
    return sum;
}

static double trapezium(const struct step *at, double positives)
{
    (void)positives;
    return (at->negatives - at->negatives_before) * (at->positives + at->positives_before) / 2;
}

/* Between two points precision is no straight line (Davis and Goadrich 2006). */
static double precision_recall(const struct step *at, double positives)
{
    double from = at->positives_before / positives, to = at->positives / positives, a = 1, b = 0;
    if (at->positives != at->positives_before) {
        double h = (at->negatives - at->negatives_before) / (at->positives - at->positives_before);
        a = 1 + h;
        b = (at->negatives_before - h * at->positives_before) / positives;
    }
    if (b != 0)
        return (to - from - b / a * (log(a * to + b) - log(a * from + b))) / a;
    return (to - from) / a;
}

static double auc_of(const struct scored *s, size_t first, size_t end)
{
    double positives, negatives, sum;
    struct ranked *r = rank(s, first, end);
    if (!r)
        return NAN;
    sum = area(r, end - first, trapezium, &positives, &negatives);
    free(r);
    return positives > 0 && negatives > 0 ? sum / (positives * negatives) : NAN;
}

double score_aucpr(const struct scored *s)
{
    double positives, negatives, sum;
    struct ranked *r = rank(s, 0, s->data->rows);
    if (!r)
        return NAN;
    sum = area(r, s->data->rows, precision_recall, &positives, &negatives);
    free(r);
    return positives > 0 && negatives > 0 ? sum : NAN;
}

/* --- by query -------------------------------------------------------------------------------------------------------
 */

typedef double of_query(const struct scored *s, size_t first, size_t end);

/* Mean over queries, which count alike, as in XGBoost; without queries all rows are one. Queries whose metric has no
 * value are left out. */
static double over_queries(const struct scored *s, of_query *each)
{
    const struct dataset *d = s->data;
    double sum = 0, queries = 0;
    for (size_t at = 0, next; at < d->rows; at = next) {
        double value;
        for (next = at; next < d->rows && (!d->group || d->group[next] == d->group[at]); next++)
            continue;
        value = each(s, at, next);
        if (isnan(value))
            continue;
        sum += value;
        queries++;
    }
    return queries > 0 ? sum / queries : NAN;
}

/* The share of pairs of a query that stand in the right order; ties of the score count half. As in XGBoost a query
 * needs three rows, and of two rows with the same label the earlier one should stand first. */
static double pairs_right(const struct scored *s, size_t first, size_t end)
{
    double right = 0, pairs = 0;
    const float *y = s->data->y, *p = s->prediction;
    for (size_t i = first; i < end; i++)
        for (size_t j = first; j < end; j++)
            if (y[i] > y[j] || (y[i] == y[j] && i < j)) {
                pairs++;
                right += p[i] > p[j] ? 1 : p[i] == p[j] ? 0.5 : 0;
            }
    return end - first >= 3 ? right / pairs : NAN;
}

double score_auc(const struct scored *s)
{
    return s->data->group ? over_queries(s, pairs_right) : auc_of(s, 0, s->data->rows);
}

static size_t places(const struct scored *s, size_t rows)
{
    return s->parameter > 0 && s->parameter < (double)rows ? (size_t)s->parameter : rows;
}

static double average_precision(const struct scored *s, size_t first, size_t end)
{
    struct ranked *r = rank(s, first, end);
    double hits = 0, sum = 0;
    if (!r)
        return NAN;
    for (size_t i = 0; i < end - first; i++) {
        if (r[i].label <= 0)
            continue;
        hits++;
        sum += i < places(s, end - first) ? hits / (double)(i + 1) : 0;
    }
    free(r);
    return hits > 0 ? sum / hits : 1;
}

double score_map(const struct scored *s)
{
    return over_queries(s, average_precision);
}

static int by_label(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return (x->label < y->label) - (x->label > y->label);
}

static double gain(const struct ranked *r, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (exp2(r[i].label) - 1) / log2((double)i + 2);
    return sum;
}

static double gain_share(const struct scored *s, size_t first, size_t end)
{
    struct ranked *r = rank(s, first, end);
    double reached, ideal;
    if (!r)
        return NAN;
    reached = gain(r, places(s, end - first));
    qsort(r, end - first, sizeof *r, by_label);
    ideal = gain(r, places(s, end - first));
    free(r);
    return ideal > 0 ? reached / ideal : 1;
}

double score_ndcg(const struct scored *s)
{
    return over_queries(s, gain_share);
}

/* --- survival -------------------------------------------------------------------------------------------------------
 */

static int by_time(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    double s = fabs(x->label), t = fabs(y->label);
    if (s != t)
        return s < t ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* -log partial likelihood by event: who it happened to among those at risk. */
double score_cox(const struct scored *s)
{
    size_t n = s->data->rows;
    struct ranked *r = rank(s, 0, n);
    double at_risk = 0, leaving = 0, sum = 0, events = 0;
    if (!r)
        return NAN;
    qsort(r, n, sizeof *r, by_time);
    for (size_t i = 0; i < n; i++)
        at_risk += r[i].score;
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            leaving += r[i - 1].score;
            if (fabs(r[i - 1].label) < fabs(r[i].label)) {
                at_risk -= leaving;
                leaving = 0;
            }
        }
        if (r[i].label > 0) {
            sum += log(at_risk) - log(r[i].score);
            events++;
        }
    }
    free(r);
    return events > 0 ? sum / events : NAN;
}
