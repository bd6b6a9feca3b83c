#include "engine/plan.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/asset.h"

#define FILE_BYTES_MAX (1 << 20)
#define TEXT_MAX 1000

/* --- getting at fields, with sentences for what is wrong -------------------------------------- */

static const cJSON *need(const cJSON *object, const char *key, cJSON_bool (*is)(const cJSON *), const char *kind,
                         struct error *err)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    char fix[128];
    if (value && is(value))
        return value;
    snprintf(fix, sizeof fix, "write \"%s\": %s", key, kind);
    error_set(err, ERROR_INPUT, key, fix,
              value ? "The experiment's '%s' has the wrong type" : "The experiment lacks '%s'", key);
    return NULL;
}

static int need_text(const cJSON *object, const char *key, const char **text, struct error *err)
{
    const cJSON *value = need(object, key, cJSON_IsString, "a text", err);
    if (!value)
        return -1;
    *text = value->valuestring;
    if (!**text || strlen(*text) > TEXT_MAX)
        return error_set(err, ERROR_INPUT, key, "write 1 to 1000 bytes", "The experiment's '%s' is empty or too long",
                         key);
    return 0;
}

static int need_number(const cJSON *object, const char *key, double low, double high, double *number, struct error *err)
{
    const cJSON *value = need(object, key, cJSON_IsNumber, "a number", err);
    char fix[96];
    if (!value)
        return -1;
    *number = value->valuedouble;
    if (*number >= low && *number <= high)
        return 0;
    snprintf(fix, sizeof fix, "give a number from %g to %g", low, high);
    return error_set(err, ERROR_INPUT, key, fix, "The experiment's '%s' is %g", key, *number);
}

/* Refuses misspelt fields: `names` is "|a|b|c|". */
static int only_known(const cJSON *object, const char *what, const char *names, struct error *err)
{
    const cJSON *item;
    char wanted[80];
    cJSON_ArrayForEach (item, object) {
        snprintf(wanted, sizeof wanted, "|%.70s|", item->string);
        if (strchr(item->string, '|') || !strstr(names, wanted))
            return error_set(err, ERROR_INPUT, what, "correct its spelling or take it out", "%s has no field '%.70s'",
                             what, item->string);
    }
    return 0;
}

/* --- the parts -------------------------------------------------------------------------------- */

static int read_settings(const cJSON *object, struct settings *s, struct error *err)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, object) {
        if (!cJSON_IsString(item))
            return error_set(err, ERROR_INPUT, item->string, "write the value in quotes, as on the command line",
                             "The value of '%.70s' is not a text", item->string);
        if (settings_set(s, item->string, item->valuestring, err) < 0)
            return -1;
    }
    return 0;
}

static int read_grid(const cJSON *tune, struct plan_arm *arm, struct error *err)
{
    const cJSON *list = cJSON_IsObject(tune) ? tune->child : NULL, *value;
    if (!list || list->next || !cJSON_IsArray(list) || !list->child)
        return error_set(err, ERROR_INPUT, "tune", "write {\"learning_rate\": [\"0.01\", \"0.1\"]}",
                         "Arm '%.70s' must tune exactly one hyperparameter over a list of values", arm->name);
    arm->tuned = list->string;
    cJSON_ArrayForEach (value, list) {
        if (!cJSON_IsString(value))
            return error_set(err, ERROR_INPUT, list->string, "write each value in quotes, as on the command line",
                             "A value in the grid of arm '%.70s' is not a text", arm->name);
        if (arm->value_count == PLAN_GRID_MAX)
            return error_set(err, ERROR_INPUT, list->string, "shorten the grid", "A grid may hold %d values at most",
                             PLAN_GRID_MAX);
        arm->values[arm->value_count++] = value->valuestring;
    }
    return 0;
}

/* Every setting of the grid must be one that the algorithm takes. */
static int check_arm(const struct plan *p, struct plan_arm *arm, struct error *err)
{
    struct settings resolved;
    for (int i = 0; i < arm->value_count; i++) {
        if (arm->tuned && settings_set(&arm->settings, arm->tuned, arm->values[i], err) < 0)
            return -1;
        if (algorithm_resolve(p->algorithm, &arm->settings, &resolved, err) < 0)
            return -1;
    }
    return 0;
}

/* The arm's settings: the base's, over them those of the flip twin, over them its own. */
static int read_arm_settings(const struct plan *p, const cJSON *experiment, const cJSON *from, struct plan_arm *arm,
                             struct error *err)
{
    const cJSON *twin = p->flip ? cJSON_GetObjectItemCaseSensitive(experiment, "flip") : NULL;
    if (read_settings(cJSON_GetObjectItemCaseSensitive(experiment, "base"), &arm->settings, err) < 0 ||
        read_settings(cJSON_GetObjectItemCaseSensitive(twin, "set"), &arm->settings, err) < 0)
        return -1;
    return read_settings(cJSON_GetObjectItemCaseSensitive(from, "set"), &arm->settings, err);
}

static int read_arm(struct plan *p, const cJSON *experiment, const cJSON *from, struct plan_arm *arm, struct error *err)
{
    const cJSON *tune = cJSON_GetObjectItemCaseSensitive(from, "tune");
    if (!cJSON_IsObject(from))
        return error_set(err, ERROR_INPUT, "arms", "write {\"name\": .., \"label\": .., \"set\": {..}}",
                         "An arm is not an object");
    if (only_known(from, "an arm", "|name|label|set|tune|", err) < 0 || need_text(from, "name", &arm->name, err) < 0 ||
        need_text(from, "label", &arm->label, err) < 0 || !need(from, "set", cJSON_IsObject, "an object", err) ||
        read_arm_settings(p, experiment, from, arm, err) < 0)
        return -1;
    arm->value_count = tune ? 0 : 1;
    if (tune && read_grid(tune, arm, err) < 0)
        return -1;
    return check_arm(p, arm, err);
}

static int read_arms(struct plan *p, const cJSON *from, struct error *err)
{
    const cJSON *arms = need(from, "arms", cJSON_IsArray, "a list of two arms", err);
    if (!arms || !need(from, "base", cJSON_IsObject, "an object of hyperparameters", err))
        return -1;
    if (cJSON_GetArraySize(arms) != 2)
        return error_set(err, ERROR_INPUT, "arms", "write two arms; the claim is about the second",
                         "An experiment of kind AB has two arms, this one has %d", cJSON_GetArraySize(arms));
    for (int i = 0; i < 2; i++)
        if (read_arm(p, from, cJSON_GetArrayItem(arms, i), &p->arms[i], err) < 0)
            return -1;
    if (!strcmp(p->arms[0].name, p->arms[1].name))
        return error_set(err, ERROR_INPUT, "arms", "give each its own name", "Both arms are called '%.70s'",
                         p->arms[0].name);
    return 0;
}

static int read_metric(const cJSON *from, const char *key, bool labelled, struct plan_metric *m, struct error *err)
{
    const cJSON *object = need(from, key, cJSON_IsObject, "{\"metric\": .., \"direction\": ..}", err);
    const char *direction;
    if (!object || only_known(object, key, "|metric|label|direction|", err) < 0 ||
        need_text(object, "metric", &m->metric, err) < 0 || need_text(object, "direction", &direction, err) < 0 ||
        (labelled && need_text(object, "label", &m->label, err) < 0))
        return -1;
    m->larger_is_better = !strcmp(direction, "max");
    if (!m->larger_is_better && strcmp(direction, "min") != 0)
        return error_set(err, ERROR_INPUT, "direction", "write \"max\" or \"min\"", "'%.70s' is not a direction",
                         direction);
    return 0;
}

/* {"low": 0.15}: the second arm's measure is expected to be larger by at least 0.15; {"high": -0.02}: smaller. */
static int read_expectation(struct plan *p, const cJSON *from, struct error *err)
{
    const cJSON *expect = need(from, "expect", cJSON_IsObject, "{\"low\": 0.15} or {\"high\": -0.15}", err);
    const cJSON *bound = expect ? expect->child : NULL;
    bool low = bound && !strcmp(bound->string, "low"), high = bound && !strcmp(bound->string, "high");
    if (!expect)
        return -1;
    if (!bound || bound->next || !cJSON_IsNumber(bound) ||
        !((low && bound->valuedouble > 0) || (high && bound->valuedouble < 0)))
        return error_set(err, ERROR_INPUT, "expect",
                         "write {\"low\": 0.15}, or {\"high\": -0.15} when less is expected",
                         "The expectation must be one bound that is not zero");
    p->expected_sign = low ? 1 : -1;
    p->expected_size = fabs(bound->valuedouble);
    return 0;
}

static int read_rule(struct plan *p, const cJSON *from, struct error *err)
{
    const cJSON *seeds = need(from, "seeds", cJSON_IsObject, "{\"start\": 6, \"cap\": 20}", err);
    double start, cap;
    if (!seeds || need_number(seeds, "start", 2, 100, &start, err) < 0 ||
        need_number(seeds, "cap", start, 200, &cap, err) < 0 ||
        need_number(from, "band", 0, 1e9, &p->rule.band, err) < 0 ||
        need_number(from, "confidence", 0.5, 0.9999, &p->rule.confidence, err) < 0)
        return -1;
    p->rule.start = (size_t)start;
    p->rule.cap = (size_t)cap;
    return 0;
}

/* The twin has its own data, and settings where the claim depends on one. */
static int read_flip(struct plan *p, const cJSON *from, struct error *err)
{
    const cJSON *flip = cJSON_GetObjectItemCaseSensitive(from, "flip");
    const char *label;
    if (!flip && !p->flip)
        return 0;
    if (!flip)
        return error_set(err, ERROR_INPUT, "--flip", "run it without --flip", "%.70s has no flip twin", p->id);
    if (!cJSON_IsObject(flip))
        return error_set(err, ERROR_INPUT, "flip", "write {\"data\": .., \"condition\": ..}",
                         "The flip is not an object");
    if (only_known(flip, "flip", "|data|data_says|set|condition|label|", err) < 0 ||
        need_text(flip, "condition", &p->condition, err) < 0 || need_text(flip, "label", &label, err) < 0)
        return -1;
    if (cJSON_GetObjectItemCaseSensitive(flip, "set") &&
        !need(flip, "set", cJSON_IsObject, "an object of hyperparameters", err))
        return -1;
    if (p->flip && (need_text(flip, "data", &p->data, err) < 0 || need_text(flip, "data_says", &p->data_says, err) < 0))
        return -1;
    return 0;
}

static int read_pictures(struct plan *p, const cJSON *from, struct error *err)
{
    const cJSON *list = need(from, "pictures", cJSON_IsArray, "a list of curves, contour, pairs", err), *item;
    if (!list)
        return -1;
    cJSON_ArrayForEach (item, list) {
        const char *name = cJSON_IsString(item) ? item->valuestring : "";
        if (strcmp(name, "curves") != 0 && strcmp(name, "contour") != 0 && strcmp(name, "pairs") != 0)
            return error_set(err, ERROR_INPUT, "pictures", "name curves, contour or pairs",
                             "An experiment cannot draw '%.70s'", name);
        p->contour |= !strcmp(name, "contour");
    }
    return 0;
}

static int read_experiment(struct plan *p, const cJSON *from, struct error *err)
{
    const cJSON *pace = cJSON_GetObjectItemCaseSensitive(from, "pace");
    const char *kind;
    if (need_text(from, "id", &p->id, err) < 0 ||
        only_known(
            from, "an experiment",
            "|id|title|claim|question|kind|slots|concepts|data|data_says|flip|base|arms|measure|choose|expect|band|"
            "seeds|confidence|budget|caveat|pictures|pace|",
            err) < 0 ||
        need_text(from, "title", &p->title, err) < 0 || need_text(from, "claim", &p->claim, err) < 0 ||
        need_text(from, "question", &p->question, err) < 0 || need_text(from, "kind", &kind, err) < 0 ||
        need_text(from, "data", &p->data, err) < 0 || need_text(from, "data_says", &p->data_says, err) < 0 ||
        need_text(from, "budget", &p->budget, err) < 0 || need_text(from, "caveat", &p->caveat, err) < 0)
        return -1;
    if (strcmp(kind, "AB") != 0)
        return error_set(err, ERROR_INPUT, "kind", "write \"AB\"", "Experiments of kind '%.70s' cannot be run", kind);
    if (pace && need_number(from, "pace", 0, 10, &p->pace, err) < 0)
        return -1;
    if (read_flip(p, from, err) < 0 || read_arms(p, from, err) < 0 ||
        read_metric(from, "measure", true, &p->measure, err) < 0 ||
        read_metric(from, "choose", false, &p->choose, err) < 0 || read_expectation(p, from, err) < 0 ||
        read_rule(p, from, err) < 0)
        return -1;
    return read_pictures(p, from, err);
}

/* --- finding it ------------------------------------------------------------------------------- */

static cJSON *parse(const char *text, size_t len, const char *name, struct error *err)
{
    const char *end = NULL;
    cJSON *file = cJSON_ParseWithLengthOpts(text, len, &end, 0);
    int line = 1;
    if (file && cJSON_IsObject(file))
        return file;
    for (const char *at = text; end && at < end && at < text + len; at++)
        line += *at == '\n';
    cJSON_Delete(file);
    error_set(err, ERROR_INPUT, name, "see content/experiments for the form",
              "This is not a catalogue in JSON; line %d", line);
    return NULL;
}

static cJSON *parse_path(const char *path, struct error *err)
{
    FILE *f = fopen(path, "rb");
    char *text = malloc(FILE_BYTES_MAX + 1);
    size_t len = f && text ? fread(text, 1, FILE_BYTES_MAX + 1, f) : 0;
    cJSON *file = NULL;
    if (!f || !text || ferror(f))
        error_set(err, ERROR_INPUT, path, "check the path", "The experiment's file cannot be read: %s",
                  strerror(errno));
    else if (len > FILE_BYTES_MAX)
        error_set(err, ERROR_LIMIT, path, "keep it below 1 MiB", "The experiment's file is too long");
    else
        file = parse(text, len, path, err);
    if (f)
        fclose(f);
    free(text);
    return file;
}

static const cJSON *experiments_of(const cJSON *file)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(file, "experiments");
    return cJSON_IsArray(list) ? list : NULL;
}

/* Looks through the built-in files; those without the ID add theirs to `known`. */
static cJSON *find_built_in(const char *id, const cJSON **experiment, struct str *known, struct error *err)
{
    for (size_t i = 0; i < asset_content.count; i++) {
        const struct asset *asset = &asset_content.assets[i];
        const cJSON *item;
        cJSON *file;
        if (strncmp(asset->path, "experiments/", 12) != 0)
            continue;
        file = parse((const char *)asset->plain, asset->plain_len, asset->path, err);
        if (!file)
            return NULL;
        cJSON_ArrayForEach (item, experiments_of(file)) {
            const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "id"));
            if (name && !strcmp(name, id)) {
                *experiment = item;
                return file;
            }
            str_printf(known, "%s%s", known->len ? ", " : "", name ? name : "?");
        }
        cJSON_Delete(file);
    }
    return NULL;
}

static void refuse_id(const char *id, const char *known, struct error *err)
{
    char fix[200];
    snprintf(fix, sizeof fix, "give one of %.120s, or the path of a file", known);
    error_set(err, ERROR_INPUT, "experiment", fix, "There is no experiment '%.70s'", id);
}

static int find(struct plan *p, const char *id_or_file, const cJSON **experiment, struct error *err)
{
    struct str known = {0};
    const cJSON *list;
    err->code = ERROR_NONE;
    p->file = find_built_in(id_or_file, experiment, &known, err);
    if (!p->file && err->code == ERROR_NONE && !strpbrk(id_or_file, "/."))
        refuse_id(id_or_file, str_text(&known), err);
    str_free(&known);
    if (p->file)
        return 0;
    if (err->code != ERROR_NONE)
        return -1;
    p->file = parse_path(id_or_file, err);
    if (!p->file)
        return -1;
    list = experiments_of(p->file);
    if (cJSON_GetArraySize(list) != 1 || !cJSON_IsObject(list->child))
        return error_set(err, ERROR_INPUT, id_or_file, "write {\"algorithm\": .., \"experiments\": [{..}]}",
                         "A file given here must hold one experiment");
    *experiment = list->child;
    return 0;
}

int plan_read(struct plan *p, const char *id_or_file, bool flip, struct error *err)
{
    const cJSON *experiment = NULL;
    const char *name;
    *p = (struct plan){.flip = flip};
    if (find(p, id_or_file, &experiment, err) == 0 && need_text(p->file, "algorithm", &name, err) == 0 &&
        (p->algorithm = algorithm_find(name, err)) != NULL && read_experiment(p, experiment, err) == 0)
        return 0;
    plan_free(p);
    return -1;
}

void plan_free(struct plan *p)
{
    cJSON_Delete(p->file);
    p->file = NULL;
}
