/* Comma-separated numbers by the service's rules: the label comes first, there is no header line, an empty cell is a
 * missing value (NaN). Cells may be quoted, lines may end in CR LF. A line break ends a row even inside quotes: no
 * number holds one.
 *
 *     struct csv_table table = {.data = &d};
 *     if (csv_read(in, &table, &err) < 0) ...dataset_free(&d)...
 *     csv_finish(&table);
 *
 * Hard limits: a line of CSV_LINE_MAX bytes, CSV_COLUMNS_MAX columns; cells as far as memory goes. */
#ifndef FORMAT_CSV_H
#define FORMAT_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "engine/base/error.h"
#include "engine/data/dataset.h"
#include "engine/format/input.h"

#define CSV_LINE_MAX (1u << 20)
#define CSV_COLUMNS_MAX 1000000u

struct csv_table {
    struct dataset *data; /* rows are appended; the first row of all files sets the number of columns */
    size_t capacity;      /* rows there is room for */
};

/* Reads all of `in`. Errors name file, line and column. */
int csv_read(struct input *in, struct csv_table *table, struct error *err);
void csv_finish(struct csv_table *table); /* gives unused room back */

/* A decimal number that fills the `len` bytes, rounded as strtod does, in any locale. False when it is none. */
bool csv_number(const char *text, size_t len, double *value);

#endif
