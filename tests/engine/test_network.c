/* Whole networks that learn: every optimiser on exclusive or, an LSTM that must remember what came first, a run that
 * was stopped and went on, and steps that allocate nothing. */
#include "allocations.h"
#include "gradient.h"

#include "engine/nn/parameters.h"
#include "engine/nn/trainer.h"

#define SHAPE(...) ((const size_t[]){__VA_ARGS__})
#define SYMBOLS 5
#define STEPS 6
#define BATCH 24
#define WIDTH 12

/* --- exclusive or ------------------------------------------------------------------------------------------------- */

static double xor_loss(struct tape *t, struct tensor *const w[4], bool learn)
{
    static const float x[] = {0, 0, 0, 1, 1, 0, 1, 1};
    static const int32_t label[] = {0, 1, 1, 0};
    struct tensor *h, *loss;
    tape_begin(t, learn, 0);
    h = op_unary(t, op_linear(t, tape_input(t, 2, SHAPE(4, 2), x), w[0], w[1]), UNARY_TANH);
    loss = op_cross_entropy(t, op_linear(t, h, w[2], w[3]), tape_ints(t, label, 4), NULL, 0.25);
    if (learn)
        tape_backward(t, loss);
    return tape_number(t, loss);
}

static void every_optimiser_learns_xor(void **state)
{
    static const double rate[OPTIMISER_KINDS] = {[OPTIMISER_SGD] = 0.5,
                                                 [OPTIMISER_ADAM] = 0.05,
                                                 [OPTIMISER_RMSPROP] = 0.02,
                                                 [OPTIMISER_ADAGRAD] = 0.3,
                                                 [OPTIMISER_ADADELTA] = 10};
    (void)state;
    for (int kind = 0; kind < OPTIMISER_KINDS; kind++) {
        struct parameters p;
        struct trainer tr;
        struct error err = {0};
        struct tape *t = tape_open(&backend_cpu, 1, &err);
        struct init xavier = {INIT_XAVIER, 3, FACTOR_AVG, 0, 0}, zero = {INIT_CONSTANT, 0, FACTOR_AVG, 0, 0};
        struct tensor *w[4];
        parameters_open(&p, &backend_cpu);
        w[0] = parameters_add(&p, "hidden.w", 2, SHAPE(2, 8), xavier);
        w[1] = parameters_add(&p, "hidden.b", 1, SHAPE(8), zero);
        w[2] = parameters_add(&p, "out.w", 2, SHAPE(8, 2), xavier);
        w[3] = parameters_add(&p, "out.b", 1, SHAPE(2), zero);
        assert_int_equal(parameters_settle(&p, 3, &err), 0);
        assert_int_equal(
            trainer_open(&tr, &p, &(struct trainer_settings){.optimiser = (enum optimiser_kind)kind, .momentum = 0.5f},
                         &err),
            0);
        assert_true(xor_loss(t, w, false) > 0.5);
        for (int i = 0; i < 400; i++) {
            xor_loss(t, w, true);
            assert_int_equal(trainer_step(&tr, t, rate[kind], &err), 0);
        }
        if (!(xor_loss(t, w, false) < 0.05))
            fail_msg("%s: loss %g", optimiser_name((enum optimiser_kind)kind), xor_loss(t, w, false));
        trainer_close(&tr);
        parameters_close(&p);
        tape_close(t);
    }
}

/* --- an LSTM that says which symbol came first ----------------------------------------------------------------------
 */

struct network {
    struct parameters p;
    struct trainer tr;
    struct tape *t;
    struct tensor *table, *w, *b, *u, *gain, *bias, *mean, *variance, *out, *out_b;
};

static void network_open(struct network *n, const struct backend *backend, int threads)
{
    struct init start = {INIT_UNIFORM, 0.3, FACTOR_AVG, 0, 0}, zero = {0}, one = {.scale = 1};
    struct trainer_settings s = {.optimiser = OPTIMISER_ADAM, .clip = CLIP_NORM, .limit = 1, .clip_name = "clip"};
    struct error err = {0};
    n->t = tape_open(backend, threads, &err);
    parameters_open(&n->p, backend);
    n->table = parameters_add_table(&n->p, "table", SYMBOLS, WIDTH, start);
    n->w = parameters_add(&n->p, "w", 2, SHAPE(WIDTH, 4 * WIDTH), start);
    n->b = parameters_add(&n->p, "b", 1, SHAPE(4 * WIDTH), zero);
    n->u = parameters_add(&n->p, "u", 2, SHAPE(WIDTH, 4 * WIDTH), start);
    n->gain = parameters_add(&n->p, "gain", 1, SHAPE(WIDTH), one);
    n->bias = parameters_add(&n->p, "bias", 1, SHAPE(WIDTH), zero);
    n->mean = parameters_add_fixed(&n->p, "mean", 1, SHAPE(WIDTH), zero);
    n->variance = parameters_add_fixed(&n->p, "variance", 1, SHAPE(WIDTH), one);
    n->out = parameters_add(&n->p, "out", 2, SHAPE(SYMBOLS, WIDTH), start);
    n->out_b = parameters_add(&n->p, "out_b", 1, SHAPE(SYMBOLS), zero);
    assert_int_equal(parameters_settle(&n->p, 5, &err), 0);
    assert_int_equal(trainer_open(&n->tr, &n->p, &s, &err), 0);
}

static void network_close(struct network *n)
{
    trainer_close(&n->tr);
    parameters_close(&n->p);
    tape_close(n->t);
}

/* The loss of the batch that belongs to `step`; its rows differ in length, and batches in rows. */
static struct tensor *network_loss(struct network *n, uint64_t step, size_t rows, struct tensor **right)
{
    struct rng r;
    int32_t symbol[STEPS * BATCH], length[BATCH], first[BATCH];
    struct tensor *x, *h, *last_h, *last_c;
    rng_init(&r, 9, step);
    for (size_t i = 0; i < STEPS * rows; i++)
        symbol[i] = (int32_t)rng_below(&r, SYMBOLS);
    for (size_t b = 0; b < rows; b++) {
        length[b] = 1 + (int32_t)rng_below(&r, STEPS);
        first[b] = symbol[b];
    }
    x = op_embedding(n->t, n->table, tape_ints(n->t, symbol, STEPS * rows), STEPS * rows);
    x = op_linear(n->t, op_batch_norm(n->t, x, n->gain, n->bias, n->mean, n->variance, 0.1, 1e-3), n->w, n->b);
    x = tape_reshape(n->t, x, 3, SHAPE(STEPS, rows, 4 * WIDTH));
    op_lstm(n->t, x, n->u, NULL, NULL, tape_ints(n->t, length, rows), false, 0.05, &last_h, &last_c);
    h = op_dropout(n->t, last_h, 0.1);
    return op_output_loss(n->t, h, n->out, n->out_b, tape_ints(n->t, first, rows), NULL, 1 / (double)rows, right);
}

static double network_step(struct network *n, uint64_t step, size_t rows)
{
    struct error err = {0};
    struct tensor *right, *loss;
    double value;
    tape_begin(n->t, true, step);
    loss = network_loss(n, step, rows, &right);
    tape_backward(n->t, loss);
    value = tape_number(n->t, loss);
    if (tape_finish(n->t, &err) < 0 || trainer_step(&n->tr, n->t, 0.02, &err) < 0)
        fail_msg("%s", err.what);
    return value;
}

static void an_lstm_remembers_the_first(void **state)
{
    const struct backend *backend = *state;
    struct network n;
    struct tensor *right;
    network_open(&n, backend, 2);
    for (uint64_t step = 0; step < 150; step++)
        network_step(&n, step, BATCH);
    tape_begin(n.t, false, 0);
    assert_true(tape_number(n.t, network_loss(&n, 1000, BATCH, &right)) < 0.1);
    assert_true(tape_number(n.t, right) >= BATCH - 1);
    network_close(&n);
}

static void backends_learn_alike(void **state)
{
    struct network a, b;
    (void)state;
    network_open(&a, &backend_ref32, 1);
    network_open(&b, &backend_cpu, 2);
    for (uint64_t step = 0; step < 10; step++)
        assert_float_equal(network_step(&a, step, BATCH), network_step(&b, step, BATCH), 1e-4);
    network_close(&a);
    network_close(&b);
}

static void going_on_is_never_having_stopped(void **state)
{
    struct network whole, begun, resumed;
    struct str saved = {0}, wanted = {0}, got = {0};
    struct error err = {0};
    (void)state;
    network_open(&whole, &backend_cpu, 2);
    network_open(&begun, &backend_cpu, 2);
    network_open(&resumed, &backend_cpu, 2);
    for (uint64_t step = 0; step < 24; step++)
        network_step(&whole, step, BATCH - step % 3);
    for (uint64_t step = 0; step < 13; step++)
        network_step(&begun, step, BATCH - step % 3);
    assert_int_equal(trainer_save(&begun.tr, &saved, &err), 0);
    network_step(&resumed, 99, BATCH); /* what it had before is gone */
    assert_int_equal(trainer_resume(&resumed.tr, saved.data, saved.len, "saved", &err), 0);
    for (uint64_t step = 13; step < 24; step++)
        network_step(&resumed, step, BATCH - step % 3);
    assert_int_equal(trainer_save(&whole.tr, &wanted, &err), 0);
    assert_int_equal(trainer_save(&resumed.tr, &got, &err), 0);
    assert_int_equal(wanted.len, got.len);
    assert_memory_equal(wanted.data, got.data, wanted.len);
    network_close(&whole);
    network_close(&begun);
    network_close(&resumed);
    str_free(&saved);
    str_free(&wanted);
    str_free(&got);
}

static void a_step_of_training_allocates_nothing(void **state)
{
    struct network n;
    long before;
    (void)state;
    network_open(&n, &backend_cpu, 2);
    network_step(&n, 0, BATCH);
    network_step(&n, 1, BATCH);
    before = allocations;
    for (uint64_t step = 2; step < 12; step++)
        network_step(&n, step, BATCH - step % 5);
    assert_int_equal(allocations, before);
    network_close(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_optimiser_learns_xor),
        {"reference: an_lstm_remembers_the_first", an_lstm_remembers_the_first, NULL, NULL, (void *)&backend_ref32},
        {"CPU: an_lstm_remembers_the_first", an_lstm_remembers_the_first, NULL, NULL, (void *)&backend_cpu},
        cmocka_unit_test(backends_learn_alike),
        cmocka_unit_test(going_on_is_never_having_stopped),
        cmocka_unit_test(a_step_of_training_allocates_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
