/* Trees against XGBoost's own (golden values of tests/reference/grower.py), against sums taken one by one in doubles,
 * and against themselves where nothing may differ: threads, ranks, dense or sparse, seeds. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/algo/xgboost/grower.h"
#include "engine/algo/xgboost/histogram.h"
#include "engine/base/rng.h"
#include "tests/golden/grower.h"

static const struct grow_settings usual = {.method = GROW_HIST,
                                           .max_depth = 4,
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

static bool near(double a, double b, double tolerance)
{
    bool is = fabs(a - b) <= tolerance * (1 + fabs(a) + fabs(b));
    if (!is)
        print_error("%.9g is not %.9g\n", a, b);
    return is;
}

/* --- data with a column of every kind -------------------------------------------------------------------------------
 */
enum { KINDS = 26 };

static float cell_of_kind(struct rng *r, size_t kind, uint64_t hot, uint64_t row)
{
    double u = rng_uniform(r), v = rng_uniform(r);
    if (kind < 12) /* one-hot columns */
        return hot == kind;
    switch (kind) {
    case 12:
        return (float)rng_normal(r);
    case 13:
        return u < 0.1 ? NAN : (float)rng_normal(r);
    case 14:
        return (float)floor(v * 5);
    case 15:
        return u < 0.3 ? NAN : (float)floor(v * 3) - 1;
    case 16:
        return u < 0.9 ? 0 : (float)rng_normal(r); /* nearly always zero */
    case 17:
        return u < 0.8 ? NAN : (float)floor(v * 200) / 8;
    case 18:
        return 3; /* constant */
    case 19:
        return NAN;
    case 20:
        return u < 0.5 ? NAN : 1;
    case 21:
        return (float)row;
    case 22:
        return (float)floor(v * 40) * 1e20f;
    default:
        return u < 0.97 ? 0 : (float)floor(v * 90) + 0.5f;
    }
}

static void make_data(struct dataset *d, size_t rows, uint64_t seed)
{
    struct rng r;
    rng_init(&r, seed, 0);
    memset(d, 0, sizeof *d);
    assert_int_equal(dataset_alloc(d, rows, KINDS), 0);
    for (size_t i = 0; i < rows; i++) {
        uint64_t hot = rng_below(&r, 13);
        for (size_t j = 0; j < KINDS; j++)
            d->x[i * KINDS + j] = cell_of_kind(&r, j, hot, i);
    }
    snprintf(d->name, sizeof d->name, "made");
}

/* Gradients that the columns explain in part. */
static struct gradient *make_gradients(const struct dataset *d, uint64_t seed)
{
    struct rng r;
    struct gradient *g = malloc((d->rows + 1) * sizeof *g);
    assert_non_null(g);
    rng_init(&r, seed, 1);
    for (size_t i = 0; i < d->rows; i++) {
        const float *x = d->x + i * d->columns;
        double z = x[3] + (x[13] > 0.2f ? 1.5 : 0) + x[14] / 3 - (x[16] > 0) + (x[20] == 1 ? 0.7 : 0) + x[12];
        g[i].g = (float)(z - 1 + 0.5 * rng_normal(&r));
        g[i].h = (float)(0.05 + rng_uniform(&r));
    }
    return g;
}

static void make_sparse(struct dataset *to, const struct dataset *from)
{
    struct dataset_builder b = {.data = to};
    memset(to, 0, sizeof *to);
    for (size_t i = 0; i < from->rows; i++) {
        assert_int_equal(dataset_builder_sparse(&b, from->columns), 0);
        for (size_t j = 0; j < from->columns; j++)
            if (!isnan(from->x[i * from->columns + j]))
                assert_int_equal(dataset_builder_entry(&b, (uint32_t)j, from->x[i * from->columns + j]), 0);
        assert_int_equal(dataset_builder_end(&b, 0, 1), 0);
    }
    dataset_builder_finish(&b);
}

static void grow(const struct grow_settings *s, const struct dataset *d, const struct gradient *g, int threads,
                 uint64_t number, struct tree *t, float *margin)
{
    struct error err = {0};
    struct pool *pool = pool_open(threads);
    struct grower *grower = grower_new(s, d, 0, NULL, pool, &err);
    if (!grower)
        print_error("%s\n", err.what);
    assert_non_null(grower);
    assert_int_equal(grower_grow(grower, g, number, t, &err), 0);
    if (margin)
        grower_add(grower, margin, 1);
    assert_true(grower_bytes(grower) > 0);
    grower_free(grower);
    pool_close(pool);
}

static bool same_tree(const struct tree *a, const struct tree *b)
{
    size_t n = (size_t)a->size;
    return a->size == b->size && !memcmp(a->parent, b->parent, n * sizeof *a->parent) &&
           !memcmp(a->left, b->left, n * sizeof *a->left) && !memcmp(a->right, b->right, n * sizeof *a->right) &&
           !memcmp(a->feature, b->feature, n * sizeof *a->feature) &&
           !memcmp(a->threshold, b->threshold, n * sizeof *a->threshold) &&
           !memcmp(a->default_left, b->default_left, n * sizeof *a->default_left) &&
           !memcmp(a->value, b->value, n * sizeof *a->value) && !memcmp(a->weight, b->weight, n * sizeof *a->weight) &&
           !memcmp(a->gain, b->gain, n * sizeof *a->gain) && !memcmp(a->cover, b->cover, n * sizeof *a->cover);
}

/* --- XGBoost's own trees --------------------------------------------------------------------------------------------
 */
static int child_of(const struct tree *t, int node, float x)
{
    bool left = isnan(x) ? t->default_left[node] : x < t->threshold[node];
    return left ? t->left[node] : t->right[node];
}

static bool reaches(const struct tree *t, const float *row, int node)
{
    int at = 0;
    while (at < node && !tree_is_leaf(t, at))
        at = child_of(t, at, row[t->feature[at]]);
    return at == node;
}

/* Both splits part the rows of the node alike: rounding decides among thresholds that do. */
static bool same_sides(const struct dataset *d, const struct tree *t, int node, const struct golden_node *golden)
{
    for (size_t i = 0; i < d->rows; i++) {
        const float *row = d->x + i * d->columns;
        float x = row[t->feature[node]];
        bool left = isnan(x) ? golden->default_left : x < (float)golden->threshold;
        if (reaches(t, row, node) && left != (child_of(t, node, x) == t->left[node]))
            return false;
    }
    return true;
}

static size_t compare_below(const struct dataset *d, const struct tree *t, int node, const struct golden_node *golden,
                            size_t size, size_t at)
{
    assert_true(at < size);
    const struct golden_node *k = &golden[at++];
    assert_int_equal(!tree_is_leaf(t, node), k->inner);
    assert_true(near(t->cover[node], k->cover, 1e-5));
    if (!k->inner) {
        assert_true(near(t->value[node], k->value, 2e-5));
        return at;
    }
    assert_int_equal(t->feature[node], k->feature);
    assert_true(same_sides(d, t, node, k));
    assert_true(near(t->weight[node], k->weight, 2e-5));
    assert_true(near(t->gain[node], k->gain, 1e-3));
    at = compare_below(d, t, t->left[node], golden, size, at);
    return compare_below(d, t, t->right[node], golden, size, at);
}

static void compare_with_golden(const char *name, const struct grow_settings *s, const struct golden_node *golden,
                                size_t size)
{
    struct dataset d = {0};
    struct gradient g[GOLDEN_ROWS];
    struct tree t;
    print_message("  %s\n", name);
    assert_int_equal(dataset_alloc(&d, GOLDEN_ROWS, GOLDEN_COLUMNS), 0);
    for (size_t i = 0; i < sizeof golden_x / sizeof *golden_x; i++)
        d.x[i] = (float)golden_x[i];
    for (size_t i = 0; i < GOLDEN_ROWS; i++)
        g[i] = (struct gradient){0.5f - (float)golden_y[i], 1};
    grow(s, &d, g, 1, 0, &t, NULL);
    assert_int_equal(compare_below(&d, &t, 0, golden, size, 0), size);
    tree_free(&t);
    dataset_free(&d);
}

#define GOLDEN(name, ...)                                                                                              \
    do {                                                                                                               \
        struct grow_settings s = usual;                                                                                \
        __VA_ARGS__;                                                                                                   \
        compare_with_golden(#name, &s, golden_##name, sizeof golden_##name / sizeof *golden_##name);                   \
    } while (0)

static void trees_are_those_of_xgboost(void **state)
{
    static const signed char monotone[] = {1, -1, 0, 1, 0};
    static const uint64_t groups[] = {1 << 0 | 1 << 1, 1 << 1 | 1 << 2 | 1 << 3};
    (void)state;
    GOLDEN(plain, (void)0);
    GOLDEN(lambda, s.lambda = 7.5);
    GOLDEN(alpha, s.alpha = 2);
    GOLDEN(gamma, s.gamma = 9);
    GOLDEN(child_weight, s.min_child_weight = 30);
    GOLDEN(delta_step, s.max_delta_step = 0.4);
    GOLDEN(monotone, s.monotone = monotone);
    GOLDEN(interaction, s.allowed = groups; s.allowed_groups = 2);
    GOLDEN(lossguide, s.lossguide = true; s.max_depth = 0; s.max_leaves = 7);
    GOLDEN(depth_one, s.max_depth = 1);
    GOLDEN(exact, s.method = GROW_EXACT);
}

/* --- bins -----------------------------------------------------------------------------------------------------------
 */
static void check_marginals(const struct dataset *written, const struct bins *b, const uint64_t *packed)
{
    size_t rows = written->rows, columns = written->columns;
    uint32_t *row = malloc(rows * sizeof *row);
    uint64_t *cells = malloc(b->cells * sizeof *cells + 8), *own = malloc(2 * b->scratch * sizeof *own), total = 0;
    size_t n = 0;
    assert_true(row && cells && own);
    for (size_t i = 0; i < rows; i++)
        if (i % 3) {
            row[n] = (uint32_t)i;
            total += packed[n++];
        }
    histogram_build(b, row, packed, n, cells, NULL, NULL);
    for (size_t j = 0; j < columns; j++) {
        uint64_t wanted[2000] = {0};
        assert_true(b->column[j].codes <= 2000);
        for (size_t i = 0; i < n; i++)
            wanted[cuts_code(&b->cuts, &b->cuts.column[j], written->x[row[i] * columns + j])] += packed[i];
        bins_marginal(b, j, cells, total, own, own + b->scratch);
        assert_memory_equal(own, wanted, b->column[j].codes * sizeof *own);
    }
    free(row);
    free(cells);
    free(own);
}

static void check_sides(const struct dataset *written, const struct bins *b)
{
    for (size_t j = 0; j < written->columns; j++)
        for (uint32_t cut = 0; cut <= b->column[j].bins && b->column[j].codes > 1; cut += 1 + cut / 4) {
            const struct cut_column *c = &b->cuts.column[j];
            float at = cut == 0 ? c->low : cut == c->bins ? c->high : b->cuts.value[c->first + cut - 1];
            uint8_t go[2001], side[2];
            uint32_t rows[2] = {0, 0};
            for (uint32_t k = 0; k < b->column[j].codes; k++)
                go[k] = k < cut;
            for (uint32_t i = 0; i + 1 < written->rows; i += 2) {
                rows[0] = i + 1;
                rows[1] = i;
                bins_sides(b, j, rows, 2, go, side);
                assert_int_equal(side[0], written->x[rows[0] * written->columns + j] < at);
                assert_int_equal(side[1], written->x[rows[1] * written->columns + j] < at);
            }
        }
}

static void bins_say_what_thresholds_say(void **state)
{
    static const uint32_t max_bins[] = {256, 2, 16, 700, 0};
    (void)state;
    for (size_t m = 0; m < sizeof max_bins / sizeof *max_bins; m++) {
        struct dataset dense, sparse;
        struct bins b;
        struct error err = {0};
        make_data(&dense, 900, m);
        make_sparse(&sparse, &dense);
        uint64_t *packed = malloc(dense.rows * sizeof *packed);
        assert_non_null(packed);
        for (size_t i = 0; i < dense.rows; i++)
            packed[i] = i * 0x9E3779B97F4A7C15u;
        const struct dataset *both[] = {&dense, &sparse};
        bool kinds[3] = {false};
        for (int k = 0; k < 2; k++) {
            assert_int_equal(bins_make(&b, both[k], NULL, max_bins[m], NULL, &err), 0);
            check_marginals(&dense, &b, packed);
            check_sides(&dense, &b);
            for (size_t j = 0; j < b.columns; j++) {
                kinds[b.column[j].kind] = true;
                assert_true(max_bins[m] == 0 || b.column[j].bins <= max_bins[m]);
            }
            bins_free(&b);
        }
        assert_true(kinds[BINS_PRODUCT] && kinds[BINS_SHARED] && kinds[BINS_LISTED]);
        free(packed);
        dataset_free(&dense);
        dataset_free(&sparse);
    }
}

static void many_values_get_bins_of_equal_weight(void **state)
{
    struct dataset d = {0};
    struct cuts c;
    struct column_reader reader;
    struct error err = {0};
    struct rng r;
    double in_bin[50] = {0}, all = 0;
    (void)state;
    rng_init(&r, 1, 2);
    assert_int_equal(dataset_alloc(&d, 20000, 1), 0);
    float *weight = malloc(d.rows * sizeof *weight);
    assert_non_null(weight);
    for (size_t i = 0; i < d.rows; i++) {
        d.x[i] = (float)rng_normal(&r);
        weight[i] = d.x[i] > 0 ? 3 : 1;
        all += (double)weight[i];
    }
    assert_int_equal(column_reader_open(&reader, &d, &err), 0);
    assert_int_equal(cuts_make(&c, &reader, weight, 50, NULL, &err), 0);
    assert_int_equal(c.column[0].bins, 50);
    for (size_t i = 0; i < d.rows; i++)
        in_bin[cuts_code(&c, &c.column[0], d.x[i])] += (double)weight[i];
    for (int k = 0; k < 50; k++)
        assert_true(fabs(in_bin[k] - all / 50) <= 6);
    cuts_free(&c);
    column_reader_close(&reader);
    free(weight);
    dataset_free(&d);
}

/* --- trees against sums taken one by one ----------------------------------------------------------------------------
 */
static double score(double g, double h)
{
    return g * g / (h + 1);
}

/* The best gain of a node over every distinct value as threshold, missing values on either side. */
static double best_gain(const struct dataset *d, const struct gradient *gradients, const bool *inside,
                        const struct cuts *c)
{
    double best = 0, g = 0, h = 0;
    for (size_t i = 0; i < d->rows; i++)
        if (inside[i]) {
            g += (double)gradients[i].g;
            h += (double)gradients[i].h;
        }
    for (size_t j = 0; j < d->columns; j++)
        for (uint32_t k = 0; k <= c->column[j].bins; k++)
            for (int missing_left = 0; missing_left < 2; missing_left++) {
                double lg = 0, lh = 0;
                for (size_t i = 0; i < d->rows; i++) {
                    float x = d->x[i * d->columns + j];
                    bool left = isnan(x) ? missing_left : cuts_code(c, &c->column[j], x) < k;
                    lg += inside[i] && left ? (double)gradients[i].g : 0;
                    lh += inside[i] && left ? (double)gradients[i].h : 0;
                }
                if (lh >= 1 && h - lh >= 1)
                    best = fmax(best, score(lg, lh) + score(g - lg, h - lh) - score(g, h));
            }
    return best;
}

static void every_split_is_the_best(void **state)
{
    struct dataset d;
    struct grow_settings s = usual;
    struct bins b;
    struct error err = {0};
    struct tree t;
    bool inside[400];
    (void)state;
    make_data(&d, 400, 3);
    struct gradient *g = make_gradients(&d, 3);
    s.max_bin = 12;
    grow(&s, &d, g, 1, 0, &t, NULL);
    assert_true(t.size > 15);
    assert_int_equal(bins_make(&b, &d, NULL, 12, NULL, &err), 0);
    for (int k = 0; k < t.size; k++) {
        double sum_g = 0, sum_h = 0;
        for (size_t i = 0; i < d.rows; i++) {
            inside[i] = reaches(&t, d.x + i * d.columns, k);
            sum_g += inside[i] ? (double)g[i].g : 0;
            sum_h += inside[i] ? (double)g[i].h : 0;
        }
        assert_true(near(t.cover[k], sum_h, 1e-6));
        assert_true(near(t.weight[k], -sum_g / (sum_h + 1), 1e-6));
        if (tree_is_leaf(&t, k))
            assert_true(near(t.value[k], -0.3 * sum_g / (sum_h + 1), 1e-6));
        else
            assert_true(near(t.gain[k], best_gain(&d, g, inside, &b.cuts), 1e-4));
    }
    bins_free(&b);
    tree_free(&t);
    free(g);
    dataset_free(&d);
}

/* --- what must not matter -------------------------------------------------------------------------------------------
 */
static void vary(struct grow_settings *s, int kind)
{
    static const signed char monotone[KINDS] = {[12] = 1, [13] = -1};
    *s = usual;
    s->max_depth = 6;
    s->method = kind == 1 ? GROW_APPROX : kind == 2 ? GROW_EXACT : GROW_HIST;
    if (kind == 3)
        s->subsample = 0.6;
    if (kind == 4) {
        s->subsample = 0.3;
        s->sample_by_gradient = true;
    }
    if (kind == 5)
        s->colsample_bytree = s->colsample_bylevel = s->colsample_bynode = 0.7;
    if (kind == 6) {
        s->lossguide = true;
        s->max_leaves = 20;
        s->max_depth = 0;
    }
    if (kind == 7)
        s->monotone = monotone;
    if (kind == 8)
        s->gamma = 5;
    if (kind == 9)
        s->max_bin = 1000;
}

enum { VARIANTS = 10 };

static void threads_and_layout_do_not_matter(void **state)
{
    struct dataset d, sparse;
    (void)state;
    make_data(&d, 20000, 4);
    make_sparse(&sparse, &d);
    struct gradient *g = make_gradients(&d, 4);
    float *margin = calloc(d.rows, sizeof *margin);
    assert_non_null(margin);
    for (int kind = 0; kind < VARIANTS; kind++) {
        struct grow_settings s;
        struct tree one, three, other;
        vary(&s, kind);
        memset(margin, 0, d.rows * sizeof *margin);
        grow(&s, &d, g, 1, 5, &one, margin);
        grow(&s, &d, g, 3, 5, &three, NULL);
        grow(&s, &sparse, g, 2, 5, &other, NULL);
        assert_true(one.size > 9);
        assert_true(same_tree(&one, &three));
        assert_true(same_tree(&one, &other));
        for (size_t i = 0; i < d.rows; i++)
            assert_true(margin[i] == one.value[tree_leaf(&one, d.x + i * d.columns)]);
        tree_free(&one);
        tree_free(&three);
        tree_free(&other);
    }
    free(margin);
    free(g);
    dataset_free(&d);
    dataset_free(&sparse);
}

struct spread {
    const struct dataset *data;
    const struct gradient *gradients;
    struct grow_settings settings;
    struct tree tree[4];
};

static int grow_share(void *context, struct comm *c, struct error *err)
{
    struct spread *s = context;
    size_t end, at = pool_share(s->data->rows, c->rank, c->ranks, &end);
    struct dataset d = *s->data;
    d.rows = end - at;
    d.x += at * d.columns;
    struct grower *g = grower_new(&s->settings, &d, at, c, NULL, err);
    int result = g ? grower_grow(g, s->gradients + at, 5, &s->tree[c->rank], err) : -1;
    grower_free(g);
    return result;
}

static void ranks_do_not_matter(void **state)
{
    struct dataset d;
    (void)state;
    make_data(&d, 1500, 4);
    struct gradient *g = make_gradients(&d, 4);
    for (int kind = 0; kind < VARIANTS; kind++) {
        struct spread s = {.data = &d, .gradients = g};
        struct error err = {0};
        struct tree alone;
        vary(&s.settings, kind);
        int result = comm_run_threads(3, grow_share, &s, &err);
        if (s.settings.method == GROW_EXACT) {
            assert_int_equal(result, -1);
            assert_string_equal(err.where, "tree_method");
            continue;
        }
        assert_int_equal(result, 0);
        grow(&s.settings, &d, g, 1, 5, &alone, NULL);
        for (int r = 0; r < 3; r++) {
            assert_true(same_tree(&alone, &s.tree[r]));
            tree_free(&s.tree[r]);
        }
        tree_free(&alone);
    }
    free(g);
    dataset_free(&d);
}

/* --- what must hold -------------------------------------------------------------------------------------------------
 */
static void samples_follow_seed_and_number(void **state)
{
    struct dataset d;
    (void)state;
    make_data(&d, 2000, 6);
    struct gradient *g = make_gradients(&d, 6);
    for (int kind = 3; kind <= 5; kind++) {
        struct grow_settings s;
        struct tree a, again, next, other;
        vary(&s, kind);
        grow(&s, &d, g, 1, 1, &a, NULL);
        grow(&s, &d, g, 1, 1, &again, NULL);
        grow(&s, &d, g, 1, 2, &next, NULL);
        s.seed++;
        grow(&s, &d, g, 1, 1, &other, NULL);
        assert_true(same_tree(&a, &again));
        assert_false(same_tree(&a, &next));
        assert_false(same_tree(&a, &other));
        if (kind == 3) /* about 0.6 of all hessians, mean 0.55 */
            assert_true(fabs((double)a.cover[0] / (2000 * 0.6 * 0.55) - 1) < 0.1);
        if (kind == 4) /* weighed to stand for all */
            assert_true(fabs((double)a.cover[0] / (2000 * 0.55) - 1) < 0.15);
        tree_free(&a);
        tree_free(&again);
        tree_free(&next);
        tree_free(&other);
    }
    free(g);
    dataset_free(&d);
}

static void limits_hold(void **state)
{
    struct dataset d;
    (void)state;
    make_data(&d, 3000, 8);
    struct gradient *g = make_gradients(&d, 8);
    for (int limit = 1; limit <= 9; limit++) {
        struct grow_settings s = usual;
        struct tree t;
        s.max_depth = limit;
        grow(&s, &d, g, 1, 0, &t, NULL);
        assert_int_equal(tree_depth(&t), limit);
        tree_free(&t);
        s.max_depth = 0;
        s.max_leaves = limit;
        for (int way = 0; way < 2; way++) {
            s.lossguide = way;
            grow(&s, &d, g, 1, 0, &t, NULL);
            assert_int_equal(tree_leaves(&t), limit);
            tree_free(&t);
        }
    }
    free(g);
    dataset_free(&d);
}

static void paths_keep_to_their_groups(void **state)
{
    static const uint64_t groups[] = {1ull << 3 | 1ull << 12, 1ull << 12 | 1ull << 13 | 1ull << 14};
    struct dataset d;
    struct grow_settings s = usual;
    struct tree t;
    (void)state;
    make_data(&d, 3000, 9);
    struct gradient *g = make_gradients(&d, 9);
    s.allowed = groups;
    s.allowed_groups = 2;
    s.max_depth = 6;
    grow(&s, &d, g, 1, 0, &t, NULL);
    for (int k = 0; k < t.size; k++) {
        uint64_t used = 0;
        if (tree_is_leaf(&t, k))
            continue;
        for (int up = k; up >= 0; up = t.parent[up])
            used |= 1ull << t.feature[up];
        assert_true(!(used & ~groups[0]) || !(used & ~groups[1]) || !(used & (used - 1)));
    }
    assert_true(tree_depth(&t) == 6);
    tree_free(&t);
    free(g);
    dataset_free(&d);
}

static void monotone_columns_are(void **state)
{
    struct dataset d;
    struct grow_settings s;
    struct tree t;
    (void)state;
    make_data(&d, 3000, 10);
    struct gradient *g = make_gradients(&d, 10);
    vary(&s, 7);
    grow(&s, &d, g, 1, 0, &t, NULL);
    for (size_t i = 0; i < 300; i++) {
        float row[KINDS], last[2] = {-INFINITY, INFINITY};
        for (int step = -20; step <= 20; step++)
            for (int k = 0; k < 2; k++) {
                memcpy(row, d.x + i * KINDS, sizeof row);
                row[12 + k] = (float)step / 8;
                float v = t.value[tree_leaf(&t, row)];
                assert_true(k == 0 ? v >= last[0] : v <= last[1]);
                last[k] = v;
            }
    }
    tree_free(&t);
    free(g);
    dataset_free(&d);
}

/* --- edges ----------------------------------------------------------------------------------------------------------
 */
static void poor_data_give_a_leaf(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct dataset d = {0};
        struct gradient g[6];
        struct tree t;
        assert_int_equal(dataset_alloc(&d, kind == 0 ? 1 : 6, 2), 0);
        for (size_t i = 0; i < d.rows; i++) {
            g[i] = (struct gradient){kind == 3 ? 0 : (float)i - 1, kind == 3 ? 0 : 1};
            d.x[2 * i] = kind == 1 ? NAN : kind == 2 ? 4 : (float)i;
            d.x[2 * i + 1] = kind == 3 ? (float)i : -1;
        }
        grow(&usual, &d, g, 2, 0, &t, NULL);
        assert_int_equal(t.size, 1);
        double sum = kind == 0 ? -1 : kind == 3 ? 0 : 9, n = kind == 3 ? 0 : (double)d.rows;
        assert_true(near(t.value[0], -0.3 * sum / (n + 1), 1e-6));
        tree_free(&t);
        dataset_free(&d);
    }
}

static void missing_values_go_where_they_gain(void **state)
{
    struct dataset d = {0};
    struct gradient g[40];
    struct tree t;
    (void)state;
    assert_int_equal(dataset_alloc(&d, 40, 1), 0);
    for (int way = 0; way < 2; way++) {
        for (size_t i = 0; i < 40; i++) {
            d.x[i] = i % 4 == 0 ? NAN : (float)(i % 4);
            bool low = i % 4 == 1 || (i % 4 == 0 && way == 0);
            g[i] = (struct gradient){low ? -1 : 1, 1};
        }
        struct grow_settings s = usual;
        s.max_depth = 1;
        grow(&s, &d, g, 1, 0, &t, NULL);
        assert_int_equal(t.size, 3);
        assert_true(t.threshold[0] == 2);
        assert_int_equal(t.default_left[0], way == 0);
        tree_free(&t);
    }
    dataset_free(&d);
}

static void a_hundred_thousand_sparse_columns(void **state)
{
    enum { ROWS = 300, COLUMNS = 100000 };
    struct dataset d = {0};
    struct dataset_builder b = {.data = &d};
    struct gradient g[ROWS];
    struct tree t;
    struct rng r;
    (void)state;
    rng_init(&r, 1, 1);
    for (size_t i = 0; i < ROWS; i++) {
        assert_int_equal(dataset_builder_sparse(&b, COLUMNS), 0);
        uint32_t at = (uint32_t)rng_below(&r, 900);
        for (; at < COLUMNS - 1; at += 1 + (uint32_t)rng_below(&r, 900))
            assert_int_equal(dataset_builder_entry(&b, at, (float)rng_normal(&r)), 0);
        if (i % 3 == 0)
            assert_int_equal(dataset_builder_entry(&b, COLUMNS - 1, (float)(i % 2)), 0);
        assert_int_equal(dataset_builder_end(&b, 0, 1), 0);
        g[i] = (struct gradient){i % 3 ? 1 : i % 2 ? -1 : -3, 1};
    }
    dataset_builder_finish(&b);
    struct grow_settings s = usual;
    s.max_depth = 2;
    grow(&s, &d, g, 2, 0, &t, NULL);
    assert_int_equal(t.feature[0], COLUMNS - 1);
    assert_int_equal(t.feature[1] == COLUMNS - 1 || t.feature[2] == COLUMNS - 1, 1);
    tree_free(&t);
    dataset_free(&d);
}

static void what_cannot_be_is_refused(void **state)
{
    struct dataset d = {0};
    struct gradient g[20];
    struct error err = {0};
    struct tree t;
    (void)state;
    assert_int_equal(dataset_alloc(&d, 20, 1), 0);
    for (int k = 0; k < 3; k++) {
        for (size_t i = 0; i < 20; i++) {
            d.x[i] = (float)i;
            g[i] = (struct gradient){1, 1};
        }
        (k == 2 ? &g[11].h : &g[11].g)[0] = k == 1 ? INFINITY : NAN;
        struct grower *grower = grower_new(&usual, &d, 0, NULL, NULL, &err);
        assert_non_null(grower);
        assert_int_equal(grower_grow(grower, g, 0, &t, &err), -1);
        assert_string_equal(err.where, "gradients");
        grower_free(grower);
    }
    d.x[4] = INFINITY;
    assert_null(grower_new(&usual, &d, 0, NULL, NULL, &err));
    assert_non_null(strstr(err.where, "feature 0"));
    d.rows = 0;
    assert_null(grower_new(&usual, &d, 0, NULL, NULL, &err));
    dataset_free(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_are_those_of_xgboost),
        cmocka_unit_test(bins_say_what_thresholds_say),
        cmocka_unit_test(many_values_get_bins_of_equal_weight),
        cmocka_unit_test(every_split_is_the_best),
        cmocka_unit_test(threads_and_layout_do_not_matter),
        cmocka_unit_test(ranks_do_not_matter),
        cmocka_unit_test(samples_follow_seed_and_number),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(paths_keep_to_their_groups),
        cmocka_unit_test(monotone_columns_are),
        cmocka_unit_test(poor_data_give_a_leaf),
        cmocka_unit_test(missing_values_go_where_they_gain),
        cmocka_unit_test(a_hundred_thousand_sparse_columns),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
