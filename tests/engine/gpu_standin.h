/* A processor that plays the GPU of engine/gpu.h, for tests of what uses one: its arrays are copies, as a device's are,
 * each kernel is a loop over the formula that the real kernel has (engine/cuda/formula.h), and it fails when told. */
#ifndef TESTS_GPU_STANDIN_H
#define TESTS_GPU_STANDIN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/cuda/formula.h"

static struct {
    long calls, fail_at; /* fail_at: which call fails, from 1; 0: none */
    long downloads, arrays;
    bool failed;
} standin;

static bool standin_works(void)
{
    if (++standin.calls == standin.fail_at)
        standin.failed = true;
    return !standin.failed;
}

static int standin_probe(char name[GPU_TEXT], char why[GPU_TEXT])
{
    why[0] = '\0';
    snprintf(name, GPU_TEXT, "stand-in");
    return 0;
}

static int standin_finish(char why[GPU_TEXT])
{
    bool failed = standin.failed;
    standin.failed = false;
    snprintf(why, GPU_TEXT, "%s", failed ? "it was told to" : "");
    return failed ? -1 : 0;
}

static void *standin_alloc(size_t bytes)
{
    void *array = standin_works() ? calloc(1, bytes ? bytes : 1) : NULL;
    standin.failed = false; /* the caller says it */
    standin.arrays += array != NULL;
    return array;
}

static void standin_release(void *array)
{
    standin.arrays -= array != NULL;
    free(array);
}

static void standin_upload(void *to, const void *from, size_t bytes)
{
    if (standin_works())
        memcpy(to, from, bytes);
}

static void standin_download(void *to, const void *from, size_t bytes)
{
    standin.downloads++;
    if (standin_works())
        memcpy(to, from, bytes);
}

static void standin_gemm(float *c, const float *a, const float *b, size_t m, size_t n, size_t k, bool transpose_a,
                         bool transpose_b, float alpha, float beta)
{
    if (!standin_works())
        return;
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0;
            for (size_t l = 0; l < k; l++)
                sum += (double)a[transpose_a ? l * m + i : i * k + l] * (double)b[transpose_b ? j * k + l : l * n + j];
            c[i * n + j] = (float)((double)alpha * sum + (beta != 0 ? (double)(beta * c[i * n + j]) : 0));
        }
}

static void standin_pick(float *to, const float *from, const uint32_t *row, size_t rows, size_t columns)
{
    for (size_t i = 0, works = standin_works(); works && i < rows; i++)
        memcpy(to + i * columns, from + row[i] * columns, columns * sizeof *to);
}

static void standin_spread(float *score, const float *bias, size_t rows, size_t outputs)
{
    for (size_t i = 0, works = standin_works(); works && i < rows * outputs; i++)
        score[i] = bias[i % outputs];
}

static void standin_loss(const struct gpu_loss *l, float *gradient, const float *score, const float *label,
                         const float *weight, size_t rows, double *sums)
{
    for (size_t at = 0, works = standin_works(); works && at < rows * l->models; at++) {
        size_t i = at / l->models;
        sums[at % l->models] +=
            formula_row(l, gradient + at * l->classes, score + at * l->classes, label[i], weight ? weight[i] : 1.f);
    }
}

static void standin_column_sums(float *out, const float *x, size_t rows, size_t columns, float scale)
{
    for (size_t k = 0, works = standin_works(); works && k < columns; k++) {
        double sum = 0;
        for (size_t i = 0; i < rows; i++)
            sum += (double)x[i * columns + k];
        out[k] = (float)((double)scale * sum);
    }
}

static void standin_optimise(const struct optimiser_now *s, float *w, const float *gradient, float *first,
                             float *second, size_t n)
{
    for (size_t i = 0, works = standin_works(); works && i < n; i++)
        formula_step(s, &w[i], gradient[i], &first[i], second ? &second[i] : NULL);
}

/* --- trees ----------------------------------------------------------------------------------------------------------
 */

struct gpu_trees {
    size_t rows, count, cells;
    struct gpu_block *block;
    uint64_t *packed; /* by row */
    uint32_t *order, *other;
};

static void *standin_copy(const void *from, size_t bytes)
{
    void *to = standin_alloc(bytes);
    if (to)
        memcpy(to, from, bytes);
    return to;
}

static void standin_trees_close(struct gpu_trees *t)
{
    for (size_t k = 0; t && k < t->count; k++) {
        standin_release((void *)t->block[k].start);
        standin_release((void *)t->block[k].list);
        standin_release((void *)t->block[k].place);
    }
    if (!t)
        return;
    standin_release(t->block);
    standin_release(t->packed);
    standin_release(t->order);
    standin_release(t->other);
    free(t);
}

static struct gpu_trees *standin_trees_open(const struct gpu_block *blocks, size_t count, size_t rows, size_t codes)
{
    struct gpu_trees *t = calloc(1, sizeof *t);
    bool whole = t != NULL && codes > 0;
    if (!t)
        return NULL;
    t->rows = rows;
    t->block = standin_alloc((count + 1) * sizeof *t->block);
    t->packed = standin_alloc(rows * sizeof *t->packed);
    t->order = standin_alloc(rows * sizeof *t->order);
    t->other = standin_alloc(rows * sizeof *t->other);
    whole = whole && t->block && t->packed && t->order && t->other;
    for (size_t k = 0; whole && k < count; k++) {
        const struct gpu_block *b = &blocks[k];
        size_t entries = b->width ? rows * b->width : b->start[rows];
        t->block[k] = *b;
        t->block[k].list = standin_copy(b->list, entries * sizeof *b->list);
        t->block[k].start = b->width ? NULL : standin_copy(b->start, (rows + 1) * sizeof *b->start);
        t->block[k].place = standin_copy(b->place, b->width ? (b->width + 1) * sizeof *b->place : 0);
        t->count = k + 1;
        t->cells += b->cells;
        whole = t->block[k].list && t->block[k].place && (b->width || t->block[k].start);
    }
    if (whole)
        return t;
    standin_trees_close(t);
    return NULL;
}

static void standin_trees_begin(struct gpu_trees *t, const uint32_t *row, const uint64_t *packed, size_t n)
{
    for (size_t i = 0, works = standin_works(); works && i < n; i++) {
        t->order[i] = row[i];
        t->packed[row[i]] = packed[i];
    }
}

/* Block by block and number by number, as trees.cu goes: a number outside its place is a fault. */
static void standin_trees_cells(struct gpu_trees *t, size_t begin, size_t end, uint64_t *cells)
{
    standin.downloads++;
    if (!standin_works())
        return;
    memset(cells, 0, t->cells * sizeof *cells);
    for (size_t k = 0; k < t->count; k++) {
        const struct gpu_block *b = &t->block[k];
        for (size_t i = begin; i < end; i++) {
            uint32_t row = t->order[i];
            size_t first = b->width ? (size_t)row * b->width : b->start[row];
            size_t last = b->width ? first + b->width : b->start[row + 1];
            for (size_t e = first; e < last; e++) {
                if (b->width ? b->list[e] < b->place[e - first] || b->list[e] >= b->place[e - first + 1]
                             : b->list[e] >= b->cells)
                    abort();
                cells[b->cell + b->list[e]] += t->packed[row];
            }
        }
    }
}

static size_t standin_trees_split(struct gpu_trees *t, size_t begin, size_t end, const struct gpu_column *c,
                                  const uint8_t *go)
{
    size_t left = begin, right = end;
    if (!standin_works())
        return 0;
    for (size_t i = begin; i < end; i++)
        if (go[formula_code_of(c, t->block, t->order[i])])
            t->other[left++] = t->order[i];
        else
            t->other[--right] = t->order[i];
    memcpy(t->order + begin, t->other + begin, (end - begin) * sizeof *t->order);
    return left - begin;
}

static void standin_trees_rows(struct gpu_trees *t, uint32_t *row)
{
    if (standin_works())
        memcpy(row, t->order, t->rows * sizeof *row);
}

static const struct gpu standin_gpu = {.version = GPU_VERSION,
                                       .probe = standin_probe,
                                       .finish = standin_finish,
                                       .alloc = standin_alloc,
                                       .release = standin_release,
                                       .upload = standin_upload,
                                       .download = standin_download,
                                       .gemm = standin_gemm,
                                       .pick = standin_pick,
                                       .spread = standin_spread,
                                       .loss = standin_loss,
                                       .column_sums = standin_column_sums,
                                       .optimise = standin_optimise,
                                       .trees_open = standin_trees_open,
                                       .trees_close = standin_trees_close,
                                       .trees_begin = standin_trees_begin,
                                       .trees_cells = standin_trees_cells,
                                       .trees_split = standin_trees_split,
                                       .trees_rows = standin_trees_rows};

#endif
