/* The experiments and demo presets: content/experiments/ALGORITHM.json, embedded in the program, read once at start and
 * constant from then on. A file that lacks a field is a start error that names it. */
#ifndef LAB_CATALOGUE_H
#define LAB_CATALOGUE_H

#include <cjson/cJSON.h>

#include "engine/base/error.h"

struct catalogue;

struct catalogue *catalogue_load(struct error *err);
void catalogue_free(struct catalogue *c);

/* Adds one file's text, as catalogue_load does for each; `name` is for messages. */
int catalogue_add(struct catalogue *c, const char *name, const char *text, size_t len, struct error *err);

/* Which algorithms exist: the "algorithms" of `flashlab-engine describe --json`. Copied. */
int catalogue_set_algorithms(struct catalogue *c, const cJSON *algorithms);
const cJSON *catalogue_algorithms(const struct catalogue *c);
const cJSON *catalogue_described(const struct catalogue *c, const char *algorithm); /* its entry there, or NULL */

const cJSON *catalogue_preset(const struct catalogue *c, const char *algorithm);    /* {"data",..,"pace"} or NULL */
const cJSON *catalogue_experiment(const struct catalogue *c, const char *id);       /* NULL when there is none */
const cJSON *catalogue_algorithm(const struct catalogue *c, const char *algorithm); /* the whole file, or NULL */
const cJSON *catalogue_files(const struct catalogue *c);                            /* array of all of them */

/* The address of the demo behind a card: the experiment whose concepts the card's words name, else the algorithm's
 * playground: "/demo/linear-learner/LL-14", "/demo/xgboost". `slug` "" or unknown gives "". out holds size bytes. */
void catalogue_demo(const struct catalogue *c, const char *slug, const char *slot, const char *text, char *out,
                    size_t size);

#endif
