#include "web/store/writer.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

/* Lives on the stack of the thread that waits for it. */
struct job {
    writer_job run;
    void *context;
    struct error *err;
    int result;
    bool done;
    pthread_cond_t finished;
    struct job *next;
};

struct writer {
    struct connection *connection;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    struct job *first, **last; /* the queue */
    bool stopping;
};

static void fail_all(struct job *jobs, const struct error *err)
{
    for (; jobs; jobs = jobs->next) {
        if (jobs->result == 0)
            *jobs->err = *err;
        jobs->result = -1;
    }
}

/* 0: the transaction is still there, whether or not the job succeeded. */
static int run_in_savepoint(struct connection *c, struct job *job, struct error *err)
{
    if (connection_run(c, SAVEPOINT, err))
        return -1;
    job->result = job->run(c, job->context, job->err);
    if (sqlite3_get_autocommit(c->db)) { /* a full disk and the like end the whole transaction */
        *err = *job->err;
        return -1;
    }
    if (job->result < 0 && connection_run(c, SAVEPOINT_ROLLBACK, err))
        return -1;
    return connection_run(c, SAVEPOINT_RELEASE, err);
}

static void run_batch(struct connection *c, struct job *jobs)
{
    struct error err = {0}, ignored;
    struct job *job;
    if (connection_run(c, BEGIN_WRITE, &err)) {
        fail_all(jobs, &err);
        return;
    }
    for (job = jobs; job; job = job->next)
        if (run_in_savepoint(c, job, &err))
            break;
    if (!job && connection_run(c, COMMIT, &err) == 0)
        return;
    if (!sqlite3_get_autocommit(c->db))
        connection_run(c, ROLLBACK, &ignored);
    fail_all(jobs, &err);
}

static struct job *take_queued(struct writer *w)
{
    struct job *jobs;
    pthread_mutex_lock(&w->lock);
    while (!w->first && !w->stopping)
        pthread_cond_wait(&w->wanted, &w->lock);
    jobs = w->first;
    w->first = NULL;
    w->last = &w->first;
    pthread_mutex_unlock(&w->lock);
    return jobs;
}

static void wake(struct writer *w, struct job *jobs)
{
    pthread_mutex_lock(&w->lock);
    while (jobs) {
        struct job *next = jobs->next; /* the job is gone once its owner may run */
        jobs->done = true;
        pthread_cond_signal(&jobs->finished);
        jobs = next;
    }
    pthread_mutex_unlock(&w->lock);
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;
    struct job *jobs;
    while ((jobs = take_queued(w))) {
        run_batch(w->connection, jobs);
        wake(w, jobs);
    }
    return NULL;
}

struct writer *writer_start(struct connection *c, struct error *err)
{
    struct writer *w = calloc(1, sizeof *w);
    sigset_t all, before;
    int failed;
    if (!w) {
        error_set(err, ERROR_SYSTEM, NULL, NULL, "there is not enough memory for the store");
        return NULL;
    }
    w->connection = c;
    w->last = &w->first;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wanted, NULL);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for main */
    failed = pthread_create(&w->thread, NULL, writer_main, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        error_set(err, ERROR_SYSTEM, NULL, "raise the limit of threads",
                  "the store's writer thread could not be started");
        free(w);
        return NULL;
    }
    return w;
}

void writer_stop(struct writer *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->wanted);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->wanted);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

int writer_do(struct writer *w, writer_job run, void *context, struct error *err)
{
    struct job job = {.run = run, .context = context, .err = err};
    pthread_cond_init(&job.finished, NULL);
    pthread_mutex_lock(&w->lock);
    *w->last = &job;
    /* cppcheck-suppress autoVariables; the job waits below until the writer is done with it */
    w->last = &job.next;
    pthread_cond_signal(&w->wanted);
    while (!job.done)
        pthread_cond_wait(&job.finished, &w->lock);
    pthread_mutex_unlock(&w->lock);
    pthread_cond_destroy(&job.finished);
    return job.result;
}
