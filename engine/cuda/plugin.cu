/* The table, memory and products (cuBLAS). Results are the CPU's within rounding: TF32 is off. */
#include "plugin.h"

#include <climits>
#include <cstdio>
#include <cstring>
#include <cublas_v2.h>

namespace
{

cudaStream_t stream;
cublasHandle_t blas;
bool failed;
char failure[GPU_TEXT];

int probe(char name[GPU_TEXT], char why[GPU_TEXT])
{
    int count = 0;
    cudaDeviceProp properties;
    cudaError_t code = cudaGetDeviceCount(&count);
    if (code == cudaSuccess && count == 0)
        code = cudaErrorNoDevice;
    if (code == cudaSuccess)
        code = cudaGetDeviceProperties(&properties, 0);
    if (code == cudaSuccess)
        code = cudaStreamCreate(&stream);
    if (code != cudaSuccess) {
        snprintf(why, GPU_TEXT, "%s", cudaGetErrorString(code));
        return -1;
    }
    if (cublasCreate(&blas) != CUBLAS_STATUS_SUCCESS || cublasSetStream(blas, stream) != CUBLAS_STATUS_SUCCESS ||
        cublasSetMathMode(blas, CUBLAS_PEDANTIC_MATH) != CUBLAS_STATUS_SUCCESS) {
        snprintf(why, GPU_TEXT, "cuBLAS cannot be started");
        return -1;
    }
    snprintf(name, GPU_TEXT, "%s", properties.name);
    return 0;
}

int finish(char why[GPU_TEXT])
{
    int result = -1;
    cuda_note(cudaStreamSynchronize(stream));
    cuda_note(cudaGetLastError());
    if (!failed)
        result = 0;
    snprintf(why, GPU_TEXT, "%s", failure);
    failed = false;
    failure[0] = '\0';
    return result;
}

void *alloc(size_t bytes)
{
    void *array = nullptr;
    if (failed || cudaMalloc(&array, bytes ? bytes : 1) != cudaSuccess) {
        cudaGetLastError(); /* the caller says it; the next call starts clean */
        return nullptr;
    }
    cuda_note(cudaMemsetAsync(array, 0, bytes, stream));
    return array;
}

void release(void *array)
{
    cudaStreamSynchronize(stream);
    cudaFree(array);
}

void upload(void *to, const void *from, size_t bytes)
{
    if (!failed)
        cuda_note(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream));
}

void download(void *to, const void *from, size_t bytes)
{
    if (!failed)
        cuda_note(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream));
    if (!failed)
        cuda_note(cudaStreamSynchronize(stream));
}

/* cuBLAS counts columns first: the transpose of each matrix, hence b before a. */
void gemm(float *c, const float *a, const float *b, size_t m, size_t n, size_t k, bool transpose_a, bool transpose_b,
          float alpha, float beta)
{
    size_t step_a = transpose_a ? m : k, step_b = transpose_b ? k : n;
    if (failed || m == 0 || n == 0)
        return;
    if (m > INT_MAX || n > INT_MAX || k > INT_MAX) {
        cuda_note_text("a matrix has more than 2147483647 rows or columns");
        return;
    }
    cublasStatus_t code =
        cublasSgemm(blas, transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N, transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N, int(n),
                    int(m), int(k), &alpha, b, int(step_b ? step_b : 1), a, int(step_a ? step_a : 1), &beta, c, int(n));
    if (code != CUBLAS_STATUS_SUCCESS) {
        char why[GPU_TEXT];
        snprintf(why, sizeof why, "cuBLAS says status %d", int(code));
        cuda_note_text(why);
    }
}

const gpu table = {
    GPU_VERSION,     probe,      finish,      alloc,         release,     upload,
    download,        gemm,       linear_pick, linear_spread, linear_loss, linear_column_sums,
    linear_optimise, trees_open, trees_close, trees_begin,   trees_cells, trees_split,
    trees_rows,
};

} // namespace

cudaStream_t cuda_stream()
{
    return stream;
}

bool cuda_failed()
{
    return failed;
}

void cuda_note_text(const char *why)
{
    if (!failed)
        snprintf(failure, sizeof failure, "%s", why);
    failed = true;
}

void cuda_note(cudaError_t code)
{
    if (code != cudaSuccess)
        cuda_note_text(cudaGetErrorString(code));
}

extern "C" const gpu *flashlab_gpu(void)
{
    return &table;
}
