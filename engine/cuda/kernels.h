/* What the files of the tensor backend (tensor_*.cu) share: launching, products, sums over blocks and columns, slopes,
 * and graphs.
 *
 * Everything is queued on the plugin's one stream; sums are taken in an order that depends on sizes alone, so a run
 * repeats to the bit. Kernels are launched by cudaLaunchKernelEx and use block-wide sums as their only meeting point:
 * tests/cuda runs these very files on a processor. */
#pragma once

#include "plugin.h"

extern "C" {
#include "engine/tensor/tape.h"
}

#include "tensor_formula.h"

/* --- launching ------------------------------------------------------------------------------------------------------
 */

/* `blocks` of some threads; kernels stride over what is beyond the grid. */
template <class... P, class... A>
void launch_grid(size_t blocks, unsigned threads, void (*kernel)(P...), A... arguments)
{
    cudaLaunchConfig_t config = {};
    if (cuda_failed() || blocks == 0)
        return;
    config.gridDim = dim3(unsigned(blocks < 65535 ? blocks : 65535));
    config.blockDim = dim3(threads);
    config.stream = cuda_stream();
    cuda_note(cudaLaunchKernelEx(&config, kernel, static_cast<P>(arguments)...));
}

template <class... P, class... A> void launch_blocks(size_t blocks, void (*kernel)(P...), A... arguments)
{
    launch_grid(blocks, THREADS, kernel, arguments...);
}

/* A thread for each of n things. */
template <class... P, class... A> void launch(size_t n, void (*kernel)(P...), A... arguments)
{
    launch_blocks((n + THREADS - 1) / THREADS, kernel, arguments...);
}

#define FOR_EACH_BLOCK(i, n) for (size_t i = blockIdx.x; i < (n); i += gridDim.x)

/* --- in kernels -----------------------------------------------------------------------------------------------------
 */

struct add_two {
    template <class T> __device__ T operator()(T a, T b) const
    {
        return a + b;
    }
};

struct larger_of_two {
    __device__ float operator()(float a, float b) const
    {
        return fmaxf(a, b);
    }
};

/* One value of all threads of a block, for all of them. All must come here. */
template <class T, class F> __device__ T block_fold(T own, F fold)
{
    __shared__ T part[THREADS];
    __syncthreads(); /* what was folded before has been read */
    part[threadIdx.x] = own;
    for (unsigned half = THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half)
            part[threadIdx.x] = fold(part[threadIdx.x], part[threadIdx.x + half]);
    }
    __syncthreads();
    return part[0];
}

template <class T> __device__ T block_sum(T own)
{
    return block_fold(own, add_two());
}

/* to = value, or to + value where beta is 1. With beta 0 `to` is not read. */
__device__ inline void put(float *to, float value, float beta)
{
    *to = beta == 0 ? value : *to + value;
}

/* Where element i of a tensor lies, counted in its numbers. */
struct view {
    int rank;
    size_t shape[TENSOR_RANK], stride[TENSOR_RANK];
};

__device__ inline size_t view_at(const view &v, size_t i)
{
    size_t at = 0;
    for (int d = v.rank - 1; d >= 0; d--) {
        at += i % v.shape[d] * v.stride[d];
        i /= v.shape[d];
    }
    return at;
}

/* --- tensors --------------------------------------------------------------------------------------------------------
 */

inline view view_of(const tensor *x)
{
    view v = {x->rank, {0}, {0}};
    for (int d = 0; d < x->rank; d++) {
        v.shape[d] = x->shape[d];
        v.stride[d] = x->stride[d];
    }
    return v;
}

inline float *numbers(const tensor *x)
{
    return x ? static_cast<float *>(x->data) : nullptr;
}

/* Of an output: complete when backward is called. */
inline const float *slopes(const tensor *y)
{
    return static_cast<const float *>(y->grad);
}

/* Of an input: all of it must be written with beta 0, or added to with beta 1. NULL: no slope is asked for. */
struct slope {
    float *at;
    float beta;
};

inline slope slope_of(tape *t, tensor *x)
{
    double beta = 1;
    void *at = x ? tape_grad_beta(t, x, &beta) : nullptr;
    return {static_cast<float *>(at), float(beta)};
}

/* The same to be added to in places. */
inline float *slope_to(tape *t, tensor *x)
{
    return x ? static_cast<float *>(tape_grad(t, x)) : nullptr;
}

template <class T> T *scratch(tape *t, size_t n)
{
    return static_cast<T *>(tape_scratch(t, n * sizeof(T)));
}

void cuda_zero(void *memory, size_t bytes);
void cuda_copy(void *to, const void *from, size_t bytes); /* on the device */

/* --- products -------------------------------------------------------------------------------------------------------
 */

/* A stored matrix whose rows lie `apart`, seen as it is or transposed. */
struct matrix {
    float *at;
    size_t apart;
    bool transposed;
};

inline matrix matrix_of(const float *at, size_t apart, bool transposed = false)
{
    return {const_cast<float *>(at), apart, transposed};
}

/* c[m x n] = alpha a b + beta c; beta 0: c is not read. */
void product(matrix c, matrix a, matrix b, size_t m, size_t n, size_t k, float alpha, float beta);
/* `count` of them, whose matrices lie step_c, step_a and step_b apart. */
void products(matrix c, matrix a, matrix b, size_t m, size_t n, size_t k, float alpha, float beta, size_t count,
              size_t step_c, size_t step_a, size_t step_b);

/* --- sums over columns ----------------------------------------------------------------------------------------------
 */

/* 32 columns by 8 lanes of rows. */
template <class F> __global__ void columns_kernel(float *out, float beta, size_t rows, size_t columns, F f)
{
    __shared__ float part[THREADS];
    size_t lane = threadIdx.x / 32, lanes = THREADS / 32;
    FOR_EACH_BLOCK(tile, (columns + 31) / 32)
    {
        size_t c = tile * 32 + threadIdx.x % 32;
        float own = 0;
        for (size_t r = lane; c < columns && r < rows; r += lanes)
            own += f(r, c);
        __syncthreads();
        part[threadIdx.x] = own;
        __syncthreads();
        for (size_t k = 1; lane == 0 && k < lanes; k++)
            own += part[k * 32 + threadIdx.x];
        if (lane == 0 && c < columns)
            put(&out[c], own, beta);
    }
}

/* A block for each of a few columns. */
template <class F> __global__ void column_kernel(float *out, float beta, size_t rows, size_t columns, F f)
{
    FOR_EACH_BLOCK(c, columns)
    {
        float own = 0;
        for (size_t r = threadIdx.x; r < rows; r += THREADS)
            own += f(r, c);
        own = block_sum(own);
        if (threadIdx.x == 0)
            put(&out[c], own, beta);
    }
}

/* out[c] = beta out[c] + the sum over rows of f(r, c) */
template <class F> void add_columns(float *out, float beta, size_t rows, size_t columns, F f)
{
    if (columns < 16)
        launch_blocks(columns, column_kernel<F>, out, beta, rows, columns, f);
    else
        launch_blocks((columns + 31) / 32, columns_kernel<F>, out, beta, rows, columns, f);
}

/* Numbers whose rows lie `apart`, times those of `with` where there are such. */
struct matrix_sum {
    const float *x, *with;
    size_t apart;
    float factor;
    __device__ float operator()(size_t r, size_t c) const
    {
        float value = factor * x[r * apart + c];
        return with ? value * with[r * apart + c] : value;
    }
};

/* slope += the sum of dy's rows; nothing where no slope is asked for. */
inline void add_rows(slope to, const float *dy, size_t rows, size_t columns)
{
    if (to.at)
        add_columns(to.at, to.beta, rows, columns, matrix_sum{dy, nullptr, columns, 1});
}

/* out = factor * the sum of n values; one block. */
void sum_all(float *out, const double *value, size_t n, double factor);

/* The slopes of rows that were picked: to[row[i]] += dy[i]. Rows -1 are left out. */
void add_picked(float *to, const float *dy, const int32_t *row, size_t count, size_t width);

/* --- graphs ---------------------------------------------------------------------------------------------------------
 */

/* A long chain of launches whose arguments are all told by `key`. The second time that a key comes its launches are
 * recorded, and from then on played as one. sizes[0]: how many steps it has. */
struct graph_key {
    const void *pointers[16];
    size_t sizes[10];
};

struct graph_body {
    virtual void operator()() = 0;
};

void graph_run(const graph_key &key, graph_body &body);

/* --- the operations -------------------------------------------------------------------------------------------------
 */

#define KERNEL(name)                                                                                                   \
    void name##_forward(tape *t, node *n);                                                                             \
    void name##_backward(tape *t, node *n);

KERNEL(copy)
KERNEL(transpose)
KERNEL(linear)
KERNEL(matmul)
KERNEL(add)
KERNEL(sub)
KERNEL(mul)
KERNEL(affine)
KERNEL(unary)
KERNEL(reduce)
KERNEL(pool_time)
KERNEL(softmax)
KERNEL(cross_entropy)
KERNEL(output_loss)
KERNEL(embedding)
KERNEL(embedding_mean)
KERNEL(concat)
KERNEL(gather)
KERNEL(layer_norm)
KERNEL(batch_norm)
KERNEL(dropout)
KERNEL(lstm)
KERNEL(gru)
KERNEL(attention)
KERNEL(conv1d)
KERNEL(conv2d)
KERNEL(pool2d)
KERNEL(likelihood)
KERNEL(smooth_l1)
