/* What the engine can do, as JSON: the table of algorithms and their hyperparameters, for the page's form, the API and
 * the check of cards' stated defaults. */
#ifndef ENGINE_DESCRIBE_H
#define ENGINE_DESCRIBE_H

#include "engine/base/error.h"
#include "engine/base/str.h"

/* Of one algorithm, or of all when `name` is NULL. */
int describe(const char *name, struct str *out, struct error *err);

#endif
