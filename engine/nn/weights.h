/* A network's weights as one file of its model (nn/parameters.h says how they lie in it). */
#ifndef NN_WEIGHTS_H
#define NN_WEIGHTS_H

#include "engine/nn/parameters.h"

struct model_writer;

/* `name` is one of the algorithm's model_files; writer NULL: nothing is saved. */
int weights_save(const struct parameters *p, struct model_writer *to, const char *name, struct error *err);

/* From the folder of a model, into parameters that were settled with the same names and shapes. */
int weights_load(struct parameters *p, const char *dir, const char *name, struct error *err);

#endif
