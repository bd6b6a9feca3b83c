/* Ranking: within a query every pair of rows with different labels pulls apart (Burges 2010, LambdaRank). XGBoost draws
 * one partner at random for each row; here every pair counts with the chance of being drawn, 1 / the partners of the
 * one row + 1 / the partners of the other, so that gradients are what XGBoost's are on average. Weights are of queries
 * (that of the first row), scaled to a mean of 1. */
#include <math.h>
#include <stdlib.h>

#include "engine/algo/xgboost/objective_kinds.h"

#define SMALLEST_HESSIAN 1e-16

struct place {
    float score, label;
    size_t row;
};

static int by_score(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int by_label(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

/* Of a query in the order of its scores: what swapping two places changes. */
struct query {
    const struct place *places;
    size_t rows;
    double ideal;    /* ndcg: gain of the best order */
    double *hits;    /* map: relevant rows up to a place, */
    double *average; /* and the sum of their precisions */
};

typedef double swap_weight(const struct query *q, size_t a, size_t b);

static double swap_pairwise(const struct query *q, size_t a, size_t b)
{
    (void)q, (void)a, (void)b;
    return 1;
}

static double gain(float label)
{
    return exp2((double)label) - 1;
}

static double swap_ndcg(const struct query *q, size_t a, size_t b)
{
    double places = 1 / log2((double)a + 2) - 1 / log2((double)b + 2);
    return q->ideal > 0 ? fabs((gain(q->places[a].label) - gain(q->places[b].label)) * places) / q->ideal : 0;
}

/* How much average precision changes when a row that counts and one that does not change places. */
static double swap_map(const struct query *q, size_t a, size_t b)
{
    double all = q->rows ? q->hits[q->rows - 1] : 0, before, between;
    size_t low = a < b ? a : b, high = a < b ? b : a;
    bool first = q->places[low].label > 0;
    if (all <= 0 || first == (q->places[high].label > 0))
        return 0;
    between = q->average[high - 1] - q->average[low]; /* sum of 1 / place over hits between the two */
    before = q->hits[low] / (double)(low + 1);
    if (first)
        return fabs(before + between - q->hits[high] / (double)(high + 1)) / all;
    return fabs((q->hits[low] + 1) / (double)(low + 1) + between - q->hits[high] / (double)(high + 1)) / all;
}

static void measure(struct query *q, float *labels)
{
    double hits = 0, sum = 0;
    for (size_t i = 0; i < q->rows; i++) {
        bool counts = q->places[i].label > 0;
        hits += counts;
        sum += counts ? 1 / (double)(i + 1) : 0;
        q->hits[i] = hits;
        q->average[i] = sum;
        labels[i] = q->places[i].label;
    }
    qsort(labels, q->rows, sizeof *labels, by_label);
    q->ideal = 0;
    for (size_t i = 0; i < q->rows; i++)
        q->ideal += gain(labels[i]) / log2((double)i + 2);
}

/* How many rows of the query have another label than the one in place a. */
static double partners(const struct query *q, size_t a)
{
    size_t n = 0;
    for (size_t b = 0; b < q->rows; b++)
        n += q->places[b].label != q->places[a].label;
    return (double)n;
}

/* `chance`: 1 / partners of each place. */
static void pull_apart(const struct query *q, swap_weight *weight_of, double weight, double *chance,
                       struct gradient *out)
{
    for (size_t a = 0; a < q->rows; a++)
        chance[a] = 1 / partners(q, a);
    for (size_t a = 0; a < q->rows; a++)
        for (size_t b = 0; b < q->rows; b++) {
            const struct place *high = &q->places[b], *low = &q->places[a];
            double p, w, g, h;
            if (high->label <= low->label)
                continue;
            p = 1 / (1 + exp(-((double)high->score - (double)low->score)));
            w = weight * weight_of(q, a, b) * (chance[a] + chance[b]);
            g = (p - 1) * w;
            h = 2 * fmax(p * (1 - p), SMALLEST_HESSIAN) * w;
            out[high->row].g += (float)g;
            out[high->row].h += (float)h;
            out[low->row].g -= (float)g;
            out[low->row].h += (float)h;
        }
}

static size_t query_end(const struct dataset *d, size_t at, size_t end)
{
    size_t next = at;
    while (next < end && (!d->group || d->group[next] == d->group[at]))
        next++;
    return next;
}

/* What makes the mean weight of a query 1. */
static double weight_scale(const struct dataset *d, size_t first, size_t end)
{
    double queries = 0, sum = 0;
    for (size_t at = first; at < end; at = query_end(d, at, end)) {
        queries++;
        sum += (double)row_weight(d, at);
    }
    return sum > 0 ? queries / sum : 1;
}

static void rank_gradient(const struct dataset *d, const float *margin, size_t first, size_t end, swap_weight *weight,
                          struct gradient *out)
{
    size_t rows = end - first;
    double scale = weight_scale(d, first, end);
    struct place *places = malloc((rows + 1) * sizeof *places);
    double *sums = malloc((3 * rows + 1) * sizeof *sums);
    float *labels = malloc((rows + 1) * sizeof *labels);
    for (size_t i = first; i < end; i++)
        out[i] = (struct gradient){0, 0};
    for (size_t at = first, next; places && sums && labels && at < end; at = next) {
        struct query q = {.places = places, .hits = sums, .average = sums + rows};
        next = query_end(d, at, end);
        for (size_t i = at; i < next; i++)
            places[i - at] = (struct place){margin[i], d->y[i], i};
        q.rows = next - at;
        qsort(places, q.rows, sizeof *places, by_score);
        measure(&q, labels);
        pull_apart(&q, weight, scale * (double)row_weight(d, at), sums + 2 * rows, out);
    }
    free(places);
    free(sums);
    free(labels);
}

void pairwise_gradient(const struct objective_settings *s, const struct dataset *d, const float *margin, size_t first,
                       size_t end, struct gradient *out)
{
    (void)s;
    rank_gradient(d, margin, first, end, swap_pairwise, out);
}

void ndcg_gradient(const struct objective_settings *s, const struct dataset *d, const float *margin, size_t first,
                   size_t end, struct gradient *out)
{
    (void)s;
    rank_gradient(d, margin, first, end, swap_ndcg, out);
}

void map_gradient(const struct objective_settings *s, const struct dataset *d, const float *margin, size_t first,
                  size_t end, struct gradient *out)
{
    (void)s;
    rank_gradient(d, margin, first, end, swap_map, out);
}
