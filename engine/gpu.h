/* The GPU backend: flashlab-cuda.so, loaded at run time from beside the program where it was built (make finds nvcc)
 * and a driver answers. Nothing else knows CUDA; of engine/cuda only formula.h is included from outside, by its test.
 *
 *     const struct gpu *gpu = gpu_open(&err);        NULL: err says why there is none and what to do
 *
 * Arrays live on the device (`alloc`), work is queued on one stream and runs in order; a call that fails makes every
 * later one do nothing until `finish`, which waits for all and says what went wrong. Matrices are dense, row after row.
 */
#ifndef ENGINE_GPU_H
#define ENGINE_GPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/nn/optimiser.h"

#define GPU_VERSION 4 /* of this table: a plugin of another build is refused */
#define GPU_PLUGIN "flashlab-cuda.so"
#define GPU_TEXT 256

/* Scores of a row: those of a model together, one model after the other. */
struct gpu_loss {
    int kind; /* of nn/loss.h */
    float parameter;
    size_t classes, models;
};

/* Rows as lists of cell numbers (bins.h): of `width` numbers each, of which number k lies in place[k] .. place[k + 1] -
 * 1; with width 0 from list[start[row]] to list[start[row + 1]], rising. */
struct gpu_block {
    size_t cell, cells; /* the first among all; how many */
    uint32_t width;
    const uint32_t *place; /* width + 1 */
    const uint32_t *start; /* rows + 1 */
    const uint16_t *list;
};

/* The kinds of columns that bins.h has. */
enum gpu_kind { GPU_PRODUCT, GPU_SHARED, GPU_LISTED };

/* Where to read a row's code of one column. */
struct gpu_column {
    enum gpu_kind kind;
    uint32_t block, end;    /* of LISTED: its blocks are block .. end - 1 */
    uint32_t place, base;   /* of the others: which number of the row, and what it counts from */
    uint32_t stride, codes; /* as in bins.h */
    uint32_t skip;
    size_t cell; /* of LISTED: the column's first among all */
};

/* A text that vectors of words, or of labels, are learned from (engine/algo/blazingtext/words_gpu.h fills it in). Lines
 * are words, or rows of the input table; the k-th token of all has the draws random_word(stream, k * draws + ..). */
enum gpu_words_kind { GPU_WORDS_SKIPGRAM, GPU_WORDS_CBOW, GPU_WORDS_LABELS };

struct gpu_noise { /* a bin that was drawn stands for itself where 32 random bits are at most `keep`, else for another
                    */
    uint32_t keep;
    int32_t other;
};

struct gpu_words_task {
    enum gpu_words_kind kind;
    size_t width, stride, inputs, outputs; /* numbers of a row; how far rows are apart; rows of the two tables */
    const float *input, *output;           /* where they begin */
    const int32_t *token;
    const size_t *start; /* lines + 1 */
    size_t lines, words;
    const int32_t *part;      /* rows that word i is the mean of: part[part_start[i]] .. part[part_start[i + 1] - 1]; */
    const size_t *part_start; /* words + 1; NULL: a word is its own row */
    const uint32_t *keep;     /* words: read where 32 random bits are at most this; NULL: always */
    const struct gpu_noise *noise; /* words */
    const int32_t *label;          /* LABELS: those of line i are label[label_start[i]] .. */
    const size_t *label_start;     /* lines + 1 */
    size_t window, negatives, epochs;
    float rate;    /* falls to nothing over all epochs */
    size_t blocks; /* lines at a time: what they do to one row at once may get lost */
    uint64_t seed;
};
#define GPU_WORDS_WIDTH 1024 /* the widest */

struct gpu_words_tally {
    double loss, count, hits; /* hits of LABELS: the likeliest label was one of the line's */
};

struct backend;
struct gpu_words;
struct gpu_trees; /* binned rows on the device, and the order of those in the tree that grows */

struct gpu {
    int version;
    /* 0 and the device's name, or -1 and why none answers. */
    int (*probe)(char name[GPU_TEXT], char why[GPU_TEXT]);
    int (*finish)(char why[GPU_TEXT]); /* 0, or -1 and what went wrong since the last one */

    void *(*alloc)(size_t bytes); /* zeroed; NULL: no room on the device */
    void (*release)(void *array); /* NULL is fine */
    void (*upload)(void *to, const void *from, size_t bytes);
    void (*download)(void *to, const void *from, size_t bytes); /* waits */

    /* c[m x n] = alpha * op(a) op(b) + beta * c, as tensor/blas.h says. */
    void (*gemm)(float *c, const float *a, const float *b, size_t m, size_t n, size_t k, bool transpose_a,
                 bool transpose_b, float alpha, float beta);
    /* to[i] = from[row[i]], rows of `columns` numbers. */
    void (*pick)(float *to, const float *from, const uint32_t *row, size_t rows, size_t columns);
    /* score[i][k] = bias[k]: what a product is added to. */
    void (*spread)(float *score, const float *bias, size_t rows, size_t outputs);
    /* The slope of each score, and to sums[model] the weighted losses are added. weight NULL: all 1. */
    void (*loss)(const struct gpu_loss *l, float *gradient, const float *score, const float *label, const float *weight,
                 size_t rows, double *sums);
    /* out[k] = scale * sum over rows of x[i][k]. */
    void (*column_sums)(float *out, const float *x, size_t rows, size_t columns, float scale);
    void (*optimise)(const struct optimiser_now *s, float *w, const float *gradient, float *first, float *second,
                     size_t n);

    /* Copies the blocks. `codes`: of the column that has most. NULL: no room. */
    struct gpu_trees *(*trees_open)(const struct gpu_block *blocks, size_t count, size_t rows, size_t codes);
    void (*trees_close)(struct gpu_trees *t);
    /* A new tree of n rows: their numbers, and each one's packed gradient. */
    void (*trees_begin)(struct gpu_trees *t, const uint32_t *row, const uint64_t *packed, size_t n);
    /* The sums of rows begin .. end - 1 of the tree's order, in all cells of all blocks. Waits. */
    void (*trees_cells)(struct gpu_trees *t, size_t begin, size_t end, uint64_t *cells);
    /* Of these rows, puts first those with go[code]; how many. Waits. */
    size_t (*trees_split)(struct gpu_trees *t, size_t begin, size_t end, const struct gpu_column *c, const uint8_t *go);
    void (*trees_rows)(struct gpu_trees *t, uint32_t *row); /* the order now. Waits. */

    struct gpu_words *(*words_open)(const struct gpu_words_task *task); /* copies. NULL: no room */
    void (*words_close)(struct gpu_words *w);
    void (*words_learn)(struct gpu_words *w, size_t epoch, size_t begin, size_t end); /* from lines begin .. end - 1 */
    void (*words_tally)(struct gpu_words *w, struct gpu_words_tally *sum);            /* since the last time. Waits */
    void (*words_look)(struct gpu_words *w, float *input, float *output);             /* the tables now. Waits */

    const struct backend *tensor; /* the operations of networks (tensor/backend.h) on this device */
};

/* The plugin's one symbol. */
const struct gpu *flashlab_gpu(void);

const struct gpu *gpu_open(struct error *err);
const char *gpu_name(void); /* of the device that gpu_open found */

/* Waits for all that was queued; -1 and a sentence when something of it failed. */
int gpu_finish(const struct gpu *gpu, struct error *err);

#endif
