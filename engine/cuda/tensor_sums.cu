/* Sums, means and maxima along a dimension, softmax, and the two normalisations. */
#include "kernels.h"

namespace
{

/* --- reductions -----------------------------------------------------------------------------------------------------
 */

/* Run o of `outer`, i of `inner`: `count` numbers that lie `inner` apart; of them the first `length` count. */
struct runs {
    size_t outer, count, inner;
    const int32_t *length; /* by i / width; NULL: all */
    size_t width;
};

__device__ size_t run_first(const runs &r, size_t run)
{
    return run / r.inner * r.count * r.inner + run % r.inner;
}

__device__ size_t run_length(const runs &r, size_t run)
{
    return r.length ? size_t(r.length[run % r.inner / r.width]) : r.count;
}

__device__ float reduced(int kind, float folded, size_t length)
{
    return length == 0 ? 0 : kind == REDUCE_MEAN ? folded / float(length) : folded;
}

__global__ void reduce_kernel(int kind, float *y, const float *x, runs r)
{
    FOR_EACH(run, r.outer * r.inner)
    {
        size_t first = run_first(r, run), length = run_length(r, run);
        float folded = kind == REDUCE_MAX ? -INFINITY : 0;
        for (size_t k = 0; k < length; k++) {
            float value = x[first + k * r.inner];
            folded = kind == REDUCE_MAX ? fmaxf(folded, value) : folded + value;
        }
        y[run] = reduced(kind, folded, length);
    }
}

/* Few long runs: a block for each. */
__global__ void reduce_long_kernel(int kind, float *y, const float *x, runs r)
{
    FOR_EACH_BLOCK(run, r.outer * r.inner)
    {
        size_t first = run_first(r, run), length = run_length(r, run);
        float folded = kind == REDUCE_MAX ? -INFINITY : 0;
        for (size_t k = threadIdx.x; k < length; k += THREADS) {
            float value = x[first + k * r.inner];
            folded = kind == REDUCE_MAX ? fmaxf(folded, value) : folded + value;
        }
        folded = kind == REDUCE_MAX ? block_fold(folded, larger_of_two()) : block_sum(folded);
        if (threadIdx.x == 0)
            y[run] = reduced(kind, folded, length);
    }
}

/* Of sums and means: each number by itself. */
__global__ void reduce_back_kernel(int kind, float *dx, float beta, const float *dy, runs r)
{
    FOR_EACH(i, r.outer * r.count * r.inner)
    {
        size_t k = i / r.inner % r.count, run = i / (r.count * r.inner) * r.inner + i % r.inner;
        size_t length = run_length(r, run);
        put(&dx[i], k < length ? reduced(kind, dy[run], length) : 0.f, beta);
    }
}

/* The largest of each run takes it all. */
__global__ void largest_back_kernel(float *dx, const float *dy, const float *x, runs r)
{
    FOR_EACH(run, r.outer * r.inner)
    {
        size_t first = run_first(r, run), length = run_length(r, run), best = 0;
        for (size_t k = 1; k < length; k++)
            best = x[first + k * r.inner] > x[first + best * r.inner] ? k : best;
        if (length > 0)
            dx[first + best * r.inner] += dy[run];
    }
}

void reduce_runs(const node *n, const runs &r)
{
    size_t count = r.outer * r.inner;
    if (r.count >= 256 && count < 4096)
        launch_blocks(count, reduce_long_kernel, n->kind, numbers(n->out[0]), numbers(n->in[0]), r);
    else
        launch(count, reduce_kernel, n->kind, numbers(n->out[0]), numbers(n->in[0]), r);
}

void reduce_runs_back(tape *t, node *n, const runs &r)
{
    if (n->kind == REDUCE_MAX) {
        float *dx = slope_to(t, n->in[0]);
        if (dx)
            launch(r.outer * r.inner, largest_back_kernel, dx, slopes(n->out[0]), numbers(n->in[0]), r);
        return;
    }
    slope dx = slope_of(t, n->in[0]);
    if (dx.at)
        launch(r.outer * r.count * r.inner, reduce_back_kernel, n->kind, dx.at, dx.beta, slopes(n->out[0]), r);
}

runs runs_of(const node *n)
{
    return {n->whole[0], n->whole[1], n->whole[2], nullptr, 1};
}

runs time_runs(const node *n)
{
    const size_t *shape = n->in[0]->shape;
    return {1, shape[0], shape[1] * shape[2], n->index[0], shape[2]};
}

/* --- softmax --------------------------------------------------------------------------------------------------------
 */

__global__ void softmax_kernel(float *y, const float *x, size_t rows, size_t width)
{
    FOR_EACH_BLOCK(r, rows)
    {
        const float *row = x + r * width;
        float top = -INFINITY, sum = 0;
        for (size_t j = threadIdx.x; j < width; j += THREADS)
            top = fmaxf(top, row[j]);
        top = block_fold(top, larger_of_two());
        for (size_t j = threadIdx.x; j < width; j += THREADS)
            sum += expf(row[j] - top);
        sum = block_sum(sum);
        for (size_t j = threadIdx.x; j < width; j += THREADS)
            y[r * width + j] = expf(row[j] - top) / sum;
    }
}

__global__ void softmax_back_kernel(float *dx, float beta, const float *y, const float *dy, size_t rows, size_t width)
{
    FOR_EACH_BLOCK(r, rows)
    {
        const float *value = y + r * width, *slope = dy + r * width;
        float mean = 0;
        for (size_t j = threadIdx.x; j < width; j += THREADS)
            mean += value[j] * slope[j];
        mean = block_sum(mean);
        for (size_t j = threadIdx.x; j < width; j += THREADS)
            put(&dx[r * width + j], value[j] * (slope[j] - mean), beta);
    }
}

/* --- layer norm -----------------------------------------------------------------------------------------------------
 */

struct normed {
    const float *x, *gain, *bias, *mean, *inverse;
    size_t rows, width;
    bool by_row; /* mean and inverse belong to rows, else to columns */
    bool relu;   /* follows, of batch norm */
    const float *y;
};

__device__ float norm_off(const normed &m, size_t r, size_t c)
{
    size_t group = m.by_row ? r : c;
    return (m.x[r * m.width + c] - m.mean[group]) * m.inverse[group];
}

__global__ void row_moments_kernel(float *mean, float *inverse, const float *x, size_t rows, size_t width,
                                   float epsilon)
{
    FOR_EACH_BLOCK(r, rows)
    {
        float sum = 0, squares = 0, middle;
        for (size_t j = threadIdx.x; j < width; j += THREADS)
            sum += x[r * width + j];
        middle = block_sum(sum) / float(width);
        for (size_t j = threadIdx.x; j < width; j += THREADS) {
            float off = x[r * width + j] - middle;
            squares += off * off;
        }
        squares = block_sum(squares) / float(width);
        if (threadIdx.x == 0) {
            mean[r] = middle;
            inverse[r] = 1 / sqrtf(squares + epsilon);
        }
    }
}

__global__ void normalise_kernel(float *y, normed m)
{
    FOR_EACH(i, m.rows * m.width)
    {
        size_t c = i % m.width;
        float value = (m.gain ? m.gain[c] : 1) * norm_off(m, i / m.width, c) + (m.bias ? m.bias[c] : 0);
        y[i] = m.relu && !(value > 0) ? 0 : value;
    }
}

/* With o = (x - mean) inverse and s = dy gain: dx += inverse (s - mean of s - o mean of s o) */
__global__ void layer_back_kernel(float *dx, float beta, const float *dy, normed m)
{
    FOR_EACH_BLOCK(r, m.rows)
    {
        float sum = 0, with = 0;
        for (size_t c = threadIdx.x; c < m.width; c += THREADS) {
            float s = dy[r * m.width + c] * (m.gain ? m.gain[c] : 1);
            sum += s;
            with += s * norm_off(m, r, c);
        }
        sum = block_sum(sum) / float(m.width);
        with = block_sum(with) / float(m.width);
        for (size_t c = threadIdx.x; c < m.width; c += THREADS) {
            float s = dy[r * m.width + c] * (m.gain ? m.gain[c] : 1);
            put(&dx[r * m.width + c], m.inverse[r] * (s - sum - norm_off(m, r, c) * with), beta);
        }
    }
}

/* A slope of the output; 0 where a relu cut it off. */
__device__ float slope_before_relu(const normed &m, const float *dy, size_t i)
{
    return m.relu && !(m.y[i] > 0) ? 0 : dy[i];
}

struct bias_sum {
    normed m;
    const float *dy;
    __device__ float operator()(size_t r, size_t c) const
    {
        return slope_before_relu(m, dy, r * m.width + c);
    }
};

struct gain_sum {
    normed m;
    const float *dy;
    __device__ float operator()(size_t r, size_t c) const
    {
        return slope_before_relu(m, dy, r * m.width + c) * norm_off(m, r, c);
    }
};

normed norm_of(const node *n, const float *mean, const float *inverse, bool by_row)
{
    return {numbers(n->in[0]), numbers(n->in[1]),     numbers(n->in[2]),      mean,
            inverse,           tensor_rows(n->in[0]), tensor_width(n->in[0]), by_row,
            n->flag[0],        numbers(n->out[0])};
}

void normalise(const node *n, const normed &m)
{
    launch(m.rows * m.width, normalise_kernel, numbers(n->out[0]), m);
}

/* --- batch norm -----------------------------------------------------------------------------------------------------
 */

struct off_square_sum {
    const float *x, *sum;
    size_t rows, width;
    __device__ float operator()(size_t r, size_t c) const
    {
        float off = x[r * width + c] - sum[c] / float(rows);
        return off * off;
    }
};

/* Of a batch: sums of a column and of its squares. */
__global__ void follow_kernel(float *mean, float *inverse, const float *sum, const float *squares, float *running_mean,
                              float *running_variance, size_t rows, size_t columns, float momentum, float epsilon)
{
    FOR_EACH(c, columns)
    {
        float middle = sum[c] / float(rows), variance = squares[c] / float(rows);
        float even = rows > 1 ? squares[c] / float(rows - 1) : variance;
        mean[c] = middle;
        inverse[c] = 1 / sqrtf(variance + epsilon);
        running_mean[c] = (1 - momentum) * running_mean[c] + momentum * middle;
        running_variance[c] = (1 - momentum) * running_variance[c] + momentum * even;
    }
}

__global__ void running_kernel(float *mean, float *inverse, const float *running_mean, const float *running_variance,
                               size_t columns, float epsilon)
{
    FOR_EACH(c, columns)
    {
        mean[c] = running_mean[c];
        inverse[c] = 1 / sqrtf(running_variance[c] + epsilon);
    }
}

/* by_bias, by_gain: sums over the column of dy and of dy times off */
__global__ void batch_back_kernel(float *dx, float beta, const float *dy, const float *by_bias, const float *by_gain,
                                  normed m)
{
    FOR_EACH(i, m.rows * m.width)
    {
        size_t c = i % m.width;
        float gain = m.gain ? m.gain[c] : 1, rows = float(m.rows);
        float s = slope_before_relu(m, dy, i) - by_bias[c] / rows - norm_off(m, i / m.width, c) * by_gain[c] / rows;
        put(&dx[i], gain * m.inverse[c] * s, beta);
    }
}

void add_vector(slope to, const float *from, size_t n)
{
    if (to.at)
        add_columns(to.at, to.beta, 1, n, matrix_sum{from, nullptr, n, 1});
}

} // namespace

void reduce_forward(tape *, node *n)
{
    reduce_runs(n, runs_of(n));
}

void reduce_backward(tape *t, node *n)
{
    reduce_runs_back(t, n, runs_of(n));
}

void pool_time_forward(tape *, node *n)
{
    reduce_runs(n, time_runs(n));
}

void pool_time_backward(tape *t, node *n)
{
    reduce_runs_back(t, n, time_runs(n));
}

void softmax_forward(tape *, node *n)
{
    size_t rows = tensor_rows(n->in[0]), width = tensor_width(n->in[0]);
    if (width > 0)
        launch_blocks(rows, softmax_kernel, numbers(n->out[0]), numbers(n->in[0]), rows, width);
}

void softmax_backward(tape *t, node *n)
{
    size_t rows = tensor_rows(n->in[0]), width = tensor_width(n->in[0]);
    slope dx = slope_of(t, n->in[0]);
    if (dx.at && width > 0)
        launch_blocks(rows, softmax_back_kernel, dx.at, dx.beta, numbers(n->out[0]), slopes(n->out[0]), rows, width);
}

void layer_norm_forward(tape *t, node *n)
{
    size_t rows = tensor_rows(n->in[0]), width = tensor_width(n->in[0]);
    float *mean = n->keep[0] ? numbers(n->keep[0]) : scratch<float>(t, rows);
    float *inverse = n->keep[1] ? numbers(n->keep[1]) : scratch<float>(t, rows);
    if (width == 0 || !mean || !inverse)
        return;
    launch_blocks(rows, row_moments_kernel, mean, inverse, numbers(n->in[0]), rows, width, n->number[0]);
    normalise(n, norm_of(n, mean, inverse, true));
}

void layer_norm_backward(tape *t, node *n)
{
    normed m = norm_of(n, numbers(n->keep[0]), numbers(n->keep[1]), true);
    slope dx = slope_of(t, n->in[0]), dgain = slope_of(t, n->in[1]);
    if (dx.at && m.width > 0)
        launch_blocks(m.rows, layer_back_kernel, dx.at, dx.beta, slopes(n->out[0]), m);
    if (dgain.at)
        add_columns(dgain.at, dgain.beta, m.rows, m.width, gain_sum{m, slopes(n->out[0])});
    add_rows(slope_of(t, n->in[2]), slopes(n->out[0]), m.rows, m.width);
}

void batch_norm_forward(tape *t, node *n)
{
    const float *x = numbers(n->in[0]);
    size_t rows = tensor_rows(n->in[0]), width = tensor_width(n->in[0]);
    float *mean = n->keep[0] ? numbers(n->keep[0]) : scratch<float>(t, width);
    float *inverse = n->keep[1] ? numbers(n->keep[1]) : scratch<float>(t, width);
    float *sum = scratch<float>(t, width), *squares = scratch<float>(t, width);
    if (!mean || !inverse || !sum || !squares)
        return;
    if (tape_learning(t) && rows > 0) {
        add_columns(sum, 0, rows, width, matrix_sum{x, nullptr, width, 1});
        add_columns(squares, 0, rows, width, off_square_sum{x, sum, rows, width});
        launch(width, follow_kernel, mean, inverse, sum, squares, numbers(n->in[3]), numbers(n->in[4]), rows, width,
               n->number[0], n->number[1]);
    } else {
        launch(width, running_kernel, mean, inverse, numbers(n->in[3]), numbers(n->in[4]), width, n->number[1]);
    }
    normalise(n, norm_of(n, mean, inverse, false));
}

void batch_norm_backward(tape *t, node *n)
{
    normed m = norm_of(n, numbers(n->keep[0]), numbers(n->keep[1]), false);
    float *by_bias = scratch<float>(t, m.width), *by_gain = scratch<float>(t, m.width);
    slope dx = slope_of(t, n->in[0]);
    if (!by_bias || !by_gain)
        return;
    add_columns(by_bias, 0, m.rows, m.width, bias_sum{m, slopes(n->out[0])});
    add_columns(by_gain, 0, m.rows, m.width, gain_sum{m, slopes(n->out[0])});
    if (dx.at)
        launch(m.rows * m.width, batch_back_kernel, dx.at, dx.beta, slopes(n->out[0]), by_bias, by_gain, m);
    add_vector(slope_of(t, n->in[1]), by_gain, m.width);
    add_vector(slope_of(t, n->in[2]), by_bias, m.width);
}
