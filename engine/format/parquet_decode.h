/* The values of a Parquet page as float32: PLAIN, dictionaries, RLE booleans, DELTA_BINARY_PACKED, BYTE_STREAM_SPLIT.
 * Where they are asked for, whole numbers come exactly as 64-bit integers (a time of INT96 as seconds), and text as it
 * is, then also of DELTA_LENGTH_BYTE_ARRAY.
 *
 * Only values that are there are in a page; the missing ones are told by its levels, for which see parquet_cursor.h.
 * What is wrong comes back as the end of a sentence that begins "The page ". */
#ifndef FORMAT_PARQUET_DECODE_H
#define FORMAT_PARQUET_DECODE_H

#include "engine/format/parquet_bits.h"
#include "engine/format/parquet_meta.h"
#include "engine/format/parquet_page.h"

/* What values become. Booleans are floats only, text is text only, INT96 an integer only. */
enum parquet_form { PARQUET_AS_FLOAT, PARQUET_AS_INTEGER, PARQUET_AS_TEXT };

struct parquet_text {
    const unsigned char *bytes; /* of the page or the dictionary */
    size_t len;
};

/* Bytes of a value in its form. */
size_t parquet_form_size(enum parquet_form form);

struct parquet_dictionary {
    void *values;         /* in the form of their column */
    unsigned char *bytes; /* of text: what the values point into */
    size_t count, room, bytes_room;
    bool there;
};

struct parquet_delta {
    size_t block, piece;         /* values */
    const unsigned char *widths; /* of the pieces of the block that are left */
    size_t pieces;
    uint64_t step, value;       /* the smallest difference; the value before */
    const unsigned char *bytes; /* of the piece that is open */
    unsigned width;
    size_t left, bit; /* of it: values, and where the next one lies */
    size_t total;     /* values of the page that are left */
    bool first;       /* the first value is yet to come */
};

struct parquet_decoder {
    const struct parquet_column *column;
    enum parquet_form form;
    const struct parquet_dictionary *dictionary;
    const char *(*read)(struct parquet_decoder *d, void *to, size_t count);
    const unsigned char *at, *end;
    size_t place, total; /* BYTE_STREAM_SPLIT and bits: values read, values there */
    struct parquet_bits bits;
    struct parquet_delta delta;
    const unsigned char *texts; /* DELTA_LENGTH_BYTE_ARRAY: those that are left */
};

/* A dictionary page. */
const char *parquet_dictionary_read(struct parquet_dictionary *dictionary, const struct parquet_column *column,
                                    enum parquet_form form, const struct parquet_page *page);
void parquet_dictionary_free(struct parquet_dictionary *dictionary);

/* A data page; page, column and dictionary stay with the caller as long as values are read. */
const char *parquet_decoder_open(struct parquet_decoder *d, const struct parquet_column *column, enum parquet_form form,
                                 const struct parquet_page *page, const struct parquet_dictionary *dictionary);
const char *parquet_decode(struct parquet_decoder *d, void *to, size_t count);

#endif
