#include "engine/tensor/cpu_band.h"

#include <stdbool.h>
#include <string.h>

/* So many places share a panel of weights that comes from the second-level cache or beyond, and so many numbers of
 * their images leave room for it there. */
enum { PLACES = 128, NUMBERS = 65536 };

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Of the copy: pixels of a row, and rows for n rows of places of one image. */
static size_t copy_width(const struct band_grid *g)
{
    return (g->columns - 1) * g->stride + g->wide;
}

static size_t copy_height(const struct band_grid *g, size_t n)
{
    return (n - 1) * g->stride + g->high;
}

static bool inside(ptrdiff_t before, size_t reach, size_t size)
{
    return before <= 0 && reach + (size_t)-before <= size;
}

static bool needs_copy(const struct band_grid *g)
{
    return !inside(g->above, copy_height(g, g->rows), g->height) || !inside(g->left, copy_width(g), g->width);
}

size_t band_rows(const struct band_grid *g)
{
    size_t rows = larger(1, PLACES / g->columns);
    size_t numbers = larger(1, g->stride * copy_width(g) * g->depth);
    return smaller(rows, larger(1, NUMBERS / numbers));
}

static size_t pointers_room(const struct band_grid *g)
{
    return (band_rows(g) * g->columns * sizeof(float *) + 63) / 64 * 64;
}

size_t band_room(const struct band_grid *g)
{
    size_t rows = band_rows(g), images = smaller(rows, rows / g->rows + 2);
    size_t height = needs_copy(g) ? rows * g->stride + images * g->high : 0;
    return pointers_room(g) + height * copy_width(g) * g->depth * sizeof(float);
}

struct band band_open(const struct band_grid *g, unsigned char *room)
{
    return (struct band){.at = (const float **)(void *)room,
                         .apart = (needs_copy(g) ? copy_width(g) : g->width) * g->depth,
                         .copy = needs_copy(g) ? (float *)(void *)(room + pointers_room(g)) : NULL};
}

/* One row of pixels, row y of an image, or of zeros. */
static void copy_row(float *to, const struct band_grid *g, size_t image, ptrdiff_t y)
{
    ptrdiff_t width = (ptrdiff_t)copy_width(g), begin = g->left > 0 ? g->left : 0, end = (ptrdiff_t)g->width + g->left;
    size_t depth = g->depth;
    end = end < width ? end : width;
    if (y < 0 || y >= (ptrdiff_t)g->height || end <= begin) {
        memset(to, 0, (size_t)width * depth * sizeof *to);
        return;
    }
    memset(to, 0, (size_t)begin * depth * sizeof *to);
    memcpy(to + (size_t)begin * depth,
           g->source + ((image * g->height + (size_t)y) * g->width + (size_t)(begin - g->left)) * depth,
           (size_t)(end - begin) * depth * sizeof *to);
    memset(to + (size_t)end * depth, 0, (size_t)(width - end) * depth * sizeof *to);
}

/* Where the window of the first column of row `row` of an image begins, when nothing is copied. */
static const float *in_place(const struct band_grid *g, size_t image, size_t row)
{
    size_t y = row * g->stride + (size_t)-g->above;
    return g->source + ((image * g->height + y) * g->width + (size_t)-g->left) * g->depth;
}

void band_fill(struct band *b, const struct band_grid *g, size_t first, size_t last)
{
    float *copy = b->copy;
    b->count = 0;
    for (size_t next; first < last; first = next) {
        size_t image = first / g->rows, row = first % g->rows;
        const float *start = copy ? copy : in_place(g, image, row);
        next = smaller(last, first - row + g->rows);
        for (size_t y = 0; copy && y < copy_height(g, next - first); y++, copy += b->apart)
            copy_row(copy, g, image, (ptrdiff_t)(row * g->stride + y) - g->above);
        for (size_t r = 0; r < next - first; r++)
            for (size_t c = 0; c < g->columns; c++)
                b->at[b->count++] = start + r * g->stride * b->apart + c * g->stride * g->depth;
    }
}
