/* How ranks meet, private to comm*.c: the one operation that threads, processes and MPI each do in their own way. All
 * of comm.h is made of it. */
#ifndef ENGINE_COMM_WAY_H
#define ENGINE_COMM_WAY_H

#include "engine/comm.h"

struct comm_way {
    size_t chunk; /* bytes that a rank may bring to one meeting */
    /* Waits for every rank and shows what each brought: all[r], sizes[r]. They stay until `part`. */
    int (*meet)(struct comm *c, const void *mine, size_t len, const void *const **all, const size_t **sizes,
                struct error *err);
    /* Waits until every rank has read. */
    int (*part)(struct comm *c, struct error *err);
};

#define COMM_RANKS_MAX 256

int comm_other_ended(struct error *err); /* what a rank says when another is gone */

/* The plugin's one symbol: starts MPI and fills in rank, ranks, way. -1: not under mpirun. */
int flashlab_mpi_begin(struct comm *c);
void flashlab_mpi_end(struct comm *c, int failed); /* failed: ends all ranks */

#endif
