/* Losses (nn/loss.h) and optimisers (nn/optimiser.h) on the device. Sums are taken in an order that depends on sizes
 * alone, so a run repeats to the bit. */
#include "plugin.h"

#include "formula.h"

namespace
{

constexpr unsigned LOSS_THREADS = 512;

/* One block of threads per model: a batch is short. */
__global__ void loss_kernel(gpu_loss l, float *gradient, const float *score, const float *label, const float *weight,
                            size_t rows, double *sums)
{
    __shared__ double shared[LOSS_THREADS];
    size_t model = blockIdx.x;
    double own = 0;
    for (size_t i = threadIdx.x; i < rows; i += LOSS_THREADS) {
        size_t at = (i * l.models + model) * l.classes;
        own += formula_row(&l, gradient + at, score + at, label[i], weight ? weight[i] : 1.f);
    }
    shared[threadIdx.x] = own;
    for (unsigned half = LOSS_THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half)
            shared[threadIdx.x] += shared[threadIdx.x + half];
    }
    if (threadIdx.x == 0)
        sums[model] += shared[0];
}

__global__ void pick_kernel(float *to, const float *from, const uint32_t *row, size_t rows, size_t columns)
{
    FOR_EACH(i, rows * columns) to[i] = from[size_t(row[i / columns]) * columns + i % columns];
}

__global__ void spread_kernel(float *score, const float *bias, size_t n, size_t outputs)
{
    FOR_EACH(i, n) score[i] = bias[i % outputs];
}

/* A block of threads takes column after column. */
__global__ void column_sums_kernel(float *out, const float *x, size_t rows, size_t columns, float scale)
{
    __shared__ float shared[THREADS];
    for (size_t k = blockIdx.x; k < columns; k += gridDim.x) {
        float own = 0;
        for (size_t i = threadIdx.x; i < rows; i += THREADS)
            own += x[i * columns + k];
        __syncthreads(); /* the column before is read */
        shared[threadIdx.x] = own;
        for (unsigned half = THREADS / 2; half > 0; half /= 2) {
            __syncthreads();
            if (threadIdx.x < half)
                shared[threadIdx.x] += shared[threadIdx.x + half];
        }
        if (threadIdx.x == 0)
            out[k] = scale * shared[0];
    }
}

__global__ void optimise_kernel(struct optimiser_now s, float *w, const float *gradient, float *first, float *second,
                                size_t n)
{
    FOR_EACH(i, n) formula_step(&s, &w[i], gradient[i], &first[i], second ? &second[i] : nullptr);
}

} // namespace

void linear_pick(float *to, const float *from, const uint32_t *row, size_t rows, size_t columns)
{
    if (cuda_failed() || rows * columns == 0)
        return;
    pick_kernel<<<blocks_for(rows * columns), THREADS, 0, cuda_stream()>>>(to, from, row, rows, columns);
    cuda_note(cudaGetLastError());
}

void linear_spread(float *score, const float *bias, size_t rows, size_t outputs)
{
    if (cuda_failed() || rows * outputs == 0)
        return;
    spread_kernel<<<blocks_for(rows * outputs), THREADS, 0, cuda_stream()>>>(score, bias, rows * outputs, outputs);
    cuda_note(cudaGetLastError());
}

void linear_loss(const gpu_loss *l, float *gradient, const float *score, const float *label, const float *weight,
                 size_t rows, double *sums)
{
    if (cuda_failed() || rows == 0 || l->models == 0)
        return;
    loss_kernel<<<unsigned(l->models), LOSS_THREADS, 0, cuda_stream()>>>(*l, gradient, score, label, weight, rows,
                                                                         sums);
    cuda_note(cudaGetLastError());
}

void linear_column_sums(float *out, const float *x, size_t rows, size_t columns, float scale)
{
    if (cuda_failed() || columns == 0)
        return;
    column_sums_kernel<<<unsigned(columns < 65535 ? columns : 65535), THREADS, 0, cuda_stream()>>>(out, x, rows,
                                                                                                   columns, scale);
    cuda_note(cudaGetLastError());
}

void linear_optimise(const struct optimiser_now *s, float *w, const float *gradient, float *first, float *second,
                     size_t n)
{
    if (cuda_failed() || n == 0)
        return;
    optimise_kernel<<<blocks_for(n), THREADS, 0, cuda_stream()>>>(*s, w, gradient, first, second, n);
    cuda_note(cudaGetLastError());
}
