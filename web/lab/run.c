#include "web/lab/run.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"

static const char *const status_names[] = {"queued", "running", "done", "failed", "stopped"};

/* Limits and pace are the server's business; the rest is what repeats the run. */
static const char *const not_shown[] = {"--confine", "--pace", "--model"};

static bool is_shown(const char *arg)
{
    for (size_t i = 0; i < sizeof not_shown / sizeof *not_shown; i++)
        if (strcmp(arg, not_shown[i]) == 0)
            return false;
    return true;
}

static void quote(struct str *out, const char *arg)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,@%+";
    if (*arg && arg[strspn(arg, plain)] == '\0') {
        str_puts(out, arg);
        return;
    }
    str_putc(out, '\'');
    for (; *arg; arg++)
        if (*arg == '\'')
            str_puts(out, "'\\''");
        else
            str_putc(out, *arg);
    str_putc(out, '\'');
}

static char *command_of(char *const *args)
{
    struct str out = {0};
    str_puts(&out, "flashlab-engine");
    for (; *args; args++) {
        if (!is_shown(*args) && args[1]) {
            args++; /* and its value */
            continue;
        }
        str_putc(&out, ' ');
        quote(&out, *args);
    }
    return str_take(&out);
}

/* `args` and the pairs that the lab adds; a pair whose value is NULL is left out. */
static char **copy_args(const char *const *args, const char *const pairs[][2], size_t pair_count)
{
    size_t count = 0, at;
    char **copy;
    bool complete = true;
    while (args[count])
        count++;
    copy = calloc(count + 2 * pair_count + 1, sizeof *copy);
    if (!copy)
        return NULL;
    for (at = 0; at < count; at++)
        complete &= (copy[at] = strdup(args[at])) != NULL;
    for (size_t i = 0; i < pair_count; i++)
        for (size_t k = 0; pairs[i][1] && k < 2; k++)
            complete &= (copy[at++] = strdup(pairs[i][k])) != NULL;
    if (complete)
        return copy;
    for (size_t i = 0; i < at; i++)
        free(copy[i]);
    free(copy);
    return NULL;
}

struct run *run_new(const char *algorithm, const char *experiment, const char *const *args, const char *limits,
                    const struct shelf *shelf, struct hub *hub)
{
    unsigned char chance[RUN_ID_LENGTH / 2];
    char model[1200];
    const char *const pairs[][2] = {{"--confine", limits}, {"--model", shelf ? model : NULL}};
    struct run *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    randombytes_buf(chance, sizeof chance);
    sodium_bin2hex(r->id, sizeof r->id, chance, sizeof chance);
    if (shelf)
        shelf_path(shelf, r->id, model, sizeof model);
    r->shelf = shelf;
    r->hub = hub;
    r->algorithm = strdup(algorithm);
    r->experiment = experiment ? strdup(experiment) : NULL;
    r->args = copy_args(args, pairs, sizeof pairs / sizeof *pairs);
    r->command = r->args ? command_of(r->args) : NULL;
    r->topic = topic_new();
    if (r->algorithm && r->command && r->topic && (r->experiment || !experiment))
        return r;
    run_free(r);
    return NULL;
}

void run_free(struct run *r)
{
    if (!r)
        return;
    if (r->shelf)
        shelf_remove(r->shelf, r->id);
    for (size_t i = 0; r->args && r->args[i]; i++)
        free(r->args[i]);
    free(r->args);
    free(r->algorithm);
    free(r->experiment);
    free(r->command);
    topic_unref(r->topic);
    free(r);
}

const char *run_status_name(enum run_status status)
{
    return status_names[status];
}

bool run_finished(const struct run *r)
{
    return r->status >= RUN_DONE;
}

static void add_error(struct json *j, const struct run *r)
{
    if (r->status != RUN_FAILED) {
        json_null(j, "error");
        return;
    }
    json_object(j, "error");
    json_string(j, "what", r->error.what);
    json_string(j, "where", r->error.where);
    json_string(j, "fix", r->error.fix);
    json_end(j);
}

void run_json(const struct run *r, struct str *out)
{
    struct json j = json_begin(out);
    json_object(&j, NULL);
    json_string(&j, "id", r->id);
    json_string(&j, "status", status_names[r->status]);
    if (r->place)
        json_integer(&j, "position", r->place);
    else
        json_null(&j, "position");
    json_string(&j, "algorithm", r->algorithm);
    json_string(&j, "experiment", r->experiment);
    json_string(&j, "command", r->command);
    json_integer(&j, "events", (long long)topic_count(r->topic));
    json_bool(&j, "model", run_has_model(r));
    add_error(&j, r);
    json_end(&j);
}

bool run_has_model(const struct run *r)
{
    return r->shelf && run_finished(r) && shelf_holds(r->shelf, r->id);
}

void run_say(struct run *r, const char *line, size_t len)
{
    topic_publish(r->topic, line, len);
    hub_wake(r->hub);
}

void run_say_status(struct run *r, pid_t pid)
{
    struct str line = {0};
    struct json j = json_begin(&line);
    json_object(&j, NULL);
    json_string(&j, "event", "status");
    json_string(&j, "status", status_names[r->status]);
    if (r->status == RUN_QUEUED) {
        json_integer(&j, "position", r->place);
        json_null(&j, "ahead_seconds");
    } else if (r->status == RUN_RUNNING) {
        json_integer(&j, "pid", pid);
    } else {
        add_error(&j, r);
    }
    json_end(&j);
    if (!line.failed)
        run_say(r, line.data, line.len);
    str_free(&line);
}
