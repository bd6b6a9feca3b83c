/* The tensor operations on a real GPU against the reference: every case on random shapes, a recurrent layer as wide as
 * a real one, and training on both. Skipped where no GPU answers; test_cuda.c runs the same kernels everywhere. */
#include "op_cases.h"

#include "gpu_real.h"

#include <dlfcn.h>

#include "engine/base/plugin.h"
#include "engine/nn/placement.h"
#include "engine/nn/trainer.h"

/* Once for all tests: NULL where there is none. */
static const struct backend *device(void)
{
    static const struct gpu *gpu;
    static bool asked;
    if (!asked) {
        link_plugin();
        gpu = real_gpu();
    }
    asked = true;
    return gpu ? gpu->tensor : NULL;
}

/* Where the plugin was built it can be loaded, also without a GPU, and lacks no operation. */
static void the_plugin_has_every_operation(void **state)
{
    const struct gpu *(*entry)(void);
    void *plugin;
    (void)state;
    (void)device();
    plugin = plugin_open(GPU_PLUGIN, false);
    if (!plugin && strstr(plugin_fault(), "is not there")) {
        print_message("skipped: %s\n", plugin_fault());
        skip();
    }
    if (!plugin)
        fail_msg("%s", plugin_fault());
    *(void **)&entry = dlsym(plugin, "flashlab_gpu");
    assert_int_equal(entry()->version, GPU_VERSION);
    for (int op = 0; op < OP_COUNT; op++)
        assert_true(entry()->tensor->kernels[op].forward && entry()->tensor->kernels[op].backward);
}

static void agrees_with_the_reference(void **state)
{
    const struct op_case *c = *state;
    if (!device())
        skip();
    for (uint64_t seed = 300; seed < 340; seed++)
        gradient_compare(c->build, seed, &backend_ref64, device(), 1, 5e-5);
}

/* Wider than a block and longer than one graph's worth: tiles, tails and many blocks. */
static void case_wide(struct tape *t, struct gradient *g)
{
    size_t steps = 7, rows = 33, in = 65, width = 130, classes = 301;
    struct tensor *x = gradient_leaf(g, -1, 1, 3, SHAPE(steps, rows, in)), *last_h, *last_c, *right, *h;
    struct tensor *w = gradient_leaf(g, -0.1, 0.1, 2, SHAPE(in, 4 * width));
    struct tensor *b = gradient_leaf(g, -0.1, 0.1, 1, SHAPE(4 * width));
    struct tensor *u = gradient_leaf(g, -0.1, 0.1, 2, SHAPE(width, 4 * width));
    struct tensor *v = gradient_leaf(g, -1, 1, 1, SHAPE(width));
    struct tensor *out = gradient_leaf(g, -0.1, 0.1, 2, SHAPE(classes, width));
    const int32_t *length = gradient_ints(g, 1, (int)steps, rows);
    h = op_lstm(t, op_linear(t, x, w, b), u, NULL, NULL, length, gradient_coin(g), 0.1, &last_h, &last_c);
    h = op_attention(t, ATTENTION_ADDITIVE, h, h, h, v, length, 1, NULL);
    h = op_dropout(t, op_unary(t, h, UNARY_TANH), 0.2);
    gradient_out(g, op_output_loss(t, tape_reshape(t, h, 2, SHAPE(steps * rows, width)), out, NULL,
                                   gradient_ints(g, -1, (int)classes - 1, steps * rows), NULL, 0.01, &right));
    gradient_see(g, right);
}

static void a_wide_network_agrees(void **state)
{
    (void)state;
    if (!device())
        skip();
    for (uint64_t seed = 1; seed < 4; seed++)
        gradient_compare(case_wide, seed, &backend_ref32, device(), 1, 2e-4);
}

/* Steps of one shape: the later ones are played from graphs. */
static void train(const struct backend *backend, double *losses, int steps)
{
    const struct trainer_settings s = {.optimiser = OPTIMISER_ADAM, .clip = CLIP_NORM, .limit = 1};
    const struct init init = {.kind = INIT_UNIFORM, .scale = 0.2};
    struct parameters p;
    struct trainer tr;
    struct error err = {0};
    struct tape *t = tape_open(backend, 1, &err);
    struct tensor *w, *u, *bn, *out;
    parameters_open(&p, backend);
    w = parameters_add(&p, "w", 2, SHAPE(10, 48), init);
    u = parameters_add(&p, "u", 2, SHAPE(16, 48), init);
    bn = parameters_add(&p, "bn", 1, SHAPE(16), init);
    out = parameters_add(&p, "out", 2, SHAPE(16, 2), init);
    assert_int_equal(parameters_settle(&p, 1, &err), 0);
    assert_int_equal(trainer_open(&tr, &p, &s, &err), 0);
    for (int i = 0; i < steps; i++) {
        float x[6 * 5 * 10], y[30], one[30];
        struct tensor *last_h, *h, *loss;
        struct rng r;
        rng_init(&r, (uint64_t)i, 1);
        for (int k = 0; k < 300; k++)
            x[k] = (float)rng_normal(&r);
        for (int k = 0; k < 30; k++) {
            y[k] = x[10 * k];
            one[k] = 1;
        }
        tape_begin(t, true, (uint64_t)i);
        h = op_gru(t, op_linear(t, tape_input(t, 3, SHAPE(6, 5, 10), x), w, NULL), u, bn, NULL, NULL, false, &last_h);
        h = op_linear(t, tape_reshape(t, h, 2, SHAPE(30, 16)), out, NULL);
        loss = op_likelihood(t, LIKELIHOOD_GAUSSIAN, h, tape_input(t, 1, SHAPE(30), y),
                             tape_input(t, 1, SHAPE(30), one), NULL, 1.0 / 30);
        tape_backward(t, loss);
        losses[i] = tape_number(t, loss);
        if (tape_finish(t, &err) < 0 || trainer_step(&tr, t, 0.01, &err) < 0)
            fail_msg("%s", err.what);
    }
    trainer_close(&tr);
    parameters_close(&p);
    tape_close(t);
}

static void training_follows_the_reference_and_repeats(void **state)
{
    enum { STEPS = 60 };
    double wanted[STEPS], found[STEPS], again[STEPS];
    (void)state;
    if (!device())
        skip();
    train(&backend_ref32, wanted, STEPS);
    train(device(), found, STEPS);
    train(device(), again, STEPS);
    for (int i = 0; i < STEPS; i++)
        if (!(fabs(wanted[i] - found[i]) < 1e-3 * (1 + fabs(wanted[i]))) || found[i] != again[i])
            fail_msg("step %d: loss %.9g and %.9g, wanted %.9g", i, found[i], again[i], wanted[i]);
}

static void the_faster_device_is_measured(void **state)
{
    struct event_sink sink = {.write = event_drop};
    struct training t = {.threads = 2, .sink = &sink};
    (void)state;
    if (!device())
        skip();
    t.gpu = gpu_open(&(struct error){0});
    t.gpu_asked = true;
    assert_ptr_equal(placement_choose(&t, 64, 10, 64), device());
    t.gpu_asked = false;
    assert_true(isfinite(placement_seconds(device(), 1, (struct trial_shape){.batch = 64, .steps = 10, .width = 64})));
    assert_non_null(placement_choose(&t, 64, 10, 64));
    assert_non_null(placement_choose_images(&t, 8, 64, 16));
}

int main(void)
{
    enum { OTHERS = 4 };
    struct CMUnitTest tests[OP_CASES + OTHERS] = {
        cmocka_unit_test(the_plugin_has_every_operation),
        cmocka_unit_test(a_wide_network_agrees),
        cmocka_unit_test(training_follows_the_reference_and_repeats),
        cmocka_unit_test(the_faster_device_is_measured),
    };
    for (size_t i = 0; i < OP_CASES; i++)
        tests[i + OTHERS] =
            (struct CMUnitTest){op_cases[i].name, agrees_with_the_reference, NULL, NULL, (void *)&op_cases[i]};
    return cmocka_run_group_tests(tests, NULL, unlink_plugin);
}
