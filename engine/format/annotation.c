#include "engine/format/annotation.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHAPE                                                                                                          \
    "write {\"file\":\"a.jpg\",\"image_size\":[{\"width\":300,\"height\":200,\"depth\":3}],\"annotations\":"           \
    "[{\"class_id\":0,\"left\":9,\"top\":8,\"width\":40,\"height\":30}]}"
#define CLASS_FIX "number the classes from 0"

/* --- reading --------------------------------------------------------------------------------------------------------
 */

enum { FILE_KEY, SIZE_KEY, BOXES_KEY, CATEGORIES_KEY };
enum { WIDTH_KEY, HEIGHT_KEY, DEPTH_KEY, LEFT_KEY, TOP_KEY, CLASS_KEY, NAME_KEY };

static const struct scan_key keys[] = {{"file", FILE_KEY},
                                       {"image_size", SIZE_KEY},
                                       {"annotations", BOXES_KEY},
                                       {"categories", CATEGORIES_KEY},
                                       {NULL, 0}};
static const struct scan_key size_keys[] = {
    {"width", WIDTH_KEY}, {"height", HEIGHT_KEY}, {"depth", DEPTH_KEY}, {NULL, 0}};
static const struct scan_key box_keys[] = {{"class_id", CLASS_KEY}, {"left", LEFT_KEY},     {"top", TOP_KEY},
                                           {"width", WIDTH_KEY},    {"height", HEIGHT_KEY}, {NULL, 0}};
static const struct scan_key category_keys[] = {{"class_id", CLASS_KEY}, {"name", NAME_KEY}, {NULL, 0}};

static int twice(const struct scan *s, const char *key)
{
    char what[80];
    snprintf(what, sizeof what, "The key \"%s\" stands there twice", key);
    return scan_complain(s, ERROR_INPUT, "write it once", what);
}

static const char *name_of(const struct scan_key *list, int meaning)
{
    while (list->name && list->meaning != meaning)
        list++;
    return list->name ? list->name : "";
}

/* Marks the key as seen in `seen`. */
static int see(const struct scan *s, const struct scan_key *list, int key, unsigned *seen)
{
    if (*seen & 1u << key)
        return twice(s, name_of(list, key));
    *seen |= 1u << key;
    return 0;
}

static int want(const struct scan *s, const struct scan_key *list, unsigned seen, unsigned optional)
{
    char what[80];
    for (; list->name; list++)
        if (!((seen | optional) & 1u << list->meaning)) {
            snprintf(what, sizeof what, "The key \"%s\" is missing", list->name);
            return scan_complain(s, ERROR_INPUT, SHAPE, what);
        }
    return 0;
}

static int read_size(struct scan *s, struct annotation *a)
{
    unsigned seen = 0;
    uint32_t depth = 3;
    int key;
    if (scan_open(s, '[') < 0 || scan_open(s, '{') < 0)
        return -1;
    while ((key = scan_key(s, seen == 0, size_keys, false)) >= 0) {
        uint32_t *to = key == WIDTH_KEY ? &a->width : key == HEIGHT_KEY ? &a->height : &depth;
        if (see(s, size_keys, key, &seen) < 0 || scan_whole(s, INT32_MAX, to, "give pixels") < 0)
            return -1;
    }
    if (key != SCAN_END || want(s, size_keys, seen, 1u << DEPTH_KEY) < 0)
        return -1;
    if (depth != 3 && depth != 1 && depth != 4)
        return scan_complain(s, ERROR_INPUT, "use images of 3 channels", "The image has a depth other than 3");
    return scan_open(s, ']');
}

static int read_box(struct scan *s, struct annotation_box *b)
{
    unsigned seen = 0;
    int key;
    bool first = true;
    if (scan_open(s, '{') < 0)
        return -1;
    for (; (key = scan_key(s, first, box_keys, true)) >= 0; first = false) {
        float *to = key == LEFT_KEY ? &b->left : key == TOP_KEY ? &b->top : key == WIDTH_KEY ? &b->width : &b->height;
        int status;
        if (key != SCAN_UNKNOWN && see(s, box_keys, key, &seen) < 0)
            return -1;
        status = key == SCAN_UNKNOWN ? scan_pass(s)
                 : key == CLASS_KEY  ? scan_whole(s, ANNOTATION_CLASS_MAX, &b->class_id, CLASS_FIX)
                                     : scan_number(s, to);
        if (status < 0)
            return -1;
    }
    return key == SCAN_END ? want(s, box_keys, seen, 0) : -1;
}

static int read_boxes(struct scan *s, struct annotation *a)
{
    int more;
    if (scan_open(s, '[') < 0)
        return -1;
    for (a->boxes = 0; (more = scan_element(s, a->boxes == 0)) > 0; a->boxes++)
        if (scan_reserve(s, &a->box, a->boxes, &a->box_room, sizeof *a->box) < 0 || read_box(s, &a->box[a->boxes]) < 0)
            return -1;
    return more;
}

static int read_category(struct scan *s, struct annotation_category *c)
{
    unsigned seen = 0;
    int key;
    bool first = true;
    if (scan_open(s, '{') < 0)
        return -1;
    for (; (key = scan_key(s, first, category_keys, true)) >= 0; first = false) {
        int status;
        if (key != SCAN_UNKNOWN && see(s, category_keys, key, &seen) < 0)
            return -1;
        status = key == SCAN_UNKNOWN ? scan_pass(s)
                 : key == CLASS_KEY  ? scan_whole(s, ANNOTATION_CLASS_MAX, &c->class_id, CLASS_FIX)
                                     : scan_text(s, &c->name);
        if (status < 0)
            return -1;
    }
    return key == SCAN_END ? want(s, category_keys, seen, 0) : -1;
}

static int read_categories(struct scan *s, struct annotation *a)
{
    int more;
    if (scan_open(s, '[') < 0)
        return -1;
    while ((more = scan_element(s, a->categories == 0)) > 0) {
        if (scan_reserve(s, &a->category, a->categories, &a->category_room, sizeof *a->category) < 0)
            return -1;
        a->category[a->categories++] = (struct annotation_category){0};
        if (read_category(s, &a->category[a->categories - 1]) < 0)
            return -1;
    }
    return more;
}

static void forget(struct annotation *a)
{
    for (size_t i = 0; i < a->categories; i++)
        str_free(&a->category[i].name);
    a->boxes = a->categories = 0;
    a->has_file = a->has_size = a->has_boxes = false;
    str_clear(&a->file);
}

int annotation_read(struct scan *s, struct annotation *a)
{
    unsigned seen = 0;
    bool first = true;
    int key;
    forget(a);
    if (scan_open(s, '{') < 0)
        return -1;
    for (; (key = scan_key(s, first, keys, true)) >= 0; first = false) {
        int status;
        if (key != SCAN_UNKNOWN && see(s, keys, key, &seen) < 0)
            return -1;
        status = key == FILE_KEY         ? scan_text(s, &a->file)
                 : key == SIZE_KEY       ? read_size(s, a)
                 : key == BOXES_KEY      ? read_boxes(s, a)
                 : key == CATEGORIES_KEY ? read_categories(s, a)
                                         : scan_pass(s);
        if (status < 0)
            return -1;
    }
    a->has_file = seen & 1u << FILE_KEY;
    a->has_size = seen & 1u << SIZE_KEY;
    a->has_boxes = seen & 1u << BOXES_KEY;
    return key == SCAN_END ? 0 : -1;
}

int annotation_whole(const struct scan *s, const struct annotation *a)
{
    char what[100];
    if (want(s, keys, (a->has_size ? 1u << SIZE_KEY : 0) | (a->has_boxes ? 1u << BOXES_KEY : 0),
             1u << FILE_KEY | 1u << CATEGORIES_KEY) < 0)
        return -1;
    for (size_t i = 0; a->categories && i < a->boxes; i++) {
        size_t k = 0;
        while (k < a->categories && a->category[k].class_id != a->box[i].class_id)
            k++;
        if (k < a->categories)
            continue;
        snprintf(what, sizeof what, "Annotation %zu has the class_id %u, which is not among the categories", i + 1,
                 a->box[i].class_id);
        return scan_complain(s, ERROR_INPUT, "add it to \"categories\", or mend the class_id", what);
    }
    return 0;
}

int annotation_read_text(const char *text, size_t len, const struct place *at, struct annotation *a, struct error *err)
{
    char *copy = malloc(len + LINES_SLACK + 1); /* what scan looks at behind the end */
    struct scan s = {.at = at, .shape = SHAPE, .err = err};
    int status;
    if (!copy)
        return place_error(at, "", 0, ERROR_SYSTEM, NULL, "There is not enough memory for the annotation", err);
    memcpy(copy, text, len);
    memset(copy + len, '\n', LINES_SLACK + 1);
    s.p = copy + (len >= 3 && memcmp(copy, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0);
    s.end = copy + len;
    status = annotation_read(&s, a);
    if (status == 0 && (s.p = scan_space(s.p, s.end)) < s.end)
        status = scan_unexpected(&s, "the end");
    if (status == 0)
        status = annotation_whole(&s, a);
    free(copy);
    return status;
}

/* --- boxes ----------------------------------------------------------------------------------------------------------
 */

static int refuse_box(const struct box *b, const double *ends, size_t number, const char *how, uint32_t width,
                      uint32_t height, const struct place *at, struct error *err)
{
    char what[240];
    snprintf(what, sizeof what,
             "Box %zu, of class %d, from (%.6g, %.6g) to (%.6g, %.6g), %s; the image has %u x %u pixels", number,
             b->class_id, ends[0] * width, ends[1] * height, ends[2] * width, ends[3] * height, how, width, height);
    return place_error(at, "", 0, ERROR_INPUT, "mend the annotation, or take the box out", what, err);
}

int annotation_cut(struct box *b, double left, double top, double right, double bottom, uint32_t width, uint32_t height,
                   size_t number, const struct place *at, struct error *err)
{
    double ends[4] = {left, top, right, bottom}, pixel[2] = {1.0 / width, 1.0 / height};
    for (int i = 0; i < 4; i++)
        if (!isfinite(ends[i]))
            return refuse_box(b, ends, number, "is no number", width, height, at, err);
    if (!(left < right && top < bottom))
        return refuse_box(b, ends, number, "is turned around or empty", width, height, at, err);
    for (int i = 0; i < 4; i++) {
        if (!(ends[i] > -pixel[i & 1] && ends[i] < 1 + pixel[i & 1]))
            return refuse_box(b, ends, number, "reaches out of the image", width, height, at, err);
        ends[i] = ends[i] < 0 ? 0 : ends[i] > 1 ? 1 : ends[i];
    }
    b->left = (float)ends[0];
    b->top = (float)ends[1];
    b->right = (float)ends[2];
    b->bottom = (float)ends[3];
    if (!(b->left < b->right && b->top < b->bottom))
        return refuse_box(b, ends, number, "has nothing of the image in it", width, height, at, err);
    return 0;
}

int annotation_settle(struct annotation *a, uint32_t width, uint32_t height, const struct place *at, struct error *err)
{
    char what[160];
    if (a->width != width || a->height != height) {
        snprintf(what, sizeof what, "The annotation is of an image of %u x %u pixels, the image has %u x %u", a->width,
                 a->height, width, height);
        return place_error(at, "", 0, ERROR_INPUT, "annotate the image as it is", what, err);
    }
    if (a->boxes > a->fraction_room) {
        struct box *grown = reallocarray(a->fraction, a->box_room, sizeof *grown);
        if (!grown)
            return place_error(at, "", 0, ERROR_SYSTEM, NULL, "There is not enough memory for the annotation", err);
        a->fraction = grown;
        a->fraction_room = a->box_room;
    }
    for (size_t i = 0; i < a->boxes; i++) {
        const struct annotation_box *b = &a->box[i];
        double left = (double)b->left, top = (double)b->top;
        a->fraction[i].class_id = (int32_t)b->class_id;
        if (annotation_cut(&a->fraction[i], left / width, top / height, (left + (double)b->width) / width,
                           (top + (double)b->height) / height, width, height, i + 1, at, err) < 0)
            return -1;
    }
    return 0;
}

/* --- names ----------------------------------------------------------------------------------------------------------
 */

int annotation_name_class(struct images *s, uint32_t class_id, const char *name, const struct place *at,
                          struct error *err)
{
    const char *old = s->class_name && class_id < s->classes ? s->class_name[class_id] : NULL;
    char what[200];
    if (old && strcmp(old, name) == 0)
        return 0;
    if (!old)
        return images_name_class(s, class_id, name) == 0
                   ? 0
                   : place_error(at, "", 0, ERROR_SYSTEM, NULL, "There is not enough memory for the classes", err);
    snprintf(what, sizeof what, "Class %u is called '%.60s' here and '%.60s' before", class_id, name, old);
    return place_error(at, "", 0, ERROR_INPUT, "give each class_id one name", what, err);
}

int annotation_name(const struct annotation *a, struct images *s, const struct place *at, struct error *err)
{
    for (size_t i = 0; i < a->categories; i++)
        if (annotation_name_class(s, a->category[i].class_id, str_text(&a->category[i].name), at, err) < 0)
            return -1;
    return 0;
}

void annotation_free(struct annotation *a)
{
    forget(a);
    str_free(&a->file);
    free(a->box);
    free(a->category);
    free(a->fraction);
    *a = (struct annotation){0};
}
