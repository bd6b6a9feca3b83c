/* What the settings and the training data fix about a DeepAR model before its first step: what it looks at, and how
 * numbers are brought into its units. Saved with the model, so that a request is read as training was.
 *
 * Inputs of a step: the earlier values at the lags; where training data have gaps, whether the value before is known;
 * calendar features; the age of the series; the dynamic features. Of a whole window: an embedding for each category,
 * the logarithm of the scale, and the middle. The scale of a window is the mean size of what is known of its context
 * (Salinas et al. 2020); earlier values are divided by it and outputs multiplied with it. Inputs
 * have the context's mean (the middle) taken off, so that they lie around 0: on m4_hourly half as many steps then reach
 * the same loss. */
#ifndef DEEPAR_PLAN_H
#define DEEPAR_PLAN_H

#include <stdbool.h>

#include "engine/algo/algorithm.h"
#include "engine/algo/deepar/frequency.h"
#include "engine/tensor/backend.h"

#define DEEPAR_QUANTILES 99

struct deepar_plan {
    struct frequency frequency;
    size_t context, prediction;
    size_t lags;
    int lag[FREQUENCY_LAGS]; /* those that reach back to a value from at least half of the training values */
    bool gaps;               /* an input tells whether the value before is known */
    size_t categories;
    int32_t cardinality[SERIES_FEATURES_MAX];
    size_t features;
    float feature_mean[SERIES_FEATURES_MAX], feature_factor[SERIES_FEATURES_MAX]; /* to mean 0 and deviation 1 */
    float level_mean, level_factor;                                               /* the same of log scales */
    enum likelihood likelihood;
    size_t cells, layers, embedding;
    double zoneout;
};

size_t deepar_plan_inputs(const struct deepar_plan *p);  /* of a step */
size_t deepar_plan_outputs(const struct deepar_plan *p); /* raw numbers of the likelihood */

/* From the settings alone: what needs no data; the rest is zero. */
int deepar_plan_settings(const struct settings *s, struct deepar_plan *p, struct error *err);
/* "0.1, 0.5": rising order is not asked for. How many, or -1. */
int deepar_quantiles(const char *text, double quantiles[DEEPAR_QUANTILES], struct error *err);
/* Is `text` auto, ignore, empty, or a list of cardinalities? A list is written to the plan. */
int deepar_plan_cardinality(const char *text, struct deepar_plan *p, struct error *err);
/* The whole plan. Refuses data that cannot be learned from; `sink` hears what is left out. */
int deepar_plan_make(const struct settings *s, const struct series_set *train, struct event_sink *sink,
                     struct deepar_plan *p, struct error *err);
/* Do these series fit the plan? Values the likelihood can give, categories in range, as many features. `future`: each
 * dynamic feature must reach that far beyond the target. `channel` is for messages. */
int deepar_plan_check(const struct deepar_plan *p, const struct series_set *set, const char *channel, size_t future,
                      struct error *err);

void deepar_plan_write(const struct deepar_plan *p, struct json *j); /* an object */
int deepar_plan_read(const char *text, size_t len, const char *name, struct deepar_plan *p, struct error *err);

#endif
