/* What writing and reading the JSON of a forest share: the settings that XGBoost saves beside each objective. */
#ifndef XGBOOST_FOREST_JSON_H
#define XGBOOST_FOREST_JSON_H

#include "engine/algo/xgboost/forest.h"

#define FOREST_CLASSES_MAX 1000000
#define FOREST_PARAM_MAX 2

struct forest_param {
    const char *objective;
    const char *block; /* the object that holds them; NULL ends the table */
    struct {
        const char *name;
        size_t offset;     /* of a double in struct objective_settings */
        const char *fixed; /* what is written where nothing is set by it */
    } values[FOREST_PARAM_MAX];
};

extern const struct forest_param forest_params[];
extern const char *const forest_distributions[]; /* in the order of enum aft_distribution; ends with NULL */

const struct forest_param *forest_param_of(const char *objective); /* NULL: it has none of these */

#endif
