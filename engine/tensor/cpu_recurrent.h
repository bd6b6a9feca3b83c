/* What the fast LSTM and GRU share: each thread takes some rows of the batch through all steps, and what goes through u
 * backwards becomes one product over all steps afterwards. */
#ifndef TENSOR_CPU_RECURRENT_H
#define TENSOR_CPU_RECURRENT_H

#include "engine/tensor/cpu.h"
#include "engine/tensor/recurrent.h"

/* The rows `begin` and on of the state before a step: rows of `steps` (T x B x D), or of `first`, or zeros. */
const float *cpu_state_before(const struct recurrent *r, const float *steps, const float *first, size_t step,
                              size_t begin);

/* Rows begin .. end - 1 of the state at the end of the run. */
void cpu_last_state(const struct recurrent *r, float *last, const float *steps, const float *first, size_t begin,
                    size_t end);

/* du += sum over steps of (state before)^T slope; slope T x B x columns. */
void cpu_through_back(struct tape *t, const struct recurrent *r, struct tensor *u, const float *h,
                      const struct tensor *h0, const float *slope, size_t columns);

/* dh += slope u^T of rows begin .. end - 1: from a step's slopes (B x columns) to those of the state before it (B x D);
 * u is packed and transposed. */
void cpu_state_back(const struct recurrent *r, float *dh, const float *slope, const float *u, size_t columns,
                    size_t begin, size_t end);

/* A step's rows of a strided T x B x columns: the first, to dense rows, and added back. */
const float *cpu_row_of(const struct tensor *x, size_t time, size_t row);
void cpu_rows_from(float *dense, const struct tensor *x, size_t time, size_t begin, size_t end);
void cpu_rows_add(float *x, const struct tensor *shape, const float *dense, size_t time, size_t begin, size_t end);

/* to = from, or zeros where from is NULL */
void cpu_copy(float *to, const float *from, size_t n);

#endif
