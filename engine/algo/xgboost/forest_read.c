/* A forest from the JSON of XGBoost, which may come from anywhere: every number is checked before it is used, and a
 * tree is put together anew by walking it from its root, so that it is a tree. */
#include <cjson/cJSON.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/xgboost/forest_json.h"

#define JSON_BYTES_MAX ((size_t)1 << 31)
#define NODES_MAX (1 << 26)

struct reader {
    struct forest *forest;
    const char *name; /* of the file */
    char part[96];    /* "tree 3": what is being read */
    struct error *err;
};

static const char fix_file[] = "check that the file is whole and a model that XGBoost saved as JSON";
static const char fix_kind[] = "train it again with one numeric output per tree and numeric features";

/* --- values ---------------------------------------------------------------------------------------------------------
 */

static int bad(const struct reader *r, const char *key, const char *wrong)
{
    error_set(r->err, ERROR_INPUT, r->name, fix_file, "In %s, '%s' %s", r->part, key, wrong);
    return -1;
}

static const cJSON *member(const struct reader *r, const cJSON *object, const char *key)
{
    const cJSON *found = cJSON_GetObjectItemCaseSensitive(object, key);
    if (!found)
        bad(r, key, "is missing");
    return found;
}

static const cJSON *object(const struct reader *r, const cJSON *parent, const char *key)
{
    const cJSON *found = member(r, parent, key);
    if (!found || cJSON_IsObject(found))
        return found;
    bad(r, key, "is not an object");
    return NULL;
}

static const cJSON *array(const struct reader *r, const cJSON *parent, const char *key)
{
    const cJSON *found = member(r, parent, key);
    if (!found || cJSON_IsArray(found))
        return found;
    bad(r, key, "is not an array");
    return NULL;
}

/* XGBoost keeps settings as text, a few writers as numbers. */
static bool as_number(const cJSON *item, double *out)
{
    char *end;
    if (cJSON_IsNumber(item)) {
        *out = item->valuedouble;
        return true;
    }
    if (!cJSON_IsString(item) || !item->valuestring[0])
        return false;
    *out = strtod(item->valuestring, &end);
    return *end == '\0';
}

static int whole(const struct reader *r, const cJSON *parent, const char *key, double low, double high, double *out)
{
    const cJSON *item = member(r, parent, key);
    if (!item)
        return -1;
    if (!as_number(item, out) || *out != trunc(*out) || *out < low || *out > high)
        return bad(r, key, "is not a whole number in the range it must be in");
    return 0;
}

/* A setting that older files do not have. */
static int whole_or(const struct reader *r, const cJSON *parent, const char *key, double low, double high,
                    double otherwise, double *out)
{
    *out = otherwise;
    return cJSON_GetObjectItemCaseSensitive(parent, key) ? whole(r, parent, key, low, high, out) : 0;
}

static int ints(const struct reader *r, const cJSON *parent, const char *key, int n, int low, int high, int *out)
{
    const cJSON *items = array(r, parent, key), *item;
    int i = 0;
    if (!items)
        return -1;
    cJSON_ArrayForEach (item, items) {
        double value = cJSON_IsBool(item) ? cJSON_IsTrue(item) : item->valuedouble;
        if (i == n)
            return bad(r, key, "has too many entries");
        if (!(cJSON_IsNumber(item) || cJSON_IsBool(item)) || value != trunc(value) || value < low || value > high)
            return bad(r, key, "has an entry that is not a whole number or points nowhere");
        out[i++] = (int)value;
    }
    return i == n ? 0 : bad(r, key, "has too few entries");
}

/* Beyond what a float holds is infinite; whether that makes sense is for the caller to see. */
static float to_float(double value)
{
    if (fabs(value) > (double)__FLT_MAX__)
        return value > 0 ? INFINITY : -INFINITY;
    return (float)value;
}

static int floats(const struct reader *r, const cJSON *parent, const char *key, size_t n, float *out)
{
    const cJSON *items = array(r, parent, key), *item;
    size_t i = 0;
    if (!items)
        return -1;
    cJSON_ArrayForEach (item, items) {
        if (i == n)
            return bad(r, key, "has too many entries");
        if (!cJSON_IsNumber(item))
            return bad(r, key, "has an entry that is not a number");
        out[i++] = to_float(item->valuedouble);
    }
    return i == n ? 0 : bad(r, key, "has too few entries");
}

/* --- trees ----------------------------------------------------------------------------------------------------------
 */

/* The nodes as they stand in the file. Of every node `condition` goes to threshold; in a leaf it
 * is the value, which the caller moves. */
static int raw_nodes(const struct reader *r, const cJSON *json, struct tree *raw, int *spare)
{
    int n = raw->size, columns = (int)r->forest->columns;
    if (ints(r, json, "left_children", n, -1, n - 1, raw->left) < 0 ||
        ints(r, json, "right_children", n, -1, n - 1, raw->right) < 0 ||
        ints(r, json, "default_left", n, 0, 1, spare) < 0)
        return -1;
    for (int i = 0; i < n; i++)
        raw->default_left[i] = spare[i];
    /* Nodes that were pruned away keep an index of no meaning, so it is judged where a node splits. */
    if (ints(r, json, "split_indices", n, INT_MIN, INT_MAX, spare) < 0)
        return -1;
    for (int i = 0; i < n; i++) {
        if (raw->left[i] >= 0 && (spare[i] < 0 || spare[i] >= columns))
            return bad(r, "split_indices", "names a feature that the model does not have");
        raw->feature[i] = (uint32_t)spare[i];
    }
    if (floats(r, json, "split_conditions", (size_t)n, raw->threshold) < 0 ||
        floats(r, json, "base_weights", (size_t)n, raw->weight) < 0 ||
        floats(r, json, "loss_changes", (size_t)n, raw->gain) < 0 ||
        floats(r, json, "sum_hessian", (size_t)n, raw->cover) < 0)
        return -1;
    if (!cJSON_GetObjectItemCaseSensitive(json, "split_type"))
        return 0; /* of a version that had no categories */
    if (ints(r, json, "split_type", n, 0, 1, spare) < 0)
        return -1;
    for (int i = 0; i < n; i++)
        if (raw->left[i] >= 0 && spare[i] != 0)
            return error_set(r->err, ERROR_INPUT, r->name, fix_kind,
                             "In %s, node %d splits by categories, which cannot be read", r->part, i);
    return 0;
}

/* Node numbers from the root on, parents first; `seen` marks them. How many there are, or -1. */
static int walk_from_root(const struct reader *r, const struct tree *raw, int *order, int *seen)
{
    int filled = 1;
    bool rising = true;
    order[0] = 0;
    seen[0] = 1;
    for (int at = 0; at < filled; at++) {
        int node = order[at], left = raw->left[node], right = raw->right[node];
        if (left < 0 && right < 0)
            continue;
        if (left < 0 || right < 0)
            return bad(r, "left_children", "has a node with one child only");
        if (seen[left] || seen[right] || left == right)
            return bad(r, "left_children", "leads to the same node twice");
        seen[left] = seen[right] = 1;
        rising = rising && left > node && right > node;
        order[filled++] = left;
        order[filled++] = right;
    }
    /* Their own order where parents stand first in it too. */
    for (int node = 0, at = 0; rising && node < raw->size; node++)
        if (seen[node])
            order[at++] = node;
    return filled;
}

static int copy_node(const struct reader *r, const struct tree *raw, int from, struct tree *out, int node,
                     const int *number)
{
    bool leaf = raw->left[from] < 0;
    out->left[node] = leaf ? -1 : number[raw->left[from]];
    out->right[node] = leaf ? -1 : number[raw->right[from]];
    out->weight[node] = raw->weight[from];
    out->gain[node] = raw->gain[from];
    out->cover[node] = raw->cover[from];
    if (leaf) {
        out->value[node] = raw->threshold[from];
        return isfinite(out->value[node]) ? 0 : bad(r, "split_conditions", "has a leaf that is not a finite number");
    }
    out->parent[out->left[node]] = out->parent[out->right[node]] = node;
    out->feature[node] = raw->feature[from];
    out->threshold[node] = raw->threshold[from];
    out->default_left[node] = raw->default_left[from];
    return 0;
}

static int put_together(const struct reader *r, const struct tree *raw, struct tree *out, int *order, int *number)
{
    int count, status = 0;
    memset(number, 0, (size_t)raw->size * sizeof *number);
    count = walk_from_root(r, raw, order, number);
    if (count < 0)
        return -1;
    for (int node = 0; node < count; node++)
        if (tree_add(out, -1) < 0)
            return error_set(r->err, ERROR_LIMIT, r->name, NULL, "Memory ended at %s", r->part);
    for (int node = 0; node < count; node++)
        number[order[node]] = node;
    for (int node = 0; node < count && status == 0; node++)
        status = copy_node(r, raw, order[node], out, node, number);
    return status;
}

static int read_tree(struct reader *r, const cJSON *json, int id, struct tree *out)
{
    const cJSON *left, *param;
    struct tree raw;
    int *order = NULL, *number = NULL, status = -1;
    double width;
    int n;
    snprintf(r->part, sizeof r->part, "tree %d", id);
    tree_init(&raw);
    tree_init(out);
    if (!cJSON_IsObject(json))
        return bad(r, "trees", "has an entry that is not an object");
    if (!(left = array(r, json, "left_children")) || !(param = object(r, json, "tree_param")) ||
        whole_or(r, param, "size_leaf_vector", 0, 1e9, 0, &width) < 0)
        return -1;
    if (width > 1)
        return error_set(r->err, ERROR_INPUT, r->name, fix_kind,
                         "The leaves of %s hold several values, which cannot be read", r->part);
    n = cJSON_GetArraySize(left);
    if (n < 1 || n > NODES_MAX)
        return bad(r, "left_children", "has no nodes or more than 2^26");
    order = malloc((size_t)n * sizeof *order);
    number = malloc((size_t)n * sizeof *number);
    while (order && number && raw.size < n && tree_add(&raw, -1) >= 0)
        continue;
    if (!order || !number || raw.size < n)
        error_set(r->err, ERROR_LIMIT, r->name, NULL, "Memory ended at %s", r->part);
    else if (raw_nodes(r, json, &raw, order) == 0)
        status = put_together(r, &raw, out, order, number);
    tree_free(&raw);
    free(order);
    free(number);
    if (status < 0)
        tree_free(out);
    return status;
}

/* --- boosters -------------------------------------------------------------------------------------------------------
 */

static int read_trees(struct reader *r, const cJSON *booster)
{
    struct forest *f = r->forest;
    const cJSON *model = object(r, booster, "model"), *param, *trees, *json;
    int count, status = 0, *group;
    double parallel;
    if (!model || !(param = object(r, model, "gbtree_model_param")) || !(trees = array(r, model, "trees")) ||
        whole_or(r, param, "num_parallel_tree", 0, 1e6, 1, &parallel) < 0)
        return -1;
    f->parallel = parallel > 1 ? (int)parallel : 1;
    if ((double)f->outputs * f->parallel > INT_MAX)
        return bad(r, "num_parallel_tree", "is too large");
    count = cJSON_GetArraySize(trees);
    group = malloc(((size_t)count + 1) * sizeof *group);
    if (!group)
        return error_set(r->err, ERROR_LIMIT, r->name, NULL, "Memory ended at %d trees", count);
    status = ints(r, model, "tree_info", count, 0, (int)f->outputs - 1, group);
    cJSON_ArrayForEach (json, trees) {
        struct tree tree;
        if (status < 0 || (status = read_tree(r, json, f->count, &tree)) < 0)
            break;
        if (forest_append(f, &tree, group[f->count]) < 0) {
            tree_free(&tree);
            status = error_set(r->err, ERROR_LIMIT, r->name, NULL, "Memory ended at %s", r->part);
        }
    }
    free(group);
    snprintf(r->part, sizeof r->part, "the booster");
    if (status == 0 && count % ((int)f->outputs * f->parallel) != 0)
        return bad(r, "trees", "do not make whole rounds: their number is not one for each class and parallel tree");
    return status;
}

static int read_dart(struct reader *r, const cJSON *booster)
{
    const cJSON *inner = object(r, booster, "gbtree");
    if (!inner || read_trees(r, inner) < 0 ||
        floats(r, booster, "weight_drop", (size_t)r->forest->count, r->forest->scale) < 0)
        return -1;
    for (int i = 0; i < r->forest->count; i++)
        if (!isfinite(r->forest->scale[i]))
            return bad(r, "weight_drop", "has an entry that is not finite");
    return 0;
}

static int read_linear(struct reader *r, const cJSON *booster)
{
    const cJSON *model = object(r, booster, "model");
    size_t n = (r->forest->columns + 1) * r->forest->outputs;
    double rounds;
    if (!model || whole_or(r, model, "boosted_rounds", 0, INT_MAX, 0, &rounds) < 0 ||
        floats(r, model, "weights", n, r->forest->weights) < 0)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (!isfinite(r->forest->weights[i]))
            return bad(r, "weights", "has an entry that is not finite");
    r->forest->linear_rounds = (int)rounds;
    return 0;
}

static const struct {
    const char *name;
    int (*read)(struct reader *r, const cJSON *booster);
} boosters[] = {
    [BOOSTER_TREE] = {"gbtree", read_trees},
    [BOOSTER_DART] = {"dart", read_dart},
    [BOOSTER_LINEAR] = {"gblinear", read_linear},
};

/* --- around them ----------------------------------------------------------------------------------------------------
 */

static int read_param(const struct reader *r, const cJSON *objective, const char *name, struct objective_settings *s)
{
    const struct forest_param *p = forest_param_of(name);
    const cJSON *block = p ? cJSON_GetObjectItemCaseSensitive(objective, p->block) : NULL, *distribution;
    for (int i = 0; block && i < FOREST_PARAM_MAX && p->values[i].name; i++) {
        double *value = (void *)((char *)s + p->values[i].offset);
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(block, p->values[i].name);
        if (item && !p->values[i].fixed && (!as_number(item, value) || !isfinite(to_float(*value))))
            return bad(r, p->values[i].name, "is not a number");
    }
    distribution = cJSON_GetObjectItemCaseSensitive(block, "aft_loss_distribution");
    if (!distribution)
        return 0;
    for (int i = 0; cJSON_IsString(distribution) && forest_distributions[i]; i++)
        if (strcmp(forest_distributions[i], distribution->valuestring) == 0) {
            s->aft_distribution = (enum aft_distribution)i;
            return 0;
        }
    return bad(r, "aft_loss_distribution", "is none of normal, logistic and extreme");
}

/* "5E-1"; since version 3 "[5E-1]", where there may be one for each class: all must be the same. */
static int read_base_score(const struct reader *r, const cJSON *param, double *out)
{
    const cJSON *item = member(r, param, "base_score");
    const char *text;
    char *end;
    double value = 0;
    int count = 0;
    if (!item)
        return -1;
    if (cJSON_IsNumber(item) || !cJSON_IsString(item) || item->valuestring[0] != '[')
        return as_number(item, out) && isfinite(to_float(*out)) ? 0 : bad(r, "base_score", "is not a number");
    for (text = item->valuestring + 1; *text && *text != ']'; text = *end == ',' ? end + 1 : end) {
        value = strtod(text, &end);
        if (end == text || (*end != ',' && *end != ']') || !isfinite(to_float(value)))
            return bad(r, "base_score", "is not a number");
        if (count++ > 0 && value != *out)
            return error_set(r->err, ERROR_INPUT, r->name, "train it with base_score set",
                             "Each class starts from another score, which cannot be read");
        *out = value;
    }
    return count && text[0] == ']' && !text[1] ? 0 : bad(r, "base_score", "is not a number");
}

/* `best_iteration` is what counts where training was stopped; the last round says nothing. */
static void read_best(struct forest *f, const cJSON *learner)
{
    const cJSON *attributes = cJSON_GetObjectItemCaseSensitive(learner, "attributes");
    double best;
    if (as_number(cJSON_GetObjectItemCaseSensitive(attributes, "best_iteration"), &best) && best >= 0 &&
        best < forest_rounds(f) - 1 && best == trunc(best))
        f->best_round = (int)best;
}

static int find_booster(const struct reader *r, const cJSON *json, enum booster *out)
{
    const cJSON *name = member(r, json, "name");
    for (size_t i = 0; name && i < sizeof boosters / sizeof *boosters; i++)
        if (cJSON_IsString(name) && strcmp(name->valuestring, boosters[i].name) == 0) {
            *out = (enum booster)i;
            return 0;
        }
    return name ? bad(r, "name", "is none of gbtree, dart and gblinear") : -1;
}

/* Before there is memory for so many. */
static int check_weights(const struct reader *r, const cJSON *booster, double n)
{
    const cJSON *model = object(r, booster, "model"), *weights = model ? array(r, model, "weights") : NULL;
    if (!weights)
        return -1;
    return cJSON_GetArraySize(weights) == n ? 0 : bad(r, "weights", "are not one for each feature and bias of a class");
}

static int start_forest(struct reader *r, const cJSON *learner, const cJSON *booster_json)
{
    struct objective_settings s = {.classes = 1,
                                   .scale_pos_weight = 1,
                                   .tweedie_variance_power = 1.5,
                                   .huber_slope = 1,
                                   .aft_scale = 1,
                                   .max_delta_step = 0.7};
    const cJSON *param = object(r, learner, "learner_model_param"), *objective_json, *name;
    const struct objective *o;
    enum booster booster = BOOSTER_TREE;
    double columns = 0, classes = 0, targets = 1, base_score = 0;
    if (!param || whole(r, param, "num_feature", 0, DATASET_SPARSE_COLUMNS_MAX, &columns) < 0 ||
        whole_or(r, param, "num_class", 0, FOREST_CLASSES_MAX, 0, &classes) < 0 ||
        whole_or(r, param, "num_target", 0, 1e9, 1, &targets) < 0 || read_base_score(r, param, &base_score) < 0 ||
        !(objective_json = object(r, learner, "objective")) || !(name = member(r, objective_json, "name")) ||
        find_booster(r, booster_json, &booster) < 0)
        return -1;
    if (targets > 1)
        return error_set(r->err, ERROR_INPUT, r->name, fix_kind, "The model has %g targets; only one can be read",
                         targets);
    if (!cJSON_IsString(name) || !(o = objective_find(name->valuestring, r->err)))
        return cJSON_IsString(name) ? -1 : bad(r, "name", "of the objective is not text");
    s.classes = classes > 1 ? (size_t)classes : 1;
    if (o->many != (s.classes > 1))
        return bad(r, "num_class", "does not fit the objective");
    if (read_param(r, objective_json, o->name, &s) < 0 || o->check_base(base_score, r->err) < 0)
        return -1;
    if (booster == BOOSTER_LINEAR && check_weights(r, booster_json, (columns + 1) * (double)s.classes) < 0)
        return -1;
    if (forest_init(r->forest, booster, o, &s, (size_t)columns, (double)to_float(base_score)) < 0)
        return error_set(r->err, ERROR_LIMIT, r->name, NULL, "Memory ended at the model's weights");
    return 0;
}

static int read_learner(struct reader *r, const cJSON *root)
{
    const cJSON *learner, *booster;
    snprintf(r->part, sizeof r->part, "the model");
    if (!cJSON_IsObject(root))
        return error_set(r->err, ERROR_INPUT, r->name, fix_file, "The model is not a JSON object");
    if (!(learner = object(r, root, "learner")) || !(booster = object(r, learner, "gradient_booster")))
        return -1;
    if (start_forest(r, learner, booster) < 0 || boosters[r->forest->booster].read(r, booster) < 0)
        return -1;
    read_best(r->forest, learner);
    return 0;
}

/* XGBoost writes numbers that JSON does not have. A copy with them written so that cJSON reads an infinity, or a text
 * where a number is wanted; everything keeps its place. */
static char *without_words(const char *json, size_t len)
{
    char *copy = malloc(len + 1);
    bool quoted = false;
    if (!copy)
        return NULL;
    memcpy(copy, json, len);
    copy[len] = '\0';
    for (size_t i = 0; i < len; i++) {
        if (quoted && copy[i] == '\\')
            i++;
        else if (copy[i] == '"')
            quoted = !quoted;
        else if (!quoted && len - i >= 8 && memcmp(copy + i, "Infinity", 8) == 0)
            memcpy(copy + i, "1e999   ", 8);
        else if (!quoted && len - i >= 3 && memcmp(copy + i, "NaN", 3) == 0)
            memcpy(copy + i, "\"\" ", 3);
    }
    return copy;
}

/* XGBoost's other formats (UBJSON, and the binary one before it) hold bytes that no text begins with. */
static bool is_binary(const char *bytes, size_t len)
{
    for (size_t i = 0; i < len && i < 32; i++)
        if ((unsigned char)bytes[i] < '\t')
            return true;
    return false;
}

int forest_read(struct forest *f, const char *json, size_t len, const char *name, struct error *err)
{
    struct reader r = {.forest = f, .name = name, .err = err};
    const char *stopped = NULL;
    char *copy;
    cJSON *root;
    int status;
    *f = (struct forest){0};
    if (len > JSON_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, name, "train fewer or smaller trees", "The model is larger than 2 GiB");
    copy = without_words(json, len);
    if (!copy)
        return error_set(err, ERROR_LIMIT, name, NULL, "There is not enough memory for the model");
    if (is_binary(json, len)) {
        free(copy);
        return error_set(err, ERROR_INPUT, name, "load it with XGBoost and save it with save_model(\"model.json\")",
                         "This is a model in XGBoost's binary format; JSON is read here");
    }
    root = cJSON_ParseWithLengthOpts(copy, len + 1, &stopped, 1);
    if (root)
        status = read_learner(&r, root);
    else
        status = error_set(err, ERROR_INPUT, name, fix_file, "The model is not JSON from byte %zu of %zu on",
                           stopped ? (size_t)(stopped - copy) : 0, len);
    cJSON_Delete(root);
    free(copy);
    if (status < 0)
        forest_free(f);
    return status;
}
