/* Ranks as threads: they show each other their own memory. */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "engine/comm_way.h"

struct hall {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int ranks, waiting;
    unsigned long meeting; /* counts barriers that were passed */
    bool over;             /* a rank has ended: whoever waits, waits in vain */
    bool failed;
    struct error error; /* of the first that failed by itself */
    const void *all[COMM_RANKS_MAX];
    size_t sizes[COMM_RANKS_MAX];
};

static int barrier(struct hall *h, struct error *err)
{
    unsigned long mine;
    bool alone;
    pthread_mutex_lock(&h->lock);
    mine = h->meeting;
    if (!h->over && ++h->waiting == h->ranks) {
        h->waiting = 0;
        h->meeting++;
        pthread_cond_broadcast(&h->moved);
    }
    while (h->meeting == mine && !h->over)
        pthread_cond_wait(&h->moved, &h->lock);
    alone = h->meeting == mine;
    pthread_mutex_unlock(&h->lock);
    return alone ? comm_other_ended(err) : 0;
}

static int meet(struct comm *c, const void *mine, size_t len, const void *const **all, const size_t **sizes,
                struct error *err)
{
    struct hall *h = c->state;
    h->all[c->rank] = mine;
    h->sizes[c->rank] = len;
    *all = h->all;
    *sizes = h->sizes;
    return barrier(h, err);
}

static int part(struct comm *c, struct error *err)
{
    return barrier(c->state, err);
}

static const struct comm_way threads = {.chunk = (size_t)1 << 40, .meet = meet, .part = part};

struct rank {
    struct comm comm;
    comm_run *run;
    void *context;
    pthread_t thread;
};

static void *run_rank(void *context)
{
    struct rank *r = context;
    struct hall *h = r->comm.state;
    struct error err = {0};
    int status = r->run(r->context, &r->comm, &err);
    pthread_mutex_lock(&h->lock);
    if (status < 0 && !h->failed) { /* those that fail because of it come later */
        h->failed = true;
        h->error = err;
    }
    h->over = true;
    pthread_cond_broadcast(&h->moved);
    pthread_mutex_unlock(&h->lock);
    return NULL;
}

int comm_run_threads(int ranks, comm_run *run, void *context, struct error *err)
{
    struct hall h = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER, .ranks = ranks};
    struct rank *all = calloc((size_t)(ranks > 0 ? ranks : 1), sizeof *all);
    int started = 1;
    if (!all || ranks < 1 || ranks > COMM_RANKS_MAX) {
        free(all);
        return error_set(err, ERROR_INPUT, "--ranks", "give 1 to 256", "There cannot be %d ranks", ranks);
    }
    for (int r = 0; r < ranks; r++)
        all[r] = (struct rank){
            .comm = {.rank = r, .ranks = ranks, .way = &threads, .state = &h}, .run = run, .context = context};
    while (started < ranks && pthread_create(&all[started].thread, NULL, run_rank, &all[started]) == 0)
        started++;
    if (started < ranks) {
        h.over = h.failed = true;
        error_set(&h.error, ERROR_SYSTEM, "--ranks", "use fewer ranks", "Only %d threads could be started", started);
    }
    run_rank(&all[0]);
    for (int r = 1; r < started; r++)
        pthread_join(all[r].thread, NULL);
    free(all);
    if (h.failed)
        *err = h.error;
    return h.failed ? -1 : 0;
}
