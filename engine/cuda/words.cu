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
    double *sums;  /* for each block: losses, and how many */
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
    double *sums;
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

__device__ size_t draw_negative(const gpu_words_task &t, uint64_t bits)
{
    size_t i = bin(bits, t.outputs);
    return float(bits & 0xFFFFFFu) * 0x1p-24f < t.below[i] ? i : t.other[i];
}

/* --- vectors of words -----------------------------------------------------------------------------------------------
 */

/* What is learned in a warp, the same in all lanes. */
struct learned {
    double loss, count;
};

/* Is output row `at` what stands with h? The row learns at once; `error` collects what h should. */
template <int EACH>
__device__ float learn_pair(const words &w, const part<EACH> &h, part<EACH> &error, size_t at, bool yes, float rate)
{
    float *row = w.output + at * w.task.width;
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
        size_t other = draw_negative(w.task, formula_word(w.stream, first + k));
        if (other != target)
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

template <int EACH> __device__ void add_word(const words &w, part<EACH> &h, int32_t word, size_t *rows)
{
    rows_of_word r = rows_of(w.task, word);
    for (size_t k = 0; k < r.count; k++)
        add(h, take<EACH>(w.input + r.at(k) * w.task.width, w.task.width), 1);
    *rows += r.count;
}

template <int EACH> __device__ void teach_row(const words &w, size_t at, const part<EACH> &error)
{
    float *row = w.input + at * w.task.width;
    give(row, w.task.width, take<EACH>(row, w.task.width), error, 1);
}

template <int EACH> __device__ void teach_word(const words &w, int32_t word, const part<EACH> &error)
{
    rows_of_word r = rows_of(w.task, word);
    for (size_t k = 0; k < r.count; k++)
        teach_row(w, r.at(k), error);
}

/* Words from .. to - 1 of a line, and one of them in the middle. */
struct reach {
    const int32_t *kept;
    size_t from, to, middle;
    uint64_t draw; /* the number of the middle's first draw */
};

/* The middle says what stands around it. Its vector moves after each, its rows at the end. */
template <int EACH> __device__ void learn_skipgram(const words &w, const reach &r, float rate, learned *l)
{
    part<EACH> h = {}, all = {};
    size_t rows = 0;
    add_word(w, h, r.kept[r.middle], &rows);
    scale(h, 1 / float(rows));
    for (size_t i = r.from, k = 0; i < r.to; i++) {
        part<EACH> error = {};
        if (i == r.middle)
            continue;
        l->loss += double(learn_target(w, h, error, size_t(r.kept[i]), r.draw + 2 + k++ * w.task.negatives, rate));
        l->count += 1;
        add(h, error, 1);
        add(all, error, 1);
    }
    teach_word(w, r.kept[r.middle], all);
}

/* What stands around says the middle. */
template <int EACH> __device__ void learn_cbow(const words &w, const reach &r, float rate, learned *l)
{
    part<EACH> h = {}, error = {};
    size_t rows = 0;
    for (size_t i = r.from; i < r.to; i++)
        if (i != r.middle)
            add_word(w, h, r.kept[i], &rows);
    if (rows == 0)
        return;
    scale(h, 1 / float(rows));
    l->loss += double(learn_target(w, h, error, size_t(r.kept[r.middle]), r.draw + 2, rate));
    l->count += 1;
    for (size_t i = r.from; i < r.to; i++)
        if (i != r.middle)
            teach_word(w, r.kept[i], error);
}

/* Puts the tokens of a line that stay one after another; how many. All lanes count, the first writes. */
__device__ size_t keep_words(const words &w, size_t begin, size_t end)
{
    size_t count = 0;
    for (size_t i = begin; i < end; i++) {
        int32_t word = w.task.token[i];
        if (w.task.keep && formula_random(w.stream, i * w.draws) >= w.task.keep[word])
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

__device__ void note(const words &w, const learned &l)
{
    if (threadIdx.x == 0) {
        w.sums[2 * blockIdx.x] += l.loss;
        w.sums[2 * blockIdx.x + 1] += l.count;
    }
}

template <int EACH> __global__ void words_kernel(words w, size_t begin, size_t end)
{
    learned l = {0, 0};
    for (size_t line = begin + blockIdx.x; line < end; line += gridDim.x) {
        size_t start = w.task.start[line], count;
        float rate = rate_at(w, start);
        count = keep_words(w, start, w.task.start[line + 1]);
        __syncthreads();
        for (size_t i = 0; i < count; i++) {
            uint64_t draw = (start + i) * w.draws;
            size_t far = 1 + bin(formula_word(w.stream, draw + 1), w.task.window);
            reach r = {w.kept + start, i > far ? i - far : 0, i + far < count ? i + far + 1 : count, i, draw};
            if (w.task.kind == GPU_WORDS_CBOW)
                learn_cbow<EACH>(w, r, rate, &l);
            else
                learn_skipgram<EACH>(w, r, rate, &l);
        }
        __syncthreads();
    }
    note(w, l);
}

/* --- the classifier -------------------------------------------------------------------------------------------------
 */

/* Scores of all labels for h, and the logarithm of the sum of their exponentials. */
template <int EACH> __device__ float score_labels(const words &w, const part<EACH> &h, float *score)
{
    float most = -INFINITY, sum = 0;
    for (size_t k = 0; k < w.task.outputs; k++) {
        float s = dot(h, take<EACH>(w.output + k * w.task.width, w.task.width));
        if (threadIdx.x == k % LANES)
            score[k] = s;
        most = fmaxf(most, s);
    }
    for (size_t k = threadIdx.x; k < w.task.outputs; k += LANES) /* its own */
        sum += expf(score[k] - most);
    return most + logf(warp_sum(sum));
}

template <int EACH>
__device__ void learn_line(const words &w, size_t begin, size_t end, size_t label, float *score, float rate, learned *l)
{
    part<EACH> h = {}, error = {};
    float log_sum, share = 1 / float(end - begin);
    for (size_t i = begin; i < end; i++)
        add(h, take<EACH>(w.input + size_t(w.task.token[i]) * w.task.width, w.task.width), 1);
    scale(h, share);
    log_sum = score_labels(w, h, score);
    __syncthreads();
    for (size_t k = 0; k < w.task.outputs; k++) {
        float *row = w.output + k * w.task.width;
        part<EACH> now = take<EACH>(row, w.task.width);
        float slope = ((k == label ? 1.f : 0.f) - expf(score[k] - log_sum)) * rate;
        add(error, now, slope);
        give(row, w.task.width, now, h, slope);
    }
    l->loss += double(log_sum - score[label]);
    l->count += 1;
    scale(error, share);
    for (size_t i = begin; i < end; i++)
        teach_row(w, size_t(w.task.token[i]), error);
    __syncthreads(); /* the scores were read */
}

/* Of several labels one is drawn each time. */
template <int EACH> __global__ void labels_kernel(words w, size_t begin, size_t end)
{
    learned l = {0, 0};
    for (size_t line = begin + blockIdx.x; line < end; line += gridDim.x) {
        size_t start = w.task.start[line], last = w.task.start[line + 1], first = w.task.label_start[line];
        size_t labels = w.task.label_start[line + 1] - first;
        if (start == last || labels == 0)
            continue;
        first += bin(formula_word(w.stream, start * w.draws), labels);
        learn_line<EACH>(w, start, last, size_t(w.task.label[first]), w.score + blockIdx.x * w.task.outputs,
                         rate_at(w, start), &l);
    }
    note(w, l);
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
    w->task.other = copied(w, t.other, t.outputs);
    w->task.below = copied(w, t.below, t.outputs);
    w->task.label = copied(w, t.label, t.label_start ? t.label_start[t.lines] : 0);
    w->task.label_start = copied(w, t.label_start, t.lines + 1);
    w->input = copied(w, t.input, t.inputs * t.width);
    w->output = copied(w, t.output, t.outputs * t.width);
    w->sums = static_cast<double *>(room(w, 2 * t.blocks * sizeof(double)));
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

void words_look(gpu_words *w, float *input, float *output, double *loss, double *count)
{
    const gpu_words_task &t = w->task;
    std::vector<double> sums(2 * t.blocks);
    cuda_download(input, w->input, t.inputs * t.width * sizeof(float));
    cuda_download(output, w->output, t.outputs * t.width * sizeof(float));
    cuda_download(sums.data(), w->sums, sums.size() * sizeof(double));
    *loss = *count = 0;
    for (size_t i = 0; i < t.blocks; i++) {
        *loss += sums[2 * i];
        *count += sums[2 * i + 1];
    }
    cuda_zero(w->sums, sums.size() * sizeof(double));
}
