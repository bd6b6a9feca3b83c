/* The trainer: steps against the optimiser alone, clipping, lazy rows, ranks, what is not finite, and going on from a
 * saved training to the bit. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/rng.h"
#include "engine/nn/trainer.h"
#include "engine/tensor/ops.h"

enum { ROWS = 60, WIDTH = 5, IN = 300, OUT = 130 }; /* w has more than one piece of numbers */

struct net {
    struct parameters p;
    struct tensor *w, *table, *unused;
    struct trainer tr;
};

static void open_net(struct net *n, const struct trainer_settings *s)
{
    const struct init init = {.kind = INIT_UNIFORM, .scale = 1};
    struct error err = {0};
    parameters_open(&n->p, &backend_ref32);
    n->table = parameters_add_table(&n->p, "table", ROWS, WIDTH, init);
    n->w = parameters_add(&n->p, "w", 2, (size_t[]){IN, OUT}, init);
    n->unused = parameters_add(&n->p, "unused", 1, (size_t[]){3}, init);
    assert_int_equal(parameters_settle(&n->p, 7, &err), 0);
    if (trainer_open(&n->tr, &n->p, s, &err) < 0)
        fail_msg("%s", err.what);
}

static void close_net(struct net *n)
{
    trainer_close(&n->tr);
    parameters_close(&n->p);
}

/* Slopes of one step, as a tape would leave them; `unused` has none. */
static void make_slopes(struct net *n, uint64_t step, float size)
{
    struct rng r;
    float *w = n->w->grad, *table = n->table->grad;
    rng_init(&r, step, 1);
    for (size_t i = 0; i < IN * OUT; i++)
        w[i] = size * (float)(2 * rng_uniform(&r) - 1);
    n->w->grad_ready = true;
    for (int k = 0; k < 8; k++) {
        size_t row = (size_t)rng_below(&r, ROWS);
        tensor_touch(n->table, row);
        for (size_t j = 0; j < WIDTH; j++)
            table[row * WIDTH + j] += size * (float)(2 * rng_uniform(&r) - 1);
    }
    for (int i = 0; i < 3; i++)
        ((float *)n->unused->grad)[i] = NAN; /* whatever lay there */
}

static void step(struct net *n, uint64_t number, float size, double rate)
{
    struct error err = {0};
    make_slopes(n, number, size);
    if (trainer_step(&n->tr, NULL, rate, &err) < 0)
        fail_msg("%s", err.what);
    for (size_t i = 0; i < ROWS * WIDTH; i++)
        assert_true(((float *)n->table->grad)[i] == 0);
    assert_true(!n->w->grad_ready && n->table->touched->count == 0);
}

static void copy(const struct net *n, float *w, float *table)
{
    parameters_get(&n->p, n->w, w);
    parameters_get(&n->p, n->table, table);
}

static void steps_are_the_optimisers(void **state)
{
    (void)state;
    for (int kind = 0; kind < OPTIMISER_KINDS; kind++) {
        static float w[IN * OUT], memory[2 * IN * OUT], found[IN * OUT], table[ROWS * WIDTH];
        struct trainer_settings s = {.optimiser = (enum optimiser_kind)kind, .momentum = 0.5f, .decay = 0.01};
        struct optimiser o;
        struct net n;
        open_net(&n, &s);
        copy(&n, w, table);
        memset(memory, 0, sizeof memory);
        optimiser_init(&o, s.optimiser, memory, IN * OUT);
        o.momentum = 0.5f;
        for (uint64_t t = 1; t <= 3; t++) {
            make_slopes(&n, t, 1);
            optimiser_step(&o, w, n.w->grad, 0.1, 0.01, 0);
            parameters_clear(&n.p);
            step(&n, t, 1, 0.1);
        }
        copy(&n, found, table);
        assert_memory_equal(w, found, sizeof w);
        assert_int_equal(n.tr.steps, 3);
        close_net(&n);
    }
}

/* Lazily, a row that is not touched stays, also where momentum or decay would move it; a touched one takes the step
 * that it would take among all. */
static void lazy_rows_stay(void **state)
{
    static const enum optimiser_kind kinds[] = {OPTIMISER_SGD, OPTIMISER_ADAM, OPTIMISER_ADAGRAD};
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        struct trainer_settings s = {.optimiser = kinds[k], .momentum = 0.9f, .decay = 0.1}, lazy = s;
        static float w[IN * OUT], w_lazy[IN * OUT], before[ROWS * WIDTH], all[ROWS * WIDTH], some[ROWS * WIDTH];
        struct net a, b;
        bool touched[ROWS];
        size_t moved = 0;
        lazy.lazy = true;
        open_net(&a, &s);
        open_net(&b, &lazy);
        copy(&a, w, before);
        make_slopes(&b, 1, 1);
        for (size_t row = 0; row < ROWS; row++)
            touched[row] = b.table->touched->seen[row];
        parameters_clear(&b.p);
        step(&a, 1, 1, 0.1);
        step(&b, 1, 1, 0.1);
        copy(&a, w, all);
        copy(&b, w_lazy, some);
        assert_memory_equal(w, w_lazy, sizeof w);
        for (size_t row = 0; row < ROWS; row++) {
            const float *wanted = touched[row] ? all : before;
            assert_memory_equal(some + row * WIDTH, wanted + row * WIDTH, WIDTH * sizeof *some);
            moved += memcmp(all + row * WIDTH, before + row * WIDTH, WIDTH * sizeof *all) != 0;
        }
        assert_int_equal(moved, ROWS); /* decay moves every row where all take the step */
        close_net(&a);
        close_net(&b);
    }
}

static void lazy_rows_want_an_optimiser_that_can(void **state)
{
    struct trainer_settings s = {.optimiser = OPTIMISER_RMSPROP, .lazy = true};
    struct parameters p;
    struct trainer tr;
    struct error err = {0};
    (void)state;
    parameters_open(&p, &backend_ref32);
    assert_int_equal(parameters_settle(&p, 1, &err), 0);
    assert_int_equal(trainer_open(&tr, &p, &s, &err), -1);
    assert_string_equal(err.where, "optimizer");
    assert_non_null(strstr(err.what, "rmsprop"));
    parameters_close(&p);
}

/* Rows that no slope came to yet, or whose state a slope of 0 does not change, are left out: the numbers are those of
 * all rows stepping. */
static void rows_at_rest_may_be_left_out(void **state)
{
    (void)state;
    for (int k = 0; k < 2 * OPTIMISER_KINDS; k++) {
        struct trainer_settings s = {.optimiser = (enum optimiser_kind)(k / 2), .momentum = k % 2 == 0 ? 0 : 0.7f};
        float table[ROWS * WIDTH], found[ROWS * WIDTH], slopes[ROWS * WIDTH], memory[2 * ROWS * WIDTH] = {0};
        static float w[IN * OUT];
        struct optimiser o;
        struct net n;
        open_net(&n, &s);
        copy(&n, w, table);
        optimiser_init(&o, s.optimiser, memory, ROWS * WIDTH);
        o.momentum = s.momentum;
        for (uint64_t t = 1; t <= 9; t++) {
            make_slopes(&n, t, 1);
            memcpy(slopes, n.table->grad, sizeof slopes);
            optimiser_step(&o, table, slopes, 0.1, 0, 0);
            parameters_clear(&n.p);
            step(&n, t, 1, 0.1);
        }
        copy(&n, w, found);
        for (size_t i = 0; i < ROWS * WIDTH; i++)
            assert_true(fabsf(table[i] - found[i]) < 1e-6f);
        close_net(&n);
    }
}

/* Plain SGD at rate 1 shows the clipped slopes. */
static void clipped(enum clip clip, double limit, float *moved, size_t *count)
{
    struct trainer_settings s = {.optimiser = OPTIMISER_SGD, .clip = clip, .limit = limit};
    static float w[IN * OUT], after[IN * OUT];
    float table[ROWS * WIDTH], table_after[ROWS * WIDTH];
    struct net n;
    open_net(&n, &s);
    copy(&n, w, table);
    step(&n, 1, 1, 1);
    copy(&n, after, table_after);
    for (size_t i = 0; i < IN * OUT; i++)
        moved[i] = w[i] - after[i];
    for (size_t i = 0; i < ROWS * WIDTH; i++)
        moved[IN * OUT + i] = table[i] - table_after[i];
    *count = IN * OUT + ROWS * WIDTH;
    close_net(&n);
}

static void clips_by_norm_and_by_value(void **state)
{
    static float free_of_it[IN * OUT + ROWS * WIDTH], found[IN * OUT + ROWS * WIDTH];
    double norm = 0, sum = 0;
    size_t count;
    (void)state;
    clipped(CLIP_NONE, 0, free_of_it, &count);
    for (size_t i = 0; i < count; i++)
        norm += (double)free_of_it[i] * (double)free_of_it[i];
    norm = sqrt(norm);
    assert_true(norm > 50);
    clipped(CLIP_NORM, 5, found, &count);
    for (size_t i = 0; i < count; i++) {
        sum += (double)found[i] * (double)found[i];
        assert_true(fabs((double)found[i] - (double)free_of_it[i] * 5 / norm) < 1e-6);
    }
    assert_true(fabs(sqrt(sum) - 5) < 1e-3);
    clipped(CLIP_NORM, 1e6, found, &count);
    assert_memory_equal(found, free_of_it, sizeof found);
    clipped(CLIP_VALUE, 0.25, found, &count);
    for (size_t i = 0; i < count; i++)
        assert_true(fabs((double)found[i] - fmax(-0.25, fmin(0.25, (double)free_of_it[i]))) < 1e-6);
}

static void what_is_not_finite_names_step_and_setting(void **state)
{
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    struct trainer_settings s = {
        .optimiser = OPTIMISER_ADAM, .clip = CLIP_NORM, .limit = 1, .clip_name = "clip_gradient"};
    static float w[IN * OUT], after[IN * OUT];
    float table[ROWS * WIDTH];
    struct net n;
    (void)state;
    open_net(&n, &s);
    step(&n, 1, 1, 0.125);
    step(&n, 2, 1, 0.125);
    copy(&n, w, table);
    for (int i = 0; i < 6; i++) {
        struct error err = {0};
        make_slopes(&n, 3, 1);
        if (i < 3)
            ((float *)n.w->grad)[IN * OUT - 1] = bad[i];
        else
            ((float *)n.table->grad)[(size_t)n.table->touched->row[2] * WIDTH] = bad[i - 3];
        assert_int_equal(trainer_step(&n.tr, NULL, 0.125, &err), -1);
        assert_int_equal(err.code, ERROR_INPUT);
        assert_non_null(strstr(err.what, "step 3"));
        assert_string_equal(err.where, "learning_rate");
        assert_non_null(strstr(err.fix, "0.125"));
        assert_non_null(strstr(err.fix, "clip_gradient"));
        parameters_clear(&n.p);
    }
    copy(&n, after, table);
    assert_memory_equal(w, after, sizeof w);
    close_net(&n);
}

/* --- ranks ----------------------------------------------------------------------------------------------------------
 */

enum { RANKS = 3, STEPS = 3 };

struct shared {
    struct trainer_settings settings;
    float w[RANKS][IN * OUT], table[RANKS][ROWS * WIDTH];
};

/* Each rank has the slopes of its own step number. */
static int run_rank(void *context, struct comm *c, struct error *err)
{
    struct shared *shared = context;
    struct trainer_settings s = shared->settings;
    struct net n;
    s.comm = c;
    open_net(&n, &s);
    for (uint64_t t = 0; t < STEPS; t++) {
        make_slopes(&n, 10 * t + (uint64_t)c->rank, 1);
        if (trainer_step(&n.tr, NULL, 0.1, err) < 0)
            return -1;
    }
    copy(&n, shared->w[c->rank], shared->table[c->rank]);
    close_net(&n);
    return 0;
}

/* One process with the sum of all slopes, folded in the order of ranks. */
static void run_alone(struct shared *shared)
{
    static float w_sum[IN * OUT], table_sum[ROWS * WIDTH];
    struct net n;
    open_net(&n, &shared->settings);
    for (uint64_t t = 0; t < STEPS; t++) {
        bool touched[ROWS] = {false};
        memset(w_sum, 0, sizeof w_sum);
        memset(table_sum, 0, sizeof table_sum);
        for (uint64_t rank = 0; rank < RANKS; rank++) {
            make_slopes(&n, 10 * t + rank, 1);
            for (size_t i = 0; i < IN * OUT; i++)
                w_sum[i] += ((float *)n.w->grad)[i];
            for (size_t i = 0; i < ROWS * WIDTH; i++)
                table_sum[i] += ((float *)n.table->grad)[i];
            for (size_t row = 0; row < ROWS; row++)
                touched[row] |= n.table->touched->seen[row] != 0;
            parameters_clear(&n.p);
        }
        memcpy(n.w->grad, w_sum, sizeof w_sum);
        memcpy(n.table->grad, table_sum, sizeof table_sum);
        n.w->grad_ready = true;
        for (size_t row = 0; row < ROWS; row++)
            if (touched[row])
                tensor_touch(n.table, row);
        assert_int_equal(trainer_step(&n.tr, NULL, 0.1, &(struct error){0}), 0);
    }
    copy(&n, shared->w[0], shared->table[0]);
    close_net(&n);
}

static void ranks_step_as_one(void **state)
{
    static struct shared several, alone;
    (void)state;
    for (int lazy = 0; lazy < 2; lazy++) {
        struct error err = {0};
        several.settings = alone.settings = (struct trainer_settings){
            .optimiser = OPTIMISER_ADAM, .clip = CLIP_NORM, .limit = 3, .lazy = lazy == 1, .decay = 0.01};
        if (comm_run_threads(RANKS, run_rank, &several, &err) < 0)
            fail_msg("%s", err.what);
        run_alone(&alone);
        for (int rank = 1; rank < RANKS; rank++) {
            assert_memory_equal(several.w[0], several.w[rank], sizeof several.w[0]);
            assert_memory_equal(several.table[0], several.table[rank], sizeof several.table[0]);
        }
        for (size_t i = 0; i < IN * OUT; i++)
            assert_true(fabsf(several.w[0][i] - alone.w[0][i]) < 2e-5f);
        for (size_t i = 0; i < ROWS * WIDTH; i++)
            assert_true(fabsf(several.table[0][i] - alone.table[0][i]) < 2e-5f);
    }
}

/* --- to stop and go on ----------------------------------------------------------------------------------------------
 */

static void a_saved_training_goes_on_to_the_bit(void **state)
{
    (void)state;
    for (int kind = 0; kind < OPTIMISER_KINDS; kind++)
        for (int momentum = 0; momentum < 2; momentum++) {
            struct trainer_settings s = {
                .optimiser = (enum optimiser_kind)kind, .decay = 0.01, .momentum = momentum ? 0.9f : 0};
            static float w[IN * OUT], w_resumed[IN * OUT];
            float table[ROWS * WIDTH], table_resumed[ROWS * WIDTH];
            struct str saved = {0};
            struct error err = {0};
            struct net a, b;
            open_net(&a, &s);
            for (uint64_t t = 0; t < 5; t++) {
                if (t == 2)
                    assert_int_equal(trainer_save(&a.tr, &saved, &err), 0);
                step(&a, t, 1, 0.1);
            }
            open_net(&b, &s);
            step(&b, 99, 1, 0.5); /* what it was before is forgotten */
            assert_int_equal(trainer_resume(&b.tr, saved.data, saved.len, "checkpoint", &err), 0);
            for (uint64_t t = b.tr.steps; t < 5; t++)
                step(&b, t, 1, 0.1);
            copy(&a, w, table);
            copy(&b, w_resumed, table_resumed);
            assert_memory_equal(w, w_resumed, sizeof w);
            assert_memory_equal(table, table_resumed, sizeof table);
            assert_int_equal(a.tr.steps, b.tr.steps);
            str_free(&saved);
            close_net(&a);
            close_net(&b);
        }
}

static void resume_refused(struct net *n, const struct str *saved, size_t len, const char *says)
{
    struct error err = {0};
    char *exact = malloc(len ? len : 1);
    memcpy(exact, saved->data, len);
    assert_int_equal(trainer_resume(&n->tr, exact, len, "checkpoint", &err), -1);
    assert_string_equal(err.where, "checkpoint");
    if (!strstr(err.what, says))
        fail_msg("'%s' does not say '%s'", err.what, says);
    free(exact);
}

static void bad_checkpoints_are_refused(void **state)
{
    struct trainer_settings s = {.optimiser = OPTIMISER_ADAM}, other = {.optimiser = OPTIMISER_RMSPROP};
    const float nothing = NAN;
    struct str saved = {0};
    struct error err;
    struct net n, m;
    (void)state;
    open_net(&n, &s);
    open_net(&m, &other);
    assert_int_equal(trainer_save(&n.tr, &saved, &err), 0);
    for (size_t len = 0; len < saved.len; len += len < 80 ? 1 : 33333)
        resume_refused(&n, &saved, len, len < 56 ? "no saved training" : "cut short");
    resume_refused(&m, &saved, saved.len, "another optimiser than rmsprop");
    memcpy(saved.data + saved.len - 4, &nothing, 4);
    resume_refused(&n, &saved, saved.len, "not a number");
    saved.data[56] = 'X';
    resume_refused(&n, &saved, saved.len, "no file of weights");
    str_free(&saved);
    close_net(&n);
    close_net(&m);
}

/* --- with a tape ----------------------------------------------------------------------------------------------------
 */

/* A network that learns y = 2 x0 - x1 through a tape, threads and all. */
static void a_network_learns(void **state)
{
    struct trainer_settings s = {.optimiser = OPTIMISER_ADAM};
    struct parameters p;
    struct trainer tr;
    struct error err = {0};
    struct tape *tape = tape_open(&backend_ref32, 2, &err);
    struct tensor *w;
    double loss = 0;
    float found[2];
    struct rng r;
    (void)state;
    parameters_open(&p, &backend_ref32);
    w = parameters_add(&p, "w", 2, (size_t[]){2, 1}, (struct init){.kind = INIT_CONSTANT});
    assert_int_equal(parameters_settle(&p, 1, &err), 0);
    assert_int_equal(trainer_open(&tr, &p, &s, &err), 0);
    rng_init(&r, 1, 1);
    for (int t = 0; t < 400; t++) {
        float x[16], y[8];
        struct tensor *off;
        for (int i = 0; i < 16; i++)
            x[i] = (float)rng_normal(&r);
        for (int i = 0; i < 8; i++)
            y[i] = 2 * x[2 * i] - x[2 * i + 1];
        tape_begin(tape, true, 1);
        off = op_sub(tape, op_linear(tape, tape_input(tape, 2, (size_t[]){8, 2}, x), w, NULL),
                     tape_input(tape, 2, (size_t[]){8, 1}, y));
        off = op_reduce(tape, op_unary(tape, off, UNARY_SQUARE), REDUCE_MEAN, -1);
        tape_backward(tape, off);
        loss = tape_number(tape, off);
        assert_int_equal(tape_finish(tape, &err), 0);
        assert_int_equal(trainer_step(&tr, tape, 0.05, &err), 0);
    }
    parameters_get(&p, w, found);
    assert_true(loss < 1e-4 && fabsf(found[0] - 2) < 0.01f && fabsf(found[1] + 1) < 0.01f);
    trainer_close(&tr);
    parameters_close(&p);
    tape_close(tape);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_the_optimisers),
        cmocka_unit_test(lazy_rows_stay),
        cmocka_unit_test(lazy_rows_want_an_optimiser_that_can),
        cmocka_unit_test(rows_at_rest_may_be_left_out),
        cmocka_unit_test(clips_by_norm_and_by_value),
        cmocka_unit_test(what_is_not_finite_names_step_and_setting),
        cmocka_unit_test(ranks_step_as_one),
        cmocka_unit_test(a_saved_training_goes_on_to_the_bit),
        cmocka_unit_test(bad_checkpoints_are_refused),
        cmocka_unit_test(a_network_learns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
