/* Trees, predictions of many rows against a plain walk, and the JSON of models: what is refused and why.
 *
 * `test_forest judge DIR` does our part of tests/reference/xgboost_judge.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/xgboost/forest.h"
#include "engine/base/rng.h"

static uint32_t below(struct rng *r, uint32_t n)
{
    return (uint32_t)(rng_uniform(r) * n);
}

/* --- made at random -------------------------------------------------------------------------------------------------
 */

/* Splits random leaves: some trees are bushy, some are long. */
static void random_tree(struct rng *r, struct tree *t, uint32_t columns, int splits, bool last_leaf)
{
    tree_init(t);
    assert_int_equal(tree_add(t, -1), 0);
    for (int i = 0; i < splits; i++) {
        int node = last_leaf ? t->size - 1 : (int)below(r, (uint32_t)t->size), left, right;
        while (!tree_is_leaf(t, node))
            node = below(r, 2) ? t->left[node] : t->right[node];
        left = tree_add(t, node);
        right = tree_add(t, node);
        assert_true(left > node && right == left + 1);
        t->left[node] = left;
        t->right[node] = right;
        t->feature[node] = below(r, columns);
        t->threshold[node] = (float)(rng_uniform(r) * 4 - 2);
        t->default_left[node] = below(r, 2) != 0;
        t->gain[node] = (float)rng_uniform(r);
    }
    for (int node = 0; node < t->size; node++) {
        t->value[node] = tree_is_leaf(t, node) ? (float)(rng_uniform(r) - 0.5) : 0;
        t->weight[node] = (float)(rng_uniform(r) - 0.5);
        t->cover[node] = (float)(1 + rng_uniform(r) * 100);
    }
}

static void random_forest(struct rng *r, struct forest *f, enum booster booster, const char *objective, size_t classes,
                          size_t columns, int rounds)
{
    struct objective_settings s = {.classes = classes,
                                   .scale_pos_weight = 1,
                                   .max_delta_step = 0.7,
                                   .tweedie_variance_power = 1.5,
                                   .huber_slope = 1,
                                   .aft_scale = 1};
    struct error err;
    assert_int_equal(forest_init(f, booster, objective_find(objective, &err), &s, columns, 0.5), 0);
    for (int i = 0; i < rounds * (int)f->outputs; i++) {
        struct tree t;
        random_tree(r, &t, (uint32_t)columns, i % 5 * 7, i % 3 == 2);
        assert_int_equal(forest_append(f, &t, i % (int)f->outputs), 0);
        assert_null(t.parent);
        if (f->scale)
            f->scale[i] = (float)rng_uniform(r);
    }
}

static void random_dense(struct rng *r, struct dataset *d, size_t rows, size_t columns, double missing)
{
    assert_int_equal(dataset_alloc(d, rows, columns), 0);
    for (size_t i = 0; i < rows * columns; i++)
        d->x[i] = rng_uniform(r) < missing ? NAN : (float)(rng_uniform(r) * 4 - 2);
}

/* The rows of `dense` without their missing values. */
static void make_sparse(const struct dataset *dense, struct dataset *out)
{
    size_t cells = dense->rows * dense->columns, n = 0;
    *out = (struct dataset){.rows = dense->rows, .columns = dense->columns};
    out->start = calloc(dense->rows + 1, sizeof *out->start);
    out->index = calloc(cells + 1, sizeof *out->index);
    out->value = calloc(cells + 1, sizeof *out->value);
    for (size_t i = 0; i < cells; i++) {
        if (!isnan(dense->x[i])) {
            out->index[n] = (uint32_t)(i % dense->columns);
            out->value[n++] = dense->x[i];
        }
        out->start[i / dense->columns + 1] = n;
    }
}

/* --- trees ----------------------------------------------------------------------------------------------------------
 */

static void a_tree_grows_is_copied_and_finds_leaves(void **state)
{
    static const float rows[][2] = {{0.9F, 5}, {1, 5}, {NAN, 5}, {1, NAN}, {1, 2}};
    static const int leaves[] = {1, 4, 1, 3, 3};
    struct tree t, copy;
    (void)state;
    tree_init(&t);
    tree_init(&copy);
    for (int node = 0; node < 5; node++)
        assert_int_equal(tree_add(&t, node ? (node - 1) / 2 * 2 : -1), node);
    t.left[0] = 1, t.right[0] = 2, t.threshold[0] = 1, t.default_left[0] = true;
    t.left[2] = 3, t.right[2] = 4, t.threshold[2] = 3, t.feature[2] = 1, t.default_left[2] = true;
    assert_int_equal(tree_copy(&copy, &t), 0);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(tree_leaf(&t, rows[i]), leaves[i]);
        assert_int_equal(tree_leaf(&copy, rows[i]), leaves[i]);
    }
    assert_int_equal(tree_depth(&t), 2);
    assert_int_equal(tree_leaves(&copy), 3);
    tree_free(&t);
    tree_free(&copy);
    assert_int_equal(tree_add(&t, -1), 0);
    assert_int_equal(tree_depth(&t), 0);
    tree_free(&t);
}

/* --- predictions ----------------------------------------------------------------------------------------------------
 */

static void expect_walked(const struct forest *f, const struct dataset *dense, const struct dataset *asked,
                          struct pool *pool)
{
    size_t n = dense->rows * f->outputs;
    float *margin = calloc(n + 1, sizeof *margin), *expected = calloc(n + 1, sizeof *margin);
    float *row = calloc(f->columns + 1, sizeof *row);
    for (size_t i = 0; i < dense->rows; i++) {
        for (size_t c = 0; c < f->columns; c++)
            row[c] = c < dense->columns ? dense->x[i * dense->columns + c] : NAN;
        for (int t = 0; t < f->count; t++)
            expected[i * f->outputs + (size_t)f->group[t]] +=
                f->trees[t].value[tree_leaf(&f->trees[t], row)] * (f->scale ? f->scale[t] : 1);
    }
    forest_add(f, 0, f->count, asked, margin, pool);
    assert_memory_equal(margin, expected, n * sizeof *margin);
    free(margin);
    free(expected);
    free(row);
}

static void predictions_are_those_of_a_plain_walk(void **state)
{
    static const size_t rows[] = {0, 1, 8, 9, 15, 16, 33, 700};
    static const double missing[] = {0, 0.2};
    struct rng r;
    struct pool *pool = pool_open(3);
    (void)state;
    rng_init(&r, 5, 0);
    for (int kind = 0; kind < 4; kind++) {
        struct forest f;
        random_forest(&r, &f, kind & 1 ? BOOSTER_DART : BOOSTER_TREE, kind & 2 ? "multi:softprob" : "reg:squarederror",
                      kind & 2 ? 3 : 1, kind == 3 ? 400 : 10, 11);
        for (size_t k = 0; k < 8; k++)
            for (size_t m = 0; m < 2; m++) {
                struct dataset dense, narrow, sparse;
                random_dense(&r, &dense, rows[k], f.columns, missing[m]);
                random_dense(&r, &narrow, rows[k], f.columns / 2, missing[m]);
                make_sparse(&dense, &sparse);
                expect_walked(&f, &dense, &dense, NULL);
                expect_walked(&f, &dense, &dense, pool);
                expect_walked(&f, &dense, &sparse, pool);
                expect_walked(&f, &narrow, &narrow, NULL);
                dataset_free(&dense);
                dataset_free(&narrow);
                dataset_free(&sparse);
            }
        forest_free(&f);
    }
    pool_close(pool);
}

static void rounds_count_up_to_the_best(void **state)
{
    struct rng r;
    struct forest f;
    struct dataset d;
    float all[20 * 3], best[20 * 3], first[20 * 3];
    (void)state;
    rng_init(&r, 6, 0);
    random_forest(&r, &f, BOOSTER_TREE, "multi:softprob", 3, 5, 8);
    random_dense(&r, &d, 20, 5, 0.1);
    assert_int_equal(forest_rounds(&f), 8);
    assert_int_equal(forest_round_end(&f, 1), 6);
    forest_margin(&f, &d, all, NULL);
    f.best_round = 1;
    forest_margin(&f, &d, best, NULL);
    assert_memory_not_equal(all, best, sizeof all);
    forest_start(&f, 20, first);
    assert_true(first[0] == 0.5F);
    forest_add(&f, 0, 6, &d, first, NULL);
    assert_memory_equal(first, best, sizeof best);
    forest_add(&f, 6, f.count, &d, best, NULL);
    assert_memory_equal(all, best, sizeof best);
    dataset_free(&d);
    forest_free(&f);
}

static void weights_of_gblinear_skip_what_is_missing(void **state)
{
    struct rng r;
    struct forest f;
    struct dataset d, sparse;
    float margin[2];
    (void)state;
    rng_init(&r, 6, 0);
    random_forest(&r, &f, BOOSTER_LINEAR, "reg:squarederror", 1, 3, 0);
    f.weights[0] = 2, f.weights[1] = 3, f.weights[2] = 5, f.weights[3] = 0.25F;
    random_dense(&r, &d, 2, 3, 0);
    memcpy(d.x, (float[]){1, NAN, 10, 0, 1, -1}, 6 * sizeof *d.x);
    make_sparse(&d, &sparse);
    forest_margin(&f, &d, margin, NULL);
    assert_true(margin[0] == 52.75F && margin[1] == -1.25F);
    forest_margin(&f, &sparse, margin, NULL);
    assert_true(margin[0] == 52.75F && margin[1] == -1.25F);
    dataset_free(&d);
    dataset_free(&sparse);
    forest_free(&f);
}

/* --- JSON -----------------------------------------------------------------------------------------------------------
 */

static const char model[] =
    "{\"learner\":{\"attributes\":{},\"feature_names\":[],\"feature_types\":[],\"gradient_booster\":{\"model\":{"
    "\"gbtree_model_param\":{\"num_parallel_tree\":\"1\",\"num_trees\":\"1\",\"size_leaf_vector\":\"0\"},"
    "\"tree_info\":[0],\"trees\":[{\"base_weights\":[0E0,-1E0,1E0],\"categories\":[],\"categories_nodes\":[],"
    "\"categories_segments\":[],\"categories_sizes\":[],\"default_left\":[1,0,0],\"id\":0,"
    "\"left_children\":[1,-1,-1],\"loss_changes\":[1E1,0E0,0E0],\"parents\":[2147483647,0,0],"
    "\"right_children\":[2,-1,-1],\"split_conditions\":[5E-1,-3E-1,3E-1],\"split_indices\":[1,0,0],"
    "\"split_type\":[0,0,0],\"sum_hessian\":[2E1,1E1,1E1],\"tree_param\":{\"num_deleted\":\"0\","
    "\"num_feature\":\"2\",\"num_nodes\":\"3\",\"size_leaf_vector\":\"0\"}}]},\"name\":\"gbtree\"},"
    "\"learner_model_param\":{\"base_score\":\"5E-1\",\"boost_from_average\":\"1\",\"num_class\":\"0\","
    "\"num_feature\":\"2\",\"num_target\":\"1\"},\"objective\":{\"name\":\"binary:logistic\","
    "\"reg_loss_param\":{\"scale_pos_weight\":\"1\"}}},\"version\":[1,7,4]}";

static char *changed(const char *from, const char *to)
{
    const char *at = strstr(model, from);
    size_t size = sizeof model + strlen(to);
    char *text = malloc(size);
    assert_non_null(at);
    snprintf(text, size, "%.*s%s%s", (int)(at - model), model, to, at + strlen(from));
    return text;
}

static int read_changed(struct forest *f, const char *from, const char *to, struct error *err)
{
    char *text = changed(from, to);
    int status = forest_read(f, text, strlen(text), "model.json", err);
    free(text);
    return status;
}

static const struct {
    const char *from, *to, *words;
} refused[] = {
    {"{\"learner\"", "[\"learner\"", "not JSON"},
    {"\"learner\":", "\"teacher\":", "'learner' is missing"},
    {"\"gradient_booster\":{", "\"gradient_booster\":[],\"x\":{", "'gradient_booster' is not an object"},
    {"\"name\":\"gbtree\"", "\"name\":\"forest\"", "none of gbtree, dart and gblinear"},
    {"\"name\":\"gbtree\"", "\"name\":\"dart\"", "'gbtree' is missing"},
    {"\"name\":\"gbtree\"", "\"name\":\"gblinear\"", "'weights' is missing"},
    {"\"num_parallel_tree\":\"1\"", "\"num_parallel_tree\":\"2\"", "do not make whole rounds"},
    {"\"num_parallel_tree\":\"1\"", "\"num_parallel_tree\":\"1e99\"", "'num_parallel_tree' is not a whole number"},
    {"\"tree_info\":[0]", "\"tree_info\":[1]", "points nowhere"},
    {"\"tree_info\":[0]", "\"tree_info\":[]", "'tree_info' has too few"},
    {"\"tree_info\":[0]", "\"tree_info\":[0,0]", "'tree_info' has too many"},
    {"\"left_children\":[1,-1,-1]", "\"left_children\":[]", "tree 0, 'left_children' has no nodes"},
    {"\"left_children\":[1,-1,-1]", "\"left_children\":[0,-1,-1]", "same node twice"},
    {"\"left_children\":[1,-1,-1]", "\"left_children\":[2,-1,-1]", "same node twice"},
    {"\"left_children\":[1,-1,-1]", "\"left_children\":[1,0,-1]", "one child only"},
    {"\"left_children\":[1,-1,-1]", "\"left_children\":[3,-1,-1]", "points nowhere"},
    {"\"left_children\":[1,-1,-1]", "\"left_children\":[0.5,-1,-1]", "not a whole number"},
    {"\"left_children\":[1,-1,-1]", "\"left_children\":[1,-1,-1,-1]", "too few entries"},
    {"\"left_children\":[1,-1,-1]", "\"left_children\":[-2,-1,-1]", "points nowhere"},
    {"\"split_indices\":[1,0,0]", "\"split_indices\":[2,0,0]", "feature that the model does not have"},
    {"\"split_indices\":[1,0,0]", "\"split_indices\":[-1,0,0]", "feature that the model does not have"},
    {"\"split_conditions\":[5E-1,-3E-1,3E-1]", "\"split_conditions\":[5E-1,-3E-1]", "too few entries"},
    {"\"split_conditions\":[5E-1,", "\"split_conditions\":[NaN,", "not a number"},
    {"\"split_conditions\":[5E-1,-3E-1", "\"split_conditions\":[5E-1,Infinity", "leaf that is not a finite number"},
    {"\"split_conditions\":[5E-1,-3E-1", "\"split_conditions\":[5E-1,\"1\"", "not a number"},
    {"\"split_type\":[0,0,0]", "\"split_type\":[1,0,0]", "splits by categories"},
    {"\"default_left\":[1,0,0]", "\"default_left\":[2,0,0]", "'default_left'"},
    {"\"num_nodes\":\"3\",\"size_leaf_vector\":\"0\"", "\"num_nodes\":\"3\",\"size_leaf_vector\":\"2\"",
     "hold several values"},
    {"\"num_target\":\"1\"", "\"num_target\":\"2\"", "2 targets"},
    {"\"num_class\":\"0\"", "\"num_class\":\"3\"", "'num_class' does not fit"},
    {"\"num_class\":\"0\"", "\"num_class\":\"-1\"", "'num_class'"},
    {"\"num_feature\":\"2\",\"num_target\"", "\"num_feature\":\"1\",\"num_target\"", "feature that the model"},
    {"\"num_feature\":\"2\",\"num_target\"", "\"num_feature\":\"3e9\",\"num_target\"", "'num_feature'"},
    {"\"num_feature\":\"2\",\"num_target\"", "\"num_feature\":\"two\",\"num_target\"", "'num_feature'"},
    {"\"base_score\":\"5E-1\"", "\"base_score\":\"half\"", "'base_score' is not a number"},
    {"\"base_score\":\"5E-1\"", "\"base_score\":\"[]\"", "'base_score' is not a number"},
    {"\"base_score\":\"5E-1\"", "\"base_score\":\"[1,\"", "'base_score' is not a number"},
    {"\"base_score\":\"5E-1\"", "\"base_score\":\"[5E-1,6E-1]\"", "another score"},
    {"\"base_score\":\"5E-1\"", "\"base_score\":\"2\"", "base_score"},
    {"\"name\":\"binary:logistic\"", "\"name\":\"reg:quantileerror\"", "reg:quantileerror"},
    {"\"name\":\"binary:logistic\"", "\"name\":7", "'name'"},
    {"\"scale_pos_weight\":\"1\"", "\"scale_pos_weight\":\"x\"", "'scale_pos_weight' is not a number"},
};

static void what_is_wrong_is_refused_with_a_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct forest f;
        struct error err = {0};
        if (read_changed(&f, refused[i].from, refused[i].to, &err) == 0)
            fail_msg("%s was taken", refused[i].to);
        if (!strstr(err.what, refused[i].words))
            fail_msg("%s: expected '%s' in '%s'", refused[i].to, refused[i].words, err.what);
        assert_null(f.trees);
    }
}

static void newer_ways_to_write_the_same_are_read(void **state)
{
    static const char *const ways[][2] = {
        {"\"base_score\":\"5E-1\"", "\"base_score\":\"[5E-1]\""},
        {"\"base_score\":\"5E-1\"", "\"base_score\":\"[5E-1,5E-1]\""},
        {"\"default_left\":[1,0,0]", "\"default_left\":[true,false,false]"},
        {"\"split_type\":[0,0,0],", ""},
        {"\"num_parallel_tree\":\"1\",", ""},
        {",\"num_target\":\"1\"", ""},
        {"\"tree_info\"", "\"iteration_indptr\":[0,1],\"tree_info\""},
        {"\"name\":\"binary:logistic\"", "\"name\" : \"binary:logistic\" "},
        {"\"attributes\":{}", "\"attributes\":{\"scikit_learn\":\"{\\\"missing\\\": NaN}\"}"},
        {"\"loss_changes\":[1E1,0E0,0E0]", "\"loss_changes\":[10.0,0,0]"},
    };
    float margin;
    (void)state;
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct forest f;
        struct error err = {0};
        struct dataset d = {.rows = 1, .columns = 2, .x = (float[]){0, 0.7F}};
        if (read_changed(&f, ways[i][0], ways[i][1], &err) < 0)
            fail_msg("%s: %s", ways[i][1], err.what);
        forest_margin(&f, &d, &margin, NULL);
        assert_true(margin == 0.3F);
        forest_free(&f);
    }
}

static void a_threshold_may_be_infinite(void **state)
{
    struct forest f;
    struct error err = {0};
    struct dataset d = {.rows = 1, .columns = 2, .x = (float[]){0, 1e38F}};
    float margin;
    (void)state;
    assert_int_equal(read_changed(&f, "\"split_conditions\":[5E-1,", "\"split_conditions\":[Infinity,", &err), 0);
    forest_margin(&f, &d, &margin, NULL);
    assert_true(margin == -0.3F);
    forest_free(&f);
    assert_int_equal(read_changed(&f, "\"split_conditions\":[5E-1,", "\"split_conditions\":[-Infinity,", &err), 0);
    forest_margin(&f, &d, &margin, NULL);
    assert_true(margin == 0.3F);
    forest_free(&f);
}

static void a_model_cut_short_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof model - 1; len++) {
        struct forest f;
        struct error err = {0};
        char *text = malloc(len ? len : 1);
        memcpy(text, model, len);
        assert_int_equal(forest_read(&f, text, len, "model.json", &err), -1);
        assert_true(err.what[0] != 0);
        free(text);
    }
}

static void expect_same_text(const struct forest *f)
{
    struct forest again;
    struct str a = {0}, b = {0};
    struct error err = {0};
    assert_int_equal(forest_write(f, &a), 0);
    if (forest_read(&again, a.data, a.len, "written", &err) < 0)
        fail_msg("%s", err.what);
    assert_int_equal(forest_write(&again, &b), 0);
    assert_string_equal(a.data, b.data);
    assert_int_equal(again.best_round, f->best_round);
    assert_int_equal(again.parallel, f->parallel);
    str_free(&a);
    str_free(&b);
    forest_free(&again);
}

static void every_objective_is_written_and_read_back(void **state)
{
    struct rng r;
    (void)state;
    rng_init(&r, 9, 0);
    for (const struct objective *o = objectives; o->name; o++)
        for (int booster = 0; booster < 3; booster++) {
            struct forest f;
            random_forest(&r, &f, (enum booster)booster, o->name, o->many ? 4 : 1, 7,
                          booster == BOOSTER_LINEAR ? 0 : 6);
            f.settings.scale_pos_weight = 2.1;
            f.settings.aft_distribution = AFT_EXTREME;
            f.linear_rounds = booster == BOOSTER_LINEAR ? 6 : 0;
            f.parallel = booster == BOOSTER_LINEAR ? 1 : 2;
            for (size_t i = 0; f.weights && i < 8 * f.outputs; i++)
                f.weights[i] = (float)(rng_uniform(&r) - 0.5);
            expect_same_text(&f);
            f.best_round = 1;
            expect_same_text(&f);
            forest_free(&f);
        }
}

static void nodes_in_any_order_and_pruned_ones_are_put_in_order(void **state)
{
    /* Root 0 splits to 3 and 1; 2 was pruned away; 1 splits to 4 and 5. Written again: no node 2. */
    static const char tree[] =
        "\"base_weights\":[0,1,9,3,4,5],\"default_left\":[0,0,0,0,0,0],\"left_children\":[3,4,-1,-1,-1,-1],"
        "\"loss_changes\":[7,6,0,0,0,0],\"right_children\":[1,5,-1,-1,-1,-1],\"split_conditions\":[0.5,0.75,9,3,4,5],"
        "\"split_indices\":[0,1,2147483647,0,0,0],\"sum_hessian\":[1,2,9,3,4,5],\"tree_param\":{}},{";
    static const float x[] = {0, 0, 1, 0, 1, 1};
    struct dataset d = {.rows = 3, .columns = 2, .x = (float[6]){0}};
    struct forest f;
    struct error err = {0};
    float margin[3];
    (void)state;
    memcpy(d.x, x, sizeof x);
    if (read_changed(&f, "\"tree_info\":[0],\"trees\":[{", "\"tree_info\":[0,0],\"trees\":[{", &err) == 0)
        fail_msg("two entries for one tree were taken");
    {
        char *text = changed("\"tree_info\":[0],\"trees\":[{", "\"tree_info\":[0,0],\"trees\":[{@"), *at, *whole;
        at = strchr(text, '@');
        whole = malloc(strlen(text) + sizeof tree);
        sprintf(whole, "%.*s%s%s", (int)(at - text), text, tree, at + 1);
        if (forest_read(&f, whole, strlen(whole), "model.json", &err) < 0)
            fail_msg("%s", err.what);
        free(text);
        free(whole);
    }
    assert_int_equal(f.trees[0].size, 5);
    for (int node = 0; node < 5; node++)
        assert_true(f.trees[0].parent[node] < node);
    forest_start(&f, 3, margin);
    forest_add(&f, 0, 1, &d, margin, NULL);
    assert_true(margin[0] == 3 && margin[1] == 4 && margin[2] == 5);
    expect_same_text(&f);
    forest_free(&f);
}

static void importance_is_of_splits(void **state)
{
    struct forest f;
    struct error err = {0};
    struct importance *all;
    size_t count;
    (void)state;
    assert_int_equal(forest_read(&f, model, sizeof model - 1, "model.json", &err), 0);
    assert_int_equal(forest_importance(&f, &all, &count), 0);
    assert_int_equal(count, 1);
    assert_int_equal(all[0].feature, 1);
    assert_true(all[0].weight == 1 && all[0].gain == 10 && all[0].total_gain == 10 && all[0].cover == 20);
    free(all);
    forest_free(&f);
}

/* --- our part of the judgement --------------------------------------------------------------------------------------
 */

static void *slurp(const char *folder, const char *name, const char *end, size_t *len)
{
    char path[512];
    FILE *file;
    char *bytes = malloc((size_t)1 << 22);
    snprintf(path, sizeof path, "%s/%s%s", folder, name, end);
    file = fopen(path, "rb");
    *len = file ? fread(bytes, 1, ((size_t)1 << 22) - 1, file) : 0;
    bytes[*len] = '\0';
    if (file)
        fclose(file);
    return bytes;
}

static void spill(const char *folder, const char *name, const char *end, const void *bytes, size_t len)
{
    char path[512];
    FILE *file;
    snprintf(path, sizeof path, "%s/%s%s", folder, name, end);
    file = fopen(path, "wb");
    if (!file || fwrite(bytes, 1, len, file) != len || fclose(file) != 0)
        fprintf(stderr, "%s cannot be written\n", path);
}

static void write_answers(const struct forest *f, const struct dataset *d, const char *folder, const char *name,
                          const char *end)
{
    float *margin = calloc(d->rows * f->outputs, sizeof *margin);
    struct str text = {0};
    struct importance *all;
    size_t count;
    forest_margin(f, d, margin, NULL);
    spill(folder, name, ".ours", margin, d->rows * f->outputs * sizeof *margin);
    forest_write(f, &text);
    spill(folder, name, end, text.data, text.len);
    str_clear(&text);
    forest_importance(f, &all, &count);
    for (size_t i = 0; i < count; i++)
        str_printf(&text,
                   "%s\"f%u\":{\"weight\":%.17g,\"gain\":%.17g,\"cover\":%.17g,\"total_gain\":%.17g,"
                   "\"total_cover\":%.17g}",
                   i ? "," : "{", all[i].feature, all[i].weight, all[i].gain, all[i].cover, all[i].total_gain,
                   all[i].total_cover);
    str_puts(&text, count ? "}" : "{}");
    spill(folder, name, ".importance", text.data, text.len);
    str_free(&text);
    free(all);
    free(margin);
}

static int judge(const char *folder)
{
    static const char *const by_hand[] = {"hand_trees reg:squarederror", "hand_classes multi:softprob",
                                          "hand_poisson count:poisson"};
    struct dataset d = {.columns = 6};
    struct rng r;
    size_t len;
    char *list = slurp(folder, "list", "", &len), *save;
    int failed = 0;
    d.x = slurp(folder, "rows", ".f32", &len);
    d.rows = len / sizeof *d.x / d.columns;
    for (char *name = strtok_r(list, "\n", &save); name; name = strtok_r(NULL, "\n", &save)) {
        struct forest f;
        struct error err = {0};
        char *text = slurp(folder, name, ".json", &len);
        if (forest_read(&f, text, len, name, &err) < 0) {
            fprintf(stderr, "%s: %s\n", name, err.what);
            failed = 1;
        } else {
            write_answers(&f, &d, folder, name, ".again.json");
            forest_free(&f);
        }
        free(text);
    }
    rng_init(&r, 11, 0);
    spill(folder, "hand", "", "hand_trees\nhand_classes\nhand_poisson\n", 37);
    for (size_t i = 0; i < 3; i++) {
        struct forest f;
        char name[64], *objective;
        snprintf(name, sizeof name, "%s", by_hand[i]);
        objective = strchr(name, ' ') + 1;
        objective[-1] = '\0';
        random_forest(&r, &f, i == 2 ? BOOSTER_DART : BOOSTER_TREE, objective, i == 1 ? 3 : 1, d.columns, 13);
        write_answers(&f, &d, folder, name, ".json");
        forest_free(&f);
    }
    free(list);
    free(d.x);
    return failed;
}

int main(int argc, char **argv)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_grows_is_copied_and_finds_leaves),
        cmocka_unit_test(predictions_are_those_of_a_plain_walk),
        cmocka_unit_test(rounds_count_up_to_the_best),
        cmocka_unit_test(weights_of_gblinear_skip_what_is_missing),
        cmocka_unit_test(what_is_wrong_is_refused_with_a_sentence),
        cmocka_unit_test(newer_ways_to_write_the_same_are_read),
        cmocka_unit_test(a_threshold_may_be_infinite),
        cmocka_unit_test(a_model_cut_short_is_refused),
        cmocka_unit_test(every_objective_is_written_and_read_back),
        cmocka_unit_test(nodes_in_any_order_and_pruned_ones_are_put_in_order),
        cmocka_unit_test(importance_is_of_splits),
    };
    if (argc == 3 && strcmp(argv[1], "judge") == 0)
        return judge(argv[2]);
    return cmocka_run_group_tests_name("forest", tests, NULL, NULL);
}
