/* Pooling of images on the processor: windows of pixels, whose channels lie together and go through as vectors. */
#include <string.h>

#include "engine/tensor/cpu.h"
#include "engine/tensor/exp.h"

/* x and y with numbers or slopes; images x height x width x channels, images x rows x columns x channels. */
struct pooling {
    const float *x, *y, *dy;
    float *to;   /* y, or the slopes of x */
    float *rest; /* of each part, a pixel: what has not flowed back yet */
    size_t height, width, channels, rows, columns, size, stride, pad;
    bool largest, mean;
};

/* What of a window is inside the image. */
struct pane {
    size_t y, y_end, x, x_end;
};

static size_t inside(size_t at, size_t pad, size_t most)
{
    size_t place = at > pad ? at - pad : 0;
    return place < most ? place : most;
}

static struct pane pane_of(const struct pooling *p, size_t row, size_t column)
{
    size_t y = row * p->stride, x = column * p->stride;
    return (struct pane){inside(y, p->pad, p->height), inside(y + p->size, p->pad, p->height),
                         inside(x, p->pad, p->width), inside(x + p->size, p->pad, p->width)};
}

static float share_of(const struct pooling *p, const struct pane *w)
{
    return p->mean ? 1 / (float)((w->y_end - w->y) * (w->x_end - w->x)) : 1;
}

/* --- pixels ------------------------------------------------------------------------------------------------------- */

VECTORISED static void larger_of(float *restrict to, const float *restrict x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = x[i] > to[i] ? x[i] : to[i];
}

VECTORISED static void scale(float *x, float factor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= factor;
}

/* What flows to the first pixel that has the largest number, of each channel. */
VECTORISED static void flow_to_largest(float *restrict dx, float *restrict rest, const float *restrict x,
                                       const float *restrict y, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool here = x[i] == y[i];
        dx[i] += here ? rest[i] : 0;
        rest[i] = here ? 0 : rest[i];
    }
}

/* --- windows ------------------------------------------------------------------------------------------------------ */

static void pool_window(const struct pooling *p, const float *image, const struct pane *w, float *to)
{
    bool first = true;
    memset(to, 0, p->channels * sizeof *to);
    for (size_t y = w->y; y < w->y_end; y++)
        for (size_t x = w->x; x < w->x_end; x++, first = false) {
            const float *pixel = image + (y * p->width + x) * p->channels;
            if (first)
                memcpy(to, pixel, p->channels * sizeof *to);
            else
                (p->largest ? larger_of : cpu_add)(to, pixel, p->channels);
        }
    if (p->mean && !first)
        scale(to, share_of(p, w), p->channels);
}

static void pool_rows(void *context, int part, size_t begin, size_t end)
{
    const struct pooling *p = context;
    (void)part;
    for (size_t i = begin * p->columns; i < end * p->columns; i++) {
        struct pane w = pane_of(p, i / p->columns % p->rows, i % p->columns);
        pool_window(p, p->x + i / p->columns / p->rows * p->height * p->width * p->channels, &w,
                    p->to + i * p->channels);
    }
}

/* `image`: where the image of window i begins. */
static void window_back(const struct pooling *p, size_t image, const struct pane *w, size_t i, float *rest)
{
    const float *dy = p->dy + i * p->channels;
    float share = share_of(p, w);
    if (p->largest)
        memcpy(rest, dy, p->channels * sizeof *rest);
    for (size_t y = w->y; y < w->y_end; y++)
        for (size_t x = w->x; x < w->x_end; x++) {
            size_t pixel = image + (y * p->width + x) * p->channels;
            if (p->largest)
                flow_to_largest(p->to + pixel, rest, p->x + pixel, p->y + i * p->channels, p->channels);
            else
                cpu_add_scaled(p->to + pixel, dy, share, p->channels);
        }
}

static void pool_images_back(void *context, int part, size_t begin, size_t end)
{
    const struct pooling *p = context;
    size_t places = p->rows * p->columns;
    for (size_t i = begin * places; i < end * places; i++) {
        struct pane w = pane_of(p, i / p->columns % p->rows, i % p->columns);
        window_back(p, i / places * p->height * p->width * p->channels, &w, i, p->rest + (size_t)part * p->channels);
    }
}

/* --- the operation ------------------------------------------------------------------------------------------------ */

static struct pooling pooling_of(const struct node *n)
{
    const size_t *image = n->in[0]->shape, *places = n->out[0]->shape;
    return (struct pooling){.x = n->in[0]->data,
                            .y = n->out[0]->data,
                            .height = image[1],
                            .width = image[2],
                            .channels = image[3],
                            .rows = places[1],
                            .columns = places[2],
                            .size = n->whole[0],
                            .stride = n->whole[1],
                            .pad = n->whole[2],
                            .largest = n->kind == REDUCE_MAX,
                            .mean = n->kind == REDUCE_MEAN};
}

static double operations_of(const struct node *n)
{
    return (double)tensor_count(n->out[0]) * (double)(n->whole[0] * n->whole[0]);
}

void cpu_pool2d_forward(struct tape *t, struct node *n)
{
    struct pooling p = pooling_of(n);
    p.to = n->out[0]->data;
    if (tensor_count(n->out[0]) > 0)
        cpu_share(t, n->out[0]->shape[0] * p.rows, operations_of(n), pool_rows, &p);
}

void cpu_pool2d_backward(struct tape *t, struct node *n)
{
    struct pooling p = pooling_of(n);
    p.to = tape_grad(t, n->in[0]);
    p.dy = n->out[0]->grad;
    p.rest = tape_scratch(t, (size_t)pool_threads(tape_pool(t)) * p.channels * sizeof(float));
    if (p.to && p.rest && tensor_count(n->out[0]) > 0)
        cpu_share(t, n->in[0]->shape[0], operations_of(n), pool_images_back, &p);
}
