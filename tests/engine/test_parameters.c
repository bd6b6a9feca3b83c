/* Parameters: where they lie, how they start, what is cleared, and files that are not what they should be. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/nn/parameters.h"

static const struct init half = {.kind = INIT_CONSTANT, .scale = 0.5};

struct net {
    struct parameters p;
    struct tensor *w, *table, *mean, *one;
};

static void open_net(struct net *n, const struct backend *backend, uint64_t seed)
{
    struct error err = {0};
    parameters_open(&n->p, backend);
    n->mean = parameters_add_fixed(&n->p, "mean", 1, (size_t[]){5}, half);
    n->table = parameters_add_table(&n->p, "table", 100, 7, (struct init){.kind = INIT_NORMAL, .scale = 2});
    n->w = parameters_add(&n->p, "w", 2, (size_t[]){30, 50}, (struct init){.kind = INIT_UNIFORM, .scale = 0.1});
    n->one = parameters_add(&n->p, "one", 0, NULL, half);
    assert_non_null(n->one);
    assert_int_equal(parameters_settle(&n->p, seed, &err), 0);
}

static void learned_numbers_come_first(void **state)
{
    struct net n;
    float *data;
    (void)state;
    open_net(&n, &backend_ref32, 1);
    data = n.p.data;
    assert_true((float *)n.w->data - data < (long)n.p.dense && (float *)n.one->data - data < (long)n.p.dense);
    assert_true((float *)n.table->data - data >= (long)n.p.dense);
    assert_true((float *)n.table->data - data < (long)n.p.learned);
    assert_true((float *)n.mean->data - data >= (long)n.p.learned && (float *)n.mean->data - data < (long)n.p.numbers);
    assert_true((float *)n.w->grad - (float *)n.p.grad == (float *)n.w->data - data);
    assert_null(n.mean->grad);
    assert_true(*(float *)n.one->data == 0.5f && ((float *)n.mean->data)[4] == 0.5f);
    parameters_close(&n.p);
}

static void moments(const struct parameters *p, const struct tensor *w, double *mean, double *deviation, double *most)
{
    size_t count = tensor_count(w);
    float *values = malloc(count * sizeof *values);
    double sum = 0, squares = 0;
    *most = 0;
    parameters_get(p, w, values);
    for (size_t i = 0; i < count; i++) {
        sum += (double)values[i];
        squares += (double)values[i] * (double)values[i];
        *most = fmax(*most, fabs((double)values[i]));
    }
    *mean = sum / (double)count;
    *deviation = sqrt(squares / (double)count);
    free(values);
}

/* Each kind's spread, and Xavier's by the three fans, within five standard errors. */
static void weights_start_as_asked(void **state)
{
    static const struct {
        struct init init;
        double deviation, most;
    } cases[] = {
        {{.kind = INIT_UNIFORM, .scale = 0.3}, 0.3 / 1.7320508, 0.3},
        {{.kind = INIT_NORMAL, .scale = 0.2}, 0.2, 2},
        {{.kind = INIT_XAVIER, .scale = 3, .factor = FACTOR_AVG}, 0.1 / 1.7320508, 0.1},
        {{.kind = INIT_XAVIER, .scale = 3, .factor = FACTOR_IN}, 0.122474487 / 1.7320508, 0.122474487},
        {{.kind = INIT_XAVIER, .scale = 3, .factor = FACTOR_OUT}, 0.086602540 / 1.7320508, 0.086602540},
        {{.kind = INIT_XAVIER, .scale = 3, .factor = FACTOR_IN, .fan_in = 12}, 0.5 / 1.7320508, 0.5},
    };
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct parameters p;
        struct tensor *w;
        struct error err;
        double mean, deviation, most, error = 5 * cases[c].deviation / sqrt(200.0 * 400);
        parameters_open(&p, c % 2 ? &backend_ref32 : &backend_ref64);
        w = parameters_add(&p, "w", 2, (size_t[]){200, 400}, cases[c].init);
        assert_int_equal(parameters_settle(&p, 3, &err), 0);
        moments(&p, w, &mean, &deviation, &most);
        assert_true(fabs(mean) < error && fabs(deviation - cases[c].deviation) < error && most <= cases[c].most);
        parameters_close(&p);
    }
}

/* Whatever else a network has, and on whichever backend. */
static void a_name_and_a_seed_start_alike(void **state)
{
    struct net a;
    struct parameters p;
    struct tensor *w;
    struct error err;
    float first[1500], second[1500];
    (void)state;
    open_net(&a, &backend_ref32, 9);
    parameters_open(&p, &backend_ref64);
    w = parameters_add(&p, "w", 2, (size_t[]){30, 50}, (struct init){.kind = INIT_UNIFORM, .scale = 0.1});
    assert_int_equal(parameters_settle(&p, 9, &err), 0);
    parameters_get(&a.p, a.w, first);
    parameters_get(&p, w, second);
    assert_memory_equal(first, second, sizeof first);
    parameters_close(&p);
    parameters_open(&p, &backend_ref32);
    w = parameters_add(&p, "v", 2, (size_t[]){30, 50}, (struct init){.kind = INIT_UNIFORM, .scale = 0.1});
    assert_int_equal(parameters_settle(&p, 9, &err), 0);
    parameters_get(&p, w, second);
    assert_memory_not_equal(first, second, sizeof first);
    parameters_close(&p);
    parameters_close(&a.p);
}

static void only_touched_rows_are_cleared(void **state)
{
    struct net n;
    float *grad;
    (void)state;
    open_net(&n, &backend_ref32, 1);
    grad = n.table->grad;
    assert_true(n.table->grad_ready && !n.w->grad_ready);
    tensor_touch(n.table, 40);
    tensor_touch(n.table, 3);
    tensor_touch(n.table, 40);
    assert_int_equal(n.table->touched->count, 2);
    n.w->grad_ready = true;
    grad[40 * 7] = grad[3 * 7 + 6] = 1;
    grad[50 * 7] = 5; /* against the rules: shows that it is not looked at */
    parameters_clear(&n.p);
    assert_true(grad[40 * 7] == 0 && grad[3 * 7 + 6] == 0 && grad[50 * 7] == 5);
    assert_true(n.table->grad_ready && !n.w->grad_ready && n.table->touched->count == 0);
    tensor_touch(n.table, 40);
    assert_int_equal(n.table->touched->count, 1);
    parameters_close(&n.p);
}

static void snapshots_bring_back(void **state)
{
    struct net n;
    struct snapshot s = {0};
    struct error err;
    float before[1500], after[1500] = {0};
    (void)state;
    open_net(&n, &backend_ref32, 4);
    parameters_get(&n.p, n.w, before);
    assert_int_equal(parameters_keep(&n.p, &s, &err), 0);
    parameters_set(&n.p, n.w, after);
    parameters_restore(&n.p, &s);
    parameters_get(&n.p, n.w, after);
    assert_memory_equal(before, after, sizeof before);
    snapshot_free(&n.p, &s);
    parameters_close(&n.p);
}

static void bytes_go_there_and_back(void **state)
{
    struct net a, b;
    struct str bytes = {0}, again = {0};
    struct error err;
    (void)state;
    open_net(&a, &backend_ref32, 4);
    open_net(&b, &backend_ref64, 5);
    assert_int_equal(parameters_write(&a.p, &bytes, &err), 0);
    assert_int_equal(parameters_read(&b.p, bytes.data, bytes.len, "weights.bin", &err), 0);
    assert_int_equal(parameters_write(&b.p, &again, &err), 0);
    assert_int_equal(bytes.len, again.len);
    assert_memory_equal(bytes.data, again.data, bytes.len);
    str_free(&bytes);
    str_free(&again);
    parameters_close(&a.p);
    parameters_close(&b.p);
}

static void refused(struct net *n, const char *bytes, size_t len, const char *says)
{
    struct error err = {0};
    struct str before = {0}, after = {0};
    char *exact = malloc(len ? len : 1); /* so that a sanitizer sees a byte too many */
    memcpy(exact, bytes, len);
    parameters_write(&n->p, &before, &err);
    assert_int_equal(parameters_read(&n->p, exact, len, "weights.bin", &err), -1);
    assert_string_equal(err.where, "weights.bin");
    assert_int_equal(err.code, ERROR_INPUT);
    if (!strstr(err.what, says))
        fail_msg("'%s' does not say '%s'", err.what, says);
    parameters_write(&n->p, &after, &err);
    assert_memory_equal(before.data, after.data, before.len); /* a refused file changes nothing */
    free(exact);
    str_free(&before);
    str_free(&after);
}

static void bad_files_are_refused(void **state)
{
    struct net n, other;
    struct str bytes = {0};
    struct error err;
    const float nothing = NAN;
    (void)state;
    open_net(&n, &backend_ref32, 4);
    assert_int_equal(parameters_write(&n.p, &bytes, &err), 0);
    for (size_t len = 0; len < bytes.len; len += len < 60 ? 1 : 777)
        refused(&n, bytes.data, len, "ends before");
    str_putc(&bytes, 'x');
    refused(&n, bytes.data, bytes.len, "1 bytes follow");
    bytes.len--;
    memcpy(bytes.data + bytes.len - 4, &nothing, 4);
    refused(&n, bytes.data, bytes.len, "is not a number");
    bytes.data[16] ^= 1;
    refused(&n, bytes.data, bytes.len, "not where it should be");
    bytes.data[0] = 'X';
    refused(&n, bytes.data, bytes.len, "no file of weights");
    str_clear(&bytes);
    parameters_open(&other.p, &backend_ref32);
    parameters_add(&other.p, "mean", 1, (size_t[]){6}, half);
    assert_int_equal(parameters_settle(&other.p, 1, &err), 0);
    parameters_write(&other.p, &bytes, &err);
    refused(&n, bytes.data, bytes.len, "another network: 1 parts instead of 4");
    bytes.data[8] = 4;
    refused(&n, bytes.data, bytes.len, "mean is of another shape");
    bytes.data[12] = (char)200; /* the length of a name */
    refused(&n, bytes.data, bytes.len, "not where it should be");
    str_free(&bytes);
    parameters_close(&other.p);
    parameters_close(&n.p);
}

static void too_much_is_no_parameter(void **state)
{
    struct parameters p;
    char name[16];
    (void)state;
    parameters_open(&p, &backend_ref32);
    assert_null(parameters_add(&p, "huge", 2, (size_t[]){SIZE_MAX / 2, 3}, half));
    assert_null(parameters_add(&p, "a name that is far too long to be kept in forty-eight bytes", 0, NULL, half));
    for (int i = 0; i < PARAMETERS_MAX; i++) {
        snprintf(name, sizeof name, "p%d", i);
        assert_non_null(parameters_add(&p, name, 1, (size_t[]){0}, half));
    }
    assert_null(parameters_add(&p, "more", 0, NULL, half));
    assert_int_equal(parameters_settle(&p, 1, &(struct error){0}), 0);
    parameters_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learned_numbers_come_first),    cmocka_unit_test(weights_start_as_asked),
        cmocka_unit_test(a_name_and_a_seed_start_alike), cmocka_unit_test(only_touched_rows_are_cleared),
        cmocka_unit_test(snapshots_bring_back),          cmocka_unit_test(bytes_go_there_and_back),
        cmocka_unit_test(bad_files_are_refused),         cmocka_unit_test(too_much_is_no_parameter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
