/* Images of all kinds against PIL, sizes before pixels, bombs, every cut, and what is refused and how. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include <jpeglib.h>
#include <zlib.h>

#include "engine/format/image.h"
#include "engine/format/input.h"

#define FOLDER "tests/golden/image/"
#define SIDE_ACROSS 21u
#define SIDE_DOWN 13u

static struct str load(const char *path)
{
    struct str bytes = {0};
    struct error err;
    assert_int_equal(input_all(path, 1u << 24, &bytes, &err), 0);
    return bytes;
}

static struct str load_golden(const char *name)
{
    char path[200];
    snprintf(path, sizeof path, FOLDER "%s", name);
    return load(path);
}

static int look(const struct str *bytes, struct image *image, struct error *err)
{
    static char name[] = "the image";
    *err = (struct error){0};
    *image = (struct image){.bytes = (uint8_t *)bytes->data, .len = bytes->len, .name = name};
    return image_look(bytes->data, bytes->len, name, &image->coding, &image->width, &image->height, err);
}

/* Pixels, or NULL and an error that says where and what to do. */
static uint8_t *decode(const struct str *bytes, struct image *image, struct error *err)
{
    uint8_t *pixels = look(bytes, image, err) == 0 ? image_pixels(image, err) : NULL;
    if (!pixels)
        assert_true(err->code != ERROR_NONE && err->what[0] && err->where[0]);
    return pixels;
}

static void assert_near(const uint8_t *got, const struct str *wanted, size_t count, int most)
{
    assert_int_equal(wanted->len, count);
    for (size_t i = 0; i < count; i++)
        if (abs(got[i] - (uint8_t)wanted->data[i]) > most)
            fail_msg("byte %zu is %d, not %d", i, got[i], (uint8_t)wanted->data[i]);
}

static void the_pixels_are_those_of_pil(void **state)
{
    static const struct {
        const char *file, *pixels;
        int most; /* mixing with white is rounded in two ways */
    } cases[] = {{"jpeg_colour.jpg", "jpeg_colour.rgb", 0},
                 {"jpeg_full_chroma.jpg", "jpeg_full_chroma.rgb", 0},
                 {"jpeg_grey.jpg", "jpeg_grey.rgb", 0},
                 {"jpeg_progressive.jpg", "jpeg_progressive.rgb", 0},
                 {"png_colour.png", "png_colour.rgb", 0},
                 {"png_grey.png", "png_grey.rgb", 0},
                 {"png_two_levels.png", "png_two_levels.rgb", 0},
                 {"png_palette.png", "png_palette.rgb", 0},
                 {"png_palette_clear.png", "png_palette_clear.rgb", 0},
                 {"png_alpha.png", "png_alpha.rgb", 1},
                 {"png_grey_alpha.png", "png_grey_alpha.rgb", 1},
                 {"png_interlaced.png", "png_interlaced.rgb", 0},
                 {"png_16.png", "png_16.rgb", 0},
                 {"png_grey_16.png", "png_grey_16.rgb", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str bytes = load_golden(cases[i].file), wanted = load_golden(cases[i].pixels);
        struct image image;
        struct error err;
        uint8_t *pixels = decode(&bytes, &image, &err);
        if (!pixels)
            fail_msg("%s: %s", cases[i].file, err.what);
        assert_int_equal(image.coding, cases[i].file[0] == 'j' ? IMAGE_JPEG : IMAGE_PNG);
        assert_int_equal(image.width, SIDE_ACROSS);
        assert_int_equal(image.height, SIDE_DOWN);
        assert_near(pixels, &wanted, SIDE_ACROSS * SIDE_DOWN * 3, cases[i].most);
        free(pixels);
        str_free(&bytes);
        str_free(&wanted);
    }
}

static uint64_t fnv(const uint8_t *bytes, size_t len)
{
    uint64_t h = 0xCBF29CE484222325u;
    for (size_t i = 0; i < len; i++)
        h = (h ^ bytes[i]) * 0x100000001B3u;
    return h;
}

static void real_photographs_too(void **state)
{
    const char *shared = getenv("FLASHLAB_SHARED");
    FILE *list = fopen(FOLDER "bccd.txt", "r");
    char name[80], path[400];
    unsigned long long wanted;
    size_t count = 0;
    (void)state;
    assert_non_null(list);
    while (fscanf(list, "%79s %llx", name, &wanted) == 2) {
        struct str bytes = {0};
        struct image image;
        struct error err;
        uint8_t *pixels;
        snprintf(path, sizeof path, "%.250s/data/bccd/test/%.79s", shared ? shared : "../shared", name);
        if (input_all(path, 1u << 24, &bytes, &err) < 0) {
            fclose(list);
            str_free(&bytes);
            print_message("skipped: the images of bccd are not here\n");
            skip();
        }
        pixels = decode(&bytes, &image, &err);
        assert_non_null(pixels);
        assert_true(fnv(pixels, (size_t)image.width * image.height * 3) == wanted);
        free(pixels);
        str_free(&bytes);
        count++;
    }
    fclose(list);
    assert_int_equal(count, 72);
}

/* --- rescaling ------------------------------------------------------------------------------------------------------
 */

static const struct image_part all = {0, 0, 1, 1};

static void rescaling_is_that_of_pil(void **state)
{
    static const struct {
        uint32_t side;
        const char *file;
        struct image_part part;
    } cases[] = {{5, "png_colour.5.rgb", {0, 0, 1, 1}},
                 {16, "png_colour.16.rgb", {0, 0, 1, 1}},
                 {40, "png_colour.40.rgb", {0, 0, 1, 1}},
                 {9, "png_colour.part.rgb", {0.25f, 0.1f, 0.75f, 0.9f}}};
    struct str from = load_golden("png_colour.rgb");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str wanted = load_golden(cases[i].file);
        uint8_t got[40 * 40 * 3];
        struct error err;
        assert_int_equal(
            image_rescale((uint8_t *)from.data, SIDE_ACROSS, SIDE_DOWN, cases[i].part, 0, got, cases[i].side, &err), 0);
        assert_near(got, &wanted, cases[i].side * cases[i].side * 3, 1);
        str_free(&wanted);
    }
    str_free(&from);
}

static void rescaling_to_the_same_side_changes_nothing(void **state)
{
    uint8_t from[17 * 17 * 3], to[17 * 17 * 3];
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof from; i++)
        from[i] = (uint8_t)(i * 37);
    assert_int_equal(image_rescale(from, 17, 17, all, 0, to, 17, &err), 0);
    assert_memory_equal(from, to, sizeof from);
    assert_int_equal(image_rescale(from, 17, 17, (struct image_part){1, 0, 0, 1}, 0, to, 17, &err), 0);
    for (size_t y = 0; y < 17; y++)
        for (size_t x = 0; x < 17; x++)
            assert_memory_equal(from + (y * 17 + x) * 3, to + (y * 17 + 16 - x) * 3, 3);
}

static void beyond_the_image_lies_the_fill(void **state)
{
    uint8_t from[4 * 2 * 3], to[8 * 8 * 3];
    struct error err;
    (void)state;
    memset(from, 200, sizeof from);
    assert_int_equal(image_rescale(from, 4, 2, (struct image_part){-0.5f, -0.5f, 1.5f, 1.5f}, 9, to, 8, &err), 0);
    for (size_t y = 0; y < 8; y++)
        for (size_t x = 0; x < 8; x++)
            assert_int_equal(to[(y * 8 + x) * 3 + 1], x >= 2 && x < 6 && y >= 2 && y < 6 ? 200 : 9);
    assert_int_equal(image_rescale(from, 4, 2, (struct image_part){3, 3, 4, 4}, 9, to, 8, &err), 0);
    for (size_t i = 0; i < sizeof to; i++)
        assert_int_equal(to[i], 9);
}

static void parts_that_are_none_are_refused(void **state)
{
    uint8_t from[3] = {0}, to[3];
    struct error err;
    const struct image_part wrong = {0, 0, 1e30f, 1};
    (void)state;
    assert_int_equal(image_rescale(from, 1, 1, wrong, 0, to, 1, &err), -1);
    assert_int_equal(image_rescale(from, 1, 1, all, 0, to, 0, &err), -1);
    assert_int_equal(image_rescale(from, 1, 1, all, 0, to, 1, &err), 0);
}

/* --- writing --------------------------------------------------------------------------------------------------------
 */

static void what_was_written_reads_the_same(void **state)
{
    enum { WIDTH = 33, HEIGHT = 18, COUNT = WIDTH * HEIGHT * 3 };
    uint8_t pixels[COUNT];
    struct str png = {0}, jpeg = {0};
    struct image image;
    struct error err;
    uint8_t *again;
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        pixels[i] = (uint8_t)(60 + i % 3 * 50 + i / 3 % WIDTH * 2);
    assert_int_equal(image_write_png(pixels, WIDTH, HEIGHT, &png, &err), 0);
    again = decode(&png, &image, &err);
    assert_memory_equal(again, pixels, COUNT);
    free(again);
    assert_int_equal(image_write_jpeg(pixels, WIDTH, HEIGHT, 95, &jpeg, &err), 0);
    again = decode(&jpeg, &image, &err);
    for (size_t i = 0; i < COUNT; i++)
        assert_in_range(again[i], pixels[i] - 6, pixels[i] + 6);
    free(again);
    assert_int_equal(image_write_jpeg(pixels, 0, 3, 95, &jpeg, &err), -1);
    str_free(&png);
    str_free(&jpeg);
}

/* --- what is refused ------------------------------------------------------------------------------------------------
 */

static void refusals_say_why(void **state)
{
    static const struct {
        const char *file, *what;
        enum error_code code;
    } cases[] = {{"refused_cmyk.jpg", "CMYK", ERROR_INPUT},
                 {"refused_wide.jpg", "60000 x 1 pixels", ERROR_LIMIT},
                 {"refused_wide.png", "60000 x 1 pixels", ERROR_LIMIT},
                 {"refused_vast.png", "16000 x 16000 pixels", ERROR_LIMIT},
                 {"refused_gif.gif", "neither a JPEG nor a PNG", ERROR_INPUT}};
    struct image image;
    struct error err;
    struct str nothing = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str bytes = load_golden(cases[i].file);
        assert_int_equal(look(&bytes, &image, &err), -1);
        assert_int_equal(err.code, cases[i].code);
        assert_non_null(strstr(err.what, cases[i].what));
        assert_string_equal(err.where, "the image");
        assert_true(err.fix[0]);
        str_free(&bytes);
    }
    assert_int_equal(look(&nothing, &image, &err), -1);
    assert_non_null(strstr(err.what, "empty"));
}

/* A JPEG of channels that are no light: two of them, or four of ink as they are stored by way of YCCK. */
static void write_channels(struct str *out, int channels, J_COLOR_SPACE from, J_COLOR_SPACE stored)
{
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr manager;
    uint8_t row[8 * 4] = {1, 90, 200}, *bytes = NULL;
    JSAMPROW rows = row;
    unsigned long len = 0;
    c.err = jpeg_std_error(&manager);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &bytes, &len);
    c.image_width = c.image_height = 8;
    c.input_components = channels;
    c.in_color_space = from;
    jpeg_set_defaults(&c);
    jpeg_set_colorspace(&c, stored);
    jpeg_start_compress(&c, TRUE);
    for (int i = 0; i < 8; i++)
        jpeg_write_scanlines(&c, &rows, 1);
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    str_append(out, bytes, len);
    free(bytes);
}

static void other_colours_are_refused(void **state)
{
    struct str inks = {0}, two = {0};
    struct image image;
    struct error err;
    (void)state;
    write_channels(&inks, 4, JCS_CMYK, JCS_YCCK);
    assert_int_equal(look(&inks, &image, &err), -1);
    assert_non_null(strstr(err.what, "CMYK"));
    write_channels(&two, 2, JCS_UNKNOWN, JCS_UNKNOWN);
    assert_int_equal(look(&two, &image, &err), -1);
    assert_non_null(strstr(err.what, "2 channels"));
    str_free(&inks);
    str_free(&two);
}

static void sizes_must_be_those_of_the_head(void **state)
{
    static const char *const files[] = {"jpeg_colour.jpg", "png_colour.png", "png_alpha.png"};
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct str bytes = load_golden(files[i]);
        struct image image;
        struct error err;
        assert_int_equal(look(&bytes, &image, &err), 0);
        image.width++;
        assert_null(image_pixels(&image, &err));
        assert_non_null(strstr(err.what, "21 x 13 pixels, not 22 x 13"));
        str_free(&bytes);
    }
}

static void plain_pixels_are_as_many_as_they_should(void **state)
{
    uint8_t bytes[12] = {1, 2, 3};
    static char name[] = "made";
    struct image image = {IMAGE_RGB, bytes, sizeof bytes, 2, 2, 0, 0, name};
    struct error err;
    uint8_t *pixels = image_pixels(&image, &err);
    (void)state;
    assert_memory_equal(pixels, bytes, sizeof bytes);
    free(pixels);
    image.len = 11;
    assert_null(image_pixels(&image, &err));
}

/* Every beginning of every kind is an error and leaves nothing behind. */
static void cut_images_are_refused(void **state)
{
    static const char *const files[] = {"jpeg_colour.jpg",    "jpeg_progressive.jpg", "png_colour.png",
                                        "png_interlaced.png", "png_alpha.png",        "png_palette_clear.png"};
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct str bytes = load_golden(files[i]), cut;
        for (size_t len = 0; len < bytes.len; len++) {
            struct image image;
            struct error err;
            cut = (struct str){.data = malloc(len + 1), .len = len};
            memcpy(cut.data, bytes.data, len);
            assert_null(decode(&cut, &image, &err));
            free(cut.data);
        }
        str_free(&bytes);
    }
}

/* Any byte may be wrong: an error or other pixels, nothing else. */
static void damaged_images_do_no_harm(void **state)
{
    static const char *const files[] = {"jpeg_colour.jpg", "jpeg_progressive.jpg", "png_palette.png", "png_16.png"};
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        struct str bytes = load_golden(files[i]);
        for (size_t at = 0; at < bytes.len; at++) {
            struct image image;
            struct error err;
            char before = bytes.data[at];
            bytes.data[at] = (char)(before ^ (1 << at % 8));
            free(decode(&bytes, &image, &err));
            bytes.data[at] = before;
        }
        str_free(&bytes);
    }
}

/* --- bombs ----------------------------------------------------------------------------------------------------------
 */

/* A progressive JPEG of four scans for one grey channel, the first of which is the one that is repeated. */
static void write_scans(struct str *out, unsigned repeats)
{
    static const jpeg_scan_info scans[] = {{1, {0}, 0, 0, 0, 0}, {1, {0}, 1, 63, 0, 0}};
    struct jpeg_compress_struct c;
    struct jpeg_error_mgr manager;
    uint8_t row[64] = {1, 90, 200}, *bytes = NULL, *first, *second;
    JSAMPROW rows = row;
    unsigned long len = 0;
    c.err = jpeg_std_error(&manager);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &bytes, &len);
    c.image_width = c.image_height = 64;
    c.input_components = 1;
    c.in_color_space = JCS_GRAYSCALE;
    jpeg_set_defaults(&c);
    c.scan_info = scans;
    c.num_scans = 2;
    jpeg_start_compress(&c, TRUE);
    for (int i = 0; i < 64; i++)
        jpeg_write_scanlines(&c, &rows, 1);
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    first = memmem(bytes, len, "\xFF\xDA", 2);
    second = memmem(first + 2, len - (size_t)(first + 2 - bytes), "\xFF\xC4", 2); /* tables of the second scan */
    assert_non_null(second);
    str_append(out, bytes, (size_t)(first - bytes));
    for (unsigned i = 0; i < repeats; i++)
        str_append(out, first, (size_t)(second - first));
    str_append(out, second, len - (size_t)(second - bytes));
    free(bytes);
}

static void endless_scans_are_refused(void **state)
{
    struct str few = {0}, many = {0};
    struct image image;
    struct error err;
    uint8_t *pixels;
    (void)state;
    write_scans(&few, 3);
    pixels = decode(&few, &image, &err);
    assert_non_null(pixels);
    free(pixels);
    write_scans(&many, 5000);
    assert_null(decode(&many, &image, &err));
    assert_non_null(strstr(err.what, "scans"));
    str_free(&few);
    str_free(&many);
}

static void put_chunk(struct str *out, const char *kind, const void *data, size_t len)
{
    uint8_t size[4] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len}, sum[4];
    uLong check = crc32(crc32(0, (const Bytef *)kind, 4), data, (uInt)len);
    if (len == 0)
        check = crc32(0, (const Bytef *)kind, 4);
    for (int i = 0; i < 4; i++)
        sum[i] = (uint8_t)(check >> (24 - 8 * i));
    str_append(out, size, 4);
    str_append(out, kind, 4);
    str_append(out, data, len);
    str_append(out, sum, 4);
}

/* A chunk beside the pixels that unpacks to 256 MiB. */
static void chunks_are_not_unpacked(void **state)
{
    static const char *const kinds[] = {"zTXt", "iCCP", "iTXt"};
    static const char *const heads[] = {"x\0\0", "x\0\0", "x\0\1\0\0\0"};
    static const size_t head_lengths[] = {3, 3, 6};
    size_t big = 256u << 20, room = compressBound(1u << 20);
    struct str golden = load_golden("png_colour.png"), wanted = load_golden("png_colour.rgb");
    uint8_t *zeros = calloc(1, 1u << 20), *packed = malloc(room * 2);
    z_stream z = {.next_out = packed, .avail_out = (uInt)(room * 2)};
    (void)state;
    deflateInit(&z, 9);
    for (size_t done = 0; done < big; done += 1u << 20) {
        z.next_in = zeros;
        z.avail_in = 1u << 20;
        deflate(&z, done + (1u << 20) == big ? Z_FINISH : Z_NO_FLUSH);
    }
    for (size_t i = 0; i < 3; i++) {
        struct str bytes = {0}, data = {0};
        struct rusage before, after;
        struct image image;
        struct error err;
        uint8_t *pixels;
        str_append(&data, heads[i], head_lengths[i]);
        str_append(&data, packed, z.total_out);
        str_append(&bytes, golden.data, 33);
        for (int k = 0; k < 8; k++)
            put_chunk(&bytes, kinds[i], data.data, data.len);
        str_append(&bytes, golden.data + 33, golden.len - 33);
        getrusage(RUSAGE_SELF, &before);
        pixels = decode(&bytes, &image, &err);
        getrusage(RUSAGE_SELF, &after);
        if (pixels)
            assert_near(pixels, &wanted, SIDE_ACROSS * SIDE_DOWN * 3, 0);
        assert_true(after.ru_maxrss - before.ru_maxrss < 64 * 1024);
        free(pixels);
        str_free(&bytes);
        str_free(&data);
    }
    deflateEnd(&z);
    free(zeros);
    free(packed);
    str_free(&golden);
    str_free(&wanted);
}

/* 200 MiB of zeros for an image of nine pixels. */
static void more_pixels_than_there_are_do_no_harm(void **state)
{
    static const uint8_t head[] = {0, 0, 0, 3, 0, 0, 0, 3, 8, 2, 0, 0, 0};
    uint8_t *zeros = calloc(1, 1u << 20), *packed = malloc(1u << 20);
    z_stream z = {.next_out = packed, .avail_out = 1u << 20};
    struct str bytes = {0};
    struct image image;
    struct error err;
    (void)state;
    deflateInit(&z, 9);
    for (int i = 0; i < 200; i++) {
        z.next_in = zeros;
        z.avail_in = 1u << 20;
        deflate(&z, i == 199 ? Z_FINISH : Z_NO_FLUSH);
    }
    str_append(&bytes, "\x89PNG\r\n\x1a\n", 8);
    put_chunk(&bytes, "IHDR", head, sizeof head);
    put_chunk(&bytes, "IDAT", packed, z.total_out);
    put_chunk(&bytes, "IEND", "", 0);
    free(decode(&bytes, &image, &err));
    deflateEnd(&z);
    free(zeros);
    free(packed);
    str_free(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_pixels_are_those_of_pil),
                                       cmocka_unit_test(real_photographs_too),
                                       cmocka_unit_test(rescaling_is_that_of_pil),
                                       cmocka_unit_test(rescaling_to_the_same_side_changes_nothing),
                                       cmocka_unit_test(beyond_the_image_lies_the_fill),
                                       cmocka_unit_test(parts_that_are_none_are_refused),
                                       cmocka_unit_test(what_was_written_reads_the_same),
                                       cmocka_unit_test(refusals_say_why),
                                       cmocka_unit_test(other_colours_are_refused),
                                       cmocka_unit_test(sizes_must_be_those_of_the_head),
                                       cmocka_unit_test(plain_pixels_are_as_many_as_they_should),
                                       cmocka_unit_test(cut_images_are_refused),
                                       cmocka_unit_test(damaged_images_do_no_harm),
                                       cmocka_unit_test(endless_scans_are_refused),
                                       cmocka_unit_test(chunks_are_not_unpacked),
                                       cmocka_unit_test(more_pixels_than_there_are_do_no_harm)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
