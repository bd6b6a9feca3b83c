/* Products on the processor. Rows meet weights that are packed once a step; slopes of weights, whose both sides are new
 * each time, go to OpenBLAS. */
#include <string.h>

#include "engine/tensor/cpu.h"

/* With fewer rows, packing a weight costs more than it saves. */
enum { ROWS_WORTH_PACKING = 8 };

/* Products of many rows; bias: `biases` rows, which are repeated, or NULL. */
struct rows_product {
    struct product all;
    const float *bias;
    size_t biases;
};

static void rows_part(void *context, int part, size_t begin, size_t end)
{
    const struct rows_product *p = context;
    struct product some = p->all;
    size_t run = p->biases > 1 ? p->biases : end; /* as many rows as find their bias one after another */
    (void)part;
    for (size_t i = begin; i < end; i += some.rows) {
        some.rows = end - i < run - i % run ? end - i : run - i % run;
        some.c = p->all.c + i * some.ldc;
        some.a = p->all.a + i * some.lda;
        if (p->bias) {
            some.from = p->bias + (p->biases > 1 ? i % run * some.columns : 0);
            some.ldf = p->biases > 1 ? some.columns : 0;
        } else if (p->all.from) {
            some.from = some.c;
            some.ldf = some.ldc;
        }
        product(&some);
    }
}

/* How far apart the rows lie: only tensors of rank 2 may be strided. */
static size_t apart(const struct tensor *x)
{
    return x->rank == 2 ? x->stride[0] : tensor_width(x);
}

static struct cpu_matrix matrix_of(const struct tensor *x, bool transposed)
{
    return (struct cpu_matrix){x->data, apart(x), transposed};
}

/* c = a w (or w transposed) + bias, or added to c where `from` says so. */
static void times_weight(struct tape *t, struct rows_product p, const struct tensor *w, bool transposed)
{
    p.all.packed = cpu_packed(t, w, transposed);
    p.all.depth = w->shape[transposed];
    p.all.columns = w->shape[!transposed];
    if (p.all.packed)
        cpu_share(t, p.all.rows, 2 * (double)p.all.rows * (double)p.all.depth * (double)p.all.columns, rows_part, &p);
}

void cpu_linear_forward(struct tape *t, struct node *n)
{
    const struct tensor *x = n->in[0], *w = n->in[1];
    const float *bias = numbers_of(n->in[2]);
    float *y = n->out[0]->data;
    size_t rows = tensor_rows(x), depth = w->shape[0], columns = w->shape[1], biases = bias ? tensor_rows(n->in[2]) : 0;
    if (rows >= ROWS_WORTH_PACKING) {
        struct product all = {.c = y, .ldc = columns, .a = x->data, .lda = apart(x), .rows = rows};
        times_weight(t, (struct rows_product){all, bias, biases}, w, false);
        return;
    }
    for (size_t i = 0; bias && i < rows; i++)
        memcpy(y + i * columns, bias + i % biases * columns, columns * sizeof *y);
    cpu_multiply(t, y, columns, matrix_of(x, false), matrix_of(w, false), rows, columns, depth, bias ? 1 : 0);
}

void cpu_linear_backward(struct tape *t, struct node *n)
{
    struct tensor *x = n->in[0], *w = n->in[1], *b = n->in[2];
    const float *dy = slope_from(n->out[0]);
    size_t rows = tensor_rows(x), depth = w->shape[0], columns = w->shape[1];
    struct cpu_matrix slope = {dy, columns, false};
    double beta;
    float *dx = tape_grad_beta(t, x, &beta);
    if (dx && rows >= ROWS_WORTH_PACKING) {
        struct product all = {
            .c = dx, .ldc = apart(x), .from = beta != 0 ? dx : NULL, .a = dy, .lda = columns, .rows = rows};
        times_weight(t, (struct rows_product){all, NULL, 0}, w, true);
    } else if (dx)
        cpu_multiply(t, dx, apart(x), slope, matrix_of(w, true), rows, depth, columns, (float)beta);
    float *dw = tape_grad_beta(t, w, &beta);
    if (dw)
        cpu_multiply(t, dw, apart(w), matrix_of(x, true), slope, depth, columns, rows, (float)beta);
    float *db = b ? tape_grad_beta(t, b, &beta) : NULL;
    size_t repeated = b ? tensor_count(b) : 1;
    if (db && repeated > 0)
        cpu_column_sums(t, db, dy, repeated, rows * columns / repeated, repeated, (float)beta);
}

/* --- products of two tensors -------------------------------------------------------------------------------------- */

/* One operand, of rank 2, or one of G of rank 3; the only one of several products where G is 1. */
struct operand {
    float *data;
    size_t apart, step;
    bool once;
};

static struct operand operand_of(const struct tensor *x, void *data)
{
    bool many = x->rank == 3;
    return (struct operand){data, many ? x->shape[2] : x->stride[0],
                            many && x->shape[0] > 1 ? x->shape[1] * x->shape[2] : 0, !many || x->shape[0] == 1};
}

/* G products c = beta c + op(a) op(b); where c is one for all, they are added up. */
struct group {
    struct operand c, a, b;
    bool transpose_a, transpose_b;
    size_t m, n, k;
    float beta;
};

static void group_part(void *context, int part, size_t begin, size_t end)
{
    const struct group *g = context;
    (void)part;
    for (size_t i = begin; i < end; i++)
        blas_cpu.gemm_in(g->c.data + i * g->c.step, g->c.apart, g->a.data + i * g->a.step, g->a.apart,
                         g->b.data + i * g->b.step, g->b.apart, g->m, g->n, g->k, g->transpose_a, g->transpose_b, 1,
                         g->beta);
}

static void group_multiply(struct tape *t, const struct group *g, size_t groups)
{
    if (!g->c.once) {
        cpu_share(t, groups, 2 * (double)groups * (double)g->m * (double)g->n * (double)g->k, group_part, (void *)g);
        return;
    }
    for (size_t i = 0; i < groups; i++)
        cpu_multiply(t, g->c.data, g->c.apart,
                     (struct cpu_matrix){g->a.data + i * g->a.step, g->a.apart, g->transpose_a},
                     (struct cpu_matrix){g->b.data + i * g->b.step, g->b.apart, g->transpose_b}, g->m, g->n, g->k,
                     i == 0 ? g->beta : 1);
}

/* m, n, k of the forward product. */
static void sizes_of(const struct node *n, size_t size[3])
{
    const struct tensor *a = n->in[0], *c = n->out[0];
    size[0] = c->shape[c->rank - 2];
    size[1] = c->shape[c->rank - 1];
    size[2] = a->shape[a->rank - 2 + !n->flag[0]];
}

static size_t groups_of(const struct tensor *c)
{
    return c->rank == 3 ? c->shape[0] : 1;
}

void cpu_matmul_forward(struct tape *t, struct node *n)
{
    size_t size[3];
    sizes_of(n, size);
    struct group g = {operand_of(n->out[0], n->out[0]->data),
                      operand_of(n->in[0], n->in[0]->data),
                      operand_of(n->in[1], n->in[1]->data),
                      n->flag[0],
                      n->flag[1],
                      size[0],
                      size[1],
                      size[2],
                      0};
    group_multiply(t, &g, groups_of(n->out[0]));
}

/* With A = op(a) and B = op(b): dA = dc B^T and dB = A^T dc, and the transposed of these where op transposes. */
void cpu_matmul_backward(struct tape *t, struct node *n)
{
    struct tensor *a = n->in[0], *b = n->in[1], *c = n->out[0];
    struct operand dc = operand_of(c, c->grad), to_a = operand_of(a, a->data), to_b = operand_of(b, b->data);
    bool ta = n->flag[0], tb = n->flag[1];
    size_t size[3], groups = groups_of(c);
    double beta;
    sizes_of(n, size);
    if (groups == 0) {
        (void)slope_to(t, a);
        (void)slope_to(t, b);
        return;
    }
    float *da = tape_grad_beta(t, a, &beta);
    if (da) {
        struct operand to = operand_of(a, da);
        struct group g = ta ? (struct group){to, to_b, dc, tb, true, size[2], size[0], size[1], (float)beta}
                            : (struct group){to, dc, to_b, false, !tb, size[0], size[2], size[1], (float)beta};
        group_multiply(t, &g, groups);
    }
    float *db = tape_grad_beta(t, b, &beta);
    if (db) {
        struct operand to = operand_of(b, db);
        struct group g = tb ? (struct group){to, dc, to_a, true, ta, size[1], size[2], size[0], (float)beta}
                            : (struct group){to, to_a, dc, !ta, false, size[2], size[1], size[0], (float)beta};
        group_multiply(t, &g, groups);
    }
}
