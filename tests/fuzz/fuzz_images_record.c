/* Any bytes as records of images: no crash, every box lies in its image, and records that were taken are the same after
 * they were written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/images_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct images *s)
{
    for (size_t i = 0; i < s->count; i++) {
        const struct image *image = &s->item[i];
        if (image->width == 0 || image->height == 0 || image->first + image->boxes > s->boxes || !image->name[0])
            abort();
    }
    for (size_t i = 0; i < s->boxes; i++) {
        const struct box *b = &s->box[i];
        if (!(b->left >= 0 && b->left < b->right && b->right <= 1 && b->top >= 0 && b->top < b->bottom &&
              b->bottom <= 1) ||
            b->class_id < 0 || (size_t)b->class_id >= s->classes)
            abort();
    }
}

static void write_and_compare(const struct images *s)
{
    struct str out = {0};
    struct images again = {0};
    struct error err;
    struct input *in;
    for (size_t i = 0; i < s->count; i++)
        if (images_record_append(&out, s, i, i, &err) < 0)
            abort();
    in = input_open_bytes(out.data, out.len, "again");
    input_take_plain(in);
    if (images_record_read(in, &again, &err) < 0 || again.count != s->count || again.boxes != s->boxes ||
        (s->boxes && memcmp(again.box, s->box, s->boxes * sizeof *s->box) != 0))
        abort();
    for (size_t i = 0; i < s->count; i++)
        if (again.item[i].len != s->item[i].len || memcmp(again.item[i].bytes, s->item[i].bytes, s->item[i].len) != 0)
            abort();
    input_close(in);
    images_free(&again);
    str_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct images s = {0};
    struct error err = {0};
    struct input *in = input_open_bytes(bytes, size, "fuzz");
    int status = images_record_read(in, &s, &err);
    if (status < 0 && (err.code == ERROR_NONE || !err.what[0] || !err.where[0]))
        abort();
    check(&s);
    if (status == 0 && s.count)
        write_and_compare(&s);
    input_close(in);
    images_free(&s);
    return 0;
}
