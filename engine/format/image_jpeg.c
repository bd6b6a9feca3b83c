/* libjpeg leaves by longjmp when something is wrong. What must outlive that is in a struct of the caller of setjmp's
 * caller, so that no local variable is in doubt: every use of the library is a `work` that guarded() runs. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "engine/format/image_coding.h"

/* Coefficients of all pixels, which progressive images need, and the library's own rows. */
#define WORKING_BYTES_MAX (600l << 20)

struct jpeg {
    struct jpeg_error_mgr manager; /* first: the library hands on its address */
    struct jpeg_progress_mgr progress;
    jmp_buf leave;
    char message[JMSG_LENGTH_MAX];
    bool of_memory;
    struct jpeg_decompress_struct in;
    struct jpeg_compress_struct out;
    const struct image *image;
    const uint8_t *bytes; /* coded, or pixels to write */
    size_t len;
    uint8_t *pixels;
    uint8_t *written; /* malloc, by the library */
    unsigned long written_len;
    uint32_t width, height;
    int quality;
};

static void leave(j_common_ptr common)
{
    struct jpeg *j = (struct jpeg *)common->err;
    common->err->format_message(common, j->message);
    j->of_memory = common->err->msg_code == JERR_OUT_OF_MEMORY;
    longjmp(j->leave, 1);
}

/* Level -1 warns of damaged data. Only what is said of the head beside the pixels is let pass. */
static void notice(j_common_ptr common, int level)
{
    int code = common->err->msg_code;
    if (level < 0 && code != JWRN_JFIF_MAJOR && code != JWRN_ADOBE_XFORM)
        leave(common);
}

static void keep_quiet(j_common_ptr common)
{
    (void)common;
}

static void refuse(struct jpeg *j, const char *message)
{
    snprintf(j->message, sizeof j->message, "%s", message);
    longjmp(j->leave, 1);
}

/* Called for each row of blocks of each scan. */
static void count_scans(j_common_ptr common)
{
    struct jpeg *j = (struct jpeg *)common->err;
    uint64_t scans = (uint64_t)j->in.input_scan_number;
    if (scans > IMAGE_SCANS_MAX || scans * j->in.image_width * j->in.image_height > IMAGE_SCANNED_MAX)
        refuse(j, "it has far more scans than a picture needs");
}

static void prepare(struct jpeg *j)
{
    jpeg_std_error(&j->manager);
    j->manager.error_exit = leave;
    j->manager.emit_message = notice;
    j->manager.output_message = keep_quiet;
    j->progress.progress_monitor = count_scans;
    j->in.err = j->out.err = &j->manager;
}

static int guarded(struct jpeg *j, void (*work)(struct jpeg *))
{
    if (setjmp(j->leave))
        return -1;
    work(j);
    return 0;
}

static void read_head(struct jpeg *j)
{
    jpeg_create_decompress(&j->in);
    j->in.mem->max_memory_to_use = WORKING_BYTES_MAX;
    jpeg_mem_src(&j->in, j->bytes, j->len);
    jpeg_read_header(&j->in, TRUE);
    j->width = j->in.image_width;
    j->height = j->in.image_height;
}

static void read_rows(struct jpeg *j)
{
    size_t row = (size_t)j->width * 3;
    j->in.progress = &j->progress;
    j->in.out_color_space = JCS_RGB;
    j->in.dct_method = JDCT_ISLOW;
    jpeg_start_decompress(&j->in);
    if (j->in.output_components != 3 || j->in.output_width != j->width)
        refuse(j, "its rows are not of red, green and blue");
    while (j->in.output_scanline < j->in.output_height) {
        JSAMPROW to = j->pixels + j->in.output_scanline * row;
        if (jpeg_read_scanlines(&j->in, &to, 1) != 1)
            refuse(j, "its rows end too early");
    }
    jpeg_finish_decompress(&j->in);
}

static int read_error(const struct jpeg *j, const char *name, struct error *err)
{
    if (j->of_memory)
        return error_set(err, ERROR_LIMIT, name, "make the image smaller, or save it without progressive coding",
                         "The JPEG takes more memory than is there for one image");
    return error_set(err, ERROR_INPUT, name, "save the image again", "The JPEG cannot be read: %s", j->message);
}

/* Four colours of ink are no light, and how they turn into it is the printer's affair. */
static int check_colours(const struct jpeg *j, const char *name, struct error *err)
{
    switch (j->in.jpeg_color_space) {
    case JCS_GRAYSCALE:
    case JCS_RGB:
    case JCS_YCbCr:
        return 0;
    case JCS_CMYK:
    case JCS_YCCK:
        return error_set(err, ERROR_INPUT, name, "save the image in RGB",
                         "The JPEG is in CMYK, the colours of printing");
    default:
        return error_set(err, ERROR_INPUT, name, "save the image in RGB",
                         "The JPEG has %d channels whose colours are not known", j->in.num_components);
    }
}

static int open_head(struct jpeg *j, const uint8_t *bytes, size_t len, const char *name, struct error *err)
{
    j->bytes = bytes;
    j->len = len;
    prepare(j);
    if (guarded(j, read_head) < 0)
        return read_error(j, name, err);
    return check_colours(j, name, err);
}

int image_jpeg_look(const uint8_t *bytes, size_t len, const char *name, uint32_t *width, uint32_t *height,
                    struct error *err)
{
    struct jpeg j = {0};
    int status = open_head(&j, bytes, len, name, err);
    jpeg_destroy_decompress(&j.in);
    *width = j.width;
    *height = j.height;
    return status;
}

int image_jpeg_read(const struct image *image, uint8_t *pixels, struct error *err)
{
    struct jpeg j = {.pixels = pixels};
    int status = open_head(&j, image->bytes, image->len, image->name, err);
    if (status == 0 && (j.width != image->width || j.height != image->height))
        status = error_set(err, ERROR_INPUT, image->name, "give the image as it is",
                           "The JPEG has %u x %u pixels, not %u x %u", j.width, j.height, image->width, image->height);
    if (status == 0 && guarded(&j, read_rows) < 0)
        status = read_error(&j, image->name, err);
    jpeg_destroy_decompress(&j.in);
    return status;
}

static void write_rows(struct jpeg *j)
{
    size_t row = (size_t)j->width * 3;
    jpeg_create_compress(&j->out);
    jpeg_mem_dest(&j->out, &j->written, &j->written_len);
    j->out.image_width = j->width;
    j->out.image_height = j->height;
    j->out.input_components = 3;
    j->out.in_color_space = JCS_RGB;
    jpeg_set_defaults(&j->out);
    jpeg_set_quality(&j->out, j->quality, TRUE);
    jpeg_start_compress(&j->out, TRUE);
    while (j->out.next_scanline < j->height) {
        JSAMPROW from = (JSAMPROW)(uintptr_t)(j->bytes + j->out.next_scanline * row);
        jpeg_write_scanlines(&j->out, &from, 1);
    }
    jpeg_finish_compress(&j->out);
}

int image_write_jpeg(const uint8_t *pixels, uint32_t width, uint32_t height, int quality, struct str *out,
                     struct error *err)
{
    struct jpeg j = {.bytes = pixels, .width = width, .height = height, .quality = quality};
    int status = image_check_size("JPEG", width, height, err);
    if (status < 0)
        return -1;
    prepare(&j);
    status = guarded(&j, write_rows);
    jpeg_destroy_compress(&j.out);
    if (status == 0)
        str_append(out, j.written, j.written_len);
    else
        error_set(err, ERROR_SYSTEM, "JPEG", NULL, "The picture cannot be written: %s", j.message);
    free(j.written);
    return status == 0 && out->failed ? image_no_memory("JPEG", err) : status;
}
