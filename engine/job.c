#include "engine/job.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "engine/data/generate.h"
#include "engine/format/format.h"
#include "engine/tensor/backend.h"

struct channels {
    struct dataset train, validation, test;
};

/* --- reading --------------------------------------------------------------------------------------------------------
 */

static int read_channels(const struct job *job, const struct algorithm *algorithm, struct channels *c,
                         struct error *err)
{
    const struct {
        const char *path, *name;
        struct dataset *data;
    } parts[] = {{job->train, "train", &c->train},
                 {job->validation, "validation", &c->validation},
                 {job->test, "test", &c->test}};
    int pipes = 0;
    for (int i = 0; i < 3; i++)
        pipes += parts[i].path && strcmp(parts[i].path, "-") == 0;
    if (pipes > 1)
        return error_set(err, ERROR_INPUT, "-", "read the others from files",
                         "Standard input can feed one channel only");
    for (int i = 0; i < 3; i++) {
        if (!parts[i].path)
            continue;
        const struct channel channel = {
            .path = parts[i].path, .content_type = job->content_type, .allowed = algorithm->content_types};
        if (format_read(&channel, parts[i].data, err) < 0 ||
            dataset_widen(parts[i].data, c->train.columns, parts[i].name, err) < 0)
            return -1;
        if (dataset_dense(parts[i].data, algorithm->missing, err) < 0) /* what the learners of this build take */
            return -1;
    }
    return 0;
}

static int make_data(const struct job *job, const struct algorithm *algorithm, struct channels *c, struct error *err)
{
    size_t len = strcspn(job->generate, ":");
    const char *const *name = algorithm->generators;
    while (*name && !(strlen(*name) == len && strncmp(*name, job->generate, len) == 0))
        name++;
    for (const struct generator *const *g = generators; !*name && *g; g++)
        if (strlen((*g)->name) == len && strncmp((*g)->name, job->generate, len) == 0)
            return error_set(err, ERROR_INPUT, job->generate, "flashlab-engine describe lists those that fit",
                             "%s does not train on the made data '%s'", algorithm->title, (*g)->name);
    return generate(job->generate, job->seed, &c->train, &c->validation, &c->test, NULL, err);
}

static void free_channels(struct channels *c)
{
    dataset_free(&c->train);
    dataset_free(&c->validation);
    dataset_free(&c->test);
}

/* --- what was asked -------------------------------------------------------------------------------------------------
 */

static int check_job(const struct job *job, struct error *err)
{
    if (job->device && strcmp(job->device, "cuda") == 0)
        return error_set(err, ERROR_INPUT, "--device", "use --device cpu or auto",
                         "This build has no GPU backend: it trains on the CPU");
    if (job->device && strcmp(job->device, "auto") != 0 && strcmp(job->device, "cpu") != 0)
        return error_set(err, ERROR_INPUT, "--device", "use auto or cpu", "There is no device '%.60s'", job->device);
    if (job->model_dir)
        return error_set(err, ERROR_INPUT, "--model", "leave --model out; the scores of the run are in its end event",
                         "This build cannot save a model: saving comes together with predict");
    if (job->generate && (job->train || job->validation || job->test))
        return error_set(err, ERROR_INPUT, "--generate", "give either a recipe or paths",
                         "Made data come with their own three parts, so paths cannot be given beside them");
    if (!job->generate && !job->train)
        return error_set(err, ERROR_INPUT, "--train", "add --train PATH or --generate RECIPE",
                         "There is nothing to train on");
    return 0;
}

static void quote(struct str *out, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,@%+-";
    str_putc(out, ' ');
    if (*word && !word[strspn(word, plain)]) {
        str_puts(out, word);
        return;
    }
    str_putc(out, '\'');
    for (; *word; word++)
        if (*word == '\'')
            str_puts(out, "'\\''");
        else
            str_putc(out, *word);
    str_putc(out, '\'');
}

static void flag(struct str *out, const char *name, const char *value)
{
    if (!value)
        return;
    str_putc(out, ' ');
    str_puts(out, name);
    quote(out, value);
}

/* The line that repeats the run. */
static void write_command(const struct job *job, struct str *out)
{
    str_puts(out, "flashlab-engine train");
    flag(out, "--algorithm", job->algorithm);
    flag(out, "--generate", job->generate);
    flag(out, "--train", job->train);
    flag(out, "--validation", job->validation);
    flag(out, "--test", job->test);
    flag(out, "--content-type", job->content_type);
    for (int i = 0; i < job->settings.count; i++) {
        char pair[160];
        snprintf(pair, sizeof pair, "%s=%s", job->settings.items[i].name, job->settings.items[i].value);
        flag(out, "--set", pair);
    }
    if (job->device && strcmp(job->device, "auto") != 0)
        flag(out, "--device", job->device);
    str_printf(out, " --threads %d --seed %llu", job->threads, (unsigned long long)job->seed);
    if (job->pace > 0)
        str_printf(out, " --pace %g", job->pace);
}

/* --- what is said ---------------------------------------------------------------------------------------------------
 */

static void send_start(const struct job *job, const struct algorithm *algorithm, const struct training *t)
{
    struct event e;
    struct str command = {0};
    event_begin(&e, t->sink, "start");
    json_string(&e.json, "algorithm", algorithm->name);
    json_object(&e.json, "hyperparameters");
    for (int i = 0; i < t->settings->count; i++)
        json_string(&e.json, t->settings->items[i].name, t->settings->items[i].value);
    json_end(&e.json);
    json_integer(&e.json, "seed", (long long)job->seed);
    json_integer(&e.json, "threads", job->threads);
    json_string(&e.json, "device", "cpu");
    json_object(&e.json, "data");
    json_string(&e.json, "name", t->train->name);
    json_integer(&e.json, "rows", (long long)t->train->rows);
    json_integer(&e.json, "columns", (long long)t->train->columns);
    json_integer(&e.json, "validation_rows", t->validation ? (long long)t->validation->rows : 0);
    json_integer(&e.json, "test_rows", t->test ? (long long)t->test->rows : 0);
    json_end(&e.json);
    write_command(job, &command);
    json_string(&e.json, "command", str_text(&command));
    str_free(&command);
    event_send(&e);
}

/* The service takes settings that a problem type does not read; it does not say so, we do. */
static void log_unread(const struct algorithm *algorithm, const struct training *t)
{
    for (const struct hyperparameter *h = algorithm->hyperparameters; h->name; h++)
        for (int i = 0; i < t->settings->count; i++)
            if (t->settings->items[i].given && strcmp(t->settings->items[i].name, h->name) == 0 &&
                !hyperparameter_applies(h, t->settings))
                event_log(t->sink, "%s has no effect here: it is read with %s only", h->name, h->when);
}

static void send_end(const struct training *t, uint64_t bytes_read)
{
    struct rusage usage = {0};
    struct event e;
    getrusage(RUSAGE_SELF, &usage);
    event_begin(&e, t->sink, "end");
    json_string(&e.json, "status", t->sink->stopped ? "stopped" : "done");
    json_number(&e.json, "t", event_time(t->sink));
    json_object(&e.json, "metrics");
    for (int i = 0; i < t->metric_count; i++)
        json_number(&e.json, t->metrics[i].name, t->metrics[i].value);
    json_end(&e.json);
    json_integer(&e.json, "peak_memory_bytes", (long long)usage.ru_maxrss * 1024);
    json_integer(&e.json, "bytes_read", (long long)bytes_read);
    if (t->step_seconds > 0)
        json_integer(&e.json, "rows_per_second", llround(t->rows_seen / t->step_seconds));
    else
        json_null(&e.json, "rows_per_second");
    event_send(&e);
}

/* --- the run --------------------------------------------------------------------------------------------------------
 */

int job_train(const struct algorithm *algorithm, struct training *t, struct error *err)
{
    t->metric_count = 0;
    t->rows_seen = t->step_seconds = 0;
    backend_threads(t->threads);
    return algorithm->train(t, err);
}

int job_run(const struct job *job, struct event_sink *sink, struct error *err)
{
    struct channels c = {0};
    struct settings settings;
    struct training t = {
        .settings = &settings, .seed = job->seed, .threads = job->threads, .pace = job->pace, .sink = sink};
    char dimension[24];
    int status = -1;
    const struct algorithm *algorithm = algorithm_find(job->algorithm, err);
    if (!algorithm || check_job(job, err) < 0 || algorithm_resolve(algorithm, &job->settings, &settings, err) < 0)
        return -1;
    if ((job->generate ? make_data(job, algorithm, &c, err) : read_channels(job, algorithm, &c, err)) < 0)
        goto out;
    t.train = &c.train;
    t.validation = c.validation.rows ? &c.validation : NULL;
    t.test = c.test.rows ? &c.test : NULL;
    snprintf(dimension, sizeof dimension, "%zu", c.train.columns);
    if (settings_is(&settings, "feature_dim", "auto"))
        settings_settle(&settings, "feature_dim", dimension);
    send_start(job, algorithm, &t);
    log_unread(algorithm, &t);
    if (job_train(algorithm, &t, err) < 0)
        goto out;
    send_end(&t, c.train.bytes_read + c.validation.bytes_read + c.test.bytes_read);
    status = 0;
out:
    free_channels(&c);
    return status;
}
