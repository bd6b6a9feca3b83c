/* The pages of one column of one row group, one after another, unpacked: none, snappy, gzip or zstd.
 *
 * A page's bytes stay until the next call and may be read PARQUET_SLACK bytes beyond their end, so that what unpacks
 * them needs no end of its own. What is wrong comes back as the end of a sentence that begins "The page ".
 *
 * Hard limits: PARQUET_PAGE_MAX bytes a page, packed and unpacked; an unpacked page is no longer than its packing can
 * make it; PARQUET_PAGES_MEMORY bytes for the open pages of all columns. */
#ifndef FORMAT_PARQUET_PAGE_H
#define FORMAT_PARQUET_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/format/parquet_meta.h"

#define PARQUET_SLACK 32
#define PARQUET_PAGE_MAX (256u << 20)
#define PARQUET_PAGES_MEMORY (4ull << 30)

enum parquet_encoding {
    PARQUET_PLAIN,
    PARQUET_PLAIN_DICTIONARY = 2,
    PARQUET_RLE,
    PARQUET_BIT_PACKED,
    PARQUET_DELTA_BINARY_PACKED,
    PARQUET_DELTA_LENGTH,
    PARQUET_DELTA_TEXT,
    PARQUET_RLE_DICTIONARY,
    PARQUET_BYTE_STREAM_SPLIT
};

struct parquet_page {
    bool dictionary;
    int encoding;
    uint32_t values;             /* with those that are missing */
    const unsigned char *levels; /* runs of definition levels; NULL: none stand there */
    size_t levels_len;
    const unsigned char *repeats; /* of repetition levels */
    size_t repeats_len;
    const unsigned char *bytes;
    size_t len;
};

struct parquet_pages {
    struct input *in;
    uint64_t at, end; /* in the file: not yet read */
    int codec;
    bool defined;       /* pages have definition levels */
    bool repeated;      /* and repetition levels */
    unsigned char *raw; /* raw_at .. raw_have: read and not yet handed on */
    size_t raw_at, raw_have, raw_room;
    unsigned char *plain; /* the unpacked page */
    size_t plain_room;
    uint64_t *memory; /* of all columns together */
    size_t number;    /* of the page read last, from 1 */
};

void parquet_pages_open(struct parquet_pages *p, struct input *in, const struct parquet_column *column,
                        const struct parquet_chunk *chunk, uint64_t *memory);
void parquet_pages_free(struct parquet_pages *p);

/* 1 and a page, 0 at the end, -1: *wrong, or err where *wrong is NULL. */
int parquet_pages_next(struct parquet_pages *p, struct parquet_page *page, const char **wrong, struct error *err);

#endif
