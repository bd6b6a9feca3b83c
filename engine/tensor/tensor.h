/* An array of numbers with a shape, and beside it the slope of the loss by each of them.
 *
 * The last dimension is dense (stride 1); the others may be further apart, so that a slice is a view: it shares numbers
 * and slopes with the tensor that it was cut from (`base`). Rank 0 is one number. Sizes may be 0. Numbers are float, or
 * double where the backend says so, and lie on the backend's device. */
#ifndef TENSOR_TENSOR_H
#define TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TENSOR_RANK 4

/* Which rows of a table an embedding looked up since the slopes were last cleared: all others have slope 0. */
struct touched {
    int32_t *row; /* each once, in the order of first use */
    size_t count;
    uint8_t *seen; /* of every row of the table: is it in the list? */
};

/* May the memory of a tensor's numbers serve another? That of its base counts. */
enum memory_state {
    MEMORY_NEEDED,
    MEMORY_FRESH, /* an op gave them that does not look at them again, and no other took them yet */
    MEMORY_SPENT, /* something else stands in their place */
};

struct tensor {
    int rank;
    size_t shape[TENSOR_RANK], stride[TENSOR_RANK]; /* stride in numbers */
    void *data;
    void *grad;      /* NULL: none is asked for, or (`learns`) there is no memory for it yet. See tape_grad */
    bool learns;     /* of this step's tensors: a slope is asked for */
    bool grad_ready; /* of the base: grad holds sums; false: whatever lay there */
    enum memory_state memory;
    struct tensor *base;     /* the tensor itself unless it is a view */
    struct touched *touched; /* of a table that keeps them (nn/parameters.h); else NULL */
};

size_t tensor_count(const struct tensor *t); /* numbers in it */
size_t tensor_rows(const struct tensor *t);  /* count without the last dimension; rank 0: 1 */
size_t tensor_width(const struct tensor *t); /* the last dimension; rank 0: 1 */
bool tensor_dense(const struct tensor *t);   /* do all numbers lie one after another? */
bool tensor_same_shape(const struct tensor *a, const struct tensor *b);
size_t tensor_offset(const struct tensor *t, size_t row);           /* where the row-th row begins, in numbers */
void tensor_shape(struct tensor *t, int rank, const size_t *shape); /* with dense strides */
bool tensor_learns(const struct tensor *t);                         /* is a slope asked for? */
void tensor_touch(struct tensor *table, size_t row);                /* one that keeps no touched rows: nothing */

#endif
