#include "engine/tensor/cpu.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/nn/optimiser.h"
#include "engine/tensor/exp.h"

/* Handing work to a thread that waits costs about two microseconds: below this many operations it does not pay. */
#define WORTH 1e5

int cpu_parts(struct tape *t, size_t n, double operations)
{
    int threads = pool_threads(tape_pool(t));
    return operations < WORTH || n < (size_t)threads ? 1 : threads;
}

struct share {
    cpu_work *work;
    void *context;
    size_t n;
};

static void share_part(void *context, int thread, int threads)
{
    const struct share *s = context;
    size_t end, begin = pool_share(s->n, thread, threads, &end);
    s->work(s->context, thread, begin, end);
}

void cpu_share(struct tape *t, size_t n, double operations, cpu_work *work, void *context)
{
    struct share s = {work, context, n};
    if (cpu_parts(t, n, operations) == 1)
        work(context, 0, 0, n);
    else
        pool_run(tape_pool(t), share_part, &s);
}

/* --- packed weights ----------------------------------------------------------------------------------------------- */

enum memo { MEMO_PACKED, MEMO_PACKED_TRANSPOSED };

struct packing {
    float *packed;
    const float *data;
    size_t apart, depth, columns;
    bool transposed;
};

static void pack_part(void *context, int part, size_t begin, size_t end)
{
    const struct packing *p = context;
    size_t last = end * PRODUCT_PANEL < p->columns ? end * PRODUCT_PANEL : p->columns;
    (void)part;
    product_pack(p->packed, p->data, p->apart, p->depth, begin * PRODUCT_PANEL, last, p->transposed);
}

const float *cpu_packed(struct tape *t, const struct tensor *w, bool transposed)
{
    struct packing p = {.data = w->data,
                        .apart = w->stride[0],
                        .depth = w->shape[transposed],
                        .columns = w->shape[!transposed],
                        .transposed = transposed};
    size_t room = product_room(p.depth, p.columns);
    bool fresh;
    p.packed = tape_memo(t, w->data, transposed ? MEMO_PACKED_TRANSPOSED : MEMO_PACKED, room * sizeof(float), &fresh);
    if (p.packed && fresh)
        cpu_share(t, (p.columns + PRODUCT_PANEL - 1) / PRODUCT_PANEL, 4 * (double)room, pack_part, &p);
    return p.packed;
}

/* --- products of two matrices that come but once ------------------------------------------------------------------ */

struct multiplying {
    float *c;
    size_t ldc, m, n, k;
    struct cpu_matrix a, b;
    float beta;
};

static void multiply_rows(void *context, int part, size_t begin, size_t end)
{
    const struct multiplying *p = context;
    const float *a = p->a.data + (p->a.transposed ? begin : begin * p->a.apart);
    (void)part;
    blas_cpu.gemm_in(p->c + begin * p->ldc, p->ldc, a, p->a.apart, p->b.data, p->b.apart, end - begin, p->n, p->k,
                     p->a.transposed, p->b.transposed, 1, p->beta);
}

static void multiply_columns(void *context, int part, size_t begin, size_t end)
{
    const struct multiplying *p = context;
    const float *b = p->b.data + (p->b.transposed ? begin * p->b.apart : begin);
    (void)part;
    blas_cpu.gemm_in(p->c + begin, p->ldc, p->a.data, p->a.apart, b, p->b.apart, p->m, end - begin, p->k,
                     p->a.transposed, p->b.transposed, 1, p->beta);
}

void cpu_multiply(struct tape *t, float *c, size_t ldc, struct cpu_matrix a, struct cpu_matrix b, size_t m, size_t n,
                  size_t k, float beta)
{
    struct multiplying p = {c, ldc, m, n, k, a, b, beta};
    bool wide = n >= m;
    cpu_share(t, wide ? n : m, 2 * (double)m * (double)n * (double)k, wide ? multiply_columns : multiply_rows, &p);
}

/* --- sums --------------------------------------------------------------------------------------------------------- */

struct summing {
    float *sum;
    const float *x;
    size_t ldx, rows;
    float beta;
};

/* Blocks of rows first, so that many rows lose no digits. */
enum { SUM_ROWS = 64, SUM_COLUMNS = 256 };

VECTORISED static void sum_block(float *restrict sum, const float *restrict x, size_t ldx, size_t rows, size_t columns)
{
    float block[SUM_COLUMNS] = {0};
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            block[j] += x[i * ldx + j];
    for (size_t j = 0; j < columns; j++)
        sum[j] += block[j];
}

static void sum_columns(void *context, int part, size_t begin, size_t end)
{
    const struct summing *s = context;
    (void)part;
    for (size_t j = begin; j < end; j++)
        s->sum[j] = s->beta == 0 ? 0 : s->beta * s->sum[j];
    for (size_t i = 0; i < s->rows; i += SUM_ROWS)
        for (size_t j = begin; j < end; j += SUM_COLUMNS)
            sum_block(s->sum + j, s->x + i * s->ldx + j, s->ldx, s->rows - i < SUM_ROWS ? s->rows - i : SUM_ROWS,
                      end - j < SUM_COLUMNS ? end - j : SUM_COLUMNS);
}

void cpu_column_sums(struct tape *t, float *sum, const float *x, size_t ldx, size_t rows, size_t columns, float beta)
{
    struct summing s = {sum, x, ldx, rows, beta};
    cpu_share(t, columns, (double)rows * (double)columns, sum_columns, &s);
}

float *cpu_zeros(struct tape *t, size_t n)
{
    float *zeros = tape_scratch(t, n * sizeof *zeros);
    if (zeros)
        memset(zeros, 0, n * sizeof *zeros);
    return zeros;
}

VECTORISED void cpu_add(float *to, const float *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] += from[i];
}

VECTORISED void cpu_add_scaled(float *to, const float *from, float factor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] += factor * from[i];
}

VECTORISED float cpu_dot(const float *x, const float *y, size_t n)
{
    float lane[16] = {0}, sum = 0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        for (size_t q = 0; q < 16; q++)
            lane[q] += x[i + q] * y[i + q];
    for (; i < n; i++)
        lane[0] += x[i] * y[i];
    for (size_t q = 0; q < 16; q++)
        sum += lane[q];
    return sum;
}

VECTORISED static void set_scaled(float *restrict to, const float *restrict from, float factor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = factor * from[i];
}

struct flow {
    float *dx;
    const float *dy;
    float factor;
    bool add;
};

static void flow_part(void *context, int part, size_t begin, size_t end)
{
    const struct flow *f = context;
    (void)part;
    (f->add ? cpu_add_scaled : set_scaled)(f->dx + begin, f->dy + begin, f->factor, end - begin);
}

void cpu_flow(struct tape *t, struct tensor *x, const float *dy, float factor)
{
    double beta;
    float *dx = tape_grad_beta(t, x, &beta);
    struct flow f = {dx, dy, factor, beta != 0};
    if (dx)
        cpu_share(t, tensor_count(x), (double)tensor_count(x), flow_part, &f);
}

bool cpu_pitch(const struct tensor *x, size_t *apart)
{
    *apart = x->rank >= 2 ? x->stride[x->rank - 2] : tensor_width(x);
    for (int d = 0; d + 2 < x->rank; d++)
        if (x->stride[d] != x->shape[d + 1] * x->stride[d + 1])
            return false;
    return true;
}

/* --- the backend -------------------------------------------------------------------------------------------------- */

static void *host_alloc(size_t bytes)
{
    return aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
}

static void host_zero(void *memory, size_t bytes)
{
    if (bytes > 0)
        memset(memory, 0, bytes);
}

static void host_copy(void *to, const void *from, size_t bytes)
{
    if (bytes > 0)
        memcpy(to, from, bytes);
}

static void host_optimise(const struct optimiser *o, void *w, void *gradient, size_t begin, size_t end, double rate,
                          double decay)
{
    optimiser_range(o, w, gradient, begin, end, rate, decay, 0);
}

/* Blocks first, so that many numbers lose no digits. */
static double host_square_sum(const void *x, size_t n)
{
    const float *numbers = x;
    double sum = 0;
    for (size_t i = 0; i < n; i += 1024)
        sum += (double)cpu_dot(numbers + i, numbers + i, n - i < 1024 ? n - i : 1024);
    return sum;
}

VECTORISED static void scale_numbers(float *x, size_t n, float factor)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}

static void host_scale(void *x, size_t n, double factor)
{
    scale_numbers(x, n, (float)factor);
}

VECTORISED static void clip_numbers(float *x, size_t n, float limit)
{
    for (size_t i = 0; i < n; i++) {
        float least = x[i] < -limit ? -limit : x[i];
        x[i] = least > limit ? limit : least;
    }
}

static void host_clip(void *x, size_t n, double limit)
{
    clip_numbers(x, n, (float)limit);
}

#define KERNEL(name)                                                                                                   \
    {                                                                                                                  \
        cpu_##name##_forward, cpu_##name##_backward                                                                    \
    }

const struct backend backend_cpu = {
    .name = "cpu",
    .rest = &backend_ref32,
    .bytes = sizeof(float),
    .host = true,
    .alloc = host_alloc,
    .release = free,
    .zero = host_zero,
    .upload = host_copy,
    .download = host_copy,
    .optimise = host_optimise,
    .square_sum = host_square_sum,
    .scale = host_scale,
    .clip = host_clip,
    .kernels =
        {
            [OP_COPY] = KERNEL(copy),
            [OP_TRANSPOSE] = KERNEL(transpose),
            [OP_LINEAR] = KERNEL(linear),
            [OP_MATMUL] = KERNEL(matmul),
            [OP_ADD] = KERNEL(add),
            [OP_SUB] = KERNEL(sub),
            [OP_MUL] = KERNEL(mul),
            [OP_AFFINE] = KERNEL(affine),
            [OP_UNARY] = KERNEL(unary),
            [OP_REDUCE] = KERNEL(reduce),
            [OP_POOL_TIME] = KERNEL(pool_time),
            [OP_SOFTMAX] = KERNEL(softmax),
            [OP_CROSS_ENTROPY] = KERNEL(cross_entropy),
            [OP_OUTPUT_LOSS] = KERNEL(output_loss),
            [OP_EMBEDDING] = KERNEL(embedding),
            [OP_EMBEDDING_MEAN] = KERNEL(embedding_mean),
            [OP_CONCAT] = KERNEL(concat),
            [OP_GATHER] = KERNEL(gather),
            [OP_LAYER_NORM] = KERNEL(layer_norm),
            [OP_BATCH_NORM] = KERNEL(batch_norm),
            [OP_DROPOUT] = KERNEL(dropout),
            [OP_LSTM] = KERNEL(lstm),
            [OP_GRU] = KERNEL(gru),
            [OP_ATTENTION] = KERNEL(attention),
            [OP_CONV1D] = KERNEL(conv1d),
            [OP_CONV2D] = KERNEL(conv2d),
            [OP_POOL2D] = KERNEL(pool2d),
            [OP_LIKELIHOOD] = KERNEL(likelihood),
            [OP_SMOOTH_L1] = KERNEL(smooth_l1),
        },
};
