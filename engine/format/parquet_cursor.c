#include "engine/format/parquet_cursor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK 1024 /* levels read at once */

void parquet_cursor_open(struct parquet_cursor *c, struct input *in, const struct parquet_column *column,
                         const struct parquet_chunk *chunk, size_t group, uint64_t *memory)
{
    c->column = column;
    c->group = group;
    c->left = 0;
    c->dictionary.there = false;
    parquet_pages_open(&c->pages, in, column, chunk, memory);
}

void parquet_cursor_free(struct parquet_cursor *c)
{
    parquet_pages_free(&c->pages);
    parquet_dictionary_free(&c->dictionary);
    *c = (struct parquet_cursor){0};
}

int parquet_cursor_complain(const struct parquet_cursor *c, const char *what, struct error *err)
{
    char where[256];
    snprintf(where, sizeof where, "%.120s, row group %zu, column '%.60s', page %zu", input_name(c->pages.in),
             c->group + 1, c->column->name, c->pages.number);
    return error_set(err, ERROR_INPUT, where, "copy the file again, or write it again", "The page %s", what);
}

/* Width of a level of at most `most`. */
static unsigned level_width(unsigned most)
{
    unsigned width = 0;
    for (; most; most >>= 1)
        width++;
    return width;
}

int parquet_cursor_page(struct parquet_cursor *c, struct error *err)
{
    while (c->left == 0) {
        struct parquet_page page;
        const char *wrong;
        int status = parquet_pages_next(&c->pages, &page, &wrong, err);
        if (status < 0 && !wrong)
            return -1;
        if (status == 0)
            wrong = "is missing: the column ends before all of its rows";
        else if (!wrong && page.dictionary)
            wrong = c->dictionary.there ? "is a second dictionary"
                                        : parquet_dictionary_read(&c->dictionary, c->column, c->form, &page);
        else if (!wrong)
            wrong = parquet_decoder_open(&c->decoder, c->column, c->form, &page, &c->dictionary);
        if (wrong)
            return parquet_cursor_complain(c, wrong, err);
        c->left = page.dictionary ? 0 : page.values;
        if (page.repeats)
            c->repeats = parquet_bits_open(page.repeats, page.repeats_len, level_width(c->column->lists));
        if (page.levels)
            c->levels = parquet_bits_open(page.levels, page.levels_len, level_width(c->column->defined));
    }
    return 0;
}

/* Levels of many kinds: the values that are there come first, then move to their places from the last on. */
static const char *read_mixed(struct parquet_cursor *c, float *to, size_t count)
{
    uint32_t levels[BLOCK];
    size_t there = 0;
    const char *wrong = parquet_bits_read(&c->levels, levels, count);
    for (size_t i = 0; !wrong && i < count; i++) {
        if (levels[i] > c->column->defined)
            wrong = "is damaged: it has impossible levels";
        there += levels[i] == c->column->defined;
    }
    if (!wrong)
        wrong = parquet_decode(&c->decoder, to, there);
    if (wrong || there == count)
        return wrong;
    for (size_t i = count; i-- > 0;)
        to[i] = levels[i] == c->column->defined ? to[--there] : NAN;
    return NULL;
}

/* *count may become less: as many as are of one kind. */
static const char *read_some(struct parquet_cursor *c, float *to, size_t *count)
{
    uint32_t level;
    size_t same = *count;
    const char *wrong;
    if (c->column->defined == 0)
        return parquet_decode(&c->decoder, to, *count);
    wrong = parquet_bits_repeat(&c->levels, &level, &same);
    if (wrong)
        return wrong;
    if (same < 32 && same < *count) {
        *count = *count < BLOCK ? *count : BLOCK;
        return read_mixed(c, to, *count);
    }
    *count = same;
    parquet_bits_pass(&c->levels, same);
    if (level > c->column->defined)
        return "is damaged: it has impossible levels";
    if (level == c->column->defined)
        return parquet_decode(&c->decoder, to, same);
    for (size_t i = 0; i < same; i++)
        to[i] = NAN;
    return NULL;
}

int parquet_cursor_read(struct parquet_cursor *c, float *to, size_t count, struct error *err)
{
    while (count > 0) {
        size_t n;
        const char *wrong;
        if (parquet_cursor_page(c, err) < 0)
            return -1;
        n = count < c->left ? count : c->left;
        wrong = read_some(c, to, &n);
        if (wrong)
            return parquet_cursor_complain(c, wrong, err);
        c->left -= n;
        to += n;
        count -= n;
    }
    return 0;
}
