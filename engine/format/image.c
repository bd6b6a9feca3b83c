#include "engine/format/image.h"

#include <stdlib.h>
#include <string.h>

#include "engine/format/image_coding.h"

static const struct coding {
    enum image_coding coding;
    size_t len;
    uint8_t begins[8];
    int (*look)(const uint8_t *bytes, size_t len, const char *name, uint32_t *width, uint32_t *height,
                struct error *err);
    int (*read)(const struct image *image, uint8_t *pixels, struct error *err);
} codings[] = {
    {IMAGE_JPEG, 3, {0xFF, 0xD8, 0xFF}, image_jpeg_look, image_jpeg_read},
    {IMAGE_PNG, 8, {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'}, image_png_look, image_png_read},
};
enum { CODINGS = sizeof codings / sizeof *codings };

int image_check_size(const char *name, uint32_t width, uint32_t height, struct error *err)
{
    if (width == 0 || height == 0)
        return error_set(err, ERROR_INPUT, name, "copy the file again", "The image has no pixels");
    if (width > IMAGE_SIDE_MAX || height > IMAGE_SIDE_MAX)
        return error_set(err, ERROR_LIMIT, name, "make the image smaller",
                         "The image has %u x %u pixels; a side may have %u", width, height, IMAGE_SIDE_MAX);
    if ((uint64_t)width * height > IMAGE_PIXELS_MAX)
        return error_set(err, ERROR_LIMIT, name, "make the image smaller",
                         "The image has %u x %u pixels; all of them may be %u", width, height, IMAGE_PIXELS_MAX);
    return 0;
}

int image_no_memory(const char *name, struct error *err)
{
    return error_set(err, ERROR_SYSTEM, name, "give smaller images or more memory",
                     "There is not enough memory for the image");
}

int image_look(const void *bytes, size_t len, const char *name, enum image_coding *coding, uint32_t *width,
               uint32_t *height, struct error *err)
{
    for (int i = 0; i < CODINGS; i++) {
        const struct coding *c = &codings[i];
        if (len < c->len || memcmp(bytes, c->begins, c->len) != 0)
            continue;
        *coding = c->coding;
        return c->look(bytes, len, name, width, height, err) < 0 ? -1 : image_check_size(name, *width, *height, err);
    }
    return error_set(err, ERROR_INPUT, name, "save the image as JPEG or PNG",
                     len ? "The file is neither a JPEG nor a PNG" : "The image is empty");
}

static int read_plain(const struct image *image, uint8_t *pixels, struct error *err)
{
    size_t count = (size_t)image->width * image->height * 3;
    if (image->len != count)
        return error_set(err, ERROR_INPUT, image->name, "give three bytes for each pixel",
                         "The image has %zu bytes instead of %zu", image->len, count);
    memcpy(pixels, image->bytes, count);
    return 0;
}

uint8_t *image_pixels(const struct image *image, struct error *err)
{
    int (*read)(const struct image *, uint8_t *, struct error *) = read_plain;
    uint8_t *pixels;
    for (int i = 0; i < CODINGS; i++)
        if (codings[i].coding == image->coding)
            read = codings[i].read;
    if (image_check_size(image->name, image->width, image->height, err) < 0)
        return NULL;
    pixels = malloc((size_t)image->width * image->height * 3);
    if (!pixels) {
        image_no_memory(image->name, err);
        return NULL;
    }
    if (read(image, pixels, err) == 0)
        return pixels;
    free(pixels);
    return NULL;
}
