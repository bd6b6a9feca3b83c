/* What the LSTM and GRU of every backend on the processor read from their node: sizes, the order of time, and which row
 * moves at which step. */
#ifndef TENSOR_RECURRENT_H
#define TENSOR_RECURRENT_H

#include "engine/tensor/backend.h"

struct recurrent {
    size_t steps, rows, width;
    const int32_t *length; /* NULL: all steps */
    bool reverse;
    double zoneout;
    uint64_t random;
};

/* `gates` is how many times the width the gates are wide: 4 or 3. */
static inline struct recurrent recurrent_of(const struct node *n, size_t gates)
{
    const size_t *shape = n->in[0]->shape;
    return (struct recurrent){.steps = shape[0],
                              .rows = shape[1],
                              .width = shape[2] / gates,
                              .length = n->index[0],
                              .reverse = n->flag[0],
                              .zoneout = n->number[0],
                              .random = n->random};
}

/* Which time the run is at in its step-th step. */
static inline size_t recurrent_time(const struct recurrent *r, size_t step)
{
    return r->reverse ? r->steps - 1 - step : step;
}

static inline bool recurrent_moves(const struct recurrent *r, size_t time, size_t row)
{
    return !r->length || (r->length[row] > 0 && time < (size_t)r->length[row]);
}

#endif
