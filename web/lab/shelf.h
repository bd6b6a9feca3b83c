/* Where the models of finished runs stand: one folder per run beneath DATA/models. They live as long as the lab
 * remembers the run; what an earlier server left is thrown away at start. */
#ifndef LAB_SHELF_H
#define LAB_SHELF_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/error.h"
#include "engine/base/str.h"

struct shelf {
    char dir[1100];
};

int shelf_open(struct shelf *s, const char *data, struct error *err); /* makes the folder, empties it */
void shelf_path(const struct shelf *s, const char *id, char *out, size_t size);
bool shelf_holds(const struct shelf *s, const char *id); /* a model that was finished */
void shelf_remove(const struct shelf *s, const char *id);

/* The model as the service hands it out: model.tar.gz. */
int shelf_pack(const struct shelf *s, const char *id, struct str *out, struct error *err);

#endif
