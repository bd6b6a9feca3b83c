/* The rows of one column of a Parquet file, whatever it holds: a value, a list of them, or a list of lists. Levels tell
 * what is missing and where lists begin, as Dremel has it (Melnik and others, 2010).
 *
 *     struct parquet_list list = {.cursor.form = PARQUET_AS_FLOAT};
 *     parquet_list_open(&list, ...a row group...);
 *     while (...a row is left...) { row.count = 0; parquet_list_row(&list, &row, &err); }
 *     parquet_list_free(&list);
 *
 * Hard limit: the values of a row that the caller sets; memory grows with values that are there. */
#ifndef FORMAT_PARQUET_LIST_H
#define FORMAT_PARQUET_LIST_H

#include <stdbool.h>

#include "engine/format/parquet_cursor.h"

#define PARQUET_LIST_BLOCK 1024 /* levels unpacked at once */

/* What was read of a row: its values one after another. The arrays grow and stay for the next. */
struct parquet_row {
    void *values; /* in the form of the column; a missing float is NaN, another 0 */
    size_t count, room, most;
    size_t *ends; /* of the inner lists of a list of lists, as counts of values; else NULL */
    size_t lists, lists_room, lists_most;
    bool null;    /* the row itself: there is no value, no list */
    bool missing; /* a value of it, or an inner list */
};

struct parquet_list {
    struct parquet_cursor cursor;
    uint64_t left; /* entries of the row group that are not unpacked */
    uint32_t repeats[PARQUET_LIST_BLOCK], levels[PARQUET_LIST_BLOCK];
    size_t at, have; /* of those that are */
};

/* The list is zeroed but for the form before its first row group, and may go on with others. Text points into the page,
 * so that a column of it may have no lists. */
void parquet_list_open(struct parquet_list *l, struct input *in, const struct parquet_column *column,
                       const struct parquet_chunk *chunk, size_t group, uint64_t *memory);
int parquet_list_row(struct parquet_list *l, struct parquet_row *row, struct error *err);
bool parquet_list_done(const struct parquet_list *l); /* nothing is left of the row group */
void parquet_list_free(struct parquet_list *l);
void parquet_row_free(struct parquet_row *row);

#endif
