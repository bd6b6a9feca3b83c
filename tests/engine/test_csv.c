/* Reading CSV: what is taken, what is refused and with which words, and numbers as strtod reads them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <zlib.h>

#include "engine/base/rng.h"
#include "engine/format/csv.h"
#include "engine/format/format.h"
#include "engine/format/lines.h"
#include "engine/format/number.h"

static int read_text(const char *text, size_t len, struct dataset *d, struct error *err)
{
    struct input *in = input_open_bytes(text, len, "t.csv");
    struct dataset_builder b = {.data = d};
    int status;
    *d = (struct dataset){0};
    *err = (struct error){0};
    status = csv_read(in, &(struct layout){0}, &b, err);
    dataset_builder_finish(&b);
    input_close(in);
    return status;
}

static void takes_what_the_service_takes(void **state)
{
    static const struct {
        const char *text;
        size_t rows, columns;
        float cells[12]; /* label, features, row after row; NAN is missing */
    } cases[] = {
        {"1,2.5,3\n0,-4,5e2\n", 2, 2, {1, 2.5f, 3, 0, -4, 500}},
        {"1,2,3", 1, 2, {1, 2, 3}},
        {"1,2\r\n3,4\r\n", 2, 1, {1, 2, 3, 4}},
        {"1,,3\n2,4,\n", 2, 2, {1, NAN, 3, 2, 4, NAN}},
        {"\"1\",\"2.5\",\"3\"\n", 1, 2, {1, 2.5f, 3}},
        {" 1 ,\t2 , 3\n\n  \n4,5,6\n\n", 2, 2, {1, 2, 3, 4, 5, 6}},
        {"\xEF\xBB\xBF"
         "1,2\n",
         1,
         1,
         {1, 2}},
        {"\"1\" , \"2\"\n", 1, 1, {1, 2}},
        {"+1,.5\n-0,1.\n", 2, 1, {1, .5f, -0.0f, 1}},
        {"1,\"\"\n", 1, 1, {1, NAN}},
        {"1,1e-50\n", 1, 1, {1, 0}},
        {"1;2;-0.5\n2;;\n", 2, 2, {1, 2, -.5f, 2, NAN, NAN}},
        {"1\t2\t\n3\t 4 \t5\n", 2, 2, {1, 2, NAN, 3, 4, 5}},
        {"1 2   3 \n 4  5 6\n", 2, 2, {1, 2, 3, 4, 5, 6}},
        {"1,0,9,8,7,6,5,4,33\n", 1, 8, {1, 0, 9, 8, 7, 6, 5, 4, 33}},
        {"7,1234567,12345678,1.5,-1.25,1234567.7654321,0.00000001,,3\n",
         1,
         8,
         {7, 1234567, 12345678, 1.5f, -1.25f, 1234567.75f, 1e-8f, NAN, 3}},
        {"999999999,16777217\n4294967297,0000000001\n", 2, 1, {1e9f, 16777216, 4294967296.f, 1}},
    };
    struct dataset d;
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (read_text(cases[i].text, strlen(cases[i].text), &d, &err) < 0)
            fail_msg("case %zu: %s", i, err.what);
        assert_int_equal(d.rows, cases[i].rows);
        assert_int_equal(d.columns, cases[i].columns);
        for (size_t r = 0; r < d.rows; r++)
            for (size_t c = 0; c <= d.columns; c++) {
                float is = c ? d.x[r * d.columns + c - 1] : d.y[r], wanted = cases[i].cells[r * (d.columns + 1) + c];
                assert_true(isnan(wanted) ? isnan(is) : is == wanted);
            }
        dataset_free(&d);
    }
}

static void refuses_with_file_line_and_column(void **state)
{
    static const struct {
        const char *text, *where, *says;
    } cases[] = {
        {"label,age\n1,2\n", "t.csv, line 1", "header"},
        {"\"label\",\"age\"\n1,2\n", "t.csv, line 1", "header"},
        {"1,2\n3,abc\n", "t.csv, line 2, column 2", "'abc' is not a number"},
        {"1,2\nx,4\n", "t.csv, line 2, column 1", "'x' is not a number"},
        {"1,2\n3,4,5\n", "t.csv, line 2", "has 3 columns, the rows before have 2"},
        {"1,2,3\n\n3,4\n", "t.csv, line 3", "has 2 columns, the rows before have 3"},
        {"1\n", "t.csv, line 1", "at least one feature"},
        {",2\n", "t.csv, line 1, column 1", "label is missing"},
        {"1,1e39\n", "t.csv, line 1, column 2", "too large"},
        {"1,0x10\n", "t.csv, line 1, column 2", "not a number"},
        {"1,inf\n", "t.csv, line 1, column 2", "not a number"},
        {"1,nan\n", "t.csv, line 1, column 2", "not a number"},
        {"1,1e\n", "t.csv, line 1, column 2", "not a number"},
        {"1,1;2\n", "t.csv, line 1", "commas and semicolons"},
        {"1,2\n1;2\n", "t.csv, line 2, column 1", "'1;2' is not a number"},
        {"1;2,5;3\n", "t.csv, line 1", "commas and semicolons"},
        {"1 2\n1 2 3\n", "t.csv, line 2", "has 3 columns, the rows before have 2"},
        {"1\t2\t\t4\n1\t2\t3\n", "t.csv, line 2", "has 3 columns, the rows before have 4"},
        {"1,12,1,1,1,1,1,1\n1,12,1,1,1,1,1,1,1\n", "t.csv, line 2", "has 9 columns, the rows before have 8"},
        {"1,1,1,1,1,1,1,1\n1,1,1,1,1,1,1\n", "t.csv, line 2", "has 7 columns, the rows before have 8"},
        {"1,1,1,1,1,1,1,1\n1,1,1,:,1,1,1,1\n", "t.csv, line 2, column 4", "':' is not a number"},
        {"1,1,1,1,1,1,1,1\n1,1,1,1,1,1234567x,1,1\n", "t.csv, line 2, column 6", "'1234567x' is not"},
        {"1,\" 3 \"\n", "t.csv, line 1, column 2", "not a number"},
        {"1,\"3\n4\",5\n", "t.csv, line 1, column 2", "not a number"},
    };
    struct dataset d;
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(read_text(cases[i].text, strlen(cases[i].text), &d, &err), -1);
        assert_string_equal(err.where, cases[i].where);
        if (!strstr(err.what, cases[i].says))
            fail_msg("case %zu says: %s", i, err.what);
        assert_int_equal(err.code, ERROR_INPUT);
        assert_true(err.fix[0]);
        dataset_free(&d);
    }
}

static void reads_weights_and_requests(void **state)
{
    static const struct {
        const char *text;
        struct layout layout;
        const char *says; /* NULL: fine */
        float label, weight, first;
    } cases[] = {
        {"1,0.5,3\n", {.weights = true}, NULL, 1, .5f, 3},
        {"1,0,3\n", {.weights = true}, NULL, 1, 0, 3},
        {"1,-1,3\n", {.weights = true}, "weight is negative", 0, 0, 0},
        {"1,,3\n", {.weights = true}, "weight is missing", 0, 0, 0},
        {"1,2\n", {.weights = true}, "a label, a weight and at least one feature", 0, 0, 0},
        {"1,2,3\n1,2\n", {.weights = true}, "has 2 columns, the rows before have 3", 0, 0, 0},
        {"4,5\n", {.label = LABEL_NONE}, NULL, 0, 1, 4},
        {"4\n", {.label = LABEL_NONE, .columns = 1}, NULL, 0, 1, 4},
        {"4,5\n", {.label = LABEL_NONE, .columns = 3}, "has 2 columns, the model takes 3", 0, 0, 0},
        {"4,5,6,7\n", {.label = LABEL_NONE, .columns = 3}, "has 4 columns, the model takes 3", 0, 0, 0},
    };
    struct dataset d;
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct input *in = input_open_bytes(cases[i].text, strlen(cases[i].text), "t.csv");
        struct dataset_builder b = {.data = &d};
        d = (struct dataset){0};
        assert_int_equal(csv_read(in, &cases[i].layout, &b, &err), cases[i].says ? -1 : 0);
        if (cases[i].says && !strstr(err.what, cases[i].says))
            fail_msg("case %zu says: %s", i, err.what);
        if (!cases[i].says)
            assert_true(d.y[0] == cases[i].label && (d.weight ? d.weight[0] : 1) == cases[i].weight &&
                        d.x[0] == cases[i].first);
        input_close(in);
        dataset_free(&d);
    }
}

/* Cells of every length and shape between others, against strtof of strtod. */
static void reads_cells_as_strtod_does(void **state)
{
    static const char *const forms[] = {"%.0f", "%.1f", "%.3f", "%.7f", "%.9f", "%g", "%.17g", "%e"};
    struct rng r;
    char text[2048];
    struct dataset d;
    struct error err;
    (void)state;
    rng_init(&r, 3, 1);
    for (int i = 0; i < 3000; i++) {
        float wanted[24];
        size_t len = 0;
        for (int c = 0; c < 24; c++) {
            char *cell = text + len;
            double value = pow(10, (double)rng_below(&r, 10)) * (rng_uniform(&r) - (i % 3 == 0 ? .5 : 0));
            if (rng_below(&r, 2))
                len += (size_t)sprintf(cell, "%d", (int)rng_below(&r, 10));
            else
                len += (size_t)sprintf(cell, forms[rng_below(&r, 8)], value);
            wanted[c] = (float)strtod(cell, NULL);
            text[len++] = c == 23 ? '\n' : ',';
        }
        assert_int_equal(read_text(text, len, &d, &err), 0);
        assert_int_equal(d.columns, 23);
        assert_memory_equal(d.y, wanted, sizeof *wanted);
        assert_memory_equal(d.x, wanted + 1, 23 * sizeof *wanted);
        dataset_free(&d);
    }
}

static void reads_numbers_as_strtod_does(void **state)
{
    static const char *const hard[] = {"0",
                                       "-0",
                                       "9007199254740993",
                                       "1e22",
                                       "1e23",
                                       "123456789012345678901234567890",
                                       "0.1",
                                       "2.2250738585072011e-308",
                                       "4.9e-324",
                                       "1e-400",
                                       "1e400",
                                       "1.7976931348623157e308",
                                       "0.000000000000000000000000000000000000000000000000000001",
                                       "179769313486231580793e289",
                                       "5e-1",
                                       "00012.50",
                                       "1e+05",
                                       "1E-7",
                                       "8.5e-22",
                                       "9007199254740992.0",
                                       "9007199254740993.0000",
                                       "9007199254740992.5000000000",
                                       "1844674407370955161.5",
                                       "18446744073709551615",
                                       "0.12345678901234567",
                                       "0.000000001844674407370955161",
                                       "0.000000000000000000000000001",
                                       "0.0000000000000000000000000001",
                                       "4503599627370496.5",
                                       "4503599627370497.5",
                                       "9007199254740993e-1",
                                       "1801439850948198500.1e-5"};
    struct rng r;
    char text[64];
    double value;
    (void)state;
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) {
        assert_true(number_fills(hard[i], strlen(hard[i]), &value));
        assert_true(value == strtod(hard[i], NULL));
    }
    rng_init(&r, 1, 1);
    for (int i = 0; i < 200000; i++) {
        double number = (rng_uniform(&r) - .5) * pow(10, (double)rng_below(&r, 60) - 30);
        int digits = (int)rng_below(&r, 22);
        snprintf(text, sizeof text, i % 2 ? "%.*g" : "%.*e", digits, number);
        assert_true(number_fills(text, strlen(text), &value));
        assert_true(value == strtod(text, NULL));
    }
    assert_false(number_fills("", 0, &value));
    assert_false(number_fills(".", 1, &value));
    assert_false(number_fills("1 ", 2, &value));
    assert_false(number_fills("--1", 3, &value));
}

static void writes_the_shortest_number_that_reads_back(void **state)
{
    static const struct {
        float value;
        const char *text;
    } cases[] = {{0, "0"},
                 {-0.0f, "-0"},
                 {1, "1"},
                 {-12, "-12"},
                 {999999, "999999"},
                 {1000000, "1e+06"},
                 {0.1f, "0.1"},
                 {16777216, "16777216"},
                 {0.333333343f, "0.33333334"},
                 {1e-45f, "1.4013e-45"},
                 {3.40282347e38f, "3.4028235e+38"},
                 {1234.5f, "1234.5"}};
    struct rng r;
    char text[NUMBER_TEXT];
    double back;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t len = number_write(text, cases[i].value);
        assert_int_equal(len, strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
    }
    rng_init(&r, 2, 1);
    for (int i = 0; i < 100000; i++) {
        uint32_t bits = (uint32_t)rng_below(&r, UINT32_MAX);
        float value;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value))
            continue;
        assert_true(number_fills(text, number_write(text, value), &back));
        assert_true((float)back == value);
    }
}

/* Rows that cross the reader's blocks, and lines at the limit. */
static void reads_long_files_and_refuses_long_lines(void **state)
{
    size_t size = 3 << 20, len = 0, rows = 0;
    char *text = malloc(size);
    struct dataset d;
    struct error err;
    (void)state;
    while (len + 40 < size)
        len += (size_t)sprintf(text + len, "%zu,%zu.5,%zu\n", rows % 7, rows, rows * 3), rows++;
    assert_int_equal(read_text(text, len, &d, &err), 0);
    assert_int_equal(d.rows, rows);
    for (size_t i = 0; i < rows; i++)
        assert_true(d.y[i] == (float)(i % 7) && d.x[2 * i] == (float)((double)i + .5) &&
                    d.x[2 * i + 1] == (float)(i * 3));
    dataset_free(&d);
    memset(text, '1', size);
    assert_int_equal(read_text(text, size, &d, &err), -1);
    assert_int_equal(err.code, ERROR_LIMIT);
    assert_string_equal(err.where, "t.csv, line 1");
    dataset_free(&d);
    memset(text, ',', size); /* a row of empty cells as long as a line may be */
    text[LINES_LENGTH_MAX] = '\n';
    assert_int_equal(read_text(text, LINES_LENGTH_MAX + 1, &d, &err), -1);
    assert_int_equal(err.code, ERROR_LIMIT);
    dataset_free(&d);
    free(text);
}

static char folder[64];

static void write_file(const char *name, const char *text, bool packed)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (packed) {
        gzFile f = gzopen(path, "ab"); /* a second call adds a second gzip member */
        gzputs(f, text);
        gzclose(f);
    } else {
        FILE *f = fopen(path, "w");
        fputs(text, f);
        fclose(f);
    }
}

static void reads_folders_in_order_and_gzip_members(void **state)
{
    struct dataset d;
    struct error err;
    char path[128];
    (void)state;
    strcpy(folder, "/tmp/flashlab-csv-XXXXXX");
    assert_non_null(mkdtemp(folder));
    write_file("b.csv", "3,30\n", false);
    write_file("a.csv.gz", "1,10\n", true);
    write_file("a.csv.gz", "2,20\n", true);
    write_file(".hidden", "no,numbers\n", false);
    write_file("_SUCCESS", "", false);
    assert_int_equal(
        format_read(&(struct channel){.path = folder, .content_type = "text/csv; label_size=1", .allowed = NULL}, &d,
                    &err),
        0);
    assert_int_equal(d.rows, 3);
    assert_true(d.y[0] == 1 && d.y[1] == 2 && d.y[2] == 3 && d.x[2] == 30);
    dataset_free(&d);
    write_file("c.csv", "4,1,2\n", false);
    assert_int_equal(format_read(&(struct channel){.path = folder, .content_type = NULL, .allowed = NULL}, &d, &err),
                     -1);
    assert_non_null(strstr(err.where, "c.csv, line 1"));
    snprintf(path, sizeof path, "%s/a.csv.gz", folder);
    assert_int_equal(truncate(path, 20), 0);
    assert_int_equal(format_read(&(struct channel){.path = path, .content_type = NULL, .allowed = NULL}, &d, &err), -1);
    assert_non_null(strstr(err.what, "end too early"));
    snprintf(path, sizeof path, "rm -r %s", folder);
    assert_int_equal(system(path), 0);
}

static void refuses_other_types_plainly(void **state)
{
    static const struct {
        const char *path, *type, *says;
    } cases[] = {{"x", "text/tsv", "There is no content type"},
                 {"x", "text/csv;label_size=0", "Training data need one label"},
                 {"x", "text/csv;header=yes", "Training data need one label"},
                 {"/nonexistent/x.csv", NULL, "cannot be opened"},
                 {"/dev/null", "text/csv", "no rows"}};
    struct dataset d;
    struct error err;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(
            format_read(&(struct channel){.path = cases[i].path, .content_type = cases[i].type, .allowed = NULL}, &d,
                        &err),
            -1);
        if (!strstr(err.what, cases[i].says))
            fail_msg("case %zu says: %s", i, err.what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_the_service_takes),
        cmocka_unit_test(refuses_with_file_line_and_column),
        cmocka_unit_test(reads_weights_and_requests),
        cmocka_unit_test(reads_cells_as_strtod_does),
        cmocka_unit_test(reads_numbers_as_strtod_does),
        cmocka_unit_test(writes_the_shortest_number_that_reads_back),
        cmocka_unit_test(reads_long_files_and_refuses_long_lines),
        cmocka_unit_test(reads_folders_in_order_and_gzip_members),
        cmocka_unit_test(refuses_other_types_plainly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
