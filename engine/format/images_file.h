/* The ways of images.h one by one, into a set that stands open. Only images*.c, tests and convert include this. */
#ifndef FORMAT_IMAGES_FILE_H
#define FORMAT_IMAGES_FILE_H

#include "engine/format/annotation.h"
#include "engine/format/images.h"
#include "engine/format/input.h"

#define IMAGES_FILE_BYTES_MAX (256u << 20) /* of one image, coded */

/* A folder and the folder of its annotations. `type`: image/jpeg or image/png allow only these. */
int images_folder_read(const char *path, const char *annotation, const char *type, struct images *s, struct error *err);

/* Files of one of the other types; `images` is a struct images. The first record tells which of the two kinds of
 * records a file holds. */
int images_record_read(struct input *in, void *images, struct error *err);
int images_manifest_read(struct input *in, void *images, struct error *err);

/* An MXNet image record of image i, framed; `id` is put into its head. */
int images_record_append(struct str *out, const struct images *s, size_t i, uint64_t id, struct error *err);

/* All bytes of a file as they are, to free, without room behind them. */
int images_load(const char *path, uint8_t **bytes, size_t *len, uint64_t *bytes_read, struct error *err);

/* Looks at an image that the annotation belongs to and appends it with its boxes and classes. Takes over `bytes`;
 * `name` stays with the image, `file` and `at` are for messages of the image and the annotation. */
int images_add(struct images *s, uint8_t *bytes, size_t len, const char *name, const char *file, struct annotation *a,
               const struct place *at, struct error *err);

#endif
