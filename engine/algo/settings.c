#include "engine/algo/algorithm.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "engine/suggest.h"

#define WHOLE_MAX 0x1p53 /* up to here a double holds every whole number, and a long holds it too */

static struct setting *find(struct settings *s, const char *name)
{
    for (int i = 0; i < s->count; i++)
        if (strcmp(s->items[i].name, name) == 0)
            return &s->items[i];
    return NULL;
}

/* The setting of that name, new or old, with its value; NULL and an error when it does not fit. */
static struct setting *put(struct settings *s, const char *name, const char *value, struct error *err)
{
    struct setting *item = find(s, name);
    if (strlen(name) >= sizeof item->name || strlen(value) >= sizeof item->value) {
        error_set(err, ERROR_LIMIT, NULL, "shorten it", "A setting is longer than %zu letters: %.60s=%.60s",
                  sizeof item->value - 1, name, value);
        return NULL;
    }
    if (!item && s->count == SETTINGS_MAX) {
        error_set(err, ERROR_LIMIT, name, "give fewer", "More than %d settings were given", SETTINGS_MAX);
        return NULL;
    }
    if (!item) {
        item = &s->items[s->count++];
        snprintf(item->name, sizeof item->name, "%s", name);
    }
    snprintf(item->value, sizeof item->value, "%s", value);
    item->given = true;
    return item;
}

int settings_set(struct settings *s, const char *name, const char *value, struct error *err)
{
    return put(s, name, value, err) ? 0 : -1;
}

void settings_settle(struct settings *s, const char *name, const char *value)
{
    struct setting *item = find(s, name);
    if (item)
        snprintf(item->value, sizeof item->value, "%s", value);
}

const char *settings_get(const struct settings *s, const char *name)
{
    for (int i = 0; i < s->count; i++)
        if (strcmp(s->items[i].name, name) == 0)
            return s->items[i].value;
    return NULL;
}

double settings_number(const struct settings *s, const char *name)
{
    const char *value = settings_get(s, name);
    char *end;
    double number;
    if (!value)
        return NAN;
    number = strtod(value, &end);
    return end == value || *end ? NAN : number;
}

bool settings_true(const struct settings *s, const char *name)
{
    return settings_is(s, name, "true");
}

bool settings_is(const struct settings *s, const char *name, const char *value)
{
    const char *is = settings_get(s, name);
    return is && strcmp(is, value) == 0;
}

bool settings_given(const struct settings *s, const char *name)
{
    for (int i = 0; i < s->count; i++)
        if (strcmp(s->items[i].name, name) == 0)
            return s->items[i].given;
    return false;
}

/* --- one value against its hyperparameter ---------------------------------------------------------------------------
 */

/* "0..1", "above 0", "3 or more": the range in words. */
static void range_text(const struct hyperparameter *h, char *out, size_t size)
{
    const char *low = h->min_open ? "above" : "at least", *high = h->max_open ? "below" : "at most";
    if (isfinite(h->min) && isfinite(h->max))
        snprintf(out, size, "%s %.10g and %s %.10g", low, h->min, high, h->max);
    else if (isfinite(h->min))
        snprintf(out, size, "%s %.10g", low, h->min);
    else if (isfinite(h->max))
        snprintf(out, size, "%s %.10g", high, h->max);
    else
        snprintf(out, size, "of any size");
}

static bool in_range(const struct hyperparameter *h, double value)
{
    return (h->min_open ? value > h->min : value >= h->min) && (h->max_open ? value < h->max : value <= h->max);
}

/* Is `value` one of the words of "a|b|c"? Offers each of them to `near`, unless that is NULL. */
static bool is_choice(const char *choices, const char *value, struct suggestion *near)
{
    char word[48];
    size_t len;
    for (const char *at = choices; *at; at += len + (at[len] == '|')) {
        len = strcspn(at, "|");
        snprintf(word, sizeof word, "%.*s", (int)len, at);
        if (strcmp(word, value) == 0)
            return true;
        if (near)
            suggest_offer(near, value, word);
    }
    return false;
}

static int check_number(const struct hyperparameter *h, const char *value, struct error *err)
{
    char range[96], fix[160], *end;
    double number = strtod(value, &end);
    if (h->choices && is_choice(h->choices, value, NULL))
        return 0;
    range_text(h, range, sizeof range);
    snprintf(fix, sizeof fix, "give %s %s%s%s%s", h->type == HYPER_INTEGER ? "a whole number" : "a number", range,
             h->takes_auto ? ", or auto" : "", h->choices ? ", or " : "", h->choices ? h->choices : "");
    if (end == value || *end || value[strspn(value, "+-.0123456789eE")] || !isfinite(number))
        return error_set(err, ERROR_INPUT, h->name, fix, "%s must be a number, not '%s'", h->name, value);
    if (h->type == HYPER_INTEGER && (number != floor(number) || value[strspn(value, "+-0123456789")]))
        return error_set(err, ERROR_INPUT, h->name, fix, "%s must be a whole number, not %s", h->name, value);
    if (h->type == HYPER_INTEGER && fabs(number) > WHOLE_MAX)
        return error_set(err, ERROR_INPUT, h->name, fix, "%s = %s is too large", h->name, value);
    if (!in_range(h, number))
        return error_set(err, ERROR_INPUT, h->name, fix, "%s = %s is out of range: it must be %s", h->name, value,
                         range);
    return 0;
}

static int check_boolean(const struct hyperparameter *h, char *value, struct error *err)
{
    const char *is = strcasecmp(value, "true") == 0 ? "true" : strcasecmp(value, "false") == 0 ? "false" : NULL;
    if (!is)
        return error_set(err, ERROR_INPUT, h->name, h->takes_auto ? "give true, false or auto" : "give true or false",
                         "%s must be true or false, not '%s'", h->name, value);
    memmove(value, is, strlen(is) + 1);
    return 0;
}

static int check_choice(const struct hyperparameter *h, const char *value, struct error *err)
{
    struct suggestion near = {0};
    char fix[256];
    if (is_choice(h->choices, value, &near))
        return 0;
    if (near.name[0])
        snprintf(fix, sizeof fix, "did you mean %s? Known: %s", near.name, h->choices);
    else
        snprintf(fix, sizeof fix, "give one of %s", h->choices);
    return error_set(err, ERROR_INPUT, h->name, fix, "%s cannot be '%s'", h->name, value);
}

/* What a text means is for the algorithm's own check; it is one line that says something. */
static int check_text(const struct hyperparameter *h, const char *value, struct error *err)
{
    if (!value[strspn(value, " ")])
        return error_set(err, ERROR_INPUT, h->name, "give a value or leave it out", "%s is empty", h->name);
    for (const char *at = value; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7F)
            return error_set(err, ERROR_INPUT, h->name, "write it in one line", "%s holds a control character",
                             h->name);
    return 0;
}

/* Also brings a boolean into its one spelling. */
static int check_value(const struct hyperparameter *h, char *value, struct error *err)
{
    if ((h->takes_auto && strcmp(value, "auto") == 0) || (h->takes_empty && !*value))
        return 0;
    switch (h->type) {
    case HYPER_BOOLEAN:
        return check_boolean(h, value, err);
    case HYPER_CHOICE:
        return check_choice(h, value, err);
    case HYPER_TEXT:
        return check_text(h, value, err);
    default:
        return check_number(h, value, err);
    }
}

/* --- all of them ----------------------------------------------------------------------------------------------------
 */

/* `when` is "name=a|b": does the setting have one of these values? */
bool hyperparameter_applies(const struct hyperparameter *h, const struct settings *s)
{
    char name[48];
    const char *equals = h->when ? strchr(h->when, '=') : NULL, *value;
    if (!equals)
        return true;
    snprintf(name, sizeof name, "%.*s", (int)(equals - h->when), h->when);
    value = settings_get(s, name);
    return value && is_choice(equals + 1, value, NULL);
}

static const struct hyperparameter *hyperparameter_find(const struct algorithm *a, const char *name)
{
    for (const struct hyperparameter *h = a->hyperparameters; h->name; h++)
        if (strcmp(h->name, name) == 0 || (h->alias && strcmp(h->alias, name) == 0))
            return h;
    return NULL;
}

static int unknown(const struct algorithm *a, const char *name, struct error *err)
{
    struct suggestion near = {0};
    char fix[160];
    for (const struct hyperparameter *h = a->hyperparameters; h->name; h++)
        suggest_offer(&near, name, h->name);
    if (near.name[0])
        snprintf(fix, sizeof fix, "did you mean %s?", near.name);
    else
        snprintf(fix, sizeof fix, "flashlab-engine describe %s --json lists them", a->name);
    return error_set(err, ERROR_INPUT, name, fix, "%s has no hyperparameter '%s'", a->title, name);
}

/* Same value, perhaps in another spelling: 1.0 for 1. */
static bool is_fallback(const struct hyperparameter *h, const char *value)
{
    char *end, *end_fallback;
    double number, fallback;
    if (!h->fallback)
        return false;
    if (strcmp(h->fallback, value) == 0)
        return true;
    number = strtod(value, &end);
    fallback = strtod(h->fallback, &end_fallback);
    return end != value && !*end && end_fallback != h->fallback && !*end_fallback && number == fallback;
}

static int take_given(const struct algorithm *a, const struct settings *given, struct settings *out, struct error *err)
{
    for (int i = 0; i < given->count; i++) {
        const struct hyperparameter *h = hyperparameter_find(a, given->items[i].name);
        struct setting *item;
        if (!h)
            return unknown(a, given->items[i].name, err);
        if (settings_get(out, h->name))
            return error_set(err, ERROR_INPUT, h->name, "give one of them", "%s and %s are the same setting", h->name,
                             h->alias);
        item = put(out, h->name, given->items[i].value, err);
        if (!item || check_value(h, item->value, err) < 0)
            return -1;
        if (h->not_yet && !is_fallback(h, item->value))
            return error_set(err, ERROR_INPUT, h->name, "leave it out", "%s = %s: %s", h->name, item->value,
                             h->not_yet);
    }
    return 0;
}

static int add_defaults(const struct algorithm *a, struct settings *out, struct error *err)
{
    for (const struct hyperparameter *h = a->hyperparameters; h->name; h++) {
        struct setting *item;
        if (!h->fallback || settings_get(out, h->name))
            continue;
        item = put(out, h->name, h->fallback, err);
        if (!item)
            return -1;
        item->given = false;
    }
    return 0;
}

static int check_required(const struct algorithm *a, const struct settings *s, struct error *err)
{
    char fix[256];
    for (const struct hyperparameter *h = a->hyperparameters; h->name; h++) {
        if (!h->required || settings_get(s, h->name) || !hyperparameter_applies(h, s))
            continue;
        snprintf(fix, sizeof fix, "add --set %s=%s", h->name, h->choices ? h->choices : "VALUE");
        return error_set(err, ERROR_INPUT, h->name, fix, "%s needs %s%s%s", a->title, h->name, h->when ? " with " : "",
                         h->when ? h->when : "");
    }
    return 0;
}

int algorithm_resolve(const struct algorithm *a, const struct settings *given, struct settings *out, struct error *err)
{
    *out = (struct settings){0};
    if (take_given(a, given, out, err) < 0 || add_defaults(a, out, err) < 0 || check_required(a, out, err) < 0)
        return -1;
    if (a->settle)
        a->settle(out);
    return a->check ? a->check(out, err) : 0;
}
