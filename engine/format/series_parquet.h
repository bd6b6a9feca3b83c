/* Series as the rows of a Parquet file: columns `start` (text, date or timestamp), `target` (a list of numbers; null
 * and NaN are missing values), and where they are there `cat` (a list of integers), `dynamic_feat` (a list of lists of
 * numbers) and `item_id`. Other columns are not read. Errors name file, row and column. */
#ifndef FORMAT_SERIES_PARQUET_H
#define FORMAT_SERIES_PARQUET_H

#include "engine/base/error.h"
#include "engine/format/input.h"

/* All rows; `reading` is a struct series_reading. */
int series_parquet_read(struct input *in, void *reading, struct error *err);

#endif
