/* Operations element by element, and those that only bring numbers into another order. */
#include "kernels.h"

namespace
{

/* --- two inputs: y = a + b, a - b, a b; b is repeated ---------------------------------------------------------------
 */

__global__ void two_kernel(int op, float *y, const float *a, const float *b, size_t count, size_t again)
{
    FOR_EACH(i, count)
    {
        float x = a[i], with = b[i % again];
        y[i] = op == OP_ADD ? x + with : op == OP_SUB ? x - with : x * with;
    }
}

void two_forward(node *n)
{
    size_t count = tensor_count(n->in[0]), again = tensor_count(n->in[1]);
    launch(count, two_kernel, int(n->op), numbers(n->out[0]), numbers(n->in[0]), numbers(n->in[1]), count, again);
}

/* dx += factor dy, or dy times `with`, which is repeated. */
__global__ void scaled_kernel(float *dx, float beta, const float *dy, float factor, const float *with, size_t again,
                              size_t count)
{
    FOR_EACH(i, count) put(&dx[i], with ? factor * dy[i] * with[i % again] : factor * dy[i], beta);
}

void add_scaled(slope dx, const float *dy, float factor, const float *with, size_t again, size_t count)
{
    if (dx.at)
        launch(count, scaled_kernel, dx.at, dx.beta, dy, factor, with, again, count);
}

/* The slope of the repeated one: sums over the repeats. */
void add_repeated(slope dx, const float *dy, float factor, const float *with, size_t again, size_t count)
{
    if (!dx.at || again == 0)
        return;
    if (again == count)
        add_scaled(dx, dy, factor, with, again, count);
    else
        add_columns(dx.at, dx.beta, count / again, again, matrix_sum{dy, with, again, factor});
}

void two_backward(tape *t, node *n, float factor)
{
    size_t count = tensor_count(n->in[0]), again = tensor_count(n->in[1]);
    add_scaled(slope_of(t, n->in[0]), slopes(n->out[0]), 1, nullptr, 1, count);
    add_repeated(slope_of(t, n->in[1]), slopes(n->out[0]), factor, nullptr, again, count);
}

/* --- one input ------------------------------------------------------------------------------------------------------
 */

__global__ void affine_kernel(float *y, const float *x, float factor, float shift, size_t count)
{
    FOR_EACH(i, count) y[i] = factor * x[i] + shift;
}

__global__ void unary_kernel(int kind, float *y, const float *x, view v, size_t count)
{
    FOR_EACH(i, count) y[i] = formula_unary(kind, x[view_at(v, i)]);
}

__global__ void unary_back_kernel(int kind, float *dx, float beta, const float *dy, const float *y, const float *x,
                                  view v, size_t count)
{
    FOR_EACH(i, count)
    {
        size_t at = view_at(v, i);
        put(&dx[at], formula_unary_slope(kind, x[at], y[i]) * dy[i], beta);
    }
}

__global__ void dropout_kernel(float *to, float beta, const float *from, uint64_t random, float rate, size_t count)
{
    FOR_EACH(i, count) put(&to[i], formula_random(random, i) >= rate ? from[i] / (1 - rate) : 0.f, beta);
}

/* --- order ----------------------------------------------------------------------------------------------------------
 */

/* What lies at `from` in one tensor lies at `to` in the other. */
struct places {
    view v;               /* of the strided one */
    size_t span, whole;   /* runs of `span` numbers that lie `whole` apart in the dense one ... */
    size_t before, count; /* ... which begin here */
};

__device__ size_t dense_at(const places &p, size_t i)
{
    return p.before + i / p.span * p.whole + i % p.span;
}

__global__ void collect_kernel(float *y, const float *x, places p)
{
    FOR_EACH(i, p.count) y[dense_at(p, i)] = x[view_at(p.v, i)];
}

__global__ void spread_kernel(float *dx, float beta, const float *dy, places p)
{
    FOR_EACH(i, p.count) put(&dx[view_at(p.v, i)], dy[dense_at(p, i)], beta);
}

places places_of(const view &v, size_t count)
{
    return {v, count ? count : 1, count, 0, count};
}

void collect(const node *n, const tensor *x, const places &p)
{
    launch(p.count, collect_kernel, numbers(n->out[0]), numbers(x), p);
}

void spread(tape *t, const node *n, tensor *x, const places &p)
{
    slope dx = slope_of(t, x);
    if (dx.at)
        launch(p.count, spread_kernel, dx.at, dx.beta, slopes(n->out[0]), p);
}

places transposed_places(const node *n)
{
    view v = view_of(n->out[0]);
    for (int d = 0; d < v.rank; d++)
        v.stride[d] = n->in[0]->stride[n->whole[d]];
    return places_of(v, tensor_count(n->out[0]));
}

/* Part i of a concatenation; the parts before it are `before` numbers of each run. */
places joined_places(const node *n, const tensor *part, size_t before)
{
    places p = {view_of(part), 1, 1, before, tensor_count(part)};
    for (int d = int(n->whole[1]); d < part->rank; d++) {
        p.span *= part->shape[d];
        p.whole *= n->out[0]->shape[d];
    }
    return p;
}

__global__ void gather_kernel(float *y, const float *x, const int32_t *row, size_t width, size_t count)
{
    FOR_EACH(i, count * width) y[i] = x[size_t(row[i / width]) * width + i % width];
}

} // namespace

void add_forward(tape *, node *n)
{
    two_forward(n);
}

void add_backward(tape *t, node *n)
{
    two_backward(t, n, 1);
}

void sub_forward(tape *, node *n)
{
    two_forward(n);
}

void sub_backward(tape *t, node *n)
{
    two_backward(t, n, -1);
}

void mul_forward(tape *, node *n)
{
    two_forward(n);
}

void mul_backward(tape *t, node *n)
{
    size_t count = tensor_count(n->in[0]), again = tensor_count(n->in[1]);
    add_scaled(slope_of(t, n->in[0]), slopes(n->out[0]), 1, numbers(n->in[1]), again, count);
    add_repeated(slope_of(t, n->in[1]), slopes(n->out[0]), 1, numbers(n->in[0]), again, count);
}

void affine_forward(tape *, node *n)
{
    size_t count = tensor_count(n->in[0]);
    launch(count, affine_kernel, numbers(n->out[0]), numbers(n->in[0]), n->number[0], n->number[1], count);
}

void affine_backward(tape *t, node *n)
{
    add_scaled(slope_of(t, n->in[0]), slopes(n->out[0]), float(n->number[0]), nullptr, 1, tensor_count(n->in[0]));
}

void unary_forward(tape *, node *n)
{
    size_t count = tensor_count(n->in[0]);
    launch(count, unary_kernel, n->kind, numbers(n->out[0]), numbers(n->in[0]), view_of(n->in[0]), count);
}

void unary_backward(tape *t, node *n)
{
    size_t count = tensor_count(n->in[0]);
    slope dx = slope_of(t, n->in[0]);
    if (dx.at)
        launch(count, unary_back_kernel, n->kind, dx.at, dx.beta, slopes(n->out[0]), numbers(n->out[0]),
               numbers(n->in[0]), view_of(n->in[0]), count);
}

void dropout_forward(tape *, node *n)
{
    size_t count = tensor_count(n->in[0]);
    launch(count, dropout_kernel, numbers(n->out[0]), 0, numbers(n->in[0]), n->random, n->number[0], count);
}

void dropout_backward(tape *t, node *n)
{
    size_t count = tensor_count(n->in[0]);
    slope dx = slope_of(t, n->in[0]);
    if (dx.at)
        launch(count, dropout_kernel, dx.at, dx.beta, slopes(n->out[0]), n->random, n->number[0], count);
}

void copy_forward(tape *, node *n)
{
    collect(n, n->in[0], places_of(view_of(n->in[0]), tensor_count(n->in[0])));
}

void copy_backward(tape *t, node *n)
{
    spread(t, n, n->in[0], places_of(view_of(n->in[0]), tensor_count(n->in[0])));
}

void transpose_forward(tape *, node *n)
{
    collect(n, n->in[0], transposed_places(n));
}

void transpose_backward(tape *t, node *n)
{
    spread(t, n, n->in[0], transposed_places(n));
}

void concat_forward(tape *, node *n)
{
    for (size_t i = 0, before = 0; i < n->whole[0]; i++) {
        places p = joined_places(n, n->in[i], before);
        collect(n, n->in[i], p);
        before += p.span;
    }
}

void concat_backward(tape *t, node *n)
{
    for (size_t i = 0, before = 0; i < n->whole[0]; i++) {
        places p = joined_places(n, n->in[i], before);
        spread(t, n, n->in[i], p);
        before += p.span;
    }
}

void gather_forward(tape *, node *n)
{
    size_t width = n->in[0]->stride[0];
    launch(n->whole[0] * width, gather_kernel, numbers(n->out[0]), numbers(n->in[0]), n->index[0], width, n->whole[0]);
}

void gather_backward(tape *t, node *n)
{
    float *dx = slope_to(t, n->in[0]);
    if (dx)
        add_picked(dx, slopes(n->out[0]), n->index[0], n->whole[0], n->in[0]->stride[0]);
}
