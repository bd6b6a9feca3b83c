/* Parquet: files that others wrote read right or are refused by name, cut and damaged ones are errors, and what is
 * written here comes back. Files of tests/golden/parquet and their rows: DuckDB's (tests/reference/parquet.mjs). */
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

#include "engine/format/csv.h"
#include "engine/format/parquet.h"

static const struct layout layout;

static bool shared_path(char *path, size_t size, const char *name)
{
    const char *root = getenv("FLASHLAB_SHARED");
    snprintf(path, size, "%s/data/parquet/%s.parquet", root ? root : "../shared", name);
    return access(path, R_OK) == 0;
}

static int read_input(struct input *in, struct dataset *d, struct error *err)
{
    struct dataset_builder b = {.data = d};
    int status;
    *d = (struct dataset){0};
    *err = (struct error){0};
    assert_non_null(in);
    status = parquet_read(in, &layout, &b, err);
    dataset_builder_finish(&b);
    input_close(in);
    return status;
}

static int read_file(const char *path, struct dataset *d, struct error *err)
{
    return read_input(input_open(path, err), d, err);
}

static void read_csv(const char *path, struct dataset *d)
{
    struct error err = {0};
    struct input *in = input_open(path, &err);
    struct dataset_builder b = {.data = d};
    *d = (struct dataset){0};
    assert_non_null(in);
    assert_int_equal(csv_read(in, &layout, &b, &err), 0);
    input_close(in);
}

static bool same(float a, float b)
{
    return isnan(b) ? isnan(a) : a == b;
}

static unsigned char *slurp(const char *path, size_t *len)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes = malloc(1 << 20);
    assert_non_null(file);
    *len = fread(bytes, 1, 1 << 20, file);
    fclose(file);
    return bytes;
}

/* --- files of others ------------------------------------------------------------------------------------------------
 */

static void reads_what_duckdb_wrote(void **state)
{
    static const char *const names[] = {"v1-snappy", "v2-zstd", "v2-plain", "v1-gzip", "groups"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[256];
        struct dataset got, wanted;
        struct error err;
        snprintf(path, sizeof path, "tests/golden/parquet/%s.csv.gz", names[i]);
        read_csv(path, &wanted);
        snprintf(path, sizeof path, "tests/golden/parquet/%s.parquet", names[i]);
        if (read_file(path, &got, &err) < 0)
            fail_msg("%s: %s (%s)", names[i], err.what, err.where);
        assert_int_equal(got.rows, wanted.rows);
        assert_int_equal(got.columns, wanted.columns);
        for (size_t k = 0; k < got.rows; k++)
            assert_true(got.y[k] == wanted.y[k]);
        for (size_t k = 0; k < got.rows * got.columns; k++)
            if (!same(got.x[k], wanted.x[k]))
                fail_msg("%s, cell %zu: %g, not %g", names[i], k, (double)got.x[k], (double)wanted.x[k]);
        dataset_free(&got);
        dataset_free(&wanted);
    }
}

/* Values that are in the test set's own description, or were read from the files by DuckDB. */
static void reads_columns_of_the_test_set(void **state)
{
    static const struct {
        const char *file, *column;
        size_t rows, checked;
        float values[8];
    } cases[] = {
        {"alltypes_plain", "id", 8, 8, {4, 5, 6, 7, 2, 3, 0, 1}},
        {"alltypes_plain", "bool_col", 8, 8, {1, 0, 1, 0, 1, 0, 1, 0}},
        {"alltypes_plain", "tinyint_col", 8, 8, {0, 1, 0, 1, 0, 1, 0, 1}},
        {"alltypes_plain", "bigint_col", 8, 8, {0, 10, 0, 10, 0, 10, 0, 10}},
        {"alltypes_plain", "float_col", 8, 4, {0, 1.1f, 0, 1.1f}},
        {"alltypes_plain", "double_col", 8, 4, {0, 10.1f, 0, 10.1f}},
        {"alltypes_dictionary", "id", 2, 2, {0, 1}},
        {"alltypes_dictionary", "double_col", 2, 2, {0, 10.1f}},
        {"alltypes_plain.snappy", "id", 2, 2, {6, 7}},
        {"alltypes_plain.snappy", "bigint_col", 2, 2, {0, 10}},
        {"datapage_v2.snappy", "b", 5, 5, {1, 2, 3, 4, 5}},
        {"datapage_v2.snappy", "c", 5, 5, {2, 3, 4, 5, 2}},
        {"datapage_v2.snappy", "d", 5, 5, {1, 1, 1, 0, 1}},
        {"plain-dict-uncompressed-checksum", "long_field", 1000, 2, {0, 0}},
        {"nulls.snappy", "b_struct.b_c_int", 8, 8, {NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN}},
        {"single_nan", "mycol", 1, 1, {NAN}},
        {"concatenated_gzip_members", "long_col", 513, 8, {1, 2, 3, 4, 5, 6, 7, 8}},
        {"rle_boolean_encoding", "datatype_boolean", 68, 8, {1, 0, NAN, 1, 1, 0, 0, 1}},
        {"byte_stream_split.zstd",
         "f32",
         300,
         4,
         {1.764052391052246f, 0.40015721321105957f, 0.978738009929657f, 2.2408931255340576f}},
        {"byte_stream_split.zstd",
         "f64",
         300,
         4,
         {-1.3065268517353166f, 1.658130679618188f, -0.11816404512856976f, -0.6801782039968504f}},
        {"delta_binary_packed", "bitwidth0", 200, 2, {6374628540732951412.f, 6374628540732951412.f}},
        {"delta_binary_packed", "bitwidth11", 200, 5, {0, -1024, -884, -275, -404}},
        {"delta_binary_packed", "bitwidth18", 200, 5, {0, -131072, -29011, 57337, 2324}},
        {"delta_binary_packed", "int_value", 200, 1, {-2070986743.f}},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[512];
        struct error err = {0};
        struct input *in;
        float *values;
        size_t rows;
        if (!shared_path(path, sizeof path, cases[i].file)) {
            print_message("skipped: %s is not there\n", path);
            skip();
        }
        in = input_open(path, &err);
        if (parquet_read_column(in, cases[i].column, &values, &rows, &err) < 0)
            fail_msg("%s %s: %s (%s)", cases[i].file, cases[i].column, err.what, err.where);
        assert_int_equal(rows, cases[i].rows);
        for (size_t k = 0; k < cases[i].checked; k++)
            if (!same(values[k], cases[i].values[k]))
                fail_msg("%s %s, row %zu: %.9g", cases[i].file, cases[i].column, k, (double)values[k]);
        free(values);
        input_close(in);
    }
}

static void refuses_columns_and_damage_of_the_test_set(void **state)
{
    static const struct {
        const char *file, *where;
    } cases[] = {
        {"binary", "column 'foo'"},
        {"null_list", "column 'emptylist.list.item'"},
        {"alltypes_plain", "column 'date_string_col'"},
        {"PARQUET-1481", ""},
        {"ARROW-GH-41317", ""},
        {"ARROW-RS-GH-6229-LEVELS", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[512];
        struct dataset d;
        struct error err;
        if (!shared_path(path, sizeof path, cases[i].file)) {
            print_message("skipped: %s is not there\n", path);
            skip();
        }
        if (read_file(path, &d, &err) == 0)
            fail_msg("%s is taken", cases[i].file);
        if (!strstr(err.where, cases[i].where) || !err.what[0] || !err.fix[0])
            fail_msg("%s: %s (%s)", cases[i].file, err.what, err.where);
        dataset_free(&d);
    }
}

/* --- cut and damaged ------------------------------------------------------------------------------------------------
 */

static void refuses_a_file_cut_anywhere(void **state)
{
    size_t len;
    unsigned char *bytes = slurp("tests/golden/parquet/v2-plain.parquet", &len);
    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        unsigned char *part = malloc(cut ? cut : 1); /* so that reading beyond it is seen */
        struct dataset d;
        struct error err;
        memcpy(part, bytes, cut);
        assert_int_equal(read_input(input_open_bytes(part, cut, "cut.parquet"), &d, &err), -1);
        assert_true(err.what[0] && err.fix[0]);
        dataset_free(&d);
        free(part);
    }
    free(bytes);
}

/* Each byte turned over: an error with words, or rows that obey the rules; never harm. */
static void survives_any_byte_turned_over(void **state)
{
    size_t len;
    unsigned char *bytes = slurp("tests/golden/parquet/v2-zstd.parquet", &len);
    size_t refused = 0;
    (void)state;
    for (size_t i = 0; i < len; i++) {
        struct dataset d;
        struct error err;
        bytes[i] ^= 0xFF;
        if (read_input(input_open_bytes(bytes, len, "odd.parquet"), &d, &err) < 0) {
            assert_true(err.what[0]);
            refused++;
        }
        for (size_t k = 0; k < d.rows; k++)
            assert_true(isfinite(d.y[k]));
        dataset_free(&d);
        bytes[i] ^= 0xFF;
    }
    assert_true(refused > len / 4);
    free(bytes);
}

/* --- our own --------------------------------------------------------------------------------------------------------
 */

static void write_rows(const struct dataset *d, struct str *out)
{
    struct writer w = {0};
    struct error err = {0};
    assert_int_equal(parquet_write(&w, d, &err), 0);
    assert_int_equal(parquet_end(&w, &err), 0);
    parquet_leave(&w);
    *out = w.bytes;
}

/* Two rows (1; 2) and (3; 4), by the rules of the format: each column 8 bytes PLAIN, in snappy as one literal. */
static void writes_what_the_format_says(void **state)
{
    static const unsigned char label[] = {0x15,   0x00, 0x15, 0x10, 0x15, 0x14, 0x2c, 0x15, 0x04,
                                          0x15,   0x00, 0x15, 0x06, 0x15, 0x06, 0,    0,    8,
                                          7 << 2, 0,    0,    0x80, 0x3f, 0,    0,    0x40, 0x40},
                               feature[] = {0x15,   0x00, 0x15, 0x10, 0x15, 0x14, 0x2c, 0x15, 0x04,
                                            0x15,   0x00, 0x15, 0x06, 0x15, 0x06, 0,    0,    8,
                                            7 << 2, 0,    0,    0,    0x40, 0,    0,    0x80, 0x40},
                               schema[] = {0x15, 4,    0x19, 0x3c, 0x48, 6,    's',  'c', 'h', 'e', 'm',  'a', 0x15,
                                           4,    0,    0x15, 8,    0x25, 0,    0x18, 5,   'l', 'a', 'b',  'e', 'l',
                                           0,    0x15, 8,    0x25, 0,    0x18, 2,    'f', '0', 0,   0x16, 4};
    float x[] = {2, 4}, y[] = {1, 3};
    struct dataset d = {.rows = 2, .columns = 1, .x = x, .y = y};
    struct str out;
    uint32_t len;
    (void)state;
    write_rows(&d, &out);
    assert_memory_equal(out.data, "PAR1", 4);
    assert_memory_equal(out.data + 4, label, sizeof label);
    assert_memory_equal(out.data + 4 + sizeof label, feature, sizeof feature);
    assert_memory_equal(out.data + 4 + sizeof label + sizeof feature, schema, sizeof schema);
    memcpy(&len, out.data + out.len - 8, 4);
    assert_int_equal(len, out.len - 12 - sizeof label - sizeof feature);
    assert_memory_equal(out.data + out.len - 4, "PAR1", 4);
    str_free(&out);
}

/* Dictionaries of every width, long runs at odd places, plain columns, missing values, two row groups. */
static void what_is_written_comes_back(void **state)
{
    enum { ROWS = 70001, COLUMNS = 19 };
    struct dataset d, got;
    struct error err;
    struct str out;
    (void)state;
    assert_int_equal(dataset_alloc(&d, ROWS, COLUMNS), 0);
    for (size_t i = 0; i < ROWS; i++) {
        uint32_t mixed = (uint32_t)i * 2654435761u >> 8;
        d.y[i] = (float)(mixed % 3);
        for (size_t c = 0; c < COLUMNS; c++)
            d.x[i * COLUMNS + c] = (float)(mixed & ((1u << c) - 1));
        d.x[i * COLUMNS + 3] = (float)(i / 777 % 2 ? mixed % 5 : 1);
        if (i % 11 == 0)
            d.x[i * COLUMNS + 4] = NAN;
    }
    write_rows(&d, &out);
    assert_true(out.len < ROWS * COLUMNS * 2);
    if (read_input(input_open_bytes(out.data, out.len, "own.parquet"), &got, &err) < 0)
        fail_msg("%s (%s)", err.what, err.where);
    assert_int_equal(got.rows, ROWS);
    assert_int_equal(got.columns, COLUMNS);
    assert_memory_equal(got.y, d.y, ROWS * sizeof *d.y);
    assert_memory_equal(got.x, d.x, ROWS * COLUMNS * sizeof *d.x);
    dataset_free(&got);
    dataset_free(&d);
    str_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_duckdb_wrote),
        cmocka_unit_test(reads_columns_of_the_test_set),
        cmocka_unit_test(refuses_columns_and_damage_of_the_test_set),
        cmocka_unit_test(refuses_a_file_cut_anywhere),
        cmocka_unit_test(survives_any_byte_turned_over),
        cmocka_unit_test(writes_what_the_format_says),
        cmocka_unit_test(what_is_written_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
