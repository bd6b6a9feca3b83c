/* Vectors of words, and of labels, learned from lines of text (engine/gpu.h). A warp is a block of its own: it goes
 * through a line as one thread of a processor would, its lanes sharing the vectors. Blocks do not wait for each other:
 * rows go past the caches of one multiprocessor, and of two that write a row at once one is lost. */
#include "kernels.h"

#include <new>
#include <vector>

struct gpu_words {
    gpu_words_task task; /* arrays on the device */
    float *input, *output;
    int32_t *kept; /* tokens that stay this time, where those of their line are */
    float *score;  /* of the classifier: outputs for each block */
    gpu_words_tally *sums; /* of each block */
    std::vector<void *> arrays;
    bool whole;
};

namespace
{

/* As a kernel gets it. */
struct words {
    gpu_words_task task;
    float *input, *output;
    int32_t *kept;
    float *score;
    gpu_words_tally *sums;
    uint64_t stream;
    size_t draws; /* of a token */
    float rate, floor, fall;
};

/* --- vectors over a warp --------------------------------------------------------------------------------------------
 */

/* Lane l holds numbers l, l + LANES, .. of a vector; beyond its width zeros. */
template <int EACH> struct part {
    float at[EACH];
};

template <int EACH> __device__ part<EACH> take(const float *row, size_t width)
{
    part<EACH> p;
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        size_t i = threadIdx.x + size_t(k) * LANES;
        p.at[k] = i < width ? __ldcg(row + i) : 0;
    }
    return p;
}

/* row = now + factor * p, where now is what the row was. */
template <int EACH>
__device__ void give(float *row, size_t width, const part<EACH> &now, const part<EACH> &p, float factor)
{
#pragma unroll
    for (int k = 0; k < EACH; k++) {
        size_t i = threadIdx.x + size_t(k) * LANES;
        if (i < width)
            __stcg(row + i, now.at[k] + factor * p.at[k]);
    }
}

template <int EACH> __device__ void add(part<EACH> &to, const part<EACH> &p, float factor)
{
#pragma unroll
    for (int k = 0; k < EACH; k++)
        to.at[k] += factor * p.at[k];
}

template <int EACH> __device__ void scale(part<EACH> &p, float factor)
{
#pragma unroll
    for (int k = 0; k < EACH; k++)
        p.at[k] *= factor;
}

/* The same in all lanes. */
__device__ float warp_sum(float own)
{
#pragma unroll
    for (int apart = LANES / 2; apart > 0; apart /= 2)
        own += __shfl_xor_sync(0xFFFFFFFFu, own, apart);
    return own;
}

template <int EACH> __device__ float dot(const part<EACH> &a, const part<EACH> &b)
{
    float sum = 0;
#pragma unroll
    for (int k = 0; k < EACH; k++)
        sum += a.at[k] * b.at[k];
    return warp_sum(sum);
}

/* --- draws ----------------------------------------------------------------------------------------------------------
 */

/* 0 .. n - 1, from the upper half. */
__device__ size_t bin(uint64_t bits, size_t n)
{
    return size_t((bits >> 32) * n >> 32);
}

/* Never the word itself. */
__device__ size_t draw_negative(const gpu_words_task &t, uint64_t bits, size_t word)
{
    size_t drawn;
    do {
        size_t i = bin(bits, t.words);
        drawn = uint32_t(bits) <= t.noise[i].keep ? i : size_t(t.noise[i].other);
        bits = formula_word(bits, 0);
    } while (drawn == word);
    return drawn;
}

/* --- vectors of words -----------------------------------------------------------------------------------------------
 */

/* Is output row `at` what stands with h? The row learns at once; `error` collects what h should. */
template <int EACH>
__device__ float learn_pair(const words &w, const part<EACH> &h, part<EACH> &error, size_t at, bool yes, float rate)
{
    float *row = w.output + at * w.task.stride;
    part<EACH> now = take<EACH>(row, w.task.width);
    float score = dot(h, now), slope = ((yes ? 1.f : 0.f) - formula_sigmoid(score)) * rate;
    add(error, now, slope);
    give(row, w.task.width, now, h, slope);
    return formula_unary(UNARY_SOFTPLUS, yes ? -score : score);
}

/* The word that stands there, and `negatives` that are drawn. `first`: the number of the first draw. */
template <int EACH>
__device__ float learn_target(const words &w, const part<EACH> &h, part<EACH> &error, size_t target, uint64_t first,
                              float rate)
{
    float loss = learn_pair(w, h, error, target, true, rate);
    for (size_t k = 0; k < w.task.negatives; k++) {
        size_t other = draw_negative(w.task, formula_word(w.stream, first + k), target);
        loss += learn_pair(w, h, error, other, false, rate);
    }
    return loss;
}

/* The rows that a word is the mean of. */
struct rows_of_word {
    const int32_t *row;
    size_t count;
    int32_t own;
    __device__ size_t at(size_t k) const
    {
        return size_t(row ? row[k] : own);
    }
};

__device__ rows_of_word rows_of(const gpu_words_task &t, int32_t word)
{
    rows_of_word r = {nullptr, 1, word};
    if (t.part_start) {
        r.row = t.part + t.part_start[word];
        r.count = t.part_start[word + 1] - t.part_start[word];
    }
    return r;
}

template <int EACH> __device__ void teach_row(const words &w, size_t at, const part<EACH> &error)
{
    float *row = w.input + at * w.task.stride;
    give(row, w.task.width, take<EACH>(row, w.task.width), error, 1);
}

/* Words from .. to - 1 of those kept, but for the one in the middle, together say that one. `first`: the draw. */
template <int EACH>
__device__ void learn_middle(const words &w, const int32_t *kept, size_t from, size_t to, size_t middle, uint64_t first,
                             float rate, gpu_words_tally *sum)
{
    part<EACH> h = {}, error = {};
    size_t rows = 0;
    for (size_t i = from; i < to; i++) {
        rows_of_word r = rows_of(w.task, kept[i]);
        for (size_t k = 0; i != middle && k < r.count; k++, rows++)
            add(h, take<EACH>(w.input + r.at(k) * w.task.stride, w.task.width), 1);
    }
    if (rows == 0)
        return;
    scale(h, 1 / float(rows));
    sum->loss += double(learn_target(w, h, error, size_t(kept[middle]), first, rate));
    sum->count += 1;
    for (size_t i = from; i < to; i++) {
        rows_of_word r = rows_of(w.task, kept[i]);
        for (size_t k = 0; i != middle && k < r.count; k++)
            teach_row(w, r.at(k), error);
    }
}

/* Each neighbour by itself, or all together. */
template <int EACH>
__device__ void learn_window(const words &w, const int32_t *kept, size_t from, size_t to, size_t middle, uint64_t draw,
                             float rate, gpu_words_tally *sum)
{
    if (w.task.kind == GPU_WORDS_CBOW) {
        learn_middle<EACH>(w, kept, from, to, middle, draw + 2, rate, sum);
        return;
    }
    for (size_t i = from, k = 0; i < to; i++)
        if (i != middle)
            learn_middle<EACH>(w, kept, i, i + 1, middle, draw + 2 + k++ * w.task.negatives, rate, sum);
}

/* Puts the tokens of a line that stay one after another; how many. All lanes count, the first writes. */
__device__ size_t keep_words(const words &w, size_t begin, size_t end)
{
    size_t count = 0;
    for (size_t i = begin; i < end; i++) {
        int32_t word = w.task.token[i];
        if (w.task.keep && uint32_t(formula_word(w.stream, i * w.draws) >> 32) > w.task.keep[word])
            continue;
        if (threadIdx.x == 0)
            w.kept[begin + count] = word;
        count++;
    }
    return count;
}

__device__ float rate_at(const words &w, size_t token)
{
    return fmaxf(w.rate - w.fall * float(double(token) / double(w.task.start[w.task.lines])), w.floor);
}

__device__ void note(const words &w, const gpu_words_tally &own)
{
    gpu_words_tally *sum = &w.sums[blockIdx.x];
    if (threadIdx.x == 0) {
        sum->loss += own.loss;
        sum->count += own.count;
        sum->hits += own.hits;
    }
}

template <int EACH> __global__ void words_kernel(words w, size_t begin, size_t end)
{
    gpu_words_tally sum = {0, 0, 0};
    for (size_t line = begin + blockIdx.x; line < end; line += gridDim.x) {
        size_t start = w.task.start[line], count = keep_words(w, start, w.task.start[line + 1]);
        const int32_t *kept = w.kept + start;
        float rate = rate_at(w, start);
        __syncthreads();
        for (size_t i = 0; i < count; i++) {
            uint64_t draw = (start + i) * w.draws;
            size_t far = 1 + bin(formula_word(w.stream, draw + 1), w.task.window);
            learn_window<EACH>(w, kept, i > far ? i - far : 0, i + far < count ? i + far + 1 : count, i, draw, rate,
                               &sum);
        }
        __syncthreads();
    }
    note(w, sum);
}

/* --- the classifier -------------------------------------------------------------------------------------------------
 */

/* Scores of all labels for h, the likeliest of them, and the logarithm of the sum of their exponentials. */
template <int EACH>
__device__ float score_labels(const words &w, const part<EACH> &h, float *score, size_t *likeliest)
{
    float most = -INFINITY, sum = 0;
    for (size_t k = 0; k < w.task.outputs; k++) {
        float s = dot(h, take<EACH>(w.output + k * w.task.stride, w.task.width));
        if (threadIdx.x == k % LANES)
            score[k] = s;
        if (k == 0 || s > most) {
            most = s;
            *likeliest = k;
        }
    }
    for (size_t k = threadIdx.x; k < w.task.outputs; k += LANES) /* its own */
        sum += expf(score[k] - most);
    return most + logf(warp_sum(sum));
}

/* Some rows say the label. Returns the loss. */
template <int EACH>
__device__ float learn_line(const words &w, const int32_t *row, size_t rows, size_t label, float *score, float rate,
                            size_t *likeliest)
{
    part<EACH> h = {}, error = {};
    float log_sum, loss, share = 1 / float(rows);
    for (size_t i = 0; i < rows; i++)
        add(h, take<EACH>(w.input + size_t(row[i]) * w.task.stride, w.task.width), 1);
    scale(h, share);
    log_sum = score_labels(w, h, score, likeliest);
    __syncthreads();
    loss = log_sum - score[label];
    for (size_t k = 0; k < w.task.outputs; k++) {
        float *at = w.output + k * w.task.stride;
        part<EACH> now = take<EACH>(at, w.task.width);
        float slope = ((k == label ? 1.f : 0.f) - expf(score[k] - log_sum)) * rate;
        add(error, now, slope);
        give(at, w.task.width, now, h, slope);
    }
    scale(error, share);
    for (size_t i = 0; i < rows; i++)
        teach_row(w, size_t(row[i]), error);
    __syncthreads(); /* the scores were read */
    return loss;
}

/* Of several labels one is drawn each time. */
template <int EACH> __global__ void labels_kernel(words w, size_t begin, size_t end)
{
    gpu_words_tally sum = {0, 0, 0};
    for (size_t line = begin + blockIdx.x; line < end; line += gridDim.x) {
        size_t start = w.task.start[line], rows = w.task.start[line + 1] - start, likeliest = 0;
        const int32_t *label = w.task.label + w.task.label_start[line];
        size_t labels = w.task.label_start[line + 1] - w.task.label_start[line];
        bool hit = false;
        if (rows == 0 || labels == 0)
            continue;
        sum.loss += double(learn_line<EACH>(
            w, w.task.token + start, rows, size_t(label[bin(formula_word(w.stream, start * w.draws), labels)]),
            w.score + blockIdx.x * w.task.outputs, rate_at(w, start), &likeliest));
        for (size_t k = 0; k < labels; k++)
            hit = hit || size_t(label[k]) == likeliest;
        sum.count += 1;
        sum.hits += hit ? 1 : 0;
    }
    note(w, sum);
}

/* --- memory ---------------------------------------------------------------------------------------------------------
 */

void *room(gpu_words *w, size_t bytes)
{
    void *array = cuda_alloc(bytes);
    w->whole = w->whole && array;
    if (array)
        w->arrays.push_back(array);
    return array;
}

/* The device's copy of n things; NULL of NULL. */
template <class T> T *copied(gpu_words *w, const T *from, size_t n)
{
    void *to = from ? room(w, n * sizeof(T)) : nullptr;
    if (to)
        cuda_upload(to, from, n * sizeof(T));
    return static_cast<T *>(to);
}

bool copy_task(gpu_words *w, const gpu_words_task &t)
{
    size_t tokens = t.start[t.lines];
    w->task.token = copied(w, t.token, tokens);
    w->task.start = copied(w, t.start, t.lines + 1);
    w->task.part = copied(w, t.part, t.part_start ? t.part_start[t.words] : 0);
    w->task.part_start = copied(w, t.part_start, t.words + 1);
    w->task.keep = copied(w, t.keep, t.words);
    w->task.noise = copied(w, t.noise, t.words);
    w->task.label = copied(w, t.label, t.label_start ? t.label_start[t.lines] : 0);
    w->task.label_start = copied(w, t.label_start, t.lines + 1);
    w->input = copied(w, t.input, t.inputs * t.stride);
    w->output = copied(w, t.output, t.outputs * t.stride);
    w->sums = static_cast<gpu_words_tally *>(room(w, t.blocks * sizeof *w->sums));
    if (t.kind == GPU_WORDS_LABELS)
        w->score = static_cast<float *>(room(w, t.blocks * t.outputs * sizeof(float)));
    else
        w->kept = static_cast<int32_t *>(room(w, tokens * sizeof(int32_t)));
    return w->whole;
}

template <int EACH> void learn(const words &w, size_t begin, size_t end)
{
    size_t blocks = w.task.blocks < end - begin ? w.task.blocks : end - begin;
    if (w.task.kind == GPU_WORDS_LABELS)
        launch_grid(blocks, LANES, labels_kernel<EACH>, w, begin, end);
    else
        launch_grid(blocks, LANES, words_kernel<EACH>, w, begin, end);
}

} // namespace

gpu_words *words_open(const gpu_words_task *task)
{
    gpu_words *w = new (std::nothrow) gpu_words{};
    if (!w)
        return nullptr;
    w->whole = true;
    w->task = *task;
    if (task->width <= size_t(GPU_WORDS_WIDTH / 32 * LANES) && copy_task(w, *task))
        return w;
    words_close(w);
    return nullptr;
}

void words_close(gpu_words *w)
{
    if (!w)
        return;
    for (void *array : w->arrays)
        cuda_release(array);
    delete w;
}

void words_learn(gpu_words *w, size_t epoch, size_t begin, size_t end)
{
    const gpu_words_task &t = w->task;
    float fall = t.rate / float(t.epochs);
    words now = {t, w->input, w->output, w->kept, w->score, w->sums, 0, 0, 0, 0, 0};
    now.stream = random_word(t.seed, epoch);
    now.draws = 2 + (t.kind == GPU_WORDS_CBOW ? 1 : 2 * t.window) * t.negatives;
    now.rate = t.rate - fall * float(epoch);
    now.fall = fall;
    now.floor = 1e-4f * t.rate;
    if (begin >= end)
        return;
    if (t.width <= size_t(LANES))
        learn<1>(now, begin, end);
    else if (t.width <= size_t(4 * LANES))
        learn<4>(now, begin, end);
    else if (t.width <= size_t(10 * LANES))
        learn<10>(now, begin, end);
    else
        learn<32>(now, begin, end);
}

void words_tally(gpu_words *w, gpu_words_tally *sum)
{
    std::vector<gpu_words_tally> sums(w->task.blocks);
    cuda_download(sums.data(), w->sums, sums.size() * sizeof *w->sums);
    *sum = {0, 0, 0};
    for (const gpu_words_tally &own : sums) {
        sum->loss += own.loss;
        sum->count += own.count;
        sum->hits += own.hits;
    }
    cuda_zero(w->sums, sums.size() * sizeof *w->sums);
}

void words_look(gpu_words *w, float *input, float *output)
{
    cuda_download(input, w->input, w->task.inputs * w->task.stride * sizeof(float));
    cuda_download(output, w->output, w->task.outputs * w->task.stride * sizeof(float));
}
