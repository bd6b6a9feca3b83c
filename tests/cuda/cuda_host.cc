/* What cuda_runtime.h and cublas_v2.h of this folder promise. */
#include <cstdio>
#include <map>
#include <ucontext.h>

#include "cublas_v2.h"
#include "engine/cuda/plugin.h"

dim3 blockIdx, threadIdx, blockDim, gridDim;

/* --- a device's memory is not the program's --------------------------------------------------------------------------
 */

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define hide(memory, bytes) ASAN_POISON_MEMORY_REGION(memory, bytes)
#define show(memory, bytes) ASAN_UNPOISON_MEMORY_REGION(memory, bytes)
#else
#define hide(memory, bytes) (void)(bytes)
#define show(memory, bytes) (void)(bytes)
#endif

namespace
{

auto &memories = *new std::map<void *, size_t>; /* of the device */

/* Outside of its work no one may look at it: the sanitizer sees who does. */
void on_device(const cuda_work &work)
{
    for (const auto &each : memories)
        show(each.first, each.second);
    work();
    for (const auto &each : memories)
        hide(each.first, each.second);
}

} // namespace

/* --- memory ----------------------------------------------------------------------------------------------------------
 */

const char *cudaGetErrorString(cudaError_t code)
{
    return code == cudaErrorMemoryAllocation ? "out of memory" : code == cudaSuccess ? "no error" : "no device";
}

cudaError_t cudaGetLastError()
{
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *count)
{
    *count = 1;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int)
{
    snprintf(p->name, sizeof p->name, "a processor");
    return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t *stream)
{
    *stream = nullptr;
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t)
{
    return cudaSuccess;
}

/* Not cleared, but filled with what is no number. */
cudaError_t cudaMalloc(void **memory, size_t bytes)
{
    *memory = malloc(bytes);
    if (!*memory)
        return cudaErrorMemoryAllocation;
    memset(*memory, 0xFF, bytes);
    memories[*memory] = bytes;
    hide(*memory, bytes);
    return cudaSuccess;
}

cudaError_t cudaMallocHost(void **memory, size_t bytes)
{
    *memory = malloc(bytes);
    return *memory ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFree(void *memory)
{
    show(memory, memories[memory]);
    memories.erase(memory);
    free(memory);
    return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void *memory, int value, size_t bytes, cudaStream_t)
{
    cuda_on_host([=] { memset(memory, value, bytes); });
    return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind, cudaStream_t)
{
    cuda_on_host([=] { memcpy(to, from, bytes); });
    return cudaSuccess;
}

/* --- graphs ----------------------------------------------------------------------------------------------------------
 */

struct cuda_graph_on_host {
    std::vector<cuda_work> works;
};

namespace
{
cuda_graph_on_host *capturing;
long played;
} // namespace

void cuda_on_host(cuda_work work)
{
    if (capturing)
        capturing->works.push_back(work);
    else
        on_device(work);
}

cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode)
{
    capturing = new cuda_graph_on_host;
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t *graph)
{
    *graph = capturing;
    capturing = nullptr;
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *exec, cudaGraph_t graph, unsigned long long)
{
    *exec = new cuda_graph_on_host(*graph);
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t)
{
    played++;
    for (const cuda_work &work : graph->works)
        on_device(work);
    return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph)
{
    delete graph;
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph)
{
    return cudaGraphDestroy(graph);
}

/* --- blocks of threads ----------------------------------------------------------------------------------------------
 */

#if defined(__SANITIZE_ADDRESS__)
extern "C" void __sanitizer_start_switch_fiber(void **fake, const void *bottom, size_t size);
extern "C" void __sanitizer_finish_switch_fiber(void *fake, const void **bottom, size_t *size);
#else
static void __sanitizer_start_switch_fiber(void **, const void *, size_t) {}
static void __sanitizer_finish_switch_fiber(void *, const void **, size_t *) {}
#endif

namespace
{

constexpr size_t STACK = 128 << 10;
constexpr unsigned MOST = 1024; /* threads of a block */

struct fiber {
    ucontext_t context;
    char *stack;
    bool done;
};

fiber fibers[MOST];
fiber *running; /* NULL: a thread is a plain call */
ucontext_t scheduler;
const void *scheduler_stack;
size_t scheduler_size;
void *scheduler_fake;
const cuda_work *thread_work;
bool met;                           /* did a thread of this launch come to __syncthreads? */
std::map<const void *, long> apart; /* blocks of each kernel whose threads never met; -1: once they did */
constexpr long SURE = 100;          /* so many, and they never will: then threads are plain calls, which is faster */

[[noreturn]] void fault(const char *what)
{
    fprintf(stderr, "kernel: %s\n", what);
    abort();
}

void leave(bool for_good)
{
    fiber *self = running;
    void *fake = nullptr;
    __sanitizer_start_switch_fiber(for_good ? nullptr : &fake, scheduler_stack, scheduler_size);
    swapcontext(&self->context, &scheduler);
    __sanitizer_finish_switch_fiber(fake, &scheduler_stack, &scheduler_size);
}

void fiber_main()
{
    __sanitizer_finish_switch_fiber(nullptr, &scheduler_stack, &scheduler_size);
    (*thread_work)();
    running->done = true;
    leave(true);
}

void enter(fiber *f)
{
    running = f;
    __sanitizer_start_switch_fiber(&scheduler_fake, f->stack, STACK);
    swapcontext(&scheduler, &f->context);
    __sanitizer_finish_switch_fiber(scheduler_fake, nullptr, nullptr);
    running = nullptr;
}

unsigned next_first()
{
    static unsigned state = 1;
    state = state * 1664525u + 1013904223u;
    return state >> 10;
}

void run_block_as_fibers()
{
    unsigned threads = blockDim.x, ended;
    for (unsigned i = 0; i < threads; i++) {
        fiber *f = &fibers[i];
        if (!f->stack)
            f->stack = static_cast<char *>(malloc(STACK));
        getcontext(&f->context);
        f->context.uc_stack.ss_sp = f->stack;
        f->context.uc_stack.ss_size = STACK;
        f->context.uc_link = nullptr;
        f->done = false;
        makecontext(&f->context, fiber_main, 0);
    }
    do {
        unsigned first = next_first() % threads; /* another order each time: a missing __syncthreads shows */
        bool backward = first & 1;
        ended = 0;
        for (unsigned k = 0; k < threads; k++) {
            unsigned i = (first + (backward ? threads - k : k)) % threads;
            threadIdx = dim3(i, 0, 0);
            enter(&fibers[i]);
            ended += fibers[i].done;
        }
        if (ended != 0 && ended != threads)
            fault("some threads of a block wait where others have ended");
    } while (ended == 0);
}

void run_block(bool plain)
{
    if (!plain) {
        run_block_as_fibers();
        return;
    }
    for (unsigned i = 0; i < blockDim.x; i++) {
        threadIdx = dim3(i, 0, 0);
        (*thread_work)();
    }
}

} // namespace

void __syncthreads()
{
    if (!running)
        fault("its threads meet now, though they did not before");
    met = true;
    leave(false);
}

float __shfl_xor_sync(unsigned, float own, int apart)
{
    static float given[2][MOST];
    static unsigned turn[MOST]; /* the numbers of one exchange are read before those of the next but one are written */
    unsigned me = threadIdx.x, other = me ^ unsigned(apart), now = turn[me]++ & 1;
    if (other >= blockDim.x)
        fault("a warp has no such thread");
    given[now][me] = own;
    __syncthreads();
    return given[now][other];
}

void cuda_run_blocks(const void *kernel, dim3 grid, dim3 block, const cuda_work &thread)
{
    long &blocks = apart[kernel];
    bool plain = blocks >= SURE;
    if (grid.x == 0 || grid.x > 65535 || block.x == 0 || block.x > MOST)
        fault("a grid or block of such a size cannot be launched");
    gridDim = grid;
    blockDim = block;
    thread_work = &thread;
    met = false;
    for (unsigned b = 0; b < grid.x; b++) {
        blockIdx = dim3(b, 0, 0);
        run_block(plain);
    }
    blocks = met || blocks < 0 ? -1 : blocks + long(grid.x);
}

/* --- products -------------------------------------------------------------------------------------------------------
 */

cublasStatus_t cublasCreate(cublasHandle_t *handle)
{
    *handle = nullptr;
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetStream(cublasHandle_t, cudaStream_t)
{
    return CUBLAS_STATUS_SUCCESS;
}

void *cublas_workspace; /* held, so that it is no leak */

cublasStatus_t cublasSetWorkspace(cublasHandle_t, void *workspace, size_t)
{
    cublas_workspace = workspace;
    memories.erase(workspace); /* large, and never looked at: stays hidden */
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSetMathMode(cublasHandle_t, cublasMath_t)
{
    return CUBLAS_STATUS_SUCCESS;
}

/* Columns first, as cuBLAS counts. */
static void gemm(bool ta, bool tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b, int ldb,
                 float beta, float *c, int ldc)
{
    for (int j = 0; j < n; j++)
        for (int i = 0; i < m; i++) {
            double sum = 0;
            float *at = &c[size_t(j) * size_t(ldc) + size_t(i)];
            for (int l = 0; l < k; l++)
                sum += double(a[ta ? size_t(i) * size_t(lda) + size_t(l) : size_t(l) * size_t(lda) + size_t(i)]) *
                       double(b[tb ? size_t(l) * size_t(ldb) + size_t(j) : size_t(j) * size_t(ldb) + size_t(l)]);
            *at = float(double(alpha) * sum + (beta == 0 ? 0 : double(beta) * double(*at)));
        }
}

cublasStatus_t cublasSgemmStridedBatched(cublasHandle_t, cublasOperation_t op_a, cublasOperation_t op_b, int m, int n,
                                         int k, const float *alpha, const float *a, int lda, long long step_a,
                                         const float *b, int ldb, long long step_b, const float *beta, float *c,
                                         int ldc, long long step_c, int count)
{
    bool ta = op_a == CUBLAS_OP_T, tb = op_b == CUBLAS_OP_T;
    float by = *alpha, keep = *beta;
    if (lda < (ta ? k : m) || ldb < (tb ? n : k) || ldc < m || m < 0 || n < 0 || k < 0)
        return CUBLAS_STATUS_INVALID_VALUE;
    cuda_on_host([=] {
        for (int i = 0; i < count; i++)
            gemm(ta, tb, m, n, k, by, a + i * step_a, lda, b + i * step_b, ldb, keep, c + i * step_c, ldc);
    });
    return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasSgemm(cublasHandle_t handle, cublasOperation_t op_a, cublasOperation_t op_b, int m, int n, int k,
                           const float *alpha, const float *a, int lda, const float *b, int ldb, const float *beta,
                           float *c, int ldc)
{
    return cublasSgemmStridedBatched(handle, op_a, op_b, m, n, k, alpha, a, lda, 0, b, ldb, 0, beta, c, ldc, 0, 1);
}

/* --- for the tests ---------------------------------------------------------------------------------------------------
 */

extern "C" const backend *cuda_on_processor(void)
{
    static bool opened;
    char name[GPU_TEXT], why[GPU_TEXT];
    if (!opened && cuda_probe(name, why) < 0)
        fault(why);
    opened = true;
    return &cuda_tensor;
}

/* Its table: memory, and words. */
extern "C" const gpu *cuda_gpu_on_processor(void)
{
    static gpu table = {};
    table.version = GPU_VERSION;
    table.tensor = cuda_on_processor();
    table.finish = cuda_finish;
    table.alloc = cuda_alloc;
    table.release = cuda_release;
    table.upload = cuda_upload;
    table.download = cuda_download;
    table.words_open = words_open;
    table.words_close = words_close;
    table.words_learn = words_learn;
    table.words_tally = words_tally;
    table.words_look = words_look;
    return &table;
}

extern "C" long cuda_graphs_played(void)
{
    return played;
}
