#include "engine/algo/xgboost/forest_json.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"

#define ROOT_PARENT INT_MAX /* how XGBoost writes that there is none */
#define AT(member) offsetof(struct objective_settings, member)
#define REGRESSION                                                                                                     \
    "reg_loss_param",                                                                                                  \
    {                                                                                                                  \
        {                                                                                                              \
            "scale_pos_weight", AT(scale_pos_weight), NULL                                                             \
        }                                                                                                              \
    }
#define RANKING                                                                                                        \
    "lambda_rank_param",                                                                                               \
    {                                                                                                                  \
        {"fix_list_weight", 0, "0"},                                                                                   \
        {                                                                                                              \
            "num_pairsample", 0, "1"                                                                                   \
        }                                                                                                              \
    }

const struct forest_param forest_params[] = {
    {"reg:squarederror", REGRESSION},
    {"reg:squaredlogerror", REGRESSION},
    {"reg:logistic", REGRESSION},
    {"binary:logistic", REGRESSION},
    {"binary:logitraw", REGRESSION},
    {"reg:pseudohubererror", "pseudo_huber_param", {{"huber_slope", AT(huber_slope), NULL}}},
    {"count:poisson", "poisson_regression_param", {{"max_delta_step", AT(max_delta_step), NULL}}},
    {"reg:tweedie", "tweedie_regression_param", {{"tweedie_variance_power", AT(tweedie_variance_power), NULL}}},
    {"rank:pairwise", RANKING},
    {"rank:ndcg", RANKING},
    {"rank:map", RANKING},
    {"survival:aft", "aft_loss_param", {{"aft_loss_distribution_scale", AT(aft_scale), NULL}}},
    {0},
};

const char *const forest_distributions[] = {"normal", "logistic", "extreme", NULL};

const struct forest_param *forest_param_of(const char *objective)
{
    for (const struct forest_param *p = forest_params; p->block; p++)
        if (strcmp(p->objective, objective) == 0)
            return p;
    return NULL;
}

/* The fewest digits that read back the same, as XGBoost writes them: 5E-1. A whole number without E would be an
 * integer to it, and refused. */
static void float_text(char *text, size_t size, float value)
{
    char digits[32], *e, *last;
    if (!isfinite(value)) {
        snprintf(text, size, "%s", isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
        return;
    }
    for (int precision = 5; precision <= 8; precision++) {
        snprintf(digits, sizeof digits, "%.*e", precision, (double)value);
        if (strtof(digits, NULL) == value)
            break;
    }
    e = strchr(digits, 'e');
    for (last = e - 1; *last == '0'; last--)
        continue;
    if (*last == '.')
        last--;
    snprintf(text, size, "%.*sE%d", (int)(last + 1 - digits), digits, (int)strtol(e + 1, NULL, 10));
}

static void put_float(struct json *j, const char *key, float value)
{
    char text[32];
    float_text(text, sizeof text, value);
    json_raw(j, key, text);
}

static void put_floats(struct json *j, const char *key, const float *values, int n)
{
    json_array(j, key);
    for (int i = 0; i < n; i++)
        put_float(j, NULL, values[i]);
    json_end(j);
}

static void put_ints(struct json *j, const char *key, const int *values, int n)
{
    json_array(j, key);
    for (int i = 0; i < n; i++)
        json_integer(j, NULL, values[i]);
    json_end(j);
}

static void put_empty(struct json *j, const char *key)
{
    json_array(j, key);
    json_end(j);
}

/* XGBoost keeps its settings as text. */
static void put_setting(struct json *j, const char *key, long long value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", value);
    json_string(j, key, text);
}

/* --- a tree ---------------------------------------------------------------------------------------------------------
 */

/* One array has the leaves' values and the inner nodes' thresholds. */
static void put_conditions(struct json *j, const struct tree *t)
{
    json_array(j, "split_conditions");
    for (int node = 0; node < t->size; node++)
        put_float(j, NULL, tree_is_leaf(t, node) ? t->value[node] : t->threshold[node]);
    json_end(j);
}

static void put_splits(struct json *j, const struct tree *t)
{
    json_array(j, "split_indices");
    for (int node = 0; node < t->size; node++)
        json_integer(j, NULL, tree_is_leaf(t, node) ? 0 : t->feature[node]);
    json_end(j);
    json_array(j, "split_type");
    for (int node = 0; node < t->size; node++)
        json_integer(j, NULL, 0);
    json_end(j);
}

static void put_tree(struct json *j, const struct forest *f, int id)
{
    const struct tree *t = &f->trees[id];
    json_object(j, NULL);
    put_floats(j, "base_weights", t->weight, t->size);
    put_empty(j, "categories");
    put_empty(j, "categories_nodes");
    put_empty(j, "categories_segments");
    put_empty(j, "categories_sizes");
    json_array(j, "default_left");
    for (int node = 0; node < t->size; node++)
        json_integer(j, NULL, !tree_is_leaf(t, node) && t->default_left[node]);
    json_end(j);
    json_integer(j, "id", id);
    put_ints(j, "left_children", t->left, t->size);
    put_floats(j, "loss_changes", t->gain, t->size);
    json_array(j, "parents");
    for (int node = 0; node < t->size; node++)
        json_integer(j, NULL, node == 0 ? ROOT_PARENT : t->parent[node]);
    json_end(j);
    put_ints(j, "right_children", t->right, t->size);
    put_conditions(j, t);
    put_splits(j, t);
    put_floats(j, "sum_hessian", t->cover, t->size);
    json_object(j, "tree_param");
    put_setting(j, "num_deleted", 0);
    put_setting(j, "num_feature", (long long)f->columns);
    put_setting(j, "num_nodes", t->size);
    put_setting(j, "size_leaf_vector", 0);
    json_end(j);
    json_end(j);
}

/* --- boosters -------------------------------------------------------------------------------------------------------
 */

static void put_trees(struct json *j, const struct forest *f)
{
    json_object(j, "model");
    json_object(j, "gbtree_model_param");
    put_setting(j, "num_parallel_tree", f->parallel);
    put_setting(j, "num_trees", f->count);
    put_setting(j, "size_leaf_vector", 0);
    json_end(j);
    put_ints(j, "tree_info", f->group, f->count);
    json_array(j, "trees");
    for (int i = 0; i < f->count; i++)
        put_tree(j, f, i);
    json_end(j);
    json_end(j);
    json_string(j, "name", "gbtree");
}

static void put_dart(struct json *j, const struct forest *f)
{
    json_object(j, "gbtree");
    put_trees(j, f);
    json_end(j);
    json_string(j, "name", "dart");
    put_floats(j, "weight_drop", f->scale, f->count);
}

static void put_linear(struct json *j, const struct forest *f)
{
    json_object(j, "model");
    json_integer(j, "boosted_rounds", f->linear_rounds);
    json_array(j, "weights");
    for (size_t i = 0; i < (f->columns + 1) * f->outputs; i++)
        put_float(j, NULL, f->weights[i]);
    json_end(j);
    json_end(j);
    json_string(j, "name", "gblinear");
}

/* --- around them ----------------------------------------------------------------------------------------------------
 */

static void put_attributes(struct json *j, const struct forest *f)
{
    int best = f->best_round >= 0 ? f->best_round : forest_rounds(f) - 1;
    json_object(j, "attributes");
    if (best >= 0) {
        put_setting(j, "best_iteration", best);
        put_setting(j, "best_ntree_limit", f->booster == BOOSTER_LINEAR ? 0 : (long long)(best + 1) * f->parallel);
    }
    json_end(j);
}

static void put_param(struct json *j, const struct forest *f, const struct forest_param *p)
{
    char text[32];
    json_object(j, p->block);
    if (strcmp(p->block, "aft_loss_param") == 0)
        json_string(j, "aft_loss_distribution", forest_distributions[f->settings.aft_distribution]);
    for (int i = 0; i < FOREST_PARAM_MAX && p->values[i].name; i++) {
        const double *value = (const void *)((const char *)&f->settings + p->values[i].offset);
        snprintf(text, sizeof text, "%.9g", (double)(float)*value);
        json_string(j, p->values[i].name, p->values[i].fixed ? p->values[i].fixed : text);
    }
    json_end(j);
}

static void put_objective(struct json *j, const struct forest *f)
{
    const struct forest_param *p = forest_param_of(f->objective->name);
    bool before = p && strcmp(p->block, "name") < 0; /* keys stand in the order of the alphabet */
    json_object(j, "objective");
    if (before)
        put_param(j, f, p);
    json_string(j, "name", f->objective->name);
    if (p && !before)
        put_param(j, f, p);
    if (f->objective->many) {
        json_object(j, "softmax_multiclass_param");
        put_setting(j, "num_class", (long long)f->outputs);
        json_end(j);
    }
    json_end(j);
}

static void put_learner(struct json *j, const struct forest *f)
{
    static void (*const boosters[])(struct json *, const struct forest *) = {
        [BOOSTER_TREE] = put_trees, [BOOSTER_DART] = put_dart, [BOOSTER_LINEAR] = put_linear};
    char text[32];
    put_attributes(j, f);
    put_empty(j, "feature_names");
    put_empty(j, "feature_types");
    json_object(j, "gradient_booster");
    boosters[f->booster](j, f);
    json_end(j);
    json_object(j, "learner_model_param");
    float_text(text, sizeof text, (float)f->base_score);
    json_string(j, "base_score", text);
    json_string(j, "boost_from_average", "1");
    put_setting(j, "num_class", f->objective->many ? (long long)f->outputs : 0);
    put_setting(j, "num_feature", (long long)f->columns);
    put_setting(j, "num_target", 1);
    json_end(j);
    put_objective(j, f);
}

int forest_write(const struct forest *f, struct str *out)
{
    static const int version[] = {1, 7, 4};
    struct json j = json_begin(out);
    json_object(&j, NULL);
    json_object(&j, "learner");
    put_learner(&j, f);
    json_end(&j);
    put_ints(&j, "version", version, 3);
    json_end(&j);
    return out->failed ? -1 : 0;
}
