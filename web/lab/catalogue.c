#include "web/lab/catalogue.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/asset.h"

#define FOLDER "experiments/"

struct catalogue {
    cJSON *files;      /* array of the files' objects */
    cJSON *algorithms; /* of describe; NULL until set */
};

/* --- loading ------------------------------------------------------------------------------------------------------ */

enum kind { TEXT, TEXTS, OBJECT, OBJECTS };
struct field {
    const char *name;
    enum kind kind;
};

static const struct field experiment_fields[] = {
    {"id", TEXT},        {"title", TEXT},  {"claim", TEXT},   {"question", TEXT},  {"kind", TEXT},
    {"concepts", TEXTS}, {"slots", TEXTS}, {"arms", OBJECTS}, {"measure", OBJECT}, {NULL, TEXT},
};
static const struct field demo_fields[] = {{"data", TEXT}, {"hyperparameters", OBJECT}, {NULL, TEXT}};
static const char *const kind_names[] = {
    [TEXT] = "a text", [TEXTS] = "a list of texts", [OBJECT] = "an object", [OBJECTS] = "a list of objects"};

static bool is_kind(const cJSON *value, enum kind kind)
{
    const cJSON *item;
    if (kind == TEXT)
        return cJSON_IsString(value) && *value->valuestring;
    if (kind == OBJECT)
        return cJSON_IsObject(value);
    if (!cJSON_IsArray(value) || cJSON_GetArraySize(value) == 0)
        return false;
    cJSON_ArrayForEach (item, value) {
        if (!is_kind(item, kind == TEXTS ? TEXT : OBJECT))
            return false;
    }
    return true;
}

static int check_fields(const cJSON *object, const struct field *fields, const char *where, struct error *err)
{
    for (const struct field *f = fields; f->name; f++)
        if (!is_kind(cJSON_GetObjectItemCaseSensitive(object, f->name), f->kind))
            return error_set(err, ERROR_INPUT, where, "add it to the file", "The catalogue lacks \"%s\", which is %s",
                             f->name, kind_names[f->kind]);
    return 0;
}

static const char *text_of(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    return text ? text : "";
}

static int check_file(const struct catalogue *c, const cJSON *file, const char *name, struct error *err)
{
    static const struct field file_fields[] = {{"algorithm", TEXT}, {NULL, TEXT}};
    const cJSON *demo = cJSON_GetObjectItemCaseSensitive(file, "demo");
    const cJSON *experiments = cJSON_GetObjectItemCaseSensitive(file, "experiments"), *experiment;
    if (check_fields(file, file_fields, name, err) < 0 || (demo && check_fields(demo, demo_fields, name, err) < 0))
        return -1;
    if (catalogue_algorithm(c, text_of(file, "algorithm")))
        return error_set(err, ERROR_INPUT, name, "keep one file per algorithm", "Two files are about %s",
                         text_of(file, "algorithm"));
    cJSON_ArrayForEach (experiment, experiments) {
        char where[128];
        const char *id = text_of(experiment, "id");
        snprintf(where, sizeof where, "%s, experiment %s", name, *id ? id : "without id");
        if (check_fields(experiment, experiment_fields, where, err) < 0)
            return -1;
        for (const cJSON *other = experiments->child; other != experiment; other = other->next)
            if (strcmp(text_of(other, "id"), id) == 0)
                return error_set(err, ERROR_INPUT, where, "give it an id of its own", "Two experiments have this id");
        if (catalogue_experiment(c, id))
            return error_set(err, ERROR_INPUT, where, "give it an id of its own", "Two experiments have this id");
    }
    return 0;
}

int catalogue_add(struct catalogue *c, const char *name, const char *text, size_t len, struct error *err)
{
    cJSON *file = cJSON_ParseWithLength(text, len);
    if (!cJSON_IsObject(file)) {
        cJSON_Delete(file);
        return error_set(err, ERROR_INPUT, name, "check its commas and quotes", "This file is not a JSON object");
    }
    if (check_file(c, file, name, err) < 0) {
        cJSON_Delete(file);
        return -1;
    }
    cJSON_AddItemToArray(c->files, file);
    return 0;
}

struct catalogue *catalogue_load(struct error *err)
{
    struct catalogue *c = calloc(1, sizeof *c);
    if (!c || !(c->files = cJSON_CreateArray())) {
        error_set(err, ERROR_SYSTEM, NULL, "free some memory", "Out of memory while reading the experiments");
        catalogue_free(c);
        return NULL;
    }
    for (size_t i = 0; i < asset_content.count; i++) {
        const struct asset *asset = &asset_content.assets[i];
        if (strncmp(asset->path, FOLDER, sizeof FOLDER - 1) != 0)
            continue;
        if (catalogue_add(c, asset->path, (const char *)asset->plain, asset->plain_len, err) < 0) {
            catalogue_free(c);
            return NULL;
        }
    }
    return c;
}

void catalogue_free(struct catalogue *c)
{
    if (!c)
        return;
    cJSON_Delete(c->files);
    cJSON_Delete(c->algorithms);
    free(c);
}

/* --- looking up --------------------------------------------------------------------------------------------------- */

static const cJSON *find(const cJSON *list, const char *field, const char *text)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, list) {
        if (strcmp(text_of(item, field), text) == 0)
            return item;
    }
    return NULL;
}

int catalogue_set_algorithms(struct catalogue *c, const cJSON *algorithms)
{
    cJSON_Delete(c->algorithms);
    c->algorithms = cJSON_Duplicate(algorithms, true);
    return c->algorithms ? 0 : -1;
}

const cJSON *catalogue_algorithms(const struct catalogue *c)
{
    return c->algorithms;
}

const cJSON *catalogue_described(const struct catalogue *c, const char *algorithm)
{
    return find(c->algorithms, "name", algorithm);
}

const cJSON *catalogue_algorithm(const struct catalogue *c, const char *algorithm)
{
    return find(c->files, "algorithm", algorithm);
}

const cJSON *catalogue_files(const struct catalogue *c)
{
    return c->files;
}

const cJSON *catalogue_preset(const struct catalogue *c, const char *algorithm)
{
    return cJSON_GetObjectItemCaseSensitive(catalogue_algorithm(c, algorithm), "demo");
}

const cJSON *catalogue_experiment(const struct catalogue *c, const char *id)
{
    const cJSON *file, *found;
    cJSON_ArrayForEach (file, c->files) {
        found = find(cJSON_GetObjectItemCaseSensitive(file, "experiments"), "id", id);
        if (found)
            return found;
    }
    return NULL;
}

/* --- which demo a card leads to ----------------------------------------------------------------------------------- */

/* Bytes above 127 are parts of letters, so that "naïve" is one word. */
static bool in_word(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c > 127;
}

/* Whether the words of `concept` begin the words at `text`, in order: "learning rate" begins "Learning rates". */
static bool begins_here(const char *text, const char *concept)
{
    while (*concept) {
        if (in_word(*concept)) {
            if (tolower((unsigned char)*text) != tolower((unsigned char)*concept))
                return false;
            text++, concept ++;
            continue;
        }
        while (in_word(*text))
            text++;
        while (*text && !in_word(*text))
            text++;
        while (*concept && !in_word(*concept))
        concept ++;
    }
    return true;
}

static bool names_concept(const char *text, const char *concept)
{
    for (const char *at = text; *at; at++)
        if (in_word(*at) && (at == text || !in_word(at[-1])) && begins_here(at, concept))
            return true;
    return false;
}

/* Two for each concept that the text names, one more when the slot fits; 0 when no concept is named. */
static int score(const cJSON *experiment, const char *slot, const char *text)
{
    const cJSON *item;
    int named = 0, fits = 0;
    cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(experiment, "concepts")) {
        named += names_concept(text, item->valuestring);
    }
    cJSON_ArrayForEach (item, cJSON_GetObjectItemCaseSensitive(experiment, "slots")) {
        fits |= strcmp(item->valuestring, slot) == 0;
    }
    return named ? 2 * named + fits : 0;
}

void catalogue_demo(const struct catalogue *c, const char *slug, const char *slot, const char *text, char *out,
                    size_t size)
{
    const cJSON *file = catalogue_algorithm(c, slug), *experiment, *best = NULL;
    int best_score = 0;
    *out = '\0';
    if (!file && !catalogue_described(c, slug))
        return;
    cJSON_ArrayForEach (experiment, cJSON_GetObjectItemCaseSensitive(file, "experiments")) {
        int s = score(experiment, slot, text);
        if (s > best_score) {
            best_score = s;
            best = experiment;
        }
    }
    if (best)
        snprintf(out, size, "/demo/%s/%s", slug, text_of(best, "id"));
    else
        snprintf(out, size, "/demo/%s", slug);
}
