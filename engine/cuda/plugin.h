/* What the files of the plugin share: the stream, the first failure, and launching over n things. */
#pragma once

#include <cublas_v2.h>
#include <cuda_runtime.h>

extern "C" {
#include "engine/gpu.h"
#include "engine/tensor/backend.h"
}

/* Tests on a processor have smaller ones. */
#ifndef CUDA_THREADS
#define CUDA_THREADS 256
#define CUDA_LANES 32
#define CUDA_PIECE (size_t(1) << 26)
#endif

constexpr int THREADS = CUDA_THREADS;     /* of a block */
constexpr int LANES = CUDA_LANES;         /* of a warp */
constexpr size_t PIECE_MOST = CUDA_PIECE; /* numbers that an operation lays out beside its inputs at a time */

/* device.cu */
int cuda_probe(char name[GPU_TEXT], char why[GPU_TEXT]);
int cuda_finish(char why[GPU_TEXT]);
void *cuda_alloc(size_t bytes);
void cuda_release(void *array);
void cuda_upload(void *to, const void *from, size_t bytes);
void cuda_download(void *to, const void *from, size_t bytes);
cudaStream_t cuda_stream();
cublasHandle_t cuda_blas();
bool cuda_failed();               /* has something failed since the last finish? Then calls do nothing */
void cuda_forget();               /* that it failed */
void cuda_note(cudaError_t code); /* remembers the first failure */
void cuda_note_text(const char *why);
void cuda_note_blas(cublasStatus_t code);

inline unsigned blocks_for(size_t n)
{
    size_t blocks = n ? (n + THREADS - 1) / THREADS : 1;           /* a launch of none is an error */
    return static_cast<unsigned>(blocks > 65535 ? 65535 : blocks); /* kernels stride over what is left */
}

#define FOR_EACH(i, n)                                                                                                 \
    for (size_t i = blockIdx.x * size_t(blockDim.x) + threadIdx.x; i < (n); i += size_t(gridDim.x) * blockDim.x)

/* linear.cu */
void linear_pick(float *to, const float *from, const uint32_t *row, size_t rows, size_t columns);
void linear_spread(float *score, const float *bias, size_t rows, size_t outputs);
void linear_loss(const gpu_loss *l, float *gradient, const float *score, const float *label, const float *weight,
                 size_t rows, double *sums);
void linear_column_sums(float *out, const float *x, size_t rows, size_t columns, float scale);
void linear_optimise(const struct optimiser_now *s, float *w, const float *gradient, float *first, float *second,
                     size_t n);

/* trees.cu */
gpu_trees *trees_open(const gpu_block *blocks, size_t count, size_t rows, size_t codes);
void trees_close(gpu_trees *t);
void trees_begin(gpu_trees *t, const uint32_t *row, const uint64_t *packed, size_t n);
void trees_cells(gpu_trees *t, size_t begin, size_t end, uint64_t *cells);
size_t trees_split(gpu_trees *t, size_t begin, size_t end, const gpu_column *c, const uint8_t *go);
void trees_rows(gpu_trees *t, uint32_t *row);

/* words.cu */
gpu_words *words_open(const gpu_words_task *task);
void words_close(gpu_words *w);
void words_learn(gpu_words *w, size_t epoch, size_t begin, size_t end);
void words_tally(gpu_words *w, gpu_words_tally *sum);
void words_look(gpu_words *w, float *input, float *output);

/* tensor.cu */
extern const backend cuda_tensor;
