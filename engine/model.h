/* A trained model as a folder: the algorithm's own files and model.json, which says whose they are and what it was
 * trained with. model.json is written last, so a folder without it is no model; the one exception is a folder (or a
 * file) with nothing but XGBoost's own JSON model, as the real XGBoost saves it.
 *
 * A writer opens its files at once: a confined trainer, which may open none, can still fill them. What they held before
 * stays until the first is put. */
#ifndef ENGINE_MODEL_H
#define ENGINE_MODEL_H

#include "engine/algo/algorithm.h"

#define MODEL_BYTES_MAX (256u << 20) /* of one file of a model */

/* Makes the folder where it is missing. NULL and an error when something cannot be written there. */
struct model_writer *model_writer_open(const char *dir, const struct algorithm *a, struct error *err);
/* `name` is one of the algorithm's model_files. */
int model_writer_put(struct model_writer *w, const char *name, const void *bytes, size_t len, struct error *err);
/* As many zeros, which take no room on disk where the file can have a hole. */
int model_writer_skip(struct model_writer *w, const char *name, uint64_t zeros, struct error *err);
int model_writer_finish(struct model_writer *w, const struct settings *s, struct error *err); /* writes model.json */
void model_writer_close(struct model_writer *w);                                              /* NULL is fine */
const char *model_writer_dir(const struct model_writer *w);

struct model {
    const struct algorithm *algorithm;
    struct settings settings; /* as trained */
    void *loaded;             /* the algorithm's own */
};

int model_load(struct model *m, const char *path, struct error *err);
void model_unload(struct model *m); /* {0} is fine */
int model_invoke(const struct model *m, const struct request *in, struct answer *out, struct error *err);

/* The bytes of one file of a model's folder, for an algorithm's `load`; the caller frees. NULL and an error. */
char *model_read_file(const char *dir, const char *name, size_t *len, struct error *err);

#endif
