#include "engine/format/parquet_decode.h"

#include <stdlib.h>
#include <string.h>

#define PIECE 256                /* values taken through a buffer at once */
#define DELTA_BLOCK_MAX 1048576u /* values */
#define SHORT "ends before all of its values"

static size_t width_of(enum parquet_type type)
{
    return type == PARQUET_INT96 ? 12 : type == PARQUET_INT32 || type == PARQUET_FLOAT ? 4 : 8;
}

size_t parquet_form_size(enum parquet_form form)
{
    static const size_t sizes[] = {sizeof(float), sizeof(int64_t), sizeof(struct parquet_text)};
    return sizes[form];
}

/* --- numbers --------------------------------------------------------------------------------------------------------
 */

#define CONVERT(name, number)                                                                                          \
    __attribute__((target_clones("default", "arch=x86-64-v3"))) static void name(const unsigned char *from, float *to, \
                                                                                 size_t count)                         \
    {                                                                                                                  \
        for (size_t i = 0; i < count; i++) {                                                                           \
            number value;                                                                                              \
            memcpy(&value, from + i * sizeof value, sizeof value);                                                     \
            to[i] = (float)value;                                                                                      \
        }                                                                                                              \
    }
CONVERT(from_int32, int32_t)
CONVERT(from_uint32, uint32_t)
CONVERT(from_int64, int64_t)
CONVERT(from_uint64, uint64_t)
CONVERT(from_float, float)
CONVERT(from_double, double)

/* DECIMAL: rounded once, from the exact quotient's double. */
static void from_decimal(const struct parquet_column *column, const unsigned char *from, float *to, size_t count)
{
    double ten = 1 / column->unit;
    for (size_t i = 0; i < count; i++) {
        int64_t value = 0;
        int32_t narrow;
        if (column->type == PARQUET_INT32) {
            memcpy(&narrow, from + 4 * i, 4);
            value = narrow;
        } else {
            memcpy(&value, from + 8 * i, 8);
        }
        to[i] = (float)((double)value / ten);
    }
}

/* Nanoseconds of the day and its number, of which 2440588 is 1970-01-01. */
static int64_t seconds_of_int96(const unsigned char *from)
{
    int64_t nanoseconds;
    int32_t day;
    memcpy(&nanoseconds, from, sizeof nanoseconds);
    memcpy(&day, from + 8, sizeof day);
    return ((int64_t)day - 2440588) * 86400 + nanoseconds / 1000000000;
}

/* Whole numbers in their own type. */
static void to_integers(const struct parquet_column *column, const unsigned char *from, int64_t *to, size_t count)
{
    size_t width = width_of(column->type);
    for (size_t i = 0; i < count; i++, from += width) {
        int32_t narrow;
        if (column->type == PARQUET_INT96) {
            to[i] = seconds_of_int96(from);
        } else if (column->type == PARQUET_INT32) {
            memcpy(&narrow, from, sizeof narrow);
            to[i] = column->is_unsigned ? (int64_t)(uint32_t)narrow : narrow;
        } else {
            memcpy(&to[i], from, sizeof to[i]);
        }
    }
}

static void to_floats(const struct parquet_column *column, const unsigned char *from, float *to, size_t count)
{
    if (column->type == PARQUET_FLOAT)
        from_float(from, to, count);
    else if (column->type == PARQUET_DOUBLE)
        from_double(from, to, count);
    else if (column->unit < 1)
        from_decimal(column, from, to, count);
    else if (column->type == PARQUET_INT32)
        (column->is_unsigned ? from_uint32 : from_int32)(from, to, count);
    else
        (column->is_unsigned ? from_uint64 : from_int64)(from, to, count);
}

/* Values in their own type, one after another, to their form, which is not text. */
static void convert(const struct parquet_column *column, enum parquet_form form, const unsigned char *from, void *to,
                    size_t count)
{
    if (form == PARQUET_AS_INTEGER)
        to_integers(column, from, to, count);
    else
        to_floats(column, from, to, count);
}

/* `count` texts, each behind its length in 4 bytes, which *at moves behind. */
static const char *cut_texts(const unsigned char **at, const unsigned char *end, struct parquet_text *to, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t len;
        if (end - *at < 4)
            return SHORT;
        memcpy(&len, *at, 4);
        *at += 4;
        if (len > (size_t)(end - *at))
            return SHORT;
        to[i] = (struct parquet_text){*at, len};
        *at += len;
    }
    return NULL;
}

/* The page's bytes are kept: later pages take its place. */
static const char *keep_texts(struct parquet_dictionary *dictionary, const struct parquet_page *page)
{
    const unsigned char *at;
    if (page->len >= dictionary->bytes_room) {
        unsigned char *grown = realloc(dictionary->bytes, page->len + 1);
        if (!grown)
            return "does not fit into memory";
        dictionary->bytes = grown;
        dictionary->bytes_room = page->len + 1;
    }
    memcpy(dictionary->bytes, page->bytes, page->len);
    at = dictionary->bytes;
    return cut_texts(&at, at + page->len, dictionary->values, page->values);
}

void parquet_dictionary_free(struct parquet_dictionary *dictionary)
{
    free(dictionary->values);
    free(dictionary->bytes);
    *dictionary = (struct parquet_dictionary){0};
}

const char *parquet_dictionary_read(struct parquet_dictionary *dictionary, const struct parquet_column *column,
                                    enum parquet_form form, const struct parquet_page *page)
{
    size_t width = form == PARQUET_AS_TEXT ? 4 : width_of(column->type);
    if (page->encoding != PARQUET_PLAIN && page->encoding != PARQUET_PLAIN_DICTIONARY)
        return "holds a dictionary in an unknown encoding";
    if (column->type == PARQUET_BOOLEAN)
        return "holds a dictionary of booleans, which Parquet does not have";
    if (page->values > page->len / width)
        return "holds a dictionary that ends before all of its values";
    if (page->values >= dictionary->room) {
        void *grown = realloc(dictionary->values, (page->values + (size_t)1) * parquet_form_size(form));
        if (!grown)
            return "does not fit into memory";
        dictionary->values = grown;
        dictionary->room = page->values + (size_t)1;
    }
    dictionary->there = true;
    dictionary->count = page->values;
    if (form == PARQUET_AS_TEXT)
        return keep_texts(dictionary, page);
    convert(column, form, page->bytes, dictionary->values, page->values);
    return NULL;
}

/* --- encodings ------------------------------------------------------------------------------------------------------
 */

static const char *read_texts(struct parquet_decoder *d, void *to, size_t count)
{
    return cut_texts(&d->at, d->end, to, count);
}

static const char *read_plain(struct parquet_decoder *d, void *to, size_t count)
{
    size_t width = width_of(d->column->type);
    if (count > (size_t)(d->end - d->at) / width)
        return SHORT;
    convert(d->column, d->form, d->at, to, count);
    d->at += count * width;
    return NULL;
}

static const char *read_plain_bits(struct parquet_decoder *d, void *values, size_t count)
{
    float *to = values;
    if (count > d->total - d->place)
        return SHORT;
    for (size_t i = 0; i < count; i++, d->place++)
        to[i] = (float)(d->at[d->place / 8] >> d->place % 8 & 1);
    return NULL;
}

static const char *read_rle(struct parquet_decoder *d, void *to, size_t count)
{
    static const float values[2] = {0, 1};
    return parquet_bits_look_up(&d->bits, to, count, values, 2);
}

static const char *read_dictionary(struct parquet_decoder *d, void *to, size_t count)
{
    return parquet_bits_look_up(&d->bits, to, count, d->dictionary->values, d->dictionary->count);
}

/* The same for values that are no floats. */
static const char *read_wide_dictionary(struct parquet_decoder *d, void *to, size_t count)
{
    size_t size = parquet_form_size(d->form);
    uint32_t places[PIECE];
    for (size_t done = 0; done < count;) {
        size_t n = count - done < PIECE ? count - done : PIECE;
        const char *wrong = parquet_bits_read(&d->bits, places, n);
        if (wrong)
            return wrong;
        for (size_t i = 0; i < n; i++, done++) {
            if (places[i] >= d->dictionary->count)
                return "is damaged: it names an entry that its dictionary does not have";
            memcpy((char *)to + done * size, (const char *)d->dictionary->values + places[i] * size, size);
        }
    }
    return NULL;
}

/* The k-th bytes of all values stand together. */
static const char *read_split(struct parquet_decoder *d, void *values, size_t count)
{
    char *to = values;
    size_t width = width_of(d->column->type);
    unsigned char whole[PIECE * 8];
    if (count > d->total - d->place)
        return SHORT;
    while (count > 0) {
        size_t n = count < PIECE ? count : PIECE;
        for (size_t k = 0; k < width; k++)
            for (size_t i = 0; i < n; i++)
                whole[i * width + k] = d->at[k * d->total + d->place + i];
        convert(d->column, d->form, whole, to, n);
        d->place += n;
        to += n * parquet_form_size(d->form);
        count -= n;
    }
    return NULL;
}

/* --- differences ----------------------------------------------------------------------------------------------------
 */

static const char *varint(struct parquet_decoder *d, uint64_t *value)
{
    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (d->at == d->end)
            return SHORT;
        *value |= (uint64_t)(*d->at & 0x7F) << shift;
        if (*d->at++ < 0x80)
            return NULL;
    }
    return "has a number of too many bytes";
}

static const char *zigzag(struct parquet_decoder *d, uint64_t *value)
{
    const char *wrong = varint(d, value);
    *value = *value >> 1 ^ (0 - (*value & 1));
    return wrong;
}

static const char *open_delta(struct parquet_decoder *d)
{
    uint64_t block = 0, pieces = 0, total = 0, first = 0;
    const char *wrong = varint(d, &block);
    if (!wrong)
        wrong = varint(d, &pieces);
    if (!wrong)
        wrong = varint(d, &total);
    if (!wrong)
        wrong = zigzag(d, &first);
    if (wrong)
        return wrong;
    if (block == 0 || block > DELTA_BLOCK_MAX || pieces == 0 || pieces > block || block % pieces ||
        block / pieces % 8 || total > INT32_MAX)
        return "has blocks of an impossible size";
    d->delta = (struct parquet_delta){.block = block, .piece = block / pieces, .total = total, .value = first};
    d->delta.first = true;
    return NULL;
}

/* Opens the next piece of the block, and the next block where there is none. The last piece may be cut. */
static const char *open_piece(struct parquet_decoder *d)
{
    struct parquet_delta *delta = &d->delta;
    size_t len;
    if (delta->pieces == 0) {
        const char *wrong = zigzag(d, &delta->step);
        delta->pieces = delta->block / delta->piece;
        delta->widths = d->at;
        if (wrong || delta->pieces > (size_t)(d->end - d->at))
            return SHORT;
        d->at += delta->pieces;
    }
    delta->pieces--;
    delta->width = *delta->widths++;
    delta->left = delta->piece < delta->total ? delta->piece : delta->total;
    delta->bytes = d->at;
    delta->bit = 0;
    if (delta->width > 64)
        return "has differences of more than 64 bits";
    if ((delta->width * delta->left + 7) / 8 > (size_t)(d->end - d->at))
        return SHORT;
    len = delta->width * delta->piece / 8;
    d->at += len < (size_t)(d->end - d->at) ? len : (size_t)(d->end - d->at);
    return NULL;
}

static const char *next_delta(struct parquet_decoder *d)
{
    struct parquet_delta *delta = &d->delta;
    const char *wrong = delta->left ? NULL : open_piece(d);
    if (wrong)
        return wrong;
    delta->value += delta->step + parquet_bits_at(delta->bytes, delta->bit, delta->width);
    delta->bit += delta->width;
    delta->left--;
    return NULL;
}

/* The next value, the first included. */
static const char *take_delta(struct parquet_decoder *d)
{
    const char *wrong = d->delta.first ? NULL : next_delta(d);
    d->delta.first = false;
    d->delta.total--;
    return wrong;
}

static const char *read_delta(struct parquet_decoder *d, void *values, size_t count)
{
    struct parquet_delta *delta = &d->delta;
    char *to = values;
    unsigned char whole[PIECE * 8];
    size_t width = width_of(d->column->type), n = 0;
    if (count > delta->total)
        return SHORT;
    for (size_t i = 0; i < count; i++) {
        const char *wrong = take_delta(d);
        if (wrong)
            return wrong;
        memcpy(whole + n * width, &delta->value, width);
        if (++n == PIECE || i + 1 == count) {
            convert(d->column, d->form, whole, to + (i + 1 - n) * parquet_form_size(d->form), n);
            n = 0;
        }
    }
    return NULL;
}

/* Texts whose lengths, as differences, stand before all of them. */
static const char *read_lengths(struct parquet_decoder *d, void *values, size_t count)
{
    struct parquet_text *to = values;
    if (count > d->delta.total)
        return SHORT;
    for (size_t i = 0; i < count; i++) {
        const char *wrong = take_delta(d);
        if (wrong)
            return wrong;
        if (d->delta.value > (uint64_t)(d->end - d->texts))
            return SHORT;
        to[i] = (struct parquet_text){d->texts, (size_t)d->delta.value};
        d->texts += d->delta.value;
    }
    return NULL;
}

/* Goes through the lengths once to find where they end. */
static const char *open_lengths(struct parquet_decoder *d)
{
    struct parquet_decoder ahead;
    const char *wrong = open_delta(d);
    for (ahead = *d; !wrong && ahead.delta.total > 0;)
        wrong = take_delta(&ahead);
    d->read = read_lengths;
    d->texts = ahead.at;
    return wrong;
}

/* --- pages ----------------------------------------------------------------------------------------------------------
 */

static const char *open_boolean(struct parquet_decoder *d, const struct parquet_page *page)
{
    uint32_t len;
    if (page->encoding == PARQUET_PLAIN) {
        d->read = read_plain_bits;
        d->total = page->len * 8;
        return NULL;
    }
    if (page->encoding != PARQUET_RLE)
        return "is in an encoding that booleans do not have";
    if (page->len < 4)
        return SHORT;
    memcpy(&len, page->bytes, 4);
    if (len > page->len - 4)
        return SHORT;
    d->read = read_rle;
    d->bits = parquet_bits_open(page->bytes + 4, len, 1);
    return NULL;
}

static const char *open_dictionary(struct parquet_decoder *d, const struct parquet_page *page)
{
    if (!d->dictionary->there)
        return "needs a dictionary, and none comes before it";
    d->read = d->form == PARQUET_AS_FLOAT ? read_dictionary : read_wide_dictionary;
    if (page->len == 0) {
        d->bits = parquet_bits_open(page->bytes, 0, 1);
        return NULL;
    }
    if (page->bytes[0] > 32)
        return "has places of more than 32 bits";
    d->bits = parquet_bits_open(page->bytes + 1, page->len - 1, page->bytes[0]);
    return NULL;
}

static const char *open_text(struct parquet_decoder *d, const struct parquet_page *page)
{
    switch (page->encoding) {
    case PARQUET_PLAIN:
        d->read = read_texts;
        return NULL;
    case PARQUET_PLAIN_DICTIONARY:
    case PARQUET_RLE_DICTIONARY:
        return open_dictionary(d, page);
    case PARQUET_DELTA_LENGTH:
        d->read = read_lengths;
        return page->len ? open_lengths(d) : NULL;
    }
    return "is in an encoding of text that this build does not know; write it with a dictionary or plain";
}

const char *parquet_decoder_open(struct parquet_decoder *d, const struct parquet_column *column, enum parquet_form form,
                                 const struct parquet_page *page, const struct parquet_dictionary *dictionary)
{
    bool integers = column->type == PARQUET_INT32 || column->type == PARQUET_INT64;
    *d = (struct parquet_decoder){.column = column, .form = form, .dictionary = dictionary, .at = page->bytes};
    d->end = page->bytes + page->len;
    if (column->type == PARQUET_BOOLEAN)
        return open_boolean(d, page);
    if (form == PARQUET_AS_TEXT)
        return open_text(d, page);
    switch (page->encoding) {
    case PARQUET_PLAIN:
        d->read = read_plain;
        return NULL;
    case PARQUET_PLAIN_DICTIONARY:
    case PARQUET_RLE_DICTIONARY:
        return open_dictionary(d, page);
    case PARQUET_BYTE_STREAM_SPLIT:
        if (column->type == PARQUET_INT96)
            break;
        d->read = read_split;
        d->total = page->len / width_of(column->type);
        return page->len % width_of(column->type) ? "has a length that its values do not fill" : NULL;
    case PARQUET_DELTA_BINARY_PACKED:
        d->read = read_delta;
        if (integers)
            return page->len ? open_delta(d) : NULL;
    }
    return "is in an encoding that numbers of its type do not have";
}

const char *parquet_decode(struct parquet_decoder *d, void *to, size_t count)
{
    return d->read(d, to, count);
}
