/* The operations as cases of gradient.h: whoever tests a backend runs them all. */
#ifndef TEST_OP_CASES_H
#define TEST_OP_CASES_H

#include "gradient.h"

#define SHAPE(...) ((const size_t[]){__VA_ARGS__})

/* --- products --------------------------------------------------------------------------------------------------- */

static void case_linear(struct tape *t, struct gradient *g)
{
    size_t in = gradient_size(g, 7), out = gradient_size(g, 7), rows = gradient_size(g, 6);
    bool cut = gradient_coin(g), deep = gradient_coin(g), each = gradient_coin(g); /* row of a step has its own bias */
    size_t deeper[] = {2, rows, in};
    struct tensor *x = deep ? gradient_leaf(g, -1, 1, 3, deeper) : gradient_leaf(g, -1, 1, 2, SHAPE(rows, in + 3));
    struct tensor *w = gradient_leaf(g, -1, 1, 2, SHAPE(in, out));
    struct tensor *b = cut            ? NULL
                       : deep && each ? gradient_leaf(g, -1, 1, 2, SHAPE(rows, out))
                                      : gradient_leaf(g, -1, 1, 1, SHAPE(out));
    gradient_out(g, op_linear(t, deep ? x : tape_slice(t, x, 1, 1, in), w, b));
}

static void case_matmul(struct tape *t, struct gradient *g)
{
    size_t m = gradient_size(g, 5), n = gradient_size(g, 5), k = gradient_size(g, 5);
    bool ta = gradient_coin(g), tb = gradient_coin(g);
    struct tensor *a = gradient_leaf(g, -1, 1, 2, SHAPE(ta ? k : m, (ta ? m : k) + 2));
    struct tensor *b = gradient_leaf(g, -1, 1, 2, SHAPE(tb ? n : k, (tb ? k : n) + 1));
    gradient_out(g, op_matmul(t, tape_slice(t, a, 1, 2, ta ? m : k), tape_slice(t, b, 1, 0, tb ? k : n), ta, tb));
}

static void case_matmul_groups(struct tape *t, struct gradient *g)
{
    size_t m = gradient_size(g, 4), n = gradient_size(g, 4), k = gradient_size(g, 4), groups = gradient_size(g, 4);
    bool ta = gradient_coin(g), tb = gradient_coin(g), one_a = gradient_coin(g), one_b = gradient_coin(g);
    struct tensor *a = gradient_leaf(g, -1, 1, 3, SHAPE(one_a ? 1 : groups, ta ? k : m, ta ? m : k));
    struct tensor *b = gradient_leaf(g, -1, 1, 3, SHAPE(one_b ? 1 : groups, tb ? n : k, tb ? k : n));
    gradient_out(g, op_matmul(t, a, b, ta, tb));
}

/* --- element by element ----------------------------------------------------------------------------------------- */

typedef struct tensor *of_two(struct tape *t, struct tensor *a, struct tensor *b);

static void of_two_case(struct tape *t, struct gradient *g, of_two *op)
{
    size_t shape[] = {gradient_size(g, 3), gradient_size(g, 4), gradient_size(g, 5)};
    int rank = (int)rng_below(&g->r, 4), repeated = (int)rng_below(&g->r, (uint64_t)rank + 1);
    struct tensor *a = gradient_leaf(g, -2, 2, rank, shape);
    struct tensor *b = gradient_leaf(g, -2, 2, rank - repeated, shape + repeated);
    gradient_out(g, op(t, a, b));
    gradient_out(g, op(t, a, a));
}

static void case_add(struct tape *t, struct gradient *g)
{
    of_two_case(t, g, op_add);
}

static void case_sub(struct tape *t, struct gradient *g)
{
    of_two_case(t, g, op_sub);
}

static void case_mul(struct tape *t, struct gradient *g)
{
    of_two_case(t, g, op_mul);
}

static void case_affine(struct tape *t, struct gradient *g)
{
    struct tensor *x = gradient_leaf(g, -1, 1, 2, SHAPE(gradient_size(g, 4), gradient_size(g, 9)));
    double factor = rng_normal(&g->r), shift = rng_normal(&g->r);
    gradient_out(g, op_affine(t, x, factor, shift));
}

static void case_unary(struct tape *t, struct gradient *g)
{
    size_t rows = gradient_size(g, 4), width = gradient_size(g, 20);
    struct tensor *any = gradient_leaf(g, -3, 3, 2, SHAPE(rows, width + 2));
    struct tensor *positive = gradient_leaf(g, 0.1, 3, 2, SHAPE(rows, width + 2));
    enum unary kind = (enum unary)rng_below(&g->r, UNARY_SQRT + 1);
    bool needs = kind == UNARY_LOG || kind == UNARY_SQRT;
    gradient_out(g, op_unary(t, tape_slice(t, needs ? positive : any, 1, 1, width), kind));
}

static void case_dropout(struct tape *t, struct gradient *g)
{
    struct tensor *x = gradient_leaf(g, -1, 1, 2, SHAPE(gradient_size(g, 5), gradient_size(g, 30)));
    gradient_out(g, op_dropout(t, x, 0.3));
    gradient_out(g, op_dropout(t, x, 0.6));
}

/* --- shapes ----------------------------------------------------------------------------------------------------- */

static void case_copy(struct tape *t, struct gradient *g)
{
    size_t rows = gradient_size(g, 4), width = gradient_size(g, 5), deep = gradient_size(g, 3);
    struct tensor *x = gradient_leaf(g, -1, 1, 3, SHAPE(deep, rows + 2, width + 1));
    struct tensor *part = tape_slice(t, tape_slice(t, x, 1, 1, rows), 2, 1, width);
    gradient_out(g, op_copy(t, part));
    gradient_out(g, op_copy(t, x));
}

static void case_transpose(struct tape *t, struct gradient *g)
{
    size_t shape[] = {gradient_size(g, 3), gradient_size(g, 3), gradient_size(g, 4), gradient_size(g, 2)};
    int rank = 1 + (int)rng_below(&g->r, 4), permutation[] = {0, 1, 2, 3};
    struct tensor *x = gradient_leaf(g, -1, 1, rank, shape);
    for (int d = rank - 1; d > 0; d--) {
        int other = (int)rng_below(&g->r, (uint64_t)d + 1), swap = permutation[d];
        permutation[d] = permutation[other];
        permutation[other] = swap;
    }
    gradient_out(g, op_transpose(t, x, permutation));
}

static void case_concat(struct tape *t, struct gradient *g)
{
    size_t shape[] = {gradient_size(g, 3), gradient_size(g, 3), gradient_size(g, 3)};
    int rank = 1 + (int)rng_below(&g->r, 3), dimension = (int)rng_below(&g->r, (uint64_t)rank);
    int count = 1 + (int)rng_below(&g->r, 8);
    struct tensor *part[8];
    for (int i = 0; i < count; i++) {
        size_t longer = gradient_size(g, 4);
        bool cut = gradient_coin(g);
        shape[dimension] = longer + cut;
        part[i] = gradient_leaf(g, -1, 1, rank, shape);
        part[i] = tape_slice(t, part[i], dimension, cut, longer);
    }
    gradient_out(g, op_concat(t, part, count, dimension));
}

static void case_gather(struct tape *t, struct gradient *g)
{
    size_t rows = gradient_some(g, 5), count = gradient_size(g, 8);
    struct tensor *x = gradient_leaf(g, -1, 1, 3, SHAPE(rows, gradient_size(g, 2), gradient_size(g, 4)));
    gradient_out(g, op_gather(t, x, gradient_ints(g, 0, (int)rows - 1, count), count));
}

/* Two views that overlap share slopes; through a detached tensor nothing flows. */
static void case_views(struct tape *t, struct gradient *g)
{
    size_t rows = gradient_some(g, 4), width = gradient_some(g, 4);
    struct tensor *x = gradient_leaf(g, -1, 1, 2, SHAPE(2 * rows, width)), *y = op_unary(t, x, UNARY_TANH);
    struct tensor *flat = tape_reshape(t, y, 1, SHAPE(2 * rows * width));
    gradient_out(g, op_unary(t, tape_slice(t, y, 0, rows / 2, rows), UNARY_SQUARE));
    gradient_out(g, op_unary(t, tape_slice(t, flat, 0, 1, width), UNARY_EXP));
    gradient_out(g, op_mul(t, y, y));
}

/* --- sums ------------------------------------------------------------------------------------------------------- */

static void case_reduce(struct tape *t, struct gradient *g)
{
    size_t shape[] = {gradient_size(g, 4), gradient_size(g, 4), gradient_size(g, 4)};
    int rank = (int)rng_below(&g->r, 4);
    struct tensor *x = gradient_leaf(g, -1, 1, rank, shape);
    enum reduce kind = (enum reduce)rng_below(&g->r, 3);
    gradient_out(g, op_reduce(t, x, kind, -1));
    gradient_out(g, op_reduce(t, x, kind, (int)rng_below(&g->r, (uint64_t)rank + 1) - 1));
}

static void case_pool_time(struct tape *t, struct gradient *g)
{
    size_t steps = gradient_size(g, 6), rows = gradient_size(g, 4);
    struct tensor *x = gradient_leaf(g, -1, 1, 3, SHAPE(steps, rows, gradient_size(g, 9)));
    enum reduce kind = (enum reduce)rng_below(&g->r, 3);
    gradient_out(g, op_pool_time(t, x, kind, NULL));
    gradient_out(g, op_pool_time(t, x, kind, gradient_ints(g, 0, (int)steps, rows)));
}

static void case_softmax(struct tape *t, struct gradient *g)
{
    struct tensor *x = gradient_leaf(g, -4, 4, 2, SHAPE(gradient_size(g, 5), gradient_size(g, 20)));
    gradient_out(g, op_softmax(t, x));
}

/* --- losses ----------------------------------------------------------------------------------------------------- */

/* Weights of rows, among which a 0 must hide what stands in its row. */
static struct tensor *case_weights(struct tape *t, struct gradient *g, size_t rows)
{
    struct tensor *weight = gradient_plain(g, 0.5, 2, 1, SHAPE(rows));
    const float nothing = 0;
    (void)t;
    if (gradient_coin(g) && tensor_count(weight) > 2) {
        g->leaf[g->used - 1].value[1] = 0;
        if (tape_backend(g->tape)->bytes == sizeof(float))
            tape_backend(g->tape)->upload((float *)weight->data + 1, &nothing, sizeof nothing);
        else
            ((double *)weight->data)[1] = 0;
    }
    return weight;
}

static void case_cross_entropy(struct tape *t, struct gradient *g)
{
    size_t rows = gradient_size(g, 6), classes = gradient_some(g, 9);
    struct tensor *x = gradient_leaf(g, -3, 3, 2, SHAPE(rows, classes));
    struct tensor *weight = gradient_coin(g) ? case_weights(t, g, rows) : NULL;
    gradient_out(g, op_cross_entropy(t, x, gradient_ints(g, -1, (int)classes - 1, rows), weight, 0.7));
}

static void case_output_loss(struct tape *t, struct gradient *g)
{
    size_t rows = gradient_size(g, 6), classes = gradient_some(g, 9), width = gradient_size(g, 6);
    struct tensor *x = gradient_leaf(g, -1, 1, 2, SHAPE(rows, width)), *right;
    struct tensor *w = gradient_leaf(g, -1, 1, 2, SHAPE(classes, width));
    struct tensor *b = gradient_coin(g) ? gradient_leaf(g, -1, 1, 1, SHAPE(classes)) : NULL;
    struct tensor *weight = gradient_coin(g) ? case_weights(t, g, rows) : NULL;
    gradient_out(g, op_output_loss(t, x, w, b, gradient_ints(g, -1, (int)classes - 1, rows), weight, 0.7, &right));
    gradient_see(g, right);
}

/* A loss by a narrow distribution may be large: raw outputs where it is a thousand at most. */
static void likelihood_case(struct tape *t, struct gradient *g, enum likelihood kind, size_t width, double low,
                            double high)
{
    size_t rows = gradient_size(g, 12);
    struct tensor *raw = gradient_leaf(g, -1.5, 1.5, 2, SHAPE(rows, width));
    struct tensor *y = gradient_plain(g, low, high, 1, SHAPE(rows)), *v = gradient_plain(g, 0.5, 3, 1, SHAPE(rows));
    struct tensor *weight = gradient_coin(g) ? case_weights(t, g, rows) : NULL;
    gradient_out(g, op_likelihood(t, kind, raw, y, v, weight, 0.3));
}

static void case_gaussian(struct tape *t, struct gradient *g)
{
    likelihood_case(t, g, LIKELIHOOD_GAUSSIAN, 2, -3, 3);
}

static void case_student_t(struct tape *t, struct gradient *g)
{
    likelihood_case(t, g, LIKELIHOOD_STUDENT_T, 3, -9, 9);
}

static void case_negative_binomial(struct tape *t, struct gradient *g)
{
    likelihood_case(t, g, LIKELIHOOD_NEGATIVE_BINOMIAL, 2, 0, 12);
}

static void case_beta(struct tape *t, struct gradient *g)
{
    likelihood_case(t, g, LIKELIHOOD_BETA, 2, -0.05, 1.05);
}

static void case_l1(struct tape *t, struct gradient *g)
{
    likelihood_case(t, g, LIKELIHOOD_L1, 1, -3, 3);
}

static void case_smooth_l1(struct tape *t, struct gradient *g)
{
    size_t rows = gradient_size(g, 9), width = gradient_size(g, 6);
    struct tensor *x = gradient_leaf(g, -3, 3, 2, SHAPE(rows, width));
    struct tensor *y = gradient_plain(g, -1, 1, 2, SHAPE(rows, width));
    struct tensor *weight = gradient_coin(g) ? case_weights(t, g, rows) : NULL;
    gradient_out(g, op_smooth_l1(t, x, y, weight, 0.7));
}

/* --- tables ----------------------------------------------------------------------------------------------------- */

static void case_embedding(struct tape *t, struct gradient *g)
{
    size_t rows = gradient_some(g, 6), count = gradient_size(g, 9);
    struct tensor *table = gradient_leaf(g, -1, 1, 2, SHAPE(rows, gradient_size(g, 5)));
    gradient_out(g, op_embedding(t, table, gradient_ints(g, -1, (int)rows - 1, count), count));
}

static void case_embedding_mean(struct tape *t, struct gradient *g)
{
    size_t rows = gradient_some(g, 6), bags = gradient_size(g, 5);
    int32_t start[6] = {0};
    struct tensor *table = gradient_leaf(g, -1, 1, 2, SHAPE(rows, gradient_size(g, 5)));
    for (size_t b = 0; b < bags; b++)
        start[b + 1] = start[b] + (int32_t)gradient_size(g, 4);
    gradient_out(g, op_embedding_mean(t, table, gradient_ints(g, -1, (int)rows - 1, (size_t)start[bags]),
                                      tape_ints(t, start, bags + 1), bags));
}

/* --- normalisation ---------------------------------------------------------------------------------------------- */

static void case_layer_norm(struct tape *t, struct gradient *g)
{
    size_t width = gradient_size(g, 9);
    struct tensor *x = gradient_leaf(g, -2, 2, 2, SHAPE(gradient_size(g, 5), width));
    bool bare = gradient_coin(g);
    struct tensor *gain = bare ? NULL : gradient_leaf(g, 0.5, 2, 1, SHAPE(width));
    struct tensor *bias = bare ? NULL : gradient_leaf(g, -1, 1, 1, SHAPE(width));
    gradient_out(g, op_layer_norm(t, x, gain, bias, 1e-2));
}

typedef struct tensor *norm_op(struct tape *t, struct tensor *x, struct tensor *gain, struct tensor *bias,
                               struct tensor *mean, struct tensor *variance, double momentum, double epsilon);

static void batch_norm_case(struct tape *t, struct gradient *g, norm_op *op)
{
    size_t width = gradient_size(g, 5);
    struct tensor *x = gradient_leaf(g, -2, 2, 2, SHAPE(gradient_size(g, 9), width));
    struct tensor *gain = gradient_leaf(g, 0.5, 2, 1, SHAPE(width)), *bias = gradient_leaf(g, -1, 1, 1, SHAPE(width));
    struct tensor *mean = gradient_plain(g, -1, 1, 1, SHAPE(width));
    struct tensor *variance = gradient_plain(g, 0.5, 2, 1, SHAPE(width));
    bool bare = gradient_coin(g);
    gradient_out(g, op(t, x, bare ? NULL : gain, bare ? NULL : bias, mean, variance, 0.1, 1e-2));
    gradient_see(g, mean);
    gradient_see(g, variance);
}

static void case_batch_norm(struct tape *t, struct gradient *g)
{
    batch_norm_case(t, g, op_batch_norm);
}

static void case_batch_norm_relu(struct tape *t, struct gradient *g)
{
    batch_norm_case(t, g, op_batch_norm_relu);
}

/* --- recurrent -------------------------------------------------------------------------------------------------- */

static void lstm_case(struct tape *t, struct gradient *g, double zoneout)
{
    size_t steps = gradient_size(g, 4), rows = gradient_size(g, 3), width = gradient_size(g, 4);
    bool cut = gradient_coin(g);
    struct tensor *gates = gradient_leaf(g, -1, 1, 3, SHAPE(steps, rows, 4 * width + cut)), *last_h, *last_c;
    struct tensor *u = gradient_leaf(g, -1, 1, 2, SHAPE(width, 4 * width));
    struct tensor *h0 = gradient_coin(g) ? gradient_leaf(g, -1, 1, 2, SHAPE(rows, width)) : NULL;
    struct tensor *c0 = gradient_coin(g) ? gradient_leaf(g, -1, 1, 2, SHAPE(rows, width)) : NULL;
    const int32_t *length = gradient_coin(g) ? gradient_ints(g, 0, (int)steps, rows) : NULL;
    bool reverse = gradient_coin(g), ends = gradient_coin(g), made = gradient_coin(g);
    gates = cut ? tape_slice(t, gates, 2, 1, 4 * width) : made ? op_affine(t, gates, 1.5, 0.25) : gates;
    gradient_out(g, op_lstm(t, gates, u, h0, c0, length, reverse, zoneout, &last_h, &last_c));
    if (ends) {
        gradient_out(g, last_h);
        gradient_out(g, last_c);
    }
}

static void case_lstm(struct tape *t, struct gradient *g)
{
    lstm_case(t, g, 0);
}

static void case_lstm_zoneout(struct tape *t, struct gradient *g)
{
    lstm_case(t, g, 0.3);
}

static void case_gru(struct tape *t, struct gradient *g)
{
    size_t steps = gradient_size(g, 4), rows = gradient_size(g, 3), width = gradient_size(g, 4);
    bool cut = gradient_coin(g);
    struct tensor *gates = gradient_leaf(g, -1, 1, 3, SHAPE(steps, rows, 3 * width + cut)), *last_h;
    struct tensor *u = gradient_leaf(g, -1, 1, 2, SHAPE(width, 3 * width));
    struct tensor *bn = gradient_leaf(g, -1, 1, 1, SHAPE(width));
    struct tensor *h0 = gradient_coin(g) ? gradient_leaf(g, -1, 1, 2, SHAPE(rows, width)) : NULL;
    const int32_t *length = gradient_coin(g) ? gradient_ints(g, 0, (int)steps, rows) : NULL;
    bool reverse = gradient_coin(g), ends = gradient_coin(g);
    gates = tape_slice(t, gates, 2, cut, 3 * width);
    gradient_out(g, op_gru(t, gates, u, bn, h0, length, reverse, &last_h));
    if (ends)
        gradient_out(g, last_h);
}

/* --- attention -------------------------------------------------------------------------------------------------- */

static void attention_case(struct tape *t, struct gradient *g, enum attention kind)
{
    size_t queries = gradient_size(g, 3), rows = gradient_size(g, 3), places = gradient_size(g, 5);
    size_t width = gradient_size(g, 4), memory_width = gradient_size(g, 4);
    struct tensor *query = gradient_leaf(g, -1, 1, 3, SHAPE(queries, rows, width)), *weights;
    struct tensor *keys = gradient_leaf(g, -1, 1, 3, SHAPE(places, rows, width));
    struct tensor *memory = gradient_leaf(g, -1, 1, 3, SHAPE(places, rows, memory_width));
    struct tensor *v = kind == ATTENTION_ADDITIVE ? gradient_leaf(g, -1, 1, 1, SHAPE(width)) : NULL;
    const int32_t *length = gradient_coin(g) ? gradient_ints(g, 0, (int)places, rows) : NULL;
    gradient_out(g, op_attention(t, kind, query, keys, memory, v, length, 0.8, &weights));
    gradient_see(g, weights);
}

static void case_dot_attention(struct tape *t, struct gradient *g)
{
    attention_case(t, g, ATTENTION_DOT);
}

static void case_additive_attention(struct tape *t, struct gradient *g)
{
    attention_case(t, g, ATTENTION_ADDITIVE);
}

/* --- convolution ------------------------------------------------------------------------------------------------ */

static void case_conv1d(struct tape *t, struct gradient *g)
{
    size_t in = gradient_size(g, 3), out = gradient_size(g, 3), kernel = gradient_some(g, 4);
    struct tensor *x = gradient_leaf(g, -1, 1, 3, SHAPE(gradient_size(g, 6), gradient_size(g, 3), in));
    struct tensor *w = gradient_leaf(g, -1, 1, 3, SHAPE(kernel, in, out));
    struct tensor *b = gradient_coin(g) ? gradient_leaf(g, -1, 1, 1, SHAPE(out)) : NULL;
    size_t before = gradient_size(g, 4), after = gradient_size(g, 3);
    gradient_out(g, op_conv1d(t, x, w, b, before, after));
}

static void case_conv2d(struct tape *t, struct gradient *g)
{
    size_t in = gradient_size(g, 2), out = gradient_size(g, 3), high = gradient_some(g, 3), wide = gradient_some(g, 3);
    struct tensor *x =
        gradient_leaf(g, -1, 1, 4, SHAPE(gradient_size(g, 2), gradient_size(g, 5), gradient_size(g, 5), in));
    struct tensor *w = gradient_leaf(g, -1, 1, 4, SHAPE(high, wide, in, out));
    struct tensor *b = gradient_coin(g) ? gradient_leaf(g, -1, 1, 1, SHAPE(out)) : NULL;
    size_t stride = gradient_some(g, 3), pad = gradient_size(g, 2);
    gradient_out(g, op_conv2d(t, x, w, b, stride, pad));
}

/* Every place by itself. */
static void case_conv2d_places(struct tape *t, struct gradient *g)
{
    size_t in = gradient_size(g, 4), out = gradient_size(g, 5);
    struct tensor *x =
        gradient_leaf(g, -1, 1, 4, SHAPE(gradient_size(g, 3), gradient_size(g, 4), gradient_size(g, 4), in));
    struct tensor *w = gradient_leaf(g, -1, 1, 4, SHAPE(1, 1, in, out));
    struct tensor *b = gradient_coin(g) ? gradient_leaf(g, -1, 1, 1, SHAPE(out)) : NULL;
    gradient_out(g, op_conv2d(t, x, w, b, 1, 0));
}

static void case_pool2d(struct tape *t, struct gradient *g)
{
    struct tensor *x = gradient_leaf(
        g, -1, 1, 4, SHAPE(gradient_size(g, 2), gradient_size(g, 6), gradient_size(g, 6), gradient_size(g, 3)));
    size_t size = gradient_some(g, 3), stride = gradient_some(g, 3), pad = (size_t)rng_below(&g->r, size);
    gradient_out(g, op_pool2d(t, x, (enum reduce)rng_below(&g->r, 3), size, stride, pad));
}

/* --- all of them ------------------------------------------------------------------------------------------------ */

struct op_case {
    const char *name;
    gradient_case *build;
};

static const struct op_case op_cases[] = {
    {"linear", case_linear},
    {"matmul", case_matmul},
    {"matmul of groups", case_matmul_groups},
    {"add", case_add},
    {"sub", case_sub},
    {"mul", case_mul},
    {"affine", case_affine},
    {"unary", case_unary},
    {"dropout", case_dropout},
    {"copy", case_copy},
    {"transpose", case_transpose},
    {"concat", case_concat},
    {"gather", case_gather},
    {"views", case_views},
    {"reduce", case_reduce},
    {"pool_time", case_pool_time},
    {"softmax", case_softmax},
    {"cross_entropy", case_cross_entropy},
    {"output_loss", case_output_loss},
    {"gaussian", case_gaussian},
    {"student_t", case_student_t},
    {"negative_binomial", case_negative_binomial},
    {"beta", case_beta},
    {"L1", case_l1},
    {"smooth_l1", case_smooth_l1},
    {"embedding", case_embedding},
    {"embedding_mean", case_embedding_mean},
    {"layer_norm", case_layer_norm},
    {"batch_norm", case_batch_norm},
    {"batch_norm_relu", case_batch_norm_relu},
    {"LSTM", case_lstm},
    {"LSTM with zoneout", case_lstm_zoneout},
    {"GRU", case_gru},
    {"dot attention", case_dot_attention},
    {"additive attention", case_additive_attention},
    {"conv1d", case_conv1d},
    {"conv2d", case_conv2d},
    {"conv2d of places", case_conv2d_places},
    {"pool2d", case_pool2d},
};

#define OP_CASES (sizeof op_cases / sizeof *op_cases)

#endif
