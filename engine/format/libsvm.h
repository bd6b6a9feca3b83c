/* Sparse rows as text, `label[:weight] index:value ...`: indices count from 0 and rise strictly, what is not there is
 * 0.
 * `#` begins a comment. A qid, which groups rows for ranking, is refused.
 *
 * Hard limits: a line of LINES_LENGTH_MAX bytes, indices below DATASET_SPARSE_COLUMNS_MAX. */
#ifndef FORMAT_LIBSVM_H
#define FORMAT_LIBSVM_H

#include "engine/base/error.h"
#include "engine/base/str.h"
#include "engine/data/dataset.h"
#include "engine/format/input.h"

/* Appends all rows of `in`; the largest index sets the number of columns. Errors name file, line and entry. */
int libsvm_read(struct input *in, struct dataset_builder *b, struct error *err);

/* Appends a row as it stands in a file; zeros of dense rows are left out. Missing values, which libsvm cannot hold, are
 * refused. */
int libsvm_append(struct str *out, const struct dataset *d, size_t row, struct error *err);

#endif
