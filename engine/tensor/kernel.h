/* What kernels on the processor ask of a tensor that may be missing. */
#ifndef TENSOR_KERNEL_H
#define TENSOR_KERNEL_H

#include "engine/tensor/tape.h"

/* The slope to add to, or NULL. */
static inline void *slope_to(struct tape *t, struct tensor *x)
{
    return x ? tape_grad(t, x) : NULL;
}

/* The slope that has come to an output, or NULL where none did. */
static inline const void *slope_from(const struct tensor *y)
{
    return y && y->grad && y->base->grad_ready ? y->grad : NULL;
}

static inline void *numbers_of(const struct tensor *x)
{
    return x ? x->data : NULL;
}

#endif
