/* Attention on the processor: ref_attention.h has the formulas. Each thread takes some rows of the batch. Of several
 * queries with dot scores a row's work is a few products; else places are walked through in the order in which they lie
 * in memory, all rows of one before the next. */
#include <math.h>
#include <string.h>

#include "engine/tensor/cpu.h"
#include "engine/tensor/exp.h"

struct attending {
    size_t queries, rows, places, width, depth;
    bool additive;
    float factor;
    const int32_t *length;
    const float *query, *keys, *memory, *v;
    float *context, *weights;
    /* the way back */
    const float *dcontext;
    float *dquery, *dkeys, *dmemory, *dscore; /* dscore as weights */
    float *dv;                                /* a row of `width` for each part, or NULL */
};

enum { LANES = 16, MANY = 4 };

static struct attending attending_of(const struct node *n)
{
    return (struct attending){.queries = n->in[0]->shape[0],
                              .rows = n->in[0]->shape[1],
                              .places = n->in[1]->shape[0],
                              .width = n->in[0]->shape[2],
                              .depth = n->in[2]->shape[2],
                              .additive = n->kind == ATTENTION_ADDITIVE,
                              .factor = (float)n->number[0],
                              .length = n->index[0],
                              .query = n->in[0]->data,
                              .keys = n->in[1]->data,
                              .memory = n->in[2]->data,
                              .v = numbers_of(n->in[3]),
                              .context = n->out[0]->data,
                              .weights = n->out[1]->data};
}

static size_t seen(const struct attending *a, size_t b)
{
    return !a->length ? a->places : a->length[b] > 0 ? (size_t)a->length[b] : 0;
}

/* Are products of matrices worth it? */
static bool many(const struct attending *a)
{
    return !a->additive && a->queries >= MANY;
}

static double operations(const struct attending *a)
{
    double pairs = (double)a->queries * (double)a->rows * (double)a->places;
    return pairs * ((a->additive ? 20.0 : 2.0) * (double)a->width + 2 * (double)a->depth);
}

/* --- rows of numbers ---------------------------------------------------------------------------------------------- */

static float sum_lanes(const float *lane)
{
    float sum = 0;
    for (size_t q = 0; q < LANES; q++)
        sum += lane[q];
    return sum;
}

/* v . tanh(query + key) */
VECTORISED static float bent_dot(const float *restrict query, const float *restrict key, const float *restrict v,
                                 size_t n)
{
    float lane[LANES] = {0};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (size_t q = 0; q < LANES; q++)
            lane[q] += v[i + q] * tanh_float(query[i + q] + key[i + q]);
    for (; i < n; i++)
        lane[0] += v[i] * tanh_float(query[i] + key[i]);
    return sum_lanes(lane);
}

/* The slope of a score goes to query and key through tanh; dv gets slope * tanh. Any may be a row that no one reads. */
VECTORISED static void bent_back(float *dquery, float *dkey, float *restrict dv, const float *restrict query,
                                 const float *restrict key, const float *restrict v, float slope, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float bent = tanh_float(query[i] + key[i]), through = slope * v[i] * (1 - bent * bent);
        dquery[i] += through;
        dkey[i] += through;
        dv[i] += slope * bent;
    }
}

/* Scores to weights, in place; those beyond `count` are 0. */
static void weigh(float *score, size_t count, size_t places)
{
    float largest = -INFINITY, sum = 0;
    for (size_t s = 0; s < count; s++)
        largest = score[s] > largest ? score[s] : largest;
    for (size_t s = 0; s < count; s++)
        sum += score[s] = exp_float(score[s] - largest);
    for (size_t s = 0; s < places; s++)
        score[s] = s < count ? score[s] / sum : 0;
}

/* --- forward ------------------------------------------------------------------------------------------------------ */

/* Products of one row's queries, places and memory, whose rows lie a batch apart. */
static void row_products(const struct attending *a, size_t b)
{
    size_t count = seen(a, b), rows = a->rows;
    float *weights = a->weights + b * a->places;
    blas_cpu.gemm_in(weights, rows * a->places, a->query + b * a->width, rows * a->width, a->keys + b * a->width,
                     rows * a->width, a->queries, count, a->width, false, true, a->factor, 0);
    for (size_t t = 0; t < a->queries; t++)
        weigh(weights + t * rows * a->places, count, a->places);
    blas_cpu.gemm_in(a->context + b * a->depth, rows * a->depth, weights, rows * a->places, a->memory + b * a->depth,
                     rows * a->depth, a->queries, a->depth, count, false, false, 1, 0);
}

static void query_scores(const struct attending *a, size_t t, size_t begin, size_t end)
{
    for (size_t s = 0; s < a->places; s++)
        for (size_t b = begin; b < end; b++) {
            const float *query = a->query + (t * a->rows + b) * a->width;
            const float *key = a->keys + (s * a->rows + b) * a->width;
            if (s < seen(a, b))
                a->weights[(t * a->rows + b) * a->places + s] =
                    a->additive ? bent_dot(query, key, a->v, a->width) : a->factor * cpu_dot(query, key, a->width);
        }
}

static void query_forward(const struct attending *a, size_t t, size_t begin, size_t end)
{
    query_scores(a, t, begin, end);
    for (size_t b = begin; b < end; b++)
        weigh(a->weights + (t * a->rows + b) * a->places, seen(a, b), a->places);
    memset(a->context + (t * a->rows + begin) * a->depth, 0, (end - begin) * a->depth * sizeof(float));
    for (size_t s = 0; s < a->places; s++)
        for (size_t b = begin; b < end; b++)
            if (s < seen(a, b))
                cpu_add_scaled(a->context + (t * a->rows + b) * a->depth, a->memory + (s * a->rows + b) * a->depth,
                               a->weights[(t * a->rows + b) * a->places + s], a->depth);
}

static void forward_rows(void *context, int part, size_t begin, size_t end)
{
    const struct attending *a = context;
    (void)part;
    if (many(a))
        for (size_t b = begin; b < end; b++)
            row_products(a, b);
    else
        for (size_t t = 0; t < a->queries; t++)
            query_forward(a, t, begin, end);
}

void cpu_attention_forward(struct tape *t, struct node *n)
{
    struct attending a = attending_of(n);
    cpu_share(t, a.rows, operations(&a), forward_rows, &a);
}

/* --- backward ----------------------------------------------------------------------------------------------------- */

/* Slopes of weights to slopes of scores, in place. */
static void weigh_back(float *slope, const float *weight, size_t count, size_t places)
{
    float mean = cpu_dot(weight, slope, count);
    for (size_t s = 0; s < places; s++)
        slope[s] = s < count ? weight[s] * (slope[s] - mean) : 0;
}

static void row_products_back(const struct attending *a, size_t b)
{
    size_t count = seen(a, b), rows = a->rows, wide = rows * a->width, deep = rows * a->depth, far = rows * a->places;
    const float *weights = a->weights + b * a->places, *dcontext = a->dcontext + b * a->depth;
    float *dscore = a->dscore + b * a->places;
    blas_cpu.gemm_in(dscore, far, dcontext, deep, a->memory + b * a->depth, deep, a->queries, count, a->depth, false,
                     true, 1, 0);
    if (a->dmemory)
        blas_cpu.gemm_in(a->dmemory + b * a->depth, deep, weights, far, dcontext, deep, count, a->depth, a->queries,
                         true, false, 1, 1);
    for (size_t t = 0; t < a->queries; t++)
        weigh_back(dscore + t * far, weights + t * far, count, a->places);
    if (a->dquery)
        blas_cpu.gemm_in(a->dquery + b * a->width, wide, dscore, far, a->keys + b * a->width, wide, a->queries,
                         a->width, count, false, false, a->factor, 1);
    if (a->dkeys)
        blas_cpu.gemm_in(a->dkeys + b * a->width, wide, dscore, far, a->query + b * a->width, wide, count, a->width,
                         a->queries, true, false, a->factor, 1);
}

static void weight_slopes(const struct attending *a, size_t t, size_t begin, size_t end)
{
    for (size_t s = 0; s < a->places; s++)
        for (size_t b = begin; b < end; b++) {
            size_t at = (s * a->rows + b) * a->depth, row = t * a->rows + b;
            const float *dcontext = a->dcontext + row * a->depth;
            if (s >= seen(a, b))
                continue;
            a->dscore[row * a->places + s] = cpu_dot(dcontext, a->memory + at, a->depth);
            if (a->dmemory)
                cpu_add_scaled(a->dmemory + at, dcontext, a->weights[row * a->places + s], a->depth);
        }
}

static void score_back(const struct attending *a, size_t part, size_t row, size_t key, float slope)
{
    const float *query = a->query + row * a->width, *keys = a->keys + key * a->width;
    if (a->additive) {
        bent_back(a->dquery + row * a->width, a->dkeys + key * a->width, a->dv + part * a->width, query, keys, a->v,
                  slope, a->width);
        return;
    }
    if (a->dquery)
        cpu_add_scaled(a->dquery + row * a->width, keys, a->factor * slope, a->width);
    if (a->dkeys)
        cpu_add_scaled(a->dkeys + key * a->width, query, a->factor * slope, a->width);
}

static void query_backward(const struct attending *a, size_t part, size_t t, size_t begin, size_t end)
{
    weight_slopes(a, t, begin, end);
    for (size_t b = begin; b < end; b++) {
        size_t at = (t * a->rows + b) * a->places;
        weigh_back(a->dscore + at, a->weights + at, seen(a, b), a->places);
    }
    for (size_t s = 0; s < a->places; s++)
        for (size_t b = begin; b < end; b++)
            if (s < seen(a, b))
                score_back(a, part, t * a->rows + b, s * a->rows + b, a->dscore[(t * a->rows + b) * a->places + s]);
}

static void backward_rows(void *context, int part, size_t begin, size_t end)
{
    const struct attending *a = context;
    if (many(a))
        for (size_t b = begin; b < end; b++)
            row_products_back(a, b);
    else
        for (size_t t = 0; t < a->queries; t++)
            query_backward(a, (size_t)part, t, begin, end);
}

void cpu_attention_backward(struct tape *t, struct node *n)
{
    struct attending a = attending_of(n);
    size_t parts = (size_t)pool_threads(tape_pool(t));
    float *dv = slope_to(t, n->in[3]);
    a.dcontext = slope_from(n->out[0]);
    a.dquery = slope_to(t, n->in[0]);
    a.dkeys = slope_to(t, n->in[1]);
    a.dmemory = slope_to(t, n->in[2]);
    a.dscore = tape_scratch(t, a.queries * a.rows * a.places * sizeof(float));
    if (a.additive) { /* what takes no slope gets it all the same, where no one looks */
        a.dv = cpu_zeros(t, parts * a.width);
        if (!a.dquery)
            a.dquery = cpu_zeros(t, a.queries * a.rows * a.width);
        if (!a.dkeys)
            a.dkeys = cpu_zeros(t, a.places * a.rows * a.width);
    }
    if (tape_failed(t) || !a.dcontext)
        return;
    cpu_share(t, a.rows, 2 * operations(&a), backward_rows, &a);
    for (size_t part = 0; dv && a.dv && part < parts; part++)
        cpu_add(dv, a.dv + part * a.width, a.width);
}
