/* A folder of images and a folder of their annotations into MXNet's image records, one file that trains faster than
 * many small ones. Names of classes have no place in records and are left behind. */
#ifndef ENGINE_CONVERT_IMAGES_H
#define ENGINE_CONVERT_IMAGES_H

#include "engine/base/error.h"
#include "engine/event.h"

struct image_conversion {
    const char *images, *annotations; /* folders; may be one and the same */
    const char *type;                 /* application/x-image, image/jpeg or image/png: what may be in the first */
    const char *out;                  /* a file or "-": then no event is sent */
};

/* Sends an end event with images, boxes and classes. */
int convert_images(const struct image_conversion *c, struct event_sink *sink, struct error *err);

#endif
