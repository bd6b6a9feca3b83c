#include "engine/format/csv.h"

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "engine/format/digits.h"
#include "engine/format/lines.h"
#include "engine/format/number.h"

/* A channel being read. */
struct sheet {
    const struct layout *layout;
    struct dataset_builder *b;
    char delimiter; /* of this file; 0 before its first line */
};

/* One of its lines. Behind `end` stands what no cell holds: see lines.h. */
struct line {
    const char *start, *end;
    const struct place *at;
    char delimiter;
};

static int complain(struct error *err, const struct place *at, size_t column, enum error_code code, const char *fix,
                    const char *what)
{
    return place_error(at, "column", column, code, fix, what, err);
}

/* --- cells of digits ------------------------------------------------------------------------------------------------
 * Most cells are a few digits.
 */

#define SHORT_CELLS 4 /* that read_single_digits writes */

typedef uint16_t four_words __attribute__((vector_size(8)));
typedef float four_floats __attribute__((vector_size(16)));

/* Up to four cells of one digit with a delimiter behind each: how many there are. Writes to all four of `cells`. */
static unsigned read_single_digits(const char *p, uint64_t pattern, float *cells)
{
    uint64_t pairs = digits_load(p) ^ pattern, digits = pairs & DIGITS_EVEN;
    uint64_t wrong = ((digits + (DIGITS_EVEN & DIGITS_EACH * 0x76)) & (DIGITS_EVEN & DIGITS_HIGH)) |
                     (pairs & ~DIGITS_EVEN) | (digits & (DIGITS_EVEN & DIGITS_HIGH));
    four_words words;
    four_floats values;
    memcpy(&words, &digits, sizeof words);
    values = __builtin_convertvector(words, four_floats);
    memcpy(cells, &values, sizeof values);
    return wrong ? (unsigned)__builtin_ctzll(wrong) / 16 : SHORT_CELLS;
}

static bool at_end(const struct line *l, const char *p)
{
    return p == l->end || *p == l->delimiter;
}

/* digits [. digits] alone in a cell, up to seven of each: exact in an integer, divided once, as number_read does it.
 * Returns where the cell ends, NULL when it is something else. */
static const char *read_digits(const struct line *l, const char *p, float *out)
{
    static const double powers[] = {1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7};
    static const uint64_t tens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
    uint64_t digits = digits_load(p) ^ DIGITS_EACH * '0', other = digits_find_other(digits), whole;
    unsigned len = other ? (unsigned)__builtin_ctzll(other) / 8 : 0;
    if (len == 0)
        return NULL;
    whole = digits_join(digits, len);
    p += len;
    if (at_end(l, p)) {
        *out = (float)whole;
        return p;
    }
    if (*p != '.')
        return NULL;
    digits = digits_load(p + 1) ^ DIGITS_EACH * '0';
    other = digits_find_other(digits);
    len = other ? (unsigned)__builtin_ctzll(other) / 8 : 0;
    if (len == 0 || !at_end(l, p + 1 + len))
        return NULL;
    *out = (float)((double)(whole * tens[len] + digits_join(digits, len)) / powers[len]);
    return p + 1 + len;
}

/* --- any cell -------------------------------------------------------------------------------------------------------
 */

static bool is_blank(const struct line *l, char c)
{
    return (c == ' ' || c == '\t') && c != l->delimiter;
}

/* A cell's text without blanks around it and without its quotes. `next` is where the delimiter or the end is. */
static const char *cell_text(const struct line *l, const char *p, size_t *len, const char **next)
{
    const char *stop;
    while (p < l->end && is_blank(l, *p))
        p++;
    if (p < l->end && *p == '"') {
        stop = memchr(p + 1, '"', (size_t)(l->end - p - 1));
        const char *after = stop ? stop + 1 : l->end;
        while (after < l->end && is_blank(l, *after))
            after++;
        if (stop && at_end(l, after)) {
            *next = after;
            p++;
            *len = (size_t)(stop - p);
            return p;
        }
    }
    stop = memchr(p, l->delimiter, (size_t)(l->end - p));
    *next = stop = stop ? stop : l->end;
    while (stop > p && is_blank(l, stop[-1]))
        stop--;
    *len = (size_t)(stop - p);
    return p;
}

static int bad_cell(const char *text, size_t len, size_t column, const struct place *at, struct error *err)
{
    char what[160];
    if (at->line == 1 && column == 1)
        return complain(err, at, 0, ERROR_INPUT,
                        "delete the first line: the format has no header; the label comes first",
                        "The first line looks like a header, not like numbers");
    snprintf(what, sizeof what, "'%.*s'%s is not a number", (int)(len < 60 ? len : 60), text, len < 60 ? "" : "...");
    return complain(err, at, column, ERROR_INPUT,
                    "write numbers with a point, nothing else; leave a cell empty where the value is missing", what);
}

/* The cell at `p` by number_read, NaN when empty. Returns where its delimiter or the end is, NULL with an error. */
static const char *read_any(const struct line *l, const char *p, size_t column, float *out, struct error *err)
{
    double value;
    const char *text, *next = number_read(p, l->end, &value);
    size_t len;
    if (!next || !at_end(l, next)) {
        text = cell_text(l, p, &len, &next);
        value = NAN;
        if (len && !number_fills(text, len, &value)) {
            bad_cell(text, len, column, l->at, err);
            return NULL;
        }
    }
    *out = (float)value;
    if (isinf(*out)) {
        complain(err, l->at, column, ERROR_INPUT, "keep values within 3.4e38",
                 "The number is too large for 32-bit floats");
        return NULL;
    }
    return next;
}

static const char *read_cell(const struct line *l, const char *p, size_t column, float *out, struct error *err)
{
    const char *next = read_digits(l, p, out);
    if (next)
        return next;
    if (*p == '-') {
        next = read_digits(l, p + 1, out);
        *out = -*out;
    }
    return next ? next : read_any(l, p, column, out, err);
}

/* --- lines ----------------------------------------------------------------------------------------------------------
 */

/* Behind the delimiter at `p`; between blanks any number of them is one. */
static const char *skip_delimiter(const struct line *l, const char *p)
{
    for (p++; l->delimiter == ' ' && p < l->end && *p == ' '; p++)
        continue;
    return p;
}

static size_t count_cells(const struct line *l)
{
    size_t count = 1, len;
    const char *next;
    for (cell_text(l, l->start, &len, &next); next < l->end; cell_text(l, skip_delimiter(l, next), &len, &next))
        count++;
    return count;
}

/* What separates the cells of a file, seen from its first line: a comma, else a semicolon, a tab, blanks. */
static int find_delimiter(const char *p, const char *end, const struct place *at, char *delimiter, struct error *err)
{
    static const char candidates[] = ",;\t ";
    bool quoted = false, seen[4] = {false};
    const char *found;
    while (end > p && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    for (; p < end; p++) {
        quoted ^= *p == '"';
        found = quoted || !*p ? NULL : strchr(candidates, *p);
        if (found)
            seen[found - candidates] = true;
    }
    if (seen[0] && seen[1])
        return complain(err, at, 0, ERROR_INPUT, "put commas between the cells and write numbers with a point",
                        "The first line has commas and semicolons: which of them separates the cells cannot be told");
    *delimiter = ',';
    for (int i = 3; i >= 0; i--)
        if (seen[i])
            *delimiter = candidates[i];
    return 0;
}

static int check_columns(size_t cells, size_t lead, const struct line *l, struct error *err)
{
    if (cells <= lead)
        return complain(err, l->at, 0, ERROR_INPUT,
                        lead > 1   ? "write the label, then the weight, then the features, with commas between"
                        : lead > 0 ? "write the label first, then the features, with commas between"
                                   : "write the features with commas between",
                        lead > 1   ? "A row needs a label, a weight and at least one feature"
                        : lead > 0 ? "A row needs a label and at least one feature"
                                   : "A row needs at least one feature");
    if (cells - lead > DATASET_DENSE_COLUMNS_MAX)
        return complain(err, l->at, 0, ERROR_LIMIT, "keep to 1,000,000 columns", "The row has too many columns");
    return 0;
}

/* How many features a row must have. */
static int find_columns(const struct sheet *s, size_t lead, const struct line *l, size_t *columns, struct error *err)
{
    size_t cells;
    *columns = s->layout->columns;
    if (!*columns && !dataset_builder_empty(s->b))
        *columns = s->b->data->columns;
    if (*columns)
        return 0;
    cells = count_cells(l);
    if (check_columns(cells, lead, l, err) < 0)
        return -1;
    *columns = cells - lead;
    return 0;
}

static int wrong_count(const struct sheet *s, const struct line *l, size_t cells, struct error *err)
{
    char what[128];
    snprintf(what, sizeof what, "The row has %zu columns, %s %zu", count_cells(l),
             s->layout->columns ? "the model takes" : "the rows before have", cells);
    return complain(err, l->at, 0, ERROR_INPUT, "give every row the same number of columns", what);
}

static int no_memory(const struct place *at, struct error *err)
{
    return complain(err, at, 0, ERROR_LIMIT, "give fewer rows or more memory", "The data do not fit into memory");
}

/* `count` cells from `*p` on, the first of which is column `column`, counted from 1. 0: `*p` is where the last of them
 * ends; 1: there are fewer; -1. */
static int read_cells(const struct line *l, const char **p, size_t column, size_t count, float *cells,
                      struct error *err)
{
    const uint64_t pattern =
        (DIGITS_EVEN & DIGITS_EACH * '0') | (~DIGITS_EVEN & DIGITS_EACH * (unsigned char)l->delimiter);
    const char *at = *p;
    for (size_t i = 0; i < count; i++) {
        if (i)
            at = skip_delimiter(l, at);
        if (count - i > SHORT_CELLS && at[1] == l->delimiter) {
            unsigned run = read_single_digits(at, pattern, cells + i);
            at += 2 * run;
            i += run;
        }
        at = read_cell(l, at, column + i, cells + i, err);
        if (!at)
            return -1;
        if (at == l->end && i + 1 < count)
            return 1;
    }
    *p = at;
    return 0;
}

/* Label, weight and features of a row that has `columns` features. */
static int read_features(const struct sheet *s, const struct line *l, size_t columns, float *x, float lead[2],
                         struct error *err)
{
    size_t leads = (s->layout->label == LABEL_NEEDED) + (size_t)s->layout->weights;
    const char *p = l->start;
    int status = leads ? read_cells(l, &p, 1, leads, lead, err) : 0;
    if (status == 0 && leads && p == l->end)
        status = 1;
    if (status == 0)
        p = leads ? skip_delimiter(l, p) : p;
    if (status == 0)
        status = read_cells(l, &p, leads + 1, columns, x, err);
    return status == 1 || (status == 0 && p < l->end) ? wrong_count(s, l, leads + columns, err) : status;
}

static int check_lead(const struct sheet *s, const struct line *l, const float lead[2], struct error *err)
{
    if (s->layout->label == LABEL_NEEDED && isnan(lead[0]))
        return complain(err, l->at, 1, ERROR_INPUT, "leave out rows without a label", "The label is missing");
    if (s->layout->weights && !(lead[1] >= 0))
        return complain(err, l->at, 2, ERROR_INPUT, "write the weight as 0 or more",
                        isnan(lead[1]) ? "The weight is missing" : "The weight is negative");
    return 0;
}

static int read_row(void *context, const char *start, const char *end, const struct place *at, struct error *err)
{
    struct sheet *s = context;
    struct line l = {start, end, at, s->delimiter};
    float *x, lead[2] = {0, 1};
    size_t columns, leads = (s->layout->label == LABEL_NEEDED) + (size_t)s->layout->weights;
    if (!s->delimiter && find_delimiter(start, end, at, &s->delimiter, err) < 0)
        return -1;
    l.delimiter = s->delimiter;
    while (l.delimiter == ' ' && l.end > start && l.end[-1] == ' ')
        l.end--;
    if (find_columns(s, leads, &l, &columns, err) < 0)
        return -1;
    if (!dataset_builder_takes(s->b, false))
        return complain(err, at, 0, ERROR_INPUT, "keep files of sparse rows in a folder of their own",
                        "The rows before are sparse, a row of this format is not");
    x = dataset_builder_dense(s->b, columns);
    if (!x)
        return no_memory(at, err);
    if (read_features(s, &l, columns, x, lead, err) < 0 || check_lead(s, &l, lead, err) < 0)
        return -1;
    return dataset_builder_end(s->b, lead[0], lead[1]) < 0 ? no_memory(at, err) : dataset_builder_pass(s->b, err);
}

int csv_read(struct input *in, const struct layout *layout, struct dataset_builder *b, struct error *err)
{
    struct sheet sheet = {.layout = layout, .b = b};
    return lines_read(in, read_row, &sheet, err);
}

/* --- writing --------------------------------------------------------------------------------------------------------
 */

static void append_cell(struct str *out, float value)
{
    char text[NUMBER_TEXT];
    str_putc(out, ',');
    if (!isnan(value))
        str_append(out, text, number_write(text, value));
}

static void append_features(struct str *out, const struct dataset *d, size_t row)
{
    size_t column = 0;
    if (!d->start) {
        for (; column < d->columns; column++)
            append_cell(out, d->x[row * d->columns + column]);
        return;
    }
    for (size_t i = d->start[row]; i < d->start[row + 1]; i++) {
        for (; column < d->index[i]; column++)
            str_puts(out, ",0");
        append_cell(out, d->value[i]);
        column++;
    }
    for (; column < d->columns; column++)
        str_puts(out, ",0");
}

int csv_append(struct writer *w, const struct dataset *d, size_t row, struct error *err)
{
    struct str *out = &w->bytes;
    char text[NUMBER_TEXT], where[256];
    size_t start = out->len;
    snprintf(where, sizeof where, "%s, row %zu", d->name, w->rows + 1);
    if (d->weight && d->weight[row] != 1 && !w->layout.weights)
        return error_set(err, ERROR_INPUT, where,
                         "add --csv-weights for a second column of weights, or use text/libsvm",
                         "Without --csv-weights CSV cannot hold the weights of rows");
    if (d->group)
        return error_set(err, ERROR_INPUT, where, "convert to text/libsvm", "CSV cannot hold the groups of rows");
    if (d->columns > DATASET_DENSE_COLUMNS_MAX)
        return error_set(err, ERROR_LIMIT, where, "convert to a format of sparse rows",
                         "%zu columns are more than a CSV file may have", d->columns);
    str_append(out, text, number_write(text, d->y[row]));
    if (w->layout.weights)
        append_cell(out, d->weight ? d->weight[row] : 1);
    append_features(out, d, row);
    str_putc(out, '\n');
    if (out->len - start > LINES_LENGTH_MAX)
        return error_set(err, ERROR_LIMIT, where, "convert to application/x-recordio-protobuf",
                         "The row would be a line longer than 1 MiB, which cannot be read again");
    return 0;
}
