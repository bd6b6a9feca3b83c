/* Ranks that mpirun started. Every meeting is an allgather, so that sums are taken in the order of ranks here too. */
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#include "engine/comm_way.h"

#define CHUNK ((size_t)1 << 22)

static int ranks;
static int lengths[COMM_RANKS_MAX], places[COMM_RANKS_MAX];
static size_t sizes[COMM_RANKS_MAX];
static const void *all[COMM_RANKS_MAX];
static char *desk; /* what all brought */
static size_t desk_room;

static int meet(struct comm *c, const void *mine, size_t len, const void *const **out, const size_t **out_sizes,
                struct error *err)
{
    int own = (int)len, total = 0;
    (void)c;
    MPI_Allgather(&own, 1, MPI_INT, lengths, 1, MPI_INT, MPI_COMM_WORLD);
    for (int r = 0; r < ranks; total += lengths[r++])
        places[r] = total;
    if ((size_t)total > desk_room) {
        char *larger = realloc(desk, (size_t)total);
        if (!larger)
            return error_set(err, ERROR_SYSTEM, "mpirun", "use fewer ranks", "There is not enough memory to exchange");
        desk = larger;
        desk_room = (size_t)total;
    }
    MPI_Allgatherv(mine, own, MPI_BYTE, desk, lengths, places, MPI_BYTE, MPI_COMM_WORLD);
    for (int r = 0; r < ranks; r++) {
        all[r] = desk + places[r];
        sizes[r] = (size_t)lengths[r];
    }
    *out = all;
    *out_sizes = sizes;
    return 0;
}

static int part(struct comm *c, struct error *err)
{
    (void)c, (void)err; /* each rank has a copy of its own */
    return 0;
}

static const struct comm_way mpi = {.chunk = CHUNK, .meet = meet, .part = part};

int flashlab_mpi_begin(struct comm *c)
{
    int provided;
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS)
        return -1;
    MPI_Comm_rank(MPI_COMM_WORLD, &c->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &c->ranks);
    ranks = c->ranks;
    c->way = &mpi;
    return ranks > COMM_RANKS_MAX ? -1 : 0;
}

/* Set by the first failure that a rank reports: mpirun ends the others, which would wait for ever. */
void flashlab_mpi_end(struct comm *c, int failed)
{
    (void)c;
    free(desk);
    desk = NULL;
    desk_room = 0;
    if (!failed)
        MPI_Finalize();
}
