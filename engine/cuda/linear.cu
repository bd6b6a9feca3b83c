/* Losses (nn/loss.h) and optimisers (nn/optimiser.h) on the device, by the same formulas. */
#include "plugin.h"

extern "C" {
#include "engine/nn/loss.h"
#include "engine/nn/optimiser.h"
}

namespace {

constexpr float EPSILON = 1e-8f, RMSPROP_DECAY = 0.9f;

struct point {
    float value, slope;
};

__device__ float sign(float x)
{
    return float(x > 0) - float(x < 0);
}

__device__ point point_at(int kind, float p, float s, float y)
{
    float r = s - y, size = fabsf(r);
    switch (kind) {
    case LOSS_SQUARED:
        return {r * r, 2 * r};
    case LOSS_ABSOLUTE:
        return {size, sign(r)};
    case LOSS_EPS_SQUARED: {
        float over = fmaxf(0, size - p);
        return {over * over, 2 * over * sign(r)};
    }
    case LOSS_EPS_ABSOLUTE:
        return {fmaxf(0, size - p), size > p ? sign(r) : 0};
    case LOSS_HUBER:
        return size <= p ? point{r * r / 2, r} : point{p * (size - p / 2), p * sign(r)};
    case LOSS_QUANTILE:
        return {r < 0 ? -p * r : (1 - p) * r, r < 0 ? -p : r > 0 ? 1 - p : 0};
    case LOSS_LOGISTIC: {
        float e = expf(-fabsf(s));
        return {fmaxf(s, 0) + log1pf(e) - y * s, (s >= 0 ? 1 : e) / (1 + e) - y};
    }
    default: { /* LOSS_HINGE */
        float z = y > 0 ? 1.f : -1.f, short_by = p - z * s;
        return short_by > 0 ? point{short_by, -z} : point{0, 0};
    }
    }
}

/* A row of softmax: the slopes, and the loss. */
__device__ float softmax_row(float *gradient, const float *score, size_t classes, size_t label, float weight)
{
    float top = score[0], sum = 0;
    for (size_t k = 1; k < classes; k++)
        top = fmaxf(top, score[k]);
    for (size_t k = 0; k < classes; k++)
        sum += expf(score[k] - top);
    for (size_t k = 0; k < classes; k++)
        gradient[k] = weight * (expf(score[k] - top) / sum - float(k == label));
    return logf(sum) + top - score[label];
}

__global__ void loss_kernel(int kind, float parameter, size_t classes, float *gradient, const float *score,
                            const float *label, const float *weight, size_t rows, double *sum)
{
    __shared__ double shared[THREADS];
    double own = 0;
    FOR_EACH(i, rows)
    {
        float w = weight ? weight[i] : 1;
        if (kind == LOSS_SOFTMAX) {
            own += double(w) * softmax_row(gradient + i * classes, score + i * classes, classes, size_t(label[i]), w);
        } else {
            point p = point_at(kind, parameter, score[i], label[i]);
            gradient[i] = w * p.slope;
            own += double(w) * p.value;
        }
    }
    shared[threadIdx.x] = own;
    for (unsigned half = blockDim.x / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half)
            shared[threadIdx.x] += shared[threadIdx.x + half];
    }
    if (threadIdx.x == 0)
        atomicAdd(sum, shared[0]);
}

__global__ void spread_kernel(float *score, const float *bias, size_t n, size_t outputs)
{
    FOR_EACH(i, n) score[i] = bias[i % outputs];
}

__global__ void column_sums_kernel(float *out, const float *x, size_t rows, size_t columns, float scale)
{
    FOR_EACH(k, columns)
    {
        float sum = 0;
        for (size_t i = 0; i < rows; i++)
            sum += x[i * columns + k];
        out[k] = scale * sum;
    }
}

__device__ float shrink(float w, float by)
{
    return w > by ? w - by : w < -by ? w + by : 0;
}

struct step {
    int kind;
    float rate, decay, l1, momentum, beta_1, beta_2, correction_1, root_2;
};

__global__ void optimise_kernel(step s, float *w, const float *gradient, float *first, float *second, size_t n)
{
    FOR_EACH(i, n)
    {
        float g = gradient[i] + s.decay * w[i], old = w[i], size = s.rate, moved;
        if (s.kind == OPTIMISER_ADAM) {
            first[i] = s.beta_1 * first[i] + (1 - s.beta_1) * g;
            second[i] = s.beta_2 * second[i] + (1 - s.beta_2) * g * g;
            size = s.rate / (sqrtf(second[i]) * s.root_2 + EPSILON);
            moved = old - size / s.correction_1 * first[i];
        } else if (s.kind == OPTIMISER_RMSPROP) {
            first[i] = RMSPROP_DECAY * first[i] + (1 - RMSPROP_DECAY) * g * g;
            size = s.rate / sqrtf(first[i] + EPSILON);
            moved = old - size * g;
        } else {
            moved = old + (s.momentum * first[i] - s.rate * g);
        }
        w[i] = s.l1 > 0 ? shrink(moved, size * s.l1) : moved;
        if (s.kind == OPTIMISER_SGD)
            first[i] = w[i] - old;
    }
}

} // namespace

void linear_spread(float *score, const float *bias, size_t rows, size_t outputs)
{
    if (!cuda_failed() && rows * outputs > 0)
        spread_kernel<<<blocks_for(rows * outputs), THREADS, 0, cuda_stream()>>>(score, bias, rows * outputs, outputs);
}

void linear_loss(int kind, float parameter, size_t classes, float *gradient, const float *score, const float *label,
                 const float *weight, size_t rows, double *sum)
{
    if (!cuda_failed() && rows > 0)
        loss_kernel<<<blocks_for(rows), THREADS, 0, cuda_stream()>>>(kind, parameter, classes, gradient, score, label,
                                                                     weight, rows, sum);
}

void linear_column_sums(float *out, const float *x, size_t rows, size_t columns, float scale)
{
    if (!cuda_failed() && columns > 0)
        column_sums_kernel<<<blocks_for(columns), THREADS, 0, cuda_stream()>>>(out, x, rows, columns, scale);
}

void linear_optimise(int kind, float *w, const float *gradient, float *first, float *second, size_t n, float rate,
                     float decay, float l1, float momentum, float beta_1, float beta_2, float correction_1,
                     float correction_2)
{
    step s = {kind, rate, decay, l1, momentum, beta_1, beta_2, correction_1, 1 / sqrtf(correction_2)};
    if (!cuda_failed() && n > 0)
        optimise_kernel<<<blocks_for(n), THREADS, 0, cuda_stream()>>>(s, w, gradient, first, second, n);
}
