/* The GPU backend: flashlab-cuda.so, loaded at run time from beside the program where it was built (make finds nvcc)
 * and a driver answers. Nothing else knows CUDA; nothing in engine/cuda is included from outside.
 *
 *     const struct gpu *gpu = gpu_open(&err);        NULL: err says why there is none and what to do
 *
 * Arrays live on the device (`gpu_alloc`), work is queued on one stream and runs in order; a call that fails makes
 * every later one fail until `finish`, which waits for all and says what went wrong. Matrices are dense, row after row.
 */
#ifndef ENGINE_GPU_H
#define ENGINE_GPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

#define GPU_VERSION 1 /* of this table: a plugin of another build is refused */
#define GPU_PLUGIN "flashlab-cuda.so"
#define GPU_TEXT 256

struct gpu_trees; /* binned rows on the device, and which node each is in */

struct gpu {
    int version;
    /* 0 and the device's name, or -1 and why none answers. */
    int (*probe)(char name[GPU_TEXT], char why[GPU_TEXT]);
    int (*finish)(char why[GPU_TEXT]); /* 0, or -1 and what went wrong since the last one */

    void *(*alloc)(size_t bytes); /* zeroed; NULL: no room on the device */
    void (*release)(void *array); /* NULL is fine */
    void (*upload)(void *to, const void *from, size_t bytes);
    void (*download)(void *to, const void *from, size_t bytes); /* waits */

    /* c[m x n] = alpha * op(a) op(b) + beta * c, as backend.h says. */
    void (*gemm)(float *c, const float *a, const float *b, size_t m, size_t n, size_t k, bool transpose_a,
                 bool transpose_b, float alpha, float beta);
    /* score[i][k] = bias[k]: what a product is added to. */
    void (*spread)(float *score, const float *bias, size_t rows, size_t outputs);
    /* nn/loss.h on the device: slope of each score, and *sum += the weighted losses. weight NULL: all 1. */
    void (*loss)(int kind, float parameter, size_t classes, float *gradient, const float *score, const float *label,
                 const float *weight, size_t rows, double *sum);
    /* out[k] = scale * sum over rows of x[i][k]. */
    void (*column_sums)(float *out, const float *x, size_t rows, size_t columns, float scale);
    /* nn/optimiser.h on the device; correction_1 and _2 are 1 - beta^t (adam). first, second: n each. */
    void (*optimise)(int kind, float *w, const float *gradient, float *first, float *second, size_t n, float rate,
                     float decay, float l1, float momentum, float beta_1, float beta_2, float correction_1,
                     float correction_2);

    /* Trees: cells[rows x bundles] bytes; cell c of bundle b adds to histogram cell offset[b] + c, of `size`. */
    struct gpu_trees *(*trees_open)(const uint8_t *cells, size_t rows, size_t bundles, const uint32_t *offset,
                                    size_t size);
    void (*trees_close)(struct gpu_trees *t);
    /* A new tree: every row is in node 0 and brings its packed gradient; 0 for a row that is not sampled. */
    void (*trees_begin)(struct gpu_trees *t, const uint64_t *packed);
    void (*trees_histogram)(struct gpu_trees *t, int node, uint64_t *out); /* waits; all `size` cells */
    /* Rows of `node` whose cell of `bundle` has goes_left[cell] go to node `left`, the others to `right`. Waits. */
    size_t (*trees_split)(struct gpu_trees *t, int node, size_t bundle, const uint8_t goes_left[256], int left,
                          int right);
    void (*trees_nodes)(struct gpu_trees *t, int32_t *node_of_row); /* waits */
};

/* The plugin's one symbol. */
const struct gpu *flashlab_gpu(void);

const struct gpu *gpu_open(struct error *err);
const char *gpu_name(void); /* of the device that gpu_open found */

/* Waits for all that was queued; -1 and a sentence when something of it failed. */
int gpu_finish(const struct gpu *gpu, struct error *err);

#endif
