/* Tables on the processor. Slopes are shared by columns, so that no two threads meet in a row. */
#include <string.h>

#include "engine/tensor/cpu.h"
#include "engine/tensor/exp.h"

struct lookup {
    const int32_t *id, *start; /* start NULL: one id a row */
    size_t rows, width;
    const float *table, *dy;
    float *y, *slope;
};

/* --- one row of the table each ------------------------------------------------------------------------------------ */

static void copy_rows(void *context, int part, size_t begin, size_t end)
{
    const struct lookup *l = context;
    (void)part;
    for (size_t i = begin; i < end; i++) {
        float *y = l->y + i * l->width;
        if (l->id[i] < 0)
            memset(y, 0, l->width * sizeof *y);
        else
            memcpy(y, l->table + (size_t)l->id[i] * l->width, l->width * sizeof *y);
    }
}

static void add_columns(void *context, int part, size_t begin, size_t end)
{
    const struct lookup *l = context;
    (void)part;
    for (size_t i = 0; i < l->rows; i++)
        if (l->id[i] >= 0)
            cpu_add(l->slope + (size_t)l->id[i] * l->width + begin, l->dy + i * l->width + begin, end - begin);
}

static struct lookup lookup_of(const struct node *n)
{
    return (struct lookup){.id = n->index[0],
                           .start = n->index[1],
                           .rows = n->whole[0],
                           .width = n->in[0]->shape[1],
                           .table = n->in[0]->data,
                           .y = n->out[0]->data,
                           .dy = n->out[0]->grad};
}

static void touch_all(struct tensor *table, const int32_t *id, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (id[i] >= 0)
            tensor_touch(table, (size_t)id[i]);
}

void cpu_embedding_forward(struct tape *t, struct node *n)
{
    struct lookup l = lookup_of(n);
    cpu_share(t, l.rows, (double)l.rows * (double)l.width, copy_rows, &l);
}

void cpu_embedding_backward(struct tape *t, struct node *n)
{
    struct lookup l = lookup_of(n);
    l.slope = tape_grad_rows(t, n->in[0]);
    if (!l.slope)
        return;
    touch_all(n->in[0], l.id, l.rows);
    cpu_share(t, l.width, (double)l.rows * (double)l.width, add_columns, &l);
}

/* --- the mean of several ------------------------------------------------------------------------------------------ */

VECTORISED static void scale_row(float *x, float factor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}

static void mean_rows(void *context, int part, size_t begin, size_t end)
{
    const struct lookup *l = context;
    (void)part;
    for (size_t b = begin; b < end; b++) {
        float *y = l->y + b * l->width;
        memset(y, 0, l->width * sizeof *y);
        for (int32_t i = l->start[b]; i < l->start[b + 1]; i++)
            if (l->id[i] >= 0)
                cpu_add(y, l->table + (size_t)l->id[i] * l->width, l->width);
        if (l->start[b + 1] > l->start[b])
            scale_row(y, 1 / (float)(l->start[b + 1] - l->start[b]), l->width);
    }
}

static void mean_columns_back(void *context, int part, size_t begin, size_t end)
{
    const struct lookup *l = context;
    (void)part;
    for (size_t b = 0; b < l->rows; b++)
        for (int32_t i = l->start[b]; i < l->start[b + 1]; i++)
            if (l->id[i] >= 0)
                cpu_add_scaled(l->slope + (size_t)l->id[i] * l->width + begin, l->dy + b * l->width + begin,
                               1 / (float)(l->start[b + 1] - l->start[b]), end - begin);
}

/* How many ids there are: they lie one after another. */
static size_t ids(const struct lookup *l)
{
    return l->rows > 0 ? (size_t)(l->start[l->rows] - l->start[0]) : 0;
}

void cpu_embedding_mean_forward(struct tape *t, struct node *n)
{
    struct lookup l = lookup_of(n);
    cpu_share(t, l.rows, (double)ids(&l) * (double)l.width, mean_rows, &l);
}

void cpu_embedding_mean_backward(struct tape *t, struct node *n)
{
    struct lookup l = lookup_of(n);
    l.slope = tape_grad_rows(t, n->in[0]);
    if (!l.slope || l.rows == 0)
        return;
    touch_all(n->in[0], l.id + l.start[0], ids(&l));
    cpu_share(t, l.width, (double)ids(&l) * (double)l.width, mean_columns_back, &l);
}
