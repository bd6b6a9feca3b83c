/* The plugin's table. Products of the linear learner are the CPU's within rounding: cuBLAS in pedantic mode. */
#include "plugin.h"

#include <climits>

namespace
{

/* cuBLAS counts columns first: the transpose of each matrix, hence b before a. */
void gemm(float *c, const float *a, const float *b, size_t m, size_t n, size_t k, bool transpose_a, bool transpose_b,
          float alpha, float beta)
{
    size_t step_a = transpose_a ? m : k, step_b = transpose_b ? k : n;
    if (cuda_failed() || m == 0 || n == 0)
        return;
    if (m > INT_MAX || n > INT_MAX || k > INT_MAX) {
        cuda_note_text("a matrix has more than 2147483647 rows or columns");
        return;
    }
    cuda_note_blas(cublasSetMathMode(cuda_blas(), CUBLAS_PEDANTIC_MATH));
    cuda_note_blas(cublasSgemm(cuda_blas(), transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N,
                               transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N, int(n), int(m), int(k), &alpha, b,
                               int(step_b ? step_b : 1), a, int(step_a ? step_a : 1), &beta, c, int(n)));
}

const gpu table = {
    GPU_VERSION, cuda_probe,  cuda_finish,   cuda_alloc,  cuda_release,       cuda_upload,     cuda_download,
    gemm,        linear_pick, linear_spread, linear_loss, linear_column_sums, linear_optimise, trees_open,
    trees_close, trees_begin, trees_cells,   trees_split, trees_rows,         words_open,      words_close,
    words_learn, words_tally, words_look, &cuda_tensor,
};

} // namespace

extern "C" const gpu *flashlab_gpu(void)
{
    return &table;
}
