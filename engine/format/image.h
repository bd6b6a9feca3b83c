/* Single images as bytes: told by how they begin, looked at, decoded to pixels, rescaled, written. Hostile bytes are
 * the rule here: sizes are checked before anything is allocated, by images.h's limits.
 *
 * Pixels are height x width x 3 bytes, red green blue. Grey becomes three equal channels, transparency lies on white,
 * 16 bits become 8. CMYK and YCCK JPEGs are refused with a sentence (save it as RGB); so is what is neither JPEG nor
 * PNG, what is cut short, and what decodes to other sizes than its head says. EXIF turns are not applied, since boxes
 * count pixels as they are stored. */
#ifndef FORMAT_IMAGE_H
#define FORMAT_IMAGE_H

#include "engine/base/str.h"
#include "engine/data/images.h"

/* Coding and sizes by the head alone. `name` is for messages. */
int image_look(const void *bytes, size_t len, const char *name, enum image_coding *coding, uint32_t *width,
               uint32_t *height, struct error *err);

/* All pixels of an image; the caller frees. NULL and an error. */
uint8_t *image_pixels(const struct image *image, struct error *err);

/* Rescales the part of `from` (pixels, width x height) that lies between fractions of its sides to a square of
 * side x side pixels: each is the mean of what it covers where that is more than one (a triangle of bilinear weights,
 * as wide as the scale), else bilinear. Parts beyond the image take `fill`. left > right mirrors. */
struct image_part {
    float left, top, right, bottom; /* 0, 0, 1, 1: all; may lie outside */
};
int image_rescale(const uint8_t *from, uint32_t width, uint32_t height, struct image_part part, uint8_t fill,
                  uint8_t *to, uint32_t side, struct error *err);

int image_write_jpeg(const uint8_t *pixels, uint32_t width, uint32_t height, int quality, struct str *out,
                     struct error *err); /* appends */
int image_write_png(const uint8_t *pixels, uint32_t width, uint32_t height, struct str *out, struct error *err);

#endif
