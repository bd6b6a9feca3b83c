/* What the tensor operations take at the sizes of DeepAR, Seq2Seq and Object2Vec, forward and back, beside OpenBLAS's
 * time for their products alone: `tensor THREADS [REPEATS]` prints a line for each: name, microseconds, those of the
 * products. Each is the least of its repeats, taken in turns. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/rng.h"
#include "engine/tensor/blas.h"
#include "engine/tensor/ops.h"

#define SHAPE(...) ((const size_t[]){__VA_ARGS__})

static struct rng rng;
static clockid_t ticks; /* of one thread: its own, so that neighbours count less */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(ticks, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static struct tensor *leaf(struct tape *t, bool slope, int rank, const size_t *shape)
{
    struct tensor *x = slope ? tape_tensor(t, rank, shape) : tape_plain(t, rank, shape);
    size_t n = tensor_count(x);
    for (size_t i = 0; i < n; i++)
        ((float *)x->data)[i] = (float)((double)(i * 7919 % 1000) / 1000 - 0.5) * 0.2f;
    return x;
}

static const int32_t *ids(struct tape *t, size_t n, size_t below)
{
    int32_t *values = malloc(n * sizeof *values);
    const int32_t *index;
    for (size_t i = 0; values && i < n; i++) /* log-uniform, as words are */
        values[i] = (int32_t)exp(rng_uniform(&rng) * log((double)below)) - 1;
    index = tape_ints(t, values, n);
    free(values);
    return index;
}

/* One pass: inputs are made, then the clock runs. */
typedef struct tensor *prepare_op(struct tape *t, double *began);

static struct tensor *linear_of(struct tape *t, double *began, size_t rows, size_t in, size_t out)
{
    struct tensor *x = leaf(t, true, 2, SHAPE(rows, in)), *w = leaf(t, true, 2, SHAPE(in, out));
    struct tensor *b = leaf(t, true, 1, SHAPE(out));
    *began = seconds();
    return op_linear(t, x, w, b);
}

static struct tensor *lstm_of(struct tape *t, double *began, size_t steps, size_t rows, size_t width)
{
    struct tensor *gates = leaf(t, true, 3, SHAPE(steps, rows, 4 * width)), *last_h, *last_c;
    struct tensor *u = leaf(t, true, 2, SHAPE(width, 4 * width));
    *began = seconds();
    return op_lstm(t, gates, u, NULL, NULL, NULL, false, 0, &last_h, &last_c);
}

static struct tensor *gru_of(struct tape *t, double *began, size_t steps, size_t rows, size_t width)
{
    struct tensor *gates = leaf(t, true, 3, SHAPE(steps, rows, 3 * width)), *last;
    struct tensor *u = leaf(t, true, 2, SHAPE(width, 3 * width)), *bn = leaf(t, true, 1, SHAPE(width));
    *began = seconds();
    return op_gru(t, gates, u, bn, NULL, NULL, false, &last);
}

static struct tensor *attention_of(struct tape *t, double *began, enum attention kind, size_t queries)
{
    struct tensor *query = leaf(t, true, 3, SHAPE(queries, 64, 256)), *keys = leaf(t, true, 3, SHAPE(15, 64, 256));
    struct tensor *memory = leaf(t, true, 3, SHAPE(15, 64, 256)), *v = leaf(t, true, 1, SHAPE(256));
    *began = seconds();
    return op_attention(t, kind, query, keys, memory, v, NULL, 1, NULL);
}

#define CASE(name, ...)                                                                                                \
    static struct tensor *name(struct tape *t, double *began)                                                          \
    {                                                                                                                  \
        return __VA_ARGS__;                                                                                            \
    }
CASE(deepar_inputs, linear_of(t, began, 192 * 64, 42, 160))
CASE(deepar_lstm, lstm_of(t, began, 192, 64, 40))
CASE(translator_gates, linear_of(t, began, 64, 512, 1024))
CASE(translator_keys, linear_of(t, began, 15 * 64, 256, 256))
CASE(encoder_lstm, lstm_of(t, began, 15, 64, 128))
CASE(decoder_lstm, lstm_of(t, began, 15, 64, 256))
CASE(decoder_gru, gru_of(t, began, 15, 64, 256))
CASE(attention_additive, attention_of(t, began, ATTENTION_ADDITIVE, 1))
CASE(attention_dot, attention_of(t, began, ATTENTION_DOT, 15))
CASE(pairs_hidden, linear_of(t, began, 64, 256, 256))
CASE(pairs_lstm, lstm_of(t, began, 15, 64, 32))

static struct tensor *translator_loss(struct tape *t, double *began)
{
    struct tensor *x = leaf(t, true, 2, SHAPE(960, 256)), *w = leaf(t, true, 2, SHAPE(8000, 256));
    struct tensor *b = leaf(t, true, 1, SHAPE(8000));
    const int32_t *target = ids(t, 960, 8000);
    *began = seconds();
    return op_output_loss(t, x, w, b, target, NULL, 1.0 / 960, NULL);
}

static struct tensor *likelihood_of(struct tape *t, double *began, enum likelihood kind, size_t outputs)
{
    struct tensor *raw = leaf(t, true, 2, SHAPE(192 * 64, outputs)), *y = leaf(t, false, 1, SHAPE(192 * 64));
    struct tensor *v = leaf(t, false, 1, SHAPE(192 * 64));
    for (size_t i = 0; i < 192 * 64; i++) {
        ((float *)v->data)[i] = 100;
        ((float *)y->data)[i] = (float)(i % 300);
    }
    *began = seconds();
    return op_likelihood(t, kind, raw, y, v, NULL, 1.0 / (192 * 64));
}
CASE(deepar_student_t, likelihood_of(t, began, LIKELIHOOD_STUDENT_T, 3))
CASE(deepar_negative_binomial, likelihood_of(t, began, LIKELIHOOD_NEGATIVE_BINOMIAL, 2))

static struct tensor *deepar_dropout(struct tape *t, double *began)
{
    struct tensor *x = leaf(t, true, 2, SHAPE(192 * 64, 40));
    *began = seconds();
    return op_dropout(t, x, 0.1);
}

static struct tensor *words(struct tape *t, double *began)
{
    struct tensor *table = leaf(t, true, 2, SHAPE(8000, 256));
    const int32_t *id = ids(t, 960, 8000);
    *began = seconds();
    return op_embedding(t, table, id, 960);
}

static struct tensor *pairs_conv(struct tape *t, double *began)
{
    struct tensor *x = leaf(t, true, 3, SHAPE(15, 64, 64)), *w = leaf(t, true, 3, SHAPE(3, 64, 64));
    struct tensor *b = leaf(t, true, 1, SHAPE(64));
    *began = seconds();
    return op_conv1d(t, x, w, b, 1, 1);
}

/* m, n, k of its products, and how many of each; forward. Back there are two more of the same size each. */
static const struct {
    const char *name;
    prepare_op *prepare;
    size_t rows, out, in, steps; /* steps products rows x in x out; slopes of weights over all at once */
} cases[] = {
    {"linear 12288 x 42 x 160", deepar_inputs, 12288, 160, 42, 1},
    {"LSTM T 192, B 64, D 40", deepar_lstm, 64, 160, 40, 192},
    {"dropout 12288 x 40", deepar_dropout, 0, 0, 0, 0},
    {"Student-t, 12288 rows", deepar_student_t, 0, 0, 0, 0},
    {"negative binomial, 12288 rows", deepar_negative_binomial, 0, 0, 0, 0},
    {"linear 64 x 512 x 1024", translator_gates, 64, 1024, 512, 1},
    {"linear 960 x 256 x 256", translator_keys, 960, 256, 256, 1},
    {"LSTM T 15, B 64, D 128", encoder_lstm, 64, 512, 128, 15},
    {"LSTM T 15, B 64, D 256", decoder_lstm, 64, 1024, 256, 15},
    {"GRU T 15, B 64, D 256", decoder_gru, 64, 768, 256, 15},
    {"attention, additive, T 1, S 15, D 256", attention_additive, 0, 0, 0, 0},
    {"attention, dot, T 15, S 15, D 256", attention_dot, 0, 0, 0, 0},
    {"output loss 960 x 256 x 8000", translator_loss, 960, 8000, 256, 1},
    {"embedding 960 of 8000 x 256", words, 0, 0, 0, 0},
    {"linear 64 x 256 x 256", pairs_hidden, 64, 256, 256, 1},
    {"LSTM T 15, B 64, D 32", pairs_lstm, 64, 128, 32, 15},
    {"convolution T 15, B 64, K 3, 64 x 64", pairs_conv, 960, 64, 64, 3},
};
#define CASES (sizeof cases / sizeof *cases)

/* The loss is the sum of y; that and its way back are no part of what is measured: they are done alone for a tensor of
 * y's shape too, to be taken off. The least of both so far. */
struct least {
    double whole, alone;
};

static void pass(struct tape *t, prepare_op *prepare, struct least *least)
{
    double began;
    struct tensor *y, shape;
    tape_begin(t, true, 1);
    y = prepare(t, &began);
    shape = *y;
    tape_backward(t, y->rank == 0 ? y : op_reduce(t, y, REDUCE_SUM, -1));
    least->whole = fmin(least->whole, seconds() - began);
    if (shape.rank == 0) {
        least->alone = 0;
        return;
    }
    tape_begin(t, true, 1);
    y = leaf(t, true, shape.rank, shape.shape);
    began = seconds();
    tape_backward(t, op_reduce(t, y, REDUCE_SUM, -1));
    least->alone = fmin(least->alone, seconds() - began);
}

static double products(size_t i, const float *a, float *c)
{
    size_t m = cases[i].rows, n = cases[i].out, k = cases[i].in;
    double began = seconds();
    for (size_t s = 0; s < cases[i].steps; s++) {
        blas_cpu.gemm(c, a, a, m, n, k, false, false, 1, 0);
        blas_cpu.gemm(c, a, a, m, k, n, false, true, 1, 0);
    }
    if (m > 0)
        blas_cpu.gemm(c, a, a, k, n, m * cases[i].steps, true, false, 1, 0);
    return seconds() - began;
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 1, repeats = argc > 2 ? atoi(argv[2]) : 20;
    size_t room = (size_t)1 << 24;
    float *a = calloc(room, sizeof *a), *c = calloc(room, sizeof *c);
    struct error err;
    struct tape *t = tape_open(&backend_cpu, threads, &err);
    if (!t || !a || !c || threads < 1)
        return 1;
    rng_init(&rng, 1, 1);
    ticks = threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;
    for (size_t i = 0; i < CASES; i++) {
        struct least ours = {INFINITY, INFINITY};
        double theirs = INFINITY;
        for (int r = 0; r < repeats; r++) {
            blas_threads(1);
            pass(t, cases[i].prepare, &ours);
            blas_threads(threads);
            theirs = fmin(theirs, products(i, a, c));
        }
        printf("%s\t%.1f\t%.1f\n", cases[i].name, (ours.whole - ours.alone) * 1e6, cases[i].steps ? theirs * 1e6 : 0);
        fflush(stdout);
    }
    tape_close(t);
    free(a);
    free(c);
    return 0;
}
