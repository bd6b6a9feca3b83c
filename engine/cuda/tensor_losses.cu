/* Losses, each one number: a row's part in double, then their sum. */
#include "kernels.h"

/* The formulas of tensor/likelihood.h on the device, which knows lgamma by itself. */
#define lgamma_r(x, sign) ((void)(sign), lgamma(x))
#include "engine/tensor/likelihood.h"
#undef lgamma_r

namespace
{

__device__ float row_weight(const int32_t *target, const float *weight, size_t r)
{
    return target && target[r] < 0 ? 0 : weight ? weight[r] : 1;
}

/* A row of scores, with its bias where there is one. */
struct score_row {
    const float *score, *bias;
    size_t width;
    __device__ float operator[](size_t j) const
    {
        return bias ? score[j] + bias[j] : score[j];
    }
};

/* By all threads of a block: log of the sum of e^score. */
__device__ float block_log_sum(const score_row &row)
{
    float top = -INFINITY, sum = 0;
    for (size_t j = threadIdx.x; j < row.width; j += THREADS)
        top = fmaxf(top, row[j]);
    top = block_fold(top, larger_of_two());
    for (size_t j = threadIdx.x; j < row.width; j += THREADS)
        sum += expf(row[j] - top);
    return top + logf(block_sum(sum));
}

/* --- cross entropy --------------------------------------------------------------------------------------------------
 */

__global__ void entropy_kernel(double *loss, float *kept, const float *x, const int32_t *target, const float *weight,
                               size_t rows, size_t width)
{
    FOR_EACH_BLOCK(r, rows)
    {
        score_row row = {x + r * width, nullptr, width};
        float counts = row_weight(target, weight, r), all = counts == 0 ? 0 : block_log_sum(row);
        if (threadIdx.x != 0)
            continue;
        loss[r] = counts == 0 ? 0 : double(counts) * (double(all) - double(row[size_t(target[r])]));
        if (kept)
            kept[r] = all;
    }
}

__global__ void entropy_back_kernel(float *dx, float beta, const float *dy, float scale, const float *kept,
                                    const float *x, const int32_t *target, const float *weight, size_t rows,
                                    size_t width)
{
    FOR_EACH(i, rows * width)
    {
        size_t r = i / width, j = i % width;
        float by_row = dy[0] * scale * row_weight(target, weight, r);
        float slope = by_row == 0 ? 0 : by_row * (expf(x[i] - kept[r]) - (size_t(target[r]) == j ? 1.f : 0.f));
        put(&dx[i], slope, beta);
    }
}

/* --- the output layer and its loss in one ---------------------------------------------------------------------------
 */

/* Scores of rows first .. first + rows - 1; they become their slopes where `learning`. */
struct output_rows {
    float *score;
    const float *bias;
    const int32_t *target;
    const float *weight;
    double *loss, *right;
    size_t rows, classes;
    float scale;
    bool learning;
};

__global__ void output_kernel(output_rows o)
{
    FOR_EACH_BLOCK(r, o.rows)
    {
        float *score = o.score + r * o.classes;
        score_row row = {score, o.bias, o.classes};
        float counts = row_weight(o.target, o.weight, r), all = counts == 0 ? 0 : block_log_sum(row), better = 0, own;
        size_t at = counts == 0 ? 0 : size_t(o.target[r]);
        own = counts == 0 ? 0 : row[at];
        for (size_t c = threadIdx.x; counts != 0 && c < o.classes; c += THREADS)
            better += row[c] > own || (row[c] == own && c < at) ? 1.f : 0.f;
        better = block_sum(better);
        if (threadIdx.x == 0) {
            o.loss[r] = counts == 0 ? 0 : double(counts) * (double(all) - double(own));
            o.right[r] = counts != 0 && better == 0 ? 1 : 0;
        }
        for (size_t c = threadIdx.x; o.learning && c < o.classes; c += THREADS)
            score[c] = counts == 0 ? 0 : o.scale * counts * (expf(row[c] - all) - (c == at ? 1.f : 0.f));
    }
}

/* --- likelihood -----------------------------------------------------------------------------------------------------
 */

struct likely {
    int kind;
    const float *raw, *y, *v, *weight;
    size_t rows, width;
};

__device__ likelihood_point likelihood_at(const likely &l, size_t r)
{
    double raw[3] = {0, 0, 0}, y = l.y[r], v = l.v[r];
    for (size_t j = 0; j < l.width; j++)
        raw[j] = l.raw[r * l.width + j];
    switch (l.kind) {
    case LIKELIHOOD_GAUSSIAN:
        return likelihood_gaussian(raw, y, v);
    case LIKELIHOOD_STUDENT_T:
        return likelihood_student_t(raw, y, v);
    case LIKELIHOOD_NEGATIVE_BINOMIAL:
        return likelihood_negative_binomial(raw, y, v);
    case LIKELIHOOD_BETA:
        return likelihood_beta(raw, y, v);
    default: /* LIKELIHOOD_L1 */
        return likelihood_l1(raw, y, v);
    }
}

__global__ void likelihood_kernel(double *loss, likely l)
{
    FOR_EACH(r, l.rows)
    {
        double weight = row_weight(nullptr, l.weight, r);
        loss[r] = weight == 0 ? 0 : weight * likelihood_at(l, r).value;
    }
}

__global__ void likelihood_back_kernel(float *dx, float beta, const float *dy, double scale, likely l)
{
    FOR_EACH(r, l.rows)
    {
        double slope = double(dy[0]) * scale * double(row_weight(nullptr, l.weight, r));
        likelihood_point p = {};
        if (slope != 0)
            p = likelihood_at(l, r);
        for (size_t j = 0; j < l.width; j++)
            put(&dx[r * l.width + j], float(slope * p.slope[j]), beta);
    }
}

likely likely_of(const node *n)
{
    return {n->kind,           numbers(n->in[0]),  numbers(n->in[1]), numbers(n->in[2]),
            numbers(n->in[3]), n->in[0]->shape[0], n->in[0]->shape[1]};
}

/* --- smooth L1 ------------------------------------------------------------------------------------------------------
 */

__global__ void smooth_kernel(double *loss, const float *x, const float *y, const float *weight, size_t rows,
                              size_t width)
{
    FOR_EACH(r, rows)
    {
        double counts = row_weight(nullptr, weight, r), sum = 0;
        for (size_t i = r * width; counts != 0 && i < (r + 1) * width; i++) {
            double off = fabs(double(x[i]) - double(y[i]));
            sum += off < 1 ? off * off / 2 : off - 0.5;
        }
        loss[r] = counts * sum;
    }
}

__global__ void smooth_back_kernel(float *dx, float beta, const float *dy, float scale, const float *x, const float *y,
                                   const float *weight, size_t rows, size_t width)
{
    FOR_EACH(i, rows * width)
    {
        float slope = dy[0] * scale * row_weight(nullptr, weight, i / width);
        put(&dx[i], slope == 0 ? 0 : slope * fmaxf(-1, fminf(1, x[i] - y[i])), beta);
    }
}

} // namespace

void cross_entropy_forward(tape *t, node *n)
{
    size_t rows = n->in[0]->shape[0], width = n->in[0]->shape[1];
    double *loss = scratch<double>(t, rows);
    if (rows > 0 && !loss)
        return;
    launch_blocks(rows, entropy_kernel, loss, numbers(n->keep[0]), numbers(n->in[0]), n->index[0], numbers(n->in[1]),
                  rows, width);
    sum_all(numbers(n->out[0]), loss, rows, n->number[0]);
}

void cross_entropy_backward(tape *t, node *n)
{
    size_t rows = n->in[0]->shape[0], width = n->in[0]->shape[1];
    slope dx = slope_of(t, n->in[0]);
    if (dx.at)
        launch(rows * width, entropy_back_kernel, dx.at, dx.beta, slopes(n->out[0]), n->number[0], numbers(n->keep[0]),
               numbers(n->in[0]), n->index[0], numbers(n->in[1]), rows, width);
}

void output_loss_forward(tape *t, node *n)
{
    size_t rows = n->in[0]->shape[0], width = n->in[0]->shape[1], classes = n->in[1]->shape[0];
    size_t most = classes > 0 && PIECE_MOST / classes > 0 ? PIECE_MOST / classes : 1, step = rows < most ? rows : most;
    float *score = scratch<float>(t, step * classes), *kept = numbers(n->keep[0]);
    double *loss = scratch<double>(t, 2 * rows + 1);
    float *dw = kept ? slope_to(t, n->in[1]) : nullptr, *db = kept ? slope_to(t, n->in[2]) : nullptr;
    if (!loss || (step * classes > 0 && !score))
        return;
    for (size_t first = 0; first < rows; first += step) {
        size_t part = rows - first < step ? rows - first : step;
        const float *x = numbers(n->in[0]) + first * width, *weight = numbers(n->in[3]);
        output_rows o = {score,
                         numbers(n->in[2]),
                         n->index[0] + first,
                         weight ? weight + first : nullptr,
                         loss + first,
                         loss + rows + first,
                         part,
                         classes,
                         float(n->number[0]),
                         kept != nullptr};
        product(matrix_of(score, classes), matrix_of(x, width), matrix_of(numbers(n->in[1]), width, true), part,
                classes, width, 1, 0);
        launch_blocks(part, output_kernel, o);
        if (!kept)
            continue;
        product(matrix_of(kept + first * width, width), matrix_of(score, classes), matrix_of(numbers(n->in[1]), width),
                part, width, classes, 1, 0);
        if (dw)
            product(matrix_of(dw, width), matrix_of(score, classes, true), matrix_of(x, width), classes, width, part, 1,
                    1);
        if (db)
            add_columns(db, 1, part, classes, matrix_sum{score, nullptr, classes, 1});
    }
    sum_all(numbers(n->out[0]), loss, rows, n->number[0]);
    sum_all(numbers(n->out[1]), loss + rows, rows, 1);
}

namespace
{

__global__ void times_kernel(float *dx, float beta, const float *dy, const float *kept, size_t count)
{
    FOR_EACH(i, count) put(&dx[i], dy[0] * kept[i], beta);
}

} // namespace

void output_loss_backward(tape *t, node *n)
{
    slope dx = slope_of(t, n->in[0]);
    size_t count = tensor_count(n->in[0]);
    if (dx.at)
        launch(count, times_kernel, dx.at, dx.beta, slopes(n->out[0]), numbers(n->keep[0]), count);
}

void likelihood_forward(tape *t, node *n)
{
    likely l = likely_of(n);
    double *loss = scratch<double>(t, l.rows);
    if (l.rows > 0 && !loss)
        return;
    launch(l.rows, likelihood_kernel, loss, l);
    sum_all(numbers(n->out[0]), loss, l.rows, n->number[0]);
}

void likelihood_backward(tape *t, node *n)
{
    likely l = likely_of(n);
    slope dx = slope_of(t, n->in[0]);
    if (dx.at)
        launch(l.rows, likelihood_back_kernel, dx.at, dx.beta, slopes(n->out[0]), n->number[0], l);
}

void smooth_l1_forward(tape *t, node *n)
{
    size_t rows = n->in[0]->shape[0];
    double *loss = scratch<double>(t, rows);
    if (rows > 0 && !loss)
        return;
    launch(rows, smooth_kernel, loss, numbers(n->in[0]), numbers(n->in[1]), numbers(n->in[2]), rows,
           n->in[0]->shape[1]);
    sum_all(numbers(n->out[0]), loss, rows, n->number[0]);
}

void smooth_l1_backward(tape *t, node *n)
{
    slope dx = slope_of(t, n->in[0]);
    size_t rows = n->in[0]->shape[0], width = n->in[0]->shape[1];
    if (dx.at)
        launch(rows * width, smooth_back_kernel, dx.at, dx.beta, slopes(n->out[0]), n->number[0], numbers(n->in[0]),
               numbers(n->in[1]), numbers(n->in[2]), rows, width);
}
