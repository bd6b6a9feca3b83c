/* Ranks that are processes of this host. Rank 0 is the caller, so that what it trains is there afterwards; the others
 * are forked from it, and what they change in memory ends with them. Values go through shared memory in pieces.
 *
 * A killed rank is found by rank 0 while it waits; when rank 0 is killed, the kernel ends the others. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/comm_meet.h"

#define PIECE ((size_t)256 << 10) /* bytes of one rank that are exchanged at once */

struct process_group {
    struct meeting *meeting;
    unsigned char *pieces; /* one per rank, then the reduced one */
    pid_t *children;       /* of rank 0: 0 where none or already ended */
    size_t bytes;          /* of what is shared */
};

struct process_rank {
    struct meeting_seat seat;
    struct process_group *group;
};

static unsigned char *piece(const struct process_rank *r, int rank)
{
    return r->group->pieces + (size_t)rank * PIECE;
}

static int reduce_piece(struct process_rank *r, enum comm_kind kind, void *values, size_t n, struct error *err)
{
    int ranks = r->seat.meeting->ranks;
    size_t width = comm_width(kind), end, first = meeting_slice(&r->seat, n, &end);
    unsigned char *sum = piece(r, ranks) + first * width;
    memcpy(piece(r, r->seat.rank), values, n * width);
    if (meeting_wait(&r->seat, err) < 0)
        return -1;
    memcpy(sum, piece(r, 0) + first * width, (end - first) * width);
    for (int rank = 1; rank < ranks; rank++)
        comm_fold(kind, sum, piece(r, rank) + first * width, end - first);
    if (meeting_wait(&r->seat, err) < 0)
        return -1;
    memcpy(values, piece(r, ranks), n * width);
    return 0;
}

static int process_reduce(struct comm *c, enum comm_kind kind, void *values, size_t n, struct error *err)
{
    struct process_rank *r = c->state;
    size_t width = comm_width(kind), step = PIECE / width;
    if (n * width <= MEETING_SMALL)
        return meeting_reduce_small(&r->seat, kind, values, n, err);
    if (meeting_show(&r->seat, kind, NULL, n, err) < 0)
        return -1;
    for (size_t at = 0; at < n; at += step)
        if (reduce_piece(r, kind, (char *)values + at * width, n - at < step ? n - at : step, err) < 0)
            return -1;
    return 0;
}

/* Bytes at .. at + PIECE of every rank. `all` may be NULL: this rank has no memory, but the others wait for it. */
static int gather_piece(struct process_rank *r, const char *bytes, size_t at, char *all, const size_t *sizes,
                        struct error *err)
{
    size_t mine = sizes[r->seat.rank];
    if (at < mine)
        memcpy(piece(r, r->seat.rank), bytes + at, mine - at < PIECE ? mine - at : PIECE);
    if (meeting_wait(&r->seat, err) < 0)
        return -1;
    for (int rank = 0; all && rank < r->seat.meeting->ranks; rank++) {
        if (at < sizes[rank])
            memcpy(all + at, piece(r, rank), sizes[rank] - at < PIECE ? sizes[rank] - at : PIECE);
        all += sizes[rank];
    }
    return meeting_wait(&r->seat, err);
}

static int process_gather(struct comm *c, const void *bytes, size_t size, void **all, size_t *sizes, struct error *err)
{
    struct process_rank *r = c->state;
    size_t total = 0, longest = 0;
    if (meeting_show(&r->seat, COMM_KINDS, NULL, size, err) < 0)
        return -1;
    for (int rank = 0; rank < c->ranks; rank++) {
        total += sizes[rank] = meeting_note(&r->seat, rank)->n;
        longest = sizes[rank] > longest ? sizes[rank] : longest;
    }
    *all = total ? malloc(total) : NULL;
    for (size_t at = 0; at < longest; at += PIECE)
        if (gather_piece(r, bytes, at, *all, sizes, err) < 0) {
            free(*all);
            *all = NULL;
            return -1;
        }
    if (total && !*all)
        return error_set(err, ERROR_LIMIT, "spreading", "give the machine more memory or use fewer ranks",
                         "Memory ended at %zu bytes of all ranks", total);
    return 0;
}

static const struct comm_way way = {process_reduce, process_gather};

/* A rank that ended by itself left the meeting before; one that was killed is taken out of it here. */
static void bury(struct process_group *g, int rank, int status)
{
    struct error err;
    g->children[rank] = 0;
    if (atomic_load(&g->meeting->places[rank].gone))
        return;
    if (WIFSIGNALED(status))
        error_set(&err, ERROR_SYSTEM, "spreading", "look whether the machine ran out of memory",
                  "The process of rank %d was ended by signal %d (%s)", rank, WTERMSIG(status),
                  strsignal(WTERMSIG(status)));
    else
        error_set(&err, ERROR_SYSTEM, "spreading", "see what that process printed",
                  "The process of rank %d ended by itself with status %d", rank, WEXITSTATUS(status));
    meeting_leave(g->meeting, rank, -1, &err);
}

static void look_after(void *context)
{
    struct process_group *g = context;
    int status;
    for (int rank = 1; rank < g->meeting->ranks; rank++)
        if (g->children[rank] && waitpid(g->children[rank], &status, WNOHANG) == g->children[rank])
            bury(g, rank, status);
}

static void wait_for_all(struct process_group *g)
{
    for (int rank = 1; rank < g->meeting->ranks; rank++) {
        pid_t ended = 0;
        int status = 0;
        while (g->children[rank] && (ended = waitpid(g->children[rank], &status, 0)) < 0 && errno == EINTR)
            continue;
        if (ended > 0)
            bury(g, rank, status);
    }
}

static void run_rank(struct process_group *g, int rank, comm_run *run, void *context)
{
    struct process_rank r = {.seat = {.meeting = g->meeting, .rank = rank}, .group = g};
    struct comm c = {.rank = rank, .ranks = g->meeting->ranks, .way = &way, .state = &r};
    struct error err = {0};
    int status;
    if (rank == 0) {
        r.seat.look = look_after;
        r.seat.context = g;
    }
    status = run(context, &c, &err);
    meeting_leave(g->meeting, rank, status, &err);
}

static int start_child(struct process_group *g, int rank, comm_run *run, void *context)
{
    pid_t parent = getpid(), child = fork();
    if (child != 0) {
        g->children[rank] = child > 0 ? child : 0;
        return child > 0 ? 0 : -1;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    run_rank(g, rank, run, context);
    _exit(0); /* not exit: what the parent had not yet written would be written twice */
}

static int open_group(struct process_group *g, int ranks, struct error *err)
{
    size_t board = (meeting_bytes(ranks) + 4095) / 4096 * 4096;
    void *shared;
    g->bytes = board + ((size_t)ranks + 1) * PIECE;
    g->children = calloc((size_t)ranks, sizeof *g->children);
    shared = mmap(NULL, g->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!g->children || shared == MAP_FAILED) {
        if (shared != MAP_FAILED)
            munmap(shared, g->bytes);
        free(g->children);
        error_set(err, ERROR_LIMIT, "--ranks", "use fewer ranks", "Memory ended at %d ranks", ranks);
        return -1;
    }
    g->meeting = shared;
    g->pieces = (unsigned char *)shared + board;
    meeting_init(g->meeting, ranks);
    return 0;
}

int comm_run_processes(int ranks, comm_run *run, void *context, struct error *err)
{
    struct comm self = {.ranks = 1};
    struct process_group g = {0};
    int started = 1, status;
    if (meeting_check_ranks(ranks, err) < 0)
        return -1;
    if (ranks == 1)
        return run(context, &self, err);
    if (open_group(&g, ranks, err) < 0)
        return -1;
    fflush(NULL);
    while (started < ranks && start_child(&g, started, run, context) == 0)
        started++;
    if (started == ranks) {
        run_rank(&g, 0, run, context);
    } else {
        error_set(err, ERROR_SYSTEM, "spreading", "use fewer ranks", "The machine has no process for rank %d: %s",
                  started, strerror(errno));
        meeting_leave(g.meeting, started, -1, err);
    }
    wait_for_all(&g);
    status = meeting_result(g.meeting, err);
    munmap(g.meeting, g.bytes);
    free(g.children);
    return status;
}
