/* The experiments and demo presets: content/experiments/ALGORITHM.json, embedded in the program, read once at start. */
#ifndef LAB_CATALOGUE_H
#define LAB_CATALOGUE_H

#include <cjson/cJSON.h>

#include "engine/base/error.h"

struct catalogue;

struct catalogue *catalogue_load(struct error *err);
void catalogue_free(struct catalogue *c);

const cJSON *catalogue_preset(const struct catalogue *c, const char *algorithm);   /* {"data","hyperparameters","pace"} or NULL */
const cJSON *catalogue_experiment(const struct catalogue *c, const char *id);      /* NULL when there is none */
const cJSON *catalogue_algorithm(const struct catalogue *c, const char *algorithm);/* the whole file, or NULL */

/* The address of the demo behind a card: the experiment whose concepts the card's words name, else the algorithm's
 * playground: "/demo/linear-learner/LL-14", "/demo/xgboost". `slug` "" or unknown gives "". out holds size bytes. */
void catalogue_demo(const struct catalogue *c, const char *slug, const char *slot, const char *text, char *out, size_t size);

#endif
