/* As much of CUDA's runtime as engine/cuda/device.cu and tensor_*.cu use, on a processor: with this folder before the
 * real one, a C++ compiler makes of them a backend that tests can run where there is no GPU, under sanitizers.
 *
 * Device memory is malloc's. A launch runs block after block; the threads of a block are run one after another from one
 * __syncthreads to the next, and all must come to the same one. A stream that is captured collects its launches, and a
 * graph plays them. */
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __shared__ static

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};

extern dim3 blockIdx, threadIdx, blockDim, gridDim;
void __syncthreads();
float __shfl_xor_sync(unsigned all, float own, int apart); /* of a block that is one warp */

/* Loads and stores that pass by a multiprocessor's own cache. */
inline float __ldcg(const float *at)
{
    return *at;
}

inline void __stcg(float *at, float value)
{
    *at = value;
}

/* --- errors, streams, memory ----------------------------------------------------------------------------------------
 */

enum cudaError_t { cudaSuccess, cudaErrorMemoryAllocation = 2, cudaErrorNoDevice = 100 };

struct cuda_stream_on_host;
using cudaStream_t = cuda_stream_on_host *;

struct cudaDeviceProp {
    char name[256];
};

enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2, cudaMemcpyDeviceToDevice = 3 };

const char *cudaGetErrorString(cudaError_t code);
cudaError_t cudaGetLastError();
cudaError_t cudaGetDeviceCount(int *count);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int device);
cudaError_t cudaStreamCreate(cudaStream_t *stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaMalloc(void **memory, size_t bytes);
cudaError_t cudaMallocHost(void **memory, size_t bytes);
cudaError_t cudaFree(void *memory);
cudaError_t cudaMemsetAsync(void *memory, int value, size_t bytes, cudaStream_t stream);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind, cudaStream_t stream);

/* --- launches and graphs --------------------------------------------------------------------------------------------
 */

using cuda_work = std::function<void()>;

/* Does it now, or notes it in the graph that is being captured. */
void cuda_on_host(cuda_work work);
void cuda_run_blocks(const void *kernel, dim3 grid, dim3 block, const cuda_work &thread);

struct cudaLaunchConfig_t {
    dim3 gridDim, blockDim;
    size_t dynamicSmemBytes;
    cudaStream_t stream;
};

template <class... P, class... A>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t *config, void (*kernel)(P...), A... arguments)
{
    dim3 grid = config->gridDim, block = config->blockDim;
    cuda_on_host(
        [=] { cuda_run_blocks(reinterpret_cast<const void *>(kernel), grid, block, [=] { kernel(arguments...); }); });
    return cudaSuccess;
}

struct cuda_graph_on_host;
using cudaGraph_t = cuda_graph_on_host *;
using cudaGraphExec_t = cuda_graph_on_host *;
enum cudaStreamCaptureMode { cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal };

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t *graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t *played, cudaGraph_t graph, unsigned long long flags);
cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph);
