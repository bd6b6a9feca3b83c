/* The tensor backend's table, its products, the flat arrays of the trainer, and graphs. */
#include "kernels.h"

#include <climits>
#include <cstring>
#include <map>

/* --- memory ---------------------------------------------------------------------------------------------------------
 */

void cuda_zero(void *memory, size_t bytes)
{
    if (!cuda_failed() && bytes > 0)
        cuda_note(cudaMemsetAsync(memory, 0, bytes, cuda_stream()));
}

void cuda_copy(void *to, const void *from, size_t bytes)
{
    if (!cuda_failed() && bytes > 0)
        cuda_note(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, cuda_stream()));
}

namespace
{

int finish(error *err)
{
    char why[GPU_TEXT];
    if (cuda_finish(why) == 0)
        return 0;
    return error_set(err, ERROR_SYSTEM, "--device", "use --device cpu, or a smaller batch", "The GPU failed: %s", why);
}

/* --- products -------------------------------------------------------------------------------------------------------
 */

bool fits(size_t n)
{
    if (n > INT_MAX)
        cuda_note_text("a matrix has more than 2147483647 rows or columns");
    return n <= INT_MAX;
}

int apart_of(const matrix &x)
{
    return int(x.apart ? x.apart : 1);
}

cublasOperation_t operation(const matrix &x)
{
    return x.transposed ? CUBLAS_OP_T : CUBLAS_OP_N;
}

__global__ void fade_kernel(float *c, size_t apart, size_t step, size_t m, size_t n, size_t count, float beta)
{
    FOR_EACH(i, count * m * n)
    {
        float *at = &c[i / (m * n) * step + i / n % m * apart + i % n];
        *at = beta == 0 ? 0 : beta * *at;
    }
}

} // namespace

/* cuBLAS counts columns first: the transpose of each matrix, hence b before a. */
void products(matrix c, matrix a, matrix b, size_t m, size_t n, size_t k, float alpha, float beta, size_t count,
              size_t step_c, size_t step_a, size_t step_b)
{
    if (cuda_failed() || m == 0 || n == 0 || count == 0)
        return;
    if (k == 0) {
        launch(count * m * n, fade_kernel, c.at, c.apart, step_c, m, n, count, beta);
        return;
    }
    if (!fits(m) || !fits(n) || !fits(k) || !fits(count) || !fits(a.apart) || !fits(b.apart) || !fits(c.apart))
        return;
    cuda_note_blas(cublasSetMathMode(cuda_blas(), CUBLAS_DEFAULT_MATH)); /* 32 bits throughout: no TF32 */
    if (count == 1)
        cuda_note_blas(cublasSgemm(cuda_blas(), operation(b), operation(a), int(n), int(m), int(k), &alpha, b.at,
                                   apart_of(b), a.at, apart_of(a), &beta, c.at, apart_of(c)));
    else
        cuda_note_blas(cublasSgemmStridedBatched(cuda_blas(), operation(b), operation(a), int(n), int(m), int(k),
                                                 &alpha, b.at, apart_of(b), static_cast<long long>(step_b), a.at,
                                                 apart_of(a), static_cast<long long>(step_a), &beta, c.at, apart_of(c),
                                                 static_cast<long long>(step_c), int(count)));
}

void product(matrix c, matrix a, matrix b, size_t m, size_t n, size_t k, float alpha, float beta)
{
    products(c, a, b, m, n, k, alpha, beta, 1, 0, 0, 0);
}

namespace
{

__global__ void add_bias_kernel(float *y, const float *bias, size_t biases, size_t count)
{
    FOR_EACH(i, count) y[i] += bias[i % biases];
}

/* The rows of x: .. x width. */
matrix rows_of(const tensor *x, const float *at)
{
    return matrix_of(at, x->rank >= 2 ? x->stride[x->rank - 2] : tensor_width(x));
}

matrix transposed(matrix x)
{
    x.transposed = !x.transposed;
    return x;
}

} // namespace

/* y = x w + b */
void linear_forward(tape *, node *n)
{
    const tensor *x = n->in[0], *w = n->in[1], *y = n->out[0];
    size_t rows = tensor_rows(x), outputs = w->shape[1];
    product(matrix_of(numbers(y), outputs), rows_of(x, numbers(x)), matrix_of(numbers(w), outputs), rows, outputs,
            w->shape[0], 1, 0);
    if (n->in[2])
        launch(rows * outputs, add_bias_kernel, numbers(y), numbers(n->in[2]), tensor_count(n->in[2]), rows * outputs);
}

/* dx += dy w', dw += x' dy, db += the sum of dy's rows */
void linear_backward(tape *t, node *n)
{
    tensor *x = n->in[0], *w = n->in[1];
    size_t rows = tensor_rows(x), inputs = w->shape[0], outputs = w->shape[1];
    matrix dy = matrix_of(slopes(n->out[0]), outputs);
    slope dx = slope_of(t, x);
    if (dx.at)
        product(rows_of(x, dx.at), dy, matrix_of(numbers(w), outputs, true), rows, inputs, outputs, 1, dx.beta);
    slope dw = slope_of(t, w);
    if (dw.at)
        product(matrix_of(dw.at, outputs), transposed(rows_of(x, numbers(x))), dy, inputs, outputs, rows, 1, dw.beta);
    size_t biases = n->in[2] ? tensor_count(n->in[2]) : 0; /* one row, or some that are repeated */
    if (biases > 0)
        add_rows(slope_of(t, n->in[2]), slopes(n->out[0]), rows * outputs / biases, biases);
}

namespace
{

/* G products; a factor of which there is one only is used by all. */
struct groups {
    size_t count, rows, columns, inner;
    bool transpose_a, transpose_b;
};

groups groups_of(const node *n)
{
    const tensor *a = n->in[0], *c = n->out[0];
    return {c->rank == 3 ? c->shape[0] : 1,
            c->shape[c->rank - 2],
            tensor_width(c),
            a->shape[a->rank - 1 - n->flag[0]],
            n->flag[0],
            n->flag[1]};
}

size_t group_step(const tensor *x)
{
    return x->rank == 3 && x->shape[0] > 1 ? x->stride[0] : 0;
}

matrix group_matrix(const tensor *x, const float *at, bool transpose)
{
    return matrix_of(at, x->stride[x->rank - 2], transpose);
}

/* op(x) += left right, over all groups. The slope of a factor that all groups use is the sum of theirs, one after the
 * other. */
void add_group_slopes(slope to, const tensor *x, bool transpose, matrix left, size_t step_left, matrix right,
                      size_t step_right, size_t m, size_t n, size_t k, size_t count)
{
    matrix c = group_matrix(x, to.at, false);
    if (transpose) { /* op(x)' = right' left' */
        matrix was = left;
        size_t step = step_left, size = m;
        left = transposed(right);
        right = transposed(was);
        step_left = step_right;
        step_right = step;
        m = n;
        n = size;
    }
    if (group_step(x) > 0 || count == 1) {
        products(c, left, right, m, n, k, 1, to.beta, count, group_step(x), step_left, step_right);
        return;
    }
    if (count == 0)
        product(c, left, right, m, n, 0, 1, to.beta);
    for (size_t g = 0; g < count; g++) {
        product(c, left, right, m, n, k, 1, g > 0 ? 1 : to.beta);
        left.at += step_left;
        right.at += step_right;
    }
}

} // namespace

/* c = op(a) op(b) */
void matmul_forward(tape *, node *n)
{
    groups g = groups_of(n);
    const tensor *a = n->in[0], *b = n->in[1], *c = n->out[0];
    products(group_matrix(c, numbers(c), false), group_matrix(a, numbers(a), g.transpose_a),
             group_matrix(b, numbers(b), g.transpose_b), g.rows, g.columns, g.inner, 1, 0, g.count,
             c->rank == 3 ? c->stride[0] : 0, group_step(a), group_step(b));
}

/* d op(a) += dc op(b)', d op(b) += op(a)' dc */
void matmul_backward(tape *t, node *n)
{
    groups g = groups_of(n);
    tensor *a = n->in[0], *b = n->in[1], *c = n->out[0];
    matrix dc = group_matrix(c, slopes(c), false);
    size_t step = c->rank == 3 ? c->stride[0] : 0;
    slope da = slope_of(t, a);
    if (da.at)
        add_group_slopes(da, a, g.transpose_a, dc, step, group_matrix(b, numbers(b), !g.transpose_b), group_step(b),
                         g.rows, g.inner, g.columns, g.count);
    slope db = slope_of(t, b);
    if (db.at)
        add_group_slopes(db, b, g.transpose_b, group_matrix(a, numbers(a), !g.transpose_a), group_step(a), dc, step,
                         g.inner, g.columns, g.rows, g.count);
}

/* --- sums -----------------------------------------------------------------------------------------------------------
 */

namespace
{

__global__ void sum_all_kernel(float *out, const double *value, size_t n, double factor)
{
    double own = 0;
    for (size_t i = threadIdx.x; i < n; i += THREADS)
        own += value[i];
    own = block_sum(own);
    if (threadIdx.x == 0)
        *out = float(factor * own);
}

constexpr size_t PARTS = 1024; /* of a sum over a flat array */

__global__ void square_kernel(double *part, const float *x, size_t n)
{
    double own = 0;
    FOR_EACH(i, n) own += double(x[i]) * double(x[i]);
    own = block_sum(own);
    if (threadIdx.x == 0)
        part[blockIdx.x] = own;
}

__global__ void parts_kernel(double *part, size_t n)
{
    double own = 0;
    for (size_t i = threadIdx.x; i < n; i += THREADS)
        own += part[i];
    own = block_sum(own);
    if (threadIdx.x == 0)
        part[0] = own;
}

double square_sum(const void *x, size_t n)
{
    static double *part;
    double sum = 0;
    size_t blocks = (n + THREADS - 1) / THREADS < PARTS ? (n + THREADS - 1) / THREADS : PARTS;
    if (n == 0)
        return 0;
    if (!part)
        part = static_cast<double *>(cuda_alloc(PARTS * sizeof *part));
    if (!part) {
        cuda_note_text("out of memory");
        return 0;
    }
    launch_blocks(blocks, square_kernel, part, static_cast<const float *>(x), n);
    launch_blocks(1, parts_kernel, part, blocks);
    cuda_download(&sum, part, sizeof sum);
    return sum;
}

/* --- flat arrays ----------------------------------------------------------------------------------------------------
 */

__global__ void scale_kernel(float *x, size_t n, float factor)
{
    FOR_EACH(i, n) x[i] *= factor;
}

__global__ void clip_kernel(float *x, size_t n, float limit)
{
    FOR_EACH(i, n) x[i] = fmaxf(-limit, fminf(limit, x[i]));
}

__global__ void step_kernel(struct optimiser_now now, float *w, const float *slope, float *first, float *second,
                            size_t n)
{
    FOR_EACH(i, n) formula_step(&now, &w[i], slope[i], first ? &first[i] : nullptr, second ? &second[i] : nullptr);
}

void scale(void *x, size_t n, double factor)
{
    launch(n, scale_kernel, static_cast<float *>(x), n, factor);
}

void clip(void *x, size_t n, double limit)
{
    launch(n, clip_kernel, static_cast<float *>(x), n, limit);
}

void optimise(const optimiser *o, void *w, void *gradient, size_t begin, size_t end, double rate, double decay)
{
    launch(end - begin, step_kernel, optimiser_now(o, rate, decay, 0), static_cast<float *>(w) + begin,
           static_cast<float *>(gradient) + begin, o->first ? o->first + begin : nullptr,
           o->second ? o->second + begin : nullptr, end - begin);
}

} // namespace

void sum_all(float *out, const double *value, size_t n, double factor)
{
    launch_blocks(1, sum_all_kernel, out, value, n, factor);
}

/* --- graphs ---------------------------------------------------------------------------------------------------------
 */

namespace
{

constexpr size_t GRAPHS_MOST = 512; /* then all are forgotten: shapes that never come again */
constexpr size_t STEPS_LEAST = 4;   /* a shorter chain is not worth it */

struct recorded {
    cudaGraphExec_t graph;
    bool hopeless; /* it could not be recorded */
};

struct by_bytes {
    bool operator()(const graph_key &a, const graph_key &b) const
    {
        return memcmp(&a, &b, sizeof a) < 0;
    }
};

/* Never destroyed: at the program's end the device may be gone already. */
auto &graphs = *new std::map<graph_key, recorded, by_bytes>;

void forget_graphs()
{
    cuda_note(cudaStreamSynchronize(cuda_stream()));
    for (auto &each : graphs)
        if (each.second.graph)
            cudaGraphExecDestroy(each.second.graph);
    graphs.clear();
}

void record(recorded &r, graph_body &body)
{
    cudaGraph_t graph = nullptr;
    r.hopeless = true;
    if (cudaStreamBeginCapture(cuda_stream(), cudaStreamCaptureModeThreadLocal) == cudaSuccess) {
        body();
        if (cudaStreamEndCapture(cuda_stream(), &graph) == cudaSuccess && !cuda_failed())
            r.hopeless = cudaGraphInstantiate(&r.graph, graph, 0) != cudaSuccess;
        if (graph)
            cudaGraphDestroy(graph);
    }
    if (!r.hopeless)
        return;
    r.graph = nullptr;
    cudaGetLastError(); /* nothing was run: the caller runs it without a graph */
    cuda_forget();
}

} // namespace

void graph_run(const graph_key &key, graph_body &body)
{
    if (cuda_failed())
        return;
    if (key.sizes[0] < STEPS_LEAST) {
        body();
        return;
    }
    auto known = graphs.find(key);
    if (known == graphs.end()) {
        if (graphs.size() >= GRAPHS_MOST)
            forget_graphs();
        graphs[key] = recorded{};
        body();
        return;
    }
    if (!known->second.graph && !known->second.hopeless)
        record(known->second, body);
    if (known->second.graph)
        cuda_note(cudaGraphLaunch(known->second.graph, cuda_stream()));
    else
        body();
}

/* --- the table ------------------------------------------------------------------------------------------------------
 */

namespace
{

#define ROW(op, name) b.kernels[op] = {name##_forward, name##_backward}

backend make_table()
{
    backend b = {};
    b.name = "cuda";
    b.bytes = sizeof(float);
    b.alloc = cuda_alloc;
    b.release = cuda_release;
    b.zero = cuda_zero;
    b.upload = cuda_upload;
    b.download = cuda_download;
    b.finish = finish;
    b.optimise = optimise;
    b.square_sum = square_sum;
    b.scale = scale;
    b.clip = clip;
    ROW(OP_COPY, copy);
    ROW(OP_TRANSPOSE, transpose);
    ROW(OP_LINEAR, linear);
    ROW(OP_MATMUL, matmul);
    ROW(OP_ADD, add);
    ROW(OP_SUB, sub);
    ROW(OP_MUL, mul);
    ROW(OP_AFFINE, affine);
    ROW(OP_UNARY, unary);
    ROW(OP_REDUCE, reduce);
    ROW(OP_POOL_TIME, pool_time);
    ROW(OP_SOFTMAX, softmax);
    ROW(OP_CROSS_ENTROPY, cross_entropy);
    ROW(OP_OUTPUT_LOSS, output_loss);
    ROW(OP_EMBEDDING, embedding);
    ROW(OP_EMBEDDING_MEAN, embedding_mean);
    ROW(OP_CONCAT, concat);
    ROW(OP_GATHER, gather);
    ROW(OP_LAYER_NORM, layer_norm);
    ROW(OP_BATCH_NORM, batch_norm);
    ROW(OP_DROPOUT, dropout);
    ROW(OP_LSTM, lstm);
    ROW(OP_GRU, gru);
    ROW(OP_ATTENTION, attention);
    ROW(OP_CONV1D, conv1d);
    ROW(OP_CONV2D, conv2d);
    ROW(OP_POOL2D, pool2d);
    ROW(OP_LIKELIHOOD, likelihood);
    ROW(OP_SMOOTH_L1, smooth_l1);
    return b;
}

} // namespace

const backend cuda_tensor = make_table();
