/* What can be trained and what can be tested: the engine's own description and the catalogue, put together. */
#include <string.h>

#include "engine/base/json.h"
#include "web/app.h"
#include "web/lab/lab.h"
#include "web/reply.h"
#include "web/route.h"

/* Adds a value that cJSON holds. A failed print marks the text as failed, which becomes a 503. */
static void add_value(struct json *j, const char *key, const cJSON *value)
{
    char *text = cJSON_PrintUnformatted(value);
    if (text)
        json_raw(j, key, text);
    else
        j->out->failed = true;
    cJSON_free(text);
}

static void add_fields(struct json *j, const cJSON *object)
{
    const cJSON *field;
    cJSON_ArrayForEach (field, object) {
        add_value(j, field->string, field);
    }
}

/* {"id","title","claim"} of each: enough for a list of links. */
static void add_experiments(struct json *j, const cJSON *experiments)
{
    static const char *const names[] = {"id", "title", "claim"};
    const cJSON *experiment;
    json_array(j, "experiments");
    cJSON_ArrayForEach (experiment, experiments) {
        json_object(j, NULL);
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            add_value(j, names[i], cJSON_GetObjectItemCaseSensitive(experiment, names[i]));
        json_end(j);
    }
    json_end(j);
}

/* With ?brief=1 only what names an algorithm and its experiments: the settings of all are far longer. */
void handle_algorithms(struct request *r)
{
    static const char *const names[] = {"name", "title"};
    const char *asked = request_query(r, "brief");
    bool brief = asked && strcmp(asked, "1") == 0;
    const struct catalogue *catalogue = lab_catalogue(request_app(r)->lab);
    const cJSON *algorithm;
    struct str body = {0};
    struct json j = json_begin(&body);
    json_object(&j, NULL);
    json_array(&j, "algorithms");
    cJSON_ArrayForEach (algorithm, catalogue_algorithms(catalogue)) {
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(algorithm, "name"));
        const cJSON *file = name ? catalogue_algorithm(catalogue, name) : NULL;
        json_object(&j, NULL);
        for (size_t i = 0; brief && i < sizeof names / sizeof *names; i++)
            add_value(&j, names[i], cJSON_GetObjectItemCaseSensitive(algorithm, names[i]));
        if (!brief)
            add_fields(&j, algorithm);
        const cJSON *demo = cJSON_GetObjectItemCaseSensitive(file, "demo");
        if (demo && !brief)
            add_value(&j, "demo", demo);
        else if (!brief)
            json_null(&j, "demo");
        add_experiments(&j, cJSON_GetObjectItemCaseSensitive(file, "experiments"));
        json_end(&j);
    }
    json_end(&j);
    json_end(&j);
    reply_json(r, 200, &body);
}

void handle_experiments(struct request *r)
{
    const cJSON *file, *experiment;
    struct str body = {0};
    struct json j = json_begin(&body);
    json_object(&j, NULL);
    json_array(&j, "experiments");
    cJSON_ArrayForEach (file, catalogue_files(lab_catalogue(request_app(r)->lab))) {
        cJSON_ArrayForEach (experiment, cJSON_GetObjectItemCaseSensitive(file, "experiments")) {
            json_object(&j, NULL);
            add_value(&j, "algorithm", cJSON_GetObjectItemCaseSensitive(file, "algorithm"));
            add_fields(&j, experiment);
            json_end(&j);
        }
    }
    json_end(&j);
    json_end(&j);
    reply_json(r, 200, &body);
}
