/* What the files of the plugin share: the stream, the first failure, and launching over n things. */
#pragma once

#include <cuda_runtime.h>

extern "C" {
#include "engine/gpu.h"
}

constexpr int THREADS = 256;

cudaStream_t cuda_stream();
bool cuda_failed();             /* has something failed since the last finish? Then calls do nothing */
void cuda_note(cudaError_t code); /* remembers the first failure */
void cuda_note_text(const char *why);

inline unsigned blocks_for(size_t n)
{
    size_t blocks = n ? (n + THREADS - 1) / THREADS : 1; /* a launch of none is an error */
    return static_cast<unsigned>(blocks > 65535 ? 65535 : blocks); /* kernels stride over what is left */
}

#define FOR_EACH(i, n)                                                                                                 \
    for (size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x; i < (n); i += size_t(gridDim.x) * blockDim.x)

/* linear.cu */
void linear_spread(float *score, const float *bias, size_t rows, size_t outputs);
void linear_loss(int kind, float parameter, size_t classes, float *gradient, const float *score, const float *label,
                 const float *weight, size_t rows, double *sum);
void linear_column_sums(float *out, const float *x, size_t rows, size_t columns, float scale);
void linear_optimise(int kind, float *w, const float *gradient, float *first, float *second, size_t n, float rate,
                     float decay, float l1, float momentum, float beta_1, float beta_2, float correction_1,
                     float correction_2);

/* trees.cu */
gpu_trees *trees_open(const uint8_t *cells, size_t rows, size_t bundles, const uint32_t *offset, size_t size);
void trees_close(gpu_trees *t);
void trees_begin(gpu_trees *t, const uint64_t *packed);
void trees_histogram(gpu_trees *t, int node, uint64_t *out);
size_t trees_split(gpu_trees *t, int node, size_t bundle, const uint8_t goes_left[256], int left, int right);
void trees_nodes(gpu_trees *t, int32_t *node_of_row);
