/* Ranks that are threads of this process: they read and write each other's arrays. Rank 0 is the caller. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "engine/comm_meet.h"

#define BLOCK 4096 /* bytes that are summed before they are given to all: they stay in the nearest cache */

/* Each rank reduces its slice of everybody's values and writes it back to everybody. */
static void reduce_slice(const struct meeting_seat *s, enum comm_kind kind, size_t n)
{
    unsigned char block[BLOCK] __attribute__((aligned(64)));
    size_t width = comm_width(kind), end, step = BLOCK / width;
    for (size_t at = meeting_slice(s, n, &end); at < end; at += step) {
        size_t count = end - at < step ? end - at : step;
        memcpy(block, (char *)meeting_note(s, 0)->values + at * width, count * width);
        for (int rank = 1; rank < s->meeting->ranks; rank++)
            comm_fold(kind, block, (char *)meeting_note(s, rank)->values + at * width, count);
        for (int rank = 0; rank < s->meeting->ranks; rank++)
            memcpy((char *)meeting_note(s, rank)->values + at * width, block, count * width);
    }
}

static int thread_reduce(struct comm *c, enum comm_kind kind, void *values, size_t n, struct error *err)
{
    struct meeting_seat *s = c->state;
    if (n * comm_width(kind) <= MEETING_SMALL)
        return meeting_reduce_small(s, kind, values, n, err);
    if (meeting_show(s, kind, values, n, err) < 0)
        return -1;
    reduce_slice(s, kind, n);
    return meeting_wait(s, err);
}

static void copy_all(const struct meeting_seat *s, char *all)
{
    for (int rank = 0; rank < s->meeting->ranks; rank++) {
        const struct meeting_note *note = meeting_note(s, rank);
        if (note->n)
            memcpy(all, note->values, note->n);
        all += note->n;
    }
}

static int thread_gather(struct comm *c, const void *bytes, size_t size, void **all, size_t *sizes, struct error *err)
{
    struct meeting_seat *s = c->state;
    size_t total = 0;
    if (meeting_show(s, COMM_KINDS, (void *)(uintptr_t)bytes, size, err) < 0)
        return -1;
    for (int rank = 0; rank < c->ranks; rank++)
        total += sizes[rank] = meeting_note(s, rank)->n;
    *all = total ? malloc(total) : NULL;
    if (*all)
        copy_all(s, *all);
    /* Out of memory or not: the others may still read this rank's bytes. */
    if (meeting_wait(s, err) < 0) {
        free(*all);
        *all = NULL;
        return -1;
    }
    if (total && !*all)
        return error_set(err, ERROR_LIMIT, "spreading", "give the machine more memory or use fewer ranks",
                         "Memory ended at %zu bytes of all ranks", total);
    return 0;
}

static const struct comm_way way = {thread_reduce, thread_gather};

struct thread_rank {
    struct meeting_seat seat;
    comm_run *run;
    void *context;
    int status; /* -1 until `run` returned, also when the thread ends inside it */
    struct error error;
    pthread_t thread;
};

static void leave(void *argument)
{
    struct thread_rank *r = argument;
    meeting_leave(r->seat.meeting, r->seat.rank, r->status, &r->error);
}

static void *run_rank(void *argument)
{
    struct thread_rank *r = argument;
    struct comm c = {.rank = r->seat.rank, .ranks = r->seat.meeting->ranks, .way = &way, .state = &r->seat};
    error_set(&r->error, ERROR_SYSTEM, "spreading", NULL, "The thread of rank %d ended by itself", c.rank);
    pthread_cleanup_push(leave, r);
    struct error err = {0};
    r->status = r->run(r->context, &c, &err);
    r->error = err;
    pthread_cleanup_pop(1);
    return NULL;
}

static int run_all(struct meeting *m, struct thread_rank *ranks, comm_run *run, void *context, struct error *err)
{
    int started = 1;
    for (int rank = 0; rank < m->ranks; rank++)
        ranks[rank] =
            (struct thread_rank){.seat = {.meeting = m, .rank = rank}, .run = run, .context = context, .status = -1};
    while (started < m->ranks && pthread_create(&ranks[started].thread, NULL, run_rank, &ranks[started]) == 0)
        started++;
    if (started == m->ranks) {
        run_rank(&ranks[0]);
    } else {
        error_set(err, ERROR_SYSTEM, "spreading", "use fewer ranks", "The machine has no thread for rank %d", started);
        meeting_leave(m, started, -1, err);
    }
    for (int rank = 1; rank < started; rank++)
        pthread_join(ranks[rank].thread, NULL);
    return meeting_result(m, err);
}

int comm_run_threads(int ranks, comm_run *run, void *context, struct error *err)
{
    struct comm self = {.ranks = 1};
    struct meeting *m;
    struct thread_rank *all;
    int status;
    if (meeting_check_ranks(ranks, err) < 0)
        return -1;
    if (ranks == 1)
        return run(context, &self, err);
    m = aligned_alloc(64, (meeting_bytes(ranks) + 63) / 64 * 64);
    all = calloc((size_t)ranks, sizeof *all);
    if (m && all) {
        meeting_init(m, ranks);
        status = run_all(m, all, run, context, err);
    } else {
        status = error_set(err, ERROR_LIMIT, "--ranks", "use fewer ranks", "Memory ended at %d ranks", ranks);
    }
    free(m);
    free(all);
    return status;
}
