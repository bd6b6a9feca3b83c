/* A trained linear model on disk, and its answers.
 *
 * linear-learner.json: {"version":1, "predictor_type", "loss", "columns", "outputs", "threshold" (binary: above which
 * score, before the sigmoid, the label is 1), "bias":[per output], "weights":[[per column]..per output],
 * "means":[per column: what stands in for a missing value]}, all in the units of the raw features and label. */
#ifndef ALGO_LINEAR_SAVED_H
#define ALGO_LINEAR_SAVED_H

#include "engine/algo/linear/linear_model.h"
#include "engine/model.h"

extern const char *const linear_files[], *const linear_accepts[];

int linear_save(const struct linear_model *m, double threshold, struct model_writer *to, struct error *err);

void *linear_load(const char *dir, const struct settings *settings, struct error *err);
void linear_unload(void *model);
int linear_invoke(const void *model, const struct request *in, struct answer *out, struct error *err);

#endif
