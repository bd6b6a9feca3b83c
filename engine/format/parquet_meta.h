/* What the end of a Parquet file says of the rest: columns, row groups, and where the pages of each column lie.
 *
 * Columns are the leaves of the schema; one inside of structs or lists is named by the whole path, with points. What is
 * read has been checked against the size of the file; that pages hold what is said here is for those who read them.
 *
 * Hard limit: a footer of PARQUET_FOOTER_MAX bytes. Memory grows with the footer's bytes, not with what it claims. */
#ifndef FORMAT_PARQUET_META_H
#define FORMAT_PARQUET_META_H

#include <stddef.h>
#include <stdint.h>

#include "engine/base/error.h"
#include "engine/format/input.h"

#define PARQUET_FOOTER_MAX (64u << 20)
#define PARQUET_MAGIC "PAR1"

enum parquet_type {
    PARQUET_BOOLEAN,
    PARQUET_INT32,
    PARQUET_INT64,
    PARQUET_INT96,
    PARQUET_FLOAT,
    PARQUET_DOUBLE,
    PARQUET_BYTE_ARRAY,
    PARQUET_FIXED
};

/* What an integer counts, from 1970 on where it is a time; INT96 has a form of its own. */
enum parquet_time { PARQUET_NO_TIME, PARQUET_DAYS, PARQUET_MILLIS, PARQUET_MICROS, PARQUET_NANOS, PARQUET_TIME_OF_DAY };

#define PARQUET_LISTS_MAX 2 /* lists within each other whose levels are kept; deeper ones are known by `lists` */

enum parquet_codec { PARQUET_PLAIN_BYTES, PARQUET_SNAPPY, PARQUET_GZIP, PARQUET_ZSTD = 6 };

struct parquet_column {
    char *name;
    enum parquet_type type;
    unsigned defined;                    /* the level of a value that is there; 0: all are */
    unsigned lists;                      /* in how many lists it lies */
    unsigned element[PARQUET_LISTS_MAX]; /* from which level on there is an element of the outer, of the inner list */
    size_t root_len;                     /* of the name: the part before the first point that is no part of a name */
    enum parquet_time time;
    int is_unsigned;     /* integers have no sign */
    double unit;         /* what the integer 1 stands for: 1, or a power of ten */
    const char *refused; /* why its values are no numbers of a table; NULL: they are */
};

/* One column of one row group. */
struct parquet_chunk {
    uint64_t start, len; /* the pages' bytes */
    int64_t values;
    int codec;
};

struct parquet_meta {
    struct parquet_column *columns;
    size_t column_count;
    struct parquet_chunk *chunks; /* group x column_count + column */
    int64_t *rows;                /* of each group */
    size_t group_count;
};

/* 0, -1. */
int parquet_meta_read(struct input *in, uint64_t size, struct parquet_meta *m, struct error *err);
void parquet_meta_free(struct parquet_meta *m); /* {0} is fine */

#endif
