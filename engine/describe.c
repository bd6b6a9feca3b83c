#include "engine/describe.h"

#include <string.h>

#include "engine/algo/algorithm.h"
#include "engine/base/json.h"
#include "engine/data/generate.h"

static const char *const type_names[] = {[HYPER_INTEGER] = "integer",
                                         [HYPER_FLOAT] = "float",
                                         [HYPER_BOOLEAN] = "boolean",
                                         [HYPER_CHOICE] = "choice",
                                         [HYPER_TEXT] = "text"};

static void write_list(struct json *j, const char *key, const char *const *names)
{
    json_array(j, key);
    for (; *names; names++)
        json_string(j, NULL, *names);
    json_end(j);
}

/* "a|b|c" as an array. */
static void write_choices(struct json *j, const char *choices)
{
    if (!choices) {
        json_null(j, "choices");
        return;
    }
    json_array(j, "choices");
    while (*choices) {
        size_t len = strcspn(choices, "|");
        json_string_n(j, NULL, choices, len);
        choices += len + (choices[len] == '|');
    }
    json_end(j);
}

static void write_bounds(struct json *j, const struct hyperparameter *h)
{
    bool number = h->type == HYPER_INTEGER || h->type == HYPER_FLOAT;
    if (number) {
        json_number(j, "min", h->min); /* an infinity is written as null */
        json_number(j, "max", h->max);
    } else {
        json_null(j, "min");
        json_null(j, "max");
    }
    json_bool(j, "min_open", number && h->min_open);
    json_bool(j, "max_open", number && h->max_open);
}

static void write_hyperparameter(struct json *j, const struct hyperparameter *h)
{
    json_object(j, NULL);
    json_string(j, "name", h->name);
    json_string(j, "type", type_names[h->type]);
    json_bool(j, "auto", h->takes_auto);
    write_bounds(j, h);
    write_choices(j, h->choices);
    json_string(j, "default", h->fallback);
    json_bool(j, "required", h->required);
    json_string(j, "when", h->when);
    json_bool(j, "effective", !h->not_yet);
    json_string(j, "not_yet", h->not_yet);
    json_string(j, "help", h->help);
    if (h->alias)
        json_string(j, "alias", h->alias);
    json_end(j);
}

static void write_generators(struct json *j, const struct algorithm *a)
{
    json_array(j, "generators");
    for (const char *const *name = a->generators; *name; name++)
        generator_describe(j, generator_find(*name));
    json_end(j);
}

static const char *const nothing[] = {NULL};

static void write_algorithm(struct json *j, const struct algorithm *a)
{
    json_object(j, NULL);
    json_string(j, "name", a->name);
    json_string(j, "title", a->title);
    write_list(j, "content_types", a->content_types);
    write_list(j, "channels", a->channels);
    json_array(j, "hyperparameters");
    for (const struct hyperparameter *h = a->hyperparameters; h->name; h++)
        write_hyperparameter(j, h);
    json_end(j);
    write_generators(j, a);
    write_list(j, "pictures", a->pictures);
    write_list(j, "accepts", a->accepts ? a->accepts : nothing);
    json_end(j);
}

int describe(const char *name, struct str *out, struct error *err)
{
    struct json j = json_begin(out);
    const struct algorithm *one = name ? algorithm_find(name, err) : NULL;
    if (name && !one)
        return -1;
    json_object(&j, NULL);
    json_array(&j, "algorithms");
    for (const struct algorithm *const *a = algorithm_table; *a; a++)
        if (!one || *a == one)
            write_algorithm(&j, *a);
    json_end(&j);
    json_end(&j);
    return out->failed ? error_set(err, ERROR_SYSTEM, NULL, NULL, "There is not enough memory") : 0;
}
