#include "engine/data/generate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/data/generate_rows.h"
#include "engine/data/made.h"

/* Streams of the seed; the learners use small numbers. */
enum { STREAM_TRUTH = 0x64617461, STREAM_PARTS };

/* The tables' sources first, then the made ones. */
const struct generator *generator_at(size_t i)
{
    size_t tables = 0;
    while (generate_sources[tables].about.name)
        if (tables++ == i)
            return &generate_sources[i].about;
    for (size_t k = 0; made_sources[k]; k++)
        if (tables + k == i)
            return &made_sources[k]->about;
    return NULL;
}

static const struct made *made_of(const struct generator *g)
{
    const struct made *const *made = made_sources;
    while (*made && &(*made)->about != g)
        made++;
    return *made;
}

enum data_kind generator_kind(const struct generator *g)
{
    return made_of(g) ? made_of(g)->kind : DATA_TABLE;
}

const struct generator *generator_find(const char *recipe)
{
    size_t len = strcspn(recipe, ":");
    for (size_t i = 0; generator_at(i); i++)
        if (strlen(generator_at(i)->name) == len && strncmp(generator_at(i)->name, recipe, len) == 0)
            return generator_at(i);
    return NULL;
}

double generator_value(const struct generator *g, const double *values, const char *name)
{
    for (size_t i = 0; g->parameters[i].name; i++)
        if (strcmp(g->parameters[i].name, name) == 0)
            return values[i];
    return NAN;
}

/* Appends a name to a list in a sentence; what does not fit is left out. */
static void list_name(char *list, size_t size, const char *name)
{
    size_t len = strlen(list);
    snprintf(list + len, size - len, "%s%s", len ? ", " : "", name);
}

static int refuse_name(const char *recipe, struct error *err)
{
    char names[400] = "";
    size_t len = strcspn(recipe, ":");
    for (size_t i = 0; generator_at(i); i++)
        list_name(names, sizeof names, generator_at(i)->name);
    error_set(err, ERROR_INPUT, "the recipe of the data", NULL, "there is no generator '%.*s'",
              (int)(len < 60 ? len : 60), recipe);
    snprintf(err->fix, sizeof err->fix, "name one of %.200s", names);
    return -1;
}

static const struct source *source_of(const struct generator *about)
{
    const struct source *s = generate_sources;
    while (s->about.name && &s->about != about)
        s++;
    return s->about.name ? s : NULL;
}

static int refuse_parameter(const struct generator *g, const char *text, size_t len, struct error *err)
{
    char names[200] = "";
    for (size_t i = 0; g->parameters[i].name; i++)
        list_name(names, sizeof names, g->parameters[i].name);
    error_set(err, ERROR_INPUT, g->name, NULL, "%s cannot use '%.*s'", g->name, (int)(len < 60 ? len : 60), text);
    snprintf(err->fix, sizeof err->fix, "write NAME=VALUE, separated by commas; the names are %s", names);
    return -1;
}

/* Reads digits, sign, point and exponent only: no "inf", "nan" or hexadecimal numbers. */
static int read_value(const struct generator_parameter *p, const char *text, size_t len, double *value,
                      struct error *err)
{
    char copy[40], range[80], *end = copy;
    bool good = len > 0 && len < sizeof copy && strspn(text, "+-.0123456789eE") >= len;
    snprintf(range, sizeof range, "give a %snumber from %.10g to %.10g", p->whole ? "whole " : "", p->min, p->max);
    if (good) {
        memcpy(copy, text, len);
        copy[len] = '\0';
        *value = strtod(copy, &end);
    }
    if (!good || *end)
        return error_set(err, ERROR_INPUT, p->name, range, "'%.*s' is not a number", (int)(len < 40 ? len : 40), text);
    if (!(*value >= p->min && *value <= p->max))
        return error_set(err, ERROR_INPUT, p->name, range, "%.*s is out of range", (int)len, text);
    if (p->whole && *value != (double)(long)*value)
        return error_set(err, ERROR_INPUT, p->name, range, "%.*s is not a whole number", (int)len, text);
    return 0;
}

static int read_parameter(const struct generator *g, const char *text, size_t len, double *values, bool *given,
                          struct error *err)
{
    const char *equals = memchr(text, '=', len);
    size_t name_len = equals ? (size_t)(equals - text) : 0;
    for (size_t i = 0; equals && g->parameters[i].name; i++) {
        const struct generator_parameter *p = &g->parameters[i];
        if (strlen(p->name) != name_len || memcmp(p->name, text, name_len) != 0)
            continue;
        if (given[i])
            return error_set(err, ERROR_INPUT, p->name, "name each parameter once", "%s is given twice", p->name);
        given[i] = true;
        return read_value(p, equals + 1, len - name_len - 1, &values[i], err);
    }
    return refuse_parameter(g, text, len, err);
}

/* "NAME:a=1,b=2" to the generator and the values of all its parameters. */
static int read_recipe(const char *recipe, const struct generator **about, double *values, struct error *err)
{
    const char *at = recipe + strcspn(recipe, ":");
    bool given[GENERATOR_PARAMETERS] = {false};
    *about = generator_find(recipe);
    if (!*about)
        return refuse_name(recipe, err);
    for (size_t i = 0; (*about)->parameters[i].name; i++)
        values[i] = (*about)->parameters[i].fallback;
    while (*at) {
        size_t len = strcspn(++at, ",");
        if (read_parameter(*about, at, len, values, given, err) < 0)
            return -1;
        at += len;
    }
    return 0;
}

/* What no single range can say. */
static int check_recipe(const struct planted *p, struct error *err)
{
    double rows = planted_value(p, "n");
    if (planted_value(p, "low") > planted_value(p, "high"))
        return error_set(err, ERROR_INPUT, p->about->name, "give low <= high", "low = %.10g is above high = %.10g",
                         planted_value(p, "low"), planted_value(p, "high"));
    if (rows * (double)p->columns > GENERATE_VALUES_MAX)
        return error_set(err, ERROR_LIMIT, p->about->name, "lower n or d",
                         "%.0f rows of %zu inputs are above %d values", rows, p->columns, GENERATE_VALUES_MAX);
    return 0;
}

static void planted_free(struct planted *p)
{
    free(p->weights);
    free(p->scales);
    free(p->centres);
    free(p->shares);
}

static int planted_alloc(struct planted *p)
{
    p->weights = calloc(p->columns, sizeof *p->weights);
    p->scales = calloc(p->columns, sizeof *p->scales);
    p->centres = calloc((p->classes + 1) * p->columns, sizeof *p->centres);
    p->shares = calloc(p->classes + 1, sizeof *p->shares);
    if (!p->weights || !p->scales || !p->centres || !p->shares)
        return -1;
    for (size_t j = 0; j < p->columns; j++)
        p->scales[j] = 1;
    return 0;
}

static int fill_part(const struct source *source, const struct planted *p, uint64_t seed, unsigned part, size_t rows,
                     struct dataset *d)
{
    static const char *const names[] = {"train", "validation", "test"};
    struct planted at = *p;
    struct rng r;
    if (dataset_alloc(d, rows, p->columns) < 0)
        return -1;
    rng_init(&r, seed, STREAM_PARTS + part);
    at.rows = rows;
    for (at.row = 0; at.row < rows; at.row++)
        source->row(&at, &r, d->x + at.row * p->columns, d->y + at.row);
    snprintf(d->name, sizeof d->name, "%s (%s)", p->about->name, names[part]);
    return 0;
}

static float *to_floats(const double *from, size_t n)
{
    float *to = malloc(n * sizeof *to);
    for (size_t i = 0; to && i < n; i++)
        to[i] = (float)from[i];
    return to;
}

/* The planted values without the caller's memory; freed by generator_truth_free. */
static struct planted *keep_shape(const struct planted *p)
{
    struct planted *kept = malloc(sizeof *kept);
    if (!kept)
        return NULL;
    *kept = *p;
    kept->values = kept->centres = kept->shares = NULL;
    kept->weights = malloc(p->columns * sizeof *kept->weights);
    kept->scales = malloc(p->columns * sizeof *kept->scales);
    if (kept->weights && kept->scales) {
        memcpy(kept->weights, p->weights, p->columns * sizeof *kept->weights);
        memcpy(kept->scales, p->scales, p->columns * sizeof *kept->scales);
        return kept;
    }
    free(kept->weights);
    free(kept->scales);
    free(kept);
    return NULL;
}

static int tell_truth(const struct planted *p, struct generator_truth *truth)
{
    *truth = (struct generator_truth){.classes = p->classes, .bias = p->bias, .bayes = p->bayes};
    if (p->has_weights) {
        truth->weights = to_floats(p->weights, p->columns);
        truth->scales = to_floats(p->scales, p->columns);
    }
    if (p->best)
        truth->shape = keep_shape(p);
    if (p->has_centres) {
        truth->centres = to_floats(p->centres, p->classes * p->columns);
        truth->shares = to_floats(p->shares, p->classes);
    }
    return (p->has_weights && !(truth->weights && truth->scales)) || (p->best && !truth->shape) ||
                   (p->has_centres && !(truth->centres && truth->shares))
               ? -1
               : 0;
}

static size_t validation_rows(size_t rows)
{
    return rows < 400 ? 200 : rows > 8000 ? 4000 : rows / 2;
}

int generate(const char *recipe, uint64_t seed, struct dataset *train, struct dataset *validation, struct dataset *test,
             struct generator_truth *truth, struct error *err)
{
    double values[GENERATOR_PARAMETERS] = {0};
    struct planted p = {.values = values, .bayes = NAN};
    const struct generator *about;
    const struct source *source;
    struct rng r;
    size_t rows;
    *train = *validation = *test = (struct dataset){0};
    if (truth)
        *truth = (struct generator_truth){.bayes = NAN};
    if (read_recipe(recipe, &about, values, err) < 0)
        return -1;
    source = source_of(about);
    if (!source)
        return error_set(err, ERROR_INPUT, recipe, "flashlab-engine describe lists those that fit",
                         "'%.60s' does not make a table", about->name);
    p.about = about;
    p.columns = source->columns ? source->columns : (size_t)planted_value(&p, "d");
    p.classes = source->classes;
    if (!strcmp(source->about.task, "multiclass"))
        p.classes = (size_t)planted_value(&p, "classes");
    if (check_recipe(&p, err) < 0)
        return -1;
    rows = (size_t)planted_value(&p, "n");
    if (planted_alloc(&p) < 0)
        goto out_of_memory;
    rng_init(&r, seed, STREAM_TRUTH);
    source->plant(&p, &r);
    if (fill_part(source, &p, seed, 0, rows, train) < 0 ||
        fill_part(source, &p, seed, 1, validation_rows(rows), validation) < 0 ||
        fill_part(source, &p, seed, 2, GENERATE_TEST_ROWS, test) < 0 || (truth && tell_truth(&p, truth) < 0))
        goto out_of_memory;
    planted_free(&p);
    return 0;

out_of_memory:
    planted_free(&p);
    dataset_free(train);
    dataset_free(validation);
    dataset_free(test);
    if (truth)
        generator_truth_free(truth);
    return error_set(err, ERROR_SYSTEM, recipe, "lower n or d", "there is not enough memory for the data");
}

int generate_parts(const char *recipe, uint64_t seed, struct parts *parts, struct error *err)
{
    double values[GENERATOR_PARAMETERS] = {0};
    const struct generator *about;
    *parts = (struct parts){0};
    if (read_recipe(recipe, &about, values, err) < 0)
        return -1;
    parts->kind = generator_kind(about);
    if (parts->kind == DATA_TABLE)
        return generate(recipe, seed, &parts->table[PART_TRAIN], &parts->table[PART_VALIDATION],
                        &parts->table[PART_TEST], NULL, err);
    if (made_of(about)->make(values, seed, parts, err) == 0)
        return 0;
    parts_free(parts);
    return -1;
}

double generator_best(const struct generator_truth *truth, const float *x)
{
    return truth->shape->best(truth->shape, x);
}

void generator_truth_free(struct generator_truth *truth)
{
    free(truth->weights);
    free(truth->scales);
    free(truth->centres);
    free(truth->shares);
    if (truth->shape) {
        free(truth->shape->weights);
        free(truth->shape->scales);
    }
    free(truth->shape);
    *truth = (struct generator_truth){.bayes = NAN};
}

void generator_describe(struct json *j, const struct generator *g)
{
    json_object(j, NULL);
    json_string(j, "name", g->name);
    json_string(j, "title", g->title);
    json_string(j, "help", g->help);
    json_string(j, "task", g->task);
    json_array(j, "parameters");
    for (const struct generator_parameter *p = g->parameters; p->name; p++) {
        json_object(j, NULL);
        json_string(j, "name", p->name);
        json_number(j, "default", p->fallback);
        json_number(j, "min", p->min);
        json_number(j, "max", p->max);
        json_bool(j, "whole", p->whole);
        json_string(j, "help", p->help);
        json_end(j);
    }
    json_end(j);
    json_end(j);
}
