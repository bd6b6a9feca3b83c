/* libpng leaves by longjmp when something is wrong: as in image_jpeg.c, what must outlive that is in a struct, and
 * every use of the library is a `work` that guarded() runs. Colour profiles, texts and other chunks beside the pixels
 * are skipped unread: they change nothing here, and unpacking them is what bombs are made for. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "engine/format/image_coding.h"

#define SIGNATURE 8
#define HEAD 33 /* signature and the chunk IHDR, which comes first */
#define CHUNK_BYTES_MAX (1u << 20)

struct png {
    png_structp library;
    png_infop info;
    bool writes;
    jmp_buf leave;
    char message[128];
    const uint8_t *bytes; /* coded, or pixels to write */
    size_t len, at;
    uint32_t width, height;
    size_t channels;
    uint8_t *rows; /* height x width x channels */
    struct str *out;
};

static _Noreturn void leave(png_structp library, png_const_charp message)
{
    struct png *p = png_get_error_ptr(library);
    snprintf(p->message, sizeof p->message, "%s", message);
    longjmp(p->leave, 1);
}

/* What libpng only warns of does not touch the pixels. */
static void keep_quiet(png_structp library, png_const_charp message)
{
    (void)library;
    (void)message;
}

static void take_bytes(png_structp library, png_bytep to, size_t len)
{
    struct png *p = png_get_io_ptr(library);
    if (len > p->len - p->at)
        png_error(library, "it ends too early");
    memcpy(to, p->bytes + p->at, len);
    p->at += len;
}

static void put_bytes(png_structp library, png_bytep from, size_t len)
{
    struct png *p = png_get_io_ptr(library);
    str_append(p->out, from, len);
    if (p->out->failed)
        png_error(library, "there is not enough memory");
}

static void no_flush(png_structp library)
{
    (void)library;
}

static int guarded(struct png *p, void (*work)(struct png *))
{
    if (setjmp(p->leave))
        return -1;
    work(p);
    return 0;
}

static void destroy(struct png *p)
{
    if (p->writes)
        png_destroy_write_struct(&p->library, &p->info);
    else
        png_destroy_read_struct(&p->library, &p->info, NULL);
    free(p->rows);
}

static void create(struct png *p)
{
    p->library = p->writes ? png_create_write_struct(PNG_LIBPNG_VER_STRING, p, leave, keep_quiet)
                           : png_create_read_struct(PNG_LIBPNG_VER_STRING, p, leave, keep_quiet);
    p->info = p->library ? png_create_info_struct(p->library) : NULL;
    if (!p->info) {
        snprintf(p->message, sizeof p->message, "there is not enough memory");
        longjmp(p->leave, 1);
    }
}

static uint32_t big_endian(const uint8_t *b)
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

int image_png_look(const uint8_t *bytes, size_t len, const char *name, uint32_t *width, uint32_t *height,
                   struct error *err)
{
    if (len < HEAD || memcmp(bytes + SIGNATURE, "\0\0\0\x0DIHDR", 8) != 0)
        return error_set(err, ERROR_INPUT, name, "save the image again", "The PNG cannot be read: it has no head");
    *width = big_endian(bytes + SIGNATURE + 8);
    *height = big_endian(bytes + SIGNATURE + 12);
    return 0;
}

static void read_head(struct png *p)
{
    create(p);
    png_set_read_fn(p->library, p, take_bytes);
    png_set_user_limits(p->library, IMAGE_SIDE_MAX, IMAGE_SIDE_MAX);
    png_set_chunk_malloc_max(p->library, CHUNK_BYTES_MAX);
    png_set_chunk_cache_max(p->library, 1);
    png_set_keep_unknown_chunks(p->library, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(p->library, p->info);
    p->width = png_get_image_width(p->library, p->info);
    p->height = png_get_image_height(p->library, p->info);
}

/* Everything comes as 8 bits of red, green, blue and, where there is transparency, its alpha. */
static void ask_for_colours(struct png *p)
{
    png_byte type = png_get_color_type(p->library, p->info);
    png_set_expand(p->library);
    png_set_scale_16(p->library);
    if (!(type & PNG_COLOR_MASK_COLOR))
        png_set_gray_to_rgb(p->library);
    p->channels = type & PNG_COLOR_MASK_ALPHA || png_get_valid(p->library, p->info, PNG_INFO_tRNS) ? 4 : 3;
}

static void read_rows(struct png *p)
{
    int passes;
    size_t row = p->width * p->channels;
    passes = png_set_interlace_handling(p->library);
    png_read_update_info(p->library, p->info);
    if (png_get_rowbytes(p->library, p->info) != row)
        png_error(p->library, "its rows are not of red, green and blue");
    for (int pass = 0; pass < passes; pass++)
        for (size_t y = 0; y < p->height; y++)
            png_read_row(p->library, p->rows + y * row, NULL);
    png_read_end(p->library, NULL);
}

/* What is transparent shows the white that it lies on. */
static void lay_on_white(const struct png *p, uint8_t *pixels)
{
    size_t count = (size_t)p->width * p->height;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *from = p->rows + i * 4;
        unsigned alpha = from[3];
        for (int c = 0; c < 3; c++)
            pixels[i * 3 + (size_t)c] = (uint8_t)((from[c] * alpha + 255 * (255 - alpha) + 127) / 255);
    }
}

static int read_error(const struct png *p, const char *name, struct error *err)
{
    return error_set(err, ERROR_INPUT, name, "save the image again", "The PNG cannot be read: %s", p->message);
}

/* Rows of three channels go straight to `pixels`, those of four by a buffer. */
static int read_into(struct png *p, const char *name, uint8_t *pixels, struct error *err)
{
    int status;
    uint8_t *own = NULL;
    if (guarded(p, ask_for_colours) < 0)
        return read_error(p, name, err);
    if (p->channels == 4 && !(own = malloc((size_t)p->width * p->height * 4)))
        return image_no_memory(name, err);
    p->rows = own ? own : pixels;
    status = guarded(p, read_rows) < 0 ? read_error(p, name, err) : 0;
    if (status == 0 && own)
        lay_on_white(p, pixels);
    p->rows = own;
    return status;
}

int image_png_read(const struct image *image, uint8_t *pixels, struct error *err)
{
    struct png p = {.bytes = image->bytes, .len = image->len};
    int status = guarded(&p, read_head) < 0 ? read_error(&p, image->name, err) : 0;
    if (status == 0 && (p.width != image->width || p.height != image->height))
        status = error_set(err, ERROR_INPUT, image->name, "give the image as it is",
                           "The PNG has %u x %u pixels, not %u x %u", p.width, p.height, image->width, image->height);
    if (status == 0)
        status = read_into(&p, image->name, pixels, err);
    destroy(&p);
    return status;
}

static void write_rows(struct png *p)
{
    create(p);
    png_set_write_fn(p->library, p, put_bytes, no_flush);
    png_set_IHDR(p->library, p->info, p->width, p->height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(p->library, p->info);
    for (size_t y = 0; y < p->height; y++)
        png_write_row(p->library, p->bytes + y * p->width * 3);
    png_write_end(p->library, NULL);
}

int image_write_png(const uint8_t *pixels, uint32_t width, uint32_t height, struct str *out, struct error *err)
{
    struct png p = {.writes = true, .bytes = pixels, .width = width, .height = height, .out = out};
    int status = image_check_size("PNG", width, height, err);
    if (status < 0)
        return -1;
    if (guarded(&p, write_rows) < 0)
        status = error_set(err, ERROR_SYSTEM, "PNG", NULL, "The picture cannot be written: %s", p.message);
    destroy(&p);
    return status;
}
