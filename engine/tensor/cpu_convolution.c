/* Convolution along time on the processor: each place of the kernel is one product of all steps that see it, and steps
 * lie together. Each thread makes some rows of the result, through all places, while they are in the cache. */
#include <string.h>

#include "engine/tensor/cpu.h"

enum { ROWS_AT_ONCE = 96 };

/* Row r of `to` (steps x batch) meets row r + shift(k) of `from`, shift(k) being (k - before) batches forward and the
 * opposite on the way back. */
struct shifted {
    float *to;
    const float *from, *bias;
    size_t to_rows, from_rows, columns, depth, places, batch, before;
    const float *packed; /* of all places, `room` floats each */
    size_t room;
    bool back, add;
};

/* The rows begin .. end - 1 of which meet a row that is there. */
static void meet(const struct shifted *s, size_t k, size_t *begin, size_t *end, size_t *source)
{
    size_t forward = (s->back ? s->before : k) * s->batch, backward = (s->back ? k : s->before) * s->batch;
    size_t first = backward > forward ? backward - forward : 0; /* the first row whose source is not negative */
    size_t last = s->from_rows + backward > forward ? s->from_rows + backward - forward : 0;
    *begin = *begin > first ? *begin : first;
    *end = *end < last ? *end : last;
    *source = *begin + forward - backward;
}

static void shifted_block(const struct shifted *s, size_t begin, size_t end)
{
    float *to = s->to + begin * s->columns;
    if (!s->add && !s->bias)
        memset(to, 0, (end - begin) * s->columns * sizeof *to);
    for (size_t r = 0; s->bias && r < end - begin; r++)
        memcpy(to + r * s->columns, s->bias, s->columns * sizeof *to);
    for (size_t k = 0; k < s->places; k++) {
        size_t first = begin, last = end, source;
        meet(s, k, &first, &last, &source);
        to = s->to + first * s->columns;
        if (first < last)
            product(&(struct product){.c = to,
                                      .ldc = s->columns,
                                      .from = to,
                                      .ldf = s->columns,
                                      .a = s->from + source * s->depth,
                                      .lda = s->depth,
                                      .packed = s->packed + k * s->room,
                                      .rows = last - first,
                                      .columns = s->columns,
                                      .depth = s->depth});
    }
}

static void shifted_part(void *context, int part, size_t begin, size_t end)
{
    const struct shifted *s = context;
    (void)part;
    for (size_t i = begin; i < end; i += ROWS_AT_ONCE)
        shifted_block(s, i, end - i < ROWS_AT_ONCE ? end : i + ROWS_AT_ONCE);
}

/* Each place of w (K x C x O) packed, or its transposed. */
static void pack_places(struct tape *t, struct shifted *s, const struct tensor *w)
{
    struct tensor place = {.rank = 2, .shape = {w->shape[1], w->shape[2]}, .stride = {w->stride[1], 1}};
    float *packed;
    s->depth = place.shape[s->back];
    s->columns = place.shape[!s->back];
    s->places = w->shape[0];
    s->room = product_room(s->depth, s->columns);
    packed = tape_scratch(t, s->places * s->room * sizeof *packed);
    for (size_t k = 0; packed && k < s->places; k++)
        product_pack(packed + k * s->room, (const float *)w->data + k * w->stride[0], place.stride[0], s->depth, 0,
                     s->columns, s->back);
    s->packed = packed;
}

static void shift(struct tape *t, struct shifted *s, const struct tensor *w)
{
    pack_places(t, s, w);
    if (s->packed && s->columns > 0)
        cpu_share(t, s->to_rows, 2 * (double)s->to_rows * (double)(s->places * s->columns) * (double)s->depth,
                  shifted_part, s);
}

void cpu_conv1d_forward(struct tape *t, struct node *n)
{
    const struct tensor *x = n->in[0], *y = n->out[0];
    struct shifted s = {.to = y->data,
                        .from = x->data,
                        .bias = numbers_of(n->in[2]),
                        .to_rows = y->shape[0] * y->shape[1],
                        .from_rows = x->shape[0] * x->shape[1],
                        .batch = x->shape[1],
                        .before = n->whole[0]};
    shift(t, &s, n->in[1]);
}

/* dw[k] += x^T dy over the steps that see place k. */
static void weights_back(struct tape *t, const struct node *n, float *dw)
{
    const struct tensor *x = n->in[0], *w = n->in[1], *y = n->out[0];
    size_t in = w->shape[1], out = w->shape[2];
    struct shifted s = {.batch = x->shape[1], .from_rows = x->shape[0] * x->shape[1], .before = n->whole[0]};
    for (size_t k = 0; k < w->shape[0]; k++) {
        size_t begin = 0, end = y->shape[0] * y->shape[1], source;
        meet(&s, k, &begin, &end, &source);
        if (begin < end)
            cpu_multiply(t, dw + k * in * out, out, (struct cpu_matrix){(const float *)x->data + source * in, in, true},
                         (struct cpu_matrix){(const float *)y->grad + begin * out, out, false}, in, out, end - begin,
                         1);
    }
}

void cpu_conv1d_backward(struct tape *t, struct node *n)
{
    const struct tensor *x = n->in[0], *y = n->out[0];
    double beta;
    float *dx = tape_grad_beta(t, n->in[0], &beta);
    struct shifted s = {.to = dx,
                        .from = y->grad,
                        .to_rows = x->shape[0] * x->shape[1],
                        .from_rows = y->shape[0] * y->shape[1],
                        .batch = x->shape[1],
                        .before = n->whole[0],
                        .back = true,
                        .add = beta != 0};
    if (dx)
        shift(t, &s, n->in[1]);
    float *dw = slope_to(t, n->in[1]);
    if (dw)
        weights_back(t, n, dw);
    float *db = n->in[2] ? tape_grad_beta(t, n->in[2], &beta) : NULL;
    if (db)
        cpu_column_sums(t, db, y->grad, y->shape[2], y->shape[0] * y->shape[1], y->shape[2], (float)beta);
}
