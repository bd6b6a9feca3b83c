/* A trained model on disk: the plan as JSON, the weights as bytes. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "engine/algo/deepar/deepar.h"
#include "engine/algo/deepar/deepar_net.h"
#include "engine/model.h"
#include "engine/nn/weights.h"

#define PLAN_FILE "deepar.json"
#define WEIGHTS_FILE "deepar.weights"
#define VERSION 1

const char *const deepar_files[] = {PLAN_FILE, WEIGHTS_FILE, NULL};

/* --- the plan -------------------------------------------------------------------------------------------------------
 */

static void write_floats(struct json *j, const char *key, const float *values, size_t n)
{
    json_array(j, key);
    for (size_t i = 0; i < n; i++)
        json_number(j, NULL, (double)values[i]);
    json_end(j);
}

static void write_ints(struct json *j, const char *key, const int *values, size_t n)
{
    json_array(j, key);
    for (size_t i = 0; i < n; i++)
        json_integer(j, NULL, values[i]);
    json_end(j);
}

void deepar_plan_write(const struct deepar_plan *p, struct json *j)
{
    json_object(j, NULL);
    json_integer(j, "version", VERSION);
    write_ints(j, "lags", p->lag, p->lags);
    json_integer(j, "calendar_left_out", p->frequency.left_out);
    json_bool(j, "gaps", p->gaps);
    write_ints(j, "cardinality", p->cardinality, p->categories);
    write_floats(j, "feature_mean", p->feature_mean, p->features);
    write_floats(j, "feature_factor", p->feature_factor, p->features);
    json_number(j, "level_mean", (double)p->level_mean);
    json_number(j, "level_factor", (double)p->level_factor);
    json_end(j);
}

static int broken(const char *name, const char *what, struct error *err)
{
    return error_set(err, ERROR_INPUT, name, "use the folder as the training run wrote it",
                     "The saved model cannot be read: %s", what);
}

/* Numbers of a list, from low to high; how many, or -1. */
static int read_numbers(const cJSON *root, const char *key, double low, double high, double *values, int room)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, key), *item;
    int count = 0;
    if (!cJSON_IsArray(list))
        return -1;
    cJSON_ArrayForEach (item, list) {
        if (count == room || !cJSON_IsNumber(item) || !(item->valuedouble >= low && item->valuedouble <= high))
            return -1;
        values[count++] = item->valuedouble;
    }
    return count;
}

static int read_ints(const cJSON *root, const char *key, int high, int *values, size_t *n, int room)
{
    double numbers[SERIES_FEATURES_MAX];
    int count = read_numbers(root, key, 1, high, numbers, room);
    for (int i = 0; i < count; i++)
        values[i] = (int)numbers[i];
    *n = count > 0 ? (size_t)count : 0;
    return count;
}

static int read_floats(const cJSON *root, const char *key, float *values, int room)
{
    double numbers[SERIES_FEATURES_MAX];
    int count = read_numbers(root, key, -1e30, 1e30, numbers, room);
    for (int i = 0; i < count; i++)
        values[i] = (float)numbers[i];
    return count;
}

static double read_number(const cJSON *root, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, key);
    return cJSON_IsNumber(item) && fabs(item->valuedouble) <= 1e30 ? item->valuedouble : NAN;
}

static int read_plan(const cJSON *root, const char *name, struct deepar_plan *p, struct error *err)
{
    int means, factors;
    double left_out = read_number(root, "calendar_left_out");
    if (read_number(root, "version") != VERSION)
        return broken(name, "it is of another version", err);
    if (!(left_out >= 0 && left_out < 1 << FREQUENCY_FEATURES))
        return broken(name, "its calendar is damaged", err);
    p->frequency.left_out = (unsigned)left_out;
    if (read_ints(root, "lags", FREQUENCY_REACH, p->lag, &p->lags, FREQUENCY_LAGS) < 0)
        return broken(name, "its lags are damaged", err);
    if (read_ints(root, "cardinality", 1000000, p->cardinality, &p->categories, SERIES_FEATURES_MAX) < 0)
        return broken(name, "its cardinality is damaged", err);
    means = read_floats(root, "feature_mean", p->feature_mean, SERIES_FEATURES_MAX);
    factors = read_floats(root, "feature_factor", p->feature_factor, SERIES_FEATURES_MAX);
    if (means < 0 || means != factors)
        return broken(name, "its dynamic features are damaged", err);
    p->features = (size_t)means;
    p->gaps = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(root, "gaps"));
    p->level_mean = (float)read_number(root, "level_mean");
    p->level_factor = (float)read_number(root, "level_factor");
    return isfinite(p->level_mean) && isfinite(p->level_factor) ? 0 : broken(name, "its scale is damaged", err);
}

int deepar_plan_read(const char *text, size_t len, const char *name, struct deepar_plan *p, struct error *err)
{
    cJSON *root = cJSON_ParseWithLength(text, len);
    int status = cJSON_IsObject(root) ? read_plan(root, name, p, err) : broken(name, "it is damaged or cut short", err);
    cJSON_Delete(root);
    return status;
}

/* --- the model ------------------------------------------------------------------------------------------------------
 */

int deepar_save(const struct deepar_net *n, struct model_writer *to, struct error *err)
{
    struct str plan = {0};
    struct json j = json_begin(&plan);
    int status;
    deepar_plan_write(&n->plan, &j);
    status = plan.failed ? error_set(err, ERROR_SYSTEM, PLAN_FILE, NULL, "There is not enough memory for the model")
                         : model_writer_put(to, PLAN_FILE, plan.data, plan.len, err);
    if (status == 0)
        status = weights_save(&n->parameters, to, WEIGHTS_FILE, err);
    str_free(&plan);
    return status;
}

/* The settings come from a file too: an edited one must not ask for more memory than its weights can need. */
static int check_settings(const struct settings *s, struct error *err)
{
    struct settings resolved;
    return algorithm_resolve(&deepar, s, &resolved, err);
}

static int load_plan(const char *dir, const struct settings *s, struct deepar_plan *p, struct error *err)
{
    size_t len;
    char *text;
    int status;
    if (check_settings(s, err) < 0 || deepar_plan_settings(s, p, err) < 0)
        return -1;
    text = model_read_file(dir, PLAN_FILE, &len, err);
    status = text ? deepar_plan_read(text, len, PLAN_FILE, p, err) : -1;
    free(text);
    return status;
}

void *deepar_load(const char *dir, const struct settings *settings, struct error *err)
{
    struct deepar_net *n = calloc(1, sizeof *n);
    struct deepar_plan *p = calloc(1, sizeof *p);
    size_t len;
    char *weights = NULL;
    int status = n && p ? 0 : error_set(err, ERROR_SYSTEM, dir, NULL, "There is not enough memory for the model");
    if (status == 0)
        status = load_plan(dir, settings, p, err);
    if (status == 0)
        status = (weights = model_read_file(dir, WEIGHTS_FILE, &len, err)) ? 0 : -1;
    if (status == 0)
        status = deepar_net_weights(p) * sizeof(float) <= len
                     ? 0
                     : broken(WEIGHTS_FILE, "it is cut short, or of another model", err);
    if (status == 0)
        status = deepar_net_open(n, p, &backend_cpu, 0, err);
    if (status == 0)
        status = parameters_read(&n->parameters, weights, len, WEIGHTS_FILE, err);
    free(weights);
    free(p);
    if (status == 0)
        return n;
    deepar_unload(n);
    return NULL;
}

void deepar_unload(void *model)
{
    struct deepar_net *n = model;
    if (n)
        deepar_net_close(n);
    free(n);
}
