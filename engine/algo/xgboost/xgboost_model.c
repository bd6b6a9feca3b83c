/* A trained model on disk, and its answers. The saved file is XGBoost's own JSON under the service's name. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/algo/xgboost/xgboost.h"
#include "engine/model.h"

#define CONTENT "SAGEMAKER_INFERENCE_OUTPUT" /* the service's name: what an answer holds */

const char *const xgboost_accepts[] = {"text/csv", "application/json", "application/jsonlines",
                                       "application/x-recordio-protobuf", NULL};

/* --- disk -----------------------------------------------------------------------------------------------------------
 */

int xgboost_save(const struct forest *f, struct model_writer *to, struct error *err)
{
    struct str json = {0};
    int status = forest_write(f, &json) < 0 || json.failed
                     ? error_set(err, ERROR_SYSTEM, XGBOOST_FILE, NULL, "There is not enough memory to write the model")
                     : model_writer_put(to, XGBOOST_FILE, json.data, json.len, err);
    str_free(&json);
    return status;
}

void *xgboost_load(const char *dir, const struct settings *settings, struct error *err)
{
    size_t len = 0;
    char *text = model_read_file(dir, XGBOOST_FILE, &len, err);
    struct forest *f = text ? calloc(1, sizeof *f) : NULL;
    (void)settings; /* the file says all */
    if (text && !f)
        error_set(err, ERROR_SYSTEM, dir, NULL, "There is not enough memory for the model");
    if (f && forest_read(f, text, len, XGBOOST_FILE, err) < 0) {
        xgboost_unload(f);
        f = NULL;
    }
    free(text);
    return f;
}

void xgboost_unload(void *model)
{
    if (model)
        forest_free(model);
    free(model);
}

/* --- what an answer may hold ----------------------------------------------------------------------------------------
 */

enum answers_of { BINARY = 1, MULTICLASS = 2, OTHER = 4 };

/* All rows' answers in one block, rows x width. */
struct content {
    const struct forest *forest;
    const float *prediction; /* rows x width */
    size_t rows, width, classes;
};

static bool is_objective(const struct content *c, const char *name)
{
    return strcmp(c->forest->objective->name, name) == 0;
}

static float label_of(const struct content *c, size_t row)
{
    const float *p = c->prediction + row * c->width;
    size_t best = 0;
    for (size_t k = 1; k < c->width; k++)
        if (p[k] > p[best])
            best = k;
    if (c->width > 1)
        return (float)best;
    if (is_objective(c, "multi:softmax"))
        return p[0];
    return p[0] > (is_objective(c, "binary:logitraw") ? 0.0F : 0.5F);
}

static void fill_label(const struct content *c, size_t row, float *out)
{
    out[0] = label_of(c, row);
}

static void fill_labels(const struct content *c, size_t row, float *out)
{
    (void)row;
    for (size_t k = 0; k < c->classes; k++)
        out[k] = (float)k;
}

/* Of the prediction as it is: class 1 of two, the likeliest of many. */
static void fill_one(const struct content *c, size_t row, float *out)
{
    const float *p = c->prediction + row * c->width;
    out[0] = p[0];
    for (size_t k = 1; k < c->width; k++)
        out[0] = fmaxf(out[0], p[k]);
}

/* One per class; of objectives that give no probabilities the prediction alone. */
static void fill_each(const struct content *c, size_t row, float *out)
{
    const float *p = c->prediction + row * c->width;
    for (size_t k = 0; k < c->width; k++)
        out[k] = p[k];
    if (is_objective(c, "binary:logistic")) {
        out[0] = 1 - p[0];
        out[1] = p[0];
    }
}

static size_t width_one(const struct content *c)
{
    (void)c;
    return 1;
}

static size_t width_classes(const struct content *c)
{
    return c->classes;
}

static size_t width_each(const struct content *c)
{
    return is_objective(c, "binary:logistic") ? 2 : c->width;
}

static const struct selectable {
    const char *name;
    int of;
    bool probability, list;
    size_t (*width)(const struct content *c);
    void (*fill)(const struct content *c, size_t row, float *out);
} selectables[] = {
    {"predicted_label", BINARY | MULTICLASS, false, false, width_one, fill_label},
    {"labels", BINARY | MULTICLASS, false, true, width_classes, fill_labels},
    {"probability", BINARY | MULTICLASS, true, false, width_one, fill_one},
    {"probabilities", BINARY | MULTICLASS, true, true, width_each, fill_each},
    {"raw_score", BINARY | MULTICLASS, false, false, width_one, fill_one},
    {"raw_scores", BINARY | MULTICLASS, false, true, width_each, fill_each},
    {"predicted_score", OTHER, false, false, width_one, fill_one},
};

#define SELECTABLES (sizeof selectables / sizeof *selectables)

static int task_of(const struct content *c)
{
    return strcmp(c->forest->objective->task, "binary") == 0       ? BINARY
           : strcmp(c->forest->objective->task, "multiclass") == 0 ? MULTICLASS
                                                                   : OTHER;
}

static const struct selectable *select_one(const struct content *c, const char *name, size_t len, struct error *err)
{
    char fix[256] = "give some of";
    bool likely = is_objective(c, "binary:logistic") || is_objective(c, "multi:softprob");
    for (size_t i = 0; i < SELECTABLES; i++) {
        const struct selectable *s = &selectables[i];
        size_t used = strlen(fix);
        if (!(s->of & task_of(c)) || (s->probability && !likely))
            continue;
        if (strlen(s->name) == len && memcmp(s->name, name, len) == 0)
            return s;
        snprintf(fix + used, sizeof fix - used, " %s", s->name);
    }
    error_set(err, ERROR_INPUT, CONTENT, fix, "A model of %s has no '%.*s'", c->forest->objective->name,
              (int)(len < 40 ? len : 40), name);
    return NULL;
}

/* --- an answer ------------------------------------------------------------------------------------------------------
 */

/* By the list of names in the environment; its fields' values are one block that the caller frees. */
static int select_fields(const struct content *c, const char *list, struct payload_field *fields, size_t *count,
                         float **block, struct error *err)
{
    const struct selectable *chosen[SELECTABLES];
    size_t total = 0;
    float *at;
    *count = 0;
    for (const char *name = list + strspn(list, ", "); *name; name += strspn(name, ", ")) {
        size_t len = strcspn(name, ", ");
        if (*count == SELECTABLES)
            return error_set(err, ERROR_INPUT, CONTENT, "name each once", "More than %zu names are given", SELECTABLES);
        chosen[*count] = select_one(c, name, len, err);
        if (!chosen[*count])
            return -1;
        total += chosen[(*count)++]->width(c);
        name += len;
    }
    at = *block = malloc((total * c->rows + 1) * sizeof **block);
    if (!at)
        return error_set(err, ERROR_SYSTEM, NULL, "send fewer rows", "There is not enough memory for the answer");
    for (size_t i = 0; i < *count; i++) {
        size_t width = chosen[i]->width(c);
        fields[i] = (struct payload_field){chosen[i]->name, at, width, chosen[i]->list};
        for (size_t row = 0; row < c->rows; row++)
            chosen[i]->fill(c, row, at + row * width);
        at += c->rows * width;
    }
    return 0;
}

static int answer(const struct content *c, const struct request *in, struct answer *out, struct error *err)
{
    struct payload_field fields[SELECTABLES] = {{"score", c->prediction, c->width, c->width > 1}};
    const char *list = getenv(CONTENT);
    size_t count = 1;
    float *block = NULL;
    int status = 0;
    if (list && list[strspn(list, ", ")])
        status = select_fields(c, list, fields, &count, &block, err);
    if (status == 0)
        status = payload_write(in, xgboost_accepts, fields, count, c->rows, out, err);
    free(block);
    return status;
}

int xgboost_invoke(const void *model, const struct request *in, struct answer *out, struct error *err)
{
    const struct forest *f = model;
    struct dataset d = {0};
    struct content c = {.forest = f, .width = objective_width(f->objective, &f->settings)};
    float *margin = NULL, *prediction = NULL;
    int status = -1;
    if (payload_read(in, f->columns, &d, err) < 0)
        return -1;
    c.rows = d.rows;
    c.classes = task_of(&c) == BINARY ? 2 : f->settings.classes;
    margin = malloc((d.rows * f->outputs + 1) * sizeof *margin);
    prediction = malloc((d.rows * c.width + 1) * sizeof *prediction);
    if (margin && prediction) {
        forest_margin(f, &d, margin, NULL);
        f->objective->predict(&f->settings, prediction, margin, d.rows);
        c.prediction = prediction;
        status = answer(&c, in, out, err);
    } else {
        error_set(err, ERROR_SYSTEM, NULL, "send fewer rows", "There is not enough memory for the answer");
    }
    free(margin);
    free(prediction);
    dataset_free(&d);
    return status;
}
