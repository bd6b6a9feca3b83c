/* Sums, means and largest numbers along a dimension on the processor. Everything is seen as `outer` groups of `count`
 * rows of `inner` numbers: a group becomes one row. */
#include <string.h>

#include "engine/tensor/cpu.h"
#include "engine/tensor/exp.h"

/* Row i of group o begins at o * group + i * apart. */
struct sums {
    enum reduce kind;
    size_t count, inner, group, apart;
    const int32_t *length; /* of each group: how many rows count; NULL: all */
    const float *x, *dy;
    float *y, *dx;
    int32_t *largest; /* on the way back: a row of indices for each part */
};

static size_t counted(const struct sums *s, size_t o)
{
    return s->length ? (size_t)s->length[o] : s->count;
}

/* --- forward ------------------------------------------------------------------------------------------------------ */

VECTORISED static void keep_larger(float *restrict y, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = x[i] > y[i] ? x[i] : y[i];
}

VECTORISED static void multiply(float *y, float factor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] *= factor;
}

/* Blocks of rows first, so that many rows lose no digits. */
enum { BLOCK_ROWS = 64, BLOCK_COLUMNS = 256 };

static void add_rows(float *y, const float *x, size_t apart, size_t rows, size_t n)
{
    float block[BLOCK_COLUMNS];
    for (size_t j = 0; j < n; j += BLOCK_COLUMNS)
        for (size_t i = 0; i < rows; i += BLOCK_ROWS) {
            size_t width = n - j < BLOCK_COLUMNS ? n - j : BLOCK_COLUMNS;
            memset(block, 0, width * sizeof *block);
            for (size_t k = i; k < rows && k < i + BLOCK_ROWS; k++)
                cpu_add(block, x + k * apart + j, width);
            cpu_add(y + j, block, width);
        }
}

/* The sum of n numbers that lie together. */
static double sum_of(const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    return sum;
}

static void sums_part(void *context, int part, size_t begin, size_t end)
{
    const struct sums *s = context;
    (void)part;
    for (size_t o = begin; o < end; o++) {
        const float *x = s->x + o * s->group;
        float *y = s->y + o * s->inner;
        size_t count = counted(s, o);
        memset(y, 0, s->inner * sizeof *y);
        if (s->kind == REDUCE_MAX && count > 0)
            memcpy(y, x, s->inner * sizeof *y);
        if (s->kind == REDUCE_MAX)
            for (size_t i = 1; i < count; i++)
                keep_larger(y, x + i * s->apart, s->inner);
        else if (s->inner == 1 && s->apart == 1)
            *y = (float)sum_of(x, count);
        else
            add_rows(y, x, s->apart, count, s->inner);
        if (s->kind == REDUCE_MEAN && count > 0)
            multiply(y, 1 / (float)count, s->inner);
    }
}

/* --- backward ----------------------------------------------------------------------------------------------------- */

/* The first largest of each column: best holds the largest so far. */
VECTORISED static void mark_larger(float *restrict best, int32_t *restrict which, const float *restrict x, int32_t i,
                                   size_t n)
{
    for (size_t j = 0; j < n; j++) {
        which[j] = x[j] > best[j] ? i : which[j];
        best[j] = x[j] > best[j] ? x[j] : best[j];
    }
}

static void largest_back(const struct sums *s, int part, size_t o, size_t count)
{
    int32_t *which = s->largest + (size_t)part * 2 * s->inner;
    float *best = (float *)(void *)(which + s->inner);
    const float *x = s->x + o * s->group, *dy = s->dy + o * s->inner;
    float *dx = s->dx + o * s->group;
    if (count == 0 || s->inner == 0)
        return;
    memcpy(best, x, s->inner * sizeof *best);
    memset(which, 0, s->inner * sizeof *which);
    for (size_t i = 1; i < count; i++)
        mark_larger(best, which, x + i * s->apart, (int32_t)i, s->inner);
    for (size_t j = 0; j < s->inner; j++)
        dx[(size_t)which[j] * s->apart + j] += dy[j];
}

static void sums_part_back(void *context, int part, size_t begin, size_t end)
{
    const struct sums *s = context;
    for (size_t o = begin; o < end; o++) {
        size_t count = counted(s, o);
        float share = s->kind == REDUCE_MEAN && count > 0 ? 1 / (float)count : 1;
        if (s->kind == REDUCE_MAX)
            largest_back(s, part, o, count);
        else
            for (size_t i = 0; i < count; i++)
                cpu_add_scaled(s->dx + o * s->group + i * s->apart, s->dy + o * s->inner, share, s->inner);
    }
}

static void forward(struct tape *t, const struct node *n, struct sums s, size_t outer)
{
    s.kind = (enum reduce)n->kind;
    s.x = n->in[0]->data;
    s.y = n->out[0]->data;
    cpu_share(t, outer, (double)tensor_count(n->in[0]), sums_part, &s);
}

static void backward(struct tape *t, const struct node *n, struct sums s, size_t outer)
{
    s.kind = (enum reduce)n->kind;
    s.x = n->in[0]->data;
    s.dy = n->out[0]->grad;
    s.dx = slope_to(t, n->in[0]);
    s.largest = tape_scratch(t, (size_t)pool_threads(tape_pool(t)) * 2 * s.inner * sizeof *s.largest);
    if (s.dx && s.largest)
        cpu_share(t, outer, (double)tensor_count(n->in[0]), sums_part_back, &s);
}

static struct sums reduce_of(const struct node *n)
{
    return (struct sums){
        .count = n->whole[1], .inner = n->whole[2], .group = n->whole[1] * n->whole[2], .apart = n->whole[2]};
}

void cpu_reduce_forward(struct tape *t, struct node *n)
{
    forward(t, n, reduce_of(n), n->whole[0]);
}

void cpu_reduce_backward(struct tape *t, struct node *n)
{
    backward(t, n, reduce_of(n), n->whole[0]);
}

/* T x B x D: a group is a row of the batch. */
static struct sums pool_of(const struct node *n)
{
    const size_t *shape = n->in[0]->shape;
    return (struct sums){
        .count = shape[0], .inner = shape[2], .group = shape[2], .apart = shape[1] * shape[2], .length = n->index[0]};
}

void cpu_pool_time_forward(struct tape *t, struct node *n)
{
    forward(t, n, pool_of(n), n->in[0]->shape[1]);
}

void cpu_pool_time_backward(struct tape *t, struct node *n)
{
    backward(t, n, pool_of(n), n->in[0]->shape[1]);
}
