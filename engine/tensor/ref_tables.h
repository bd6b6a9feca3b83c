/* Reference kernels: rows looked up in a table. */
#ifndef TENSOR_REF_TABLES_H
#define TENSOR_REF_TABLES_H

#include "engine/tensor/ref.h"

static void add_row(REAL *to, const REAL *from, size_t width, double factor)
{
    for (size_t j = 0; j < width; j++)
        to[j] += (REAL)(factor * (double)from[j]);
}

/* y[i] = table[id[i]] */
static void embedding_forward(struct tape *t, struct node *n)
{
    size_t width = n->in[0]->shape[1];
    (void)t;
    for (size_t i = 0; i < n->whole[0]; i++)
        for (size_t j = 0; j < width; j++)
            numbers(n->out[0])[i * width + j] =
                n->index[0][i] < 0 ? 0 : numbers(n->in[0])[(size_t)n->index[0][i] * width + j];
}

static void embedding_backward(struct tape *t, struct node *n)
{
    size_t width = n->in[0]->shape[1];
    REAL *slope = tape_grad_rows(t, n->in[0]);
    for (size_t i = 0; i < n->whole[0]; i++) {
        int32_t id = n->index[0][i];
        if (id < 0)
            continue;
        tensor_touch(n->in[0], (size_t)id);
        add_row(slope + (size_t)id * width, slopes(n->out[0]) + i * width, width, 1);
    }
}

/* y[b] = the mean of table[id[start[b]]] .. table[id[start[b + 1] - 1]] */
static void embedding_mean_forward(struct tape *t, struct node *n)
{
    const int32_t *id = n->index[0], *start = n->index[1];
    size_t width = n->in[0]->shape[1];
    (void)t;
    for (size_t b = 0; b < n->whole[0]; b++)
        for (size_t j = 0; j < width; j++) {
            double sum = 0;
            for (int32_t i = start[b]; i < start[b + 1]; i++)
                sum += id[i] < 0 ? 0 : (double)numbers(n->in[0])[(size_t)id[i] * width + j];
            numbers(n->out[0])[b * width + j] = (REAL)(start[b + 1] > start[b] ? sum / (start[b + 1] - start[b]) : 0);
        }
}

static void embedding_mean_backward(struct tape *t, struct node *n)
{
    const int32_t *id = n->index[0], *start = n->index[1];
    size_t width = n->in[0]->shape[1];
    REAL *slope = tape_grad_rows(t, n->in[0]);
    for (size_t b = 0; b < n->whole[0]; b++)
        for (int32_t i = start[b]; i < start[b + 1]; i++) {
            if (id[i] < 0)
                continue;
            tensor_touch(n->in[0], (size_t)id[i]);
            add_row(slope + (size_t)id[i] * width, slopes(n->out[0]) + b * width, width,
                    1.0 / (start[b + 1] - start[b]));
        }
}

#endif
