#include "web/lab/run.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"

static const char *const status_names[] = {"queued", "running", "done", "failed", "stopped"};

/* Limits and pace are the server's business; the rest is what repeats the run. */
static const char *const not_shown[] = {"--confine", "--pace"};

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

static char **copy_args(const char *const *args, const char *limits)
{
    size_t count = 0;
    char **copy;
    bool complete = true;
    while (args[count])
        count++;
    copy = calloc(count + 3, sizeof *copy);
    if (!copy)
        return NULL;
    for (size_t i = 0; i < count; i++)
        complete &= (copy[i] = strdup(args[i])) != NULL;
    complete &= (copy[count] = strdup("--confine")) != NULL;
    complete &= (copy[count + 1] = strdup(limits)) != NULL;
    if (complete)
        return copy;
    for (size_t i = 0; i < count + 2; i++)
        free(copy[i]);
    free(copy);
    return NULL;
}

struct run *run_new(const char *algorithm, const char *experiment, const char *const *args, const char *limits,
                    struct hub *hub)
{
    unsigned char chance[RUN_ID_LENGTH / 2];
    struct run *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    randombytes_buf(chance, sizeof chance);
    sodium_bin2hex(r->id, sizeof r->id, chance, sizeof chance);
    r->hub = hub;
    r->algorithm = strdup(algorithm);
    r->experiment = experiment ? strdup(experiment) : NULL;
    r->args = copy_args(args, limits);
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
    add_error(&j, r);
    json_end(&j);
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
