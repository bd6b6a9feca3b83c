/* The GPU backend. What a kernel does to one element, and how rows and trees use a device, is tested everywhere, with a
 * processor that plays the device; the backend itself where a GPU answers, else those tests are skipped. Whole runs:
 * test_gpu_runs.c. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/algo/xgboost/tree_rows.h"
#include "engine/base/rng.h"
#include "tests/engine/gpu_real.h"
#include "tests/engine/gpu_standin.h"

static bool near(double a, double b, double tolerance)
{
    bool is = fabs(a - b) <= tolerance * (1 + fabs(a) + fabs(b)) || (isnan(a) && isnan(b));
    if (!is)
        print_error("%.9g is not %.9g\n", a, b);
    return is;
}

/* --- no GPU ---------------------------------------------------------------------------------------------------------
 */

static bool is_sentence(const char *s)
{
    return strlen(s) > 20 && s[0] >= 'A' && s[0] <= 'Z' && strchr(s, ' ');
}

/* Runs before the plugin is put beside this program, and after. */
static void a_missing_gpu_is_a_sentence(void **state)
{
    struct error err = {0};
    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct gpu *gpu = gpu_open(&err);
        if (!gpu) {
            print_message("  %s\n", err.what);
            assert_true(is_sentence(err.what) && err.fix && strlen(err.fix) > 20);
            assert_string_equal(err.where, "--device");
            assert_int_equal(err.code, ERROR_INPUT);
            assert_true(strstr(err.what, "no GPU backend") || strstr(err.what, "No GPU answers"));
        } else {
            assert_true(strlen(gpu_name()) > 0);
        }
        if (i == 0)
            link_plugin();
    }
}

/* --- formulas -------------------------------------------------------------------------------------------------------
 */

static const struct loss losses[] = {
    {LOSS_SQUARED, 0, 1}, {LOSS_ABSOLUTE, 0, 1},   {LOSS_EPS_SQUARED, 0.3, 1}, {LOSS_EPS_ABSOLUTE, 0.3, 1},
    {LOSS_HUBER, 0.7, 1}, {LOSS_QUANTILE, 0.2, 1}, {LOSS_QUANTILE, 0.9, 1},    {LOSS_LOGISTIC, 0, 1},
    {LOSS_HINGE, 1, 1},   {LOSS_HINGE, 0.4, 1},    {LOSS_SOFTMAX, 0, 5},
};
enum { LOSSES = sizeof losses / sizeof *losses, ROWS = 300, MODELS = 3, SCORES_MAX = ROWS * MODELS * 5 };

struct scored {
    float score[SCORES_MAX], label[ROWS], weight[ROWS];
};

static void make_scores(struct scored *s, const struct loss *l, uint64_t seed)
{
    struct rng r;
    rng_init(&r, seed, 11);
    for (size_t i = 0; i < SCORES_MAX; i++)
        s->score[i] = (float)((i % 7 ? 2 : 40) * rng_normal(&r));
    for (size_t i = 0; i < ROWS; i++) {
        bool classes = l->kind >= LOSS_LOGISTIC;
        s->label[i] = classes ? (float)rng_below(&r, l->classes > 1 ? l->classes : 2) : (float)rng_normal(&r);
        s->weight[i] = (float)(0.1 + rng_uniform(&r));
    }
}

/* A device against nn/loss.h: slopes to single precision, sums too. */
static void check_losses(const struct gpu *gpu)
{
    static struct scored s;
    static float wanted[SCORES_MAX], found[SCORES_MAX];
    for (size_t i = 0; i < 2 * LOSSES; i++) {
        const struct loss *l = &losses[i / 2];
        const struct gpu_loss there = {(int)l->kind, (float)l->parameter, l->classes, MODELS};
        size_t n = ROWS * MODELS * l->classes;
        double sums[MODELS], got[MODELS];
        make_scores(&s, l, i);
        const float *weight = i % 2 ? s.weight : NULL;
        loss_models(l, wanted, s.score, s.label, weight, ROWS, MODELS, sums);
        float *score = gpu->alloc(sizeof s.score), *slope = gpu->alloc(sizeof s.score);
        float *label = gpu->alloc(sizeof s.label), *weights = gpu->alloc(sizeof s.weight);
        double *total = gpu->alloc(sizeof got);
        gpu->upload(score, s.score, sizeof s.score);
        gpu->upload(label, s.label, sizeof s.label);
        gpu->upload(weights, s.weight, sizeof s.weight);
        gpu->loss(&there, slope, score, label, weight ? weights : NULL, ROWS, total);
        gpu->loss(&there, slope, score, label, weight ? weights : NULL, ROWS, total); /* adds */
        gpu->download(found, slope, n * sizeof *found);
        gpu->download(got, total, sizeof got);
        assert_int_equal(gpu_finish(gpu, &(struct error){0}), 0);
        for (size_t k = 0; k < n; k++)
            assert_true(near((double)found[k], (double)wanted[k], 1e-5));
        for (size_t m = 0; m < MODELS; m++)
            assert_true(near(got[m], 2 * sums[m], 1e-5));
        void *arrays[] = {score, slope, label, weights, total};
        for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++)
            gpu->release(arrays[k]);
    }
}

static void what_is_no_number_stays_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < LOSSES; i++) {
        const struct gpu_loss l = {(int)losses[i].kind, (float)losses[i].parameter, losses[i].classes, 1};
        float score[5] = {NAN, 0, 1, 2, 3}, slope[5];
        assert_true(isnan(formula_row(&l, slope, score, 1, 1)));
    }
}

static void check_optimisers(const struct gpu *gpu)
{
    enum { N = 400 };
    for (int c = 0; c < 2 * OPTIMISER_KINDS; c++) {
        float w[N], gradient[N], state[2 * N] = {0}, found[N];
        struct optimiser o;
        struct rng r;
        rng_init(&r, (uint64_t)c, 12);
        optimiser_init(&o, (enum optimiser_kind)(c % OPTIMISER_KINDS), state, N);
        o.momentum = 0.5f;
        for (size_t i = 0; i < N; i++)
            w[i] = (float)rng_normal(&r);
        float *there = gpu->alloc(sizeof w), *slope = gpu->alloc(sizeof w);
        float *first = gpu->alloc(sizeof w), *second = gpu->alloc(sizeof w);
        gpu->upload(there, w, sizeof w);
        for (int t = 0; t < 5; t++) {
            double l1 = c < OPTIMISER_KINDS ? 0 : 0.02;
            struct optimiser_now step;
            for (size_t i = 0; i < N; i++)
                gradient[i] = (float)rng_normal(&r);
            optimiser_step(&o, w, gradient, 0.1, 0.01, l1);
            step = optimiser_now(&o, 0.1, 0.01, l1); /* of the same step: its powers stand now */
            gpu->upload(slope, gradient, sizeof gradient);
            gpu->optimise(&step, there, slope, first, second, N);
        }
        gpu->download(found, there, sizeof found);
        assert_int_equal(gpu_finish(gpu, &(struct error){0}), 0);
        for (size_t i = 0; i < N; i++)
            assert_true(near((double)found[i], (double)w[i], 1e-5));
        void *arrays[] = {there, slope, first, second};
        for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++)
            gpu->release(arrays[k]);
    }
}

/* pick, spread, column_sums and every kind of product, against loops. */
static void check_arrays(const struct gpu *gpu)
{
    enum { M = 37, N = 5, K = 21 };
    float a[M * K], b[K * N], c[M * N], found[M * N], sums[N];
    uint32_t row[M];
    struct rng r;
    rng_init(&r, 1, 13);
    for (size_t i = 0; i < M * K; i++)
        a[i] = (float)rng_normal(&r);
    for (size_t i = 0; i < K * N; i++)
        b[i] = (float)rng_normal(&r);
    for (uint32_t i = 0; i < M; i++)
        row[i] = (uint32_t)rng_below(&r, M);
    float *there_a = gpu->alloc(sizeof a), *there_b = gpu->alloc(sizeof b), *there_c = gpu->alloc(sizeof c);
    float *picked = gpu->alloc(sizeof a), *sum = gpu->alloc(sizeof sums);
    uint32_t *order = gpu->alloc(sizeof row);
    gpu->upload(there_a, a, sizeof a);
    gpu->upload(there_b, b, sizeof b);
    gpu->upload(order, row, sizeof row);
    for (int way = 0; way < 4; way++) {
        bool ta = way & 1, tb = way & 2; /* a is M x K or K x M, b is K x N or N x K */
        gpu->pick(picked, there_a, order, ta ? 0 : M, K);
        gpu->spread(there_c, there_b, M, N);
        gpu->gemm(there_c, ta ? there_a : picked, there_b, M, N, K, ta, tb, 0.5f, 2);
        gpu->column_sums(sum, there_c, M, N, 0.25f);
        gpu->download(found, there_c, sizeof found);
        gpu->download(sums, sum, sizeof sums);
        assert_int_equal(gpu_finish(gpu, &(struct error){0}), 0);
        double total[N] = {0};
        for (size_t i = 0; i < M; i++)
            for (size_t j = 0; j < N; j++) {
                double wanted = 2 * (double)b[j];
                for (size_t k = 0; k < K; k++)
                    wanted += 0.5 * (double)(ta ? a[k * M + i] : a[row[i] * K + k]) *
                              (double)(tb ? b[j * K + k] : b[k * N + j]);
                assert_true(near((double)found[i * N + j], wanted, 1e-5));
                total[j] += wanted;
            }
        for (size_t j = 0; j < N; j++)
            assert_true(near((double)sums[j], total[j] / 4, 1e-5));
    }
    void *arrays[] = {there_a, there_b, there_c, picked, sum, order};
    for (size_t k = 0; k < sizeof arrays / sizeof *arrays; k++)
        gpu->release(arrays[k]);
}

/* --- trees ----------------------------------------------------------------------------------------------------------
 */
enum { COLUMNS = 24 };

static float cell_of(struct rng *r, size_t column, uint64_t hot, size_t row)
{
    double u = rng_uniform(r), v = rng_uniform(r);
    if (column < 10)
        return hot == column; /* one-hot: shared */
    switch (column) {
    case 10:
        return (float)row; /* a bin for each row */
    case 11:
        return u < 0.1 ? NAN : (float)rng_normal(r);
    case 12:
        return (float)floor(v * 5);
    case 13:
        return u < 0.3 ? NAN : (float)floor(v * 3);
    case 14:
        return 3;
    case 15:
        return NAN;
    default:
        return column % 2 ? (float)rng_normal(r)
               : u < 0.97 ? 0
                          : (float)floor(v * 90) + 0.5f; /* rarely not 0: listed */
    }
}

static void make_data(struct dataset *d, struct dataset *sparse, size_t rows, uint64_t seed)
{
    struct rng r;
    struct dataset_builder b = {.data = sparse};
    rng_init(&r, seed, 0);
    memset(d, 0, sizeof *d);
    memset(sparse, 0, sizeof *sparse);
    assert_int_equal(dataset_alloc(d, rows, COLUMNS), 0);
    for (size_t i = 0; i < rows; i++) {
        uint64_t hot = rng_below(&r, 11);
        assert_int_equal(dataset_builder_sparse(&b, COLUMNS), 0);
        for (size_t j = 0; j < COLUMNS; j++) {
            float x = d->x[i * COLUMNS + j] = cell_of(&r, j, hot, i);
            if (!isnan(x))
                assert_int_equal(dataset_builder_entry(&b, (uint32_t)j, x), 0);
        }
        assert_int_equal(dataset_builder_end(&b, 0, 1), 0);
    }
    dataset_builder_finish(&b);
    snprintf(d->name, sizeof d->name, "made");
}

/* The column's own histogram from a node's cells, and one taken value by value. */
static void check_cells(const struct bins *b, const struct dataset *d, const uint32_t *row, const uint64_t *packed,
                        size_t n, const uint64_t *cells)
{
    uint64_t *own = malloc(3 * b->scratch * sizeof *own), total = 0;
    assert_non_null(own);
    uint64_t *wanted = own + 2 * b->scratch;
    for (size_t i = 0; i < n; i++)
        total += packed[row[i]];
    for (size_t j = 0; j < COLUMNS; j++) {
        memset(wanted, 0, b->scratch * sizeof *wanted);
        for (size_t i = 0; i < n; i++)
            wanted[cuts_code(&b->cuts, &b->cuts.column[j], d->x[row[i] * COLUMNS + j])] += packed[row[i]];
        bins_marginal(b, j, cells, total, own, own + b->scratch);
        assert_memory_equal(own, wanted, b->column[j].codes * sizeof *own);
    }
    free(own);
}

/* One tree's worth of calls by way of tree_rows.h: every column is split by, from all rows down. */
static void check_rows(const struct gpu *gpu, const struct dataset *layout, const struct dataset *d, uint32_t max_bin)
{
    struct bins b;
    struct error err = {0};
    struct tree_rows rows = {.on = &tree_rows_gpu, .gpu = gpu};
    uint64_t *cells;
    uint8_t *go;
    size_t n = 0, end;
    uint64_t *packed = malloc(d->rows * sizeof *packed); /* by row */
    assert_int_equal(bins_make(&b, layout, NULL, max_bin, NULL, &err), 0);
    assert_int_equal(partition_init(&rows.partition, d->rows), 0);
    cells = malloc((b.cells + 8) * sizeof *cells);
    go = malloc(b.scratch);
    assert_true(packed && cells && go);
    for (size_t i = 0; i < d->rows; i++)
        packed[i] = (i + 1) * 0x9E3779B97F4A7C15u;
    for (size_t i = 0; i < d->rows; i++)
        if (i % 4) {
            rows.partition.row[0][n] = (uint32_t)i;
            rows.partition.packed[0][n++] = packed[i];
        }
    assert_int_equal(rows.on->open(&rows, &b, &err), 0);
    assert_int_equal(rows.on->begin(&rows, n, &err), 0);
    end = n;
    for (size_t j = 0; j < COLUMNS && end > 4; j++) {
        struct stretch all = {0, end, 0}, left, right;
        size_t lefts = 0;
        if (b.column[j].codes < 2)
            continue;
        for (uint32_t k = 0; k < b.column[j].codes; k++)
            go[k] = k % 3 != 1 || k == b.column[j].skip;
        assert_int_equal(rows.on->split(&rows, all, j, go, false, &left, &right, &err), 0);
        assert_int_equal(rows.on->end(&rows, n, &err), 0);
        for (size_t i = 0; i < end; i++) {
            const uint32_t row = rows.partition.row[0][i];
            bool goes = go[cuts_code(&b.cuts, &b.cuts.column[j], d->x[row * COLUMNS + j])];
            lefts += goes;
            assert_int_equal(goes, i < left.end);
        }
        assert_true(left.begin == 0 && left.end == lefts && right.begin == lefts && right.end == end);
        assert_int_equal(rows.on->build(&rows, right, cells, &err), 0);
        check_cells(&b, d, rows.partition.row[0] + right.begin, packed, right.end - right.begin, cells);
        assert_int_equal(rows.on->build(&rows, left, cells, &err), 0);
        check_cells(&b, d, rows.partition.row[0], packed, left.end, cells);
        end = left.end;
    }
    rows.on->close(&rows);
    partition_free(&rows.partition);
    bins_free(&b);
    free(packed);
    free(cells);
    free(go);
}

/* Blocks of fixed and of varying width, bundles too wide for a GPU's shared memory, columns over several blocks. */
static void check_all_rows(const struct gpu *gpu)
{
    static const uint32_t max_bins[] = {256, 16, 0};
    struct dataset dense, sparse;
    make_data(&dense, &sparse, 9000, 2);
    for (size_t k = 0; k < sizeof max_bins / sizeof *max_bins; k++) {
        check_rows(gpu, &dense, &dense, max_bins[k]);
        check_rows(gpu, &sparse, &dense, max_bins[k]);
    }
    dataset_free(&dense);
    dataset_free(&sparse);
}

static const struct grow_settings usual = {.method = GROW_HIST,
                                           .max_depth = 6,
                                           .max_bin = 256,
                                           .sketch_eps = 0.03,
                                           .eta = 0.3,
                                           .lambda = 1,
                                           .min_child_weight = 1,
                                           .subsample = 1,
                                           .colsample_bytree = 1,
                                           .colsample_bylevel = 1,
                                           .colsample_bynode = 1,
                                           .seed = 7};

static void vary(struct grow_settings *s, int kind)
{
    *s = usual;
    s->method = kind == 1 ? GROW_APPROX : kind == 2 ? GROW_EXACT : GROW_HIST;
    if (kind == 3)
        s->subsample = 0.5;
    if (kind == 4) {
        s->subsample = 0.3;
        s->sample_by_gradient = true;
    }
    if (kind == 5) {
        s->lossguide = true;
        s->max_leaves = 20;
        s->max_depth = 0;
    }
    if (kind == 6) {
        s->max_depth = 1;
        s->colsample_bynode = 0.5;
    }
}

enum { VARIANTS = 7, TREES = 2 };

static void grow(const struct grow_settings *s, const struct gpu *gpu, const struct dataset *d, struct tree *trees,
                 float *margin)
{
    struct error err = {0};
    struct grow_settings own = *s;
    struct gradient *gradients = malloc(d->rows * sizeof *gradients);
    struct pool *pool = pool_open(2);
    assert_non_null(gradients);
    own.gpu = gpu;
    struct grower *g = grower_new(&own, d, 0, NULL, pool, &err);
    assert_non_null(g);
    memset(margin, 0, d->rows * sizeof *margin);
    for (uint64_t k = 0; k < TREES; k++) {
        struct rng r;
        rng_init(&r, k, 1);
        for (size_t i = 0; i < d->rows; i++) {
            float z = (float)(i % 97) / 97 + (float)(i % 11 == 3) - (i > d->rows / 2) + (float)rng_normal(&r);
            gradients[i] = (struct gradient){z + margin[i], 0.05f + (float)rng_uniform(&r)};
        }
        assert_int_equal(grower_grow(g, gradients, k, &trees[k], &err), 0);
        grower_add(g, margin, 1);
    }
    grower_free(g);
    pool_close(pool);
    free(gradients);
}

static bool same_tree(const struct tree *a, const struct tree *b)
{
    size_t n = (size_t)a->size;
    return a->size == b->size && !memcmp(a->left, b->left, n * sizeof *a->left) &&
           !memcmp(a->right, b->right, n * sizeof *a->right) &&
           !memcmp(a->feature, b->feature, n * sizeof *a->feature) &&
           !memcmp(a->threshold, b->threshold, n * sizeof *a->threshold) &&
           !memcmp(a->default_left, b->default_left, n * sizeof *a->default_left) &&
           !memcmp(a->value, b->value, n * sizeof *a->value) && !memcmp(a->gain, b->gain, n * sizeof *a->gain) &&
           !memcmp(a->cover, b->cover, n * sizeof *a->cover);
}

/* Trees and the scores of all rows are those of the processor to the bit. */
static void check_trees(const struct gpu *gpu)
{
    struct dataset both[2];
    make_data(&both[0], &both[1], 6000, 3);
    float *here = malloc(both[0].rows * sizeof *here), *there = malloc(both[0].rows * sizeof *there);
    assert_true(here && there);
    for (int k = 0; k < 2 * VARIANTS; k++) {
        struct grow_settings s;
        struct tree wanted[TREES], found[TREES];
        vary(&s, k / 2);
        grow(&s, NULL, &both[k % 2], wanted, here);
        grow(&s, gpu, &both[k % 2], found, there);
        for (int i = 0; i < TREES; i++) {
            assert_true(wanted[i].size > 2);
            assert_true(same_tree(&wanted[i], &found[i]));
            tree_free(&wanted[i]);
            tree_free(&found[i]);
        }
        assert_memory_equal(here, there, both[0].rows * sizeof *here);
    }
    free(here);
    free(there);
    dataset_free(&both[0]);
    dataset_free(&both[1]);
}

/* --- with a processor that plays the device -------------------------------------------------------------------------
 */

static void formulas_are_those_of_the_processor(void **state)
{
    (void)state;
    check_losses(&standin_gpu);
    check_optimisers(&standin_gpu);
    check_arrays(&standin_gpu);
    assert_int_equal(standin.arrays, 0);
}

static void rows_and_trees_are_those_of_the_processor(void **state)
{
    (void)state;
    check_all_rows(&standin_gpu);
    check_trees(&standin_gpu);
    assert_int_equal(standin.arrays, 0);
}

/* --- where a GPU answers --------------------------------------------------------------------------------------------
 */

static void on_a_gpu_arrays_losses_and_steps_agree(void **state)
{
    const struct gpu *gpu = real_gpu();
    (void)state;
    if (!gpu)
        skip();
    check_arrays(gpu);
    check_losses(gpu);
    check_optimisers(gpu);
}

static void on_a_gpu_rows_and_trees_are_the_same_bits(void **state)
{
    const struct gpu *gpu = real_gpu();
    (void)state;
    if (!gpu)
        skip();
    check_all_rows(gpu);
    check_trees(gpu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_gpu_is_a_sentence),
        cmocka_unit_test(formulas_are_those_of_the_processor),
        cmocka_unit_test(what_is_no_number_stays_so),
        cmocka_unit_test(rows_and_trees_are_those_of_the_processor),
        cmocka_unit_test(on_a_gpu_arrays_losses_and_steps_agree),
        cmocka_unit_test(on_a_gpu_rows_and_trees_are_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, unlink_plugin);
}
