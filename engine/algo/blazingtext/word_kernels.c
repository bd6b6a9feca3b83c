#include "engine/algo/blazingtext/word_kernels.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS = 1024, HALF = CELLS / 2 }; /* of the sigmoid's table */
static const float FAR = 8;              /* the table ends there */
static const float SCALE = 64;           /* cells to 1 */
static float sigmoid[CELLS + 1];         /* of the middle of each cell */

__attribute__((constructor)) static void fill_sigmoid(void)
{
    for (int i = 0; i <= CELLS; i++)
        sigmoid[i] = (float)(1 / (1 + exp((HALF - i) / (double)SCALE)));
}

/* --- plain loops -------------------------------------------------------------------------------------------------- */

static float step_of(float score, float label, float rate)
{
    float x = score > -FAR ? score : -FAR; /* in this order no number becomes -FAR too */
    x = x < FAR ? x : FAR;
    return rate * (label - sigmoid[(int)((x + FAR) * SCALE + 0.5f)]);
}

static float dot(const float *a, const float *b, size_t width)
{
    float part[8] = {0};
    for (size_t c = 0; c < width; c += 8)
        for (size_t q = 0; q < 8; q++)
            part[q] += a[c + q] * b[c + q];
    return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

static void add(float *to, const float *from, float factor, size_t width)
{
    for (size_t c = 0; c < width; c++)
        to[c] += factor * from[c];
}

static void plain_learn(const float *input, float *move, float *const *row, size_t rows, float first, float rate,
                        size_t width, float *score)
{
    float step[WORD_KERNEL_ROWS];
    for (size_t k = 0; k < rows; k++) {
        score[k] = dot(input, row[k], width);
        step[k] = step_of(score[k], k ? 0 : first, rate);
    }
    for (size_t c = 0; c < width; c++) {
        float was = input[c], sum = move[c];
        for (size_t k = 0; k < rows; k++) {
            sum += step[k] * row[k][c];
            row[k][c] += step[k] * was;
        }
        move[c] = sum;
    }
}

static void plain_batch(const struct word_batch *b, float rate, size_t width)
{
    for (size_t i = 0; i < b->inputs; i++)
        for (size_t j = 0; j < b->outputs; j++) {
            b->score[i * b->outputs + j] = dot(b->input[i], b->output[j], width);
            b->step[i * b->outputs + j] = step_of(b->score[i * b->outputs + j], j ? 0 : 1, rate);
        }
    memset(b->move, 0, b->outputs * width * sizeof *b->move);
    for (size_t j = 0; j < b->outputs; j++)
        for (size_t i = 0; i < b->inputs; i++)
            add(b->move + j * width, b->input[i], b->step[i * b->outputs + j], width);
    for (size_t i = 0; i < b->inputs; i++)
        for (size_t j = 0; j < b->outputs; j++)
            add(b->input[i], b->output[j], b->step[i * b->outputs + j], width);
    for (size_t j = 0; j < b->outputs; j++)
        add(b->output[j], b->move + j * width, 1, width);
}

static void plain_mean(float *to, float *const *row, size_t rows, size_t width)
{
    memcpy(to, row[0], width * sizeof *to);
    for (size_t k = 1; k < rows; k++)
        add(to, row[k], 1, width);
    for (size_t c = 0; c < width; c++)
        to[c] *= 1 / (float)rows;
}

static void plain_spread(float *const *row, size_t rows, const float *move, size_t width)
{
    for (size_t k = 0; k < rows; k++)
        add(row[k], move, 1, width);
}

const struct word_kernels word_kernels_plain = {plain_learn, plain_batch, plain_mean, plain_spread};

/* --- AVX2 and FMA ------------------------------------------------------------------------------------------------- */

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define FMA __attribute__((target("avx2,fma")))
#define INLINE static inline __attribute__((always_inline))

/* Eight sums over eight lanes each, in order. */
FMA INLINE __m256 fold(const __m256 sum[8])
{
    __m256 low = _mm256_hadd_ps(_mm256_hadd_ps(sum[0], sum[1]), _mm256_hadd_ps(sum[2], sum[3]));
    __m256 high = _mm256_hadd_ps(_mm256_hadd_ps(sum[4], sum[5]), _mm256_hadd_ps(sum[6], sum[7]));
    return _mm256_add_ps(_mm256_permute2f128_ps(low, high, 0x20), _mm256_permute2f128_ps(low, high, 0x31));
}

FMA INLINE __m256 steps_of(__m256 score, __m256 label, float rate)
{
    __m256 x = _mm256_max_ps(score, _mm256_set1_ps(-FAR)); /* in this order no number becomes -FAR too */
    x = _mm256_min_ps(x, _mm256_set1_ps(FAR));
    x = _mm256_fmadd_ps(x, _mm256_set1_ps(SCALE), _mm256_set1_ps(HALF));
    x = _mm256_i32gather_ps(sigmoid, _mm256_cvtps_epi32(x), sizeof *sigmoid);
    return _mm256_mul_ps(_mm256_set1_ps(rate), _mm256_sub_ps(label, x));
}

/* `rows` is a constant where this is inlined, so that sums stay in registers. */
FMA INLINE void learn_rows(const float *input, float *move, float *const *row, size_t rows, float first, float rate,
                           size_t width, float *score)
{
    __m256 sum[WORD_KERNEL_ROWS], step[WORD_KERNEL_ROWS];
    _Alignas(32) float s[WORD_KERNEL_ROWS];
#pragma GCC unroll 8
    for (size_t k = 0; k < WORD_KERNEL_ROWS; k++)
        sum[k] = _mm256_setzero_ps();
    for (size_t c = 0; c < width; c += 8) {
        __m256 x = _mm256_load_ps(input + c);
#pragma GCC unroll 8
        for (size_t k = 0; k < rows; k++)
            sum[k] = _mm256_fmadd_ps(x, _mm256_load_ps(row[k] + c), sum[k]);
    }
    sum[0] = fold(sum);
    _mm256_storeu_ps(score, sum[0]);
    _mm256_store_ps(s, steps_of(sum[0], _mm256_set_ps(0, 0, 0, 0, 0, 0, 0, first), rate));
#pragma GCC unroll 8
    for (size_t k = 0; k < rows; k++)
        step[k] = _mm256_broadcast_ss(s + k);
    for (size_t c = 0; c < width; c += 8) {
        __m256 x = _mm256_load_ps(input + c), m = _mm256_load_ps(move + c);
#pragma GCC unroll 8
        for (size_t k = 0; k < rows; k++) {
            __m256 y = _mm256_load_ps(row[k] + c);
            m = _mm256_fmadd_ps(step[k], y, m);
            _mm256_store_ps(row[k] + c, _mm256_fmadd_ps(step[k], x, y));
        }
        _mm256_store_ps(move + c, m);
    }
}

typedef void learn_work(const float *input, float *move, float *const *row, float first, float rate, size_t width,
                        float *score);

#define LEARN(rows)                                                                                                    \
    FMA static void learn_##rows(const float *input, float *move, float *const *row, float first, float rate,          \
                                 size_t width, float *score)                                                           \
    {                                                                                                                  \
        learn_rows(input, move, row, rows, first, rate, width, score);                                                 \
    }
LEARN(1)
LEARN(2)
LEARN(3)
LEARN(4)
LEARN(5)
LEARN(6)
LEARN(7)
LEARN(8)

static void fma_learn(const float *input, float *move, float *const *row, size_t rows, float first, float rate,
                      size_t width, float *score)
{
    static learn_work *const work[] = {learn_1, learn_2, learn_3, learn_4, learn_5, learn_6, learn_7, learn_8};
    work[rows - 1](input, move, row, first, rate, width, score);
}

/* A tile of products, 4 inputs x 2 outputs at most: scores and steps. */
FMA INLINE void tile_scores(const struct word_batch *b, size_t i, size_t j, size_t inputs, size_t outputs, float rate,
                            size_t width)
{
    __m256 sum[8], first = j ? _mm256_setzero_ps() : _mm256_set_ps(0, 1, 0, 1, 0, 1, 0, 1);
    _Alignas(32) float score[8], step[8];
#pragma GCC unroll 8
    for (size_t k = 0; k < 8; k++)
        sum[k] = _mm256_setzero_ps();
    for (size_t c = 0; c < width; c += 8) {
        __m256 y[2];
#pragma GCC unroll 2
        for (size_t q = 0; q < outputs; q++)
            y[q] = _mm256_load_ps(b->output[j + q] + c);
#pragma GCC unroll 4
        for (size_t p = 0; p < inputs; p++) {
            __m256 x = _mm256_load_ps(b->input[i + p] + c);
#pragma GCC unroll 2
            for (size_t q = 0; q < outputs; q++)
                sum[2 * p + q] = _mm256_fmadd_ps(x, y[q], sum[2 * p + q]);
        }
    }
    sum[0] = fold(sum);
    _mm256_store_ps(score, sum[0]);
    _mm256_store_ps(step, steps_of(sum[0], first, rate));
#pragma GCC unroll 4
    for (size_t p = 0; p < inputs; p++)
#pragma GCC unroll 2
        for (size_t q = 0; q < outputs; q++) {
            b->score[(i + p) * b->outputs + j + q] = score[2 * p + q];
            b->step[(i + p) * b->outputs + j + q] = step[2 * p + q];
        }
}

typedef void tile_work(const struct word_batch *b, size_t i, size_t j, float rate, size_t width);

#define TILE(inputs, outputs)                                                                                          \
    FMA static void tile_##inputs##_##outputs(const struct word_batch *b, size_t i, size_t j, float rate,              \
                                              size_t width)                                                            \
    {                                                                                                                  \
        tile_scores(b, i, j, inputs, outputs, rate, width);                                                            \
    }
TILE(1, 1)
TILE(2, 1)
TILE(3, 1)
TILE(4, 1)
TILE(1, 2)
TILE(2, 2)
TILE(3, 2)
TILE(4, 2)

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void score_batch(const struct word_batch *b, float rate, size_t width)
{
    static tile_work *const work[2][4] = {{tile_1_1, tile_2_1, tile_3_1, tile_4_1},
                                          {tile_1_2, tile_2_2, tile_3_2, tile_4_2}};
    for (size_t j = 0; j < b->outputs; j += 2)
        for (size_t i = 0; i < b->inputs; i += 4)
            work[least(b->outputs - j, 2) - 1][least(b->inputs - i, 4) - 1](b, i, j, rate, width);
}

/* Sums of sources, each with a step: to[t] (+)= the sum over s of step[t * across + s * along] from[s]. */
struct moves {
    float *const *to, *const *from;
    size_t to_count, from_count;
    const float *step;
    size_t across, along;
};

enum { MOVES = 6 }; /* rows whose sums of 16 numbers fit the registers */

FMA INLINE void move_rows(const struct moves *m, size_t t, size_t rows, size_t c, size_t vectors, bool adds)
{
    __m256 sum[MOVES][2];
#pragma GCC unroll 6
    for (size_t k = 0; k < rows; k++)
        sum[k][0] = sum[k][1] = _mm256_setzero_ps();
    for (size_t s = 0; s < m->from_count; s++) {
        const float *from = m->from[s] + c, *step = m->step + t * m->across + s * m->along;
        __m256 x = _mm256_load_ps(from), y = vectors > 1 ? _mm256_load_ps(from + 8) : _mm256_setzero_ps();
#pragma GCC unroll 6
        for (size_t k = 0; k < rows; k++) {
            __m256 factor = _mm256_broadcast_ss(step + k * m->across);
            sum[k][0] = _mm256_fmadd_ps(factor, x, sum[k][0]);
            if (vectors > 1)
                sum[k][1] = _mm256_fmadd_ps(factor, y, sum[k][1]);
        }
    }
#pragma GCC unroll 6
    for (size_t k = 0; k < rows; k++)
#pragma GCC unroll 2
        for (size_t v = 0; v < vectors; v++) {
            float *to = m->to[t + k] + c + 8 * v;
            _mm256_store_ps(to, adds ? _mm256_add_ps(_mm256_load_ps(to), sum[k][v]) : sum[k][v]);
        }
}

FMA INLINE void move_tile(const struct moves *m, size_t t, size_t rows, size_t width, bool adds)
{
    size_t c = 0;
    for (; c + 16 <= width; c += 16)
        move_rows(m, t, rows, c, 2, adds);
    if (c < width)
        move_rows(m, t, rows, c, 1, adds);
}

typedef void move_work(const struct moves *m, size_t t, size_t width);

#define MOVE(rows)                                                                                                     \
    FMA static void add_##rows(const struct moves *m, size_t t, size_t width)                                          \
    {                                                                                                                  \
        move_tile(m, t, rows, width, true);                                                                            \
    }                                                                                                                  \
    FMA static void set_##rows(const struct moves *m, size_t t, size_t width)                                          \
    {                                                                                                                  \
        move_tile(m, t, rows, width, false);                                                                           \
    }
MOVE(1)
MOVE(2)
MOVE(3)
MOVE(4)
MOVE(5)
MOVE(6)

static void move_all(const struct moves *m, size_t width, bool adds)
{
    static move_work *const work[2][MOVES] = {{set_1, set_2, set_3, set_4, set_5, set_6},
                                              {add_1, add_2, add_3, add_4, add_5, add_6}};
    for (size_t t = 0; t < m->to_count; t += MOVES)
        work[adds][least(m->to_count - t, MOVES) - 1](m, t, width);
}

FMA static void add_rows(float *const *row, size_t rows, const float *move, size_t stride, size_t width)
{
    for (size_t k = 0; k < rows; k++)
        for (size_t c = 0; c < width; c += 8)
            _mm256_store_ps(row[k] + c,
                            _mm256_add_ps(_mm256_load_ps(row[k] + c), _mm256_load_ps(move + k * stride + c)));
}

/* The outputs' moves wait in their room until the inputs have moved by the outputs as they were. */
static void fma_batch(const struct word_batch *b, float rate, size_t width)
{
    enum { ROWS = 64 };
    float *room[ROWS];
    score_batch(b, rate, width);
    for (size_t j = 0; j < b->outputs; j += ROWS) {
        size_t rows = least(b->outputs - j, ROWS);
        for (size_t k = 0; k < rows; k++)
            room[k] = b->move + (j + k) * width;
        move_all(&(struct moves){room, b->input, rows, b->inputs, b->step + j, 1, b->outputs}, width, false);
    }
    move_all(&(struct moves){b->input, b->output, b->inputs, b->outputs, b->step, b->outputs, 1}, width, true);
    add_rows(b->output, b->outputs, b->move, width, width);
}

FMA static void fma_mean(float *to, float *const *row, size_t rows, size_t width)
{
    __m256 share = _mm256_set1_ps(1 / (float)rows);
    for (size_t c = 0; c < width; c += 8) {
        __m256 sum = _mm256_load_ps(row[0] + c);
        for (size_t k = 1; k < rows; k++)
            sum = _mm256_add_ps(sum, _mm256_load_ps(row[k] + c));
        _mm256_store_ps(to + c, _mm256_mul_ps(sum, share));
    }
}

FMA static void fma_spread(float *const *row, size_t rows, const float *move, size_t width)
{
    add_rows(row, rows, move, 0, width);
}

static const struct word_kernels fma_kernels = {fma_learn, fma_batch, fma_mean, fma_spread};

const struct word_kernels *word_kernels(void)
{
    bool fast = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return fast ? &fma_kernels : &word_kernels_plain;
}
#else
const struct word_kernels *word_kernels(void)
{
    return &word_kernels_plain;
}
#endif
