/* Requests for forecasts, as the service takes them:
 *
 *     application/json       {"instances": [{"start", "target", "cat", "dynamic_feat"}, ..], "configuration":
 *                            {"num_samples": 100, "output_types": ["mean", "quantiles", "samples"],
 *                             "quantiles": ["0.1", "0.9"]}}           answered by {"predictions": [..]}
 *     application/jsonlines  an instance in each line; answered by a line for each. The configuration is the JSON in
 *                            the environment variable DEEPAR_INFERENCE_CONFIG, as in batch transform
 *
 * Where nothing is configured: 100 samples, mean and quantiles 0.1 to 0.9. The same request gives the same answer. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cjson/cJSON.h>

#include "engine/algo/deepar/deepar.h"
#include "engine/algo/deepar/deepar_forecast.h"
#include "engine/base/json.h"
#include "engine/format/scan.h"
#include "engine/format/series.h"

#define NAME "request"
#define ENVIRONMENT "DEEPAR_INFERENCE_CONFIG"
#define SHAPE "write {\"instances\":[{\"start\":\"2024-01-31 00:00:00\",\"target\":[1,2]}]}"
#define AT_ONCE 32
#define PATHS_MAX 4000000   /* numbers of the paths that are held at once */
#define ANSWER_MAX 20000000 /* numbers of an answer */
#define DRAWS_MAX 100000000 /* of one request: about the minute that the service gives it */

const char *const deepar_accepts[] = {"application/json", "application/jsonlines", NULL};

enum output { OUTPUT_MEAN, OUTPUT_QUANTILES, OUTPUT_SAMPLES, OUTPUTS };
static const char *const output_names[OUTPUTS] = {"mean", "quantiles", "samples"};

struct configuration {
    size_t samples;
    bool wanted[OUTPUTS];
    int levels;
    double level[DEEPAR_QUANTILES];
    char name[DEEPAR_QUANTILES][24]; /* as asked for */
};

/* --- configuration --------------------------------------------------------------------------------------------------
 */

static int wrong(const char *where, const char *fix, const char *what, struct error *err)
{
    return error_set(err, ERROR_INPUT, where, fix, "%s", what);
}

static int read_samples(const cJSON *item, const char *where, struct configuration *c, struct error *err)
{
    double n = cJSON_IsNumber(item) ? item->valuedouble : 0;
    if (!(n >= 1 && n <= FORECAST_SAMPLES_MAX && n == floor(n)))
        return wrong(where, "give a whole number from 1 to 10000", "num_samples is no such number", err);
    c->samples = (size_t)n;
    return 0;
}

static int read_outputs(const cJSON *list, const char *where, struct configuration *c, struct error *err)
{
    const cJSON *item;
    memset(c->wanted, 0, sizeof c->wanted);
    cJSON_ArrayForEach (item, list) {
        int k = 0;
        while (k < OUTPUTS && !(cJSON_IsString(item) && strcmp(item->valuestring, output_names[k]) == 0))
            k++;
        if (k == OUTPUTS)
            return wrong(where, "name mean, quantiles, samples", "output_types holds something else", err);
        c->wanted[k] = true;
    }
    return cJSON_IsArray(list) && cJSON_GetArraySize(list) > 0
               ? 0
               : wrong(where, "name mean, quantiles, samples", "output_types is no list of names", err);
}

static int read_levels(const cJSON *list, const char *where, struct configuration *c, struct error *err)
{
    const cJSON *item;
    c->levels = 0;
    cJSON_ArrayForEach (item, list) {
        char *end = NULL;
        double level = cJSON_IsString(item) ? strtod(item->valuestring, &end) : NAN;
        if (cJSON_IsNumber(item))
            level = item->valuedouble;
        if (c->levels == DEEPAR_QUANTILES || !(level > 0 && level < 1) ||
            (end && (*end || strlen(item->valuestring) > 20)))
            return wrong(where, "give up to 99 of them, as \"0.1\"",
                         "quantiles holds something that is not between 0 and 1", err);
        if (end)
            snprintf(c->name[c->levels], sizeof *c->name, "%s", item->valuestring);
        else
            snprintf(c->name[c->levels], sizeof *c->name, "%.10g", level);
        c->level[c->levels++] = level;
    }
    return c->levels ? 0 : wrong(where, "give some, as [\"0.1\", \"0.9\"]", "quantiles is no list of numbers", err);
}

static int read_configuration(const cJSON *root, const char *where, struct configuration *c, struct error *err)
{
    const cJSON *item;
    if (!cJSON_IsObject(root))
        return wrong(where, "write {\"num_samples\":100,\"output_types\":[\"mean\"]}",
                     "The configuration is no JSON object", err);
    cJSON_ArrayForEach (item, root) {
        int (*read)(const cJSON *, const char *, struct configuration *, struct error *) =
            strcmp(item->string, "num_samples") == 0    ? read_samples
            : strcmp(item->string, "output_types") == 0 ? read_outputs
            : strcmp(item->string, "quantiles") == 0    ? read_levels
                                                        : NULL;
        if (!read)
            return error_set(err, ERROR_INPUT, where, "leave it out: num_samples, output_types and quantiles are known",
                             "The configuration cannot have '%.60s'", item->string);
        if (read(item, where, c, err) < 0)
            return -1;
    }
    return 0;
}

static int parse_configuration(const char *text, size_t len, const char *where, struct configuration *c,
                               struct error *err)
{
    cJSON *root = cJSON_ParseWithLength(text, len);
    int status = read_configuration(root, where, c, err);
    cJSON_Delete(root);
    return status;
}

static void configuration_defaults(struct configuration *c)
{
    *c = (struct configuration){.samples = 100, .wanted = {[OUTPUT_MEAN] = true, [OUTPUT_QUANTILES] = true}};
    for (c->levels = 0; c->levels < 9; c->levels++) {
        c->level[c->levels] = (c->levels + 1) / 10.0;
        snprintf(c->name[c->levels], sizeof *c->name, "0.%d", c->levels + 1);
    }
}

/* --- requests -------------------------------------------------------------------------------------------------------
 */

static int read_instances(struct scan *s, struct series_set *set, struct error *err)
{
    int more;
    if (!scan_step(s, '['))
        return scan_unexpected(s, "a list of instances");
    while ((more = scan_element(s, set->count == 0)) > 0) {
        s->p = series_read_object(scan_space(s->p, s->end), s->end, NAME, set->count + 1, set, err);
        if (!s->p)
            return -1;
    }
    return more;
}

enum { INSTANCES, CONFIGURATION };

static int read_json(const struct request *in, struct series_set *set, struct configuration *c, struct error *err)
{
    static const struct scan_key keys[] = {{"instances", INSTANCES}, {"configuration", CONFIGURATION}, {NULL, 0}};
    const char *start = in->bytes, *from;
    struct place at = {.file = NAME, .line = 1};
    struct scan s = {.p = start, .end = start + in->len, .at = &at, .shape = SHAPE, .err = err};
    bool first = true, found = false;
    int meaning;
    if (!scan_step(&s, '{'))
        return wrong(NAME, SHAPE, "The request is no JSON object", err);
    for (; (meaning = scan_key(&s, first, keys, false)) >= 0; first = false) {
        from = scan_space(s.p, s.end);
        if (meaning == INSTANCES && found)
            return wrong(NAME, SHAPE, "The request has instances twice", err);
        found = found || meaning == INSTANCES;
        if (meaning == INSTANCES && read_instances(&s, set, err) < 0)
            return -1;
        if (meaning == CONFIGURATION && !(s.p = scan_value(from, s.end)))
            return wrong(NAME, SHAPE, "The configuration is no JSON of at most 64 levels", err);
        if (meaning == CONFIGURATION && parse_configuration(from, (size_t)(s.p - from), NAME, c, err) < 0)
            return -1;
    }
    if (meaning != SCAN_END)
        return -1;
    if (!found || set->count == 0)
        return wrong(NAME, SHAPE, found ? "The request's list of instances is empty" : "The request has no instances",
                     err);
    if (scan_space(s.p, s.end) < s.end)
        return wrong(NAME, SHAPE, "Something follows the JSON object of the request", err);
    return 0;
}

static int read_lines(const struct request *in, struct series_set *set, struct configuration *c, struct error *err)
{
    const char *p = in->bytes, *end = p + in->len, *configured = getenv(ENVIRONMENT);
    char where[64];
    if (configured && parse_configuration(configured, strlen(configured), ENVIRONMENT, c, err) < 0)
        return -1;
    for (size_t line = 1; p < end; line++) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        stop = stop ? stop : end;
        if (scan_space(p, stop) < stop) {
            snprintf(where, sizeof where, NAME ", line %zu", line);
            p = series_read_object(scan_space(p, stop), stop, NAME, line, set, err);
            if (!p)
                return -1;
            if (scan_space(p, stop) < stop)
                return wrong(where, "write one instance in each line", "Something follows the instance in its line",
                             err);
        }
        p = stop + (stop < end);
    }
    return set->count ? 0 : wrong(NAME, "write one instance in each line", "The request holds no instance", err);
}

static bool is_type(const char *text, size_t len, const char *type)
{
    return strlen(type) == len && strncasecmp(text, type, len) == 0;
}

/* A file called .json may hold either. */
static bool has_instances(const struct request *in)
{
    static const char *const firsts[] = {"\"instances\"", "\"configuration\""};
    const char *end = (const char *)in->bytes + in->len, *p = scan_space(in->bytes, end);
    if (p == end || *p != '{')
        return false;
    p = scan_space(p + 1, end);
    for (size_t i = 0; i < 2; i++)
        if ((size_t)(end - p) > strlen(firsts[i]) && memcmp(p, firsts[i], strlen(firsts[i])) == 0)
            return true;
    return false;
}

/* Whether a request is of JSON lines; -1: of another type. */
static int is_lines(const struct request *in, struct error *err)
{
    const char *type = in->content_type ? in->content_type : "application/json";
    size_t len = strcspn(type, "; ");
    if (is_type(type, len, "application/json") || is_type(type, len, "json"))
        return 0;
    if (is_type(type, len, "application/jsonlines") || is_type(type, len, "jsonlines"))
        return !has_instances(in);
    return error_set(err, ERROR_INPUT, NAME, "send application/json or application/jsonlines",
                     "A request cannot be of type '%.100s'", type);
}

/* The first type of `accept` that there is; nothing asked: as the request came. */
static int answer_lines(const struct request *in, int lines, struct error *err)
{
    const char *at = in->accept ? in->accept : "";
    if (!at[strspn(at, " ")])
        return lines;
    while (*at) {
        at += strspn(at, ", ");
        size_t len = strcspn(at, ";, ");
        if (is_type(at, len, "*/*") || is_type(at, len, "application/*"))
            return lines;
        if (is_type(at, len, "application/json") || is_type(at, len, "application/jsonlines"))
            return len > 16;
        at += strcspn(at, ",");
    }
    return error_set(err, ERROR_INPUT, "Accept", "accept application/json or application/jsonlines",
                     "An answer cannot be of type '%.100s'", in->accept);
}

/* --- answers --------------------------------------------------------------------------------------------------------
 */

static void write_numbers(struct json *j, const char *key, const double *values, size_t n)
{
    json_array(j, key);
    for (size_t i = 0; i < n; i++)
        json_float(j, NULL, values[i]);
    json_end(j);
}

static void write_samples(struct json *j, const float *paths, size_t samples, size_t prediction)
{
    json_array(j, "samples");
    for (size_t i = 0; i < samples; i++) {
        json_array(j, NULL);
        for (size_t step = 0; step < prediction; step++)
            json_float(j, NULL, (double)paths[i * prediction + step]);
        json_end(j);
    }
    json_end(j);
}

/* `room`: samples floats; `says`: (1 + levels) x prediction. */
static void write_prediction(struct json *j, const struct configuration *c, const float *paths, size_t prediction,
                             float *room, double *says)
{
    for (size_t step = 0; step < prediction; step++) {
        deepar_sort_step(paths, c->samples, prediction, step, room);
        says[step] = deepar_mean(room, c->samples);
        for (int i = 0; i < c->levels; i++)
            says[(size_t)(1 + i) * prediction + step] = deepar_quantile(room, c->samples, c->level[i]);
    }
    json_object(j, NULL);
    if (c->wanted[OUTPUT_QUANTILES]) {
        json_object(j, "quantiles");
        for (int i = 0; i < c->levels; i++)
            write_numbers(j, c->name[i], says + (size_t)(1 + i) * prediction, prediction);
        json_end(j);
    }
    if (c->wanted[OUTPUT_SAMPLES])
        write_samples(j, paths, c->samples, prediction);
    if (c->wanted[OUTPUT_MEAN])
        write_numbers(j, "mean", says, prediction);
    json_end(j);
}

struct asked {
    const struct deepar_net *net;
    const struct configuration *configuration;
    struct histories histories;
    struct tape *tape;
    float *paths, *room;
    double *says;
    size_t at_once;
};

static int asked_open(struct asked *a, const struct series_set *set, struct error *err)
{
    size_t prediction = a->net->plan.prediction, one = a->configuration->samples * prediction;
    a->at_once = PATHS_MAX / one < AT_ONCE ? PATHS_MAX / one : AT_ONCE;
    if (a->at_once == 0 || set->count > (a->configuration->wanted[OUTPUT_SAMPLES] ? ANSWER_MAX : DRAWS_MAX) / one)
        return error_set(err, ERROR_LIMIT, "num_samples", "ask for fewer samples, or fewer instances",
                         "%zu samples of %zu values for %zu instances are too many", a->configuration->samples,
                         prediction, set->count);
    if (histories_open(&a->histories, set, err) < 0 || !(a->tape = tape_open(&backend_cpu, 1, err)))
        return -1;
    a->paths = malloc(a->at_once * one * sizeof *a->paths);
    a->room = malloc(a->configuration->samples * sizeof *a->room);
    a->says = malloc((size_t)(1 + a->configuration->levels) * prediction * sizeof *a->says);
    return a->paths && a->room && a->says
               ? 0
               : error_set(err, ERROR_SYSTEM, NAME, "ask for fewer samples", "There is not enough memory");
}

static void asked_close(struct asked *a)
{
    histories_close(&a->histories);
    tape_close(a->tape);
    free(a->paths);
    free(a->room);
    free(a->says);
}

static int write_predictions(struct asked *a, bool lines, struct str *out, struct error *err)
{
    const struct deepar_plan *p = &a->net->plan;
    size_t one = a->configuration->samples * p->prediction, count;
    struct json j = json_begin(out);
    if (!lines) {
        json_object(&j, NULL);
        json_array(&j, "predictions");
    }
    for (size_t done = 0; done < a->histories.count; done += count) {
        struct window windows[AT_ONCE];
        for (count = 0; count < a->at_once && done + count < a->histories.count; count++) {
            const struct history *h = &a->histories.items[done + count];
            windows[count] = (struct window){h, h->series->length};
        }
        if (deepar_forecast(a->net, a->tape, windows, count, done, a->configuration->samples, 0, a->paths, err) < 0)
            return -1;
        for (size_t i = 0; i < count; i++) {
            if (lines)
                j = json_begin(out);
            write_prediction(&j, a->configuration, a->paths + i * one, p->prediction, a->room, a->says);
            if (lines)
                str_putc(out, '\n');
        }
    }
    if (!lines) {
        json_end(&j);
        json_end(&j);
    }
    return out->failed ? error_set(err, ERROR_SYSTEM, NAME, "ask for less", "There is not enough memory") : 0;
}

static int answer_request(const struct deepar_net *n, const struct request *in, struct series_set *set,
                          struct configuration *c, struct answer *out, struct error *err)
{
    struct asked asked = {.net = n, .configuration = c};
    int lines = is_lines(in, err), answer = lines < 0 ? -1 : answer_lines(in, lines, err), status;
    if (answer < 0 || (lines ? read_lines : read_json)(in, set, c, err) < 0 ||
        deepar_plan_check(&n->plan, set, "instances", n->plan.prediction, err) < 0)
        return -1;
    status = asked_open(&asked, set, err);
    if (status == 0)
        status = write_predictions(&asked, answer, &out->bytes, err);
    asked_close(&asked);
    snprintf(out->content_type, sizeof out->content_type, "%s", deepar_accepts[answer]);
    return status;
}

int deepar_invoke(const void *model, const struct request *in, struct answer *out, struct error *err)
{
    struct series_set set = {0};
    struct configuration *c = malloc(sizeof *c);
    int status;
    if (!c)
        return error_set(err, ERROR_SYSTEM, NAME, NULL, "There is not enough memory");
    configuration_defaults(c);
    snprintf(set.name, sizeof set.name, NAME);
    status = answer_request(model, in, &set, c, out, err);
    series_free(&set);
    free(c);
    return status;
}
