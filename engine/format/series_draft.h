/* A series while it is read, from whatever format: its arrays grow and stay for the next; series_draft_end checks it
 * against what all series have in common and gives it to the set. */
#ifndef FORMAT_SERIES_DRAFT_H
#define FORMAT_SERIES_DRAFT_H

#include <stdbool.h>

#include "engine/base/error.h"
#include "engine/base/str.h"
#include "engine/data/series.h"
#include "engine/format/lines.h"

#define SERIES_SHAPE                                                                                                   \
    "write {\"start\":\"2024-01-31 00:00:00\",\"target\":[1,null,2.5]}, with \"cat\":[0] and "                         \
    "\"dynamic_feat\":[[0,1,0]] if there are any"

struct series_draft {
    bool has_start, has_target, has_category, has_feature, has_item;
    int64_t start;
    float *target; /* NaN is a missing value */
    size_t length, target_room;
    int32_t category[SERIES_FEATURES_MAX];
    size_t categories;
    float *feature; /* one after the other */
    size_t feature_values, feature_room;
    size_t feature_end[SERIES_FEATURES_MAX]; /* where each ends */
    size_t features;
    struct str item;
};

/* What the readers of files are given. */
struct series_reading {
    struct series_set *set;
    struct series_draft draft;
    uint64_t bytes_max; /* Parquet, in which few bytes may stand for many: memory of all series; 0: 16 GiB */
};

void series_draft_begin(struct series_draft *d);
int series_draft_end(const struct series_draft *d, struct series_set *set, const struct place *at, struct error *err);
void series_draft_free(struct series_draft *d);

#endif
