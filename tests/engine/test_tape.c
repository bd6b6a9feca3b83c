/* The tape: steps that allocate nothing, slopes through views, numbers that repeat, and memory that runs out. */
#include "allocations.h"
#include "op_cases.h"

/* --- a small network
 * -------------------------------------------------------------------------------------------------- */

#define FIRST_BLOCK ((size_t)1 << 16) /* of a tape, in bytes */
#define ROWS 40
#define WIDTH 12

static float weights[WIDTH * 4 * WIDTH], weight_slopes[WIDTH * 4 * WIDTH], values[ROWS * 8 * WIDTH];

/* A parameter: its numbers and slopes outlive the step. */
static struct tensor parameter(void)
{
    struct tensor w = {.data = weights, .grad = weight_slopes};
    struct rng r;
    rng_init(&r, 7, 0);
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++)
        weights[i] = (float)rng_normal(&r) * 0.3f;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        values[i] = (float)rng_normal(&r);
    tensor_shape(&w, 2, SHAPE(WIDTH, 4 * WIDTH));
    return w;
}

static struct tensor *network(struct tape *t, struct tensor *w, size_t steps, size_t rows)
{
    struct tensor *x = tape_input(t, 3, SHAPE(steps, rows, WIDTH), values), *last_h, *last_c;
    struct tensor *h = op_lstm(t, op_linear(t, x, w, NULL), w, NULL, NULL, NULL, false, 0.1, &last_h, &last_c);
    h = op_dropout(t, op_unary(t, h, UNARY_TANH), 0.2);
    h = op_concat(t, (struct tensor *const[]){op_pool_time(t, h, REDUCE_MEAN, NULL), last_h}, 2, 1);
    return op_reduce(t, op_unary(t, h, UNARY_SQUARE), REDUCE_MEAN, -1);
}

static double step(struct tape *t, struct tensor *w, size_t steps, size_t rows, uint64_t random)
{
    struct tensor *loss;
    tape_begin(t, true, random);
    w->base = w;
    loss = network(t, w, steps, rows);
    w->grad_ready = false;
    tape_backward(t, loss);
    return tape_number(t, loss);
}

static struct tape *opened(const struct backend *backend)
{
    struct error err = {0};
    struct tape *t = tape_open(backend, 2, &err);
    assert_non_null(t);
    return t;
}

/* --- a small network of images
 * -------------------------------------------------------------------------------------------------- */

#define IMAGES 4

static struct tensor *filled(struct tape *t, int rank, const size_t *shape)
{
    struct tensor *x = tape_tensor(t, rank, shape);
    size_t count = tensor_count(x);
    for (size_t i = 0; i < count; i++)
        ((float *)x->data)[i] = (float)(i * 7919 % 1000) / 2500 - 0.2f;
    return x;
}

static struct tensor *image_layer(struct tape *t, struct tensor *x, size_t in, size_t out, size_t stride)
{
    float ones[32];
    for (size_t i = 0; i < 32; i++)
        ones[i] = 1;
    x = op_conv2d(t, x, filled(t, 4, SHAPE(3, 3, in, out)), filled(t, 1, SHAPE(out)), stride, 1);
    return op_batch_norm_relu(t, x, filled(t, 1, SHAPE(out)), filled(t, 1, SHAPE(out)),
                              tape_input(t, 1, SHAPE(out), ones), tape_input(t, 1, SHAPE(out), ones), 0.1, 1e-3);
}

/* Its 3 x 3 kernels go every way that the processor's backend has for them. */
static double image_step(struct tape *t, size_t images)
{
    struct tensor *x, *loss;
    const int32_t target[2 * IMAGES] = {0, -1, 3, 5};
    tape_begin(t, true, 1);
    x = image_layer(t, filled(t, 4, SHAPE(images, 24, 23, 3)), 3, 16, 1);
    x = image_layer(t, op_pool2d(t, x, REDUCE_MAX, 2, 2, 0), 16, 24, 1);
    x = image_layer(t, x, 24, 20, 2);
    x = op_pool2d(t, x, REDUCE_MEAN, 6, 6, 0);
    x = tape_reshape(t, x, 2, SHAPE(2 * images, 10));
    loss = op_smooth_l1(t, x, tape_detach(t, op_affine(t, x, 0.5, 0.1)), NULL, 0.3);
    loss = op_add(t, loss, op_cross_entropy(t, x, tape_ints(t, target, 2 * images), NULL, 0.2));
    tape_backward(t, loss);
    return tape_number(t, loss);
}

/* --- tests
 * ------------------------------------------------------------------------------------------------------------- */

static void steps_allocate_nothing(void **state)
{
    const struct backend *backend = *state;
    struct tape *t = opened(backend);
    struct tensor w = parameter();
    size_t growths, bytes;
    long before;
    step(t, &w, 3, 5, 1);
    step(t, &w, 8, ROWS, 2);
    step(t, &w, 2, ROWS, 3); /* blocks were many; from here on there is one */
    growths = tape_growths(t);
    bytes = tape_bytes(t);
    before = allocations;
    assert_true(growths > 2 && before > 0);
    for (size_t i = 0; i < 30; i++)
        step(t, &w, i % 9, 1 + i * 7 % ROWS, i);
    step(t, &w, 8, ROWS, 2);
    assert_int_equal(tape_growths(t), growths);
    assert_int_equal(tape_bytes(t), bytes);
    assert_int_equal(allocations, before);
    tape_close(t);
}

static void same_random_same_bits(void **state)
{
    const struct backend *backend = *state;
    struct tape *t = opened(backend), *other = opened(backend);
    struct tensor w = parameter();
    float slopes[WIDTH * 4 * WIDTH];
    double loss = step(t, &w, 6, ROWS, 11);
    memcpy(slopes, weight_slopes, sizeof slopes);
    step(t, &w, 3, 4, 12);
    assert_true(step(t, &w, 6, ROWS, 11) == loss);
    assert_memory_equal(slopes, weight_slopes, sizeof slopes);
    assert_true(step(other, &w, 6, ROWS, 11) == loss);
    assert_memory_equal(slopes, weight_slopes, sizeof slopes);
    assert_true(step(t, &w, 6, ROWS, 13) != loss);
    tape_close(t);
    tape_close(other);
}

/* Slopes of a parameter add up over its uses and over steps until they are cleared. */
static void slopes_add_up(void **state)
{
    struct tape *t = opened(&backend_ref32);
    float numbers[] = {1, 2, 3, 4}, slopes[] = {9, 9, 9, 9};
    struct tensor w = {.data = numbers, .grad = slopes, .base = &w}, *upper, *whole;
    (void)state;
    tensor_shape(&w, 2, SHAPE(2, 2));
    for (int round = 1; round <= 2; round++) {
        tape_begin(t, true, 0);
        upper = tape_slice(t, &w, 0, 0, 1);
        whole = tape_reshape(t, &w, 1, SHAPE(4));
        whole = op_add(t, op_reduce(t, op_mul(t, whole, whole), REDUCE_SUM, -1),
                       op_reduce(t, op_affine(t, upper, 10, 0), REDUCE_SUM, -1));
        tape_backward(t, op_add(t, whole, op_reduce(t, tape_detach(t, &w), REDUCE_SUM, -1)));
        for (int i = 0; i < 4; i++)
            assert_float_equal(slopes[i], (float)round * (2 * numbers[i] + (i < 2 ? 10 : 0)), 1e-5f);
    }
    w.grad_ready = false; /* cleared as a whole when a part is added to */
    tape_begin(t, true, 0);
    tape_backward(t, op_reduce(t, op_copy(t, tape_slice(t, &w, 1, 1, 1)), REDUCE_SUM, -1));
    assert_memory_equal(slopes, ((const float[]){0, 1, 0, 1}), sizeof slopes);
    tape_close(t);
}

static void tables_know_their_rows(void **state)
{
    struct tape *t = opened(&backend_ref32);
    float numbers[12] = {0}, slopes[12] = {0};
    int32_t row[6];
    uint8_t seen[6] = {0};
    const int32_t id[] = {4, 1, -1, 4};
    struct touched touched = {row, 0, seen};
    struct tensor table = {.data = numbers, .grad = slopes, .touched = &touched, .base = &table}, *y;
    (void)state;
    tensor_shape(&table, 2, SHAPE(6, 2));
    tape_begin(t, true, 0);
    y = op_embedding(t, &table, tape_ints(t, id, 4), 4);
    tape_backward(t, op_reduce(t, y, REDUCE_SUM, -1));
    assert_int_equal(touched.count, 2);
    assert_true(row[0] == 4 && row[1] == 1);
    for (int i = 0; i < 12; i++)
        assert_float_equal(slopes[i], (i / 2 == 4 ? 2.0f : i / 2 == 1 ? 1.0f : 0.0f), 0);
    tape_begin(t, true, 0);
    table.grad_ready = true;
    tape_backward(t, op_reduce(t, &table, REDUCE_SUM, -1)); /* used as a whole: every row has a slope */
    assert_int_equal(touched.count, 6);
    assert_float_equal(slopes[8], 3, 0);
    assert_float_equal(slopes[0], 1, 0);
    tape_close(t);
}

/* Each allocation in turn is refused: the step fails with words, and the next one is as if nothing had been. */
static void memory_runs_out(void **state)
{
    struct tensor w = parameter();
    struct tape *t = opened(&backend_ref32);
    double loss = step(t, &w, 8, ROWS, 5);
    long needed = (long)tape_growths(t) * 2, failures = 0;
    (void)state;
    tape_close(t);
    for (long n = 0; n < needed; n++) {
        struct error err = {0};
        t = opened(&backend_ref32);
        refuse_from = allocations + n;
        step(t, &w, 8, ROWS, 5);
        refuse_from = -1;
        if (tape_failed(t)) {
            failures++;
            assert_int_equal(tape_finish(t, &err), -1);
            assert_int_equal(err.code, ERROR_SYSTEM);
            assert_non_null(strstr(err.fix, "mini_batch_size"));
        }
        assert_true(step(t, &w, 8, ROWS, 5) == loss);
        assert_int_equal(tape_finish(t, &err), 0);
        tape_close(t);
    }
    assert_true(failures > 4);
}

static void image_steps_allocate_nothing(void **state)
{
    struct tape *t = opened(*state);
    size_t growths, bytes;
    long before;
    for (size_t i = 0; i < 3; i++)
        image_step(t, IMAGES);
    growths = tape_growths(t);
    bytes = tape_bytes(t);
    before = allocations;
    for (size_t i = 0; i < 2 * IMAGES; i++)
        image_step(t, 1 + i % IMAGES);
    assert_int_equal(tape_growths(t), growths);
    assert_int_equal(tape_bytes(t), bytes);
    assert_int_equal(allocations, before);
    tape_close(t);
}

static void images_run_out_of_memory(void **state)
{
    struct tape *t = opened(&backend_cpu);
    double loss = image_step(t, IMAGES);
    long needed = (long)tape_growths(t) * 2, failures = 0;
    (void)state;
    assert_true(isfinite(loss) && loss > 0);
    tape_close(t);
    for (long n = 0; n < needed; n++) {
        struct error err = {0};
        t = opened(&backend_cpu);
        refuse_from = allocations + n;
        image_step(t, IMAGES);
        refuse_from = -1;
        failures += tape_failed(t);
        assert_true(image_step(t, IMAGES) == loss);
        assert_int_equal(tape_finish(t, &err), 0);
        tape_close(t);
    }
    assert_true(failures > 4);
}

/* Every operation, with memory for `room` pieces of 64 bytes and no more: whichever is missing, nothing is touched that
 * is not there. */
static bool device_is_full;

static void *full_alloc(size_t bytes)
{
    return device_is_full ? NULL : backend_ref32.alloc(bytes);
}

static bool operation_fails(const struct op_case *c, const struct backend *backend, uint64_t seed, size_t room)
{
    struct gradient g;
    struct tensor *loss;
    bool failed;
    gradient_open(&g, backend, 1, seed);
    tape_begin(g.tape, true, seed);
    rng_init(&g.r, seed, 1);
    (void)tape_scratch(g.tape, FIRST_BLOCK - room * 64);
    device_is_full = true;
    c->build(g.tape, &g);
    loss = g.out[0]->rank == 0 ? g.out[0] : op_reduce(g.tape, op_copy(g.tape, g.out[0]), REDUCE_SUM, -1);
    tape_backward(g.tape, loss);
    device_is_full = false;
    failed = tape_failed(g.tape);
    gradient_close(&g);
    return failed;
}

static void operations_run_out_of_memory(void **state)
{
    struct backend full = *(const struct backend *)*state;
    size_t failures = 0, tries = OP_CASES * 4 * 40;
    full.alloc = full_alloc;
    for (size_t i = 0; i < OP_CASES; i++)
        for (uint64_t seed = 1; seed <= 4; seed++)
            for (size_t room = 0; room < 40; room++)
                failures += operation_fails(&op_cases[i], &full, seed, room);
    assert_true(failures > tries / 6 && failures < tries);
}

static void sizes_beyond_memory_fail(void **state)
{
    struct tape *t = opened(&backend_ref32);
    struct error err = {0};
    (void)state;
    tape_begin(t, false, 0);
    assert_int_equal(tensor_count(tape_tensor(t, 2, SHAPE(SIZE_MAX / 2, 64))), 0);
    assert_int_equal(tape_finish(t, &err), -1);
    tape_close(t);
}

static void no_slopes_without_learning(void **state)
{
    struct tape *t = opened(&backend_ref32);
    struct tensor w = parameter(), *y;
    (void)state;
    tape_begin(t, false, 0);
    w.base = &w;
    y = network(t, &w, 3, 4);
    assert_false(tensor_learns(y));
    tape_begin(t, true, 0);
    assert_false(tensor_learns(op_unary(t, tape_input(t, 1, SHAPE(4), values), UNARY_TANH)));
    tape_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"reference: steps_allocate_nothing", steps_allocate_nothing, NULL, NULL, (void *)&backend_ref32},
        {"reference: same_random_same_bits", same_random_same_bits, NULL, NULL, (void *)&backend_ref32},
        {"CPU: steps_allocate_nothing", steps_allocate_nothing, NULL, NULL, (void *)&backend_cpu},
        {"CPU: same_random_same_bits", same_random_same_bits, NULL, NULL, (void *)&backend_cpu},
        cmocka_unit_test(slopes_add_up),
        cmocka_unit_test(tables_know_their_rows),
        cmocka_unit_test(memory_runs_out),
        {"reference: image_steps_allocate_nothing", image_steps_allocate_nothing, NULL, NULL, (void *)&backend_ref32},
        {"CPU: image_steps_allocate_nothing", image_steps_allocate_nothing, NULL, NULL, (void *)&backend_cpu},
        cmocka_unit_test(images_run_out_of_memory),
        {"reference: operations_run_out_of_memory", operations_run_out_of_memory, NULL, NULL, (void *)&backend_ref32},
        {"CPU: operations_run_out_of_memory", operations_run_out_of_memory, NULL, NULL, (void *)&backend_cpu},
        cmocka_unit_test(sizes_beyond_memory_fail),
        cmocka_unit_test(no_slopes_without_learning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
