/* Images with the boxes of the objects in them: what Object Detection learns from. Images stay as they were given
 * (JPEG, PNG) and are decoded when they are wanted; made ones are plain pixels. */
#ifndef DATA_IMAGES_H
#define DATA_IMAGES_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"

#define IMAGE_SIDE_MAX 16384u      /* pixels of one side */
#define IMAGE_PIXELS_MAX 50000000u /* of one image: what is larger is refused before it is decoded */

/* Fractions of the image's width and height, 0 <= left < right <= 1, 0 <= top < bottom <= 1, from the upper left. */
struct box {
    int32_t class_id;
    float left, top, right, bottom;
};

enum image_coding { IMAGE_RGB, IMAGE_JPEG, IMAGE_PNG };

struct image {
    enum image_coding coding;
    uint8_t *bytes; /* coded; IMAGE_RGB: height x width x 3 */
    size_t len;
    uint32_t width, height;
    size_t first, boxes; /* its boxes are box[first] .. box[first + boxes - 1] of the set */
    char *name;          /* file or record, for messages */
};

struct images {
    size_t count;
    struct image *item;
    size_t boxes;
    struct box *box;
    size_t classes;    /* 1 + the largest class_id seen, or as many as the annotations name */
    char **class_name; /* classes, each may be NULL; or NULL: none is named */
    size_t room, box_room;
    uint64_t bytes_read;
    char name[128]; /* of the channel or generator, for messages */
};

/* Takes over `bytes` (malloc) and copies boxes and name; -1: no memory, and then bytes are freed. */
int images_append(struct images *s, enum image_coding coding, uint8_t *bytes, size_t len, uint32_t width,
                  uint32_t height, const struct box *boxes, size_t box_count, const char *name);
int images_name_class(struct images *s, size_t class_id, const char *name); /* -1: no memory */
void images_free(struct images *s);                                         /* NULL and {0} are fine */

#endif
