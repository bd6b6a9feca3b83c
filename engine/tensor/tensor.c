#include "engine/tensor/tensor.h"

#include <assert.h>

size_t tensor_count(const struct tensor *t)
{
    size_t count = 1;
    for (int d = 0; d < t->rank; d++)
        if (__builtin_mul_overflow(count, t->shape[d], &count))
            return SIZE_MAX / 16; /* more than any memory holds: the request for it fails */
    return count;
}

size_t tensor_rows(const struct tensor *t)
{
    size_t rows = 1;
    for (int d = 0; d < t->rank - 1; d++)
        rows *= t->shape[d];
    return rows;
}

size_t tensor_width(const struct tensor *t)
{
    return t->rank > 0 ? t->shape[t->rank - 1] : 1;
}

size_t tensor_offset(const struct tensor *t, size_t row)
{
    size_t offset = 0;
    for (int d = t->rank - 2; d >= 0; d--) {
        offset += row % t->shape[d] * t->stride[d];
        row /= t->shape[d];
    }
    return offset;
}

bool tensor_dense(const struct tensor *t)
{
    size_t below = 1;
    if (tensor_count(t) == 0)
        return true;
    for (int d = t->rank - 1; d >= 0; d--) {
        if (t->shape[d] > 1 && t->stride[d] != below)
            return false;
        below *= t->shape[d];
    }
    return true;
}

bool tensor_same_shape(const struct tensor *a, const struct tensor *b)
{
    if (a->rank != b->rank)
        return false;
    for (int d = 0; d < a->rank; d++)
        if (a->shape[d] != b->shape[d])
            return false;
    return true;
}

void tensor_shape(struct tensor *t, int rank, const size_t *shape)
{
    size_t below = 1;
    assert(rank >= 0 && rank <= TENSOR_RANK);
    t->rank = rank;
    for (int d = rank - 1; d >= 0; d--) {
        t->shape[d] = shape[d];
        t->stride[d] = below;
        below *= shape[d];
    }
}

bool tensor_learns(const struct tensor *t)
{
    return t->learns || t->grad;
}

void tensor_touch(struct tensor *table, size_t row)
{
    struct touched *touched = table->touched;
    if (!touched || touched->seen[row])
        return;
    touched->seen[row] = 1;
    touched->row[touched->count++] = (int32_t)row;
}
