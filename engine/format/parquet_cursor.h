/* The values of one column of one row group, in order and as many at a time as wanted; missing ones are NaN. */
#ifndef FORMAT_PARQUET_CURSOR_H
#define FORMAT_PARQUET_CURSOR_H

#include "engine/format/parquet_decode.h"

struct parquet_cursor {
    const struct parquet_column *column;
    struct parquet_pages pages;
    struct parquet_dictionary dictionary;
    struct parquet_decoder decoder;
    struct parquet_bits levels;
    size_t left; /* of the page that is open */
    size_t group;
};

/* The cursor is zeroed before its first row group, and may go on with others. */
void parquet_cursor_open(struct parquet_cursor *c, struct input *in, const struct parquet_column *column,
                         const struct parquet_chunk *chunk, size_t group, uint64_t *memory);
void parquet_cursor_free(struct parquet_cursor *c);

/* `count` values, which must be there. Errors name file, row group, column and page. */
int parquet_cursor_read(struct parquet_cursor *c, float *to, size_t count, struct error *err);

#endif
