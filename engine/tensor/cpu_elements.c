/* Element by element on the processor. */
#include <math.h>
#include <string.h>

#include "engine/tensor/cpu.h"
#include "engine/tensor/exp.h"

/* --- of two tensors: b is repeated -------------------------------------------------------------------------------- */

typedef void two_work(float *restrict y, const float *restrict a, const float *restrict b, size_t n);

VECTORISED static void sums(float *restrict y, const float *restrict a, const float *restrict b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = a[i] + b[i];
}

VECTORISED static void differences(float *restrict y, const float *restrict a, const float *restrict b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = a[i] - b[i];
}

VECTORISED static void products(float *restrict y, const float *restrict a, const float *restrict b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = a[i] * b[i];
}

VECTORISED static void add_products(float *restrict y, const float *restrict a, const float *restrict b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] += a[i] * b[i];
}

struct two {
    two_work *work;
    float *y;
    const float *a, *b;
    size_t again; /* numbers of b */
};

/* Elements begin .. end - 1, run by run through b. */
static void two_part(void *context, int part, size_t begin, size_t end)
{
    const struct two *p = context;
    (void)part;
    for (size_t i = begin, n; i < end; i += n) {
        size_t at = i % p->again;
        n = end - i < p->again - at ? end - i : p->again - at;
        p->work(p->y + i, p->a + i, p->b + at, n);
    }
}

static void two(struct tape *t, struct two p, size_t count)
{
    if (count > 0)
        cpu_share(t, count, (double)count, two_part, &p);
}

static void two_forward(struct tape *t, const struct node *n, two_work *work)
{
    two(t, (struct two){work, n->out[0]->data, n->in[0]->data, n->in[1]->data, tensor_count(n->in[1])},
        tensor_count(n->in[0]));
}

/* The slope of b, which was repeated: the sum over its repetitions. */
static void repeated_back(struct tape *t, struct tensor *b, const float *dy, size_t count, float factor)
{
    size_t again = tensor_count(b);
    if (again == count || factor != 1) {
        float *db = again == count ? NULL : slope_to(t, b);
        if (again == count)
            cpu_flow(t, b, dy, factor);
        for (size_t i = 0; db && i < count; i += again)
            cpu_add_scaled(db, dy + i, factor, again);
        return;
    }
    double beta;
    float *db = tape_grad_beta(t, b, &beta);
    if (db && again > 0)
        cpu_column_sums(t, db, dy, again, count / again, again, (float)beta);
}

void cpu_add_forward(struct tape *t, struct node *n)
{
    two_forward(t, n, sums);
}

void cpu_add_backward(struct tape *t, struct node *n)
{
    cpu_flow(t, n->in[0], n->out[0]->grad, 1);
    repeated_back(t, n->in[1], n->out[0]->grad, tensor_count(n->in[0]), 1);
}

void cpu_sub_forward(struct tape *t, struct node *n)
{
    two_forward(t, n, differences);
}

void cpu_sub_backward(struct tape *t, struct node *n)
{
    cpu_flow(t, n->in[0], n->out[0]->grad, 1);
    repeated_back(t, n->in[1], n->out[0]->grad, tensor_count(n->in[0]), -1);
}

void cpu_mul_forward(struct tape *t, struct node *n)
{
    two_forward(t, n, products);
}

void cpu_mul_backward(struct tape *t, struct node *n)
{
    struct tensor *a = n->in[0], *b = n->in[1];
    size_t count = tensor_count(a), again = tensor_count(b);
    const float *dy = n->out[0]->grad;
    float *da = slope_to(t, a), *db = slope_to(t, b);
    if (da)
        two(t, (struct two){add_products, da, dy, b->data, again}, count);
    if (db && again == count)
        two(t, (struct two){add_products, db, dy, a->data, again}, count);
    else
        for (size_t i = 0; db && i < count; i += again)
            add_products(db, dy + i, (const float *)a->data + i, again);
}

/* --- factor x + shift --------------------------------------------------------------------------------------------- */

struct affine {
    float *y;
    const float *x;
    float factor, shift;
};

VECTORISED static void affine_part(void *context, int part, size_t begin, size_t end)
{
    const struct affine p = *(const struct affine *)context;
    float *restrict y = p.y;
    const float *restrict x = p.x;
    (void)part;
    for (size_t i = begin; i < end; i++)
        y[i] = p.factor * x[i] + p.shift;
}

void cpu_affine_forward(struct tape *t, struct node *n)
{
    struct affine p = {n->out[0]->data, n->in[0]->data, (float)n->number[0], (float)n->number[1]};
    cpu_share(t, tensor_count(n->in[0]), (double)tensor_count(n->in[0]), affine_part, &p);
}

void cpu_affine_backward(struct tape *t, struct node *n)
{
    cpu_flow(t, n->in[0], n->out[0]->grad, (float)n->number[0]);
}

/* --- functions ---------------------------------------------------------------------------------------------------- */

typedef void value_work(float *restrict y, const float *restrict x, size_t n);
typedef void slope_work(float *restrict dx, const float *restrict x, const float *restrict y, const float *restrict dy,
                        size_t n);

/* `value` of x[i], and `slope` of x[i] and y[i]. */
#define FUNCTION(name, value, slope)                                                                                   \
    VECTORISED static void name##_values(float *restrict y, const float *restrict x, size_t n)                         \
    {                                                                                                                  \
        for (size_t i = 0; i < n; i++)                                                                                 \
            y[i] = value;                                                                                              \
    }                                                                                                                  \
    VECTORISED static void name##_slopes(float *restrict dx, const float *restrict x, const float *restrict y,         \
                                         const float *restrict dy, size_t n)                                           \
    {                                                                                                                  \
        (void)x;                                                                                                       \
        (void)y;                                                                                                       \
        for (size_t i = 0; i < n; i++)                                                                                 \
            dx[i] += dy[i] * (slope);                                                                                  \
    }

FUNCTION(tanh, tanh_float(x[i]), 1 - y[i] * y[i])
FUNCTION(sigmoid, sigmoid_float(x[i]), y[i] * (1 - y[i]))
FUNCTION(relu, x[i] > 0 ? x[i] : 0, x[i] > 0 ? 1.0f : 0.0f)
FUNCTION(softplus, softplus_float(x[i]), sigmoid_float(x[i]))
FUNCTION(exp, exp_float(x[i]), y[i])
FUNCTION(log, logf(x[i]), 1 / x[i])
FUNCTION(abs, fabsf(x[i]), x[i] > 0 ? 1.0f : x[i] < 0 ? -1.0f : 0.0f)
FUNCTION(square, x[i] * x[i], 2 * x[i])
FUNCTION(sqrt, sqrtf(x[i]), 0.5f / y[i])

static const struct {
    value_work *values;
    slope_work *slopes;
    double operations;
} functions[] = {
    [UNARY_TANH] = {tanh_values, tanh_slopes, 8}, [UNARY_SIGMOID] = {sigmoid_values, sigmoid_slopes, 8},
    [UNARY_RELU] = {relu_values, relu_slopes, 1}, [UNARY_SOFTPLUS] = {softplus_values, softplus_slopes, 16},
    [UNARY_EXP] = {exp_values, exp_slopes, 6},    [UNARY_LOG] = {log_values, log_slopes, 16},
    [UNARY_ABS] = {abs_values, abs_slopes, 1},    [UNARY_SQUARE] = {square_values, square_slopes, 1},
    [UNARY_SQRT] = {sqrt_values, sqrt_slopes, 4},
};

struct function {
    const struct tensor *x;
    size_t width;
    const float *y, *dy;
    float *to;
    bool dense;
    value_work *values;
    slope_work *slopes; /* NULL: values are asked for */
};

static void function_run(const struct function *f, size_t from, size_t at, size_t n)
{
    const float *x = (const float *)f->x->data + from;
    if (f->slopes)
        f->slopes(f->to + from, x, f->y + at, f->dy + at, n);
    else
        f->values(f->to + at, x, n);
}

static void function_part(void *context, int part, size_t begin, size_t end)
{
    const struct function *f = context;
    (void)part;
    if (f->dense)
        function_run(f, begin, begin, end - begin);
    else
        for (size_t r = begin; r < end; r++)
            function_run(f, tensor_offset(f->x, r), r * f->width, f->width);
}

static void function_share(struct tape *t, const struct node *n, struct function f)
{
    size_t count = tensor_count(f.x);
    f.width = tensor_width(f.x);
    f.dense = tensor_dense(f.x);
    cpu_share(t, f.dense ? count : tensor_rows(f.x), functions[n->kind].operations * (double)count, function_part, &f);
}

void cpu_unary_forward(struct tape *t, struct node *n)
{
    function_share(t, n, (struct function){.x = n->in[0], .to = n->out[0]->data, .values = functions[n->kind].values});
}

void cpu_unary_backward(struct tape *t, struct node *n)
{
    float *dx = slope_to(t, n->in[0]);
    if (dx)
        function_share(t, n,
                       (struct function){.x = n->in[0],
                                         .y = n->out[0]->data,
                                         .dy = n->out[0]->grad,
                                         .to = dx,
                                         .slopes = functions[n->kind].slopes});
}

/* --- dropout ------------------------------------------------------------------------------------------------------ */

struct dropout {
    float *to;
    const float *from;
    uint64_t random, least; /* stays where the draw's 24 bits are at least this */
    float factor;
    bool add;
};

/* Draws first, then numbers: loops over numbers of one size become vector code. */
VECTORISED static void dropout_part(void *context, int part, size_t begin, size_t end)
{
    enum { AT_ONCE = 64 };
    const struct dropout d = *(const struct dropout *)context;
    uint32_t bits[AT_ONCE], least = (uint32_t)d.least;
    (void)part;
    for (size_t at = begin; at < end; at += AT_ONCE) {
        size_t count = end - at < AT_ONCE ? end - at : AT_ONCE;
        float *to = d.to + at;
        const float *from = d.from + at;
        for (size_t i = 0; i < count; i++)
            bits[i] = (uint32_t)random_bits(d.random, at + i);
        for (size_t i = 0; d.add && i < count; i++)
            to[i] += bits[i] >= least ? from[i] * d.factor : 0;
        for (size_t i = 0; !d.add && i < count; i++)
            to[i] = bits[i] >= least ? from[i] * d.factor : 0;
    }
}

static void drop(struct tape *t, const struct node *n, float *to, const float *from, bool add)
{
    struct dropout d = {.to = to,
                        .from = from,
                        .random = n->random,
                        .least = (uint64_t)ceil(n->number[0] * 0x1p24),
                        .factor = (float)(1 / (1 - n->number[0])),
                        .add = add};
    cpu_share(t, tensor_count(n->in[0]), 8 * (double)tensor_count(n->in[0]), dropout_part, &d);
}

void cpu_dropout_forward(struct tape *t, struct node *n)
{
    drop(t, n, n->out[0]->data, n->in[0]->data, false);
}

void cpu_dropout_backward(struct tape *t, struct node *n)
{
    double beta;
    float *dx = tape_grad_beta(t, n->in[0], &beta);
    if (dx)
        drop(t, n, dx, n->out[0]->grad, beta != 0);
}
