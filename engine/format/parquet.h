/* Tables of numbers as Parquet files: the first column is the label, the others are the features, whatever their names.
 *
 * Read are flat columns of booleans, integers, floats and decimals, rounded to float32; a null is a missing value.
 * Text, bytes, dates and lists are no training data and refused by the column's name. Encodings and packings: see
 * parquet_decode.h and parquet_page.h. Rows are unpacked in blocks, so that memory beyond them holds one page of each
 * column.
 *
 * Written are row groups of at most 65,536 rows: required FLOAT columns `label`, `f0`, `f1` ..., a missing value as
 * NaN, dictionaries where they are shorter, packed by snappy. Rows that are sparse get their zeros.
 *
 * Hard limits: those of parquet_meta.h and parquet_page.h, the columns of data/dataset.h, and PARQUET_ROWS_BYTES for
 * the rows of a file that are kept together. */
#ifndef FORMAT_PARQUET_H
#define FORMAT_PARQUET_H

#include "engine/base/error.h"
#include "engine/data/dataset.h"
#include "engine/format/input.h"
#include "engine/format/layout.h"
#include "engine/format/writer.h"

#define PARQUET_ROWS_BYTES (16ull << 30)

/* Appends all rows of `in`. Errors name file, row group, column and page. 0; 1 where the builder's taker has enough;
 * -1. */
int parquet_read(struct input *in, const struct layout *layout, struct dataset_builder *b, struct error *err);

/* The values of one column, by its name, of a file whatever its other columns are. The caller frees *values. */
int parquet_read_column(struct input *in, const char *name, float **values, size_t *rows, struct error *err);

/* Rows, then the end of the file. Weights and queries, which have no place in a table, are refused. */
int parquet_write(struct writer *w, const struct dataset *d, struct error *err);
int parquet_end(struct writer *w, struct error *err);
void parquet_leave(struct writer *w);

#endif
