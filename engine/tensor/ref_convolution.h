/* Reference kernels: convolution as a sum of products of shifted rows, and pooling of images. */
#ifndef TENSOR_REF_CONVOLUTION_H
#define TENSOR_REF_CONVOLUTION_H

#include "engine/tensor/ref.h"

/* The places o, begin .. end - 1, of `count` whose window sees the image at offset k: o stride + k - before is one of
 * its `size` places. */
struct seen {
    size_t begin, end;
};

static struct seen seen_by(size_t count, size_t size, size_t k, size_t stride, size_t before)
{
    struct seen s = {k < before ? (before - k + stride - 1) / stride : 0, 0};
    s.end = size + before > k ? (size + before - k - 1) / stride + 1 : 0;
    s.end = s.end < count ? s.end : count;
    s.begin = s.begin < s.end ? s.begin : s.end;
    return s;
}

/* Adds to the three of y += x w whichever of the pointers asks for it. */
struct shifted {
    struct matrix x, w, y; /* forward: all three; backward: numbers of x and w, slopes of y */
    struct matrix dx, dw;  /* at NULL: not asked for */
    size_t rows, in, out;
};

static void shifted_forward(const struct shifted *s)
{
    product(s->y, s->x, s->w, s->rows, s->out, s->in, true);
}

static void shifted_backward(const struct shifted *s)
{
    if (s->dx.at)
        product(s->dx, s->y, transposed(s->w), s->rows, s->in, s->out, true);
    if (s->dw.at)
        product(s->dw, transposed(s->x), s->y, s->in, s->out, s->rows, true);
}

typedef void shifted_work(const struct shifted *s);

static REAL *at_or_null(REAL *numbers, size_t offset)
{
    return numbers ? numbers + offset : NULL;
}

/* Each shift of the kernel as one product over all steps that see it: y[o] += x[o + k - before] w[k]. */
static void conv1d_shifts(const struct node *n, REAL *y, REAL *dx, REAL *dw, shifted_work *work)
{
    const struct tensor *x = n->in[0], *w = n->in[1];
    size_t rows = x->shape[1], in = x->shape[2], out = w->shape[2], before = n->whole[0];
    for (size_t k = 0; k < w->shape[0]; k++) {
        struct seen s = seen_by(n->out[0]->shape[0], x->shape[0], k, 1, before);
        size_t from = (s.begin + k - before) * rows * in, kernel = k * in * out;
        if (s.begin == s.end)
            continue;
        work(&(struct shifted){{numbers(x) + from, in, 1},
                               {numbers(w) + kernel, out, 1},
                               {y + s.begin * rows * out, out, 1},
                               {at_or_null(dx, from), in, 1},
                               {at_or_null(dw, kernel), out, 1},
                               (s.end - s.begin) * rows,
                               in,
                               out});
    }
}

/* The same for images: a product for each row of places that sees the kernel's place (ky, kx). */
static void conv2d_shifts(const struct node *n, REAL *y, REAL *dx, REAL *dw, shifted_work *work)
{
    const size_t *image = n->in[0]->shape, *window = n->in[1]->shape, *places = n->out[0]->shape;
    size_t in = image[3], out = window[3], stride = n->whole[0], pad = n->whole[1];
    for (size_t i = 0; i < image[0] * window[0] * window[1]; i++) {
        size_t b = i / (window[0] * window[1]), ky = i / window[1] % window[0], kx = i % window[1];
        struct seen down = seen_by(places[1], image[1], ky, stride, pad);
        struct seen right = seen_by(places[2], image[2], kx, stride, pad);
        for (size_t oy = down.begin; oy < down.end && right.begin < right.end; oy++) {
            size_t row = b * image[1] + oy * stride + ky - pad;
            size_t from = (row * image[2] + right.begin * stride + kx - pad) * in;
            size_t kernel = (ky * window[1] + kx) * in * out;
            work(&(struct shifted){{numbers(n->in[0]) + from, stride * in, 1},
                                   {numbers(n->in[1]) + kernel, out, 1},
                                   {y + ((b * places[1] + oy) * places[2] + right.begin) * out, out, 1},
                                   {at_or_null(dx, from), stride * in, 1},
                                   {at_or_null(dw, kernel), out, 1},
                                   right.end - right.begin,
                                   in,
                                   out});
        }
    }
}

typedef void convolution(const struct node *n, REAL *y, REAL *dx, REAL *dw, shifted_work *work);

static void convolve(const struct node *n, convolution *shifts)
{
    size_t count = tensor_count(n->out[0]), out = tensor_width(n->out[0]);
    const REAL *b = numbers(n->in[2]);
    for (size_t i = 0; i < count; i++)
        numbers(n->out[0])[i] = b ? b[i % out] : 0;
    shifts(n, numbers(n->out[0]), NULL, NULL, shifted_forward);
}

static void convolve_back(struct tape *t, struct node *n, convolution *shifts)
{
    size_t count = tensor_count(n->out[0]), out = tensor_width(n->out[0]);
    REAL *dx = slopes_to(t, n->in[0]), *dw = slopes_to(t, n->in[1]), *db = slopes_to(t, n->in[2]);
    for (size_t i = 0; db && i < count; i++)
        db[i % out] += slopes(n->out[0])[i];
    shifts(n, n->out[0]->grad, dx, dw, shifted_backward);
}

static void conv1d_forward(struct tape *t, struct node *n)
{
    (void)t;
    convolve(n, conv1d_shifts);
}

static void conv1d_backward(struct tape *t, struct node *n)
{
    convolve_back(t, n, conv1d_shifts);
}

static void conv2d_forward(struct tape *t, struct node *n)
{
    (void)t;
    convolve(n, conv2d_shifts);
}

static void conv2d_backward(struct tape *t, struct node *n)
{
    convolve_back(t, n, conv2d_shifts);
}

/* The part of a window that lies on the image: rows y .. y_end - 1, columns x .. x_end - 1. */
struct pane {
    size_t y, y_end, x, x_end;
};

static void pane_side(size_t at, size_t size, size_t image, size_t pad, size_t *begin, size_t *end)
{
    *begin = at > pad ? at - pad : 0;
    *end = at + size > pad ? at + size - pad : 0;
    *end = *end < image ? *end : image;
    *begin = *begin < *end ? *begin : *end;
}

static struct pane pane_of(const struct node *n, size_t oy, size_t ox)
{
    size_t size = n->whole[0], stride = n->whole[1], pad = n->whole[2];
    struct pane p;
    pane_side(oy * stride, size, n->in[0]->shape[1], pad, &p.y, &p.y_end);
    pane_side(ox * stride, size, n->in[0]->shape[2], pad, &p.x, &p.x_end);
    return p;
}

/* Where the largest number of channel `at` in the pane lies. */
static size_t pane_largest(const struct node *n, const struct pane *p, size_t at)
{
    const REAL *x = numbers(n->in[0]);
    size_t width = n->in[0]->shape[2], channels = n->in[0]->shape[3];
    size_t best = at + (p->y * width + p->x) * channels;
    for (size_t y = p->y; y < p->y_end; y++)
        for (size_t column = p->x; column < p->x_end; column++)
            if (x[at + (y * width + column) * channels] > x[best])
                best = at + (y * width + column) * channels;
    return best;
}

static double pane_share(const struct node *n, const struct pane *p)
{
    return n->kind == REDUCE_MEAN ? 1 / (double)((p->y_end - p->y) * (p->x_end - p->x)) : 1;
}

static double pane_value(const struct node *n, const struct pane *p, size_t at)
{
    size_t width = n->in[0]->shape[2], channels = n->in[0]->shape[3];
    double sum = 0;
    if (p->y == p->y_end || p->x == p->x_end)
        return 0;
    if (n->kind == REDUCE_MAX)
        return (double)numbers(n->in[0])[pane_largest(n, p, at)];
    for (size_t y = p->y; y < p->y_end; y++)
        for (size_t x = p->x; x < p->x_end; x++)
            sum += (double)numbers(n->in[0])[at + (y * width + x) * channels];
    return sum * pane_share(n, p);
}

static void pane_back(const struct node *n, const struct pane *p, size_t at, REAL *dx, double slope)
{
    size_t width = n->in[0]->shape[2], channels = n->in[0]->shape[3];
    if (p->y == p->y_end || p->x == p->x_end)
        return;
    if (n->kind == REDUCE_MAX) {
        dx[pane_largest(n, p, at)] += (REAL)slope;
        return;
    }
    for (size_t y = p->y; y < p->y_end; y++)
        for (size_t x = p->x; x < p->x_end; x++)
            dx[at + (y * width + x) * channels] += (REAL)(slope * pane_share(n, p));
}

/* Place i of the output: its pane, and where its image's channel begins. */
static struct pane pool2d_place(const struct node *n, size_t i, size_t *at)
{
    const size_t *places = n->out[0]->shape, *image = n->in[0]->shape;
    size_t c = i % places[3], ox = i / places[3] % places[2], oy = i / (places[3] * places[2]) % places[1];
    *at = i / (places[3] * places[2] * places[1]) * image[1] * image[2] * image[3] + c;
    return pane_of(n, oy, ox);
}

static void pool2d_forward(struct tape *t, struct node *n)
{
    size_t count = tensor_count(n->out[0]), at;
    (void)t;
    for (size_t i = 0; i < count; i++) {
        struct pane p = pool2d_place(n, i, &at);
        numbers(n->out[0])[i] = (REAL)pane_value(n, &p, at);
    }
}

static void pool2d_backward(struct tape *t, struct node *n)
{
    size_t count = tensor_count(n->out[0]), at;
    REAL *dx = slopes_to(t, n->in[0]);
    for (size_t i = 0; i < count; i++) {
        struct pane p = pool2d_place(n, i, &at);
        pane_back(n, &p, at, dx, (double)slopes(n->out[0])[i]);
    }
}

#endif
