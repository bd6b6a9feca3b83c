/* The device itself: its stream, its memory, cuBLAS, and the first thing that went wrong. */
#include "plugin.h"

#include <cstdio>
#include <cstring>

namespace
{

constexpr size_t RING = size_t(8) << 20;       /* bytes of pinned memory that uploads go through */
constexpr size_t WORKSPACE = size_t(32) << 20; /* bytes for cuBLAS: so that it asks for none inside a graph */

cudaStream_t stream;
cublasHandle_t blas;
bool failed;
char failure[GPU_TEXT];
unsigned char *ring;
size_t ring_used;

int refuse(char why[GPU_TEXT], const char *text)
{
    snprintf(why, GPU_TEXT, "%s", text);
    return -1;
}

bool open_blas()
{
    void *workspace = nullptr;
    if (cublasCreate(&blas) != CUBLAS_STATUS_SUCCESS || cublasSetStream(blas, stream) != CUBLAS_STATUS_SUCCESS)
        return false;
    if (cudaMalloc(&workspace, WORKSPACE) != cudaSuccess) {
        cudaGetLastError(); /* then it has its own */
        return true;
    }
    return cublasSetWorkspace(blas, workspace, WORKSPACE) == CUBLAS_STATUS_SUCCESS;
}

/* A copy that the caller may forget while it is on its way; NULL: it does not fit. */
unsigned char *stage(const void *from, size_t bytes)
{
    if (bytes > RING / 4 || !ring)
        return nullptr;
    if (ring_used + bytes > RING) {
        cuda_note(cudaStreamSynchronize(stream)); /* all before is there */
        ring_used = 0;
    }
    unsigned char *place = ring + ring_used;
    memcpy(place, from, bytes);
    ring_used += (bytes + 63) / 64 * 64;
    return place;
}

} // namespace

int cuda_probe(char name[GPU_TEXT], char why[GPU_TEXT])
{
    int count = 0;
    cudaDeviceProp properties;
    void *pinned = nullptr;
    cudaError_t code = cudaGetDeviceCount(&count);
    if (code == cudaSuccess && count == 0)
        code = cudaErrorNoDevice;
    if (code == cudaSuccess)
        code = cudaGetDeviceProperties(&properties, 0);
    if (code == cudaSuccess)
        code = cudaStreamCreate(&stream);
    if (code != cudaSuccess)
        return refuse(why, cudaGetErrorString(code));
    if (!open_blas())
        return refuse(why, "cuBLAS cannot be started");
    if (cudaMallocHost(&pinned, RING) == cudaSuccess)
        ring = static_cast<unsigned char *>(pinned);
    else
        cudaGetLastError(); /* uploads then go without */
    snprintf(name, GPU_TEXT, "%s", properties.name);
    return 0;
}

int cuda_finish(char why[GPU_TEXT])
{
    int result = -1;
    cuda_note(cudaStreamSynchronize(stream));
    cuda_note(cudaGetLastError());
    if (!failed)
        result = 0;
    snprintf(why, GPU_TEXT, "%s", failure);
    cuda_forget();
    return result;
}

void *cuda_alloc(size_t bytes)
{
    void *array = nullptr;
    if (failed || cudaMalloc(&array, bytes ? bytes : 1) != cudaSuccess) {
        cudaGetLastError(); /* the caller says it; the next call starts clean */
        return nullptr;
    }
    cuda_note(cudaMemsetAsync(array, 0, bytes, stream));
    return array;
}

void cuda_release(void *array)
{
    if (!array)
        return;
    cudaStreamSynchronize(stream);
    cudaFree(array);
}

void cuda_upload(void *to, const void *from, size_t bytes)
{
    const void *staged;
    if (failed || bytes == 0)
        return;
    staged = stage(from, bytes);
    cuda_note(cudaMemcpyAsync(to, staged ? staged : from, bytes, cudaMemcpyHostToDevice, stream));
}

void cuda_download(void *to, const void *from, size_t bytes)
{
    if (!failed && bytes > 0)
        cuda_note(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream));
    if (!failed)
        cuda_note(cudaStreamSynchronize(stream));
}

cudaStream_t cuda_stream()
{
    return stream;
}

cublasHandle_t cuda_blas()
{
    return blas;
}

bool cuda_failed()
{
    return failed;
}

void cuda_forget()
{
    failed = false;
    failure[0] = '\0';
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

void cuda_note_blas(cublasStatus_t code)
{
    char why[GPU_TEXT];
    if (code == CUBLAS_STATUS_SUCCESS)
        return;
    snprintf(why, sizeof why, "cuBLAS says status %d", int(code));
    cuda_note_text(why);
}
