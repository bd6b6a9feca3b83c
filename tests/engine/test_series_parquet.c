/* Series in Parquet: files that DuckDB wrote read as the JSON that it made of them, what is no series is refused by its
 * column, damage is an error. The files: tests/reference/series_parquet.mjs and series_parquet_hand.py. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/format/series.h"
#include "engine/format/series_draft.h"
#include "engine/format/series_parquet.h"

#define FOLDER "tests/golden/series"

static int read_file(const char *name, struct series_set *set, struct error *err)
{
    char path[200];
    struct channel channel = {.path = path};
    *err = (struct error){0};
    snprintf(path, sizeof path, FOLDER "/%s", name);
    return series_read(&channel, set, err);
}

static int read_bytes(const void *bytes, size_t len, struct series_set *set, struct error *err)
{
    struct input *in = input_open_bytes(bytes, len, "t.parquet");
    struct series_reading reading = {.set = set};
    int status;
    *set = (struct series_set){0};
    *err = (struct error){0};
    status = series_parquet_read(in, &reading, err);
    series_draft_free(&reading.draft);
    input_close(in);
    return status;
}

static void assert_floats(const float *got, const float *wanted, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_true(isnan(wanted[i]) ? isnan(got[i]) : got[i] == wanted[i]);
}

static void assert_same(const struct series_set *got, const struct series_set *wanted)
{
    assert_int_equal(got->count, wanted->count);
    assert_int_equal(got->categories, wanted->categories);
    assert_int_equal(got->features, wanted->features);
    assert_int_equal(got->observations, wanted->observations);
    for (size_t i = 0; i < wanted->count; i++) {
        const struct series *a = &got->items[i], *b = &wanted->items[i];
        assert_int_equal(a->start, b->start);
        assert_int_equal(a->length, b->length);
        assert_int_equal(a->feature_length, b->feature_length);
        assert_int_equal(a->line, b->line);
        assert_floats(a->target, b->target, b->length);
        assert_floats(a->feature, b->feature, wanted->features * b->feature_length);
        if (wanted->categories)
            assert_memory_equal(a->category, b->category, wanted->categories * sizeof *b->category);
        assert_int_equal(!a->item, !b->item);
        if (b->item)
            assert_string_equal(a->item, b->item);
    }
}

static void reads_what_duckdb_wrote(void **state)
{
    static const char *const names[] = {"text", "long", "v2", "millis", "nanos", "date", "nan"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[64];
        struct series_set got, wanted;
        struct error err;
        snprintf(name, sizeof name, "%s.parquet", names[i]);
        if (read_file(name, &got, &err) < 0)
            fail_msg("%s: %s", err.where, err.what);
        snprintf(name, sizeof name, "%s.jsonl.gz", names[i]);
        if (read_file(name, &wanted, &err) < 0)
            fail_msg("%s: %s", err.where, err.what);
        assert_same(&got, &wanted);
        series_free(&got);
        series_free(&wanted);
    }
}

/* INT96, a bare repeated field, a row over two pages. */
static void reads_old_forms(void **state)
{
    static const int64_t starts[] = {0, 1709251199, -12219422400};
    static const size_t lengths[] = {3, 0, 1};
    struct series_set set;
    struct error err;
    (void)state;
    if (read_file("hand.parquet", &set, &err) < 0)
        fail_msg("%s: %s", err.where, err.what);
    assert_int_equal(set.count, 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(set.items[i].start, starts[i]);
        assert_int_equal(set.items[i].length, lengths[i]);
    }
    assert_floats(set.items[0].target, (const float[]){1, 2, 3}, 3);
    assert_floats(set.items[2].target, (const float[]){4}, 1);
    series_free(&set);
}

static void refuses_what_is_no_series(void **state)
{
    static const struct {
        const char *name, *where, *what;
    } cases[] = {
        {"no-start", "column 'start'", "The column is missing"},
        {"no-target", "column 'target'", "The column is missing"},
        {"start-null", "row 2", "The series has no \"start\""},
        {"start-number", "column 'start'", "The column is of another type than a series has there"},
        {"start-text", "row 1, column 'start'", "The start is no time"},
        {"start-late", "row 1, column 'start'", "The start is no time"},
        {"target-null", "row 1", "The series has no \"target\""},
        {"target-number", "column 'target'", "The column is of another type than a series has there"},
        {"target-text", "column 'target'", "The column is of another type than a series has there"},
        {"target-lists", "column 'target'", "The column is of another type than a series has there"},
        {"target-structs", "column 'target'", "The column holds structs"},
        {"target-infinite", "row 1, column 'target'", "A value is no finite number"},
        {"cat-negative", "row 1, column 'cat'", "A category is no whole number from 0 to 2147483647"},
        {"cat-large", "row 1, column 'cat'", "A category is no whole number from 0 to 2147483647"},
        {"cat-hole", "row 1, column 'cat'", "A category is missing"},
        {"cat-floats", "column 'cat'", "The column is of another type than a series has there"},
        {"cat-counts", "row 2", "The series has 1 of \"cat\", the series before have 2"},
        {"cat-many", "column 'cat", "The page has a row with more values than can be taken"},
        {"feature-hole", "row 1, column 'dynamic_feat'", "A value is missing"},
        {"feature-null", "row 1, column 'dynamic_feat'", "A list is missing"},
        {"feature-short", "row 1", "Dynamic feature 1 has 1 values, the target has 2"},
        {"feature-list", "column 'dynamic_feat'", "The column is of another type than a series has there"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[64];
        struct series_set set;
        struct error err;
        snprintf(name, sizeof name, "bad-%s.parquet", cases[i].name);
        if (read_file(name, &set, &err) == 0)
            fail_msg("%s was read", name);
        assert_string_equal(err.what, cases[i].what);
        if (!strstr(err.where, name) || !strstr(err.where, cases[i].where))
            fail_msg("%s: at %s", name, err.where);
        assert_true(err.fix[0]);
    }
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

static void a_file_cut_anywhere_is_an_error(void **state)
{
    size_t len;
    unsigned char *bytes = slurp(FOLDER "/text.parquet", &len);
    (void)state;
    for (size_t cut = 0; cut < len; cut += cut < 64 || cut + 64 > len ? 1 : 37) {
        struct series_set set;
        struct error err;
        assert_int_equal(read_bytes(bytes, cut, &set, &err), -1);
        assert_true(err.what[0]);
        series_free(&set);
    }
    free(bytes);
}

/* Whatever byte is damaged: an error or other values, never a fault that the sanitizers see. */
static void survives_any_byte_turned_over(void **state)
{
    static const char *const names[] = {"hand", "v2", "date"};
    size_t errors = 0;
    (void)state;
    for (size_t f = 0; f < sizeof names / sizeof *names; f++) {
        char path[200];
        size_t len;
        unsigned char *bytes;
        snprintf(path, sizeof path, FOLDER "/%s.parquet", names[f]);
        bytes = slurp(path, &len);
        for (size_t i = 0; i < len; i++)
            for (int k = 0; k < 2; k++) {
                struct series_set set;
                struct error err;
                bytes[i] ^= k ? 0xFF : 0x01;
                errors += read_bytes(bytes, len, &set, &err) < 0;
                bytes[i] ^= k ? 0xFF : 0x01;
                series_free(&set);
            }
        free(bytes);
    }
    assert_true(errors > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_duckdb_wrote),       cmocka_unit_test(reads_old_forms),
        cmocka_unit_test(refuses_what_is_no_series),     cmocka_unit_test(a_file_cut_anywhere_is_an_error),
        cmocka_unit_test(survives_any_byte_turned_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
