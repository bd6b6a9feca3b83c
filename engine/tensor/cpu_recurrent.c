#include "engine/tensor/cpu_recurrent.h"

#include <string.h>

void cpu_copy(float *to, const float *from, size_t n)
{
    if (from && n > 0)
        memcpy(to, from, n * sizeof *to);
    else if (n > 0)
        memset(to, 0, n * sizeof *to);
}

const float *cpu_state_before(const struct recurrent *r, const float *steps, const float *first, size_t step,
                              size_t begin)
{
    if (step > 0)
        return steps + (recurrent_time(r, step - 1) * r->rows + begin) * r->width;
    return first ? first + begin * r->width : NULL;
}

void cpu_last_state(const struct recurrent *r, float *last, const float *steps, const float *first, size_t begin,
                    size_t end)
{
    cpu_copy(last + begin * r->width, cpu_state_before(r, steps, first, r->steps, begin), (end - begin) * r->width);
}

/* Of all steps but the first in the order of the run, the states before are those of the steps beside them. */
void cpu_through_back(struct tape *t, const struct recurrent *r, struct tensor *u, const float *h,
                      const struct tensor *h0, const float *slope, size_t columns)
{
    double beta;
    float *du = tape_grad_beta(t, u, &beta);
    size_t shift = r->rows * r->width, rows = r->steps > 0 ? (r->steps - 1) * r->rows : 0;
    if (!du)
        return;
    const float *inner = slope + (r->reverse ? 0 : r->rows * columns);
    const float *outer = slope + (r->reverse ? rows * columns : 0);
    cpu_multiply(t, du, columns, (struct cpu_matrix){h + (r->reverse && r->steps > 0 ? shift : 0), r->width, true},
                 (struct cpu_matrix){inner, columns, false}, r->width, columns, rows, (float)beta);
    if (h0 && r->steps > 0)
        cpu_multiply(t, du, columns, (struct cpu_matrix){h0->data, r->width, true},
                     (struct cpu_matrix){outer, columns, false}, r->width, columns, r->rows, 1);
}

void cpu_state_back(const struct recurrent *r, float *dh, const float *slope, const float *u, size_t columns,
                    size_t begin, size_t end)
{
    float *c = dh + begin * r->width;
    product(&(struct product){.c = c,
                              .ldc = r->width,
                              .from = c,
                              .ldf = r->width,
                              .a = slope + begin * columns,
                              .lda = columns,
                              .packed = u,
                              .rows = end - begin,
                              .columns = r->width,
                              .depth = columns});
}

const float *cpu_row_of(const struct tensor *x, size_t time, size_t row)
{
    return (const float *)x->data + time * x->stride[0] + row * x->stride[1];
}

void cpu_rows_from(float *dense, const struct tensor *x, size_t time, size_t begin, size_t end)
{
    size_t columns = x->shape[2];
    const float *from = cpu_row_of(x, time, begin);
    if (dense == from)
        return; /* what is kept stands where the input's part stood */
    if (x->stride[1] == columns)
        memcpy(dense, from, (end - begin) * columns * sizeof *dense);
    else
        for (size_t b = 0; b < end - begin; b++)
            memcpy(dense + b * columns, from + b * x->stride[1], columns * sizeof *dense);
}

void cpu_rows_add(float *x, const struct tensor *shape, const float *dense, size_t time, size_t begin, size_t end)
{
    size_t columns = shape->shape[2];
    for (size_t b = begin; b < end; b++)
        cpu_add(x + time * shape->stride[0] + b * shape->stride[1], dense + (b - begin) * columns, columns);
}
