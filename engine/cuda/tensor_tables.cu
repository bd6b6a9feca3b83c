/* Rows looked up in a table. On the way back, rows that were looked up several times get a sum; so that it does not
 * depend on which thread comes first, the first of equal row numbers adds for all of them, in their order. */
#include "kernels.h"

namespace
{

/* Where the processor does not know how many rows were looked up. */
constexpr size_t BLOCKS = PIECE_MOST < 4096 ? PIECE_MOST : 4096;

/* Row numbers, and where the slopes of each lie. */
struct picked {
    const int32_t *row;
    size_t count;
    const int32_t
        *start; /* numbers start[b] .. start[b + 1] - 1 share the slopes of row b of dy; NULL: i has its own */
    size_t owners;
};

__device__ size_t picked_count(const picked &p)
{
    return p.start ? size_t(p.start[p.owners]) : p.count;
}

/* The b with start[b] <= j < start[b + 1]. */
__device__ size_t owner_of(const picked &p, size_t j)
{
    size_t low = 0, high = p.owners;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (size_t(p.start[middle]) <= j)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* Does the same row number stand before i? By all threads of a block. */
__device__ bool stands_before(const picked &p, size_t i)
{
    __shared__ int found;
    __syncthreads();
    if (threadIdx.x == 0)
        found = 0;
    __syncthreads();
    for (size_t j = threadIdx.x; j < i; j += THREADS)
        if (p.row[j] == p.row[i])
            found = 1;
    __syncthreads();
    return found != 0;
}

__device__ void add_one(float *to, const float *dy, const picked &p, size_t j, size_t width)
{
    size_t from = p.start ? owner_of(p, j) : j;
    float share = p.start ? 1 / float(p.start[from + 1] - p.start[from]) : 1;
    for (size_t k = threadIdx.x; k < width; k += THREADS)
        to[k] += share * dy[from * width + k];
}

/* A tile of the numbers after i at a time: who of them is equal? */
__device__ void add_equals(float *to, const float *dy, const picked &p, size_t i, size_t count, size_t width)
{
    __shared__ bool equal[THREADS];
    __shared__ int any;
    for (size_t first = i; first < count; first += THREADS) {
        size_t j = first + threadIdx.x;
        __syncthreads();
        if (threadIdx.x == 0)
            any = 0;
        __syncthreads();
        equal[threadIdx.x] = j < count && p.row[j] == p.row[i];
        if (equal[threadIdx.x])
            any = 1;
        __syncthreads();
        for (size_t k = 0; any && k < THREADS; k++)
            if (equal[k])
                add_one(to, dy, p, first + k, width);
    }
}

__global__ void picked_kernel(float *to, const float *dy, picked p, size_t width)
{
    size_t count = picked_count(p);
    FOR_EACH_BLOCK(i, count)
    {
        if (p.row[i] >= 0 && !stands_before(p, i))
            add_equals(to + size_t(p.row[i]) * width, dy, p, i, count, width);
    }
}

__global__ void look_up_kernel(float *y, const float *table, const int32_t *id, size_t count, size_t width)
{
    FOR_EACH(i, count * width)
    {
        int32_t row = id[i / width];
        y[i] = row < 0 ? 0 : table[size_t(row) * width + i % width];
    }
}

__global__ void mean_kernel(float *y, const float *table, const int32_t *id, const int32_t *start, size_t rows,
                            size_t width)
{
    FOR_EACH(at, rows * width)
    {
        size_t b = at / width;
        float sum = 0;
        for (int32_t i = start[b]; i < start[b + 1]; i++)
            sum += id[i] < 0 ? 0 : table[size_t(id[i]) * width + at % width];
        y[at] = start[b + 1] > start[b] ? sum / float(start[b + 1] - start[b]) : 0;
    }
}

} // namespace

void add_picked(float *to, const float *dy, const int32_t *row, size_t count, size_t width)
{
    if (width > 0)
        launch_blocks(count, picked_kernel, to, dy, picked{row, count, nullptr, 0}, width);
}

void embedding_forward(tape *, node *n)
{
    size_t width = n->in[0]->shape[1];
    launch(n->whole[0] * width, look_up_kernel, numbers(n->out[0]), numbers(n->in[0]), n->index[0], n->whole[0], width);
}

void embedding_backward(tape *t, node *n)
{
    float *to = slope_to(t, n->in[0]);
    if (to)
        add_picked(to, slopes(n->out[0]), n->index[0], n->whole[0], n->in[0]->shape[1]);
}

void embedding_mean_forward(tape *, node *n)
{
    size_t width = n->in[0]->shape[1];
    launch(n->whole[0] * width, mean_kernel, numbers(n->out[0]), numbers(n->in[0]), n->index[0], n->index[1],
           n->whole[0], width);
}

void embedding_mean_backward(tape *t, node *n)
{
    size_t rows = n->whole[0], width = n->in[0]->shape[1];
    float *to = slope_to(t, n->in[0]);
    if (to && rows > 0 && width > 0)
        launch_blocks(BLOCKS, picked_kernel, to, slopes(n->out[0]), picked{n->index[0], 0, n->index[1], rows}, width);
}
