/* BlazingText's learning on a GPU (engine/gpu.h): skip-gram, CBOW and the classifier. A warp takes a line at a time and
 * many lines go at once, without locks and without atomic additions, as Gupta and Khare 2017 do; so two runs differ in
 * the last digits. How many lines go at once depends on the number of rows that they could meet in.
 *
 *     struct words_gpu *w = words_gpu_open(gpu, &data, &err);
 *     each epoch: words_gpu_learn(w, epoch, begin, end) over the lines, now and then words_gpu_read(w, ...)
 *     words_gpu_close(w);
 *
 * Learning is queued; the host's matrices are those of the last read. */
#ifndef BLAZINGTEXT_WORDS_GPU_H
#define BLAZINGTEXT_WORDS_GPU_H

#include "engine/algo/blazingtext/word_model.h"
#include "engine/gpu.h"

struct words_gpu;

struct words_gpu_data {
    enum gpu_words_kind kind;
    struct word_model *model; /* vectors, width, window, negatives, sampling, rate and epochs; with max_char subwords */
    float *output;            /* outputs x width, beside model->vectors */
    size_t outputs;           /* words, or labels of a classifier */
    const int32_t *token;     /* of line i: token[start[i]] .. : word ids; of a classifier rows of the vectors, */
    const size_t *start;      /* n-grams too; lines + 1 */
    size_t lines;
    const int32_t *label; /* a classifier's: those of line i are label[label_start[i]] .., counted from 0 */
    const size_t *label_start;
    uint64_t seed;
};

/* Why a GPU does not take this training, before its data are looked at; 0 when it does: algorithm.h's check_gpu. */
int words_gpu_check(const struct training *t, struct error *err);

/* Copies what it needs; the model and the output must live as long. */
struct words_gpu *words_gpu_open(const struct gpu *gpu, const struct words_gpu_data *data, struct error *err);
void words_gpu_close(struct words_gpu *w);

size_t words_gpu_lines(const struct words_gpu *w); /* of an epoch: long lines are cut for the vectors of words */
uint64_t words_gpu_tokens(const struct words_gpu *w, size_t begin, size_t end); /* in these lines */

/* Queues learning from lines begin .. end - 1. */
void words_gpu_learn(struct words_gpu *w, int epoch, size_t begin, size_t end);

/* Brings both matrices, and of what was learned since the last read the mean loss; NaN: nothing was learned. */
int words_gpu_read(struct words_gpu *w, double *loss, struct error *err);

#endif
