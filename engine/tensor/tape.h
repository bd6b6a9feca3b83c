/* What was computed, in order, so that slopes can flow back: reverse-mode differentiation.
 *
 *     struct tape *t = tape_open(&backend_cpu, threads, &err);
 *     for each step:
 *         tape_begin(t, true, seed_of_this_step);
 *         x = tape_input(t, 2, (size_t[]){64, 40}, rows);
 *         loss = op_...(t, ...);                            ops.h: computes at once and notes it on the tape
 *         tape_backward(t, loss);                           now each parameter's grad holds its slope
 *     tape_close(t);
 *
 * All memory of a step comes from two piles (pile.h) and is forgotten at the next tape_begin; once steps of its size
 * were seen, a step allocates nothing. Slopes of what ops gave are there only while they are needed. Out of memory: ops
 * give tensors of size 0 and tape_failed tells. One thread at a time. */
#ifndef TENSOR_TAPE_H
#define TENSOR_TAPE_H

#include "engine/base/pool.h"
#include "engine/tensor/backend.h"

struct tape *tape_open(const struct backend *backend, int threads, struct error *err);
void tape_close(struct tape *t); /* NULL is fine */

/* A new step. `learning` false: nothing will flow back, dropout and zoneout are off, kernels keep nothing. `random`:
 * what dropout draws from. */
void tape_begin(struct tape *t, bool learning, uint64_t random);

/* 0, or -1 and what went wrong since tape_begin: memory, or the device. Asked once a step, after tape_backward. */
int tape_finish(struct tape *t, struct error *err);
bool tape_failed(const struct tape *t); /* was there no memory since tape_begin? */

/* The loss is one number (rank 0); its own slope is 1. */
void tape_backward(struct tape *t, struct tensor *loss);

/* --- tensors of this step --------------------------------------------------------------------------------------- */

struct tensor *tape_tensor(struct tape *t, int rank, const size_t *shape); /* not cleared; with a slope when learning */
struct tensor *tape_plain(struct tape *t, int rank, const size_t *shape);  /* the same without a slope */
struct tensor *tape_input(struct tape *t, int rank, const size_t *shape, const float *values); /* copied; no slope */
const int32_t *tape_ints(struct tape *t, const int32_t *values, size_t n); /* copied to the device */
void tape_read(struct tape *t, const struct tensor *x, float *values);     /* dense; waits */
double tape_number(struct tape *t, const struct tensor *x);                /* of rank 0; waits */

/* Views: same numbers and slopes. */
struct tensor *tape_slice(struct tape *t, struct tensor *x, int dimension, size_t begin, size_t count);
struct tensor *tape_reshape(struct tape *t, struct tensor *x, int rank, const size_t *shape); /* dense only */
/* The same numbers, through which nothing flows back. */
struct tensor *tape_detach(struct tape *t, struct tensor *x);

/* --- for ops and kernels ---------------------------------------------------------------------------------------- */

const struct backend *tape_backend(const struct tape *t);
struct pool *tape_pool(const struct tape *t);
bool tape_learning(const struct tape *t);
uint64_t tape_random(struct tape *t);               /* another stream at each call, the same in every run */
struct node *tape_node(struct tape *t, enum op op); /* zeroed; tape_run computes it */
void tape_run(struct tape *t, struct node *n);      /* computes it and, when something may flow back, notes it */
void *tape_scratch(struct tape *t, size_t bytes);   /* of a kernel, until it returns; 64-byte aligned, on the device */

/* Memory that stays the same for the same `of` and kind as long as the step lasts: a copy of weights in another order,
 * say. *fresh: it is new and wants filling. NULL: no room. */
void *tape_memo(struct tape *t, const void *of, int kind, size_t bytes, bool *fresh);

/* The slope to add to; NULL when the tensor has none. Cleared first where nothing was added yet. */
void *tape_grad(struct tape *t, struct tensor *x);
/* The same for kernels that can write instead: *beta is 0 (write) where nothing was added yet, else 1 (add). */
void *tape_grad_beta(struct tape *t, struct tensor *x, double *beta);
/* The same of a table, for kernels that add to single rows and tell tensor_touch of each: where the table keeps touched
 * rows, all others stay as they are. (tape_grad of such a table touches every row.) */
void *tape_grad_rows(struct tape *t, struct tensor *table);

/* --- figures ---------------------------------------------------------------------------------------------------- */

size_t tape_bytes(const struct tape *t);   /* of both piles */
size_t tape_growths(const struct tape *t); /* how often the tape asked for memory since it was opened */

#endif
