/* Allreduce: the one door through which a training run spreads over threads, processes or machines.
 *
 * Every rank runs the same code on its share of the training rows and meets the others in the calls below, in the same
 * order. A result is the same on every rank, bit for bit; sums are taken in the order of ranks. With one rank (or comm
 * NULL) every call leaves the values as they are. A rank that fails or dies ends the run of all: the others' calls
 * return -1 with a sentence, they never hang.
 *
 *   comm_self      one rank
 *   comm_thread    ranks are threads of this process
 *   comm_process   ranks are processes of this host, which share memory
 *   comm_mpi       ranks were started by mpirun; a plugin, so that the engine itself needs no MPI */
#ifndef ENGINE_COMM_H
#define ENGINE_COMM_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

struct comm {
    int rank, ranks;
    const struct comm_way *way; /* how it is done; private to comm*.c */
    void *state;
    uint64_t bytes; /* sent and received by this rank so far: what spreading costs */
    double seconds; /* spent in the calls below */
};

int comm_sum_i64(struct comm *c, int64_t *values, size_t n, struct error *err);
int comm_sum_float(struct comm *c, float *values, size_t n, struct error *err);
int comm_sum_double(struct comm *c, double *values, size_t n, struct error *err);
int comm_max_double(struct comm *c, double *values, size_t n, struct error *err);

/* Every rank's bytes, one after another in the order of ranks, in `*all` (the caller frees); sizes[ranks] tells each
 * rank's share. `all` is NULL when there are none. */
int comm_gather(struct comm *c, const void *bytes, size_t size, void **all, size_t *sizes, struct error *err);

int comm_rank(const struct comm *c);  /* 0 for NULL */
int comm_ranks(const struct comm *c); /* 1 for NULL */

/* Runs `run` once for each rank and returns when all have ended: 0 when all returned 0, else -1 with the error of the
 * first that failed by itself. */
typedef int comm_run(void *context, struct comm *c, struct error *err);
int comm_run_threads(int ranks, comm_run *run, void *context, struct error *err);
int comm_run_processes(int ranks, comm_run *run, void *context, struct error *err);
/* Inside mpirun: `run` in this process with the rank that mpirun gave it. */
int comm_run_mpi(comm_run *run, void *context, struct error *err);
int comm_mpi_ranks(void); /* as told by mpirun's environment; 0 outside */

#endif
