/* The two codings of images, each by its library, behind image.h. Only image*.c include this. `look` gives the sizes
 * as the head tells them, `read` fills width x height x 3 bytes and fails unless the image has just that size. Sizes
 * are checked by image_check_size before anything is allocated for them. */
#ifndef FORMAT_IMAGE_CODING_H
#define FORMAT_IMAGE_CODING_H

#include "engine/format/image.h"

/* Scans of a progressive JPEG: usual ones have ten; each costs a walk over the whole image. */
#define IMAGE_SCANS_MAX 100u
#define IMAGE_SCANNED_MAX 1000000000u /* pixels x scans */

int image_check_size(const char *name, uint32_t width, uint32_t height, struct error *err);
int image_no_memory(const char *name, struct error *err);

int image_jpeg_look(const uint8_t *bytes, size_t len, const char *name, uint32_t *width, uint32_t *height,
                    struct error *err);
int image_jpeg_read(const struct image *image, uint8_t *pixels, struct error *err);

int image_png_look(const uint8_t *bytes, size_t len, const char *name, uint32_t *width, uint32_t *height,
                   struct error *err);
int image_png_read(const struct image *image, uint8_t *pixels, struct error *err);

#endif
