/* Any bytes as an annotation and as a line of an augmented manifest: no crash, and boxes that were taken lie in the
 * image. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/images_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_error(int status, const struct error *err)
{
    if (status < 0 && (err->code == ERROR_NONE || !err->what[0] || !err->where[0]))
        abort();
}

static void check(const struct annotation *a)
{
    for (size_t i = 0; i < a->boxes; i++) {
        const struct box *b = &a->fraction[i];
        if (!(b->left >= 0 && b->left < b->right && b->right <= 1 && b->top >= 0 && b->top < b->bottom &&
              b->bottom <= 1) ||
            b->class_id < 0 || (uint32_t)b->class_id > ANNOTATION_CLASS_MAX)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct place at = {.file = "fuzz.json"};
    struct annotation a = {0};
    struct images named = {0}, s = {0};
    struct error err = {0};
    struct input *in;
    int status = annotation_read_text((const char *)bytes, size, &at, &a, &err);
    check_error(status, &err);
    if (status == 0 && a.width && a.height) {
        status = annotation_settle(&a, a.width, a.height, &at, &err);
        check_error(status, &err);
        if (status == 0)
            check(&a);
        check_error(annotation_name(&a, &named, &at, &err), &err);
    }
    annotation_free(&a);
    images_free(&named);
    in = input_open_bytes(bytes, size, "/nowhere/fuzz.manifest"); /* so that no image is found */
    check_error(images_manifest_read(in, &s, &err), &err);
    input_close(in);
    images_free(&s);
    return 0;
}
