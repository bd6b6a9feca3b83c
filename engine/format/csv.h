/* Numbers with a delimiter between them by the service's rules: the label comes first, where the layout says so the
 * weight follows it, there is no header line, an empty cell is a missing value (NaN). Cells may be quoted, lines may
 * end in CR LF. A line break ends a row even inside quotes: no number holds one.
 *
 * The first line of a file tells its delimiter: a comma, else a semicolon, a tab, blanks (of which any number is one);
 * commas and semicolons together are refused, since either could be a decimal point's stand-in.
 *
 * Hard limits: a line of LINES_LENGTH_MAX bytes, DATASET_DENSE_COLUMNS_MAX features; cells as far as memory goes. */
#ifndef FORMAT_CSV_H
#define FORMAT_CSV_H

#include "engine/base/error.h"
#include "engine/data/dataset.h"
#include "engine/format/input.h"
#include "engine/format/layout.h"
#include "engine/format/writer.h"

/* Appends all rows of `in`; the first row of all files sets the number of columns. Errors name file, line and column.
 * 0; 1 where the builder's taker has enough; -1. */
int csv_read(struct input *in, const struct layout *layout, struct dataset_builder *b, struct error *err);

/* A row as it stands in a file. What CSV cannot hold is refused: groups, weights unless the layout has them, lines that
 * csv_read would not take. */
int csv_append(struct writer *w, const struct dataset *d, size_t row, struct error *err);

#endif
