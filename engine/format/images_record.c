/* Records of images: MXNet's, a head, labels and an image in each; or by turns an image and its JSON, as the pipe of an
 * augmented manifest sends them. */
#include <endian.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/image.h"
#include "engine/format/images_file.h"
#include "engine/format/recordio.h"

/* The head of MXNet's record: how many labels follow it (uint32), a lone label (float32), two numbers (uint64). The
 * labels begin with the widths of their own head and of an object. */
#define HEAD 24
#define LABELS_HEAD 2
#define OBJECT 5
#define WIDTH_MAX 64

struct records {
    struct recordio reader;
    struct images *set;
    struct annotation annotation;
    uint8_t *image; /* of a pair, until its JSON comes */
    size_t image_len;
    char name[128];
    struct str where; /* the image's, for messages */
};

static int refuse(const struct records *r, const char *fix, const char *what, struct error *err)
{
    return recordio_error(&r->reader, ERROR_INPUT, fix, what, err);
}

static int no_memory(const struct records *r, struct error *err)
{
    return recordio_error(&r->reader, ERROR_SYSTEM, "give fewer images or more memory", "There is not enough memory",
                          err);
}

static struct place place_of(const struct records *r)
{
    return (struct place){.file = input_name(r->reader.in), .line = r->reader.number, .unit = "record"};
}

static void name_record(struct records *r)
{
    const char *file = input_name(r->reader.in), *slash = strrchr(file, '/');
    snprintf(r->name, sizeof r->name, "%.80s, record %zu", slash ? slash + 1 : file, r->reader.number);
}

static uint8_t *keep(const unsigned char *bytes, size_t len)
{
    uint8_t *own = malloc(len ? len : 1);
    if (own)
        memcpy(own, bytes, len);
    return own;
}

/* --- MXNet's --------------------------------------------------------------------------------------------------------
 */

static float label_at(const unsigned char *labels, size_t i)
{
    uint32_t bits;
    float value;
    memcpy(&bits, labels + i * 4, sizeof bits);
    bits = le32toh(bits);
    memcpy(&value, &bits, sizeof value);
    return value;
}

static bool whole(float value, float least, float most)
{
    return value >= least && value <= most && value == floorf(value);
}

/* How many labels a head or an object has; 0: no such number. */
static size_t width_at(const unsigned char *labels, size_t i, size_t least)
{
    float width = label_at(labels, i);
    return whole(width, (float)least, WIDTH_MAX) ? (size_t)width : 0;
}

static int read_labels(struct records *r, const unsigned char *labels, size_t count, size_t *head, size_t *object,
                       struct error *err)
{
    size_t own, each;
    if (count == 0)
        return refuse(r, "pack the list of boxes: im2rec.py --pack-label",
                      "The record has one label for the whole image and no boxes", err);
    if (count < LABELS_HEAD)
        return refuse(r, "write 2, 5, then class, left, top, right, bottom of each object",
                      "The labels of the record are too few", err);
    own = width_at(labels, 0, LABELS_HEAD);
    each = width_at(labels, 1, OBJECT);
    if (own == 0 || each == 0 || own > count || (count - own) % each != 0)
        return refuse(r, "write 2, 5, then class, left, top, right, bottom of each object",
                      "The labels of the record are no list of objects", err);
    *head = own;
    *object = each;
    return 0;
}

static int read_object(struct records *r, const unsigned char *labels, struct box *b, size_t number, uint32_t width,
                       uint32_t height, struct error *err)
{
    const struct place at = place_of(r);
    double ends[4];
    float class_id = label_at(labels, 0);
    if (!whole(class_id, 0, ANNOTATION_CLASS_MAX))
        return place_error(&at, "object", number, ERROR_INPUT, "number the classes from 0",
                           "The class is no whole number from 0 to 65535", err);
    b->class_id = (int32_t)class_id;
    for (size_t i = 0; i < 4; i++)
        ends[i] = (double)label_at(labels, 1 + i);
    return annotation_cut(b, ends[0], ends[1], ends[2], ends[3], width, height, number, &at, err);
}

static int read_objects(struct records *r, const unsigned char *labels, size_t count, struct image *image,
                        struct box **boxes, struct error *err)
{
    size_t head = 0, object = OBJECT;
    if (read_labels(r, labels, count, &head, &object, err) < 0)
        return -1;
    image->boxes = (count - head) / object;
    *boxes = malloc((image->boxes ? image->boxes : 1) * sizeof **boxes);
    if (!*boxes)
        return no_memory(r, err);
    for (size_t i = 0; i < image->boxes; i++)
        if (read_object(r, labels + (head + i * object) * 4, &(*boxes)[i], i + 1, image->width, image->height, err) < 0)
            return -1;
    return 0;
}

static int read_whole(struct records *r, const unsigned char *bytes, size_t len, struct error *err)
{
    struct image image = {0};
    struct box *boxes = NULL;
    const unsigned char *coded;
    uint32_t count = 0;
    int status;
    if (len < HEAD)
        return refuse(r, "give image records, such as im2rec.py writes", "The record is too short for an image", err);
    memcpy(&count, bytes, sizeof count);
    count = le32toh(count);
    if (count > (len - HEAD) / 4)
        return refuse(r, "give image records, such as im2rec.py writes",
                      "The record is shorter than the labels that it announces", err);
    coded = bytes + HEAD + (size_t)count * 4;
    image.len = len - HEAD - (size_t)count * 4;
    status = image_look(coded, image.len, str_text(&r->where), &image.coding, &image.width, &image.height, err);
    if (status == 0)
        status = read_objects(r, bytes + HEAD, count, &image, &boxes, err);
    if (status == 0) {
        image.bytes = keep(coded, image.len);
        if (!image.bytes || images_append(r->set, image.coding, image.bytes, image.len, image.width, image.height,
                                          boxes, image.boxes, r->name) < 0)
            status = no_memory(r, err);
    }
    free(boxes);
    return status;
}

/* --- image and JSON by turns ----------------------------------------------------------------------------------------
 */

static int read_half(struct records *r, const unsigned char *bytes, size_t len, struct error *err)
{
    const struct place at = place_of(r);
    uint8_t *image = r->image;
    if (!image) {
        enum image_coding coding;
        uint32_t width, height;
        if (image_look(bytes, len, str_text(&r->where), &coding, &width, &height, err) < 0)
            return -1;
        r->image = keep(bytes, len);
        r->image_len = len;
        return r->image ? 0 : no_memory(r, err);
    }
    if (len > ANNOTATION_BYTES_MAX)
        return refuse(r, "send by turns an image and its JSON", "The record is too long for an annotation", err);
    if (annotation_read_text((const char *)bytes, len, &at, &r->annotation, err) < 0)
        return -1;
    r->image = NULL;
    return images_add(r->set, image, r->image_len, r->name, str_text(&r->where), &r->annotation, &at, err);
}

static bool begins_as_image(const unsigned char *bytes, size_t len)
{
    return len >= 4 && (memcmp(bytes, "\xFF\xD8\xFF", 3) == 0 || memcmp(bytes, "\x89PNG", 4) == 0);
}

int images_record_read(struct input *in, void *images, struct error *err)
{
    struct records r = {.set = images};
    const unsigned char *bytes;
    bool halves = false;
    size_t len;
    int status;
    recordio_init(&r.reader, in);
    while ((status = recordio_next(&r.reader, &bytes, &len, err)) > 0) {
        if (r.reader.number == 1)
            halves = begins_as_image(bytes, len);
        if (!r.image) {
            name_record(&r);
            str_clear(&r.where);
            str_printf(&r.where, "%.200s, record %zu", input_name(in), r.reader.number);
        }
        status = halves ? read_half(&r, bytes, len, err) : read_whole(&r, bytes, len, err);
        if (status < 0)
            break;
    }
    if (status == 0 && r.image)
        status = error_set(err, ERROR_INPUT, str_text(&r.where), "send by turns an image and its JSON",
                           "The last image has no annotation behind it");
    free(r.image);
    annotation_free(&r.annotation);
    str_free(&r.where);
    recordio_free(&r.reader);
    return status;
}

/* --- writing --------------------------------------------------------------------------------------------------------
 */

static void put_float(struct str *out, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    bits = htole32(bits);
    str_append(out, &bits, sizeof bits);
}

int images_record_append(struct str *out, const struct images *s, size_t i, uint64_t id, struct error *err)
{
    const struct image *image = &s->item[i];
    uint32_t labels = htole32((uint32_t)(LABELS_HEAD + OBJECT * image->boxes));
    uint64_t ids[2] = {htole64(id), 0};
    struct str payload = {0};
    int status = 0;
    str_append(&payload, &labels, sizeof labels);
    put_float(&payload, 0);
    str_append(&payload, ids, sizeof ids);
    put_float(&payload, LABELS_HEAD);
    put_float(&payload, OBJECT);
    for (size_t k = image->first; k < image->first + image->boxes; k++) {
        const struct box *b = &s->box[k];
        const float object[OBJECT] = {(float)b->class_id, b->left, b->top, b->right, b->bottom};
        for (size_t j = 0; j < OBJECT; j++)
            put_float(&payload, object[j]);
    }
    if (image->coding == IMAGE_RGB)
        status = image_write_png(image->bytes, image->width, image->height, &payload, err);
    else
        str_append(&payload, image->bytes, image->len);
    if (status == 0 && payload.len > RECORDIO_LENGTH_MAX)
        status = error_set(err, ERROR_LIMIT, image->name, "make the image smaller", "A record has 512 MiB or more");
    if (status == 0)
        recordio_append(out, payload.data, payload.len);
    if (status == 0 && (payload.failed || out->failed))
        status = error_set(err, ERROR_SYSTEM, image->name, NULL, "There is not enough memory for the record");
    str_free(&payload);
    return status;
}
