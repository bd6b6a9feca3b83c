/* Sparse rows as text, `label[:weight] [qid:N] index:value ...`: indices count from 0 and rise strictly, what is not
 * there is 0. `qid:N` after the label groups rows for ranking: all rows have one or none, and they are sorted by it.
 * `#` begins a comment.
 *
 * Hard limits: a line of LINES_LENGTH_MAX bytes, indices below DATASET_SPARSE_COLUMNS_MAX. */
#ifndef FORMAT_LIBSVM_H
#define FORMAT_LIBSVM_H

#include "engine/base/error.h"
#include "engine/data/dataset.h"
#include "engine/format/input.h"
#include "engine/format/layout.h"
#include "engine/format/writer.h"

/* Appends all rows of `in`; the largest index sets the number of columns. Errors name file, line and entry.
 * 0; 1 where the builder's taker has enough; -1. */
int libsvm_read(struct input *in, const struct layout *layout, struct dataset_builder *b, struct error *err);

/* A row as it stands in a file; zeros of dense rows are left out. Missing values, which libsvm cannot hold, are
 * refused. The line break comes with the next row or with libsvm_end, which first shows the width where no row has. */
int libsvm_append(struct writer *w, const struct dataset *d, size_t row, struct error *err);
int libsvm_end(struct writer *w, struct error *err);

#endif
