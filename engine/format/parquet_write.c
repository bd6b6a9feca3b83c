/* The writing half of parquet.h: rows gather in columns until they make a row group. */
#include <snappy-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/format/parquet.h"
#include "engine/format/parquet_page.h"
#include "engine/format/thrift.h"

#define GROUP_ROWS 65536u
#define GROUP_CELLS (16u << 20)
#define ENTRIES_MAX 32768u /* of a dictionary */
#define SLOTS 65536u       /* of the table that finds them; a power of two */
#define RUN_MIN 64u        /* shorter ones are packed with their neighbours: short runs are slow to read */

struct chunk {
    uint64_t dictionary, data; /* where the pages begin; dictionary 0: none */
    uint64_t plain_len, packed_len;
};

struct group {
    uint64_t rows;
    struct chunk *chunks;
};

struct table {
    size_t columns, rows, room; /* columns with the label; rows gathered, and how many make a group */
    float *cells;               /* column after column, `room` apart */
    struct group *groups;
    size_t group_count;
    uint64_t at; /* bytes made so far */
    uint32_t slots[SLOTS], entries[ENTRIES_MAX], places[GROUP_ROWS];
    struct str page;
};

static int no_memory(const char *name, struct error *err)
{
    return error_set(err, ERROR_SYSTEM, name, NULL, "There is not enough memory to write it");
}

static void put(struct writer *w, const void *bytes, size_t len)
{
    struct table *t = w->own;
    str_append(&w->bytes, bytes, len);
    t->at += len;
}

/* --- pages ----------------------------------------------------------------------------------------------------------
 */

/* Fills places and entries; the number of entries, 0 where there are too many for it to pay. */
static size_t find_entries(struct table *t, const float *values)
{
    size_t count = 0;
    memset(t->slots, 0, sizeof t->slots);
    for (size_t i = 0; i < t->rows; i++) {
        uint32_t bits, slot;
        memcpy(&bits, values + i, sizeof bits);
        slot = bits * 2654435761u >> 16;
        while (t->slots[slot] && t->entries[t->slots[slot] - 1] != bits)
            slot = (slot + 1) % SLOTS;
        if (!t->slots[slot]) {
            if (count == ENTRIES_MAX || count * 2 > t->rows)
                return 0;
            t->entries[count++] = bits;
            t->slots[slot] = (uint32_t)count;
        }
        t->places[i] = t->slots[slot] - 1;
    }
    return count;
}

static unsigned width_of(size_t entries)
{
    unsigned width = 1;
    while ((size_t)1 << width < entries)
        width++;
    return width;
}

static void put_head(struct str *out, uint64_t head)
{
    for (; head >= 0x80; head >>= 7)
        str_putc(out, (char)(head | 0x80));
    str_putc(out, (char)head);
}

/* Places first .. end - 1 as a stretch of eights; what is missing to the last one is 0. */
static void put_stretch(struct str *out, const uint32_t *places, size_t first, size_t end, unsigned width)
{
    uint64_t bits = 0;
    unsigned have = 0;
    if (first == end)
        return;
    put_head(out, (uint64_t)((end - first + 7) / 8) << 1 | 1);
    for (size_t i = first; i < first + (end - first + 7) / 8 * 8; i++) {
        bits |= (uint64_t)(i < end ? places[i] : 0) << have;
        for (have += width; have >= 8; have -= 8, bits >>= 8)
            str_putc(out, (char)(bits & 0xFF));
    }
}

static void put_run(struct str *out, uint32_t value, size_t len, unsigned width)
{
    put_head(out, (uint64_t)len << 1);
    str_append(out, &value, (width + 7) / 8);
}

static void put_places(struct str *out, const uint32_t *places, size_t count, unsigned width)
{
    size_t begun = 0;
    for (size_t i = 0, end; i < count; i = end) {
        size_t from = i + (8 - (i - begun) % 8) % 8; /* a stretch before it ends in eights */
        for (end = i + 1; end < count && places[end] == places[i]; end++)
            continue;
        if (from > end || end - from < RUN_MIN)
            continue;
        put_stretch(out, places, begun, from, width);
        put_run(out, places[i], end - from, width);
        begun = end;
    }
    put_stretch(out, places, begun, count, width);
}

/* Sends on what `page` holds. */
static int put_page(struct writer *w, struct chunk *c, bool dictionary, size_t values, int encoding, struct error *err)
{
    struct table *t = w->own;
    struct str header = {0};
    struct thrift_writer h = {.out = &header};
    size_t room = snappy_max_compressed_length(t->page.len), len = room;
    char *packed = malloc(room);
    if (!packed || t->page.failed || snappy_compress(t->page.data, t->page.len, packed, &len) != SNAPPY_OK) {
        free(packed);
        return no_memory("the output", err);
    }
    thrift_put_begin(&h, 0);
    thrift_put_integer(&h, 1, THRIFT_I32, dictionary ? 2 : 0);
    thrift_put_integer(&h, 2, THRIFT_I32, (int64_t)t->page.len);
    thrift_put_integer(&h, 3, THRIFT_I32, (int64_t)len);
    thrift_put_begin(&h, dictionary ? 7 : 5);
    thrift_put_integer(&h, 1, THRIFT_I32, (int64_t)values);
    thrift_put_integer(&h, 2, THRIFT_I32, encoding);
    for (int id = 3; !dictionary && id <= 4; id++)
        thrift_put_integer(&h, id, THRIFT_I32, PARQUET_RLE);
    thrift_put_end(&h);
    thrift_put_end(&h);
    *(dictionary ? &c->dictionary : &c->data) = t->at;
    c->plain_len += header.len + t->page.len;
    c->packed_len += header.len + len;
    put(w, header.data, header.len);
    put(w, packed, len);
    if (header.failed)
        w->bytes.failed = true;
    str_free(&header);
    free(packed);
    str_clear(&t->page);
    return 0;
}

static int put_column(struct writer *w, const float *values, struct chunk *c, struct error *err)
{
    struct table *t = w->own;
    size_t entries = find_entries(t, values), plain = t->rows * sizeof *values;
    unsigned width = width_of(entries);
    if (entries == 0 || entries * sizeof *t->entries + t->rows * width / 8 > plain / 4 * 3) {
        str_append(&t->page, values, plain);
        return put_page(w, c, false, t->rows, PARQUET_PLAIN, err);
    }
    str_append(&t->page, t->entries, entries * sizeof *t->entries);
    if (put_page(w, c, true, entries, PARQUET_PLAIN, err) < 0)
        return -1;
    str_putc(&t->page, (char)width);
    put_places(&t->page, t->places, t->rows, width);
    return put_page(w, c, false, t->rows, PARQUET_RLE_DICTIONARY, err);
}

static int put_group(struct writer *w, struct error *err)
{
    struct table *t = w->own;
    struct group *groups = realloc(t->groups, (t->group_count + 1) * sizeof *groups);
    struct chunk *chunks = calloc(t->columns, sizeof *chunks);
    if (groups)
        t->groups = groups;
    if (!groups || !chunks) {
        free(chunks);
        return no_memory("the output", err);
    }
    t->groups[t->group_count++] = (struct group){.rows = t->rows, .chunks = chunks};
    for (size_t c = 0; c < t->columns; c++)
        if (put_column(w, t->cells + c * t->room, &chunks[c], err) < 0)
            return -1;
    t->rows = 0;
    return 0;
}

/* --- rows -----------------------------------------------------------------------------------------------------------
 */

static int open_table(struct writer *w, const struct dataset *d, struct error *err)
{
    struct table *t = w->own;
    if (d->columns == 0 || d->columns > DATASET_DENSE_COLUMNS_MAX)
        return error_set(err, ERROR_LIMIT, d->name, "convert to text/libsvm",
                         "A table of %zu features cannot be written as Parquet; it can have 1 to 1,000,000",
                         d->columns);
    if (t && t->columns != d->columns + 1)
        return error_set(err, ERROR_INPUT, d->name, "give every row the same number of columns",
                         "Rows have %zu features, those before have %zu", d->columns, t->columns - 1);
    if (t)
        return 0;
    t = w->own = calloc(1, sizeof *t);
    if (!t)
        return no_memory(d->name, err);
    t->columns = d->columns + 1;
    t->room = GROUP_CELLS / t->columns < GROUP_ROWS ? GROUP_CELLS / t->columns : GROUP_ROWS;
    t->cells = malloc(t->columns * t->room * sizeof *t->cells);
    put(w, PARQUET_MAGIC, 4);
    return t->cells ? 0 : no_memory(d->name, err);
}

static int check_row(const struct dataset *d, size_t row, struct error *err)
{
    char where[256];
    if ((!d->weight || d->weight[row] == 1) && !d->group)
        return 0;
    snprintf(where, sizeof where, "%s, row %zu", d->name, row + 1);
    return error_set(err, ERROR_INPUT, where, "convert to text/libsvm",
                     "A table has no place for the weight or the query of a row");
}

static void add_row(struct table *t, const struct dataset *d, size_t row)
{
    float *cells = t->cells + t->rows++;
    cells[0] = d->y[row];
    for (size_t c = 1; c < t->columns; c++)
        cells[c * t->room] = d->start ? 0 : d->x[row * d->columns + c - 1];
    for (size_t i = d->start ? d->start[row] : 0; d->start && i < d->start[row + 1]; i++)
        cells[(d->index[i] + (size_t)1) * t->room] = d->value[i];
}

int parquet_write(struct writer *w, const struct dataset *d, struct error *err)
{
    if (open_table(w, d, err) < 0)
        return -1;
    for (size_t row = 0; row < d->rows; row++) {
        struct table *t = w->own;
        if (check_row(d, row, err) < 0)
            return -1;
        add_row(t, d, row);
        if (t->rows == t->room && put_group(w, err) < 0)
            return -1;
    }
    return 0;
}

/* --- the end of the file --------------------------------------------------------------------------------------------
 */

static void name_column(char *name, size_t size, size_t column)
{
    if (column == 0)
        snprintf(name, size, "label");
    else
        snprintf(name, size, "f%zu", column - 1);
}

static void put_schema(struct thrift_writer *h, const struct table *t)
{
    char name[32];
    thrift_put_list(h, 2, THRIFT_STRUCT, t->columns + 1);
    thrift_put_begin(h, 0);
    thrift_put_text(h, 4, "schema");
    thrift_put_integer(h, 5, THRIFT_I32, (int64_t)t->columns);
    thrift_put_end(h);
    for (size_t c = 0; c < t->columns; c++) {
        name_column(name, sizeof name, c);
        thrift_put_begin(h, 0);
        thrift_put_integer(h, 1, THRIFT_I32, PARQUET_FLOAT);
        thrift_put_integer(h, 3, THRIFT_I32, 0); /* required */
        thrift_put_text(h, 4, name);
        thrift_put_end(h);
    }
}

static void put_chunk(struct thrift_writer *h, const struct chunk *c, size_t column, uint64_t rows)
{
    char name[32];
    name_column(name, sizeof name, column);
    thrift_put_begin(h, 0);
    thrift_put_integer(h, 2, THRIFT_I64, (int64_t)(c->dictionary ? c->dictionary : c->data));
    thrift_put_begin(h, 3);
    thrift_put_integer(h, 1, THRIFT_I32, PARQUET_FLOAT);
    thrift_put_list(h, 2, THRIFT_I32, c->dictionary ? 3 : 2);
    thrift_put_integer(h, 0, THRIFT_I32, PARQUET_PLAIN);
    thrift_put_integer(h, 0, THRIFT_I32, PARQUET_RLE);
    if (c->dictionary)
        thrift_put_integer(h, 0, THRIFT_I32, PARQUET_RLE_DICTIONARY);
    thrift_put_list(h, 3, THRIFT_BINARY, 1);
    thrift_put_text(h, 0, name);
    thrift_put_integer(h, 4, THRIFT_I32, PARQUET_SNAPPY);
    thrift_put_integer(h, 5, THRIFT_I64, (int64_t)rows);
    thrift_put_integer(h, 6, THRIFT_I64, (int64_t)c->plain_len);
    thrift_put_integer(h, 7, THRIFT_I64, (int64_t)c->packed_len);
    thrift_put_integer(h, 9, THRIFT_I64, (int64_t)c->data);
    if (c->dictionary)
        thrift_put_integer(h, 11, THRIFT_I64, (int64_t)c->dictionary);
    thrift_put_end(h);
    thrift_put_end(h);
}

static void put_groups(struct thrift_writer *h, const struct table *t)
{
    thrift_put_list(h, 4, THRIFT_STRUCT, t->group_count);
    for (size_t g = 0; g < t->group_count; g++) {
        const struct group *group = &t->groups[g];
        uint64_t len = 0;
        thrift_put_begin(h, 0);
        thrift_put_list(h, 1, THRIFT_STRUCT, t->columns);
        for (size_t c = 0; c < t->columns; c++) {
            put_chunk(h, &group->chunks[c], c, group->rows);
            len += group->chunks[c].plain_len;
        }
        thrift_put_integer(h, 2, THRIFT_I64, (int64_t)len);
        thrift_put_integer(h, 3, THRIFT_I64, (int64_t)group->rows);
        thrift_put_end(h);
    }
}

int parquet_end(struct writer *w, struct error *err)
{
    struct table *t = w->own;
    struct str footer = {0};
    struct thrift_writer h = {.out = &footer};
    uint64_t rows = 0;
    uint32_t len;
    if (!t)
        return error_set(err, ERROR_INPUT, "the output", "give rows", "There are no rows to write");
    if (t->rows > 0 && put_group(w, err) < 0)
        return -1;
    for (size_t g = 0; g < t->group_count; g++)
        rows += t->groups[g].rows;
    thrift_put_begin(&h, 0);
    thrift_put_integer(&h, 1, THRIFT_I32, 2);
    put_schema(&h, t);
    thrift_put_integer(&h, 3, THRIFT_I64, (int64_t)rows);
    put_groups(&h, t);
    thrift_put_text(&h, 6, "flashlab version 1.0.0");
    thrift_put_end(&h);
    len = (uint32_t)footer.len;
    put(w, footer.data, footer.len);
    put(w, &len, sizeof len);
    put(w, PARQUET_MAGIC, 4);
    if (footer.failed || w->bytes.failed) {
        str_free(&footer);
        return no_memory("the output", err);
    }
    str_free(&footer);
    return 0;
}

void parquet_leave(struct writer *w)
{
    struct table *t = w->own;
    if (!t)
        return;
    for (size_t g = 0; g < t->group_count; g++)
        free(t->groups[g].chunks);
    free(t->groups);
    free(t->cells);
    str_free(&t->page);
    free(t);
    w->own = NULL;
}
