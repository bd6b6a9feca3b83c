/* Are the slopes right? And do two backends agree?
 *
 * A case is a function that draws sizes and inputs, applies an operation and says what came out:
 *
 *     static void linear(struct tape *t, struct gradient *g)
 *     {
 *         size_t rows = gradient_size(g, 6), ...;                        0 and 1 come often
 *         struct tensor *x = gradient_leaf(g, -1, 1, 2, (size_t[]){rows, in});
 *         gradient_out(g, op_linear(t, x, w, b));
 *     }
 *
 *     gradient_check(linear, seed)                         slopes against central differences, in double
 *     gradient_compare(linear, seed, &backend_ref32, &backend_cpu, 2, 1e-5)      numbers and slopes
 *
 * The function runs many times for one seed and draws the same each time; only the one number that is moved differs.
 * The loss is the sum of all outputs, each weighted by a random number; a single output of rank 0 is the loss itself.
 */
#ifndef TEST_GRADIENT_H
#define TEST_GRADIENT_H

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
#include "engine/tensor/ops.h"

#define GRADIENT_LEAVES 24
#define GRADIENT_OUTS 6

struct gradient_leaf {
    double *value; /* what it starts from at each pass */
    size_t count;
    bool slope;
    struct tensor *tensor; /* of this pass */
};

struct gradient {
    struct rng r;
    uint64_t seed;
    struct tape *tape;
    struct gradient_leaf leaf[GRADIENT_LEAVES];
    int leaves, used; /* drawn so far; of them, used in this pass */
    struct tensor *out[GRADIENT_OUTS], *seen[GRADIENT_OUTS];
    int outs, seens;
};

typedef void gradient_case(struct tape *t, struct gradient *g);

/* --- for cases -------------------------------------------------------------------------------------------------- */

/* 0 .. largest. */
static inline size_t gradient_size(struct gradient *g, size_t largest)
{
    uint64_t draw = rng_below(&g->r, 8);
    return draw < 2 ? (size_t)draw : (size_t)rng_below(&g->r, largest + 1);
}

/* 1 .. largest. */
static inline size_t gradient_some(struct gradient *g, size_t largest)
{
    return 1 + (size_t)rng_below(&g->r, largest);
}

static inline bool gradient_coin(struct gradient *g)
{
    return rng_below(&g->r, 2) == 1;
}

static inline struct tensor *gradient_input(struct gradient *g, bool slope, double low, double high, int rank,
                                            const size_t *shape)
{
    struct tensor *x = slope ? tape_tensor(g->tape, rank, shape) : tape_plain(g->tape, rank, shape);
    size_t count = tensor_count(x), bytes = tape_backend(g->tape)->bytes;
    struct gradient_leaf *leaf = &g->leaf[g->used];
    void *numbers = malloc(count * bytes + 1);
    assert_true(g->used < GRADIENT_LEAVES && numbers);
    if (g->used++ == g->leaves) {
        *leaf = (struct gradient_leaf){calloc(count + 1, sizeof(double)), count, slope, NULL};
        g->leaves++;
        for (size_t i = 0; i < count; i++) /* floats, so that all backends start from the same */
            leaf->value[i] = (double)(float)(low + (high - low) * rng_uniform(&g->r));
    } else {
        for (size_t i = 0; i < count; i++)
            (void)rng_uniform(&g->r);
    }
    for (size_t i = 0; i < count; i++)
        if (bytes == sizeof(double))
            ((double *)numbers)[i] = leaf->value[i];
        else
            ((float *)numbers)[i] = (float)leaf->value[i];
    tape_backend(g->tape)->upload(x->data, numbers, count * bytes);
    free(numbers);
    leaf->tensor = x;
    return x;
}

/* An input that has a slope, and one without; numbers in [low, high). */
static inline struct tensor *gradient_leaf(struct gradient *g, double low, double high, int rank, const size_t *shape)
{
    return gradient_input(g, true, low, high, rank, shape);
}

static inline struct tensor *gradient_plain(struct gradient *g, double low, double high, int rank, const size_t *shape)
{
    return gradient_input(g, false, low, high, rank, shape);
}

/* n whole numbers in low .. high. */
static inline const int32_t *gradient_ints(struct gradient *g, int low, int high, size_t n)
{
    int32_t *values = malloc(n * sizeof *values + 1);
    const int32_t *index;
    for (size_t i = 0; i < n; i++)
        values[i] = (int32_t)(low + (int)rng_below(&g->r, (uint64_t)(high - low + 1)));
    index = tape_ints(g->tape, values, n);
    free(values);
    return index;
}

static inline void gradient_out(struct gradient *g, struct tensor *y)
{
    assert_true(g->outs < GRADIENT_OUTS);
    g->out[g->outs++] = y;
}

/* A result without a slope: backends are to agree on it. */
static inline void gradient_see(struct gradient *g, struct tensor *y)
{
    assert_true(g->seens < GRADIENT_OUTS);
    g->seen[g->seens++] = y;
}

/* --- one pass --------------------------------------------------------------------------------------------------- */

static inline struct tensor *gradient_pass(struct gradient *g, gradient_case *build, bool learning)
{
    struct tape *t = g->tape;
    struct tensor *loss = NULL;
    tape_begin(t, learning, g->seed);
    rng_init(&g->r, g->seed, 1);
    g->used = g->outs = g->seens = 0;
    build(t, g);
    if (g->outs == 1 && g->out[0]->rank == 0)
        return g->out[0];
    for (int i = 0; i < g->outs; i++) {
        struct tensor *y = g->out[i], *weight = gradient_plain(g, -1, 1, y->rank, y->shape);
        struct tensor *part = op_reduce(t, op_mul(t, op_copy(t, y), weight), REDUCE_SUM, -1);
        loss = loss ? op_add(t, loss, part) : part;
    }
    return loss;
}

static inline void gradient_open(struct gradient *g, const struct backend *backend, int threads, uint64_t seed)
{
    struct error err = {0};
    memset(g, 0, sizeof *g);
    g->seed = seed;
    g->tape = tape_open(backend, threads, &err);
    if (!g->tape)
        fail_msg("%s", err.what);
}

static inline void gradient_close(struct gradient *g)
{
    for (int i = 0; i < g->leaves; i++)
        free(g->leaf[i].value);
    tape_close(g->tape);
}

/* The slope of a leaf as floats; nothing flowed to it: zeros. The caller's memory. */
static inline float *gradient_slopes(struct gradient *g, const struct gradient_leaf *leaf)
{
    float *slopes = calloc(leaf->count + 1, sizeof *slopes);
    struct tensor as_numbers = *leaf->tensor;
    as_numbers.data = leaf->tensor->grad;
    if (leaf->tensor->grad_ready)
        tape_read(g->tape, &as_numbers, slopes);
    return slopes;
}

/* --- slopes against differences --------------------------------------------------------------------------------- */

#define GRADIENT_STEP 1e-5
#define GRADIENT_MOST 48 /* numbers of a leaf that are moved */

static inline double gradient_moved(struct gradient *g, gradient_case *build, double *value, double by)
{
    double before = *value, loss;
    *value = before + by;
    loss = tape_number(g->tape, gradient_pass(g, build, true));
    *value = before;
    return loss;
}

static inline void gradient_check_leaf(struct gradient *g, gradient_case *build, int which, const double *slope)
{
    struct gradient_leaf *leaf = &g->leaf[which];
    struct rng choice;
    rng_init(&choice, g->seed, 2);
    for (size_t k = 0; k < leaf->count && k < GRADIENT_MOST; k++) {
        size_t i = leaf->count <= GRADIENT_MOST ? k : (size_t)rng_below(&choice, leaf->count);
        double up = gradient_moved(g, build, &leaf->value[i], GRADIENT_STEP);
        double down = gradient_moved(g, build, &leaf->value[i], -GRADIENT_STEP);
        double wanted = (up - down) / (2 * GRADIENT_STEP);
        /* Differences are good to the step squared, and to rounding (1e-16 of the loss) over the step. */
        if (!(fabs(slope[i] - wanted) <= 2e-7 * (1 + fabs(wanted)) + 1e-10 * fabs(up)))
            fail_msg("seed %llu, input %d, number %zu of %zu: slope %.10g, by differences %.10g",
                     (unsigned long long)g->seed, which, i, leaf->count, slope[i], wanted);
    }
}

static inline void gradient_check(gradient_case *build, uint64_t seed)
{
    struct gradient g;
    double *slope[GRADIENT_LEAVES] = {NULL};
    struct error err = {0};
    gradient_open(&g, &backend_ref64, 1, seed);
    tape_backward(g.tape, gradient_pass(&g, build, true));
    assert_int_equal(tape_finish(g.tape, &err), 0);
    for (int i = 0; i < g.leaves; i++) {
        slope[i] = calloc(g.leaf[i].count + 1, sizeof(double));
        if (g.leaf[i].tensor->grad && g.leaf[i].tensor->grad_ready && g.leaf[i].count > 0)
            memcpy(slope[i], g.leaf[i].tensor->grad, g.leaf[i].count * sizeof(double));
    }
    for (int i = 0; i < g.leaves; i++) {
        if (g.leaf[i].slope)
            gradient_check_leaf(&g, build, i, slope[i]);
        free(slope[i]);
    }
    gradient_close(&g);
}

/* --- two backends ----------------------------------------------------------------------------------------------- */

/* `a` is the judge. Off by more than `tolerance` of the number, or of 1, or of the largest beside it, is a fault. */
static inline void gradient_same(const char *what, uint64_t seed, const float *a, const float *b, size_t n,
                                 double tolerance)
{
    double largest = 1;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)a[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= tolerance * largest))
            fail_msg("seed %llu, %s, number %zu of %zu: %.9g, wanted %.9g", (unsigned long long)seed, what, i, n,
                     (double)b[i], (double)a[i]);
}

static inline void gradient_same_numbers(struct gradient *a, struct gradient *b, const char *what, struct tensor *x,
                                         struct tensor *y, double tolerance)
{
    size_t n = tensor_count(x);
    float *wanted = calloc(n + 1, sizeof *wanted), *got = calloc(n + 1, sizeof *got);
    assert_true(tensor_same_shape(x, y));
    tape_read(a->tape, x, wanted);
    tape_read(b->tape, y, got);
    gradient_same(what, a->seed, wanted, got, n, tolerance);
    free(wanted);
    free(got);
}

static inline void gradient_compare_pass(struct gradient *a, struct gradient *b, gradient_case *build, bool learning,
                                         double tolerance)
{
    struct tensor *loss_a = gradient_pass(a, build, learning), *loss_b = gradient_pass(b, build, learning);
    char what[32];
    if (learning) {
        tape_backward(a->tape, loss_a);
        tape_backward(b->tape, loss_b);
    }
    for (int i = 0; i < a->outs; i++)
        gradient_same_numbers(a, b, "an output", a->out[i], b->out[i], tolerance);
    for (int i = 0; i < a->seens; i++)
        gradient_same_numbers(a, b, "a result", a->seen[i], b->seen[i], tolerance);
    for (int i = 0; learning && i < a->leaves; i++) {
        float *wanted, *got;
        if (!a->leaf[i].slope)
            continue;
        wanted = gradient_slopes(a, &a->leaf[i]);
        got = gradient_slopes(b, &b->leaf[i]);
        snprintf(what, sizeof what, "slope of input %d", i);
        gradient_same(what, a->seed, wanted, got, a->leaf[i].count, tolerance);
        free(wanted);
        free(got);
    }
}

/* Learning and not. */
static inline void gradient_compare(gradient_case *build, uint64_t seed, const struct backend *judge,
                                    const struct backend *other, int threads, double tolerance)
{
    struct gradient a, b;
    struct error err = {0};
    gradient_open(&a, judge, 1, seed);
    gradient_open(&b, other, threads, seed);
    gradient_compare_pass(&a, &b, build, true, tolerance);
    gradient_compare_pass(&a, &b, build, false, tolerance);
    if (tape_finish(b.tape, &err) < 0)
        fail_msg("%s", err.what);
    gradient_close(&a);
    gradient_close(&b);
}

#endif
