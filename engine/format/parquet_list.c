#include "engine/format/parquet_list.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void parquet_list_open(struct parquet_list *l, struct input *in, const struct parquet_column *column,
                       const struct parquet_chunk *chunk, size_t group, uint64_t *memory)
{
    parquet_cursor_open(&l->cursor, in, column, chunk, group, memory);
    l->left = (uint64_t)chunk->values;
    l->at = l->have = 0;
}

bool parquet_list_done(const struct parquet_list *l)
{
    return l->left == 0 && l->at == l->have;
}

void parquet_list_free(struct parquet_list *l)
{
    parquet_cursor_free(&l->cursor);
}

void parquet_row_free(struct parquet_row *row)
{
    free(row->values);
    free(row->ends);
    *row = (struct parquet_row){0};
}

/* --- levels ---------------------------------------------------------------------------------------------------------
 */

static const char *read_levels(struct parquet_bits *bits, unsigned most, uint32_t *to, size_t count)
{
    const char *wrong;
    uint32_t largest = 0;
    if (most == 0) {
        memset(to, 0, count * sizeof *to);
        return NULL;
    }
    wrong = parquet_bits_read(bits, to, count);
    for (size_t i = 0; !wrong && i < count; i++)
        largest = to[i] > largest ? to[i] : largest;
    return wrong ? wrong : largest > most ? "is damaged: it has impossible levels" : NULL;
}

/* Makes at < have: entries of one page. */
static int unpack_levels(struct parquet_list *l, struct error *err)
{
    struct parquet_cursor *c = &l->cursor;
    const char *wrong;
    if (l->at < l->have)
        return 0;
    if (parquet_cursor_page(c, err) < 0)
        return -1;
    l->at = 0;
    l->have = c->left < PARQUET_LIST_BLOCK ? c->left : PARQUET_LIST_BLOCK;
    if (l->have > l->left)
        return parquet_cursor_complain(c, "has more values than its column", err);
    l->left -= l->have;
    c->left -= l->have;
    wrong = read_levels(&c->repeats, c->column->lists, l->repeats, l->have);
    if (!wrong)
        wrong = read_levels(&c->levels, c->column->defined, l->levels, l->have);
    return wrong ? parquet_cursor_complain(c, wrong, err) : 0;
}

/* --- rows -----------------------------------------------------------------------------------------------------------
 */

static const char *reserve(void *array, size_t wanted, size_t most, size_t *room, size_t size)
{
    void *old, *grown;
    size_t more = *room ? *room : 64;
    if (wanted > most)
        return "has a row with more values than can be taken";
    if (wanted <= *room)
        return NULL;
    while (more < wanted)
        more *= 2;
    memcpy(&old, array, sizeof old);
    grown = realloc(old, more * size);
    if (!grown)
        return "does not fit into memory";
    memcpy(array, &grown, sizeof grown);
    *room = more;
    return NULL;
}

/* The level from which on an entry is an element of the innermost list. */
static unsigned element_level(const struct parquet_column *column)
{
    return column->lists ? column->element[column->lists - 1] : 0;
}

/* Of `elements` values the first `there` are read; they move to their places, from the last on. */
static void spread(const struct parquet_list *l, size_t count, struct parquet_row *row, size_t elements, size_t there)
{
    const struct parquet_column *column = l->cursor.column;
    unsigned least = element_level(column);
    size_t size = parquet_form_size(l->cursor.form);
    char *values = row->values;
    if (elements == there)
        return;
    values += row->count * size;
    for (size_t i = count; i-- > 0 && elements > there;) {
        uint32_t level = l->levels[l->at + i];
        if (level < least)
            continue;
        elements--;
        if (level == column->defined)
            memmove(values + elements * size, values + --there * size, size);
        else if (l->cursor.form == PARQUET_AS_FLOAT)
            memcpy(values + elements * size, &(float){NAN}, size);
        else
            memset(values + elements * size, 0, size);
    }
}

/* Marks where inner lists end. */
static const char *mark_lists(const struct parquet_list *l, size_t count, struct parquet_row *row)
{
    const struct parquet_column *column = l->cursor.column;
    size_t values = row->count;
    for (size_t i = l->at; i < l->at + count; i++) {
        if (l->levels[i] < column->element[0])
            continue; /* the outer list is empty */
        if (l->repeats[i] == 2 && row->lists == 0)
            return "is damaged: a list goes on that has not begun";
        if (l->repeats[i] < 2) {
            const char *wrong =
                reserve(&row->ends, row->lists + 1, row->lists_most, &row->lists_room, sizeof *row->ends);
            if (wrong)
                return wrong;
            row->lists++;
            row->missing = row->missing || l->levels[i] + 1 < column->element[1];
        }
        values += l->levels[i] >= column->element[1];
        row->ends[row->lists - 1] = values;
    }
    return NULL;
}

/* The next `count` entries, all of this row and of one page. */
static const char *read_entries(struct parquet_list *l, size_t count, struct parquet_row *row)
{
    const struct parquet_column *column = l->cursor.column;
    unsigned least = element_level(column);
    size_t elements = 0, there = 0, size = parquet_form_size(l->cursor.form);
    const char *wrong;
    for (size_t i = l->at; i < l->at + count; i++) {
        elements += l->levels[i] >= least;
        there += l->levels[i] == column->defined;
    }
    wrong = reserve(&row->values, row->count + elements, row->most, &row->room, size);
    if (!wrong && column->lists == 2)
        wrong = mark_lists(l, count, row);
    if (!wrong && there)
        wrong = parquet_decode(&l->cursor.decoder, (char *)row->values + row->count * size, there);
    if (wrong)
        return wrong;
    spread(l, count, row, elements, there);
    row->missing = row->missing || there < elements;
    row->count += elements;
    l->at += count;
    return NULL;
}

/* A row begins with repetition level 0 and goes on until the next one. */
int parquet_list_row(struct parquet_list *l, struct parquet_row *row, struct error *err)
{
    const struct parquet_column *column = l->cursor.column;
    bool first = true;
    row->count = row->lists = 0;
    row->missing = false;
    while (first || !parquet_list_done(l)) {
        const char *wrong;
        size_t count = 0;
        if (unpack_levels(l, err) < 0)
            return -1;
        if (first && l->repeats[l->at] != 0)
            return parquet_cursor_complain(&l->cursor, "is damaged: a row begins within a list", err);
        if (first)
            row->null = l->levels[l->at] + 1 < (column->lists ? column->element[0] : column->defined + 1);
        while (l->at + count < l->have && (l->repeats[l->at + count] != 0 || (first && count == 0)))
            count++;
        if (count == 0)
            break;
        wrong = read_entries(l, count, row);
        if (wrong)
            return parquet_cursor_complain(&l->cursor, wrong, err);
        first = false;
    }
    return 0;
}
