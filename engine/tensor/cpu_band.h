/* Some rows of windows over a batch of images, with what lies beyond the images as zeros: where each window begins in
 * memory. Windows that reach beyond an image see a copy, which is small enough to stay in the cache while it is used;
 * where none does, the images themselves are seen.
 *
 * A place is (image, row, column); its window is high x wide pixels from (row stride - above, column stride - left). */
#ifndef TENSOR_CPU_BAND_H
#define TENSOR_CPU_BAND_H

#include <stddef.h>

struct band_grid {
    const float *source; /* images x height x width x depth */
    size_t images, height, width, depth;
    size_t rows, columns; /* of places of an image */
    size_t stride, high, wide;
    ptrdiff_t above, left;
};

struct band {
    const float **at; /* each place's window, row after row */
    size_t count;     /* of places */
    size_t apart;     /* numbers from a row of pixels to the next */
    float *copy;
};

size_t band_rows(const struct band_grid *g);                           /* how many rows are worth going together */
size_t band_room(const struct band_grid *g);                           /* bytes for so many rows */
struct band band_open(const struct band_grid *g, unsigned char *room); /* aligned to 64 bytes */

/* The rows first .. last - 1, counted through all images: at most band_rows of them. */
void band_fill(struct band *b, const struct band_grid *g, size_t first, size_t last);

#endif
