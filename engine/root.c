#include "engine/root.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include <cjson/cJSON.h>

#include "engine/format/input.h"

#define CONFIG_BYTES_MAX (1u << 20)

static int cannot_read(const char *path, const char *why, struct error *err)
{
    return error_set(err, ERROR_INPUT, path, "lay the folder out as the service does", "%s", why);
}

/* The object in a file of input/config; NULL without an error when the file is not there and need not be. */
static cJSON *read_config(const char *dir, const char *name, struct error *err)
{
    char path[4200];
    struct stat status;
    struct str text = {0};
    cJSON *root = NULL;
    snprintf(path, sizeof path, "%s/input/config/%s", dir, name);
    if (stat(path, &status) < 0 && errno == ENOENT)
        return cJSON_CreateObject();
    if (input_all(path, CONFIG_BYTES_MAX, &text, err) == 0) {
        root = cJSON_ParseWithLength(str_text(&text), text.len);
        if (!cJSON_IsObject(root)) {
            cJSON_Delete(root);
            root = NULL;
            cannot_read(path, "It does not hold a JSON object", err);
        }
    }
    str_free(&text);
    return root;
}

/* Everything is text in the service's map; numbers and truth values are taken too. */
static int read_hyperparameters(const cJSON *root, struct settings *s, struct error *err)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, root) {
        char number[40];
        const char *value = number;
        if (settings_get(s, item->string))
            continue;
        if (cJSON_IsString(item))
            value = item->valuestring;
        else if (cJSON_IsNumber(item))
            snprintf(number, sizeof number, "%.17g", item->valuedouble);
        else if (cJSON_IsBool(item))
            value = cJSON_IsTrue(item) ? "true" : "false";
        else
            return error_set(err, ERROR_INPUT, item->string, "write it as text in hyperparameters.json",
                             "The value of %.60s is neither text nor a number", item->string);
        if (settings_set(s, item->string, value, err) < 0)
            return -1;
    }
    return 0;
}

static int read_channel(struct root *r, const cJSON *channel, struct job *job, struct error *err)
{
    const char *type = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(channel, "ContentType"));
    const char *mode = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(channel, "TrainingInputMode"));
    bool data = strcmp(channel->string, "model") != 0; /* an earlier model has a type of its own */
    if (data && type && strlen(type) < sizeof r->content_type) {
        if (r->content_type[0] && strcmp(r->content_type, type) != 0)
            return error_set(err, ERROR_INPUT, channel->string, "give all channels the same ContentType",
                             "The channels have different content types: %.60s and %.60s", r->content_type, type);
        snprintf(r->content_type, sizeof r->content_type, "%s", type);
    }
    if (mode && strcasecmp(mode, "Pipe") == 0 && strcmp(channel->string, "train") == 0)
        job->pipe = true;
    return 0;
}

static int find_channels(struct root *r, const char *dir, const cJSON *config, struct job *job, struct error *err)
{
    const struct {
        const char *name;
        char *path;
        const char **field;
    } known[] = {{"train", r->train, &job->train},
                 {"validation", r->validation, &job->validation},
                 {"test", r->test, &job->test},
                 {"vocab", r->vocabulary, &job->vocabulary},
                 {"auxiliary", r->auxiliary, &job->auxiliary},
                 {"train_annotation", r->train_annotation, &job->annotation[PART_TRAIN]},
                 {"validation_annotation", r->validation_annotation, &job->annotation[PART_VALIDATION]},
                 {"model", r->resume, &job->resume}};
    const cJSON *channel;
    cJSON_ArrayForEach (channel, config)
        if (read_channel(r, channel, job, err) < 0)
            return -1;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct stat status;
        bool named = cJSON_GetObjectItemCaseSensitive(config, known[i].name) != NULL;
        snprintf(known[i].path, sizeof r->train, "%s/input/data/%s", dir, known[i].name);
        if (!*known[i].field && (named || stat(known[i].path, &status) == 0))
            *known[i].field = known[i].path;
    }
    return 0;
}

int root_read(struct root *r, const char *dir, struct job *job, struct error *err)
{
    cJSON *hyperparameters = NULL, *channels = NULL;
    int status = -1;
    *r = (struct root){0};
    if (strlen(dir) > 4000)
        return cannot_read("--root", "The folder's name is too long", err);
    hyperparameters = read_config(dir, "hyperparameters.json", err);
    channels = hyperparameters ? read_config(dir, "inputdataconfig.json", err) : NULL;
    if (channels && read_hyperparameters(hyperparameters, &job->settings, err) == 0)
        status = find_channels(r, dir, channels, job, err);
    if (status == 0 && !job->content_type && r->content_type[0])
        job->content_type = r->content_type;
    if (!job->model_dir) {
        snprintf(r->model, sizeof r->model, "%s/model", dir);
        job->model_dir = r->model;
    }
    cJSON_Delete(hyperparameters);
    cJSON_Delete(channels);
    return status;
}

void root_failure(const char *dir, const struct error *why)
{
    char path[4200];
    FILE *out;
    snprintf(path, sizeof path, "%.4000s/output", dir);
    mkdir(path, 0777); /* may be there */
    snprintf(path, sizeof path, "%.4000s/output/failure", dir);
    out = fopen(path, "we");
    if (!out)
        return; /* the error event says it all the same */
    fprintf(out, "%s%s%s%s%s\n", why->what, why->where[0] ? " (" : "", why->where, why->where[0] ? ")" : "",
            why->fix[0] ? ":" : "");
    if (why->fix[0])
        fprintf(out, "%s\n", why->fix);
    fclose(out);
}
