/* Histograms and partitions of tree growing. A histogram is a sum of whole numbers, so atomic adds in any order give
 * what the CPU gives, bit for bit. Rows of a node are neighbours in `order`; in which order they stand there changes
 * nothing. There are at most FIXED_ROWS_MAX rows, far fewer than an int counts. */
#include "plugin.h"

#include <cub/device/device_partition.cuh>
#include <new>
#include <vector>

#include "formula.h"

using sum = unsigned long long;

struct gpu_trees {
    size_t rows, codes;
    std::vector<gpu_block> blocks;             /* their arrays are on the device */
    std::vector<std::vector<uint32_t>> places; /* of each block, here */
    gpu_block *device_blocks;                  /* the same, on the device */
    std::vector<void *> arrays;                /* all of the device's */
    uint64_t *packed;                          /* by row number */
    uint32_t *order, *other;                   /* row numbers, node after node; and where a split writes */
    uint8_t *left, *go;                        /* does the row at this place of `order` go left? does a code? */
    sum *cells;
    size_t cell_count;
    unsigned *chosen;  /* 1: how many went left */
    uint64_t *brought; /* gradients as they come, in the order of the tree's rows */
    uint8_t *scratch;
    size_t scratch_bytes;
};

namespace
{

constexpr uint32_t SHARED_CELLS = 6000; /* of 8 bytes: what a block of threads has room for on every GPU */
constexpr unsigned SHARED_BLOCKS = 512; /* of threads: each pays for clearing and adding its cells */

/* Numbers first .. end - 1 of each row, whose cells base .. base + size - 1 fit in shared memory. */
__global__ void shared_kernel(sum *out, const uint16_t *list, uint32_t width, const uint64_t *packed,
                              const uint32_t *order, size_t n, uint32_t first, uint32_t end, uint32_t base,
                              uint32_t size)
{
    extern __shared__ sum shared[];
    for (uint32_t c = threadIdx.x; c < size; c += blockDim.x)
        shared[c] = 0;
    __syncthreads();
    FOR_EACH(i, n)
    {
        uint32_t row = order[i];
        sum value = packed[row];
        const uint16_t *cell = list + size_t(row) * width;
        for (uint32_t k = first; k < end; k++)
            atomicAdd(&shared[cell[k] - base], value);
    }
    __syncthreads();
    for (uint32_t c = threadIdx.x; c < size; c += blockDim.x)
        if (shared[c])
            atomicAdd(&out[base + c], shared[c]);
}

/* Number k of each row, which has more cells than that. */
__global__ void wide_kernel(sum *out, const uint16_t *list, uint32_t width, const uint64_t *packed,
                            const uint32_t *order, size_t n, uint32_t k)
{
    FOR_EACH(i, n) atomicAdd(&out[list[size_t(order[i]) * width + k]], sum(packed[order[i]]));
}

__global__ void listed_kernel(sum *out, const uint16_t *list, const uint32_t *start, const uint64_t *packed,
                              const uint32_t *order, size_t n)
{
    FOR_EACH(i, n)
    {
        uint32_t row = order[i];
        for (uint32_t e = start[row]; e < start[row + 1]; e++)
            atomicAdd(&out[list[e]], sum(packed[row]));
    }
}

__global__ void side_kernel(uint8_t *left, gpu_column c, const gpu_block *blocks, const uint32_t *order, size_t n,
                            const uint8_t *go)
{
    FOR_EACH(i, n) left[i] = go[formula_code_of(&c, blocks, order[i])];
}

__global__ void scatter_kernel(uint64_t *packed, const uint64_t *brought, const uint32_t *order, size_t n)
{
    FOR_EACH(i, n) packed[order[i]] = brought[i];
}

template <typename T> bool make(gpu_trees *t, T *&array, size_t count)
{
    void *place = nullptr;
    if (cudaMalloc(&place, (count ? count : 1) * sizeof(T)) != cudaSuccess)
        return false;
    t->arrays.push_back(place);
    array = static_cast<T *>(place);
    return true;
}

/* A copy on the device in place of *array. */
template <typename T> bool copy(gpu_trees *t, const T *&array, size_t count)
{
    T *to = nullptr;
    if (!make(t, to, count))
        return false;
    cuda_note(cudaMemcpyAsync(to, array, count * sizeof(T), cudaMemcpyHostToDevice, cuda_stream()));
    array = to;
    return true;
}

bool copy_block(gpu_trees *t, gpu_block b)
{
    size_t entries = b.width ? t->rows * b.width : b.start[t->rows];
    t->places.emplace_back(b.place, b.place + (b.width ? b.width + 1 : 0));
    b.place = nullptr;
    if (!copy(t, b.list, entries) || (b.width == 0 && !copy(t, b.start, t->rows + 1)))
        return false;
    t->cell_count += b.cells;
    t->blocks.push_back(b);
    return true;
}

bool allocate(gpu_trees *t, const gpu_block *blocks, size_t count)
{
    const gpu_block *copied;
    for (size_t k = 0; k < count; k++)
        if (!copy_block(t, blocks[k]))
            return false;
    copied = t->blocks.data();
    if (!copy(t, copied, count))
        return false;
    t->device_blocks = const_cast<gpu_block *>(copied);
    cuda_note(
        cub::DevicePartition::Flagged(nullptr, t->scratch_bytes, t->order, t->left, t->other, t->chosen, int(t->rows)));
    return make(t, t->packed, t->rows) && make(t, t->brought, t->rows) && make(t, t->order, t->rows) &&
           make(t, t->other, t->rows) && make(t, t->left, t->rows) && make(t, t->go, t->codes) &&
           make(t, t->cells, t->cell_count) && make(t, t->chosen, 1) && make(t, t->scratch, t->scratch_bytes);
}

void add_fixed(gpu_trees *t, size_t block, const uint32_t *order, size_t n)
{
    const gpu_block &b = t->blocks[block];
    const std::vector<uint32_t> &place = t->places[block];
    unsigned blocks = blocks_for(n) < SHARED_BLOCKS ? blocks_for(n) : SHARED_BLOCKS;
    for (uint32_t first = 0, end; first < b.width; first = end) {
        for (end = first + 1; end < b.width && place[end + 1] - place[first] <= SHARED_CELLS; end++)
            continue;
        uint32_t size = place[end] - place[first];
        if (size <= SHARED_CELLS)
            shared_kernel<<<blocks, THREADS, size * sizeof(sum), cuda_stream()>>>(
                t->cells + b.cell, b.list, b.width, t->packed, order, n, first, end, place[first], size);
        else
            wide_kernel<<<blocks_for(n), THREADS, 0, cuda_stream()>>>(t->cells + b.cell, b.list, b.width, t->packed,
                                                                      order, n, first);
        cuda_note(cudaGetLastError());
    }
}

} // namespace

gpu_trees *trees_open(const gpu_block *blocks, size_t count, size_t rows, size_t codes)
{
    gpu_trees *t = new (std::nothrow) gpu_trees{};
    if (!t)
        return nullptr;
    t->rows = rows;
    t->codes = codes;
    if (!allocate(t, blocks, count)) {
        cudaGetLastError(); /* the caller says it; the next call starts clean */
        trees_close(t);
        return nullptr;
    }
    return t;
}

void trees_close(gpu_trees *t)
{
    if (!t)
        return;
    cudaStreamSynchronize(cuda_stream());
    for (void *array : t->arrays)
        cudaFree(array);
    delete t;
}

void trees_begin(gpu_trees *t, const uint32_t *row, const uint64_t *packed, size_t n)
{
    if (cuda_failed() || n == 0)
        return;
    cuda_note(cudaMemcpyAsync(t->order, row, n * sizeof *row, cudaMemcpyHostToDevice, cuda_stream()));
    cuda_note(cudaMemcpyAsync(t->brought, packed, n * sizeof *packed, cudaMemcpyHostToDevice, cuda_stream()));
    scatter_kernel<<<blocks_for(n), THREADS, 0, cuda_stream()>>>(t->packed, t->brought, t->order, n);
    cuda_note(cudaGetLastError());
}

void trees_cells(gpu_trees *t, size_t begin, size_t end, uint64_t *cells)
{
    const uint32_t *order = t->order + begin;
    size_t n = end - begin;
    if (cuda_failed())
        return;
    cuda_note(cudaMemsetAsync(t->cells, 0, t->cell_count * sizeof *t->cells, cuda_stream()));
    for (size_t k = 0; k < t->blocks.size() && n > 0; k++) {
        const gpu_block &b = t->blocks[k];
        if (b.width > 0) {
            add_fixed(t, k, order, n);
        } else {
            listed_kernel<<<blocks_for(n), THREADS, 0, cuda_stream()>>>(t->cells + b.cell, b.list, b.start, t->packed,
                                                                        order, n);
            cuda_note(cudaGetLastError());
        }
    }
    cuda_note(cudaMemcpyAsync(cells, t->cells, t->cell_count * sizeof *cells, cudaMemcpyDeviceToHost, cuda_stream()));
    cuda_note(cudaStreamSynchronize(cuda_stream()));
}

size_t trees_split(gpu_trees *t, size_t begin, size_t end, const gpu_column *c, const uint8_t *go)
{
    uint32_t *from = t->order + begin, *to = t->other + begin;
    size_t n = end - begin;
    unsigned lefts = 0;
    if (cuda_failed() || n == 0)
        return 0;
    cuda_note(cudaMemcpyAsync(t->go, go, c->codes, cudaMemcpyHostToDevice, cuda_stream()));
    side_kernel<<<blocks_for(n), THREADS, 0, cuda_stream()>>>(t->left, *c, t->device_blocks, from, n, t->go);
    cuda_note(cudaGetLastError());
    cuda_note(cub::DevicePartition::Flagged(t->scratch, t->scratch_bytes, from, t->left, to, t->chosen, int(n),
                                            cuda_stream()));
    cuda_note(cudaMemcpyAsync(from, to, n * sizeof *to, cudaMemcpyDeviceToDevice, cuda_stream()));
    cuda_note(cudaMemcpyAsync(&lefts, t->chosen, sizeof lefts, cudaMemcpyDeviceToHost, cuda_stream()));
    cuda_note(cudaStreamSynchronize(cuda_stream()));
    return lefts;
}

void trees_rows(gpu_trees *t, uint32_t *row)
{
    if (cuda_failed())
        return;
    cuda_note(cudaMemcpyAsync(row, t->order, t->rows * sizeof *row, cudaMemcpyDeviceToHost, cuda_stream()));
    cuda_note(cudaStreamSynchronize(cuda_stream()));
}
