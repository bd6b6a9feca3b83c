/* Convolution of images on the processor. The way there and the slopes of x are products of windows (cpu_windows.h)
 * with the packed kernel, over bands of rows that stay in the cache; threads share the rows of all images.
 *
 * For the slopes of x, pixels whose coordinates leave the same rests by the stride have met the same places of the
 * kernel: for each such class a small kernel, turned round, goes over the slopes of y at stride 1. No product with a
 * zero in between is made. The slopes of w are sums over bands, for each thread by itself, added up in its order. */
#include <string.h>

#include "engine/tensor/cpu.h"
#include "engine/tensor/cpu_band.h"
#include "engine/tensor/cpu_windows.h"
#include "engine/tensor/cpu_winograd.h"

/* --- windows times kernels ---------------------------------------------------------------------------------------- */

/* Where a place's window is read and its result written: row i of places, class y: row i spread + y. Those outside the
 * result are left out. */
struct class
{
    size_t pieces, length, offset; /* offset: of the class's window in the place's, in numbers */
    ptrdiff_t y, x;
    const float *packed;
};

struct convolving {
    struct band_grid grid;
    const struct class *classes;
    size_t count, spread;
    float *to; /* images x height x width x columns */
    size_t height, width, columns;
    const float *bias;
    bool add;
    unsigned char *room; /* for each part: of a band, and of two lists of its places */
    size_t band_room, list_room;
};

struct places {
    const float **at;
    float **to;
    size_t count;
};

/* The places of the rows first .. last - 1 that have a result in the class. */
static void list_places(const struct convolving *v, const struct class *k, const struct band *b, size_t first,
                        size_t last, struct places *list)
{
    const struct band_grid *g = &v->grid;
    const float **at = b->at;
    size_t step = v->spread * v->columns, begin = k->x < 0, end = begin; /* columns of places: of x >= 0 and < width */
    while (end < g->columns && (ptrdiff_t)(end * v->spread) + k->x < (ptrdiff_t)v->width)
        end++;
    list->count = 0;
    for (size_t row = first; row < last; row++, at += g->columns) {
        ptrdiff_t y = (ptrdiff_t)(row % g->rows * v->spread) + k->y, x = (ptrdiff_t)(begin * v->spread) + k->x;
        float *to;
        if (y < 0 || y >= (ptrdiff_t)v->height || begin == end)
            continue;
        to = v->to + ((row / g->rows * v->height + (size_t)y) * v->width + (size_t)x) * v->columns;
        for (size_t c = begin; c < end; c++, to += step) {
            list->at[list->count] = at[c] + k->offset;
            list->to[list->count++] = to;
        }
    }
}

static void convolve_rows(void *context, int part, size_t begin, size_t end)
{
    const struct convolving *v = context;
    unsigned char *room = v->room + (size_t)part * (v->band_room + 2 * v->list_room);
    struct band band = band_open(&v->grid, room);
    struct places list = {(const float **)(void *)(room + v->band_room),
                          (float **)(void *)(room + v->band_room + v->list_room), 0};
    for (size_t rows = band_rows(&v->grid), first = begin, last; first < end; first = last) {
        last = end - first < rows ? end : first + rows;
        band_fill(&band, &v->grid, first, last);
        for (size_t i = 0; i < v->count; i++) {
            const struct class *k = &v->classes[i];
            list_places(v, k, &band, first, last, &list);
            window_product(&(struct window_product){
                .x = {list.at, list.count, k->pieces, k->length, band.apart},
                .c = list.to,
                .bias = v->bias,
                .add = v->add,
                .packed = k->packed,
                .columns = v->columns,
            });
        }
    }
}

static size_t whole_lines(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

static void convolve(struct tape *t, struct convolving *v, double operations)
{
    const struct band_grid *g = &v->grid;
    size_t rows = g->images * g->rows, parts = (size_t)cpu_parts(t, rows, operations);
    if (rows == 0 || g->columns == 0 || v->columns == 0)
        return;
    v->band_room = whole_lines(band_room(g));
    v->list_room = whole_lines(band_rows(g) * g->columns * sizeof(float *));
    v->room = tape_scratch(t, parts * (v->band_room + 2 * v->list_room));
    if (v->room)
        cpu_share(t, rows, operations, convolve_rows, v);
}

/* How many multiplications and additions the convolution of a node is. */
static double operations_of(const struct node *n)
{
    return 2 * (double)tensor_rows(n->out[0]) * (double)tensor_count(n->in[1]);
}

static struct band_grid grid_of(const struct node *n)
{
    const size_t *image = n->in[0]->shape, *window = n->in[1]->shape, *places = n->out[0]->shape;
    return (struct band_grid){n->in[0]->data,
                              image[0],
                              image[1],
                              image[2],
                              image[3],
                              places[1],
                              places[2],
                              n->whole[0],
                              window[0],
                              window[1],
                              (ptrdiff_t)n->whole[1],
                              (ptrdiff_t)n->whole[1]};
}

static void convolve_forward(struct tape *t, struct node *n)
{
    const struct tensor *w = n->in[1], *y = n->out[0];
    size_t depth = w->shape[0] * w->shape[1] * w->shape[2], columns = w->shape[3];
    float *packed = tape_scratch(t, product_room(depth, columns) * sizeof *packed);
    struct class whole = {w->shape[0], w->shape[1] * w->shape[2], 0, 0, 0, packed};
    struct convolving v = {.grid = grid_of(n),
                           .classes = &whole,
                           .count = 1,
                           .spread = 1,
                           .to = y->data,
                           .height = y->shape[1],
                           .width = y->shape[2],
                           .columns = columns,
                           .bias = numbers_of(n->in[2])};
    if (!packed)
        return;
    product_pack(packed, w->data, columns, depth, 0, columns, false);
    convolve(t, &v, operations_of(n));
}

/* --- the slopes of x ---------------------------------------------------------------------------------------------- */

/* How many of the numbers rest, rest + stride, ... are less than n. */
static size_t steps(size_t n, size_t rest, size_t stride)
{
    return rest < n ? (n - rest + stride - 1) / stride : 0;
}

/* The places (ky, kx) of w of one class, the last first, each transposed: pieces * length x C. */
static void pack_class(float *packed, const struct tensor *w, size_t stride, size_t rest_y, size_t rest_x)
{
    size_t high = steps(w->shape[0], rest_y, stride), wide = steps(w->shape[1], rest_x, stride);
    size_t in = w->shape[2], out = w->shape[3];
    for (size_t j = 0; j < in; j += PRODUCT_PANEL) {
        size_t width = in - j < PRODUCT_PANEL ? in - j : PRODUCT_PANEL;
        for (size_t i = 0; i < high * wide; i++, packed += out * PRODUCT_PANEL) {
            size_t ky = rest_y + (high - 1 - i / wide) * stride, kx = rest_x + (wide - 1 - i % wide) * stride;
            const float *place = (const float *)w->data + ((ky * w->shape[1] + kx) * in + j) * out;
            product_pack(packed, place, out, out, 0, width, true);
        }
    }
}

/* All classes of a stride; NULL: no memory. */
static struct class *classes_of(struct tape *t, const struct node *n, size_t apart)
{
    const struct tensor *w = n->in[1];
    size_t stride = n->whole[0], pad = n->whole[1], in = w->shape[2], out = w->shape[3];
    size_t most_y = steps(w->shape[0], 0, stride), most_x = steps(w->shape[1], 0, stride);
    struct class *classes = tape_scratch(t, stride * stride * sizeof *classes);
    float *packed = tape_scratch(t, product_room(w->shape[0] * w->shape[1] * out, in) * sizeof *packed);
    for (size_t i = 0; classes && packed && i < stride * stride; i++) {
        size_t rest_y = i / stride, rest_x = i % stride;
        size_t high = steps(w->shape[0], rest_y, stride), wide = steps(w->shape[1], rest_x, stride);
        bool any = high > 0 && wide > 0;
        classes[i] = (struct class){any ? high : 0,
                                    wide * out,
                                    any ? (most_y - high) * apart + (most_x - wide) * out : 0,
                                    (ptrdiff_t)rest_y - (ptrdiff_t)(pad % stride),
                                    (ptrdiff_t)rest_x - (ptrdiff_t)(pad % stride),
                                    packed};
        pack_class(packed, w, stride, rest_y, rest_x);
        packed += product_room(high * wide * out, in);
    }
    return packed ? classes : NULL;
}

/* Rows of places, one for each stride's worth of the n pixels that were padded. */
static size_t grid_side(size_t n, size_t stride, size_t pad)
{
    return n > 0 ? (n - 1 + pad) / stride - pad / stride + 1 : 0;
}

static void slope_of_x(struct tape *t, struct node *n)
{
    const struct tensor *x = n->in[0], *w = n->in[1], *y = n->out[0];
    size_t stride = n->whole[0], pad = n->whole[1], high = steps(w->shape[0], 0, stride),
           wide = steps(w->shape[1], 0, stride);
    double beta;
    float *dx = tape_grad_beta(t, n->in[0], &beta);
    struct convolving v = {.grid = {y->grad, y->shape[0], y->shape[1], y->shape[2], y->shape[3],
                                    grid_side(x->shape[1], stride, pad), grid_side(x->shape[2], stride, pad), 1, high,
                                    wide, (ptrdiff_t)high - 1 - (ptrdiff_t)(pad / stride),
                                    (ptrdiff_t)wide - 1 - (ptrdiff_t)(pad / stride)},
                           .count = stride * stride,
                           .spread = stride,
                           .to = dx,
                           .height = x->shape[1],
                           .width = x->shape[2],
                           .columns = x->shape[3],
                           .add = beta != 0};
    if (!dx || tensor_count(x) == 0)
        return;
    v.classes = classes_of(t, n, band_open(&v.grid, NULL).apart);
    if (v.classes)
        convolve(t, &v, operations_of(n));
}

/* --- the slopes of w ---------------------------------------------------------------------------------------------- */

struct summing {
    struct band_grid grid;
    const float *dy;
    size_t columns, depth;
    float *dw; /* of the first part; the others have their own, `size` floats each */
    float *others;
    size_t size;
    bool add;
    unsigned char *room; /* for each part: of a band, and of its rows of dy in panels */
    size_t band_room, panel_room;
};

/* Rows of dy as panels. */
static void cut_panels(float *panels, const float *dy, size_t rows, size_t columns)
{
    for (size_t j = 0; j < columns; j += PRODUCT_PANEL, panels += rows * PRODUCT_PANEL) {
        size_t width = columns - j < PRODUCT_PANEL ? columns - j : PRODUCT_PANEL;
        if (width == PRODUCT_PANEL) /* a size that the compiler knows */
            for (size_t i = 0; i < rows; i++)
                memcpy(panels + i * PRODUCT_PANEL, dy + i * columns + j, PRODUCT_PANEL * sizeof *panels);
        else
            for (size_t i = 0; i < rows; i++) {
                memset(panels + i * PRODUCT_PANEL, 0, PRODUCT_PANEL * sizeof *panels);
                memcpy(panels + i * PRODUCT_PANEL, dy + i * columns + j, width * sizeof *panels);
            }
    }
}

static void sum_rows(void *context, int part, size_t begin, size_t end)
{
    const struct summing *s = context;
    const struct band_grid *g = &s->grid;
    unsigned char *room = s->room + (size_t)part * (s->band_room + s->panel_room);
    float *panels = (float *)(void *)(room + s->band_room);
    struct band band = band_open(g, room);
    for (size_t rows = band_rows(g), first = begin, last; first < end; first = last) {
        const float *dy = s->dy + first * g->columns * s->columns;
        last = end - first < rows ? end : first + rows;
        band_fill(&band, g, first, last);
        if (s->columns != PRODUCT_PANEL)
            cut_panels(panels, dy, band.count, s->columns);
        window_sum(&(struct window_sum){.x = {band.at, band.count, g->high, g->wide * g->depth, band.apart},
                                        .w = part == 0 ? s->dw : s->others + (size_t)(part - 1) * s->size,
                                        .ldw = s->columns,
                                        .columns = s->columns,
                                        .add = first > begin || (part == 0 && s->add),
                                        .d = s->columns != PRODUCT_PANEL ? panels : dy});
    }
}

static void add_part(void *context, int part, size_t begin, size_t end)
{
    const struct summing *s = context;
    (void)part;
    cpu_add(s->dw + begin, s->others + begin, end - begin);
}

static void slope_of_w(struct tape *t, struct node *n)
{
    size_t size = tensor_count(n->in[1]), rows = n->out[0]->shape[0] * n->out[0]->shape[1], parts;
    double beta, operations = operations_of(n);
    struct summing s = {.grid = grid_of(n), .dy = n->out[0]->grad, .columns = n->out[0]->shape[3], .size = size};
    s.dw = tape_grad_beta(t, n->in[1], &beta);
    if (!s.dw || size == 0)
        return;
    s.add = beta != 0;
    if (tensor_count(n->out[0]) == 0) {
        if (!s.add)
            memset(s.dw, 0, size * sizeof *s.dw);
        return;
    }
    parts = (size_t)cpu_parts(t, rows, operations);
    s.band_room = whole_lines(band_room(&s.grid));
    s.panel_room = whole_lines(product_room(band_rows(&s.grid) * s.grid.columns, s.columns) * sizeof(float));
    s.room = tape_scratch(t, parts * (s.band_room + s.panel_room));
    s.others = tape_scratch(t, (parts - 1) * size * sizeof(float));
    if (!s.room || !s.others)
        return;
    cpu_share(t, rows, operations, sum_rows, &s);
    for (size_t i = 1; i < parts; i++, s.others += size)
        cpu_share(t, size, (double)size, add_part, &s);
}

/* --- the operation ------------------------------------------------------------------------------------------------ */

void cpu_conv2d_forward(struct tape *t, struct node *n)
{
    (winograd_fits(n) ? winograd_forward : convolve_forward)(t, n);
}

void cpu_conv2d_backward(struct tape *t, struct node *n)
{
    const struct tensor *y = n->out[0];
    bool fewer = winograd_fits(n);
    double beta;
    float *db = n->in[2] ? tape_grad_beta(t, n->in[2], &beta) : NULL;
    if (db)
        cpu_column_sums(t, db, y->grad, y->shape[3], tensor_rows(y), y->shape[3], (float)beta);
    (fewer ? winograd_slope_of_w : slope_of_w)(t, n);
    (fewer ? winograd_slope_of_x : slope_of_x)(t, n);
}
