/* The fast kernels against the plain ones: every operation at small and odd sizes, and at sizes where threads share the
 * work, with one thread and with three; and that the same threads give the same bits. */
#include "op_cases.h"

#include "engine/nn/likelihood.h"
#include "engine/tensor/cpu_product.h"
#include "engine/tensor/cpu_windows.h"
#include "engine/tensor/exp.h"

static void all_operations(void **state)
{
    const struct op_case *c = *state;
    for (uint64_t seed = 1; seed <= 40; seed++)
        gradient_compare(c->build, seed, &backend_ref32, &backend_cpu, 1 + (int)(seed % 3), 2e-5);
}

/* --- large enough to be shared ------------------------------------------------------------------------------------ */

static const int32_t *lengths(struct gradient *g, size_t most, size_t rows)
{
    return gradient_coin(g) ? NULL : gradient_ints(g, 0, (int)most, rows);
}

static void large_linear(struct tape *t, struct gradient *g)
{
    size_t in = 20 + gradient_size(g, 30), out = 30 + gradient_size(g, 40), rows = 50 + gradient_size(g, 80);
    struct tensor *x = gradient_leaf(g, -1, 1, 2, SHAPE(rows, in + 3));
    struct tensor *w = gradient_leaf(g, -1, 1, 2, SHAPE(in, out)), *b = gradient_leaf(g, -1, 1, 1, SHAPE(out));
    gradient_out(g, op_linear(t, tape_slice(t, x, 1, 1, in), w, b));
    gradient_out(g, op_linear(t, tape_slice(t, x, 1, 0, in), w, NULL)); /* adds to all slopes */
}

/* A bias for each row of a step. */
static void large_linear_rows(struct tape *t, struct gradient *g)
{
    size_t steps = 1 + gradient_size(g, 7), rows = 1 + gradient_size(g, 20), in = 1 + gradient_size(g, 40);
    size_t out = 1 + gradient_size(g, 80);
    struct tensor *x = gradient_leaf(g, -1, 1, 3, SHAPE(steps, rows, in)),
                  *w = gradient_leaf(g, -1, 1, 2, SHAPE(in, out));
    gradient_out(g, op_linear(t, x, w, gradient_leaf(g, -1, 1, 2, SHAPE(rows, out))));
}

static void large_matmul(struct tape *t, struct gradient *g)
{
    bool ta = gradient_coin(g), tb = gradient_coin(g), one = gradient_coin(g);
    struct tensor *a = gradient_leaf(g, -1, 1, 3, SHAPE(7, ta ? 30 : 41, ta ? 41 : 30));
    struct tensor *b = gradient_leaf(g, -1, 1, 3, SHAPE(one ? 1 : 7, tb ? 37 : 30, tb ? 30 : 37));
    gradient_out(g, op_matmul(t, a, b, ta, tb));
}

static void large_lstm(struct tape *t, struct gradient *g)
{
    size_t steps = 1 + gradient_size(g, 9), rows = 13 + gradient_size(g, 30), width = 9 + gradient_size(g, 40);
    bool cut = gradient_coin(g), starts = gradient_coin(g), reverse = gradient_coin(g);
    struct tensor *gates = gradient_leaf(g, -2, 2, 3, SHAPE(steps, rows, 4 * width + (cut ? 3 : 0)));
    struct tensor *u = gradient_leaf(g, -0.5, 0.5, 2, SHAPE(width, 4 * width));
    struct tensor *h0 = starts ? gradient_leaf(g, -1, 1, 2, SHAPE(rows, width)) : NULL;
    struct tensor *c0 = starts ? gradient_leaf(g, -1, 1, 2, SHAPE(rows, width)) : NULL;
    struct tensor *last_h, *last_c;
    const int32_t *length = lengths(g, steps, rows);
    double zoneout = gradient_coin(g) ? 0.2 : 0;
    gradient_out(g, op_lstm(t, cut ? tape_slice(t, gates, 2, 2, 4 * width) : gates, u, h0, c0, length, reverse, zoneout,
                            &last_h, &last_c));
    gradient_out(g, last_h);
    gradient_out(g, last_c);
}

static void large_gru(struct tape *t, struct gradient *g)
{
    size_t steps = 1 + gradient_size(g, 9), rows = 13 + gradient_size(g, 30), width = 9 + gradient_size(g, 40);
    bool starts = gradient_coin(g), reverse = gradient_coin(g);
    struct tensor *gates = gradient_leaf(g, -2, 2, 3, SHAPE(steps, rows, 3 * width));
    struct tensor *u = gradient_leaf(g, -0.5, 0.5, 2, SHAPE(width, 3 * width));
    struct tensor *bn = gradient_leaf(g, -1, 1, 1, SHAPE(width));
    struct tensor *h0 = starts ? gradient_leaf(g, -1, 1, 2, SHAPE(rows, width)) : NULL, *last;
    gradient_out(g, op_gru(t, gates, u, bn, h0, lengths(g, steps, rows), reverse, &last));
    gradient_out(g, last);
}

static void large_attention(struct tape *t, struct gradient *g)
{
    enum attention kind = gradient_coin(g) ? ATTENTION_DOT : ATTENTION_ADDITIVE;
    size_t queries = 1 + gradient_size(g, 9), rows = 6 + gradient_size(g, 10), places = 3 + gradient_size(g, 9);
    size_t width = 17 + gradient_size(g, 40);
    struct tensor *query = gradient_leaf(g, -1, 1, 3, SHAPE(queries, rows, width));
    struct tensor *keys = gradient_leaf(g, -1, 1, 3, SHAPE(places, rows, width));
    struct tensor *memory = gradient_coin(g) ? keys : gradient_leaf(g, -1, 1, 3, SHAPE(places, rows, 35)), *weights;
    struct tensor *v = kind == ATTENTION_DOT ? NULL : gradient_leaf(g, -1, 1, 1, SHAPE(width));
    gradient_out(g, op_attention(t, kind, query, keys, memory, v, lengths(g, places, rows), 0.3, &weights));
    gradient_see(g, weights);
    gradient_out(g, op_attention(t, kind, keys, keys, keys, v, NULL, 0.3, NULL));
}

static void large_output_loss(struct tape *t, struct gradient *g)
{
    size_t rows = 90 + gradient_size(g, 200), width = 5 + gradient_size(g, 20), classes = 500 + gradient_size(g, 700);
    struct tensor *x = gradient_leaf(g, -2, 2, 2, SHAPE(rows, width)), *right;
    struct tensor *w = gradient_leaf(g, -1, 1, 2, SHAPE(classes, width));
    struct tensor *b = gradient_coin(g) ? NULL : gradient_leaf(g, -1, 1, 1, SHAPE(classes));
    struct tensor *weight = gradient_coin(g) ? NULL : gradient_plain(g, 0, 2, 1, SHAPE(rows));
    const int32_t *target = gradient_ints(g, -1, (int)classes - 1, rows);
    gradient_out(g, op_output_loss(t, x, w, b, target, weight, 0.01, &right));
    gradient_see(g, right);
}

static void large_cross_entropy(struct tape *t, struct gradient *g)
{
    size_t rows = 30 + gradient_size(g, 70), classes = 200 + gradient_size(g, 200);
    struct tensor *x = gradient_leaf(g, -20, 20, 2, SHAPE(rows, classes));
    const int32_t *target = gradient_ints(g, -1, (int)classes - 1, rows);
    gradient_out(
        g, op_cross_entropy(t, x, target, gradient_coin(g) ? NULL : gradient_plain(g, 0, 2, 1, SHAPE(rows)), 0.1));
}

static void large_embedding(struct tape *t, struct gradient *g)
{
    size_t count = 1500, width = 80;
    struct tensor *table = gradient_leaf(g, -1, 1, 2, SHAPE(30, width));
    int32_t start[101];
    for (size_t i = 0; i <= 100; i++)
        start[i] = (int32_t)(15 * i - (i > 50 && i < 60 ? i % 5 : 0));
    gradient_out(g, op_embedding(t, table, gradient_ints(g, -1, 29, count), count));
    gradient_out(g, op_embedding_mean(t, table, gradient_ints(g, -1, 29, count), tape_ints(t, start, 101), 100));
}

static void large_elements(struct tape *t, struct gradient *g)
{
    size_t rows = 3000 + gradient_size(g, 900), width = 33;
    struct tensor *a = gradient_leaf(g, -3, 3, 2, SHAPE(rows, width)), *b = gradient_leaf(g, -1, 1, 1, SHAPE(width));
    struct tensor *cut = tape_slice(t, a, 1, 2, 20);
    int kind = (int)rng_below(&g->r, 9);
    if (kind != UNARY_LOG && kind != UNARY_SQRT)
        gradient_out(g, op_unary(t, gradient_coin(g) ? a : cut, (enum unary)kind));
    gradient_out(g, op_mul(t, op_add(t, a, b), gradient_coin(g) ? a : b));
    gradient_out(g, op_sub(t, op_affine(t, a, 0.7, 0.1), b));
    gradient_out(g, op_dropout(t, a, 0.3));
    gradient_out(g, op_concat(t, (struct tensor *[]){cut, a, op_copy(t, cut)}, 3, 1));
}

static void large_shapes(struct tape *t, struct gradient *g)
{
    struct tensor *x = gradient_leaf(g, -1, 1, 3, SHAPE(50, 40, 60));
    gradient_out(g, op_transpose(t, x, gradient_coin(g) ? (int[]){1, 0, 2} : (int[]){2, 0, 1}));
    gradient_out(g, op_gather(t, x, gradient_ints(g, 0, 49, 70), 70));
    gradient_out(g, op_concat(t, (struct tensor *[]){x, tape_slice(t, x, 1, 3, 30)}, 2, 1));
    gradient_out(g, op_concat(t, (struct tensor *[]){tape_slice(t, x, 1, 3, 7), tape_slice(t, x, 1, 0, 7)}, 2, 0));
}

static void large_sums(struct tape *t, struct gradient *g)
{
    enum reduce kind = (enum reduce)rng_below(&g->r, 3);
    struct tensor *x = gradient_leaf(g, -1, 1, 3, SHAPE(70, 40, 60));
    gradient_out(g, op_reduce(t, x, kind, (int)rng_below(&g->r, 4) - 1));
    gradient_out(g, op_pool_time(t, x, kind, lengths(g, 70, 40)));
    gradient_out(g, op_softmax(t, x));
    gradient_out(
        g, op_layer_norm(t, x, gradient_leaf(g, 0, 2, 1, SHAPE(60)), gradient_leaf(g, -1, 1, 1, SHAPE(60)), 1e-5));
}

static void large_likelihood(struct tape *t, struct gradient *g)
{
    enum likelihood kind = (enum likelihood)rng_below(&g->r, 5);
    size_t rows = 700;
    struct tensor *raw = gradient_leaf(g, -2, 2, 2, SHAPE(rows, likelihood_outputs(kind)));
    struct tensor *y = gradient_plain(g, 0.1, 0.9, 1, SHAPE(rows)), *v = gradient_plain(g, 0.5, 4, 1, SHAPE(rows));
    struct tensor *weight = gradient_coin(g) ? NULL : gradient_plain(g, 0, 1, 1, SHAPE(rows));
    gradient_out(g, op_likelihood(t, kind, raw, y, v, weight, 0.01));
}

static void large_conv1d(struct tape *t, struct gradient *g)
{
    size_t steps = 9 + gradient_size(g, 6), rows = 11, in = 20 + gradient_size(g, 9), out = 30 + gradient_size(g, 9);
    struct tensor *x = gradient_leaf(g, -1, 1, 3, SHAPE(steps, rows, in));
    struct tensor *w = gradient_leaf(g, -1, 1, 3, SHAPE(1 + gradient_size(g, 4), in, out));
    struct tensor *b = gradient_coin(g) ? NULL : gradient_leaf(g, -1, 1, 1, SHAPE(out));
    gradient_out(g, op_conv1d(t, x, w, b, gradient_size(g, 5), gradient_size(g, 3)));
}

/* Kernels of 1 to 7, strides of 1 to 4, pads to 3, channels that fill no vector; at times no image, or none seen. */
static void large_conv2d(struct tape *t, struct gradient *g)
{
    size_t in = gradient_size(g, 20), out = 1 + gradient_size(g, 36), images = gradient_size(g, 4);
    size_t high = gradient_some(g, 7), wide = gradient_coin(g) ? high : gradient_some(g, 7);
    size_t tall = gradient_size(g, 18), broad = gradient_size(g, 18);
    struct tensor *x = gradient_leaf(g, -1, 1, 4, SHAPE(images, tall, broad, in));
    struct tensor *w = gradient_leaf(g, -0.3, 0.3, 4, SHAPE(high, wide, in, out));
    struct tensor *b = gradient_coin(g) ? gradient_leaf(g, -1, 1, 1, SHAPE(out)) : NULL;
    size_t stride = gradient_some(g, 4), pad = (size_t)rng_below(&g->r, 4);
    gradient_out(g, op_conv2d(t, x, w, b, stride, pad));
    if (gradient_coin(g)) /* adds to all slopes */
        gradient_out(g, op_conv2d(t, x, w, b, gradient_some(g, 2), high / 2));
}

/* The layers of a small detector, at a third of their size, threads sharing rows of several images. */
static void network_conv2d(struct tape *t, struct gradient *g)
{
    static const size_t layers[][4] = {
        {27, 3, 16, 2}, {13, 16, 32, 2}, {7, 64, 64, 1}, {5, 64, 32, 1}, {10, 32, 48, 2}};
    const size_t *layer = layers[rng_below(&g->r, 5)];
    struct tensor *x = gradient_plain(g, -1, 1, 4, SHAPE(3, layer[0], layer[0], layer[1]));
    struct tensor *w = gradient_leaf(g, -0.1, 0.1, 4, SHAPE(3, 3, layer[1], layer[2]));
    x = gradient_coin(g) ? x : gradient_leaf(g, -1, 1, 4, SHAPE(3, layer[0], layer[0], layer[1]));
    gradient_out(g, op_conv2d(t, x, w, NULL, layer[3], 1));
}

/* 3 x 3 at stride 1 with many channels, which goes another way: odd sizes, every pad, added to what is there. */
static void square_conv2d(struct tape *t, struct gradient *g)
{
    size_t in = 16 + gradient_size(g, 30), out = 16 + gradient_size(g, 60), images = 3 + gradient_size(g, 2);
    struct tensor *x = gradient_leaf(g, -1, 1, 4, SHAPE(images, 8 + gradient_size(g, 9), 12 + gradient_size(g, 9), in));
    struct tensor *w = gradient_leaf(g, -0.1, 0.1, 4, SHAPE(3, 3, in, out));
    struct tensor *b = gradient_coin(g) ? gradient_leaf(g, -1, 1, 1, SHAPE(out)) : NULL;
    gradient_out(g, op_conv2d(t, x, w, b, 1, (size_t)rng_below(&g->r, 4)));
    if (gradient_coin(g))
        gradient_out(g, op_conv2d(t, x, w, NULL, 1, (size_t)rng_below(&g->r, 2)));
}

static void large_pool2d(struct tape *t, struct gradient *g)
{
    size_t channels = 1 + gradient_size(g, 40), size = gradient_some(g, 4), stride = gradient_some(g, 3);
    struct tensor *x = gradient_leaf(
        g, -1, 1, 4, SHAPE(1 + gradient_size(g, 5), gradient_size(g, 19), gradient_size(g, 19), channels));
    struct tensor *y = op_pool2d(t, x, (enum reduce)rng_below(&g->r, 3), size, stride, (size_t)rng_below(&g->r, size));
    gradient_out(g, y);
    gradient_out(g, op_pool2d(t, x, REDUCE_MAX, 2, 2, 0));
}

static void large_batch_norm(struct tape *t, struct gradient *g)
{
    size_t width = 1 + gradient_size(g, 40), rows = 300 + gradient_size(g, 900);
    struct tensor *x = gradient_leaf(g, -2, 9, 2, SHAPE(rows, width));
    struct tensor *gain = gradient_leaf(g, 0.5, 2, 1, SHAPE(width)), *bias = gradient_leaf(g, -1, 1, 1, SHAPE(width));
    struct tensor *mean = gradient_plain(g, -1, 1, 1, SHAPE(width));
    struct tensor *variance = gradient_plain(g, 0.5, 2, 1, SHAPE(width));
    gradient_out(g, gradient_coin(g) ? op_batch_norm(t, x, gain, bias, mean, variance, 0.1, 1e-3)
                                     : op_batch_norm_relu(t, x, gain, bias, mean, variance, 0.1, 1e-3));
    gradient_see(g, mean);
    gradient_see(g, variance);
}

/* Rows of a few classes, most of which do not count. */
static void large_boxes(struct tape *t, struct gradient *g)
{
    size_t rows = 4000 + gradient_size(g, 900), classes = 1 + gradient_some(g, 9);
    struct tensor *x = gradient_leaf(g, -9, 9, 2, SHAPE(rows, classes)),
                  *box = gradient_leaf(g, -3, 3, 2, SHAPE(rows, 4));
    struct tensor *wanted = gradient_plain(g, -1, 1, 2, SHAPE(rows, 4)),
                  *weight = gradient_plain(g, 0, 2, 1, SHAPE(rows));
    gradient_out(g, op_cross_entropy(t, x, gradient_ints(g, -1, (int)classes - 1, rows), weight, 0.01));
    gradient_out(g, op_smooth_l1(t, box, wanted, weight, 0.01));
}

static gradient_case *const large[] = {large_linear,     large_linear_rows, large_matmul,      large_lstm,
                                       large_gru,        large_attention,   large_output_loss, large_cross_entropy,
                                       large_embedding,  large_elements,    large_shapes,      large_sums,
                                       large_likelihood, large_conv1d,      large_conv2d,      network_conv2d,
                                       square_conv2d,    large_pool2d,      large_batch_norm,  large_boxes};

static void shared_work(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        for (uint64_t seed = 1; seed <= 6; seed++)
            gradient_compare(large[i], seed, &backend_ref32, &backend_cpu, 1 + 2 * (int)(seed % 2), 5e-5);
}

/* Tolerance 0: the same threads, the same bits. */
static void same_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        for (uint64_t seed = 1; seed <= 2; seed++) {
            struct gradient a, b;
            gradient_open(&a, &backend_cpu, 3, seed);
            gradient_open(&b, &backend_cpu, 3, seed);
            gradient_compare_pass(&a, &b, large[i], true, 0);
            gradient_close(&a);
            gradient_close(&b);
        }
}

/* --- products ----------------------------------------------------------------------------------------------------- */

static void fill(struct rng *r, float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(rng_uniform(r) - 0.5);
}

static void products_of(struct rng *r, size_t rows, size_t columns, size_t depth, bool transposed, bool add)
{
    size_t ldc = columns + 3, lda = depth + 1, ldb = (transposed ? depth : columns) + 2;
    float *a = calloc(rows * lda + 1, sizeof *a), *b = calloc((transposed ? columns : depth) * ldb + 1, sizeof *b);
    float *c = calloc(rows * ldc + 1, sizeof *c), *fast = calloc(rows * ldc + 1, sizeof *fast);
    float *plain = calloc(rows * ldc + 1, sizeof *plain);
    float *packed = aligned_alloc(64, (product_room(depth, columns) * sizeof *packed + 64) / 64 * 64);
    fill(r, a, rows * lda);
    fill(r, b, (transposed ? columns : depth) * ldb);
    fill(r, c, rows * ldc);
    memcpy(fast, c, rows * ldc * sizeof *c);
    memcpy(plain, c, rows * ldc * sizeof *c);
    product_pack(packed, b, ldb, depth, 0, columns, transposed);
    product(&(struct product){fast, ldc, add ? fast : NULL, ldc, a, lda, packed, rows, columns, depth});
    product_plain(&(struct product){plain, ldc, add ? c : NULL, ldc, a, lda, packed, rows, columns, depth});
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < ldc; j++) {
            double wanted = add || j >= columns ? (double)c[i * ldc + j] : 0;
            for (size_t l = 0; j < columns && l < depth; l++)
                wanted += (double)a[i * lda + l] * (double)b[transposed ? j * ldb + l : l * ldb + j];
            assert_true(fabs((double)fast[i * ldc + j] - wanted) < 1e-5);
            assert_true(fabs((double)plain[i * ldc + j] - wanted) < 1e-5);
        }
    free(a);
    free(b);
    free(c);
    free(fast);
    free(plain);
    free(packed);
}

static void packed_products(void **state)
{
    struct rng r;
    (void)state;
    rng_init(&r, 1, 1);
    for (size_t i = 0; i < 300; i++)
        products_of(&r, rng_below(&r, 25), rng_below(&r, 50), rng_below(&r, 40), rng_below(&r, 2) == 0,
                    rng_below(&r, 2) == 0);
    products_of(&r, 200, 33, 7, false, true); /* more than a chunk of rows */
}

/* --- windows ------------------------------------------------------------------------------------------------------ */

/* Windows of an image row by row, times a matrix, and their sums with rows of another: the fast ways and the plain ones
 * against the formula. */
static void windows_of(struct rng *r, size_t count, size_t pieces, size_t length, size_t columns)
{
    size_t apart = length + rng_below(r, 9), depth = pieces * length, room = product_room(depth, columns);
    size_t size = (count + pieces) * apart + length + 1, results = (count + 1) * columns;
    float *image = calloc(size, sizeof *image), *w = calloc(depth * columns + 1, sizeof *w);
    float *d = aligned_alloc(64, (product_room(count, columns) * sizeof *d + 127) / 64 * 64);
    float *packed = aligned_alloc(64, (room * sizeof *packed + 127) / 64 * 64);
    float *made = calloc(2 * results, sizeof *made), *sums = calloc(2 * depth * columns + 1, sizeof *sums);
    const float **at = calloc(count + 1, sizeof *at);
    float **c[] = {calloc(count + 1, sizeof *at), calloc(count + 1, sizeof *at)};
    bool add = rng_below(r, 2) == 0, biased = rng_below(r, 2) == 0;
    fill(r, image, size);
    fill(r, w, depth * columns);
    fill(r, made, results);
    fill(r, sums, depth * columns);
    memcpy(made + results, made, results * sizeof *made);
    memcpy(sums + depth * columns, sums, depth * columns * sizeof *sums);
    product_pack(packed, w, columns, depth, 0, columns, false);
    memset(d, 0, product_room(count, columns) * sizeof *d);
    for (size_t i = 0; i < count; i++) {
        at[i] = image + rng_below(r, count * apart + 1);
        c[0][i] = made + i * columns;
        c[1][i] = made + results + i * columns;
        for (size_t j = 0; j < columns; j++)
            d[j / PRODUCT_PANEL * PRODUCT_PANEL * count + i * PRODUCT_PANEL + j % PRODUCT_PANEL] = image[i + j % 3];
    }
    struct windows x = {at, count, pieces, length, apart};
    float *before = calloc(results + depth * columns + 1, sizeof *before), *bias = made + count * columns;
    memcpy(before, made, results * sizeof *made);
    memcpy(before + results, sums, depth * columns * sizeof *sums);
    window_product(&(struct window_product){x, c[0], biased ? bias : NULL, add, packed, columns});
    window_product_plain(&(struct window_product){x, c[1], biased ? bias : NULL, add, packed, columns});
    window_sum(&(struct window_sum){x, sums, columns, columns, add, d});
    window_sum_plain(&(struct window_sum){x, sums + depth * columns, columns, columns, add, d});
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < columns; j++) {
            double wanted = add ? (double)before[i * columns + j] : biased ? (double)bias[j] : 0;
            for (size_t l = 0; l < depth; l++)
                wanted += (double)at[i][l / length * apart + l % length] * (double)w[l * columns + j];
            assert_true(fabs((double)c[0][i][j] - wanted) < 1e-5 && fabs((double)c[1][i][j] - wanted) < 1e-5);
        }
    for (size_t l = 0; l < depth; l++)
        for (size_t j = 0; j < columns; j++) {
            double wanted = add ? (double)before[results + l * columns + j] : 0;
            for (size_t i = 0; i < count; i++)
                wanted += (double)at[i][l / length * apart + l % length] * (double)image[i + j % 3];
            assert_true(fabs((double)sums[l * columns + j] - wanted) < 1e-5);
            assert_true(fabs((double)sums[(depth + l) * columns + j] - wanted) < 1e-5);
        }
    void *all[] = {image, w, d, packed, made, sums, at, c[0], c[1], before};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static void windows_times_matrices(void **state)
{
    struct rng r;
    (void)state;
    rng_init(&r, 2, 1);
    for (size_t i = 0; i < 300; i++)
        windows_of(&r, rng_below(&r, 25), rng_below(&r, 4), 1 + rng_below(&r, 20), rng_below(&r, 50));
}

/* --- functions ---------------------------------------------------------------------------------------------------- */

static void units_off(const char *what, float x, float got, double wanted, double most)
{
    int exponent;
    frexp(wanted, &exponent);
    if (!(fabs((double)got - wanted) <= most * ldexp(1, exponent - 24)))
        fail_msg("%s(%.9g) is %.9g, wanted %.9g", what, (double)x, (double)got, wanted);
}

static void functions_of_floats(void **state)
{
    (void)state;
    for (int i = -200000; i <= 200000; i++) {
        float x = (float)i * (i % 3 == 0 ? 1e-4f : i % 3 == 1 ? 1e-6f : 4e-4f), y = exp_float(x);
        units_off("exp", x, y, exp((double)x), 2);
        units_off("tanh", x, tanh_float(x), tanh((double)x), 3);
        units_off("sigmoid", x, sigmoid_float(x), 1 / (1 + exp(-(double)x)), 3);
        units_off("softplus", x, softplus_float(x), log1p(exp((double)x)), 4);
        units_off("log", y, log_float(y), log((double)y), 3);
    }
    assert_true(isnan(tanh_float(NAN)) && isnan(exp_float(NAN)) && isnan(softplus_float(NAN)));
    assert_true(tanh_float(INFINITY) == 1 && tanh_float(-INFINITY) == -1);
}

int main(void)
{
    struct CMUnitTest tests[OP_CASES + 5] = {
        cmocka_unit_test(shared_work), cmocka_unit_test(same_bits), cmocka_unit_test(packed_products),
        cmocka_unit_test(windows_times_matrices), cmocka_unit_test(functions_of_floats)};
    for (size_t i = 0; i < OP_CASES; i++)
        tests[i + 5] = (struct CMUnitTest){op_cases[i].name, all_operations, NULL, NULL, (void *)&op_cases[i]};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
