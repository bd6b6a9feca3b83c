/* Histograms and partitions of tree growing. A histogram is a sum of whole numbers, so atomic adds in any order give
 * what the CPU gives, bit for bit. Rows of a node are neighbours in `order`; a split keeps their order (stable). */
#include "plugin.h"

#include <cub/device/device_partition.cuh>
#include <new>
#include <vector>

struct span {
    size_t first, count;
};

struct gpu_trees {
    size_t rows, bundles, size;
    uint8_t *cells;        /* rows x bundles */
    uint32_t *offset;      /* bundles */
    uint64_t *packed;      /* rows */
    uint32_t *order, *other; /* rows: row numbers, node after node; and where a split writes */
    uint8_t *left;         /* rows: does the row at this place of `order` go left? */
    uint8_t *table;        /* 256 */
    int32_t *node;         /* rows */
    unsigned long long *histogram; /* size */
    unsigned *chosen;      /* 1: how many went left */
    void *scratch;
    size_t scratch_bytes;
    std::vector<span> spans; /* of nodes in `order` */
    std::vector<uint32_t> offsets;
};

namespace {

constexpr unsigned CELLS = 6000; /* 8 bytes each: what a block of threads can hold in shared memory */

__global__ void number_kernel(uint32_t *order, size_t n)
{
    FOR_EACH(i, n) order[i] = uint32_t(i);
}

/* Bundles first .. end - 1, whose cells fit in shared memory. */
__global__ void histogram_kernel(unsigned long long *out, const uint8_t *cells, const uint32_t *offset,
                                 const uint64_t *packed, const uint32_t *order, size_t count, size_t bundles,
                                 size_t first, size_t end, uint32_t base, uint32_t size)
{
    extern __shared__ unsigned long long shared[];
    for (uint32_t c = threadIdx.x; c < size; c += blockDim.x)
        shared[c] = 0;
    __syncthreads();
    FOR_EACH(i, count)
    {
        uint32_t row = order[i];
        unsigned long long value = packed[row];
        for (size_t b = first; value && b < end; b++)
            atomicAdd(&shared[offset[b] - base + cells[row * bundles + b]], value);
    }
    __syncthreads();
    for (uint32_t c = threadIdx.x; c < size; c += blockDim.x)
        if (shared[c])
            atomicAdd(&out[base + c], shared[c]);
}

__global__ void side_kernel(uint8_t *left, const uint8_t *cells, const uint32_t *order, size_t count, size_t bundles,
                            size_t bundle, const uint8_t *table)
{
    FOR_EACH(i, count) left[i] = table[cells[order[i] * bundles + bundle]];
}

__global__ void node_kernel(int32_t *node, const uint32_t *order, size_t count, int value)
{
    FOR_EACH(i, count) node[order[i]] = value;
}

/* cub puts the rejected behind the chosen in reverse; this puts them in order again. */
__global__ void reverse_kernel(uint32_t *to, const uint32_t *from, size_t count)
{
    FOR_EACH(i, count) to[i] = from[count - 1 - i];
}

template <typename T> bool make(T *&array, size_t count)
{
    return cudaMalloc(reinterpret_cast<void **>(&array), (count ? count : 1) * sizeof(T)) == cudaSuccess;
}

bool allocate(gpu_trees *t)
{
    cub::DevicePartition::Flagged(nullptr, t->scratch_bytes, t->order, t->left, t->other, t->chosen, int64_t(t->rows));
    return make(t->cells, t->rows * t->bundles) && make(t->offset, t->bundles) && make(t->packed, t->rows) &&
           make(t->order, t->rows) && make(t->other, t->rows) && make(t->left, t->rows) && make(t->table, 256) &&
           make(t->node, t->rows) && make(t->histogram, t->size) && make(t->chosen, 1) &&
           cudaMalloc(&t->scratch, t->scratch_bytes + 1) == cudaSuccess;
}

} // namespace

gpu_trees *trees_open(const uint8_t *cells, size_t rows, size_t bundles, const uint32_t *offset, size_t size)
{
    gpu_trees *t = new (std::nothrow) gpu_trees{};
    if (!t)
        return nullptr;
    t->rows = rows;
    t->bundles = bundles;
    t->size = size;
    t->offsets.assign(offset, offset + bundles);
    t->offsets.push_back(uint32_t(size));
    if (!allocate(t)) {
        cudaGetLastError();
        trees_close(t);
        return nullptr;
    }
    cuda_note(cudaMemcpyAsync(t->cells, cells, rows * bundles, cudaMemcpyHostToDevice, cuda_stream()));
    cuda_note(cudaMemcpyAsync(t->offset, offset, bundles * sizeof *offset, cudaMemcpyHostToDevice, cuda_stream()));
    return t;
}

void trees_close(gpu_trees *t)
{
    if (!t)
        return;
    cudaStreamSynchronize(cuda_stream());
    void *arrays[] = {t->cells, t->offset, t->packed, t->order, t->other,  t->left,
                      t->table, t->node,   t->histogram, t->chosen, t->scratch};
    for (void *array : arrays)
        cudaFree(array);
    delete t;
}

void trees_begin(gpu_trees *t, const uint64_t *packed)
{
    t->spans.assign(1, {0, t->rows});
    if (cuda_failed() || t->rows == 0)
        return;
    cuda_note(cudaMemcpyAsync(t->packed, packed, t->rows * sizeof *packed, cudaMemcpyHostToDevice, cuda_stream()));
    cuda_note(cudaMemsetAsync(t->node, 0, t->rows * sizeof *t->node, cuda_stream()));
    number_kernel<<<blocks_for(t->rows), THREADS, 0, cuda_stream()>>>(t->order, t->rows);
}

void trees_histogram(gpu_trees *t, int node, uint64_t *out)
{
    span rows = t->spans[size_t(node)];
    unsigned blocks = blocks_for(rows.count) < 512 ? blocks_for(rows.count) : 512;
    if (cuda_failed())
        return;
    cuda_note(cudaMemsetAsync(t->histogram, 0, t->size * sizeof *t->histogram, cuda_stream()));
    for (size_t first = 0, end; first < t->bundles && rows.count > 0; first = end) {
        uint32_t base = t->offsets[first];
        for (end = first + 1; end < t->bundles && t->offsets[end + 1] - base <= CELLS; end++)
            continue;
        uint32_t size = t->offsets[end] - base;
        histogram_kernel<<<blocks, THREADS, size * sizeof(uint64_t), cuda_stream()>>>(
            t->histogram, t->cells, t->offset, t->packed, t->order + rows.first, rows.count, t->bundles, first, end,
            base, size);
    }
    cuda_note(cudaMemcpyAsync(out, t->histogram, t->size * sizeof *out, cudaMemcpyDeviceToHost, cuda_stream()));
    cuda_note(cudaStreamSynchronize(cuda_stream()));
}

size_t trees_split(gpu_trees *t, int node, size_t bundle, const uint8_t goes_left[256], int left, int right)
{
    span rows = t->spans[size_t(node)];
    size_t most = size_t(left > right ? left : right) + 1;
    uint32_t *from = t->order + rows.first, *to = t->other + rows.first;
    unsigned count = 0;
    if (t->spans.size() < most)
        t->spans.resize(most, {0, 0});
    if (!cuda_failed() && rows.count > 0) {
        cuda_note(cudaMemcpyAsync(t->table, goes_left, 256, cudaMemcpyHostToDevice, cuda_stream()));
        side_kernel<<<blocks_for(rows.count), THREADS, 0, cuda_stream()>>>(t->left, t->cells, from, rows.count,
                                                                           t->bundles, bundle, t->table);
        cuda_note(cub::DevicePartition::Flagged(t->scratch, t->scratch_bytes, from, t->left, to, t->chosen,
                                                int64_t(rows.count), cuda_stream()));
        cuda_note(cudaMemcpyAsync(&count, t->chosen, sizeof count, cudaMemcpyDeviceToHost, cuda_stream()));
        cuda_note(cudaStreamSynchronize(cuda_stream()));
    }
    t->spans[size_t(left)] = {rows.first, count};
    t->spans[size_t(right)] = {rows.first + count, rows.count - count};
    if (cuda_failed() || rows.count == 0)
        return count;
    cuda_note(cudaMemcpyAsync(from, to, count * sizeof *to, cudaMemcpyDeviceToDevice, cuda_stream()));
    reverse_kernel<<<blocks_for(rows.count - count), THREADS, 0, cuda_stream()>>>(from + count, to + count,
                                                                                  rows.count - count);
    for (int child : {left, right}) {
        span s = t->spans[size_t(child)];
        node_kernel<<<blocks_for(s.count), THREADS, 0, cuda_stream()>>>(t->node, t->order + s.first, s.count, child);
    }
    return count;
}

void trees_nodes(gpu_trees *t, int32_t *node_of_row)
{
    if (cuda_failed())
        return;
    cuda_note(cudaMemcpyAsync(node_of_row, t->node, t->rows * sizeof *node_of_row, cudaMemcpyDeviceToHost,
                              cuda_stream()));
    cuda_note(cudaStreamSynchronize(cuda_stream()));
}
