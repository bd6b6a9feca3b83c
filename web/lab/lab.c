#include "web/lab/lab.h"

#include <errno.h>
#include <linux/landlock.h>
#include <pthread.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "web/lab/run.h"
#include "web/lab/shelf.h"
#include "web/lab/worker.h"
#include "web/log.h"

#define DESCRIBE_SECONDS 30.0 /* a machine may be busy; it takes a tenth of one */
#define DESCRIBE_BYTES (4u << 20)
#define ANSWER_SECONDS 10.0
#define ANSWER_BYTES (4u << 20)
#define ANSWER_LIMITS "10:1024" /* --confine of a question to a model */
#define EVENTS 64
#define LONGEST_WAIT 60.0 /* seconds; every change rings the bell anyway */

struct lab {
    struct config config;
    struct catalogue *catalogue;
    struct shelf shelf;
    struct hub *hub;
    struct str described;
    char limits[48]; /* the value of --confine */

    pthread_t thread; /* starts, reads and ends the trainers */
    bool thread_runs;
    int epoll, bell;
    struct run **active; /* those with a worker; the thread's own */
    int active_count;

    pthread_mutex_t lock; /* guards all that follows */
    struct run *first, *last;
    int queued, running, kept;
    bool closing;
};

static void ring(struct lab *lab)
{
    uint64_t one = 1;
    if (write(lab->bell, &one, sizeof one) < 0)
        return; /* the counter is full: it is rung already */
}

/* --- the queue; all with the lock held ---------------------------------------------------------------------------- */

static struct run *find(struct lab *lab, const char *id)
{
    struct run *r = lab->first;
    while (r && strcmp(r->id, id) != 0)
        r = r->next;
    return r;
}

static void number_places(struct lab *lab)
{
    int place = 0;
    for (struct run *r = lab->first; r; r = r->next) {
        if (r->status != RUN_QUEUED || ++place == r->place)
            continue;
        r->place = place;
        run_say_status(r, 0);
    }
}

static void append(struct lab *lab, struct run *r)
{
    if (lab->last)
        lab->last->next = r;
    else
        lab->first = r;
    lab->last = r;
    lab->queued++;
    number_places(lab);
}

static void forget(struct lab *lab, struct run *before, struct run *r)
{
    if (before)
        before->next = r->next;
    else
        lab->first = r->next;
    if (lab->last == r)
        lab->last = before;
    lab->kept--;
    run_free(r);
}

/* Keeps the memory of finished runs bounded: the oldest go, those that still watch keep their topic. */
static void forget_oldest(struct lab *lab)
{
    size_t bytes = 0;
    struct run *before = NULL, *next;
    for (struct run *r = lab->first; r; r = r->next)
        bytes += run_finished(r) ? topic_size(r->topic) : 0;
    for (struct run *r = lab->first; r; r = next) {
        next = r->next;
        if (lab->kept <= 1 || (lab->kept <= RUN_MAX_KEPT && bytes <= RUN_MAX_KEPT_BYTES))
            return;
        if (run_finished(r)) {
            bytes -= topic_size(r->topic);
            forget(lab, before, r);
        } else {
            before = r;
        }
    }
}

static void finish(struct lab *lab, struct run *r, enum run_status status)
{
    if (r->status == RUN_RUNNING)
        lab->running--;
    else
        lab->queued--;
    lab->kept++;
    r->status = status;
    r->place = 0;
    r->worker = NULL;
    run_say_status(r, 0);
    topic_close(r->topic);
    hub_wake(lab->hub);
    log_event("run", "%s %s%s%s", r->id, run_status_name(status), status == RUN_FAILED ? ": " : "",
              status == RUN_FAILED ? r->error.what : "");
}

/* --- the lab's thread --------------------------------------------------------------------------------------------- */

/* Called by worker_serve without the lock: a topic has its own. */
static void hear_line(void *context, const char *line, size_t len)
{
    run_say(context, line, len);
}

static void start(struct lab *lab, struct run *r)
{
    r->worker = worker_start(lab->config.engine, (const char *const *)r->args, lab->config.run_seconds, hear_line, r,
                             &r->error);
    if (!r->worker) {
        finish(lab, r, RUN_FAILED);
        return;
    }
    lab->queued--;
    lab->running++;
    r->status = RUN_RUNNING;
    r->place = 0;
    run_say_status(r, worker_pid(r->worker));
    lab->active[lab->active_count++] = r;
    if (worker_watch(r->worker, lab->epoll) < 0)
        worker_stop(r->worker); /* no descriptor left: without them nothing could be read */
}

static void finish_ended(struct lab *lab)
{
    static const enum run_status status_of[] = {
        [WORKER_DONE] = RUN_DONE, [WORKER_FAILED] = RUN_FAILED, [WORKER_STOPPED] = RUN_STOPPED};
    for (int i = lab->active_count; i-- > 0;) {
        struct run *r = lab->active[i];
        if (worker_ended(r->worker)) {
            lab->active[i] = lab->active[--lab->active_count];
            finish(lab, r, status_of[worker_finish(r->worker, &r->error)]);
        }
    }
}

/* Finishes what has ended, stops what shall stop, starts what may start: all changes of status are made here. */
static void manage(struct lab *lab)
{
    pthread_mutex_lock(&lab->lock);
    finish_ended(lab);
    for (struct run *r = lab->first; r; r = r->next) {
        bool stop = r->stop_asked || lab->closing;
        if (r->status == RUN_RUNNING && stop)
            worker_stop(r->worker);
        else if (r->status == RUN_QUEUED && stop)
            finish(lab, r, RUN_STOPPED);
        else if (r->status == RUN_QUEUED && lab->running < lab->config.runs)
            start(lab, r);
    }
    number_places(lab);
    forget_oldest(lab);
    pthread_mutex_unlock(&lab->lock);
}

static void wait_for_news(struct lab *lab)
{
    struct epoll_event events[EVENTS];
    double patience = LONGEST_WAIT;
    uint64_t rings;
    int n;
    for (int i = 0; i < lab->active_count; i++) {
        double left = worker_patience(lab->active[i]->worker);
        patience = left < patience ? left : patience;
    }
    n = epoll_wait(lab->epoll, events, EVENTS, (int)(patience * 1000) + 1);
    for (int i = 0; i < n; i++)
        if (events[i].data.ptr)
            worker_serve(events[i].data.ptr);
        else if (read(lab->bell, &rings, sizeof rings) < 0)
            continue; /* read already */
    for (int i = 0; i < lab->active_count; i++)
        if (worker_patience(lab->active[i]->worker) <= 0)
            worker_serve(lab->active[i]->worker);
}

static void *run_lab(void *context)
{
    struct lab *lab = context;
    bool closing = false;
    while (!closing || lab->active_count > 0) {
        wait_for_news(lab);
        manage(lab);
        pthread_mutex_lock(&lab->lock);
        closing = lab->closing;
        pthread_mutex_unlock(&lab->lock);
    }
    return NULL;
}

/* --- starting and ending ------------------------------------------------------------------------------------------ */

static int describe(struct lab *lab, struct error *err)
{
    static const char *const args[] = {"describe", "--json", NULL};
    cJSON *answer;
    const cJSON *algorithms;
    int result = 0;
    if (worker_ask(lab->config.engine, args, DESCRIBE_SECONDS, DESCRIBE_BYTES, &lab->described, err) < 0)
        return -1;
    answer = cJSON_ParseWithLength(lab->described.data, lab->described.len);
    algorithms = cJSON_GetObjectItemCaseSensitive(answer, "algorithms");
    if (!cJSON_IsArray(algorithms))
        result = error_set(err, ERROR_SYSTEM, lab->config.engine, "name the trainer with --engine PATH",
                           "This program is not flashlab-engine: `describe --json` did not list algorithms");
    else if (catalogue_set_algorithms(lab->catalogue, algorithms) < 0)
        result = error_set(err, ERROR_SYSTEM, NULL, "free some memory", "Out of memory while starting the lab");
    cJSON_Delete(answer);
    return result;
}

static int open_lab(struct lab *lab, struct error *err)
{
    struct epoll_event event = {.events = EPOLLIN};
    if (sodium_init() < 0)
        return error_set(err, ERROR_SYSTEM, NULL, "see that /dev/urandom is there", "There are no random numbers");
    if (!(lab->catalogue = catalogue_load(err)) || describe(lab, err) < 0 ||
        shelf_open(&lab->shelf, lab->config.data, err) < 0 || !(lab->hub = hub_start(err)))
        return -1;
    snprintf(lab->limits, sizeof lab->limits, "%d:%d", lab->config.run_seconds, lab->config.run_memory_mb);
    lab->active = calloc((size_t)lab->config.runs, sizeof(struct run *));
    lab->epoll = epoll_create1(EPOLL_CLOEXEC);
    lab->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!lab->active || lab->epoll < 0 || lab->bell < 0 || epoll_ctl(lab->epoll, EPOLL_CTL_ADD, lab->bell, &event) < 0)
        return error_set(err, ERROR_SYSTEM, NULL, "raise the limit of open files", "The lab could not be started: %s",
                         strerror(errno));
    if ((errno = pthread_create(&lab->thread, NULL, run_lab, lab)) != 0)
        return error_set(err, ERROR_SYSTEM, NULL, "raise the limit of threads", "The lab could not be started: %s",
                         strerror(errno));
    lab->thread_runs = true;
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 0)
        log_event("lab", "this kernel has no Landlock: trainers are confined by seccomp and limits alone");
    return 0;
}

struct lab *lab_start(const struct config *config, struct error *err)
{
    struct lab *lab = calloc(1, sizeof *lab);
    if (!lab) {
        error_set(err, ERROR_SYSTEM, NULL, "free some memory", "Out of memory while starting the lab");
        return NULL;
    }
    lab->config = *config;
    lab->epoll = lab->bell = -1;
    pthread_mutex_init(&lab->lock, NULL);
    if (open_lab(lab, err) == 0)
        return lab;
    lab_stop(lab);
    return NULL;
}

void lab_stop(struct lab *lab)
{
    if (!lab)
        return;
    if (lab->thread_runs) {
        pthread_mutex_lock(&lab->lock);
        lab->closing = true;
        pthread_mutex_unlock(&lab->lock);
        ring(lab);
        pthread_join(lab->thread, NULL);
    }
    hub_stop(lab->hub);
    for (struct run *r = lab->first, *next; r; r = next) {
        next = r->next;
        run_free(r);
    }
    if (lab->epoll >= 0)
        close(lab->epoll);
    if (lab->bell >= 0)
        close(lab->bell);
    pthread_mutex_destroy(&lab->lock);
    catalogue_free(lab->catalogue);
    str_free(&lab->described);
    free(lab->active);
    free(lab);
}

/* --- the public face ---------------------------------------------------------------------------------------------- */

const struct catalogue *lab_catalogue(const struct lab *lab)
{
    return lab->catalogue;
}

struct hub *lab_hub(struct lab *lab)
{
    return lab->hub;
}

const char *lab_describe(const struct lab *lab)
{
    return str_text(&lab->described);
}

static int refuse(const struct lab *lab, struct error *err)
{
    if (lab->closing)
        return error_set(err, ERROR_LIMIT, NULL, "start it again when the server is back", "The server is stopping");
    return error_set(err, ERROR_LIMIT, NULL, "wait until some have ended",
                     "%d runs are waiting already, the most that may", RUN_MAX_QUEUED);
}

/* The types of answers that models of the algorithm give, the first is the default; NULL: it has none to ask. */
static const cJSON *accepted_types(const struct lab *lab, const char *algorithm)
{
    const cJSON *types = cJSON_GetObjectItemCaseSensitive(catalogue_described(lab->catalogue, algorithm), "accepts");
    return cJSON_GetArraySize(types) > 0 ? types : NULL;
}

int lab_run(struct lab *lab, const char *algorithm, const char *experiment, const char *const *args,
            char id[RUN_ID_LENGTH + 1], struct error *err)
{
    const struct shelf *shelf = experiment || !accepted_types(lab, algorithm) ? NULL : &lab->shelf;
    struct run *r = run_new(algorithm, experiment, args, lab->limits, shelf, lab->hub);
    bool taken;
    if (!r)
        return error_set(err, ERROR_SYSTEM, NULL, "try again later", "The server is out of memory");
    memcpy(id, r->id, sizeof r->id);
    pthread_mutex_lock(&lab->lock);
    taken = !lab->closing && lab->queued < RUN_MAX_QUEUED;
    if (taken)
        append(lab, r);
    else
        refuse(lab, err);
    pthread_mutex_unlock(&lab->lock);
    if (!taken) {
        run_free(r);
        return -1;
    }
    ring(lab);
    return 0;
}

int lab_run_json(struct lab *lab, const char *id, struct str *out)
{
    const struct run *r;
    pthread_mutex_lock(&lab->lock);
    if ((r = find(lab, id)))
        run_json(r, out);
    pthread_mutex_unlock(&lab->lock);
    return r ? 0 : -1;
}

int lab_run_stop(struct lab *lab, const char *id)
{
    struct run *r;
    pthread_mutex_lock(&lab->lock);
    if ((r = find(lab, id)))
        r->stop_asked = true;
    pthread_mutex_unlock(&lab->lock);
    ring(lab);
    return r ? 0 : -1;
}

/* The algorithm of a run that has a model, whose folder is put in `dir`; NULL otherwise. */
static const cJSON *find_model(struct lab *lab, const char *id, char *dir, size_t size)
{
    const cJSON *types = NULL;
    struct run *r;
    pthread_mutex_lock(&lab->lock);
    r = find(lab, id);
    if (r && run_has_model(r)) {
        types = accepted_types(lab, r->algorithm);
        shelf_path(&lab->shelf, r->id, dir, size);
    }
    pthread_mutex_unlock(&lab->lock);
    return types;
}

/* Is the type one of those in "a/b, c/d;q=0.5"? */
static bool wishes(const char *wish, const char *type)
{
    size_t len = strlen(type);
    for (const char *at = wish; *at; at += strcspn(at, ","), at += strspn(at, ", "))
        if (strcspn(at, ",; ") == len && strncasecmp(at, type, len) == 0)
            return true;
    return false;
}

/* The first of the types that the client's wish names; without one the default. */
static const char *choose_type(const cJSON *types, const char *wish)
{
    const cJSON *type;
    cJSON_ArrayForEach (type, types)
        if (wish && wishes(wish, type->valuestring))
            return type->valuestring;
    return wish && *wish && !strstr(wish, "*/*") ? wish : cJSON_GetArrayItem(types, 0)->valuestring;
}

int lab_run_invoke(struct lab *lab, const char *id, const struct invocation *in, struct str *answer, char type[64],
                   struct error *err)
{
    char dir[1200];
    const cJSON *types = find_model(lab, id, dir, sizeof dir);
    const char *accept = types ? choose_type(types, in->accept) : "";
    const char *const args[] = {
        "predict",        "--model", dir,         "--input",     "-",
        "--accept",       accept,    "--confine", ANSWER_LIMITS, in->content_type ? "--content-type" : NULL,
        in->content_type, NULL};
    err->code = ERROR_NONE;
    if (!types)
        return -1;
    snprintf(type, 64, "%s", accept);
    return worker_feed(lab->config.engine, args, in->bytes, in->len, ANSWER_SECONDS, ANSWER_BYTES, answer, err);
}

int lab_run_model_dir(struct lab *lab, const char *id, const char *algorithm, char *dir, size_t size)
{
    const struct run *r;
    bool found;
    pthread_mutex_lock(&lab->lock);
    r = find(lab, id);
    found = r && run_has_model(r) && strcmp(r->algorithm, algorithm) == 0;
    if (found)
        shelf_path(&lab->shelf, r->id, dir, size);
    pthread_mutex_unlock(&lab->lock);
    return found ? 0 : -1;
}

int lab_run_model(struct lab *lab, const char *id, struct str *archive, struct error *err)
{
    char dir[1200];
    err->code = ERROR_NONE;
    return find_model(lab, id, dir, sizeof dir) ? shelf_pack(&lab->shelf, id, archive, err) : -1;
}

struct topic *lab_run_topic(struct lab *lab, const char *id)
{
    struct run *r;
    struct topic *topic;
    pthread_mutex_lock(&lab->lock);
    r = find(lab, id);
    topic = r ? topic_ref(r->topic) : NULL;
    pthread_mutex_unlock(&lab->lock);
    return topic;
}

void lab_counts(struct lab *lab, int *running, int *queued)
{
    pthread_mutex_lock(&lab->lock);
    *running = lab->running;
    *queued = lab->queued;
    pthread_mutex_unlock(&lab->lock);
}
