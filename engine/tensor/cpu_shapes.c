/* The same numbers in another order, on the processor: by whole rows or runs wherever these lie in one piece. */
#include <string.h>

#include "engine/tensor/cpu.h"

/* Rows of a strided tensor and of a dense place, one way or the other. */
struct rows {
    const struct tensor *x;
    float *strided, *dense;
    size_t width, dense_apart, pitch;
    bool even, back; /* even: strided rows lie `pitch` apart; back: dense is added to strided */
};

static void rows_part(void *context, int part, size_t begin, size_t end)
{
    const struct rows *p = context;
    (void)part;
    for (size_t r = begin; r < end; r++) {
        float *strided = p->strided + (p->even ? r * p->pitch : tensor_offset(p->x, r));
        float *dense = p->dense + r * p->dense_apart;
        if (p->back)
            cpu_add(strided, dense, p->width);
        else
            memcpy(dense, strided, p->width * sizeof *dense);
    }
}

static void move_rows(struct tape *t, const struct tensor *x, float *strided, float *dense, size_t dense_apart,
                      bool back)
{
    struct rows p = {
        .x = x, .strided = strided, .dense = dense, .width = tensor_width(x), .dense_apart = dense_apart, .back = back};
    p.even = cpu_pitch(x, &p.pitch);
    if (p.width > 0)
        cpu_share(t, tensor_rows(x), (double)tensor_count(x), rows_part, &p);
}

void cpu_copy_forward(struct tape *t, struct node *n)
{
    move_rows(t, n->in[0], n->in[0]->data, n->out[0]->data, tensor_width(n->in[0]), false);
}

void cpu_copy_backward(struct tape *t, struct node *n)
{
    float *dx = slope_to(t, n->in[0]);
    if (dx)
        move_rows(t, n->in[0], dx, n->out[0]->grad, tensor_width(n->in[0]), true);
}

/* --- concat ------------------------------------------------------------------------------------------------------- */

/* A part's dimensions from the joined one on are runs of `span` numbers, of which y's run of `whole` begins with those
 * of the parts before. */
struct joined {
    size_t span, whole;
    bool last; /* joined along the last dimension: rows stay rows */
};

static struct joined joined_of(const struct node *n, const struct tensor *part)
{
    struct joined j = {1, 1, (int)n->whole[1] == part->rank - 1};
    for (int d = (int)n->whole[1]; d < part->rank; d++) {
        j.span *= part->shape[d];
        j.whole *= n->out[0]->shape[d];
    }
    return j;
}

/* A part, or the slopes of one, from or to y (or its slopes), `y` pointing at the part's first run. */
static void move_part(struct tape *t, const struct joined *j, const struct tensor *part, float *numbers, float *y,
                      bool back)
{
    if (j->last) {
        move_rows(t, part, numbers, y, j->whole, back);
        return;
    }
    /* Of a dense part a run is one row. */
    bool dense = tensor_dense(part) && j->span > 0;
    size_t width = dense ? j->span : tensor_width(part), rows = width > 0 ? j->span / width : 0;
    size_t all = dense ? tensor_count(part) / width : tensor_rows(part);
    for (size_t r = 0; rows > 0 && r < all; r++) {
        float *to = y + r / rows * j->whole + r % rows * width,
              *from = numbers + (dense ? r * width : tensor_offset(part, r));
        if (back)
            cpu_add(from, to, width);
        else
            memcpy(to, from, width * sizeof *to);
    }
}

void cpu_concat_forward(struct tape *t, struct node *n)
{
    float *y = n->out[0]->data;
    for (size_t i = 0; i < n->whole[0]; i++) {
        struct joined j = joined_of(n, n->in[i]);
        move_part(t, &j, n->in[i], n->in[i]->data, y, false);
        y += j.span;
    }
}

void cpu_concat_backward(struct tape *t, struct node *n)
{
    float *dy = n->out[0]->grad;
    for (size_t i = 0; i < n->whole[0]; i++) {
        struct joined j = joined_of(n, n->in[i]);
        float *dx = slope_to(t, n->in[i]);
        if (dx)
            move_part(t, &j, n->in[i], dx, dy, true);
        dy += j.span;
    }
}

/* --- gather ------------------------------------------------------------------------------------------------------- */

struct gather {
    const int32_t *row;
    size_t count, width;
    const float *from;
    float *to;
};

static void gather_rows(void *context, int part, size_t begin, size_t end)
{
    const struct gather *g = context;
    (void)part;
    for (size_t i = begin; i < end; i++)
        memcpy(g->to + i * g->width, g->from + (size_t)g->row[i] * g->width, g->width * sizeof *g->to);
}

static void gather_columns_back(void *context, int part, size_t begin, size_t end)
{
    const struct gather *g = context;
    (void)part;
    for (size_t i = 0; i < g->count; i++)
        cpu_add(g->to + (size_t)g->row[i] * g->width + begin, g->from + i * g->width + begin, end - begin);
}

void cpu_gather_forward(struct tape *t, struct node *n)
{
    struct gather g = {n->index[0], n->whole[0], n->in[0]->stride[0], n->in[0]->data, n->out[0]->data};
    if (g.width > 0)
        cpu_share(t, g.count, (double)g.count * (double)g.width, gather_rows, &g);
}

void cpu_gather_backward(struct tape *t, struct node *n)
{
    struct gather g = {n->index[0], n->whole[0], n->in[0]->stride[0], n->out[0]->grad, slope_to(t, n->in[0])};
    if (g.to)
        cpu_share(t, g.width, (double)g.count * (double)g.width, gather_columns_back, &g);
}

/* --- transpose ---------------------------------------------------------------------------------------------------- */

/* y's shape filled up to four dimensions in front, and how far apart x's numbers lie along each of them. */
struct turned {
    size_t shape[TENSOR_RANK], apart[TENSOR_RANK];
    float *x, *y; /* numbers, or slopes */
    bool back;
};

static struct turned turned_of(const struct node *n)
{
    struct turned p = {{1, 1, 1, 1}, {0, 0, 0, 0}, NULL, NULL, false};
    for (int d = 0, rank = n->out[0]->rank; d < rank; d++) {
        p.shape[TENSOR_RANK - rank + d] = n->out[0]->shape[d];
        p.apart[TENSOR_RANK - rank + d] = n->in[0]->stride[n->whole[d]];
    }
    return p;
}

static void turn_run(const struct turned *p, float *y, float *x)
{
    size_t count = p->shape[3], apart = p->apart[3];
    if (!p->back && apart == 1)
        memcpy(y, x, count * sizeof *y);
    else if (p->back && apart == 1)
        cpu_add(x, y, count);
    else if (!p->back)
        for (size_t i = 0; i < count; i++)
            y[i] = x[i * apart];
    else
        for (size_t i = 0; i < count; i++)
            x[i * apart] += y[i];
}

/* Runs begin .. end - 1 of y's last dimension. */
static void turn_part(void *context, int part, size_t begin, size_t end)
{
    const struct turned *p = context;
    (void)part;
    for (size_t r = begin; r < end; r++) {
        size_t c = r % p->shape[2], b = r / p->shape[2] % p->shape[1], a = r / p->shape[2] / p->shape[1];
        turn_run(p, p->y + r * p->shape[3], p->x + a * p->apart[0] + b * p->apart[1] + c * p->apart[2]);
    }
}

static void turn(struct tape *t, struct turned *p)
{
    size_t runs = p->shape[0] * p->shape[1] * p->shape[2];
    cpu_share(t, runs, 4 * (double)runs * (double)p->shape[3], turn_part, p);
}

void cpu_transpose_forward(struct tape *t, struct node *n)
{
    struct turned p = turned_of(n);
    p.x = n->in[0]->data;
    p.y = n->out[0]->data;
    turn(t, &p);
}

void cpu_transpose_backward(struct tape *t, struct node *n)
{
    struct turned p = turned_of(n);
    p.x = slope_to(t, n->in[0]);
    p.y = n->out[0]->grad;
    p.back = true;
    if (p.x)
        turn(t, &p);
}
