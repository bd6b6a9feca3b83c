/* What the service's JSON says of one image: {"file", "image_size":[{"width","height","depth"}],
 * "annotations":[{"class_id","left","top","width","height"}..], "categories":[{"class_id","name"}..]}, in pixels from
 * the upper left. Sizes and annotations must be there; other keys are passed over. It is the whole of a file, a record
 * or one value of an augmented manifest's line.
 *
 * A box may reach out of its image by less than a pixel, which is rounding: it is cut there. */
#ifndef FORMAT_ANNOTATION_H
#define FORMAT_ANNOTATION_H

#include "engine/base/str.h"
#include "engine/data/images.h"
#include "engine/format/scan.h"

#define ANNOTATION_CLASS_MAX 65535u
#define ANNOTATION_BYTES_MAX (16u << 20) /* of one file or record */

struct annotation_box {
    uint32_t class_id;
    float left, top, width, height;
};

struct annotation_category {
    uint32_t class_id;
    struct str name;
};

struct annotation {
    bool has_file, has_size, has_boxes;
    struct str file;
    uint32_t width, height;
    struct annotation_box *box;
    size_t boxes, box_room;
    struct annotation_category *category;
    size_t categories, category_room;
    struct box *fraction; /* boxes of them, by annotation_settle */
    size_t fraction_room;
};

/* Reads the object that stands at s->p, whatever was there before. It need not be an annotation: see annotation_whole.
 */
int annotation_read(struct scan *s, struct annotation *a);

/* Whether sizes and annotations were there, and the categories name every class. */
int annotation_whole(const struct scan *s, const struct annotation *a);

/* All of a text that is one annotation. `at` is for messages. */
int annotation_read_text(const char *text, size_t len, const struct place *at, struct annotation *a, struct error *err);

/* Turns the boxes into fractions of an image that has width x height pixels, which the annotation must say too. */
int annotation_settle(struct annotation *a, uint32_t width, uint32_t height, const struct place *at, struct error *err);

/* The same check and cut for one box in fractions: `box` number `number` (from 1). */
int annotation_cut(struct box *b, double left, double top, double right, double bottom, uint32_t width, uint32_t height,
                   size_t number, const struct place *at, struct error *err);

/* Gives the set the names of the categories; one class by two names is an error. */
int annotation_name(const struct annotation *a, struct images *s, const struct place *at, struct error *err);
int annotation_name_class(struct images *s, uint32_t class_id, const char *name, const struct place *at,
                          struct error *err);

void annotation_free(struct annotation *a);

#endif
