/* The CUDA backend's operations against the reference, on random shapes: by its own sources, compiled for the processor
 * (tests/cuda), everywhere; and by the real plugin where a GPU answers (test_gpu_tensor.c). */
#include "op_cases.h"

#include "engine/nn/trainer.h"

const struct backend *cuda_on_processor(void);
long cuda_graphs_played(void);

static const struct backend *cuda;

/* What is not written is no number. */
static void *alloc_poisoned(size_t bytes)
{
    unsigned char *memory = cuda_on_processor()->alloc(bytes), *poison = malloc(bytes + 1);
    assert_non_null(poison);
    memset(poison, 0xFF, bytes);
    if (memory)
        cuda_on_processor()->upload(memory, poison, bytes);
    free(poison);
    return memory;
}

static int open_device(void **state)
{
    static struct backend poisoned;
    (void)state;
    poisoned = *cuda_on_processor();
    poisoned.alloc = alloc_poisoned;
    cuda = &poisoned;
    return 0;
}

static void agrees_with_the_reference(void **state)
{
    const struct op_case *c = *state;
    for (uint64_t seed = 200; seed < 225; seed++)
        gradient_compare(c->build, seed, &backend_ref64, cuda, 1, 2e-5);
}

/* --- several steps of one shape ------------------------------------------------------------------------------------
 */

enum { STEPS = 6, ROWS = 3, WIDTH = 4 };

struct step {
    float h[STEPS * ROWS * WIDTH], du[WIDTH * 4 * WIDTH], dx[STEPS * ROWS * 4 * WIDTH];
};

/* A pass over an LSTM with zoneout, or a GRU, with inputs and draws of its own. */
static void recurrent_step(struct tape *t, struct tensor *u, struct tensor *bn, uint64_t number, struct step *s)
{
    size_t gates = bn ? 3 : 4, count = STEPS * ROWS * gates * WIDTH;
    static float x[STEPS * ROWS * 4 * WIDTH];
    int32_t length[ROWS];
    struct tensor *in, *out, *last_h, *last_c, as_numbers;
    struct rng r;
    rng_init(&r, number, 4);
    for (size_t i = 0; i < count; i++)
        x[i] = (float)rng_normal(&r);
    for (size_t b = 0; b < ROWS; b++)
        length[b] = (int32_t)rng_below(&r, STEPS + 1);
    tape_begin(t, true, number);
    in = tape_tensor(t, 3, SHAPE(STEPS, ROWS, gates * WIDTH));
    tape_backend(t)->upload(in->data, x, count * sizeof *x);
    out = bn ? op_gru(t, in, u, bn, NULL, tape_ints(t, length, ROWS), false, &last_h)
             : op_lstm(t, in, u, NULL, NULL, tape_ints(t, length, ROWS), false, 0.3, &last_h, &last_c);
    tape_backward(t, op_reduce(t, op_unary(t, out, UNARY_SQUARE), REDUCE_SUM, -1));
    tape_read(t, out, s->h);
    as_numbers = *u;
    as_numbers.data = u->grad;
    tape_read(t, &as_numbers, s->du);
    as_numbers = *in;
    as_numbers.data = in->grad;
    tape_read(t, &as_numbers, s->dx);
}

static void recurrent_steps(const struct backend *backend, bool gru, struct step *steps, int count)
{
    struct parameters p;
    struct error err = {0};
    struct tape *t = tape_open(backend, 1, &err);
    const struct init init = {.kind = INIT_UNIFORM, .scale = 0.5};
    struct tensor *u, *bn;
    parameters_open(&p, backend);
    u = parameters_add(&p, "u", 2, SHAPE(WIDTH, (gru ? 3 : 4) * WIDTH), init);
    bn = parameters_add(&p, "bn", 1, SHAPE(WIDTH), init);
    assert_int_equal(parameters_settle(&p, 1, &err), 0);
    for (int i = 0; i < count; i++) {
        recurrent_step(t, u, gru ? bn : NULL, (uint64_t)i, &steps[i]);
        assert_int_equal(tape_finish(t, &err), 0);
        parameters_clear(&p);
    }
    parameters_close(&p);
    tape_close(t);
}

/* From the second step of a shape on a graph is played, which must see the new inputs and draws. */
static void graphs_see_each_steps_numbers(void **state)
{
    static struct step wanted[5], found[5];
    (void)state;
    for (int gru = 0; gru < 2; gru++) {
        long before = cuda_graphs_played();
        recurrent_steps(&backend_ref32, gru == 1, wanted, 5);
        recurrent_steps(cuda, gru == 1, found, 5);
        /* the arena grows once, then addresses stay: at least two steps are played, forward and back */
        assert_true(cuda_graphs_played() - before >= 4);
        for (int i = 0; i < 5; i++) {
            size_t gates = gru ? 3 : 4;
            gradient_same("h", (uint64_t)i, wanted[i].h, found[i].h, STEPS * ROWS * WIDTH, 1e-5);
            gradient_same("du", (uint64_t)i, wanted[i].du, found[i].du, WIDTH * gates * WIDTH, 1e-5);
            gradient_same("dx", (uint64_t)i, wanted[i].dx, found[i].dx, STEPS * ROWS * gates * WIDTH, 1e-5);
        }
    }
}

/* --- the trainer ---------------------------------------------------------------------------------------------------
 */

struct trained {
    float w[40], table[35];
};

/* Some steps with a table, a linear layer and the loss of an output layer. */
static void train(const struct backend *backend, const struct trainer_settings *s, struct trained *result)
{
    struct parameters p;
    struct trainer tr;
    struct error err = {0};
    struct tape *t = tape_open(backend, 1, &err);
    const struct init init = {.kind = INIT_UNIFORM, .scale = 0.5};
    struct tensor *table, *w;
    parameters_open(&p, backend);
    table = parameters_add_table(&p, "table", 7, 5, init);
    w = parameters_add(&p, "w", 2, SHAPE(8, 5), init);
    assert_int_equal(parameters_settle(&p, 1, &err), 0);
    if (trainer_open(&tr, &p, s, &err) < 0)
        fail_msg("%s", err.what);
    for (int i = 0; i < 6; i++) {
        const int32_t id[] = {i, 3, 3, 6 - i, -1, i}, target[] = {1, i, 7, 0, 2, -1};
        struct tensor *right;
        tape_begin(t, true, (uint64_t)i);
        tape_backward(t, op_output_loss(t, op_embedding(t, table, tape_ints(t, id, 6), 6), w, NULL,
                                        tape_ints(t, target, 6), NULL, 1, &right));
        assert_int_equal(tape_finish(t, &err), 0);
        assert_int_equal(trainer_step(&tr, t, 0.1, &err), 0);
    }
    parameters_get(&p, w, result->w);
    parameters_get(&p, table, result->table);
    trainer_close(&tr);
    parameters_close(&p);
    tape_close(t);
}

static void training_is_that_of_the_reference(void **state)
{
    static const struct trainer_settings settings[] = {
        {.optimiser = OPTIMISER_SGD},
        {.optimiser = OPTIMISER_SGD, .momentum = 0.9f, .decay = 0.1, .clip = CLIP_VALUE, .limit = 0.2},
        {.optimiser = OPTIMISER_ADAM, .clip = CLIP_NORM, .limit = 0.5},
        {.optimiser = OPTIMISER_RMSPROP, .decay = 0.01},
        {.optimiser = OPTIMISER_ADAGRAD, .clip = CLIP_NORM, .limit = 100},
        {.optimiser = OPTIMISER_ADADELTA, .decay = 0.01},
    };
    (void)state;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        struct trained wanted, found;
        train(&backend_ref32, &settings[i], &wanted);
        train(cuda, &settings[i], &found);
        gradient_same("w", i, wanted.w, found.w, 40, 1e-5);
        gradient_same("table", i, wanted.table, found.table, 35, 1e-5);
    }
}

static void single_rows_are_refused(void **state)
{
    const struct trainer_settings s = {.optimiser = OPTIMISER_ADAM, .lazy = true};
    struct parameters p;
    struct trainer tr;
    struct error err = {0};
    (void)state;
    parameters_open(&p, cuda);
    assert_int_equal(parameters_settle(&p, 1, &err), 0);
    assert_int_equal(trainer_open(&tr, &p, &s, &err), -1);
    assert_non_null(strstr(err.what, "CPU"));
    parameters_close(&p);
}

int main(void)
{
    struct CMUnitTest tests[OP_CASES + 3] = {
        cmocka_unit_test(graphs_see_each_steps_numbers),
        cmocka_unit_test(training_is_that_of_the_reference),
        cmocka_unit_test(single_rows_are_refused),
    };
    for (size_t i = 0; i < OP_CASES; i++)
        tests[i + 3] =
            (struct CMUnitTest){op_cases[i].name, agrees_with_the_reference, NULL, NULL, (void *)&op_cases[i]};
    return cmocka_run_group_tests(tests, open_device, NULL);
}
