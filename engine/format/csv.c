#include "engine/format/csv.h"

#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 262144
#define NUMBER_MAX 400 /* bytes of a number that the exact, slow way takes */

/* --- numbers --------------------------------------------------------------------------------------------------------
 */

static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* What was read of a number: value = sign * digits * 10^exponent, if not `cut`. */
struct decimal {
    uint64_t digits;
    long exponent;
    bool negative, cut; /* cut: more digits than fit */
};

static const char *scan_digits(const char *p, const char *end, struct decimal *d, bool fraction)
{
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        if (d->digits > (UINT64_MAX - 9) / 10) {
            d->cut = true;
            continue;
        }
        d->digits = d->digits * 10 + (uint64_t)(*p - '0');
        d->exponent -= fraction;
    }
    return p;
}

static const char *scan_exponent(const char *p, const char *end, struct decimal *d)
{
    bool negative = false;
    long exponent = 0;
    if (p < end && (*p == '+' || *p == '-'))
        negative = *p++ == '-';
    if (p == end || *p < '0' || *p > '9')
        return NULL;
    for (; p < end && *p >= '0' && *p <= '9'; p++)
        if (exponent < 100000)
            exponent = exponent * 10 + (*p - '0');
    d->exponent += negative ? -exponent : exponent;
    return p;
}

/* [+-] digits [. digits] [e [+-] digits]. Returns where it ends, NULL when there is none. */
static const char *scan_decimal(const char *p, const char *end, struct decimal *d)
{
    const char *start;
    size_t count;
    *d = (struct decimal){0};
    if (p < end && (*p == '+' || *p == '-'))
        d->negative = *p++ == '-';
    start = p;
    p = scan_digits(p, end, d, false);
    count = (size_t)(p - start);
    if (p < end && *p == '.') {
        start = ++p;
        p = scan_digits(p, end, d, true);
        count += (size_t)(p - start);
    }
    if (count == 0)
        return NULL;
    if (p < end && (*p == 'e' || *p == 'E'))
        return scan_exponent(p + 1, end, d);
    return p;
}

/* The locale of numbers written with a point. Made once; a process that cannot have it has no memory at all. */
static double exact(const char *text, size_t len)
{
    static locale_t c_locale;
    char copy[NUMBER_MAX + 1];
    if (!c_locale)
        c_locale = newlocale(LC_ALL_MASK, "C", NULL);
    memcpy(copy, text, len);
    copy[len] = '\0';
    return c_locale ? strtod_l(copy, NULL, c_locale) : strtod(copy, NULL);
}

/* Where both the digits and the power of ten are exact doubles, one operation rounds correctly (Clinger 1990). */
static double decimal_value(const struct decimal *d, const char *text, size_t len)
{
    double value;
    if (d->cut || d->digits > (1ull << 53) || d->exponent < -22 || d->exponent > 22)
        return exact(text, len);
    value = (double)d->digits;
    value = d->exponent < 0 ? value / powers[-d->exponent] : value * powers[d->exponent];
    return d->negative ? -value : value;
}

bool csv_number(const char *text, size_t len, double *value)
{
    struct decimal d;
    if (len > NUMBER_MAX || scan_decimal(text, text + len, &d) != text + len)
        return false;
    *value = decimal_value(&d, text, len);
    return true;
}

/* --- cells ----------------------------------------------------------------------------------------------------------
 */

struct place {
    const char *file;
    size_t line;
};

static int complain(struct error *err, const struct place *at, size_t column, enum error_code code, const char *fix,
                    const char *what)
{
    char where[256];
    if (column)
        snprintf(where, sizeof where, "%.180s, line %zu, column %zu", at->file, at->line, column);
    else
        snprintf(where, sizeof where, "%.180s, line %zu", at->file, at->line);
    return error_set(err, code, where, fix, "%s", what);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* A cell's text without blanks around it and without its quotes. `next` is where the comma or the end is. */
static const char *cell_text(const char *p, const char *end, size_t *len, const char **next)
{
    const char *stop;
    while (p < end && blank(*p))
        p++;
    if (p < end && *p == '"') {
        stop = memchr(p + 1, '"', (size_t)(end - p - 1));
        const char *after = stop ? stop + 1 : end;
        while (after < end && blank(*after))
            after++;
        if (stop && (after == end || *after == ',')) {
            *next = after;
            p++;
            *len = (size_t)(stop - p);
            return p;
        }
    }
    stop = memchr(p, ',', (size_t)(end - p));
    *next = stop = stop ? stop : end;
    while (stop > p && blank(stop[-1]))
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

/* The cell at `p` as a number, NaN when empty. Returns where the comma or the end is, NULL with an error. */
static const char *read_cell(const char *p, const char *end, size_t column, const struct place *at, float *out,
                             struct error *err)
{
    struct decimal d;
    const char *text, *next = scan_decimal(p, end, &d);
    size_t len;
    double value = NAN;
    if (next && (next == end || *next == ',') && next - p <= NUMBER_MAX) {
        value = decimal_value(&d, p, (size_t)(next - p));
    } else {
        text = cell_text(p, end, &len, &next);
        if (len && !csv_number(text, len, &value)) {
            bad_cell(text, len, column, at, err);
            return NULL;
        }
    }
    *out = (float)value;
    if (isinf(*out)) {
        complain(err, at, column, ERROR_INPUT, "keep values within 3.4e38",
                 "The number is too large for 32-bit floats");
        return NULL;
    }
    return next;
}

/* --- rows -----------------------------------------------------------------------------------------------------------
 */

static size_t count_cells(const char *p, const char *end)
{
    size_t count = 1, len;
    const char *next;
    for (cell_text(p, end, &len, &next); next < end; cell_text(next + 1, end, &len, &next))
        count++;
    return count;
}

static int resize(struct csv_table *t, size_t capacity)
{
    struct dataset *d = t->data;
    float *x, *y;
    if (capacity > SIZE_MAX / sizeof *x / (d->columns + 1))
        return -1;
    x = realloc(d->x, capacity * d->columns * sizeof *x);
    if (!x)
        return -1;
    d->x = x;
    y = realloc(d->y, capacity * sizeof *y);
    if (!y)
        return -1;
    d->y = y;
    t->capacity = capacity;
    return 0;
}

static int grow(struct csv_table *t, const struct place *at, struct error *err)
{
    size_t first = 1 + 65536 / (t->data->columns + 1);
    if (resize(t, t->capacity ? t->capacity * 2 : first) == 0)
        return 0;
    return complain(err, at, 0, ERROR_LIMIT, "give fewer rows or more memory", "The data do not fit into memory");
}

static int set_columns(struct csv_table *t, size_t cells, const struct place *at, struct error *err)
{
    if (cells < 2)
        return complain(err, at, 0, ERROR_INPUT, "write the label first, then the features, with commas between",
                        "A row needs a label and at least one feature");
    if (cells > CSV_COLUMNS_MAX)
        return complain(err, at, 0, ERROR_LIMIT, "keep to 1,000,000 columns", "The row has too many columns");
    t->data->columns = cells - 1;
    return 0;
}

static int wrong_count(const char *line, const char *end, const struct dataset *d, const struct place *at,
                       struct error *err)
{
    char what[128];
    snprintf(what, sizeof what, "The row has %zu columns, the rows before have %zu", count_cells(line, end),
             d->columns + 1);
    return complain(err, at, 0, ERROR_INPUT, "give every row the same number of columns", what);
}

static int read_row(struct csv_table *t, const char *line, const char *end, const struct place *at, struct error *err)
{
    struct dataset *d = t->data;
    const char *p = line;
    float *x;
    if (d->columns == 0 && set_columns(t, count_cells(line, end), at, err) < 0)
        return -1;
    if (d->rows == t->capacity && grow(t, at, err) < 0)
        return -1;
    x = d->x + d->rows * d->columns;
    for (size_t column = 0; column <= d->columns; column++) {
        p = read_cell(p, end, column + 1, at, column ? x + column - 1 : d->y + d->rows, err);
        if (!p)
            return -1;
        if ((p == end) != (column == d->columns))
            return wrong_count(line, end, d, at, err);
        if (p < end)
            p++;
    }
    if (isnan(d->y[d->rows]))
        return complain(err, at, 1, ERROR_INPUT, "leave out rows without a label", "The label is missing");
    d->rows++;
    return 0;
}

/* --- lines ----------------------------------------------------------------------------------------------------------
 */

static int read_line(struct csv_table *t, const char *line, size_t len, struct place *at, struct error *err)
{
    size_t start = 0;
    at->line++;
    if (len > CSV_LINE_MAX)
        return complain(err, at, 0, ERROR_LIMIT, "end each row with a line break", "The line is longer than 1 MiB");
    if (at->line == 1 && len >= 3 && memcmp(line, "\xEF\xBB\xBF", 3) == 0)
        start = 3;
    if (len > start && line[len - 1] == '\r')
        len--;
    while (start < len && blank(line[start]))
        start++;
    return start == len ? 0 : read_row(t, line + start, line + len, at, err);
}

/* Hands on each whole line in buffer[0 .. len); returns how many bytes that used up, or -1. */
static long read_lines(struct csv_table *t, const char *buffer, size_t len, struct place *at, struct error *err)
{
    size_t used = 0;
    const char *newline;
    while ((newline = memchr(buffer + used, '\n', len - used))) {
        size_t length = (size_t)(newline - buffer) - used;
        if (read_line(t, buffer + used, length, at, err) < 0)
            return -1;
        used += length + 1;
    }
    return (long)used;
}

static int read_all(struct input *in, struct csv_table *t, char *buffer, struct place *at, struct error *err)
{
    size_t have = 0;
    for (;;) {
        long used, n = input_read(in, buffer + have, BLOCK + CSV_LINE_MAX - have, err);
        if (n < 0)
            return -1;
        have += (size_t)n;
        if (n == 0)
            return have ? read_line(t, buffer, have, at, err) : 0;
        used = read_lines(t, buffer, have, at, err);
        if (used < 0)
            return -1;
        have -= (size_t)used;
        memmove(buffer, buffer + used, have);
        if (have > CSV_LINE_MAX)
            return read_line(t, buffer, have, at, err);
    }
}

int csv_read(struct input *in, struct csv_table *table, struct error *err)
{
    struct place at = {input_name(in), 0};
    char *buffer = malloc(BLOCK + CSV_LINE_MAX);
    int status;
    if (!buffer)
        return error_set(err, ERROR_SYSTEM, at.file, NULL, "There is not enough memory to read it");
    status = read_all(in, table, buffer, &at, err);
    free(buffer);
    table->data->bytes_read += input_raw_bytes(in);
    return status;
}

void csv_finish(struct csv_table *t)
{
    if (t->data->rows > 0 && t->data->rows < t->capacity)
        resize(t, t->data->rows);
}
