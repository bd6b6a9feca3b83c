/* Runs: asked for, looked at, stopped, watched. What a setting may be is the engine's to say: here only types, sizes
 * and characters are checked, and the engine's own sentence becomes the run's error. */
#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "web/app.h"
#include "web/lab/lab.h"
#include "web/lab/uploads.h"
#include "web/reply.h"
#include "web/route.h"

#define MAX_HYPERPARAMETERS 80 /* the largest algorithm has about 60 */
#define MAX_NAME 47
#define MAX_VALUE 511
#define MAX_RECIPE 300
#define MAX_SEED 9007199254740991ll /* the largest whole number that JSON keeps exactly */
#define MAX_PACE 1.0                /* a run holds a place that others wait for */
#define STREAM_HEADERS "Content-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n"

/* --- asking for a run: from the body to the arguments of the trainer ------------------------------------------------
 */

struct plan {
    char *args[RUN_MAX_ARGS + 1];
    int count;
    bool failed; /* out of memory or of room */
};

static void plan_add(struct plan *p, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void plan_add(struct plan *p, const char *format, ...)
{
    va_list args;
    if (p->count == RUN_MAX_ARGS) {
        p->failed = true;
        return;
    }
    va_start(args, format);
    if (vasprintf(&p->args[p->count], format, args) < 0) {
        p->args[p->count] = NULL;
        p->failed = true;
    } else {
        p->count++;
    }
    va_end(args);
}

static void plan_free(struct plan *p)
{
    for (int i = 0; i < p->count; i++)
        free(p->args[i]);
}

static bool is_plain(const char *text, size_t max_len)
{
    size_t len = strlen(text);
    for (size_t i = 0; i < len; i++)
        if (iscntrl((unsigned char)text[i]))
            return false;
    return len > 0 && len <= max_len;
}

/* A value as the command line takes it. false: neither a text, a number nor a truth value, or too long. */
static bool write_value(const cJSON *value, struct str *out)
{
    struct json j = json_begin(out);
    if (cJSON_IsNumber(value) && isfinite(value->valuedouble))
        json_number(&j, NULL, value->valuedouble);
    else if (cJSON_IsBool(value))
        json_bool(&j, NULL, cJSON_IsTrue(value));
    else if (cJSON_IsString(value))
        str_puts(out, value->valuestring);
    else
        return false;
    return out->failed || is_plain(str_text(out), MAX_VALUE);
}

static int add_hyperparameters(struct request *r, struct plan *p, const cJSON *object)
{
    const cJSON *item;
    if (!cJSON_IsObject(object) || cJSON_GetArraySize(object) > MAX_HYPERPARAMETERS) {
        reply_error(r, 400, "invalid_field", "hyperparameters",
                    "\"hyperparameters\" must be an object of at most %d names and values.", MAX_HYPERPARAMETERS);
        return -1;
    }
    cJSON_ArrayForEach (item, object) {
        struct str value = {0};
        bool good = is_plain(item->string, MAX_NAME) && !strchr(item->string, '=') && write_value(item, &value);
        if (good) {
            plan_add(p, "--set");
            plan_add(p, "%s=%s", item->string, str_text(&value));
            p->failed |= value.failed;
        } else {
            reply_error(r, 400, "invalid_field", "hyperparameters",
                        "\"%.60s\" needs a name of at most %d characters, and a number, true, false or a text of at "
                        "most %d characters.",
                        item->string, MAX_NAME, MAX_VALUE);
        }
        str_free(&value);
        if (!good)
            return -1;
    }
    return 0;
}

/* Numbers that need not be whole. */
static bool pace_field(struct request *r, const cJSON *object, double *pace)
{
    const cJSON *field = cJSON_GetObjectItemCaseSensitive(object, "pace");
    if (!field || cJSON_IsNull(field))
        return true;
    if (!cJSON_IsNumber(field) || !(field->valuedouble >= 0 && field->valuedouble <= MAX_PACE)) {
        reply_error(r, 400, "invalid_field", "pace",
                    "\"pace\" must be a number of seconds a step from 0 to %g: a slower run would keep others waiting.",
                    MAX_PACE);
        return false;
    }
    *pace = field->valuedouble;
    return true;
}

static const char *plain_field(struct request *r, const cJSON *object, const char *name, size_t max_len)
{
    const char *text = request_text_field(r, object, name, max_len, false);
    if (text && !is_plain(text, max_len)) {
        reply_error(r, 400, "invalid_field", name, "\"%s\" must not be empty or have control characters.", name);
        return NULL;
    }
    return text;
}

static bool seed_field(struct request *r, const cJSON *object, long long *seed)
{
    *seed = 1;
    return request_integer_field(r, object, "seed", 0, MAX_SEED, false, seed);
}

/* Channels from what was uploaded; some are folders. False: replied already. */
static bool add_uploads(struct request *r, struct plan *p, const cJSON *body)
{
    static const struct {
        const char *name, *flag;
        bool (*find)(const char *data, const char *id, char *path, size_t size);
    } channels[] = {
        {"train", "--train", uploads_find},
        {"validation", "--validation", uploads_find},
        {"test", "--test", uploads_find},
        {"vocab", "--vocab", uploads_folder},
        {"auxiliary", "--auxiliary", uploads_folder},
        {"train_annotation", "--train-annotation", uploads_folder},
        {"validation_annotation", "--validation-annotation", uploads_folder},
    };
    const char *type = plain_field(r, body, "content_type", 100);
    for (size_t i = 0; i < sizeof channels / sizeof *channels && !request_replied(r); i++) {
        const char *id = plain_field(r, body, channels[i].name, UPLOAD_ID_LENGTH);
        char path[2200];
        if (!id)
            continue;
        if (!channels[i].find(request_app(r)->config.data, id, path, sizeof path)) {
            reply_error(r, 404, "unknown_upload", channels[i].name,
                        "There is no such upload, or it is too long ago to be kept: send the file again.");
            return false;
        }
        plan_add(p, "%s", channels[i].flag);
        plan_add(p, "%s", path);
    }
    if (type) {
        plan_add(p, "--content-type");
        plan_add(p, "%s", type);
    }
    return !request_replied(r);
}

/* What to train on: uploads, a recipe, or the demo's. False: replied already. */
static bool add_data(struct request *r, struct plan *p, const cJSON *body, const cJSON *preset, const char *algorithm)
{
    const char *data = plain_field(r, body, "data", MAX_RECIPE);
    if (request_replied(r))
        return false;
    if (cJSON_GetObjectItemCaseSensitive(body, "train")) {
        if (data)
            reply_error(r, 400, "invalid_field", "data", "Give either \"train\", an upload, or \"data\", a recipe.");
        return !data && add_uploads(r, p, body);
    }
    if (!data)
        data = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(preset, "data"));
    if (!data) {
        reply_error(r, 400, "missing_field", "data", "There is no demo of %s: name the data to train on.", algorithm);
        return false;
    }
    plan_add(p, "--generate");
    plan_add(p, "%s", data);
    return true;
}

static bool has_channel(const struct request *r, const char *algorithm, const char *name)
{
    const cJSON *described = catalogue_described(lab_catalogue(request_app(r)->lab), algorithm), *channel;
    cJSON_ArrayForEach (channel, cJSON_GetObjectItemCaseSensitive(described, "channels"))
        if (strcmp(channel->valuestring, name) == 0)
            return true;
    return false;
}

/* The model of an earlier run to go on from. False: replied already. */
static bool add_resume(struct request *r, struct plan *p, const cJSON *body, const char *algorithm)
{
    const char *id = plain_field(r, body, "resume", RUN_ID_LENGTH);
    char dir[1200];
    if (!id)
        return !request_replied(r);
    if (!has_channel(r, algorithm, "model"))
        reply_error(r, 400, "invalid_field", "resume",
                    "%s does not go on from an earlier model: it has no channel \"model\".", algorithm);
    else if (lab_run_model_dir(request_app(r)->lab, id, algorithm, dir, sizeof dir) < 0)
        reply_error(r, 404, "no_model", "resume",
                    "There is no finished run of %s with that id whose model is kept: train one, then go on from it.",
                    algorithm);
    if (request_replied(r))
        return false;
    plan_add(p, "--resume");
    plan_add(p, "%s", dir);
    return true;
}

/* What is not given comes from the demo preset; its pace only when the preset is run as it is. */
static int plan_training(struct request *r, struct plan *p, const cJSON *body, const char *algorithm)
{
    const struct catalogue *catalogue = lab_catalogue(request_app(r)->lab);
    const cJSON *preset = catalogue_preset(catalogue, algorithm);
    const cJSON *settings = cJSON_GetObjectItemCaseSensitive(body, "hyperparameters");
    const cJSON *slow = cJSON_GetObjectItemCaseSensitive(preset, "pace");
    const char *device = plain_field(r, body, "device", 16);
    bool as_it_is = !settings && !cJSON_GetObjectItemCaseSensitive(body, "data") &&
                    !cJSON_GetObjectItemCaseSensitive(body, "train");
    double pace = as_it_is && cJSON_IsNumber(slow) ? slow->valuedouble : 0;
    long long seed;
    if (request_replied(r) || !seed_field(r, body, &seed) || !pace_field(r, body, &pace))
        return -1;
    plan_add(p, "train");
    plan_add(p, "--algorithm");
    plan_add(p, "%s", algorithm);
    if (!add_data(r, p, body, preset, algorithm) || !add_resume(r, p, body, algorithm))
        return -1;
    if (!settings)
        settings = cJSON_GetObjectItemCaseSensitive(preset, "hyperparameters");
    if (settings && add_hyperparameters(r, p, settings) < 0)
        return -1;
    if (device) {
        plan_add(p, "--device");
        plan_add(p, "%s", device);
    }
    plan_add(p, "--seed");
    plan_add(p, "%lld", seed);
    if (pace > 0) {
        plan_add(p, "--pace");
        plan_add(p, "%g", pace);
    }
    return 0;
}

/* What only one of the two kinds of run has would be dropped without a word. */
static bool fields_fit(struct request *r, const cJSON *body, bool experiment)
{
    static const char *const of_training[] = {"data",
                                              "train",
                                              "validation",
                                              "test",
                                              "vocab",
                                              "auxiliary",
                                              "train_annotation",
                                              "validation_annotation",
                                              "resume",
                                              "content_type",
                                              "hyperparameters",
                                              "device",
                                              "pace",
                                              NULL};
    static const char *const of_experiment[] = {"flip", NULL};
    for (const char *const *name = experiment ? of_training : of_experiment; *name; name++) {
        const cJSON *field = cJSON_GetObjectItemCaseSensitive(body, *name);
        if (!field || cJSON_IsNull(field))
            continue;
        if (experiment)
            reply_error(r, 400, "invalid_field", *name,
                        "An experiment brings its own data and settings: send it without \"%s\".", *name);
        else
            reply_error(r, 400, "invalid_field", *name, "\"%s\" belongs to an experiment: name one, or leave it out.",
                        *name);
        return false;
    }
    return true;
}

static int plan_experiment(struct request *r, struct plan *p, const cJSON *body, const char *algorithm, const char *id)
{
    const struct catalogue *catalogue = lab_catalogue(request_app(r)->lab);
    const cJSON *flip = cJSON_GetObjectItemCaseSensitive(body, "flip"), *experiment, *found = NULL;
    long long seed;
    cJSON_ArrayForEach (experiment,
                        cJSON_GetObjectItemCaseSensitive(catalogue_algorithm(catalogue, algorithm), "experiments")) {
        if (experiment == catalogue_experiment(catalogue, id))
            found = experiment;
    }
    if (!found) {
        reply_error(r, 404, "unknown_experiment", "experiment", "%s has no experiment '%.60s'.", algorithm, id);
        return -1;
    }
    if (flip && !cJSON_IsNull(flip) && !cJSON_IsBool(flip)) {
        reply_error(r, 400, "invalid_field", "flip", "\"flip\" must be true or false.");
        return -1;
    }
    if (cJSON_IsTrue(flip) && !cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(found, "flip"))) {
        reply_error(r, 400, "no_flip", "flip", "The experiment %s has no data on which its claim should fail.", id);
        return -1;
    }
    if (!seed_field(r, body, &seed))
        return -1;
    plan_add(p, "experiment");
    plan_add(p, "%s", id);
    if (cJSON_IsTrue(flip))
        plan_add(p, "--flip");
    plan_add(p, "--seed");
    plan_add(p, "%lld", seed);
    return 0;
}

/* Whether there is such an algorithm; replies otherwise. */
static bool is_known(struct request *r, const char *algorithm)
{
    if (!catalogue_described(lab_catalogue(request_app(r)->lab), algorithm))
        reply_error(r, 404, "unknown_algorithm", "algorithm",
                    "There is no algorithm '%.60s'; GET /api/v1/algorithms lists them.", algorithm);
    return !request_replied(r);
}

static void reply_run(struct request *r, int status, const char *id)
{
    struct str body = {0};
    if (lab_run_json(request_app(r)->lab, id, &body) < 0)
        reply_error(r, 404, "unknown_run", NULL, "There is no such run, or it ended too long ago to be kept.");
    else
        reply_json(r, status, &body);
}

void handle_runs_add(struct request *r)
{
    struct lab *lab = request_app(r)->lab;
    struct plan plan = {0};
    struct error err;
    char id[RUN_ID_LENGTH + 1];
    const cJSON *body = request_json(r);
    const char *algorithm = body ? request_text_field(r, body, "algorithm", MAX_NAME, true) : NULL;
    const char *experiment = algorithm ? plain_field(r, body, "experiment", MAX_NAME) : NULL;
    int planned;
    if (!algorithm || request_replied(r) || !is_known(r, algorithm) || !fields_fit(r, body, experiment))
        return;
    planned =
        experiment ? plan_experiment(r, &plan, body, algorithm, experiment) : plan_training(r, &plan, body, algorithm);
    if (planned == 0 && plan.failed)
        reply_error(r, 503, "unavailable", NULL, "The server is out of memory.");
    else if (planned == 0 && lab_run(lab, algorithm, experiment, (const char *const *)plan.args, id, &err) == 0)
        reply_run(r, 202, id);
    else if (planned == 0 && err.code == ERROR_LIMIT)
        reply_error(r, 503, "queue_full", NULL, "%s: %s.", err.what, err.fix);
    else if (planned == 0)
        reply_failure(r, &err);
    plan_free(&plan);
}

/* --- looking at runs ------------------------------------------------------------------------------------------------
 */

void handle_run(struct request *r)
{
    reply_run(r, 200, request_path_value(r, "id"));
}

void handle_run_stop(struct request *r)
{
    lab_run_stop(request_app(r)->lab, request_path_value(r, "id"));
    reply_run(r, 200, request_path_value(r, "id"));
}

/* The number of the last event that the client has: from its browser, or from whoever wrote the address. */
static bool read_after(struct request *r, unsigned long *after)
{
    const char *text = request_header(r, "Last-Event-ID");
    char *end;
    if (!text)
        text = request_query(r, "after");
    *after = 0;
    if (!text || !*text)
        return true;
    *after = strtoul(text, &end, 10);
    if (isdigit((unsigned char)*text) && !*end && strlen(text) < 10)
        return true;
    reply_error(r, 400, "invalid_field", "after", "Last-Event-ID and \"after\" must be the number of an event.");
    return false;
}

static void stream(struct request *r, struct topic *topic, unsigned long after)
{
    struct hub *hub = lab_hub(request_app(r)->lab);
    int socket;
    if (topic_closed(topic) && after >= topic_count(topic)) {
        reply_no_content(r); /* tells a browser not to come back */
        return;
    }
    if (hub_full(hub)) {
        reply_error(r, 503, "too_many_watchers", NULL, "%zu streams are open already, the most this server serves.",
                    hub_watchers(hub));
        return;
    }
    socket = reply_take_socket(r, STREAM_HEADERS);
    if (socket >= 0 && hub_watch(hub, socket, topic, after) < 0)
        close(socket);
}

void handle_run_events(struct request *r)
{
    unsigned long after;
    struct topic *topic = lab_run_topic(request_app(r)->lab, request_path_value(r, "id"));
    if (!topic)
        reply_error(r, 404, "unknown_run", NULL, "There is no such run, or it ended too long ago to be kept.");
    else if (read_after(r, &after))
        stream(r, topic, after);
    topic_unref(topic);
}

/* --- asking its model ------------------------------------------------------------------------------------------------
 */

static void reply_no_model(struct request *r, const struct error *err)
{
    if (err->code == ERROR_NONE)
        reply_error(r, 404, "no_model", NULL,
                    "This run has no model that could be asked: it is unknown, an experiment, or did not finish.");
    else
        reply_failure(r, err);
}

void handle_run_invoke(struct request *r)
{
    struct invocation in = {.content_type = request_header(r, "Content-Type"), .accept = request_header(r, "Accept")};
    struct str answer = {0};
    struct error err;
    char type[64];
    in.bytes = request_bytes(r, &in.len);
    if (!in.bytes)
        return;
    if (lab_run_invoke(request_app(r)->lab, request_path_value(r, "id"), &in, &answer, type, &err) == 0) {
        reply_bytes(r, type, NULL, &answer);
        return;
    }
    str_free(&answer);
    reply_no_model(r, &err);
}

void handle_run_model(struct request *r)
{
    struct str archive = {0};
    struct error err;
    if (lab_run_model(request_app(r)->lab, request_path_value(r, "id"), &archive, &err) == 0) {
        reply_bytes(r, "application/gzip", "model.tar.gz", &archive);
        return;
    }
    str_free(&archive);
    reply_no_model(r, &err);
}
