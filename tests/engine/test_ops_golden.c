/* The operations in double against PyTorch's numbers (tests/reference/ops.py). */
#include "gradient.h"

#include "engine/tensor/likelihood.h"
#include "tests/golden/ops.h"

#define SHAPE(...) ((const size_t[]){__VA_ARGS__})
#define COUNT(array) (sizeof(array) / sizeof *(array))
#define IS(y, golden) is(#golden, y, golden, COUNT(golden))

static struct tape *t;

/* Numbers that are exact in binary, the same as in the script. */
static struct tensor *wave(size_t seed, int rank, const size_t *shape)
{
    struct tensor *x = tape_plain(t, rank, shape);
    for (size_t i = 0; i < tensor_count(x); i++)
        ((double *)x->data)[i] = ((double)((i * 37 + seed * 101 + i * i * 11) % 61) - 30) / 16;
    return x;
}

static struct tensor *each(struct tensor *x, double (*f)(double x))
{
    for (size_t i = 0; i < tensor_count(x); i++)
        ((double *)x->data)[i] = f(((double *)x->data)[i]);
    return x;
}

static void is(const char *name, const struct tensor *y, const double *golden, size_t count)
{
    assert_int_equal(tensor_count(y), count);
    for (size_t i = 0; i < count; i++)
        if (!(fabs(((const double *)y->data)[i] - golden[i]) <= 1e-12 * (1 + fabs(golden[i]))))
            fail_msg("%s, number %zu: %.17g, wanted %.17g", name, i, ((const double *)y->data)[i], golden[i]);
}

static double one_more(double x)
{
    return fabs(x) + 1;
}

static double half_more(double x)
{
    return fabs(x) + 0.5;
}

static double whole(double x)
{
    return floor(fabs(x) * 4);
}

static double squeezed(double x)
{
    return x / 4 + 0.5;
}

static void products_and_elements(void **state)
{
    struct tensor *x = wave(1, 3, SHAPE(2, 3, 4));
    (void)state;
    IS(op_linear(t, x, wave(2, 2, SHAPE(4, 2)), wave(3, 1, SHAPE(2))), golden_linear);
    IS(op_matmul(t, wave(1, 3, SHAPE(1, 4, 2)), wave(2, 3, SHAPE(3, 5, 4)), true, true), golden_matmul);
    IS(op_add(t, x, wave(2, 2, SHAPE(3, 4))), golden_add);
    IS(op_sub(t, x, wave(2, 1, SHAPE(4))), golden_sub);
    IS(op_mul(t, x, wave(2, 3, SHAPE(2, 3, 4))), golden_mul);
    IS(op_affine(t, wave(1, 1, SHAPE(7)), 2.5, -0.75), golden_affine);
}

static void functions(void **state)
{
    struct tensor *x = wave(1, 1, SHAPE(8)), *positive = each(wave(1, 1, SHAPE(8)), one_more);
    (void)state;
    IS(op_unary(t, x, UNARY_TANH), golden_unary_tanh);
    IS(op_unary(t, x, UNARY_SIGMOID), golden_unary_sigmoid);
    IS(op_unary(t, x, UNARY_RELU), golden_unary_relu);
    IS(op_unary(t, x, UNARY_SOFTPLUS), golden_unary_softplus);
    IS(op_unary(t, x, UNARY_EXP), golden_unary_exp);
    IS(op_unary(t, positive, UNARY_LOG), golden_unary_log);
    IS(op_unary(t, x, UNARY_ABS), golden_unary_abs);
    IS(op_unary(t, x, UNARY_SQUARE), golden_unary_square);
    IS(op_unary(t, positive, UNARY_SQRT), golden_unary_sqrt);
}

static void shapes_and_sums(void **state)
{
    const int32_t row[] = {3, 0, 3}, length[] = {4, 0, 2};
    struct tensor *x = wave(1, 3, SHAPE(2, 3, 4)), *steps = wave(1, 3, SHAPE(4, 3, 2));
    struct tensor *parts[] = {tape_slice(t, x, 1, 1, 2), wave(2, 3, SHAPE(2, 1, 4))};
    (void)state;
    IS(op_transpose(t, x, (const int[]){2, 0, 1}), golden_transpose);
    IS(op_concat(t, parts, 2, 1), golden_concat);
    IS(op_gather(t, wave(1, 2, SHAPE(4, 3)), row, 3), golden_gather);
    IS(op_reduce(t, x, REDUCE_SUM, 1), golden_reduce_sum);
    IS(op_reduce(t, x, REDUCE_MEAN, -1), golden_reduce_mean);
    IS(op_reduce(t, x, REDUCE_MAX, 0), golden_reduce_max);
    IS(op_pool_time(t, steps, REDUCE_SUM, length), golden_pool_time_sum);
    IS(op_pool_time(t, steps, REDUCE_MEAN, length), golden_pool_time_mean);
    IS(op_pool_time(t, steps, REDUCE_MAX, length), golden_pool_time_max);
}

static void tables(void **state)
{
    const int32_t id[] = {4, -1, 0, 4}, bag[] = {2, 4, 2, 0}, start[] = {0, 3, 3, 4};
    struct tensor *table = wave(1, 2, SHAPE(5, 3));
    (void)state;
    IS(op_embedding(t, table, id, 4), golden_embedding);
    IS(op_embedding_mean(t, table, bag, start, 3), golden_embedding_mean);
}

/* The share that is dropped is the rate, and what stays makes up for it. */
static void dropouts(void **state)
{
    struct tensor *x = tape_plain(t, 1, SHAPE(100000)), *y;
    double zeros = 0, sum = 0;
    (void)state;
    for (size_t i = 0; i < 100000; i++)
        ((double *)x->data)[i] = 1;
    y = op_dropout(t, x, 0.3);
    for (size_t i = 0; i < 100000; i++) {
        zeros += ((double *)y->data)[i] == 0;
        sum += ((double *)y->data)[i];
    }
    assert_true(fabs(zeros / 1e5 - 0.3) < 0.005 && fabs(sum / 1e5 - 1) < 0.01); /* more than three deviations */
}

static void losses(void **state)
{
    const int32_t target[] = {2, 0, 4};
    struct tensor *x = wave(1, 2, SHAPE(3, 5)), *right;
    struct tensor *weight = each(wave(2, 1, SHAPE(3)), fabs);
    struct tensor *unit = each(wave(2, 2, SHAPE(5, 5)), fabs);
    (void)state;
    for (size_t i = 0; i < 25; i++)
        ((double *)unit->data)[i] = i / 5 == i % 5;
    IS(op_softmax(t, x), golden_softmax);
    IS(op_cross_entropy(t, x, target, weight, 1), golden_cross_entropy);
    IS(op_output_loss(t, x, unit, NULL, target, weight, 1, &right), golden_cross_entropy);
    IS(op_smooth_l1(t, x, wave(3, 2, SHAPE(3, 5)), weight, 0.5), golden_smooth_l1);
}

static void recurrent(void **state)
{
    const int32_t length[] = {4, 2, 3};
    struct tensor *h0 = wave(3, 2, SHAPE(3, 2)), *c0 = wave(4, 2, SHAPE(3, 2)), *last[2];
    (void)state;
    for (int reverse = 0; reverse < 2; reverse++) {
        struct tensor *both;
        op_lstm(t, wave(1, 3, SHAPE(4, 3, 8)), wave(2, 2, SHAPE(2, 8)), h0, c0, length, reverse, 0, &last[0], &last[1]);
        both = op_concat(t, last, 2, 0);
        reverse ? IS(both, golden_lstm_reverse) : IS(both, golden_lstm);
        op_gru(t, wave(1, 3, SHAPE(4, 3, 6)), wave(2, 2, SHAPE(2, 6)), wave(5, 1, SHAPE(2)), h0, length, reverse,
               &last[0]);
        reverse ? IS(last[0], golden_gru_reverse) : IS(last[0], golden_gru);
    }
}

static void norms(void **state)
{
    struct tensor *mean = wave(4, 1, SHAPE(3)), *variance = each(wave(5, 1, SHAPE(3)), one_more);
    struct tensor *gain = wave(2, 1, SHAPE(3)), *bias = wave(3, 1, SHAPE(3));
    struct tape *learning = t;
    (void)state;
    IS(op_layer_norm(t, wave(1, 2, SHAPE(3, 5)), wave(2, 1, SHAPE(5)), wave(3, 1, SHAPE(5)), 1e-3), golden_layer_norm);
    IS(op_batch_norm(t, wave(1, 2, SHAPE(6, 3)), gain, bias, mean, variance, 0.25, 1e-3), golden_batch_norm);
    IS(op_concat(t, (struct tensor *const[]){mean, variance}, 2, 0), golden_batch_norm_running);
    t = tape_open(&backend_ref64, 1, &(struct error){0}); /* one that is not learning */
    IS(op_batch_norm(t, wave(6, 2, SHAPE(6, 3)), gain, bias, mean, variance, 0.25, 1e-3), golden_batch_norm_after);
    tape_close(t);
    t = learning;
}

static void convolutions(void **state)
{
    struct tensor *image = wave(1, 4, SHAPE(2, 5, 4, 3));
    (void)state;
    IS(op_conv1d(t, wave(1, 3, SHAPE(5, 2, 3)), wave(2, 3, SHAPE(3, 3, 4)), wave(3, 1, SHAPE(4)), 2, 1), golden_conv1d);
    IS(op_conv2d(t, image, wave(2, 4, SHAPE(3, 2, 3, 2)), wave(3, 1, SHAPE(2)), 2, 1), golden_conv2d);
    IS(op_pool2d(t, image, REDUCE_MAX, 3, 2, 1), golden_pool2d_max);
    IS(op_pool2d(t, image, REDUCE_MEAN, 3, 2, 1), golden_pool2d_mean);
}

static void attention(void **state)
{
    const int32_t length[] = {5, 2, 4};
    struct tensor *query = wave(1, 3, SHAPE(2, 3, 4)), *keys = wave(2, 3, SHAPE(5, 3, 4));
    struct tensor *memory = wave(3, 3, SHAPE(5, 3, 2)), *v = wave(4, 1, SHAPE(4));
    (void)state;
    IS(op_attention(t, ATTENTION_DOT, query, keys, memory, NULL, length, 0.5, NULL), golden_attention_dot);
    IS(op_attention(t, ATTENTION_ADDITIVE, query, keys, memory, v, length, 1, NULL), golden_attention_additive);
}

/* Row by row: the loss of one row alone is the golden number. */
static void likelihood_is(enum likelihood kind, size_t width, struct tensor *y, const double *golden)
{
    struct tensor *raw = wave(1, 2, SHAPE(6, 3)), *v = each(wave(3, 1, SHAPE(6)), half_more);
    for (size_t r = 0; r < 6; r++) {
        struct tensor *row = op_copy(t, tape_slice(t, tape_slice(t, raw, 0, r, 1), 1, 0, width));
        struct tensor *loss =
            op_likelihood(t, kind, row, tape_slice(t, y, 0, r, 1), tape_slice(t, v, 0, r, 1), NULL, 1);
        is("likelihood", loss, golden + r, 1);
    }
}

static void likelihoods(void **state)
{
    (void)state;
    likelihood_is(LIKELIHOOD_GAUSSIAN, 2, wave(2, 1, SHAPE(6)), golden_gaussian);
    likelihood_is(LIKELIHOOD_STUDENT_T, 3, wave(2, 1, SHAPE(6)), golden_student_t);
    likelihood_is(LIKELIHOOD_NEGATIVE_BINOMIAL, 2, each(wave(2, 1, SHAPE(6)), whole), golden_negative_binomial);
    likelihood_is(LIKELIHOOD_BETA, 2, each(wave(2, 1, SHAPE(6)), squeezed), golden_beta);
}

static void digammas(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(golden_digamma); i++)
        assert_true(fabs(digamma(golden_digamma_at[i]) - golden_digamma[i]) < 4e-15 * (1 + fabs(golden_digamma[i])));
}

static int open_tape(void **state)
{
    (void)state;
    t = tape_open(&backend_ref64, 1, &(struct error){0});
    if (t)
        tape_begin(t, true, 1);
    return t ? 0 : -1;
}

static int close_tape(void **state)
{
    (void)state;
    tape_close(t);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_and_elements),
        cmocka_unit_test(functions),
        cmocka_unit_test(shapes_and_sums),
        cmocka_unit_test(tables),
        cmocka_unit_test(dropouts),
        cmocka_unit_test(losses),
        cmocka_unit_test(recurrent),
        cmocka_unit_test(norms),
        cmocka_unit_test(convolutions),
        cmocka_unit_test(attention),
        cmocka_unit_test(likelihoods),
        cmocka_unit_test(digammas),
    };
    return cmocka_run_group_tests(tests, open_tape, close_tape);
}
