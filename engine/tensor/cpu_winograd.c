#include "engine/tensor/cpu_winograd.h"

#include <string.h>

#include "engine/tensor/cpu.h"
#include "engine/tensor/cpu_band.h"
#include "engine/tensor/cpu_turn.h"
#include "engine/tensor/cpu_windows.h"

enum {
    PLACES = 16, /* of a square of 4 x 4, each a product of matrices */
    GROUP = 32,  /* columns of the result that are made together */
    LEAST_SQUARES = 64,
    CHANNELS = 16,    /* at fewer the additions cost what they save */
    TURNED = 96 << 10 /* numbers of squares that are turned at once: they stay in the second-level cache */
};

/* Squares that reach beyond the result do work for nothing, few of them do not pay for turning the kernels. */
static bool pays(const size_t *places)
{
    size_t squares = ((places[1] + 1) / 2) * ((places[2] + 1) / 2);
    return squares * PLACES * 7 < places[1] * places[2] * 9 * 4 && places[0] * squares >= LEAST_SQUARES;
}

bool winograd_fits(const struct node *n)
{
    const size_t *window = n->in[1]->shape;
    return window[0] == 3 && window[1] == 3 && n->whole[0] == 1 && window[2] >= CHANNELS && window[3] >= CHANNELS &&
           pays(n->out[0]->shape) && product_has_fma();
}

static size_t whole_lines(size_t numbers)
{
    return (numbers * sizeof(float) + 63) / 64 * 64;
}

/* --- squares ------------------------------------------------------------------------------------------------------ */

/* Each part's memory, in bytes: of a band, of its squares turned, and of what comes of them. */
struct rooms {
    unsigned char *at;
    size_t band, turned, made;
};

static unsigned char *room_of(const struct rooms *r, int part)
{
    return r->at + (size_t)part * (r->band + r->turned + r->made);
}

/* Squares of 4 x 4 pixels every 2, over images that were padded. */
static struct band_grid squares_of(const float *source, const size_t *shape, size_t high, size_t wide, ptrdiff_t pad)
{
    return (struct band_grid){source,         shape[0], shape[1], shape[2], shape[3], (high + 1) / 2,
                              (wide + 1) / 2, 2,        4,        4,        pad,      pad};
}

static size_t rows_at_once(const struct band_grid *g)
{
    size_t most = band_rows(g), fit = TURNED / (PLACES * g->depth * g->columns);
    return fit < 1 ? 1 : fit < most ? fit : most;
}

static void turn_band(float *turned, const struct band *b, size_t depth)
{
    for (size_t i = 0; i < b->count; i++)
        turn_pixels(turned + i * depth, b->count * depth, b->at[i], b->apart, depth);
}

/* Where the 2 x 2 results of square `i` (counted from row `first`) lie in images height x width x columns; outside
 * them: `beyond`. */
static void results_of(const struct band_grid *g, size_t first, size_t i, float *images, const size_t *shape,
                       float *beyond, float **to)
{
    size_t row = first + i / g->columns, y = row % g->rows * 2, x = i % g->columns * 2;
    for (size_t k = 0; k < 4; k++) {
        bool inside = y + k / 2 < shape[1] && x + k % 2 < shape[2];
        size_t pixel = (row / g->rows * shape[1] + y + k / 2) * shape[2] + x + k % 2;
        to[k] = inside ? images + pixel * shape[3] : beyond;
    }
}

/* --- the way there, and the slopes of x ----------------------------------------------------------------------------
 */

struct winograd {
    struct band_grid grid;
    float *to;
    const size_t *shape; /* of `to` */
    const float *bias;
    bool add;
    const float *packed; /* of all places, `room` floats each */
    size_t room;
    struct rooms rooms;
};

/* The results of a band in the columns from `first` on, `count` of them. */
static void make_columns(const struct winograd *w, const float *turned, float *made, size_t row, size_t squares,
                         size_t first, size_t count)
{
    size_t depth = w->grid.depth, step = squares * GROUP;
    float beyond[GROUP] = {0};
    for (size_t k = 0; k < PLACES; k++)
        product(&(struct product){.c = made + k * step,
                                  .ldc = GROUP,
                                  .a = turned + k * squares * depth,
                                  .lda = depth,
                                  .packed = w->packed + k * w->room + first * depth,
                                  .rows = squares,
                                  .columns = count,
                                  .depth = depth});
    for (size_t i = 0; i < squares; i++) {
        float *to[4];
        const float *from[4];
        results_of(&w->grid, row, i, w->to + first, w->shape, NULL, to);
        for (size_t k = 0; k < 4; k++) {
            from[k] = w->bias ? w->bias + first : w->add ? to[k] : NULL;
            to[k] = to[k] ? to[k] : beyond;
        }
        turn_result(to, from, made + i * GROUP, step, count);
    }
}

static void make_rows(void *context, int part, size_t begin, size_t end)
{
    const struct winograd *w = context;
    unsigned char *room = room_of(&w->rooms, part);
    float *turned = (float *)(void *)(room + w->rooms.band);
    float *made = (float *)(void *)(room + w->rooms.band + w->rooms.turned);
    struct band band = band_open(&w->grid, room);
    for (size_t rows = rows_at_once(&w->grid), first = begin, last; first < end; first = last) {
        last = end - first < rows ? end : first + rows;
        band_fill(&band, &w->grid, first, last);
        turn_band(turned, &band, w->grid.depth);
        for (size_t j = 0; j < w->shape[3]; j += GROUP)
            make_columns(w, turned, made, first, band.count, j, w->shape[3] - j < GROUP ? w->shape[3] - j : GROUP);
    }
}

/* Kernels turned and packed; `back`: the last place first, and transposed. */
static const float *pack_kernels(struct tape *t, const struct tensor *w, bool back, size_t *room)
{
    static const size_t there[] = {0, 1, 2, 3, 4, 5, 6, 7, 8}, round[] = {8, 7, 6, 5, 4, 3, 2, 1, 0};
    size_t in = w->shape[2], out = w->shape[3], size = in * out;
    float *turned = tape_scratch(t, PLACES * size * sizeof *turned), *packed;
    *room = back ? product_room(out, in) : product_room(in, out);
    packed = tape_scratch(t, PLACES * *room * sizeof *packed);
    if (!packed || !turned)
        return NULL;
    turn_kernels(turned, size, w->data, size, back ? round : there, size);
    for (size_t k = 0; k < PLACES; k++)
        product_pack(packed + k * *room, turned + k * size, out, back ? out : in, 0, back ? in : out, back);
    return packed;
}

static double operations_of(const struct node *n)
{
    return 0.9 * (double)tensor_rows(n->out[0]) * (double)tensor_count(n->in[1]);
}

static void make(struct tape *t, const struct node *n, struct winograd *w)
{
    const struct band_grid *g = &w->grid;
    size_t rows = g->images * g->rows, squares = rows_at_once(g) * g->columns;
    size_t parts = (size_t)cpu_parts(t, rows, operations_of(n));
    w->rooms.band = (band_room(g) + 63) / 64 * 64;
    w->rooms.turned = whole_lines(PLACES * squares * g->depth);
    w->rooms.made = whole_lines(PLACES * squares * GROUP);
    w->rooms.at = tape_scratch(t, parts * (w->rooms.band + w->rooms.turned + w->rooms.made));
    if (w->rooms.at && w->packed)
        cpu_share(t, rows, operations_of(n), make_rows, w);
}

void winograd_forward(struct tape *t, struct node *n)
{
    const struct tensor *x = n->in[0], *y = n->out[0];
    struct winograd w = {
        .grid = squares_of(x->data, x->shape, y->shape[1], y->shape[2], (ptrdiff_t)n->whole[1]),
        .to = y->data,
        .shape = y->shape,
        .bias = numbers_of(n->in[2]),
    };
    w.packed = pack_kernels(t, n->in[1], false, &w.room);
    make(t, n, &w);
}

void winograd_slope_of_x(struct tape *t, struct node *n)
{
    const struct tensor *x = n->in[0], *y = n->out[0];
    double beta;
    struct winograd w = {
        .grid = squares_of(y->grad, y->shape, x->shape[1], x->shape[2], 2 - (ptrdiff_t)n->whole[1]),
        .to = tape_grad_beta(t, n->in[0], &beta),
        .shape = x->shape,
    };
    if (!w.to || tensor_count(x) == 0)
        return;
    w.add = beta != 0;
    w.packed = pack_kernels(t, n->in[1], true, &w.room);
    make(t, n, &w);
}

/* --- the slopes of w ---------------------------------------------------------------------------------------------- */

struct summing {
    struct band_grid grid;
    const float *dy;
    const size_t *shape; /* of dy */
    float *sums;         /* of each part: 16 places of C x O */
    size_t size;
    float *dw;
    size_t parts;
    bool add;
    struct rooms rooms;
};

/* The slopes of a band's results, turned: of each place panels of 16 columns. */
static void turn_slopes(const struct summing *s, float *made, size_t row, size_t squares)
{
    static const float nothing[PRODUCT_PANEL];
    size_t columns = s->shape[3], step = product_room(squares, columns);
    for (size_t i = 0; i < squares; i++) {
        float *from[4];
        results_of(&s->grid, row, i, (float *)(uintptr_t)s->dy, s->shape, NULL, from);
        for (size_t j = 0; j < columns; j += PRODUCT_PANEL) {
            size_t width = columns - j < PRODUCT_PANEL ? columns - j : PRODUCT_PANEL;
            const float *at[4];
            for (size_t k = 0; k < 4; k++)
                at[k] = from[k] ? from[k] + j : nothing;
            turn_slope(made + j * squares + i * PRODUCT_PANEL, step, at, 0, width);
        }
    }
}

static void sum_rows(void *context, int part, size_t begin, size_t end)
{
    const struct summing *s = context;
    const struct band_grid *g = &s->grid;
    unsigned char *room = room_of(&s->rooms, part);
    float *turned = (float *)(void *)(room + s->rooms.band);
    float *made = (float *)(void *)(room + s->rooms.band + s->rooms.turned);
    struct band band = band_open(g, room);
    memset(made, 0, s->rooms.made); /* columns that fill no panel */
    for (size_t rows = rows_at_once(g), first = begin, last; first < end; first = last) {
        size_t depth = g->depth, columns = s->shape[3];
        last = end - first < rows ? end : first + rows;
        band_fill(&band, g, first, last);
        turn_band(turned, &band, depth);
        turn_slopes(s, made, first, band.count);
        for (size_t k = 0; k < PLACES; k++) {
            for (size_t i = 0; i < band.count; i++)
                band.at[i] = turned + (k * band.count + i) * depth;
            window_sum(&(struct window_sum){.x = {band.at, band.count, 1, depth, depth},
                                            .w = s->sums + (size_t)part * PLACES * s->size + k * s->size,
                                            .ldw = columns,
                                            .columns = columns,
                                            .add = first > begin,
                                            .d = made + k * product_room(band.count, columns)});
        }
    }
}

/* Kernels begin .. end - 1 of all parts' sums, turned back. */
static void finish_kernels(void *context, int part, size_t begin, size_t end)
{
    const struct summing *s = context;
    (void)part;
    for (size_t i = 1; i < s->parts; i++)
        for (size_t k = 0; k < PLACES; k++)
            cpu_add(s->sums + k * s->size + begin, s->sums + (i * PLACES + k) * s->size + begin, end - begin);
    turn_kernel_slopes(s->dw + begin, s->size, s->add, s->sums + begin, s->size, end - begin);
}

void winograd_slope_of_w(struct tape *t, struct node *n)
{
    const struct tensor *x = n->in[0], *y = n->out[0];
    size_t rows, squares;
    double beta, operations = operations_of(n);
    struct summing s = {
        .grid = squares_of(x->data, x->shape, y->shape[1], y->shape[2], (ptrdiff_t)n->whole[1]),
        .dy = y->grad,
        .shape = y->shape,
        .size = x->shape[3] * y->shape[3],
        .dw = tape_grad_beta(t, n->in[1], &beta),
    };
    if (!s.dw)
        return;
    s.add = beta != 0;
    rows = s.grid.images * s.grid.rows;
    squares = rows_at_once(&s.grid) * s.grid.columns;
    s.parts = (size_t)cpu_parts(t, rows, operations);
    s.rooms.band = (band_room(&s.grid) + 63) / 64 * 64;
    s.rooms.turned = whole_lines(PLACES * squares * s.grid.depth);
    s.rooms.made = whole_lines(PLACES * product_room(squares, s.shape[3]));
    s.rooms.at = tape_scratch(t, s.parts * (s.rooms.band + s.rooms.turned + s.rooms.made));
    s.sums = tape_scratch(t, s.parts * PLACES * s.size * sizeof(float));
    if (!s.rooms.at || !s.sums)
        return;
    cpu_share(t, rows, operations, sum_rows, &s);
    cpu_share(t, s.size, 100 * (double)s.size, finish_kernels, &s);
}
