#include "engine/data/images.h"

#include <stdlib.h>
#include <string.h>

#include "engine/base/array.h"

static int count_classes(struct images *s, const struct box *boxes, size_t count)
{
    size_t classes = s->classes;
    for (size_t i = 0; i < count; i++)
        if ((size_t)boxes[i].class_id >= classes)
            classes = (size_t)boxes[i].class_id + 1;
    if (s->class_name && classes > s->classes) {
        char **names = reallocarray(s->class_name, classes, sizeof *names);
        if (!names)
            return -1;
        memset(names + s->classes, 0, (classes - s->classes) * sizeof *names);
        s->class_name = names;
    }
    s->classes = classes;
    return 0;
}

int images_append(struct images *s, enum image_coding coding, uint8_t *bytes, size_t len, uint32_t width,
                  uint32_t height, const struct box *boxes, size_t box_count, const char *name)
{
    char *own = strdup(name);
    struct image *items = array_room(s->item, &s->room, s->count + 1, sizeof *items);
    struct box *all = array_room(s->box, &s->box_room, s->boxes + box_count, sizeof *all);
    s->item = items ? items : s->item;
    s->box = all ? all : s->box;
    if (!own || !items || !all || count_classes(s, boxes, box_count) < 0) {
        free(own);
        free(bytes);
        return -1;
    }
    items[s->count++] = (struct image){.coding = coding,
                                       .bytes = bytes,
                                       .len = len,
                                       .width = width,
                                       .height = height,
                                       .first = s->boxes,
                                       .boxes = box_count,
                                       .name = own};
    if (box_count)
        memcpy(all + s->boxes, boxes, box_count * sizeof *boxes);
    s->boxes += box_count;
    return 0;
}

int images_name_class(struct images *s, size_t class_id, const char *name)
{
    size_t classes = class_id >= s->classes ? class_id + 1 : s->classes, before = s->class_name ? s->classes : 0;
    char *own = strdup(name), **names = own ? reallocarray(s->class_name, classes, sizeof *names) : NULL;
    if (!names) {
        free(own);
        return -1;
    }
    memset(names + before, 0, (classes - before) * sizeof *names);
    s->class_name = names;
    s->classes = classes;
    free(names[class_id]);
    names[class_id] = own;
    return 0;
}

void images_free(struct images *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->count; i++) {
        free(s->item[i].bytes);
        free(s->item[i].name);
    }
    for (size_t i = 0; s->class_name && i < s->classes; i++)
        free(s->class_name[i]);
    free(s->class_name);
    free(s->item);
    free(s->box);
    *s = (struct images){0};
}
