/* Reads time series: JSON Lines (plain or .gz) and Parquet, the service's forms for DeepAR.
 *
 *     {"start": "2024-01-31 00:00:00", "target": [1, null, "NaN", 4.5], "cat": [0, 3], "dynamic_feat": [[0, 1, 0, 0]]}
 *
 * Parquet: the same as columns start (text or timestamp), target, cat, dynamic_feat (lists). Other keys: "item_id" is
 * kept, the rest is passed over. All series of a channel have as many categories and features as the first. */
#ifndef FORMAT_SERIES_H
#define FORMAT_SERIES_H

#include <stdbool.h>

#include "engine/base/error.h"
#include "engine/data/series.h"
#include "engine/format/format.h"

/* A whole channel; frees what it had read when it fails. */
int series_read(const struct channel *channel, struct series_set *set, struct error *err);

/* One object of a request's "instances" (or a JSON line) at `p`; returns where it ended, NULL and an error. `number` is
 * for messages, from 1. */
const char *series_read_object(const char *p, const char *end, const char *file, size_t number, struct series_set *set,
                               struct error *err);

#endif
