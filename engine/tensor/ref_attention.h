/* Attention as its formulas stand in ops.h; sums in double. The weights that it gives are kept for the way back. */
#ifndef TENSOR_REF_ATTENTION_H
#define TENSOR_REF_ATTENTION_H

#include <math.h>

#include "engine/tensor/kernel.h"

/* T queries of B rows and width A look at S places with H numbers each. */
struct attending {
    size_t queries, rows, places, width, depth;
    enum attention kind;
    double factor;
    const int32_t *length;
    const REAL *query, *keys, *memory, *v;
};

static struct attending attending_of(const struct node *n)
{
    return (struct attending){.queries = n->in[0]->shape[0],
                              .rows = n->in[0]->shape[1],
                              .places = n->in[1]->shape[0],
                              .width = n->in[0]->shape[2],
                              .depth = n->in[2]->shape[2],
                              .kind = (enum attention)n->kind,
                              .factor = n->number[0],
                              .length = n->index[0],
                              .query = n->in[0]->data,
                              .keys = n->in[1]->data,
                              .memory = n->in[2]->data,
                              .v = numbers_of(n->in[3])};
}

/* How many places row b sees. */
static size_t attending_places(const struct attending *a, size_t b)
{
    return !a->length ? a->places : a->length[b] > 0 ? (size_t)a->length[b] : 0;
}

static double attention_score(const struct attending *a, const REAL *query, const REAL *key)
{
    double sum = 0;
    if (a->kind == ATTENTION_DOT) {
        for (size_t i = 0; i < a->width; i++)
            sum += (double)query[i] * (double)key[i];
        return sum * a->factor;
    }
    for (size_t i = 0; i < a->width; i++)
        sum += (double)a->v[i] * tanh((double)query[i] + (double)key[i]);
    return sum;
}

/* The weights of one query: softmax of its scores over the places it sees, 0 at the others. */
static void attention_weights(const struct attending *a, size_t t, size_t b, REAL *weight)
{
    size_t seen = attending_places(a, b);
    double largest = -INFINITY, sum = 0;
    for (size_t s = 0; s < seen; s++) {
        double score =
            attention_score(a, a->query + (t * a->rows + b) * a->width, a->keys + (s * a->rows + b) * a->width);
        weight[s] = (REAL)score;
        largest = score > largest ? score : largest;
    }
    for (size_t s = 0; s < seen; s++)
        sum += exp((double)weight[s] - largest);
    for (size_t s = 0; s < a->places; s++)
        weight[s] = s < seen ? (REAL)(exp((double)weight[s] - largest) / sum) : 0;
}

static void attention_forward(struct tape *t, struct node *n)
{
    struct attending a = attending_of(n);
    REAL *context = n->out[0]->data, *weights = n->out[1]->data;
    (void)t;
    for (size_t row = 0; row < a.queries * a.rows; row++) {
        size_t b = row % a.rows;
        REAL *weight = weights + row * a.places;
        attention_weights(&a, row / a.rows, b, weight);
        for (size_t i = 0; i < a.depth; i++) {
            double sum = 0;
            for (size_t s = 0; s < attending_places(&a, b); s++)
                sum += (double)weight[s] * (double)a.memory[(s * a.rows + b) * a.depth + i];
            context[row * a.depth + i] = (REAL)sum;
        }
    }
}

struct attention_slopes {
    REAL *query, *keys, *memory, *v;
};

static void attention_score_back(const struct attending *a, const struct attention_slopes *d, size_t at_query,
                                 size_t at_key, double slope)
{
    for (size_t i = 0; i < a->width; i++) {
        double query = (double)a->query[at_query + i], key = (double)a->keys[at_key + i], dquery, dkey;
        if (a->kind == ATTENTION_DOT) {
            dquery = slope * a->factor * key;
            dkey = slope * a->factor * query;
        } else {
            double bent = tanh(query + key);
            dquery = dkey = slope * (double)a->v[i] * (1 - bent * bent);
            if (d->v)
                d->v[i] += (REAL)(slope * bent);
        }
        if (d->query)
            d->query[at_query + i] += (REAL)dquery;
        if (d->keys)
            d->keys[at_key + i] += (REAL)dkey;
    }
}

static void attention_backward(struct tape *t, struct node *n)
{
    struct attending a = attending_of(n);
    struct attention_slopes d = {slope_to(t, n->in[0]), slope_to(t, n->in[1]), slope_to(t, n->in[2]),
                                 slope_to(t, n->in[3])};
    const REAL *dcontext = slope_from(n->out[0]), *weights = n->out[1]->data;
    double *dweight = tape_scratch(t, a.places * sizeof *dweight);
    for (size_t row = 0; dweight && dcontext && row < a.queries * a.rows; row++) {
        size_t b = row % a.rows, seen = attending_places(&a, b);
        const REAL *weight = weights + row * a.places, *slope = dcontext + row * a.depth;
        double mean = 0;
        for (size_t s = 0; s < seen; s++) {
            size_t at = (s * a.rows + b) * a.depth;
            dweight[s] = 0;
            for (size_t i = 0; i < a.depth; i++) {
                dweight[s] += (double)slope[i] * (double)a.memory[at + i];
                if (d.memory)
                    d.memory[at + i] += (REAL)((double)weight[s] * (double)slope[i]);
            }
            mean += (double)weight[s] * dweight[s];
        }
        for (size_t s = 0; s < seen; s++)
            attention_score_back(&a, &d, row * a.width, (s * a.rows + b) * a.width,
                                 (double)weight[s] * (dweight[s] - mean));
    }
}

#endif
