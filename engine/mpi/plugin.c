/* The plugin build/flashlab-mpi.so: ranks that mpirun started, on one machine or many.
 *
 * MPI's own reductions may sum in any order; here each rank gets its slice of everybody's values, sums it in the order
 * of ranks and gives it to all. Failing ends all: MPI_Abort runs when the process that failed exits, after it said why.
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/comm_way.h"

#define SMALL ((size_t)4096)    /* bytes up to which everybody gets everything and sums by himself */
#define PIECE ((size_t)4 << 20) /* bytes that are exchanged at once: MPI counts in int */
#define EXPORT __attribute__((visibility("default")))

EXPORT int flashlab_mpi_run(comm_run *run, void *context, struct error *err);

static int check(int code, struct error *err)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int length;
    if (code == MPI_SUCCESS)
        return 0;
    MPI_Error_string(code, text, &length);
    return error_set(err, ERROR_SYSTEM, "MPI", "see what mpirun printed", "Ranks cannot exchange: %.300s", text);
}

static int no_memory(size_t bytes, struct error *err)
{
    return error_set(err, ERROR_LIMIT, "spreading", "give the machine more memory or use fewer ranks",
                     "Memory ended at %zu bytes of all ranks", bytes);
}

/* All ranks' `n` values lie in `all`, rank after rank; their reduction goes to `to`. */
static void fold_all(enum comm_kind kind, void *to, const char *all, size_t n, int ranks)
{
    size_t bytes = n * comm_width(kind);
    memcpy(to, all, bytes);
    for (int rank = 1; rank < ranks; rank++)
        comm_fold(kind, to, all + (size_t)rank * bytes, n);
}

static int reduce_small(struct comm *c, enum comm_kind kind, void *values, size_t n, struct error *err)
{
    size_t bytes = n * comm_width(kind);
    char *all = malloc(bytes * (size_t)c->ranks);
    int status;
    if (!all)
        return no_memory(bytes * (size_t)c->ranks, err);
    status = check(MPI_Allgather(values, (int)bytes, MPI_BYTE, all, (int)bytes, MPI_BYTE, MPI_COMM_WORLD), err);
    if (status == 0)
        fold_all(kind, values, all, n, c->ranks);
    free(all);
    return status;
}

/* `n` values, of which each rank reduces a slice of `slice`; the last ones are padded in `padded`. */
static int reduce_piece(struct comm *c, enum comm_kind kind, void *values, size_t n, char *padded, char *all,
                        struct error *err)
{
    size_t width = comm_width(kind), ranks = (size_t)c->ranks, slice = (n + ranks - 1) / ranks;
    int bytes = (int)(slice * width);
    memcpy(padded, values, n * width);
    memset(padded + n * width, 0, (slice * ranks - n) * width);
    if (check(MPI_Alltoall(padded, bytes, MPI_BYTE, all, bytes, MPI_BYTE, MPI_COMM_WORLD), err) < 0)
        return -1;
    fold_all(kind, padded, all, slice, c->ranks);
    if (check(MPI_Allgather(padded, bytes, MPI_BYTE, all, bytes, MPI_BYTE, MPI_COMM_WORLD), err) < 0)
        return -1;
    memcpy(values, all, n * width);
    return 0;
}

static int mpi_reduce(struct comm *c, enum comm_kind kind, void *values, size_t n, struct error *err)
{
    size_t width = comm_width(kind), step = PIECE / width, room;
    char *padded, *all;
    int status = 0;
    if (n * width <= SMALL)
        return reduce_small(c, kind, values, n, err);
    room = ((n < step ? n : step) + (size_t)c->ranks) * width;
    padded = malloc(room);
    all = malloc(room);
    if (!padded || !all)
        status = no_memory(2 * room, err);
    for (size_t at = 0; at < n && status == 0; at += step)
        status = reduce_piece(c, kind, (char *)values + at * width, n - at < step ? n - at : step, padded, all, err);
    free(padded);
    free(all);
    return status;
}

/* Rank after rank tells its bytes to all, in pieces: they can be of any length. */
static int broadcast_all(struct comm *c, const void *bytes, char *all, const size_t *sizes, struct error *err)
{
    for (int rank = 0; rank < c->ranks; rank++) {
        if (rank == c->rank && sizes[rank])
            memcpy(all, bytes, sizes[rank]);
        for (size_t at = 0; at < sizes[rank]; at += PIECE) {
            size_t left = sizes[rank] - at;
            if (check(MPI_Bcast(all + at, (int)(left < PIECE ? left : PIECE), MPI_BYTE, rank, MPI_COMM_WORLD), err) < 0)
                return -1;
        }
        all += sizes[rank];
    }
    return 0;
}

static int mpi_gather(struct comm *c, const void *bytes, size_t size, void **all, size_t *sizes, struct error *err)
{
    size_t total = 0;
    if (check(MPI_Allgather(&size, sizeof size, MPI_BYTE, sizes, sizeof size, MPI_BYTE, MPI_COMM_WORLD), err) < 0)
        return -1;
    for (int rank = 0; rank < c->ranks; rank++)
        total += sizes[rank];
    if (total == 0)
        return 0;
    *all = malloc(total);
    if (!*all)
        return no_memory(total, err);
    if (broadcast_all(c, bytes, *all, sizes, err) == 0)
        return 0;
    free(*all);
    *all = NULL;
    return -1;
}

static const struct comm_way way = {mpi_reduce, mpi_gather};

static void abort_all(int status, void *unused)
{
    (void)unused;
    fflush(NULL);
    MPI_Abort(MPI_COMM_WORLD, status ? status : 2);
}

int flashlab_mpi_run(comm_run *run, void *context, struct error *err)
{
    struct comm c = {.way = &way};
    int provided;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS)
        return error_set(err, ERROR_SYSTEM, "MPI", "start the engine with mpirun", "MPI does not start");
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &c.rank);
    MPI_Comm_size(MPI_COMM_WORLD, &c.ranks);
    if (run(context, &c, err) == 0)
        return check(MPI_Finalize(), err); /* waits for the others */
    on_exit(abort_all, NULL);
    return -1;
}
