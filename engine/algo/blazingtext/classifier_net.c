#include "engine/algo/blazingtext/classifier_net.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "engine/base/rng.h"
#include "engine/tensor/exp.h"

#define ALWAYS inline __attribute__((always_inline))

enum { LINE = 64, FLOATS = 8, BLOCK = 8, HUGE_PAGE = 2 << 20 };

/* Eight numbers at any address. */
typedef float eight __attribute__((vector_size(32), aligned(4), may_alias));

/* --- memory ---------------------------------------------------------------------------------------------------------
 */

/* Up to a cache line a row lies in as few lines as it can; long rows only keep whole vectors of four numbers. */
static size_t stride_of(size_t width)
{
    size_t power = FLOATS;
    if (width > 4 * FLOATS)
        return (width + 3) / 4 * 4;
    while (power < width)
        power *= 2;
    return power;
}

/* Rows of large tables are read in no order: large pages spare most of the look-ups of addresses. */
static float *open_rows(size_t count, size_t stride)
{
    size_t bytes, align;
    void *rows;
    if (__builtin_mul_overflow(count, stride * sizeof(float), &bytes) || bytes > SIZE_MAX / 2)
        return NULL;
    align = bytes >= 2 * (size_t)HUGE_PAGE ? HUGE_PAGE : LINE;
    bytes = (bytes + align - 1) / align * align;
    rows = aligned_alloc(align, bytes ? bytes : align);
    if (rows && align == HUGE_PAGE)
        madvise(rows, bytes, MADV_HUGEPAGE); /* without, it is only slower */
    return rows;
}

/* Bits that look random, of a number: three rounds of shifts and products. */
static inline uint32_t mix(uint32_t x)
{
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return x ^ (x >> 16);
}

VECTORISED static void draw_row(float *row, size_t width, uint32_t key, float range)
{
    const float unit = range / 8388608.0f; /* 2^23 */
    for (size_t k = 0; k < width; k++) {
        int32_t whole = (int32_t)(mix(key + (uint32_t)k * 0x9e3779b9u) >> 8) - 8388608;
        row[k] = (float)whole * unit;
    }
}

static void draw(struct classifier_net *n, uint64_t seed)
{
    struct rng rng;
    rng_init(&rng, seed, 1);
    for (size_t i = 0; i < n->inputs; i++) {
        float *row = n->input + i * n->stride;
        draw_row(row, n->width, (uint32_t)(rng_next(&rng) >> 32), 1.0f / (float)n->width);
        memset(row + n->width, 0, (n->stride - n->width) * sizeof *row);
    }
    memset(n->output, 0, n->labels * n->stride * sizeof *n->output);
}

int classifier_net_open(struct classifier_net *n, size_t width, size_t inputs, size_t labels, uint64_t seed,
                        struct error *err)
{
    *n = (struct classifier_net){.width = width, .stride = stride_of(width), .inputs = inputs, .labels = labels};
    n->input = open_rows(inputs, n->stride);
    n->output = open_rows(labels, n->stride);
    if (!n->input || !n->output) {
        classifier_net_close(n);
        return error_set(err, ERROR_SYSTEM, NULL, "give a smaller vector_dim, fewer buckets or a larger min_count",
                         "There is no memory for vectors of %zu numbers for %zu words and n-grams and %zu labels",
                         width, inputs, labels);
    }
    draw(n, seed);
    return 0;
}

void classifier_net_close(struct classifier_net *n)
{
    free(n->input);
    free(n->output);
    n->input = n->output = NULL;
}

float *classifier_net_pack(struct classifier_net *n)
{
    float *input = n->input;
    for (size_t i = 1; n->stride > n->width && i < n->inputs; i++)
        memmove(input + i * n->width, input + i * n->stride, n->width * sizeof *input);
    n->input = NULL;
    return input;
}

int classifier_room_open(struct classifier_room *r, const struct classifier_net *n)
{
    *r = (struct classifier_room){open_rows(1, n->stride), open_rows(1, n->stride), open_rows(n->labels, 1)};
    if (r->hidden && r->slope && r->probability)
        return 0;
    classifier_room_close(r);
    return -1;
}

void classifier_room_close(struct classifier_room *r)
{
    free(r->hidden);
    free(r->slope);
    free(r->probability);
    *r = (struct classifier_room){0};
}

/* --- rows -----------------------------------------------------------------------------------------------------------
 * Both loops go over rows for a block of columns that stays in registers; `vectors` is a constant where they are used.
 */

static ALWAYS float *row_of(const struct classifier_net *n, int32_t row)
{
    float *from = (size_t)row < n->own ? n->own_input : n->input;
    return from + (size_t)row * n->stride;
}

static ALWAYS void mean_block(const struct classifier_net *n, size_t column, const int32_t *row, size_t rows,
                              float *mean, size_t vectors)
{
    const float share = 1.0f / (float)rows;
    const struct classifier_net net = *n;
    eight sum[BLOCK] = {{0}};
    for (size_t i = 0; i < rows; i++) {
        const eight *at = (const eight *)(row_of(&net, row[i]) + column);
        for (size_t v = 0; v < vectors; v++)
            sum[v] += at[v];
    }
    for (size_t v = 0; v < vectors; v++)
        ((eight *)(mean + column))[v] = sum[v] * share;
}

static ALWAYS void move_block(const struct classifier_net *n, size_t column, const int32_t *row, size_t rows,
                              const float *slope, size_t vectors)
{
    const struct classifier_net net = *n;
    eight step[BLOCK];
    for (size_t v = 0; v < vectors; v++)
        step[v] = ((const eight *)(slope + column))[v];
    for (size_t i = 0; i < rows; i++) {
        eight *at = (eight *)(row_of(&net, row[i]) + column);
        for (size_t v = 0; v < vectors; v++)
            at[v] += step[v];
    }
}

static ALWAYS void mean_rows(const struct classifier_net *n, const int32_t *row, size_t rows, float *mean)
{
    const float share = 1.0f / (float)rows;
    size_t k = 0;
    if (n->stride == 2 * FLOATS) {
        mean_block(n, 0, row, rows, mean, 2);
        return;
    }
    for (; k + BLOCK * FLOATS <= n->stride; k += BLOCK * FLOATS)
        mean_block(n, k, row, rows, mean, BLOCK);
    for (; k + 4 * FLOATS <= n->stride; k += 4 * FLOATS)
        mean_block(n, k, row, rows, mean, 4);
    for (; k + FLOATS <= n->stride; k += FLOATS)
        mean_block(n, k, row, rows, mean, 1);
    for (; k < n->stride; k++) { /* the last columns, fewer than a vector */
        float sum = 0;
        for (size_t i = 0; i < rows; i++)
            sum += row_of(n, row[i])[k];
        mean[k] = sum * share;
    }
}

VECTORISED void classifier_net_move(const struct classifier_net *n, const int32_t *row, size_t rows, const float *slope)
{
    size_t k = 0;
    if (n->stride == 2 * FLOATS) {
        move_block(n, 0, row, rows, slope, 2);
        return;
    }
    for (; k + BLOCK * FLOATS <= n->stride; k += BLOCK * FLOATS)
        move_block(n, k, row, rows, slope, BLOCK);
    for (; k + 4 * FLOATS <= n->stride; k += 4 * FLOATS)
        move_block(n, k, row, rows, slope, 4);
    for (; k + FLOATS <= n->stride; k += FLOATS)
        move_block(n, k, row, rows, slope, 1);
    for (size_t i = 0; k < n->stride && i < rows; i++)
        for (size_t c = k; c < n->stride; c++)
            row_of(n, row[i])[c] += slope[c];
}

void classifier_net_fetch(const struct classifier_net *n, const int32_t *row, size_t rows)
{
    const size_t stride = n->stride * sizeof(float);
    for (size_t i = 0; i < rows; i++) {
        const char *at = (const char *)row_of(n, row[i]);
        for (size_t k = 0; k < stride; k += LINE)
            __builtin_prefetch(at + k, 1);
    }
}

/* --- labels ---------------------------------------------------------------------------------------------------------
 */

static ALWAYS float dot(const float *a, const float *b, size_t n)
{
    eight sum = {0};
    float rest = 0;
    size_t k = 0;
    for (; k + FLOATS <= n; k += FLOATS)
        sum += *(const eight *)(a + k) * *(const eight *)(b + k);
    for (; k < n; k++)
        rest += a[k] * b[k];
    return ((sum[0] + sum[4]) + (sum[1] + sum[5])) + ((sum[2] + sum[6]) + (sum[3] + sum[7])) + rest;
}

/* Scores to probabilities; the likeliest. A score that is no number makes all probabilities none. */
static ALWAYS size_t softmax(float *p, size_t n)
{
    size_t best = 0;
    float sum = 0;
    for (size_t i = 1; i < n; i++)
        best = p[i] > p[best] ? i : best;
    float top = p[best], share;
    for (size_t i = 0; i < n; i++)
        p[i] = exp_float(p[i] - top);
    for (size_t i = 0; i < n; i++)
        sum += p[i];
    share = 1 / sum;
    for (size_t i = 0; i < n; i++)
        p[i] *= share;
    return best;
}

static ALWAYS size_t ask(const struct classifier_net *n, const int32_t *row, size_t rows, struct classifier_room *r)
{
    if (rows)
        mean_rows(n, row, rows, r->hidden);
    else
        memset(r->hidden, 0, n->stride * sizeof *r->hidden);
    for (size_t i = 0; i < n->labels; i++)
        r->probability[i] = dot(n->output + i * n->stride, r->hidden, n->stride);
    return softmax(r->probability, n->labels);
}

VECTORISED size_t classifier_net_ask(const struct classifier_net *n, const int32_t *row, size_t rows,
                                     struct classifier_room *r)
{
    return ask(n, row, rows, r);
}

/* No probability is too small for a logarithm. */
float classifier_loss(float p)
{
    return p < 1e-37f ? 85.2f : -log_float(p) + (p - p);
}

VECTORISED float classifier_net_step(const struct classifier_net *n, const int32_t *row, size_t rows, size_t label,
                                     float rate, struct classifier_room *r, size_t *guess)
{
    const size_t stride = n->stride;
    const float share = 1.0f / (float)rows;
    float *restrict hidden = r->hidden, *restrict slope = r->slope;
    *guess = ask(n, row, rows, r);
    memset(slope, 0, stride * sizeof *slope);
    for (size_t i = 0; i < n->labels; i++) {
        float *restrict output = n->output + i * stride;
        const float step = rate * ((i == label ? 1.0f : 0.0f) - r->probability[i]);
        for (size_t k = 0; k < stride; k++) {
            slope[k] += step * output[k];
            output[k] += step * hidden[k];
        }
    }
    for (size_t k = 0; k < stride; k++)
        slope[k] *= share;
    return classifier_loss(r->probability[label]);
}
