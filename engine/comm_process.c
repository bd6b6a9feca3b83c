/* Ranks as processes of this host: a hall in shared memory, and a desk in it for what each rank brings. A rank that is
 * killed is noticed by the first one, which looks after its children while it waits. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/comm_way.h"

#define DESK ((size_t)1 << 20)
#define LOOK_NS 50000000 /* between looks at whether the others live */

struct hall {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    int ranks, waiting;
    unsigned long meeting;
    bool over, failed;
    struct error error;
    size_t sizes[COMM_RANKS_MAX];
    char desks[]; /* ranks x DESK */
};

struct seat {
    struct hall *hall;
    const void *all[COMM_RANKS_MAX];
    pid_t *children; /* rank 0's; else NULL */
};

/* The owner may have died with the lock held: then the run is over. */
static void lock(struct hall *h)
{
    if (pthread_mutex_lock(&h->lock) == EOWNERDEAD) {
        pthread_mutex_consistent(&h->lock);
        h->over = true;
    }
}

static void note_death(struct hall *h, int rank, int status)
{
    h->over = true;
    if (h->failed)
        return;
    h->failed = true;
    if (WIFSIGNALED(status))
        error_set(&h->error, ERROR_SYSTEM, "--ranks", "start it again, with more memory or fewer ranks",
                  "The process of rank %d was ended by signal %d", rank, WTERMSIG(status));
    else
        error_set(&h->error, ERROR_FAULT, "--ranks", "tell us", "The process of rank %d ended by itself", rank);
}

/* With the lock held. */
static void look_after_children(struct hall *h, pid_t *children)
{
    for (int r = 1; children && r < h->ranks; r++) {
        int status;
        if (children[r] <= 0 || waitpid(children[r], &status, WNOHANG) != children[r])
            continue;
        children[r] = 0;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            note_death(h, r, status);
        h->over = true;
        pthread_cond_broadcast(&h->moved);
    }
}

static int barrier(struct seat *s, struct error *err)
{
    struct hall *h = s->hall;
    unsigned long mine;
    bool alone;
    lock(h);
    mine = h->meeting;
    if (!h->over && ++h->waiting == h->ranks) {
        h->waiting = 0;
        h->meeting++;
        pthread_cond_broadcast(&h->moved);
    }
    while (h->meeting == mine && !h->over) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        if (pthread_cond_timedwait(&h->moved, &h->lock, &until) == EOWNERDEAD) {
            pthread_mutex_consistent(&h->lock);
            h->over = true;
        }
        look_after_children(h, s->children);
    }
    alone = h->meeting == mine;
    pthread_mutex_unlock(&h->lock);
    return alone ? comm_other_ended(err) : 0;
}

static int meet(struct comm *c, const void *mine, size_t len, const void *const **all, const size_t **sizes,
                struct error *err)
{
    struct seat *s = c->state;
    if (len > 0)
        memcpy(s->hall->desks + (size_t)c->rank * DESK, mine, len);
    s->hall->sizes[c->rank] = len;
    *all = s->all;
    *sizes = s->hall->sizes;
    return barrier(s, err);
}

static int part(struct comm *c, struct error *err)
{
    return barrier(c->state, err);
}

static const struct comm_way processes = {.chunk = DESK, .meet = meet, .part = part};

static struct hall *open_hall(int ranks, size_t bytes)
{
    struct hall *h = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t mutex;
    pthread_condattr_t condition;
    if (h == MAP_FAILED)
        return NULL;
    pthread_mutexattr_init(&mutex);
    pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&mutex, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&h->lock, &mutex);
    pthread_mutexattr_destroy(&mutex);
    pthread_condattr_init(&condition);
    pthread_condattr_setpshared(&condition, PTHREAD_PROCESS_SHARED);
    pthread_condattr_setclock(&condition, CLOCK_MONOTONIC);
    pthread_cond_init(&h->moved, &condition);
    pthread_condattr_destroy(&condition);
    h->ranks = ranks;
    return h;
}

static int run_rank(struct seat *s, int rank, comm_run *run, void *context)
{
    struct hall *h = s->hall;
    struct comm c = {.rank = rank, .ranks = h->ranks, .way = &processes, .state = s};
    struct error err = {0};
    int status;
    for (int r = 0; r < h->ranks; r++)
        s->all[r] = h->desks + (size_t)r * DESK;
    status = run(context, &c, &err);
    lock(h);
    if (status < 0 && !h->failed) {
        h->failed = true;
        h->error = err;
    }
    h->over = true;
    pthread_cond_broadcast(&h->moved);
    pthread_mutex_unlock(&h->lock);
    return status;
}

static void end_children(struct hall *h, pid_t *children)
{
    for (int r = 1; r < h->ranks; r++) {
        int status;
        if (children[r] <= 0)
            continue;
        while (waitpid(children[r], &status, 0) < 0 && errno == EINTR)
            continue;
        lock(h);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            note_death(h, r, status);
        pthread_mutex_unlock(&h->lock);
    }
}

int comm_run_processes(int ranks, comm_run *run, void *context, struct error *err)
{
    pid_t children[COMM_RANKS_MAX] = {0}, parent = getpid();
    size_t bytes = sizeof(struct hall) + (size_t)(ranks > 0 ? ranks : 1) * DESK;
    struct seat seat = {.children = children};
    int started = 1, status;
    if (ranks < 1 || ranks > COMM_RANKS_MAX || !(seat.hall = open_hall(ranks, bytes)))
        return error_set(err, ERROR_INPUT, "--ranks", "give 1 to 256, and use fewer where memory is short",
                         "There cannot be %d ranks", ranks);
    fflush(NULL); /* what is buffered would be written by every child */
    for (; started < ranks; started++) {
        children[started] = fork();
        if (children[started] < 0)
            break;
        if (children[started] == 0) {
            seat.children = NULL;
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != parent)
                _exit(0);
            run_rank(&seat, started, run, context);
            _exit(0); /* the error, if any, lies in the hall */
        }
    }
    if (started < ranks) {
        lock(seat.hall);
        seat.hall->over = seat.hall->failed = true;
        error_set(&seat.hall->error, ERROR_SYSTEM, "--ranks", "use fewer ranks",
                  "Only %d processes could be started: %s", started, strerror(errno));
        pthread_mutex_unlock(&seat.hall->lock);
    }
    run_rank(&seat, 0, run, context);
    end_children(seat.hall, children);
    if ((status = seat.hall->failed ? -1 : 0) < 0)
        *err = seat.hall->error;
    munmap(seat.hall, bytes);
    return status;
}
