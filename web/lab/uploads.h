/* Data that learners brought to train on: DATA/uploads/ID/NAME; an upload may hold several files, as channels do that
 * are folders. The newest UPLOADS_KEPT stay, and they outlive the server, so that a shared address still finds its
 * data. */
#ifndef LAB_UPLOADS_H
#define LAB_UPLOADS_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/error.h"

#define UPLOAD_ID_LENGTH 16
#define UPLOAD_NAME_MAX 80
#define UPLOAD_BYTES_MAX (32u << 20)
#define UPLOAD_FILES_MAX 256 /* in one upload, which is a folder of images then; UPLOAD_BYTES_MAX together */
#define UPLOADS_KEPT 40

/* A file of an upload: in a new one, whose name is put in `id`, or, where `id` is not empty, in that one. `name` tells
 * the format by its ending; what is no letter, digit, dot, dash or underscore becomes an underscore. */
int uploads_add(const char *data, const char *name, const void *bytes, size_t len, char id[UPLOAD_ID_LENGTH + 1],
                char stored[UPLOAD_NAME_MAX + 1], struct error *err);

/* The folder of an upload; false when there is none (any more). */
bool uploads_folder(const char *data, const char *id, char *path, size_t size);
/* What a channel reads of it: its only file that is no image, such as a table or a list of images; else the folder. */
bool uploads_find(const char *data, const char *id, char *path, size_t size);

#endif
