/* Any bytes as an image: pixels of the size that the head tells, or an error that says where; and pixels, written and
 * read again, are the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/image.h"

#define PIXELS_MAX 300000u /* larger ones are decoded too slowly to try many */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_error(const struct error *err)
{
    if (err->code == ERROR_NONE || !err->what[0] || !err->where[0])
        abort();
}

static void write_and_compare(const uint8_t *pixels, uint32_t width, uint32_t height)
{
    static char name[] = "again";
    struct str out = {0};
    struct image again = {.coding = IMAGE_PNG, .width = width, .height = height, .name = name};
    struct error err;
    uint8_t *same;
    if (image_write_png(pixels, width, height, &out, &err) < 0)
        abort();
    again.bytes = (uint8_t *)out.data;
    again.len = out.len;
    same = image_pixels(&again, &err);
    if (!same || memcmp(same, pixels, (size_t)width * height * 3) != 0)
        abort();
    free(same);
    str_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static char name[] = "fuzz";
    struct image image = {.bytes = malloc(size + 1), .len = size, .name = name};
    struct error err = {0};
    uint8_t *pixels, square[7 * 7 * 3];
    if (size)
        memcpy(image.bytes, bytes, size);
    if (image_look(image.bytes, size, name, &image.coding, &image.width, &image.height, &err) < 0) {
        check_error(&err);
    } else if ((uint64_t)image.width * image.height <= PIXELS_MAX) {
        pixels = image_pixels(&image, &err);
        if (!pixels) {
            check_error(&err);
        } else {
            const struct image_part part = {-0.2f, 0.1f, (float)(bytes[size - 1] % 8), 0.8f};
            if (image_rescale(pixels, image.width, image.height, part, 5, square, 7, &err) < 0)
                abort();
            if ((uint64_t)image.width * image.height < 4096)
                write_and_compare(pixels, image.width, image.height);
        }
        free(pixels);
    }
    free(image.bytes);
    return 0;
}
