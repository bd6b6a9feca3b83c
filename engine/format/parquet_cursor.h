/* The values of one column of one row group, in order and as many at a time as wanted; missing ones are NaN. */
#ifndef FORMAT_PARQUET_CURSOR_H
#define FORMAT_PARQUET_CURSOR_H

#include "engine/format/parquet_decode.h"

struct parquet_cursor {
    const struct parquet_column *column;
    enum parquet_form form; /* the caller's choice; floats unless set */
    struct parquet_pages pages;
    struct parquet_dictionary dictionary;
    struct parquet_decoder decoder;
    struct parquet_bits levels, repeats;
    size_t left; /* of the page that is open */
    size_t group;
};

/* The cursor is zeroed before its first row group, and may go on with others. */
void parquet_cursor_open(struct parquet_cursor *c, struct input *in, const struct parquet_column *column,
                         const struct parquet_chunk *chunk, size_t group, uint64_t *memory);
void parquet_cursor_free(struct parquet_cursor *c);

/* `count` floats, which must be there, of a column without lists. Errors name file, row group, column and page. */
int parquet_cursor_read(struct parquet_cursor *c, float *to, size_t count, struct error *err);

/* For others, parts of it: makes `left` more than 0, with the levels of what is left. */
int parquet_cursor_page(struct parquet_cursor *c, struct error *err);
int parquet_cursor_complain(const struct parquet_cursor *c, const char *what, struct error *err);

#endif
